//! Elementary functions in single precision, branch-free, the same bits on every instruction set.
//!
//! Each function is straight-line code of correctly rounded operations (`+`, `−`, `×`, `÷`, fused
//! multiply-add), integer arithmetic on the bits, and selects. A compiler may run any number of
//! them side by side but may change none of their results, so a scalar loop, an AVX2 loop and an
//! AVX-512 loop agree to the bit. A NaN goes in and a NaN comes out; only its payload is not
//! promised.
//!
//! "ulp" below is the spacing of the `f32` numbers at the true value. The figures come from
//! `examples/math_sweep.rs`, which tries every `f32`; the polynomials are own minimax fits
//! (Remez exchange in 50 digits, weighted by the relative error of the function, coefficients
//! rounded one by one with the rest fitted again).

pub use super::normal::normal_cdf;
pub use super::power::pow;
pub use super::trigonometry::{atan, cos, sin};

/// 1.5 · 2²³: adding it rounds an `f32` to an integer, which then stands in the lowest bits.
const ROUND: f32 = 12_582_912.0;

/// The bias of an `f32`'s exponent.
const BIAS: f32 = 127.0;

/// The first fifteen bits of ln 2: its product with an exponent is exact.
const LN_2_HIGH: f32 = 0.693_145_75;

/// What `LN_2_HIGH` leaves of ln 2.
const LN_2_LOW: f32 = 1.428_606_8e-6;

const LOG2_E: f32 = core::f32::consts::LOG2_E;
const LN_2: f32 = core::f32::consts::LN_2;

/// 2ᵏ from an integer whose lowest bits hold k + 127.
#[inline(always)]
fn power_of_two(biased: u32) -> f32 {
    f32::from_bits(biased << 23)
}

/// `value`, but at most `limit`; a NaN stays a NaN.
#[inline(always)]
fn at_most(value: f32, limit: f32) -> f32 {
    if value > limit { limit } else { value }
}

/// `value`, but at least `limit`; a NaN stays a NaN.
#[inline(always)]
fn at_least(value: f32, limit: f32) -> f32 {
    if value < limit { limit } else { value }
}

/// (eᶠ − 1 − f) / f² for |f| ≤ ½ ln 2, to 2⁻²⁸ of what it adds to eᶠ.
#[inline(always)]
fn exp_tail(f: f32) -> f32 {
    let high = 1.383_800_3e-3_f32.mul_add(f, 8.369_165e-3);
    let low = 4.166_810_2e-2_f32.mul_add(f, 0.166_665_17);
    high.mul_add(f * f, low).mul_add(f, 0.499_999_94)
}

/// eᶠ − 1 for |f| ≤ ½ ln 2, to 2⁻²⁵ of eᶠ.
#[inline(always)]
fn exp_minus_one(f: f32) -> f32 {
    exp_tail(f).mul_add(f * f, f)
}

/// log(1 + f) for −¼ ≤ f ≤ ½, to 2⁻²⁷·⁶ of itself.
#[inline(always)]
fn log_one_plus(f: f32) -> f32 {
    let square = f * f;
    let even = 0.104_746_744_f32
        .mul_add(square, 0.144_784_1)
        .mul_add(square, 0.199_908)
        .mul_add(square, 0.333_334_5);
    let odd = (-4.515_461_6e-2_f32)
        .mul_add(square, -0.131_662_58)
        .mul_add(square, -0.166_468_67)
        .mul_add(square, -0.250_001_04);
    let tail = odd.mul_add(f, even);
    tail.mul_add(f, -0.5).mul_add(square, f)
}

/// eˣ, at most 0.90 ulp.
///
/// x = n ln 2 + f with |f| ≤ ½ ln 2; a polynomial gives eᶠ, and 2ⁿ is multiplied in as two
/// factors, so that a denormal result is rounded once. Above 88.72 the result is +∞, below
/// −103.97 it is 0.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    const OFFSET: f32 = ROUND + 2.0 * BIAS;
    let x = at_least(at_most(x, 89.0), -104.0);
    let shifted = x.mul_add(LOG2_E, OFFSET);
    let n = shifted - OFFSET;
    let f = n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, x));
    let bits = shifted.to_bits();
    let half = bits >> 1;
    let mantissa = exp_tail(f).mul_add(f, 1.0).mul_add(f, 1.0);
    mantissa * power_of_two(half) * power_of_two(bits.wrapping_sub(half))
}

