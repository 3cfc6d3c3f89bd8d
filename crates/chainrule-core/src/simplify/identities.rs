//! The identities of circle and hyperbola.

use super::forms::{Form, Forms, Id, Term};
use super::number::Number;
use crate::function::{ELEMENTARY, FunctionRow};
use crate::op::{Op, Unary};

impl Forms {
    /// r·sin²u + r·cos²u = r, in the place of the first of the two.
    pub(super) fn join_squares(&mut self, terms: &mut Vec<Term>) {
        while let Some((square, other, rest)) = self.squares(terms) {
            let mut parts: Vec<(Number, Id)> =
                terms.iter().map(|term| (term.coefficient, term.form)).collect();
            parts[square.min(other)].1 = rest;
            parts.remove(square.max(other));
            *terms = self.gathered(&parts);
        }
    }

    /// The places of c·r·sin²u and c·r·cos²u, in any order, and r.
    fn squares(&mut self, terms: &[Term]) -> Option<(usize, usize, Id)> {
        for (place, term) in terms.iter().enumerate() {
            for factor in self.factors(term.form) {
                let is_square = self.as_number(factor.exponent).and_then(Number::whole) >= Some(2);
                let other = match self.form(factor.base) {
                    Form::Other(Op::Unary(Unary::Sin), operands) if is_square => {
                        (Unary::Cos, operands[0])
                    }
                    Form::Other(Op::Unary(Unary::Cos), operands) if is_square => {
                        (Unary::Sin, operands[0])
                    }
                    _ => continue,
                };
                let other = self.unary(other.0, other.1);
                let two = self.number(Number::integer(2));
                let minus_two = self.number(Number::integer(-2));
                let (square, inverse) =
                    (self.power(other, two), self.power(factor.base, minus_two));
                let rest = self.product(&[term.form, inverse]);
                let partner = self.product(&[rest, square]);
                let found = terms.iter().position(|other| {
                    other.form == partner && other.coefficient == term.coefficient
                });
                if let Some(other) = found.filter(|&other| other != place) {
                    return Some((place, other, rest));
                }
            }
        }
        None
    }

    /// c·(eᵘ − e⁻ᵘ) = 2c·sinh u and c·(eᵘ + e⁻ᵘ) = 2c·cosh u, where a function has one of the two.
    pub(super) fn as_hyperbolic(&mut self, id: Id) -> Option<Id> {
        let [first, second] = *self.as_sum(id)? else { return None };
        let (u, v) = (self.as_exponential(first.form)?, self.as_exponential(second.form)?);
        let both = self.plain_sum(&[(Number::ONE, u), (Number::ONE, v)]);
        let is_opposite = self.as_number(both) == Some(Number::ZERO);
        if !is_opposite || first.coefficient.magnitude() != second.coefficient.magnitude() {
            return None;
        }
        let (u, coefficient) =
            match (self.is_hyperbolic_argument(u), self.is_hyperbolic_argument(v)) {
                (true, _) => (u, first.coefficient),
                (_, true) => (v, second.coefficient),
                _ => return None,
            };
        let is_sum = first.coefficient == second.coefficient;
        let form = self.elementary(if is_sum { "cosh" } else { "sinh" }, u)?;
        let coefficient = coefficient.times(Number::integer(2))?;
        Some(self.sum_of(vec![Term { coefficient, form }]))
    }

    /// A function of a first course, of one argument.
    fn elementary(&mut self, name: &'static str, argument: Id) -> Option<Id> {
        if let Some(known) = self.hyperbolic(name, argument) {
            return Some(known);
        }
        let row: &FunctionRow = ELEMENTARY.iter().find(|row| row.name == name)?;
        let called = row.call(&[self.expr(argument)]);
        let node = called.node().ok()?;
        let Op::Call(name) = node.op() else { return None };
        Some(self.call(name, node.operands()[0].clone(), vec![argument]))
    }
}
