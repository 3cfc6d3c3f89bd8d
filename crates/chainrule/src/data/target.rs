//! What is to be predicted: the task that the target columns show, and the rows that have them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::encode::check_finite;
use super::labels::class_indices;
use super::notes::Note;
use super::schema::{Kind, Schema};
use super::table::{Column, Table, Values};
use crate::error::{Error, ErrorKind, Result, unknown_name};

/// What kind of answer the network gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// A number for each target.
    Regression,
    /// One of two classes, or yes or no for each of several targets.
    Binary,
    /// One of several classes.
    Multiclass,
}

impl Task {
    /// All tasks.
    pub const ALL: [Self; 3] = [Self::Regression, Self::Binary, Self::Multiclass];

    /// Returns the name used on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Regression => "regression",
            Self::Binary => "binary",
            Self::Multiclass => "multiclass",
        }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Regression => "regression",
            Self::Binary => "classification into two classes",
            Self::Multiclass => "classification into several classes",
        })
    }
}

impl FromStr for Task {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let names = Self::ALL.map(Self::name);
        match Self::ALL.into_iter().find(|task| task.name() == name) {
            Some(task) => Ok(task),
            None => Err(unknown_name("task", name, names.into_iter())),
        }
    }
}

/// The target of a training run: its task, its classes, and the rows that have it.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// What kind of answer is asked for.
    pub task: Task,
    /// The target columns.
    pub columns: Vec<String>,
    /// The classes in the model's order: numbers ascending, false before true, text by code
    /// point. Empty for regression and for several targets.
    pub labels: Vec<String>,
    /// The rows in which no target is missing, ascending.
    pub rows: Vec<usize>,
    /// How many rows were left out, if any.
    pub dropped: Option<Note>,
    /// Why this task, in one line.
    pub explanation: String,
}

/// Most different whole numbers that are taken as classes.
const MOST_NUMBER_CLASSES: usize = 20;
/// Fewest rows to train on: two, so that there can be a difference to learn.
const FEWEST_ROWS: usize = 2;

impl Target {
    /// Finds the task in the target columns, or checks the one that was asked for.
    ///
    /// Text and truth values are classes. Numbers are classes if they are 0 and 1; or two
    /// different whole numbers; or at most 20 different whole numbers below 100, the smallest 0
    /// or 1; the last two with at least two rows a number on average. Other numbers are
    /// regression. Several targets are regression if all are numbers, and yes or no each
    /// ([`Task::Binary`]) if all are truth values or 0 and 1.
    ///
    /// # Errors
    /// A target that is missing, constant or of one class in all rows; NaN written out, an
    /// infinity, or a number beyond 1e300; fewer than two rows; targets of mixed kinds; a task that
    /// the target does not go with.
    pub fn infer(table: &Table, schema: &Schema, task: Option<Task>) -> Result<Self> {
        let (rows, dropped) = rows_with_target(table, schema)?;
        let columns: Vec<&Column> =
            schema.targets().map(|target| table.require(&target.name)).collect::<Result<_>>()?;
        if rows.len() < FEWEST_ROWS {
            return Err(ErrorKind::TooFewRows {
                file: table.file().to_owned(),
                found: rows.len(),
                needed: FEWEST_ROWS,
            }
            .into());
        }
        let surveys: Vec<Survey> =
            columns.iter().map(|column| Survey::of(table, column, &rows)).collect::<Result<_>>()?;
        let (task, labels, explanation) = match surveys.as_slice() {
            [survey] => survey.task(table, task)?,
            several => {
                let (task, explanation) = joint_task(table, several, task)?;
                (task, Vec::new(), explanation)
            }
        };
        Ok(Self {
            task,
            columns: columns.iter().map(|column| column.name().to_owned()).collect(),
            labels,
            rows,
            dropped,
            explanation,
        })
    }

    /// Returns the class of each of [`rows`](Self::rows), to split by; `None` without classes.
    ///
    /// # Errors
    /// The table is not the one that the target was inferred from.
    pub fn classes(&self, table: &Table) -> Result<Option<Vec<u32>>> {
        match self.columns.as_slice() {
            [column] if !self.labels.is_empty() => {
                class_indices(table, column, &self.labels, &self.rows).map(Some)
            }
            _ => Ok(None),
        }
    }
}

