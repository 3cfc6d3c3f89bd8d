//! What can be asked of `chainrule check`.

use std::path::PathBuf;

use chainrule::Language;
use clap::Args;

use super::functions::language;
use super::{Format, Threads, Voice, values};

/// `chainrule check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The model file, which `train` wrote
    #[arg(value_name = "MODEL")]
    pub path: PathBuf,
    /// Rows with the target column, a CSV file with a header line; - is standard input
    pub data: PathBuf,

    /// Check on so many rows that have a target, evenly spread over the
    /// table [default: as many as a check of some seconds takes]
    #[arg(long, value_name = "COUNT", value_parser = values::at_least_one)]
    #[arg(allow_negative_numbers = true, help_heading = "Gradients", verbatim_doc_comment)]
    pub rows: Option<usize>,
    /// Look at every element [default: at most 64 of each parameter,
    /// chosen by the seed]
    #[arg(long, help_heading = "Gradients", verbatim_doc_comment)]
    pub all: bool,
    /// What chooses the elements, and drops the units of dropout
    #[arg(long, value_name = "NUMBER", default_value_t = 0, help_heading = "Gradients")]
    #[arg(allow_negative_numbers = true)]
    pub seed: u64,
    /// The largest relative error that is in order
    #[arg(long, value_name = "NUMBER", default_value_t = 1e-6, value_parser = values::positive)]
    #[arg(allow_negative_numbers = true, help_heading = "Gradients")]
    pub tolerance: f64,

    /// The language, en or ko [default: that of the locale]
    #[arg(long, value_name = "LANGUAGE", value_parser = language, help_heading = "Output")]
    pub lang: Option<Language>,
    #[command(flatten)]
    pub voice: Voice,
    #[command(flatten)]
    pub threads: Threads,
    #[command(flatten)]
    pub format: Format,
}
