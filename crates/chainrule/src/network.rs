//! A network: a list of layers on rows of numbers, and what it becomes as an expression.

use std::sync::Arc;

use chainrule_core::random::Stream;
use chainrule_core::{Expr, Shape};
use serde_json::{Value, json};

use crate::error::Result;
use crate::layers::{self, Builder, Layer, Parameter, Residual, State};

/// Layers one after the other, on rows of `inputs` numbers.
///
/// Building never fails: a wrong name or setting is returned by what trains or describes it.
///
/// ```
/// use chainrule::Network;
/// let network = Network::new(8).dense(64, "relu").dropout(0.1).dense(1, "linear");
/// let layers = network.describe().unwrap();
/// assert_eq!(layers.iter().map(|layer| layer.parameters).sum::<usize>(), 8 * 64 + 64 + 64 + 1);
/// assert!(Network::new(8).dense(64, "rellu").describe().is_err());
/// ```
#[derive(Clone, Debug)]
pub struct Network {
    inputs: usize,
    items: Vec<Item>,
}

#[derive(Clone, Debug)]
enum Item {
    Named { name: String, settings: Value },
    Custom(Arc<dyn Layer>),
    Residual(Vec<Item>),
}

impl Item {
    fn layer(&self) -> Result<Arc<dyn Layer>> {
        match self {
            Self::Named { name, settings } => layers::layer(name, settings),
            Self::Custom(layer) => Ok(layer.clone()),
            Self::Residual(items) => {
                let inner = items.iter().map(Self::layer).collect::<Result<_>>()?;
                Ok(Arc::new(Residual::new(inner)))
            }
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Named { name, settings } => layers::to_json(name, settings.clone()),
            Self::Custom(layer) => layers::to_json(layer.name(), layer.settings()),
            Self::Residual(items) => {
                let inner: Vec<Value> = items.iter().map(Self::to_json).collect();
                layers::to_json("residual", json!({ "layers": inner }))
            }
        }
    }
}

/// A network as an expression.
#[derive(Clone, Debug)]
pub struct Built {
    /// The rows of numbers that go in: the input `x`.
    pub input: Expr,
    /// What comes out for each row.
    pub output: Expr,
    /// What training changes.
    pub parameters: Vec<Parameter>,
    /// What layers keep by themselves.
    pub states: Vec<State>,
}

/// A layer in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// The layer in words: `dense 64 relu`.
    pub name: String,
    /// The dimensions of one row of its output.
    pub output: Vec<usize>,
    /// How many numbers it learns.
    pub parameters: usize,
}

impl Network {
    /// A network without layers, on rows of `inputs` numbers.
    pub fn new(inputs: usize) -> Self {
        Self { inputs, items: Vec::new() }
    }

    /// Adds a dense layer with an activation by name.
    pub fn dense(self, units: usize, activation: &str) -> Self {
        self.named("dense", json!({ "units": units, "activation": activation }))
    }

    /// Adds dropout: each element is dropped in training with a probability.
    pub fn dropout(self, rate: f64) -> Self {
        self.named("dropout", json!({ "rate": rate }))
    }

    /// Adds an activation by name, or as a formula of x, without weights before it.
    pub fn activation(self, activation: &str) -> Self {
        self.named("activation", json!({ "activation": activation }))
    }

    /// Adds batch normalisation: each number to mean 0 and variance 1 over the rows of the batch,
    /// then a learned scale and shift.
    pub fn batch_norm(self) -> Self {
        self.named("batch_norm", json!({}))
    }

    /// Adds layer normalisation: the numbers of each row to mean 0 and variance 1, then a learned
    /// scale and shift.
    pub fn layer_norm(self) -> Self {
        self.named("layer_norm", json!({}))
    }

    /// Adds an embedding: the number at the place `column` of a row, a code from 0 to below
    /// `levels`, is replaced by a learned vector of `units` numbers.
    pub fn embedding(self, column: usize, levels: usize, units: usize) -> Self {
        self.named("embedding", json!({ "column": column, "levels": levels, "units": units }))
    }

    /// Adds a residual block: what these layers make of their input is added to it.
    ///
    /// ```
    /// use chainrule::Network;
    /// let network = Network::new(8).residual(|block| block.dense(8, "relu").dropout(0.1));
    /// let parameters = network.build(false).unwrap().parameters;
    /// assert_eq!(parameters[0].name, "0.0.weight");
    /// ```
    pub fn residual(mut self, layers: impl FnOnce(Self) -> Self) -> Self {
        self.items.push(Item::Residual(layers(Self::new(self.inputs)).items));
        self
    }

