//! Training by steps: each epoch takes the rows in batches, in an order of its own.

use std::ops::ControlFlow;

use chainrule_core::random;

use super::{Callback, Data, Learner, Round, Settings, program, set};
use crate::criterion::Criterion;
use crate::engine::{
    Batches, Engine, KernelTime, Number, Options, RowSource, Selection, SharedValues, StepControl,
};
use crate::error::Result;
use crate::network::Built;
use crate::schedules::Course;

/// The compiled step, with the state of training between epochs.
pub(super) struct Stepper<'a, T> {
    data: Data<'a>,
    settings: &'a Settings,
    criterion: &'a Criterion,
    engine: Engine<T>,
    built: Built,
    inputs: StepInputs,
    course: Course,
    weighted: bool,
    order: Vec<u32>,
    steps: u64,
    updates: u64,
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
        built: Built,
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
        let initial = built.initial_parameters(settings.seed);
        for (parameter, values) in built.parameters.iter().zip(initial) {
            set(&mut engine, &parameter.name, &values)?;
        }
        for state in &built.states {
            let elements = state.dims.iter().product();
            set(&mut engine, &state.name, &vec![state.initial; elements])?;
        }
        let order = data.training.to_vec();
        Ok(Self {
            data,
            settings,
            criterion,
            engine,
            built,
            inputs,
            course,
            weighted,
            order,
            steps: 0,
            updates: 0,
        })
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
            random::shuffle(self.settings.seed, number as u64, self.order.len() as u32);
        for (slot, &place) in self.order.iter_mut().zip(&permutation) {
            *slot = self.data.training[place as usize];
        }
        let mut control = Steps {
            source: self.data.source,
            weighted: self.weighted.then(|| self.data.source.find("weight")).flatten(),
            weights: Vec::new(),
            inputs: self.inputs,
            course: &self.course,
            losses,
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
        self.engine.run_steps(self.data.source, batches, &mut control)?;
        (self.steps, self.updates) = (control.step, control.updates);
        let loss = self.criterion.finish(control.total_loss / control.total_weight);
        let Steps { learning_rate, flow, .. } = control;
        Ok(Round { loss, learning_rate, flow, converged: false })
    }

    fn values(&self, name: &str) -> Option<&[T]> {
        self.engine.program().input(name).map(|input| self.engine.input(input))
    }

    fn profile(&self) -> (u64, Vec<KernelTime>) {
        (self.steps, self.engine.profile())
    }
}

/// What happens between the steps of an epoch.
struct Steps<'a> {
    source: &'a dyn RowSource,
    weighted: Option<(usize, usize)>,
    weights: Vec<f64>,
    inputs: StepInputs,
    course: &'a Course,
    losses: &'a [f64],
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
        self.learning_rate = self.course.rate(self.step, self.losses);
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
