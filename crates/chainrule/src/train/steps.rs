//! Training by steps: each epoch takes the rows in batches, in an order of its own.

use std::ops::ControlFlow;

use chainrule_core::random;

use super::divergence::{self, Divergence, Section, Stage};
use super::{Callback, Data, First, Learner, Round, Settings, program, set};
use crate::checkpoint::{Position, Tensor};
use crate::criterion::Criterion;
use crate::engine::{
    Batches, Engine, KernelTime, Number, Options, RowSource, Selection, SharedValues, StepControl,
};
use crate::error::Result;
use crate::network::{Built, Network};
use crate::schedules::Course;

/// The compiled step, with the state of training between epochs.
pub(super) struct Stepper<'a, T> {
    network: &'a Network,
    built: Built,
    frame: Frame<'a>,
    engine: Engine<T>,
    position: Position,
    /// The steps that others took before.
    before: u64,
    /// Where the program has what it keeps from step to step.
    places: Vec<usize>,
    /// What it had there when the epoch began, or went on, and where that was.
    began: (Position, Vec<Vec<T>>),
}

/// What the steps of every epoch are made by.
struct Frame<'a> {
    data: Data<'a>,
    settings: &'a Settings,
    criterion: &'a Criterion,
    inputs: StepInputs,
    course: Course,
    weighted: bool,
    order: Vec<u32>,
}

/// Where the step's program has what changes from step to step.
#[derive(Clone, Copy)]
struct StepInputs {
    learning_rate: Option<usize>,
    step: Option<usize>,
    total_weight: Option<usize>,
}

impl<'a, T: Number> Stepper<'a, T> {
    pub(super) fn new(
        network: &'a Network,
        built: Built,
        first: First,
        criterion: &'a Criterion,
        data: Data<'a>,
        settings: &'a Settings,
        options: Options,
    ) -> Result<Self> {
        let Settings { optimizer, clip, schedule, warmup, learning_rate, .. } = settings;
        let (width, weighted) = data.shape();
        let program = program::step(&built, criterion, optimizer, *clip, (width, weighted))?;
        let inputs = StepInputs {
            learning_rate: program.input("learning_rate"),
            step: program.input("step"),
            total_weight: program.input("total_weight"),
        };
        let per_epoch = data.training.len().div_ceil(settings.batch_size.max(1)) as u64;
        let epochs = settings.epochs as u64;
        let course = Course::new(schedule, *warmup, *learning_rate, epochs, per_epoch)?;
        let mut engine = Engine::new(program, options);
        let parameters = built.parameters.iter().map(|parameter| &parameter.name);
        let states = built.states.iter().map(|state| &state.name);
        let values = first.parameters.iter().chain(&first.states);
        for (name, values) in parameters.chain(states).zip(values) {
            set(&mut engine, name, values)?;
        }
        let order = data.training.to_vec();
        let mut stepper = Self {
            network,
            built,
            frame: Frame { data, settings, criterion, inputs, course, weighted, order },
            engine,
            position: Position::default(),
            before: 0,
            places: Vec::new(),
            began: (Position::default(), Vec::new()),
        };
        stepper.places = stepper.kept().map(|(place, ..)| place).collect();
        stepper.began.1 = vec![Vec::new(); stepper.places.len()];
        Ok(stepper)
    }

    /// The step in parts that have names, as the program computes it.
    fn sections(&self) -> Result<Vec<Section>> {
        let Settings { optimizer, clip, .. } = self.frame.settings;
        let shape = self.frame.data.shape();
        let (mut sections, gradients) =
            divergence::sections(self.network, &self.built, self.frame.criterion, shape)?;
        for (name, new) in program::updates(&self.built, &gradients, optimizer, *clip, shape.1) {
            let name = match self.built.states.iter().any(|state| state.name == name) {
                true => divergence::input_in_words(&name),
                false => format!(
                    "{}'s step of {}",
                    optimizer.optimizer().name,
                    divergence::input_in_words(&name)
                ),
            };
            sections.push(Section { name, end: new, stage: Stage::Update });
        }
        Ok(sections)
    }

    /// What the program has besides the rows and what is set before each step: its place, its name
    /// and its dimensions.
    fn kept(&self) -> impl Iterator<Item = (usize, &str, &[usize])> {
        let StepInputs { learning_rate, step, total_weight } = self.frame.inputs;
        let inputs = self.engine.program().inputs().iter().enumerate();
        inputs
            .filter(move |(place, input)| {
                let set = [learning_rate, step, total_weight].contains(&Some(*place));
                !input.shape.is_rows() && !set
            })
            .map(|(place, input)| (place, input.name.as_str(), &*input.shape.dims))
    }
}