/// eˣ − 1, at most 1.45 ulp, without cancellation near 0.
#[inline(always)]
pub fn expm1(x: f32) -> f32 {
    const OFFSET: f32 = ROUND + BIAS - 1.0;
    let clamped = at_least(at_most(x, 89.0), -17.5);
    let shifted = clamped.mul_add(LOG2_E, OFFSET);
    let n = shifted - OFFSET;
    let f = n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, clamped));
    let square = f * f;
    let high = 1.966_337_1e-4_f32.mul_add(f, 1.393_507_4e-3).mul_add(f, 8.333_644e-3);
    let low = 4.166_646_7e-2_f32.mul_add(f, 0.166_666_66);
    let tail = high.mul_add(square, low).mul_add(f, 0.5);
    let near = tail.mul_add(square, f);
    // Half of 2ⁿ, because 2¹²⁸ has no f32 while e^88.7 has.
    let half = power_of_two(shifted.to_bits());
    let far = half.mul_add(near, half - 0.5);
    let result = if n == 0.0 { near } else { far + far };
    result.copysign(x)
}

/// log x, the natural logarithm, at most 0.96 ulp; log 0 = −∞, and a negative x gives NaN.
///
/// x = 2ᵏ(1 + f) with −¼ ≤ f < ½.
#[inline(always)]
pub fn log(x: f32) -> f32 {
    let denormal = x < f32::MIN_POSITIVE;
    let scaled = if denormal { x * 8_388_608.0 } else { x };
    let offset = if denormal { -23.0 } else { 0.0 };
    let bits = scaled.to_bits();
    let exponent = bits.wrapping_sub(0.75_f32.to_bits()) & 0xff80_0000;
    let f = f32::from_bits(bits.wrapping_sub(exponent)) - 1.0;
    let k = (exponent as i32 as f32).mul_add(1.0 / 8_388_608.0, offset);
    let result = k.mul_add(LN_2, log_one_plus(f));
    let outside = if x == 0.0 { f32::NEG_INFINITY } else { f32::NAN };
    let result = if x > 0.0 { result } else { outside };
    if x == f32::INFINITY { x } else { result }
}

/// log(1 + x), at most 0.96 ulp; −∞ at −1, NaN below.
#[inline(always)]
pub fn log1p(x: f32) -> f32 {
    let sum = 1.0 + x;
    // A sum of 1.5, rounded up perhaps, still counts as below it: f = ½ has no rounding.
    let exponent = sum.to_bits().wrapping_sub(0.75_f32.to_bits() + 1) & 0xff80_0000;
    // 1 + x = 2ᵏ(1 + f), where f = 2⁻ᵏ x + (2⁻ᵏ − 1): the rounding of the sum plays no part.
    let scaled = f32::from_bits(x.to_bits().wrapping_sub(exponent));
    let four = f32::from_bits(4.0_f32.to_bits().wrapping_sub(exponent));
    let f = scaled + four.mul_add(0.25, -1.0);
    let k = exponent as i32 as f32 * (1.0 / 8_388_608.0);
    let result = k.mul_add(LN_2, log_one_plus(f));
    let outside = if x == -1.0 { f32::NEG_INFINITY } else { f32::NAN };
    let result = if x > -1.0 { result } else { outside };
    let result = if x == f32::INFINITY { x } else { result };
    result.copysign(x)
}

