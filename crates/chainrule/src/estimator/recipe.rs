//! How a model is made: what can be asked, and what is chosen where nothing is.

use crate::clipping::Clipping;
use crate::data::division::Parts;
use crate::data::encode::MOST_LEVELS;
use crate::data::{ClassWeight, Division, EncoderOptions, Fill, Scales, Schema, Table, Task};
use crate::error::{ErrorKind, Result};
use crate::losses::TargetScale;
use crate::optimizers::{self, optimizer};
use crate::schedules::{self, Course, Warmup, schedule};
use crate::train::Settings;

/// How a model is made from a table; what is `None` is chosen from the data.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// The task; by default what the target column shows.
    pub task: Option<Task>,
    /// The units of the hidden layers.
    pub layers: Vec<usize>,
    /// The activation of the hidden layers.
    pub activation: String,
    /// What stands between the linear map and the activation of a hidden layer; by default nothing.
    pub normalization: Option<Normalization>,
    /// Whether the input of each hidden layer is added to its output.
    pub residual: bool,
    /// How the weights start, as `NAME:SETTING=VALUE,…`; by default as suits the activation.
    pub initializer: Option<String>,
    /// The columns of categories that become learned vectors.
    pub embed: Vec<Embed>,
    /// The most categories of a column that are one-hot; columns with more become learned vectors.
    pub one_hot: usize,
    /// Categories in fewer training rows than this are taken for others, as unseen ones are; by
    /// default 2 in columns that become learned vectors for their many categories, 1 in others.
    pub rare: Option<usize>,
    /// How numbers and dates are scaled.
    pub scales: Scales,
    /// What stands in for a missing number.
    pub missing_fill: Fill,
    /// The share of hidden units dropped in training; by default [`Recipe::DROPOUT`], and 0 with
    /// the solver lbfgs, which cannot have any.
    pub dropout: Option<f64>,
    /// The loss; by default what suits the target.
    pub loss: Option<String>,
    /// What is measured besides the metrics of every report: names, or formulas of `y` and `p`.
    pub metrics: Vec<String>,
    /// How a target of numbers is scaled; by default what suits the loss.
    pub target_scale: Option<TargetScale>,
    /// The column that says how much each row counts; it is no feature.
    pub weight: Option<String>,
    /// How much the rows of each class count, besides that.
    pub class_weight: Option<ClassWeight>,
    /// The optimizer, as `NAME:SETTING=VALUE,…`; by default AdamW with strong weight decay.
    pub optimizer: Option<String>,
    /// The size of a step.
    pub learning_rate: Option<f64>,
    /// How the size of a step goes on, as `NAME:SETTING=VALUE,…`; by default it stays.
    pub schedule: Option<String>,
    /// How long the size of a step rises first.
    pub warmup: Warmup,
    /// The bound on the gradients; by default there is none.
    pub clip: Option<Clipping>,
    /// The most epochs.
    pub epochs: usize,
    /// Rows of a step; by default from the number of rows.
    pub batch_size: Option<usize>,
    /// The share of the rows that choose the best epoch.
    pub validation: f64,
    /// The share of the rows that are set aside before anything is fitted, to be measured at the
    /// end.
    pub test: f64,
    /// The column whose values are never on both sides of a split, such as a customer; it is no
    /// feature.
    pub group: Option<String>,
    /// The column by which rows are split: the latest are held out.
    pub time: Option<String>,
    /// Epochs without a better validation loss after which training ends.
    pub patience: usize,
    /// What decides every random choice.
    pub seed: u64,
    /// The most threads; no result depends on it.
    pub threads: usize,
}

/// What brings the numbers of a hidden layer to mean 0 and variance 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalization {
    /// Each number over the rows of a batch: [`BatchNorm`](crate::layers::BatchNorm).
    Batch,
    /// The numbers of each row: [`LayerNorm`](crate::layers::LayerNorm).
    Layer,
}

/// A column of categories that becomes a learned vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embed {
    /// The column's name.
    pub column: String,
    /// The length of the vector; by default [`Embed::default_units`].
    pub units: Option<usize>,
}

impl Embed {
    /// The length of a vector for so many categories unless another is asked for: half of their
    /// number, rounded up, and at most 50.
    pub fn default_units(categories: usize) -> usize {
        categories.div_ceil(2).clamp(1, 50)
    }
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            task: None,
            layers: vec![256],
            activation: "relu".to_owned(),
            normalization: None,
            residual: false,
            initializer: None,
            embed: Vec::new(),
            one_hot: MOST_LEVELS,
            rare: None,
            scales: Scales::default(),
            missing_fill: Fill::default(),
            dropout: None,
            loss: None,
            metrics: Vec::new(),
            target_scale: None,
            weight: None,
            class_weight: None,
            optimizer: None,
            learning_rate: None,
            schedule: None,
            warmup: Warmup::NONE,
            clip: None,
            epochs: 500,
            batch_size: None,
            validation: 0.2,
            test: 0.0,
            group: None,
            time: None,
            patience: 40,
            seed: 0,
            threads: crate::engine::available_threads(),
        }
    }
}

impl Recipe {
    /// The share of hidden units dropped unless another is asked for.
    pub const DROPOUT: f64 = 0.3;

