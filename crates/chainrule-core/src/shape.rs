//! Shapes: rows or shared, broadcasting, and the shape rule of every operation.

use std::fmt;

use crate::error::ErrorKind;
use crate::op::{Along, Arity, Op};

/// Whether a tensor has one value per row of the batch, or one for all rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// One value for all rows: weights, constants, the mean loss, the optimizer's state.
    Shared,
    /// One value per row: inputs, activations, per-row losses.
    Rows,
}

/// The kind of a tensor and the dimensions of one row of it.
///
/// The number of rows is nowhere in a shape: it is the one symbolic dimension, given when a
/// program runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// One value per row, or one for all.
    pub kind: Kind,
    /// The dimensions of one row (of the one value, if shared); empty for a number.
    pub dims: Box<[usize]>,
}

/// The most elements that one row of a tensor, or a shared tensor, may have.
pub const MAX_ELEMENTS: usize = 1 << 40;

impl Shape {
    /// A shape with one value for all rows.
    pub fn shared(dims: &[usize]) -> Self {
        Self { kind: Kind::Shared, dims: dims.into() }
    }

    /// A shape with one value per row.
    pub fn rows(dims: &[usize]) -> Self {
        Self { kind: Kind::Rows, dims: dims.into() }
    }

    /// How many elements one row has (the whole tensor, if shared).
    pub fn elements(&self) -> usize {
        self.dims.iter().product()
    }

    /// How many dimensions one row has.
    pub fn rank(&self) -> usize {
        self.dims.len()
    }

    /// Whether there is one value per row.
    pub fn is_rows(&self) -> bool {
        self.kind == Kind::Rows
    }

    /// The shape to which both broadcast: rows if either is; dimensions by NumPy's rule.
    pub fn broadcast(&self, other: &Self) -> Option<Self> {
        let rank = self.rank().max(other.rank());
        let mut dims = vec![0; rank];
        for (i, dim) in dims.iter_mut().enumerate() {
            let left = aligned(&self.dims, rank, i);
            let right = aligned(&other.dims, rank, i);
            *dim = match (left, right) {
                (a, b) if a == b => a,
                (1, b) => b,
                (a, 1) => a,
                _ => return None,
            };
        }
        Some(Self { kind: self.kind.max(other.kind), dims: dims.into() })
    }

    /// Whether this broadcasts to exactly `target`.
    pub fn broadcasts_to(&self, target: &Self) -> bool {
        self.broadcast(target).as_ref() == Some(target)
    }
}

/// The dimension at place `i` of `rank` when `dims` is aligned at its end.
fn aligned(dims: &[usize], rank: usize, i: usize) -> usize {
    let missing = rank - dims.len();
    if i < missing { 1 } else { dims[i - missing] }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::Shared => "shared[",
            Kind::Rows => "rows[",
        })?;
        for (i, dim) in self.dims.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            write!(f, "{dim}")?;
        }
        f.write_str("]")
    }
}

