//! Layers: functions of an expression that declare parameters and update their own state.
//!
//! A layer gives, for training and for prediction, its output and a list of updates of its own
//! shared state (a running mean, say), applied after each step and saved with the parameters. The
//! table at the foot names the layers that files and the command line know.

use std::fmt;
use std::sync::Arc;

use chainrule_core::{Expr, Shape};
use serde_json::{Value, json};

use crate::activations::Choice;
use crate::error::{ErrorKind, Result, by_name};
use crate::initializers::{self, Initializer};

/// A part of a network.
///
/// ```
/// use chainrule::layers::{Builder, Layer};
/// use chainrule::{Expr, Network};
///
/// /// Multiplies each input by a learned factor.
/// #[derive(Debug)]
/// struct Scale;
///
/// impl Layer for Scale {
///     fn name(&self) -> &str {
///         "scale"
///     }
///     fn build(&self, builder: &mut Builder, input: &Expr) -> Expr {
///         let factor = builder.parameter("factor", &input.shape().dims, "ones");
///         input * factor
///     }
/// }
///
/// let network = Network::new(4).layer(Scale).dense(1, "linear");
/// assert_eq!(network.describe().unwrap()[0].parameters, 4);
/// ```
pub trait Layer: fmt::Debug + Send + Sync {
    /// The layer's name in listings, and in files if the table of layers has it.
    fn name(&self) -> &str;

    /// The output for an input of one row, declaring what the layer needs.
    fn build(&self, builder: &mut Builder, input: &Expr) -> Expr;

    /// What a file needs to make the layer again; nothing by default.
    fn settings(&self) -> Value {
        json!({})
    }
}

/// A value that training changes.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name in the network: the layer's number, a dot, the layer's name for it.
    pub name: String,
    /// Its dimensions.
    pub dims: Box<[usize]>,
    /// How it starts.
    pub initializer: &'static Initializer,
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

/// What a layer builds with.
#[derive(Debug)]
pub struct Builder {
    training: bool,
    layer: usize,
    streams: u32,
    parameters: Vec<Parameter>,
    states: Vec<State>,
}

impl Builder {
    pub(crate) fn new(training: bool) -> Self {
        Self { training, layer: 0, streams: 0, parameters: Vec::new(), states: Vec::new() }
    }

    pub(crate) fn enter(&mut self, layer: usize) {
        self.layer = layer;
    }

    pub(crate) fn finish(self) -> (Vec<Parameter>, Vec<State>) {
        (self.parameters, self.states)
    }