    /// Makes the schema of a table as [`Schema::infer`] does, with the recipe's columns of weights
    /// and of groups.
    ///
    /// # Errors
    /// What is wrong with the targets, or with one of these columns.
    pub fn schema<S: AsRef<str>>(&self, table: &Table, targets: &[S]) -> Result<Schema> {
        let mut schema = Schema::infer(table, targets)?;
        if let Some(weight) = &self.weight {
            schema = schema.with_weight(table, weight)?;
        }
        if let Some(group) = &self.group {
            schema = schema.with_group(table, group)?;
        }
        Ok(schema)
    }

    /// Sets the test part aside.
    pub(super) fn test_part(&self, division: &Division, rows: &[usize]) -> Result<Parts> {
        let fraction = share("test", self.test)?;
        // Another seed, so that the test and the validation part are not drawn alike.
        Ok(division.hold_out(rows, fraction, !self.seed))
    }

    /// What is said of the splits, if not chance decides them: `; split by "day", the latest rows
    /// held out`.
    pub(super) fn apart(&self) -> String {
        match (&self.group, &self.time) {
            (Some(group), _) => format!("; rows of one {group:?} kept together"),
            (None, Some(time)) => format!("; split by {time:?}, the latest rows held out"),
            (None, None) => String::new(),
        }
    }

    /// How columns become numbers.
    pub(super) fn encoders(&self) -> EncoderOptions {
        EncoderOptions {
            embedded: self.embed.iter().map(|embed| embed.column.clone()).collect(),
            most_levels: self.one_hot,
            embed_beyond: true,
            fewest_rows: self.rare,
            scales: self.scales.clone(),
            fill: self.missing_fill,
            threads: self.threads,
        }
    }

    /// The share of hidden units dropped, for a network trained so.
    pub(super) fn dropout_with(&self, settings: &Settings) -> f64 {
        let solver = settings.optimizer.optimizer().update.is_none();
        self.dropout.unwrap_or(if solver { 0.0 } else { Self::DROPOUT })
    }
}

/// The recipe's own step and decay: small steps and strong decay, with dropout and early stopping,
/// were the most even over the data sets of `bench/accuracy.py`.
const LEARNING_RATE: f64 = 5e-4;
const DECAY: (&str, f64) = ("weight_decay", 0.3);

/// How the recipe trains so many rows.
pub(super) fn settings(recipe: &Recipe, rows: usize) -> Result<Settings> {
    let (optimizer, default_rate) = match &recipe.optimizer {
        None => (optimizers::Settings::new(optimizer("adamw")?, &[DECAY])?, LEARNING_RATE),
        Some(text) => {
            let chosen = optimizers::Settings::parse(text)?;
            let default_rate = chosen.optimizer().default_learning_rate;
            (chosen, default_rate)
        }
    };
    let learning_rate = recipe.learning_rate.unwrap_or(default_rate);
    if !(learning_rate.is_finite() && learning_rate > 0.0) {
        return Err(invalid("learning rate", learning_rate, "a number above 0"));
    }
    let solver = optimizer.optimizer().update.is_none();
    let batch_size = match recipe.batch_size {
        None if solver => rows.max(1),
        None => batch_size(rows),
        Some(size) if solver && size < rows => {
            let expected = format!("left out with {optimizer}, which takes all rows at once");
            return Err(invalid("batch size", size as f64, &expected));
        }
        Some(size) => size,
    };
    for (option, count) in
        [("epochs", recipe.epochs), ("batch size", batch_size), ("patience", recipe.patience)]
    {
        if count == 0 {
            return Err(invalid(option, 0.0, "1 or more"));
        }
    }
    let schedule = match &recipe.schedule {
        Some(text) => schedules::Settings::parse(text)?,
        None => schedule("constant")?.into(),
    };
    // What is wrong with it is said before the table is encoded.
    Course::new(&schedule, recipe.warmup, learning_rate, recipe.epochs as u64, 1)?;
    Ok(Settings {
        epochs: recipe.epochs,
        batch_size,
        optimizer,
        learning_rate,
        schedule,
        warmup: recipe.warmup,
        clip: recipe.clip,
        patience: recipe.patience,
        seed: recipe.seed,
        threads: recipe.threads,
    })
}

/// The optimizer with its settings and what else is done to its steps: `adamw (beta1 0.9, …),
/// schedule cosine, warm-up 100 steps, clip global_norm=1`.
pub(super) fn in_words(settings: &Settings) -> String {
    let optimizer = &settings.optimizer;
    let values: Vec<String> =
        optimizer.iter().map(|(setting, value)| format!("{} {value}", setting.name)).collect();
    let rule = format!("{} ({})", optimizer.optimizer().name, values.join(", "));
    [vec![rule], settings.additions()].concat().join(", ")
}

/// Small steps for small tables, so that an epoch has some dozens of them.
fn batch_size(rows: usize) -> usize {
    match rows {
        0..4_000 => 32,
        4_000..50_000 => 128,
        _ => 512,
    }
}

pub(super) fn share(option: &'static str, value: f64) -> Result<f64> {
    match value {
        share if (0.0..1.0).contains(&share) => Ok(share),
        other => Err(invalid(option, other, "a share of the rows from 0 to below 1")),
    }
}

pub(super) fn invalid(option: &'static str, value: f64, expected: &str) -> crate::error::Error {
    ErrorKind::InvalidSetting { option, value: value.to_string(), expected: expected.to_owned() }
        .into()
}
