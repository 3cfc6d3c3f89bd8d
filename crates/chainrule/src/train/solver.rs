//! Training by a solver: each epoch is one iteration over all rows, in double precision.

use chainrule_core::graph::Graph;
use chainrule_core::op::Op;

use super::divergence::{self, Divergence};
use super::{Callback, Data, First, Learner, Round, Settings, check, program, set};
use crate::checkpoint::{Position, Tensor};
use crate::criterion::Criterion;
use crate::engine::{Engine, KernelTime, Number, Options, RowSource, Selection};
use crate::error::Result;
use crate::lbfgs::{Lbfgs, Outcome, Point};
use crate::network::{Built, Network};

/// L-BFGS on the loss of all rows.
pub(super) struct Solver<'a, T> {
    network: &'a Network,
    data: Data<'a>,
    settings: &'a Settings,
    criterion: &'a Criterion,
    built: Built,
    whole: Whole<'a>,
    lbfgs: Lbfgs,
    /// The parameters and the states, in the precision that is asked for.
    values: Vec<Vec<T>>,
    position: Position,
    /// Whether they are those of the point at which the loss was evaluated last.
    taken: bool,
}

/// The names of what a checkpoint has besides the states of the layers.
const POINT: [&str; 4] = ["point", "gradient", "value", "mean"];
const PAIRS: [&str; 2] = ["steps", "changes"];

impl<'a, T: Number> Solver<'a, T> {
    /// A solver at the network's first parameters.
    ///
    /// # Errors
    /// A network that draws random numbers, whose loss is another at each look; settings that
    /// have no meaning here.
    pub(super) fn new(
        network: &'a Network,
        built: Built,
        first: First,
        criterion: &'a Criterion,
        data: Data<'a>,
        settings: &'a Settings,
        options: Options,
    ) -> Result<Self> {
        refuse(&built, settings)?;
        let decay = settings.optimizer.value("weight_decay");
        let mut whole = Whole::new(&built, &first, criterion, data, decay, options)?;
        let start = first.parameters.concat();
        let count = |name| settings.optimizer.value(name);
        let objective = &mut |at: &[f64], gradient: &mut [f64]| whole.evaluate(at, gradient);
        let lbfgs = Lbfgs::new(count("history") as usize, count("tolerance"), start, objective)?;
        let single = |state: &Vec<f64>| state.iter().map(|&value| T::from_f64(value)).collect();
        let states = first.states.iter().map(single);
        let values = split(&built, &lbfgs.point().at).into_iter().chain(states).collect();
        Ok(Self {
            network,
            data,
            settings,
            criterion,
            built,
            whole,
            lbfgs,
            values,
            position: Position::default(),
            taken: false,
        })
    }

    /// Takes over the point that the solver has come to, with what the states become there.
    fn take(&mut self) -> Result<()> {
        let point = self.lbfgs.point();
        if self.whole.at != point.at {
            self.whole.evaluate(&point.at, &mut vec![0.0; point.at.len()])?;
        }
        self.taken = true;
        self.values = split(&self.built, &point.at);
        let first = 1 + self.built.parameters.len();
        for (place, state) in self.built.states.iter().enumerate() {
            let new = self.whole.engine.values().output(first + place).to_vec();
            set(&mut self.whole.engine, &state.name, &new)?;
            self.values.push(new.into_iter().map(T::from_f64).collect());
        }
        Ok(())
    }
}

/// The elements of each parameter, of all in a row.
fn split<T: Number>(built: &Built, all: &[f64]) -> Vec<Vec<T>> {
    let mut rest = all;
    let mut own = |size: usize| {
        let (own, others) = rest.split_at(size);
        rest = others;
        own.iter().map(|&value| T::from_f64(value)).collect()
    };
    built.parameters.iter().map(|parameter| own(parameter.dims.iter().product())).collect()
}

/// Refuses what a solver cannot take into account.
fn refuse(built: &Built, settings: &Settings) -> Result<()> {
    let name = settings.optimizer.optimizer().name;
    let graph = Graph::new(std::slice::from_ref(&built.output))?;
    if graph.nodes.iter().any(|node| matches!(node.op, Op::Uniform { .. })) {
        let expected =
            "another one for a network with dropout: it needs the same loss at each look";
        return Err(check::invalid("optimizer", name.to_owned(), expected));
    }
    match settings.additions().into_iter().next() {
        Some(addition) => {
            let (option, expected) = ("optimizer", "alone: it finds each step's length itself");
            Err(check::invalid(option, format!("{name} with {addition}"), expected))
        }
        None => Ok(()),
    }
}

