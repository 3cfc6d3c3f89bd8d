//! `Expr`: a handle on an immutable, structurally hashed node.
//!
//! Operators and methods build nodes; shapes are checked at once. The first error poisons the
//! expression instead of interrupting the formula, and is returned once, by whatever compiles or
//! evaluates it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::{Add, Div, Mul, Neg, Sub};
use std::panic::Location;
use std::sync::Arc;

use crate::error::{Error, ErrorKind};
use crate::op::{Along, Binary, Compare, Number, Op, Precision, Reduction, Unary};
use crate::shape::{self, Shape};

/// An expression: a named input, a constant, or an operation on expressions.
///
/// Cloning copies a pointer. Expressions are `Send` and `Sync`; there is no global table.
///
/// ```
/// use chainrule_core::Expr;
/// let x = Expr::variable("x");
/// let y = 3.0 * x.clone().powf(2.0) + 1.0;
/// assert_eq!(y.to_string(), "3*x^2 + 1");
/// ```
#[derive(Clone)]
pub struct Expr {
    state: State,
    place: &'static Location<'static>,
}

#[derive(Clone)]
enum State {
    Sound(Arc<Node>),
    Poisoned(Arc<Error>),
}

/// An operation with its operands, its shape and its structural hash.
pub struct Node {
    op: Op,
    operands: Box<[Expr]>,
    shape: Shape,
    hash: u64,
}

impl Node {
    /// The operation.
    pub fn op(&self) -> &Op {
        &self.op
    }

    /// The operands, in the user's order; none of them is poisoned.
    pub fn operands(&self) -> &[Expr] {
        &self.operands
    }

    /// The shape of the value.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// A hash of the structure: equal expressions have equal hashes.
    pub fn hash(&self) -> u64 {
        self.hash
    }
}

impl Drop for Node {
    /// Takes a deep graph apart with a list instead of the call stack.
    fn drop(&mut self) {
        let mut pending: Vec<Expr> = std::mem::take(&mut self.operands).into_vec();
        while let Some(expr) = pending.pop() {
            if let State::Sound(node) = expr.state
                && let Some(mut node) = Arc::into_inner(node)
            {
                pending.extend(std::mem::take(&mut node.operands));
            }
        }
    }
}

impl Expr {
    /// Applies an operation; a poisoned operand poisons the result.
    #[track_caller]
    pub fn new(op: Op, operands: &[Expr]) -> Self {
        let place = Location::caller();
        let mut nodes = Vec::with_capacity(operands.len());
        for operand in operands {
            match &operand.state {
                State::Sound(node) => nodes.push(node.as_ref()),
                State::Poisoned(_) => return Self { state: operand.state.clone(), place },
            }
        }
        let shapes: Vec<&Shape> = nodes.iter().map(|node| node.shape()).collect();
        let shape = match shape::infer(&op, &shapes) {
            Ok(shape) => shape,
            Err(kind) => return Self::poisoned(Error::new(kind, Some(place))),
        };
        let mut hasher = DefaultHasher::new();
        op.hash(&mut hasher);
        for node in &nodes {
            node.hash.hash(&mut hasher);
        }
        let node = Node { op, operands: operands.into(), shape, hash: hasher.finish() };
        Self { state: State::Sound(Arc::new(node)), place }
    }

    /// An expression that carries an error until it is compiled or evaluated.
    #[track_caller]
    pub fn poisoned(error: Error) -> Self {
        Self { state: State::Poisoned(Arc::new(error)), place: Location::caller() }
    }

    /// The node, or the error that poisoned the expression.
    pub fn node(&self) -> Result<&Node, Error> {
        match &self.state {
            State::Sound(node) => Ok(node),
            State::Poisoned(error) => Err(error.as_ref().clone()),
        }
    }

    /// The error that poisoned the expression, if one did.
    pub fn error(&self) -> Option<&Error> {
        match &self.state {
            State::Sound(_) => None,
            State::Poisoned(error) => Some(error),
        }
    }