    /// Adds a layer of the table [`layers::LAYERS`] by name.
    pub fn named(mut self, name: &str, settings: Value) -> Self {
        self.items.push(Item::Named { name: name.to_owned(), settings });
        self
    }

    /// Adds a layer of one's own.
    pub fn layer(mut self, layer: impl Layer + 'static) -> Self {
        self.items.push(Item::Custom(Arc::new(layer)));
        self
    }

    /// How many numbers a row of its input has.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    fn layers(&self) -> Result<Vec<Arc<dyn Layer>>> {
        self.items.iter().map(Item::layer).collect()
    }

    /// The network as an expression, for training or for prediction.
    ///
    /// # Errors
    /// A wrong layer name or setting, or what poisoned a layer's expression.
    pub fn build(&self, training: bool) -> Result<Built> {
        self.built(Builder::new(training, None))
    }

    /// The network as an expression for training on rows that count differently: `weight` is one
    /// number of rows.
    ///
    /// # Errors
    /// As [`Network::build`].
    pub fn build_weighted(&self, weight: &Expr) -> Result<Built> {
        self.built(Builder::new(true, Some(weight.clone())))
    }

    /// The title of each layer, and its output as training builds it.
    pub(crate) fn outputs(&self, weight: Option<Expr>) -> Result<Vec<(String, Expr)>> {
        let mut builder = Builder::new(true, weight);
        let mut output = Expr::input("x", Shape::rows(&[self.inputs]));
        let layers = self.layers()?;
        let made = layers.iter().enumerate().map(|(number, layer)| {
            output = builder.inner(number, layer.as_ref(), &output);
            (layer.title(), output.clone())
        });
        Ok(made.collect())
    }

    fn built(&self, mut builder: Builder) -> Result<Built> {
        let input = Expr::input("x", Shape::rows(&[self.inputs]));
        let mut output = input.clone();
        for (number, layer) in self.layers()?.iter().enumerate() {
            output = builder.inner(number, layer.as_ref(), &output);
        }
        let (parameters, states) = builder.finish()?;
        output.node()?;
        Ok(Built { input, output, parameters, states })
    }

    /// The layers with their shapes and the numbers they learn.
    ///
    /// # Errors
    /// As [`Network::build`].
    pub fn describe(&self) -> Result<Vec<Described>> {
        let mut builder = Builder::new(false, None);
        let mut output = Expr::input("x", Shape::rows(&[self.inputs]));
        let mut described = Vec::new();
        for (number, layer) in self.layers()?.iter().enumerate() {
            let before = builder.declared().len();
            output = builder.inner(number, layer.as_ref(), &output);
            let own = &builder.declared()[before..];
            described.push(Described {
                name: layer.title(),
                output: output.node()?.shape().dims.to_vec(),
                parameters: own.iter().map(|p| p.dims.iter().product::<usize>()).sum(),
            });
        }
        builder.finish()?;
        Ok(described)
    }

    /// The network as a file keeps it; layers of one's own are kept by name and settings.
    pub fn to_json(&self) -> Value {
        let layers: Vec<Value> = self.items.iter().map(Item::to_json).collect();
        json!({ "inputs": self.inputs, "layers": layers })
    }

    /// The network that [`Network::to_json`] wrote; `None` if it is not one.
    pub fn from_json(value: &Value) -> Option<Self> {
        let mut network = Self::new(usize::try_from(value["inputs"].as_u64()?).ok()?);
        for item in value["layers"].as_array()? {
            network = network.named(item["layer"].as_str()?, item["settings"].clone());
        }
        Some(network)
    }
}

impl Built {
    /// The parameters before training, each from a stream of random numbers of its own.
    pub fn initial_parameters(&self, seed: u64) -> Vec<Vec<f64>> {
        self.parameters
            .iter()
            .enumerate()
            .map(|(number, parameter)| {
                let mut stream = Stream::new(seed, INITIAL_STREAM + number as u64);
                parameter.initializer.values(&parameter.dims, &mut stream)
            })
            .collect()
    }
}

/// The first of the streams that parameters are drawn from; splits and shuffles have others.
const INITIAL_STREAM: u64 = 1 << 32;