/// Returns the rows in which no target is missing, and a note if there are others.
///
/// # Errors
/// A target column is absent or empty, or has a number that is NaN in so many letters, infinite or
/// beyond 1e300.
pub fn rows_with_target(table: &Table, schema: &Schema) -> Result<(Vec<usize>, Option<Note>)> {
    let mut kept: Vec<usize> = (0..table.rows()).collect();
    for target in schema.targets() {
        let column = table.require(&target.name)?;
        if let Some(row) = column.nan_row() {
            return Err(ErrorKind::NotFinite {
                file: table.file_of(row).to_owned(),
                line: table.line(row),
                column: column.name().to_owned(),
                value: f64::NAN,
            }
            .into());
        }
        let values = column.values();
        if (0..table.rows()).all(|row| values.is_missing(row)) {
            return Err(ErrorKind::TargetMissing {
                file: table.file().to_owned(),
                column: column.name().to_owned(),
            }
            .into());
        }
        if let Values::Number(numbers) = values {
            for (row, value) in numbers.iter().enumerate() {
                check_finite(table, column.name(), row, value)?;
            }
        }
        kept.retain(|&row| !values.is_missing(row));
    }
    let rows = table.rows() - kept.len();
    let dropped = (rows > 0).then(|| {
        let gap = kept.iter().enumerate().find(|&(place, &row)| place != row);
        let first = gap.map_or(kept.len(), |(place, _)| place);
        Note::TargetMissing { rows, first_line: table.line(first) }
    });
    Ok((kept, dropped))
}

/// What stands in a target column, missing rows left out.
struct Survey<'a> {
    name: &'a str,
    kind: Kind,
    /// The distinct numbers, ascending, of a column of numbers.
    numbers: Vec<f64>,
    /// The distinct labels, in the model's order, of any other column.
    labels: Vec<String>,
    rows: usize,
}

impl<'a> Survey<'a> {
    fn of(table: &Table, column: &'a Column, rows: &[usize]) -> Result<Self> {
        let mut survey = Self {
            name: column.name(),
            kind: column.values().kind(),
            numbers: Vec::new(),
            labels: Vec::new(),
            rows: rows.len(),
        };
        match column.values() {
            Values::Number(values) => {
                // Adding zero makes one of the two zeros.
                let numbers = rows.iter().filter_map(|&row| values.get(row));
                survey.numbers = numbers.map(|value| value + 0.0).collect();
                survey.numbers.sort_unstable_by(f64::total_cmp);
                survey.numbers.dedup();
            }
            Values::Boolean { values, spellings } => {
                for (truth, spelling) in [false, true].into_iter().zip(spellings) {
                    if rows.iter().any(|&row| values.get(row) == Some(&Some(truth))) {
                        survey.labels.push(spelling.clone());
                    }
                }
            }
            // The day of a class, or of a number, is none of the answers that a network gives.
            Values::Date { .. } => return Err(survey.unfit(table, Task::Regression)),
            Values::Text(text) => {
                let mut seen = vec![false; text.levels().len()];
                for code in rows.iter().filter_map(|&row| text.code(row)) {
                    seen[code] = true;
                }
                let levels = text.levels().iter().zip(seen);
                let levels = levels.filter(|(_, seen)| *seen);
                survey.labels = levels.map(|(level, _)| level.clone()).collect();
                survey.labels.sort_unstable();
            }
        }
        let file = || table.file().to_owned();
        let name = || survey.name.to_owned();
        match (survey.numbers.as_slice(), survey.labels.as_slice()) {
            ([value], _) => Err(ErrorKind::ConstantTarget {
                file: file(),
                column: name(),
                value: value.to_string(),
            }
            .into()),
            (_, [label]) => {
                Err(ErrorKind::OneClass { file: file(), column: name(), label: label.clone() }
                    .into())
            }
            _ => Ok(survey),
        }
    }

