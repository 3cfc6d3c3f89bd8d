//! What can be asked on the command line.

mod bench;
mod check;
mod columns;
mod derive;
mod explain;
mod functions;
mod help;
mod lr_find;
mod plot;
mod reading;
mod shell;
mod splits;
mod stopping;
mod train;
mod values;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use chainrule::data::{Bytes, ReadOptions};
use chainrule::engine::available_threads;

use crate::output::Manner;
pub use bench::{Bench, PREDICTIONS};
pub use check::Check;
pub use derive::Derive;
pub use explain::Explain;
pub use functions::Functions;
pub use lr_find::LrFind;
pub use plot::Plot;
pub use shell::{Completions, Manual};
pub use stopping::{Compare, Stopping};
pub use train::Train;
pub use values::Part;

/// Trains neural networks on tables and uses them.
#[derive(Debug, Parser)]
#[command(name = "chainrule", version, help_template = help::COMMANDS, args_override_self = true)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Trains a network on a table and writes it as an ONNX file
    #[command(help_template = help::TRAIN)]
    Train(Box<Train>),
    /// Tries learning rates on a table and suggests one
    #[command(help_template = help::LR_FIND, mut_args(LrFind::shown))]
    LrFind(Box<LrFind>),
    /// Predicts each row of a table
    #[command(help_template = help::PREDICT)]
    Predict(Predict),
    /// Measures a model on a table that has the answers
    #[command(help_template = help::EVALUATE)]
    Evaluate(Evaluate),
    /// Shows what a model expects, is made of, and came from
    #[command(help_template = help::INSPECT)]
    Inspect(Inspect),
    /// Differentiates a formula, and shows how
    #[command(help_template = help::DERIVE)]
    Derive(Derive),
    /// Lists what there is: functions, activations, losses, metrics, optimizers …
    #[command(help_template = help::FUNCTIONS)]
    Functions(Functions),
    /// Explains a model: its forward pass and its gradient, step by step
    #[command(help_template = help::EXPLAIN)]
    Explain(Box<Explain>),
    /// Checks a table before training, or a model's gradients on your own rows
    #[command(help_template = help::CHECK)]
    Check(Check),
    /// Compares runs: in which settings they differ, and what came of them
    #[command(help_template = help::COMPARE)]
    Compare(Compare),
    /// Times the steps of trainings, and predictions, on this machine
    #[command(help_template = help::BENCH)]
    Bench(Bench),
    /// Draws formulas, losses, their derivatives, contours and optimizers' paths
    #[command(help_template = help::PLOT)]
    Plot(Box<Plot>),
    /// Prints the script that completes its words in a shell
    Completions(Completions),
    /// Prints a page of the manual, for man
    Man(Manual),
}

impl Command {
    /// How much it says, and in which form.
    pub fn manner(&self) -> Manner {
        match self {
            Self::Train(args) => args.voice.manner(),
            Self::LrFind(args) => args.train.voice.manner(),
            Self::Predict(args) => args.voice.manner(),
            Self::Evaluate(args) => args.voice.manner(),
            Self::Inspect(args) => Manner { json: args.json, quiet: false },
            Self::Derive(args) => args.voice.manner(),
            Self::Functions(args) => args.voice.manner(),
            Self::Explain(args) => args.voice.manner(),
            Self::Check(args) => args.voice.manner(),
            Self::Compare(args) => Manner { json: args.json, quiet: false },
            Self::Bench(args) => args.voice.manner(),
            Self::Plot(args) => args.voice.manner(),
            Self::Completions(_) | Self::Man(_) => Manner::default(),
        }
    }
}

/// How much is said.
#[derive(Debug, Args)]
pub struct Voice {
    /// Write results as JSON, one object a line
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// Write no progress and no notes, only results and errors
    #[arg(long, short, help_heading = "Output")]
    pub quiet: bool,
}

