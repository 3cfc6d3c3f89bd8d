//! Values of formulas of shared numbers, each with a bound of its rounding error.

use chainrule_core::Expr;
use chainrule_core::graph::Graph;
use chainrule_core::op::{Binary, Compare, Op, Unary};
use chainrule_core::oracle;

/// What is known of the value of an expression at a point.
#[derive(Clone, Copy, Debug)]
pub struct Bounded {
    pub value: f64,
    /// A first-order bound of the distance to the value in real arithmetic.
    pub error: f64,
    /// Whether every value that this one depends on is finite; a branch not taken does not count.
    pub is_defined: bool,
    /// Whether rounding could not have taken another branch, or left the domain of a function.
    pub is_sure: bool,
}

/// The value of a formula, every variable of which is given.
pub fn bounded_value(expr: &Expr, point: &[(&str, f64)]) -> Bounded {
    let graph = Graph::new(std::slice::from_ref(expr)).unwrap();
    let mut values: Vec<Bounded> = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let operand = |i: usize| values[node.operands[i]];
        let value = match &node.op {
            Op::Input { name, .. } => {
                let value = point.iter().find(|(given, _)| **given == **name).unwrap().1;
                exactly(value)
            }
            // A constant stands for the decimal that is written.
            Op::Const(number) if number.0.fract() == 0.0 => exactly(number.0),
            Op::Const(number) => rounded(number.0, 0.0, &[]),
            Op::Unary(op) => unary(*op, operand(0)),
            Op::Binary(op) => binary(*op, operand(0), operand(1)),
            Op::Compare(op) => compare(*op, operand(0), operand(1)),
            Op::Select => {
                let condition = operand(0);
                let taken = operand(if condition.value == 0.0 { 2 } else { 1 });
                Bounded {
                    is_defined: condition.is_defined && taken.is_defined,
                    is_sure: condition.is_sure && taken.is_sure,
                    ..taken
                }
            }
            Op::Broadcast(_) | Op::Cast(_) | Op::StopGradient | Op::Call(_) => operand(0),
            other => panic!("`{}` is no operation on numbers", other.name()),
        };
        values.push(value);
    }
    values[graph.roots[0]]
}

fn exactly(value: f64) -> Bounded {
    Bounded { value, error: 0.0, is_defined: value.is_finite(), is_sure: true }
}

/// A result with the error that came in and that of rounding it.
fn rounded(value: f64, error: f64, operands: &[Bounded]) -> Bounded {
    let error = error + 4.0 * f64::EPSILON * value.abs();
    // Near overflow and underflow the bound says nothing.
    let is_usual = value == 0.0 || (1e-90..1e90).contains(&value.abs());
    Bounded {
        value,
        error,
        is_defined: value.is_finite() && operands.iter().all(|operand| operand.is_defined),
        is_sure: is_usual && error.is_finite() && operands.iter().all(|operand| operand.is_sure),
    }
}

/// Whether the value may lie on the other side of `edge`.
fn may_cross(a: Bounded, edge: f64) -> bool {
    a.error > 0.0 && (a.value - edge).abs() <= 1e6 * a.error
}

fn unary(op: Unary, x: Bounded) -> Bounded {
    let value = oracle::unary(op, x.value);
    let slope = match op {
        Unary::Neg => return Bounded { value, ..x },
        Unary::Abs | Unary::Sin | Unary::Cos | Unary::Atan | Unary::Tanh | Unary::Softplus => 1.0,
        Unary::Sigmoid | Unary::NormalCdf => 1.0,
        Unary::Erf => 1.2,
        Unary::Sign | Unary::Floor => {
            let edge = if op == Unary::Sign { 0.0 } else { x.value.round() };
            let is_sure = x.is_sure && !may_cross(x, edge);
            return Bounded { is_sure, ..rounded(value, 0.0, &[x]) };
        }
        Unary::Exp | Unary::Expm1 => oracle::unary(Unary::Exp, x.value),
        Unary::Log => 1.0 / x.value,
        Unary::Log1p => 1.0 / (1.0 + x.value),
        Unary::Sqrt => 0.5 / value,
    };
    let edge = if op == Unary::Log1p { -1.0 } else { 0.0 };
    let has_edge = matches!(op, Unary::Log | Unary::Log1p | Unary::Sqrt);
    let error = if x.error == 0.0 { 0.0 } else { slope.abs() * x.error };
    // What cancels within a function: log near 1, sin near π.
    let inner = 4.0 * f64::EPSILON * slope.abs().min(1e3) * x.value.abs();
    let result = rounded(value, error + inner, &[x]);
    let is_underflow = op == Unary::Exp && value == 0.0;
    Bounded {
        is_sure: result.is_sure && !is_underflow && !(has_edge && may_cross(x, edge)),
        ..result
    }
}

fn binary(op: Binary, a: Bounded, b: Bounded) -> Bounded {
    let value = oracle::binary(op, a.value, b.value);
    let both = [a, b];
    match op {
        Binary::Add | Binary::Sub => rounded(value, a.error + b.error, &both),
        Binary::Mul => rounded(value, a.value.abs() * b.error + b.value.abs() * a.error, &both),
        Binary::Div => {
            let error = (a.error + value.abs() * b.error) / b.value.abs();
            let result = rounded(value, error, &both);
            Bounded { is_sure: result.is_sure && !may_cross(b, 0.0), ..result }
        }
        Binary::Pow => {
            let by_base = match a.error {
                0.0 => 0.0,
                error => value.abs() * b.value.abs() * error / a.value.abs(),
            };
            let by_exponent = match b.error {
                _ if a.value == 0.0 => 0.0,
                0.0 => 0.0,
                error => value.abs() * libm::log(a.value.abs()).abs() * error,
            };
            // An error of a base 0 is one that can leave the domain.
            let by_base = if a.value == 0.0 { 0.0 } else { by_base };
            let is_underflow = value == 0.0 && a.value != 0.0;
            let leaves = may_cross(a, 0.0) || (b.error > 0.0 && a.value <= 0.0) || is_underflow;
            let result = rounded(value, by_base + by_exponent, &both);
            Bounded { is_sure: result.is_sure && !leaves, ..result }
        }
        Binary::Max | Binary::Min => rounded(value, a.error.max(b.error), &both),
    }
}

fn compare(op: Compare, a: Bounded, b: Bounded) -> Bounded {
    let value = oracle::compare(op, a.value, b.value);
    let error = a.error + b.error;
    let may_change = error > 0.0 && (a.value - b.value).abs() <= 1e6 * error;
    Bounded {
        is_defined: a.is_defined && b.is_defined,
        is_sure: a.is_sure && b.is_sure && !may_change,
        ..exactly(value)
    }
}
