//! What a model is worth: the metrics of some rows of a table.

use std::ops::ControlFlow;

use crate::data::{Table, TargetEncoder};
use crate::error::Result;
use crate::metrics::{Classes, Columns, METRICS, Metric, confusion_matrix};
use crate::model::{Inputs, Model};
use crate::train::{Callback, Epoch};

/// What a model is worth on some rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The number of rows.
    pub rows: usize,
    /// Every metric that suits the task.
    pub metrics: Vec<Measured>,
    /// The number of rows by class (outer) and predicted class (inner), in the order of the
    /// model's labels; empty unless the target is one of classes.
    pub confusion: Vec<Vec<f64>>,
}

/// Measures a model on the rows of a table that have a target.
///
/// # Errors
/// A column or target is absent; no row has a target.
pub fn evaluate(model: &Model, table: &Table, threads: usize) -> Result<Evaluation> {
    let Inputs::Table { schema, .. } = &model.inputs else {
        return Err(super::unfit("a model of arrays", 0));
    };
    let (rows, _) = crate::data::rows_with_target(table, schema)?;
    evaluate_rows(model, table, &rows, threads)
}

/// Measures a model on some rows of a table.
///
/// # Errors
/// A column or target is absent; one of the rows has no target.
pub fn evaluate_rows(
    model: &Model,
    table: &Table,
    rows: &[usize],
    threads: usize,
) -> Result<Evaluation> {
    let truth = Truth::of(model, table, rows)?;
    let all = model.predict(table, threads)?;
    let width = model.outputs();
    let predictions: Vec<f64> =
        rows.iter().flat_map(|&row| &all[row * width..][..width]).copied().collect();
    let confusion = match &truth {
        Truth::Classes { classes, count } => {
            confusion_matrix(&Classes::new(classes, &predictions, *count, None)?)
        }
        Truth::Numbers { .. } | Truth::YesNo { .. } => Vec::new(),
    };
    Ok(Evaluation { rows: rows.len(), metrics: truth.measure(&predictions)?, confusion })
}

/// A metric's name and value.
pub type Measured = (&'static str, f64);

/// The targets of some rows in their own terms.
pub(super) enum Truth {
    Numbers {
        values: Vec<f64>,
        outputs: usize,
    },
    Classes {
        classes: Vec<usize>,
        count: usize,
    },
    /// Several yes-or-no targets.
    YesNo {
        values: Vec<usize>,
        outputs: usize,
    },
}

impl Truth {
    pub(super) fn of(model: &Model, table: &Table, rows: &[usize]) -> Result<Self> {
        let encoded = model.target.encode(table, rows)?;
        let classes = || encoded.iter().map(|&class| class as usize).collect();
        Ok(match &model.target {
            TargetEncoder::Regression { outputs } => {
                let mut values = Vec::with_capacity(encoded.len());
                for &row in rows {
                    for output in outputs {
                        let column = table.require(&output.column)?;
                        values.push(match column.values() {
                            crate::data::Values::Number(numbers) => numbers[row],
                            _ => f64::NAN,
                        });
                    }
                }
                Self::Numbers { values, outputs: outputs.len() }
            }
            TargetEncoder::Classes { labels, .. } => {
                Self::Classes { classes: classes(), count: labels.len() }
            }
            TargetEncoder::Multilabel { outputs } => {
                Self::YesNo { values: classes(), outputs: outputs.len() }
            }
        })
    }

    /// Every metric that suits the targets and can be computed on them.
    fn measure(&self, predictions: &[f64]) -> Result<Vec<Measured>> {
        let measured = |columns: &Columns<'_>, metric: &Metric| {
            let suits = metric.suits(columns) && !RARE.contains(&metric.name);
            let score = suits.then(|| metric.of(columns))?.ok()?;
            Some((metric.name, score.value))
        };
        let all = |columns: Columns<'_>| {
            METRICS.iter().filter_map(|metric| measured(&columns, metric)).collect()
        };
        Ok(match self {
            Self::Numbers { values, outputs } => all(Columns::Numbers(
                crate::metrics::Numbers::new(values, predictions, *outputs, None)?,
            )),
            Self::Classes { classes, count } => {
                all(Columns::Classes(Classes::new(classes, predictions, *count, None)?))
            }
            Self::YesNo { values, outputs } => {
                // The mean over the outputs of each metric of one yes-or-no target.
                let mut sums: Vec<Measured> = Vec::new();
                for output in 0..*outputs {
                    let of = values.iter().skip(output).step_by(*outputs).copied();
                    let classes: Vec<usize> = of.collect();
                    let yes = predictions.iter().skip(output).step_by(*outputs);
                    let rows: Vec<f64> = yes.flat_map(|&p| [1.0 - p, p]).collect();
                    let columns = Columns::Classes(Classes::new(&classes, &rows, 2, None)?);
                    for (name, value) in all(columns) as Vec<Measured> {
                        match sums.iter_mut().find(|(known, _)| *known == name) {
                            Some((_, sum)) => *sum += value / *outputs as f64,
                            None => sums.push((name, value / *outputs as f64)),
                        }
                    }
                }
                sums
            }
        })
    }
}

/// Metrics that are there for the asking, and would only confuse in a report.
const RARE: [&str; 1] = ["r2_ssr_over_sst"];

/// Adds the metrics of the validation rows to what the caller's callback sees.
pub(super) struct Watched<'a> {
    pub(super) model: &'a Model,
    pub(super) truth: &'a Truth,
    pub(super) inner: &'a mut dyn Callback,
}

impl Callback for Watched<'_> {
    fn step(&mut self, step: u64, loss: f64) -> ControlFlow<()> {
        self.inner.step(step, loss)
    }

    fn epoch(&mut self, epoch: &Epoch) -> ControlFlow<()> {
        self.inner.epoch(epoch)
    }

    fn metrics(&mut self, outputs: &[f64]) -> Vec<(&'static str, f64)> {
        let predictions = self.model.decode_all(outputs);
        let mut metrics = self.truth.measure(&predictions).unwrap_or_default();
        metrics.extend(self.inner.metrics(outputs));
        metrics
    }
}
