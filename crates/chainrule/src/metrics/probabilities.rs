//! Metrics of the probabilities themselves: how true they are, and how well they rank the rows.

use std::f64::consts::LN_2;

use chainrule_core::Words;

use super::{Better, Classes, Measure, Metric, MetricError, Point, Score, TWO, Warning};

/// Cross-entropy, −Σ w log(probability of the target) / Σ w, for two or more classes; 0 to 36.05.
///
/// Probabilities are first brought into ε to 1 − ε with ε = 2⁻⁵², as scikit-learn does, so that one
/// certain and wrong row does not make it infinite.
pub fn log_loss(classes: &Classes<'_>) -> Result<Score, MetricError> {
    let bounded = |p: f64| p.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
    Ok(classes.mean(|y, of_row| -libm::log(bounded(of_row[y]))).into())
}

/// Brier score, Σ w Σₖ (pₖ − [y = k])² / Σ w over the classes k, of two classes half of that.
///
/// 0 to 1 of two classes, where it is the mean squared error of the second's probability; 0 to 2 of
/// more. The halving is scikit-learn's.
pub fn brier(classes: &Classes<'_>) -> Result<Score, MetricError> {
    let of_row = |y: usize, of_row: &[f64]| {
        let error = |(class, p): (usize, &f64)| p - f64::from(u8::from(class == y));
        of_row.iter().enumerate().map(error).map(|error| error * error).sum()
    };
    let scale = if classes.classes == 2 { 0.5 } else { 1.0 };
    Ok((scale * classes.mean(of_row)).into())
}

/// The probability that a row of the class is given a higher probability of it than another row is.
///
/// Ties count one half; 0 to 1, and 0.5 is no better than chance. Of two classes it is the second's,
/// of more the mean over the classes, each against the rest. Errors: a class that no row has, or
/// that all have.
pub fn roc_auc(classes: &Classes<'_>) -> Result<Score, MetricError> {
    second_or_mean(classes, area_under_curve)
}

/// Average precision, Σ (recallₙ − recallₙ₋₁) precisionₙ over the thresholds n from the highest; 0 to 1.
///
/// It is the area under the steps of the precision-recall curve; equal probabilities are one
/// threshold. Of two classes it is the second's, of more the mean over the classes, each against the
/// rest. A class that no row has counts as 0, with a warning.
pub fn average_precision(classes: &Classes<'_>) -> Result<Score, MetricError> {
    second_or_mean(classes, area_under_steps)
}

