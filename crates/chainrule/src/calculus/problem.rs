//! Where a formula leaves the real numbers: its first part that has no value, and why.

use std::borrow::Cow;
use std::fmt;

use chainrule_core::graph::{Graph, GraphNode};
use chainrule_core::op::{Binary, Op, Precision, Unary};

use super::Point;
use super::point::Written;

/// Why a function has no value at a point: a part of its formula has none there.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The part.
    pub part: String,
    /// Why it has no value.
    pub cause: Cause,
    /// The values of the variables, as `x = 3`.
    pub point: String,
}

/// Why a part of a formula has no value.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Cause {
    /// The logarithm of 0 or of a negative number.
    Logarithm {
        /// What it was to be taken of.
        argument: f64,
    },
    /// A logarithm whose base is 1, 0 or negative.
    Base {
        /// The base.
        base: f64,
    },
    /// The square root of a negative number.
    Root {
        /// What it was to be taken of.
        argument: f64,
    },
    /// A division by 0.
    Division {
        /// What was to be divided.
        numerator: f64,
    },
    /// A negative number to a power that is not whole.
    Power {
        /// The number.
        base: f64,
        /// The exponent.
        exponent: f64,
    },
    /// 0 to a negative power.
    PowerOfZero {
        /// The exponent.
        exponent: f64,
    },
    /// A value beyond the largest number of the precision.
    Overflow {
        /// The precision.
        precision: Precision,
    },
    /// Anything else that gives no number, such as a constant that is none.
    NotANumber {
        /// What it gives.
        value: f64,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |value: f64| Written(value, Precision::F64);
        if let Cause::Overflow { precision } = self.cause {
            write!(f, "{} is too large", self.shown())?;
            self.write_point(f)?;
            let largest = largest(precision);
            return write!(f, ": {largest:.1e} is the largest number of {precision}");
        }
        write!(f, "{} is not defined", self.shown())?;
        self.write_point(f)?;
        match self.cause {
            Cause::Logarithm { argument } | Cause::Root { argument } => {
                write!(f, ": its argument is {}", number(argument))
            }
            Cause::Base { base: 1.0 } => {
                write!(f, ": the base of a logarithm cannot be 1, of which every power is 1")
            }
            Cause::Base { base } => {
                write!(f, ": the base of a logarithm must be above 0, and it is {}", number(base))
            }
            Cause::Division { numerator: 0.0 } => write!(f, ": it is 0/0"),
            Cause::Division { numerator } => {
                write!(f, ": it is a division by 0, {}/0", number(numerator))
            }
            Cause::Power { base, exponent } => write!(
                f,
                ": {} is negative, and {} is not a whole number",
                number(base),
                number(exponent)
            ),
            Cause::PowerOfZero { exponent } => {
                write!(f, ": 0 to the power of {} is a division by 0", number(exponent))
            }
            Cause::Overflow { .. } => Ok(()),
            Cause::NotANumber { value } => write!(f, ": it gives {}", number(value)),
        }
    }
}

impl Problem {
    /// The part, or the beginning of a very long one.
    fn shown(&self) -> Cow<'_, str> {
        const LONGEST: usize = 80;
        match self.part.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", &self.part[..end]).into(),
            None => self.part.as_str().into(),
        }
    }

    fn write_point(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.point.is_empty() { Ok(()) } else { write!(f, " at {}", self.point) }
    }
}

/// Which nodes have a part in the value: not the branch of `where` that is not taken, and of a
/// named function its body alone.
pub(super) fn live(graph: &Graph, values: &[f64]) -> Vec<bool> {
    let mut live = vec![false; graph.nodes.len()];
    live[graph.roots[0]] = true;
    for position in (0..=graph.roots[0]).rev() {
        if !live[position] {
            continue;
        }
        let operands = &graph.nodes[position].operands;
        match graph.nodes[position].op {
            Op::Select => {
                live[operands[0]] = true;
                live[operands[if values[operands[0]] == 0.0 { 2 } else { 1 }]] = true;
            }
            Op::Call(_) => live[operands[0]] = true,
            _ => operands.iter().for_each(|&operand| live[operand] = true),
        }
    }
    live
}

