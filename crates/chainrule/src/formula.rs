//! Formulas that are typed where a name is accepted: a loss, an activation, a metric.

use std::fmt;

use chainrule_core::compile::{is_over_rows, stable};
use chainrule_core::function::FunctionRow;
use chainrule_core::graph::Graph;
use chainrule_core::op::{Along, Op};
use chainrule_core::text::{Scope, parse};
use chainrule_core::{Expr, Shape};

use crate::activations;
use crate::error::{ErrorKind, Result};

/// A formula of certain variables, at most 4 KB of text.
///
/// ```
/// use chainrule::formula::Formula;
/// assert!(Formula::new("log(cosh(y - p))", &["y", "p"]).is_ok());
/// let error = Formula::new("log(cosh(y - q))", &["y", "p"]).unwrap_err();
/// assert!(error.to_string().contains("`q`"), "{error}");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formula {
    text: String,
}

impl Formula {
    /// Reads a formula of numbers with these names.
    ///
    /// # Errors
    /// [`ErrorKind::Formula`](chainrule_core::ErrorKind::Formula), with the place in the text;
    /// [`ErrorKind::MixesRows`] for one whose value of a row depends on other rows or on chance.
    pub fn new(text: &str, variables: &[&str]) -> Result<Self> {
        Self::read(text, variables, &[], |op| {
            is_over_rows(op)
                || matches!(op, Op::Uniform { .. } | Op::Iota { along: Along::Rows, .. })
        })
    }

    /// Reads a formula of whole columns, which may go over the rows, with some more functions.
    ///
    /// # Errors
    /// As [`Formula::new`], but for reductions over the rows.
    pub(crate) fn of_columns(
        text: &str,
        variables: &[&str],
        functions: &'static [FunctionRow],
    ) -> Result<Self> {
        Self::read(text, variables, functions, |op| matches!(op, Op::Uniform { .. }))
    }

    fn read(
        text: &str,
        variables: &[&str],
        functions: &'static [FunctionRow],
        is_refused: impl Fn(&Op) -> bool,
    ) -> Result<Self> {
        let formula = Self { text: text.trim().to_owned() };
        // Rows of some numbers, so that what runs along a row is read too.
        let some =
            |scope: Scope, &name: &&str| scope.variable(name, Expr::input(name, Shape::rows(&[2])));
        let scope = variables.iter().fold(scope().functions(functions), some);
        let graph = Graph::new(&[parse(&formula.text, &scope)?])?;
        match graph.nodes.iter().find(|node| is_refused(&node.op)) {
            None => Ok(formula),
            Some(node) => {
                let operation = node.op.name().to_owned();
                Err(ErrorKind::MixesRows { formula: formula.text, operation }.into())
            }
        }
    }

    /// Whether a text is a formula and not a name with settings (`huber:delta=2`).
    pub fn is_one(text: &str) -> bool {
        let name = text.split_once(':').map_or(text, |(name, _)| name).trim();
        !name.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
    }

    /// The text, as it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The formula of expressions, in a form that is right far out and near 0, and so are its
    /// derivatives; what is wrong poisons it.
    pub fn of(&self, variables: &[(&str, Expr)]) -> Expr {
        self.of_with(variables, &[])
    }

    /// The same with some more functions.
    pub(crate) fn of_with(
        &self,
        variables: &[(&str, Expr)],
        functions: &'static [FunctionRow],
    ) -> Expr {
        let scope = variables
            .iter()
            .fold(scope().functions(functions), |scope, (name, x)| scope.variable(name, x.clone()));
        let made = parse(&self.text, &scope).and_then(|typed| stable(&typed));
        made.unwrap_or_else(|error| error.kind().clone().into())
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What every formula knows: the primitives, the elementary functions, the activations.
pub fn scope() -> Scope {
    Scope::closed().functions(activations::FUNCTIONS)
}
