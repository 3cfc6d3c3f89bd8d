//! Metrics of numbers: how far predictions lie from their targets.
//!
//! Of several outputs a metric is the average of the outputs' own, unless it says otherwise.

use std::f64::consts::LN_2;

use chainrule_core::Words;

use super::columns::power_of_two;
use super::{Better, Measure, Metric, MetricError, Numbers, Point, Score, Warning};

/// Mean squared error, Σ w (y − p)² / Σ w; 0 to ∞, in the target's units squared.
pub fn mse(numbers: &Numbers<'_>) -> Result<Score, MetricError> {
    Ok(numbers.average(|output| numbers.mean(output, |y, p| (y - p) * (y - p))).into())
}

/// Root mean squared error, √(Σ w (y − p)² / Σ w); 0 to ∞, in the target's units.
///
/// Of several outputs it is the average of their roots, not the root of their average.
pub fn rmse(numbers: &Numbers<'_>) -> Result<Score, MetricError> {
    let of_output = |output| {
        let unit = numbers.unit(output);
        let square = |y, p| {
            let error = y / unit - p / unit;
            error * error
        };
        unit * numbers.mean(output, square).sqrt()
    };
    Ok(numbers.average(of_output).into())
}

/// Mean absolute error, Σ w |y − p| / Σ w; 0 to ∞, in the target's units.
pub fn mae(numbers: &Numbers<'_>) -> Result<Score, MetricError> {
    Ok(numbers.average(|output| numbers.mean(output, |y, p| (y - p).abs())).into())
}

/// Median absolute error, the weighted median of |y − p|; 0 to ∞, in the target's units.
///
/// It is the error that half of the weight does not exceed; where exactly half of it lies below
/// and half above two errors, it is midway between them.
pub fn median_absolute_error(numbers: &Numbers<'_>) -> Result<Score, MetricError> {
    let of_output = |output| {
        let errors = numbers.rows(output).map(|(w, y, p): (f64, f64, f64)| ((y - p).abs(), w));
        weighted_median(errors.collect())
    };
    Ok(numbers.average(of_output).into())
}

/// The weighted median of one or more (value, weight): the first value up to which at least half of
/// the weight lies, or if it is just half, the mean of that value and the next.
///
/// So does scikit-learn 1.9, but what it takes for half depends on how its sums were rounded.
fn weighted_median(mut values: Vec<(f64, f64)>) -> f64 {
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = values.iter().map(|(_, weight)| weight).sum();
    // Sums of so many weights are rounded by about this much, and one that is a half but for that
    // is a half.
    let (half, rounding) = (total / 2.0, total * f64::EPSILON * (values.len() as f64).sqrt());
    let mut up_to = 0.0;
    let reached = values.iter().position(|(_, weight)| {
        up_to += weight;
        up_to >= half - rounding
    });
    let at = reached.unwrap_or(values.len() - 1);
    match values.get(at + 1) {
        Some(next) if up_to <= half + rounding => values[at].0.midpoint(next.0),
        _ => values[at].0,
    }
}

/// Largest error, max |y − p| of the rows that weigh anything; 0 to ∞, in the target's units.
///
/// Of several outputs it is the largest of all, so that no prediction is further off.
pub fn max_error(numbers: &Numbers<'_>) -> Result<Score, MetricError> {
    let errors =
        (0..numbers.outputs).flat_map(|output| numbers.rows(output)).map(|(_, y, p)| (y - p).abs());
    Ok(errors.fold(0.0, f64::max).into())
}

/// Root mean squared logarithmic error, √(Σ w (log(1 + p) − log(1 + y))² / Σ w); 0 to ∞.
///
/// Errors: a target or a prediction at or below −1, by its row.
pub fn rmsle(numbers: &Numbers<'_>) -> Result<Score, MetricError> {
    if let Some((column, row, value)) = numbers.find(|value| value <= -1.0) {
        return Err(MetricError::NotAboveMinusOne { column, row, value });
    }
    let square = |y, p| {
        let difference = difference_of_logarithms(y, p);
        difference * difference
    };
    Ok(numbers.average(|output| numbers.mean(output, square).sqrt()).into())
}

