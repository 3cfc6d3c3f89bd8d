//! Named functions: the rows of every family's table.
//!
//! A family (activations, for one) is a plain `const` table of [`FunctionRow`]s. A row is all
//! that there is to a function: from it come its name in formulas, its help text, its LaTeX and
//! its tests.

use crate::error::ErrorKind;
use crate::expr::Expr;
use crate::op::Unary;

/// A named function: what it is called, how it is built, and what is known about it.
///
/// ```
/// use chainrule_core::{Expr, function::FunctionRow};
/// const SQUARE: FunctionRow = FunctionRow {
///     name: "square",
///     parameters: &["x"],
///     build: |x| x[0].clone().powf(2.0),
///     doc: "The square.",
///     formula: "x^2",
///     latex: None,
///     points: &[(3.0, 9.0), (-2.0, 4.0)],
/// };
/// let y = SQUARE.call(&[Expr::variable("x") + 1.0]);
/// assert_eq!(y.to_string(), "square(x + 1)");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FunctionRow {
    /// The name in formulas, on the command line and in model files.
    pub name: &'static str,
    /// The names of the parameters, in order.
    pub parameters: &'static [&'static str],
    /// Builds the body from exactly as many arguments as there are parameters.
    pub build: fn(&[Expr]) -> Expr,
    /// What the function is, in one sentence.
    pub doc: &'static str,
    /// The body as a formula of the parameters, for people.
    pub formula: &'static str,
    /// The name in LaTeX, used as it stands; without one it is `\operatorname{name}`.
    pub latex: Option<&'static str>,
    /// Points (x, f(x)) of a function of one number, exact to the last bits.
    pub points: &'static [(f64, f64)],
}

impl FunctionRow {
    /// The function applied to arguments: its body under its name.
    ///
    /// A row that only names a primitive (`tanh`) gives that primitive. Another number of
    /// arguments than there are parameters poisons the result with
    /// [`ErrorKind::OperandCount`].
    #[track_caller]
    pub fn call(&self, arguments: &[Expr]) -> Expr {
        if arguments.len() != self.parameters.len() {
            let kind = ErrorKind::OperandCount { op: self.name.into(), found: arguments.len() };
            return kind.into();
        }
        let body = (self.build)(arguments);
        match body.node() {
            Ok(node) if node.op().name() == self.name && node.operands() == arguments => body,
            _ => Expr::call(self.name, body, arguments),
        }
    }

    /// The body, built on variables with the parameters' names.
    pub fn body(&self) -> Expr {
        let arguments: Vec<Expr> =
            self.parameters.iter().map(|name| Expr::variable(name)).collect();
        (self.build)(&arguments)
    }
}

/// The functions of a first course that are no primitives; every formula knows them.
pub const ELEMENTARY: &[FunctionRow] = &[
    FunctionRow {
        name: "tan",
        parameters: &["x"],
        build: |x| x[0].clone().unary(Unary::Sin) / x[0].clone().unary(Unary::Cos),
        doc: "Tangent, x in radians.",
        formula: "sin(x)/cos(x)",
        latex: Some(r"\tan"),
        points: &[(0.0, 0.0), (std::f64::consts::FRAC_PI_4, 1.0)],
    },
    FunctionRow {
        name: "sinh",
        parameters: &["x"],
        // The two halves have opposite signs, so nothing cancels near 0.
        build: |x| (x[0].clone().expm1() - (-&x[0]).expm1()) / 2.0,
        doc: "Hyperbolic sine.",
        formula: "(expm1(x) - expm1(-x))/2",
        latex: Some(r"\sinh"),
        points: &[(0.0, 0.0), (std::f64::consts::LN_2, 0.75)],
    },
    FunctionRow {
        name: "cosh",
        parameters: &["x"],
        build: |x| (x[0].clone().exp() + (-&x[0]).exp()) / 2.0,
        doc: "Hyperbolic cosine.",
        formula: "(exp(x) + exp(-x))/2",
        latex: Some(r"\cosh"),
        points: &[(0.0, 1.0), (std::f64::consts::LN_2, 1.25)],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::evaluate;
    use crate::text::{Scope, parse};

    #[test]
    fn the_elementary_functions_pass_through_their_points_and_match_their_formulas() {
        for row in ELEMENTARY {
            assert_eq!(parse(row.formula, &Scope::free()).unwrap(), row.body(), "{}", row.name);
            let y = row.call(&[Expr::variable("x")]);
            for &(x, expected) in row.points {
                let value = evaluate(std::slice::from_ref(&y), &[("x", &[x])]).unwrap()[0][0];
                assert!((value - expected).abs() <= 4.0 * f64::EPSILON, "{}({x})", row.name);
            }
        }
    }

    #[test]
    fn a_row_that_names_a_primitive_is_that_primitive() {
        let mut row = ELEMENTARY[0];
        row.name = "tanh";
        row.build = |x| x[0].clone().tanh();
        let x = Expr::variable("x");
        assert_eq!(row.call(std::slice::from_ref(&x)), x.clone().tanh());
        row.name = "squash";
        assert_eq!(
            row.call(std::slice::from_ref(&x)),
            Expr::call("squash", x.clone().tanh(), &[x])
        );
    }

    #[test]
    fn a_wrong_number_of_arguments_poisons_the_result() {
        let error = ELEMENTARY[0].call(&[]).node().err().unwrap();
        let expected = ErrorKind::OperandCount { op: "tan".into(), found: 0 };
        assert_eq!(*error.kind(), expected);
    }
}
