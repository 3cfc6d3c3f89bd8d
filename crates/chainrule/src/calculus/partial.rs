//! Derivatives of every order as expressions: as a teacher writes them, and for numbers.

use chainrule_core::Expr;
use chainrule_core::derivative::{derivatives, push_forward};
use chainrule_core::latex::latex_in;
use chainrule_core::simplify::{simplify_derivative, written_derivatives};

use super::{Function, scope};
use crate::error::Result;

/// A derivative of a function, by one variable or by one after the other.
#[derive(Clone, Debug)]
pub struct Partial {
    /// The variable of each differentiation, in turn.
    pub by: Vec<String>,
    /// As a teacher would write it.
    pub written: Expr,
    /// In a form for numbers, with the conventions of training at kinks.
    pub(super) computed: Expr,
    /// What this is the derivative of, by the last variable.
    pub(super) before: Expr,
}

impl Partial {
    /// How often was differentiated.
    pub fn order(&self) -> usize {
        self.by.len()
    }

    /// As a teacher would write it, as text.
    pub fn text(&self) -> String {
        self.written.to_string()
    }

    /// As a teacher would write it, in LaTeX.
    ///
    /// # Errors
    /// The error that poisoned the expression.
    pub fn latex(&self) -> Result<String> {
        Ok(latex_in(&self.written, &scope())?)
    }

    /// The last variable, and whether it is the only one.
    pub(super) fn last(&self) -> (&str, bool) {
        let last = self.by.last().map_or("", String::as_str);
        (last, self.by.iter().all(|name| name == last))
    }
}

pub(super) fn partials(function: &Function, by: &[&str], order: usize) -> Result<Vec<Partial>> {
    let mut partials = Vec::new();
    for &name in by {
        let variable = Expr::variable(name);
        let written = written_derivatives(&function.paper, &variable, order)?;
        let computed = derivatives(&function.stable, &variable, order)?;
        for n in 1..=order {
            partials.push(Partial {
                by: vec![name.to_owned(); n],
                written: written[n].clone(),
                computed: computed[n].clone(),
                before: computed[n - 1].clone(),
            });
        }
    }
    if order >= 2 {
        for (i, first) in by.iter().enumerate() {
            for second in &by[i + 1..] {
                partials.push(mixed(function, first, second)?);
            }
        }
    }
    Ok(partials)
}

fn mixed(function: &Function, first: &str, second: &str) -> Result<Partial> {
    let along = |expr: &Expr, name: &str| {
        push_forward(expr, &[(Expr::variable(name), Expr::constant(1.0))])
    };
    let once = simplify_derivative(&along(&function.paper, first)?, &function.paper);
    let before = along(&function.stable, first)?;
    Ok(Partial {
        by: vec![first.to_owned(), second.to_owned()],
        written: simplify_derivative(&along(&once, second)?, &once),
        computed: along(&before, second)?,
        before,
    })
}
