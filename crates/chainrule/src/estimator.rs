//! From a table to a trained model: the task, the encoders, the network and its training.

mod architecture;
mod evaluation;
mod objective;
mod recipe;

use crate::criterion::Criterion;
use crate::data::{Encoders, Note, Schema, Table, Target, TargetEncoder, row_weights, split};
use crate::engine::{Data as Numbers, Matrices, Matrix};
use crate::error::Result;
use crate::metrics::Choice;
use crate::model::{Inputs, Model, Summary};
use crate::network::Network;
use crate::train::{self, Callback, Data, Epoch, Settings};
pub use evaluation::{Evaluation, evaluate, evaluate_rows};
use evaluation::{Truth, Watched};
use objective::Weights;
pub use recipe::{Embed, Normalization, Recipe};
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
    /// Whether a solver ended it, at the optimum as far as it can tell.
    pub converged: bool,
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
    weights: Option<Vec<f64>>,
    /// What is measured besides the metrics of every report.
    pub metrics: Vec<Choice>,
}

impl Plan {
    /// Looks at a table and decides what will be trained.
    ///
    /// # Errors
    /// What is wrong with the table, the target or the recipe.
    pub fn new<S: AsRef<str>>(table: &Table, targets: &[S], recipe: &Recipe) -> Result<Self> {
        let mut schema = Schema::infer(table, targets)?;
        if let Some(weight) = &recipe.weight {
            schema = schema.with_weight(table, weight)?;
        }
        let mut target = Target::infer(table, &schema, objective::task(&schema, recipe))?;
        // Those of the test part too, before anything is spent.
        row_weights(table, &schema, &target.rows)?;
        let classes = target.classes(table)?;
        let fraction = share("test", recipe.test)?;
        // Another seed, so that the two parts are not drawn alike.
        let (rows, test) = split(&target.rows, fraction, !recipe.seed, classes.as_deref());
        target.rows = rows;
        let loss = objective::loss(&target, recipe)?;
        let classes = target.classes(table)?;
        let fraction = share("validation", recipe.validation)?;
        let (training, validation) = split(&target.rows, fraction, recipe.seed, classes.as_deref());
        let embedded: Vec<&str> = recipe.embed.iter().map(|embed| &*embed.column).collect();
        let encoders =
            Encoders::fit_with_codes(table, &schema, &training, &embedded, recipe.threads)?;
        let metrics: Vec<Choice> =
            recipe.metrics.iter().map(|text| Choice::parse(text)).collect::<Result<_>>()?;
        let parts = [training.as_slice(), &validation];
        let weights = Weights::of(table, &schema, &target, classes.as_deref(), parts, recipe)?;
        let scaling = objective::scaling(&loss);
        let encoded_target = TargetEncoder::fit(table, &target, &training, scaling)?;
        let loss = loss.in_units(encoded_target.units());
        let outputs = objective::outputs(&loss, &encoded_target);
        let settings = settings(recipe, training.len())?;
        let dropout = recipe.dropout_with(&settings);
        let network = architecture::network(recipe, &encoders, dropout, outputs)?;
        let chosen = if recipe.loss.is_some() { "as asked" } else { "chosen from the target" };
        let explanation = format!(
            "{}: {} with {} ({chosen}){}",
            target.explanation,
            objective::last_step(&loss),
            loss.name(),
            weights.words
        );
        let notes = table.notes().iter().cloned().chain(target.dropped.clone()).collect();
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
            metrics,
            weights: weights.of_rows,
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
        let x = self.encoders.encode_rows_on(table, rows, self.settings.threads)?;
        let y = self.encoded_target.encode(table, rows)?;
        let x = matrix(&x, rows.len(), self.encoders.width())?;
        let y = matrix(&y, rows.len(), self.encoded_target.width())?;
        let mut groups = vec![("x", x), ("y", y)];
        if let Some(weights) = &self.weights {
            let column = Matrix::new(Numbers::F64(weights), rows.len(), 1);
            groups.push(("weight", column.ok_or_else(|| unfit("the rows", rows.len()))?));
        }
        let Some(source) = Matrices::new(&groups) else {
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
                optimizer: in_words(&settings),
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
        let truth = Truth::of(&model, table, &self.validation, &self.metrics)?;
        if !self.validation.is_empty() {
            truth.check()?;
        }
        let mut watched = Watched { model: &model, truth: &truth, inner: callback };
        let trained =
            train::train::<f32>(&model.network, &self.loss, data, &settings, &mut watched)?;
        let best = trained.history.get(trained.best_epoch.wrapping_sub(1));
        model.summary.epochs = trained.history.len();
        model.summary.best_epoch = trained.best_epoch;
        if let Some(epoch) = best {
            let loss = epoch.validation_loss.map(|loss| ("loss".to_owned(), loss));
            let metrics = epoch.metrics.iter().map(|(name, value)| (name.to_string(), *value));
            // JSON has no number for what left the range.
            let all = loss.into_iter().chain(metrics).filter(|(_, value)| value.is_finite());
            model.summary.validation = all.collect();
        }
        (model.parameters, model.states) = (trained.parameters, trained.states);
        let train::Trained { history, interrupted, converged, .. } = trained;
        Ok(Fitted { model, history, interrupted, converged })
    }
}

fn matrix(values: &[f32], rows: usize, columns: usize) -> Result<Matrix<'_>> {
    Matrix::new(Numbers::F32(values), rows, columns).ok_or_else(|| unfit("the rows", rows))
}

fn unfit(option: &'static str, rows: usize) -> crate::error::Error {
    invalid(option, rows as f64, "rows of a table")
}
