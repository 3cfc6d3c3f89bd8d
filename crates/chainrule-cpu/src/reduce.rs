//! The `reduce` template: along an axis of each row, or over the rows.
//!
//! Every result is one chain over its elements in order, whatever computes it.

use chainrule_core::compile::program::Reduce;
use chainrule_core::op::Reduction;

use crate::frame::Frame;
use crate::lanes::Number;
use crate::math::Math;
use crate::simd::{Isa, Level};

/// Reduces along an axis, for all rows of a frame (or once, for a shared operand).
///
/// # Safety
/// The frame's rows of the result must be this thread's alone, and nobody may write the operand.
pub(crate) unsafe fn run_axis<T: Number>(isa: Isa, reduce: &Reduce, frame: &Frame<'_, T>) {
    // SAFETY: passed on from the caller.
    let (operand, output) = unsafe { (frame.read(reduce.operand), frame.write(reduce.output)) };
    match isa.level() {
        Level::Portable => axis(reduce, operand, output),
        // SAFETY: an `Isa` of this level exists only on a CPU that has these features.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { axis_avx2(reduce, operand, output) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { axis_avx512(reduce, operand, output) },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn axis_avx2<T: Number>(reduce: &Reduce, operand: &[T], output: &mut [T]) {
    axis(reduce, operand, output);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
fn axis_avx512<T: Number>(reduce: &Reduce, operand: &[T], output: &mut [T]) {
    axis(reduce, operand, output);
}

/// Neighbouring results whose chains run side by side, in lanes.
const SIDE: usize = 16;

#[inline(always)]
fn axis<T: Number>(reduce: &Reduce, operand: &[T], output: &mut [T]) {
    let (length, inner) = (reduce.length, reduce.inner);
    // Where each row has one result, its neighbours are those of the other rows.
    let group = if inner == 1 { output.len() } else { inner };
    if group == 0 {
        return;
    }
    for (slab, results) in operand.chunks_exact(length * group).zip(output.chunks_exact_mut(group))
    {
        let (wide, rest) = results.as_chunks_mut::<SIDE>();
        let from = wide.len() * SIDE;
        for (number, results) in wide.iter_mut().enumerate() {
            *results = neighbours(reduce, slab, number * SIDE);
        }
        for (number, result) in rest.iter_mut().enumerate() {
            [*result] = neighbours(reduce, slab, from + number);
        }
    }
}

/// The results of `N` neighbours, from the one of this number on.
#[inline(always)]
fn neighbours<T: Number, const N: usize>(reduce: &Reduce, slab: &[T], from: usize) -> [T; N] {
    let (length, inner) = (reduce.length, reduce.inner);
    if inner == 1 {
        let slab = &slab[from * length..][..N * length];
        let across = |k: usize| std::array::from_fn(|side| slab[side * length + k]);
        return chains(reduce.reduction, length, across);
    }
    let across = |k: usize| {
        let along = &slab[k * inner + from..][..N];
        std::array::from_fn(|side| along[side])
    };
    chains(reduce.reduction, length, across)
}

/// Goes along `N` chains at once; `across` has the elements of one step.
#[inline(always)]
fn chains<T: Number, const N: usize>(
    reduction: Reduction,
    length: usize,
    across: impl Fn(usize) -> [T; N],
) -> [T; N] {
    match reduction {
        Reduction::Sum => fold(length, across, T::ZERO, |sum, x| sum + x),
        Reduction::Max => largest(length, across),
        Reduction::ArgMax => {
            let mut best: [Best<T>; N] = std::array::from_fn(|_| Best::new());
            for k in 0..length {
                for (best, x) in best.iter_mut().zip(across(k)) {
                    best.see(x, T::from_f64(k as f64));
                }
            }
            best.map(|best| best.position)
        }
        Reduction::LogSumExp => {
            let largest = largest(length, &across);
            // The first largest is 1 of the sum; without it log1p keeps what is small beside it.
            // The zero in its place changes no bit of a sum that is never negative.
            let (mut rest, mut unseen) = ([T::ZERO; N], [T::ONE; N]);
            for k in 0..length {
                let terms = across(k);
                for (((x, largest), rest), unseen) in
                    terms.iter().zip(&largest).zip(&mut rest).zip(&mut unseen)
                {
                    let skip = if *x == *largest { *unseen } else { T::ZERO };
                    *unseen = *unseen - skip;
                    let term = Math::exp(*x - *largest);
                    *rest = *rest + if skip == T::ONE { T::ZERO } else { term };
                }
            }
            // No `array::map`: it is compiled without the instruction set of its caller.
            for (sum, largest) in rest.iter_mut().zip(&largest) {
                let finite = *largest + Math::log1p(*sum);
                // ±∞ and NaN are their own answer.
                *sum = if is_finite(*largest) { finite } else { *largest };
            }
            rest
        }
    }
}

#[inline(always)]
fn largest<T: Number, const N: usize>(length: usize, across: impl Fn(usize) -> [T; N]) -> [T; N] {
    fold(length, across, T::from_f64(f64::NEG_INFINITY), |a, b| Math::maximum(a, b))
}

#[inline(always)]
fn fold<T: Number, const N: usize>(
    length: usize,
    across: impl Fn(usize) -> [T; N],
    start: T,
    join: impl Fn(T, T) -> T,
) -> [T; N] {
    let mut chains = [start; N];
    for k in 0..length {
        for (chain, x) in chains.iter_mut().zip(across(k)) {
            *chain = join(*chain, x);
        }
    }
    chains
}

#[inline(always)]
fn is_finite<T: Number>(x: T) -> bool {
    x * T::ZERO == T::ZERO
}

/// The first largest element so far; a NaN is larger than anything.
struct Best<T> {
    value: T,
    position: T,
    empty: bool,
}

impl<T: Number> Best<T> {
    #[inline(always)]
    fn new() -> Self {
        Self { value: T::ZERO, position: T::ZERO, empty: true }
    }

    #[inline(always)]
    fn see(&mut self, x: T, position: T) {
        let is_nan = |x: T| x.partial_cmp(&x).is_none();
        if self.empty || (!is_nan(self.value) && (x > self.value || is_nan(x))) {
            *self = Self { value: x, position, empty: false };
        }
    }
}

/// Reduces the rows of a block into elements `from .. to` of the result, going on from what the
/// block before left there.
///
/// `companion` holds what a chain carries besides its result: the shift of a log-sum-exp, the
/// value at an arg-max.
///
/// # Safety
/// These elements of the result and of the companion must be this thread's alone, and nobody may
/// write the operand.
pub(crate) unsafe fn run_over_rows<T: Number>(
    isa: Isa,
    reduce: &Reduce,
    frame: &Frame<'_, T>,
    companion: usize,
    (from, to): (usize, usize),
    first: bool,
) {
    if from >= to {
        return;
    }
    // SAFETY: passed on from the caller; the plan gave the companion room for the whole result.
    let (operand, output, companion) = unsafe {
        (
            frame.read(reduce.operand),
            std::slice::from_raw_parts_mut(frame.pointer(reduce.output).add(from), to - from),
            std::slice::from_raw_parts_mut(frame.shared.add(companion + from), to - from),
        )
    };
    let chains = Chains { width: reduce.inner, from, row: frame.row_in_batch, first };
    match isa.level() {
        Level::Portable => chains.run(reduce.reduction, operand, output, companion),
        // SAFETY: an `Isa` of this level exists only on a CPU that has these features.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { chains.avx2(reduce.reduction, operand, output, companion) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { chains.avx512(reduce.reduction, operand, output, companion) },
    }
}

/// Chains over rows of `width` elements, from element `from` on.
#[derive(Clone, Copy)]
struct Chains {
    width: usize,
    from: usize,
    row: usize,
    first: bool,
}

impl Chains {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn avx2<T: Number>(self, r: Reduction, operand: &[T], out: &mut [T], companion: &mut [T]) {
        self.run(r, operand, out, companion);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
    fn avx512<T: Number>(self, r: Reduction, operand: &[T], out: &mut [T], companion: &mut [T]) {
        self.run(r, operand, out, companion);
    }

    #[inline(always)]
    fn run<T: Number>(self, r: Reduction, operand: &[T], out: &mut [T], companion: &mut [T]) {
        let least = T::from_f64(f64::NEG_INFINITY);
        if self.first {
            match r {
                Reduction::Sum | Reduction::ArgMax => out.fill(T::ZERO),
                Reduction::Max => out.fill(least),
                // Σ without the shift's own 1 in the result, the shift in the companion.
                Reduction::LogSumExp => {
                    out.fill(T::ZERO);
                    companion.fill(least);
                }
            }
        }
        for (number, row) in operand.chunks_exact(self.width).enumerate() {
            let row = &row[self.from..][..out.len()];
            match r {
                Reduction::Sum => {
                    for (sum, &x) in out.iter_mut().zip(row) {
                        *sum = *sum + x;
                    }
                }
                Reduction::Max => {
                    for (largest, &x) in out.iter_mut().zip(row) {
                        *largest = Math::maximum(*largest, x);
                    }
                }
                Reduction::ArgMax => {
                    let position = self.row + number;
                    for ((place, value), &x) in out.iter_mut().zip(&mut *companion).zip(row) {
                        let mut best =
                            Best { value: *value, position: *place, empty: position == 0 };
                        best.see(x, T::from_f64(position as f64));
                        (*value, *place) = (best.value, best.position);
                    }
                }
                Reduction::LogSumExp => {
                    for ((rest, shift), &x) in out.iter_mut().zip(&mut *companion).zip(row) {
                        // What is not below the shift becomes it, a NaN for good.
                        if x <= *shift || (*shift).partial_cmp(&*shift).is_none() {
                            if x != least {
                                *rest = *rest + Math::exp(x - *shift);
                            }
                        } else if *shift == least {
                            *shift = x;
                        } else {
                            *rest = (*rest + T::ONE) * Math::exp(*shift - x);
                            *shift = x;
                        }
                    }
                }
            }
        }
    }
}

/// Ends chains whose result is not yet what they carry: log-sum-exp.
///
/// # Safety
/// As [`run_over_rows`].
pub(crate) unsafe fn finish<T: Number>(
    reduce: &Reduce,
    frame: &Frame<'_, T>,
    companion: usize,
    (from, to): (usize, usize),
) {
    match reduce.reduction {
        Reduction::Sum | Reduction::Max | Reduction::ArgMax => {}
        Reduction::LogSumExp => {
            for i in from..to {
                // SAFETY: passed on from the caller.
                unsafe {
                    let (sum, shift) =
                        (frame.pointer(reduce.output).add(i), frame.shared.add(companion + i));
                    *sum = if is_finite(*shift) { *shift + Math::log1p(*sum) } else { *shift };
                }
            }
        }
    }
}
