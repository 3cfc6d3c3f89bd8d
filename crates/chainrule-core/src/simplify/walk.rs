//! The walk over a graph: every node once, its operands before it.

use std::collections::HashMap;

use super::forms::{Forms, Id};
use super::number::Number;
use crate::error::Error;
use crate::expr::Expr;
use crate::graph::Graph;
use crate::op::{Binary, Op, Unary};
use crate::shape::Shape;

impl Forms {
    /// The form of an expression, in its shape.
    pub(super) fn read(&mut self, expr: &Expr) -> Result<Id, Error> {
        let graph = Graph::new(std::slice::from_ref(expr))?;
        let root = graph.roots[0];
        let parts = parts_of_chains(&graph);
        let mut walk = Walk { graph: &graph, is_part: &parts, ids: vec![None; root + 1] };
        for (position, is_part) in parts.iter().enumerate() {
            if *is_part == Some(false) {
                walk.ids[position] = Some(walk.id(self, position));
            }
        }
        Ok(walk.spread(self, root))
    }
}

/// Of each node that is needed, whether it is read as a part of the sum or the product that alone
/// uses it. The body of a call is not needed: the arguments say it all.
fn parts_of_chains(graph: &Graph) -> Vec<Option<bool>> {
    let root = graph.roots[0];
    let mut uses = vec![0usize; root + 1];
    let mut users = vec![root; root + 1];
    let mut parts = vec![None; root + 1];
    uses[root] = 2;
    for position in (0..=root).rev() {
        if uses[position] == 0 {
            continue;
        }
        let (op, user) = (&graph.nodes[position].op, users[position]);
        let user_op = &graph.nodes[user].op;
        let is_part = is_sum(op) && (is_sum(user_op) && !is_sign(user_op))
            || is_sum(op) && is_sign(user_op) && parts[user] == Some(true)
            || is_product(op) && is_product(user_op);
        parts[position] = Some(uses[position] == 1 && is_part);
        for &operand in written_operands(graph, position) {
            uses[operand] += 1;
            users[operand] = position;
        }
    }
    parts
}

fn is_sum(op: &Op) -> bool {
    matches!(op, Op::Binary(Binary::Add | Binary::Sub)) || is_sign(op)
}

fn is_sign(op: &Op) -> bool {
    matches!(op, Op::Unary(Unary::Neg))
}

fn is_product(op: &Op) -> bool {
    matches!(op, Op::Binary(Binary::Mul | Binary::Div))
}

fn written_operands(graph: &Graph, position: usize) -> &[usize] {
    let node = &graph.nodes[position];
    match node.op {
        Op::Call(_) => &node.operands[1..],
        _ => &node.operands,
    }
}

struct Walk<'a> {
    graph: &'a Graph,
    is_part: &'a [Option<bool>],
    ids: Vec<Option<Id>>,
}

