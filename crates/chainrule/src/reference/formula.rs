//! Formulas of tables as mathematics: LaTeX, and derivatives as a teacher writes them.

use std::borrow::Cow;

use chainrule_core::function::FunctionRow;
use chainrule_core::latex::latex_in;
use chainrule_core::simplify::written_derivatives;
use chainrule_core::text::{Scope, parse};
use chainrule_core::{Expr, Shape};

use super::Targets;
use crate::activations::FUNCTIONS;

/// A formula for people.
#[derive(Clone, Debug)]
pub struct Formula {
    /// The targets that it is for, of a loss or a metric.
    pub targets: Option<Targets>,
    /// As text.
    pub text: Cow<'static, str>,
    /// The value of one row, of a loss: what is differentiated, and what may be typed.
    pub of_row: Option<&'static str>,
    /// In LaTeX, if all of it is mathematics.
    pub latex: Option<String>,
    /// The derivatives of a function of numbers, or of a loss's row, by what the network gives.
    pub derivatives: Vec<Derivative>,
}

/// A derivative as a teacher writes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Derivative {
    /// The variable.
    pub by: &'static str,
    /// As a formula.
    pub text: String,
    /// In LaTeX.
    pub latex: String,
}

impl Formula {
    /// A formula without more.
    pub(super) fn of(text: &'static str) -> Self {
        Self {
            targets: None,
            text: text.into(),
            of_row: None,
            latex: None,
            derivatives: Vec::new(),
        }
    }

    /// The formula of a function of numbers or of a row.
    pub(super) fn of_function(row: &'static FunctionRow) -> Self {
        if is_of_a_row(row.formula) {
            let letters: Vec<(&str, &str)> =
                row.parameters.iter().map(|&name| (name, "j")).collect();
            return Self { latex: latex(row.formula, &letters), ..Self::of(row.formula) };
        }
        // An operation has a derivative of its own: of σ it is σ·(1 − σ).
        let body = row.body();
        let is_operation = body.node().is_ok_and(|node| node.op().name() == row.name);
        // A formula that calls the operation itself says no more than the operation.
        let latex = match is_operation && row.formula.starts_with(row.name) {
            true => latex_in(&body, &Scope::free()).ok(),
            false => latex(row.formula, &[]),
        };
        let function = if is_operation { Some(body) } else { expression(row.formula) };
        // The operands of an operation are alike; what follows another function's are constants.
        let variables = if is_operation { row.parameters.len() } else { 1 };
        let by = row.parameters.iter().take(variables);
        let derivatives = by.filter_map(|by| derivative(function.as_ref()?, by)).collect();
        Self { latex, derivatives, ..Self::of(row.formula) }
    }