    /// The shape of the value; of a poisoned expression, one shared number.
    pub fn shape(&self) -> Shape {
        match &self.state {
            State::Sound(node) => node.shape.clone(),
            State::Poisoned(_) => Shape::shared(&[]),
        }
    }

    /// The line of the program that built this expression.
    pub fn place(&self) -> &'static Location<'static> {
        self.place
    }

    /// The same expression as if it had been built at another place of the program.
    pub(crate) fn placed(self, place: &'static Location<'static>) -> Self {
        Self { place, ..self }
    }

    /// The address of the node, by which shared subexpressions are known; `None` if poisoned.
    pub(crate) fn address(&self) -> Option<*const Node> {
        match &self.state {
            State::Sound(node) => Some(Arc::as_ptr(node)),
            State::Poisoned(_) => None,
        }
    }

    /// The constant's value, if the expression is a constant.
    pub fn as_const(&self) -> Option<f64> {
        match self.node() {
            Ok(Node { op: Op::Const(Number(value)), .. }) => Some(*value),
            _ => None,
        }
    }

    // ----- leaves

    /// A named value of a given shape, bound when the program runs.
    #[track_caller]
    pub fn input(name: &str, shape: Shape) -> Self {
        Self::new(Op::Input { name: name.into(), shape }, &[])
    }

    /// A named shared number: a letter of a formula.
    #[track_caller]
    pub fn variable(name: &str) -> Self {
        Self::input(name, Shape::shared(&[]))
    }

    /// A constant number.
    #[track_caller]
    pub fn constant(value: f64) -> Self {
        Self::new(Op::Const(Number(value)), &[])
    }

    /// 0, 1, 2 … along an axis of `dims`.
    #[track_caller]
    pub fn iota(dims: &[usize], axis: usize) -> Self {
        Self::new(Op::Iota { dims: dims.into(), along: Along::Axis(axis) }, &[])
    }

    /// The position of each row in the batch: 0, 1, 2 …
    #[track_caller]
    pub fn row_number() -> Self {
        Self::new(Op::Iota { dims: Box::default(), along: Along::Rows }, &[])
    }

    /// Uniform numbers in [0, 1) from a numbered stream.
    #[track_caller]
    pub fn uniform(stream: u32, shape: Shape) -> Self {
        Self::new(Op::Uniform { stream, shape }, &[])
    }

    // ----- elementwise

    /// Applies a function of one number to every element.
    #[track_caller]
    pub fn unary(self, unary: Unary) -> Self {
        Self::new(Op::Unary(unary), &[self])
    }

    /// Applies a function of two numbers element by element.
    #[track_caller]
    pub fn binary(self, binary: Binary, other: impl Into<Expr>) -> Self {
        Self::new(Op::Binary(binary), &[self, other.into()])
    }

    /// 1 where the comparison holds, else 0.
    #[track_caller]
    pub fn compare(self, compare: Compare, other: impl Into<Expr>) -> Self {
        Self::new(Op::Compare(compare), &[self, other.into()])
    }

    /// This to a constant or variable power.
    #[track_caller]
    pub fn powf(self, exponent: impl Into<Expr>) -> Self {
        self.binary(Binary::Pow, exponent)
    }

    /// The larger of two; a tie gives this one; NaN if either is.
    #[track_caller]
    pub fn max(self, other: impl Into<Expr>) -> Self {
        self.binary(Binary::Max, other)
    }

    /// The smaller of two; a tie gives this one; NaN if either is.
    #[track_caller]
    pub fn min(self, other: impl Into<Expr>) -> Self {
        self.binary(Binary::Min, other)
    }

    /// 1 where this < other.
    #[track_caller]
    pub fn less(self, other: impl Into<Expr>) -> Self {
        self.compare(Compare::Lt, other)
    }

    /// 1 where this ≤ other.
    #[track_caller]
    pub fn less_or_equal(self, other: impl Into<Expr>) -> Self {
        self.compare(Compare::Le, other)
    }

