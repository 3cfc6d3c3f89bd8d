//! The target in numbers, and numbers back in the target's own terms.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::calendar::moment;
use super::cell::{BOOLEAN_WORDS, boolean_word};
use super::encode::{check_finite, moments};
use super::schema::Kind;
use super::table::{Column, Table, Values};
use super::target::{Target, Task};
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::losses::{LEAST_VARIANCE, Units};

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

/// One output of a regression: the network's output z, as std · z + mean, gives the value by its
/// [`Link`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScaledTarget {
    /// The target column.
    pub column: String,
    /// The mean over the training part (of log(1 + value), or the logarithm of the mean value, as
    /// the link says); 0 if the target is not scaled.
    pub mean: f64,
    /// The population standard deviation over the training part; 1 if that is constant, or the
    /// target is not scaled.
    pub std: f64,
    /// How std · z + mean gives the value.
    pub link: Link,
}

/// How a network's output, scaled back, gives a value of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Link {
    /// It is the value.
    Identity,
    /// It is log(1 + value).
    Log,
    /// It is the logarithm of the value that is expected; values are not scaled for training.
    Rate,
    /// It is the value; behind all values come as many logarithms of their variance.
    Normal,
}

/// How a target of numbers is scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scaling {
    /// How the network's output will give the value.
    pub link: Link,
    /// Whether by mean and standard deviation of the training part.
    pub standard: bool,
}

