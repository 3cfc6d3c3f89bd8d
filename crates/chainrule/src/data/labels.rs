//! The target in numbers, and numbers back in the target's own terms.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::cell::{BOOLEAN_WORDS, boolean_word};
use super::encode::{check_finite, moments};
use super::schema::Kind;
use super::table::{Column, Table, Values};
use super::target::{Target, Task};
use crate::error::{Error, ErrorKind, Result, nearest};

/// The target in numbers, as fitted; travels inside the model file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetEncoder {
    /// Numbers, scaled by the training part.
    Regression {
        /// One for each output.
        outputs: Vec<ScaledTarget>,
    },
    /// Classes of one target; the number of the class.
    Classes {
        /// The target column.
        column: String,
        /// The classes; the class's number is its place here.
        labels: Vec<String>,
    },
    /// Several targets, each yes (1) or no (0).
    Multilabel {
        /// One for each output.
        outputs: Vec<YesNoTarget>,
    },
}

/// One output of a regression: (value − mean) / std, of log(1 + value) if `log`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScaledTarget {
    /// The target column.
    pub column: String,
    /// The mean over the training part.
    pub mean: f64,
    /// The population standard deviation over the training part; 1 if that is constant.
    pub std: f64,
    /// Whether mean and deviation are those of log(1 + value).
    #[serde(default)]
    pub log: bool,
}

/// One output that is yes or no.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct YesNoTarget {
    /// The target column.
    pub column: String,
    /// How the file writes no and yes, in this order.
    pub labels: [String; 2],
}

impl TargetEncoder {
    /// Fits the encoder of a target on the training rows; numbers are scaled as they are, or their
    /// log(1 + value) if `log`.
    ///
    /// # Errors
    /// The table is not the one that the target was inferred from.
    pub fn fit(table: &Table, target: &Target, training: &[usize], log: bool) -> Result<Self> {
        if let ([column], false) = (target.columns.as_slice(), target.labels.is_empty()) {
            return Ok(Self::Classes { column: column.clone(), labels: target.labels.clone() });
        }
        let columns = target.columns.iter().map(|name| table.require(name));
        if target.task == Task::Regression {
            let outputs = columns.map(|column| {
                let column = column?;
                let mut values = numbers_of(column, training);
                if log {
                    values.iter_mut().for_each(|value| *value = libm::log1p(*value));
                }
                let (mean, std) = moments(&values);
                Ok(ScaledTarget {
                    column: column.name().to_owned(),
                    mean,
                    std: if std > 0.0 { std } else { 1.0 },
                    log,
                })
            });
            return Ok(Self::Regression { outputs: outputs.collect::<Result<_>>()? });
        }
        let outputs = columns.map(|column| {
            let column = column?;
            Ok(YesNoTarget {
                column: column.name().to_owned(),
                labels: match column.values() {
                    Values::Boolean { spellings, .. } => spellings.clone(),
                    _ => ["0".to_owned(), "1".to_owned()],
                },
            })
        });
        Ok(Self::Multilabel { outputs: outputs.collect::<Result<_>>()? })
    }

    /// Returns the number of values that [`encode`](Self::encode) gives for a row.
    pub fn width(&self) -> usize {
        match self {
            Self::Regression { outputs } => outputs.len(),
            Self::Classes { .. } => 1,
            Self::Multilabel { outputs } => outputs.len(),
        }
    }

    /// Encodes the target of rows, row-major [rows × width]: scaled numbers, the class's number,
    /// or 0 and 1.
    ///
    /// # Errors
    /// A target column is absent; a target is missing, infinite, or a label the model lacks.
    pub fn encode(&self, table: &Table, rows: &[usize]) -> Result<Vec<f32>> {
        let width = self.width();
        let mut out = vec![0.0; rows.len() * width];
        let mut write = |output: usize, encoded: Vec<f32>| {
            for (row, value) in encoded.into_iter().enumerate() {
                out[row * width + output] = value;
            }
        };
        let classes = |column, labels| -> Result<Vec<f32>> {
            let classes = class_indices(table, column, labels, rows)?;
            Ok(classes.into_iter().map(|class| class as f32).collect())
        };
        match self {
            Self::Regression { outputs } => {
                for (place, output) in outputs.iter().enumerate() {
                    write(place, output.encode(table, rows)?);
                }
            }
            Self::Classes { column, labels } => write(0, classes(column, labels)?),
            Self::Multilabel { outputs } => {
                for (place, output) in outputs.iter().enumerate() {
                    write(place, classes(&output.column, &output.labels)?);
                }
            }
        }
        Ok(out)
    }

