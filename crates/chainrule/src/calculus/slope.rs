//! A function and its derivatives at a point.

use chainrule_core::Expr;
use chainrule_core::graph::Graph;
use chainrule_core::op::Precision;

use super::evaluate::{Evaluator, nodes};
use super::limit::{Limit, limit};
use super::numeric::{self, Numeric};
use super::point::rounded;
use super::problem::{Problem, overflow, undefined};
use super::sides::{Kink, Sides};
use super::steps::{Step, steps_at};
use super::{Function, Partial, Point};
use crate::error::Result;

/// A function at a point.
#[derive(Clone, Debug)]
pub struct There<'a> {
    function: &'a Function,
    point: Point,
    value: f64,
    problem: Option<Problem>,
}

/// A derivative at a point.
#[derive(Clone, Debug, PartialEq)]
pub struct Slope {
    /// The derivative. At a kink it is [`convention`](Self::convention), at the end of a domain
    /// the one-sided derivative; NaN where the function has no value.
    pub value: f64,
    /// The derivative that training uses, with the conventions of
    /// [`derivative`](chainrule_core::derivative) at kinks.
    pub convention: f64,
    /// The derivative from values alone, of what this is the derivative of; none at a kink.
    pub numeric: Numeric,
    /// The one-sided derivatives where they are not one and the same, or not both there.
    pub sides: Option<Sides>,
    precision: Precision,
}

impl Slope {
    /// Whether the derivative from values alone is the same as far as can be told.
    pub fn agrees(&self) -> bool {
        self.numeric.agrees(self.value, self.precision)
    }

    /// Whether the function has a derivative here, infinite or from one side though it may be.
    pub fn exists(&self) -> bool {
        !self.value.is_nan() && self.sides.is_none_or(|sides| sides.common().is_some())
    }
}

impl<'a> There<'a> {
    pub(super) fn new(function: &'a Function, point: &Point) -> Result<Self> {
        let computed = Graph::new(std::slice::from_ref(&function.stable))?;
        let double = point.clone().in_precision(Precision::F64);
        let values = nodes(&computed, &double)?;
        let outside = undefined(&computed, &values, point);
        let mut evaluator =
            Evaluator::new(std::slice::from_ref(&function.stable), point.precision())?;
        let value = evaluator.values(point)?[0];
        let mut there = Self { function, point: point.clone(), value, problem: None };
        if outside.is_none() && value.is_finite() {
            return Ok(there);
        }
        // What the user typed says it better than the form that numbers are computed from.
        let typed = Graph::new(std::slice::from_ref(&function.typed))?;
        let typed_values = nodes(&typed, &double)?;
        if let Some(outside) = outside {
            there.value = f64::NAN;
            there.problem = undefined(&typed, &typed_values, point).or(Some(outside));
        } else {
            there.problem = overflow(&typed, &typed_values, point)
                .or_else(|| overflow(&computed, &values, point));
        }
        Ok(there)
    }

    /// The point.
    pub fn point(&self) -> &Point {
        &self.point
    }

    /// The value; NaN where the function is not defined, an infinity beyond the largest number.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Why there is no finite value, if there is none.
    pub fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()
    }

    /// A derivative at the point.
    ///
    /// # Errors
    /// The error that poisoned the expression.
    pub fn slope(&self, partial: &Partial) -> Result<Slope> {
        let precision = self.point.precision();
        let none = Slope {
            value: f64::NAN,
            convention: f64::NAN,
            numeric: Numeric::NONE,
            sides: None,
            precision,
        };
        if self.problem.is_some() {
            return Ok(none);
        }
        let mut evaluator = Evaluator::new(std::slice::from_ref(&partial.computed), precision)?;
        // Without the sign of a zero.
        let convention = evaluator.values(&self.point)?[0] + 0.0;
        let sides = self.sides(partial)?;
        let value = match sides.and_then(|sides| sides.common()) {
            Some(common) => rounded(common, precision),
            None => convention,
        };
        let is_smooth = sides.is_none_or(|sides| sides.common().is_some_and(f64::is_finite));
        let numeric = if is_smooth { self.numeric(partial)? } else { Numeric::NONE };
        // Both sides alike and as computed: there is nothing to tell.
        let plain = |sides: &Sides| sides.left == sides.right && value == convention;
        let sides = sides.filter(|sides| !plain(sides) || sides.jumps);
        Ok(Slope { value, convention, numeric, sides, ..none })
    }

    /// The one-sided derivatives, if this is a kink: of this order, or of a lower one that differ.
    fn sides(&self, partial: &Partial) -> Result<Option<Sides>> {
        let (by, true) = partial.last() else { return Ok(None) };
        let Some(kink) = Kink::find(&self.function.stable, by, &self.point)? else {
            return Ok(None);
        };
        for order in 1..partial.order() {
            let sides = kink.sides(order)?;
            if sides.common().is_none() {
                return Ok(Some(sides));
            }
        }
        Ok(Some(kink.sides(partial.order())?))
    }

    fn numeric(&self, partial: &Partial) -> Result<Numeric> {
        let (by, _) = partial.last();
        let precision = self.point.precision();
        let Some(x) = self.point.value(by) else {
            // A variable that does not occur changes nothing.
            return Ok(Numeric { value: 0.0, error: 0.0 });
        };
        let mut evaluator = Evaluator::new(std::slice::from_ref(&partial.before), precision)?;
        let mut f = |x: f64| Ok(evaluator.values(&self.point.with(by, x))?[0]);
        numeric::derivative(&mut f, x, precision)
    }

    /// The definition of a first derivative as a table of shrinking Δx; none where the function has
    /// no value, or the variable does not occur.
    ///
    /// Errors are those against the derivative in double precision; at a kink only the forward
    /// quotient has one, against the derivative from the right.
    ///
    /// # Errors
    /// The error that poisoned the expression.
    pub fn limit(&self, partial: &Partial) -> Result<Option<Limit>> {
        let (by, _) = partial.last();
        let (Some(x), None, 1) = (self.point.value(by), &self.problem, partial.order()) else {
            return Ok(None);
        };
        let double =
            Self { point: self.point.clone().in_precision(Precision::F64), ..self.clone() };
        let slope = double.slope(partial)?;
        let exact = match slope.sides {
            Some(sides) if sides.common().is_none() => (sides.right.unwrap_or(f64::NAN), f64::NAN),
            Some(Sides { right: None, .. }) => (f64::NAN, f64::NAN),
            Some(Sides { left: None, .. }) => (slope.value, f64::NAN),
            _ => (slope.value, slope.value),
        };
        let precision = self.point.precision();
        let mut evaluator = self.evaluator()?;
        let mut f = |x: f64| Ok(evaluator.values(&self.point.with(by, x))?[0]);
        limit(&mut f, x, exact, precision).map(Some)
    }

    /// The chain rule for the derivative by one variable, with the values of every step.
    ///
    /// # Errors
    /// The error that poisoned the expression.
    pub fn steps(&self, by: &str) -> Result<Vec<Step>> {
        steps_at(self.function, by, Some(&self.point))
    }

    fn evaluator(&self) -> Result<Evaluator> {
        let roots: &[Expr] = std::slice::from_ref(&self.function.stable);
        Evaluator::new(roots, self.point.precision())
    }
}
