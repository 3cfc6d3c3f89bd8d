//! Training: epochs of steps, a validation part, early stopping that restores the best epoch.
//!
//! The whole step (forward, loss, backward, update) is one compiled program, and an epoch is one
//! call of the engine. A seed decides everything: the first parameters, the order of the rows, the
//! dropped units; the number of threads decides nothing. A solver ([`crate::lbfgs`]) takes all
//! rows at once instead, and an epoch is one of its iterations.

mod check;
mod divergence;
pub(crate) mod program;
mod resume;
mod solver;
mod steps;
mod validation;

use std::ops::ControlFlow;

use crate::checkpoint::{Checkpoint, Identity, Position, Tensor};
use crate::clipping::Clipping;
use crate::criterion::Criterion;
use crate::engine::{Engine, KernelTime, Number, Options, Program, RowSource};
use crate::error::{ErrorKind, Result};
use crate::metrics::Measured;
use crate::network::{Built, Network};
use crate::optimizers;
use crate::schedules::{self, Warmup};
pub use divergence::{Divergence, Origin};
use resume::{First, identity};
use solver::Solver;
use steps::Stepper;
use validation::Validation;

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

impl Data<'_> {
    /// The columns of the target, and whether rows count differently.
    pub(crate) fn shape(&self) -> (usize, bool) {
        let width = self.source.find("y").map_or(1, |(_, width)| width);
        (width, self.source.find("weight").is_some())
    }
}

/// How a network is trained.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The most passes over the training rows.
    pub epochs: usize,
    /// Rows of a step; a solver takes all rows.
    pub batch_size: usize,
    /// The update of the parameters.
    pub optimizer: optimizers::Settings,
    /// The size of a step; of a solver, the share of a direction that it tries first.
    pub learning_rate: f64,
    /// How the learning rate goes on through the run.
    pub schedule: schedules::Settings,
    /// How long it rises first.
    pub warmup: Warmup,
    /// The bound on the gradients, if there is one.
    pub clip: Option<Clipping>,
    /// Epochs without a better validation loss after which training ends.
    pub patience: usize,
    /// What decides every random choice.
    pub seed: u64,
    /// The most threads; no result depends on it.
    pub threads: usize,
}

impl Epoch {
    /// The loss that decides which epoch is the best: of validation, or else of training.
    pub fn loss(&self) -> f64 {
        self.validation_loss.unwrap_or(self.training_loss)
    }
}

impl Settings {
    /// What is done to the steps besides the optimizer's rule, in words: `schedule cosine`,
    /// `warm-up 100 steps`, `clip global_norm=1`.
    pub fn additions(&self) -> Vec<String> {
        let schedule = self.schedule.member().name != "constant";
        let warmup = self.warmup != Warmup::NONE;
        let all = [
            schedule.then(|| format!("schedule {}", self.schedule)),
            warmup.then(|| format!("warm-up {}", self.warmup)),
            self.clip.map(|clip| format!("clip {clip}")),
        ];
        all.into_iter().flatten().collect()
    }
}

/// What an epoch brought.
#[derive(Clone, Debug, PartialEq)]
pub struct Epoch {
    /// Its number, from 1.
    pub number: usize,
    /// The weighted mean of the training rows' losses during the epoch, finished; of a solver, at
    /// its end.
    pub training_loss: f64,
    /// The validation rows' loss after the epoch, if there are any.
    pub validation_loss: Option<f64>,
    /// Metrics of the validation rows after the epoch.
    pub metrics: Vec<Measured>,
    /// The learning rate of its last step.
    pub learning_rate: f64,
    /// Whether it is the best so far.
    pub best: bool,
}

