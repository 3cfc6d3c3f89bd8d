//! The loops of elementwise operations, once in plain Rust, compiled for each instruction set.

use chainrule_core::compile::program::MapOp;
use chainrule_core::op::{Binary, Compare, Precision, Unary};

use crate::math::Math;
use crate::simd::{Element, Isa, Level};
use crate::source::{RowSource, Selection};

/// The number types that the engine computes in, with their functions: `f32` and `f64`.
pub trait Number: Element + Math + From<f32> {
    /// Copies selected rows of a group of columns out of a source.
    fn gather(source: &dyn RowSource, group: usize, rows: Selection<'_>, out: &mut [Self]);
}

impl Number for f32 {
    fn gather(source: &dyn RowSource, group: usize, rows: Selection<'_>, out: &mut [Self]) {
        source.gather_f32(group, rows, out);
    }
}

impl Number for f64 {
    fn gather(source: &dyn RowSource, group: usize, rows: Selection<'_>, out: &mut [Self]) {
        source.gather_f64(group, rows, out);
    }
}

/// An operand of a loop.
#[derive(Clone, Copy)]
pub(crate) enum Lane<'a, T> {
    /// One number for each element.
    Slice(&'a [T]),
    /// The same number for all.
    Splat(T),
    /// What stands where the result is to be written.
    Own,
}

impl<T: Number> Lane<'_, T> {
    #[inline(always)]
    fn at(&self, i: usize, own: T) -> T {
        match self {
            Self::Slice(slice) => slice[i],
            Self::Splat(value) => *value,
            Self::Own => own,
        }
    }
}

