//! Products and powers: equal bases gathered, in the order of first appearance.
//!
//! uᵃ·uᵇ = uᵃ⁺ᵇ wherever the left side is real and finite: for u < 0 both exponents are whole, and
//! for u = 0 neither is negative. (uᵃ)ᵇ = uᵃᵇ is not always so: (x²)^½ is |x|; see `power_of_power`.

use std::collections::HashMap;

use super::forms::{Factor, Form, Forms, Id, LONGEST, Style, Term};
use super::number::Number;
use crate::op::{Op, Unary};

/// A number and powers of different bases, each base with the exponents found so far.
#[derive(Default)]
struct Gathered {
    /// Numbers whose product is no exact number are all here.
    numbers: Vec<Number>,
    powers: Vec<(Id, Vec<Id>)>,
    places: HashMap<Id, usize>,
}

impl Gathered {
    fn multiply(&mut self, number: Number) {
        for known in self.numbers.iter_mut().take(LONGEST) {
            if let Some(product) = known.times(number) {
                *known = product;
                return;
            }
        }
        self.numbers.push(number);
    }

    fn add(&mut self, factor: Factor) {
        match self.places.get(&factor.base) {
            Some(&place) => self.powers[place].1.push(factor.exponent),
            None => {
                self.places.insert(factor.base, self.powers.len());
                self.powers.push((factor.base, vec![factor.exponent]));
            }
        }
    }
}

impl Forms {
    /// The product of some forms.
    pub(super) fn product(&mut self, forms: &[Id]) -> Id {
        let mut forms = forms.to_vec();
        loop {
            let (number, mut factors) = self.gathered_factors(&forms);
            match self.rewritten(&factors) {
                Some(rewritten) => {
                    forms = rewritten;
                    forms.push(self.number(number));
                }
                None => {
                    if self.style == Style::Derivative {
                        self.put_in_order(&mut factors);
                    }
                    let product = self.product_of(factors);
                    return self.scaled(number, product);
                }
            }
        }
    }

    /// The number and the powers of different bases in a product.
    fn gathered_factors(&mut self, forms: &[Id]) -> (Number, Vec<Factor>) {
        let mut gathered = Gathered::default();
        for &id in forms {
            self.gather_factors(&mut gathered, id);
        }
        // A power whose exponents were added can be a number, or a power of something else.
        while self.add_exponents(&mut gathered) {}
        let mut numbers = gathered.numbers.into_iter();
        let number = numbers.next().unwrap_or(Number::ONE);
        let mut factors: Vec<Factor> =
            numbers.map(|other| Factor { base: self.number(other), exponent: Self::ONE }).collect();
        factors.extend(gathered.powers.into_iter().flat_map(|(base, exponents)| {
            exponents.into_iter().map(move |exponent| Factor { base, exponent })
        }));
        (number, factors)
    }

    /// Other forms with the same product, if one or two factors are something simpler.
    fn rewritten(&mut self, factors: &[Factor]) -> Option<Vec<Id>> {
        if factors.len() > LONGEST {
            return None;
        }
        let is_alone = factors.len() == 1;
        for (place, &factor) in factors.iter().enumerate() {
            let (other, simpler) = match self.with_partner(factors, factor) {
                Some((other, simpler)) => (other, simpler),
                None if self.style == Style::Derivative => {
                    let base = self.rewritten_base(factor.base, is_alone);
                    let Some(base) = base else { continue };
                    (place, vec![self.power(base, factor.exponent)])
                }
                None => continue,
            };
            let mut forms = Vec::with_capacity(factors.len());
            for (i, factor) in factors.iter().enumerate() {
                if i == place {
                    forms.extend(&simpler);
                } else if i != other {
                    forms.push(self.power(factor.base, factor.exponent));
                }
            }
            return Some(forms);
        }
        None
    }

