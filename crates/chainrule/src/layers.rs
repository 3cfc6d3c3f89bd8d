//! Layers: functions of an expression that declare parameters and update their own state.
//!
//! A layer gives, for training and for prediction, its output and a list of updates of its own
//! shared state (a running mean, say), applied after each step and saved with the parameters. To
//! add one to what files and the command line know, write it in a file of its own under `layers`
//! and put its row into [`LAYERS`].

mod activation;
mod batch_norm;
mod builder;
mod dense;
mod dropout;
mod embedding;
mod given;
mod layer_norm;
mod residual;

use std::fmt;
use std::sync::Arc;

use chainrule_core::{Expr, Words};
use serde_json::{Value, json};

pub use activation::Activation;
pub use batch_norm::BatchNorm;
pub use builder::{Builder, Parameter, State};
pub use dense::Dense;
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use given::Given;
pub use layer_norm::LayerNorm;
pub use residual::Residual;

use crate::error::{ErrorKind, Result, by_name};

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

    /// The layer in a listing, `dense 64 relu`; its name by default.
    fn title(&self) -> String {
        self.name().to_owned()
    }
}

/// A layer that files and the command line know by name.
#[derive(Debug)]
pub struct LayerKind {
    /// Its name.
    pub name: &'static str,
    /// The output for an input x of one row.
    pub formula: &'static str,
    /// What it does and when to use it.
    pub about: Words,
    /// What can be set.
    pub settings: &'static [LayerSetting],
    /// Makes it from its settings.
    pub make: fn(&Given<'_>) -> Result<Arc<dyn Layer>>,
}

/// Something of a layer that can be set.
#[derive(Debug)]
pub struct LayerSetting {
    /// Its name in files.
    pub name: &'static str,
    /// Its value unless another is given; `None` if it must be.
    pub default: Option<&'static str>,
    /// What it does.
    pub about: Words,
}

/// Every layer that has a name.
pub const LAYERS: &[LayerKind] = &[
    dense::KIND,
    activation::KIND,
    dropout::KIND,
    batch_norm::KIND,
    layer_norm::KIND,
    residual::KIND,
    embedding::KIND,
];

/// The layer of a name, made from its settings.
///
/// # Errors
/// [`ErrorKind::UnknownName`], with the nearest name, for a layer or a setting that is not known;
/// [`ErrorKind::InvalidSetting`] for one that is missing or out of its range.
///
/// ```
/// use chainrule::layers::layer;
/// use serde_json::json;
/// assert_eq!(layer("dropout", &json!({ "rate": 0.5 })).unwrap().title(), "dropout 0.5");
/// assert!(layer("dropout", &json!({ "rat": 0.5 })).is_err());
/// assert!(layer("dropout", &json!({ "rate": 1 })).is_err());
/// ```
pub fn layer(name: &str, settings: &Value) -> Result<Arc<dyn Layer>> {
    made(name, settings, 0)
}

/// The layer of a name inside so many others.
fn made(name: &str, settings: &Value, depth: usize) -> Result<Arc<dyn Layer>> {
    let kind = by_name("layer", LAYERS, |kind| kind.name, name)?;
    (kind.make)(&Given::new(kind, settings, depth)?)
}

/// A layer as a file keeps it.
pub(crate) fn to_json(name: &str, settings: Value) -> Value {
    json!({ "layer": name, "settings": settings })
}

fn invalid(option: &'static str, value: String, expected: &str) -> crate::error::Error {
    ErrorKind::InvalidSetting { option, value, expected: expected.to_owned() }.into()
}

/// Refuses an epsilon that would not keep a division from 0.
fn check_epsilon(epsilon: f64) -> Result<()> {
    match epsilon > 0.0 && epsilon.is_finite() {
        true => Ok(()),
        false => Err(invalid("epsilon", epsilon.to_string(), "above 0, and finite")),
    }
}
