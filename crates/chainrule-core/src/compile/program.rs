//! The compiled form: phases of kernels over numbered values, backend-neutral and printable.
//!
//! A [`Program`] can only be made by [`super::compile`], which checks it, so an engine may rely on
//! what is written here: every value is defined before it is used, sizes agree, and what several
//! threads may split is split along rows (rows phases) or elements (reductions, shared phases).

use std::fmt;

use crate::op::{Binary, Compare, Precision, Reduction, Unary};
use crate::shape::{Kind, Shape};

/// The number of a value in a program.
pub type ValueId = usize;

/// A compiled graph.
#[derive(Clone, Debug)]
pub struct Program {
    pub(crate) values: Vec<Value>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) outputs: Vec<ValueId>,
    pub(crate) updates: Vec<Update>,
    pub(crate) phases: Vec<Phase>,
}

/// A tensor: its elements are stored row-major; a reshaped view is the same value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value {
    /// One value per row, or one for all.
    pub kind: Kind,
    /// Elements of one row (of the one value, if shared).
    pub elements: usize,
}

/// A named value given from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Shape,
    /// Where it is kept.
    pub value: ValueId,
}

/// After a run, a shared input takes a new value: a parameter, or a layer's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update {
    /// The place of the input in [`Program::inputs`].
    pub input: usize,
    /// Its new value.
    pub value: ValueId,
}

/// A part of a program that runs before the next one starts.
#[derive(Clone, Debug)]
pub enum Phase {
    /// Kernels on shared values, run once.
    Shared(Vec<Kernel>),
    /// Kernels on rows, run block by block.
    Rows {
        /// What each row needs for itself: threads split the rows.
        kernels: Vec<Kernel>,
        /// Reductions over the rows: threads split the elements of the results, each of which is
        /// one chain over the rows in order.
        reductions: Vec<Kernel>,
    },
}

/// One of the five kernel templates.
#[derive(Clone, Debug)]
pub enum Kernel {
    /// Any elementwise graph, with several results.
    Map(Map),
    /// A matrix product, with a map on its result while it is in cache.
    Gemm(Gemm),
    /// A reduction, of a map's result.
    Reduce(Reduce),
    /// Copies, gathers, scatters and counters.
    Movement(Movement),
    /// Uniform random numbers.
    Random(Random),
}

/// An elementwise graph over one domain, in the order of its instructions.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// Rows or shared.
    pub kind: Kind,
    /// The dimensions of one row of the domain.
    pub dims: Box<[usize]>,
    /// What is read, each broadcast to the domain.
    pub operands: Vec<MapOperand>,
    /// The instructions; the result of the i-th is register i.
    pub code: Vec<Instruction>,
    /// What is kept: (register, value).
    pub outputs: Vec<(usize, ValueId)>,
}

/// A value that a map reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapOperand {
    /// The value.
    pub value: ValueId,
    /// Its kind.
    pub kind: Kind,
    /// Its dimensions as broadcasting aligns them with the domain.
    pub dims: Box<[usize]>,
}

/// One elementwise operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Instruction {
    /// What is computed.
    pub op: MapOp,
    /// From what.
    pub arguments: Vec<Argument>,
}

/// The operations of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapOp {
    /// A function of one number.
    Unary(Unary),
    /// A function of two numbers.
    Binary(Binary),
    /// A comparison.
    Compare(Compare),
    /// A choice.
    Select,
    /// A rounding.
    Cast(Precision),
    /// The argument as it is.
    Copy,
}

/// What an instruction reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Argument {
    /// An operand of the map.
    Operand(usize),
    /// The result of an earlier instruction.
    Register(usize),
    /// A constant.
    Constant(f64),
}

/// How a matrix product runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// One product: the rows of the batch lie one under the other in the left operand, the right
    /// operand is shared by all.
    Stacked,
    /// One product a row (or one in all, if shared), and one for each matrix of the stack.
    Each,
    /// Σ over the rows of left·right: the rows of the batch are the contracted dimension.
    OverRows,
}

/// output = left · right, row-major, the right operand never transposed.
#[derive(Clone, Debug, PartialEq)]
pub struct Gemm {
    /// How it runs.
    pub product: Product,
    /// Rows of the result, of one matrix.
    pub m: usize,
    /// Columns of the result.
    pub n: usize,
    /// The contracted dimension, of one row of the batch.
    pub k: usize,
    /// How many matrices one row holds.
    pub stack: usize,
    /// The left operand.
    pub left: GemmOperand,
    /// The right operand.
    pub right: GemmOperand,
    /// The result; the epilogue may overwrite it.
    pub output: ValueId,
    /// What is done with each row of the result while it is in cache; its domain is the result's.
    pub epilogue: Option<Map>,
}

/// An operand of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GemmOperand {
    /// The value.
    pub value: ValueId,
    /// Rows or shared.
    pub kind: Kind,
    /// Stored as the transpose of what is multiplied (left operands only).
    pub transposed: bool,
    /// Whether it has one matrix for each of the stack, or one for all.
    pub stacked: bool,
}