/// tanh x, at most 0.91 ulp: an odd polynomial below 0.975, above it 1 − 2 / (1 + e²ˣ).
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    const OFFSET: f32 = ROUND + BIAS;
    // From 9.02 on the result rounds to 1.
    let a = at_most(x.abs(), 9.1);
    let shifted = a.mul_add(2.0 * LOG2_E, OFFSET);
    let n = shifted - OFFSET;
    let f = n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, a + a));
    let scale = power_of_two(shifted.to_bits());
    // 1 + 2ⁿeᶠ in one rounding: eᶠ itself is never rounded to a number near 1.
    let divisor = scale.mul_add(exp_minus_one(f), scale + 1.0);
    let far = 1.0 - 2.0 / divisor;
    let square = a * a;
    let tail = (-3.796_528_6e-4_f32)
        .mul_add(square, 2.368_057_4e-3)
        .mul_add(square, -8.027_726e-3)
        .mul_add(square, 2.153_550_6e-2)
        .mul_add(square, -5.389_448e-2)
        .mul_add(square, 0.133_325_46)
        .mul_add(square, -0.333_333_05);
    let near = (tail * square).mul_add(a, a);
    let result = if a < 0.975 { near } else { far };
    result.copysign(x)
}

/// 1 / (1 + e⁻ˣ), at most 1.70 ulp; denormal results below −87.3 are kept.
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    const OFFSET: f32 = ROUND + 2.0 * BIAS;
    let x = at_least(at_most(x, 88.0), -104.0);
    let shifted = x.mul_add(-LOG2_E, OFFSET);
    let n = shifted - OFFSET;
    let f = n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, -x));
    let growth = exp_minus_one(f);
    // Both 1 and 2ⁿ are divided by 2^⌊n/2⌋, so that neither they nor the quotient leave the range.
    let bits = shifted.to_bits();
    let half = bits >> 1;
    let scale = power_of_two(bits.wrapping_sub(half));
    let one = power_of_two(254_u32.wrapping_sub(half));
    let sum = scale + one;
    // From n = 24 on `sum` drops bits of `one`; before, this is 0 and the line below rounds once.
    let dropped = one - (sum - scale);
    let divisor = scale.mul_add(growth, dropped) + sum;
    (1.0 / divisor) * one
}

/// log(1 + eˣ), at most 1.66 ulp: max(x, 0) + log(1 + e^−|x|).
#[inline(always)]
pub fn softplus(x: f32) -> f32 {
    let decay = exp(-x.abs());
    let upper = decay > 0.5;
    let f = if upper { decay.mul_add(0.5, -0.5) } else { decay };
    let offset = if upper { LN_2 } else { 0.0 };
    let positive = if x > 0.0 { x } else { 0.0 };
    positive + (offset + log_one_plus(f))
}