    /// How many parameters have been declared so far.
    pub(crate) fn declared(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Whether the output is for training (dropout is on) or for prediction.
    pub fn training(&self) -> bool {
        self.training
    }

    /// Declares a parameter; an unknown initializer poisons the expression.
    pub fn parameter(&mut self, name: &str, dims: &[usize], initializer: &str) -> Expr {
        let initializer = match initializers::initializer(initializer) {
            Ok(initializer) => initializer,
            Err(_) => return unknown(initializer),
        };
        let name = format!("{}.{name}", self.layer);
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
        let name = format!("{}.{name}", self.layer);
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
    pub fn update(&mut self, name: &str, value: Expr) {
        let name = format!("{}.{name}", self.layer);
        if let Some(state) = self.states.iter_mut().find(|state| state.name == name) {
            state.update = self.training.then_some(value);
        }
    }

    /// Uniform numbers in [0, 1), fresh in each step, of a stream of the layer's own.
    pub fn uniform(&mut self, shape: Shape) -> Expr {
        self.streams += 1;
        Expr::uniform(self.streams - 1, shape)
    }
}

/// An expression that carries the error of an unknown name.
fn unknown(name: &str) -> Expr {
    let problem =
        chainrule_core::error::FormulaProblem::UnknownName { name: name.into(), nearest: None };
    chainrule_core::ErrorKind::Formula { text: name.into(), position: 0, problem }.into()
}

/// A linear map with a bias, then an activation: f(x·W + b).
#[derive(Clone, Debug)]
pub struct Dense {
    /// The number of outputs.
    pub units: usize,
    /// What follows the linear map.
    pub activation: Choice,
    /// How the weights start; the bias starts at 0.
    pub initializer: &'static str,
}

impl Dense {
    /// A dense layer whose weights start as suits the activation: He for relu, Glorot else.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownName`] for an activation that is not known; what is wrong with a typed
    /// one.
    pub fn new(units: usize, activation: &str) -> Result<Self> {
        let activation = Choice::parse(activation)?;
        let initializer = if activation.text() == "relu" { "he_uniform" } else { "glorot_uniform" };
        Ok(Self { units, activation, initializer })
    }
}

impl Layer for Dense {
    fn name(&self) -> &str {
        "dense"
    }

    fn build(&self, builder: &mut Builder, input: &Expr) -> Expr {
        let inputs = input.shape().dims.last().copied().unwrap_or(1);
        let weight = builder.parameter("weight", &[inputs, self.units], self.initializer);
        let bias = builder.parameter("bias", &[self.units], "zeros");
        let linear = input.clone().matmul(&weight) + &bias;
        let linear = Expr::call("dense", linear, &[input.clone(), weight, bias]);
        self.activation.apply(&linear)
    }

    fn settings(&self) -> Value {
        json!({
            "units": self.units,
            "activation": self.activation.text(),
            "initializer": self.initializer,
        })
    }
}

/// In training, each element is 0 with probability `rate` and else divided by 1 − rate; in
/// prediction nothing happens.
///
/// Srivastava et al., *Dropout: A Simple Way to Prevent Neural Networks from Overfitting*, 2014.
#[derive(Clone, Copy, Debug)]
pub struct Dropout {
    rate: f64,
}

impl Dropout {
    /// Dropout of a rate in [0, 1).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidSetting`] for another rate.
    pub fn new(rate: f64) -> Result<Self> {
        if (0.0..1.0).contains(&rate) {
            return Ok(Self { rate });
        }
        Err(invalid("dropout", rate.to_string(), "a rate from 0 to below 1"))
    }
}

impl Layer for Dropout {
    fn name(&self) -> &str {
        "dropout"
    }

    fn build(&self, builder: &mut Builder, input: &Expr) -> Expr {
        if !builder.training() || self.rate == 0.0 {
            return input.clone();
        }
        let dropped = builder.uniform(input.shape()).less(self.rate);
        dropped.select(0.0, input / (1.0 - self.rate))
    }

    fn settings(&self) -> Value {
        json!({ "rate": self.rate })
    }
}

/// A layer that files and the command line know by name.
pub struct LayerKind {
    /// Its name.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub about: &'static str,
    /// Makes it from its settings.
    pub make: fn(&Value) -> Result<Arc<dyn Layer>>,
}

/// Every layer that has a name.
pub const LAYERS: &[LayerKind] = &[
    LayerKind {
        name: "dense",
        about: "a linear map with a bias, then an activation: f(x·W + b)",
        make: |settings| {
            let units = settings["units"].as_u64().and_then(|units| usize::try_from(units).ok());
            let (Some(units), Some(activation)) = (units, settings["activation"].as_str()) else {
                let expected = "units and an activation";
                return Err(invalid("dense", settings.to_string(), expected));
            };
            Ok(Arc::new(Dense::new(units, activation)?))
        },
    },
    LayerKind {
        name: "dropout",
        about: "in training, drops each element with a probability",
        make: |settings| {
            let rate = settings["rate"].as_f64().unwrap_or(f64::NAN);
            Ok(Arc::new(Dropout::new(rate)?))
        },
    },
];

/// The layer of a name, made from its settings.
///
/// # Errors
/// [`ErrorKind::UnknownName`], or what is wrong with the settings.
pub fn layer(name: &str, settings: &Value) -> Result<Arc<dyn Layer>> {
    (by_name("layer", LAYERS, |kind| kind.name, name)?.make)(settings)
}

fn invalid(option: &'static str, value: String, expected: &str) -> crate::error::Error {
    ErrorKind::InvalidSetting { option, value, expected: expected.to_owned() }.into()
}
