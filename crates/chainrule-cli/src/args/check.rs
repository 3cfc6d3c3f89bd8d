//! What can be asked of `chainrule check`.

use std::path::PathBuf;

use chainrule::Language;
use chainrule::data::Table;
use clap::Args;

use super::functions::language;
use super::reading::Reading;
use super::{Threads, Voice, help, train, values};

/// `chainrule check`.
#[derive(Debug, Args)]
pub struct Check {
    #[arg(value_name = "[MODEL] DATA", required = true, help = help::CHECKED)]
    pub files: Vec<PathBuf>,

    /// The column to predict, to look for what gives it away and to see
    /// what `train` would do; several with commas between
    #[arg(long, short, value_name = "COLUMN[,COLUMN]", help_heading = "Data")]
    #[arg(verbatim_doc_comment)]
    pub target: Vec<String>,

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
    /// [default: 0]
    #[arg(long, value_name = "NUMBER", help_heading = "Gradients", verbatim_doc_comment)]
    #[arg(allow_negative_numbers = true)]
    pub seed: Option<u64>,
    /// The largest relative error that is in order [default: 1e-6]
    #[arg(long, value_name = "NUMBER", value_parser = values::positive)]
    #[arg(allow_negative_numbers = true, help_heading = "Gradients")]
    pub tolerance: Option<f64>,

    /// The language, en or ko [default: that of the locale]
    #[arg(long, value_name = "LANGUAGE", value_parser = language, help_heading = "Output")]
    pub lang: Option<Language>,
    #[command(flatten)]
    pub voice: Voice,
    #[command(flatten)]
    pub threads: Threads,
    #[command(flatten)]
    pub reading: Reading,
}

impl Check {
    /// The target columns, named or of the schema.
    pub fn targets(&self, table: &Table) -> Vec<String> {
        train::targets(&self.target, &self.reading, table)
    }
}
