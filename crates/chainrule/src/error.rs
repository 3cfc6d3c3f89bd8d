//! What can go wrong with a user's input, and how it is said.
//!
//! Every failure is a variant of [`ErrorKind`] with the facts in fields; its sentence says what was
//! found, where (file, line, column), and what to do. A misspelt name offers the [`nearest`] one.

use std::fmt;

use crate::data::{Kind, Task};

mod nearest;
pub use nearest::nearest;

/// The result of anything in this crate that can fail on a user's input.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure: its [`ErrorKind`] on the heap, so that a `Result` stays small.
#[derive(Debug)]
pub struct Error(Box<ErrorKind>);

impl Error {
    /// Returns what went wrong, with the facts in fields.
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }

    /// What went wrong, to be said with more.
    pub(crate) fn into_kind(self) -> ErrorKind {
        *self.0
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self(Box::new(kind))
    }
}

/// The member of a family's table that has a name.
///
/// # Errors
/// [`ErrorKind::UnknownName`], with the nearest name and all that are known.
pub(crate) fn by_name<T>(
    family: &'static str,
    table: &'static [T],
    name_of: fn(&T) -> &'static str,
    name: &str,
) -> Result<&'static T> {
    let found = table.iter().find(|member| name_of(member) == name);
    found.ok_or_else(|| unknown_name(family, name, table.iter().map(name_of)))
}

/// The error of a name that is not among those of a family.
pub(crate) fn unknown_name(
    family: &'static str,
    name: &str,
    known: impl Iterator<Item = &'static str> + Clone,
) -> Error {
    ErrorKind::UnknownName {
        family,
        name: name.to_owned(),
        nearest: nearest(name, known.clone()).map(str::to_owned),
        available: known.map(str::to_owned).collect(),
    }
    .into()
}

impl From<chainrule_core::Error> for Error {
    fn from(error: chainrule_core::Error) -> Self {
        ErrorKind::Expression(error).into()
    }
}

impl From<crate::engine::EngineError> for Error {
    fn from(error: crate::engine::EngineError) -> Self {
        ErrorKind::Engine(error).into()
    }
}

impl From<crate::metrics::MetricError> for Error {
    fn from(error: crate::metrics::MetricError) -> Self {
        ErrorKind::Metric(error).into()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.kind() {
            ErrorKind::FileUnreadable { reason, .. } => Some(reason),
            ErrorKind::Expression(error) => Some(error),
            ErrorKind::Engine(error) => Some(error),
            ErrorKind::Metric(error) => Some(error),
            ErrorKind::Onnx { reason, .. } => Some(reason),
            ErrorKind::Safetensors { reason, .. } => Some(reason),
            _ => None,
        }
    }
}

