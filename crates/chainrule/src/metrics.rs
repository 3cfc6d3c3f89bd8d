//! Metrics: what is measured on whole columns once a model has answered, in the target's own units.
//!
//! A metric is never a mean over batches: R², a root or an area under a curve of a whole column is
//! not the mean of those of its parts. Each is a plain function of [`Numbers`] or of [`Classes`],
//! which check the columns once, so that no metric meets a length, a label, a weight or a NaN that
//! it cannot take. Where scikit-learn has the metric, the values agree with it.
//!
//! To add a metric, write its function here and its row in [`METRICS`] at the foot: the command
//! line, the help and the tests read that table.

use std::f64::consts::LN_2;

mod columns;

pub use columns::{Classes, Columns, MetricError, Numbers, Score, Warning};

/// Mean squared error, Σ w (y − p)² / Σ w; 0 to ∞, in the target's units squared.
pub fn mse(numbers: &Numbers<'_>) -> Result<Score, MetricError> {
    Ok(numbers.average(|output| numbers.mean(output, |y, p| (y - p) * (y - p))).into())
}

/// Root mean squared error, √(Σ w (y − p)² / Σ w); 0 to ∞, in the target's units.
///
/// Of several outputs it is the average of their roots, not the root of their average.
pub fn rmse(numbers: &Numbers<'_>) -> Result<Score, MetricError> {
    Ok(numbers.average(|output| numbers.mean(output, |y, p| (y - p) * (y - p)).sqrt()).into())
}

