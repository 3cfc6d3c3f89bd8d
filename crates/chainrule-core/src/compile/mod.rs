//! The compiler: lower → phases → fuse → a checked [`Program`].
//!
//! It works in one pass over a merged graph, without search and without recovering patterns of
//! ops: names are kept by `Call`, forms are read off single nodes.

mod fuse;
mod lower;
mod phases;
pub mod program;
mod stable;

pub use lower::is_over_rows;
pub use program::Program;
pub use stable::stable;

use crate::error::{Error, ErrorKind};
use crate::expr::Expr;
use crate::graph::{Graph, Line};
use program::{Phase, Update};

/// Compiles outputs, and updates of shared inputs: (name of the input, its new value).
///
/// Every update is computed from the values before the run.
///
/// # Errors
/// The error that poisoned an expression; [`ErrorKind::MissingInput`] if an update names an input
/// that no expression reads; [`ErrorKind::ShapesDiffer`] if its value has another shape;
/// [`ErrorKind::OperandCount`] if an input has two updates.
///
/// ```
/// use chainrule_core::{Expr, Shape, compile::compile, derivative::gradient};
/// let x = Expr::input("x", Shape::rows(&[3]));
/// let w = Expr::input("w", Shape::shared(&[3]));
/// let loss = (x * &w).sum(0).powf(2.0).sum_over_rows();
/// let step = &w - 0.1 * gradient(&loss, &[w.clone()]).unwrap().remove(0);
/// let program = compile(&[loss], &[("w", step)]).unwrap();
/// assert_eq!(program.updates().len(), 1);
/// ```
pub fn compile(outputs: &[Expr], updates: &[(&str, Expr)]) -> Result<Program, Error> {
    let roots: Vec<Expr> =
        outputs.iter().chain(updates.iter().map(|(_, value)| value)).cloned().collect();
    let graph = Graph::new(&roots)?;
    let lowered = lower::lower(&graph);
    let phases = phases::assign(&lowered);
    let mut program = fuse::fuse(&lowered, &phases);
    let update_values = program.outputs.split_off(outputs.len());
    for ((name, expr), value) in updates.iter().zip(update_values) {
        let declared = program.input(name).map(|input| (input, &program.inputs[input].shape));
        let shape = expr.shape();
        let Some((input, declared)) = declared else {
            let kind = ErrorKind::MissingInput { name: (*name).into(), shape };
            return Err(Error::new(kind, Some(expr.place())));
        };
        if *declared != shape || shape.is_rows() {
            let kind = ErrorKind::ShapesDiffer {
                op: format!("update of `{name}`"),
                left: declared.clone(),
                right: shape,
            };
            return Err(Error::new(kind, Some(expr.place())));
        }
        if program.updates.iter().any(|update| update.input == input) {
            let kind = ErrorKind::OperandCount { op: format!("update of `{name}`"), found: 2 };
            return Err(Error::new(kind, Some(expr.place())));
        }
        program.updates.push(Update { input, value });
    }
    debug_assert_eq!(check(&program), None, "{program}");
    Ok(program)
}

/// Every stage of compiling expressions, as text: the merged graph, the lowered nodes with the
/// phase in which each runs, and the program.
///
/// # Errors
/// The error that poisoned an expression.
///
/// ```
/// use chainrule_core::{Expr, Shape, compile::stages};
/// let x = Expr::input("x", Shape::rows(&[]));
/// let text = stages(&[(1.0 + x.exp()).log().sum_over_rows()]).unwrap();
/// assert!(text.contains("= softplus(%1) : rows[]"));
/// ```
pub fn stages(outputs: &[Expr]) -> Result<String, Error> {
    let graph = Graph::new(outputs)?;
    let lowered = lower::lower(&graph);
    let phases = phases::assign(&lowered);
    let mut text = format!("graph\n{graph}\nlowered\n");
    for (position, (node, phase)) in lowered.nodes.iter().zip(&phases).enumerate() {
        // A node without a phase is one that rewriting left behind.
        if let Some(phase) = phase {
            let line = Line(position, &node.op, &node.operands, &node.shape);
            text.push_str(&format!("phase {phase}  {line}\n"));
        }
    }
    let program = fuse::fuse(&lowered, &phases);
    Ok(format!("{text}\nprogram\n{program}"))
}

/// The first value that a kernel reads before anything wrote it, with the number of its phase.
fn check(program: &Program) -> Option<(usize, usize)> {
    let mut defined = vec![false; program.values.len()];
    for input in &program.inputs {
        defined[input.value] = true;
    }
    for (number, phase) in program.phases.iter().enumerate() {
        let kernels = match phase {
            Phase::Shared(kernels) => kernels.iter().chain([].iter()),
            Phase::Rows { kernels, reductions } => kernels.iter().chain(reductions.iter()),
        };
        for kernel in kernels {
            if let Some(value) = kernel.reads().into_iter().find(|&value| !defined[value]) {
                return Some((number, value));
            }
            for value in kernel.writes() {
                defined[value] = true;
            }
        }
    }
    let mut results = program.outputs.iter().chain(program.updates.iter().map(|u| &u.value));
    results.find(|&&value| !defined[value]).map(|&value| (program.phases.len(), value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derivative::gradient;
    use crate::shape::Shape;

    /// The training step of a small network: what the whole compiler is for.
    fn step() -> Program {
        let x = Expr::input("x", Shape::rows(&[8]));
        let y = Expr::input("y", Shape::rows(&[1]));
        let parameters = [
            Expr::input("w1", Shape::shared(&[8, 64])),
            Expr::input("b1", Shape::shared(&[64])),
            Expr::input("w2", Shape::shared(&[64, 1])),
            Expr::input("b2", Shape::shared(&[1])),
        ];
        let [w1, b1, w2, b2] = &parameters;
        let hidden = Expr::constant(0.0).max(x.matmul(w1) + b1);
        let output = hidden.matmul(w2) + b2;
        let loss = (output - y).powf(2.0).sum(0).sum_over_rows();
        let gradients = gradient(&loss, &parameters).unwrap();
        let names = ["w1", "b1", "w2", "b2"];
        let updates: Vec<(&str, Expr)> = names
            .into_iter()
            .zip(parameters.iter().zip(gradients))
            .map(|(name, (parameter, gradient))| (name, parameter - 0.01 * gradient))
            .collect();
        compile(&[loss], &updates).unwrap()
    }

    #[test]
    fn a_training_step_has_few_kernels_in_two_or_three_phases() {
        let program = step();
        assert!(program.phases().len() <= 3, "{program}");
        assert!(program.kernels() <= 16, "{program}");
        assert_eq!(check(&program), None);
    }

    #[test]
    fn an_update_of_an_unknown_or_misshapen_input_is_an_error() {
        let w = Expr::variable("w");
        assert!(compile(&[], &[("v", w.clone())]).is_err());
        let wide = w.broadcast(&Shape::shared(&[2]));
        assert!(compile(&[], &[("w", wide)]).is_err());
    }
}