/// A reduction of `outer × length × inner` to `outer × inner`, or over the rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Reduce {
    /// What is computed.
    pub reduction: Reduction,
    /// Over the rows of the batch, or along an axis of each.
    pub over_rows: bool,
    /// The kind of the operand.
    pub kind: Kind,
    /// The product of the dimensions before the axis.
    pub outer: usize,
    /// The length of the axis (1 over rows).
    pub length: usize,
    /// The product of the dimensions after the axis (all, over rows).
    pub inner: usize,
    /// What is reduced.
    pub operand: ValueId,
    /// The result.
    pub output: ValueId,
    /// Computes the operand, which is then kept nowhere else.
    pub prologue: Option<Map>,
}

/// Data moved without arithmetic.
#[derive(Clone, Debug, PartialEq)]
pub enum Movement {
    /// Rectangles copied into the result, the rest of which is 0.
    Copy {
        /// The result.
        output: ValueId,
        /// The rectangles.
        parts: Vec<CopyPart>,
    },
    /// `output[i, …] = table[index[i], …]`
    Gather {
        /// The result.
        output: ValueId,
        /// What is read: `length × width`.
        table: ValueId,
        /// Where: one position for each `width` elements of the result.
        index: ValueId,
        /// The length of the table's first axis.
        length: usize,
        /// Elements for one position.
        width: usize,
    },
    /// `output[index[i], …] += updates[i, …]`, from 0.
    ScatterAdd {
        /// The result: `length × width`.
        output: ValueId,
        /// Where.
        index: ValueId,
        /// What is added.
        updates: ValueId,
        /// The length of the result's first axis.
        length: usize,
        /// Elements for one position.
        width: usize,
    },
    /// 0, 1, 2 … along an axis of `outer × length × inner`.
    Iota {
        /// The result.
        output: ValueId,
        /// The product of the dimensions before the axis.
        outer: usize,
        /// The length of the axis.
        length: usize,
        /// The product of the dimensions after the axis.
        inner: usize,
    },
    /// The position of each row in the batch.
    RowNumber {
        /// The result.
        output: ValueId,
    },
}

/// A rectangle of `dims` elements, copied between two row-major tensors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyPart {
    /// What is read.
    pub source: ValueId,
    /// The first element read.
    pub source_offset: usize,
    /// The distance of neighbours in the source, along each dimension.
    pub source_strides: Box<[usize]>,
    /// The size of the rectangle.
    pub dims: Box<[usize]>,
    /// The first element written.
    pub target_offset: usize,
    /// The distance of neighbours in the result.
    pub target_strides: Box<[usize]>,
}

/// Uniform numbers in [0, 1) keyed by (seed, step, stream, row, element).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random {
    /// The number of the stream.
    pub stream: u32,
    /// The result.
    pub output: ValueId,
}

impl Program {
    /// The values.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The inputs, in the order of first use.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// The place of the input of this name.
    pub fn input(&self, name: &str) -> Option<usize> {
        self.inputs.iter().position(|input| input.name == name)
    }

    /// The values of the outputs, in the order in which they were asked for.
    pub fn outputs(&self) -> &[ValueId] {
        &self.outputs
    }

    /// The inputs that take a new value after a run.
    pub fn updates(&self) -> &[Update] {
        &self.updates
    }

    /// The phases, in the order in which they run.
    pub fn phases(&self) -> &[Phase] {
        &self.phases
    }

    /// How many kernels there are.
    pub fn kernels(&self) -> usize {
        self.phases
            .iter()
            .map(|phase| match phase {
                Phase::Shared(kernels) => kernels.len(),
                Phase::Rows { kernels, reductions } => kernels.len() + reductions.len(),
            })
            .sum()
    }
}

impl Kernel {
    /// The values that the kernel reads from memory.
    pub fn reads(&self) -> Vec<ValueId> {
        let of_map = |map: &Map| map.operands.iter().map(|operand| operand.value).collect();
        match self {
            Self::Map(map) => of_map(map),
            Self::Gemm(gemm) => {
                let mut reads: Vec<ValueId> = vec![gemm.left.value, gemm.right.value];
                if let Some(map) = &gemm.epilogue {
                    reads.extend(map.operands.iter().map(|operand| operand.value));
                    reads.retain(|&value| value != gemm.output);
                }
                reads
            }
            Self::Reduce(reduce) => match &reduce.prologue {
                Some(map) => of_map(map),
                None => vec![reduce.operand],
            },
            Self::Movement(movement) => match movement {
                Movement::Copy { parts, .. } => parts.iter().map(|part| part.source).collect(),
                Movement::Gather { table, index, .. } => vec![*table, *index],
                Movement::ScatterAdd { index, updates, .. } => vec![*index, *updates],
                Movement::Iota { .. } | Movement::RowNumber { .. } => Vec::new(),
            },
            Self::Random(_) => Vec::new(),
        }
    }

