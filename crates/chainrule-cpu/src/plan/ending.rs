//! What a product does to its result while it is in registers.

use chainrule_core::compile::Program;
use chainrule_core::compile::program::{
    Argument, Gemm, Instruction, Kernel, Map, MapOp, Phase, Product, ValueId,
};
use chainrule_core::op::{Binary, Compare};
use chainrule_core::shape::Kind;

use super::{Place, PlannedMap};

/// What becomes of a product's result.
pub(crate) enum Ending {
    /// Nothing.
    Plain,
    /// A map of its rows, while they are in cache.
    Map(PlannedMap),
    /// What a product does itself while its result is in registers, written to a value of its own
    /// instead of the product's.
    Fused { ending: FusedEnding, output: ValueId },
    /// A map of the shared result of a product over rows, once its last block is in: a parameter's
    /// update, while its gradient is in cache.
    Update(PlannedMap),
}

/// An epilogue of a product, by values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum FusedEnding {
    /// The sum with a row of numbers.
    Bias(ValueId),
    /// The larger of a number and the sum with a row of numbers.
    BiasFloor(ValueId, f64),
    /// 0 where another value is 0 or less.
    Gate(ValueId),
}

/// The epilogue that a product can do by itself, if its map is one: bias, bias and relu, or the
/// mask of a relu's derivative. The product's own result is then never written.
pub(super) fn fused(program: &Program, gemm: &Gemm, map: &Map) -> Option<(FusedEnding, ValueId)> {
    let [(register, output)] = map.outputs[..] else { return None };
    let is_last = register + 1 == map.code.len();
    if gemm.product != Product::Stacked || !is_last || is_read(program, gemm.output) {
        return None;
    }
    let reading = Reading { gemm, map };
    let ending = match &map.code[..] {
        [sum] => FusedEnding::Bias(reading.bias(sum)?),
        [first, second] => match (first.op, second.op, &first.arguments[..], &second.arguments[..])
        {
            (
                _,
                MapOp::Binary(Binary::Max),
                _,
                [Argument::Constant(floor), Argument::Register(0)],
            ) if !floor.is_nan() => FusedEnding::BiasFloor(reading.bias(first)?, *floor),
            (
                MapOp::Compare(Compare::Le),
                MapOp::Select,
                [gate, Argument::Constant(0.0)],
                [Argument::Register(0), Argument::Constant(zero), product],
            ) if reading.is_product(product) && zero.to_bits() == 0 => {
                FusedEnding::Gate(reading.whole(gate)?)
            }
            _ => return None,
        },
        _ => return None,
    };
    Some((ending, output))
}

/// For each shared kernel of a phase the product over rows of the phase before, by its place among
/// the reductions, that may run it as its ending; none for the others.
///
/// Such a map reads the product element by element, and all else that it reads is there before the
/// reductions; and nothing that would run before it where it stood reads what it overwrites.
pub(super) fn updates(program: &Program, phase: usize, places: &[Place]) -> Vec<Option<usize>> {
    let (Some(Phase::Shared(kernels)), Some(Phase::Rows { reductions, .. })) =
        (program.phases().get(phase), phase.checked_sub(1).and_then(|at| program.phases().get(at)))
    else {
        return Vec::new();
    };
    let late: Vec<ValueId> = kernels.iter().chain(reductions).flat_map(Kernel::writes).collect();
    let mut taken = vec![false; reductions.len()];
    let mut host = |at: usize| {
        let Kernel::Map(map) = &kernels[at] else { return None };
        let elements: usize = map.dims.iter().product();
        let product = reductions.iter().position(|kernel| match kernel {
            Kernel::Gemm(gemm) => {
                gemm.m * gemm.n == elements
                    && map.operands.iter().any(|operand| operand.value == gemm.output)
            }
            Kernel::Map(_) | Kernel::Reduce(_) | Kernel::Movement(_) | Kernel::Random(_) => false,
        })?;
        let output = reductions[product].writes()[0];
        let is_ready = map.operands.iter().all(|operand| {
            if operand.value == output {
                operand.dims == map.dims
            } else {
                !late.contains(&operand.value)
            }
        });
        let written: Vec<Place> = map.outputs.iter().map(|&(_, value)| places[value]).collect();
        let others = kernels.iter().enumerate().filter(|&(other, _)| other != at);
        let is_alone = !others
            .map(|(_, kernel)| kernel)
            .chain(reductions)
            .flat_map(Kernel::reads)
            .any(|value| written.contains(&places[value]));
        let may = is_ready && is_alone && !taken[product];
        taken[product] |= may;
        may.then_some(product)
    };
    (0..kernels.len()).map(&mut host).collect()
}

/// Whether anything but the product's own epilogue reads its result.
fn is_read(program: &Program, value: ValueId) -> bool {
    let mut kernels = program.phases().iter().flat_map(|phase| match phase {
        Phase::Shared(kernels) => kernels.iter().chain(&[]),
        Phase::Rows { kernels, reductions } => kernels.iter().chain(reductions),
    });
    program.outputs().contains(&value)
        || kernels.any(|kernel: &Kernel| kernel.reads().contains(&value))
}

/// The arguments of an epilogue, as the product would read them.
struct Reading<'a> {
    gemm: &'a Gemm,
    map: &'a Map,
}

impl Reading<'_> {
    /// A value of rows that is read element by element.
    fn whole(&self, argument: &Argument) -> Option<ValueId> {
        let Argument::Operand(at) = argument else { return None };
        let operand = &self.map.operands[*at];
        let is_whole = operand.kind == Kind::Rows && operand.dims == self.map.dims;
        is_whole.then_some(operand.value)
    }

    fn is_product(&self, argument: &Argument) -> bool {
        self.whole(argument) == Some(self.gemm.output)
    }

    /// A shared value with one number for each column.
    fn row(&self, argument: &Argument) -> Option<ValueId> {
        let Argument::Operand(at) = argument else { return None };
        let operand = &self.map.operands[*at];
        let (last, outer) = operand.dims.split_last()?;
        let is_row = operand.kind == Kind::Shared
            && *last == self.gemm.n
            && outer.iter().all(|&dim| dim == 1);
        is_row.then_some(operand.value)
    }

    /// What is added to the product.
    fn bias(&self, sum: &Instruction) -> Option<ValueId> {
        match (sum.op, &sum.arguments[..]) {
            (MapOp::Binary(Binary::Add), [a, b]) if self.is_product(a) => self.row(b),
            (MapOp::Binary(Binary::Add), [a, b]) if self.is_product(b) => self.row(a),
            _ => None,
        }
    }
}
