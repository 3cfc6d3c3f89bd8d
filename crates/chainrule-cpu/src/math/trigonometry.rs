//! sin, cos and atan in single precision.
//!
//! sin and cos work in double precision: nothing else gives the right digits for every `f32`, and
//! the polynomials get by with few terms.

/// 1.5 · 2⁵²: adding it rounds an `f64` to an integer, which then stands in the lowest bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// 256 bits of 1 / 2π after the binary point.
const TURN: [u64; 4] =
    [0x28be_60db_9391_054a, 0x7f09_d5f4_7d4d_3770, 0x36d8_a566_4f10_e410, 0x7f94_58ea_f7ae_f158];

/// Returns bits `first .. first + count` of `TURN`, with `count` at most 64.
const fn turn_bits(first: usize, count: usize) -> u64 {
    let mut bits = 0;
    let mut place = first;
    while place < first + count {
        bits = bits << 1 | TURN[place / 64] >> (63 - place % 64) & 1;
        place += 1;
    }
    bits
}

/// 2ᵏ as an `f64`.
const fn power_of_two(k: i32) -> f64 {
    f64::from_bits(((1023 + k) as u64) << 52)
}

/// Two parts of 2/π · 2ᵠ mod 4, times 2⁻ᵠ, for q = 0 .. 105: the high one has 29 bits, so that its
/// product with an `f32` is exact.
///
/// An `f32` is a whole number times 2ᵠ if its biased exponent is 150 + q; then whole turns, which
/// are multiples of 4 here, may be left out of 2/π · 2ᵠ before the product is formed. (M. Payne
/// and R. Hanek, "Radian reduction for trigonometric functions", 1983.)
static QUARTERS: [[f64; 2]; 106] = {
    let mut table = [[0.0; 2]; 106];
    let mut q = 0;
    while q < table.len() {
        let scale = power_of_two(-(q as i32));
        table[q][0] = turn_bits(q, 29) as f64 * power_of_two(-27) * scale;
        table[q][1] = turn_bits(q + 29, 64) as f64 * power_of_two(-91) * scale;
        q += 1;
    }
    table
};

/// Reduces x to quarter turns: the number of them modulo 4 in the lowest bits, and the rest as a
/// fraction of a quarter in [−½, ½].
#[inline(always)]
fn quarter_turns(x: f32) -> (u64, f64) {
    let exponent = (x.to_bits() >> 23 & 0xff) as usize;
    let [high, low] = QUARTERS[exponent.saturating_sub(150)];
    let x = f64::from(x);
    let product = x * high;
    let shifted = x.mul_add(low, product) + ROUND;
    (shifted.to_bits(), x.mul_add(low, product - (shifted - ROUND)))
}

/// sin(π/2 (f + quarters)).
#[inline(always)]
fn sine_of(quarters: u64, f: f64) -> f32 {
    let square = f * f;
    let sine = 1.581_950_721_030_369_5e-4_f64
        .mul_add(square, -4.681_260_626_609_165e-3)
        .mul_add(square, 7.969_258_184_276_691e-2)
        .mul_add(square, -0.645_964_096_102_414_3)
        .mul_add(square, 1.570_796_326_787_75)
        * f;
    let cosine = 9.037_665_330_894_139e-4_f64
        .mul_add(square, -2.086_016_510_707_795_8e-2)
        .mul_add(square, 0.253_669_225_964_916_5)
        .mul_add(square, -1.233_700_542_597_643_7)
        .mul_add(square, 1.0);
    let value = if quarters & 1 == 0 { sine } else { cosine };
    let sign = (quarters & 2) << 62;
    f64::from_bits(value.to_bits() ^ sign) as f32
}

/// sin x, at most 0.51 ulp for every finite x, however large; NaN for an infinite one.
#[inline(always)]
pub fn sin(x: f32) -> f32 {
    let (quarters, f) = quarter_turns(x);
    sine_of(quarters, f)
}

/// cos x, at most 0.51 ulp for every finite x, however large; NaN for an infinite one.
#[inline(always)]
pub fn cos(x: f32) -> f32 {
    let (quarters, f) = quarter_turns(x);
    sine_of(quarters.wrapping_add(1), f)
}

/// atan x, at most 1.41 ulp: an odd polynomial on [0, 1], above 1 the same of −1/x from π/2 on.
#[inline(always)]
pub fn atan(x: f32) -> f32 {
    let a = x.abs();
    let steep = a > 1.0;
    let t = if steep { -1.0 } else { a } / if steep { a } else { 1.0 };
    let square = t * t;
    let tail = (-1.782_160_7e-3_f32)
        .mul_add(square, 1.086_636_3e-2)
        .mul_add(square, -3.109_362_7e-2)
        .mul_add(square, 5.787_891_5e-2)
        .mul_add(square, -8.399_21e-2)
        .mul_add(square, 0.109_508_6)
        .mul_add(square, -0.142_640_14)
        .mul_add(square, 0.199_985_31)
        .mul_add(square, -0.333_333);
    let angle = (tail * square).mul_add(t, t);
    // π/2 as a product of two `f32`s, which the fused multiply-add takes in exactly.
    let quarter = if steep { 0.933_189_45 } else { 0.0 };
    f32::mul_add(quarter, 1.683_255_6, angle).copysign(x)
}