fn second_or_mean(
    classes: &Classes<'_>,
    of_class: fn(&Classes<'_>, usize) -> Result<Score, MetricError>,
) -> Result<Score, MetricError> {
    if classes.classes == 2 {
        return of_class(classes, 1);
    }
    let (mut sum, mut warning) = (0.0, None);
    for class in 0..classes.classes {
        let score = of_class(classes, class)?;
        sum += score.value;
        warning = warning.or(score.warning);
    }
    Ok(Score { value: sum / classes.classes as f64, warning })
}

/// Rows that are given the same probability of a class.
struct Tied {
    /// The weight of those of the class.
    positive: f64,
    /// The weight of the others.
    negative: f64,
}

/// The rows by the probability that they are given of a class, from the lowest.
fn ranked(classes: &Classes<'_>, class: usize) -> Vec<Tied> {
    let mut rows: Vec<(f64, f64, bool)> =
        classes.rows().map(|(w, y, of_row)| (of_row[class], w, y == class)).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let weight = |rows: &[(f64, f64, bool)], of_class: bool| {
        rows.iter().filter(|row| row.2 == of_class).map(|row| row.1).sum()
    };
    let tied = rows.chunk_by(|a, b| a.0 == b.0);
    tied.map(|rows| Tied { positive: weight(rows, true), negative: weight(rows, false) }).collect()
}

fn area_under_curve(classes: &Classes<'_>, class: usize) -> Result<Score, MetricError> {
    let (mut area, mut positive_below, mut negative_below) = (0.0, 0.0, 0.0);
    for tied in ranked(classes, class) {
        area += tied.positive * (negative_below + tied.negative / 2.0);
        positive_below += tied.positive;
        negative_below += tied.negative;
    }
    if positive_below == 0.0 || negative_below == 0.0 {
        return Err(MetricError::OneSided { class });
    }
    Ok((area / (positive_below * negative_below)).into())
}

fn area_under_steps(classes: &Classes<'_>, class: usize) -> Result<Score, MetricError> {
    let (mut area, mut positive_above, mut negative_above) = (0.0, 0.0, 0.0);
    for tied in ranked(classes, class).into_iter().rev() {
        positive_above += tied.positive;
        negative_above += tied.negative;
        area += tied.positive * (positive_above / (positive_above + negative_above));
    }
    if positive_above == 0.0 {
        return Ok(Score { value: 0.0, warning: Some(Warning::EmptyClass { class }) });
    }
    Ok((area / positive_above).into())
}

/// The metrics of probabilities.
pub(super) const ROWS: &[Metric] = &[
    Metric {
        name: "log_loss",
        about: Words {
            english: "Cross-entropy of the probabilities: certain and wrong costs most; for when \
                      the probabilities are used as such. A probability counts as at least 2⁻⁵², \
                      as in scikit-learn.",
            korean: "로그 손실, 곧 확률의 교차 엔트로피. 확신하고 틀릴수록 크게 벌한다. 확률 \
                     자체를 쓸 때 본다. scikit-learn처럼 2⁻⁵²보다 작은 확률은 2⁻⁵²로 센다.",
        },
        formula: "mean(-log(p[y]))",
        range: "0 to 36.05",
        better: Better::Lower,
        reported: true,
        measure: Measure::Classes(log_loss),
        points: [
            Point::classes(&[1], &[0.5, 0.5], LN_2),
            Point::classes(&[0, 2], &[0.5, 0.25, 0.25, 0.25, 0.5, 0.25], 1.5 * LN_2),
        ],
    },
    Metric {
        name: "brier",
        about: Words {
            english: "Brier score, the squared error of the probabilities: as log_loss, but \
                      bounded, so that a few rows cannot rule it. Of two classes it is half the \
                      sum, and 1 at most, as in scikit-learn.",
            korean: "브라이어 점수, 곧 확률의 제곱오차. log_loss와 쓰임이 같지만 값에 한계가 있어 \
                     몇몇 행이 좌우하지 못한다. 두 클래스이면 scikit-learn처럼 합의 반이라 1을 \
                     넘지 않는다.",
        },
        formula: "mean(sum_k((p_k - y_k)^2))",
        range: "0 to 2",
        better: Better::Lower,
        reported: false,
        measure: Measure::Classes(brier),
        points: [
            Point::classes(&[1, 0], &[0.5, 0.5, 0.75, 0.25], 0.15625),
            Point::classes(&[0], &[0.5, 0.25, 0.25], 0.375),
        ],
    },
    Metric {
        name: "roc_auc",
        about: Words {
            english: "The chance that a row of the class is given a higher probability than \
                      another row: 1 is perfect, 0.5 chance, at any threshold. s_1 and s_0 are \
                      the probabilities of the two rows. Of more than two classes the mean of \
                      each against the rest.",
            korean: "ROC 곡선 아래 면적. 해당 클래스의 행에 준 확률(s_1)이 다른 행에 준 \
                     확률(s_0)보다 높을 확률이다. 1이면 완벽하고 0.5면 우연과 같으며, 임계값과 \
                     무관하다. 클래스가 셋 이상이면 한 클래스와 나머지를 견준 값의 평균이다.",
        },
        formula: "P(s_1 > s_0) + P(s_1 = s_0)/2",
        range: "0 to 1",
        better: Better::Higher,
        reported: true,
        measure: Measure::Classes(roc_auc),
        points: [
            Point::classes(&[1, 0, 0, 1], TWO, 0.5),
            Point::classes(&[0, 0, 1, 1], &[0.75, 0.25, 0.5, 0.5, 0.5, 0.5, 0.25, 0.75], 0.875),
        ],
    },
    Metric {
        name: "average_precision",
        about: Words {
            english: "Average precision, the area under the precision-recall curve: for ranking \
                      when the class is rare. Of more than two classes the mean of each against \
                      the rest.",
            korean: "평균 정밀도, 곧 정밀도-재현율 곡선 아래 면적. 드문 클래스를 순위로 찾을 때 \
                     본다. 클래스가 셋 이상이면 한 클래스와 나머지를 견준 값의 평균이다.",
        },
        formula: "sum_n((recall[n] - recall[n-1])*precision[n])",
        range: "0 to 1",
        better: Better::Higher,
        reported: false,
        measure: Measure::Classes(average_precision),
        points: [
            Point::classes(&[1, 0, 0, 1], TWO, 0.75),
            Point::classes(&[0, 0, 1, 1], &[0.75, 0.25, 0.5, 0.5, 0.5, 0.5, 0.25, 0.75], 5.0 / 6.0),
        ],
    },
];
