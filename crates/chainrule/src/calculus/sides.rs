//! One-sided derivatives where a function has a kink, a jump or an end.
//!
//! On each side of a kink every part with a case (|u|, max, min, `where`, sign, floor) is what it
//! is there; the derivative of that, by the chain rule at the point itself, is the one-sided one.
//! Where it is infinite or of the form 0/0, it is the limit of the derivative along the side.

use chainrule_core::Expr;
use chainrule_core::derivative::derivatives;
use chainrule_core::graph::Graph;
use chainrule_core::op::{Binary, Op, Precision, Unary};

use super::Point;
use super::evaluate::{Evaluator, nodes};
use super::numeric::{power_of_two, size_of};
use super::problem::live;
use crate::error::Result;

/// The derivatives from the left and from the right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sides {
    /// From below; none where the function is not defined there.
    pub left: Option<f64>,
    /// From above; none where the function is not defined there.
    pub right: Option<f64>,
    /// Whether the function itself has another value right beside the point.
    pub jumps: bool,
}

impl Sides {
    /// The derivative, if it is one and the same: from both sides, or from the only one.
    pub fn common(&self) -> Option<f64> {
        match (self.left, self.right) {
            (Some(left), Some(right)) => {
                let same = left == right || (left - right).abs() <= 1e-9 * left.abs();
                (same && !self.jumps).then_some(right)
            }
            (one, other) => one.or(other).filter(|_| !self.jumps),
        }
    }
}

/// A function of which one variable moves from a point.
pub(super) struct Kink<'a> {
    graph: Graph,
    values: Vec<f64>,
    by: &'a str,
    point: Point,
    /// The parts that change their case at the point.
    parts: Vec<usize>,
    left: bool,
    right: bool,
}

/// Exponents of the steps that show which case holds beside a point, the best first.
const NEAR: [i32; 4] = [-26, -20, -14, -8];

impl<'a> Kink<'a> {
    /// The kink that a function has at a point, if it has one; the function has a value there.
    pub(super) fn find(function: &Expr, by: &'a str, point: &Point) -> Result<Option<Self>> {
        let graph = Graph::new(std::slice::from_ref(function))?;
        let point = point.clone().in_precision(Precision::F64);
        let values = nodes(&graph, &point)?;
        let moves = moves(&graph, by);
        let live = live(&graph, &values);
        let parts: Vec<usize> = (0..graph.nodes.len())
            .filter(|&position| live[position] && moves[position])
            .filter(|&position| is_kink(&graph, position, &values))
            .collect();
        let mut kink = Self { graph, values, by, point, parts, left: true, right: true };
        kink.left = kink.is_defined(-1.0)?;
        kink.right = kink.is_defined(1.0)?;
        let is_one = !kink.parts.is_empty() || !kink.left || !kink.right;
        Ok((is_one && (kink.left || kink.right)).then_some(kink))
    }

    /// The one-sided derivatives of an order.
    pub(super) fn sides(&self, order: usize) -> Result<Sides> {
        let mut jumps = false;
        let mut side = |is_defined: bool, direction: f64| -> Result<Option<f64>> {
            if !is_defined {
                return Ok(None);
            }
            let (slope, jump) = self.side(direction, order)?;
            jumps |= jump;
            Ok(Some(slope))
        };
        let (left, right) = (side(self.left, -1.0)?, side(self.right, 1.0)?);
        Ok(Sides { left, right, jumps })
    }

    fn here(&self) -> f64 {
        self.point.value(self.by).unwrap_or(0.0)
    }

    fn beside(&self, direction: f64, exponent: i32) -> Point {
        let x = self.here();
        let step = size_of(x) * power_of_two(exponent);
        self.point.with(self.by, x + direction * step)
    }

    fn is_defined(&self, direction: f64) -> Result<bool> {
        let values = nodes(&self.graph, &self.beside(direction, -30))?;
        Ok(!values[self.graph.roots[0]].is_nan())
    }