/// log(1 + p) − log(1 + y), to full precision for values that are close together too: there the two
/// logarithms cancel, and the logarithm of the quotient does not.
fn difference_of_logarithms(y: f64, p: f64) -> f64 {
    let quotient_less_one = (p - y) / (1.0 + y);
    if (-0.5..=1.0).contains(&quotient_less_one) {
        libm::log1p(quotient_less_one)
    } else {
        libm::log1p(p) - libm::log1p(y)
    }
}

/// Mean absolute percentage error, Σ w |y − p| / |y| / Σ w; 0 to ∞, where 0.1 means 10 %.
///
/// A target smaller than ε = 2⁻⁵² counts as ε, as in scikit-learn: a wrong prediction of a target
/// of 0 makes it very large, and a warning says so.
pub fn mape(numbers: &Numbers<'_>) -> Result<Score, MetricError> {
    let share = |y: f64, p: f64| (y - p).abs() / y.abs().max(f64::EPSILON);
    let value = numbers.average(|output| numbers.mean(output, share));
    let zero = |&output: &usize| {
        numbers.rows(output).any(|(_, y, p): (f64, f64, f64)| y.abs() < f64::EPSILON && y != p)
    };
    let warning = (0..numbers.outputs).find(zero).map(|output| Warning::ZeroTarget { output });
    Ok(Score { value, warning })
}

/// Symmetric mean absolute percentage error, Σ w 2|y − p| / (|y| + |p|) / Σ w; 0 to 2.
///
/// A row whose target and prediction are both 0 counts as 0.
pub fn smape(numbers: &Numbers<'_>) -> Result<Score, MetricError> {
    let share = |y: f64, p: f64| {
        // In a unit of their size no sum overflows and no part vanishes.
        let unit = power_of_two(y.abs().max(p.abs()));
        let (y, p) = (y / unit, p / unit);
        if y == p { 0.0 } else { 2.0 * (y - p).abs() / (y.abs() + p.abs()) }
    };
    Ok(numbers.average(|output| numbers.mean(output, share)).into())
}

/// Coefficient of determination, 1 − Σ w (y − p)² / Σ w (y − ȳ)²; −∞ to 1.
///
/// ȳ is the weighted mean of the target. A constant target gives 1 if the prediction is perfect and
/// 0 otherwise, with a warning. Errors: fewer than two rows.
pub fn r2(numbers: &Numbers<'_>) -> Result<Score, MetricError> {
    two_rows(numbers)?;
    Ok(share_of_variance(numbers, |sums| sums.error, |sums| 1.0 - sums.error / sums.total))
}

/// The chapter's R², SSR/SST = Σ w (p − ȳ)² / Σ w (y − ȳ)²; 0 to ∞.
///
/// It equals [`r2`] for a least-squares line with an intercept, measured on the rows that it was
/// fitted on, and means little for anything else. Constant targets and errors are as for [`r2`].
pub fn r2_ssr_over_sst(numbers: &Numbers<'_>) -> Result<Score, MetricError> {
    two_rows(numbers)?;
    Ok(share_of_variance(numbers, |sums| sums.error, |sums| sums.explained / sums.total))
}

/// Explained variance, 1 − Var(y − p) / Var(y) with the rows' weights; −∞ to 1.
///
/// It is [`r2`] of predictions that were first shifted by their mean error. A constant target gives
/// 1 if the error is the same in every row and 0 otherwise, with a warning.
pub fn explained_variance(numbers: &Numbers<'_>) -> Result<Score, MetricError> {
    Ok(share_of_variance(numbers, |sums| sums.scatter, |sums| 1.0 - sums.scatter / sums.total))
}