impl Frame<'_> {
    /// The steps that are left of the epoch, from a position on.
    fn steps<'s>(
        &'s self,
        position: Position,
        losses: &'s [f64],
        callback: &'s mut dyn Callback,
    ) -> Steps<'s> {
        Steps {
            source: self.data.source,
            weighted: self.weighted.then(|| self.data.source.find("weight")).flatten(),
            weights: Vec::new(),
            inputs: self.inputs,
            course: &self.course,
            losses,
            learning_rate: self.settings.learning_rate,
            position,
            weight: 0.0,
            criterion: self.criterion,
            callback,
            flow: ControlFlow::Continue(()),
            lost: false,
        }
    }

    /// The rows that are left of the epoch, from a position on.
    fn batches(&self, position: Position) -> Batches<'_> {
        Batches {
            rows: Selection::Rows(self.order.get(position.rows..).unwrap_or(&[])),
            size: self.settings.batch_size,
            seed: self.settings.seed,
            first_step: position.steps,
        }
    }
}

impl<T: Number> Learner<T> for Stepper<'_, T> {
    fn built(&self) -> &Built {
        &self.built
    }

    fn epoch(
        &mut self,
        number: usize,
        losses: &[f64],
        callback: &mut dyn Callback,
    ) -> Result<Round> {
        let permutation =
            random::shuffle(self.frame.settings.seed, number as u64, self.frame.order.len() as u32);
        for (slot, &place) in self.frame.order.iter_mut().zip(&permutation) {
            *slot = self.frame.data.training[place as usize];
        }
        self.began.0 = self.position;
        for (values, &place) in self.began.1.iter_mut().zip(&self.places) {
            values.clear();
            values.extend_from_slice(self.engine.input(place));
        }
        let mut control = self.frame.steps(self.position, losses, callback);
        let batches = self.frame.batches(self.position);
        self.engine.run_steps(self.frame.data.source, batches, &mut control)?;
        let Steps { position, learning_rate, flow, lost, .. } = control;
        let loss = self.frame.criterion.finish(position.loss / position.weight);
        // What is lost has no more steps.
        let finished = lost || position.rows >= self.frame.order.len();
        self.position = match finished {
            true => Position { rows: 0, loss: 0.0, weight: 0.0, ..position },
            false => position,
        };
        Ok(Round { loss, learning_rate, flow, finished, converged: false })
    }

    fn save(&self) -> (Position, Vec<Tensor>) {
        let tensor = |(place, name, dims): (usize, &str, &[usize])| {
            Tensor::of(name, dims, self.engine.input(place))
        };
        (self.position, self.kept().map(tensor).collect())
    }

    fn restore(&mut self, position: Position, tensors: &[Tensor]) -> Option<()> {
        let kept: Vec<(usize, Vec<T>)> = self
            .kept()
            .map(|(place, name, dims)| {
                let found = tensors.iter().find(|tensor| tensor.name == name)?;
                (found.dims == dims).then(|| found.values()).flatten().map(|all| (place, all))
            })
            .collect::<Option<_>>()?;
        let whole = position.rows.is_multiple_of(self.frame.settings.batch_size.max(1));
        if kept.len() != tensors.len() || !whole || position.rows >= self.frame.order.len() {
            return None;
        }
        for (place, values) in kept {
            self.engine.set_input(place, &values).ok()?;
        }
        (self.position, self.before) = (position, position.steps);
        Some(())
    }

    fn values(&self, name: &str) -> Option<&[T]> {
        self.engine.program().input(name).map(|input| self.engine.input(input))
    }

    fn trace(&mut self, losses: &[f64]) -> Result<Option<Divergence>> {
        let (began, values) = &self.began;
        for (values, &place) in values.iter().zip(&self.places) {
            self.engine.set_input(place, values)?;
        }
        let (frame, places) = (&self.frame, &self.places);
        let mut ignored = ();
        let steps = frame.steps(*began, losses, &mut ignored);
        let kept = vec![Vec::new(); places.len()];
        let mut replay = Replay { steps, places, kept, found: None };
        self.engine.run_steps(frame.data.source, frame.batches(*began), &mut replay)?;
        let Replay { steps, kept, found, .. } = replay;
        let Some((loss, rows)) = found else { return Ok(None) };
        let step = steps.position.steps;
        let inputs = self.engine.program().inputs().iter().enumerate();
        let inputs = inputs.filter(|(_, input)| !input.shape.is_rows()).map(|(place, input)| {
            let before = places.iter().position(|&own| own == place);
            let values = match before {
                Some(before) => kept[before].clone(),
                None => self.engine.input(place).to_vec(),
            };
            (input.name.clone(), values)
        });
        let inputs: Vec<(String, Vec<T>)> = inputs.collect();
        let Settings { seed, threads, .. } = *frame.settings;
        let source = frame.data.source;
        let setting = divergence::Setting { source, rows: &rows, seed, step: step - 1, threads };
        let origin = divergence::origin(&self.sections()?, &inputs, setting)?;
        Ok(Some(Divergence { epoch: 0, step: Some(step), loss, origin }))
    }

    fn profile(&self) -> (u64, Vec<KernelTime>) {
        (self.position.steps - self.before, self.engine.profile())
    }
}

