//! Lowering: calls inlined, numeric rewrites, equal values merged, constants folded.
//!
//! The rewrites are private to the compiler and change no value but for the better: each replaces
//! a form that loses digits or overflows by one that does not (`log(1 + eˣ)` by softplus).

use std::collections::HashMap;

use crate::graph::Graph;
use crate::op::{Along, Binary, Compare, Op, Precision, Reduction, Unary};
use crate::oracle;
use crate::shape::{self, Shape};

/// An operation on lowered nodes.
#[derive(Clone, Debug)]
pub struct Node {
    /// The operation; never `Call` or `StopGradient`, and a product's right side is never transposed.
    pub op: Op,
    /// The positions of its operands.
    pub operands: Vec<usize>,
    /// The shape of its value.
    pub shape: Shape,
}

/// The lowered graph, every node after its operands.
#[derive(Debug, Default)]
pub struct Lowered {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The position of each root.
    pub roots: Vec<usize>,
    known: HashMap<(Op, Vec<usize>), usize>,
    differentiable: bool,
}

/// Lowers a graph.
pub fn lower(graph: &Graph) -> Lowered {
    let mut lowered = Lowered::default();
    let roots = lowered.rewrite_all(graph);
    lowered.roots = roots.into_iter().map(|root| lowered.computed(root)).collect();
    lowered
}

/// Rewrites a graph that is still to be differentiated: what stops a gradient stays.
pub fn rewrite(graph: &Graph) -> Lowered {
    let mut lowered = Lowered { differentiable: true, ..Lowered::default() };
    lowered.roots = lowered.rewrite_all(graph);
    lowered
}

impl Lowered {
    /// Rewrites every node, and says where the roots are.
    fn rewrite_all(&mut self, graph: &Graph) -> Vec<usize> {
        let mut position = Vec::with_capacity(graph.nodes.len());
        for node in &graph.nodes {
            let operands: Vec<usize> = node.operands.iter().map(|&i| position[i]).collect();
            position.push(self.rewrite(&node.op, &operands));
        }
        graph.roots.iter().map(|&root| position[root]).collect()
    }

    /// The lowered form of an operation on lowered operands.
    fn rewrite(&mut self, op: &Op, operands: &[usize]) -> usize {
        match op {
            Op::StopGradient if self.differentiable => self.add(op.clone(), operands.to_vec()),
            Op::Call(_) | Op::StopGradient => operands[0],
            Op::Cast(Precision::F64) => operands[0],
            Op::Unary(unary) => self.unary(*unary, operands[0]),
            Op::Binary(binary) => self.binary(*binary, operands[0], operands[1]),
            Op::Compare(compare) => self.compare(*compare, operands[0], operands[1]),
            Op::Reshape(dims) => {
                let source = match (&self.nodes[operands[0]].op, &self.nodes[operands[0]].operands)
                {
                    (Op::Reshape(_), inner) => inner[0],
                    _ => operands[0],
                };
                if self.nodes[source].shape.dims == *dims {
                    return source;
                }
                self.add(op.clone(), vec![source])
            }
            Op::Broadcast(target) if self.nodes[operands[0]].shape == *target => operands[0],
            Op::MatMul { transpose_left, transpose_right } => {
                self.product(*transpose_left, operands[0], *transpose_right, operands[1])
            }
            Op::Input { .. }
            | Op::Const(_)
            | Op::Iota { .. }
            | Op::Uniform { .. }
            | Op::Select
            | Op::Reduce(..)
            | Op::Permute(_)
            | Op::Broadcast(_)
            | Op::Slice { .. }
            | Op::Pad { .. }
            | Op::Concat { .. }
            | Op::Gather
            | Op::ScatterAdd { .. }
            | Op::Cast(Precision::F32) => self.add(op.clone(), operands.to_vec()),
        }
    }

    fn unary(&mut self, unary: Unary, x: usize) -> usize {
        if let Some(value) = self.constant(x) {
            return self.add_constant(oracle::unary(unary, value));
        }
        let inner = self.nodes[x].clone();
        match (unary, &inner.op) {
            // −(−x) = x
            (Unary::Neg, Op::Unary(Unary::Neg)) => inner.operands[0],
            // log σ(x) = −softplus(−x), finite for every finite x
            (Unary::Log, Op::Unary(Unary::Sigmoid)) => {
                let negative = self.unary(Unary::Neg, inner.operands[0]);
                let softplus = self.unary(Unary::Softplus, negative);
                self.unary(Unary::Neg, softplus)
            }
            // log(1 + eˣ) = softplus(x), and log(1 + x) = log1p(x)
            (Unary::Log, Op::Binary(Binary::Add)) => match self.plus_one(&inner.operands) {
                Some(rest) => self.unary(Unary::Log1p, rest),
                None => self.add(Op::Unary(unary), vec![x]),
            },
            // log(1 − x) = log1p(−x)
            (Unary::Log, Op::Binary(Binary::Sub))
                if self.constant(inner.operands[0]) == Some(1.0) =>
            {
                let negative = self.unary(Unary::Neg, inner.operands[1]);
                self.unary(Unary::Log1p, negative)
            }
            (Unary::Log, Op::Binary(Binary::Div)) => match self.inside_cosh(&inner.operands) {
                Some(x) => self.log_cosh(x),
                None => self.add(Op::Unary(unary), vec![x]),
            },
            (Unary::Log1p, Op::Unary(Unary::Exp)) => self.unary(Unary::Softplus, inner.operands[0]),
            // log(e^(x − logsumexp(x))) = x − logsumexp(x): the logarithm of a softmax
            (Unary::Log, Op::Unary(Unary::Exp)) => inner.operands[0],
            _ => self.add(Op::Unary(unary), vec![x]),
        }
    }

