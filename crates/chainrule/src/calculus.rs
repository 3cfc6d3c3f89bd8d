//! Functions and calculus: a typed formula, its derivatives, and how each is found.
//!
//! A [`Function`] is read from a formula. Its [`Partial`]s are expressions again, from the chain
//! rule that trains networks. At a [`Point`] it has a value or a [`Problem`] that says what is not
//! defined; a derivative has a [`Slope`], which is checked against differences and knows what
//! happens at a kink; [`Step`]s are the chain rule as one follows it on paper, and a [`Limit`] is
//! the definition, as a table of shrinking Δx.
//!
//! ```
//! use chainrule::calculus::{Function, Point};
//! # fn main() -> Result<(), chainrule::Error> {
//! let function = Function::read("a*x^2 + b*x")?;
//! assert_eq!(function.variables(), ["a", "x", "b"]);
//! let slopes = function.partials(&["x"], 1)?;
//! assert_eq!(slopes[0].text(), "2*a*x + b");
//!
//! let point = Point::parse(&["x=3, a=2, b=1"])?;
//! let there = function.at(&point)?;
//! assert_eq!(there.value(), 21.0);
//! let slope = there.slope(&slopes[0])?;
//! assert_eq!(slope.value, 13.0);
//! assert!(slope.agrees());
//! # Ok(())
//! # }
//! ```

mod evaluate;
mod limit;
mod numeric;
mod partial;
mod point;
mod problem;
mod sides;
mod slope;
mod steps;
mod textbook;

use chainrule_core::compile::stable;
use chainrule_core::graph::Graph;
use chainrule_core::latex::latex_in;
use chainrule_core::simplify::simplify;
use chainrule_core::text::{Scope, parse};
use chainrule_core::{Expr, Shape};

use crate::activations::{ACTIVATIONS, FUNCTIONS};
use crate::error::{ErrorKind, Result, nearest};

pub use chainrule_core::op::Precision;
pub use limit::{Limit, Quotient, Row};
pub use numeric::Numeric;
pub use partial::Partial;
pub use point::Point;
pub use problem::{Cause, Problem};
pub use sides::Sides;
pub use slope::{Slope, There};
pub use steps::{Local, Rule, Step};

/// A formula of numbers whose value is one number.
#[derive(Clone, Debug)]
pub struct Function {
    text: String,
    typed: Expr,
    /// In a form for paper: what derivatives that people read are made from.
    paper: Expr,
    /// In a form that is right far out and near 0: what numbers are computed from.
    stable: Expr,
    variables: Vec<String>,
}

impl Function {
    /// Reads a formula; every name in it that is neither a function nor a constant is a variable.
    ///
    /// # Errors
    /// [`ErrorKind::Formula`](chainrule_core::ErrorKind::Formula), with the place in the text;
    /// [`ErrorKind::NeedsRow`] for a function of a whole row of numbers, as softmax is;
    /// [`ErrorKind::NotOneNumber`] if the value is not one number.
    ///
    /// ```
    /// use chainrule::calculus::Function;
    /// assert!(Function::read("log_a(x)").is_ok());
    /// let error = Function::read("2*sigmiod(x)").unwrap_err().to_string();
    /// assert!(error.contains("did you mean `sigmoid`? at character 3"), "{error}");
    /// ```
    pub fn read(text: &str) -> Result<Self> {
        let text = text.trim();
        let typed = parse(text, &scope()).map_err(|error| {
            let of_rows = ACTIVATIONS.iter().filter(|activation| !activation.elementwise);
            let named = of_rows.map(|activation| activation.name()).find(|name| calls(text, name));
            match (error.kind(), named) {
                (chainrule_core::ErrorKind::Formula { .. }, _) | (_, None) => error.into(),
                (_, Some(function)) => {
                    let formula = text.to_owned();
                    crate::Error::from(ErrorKind::NeedsRow { formula, function })
                }
            }
        })?;
        Self::new(text, typed)
    }

