//! The derivative from values alone: difference quotients, extrapolated to Δx = 0.

use chainrule_core::op::Precision;

use crate::error::Result;

/// A derivative found from values of the function alone.
///
/// Central quotients for halved steps are extrapolated (Ridders, *Advances in Engineering
/// Software* 4, 1982) from steps of several sizes; the one with the least error estimate is taken.
/// At the end of a domain the quotients are one-sided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Numeric {
    /// The derivative; NaN where no quotient has a value.
    pub value: f64,
    /// How far off it is at most, as estimated from the last extrapolations and from rounding.
    pub error: f64,
}

/// How often a first step is halved.
const HALVINGS: usize = 6;

/// Exponents of the first steps, relative to the size of x.
const STARTS: [i32; 6] = [-3, -6, -10, -14, -18, -22];

impl Numeric {
    /// None that has a value.
    pub(super) const NONE: Self = Self { value: f64::NAN, error: f64::INFINITY };

    /// Whether an exact value is the same as far as can be told.
    pub(super) fn agrees(&self, exact: f64, precision: Precision) -> bool {
        let relative = match precision {
            Precision::F64 => 1e-8,
            Precision::F32 => 2e-3,
        };
        (self.value - exact).abs() <= 16.0 * self.error + relative * exact.abs()
    }
}

/// On which side of x the quotients are taken.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Both,
    Right,
    Left,
}

/// The derivative of `f` at `x`, from values computed in a precision.
pub(super) fn derivative(
    f: &mut dyn FnMut(f64) -> Result<f64>,
    x: f64,
    precision: Precision,
) -> Result<Numeric> {
    for side in [Side::Both, Side::Right, Side::Left] {
        let mut best = Numeric::NONE;
        for size in sizes(x) {
            for start in STARTS {
                // No round number, or the steps could hit the periods of a periodic function.
                let step = 0.773_437_5 * size * power_of_two(start);
                let found = extrapolated(f, x, step, side, precision)?;
                if found.error < best.error {
                    best = found;
                }
            }
        }
        if best.error.is_finite() {
            return Ok(best);
        }
    }
    Ok(Numeric::NONE)
}

/// The sizes that a step is relative to: that of x, and 1.
fn sizes(x: f64) -> Vec<f64> {
    let own = size_of(x);
    if own == 1.0 { vec![1.0] } else { vec![own, 1.0] }
}

/// The power of two that x has: 2 for 3, 1 for 0.
pub(super) fn size_of(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { power_of_two(libm::ilogb(x)) }
}

pub(super) fn power_of_two(exponent: i32) -> f64 {
    libm::scalbn(1.0, exponent)
}

/// Quotients for a step and its halves, extrapolated; without a value if one has none.
fn extrapolated(
    f: &mut dyn FnMut(f64) -> Result<f64>,
    x: f64,
    step: f64,
    side: Side,
    precision: Precision,
) -> Result<Numeric> {
    let round = |x: f64| super::point::rounded(x, precision);
    let epsilon = epsilon(precision);
    // The error of a central quotient has even powers of the step alone.
    let factor = if side == Side::Both { 4.0 } else { 2.0 };
    let mut best = Numeric::NONE;
    let mut before: Vec<f64> = Vec::new();
    for halving in 0..HALVINGS {
        let step = step * power_of_two(-(halving as i32));
        let right = if side == Side::Left { x } else { round(x + step) };
        let left = if side == Side::Right { x } else { round(x - step) };
        let (high, low) = (f(right)?, f(left)?);
        let quotient = (high - low) / (right - left);
        if !quotient.is_finite() {
            return Ok(best);
        }
        let rounding = epsilon * (high.abs() + low.abs()) / (right - left);
        let mut row = vec![quotient];
        let mut weight = factor;
        for (j, &coarser) in before.iter().enumerate() {
            let finer = row[j];
            let next = (weight * finer - coarser) / (weight - 1.0);
            let error = (next - finer).abs().max((next - coarser).abs()).max(rounding);
            // One agreement of two quotients may be chance.
            if halving > 1 && error < best.error {
                best = Numeric { value: next, error };
            }
            row.push(next);
            weight *= factor;
        }
        before = row;
    }
    Ok(best)
}

/// Half the gap between 1 and the next number of a precision.
pub(super) fn epsilon(precision: Precision) -> f64 {
    match precision {
        Precision::F64 => f64::EPSILON / 2.0,
        Precision::F32 => f64::from(f32::EPSILON) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The derivative of a function at a point, in double precision.
    fn of(f: impl Fn(f64) -> f64, x: f64) -> Numeric {
        derivative(&mut |x| Ok(f(x)), x, Precision::F64).unwrap()
    }

    #[test]
    fn smooth_functions_have_twelve_digits() {
        let cases: [(f64, Numeric); 6] = [
            (libm::exp(1.0), of(libm::exp, 1.0)),
            (libm::cos(0.3), of(libm::sin, 0.3)),
            (-1e-4, of(|x| 1.0 / x, 100.0)),
            (1e8, of(libm::log, 1e-8)),
            (2e6, of(|x| x * x, 1e6)),
            (1.0, of(libm::sin, 1e-9)),
        ];
        for (exact, found) in cases {
            assert!((found.value / exact - 1.0).abs() < 1e-11, "{exact}: {found:?}");
            assert!(
                (found.value - exact).abs() <= 16.0 * found.error + 1e-15,
                "{exact}: {found:?}"
            );
        }
    }

    #[test]
    fn a_period_of_the_step_does_not_fool_it() {
        let turns = 32.0 * std::f64::consts::PI;
        let found = of(|x| libm::sin(turns * x), 0.0);
        assert!((found.value / turns - 1.0).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn the_end_of_a_domain_has_a_derivative_from_one_side() {
        let found = of(|x| x * x.sqrt(), 0.0);
        assert!(found.value.abs() < 1e-2, "{found:?}");
        let found = of(|x| if x <= 1.0 { x * x } else { f64::NAN }, 1.0);
        assert!((found.value - 2.0).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn where_there_is_no_value_there_is_none() {
        assert!(of(libm::log, -1.0).value.is_nan());
    }
}
