//! The truth for the tests: a slow, obvious evaluator in f64, a few lines an operation.
//!
//! It shares nothing with the compiler and the kernels but the primitives' meaning: one pass over
//! the nodes, every value stored whole, indices computed one element at a time.

use crate::error::{Error, ErrorKind};
use crate::expr::Expr;
use crate::graph::{Graph, GraphNode};
use crate::op::{Along, Binary, Compare, Op, Precision, Reduction, Unary};
use crate::random;
use crate::shape::{Kind, Shape, oriented};

/// What an evaluation is given besides the values of the inputs.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The number of rows of the batch.
    pub rows: usize,
    /// The seed of `Uniform`.
    pub seed: u64,
    /// The step of `Uniform`.
    pub step: u64,
}

/// The values of expressions for given inputs, each as its elements in row-major order.
///
/// The number of rows is that of the longest rows input (1 if there is none).
///
/// # Errors
/// The error that poisoned an expression, [`ErrorKind::MissingInput`] or
/// [`ErrorKind::InputLength`].
pub fn evaluate(roots: &[Expr], inputs: &[(&str, &[f64])]) -> Result<Vec<Vec<f64>>, Error> {
    let graph = Graph::new(roots)?;
    let mut rows = 1;
    for (_, name, shape) in graph.inputs() {
        if let Some((_, values)) = inputs.iter().find(|(given, _)| *given == name)
            && shape.is_rows()
        {
            rows = values.len() / shape.elements().max(1);
        }
    }
    evaluate_graph(&graph, inputs, Setting { rows, seed: 0, step: 0 })
}

/// The values of a graph's roots in a given setting.
///
/// # Errors
/// [`ErrorKind::MissingInput`] or [`ErrorKind::InputLength`].
pub fn evaluate_graph(
    graph: &Graph,
    inputs: &[(&str, &[f64])],
    setting: Setting,
) -> Result<Vec<Vec<f64>>, Error> {
    let mut values: Vec<Vec<f64>> = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let value = match &node.op {
            Op::Input { name, shape } => input(name, shape, inputs, setting.rows)?,
            op => {
                let operands: Vec<Tensor<'_>> = node
                    .operands
                    .iter()
                    .map(|&i| Tensor { shape: &graph.nodes[i].shape, values: &values[i] })
                    .collect();
                apply(op, node, &operands, setting)
            }
        };
        values.push(value);
    }
    Ok(graph.roots.iter().map(|&root| values[root].clone()).collect())
}

fn input(
    name: &str,
    shape: &Shape,
    inputs: &[(&str, &[f64])],
    rows: usize,
) -> Result<Vec<f64>, Error> {
    let Some((_, values)) = inputs.iter().find(|(given, _)| *given == name) else {
        return Err(ErrorKind::MissingInput { name: name.into(), shape: shape.clone() }.into());
    };
    let expected = shape.elements() * if shape.is_rows() { rows } else { 1 };
    if values.len() != expected {
        let (name, found) = (name.into(), values.len());
        return Err(ErrorKind::InputLength { name, expected, found }.into());
    }
    Ok(values.to_vec())
}

/// A value with its shape.
struct Tensor<'a> {
    shape: &'a Shape,
    values: &'a [f64],
}

impl Tensor<'_> {
    /// The elements of one row (of the one value, if shared).
    fn row(&self, row: usize) -> &[f64] {
        let elements = self.shape.elements();
        match self.shape.kind {
            Kind::Shared => self.values,
            Kind::Rows => &self.values[row * elements..(row + 1) * elements],
        }
    }

    /// The element that broadcasting puts at `index` of `dims` in one row.
    fn at(&self, row: usize, index: &[usize]) -> f64 {
        let missing = index.len() - self.shape.rank();
        let own: Vec<usize> = index[missing..]
            .iter()
            .zip(&self.shape.dims)
            .map(|(&i, &dim)| if dim == 1 { 0 } else { i })
            .collect();
        self.row(row)[flat(&own, &self.shape.dims)]
    }
}

/// The position of an index in row-major order.
fn flat(index: &[usize], dims: &[usize]) -> usize {
    index.iter().zip(dims).fold(0, |position, (&i, &dim)| position * dim + i)
}

/// The index of a position in row-major order.
fn unflat(position: usize, dims: &[usize]) -> Vec<usize> {
    let mut index = vec![0; dims.len()];
    let mut rest = position;
    for (i, &dim) in index.iter_mut().zip(dims).rev() {
        *i = rest % dim;
        rest /= dim;
    }
    index
}

