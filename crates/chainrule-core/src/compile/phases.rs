//! Phases: the graph is cut at the reductions over rows.
//!
//! Time runs shared phase 0, rows phase 1, shared phase 2 … A node is put as *late* as its
//! consumers allow, so that the forward pass of a block of rows runs with its backward pass even
//! if the sum of the weights had to be known first. Single numbers are made as early as they can be.

use super::lower::{Lowered, is_over_rows};
use crate::op::Op;

/// For each node, the phase in which it runs: even for shared values, odd for rows (and for
/// reductions over rows, which run at the end of a rows phase). `None` for nodes nobody needs.
pub fn assign(lowered: &Lowered) -> Vec<Option<usize>> {
    let nodes = &lowered.nodes;
    let mut earliest = vec![0usize; nodes.len()];
    for (position, node) in nodes.iter().enumerate() {
        let after = |operand: usize| match is_over_rows(&nodes[operand].op) {
            true => earliest[operand] + 1,
            false => earliest[operand],
        };
        let ready = node.operands.iter().map(|&operand| after(operand)).max().unwrap_or(0);
        let rows = node.shape.is_rows() || is_over_rows(&node.op);
        earliest[position] = if rows { ready | 1 } else { ready };
    }
    let last = lowered.roots.iter().map(|&root| earliest[root]).max().unwrap_or(0);
    let mut latest: Vec<Option<usize>> = vec![None; nodes.len()];
    for &root in &lowered.roots {
        // A root may run as late as the last phase of its own parity.
        let node = &nodes[root];
        let rows = node.shape.is_rows() || is_over_rows(&node.op);
        let end = match rows {
            true if last % 2 == 1 => last,
            true => last.saturating_sub(1).max(1),
            false => last + last % 2,
        };
        latest[root] = Some(latest[root].map_or(end, |phase| phase.min(end)));
    }
    for position in (0..nodes.len()).rev() {
        let Some(phase) = latest[position] else { continue };
        for &operand in &nodes[position].operands {
            let by = match (is_over_rows(&nodes[operand].op), nodes[operand].shape.is_rows()) {
                // A reduction must have run in the rows phase before.
                (true, _) => (phase - 1) - (phase % 2),
                (false, true) => phase,
                (false, false) => phase - phase % 2,
            };
            latest[operand] = Some(latest[operand].map_or(by, |phase| phase.min(by)));
        }
    }
    for (position, node) in nodes.iter().enumerate() {
        let Some(phase) = latest[position] else { continue };
        let is_single = !node.shape.is_rows() && node.shape.elements() == 1;
        latest[position] = Some(match node.op {
            // Inputs are there from the start.
            Op::Input { .. } => usize::from(node.shape.is_rows()),
            // A single number costs nothing to keep; there early, it holds no update back.
            _ if is_single && !is_over_rows(&node.op) => {
                let ready = node.operands.iter().filter_map(|&operand| {
                    Some(latest[operand]? + usize::from(is_over_rows(&nodes[operand].op)))
                });
                ready.max().unwrap_or(0)
            }
            _ => phase,
        });
    }
    latest
}
