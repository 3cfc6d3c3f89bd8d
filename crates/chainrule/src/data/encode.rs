//! Features in numbers: what the network sees of each column, fitted on the training rows alone.
//!
//! The arithmetic is in f64, of operations that the model file can do as well with standard
//! operators, and ends with one cast to f32. Each kind of encoding is a file of its own.

mod boolean;
mod category;
mod curve;
mod date;
mod number;
mod scale;
mod statistics;

use serde::{Deserialize, Serialize};

use super::cell::{Cell, NumberFormat};
use super::notes::Note;
use super::numbers::Numbers;
use super::schema::{Kind, Role, Schema};
use super::table::{Column, Table, TextValues, Values};
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::parallel::{in_order, in_parts};
pub use boolean::BooleanEncoding;
pub use category::{CodeEncoding, MOST_CODES, MOST_LEVELS, SlotEncoding};
pub use curve::{Curve, Lines};
pub use date::{DateEncoding, DatePart};
pub use number::NumberEncoding;
pub use scale::{Fill, Scale, Scales};
pub(super) use statistics::moments;

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
    /// A number, scaled.
    Number(NumberEncoding),
    /// A truth value, as 0 or 1.
    Boolean(BooleanEncoding),
    /// A date or a time.
    Date(DateEncoding),
    /// A category, one-hot.
    Text(SlotEncoding),
    /// A category, as a code for an embedding.
    Code(CodeEncoding),
}

/// How columns become numbers where that can be chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct EncoderOptions {
    /// The columns of text that give codes for an embedding.
    pub embedded: Vec<String>,
    /// The most categories that are one-hot; of more, all but the most frequent share a slot, if
    /// they are not embedded.
    pub most_levels: usize,
    /// Whether columns of more categories than that give codes for an embedding, too.
    pub embed_beyond: bool,
    /// Categories in fewer rows than this are taken for others, as unseen ones are; without a
    /// number this is 2 in columns that are embedded for their many categories, and 1 in others.
    pub fewest_rows: Option<usize>,
    /// How numbers are scaled.
    pub scales: Scales,
    /// What stands in for missing numbers.
    pub fill: Fill,
    /// The most threads that fit; no result depends on it.
    pub threads: usize,
}

impl Default for EncoderOptions {
    fn default() -> Self {
        Self {
            embedded: Vec::new(),
            most_levels: MOST_LEVELS,
            embed_beyond: false,
            fewest_rows: None,
            scales: Scales::default(),
            fill: Fill::default(),
            threads: 1,
        }
    }
}

/// Largest number that is computed with: beyond it sums would leave the range of an f64.
pub const LARGEST: f64 = 1e300;

impl Encoders {
    /// Fits an encoder for each feature of the schema on the given rows and no others, with the
    /// options that are the default.
    ///
    /// # Errors
    /// A column is absent; a number of these rows is infinite or beyond [`LARGEST`].
    pub fn fit(table: &Table, schema: &Schema, rows: &[usize]) -> Result<Self> {
        Self::fit_with(table, schema, rows, &EncoderOptions::default())
    }

