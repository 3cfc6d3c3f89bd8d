//! Training: epochs of steps, a validation part, early stopping that restores the best epoch.
//!
//! The whole step (forward, loss, backward, update) is one compiled program, and an epoch is one
//! call of the engine. A seed decides everything: the first parameters, the order of the rows, the
//! dropped units; the number of threads decides nothing.

use std::ops::ControlFlow;

use chainrule_core::derivative::gradient;
use chainrule_core::{Expr, Shape, random};

use crate::criterion::Criterion;
use crate::engine::{
    Batches, Engine, Number, Options, Program, RowSource, Selection, SharedValues, StepControl,
    compile,
};
use crate::error::{ErrorKind, Result};
use crate::losses;
use crate::network::{Built, Network};
use crate::optimizers::{self, Update};

/// What is trained on: the rows of a source that has the groups `x` and `y`, and `weight` if rows
/// count differently. A row of weight 0 changes nothing, but its numbers must be finite.
#[derive(Clone, Copy)]
pub struct Data<'a> {
    /// Where the rows come from.
    pub source: &'a dyn RowSource,
    /// The rows to train on.
    pub training: &'a [u32],
    /// The rows to validate on; with none, the loss of the training rows during an epoch decides
    /// which is best.
    pub validation: &'a [u32],
}

/// How a network is trained.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The most passes over the training rows.
    pub epochs: usize,
    /// Rows of a step.
    pub batch_size: usize,
    /// The update of the parameters.
    pub optimizer: optimizers::Settings,
    /// The size of a step.
    pub learning_rate: f64,
    /// Epochs without a better validation loss after which training ends.
    pub patience: usize,
    /// What decides every random choice.
    pub seed: u64,
    /// The most threads; no result depends on it.
    pub threads: usize,
}

