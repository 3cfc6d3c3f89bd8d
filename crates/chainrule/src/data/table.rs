//! A table in memory: named, typed columns, read from files.
//!
//! The kind of a column is what all of its cells show. While a column may still turn out to be
//! text, every distinct spelling is kept (a dictionary), so that nothing is lost; one that has shown
//! 10,000 numbers is read on as numbers, and again with its texts where a later cell contradicts.

use std::io::Read;
use std::path::Path;

use super::calendar::DateOrder;
use super::cell::NumberFormat;
use super::columns::RawCells;
use super::declaration::Declarations;
use super::header::{check_names, unknown_column};
use super::memory::Bytes;
use super::notes::Note;
use super::numbers::Numbers;
use super::places::Places;
use super::read::{BLOCK_SIZES, Reading};
use super::schema::{Kind, Schema};
use super::source::Source;
use crate::error::{ErrorKind, Result};

/// How files are to be read; the default infers everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The delimiter, an ASCII character; without one it is a tab for a name ending in `.tsv`, else
    /// what the header line shows: a comma if it has one, else a semicolon or a tab.
    pub delimiter: Option<u8>,
    /// Further words for a missing value, in columns of every kind (`-999`, `unknown`).
    pub missing: Vec<String>,
    /// Columns to be taken as text whatever they hold.
    pub text: Vec<String>,
    /// Columns to be taken as numbers; a word in one is an error.
    pub numbers: Vec<String>,
    /// The separator between groups of three digits: `,` reads `1,234.5` as 1234.5.
    pub thousands: Option<char>,
    /// Whether numbers have a comma before the fraction: reads `1,5` as 1.5.
    pub decimal_comma: bool,
    /// What else is said of columns; the fields above come before it.
    pub declared: Declarations,
    /// Columns whose cells are kept as they stand, besides what is read of them.
    pub keep: Vec<String>,
    /// The most memory that a table and what is read of its files may take; without a number it is
    /// [half of the machine's](Bytes::half_of_the_machine).
    pub max_memory: Option<Bytes>,
    /// The most threads that read; no result depends on it. Without a number it is as many as the
    /// machine runs at once.
    pub threads: Option<usize>,
}

impl ReadOptions {
    pub(super) fn check(&self) -> Result<()> {
        let invalid = |option, value: String, expected: &str| {
            let expected = expected.to_owned();
            Err(ErrorKind::InvalidSetting { option, value, expected }.into())
        };
        if let Some(byte) = self.delimiter
            && (!byte.is_ascii() || matches!(byte, b'"' | b'\n' | b'\r'))
        {
            let value = format!("{:?}", char::from(byte));
            return invalid("delimiter", value, "one ASCII character, such as ; or a tab");
        }
        self.number_format().check()
    }

    pub(super) fn bound(&self) -> Bytes {
        self.max_memory.unwrap_or_else(Bytes::half_of_the_machine)
    }

    pub(super) fn number_format(&self) -> NumberFormat {
        NumberFormat {
            thousands: self.thousands,
            decimal_comma: self.decimal_comma,
            percent: false,
        }
    }
}

/// A table: columns of equal length, and the line of the file on which each row begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    file: String,
    columns: Vec<Column>,
    rows: usize,
    /// Empty for a table that was not read from a file.
    places: Places,
    /// The words that were missing besides the usual ones.
    missing: Vec<String>,
    unused: Vec<String>,
    notes: Vec<Note>,
    /// The cells of some columns as they stand, by name.
    kept: Vec<(String, RawCells)>,
}

impl Table {
    /// Reads a file, or standard input if the path is `-`, and infers the columns' kinds.
    ///
    /// It is CSV, an array of NumPy (`.npy`, whose columns are x0, x1, …) or, with the feature
    /// `parquet`, Parquet or Arrow; any of these compressed by gzip or zstd. What it is is known by
    /// its first bytes.
    ///
    /// The first line of CSV names the columns. Values are trimmed; they may stand in quotes and
    /// then go over several lines. Blank lines are skipped.
    ///
    /// # Errors
    /// Every fault of the file's form, a column that is numbers but for a few words, numbers with
    /// separators that may be read in two ways, names in `options` that are no columns; more memory
    /// than [`ReadOptions::max_memory`].
    pub fn read(path: &Path, options: &ReadOptions) -> Result<Self> {
        Self::read_files(&[path], options)
    }

    /// Reads several files with the same columns, in any order of these, as one table: the rows of
    /// each behind those of the file before.
    ///
    /// # Errors
    /// As [`read`](Self::read); [`ErrorKind::ColumnsDiffer`] if a file has other columns than the
    /// first.
    pub fn read_files<P: AsRef<Path>>(paths: &[P], options: &ReadOptions) -> Result<Self> {
        Reading::new(sources(paths, options), options, None, BLOCK_SIZES).table()
    }

