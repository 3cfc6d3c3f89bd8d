//! What a layer ends with: an activation of the table, or a typed one.

use chainrule_core::graph::substitute;
use chainrule_core::{ErrorKind, Expr};

use super::{Activation, activation};
use crate::error::Result;
use crate::formula::Formula;

/// The activations that let through what is above 0 and little of what is below.
const LIKE_RELU: [&str; 9] =
    ["relu", "leaky_relu", "prelu", "elu", "gelu", "gelu_tanh", "silu", "mish", "hard_swish"];

/// An activation of the table, or a formula of `x`.
///
/// ```
/// use chainrule::activations::Choice;
/// use chainrule::{Expr, Shape};
/// let typed = Choice::parse("x*sigmoid(1.5*x)").unwrap();
/// let z = Expr::input("z", Shape::rows(&[8]));
/// assert_eq!(typed.apply(&z).to_string(), "z*sigmoid(1.5*z)");
/// assert!(Choice::parse("sigmiod").is_err());
/// assert!(Choice::parse("x*sigmoid(1.5*y)").is_err());
/// ```
#[derive(Clone, Debug)]
pub enum Choice {
    /// One of the table.
    Named(&'static Activation),
    /// A typed one.
    Typed(Formula),
}

impl Choice {
    /// Reads a name of the table or a formula of `x`.
    ///
    /// # Errors
    /// [`UnknownName`](crate::ErrorKind::UnknownName), with the nearest name;
    /// [`ErrorKind::Formula`], with the place in the text.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(match Formula::is_one(text) {
            true => Self::Typed(Formula::new(text, &["x"])?),
            false => Self::Named(activation(text)?),
        })
    }

    /// The name, or the formula as it was typed.
    pub fn text(&self) -> &str {
        match self {
            Self::Named(activation) => activation.name(),
            Self::Typed(formula) => formula.text(),
        }
    }

    /// The numbers that it learns: their names and first values.
    pub fn learned(&self) -> &'static [(&'static str, f64)] {
        match self {
            Self::Named(activation) => activation.learned,
            Self::Typed(_) => &[],
        }
    }

    /// The name of the initializer that suits the weights before it: He's for relu and what grows
    /// as it does on one side alone, LeCun's for selu, Glorot's for all else, typed ones too.
    pub fn initializer(&self) -> &'static str {
        match self.text() {
            name if LIKE_RELU.contains(&name) => "he_uniform",
            "selu" => "lecun_normal",
            _ => "glorot_uniform",
        }
    }

    /// The activation of `x`, which has the shape of `x`; what is wrong poisons it, and so does
    /// one that learns: see [`apply_with`](Self::apply_with).
    #[track_caller]
    pub fn apply(&self, x: &Expr) -> Expr {
        self.apply_with(x, &[])
    }

    /// The activation of `x` with the numbers that it [learns](Self::learned).
    #[track_caller]
    pub fn apply_with(&self, x: &Expr, learned: &[Expr]) -> Expr {
        match self {
            Self::Named(activation) => activation.apply_with(x, learned),
            Self::Typed(formula) => typed(formula, x),
        }
    }
}

/// Built on a name first, so that its own forms are made stable and those of `x` are left alone.
fn typed(formula: &Formula, x: &Expr) -> Expr {
    if x.error().is_some() {
        return x.clone();
    }
    let name = Expr::input("x", x.shape());
    let value = formula.of(&[("x", name.clone())]);
    match substitute(&value, &[(name, x.clone())]) {
        Ok(value) if value.shape() == x.shape() => value,
        // A formula without x in it is the same number everywhere.
        Ok(value) if value.shape().broadcasts_to(&x.shape()) => value.broadcast(&x.shape()),
        Ok(value) => ErrorKind::ShapesDiffer {
            op: formula.text().to_owned(),
            left: x.shape(),
            right: value.shape(),
        }
        .into(),
        Err(error) => error.kind().clone().into(),
    }
}
