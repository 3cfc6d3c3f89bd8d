//! Precision, recall and what is made of them: what is found of a class, and what of the found is
//! of it.

use chainrule_core::Words;

use super::classes::Counts;
use super::{Better, Classes, Measure, Metric, MetricError, Point, Score, THREE, TWO, Warning};

/// A part and its whole.
type Share = (f64, f64);

fn precision_of(counts: Counts) -> Share {
    (counts.hits, counts.predicted)
}

fn recall_of(counts: Counts) -> Share {
    (counts.hits, counts.actual)
}

fn f1_of(counts: Counts) -> Share {
    (2.0 * counts.hits, counts.predicted + counts.actual)
}

fn of_class(counts: &[Counts], class: usize, share: fn(Counts) -> Share) -> Score {
    match share(counts[class]) {
        (_, 0.0) => Score { value: 0.0, warning: Some(Warning::EmptyClass { class }) },
        (part, whole) => (part / whole).into(),
    }
}

fn of_one_of_two(
    classes: &Classes<'_>,
    class: usize,
    share: fn(Counts) -> Share,
) -> Result<Score, MetricError> {
    match classes.classes {
        2 => Ok(of_class(&Counts::of_classes(classes), class, share)),
        classes => Err(MetricError::ClassCount { classes, wanted: "two" }),
    }
}

/// The mean over the classes, each weighed by what `weight` says of it; those of weight 0 are left
/// out.
fn of_each(
    classes: &Classes<'_>,
    weight: fn(Counts) -> f64,
    share: fn(Counts) -> Share,
) -> Result<Score, MetricError> {
    let counts = Counts::of_classes(classes);
    let (mut sum, mut total, mut warning) = (0.0, 0.0, None);
    for class in 0..classes.classes {
        let weight = weight(counts[class]);
        if weight > 0.0 {
            let score = of_class(&counts, class, share);
            sum += weight * score.value;
            total += weight;
            warning = warning.or(score.warning);
        }
    }
    Ok(Score { value: sum / total, warning })
}

/// Every class alike that some row has or was predicted to have.
fn alike(counts: Counts) -> f64 {
    f64::from(u8::from(counts.predicted + counts.actual > 0.0))
}

/// Each class by the weight of its rows.
fn by_rows(counts: Counts) -> f64 {
    counts.actual
}

/// The share of the sums over the classes.
fn of_all(classes: &Classes<'_>, share: fn(Counts) -> Share) -> Result<Score, MetricError> {
    let shares = Counts::of_classes(classes).into_iter().map(share);
    let (part, whole) = shares.fold((0.0, 0.0), |sum, share| (sum.0 + share.0, sum.1 + share.1));
    Ok((part / whole).into())
}

/// Of the rows predicted to be of the second class, the share that is; 0 to 1.
///
/// 0 with a warning if none is predicted. Errors: not two classes.
pub fn precision(classes: &Classes<'_>) -> Result<Score, MetricError> {
    of_one_of_two(classes, 1, precision_of)
}

/// Of the rows of the second class, the share predicted to be; 0 to 1.
///
/// 0 with a warning if there is none. Errors: not two classes.
pub fn recall(classes: &Classes<'_>) -> Result<Score, MetricError> {
    of_one_of_two(classes, 1, recall_of)
}

/// Of the rows of the first class, the share predicted to be; 0 to 1.
///
/// 0 with a warning if there is none. Errors: not two classes.
pub fn specificity(classes: &Classes<'_>) -> Result<Score, MetricError> {
    of_one_of_two(classes, 0, recall_of)
}

/// The harmonic mean of precision and recall of the second class, 2·hits / (predicted + actual).
///
/// 0 to 1; 0 with a warning if the class is neither there nor predicted. Errors: not two classes.
pub fn f1(classes: &Classes<'_>) -> Result<Score, MetricError> {
    of_one_of_two(classes, 1, f1_of)
}

/// The mean of [`precision`] over the classes that some row has or was predicted to have; 0 to 1.
///
/// A class that was never predicted counts as 0, with a warning.
pub fn precision_macro(classes: &Classes<'_>) -> Result<Score, MetricError> {
    of_each(classes, alike, precision_of)
}

/// The mean of [`recall`] over the classes that some row has or was predicted to have; 0 to 1.
///
/// A class that was predicted and that no row has counts as 0, with a warning.
pub fn recall_macro(classes: &Classes<'_>) -> Result<Score, MetricError> {
    of_each(classes, alike, recall_of)
}

/// The mean of [`f1`] over the classes that some row has or was predicted to have; 0 to 1.
///
/// It is the mean of each class's F1, not the F1 of the mean precision and recall.
pub fn f1_macro(classes: &Classes<'_>) -> Result<Score, MetricError> {
    of_each(classes, alike, f1_of)
}

/// [`precision`] of the sums over the classes, Σ hits / Σ predicted; 0 to 1.
///
/// A row has one class and is predicted one, so that it is the accuracy.
pub fn precision_micro(classes: &Classes<'_>) -> Result<Score, MetricError> {
    of_all(classes, precision_of)
}

