//! What can be asked of `chainrule train`.

use std::path::PathBuf;

use clap::Args;

use chainrule::clipping::Clipping;
use chainrule::data::{ClassWeight, ReadOptions, Table, Task};
use chainrule::estimator::{Embed, Normalization, Recipe};
use chainrule::losses::TargetScale;
use chainrule::schedules::Warmup;

use super::values::{self, Layers, TestPart};
use super::{Format, Threads, Voice, help};

/// `chainrule train`.
#[derive(Debug, Args)]
pub struct Train {
    /// The table, a CSV file with a header line; - is standard input
    pub data: PathBuf,

    /// The column to predict; several with commas between
    #[arg(long, short, value_name = "COLUMN[,COLUMN]", required = true)]
    pub target: Vec<String>,
    /// Where to write the model [default: model.onnx, which is written over]
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Write over the file of --output if it is there
    #[arg(long, help_heading = "Output")]
    pub force: bool,
    #[command(flatten)]
    pub voice: Voice,

    #[arg(long, value_name = "TASK", help = help::task(), help_heading = "Network")]
    pub task: Option<Task>,
    #[arg(long, value_name = "UNITS", help = help::layers(), help_heading = "Network")]
    pub layers: Option<Layers>,
    #[arg(long, value_name = "NAME", help = help::activation(), help_heading = "Network")]
    #[arg(value_parser = values::activation, allow_hyphen_values = true)]
    pub activation: Option<String>,
    #[command(flatten)]
    pub hidden: Hidden,
    #[arg(long, value_name = "RATE", help = help::dropout(), help_heading = "Network")]
    #[arg(value_parser = values::share, allow_negative_numbers = true)]
    pub dropout: Option<f64>,

    #[arg(long, value_name = "NAME", help = help::initializer(), help_heading = "Network")]
    #[arg(value_parser = values::initializer)]
    pub initializer: Option<String>,
    #[arg(long, value_name = "COLUMN[:UNITS]", help = help::EMBED, help_heading = "Network")]
    #[arg(value_parser = values::embed)]
    pub embed: Vec<Embed>,

    #[arg(long, value_name = "NAME|FORMULA", help = help::METRIC, help_heading = "Training")]
    #[arg(value_parser = values::metric, allow_hyphen_values = true)]
    pub metric: Vec<String>,
    #[arg(long, value_name = "NAME|FORMULA", help = help::loss(), help_heading = "Training")]
    #[arg(value_parser = values::loss, allow_hyphen_values = true)]
    pub loss: Option<String>,
    #[arg(long, value_name = "SCALE", help = help::target_scale(), help_heading = "Training")]
    pub target_scale: Option<TargetScale>,
    /// The column that says how much each row counts; it is no input
    #[arg(long, value_name = "COLUMN", help_heading = "Training")]
    pub weight: Option<String>,
    #[arg(long, value_name = "WEIGHTS", help = help::CLASS_WEIGHT, help_heading = "Training")]
    pub class_weight: Option<ClassWeight>,
    #[arg(long, value_name = "OPTIMIZER", help = help::optimizer(), help_heading = "Training")]
    #[arg(value_parser = values::optimizer)]
    pub optimizer: Option<String>,
    /// The size of a step [default: the optimizer's own]
    #[arg(long, value_name = "NUMBER", help_heading = "Training")]
    #[arg(value_parser = values::positive, allow_negative_numbers = true)]
    pub learning_rate: Option<f64>,
    #[arg(long, value_name = "SCHEDULE", help = help::schedule(), help_heading = "Training")]
    #[arg(value_parser = values::schedule)]
    pub schedule: Option<String>,
    /// Let the learning rate rise first, for 500 steps or 2epochs, say
    #[arg(long, value_name = "STEPS", help_heading = "Training", allow_negative_numbers = true)]
    pub warmup: Option<Warmup>,
    #[arg(long, value_name = "BOUND", help = help::clip(), help_heading = "Training")]
    #[arg(allow_negative_numbers = true)]
    pub clip: Option<Clipping>,
    #[arg(long, value_name = "COUNT", help = help::epochs(), help_heading = "Training")]
    #[arg(value_parser = values::at_least_one, allow_negative_numbers = true)]
    pub epochs: Option<usize>,
    /// Rows of a step [default: from the number of rows]
    #[arg(long, value_name = "COUNT", help_heading = "Training")]
    #[arg(value_parser = values::at_least_one, allow_negative_numbers = true)]
    pub batch_size: Option<usize>,
    #[arg(long, value_name = "EPOCHS", help = help::patience(), help_heading = "Training")]
    #[arg(value_parser = values::at_least_one, allow_negative_numbers = true)]
    pub patience: Option<usize>,
    #[arg(long, value_name = "FRACTION", help = help::validation(), help_heading = "Training")]
    #[arg(value_parser = values::share, allow_negative_numbers = true)]
    pub validation: Option<f64>,
    #[arg(long, value_name = "FRACTION|FILE", help = help::TEST, help_heading = "Training")]
    #[arg(allow_negative_numbers = true)]
    pub test: Option<TestPart>,
    /// Decides every random choice
    #[arg(long, value_name = "NUMBER", default_value_t = 0, help_heading = "Training")]
    #[arg(allow_negative_numbers = true)]
    pub seed: u64,
    #[command(flatten, next_help_heading = "Training")]
    pub threads: Threads,
    /// Show at the end where the time went, stage by stage and kernel by kernel
    #[arg(long, help_heading = "Output")]
    pub profile: bool,

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
}

