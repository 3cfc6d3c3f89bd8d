//! The definition of the derivative as a table of shrinking Δx.

use chainrule_core::op::Precision;

use super::numeric::epsilon;
use super::point::rounded;
use crate::error::Result;

/// The difference quotients of a function for Δx = 0.1, 0.01 …
///
/// Small steps are better until rounding takes over: the quotient's own error is about
/// Δx·|f″|/2 for the forward and Δx²·|f‴|/6 for the central quotient, and the error that rounding
/// makes is about ε·|f|/Δx. The sum is least near √ε and near ∛ε.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// A row for each Δx, from the largest.
    pub rows: Vec<Row>,
    /// The row whose forward quotient is best. Rounding may bring one with a smaller step nearer by
    /// luck; so what it is likely to do is added to the error that it has done.
    pub best_forward: Option<usize>,
    /// The row whose central quotient is best.
    pub best_central: Option<usize>,
    /// √ε and ∛ε of the precision: where the best steps are to be expected, times the size of x.
    pub expected: (f64, f64),
}

/// The quotients for one Δx.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Δx; the quotients use (x + Δx) − x as it comes out rounded.
    pub step: f64,
    /// (f(x + Δx) − f(x)) / Δx
    pub forward: Quotient,
    /// (f(x + Δx) − f(x − Δx)) / (2Δx)
    pub central: Quotient,
}

/// A difference quotient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quotient {
    /// Its value; NaN where the function has none, or where x + Δx is x.
    pub value: f64,
    /// Its distance from the derivative on its side; NaN where there is none.
    pub error: f64,
}

/// Builds the table for a function in a precision; `exact` are the derivatives that the forward
/// and the central quotient tend to.
pub(super) fn limit(
    f: &mut dyn FnMut(f64) -> Result<f64>,
    x: f64,
    exact: (f64, f64),
    precision: Precision,
) -> Result<Limit> {
    let round = |x: f64| rounded(x, precision);
    let (size, power) = decimal_size(x);
    let digits = match precision {
        Precision::F64 => 12,
        Precision::F32 => 7,
    };
    let quotient = |high: f64, low: f64, run: f64, exact: f64| {
        let value = round(round(high - low) / run);
        let value = if run == 0.0 || !value.is_finite() { f64::NAN } else { value };
        let error = (value - exact).abs();
        // The usual size of the error of two rounded values, over Δx.
        let rounding = epsilon(precision) * (high.abs() + low.abs()) / (4.0 * run);
        (Quotient { value, error }, error + rounding)
    };
    let here = f(x)?;
    let (mut rows, mut forward_doubts, mut central_doubts) = (Vec::new(), Vec::new(), Vec::new());
    for digit in 1..=digits {
        // From its decimal text, so that it is the number nearest 10⁻ⁿ.
        let step: f64 = format!("1e{}", power - digit).parse().unwrap_or(size);
        let (right, left) = (round(x + round(step)), round(x - round(step)));
        let (high, low) = (f(right)?, f(left)?);
        let (forward, forward_doubt) = quotient(high, here, round(right - x), exact.0);
        let (central, central_doubt) = quotient(high, low, round(right - left), exact.1);
        rows.push(Row { step, forward, central });
        forward_doubts.push(forward_doubt);
        central_doubts.push(central_doubt);
    }
    let best = |doubts: &[f64]| {
        let doubts = doubts.iter().enumerate().filter(|(_, doubt)| doubt.is_finite());
        doubts.min_by(|a, b| a.1.total_cmp(b.1)).map(|(row, _)| row)
    };
    let gap = 2.0 * epsilon(precision);
    Ok(Limit {
        best_forward: best(&forward_doubts),
        best_central: best(&central_doubts),
        rows,
        expected: (gap.sqrt() * size, libm::cbrt(gap) * size),
    })
}

/// The power of ten that steps are relative to: 1 for numbers of ordinary size.
fn decimal_size(x: f64) -> (f64, i32) {
    let exponent = match x.abs() {
        0.0 => 0,
        size if (1e-3..10.0).contains(&size) => 0,
        size => libm::floor(libm::log10(size)) as i32,
    };
    (libm::exp10(f64::from(exponent)), exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_steps_are_where_theory_says() {
        for (f, slope, x) in [
            (libm::exp as fn(f64) -> f64, libm::exp as fn(f64) -> f64, 1.0),
            (libm::sin, libm::cos, 0.7),
            (libm::log, |x| 1.0 / x, 3.0),
        ] {
            let exact = slope(x);
            let table = limit(&mut |x| Ok(f(x)), x, (exact, exact), Precision::F64).unwrap();
            assert_eq!(table.rows.len(), 12);
            let forward = table.rows[table.best_forward.unwrap()].step;
            let central = table.rows[table.best_central.unwrap()].step;
            assert!((1e-9..=1e-7).contains(&forward), "{forward}");
            assert!((1e-6..=1e-4).contains(&central), "{central}");
            // The first rows shrink by 10 and by 100.
            let error = |row: usize| (table.rows[row].forward.error, table.rows[row].central.error);
            assert!((error(1).0 / error(2).0 / 10.0 - 1.0).abs() < 0.2);
            assert!((error(0).1 / error(1).1 / 100.0 - 1.0).abs() < 0.2);
            assert!(error(11).0 > 1e3 * error(7).0);
        }
    }

    #[test]
    fn steps_have_the_size_of_x() {
        let steps = |x: f64| {
            limit(&mut |x| Ok(x * x), x, (2.0 * x, 2.0 * x), Precision::F64).unwrap().rows[0].step
        };
        assert_eq!([0.0, 0.5, -9.0, 12.0, -5e8, 2e-7].map(steps), [0.1, 0.1, 0.1, 1.0, 1e7, 1e-8]);
    }

    #[test]
    fn what_has_no_value_has_no_error() {
        let f = |x: f64| Ok(if x < 0.0 { f64::NAN } else { x * x });
        let table = limit(&mut { f }, 0.0, (0.0, f64::NAN), Precision::F64).unwrap();
        assert!(table.rows.iter().all(|row| row.central.value.is_nan()));
        assert_eq!((table.best_forward, table.best_central), (Some(11), None));
    }
}