impl Scaling {
    /// (value − mean)/std.
    pub const STANDARD: Self = Self { link: Link::Identity, standard: true };
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
    /// Fits the encoder of a target on the training rows; numbers are scaled so.
    ///
    /// # Errors
    /// The table is not the one that the target was inferred from; a number that the scaling does
    /// not take.
    pub fn fit(
        table: &Table,
        target: &Target,
        training: &[usize],
        scaling: Scaling,
    ) -> Result<Self> {
        if let ([column], false) = (target.columns.as_slice(), target.labels.is_empty()) {
            return Ok(Self::Classes { column: column.clone(), labels: target.labels.clone() });
        }
        let columns = target.columns.iter().map(|name| table.require(name));
        if target.task == Task::Regression {
            let outputs =
                columns.map(|column| ScaledTarget::fit(table, column?, training, scaling));
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

    /// Returns how the numbers of a regression come from the network's outputs.
    pub fn link(&self) -> Link {
        match self {
            Self::Regression { outputs } => {
                outputs.first().map_or(Link::Identity, |output| output.link)
            }
            Self::Classes { .. } | Self::Multilabel { .. } => Link::Identity,
        }
    }

    /// Whether all outputs come from the network's in one way.
    pub(crate) fn has_one_link(&self) -> bool {
        match self {
            Self::Regression { outputs } => outputs.iter().all(|output| output.link == self.link()),
            Self::Classes { .. } | Self::Multilabel { .. } => true,
        }
    }

    /// Returns where the numbers of a regression lie.
    pub fn units(&self) -> Units {
        match self {
            Self::Regression { outputs } => Units {
                means: outputs.iter().map(|output| output.mean).collect(),
                stds: outputs.iter().map(|output| output.std).collect(),
            },
            Self::Classes { .. } | Self::Multilabel { .. } => Units::default(),
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
    fn fit(
        table: &Table,
        column: &Column,
        training: &[usize],
        Scaling { link, standard }: Scaling,
    ) -> Result<Self> {
        let mut values = numbers_of(column, training);
        for (value, &row) in values.iter_mut().zip(training) {
            check_value(table, column.name(), row, *value, link)?;
            if link == Link::Log {
                *value = libm::log1p(*value);
            }
        }
        let (mean, std) = moments(&values);
        let (mean, std) = match link {
            _ if !standard => (0.0, 1.0),
            // The network starts at the mean count; how far logarithms go from it is not known.
            Link::Rate if mean > 0.0 => (libm::log(mean), 1.0),
            Link::Rate => (0.0, 1.0),
            Link::Identity | Link::Log | Link::Normal => (mean, if std > 0.0 { std } else { 1.0 }),
        };
        Ok(Self { column: column.name().to_owned(), mean, std, link })
    }

    /// The value in the target's own units.
    fn decode(&self, scaled: f64) -> f64 {
        let value = scaled * self.std + self.mean;
        match self.link {
            Link::Identity | Link::Normal => value,
            Link::Log => libm::expm1(value),
            Link::Rate => libm::exp(value),
        }
    }

    /// The standard deviation, in the target's own units, of a normal distribution of which the
    /// network gives this logarithm of the variance.
    pub fn deviation(&self, log_variance: f64) -> f64 {
        self.std * (libm::exp(log_variance) + LEAST_VARIANCE).sqrt()
    }

    fn encode(&self, table: &Table, rows: &[usize]) -> Result<Vec<f32>> {
        let column = table.require(&self.column)?;
        let encoded = rows.iter().map(|&row| {
            let Values::Number(values) = column.values() else {
                return Err(ErrorKind::WrongKind {
                    file: table.file_of(row).to_owned(),
                    line: table.line(row),
                    column: self.column.clone(),
                    value: label_of(column, row),
                    expected: Kind::Number,
                }
                .into());
            };
            let value = values.get(row).unwrap_or(f64::NAN);
            if value.is_nan() {
                return Err(missing_label(table, &self.column, row));
            }
            check_finite(table, &self.column, row, value)?;
            check_value(table, &self.column, row, value, self.link)?;
            Ok(match self.link {
                Link::Identity | Link::Normal => (value - self.mean) / self.std,
                Link::Log => (libm::log1p(value) - self.mean) / self.std,
                Link::Rate => value,
            } as f32)
        });
        encoded.collect()
    }
}

/// Refuses a value whose logarithm is wanted, and a count that is negative.
fn check_value(table: &Table, column: &str, row: usize, value: f64, link: Link) -> Result<()> {
    let (file, line, column) = (table.file_of(row).to_owned(), table.line(row), column.to_owned());
    Err(match link {
        Link::Log if value <= -1.0 => ErrorKind::LogOfTarget { file, line, column, value },
        Link::Rate if value < 0.0 => ErrorKind::NegativeCount { file, line, column, value },
        Link::Identity | Link::Log | Link::Rate | Link::Normal => return Ok(()),
    }
    .into())
}

fn numbers_of(column: &Column, rows: &[usize]) -> Vec<f64> {
    match column.values() {
        Values::Number(values) => rows.iter().filter_map(|&row| values.get(row)).collect(),
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
            Values::Number(values) => {
                let value = values.get(row);
                numbers.iter().position(|&number| Some(number) == value)
            }
            Values::Boolean { values, .. } => {
                values[row].and_then(|truth| truths[usize::from(truth)])
            }
            // Dates are no target, see `Target::infer`.
            Values::Date { .. } => None,
            Values::Text(text) => text.code(row).and_then(|code| levels[code]),
        };
        class.map(|class| class as u32).ok_or_else(|| unknown_label(table, column, row, labels))
    });
    classes.collect()
}

fn missing_label(table: &Table, column: &str, row: usize) -> Error {
    ErrorKind::MissingLabel {
        file: table.file_of(row).to_owned(),
        line: table.line(row),
        column: column.to_owned(),
    }
    .into()
}

fn unknown_label(table: &Table, column: &Column, row: usize, labels: &[String]) -> Error {
    let label = label_of(column, row);
    ErrorKind::UnknownLabel {
        file: table.file_of(row).to_owned(),
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
        Values::Number(values) => values.get(row).map(|value| value.to_string()),
        Values::Boolean { values, spellings } => {
            let truth = values.get(row).copied().flatten();
            truth.map(|truth| spellings[usize::from(truth)].clone())
        }
        Values::Date { seconds, .. } => seconds.get(row).map(moment),
        Values::Text(text) => text.get(row).map(str::to_owned),
    };
    label.unwrap_or_default()
}