    /// Fits an encoder for each feature as [`fit`](Self::fit) does, with options.
    ///
    /// # Errors
    /// As [`fit`](Self::fit); a column that the options name is absent, no feature, or not of the
    /// kind that they are for; a number to be scaled by its logarithm is negative.
    pub fn fit_with(
        table: &Table,
        schema: &Schema,
        rows: &[usize],
        options: &EncoderOptions,
    ) -> Result<Self> {
        for name in &options.embedded {
            check_named(table, schema, name, "embed", &[Kind::Text], "a column of text")?;
        }
        for (name, scale) in &options.scales.named {
            let (kinds, expected): (&[Kind], _) = match scale {
                Scale::Log => (&[Kind::Number], "a column of numbers"),
                _ => (&[Kind::Number, Kind::Date], "a column of numbers or dates"),
            };
            check_named(table, schema, name, "scale", kinds, expected)?;
        }
        if options.most_levels == 0 {
            let (value, expected) = ("0".to_owned(), "1 or more".to_owned());
            return Err(ErrorKind::InvalidSetting { option: "one-hot", value, expected }.into());
        }
        let mut features = schema.features().map(|feature| feature.name.clone());
        let mut columns = Vec::new();
        in_order(
            options.threads,
            || Ok(features.next()),
            |name| {
                let encoding = Encoding::fit(table, table.require(&name)?, rows, options)?;
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

    /// Tells whether these are encoders as fitting makes them, however many bytes they came from:
    /// what is computed once of each does not take more memory than it is known for.
    pub(crate) fn are_sound(&self) -> bool {
        self.columns.iter().all(|column| match &column.encoding {
            Encoding::Number(number) => number.curve.is_sound(),
            Encoding::Date(date) => date.is_sound(),
            Encoding::Boolean(_) | Encoding::Text(_) | Encoding::Code(_) => true,
        })
    }

    /// Returns a name for each of those numbers: `age`, `age is missing`, `sex=male`,
    /// `town is another`, `sold (month, sine)`.
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
    /// A column is absent or of another kind; a number is infinite, beyond [`LARGEST`], so far
    /// from the training part that it leaves the range of an f32, or negative where its logarithm
    /// is wanted.
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
                    column.encode(rows, block, (start, width))?;
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
        match &self.encoding {
            Encoding::Number(number) => number.names(&self.name),
            Encoding::Boolean(boolean) => boolean.names(&self.name),
            Encoding::Date(date) => date.names(&self.name),
            Encoding::Text(text) => text.names(&self.name),
            Encoding::Code(_) => vec![self.name.clone()],
        }
    }
}

impl Encoding {
    fn fit(
        table: &Table,
        column: &Column,
        rows: &[usize],
        options: &EncoderOptions,
    ) -> Result<Self> {
        let place = Place { table, column: column.name() };
        let (scale, fill) = (options.scales.of(column.name()), options.fill);
        Ok(match column.values() {
            Values::Number(values) => {
                Self::Number(NumberEncoding::fit(&place, values, rows, scale, fill)?)
            }
            Values::Boolean { .. } => Self::Boolean(BooleanEncoding::fit(column, rows)),
            Values::Date { seconds, .. } => {
                // 1970 is no start from which dates grow by ratios.
                let scale = if scale == Scale::Log { Scale::Standard } else { scale };
                Self::Date(DateEncoding::fit(&place, seconds, rows, scale, fill)?)
            }
            Values::Text(text) => {
                let asked = options.embedded.iter().any(|name| name == column.name());
                let many =
                    options.embed_beyond && category::categories(text, rows) > options.most_levels;
                let fewest = options.fewest_rows.unwrap_or(if many && !asked { 2 } else { 1 });
                match asked || many {
                    true => Self::Code(CodeEncoding::fit(column, rows, fewest)),
                    false => {
                        Self::Text(SlotEncoding::fit(column, rows, options.most_levels, fewest))
                    }
                }
            }
        })
    }

    /// Returns how many codes an embedding has a vector for, besides that of all other categories;
    /// `None` if the column does not become a code.
    pub fn codes(&self) -> Option<usize> {
        match self {
            Self::Code(code) => Some(code.codes()),
            Self::Number(_) | Self::Boolean(_) | Self::Date(_) | Self::Text(_) => None,
        }
    }

    /// Returns how many numbers the column gives.
    pub fn width(&self) -> usize {
        match self {
            Self::Number(number) => number.width(),
            Self::Boolean(boolean) => 1 + usize::from(boolean.missing),
            Self::Date(date) => date.width(),
            Self::Text(text) => text.width(),
            Self::Code(_) => 1,
        }
    }

    /// Returns the kind of the column.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Number(_) => Kind::Number,
            Self::Boolean(_) => Kind::Boolean,
            Self::Date(_) => Kind::Date,
            Self::Text(_) | Self::Code(_) => Kind::Text,
        }
    }

    /// Returns the slot of a category, or of a missing value (`None`), in an encoding of text; no
    /// slot means 0 everywhere. Of codes it returns the code, and none for a category that training
    /// did not have, which takes the code after all others.
    pub fn slot(&self, category: Option<&str>) -> Option<usize> {
        match self {
            Self::Text(text) => text.slot(category),
            Self::Code(code) => code.code(category),
            Self::Number(_) | Self::Boolean(_) | Self::Date(_) => None,
        }
    }
}

/// Refuses a column that an option names and that is no feature of such a kind.
fn check_named(
    table: &Table,
    schema: &Schema,
    name: &str,
    option: &'static str,
    kinds: &[Kind],
    expected: &str,
) -> Result<()> {
    let kind = table.require(name)?.values().kind();
    let is_feature = schema.column(name).is_some_and(|column| column.role == Role::Feature);
    let (value, expected) = match is_feature {
        true if kinds.contains(&kind) => return Ok(()),
        true => (format!("{name:?}, which holds {}", kind.plural()), expected),
        false => (format!("{name:?}"), "a column that predictions are made from"),
    };
    Err(ErrorKind::InvalidSetting { option, value, expected: expected.to_owned() }.into())
}

/// A column of a table, for errors.
struct Place<'a> {
    table: &'a Table,
    column: &'a str,
}

