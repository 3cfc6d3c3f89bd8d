//! Metrics of classes: whether the most probable class of each row is the target.

use chainrule_core::Words;

use super::{Better, Classes, Measure, Metric, MetricError, Point, Score, THREE, TWO, Warning};

/// The class of the largest probability; a tie goes to the first.
fn predicted(probabilities: &[f64]) -> usize {
    let mut best = 0;
    for (class, &probability) in probabilities.iter().enumerate() {
        if probability > probabilities[best] {
            best = class;
        }
    }
    best
}

/// The share of rows, by weight, whose most probable class is the target; 0 to 1.
///
/// A tie between probabilities goes to the first class.
pub fn accuracy(classes: &Classes<'_>) -> Result<Score, MetricError> {
    Ok(classes.mean(|y, of_row| f64::from(u8::from(predicted(of_row) == y))).into())
}

/// The share of rows, by weight, whose target is among the `k` most probable classes; 0 to 1.
///
/// Ties go to the first classes, so that of one class it is [`accuracy`] (scikit-learn's go to the
/// last ones). With no more than `k` classes it is 1, with a warning.
pub fn top_k_accuracy(classes: &Classes<'_>, k: usize) -> Result<Score, MetricError> {
    let hit = |y: usize, of_row: &[f64]| {
        let before = |&(class, &p): &(usize, &f64)| p > of_row[y] || (p == of_row[y] && class < y);
        f64::from(u8::from(of_row.iter().enumerate().filter(before).count() < k))
    };
    let every = Warning::EveryClass { k, classes: classes.classes };
    let warning = (k >= classes.classes).then_some(every);
    Ok(Score { value: classes.mean(hit), warning })
}

/// The weight of the rows by target (outer) and most probable class (inner).
pub fn confusion_matrix(classes: &Classes<'_>) -> Vec<Vec<f64>> {
    matrix_in(classes.weights.unit, classes)
}

fn matrix_in(unit: f64, classes: &Classes<'_>) -> Vec<Vec<f64>> {
    let mut matrix = vec![vec![0.0; classes.classes]; classes.classes];
    for (w, y, of_row) in classes.rows() {
        matrix[y][predicted(of_row)] += w * unit;
    }
    matrix
}

/// What a class has in the confusion matrix, in some unit of weight.
#[derive(Clone, Copy)]
pub(super) struct Counts {
    /// The weight of its rows that are predicted to be of it.
    pub(super) hits: f64,
    /// The weight of all rows that are predicted to be of it.
    pub(super) predicted: f64,
    /// The weight of its rows.
    pub(super) actual: f64,
}

impl Counts {
    pub(super) fn of_classes(classes: &Classes<'_>) -> Vec<Self> {
        Self::of_matrix(&matrix_in(1.0, classes))
    }

    fn of_matrix(matrix: &[Vec<f64>]) -> Vec<Self> {
        let of_class = |class: usize| Self {
            hits: matrix[class][class],
            predicted: matrix.iter().map(|row| row[class]).sum(),
            actual: matrix[class].iter().sum(),
        };
        (0..matrix.len()).map(of_class).collect()
    }
}

/// The mean over the classes that some row has of the share of its rows that are found; 0 to 1.
///
/// A class that was predicted and that no row has is left out, with a warning; with no such class
/// it is the macro average of recall.
pub fn balanced_accuracy(classes: &Classes<'_>) -> Result<Score, MetricError> {
    let counts = Counts::of_classes(classes);
    let there = || counts.iter().filter(|counts| counts.actual > 0.0);
    let total: f64 = there().map(|counts| counts.hits / counts.actual).sum();
    let absent = counts.iter().position(|counts| counts.actual == 0.0 && counts.predicted > 0.0);
    let warning = absent.map(|class| Warning::AbsentClass { class });
    Ok(Score { value: total / there().count() as f64, warning })
}