    /// The derivative of an order along one side, and whether the function jumps to it.
    fn side(&self, direction: f64, order: usize) -> Result<(f64, bool)> {
        let resolved = self.resolved(direction)?;
        let variable = Expr::variable(self.by);
        let all = derivatives(&resolved, &variable, order)?;
        let mut evaluator = Evaluator::new(&[resolved, all[order].clone()], Precision::F64)?;
        let found = evaluator.values(&self.point)?;
        let (value, slope) = (found[0], found[1]);
        let here = self.values[self.graph.roots[0]];
        let jump = value - here;
        if jump.abs() > 1e-12 * here.abs() {
            return Ok((f64::INFINITY.copysign(jump * direction), true));
        }
        // The derivative of a root at 0 is 0 in training, which is no limit.
        let is_root = self.parts.iter().any(|&part| is_steep(&self.graph.nodes[part].op));
        if slope.is_finite() && !is_root {
            return Ok((slope, false));
        }
        let mut slopes = [0.0; 3];
        // Beside 0 there is room for steps as small as one likes.
        let exponents = if self.here() == 0.0 { [-60, -80, -100] } else { [-16, -26, -36] };
        for (slope, exponent) in slopes.iter_mut().zip(exponents) {
            *slope = evaluator.values(&self.beside(direction, exponent))?[1];
        }
        Ok((limit(slopes), false))
    }

    /// The function with every part that changes its case as it is on one side.
    fn resolved(&self, direction: f64) -> Result<Expr> {
        let mut beside = Vec::new();
        for exponent in NEAR {
            beside.push(nodes(&self.graph, &self.beside(direction, exponent))?);
        }
        // The first step at which two operands differ by more than rounding says which is larger.
        let difference = |a: usize, b: Option<usize>| {
            let of = |values: &Vec<f64>| {
                let (a, b) = (values[a], b.map_or(0.0, |b| values[b]));
                let is_clear = (a - b).abs() > 4.0 * f64::EPSILON * a.abs().max(b.abs());
                is_clear.then_some(a - b)
            };
            beside.iter().find_map(of).unwrap_or(0.0)
        };
        Ok(self.graph.rebuild(|position, node, operands| {
            let is_part = self.parts.contains(&position);
            let first = node.operands.first().copied().unwrap_or(0);
            let second = node.operands.get(1).copied();
            match &node.op {
                Op::Unary(Unary::Abs) if is_part => match difference(first, None) {
                    change if change < 0.0 => -&operands[0],
                    _ => operands[0].clone(),
                },
                Op::Unary(Unary::Sign | Unary::Floor) | Op::Compare(_) if is_part => {
                    beside[0][position].into()
                }
                Op::Binary(Binary::Max) if is_part => match difference(first, second) {
                    change if change < 0.0 => operands[1].clone(),
                    _ => operands[0].clone(),
                },
                Op::Binary(Binary::Min) if is_part => match difference(first, second) {
                    change if change > 0.0 => operands[1].clone(),
                    _ => operands[0].clone(),
                },
                // A decided condition leaves one branch.
                Op::Select => match operands[0].as_const() {
                    Some(0.0) => operands[2].clone(),
                    Some(_) => operands[1].clone(),
                    None => node.on(operands),
                },
                _ => node.on(operands),
            }
        }))
    }
}

/// Which nodes depend on a variable.
fn moves(graph: &Graph, by: &str) -> Vec<bool> {
    let mut moves = vec![false; graph.nodes.len()];
    for (position, node) in graph.nodes.iter().enumerate() {
        moves[position] = match &node.op {
            Op::Input { name, .. } => &**name == by,
            _ => node.operands.iter().any(|&operand| moves[operand]),
        };
    }
    moves
}

/// Whether an operation changes its case where its operands have these values.
fn is_kink(graph: &Graph, position: usize, values: &[f64]) -> bool {
    let node = &graph.nodes[position];
    let operand = |i: usize| values[node.operands[i]];
    match &node.op {
        Op::Unary(Unary::Abs | Unary::Sign | Unary::Sqrt) => operand(0) == 0.0,
        Op::Unary(Unary::Floor) => operand(0) == operand(0).floor(),
        Op::Binary(Binary::Max | Binary::Min) | Op::Compare(_) => operand(0) == operand(1),
        Op::Binary(Binary::Pow) => operand(0) == 0.0 && operand(1) != operand(1).floor(),
        _ => false,
    }
}

/// Whether an operation may have an infinite slope.
fn is_steep(op: &Op) -> bool {
    matches!(op, Op::Unary(Unary::Sqrt) | Op::Binary(Binary::Pow))
}