impl Walk<'_> {
    /// The form of a node whose operands have theirs, in whatever shape.
    fn id(&self, forms: &mut Forms, position: usize) -> Id {
        let node = &self.graph.nodes[position];
        let operand = |i: usize| self.known(node.operands[i]);
        match &node.op {
            Op::Const(value) => forms.constant(value.0),
            Op::Unary(Unary::Neg) => forms.scaled(Number::MINUS_ONE, operand(0)),
            Op::Unary(unary) => forms.unary(*unary, operand(0)),
            Op::Binary(Binary::Add | Binary::Sub) => {
                let terms = self.terms(position);
                forms.sum(&terms)
            }
            Op::Binary(Binary::Mul | Binary::Div) => {
                let factors = self.factors(forms, position);
                forms.product(&factors)
            }
            Op::Binary(Binary::Pow) => forms.power(operand(0), operand(1)),
            Op::Binary(binary @ (Binary::Max | Binary::Min)) => {
                forms.extreme(*binary, operand(0), operand(1))
            }
            Op::Compare(compare) => forms.comparison(*compare, operand(0), operand(1)),
            Op::Select => forms.cases(operand(0), operand(1), operand(2)),
            // Every use of the value knows its shape.
            Op::Broadcast(_) => operand(0),
            Op::Cast(_) | Op::StopGradient => forms.other(node.op.clone(), vec![operand(0)]),
            Op::Call(name) => {
                let arguments: Vec<Id> =
                    node.operands[1..].iter().map(|&i| self.spread(forms, i)).collect();
                let written: Vec<Expr> = arguments.iter().map(|&id| forms.expr(id)).collect();
                let body = self.body(position, &written);
                forms.call(name, body, arguments)
            }
            Op::Input { .. }
            | Op::Iota { .. }
            | Op::Uniform { .. }
            | Op::MatMul { .. }
            | Op::Reduce(..)
            | Op::Reshape(_)
            | Op::Permute(_)
            | Op::Slice { .. }
            | Op::Pad { .. }
            | Op::Concat { .. }
            | Op::Gather
            | Op::ScatterAdd { .. } => {
                let operands = node.operands.iter().map(|&i| self.spread(forms, i)).collect();
                forms.other(node.op.clone(), operands)
            }
        }
    }

    /// The form of an earlier node that is no part of another.
    fn known(&self, position: usize) -> Id {
        self.ids[position].unwrap_or(Forms::ONE)
    }

    /// The form of an earlier node, spread to the shape that the node has.
    fn spread(&self, forms: &mut Forms, position: usize) -> Id {
        let id = self.known(position);
        let shape: &Shape = &self.graph.nodes[position].shape;
        match forms.shape(id) == shape {
            true => id,
            false => forms.other(Op::Broadcast(shape.clone()), vec![id]),
        }
    }

    /// The terms of a sum and of the sums that are parts of it, with their signs.
    fn terms(&self, root: usize) -> Vec<(Number, Id)> {
        let mut terms = Vec::new();
        let mut pending = vec![(root, false)];
        while let Some((position, is_negative)) = pending.pop() {
            let node = &self.graph.nodes[position];
            if position != root && self.is_part[position] != Some(true) {
                let sign = if is_negative { Number::MINUS_ONE } else { Number::ONE };
                terms.push((sign, self.known(position)));
                continue;
            }
            match (&node.op, &node.operands[..]) {
                (Op::Binary(Binary::Sub), &[left, right]) => {
                    pending.extend([(right, !is_negative), (left, is_negative)]);
                }
                (Op::Binary(_), &[left, right]) => {
                    pending.extend([(right, is_negative), (left, is_negative)]);
                }
                (_, operands) => {
                    pending.extend(operands.iter().map(|&operand| (operand, !is_negative)));
                }
            }
        }
        terms
    }

    /// The factors of a product and of the products that are parts of it.
    fn factors(&self, forms: &mut Forms, root: usize) -> Vec<Id> {
        let minus_one = forms.number(Number::MINUS_ONE);
        let mut factors = Vec::new();
        let mut pending = vec![(root, false)];
        while let Some((position, is_below)) = pending.pop() {
            let node = &self.graph.nodes[position];
            if position != root && self.is_part[position] != Some(true) {
                let id = self.known(position);
                factors.push(if is_below { forms.power(id, minus_one) } else { id });
                continue;
            }
            if let &[left, right] = &node.operands[..] {
                let is_quotient = node.op == Op::Binary(Binary::Div);
                pending.extend([(right, is_below != is_quotient), (left, is_below)]);
            }
        }
        factors
    }

    /// The body of a call on simplified arguments: as it was built, with each argument replaced.
    fn body(&self, position: usize, arguments: &[Expr]) -> Expr {
        let node = &self.graph.nodes[position];
        let mut made: HashMap<usize, Expr> =
            node.operands[1..].iter().copied().zip(arguments.iter().cloned()).collect();
        let body = node.operands[0];
        // Comparing the structure of nested calls would take a walk for each. Should two different
        // arguments have one hash, the body keeps the one that was simplified: the same value.
        let hash = |expr: &Expr| expr.node().map(|node| node.hash()).ok();
        let is_same = |(&operand, argument): (&usize, &Expr)| {
            hash(&self.graph.nodes[operand].expr) == hash(argument)
        };
        if made.iter().all(is_same) {
            return self.graph.nodes[body].expr.clone();
        }
        let mut pending = vec![(body, false)];
        while let Some((position, operands_done)) = pending.pop() {
            if made.contains_key(&position) {
                continue;
            }
            let node = &self.graph.nodes[position];
            if operands_done {
                let operands: Vec<Expr> =
                    node.operands.iter().filter_map(|i| made.get(i).cloned()).collect();
                made.insert(position, Expr::new(node.op.clone(), &operands));
                continue;
            }
            pending.push((position, true));
            pending.extend(node.operands.iter().map(|&operand| (operand, false)));
        }
        made.remove(&body).unwrap_or_else(|| self.graph.nodes[body].expr.clone())
    }
}