    /// The formula `whole` of a loss whose row has this value, for outputs with these letters.
    pub(super) fn of_loss(
        whole: String,
        row: &'static str,
        letters: &[&'static str],
        targets: Targets,
    ) -> Self {
        // Where the target is the number of a class it picks one of the outputs.
        let of_class = row.contains("gather(");
        let index = if is_of_a_row(row) { "i_j" } else { "i" };
        let mut indexed: Vec<(&str, &str)> =
            letters.iter().map(|&letter| (letter, index)).collect();
        indexed.push(("y", if of_class { "i" } else { index }));
        let derivatives = match is_of_a_row(row) {
            true => Vec::new(),
            false => {
                let function = expression(row);
                letters.iter().filter_map(|by| derivative(function.as_ref()?, by)).collect()
            }
        };
        Self {
            targets: Some(targets),
            latex: latex(&whole, &indexed),
            text: whole.into(),
            of_row: Some(row),
            derivatives,
        }
    }

    /// The formula of a metric of whole columns.
    pub(super) fn of_metric(text: &'static str, targets: Targets) -> Self {
        let latex = latex(text, &[("y", "i"), ("p", "i")]);
        Self { targets: Some(targets), latex, ..Self::of(text) }
    }

    /// The formula of a rule: a value, or what is set to what, one after the other.
    pub(super) fn of_rule(text: &'static str) -> Self {
        Self { latex: rule(text), ..Self::of(text) }
    }
}

/// Whether a formula takes a whole row, along its only axis.
fn is_of_a_row(formula: &str) -> bool {
    formula.contains("axis=")
}

/// A formula of numbers as an expression, every function spelled out.
pub(super) fn expression(formula: &str) -> Option<Expr> {
    parse(formula, &Scope::free().functions(FUNCTIONS).spelled()).ok()
}

fn derivative(function: &Expr, by: &'static str) -> Option<Derivative> {
    let slope = written_derivatives(function, &Expr::variable(by), 1).ok()?.pop()?;
    let latex = latex_in(&slope, &Scope::free().functions(FUNCTIONS)).ok()?;
    Some(Derivative { by, text: slope.to_string(), latex })
}

/// The functions of whole columns as they are written, and as LaTeX has them.
const MEAN: (&str, &str) = ("mean", r"\frac{1}{m} \sum_{i=1}^{m} ");
const COLUMNS: &[FunctionRow] = &[
    FunctionRow { name: MEAN.0, latex: Some(MEAN.1), ..FunctionRow::OF_A_NUMBER },
    FunctionRow { name: "total", latex: Some(r"\sum_{i=1}^{m} "), ..FunctionRow::OF_A_NUMBER },
    FunctionRow { name: "median", latex: Some(r"\mathrm{median}"), ..FunctionRow::OF_A_NUMBER },
    FunctionRow { name: "var", latex: Some(r"\mathrm{var}"), ..FunctionRow::OF_A_NUMBER },
];

/// The LaTeX of a formula some of whose letters have indices: i of the row, j of a place in it.
fn latex(formula: &str, indexed: &[(&str, &str)]) -> Option<String> {
    let scope = Scope::free().functions(FUNCTIONS).functions(COLUMNS);
    let meaning = indexed.iter().fold(scope.clone(), |scope, (letter, index)| {
        let shape = if index.ends_with('j') { Shape::shared(&[2]) } else { Shape::shared(&[]) };
        scope.variable(letter, Expr::input(&format!("{letter}_{index}"), shape))
    });
    let formula = match is_of_a_row(formula) {
        true => formula.to_owned(),
        false => formula.replace("sum(", "total("),
    };
    let latex = latex_in(&parse(&formula, &meaning).ok()?, &scope).ok()?;
    let latex = indexed
        .iter()
        .fold(latex, |latex, (letter, index)| along_rows(&latex, letter, &index.replace('_', ",")));
    Some(latex.replace(r"\sum_{\mathrm{axis}\,0}", r"\sum_{j}"))
}

/// What is done along a row, and the mean of a column, as a textbook writes them.
fn along_rows(latex: &str, letter: &str, index: &str) -> String {
    let each = format!("{letter}_{{{index}}}");
    let other = format!("{letter}_{{{}}}", index.replace('j', "k"));
    let one = format!("{letter}_{{{}}}", index.replace('j', "y_{i}"));
    latex
        .replace(
            &format!(r"\operatorname{{logsumexp}}_{{\mathrm{{axis}}\,0}}\left({each}\right)"),
            &format!(r"\log\left(\sum_{{k}} e^{{{other}}}\right)"),
        )
        .replace(&format!(r"\operatorname{{gather}}\left({each}, y_{{i}}\right)"), &one)
        .replace(&format!(r"{}\left({each}\right)", MEAN.1), &format!(r"\bar{{{letter}}}"))
}

/// The LaTeX of a rule: `w = w - lr*g; with momentum: …`, or of a value.
fn rule(text: &str) -> Option<String> {
    let clauses = text.split("; ").map(|clause| {
        let (lead, rest) = match clause.split_once(": ") {
            Some((lead, rest)) => (format!(r"\text{{{}: }} ", words(lead)?), rest),
            None => (String::new(), clause),
        };
        let parts: Option<Vec<String>> = rest.split(", ").map(part).collect();
        Some(format!("{lead}{}", parts?.join(r", \quad ")))
    });
    let clauses: Option<Vec<String>> = clauses.collect();
    Some(clauses?.join(r"; \quad "))
}

/// A part of a rule: what is set to what, a value, or words between.
fn part(text: &str) -> Option<String> {
    let (name, value) = match text.split_once(" = ") {
        Some((name, value)) => (Some(name), value),
        None => (None, text),
    };
    match (latex(value, &[]), name) {
        (Some(value), None) => Some(value),
        (Some(value), Some(name)) => Some(format!(r"{} \leftarrow {value}", latex(name, &[])?)),
        (None, None) => Some(format!(r"\text{{{}}}", words(text)?)),
        (None, Some(_)) => None,
    }
}

/// A text without any sign.
fn words(text: &str) -> Option<&str> {
    text.chars().all(|letter| letter.is_alphanumeric() || letter == ' ').then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_columns_are_written_as_in_a_textbook() {
        let softmax = latex("exp(x - logsumexp(x, axis=0))", &[("x", "j")]).unwrap();
        assert_eq!(softmax, r"e^{x_{j} - \log\left(\sum_{k} e^{x_{k}}\right)}");
        let entropy = latex("logsumexp(z, axis=0) - gather(z, y)", &[("z", "i_j"), ("y", "i")]);
        assert_eq!(entropy.unwrap(), r"\log\left(\sum_{k} e^{z_{i,k}}\right) - z_{i,y_{i}}");
        let spread = latex("sum((y - mean(y))^2)", &[("y", "i")]).unwrap();
        assert_eq!(spread, r"\sum_{i=1}^{m} \left(\left(y_{i} - \bar{y}\right)^{2}\right)");
    }

    #[test]
    fn a_rule_sets_one_thing_after_the_other() {
        assert_eq!(
            rule("w = w - 2*g; with momentum: v = g/2, w = w - v").unwrap(),
            r"w \leftarrow w - 2 g; \quad \text{with momentum: } v \leftarrow \frac{g}{2}, \quad w \leftarrow w - v"
        );
        assert_eq!(rule("lr*a^n").unwrap(), r"\mathrm{lr} \cdot a^{n}");
        assert_eq!(rule("w = w + s*d by a line search"), None);
    }
}