/// How many steps there are from one question to the keeper to the next: a question costs some
/// 50 ns, and the smallest steps take a few thousand.
const STEPS_BETWEEN: u64 = 16;

/// What happens between the steps of an epoch.
struct Steps<'a> {
    source: &'a dyn RowSource,
    weighted: Option<(usize, usize)>,
    weights: Vec<f64>,
    inputs: StepInputs,
    course: &'a Course,
    losses: &'a [f64],
    learning_rate: f64,
    position: Position,
    weight: f64,
    criterion: &'a Criterion,
    callback: &'a mut dyn Callback,
    flow: ControlFlow<()>,
    /// Whether the loss of a step that counts was no finite number.
    lost: bool,
}

impl<T: Number> StepControl<T> for Steps<'_> {
    fn before(&mut self, rows: Selection<'_>, values: &mut SharedValues<'_, T>) {
        self.learning_rate = self.course.rate(self.position.steps, self.losses);
        self.position.steps += 1;
        self.weight = match self.weighted {
            None => rows.count() as f64,
            Some((group, _)) => {
                self.weights.resize(rows.count(), 0.0);
                self.source.gather_f64(group, rows, &mut self.weights);
                self.weights.iter().sum()
            }
        };
        // A batch in which no row counts is no step to the optimizer.
        self.position.updates += u64::from(self.weight != 0.0);
        let settings = [
            (self.inputs.learning_rate, self.learning_rate),
            (self.inputs.step, self.position.updates.max(1) as f64),
            (self.inputs.total_weight, self.weight),
        ];
        for (input, value) in settings {
            if let Some(input) = input {
                values.input_mut(input).fill(T::from_f64(value));
            }
        }
    }

    fn after(&mut self, rows: Selection<'_>, values: &mut SharedValues<'_, T>) -> bool {
        let mean = values.output(0).first().map_or(f64::NAN, |mean| mean.to_f64());
        self.position.rows += rows.count();
        self.position.loss += mean * self.weight;
        self.position.weight += self.weight;
        self.flow = self.callback.step(self.position.steps, self.criterion.finish(mean));
        let asks = self.position.steps.is_multiple_of(STEPS_BETWEEN);
        let wanted = asks && self.callback.keeper().is_some_and(|keeper| keeper.wants(true));
        self.lost = self.weight != 0.0 && !mean.is_finite();
        self.flow.is_continue() && !wanted && !self.lost
    }
}

/// The steps of an epoch once more, up to the first that comes to no finite number.
struct Replay<'a, T> {
    steps: Steps<'a>,
    places: &'a [usize],
    /// What was kept before the step.
    kept: Vec<Vec<T>>,
    /// The loss of the step that was found, and its rows.
    found: Option<(f64, Vec<u32>)>,
}

impl<T: Number> StepControl<T> for Replay<'_, T> {
    fn before(&mut self, rows: Selection<'_>, values: &mut SharedValues<'_, T>) {
        for (kept, &place) in self.kept.iter_mut().zip(self.places) {
            kept.clear();
            kept.extend_from_slice(values.input(place));
        }
        self.steps.before(rows, values);
    }

    fn after(&mut self, rows: Selection<'_>, values: &mut SharedValues<'_, T>) -> bool {
        let goes_on = self.steps.after(rows, values);
        let mut kept = self.places.iter().flat_map(|&place| values.input(place));
        if self.steps.lost || kept.any(|value| !value.to_f64().is_finite()) {
            let mean = values.output(0).first().map_or(f64::NAN, |mean| mean.to_f64());
            let rows = rows.iter().map(|row| row as u32).collect();
            self.found = Some((self.steps.criterion.finish(mean), rows));
        }
        goes_on && self.found.is_none()
    }
}