    fn binary(&mut self, binary: Binary, a: usize, b: usize) -> usize {
        let (left, right) = (self.constant(a), self.constant(b));
        if let (Some(left), Some(right)) = (left, right) {
            return self.add_constant(oracle::binary(binary, left, right));
        }
        let keeps = |lowered: &Self, kept: usize, other: usize| {
            lowered.nodes[kept].shape.broadcast(&lowered.nodes[other].shape).as_ref()
                == Some(&lowered.nodes[kept].shape)
        };
        match binary {
            Binary::Mul if self.is_one(b) && keeps(self, a, b) => return a,
            Binary::Mul if self.is_one(a) && keeps(self, b, a) => return b,
            Binary::Div if self.is_one(b) && keeps(self, a, b) => return a,
            // 1 − σ(x) = σ(−x), with its digits where σ(x) is nearly 1
            Binary::Sub if left == Some(1.0) => {
                if let Op::Unary(Unary::Sigmoid) = self.nodes[b].op {
                    let negative = self.unary(Unary::Neg, self.nodes[b].operands[0]);
                    return self.unary(Unary::Sigmoid, negative);
                }
            }
            // eˣ − 1 near 0
            Binary::Sub if right == Some(1.0) => {
                if let Op::Unary(Unary::Exp) = self.nodes[a].op {
                    let x = self.nodes[a].operands[0];
                    return self.unary(Unary::Expm1, x);
                }
            }
            // x², the most frequent power, is a product
            Binary::Pow if right == Some(2.0) => return self.binary(Binary::Mul, a, a),
            Binary::Pow if right == Some(1.0) => return a,
            Binary::Add
            | Binary::Sub
            | Binary::Mul
            | Binary::Div
            | Binary::Pow
            | Binary::Max
            | Binary::Min => {}
        }
        self.add(Op::Binary(binary), vec![a, b])
    }

    /// Where a relu is at hand, the sign of its operand is read off it: the operand itself then need
    /// not be kept for the backward pass.
    fn compare(&mut self, compare: Compare, a: usize, b: usize) -> usize {
        let relu = (Op::Binary(Binary::Max), vec![b, a]);
        let left = match (compare, self.constant(b), self.known.get(&relu)) {
            (Compare::Le, Some(0.0), Some(&relu)) => relu,
            _ => a,
        };
        self.add(Op::Compare(compare), vec![left, b])
    }

    /// A result that a kernel writes: an input that is itself a root is copied, since the memory of
    /// an input of rows is refilled and that of a shared one takes the update.
    fn computed(&mut self, root: usize) -> usize {
        let mut held = root;
        while let Op::Reshape(_) = self.nodes[held].op {
            held = self.nodes[held].operands[0];
        }
        match self.nodes[held].op {
            Op::Input { .. } => {
                let copy = Op::Broadcast(self.nodes[root].shape.clone());
                self.add(copy, vec![root])
            }
            _ => root,
        }
    }

    /// The other operand of a sum with 1.
    fn plus_one(&self, operands: &[usize]) -> Option<usize> {
        match (self.constant(operands[0]), self.constant(operands[1])) {
            (Some(1.0), _) => Some(operands[1]),
            (_, Some(1.0)) => Some(operands[0]),
            _ => None,
        }
    }

    /// The x of (eˣ + e⁻ˣ)/2.
    fn inside_cosh(&self, operands: &[usize]) -> Option<usize> {
        let sum = &self.nodes[operands[0]];
        if self.constant(operands[1]) != Some(2.0) || sum.op != Op::Binary(Binary::Add) {
            return None;
        }
        let inside = |i: usize| match self.nodes[sum.operands[i]].op {
            Op::Unary(Unary::Exp) => Some(self.nodes[sum.operands[i]].operands[0]),
            _ => None,
        };
        let (a, b) = (inside(0)?, inside(1)?);
        let is_minus = |x: usize, y: usize| {
            self.nodes[x].op == Op::Unary(Unary::Neg) && self.nodes[x].operands[0] == y
        };
        match (is_minus(b, a), is_minus(a, b)) {
            (true, _) => Some(a),
            (_, true) => Some(b),
            _ => None,
        }
    }

