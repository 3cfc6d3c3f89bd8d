//! Training by a solver: each epoch is one iteration over all rows, in double precision.

use chainrule_core::graph::Graph;
use chainrule_core::op::Op;

use super::{Callback, Data, Learner, Round, Settings, check, program, set};
use crate::criterion::Criterion;
use crate::engine::{Engine, KernelTime, Number, Options, RowSource, Selection};
use crate::error::Result;
use crate::lbfgs::{Lbfgs, Outcome};
use crate::network::Built;

/// L-BFGS on the loss of all rows.
pub(super) struct Solver<'a, T> {
    settings: &'a Settings,
    criterion: &'a Criterion,
    built: Built,
    whole: Whole<'a>,
    lbfgs: Lbfgs,
    /// The parameters and the states, in the precision that is asked for.
    values: Vec<Vec<T>>,
}

impl<'a, T: Number> Solver<'a, T> {
    /// A solver at the network's first parameters.
    ///
    /// # Errors
    /// A network that draws random numbers, whose loss is another at each look; settings that
    /// have no meaning here.
    pub(super) fn new(
        built: Built,
        criterion: &'a Criterion,
        data: Data<'a>,
        settings: &'a Settings,
        options: Options,
    ) -> Result<Self> {
        refuse(&built, settings)?;
        let decay = settings.optimizer.value("weight_decay");
        let mut whole = Whole::new(&built, criterion, data, decay, options)?;
        let start = built.initial_parameters(settings.seed).concat();
        let count = |name| settings.optimizer.value(name);
        let objective = &mut |at: &[f64], gradient: &mut [f64]| whole.evaluate(at, gradient);
        let lbfgs = Lbfgs::new(count("history") as usize, count("tolerance"), start, objective)?;
        let states = built
            .states
            .iter()
            .map(|state| vec![T::from_f64(state.initial); state.dims.iter().product()]);
        let values = split(&built, &lbfgs.point().at).into_iter().chain(states).collect();
        Ok(Self { settings, criterion, built, whole, lbfgs, values })
    }

    /// Takes over the point that the solver has come to, with what the states become there.
    fn take(&mut self) -> Result<()> {
        let point = self.lbfgs.point();
        if self.whole.at != point.at {
            self.whole.evaluate(&point.at, &mut vec![0.0; point.at.len()])?;
        }
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
        self.take()?;
        let loss = self.criterion.finish(self.whole.loss);
        let flow = callback.step(number as u64, loss);
        let converged = outcome != Outcome::Moved || self.lbfgs.is_converged();
        Ok(Round { loss, learning_rate, flow, converged })
    }

    fn values(&self, name: &str) -> Option<&[T]> {
        super::names(&self.built)
            .zip(&self.values)
            .find_map(|(known, values)| (known == name).then_some(&values[..]))
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
        for state in &built.states {
            let elements = state.dims.iter().product();
            set(&mut engine, &state.name, &vec![state.initial; elements])?;
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