/// Matthews correlation coefficient: the correlation of target and prediction; −1 to 1.
///
/// (c·s − Σ tₖ pₖ) / √((s² − Σ tₖ²)(s² − Σ pₖ²)) with c the weight of the rows that are right, s that
/// of all, tₖ that of the targets and pₖ that of the predictions of class k. If all targets or all
/// predictions are of one class it is 0/0 and counts as 0, with a warning.
pub fn mcc(classes: &Classes<'_>) -> Result<Score, MetricError> {
    let agreement = Agreement::of(classes);
    let scale = (agreement.targets_apart * agreement.predictions_apart).sqrt();
    if scale == 0.0 {
        return Ok(Score { value: 0.0, warning: Some(Warning::OneClass) });
    }
    Ok(((agreement.apart_by_chance - agreement.apart) / scale).into())
}

/// Cohen's kappa, 1 − (share of wrong rows) / (share that chance would get wrong); −1 to 1.
///
/// Chance draws targets and predictions independently, each as often as they are. Errors: all
/// targets and all predictions are of the same one class, where chance gets nothing wrong.
pub fn cohen_kappa(classes: &Classes<'_>) -> Result<Score, MetricError> {
    let agreement = Agreement::of(classes);
    if agreement.apart_by_chance == 0.0 {
        return Err(MetricError::OneClass);
    }
    Ok((1.0 - agreement.apart / agreement.apart_by_chance).into())
}

/// Weights of pairs of different classes, among all pairs of rows.
struct Agreement {
    /// Of each row's target and prediction, once for every row.
    apart: f64,
    /// Of one row's target and another's prediction.
    apart_by_chance: f64,
    /// Of two rows' targets.
    targets_apart: f64,
    /// Of two rows' predictions.
    predictions_apart: f64,
}

impl Agreement {
    fn of(classes: &Classes<'_>) -> Self {
        let matrix = matrix_in(1.0, classes);
        let counts = Counts::of_matrix(&matrix);
        let (targets, predictions): (Vec<f64>, Vec<f64>) =
            counts.iter().map(|counts| (counts.actual, counts.predicted)).unzip();
        let all: f64 = targets.iter().sum();
        // Sums of what differs, not differences from the whole: those would cancel.
        let off_diagonal = |at: &dyn Fn(usize, usize) -> f64| -> f64 {
            let pairs =
                (0..classes.classes).flat_map(|a| (0..classes.classes).map(move |b| (a, b)));
            pairs.filter(|(a, b)| a != b).map(|(a, b)| at(a, b)).sum()
        };
        Self {
            apart: all * off_diagonal(&|a, b| matrix[a][b]),
            apart_by_chance: off_diagonal(&|a, b| targets[a] * predictions[b]),
            targets_apart: off_diagonal(&|a, b| targets[a] * targets[b]),
            predictions_apart: off_diagonal(&|a, b| predictions[a] * predictions[b]),
        }
    }
}

/// Probabilities of four classes, in two rows.
const FOUR: &[f64] = &[0.5, 0.25, 0.125, 0.125, 0.0, 0.25, 0.25, 0.5];
/// Probabilities of six classes, in one row.
const SIX: &[f64] = &[0.5, 0.25, 0.125, 0.125, 0.0, 0.0];