fn apply(op: &Op, node: &GraphNode, operands: &[Tensor<'_>], setting: Setting) -> Vec<f64> {
    let shape = &node.shape;
    let rows = if shape.is_rows() { setting.rows } else { 1 };
    let elements = shape.elements();
    // The value of an operation that is given by a rule for each (row, index).
    let each = |rule: &dyn Fn(usize, &[usize]) -> f64| -> Vec<f64> {
        (0..rows * elements)
            .map(|position| {
                let (row, element) = (position / elements, position % elements);
                rule(row, &unflat(element, &shape.dims))
            })
            .collect()
    };
    match op {
        Op::Input { .. } => Vec::new(),
        Op::Const(value) => vec![value.0],
        Op::Iota { along: Along::Axis(axis), .. } => each(&|_, index| index[*axis] as f64),
        Op::Iota { along: Along::Rows, .. } => each(&|row, _| row as f64),
        Op::Uniform { stream, .. } => each(&|row, index| {
            let element = flat(index, &shape.dims) as u32;
            random::uniform(setting.seed, setting.step, *stream, row as u64, element)
        }),
        Op::Unary(f) => each(&|row, index| unary(*f, operands[0].at(row, index))),
        Op::Binary(f) => {
            each(&|row, index| binary(*f, operands[0].at(row, index), operands[1].at(row, index)))
        }
        Op::Compare(f) => {
            each(&|row, index| compare(*f, operands[0].at(row, index), operands[1].at(row, index)))
        }
        Op::Select => each(&|row, index| {
            let chosen = if operands[0].at(row, index) != 0.0 { 1 } else { 2 };
            operands[chosen].at(row, index)
        }),
        Op::Broadcast(_) | Op::StopGradient => each(&|row, index| operands[0].at(row, index)),
        Op::Cast(Precision::F32) => {
            each(&|row, index| f64::from(operands[0].at(row, index) as f32))
        }
        Op::Cast(Precision::F64) => each(&|row, index| operands[0].at(row, index)),
        Op::MatMul { transpose_left, transpose_right } => {
            let (a, b) = (&operands[0], &operands[1]);
            let stack = shape.rank() - 2;
            let (_, k) = oriented(&a.shape.dims[a.shape.rank() - 2..], *transpose_left);
            each(&|row, index| {
                let (i, j) = (index[stack], index[stack + 1]);
                let cell = |tensor: &Tensor<'_>, transpose: bool, i: usize, j: usize| {
                    let outer = if tensor.shape.rank() == 2 { &[][..] } else { &index[..stack] };
                    let (i, j) = if transpose { (j, i) } else { (i, j) };
                    tensor.row(row)[flat(&[outer, &[i, j]].concat(), &tensor.shape.dims)]
                };
                (0..k).fold(0.0, |sum, p| {
                    let left = cell(a, *transpose_left, i, p);
                    f64::mul_add(left, cell(b, *transpose_right, p, j), sum)
                })
            })
        }
        Op::Reduce(reduction, Along::Axis(axis)) => each(&|row, index| {
            let dim = operands[0].shape.dims[*axis];
            let along = (0..dim).map(|i| {
                let mut full = index.to_vec();
                full.insert(*axis, i);
                operands[0].at(row, &full)
            });
            reduce(*reduction, along)
        }),
        Op::Reduce(reduction, Along::Rows) => each(&|_, index| {
            reduce(*reduction, (0..setting.rows).map(|row| operands[0].at(row, index)))
        }),
        Op::Reshape(_) => each(&|row, index| operands[0].row(row)[flat(index, &shape.dims)]),
        Op::Permute(axes) => each(&|row, index| {
            let mut from = vec![0; axes.len()];
            for (place, &axis) in axes.iter().enumerate() {
                from[axis] = index[place];
            }
            operands[0].at(row, &from)
        }),
        Op::Slice { axis, start, .. } => each(&|row, index| {
            let mut from = index.to_vec();
            from[*axis] += start;
            operands[0].at(row, &from)
        }),
        Op::Pad { axis, before, .. } => each(&|row, index| {
            let mut from = index.to_vec();
            match index[*axis].checked_sub(*before) {
                Some(i) if i < operands[0].shape.dims[*axis] => {
                    from[*axis] = i;
                    operands[0].row(row)[flat(&from, &operands[0].shape.dims)]
                }
                _ => 0.0,
            }
        }),
        Op::Concat { axis } => each(&|row, index| {
            let mut from = index.to_vec();
            for operand in operands {
                let dim = operand.shape.dims[*axis];
                if from[*axis] < dim {
                    return operand.row(row)[flat(&from, &operand.shape.dims)];
                }
                from[*axis] -= dim;
            }
            f64::NAN
        }),
        Op::Gather => each(&|row, index| {
            let (table, at) = (&operands[0], &operands[1]);
            let (head, rest) = index.split_at(at.shape.rank());
            match position(at.row(row)[flat(head, &at.shape.dims)], table.shape.dims[0]) {
                Some(i) => table.row(row)[flat(&[&[i], rest].concat(), &table.shape.dims)],
                None => f64::NAN,
            }
        }),
        Op::ScatterAdd { length } => {
            let (at, updates) = (&operands[0], &operands[1]);
            let width = elements / length.max(&1);
            let mut value = vec![0.0; rows * elements];
            for row in 0..rows {
                for (i, &index) in at.row(row).iter().enumerate() {
                    let Some(target) = position(index, *length) else { continue };
                    for j in 0..width {
                        value[row * elements + target * width + j] +=
                            updates.row(row)[i * width + j];
                    }
                }
            }
            value
        }
        Op::Call(_) => operands[0].values.to_vec(),
    }
}

