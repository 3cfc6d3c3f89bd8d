//! Features in numbers: what the network sees of each column, fitted on the training rows alone.
//!
//! The arithmetic is a subtraction and a division in f64 and one cast to f32, so that the model
//! file can do the same with standard operators.

use serde::{Deserialize, Serialize};

use super::cell::{Cell, MISSING_WORDS, NumberFormat};
use super::notes::Note;
use super::numbers::Numbers;
use super::schema::{Kind, Role, Schema};
use super::table::{Column, Table, TextValues, Values};
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::parallel::{in_order, in_parts};

/// The encoders of all features, in the schema's order. Travels inside the model file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Encoders {
    /// One for each feature column.
    pub columns: Vec<Encoder>,
}

/// The encoder of one column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Encoder {
    /// The column's name.
    pub name: String,
    /// What becomes of its values.
    pub encoding: Encoding,
}

/// How the values of a column become numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum Encoding {
    /// A number: (x − mean) / std, where a missing x is `fill`; then, if `missing`, 1 where x is
    /// missing and 0 elsewhere.
    Number {
        /// The median of the training part.
        fill: f64,
        /// The mean of the training part, filled.
        mean: f64,
        /// The population standard deviation of the training part, filled. 0 says that the column
        /// is constant: every x is then encoded as 0.
        std: f64,
        /// Whether a value, and not every value, was missing in the training part.
        missing: bool,
    },
    /// A truth value: 1 for true and 0 for false, where a missing one is `fill`; then, if
    /// `missing`, 1 where it is missing and 0 elsewhere.
    Boolean {
        /// The more frequent value of the training part; false if both are.
        fill: bool,
        /// Whether a value was missing in the training part.
        missing: bool,
    },
    /// A category: 1 in its slot and 0 in the others. The slots are the levels; then, if `other`,
    /// one for all other categories; then, if `missing`, one for the missing value.
    ///
    /// Without the slot `other`, a category that did not occur in training is 0 everywhere. Without
    /// the slot `missing`, a missing value takes the slot of a level that is a word for it (`NA`),
    /// and if there is none, it is a category that did not occur.
    Text {
        /// The categories of the training part, by code point; of more than 64 the 63 most
        /// frequent ones (ties by code point).
        levels: Vec<String>,
        /// Whether there were more than 64 categories.
        other: bool,
        /// Whether a value was missing in the training part.
        missing: bool,
    },
    /// A category as one number, its code, for an embedding. The codes are the places of the
    /// levels; then, if `missing`, one for the missing value; then one for every other category,
    /// which is no level of the embedding and has a vector of its own there.
    ///
    /// Without the code of `missing`, a missing value takes that of a level that is a word for it
    /// (`NA`), and if there is none, it is another category.
    Code {
        /// The categories of the training part, by code point; of more than 4,096 the most
        /// frequent ones (ties by code point).
        levels: Vec<String>,
        /// Whether there were more than 4,096 categories.
        other: bool,
        /// Whether a value was missing in the training part.
        missing: bool,
    },
}

/// Most slots for the categories of a column.
pub const MOST_LEVELS: usize = 64;

/// Most categories of a column with a code of their own.
pub const MOST_CODES: usize = 4096;

/// Largest number that is computed with: beyond it sums would leave the range of an f64.
pub const LARGEST: f64 = 1e300;

impl Encoders {
    /// Fits an encoder for each feature of the schema on the given rows and no others.
    ///
    /// # Errors
    /// A column is absent; a number of these rows is infinite or beyond [`LARGEST`].
    pub fn fit(table: &Table, schema: &Schema, rows: &[usize]) -> Result<Self> {
        Self::fit_with_codes::<&str>(table, schema, rows, &[], 1)
    }

    /// Fits an encoder for each feature as [`fit`](Self::fit) does, but that of the columns named
    /// here gives a code for an embedding. No result depends on the number of threads.
    ///
    /// # Errors
    /// As [`fit`](Self::fit); a column to be embedded is absent, no feature, or no text.
    pub fn fit_with_codes<S: AsRef<str>>(
        table: &Table,
        schema: &Schema,
        rows: &[usize],
        embedded: &[S],
        threads: usize,
    ) -> Result<Self> {
        for name in embedded {
            check_embedded(table, schema, name.as_ref())?;
        }
        let features = schema.features().map(|feature| {
            let name = feature.name.clone();
            let embedded = embedded.iter().any(|embedded| embedded.as_ref() == name);
            (name, embedded)
        });
        let mut features = features.collect::<Vec<_>>().into_iter();
        let mut columns = Vec::new();
        in_order(
            threads,
            || Ok(features.next()),
            |(name, embedded)| {
                let column = table.require(&name)?;
                let encoding = match embedded {
                    true => Encoding::fit_code(column, rows),
                    false => Encoding::fit(table, column, rows)?,
                };
                Ok(Encoder { name, encoding })
            },
            |encoder| {
                columns.push(encoder);
                Ok::<(), Error>(())
            },
        )?;
        Ok(Self { columns })
    }