fn two_rows(numbers: &Numbers<'_>) -> Result<(), MetricError> {
    numbers.rows(0).nth(1).map(|_| ()).ok_or(MetricError::FewerThanTwoRows)
}

/// The average over the outputs of a ratio to the target's sum of squares; where that is 0, 1 if
/// nothing is left to explain and 0 otherwise.
fn share_of_variance(
    numbers: &Numbers<'_>,
    left: fn(&SumsOfSquares) -> f64,
    ratio: fn(&SumsOfSquares) -> f64,
) -> Score {
    let sums: Vec<_> = (0..numbers.outputs).map(|o| SumsOfSquares::of(numbers, o)).collect();
    let value = numbers.average(|output| match &sums[output] {
        sums if sums.total > 0.0 => ratio(sums),
        sums if left(sums) == 0.0 => 1.0,
        _ => 0.0,
    });
    let constant = sums.iter().position(|sums| sums.total == 0.0);
    Score { value, warning: constant.map(|output| Warning::ConstantTarget { output }) }
}

/// Weighted sums of squares of one output, in its [`unit`](Numbers::unit) squared.
struct SumsOfSquares {
    /// Of the errors y − p.
    error: f64,
    /// Of the errors about their mean.
    scatter: f64,
    /// Of the predictions about the target's mean.
    explained: f64,
    /// Of the target about its mean.
    total: f64,
}

impl SumsOfSquares {
    fn of(numbers: &Numbers<'_>, output: usize) -> Self {
        let unit = numbers.unit(output);
        let target = |y: f64, _: f64| y / unit;
        let error = |y: f64, p: f64| y / unit - p / unit;
        let mean = Mean::of(numbers, output, target);
        let sum = |term: &dyn Fn(f64, f64) -> f64| {
            let squares = numbers.rows(output).map(|(w, y, p)| w * term(y, p) * term(y, p));
            squares.sum::<f64>()
        };
        let about_mean = |term: &dyn Fn(f64, f64) -> f64| {
            // The mean of equal numbers may be rounded away from them, so they are compared.
            let mut values = numbers.rows(output).map(|(_, y, p)| term(y, p));
            let first = values.next();
            if values.all(|value| Some(value) == first) {
                return 0.0;
            }
            let mean = Mean::of(numbers, output, term);
            sum(&|y, p| mean.deviation(term(y, p)))
        };
        Self {
            error: sum(&error),
            scatter: about_mean(&error),
            explained: sum(&|_, p| mean.deviation(p / unit)),
            total: about_mean(&target),
        }
    }
}

/// A weighted mean in two parts, so that numbers with a large offset and a small spread keep all
/// digits of their deviations: Σy² − m·ȳ² would cancel, and y − ȳ still lose what ȳ was rounded by.
struct Mean {
    near: f64,
    rest: f64,
}

impl Mean {
    fn of(numbers: &Numbers<'_>, output: usize, term: impl Fn(f64, f64) -> f64) -> Self {
        let near = numbers.mean(output, &term);
        Self { near, rest: numbers.mean(output, |y, p| term(y, p) - near) }
    }

    fn deviation(&self, value: f64) -> f64 {
        (value - self.near) - self.rest
    }
}

