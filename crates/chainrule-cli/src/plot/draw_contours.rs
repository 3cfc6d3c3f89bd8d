//! The picture of a function of two variables: its contours, and paths on them.

use super::chart::Chart;
use super::field::{Field, Levels};
use super::font::Fonts;
use super::legend::{Entry, Legend, Sign, ends};
use super::scene::{Anchor, Area, GREY, Item, Point, Scene, Stroke, Text, WHITE, thinned};
use super::style;
use super::typeset::{Run, number, variable};
use super::walk::Walk;

/// The size of the numbers at contours.
const NUMBERS: f64 = 11.5;

/// A shorter line is one that the grid has broken.
const SHORTEST: f64 = 10.0;

/// What a picture of contours shows.
pub struct Shown<'a> {
    pub by: [&'a str; 2],
    pub window: [[f64; 2]; 2],
    pub field: &'a Field,
    pub levels: &'a Levels,
    pub walks: &'a [Walk],
    /// What the function is called.
    pub label: Vec<Run>,
}

/// Draws contours and paths within an area.
pub fn draw(scene: &mut Scene, fonts: &Fonts, area: Area, shown: &Shown<'_>) {
    let entries: Vec<Entry> = (shown.walks.iter().enumerate())
        .map(|(i, walk)| Entry { sign: Sign::Steps(style::path(i)), runs: walk.label() })
        .collect();
    let legend = Legend::new(&entries, fonts);
    let heading = 24.0;
    let height = heading + legend.height_above(area.width() - 20.0);
    let chart = Chart::new(fonts, Area { top: area.top + height, ..area }, shown.window);
    heading_text(scene, area, &shown.label);
    legend.draw_above(scene, area.left + 12.0, area.top + heading, area.width() - 20.0);

    let paths: Vec<Vec<Point>> = shown.walks.iter().map(|walk| places(&chart, walk)).collect();
    let cut: Vec<Vec<Point>> = paths.iter().flat_map(|path| chart.area.clip(path)).collect();
    let mut taken: Vec<(Point, f64)> = Vec::new();
    let mut labels: Vec<Text> = Vec::new();
    let count = shown.levels.values.len();
    for (place, &level) in shown.levels.values.iter().enumerate() {
        let share = if count > 1 { place as f64 / (count - 1) as f64 } else { 0.0 };
        let lines: Vec<Vec<Point>> = (shown.field.lines(level, shown.levels.by_factors).iter())
            .flat_map(|line| chart.lines(line))
            .map(|line| thinned(&line, 0.1))
            .filter(|line| length(line) > SHORTEST)
            .collect();
        let mut longest: Vec<&Vec<Point>> = lines.iter().collect();
        longest.sort_by(|a, b| length(b).total_cmp(&length(a)));
        for line in longest.into_iter().take(2) {
            labels.extend(label(fonts, &chart, line, level, &cut, &mut taken));
        }
        scene.lines(lines, style::level(share));
    }
    scene.items.extend(labels.into_iter().map(Item::Text));
    // A white edge lifts paths off the contours, but not off each other.
    for path in &paths {
        scene.lines(chart.area.clip(path), Stroke::solid(WHITE, 4.2));
    }
    for (i, path) in paths.iter().enumerate() {
        draw_path(scene, &chart, path, style::path(i));
    }
    for (i, path) in paths.iter().enumerate() {
        draw_ends(scene, &chart, path, style::path(i));
    }
    let [x, y] = shown.by.map(variable);
    chart.draw_box(scene, [&x, &y]);
}

/// Writes what the contours are of.
fn heading_text(scene: &mut Scene, area: Area, label: &[Run]) {
    scene.text(Text {
        runs: label.to_vec(),
        at: [area.left + 12.0, area.top + 16.0],
        anchor: Anchor::Start,
        size: super::chart::TEXT,
        color: super::scene::BLACK,
        halo: false,
        turn: 0.0,
    });
}

fn places(chart: &Chart, walk: &Walk) -> Vec<Point> {
    walk.places
        .iter()
        .filter_map(|place| match place[..] {
            [x, y, _] => Some(chart.place([x, y])),
            _ => None,
        })
        .collect()
}

/// A path with its steps.
fn draw_path(scene: &mut Scene, chart: &Chart, path: &[Point], stroke: Stroke) {
    scene.lines(chart.area.clip(path), stroke);
    // Steps that are shorter than a dot is wide are a line anyway.
    let steps = path.windows(2).filter(|step| between(step[0], step[1]) > 4.2);
    for step in steps.filter(|step| chart.area.holds(step[1])) {
        scene.circle(step[1], 2.1, stroke.color, None);
    }
}