/// What takes part in training from outside.
pub trait Callback {
    /// After each step; `Break` ends training in the middle of its epoch, with the best epoch that
    /// is finished.
    fn step(&mut self, _step: u64, _loss: f64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// After each epoch; `Break` ends training with the best epoch so far.
    fn epoch(&mut self, _epoch: &Epoch) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// Metrics of the validation rows, from the network's outputs, row after row.
    fn metrics(&mut self, _outputs: &[f64]) -> Vec<Measured> {
        Vec::new()
    }

    /// Whether the time in each kernel is to be measured, which takes some 40 ns a kernel and step.
    fn profiles(&self) -> bool {
        false
    }

    /// At the end, if [`Callback::profiles`]: the number of steps, and what the first thread has
    /// spent in each kernel of a step.
    fn profile(&mut self, _steps: u64, _times: &[KernelTime]) {}

    /// What keeps checkpoints of the training, if anything does.
    fn keeper(&mut self) -> Option<&mut dyn Keeper> {
        None
    }
}

/// What keeps the state of a training, so that it can go on if it is stopped.
pub trait Keeper {
    /// What run it is, before its first step.
    fn begin(&mut self, _identity: &Identity) {}

    /// Whether the state is to be kept now: between two epochs, or (asked after some steps)
    /// within one.
    fn wants(&mut self, within_epoch: bool) -> bool;

    /// The state, if it was wanted; and once when training ends, unless by an error.
    fn keep(&mut self, state: Checkpoint);
}

/// The parameters and the states of a model, each in the network's order.
pub type Values = (Vec<Vec<f32>>, Vec<Vec<f32>>);

/// What a training begins with, other than the network's own first parameters.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// What the parameters and the states are at first.
    pub values: Option<Values>,
    /// Where a run of the same data and settings was stopped, with the name of its file.
    pub checkpoint: Option<(Checkpoint, String)>,
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
    /// Whether a callback ended training before its end.
    pub interrupted: bool,
    /// Whether a solver ended it, at the optimum as far as it can tell.
    pub converged: bool,
    /// What ended it, if a loss, a gradient or a parameter was no finite number any more.
    pub diverged: Option<Divergence>,
}

/// The step of training as one program: forward, loss, backward and update, for targets of
/// `width` columns.
///
/// # Errors
/// What is wrong with the network or the loss.
pub fn step_program(
    network: &Network,
    criterion: &Criterion,
    settings: &Settings,
    width: usize,
) -> Result<Program> {
    let built = network.build(true)?;
    program::step(&built, criterion, &settings.optimizer, settings.clip, (width, false))
}

/// Trains a network.
///
/// # Errors
/// What is wrong with the network or the loss, or with what the source lacks;
/// [`ErrorKind::TooFewRows`] without training rows; [`ErrorKind::Diverged`] if a loss, a gradient
/// or a parameter is no finite number before there is a best epoch;
/// [`ErrorKind::InvalidSetting`] for a solver of a network that draws random numbers.
pub fn train<T: Number>(
    network: &Network,
    criterion: &Criterion,
    data: Data<'_>,
    settings: &Settings,
    callback: &mut dyn Callback,
) -> Result<Trained<T>> {
    train_from(network, criterion, data, settings, Start::default(), callback)
}

