//! What the chain rule writes for the machine, as a person writes it.
//!
//! [`crate::derivative`] guards a slope that may be infinite, and writes two slopes so that they
//! keep their digits far from 0. On paper √ has slope 1/(2√x), tanh has 1 − tanh², σ has σ·(1 − σ).

use std::f64::consts::{FRAC_2_SQRT_PI, PI};

use crate::error::Error;
use crate::expr::Expr;
use crate::graph::Graph;
use crate::op::{Binary, Compare, Op, Unary};

/// A derivative of a function without the conventions; the function's own parts stay.
pub(super) fn without_conventions(derivative: &Expr, function: &Expr) -> Result<Expr, Error> {
    let graph = Graph::new(&[function.clone(), derivative.clone()])?;
    // The list begins with all that the function is made of.
    let own = graph.roots[0] + 1;
    let mut reader = Reader { graph: &graph, plain: Vec::with_capacity(graph.nodes.len()) };
    for position in 0..graph.nodes.len() {
        let node = &graph.nodes[position];
        let plain = match if position < own { None } else { reader.replaced(position) } {
            Some(plain) => plain,
            None => {
                let operands: Vec<Expr> =
                    node.operands.iter().map(|&operand| reader.plain[operand].clone()).collect();
                let is_same = operands.iter().zip(&node.operands).all(|(plain, &operand)| {
                    plain.address() == graph.nodes[operand].expr.address()
                });
                if is_same { node.expr.clone() } else { Expr::new(node.op.clone(), &operands) }
            }
        };
        reader.plain.push(plain);
    }
    Ok(reader.plain[graph.roots[1]].clone())
}

struct Reader<'a> {
    graph: &'a Graph,
    /// Of each node so far, what it is without conventions.
    plain: Vec<Expr>,
}

impl Reader<'_> {
    fn replaced(&self, position: usize) -> Option<Expr> {
        match self.graph.nodes[position].op {
            Op::Select => self.without_guard(position),
            Op::Binary(Binary::Mul) => self.textbook_slope(position),
            _ => None,
        }
    }

    /// The guarded slope, or the product that begins with it.
    fn without_guard(&self, position: usize) -> Option<Expr> {
        let [condition, yes, no] = self.graph.nodes[position].operands[..] else { return None };
        if self.constant(no) == Some(0.0) {
            // where((factor·0 = 0) max (0 < |adjoint|), factor, 0) of reverse mode
            let (is_finite, _) = self.binary(Binary::Max, condition)?;
            let (product, _) = self.compare(Compare::Eq, is_finite)?;
            let (factor, zero) = self.binary(Binary::Mul, product)?;
            return (factor == yes && self.constant(zero) == Some(0.0))
                .then(|| self.plain[yes].clone());
        }
        let (guarded, zero) = self.compare(Compare::Eq, condition)?;
        if self.constant(yes) != Some(0.0) || self.constant(zero) != Some(0.0) {
            return None;
        }
        // A guard stays outermost, so further factors stand within it, to the right.
        let mut factors = Vec::new();
        let mut slope = no;
        let plain = loop {
            if let Some(plain) = self.guarded_slope(slope, guarded) {
                break plain;
            }
            let (left, right) = self.binary(Binary::Mul, slope)?;
            factors.push(right);
            slope = left;
        };
        let factors = factors.into_iter().rev();
        Some(factors.fold(plain, |product, factor| product * &self.plain[factor]))
    }

    /// A slope that is infinite or not a number where `guarded` is 0.
    fn guarded_slope(&self, slope: usize, guarded: usize) -> Option<Expr> {
        // 0.5/√x
        if let Some((half, root)) = self.binary(Binary::Div, slope)
            && self.constant(half) == Some(0.5)
            && self.unary(Unary::Sqrt, root) == Some(guarded)
        {
            return Some(1.0 / (2.0 * &self.plain[root]));
        }
        let (left, right) = self.binary(Binary::Mul, slope)?;
        // xᵃ·log x
        let is_by_exponent = self.unary(Unary::Log, right) == Some(guarded)
            && self.binary(Binary::Pow, left).is_some_and(|(base, _)| base == guarded);
        // a·xᵃ⁻¹
        let is_by_base = left == guarded
            && self.binary(Binary::Pow, right).is_some_and(|(_, exponent)| {
                self.binary(Binary::Sub, exponent).is_some_and(|(a, _)| a == guarded)
            });
        (is_by_exponent || is_by_base).then(|| &self.plain[left] * &self.plain[right])
    }

    fn textbook_slope(&self, position: usize) -> Option<Expr> {
        let (left, right) = self.binary(Binary::Mul, position)?;
        // 2/√π as one constant, of erf
        if self.constant(left) == Some(FRAC_2_SQRT_PI) {
            return Some(2.0 / Expr::constant(PI).sqrt() * &self.plain[right]);
        }
        let inner = self.unary(Unary::Sigmoid, right)?;
        // σ(x)·σ(−x)
        if let Some(x) = self.unary(Unary::Sigmoid, left)
            && self.unary(Unary::Neg, inner) == Some(x)
        {
            let sigmoid = &self.plain[left];
            return Some(sigmoid * (1.0 - sigmoid));
        }
        // 4·σ(2x)·σ(−2x)
        let (four, first) = self.binary(Binary::Mul, left)?;
        let (two, x) = self.binary(Binary::Mul, self.unary(Unary::Sigmoid, first)?)?;
        let (minus_two, also_x) = self.binary(Binary::Mul, inner)?;
        let are_they = self.constant(four) == Some(4.0)
            && self.constant(two) == Some(2.0)
            && self.constant(minus_two) == Some(-2.0);
        (are_they && x == also_x).then(|| 1.0 - self.plain[x].clone().tanh().powf(2.0))
    }

    // ----- reading

    fn constant(&self, position: usize) -> Option<f64> {
        match self.graph.nodes[position].op {
            Op::Const(value) => Some(value.0),
            _ => None,
        }
    }

    fn unary(&self, unary: Unary, position: usize) -> Option<usize> {
        let node = &self.graph.nodes[position];
        (node.op == Op::Unary(unary)).then(|| node.operands[0])
    }

    fn binary(&self, binary: Binary, position: usize) -> Option<(usize, usize)> {
        let node = &self.graph.nodes[position];
        (node.op == Op::Binary(binary)).then(|| (node.operands[0], node.operands[1]))
    }

    fn compare(&self, compare: Compare, position: usize) -> Option<(usize, usize)> {
        let node = &self.graph.nodes[position];
        (node.op == Op::Compare(compare)).then(|| (node.operands[0], node.operands[1]))
    }
}
