//! The scalar reference: the kernels of a program one after another, each element by itself, in one
//! chain and in the order that the architecture promises.

use chainrule_core::Kind;
use chainrule_core::compile::Program;
use chainrule_core::compile::program::{
    Argument, CopyPart, Gemm, GemmOperand, Kernel, Map, MapOp, MapOperand, Movement, Phase,
    Product, Reduce,
};
use chainrule_core::op::{Binary, Compare, Precision, Reduction, Unary};
use chainrule_core::oracle::position;
use chainrule_core::random;
use chainrule_cpu::Number;

/// Every value of a program after a run, by its number; `inputs` are in the program's order.
pub fn run<T: Number>(
    program: &Program,
    inputs: &[Vec<T>],
    rows: usize,
    (seed, step): (u64, u64),
) -> Vec<Vec<T>> {
    let shapes = program.values();
    let mut run = Run { program, rows, seed, step, values: vec![Vec::new(); shapes.len()] };
    for (input, elements) in program.inputs().iter().zip(inputs) {
        run.values[input.value] = elements.clone();
    }
    for phase in program.phases() {
        match phase {
            Phase::Shared(kernels) => kernels.iter().for_each(|kernel| run.kernel(kernel)),
            Phase::Rows { kernels, reductions } => {
                kernels.iter().chain(reductions).for_each(|kernel| run.kernel(kernel));
            }
        }
    }
    run.values
}

struct Run<'a, T> {
    program: &'a Program,
    rows: usize,
    seed: u64,
    step: u64,
    values: Vec<Vec<T>>,
}

