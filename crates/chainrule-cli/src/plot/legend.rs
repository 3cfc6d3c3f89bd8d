//! What each line is, said where it hides none.

use super::chart::{SLACK, TEXT};
use super::font::Fonts;
use super::scene::{Anchor, Area, BLACK, Color, Item, Point, Scene, Stroke, Text, WHITE};
use super::typeset::Run;

/// A line or a mark, and what it is.
pub struct Entry {
    pub sign: Sign,
    pub runs: Vec<Run>,
}

/// What stands before an entry's text.
#[derive(Clone, Copy)]
pub enum Sign {
    Line(Stroke),
    /// A line with dots on it.
    Steps(Stroke),
}

/// The length of a line before its text, and the room after it.
const SAMPLE: f64 = 34.0;
const GAP: f64 = 9.0;

/// The height of an entry, of its text's size.
const LINE: f64 = 1.45;

/// The room around the entries.
const ROOM: f64 = 7.0;

/// The room between a legend and what it stands beside.
const AWAY: f64 = 6.0;

/// Entries with their widths, for a text of some size.
pub struct Legend<'a> {
    entries: &'a [Entry],
    widths: Vec<f64>,
}

impl<'a> Legend<'a> {
    /// Measures entries.
    pub fn new(entries: &'a [Entry], fonts: &Fonts) -> Self {
        let width = |entry: &Entry| SAMPLE + GAP + fonts.width(&entry.runs, TEXT) * SLACK;
        Self { entries, widths: entries.iter().map(width).collect() }
    }

    /// How high the legend is in rows above a plot of some width.
    pub fn height_above(&self, width: f64) -> f64 {
        self.rows(width).len() as f64 * TEXT * LINE
    }

    /// Entries that stand side by side in each row.
    fn rows(&self, width: f64) -> Vec<Vec<usize>> {
        let mut rows: Vec<Vec<usize>> = Vec::new();
        let mut right = f64::INFINITY;
        for (entry, own) in self.widths.iter().enumerate() {
            match rows.last_mut() {
                Some(row) if right + own <= width => row.push(entry),
                _ => {
                    rows.push(vec![entry]);
                    right = 0.0;
                }
            }
            right += own + 3.0 * GAP;
        }
        rows
    }

    /// Draws rows from the left top of an area.
    pub fn draw_above(&self, scene: &mut Scene, left: f64, top: f64, width: f64) {
        for (row, entries) in self.rows(width).iter().enumerate() {
            let mut x = left;
            for &entry in entries {
                self.draw_entry(scene, entry, [x, top + (row as f64 + 0.5) * TEXT * LINE]);
                x += self.widths[entry] + 3.0 * GAP;
            }
        }
    }

    /// A place in a plot, at its edge or beside one of its axes, where no line is; none where the
    /// legend would fill the plot.
    pub fn place(&self, plot: Area, [x, y]: Point, lines: &[Vec<Point>]) -> Option<Area> {
        let width = self.widths.iter().copied().fold(0.0, f64::max) + 2.0 * ROOM;
        let height = self.entries.len() as f64 * TEXT * LINE + 2.0 * ROOM;
        if width > 0.62 * plot.width() || height > 0.55 * plot.height() {
            return None;
        }
        let lefts = [plot.right - width, plot.left, x + AWAY, x - AWAY - width];
        let tops = [plot.top, plot.bottom - height, y + AWAY, y - AWAY - height];
        let places = tops.iter().flat_map(|&top| lefts.iter().map(move |&left| (left, top)));
        let axes = [vec![[plot.left, y], [plot.right, y]], vec![[x, plot.top], [x, plot.bottom]]];
        let is_free = |place: &Area| {
            let wide = Area {
                left: place.left - AWAY / 2.0,
                top: place.top - AWAY / 2.0,
                right: place.right + AWAY / 2.0,
                bottom: place.bottom + AWAY / 2.0,
            };
            let corners = [[place.left, place.top], [place.right, place.bottom]];
            corners.iter().all(|corner| plot.holds(*corner))
                && lines.iter().chain(&axes).all(|line| wide.clip(line).is_empty())
        };
        let areas =
            places.map(|(left, top)| Area { left, top, right: left + width, bottom: top + height });
        areas.into_iter().find(is_free)
    }