    /// Returns the value of an output in the target's own units; only regression scales.
    pub fn decode(&self, output: usize, value: f64) -> f64 {
        match self {
            Self::Regression { outputs } => {
                outputs.get(output).map_or(value, |scaled| scaled.decode(value))
            }
            Self::Classes { .. } | Self::Multilabel { .. } => value,
        }
    }

    /// Returns how the file writes a class (for several targets: 0 no, 1 yes of that output).
    pub fn label(&self, output: usize, class: usize) -> Option<&str> {
        let labels = match self {
            Self::Regression { .. } => return None,
            Self::Classes { labels, .. } => labels.as_slice(),
            Self::Multilabel { outputs } => outputs.get(output)?.labels.as_slice(),
        };
        labels.get(class).map(String::as_str)
    }
}

impl ScaledTarget {
    /// The value in the target's own units.
    fn decode(&self, scaled: f64) -> f64 {
        let value = scaled * self.std + self.mean;
        if self.log { libm::expm1(value) } else { value }
    }

    fn encode(&self, table: &Table, rows: &[usize]) -> Result<Vec<f32>> {
        let column = table.require(&self.column)?;
        let encoded = rows.iter().map(|&row| {
            let Values::Number(values) = column.values() else {
                return Err(ErrorKind::WrongKind {
                    file: table.file().to_owned(),
                    line: table.line(row),
                    column: self.column.clone(),
                    value: label_of(column, row),
                    expected: Kind::Number,
                }
                .into());
            };
            let value = values.get(row).copied().unwrap_or(f64::NAN);
            if value.is_nan() {
                return Err(missing_label(table, &self.column, row));
            }
            check_finite(table, &self.column, row, value)?;
            if self.log && value <= -1.0 {
                return Err(ErrorKind::LogOfTarget {
                    file: table.file().to_owned(),
                    line: table.line(row),
                    column: self.column.clone(),
                    value,
                }
                .into());
            }
            let value = if self.log { libm::log1p(value) } else { value };
            Ok(((value - self.mean) / self.std) as f32)
        });
        encoded.collect()
    }
}

fn numbers_of(column: &Column, rows: &[usize]) -> Vec<f64> {
    match column.values() {
        Values::Number(values) => rows.iter().filter_map(|&row| values.get(row)).copied().collect(),
        _ => Vec::new(),
    }
}

/// Returns the number of the class of each row.
pub(super) fn class_indices(
    table: &Table,
    name: &str,
    labels: &[String],
    rows: &[usize],
) -> Result<Vec<u32>> {
    let column = table.require(name)?;
    let truths = [false, true].map(|truth| {
        let means = |label: &String| boolean_word(label).map(|word| BOOLEAN_WORDS[word].1);
        labels.iter().position(|label| means(label) == Some(truth))
    });
    let places: HashMap<&str, usize> = labels.iter().map(String::as_str).zip(0..).collect();
    let levels: Vec<Option<usize>> = match column.values() {
        Values::Text(text) => {
            let levels = text.levels().iter();
            levels.map(|level| places.get(level.as_str()).copied()).collect()
        }
        _ => Vec::new(),
    };
    let numbers: Vec<f64> = labels.iter().map(|label| label.parse().unwrap_or(f64::NAN)).collect();
    let classes = rows.iter().map(|&row| {
        if column.values().is_missing(row) {
            return Err(missing_label(table, name, row));
        }
        let class = match column.values() {
            Values::Number(values) => numbers.iter().position(|&number| number == values[row]),
            Values::Boolean { values, .. } => {
                values[row].and_then(|truth| truths[usize::from(truth)])
            }
            Values::Text(text) => text.code(row).and_then(|code| levels[code]),
        };
        class.map(|class| class as u32).ok_or_else(|| unknown_label(table, column, row, labels))
    });
    classes.collect()
}

fn missing_label(table: &Table, column: &str, row: usize) -> Error {
    ErrorKind::MissingLabel {
        file: table.file().to_owned(),
        line: table.line(row),
        column: column.to_owned(),
    }
    .into()
}

fn unknown_label(table: &Table, column: &Column, row: usize, labels: &[String]) -> Error {
    let label = label_of(column, row);
    ErrorKind::UnknownLabel {
        file: table.file().to_owned(),
        line: table.line(row),
        column: column.name().to_owned(),
        nearest: nearest(&label, labels).map(str::to_owned),
        label,
    }
    .into()
}

/// Returns how the cell would be written; empty if it is missing.
fn label_of(column: &Column, row: usize) -> String {
    let label = match column.values() {
        Values::Number(values) => values.get(row).map(f64::to_string),
        Values::Boolean { values, spellings } => {
            let truth = values.get(row).copied().flatten();
            truth.map(|truth| spellings[usize::from(truth)].clone())
        }
        Values::Text(text) => text.get(row).map(str::to_owned),
    };
    label.unwrap_or_default()
}
