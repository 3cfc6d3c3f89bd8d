//! Bit-for-bit comparison of every instruction set with one scalar chain for each element.

use super::*;

/// A small generator of values whose products round, with signs and a few zeros.
struct Values(u64);

impl Values {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let value = (self.0 >> 33) as f64 / (1u64 << 31) as f64 - 0.5;
        if self.0 >> 60 == 0 { 0.0 } else { value }
    }

    fn take<T: Element>(&mut self, count: usize) -> Vec<T> {
        (0..count).map(|_| T::from_f64(self.next())).collect()
    }
}

/// A layout of the three matrices: the strides, A's two of which may be exchanged.
#[derive(Copy, Clone, Debug)]
struct Layout {
    /// A's columns are contiguous, not its rows.
    transposed: bool,
    /// Elements between one row and the next, in all three.
    gap: usize,
    /// Elements between one column of A and the next.
    step: usize,
}

const PLAIN: Layout = Layout { transposed: false, gap: 0, step: 1 };
const TRANSPOSED: Layout = Layout { transposed: true, gap: 0, step: 1 };
const GAPS: Layout = Layout { transposed: false, gap: 3, step: 1 };
const STEPS: Layout = Layout { transposed: true, gap: 5, step: 2 };

/// What must come out: the definition, element by element.
fn chains<T: Element>(
    (m, n, k): (usize, usize, usize),
    a: Left<'_, T>,
    b: Right<'_, T>,
    c: &mut [T],
    c_row_stride: usize,
    accumulate: bool,
) {
    for i in 0..m {
        for j in 0..n {
            let mut chain = if accumulate { c[i * c_row_stride + j] } else { T::ZERO };
            for l in 0..k {
                let left = a.data[i * a.row_stride + l * a.column_stride];
                chain = left.mul_add(b.data[l * b.row_stride + j], chain);
            }
            c[i * c_row_stride + j] = chain;
        }
    }
}

/// Bits, so that −0 differs from +0. Conversion to f64 is exact.
fn bits<T: Element>(values: &[T]) -> Vec<u64> {
    values.iter().map(|value| value.to_f64().to_bits()).collect()
}

/// Checks one shape on every instruction set, whole and with its rows split in two.
fn check<T: Element>((m, n, k): (usize, usize, usize), layout: Layout, accumulate: bool) {
    let mut values = Values((m * 31 + n * 7 + k) as u64);
    let Layout { transposed, gap, step } = layout;
    let (row_stride, column_stride) = match transposed {
        false => (k * step + gap, step),
        true => (step, m * step + gap),
    };
    let span = |rows: usize, columns: usize| match rows * columns {
        0 => 0,
        _ => (rows - 1) * row_stride + (columns - 1) * column_stride + 1,
    };
    let a_data = values.take::<T>(span(m, k));
    let b_data = values.take::<T>(k * (n + gap));
    let a = Left { data: &a_data, row_stride, column_stride };
    let b = Right { data: &b_data, row_stride: n + gap };
    let c_row_stride = n + gap;
    let before = values.take::<T>(m * c_row_stride);
    let mut expected = before.clone();
    chains((m, n, k), a, b, &mut expected, c_row_stride, accumulate);
    let expected = bits(&expected);
    for &isa in Isa::available() {
        let mut c = before.clone();
        gemm(isa, (m, n, k), a, b, &mut c, c_row_stride, accumulate);
        assert!(bits(&c) == expected, "{} {m},{n},{k} {layout:?} {accumulate}", isa.name());

        let mut c = before.clone();
        let cut = (m * 5 / 8).min(m);
        let (upper, lower) = c.split_at_mut(cut * c_row_stride);
        gemm(isa, (cut, n, k), a, b, upper, c_row_stride, accumulate);
        let below = Left { data: &a_data[(cut * row_stride).min(a_data.len())..], ..a };
        gemm(isa, (m - cut, n, k), below, b, lower, c_row_stride, accumulate);
        assert!(bits(&c) == expected, "{} {m},{n},{k} {layout:?} {accumulate} split", isa.name());
    }
}

fn check_all_small<T: Element>(depths: &[usize], layout: Layout) {
    for m in 1..=35 {
        for n in 1..=35 {
            for &k in depths {
                check::<T>((m, n, k), layout, (m + n + k) % 2 == 0);
            }
        }
    }
}