/// The shape of `op` applied to operands of these shapes, or what is wrong with them.
pub fn infer(op: &Op, operands: &[&Shape]) -> Result<Shape, ErrorKind> {
    let arity_holds = match op.arity() {
        Arity::Exactly(count) => operands.len() == count,
        Arity::AtLeastOne => !operands.is_empty(),
    };
    if !arity_holds {
        return Err(ErrorKind::OperandCount { op: op.name().into(), found: operands.len() });
    }
    let mismatch = |left: &Shape, right: &Shape| ErrorKind::ShapesDiffer {
        op: op.name().into(),
        left: left.clone(),
        right: right.clone(),
    };
    let join = |shapes: &[&Shape]| -> Result<Shape, ErrorKind> {
        let mut joined = shapes[0].clone();
        for shape in &shapes[1..] {
            joined = joined.broadcast(shape).ok_or_else(|| mismatch(&joined, shape))?;
        }
        Ok(joined)
    };
    let axis_error = |axis: usize, shape: &Shape| ErrorKind::NoSuchAxis {
        op: op.name().into(),
        axis,
        shape: shape.clone(),
    };
    let invalid = |shape: &Shape| ErrorKind::OperandShape {
        op: op.name().into(),
        attributes: format!("{op:?}"),
        shape: shape.clone(),
    };
    let shape = match op {
        Op::Input { shape, .. } | Op::Uniform { shape, .. } => shape.clone(),
        Op::Const(_) => Shape::shared(&[]),
        Op::Iota { dims, along } => match along {
            Along::Axis(axis) => {
                let shape = Shape::shared(dims);
                if *axis >= dims.len() {
                    return Err(axis_error(*axis, &shape));
                }
                shape
            }
            Along::Rows => Shape::rows(&[]),
        },
        Op::Unary(_) | Op::Cast(_) | Op::StopGradient => operands[0].clone(),
        Op::Binary(_) | Op::Compare(_) | Op::Select => join(operands)?,
        Op::MatMul { transpose_left, transpose_right } => {
            matmul(operands[0], *transpose_left, operands[1], *transpose_right)
                .ok_or_else(|| mismatch(operands[0], operands[1]))?
        }
        Op::Reduce(_, Along::Axis(axis)) => {
            let mut dims = operands[0].dims.to_vec();
            if *axis >= dims.len() {
                return Err(axis_error(*axis, operands[0]));
            }
            if dims.remove(*axis) == 0 {
                return Err(invalid(operands[0]));
            }
            Shape { kind: operands[0].kind, dims: dims.into() }
        }
        Op::Reduce(_, Along::Rows) => {
            if !operands[0].is_rows() {
                return Err(ErrorKind::NeedsRows {
                    op: op.name().into(),
                    shape: operands[0].clone(),
                });
            }
            Shape::shared(&operands[0].dims)
        }
        Op::Reshape(dims) => {
            let shape = Shape { kind: operands[0].kind, dims: dims.clone() };
            if checked_elements(dims) != checked_elements(&operands[0].dims) {
                return Err(mismatch(operands[0], &shape));
            }
            shape
        }
        Op::Permute(axes) => {
            let mut seen = vec![false; operands[0].rank()];
            for &axis in axes.iter() {
                match seen.get_mut(axis) {
                    Some(slot) if !*slot => *slot = true,
                    _ => return Err(invalid(operands[0])),
                }
            }
            if axes.len() != operands[0].rank() {
                return Err(invalid(operands[0]));
            }
            let dims = axes.iter().map(|&axis| operands[0].dims[axis]).collect();
            Shape { kind: operands[0].kind, dims }
        }
        Op::Broadcast(target) => {
            if !operands[0].broadcasts_to(target) {
                return Err(mismatch(operands[0], target));
            }
            target.clone()
        }
        Op::Slice { axis, start, length } => {
            let mut shape = operands[0].clone();
            let dim = shape.dims.get_mut(*axis).ok_or_else(|| axis_error(*axis, operands[0]))?;
            if *length == 0 || start.checked_add(*length).is_none_or(|end| end > *dim) {
                return Err(invalid(operands[0]));
            }
            *dim = *length;
            shape
        }
        Op::Pad { axis, before, after } => {
            let mut shape = operands[0].clone();
            let dim = shape.dims.get_mut(*axis).ok_or_else(|| axis_error(*axis, operands[0]))?;
            *dim = dim
                .checked_add(*before)
                .and_then(|dim| dim.checked_add(*after))
                .ok_or_else(|| invalid(operands[0]))?;
            shape
        }
        Op::Concat { axis } => {
            let mut shape = operands[0].clone();
            if *axis >= shape.rank() {
                return Err(axis_error(*axis, operands[0]));
            }
            for operand in &operands[1..] {
                let fits = operand.rank() == shape.rank()
                    && (0..shape.rank()).all(|i| i == *axis || operand.dims[i] == shape.dims[i]);
                if !fits {
                    return Err(mismatch(&shape, operand));
                }
                shape.kind = shape.kind.max(operand.kind);
                shape.dims[*axis] = shape.dims[*axis]
                    .checked_add(operand.dims[*axis])
                    .ok_or_else(|| invalid(operand))?;
            }
            shape
        }
        Op::Gather => {
            let (table, index) = (operands[0], operands[1]);
            if table.rank() == 0 {
                return Err(axis_error(0, table));
            }
            let dims = index.dims.iter().chain(&table.dims[1..]).copied().collect();
            Shape { kind: table.kind.max(index.kind), dims }
        }
        Op::ScatterAdd { length } => {
            let (index, updates) = (operands[0], operands[1]);
            let fits =
                updates.rank() >= index.rank() && updates.dims[..index.rank()] == *index.dims;
            if !fits {
                return Err(mismatch(index, updates));
            }
            let rest = &updates.dims[index.rank()..];
            let dims = std::iter::once(length).chain(rest).copied().collect();
            Shape { kind: index.kind.max(updates.kind), dims }
        }
        Op::Call(_) => operands[0].clone(),
    };
    match checked_elements(&shape.dims) {
        Some(0) => Err(ErrorKind::Empty { op: op.name().into(), shape }),
        Some(elements) if elements <= MAX_ELEMENTS => Ok(shape),
        _ => Err(ErrorKind::TooLarge { shape }),
    }
}

