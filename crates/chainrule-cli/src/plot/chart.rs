//! The frame of a plot: axes, grid, ticks and their numbers.

use super::font::Fonts;
use super::scale::{Scale, label, ticks};
use super::scene::{Anchor, Area, BLACK, Color, GREY, LIGHT, Point, Scene, Stroke, Text};
use super::typeset::Run;

/// The size of text, and of the numbers at ticks.
pub const TEXT: f64 = 15.0;
pub const NUMBERS: f64 = 13.0;

/// From a tick's number to the plot.
const GAP: f64 = 7.0;

/// The room that a tick needs, across and up.
const TICK: [f64; 2] = [60.0, 46.0];

/// Ticks across, unless their numbers are long.
const FEWEST: f64 = 6.0;

/// How far an axis goes beyond the plot, to its arrow.
const BEYOND: f64 = 9.0;

/// Text in a viewer's own font may be wider than in ours.
pub const SLACK: f64 = 1.1;

/// A plot's place in the picture, and its axes.
pub struct Chart {
    pub area: Area,
    pub x: Scale,
    pub y: Scale,
    ticks: [Vec<(f64, Vec<Run>)>; 2],
}

impl Chart {
    /// Finds the place of a plot within an area, leaving room for the numbers at its ticks.
    pub fn new(fonts: &Fonts, outer: Area, shown: [[f64; 2]; 2]) -> Self {
        let [[left, right], [low, high]] = shown;
        let numbers = |from: f64, to: f64, count: f64| -> Vec<(f64, Vec<Run>)> {
            let (values, step) = ticks(from, to, count.max(2.0));
            values.into_iter().map(|value| (value, label(value, step))).collect()
        };
        let top = outer.top + 22.0;
        let bottom = outer.bottom - NUMBERS - 2.0 * GAP;
        let upright = numbers(low, high, (bottom - top) / TICK[1]);
        let width = |(_, runs): &(f64, Vec<Run>)| fonts.width(runs, NUMBERS) * SLACK;
        let widest = upright.iter().map(width).fold(0.0, f64::max);
        let area =
            Area { left: outer.left + widest + 2.0 * GAP, top, right: outer.right - 26.0, bottom };
        let mut count = f64::max(area.width() / TICK[0], FEWEST);
        let mut across = numbers(left, right, count);
        // Long numbers stand farther apart.
        let crowded = |ticks: &[(f64, Vec<Run>)]| {
            let widest = ticks.iter().map(width).fold(0.0, f64::max);
            (widest + 2.0 * GAP) * ticks.len() as f64 > area.width()
        };
        while count > 2.0 && crowded(&across) {
            count /= 2.0;
            across = numbers(left, right, count);
        }
        let x = Scale { from: left, to: right, places: [area.left, area.right] };
        let y = Scale { from: low, to: high, places: [area.bottom, area.top] };
        Self { area, x, y, ticks: [across, upright] }
    }

    /// Where a point stands in the picture.
    pub fn place(&self, [x, y]: Point) -> Point {
        [self.x.place(x), self.y.place(y)]
    }

    /// The lines of a curve as they stand in the picture, cut at its edges.
    pub fn lines(&self, curve: &[Point]) -> Vec<Vec<Point>> {
        let places: Vec<Point> = curve.iter().map(|&point| self.place(point)).collect();
        self.area.clip(&places)
    }

    /// Draws a grid, and axes with arrows through 0 or, where 0 is not shown, at the edge.
    pub fn draw_axes(&self, scene: &mut Scene, names: [&[Run]; 2]) {
        let Area { left, top, right, bottom } = self.area;
        let [across, upright] = &self.ticks;
        let verticals = across.iter().map(|(value, _)| {
            let x = self.x.place(*value);
            vec![[x, top], [x, bottom]]
        });
        let horizontals = upright.iter().map(|(value, _)| {
            let y = self.y.place(*value);
            vec![[left, y], [right, y]]
        });
        scene.lines(verticals.chain(horizontals).collect(), Stroke::solid(LIGHT, 0.8));
        let [x, y] = self.origin();
        let axes = vec![vec![[left, y], [right + BEYOND, y]], vec![[x, bottom], [x, top - BEYOND]]];
        scene.lines(axes, Stroke::solid(BLACK, 1.0));
        arrow(scene, [right + BEYOND, y], [1.0, 0.0]);
        arrow(scene, [x, top - BEYOND], [0.0, -1.0]);
        self.draw_numbers(scene);
        let name = |runs: &[Run], at, anchor| Text {
            runs: runs.to_vec(),
            at,
            anchor,
            size: TEXT,
            color: BLACK,
            halo: true,
            turn: 0.0,
        };
        scene.text(name(names[0], [right + BEYOND + 9.0, y + 4.5], Anchor::Start));
        scene.text(name(names[1], [x + 9.0, top - BEYOND + 2.0], Anchor::Start));
    }

    /// Where the axes cross: at 0, or at the edge nearest to it.
    pub fn origin(&self) -> Point {
        let zero = |scale: &Scale| 0.0_f64.clamp(scale.from, scale.to);
        // Below all that is shown, an axis stays at the left and at the bottom.
        let nearest = |scale: &Scale| if scale.holds(0.0) { zero(scale) } else { scale.from };
        self.place([nearest(&self.x), nearest(&self.y)])
    }

    /// Draws a frame with ticks at the outside.
    pub fn draw_box(&self, scene: &mut Scene, names: [&[Run]; 2]) {
        const LENGTH: f64 = 4.0;
        let Area { left, top, right, bottom } = self.area;
        let mut corners = self.area.corners();
        corners.push([left, top]);
        let [across, upright] = &self.ticks;
        let mut lines = vec![corners];
        lines.extend(across.iter().map(|(value, _)| {
            let x = self.x.place(*value);
            vec![[x, bottom], [x, bottom + LENGTH]]
        }));
        lines.extend(upright.iter().map(|(value, _)| {
            let y = self.y.place(*value);
            vec![[left - LENGTH, y], [left, y]]
        }));
        scene.lines(lines, Stroke::solid(GREY, 0.9));
        self.draw_numbers(scene);
        let name = |runs: &[Run], at| Text {
            runs: runs.to_vec(),
            at,
            anchor: Anchor::Start,
            size: TEXT,
            color: BLACK,
            halo: false,
            turn: 0.0,
        };
        scene.text(name(names[0], [right + 9.0, bottom + 4.5]));
        scene.text(name(names[1], [left - 3.0, top - 9.0]));
    }

    fn draw_numbers(&self, scene: &mut Scene) {
        let [across, upright] = &self.ticks;
        let number = |runs: &[Run], at, anchor, color: Color| Text {
            runs: runs.to_vec(),
            at,
            anchor,
            size: NUMBERS,
            color,
            halo: false,
            turn: 0.0,
        };
        for (value, runs) in across {
            let at = [self.x.place(*value), self.area.bottom + GAP + NUMBERS * 0.8];
            scene.text(number(runs, at, Anchor::Middle, GREY));
        }
        for (value, runs) in upright {
            let at = [self.area.left - GAP, self.y.place(*value) + NUMBERS * 0.32];
            scene.text(number(runs, at, Anchor::End, GREY));
        }
    }
}

/// The head of an arrow at a place, in a direction along an axis.
fn arrow(scene: &mut Scene, [x, y]: Point, [right, down]: Point) {
    let point = |along: f64, aside: f64| {
        [x + along * right + aside * down, y + along * down + aside * right]
    };
    scene.area(vec![point(3.0, 0.0), point(-5.0, 3.0), point(-3.5, 0.0), point(-5.0, -3.0)], BLACK);
}