/// The first part that is not defined, given the value of every node.
pub(super) fn undefined(graph: &Graph, values: &[f64], point: &Point) -> Option<Problem> {
    let live = live(graph, values);
    let parts = graph.nodes.iter().enumerate().filter(|(position, _)| live[*position]);
    for (position, node) in parts {
        let operands: Vec<f64> = node.operands.iter().map(|&operand| values[operand]).collect();
        // What has no value because an operand has none is not the first.
        if operands.iter().any(|value| value.is_nan()) {
            continue;
        }
        let Some(cause) = cause(node, &operands, values[position]) else { continue };
        let base_of = graph.nodes.iter().find(|quotient| is_logarithm(graph, quotient, position));
        let (node, cause) = match (base_of, cause) {
            (Some(quotient), Cause::Logarithm { argument }) => {
                (quotient, Cause::Base { base: argument })
            }
            (_, Cause::Division { .. }) if is_logarithm(graph, node, node.operands[1]) => {
                (node, Cause::Base { base: 1.0 })
            }
            _ => (node, cause),
        };
        return Some(problem(node, cause, point));
    }
    None
}

/// The first part whose value no longer fits a precision.
pub(super) fn overflow(graph: &Graph, values: &[f64], point: &Point) -> Option<Problem> {
    let live = live(graph, values);
    let precision = point.precision();
    let largest = largest(precision);
    let fits = |value: f64| value.abs() <= largest;
    let position =
        (0..graph.nodes.len()).find(|&position| live[position] && !fits(values[position]))?;
    Some(problem(&graph.nodes[position], Cause::Overflow { precision }, point))
}

fn largest(precision: Precision) -> f64 {
    match precision {
        Precision::F64 => f64::MAX,
        Precision::F32 => f64::from(f32::MAX),
    }
}

fn problem(node: &GraphNode, cause: Cause, point: &Point) -> Problem {
    let graph = Graph::new(std::slice::from_ref(&node.expr)).ok();
    // Only the variables that the part has.
    let names = graph.iter().flat_map(|graph| graph.inputs().map(|(_, name, _)| name));
    let values: Vec<(&str, f64)> =
        names.filter_map(|name| Some((name, point.value(name)?))).collect();
    let point = Point::new(&values).in_precision(point.precision()).to_string();
    Problem { part: node.expr.to_string(), cause, point }
}

/// Whether a node is log(…)/log(base) and `base` is its divisor.
fn is_logarithm(graph: &Graph, node: &GraphNode, base: usize) -> bool {
    let is_log = |position: usize| graph.nodes[position].op == Op::Unary(Unary::Log);
    node.op == Op::Binary(Binary::Div)
        && node.operands[1] == base
        && is_log(node.operands[0])
        && is_log(base)
}

/// Why an operation has no value, given those of its operands and its own.
fn cause(node: &GraphNode, operands: &[f64], value: f64) -> Option<Cause> {
    let undefined = match (&node.op, operands) {
        (Op::Unary(unary), &[x]) => of_one(*unary, x),
        (Op::Binary(binary), &[a, b]) => of_two(*binary, a, b),
        _ => None,
    };
    // What comes of infinities is an overflow, not a matter of the domain.
    let is_new = value.is_nan() && operands.iter().all(|operand| operand.is_finite());
    undefined.or_else(|| is_new.then_some(Cause::NotANumber { value }))
}

fn of_one(unary: Unary, x: f64) -> Option<Cause> {
    match unary {
        Unary::Log => (x <= 0.0).then_some(Cause::Logarithm { argument: x }),
        Unary::Log1p => (x <= -1.0).then_some(Cause::Logarithm { argument: x }),
        Unary::Sqrt => (x < 0.0).then_some(Cause::Root { argument: x }),
        Unary::Neg
        | Unary::Abs
        | Unary::Sign
        | Unary::Exp
        | Unary::Expm1
        | Unary::Sin
        | Unary::Cos
        | Unary::Atan
        | Unary::Tanh
        | Unary::Sigmoid
        | Unary::Softplus
        | Unary::Erf
        | Unary::NormalCdf
        | Unary::Floor => None,
    }
}

fn of_two(binary: Binary, a: f64, b: f64) -> Option<Cause> {
    match binary {
        Binary::Div => (b == 0.0).then_some(Cause::Division { numerator: a }),
        Binary::Pow if a == 0.0 && b < 0.0 => Some(Cause::PowerOfZero { exponent: b }),
        Binary::Pow if a < 0.0 && b.is_finite() && b.floor() != b => {
            Some(Cause::Power { base: a, exponent: b })
        }
        Binary::Pow | Binary::Add | Binary::Sub | Binary::Mul | Binary::Max | Binary::Min => None,
    }
}
