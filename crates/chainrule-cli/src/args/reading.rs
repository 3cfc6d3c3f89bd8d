//! What can be said of a table's columns before they are read.

use chainrule::data::{Declarations, ReadOptions, Role};
use clap::Args;

use super::{Format, Threads, help, values};

/// What columns hold, where their cells do not say it.
#[derive(Debug, Args)]
pub struct Reading {
    #[command(flatten)]
    pub format: Format,
    /// A further word for a missing value, such as -999; may be given again
    #[arg(long, value_name = "WORD", allow_hyphen_values = true, help_heading = "Reading")]
    pub missing: Vec<String>,
    /// Take a column as text, whatever it holds; may be given again
    #[arg(long, value_name = "COLUMN", help_heading = "Reading")]
    pub text: Vec<String>,
    /// Take a column as numbers; may be given again
    #[arg(long, value_name = "COLUMN", help_heading = "Reading")]
    pub number: Vec<String>,
    #[arg(long, value_name = "FILE", help = help::SCHEMA, help_heading = "Reading")]
    #[arg(value_parser = values::schema)]
    pub schema: Option<Declarations>,
}

impl Reading {
    /// The column that the schema has as the rows' weights.
    pub fn weight(&self) -> Option<String> {
        let mut weights = self.schema.iter().flat_map(|schema| schema.with_role(Role::Weight));
        weights.next().map(|column| column.name.clone())
    }

    /// The options for reading a file whose columns are found out.
    pub fn options(&self, threads: Threads) -> ReadOptions {
        ReadOptions {
            missing: self.missing.clone(),
            text: self.text.clone(),
            numbers: self.number.clone(),
            declared: self.schema.clone().unwrap_or_default(),
            ..self.format.options(threads)
        }
    }
}
