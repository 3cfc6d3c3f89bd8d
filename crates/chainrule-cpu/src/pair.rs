//! Two operations of a map in one pass: the second on what the first leaves in registers.
//!
//! Of an instruction that runs over a tile by itself, reading and writing the tile costs more than
//! the arithmetic. Both operations round as they would alone, so no result changes.

use chainrule_core::compile::program::MapOp;
use chainrule_core::op::{Binary, Unary};

use crate::lanes::Number;
use crate::simd::{Isa, Lanes, Level};

/// An operation on what is in registers, x, and an argument, y.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    /// x + y
    Add,
    /// x − y
    Sub,
    /// y − x
    SubFrom,
    /// x · y
    Mul,
    /// x / y
    Div,
    /// y / x
    DivInto,
    /// √x
    Sqrt,
}

impl Arithmetic {
    /// The operation of an instruction, if it is one of these; `turned` if x is its second argument.
    pub(crate) fn of(op: MapOp, turned: bool) -> Option<Self> {
        match (op, turned) {
            (MapOp::Binary(Binary::Add), _) => Some(Self::Add),
            (MapOp::Binary(Binary::Mul), _) => Some(Self::Mul),
            (MapOp::Binary(Binary::Sub), false) => Some(Self::Sub),
            (MapOp::Binary(Binary::Sub), true) => Some(Self::SubFrom),
            (MapOp::Binary(Binary::Div), false) => Some(Self::Div),
            (MapOp::Binary(Binary::Div), true) => Some(Self::DivInto),
            (MapOp::Unary(Unary::Sqrt), false) => Some(Self::Sqrt),
            _ => None,
        }
    }
}

/// An argument: its elements, or one number for all.
#[derive(Clone, Copy)]
pub(crate) enum Stream<T> {
    Elements(*const T),
    Number(T),
}

/// Room for a vector of the same number, of the widest register.
const WIDEST: usize = 64 / size_of::<f32>();

/// Computes `out[i] = second(first(x[i], y[i]), z[i])` for `length` elements.
///
/// # Safety
/// Each argument and `out` must be good for as many elements; an argument may be `out` itself, but
/// must not overlap it otherwise.
pub(crate) unsafe fn run<T: Number>(
    isa: Isa,
    (first, second): (Arithmetic, Arithmetic),
    arguments: [Stream<T>; 3],
    out: *mut T,
    length: usize,
) {
    let mut numbers = [[T::ZERO; WIDEST]; 3];
    let mut streams = [(std::ptr::null(), false); 3];
    for ((stream, argument), same) in streams.iter_mut().zip(arguments).zip(&mut numbers) {
        *stream = match argument {
            Stream::Elements(elements) => (elements, true),
            Stream::Number(number) => {
                same.fill(number);
                (same.as_ptr(), false)
            }
        };
    }
    let kernels = match isa.level() {
        Level::Portable => &Kernels::PORTABLE,
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => &Kernels::AVX2,
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => &Kernels::AVX512,
    };
    // SAFETY: an `Isa` of this level exists only on a CPU that has its features; elements are the
    // caller's, and a number's room holds a vector.
    unsafe { kernels.0[first as usize][second as usize](streams, out, length) }
}

/// Runs a pair; a stream that does not advance has one vector.
type Kernel<T> = unsafe fn([(*const T, bool); 3], *mut T, usize);

/// The kernels of an instruction set, by the first operation and the second.
struct Kernels<T: 'static>([[Kernel<T>; 7]; 7]);