/// Lists every way in which a user's input can be refused.
///
/// `file` is the name as the user gave it, `line` counts from 1 and is the line on which the row
/// begins, `column` is a column's name.
#[derive(Debug)]
#[non_exhaustive]
#[allow(missing_docs)] // The fields are named after what they hold; the variants are documented.
pub enum ErrorKind {
    // Files.
    /// There is no file of this name.
    FileNotFound { file: String },
    /// The system refused to open or to read the file.
    FileUnreadable { file: String, reason: std::io::Error },
    /// The table and what is read of its files take more memory than they may.
    TooLarge { file: String, bound: crate::data::Bytes },
    /// A stream would have to be read again, and is too long to be kept.
    ReadOnce { file: String },
    /// The file is in a format that this build does not read.
    FormatNotBuilt { file: String, format: &'static str },
    /// The bytes are no array of NumPy that is a table.
    Array { file: String, reason: crate::data::ArrayFault },
    /// The bytes are no sound Parquet or Arrow file, or hold what no table has.
    Columnar { file: String, reason: String },
    /// A schema is not what it must be.
    InvalidSchema { file: String, reason: String },
    /// Of several files one has other columns than the first: one more, or one fewer.
    ColumnsDiffer { file: String, first: String, name: String, is_extra: bool },

    // The text of a table.
    /// The file holds nothing, or blank lines alone.
    EmptyFile { file: String },
    /// The file holds a header and no row.
    HeaderOnly { file: String },
    /// A row has another number of fields than the header.
    RaggedRow { file: String, line: u64, expected: usize, found: usize },
    /// The bytes of a line are not UTF-8.
    InvalidUtf8 { file: String, line: u64 },
    /// A quote is opened in this line's field (fields count from 1) and never closed.
    UnclosedQuote { file: String, line: u64, field: usize },
    /// A closing quote is followed by something other than a delimiter or the line's end.
    TextAfterQuote { file: String, line: u64, field: usize },
    /// A column (counted from 1) has no name in the header.
    EmptyColumnName { file: String, line: u64, position: usize },
    /// Two columns (counted from 1) have one name.
    DuplicateColumnName { file: String, line: u64, name: String, first: usize, second: usize },

    // Columns.
    /// A column was asked for that the table does not have.
    UnknownColumn { file: String, name: String, nearest: Option<String>, available: Vec<String> },
    /// A column that the model was trained on is absent.
    ColumnMissing { file: String, name: String, nearest: Option<String> },
    /// A cell is not of the kind that was declared of its column.
    NotAsDeclared { file: String, line: u64, column: String, value: String, expected: Kind },
    /// A cell does not fit the kind of column that the model was trained on.
    WrongKind { file: String, line: u64, column: String, value: String, expected: Kind },
    /// A column of numbers holds a few words; the first is named.
    StrayWord { file: String, line: u64, column: String, value: String },
    /// A column's numbers are written with separators that were not announced.
    SeparatedNumber { file: String, line: u64, column: String, value: String },
    /// A number is NaN, infinite, or too large to compute with.
    NotFinite { file: String, line: u64, column: String, value: f64 },
    /// A number is so far from those of the training part that it leaves the range of an f32.
    TooFar { file: String, line: u64, column: String, value: f64 },
    /// The logarithm of a negative number is wanted.
    LogOfNegative { file: String, line: u64, column: String, value: f64 },
    /// Columns handed over in memory differ in length.
    UnequalColumns { name: String, expected: usize, found: usize },

    // The target.
    /// No target was named.
    NoTarget { file: String, available: Vec<String> },
    /// No column is left to learn from.
    NoFeatures { file: String },
    /// Every cell of the target is missing.
    TargetMissing { file: String, column: String },
    /// The target is the same number in every row.
    ConstantTarget { file: String, column: String, value: String },
    /// The target has one class only.
    OneClass { file: String, column: String, label: String },
    /// Several targets are neither all numbers nor all yes/no.
    MixedTargets { file: String, column: String, kind: Kind },
    /// A target's kind does not go with the task that was asked for.
    TargetKind { file: String, column: String, kind: Kind, task: Task },
    /// Fewer rows with a target than training needs.
    TooFewRows { file: String, found: usize, needed: usize },
    /// A row to be compared with has no target.
    MissingLabel { file: String, line: u64, column: String },
    /// A label that the model does not know.
    UnknownLabel { file: String, line: u64, column: String, label: String, nearest: Option<String> },

    // Names and settings.
    /// A name that a family (activation, loss, optimizer …) does not have.
    UnknownName {
        family: &'static str,
        name: String,
        nearest: Option<String>,
        available: Vec<String>,
    },
    /// An option's value is outside what it accepts.
    InvalidSetting { option: &'static str, value: String, expected: String },

    /// A formula of one row has an operation over all of them, or one that draws at random.
    MixesRows { formula: String, operation: String },

    // Calculus.
    /// A formula's value, or a letter in it, is not one number.
    NotOneNumber { formula: String, shape: String },
    /// A formula of numbers has a function of a whole row of them.
    NeedsRow { formula: String, function: &'static str },
    /// Variables of a formula have no value at the point.
    MissingValues { names: Vec<String> },
    /// A value is given for what the formula does not have.
    UnknownVariable { name: String, nearest: Option<String>, available: Vec<String> },

    /// The logarithm of 1 + y is wanted of a target of −1 or less.
    LogOfTarget { file: String, line: u64, column: String, value: f64 },
    /// A loss of counts met a negative target.
    NegativeCount { file: String, line: u64, column: String, value: f64 },
    /// A row has no time in the column by which rows are split.
    MissingTime { file: String, line: u64, column: String },
    /// The weight of a row is missing, negative, or no finite number.
    InvalidWeight { file: String, line: u64, column: String, value: f64 },
    /// Every row of a part has weight 0.
    NoWeight { file: String, column: String, part: &'static str },
    /// A loss, a gradient or a parameter is not a finite number.
    Diverged(crate::train::Divergence),
    /// An expression is wrong, as built by a network, a loss or a formula.
    Expression(chainrule_core::Error),
    /// What was asked of the engine does not fit its program.
    Engine(crate::engine::EngineError),
    /// A metric cannot be computed.
    Metric(crate::metrics::MetricError),
    /// The network holds something that no ONNX operator of the file's version expresses.
    NotExportable { operation: String },

    // Model files.
    /// The bytes are not an ONNX model that chainrule reads.
    Onnx { file: String, reason: crate::io::OnnxError },
    /// The file is no model that this program wrote.
    NotAModel { file: String, detail: String },
    /// The model file ends before its content does.
    TruncatedModel { file: String, expected: u64, found: u64 },

    // Checkpoints.
    /// The bytes are not a safetensors file that chainrule reads.
    Safetensors { file: String, reason: crate::io::SafetensorsError },
    /// The file is no checkpoint that this program wrote, or it is damaged.
    NotACheckpoint { file: String, detail: String },
    /// A checkpoint is of another run: its data or settings are others.
    OtherRun { file: String, differences: Vec<crate::checkpoint::Difference> },
    /// Training cannot begin with a model: it is of other columns, another target, or other layers.
    OtherModel { file: String, detail: String },
    /// A checkpoint is of a run that came to its end, so that there is nothing to go on with.
    RunIsOver { file: String, epochs: usize },
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FileNotFound { file } => {
                write!(f, "{file}: no such file; check the name and the folder")
            }
            Self::FileUnreadable { file, reason } => {
                write!(f, "{file}: the file cannot be read ({reason})")
            }
            Self::TooLarge { file, bound } => write!(
                f,
                "{file}: the table takes more than {bound} of memory; --max-memory raises the bound"
            ),
            Self::ReadOnce { file } => write!(
                f,
                "{file}: a column that began with numbers goes on with other text, and what came \
                 before is gone; save the data to a file, or say with --text or --number what the \
                 columns are"
            ),
            Self::FormatNotBuilt { file, format } => write!(
                f,
                "{file}: this is a {format} file, which this build does not read; install one that \
                 does (cargo install chainrule-cli --features parquet), or save the data as CSV"
            ),
            Self::Array { file, reason } => write!(f, "{file}: no array to read: {reason}"),
            Self::Columnar { file, reason } => write!(f, "{file}: it cannot be read: {reason}"),
            Self::InvalidSchema { file, reason } => write!(
                f,
                "{file}: not a schema: {reason}; `chainrule check DATA --json` writes one"
            ),
            Self::ColumnsDiffer { file, first, name, is_extra: true } => write!(
                f,
                "{file}: there is a column {name:?}, which {first} does not have; files that are \
                 read together have the same columns"
            ),
            Self::ColumnsDiffer { file, first, name, is_extra: false } => write!(
                f,
                "{file}: there is no column {name:?}, which {first} has; files that are read \
                 together have the same columns"
            ),
            Self::EmptyFile { file } => write!(
                f,
                "{file}: the file is empty; a table needs a line of column names and one line a row"
            ),
            Self::HeaderOnly { file } => write!(
                f,
                "{file}: there are column names but no rows; add at least one row below them"
            ),
            Self::RaggedRow { file, line, expected, found } => write!(
                f,
                "{file}, line {line}: {found} fields, where the header has {expected}; \
                 a value that holds the delimiter must stand in quotes"
            ),
            Self::InvalidUtf8 { file, line } => write!(
                f,
                "{file}, line {line}: the text is not UTF-8; save the file as UTF-8 \
                 (in a spreadsheet program: \"CSV UTF-8\")"
            ),
            Self::UnclosedQuote { file, line, field } => write!(
                f,
                "{file}, line {line}: the quote that opens field {field} is never closed; \
                 close it, and double every quote inside a quoted value"
            ),
            Self::TextAfterQuote { file, line, field } => write!(
                f,
                "{file}, line {line}: field {field} goes on after its closing quote; \
                 double every quote inside a quoted value"
            ),
            Self::EmptyColumnName { file, line, position } => write!(
                f,
                "{file}, line {line}: column {position} has no name; give it one, or leave the column \
                 out (a row index that a data frame wrote is left out with index=False)"
            ),
            Self::DuplicateColumnName { file, line, name, first, second } => write!(
                f,
                "{file}, line {line}: columns {first} and {second} are both called {name:?}; \
                 rename one of them"
            ),
            Self::UnknownColumn { file, name, nearest, available } => {
                write!(f, "{file}: there is no column {name:?}")?;
                write_nearest(f, nearest.as_deref())?;
                write_list(f, "; the columns are ", available)
            }
            Self::ColumnMissing { file, name, nearest } => {
                write!(
                    f,
                    "{file}: the model was trained on a column {name:?}, which is not there"
                )?;
                write_nearest(f, nearest.as_deref())?;
                write!(f, "; add it, or rename the column that holds it")
            }
            Self::NotAsDeclared { file, line, column, value, expected } => write!(
                f,
                "{file}, line {line}, column {column:?}: found {value:?}, where the schema says {}; \
                 correct the cell or leave it empty, or say what the column is",
                expected.plural()
            ),
            Self::WrongKind { file, line, column, value, expected } => write!(
                f,
                "{file}, line {line}, column {column:?}: found {value:?}, where the model was \
                 trained on {}; correct the cell or leave it empty",
                expected.plural()
            ),
            Self::StrayWord { file, line, column, value } => write!(
                f,
                "{file}, line {line}, column {column:?}: {value:?} is not a number, as the \
                 column's other values are; correct it, or take the word as missing \
                 (--missing {value:?}), or the whole column as text (--text {column:?})"
            ),
            Self::SeparatedNumber { file, line, column, value } => write!(
                f,
                "{file}, line {line}, column {column:?}: {value:?} looks like a number with \
                 separators; name the one between thousands (--thousands ,) or a decimal comma \
                 (--decimal-comma), or take the column as text (--text {column:?})"
            ),
            Self::NotFinite { file, line, column, value } => write!(
                f,
                "{file}, line {line}, column {column:?}: the number is {value:?}; numbers must be \
                 finite and at most 1e300 in size; correct the cell, or leave it empty"
            ),
            Self::TooFar { file, line, column, value } => write!(
                f,
                "{file}, line {line}, column {column:?}: {value:?} lies too far from the values \
                 that the model was trained on to be computed with; correct the cell"
            ),
            Self::LogOfNegative { file, line, column, value } => write!(
                f,
                "{file}, line {line}, column {column:?}: the number is {value}, but the column is \
                 scaled by log(1 + x), which takes numbers of 0 or more; correct the cell, or train \
                 with another scale (--scale {column}=standard)"
            ),
            Self::UnequalColumns { name, expected, found } => {
                write!(f, "column {name:?} has {found} rows, where the first column has {expected}")
            }
            Self::NoTarget { file, available } => {
                write!(f, "{file}: no target was named; choose it with --target")?;
                write_list(f, " from ", available)
            }
            Self::NoFeatures { file } => {
                write!(f, "{file}: no column is left to learn from besides the target")
            }
            Self::TargetMissing { file, column } => write!(
                f,
                "{file}: every value of the target {column:?} is missing; choose another target"
            ),
            Self::ConstantTarget { file, column, value } => write!(
                f,
                "{file}: the target {column:?} is {value} in every row, so there is nothing to \
                 learn; choose another target, or check how the rows were selected"
            ),
            Self::OneClass { file, column, label } => write!(
                f,
                "{file}: the target {column:?} has one class only, {label:?}; classes need at \
                 least two, so check how the rows were selected"
            ),
            Self::MixedTargets { file, column, kind } => write!(
                f,
                "{file}: several targets must be all numbers or all yes/no (0 and 1), but \
                 {column:?} holds {}; train one model for each",
                kind.plural()
            ),
            Self::TargetKind { file, column, kind, task } => write!(
                f,
                "{file}: the target {column:?} holds {}, which does not go with {task}",
                kind.plural()
            ),
            Self::TooFewRows { file, found, needed } => {
                write!(f, "{file}: {found} rows have a target, and at least {needed} are needed")
            }
            Self::MissingLabel { file, line, column } => write!(
                f,
                "{file}, line {line}: the target {column:?} is missing; fill it in, or leave the \
                 row out"
            ),
            Self::UnknownLabel { file, line, column, label, nearest } => {
                write!(
                    f,
                    "{file}, line {line}, column {column:?}: the model has no class {label:?}"
                )?;
                write_nearest(f, nearest.as_deref())
            }
            Self::UnknownName { family, name, nearest, available } => {
                write!(f, "there is no {family} {name:?}")?;
                write_nearest(f, nearest.as_deref())?;
                write_list(f, "; known are ", available)
            }
            Self::InvalidSetting { option, value, expected } => {
                write!(f, "{option} is {value}, but must be {expected}")
            }
            Self::MixesRows { formula, operation } => write!(
                f,
                "`{formula}` must be a formula of one row alone, without {operation:?} over the rows"
            ),
            Self::NotOneNumber { formula, shape } => write!(
                f,
                "the value of `{formula}` must be one number, but it is {shape}; reduce it to one, \
                 as sum(…, axis=0) does"
            ),
            Self::NeedsRow { formula, function } => write!(
                f,
                "`{formula}`: {function} is a function of a whole row of numbers; of two numbers x \
                 and y it is given by sigmoid(x - y)"
            ),
            Self::MissingValues { names } => {
                write!(f, "the point has no value for {}; give each variable one", names.join(", "))
            }
            Self::UnknownVariable { name, nearest, available } => {
                write!(f, "the formula has no variable {name:?}")?;
                write_nearest(f, nearest.as_deref())?;
                write_list(f, "; it has ", available)
            }
            Self::LogOfTarget { file, line, column, value } => write!(
                f,
                "{file}: line {line}: the target {column:?} is {value}, but the logarithm of 1 + \
                 target is wanted (by rmsle, or --target-scale log): it needs targets above -1; \
                 use --loss mse or correct the value"
            ),
            Self::NegativeCount { file, line, column, value } => write!(
                f,
                "{file}: line {line}: the target {column:?} is {value}, but poisson takes counts: \
                 it needs targets of 0 or more; use --loss mse or correct the value"
            ),
            Self::MissingTime { file, line, column } => write!(
                f,
                "{file}, line {line}: the time in {column:?} is missing, by which rows are split; \
                 fill it in, or leave the row out"
            ),
            Self::InvalidWeight { file, line, column, value } if value.is_nan() => write!(
                f,
                "{file}: line {line}: the weight in {column:?} is missing; fill it in, 0 for a \
                 row that is not to count"
            ),
            Self::InvalidWeight { file, line, column, value } => write!(
                f,
                "{file}: line {line}: the weight in {column:?} is {value}; a weight is a finite \
                 number of 0 or more"
            ),
            Self::NoWeight { file, column, part } => write!(
                f,
                "{file}: the weight in {column:?} is 0 in every row {part}; at least one must count"
            ),
            Self::Diverged(divergence) => write!(f, "{divergence}; {}", divergence.advice()),
            Self::Expression(error) => error.fmt(f),
            Self::Engine(error) => error.fmt(f),
            Self::Metric(error) => error.fmt(f),
            Self::NotExportable { operation } => write!(
                f,
                "`{operation}` has no form in an ONNX file: a model with it can be used in the \
                 program that trained it, but not saved"
            ),
            Self::Onnx { file, reason } => write!(f, "{file}: not a model file: {reason}"),
            Self::NotAModel { file, detail } => {
                write!(f, "{file}: not a model that chainrule wrote ({detail})")
            }
            Self::Safetensors { file, reason } => {
                write!(f, "{file}: not a checkpoint: {reason}; remove it to begin anew")
            }
            Self::NotACheckpoint { file, detail } => write!(
                f,
                "{file}: not a checkpoint that can be gone on from ({detail}); remove it to begin anew"
            ),
            Self::OtherRun { file, differences } => {
                write!(f, "{file}: the checkpoint is of another run: ")?;
                for (place, difference) in differences.iter().enumerate() {
                    write!(f, "{}{difference}", if place == 0 { "" } else { "; " })?;
                }
                write!(f, "; give the same data and settings, or leave out --resume to begin anew")
            }
            Self::OtherModel { file, detail } => write!(
                f,
                "{file}: training cannot begin with this model: {detail}; give the settings that it \
                 was trained with, or leave out --start-from"
            ),
            Self::RunIsOver { file, epochs } => write!(
                f,
                "{file}: the run came to its end after epoch {epochs}; leave out --resume to begin \
                 anew"
            ),
            Self::TruncatedModel { file, expected, found } => write!(
                f,
                "{file}: the model file is incomplete: expected {expected} bytes, found {found}; \
                 copy it again"
            ),
        }
    }
}

fn write_nearest(f: &mut fmt::Formatter<'_>, nearest: Option<&str>) -> fmt::Result {
    match nearest {
        Some(name) => write!(f, " (did you mean {name:?}?)"),
        None => Ok(()),
    }
}

/// A list long enough to hide the sentence before it helps nobody.
const LISTED: usize = 20;

fn write_list(f: &mut fmt::Formatter<'_>, lead: &str, names: &[String]) -> fmt::Result {
    if names.is_empty() {
        return Ok(());
    }
    f.write_str(lead)?;
    for (position, name) in names.iter().take(LISTED).enumerate() {
        let separator = if position == 0 { "" } else { ", " };
        write!(f, "{separator}{name:?}")?;
    }
    if names.len() > LISTED {
        write!(f, " and {} more", names.len() - LISTED)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_can_cross_threads_and_stays_small() {
        fn shared<T: std::error::Error + Send + Sync + 'static>() {}
        shared::<Error>();
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn a_sentence_says_what_where_and_what_to_do() {
        let error = Error::from(ErrorKind::StrayWord {
            file: "houses.csv".into(),
            line: 7,
            column: "price".into(),
            value: "n.a.".into(),
        });
        assert_eq!(
            error.to_string(),
            "houses.csv, line 7, column \"price\": \"n.a.\" is not a number, as the column's \
             other values are; correct it, or take the word as missing (--missing \"n.a.\"), or \
             the whole column as text (--text \"price\")"
        );
        let available: Vec<String> = (0..25).map(|i| format!("c{i}")).collect();
        let error = Error::from(ErrorKind::UnknownColumn {
            file: "t.csv".into(),
            name: "d".into(),
            nearest: None,
            available,
        });
        assert!(error.to_string().ends_with("\"c19\" and 5 more"), "{error}");
    }
}