    /// Chooses the task of a single target.
    fn task(&self, table: &Table, asked: Option<Task>) -> Result<(Task, Vec<String>, String)> {
        let name = self.name;
        let numbers = self.kind == Kind::Number;
        let classes = match asked {
            Some(Task::Regression) if !numbers => {
                return Err(self.unfit(table, Task::Regression));
            }
            Some(task) => task != Task::Regression,
            None => !numbers || numbers_are_classes(&self.numbers, self.rows),
        };
        if !classes {
            let count = self.numbers.len();
            let explanation =
                format!("the target {name:?} holds numbers, {count} different ones: regression");
            return Ok((Task::Regression, Vec::new(), explanation));
        }
        let labels: Vec<String> = if numbers {
            self.numbers.iter().map(f64::to_string).collect()
        } else {
            self.labels.clone()
        };
        let task = match asked {
            Some(Task::Binary) if labels.len() > 2 => {
                return Err(ErrorKind::InvalidSetting {
                    option: "task",
                    value: Task::Binary.name().to_owned(),
                    expected: format!("multiclass, as {name:?} has {} classes", labels.len()),
                }
                .into());
            }
            // Two classes asked for as several are the same question.
            _ if labels.len() == 2 => Task::Binary,
            Some(task) => task,
            None => Task::Multiclass,
        };
        let holds = match (self.kind, asked) {
            (Kind::Number, None) => "whole numbers, few different ones",
            (kind, _) => kind.plural(),
        };
        let otherwise = match (self.kind, asked) {
            (Kind::Number, None) => " (--task regression predicts the number)",
            _ => "",
        };
        let explanation =
            format!("the target {name:?} holds {holds}: {task}, {}{otherwise}", listed(&labels));
        Ok((task, labels, explanation))
    }

    fn is_yes_no(&self) -> bool {
        self.kind == Kind::Boolean || self.numbers == [0.0, 1.0]
    }

    fn unfit(&self, table: &Table, task: Task) -> Error {
        ErrorKind::TargetKind {
            file: table.file().to_owned(),
            column: self.name.to_owned(),
            kind: self.kind,
            task,
        }
        .into()
    }
}

/// Chooses the task of several targets.
fn joint_task(
    table: &Table,
    surveys: &[Survey<'_>],
    asked: Option<Task>,
) -> Result<(Task, String)> {
    let not_numbers = surveys.iter().find(|survey| survey.kind != Kind::Number);
    let not_yes_no = surveys.iter().find(|survey| !survey.is_yes_no());
    let task = match (asked, not_yes_no) {
        (Some(task), _) => task,
        (None, None) => Task::Binary,
        (None, Some(_)) => Task::Regression,
    };
    let odd = match task {
        Task::Regression => not_numbers,
        Task::Binary => not_yes_no,
        Task::Multiclass => surveys.first(),
    };
    match odd {
        Some(odd) if asked.is_some() => Err(odd.unfit(table, task)),
        Some(odd) => Err(ErrorKind::MixedTargets {
            file: table.file().to_owned(),
            column: odd.name.to_owned(),
            kind: odd.kind,
        }
        .into()),
        None => {
            let holds = match task {
                Task::Regression => "all numbers",
                _ => "yes or no each",
            };
            Ok((task, format!("{} targets, {holds}: {task}", surveys.len())))
        }
    }
}

/// Tells whether distinct numbers (ascending) in so many rows are classes; see [`Target::infer`].
fn numbers_are_classes(numbers: &[f64], rows: usize) -> bool {
    let whole = numbers.iter().all(|value| value.fract() == 0.0);
    let repeated = rows >= 2 * numbers.len();
    match numbers {
        [0.0, 1.0] => true,
        [_, _] => whole && repeated,
        [first, .., last] => {
            let from_start = *first == 0.0 || *first == 1.0;
            whole && repeated && from_start && *last < 100.0 && numbers.len() <= MOST_NUMBER_CLASSES
        }
        _ => false,
    }
}

fn listed(labels: &[String]) -> String {
    const SHOWN: usize = 6;
    let shown = labels[..labels.len().min(SHOWN)].join(", ");
    match labels.len() {
        0..=SHOWN => shown,
        count => format!("{shown} and {} more", count - SHOWN),
    }
}
