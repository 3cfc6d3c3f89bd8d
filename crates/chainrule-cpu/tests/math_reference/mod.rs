//! What the functions of `chainrule_cpu::math::single` are measured against: the double-precision
//! functions of the libm crate, and the error in ulp.

use chainrule_cpu::Isa;
use chainrule_cpu::math::{double, single};

/// A function, what it should be, and the error that it may have.
pub struct Function {
    pub name: &'static str,
    /// Applies the function to each element, in a loop compiled for the given instruction set.
    pub apply: fn(Isa, &[f32], &mut [f32]),
    pub exact: fn(f64) -> f64,
    /// In ulp.
    pub bound: f64,
}

/// A loop over a function, compiled three times.
macro_rules! looped {
    ($x:ident => $value:expr) => {{
        #[inline(always)]
        fn body(x: &[f32], y: &mut [f32]) {
            for (y, &$x) in y.iter_mut().zip(x) {
                *y = $value;
            }
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2,fma")]
        fn avx2(x: &[f32], y: &mut [f32]) {
            body(x, y);
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
        fn avx512(x: &[f32], y: &mut [f32]) {
            body(x, y);
        }
        fn apply(isa: Isa, x: &[f32], y: &mut [f32]) {
            match isa.name() {
                // SAFETY: an `Isa` of this name exists only on a CPU that has these features.
                #[cfg(target_arch = "x86_64")]
                "avx2" => unsafe { avx2(x, y) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                "avx512" => unsafe { avx512(x, y) },
                _ => body(x, y),
            }
        }
        apply as fn(Isa, &[f32], &mut [f32])
    }};
}

macro_rules! functions {
    ($($name:ident $bound:literal)*; $($power:literal $power_bound:literal)*) => {
        vec![
            $(Function {
                name: stringify!($name),
                apply: looped!(x => single::$name(x)),
                exact: double::$name,
                bound: $bound,
            },)*
            $(Function {
                name: concat!("pow(x, ", stringify!($power), ")"),
                apply: looped!(x => single::pow(x, $power)),
                exact: |x| double::pow(x, f64::from($power as f32)),
                bound: $power_bound,
            },
            Function {
                name: concat!("pow(", stringify!($power), ", x)"),
                apply: looped!(x => single::pow($power, x)),
                exact: |x| double::pow(f64::from($power as f32), x),
                bound: $power_bound,
            },)*
        ]
    };
}

/// All functions of one argument, and pow with one argument held.
pub fn functions() -> Vec<Function> {
    functions! {
        exp 0.9
        expm1 1.5
        log 1.0
        log1p 1.0
        tanh 1.0
        sigmoid 1.7
        softplus 1.7
        erf 1.0
        normal_cdf 0.51
        sin 0.51
        cos 0.51
        atan 1.5;
        2.0 0.51
        0.5 0.51
        -2.5 0.51
        1.000001 0.51
    }
}

/// The distance of a result from the true value, in the spacing of `f32` at the true value: 2⁻¹⁴⁹
/// at least, and +∞ counts as 2¹²⁸.
pub fn ulp_error(got: f32, exact: f64) -> f64 {
    if got.is_nan() || exact.is_nan() {
        return if got.is_nan() && exact.is_nan() { 0.0 } else { f64::INFINITY };
    }
    // 2¹²⁸
    let top: f64 = 340_282_366_920_938_463_463_374_607_431_768_211_456.0;
    let got = if got.is_infinite() { top.copysign(f64::from(got)) } else { f64::from(got) };
    let exact = exact.clamp(-top, top);
    let exponent = (exact.abs().to_bits() >> 52).clamp(1023 - 126, 1023 + 127);
    let spacing = f64::from_bits((exponent - 23) << 52);
    (got - exact).abs() / spacing
}
