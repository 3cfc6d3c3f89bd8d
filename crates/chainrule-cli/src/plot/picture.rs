//! The whole picture: a plot below its title, of any size.

use super::draw_contours;
use super::draw_curves::{self, TITLE};
use super::font::Fonts;
use super::scene::{Anchor, Area, BLACK, Item, Scene, Text};
use super::typeset::plain;

/// The size in which a picture is laid out: one of another size looks the same, larger or smaller.
pub const SIZE: [usize; 2] = [720, 480];

/// The size in which one of several plots is laid out.
const PANEL: [usize; 2] = [420, 280];

/// The room at the edges.
const EDGE: f64 = 8.0;

/// What is in a picture.
pub enum Content<'a> {
    Curves(draw_curves::Shown<'a>),
    Contours(draw_contours::Shown<'a>),
}

/// How high a picture is, of its width: contours stand in a square, plots side by side are higher.
pub fn height(width: usize, content: &Content<'_>) -> usize {
    let [wide, high] = SIZE;
    match content {
        Content::Curves(shown) if shown.panels && shown.labels.len() > 1 => {
            let columns = draw_curves::columns(shown.labels.len());
            let rows = shown.labels.len().div_ceil(columns);
            width * PANEL[1] * rows / (PANEL[0] * columns)
        }
        Content::Curves(_) => width * high / wide,
        Content::Contours(_) => width * 8 / 9,
    }
}

/// Draws a picture that will be shown at a width and a height.
pub fn picture(
    content: &Content<'_>,
    title: Option<&str>,
    about: String,
    fonts: &Fonts,
    [width, height]: [usize; 2],
) -> Scene {
    let [wide, high] = match content {
        Content::Curves(shown) if shown.panels && shown.labels.len() > 1 => {
            let columns = draw_curves::columns(shown.labels.len());
            let rows = shown.labels.len().div_ceil(columns);
            [PANEL[0] * columns, PANEL[1] * rows]
        }
        Content::Curves(_) | Content::Contours(_) => SIZE,
    };
    let scale = f64::min(width as f64 / wide as f64, height as f64 / high as f64);
    let size = [width as f64 / scale, height as f64 / scale];
    let mut scene = Scene { size, about, items: Vec::new() };
    let mut area = Area { left: EDGE, top: EDGE, right: size[0] - EDGE, bottom: size[1] - EDGE };
    if let Some(title) = title {
        scene.text(Text {
            runs: plain(title),
            at: [size[0] / 2.0, area.top + TITLE],
            anchor: Anchor::Middle,
            size: TITLE,
            color: BLACK,
            halo: false,
            turn: 0.0,
        });
        area.top += TITLE * 1.8;
    }
    match content {
        Content::Curves(shown) => draw_curves::draw(&mut scene, fonts, area, shown),
        Content::Contours(shown) => draw_contours::draw(&mut scene, fonts, area, shown),
    }
    scene
}

/// The letters of a picture that the fonts do not have.
pub fn missing(scene: &Scene, fonts: &Fonts) -> String {
    let mut letters: Vec<char> = Vec::new();
    for item in &scene.items {
        if let Item::Text(text) = item {
            letters.extend(fonts.missing(&text.runs));
        }
    }
    letters.sort_unstable();
    letters.dedup();
    letters.into_iter().collect()
}