/// What an epoch brought.
#[derive(Clone, Debug, PartialEq)]
pub struct Epoch {
    /// Its number, from 1.
    pub number: usize,
    /// The weighted mean of the training rows' losses during the epoch, finished.
    pub training_loss: f64,
    /// The validation rows' loss after the epoch, if there are any.
    pub validation_loss: Option<f64>,
    /// Metrics of the validation rows after the epoch.
    pub metrics: Vec<(&'static str, f64)>,
    /// Whether it is the best so far.
    pub best: bool,
}

/// What takes part in training from outside.
pub trait Callback {
    /// After each step; `Break` ends training with the best epoch so far.
    fn step(&mut self, _step: u64, _loss: f64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// After each epoch; `Break` ends training with the best epoch so far.
    fn epoch(&mut self, _epoch: &Epoch) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// Metrics of the validation rows, from the network's outputs, row after row.
    fn metrics(&mut self, _outputs: &[f64]) -> Vec<(&'static str, f64)> {
        Vec::new()
    }
}

/// A callback that does nothing.
impl Callback for () {}

/// A trained network.
#[derive(Clone, Debug)]
pub struct Trained<T> {
    /// The parameters of the best epoch, in the network's order.
    pub parameters: Vec<Vec<T>>,
    /// The layers' states of the best epoch.
    pub states: Vec<Vec<T>>,
    /// Every epoch.
    pub history: Vec<Epoch>,
    /// The number of the best epoch; 0 if none has run.
    pub best_epoch: usize,
    /// Whether a callback ended training.
    pub interrupted: bool,
}

/// Trains a network.
///
/// # Errors
/// What is wrong with the network or the loss, or with what the source lacks;
/// [`ErrorKind::TooFewRows`] without training rows; [`ErrorKind::Diverged`] if the loss of the
/// first epoch is not finite.
pub fn train<T: Number>(
    network: &Network,
    criterion: &Criterion,
    data: Data<'_>,
    settings: &Settings,
    callback: &mut dyn Callback,
) -> Result<Trained<T>> {
    let mut trainer = Trainer::<T>::new(network, criterion, data, settings)?;
    let mut history: Vec<Epoch> = Vec::new();
    let mut best: Option<(f64, usize, Kept<T>)> = None;
    let mut interrupted = false;
    for number in 1..=settings.epochs {
        let (training_loss, flow) = trainer.epoch(number, callback)?;
        let (validation_loss, outputs) = trainer.validate()?;
        let loss = validation_loss.unwrap_or(training_loss);
        let better = match &best {
            None => loss.is_finite(),
            Some((least, ..)) => loss.is_finite() && loss < *least,
        };
        let better = better && trainer.is_finite();
        if better {
            best = Some((loss, number, trainer.keep()));
        } else if best.is_none() {
            return Err(ErrorKind::Diverged { epoch: number, loss }.into());
        }
        let metrics = if outputs.is_empty() { Vec::new() } else { callback.metrics(&outputs) };
        let epoch = Epoch { number, training_loss, validation_loss, metrics, best: better };
        let stop = flow.is_break() || callback.epoch(&epoch).is_break();
        history.push(epoch);
        if stop {
            interrupted = true;
            break;
        }
        let waited = best.as_ref().map_or(0, |(_, best, _)| number - best);
        // A loss that is no number any more will not become one again.
        if waited >= settings.patience.max(1) || !training_loss.is_finite() {
            break;
        }
    }
    let (best_epoch, kept) = match best {
        Some((_, number, kept)) => (number, kept),
        None => (0, trainer.keep()),
    };
    let Kept { parameters, states } = kept;
    Ok(Trained { parameters, states, history, best_epoch, interrupted })
}

/// The values that a better epoch leaves.
struct Kept<T> {
    parameters: Vec<Vec<T>>,
    states: Vec<Vec<T>>,
}

/// The compiled step and the compiled validation, with the state of training between epochs.
struct Trainer<'a, T> {
    data: Data<'a>,
    settings: &'a Settings,
    criterion: &'a Criterion,
    step: Engine<T>,
    validation: Engine<T>,
    built: Built,
    inputs: StepInputs,
    weighted: bool,
    order: Vec<u32>,
    steps: u64,
    updates: u64,
    outputs: Vec<T>,
    losses: Vec<T>,
}

/// Where the step's program has what changes from step to step.
#[derive(Clone, Copy)]
struct StepInputs {
    learning_rate: Option<usize>,
    step: Option<usize>,
    total_weight: Option<usize>,
}

impl<'a, T: Number> Trainer<'a, T> {
    fn new(
        network: &Network,
        criterion: &'a Criterion,
        data: Data<'a>,
        settings: &'a Settings,
    ) -> Result<Self> {
        let rows = data.training.len();
        if rows == 0 {
            let file = "the training part".to_owned();
            return Err(ErrorKind::TooFewRows { file, found: rows, needed: 1 }.into());
        }
        let weighted = data.source.find("weight").is_some();
        check_weights(data)?;
        let width = data.source.find("y").map_or(1, |(_, width)| width);
        let built = network.build(true)?;
        if criterion.has_classes() && width == 1 {
            check_classes(data, built.output.shape().elements())?;
        }
        let program = step_program(&built, criterion, &settings.optimizer, width, weighted)?;
        let options = Options { threads: settings.threads, ..Options::default() };
        let inputs = StepInputs {
            learning_rate: program.input("learning_rate"),
            step: program.input("step"),
            total_weight: program.input("total_weight"),
        };
        let mut step = Engine::new(program, options);
        for (parameter, values) in
            built.parameters.iter().zip(built.initial_parameters(settings.seed))
        {
            set(&mut step, &parameter.name, &values)?;
        }
        for state in &built.states {
            let elements = state.dims.iter().product();
            set(&mut step, &state.name, &vec![state.initial; elements])?;
        }
        let prediction = network.build(false)?;
        let target = Expr::input("y", Shape::rows(&[width]));
        let loss = criterion.per_row(&target, &prediction.output);
        let validation = compile(&[prediction.output.clone(), loss], &[])?;
        let mut validation = Engine::new(validation, options);
        for state in &prediction.states {
            let elements = state.dims.iter().product();
            set(&mut validation, &state.name, &vec![state.initial; elements])?;
        }
        let elements = prediction.output.shape().elements();
        let held_out = data.validation.len();
        Ok(Self {
            data,
            settings,
            criterion,
            step,
            validation,
            built,
            inputs,
            weighted,
            order: data.training.to_vec(),
            steps: 0,
            updates: 0,
            outputs: vec![T::ZERO; held_out * elements],
            losses: vec![T::ZERO; held_out],
        })
    }

    /// One pass over the training rows, in an order of its own: the mean loss, finished.
    fn epoch(
        &mut self,
        number: usize,
        callback: &mut dyn Callback,
    ) -> Result<(f64, ControlFlow<()>)> {
        let permutation =
            random::shuffle(self.settings.seed, number as u64, self.order.len() as u32);
        for (slot, &place) in self.order.iter_mut().zip(&permutation) {
            *slot = self.data.training[place as usize];
        }
        let mut control = Steps {
            source: self.data.source,
            weighted: self.weighted.then(|| self.data.source.find("weight")).flatten(),
            weights: Vec::new(),
            inputs: self.inputs,
            learning_rate: self.settings.learning_rate,
            step: self.steps,
            updates: self.updates,
            weight: 0.0,
            total_weight: 0.0,
            total_loss: 0.0,
            criterion: self.criterion,
            callback,
            flow: ControlFlow::Continue(()),
        };
        let batches = Batches {
            rows: Selection::Rows(&self.order),
            size: self.settings.batch_size,
            seed: self.settings.seed,
            first_step: self.steps,
        };
        self.step.run_steps(self.data.source, batches, &mut control)?;
        (self.steps, self.updates) = (control.step, control.updates);
        let loss = self.criterion.finish(control.total_loss / control.total_weight);
        Ok((loss, control.flow))
    }

