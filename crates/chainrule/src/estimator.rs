//! From a table to a trained model: the task, the encoders, the network and its training.

mod evaluation;
mod recipe;

use crate::criterion::Criterion;
use crate::data::{Encoders, Note, Schema, Table, Target, TargetEncoder, Task, split};
use crate::engine::{Data as Numbers, Matrices, Matrix};
use crate::error::Result;
use crate::losses::{Output, TargetScale};
use crate::model::{Inputs, Model, Summary};
use crate::network::Network;
use crate::train::{self, Callback, Data, Epoch, Settings};
pub use evaluation::{Evaluation, Measured, evaluate, evaluate_rows};
use evaluation::{Truth, Watched};
pub use recipe::Recipe;
use recipe::{in_words, invalid, settings, share};

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
    pub loss: Criterion,
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
        let log = loss.scale() == TargetScale::Log;
        let encoded_target = TargetEncoder::fit(table, &target, &training, log)?;
        let outputs = match (loss.output(), &encoded_target) {
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
        let activation = match (loss.output(), loss.scale()) {
            (Output::Prediction, TargetScale::Log) => "an exponential output",
            (Output::Prediction, _) => "a linear output",
            (Output::Logit, _) => "a sigmoid output",
            (Output::Logits, _) => "a softmax output",
        };
        let chosen = if recipe.loss.is_some() { "as asked" } else { "chosen from the target" };
        let explanation =
            format!("{}: {activation} with {} ({chosen})", target.explanation, loss.name());
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
    /// A target that the loss does not take; [`Diverged`](crate::ErrorKind::Diverged).
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
                loss: self.loss.name().to_owned(),
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
        let trained =
            train::train::<f32>(&model.network, &self.loss, data, &settings, &mut watched)?;
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

/// The loss that suits a target, or the one that was asked for if it can be trained on it.
fn choose_loss(target: &Target, asked: Option<&str>) -> Result<Criterion> {
    let (output, default) = match target.task {
        Task::Regression => (Output::Prediction, "mse"),
        Task::Binary => (Output::Logit, "binary_cross_entropy"),
        Task::Multiclass => (Output::Logits, "categorical_cross_entropy"),
    };
    Criterion::parse(asked.unwrap_or(default), output)
}

fn matrix(values: &[f32], rows: usize, columns: usize) -> Result<Matrix<'_>> {
    Matrix::new(Numbers::F32(values), rows, columns).ok_or_else(|| unfit("the rows", rows))
}

fn unfit(option: &'static str, rows: usize) -> crate::error::Error {
    invalid(option, rows as f64, "rows of a table")
}