impl<T: Number> Run<'_, T> {
    /// How often something of a kind is there.
    fn count(&self, kind: Kind) -> usize {
        match kind {
            Kind::Rows => self.rows,
            Kind::Shared => 1,
        }
    }

    /// The elements of one row of a value, or all of a shared one.
    fn of_row(&self, value: usize, row: usize) -> &[T] {
        let shape = self.program.values()[value];
        match shape.kind {
            Kind::Shared => &self.values[value],
            Kind::Rows => &self.values[value][row * shape.elements..][..shape.elements],
        }
    }

    fn kernel(&mut self, kernel: &Kernel) {
        match kernel {
            Kernel::Map(map) => self.map(map),
            Kernel::Gemm(gemm) => {
                self.values[gemm.output] = self.product(gemm);
                gemm.epilogue.iter().for_each(|map| self.map(map));
            }
            Kernel::Reduce(reduce) => {
                reduce.prologue.iter().for_each(|map| self.map(map));
                self.values[reduce.output] = self.reduced(reduce);
            }
            Kernel::Movement(movement) => self.movement(movement),
            Kernel::Random(random) => {
                let shape = self.program.values()[random.output];
                let mut drawn = Vec::new();
                for row in 0..self.count(shape.kind) as u64 {
                    for element in 0..shape.elements as u32 {
                        let (seed, step, stream) = (self.seed, self.step, random.stream);
                        drawn.push(T::from_f64(random::uniform(seed, step, stream, row, element)));
                    }
                }
                self.values[random.output] = drawn;
            }
        }
    }

    fn map(&mut self, map: &Map) {
        let elements: usize = map.dims.iter().product();
        let mut results = vec![Vec::new(); map.outputs.len()];
        let mut registers: Vec<T> = Vec::new();
        for row in 0..self.count(map.kind) {
            for element in 0..elements {
                registers.clear();
                for instruction in &map.code {
                    let mut arguments = [T::ZERO; 3];
                    for (slot, argument) in arguments.iter_mut().zip(&instruction.arguments) {
                        *slot = match *argument {
                            Argument::Constant(value) => T::from_f64(value),
                            Argument::Register(register) => registers[register],
                            Argument::Operand(at) => {
                                let operand = &map.operands[at];
                                self.of_operand(operand, row)[broadcast(map, operand, element)]
                            }
                        };
                    }
                    registers.push(apply(instruction.op, arguments));
                }
                for (result, &(register, _)) in results.iter_mut().zip(&map.outputs) {
                    result.push(registers[register]);
                }
            }
        }
        for (result, &(_, value)) in results.into_iter().zip(&map.outputs) {
            self.values[value] = result;
        }
    }

    /// A view may have other dimensions than its value, but not other elements.
    fn of_operand(&self, operand: &MapOperand, row: usize) -> &[T] {
        let elements: usize = operand.dims.iter().product();
        match operand.kind {
            Kind::Shared => &self.values[operand.value],
            Kind::Rows => &self.values[operand.value][row * elements..][..elements],
        }
    }

    fn product(&self, gemm: &Gemm) -> Vec<T> {
        let &Gemm { m, n, k, stack, left, right, .. } = gemm;
        let mut results = Vec::new();
        let (a, b) = (&self.values[left.value], &self.values[right.value]);
        if gemm.product == Product::OverRows {
            for i in 0..m {
                for j in 0..n {
                    let terms = (0..self.rows * k).map(|l| (a[l * m + i], b[l * n + j]));
                    results.push(chain(terms));
                }
            }
            return results;
        }
        let size = |operand: GemmOperand, matrix: usize| {
            if operand.stacked { stack * matrix } else { matrix }
        };
        let start = |operand: GemmOperand, row: usize, at: usize, matrix: usize| {
            let row = if operand.kind == Kind::Rows { row * size(operand, matrix) } else { 0 };
            row + if operand.stacked { at * matrix } else { 0 }
        };
        for row in 0..self.count(self.program.values()[gemm.output].kind) {
            for at in 0..stack {
                let a = &a[start(left, row, at, m * k)..];
                let b = &b[start(right, row, at, k * n)..];
                for i in 0..m {
                    for j in 0..n {
                        let place = |l| if left.transposed { l * m + i } else { i * k + l };
                        results.push(chain((0..k).map(|l| (a[place(l)], b[l * n + j]))));
                    }
                }
            }
        }
        results
    }

    fn reduced(&self, reduce: &Reduce) -> Vec<T> {
        let &Reduce { reduction, outer, length, inner, .. } = reduce;
        let operand = &self.values[reduce.operand];
        if reduce.over_rows {
            let column = |i: usize| operand.iter().skip(i).step_by(inner).copied();
            let one = |i: usize| match reduction {
                Reduction::LogSumExp => log_sum_exp_in_order(column(i)),
                Reduction::Sum | Reduction::Max | Reduction::ArgMax => along(reduction, column(i)),
            };
            return (0..inner).map(one).collect();
        }
        let mut results = Vec::new();
        for slab in 0..self.count(reduce.kind) * outer {
            let slab = &operand[slab * length * inner..][..length * inner];
            results.extend(
                (0..inner).map(|i| along(reduction, slab.iter().skip(i).step_by(inner).copied())),
            );
        }
        results
    }

    fn movement(&mut self, movement: &Movement) {
        let shape = |output: usize| self.program.values()[output];
        let (output, mut results) = match movement {
            Movement::Copy { output, .. }
            | Movement::Gather { output, .. }
            | Movement::ScatterAdd { output, .. }
            | Movement::Iota { output, .. }
            | Movement::RowNumber { output } => (*output, Vec::new()),
        };
        for row in 0..self.count(shape(output).kind) {
            let mut target = vec![T::ZERO; shape(output).elements];
            match movement {
                Movement::Copy { parts, .. } => {
                    for part in parts {
                        copy(part, self.of_row(part.source, row), &mut target);
                    }
                }
                Movement::Gather { table, index, length, width, .. } => {
                    let (table, index) = (self.of_row(*table, row), self.of_row(*index, row));
                    for (element, value) in target.iter_mut().enumerate() {
                        let place = position(index[element / width].to_f64(), *length);
                        *value = match place {
                            Some(place) => table[place * width + element % width],
                            None => T::from_f64(f64::NAN),
                        };
                    }
                }
                Movement::ScatterAdd { index, updates, length, width, .. } => {
                    let (index, updates) = (self.of_row(*index, row), self.of_row(*updates, row));
                    for (element, &update) in updates.iter().enumerate() {
                        if let Some(place) = position(index[element / width].to_f64(), *length) {
                            let sum = &mut target[place * width + element % width];
                            *sum = *sum + update;
                        }
                    }
                }
                Movement::Iota { length, inner, .. } => {
                    for (element, value) in target.iter_mut().enumerate() {
                        *value = T::from_f64((element / inner % length) as f64);
                    }
                }
                Movement::RowNumber { .. } => target.fill(T::from_f64(row as f64)),
            }
            results.extend(target);
        }
        self.values[output] = results;
    }
}

/// c = fma(a, b, c) from +0 on.
fn chain<T: Number>(terms: impl Iterator<Item = (T, T)>) -> T {
    terms.fold(T::ZERO, |sum, (a, b)| a.mul_add(b, sum))
}

/// Where an operand that is broadcast to the domain of a map has one of its elements.
fn broadcast(map: &Map, operand: &MapOperand, element: usize) -> usize {
    let missing = map.dims.len() - operand.dims.len();
    let (mut rest, mut offset, mut stride) = (element, 0, 1);
    for (axis, dim) in map.dims.iter().enumerate().rev() {
        let i = rest % dim;
        rest /= dim;
        if let Some(axis) = axis.checked_sub(missing) {
            let of_operand = operand.dims[axis];
            offset += if of_operand == 1 { 0 } else { i * stride };
            stride *= of_operand;
        }
    }
    offset
}

