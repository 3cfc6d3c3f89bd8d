//! How a model is made: what can be asked, and what is chosen where nothing is.

use crate::data::Task;
use crate::error::{ErrorKind, Result};
use crate::optimizers::{self, optimizer};
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
    /// The share of hidden units dropped in training.
    pub dropout: f64,
    /// The loss; by default what suits the target.
    pub loss: Option<String>,
    /// The optimizer, as `NAME:SETTING=VALUE,…`; by default AdamW with strong weight decay.
    pub optimizer: Option<String>,
    /// The size of a step.
    pub learning_rate: Option<f64>,
    /// The most epochs.
    pub epochs: usize,
    /// Rows of a step; by default from the number of rows.
    pub batch_size: Option<usize>,
    /// The share of the rows that choose the best epoch.
    pub validation: f64,
    /// The share of the rows that are set aside before anything is fitted, to be measured at the
    /// end.
    pub test: f64,
    /// Epochs without a better validation loss after which training ends.
    pub patience: usize,
    /// What decides every random choice.
    pub seed: u64,
    /// The most threads; no result depends on it.
    pub threads: usize,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            task: None,
            layers: vec![256],
            activation: "relu".to_owned(),
            dropout: 0.3,
            loss: None,
            optimizer: None,
            learning_rate: None,
            epochs: 500,
            batch_size: None,
            validation: 0.2,
            test: 0.0,
            patience: 40,
            seed: 0,
            threads: crate::engine::available_threads(),
        }
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
    let batch_size = recipe.batch_size.unwrap_or_else(|| batch_size(rows));
    for (option, count) in
        [("epochs", recipe.epochs), ("batch size", batch_size), ("patience", recipe.patience)]
    {
        if count == 0 {
            return Err(invalid(option, 0.0, "1 or more"));
        }
    }
    Ok(Settings {
        epochs: recipe.epochs,
        batch_size,
        optimizer,
        learning_rate,
        patience: recipe.patience,
        seed: recipe.seed,
        threads: recipe.threads,
    })
}

/// An optimizer with its settings: `adamw (beta1 0.9, beta2 0.999, …)`.
pub(super) fn in_words(settings: &optimizers::Settings) -> String {
    let values: Vec<String> =
        settings.iter().map(|(setting, value)| format!("{} {value}", setting.name)).collect();
    format!("{} ({})", settings.optimizer().name, values.join(", "))
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
