//! From a table to a trained model: the task, the encoders, the network and its training.

use std::ops::ControlFlow;

use crate::criterion::Criterion;
use crate::data::{Encoders, Note, Schema, Table, Target, TargetEncoder, Task, split};
use crate::engine::{Data as Numbers, Matrices, Matrix};
use crate::error::{ErrorKind, Result};
use crate::losses::{self, Loss, Output, TargetScale};
use crate::metrics::{Classes, Columns, METRICS, Metric, confusion_matrix};
use crate::model::{Inputs, Model, Summary};
use crate::network::Network;
use crate::optimizers::{self, optimizer};
use crate::train::{self, Callback, Data, Epoch, Settings};

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
    /// The optimizer with settings by name; by default AdamW with strong weight decay.
    pub optimizer: Option<(String, Vec<(String, f64)>)>,
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

/// A model with the story of its training.
#[derive(Debug)]
pub struct Fitted {
    /// The model.
    pub model: Model,
    /// Every epoch.
    pub history: Vec<Epoch>,
    /// Whether the callback ended training.
    pub interrupted: bool,
}

/// What is known before training starts.
#[derive(Debug)]
pub struct Plan {
    /// What is to be predicted.
    pub target: Target,
    /// The network.
    pub network: Network,
    /// The loss.
    pub loss: &'static Loss,
    /// Why this task, last activation and loss, in one line.
    pub explanation: String,
    /// What the user should know about the table.
    pub notes: Vec<Note>,
    /// The columns.
    pub schema: Schema,
    /// How the target becomes numbers.
    pub encoded_target: TargetEncoder,
    /// How it will be trained.
    pub settings: Settings,
    /// The rows that were set aside, ascending.
    pub test: Vec<usize>,
    encoders: Encoders,
    training: Vec<usize>,
    validation: Vec<usize>,
}

impl Plan {
    /// Looks at a table and decides what will be trained.
    ///
    /// # Errors
    /// What is wrong with the table, the target or the recipe.
    pub fn new<S: AsRef<str>>(table: &Table, targets: &[S], recipe: &Recipe) -> Result<Self> {
        let schema = Schema::infer(table, targets)?;
        let mut target = Target::infer(table, &schema, recipe.task)?;
        let classes = target.classes(table)?;
        let fraction = share("test", recipe.test)?;
        // Another seed, so that the two parts are not drawn alike.
        let (rows, test) = split(&target.rows, fraction, !recipe.seed, classes.as_deref());
        target.rows = rows;
        let loss = choose_loss(&target, recipe.loss.as_deref())?;
        let classes = target.classes(table)?;
        let fraction = share("validation", recipe.validation)?;
        let (training, validation) = split(&target.rows, fraction, recipe.seed, classes.as_deref());
        let encoders = Encoders::fit(table, &schema, &training)?;
        let log = loss.scale == TargetScale::Log;
        let encoded_target = TargetEncoder::fit(table, &target, &training, log)?;
        let outputs = match (loss.output, &encoded_target) {
            (Output::Logits, TargetEncoder::Classes { labels, .. }) => labels.len(),
            (_, encoder) => encoder.width(),
        };
        let mut network = Network::new(encoders.width());
        for &units in &recipe.layers {
            network = network.dense(units, &recipe.activation);
            if recipe.dropout != 0.0 {
                network = network.dropout(recipe.dropout);
            }
        }
        network = network.dense(outputs, "linear");
        network.describe()?;
        let activation = match (loss.output, loss.scale) {
            (Output::Prediction, TargetScale::Log) => "an exponential output",
            (Output::Prediction, _) => "a linear output",
            (Output::Logit, _) => "a sigmoid output",
            (Output::Logits, _) => "a softmax output",
        };
        let chosen = if recipe.loss.is_some() { "as asked" } else { "chosen from the target" };
        let explanation =
            format!("{}: {activation} with {} ({chosen})", target.explanation, loss.name);
        let notes = table.notes().iter().cloned().chain(target.dropped.clone()).collect();
        let settings = settings(recipe, training.len())?;
        Ok(Self {
            target,
            network,
            loss,
            explanation,
            notes,
            schema,
            encoded_target,
            settings,
            test,
            encoders,
            training,
            validation,
        })
    }

