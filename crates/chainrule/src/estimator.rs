//! From a table to a trained model: the task, the encoders, the network and its training.

mod architecture;
mod evaluation;
mod folds;
mod objective;
mod rate_finder;
mod recipe;
mod start;

use crate::criterion::Criterion;
use crate::data::{
    Division, Encoders, Note, Schema, Table, Target, TargetEncoder, row_weights, rows_with_target,
};
use crate::engine::{Data as Numbers, Matrices, Matrix};
use crate::error::{ErrorKind, Result};
use crate::metrics::Choice;
use crate::model::{Inputs, Model, Summary};
use crate::network::Network;
use crate::train::{self, Callback, Data, Divergence, Epoch, Settings, Start};
pub use evaluation::{Evaluation, evaluate, evaluate_rows};
use evaluation::{Truth, Watched};
pub use folds::{Fold, Spread};
use objective::Weights;
pub use rate_finder::{Ended, RateRange, RateTest, Tried};
pub use recipe::{Embed, Normalization, Recipe};
use recipe::{in_words, invalid, settings, share};

/// A model with the story of its training.
#[derive(Debug)]
pub struct Fitted {
    /// The model.
    pub model: Model,
    /// Every epoch.
    pub history: Vec<Epoch>,
    /// Whether the callback ended training before its end.
    pub interrupted: bool,
    /// Whether a solver ended it, at the optimum as far as it can tell.
    pub converged: bool,
    /// What ended it, if a loss, a gradient or a parameter was no finite number any more.
    pub diverged: Option<Divergence>,
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
    /// Rows of the table, or of the validation table if there is one.
    validation: Vec<usize>,
    validation_table: Option<Table>,
    /// How much the rows of the target count, then those of the validation table.
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
        Self::with(table, recipe.schema(table, targets)?, None, recipe)
    }

    /// Looks at a table under a schema ([`Recipe::schema`] infers one), and decides what will be
    /// trained. The best epoch is chosen by the rows of another table, read under the same schema,
    /// or else by a part of the table.
    ///
    /// # Errors
    /// What is wrong with the tables, the target or the recipe.
    pub fn with(
        table: &Table,
        schema: Schema,
        validation: Option<Table>,
        recipe: &Recipe,
    ) -> Result<Self> {
        let mut target = Target::infer(table, &schema, objective::task(&schema, recipe))?;
        // Those of the test part too, before anything is spent.
        row_weights(table, &schema, &target.rows)?;
        let division =
            Division::of(table, &target, recipe.group.as_deref(), recipe.time.as_deref())?;
        let (rows, test) = recipe.test_part(&division, &target.rows)?;
        target.rows = rows;
        Self::on(table, schema, target, &division, test, validation, recipe)
    }

    /// Decides what will be trained on the rows of a target.
    fn on(
        table: &Table,
        schema: Schema,
        target: Target,
        division: &Division,
        test: Vec<usize>,
        validation_table: Option<Table>,
        recipe: &Recipe,
    ) -> Result<Self> {
        let loss = objective::loss(&target, recipe)?;
        let classes = target.classes(table)?;
        let fraction = share("validation", recipe.validation)?;
        let mut notes: Vec<Note> =
            table.notes().iter().cloned().chain(target.dropped.clone()).collect();
        let (training, validation) = match &validation_table {
            None => division.hold_out(&target.rows, fraction, recipe.seed),
            Some(validation) => {
                let (rows, dropped) = rows_with_target(validation, &schema)?;
                notes.extend(dropped);
                (target.rows.clone(), rows)
            }
        };
        let encoders = Encoders::fit_with(table, &schema, &training, &recipe.encoders())?;
        let metrics: Vec<Choice> =
            recipe.metrics.iter().map(|text| Choice::parse(text)).collect::<Result<_>>()?;
        let own: &[usize] = if validation_table.is_some() { &[] } else { &validation };
        let parts = [training.as_slice(), own];
        let mut weights = Weights::of(table, &schema, &target, classes.as_deref(), parts, recipe)?;
        let scaling = objective::scaling(&loss);
        let encoded_target = TargetEncoder::fit(table, &target, &training, scaling)?;
        if let Some(table) = &validation_table {
            // What is wrong with the answers is said before the training.
            encoded_target.encode(table, &validation)?;
            weights.extend(table, &schema, &encoded_target, &validation)?;
        }
        let loss = loss.in_units(encoded_target.units());
        let outputs = objective::outputs(&loss, &encoded_target);
        let settings = settings(recipe, training.len())?;
        let dropout = recipe.dropout_with(&settings);
        let network = architecture::network(recipe, &encoders, dropout, outputs)?;
        let chosen = if recipe.loss.is_some() { "as asked" } else { "chosen from the target" };
        let explanation = format!(
            "{}: {} with {} ({chosen}){}{}",
            target.explanation,
            objective::last_step(&loss),
            loss.name(),
            weights.words,
            recipe.apart()
        );
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
            validation_table,
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
        self.train_from(table, Start::default(), callback)
    }

    /// Trains what was decided from other numbers than the network's own first ones, or goes on
    /// where it was stopped.
    ///
    /// # Errors
    /// As [`Plan::train`] and [`train_from`](train::train_from).
    pub fn train_from(
        self,
        table: &Table,
        start: Start,
        callback: &mut dyn Callback,
    ) -> Result<Fitted> {
        let rows = &self.target.rows;
        let mut x = self.encoders.encode_rows_on(table, rows, self.settings.threads)?;
        let mut y = self.encoded_target.encode(table, rows)?;
        let mut count = rows.len();
        if let Some(table) = &self.validation_table {
            let rows = &self.validation;
            x.extend(self.encoders.encode_rows_on(table, rows, self.settings.threads)?);
            y.extend(self.encoded_target.encode(table, rows)?);
            count += rows.len();
        }
        let x = matrix(&x, count, self.encoders.width())?;
        let y = matrix(&y, count, self.encoded_target.width())?;
        let mut groups = vec![("x", x), ("y", y)];
        if let Some(weights) = &self.weights {
            let column = Matrix::new(Numbers::F64(weights), count, 1);
            groups.push(("weight", column.ok_or_else(|| unfit("the rows", count))?));
        }
        let Some(source) = Matrices::new(&groups) else {
            return Err(unfit("the rows", count));
        };
        // The rows with a target are numbered from 0 in what was encoded.
        let place = |row: &usize| rows.binary_search(row).unwrap_or(0) as u32;
        let training: Vec<u32> = self.training.iter().map(place).collect();
        let validation: Vec<u32> = match &self.validation_table {
            None => self.validation.iter().map(place).collect(),
            Some(_) => (rows.len() as u32..count as u32).collect(),
        };
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
                ended: None,
            },
        };
        let data = Data { source: &source, training: &training, validation: &validation };
        let judges = self.validation_table.as_ref().unwrap_or(table);
        let truth = Truth::of(&model, judges, &self.validation, &self.metrics)?;
        if !self.validation.is_empty() {
            truth.check()?;
        }
        let mut watched = Watched { model: &model, truth: &truth, inner: callback };
        let (network, loss) = (&model.network, &self.loss);
        // A row of what was encoded, as the row of the table that it is.
        let located = |mut divergence: Divergence| {
            if let Some(origin) = &mut divergence.origin {
                origin.row = origin.row.and_then(|row| rows.get(row).copied());
                let place = |row: usize| (table.file_of(row).to_owned(), table.line(row));
                origin.line = origin.row.map(place);
            }
            divergence
        };
        let trained = train::train_from::<f32>(network, loss, data, &settings, start, &mut watched);
        let trained = trained.map_err(|error| match error.into_kind() {
            ErrorKind::Diverged(divergence) => ErrorKind::Diverged(located(divergence)),
            other => other,
        })?;
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
        let train::Trained { history, interrupted, converged, diverged, .. } = trained;
        let diverged = diverged.map(located);
        Ok(Fitted { model, history, interrupted, converged, diverged })
    }
}

fn matrix(values: &[f32], rows: usize, columns: usize) -> Result<Matrix<'_>> {
    Matrix::new(Numbers::F32(values), rows, columns).ok_or_else(|| unfit("the rows", rows))
}

fn unfit(option: &'static str, rows: usize) -> crate::error::Error {
    invalid(option, rows as f64, "rows of a table")
}