    /// Returns how many numbers the network sees of a row.
    pub fn width(&self) -> usize {
        self.columns.iter().map(|column| column.encoding.width()).sum()
    }

    /// Returns a name for each of those numbers: `age`, `age is missing`, `sex=male`,
    /// `town is another`.
    pub fn feature_names(&self) -> Vec<String> {
        let names = self.columns.iter().flat_map(Encoder::feature_names);
        names.collect()
    }

    /// Encodes all rows of a table, row-major [rows × width]. Columns are found by name.
    ///
    /// # Errors
    /// As [`encode_rows`](Self::encode_rows).
    pub fn encode(&self, table: &Table) -> Result<Vec<f32>> {
        let rows: Vec<usize> = (0..table.rows()).collect();
        self.encode_rows(table, &rows)
    }

    /// Encodes the given rows of a table, row-major [rows × width]. Columns are found by name;
    /// a column without any value fits every kind.
    ///
    /// # Errors
    /// A column is absent or of another kind; a number is infinite, beyond [`LARGEST`], or so far
    /// from the training part that it leaves the range of an f32.
    pub fn encode_rows(&self, table: &Table, rows: &[usize]) -> Result<Vec<f32>> {
        self.encode_rows_on(table, rows, 1)
    }

    /// Encodes rows as [`encode_rows`](Self::encode_rows) does, on so many threads at most. No
    /// result depends on their number.
    ///
    /// # Errors
    /// As [`encode_rows`](Self::encode_rows).
    pub fn encode_rows_on(
        &self,
        table: &Table,
        rows: &[usize],
        threads: usize,
    ) -> Result<Vec<f32>> {
        // A few rows at a time, so that they stay in cache while each column adds its part; and
        // many of these for a thread.
        const BLOCK: usize = 256;
        const PART: usize = 32 * BLOCK;
        let width = self.width();
        let bound: Vec<Bound<'_>> =
            self.columns.iter().map(|encoder| Bound::new(encoder, table)).collect::<Result<_>>()?;
        let mut out = vec![0.0; rows.len() * width];
        if width == 0 {
            return Ok(out);
        }
        in_parts(threads, &mut out, PART * width, |first, part| {
            let rows = &rows[first / width..];
            for (rows, block) in rows.chunks(BLOCK).zip(part.chunks_mut(BLOCK * width)) {
                let mut start = 0;
                for column in &bound {
                    column.encode(table, rows, block, (start, width))?;
                    start += column.encoder.encoding.width();
                }
            }
            Ok::<(), Error>(())
        })?;
        Ok(out)
    }

    /// Returns what the user should know about a table to predict on: the columns that are not
    /// used, and how many cells hold categories that did not occur in training.
    ///
    /// # Errors
    /// A column is absent or of another kind.
    pub fn notes(&self, table: &Table) -> Result<Vec<Note>> {
        let mut notes = Vec::new();
        if !table.unused().is_empty() {
            let columns = table.unused().to_vec();
            notes.push(Note::UnusedColumns { columns });
        }
        for encoder in &self.columns {
            let bound = Bound::new(encoder, table)?;
            let Cells::Text { text, slots, .. } = bound.cells else {
                continue;
            };
            // With a slot for other categories, which of them training had is not kept.
            let codes = (0..table.rows()).filter_map(|row| text.code(row));
            let mut codes = codes.filter(|&code| slots[code].is_none()).peekable();
            if let Some(&first) = codes.peek() {
                notes.push(Note::UnseenCategories {
                    column: encoder.name.clone(),
                    example: text.levels()[first].clone(),
                    cells: codes.count(),
                });
            }
        }
        Ok(notes)
    }
}

