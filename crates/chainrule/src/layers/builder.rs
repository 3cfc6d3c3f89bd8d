//! What a layer builds with: parameters, states and random numbers under names of its own.

use chainrule_core::{Expr, Shape};

use super::{Layer, invalid};
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::initializers;

/// A value that training changes.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name in the network: the layer's number, a dot, the layer's name for it.
    pub name: String,
    /// Its dimensions.
    pub dims: Box<[usize]>,
    /// How it starts.
    pub initializer: initializers::Settings,
    /// The expression that stands for it.
    pub expr: Expr,
}

/// A value that a layer keeps and updates by itself.
#[derive(Clone, Debug)]
pub struct State {
    /// Its name in the network.
    pub name: String,
    /// Its dimensions.
    pub dims: Box<[usize]>,
    /// The value of every element before training.
    pub initial: f64,
    /// The expression that stands for it.
    pub expr: Expr,
    /// Its value after a step of training.
    pub update: Option<Expr>,
}

/// The most layers of a network, those inside others included.
const MOST_LAYERS: usize = 4096;

/// What a layer builds with.
#[derive(Debug)]
pub struct Builder {
    training: bool,
    weight: Option<Expr>,
    /// The numbers of the layer and of those that it stands in, with a dot after each.
    place: String,
    layers: usize,
    streams: u32,
    parameters: Vec<Parameter>,
    states: Vec<State>,
    problem: Option<Error>,
}

impl Builder {
    pub(crate) fn new(training: bool, weight: Option<Expr>) -> Self {
        Self {
            training,
            weight,
            place: String::new(),
            layers: 0,
            streams: 0,
            parameters: Vec::new(),
            states: Vec::new(),
            problem: None,
        }
    }

    /// What was declared, or what was first wrong with it.
    pub(crate) fn finish(self) -> Result<(Vec<Parameter>, Vec<State>)> {
        match self.problem {
            Some(problem) => Err(problem),
            None => Ok((self.parameters, self.states)),
        }
    }

    /// The parameters that have been declared so far.
    pub(crate) fn declared(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Whether the output is for training (dropout is on) or for prediction.
    pub fn training(&self) -> bool {
        self.training
    }

    /// In training, how much each row counts, one number of rows; `None` if all count alike.
    ///
    /// What a layer computes over the rows of a batch should count them so: a row of weight 0 then
    /// changes nothing.
    pub fn row_weight(&self) -> Option<&Expr> {
        self.weight.as_ref()
    }

    /// The output of a layer inside this one, of which this is the inner layer of that number.
    pub fn inner(&mut self, number: usize, layer: &dyn Layer, input: &Expr) -> Expr {
        self.layers += 1;
        if self.layers > MOST_LAYERS {
            let (value, expected) = (self.layers.to_string(), format!("{MOST_LAYERS} or fewer"));
            self.fail(invalid("the number of layers", value, &expected));
            return input.clone();
        }
        let outside = self.place.len();
        self.place.push_str(&format!("{number}."));
        let output = layer.build(self, input);
        self.place.truncate(outside);
        output
    }

    /// Declares a parameter with an initializer as [`initializers::Settings::parse`] reads it; what
    /// is wrong poisons the expression, and is returned by what builds the network.
    pub fn parameter(&mut self, name: &str, dims: &[usize], initializer: &str) -> Expr {
        let initializer = match initializers::Settings::parse(initializer) {
            Ok(initializer) => initializer,
            Err(problem) => {
                self.fail(problem);
                return unknown(initializer);
            }
        };
        let name = format!("{}{name}", self.place);
        if let Some(first) = self.declared_shape(&name) {
            let second = Shape::shared(dims);
            return chainrule_core::ErrorKind::InputConflict { name, first, second }.into();
        }
        let expr = Expr::input(&name, Shape::shared(dims));
        let (dims, parameter) = (dims.into(), expr.clone());
        self.parameters.push(Parameter { name, dims, initializer, expr });
        parameter
    }

    /// The shape of what the layer has already declared under a name.
    fn declared_shape(&self, name: &str) -> Option<Shape> {
        let parameters = self.parameters.iter().map(|p| (&p.name, &p.expr));
        let states = self.states.iter().map(|s| (&s.name, &s.expr));
        let found = parameters.chain(states).find(|(known, _)| *known == name);
        found.map(|(_, expr)| expr.shape())
    }

    /// Declares a value that the layer keeps, every element of which starts as `initial`.
    pub fn state(&mut self, name: &str, dims: &[usize], initial: f64) -> Expr {
        let name = format!("{}{name}", self.place);
        if let Some(first) = self.declared_shape(&name) {
            let second = Shape::shared(dims);
            return chainrule_core::ErrorKind::InputConflict { name, first, second }.into();
        }
        let expr = Expr::input(&name, Shape::shared(dims));
        let (dims, state) = (dims.into(), expr.clone());
        self.states.push(State { name, dims, initial, expr, update: None });
        state
    }

    /// Gives a state its value after a step of training; of no effect for prediction.
    ///
    /// A name that the layer has not declared, or a value of another shape, is an error of what
    /// builds the network.
    pub fn update(&mut self, name: &str, value: Expr) {
        let full = format!("{}{name}", self.place);
        let Some(state) = self.states.iter_mut().find(|state| state.name == full) else {
            let known = self.states.iter().filter_map(|s| s.name.strip_prefix(&self.place));
            let problem = ErrorKind::UnknownName {
                family: "state of the layer",
                name: name.to_owned(),
                nearest: nearest(name, known.clone()).map(str::to_owned),
                available: known.map(str::to_owned).collect(),
            };
            return self.fail(problem.into());
        };
        let (left, right) = (Shape::shared(&state.dims), value.shape());
        if let Err(error) = value.node() {
            return self.fail(error.into());
        }
        if left != right {
            let kind = chainrule_core::ErrorKind::ShapesDiffer { op: full, left, right };
            return self.fail(chainrule_core::Error::new(kind, Some(value.place())).into());
        }
        state.update = self.training.then_some(value);
    }

    /// Uniform numbers in [0, 1), fresh in each step, of a stream of the layer's own.
    pub fn uniform(&mut self, shape: Shape) -> Expr {
        self.streams += 1;
        Expr::uniform(self.streams - 1, shape)
    }

    /// Keeps the first of what is wrong.
    fn fail(&mut self, problem: Error) {
        self.problem.get_or_insert(problem);
    }
}

/// An expression that carries the error of an unknown name.
fn unknown(name: &str) -> Expr {
    let problem =
        chainrule_core::error::FormulaProblem::UnknownName { name: name.into(), nearest: None };
    chainrule_core::ErrorKind::Formula { text: name.into(), position: 0, problem }.into()
}