    /// Another factor with which this one is something simpler: its place, and what both are.
    fn with_partner(&mut self, factors: &[Factor], factor: Factor) -> Option<(usize, Vec<Id>)> {
        let power = self.as_number(factor.exponent)?;
        // u·sign(u) = |u|
        if let Some(u) = self.operand_of(Unary::Sign, factor.base)
            && let Some(other) = factors.iter().position(|other| other.base == u)
        {
            let exponent = self.as_number(factors[other].exponent)?;
            exponent.whole().filter(|&whole| whole > 0 && power == Number::ONE)?;
            let less = exponent.plus(Number::MINUS_ONE)?;
            let less = self.number(less);
            return Some((other, vec![self.unary(Unary::Abs, u), self.power(u, less)]));
        }
        if self.style == Style::Formula {
            return None;
        }
        // sinh(u)/cosh(u) = tanh(u)
        let u = self.argument_of("sinh", factor.base)?;
        let other = factors.iter().position(|other| {
            self.as_number(other.exponent) == Some(power.negated())
                && self.argument_of("cosh", other.base) == Some(u)
        })?;
        let tanh = self.unary(Unary::Tanh, u);
        Some((other, vec![self.power(tanh, factor.exponent)]))
    }

    /// The same factor as one writes it: −(a + b) of −a − b, and sinh of its exponentials.
    fn rewritten_base(&mut self, base: Id, is_alone: bool) -> Option<Id> {
        let terms = self.as_sum(base)?;
        if !is_alone && terms.iter().all(|term| term.coefficient.is_negative()) {
            let form = self.negated(base);
            return Some(self.sum_of(vec![Term { coefficient: Number::MINUS_ONE, form }]));
        }
        self.as_hyperbolic(base)
    }

    fn gather_factors(&mut self, gathered: &mut Gathered, id: Id) {
        let Term { coefficient, form } = self.as_term(id);
        gathered.multiply(coefficient);
        for factor in self.factors(form) {
            gathered.add(factor);
        }
    }

    /// Adds the exponents of equal bases; whether it did.
    fn add_exponents(&mut self, gathered: &mut Gathered) -> bool {
        if gathered.powers.iter().all(|(_, exponents)| exponents.len() == 1) {
            return false;
        }
        let mut has_added = false;
        let mut again =
            Gathered { numbers: std::mem::take(&mut gathered.numbers), ..Gathered::default() };
        for (base, exponents) in std::mem::take(&mut gathered.powers) {
            let count = exponents.len();
            let sums = match self.is_euler(base) {
                true => self.sums_of_like(exponents),
                false => vec![self.plain_sum(&with_ones(&exponents))],
            };
            if sums.len() == count {
                for exponent in sums {
                    again.add(Factor { base, exponent });
                }
                continue;
            }
            has_added = true;
            for exponent in sums {
                let power = self.power(base, exponent);
                self.gather_factors(&mut again, power);
            }
        }
        *gathered = again;
        has_added
    }