/// Trains a network from other parameters than its own first ones, or goes on where a run was
/// stopped: what comes out has the same bits as if it had not been, for any number of threads
/// before and after.
///
/// # Errors
/// As [`train`]; [`ErrorKind::OtherRun`] for a checkpoint of other data or settings,
/// [`ErrorKind::RunIsOver`] for one of a run that came to its end,
/// [`ErrorKind::NotACheckpoint`] for one whose numbers do not fit, and
/// [`ErrorKind::InvalidSetting`] for parameters that do not.
pub fn train_from<T: Number>(
    network: &Network,
    criterion: &Criterion,
    data: Data<'_>,
    settings: &Settings,
    start: Start,
    callback: &mut dyn Callback,
) -> Result<Trained<T>> {
    let rows = data.training.len();
    if rows == 0 {
        let file = "the training part".to_owned();
        return Err(ErrorKind::TooFewRows { file, found: rows, needed: 1 }.into());
    }
    check::check_weights(data)?;
    let (width, weighted) = data.shape();
    let built = match weighted {
        true => network.build_weighted(&program::row_weight())?,
        false => network.build(true)?,
    };
    let by_steps = settings.optimizer.optimizer().update.is_some();
    check::check_batches(&built, if by_steps { settings.batch_size.min(rows) } else { rows })?;
    if criterion.has_classes() && width == 1 {
        check::check_classes(data, built.output.shape().elements())?;
    }
    let Start { values, checkpoint } = start;
    let first = First::of(&built, settings.seed, values.as_ref())?;
    let mut run = None;
    if checkpoint.is_some() || callback.keeper().is_some() {
        let identity = identity::<T>(network, criterion, data, settings, values.as_ref());
        if let Some((state, file)) = &checkpoint {
            state.check(&identity, file)?;
            if state.over {
                let (file, epochs) = (file.clone(), state.history.len());
                return Err(ErrorKind::RunIsOver { file, epochs }.into());
            }
        }
        if let Some(keeper) = callback.keeper() {
            keeper.begin(&identity);
        }
        run = Some(identity);
    }
    let profile = callback.profiles();
    let options = Options { threads: settings.threads, profile, ..Options::default() };
    let mut learner: Box<dyn Learner<T> + '_> = match by_steps {
        true => Box::new(Stepper::new(network, built, first, criterion, data, settings, options)?),
        false => Box::new(Solver::new(network, built, first, criterion, data, settings, options)?),
    };
    let mut story = match checkpoint {
        Some((state, file)) => resume::take_up(state, &file, learner.as_mut())?,
        None => Story { history: Vec::new(), best: None, over: settings.epochs == 0 },
    };
    let options = Options { profile: false, ..options };
    let mut validation = Validation::new(network, criterion, data, options)?;
    let mut losses: Vec<f64> = story.history.iter().map(Epoch::loss).collect();
    let (mut interrupted, mut converged) = (false, false);
    let mut diverged = None;
    while !story.over && !interrupted {
        let number = story.history.len() + 1;
        let round = learner.epoch(number, &losses, callback)?;
        if !round.finished {
            interrupted = round.flow.is_break();
            // Only a state that was wanted stops an epoch else, which then goes on.
            if let (false, Some(run), Some(keeper)) = (interrupted, &run, callback.keeper()) {
                keeper.keep(resume::state(run, &story, learner.as_ref()));
            }
            continue;
        }
        let (validation_loss, outputs) = validation.run(learner.as_ref())?;
        let loss = validation_loss.unwrap_or(round.loss);
        losses.push(loss);
        let better = match &story.best {
            None => true,
            // An iteration of a solver is no worse than the one before: near the optimum the
            // loss has no more digits to tell by.
            Some(_) if !by_steps && validation_loss.is_none() => true,
            Some((best, _)) => loss < losses[*best - 1],
        };
        let lost = !round.loss.is_finite() || !learner.is_finite();
        let better = better && loss.is_finite() && !lost;
        if lost {
            let found = learner.trace(&losses[..losses.len() - 1])?;
            diverged = Some(match found {
                Some(found) => Divergence { epoch: number, ..found },
                None => Divergence::of_loss(number, round.loss),
            });
        }
        if better {
            story.best = Some((number, learner.keep()));
        } else if story.best.is_none() {
            let found = diverged.unwrap_or_else(|| Divergence::of_loss(number, loss));
            return Err(ErrorKind::Diverged(found).into());
        }
        let metrics = if outputs.is_empty() { Vec::new() } else { callback.metrics(&outputs) };
        let (training_loss, learning_rate) = (round.loss, round.learning_rate);
        let epoch =
            Epoch { number, training_loss, validation_loss, metrics, learning_rate, best: better };
        // Both are told, whatever the first says.
        let stop = callback.epoch(&epoch).is_break() | round.flow.is_break();
        story.history.push(epoch);
        let waited = story.best.as_ref().map_or(0, |(best, _)| number - best);
        converged = round.converged;
        story.over = converged
            || number >= settings.epochs
            || waited >= settings.patience.max(1)
            // What is no number any more will not become one again.
            || lost;
        interrupted = stop && !story.over;
        if let (false, Some(run), Some(keeper)) = (stop || story.over, &run, callback.keeper())
            && keeper.wants(false)
        {
            keeper.keep(resume::state(run, &story, learner.as_ref()));
        }
    }
    if let (Some(run), Some(keeper)) = (&run, callback.keeper()) {
        keeper.keep(resume::state(run, &story, learner.as_ref()));
    }
    if profile {
        let (steps, times) = learner.profile();
        callback.profile(steps, &times);
    }
    let (best_epoch, kept) = match story.best {
        Some((number, kept)) => (number, kept),
        None => (0, learner.keep()),
    };
    let (Kept { parameters, states }, history) = (kept, story.history);
    Ok(Trained { parameters, states, history, best_epoch, interrupted, converged, diverged })
}

