//! How columns become numbers.

use clap::Args;

use chainrule::data::{Fill, Scales};
use chainrule::estimator::Embed;

use super::{help, values};

/// How columns become numbers.
#[derive(Debug, Args)]
#[command(next_help_heading = "Columns")]
pub struct Columns {
    #[arg(long, value_name = "SCALE", help = help::scale())]
    pub scale: Option<Scales>,
    #[arg(long, value_name = "FILL", help = help::missing_fill())]
    pub missing_fill: Option<Fill>,
    #[arg(long, value_name = "COUNT", help = help::one_hot())]
    #[arg(value_parser = values::at_least_one, allow_negative_numbers = true)]
    pub one_hot: Option<usize>,
    #[arg(long, value_name = "COLUMN[:UNITS]", help = help::EMBED)]
    #[arg(value_parser = values::embed)]
    pub embed: Vec<Embed>,
    #[arg(long, value_name = "COUNT", help = help::RARE)]
    #[arg(value_parser = values::at_least_one, allow_negative_numbers = true)]
    pub rare: Option<usize>,
}