fn checked_elements(dims: &[usize]) -> Option<usize> {
    dims.iter().try_fold(1usize, |product, &dim| product.checked_mul(dim))
}

/// The shape of a product: the last two dimensions are the matrix, those before are a stack that
/// must be equal or absent on one side.
fn matmul(
    left: &Shape,
    transpose_left: bool,
    right: &Shape,
    transpose_right: bool,
) -> Option<Shape> {
    let (left_stack, left_matrix) = left.dims.split_at(left.rank().checked_sub(2)?);
    let (right_stack, right_matrix) = right.dims.split_at(right.rank().checked_sub(2)?);
    let (m, k) = oriented(left_matrix, transpose_left);
    let (inner, n) = oriented(right_matrix, transpose_right);
    let stack = match (left_stack, right_stack) {
        (a, b) if a == b => a,
        ([], b) => b,
        (a, []) => a,
        _ => return None,
    };
    if k != inner || k == 0 {
        return None;
    }
    let dims = stack.iter().copied().chain([m, n]).collect();
    Some(Shape { kind: left.kind.max(right.kind), dims })
}

/// Rows and columns of a matrix after its transpose flag.
pub fn oriented(matrix: &[usize], transpose: bool) -> (usize, usize) {
    if transpose { (matrix[1], matrix[0]) } else { (matrix[0], matrix[1]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcasting_joins_kinds_and_dimensions() {
        let joined = Shape::rows(&[4, 1]).broadcast(&Shape::shared(&[3])).unwrap();
        assert_eq!(joined, Shape::rows(&[4, 3]));
        assert!(Shape::shared(&[2]).broadcast(&Shape::shared(&[3])).is_none());
        assert!(Shape::shared(&[]).broadcasts_to(&Shape::rows(&[2, 2])));
        assert!(!Shape::rows(&[2]).broadcasts_to(&Shape::shared(&[2])));
    }

    #[test]
    fn a_product_contracts_the_inner_dimensions() {
        let op = Op::MatMul { transpose_left: true, transpose_right: false };
        let (left, right) = (Shape::rows(&[1, 3]), Shape::rows(&[1, 5]));
        assert_eq!(infer(&op, &[&left, &right]).unwrap(), Shape::rows(&[3, 5]));
        let wrong = Shape::rows(&[2, 5]);
        assert!(infer(&op, &[&left, &wrong]).is_err());
    }

    #[test]
    fn a_shape_without_elements_is_refused() {
        let op = Op::Uniform { stream: 0, shape: Shape::rows(&[3, 0]) };
        assert!(matches!(infer(&op, &[]), Err(ErrorKind::Empty { .. })));
    }

    #[test]
    fn a_huge_shape_is_refused_without_overflow() {
        let op = Op::Pad { axis: 0, before: usize::MAX, after: 1 };
        assert!(infer(&op, &[&Shape::shared(&[3])]).is_err());
        let op = Op::Uniform { stream: 0, shape: Shape::shared(&[usize::MAX, 2]) };
        assert!(matches!(infer(&op, &[]), Err(ErrorKind::TooLarge { .. })));
    }
}
