//! What a picture is made of: lines, circles and text at places, for whatever draws them.

use super::typeset::Run;

/// A place: x to the right, y down.
pub type Point = [f64; 2];

/// A colour: red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color(pub u8, pub u8, pub u8);

pub const BLACK: Color = Color(0x22, 0x22, 0x22);
pub const GREY: Color = Color(0x55, 0x55, 0x55);
pub const LIGHT: Color = Color(0xe4, 0xe4, 0xe4);
pub const WHITE: Color = Color(0xff, 0xff, 0xff);

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    pub color: Color,
    pub width: f64,
    /// The lengths of dashes and gaps by turns; none for a line without gaps.
    pub dash: &'static [f64],
}

impl Stroke {
    /// A line without gaps.
    pub const fn solid(color: Color, width: f64) -> Self {
        Self { color, width, dash: &[] }
    }
}

/// Where a text stands relative to its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// A text: its base line begins, has its middle or ends at a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    pub runs: Vec<Run>,
    pub at: Point,
    pub anchor: Anchor,
    pub size: f64,
    pub color: Color,
    /// Whether it clears a space around itself.
    pub halo: bool,
    /// Degrees by which it is turned about its place, clockwise.
    pub turn: f64,
}

/// One thing in a picture.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// Lines in one stroke.
    Lines { lines: Vec<Vec<Point>>, stroke: Stroke },
    /// An area within a closed line.
    Area { points: Vec<Point>, fill: Color },
    /// A circle.
    Circle { center: Point, radius: f64, fill: Color, stroke: Option<Stroke> },
    /// A text.
    Text(Text),
}

/// A picture: things in the order in which they are drawn, on white.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    pub size: [f64; 2],
    /// What it shows, in words.
    pub about: String,
    pub items: Vec<Item>,
}

impl Scene {
    /// Adds lines, if there are any.
    pub fn lines(&mut self, lines: Vec<Vec<Point>>, stroke: Stroke) {
        if !lines.is_empty() {
            self.items.push(Item::Lines { lines, stroke });
        }
    }

    /// Adds an area.
    pub fn area(&mut self, points: Vec<Point>, fill: Color) {
        self.items.push(Item::Area { points, fill });
    }

    /// Adds a circle.
    pub fn circle(&mut self, center: Point, radius: f64, fill: Color, stroke: Option<Stroke>) {
        self.items.push(Item::Circle { center, radius, fill, stroke });
    }

    /// Adds a text.
    pub fn text(&mut self, text: Text) {
        self.items.push(Item::Text(text));
    }
}

/// A rectangle of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Area {
    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// The four corners.
    pub fn corners(&self) -> Vec<Point> {
        let Self { left, top, right, bottom } = *self;
        vec![[left, top], [right, top], [right, bottom], [left, bottom]]
    }

    /// Whether a place lies inside.
    pub fn holds(&self, [x, y]: Point) -> bool {
        (self.left..=self.right).contains(&x) && (self.top..=self.bottom).contains(&y)
    }

    /// Whether two rectangles share a place.
    pub fn meets(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    /// The parts of a line that lie inside, each a line of its own.
    pub fn clip(&self, line: &[Point]) -> Vec<Vec<Point>> {
        let mut parts: Vec<Vec<Point>> = Vec::new();
        let mut goes_on = false;
        for pair in line.windows(2) {
            let Some((from, to)) = self.clip_segment(pair[0], pair[1]) else {
                goes_on = false;
                continue;
            };
            match parts.last_mut() {
                Some(part) if goes_on && part.last() == Some(&from) => part.push(to),
                _ => parts.push(vec![from, to]),
            }
            goes_on = to == pair[1];
        }
        parts
    }

    /// The part of a straight line that lies inside (Liang and Barsky, 1984).
    fn clip_segment(&self, from: Point, to: Point) -> Option<(Point, Point)> {
        let change = [to[0] - from[0], to[1] - from[1]];
        let (mut enters, mut leaves) = (0.0, 1.0);
        let limits = [(self.left, self.right), (self.top, self.bottom)];
        for (axis, (least, most)) in limits.into_iter().enumerate() {
            for (slope, room) in
                [(-change[axis], from[axis] - least), (change[axis], most - from[axis])]
            {
                if slope == 0.0 && room < 0.0 {
                    return None;
                }
                let at = room / slope;
                if slope < 0.0 {
                    enters = f64::max(enters, at);
                } else if slope > 0.0 {
                    leaves = f64::min(leaves, at);
                }
            }
        }
        if enters > leaves {
            return None;
        }
        let at = |share: f64| match share {
            0.0 => from,
            1.0 => to,
            _ => [from[0] + share * change[0], from[1] + share * change[1]],
        };
        Some((at(enters), at(leaves)))
    }
}

/// The line with the fewest of its points that stays within a distance of it (Douglas and
/// Peucker, 1973).
pub fn thinned(line: &[Point], distance: f64) -> Vec<Point> {
    if line.len() < 3 {
        return line.to_vec();
    }
    let mut kept = vec![false; line.len()];
    let mut pending = vec![(0, line.len() - 1)];
    while let Some((first, last)) = pending.pop() {
        kept[first] = true;
        kept[last] = true;
        let mut farthest = (distance, None);
        for between in first + 1..last {
            let apart = distance_to(line[between], line[first], line[last]);
            if apart > farthest.0 {
                farthest = (apart, Some(between));
            }
        }
        if let Some(between) = farthest.1 {
            pending.extend([(first, between), (between, last)]);
        }
    }
    line.iter().zip(kept).filter(|(_, kept)| *kept).map(|(point, _)| *point).collect()
}

/// How far a place is from a straight line between two.
pub fn distance_to(place: Point, from: Point, to: Point) -> f64 {
    let along = [to[0] - from[0], to[1] - from[1]];
    let offset = [place[0] - from[0], place[1] - from[1]];
    let length = along[0] * along[0] + along[1] * along[1];
    let share = match length {
        0.0 => 0.0,
        _ => ((offset[0] * along[0] + offset[1] * along[1]) / length).clamp(0.0, 1.0),
    };
    let apart = [offset[0] - share * along[0], offset[1] - share * along[1]];
    (apart[0] * apart[0] + apart[1] * apart[1]).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: Area = Area { left: 0.0, top: 0.0, right: 10.0, bottom: 10.0 };

    #[test]
    fn a_line_that_leaves_and_returns_is_cut_in_two() {
        let line = [[1.0, 5.0], [5.0, -5.0], [9.0, 5.0]];
        let parts = SQUARE.clip(&line);
        assert_eq!(parts, [vec![[1.0, 5.0], [3.0, 0.0]], vec![[7.0, 0.0], [9.0, 5.0]]]);
        assert!(SQUARE.clip(&[[-1.0, 0.0], [-1.0, 10.0]]).is_empty());
        assert_eq!(SQUARE.clip(&line[..1]), Vec::<Vec<Point>>::new());
    }

    #[test]
    fn a_line_inside_is_left_as_it_is() {
        let line = vec![[1.0, 1.0], [2.0, 4.0], [3.0, 3.0]];
        assert_eq!(SQUARE.clip(&line), [line]);
    }

    #[test]
    fn a_straight_line_keeps_its_ends_and_a_bend_its_corner() {
        let line: Vec<Point> =
            (0..=20).map(|i: i32| [f64::from(i), f64::from((i - 10).abs())]).collect();
        assert_eq!(thinned(&line, 0.1), [[0.0, 10.0], [10.0, 0.0], [20.0, 10.0]]);
    }
}