    /// Draws the entries one below the other on white.
    pub fn draw_in(&self, scene: &mut Scene, place: Area) {
        let inner = Area {
            left: place.left + 2.0,
            top: place.top + 2.0,
            right: place.right - 2.0,
            bottom: place.bottom - 2.0,
        };
        scene.area(inner.corners(), WHITE);
        for entry in 0..self.entries.len() {
            let y = place.top + ROOM + (entry as f64 + 0.5) * TEXT * LINE;
            self.draw_entry(scene, entry, [place.left + ROOM, y]);
        }
    }

    /// Draws an entry whose middle line begins at a place.
    fn draw_entry(&self, scene: &mut Scene, entry: usize, [x, y]: Point) {
        let Some(entry) = self.entries.get(entry) else { return };
        let (Sign::Line(stroke) | Sign::Steps(stroke)) = entry.sign;
        scene.lines(vec![vec![[x, y], [x + SAMPLE, y]]], stroke);
        if let Sign::Steps(stroke) = entry.sign {
            let [start, end] = ends([x + 3.0, y], [x + SAMPLE - 3.0, y], stroke.color);
            scene.items.extend([start, end]);
        }
        scene.text(Text {
            runs: entry.runs.clone(),
            at: [x + SAMPLE + GAP, y + TEXT * 0.32],
            anchor: Anchor::Start,
            size: TEXT,
            color: BLACK,
            halo: false,
            turn: 0.0,
        });
    }
}

/// The marks of a path: its start is hollow, its end is filled.
pub fn ends(start: Point, end: Point, color: Color) -> [Item; 2] {
    let edge = Some(Stroke::solid(color, 1.8));
    [
        Item::Circle { center: start, radius: 4.0, fill: WHITE, stroke: edge },
        Item::Circle {
            center: end,
            radius: 4.6,
            fill: color,
            stroke: Some(Stroke::solid(WHITE, 1.2)),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::super::typeset::plain;
    use super::*;

    const PLOT: Area = Area { left: 0.0, top: 0.0, right: 600.0, bottom: 400.0 };

    fn entries(texts: &[&str]) -> Vec<Entry> {
        let sign = Sign::Line(Stroke::solid(BLACK, 1.0));
        texts.iter().map(|text| Entry { sign, runs: plain(text) }).collect()
    }

    #[test]
    fn a_legend_stands_where_no_line_is() {
        let entries = entries(&["a", "bc"]);
        let legend = Legend::new(&entries, &Fonts::new());
        let place = |lines: &[Vec<Point>]| legend.place(PLOT, [300.0, 400.0], lines);
        let free = place(&[]).unwrap();
        assert_eq!((free.right, free.top), (600.0, 0.0));
        let rising = vec![vec![[0.0, 400.0], [600.0, 0.0]]];
        let free = place(&rising).unwrap();
        assert_eq!((free.left, free.top), (0.0, 0.0));
        let everywhere: Vec<Vec<Point>> = (0..60)
            .map(|i| vec![[f64::from(i) * 10.0, 0.0], [f64::from(i) * 10.0, 400.0]])
            .collect();
        assert_eq!(place(&everywhere), None);
    }

    #[test]
    fn a_wide_legend_stands_above_in_rows() {
        let long = "a word and a word and a word and a word";
        let entries = entries(&[long, long, long]);
        let legend = Legend::new(&entries, &Fonts::new());
        assert_eq!(legend.rows(800.0), [vec![0, 1], vec![2]]);
        assert_eq!(legend.rows(10.0).len(), 3);
        let long = [entries.into_iter().next().unwrap()];
        assert_eq!(
            Legend::new(&long, &Fonts::new()).place(PLOT, [0.0, 400.0], &[]).map(|_| ()),
            Some(())
        );
        let narrow = Area { right: 300.0, ..PLOT };
        assert_eq!(Legend::new(&long, &Fonts::new()).place(narrow, [0.0, 400.0], &[]), None);
    }
}
