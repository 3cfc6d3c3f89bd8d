//! Random expressions by seed, over every operation, for the property tests of several crates.
#![allow(dead_code, reason = "each test that includes this file uses a part of it")]

use chainrule_core::op::{Along, Binary, Compare, Precision, Reduction, Unary};
use chainrule_core::{Expr, Shape};

/// How many seeds a property test runs: `usual`, times the environment's CHAINRULE_CASES.
pub fn cases(usual: u64) -> u64 {
    let times = std::env::var("CHAINRULE_CASES").ok().and_then(|text| text.parse().ok());
    usual * times.unwrap_or(1)
}

/// SplitMix64: a few lines, so that these tests rest on nothing they test.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// Uniform in [−1.5, 1.5).
    pub fn number(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64 * 3.0 - 1.5
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// An input with its values for a number of rows.
#[derive(Clone)]
pub struct Given {
    pub name: String,
    pub expr: Expr,
    pub values: Vec<f64>,
}

/// A random graph: its inputs and one number that depends on them.
pub struct RandomGraph {
    pub rows: usize,
    pub inputs: Vec<Given>,
    /// The last value on the way, of any shape.
    pub last: Expr,
    /// One shared number.
    pub root: Expr,
}

impl RandomGraph {
    pub fn bindings(&self) -> Vec<(&str, &[f64])> {
        self.inputs.iter().map(|given| (given.name.as_str(), given.values.as_slice())).collect()
    }
}

/// A graph of about `size` operations. `smooth` leaves out what has kinks, steps or randomness,
/// so that a central difference is meaningful.
pub fn random_graph(seed: u64, size: usize, smooth: bool) -> RandomGraph {
    let mut dice = Dice(seed);
    let rows = 1 + dice.below(5);
    let shapes = [
        Shape::rows(&[3]),
        Shape::rows(&[]),
        Shape::rows(&[2, 3]),
        Shape::shared(&[3]),
        Shape::shared(&[3, 2]),
        Shape::shared(&[]),
        Shape::rows(&[3, 1]),
    ];
    let mut inputs = Vec::new();
    for (i, shape) in shapes.iter().enumerate() {
        let count = shape.elements() * if shape.is_rows() { rows } else { 1 };
        let name = format!("x{i}");
        inputs.push(Given {
            expr: Expr::input(&name, shape.clone()),
            name,
            values: (0..count).map(|_| dice.number()).collect(),
        });
    }
    let mut values: Vec<Expr> = inputs.iter().map(|given| given.expr.clone()).collect();
    while values.len() < shapes.len() + size {
        let value = step(&mut dice, &values, smooth);
        if value.error().is_none() && value.shape().elements() <= 64 {
            values.push(value);
        }
    }
    let mut root = Expr::constant(0.0);
    for value in &values[shapes.len()..] {
        // Bounded terms keep the sum well-conditioned.
        let mut term = value.clone().tanh();
        while term.shape().rank() > 0 {
            term = term.sum(0);
        }
        root = root + if term.shape().is_rows() { term.sum_over_rows() } else { term };
    }
    RandomGraph { rows, inputs, last: values[values.len() - 1].clone(), root }
}

fn step(dice: &mut Dice, values: &[Expr], smooth: bool) -> Expr {
    let count = values.len();
    let mut any = || values[dice.below(count)].clone();
    let (a, b, c) = (any(), any(), any());
    let rank = a.shape().rank();
    let axis = dice.below(rank.max(1));
    let dims = a.shape().dims.to_vec();
    match dice.below(if smooth { 15 } else { 22 }) {
        // Arguments are shaped so that no value explodes and no logarithm leaves its domain.
        0 => a.unary(dice.pick(&[
            Unary::Neg,
            Unary::Sin,
            Unary::Cos,
            Unary::Atan,
            Unary::Tanh,
            Unary::Sigmoid,
            Unary::Softplus,
            Unary::Erf,
            Unary::NormalCdf,
        ])),
        1 => a.tanh().unary(dice.pick(&[Unary::Exp, Unary::Expm1])),
        2 => (a.clone() * a + 0.5).unary(dice.pick(&[Unary::Log, Unary::Sqrt, Unary::Log1p])),
        3 | 4 => a.binary(dice.pick(&[Binary::Add, Binary::Sub, Binary::Mul]), b),
        5 => a / (b.clone() * b + 1.0),
        6 => (a.clone() * a + 0.5).powf(b.tanh() * 2.0),
        7 => a.tanh().powf(dice.pick(&[2.0, 3.0, 1.0, 4.0])),
        8 => a.matmul(b),
        9 => a.tanh().matmul_with(dice.below(2) == 1, b, dice.below(2) == 1),
        10 => a.sum(axis),
        11 => a.reduce(Reduction::LogSumExp, Along::Axis(axis)),
        12 => match dice.below(3) {
            0 => a.sum_over_rows(),
            1 => a.reduce(Reduction::LogSumExp, Along::Rows),
            _ => a.tanh().mean_over_rows(&(b.sigmoid() + 0.1)),
        },
        13 => movement(dice, a, b, axis, &dims),
        14 => match dice.below(2) {
            0 => Expr::call("named", a.clone().unary(Unary::Sin) * 0.5, &[a]),
            _ => a.gather(Expr::constant(0.25)),
        },
        15 => a.unary(dice.pick(&[Unary::Abs, Unary::Sign, Unary::Floor])),
        16 => a.binary(dice.pick(&[Binary::Max, Binary::Min]), b),
        17 => a.compare(dice.pick(&[Compare::Lt, Compare::Le, Compare::Eq]), b),
        18 => a.less(0.1).select(b, c),
        19 => {
            let along = if dice.below(3) == 0 { Along::Rows } else { Along::Axis(axis) };
            a.reduce(dice.pick(&[Reduction::Max, Reduction::ArgMax]), along)
        }
        20 => match dice.below(3) {
            0 => Expr::uniform(dice.below(3) as u32, a.shape()) + a,
            1 => Expr::row_number() * 0.25 + a,
            _ => Expr::iota(&dims, axis) + a,
        },
        _ => match dice.below(4) {
            0 => a.cast(Precision::F32),
            1 => a.floor_index().scatter_add(b, 3),
            2 => a.gather(b.floor_index()),
            _ => a.stop_gradient(),
        },
    }
}

fn movement(dice: &mut Dice, a: Expr, b: Expr, axis: usize, dims: &[usize]) -> Expr {
    let rank = dims.len();
    match dice.below(6) {
        0 => a.reshape(&[dims.iter().product::<usize>()]),
        1 => {
            let mut axes: Vec<usize> = (0..rank).collect();
            axes.rotate_left(dice.below(rank.max(1)));
            a.permute(&axes)
        }
        2 => {
            let dim = dims.get(axis).copied().unwrap_or(1);
            let start = dice.below(dim);
            let length = 1 + dice.below(dim - start);
            a.slice(axis, start, length)
        }
        3 => a.pad(axis, dice.below(3), dice.below(3)),
        4 => Expr::concat(&[a, b], axis),
        _ => {
            let mut shape = a.shape();
            shape.dims = std::iter::once(2).chain(dims.iter().copied()).collect();
            a.broadcast(&shape)
        }
    }
}

/// Numbers that are positions of a table of three, or lie just outside it.
trait Index {
    fn floor_index(self) -> Expr;
}

impl Index for Expr {
    fn floor_index(self) -> Expr {
        (self * 2.0).unary(Unary::Floor) + 1.0
    }
}
