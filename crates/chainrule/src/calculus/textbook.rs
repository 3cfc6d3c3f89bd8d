//! Named functions as a textbook defines them, for derivatives that people read.
//!
//! A function's body is made for numbers: gelu's stops far out, where its product would be ∞·0.
//! On paper it is its formula.

use chainrule_core::function::FunctionRow;
use chainrule_core::graph::Graph;
use chainrule_core::op::Op;
use chainrule_core::simplify::written_derivatives;
use chainrule_core::text::{Scope, parse};
use chainrule_core::{Error, Expr};

use super::scope;
use crate::activations::FUNCTIONS;

/// The expression with every named function's body as its formula, where that has the shorter
/// derivative.
pub(super) fn textbook(expr: &Expr) -> Result<Expr, Error> {
    let scope = scope();
    let graph = Graph::new(std::slice::from_ref(expr))?;
    Ok(graph.rebuild(|_, node, operands| {
        let Op::Call(name) = &node.op else { return node.on(operands) };
        let formula = scope.function(name).filter(|row| is_shorter(row));
        match formula.and_then(|row| by_formula(row, &operands[1..])) {
            Some(body) => Expr::call(name, body, &operands[1..]),
            None => node.on(operands),
        }
    }))
}

/// The formula of a function, of some arguments.
fn by_formula(row: &FunctionRow, arguments: &[Expr]) -> Option<Expr> {
    let (least, most) = row.argument_counts();
    let left_out = row.defaults.get(arguments.len().checked_sub(least)?..)?;
    let all = arguments.iter().cloned().chain(left_out.iter().map(|&value| value.into()));
    let scope = Scope::closed().functions(FUNCTIONS);
    let scope = (row.parameters.iter().zip(all))
        .fold(scope, |scope, (name, argument)| scope.variable(name, argument));
    let formula = parse(row.formula, &scope).ok()?;
    (arguments.len() <= most && formula.shape() == arguments.first()?.shape()).then_some(formula)
}

/// Whether the formula's derivative is shorter than the body's.
fn is_shorter(row: &FunctionRow) -> bool {
    let parameters: Vec<Expr> = row.parameters.iter().map(|name| Expr::variable(name)).collect();
    let length = |function: &Expr| {
        let derivative = written_derivatives(function, &parameters[0], 1).ok()?.pop()?;
        Some(derivative.to_string().len())
    };
    let formula = by_formula(row, &parameters).and_then(|formula| length(&formula));
    match (formula, length(&row.body())) {
        (Some(formula), Some(body)) => formula < body,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::calculus::Function;

    #[test]
    fn a_derivative_has_no_trace_of_what_is_done_for_numbers() {
        for (formula, derivative) in [
            ("gelu(x)", "normal_cdf(x) + x*exp(-x^2/2)/sqrt(2*pi)"),
            ("silu(x)", "sigmoid(x) + x*sigmoid(x)*(1 - sigmoid(x))"),
            ("log_sigmoid(x)", "sigmoid(-x)"),
        ] {
            let function = Function::read(formula).unwrap();
            let written = function.partials(&["x"], 1).unwrap().remove(0).text();
            assert_eq!(written, derivative, "{formula}");
        }
    }
}
