//! The columns that metrics measure, checked once, and what a metric says of them.

use std::error::Error;
use std::fmt;

/// Targets and predictions that are numbers: rows × outputs, one row after the other.
#[derive(Clone, Copy, Debug)]
pub struct Numbers<'a> {
    target: &'a [f64],
    prediction: &'a [f64],
    pub(super) outputs: usize,
    weights: Weights<'a>,
}

impl<'a> Numbers<'a> {
    /// Takes the columns after checking them; without weights every row weighs 1.
    ///
    /// Errors: no rows; lengths that are not the same number of rows of `outputs` numbers; a target
    /// or a prediction that is NaN or infinite; weights that are as [`MetricError`] says.
    pub fn new(
        target: &'a [f64],
        prediction: &'a [f64],
        outputs: usize,
        weights: Option<&'a [f64]>,
    ) -> Result<Self, MetricError> {
        check_lengths(target.len(), outputs, prediction.len(), outputs)?;
        let weights = Weights::new(weights, target.len() / outputs)?;
        let numbers = Self { target, prediction, outputs, weights };
        match numbers.find(|value| !value.is_finite()) {
            Some((column, row, value)) => Err(MetricError::NotFinite { column, row, value }),
            None => Ok(numbers),
        }
    }

    /// Column, row and value of the first number that is so, the target's first.
    pub(super) fn find(&self, is_so: impl Fn(f64) -> bool) -> Option<(&'static str, usize, f64)> {
        [("target", self.target), ("prediction", self.prediction)].into_iter().find_map(
            |(column, values)| {
                let at = values.iter().position(|&value| is_so(value))?;
                Some((column, at / self.outputs + 1, values[at]))
            },
        )
    }

    /// The power of two at or below the largest number of one output. Numbers divided by it, which
    /// is exact, have squares that do not overflow.
    pub(super) fn unit(&self, output: usize) -> f64 {
        let sizes = self.rows(output).map(|(_, y, p)| y.abs().max(p.abs()));
        power_of_two(sizes.fold(0.0, f64::max))
    }

    /// (weight, target, prediction) of each row that has a weight, for one output; the weights are
    /// in some unit of their own.
    pub(super) fn rows(&self, output: usize) -> impl Iterator<Item = (f64, f64, f64)> + Clone {
        let targets = self.target.iter().skip(output).step_by(self.outputs);
        let predictions = self.prediction.iter().skip(output).step_by(self.outputs);
        let pairs = targets.zip(predictions).enumerate();
        pairs.map(|(row, (&y, &p))| (self.weights.of(row), y, p)).filter(|&(w, _, _)| w > 0.0)
    }

    /// Σ w·term(y, p) / Σ w for one output.
    pub(super) fn mean(&self, output: usize, term: impl Fn(f64, f64) -> f64) -> f64 {
        let total: f64 = self.rows(output).map(|(w, y, p)| w * term(y, p)).sum();
        total / self.rows(output).map(|(w, _, _)| w).sum::<f64>()
    }

    /// The uniform average over the outputs.
    pub(super) fn average(&self, of_output: impl Fn(usize) -> f64) -> f64 {
        (0..self.outputs).map(of_output).sum::<f64>() / self.outputs as f64
    }
}

/// Targets that are classes, numbered from 0 in the model's order, and a probability per class.
///
/// The classes are the model's, whichever of them the rows at hand happen to hold.
#[derive(Clone, Copy, Debug)]
pub struct Classes<'a> {
    target: &'a [usize],
    probabilities: &'a [f64],
    pub(super) classes: usize,
    pub(super) weights: Weights<'a>,
}

impl<'a> Classes<'a> {
    /// Takes the columns after checking them; without weights every row weighs 1.
    ///
    /// `probabilities` holds rows × classes, one row after the other. Errors: fewer than two
    /// classes; no rows; lengths that do not fit; a target that is no class; a probability outside
    /// 0 to 1, or a row of them whose sum is further than 1e-4 from 1 (logits, say); weights that
    /// are as [`MetricError`] says.
    pub fn new(
        target: &'a [usize],
        probabilities: &'a [f64],
        classes: usize,
        weights: Option<&'a [f64]>,
    ) -> Result<Self, MetricError> {
        if classes < 2 {
            return Err(MetricError::ClassCount { classes, wanted: "at least two" });
        }
        check_lengths(target.len(), 1, probabilities.len(), classes)?;
        for (row, (&label, of_row)) in target.iter().zip(probabilities.chunks(classes)).enumerate()
        {
            let row = row + 1;
            if label >= classes {
                return Err(MetricError::Label { row, label, classes });
            }
            if let Some(class) = of_row.iter().position(|p| !(0.0..=1.0).contains(p)) {
                return Err(MetricError::Probability { row, class, value: of_row[class] });
            }
            let sum: f64 = of_row.iter().sum();
            if (sum - 1.0).abs() > 1e-4 {
                return Err(MetricError::ProbabilitySum { row, sum });
            }
        }
        let weights = Weights::new(weights, target.len())?;
        Ok(Self { target, probabilities, classes, weights })
    }

