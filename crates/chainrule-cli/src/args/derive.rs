//! What can be asked of `chainrule derive`.

use clap::Args;

use super::Voice;

/// `chainrule derive`.
#[derive(Debug, Args)]
pub struct Derive {
    /// A formula, such as "a*x^2 + b*x"
    #[arg(allow_hyphen_values = true)]
    pub formula: String,

    /// The variables to differentiate by, with commas between [default: all]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', help_heading = "Derivative")]
    pub by: Vec<String>,
    /// The point: a value for each variable; may be given again
    #[arg(long, value_name = "NAME=VALUE,…", help_heading = "Derivative")]
    pub at: Vec<String>,
    /// Derivatives of every order up to this one
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = order)]
    #[arg(allow_negative_numbers = true, help_heading = "Derivative")]
    pub order: usize,
    /// Compute values with the f32 functions of training instead of f64
    #[arg(long, help_heading = "Derivative")]
    pub f32: bool,

    /// Show the chain rule step by step [default: for one variable, if it is not long]
    #[arg(long, help_heading = "Output")]
    pub steps: bool,
    /// Show the table of shrinking Δx [default: for one variable, at a point]
    #[arg(long, help_heading = "Output")]
    pub limit: bool,
    /// Show neither of them unless asked for
    #[arg(long, help_heading = "Output")]
    pub brief: bool,
    #[command(flatten)]
    pub voice: Voice,
}

/// The highest order: the derivatives of a long formula grow with each.
const HIGHEST: usize = 6;

fn order(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(order) if (1..=HIGHEST).contains(&order) => Ok(order),
        _ => Err(format!("it must be a whole number from 1 to {HIGHEST}")),
    }
}
