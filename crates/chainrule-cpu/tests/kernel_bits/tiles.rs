//! The matrix product itself, over every shape of up to three tiles: all layouts of its operands,
//! with and without what C held before, with each epilogue.

use chainrule_cpu::gemm::{Epilogue, Left, Right, gemm_with, transpose};
use chainrule_cpu::simd::Element;
use chainrule_cpu::{Isa, Number};

use crate::case::{bits, chosen};
use crate::random_graphs::{Dice, cases};

/// Three times the most rows of a tile.
const ROWS: usize = 3 * 8;
/// Three times the most columns of a tile: four vectors of AVX-512.
const COLUMNS: usize = 3 * 64;
/// Three times the terms that a tile takes at once.
const DEPTH: usize = 3 * 1024;
/// Columns up to which a product may run turned: lanes are rows then.
const TURNED: usize = 3 * 16;

/// How the operands lie in memory.
#[derive(Clone, Copy, Debug)]
struct Layout {
    /// A's columns are contiguous, not its rows.
    transposed: bool,
    /// Elements between one row and the next, in all three.
    gap: usize,
    /// Elements between one column of A and the next.
    step: usize,
}

const LAYOUTS: [Layout; 5] = [
    Layout { transposed: false, gap: 0, step: 1 },
    Layout { transposed: true, gap: 0, step: 1 },
    Layout { transposed: false, gap: 3, step: 1 },
    Layout { transposed: true, gap: 5, step: 1 },
    Layout { transposed: true, gap: 5, step: 2 },
];

/// The ways in which one shape is tried, by number: layouts, accumulating or not, epilogues.
const WAYS: usize = LAYOUTS.len() * 2 * 5;

/// A product's operands, and what must come out.
struct Operands<T> {
    a: Vec<T>,
    strides: (usize, usize),
    b: Vec<T>,
    before: Vec<T>,
    stride: usize,
    bias: Vec<T>,
    gate: Vec<T>,
}

impl<T: Number> Operands<T> {
    fn new((m, n, k): (usize, usize, usize), layout: Layout) -> Self {
        let mut dice = Dice((m * 31 + n * 7 + k) as u64);
        let mut take = |count: usize| -> Vec<T> {
            let mut number = || if dice.below(16) == 0 { -0.0 } else { dice.number() };
            (0..count).map(|_| T::from_f64(number())).collect()
        };
        let Layout { transposed, gap, step } = layout;
        let strides = match transposed {
            false => (k * step + gap, step),
            true => (step, m * step + gap),
        };
        let stride = n + gap;
        let mut gate = take(m * stride);
        gate[0] = T::from_f64(f64::NAN);
        Self {
            // Neither operand has an element more than it needs.
            a: take((m - 1) * strides.0 + k.saturating_sub(1) * strides.1 + 1),
            strides,
            b: take(k.saturating_sub(1) * stride + n),
            before: take((m - 1) * stride + n),
            stride,
            bias: take(n),
            gate,
        }
    }

    fn epilogue(&self, number: usize) -> Epilogue<'_, T> {
        match number {
            0 => Epilogue::Keep,
            1 => Epilogue::Bias(&self.bias),
            2 => Epilogue::BiasFloor(&self.bias, T::ZERO),
            3 => Epilogue::BiasFloor(&self.bias, T::from_f64(-0.25)),
            _ => Epilogue::Gate(&self.gate),
        }
    }

    /// One chain for each element, and then its epilogue.
    fn expected(
        &self,
        (m, n, k): (usize, usize, usize),
        accumulate: bool,
        epilogue: Epilogue<'_, T>,
    ) -> Vec<T> {
        let mut c = self.before.clone();
        for i in 0..m {
            for j in 0..n {
                let at = i * self.stride + j;
                let mut chain = if accumulate { c[at] } else { T::ZERO };
                for l in 0..k {
                    let a = self.a[i * self.strides.0 + l * self.strides.1];
                    chain = Element::mul_add(a, self.b[l * self.stride + j], chain);
                }
                c[at] = match epilogue {
                    Epilogue::Keep => chain,
                    Epilogue::Bias(bias) => chain + bias[j],
                    Epilogue::BiasFloor(bias, floor) => {
                        if floor >= chain + bias[j] {
                            floor
                        } else {
                            chain + bias[j]
                        }
                    }
                    Epilogue::Gate(gate) if gate[at] <= T::ZERO => T::ZERO,
                    Epilogue::Gate(_) => chain,
                };
            }
        }
        c
    }
}

