//! What a formula shows of an expression.

use chainrule_core::op::{Along, Op, Reduction};
use chainrule_core::{Expr, Shape};

/// What an expression stands for: without what only moves, rounds or repeats its numbers, as
/// elementwise operations do by themselves.
pub(in super::super) fn seen(mut expr: &Expr) -> &Expr {
    while let Ok(node) = expr.node() {
        let Some(operand) = node.operands().first() else { break };
        let (from, to) = (operand.shape(), node.shape());
        let is_same = match node.op() {
            Op::Broadcast(_) | Op::Cast(_) => true,
            Op::Reshape(_) => are_alike(&from, to),
            Op::Reduce(
                Reduction::Sum | Reduction::Max | Reduction::LogSumExp,
                Along::Axis(axis),
            ) => from.dims.get(*axis) == Some(&1) && are_alike(&from, to),
            // A function that changes nothing, as `linear`.
            Op::Call(_) => node.operands().get(1) == Some(operand),
            _ => false,
        };
        if !is_same {
            break;
        }
        expr = operand;
    }
    expr
}

/// Whether two shapes with the same numbers meet others alike: they differ in dimensions of length 1
/// at the front.
fn are_alike(a: &Shape, b: &Shape) -> bool {
    let wide = |shape: &Shape| -> Vec<usize> {
        shape.dims.iter().copied().skip_while(|&dim| dim == 1).collect()
    };
    a.elements() == 1 || wide(a) == wide(b)
}

/// Whether a reshape makes a column of a row, or a row of a column.
pub(super) fn is_transpose(from: &Shape, to: &Shape) -> bool {
    let wide = |shape: &Shape| shape.dims.iter().filter(|&&dim| dim != 1).count();
    wide(from) == 1 && wide(to) == 1
}

/// How many numbers are shown.
pub(super) fn elements(expr: &Expr) -> usize {
    seen(expr).shape().elements()
}
