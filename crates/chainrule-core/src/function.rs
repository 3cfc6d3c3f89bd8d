//! Named functions: the rows of every family's table.
//!
//! A family (activations, for one) is a plain `const` table of [`FunctionRow`]s. A row is all
//! that there is to a function: from it come its name in formulas, its help text, its LaTeX and
//! its tests. Here stand the families that every formula knows: [`PRIMITIVES`] and
//! [`ELEMENTARY`].

mod elementary;
mod primitive;

use crate::error::ErrorKind;
use crate::expr::Expr;
use crate::text::{Scope, parse};
use crate::words::Words;

pub use elementary::ELEMENTARY;
pub use primitive::PRIMITIVES;

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
///     points: &[(&[3.0], 30.0), (&[3.0, 2.0], 6.0)],
///     ..FunctionRow::OF_A_NUMBER
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
    /// What most rows have in common: a function of any number x, with any value, that has no name
    /// in LaTeX.
    pub const OF_A_NUMBER: Self = Self {
        name: "",
        parameters: &["x"],
        defaults: &[],
        build: |x| x[0].clone(),
        doc: Words { english: "", korean: "" },
        formula: "",
        domain: "-inf < x < inf",
        range: "-inf < y < inf",
        latex: None,
        points: &[],
    };

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
        self.named(arguments, self.build)
    }

    /// The function applied to arguments, with its formula under its name in place of the body.
    ///
    /// A body is right far out and near 0, and so is its derivative; the derivative of the formula
    /// is what a person would write. So this is for showing, [`call`](Self::call) for numbers.
    ///
    /// ```
    /// use chainrule_core::text::{Scope, parse};
    /// let sine = parse("sinh(x)", &Scope::free().spelled()).unwrap();
    /// assert_eq!(sine.to_string(), "sinh(x)");
    /// assert_eq!(sine.node().unwrap().operands()[0].to_string(), "(exp(x) - exp(-x))/2");
    /// ```
    #[track_caller]
    pub fn spelled(&self, arguments: &[Expr]) -> Expr {
        self.named(arguments, |arguments| {
            let scope = (self.parameters.iter().zip(arguments))
                .fold(Scope::closed(), |scope, (name, argument)| {
                    scope.variable(name, argument.clone())
                });
            parse(self.formula, &scope).unwrap_or_else(|error| error.kind().clone().into())
        })
    }

    /// A body of all arguments, under the function's name if it is not an operation of that name.
    #[track_caller]
    fn named(&self, arguments: &[Expr], body: impl Fn(&[Expr]) -> Expr) -> Expr {
        let (least, most) = self.argument_counts();
        if arguments.len() < least || arguments.len() > most {
            let kind = ErrorKind::OperandCount { op: self.name.into(), found: arguments.len() };
            return kind.into();
        }
        let left_out = self.defaults.iter().skip(arguments.len() - least);
        let all: Vec<Expr> =
            arguments.iter().cloned().chain(left_out.map(|&value| value.into())).collect();
        let body = body(&all);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::{Binary, Compare, Unary};
    use crate::oracle::evaluate;

    /// The value of an expression of parameters at a point.
    fn value(expr: &Expr, parameters: &[&str], point: &[f64]) -> f64 {
        let given: Vec<(&str, &[f64])> =
            parameters.iter().copied().zip(point.iter().map(std::slice::from_ref)).collect();
        evaluate(std::slice::from_ref(expr), &given).unwrap()[0][0]
    }

    #[test]
    fn every_function_passes_through_its_points_and_so_does_its_formula() {
        for row in [PRIMITIVES, ELEMENTARY].concat() {
            let formula = parse(row.formula, &Scope::free()).unwrap();
            assert!(row.points.len() >= 2, "{} needs two points", row.name);
            for &(point, expected) in row.points {
                for body in [row.body(), formula.clone()] {
                    let found = value(&body, row.parameters, point);
                    let within = (found - expected).abs() <= 4.0 * f64::EPSILON * expected.abs();
                    assert!(within, "{}({point:?}): {found}, expected {expected}", row.name);
                }
            }
        }
    }

    #[test]
    fn every_function_says_what_it_is_in_both_languages() {
        let is_hangul = |letter: char| ('가'..='힣').contains(&letter);
        for row in [PRIMITIVES, ELEMENTARY].concat() {
            assert!(row.doc.english.ends_with('.'), "{}", row.name);
            assert!(row.doc.korean.ends_with('.') && row.doc.korean.contains(is_hangul));
            assert!(!row.domain.is_empty() && !row.range.is_empty(), "{}", row.name);
            assert!(row.defaults.len() < row.parameters.len(), "{}", row.name);
        }
    }

    #[test]
    fn a_row_of_the_primitives_is_the_operation_and_formulas_know_it_by_that_name() {
        for row in PRIMITIVES {
            let text = format!("{}({})", row.name, row.parameters.join(", "));
            assert_eq!(parse(&text, &Scope::free()).unwrap(), row.body(), "{text}");
            let arguments: Vec<Expr> = row.parameters.iter().map(|x| Expr::variable(x)).collect();
            assert_eq!(row.call(&arguments), row.body(), "{text}");
        }
        // The other three are activations, and have their rows there.
        let activations = ["tanh", "sigmoid", "softplus"];
        let names = (Unary::ALL.iter().map(|op| op.name()))
            .chain(Binary::ALL.iter().map(|op| op.name()))
            .chain(Compare::ALL.iter().map(|op| op.name()))
            .chain(["where"])
            .filter(|name| !activations.contains(name));
        let rows: Vec<&str> = PRIMITIVES.iter().map(|row| row.name).collect();
        assert_eq!(names.collect::<Vec<_>>(), rows);
    }

    #[test]
    fn a_row_that_names_a_primitive_is_that_primitive() {
        let row = FunctionRow { name: "cos", build: |x| x[0].clone().unary(Unary::Cos), ..ROW };
        let x = Expr::variable("x");
        let cosine = x.clone().unary(Unary::Cos);
        assert_eq!(row.call(std::slice::from_ref(&x)), cosine);
        let row = FunctionRow { name: "wave", ..row };
        assert_eq!(row.call(std::slice::from_ref(&x)), Expr::call("wave", cosine, &[x]));
    }

    const ROW: FunctionRow = FunctionRow {
        name: "line",
        parameters: &["x", "a", "b"],
        defaults: &[2.0, 0.5],
        build: |x| &x[1] * &x[0] + &x[2],
        ..FunctionRow::OF_A_NUMBER
    };

    #[test]
    fn what_is_left_out_has_its_default_and_is_not_printed() {
        let [x, y] = ["x", "y"].map(Expr::variable);
        for (given, text, expected) in [
            (vec![x.clone()], "line(x)", 6.5),
            (vec![x.clone(), y.clone()], "line(x, y)", 12.5),
            (vec![x.clone(), y.clone(), 1.0.into()], "line(x, y, 1)", 13.0),
        ] {
            let line = ROW.call(&given);
            assert_eq!(line.to_string(), text);
            assert_eq!(value(&line, &["x", "y"], &[3.0, 4.0]), expected);
        }
        assert_eq!(ROW.argument_counts(), (1, 3));
    }

    #[test]
    fn a_wrong_number_of_arguments_poisons_the_result() {
        for found in [0, 4] {
            let error = ROW.call(&vec![Expr::variable("x"); found]).node().err().unwrap();
            assert_eq!(*error.kind(), ErrorKind::OperandCount { op: "line".into(), found });
        }
    }
}