impl Place<'_> {
    /// Refuses a number whose logarithm is wanted and that is below 0.
    fn check_log(&self, row: usize, value: f64) -> Result<()> {
        if value < 0.0 {
            return Err(ErrorKind::LogOfNegative {
                file: self.table.file_of(row).to_owned(),
                line: self.table.line(row),
                column: self.column.to_owned(),
                value,
            }
            .into());
        }
        Ok(())
    }

    fn too_far(&self, row: usize, value: f64) -> Error {
        ErrorKind::TooFar {
            file: self.table.file_of(row).to_owned(),
            line: self.table.line(row),
            column: self.column.to_owned(),
            value,
        }
        .into()
    }
}

/// An encoder together with the column that it reads.
struct Bound<'a> {
    encoder: &'a Encoder,
    place: Place<'a>,
    cells: Cells<'a>,
    /// What is computed once of the encoder.
    lines: Lines,
    circles: Vec<Vec<[f64; 2]>>,
}

enum Cells<'a> {
    /// Every cell is missing, whatever the column's kind.
    Missing,
    /// Numbers, or the seconds of dates.
    Numbers(&'a Numbers),
    Booleans(&'a [Option<bool>]),
    Text {
        text: &'a TextValues,
        /// The slot of each level of the table.
        slots: Vec<Option<usize>>,
    },
}

impl Cells<'_> {
    /// The number of a row; NaN if it is missing.
    #[inline]
    fn number(&self, row: usize) -> f64 {
        match self {
            Self::Numbers(values) => values.get(row).unwrap_or(f64::NAN),
            _ => f64::NAN,
        }
    }

    fn boolean(&self, row: usize) -> Option<bool> {
        match self {
            Self::Booleans(values) => values.get(row).copied().flatten(),
            _ => None,
        }
    }
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
            (Kind::Date, Values::Date { seconds, .. }) => Cells::Numbers(seconds),
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
        let (lines, circles) = match &encoder.encoding {
            Encoding::Number(number) => (number.curve.lines(), Vec::new()),
            Encoding::Date(date) => {
                let circles = date.parts.iter().map(|part| part.circle());
                (date.seconds.curve.lines(), circles.collect())
            }
            Encoding::Boolean(_) | Encoding::Text(_) | Encoding::Code(_) => {
                (Curve::Identity.lines(), Vec::new())
            }
        };
        let place = Place { table, column: &encoder.name };
        Ok(Self { encoder, place, cells, lines, circles })
    }

    /// Encodes rows into their places from `start` on, in rows of `width` numbers that are 0
    /// beforehand.
    fn encode(
        &self,
        rows: &[usize],
        block: &mut [f32],
        (start, width): (usize, usize),
    ) -> Result<()> {
        let encoding = &self.encoder.encoding;
        let end = start + encoding.width();
        let outs = block.chunks_exact_mut(width).map(|out| &mut out[start..end]);
        let rows = rows.iter().copied().zip(outs);
        match encoding {
            Encoding::Number(number) => {
                let cells = rows.map(|(row, out)| (row, self.cells.number(row), out));
                number.encode(&self.place, &self.lines, cells)?;
            }
            Encoding::Date(date) => {
                let cells = rows.map(|(row, out)| (row, self.cells.number(row), out));
                date.encode(&self.place, &self.lines, &self.circles, cells)?;
            }
            Encoding::Boolean(boolean) => {
                boolean.encode(rows.map(|(row, out)| (self.cells.boolean(row), out)));
            }
            Encoding::Text(_) | Encoding::Code(_) => {
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
}

/// The last number of a column that has a flag says whether the value is missing.
fn flag(has_flag: bool, missing: bool, out: &mut [f32]) {
    if let (true, Some(flag)) = (has_flag, out.last_mut()) {
        *flag = f32::from(u8::from(missing));
    }
}

fn flag_name(column: &str, missing: bool) -> Option<String> {
    missing.then(|| format!("{column} is missing"))
}

/// Names the first cell of a column that does not fit the kind it had in training.
fn wrong_kind(table: &Table, column: &Column, row: usize, expected: Kind) -> Error {
    let (row, value) = match column.values() {
        Values::Number(values) => (row, values.get(row).unwrap_or(f64::NAN).to_string()),
        Values::Boolean { values, spellings } => {
            let truth = values[row].unwrap_or_default();
            (row, spellings[usize::from(truth)].clone())
        }
        Values::Date { seconds, .. } => {
            (row, super::calendar::moment(seconds.get(row).unwrap_or_default()))
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
        file: table.file_of(row).to_owned(),
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
            file: table.file_of(row).to_owned(),
            line: table.line(row),
            column: column.to_owned(),
            value,
        }
        .into());
    }
    Ok(())
}
