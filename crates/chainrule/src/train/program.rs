//! The programs of training: a step that updates the parameters, and the loss with its gradient.

use chainrule_core::derivative::gradient;
use chainrule_core::{Expr, Shape};

use crate::clipping::Clipping;
use crate::criterion::Criterion;
use crate::engine::{Program, compile};
use crate::error::Result;
use crate::losses;
use crate::network::Built;
use crate::optimizers::{self, Update};

/// How much each row counts, where rows count differently.
pub(crate) fn row_weight() -> Expr {
    Expr::input("weight", Shape::rows(&[]))
}

/// The weighted mean of the rows' losses, before it is finished.
///
/// Each row's share is w/Σw, so that one pass serves.
fn mean_loss(built: &Built, criterion: &Criterion, width: usize, weighted: bool) -> Expr {
    let target = Expr::input("y", Shape::rows(&[width]));
    let per_row = criterion.per_row(&target, &built.output);
    let weight = match weighted {
        true => row_weight(),
        false => Expr::constant(1.0),
    };
    losses::mean(&per_row, &losses::share(&weight, &Expr::variable("total_weight")))
}

fn parameters(built: &Built) -> Vec<Expr> {
    built.parameters.iter().map(|parameter| parameter.expr.clone()).collect()
}

/// The weighted mean of the rows' losses, and the gradient of the loss by each parameter.
///
/// Where the loss is finished by a root, its slope, which is known when the batch ends, multiplies
/// the finished gradients.
pub(crate) fn mean_and_gradients(
    built: &Built,
    criterion: &Criterion,
    (width, weighted): (usize, bool),
) -> Result<(Expr, Vec<Expr>)> {
    let mean = mean_loss(built, criterion, width, weighted);
    let mut gradients = gradient(&mean, &parameters(built))?;
    if let Some(slope) = criterion.slope(&mean) {
        gradients = gradients.into_iter().map(|gradient| gradient * &slope).collect();
    }
    Ok((mean, gradients))
}

/// The training step as one program: its output is the weighted mean of the rows' losses.
///
/// What is clipped is the finished gradient.
pub(super) fn step(
    built: &Built,
    criterion: &Criterion,
    optimizer: &optimizers::Settings,
    clip: Option<Clipping>,
    (width, weighted): (usize, bool),
) -> Result<Program> {
    let (mean, gradients) = mean_and_gradients(built, criterion, (width, weighted))?;
    let updates = updates(built, &gradients, optimizer, clip, weighted);
    let updates: Vec<(&str, Expr)> =
        updates.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    Ok(compile(&[mean], &updates)?)
}

/// What a step with these gradients makes of the parameters and of every state, by their names.
pub(super) fn updates(
    built: &Built,
    gradients: &[Expr],
    optimizer: &optimizers::Settings,
    clip: Option<Clipping>,
    weighted: bool,
) -> Vec<(String, Expr)> {
    let gradients = match clip {
        Some(clip) => clip.apply(gradients),
        None => gradients.to_vec(),
    };
    let learning_rate = Expr::variable("learning_rate");
    let number = Expr::variable("step");
    let mut updates: Vec<(String, Expr)> = Vec::new();
    // A batch in which no row counts changes nothing.
    let empty = Expr::variable("total_weight").equals(0.0);
    let mut assign = |name: String, old: &Expr, new: Expr| {
        let new = if weighted { empty.clone().select(old, new) } else { new };
        updates.push((name, new));
    };
    for (parameter, gradient) in built.parameters.iter().zip(&gradients) {
        let name = |state: &optimizers::State| format!("{} of {}", state.name, parameter.name);
        let states: Vec<Expr> = (optimizer.states().iter())
            .map(|state| state.input(&name(state), &parameter.dims))
            .collect();
        let Some(update) = optimizer.optimizer().update else { continue };
        let (new, new_states) = update(&Update {
            parameter: &parameter.expr,
            gradient,
            states: &states,
            learning_rate: &learning_rate,
            step: &number,
            settings: optimizer,
        });
        assign(parameter.name.clone(), &parameter.expr, new);
        for ((state, old), new) in optimizer.states().iter().zip(&states).zip(new_states) {
            assign(name(state), old, new);
        }
    }
    for state in &built.states {
        if let Some(new) = &state.update {
            assign(state.name.clone(), &state.expr, new.clone());
        }
    }
    updates
}

/// The loss of all rows as one program: its outputs are the weighted mean of the rows' losses, its
/// gradient by each parameter, and what each state of a layer would become.
pub(super) fn loss_and_gradient(
    built: &Built,
    criterion: &Criterion,
    (width, weighted): (usize, bool),
) -> Result<Program> {
    let mean = mean_loss(built, criterion, width, weighted);
    let gradients = gradient(&mean, &parameters(built))?;
    let states = built.states.iter().map(|state| match &state.update {
        Some(new) => new.clone(),
        None => state.expr.clone(),
    });
    let outputs: Vec<Expr> = std::iter::once(mean).chain(gradients).chain(states).collect();
    Ok(compile(&outputs, &[])?)
}