    /// (weight, target, probabilities) of each row that has a weight; the weights are in their
    /// [`unit`](Weights::unit).
    pub(super) fn rows(&self) -> impl Iterator<Item = (f64, usize, &'a [f64])> {
        let pairs = self.target.iter().zip(self.probabilities.chunks(self.classes)).enumerate();
        pairs
            .map(|(row, (&y, of_row))| (self.weights.of(row), y, of_row))
            .filter(|&(w, _, _)| w > 0.0)
    }

    /// Σ w·term(y, probabilities) / Σ w.
    pub(super) fn mean(&self, term: impl Fn(usize, &[f64]) -> f64) -> f64 {
        let total: f64 = self.rows().map(|(w, y, of_row)| w * term(y, of_row)).sum();
        total / self.rows().map(|(w, _, _)| w).sum::<f64>()
    }
}

/// The columns that a metric measures: what the rows of [`METRICS`](super::METRICS) take.
#[derive(Clone, Copy, Debug)]
pub enum Columns<'a> {
    /// Numbers, for regression.
    Numbers(Numbers<'a>),
    /// Classes, two or more.
    Classes(Classes<'a>),
}

/// The value of a metric, and what to know about it before trusting it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// The value.
    pub value: f64,
    /// Set where the definition has a hole and a convention filled it.
    pub warning: Option<Warning>,
}

impl From<f64> for Score {
    fn from(value: f64) -> Self {
        Self { value, warning: None }
    }
}

/// Why a value rests on a convention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The target is the same in every row, so a share of its variance is 0/0 or −∞: it counts as 1
    /// if nothing is left to explain and as 0 otherwise.
    ConstantTarget {
        /// The output, counted from 0.
        output: usize,
    },
    /// A target is 0 where the prediction is not, so a percentage of it is infinite: it counts as
    /// 2⁻⁵².
    ZeroTarget {
        /// The output, counted from 0.
        output: usize,
    },
    /// No row has the class, or none was predicted to have it, so a ratio is 0/0: it counts as 0.
    EmptyClass {
        /// The class, counted from 0.
        class: usize,
    },
    /// No row has the class, though some were predicted to: it is left out.
    AbsentClass {
        /// The class, counted from 0.
        class: usize,
    },
    /// All targets or all predictions are of one class, so a correlation is 0/0: it counts as 0.
    OneClass,
    /// There are no more classes than may be named, so that every row is right.
    EveryClass {
        /// How many may be named.
        k: usize,
        /// How many there are.
        classes: usize,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConstantTarget { output } => write!(
                f,
                "target {output} is the same in every row: no variance is to be explained, which \
                 counts as 1 if the prediction is perfect, else as 0"
            ),
            Self::ZeroTarget { output } => write!(
                f,
                "target {output} is 0 in a row where the prediction is not: no percentage of it is \
                 finite, and it counts as 2^-52"
            ),
            Self::EmptyClass { class } => write!(
                f,
                "class {class} has no row or is never predicted: its ratio is 0/0 and counts as 0"
            ),
            Self::AbsentClass { class } => {
                write!(f, "class {class} is predicted but has no row: it is left out of the mean")
            }
            Self::OneClass => write!(
                f,
                "all targets or all predictions are of one class: the correlation is 0/0 and \
                 counts as 0"
            ),
            Self::EveryClass { k, classes } => write!(
                f,
                "there are {classes} classes, and any {k} of them count as right: every row is"
            ),
        }
    }
}

/// Why a metric has no value. Rows are counted from 1, as a person counts them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum MetricError {
    /// There is no row.
    NoRows,
    /// The target and the prediction do not have the same number of whole rows.
    Lengths {
        /// How many values the target has, and how many it has a row.
        target: (usize, usize),
        /// How many values the prediction has, and how many it has a row.
        prediction: (usize, usize),
    },
    /// A value is NaN or infinite.
    NotFinite {
        /// `target` or `prediction`.
        column: &'static str,
        /// The row.
        row: usize,
        /// The value.
        value: f64,
    },
    /// A value is not above −1, where log(1 + value) ends.
    NotAboveMinusOne {
        /// `target` or `prediction`.
        column: &'static str,
        /// The row.
        row: usize,
        /// The value.
        value: f64,
    },
    /// A target is not one of the classes.
    Label {
        /// The row.
        row: usize,
        /// The target.
        label: usize,
        /// How many classes there are.
        classes: usize,
    },
    /// A probability is outside 0 to 1, or NaN.
    Probability {
        /// The row.
        row: usize,
        /// The class, counted from 0.
        class: usize,
        /// The value.
        value: f64,
    },
    /// The probabilities of a row do not sum to 1.
    ProbabilitySum {
        /// The row.
        row: usize,
        /// Their sum.
        sum: f64,
    },
    /// The metric is not for this number of classes.
    ClassCount {
        /// How many there are.
        classes: usize,
        /// How many it is for.
        wanted: &'static str,
    },
    /// There is not one weight a row.
    WeightCount {
        /// How many weights there are.
        weights: usize,
        /// How many rows there are.
        rows: usize,
    },
    /// A weight is negative, infinite or NaN.
    Weight {
        /// The row.
        row: usize,
        /// The weight.
        value: f64,
    },
    /// The weights sum to 0 or overflow.
    TotalWeight {
        /// Their sum.
        total: f64,
    },
    /// R² of fewer than two rows with a weight is not defined.
    FewerThanTwoRows,
    /// No area under the curve: all rows have the class, or none has it.
    OneSided {
        /// The class, counted from 0.
        class: usize,
    },
    /// Kappa of one class is not defined: chance gets every row right.
    OneClass,
    /// The metric measures numbers and was given classes, or the other way round.
    OtherColumns {
        /// The name of the metric.
        metric: &'static str,
    },
}