#[test]
fn every_small_shape_is_one_chain_in_f32() {
    for layout in [PLAIN, TRANSPOSED, GAPS, STEPS] {
        check_all_small::<f32>(&[0, 1, 2, 7, 16], layout);
    }
}

#[test]
fn every_small_shape_is_one_chain_in_f64() {
    for layout in [PLAIN, TRANSPOSED, GAPS, STEPS] {
        check_all_small::<f64>(&[0, 1, 2, 7, 16], layout);
    }
}

#[test]
fn every_small_shape_of_some_depth_is_one_chain() {
    for m in 1..=35 {
        for n in 1..=35 {
            let k = 255 + (m + n) % 3;
            let layout = [PLAIN, TRANSPOSED][m * n % 2];
            check::<f32>((m, n, k), layout, m % 2 == 0);
        }
    }
}

#[test]
fn deep_products_are_one_chain() {
    for m in [1, 2, 3, 4, 7, 8, 9, 16, 17, 33] {
        for n in [1, 2, 3, 8, 10, 16, 17, 31, 33, 48, 49, 65] {
            for k in [64, 255, 256, 257, 513, 1025] {
                check::<f32>((m, n, k), PLAIN, k % 2 == 0);
                check::<f32>((m, n, k), TRANSPOSED, k % 2 == 1);
                check::<f64>((m, n, k), GAPS, k % 2 == 0);
            }
        }
    }
}

#[test]
fn packed_products_are_one_chain() {
    for (m, n, k) in
        [(64, 256, 128), (65, 130, 600), (71, 515, 90), (128, 97, 1030), (100, 1, 20000)]
    {
        for layout in [PLAIN, TRANSPOSED, GAPS, STEPS] {
            check::<f32>((m, n, k), layout, true);
            check::<f64>((m, n, k), layout, false);
        }
    }
}

#[test]
fn chains_start_at_plus_zero() {
    // fma(−0, x, −0) is −0 but fma(−0, x, +0) is +0.
    for &isa in Isa::available() {
        let mut c = [f32::NAN; 4];
        let a = Left { data: &[-0.0, -0.0], row_stride: 1, column_stride: 1 };
        gemm(isa, (2, 2, 1), a, Right { data: &[1.0, 2.0], row_stride: 2 }, &mut c, 2, false);
        assert_eq!(bits(&c), bits(&[0.0f32; 4]));
    }
}

#[test]
fn infinities_and_nan_stay_in_their_elements() {
    for &isa in Isa::available() {
        for (m, n) in [(3, 5), (20, 1), (9, 40)] {
            let mut a_data = vec![1.0f32; m * 4];
            a_data[1] = f32::INFINITY;
            let mut b_data = vec![1.0f32; 4 * n];
            b_data[2 * n] = f32::NAN;
            let a = Left { data: &a_data, row_stride: 4, column_stride: 1 };
            let mut c = vec![0.0; m * n];
            gemm(isa, (m, n, 4), a, Right { data: &b_data, row_stride: n }, &mut c, n, false);
            for i in 0..m {
                for j in 0..n {
                    let value = c[i * n + j];
                    match (i, j) {
                        (_, 0) => assert!(value.is_nan()),
                        (0, _) => assert_eq!(value, f32::INFINITY),
                        _ => assert_eq!(value, 4.0),
                    }
                }
            }
        }
    }
}

#[test]
fn a_transpose_is_exact_and_touches_nothing_else() {
    for &isa in Isa::available() {
        for rows in 0..=35 {
            for columns in [0, 1, 3, 4, 7, 8, 9, 16, 17, 33] {
                check_transpose::<f32>(isa, rows, columns);
                check_transpose::<f64>(isa, rows, columns);
            }
        }
    }
}

fn check_transpose<T: Element>(isa: Isa, rows: usize, columns: usize) {
    let (from_stride, to_stride) = (columns + 2, rows + 3);
    let mut values = Values(1);
    let from = values.take::<T>(rows * from_stride);
    let before = values.take::<T>(columns * to_stride);
    let mut to = before.clone();
    transpose(isa, (rows, columns), &from, from_stride, &mut to, to_stride);
    for j in 0..columns {
        for i in 0..to_stride {
            let expected =
                if i < rows { from[i * from_stride + j] } else { before[j * to_stride + i] };
            assert_eq!(
                to[j * to_stride + i],
                expected,
                "{} {rows}x{columns} at {i},{j}",
                isa.name()
            );
        }
    }
}

