//! Sums that the chain rule made, grouped as a textbook does.
//!
//! A power of a sum, an exponential or a denominator that every term has is taken out, if what is
//! left gets shorter or begins to look like one: eˣ + x·eˣ = (x + 1)·eˣ, and
//! 1/(1 + x) − x/(1 + x)² = 1/(1 + x)². A common letter is not: 2·x·sin x + x²·cos x stays.

use std::cmp::Reverse;

use super::forms::{Factor, Forms, Id, Term};
use super::number::Number;

/// The most terms of a sum that is looked into for common factors, or multiplied out.
const MOST_TERMS: usize = 8;

impl Forms {
    /// Multiplies out the sums that the product rule makes of three factors: the sum in
    /// (u′v + uv′)·w + uvw′ is not the user's own, and has neither a number nor letters alone.
    /// A polynomial is multiplied out where that makes the sum shorter, or keeps its length.
    pub(super) fn distributed(&mut self, terms: Vec<Term>) -> Vec<Term> {
        if terms.len() < 2 {
            return terms;
        }
        let by_product_rule = |forms: &Self, sum| {
            !forms.is_own(sum) && !forms.has_number(sum) && !forms.is_polynomial(sum)
        };
        let terms = self.multiplied_out_where(&terms, by_product_rule);
        if terms.len() > MOST_TERMS {
            return terms;
        }
        let shorter = self.multiplied_out_where(&terms, Self::is_polynomial);
        if shorter.len() <= terms.len() { shorter } else { terms }
    }

    fn multiplied_out_where(
        &mut self,
        terms: &[Term],
        is_meant: impl Fn(&Self, Id) -> bool,
    ) -> Vec<Term> {
        let mut parts: Vec<(Number, Id)> = Vec::with_capacity(terms.len());
        for &Term { coefficient, form } in terms {
            match self.sum_among(form).filter(|&sum| is_meant(self, sum)) {
                Some(sum) => parts.extend(self.multiplied_out(coefficient, form, sum)),
                None => parts.push((coefficient, form)),
            }
        }
        self.gathered(&parts)
    }

    /// The terms taken together as a product of what they share and a sum, if that is simpler.
    pub(super) fn factored(&mut self, terms: &[Term]) -> Option<Id> {
        if terms.len() < 2 || terms.len() > MOST_TERMS {
            return None;
        }
        let (shared, is_worth_it) = self.shared(terms);
        if !is_worth_it {
            return None;
        }
        let (number, parts) = self.divided(terms, &shared)?;
        let is_flat = parts.iter().all(|part| self.sum_among(part.form).is_none());
        let mut rest = self.multiplied_out_where(&parts, |_, _| true);
        self.join_squares(&mut rest);
        let is_simpler = match is_flat {
            true => rest.iter().any(|term| term.form == Self::ONE),
            false => rest.len() <= terms.len() || self.are_letters(&rest),
        };
        if !is_simpler {
            return None;
        }
        // What is left can share something again.
        let (also_shared, _) = self.shared(&rest);
        let (also_number, parts) = self.divided(&rest, &also_shared)?;
        let shorter = self.multiplied_out_where(&parts, |_, _| true);
        rest = if shorter.len() <= parts.len() { shorter } else { parts };
        let mut number = number.times(also_number)?;
        // −(3 − x) is x − 3.
        if number.is_negative() && rest.iter().any(|term| term.coefficient.is_negative()) {
            number = number.negated();
            for term in &mut rest {
                term.coefficient = term.coefficient.negated();
            }
        }
        let mut factors = vec![self.number(number)];
        for Factor { base, exponent } in shared.into_iter().chain(also_shared) {
            factors.push(self.power(base, exponent));
        }
        factors.push(self.arranged(rest));
        Some(self.product(&factors))
    }