    /// log cosh x: log(1 + 2 sinh²(x/2)), with every digit near 0, and |x| − log 2 from 20 on,
    /// where the rest is below half a digit. Beyond that the former is taken of 0, so that nothing
    /// in it, nor in its derivatives, leaves the range.
    fn log_cosh(&mut self, x: usize) -> usize {
        let [zero, half, two, far] = [0.0, 0.5, 2.0, 20.0].map(|value| self.add_constant(value));
        let size = self.unary(Unary::Abs, x);
        let is_near = self.add(Op::Compare(Compare::Lt), vec![size, far]);
        let near = self.add(Op::Select, vec![is_near, x, zero]);
        let up = self.binary(Binary::Mul, near, half);
        let down = self.unary(Unary::Neg, up);
        let [up, down] = [up, down].map(|x| self.unary(Unary::Expm1, x));
        // Twice the hyperbolic sine, so that half its square is what is wanted.
        let sine = self.binary(Binary::Sub, up, down);
        let square = self.binary(Binary::Mul, sine, sine);
        let square = self.binary(Binary::Div, square, two);
        let bend = self.unary(Unary::Log1p, square);
        let log_two = self.add_constant(std::f64::consts::LN_2);
        let line = self.binary(Binary::Sub, size, log_two);
        self.add(Op::Select, vec![is_near, bend, line])
    }

    /// A product whose right operand is not transposed: a shared one is then transposed once for
    /// all rows. A column of each row is multiplied as a row, so that the rows can be stacked.
    fn product(
        &mut self,
        transpose_left: bool,
        left: usize,
        transpose_right: bool,
        right: usize,
    ) -> usize {
        let (a, b) = (self.nodes[left].shape.clone(), self.nodes[right].shape.clone());
        let (_, n) = shape::oriented(&b.dims[b.rank() - 2..], transpose_right);
        if !a.is_rows() && b.is_rows() && a.rank() == 2 && b.rank() == 2 && n == 1 {
            let (m, _) = shape::oriented(&a.dims, transpose_left);
            let product = self.product(!transpose_right, right, !transpose_left, left);
            return self.rewrite(&Op::Reshape([m, 1].into()), &[product]);
        }
        let right = if transpose_right { self.transposed(right) } else { right };
        self.add(Op::MatMul { transpose_left, transpose_right: false }, vec![left, right])
    }

    /// The transpose of the last two axes; of a vector, a reshape.
    fn transposed(&mut self, x: usize) -> usize {
        let shape = self.nodes[x].shape.clone();
        let rank = shape.rank();
        let mut axes: Vec<usize> = (0..rank).collect();
        axes.swap(rank - 2, rank - 1);
        if shape.dims[rank - 2] == 1 || shape.dims[rank - 1] == 1 {
            let dims: Box<[usize]> = axes.iter().map(|&axis| shape.dims[axis]).collect();
            return self.rewrite(&Op::Reshape(dims), &[x]);
        }
        self.add(Op::Permute(axes.into()), vec![x])
    }

    fn constant(&self, position: usize) -> Option<f64> {
        match &self.nodes[position].op {
            Op::Const(value) => Some(value.0),
            _ => None,
        }
    }

    /// Whether every element is 1.
    fn is_one(&self, position: usize) -> bool {
        match self.nodes[position].op {
            Op::Broadcast(_) => self.is_one(self.nodes[position].operands[0]),
            _ => self.constant(position) == Some(1.0),
        }
    }

    fn add_constant(&mut self, value: f64) -> usize {
        self.add(Op::Const(crate::op::Number(value)), Vec::new())
    }

    /// Adds a node, or finds its equal; only this key sorts the operands of + and ·.
    fn add(&mut self, op: Op, operands: Vec<usize>) -> usize {
        let mut key = (op, operands.clone());
        if matches!(key.0, Op::Binary(Binary::Add | Binary::Mul)) {
            key.1.sort_unstable();
        }
        if let Some(&position) = self.known.get(&key) {
            return position;
        }
        let shapes: Vec<&Shape> = operands.iter().map(|&i| &self.nodes[i].shape).collect();
        // The rule held for the expression; a rewrite keeps the shape, so it holds here.
        let shape = shape::infer(&key.0, &shapes).unwrap_or_else(|_| Shape::shared(&[]));
        let position = self.nodes.len();
        self.nodes.push(Node { op: key.0.clone(), operands, shape });
        self.known.insert(key, position);
        position
    }
}

/// Whether a node reduces over the rows.
pub fn is_over_rows(op: &Op) -> bool {
    matches!(
        op,
        Op::Reduce(
            Reduction::Sum | Reduction::Max | Reduction::LogSumExp | Reduction::ArgMax,
            Along::Rows
        )
    )
}
