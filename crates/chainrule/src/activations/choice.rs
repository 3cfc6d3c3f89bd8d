//! What a layer ends with: an activation of the table, or a typed one.

use chainrule_core::graph::substitute;
use chainrule_core::{ErrorKind, Expr};

use super::{Activation, activation};
use crate::error::Result;
use crate::formula::Formula;

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

    /// The activation of `x`, which has the shape of `x`; what is wrong poisons it.
    #[track_caller]
    pub fn apply(&self, x: &Expr) -> Expr {
        match self {
            Self::Named(activation) => activation.apply(x),
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