/// Mean absolute error, Σ w |y − p| / Σ w; 0 to ∞, in the target's units.
pub fn mae(numbers: &Numbers<'_>) -> Result<Score, MetricError> {
    Ok(numbers.average(|output| numbers.mean(output, |y, p| (y - p).abs())).into())
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

/// Coefficient of determination, 1 − Σ w (y − p)² / Σ w (y − ȳ)²; −∞ to 1.
///
/// ȳ is the weighted mean of the target. A constant target gives 1 if the prediction is perfect and
/// 0 otherwise, with a warning. Errors: fewer than two rows.
pub fn r2(numbers: &Numbers<'_>) -> Result<Score, MetricError> {
    determination(numbers, |sums| 1.0 - sums.residual / sums.total)
}

/// The chapter's R², SSR/SST = Σ w (p − ȳ)² / Σ w (y − ȳ)²; 0 to ∞.
///
/// It equals [`r2`] for a least-squares line with an intercept, measured on the rows that it was
/// fitted on, and means little for anything else. Constant targets and errors are as for [`r2`].
pub fn r2_ssr_over_sst(numbers: &Numbers<'_>) -> Result<Score, MetricError> {
    determination(numbers, |sums| sums.explained / sums.total)
}

/// Sums of squares about the mean of the target, taken in a second pass: Σy² − m·ȳ² would cancel.
struct SumsOfSquares {
    residual: f64,
    explained: f64,
    total: f64,
}

fn determination(
    numbers: &Numbers<'_>,
    ratio: fn(&SumsOfSquares) -> f64,
) -> Result<Score, MetricError> {
    if numbers.rows(0).nth(1).is_none() {
        return Err(MetricError::FewerThanTwoRows);
    }
    let mut constant = None;
    let value = (0..numbers.outputs).map(|output| {
        let rows = numbers.rows(output);
        let mean = numbers.mean(output, |y, _| y);
        let mut sums = SumsOfSquares { residual: 0.0, explained: 0.0, total: 0.0 };
        for (w, y, p) in rows.clone() {
            sums.residual += w * (y - p) * (y - p);
            sums.explained += w * (p - mean) * (p - mean);
            sums.total += w * (y - mean) * (y - mean);
        }
        // The mean of equal numbers may be rounded away from them, so they are compared themselves.
        let mut targets = rows.map(|(_, y, _)| y);
        let first = targets.next();
        if sums.total == 0.0 || targets.all(|y| Some(y) == first) {
            constant = constant.or(Some(Warning::ConstantTarget { output }));
            return if sums.residual == 0.0 { 1.0 } else { 0.0 };
        }
        ratio(&sums)
    });
    let value = value.sum::<f64>() / numbers.outputs as f64;
    Ok(Score { value, warning: constant })
}

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

/// Cross-entropy, −Σ w log(probability of the target) / Σ w, for two or more classes; 0 to 36.04.
///
/// Probabilities are first brought into ε to 1 − ε with ε = 2⁻⁵², as scikit-learn does, so that one
/// certain and wrong row does not make it infinite.
pub fn log_loss(classes: &Classes<'_>) -> Result<Score, MetricError> {
    let bounded = |p: f64| p.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
    Ok(classes.mean(|y, of_row| -libm::log(bounded(of_row[y]))).into())
}

/// The weight of the rows by target (outer) and most probable class (inner).
pub fn confusion_matrix(classes: &Classes<'_>) -> Vec<Vec<f64>> {
    let mut matrix = vec![vec![0.0; classes.classes]; classes.classes];
    for (w, y, of_row) in classes.rows() {
        matrix[y][predicted(of_row)] += w;
    }
    matrix
}

/// What a class has in the confusion matrix.
#[derive(Clone, Copy)]
struct Counts {
    hits: f64,
    predicted: f64,
    actual: f64,
}

impl Counts {
    fn of_classes(classes: &Classes<'_>) -> Vec<Self> {
        let matrix = confusion_matrix(classes);
        let of_class = |class: usize| Self {
            hits: matrix[class][class],
            predicted: matrix.iter().map(|row| row[class]).sum(),
            actual: matrix[class].iter().sum(),
        };
        (0..classes.classes).map(of_class).collect()
    }

    fn precision(self) -> Share {
        (self.hits, self.predicted)
    }

    fn recall(self) -> Share {
        (self.hits, self.actual)
    }

    fn f1(self) -> Share {
        (2.0 * self.hits, self.predicted + self.actual)
    }
}

/// A part and its whole.
type Share = (f64, f64);

fn share_of_class(counts: &[Counts], class: usize, share: fn(Counts) -> Share) -> Score {
    match share(counts[class]) {
        (_, 0.0) => Score { value: 0.0, warning: Some(Warning::EmptyClass { class }) },
        (part, whole) => (part / whole).into(),
    }
}

fn of_second(classes: &Classes<'_>, share: fn(Counts) -> Share) -> Result<Score, MetricError> {
    match classes.classes {
        2 => Ok(share_of_class(&Counts::of_classes(classes), 1, share)),
        classes => Err(MetricError::ClassCount { classes, wanted: "two" }),
    }
}

/// The mean over the classes that some row has or was predicted to have.
fn of_each(classes: &Classes<'_>, share: fn(Counts) -> Share) -> Score {
    let counts = Counts::of_classes(classes);
    let scores: Vec<Score> = (0..classes.classes)
        .filter(|&class| counts[class].predicted + counts[class].actual > 0.0)
        .map(|class| share_of_class(&counts, class, share))
        .collect();
    let total: f64 = scores.iter().map(|score| score.value).sum();
    let value = total / scores.len() as f64;
    Score { value, warning: scores.iter().find_map(|score| score.warning) }
}

/// Of the rows predicted to be of the second class, the share that is; 0 to 1.
///
/// 0 with a warning if none is predicted. Errors: not two classes.
pub fn precision(classes: &Classes<'_>) -> Result<Score, MetricError> {
    of_second(classes, Counts::precision)
}

/// Of the rows of the second class, the share predicted to be; 0 to 1.
///
/// 0 with a warning if there is none. Errors: not two classes.
pub fn recall(classes: &Classes<'_>) -> Result<Score, MetricError> {
    of_second(classes, Counts::recall)
}

/// The harmonic mean of precision and recall of the second class, 2·hits / (predicted + actual).
///
/// 0 to 1; 0 with a warning if the class is neither there nor predicted. Errors: not two classes.
pub fn f1(classes: &Classes<'_>) -> Result<Score, MetricError> {
    of_second(classes, Counts::f1)
}

/// The mean of [`precision`] over the classes that some row has or was predicted to have; 0 to 1.
pub fn precision_macro(classes: &Classes<'_>) -> Result<Score, MetricError> {
    Ok(of_each(classes, Counts::precision))
}

/// The mean of [`recall`] over the classes that some row has or was predicted to have; 0 to 1.
pub fn recall_macro(classes: &Classes<'_>) -> Result<Score, MetricError> {
    Ok(of_each(classes, Counts::recall))
}

/// The mean of [`f1`] over the classes that some row has or was predicted to have; 0 to 1.
///
/// It is the mean of each class's F1, not the F1 of the mean precision and recall.
pub fn f1_macro(classes: &Classes<'_>) -> Result<Score, MetricError> {
    Ok(of_each(classes, Counts::f1))
}

/// The probability that a row of the class is given a higher probability of it than another row is.
///
/// Ties count one half; 0 to 1, and 0.5 is no better than chance. Of two classes it is the second's,
/// of more the mean over the classes, each against the rest. Errors: a class that no row has, or
/// that all have.
pub fn roc_auc(classes: &Classes<'_>) -> Result<Score, MetricError> {
    if classes.classes == 2 {
        return Ok(area_under_curve(classes, 1)?.into());
    }
    let areas = (0..classes.classes).map(|class| area_under_curve(classes, class));
    Ok((areas.sum::<Result<f64, _>>()? / classes.classes as f64).into())
}

fn area_under_curve(classes: &Classes<'_>, class: usize) -> Result<f64, MetricError> {
    let of_row = |(w, y, of_row): (f64, usize, &[f64])| {
        if y == class { (of_row[class], w, 0.0) } else { (of_row[class], 0.0, w) }
    };
    let mut rows: Vec<(f64, f64, f64)> = classes.rows().map(of_row).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut area, mut positive_below, mut negative_below) = (0.0, 0.0, 0.0);
    for tied in rows.chunk_by(|a, b| a.0 == b.0) {
        let positive: f64 = tied.iter().map(|row| row.1).sum();
        let negative: f64 = tied.iter().map(|row| row.2).sum();
        area += positive * (negative_below + negative / 2.0);
        positive_below += positive;
        negative_below += negative;
    }
    if positive_below == 0.0 || negative_below == 0.0 {
        return Err(MetricError::OneSided { class });
    }
    Ok(area / (positive_below * negative_below))
}