macro_rules! kernels {
    ($table:ident, $entry:ident $(enabling $features:literal)?, $vector:ident) => {
        impl<T: Number> Kernels<T> {
            const $table: Self = Self([
                kernels!(row $entry 0), kernels!(row $entry 1), kernels!(row $entry 2),
                kernels!(row $entry 3), kernels!(row $entry 4), kernels!(row $entry 5),
                kernels!(row $entry 6),
            ]);
        }

        $(#[target_feature(enable = $features)])?
        unsafe fn $entry<T: Number, const FIRST: usize, const SECOND: usize>(
            streams: [(*const T, bool); 3],
            out: *mut T,
            length: usize,
        ) {
            // SAFETY: this function is compiled for the vector's instruction set, and its caller
            // keeps the contract of `run`.
            unsafe { pass::<T::$vector, FIRST, SECOND>(streams, out, length) }
        }
    };
    (row $entry:ident $first:literal) => {
        [
            $entry::<T, $first, 0>, $entry::<T, $first, 1>, $entry::<T, $first, 2>,
            $entry::<T, $first, 3>, $entry::<T, $first, 4>, $entry::<T, $first, 5>,
            $entry::<T, $first, 6>,
        ]
    };
}

kernels!(PORTABLE, portable, Array);
#[cfg(target_arch = "x86_64")]
kernels!(AVX2, avx2 enabling "avx2,fma", Avx2);
#[cfg(target_arch = "x86_64")]
kernels!(AVX512, avx512 enabling "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma", Avx512);

/// # Safety
/// The CPU has the instruction set of the vector, and [`run`]'s contract.
#[inline(always)]
unsafe fn pass<L: Lanes, const FIRST: usize, const SECOND: usize>(
    [x, y, z]: [(*const L::Element, bool); 3],
    out: *mut L::Element,
    length: usize,
) {
    // SAFETY: every access lies within `length` elements, or in the one vector of a number.
    unsafe {
        let at = |(start, advances): (*const L::Element, bool), i: usize| {
            start.add(if advances { i } else { 0 })
        };
        let whole = length - length % L::COUNT;
        let mut i = 0;
        while i < whole {
            let first = apply::<L, FIRST>(L::load(at(x, i)), L::load(at(y, i)));
            apply::<L, SECOND>(first, L::load(at(z, i))).store(out.add(i));
            i += L::COUNT;
        }
        if whole < length {
            let mask = L::first(length - whole);
            let load = |stream| L::load_masked(at(stream, whole), mask);
            let first = apply::<L, FIRST>(load(x), load(y));
            apply::<L, SECOND>(first, load(z)).store_masked(out.add(whole), mask);
        }
    }
}

/// # Safety
/// The CPU has the instruction set of the vector.
#[inline(always)]
unsafe fn apply<L: Lanes, const OPERATION: usize>(x: L, y: L) -> L {
    const ADD: usize = Arithmetic::Add as usize;
    const SUB: usize = Arithmetic::Sub as usize;
    const SUB_FROM: usize = Arithmetic::SubFrom as usize;
    const MUL: usize = Arithmetic::Mul as usize;
    const DIV: usize = Arithmetic::Div as usize;
    const DIV_INTO: usize = Arithmetic::DivInto as usize;
    // SAFETY: passed on from the caller.
    unsafe {
        match OPERATION {
            ADD => x.add(y),
            SUB => x.sub(y),
            SUB_FROM => y.sub(x),
            MUL => x.mul(y),
            DIV => x.div(y),
            DIV_INTO => y.div(x),
            _ => x.sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Arithmetic; 7] = [
        Arithmetic::Add,
        Arithmetic::Sub,
        Arithmetic::SubFrom,
        Arithmetic::Mul,
        Arithmetic::Div,
        Arithmetic::DivInto,
        Arithmetic::Sqrt,
    ];

    fn alone<T: Number>(operation: Arithmetic, x: T, y: T) -> T {
        match operation {
            Arithmetic::Add => x + y,
            Arithmetic::Sub => x - y,
            Arithmetic::SubFrom => y - x,
            Arithmetic::Mul => x * y,
            Arithmetic::Div => x / y,
            Arithmetic::DivInto => y / x,
            Arithmetic::Sqrt => x.sqrt(),
        }
    }

    /// Each pair over so many elements: all arguments elements, the second a number, and the result
    /// in the place of the first.
    fn check<T: Number>(length: usize) {
        let values = |from: usize| -> Vec<T> {
            let value = |i: usize| (((i * 37 + from * 11) % 101) as f64 - 30.0) / 7.0;
            (0..length).map(|i| T::from_f64(value(i))).collect()
        };
        let bits = |x: T| if x.to_f64().is_nan() { f64::NAN } else { x.to_f64() }.to_bits();
        let (x, y, z) = (values(1), values(2), values(3));
        let number = T::from_f64(0.7);
        for &isa in Isa::available() {
            for first in ALL {
                for second in ALL {
                    let mut out = vec![T::ONE; length];
                    let mut own = x.clone();
                    let elements = |values: &[T]| Stream::Elements(values.as_ptr());
                    let place = own.as_mut_ptr();
                    // SAFETY: all have `length` elements.
                    unsafe {
                        let all = [elements(&x), elements(&y), elements(&z)];
                        run(isa, (first, second), all, out.as_mut_ptr(), length);
                        let some = [Stream::Elements(place), Stream::Number(number), all[2]];
                        run(isa, (first, second), some, place, length);
                    }
                    for i in 0..length {
                        let expected = alone(second, alone(first, x[i], y[i]), z[i]);
                        let with_number = alone(second, alone(first, x[i], number), z[i]);
                        let what = (isa.name(), first, second, i, length);
                        assert_eq!(bits(out[i]), bits(expected), "{what:?}");
                        assert_eq!(bits(own[i]), bits(with_number), "{what:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_pair_rounds_as_its_operations_do_alone() {
        for length in 0..=3 * 16 {
            check::<f32>(length);
            check::<f64>(length);
        }
    }
}
