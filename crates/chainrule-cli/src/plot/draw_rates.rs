//! The picture of a learning-rate test: losses over the logarithm of the rate.

use super::chart::Chart;
use super::font::Fonts;
use super::picture::SIZE;
use super::scene::{Anchor, Area, BLACK, GREY, Point, Scene, Stroke, Text};
use super::typeset::plain;

/// Draws a curve within what is shown, and upright lines with a text at their feet.
pub fn rates(
    about: String,
    curve: &[Point],
    marks: &[(f64, String)],
    shown: [[f64; 2]; 2],
    fonts: &Fonts,
) -> Scene {
    const EDGE: f64 = 8.0;
    let size = SIZE.map(|length| length as f64);
    let mut scene = Scene { size, about, items: Vec::new() };
    let name = "log₁₀ rate";
    let room = fonts.width(&plain(name), super::chart::TEXT);
    let [right, bottom] = [size[0] - EDGE - room, size[1] - EDGE];
    let chart = Chart::new(fonts, Area { left: EDGE, top: EDGE + 14.0, right, bottom }, shown);
    chart.draw_box(&mut scene, [&plain(name), &plain("smoothed loss")]);
    for (number, (at, text)) in marks.iter().enumerate() {
        let [x, bottom] = chart.place([*at, shown[1][0]]);
        scene.lines(vec![vec![[x, bottom], [x, chart.area.top]]], Stroke::solid(GREY, 1.0));
        scene.text(Text {
            runs: plain(text),
            at: [x + 5.0, chart.area.top + 16.0 + 17.0 * number as f64],
            anchor: Anchor::Start,
            size: super::chart::NUMBERS,
            color: BLACK,
            halo: true,
            turn: 0.0,
        });
    }
    scene.lines(chart.lines(curve), Stroke::solid(BLACK, 1.8));
    scene
}