    /// 1 where this = other.
    #[track_caller]
    pub fn equals(self, other: impl Into<Expr>) -> Self {
        self.compare(Compare::Eq, other)
    }

    /// Where this is not 0 `yes`, else `no`.
    #[track_caller]
    pub fn select(self, yes: impl Into<Expr>, no: impl Into<Expr>) -> Self {
        Self::new(Op::Select, &[self, yes.into(), no.into()])
    }

    /// |x|
    #[track_caller]
    pub fn abs(self) -> Self {
        self.unary(Unary::Abs)
    }

    /// The sign: −1, 0 or 1.
    #[track_caller]
    pub fn sign(self) -> Self {
        self.unary(Unary::Sign)
    }

    /// eˣ
    #[track_caller]
    pub fn exp(self) -> Self {
        self.unary(Unary::Exp)
    }

    /// eˣ − 1
    #[track_caller]
    pub fn expm1(self) -> Self {
        self.unary(Unary::Expm1)
    }

    /// The natural logarithm.
    #[track_caller]
    pub fn log(self) -> Self {
        self.unary(Unary::Log)
    }

    /// log(1 + x)
    #[track_caller]
    pub fn log1p(self) -> Self {
        self.unary(Unary::Log1p)
    }

    /// √x
    #[track_caller]
    pub fn sqrt(self) -> Self {
        self.unary(Unary::Sqrt)
    }

    /// Hyperbolic tangent.
    #[track_caller]
    pub fn tanh(self) -> Self {
        self.unary(Unary::Tanh)
    }

    /// 1 / (1 + e⁻ˣ)
    #[track_caller]
    pub fn sigmoid(self) -> Self {
        self.unary(Unary::Sigmoid)
    }

    /// log(1 + eˣ)
    #[track_caller]
    pub fn softplus(self) -> Self {
        self.unary(Unary::Softplus)
    }

    // ----- linear algebra and reductions

    /// The product with a matrix; a rank-1 operand is a row on the left and a column on the right.
    #[track_caller]
    pub fn matmul(self, other: impl Into<Expr>) -> Self {
        let other = other.into();
        let (left, right) = (self.shape(), other.shape());
        let as_row = left.rank() == 1;
        let as_column = right.rank() == 1;
        let left_matrix = if as_row { self.reshape(&[1, left.dims[0]]) } else { self };
        let right_matrix = if as_column { other.reshape(&[right.dims[0], 1]) } else { other };
        let product = left_matrix.matmul_with(false, right_matrix, false);
        if !as_row && !as_column {
            return product;
        }
        let mut dims = product.shape().dims.to_vec();
        if as_column {
            dims.pop();
        }
        if as_row && !dims.is_empty() {
            dims.remove(dims.len() - if as_column { 1 } else { 2 });
        }
        product.reshape(&dims)
    }

    /// The product of two matrices, each transposed first if its flag says so.
    #[track_caller]
    pub fn matmul_with(self, transpose_left: bool, other: Expr, transpose_right: bool) -> Self {
        Self::new(Op::MatMul { transpose_left, transpose_right }, &[self, other])
    }

    /// Reduces along one axis of a row, or over the rows.
    #[track_caller]
    pub fn reduce(self, reduction: Reduction, along: Along) -> Self {
        Self::new(Op::Reduce(reduction, along), &[self])
    }

    /// The sum along one axis of a row.
    #[track_caller]
    pub fn sum(self, axis: usize) -> Self {
        self.reduce(Reduction::Sum, Along::Axis(axis))
    }

    /// The sum over the rows of the batch.
    #[track_caller]
    pub fn sum_over_rows(self) -> Self {
        self.reduce(Reduction::Sum, Along::Rows)
    }

    /// The mean over the rows of the batch, each row counted `weight` times.
    ///
    /// Σ w·x / Σ w, with `weight` one number per row.
    #[track_caller]
    pub fn mean_over_rows(self, weight: &Expr) -> Self {
        let total = weight.clone().sum_over_rows();
        (self * weight).sum_over_rows() / total
    }

    // ----- movement