/// The metrics of classes.
pub(super) const ROWS: &[Metric] = &[
    Metric {
        name: "accuracy",
        about: Words {
            english: "The share of the rows whose most probable class is the target; for classes that \
                      are about equally frequent.",
            korean: "정확도. 가장 확률이 높은 클래스가 목표와 일치하는 행의 비율이다. 클래스의 빈도가 \
                     비슷할 때 쓴다.",
        },
        formula: "mean(argmax(p) = y)",
        range: "0 to 1",
        better: Better::Higher,
        reported: true,
        measure: Measure::Classes(accuracy),
        points: [
            Point::classes(&[1, 0, 0, 1], TWO, 0.5),
            Point::classes(&[0, 0, 1, 1], THREE, 0.75),
        ],
    },
    Metric {
        name: "balanced_accuracy",
        about: Words {
            english: "The mean over the classes that have rows of the share of these that is \
                      found: an accuracy that a frequent class cannot dominate.",
            korean: "균형 정확도. 행이 있는 클래스마다 찾아낸 행의 비율을 구해 평균한다. 흔한 \
                     클래스가 값을 좌우하지 못한다.",
        },
        formula: "mean_k(TP_k/(TP_k + FN_k))",
        range: "0 to 1",
        better: Better::Higher,
        reported: false,
        measure: Measure::Classes(balanced_accuracy),
        points: [
            Point::classes(&[1, 0, 0, 1], TWO, 0.5),
            Point::classes(&[0, 0, 1, 2], THREE, 2.0 / 3.0),
        ],
    },
    Metric {
        name: "top_3_accuracy",
        about: Words {
            english: "The share of the rows whose target is among the three most probable classes; \
                      for many classes, where a short list helps.",
            korean: "상위 3개 정확도. 가장 확률이 높은 세 클래스 안에 목표가 있는 행의 비율이다. \
                     클래스가 많아 후보 몇 개만 보여 줘도 될 때 쓴다.",
        },
        formula: "mean(rank(p[y]) <= 3)",
        range: "0 to 1",
        better: Better::Higher,
        reported: false,
        measure: Measure::Classes(|classes| top_k_accuracy(classes, 3)),
        points: [Point::classes(&[3, 1], FOUR, 0.5), Point::classes(&[2, 3], FOUR, 1.0)],
    },
    Metric {
        name: "top_5_accuracy",
        about: Words {
            english: "The share of the rows whose target is among the five most probable classes.",
            korean: "상위 5개 정확도. 가장 확률이 높은 다섯 클래스 안에 목표가 있는 행의 비율이다.",
        },
        formula: "mean(rank(p[y]) <= 5)",
        range: "0 to 1",
        better: Better::Higher,
        reported: false,
        measure: Measure::Classes(|classes| top_k_accuracy(classes, 5)),
        points: [Point::classes(&[5], SIX, 0.0), Point::classes(&[4], SIX, 1.0)],
    },
    Metric {
        name: "mcc",
        about: Words {
            english: "Matthews correlation coefficient: 1 is perfect, 0 chance, -1 all wrong; one \
                      honest number for classes of unequal frequency. Of more than two classes cov \
                      and var are summed over the classes.",
            korean: "매슈스 상관계수. 1이면 완벽하고 0이면 우연과 같으며 -1이면 모두 반대다. \
                     클래스의 빈도가 고르지 않을 때 수 하나로 평가하기 좋다. 클래스가 셋 이상이면 \
                     cov와 var를 클래스마다 구해 더한다.",
        },
        formula: "cov(argmax(p), y)/sqrt(var(argmax(p))*var(y))",
        range: "−1 to 1",
        better: Better::Higher,
        reported: false,
        measure: Measure::Classes(mcc),
        points: [
            Point::classes(&[1, 0, 0, 1], TWO, 0.0),
            Point::classes(&[0, 0, 1, 0], TWO, 0.577_350_269_189_625_8),
        ],
    },
    Metric {
        name: "cohen_kappa",
        about: Words {
            english: "Cohen's kappa: how much better than chance the prediction agrees with the \
                      target; 1 is perfect, 0 chance. p_o is the share of the rows that agree, p_e \
                      the share that would by chance.",
            korean: "코헨의 카파. 예측과 목표가 우연보다 얼마나 더 일치하는지 나타낸다. 1이면 \
                     완벽하고 0이면 우연과 같다. p_o는 일치하는 행의 비율, p_e는 우연히 일치할 \
                     비율이다.",
        },
        formula: "(p_o - p_e)/(1 - p_e)",
        range: "−1 to 1",
        better: Better::Higher,
        reported: false,
        measure: Measure::Classes(cohen_kappa),
        points: [
            Point::classes(&[0, 0, 1, 0], TWO, 0.5),
            Point::classes(&[0, 0, 1, 2], THREE, 5.0 / 9.0),
        ],
    },
];
