//! The compiler's numeric rewrites, as an expression that is still to be differentiated.

use super::lower;
use crate::error::Error;
use crate::expr::Expr;
use crate::graph::Graph;

/// The expression with forms that lose digits or overflow replaced by ones that do not, and named
/// functions by their bodies.
///
/// The compiler rewrites every expression so; but a derivative taken before that is the derivative
/// of the unstable form. What a user types (`log(cosh(y - p))`) is therefore rewritten first.
///
/// # Errors
/// The error that poisoned the expression.
///
/// ```
/// use chainrule_core::{Expr, compile::stable, text::{Scope, parse}};
/// let typed = parse("log(1 + exp(x))", &Scope::free()).unwrap();
/// assert_eq!(stable(&typed).unwrap(), Expr::variable("x").softplus());
/// ```
pub fn stable(expr: &Expr) -> Result<Expr, Error> {
    let lowered = lower::rewrite(&Graph::new(std::slice::from_ref(expr))?);
    let mut raised: Vec<Expr> = Vec::with_capacity(lowered.nodes.len());
    for node in &lowered.nodes {
        let operands: Vec<Expr> = node.operands.iter().map(|&i| raised[i].clone()).collect();
        raised.push(Expr::new(node.op.clone(), &operands));
    }
    let root = raised[lowered.roots[0]].clone();
    root.node()?;
    Ok(root)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derivative::derivatives;
    use crate::oracle::evaluate;
    use crate::text::{Scope, parse};

    /// Value, first and second derivative of what is typed, at a point.
    fn orders(text: &str, x: f64) -> [f64; 3] {
        let typed = stable(&parse(text, &Scope::free()).unwrap()).unwrap();
        let orders = derivatives(&typed, &Expr::variable("x"), 2).unwrap();
        let found = evaluate(&orders, &[("x", &[x])]).unwrap();
        [found[0][0], found[1][0], found[2][0]]
    }

    #[track_caller]
    fn assert_orders(text: &str, x: f64, expected: [f64; 3]) {
        for (found, expected) in orders(text, x).into_iter().zip(expected) {
            let within = (found - expected).abs() <= 1e-14 * expected.abs() + 1e-300;
            assert!(within, "{text} at {x}: {found}, expected {expected}");
        }
    }

    #[test]
    fn what_is_typed_is_right_far_out_with_its_derivatives() {
        let log_two = std::f64::consts::LN_2;
        assert_orders("log(cosh(x))", 1e4, [1e4 - log_two, 1.0, 0.0]);
        assert_orders("log(cosh(x))", -1e4, [1e4 - log_two, -1.0, 0.0]);
        assert_orders("log(1 + exp(x))", 1e4, [1e4, 1.0, 0.0]);
        assert_orders("log(exp(x) + 1)", -1e4, [0.0, 0.0, 0.0]);
        assert_orders("log(sigmoid(x))", -1e4, [-1e4, 1.0, 0.0]);
        assert_orders("log(sigmoid(x))", 1e4, [0.0, 0.0, 0.0]);
        assert_orders("log(1 - sigmoid(x))", 1e4, [-1e4, -1.0, 0.0]);
        assert_orders("1 - sigmoid(x)", 1e4, [0.0, 0.0, 0.0]);
        assert_orders("exp(x) - 1", -1e4, [-1.0, 0.0, 0.0]);
        assert_orders(
            "log(1 + x)",
            1e4,
            [libm::log(10_001.0), 1.0 / 10_001.0, -1.0 / 100_020_001.0],
        );
        assert_orders(
            "log(1 - x)",
            -1e4,
            [libm::log(10_001.0), -1.0 / 10_001.0, -1.0 / 100_020_001.0],
        );
    }

    #[test]
    fn what_is_typed_keeps_its_digits_near_0() {
        let x = 1e-9;
        assert_orders("log(cosh(x))", x, [x * x / 2.0, x, 1.0]);
        assert_orders("exp(x) - 1", x, [libm::expm1(x), libm::exp(x), libm::exp(x)]);
        assert_orders(
            "log(1 - x)",
            x,
            [libm::log1p(-x), -1.0 / (1.0 - x), -1.0 / ((1.0 - x) * (1.0 - x))],
        );
        // The bend and the line meet; the curvature is below a rounding of the slope there.
        for x in [19.999_999, 20.0, 20.000_001] {
            let [value, slope, curvature] = orders("log(cosh(x))", x);
            assert!((value - libm::log(libm::cosh(x))).abs() < 1e-14, "{value}");
            assert!((slope - 1.0).abs() < 1e-15 && curvature.abs() < 1e-15, "{slope} {curvature}");
        }
    }

    #[test]
    fn what_stops_a_gradient_still_does() {
        let x = Expr::variable("x");
        let stopped = stable(&(&x * x.clone().stop_gradient())).unwrap();
        let slope = derivatives(&stopped, &x, 1).unwrap().remove(1);
        assert_eq!(evaluate(&[slope], &[("x", &[3.0])]).unwrap()[0], [3.0]);
    }
}