fn gemm_of_lengths(a: usize, b: usize, c: usize, c_row_stride: usize) {
    let (a, b, mut c) = (vec![0.0f32; a], vec![0.0; b], vec![0.0; c]);
    let left = Left { data: &a, row_stride: 4, column_stride: 1 };
    gemm(
        Isa::detect(),
        (2, 3, 4),
        left,
        Right { data: &b, row_stride: 3 },
        &mut c,
        c_row_stride,
        false,
    );
}

#[test]
fn exact_lengths_are_enough() {
    gemm_of_lengths(8, 12, 6, 3);
}

#[test]
#[should_panic(expected = "A too short")]
fn a_short_left_operand_is_refused() {
    gemm_of_lengths(7, 12, 6, 3);
}

#[test]
#[should_panic(expected = "B too short")]
fn a_short_right_operand_is_refused() {
    gemm_of_lengths(8, 11, 6, 3);
}

#[test]
#[should_panic(expected = "C too short")]
fn a_short_result_is_refused() {
    gemm_of_lengths(8, 12, 5, 3);
}

#[test]
#[should_panic(expected = "overlap")]
fn overlapping_rows_of_the_result_are_refused() {
    gemm_of_lengths(8, 12, 6, 2);
}

#[test]
#[should_panic(expected = "A too short")]
fn strides_that_overflow_are_refused() {
    let left = Left { data: &[0.0f32; 4], row_stride: usize::MAX, column_stride: 1 };
    gemm(
        Isa::detect(),
        (2, 1, 2),
        left,
        Right { data: &[0.0; 2], row_stride: 1 },
        &mut [0.0; 2],
        1,
        false,
    );
}

/// An epilogue in registers, after packed and turned products too, is the one applied afterwards.
fn epilogues<T: Element>() {
    let mut values = Values(9);
    for (m, n, k) in [
        (1, 1, 1),
        (5, 3, 4),
        (32, 64, 8),
        (17, 70, 33),
        (64, 10, 64),
        (9, 1, 600),
        (80, 100, 700),
        (3, 5, 0),
    ] {
        let stride = n + 3;
        let mut a: Vec<T> = values.take(m * k);
        let b: Vec<T> = values.take(k * n);
        let mut bias: Vec<T> = values.take(n);
        let mut gate: Vec<T> = values.take(m * stride);
        bias[0] = T::from_f64(-0.0);
        (gate[0], gate[n - 1]) = (T::from_f64(f64::NAN), T::from_f64(-0.0));
        if let Some(last) = a.last_mut() {
            *last = T::from_f64(f64::NAN);
        }
        let left = Left { data: &a, row_stride: k, column_stride: 1 };
        let right = Right { data: &b, row_stride: n };
        for epilogue in [
            Epilogue::Keep,
            Epilogue::Bias(&bias),
            Epilogue::BiasFloor(&bias, T::ZERO),
            Epilogue::BiasFloor(&bias, T::from_f64(-0.25)),
            Epilogue::Gate(&gate),
        ] {
            for accumulate in [false, true] {
                let start: Vec<T> = values.take(m * stride);
                let mut expected = start.clone();
                chains((m, n, k), left, right, &mut expected, stride, accumulate);
                epilogue.apply(&mut expected, (m, n, stride));
                for &isa in Isa::available() {
                    let mut c = start.clone();
                    gemm_with(isa, (m, n, k), left, right, &mut c, stride, accumulate, epilogue);
                    let found = (bits(&c), isa, (m, n, k), accumulate);
                    assert_eq!(found.0, bits(&expected), "{:?}", (found.1, found.2, found.3));
                }
            }
        }
    }
}

#[test]
fn an_epilogue_in_registers_is_the_one_applied_afterwards() {
    epilogues::<f32>();
    epilogues::<f64>();
}

#[test]
#[should_panic(expected = "the epilogue's operand too short")]
fn an_epilogue_that_is_too_short_is_refused() {
    let left = Left { data: &[1.0f32; 4], row_stride: 2, column_stride: 1 };
    let right = Right { data: &[1.0f32; 4], row_stride: 2 };
    let (epilogue, mut c) = (Epilogue::Bias(&[0.0]), [0.0; 4]);
    gemm_with(Isa::detect(), (2, 2, 2), left, right, &mut c, 2, false, epilogue);
}
