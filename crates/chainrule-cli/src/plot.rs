//! Plots: curves, contours and the paths of optimizers, as pictures and in the terminal.
//!
//! What is plotted is read by [`function`]. Its numbers are found by [`curve`] and [`sample`] (one
//! variable), [`field`] (two) and [`walk`] (the steps of an optimizer), all through [`evaluate`].
//! [`picture`] makes a [`scene`] of them, a list of lines, circles and texts, which [`svg`] and
//! [`raster`] write; [`terminal`] draws the same numbers in letters.

mod chart;
pub mod curve;
pub mod draw_contours;
pub mod draw_curves;
pub mod draw_rates;
mod evaluate;
pub mod field;
pub mod font;
pub mod function;
pub mod label;
mod legend;
pub mod picture;
pub mod raster;
pub mod report;
pub mod sample;
mod scale;
mod scene;
mod style;
pub mod svg;
pub mod terminal;
pub mod typeset;
pub mod walk;