/// What a hidden layer has besides its linear map and its activation.
#[derive(Debug, Args)]
pub struct Hidden {
    /// Normalise before each activation over the rows of the batch
    #[arg(long, conflicts_with = "layer_norm", help_heading = "Network")]
    pub batch_norm: bool,
    /// Normalise before each activation over the units of a row
    #[arg(long, help_heading = "Network")]
    pub layer_norm: bool,
    /// Add the input of each hidden layer to its output
    #[arg(long, help_heading = "Network")]
    pub residual: bool,
}

impl Hidden {
    fn normalization(&self) -> Option<Normalization> {
        match (self.batch_norm, self.layer_norm) {
            (true, _) => Some(Normalization::Batch),
            (false, true) => Some(Normalization::Layer),
            (false, false) => None,
        }
    }
}

impl Train {
    /// How the table is read. A column to be embedded holds categories, so it is text.
    pub fn options(&self) -> ReadOptions {
        let embedded = self.embed.iter().map(|embed| embed.column.clone());
        ReadOptions {
            missing: self.missing.clone(),
            text: self.text.iter().cloned().chain(embedded).collect(),
            numbers: self.number.clone(),
            ..self.format.options(self.threads)
        }
    }

    /// The target columns. A text that is itself a column's name is not cut at its commas.
    pub fn targets(&self, table: &Table) -> Vec<String> {
        let names = |text: &String| match table.column(text.trim()) {
            Some(column) => vec![column.name().to_owned()],
            None => text.split(',').map(|name| name.trim().to_owned()).collect(),
        };
        self.target.iter().flat_map(names).collect()
    }

    /// How the model is made.
    pub fn recipe(&self) -> Recipe {
        let defaults = Recipe::default();
        Recipe {
            task: self.task,
            layers: self.layers.clone().map_or(defaults.layers, |layers| layers.0),
            activation: self.activation.clone().unwrap_or(defaults.activation),
            normalization: self.hidden.normalization(),
            residual: self.hidden.residual,
            initializer: self.initializer.clone(),
            embed: self.embed.clone(),
            dropout: self.dropout,
            loss: self.loss.clone(),
            metrics: self.metric.clone(),
            target_scale: self.target_scale,
            weight: self.weight.clone(),
            class_weight: self.class_weight.clone(),
            optimizer: self.optimizer.clone(),
            learning_rate: self.learning_rate,
            schedule: self.schedule.clone(),
            warmup: self.warmup.unwrap_or(defaults.warmup),
            clip: self.clip,
            epochs: self.epochs.unwrap_or(defaults.epochs),
            batch_size: self.batch_size,
            validation: self.validation.unwrap_or(defaults.validation),
            test: match self.test {
                Some(TestPart::Share(share)) => share,
                _ => 0.0,
            },
            patience: self.patience.unwrap_or(defaults.patience),
            seed: self.seed,
            threads: self.threads.count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::{Arguments, Command};
    use super::*;

    #[test]
    fn a_target_may_have_commas_in_its_name() {
        let text = "a,b,\"c,d\"\n1,2,3\n4,5,6\n";
        let table = Table::from_reader(text.as_bytes(), "t.csv", &ReadOptions::default()).unwrap();
        let targets = |given: &[&str]| {
            let words = ["chainrule", "train", "t.csv", "--target"].iter().chain(given);
            match Arguments::try_parse_from(words).unwrap().command {
                Command::Train(train) => train.targets(&table),
                _ => unreachable!(),
            }
        };
        assert_eq!(targets(&["a, b"]), ["a", "b"]);
        assert_eq!(targets(&["c,d"]), ["c,d"]);
        assert_eq!(targets(&["a", "-t", "c,d"]), ["a", "c,d"]);
    }
}