/// Which of two values of a metric is the better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// The higher.
    Higher,
    /// The lower.
    Lower,
}

/// What a metric measures, and its function.
#[derive(Clone, Copy, Debug)]
pub enum Measure {
    /// Numbers.
    Numbers(fn(&Numbers<'_>) -> Result<Score, MetricError>),
    /// Exactly two classes, the second being the positive one.
    TwoClasses(fn(&Classes<'_>) -> Result<Score, MetricError>),
    /// Two or more classes.
    Classes(fn(&Classes<'_>) -> Result<Score, MetricError>),
}

/// Columns whose value is known exactly.
#[derive(Clone, Copy, Debug)]
pub enum Point {
    /// Numbers of one output.
    Numbers {
        /// The target.
        target: &'static [f64],
        /// The prediction.
        prediction: &'static [f64],
        /// The value of the metric.
        value: f64,
    },
    /// Classes.
    Classes {
        /// The target.
        target: &'static [usize],
        /// The probabilities, row by row.
        probabilities: &'static [f64],
        /// The value of the metric.
        value: f64,
    },
}

/// A metric: its name wherever one is accepted, what it is for, and what checks it.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// The name.
    pub name: &'static str,
    /// Which value is better.
    pub better: Better,
    /// One line of help.
    pub about: &'static str,
    /// The formula; y is the target, p the prediction, mean and sum weigh the rows.
    pub formula: &'static str,
    /// The function, and what it measures.
    pub measure: Measure,
    /// Two values that are known exactly.
    pub points: [Point; 2],
}

impl Metric {
    /// Says whether the metric can measure such columns.
    pub fn suits(&self, columns: &Columns<'_>) -> bool {
        match (self.measure, columns) {
            (Measure::Numbers(_), Columns::Numbers(_)) => true,
            (Measure::TwoClasses(_), Columns::Classes(classes)) => classes.classes == 2,
            (Measure::Classes(_), Columns::Classes(_)) => true,
            (Measure::Numbers(_), Columns::Classes(_)) => false,
            (Measure::TwoClasses(_) | Measure::Classes(_), Columns::Numbers(_)) => false,
        }
    }

    /// Measures the columns. Errors: columns of the other kind, and those of the function.
    pub fn of(&self, columns: &Columns<'_>) -> Result<Score, MetricError> {
        match (self.measure, columns) {
            (Measure::Numbers(function), Columns::Numbers(numbers)) => function(numbers),
            (
                Measure::TwoClasses(function) | Measure::Classes(function),
                Columns::Classes(classes),
            ) => function(classes),
            (Measure::Numbers(_), Columns::Classes(_))
            | (Measure::TwoClasses(_) | Measure::Classes(_), Columns::Numbers(_)) => {
                Err(MetricError::OtherColumns { metric: self.name })
            }
        }
    }
}

const fn numbers(target: &'static [f64], prediction: &'static [f64], value: f64) -> Point {
    Point::Numbers { target, prediction, value }
}

const fn classes(target: &'static [usize], probabilities: &'static [f64], value: f64) -> Point {
    Point::Classes { target, probabilities, value }
}

/// Probabilities of two classes of which the second, the first, the second and the first lead.
const TWO: &[f64] = &[0.25, 0.75, 0.5, 0.5, 0.375, 0.625, 1.0, 0.0];
/// Probabilities of three classes of which the first, the first, the second and the first lead.
const THREE: &[f64] = &[0.5, 0.25, 0.25, 0.75, 0.25, 0.0, 0.25, 0.5, 0.25, 1.0, 0.0, 0.0];

/// Every metric, in the order in which reports show them.
pub const METRICS: &[Metric] = &[
    Metric {
        name: "mse",
        better: Better::Lower,
        about: "mean squared error",
        formula: "mean((y - p)^2)",
        measure: Measure::Numbers(mse),
        points: [
            numbers(&[1.0, 3.0], &[0.0, 1.0], 2.5),
            numbers(&[3.0, -0.5, 2.0, 7.0], &[2.5, 0.0, 2.0, 8.0], 0.375),
        ],
    },
    Metric {
        name: "rmse",
        better: Better::Lower,
        about: "root mean squared error, in the target's units",
        formula: "sqrt(mean((y - p)^2))",
        measure: Measure::Numbers(rmse),
        points: [
            numbers(&[0.0, 0.0], &[3.0, -3.0], 3.0),
            numbers(&[1.0, 2.0, 4.0, 8.0], &[1.0, 2.0, 4.0, 4.0], 2.0),
        ],
    },
    Metric {
        name: "mae",
        better: Better::Lower,
        about: "mean absolute error, in the target's units",
        formula: "mean(abs(y - p))",
        measure: Measure::Numbers(mae),
        points: [
            numbers(&[1.0, 3.0], &[0.0, 1.0], 1.5),
            numbers(&[3.0, -0.5, 2.0, 7.0], &[2.5, 0.0, 2.0, 8.0], 0.5),
        ],
    },
    Metric {
        name: "rmsle",
        better: Better::Lower,
        about: "root mean squared logarithmic error, for targets above -1 with a wide spread",
        formula: "sqrt(mean((log(1 + p) - log(1 + y))^2))",
        measure: Measure::Numbers(rmsle),
        points: [numbers(&[0.0, 1.0], &[1.0, 3.0], LN_2), numbers(&[3.0], &[0.0], 2.0 * LN_2)],
    },
    Metric {
        name: "r2",
        better: Better::Higher,
        about: "share of the target's variance that the prediction explains; 1 is perfect, 0 the mean",
        formula: "1 - sum((y - p)^2) / sum((y - mean(y))^2)",
        measure: Measure::Numbers(r2),
        points: [
            numbers(&[0.0, 2.0], &[1.0, 1.0], 0.0),
            numbers(&[0.0, 0.0, 4.0, 4.0], &[0.0, 0.0, 4.0, 2.0], 0.75),
        ],
    },
    Metric {
        name: "r2_ssr_over_sst",
        better: Better::Higher,
        about: "the chapter's R², equal to r2 for a least-squares line with an intercept",
        formula: "sum((p - mean(y))^2) / sum((y - mean(y))^2)",
        measure: Measure::Numbers(r2_ssr_over_sst),
        points: [numbers(&[0.0, 2.0], &[1.0, 1.0], 0.0), numbers(&[0.0, 4.0], &[1.0, 3.0], 0.25)],
    },
    Metric {
        name: "accuracy",
        better: Better::Higher,
        about: "share of the rows whose most probable class is the target",
        formula: "mean(argmax(p) = y)",
        measure: Measure::Classes(accuracy),
        points: [classes(&[1, 0, 0, 1], TWO, 0.5), classes(&[0, 0, 1, 1], THREE, 0.75)],
    },
    Metric {
        name: "log_loss",
        better: Better::Lower,
        about: "cross-entropy of the probabilities",
        formula: "mean(-log(p[y]))",
        measure: Measure::Classes(log_loss),
        points: [
            classes(&[1], &[0.5, 0.5], LN_2),
            classes(&[0, 2], &[0.5, 0.25, 0.25, 0.25, 0.5, 0.25], 1.5 * LN_2),
        ],
    },
    Metric {
        name: "precision",
        better: Better::Higher,
        about: "of the rows predicted to be of the second class, the share that is",
        formula: "hits / predicted",
        measure: Measure::TwoClasses(precision),
        points: [classes(&[1, 0, 0, 1], TWO, 0.5), classes(&[0, 0, 1, 0], TWO, 0.5)],
    },
    Metric {
        name: "recall",
        better: Better::Higher,
        about: "of the rows of the second class, the share predicted to be",
        formula: "hits / actual",
        measure: Measure::TwoClasses(recall),
        points: [classes(&[1, 0, 0, 1], TWO, 0.5), classes(&[0, 0, 1, 0], TWO, 1.0)],
    },
    Metric {
        name: "f1",
        better: Better::Higher,
        about: "harmonic mean of precision and recall of the second class",
        formula: "2 * hits / (predicted + actual)",
        measure: Measure::TwoClasses(f1),
        points: [classes(&[1, 0, 0, 1], TWO, 0.5), classes(&[0, 0, 1, 0], TWO, 2.0 / 3.0)],
    },
    Metric {
        name: "precision_macro",
        better: Better::Higher,
        about: "mean of the classes' precision",
        formula: "mean over classes of hits / predicted",
        measure: Measure::Classes(precision_macro),
        points: [classes(&[1, 0, 0, 1], TWO, 0.5), classes(&[0, 0, 1, 2], THREE, 5.0 / 9.0)],
    },
    Metric {
        name: "recall_macro",
        better: Better::Higher,
        about: "mean of the classes' recall",
        formula: "mean over classes of hits / actual",
        measure: Measure::Classes(recall_macro),
        points: [classes(&[1, 0, 0, 1], TWO, 0.5), classes(&[0, 0, 1, 2], THREE, 2.0 / 3.0)],
    },
    Metric {
        name: "f1_macro",
        better: Better::Higher,
        about: "mean of the classes' F1",
        formula: "mean over classes of 2 * hits / (predicted + actual)",
        measure: Measure::Classes(f1_macro),
        points: [classes(&[1, 0, 0, 1], TWO, 0.5), classes(&[0, 0, 1, 2], THREE, 0.6)],
    },
    Metric {
        name: "roc_auc",
        better: Better::Higher,
        about: "chance that a row of the class is ranked above another; the mean over more than two classes",
        formula: "(pairs ranked right + ties / 2) / pairs",
        measure: Measure::Classes(roc_auc),
        points: [
            classes(&[1, 0, 0, 1], TWO, 0.5),
            classes(&[0, 0, 1, 1], &[0.75, 0.25, 0.5, 0.5, 0.5, 0.5, 0.25, 0.75], 0.875),
        ],
    },
];

#[cfg(test)]
mod tests;
