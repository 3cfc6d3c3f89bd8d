//! What can be asked of `chainrule train`.

use std::path::PathBuf;

use clap::Args;

use chainrule::clipping::Clipping;
use chainrule::data::{ClassWeight, ReadOptions, Role, Table, Task};
use chainrule::estimator::{Normalization, Recipe};
use chainrule::losses::TargetScale;
use chainrule::schedules::Warmup;

use super::columns::Columns;
use super::reading::Reading;
use super::splits::Splits;
use super::stopping::Stopping;
use super::values::{self, Layers};
use super::{Threads, Voice, help};

/// `chainrule train`.
#[derive(Debug, Args)]
pub struct Train {
    #[arg(required = true, value_name = "DATA", help = help::DATA)]
    pub data: Vec<PathBuf>,

    /// The column to predict; several with commas between
    #[arg(long, short, value_name = "COLUMN[,COLUMN]", required_unless_present = "schema")]
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
    #[command(flatten)]
    pub columns: Columns,

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
    /// Decides every random choice
    #[arg(long, value_name = "NUMBER", default_value_t = 0, help_heading = "Training")]
    #[arg(allow_negative_numbers = true)]
    pub seed: u64,
    #[command(flatten, next_help_heading = "Training")]
    pub threads: Threads,
    #[command(flatten)]
    pub splits: Splits,

    /// Show at the end where the time went, stage by stage and kernel by kernel
    #[arg(long, help_heading = "Output")]
    pub profile: bool,

    #[command(flatten)]
    pub stopping: Stopping,

    #[command(flatten)]
    pub reading: Reading,
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
        let embedded = self.columns.embed.iter().map(|embed| embed.column.clone());
        let mut options = self.reading.options(self.threads);
        options.text.extend(embedded);
        options
    }

    /// The target columns. A text that is itself a column's name is not cut at its commas.
    pub fn targets(&self, table: &Table) -> Vec<String> {
        targets(&self.target, &self.reading, table)
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
            embed: self.columns.embed.clone(),
            one_hot: self.columns.one_hot.unwrap_or(defaults.one_hot),
            rare: self.columns.rare,
            scales: self.columns.scale.clone().unwrap_or_default(),
            missing_fill: self.columns.missing_fill.unwrap_or_default(),
            dropout: self.dropout,
            loss: self.loss.clone(),
            metrics: self.metric.clone(),
            target_scale: self.target_scale,
            weight: self.weight.clone().or_else(|| self.reading.weight()),
            class_weight: self.class_weight.clone(),
            optimizer: self.optimizer.clone(),
            learning_rate: self.learning_rate,
            schedule: self.schedule.clone(),
            warmup: self.warmup.unwrap_or(defaults.warmup),
            clip: self.clip,
            epochs: self.epochs.unwrap_or(defaults.epochs),
            batch_size: self.batch_size,
            validation: match &self.splits.validation {
                None => defaults.validation,
                part => Splits::share(part.as_ref()),
            },
            test: Splits::share(self.splits.test.as_ref()),
            group: self.splits.group.clone(),
            time: self.splits.time.clone(),
            patience: self.patience.unwrap_or(defaults.patience),
            seed: self.seed,
            threads: self.threads.count(),
        }
    }
}

/// The columns named as targets, else those that the schema has.
pub(super) fn targets(named: &[String], reading: &Reading, table: &Table) -> Vec<String> {
    let declared = reading.schema.iter().flat_map(|schema| schema.with_role(Role::Target));
    if named.is_empty() {
        return declared.map(|column| column.name.clone()).collect();
    }
    let names = |text: &String| match table.column(text.trim()) {
        Some(column) => vec![column.name().to_owned()],
        None => text.split(',').map(|name| name.trim().to_owned()).collect(),
    };
    named.iter().flat_map(names).collect()
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