    /// The terms over what they share, and over the number that divides all of them.
    fn divided(&mut self, terms: &[Term], shared: &[Factor]) -> Option<(Number, Vec<Term>)> {
        let coefficients = terms.iter().map(|term| term.coefficient);
        let number = Number::content(coefficients).unwrap_or(Number::ONE);
        let mut inverse = Vec::with_capacity(shared.len() + 1);
        for factor in shared {
            let exponent = self.negated(factor.exponent);
            inverse.push(self.power(factor.base, exponent));
        }
        let mut parts = Vec::with_capacity(terms.len());
        for term in terms {
            inverse.push(term.form);
            let rest = self.product(&inverse);
            inverse.pop();
            let coefficient = term.coefficient.times(number.inverse()?)?;
            let rest = self.as_term(rest);
            parts.push(Term { coefficient: coefficient.times(rest.coefficient)?, ..rest });
        }
        Some((number, parts))
    }

    /// The sum as one writes it: powers of letters descending, a number last, but no minus first.
    fn arranged(&mut self, mut terms: Vec<Term>) -> Id {
        match self.are_letters(&terms) {
            true => terms.sort_by_key(|term| Reverse(self.degree(term.form))),
            false => terms.sort_by_key(|term| term.form == Self::ONE),
        }
        if let Some(first) = terms.iter().position(|term| !term.coefficient.is_negative()) {
            terms[..=first].rotate_right(1);
        }
        self.sum_of(terms)
    }

    fn degree(&self, form: Id) -> i64 {
        let exponents = self.factors(form).into_iter().map(|factor| factor.exponent);
        exponents.filter_map(|exponent| self.as_number(exponent)?.whole()).sum()
    }

    fn are_letters(&self, terms: &[Term]) -> bool {
        terms.iter().all(|term| self.is_monomial(term.form))
    }

    /// The powers that all terms have, and whether one of them is worth taking out.
    fn shared(&self, terms: &[Term]) -> (Vec<Factor>, bool) {
        let mut lists = terms.iter().map(|term| self.factors(term.form));
        let first = lists.next().unwrap_or_default();
        let others: Vec<Vec<Factor>> = lists.collect();
        let mut shared = Vec::new();
        let mut is_worth_it = false;
        'factors: for Factor { base, exponent } in first {
            let mut least = exponent;
            let mut is_same = true;
            for list in &others {
                let is_power = self.as_number(exponent).is_some();
                let other = list.iter().find(|factor| {
                    factor.base == base && (is_power || factor.exponent == exponent)
                });
                let Some(other) = other else { continue 'factors };
                is_same &= other.exponent == exponent;
                match (self.as_number(least), self.as_number(other.exponent)) {
                    (Some(a), Some(b)) if b.compare(a).is_lt() => least = other.exponent,
                    (Some(_), Some(_)) => {}
                    _ if other.exponent == exponent => {}
                    _ => continue 'factors,
                }
            }
            let is_sum = self.as_sum(base).is_some();
            let is_below = self.as_number(least).is_some_and(Number::is_negative);
            // For its denominators alone 1/x − 1/x² stays.
            is_worth_it |= is_sum || is_below && is_same || self.as_number(exponent).is_none();
            shared.push(Factor { base, exponent: least });
        }
        (shared, is_worth_it)
    }

    /// The first short sum among the factors of a form.
    fn sum_among(&self, form: Id) -> Option<Id> {
        self.factors(form).into_iter().find_map(|Factor { base, exponent }| {
            let terms = self.as_sum(base)?;
            (exponent == Self::ONE && terms.len() <= MOST_TERMS).then_some(base)
        })
    }

    fn has_number(&self, sum: Id) -> bool {
        self.as_sum(sum).is_some_and(|terms| terms.iter().any(|term| term.form == Self::ONE))
    }

    /// The terms of coefficient·form, of which `sum` is a factor.
    fn multiplied_out(&mut self, coefficient: Number, form: Id, sum: Id) -> Vec<(Number, Id)> {
        let mut factors = self.factors(form);
        factors.retain(|factor| factor.base != sum);
        let rest = self.product_of(factors);
        let terms = self.as_sum(sum).map(<[Term]>::to_vec).unwrap_or_default();
        let mut parts = Vec::with_capacity(terms.len());
        for term in terms {
            let product = self.product(&[rest, term.form]);
            match coefficient.times(term.coefficient) {
                Some(coefficient) => parts.push((coefficient, product)),
                None => {
                    let product = self.scaled(term.coefficient, product);
                    parts.push((coefficient, product));
                }
            }
        }
        parts
    }
}