/// One shape in one way, on each instruction set, whole and with its rows cut in two.
fn check_in<T: Number>((m, n, k): (usize, usize, usize), way: usize) {
    let layout = LAYOUTS[way % LAYOUTS.len()];
    let (accumulate, number) = ((way / LAYOUTS.len()).is_multiple_of(2), way / LAYOUTS.len() / 2);
    let operands = Operands::<T>::new((m, n, k), layout);
    let epilogue = operands.epilogue(number);
    let expected = bits(&operands.expected((m, n, k), accumulate, epilogue));
    let Operands { a, strides, b, before, stride, .. } = &operands;
    let (row_stride, column_stride) = *strides;
    let right = Right { data: b, row_stride: *stride };
    for &isa in Isa::available() {
        for cut in [0, m * 5 / 8] {
            let mut c = before.clone();
            let (upper, lower) = c.split_at_mut(cut * stride);
            for (rows, from, c) in [(cut, 0, upper), (m - cut, cut, lower)] {
                let data = &a[from * row_stride..];
                let left = Left { data, row_stride, column_stride };
                let epilogue = match epilogue {
                    Epilogue::Gate(gate) => Epilogue::Gate(&gate[from * stride..]),
                    other => other,
                };
                gemm_with(isa, (rows, n, k), left, right, c, *stride, accumulate, epilogue);
            }
            let what = (isa.name(), size_of::<T>(), (m, n, k), layout, accumulate, number, cut);
            assert!(bits(&c) == expected, "{what:?}");
        }
    }
}

fn check(shape: (usize, usize, usize), way: usize) {
    check_in::<f32>(shape, way);
    check_in::<f64>(shape, way);
}

/// How many of these there are that a sample of `usual` should be taken of, and each one's way.
fn shapes(all: usize, usual: usize, seed: u64) -> impl Iterator<Item = (usize, usize)> {
    chosen(all, usual, seed).into_iter().map(|number| (number, number.wrapping_mul(7) % WAYS))
}

#[test]
fn every_shape_of_rows_of_vectors() {
    const DEPTHS: [usize; 5] = [0, 1, 2, 3, 9];
    for (number, way) in shapes(ROWS * COLUMNS * DEPTHS.len(), 700, 41) {
        let (k, rest) = (DEPTHS[number % DEPTHS.len()], number / DEPTHS.len());
        let shape = (1 + rest % ROWS, 1 + rest / ROWS, k);
        check(shape, way);
        if cases(1) >= 20 {
            for way in (number % 10..WAYS).step_by(10) {
                check(shape, way);
            }
        }
    }
}

#[test]
fn every_shape_of_columns_of_vectors() {
    const DEPTHS: [usize; 4] = [1, 2, 5, 16];
    for (number, way) in shapes(COLUMNS * TURNED * DEPTHS.len(), 400, 42) {
        let (k, rest) = (DEPTHS[number % DEPTHS.len()], number / DEPTHS.len());
        let shape = (1 + rest % COLUMNS, 1 + rest / COLUMNS, k);
        check(shape, way);
        if cases(1) >= 20 {
            for way in (number % 25..WAYS).step_by(25) {
                check(shape, way);
            }
        }
    }
}

#[test]
fn every_depth() {
    const SHAPES: [(usize, usize); 8] =
        [(1, 1), (3, 65), (8, 48), (9, 17), (17, 10), (50, 1), (70, 3), (24, 100)];
    for (number, way) in shapes(SHAPES.len() * DEPTH, 60, 43) {
        let (m, n) = SHAPES[number % SHAPES.len()];
        check((m, n, 1 + number / SHAPES.len()), way);
    }
}

#[test]
fn every_shape_where_the_depth_is_cut() {
    const DEPTHS: [usize; 6] = [1023, 1024, 1025, 2047, 2048, 2049];
    for (number, way) in shapes(ROWS * COLUMNS * DEPTHS.len(), 20, 44) {
        let (k, rest) = (DEPTHS[number % DEPTHS.len()], number / DEPTHS.len());
        check((1 + rest % ROWS, 1 + rest / ROWS, k), way);
    }
}

#[test]
fn every_shape_with_packed_panels() {
    // From 64 rows on, and where B lies over more than 64 KB.
    for (number, way) in shapes(ROWS * COLUMNS, 15, 45) {
        let (m, n) = (63 + number % ROWS, 1 + number / ROWS);
        let k = (16_384 / n + 8).min(700);
        check((m, n, k), way);
    }
}

#[test]
fn every_transpose() {
    // Three times the squares that are turned round in registers, two of them side by side.
    const SIDE: usize = 3 * 16;
    fn check<T: Number>(rows: usize, columns: usize) {
        let (from_stride, to_stride) = (columns + rows % 3, rows + columns % 4);
        let number = |at: usize| T::from_f64(at as f64 * 0.37 - 9.0);
        let from: Vec<T> = (0..rows * from_stride).map(number).collect();
        let before: Vec<T> = (0..columns * to_stride).map(number).collect();
        let mut expected = before.clone();
        for i in 0..rows {
            for j in 0..columns {
                expected[j * to_stride + i] = from[i * from_stride + j];
            }
        }
        for &isa in Isa::available() {
            let mut to = before.clone();
            transpose(isa, (rows, columns), &from, from_stride, &mut to, to_stride);
            assert!(bits(&to) == bits(&expected), "{} {rows} x {columns}", isa.name());
        }
    }
    for rows in 1..=SIDE {
        for columns in 1..=SIDE {
            check::<f32>(rows, columns);
            check::<f64>(rows, columns);
        }
    }
}