    /// The values that the kernel writes to memory.
    pub fn writes(&self) -> Vec<ValueId> {
        let of_map = |map: &Map| map.outputs.iter().map(|&(_, value)| value).collect();
        match self {
            Self::Map(map) => of_map(map),
            Self::Gemm(gemm) => {
                let mut writes = vec![gemm.output];
                if let Some(map) = &gemm.epilogue {
                    writes.extend(map.outputs.iter().map(|&(_, value)| value));
                }
                writes
            }
            Self::Reduce(reduce) => vec![reduce.output],
            Self::Movement(
                Movement::Copy { output, .. }
                | Movement::Gather { output, .. }
                | Movement::ScatterAdd { output, .. }
                | Movement::Iota { output, .. }
                | Movement::RowNumber { output },
            ) => vec![*output],
            Self::Random(random) => vec![random.output],
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for input in &self.inputs {
            writeln!(f, "input `{}` : {} -> v{}", input.name, input.shape, input.value)?;
        }
        for (number, phase) in self.phases.iter().enumerate() {
            match phase {
                Phase::Shared(kernels) => {
                    writeln!(f, "phase {number}: shared")?;
                    list(f, self, kernels)?;
                }
                Phase::Rows { kernels, reductions } => {
                    writeln!(f, "phase {number}: rows")?;
                    list(f, self, kernels)?;
                    if !reductions.is_empty() {
                        writeln!(f, " over the rows")?;
                        list(f, self, reductions)?;
                    }
                }
            }
        }
        for update in &self.updates {
            writeln!(f, "update `{}` <- v{}", self.inputs[update.input].name, update.value)?;
        }
        for output in &self.outputs {
            writeln!(f, "output v{output}")?;
        }
        Ok(())
    }
}

fn list(f: &mut fmt::Formatter<'_>, program: &Program, kernels: &[Kernel]) -> fmt::Result {
    for kernel in kernels {
        match kernel {
            Kernel::Map(map) => {
                writeln!(f, "  map {}", Shape { kind: map.kind, dims: map.dims.clone() })?;
                list_code(f, map)?;
            }
            Kernel::Gemm(gemm) => {
                let product = match gemm.product {
                    Product::Stacked => "stacked",
                    Product::Each => "each",
                    Product::OverRows => "over rows",
                };
                let mark = if gemm.left.transposed { "ᵀ" } else { "" };
                writeln!(
                    f,
                    "  gemm {product} {}x{}x{} v{} = v{}{mark} · v{}",
                    gemm.m, gemm.n, gemm.k, gemm.output, gemm.left.value, gemm.right.value
                )?;
                if let Some(map) = &gemm.epilogue {
                    list_code(f, map)?;
                }
            }
            Kernel::Reduce(reduce) => {
                if let Some(map) = &reduce.prologue {
                    list_code(f, map)?;
                }
                let along = if reduce.over_rows { "over rows" } else { "along axis" };
                writeln!(
                    f,
                    "  reduce {} {along} {}x{}x{} v{} = v{}",
                    reduce.reduction.name(),
                    reduce.outer,
                    reduce.length,
                    reduce.inner,
                    reduce.output,
                    reduce.operand
                )?;
            }
            Kernel::Movement(movement) => {
                let name = match movement {
                    Movement::Copy { .. } => "copy",
                    Movement::Gather { .. } => "gather",
                    Movement::ScatterAdd { .. } => "scatter_add",
                    Movement::Iota { .. } => "iota",
                    Movement::RowNumber { .. } => "row number",
                };
                let (writes, reads) = (kernel.writes(), kernel.reads());
                let elements = program.values[writes[0]].elements;
                writeln!(f, "  {name} v{} ({elements}) = {reads:?}", writes[0])?;
            }
            Kernel::Random(random) => {
                writeln!(f, "  random v{} from stream {}", random.output, random.stream)?;
            }
        }
    }
    Ok(())
}

fn list_code(f: &mut fmt::Formatter<'_>, map: &Map) -> fmt::Result {
    for (register, instruction) in map.code.iter().enumerate() {
        let name = match instruction.op {
            MapOp::Unary(op) => op.name(),
            MapOp::Binary(op) => op.name(),
            MapOp::Compare(op) => op.name(),
            MapOp::Select => "where",
            MapOp::Cast(Precision::F32) => "cast f32",
            MapOp::Cast(Precision::F64) => "cast f64",
            MapOp::Copy => "copy",
        };
        write!(f, "    r{register} = {name}")?;
        for argument in &instruction.arguments {
            match argument {
                Argument::Operand(operand) => write!(f, " v{}", map.operands[*operand].value)?,
                Argument::Register(register) => write!(f, " r{register}")?,
                Argument::Constant(value) => write!(f, " {value:?}")?,
            }
        }
        for (_, value) in map.outputs.iter().filter(|(kept, _)| *kept == register) {
            write!(f, " -> v{value}")?;
        }
        writeln!(f)?;
    }
    Ok(())
}