    /// The validation rows' loss and the network's outputs for them.
    fn validate(&mut self) -> Result<(Option<f64>, Vec<f64>)> {
        let rows = self.data.validation;
        if rows.is_empty() {
            return Ok((None, Vec::new()));
        }
        for name in names(&self.built) {
            let (Some(from), Some(to)) =
                (self.step.program().input(name), self.validation.program().input(name))
            else {
                continue;
            };
            self.validation.set_input(to, self.step.input(from))?;
        }
        let outputs = &mut [&mut self.outputs[..], &mut self.losses[..]];
        self.validation.run(self.data.source, Selection::Rows(rows), 0, 0, outputs)?;
        let mut weights = vec![1.0; rows.len()];
        if let Some((group, _)) = self.data.source.find("weight") {
            self.data.source.gather_f64(group, Selection::Rows(rows), &mut weights);
        }
        let weighted = self.losses.iter().zip(&weights).map(|(loss, w)| loss.to_f64() * w);
        let mean = weighted.sum::<f64>() / weights.iter().sum::<f64>();
        let outputs = self.outputs.iter().map(|x| x.to_f64()).collect();
        Ok((Some(self.criterion.finish(mean)), outputs))
    }

    /// Whether every parameter and state is a finite number.
    fn is_finite(&self) -> bool {
        names(&self.built).all(|name| {
            let input = self.step.program().input(name);
            let values = input.map_or(&[][..], |input| self.step.input(input));
            values.iter().all(|value| value.to_f64().is_finite())
        })
    }