impl fmt::Display for MetricError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRows => write!(f, "there is no row to measure"),
            Self::Lengths { target: (targets, target_width), prediction: (predictions, width) } => {
                write!(
                    f,
                    "the target has {targets} values in rows of {target_width} and the prediction \
                     {predictions} in rows of {width}: give both the same number of whole rows"
                )
            }
            Self::NotFinite { column, row, value } => {
                write!(f, "row {row}: the {column} is {value}; only finite numbers can be measured")
            }
            Self::NotAboveMinusOne { column, row, value } => write!(
                f,
                "row {row}: the {column} is {value}; rmsle takes the logarithm of 1 + it, so it \
                 must be above -1"
            ),
            Self::Label { row, label, classes } => {
                write!(
                    f,
                    "row {row}: label {label} outside 0..{} of {classes} classes",
                    classes - 1
                )
            }
            Self::Probability { row, class, value } => {
                write!(f, "row {row}: the probability of class {class} is {value}, not in 0 to 1")
            }
            Self::ProbabilitySum { row, sum } => write!(
                f,
                "row {row}: the probabilities sum to {sum}, not to 1; give probabilities, not \
                 logits"
            ),
            Self::ClassCount { classes, wanted } => {
                write!(f, "there are {classes} classes where the metric needs {wanted}")
            }
            Self::WeightCount { weights, rows } => {
                write!(f, "there are {weights} weights for {rows} rows")
            }
            Self::Weight { row, value } => {
                write!(f, "row {row}: the weight is {value}; it must be finite and not negative")
            }
            Self::TotalWeight { total } => {
                write!(f, "the weights sum to {total}; at least one row must weigh something")
            }
            Self::FewerThanTwoRows => {
                write!(f, "R² is undefined for fewer than two rows: nothing varies")
            }
            Self::OneSided { class } => write!(
                f,
                "roc_auc is undefined: it compares rows of class {class} with others, and one of \
                 the two has no rows"
            ),
            Self::OneClass => write!(
                f,
                "cohen_kappa is undefined: every row is of one class and is predicted to be, which \
                 chance would do as well"
            ),
            Self::OtherColumns { metric } => {
                write!(f, "{metric} does not measure this kind of target")
            }
        }
    }
}

impl Error for MetricError {}

fn check_lengths(
    targets: usize,
    target_width: usize,
    predictions: usize,
    width: usize,
) -> Result<(), MetricError> {
    let rows = |values: usize, width: usize| {
        (width > 0 && values.is_multiple_of(width)).then(|| values / width)
    };
    match (rows(targets, target_width), rows(predictions, width)) {
        (Some(0), Some(0)) => Err(MetricError::NoRows),
        (Some(target), Some(prediction)) if target == prediction => Ok(()),
        _ => Err(MetricError::Lengths {
            target: (targets, target_width),
            prediction: (predictions, width),
        }),
    }
}

/// The weights of the rows, checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weights<'a> {
    weights: Option<&'a [f64]>,
    /// A power of two near the sum of the weights, by which they are divided, exactly, so that no
    /// product of a few of them overflows or vanishes.
    pub(super) unit: f64,
}

impl<'a> Weights<'a> {
    fn new(weights: Option<&'a [f64]>, rows: usize) -> Result<Self, MetricError> {
        let Some(all) = weights else {
            return Ok(Self { weights, unit: 1.0 });
        };
        if all.len() != rows {
            return Err(MetricError::WeightCount { weights: all.len(), rows });
        }
        if let Some(at) = all.iter().position(|&w| !w.is_finite() || w < 0.0) {
            return Err(MetricError::Weight { row: at + 1, value: all[at] });
        }
        let total: f64 = all.iter().sum();
        if total > 0.0 && total.is_finite() {
            Ok(Self { weights, unit: power_of_two(total) })
        } else {
            Err(MetricError::TotalWeight { total })
        }
    }

    fn of(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row] / self.unit)
    }
}

/// The power of two at or below a finite number that is not negative, but no subnormal one.
pub(super) fn power_of_two(value: f64) -> f64 {
    let exponent = value.to_bits() & f64::INFINITY.to_bits();
    f64::from_bits(exponent).max(f64::MIN_POSITIVE)
}