impl Encoder {
    /// Returns a name for each number that the column gives.
    pub fn feature_names(&self) -> Vec<String> {
        let name = &self.name;
        let flag = |missing: bool| missing.then(|| format!("{name} is missing"));
        match &self.encoding {
            Encoding::Number { missing, .. } | Encoding::Boolean { missing, .. } => {
                let value = std::iter::once(name.clone());
                value.chain(flag(*missing)).collect()
            }
            Encoding::Text { levels, other, missing } => {
                let slots = levels.iter().map(|level| format!("{name}={level}"));
                let other = other.then(|| format!("{name} is another"));
                slots.chain(other).chain(flag(*missing)).collect()
            }
            Encoding::Code { .. } => vec![name.clone()],
        }
    }
}

impl Encoding {
    fn fit(table: &Table, column: &Column, rows: &[usize]) -> Result<Self> {
        let missing = rows.iter().any(|&row| column.values().is_missing(row));
        match column.values() {
            Values::Number(values) => {
                let mut present = Vec::with_capacity(rows.len());
                for &row in rows {
                    let value = values.get(row).unwrap_or(f64::NAN);
                    check_finite(table, column.name(), row, value)?;
                    if !value.is_nan() {
                        present.push(value);
                    }
                }
                let fill = median(&mut present);
                // A flag that is always up would be a second bias, and fall where a value comes.
                let missing = missing && !present.is_empty();
                present.resize(rows.len(), fill);
                let (mean, std) = moments(&present);
                Ok(Self::Number { fill, mean, std, missing })
            }
            Values::Boolean { values, .. } => {
                let present = rows.iter().filter_map(|&row| values.get(row).copied().flatten());
                let excess: i64 = present.map(|value| if value { 1 } else { -1 }).sum();
                Ok(Self::Boolean { fill: excess > 0, missing })
            }
            Values::Text(text) => {
                let (levels, other) = levels(text, rows, MOST_LEVELS, MOST_LEVELS - 1);
                Ok(Self::Text { levels, other, missing })
            }
        }
    }

    /// The codes of a column of text.
    fn fit_code(column: &Column, rows: &[usize]) -> Self {
        let (levels, other) = match column.values() {
            Values::Text(text) => levels(text, rows, MOST_CODES, MOST_CODES),
            Values::Number(_) | Values::Boolean { .. } => (Vec::new(), false),
        };
        let missing = rows.iter().any(|&row| column.values().is_missing(row));
        Self::Code { levels, other, missing }
    }

    /// Returns how many codes an embedding has a vector for, besides that of all other categories;
    /// `None` if the column does not become a code.
    pub fn codes(&self) -> Option<usize> {
        match self {
            Self::Code { levels, missing, .. } => Some(levels.len() + usize::from(*missing)),
            Self::Number { .. } | Self::Boolean { .. } | Self::Text { .. } => None,
        }
    }

    /// Returns how many numbers the column gives.
    pub fn width(&self) -> usize {
        match self {
            Self::Number { missing, .. } | Self::Boolean { missing, .. } => {
                1 + usize::from(*missing)
            }
            Self::Text { levels, other, missing } => {
                levels.len() + usize::from(*other) + usize::from(*missing)
            }
            Self::Code { .. } => 1,
        }
    }

    /// Returns the kind of the column.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Number { .. } => Kind::Number,
            Self::Boolean { .. } => Kind::Boolean,
            Self::Text { .. } | Self::Code { .. } => Kind::Text,
        }
    }

    /// Returns the slot of a category, or of a missing value (`None`), in an encoding of text; no
    /// slot means 0 everywhere. Of codes it returns the code, and none for a category that training
    /// did not have, which takes the code after all others.
    pub fn slot(&self, category: Option<&str>) -> Option<usize> {
        let (levels, before, other, missing) = match self {
            Self::Text { levels, other, missing } => (levels, usize::from(*other), *other, missing),
            Self::Code { levels, other, missing } => (levels, 0, *other, missing),
            Self::Number { .. } | Self::Boolean { .. } => return None,
        };
        let place = |text: &str| {
            let search = levels.binary_search_by(|level| level.as_str().cmp(text));
            search.ok()
        };
        let others = other.then_some(self.codes().unwrap_or(levels.len()));
        match category {
            Some(text) => place(text).or(others),
            None if *missing => Some(levels.len() + before),
            None => MISSING_WORDS.iter().find_map(|word| place(word)).or(others),
        }
    }
}

