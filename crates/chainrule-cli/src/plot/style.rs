//! How curves are told apart: colours that every eye can, and dashes where there is no colour.

use super::scene::{Color, Stroke};

/// Colours after Okabe and Ito (2008), the light ones darkened for thin lines on white.
const HUES: [Color; 6] = [
    Color(0x00, 0x72, 0xb2),
    Color(0xd5, 0x5e, 0x00),
    Color(0x00, 0x8f, 0x68),
    Color(0xa6, 0x4c, 0x8a),
    Color(0x8a, 0x6a, 0x00),
    Color(0x33, 0x33, 0x33),
];

/// The dashes of functions, by their order.
const FUNCTIONS: [&[f64]; 4] = [&[], &[13.0, 3.0], &[12.0, 3.0, 2.5, 3.0], &[2.5, 2.5]];

/// The dashes of their derivatives, shorter than those of any function.
const DERIVATIVES: [&[f64]; 4] =
    [&[6.0, 4.0], &[6.0, 3.0, 1.5, 3.0], &[3.5, 3.5], &[6.0, 2.5, 1.5, 2.5, 1.5, 2.5]];

/// The colour of the function of a number.
pub fn hue(number: usize) -> Color {
    HUES[number % HUES.len()]
}

/// The line of a function or of its derivative, in the colour of the function's number and the
/// dashes of its place among those of the plot.
pub fn curve(number: usize, place: usize, is_derivative: bool) -> Stroke {
    let dashes = if is_derivative { &DERIVATIVES } else { &FUNCTIONS };
    let width = if is_derivative { 1.7 } else { 2.2 };
    Stroke { color: hue(number), width, dash: dashes[place % dashes.len()] }
}

/// The line of a path of the number.
pub fn path(number: usize) -> Stroke {
    // The second hue first: a path stands out from lines of the first.
    Stroke { color: hue(number + 1), width: 1.8, dash: FUNCTIONS[number % FUNCTIONS.len()] }
}

/// The line of a tangent.
pub const TANGENT: Stroke = Stroke::solid(Color(0x44, 0x44, 0x44), 1.2);

/// The line of a level, from the lowest, dark, to the highest, light.
pub fn level(share: f64) -> Stroke {
    let mix = |dark: u8, light: u8| {
        (f64::from(dark) + share * (f64::from(light) - f64::from(dark))).round() as u8
    };
    Stroke::solid(Color(mix(0x1b, 0x9f), mix(0x47, 0xb8), mix(0x70, 0xd0)), 1.1)
}