    /// Exponents of e, added where that makes them shorter: eˣ·eˣ = e²ˣ, but eˣ·e^(eˣ) stays.
    fn sums_of_like(&mut self, exponents: Vec<Id>) -> Vec<Id> {
        if exponents.len() > LONGEST {
            return vec![self.plain_sum(&with_ones(&exponents))];
        }
        let length = |forms: &Self, id| forms.as_sum(id).map_or(1, <[Term]>::len);
        let mut sums: Vec<Id> = Vec::new();
        'exponents: for exponent in exponents {
            for sum in &mut sums {
                let both = self.plain_sum(&with_ones(&[*sum, exponent]));
                let is_zero = self.as_number(both) == Some(Number::ZERO);
                if is_zero || length(self, both) < length(self, *sum) + length(self, exponent) {
                    *sum = both;
                    continue 'exponents;
                }
            }
            sums.push(exponent);
        }
        sums
    }

    /// base^exponent
    pub(super) fn power(&mut self, base: Id, exponent: Id) -> Id {
        let power = self.as_number(exponent);
        match (power, self.form(base)) {
            (Some(Number::ZERO), _) | (_, Form::Number(Number::ONE)) => return Self::ONE,
            (Some(Number::ONE), _) => return base,
            (Some(power), Form::Number(number)) => {
                if let Some(result) = number.power(power) {
                    return self.number(result);
                }
            }
            // (c·u)ᵇ = cᵇ·uᵇ where cᵇ is an exact number, which says that b is whole or c > 0.
            (Some(power), Form::Sum(terms)) if terms.len() == 1 => {
                let term = terms[0];
                if let Some(number) = term.coefficient.power(power) {
                    let rest = self.power(term.form, exponent);
                    return self.scaled(number, rest);
                }
            }
            (_, Form::Product(factors)) if factors.len() <= LONGEST => {
                let factors = factors.clone();
                if let Some(result) = self.power_of_product(&factors, exponent) {
                    return result;
                }
            }
            // |u|² = u²
            (Some(power), Form::Other(Op::Unary(Unary::Abs), operands)) if power.is_even() => {
                let inner = operands[0];
                return self.power(inner, exponent);
            }
            // e^(c·log u) = uᶜ
            (_, Form::Other(..)) if self.is_euler(base) => {
                let Term { coefficient, form } = self.as_term(exponent);
                if let Some(inner) = self.operand_of(Unary::Log, form) {
                    let exponent = self.number(coefficient);
                    return self.power(inner, exponent);
                }
            }
            _ => {}
        }
        self.product_of_one(base, exponent)
    }

    /// (∏ uᵢ^aᵢ)^exponent as a product, where that is the same.
    fn power_of_product(&mut self, factors: &[Factor], exponent: Id) -> Option<Id> {
        let power = self.as_number(exponent);
        if power.is_some_and(|power| power.whole().is_some()) {
            // For a whole exponent it always is.
            let mut powers = Vec::with_capacity(factors.len());
            for factor in factors {
                let exponent = self.product(&[factor.exponent, exponent]);
                powers.push(self.power(factor.base, exponent));
            }
            return Some(self.product(&powers));
        }
        let [Factor { base, exponent: inner }] = *factors else { return None };
        if self.is_euler(base) {
            let exponent = self.product(&[inner, exponent]);
            return Some(self.power(base, exponent));
        }
        self.power_of_power(base, self.as_number(inner)?, power?)
    }

    /// (uᵃ)ᵇ for a fraction b: uᵃ is not negative. If a is odd or a fraction, neither is u, and
    /// this is uᵃᵇ; if a is even, it is |u|ᵃᵇ.
    fn power_of_power(&mut self, base: Id, inner: Number, outer: Number) -> Option<Id> {
        let product = inner.times(outer)?;
        let base = match inner.is_even() && !product.is_even() {
            true => self.unary(Unary::Abs, base),
            false => base,
        };
        let exponent = self.number(product);
        Some(self.power(base, exponent))
    }

    fn product_of_one(&mut self, base: Id, exponent: Id) -> Id {
        self.product_of(vec![Factor { base, exponent }])
    }

    /// The order of a textbook: letters, then polynomials, then the rest, each in the order in
    /// which the function has them.
    fn put_in_order(&self, factors: &mut [Factor]) {
        factors.sort_by_key(|factor| {
            let class = match (self.form(factor.base), self.as_number(factor.exponent)) {
                (Form::Number(_), Some(_)) => 0,
                (Form::Other(_, operands), Some(_)) if operands.is_empty() => 1,
                (Form::Sum(_), Some(_)) if self.is_polynomial(factor.base) => 2,
                _ => 3,
            };
            (class, self.place(factor.base), factor.base)
        });
    }

    /// Whether the form is a sum of products of letters.
    pub(super) fn is_polynomial(&self, id: Id) -> bool {
        self.as_sum(id).is_some_and(|terms| terms.iter().all(|term| self.is_monomial(term.form)))
    }

    /// Whether the form is a product of whole powers of letters.
    pub(super) fn is_monomial(&self, id: Id) -> bool {
        self.factors(id).iter().all(|factor| {
            let whole = self.as_number(factor.exponent).and_then(Number::whole);
            let is_letter =
                matches!(self.form(factor.base), Form::Other(_, operands) if operands.is_empty());
            is_letter && whole.is_some_and(|whole| whole > 0)
        })
    }
}

fn with_ones(forms: &[Id]) -> Vec<(Number, Id)> {
    forms.iter().map(|&form| (Number::ONE, form)).collect()
}
