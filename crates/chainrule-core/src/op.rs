//! The closed set of primitives: name, arity and meaning, one line each.
//!
//! Adding a primitive is a decision written down in ARCHITECTURE.md: every exhaustive match over
//! [`Op`] then asks for its shape, derivative, value, kernel and ONNX form. There are no wildcard
//! arms over ops anywhere.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::shape::Shape;

/// A function of one number, applied to every element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unary {
    /// −x
    Neg,
    /// |x|
    Abs,
    /// −1, 0 or 1; 0 at 0, NaN at NaN
    Sign,
    /// eˣ
    Exp,
    /// eˣ − 1, exact near 0
    Expm1,
    /// natural logarithm
    Log,
    /// log(1 + x), exact near 0
    Log1p,
    /// √x
    Sqrt,
    /// sine, x in radians
    Sin,
    /// cosine, x in radians
    Cos,
    /// arc tangent, in radians
    Atan,
    /// hyperbolic tangent
    Tanh,
    /// 1 / (1 + e⁻ˣ)
    Sigmoid,
    /// log(1 + eˣ)
    Softplus,
    /// error function 2/√π ∫₀ˣ e^(−t²) dt
    Erf,
    /// Φ(x) = ½ erfc(−x/√2), the share of a normal distribution below x, exact in the left tail
    NormalCdf,
    /// the largest integer not above x
    Floor,
}

/// A function of two numbers, applied element by element with broadcasting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binary {
    /// a + b
    Add,
    /// a − b
    Sub,
    /// a · b
    Mul,
    /// a / b
    Div,
    /// aᵇ
    Pow,
    /// the larger; NaN if either is; a tie gives the first
    Max,
    /// the smaller; NaN if either is; a tie gives the first
    Min,
}

/// A comparison: 1 where it holds, 0 where not (NaN compares false).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compare {
    /// a < b
    Lt,
    /// a ≤ b
    Le,
    /// a = b
    Eq,
}

/// A reduction of many elements to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// Σ x, one chain in order
    Sum,
    /// the largest; NaN if any is
    Max,
    /// log Σ eˣ, shifted by the largest
    LogSumExp,
    /// the position of the first largest (of the first NaN, if any is)
    ArgMax,
}

/// What a reduction or a counter runs along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Along {
    /// One axis of a row, counted from 0.
    Axis(usize),
    /// The rows of the batch: the Σ over i = 1..m of the formulas.
    Rows,
}

/// The precision that a `Cast` rounds to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Precision {
    /// IEEE binary32
    F32,
    /// IEEE binary64
    F64,
}

/// A constant, compared by its bits, so that −0 ≠ 0 and NaN = NaN.
#[derive(Clone, Copy, Debug)]
pub struct Number(pub f64);

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}
impl Eq for Number {}
impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

/// A primitive operation with its attributes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// A named value given at run time.
    Input {
        /// How it is called.
        name: Arc<str>,
        /// Its shape.
        shape: Shape,
    },
    /// A constant number, shared, rank 0.
    Const(Number),
    /// 0, 1, 2 … along an axis of `dims` (shared), or along the rows (rows, rank 0).
    Iota {
        /// The dimensions of the result; empty along rows.
        dims: Box<[usize]>,
        /// What is counted.
        along: Along,
    },
    /// Uniform numbers in [0, 1) keyed by (seed, step, stream, row, element).
    Uniform {
        /// The number of the stream, given by the builder; never merged or renumbered.
        stream: u32,
        /// The shape to fill.
        shape: Shape,
    },
    /// An elementwise function of one operand.
    Unary(Unary),
    /// An elementwise function of two operands.
    Binary(Binary),
    /// An elementwise comparison.
    Compare(Compare),
    /// Where the first operand is not 0 the second, else the third.
    Select,
    /// The product of two matrices (or of stacks of them), each transposed first if its flag says so.
    MatMul {
        /// Use the transpose of the left operand.
        transpose_left: bool,
        /// Use the transpose of the right operand.
        transpose_right: bool,
    },
    /// A reduction along one axis, or over the rows.
    Reduce(Reduction, Along),
    /// The same elements in other dimensions.
    Reshape(Box<[usize]>),
    /// The axes in another order: axis i of the result is axis `axes[i]` of the operand.
    Permute(Box<[usize]>),
    /// The operand repeated to a larger shape, from shared to rows too.
    Broadcast(Shape),
    /// Positions `start .. start + length` of one axis.
    Slice {
        /// The axis.
        axis: usize,
        /// The first position.
        start: usize,
        /// How many.
        length: usize,
    },
    /// Zeros before and after, along one axis.
    Pad {
        /// The axis.
        axis: usize,
        /// How many zeros before.
        before: usize,
        /// How many zeros after.
        after: usize,
    },
    /// Any number of operands one after the other along one axis.
    Concat {
        /// The axis.
        axis: usize,
    },
    /// `table[index]` along the table's first axis; an index outside gives NaN.
    Gather,
    /// Zeros of `length` positions to which `updates` are added at `index`; one outside is dropped.
    ScatterAdd {
        /// The length of the first axis of the result.
        length: usize,
    },
    /// Rounds to a precision.
    Cast(Precision),
    /// The operand, with derivative 0.
    StopGradient,
    /// A name on a body: operand 0 is the body, the others are the arguments it was built from.
    Call(Arc<str>),
}

