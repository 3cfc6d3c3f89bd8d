//! pow in single precision.

/// 1.5 · 2⁵²: adding it rounds an `f64` to an integer, which then stands in the lowest bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// log₂ of a positive finite number that is normal as an `f64`, to 2⁻⁴⁵ of itself.
#[inline(always)]
fn log2(x: f64) -> f64 {
    /// What the bits of √½ have more than those of 2⁻¹⁰²³.
    const BASE: u64 = core::f64::consts::FRAC_1_SQRT_2.to_bits() - (1022 << 52);
    let bits = x.to_bits();
    // x = 2ᵏ m with √½ ≤ m < √2.
    let biased = bits.wrapping_sub(BASE) >> 52;
    let m = f64::from_bits(bits.wrapping_sub(biased << 52).wrapping_add(1022 << 52));
    let k = f64::from_bits(ROUND.to_bits() | biased) - (ROUND + 1022.0);
    // log m = 2 artanh r
    let r = (m - 1.0) / (m + 1.0);
    let square = r * r;
    let tail = 0.282_902_320_107_409_84_f64
        .mul_add(square, 0.319_905_553_859_319)
        .mul_add(square, 0.412_209_255_657_751_2)
        .mul_add(square, 0.577_077_942_334_524_9)
        .mul_add(square, 0.961_796_694_113_439_4)
        .mul_add(square, 2.885_390_081_777_85);
    tail.mul_add(r, k)
}

/// 2ᶻ for |z| ≤ 1000, to 2⁻³⁸ of itself.
#[inline(always)]
pub(super) fn exp2(z: f64) -> f64 {
    const OFFSET: f64 = ROUND + 1023.0;
    let shifted = z + OFFSET;
    let f = z - (shifted - OFFSET);
    let tail = 1.330_302_093_254_598e-6_f64
        .mul_add(f, 1.531_158_162_177_471e-5)
        .mul_add(f, 1.540_336_507_168_800_2e-4)
        .mul_add(f, 1.333_344_656_052_363_2e-3)
        .mul_add(f, 9.618_129_100_746_858e-3)
        .mul_add(f, 5.550_410_942_884_611e-2)
        .mul_add(f, 0.240_226_506_962_337_16)
        .mul_add(f, 0.693_147_180_545_975_9)
        .mul_add(f, 1.0);
    tail * f64::from_bits(shifted.to_bits() << 52)
}

/// xʸ, at most 0.51 ulp, with the special cases of C: x⁰ = 1 and 1ʸ = 1 even for NaN, 0 to a
/// negative power is infinite, a negative x to a power that is no whole number is NaN.
#[inline(always)]
pub fn pow(x: f32, y: f32) -> f32 {
    let a = f64::from(x.abs());
    let logarithm = if a == 0.0 { f64::NEG_INFINITY } else { log2(a) };
    let logarithm = if a < f64::INFINITY { logarithm } else { a };
    let z = f64::from(y) * logarithm;
    let z = if z > 200.0 { 200.0 } else { z };
    let z = if z < -200.0 { -200.0 } else { z };
    // One rounding to `f32`, denormal and overflowing results included.
    let magnitude = exp2(z) as f32;
    // Of ±1 every whole power has magnitude 1, the infinite ones too.
    let magnitude = if a == 1.0 && !y.is_nan() { 1.0 } else { magnitude };
    let whole = y.floor() == y;
    let half = 0.5 * y;
    let odd = whole && half.floor() != half;
    let signed = if odd { magnitude.copysign(x) } else { magnitude };
    let undefined = x < 0.0 && x > f32::NEG_INFINITY && !whole;
    let result = if undefined { f32::NAN } else { signed };
    if y == 0.0 || x == 1.0 { 1.0 } else { result }
}
