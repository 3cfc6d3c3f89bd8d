//! Which rows are trained on, and which judge.

use std::path::{Path, PathBuf};

use clap::Args;

use super::help;
use super::values::{self, Part};

/// Which rows are trained on, and which judge.
#[derive(Debug, Args)]
#[command(next_help_heading = "Splits")]
pub struct Splits {
    #[arg(long, value_name = "FRACTION|FILE", help = help::validation())]
    #[arg(value_parser = values::validation_part, allow_negative_numbers = true)]
    pub validation: Option<Part>,
    #[arg(long, value_name = "FRACTION|FILE", help = help::TEST)]
    #[arg(value_parser = values::test_part, allow_negative_numbers = true)]
    pub test: Option<Part>,
    #[arg(long, value_name = "COLUMN", help = help::GROUP, conflicts_with = "time")]
    pub group: Option<String>,
    #[arg(long, value_name = "COLUMN", help = help::TIME)]
    pub time: Option<String>,
    #[arg(long, value_name = "COUNT", help = help::FOLDS)]
    #[arg(value_parser = values::at_least_two, allow_negative_numbers = true)]
    pub folds: Option<usize>,
    #[arg(long, value_name = "FILE", help = help::OUT_OF_FOLD, requires = "folds")]
    pub out_of_fold: Option<PathBuf>,
}

impl Splits {
    /// The share that a part is, or 0 if it is another file or not there.
    pub fn share(part: Option<&Part>) -> f64 {
        match part {
            Some(Part::Share(share)) => *share,
            Some(Part::File(_)) | None => 0.0,
        }
    }

    /// The file whose rows choose the best epoch, if there is one.
    pub fn validation_file(&self) -> Option<&Path> {
        match &self.validation {
            Some(Part::File(path)) => Some(path),
            Some(Part::Share(_)) | None => None,
        }
    }
}