/// How many operands an operation takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// Exactly this many.
    Exactly(usize),
    /// At least one.
    AtLeastOne,
}

impl Unary {
    /// Every function of one number.
    pub const ALL: [Self; 17] = [
        Self::Neg,
        Self::Abs,
        Self::Sign,
        Self::Exp,
        Self::Expm1,
        Self::Log,
        Self::Log1p,
        Self::Sqrt,
        Self::Sin,
        Self::Cos,
        Self::Atan,
        Self::Tanh,
        Self::Sigmoid,
        Self::Softplus,
        Self::Erf,
        Self::NormalCdf,
        Self::Floor,
    ];

    /// The name in formulas and listings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Neg => "neg",
            Self::Abs => "abs",
            Self::Sign => "sign",
            Self::Exp => "exp",
            Self::Expm1 => "expm1",
            Self::Log => "log",
            Self::Log1p => "log1p",
            Self::Sqrt => "sqrt",
            Self::Sin => "sin",
            Self::Cos => "cos",
            Self::Atan => "atan",
            Self::Tanh => "tanh",
            Self::Sigmoid => "sigmoid",
            Self::Softplus => "softplus",
            Self::Erf => "erf",
            Self::NormalCdf => "normal_cdf",
            Self::Floor => "floor",
        }
    }
}

impl Binary {
    /// Every function of two numbers.
    pub const ALL: [Self; 7] =
        [Self::Add, Self::Sub, Self::Mul, Self::Div, Self::Pow, Self::Max, Self::Min];

    /// The name in listings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Sub => "sub",
            Self::Mul => "mul",
            Self::Div => "div",
            Self::Pow => "pow",
            Self::Max => "max",
            Self::Min => "min",
        }
    }
}

impl Compare {
    /// Every comparison.
    pub const ALL: [Self; 3] = [Self::Lt, Self::Le, Self::Eq];

    /// The name in listings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lt => "lt",
            Self::Le => "le",
            Self::Eq => "eq",
        }
    }
}

impl Reduction {
    /// Every reduction.
    pub const ALL: [Self; 4] = [Self::Sum, Self::Max, Self::LogSumExp, Self::ArgMax];

    /// The name in listings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Max => "max",
            Self::LogSumExp => "logsumexp",
            Self::ArgMax => "argmax",
        }
    }
}

impl Op {
    /// The name in formulas, listings and errors.
    pub fn name(&self) -> &str {
        match self {
            Self::Input { name, .. } => name,
            Self::Const(_) => "const",
            Self::Iota { .. } => "iota",
            Self::Uniform { .. } => "uniform",
            Self::Unary(unary) => unary.name(),
            Self::Binary(binary) => binary.name(),
            Self::Compare(compare) => compare.name(),
            Self::Select => "where",
            Self::MatMul { .. } => "matmul",
            Self::Reduce(reduction, _) => reduction.name(),
            Self::Reshape(_) => "reshape",
            Self::Permute(_) => "permute",
            Self::Broadcast(_) => "broadcast",
            Self::Slice { .. } => "slice",
            Self::Pad { .. } => "pad",
            Self::Concat { .. } => "concat",
            Self::Gather => "gather",
            Self::ScatterAdd { .. } => "scatter_add",
            Self::Cast(_) => "cast",
            Self::StopGradient => "stop_gradient",
            Self::Call(name) => name,
        }
    }

    /// How many operands the operation takes.
    pub fn arity(&self) -> Arity {
        match self {
            Self::Input { .. } | Self::Const(_) | Self::Iota { .. } | Self::Uniform { .. } => {
                Arity::Exactly(0)
            }
            Self::Unary(_)
            | Self::Reduce(..)
            | Self::Reshape(_)
            | Self::Permute(_)
            | Self::Broadcast(_)
            | Self::Slice { .. }
            | Self::Pad { .. }
            | Self::Cast(_)
            | Self::StopGradient => Arity::Exactly(1),
            Self::Binary(_)
            | Self::Compare(_)
            | Self::MatMul { .. }
            | Self::Gather
            | Self::ScatterAdd { .. } => Arity::Exactly(2),
            Self::Select => Arity::Exactly(3),
            Self::Concat { .. } | Self::Call(_) => Arity::AtLeastOne,
        }
    }

    /// Whether the operation maps element to element (operands broadcast to the result's shape).
    pub fn is_elementwise(&self) -> bool {
        match self {
            Self::Unary(_)
            | Self::Binary(_)
            | Self::Compare(_)
            | Self::Select
            | Self::Broadcast(_)
            | Self::Cast(_)
            | Self::StopGradient => true,
            Self::Input { .. }
            | Self::Const(_)
            | Self::Iota { .. }
            | Self::Uniform { .. }
            | Self::MatMul { .. }
            | Self::Reduce(..)
            | Self::Reshape(_)
            | Self::Permute(_)
            | Self::Slice { .. }
            | Self::Pad { .. }
            | Self::Concat { .. }
            | Self::Gather
            | Self::ScatterAdd { .. }
            | Self::Call(_) => false,
        }
    }
}

impl fmt::Display for Along {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Axis(axis) => write!(f, "{axis}"),
            Self::Rows => f.write_str("rows"),
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
        })
    }
}