/// What has come of the epochs so far.
struct Story<T> {
    history: Vec<Epoch>,
    /// The number of the best epoch, and what it left.
    best: Option<(usize, Kept<T>)>,
    /// Whether there is no more to run.
    over: bool,
}

/// The values that a better epoch leaves.
struct Kept<T> {
    parameters: Vec<Vec<T>>,
    states: Vec<Vec<T>>,
}

/// What an epoch was to whoever learned in it.
struct Round {
    loss: f64,
    learning_rate: f64,
    flow: ControlFlow<()>,
    /// Whether it went through all rows; else its numbers say nothing yet.
    finished: bool,
    converged: bool,
}

/// What makes the loss smaller, epoch by epoch: steps, or a solver.
trait Learner<T: Number> {
    /// The network.
    fn built(&self) -> &Built;

    /// One pass over the training rows, or the rest of one that was broken off, after epochs with
    /// these losses.
    fn epoch(
        &mut self,
        number: usize,
        losses: &[f64],
        callback: &mut dyn Callback,
    ) -> Result<Round>;

    /// The elements of a parameter or a state; `None` if nothing reads it.
    fn values(&self, name: &str) -> Option<&[T]>;

    /// Where it stands, and everything that it has.
    fn save(&self) -> (Position, Vec<Tensor>);

    /// Takes over what another one of the same network and settings has saved; `None` if it does
    /// not fit.
    fn restore(&mut self, position: Position, tensors: &[Tensor]) -> Option<()>;

    /// Where an epoch left the numbers, which followed epochs with these losses: it is run once more,
    /// and its first step that comes to no finite number is looked at.
    fn trace(&mut self, losses: &[f64]) -> Result<Option<Divergence>>;

    /// How often its program has run, and the time in each of its kernels.
    fn profile(&self) -> (u64, Vec<KernelTime>);

    /// Whether every parameter and state is a finite number.
    fn is_finite(&self) -> bool {
        names(self.built()).all(|name| {
            let values = self.values(name).unwrap_or(&[]);
            values.iter().all(|value| value.to_f64().is_finite())
        })
    }

    /// The parameters and the states as they are.
    fn keep(&self) -> Kept<T> {
        let built = self.built();
        let initial = |name: &str| {
            let state = built.states.iter().find(|state| state.name == name);
            state.map_or(Vec::new(), |s| vec![T::from_f64(s.initial); s.dims.iter().product()])
        };
        let values = |name: &str| match self.values(name) {
            Some(values) => values.to_vec(),
            None => initial(name),
        };
        Kept {
            parameters: built.parameters.iter().map(|p| values(&p.name)).collect(),
            states: built.states.iter().map(|s| values(&s.name)).collect(),
        }
    }
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
