//! Metrics: what is measured on whole columns once a model has answered, in the target's own units.
//!
//! A metric is never a mean over batches: R², a root or an area under a curve of a whole column is
//! not the mean of those of its parts. Each is a plain function of [`Numbers`] or of [`Classes`],
//! which check the columns once, so that no metric meets a length, a label, a weight or a NaN that
//! it cannot take. Where scikit-learn has the metric, the values agree with it.
//!
//! To add a metric, open the file of what it measures and write its function and its row there:
//! `numbers.rs` for numbers, `classes.rs` for the most probable class, `precision.rs` for what is
//! found of a class, `probabilities.rs` for the probabilities themselves. The row gives it its name
//! everywhere, its help and its tests.

use std::borrow::Cow;

use chainrule_core::Words;

use crate::error::{self, by_name};

mod choice;
mod classes;
mod columns;
mod numbers;
mod precision;
mod probabilities;

pub use choice::Choice;
pub use classes::*;
pub use columns::{Classes, Columns, MetricError, Numbers, Score, Warning};
pub use numbers::*;
pub use precision::*;
pub use probabilities::*;

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

impl Point {
    const fn numbers(target: &'static [f64], prediction: &'static [f64], value: f64) -> Self {
        Self::Numbers { target, prediction, value }
    }

    const fn classes(target: &'static [usize], probabilities: &'static [f64], value: f64) -> Self {
        Self::Classes { target, probabilities, value }
    }
}

/// Probabilities of two classes of which the second, the first, the second and the first lead.
const TWO: &[f64] = &[0.25, 0.75, 0.5, 0.5, 0.375, 0.625, 1.0, 0.0];
/// Probabilities of three classes of which the first, the first, the second and the first lead.
const THREE: &[f64] = &[0.5, 0.25, 0.25, 0.75, 0.25, 0.0, 0.25, 0.5, 0.25, 1.0, 0.0, 0.0];

/// A metric: its name wherever one is accepted, what it is for, and what checks it.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// The name.
    pub name: &'static str,
    /// What it measures and when to use it.
    pub about: Words,
    /// The formula; y is the target, p the prediction, mean and sum weigh the rows.
    pub formula: &'static str,
    /// The values that it can have, as `0 to 1`.
    pub range: &'static str,
    /// Which value is better.
    pub better: Better,
    /// Whether reports show it unasked; the others are there for the asking.
    pub reported: bool,
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

/// The name and the value of a metric; a typed one is named by its formula.
pub type Measured = (Cow<'static, str>, f64);

/// The metric of that name.
///
/// # Errors
/// [`UnknownName`](crate::ErrorKind::UnknownName), with the nearest name and all that are known.
pub fn metric(name: &str) -> error::Result<&'static Metric> {
    by_name("metric", METRICS, |metric| metric.name, name)
}

/// Every metric, in the order in which reports show them.
pub const METRICS: &[Metric] = &in_one::<COUNT>(TABLES);

const TABLES: [&[Metric]; 4] = [numbers::ROWS, classes::ROWS, precision::ROWS, probabilities::ROWS];

const COUNT: usize = TABLES[0].len() + TABLES[1].len() + TABLES[2].len() + TABLES[3].len();

const fn in_one<const COUNT: usize>(mut tables: [&[Metric]; 4]) -> [Metric; COUNT] {
    let mut all = [tables[0][0]; COUNT];
    let (mut table, mut at) = (0, 0);
    while table < tables.len() {
        while let [row, rest @ ..] = tables[table] {
            all[at] = *row;
            at += 1;
            tables[table] = rest;
        }
        table += 1;
    }
    all
}

#[cfg(test)]
mod tests;