/// The categories of some rows by code point, and whether there were more than `most`, of which
/// then the `kept` most frequent ones are left (ties by code point).
fn levels(text: &TextValues, rows: &[usize], most: usize, kept: usize) -> (Vec<String>, bool) {
    let mut counts: Vec<(usize, &String)> = text.levels().iter().map(|level| (0, level)).collect();
    for code in rows.iter().filter_map(|&row| text.code(row)) {
        counts[code].0 += 1;
    }
    counts.retain(|(count, _)| *count > 0);
    let other = counts.len() > most;
    if other {
        counts.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
        counts.truncate(kept);
    }
    let mut levels: Vec<String> = counts.into_iter().map(|(_, level)| level.clone()).collect();
    levels.sort_unstable();
    (levels, other)
}

/// Refuses to embed what is no feature of text.
fn check_embedded(table: &Table, schema: &Schema, name: &str) -> Result<()> {
    let column = table.require(name)?;
    let is_feature = schema.column(name).is_some_and(|column| column.role == Role::Feature);
    let (value, expected) = match (is_feature, column.values().kind()) {
        (true, Kind::Text) => return Ok(()),
        (true, kind) => (format!("{name:?}, which holds {}", kind.plural()), "a column of text"),
        (false, _) => (format!("{name:?}"), "a column that predictions are made from"),
    };
    let expected = expected.to_owned();
    Err(ErrorKind::InvalidSetting { option: "embed", value, expected }.into())
}

/// An encoder together with the column that it reads.
struct Bound<'a> {
    encoder: &'a Encoder,
    cells: Cells<'a>,
}

