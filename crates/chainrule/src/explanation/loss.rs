//! The loss as a formula: of the target y and what the network gives for a row.

use chainrule_core::Expr;
use chainrule_core::graph::{Graph, substitute};
use chainrule_core::op::{Along, Reduction};
use chainrule_core::oracle::evaluate;
use chainrule_core::random::Stream;
use chainrule_core::simplify::simplify;
use chainrule_core::text::{Scope, parse};

use crate::activations::FUNCTIONS;
use crate::criterion::Criterion;
use crate::data::TargetEncoder;
use crate::error::Result;
use crate::formula::Formula;
use crate::losses::{self, LOSSES, Output};
use crate::model::Model;

/// What a model was trained on.
///
/// # Errors
/// A loss that is not known any more, or does not suit the target.
pub(crate) fn criterion_of(model: &Model) -> Result<Criterion> {
    let output = match &model.target {
        TargetEncoder::Regression { outputs } if outputs.len() > 1 => Output::Direction,
        TargetEncoder::Regression { .. } => Output::Prediction,
        TargetEncoder::Classes { labels, .. } if labels.len() > 2 => Output::Logits,
        TargetEncoder::Classes { .. } | TargetEncoder::Multilabel { .. } => Output::Logit,
    };
    Ok(Criterion::parse(&model.summary.loss, output)?.in_units(model.target.units()))
}

/// The value of a row as it stands in the reference, if that is what the criterion computes, else
/// as it computes it.
///
/// What the table of losses calls m and s are the parts of the output that are given here, each
/// with what it is.
pub(super) fn written(
    criterion: &Criterion,
    y: &Expr,
    output: &Expr,
    parts: &[(Expr, Expr)],
) -> Result<Expr> {
    let real = criterion.per_row(y, output);
    let is_class = criterion.output() == Output::Logits && y.shape().elements() == 1;
    for written in candidates(criterion, y, output, parts) {
        if are_equal(&substitute(&written, parts)?, &real, is_class) {
            return Ok(written);
        }
    }
    Ok(real)
}

/// The formulas that a person knows the loss by: the one that was typed, or that of its row in the
/// table, in the units of training, or that of another loss which is the same for such a target.
fn candidates(criterion: &Criterion, y: &Expr, output: &Expr, parts: &[(Expr, Expr)]) -> Vec<Expr> {
    let name = criterion.name();
    if Formula::is_one(name) {
        return typed(criterion, y, output).into_iter().collect();
    }
    let units = criterion.units();
    let shifted = output + units.means();
    let of = |settings: &losses::Settings| {
        let read = |output| table(settings, criterion.output(), y, output, parts);
        let with_units = read(output).map(|value| value + units.log_std());
        [read(output), read(&shifted), with_units]
    };
    let own = losses::Settings::parse(name).ok();
    let others = LOSSES.iter().map(losses::Settings::from);
    own.into_iter().chain(others).flat_map(|settings| of(&settings)).flatten().collect()
}

/// The formula of a loss in the table.
fn table(
    settings: &losses::Settings,
    meaning: Output,
    y: &Expr,
    output: &Expr,
    parts: &[(Expr, Expr)],
) -> Option<Expr> {
    let form = settings.member().form(meaning)?;
    let is_class = meaning == Output::Logits && y.shape().elements() == 1;
    let y = if is_class { y.clone().reshape(&[]) } else { y.clone() };
    let classes = Expr::constant(output.shape().elements() as f64);
    let mut scope = Scope::closed().functions(FUNCTIONS).variable("y", y).variable("C", classes);
    for (setting, value) in settings.iter() {
        scope = scope.variable(setting.name, Expr::constant(value));
    }
    scope = match form.output.letters() {
        [letter] => scope.variable(letter, output.clone()),
        letters => (letters.iter().zip(parts))
            .fold(scope, |scope, (letter, (part, _))| scope.variable(letter, part.clone())),
    };
    mean(simplify(&parse(form.formula, &scope).ok()?))
}

/// The formula as it was typed, where training has it in a form for numbers.
fn typed(criterion: &Criterion, y: &Expr, output: &Expr) -> Option<Expr> {
    let is_class = criterion.output() == Output::Logits && y.shape().elements() == 1;
    let y = match is_class {
        true => Expr::iota(&output.shape().dims, 0).equals(y),
        false => y.clone(),
    };
    let p = probabilities(criterion, output).unwrap_or_else(|| output.clone());
    let scope = Scope::closed().functions(FUNCTIONS);
    let scope = scope.variable("y", y).variable("p", p).variable("z", output.clone());
    mean(parse(criterion.name(), &scope).ok()?)
}

/// What the output means, if it is not the prediction itself: probabilities, or a rate.
pub(super) fn probabilities(criterion: &Criterion, z: &Expr) -> Option<Expr> {
    match criterion.output() {
        Output::Prediction | Output::Direction | Output::Normal => None,
        Output::Logit => Some(z.clone().sigmoid()),
        Output::Logits => {
            let total = z.clone().reduce(Reduction::LogSumExp, Along::Axis(0));
            Some((z - total).exp())
        }
        Output::Rate => Some(simplify(&(z + criterion.units().means()).exp())),
    }
}

/// One number of a row; of several the mean.
fn mean(value: Expr) -> Option<Expr> {
    let value = match value.shape().elements() {
        1 => value.reshape(&[]),
        _ => losses::mean_of_outputs(value),
    };
    value.error().is_none().then_some(value)
}

/// Whether two values of rows are the same number in some rows, wherever the first is one.
fn are_equal(written: &Expr, real: &Expr, is_class: bool) -> bool {
    const ROWS: usize = 8;
    let roots = [written.clone(), real.clone()];
    let Ok(graph) = Graph::new(&roots) else { return false };
    let mut stream = Stream::new(7, 0);
    let mut values: Vec<(String, Vec<f64>)> = Vec::new();
    for (_, name, shape) in graph.inputs() {
        let count = shape.elements() * if shape.is_rows() { ROWS } else { 1 };
        // 0 and 1 are targets of every kind: classes, counts, numbers.
        let value = |place| match (name, place % 4) {
            ("y", 2 | 3) if !is_class => [0.25, 0.625][place % 2],
            ("y", place) => (place % 2) as f64,
            _ => 2.0 * stream.normal(),
        };
        values.push((name.to_owned(), (0..count).map(value).collect()));
    }
    let given: Vec<(&str, &[f64])> = values.iter().map(|(n, v)| (n.as_str(), &v[..])).collect();
    let Ok(found) = evaluate(&roots, &given) else { return false };
    // On paper 0·log 0 is 0.
    let known: Vec<(f64, f64)> = (found[0].iter().copied().zip(found[1].iter().copied()))
        .filter(|(written, _)| !written.is_nan())
        .collect();
    let near = |(a, b): &(f64, f64)| (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0);
    found[0].len() == found[1].len() && 2 * known.len() >= found[0].len() && known.iter().all(near)
}