    /// The same elements in other dimensions.
    #[track_caller]
    pub fn reshape(self, dims: &[usize]) -> Self {
        Self::new(Op::Reshape(dims.into()), &[self])
    }

    /// The axes in another order.
    #[track_caller]
    pub fn permute(self, axes: &[usize]) -> Self {
        Self::new(Op::Permute(axes.into()), &[self])
    }

    /// Repeats to a larger shape, from shared to rows too.
    #[track_caller]
    pub fn broadcast(self, shape: &Shape) -> Self {
        Self::new(Op::Broadcast(shape.clone()), &[self])
    }

    /// Positions `start .. start + length` of one axis.
    #[track_caller]
    pub fn slice(self, axis: usize, start: usize, length: usize) -> Self {
        Self::new(Op::Slice { axis, start, length }, &[self])
    }

    /// Zeros before and after, along one axis.
    #[track_caller]
    pub fn pad(self, axis: usize, before: usize, after: usize) -> Self {
        Self::new(Op::Pad { axis, before, after }, &[self])
    }

    /// Operands one after the other along one axis.
    #[track_caller]
    pub fn concat(operands: &[Expr], axis: usize) -> Self {
        Self::new(Op::Concat { axis }, operands)
    }

    /// `self[index]` along the first axis.
    #[track_caller]
    pub fn gather(self, index: impl Into<Expr>) -> Self {
        Self::new(Op::Gather, &[self, index.into()])
    }

    /// Zeros of `length` positions to which `updates` are added at this index.
    #[track_caller]
    pub fn scatter_add(self, updates: impl Into<Expr>, length: usize) -> Self {
        Self::new(Op::ScatterAdd { length }, &[self, updates.into()])
    }

    // ----- the rest

    /// Rounds to a precision.
    #[track_caller]
    pub fn cast(self, precision: Precision) -> Self {
        Self::new(Op::Cast(precision), &[self])
    }

    /// The same value with derivative 0.
    #[track_caller]
    pub fn stop_gradient(self) -> Self {
        Self::new(Op::StopGradient, &[self])
    }

    /// Gives a name to a body built from arguments, kept for formulas, ONNX, errors and profiles.
    #[track_caller]
    pub fn call(name: &str, body: Expr, arguments: &[Expr]) -> Self {
        let operands: Vec<Expr> = std::iter::once(body).chain(arguments.iter().cloned()).collect();
        Self::new(Op::Call(name.into()), &operands)
    }
}

impl From<f64> for Expr {
    #[track_caller]
    fn from(value: f64) -> Self {
        Self::constant(value)
    }
}

impl From<&Expr> for Expr {
    fn from(expr: &Expr) -> Self {
        expr.clone()
    }
}

impl Neg for Expr {
    type Output = Expr;
    #[track_caller]
    fn neg(self) -> Expr {
        self.unary(Unary::Neg)
    }
}

impl Neg for &Expr {
    type Output = Expr;
    #[track_caller]
    fn neg(self) -> Expr {
        self.clone().unary(Unary::Neg)
    }
}

/// The four arithmetic operators for every mix of values, references and numbers.
macro_rules! operators {
    ($($operator:ident $method:ident $binary:expr;)*) => {$(
        operators!(@one $operator $method $binary; Expr, Expr);
        operators!(@one $operator $method $binary; Expr, &Expr);
        operators!(@one $operator $method $binary; &Expr, Expr);
        operators!(@one $operator $method $binary; &Expr, &Expr);
        operators!(@one $operator $method $binary; Expr, f64);
        operators!(@one $operator $method $binary; &Expr, f64);
        operators!(@one $operator $method $binary; f64, Expr);
        operators!(@one $operator $method $binary; f64, &Expr);
    )*};
    (@one $operator:ident $method:ident $binary:expr; $left:ty, $right:ty) => {
        impl $operator<$right> for $left {
            type Output = Expr;
            #[track_caller]
            fn $method(self, other: $right) -> Expr {
                Expr::new(Op::Binary($binary), &[Expr::from(self), Expr::from(other)])
            }
        }
    };
}