    /// The rows that are trained on, and those that choose the best epoch.
    pub fn rows(&self) -> (usize, usize) {
        (self.training.len(), self.validation.len())
    }

    /// Trains what was decided.
    ///
    /// # Errors
    /// A target that the loss does not take; [`ErrorKind::Diverged`].
    pub fn train(self, table: &Table, callback: &mut dyn Callback) -> Result<Fitted> {
        let rows = &self.target.rows;
        let x = self.encoders.encode_rows(table, rows)?;
        let y = self.encoded_target.encode(table, rows)?;
        let x = matrix(&x, rows.len(), self.encoders.width())?;
        let y = matrix(&y, rows.len(), self.encoded_target.width())?;
        let Some(source) = Matrices::new(&[("x", x), ("y", y)]) else {
            return Err(unfit("the rows", rows.len()));
        };
        // The rows with a target are numbered from 0 in what was encoded.
        let place = |row: &usize| rows.binary_search(row).unwrap_or(0) as u32;
        let training: Vec<u32> = self.training.iter().map(place).collect();
        let validation: Vec<u32> = self.validation.iter().map(place).collect();
        let settings = self.settings;
        let mut model = Model {
            inputs: Inputs::Table { schema: self.schema, encoders: self.encoders },
            network: self.network,
            target: self.encoded_target,
            parameters: Vec::new(),
            states: Vec::new(),
            summary: Summary {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                explanation: self.explanation,
                loss: self.loss.name.to_owned(),
                optimizer: in_words(&settings.optimizer),
                learning_rate: settings.learning_rate,
                batch_size: settings.batch_size,
                seed: settings.seed,
                training_rows: training.len(),
                validation_rows: validation.len(),
                epochs: 0,
                best_epoch: 0,
                validation: Vec::new(),
            },
        };
        let data = Data { source: &source, training: &training, validation: &validation };
        let truth = Truth::of(&model, table, &self.validation)?;
        let mut watched = Watched { model: &model, truth: &truth, inner: callback };
        let criterion = Criterion::from(self.loss);
        let trained =
            train::train::<f32>(&model.network, &criterion, data, &settings, &mut watched)?;
        let best = trained.history.get(trained.best_epoch.wrapping_sub(1));
        model.summary.epochs = trained.history.len();
        model.summary.best_epoch = trained.best_epoch;
        if let Some(epoch) = best {
            let loss = epoch.validation_loss.map(|loss| ("loss", loss));
            // JSON has no number for what left the range.
            let all = loss.into_iter().chain(epoch.metrics.iter().copied());
            let all = all.filter(|(_, value)| value.is_finite());
            model.summary.validation = all.map(|(name, value)| (name.to_owned(), value)).collect();
        }
        (model.parameters, model.states) = (trained.parameters, trained.states);
        Ok(Fitted { model, history: trained.history, interrupted: trained.interrupted })
    }
}

/// What a model is worth on some rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The number of rows.
    pub rows: usize,
    /// Every metric that suits the task.
    pub metrics: Vec<Measured>,
    /// The number of rows by class (outer) and predicted class (inner), in the order of the
    /// model's labels; empty unless the target is one of classes.
    pub confusion: Vec<Vec<f64>>,
}

/// Measures a model on the rows of a table that have a target.
///
/// # Errors
/// A column or target is absent; no row has a target.
pub fn evaluate(model: &Model, table: &Table, threads: usize) -> Result<Evaluation> {
    let Inputs::Table { schema, .. } = &model.inputs else {
        return Err(unfit("a model of arrays", 0));
    };
    let (rows, _) = crate::data::rows_with_target(table, schema)?;
    evaluate_rows(model, table, &rows, threads)
}