/// [`recall`] of the sums over the classes, Σ hits / Σ actual; 0 to 1.
///
/// A row has one class and is predicted one, so that it is the accuracy.
pub fn recall_micro(classes: &Classes<'_>) -> Result<Score, MetricError> {
    of_all(classes, recall_of)
}

/// [`f1`] of the sums over the classes, 2·Σ hits / Σ (predicted + actual); 0 to 1.
///
/// A row has one class and is predicted one, so that it is the accuracy.
pub fn f1_micro(classes: &Classes<'_>) -> Result<Score, MetricError> {
    of_all(classes, f1_of)
}

/// The mean of [`precision`] over the classes, each by the weight of its rows; 0 to 1.
///
/// A class that was never predicted counts as 0, with a warning.
pub fn precision_weighted(classes: &Classes<'_>) -> Result<Score, MetricError> {
    of_each(classes, by_rows, precision_of)
}

/// The mean of [`recall`] over the classes, each by the weight of its rows; 0 to 1.
///
/// The weights cancel what recall divides by, so that it is the accuracy.
pub fn recall_weighted(classes: &Classes<'_>) -> Result<Score, MetricError> {
    of_each(classes, by_rows, recall_of)
}

/// The mean of [`f1`] over the classes, each by the weight of its rows; 0 to 1.
///
/// It need not lie between the weighted precision and the weighted recall.
pub fn f1_weighted(classes: &Classes<'_>) -> Result<Score, MetricError> {
    of_each(classes, by_rows, f1_of)
}

/// What the rows have in common.
const SHARE: Metric = Metric {
    name: "",
    about: Words { english: "", korean: "" },
    formula: "",
    range: "0 to 1",
    better: Better::Higher,
    reported: false,
    measure: Measure::TwoClasses(precision),
    points: [Point::classes(&[1, 0, 0, 1], TWO, 0.5); 2],
};

