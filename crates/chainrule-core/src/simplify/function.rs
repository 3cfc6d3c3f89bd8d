//! Functions of one and of two numbers, comparisons and cases.

use std::cmp::Ordering;

use super::forms::{Form, Forms, Id, Style, Term};
use super::number::Number;
use crate::op::{Binary, Compare, Op, Unary};

impl Forms {
    /// A function of one number.
    pub(super) fn unary(&mut self, unary: Unary, x: Id) -> Id {
        match unary {
            Unary::Neg => return self.scaled(Number::MINUS_ONE, x),
            Unary::Exp => {
                let e = self.euler();
                return self.power(e, x);
            }
            Unary::Sqrt => {
                let half = self.number(Number::HALF);
                return self.power(x, half);
            }
            _ => {}
        }
        if let Some(value) = self.as_number(x).and_then(|number| exact_value(unary, number)) {
            return self.number(value);
        }
        let Term { coefficient, form } = self.as_term(x);
        match unary {
            Unary::Log if self.is_euler(x) => return Self::ONE,
            // log eᵘ = u
            Unary::Log => {
                if let Some(exponent) = self.as_exponential(x) {
                    return exponent;
                }
            }
            // |c·u| = |c|·|u| and ||u|| = |u|
            Unary::Abs if coefficient != Number::ONE => {
                let rest = self.unary(Unary::Abs, form);
                return self.scaled(coefficient.magnitude(), rest);
            }
            Unary::Abs if self.operand_of(Unary::Abs, x).is_some() => return x,
            Unary::Sin | Unary::Atan | Unary::Tanh | Unary::Erf | Unary::Sign
                if coefficient.is_negative() =>
            {
                let positive = self.scaled(Number::MINUS_ONE, x);
                let value = self.unary(unary, positive);
                return self.scaled(Number::MINUS_ONE, value);
            }
            Unary::Cos if coefficient.is_negative() => {
                let positive = self.scaled(Number::MINUS_ONE, x);
                return self.unary(unary, positive);
            }
            _ => {}
        }
        self.other(Op::Unary(unary), vec![x])
    }

    /// The larger or the smaller of two.
    pub(super) fn extreme(&mut self, binary: Binary, a: Id, b: Id) -> Id {
        if a == b {
            return a;
        }
        if let (Some(left), Some(right)) = (self.as_number(a), self.as_number(b)) {
            let takes_left = match left.compare(right) {
                Ordering::Less => binary == Binary::Min,
                Ordering::Equal => true,
                Ordering::Greater => binary == Binary::Max,
            };
            return if takes_left { a } else { b };
        }
        self.other(Op::Binary(binary), vec![a, b])
    }

    /// A comparison; of equal forms too it stays, since only it can tell NaN.
    pub(super) fn comparison(&mut self, compare: Compare, a: Id, b: Id) -> Id {
        if let (Some(left), Some(right)) = (self.as_number(a), self.as_number(b)) {
            let order = left.compare(right);
            let holds = match compare {
                Compare::Lt => order.is_lt(),
                Compare::Le => order.is_le(),
                Compare::Eq => order.is_eq(),
            };
            return self.number(if holds { Number::ONE } else { Number::ZERO });
        }
        self.other(Op::Compare(compare), vec![a, b])
    }

    /// `yes` where the condition is not 0, else `no`.
    pub(super) fn cases(&mut self, condition: Id, yes: Id, no: Id) -> Id {
        if yes == no {
            return yes;
        }
        if let Some(number) = self.as_number(condition) {
            return if number.is_zero() { no } else { yes };
        }
        // Within a branch the same condition is decided.
        let yes = self.as_cases(yes).filter(|inner| inner.0 == condition).map_or(yes, |c| c.1);
        let no = self.as_cases(no).filter(|inner| inner.0 == condition).map_or(no, |c| c.2);
        // A derivative says where it is not 0.
        if self.style == Style::Derivative
            && self.as_number(yes) == Some(Number::ZERO)
            && !self.has_own(Op::Select, vec![condition, yes, no])
            && let Some(opposite) = self.opposite(condition)
        {
            return self.other(Op::Select, vec![opposite, no, yes]);
        }
        self.other(Op::Select, vec![condition, yes, no])
    }

    fn as_cases(&self, id: Id) -> Option<(Id, Id, Id)> {
        match self.form(id) {
            Form::Other(Op::Select, operands) => Some((operands[0], operands[1], operands[2])),
            _ => None,
        }
    }

    /// c·where(p, a, b) = where(p, c·a, c·b), if a and b are no sums and no cases.
    pub(super) fn scaled_cases(&mut self, term: Term) -> Option<Id> {
        let (condition, yes, no) = self.as_cases(term.form)?;
        let is_simple = |id| {
            let form = self.as_term(id).form;
            self.as_sum(form).is_none() && self.as_cases(form).is_none()
        };
        if !is_simple(yes) || !is_simple(no) {
            return None;
        }
        let (yes, no) = (self.scaled(term.coefficient, yes), self.scaled(term.coefficient, no));
        Some(self.cases(condition, yes, no))
    }

    /// The condition that holds exactly where this one does not, if it is a comparison too.
    fn opposite(&mut self, condition: Id) -> Option<Id> {
        let Form::Other(Op::Compare(compare), sides) = self.form(condition) else { return None };
        let opposite = match compare {
            Compare::Lt => Compare::Le,
            Compare::Le => Compare::Lt,
            Compare::Eq => return None,
        };
        let sides = vec![sides[1], sides[0]];
        Some(self.other(Op::Compare(opposite), sides))
    }

    /// where(p, a, b) + where(p, c, d) = where(p, a + c, b + d), and so with where(not p, d, c).
    pub(super) fn joined_cases(&mut self, terms: Vec<Term>) -> Vec<Term> {
        let mut joined: Vec<(Number, Id)> = Vec::with_capacity(terms.len());
        for Term { coefficient, form } in terms {
            let Some((condition, yes, no)) = self.as_cases(form) else {
                joined.push((coefficient, form));
                continue;
            };
            let opposite = self.opposite(condition);
            let same = joined.iter().enumerate().find_map(|(place, &(before, other))| {
                let (other, a, b) = self.as_cases(other)?;
                let (c, d) = match other {
                    _ if other == condition => (yes, no),
                    _ if Some(other) == opposite => (no, yes),
                    _ => return None,
                };
                Some((
                    place,
                    other,
                    [(before, a), (coefficient, c)],
                    [(before, b), (coefficient, d)],
                ))
            });
            let Some((place, condition, yes, no)) = same else {
                joined.push((coefficient, form));
                continue;
            };
            let (yes, no) = (self.plain_sum(&yes), self.plain_sum(&no));
            joined[place] = (Number::ONE, self.cases(condition, yes, no));
        }
        self.gathered(&joined)
    }
}

/// The value of a function where it is a number that a person would write.
fn exact_value(unary: Unary, x: Number) -> Option<Number> {
    match unary {
        Unary::Abs => Some(x.magnitude()),
        Unary::Sign => Some(x.sign()),
        Unary::Floor => Some(x.floor()),
        Unary::Log => (x == Number::ONE).then_some(Number::ZERO),
        Unary::Cos => x.is_zero().then_some(Number::ONE),
        Unary::Sigmoid | Unary::NormalCdf => x.is_zero().then_some(Number::HALF),
        Unary::Expm1 | Unary::Log1p | Unary::Sin | Unary::Atan | Unary::Tanh | Unary::Erf => {
            x.is_zero().then_some(Number::ZERO)
        }
        Unary::Neg | Unary::Exp | Unary::Sqrt | Unary::Softplus => None,
    }
}