impl<T: Number> Learner<T> for Solver<'_, T> {
    fn built(&self) -> &Built {
        &self.built
    }

    fn epoch(&mut self, number: usize, _: &[f64], callback: &mut dyn Callback) -> Result<Round> {
        let whole = &mut self.whole;
        let objective = &mut |at: &[f64], gradient: &mut [f64]| whole.evaluate(at, gradient);
        let learning_rate = self.settings.learning_rate;
        let outcome = self.lbfgs.iterate(learning_rate, objective)?;
        let stayed = outcome != Outcome::Moved && self.whole.at == self.lbfgs.point().at;
        if !(stayed && self.taken) {
            self.take()?;
        }
        let loss = self.criterion.finish(self.whole.loss);
        let flow = callback.step(number as u64, loss);
        let converged = outcome != Outcome::Moved || self.lbfgs.is_converged();
        self.position.steps += 1;
        self.position.updates += 1;
        Ok(Round { loss, learning_rate, flow, finished: true, converged })
    }

    fn save(&self) -> (Position, Vec<Tensor>) {
        let point = self.lbfgs.point();
        let size = point.at.len();
        let numbers: [&[f64]; 4] = [&point.at, &point.gradient, &[point.value], &[self.whole.loss]];
        let point = POINT.iter().zip(numbers);
        let point = point.map(|(name, values)| Tensor::of(name, &[values.len()], values));
        let pairs = self.lbfgs.pairs();
        let steps: Vec<f64> = pairs.iter().flat_map(|(step, _)| step.iter().copied()).collect();
        let changes: Vec<f64> =
            pairs.iter().flat_map(|(_, change)| change.iter().copied()).collect();
        let dims = [pairs.len(), size];
        let pairs = PAIRS.iter().zip([&steps, &changes]);
        let pairs = pairs.map(|(name, values)| Tensor::of(name, &dims, values));
        let states = self.built.states.iter().enumerate().map(|(place, state)| {
            // In double precision, as the next evaluation takes them.
            let double = self.whole.engine.program().input(&state.name);
            let double = double.map(|input| self.whole.engine.input(input));
            let single = &self.values[self.built.parameters.len() + place];
            let all: Vec<f64> = match double {
                Some(values) => values.to_vec(),
                None => single.iter().map(|value| value.to_f64()).collect(),
            };
            Tensor::of(&format!("state {}", state.name), &state.dims, &all)
        });
        (self.position, point.chain(pairs).chain(states).collect())
    }

    fn restore(&mut self, position: Position, tensors: &[Tensor]) -> Option<()> {
        let find = |name: &str, dims: &[usize]| -> Option<Vec<f64>> {
            let found = tensors.iter().find(|tensor| tensor.name == name)?;
            (found.dims == dims).then(|| found.values()).flatten()
        };
        let size = self.lbfgs.point().at.len();
        let [at, gradient] = [POINT[0], POINT[1]].map(|name| find(name, &[size]));
        let [value, mean] = [POINT[2], POINT[3]].map(|name| find(name, &[1]));
        let (at, gradient, value, mean) = (at?, gradient?, *value?.first()?, *mean?.first()?);
        let count = tensors.iter().find(|tensor| tensor.name == PAIRS[0])?.dims.first().copied()?;
        let [steps, changes] = PAIRS.map(|name| find(name, &[count, size]));
        let cut = |all: Vec<f64>| -> Vec<Vec<f64>> {
            all.chunks(size.max(1)).map(<[f64]>::to_vec).collect()
        };
        let pairs = cut(steps?).into_iter().zip(cut(changes?)).collect();
        let states = self.built.states.iter();
        let states: Vec<Vec<f64>> = states
            .map(|state| find(&format!("state {}", state.name), &state.dims))
            .collect::<Option<_>>()?;
        if tensors.len() != POINT.len() + PAIRS.len() + states.len() || position.rows != 0 {
            return None;
        }
        self.values = split(&self.built, &at);
        for (state, values) in self.built.states.iter().zip(states) {
            set(&mut self.whole.engine, &state.name, &values).ok()?;
            self.values.push(values.into_iter().map(T::from_f64).collect());
        }
        (self.whole.at, self.whole.loss, self.taken) = (at.clone(), mean, true);
        self.lbfgs.go_on(Point { at, value, gradient }, pairs);
        self.position = position;
        Some(())
    }

    fn values(&self, name: &str) -> Option<&[T]> {
        super::names(&self.built)
            .zip(&self.values)
            .find_map(|(known, values)| (known == name).then_some(&values[..]))
    }

    fn trace(&mut self, _: &[f64]) -> Result<Option<Divergence>> {
        let inputs = self.whole.engine.program().inputs().iter().enumerate();
        let inputs = inputs.filter(|(_, input)| !input.shape.is_rows());
        let values = |place: usize| self.whole.engine.input(place).to_vec();
        let inputs: Vec<(String, Vec<f64>)> =
            inputs.map(|(place, input)| (input.name.clone(), values(place))).collect();
        let shape = self.data.shape();
        let (sections, _) = divergence::sections(self.network, &self.built, self.criterion, shape)?;
        let (source, rows) = (self.data.source, self.data.training);
        let threads = self.settings.threads;
        let setting = divergence::Setting { source, rows, seed: 0, step: 0, threads };
        let origin = divergence::origin(&sections, &inputs, setting)?;
        let loss = self.criterion.finish(self.whole.loss);
        Ok(Some(Divergence { epoch: 0, step: None, loss, origin }))
    }

    fn profile(&self) -> (u64, Vec<KernelTime>) {
        (self.whole.evaluations, self.whole.engine.profile())
    }
}

