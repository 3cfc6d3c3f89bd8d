//! What can be asked of `chainrule plot`.

use std::path::PathBuf;

use clap::Args;

use chainrule::Error;
use chainrule::optimizers::Settings;

use super::{Voice, values};
use crate::plot::function::Function;

/// `chainrule plot`.
#[derive(Debug, Args)]
pub struct Plot {
    /// Formulas of one variable or of two, or names of functions and losses
    #[arg(required = true, value_name = "FORMULA|NAME", value_parser = function)]
    pub functions: Vec<Function>,

    /// The variable of the horizontal axis; two, x,y, for contours [default: those without a value]
    #[arg(long, value_name = "VARIABLE", value_delimiter = ',', help_heading = "Function")]
    pub by: Vec<String>,
    /// The values of the other variables; may be given again
    #[arg(long, value_name = "NAME=VALUE,…", help_heading = "Function")]
    pub at: Vec<String>,
    /// Draw each function's derivative too
    #[arg(long, help_heading = "Function")]
    pub derivative: bool,
    /// Draw the tangent at a place, and write its slope; may be given again
    #[arg(long, value_name = "NUMBER", value_parser = number, help_heading = "Function")]
    #[arg(allow_hyphen_values = true)]
    pub tangent: Vec<f64>,
    /// Use the f32 functions of training instead of f64
    #[arg(long, help_heading = "Function")]
    pub f32: bool,

    /// The left end of the horizontal axis [default: -6; of contours -3]
    #[arg(long, value_name = "NUMBER", value_parser = number, help_heading = "Window")]
    #[arg(allow_hyphen_values = true)]
    pub from: Option<f64>,
    /// The right end of the horizontal axis [default: 6; of contours 3]
    #[arg(long, value_name = "NUMBER", value_parser = number, help_heading = "Window")]
    #[arg(allow_hyphen_values = true)]
    pub to: Option<f64>,
    /// The lower end of the vertical axis [default: what shows the curves well]
    #[arg(long, value_name = "NUMBER", value_parser = number, help_heading = "Window")]
    #[arg(allow_hyphen_values = true)]
    pub y_from: Option<f64>,
    /// The upper end of the vertical axis [default: what shows the curves well]
    #[arg(long, value_name = "NUMBER", value_parser = number, help_heading = "Window")]
    #[arg(allow_hyphen_values = true)]
    pub y_to: Option<f64>,

    /// Draw the path of an optimizer, as NAME or NAME:SETTING=VALUE,…; give it again to compare
    #[arg(long, value_name = "OPTIMIZER", value_parser = Settings::parse, requires = "start")]
    #[arg(help_heading = "Path")]
    pub descend: Vec<Settings>,
    /// The learning rate, or one for each optimizer [default: the optimizer's own]
    #[arg(long, value_name = "NUMBER,…", value_delimiter = ',', requires = "descend")]
    #[arg(value_parser = values::positive, allow_hyphen_values = true, help_heading = "Path")]
    pub learning_rate: Vec<f64>,
    /// Where paths start: a number for each variable, such as -1.2,1
    #[arg(long, value_name = "NUMBER,…", value_delimiter = ',', requires = "descend")]
    #[arg(value_parser = number, allow_hyphen_values = true, help_heading = "Path")]
    pub start: Vec<f64>,
    /// Steps of a path
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = values::at_least_one)]
    #[arg(allow_negative_numbers = true, help_heading = "Path")]
    pub steps: usize,

    /// Where to write the picture: a file .svg or .png [default: the terminal]
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Write over the file of --output if it is there
    #[arg(long, help_heading = "Output")]
    pub force: bool,
    /// A line above the plot
    #[arg(long, value_name = "TEXT", help_heading = "Output")]
    pub title: Option<String>,
    /// Give each function a plot of its own
    #[arg(long, help_heading = "Output")]
    pub panels: bool,
    /// The width in pixels; in the terminal, in letters [default: 720 for .svg, 1440 for .png]
    #[arg(long, value_name = "COUNT", value_parser = values::at_least_one, help_heading = "Output")]
    #[arg(allow_negative_numbers = true)]
    pub width: Option<usize>,
    /// The height in pixels; in the terminal, in lines [default: what suits the width]
    #[arg(long, value_name = "COUNT", value_parser = values::at_least_one, help_heading = "Output")]
    #[arg(allow_negative_numbers = true)]
    pub height: Option<usize>,
    #[command(flatten)]
    pub voice: Voice,
}

/// A formula, or the name of a function or a loss.
fn function(text: &str) -> Result<Function, Error> {
    Function::read(text)
}

/// A finite number, also as a formula of numbers: 2*pi.
fn number(text: &str) -> Result<f64, String> {
    let value = match text.trim().parse::<f64>() {
        Ok(value) => value,
        Err(_) => Function::constant(text).ok_or_else(|| {
            "it must be a number, or a formula of numbers such as 2*pi".to_owned()
        })?,
    };
    match value.is_finite() {
        true => Ok(value),
        false => Err("it must be a finite number".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_may_be_formulas() {
        assert_eq!([number("-1.5"), number("2*pi")], [Ok(-1.5), Ok(std::f64::consts::TAU)]);
        for wrong in ["", "x", "inf", "nan", "1/0", "1,2"] {
            assert!(number(wrong).is_err(), "{wrong}");
        }
    }
}