impl Voice {
    fn manner(&self) -> Manner {
        Manner { json: self.json, quiet: self.quiet }
    }
}

/// How many threads work.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct Threads {
    /// The most threads; no result depends on it [default: all]
    #[arg(long = "threads", value_name = "COUNT", value_parser = values::at_least_one)]
    #[arg(allow_negative_numbers = true)]
    most: Option<usize>,
}

impl Threads {
    /// The number asked for, else as many as the machine has.
    pub fn count(self) -> usize {
        self.most.unwrap_or_else(available_threads)
    }
}

/// How numbers and fields are written in a file.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reading")]
pub struct Format {
    /// What stands between fields, such as ";" or tab [default: as found]
    #[arg(long, value_name = "CHARACTER", value_parser = values::delimiter)]
    pub delimiter: Option<u8>,
    /// What stands between thousands: "," reads 1,234.5
    #[arg(long, value_name = "CHARACTER", allow_hyphen_values = true)]
    pub thousands: Option<char>,
    /// Numbers have a comma before the fraction: 1,5
    #[arg(long)]
    pub decimal_comma: bool,
    /// The most memory that reading may take, such as 500MB
    /// [default: half of the machine's]
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true, verbatim_doc_comment)]
    pub max_memory: Option<Bytes>,
}

impl Format {
    /// The options for reading a file with a trained model.
    pub fn options(&self, threads: Threads) -> ReadOptions {
        ReadOptions {
            threads: threads.most,
            delimiter: self.delimiter,
            thousands: self.thousands,
            decimal_comma: self.decimal_comma,
            max_memory: self.max_memory,
            ..ReadOptions::default()
        }
    }
}

/// `chainrule predict`.
#[derive(Debug, Args)]
pub struct Predict {
    /// The model file
    pub model: PathBuf,
    #[arg(required = true, value_name = "DATA", help = help::DATA)]
    pub data: Vec<PathBuf>,
    /// Copy columns of the data in front of the predictions; several with
    /// commas between
    #[arg(long, value_name = "COLUMN[,COLUMN]", help_heading = "Output", verbatim_doc_comment)]
    pub keep: Vec<String>,
    /// Where to write the predictions [default: standard output]
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Write over the file of --output if it is there
    #[arg(long, help_heading = "Output")]
    pub force: bool,
    #[command(flatten)]
    pub voice: Voice,
    #[command(flatten)]
    pub threads: Threads,
    #[command(flatten)]
    pub format: Format,
}

impl Predict {
    /// The names of the columns to copy; a name with a comma stands in quotes, as in the file.
    pub fn kept(&self) -> Vec<String> {
        let mut reader = csv::ReaderBuilder::new();
        let reader = reader.has_headers(false).flexible(true);
        let names = |text: &String| {
            let mut reader = reader.from_reader(text.as_bytes());
            let records: Vec<csv::StringRecord> = reader.records().flatten().collect();
            let names = records.iter().flat_map(csv::StringRecord::iter);
            names.map(|name| name.trim().to_owned()).collect::<Vec<String>>()
        };
        self.keep.iter().flat_map(names).collect()
    }
}

/// `chainrule evaluate`.
#[derive(Debug, Args)]
pub struct Evaluate {
    /// The model file
    pub model: PathBuf,
    #[arg(required = true, value_name = "DATA", help = help::ANSWERED)]
    pub data: Vec<PathBuf>,
    #[arg(long, value_name = "NAME|FORMULA", help = help::METRIC, value_parser = values::metric)]
    #[arg(allow_hyphen_values = true)]
    pub metric: Vec<String>,
    #[command(flatten)]
    pub voice: Voice,
    #[command(flatten)]
    pub threads: Threads,
    #[command(flatten)]
    pub format: Format,
}

/// `chainrule inspect`.
#[derive(Debug, Args)]
pub struct Inspect {
    /// The model file
    pub file: PathBuf,
    /// Write one JSON object
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }
}