/// Measures a model on some rows of a table.
///
/// # Errors
/// A column or target is absent; one of the rows has no target.
pub fn evaluate_rows(
    model: &Model,
    table: &Table,
    rows: &[usize],
    threads: usize,
) -> Result<Evaluation> {
    let truth = Truth::of(model, table, rows)?;
    let all = model.predict(table, threads)?;
    let width = model.outputs();
    let predictions: Vec<f64> =
        rows.iter().flat_map(|&row| &all[row * width..][..width]).copied().collect();
    let confusion = match &truth {
        Truth::Classes { classes, count } => {
            confusion_matrix(&Classes::new(classes, &predictions, *count, None)?)
        }
        Truth::Numbers { .. } | Truth::YesNo { .. } => Vec::new(),
    };
    Ok(Evaluation { rows: rows.len(), metrics: truth.measure(&predictions)?, confusion })
}

/// A metric's name and value.
pub type Measured = (&'static str, f64);

/// The targets of some rows in their own terms.
enum Truth {
    Numbers {
        values: Vec<f64>,
        outputs: usize,
    },
    Classes {
        classes: Vec<usize>,
        count: usize,
    },
    /// Several yes-or-no targets.
    YesNo {
        values: Vec<usize>,
        outputs: usize,
    },
}

impl Truth {
    fn of(model: &Model, table: &Table, rows: &[usize]) -> Result<Self> {
        let encoded = model.target.encode(table, rows)?;
        let classes = || encoded.iter().map(|&class| class as usize).collect();
        Ok(match &model.target {
            TargetEncoder::Regression { outputs } => {
                let mut values = Vec::with_capacity(encoded.len());
                for &row in rows {
                    for output in outputs {
                        let column = table.require(&output.column)?;
                        values.push(match column.values() {
                            crate::data::Values::Number(numbers) => numbers[row],
                            _ => f64::NAN,
                        });
                    }
                }
                Self::Numbers { values, outputs: outputs.len() }
            }
            TargetEncoder::Classes { labels, .. } => {
                Self::Classes { classes: classes(), count: labels.len() }
            }
            TargetEncoder::Multilabel { outputs } => {
                Self::YesNo { values: classes(), outputs: outputs.len() }
            }
        })
    }

    /// Every metric that suits the targets and can be computed on them.
    fn measure(&self, predictions: &[f64]) -> Result<Vec<Measured>> {
        let measured = |columns: &Columns<'_>, metric: &Metric| {
            let suits = metric.suits(columns) && !RARE.contains(&metric.name);
            let score = suits.then(|| metric.of(columns))?.ok()?;
            Some((metric.name, score.value))
        };
        let all = |columns: Columns<'_>| {
            METRICS.iter().filter_map(|metric| measured(&columns, metric)).collect()
        };
        Ok(match self {
            Self::Numbers { values, outputs } => all(Columns::Numbers(
                crate::metrics::Numbers::new(values, predictions, *outputs, None)?,
            )),
            Self::Classes { classes, count } => {
                all(Columns::Classes(Classes::new(classes, predictions, *count, None)?))
            }
            Self::YesNo { values, outputs } => {
                // The mean over the outputs of each metric of one yes-or-no target.
                let mut sums: Vec<Measured> = Vec::new();
                for output in 0..*outputs {
                    let of = values.iter().skip(output).step_by(*outputs).copied();
                    let classes: Vec<usize> = of.collect();
                    let yes = predictions.iter().skip(output).step_by(*outputs);
                    let rows: Vec<f64> = yes.flat_map(|&p| [1.0 - p, p]).collect();
                    let columns = Columns::Classes(Classes::new(&classes, &rows, 2, None)?);
                    for (name, value) in all(columns) as Vec<Measured> {
                        match sums.iter_mut().find(|(known, _)| *known == name) {
                            Some((_, sum)) => *sum += value / *outputs as f64,
                            None => sums.push((name, value / *outputs as f64)),
                        }
                    }
                }
                sums
            }
        })
    }
}