enum Cells<'a> {
    /// Every cell is missing, whatever the column's kind.
    Missing,
    Numbers(&'a Numbers),
    Booleans(&'a [Option<bool>]),
    Text {
        text: &'a TextValues,
        /// The slot of each level of the table.
        slots: Vec<Option<usize>>,
    },
}

impl<'a> Bound<'a> {
    fn new(encoder: &'a Encoder, table: &'a Table) -> Result<Self> {
        let Some(column) = table.column(&encoder.name) else {
            let names = table.columns().iter().map(Column::name);
            return Err(ErrorKind::ColumnMissing {
                file: table.file().to_owned(),
                name: encoder.name.clone(),
                nearest: nearest(&encoder.name, names).map(str::to_owned),
            }
            .into());
        };
        let cells = match (encoder.encoding.kind(), column.values()) {
            (Kind::Number, Values::Number(values)) => Cells::Numbers(values),
            (Kind::Boolean, Values::Boolean { values, .. }) => Cells::Booleans(values),
            (Kind::Text, Values::Text(text)) => {
                let levels = text.levels().iter();
                let slots = levels.map(|level| encoder.encoding.slot(Some(level)));
                Cells::Text { text, slots: slots.collect() }
            }
            (expected, values) => match (0..table.rows()).find(|&row| !values.is_missing(row)) {
                None => Cells::Missing,
                Some(row) => return Err(wrong_kind(table, column, row, expected)),
            },
        };
        Ok(Self { encoder, cells })
    }

    /// Encodes rows into their places from `start` on, in rows of `width` numbers that are 0
    /// beforehand.
    fn encode(
        &self,
        table: &Table,
        rows: &[usize],
        block: &mut [f32],
        (start, width): (usize, usize),
    ) -> Result<()> {
        let encoding = &self.encoder.encoding;
        let end = start + encoding.width();
        let outs = block.chunks_exact_mut(width).map(|out| &mut out[start..end]);
        let rows = rows.iter().copied().zip(outs);
        match encoding {
            Encoding::Number { fill, mean, std, .. } => {
                for (row, out) in rows {
                    let value = match self.cells {
                        Cells::Numbers(values) => values.get(row).unwrap_or(f64::NAN),
                        _ => f64::NAN,
                    };
                    check_finite(table, &self.encoder.name, row, value)?;
                    let missing = value.is_nan();
                    let filled = if missing { *fill } else { value };
                    if *std != 0.0 {
                        out[0] = ((filled - mean) / std) as f32;
                        if !out[0].is_finite() {
                            return Err(self.too_far(table, row, value));
                        }
                    }
                    flag(missing, out);
                }
            }
            Encoding::Boolean { fill, .. } => {
                for (row, out) in rows {
                    let value = match self.cells {
                        Cells::Booleans(values) => values.get(row).copied().flatten(),
                        _ => None,
                    };
                    out[0] = f32::from(u8::from(value.unwrap_or(*fill)));
                    flag(value.is_none(), out);
                }
            }
            Encoding::Text { .. } | Encoding::Code { .. } => {
                let (missing, codes) = (encoding.slot(None), encoding.codes());
                for (row, out) in rows {
                    let slot = match &self.cells {
                        Cells::Text { text, slots } => match text.code(row) {
                            Some(code) => slots[code],
                            None => missing,
                        },
                        _ => missing,
                    };
                    match (slot, codes) {
                        (slot, Some(codes)) => out[0] = slot.unwrap_or(codes) as f32,
                        (Some(slot), None) => out[slot] = 1.0,
                        (None, None) => {}
                    }
                }
            }
        }
        Ok(())
    }

    fn too_far(&self, table: &Table, row: usize, value: f64) -> Error {
        ErrorKind::TooFar {
            file: table.file().to_owned(),
            line: table.line(row),
            column: self.encoder.name.clone(),
            value,
        }
        .into()
    }
}

fn flag(missing: bool, out: &mut [f32]) {
    if let Some(flag) = out.get_mut(1) {
        *flag = f32::from(u8::from(missing));
    }
}

/// Names the first cell of a column that does not fit the kind it had in training.
fn wrong_kind(table: &Table, column: &Column, row: usize, expected: Kind) -> Error {
    let (row, value) = match column.values() {
        Values::Number(values) => (row, values.get(row).unwrap_or(f64::NAN).to_string()),
        Values::Boolean { values, spellings } => {
            let truth = values[row].unwrap_or_default();
            (row, spellings[usize::from(truth)].clone())
        }
        Values::Text(text) => {
            // Where numbers are expected, the first word tells more than the first cell.
            let format = NumberFormat::default();
            let fits = |row: &usize| {
                let text = text.get(*row).unwrap_or_default();
                expected == Kind::Number && format.classify(text) != Cell::Word
            };
            let row = (row..table.rows()).find(|row| !fits(row) && text.get(*row).is_some());
            let row = row.unwrap_or(0);
            (row, text.get(row).unwrap_or_default().to_owned())
        }
    };
    ErrorKind::WrongKind {
        file: table.file().to_owned(),
        line: table.line(row),
        column: column.name().to_owned(),
        value,
        expected,
    }
    .into()
}

/// Refuses infinities and numbers beyond [`LARGEST`]; NaN stands for a missing value and passes.
#[inline]
pub(super) fn check_finite(table: &Table, column: &str, row: usize, value: f64) -> Result<()> {
    if value.abs() > LARGEST {
        return Err(ErrorKind::NotFinite {
            file: table.file().to_owned(),
            line: table.line(row),
            column: column.to_owned(),
            value,
        }
        .into());
    }
    Ok(())
}

/// Returns the median, or 0 without values. The order of the values changes.
fn median(values: &mut [f64]) -> f64 {
    let count = values.len();
    if count == 0 {
        return 0.0;
    }
    let (lower, &mut upper, _) = values.select_nth_unstable_by(count / 2, f64::total_cmp);
    if count % 2 == 1 {
        return upper;
    }
    let below = lower.iter().copied().max_by(f64::total_cmp);
    below.map_or(upper, |below| (below + upper) / 2.0)
}

/// Returns the mean and the population standard deviation; (0, 0) without values.
///
/// Two passes, the mean corrected by the mean deviation, and the squares scaled by the largest
/// deviation, so that neither 1e-200 nor 1e200 is lost. The standard deviation is 0 if all values
/// are equal, or differ by no more than the rounding of their mean.
pub(super) fn moments(values: &[f64]) -> (f64, f64) {
    let Some(&first) = values.first() else {
        return (0.0, 0.0);
    };
    if values.iter().all(|&value| value == first) {
        return (first, 0.0);
    }
    let count = values.len() as f64;
    let rough = values.iter().map(|value| value / count).sum::<f64>();
    let mean = rough + values.iter().map(|value| value - rough).sum::<f64>() / count;
    let deviations = || values.iter().map(|value| (value - mean).abs());
    let largest = deviations().fold(0.0, f64::max);
    let squares: f64 =
        deviations().map(|deviation| (deviation / largest) * (deviation / largest)).sum();
    let std = largest * (squares / count).sqrt();
    let rounding = 8.0 * f64::EPSILON * mean.abs();
    if std.is_normal() && std > rounding { (mean, std) } else { (mean, 0.0) }
}