/// erf x = 2/√π ∫₀ˣ e^(−t²) dt, at most 0.98 ulp: an odd polynomial below 0.9277, above it
/// 1 − e^(−p(|x|)) with p a fit of −log erfc.
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    const OFFSET: f32 = ROUND + BIAS;
    // From 3.92 on the result rounds to 1.
    let a = at_most(x.abs(), 3.95);
    let logarithm = (-1.950_370_4e-4_f32)
        .mul_add(a, 3.034_391e-3)
        .mul_add(a, -2.219_174_2e-2)
        .mul_add(a, 0.103_858_61)
        .mul_add(a, 0.637_265_44)
        .mul_add(a, 1.127_626_2)
        .mul_add(a, 2.076_564_7e-4);
    let shifted = logarithm.mul_add(-LOG2_E, OFFSET);
    let n = shifted - OFFSET;
    let f = n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, -logarithm));
    let scale = power_of_two(shifted.to_bits());
    let far = scale.mul_add(-exp_minus_one(f), 1.0 - scale);
    let square = a * a;
    let near = 7.995_286_4e-5_f32
        .mul_add(square, -8.049_545e-4)
        .mul_add(square, 5.192_393_4e-3)
        .mul_add(square, -2.685_573e-2)
        .mul_add(square, 0.112_836_26)
        .mul_add(square, -0.376_126_3)
        .mul_add(square, 0.128_379_17)
        .mul_add(a, a);
    let result = if a < 0.9277 { near } else { far };
    result.copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFINITY: f32 = f32::INFINITY;

    /// Checks results to the bit, so that −0 is not 0.
    fn check(function: fn(f32) -> f32, cases: &[(f32, f32)]) {
        for &(x, expected) in cases {
            let got = function(x);
            assert_eq!(got.to_bits(), expected.to_bits(), "{got:e}, not {expected:e}, at {x:e}");
        }
        assert!(function(f32::NAN).is_nan() && function(-f32::NAN).is_nan());
    }

    #[test]
    fn exponentials_at_the_ends_of_the_range() {
        let least = f32::from_bits(1);
        check(
            exp,
            &[
                (0.0, 1.0),
                (-0.0, 1.0),
                (1.0, core::f32::consts::E),
                (88.722_84, INFINITY),
                (INFINITY, INFINITY),
                (-103.97, least),
                (-103.98, 0.0),
                (-INFINITY, 0.0),
            ],
        );
        assert!(exp(88.722_83) < INFINITY);
        check(
            expm1,
            &[
                (0.0, 0.0),
                (-0.0, -0.0),
                (least, least),
                (-least, -least),
                (1e-20, 1e-20),
                (89.0, INFINITY),
                (INFINITY, INFINITY),
                (-20.0, -1.0),
                (-INFINITY, -1.0),
            ],
        );
        check(
            sigmoid,
            &[
                (0.0, 0.5),
                (-0.0, 0.5),
                (20.0, 1.0),
                (INFINITY, 1.0),
                (-103.97, least),
                (-104.5, 0.0),
                (-INFINITY, 0.0),
            ],
        );
        check(
            softplus,
            &[
                (0.0, LN_2),
                (100.0, 100.0),
                (1e30, 1e30),
                (INFINITY, INFINITY),
                (-103.97, least),
                (-INFINITY, 0.0),
            ],
        );
    }

    #[test]
    fn logarithms_at_the_ends_of_their_domains() {
        check(
            log,
            &[
                (1.0, 0.0),
                (2.0, LN_2),
                (0.0, -INFINITY),
                (-0.0, -INFINITY),
                (INFINITY, INFINITY),
                (f32::from_bits(1), -103.278_93),
                (f32::MAX, 88.722_84),
            ],
        );
        check(
            log1p,
            &[
                (0.0, 0.0),
                (-0.0, -0.0),
                (f32::from_bits(1), f32::from_bits(1)),
                (1.0, LN_2),
                (-1.0, -INFINITY),
                (INFINITY, INFINITY),
                (f32::MAX, 88.722_84),
            ],
        );
        for x in [-f32::from_bits(1), -1.0, -INFINITY] {
            assert!(log(x).is_nan());
        }
        for x in [-1.000_000_1, -2.0, f32::MIN, -INFINITY] {
            assert!(log1p(x).is_nan());
        }
    }

    #[test]
    fn odd_functions_at_zero_and_infinity() {
        let quarter = core::f32::consts::FRAC_PI_2;
        for (function, limit) in [(tanh as fn(f32) -> f32, 1.0), (erf, 1.0), (atan, quarter)] {
            check(
                function,
                &[
                    (0.0, 0.0),
                    (-0.0, -0.0),
                    (INFINITY, limit),
                    (-INFINITY, -limit),
                    (f32::MAX, limit),
                    (f32::MIN, -limit),
                ],
            );
        }
        let least = f32::from_bits(1);
        check(tanh, &[(least, least), (-least, -least)]);
        check(atan, &[(least, least), (1.0, core::f32::consts::FRAC_PI_4)]);
    }

    #[test]
    fn angles_of_any_size() {
        let least = f32::from_bits(1);
        check(sin, &[(0.0, 0.0), (-0.0, -0.0), (least, least), (-least, -least)]);
        check(cos, &[(0.0, 1.0), (-0.0, 1.0)]);
        assert!(sin(INFINITY).is_nan() && cos(-INFINITY).is_nan());
        // From mpmath in 300 bits. No `f32` comes nearer to a multiple of π/2 than the second.
        let nearest = 7.729_179e28;
        check(sin, &[(f32::MAX, -0.521_876_5), (nearest, 1.0)]);
        check(cos, &[(f32::MAX, 0.853_021), (nearest, -1.614_769_8e-9)]);
    }
}
