//! Named functions: the rows of every family's table.
//!
//! A family (activations, for one) is a plain `const` table of [`FunctionRow`]s. A row is all
//! that there is to a function: from it come its name in formulas, its help text, its LaTeX and
//! its tests.

use crate::error::ErrorKind;
use crate::expr::Expr;
use crate::op::Unary;
use crate::words::Words;

/// A named function: what it is called, how it is built, and what is known about it.
///
/// ```
/// use chainrule_core::{Expr, Words, function::FunctionRow};
/// const STEEP: FunctionRow = FunctionRow {
///     name: "steep",
///     parameters: &["x", "slope"],
///     defaults: &[10.0],
///     build: |x| &x[0] * &x[1],
///     doc: Words { english: "A steep line.", korean: "가파른 직선." },
///     formula: "x*slope",
///     domain: "-inf < x < inf",
///     range: "-inf < y < inf",
///     latex: None,
///     points: &[(&[3.0], 30.0), (&[3.0, 2.0], 6.0)],
/// };
/// let x = Expr::variable("x");
/// assert_eq!(STEEP.call(&[&x + 1.0]).to_string(), "steep(x + 1)");
/// assert_eq!(STEEP.call(&[x, 2.0.into()]).to_string(), "steep(x, 2)");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FunctionRow {
    /// The name in formulas, on the command line and in model files.
    pub name: &'static str,
    /// The names of the parameters, in order.
    pub parameters: &'static [&'static str],
    /// The values of the last parameters where a call leaves them out.
    pub defaults: &'static [f64],
    /// Builds the body from exactly as many arguments as there are parameters.
    pub build: fn(&[Expr]) -> Expr,
    /// What the function is, in one sentence.
    pub doc: Words,
    /// The body as a formula of the parameters, for people.
    pub formula: &'static str,
    /// Where the function has a value, as inequalities of its parameters.
    pub domain: &'static str,
    /// Which values y it takes, as inequalities; parameters with defaults have those.
    pub range: &'static str,
    /// The name in LaTeX, used as it stands; without one it is `\operatorname{name}`.
    pub latex: Option<&'static str>,
    /// Points (arguments, value) of a function of numbers, exact to the last bits.
    pub points: &'static [(&'static [f64], f64)],
}

impl FunctionRow {
    /// How many arguments a call has: at least, and at most.
    pub fn argument_counts(&self) -> (usize, usize) {
        (self.parameters.len().saturating_sub(self.defaults.len()), self.parameters.len())
    }

    /// The function applied to arguments: its body under its name.
    ///
    /// A parameter at the end that is left out has its default; the call is printed as it was
    /// given. A row that only names a primitive (`tanh`) gives that primitive. A wrong number of
    /// arguments poisons the result with [`ErrorKind::OperandCount`].
    #[track_caller]
    pub fn call(&self, arguments: &[Expr]) -> Expr {
        let (least, most) = self.argument_counts();
        if arguments.len() < least || arguments.len() > most {
            let kind = ErrorKind::OperandCount { op: self.name.into(), found: arguments.len() };
            return kind.into();
        }
        let left_out = self.defaults.iter().skip(arguments.len() - least);
        let all: Vec<Expr> =
            arguments.iter().cloned().chain(left_out.map(|&value| value.into())).collect();
        let body = (self.build)(&all);
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
        defaults: &[],
        build: |x| x[0].clone().unary(Unary::Sin) / x[0].clone().unary(Unary::Cos),
        doc: Words {
            english: "Tangent, x in radians.", korean: "탄젠트. x는 라디안이다."
        },
        formula: "sin(x)/cos(x)",
        domain: "cos(x) != 0",
        range: "-inf < y < inf",
        latex: Some(r"\tan"),
        points: &[(&[0.0], 0.0), (&[std::f64::consts::FRAC_PI_4], 1.0)],
    },
    FunctionRow {
        name: "sinh",
        parameters: &["x"],
        defaults: &[],
        // The two halves have opposite signs, so nothing cancels near 0.
        build: |x| (x[0].clone().expm1() - (-&x[0]).expm1()) / 2.0,
        doc: Words { english: "Hyperbolic sine.", korean: "쌍곡사인." },
        formula: "(expm1(x) - expm1(-x))/2",
        domain: "-inf < x < inf",
        range: "-inf < y < inf",
        latex: Some(r"\sinh"),
        points: &[(&[0.0], 0.0), (&[std::f64::consts::LN_2], 0.75)],
    },
    FunctionRow {
        name: "cosh",
        parameters: &["x"],
        defaults: &[],
        build: |x| (x[0].clone().exp() + (-&x[0]).exp()) / 2.0,
        doc: Words { english: "Hyperbolic cosine.", korean: "쌍곡코사인." },
        formula: "(exp(x) + exp(-x))/2",
        domain: "-inf < x < inf",
        range: "1 <= y < inf",
        latex: Some(r"\cosh"),
        points: &[(&[0.0], 1.0), (&[std::f64::consts::LN_2], 1.25)],
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
                let value = evaluate(std::slice::from_ref(&y), &[("x", x)]).unwrap()[0][0];
                assert!((value - expected).abs() <= 4.0 * f64::EPSILON, "{}({x:?})", row.name);
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