    /// The function of an expression of shared numbers.
    ///
    /// # Errors
    /// The error that poisoned the expression; [`ErrorKind::NotOneNumber`].
    pub fn of(expr: &Expr) -> Result<Self> {
        Self::new(&expr.to_string(), expr.clone())
    }

    fn new(text: &str, typed: Expr) -> Result<Self> {
        let number = Shape::shared(&[]);
        let graph = Graph::new(std::slice::from_ref(&typed))?;
        let own = typed.shape();
        let mut shapes = graph.inputs().map(|(_, _, shape)| shape).chain([&own]);
        if let Some(shape) = shapes.find(|shape| **shape != number) {
            let (formula, shape) = (text.to_owned(), shape.to_string());
            return Err(ErrorKind::NotOneNumber { formula, shape }.into());
        }
        let variables = graph.inputs().map(|(_, name, _)| name.to_owned()).collect();
        let (paper, stable) = (textbook::textbook(&typed)?, stable(&typed)?);
        Ok(Self { text: text.to_owned(), typed, paper, stable, variables })
    }

    /// The formula, as it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the function is called: f, or another letter if a variable is called so.
    pub fn name(&self) -> &'static str {
        let is_free = |name: &&str| !self.has(name);
        ["f", "g", "h", "y", "F", "G", "H"].into_iter().find(is_free).unwrap_or("value")
    }

    /// The formula as an expression, as it was typed.
    pub fn expr(&self) -> &Expr {
        &self.typed
    }

    /// The names of the variables, in the order in which they appear.
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// The formula as it was typed, in LaTeX.
    pub fn latex(&self) -> Result<String> {
        Ok(latex_in(&self.typed, &scope())?)
    }

    /// The formula as a teacher would write it.
    pub fn simplified(&self) -> Expr {
        simplify(&self.typed)
    }

    /// Derivatives by some of the variables: for each, of the first order and on up to `order`,
    /// and then for the second order the mixed ones.
    ///
    /// A variable that does not occur is allowed: the derivative by it is 0.
    ///
    /// # Errors
    /// The error that poisoned the expression.
    pub fn partials(&self, by: &[&str], order: usize) -> Result<Vec<Partial>> {
        partial::partials(self, by, order)
    }

    /// The chain rule for the derivative by one variable, from the inside out.
    ///
    /// # Errors
    /// The error that poisoned the expression.
    pub fn steps(&self, by: &str) -> Result<Vec<Step>> {
        steps::steps(self, by)
    }

    /// The function at a point that has a value for each variable.
    ///
    /// # Errors
    /// [`ErrorKind::MissingValues`], with all that are missing; [`ErrorKind::UnknownVariable`] for
    /// a value of something else.
    pub fn at(&self, point: &Point) -> Result<There<'_>> {
        if let Some(name) = point.names().find(|name| !self.has(name)) {
            return Err(self.unknown(name));
        }
        let names = self.variables.iter().filter(|name| point.value(name).is_none()).cloned();
        let names: Vec<String> = names.collect();
        if !names.is_empty() {
            return Err(ErrorKind::MissingValues { names }.into());
        }
        There::new(self, point)
    }

    fn has(&self, name: &str) -> bool {
        self.variables.iter().any(|variable| variable == name)
    }

    fn unknown(&self, name: &str) -> crate::Error {
        ErrorKind::UnknownVariable {
            name: name.to_owned(),
            nearest: nearest(name, &self.variables).map(str::to_owned),
            available: self.variables.clone(),
        }
        .into()
    }
}

/// What a formula may name: any variable, every function of numbers.
fn scope() -> Scope {
    Scope::free().functions(FUNCTIONS)
}

/// Whether a formula calls a function of this name.
fn calls(formula: &str, name: &str) -> bool {
    let within = |letter: char| letter.is_alphanumeric() || letter == '_';
    formula.match_indices(name).any(|(place, _)| {
        !formula[..place].ends_with(within)
            && formula[place + name.len()..].trim_start().starts_with('(')
    })
}