fn copy<T: Copy>(part: &CopyPart, source: &[T], target: &mut [T]) {
    for number in 0..part.dims.iter().product() {
        let (mut from, mut to, mut rest) = (part.source_offset, part.target_offset, number);
        for (axis, dim) in part.dims.iter().enumerate().rev() {
            from += rest % dim * part.source_strides[axis];
            to += rest % dim * part.target_strides[axis];
            rest /= dim;
        }
        target[to] = source[from];
    }
}

fn is_nan<T: Number>(x: T) -> bool {
    x.to_f64().is_nan()
}

/// The reduction of what lies along an axis, or over the rows.
fn along<T: Number>(reduction: Reduction, values: impl Iterator<Item = T> + Clone) -> T {
    let largest = |values: &mut dyn Iterator<Item = T>| {
        values.fold(T::from_f64(f64::NEG_INFINITY), |most, x| most.maximum(x))
    };
    match reduction {
        Reduction::Sum => values.fold(T::ZERO, |sum, x| sum + x),
        Reduction::Max => largest(&mut values.clone()),
        Reduction::ArgMax => {
            let mut best: Option<(usize, T)> = None;
            for (place, x) in values.enumerate() {
                best = match best {
                    Some((_, most)) if is_nan(most) || !(x > most || is_nan(x)) => best,
                    _ => Some((place, x)),
                };
            }
            T::from_f64(best.map_or(0.0, |(place, _)| place as f64))
        }
        Reduction::LogSumExp => {
            let most = largest(&mut values.clone());
            if !most.to_f64().is_finite() {
                return most;
            }
            let first = values.clone().position(|x| x == most);
            let others = values.enumerate().filter(|&(place, _)| Some(place) != first);
            let rest = others.fold(T::ZERO, |rest, (_, x)| rest + (x - most).exp());
            most + rest.log1p()
        }
    }
}

/// The log-sum-exp of rows that come one after the other: the largest so far is the shift, whose
/// own 1 is not in the sum.
fn log_sum_exp_in_order<T: Number>(values: impl Iterator<Item = T>) -> T {
    let least = T::from_f64(f64::NEG_INFINITY);
    let (mut rest, mut shift) = (T::ZERO, least);
    for x in values {
        if is_nan(shift) || x <= shift {
            rest = if x == least { rest } else { rest + (x - shift).exp() };
        } else {
            rest = if shift == least { rest } else { (rest + T::ONE) * (shift - x).exp() };
            shift = x;
        }
    }
    if shift.to_f64().is_finite() { shift + rest.log1p() } else { shift }
}

/// One elementwise operation on one element.
fn apply<T: Number>(op: MapOp, [a, b, c]: [T; 3]) -> T {
    let truth = |holds: bool| if holds { T::ONE } else { T::ZERO };
    match op {
        MapOp::Copy | MapOp::Cast(Precision::F64) => a,
        MapOp::Cast(Precision::F32) => T::from_f64(f64::from(a.to_f64() as f32)),
        MapOp::Unary(Unary::Neg) => -a,
        MapOp::Unary(Unary::Abs) => a.abs(),
        // ±0 and NaN stay what they are.
        MapOp::Unary(Unary::Sign) if a > T::ZERO => T::ONE,
        MapOp::Unary(Unary::Sign) if a < T::ZERO => -T::ONE,
        MapOp::Unary(Unary::Sign) => a,
        MapOp::Unary(Unary::Exp) => a.exp(),
        MapOp::Unary(Unary::Expm1) => a.expm1(),
        MapOp::Unary(Unary::Log) => a.log(),
        MapOp::Unary(Unary::Log1p) => a.log1p(),
        MapOp::Unary(Unary::Sqrt) => a.sqrt(),
        MapOp::Unary(Unary::Sin) => a.sin(),
        MapOp::Unary(Unary::Cos) => a.cos(),
        MapOp::Unary(Unary::Atan) => a.atan(),
        MapOp::Unary(Unary::Tanh) => a.tanh(),
        MapOp::Unary(Unary::Sigmoid) => a.sigmoid(),
        MapOp::Unary(Unary::Softplus) => a.softplus(),
        MapOp::Unary(Unary::Erf) => a.erf(),
        MapOp::Unary(Unary::NormalCdf) => a.normal_cdf(),
        MapOp::Unary(Unary::Floor) => a.floor(),
        MapOp::Binary(Binary::Add) => a + b,
        MapOp::Binary(Binary::Sub) => a - b,
        MapOp::Binary(Binary::Mul) => a * b,
        MapOp::Binary(Binary::Div) => a / b,
        MapOp::Binary(Binary::Pow) => a.pow(b),
        MapOp::Binary(Binary::Max) => a.maximum(b),
        MapOp::Binary(Binary::Min) => a.minimum(b),
        MapOp::Compare(Compare::Lt) => truth(a < b),
        MapOp::Compare(Compare::Le) => truth(a <= b),
        MapOp::Compare(Compare::Eq) => truth(a == b),
        MapOp::Select => {
            if a != T::ZERO {
                b
            } else {
                c
            }
        }
    }
}