/// The loss of all rows and its gradient, as a function of the parameters in a row.
struct Whole<'a> {
    engine: Engine<f64>,
    source: &'a dyn RowSource,
    rows: &'a [u32],
    /// The place of each parameter among the inputs, if anything reads it, and its size.
    parameters: Vec<(Option<usize>, usize)>,
    decay: f64,
    evaluations: u64,
    /// Where it was evaluated last.
    at: Vec<f64>,
    /// The mean loss there, without what the decay adds.
    loss: f64,
}

impl<'a> Whole<'a> {
    fn new(
        built: &Built,
        first: &First,
        criterion: &Criterion,
        data: Data<'a>,
        decay: f64,
        options: Options,
    ) -> Result<Self> {
        let (width, weighted) = data.shape();
        let program = program::loss_and_gradient(built, criterion, (width, weighted))?;
        let parameters = built
            .parameters
            .iter()
            .map(|parameter| (program.input(&parameter.name), parameter.dims.iter().product()));
        let parameters = parameters.collect();
        let mut engine = Engine::new(program, options);
        for (state, values) in built.states.iter().zip(&first.states) {
            set(&mut engine, &state.name, values)?;
        }
        let mut weights = vec![1.0; data.training.len()];
        if let (true, Some((group, _))) = (weighted, data.source.find("weight")) {
            data.source.gather_f64(group, Selection::Rows(data.training), &mut weights);
        }
        set(&mut engine, "total_weight", &[weights.iter().sum()])?;
        let (source, rows) = (data.source, data.training);
        let (at, loss) = (Vec::new(), f64::NAN);
        Ok(Self { engine, source, rows, parameters, decay, evaluations: 0, at, loss })
    }

    fn evaluate(&mut self, at: &[f64], gradient: &mut [f64]) -> Result<f64> {
        let mut rest = at;
        for &(input, size) in &self.parameters {
            let (own, others) = rest.split_at(size);
            if let Some(input) = input {
                self.engine.set_input(input, own)?;
            }
            rest = others;
        }
        self.engine.run(self.source, Selection::Rows(self.rows), 0, 0, &mut [])?;
        self.evaluations += 1;
        let values = self.engine.values();
        self.loss = values.output(0).first().copied().unwrap_or(f64::NAN);
        let slopes = (1..=self.parameters.len()).flat_map(|place| values.output(place));
        for ((entry, slope), w) in gradient.iter_mut().zip(slopes).zip(at) {
            *entry = slope + self.decay * w;
        }
        self.at.clear();
        self.at.extend_from_slice(at);
        let norm: f64 = at.iter().map(|w| w * w).sum();
        Ok(self.loss + 0.5 * self.decay * norm)
    }
}