/// What three values at steps that shrink by a fixed factor tend to; NaN if that is not clear.
fn limit([first, second, third]: [f64; 3]) -> f64 {
    let (before, last) = (second - first, third - second);
    if third.is_infinite() || last.is_infinite() {
        return third;
    }
    let size = first.abs().max(third.abs());
    if last.abs() <= 1e-9 * size {
        // What is left of a constant's rounding.
        return if third.abs() <= 1e-9 * first.abs() { 0.0 } else { nine_digits(third) };
    }
    match last / before {
        // The changes do not shrink: it grows without end.
        ratio if ratio >= 0.9 => f64::INFINITY.copysign(last),
        ratio if ratio.abs() < 0.9 => {
            let limit = third - last * last / (last - before);
            if limit.abs() <= 1e-6 * size { 0.0 } else { nine_digits(limit) }
        }
        _ => f64::NAN,
    }
}

/// The digits that such a limit has.
fn nine_digits(value: f64) -> f64 {
    format!("{value:.8e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calculus::Function;

    /// The one-sided derivatives of an order of a formula of x.
    fn sides(text: &str, x: f64, order: usize) -> Option<Sides> {
        let function = Function::read(text).unwrap();
        let point = Point::new(&[("x", x)]);
        let kink = Kink::find(function.expr(), "x", &point).unwrap();
        kink.map(|kink| kink.sides(order).unwrap())
    }

    #[track_caller]
    fn assert_sides(text: &str, x: f64, left: Option<f64>, right: Option<f64>, jumps: bool) {
        assert_eq!(sides(text, x, 1), Some(Sides { left, right, jumps }), "{text} at {x}");
    }

    #[test]
    fn kinks_have_two_slopes() {
        assert_sides("abs(x)", 0.0, Some(-1.0), Some(1.0), false);
        assert_sides("relu(x)", 0.0, Some(0.0), Some(1.0), false);
        assert_sides("leaky_relu(x)", 0.0, Some(0.01), Some(1.0), false);
        assert_sides("max(x^2, x)", 1.0, Some(1.0), Some(2.0), false);
        assert_sides("min(x^2, x)", 1.0, Some(2.0), Some(1.0), false);
        assert_sides("abs(x^2 - 4)", 2.0, Some(-4.0), Some(4.0), false);
        assert_sides("where(x < 1, x^2, 3*x - 2)", 1.0, Some(2.0), Some(3.0), false);
        assert_sides("sqrt(x^2)", 0.0, Some(-1.0), Some(1.0), false);
        assert_sides("sqrt(abs(x))", 0.0, Some(f64::NEG_INFINITY), Some(f64::INFINITY), false);
        assert_sides("max(1 + x^3, 1)", 0.0, Some(0.0), Some(0.0), false);
    }

    #[test]
    fn an_end_has_one_slope() {
        let inf = f64::INFINITY;
        assert_sides("sqrt(x)", 0.0, None, Some(inf), false);
        assert_sides("sqrt(1 - x)", 1.0, Some(-inf), None, false);
        assert_sides("x^0.5", 0.0, None, Some(inf), false);
        assert_sides("x^1.5", 0.0, None, Some(0.0), false);
        assert_sides("x*sqrt(x)", 0.0, None, Some(0.0), false);
        assert_sides("3*x + (x - 1)*sqrt(x - 1)", 1.0, None, Some(3.0), false);
        assert_sides("where(x == 0, 0, x*log(x))", 0.0, None, Some(-inf), false);
    }

    #[test]
    fn a_jump_is_no_slope() {
        let inf = Some(f64::INFINITY);
        assert_sides("sign(x)", 0.0, inf, inf, true);
        assert_sides("floor(x)", 2.0, inf, Some(0.0), true);
        assert_sides("where(x > 0, 1, 0)", 0.0, Some(0.0), inf, true);
    }

    #[test]
    fn what_is_smooth_has_none_or_one_slope() {
        assert_eq!(sides("x^2", 1.0, 1), None);
        assert_eq!(sides("abs(x)", 1.0, 1), None);
        for (text, slope) in [("softsign(x)", 1.0), ("elu(x)", 1.0), ("x*abs(x)", 0.0)] {
            assert_eq!(sides(text, 0.0, 1).and_then(|sides| sides.common()), Some(slope), "{text}");
        }
        assert_eq!(sides("relu(x) - relu(-x)", 0.0, 1).unwrap().common(), Some(1.0));
    }

    #[test]
    fn higher_orders_have_sides_too() {
        let sides = sides("x*abs(x)", 0.0, 2).unwrap();
        assert_eq!((sides.left, sides.right), (Some(-2.0), Some(2.0)));
    }
}