    fn keep(&self) -> Kept<T> {
        let initial = |name: &str| {
            let state = self.built.states.iter().find(|state| state.name == name);
            state.map_or(Vec::new(), |s| vec![T::from_f64(s.initial); s.dims.iter().product()])
        };
        let values = |name: &str| match self.step.program().input(name) {
            Some(input) => self.step.input(input).to_vec(),
            None => initial(name),
        };
        Kept {
            parameters: self.built.parameters.iter().map(|p| values(&p.name)).collect(),
            states: self.built.states.iter().map(|s| values(&s.name)).collect(),
        }
    }
}

/// Refuses weights that are negative or no numbers, and training rows none of which counts.
fn check_weights(data: Data<'_>) -> Result<()> {
    let expected = "a finite number from 0 on, and above 0 for some row";
    let weights =
        check_column(data, "weight", expected, |weight| weight >= 0.0 && weight.is_finite())?;
    match weights.split_at_checked(data.training.len()) {
        Some((training, _)) if training.iter().all(|&weight| weight == 0.0) => {
            Err(invalid("weight", "0 in every row".to_owned(), expected))
        }
        _ => Ok(()),
    }
}

/// Refuses targets that are no class of a network with this many outputs.
fn check_classes(data: Data<'_>, classes: usize) -> Result<()> {
    let expected = format!("a whole number from 0 to {}", classes.saturating_sub(1));
    let is_class = |y: f64| y >= 0.0 && y < classes as f64 && y.floor() == y;
    check_column(data, "y", &expected, is_class).map(|_| ())
}

/// The values of a group of one column in all rows that are used, each of which must be valid;
/// none of a group of another width, or with rows that are not there: the engine refuses those.
fn check_column(
    data: Data<'_>,
    name: &'static str,
    expected: &str,
    is_valid: impl Fn(f64) -> bool,
) -> Result<Vec<f64>> {
    let Some((group, 1)) = data.source.find(name) else { return Ok(Vec::new()) };
    let rows = [data.training, data.validation].concat();
    if rows.iter().any(|&row| row as usize >= data.source.rows()) {
        return Ok(Vec::new());
    }
    let mut values = vec![0.0; rows.len()];
    data.source.gather_f64(group, Selection::Rows(&rows), &mut values);
    match values.iter().zip(&rows).find(|(value, _)| !is_valid(**value)) {
        Some((value, row)) => Err(invalid(name, format!("{value} in row {row}"), expected)),
        None => Ok(values),
    }
}

fn invalid(option: &'static str, value: String, expected: &str) -> crate::error::Error {
    ErrorKind::InvalidSetting { option, value, expected: expected.to_owned() }.into()
}

/// The names of what a network keeps from step to step.
fn names(built: &Built) -> impl Iterator<Item = &str> {
    let parameters = built.parameters.iter().map(|parameter| parameter.name.as_str());
    parameters.chain(built.states.iter().map(|state| state.name.as_str()))
}

fn set<T: Number>(engine: &mut Engine<T>, name: &str, values: &[f64]) -> Result<()> {
    // A parameter that nothing reads is not in the program.
    let Some(input) = engine.program().input(name) else { return Ok(()) };
    let values: Vec<T> = values.iter().map(|&value| T::from_f64(value)).collect();
    Ok(engine.set_input(input, &values)?)
}

/// The training step as one program: its output is the weighted mean of the rows' losses.
///
/// Each row's seed is w/Σw, so that one pass serves; where the loss is finished by a root, its
/// slope, which is known when the batch ends, multiplies the finished gradients.
fn step_program(
    built: &Built,
    criterion: &Criterion,
    optimizer: &optimizers::Settings,
    width: usize,
    weighted: bool,
) -> Result<Program> {
    let target = Expr::input("y", Shape::rows(&[width]));
    let per_row = criterion.per_row(&target, &built.output);
    let weight = match weighted {
        true => Expr::input("weight", Shape::rows(&[])),
        false => Expr::constant(1.0),
    };
    let total_weight = Expr::variable("total_weight");
    let mean = losses::mean(&per_row, &losses::share(&weight, &total_weight));
    let parameters: Vec<Expr> = built.parameters.iter().map(|p| p.expr.clone()).collect();
    let slope = criterion.slope(&mean);
    let learning_rate = Expr::variable("learning_rate");
    let step = Expr::variable("step");
    let mut updates: Vec<(String, Expr)> = Vec::new();
    // A batch in which no row counts changes nothing.
    let empty = total_weight.equals(0.0);
    let mut assign = |name: String, old: &Expr, new: Expr| {
        let new = if weighted { empty.clone().select(old, new) } else { new };
        updates.push((name, new));
    };
    for (parameter, gradient) in built.parameters.iter().zip(gradient(&mean, &parameters)?) {
        let gradient = match &slope {
            Some(slope) => gradient * slope,
            None => gradient,
        };
        let states: Vec<Expr> = optimizer
            .states()
            .iter()
            .map(|state| {
                let name = format!("{} of {}", state, parameter.name);
                Expr::input(&name, Shape::shared(&parameter.dims))
            })
            .collect();
        let update = Update {
            parameter: &parameter.expr,
            gradient: &gradient,
            states: &states,
            learning_rate: &learning_rate,
            step: &step,
            settings: optimizer,
        };
        let (new, new_states) = (optimizer.optimizer().update)(&update);
        assign(parameter.name.clone(), &parameter.expr, new);
        for ((state, old), new) in optimizer.states().iter().zip(&states).zip(new_states) {
            assign(format!("{} of {}", state, parameter.name), old, new);
        }
    }
    for state in &built.states {
        if let Some(new) = &state.update {
            assign(state.name.clone(), &state.expr, new.clone());
        }
    }
    let updates: Vec<(&str, Expr)> =
        updates.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    Ok(compile(&[mean], &updates)?)
}

/// What happens between the steps of an epoch.
struct Steps<'a> {
    source: &'a dyn RowSource,
    weighted: Option<(usize, usize)>,
    weights: Vec<f64>,
    inputs: StepInputs,
    learning_rate: f64,
    step: u64,
    updates: u64,
    weight: f64,
    total_weight: f64,
    total_loss: f64,
    criterion: &'a Criterion,
    callback: &'a mut dyn Callback,
    flow: ControlFlow<()>,
}

impl<T: Number> StepControl<T> for Steps<'_> {
    fn before(&mut self, rows: Selection<'_>, values: &mut SharedValues<'_, T>) {
        self.step += 1;
        self.weight = match self.weighted {
            None => rows.count() as f64,
            Some((group, _)) => {
                self.weights.resize(rows.count(), 0.0);
                self.source.gather_f64(group, rows, &mut self.weights);
                self.weights.iter().sum()
            }
        };
        // A batch in which no row counts is no step to the optimizer.
        self.updates += u64::from(self.weight != 0.0);
        let settings = [
            (self.inputs.learning_rate, self.learning_rate),
            (self.inputs.step, self.updates.max(1) as f64),
            (self.inputs.total_weight, self.weight),
        ];
        for (input, value) in settings {
            if let Some(input) = input {
                values.input_mut(input).fill(T::from_f64(value));
            }
        }
    }

    fn after(&mut self, _: Selection<'_>, values: &mut SharedValues<'_, T>) -> bool {
        let mean = values.output(0).first().map_or(f64::NAN, |mean| mean.to_f64());
        self.total_loss += mean * self.weight;
        self.total_weight += self.weight;
        self.flow = self.callback.step(self.step, self.criterion.finish(mean));
        self.flow.is_continue()
    }
}