    /// Reads files for a trained model: under the kinds and missing words of its schema.
    ///
    /// Columns are found by name, in any order. Columns that the model does not use are not kept
    /// (see [`unused`](Self::unused)); the target may be absent. A column without any value fits
    /// every kind.
    ///
    /// # Errors
    /// As [`read_files`](Self::read_files); a feature that is absent; a cell that does not fit its
    /// kind.
    pub fn read_as<P: AsRef<Path>>(
        paths: &[P],
        schema: &Schema,
        options: &ReadOptions,
    ) -> Result<Self> {
        Reading::new(sources(paths, options), options, Some(schema), BLOCK_SIZES).table()
    }

    /// Reads files for a trained model as [`read_as`](Self::read_as) does, but as tables of some
    /// rows that follow each other: `work` is done on several at the same time, and `take` gets
    /// what comes of them in the files' order. Memory does not grow with the files.
    ///
    /// # Errors
    /// As [`read_as`](Self::read_as), once the rows before the fault are taken; the first error of
    /// `work` or `take`.
    pub fn read_parts_as<T: Send, E: Send + From<crate::error::Error>, P: AsRef<Path>>(
        paths: &[P],
        schema: &Schema,
        options: &ReadOptions,
        work: impl Fn(Self) -> std::result::Result<T, E> + Sync,
        take: impl FnMut(T) -> std::result::Result<(), E> + Send,
    ) -> std::result::Result<(), E> {
        Reading::new(sources(paths, options), options, Some(schema), BLOCK_SIZES).each(work, take)
    }

    /// Reads a table from any stream; `file` is its name in errors. See [`read`](Self::read).
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn from_reader(input: impl Read + Send, file: &str, options: &ReadOptions) -> Result<Self> {
        let source = Source::of_stream(input, file, options.bound());
        Reading::new(vec![source], options, None, BLOCK_SIZES).table()
    }

    /// Reads a table for a trained model from any stream. See [`read_as`](Self::read_as).
    ///
    /// # Errors
    /// As [`read_as`](Self::read_as).
    pub fn from_reader_as(
        input: impl Read + Send,
        file: &str,
        schema: &Schema,
        options: &ReadOptions,
    ) -> Result<Self> {
        let source = Source::of_stream(input, file, options.bound());
        Reading::new(vec![source], options, Some(schema), BLOCK_SIZES).table()
    }

    /// Puts together what was read from files.
    pub(super) fn read_from(
        columns: Vec<Column>,
        places: Places,
        missing: Vec<String>,
        unused: Vec<String>,
        notes: Vec<Note>,
        kept: Vec<(String, RawCells)>,
    ) -> Self {
        let (file, rows) = (places.names(), places.lines.len());
        Self { file, columns, rows, places, missing, unused, notes, kept }
    }

    /// Makes a table of columns in memory; `file` is its name in errors.
    ///
    /// # Errors
    /// Columns of unequal length, two of one name, one without a name, none at all, no rows.
    pub fn from_columns(file: &str, columns: Vec<Column>) -> Result<Self> {
        let file = file.to_owned();
        let Some(first) = columns.first() else {
            return Err(ErrorKind::EmptyFile { file }.into());
        };
        let rows = first.values.len();
        for column in &columns {
            let found = column.values.len();
            if found != rows {
                return Err(ErrorKind::UnequalColumns {
                    name: column.name.clone(),
                    expected: rows,
                    found,
                }
                .into());
            }
        }
        let names: Vec<&str> = columns.iter().map(|column| column.name()).collect();
        check_names(&file, 1, &names)?;
        if rows == 0 {
            return Err(ErrorKind::HeaderOnly { file }.into());
        }
        Ok(Self {
            file,
            columns,
            rows,
            places: Places::default(),
            missing: Vec::new(),
            unused: Vec::new(),
            notes: Vec::new(),
            kept: Vec::new(),
        })
    }

    /// Returns the file's name as errors show it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Returns the number of rows, at least one.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Returns the columns in the file's order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Returns the column of this name, if there is one.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Returns the column of this name.
    ///
    /// # Errors
    /// There is none; the nearest name is offered.
    pub fn require(&self, name: &str) -> Result<&Column> {
        self.column(name).ok_or_else(|| {
            let names: Vec<&str> = self.columns.iter().map(Column::name).collect();
            unknown_column(&self.file, name, &names)
        })
    }

    /// Returns the line on which a row begins in its file, from 1, or the row's number in a file
    /// that has no lines; for a table that comes from no file, where the row would stand below a
    /// header.
    pub fn line(&self, row: usize) -> u64 {
        match self.places.lines.get(row) {
            Some(&line) => u64::from(line),
            None => (row as u64).saturating_add(2),
        }
    }

    /// Returns the name of the file in which a row stands, as errors show it.
    pub fn file_of(&self, row: usize) -> &str {
        match self.places.lines.is_empty() {
            true => &self.file,
            false => self.places.file(row),
        }
    }

    /// Returns the cell of a row as it stands in the file, of a column of [`ReadOptions::keep`].
    pub fn kept(&self, name: &str, row: usize) -> Option<&str> {
        self.kept.iter().find(|(known, _)| known == name)?.1.get(row)
    }

    /// Returns the further words that were read as missing.
    pub fn missing_words(&self) -> &[String] {
        &self.missing
    }

    /// Returns the names of the file's columns that the schema does not have.
    pub fn unused(&self) -> &[String] {
        &self.unused
    }