/// The metrics of numbers.
pub(super) const ROWS: &[Metric] = &[
    Metric {
        name: "mse",
        about: Words {
            english: "Mean squared error: large errors count most; in the target's units squared.",
            korean: "평균제곱오차. 큰 오차를 가장 무겁게 세며, 단위는 목표 단위의 제곱이다.",
        },
        formula: "mean((y - p)^2)",
        range: "0 to ∞",
        better: Better::Lower,
        reported: true,
        measure: Measure::Numbers(mse),
        points: [
            Point::numbers(&[1.0, 3.0], &[0.0, 1.0], 2.5),
            Point::numbers(&[3.0, -0.5, 2.0, 7.0], &[2.5, 0.0, 2.0, 8.0], 0.375),
        ],
    },
    Metric {
        name: "rmse",
        about: Words {
            english: "Root mean squared error: as mse, in the target's own units.",
            korean: "평균제곱근오차. mse와 같지만 단위가 목표와 같다.",
        },
        formula: "sqrt(mean((y - p)^2))",
        range: "0 to ∞",
        better: Better::Lower,
        reported: true,
        measure: Measure::Numbers(rmse),
        points: [
            Point::numbers(&[0.0, 0.0], &[3.0, -3.0], 3.0),
            Point::numbers(&[1.0, 2.0, 4.0, 8.0], &[1.0, 2.0, 4.0, 4.0], 2.0),
        ],
    },
    Metric {
        name: "mae",
        about: Words {
            english: "Mean absolute error, in the target's units: every unit of error counts alike.",
            korean: "평균절대오차. 단위가 목표와 같고, 오차의 크기를 있는 그대로 센다.",
        },
        formula: "mean(abs(y - p))",
        range: "0 to ∞",
        better: Better::Lower,
        reported: true,
        measure: Measure::Numbers(mae),
        points: [
            Point::numbers(&[1.0, 3.0], &[0.0, 1.0], 1.5),
            Point::numbers(&[3.0, -0.5, 2.0, 7.0], &[2.5, 0.0, 2.0, 8.0], 0.5),
        ],
    },
    Metric {
        name: "median_absolute_error",
        about: Words {
            english: "Median absolute error: what half of the rows stay within, whatever a few \
                      outliers do.",
            korean: "중앙절대오차. 행의 절반은 오차가 이 값 이하이며, 이상값 몇 개에 흔들리지 \
                     않는다.",
        },
        formula: "median(abs(y - p))",
        range: "0 to ∞",
        better: Better::Lower,
        reported: false,
        measure: Measure::Numbers(median_absolute_error),
        points: [
            Point::numbers(&[1.0, 3.0, 5.0], &[1.0, 2.0, 1.0], 1.0),
            Point::numbers(&[0.0; 4], &[10.0, 1.0, -3.0, 2.0], 2.5),
        ],
    },
    Metric {
        name: "max_error",
        about: Words {
            english: "The largest error: no prediction is further off. For promises about the \
                      worst case.",
            korean: "최대 오차. 어떤 예측도 이보다 더 벗어나지 않는다. 최악의 경우를 보장할 때 쓴다.",
        },
        formula: "max(abs(y - p))",
        range: "0 to ∞",
        better: Better::Lower,
        reported: false,
        measure: Measure::Numbers(max_error),
        points: [
            Point::numbers(&[1.0, 3.0], &[0.0, 1.0], 2.0),
            Point::numbers(&[3.0, -0.5, 2.0, 7.0], &[2.5, 0.0, 2.0, 8.0], 1.0),
        ],
    },
    Metric {
        name: "rmsle",
        about: Words {
            english: "Root mean squared logarithmic error: ratios count, not differences; for targets \
                      above -1 with a wide spread.",
            korean: "평균제곱근로그오차. 차이가 아니라 비율을 재므로, 값의 폭이 넓고 -1보다 큰 \
                     목표에 쓴다.",
        },
        formula: "sqrt(mean((log(1 + p) - log(1 + y))^2))",
        range: "0 to ∞",
        better: Better::Lower,
        reported: true,
        measure: Measure::Numbers(rmsle),
        points: [
            Point::numbers(&[0.0, 1.0], &[1.0, 3.0], LN_2),
            Point::numbers(&[3.0], &[0.0], 2.0 * LN_2),
        ],
    },
    Metric {
        name: "mape",
        about: Words {
            english: "Mean absolute percentage error, where 0.1 means 10 %, as in scikit-learn \
                      (Keras has 10): for targets far from 0; of targets at 0 it says nothing.",
            korean: "평균절대백분율오차. scikit-learn처럼 0.1이 10 %를 뜻한다(Keras는 10). 0에서 \
                     먼 목표에 쓰며, 목표가 0이면 의미가 없다.",
        },
        formula: "mean(abs(y - p)/abs(y))",
        range: "0 to ∞",
        better: Better::Lower,
        reported: false,
        measure: Measure::Numbers(mape),
        points: [
            Point::numbers(&[1.0, 4.0], &[2.0, 5.0], 0.625),
            Point::numbers(&[-4.0, 4.0], &[-2.0, 6.0], 0.5),
        ],
    },
    Metric {
        name: "smape",
        about: Words {
            english: "Symmetric mean absolute percentage error: as mape, by the mean size of target \
                      and prediction, so that it stays finite.",
            korean: "대칭 평균절대백분율오차. mape와 같지만 목표와 예측의 평균 크기로 나누므로 늘 \
                     유한하다.",
        },
        formula: "mean(2*abs(y - p)/(abs(y) + abs(p)))",
        range: "0 to 2",
        better: Better::Lower,
        reported: false,
        measure: Measure::Numbers(smape),
        points: [
            Point::numbers(&[1.0, 0.0], &[3.0, 0.0], 0.5),
            Point::numbers(&[2.0, -1.0], &[6.0, 5.0], 1.5),
        ],
    },
    Metric {
        name: "r2",
        about: Words {
            english: "Coefficient of determination R²: the share of the target's variance that is \
                      explained; 1 is perfect, 0 no better than the mean.",
            korean: "결정계수 R². 목표의 분산 가운데 설명된 비율이다. 1이면 완벽하고, 0이면 \
                     평균으로만 예측한 것과 같다.",
        },
        formula: "1 - sum((y - p)^2)/sum((y - mean(y))^2)",
        range: "−∞ to 1",
        better: Better::Higher,
        reported: true,
        measure: Measure::Numbers(r2),
        points: [
            Point::numbers(&[0.0, 2.0], &[1.0, 1.0], 0.0),
            Point::numbers(&[0.0, 0.0, 4.0, 4.0], &[0.0, 0.0, 4.0, 2.0], 0.75),
        ],
    },
    Metric {
        name: "r2_ssr_over_sst",
        about: Words {
            english: "R² as SSR/SST: equal to r2 for a least-squares line with an intercept, on \
                      the rows that it was fitted to; for anything else use r2.",
            korean: "SSR/SST로 구한 R². 절편이 있는 최소제곱 직선을 맞춘 바로 그 데이터에서는 r2와 \
                     같다. 그 밖에는 r2를 쓴다.",
        },
        formula: "sum((p - mean(y))^2)/sum((y - mean(y))^2)",
        range: "0 to ∞",
        better: Better::Higher,
        reported: false,
        measure: Measure::Numbers(r2_ssr_over_sst),
        points: [
            Point::numbers(&[0.0, 2.0], &[1.0, 1.0], 0.0),
            Point::numbers(&[0.0, 4.0], &[1.0, 3.0], 0.25),
        ],
    },
    Metric {
        name: "explained_variance",
        about: Words {
            english: "Explained variance: as r2, but an error that is the same in every row costs \
                      nothing; an r2 below it shows a bias.",
            korean: "설명된 분산. r2와 같지만 모든 행에 똑같은 오차는 세지 않는다. r2가 이보다 작으면 \
                     예측이 한쪽으로 치우친 것이다.",
        },
        formula: "1 - var(y - p)/var(y)",
        range: "−∞ to 1",
        better: Better::Higher,
        reported: false,
        measure: Measure::Numbers(explained_variance),
        points: [
            Point::numbers(&[0.0, 2.0], &[5.0, 7.0], 1.0),
            Point::numbers(&[0.0, 0.0, 4.0, 4.0], &[0.0, 0.0, 4.0, 2.0], 0.8125),
        ],
    },
];
