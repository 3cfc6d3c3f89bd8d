//! What can be asked of `chainrule explain`.

use std::path::PathBuf;
use std::str::FromStr;

use chainrule::Language;
use clap::Args;

use super::functions::language;
use super::{Format, Voice, values};

/// `chainrule explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// The model file
    pub model: PathBuf,

    /// Show the forward pass and the gradient as formulas, step by step
    /// [default: shown, unless something else is asked for]
    #[arg(long, help_heading = "What is explained", verbatim_doc_comment)]
    pub chain: bool,
    /// With all numbers of one row of a table, as FILE:NUMBER; the first
    /// row below the header is 1; the file - is standard input
    #[arg(long, value_name = "DATA:ROW", help_heading = "What is explained")]
    #[arg(allow_hyphen_values = true, verbatim_doc_comment)]
    pub row: Option<Row>,
    /// α of the update w - α ∂L/∂w [default: that of the training]
    #[arg(long, value_name = "NUMBER", value_parser = values::positive, requires = "row")]
    #[arg(allow_negative_numbers = true, help_heading = "What is explained")]
    pub learning_rate: Option<f64>,

    /// Write the formulas in LaTeX
    #[arg(long, help_heading = "Output", conflicts_with_all = ["json", "row"])]
    pub latex: bool,
    /// The language, en or ko [default: that of the locale]
    #[arg(long, value_name = "LANGUAGE", value_parser = language, help_heading = "Output")]
    pub lang: Option<Language>,
    #[command(flatten)]
    pub voice: Voice,
    #[command(flatten)]
    pub format: Format,
}

/// A row of a table, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The table's file.
    pub data: PathBuf,
    /// The number of the row.
    pub number: usize,
}

impl FromStr for Row {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.rsplit_once(':').filter(|(data, _)| !data.is_empty());
        let number = |text: &str| text.trim().parse().ok().filter(|&number: &usize| number > 0);
        match parts.and_then(|(data, text)| Some((data, number(text)?))) {
            Some((data, number)) => Ok(Self { data: PathBuf::from(data), number }),
            None => {
                Err("a row is a file and the number of a row from 1 on, such as data.csv:17"
                    .to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_its_number_behind_the_last_colon() {
        let row = |data: &str, number| Ok(Row { data: data.into(), number });
        assert_eq!("t.csv:17".parse(), row("t.csv", 17));
        assert_eq!(r"C:\t.csv:1".parse(), row(r"C:\t.csv", 1));
        for wrong in ["t.csv", "t.csv:", "t.csv:0", "t.csv:-1", ":3", "t.csv:1.5"] {
            assert!(wrong.parse::<Row>().is_err(), "{wrong}");
        }
    }
}
