//! Sums: like terms gathered, in the order of first appearance.

use std::collections::HashMap;

use super::forms::{Forms, Id, LONGEST, Style, Term};
use super::number::Number;

/// Terms of different forms.
#[derive(Default)]
pub(super) struct Gathered {
    terms: Vec<Term>,
    places: HashMap<Id, usize>,
}

impl Gathered {
    fn add(&mut self, coefficient: Number, form: Id) {
        if let Some(&place) = self.places.get(&form)
            && let Some(sum) = self.terms[place].coefficient.plus(coefficient)
        {
            self.terms[place].coefficient = sum;
            return;
        }
        // A coefficient that would be no exact number stays a term of its own.
        self.places.insert(form, self.terms.len());
        self.terms.push(Term { coefficient, form });
    }

    /// The terms that are not 0.
    pub(super) fn into_terms(mut self) -> Vec<Term> {
        self.terms.retain(|term| !term.coefficient.is_zero());
        self.terms
    }
}

impl Forms {
    /// Σ coefficient·form, with what the style asks of a sum.
    pub(super) fn sum(&mut self, parts: &[(Number, Id)]) -> Id {
        if let Some((coefficient, id)) = self.only_part(parts) {
            return self.scaled(coefficient, id);
        }
        let mut terms = self.gathered(parts);
        if terms.len() < 2 || terms.len() > LONGEST {
            return self.sum_of(terms);
        }
        self.join_squares(&mut terms);
        if self.style == Style::Derivative {
            terms = self.joined_cases(terms);
            terms = self.distributed(terms);
            self.join_squares(&mut terms);
            if let Some(factored) = self.factored(&terms) {
                return factored;
            }
        }
        self.sum_of(terms)
    }

    /// Σ coefficient·form with like terms gathered, and nothing else.
    pub(super) fn plain_sum(&mut self, parts: &[(Number, Id)]) -> Id {
        if let Some((coefficient, id)) = self.only_part(parts) {
            return self.scaled(coefficient, id);
        }
        let terms = self.gathered(parts);
        self.sum_of(terms)
    }

    /// The part beside which all others are 0: of −(y − p) + 0 it keeps its parentheses.
    fn only_part(&self, parts: &[(Number, Id)]) -> Option<(Number, Id)> {
        let mut others = parts.iter().filter(|(_, id)| self.as_number(*id) != Some(Number::ZERO));
        let first = others.next();
        first.filter(|_| others.next().is_none()).copied()
    }

    /// The terms of Σ coefficient·form: a sum in it with coefficient 1 or −1 is no term.
    pub(super) fn gathered(&mut self, parts: &[(Number, Id)]) -> Vec<Term> {
        let mut gathered = Gathered::default();
        for &(coefficient, id) in parts {
            self.gather(&mut gathered, coefficient, id);
        }
        let mut terms = gathered.into_terms();
        // Gathering can leave a sum with coefficient 1; each round takes one level of them apart.
        while terms.len() > 1
            && terms.iter().any(|t| t.coefficient.is_unit() && self.as_sum(t.form).is_some())
        {
            let mut again = Gathered::default();
            for term in terms {
                self.gather(&mut again, term.coefficient, term.form);
            }
            terms = again.into_terms();
        }
        terms
    }

    /// Adds coefficient·form, a sum with coefficient 1 or −1 term by term.
    pub(super) fn gather(&mut self, gathered: &mut Gathered, coefficient: Number, id: Id) {
        let term = self.as_term(id);
        let Some(coefficient) = coefficient.times(term.coefficient) else {
            return gathered.add(coefficient, id);
        };
        match self.as_sum(term.form) {
            Some(terms) if coefficient.is_unit() => {
                for inner in terms {
                    let inner_coefficient = match coefficient.is_negative() {
                        true => inner.coefficient.negated(),
                        false => inner.coefficient,
                    };
                    gathered.add(inner_coefficient, inner.form);
                }
            }
            _ => gathered.add(coefficient, term.form),
        }
    }

    /// number·form
    pub(super) fn scaled(&mut self, number: Number, id: Id) -> Id {
        let term = self.as_term(id);
        let term = match number.times(term.coefficient) {
            Some(coefficient) => Term { coefficient, form: term.form },
            None => Term { coefficient: number, form: id },
        };
        if self.style == Style::Derivative {
            if let Some(cases) = self.scaled_cases(term) {
                return cases;
            }
            // The user's own −(y − p) stays.
            if term.coefficient == Number::MINUS_ONE && !self.is_own(term.form) {
                return self.negated(term.form);
            }
        }
        self.sum_of(vec![term])
    }

    /// −form, of a sum term by term.
    pub(super) fn negated(&mut self, id: Id) -> Id {
        let negated =
            |term: &Term| Term { coefficient: term.coefficient.negated(), form: term.form };
        let terms = match self.as_sum(id) {
            Some(terms) => terms.iter().map(negated).collect(),
            None => vec![negated(&self.as_term(id))],
        };
        self.sum_of(terms)
    }
}
