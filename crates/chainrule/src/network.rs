//! A network: a list of layers on rows of numbers, and what it becomes as an expression.

use std::sync::Arc;

use chainrule_core::random::Stream;
use chainrule_core::{Expr, Shape};
use serde_json::{Value, json};

use crate::error::Result;
use crate::layers::{self, Builder, Layer, Parameter, State};

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
    /// The layer's name and settings.
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
        let make = |item: &Item| match item {
            Item::Named { name, settings } => layers::layer(name, settings),
            Item::Custom(layer) => Ok(layer.clone()),
        };
        self.items.iter().map(make).collect()
    }

    /// The network as an expression, for training or for prediction.
    ///
    /// # Errors
    /// A wrong layer name or setting, or what poisoned a layer's expression.
    pub fn build(&self, training: bool) -> Result<Built> {
        let input = Expr::input("x", Shape::rows(&[self.inputs]));
        let mut builder = Builder::new(training);
        let mut output = input.clone();
        for (number, layer) in self.layers()?.iter().enumerate() {
            builder.enter(number);
            output = layer.build(&mut builder, &output);
        }
        output.node()?;
        let (parameters, states) = builder.finish();
        Ok(Built { input, output, parameters, states })
    }

    /// The layers with their shapes and the numbers they learn.
    ///
    /// # Errors
    /// As [`Network::build`].
    pub fn describe(&self) -> Result<Vec<Described>> {
        let mut builder = Builder::new(false);
        let mut output = Expr::input("x", Shape::rows(&[self.inputs]));
        let mut described = Vec::new();
        for (number, layer) in self.layers()?.iter().enumerate() {
            builder.enter(number);
            let before = builder.declared().len();
            output = layer.build(&mut builder, &output);
            let own = &builder.declared()[before..];
            described.push(Described {
                name: title(layer.as_ref()),
                output: output.node()?.shape().dims.to_vec(),
                parameters: own.iter().map(|p| p.dims.iter().product::<usize>()).sum(),
            });
        }
        Ok(described)
    }

    /// The network as a file keeps it; layers of one's own are kept by name and settings.
    pub fn to_json(&self) -> Value {
        let layers: Vec<Value> = self
            .items
            .iter()
            .map(|item| match item {
                Item::Named { name, settings } => json!({ "layer": name, "settings": settings }),
                Item::Custom(layer) => {
                    json!({ "layer": layer.name(), "settings": layer.settings() })
                }
            })
            .collect();
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

/// A layer in words: `dense 64 relu`.
fn title(layer: &dyn Layer) -> String {
    let settings = layer.settings();
    let values = ["units", "rate", "activation"].iter().filter_map(|key| match &settings[key] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        value => Some(value.to_string()),
    });
    std::iter::once(layer.name().to_owned()).chain(values).collect::<Vec<_>>().join(" ")
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