operators! {
    Add add Binary::Add;
    Sub sub Binary::Sub;
    Mul mul Binary::Mul;
    Div div Binary::Div;
}

impl PartialEq for Expr {
    /// Whether the two have the same structure; a poisoned expression equals only its like.
    fn eq(&self, other: &Self) -> bool {
        match (&self.state, &other.state) {
            (State::Sound(a), State::Sound(b)) => same_structure(a, b),
            (State::Poisoned(a), State::Poisoned(b)) => a == b,
            (State::Sound(_), State::Poisoned(_)) | (State::Poisoned(_), State::Sound(_)) => false,
        }
    }
}

/// Compares two graphs with a list of pairs; each pair of nodes is looked into once.
fn same_structure(a: &Arc<Node>, b: &Arc<Node>) -> bool {
    let mut seen = std::collections::HashSet::new();
    let mut pending: Vec<(&Node, &Node)> = vec![(a, b)];
    while let Some((a, b)) = pending.pop() {
        if std::ptr::eq(a, b) || !seen.insert((std::ptr::from_ref(a), std::ptr::from_ref(b))) {
            continue;
        }
        if a.hash != b.hash || a.op != b.op || a.operands.len() != b.operands.len() {
            return false;
        }
        for (left, right) in a.operands.iter().zip(&b.operands) {
            match (&left.state, &right.state) {
                (State::Sound(left), State::Sound(right)) => pending.push((left, right)),
                _ => return false,
            }
        }
    }
    true
}

impl std::fmt::Debug for Expr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.state {
            State::Sound(node) => write!(f, "Expr({self} : {})", node.shape),
            State::Poisoned(error) => write!(f, "Expr(poisoned: {error})"),
        }
    }
}

impl From<ErrorKind> for Expr {
    #[track_caller]
    fn from(kind: ErrorKind) -> Self {
        Self::poisoned(Error::new(kind, Some(Location::caller())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_structures_are_equal_and_keep_the_order_of_operands() {
        let (x, y) = (Expr::variable("x"), Expr::variable("y"));
        assert_eq!(&x + &y, Expr::variable("x") + Expr::variable("y"));
        assert_ne!(&x + &y, &y + &x);
        assert_ne!(Expr::constant(0.0), Expr::constant(-0.0));
    }

    #[test]
    fn the_first_error_poisons_and_names_its_line() {
        let a = Expr::input("a", Shape::rows(&[2]));
        let b = Expr::input("b", Shape::shared(&[3]));
        let wrong = &a + &b;
        let line = line!() - 1;
        let after = (wrong * 2.0).exp() - 1.0;
        let error = after.node().err().unwrap();
        assert_eq!(error.place().unwrap().line(), line);
        assert!(matches!(error.kind(), ErrorKind::ShapesDiffer { .. }));
    }

    #[test]
    fn a_graph_a_million_nodes_deep_is_built_compared_and_dropped() {
        let deep = |seed: &str| {
            let mut expr = Expr::variable(seed);
            for _ in 0..1_000_000 {
                expr = expr.unary(Unary::Sin);
            }
            expr
        };
        assert_eq!(deep("x"), deep("x"));
        assert_ne!(deep("x"), deep("y"));
    }

    #[test]
    fn rank_one_operands_of_a_product_are_a_row_and_a_column() {
        let x = Expr::input("x", Shape::rows(&[3]));
        let w = Expr::input("w", Shape::shared(&[3, 5]));
        assert_eq!(x.clone().matmul(&w).shape(), Shape::rows(&[5]));
        assert_eq!(x.clone().matmul(&x).shape(), Shape::rows(&[]));
        let v = Expr::input("v", Shape::shared(&[5]));
        assert_eq!(w.matmul(&v).shape(), Shape::shared(&[3]));
    }

    #[test]
    fn expressions_cross_threads() {
        fn crosses<T: Send + Sync>() {}
        crosses::<Expr>();
    }
}
