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

    /// Whether the derivatives are of another formula than the mean of the rows' values: then that
    /// formula is to be named.
    pub fn differs_from_its_row(&self) -> bool {
        self.of_row.is_some_and(|row| self.text != format!("mean({row})"))
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
const OVER_CLASSES: &str = r"\sum_{k=1}^{C} ";
const COLUMNS: &[FunctionRow] = &[
    FunctionRow { name: MEAN.0, latex: Some(MEAN.1), ..FunctionRow::OF_A_NUMBER },
    FunctionRow { name: "total", latex: Some(r"\sum_{i=1}^{m} "), ..FunctionRow::OF_A_NUMBER },
    FunctionRow { name: "sum_k", latex: Some(OVER_CLASSES), ..FunctionRow::OF_A_NUMBER },
    FunctionRow {
        name: "mean_k",
        latex: Some(r"\frac{1}{C} \sum_{k=1}^{C} "),
        ..FunctionRow::OF_A_NUMBER
    },
    FunctionRow { name: "norm", latex: Some(r"\mathrm{norm}"), ..FunctionRow::OF_A_NUMBER },
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
    let of_columns = match is_of_a_row(formula) {
        true => formula.to_owned(),
        false => formula.replace("sum(", "total("),
    };
    let latex = latex_in(&parse(&of_columns, &meaning).ok()?, &scope).ok()?;
    let latex = in_one_word(latex, formula);
    let latex = indexed
        .iter()
        .fold(latex, |latex, (letter, index)| along_rows(&latex, letter, &index.replace('_', ",")));
    let latex = latex.replace(r"\sum_{\mathrm{axis}\,0}", r"\sum_{j}");
    Some(without_outer_parentheses(&latex))
}

/// A name of several words stays one: `weight_decay` is no weight with an index.
fn in_one_word(latex: String, formula: &str) -> String {
    let names = formula.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    let words = names.filter(|name| name.find('_').is_some_and(|first| first > 2));
    words.fold(latex, |latex, name| {
        let Ok(indexed) = latex_in(&Expr::variable(name), &Scope::free()) else { return latex };
        latex.replace(&indexed, &format!(r"\mathrm{{{}}}", name.replace('_', r"\_")))
    })
}

/// Sums without the parentheses around a single term.
fn without_outer_parentheses(latex: &str) -> String {
    const OPEN: &str = r"\left(";
    const CLOSE: &str = r"\right)";
    let mut text = latex.to_owned();
    for sum in [r"\sum_{i=1}^{m} ", OVER_CLASSES] {
        let mut from = 0;
        while let Some(found) = text[from..].find(&format!("{sum}{OPEN}")) {
            let start = from + found + sum.len();
            from = start;
            let inside = start + OPEN.len();
            let Some(end) = closing(&text, inside) else { break };
            if is_one_term(&text[inside..end]) {
                text.replace_range(end..end + CLOSE.len(), "");
                text.replace_range(start..inside, "");
            }
        }
    }
    text
}

/// Where the parenthesis closes that was opened right before.
fn closing(text: &str, inside: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let marks = text[inside..].match_indices(r"\");
    for (place, _) in marks {
        let rest = &text[inside + place..];
        if rest.starts_with(r"\left") && !rest.starts_with(r"\leftarrow") {
            depth += 1;
        } else if rest.starts_with(r"\right") {
            match depth {
                0 => return Some(inside + place),
                _ => depth -= 1,
            }
        }
    }
    None
}

/// Whether no sum stands outside of all braces and parentheses.
fn is_one_term(text: &str) -> bool {
    let mut depth = 0_i32;
    let mut signs = text.char_indices().filter(|&(place, letter)| {
        let rest = &text[place..];
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ if rest.starts_with(r"\left") || rest.starts_with(r"\begin{") => depth += 1,
            _ if rest.starts_with(r"\right") || rest.starts_with(r"\end{") => depth -= 1,
            _ => {}
        }
        depth == 0 && (letter == '+' || letter == '-')
    });
    signs.next().is_none()
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
        let parts: Option<Vec<String>> = parts(rest).into_iter().map(part).collect();
        Some(format!("{lead}{}", parts?.join(r", \quad ")))
    });
    let clauses: Option<Vec<String>> = clauses.collect();
    Some(clauses?.join(r"; \quad "))
}

/// The parts of a clause, between commas that stand in no parentheses.
fn parts(clause: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0);
    for (place, letter) in clause.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(clause[start..place].trim());
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.push(clause[start..].trim());
    parts
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
        assert_eq!(spread, r"\sum_{i=1}^{m} \left(y_{i} - \bar{y}\right)^{2}");
        let of_classes = latex("sum_k(m_k*TP_k/(TP_k + FP_k))/m", &[]).unwrap();
        let quotient = r"\frac{m_{k} \cdot \mathrm{TP}_{k}}{\mathrm{TP}_{k} + \mathrm{FP}_{k}}";
        assert_eq!(of_classes, format!(r"\frac{{\sum_{{k=1}}^{{C}} {quotient}}}{{m}}"));
    }

    #[test]
    fn the_sum_of_a_sum_keeps_its_parentheses() {
        for (formula, expected) in [
            ("mean(exp(y) - y)", r"\frac{1}{m} \sum_{i=1}^{m} \left(e^{y_{i}} - y_{i}\right)"),
            ("mean(-abs(y))", r"\frac{1}{m} \sum_{i=1}^{m} \left(-\left|y_{i}\right|\right)"),
            ("mean(abs(y))", r"\frac{1}{m} \sum_{i=1}^{m} \left|y_{i}\right|"),
            (
                "mean((y - 1)*exp(-y))",
                r"\frac{1}{m} \sum_{i=1}^{m} \left(y_{i} - 1\right) e^{-y_{i}}",
            ),
        ] {
            assert_eq!(latex(formula, &[("y", "i")]).unwrap(), expected, "{formula}");
        }
    }

    #[test]
    fn a_rule_sets_one_thing_after_the_other() {
        assert_eq!(
            rule("w = w - 2*g; with momentum: v = g/2, w = w - v").unwrap(),
            r"w \leftarrow w - 2 g; \quad \text{with momentum: } v \leftarrow \frac{g}{2}, \quad w \leftarrow w - v"
        );
        assert_eq!(rule("lr*a^n").unwrap(), r"\mathrm{lr} \cdot a^{n}");
        let with_comma = rule("u = max(2*u, g), w = w - lr*weight_decay*u").unwrap();
        assert_eq!(
            with_comma,
            r"u \leftarrow \max\left(2 u, g\right), \quad w \leftarrow w - \mathrm{lr} \cdot \mathrm{weight\_decay} \cdot u"
        );
        assert_eq!(rule("w = w + s*d by a line search"), None);
    }
}
