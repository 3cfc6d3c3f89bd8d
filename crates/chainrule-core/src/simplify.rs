//! Exact identities, for people: what a teacher would write, never another value.
//!
//! An expression is *defined* at a point where every subexpression that its value depends on is
//! real and finite; a branch of `where` that is not taken does not count. Wherever the original is
//! defined, the simplified expression is defined and has the same value in real arithmetic, where
//! a constant stands for the decimal that is written. It may be defined in more points: x/x is 1,
//! 0·x is 0, exp(log(x)) is x. But √(x²) is |x|, and log(x²) stays.
//!
//! Terms and factors keep the order of their first appearance, with the number in front. Equal
//! ones are gathered; nothing is multiplied out, so (x + 1)⁵⁰ stays, and the work is linear in the
//! size of the expression but for sums and products of few terms. What is simplified further by
//! a second pass is given one, so simplifying once is enough.
//!
//! Numbers lose nothing either: what would be no short fraction or decimal is not computed.

mod conventions;
mod factor;
mod forms;
mod function;
mod identities;
mod number;
mod product;
mod sum;
mod walk;
mod write;

use crate::derivative::push_forward;
use crate::error::Error;
use crate::expr::Expr;
use conventions::without_conventions;
use forms::Forms;

/// The most passes over an expression; nearly every second one changes nothing.
const MOST_PASSES: usize = 16;

/// The expression as a teacher would write it.
///
/// A poisoned expression stays as it is. Guards, and forms that keep digits, stay too: for a
/// derivative on paper there is [`simplify_derivative`].
///
/// ```
/// use chainrule_core::{simplify::simplify, text::{Scope, parse}};
/// let formula = parse("x*3*x + sqrt(x^2) + x/x", &Scope::free()).unwrap();
/// assert_eq!(simplify(&formula).to_string(), "3*x^2 + abs(x) + 1");
/// ```
pub fn simplify(expr: &Expr) -> Expr {
    until_it_stays(expr, |expr| {
        let mut forms = Forms::new();
        let id = forms.read(expr)?;
        Ok(forms.expr(id))
    })
}

/// A derivative of `function` as a teacher would write it.
///
/// Without the guards that [`crate::derivative`] puts around slopes that may be infinite, with
/// the slopes of a textbook (σ·(1 − σ), 1 − tanh²) and with factors in the order of the function.
/// Its terms are in the derivative's own order, which is that of a textbook for
/// [`push_forward`] and the reverse for a gradient.
///
/// ```
/// use chainrule_core::{Expr, derivative::push_forward, simplify::simplify_derivative};
/// let x = Expr::variable("x");
/// let root = x.clone().sqrt();
/// let slope = push_forward(&root, &[(x, Expr::constant(1.0))]).unwrap();
/// assert_eq!(slope.to_string(), "where(x == 0, 0, 0.5/sqrt(x))");
/// assert_eq!(simplify_derivative(&slope, &root).to_string(), "1/(2*sqrt(x))");
/// ```
pub fn simplify_derivative(derivative: &Expr, function: &Expr) -> Expr {
    let Ok(derivative) = without_conventions(derivative, function) else {
        return derivative.clone();
    };
    until_it_stays(&derivative, |derivative| {
        let mut forms = Forms::new();
        forms.read(function)?;
        forms.begin_derivative();
        let id = forms.read(derivative)?;
        Ok(forms.expr(id))
    })
}

/// Derivatives of every order up to `order` as a teacher would write them: f, f′, f″ …
///
/// The function itself stays as it is. Each derivative is that of the one before as it is written,
/// so they stay short; for numbers at a point, those of [`crate::derivative::derivatives`] keep
/// more digits, and have a value at kinks.
///
/// # Errors
/// The error that poisoned an expression.
///
/// ```
/// use chainrule_core::{Expr, simplify::written_derivatives, text::{Scope, parse}};
/// let formula = parse("a*x^2 + b*x", &Scope::free()).unwrap();
/// let written = written_derivatives(&formula, &Expr::variable("x"), 2).unwrap();
/// assert_eq!(written[1].to_string(), "2*a*x + b");
/// assert_eq!(written[2].to_string(), "2*a");
/// ```
pub fn written_derivatives(
    function: &Expr,
    variable: &Expr,
    order: usize,
) -> Result<Vec<Expr>, Error> {
    let mut written = vec![function.clone()];
    for _ in 0..order {
        let last = &written[written.len() - 1];
        let derivative = push_forward(last, &[(variable.clone(), Expr::constant(1.0))])?;
        written.push(simplify_derivative(&derivative, last));
    }
    Ok(written)
}

fn until_it_stays(expr: &Expr, pass: impl Fn(&Expr) -> Result<Expr, Error>) -> Expr {
    let mut current = expr.clone();
    for _ in 0..MOST_PASSES {
        match pass(&current) {
            Ok(next) if next != current => current = next,
            Ok(_) | Err(_) => break,
        }
    }
    current
}