/// The position that an index means: its integer part, if that lies inside.
pub fn position(index: f64, length: usize) -> Option<usize> {
    (index >= 0.0 && index < length as f64).then_some(index as usize)
}

/// The value of a function of one number.
pub fn unary(f: Unary, x: f64) -> f64 {
    match f {
        Unary::Neg => -x,
        Unary::Abs => x.abs(),
        Unary::Sign => {
            if x > 0.0 {
                1.0
            } else if x < 0.0 {
                -1.0
            } else {
                x * 0.0
            }
        }
        Unary::Exp => libm::exp(x),
        Unary::Expm1 => libm::expm1(x),
        Unary::Log => libm::log(x),
        Unary::Log1p => libm::log1p(x),
        Unary::Sqrt => x.sqrt(),
        Unary::Sin => libm::sin(x),
        Unary::Cos => libm::cos(x),
        Unary::Atan => libm::atan(x),
        Unary::Tanh => libm::tanh(x),
        Unary::Sigmoid => {
            let e = libm::exp(-x.abs());
            if x >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) }
        }
        Unary::Softplus => binary(Binary::Max, x, 0.0) + libm::log1p(libm::exp(-x.abs())),
        Unary::Erf => libm::erf(x),
        Unary::NormalCdf => normal_cdf(x),
        Unary::Floor => x.floor(),
    }
}

/// ½ erfc(−x/√2).
///
/// In the left tail a rounding of the argument would be multiplied by x², so what is left of it is
/// taken in to first order.
fn normal_cdf(x: f64) -> f64 {
    use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};
    // What the constant leaves of 1/√2.
    let rest_of_root = -4.833_646_656_726_457e-17;
    let t = -x * FRAC_1_SQRT_2;
    let rest_of_t = f64::mul_add(-x, FRAC_1_SQRT_2, -t) - x * rest_of_root;
    let slope = FRAC_2_SQRT_PI * libm::exp(-t * t);
    0.5 * (libm::erfc(t) - if slope > 0.0 { slope * rest_of_t } else { 0.0 })
}

/// The value of a function of two numbers.
pub fn binary(f: Binary, a: f64, b: f64) -> f64 {
    match f {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Pow => libm::pow(a, b),
        Binary::Max => {
            if a >= b || a.is_nan() {
                a
            } else {
                b
            }
        }
        Binary::Min => {
            if a <= b || a.is_nan() {
                a
            } else {
                b
            }
        }
    }
}

/// 1 where the comparison holds, else 0.
pub fn compare(f: Compare, a: f64, b: f64) -> f64 {
    let holds = match f {
        Compare::Lt => a < b,
        Compare::Le => a <= b,
        Compare::Eq => a == b,
    };
    f64::from(u8::from(holds))
}

fn reduce(reduction: Reduction, values: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = || values.clone().fold(f64::NEG_INFINITY, |a, b| binary(Binary::Max, a, b));
    match reduction {
        Reduction::Sum => values.fold(0.0, |sum, x| sum + x),
        Reduction::Max => largest(),
        Reduction::LogSumExp => {
            let largest = largest();
            if largest.is_infinite() {
                return largest;
            }
            // The first largest is 1 of the sum; without it log1p keeps what is small beside it.
            let first = values.clone().position(|x| x == largest);
            let others = values.enumerate().filter(|(i, _)| Some(*i) != first);
            largest + libm::log1p(others.fold(0.0, |sum, (_, x)| sum + libm::exp(x - largest)))
        }
        Reduction::ArgMax => {
            let mut best: Option<(usize, f64)> = None;
            for (i, x) in values.enumerate() {
                let better = match best {
                    None => true,
                    Some((_, largest)) => !largest.is_nan() && (x > largest || x.is_nan()),
                };
                if better {
                    best = Some((i, x));
                }
            }
            best.map_or(0.0, |(i, _)| i as f64)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::normal_cdf;

    #[test]
    fn the_normal_distribution_keeps_its_digits_in_the_left_tail() {
        // From mpmath in 50 digits.
        let known = [
            (-1.3, 0.096_800_484_585_610_33),
            (-25.7, 5.844_410_374_380_774e-146),
            (-37.1, 1.404_711_966_310_622_1e-301),
        ];
        for (x, expected) in known {
            assert!((normal_cdf(x) / expected - 1.0).abs() < 1e-15, "{x}");
        }
        assert_eq!([f64::NEG_INFINITY, 0.0, f64::INFINITY].map(normal_cdf), [0.0, 0.5, 1.0]);
    }
}