/// Where a path starts and ends, as far as that is in the picture.
fn draw_ends(scene: &mut Scene, chart: &Chart, path: &[Point], stroke: Stroke) {
    if let (Some(&start), Some(&end)) = (path.first(), path.last()) {
        let shown = [chart.area.holds(start), chart.area.holds(end)];
        let marks = ends(start, end, stroke.color).into_iter().zip(shown);
        scene.items.extend(marks.filter(|(_, shown)| *shown).map(|(mark, _)| mark));
    }
}

/// The number of a level, along a line where that is straight and nothing else stands.
fn label(
    fonts: &Fonts,
    chart: &Chart,
    line: &[Point],
    level: f64,
    paths: &[Vec<Point>],
    taken: &mut Vec<(Point, f64)>,
) -> Option<Text> {
    let runs = number(super::scale::rounded(level));
    let width = fonts.width(&runs, NUMBERS);
    let reach = width / 2.0 + 5.0;
    let total = length(line);
    if total < 3.0 * width {
        return None;
    }
    let room = Area {
        left: chart.area.left + reach,
        top: chart.area.top + reach,
        right: chart.area.right - reach,
        bottom: chart.area.bottom - reach,
    };
    let mut best: Option<(f64, Point, Point)> = None;
    for i in 1..40 {
        let middle = f64::from(i) / 40.0 * total;
        let (Some(at), Some(from), Some(to)) = (
            along(line, middle),
            along(line, middle - width / 2.0),
            along(line, middle + width / 2.0),
        ) else {
            continue;
        };
        let chord = [to[0] - from[0], to[1] - from[1]];
        let straight = (chord[0] * chord[0] + chord[1] * chord[1]).sqrt() / width;
        let is_free = taken.iter().all(|&([x, y], other)| {
            let apart = [at[0] - x, at[1] - y];
            (apart[0] * apart[0] + apart[1] * apart[1]).sqrt() > reach + other + 8.0
        });
        let square = Area {
            left: at[0] - reach,
            top: at[1] - reach,
            right: at[0] + reach,
            bottom: at[1] + reach,
        };
        let is_crossed = paths.iter().any(|path| !square.clip(path).is_empty());
        if !room.holds(at) || !is_free || is_crossed || straight < 0.9 {
            continue;
        }
        // Level writing reads best.
        let score = straight - 0.25 * (chord[1] / width).abs();
        if best.is_none_or(|(least, _, _)| score > least) {
            best = Some((score, at, chord));
        }
    }
    let (_, at, chord) = best?;
    taken.push((at, reach));
    let upright = if chord[0] < 0.0 { [-chord[0], -chord[1]] } else { chord };
    let turn = libm::atan2(upright[1], upright[0]);
    let down = NUMBERS * 0.32;
    Some(Text {
        runs,
        at: [at[0] - down * libm::sin(turn), at[1] + down * libm::cos(turn)],
        anchor: Anchor::Middle,
        size: NUMBERS,
        color: GREY,
        halo: true,
        turn: turn.to_degrees(),
    })
}

fn length(line: &[Point]) -> f64 {
    line.windows(2).map(|pair| between(pair[0], pair[1])).sum()
}

fn between(a: Point, b: Point) -> f64 {
    ((b[0] - a[0]) * (b[0] - a[0]) + (b[1] - a[1]) * (b[1] - a[1])).sqrt()
}

/// The place on a line at some length from its start.
fn along(line: &[Point], wanted: f64) -> Option<Point> {
    let mut rest = wanted;
    if rest < 0.0 {
        return None;
    }
    for pair in line.windows(2) {
        let step = between(pair[0], pair[1]);
        if rest <= step && step > 0.0 {
            let share = rest / step;
            let at = |axis: usize| pair[0][axis] + share * (pair[1][axis] - pair[0][axis]);
            return Some([at(0), at(1)]);
        }
        rest -= step;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_on_a_line_is_found_by_its_length() {
        let line = [[0.0, 0.0], [3.0, 4.0], [3.0, 10.0]];
        assert_eq!(length(&line), 11.0);
        assert_eq!(along(&line, 2.5), Some([1.5, 2.0]));
        assert_eq!(along(&line, 8.0), Some([3.0, 7.0]));
        assert_eq!((along(&line, 12.0), along(&line, -1.0)), (None, None));
    }
}