/// The metrics of what is found of a class, and what of the found is of it.
pub(super) const ROWS: &[Metric] = &[
    Metric {
        name: "precision",
        about: Words {
            english: "Of the rows predicted to be of the second class, the share that is; for when a \
                      false alarm is costly.",
            korean: "정밀도. 둘째 클래스로 예측한 행 가운데 실제로도 둘째인 행의 비율이다. \
                     오경보의 대가가 클 때 본다.",
        },
        formula: "TP/(TP + FP)",
        reported: true,
        measure: Measure::TwoClasses(precision),
        points: [Point::classes(&[1, 0, 0, 1], TWO, 0.5), Point::classes(&[1, 0, 1, 1], TWO, 1.0)],
        ..SHARE
    },
    Metric {
        name: "recall",
        about: Words {
            english: "Of the rows of the second class, the share predicted to be (sensitivity); for \
                      when a miss is costly.",
            korean: "재현율(민감도). 실제로 둘째 클래스인 행 가운데 찾아낸 비율이다. 놓치는 대가가 클 때 \
                     본다.",
        },
        formula: "TP/(TP + FN)",
        reported: true,
        measure: Measure::TwoClasses(recall),
        points: [Point::classes(&[1, 0, 0, 1], TWO, 0.5), Point::classes(&[0, 0, 1, 0], TWO, 1.0)],
        ..SHARE
    },
    Metric {
        name: "specificity",
        about: Words {
            english: "Of the rows of the first class, the share predicted to be: the recall of what \
                      is not wanted.",
            korean: "특이도. 실제로 첫째 클래스인 행 가운데 그렇게 예측한 비율로, 찾으려는 것이 \
                     아닌 쪽의 재현율이다.",
        },
        formula: "TN/(TN + FP)",
        measure: Measure::TwoClasses(specificity),
        points: [
            Point::classes(&[1, 0, 0, 1], TWO, 0.5),
            Point::classes(&[0, 0, 1, 0], TWO, 2.0 / 3.0),
        ],
        ..SHARE
    },
    Metric {
        name: "f1",
        about: Words {
            english: "Harmonic mean of precision and recall of the second class: high only if both \
                      are.",
            korean: "F1 점수. 둘째 클래스의 정밀도와 재현율의 조화평균으로, 둘 다 높아야 높다.",
        },
        formula: "2*TP/(2*TP + FP + FN)",
        reported: true,
        measure: Measure::TwoClasses(f1),
        points: [
            Point::classes(&[1, 0, 0, 1], TWO, 0.5),
            Point::classes(&[0, 0, 1, 0], TWO, 2.0 / 3.0),
        ],
        ..SHARE
    },
    Metric {
        name: "precision_macro",
        about: Words {
            english: "Mean of the classes' precision: a rare class counts as much as a frequent one.",
            korean: "클래스별 정밀도의 평균. 드문 클래스도 흔한 클래스와 똑같이 센다.",
        },
        formula: "mean_k(TP_k/(TP_k + FP_k))",
        reported: true,
        measure: Measure::Classes(precision_macro),
        points: [
            Point::classes(&[1, 0, 0, 1], TWO, 0.5),
            Point::classes(&[0, 0, 1, 2], THREE, 5.0 / 9.0),
        ],
        ..SHARE
    },
    Metric {
        name: "recall_macro",
        about: Words {
            english: "Mean of the classes' recall: a rare class counts as much as a frequent one.",
            korean: "클래스별 재현율의 평균. 드문 클래스도 흔한 클래스와 똑같이 센다.",
        },
        formula: "mean_k(TP_k/(TP_k + FN_k))",
        reported: true,
        measure: Measure::Classes(recall_macro),
        points: [
            Point::classes(&[1, 0, 0, 1], TWO, 0.5),
            Point::classes(&[0, 0, 1, 2], THREE, 2.0 / 3.0),
        ],
        ..SHARE
    },
    Metric {
        name: "f1_macro",
        about: Words {
            english: "Mean of the classes' F1: a rare class counts as much as a frequent one.",
            korean: "클래스별 F1의 평균. 드문 클래스도 흔한 클래스와 똑같이 센다.",
        },
        formula: "mean_k(2*TP_k/(2*TP_k + FP_k + FN_k))",
        reported: true,
        measure: Measure::Classes(f1_macro),
        points: [
            Point::classes(&[1, 0, 0, 1], TWO, 0.5),
            Point::classes(&[0, 0, 1, 2], THREE, 0.6),
        ],
        ..SHARE
    },
    Metric {
        name: "precision_micro",
        about: Words {
            english: "Precision of all classes' rows taken together: the accuracy, for a row has one \
                      class.",
            korean: "모든 클래스의 행을 한데 모아 구한 정밀도. 행마다 클래스가 하나뿐이므로 \
                     정확도와 같다.",
        },
        formula: "sum_k(TP_k)/sum_k(TP_k + FP_k)",
        measure: Measure::Classes(precision_micro),
        points: [
            Point::classes(&[1, 0, 0, 1], TWO, 0.5),
            Point::classes(&[0, 0, 1, 2], THREE, 0.75),
        ],
        ..SHARE
    },
    Metric {
        name: "recall_micro",
        about: Words {
            english: "Recall of all classes' rows taken together: the accuracy, for a row has one \
                      class.",
            korean: "모든 클래스의 행을 한데 모아 구한 재현율. 행마다 클래스가 하나뿐이므로 \
                     정확도와 같다.",
        },
        formula: "sum_k(TP_k)/sum_k(TP_k + FN_k)",
        measure: Measure::Classes(recall_micro),
        points: [
            Point::classes(&[1, 0, 0, 1], TWO, 0.5),
            Point::classes(&[0, 0, 1, 2], THREE, 0.75),
        ],
        ..SHARE
    },
    Metric {
        name: "f1_micro",
        about: Words {
            english: "F1 of all classes' rows taken together: the accuracy, for a row has one class.",
            korean: "모든 클래스의 행을 한데 모아 구한 F1. 행마다 클래스가 하나뿐이므로 정확도와 \
                     같다.",
        },
        formula: "2*sum_k(TP_k)/sum_k(2*TP_k + FP_k + FN_k)",
        measure: Measure::Classes(f1_micro),
        points: [
            Point::classes(&[1, 0, 0, 1], TWO, 0.5),
            Point::classes(&[0, 0, 1, 2], THREE, 0.75),
        ],
        ..SHARE
    },
    Metric {
        name: "precision_weighted",
        about: Words {
            english: "Mean of the classes' precision, each by its number of rows: a frequent class \
                      counts most.",
            korean: "클래스별 정밀도를 행 수로 가중한 평균. 흔한 클래스를 더 크게 센다.",
        },
        formula: "sum_k(m_k*TP_k/(TP_k + FP_k))/m",
        measure: Measure::Classes(precision_weighted),
        points: [
            Point::classes(&[0, 0, 1, 0], TWO, 0.875),
            Point::classes(&[0, 0, 1, 2], THREE, 7.0 / 12.0),
        ],
        ..SHARE
    },
    Metric {
        name: "recall_weighted",
        about: Words {
            english: "Mean of the classes' recall, each by its number of rows: the accuracy.",
            korean: "클래스별 재현율을 행 수로 가중한 평균. 정확도와 같다.",
        },
        formula: "sum_k(m_k*TP_k/(TP_k + FN_k))/m",
        measure: Measure::Classes(recall_weighted),
        points: [
            Point::classes(&[0, 0, 1, 0], TWO, 0.75),
            Point::classes(&[0, 0, 1, 2], THREE, 0.75),
        ],
        ..SHARE
    },
    Metric {
        name: "f1_weighted",
        about: Words {
            english: "Mean of the classes' F1, each by its number of rows: a frequent class counts \
                      most.",
            korean: "클래스별 F1을 행 수로 가중한 평균. 흔한 클래스를 더 크게 센다.",
        },
        formula: "2*sum_k(m_k*TP_k/(2*TP_k + FP_k + FN_k))/m",
        measure: Measure::Classes(f1_weighted),
        points: [
            Point::classes(&[0, 0, 1, 0], TWO, 23.0 / 30.0),
            Point::classes(&[0, 0, 1, 2], THREE, 0.65),
        ],
        ..SHARE
    },
];
