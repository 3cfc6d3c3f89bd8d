//! The distribution function of the normal distribution in single precision.

use super::power::exp2;

/// Φ(−a)·e^(a²/2) for 0 ≤ a ≤ 14.5, to 2⁻³³ of itself: a polynomial of 6/(a + 6).
#[inline(always)]
fn scaled_tail(a: f64) -> f64 {
    let t = 6.0 / (a + 6.0);
    let polynomial = (-0.100_057_746_378_451_73_f64)
        .mul_add(t, 0.563_713_342_393_339_1)
        .mul_add(t, -1.257_972_565_198_996_6)
        .mul_add(t, 1.809_493_521_206_818_4)
        .mul_add(t, -1.647_236_909_109_072_6)
        .mul_add(t, 1.155_322_184_825_102_3)
        .mul_add(t, -0.480_551_770_927_309_94)
        .mul_add(t, 0.235_189_448_032_083_22)
        .mul_add(t, 1.838_171_581_908_605_6e-2)
        .mul_add(t, 7.133_976_627_155_353e-2)
        .mul_add(t, 6.586_202_067_985_063e-2)
        .mul_add(t, 6.651_699_241_865_2e-2);
    polynomial * t
}

/// Φ(x) = ½ erfc(−x/√2), at most 0.51 ulp: the share of a normal distribution that lies below x.
///
/// It works in double precision, since nothing else keeps the digits of e^(−x²/2) in the left
/// tail; denormal results below −13.1 are kept.
#[inline(always)]
pub fn normal_cdf(x: f32) -> f32 {
    let a = f64::from(x.abs());
    // From 14.2 on even the least denormal is too large.
    let a = if a > 14.5 { 14.5 } else { a };
    let tail = exp2(a * a * (-0.5 * core::f64::consts::LOG2_E)) * scaled_tail(a);
    let share = if x > 0.0 { 1.0 - tail } else { tail };
    share as f32
}