    /// Returns what the user should know about the columns.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }
}

/// A column: its name and its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    name: String,
    values: Values,
    nan_row: Option<usize>,
    format: NumberFormat,
    /// What was declared of it: its words for a missing value, and the text of its cells in a file
    /// that does not have it.
    missing: Vec<String>,
    fill: Option<String>,
}

impl Column {
    /// Makes a column of values in memory.
    pub fn new(name: impl Into<String>, values: Values) -> Self {
        Self::read(name.into(), values, None, NumberFormat::default())
    }

    pub(super) fn read(
        name: String,
        values: Values,
        nan_row: Option<usize>,
        format: NumberFormat,
    ) -> Self {
        Self { name, values, nan_row, format, missing: Vec::new(), fill: None }
    }

    /// The same column with what was declared of it.
    pub(super) fn declared(self, missing: &[String], fill: Option<&str>) -> Self {
        Self { missing: missing.to_vec(), fill: fill.map(str::to_owned), ..self }
    }

    /// Returns the column's name, trimmed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the values.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Returns how its numbers are written in the file.
    pub fn number_format(&self) -> NumberFormat {
        self.format
    }

    /// Returns the words that were declared missing values in this column.
    pub fn missing_words(&self) -> &[String] {
        &self.missing
    }

    /// Returns what was declared the text of its cells in a file that does not have it.
    pub fn fill(&self) -> Option<&str> {
        self.fill.as_deref()
    }

    /// Returns the first row whose cell says NaN in so many letters, where others leave it out.
    pub fn nan_row(&self) -> Option<usize> {
        self.nan_row
    }
}

/// The values of a column, by kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Numbers; NaN is a missing one.
    Number(Numbers),
    /// Truth values.
    Boolean {
        /// One value a row.
        values: Vec<Option<bool>>,
        /// How the file writes false and true, in this order.
        spellings: [String; 2],
    },
    /// Dates, with times or without.
    Date {
        /// Seconds since 1970, see [`calendar`](super::calendar); NaN is a missing one.
        seconds: Numbers,
        /// In which order the file writes them.
        order: DateOrder,
    },
    /// Categories and other text.
    Text(TextValues),
}

impl Values {
    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Number(values) => values.len(),
            Self::Boolean { values, .. } => values.len(),
            Self::Date { seconds, .. } => seconds.len(),
            Self::Text(text) => text.codes.len(),
        }
    }

    /// Tells whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the kind of the values.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Number(_) => Kind::Number,
            Self::Boolean { .. } => Kind::Boolean,
            Self::Date { .. } => Kind::Date,
            Self::Text(_) => Kind::Text,
        }
    }

    /// Tells whether the value of a row is missing; a row beyond the end is.
    pub fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Number(values) => values.is_missing(row),
            Self::Boolean { values, .. } => values.get(row).is_none_or(Option::is_none),
            Self::Date { seconds, .. } => seconds.is_missing(row),
            Self::Text(text) => text.get(row).is_none(),
        }
    }

    /// Returns in which order the file writes dates, in a column of dates.
    pub fn date_order(&self) -> Option<DateOrder> {
        match self {
            Self::Date { order, .. } => Some(*order),
            Self::Number(_) | Self::Boolean { .. } | Self::Text(_) => None,
        }
    }

    /// Returns how many values are missing.
    pub fn missing(&self) -> usize {
        (0..self.len()).filter(|&row| self.is_missing(row)).count()
    }
}

/// Text values: each distinct text once, and one code a row.
#[derive(Clone, Debug, PartialEq)]
pub struct TextValues {
    /// `u32::MAX` is a missing value.
    codes: Vec<u32>,
    levels: Vec<String>,
}

impl TextValues {
    /// Collects cells; an empty one is missing, as is `None`.
    pub fn from_cells<'a>(cells: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let mut dictionary = super::dictionary::Dictionary::default();
        for cell in cells {
            match cell.map(str::trim).filter(|text| !text.is_empty()) {
                Some(text) => dictionary.push(text),
                None => dictionary.push_missing(),
            }
        }
        dictionary.into_text()
    }

    /// Puts codes and levels together; each code is below the number of levels or `u32::MAX`.
    pub(super) fn new(codes: Vec<u32>, levels: Vec<String>) -> Self {
        Self { codes, levels }
    }

    /// Returns the text of a row, or `None` if it is missing.
    pub fn get(&self, row: usize) -> Option<&str> {
        let code = *self.codes.get(row)?;
        self.levels.get(code as usize).map(String::as_str)
    }

    /// Returns where in [`levels`](Self::levels) the text of a row stands.
    pub fn code(&self, row: usize) -> Option<usize> {
        let code = *self.codes.get(row)? as usize;
        (code < self.levels.len()).then_some(code)
    }

    /// Returns the distinct texts, in the order of their first appearance.
    pub fn levels(&self) -> &[String] {
        &self.levels
    }
}

fn sources<P: AsRef<Path>>(paths: &[P], options: &ReadOptions) -> Vec<Source<'static>> {
    let bound = options.bound();
    paths.iter().map(|path| Source::new(path.as_ref(), bound)).collect()
}
