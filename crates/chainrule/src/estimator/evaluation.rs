//! What a model is worth: the metrics of some rows of a table.

use std::ops::ControlFlow;

use crate::data::{Table, TargetEncoder, row_weights};
use crate::engine::KernelTime;
use crate::error::Result;
use crate::metrics::{Choice, Classes, Columns, METRICS, Measured, confusion_matrix};
use crate::model::{Inputs, Model};
use crate::train::{Callback, Epoch, Keeper};

/// What a model is worth on some rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The number of rows.
    pub rows: usize,
    /// Every reported metric that suits the task, then what was asked for besides; rows count by their weights, if the model was
    /// trained with a column of weights and the table has it.
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
    evaluate_rows(model, table, &rows, &[], threads)
}

/// Measures a model on some rows of a table, with some metrics besides those of every report.
///
/// # Errors
/// A column or target is absent; one of the rows has no target; a metric that was asked for does not
/// suit the target.
pub fn evaluate_rows(
    model: &Model,
    table: &Table,
    rows: &[usize],
    besides: &[Choice],
    threads: usize,
) -> Result<Evaluation> {
    let truth = Truth::of(model, table, rows, besides)?;
    let predictions = model.predict_rows(table, rows, threads)?;
    let confusion = match &truth.answers {
        Answers::Classes { classes, count } => {
            confusion_matrix(&Classes::new(classes, &predictions, *count, None)?)
        }
        Answers::Numbers { .. } | Answers::YesNo { .. } => Vec::new(),
    };
    Ok(Evaluation { rows: rows.len(), metrics: truth.measure(&predictions)?, confusion })
}

/// The targets of some rows in their own terms, and how much each row counts.
pub(super) struct Truth {
    answers: Answers,
    weights: Option<Vec<f64>>,
    /// What is measured besides the metrics that every report has.
    besides: Vec<Choice>,
}

enum Answers {
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
    pub(super) fn of(
        model: &Model,
        table: &Table,
        rows: &[usize],
        besides: &[Choice],
    ) -> Result<Self> {
        let encoded = model.target.encode(table, rows)?;
        let classes = || encoded.iter().map(|&class| class as usize).collect();
        let answers = match &model.target {
            TargetEncoder::Regression { outputs } => {
                let mut values = Vec::with_capacity(encoded.len());
                for &row in rows {
                    for output in outputs {
                        let column = table.require(&output.column)?;
                        values.push(match column.values() {
                            crate::data::Values::Number(numbers) => {
                                numbers.get(row).unwrap_or(f64::NAN)
                            }
                            _ => f64::NAN,
                        });
                    }
                }
                Answers::Numbers { values, outputs: outputs.len() }
            }
            TargetEncoder::Classes { labels, .. } => {
                Answers::Classes { classes: classes(), count: labels.len() }
            }
            TargetEncoder::Multilabel { outputs } => {
                Answers::YesNo { values: classes(), outputs: outputs.len() }
            }
        };
        let weights = match &model.inputs {
            Inputs::Table { schema, .. } => row_weights(table, schema, rows)?,
            Inputs::Array { .. } => None,
        };
        Ok(Self { answers, weights, besides: besides.to_vec() })
    }

    /// Refuses metrics that were asked for and do not suit the targets.
    pub(super) fn check(&self) -> Result<()> {
        let some = match &self.answers {
            Answers::Numbers { values, .. } => values.clone(),
            Answers::Classes { classes, count } => vec![1.0 / *count as f64; classes.len() * count],
            Answers::YesNo { values, .. } => vec![0.5; values.len()],
        };
        self.measure(&some).map(|_| ())
    }

    /// Every reported metric that suits the targets and can be computed on them, and what was asked
    /// for besides.
    fn measure(&self, predictions: &[f64]) -> Result<Vec<Measured>> {
        // What a report has unasked it has where it can be computed; what is asked for must be.
        let all = |columns: Columns<'_>| -> Result<Vec<Measured>> {
            let reported = METRICS.iter().filter(|metric| {
                let asked = self.besides.iter().any(|besides| besides.name() == metric.name);
                metric.reported && metric.suits(&columns) && !asked
            });
            let mut measured: Vec<Measured> = reported
                .filter_map(|metric| Some((metric.name.into(), metric.of(&columns).ok()?.value)))
                .collect();
            for besides in &self.besides {
                measured.push((besides.name().to_owned().into(), besides.of(&columns)?));
            }
            Ok(measured)
        };
        let weights = self.weights.as_deref();
        match &self.answers {
            Answers::Numbers { values, outputs } => {
                // Deviations, if the model gives them, stand behind the values of a row.
                let width = predictions.len() * outputs / values.len().max(1);
                let of_row = |row: &[f64]| row[..*outputs].to_vec();
                let predictions: Vec<f64> =
                    predictions.chunks_exact(width.max(*outputs)).flat_map(of_row).collect();
                let numbers =
                    crate::metrics::Numbers::new(values, &predictions, *outputs, weights)?;
                all(Columns::Numbers(numbers))
            }
            Answers::Classes { classes, count } => {
                all(Columns::Classes(Classes::new(classes, predictions, *count, weights)?))
            }
            Answers::YesNo { values, outputs } => {
                // The mean over the outputs of each metric of one yes-or-no target.
                let mut sums: Vec<Measured> = Vec::new();
                for output in 0..*outputs {
                    let of = values.iter().skip(output).step_by(*outputs).copied();
                    let classes: Vec<usize> = of.collect();
                    let yes = predictions.iter().skip(output).step_by(*outputs);
                    let rows: Vec<f64> = yes.flat_map(|&p| [1.0 - p, p]).collect();
                    let columns = Columns::Classes(Classes::new(&classes, &rows, 2, weights)?);
                    for (name, value) in all(columns)? {
                        match sums.iter_mut().find(|(known, _)| *known == name) {
                            Some((_, sum)) => *sum += value / *outputs as f64,
                            None => sums.push((name, value / *outputs as f64)),
                        }
                    }
                }
                Ok(sums)
            }
        }
    }
}

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

    fn metrics(&mut self, outputs: &[f64]) -> Vec<Measured> {
        let predictions = self.model.decode_all(outputs);
        let mut metrics = self.truth.measure(&predictions).unwrap_or_default();
        metrics.extend(self.inner.metrics(outputs));
        metrics
    }

    fn profiles(&self) -> bool {
        self.inner.profiles()
    }

    fn profile(&mut self, steps: u64, times: &[KernelTime]) {
        self.inner.profile(steps, times);
    }

    fn keeper(&mut self) -> Option<&mut dyn Keeper> {
        self.inner.keeper()
    }
}
