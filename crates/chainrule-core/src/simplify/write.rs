//! Forms back to expressions, laid out as one writes on paper.

use super::forms::{Factor, Form, Forms, Id, Term};
use super::number::Number;
use crate::expr::Expr;
use crate::op::Unary;

impl Forms {
    /// The expression of a form; what forms share, expressions share.
    pub(super) fn expr(&mut self, id: Id) -> Expr {
        let mut pending = vec![(id, false)];
        while let Some((id, parts_done)) = pending.pop() {
            if self.written(id).is_some() {
                continue;
            }
            if parts_done {
                let expr = self.assembled(id);
                self.set_written(id, expr);
                continue;
            }
            pending.push((id, true));
            pending.extend(self.parts(id).into_iter().map(|part| (part, false)));
        }
        self.part(id)
    }

    /// The forms whose expressions a form's own is made of.
    fn parts(&self, id: Id) -> Vec<Id> {
        match self.form(id) {
            Form::Number(_) => Vec::new(),
            Form::Sum(terms) => terms.iter().flat_map(|term| self.parts_of_term(*term)).collect(),
            Form::Product(factors) => {
                factors.iter().flat_map(|factor| [factor.base, factor.exponent]).collect()
            }
            Form::Other(_, operands) | Form::Call(_, _, operands) => operands.clone(),
        }
    }

    fn parts_of_term(&self, term: Term) -> Vec<Id> {
        match self.form(term.form) {
            Form::Product(_) if term.coefficient.magnitude() != Number::ONE => {
                self.parts(term.form)
            }
            Form::Product(_) => [vec![term.form], self.parts(term.form)].concat(),
            _ => vec![term.form],
        }
    }

    fn assembled(&self, id: Id) -> Expr {
        match self.form(id) {
            Form::Number(number) => self.product_expr(*number, &[]),
            Form::Sum(terms) => {
                let mut terms = terms.iter();
                let first = terms.next().map(|term| self.term_expr(*term));
                terms.fold(first.unwrap_or_else(|| Expr::constant(0.0)), |sum, term| {
                    let coefficient = term.coefficient.magnitude();
                    let magnitude = self.term_expr(Term { coefficient, ..*term });
                    match term.coefficient.is_negative() {
                        true => sum - magnitude,
                        false => sum + magnitude,
                    }
                })
            }
            Form::Product(factors) => self.product_expr(Number::ONE, factors),
            Form::Other(op, operands) => {
                let operands: Vec<Expr> = operands.iter().map(|&id| self.part(id)).collect();
                Expr::new(op.clone(), &operands)
            }
            Form::Call(name, body, arguments) => {
                let arguments: Vec<Expr> = arguments.iter().map(|&id| self.part(id)).collect();
                Expr::call(name, body.clone(), &arguments)
            }
        }
    }

    fn term_expr(&self, term: Term) -> Expr {
        match self.form(term.form) {
            _ if term.coefficient == Number::ONE => self.part(term.form),
            Form::Number(Number::ONE) => self.product_expr(term.coefficient, &[]),
            Form::Product(factors) => self.product_expr(term.coefficient, factors),
            _ => {
                let factor = Factor { base: term.form, exponent: Self::ONE };
                self.product_expr(term.coefficient, &[factor])
            }
        }
    }

    /// number·∏ powers: the number first, what has a negative exponent below the line.
    fn product_expr(&self, number: Number, factors: &[Factor]) -> Expr {
        let (above, below) = number.magnitude().written();
        let mut numerator: Vec<Expr> = Vec::new();
        let mut denominator: Vec<Expr> = Vec::new();
        if above != 1.0 {
            numerator.push(Expr::constant(above));
        }
        if below != 1.0 {
            denominator.push(Expr::constant(below));
        }
        for &Factor { base, exponent } in factors {
            match self.as_number(exponent) {
                _ if self.is_euler(base) && exponent != Self::ONE => {
                    numerator.push(self.part(exponent).exp());
                }
                Some(power) if power.is_negative() => {
                    denominator.push(self.power_expr(base, power.magnitude()));
                }
                Some(power) => numerator.push(self.power_expr(base, power)),
                None => numerator.push(self.part(base).powf(self.part(exponent))),
            }
        }
        if numerator.is_empty() {
            numerator.push(Expr::constant(1.0));
        }
        if number.is_negative() {
            numerator[0] = match numerator[0].as_const() {
                Some(value) => Expr::constant(-value),
                None => numerator[0].clone().unary(Unary::Neg),
            };
        }
        let product =
            |factors: Vec<Expr>| factors.into_iter().reduce(|product, next| product * next);
        match (product(numerator), product(denominator)) {
            (Some(above), Some(below)) => above / below,
            (Some(above), None) => above,
            (None, _) => Expr::constant(1.0),
        }
    }

    /// The expression of a part; the parts are written before the whole.
    fn part(&self, id: Id) -> Expr {
        self.written(id).cloned().unwrap_or_else(|| Expr::constant(f64::NAN))
    }

    fn power_expr(&self, base: Id, power: Number) -> Expr {
        let base = self.part(base);
        match power {
            Number::ONE => base,
            Number::HALF => base.sqrt(),
            _ => base.powf(self.product_expr(power, &[])),
        }
    }
}