/// Runs one operation over a tile.
pub(crate) fn run<T: Number>(isa: Isa, op: MapOp, arguments: [Lane<'_, T>; 3], out: &mut [T]) {
    match isa.level() {
        Level::Portable => body(op, arguments, out),
        // SAFETY: an `Isa` of this level exists only on a CPU that has these features.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { avx2(op, arguments, out) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512(op, arguments, out) },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<T: Number>(op: MapOp, arguments: [Lane<'_, T>; 3], out: &mut [T]) {
    body(op, arguments, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
fn avx512<T: Number>(op: MapOp, arguments: [Lane<'_, T>; 3], out: &mut [T]) {
    body(op, arguments, out);
}

/// out[i] = f(x[i])
macro_rules! one {
    ($out:ident, $x:ident, $value:ident => $f:expr) => {
        match $x {
            Lane::Slice(slice) => {
                for (out, &$value) in $out.iter_mut().zip(slice) {
                    *out = $f;
                }
            }
            Lane::Splat($value) => $out.fill($f),
            Lane::Own => {
                for out in $out.iter_mut() {
                    let own = *out;
                    let $value = own;
                    *out = $f;
                }
            }
        }
    };
}

/// out[i] = f(a[i], b[i]), with a loop for each way in which an operand may be a constant.
macro_rules! two {
    ($out:ident, $left:ident, $right:ident, $a:ident, $b:ident => $f:expr) => {
        match ($left, $right) {
            (Lane::Slice(left), Lane::Slice(right)) => {
                for ((out, &$a), &$b) in $out.iter_mut().zip(left).zip(right) {
                    *out = $f;
                }
            }
            (Lane::Slice(left), Lane::Splat($b)) => {
                for (out, &$a) in $out.iter_mut().zip(left) {
                    *out = $f;
                }
            }
            (Lane::Splat($a), Lane::Slice(right)) => {
                for (out, &$b) in $out.iter_mut().zip(right) {
                    *out = $f;
                }
            }
            (Lane::Splat($a), Lane::Splat($b)) => $out.fill($f),
            (Lane::Own, Lane::Slice(right)) => {
                for (out, &$b) in $out.iter_mut().zip(right) {
                    let $a = *out;
                    *out = $f;
                }
            }
            (Lane::Slice(left), Lane::Own) => {
                for (out, &$a) in $out.iter_mut().zip(left) {
                    let $b = *out;
                    *out = $f;
                }
            }
            (left, right) => {
                for (i, out) in $out.iter_mut().enumerate() {
                    let ($a, $b) = (left.at(i, *out), right.at(i, *out));
                    *out = $f;
                }
            }
        }
    };
}

#[inline(always)]
fn body<T: Number>(op: MapOp, [x, y, z]: [Lane<'_, T>; 3], out: &mut [T]) {
    let truth = |holds: bool| if holds { T::ONE } else { T::ZERO };
    match op {
        MapOp::Copy => one!(out, x, a => a),
        MapOp::Cast(Precision::F32) => one!(out, x, a => T::from_f64(f64::from(a.to_f64() as f32))),
        MapOp::Cast(Precision::F64) => one!(out, x, a => a),
        MapOp::Unary(unary) => match unary {
            Unary::Neg => one!(out, x, a => -a),
            Unary::Abs => one!(out, x, a => Math::abs(a)),
            Unary::Sign => one!(out, x, a => sign(a)),
            Unary::Exp => one!(out, x, a => Math::exp(a)),
            Unary::Expm1 => one!(out, x, a => Math::expm1(a)),
            Unary::Log => one!(out, x, a => Math::log(a)),
            Unary::Log1p => one!(out, x, a => Math::log1p(a)),
            Unary::Sqrt => one!(out, x, a => Element::sqrt(a)),
            Unary::Sin => one!(out, x, a => Math::sin(a)),
            Unary::Cos => one!(out, x, a => Math::cos(a)),
            Unary::Atan => one!(out, x, a => Math::atan(a)),
            Unary::Tanh => one!(out, x, a => Math::tanh(a)),
            Unary::Sigmoid => one!(out, x, a => Math::sigmoid(a)),
            Unary::Softplus => one!(out, x, a => Math::softplus(a)),
            Unary::Erf => one!(out, x, a => Math::erf(a)),
            Unary::NormalCdf => one!(out, x, a => Math::normal_cdf(a)),
            Unary::Floor => one!(out, x, a => Math::floor(a)),
        },
        MapOp::Binary(binary) => match binary {
            Binary::Add => two!(out, x, y, a, b => a + b),
            Binary::Sub => two!(out, x, y, a, b => a - b),
            Binary::Mul => two!(out, x, y, a, b => a * b),
            Binary::Div => two!(out, x, y, a, b => a / b),
            Binary::Pow => two!(out, x, y, a, b => Math::pow(a, b)),
            Binary::Max => two!(out, x, y, a, b => Math::maximum(a, b)),
            Binary::Min => two!(out, x, y, a, b => Math::minimum(a, b)),
        },
        MapOp::Compare(compare) => match compare {
            Compare::Lt => two!(out, x, y, a, b => truth(a < b)),
            Compare::Le => two!(out, x, y, a, b => truth(a <= b)),
            Compare::Eq => two!(out, x, y, a, b => truth(a == b)),
        },
        MapOp::Select => match (x, y, z) {
            (Lane::Slice(x), Lane::Slice(y), Lane::Slice(z)) => {
                for (((out, &c), &a), &b) in out.iter_mut().zip(x).zip(y).zip(z) {
                    *out = if c != T::ZERO { a } else { b };
                }
            }
            (Lane::Slice(x), Lane::Slice(y), Lane::Splat(b)) => {
                for ((out, &c), &a) in out.iter_mut().zip(x).zip(y) {
                    *out = if c != T::ZERO { a } else { b };
                }
            }
            (Lane::Slice(x), Lane::Splat(a), Lane::Slice(z)) => {
                for ((out, &c), &b) in out.iter_mut().zip(x).zip(z) {
                    *out = if c != T::ZERO { a } else { b };
                }
            }
            (x, y, z) => {
                for (i, out) in out.iter_mut().enumerate() {
                    let own = *out;
                    *out = if x.at(i, own) != T::ZERO { y.at(i, own) } else { z.at(i, own) };
                }
            }
        },
    }
}

/// −1, 0 or 1; ±0 and NaN stay what they are.
#[inline(always)]
fn sign<T: Number>(x: T) -> T {
    if x > T::ZERO {
        T::ONE
    } else if x < T::ZERO {
        -T::ONE
    } else {
        x * T::ZERO
    }
}