/// Metrics that are there for the asking, and would only confuse in a report.
const RARE: [&str; 1] = ["r2_ssr_over_sst"];

/// Adds the metrics of the validation rows to what the caller's callback sees.
struct Watched<'a> {
    model: &'a Model,
    truth: &'a Truth,
    inner: &'a mut dyn Callback,
}

impl Callback for Watched<'_> {
    fn step(&mut self, step: u64, loss: f64) -> ControlFlow<()> {
        self.inner.step(step, loss)
    }

    fn epoch(&mut self, epoch: &Epoch) -> ControlFlow<()> {
        self.inner.epoch(epoch)
    }

    fn metrics(&mut self, outputs: &[f64]) -> Vec<(&'static str, f64)> {
        let predictions = self.model.decode_all(outputs);
        let mut metrics = self.truth.measure(&predictions).unwrap_or_default();
        metrics.extend(self.inner.metrics(outputs));
        metrics
    }
}

/// The loss that suits a target, or the one that was asked for if it can be trained on it.
fn choose_loss(target: &Target, asked: Option<&str>) -> Result<&'static Loss> {
    let (output, default) = match target.task {
        Task::Regression => (Output::Prediction, "mse"),
        Task::Binary => (Output::Logit, "binary_cross_entropy"),
        Task::Multiclass => (Output::Logits, "categorical_cross_entropy"),
    };
    let loss = losses::loss(asked.unwrap_or(default))?;
    if loss.output == output {
        return Ok(loss);
    }
    let suited: Vec<&str> =
        losses::LOSSES.iter().filter(|loss| loss.output == output).map(|loss| loss.name).collect();
    Err(ErrorKind::InvalidSetting {
        option: "loss",
        value: loss.name.to_owned(),
        expected: format!("one for {}: {}", target.task, suited.join(", ")),
    }
    .into())
}

/// The recipe's own step and decay: small steps and strong decay, with dropout and early stopping,
/// were the most even over the data sets of `bench/accuracy.py`.
const LEARNING_RATE: f64 = 5e-4;
const DECAY: (&str, f64) = ("weight_decay", 0.3);

/// How the recipe trains so many rows.
fn settings(recipe: &Recipe, rows: usize) -> Result<Settings> {
    let (optimizer, default_rate) = match &recipe.optimizer {
        None => (optimizers::Settings::new(optimizer("adamw")?, &[DECAY])?, LEARNING_RATE),
        Some((name, settings)) => {
            let given: Vec<(&str, f64)> =
                settings.iter().map(|(name, value)| (name.as_str(), *value)).collect();
            let optimizer = optimizer(name)?;
            (optimizers::Settings::new(optimizer, &given)?, optimizer.default_learning_rate)
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
fn in_words(settings: &optimizers::Settings) -> String {
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

fn share(option: &'static str, value: f64) -> Result<f64> {
    match value {
        share if (0.0..1.0).contains(&share) => Ok(share),
        other => Err(invalid(option, other, "a share of the rows from 0 to below 1")),
    }
}

fn invalid(option: &'static str, value: f64, expected: &str) -> crate::error::Error {
    ErrorKind::InvalidSetting { option, value: value.to_string(), expected: expected.to_owned() }
        .into()
}

fn matrix(values: &[f32], rows: usize, columns: usize) -> Result<Matrix<'_>> {
    Matrix::new(Numbers::F32(values), rows, columns).ok_or_else(|| unfit("the rows", rows))
}

fn unfit(option: &'static str, rows: usize) -> crate::error::Error {
    invalid(option, rows as f64, "rows of a table")
}
