//! Collects one column's cells while a file is read, and decides what kind they are.
//!
//! What is decided is what all cells of the column show. A column whose first 10,000 values are
//! numbers is read on as one of numbers; where a later cell contradicts, its texts have to be read
//! again ([`ColumnReader::needs_rereading`]), and then all of them decide.

use std::sync::Arc;

use super::calendar::{DateOrder, Order};
use super::cell::{
    BOOLEAN_PAIR, BOOLEAN_WORDS, Cell, NumberFormat, boolean_word, has_leading_zero,
    looks_separated,
};
use super::date_cells::DateCells;
use super::dictionary::Dictionary;
use super::evidence::{Evidence, Verdict, are_stray};
use super::notes::Note;
use super::numbers::Numbers;
use super::places::Places;
use super::schema::Kind;
use super::table::{Column, Values};
use crate::error::{Error, ErrorKind, Result};

/// After this many values a column that has shown numbers is read as one of numbers.
const DECIDED: usize = 10_000;

/// How a column is to be read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Wanted {
    /// As what its cells show.
    Inferred,
    /// As this, on request.
    Asked(Kind),
    /// As in training.
    Trained(Kind),
    /// Not at all.
    Nothing,
}

impl Wanted {
    fn kind(self) -> Option<Kind> {
        match self {
            Self::Asked(kind) | Self::Trained(kind) => Some(kind),
            Self::Inferred | Self::Nothing => None,
        }
    }
}

/// What is known of a column before its cells are read.
#[derive(Clone, Copy)]
pub(super) struct Form<'a> {
    pub name: &'a str,
    pub wanted: Wanted,
    pub format: NumberFormat,
    /// In which order dates are written, if that is known.
    pub dates: Option<DateOrder>,
    /// Words that are missing values in every kind of column, those of all columns and its own.
    pub missing: [&'a [String]; 2],
}

impl Form<'_> {
    /// What is known of a column that is not read.
    pub(super) const NOTHING: Self = Form {
        name: "",
        wanted: Wanted::Nothing,
        format: NumberFormat { thousands: None, decimal_comma: false, percent: false },
        dates: None,
        missing: [&[]; 2],
    };

    pub(super) fn is_missing(&self, text: &str) -> bool {
        text.is_empty() || self.missing.iter().any(|words| words.iter().any(|word| word == text))
    }

    /// Returns the error for a cell that does not fit the column's kind.
    pub(super) fn misfit(&self, text: &str, (file, line): (&str, u64)) -> Error {
        let (file, column, value) = (file.to_owned(), self.name.to_owned(), text.to_owned());
        match self.wanted {
            Wanted::Asked(expected) if expected != Kind::Number => {
                ErrorKind::NotAsDeclared { file, line, column, value, expected }
            }
            wanted if wanted != Wanted::Trained(Kind::Boolean) && looks_separated(text) => {
                ErrorKind::SeparatedNumber { file, line, column, value }
            }
            Wanted::Trained(expected) => {
                ErrorKind::WrongKind { file, line, column, value, expected }
            }
            _ => ErrorKind::StrayWord { file, line, column, value },
        }
        .into()
    }
}

/// The cells of a column of numbers.
#[derive(Default)]
pub(super) struct NumberCells {
    format: NumberFormat,
    values: Numbers,
    nan_row: Option<usize>,
    /// Whether a cell looks like a code, which may make text of the column.
    codes: bool,
    /// What was no number, though the column had been taken for one of numbers.
    words: Option<Box<Words>>,
    /// The first cell that shows the format, if that was found out.
    example: Option<(usize, String)>,
}

/// The words among numbers.
struct Words {
    cells: usize,
    first: (usize, String),
    /// Whether there is one word alone.
    alike: bool,
    /// Whether all of them are numbers but for separators.
    separated: bool,
}

/// A cell is no number and no word for a missing one.
pub(super) struct Misfit;

impl NumberCells {
    /// Takes the next row's field.
    pub(super) fn push(&mut self, field: &str, form: &Form<'_>) -> std::result::Result<(), Misfit> {
        let text = trimmed(field);
        if form.is_missing(text) {
            self.values.push_missing();
            return Ok(());
        }
        if form.wanted == Wanted::Inferred && has_leading_zero(text) {
            self.codes = true;
        }
        // Nearly every number is a plain decimal, whose digits are soon read.
        if let Some(decimal) = self.format.decimal(text) {
            self.values.push_decimal(decimal);
            return Ok(());
        }
        match self.format.classify(text) {
            Cell::Word if form.wanted == Wanted::Inferred => self.push_word(text),
            Cell::Word => return Err(Misfit),
            cell => self.push_cell(cell),
        }
        Ok(())
    }

    fn push_cell(&mut self, cell: Cell) {
        match cell {
            Cell::Number(value) => self.values.push(value),
            Cell::NotANumber => {
                self.nan_row.get_or_insert(self.values.len());
                self.values.push_missing();
            }
            Cell::Missing | Cell::Word => self.values.push_missing(),
        }
    }

    #[cold]
    fn push_word(&mut self, text: &str) {
        let row = self.values.len();
        self.values.push_missing();
        match &mut self.words {
            Some(words) => {
                words.cells += 1;
                words.alike &= words.first.1 == text;
                words.separated = words.separated && looks_separated(text);
            }
            None => {
                self.words = Some(Box::new(Words {
                    cells: 1,
                    first: (row, text.to_owned()),
                    alike: true,
                    separated: looks_separated(text),
                }));
            }
        }
    }

    /// Puts the cells of the next rows behind these.
    fn append(&mut self, next: Self) {
        let rows = self.values.len();
        self.nan_row = self.nan_row.or(next.nan_row.map(|row| rows + row));
        self.codes |= next.codes;
        match (&mut self.words, next.words) {
            (Some(words), Some(more)) => {
                words.cells += more.cells;
                words.alike &= more.alike && words.first.1 == more.first.1;
                words.separated &= more.separated;
            }
            (words @ None, Some(mut more)) => {
                more.first.0 += rows;
                *words = Some(more);
            }
            (_, None) => {}
        }
        self.values.append(next.values);
    }

    /// Reads the cells of a dictionary as numbers.
    fn of(spellings: &Dictionary, format: NumberFormat, given: NumberFormat) -> Self {
        let meaning = |text: &Arc<str>| (format.decimal(text), format.classify(text));
        let meaning: Vec<_> = spellings.levels.iter().map(meaning).collect();
        let mut cells = Self { format, ..Self::default() };
        cells.codes = spellings.levels.iter().any(|text| has_leading_zero(text));
        if format != given {
            let shows = |text: &Arc<str>| given.classify(text) == Cell::Word;
            let level = spellings.levels.iter().position(shows);
            cells.example = level
                .map(|level| (spellings.first_row(level), spellings.levels[level].to_string()));
        }
        for &code in &spellings.codes {
            match meaning.get(code as usize) {
                Some(&(Some(decimal), _)) => cells.values.push_decimal(decimal),
                Some(&(None, Cell::Word)) => cells.push_word(&spellings.levels[code as usize]),
                Some(&(None, cell)) => cells.push_cell(cell),
                None => cells.values.push_missing(),
            }
        }
        cells
    }

    /// The first word, if the column is one of numbers with errors in it.
    fn stray(&self) -> Option<&(usize, String)> {
        let words = self.words.as_deref()?;
        let numbers = self.values.present();
        are_stray(words.cells, words.alike, numbers, self.values.iter()).then_some(&words.first)
    }
}

/// The cells of one column of some rows that follow each other, not yet told what they mean.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct RawCells {
    text: String,
    ends: Vec<usize>,
}

impl RawCells {
    pub(super) fn push(&mut self, field: &str) {
        self.text.push_str(trimmed(field));
        self.ends.push(self.text.len());
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |&end| &self.text[std::mem::replace(&mut start, end)..end])
    }

    pub(super) fn get(&self, row: usize) -> Option<&str> {
        let end = *self.ends.get(row)?;
        let start = row.checked_sub(1).and_then(|row| self.ends.get(row)).copied().unwrap_or(0);
        self.text.get(start..end)
    }

    pub(super) fn append(&mut self, next: &Self) {
        let before = self.text.len();
        self.text.push_str(&next.text);
        self.ends.extend(next.ends.iter().map(|end| before + end));
    }

    pub(super) fn bytes(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * size_of::<usize>()
    }
}

/// How cells are collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    Dropped,
    Raw,
    Numbers(NumberFormat),
    Dates(DateOrder),
    Spellings,
}

/// Cells of a column.
pub(super) enum Cells {
    Dropped,
    Raw(RawCells),
    Numbers(NumberCells),
    Dates(DateCells),
    Spellings(Dictionary),
}

impl Cells {
    /// No cells, with room for those of so many rows.
    pub(super) fn new(manner: Manner, rows: usize) -> Self {
        match manner {
            Manner::Dropped => Self::Dropped,
            Manner::Raw => Self::Raw(RawCells::default()),
            Manner::Numbers(format) => Self::Numbers(NumberCells {
                format,
                values: Numbers::with_capacity(rows),
                ..NumberCells::default()
            }),
            Manner::Dates(order) => Self::Dates(DateCells::new(order, rows)),
            Manner::Spellings => Self::Spellings(Dictionary::default()),
        }
    }

    /// Takes the next row's field.
    pub(super) fn push(&mut self, field: &str, form: &Form<'_>) -> std::result::Result<(), Misfit> {
        match self {
            Self::Dropped => {}
            Self::Raw(raw) => raw.push(field),
            Self::Numbers(numbers) => numbers.push(field, form)?,
            Self::Dates(dates) => dates.push(field, form)?,
            Self::Spellings(spellings) => match trimmed(field) {
                text if form.is_missing(text) => spellings.push_missing(),
                text => spellings.push(text),
            },
        }
        Ok(())
    }

    /// Takes the next row's value, of a file that has numbers as such; NaN is missing.
    pub(super) fn push_number(
        &mut self,
        value: f64,
        form: &Form<'_>,
    ) -> std::result::Result<(), Misfit> {
        match self {
            Self::Numbers(numbers) if value.is_nan() => numbers.values.push_missing(),
            // What was declared missing as a word is so as a number.
            Self::Numbers(numbers) if form.missing.iter().all(|words| words.is_empty()) => {
                numbers.values.push_float(value);
            }
            Self::Dropped => {}
            _ if value.is_nan() => return self.push("", form),
            Self::Numbers(numbers) => {
                // The text of a number is plain, whatever format a column of text has.
                match form.is_missing(&value.to_string()) {
                    true => numbers.values.push_missing(),
                    false => numbers.values.push_float(value),
                }
            }
            _ => return self.push(&value.to_string(), form),
        }
        Ok(())
    }

    /// About how many bytes of memory they take.
    fn bytes(&self) -> usize {
        match self {
            Self::Dropped => 0,
            Self::Raw(raw) => raw.bytes(),
            Self::Numbers(numbers) => numbers.values.bytes(),
            Self::Dates(dates) => dates.seconds.bytes(),
            Self::Spellings(spellings) => spellings.bytes(),
        }
    }
}

/// An error and the row at which it shows.
pub(super) type AtRow = (usize, Error);

/// A column being read, part after part.
pub(super) struct ColumnReader<'a> {
    form: &'a Form<'a>,
    cells: Cells,
    /// Whether it is read again, with all its texts.
    again: bool,
}

impl<'a> ColumnReader<'a> {
    pub(super) fn new(form: &'a Form<'a>) -> Self {
        let manner = match (form.wanted, form.wanted.kind()) {
            (Wanted::Nothing, _) => Manner::Dropped,
            (_, Some(Kind::Number)) => Manner::Numbers(form.format),
            (_, Some(Kind::Date)) => form.dates.map_or(Manner::Spellings, Manner::Dates),
            _ => Manner::Spellings,
        };
        Self { form, cells: Cells::new(manner, 0), again: false }
    }

    /// Collects the texts of a column, whatever they show.
    pub(super) fn again(form: &'a Form<'a>) -> Self {
        Self { form, cells: Cells::new(Manner::Spellings, 0), again: true }
    }

    /// How the cells of the next rows are best collected. Whatever is done, the column ends alike.
    pub(super) fn manner(&self) -> Manner {
        match &self.cells {
            Cells::Dropped => Manner::Dropped,
            Cells::Numbers(numbers) => Manner::Numbers(numbers.format),
            Cells::Dates(dates) => Manner::Dates(dates.order),
            Cells::Spellings(spellings) if self.is_undecided(spellings) => Manner::Raw,
            Cells::Raw(_) | Cells::Spellings(_) => Manner::Spellings,
        }
    }

    /// About how many bytes of memory the cells take.
    pub(super) fn bytes(&self) -> usize {
        self.cells.bytes()
    }

    fn is_undecided(&self, spellings: &Dictionary) -> bool {
        self.form.wanted == Wanted::Inferred && !self.again && spellings.values < DECIDED
    }

    /// Takes the cells of the next rows; `places` are those of all rows so far.
    pub(super) fn take(
        &mut self,
        cells: Cells,
        places: &Places,
        first_row: usize,
    ) -> std::result::Result<(), AtRow> {
        match (&mut self.cells, cells) {
            (Cells::Numbers(numbers), Cells::Numbers(next)) => numbers.append(next),
            (Cells::Dates(dates), Cells::Dates(next)) => dates.append(next),
            (Cells::Spellings(spellings), Cells::Spellings(next)) => spellings.append(&next),
            (_, Cells::Raw(raw)) => {
                for (row, text) in raw.iter().enumerate() {
                    let row = first_row + row;
                    self.push(text, row, places).map_err(|error| (row, error))?;
                }
            }
            // What is dropped is dropped everywhere, and nothing is known of a column less well
            // when its cells are collected than it was before.
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, text: &str, row: usize, places: &Places) -> Result<()> {
        if self.cells.push(text, self.form).is_err() {
            return Err(self.form.misfit(text, places.of(row)));
        }
        let Cells::Spellings(spellings) = &self.cells else { return Ok(()) };
        if spellings.values != DECIDED
            || self.form.wanted != Wanted::Inferred
            || self.form.is_missing(text)
        {
            return Ok(());
        }
        // A column that has shown numbers, but for a few words, is read on as one of numbers.
        let given = self.form.format;
        match Evidence::of(spellings, given).verdict(None) {
            Verdict::Number(format) => {
                self.cells = Cells::Numbers(NumberCells::of(spellings, format, given));
            }
            Verdict::Stray(_) => {
                self.cells = Cells::Numbers(NumberCells::of(spellings, given, given));
            }
            Verdict::Date(order) => {
                if let Ok(dates) = DateCells::of(spellings, order, self.form) {
                    self.cells = Cells::Dates(dates);
                }
            }
            Verdict::Boolean | Verdict::Text | Verdict::Ambiguous(_) => {}
        }
        Ok(())
    }

    /// Tells whether all texts of the column have to be seen to know what it is: it was read as one
    /// of numbers, and a cell contradicts that.
    pub(super) fn needs_rereading(&self) -> bool {
        let numbers = match &self.cells {
            Cells::Numbers(numbers) => numbers,
            Cells::Dates(dates) => return dates.odd,
            Cells::Dropped | Cells::Raw(_) | Cells::Spellings(_) => return false,
        };
        if self.form.wanted != Wanted::Inferred {
            return false;
        }
        if numbers.codes && numbers.values.are_whole() {
            return true;
        }
        let Some(words) = &numbers.words else { return false };
        numbers.format != self.form.format || words.separated || numbers.stray().is_none()
    }

    /// Decides what the column is; in formats of numbers among these alone, if there are any.
    pub(super) fn verdict(&self, among: Option<&[NumberFormat]>) -> Verdict {
        match (&self.cells, self.form.wanted.kind()) {
            (Cells::Numbers(numbers), _) => Verdict::Number(numbers.format),
            (Cells::Dates(dates), _) => Verdict::Date(dates.order),
            (Cells::Spellings(spellings), None) => {
                Evidence::of(spellings, self.form.format).verdict(among)
            }
            (_, Some(Kind::Boolean)) => Verdict::Boolean,
            (Cells::Spellings(spellings), Some(Kind::Date)) => {
                // Without a single order, the first cell that is not in the usual one is named.
                let found = || match Evidence::of(spellings, self.form.format).date_order() {
                    Order::One(order) => order,
                    Order::Either | Order::None => DateOrder::default(),
                };
                Verdict::Date(self.form.dates.unwrap_or_else(found))
            }
            _ => Verdict::Text,
        }
    }

    /// The form in which it was asked to be read.
    pub(super) fn form(&self) -> &Form<'a> {
        self.form
    }

    /// Whether there is a number with digits behind a point, if they are written so.
    pub(super) fn has_fractions(&self, format: NumberFormat) -> bool {
        match &self.cells {
            Cells::Numbers(numbers) => !numbers.values.are_whole(),
            Cells::Spellings(spellings) => {
                let read = |text: &Arc<str>| format.classify(text);
                let broken =
                    |cell| matches!(cell, Cell::Number(value) if libm::floor(value) != value);
                spellings.levels.iter().map(read).any(broken)
            }
            Cells::Dropped | Cells::Raw(_) | Cells::Dates(_) => false,
        }
    }

    /// The error for the first cell that shows a format of numbers which was found out.
    pub(super) fn separated(&self, places: &Places) -> Option<Error> {
        let (row, text) = match &self.cells {
            Cells::Numbers(numbers) => numbers.example.clone()?,
            Cells::Spellings(spellings) => {
                let level = spellings.levels.iter().position(|text| looks_separated(text))?;
                (spellings.first_row(level), spellings.levels[level].to_string())
            }
            Cells::Dropped | Cells::Raw(_) | Cells::Dates(_) => return None,
        };
        Some(self.form.misfit(&text, places.of(row)))
    }

    /// Ends the column as what was decided; `None` if it was not to be kept.
    pub(super) fn finish(
        self,
        verdict: Verdict,
        places: &Places,
        notes: &mut Vec<Note>,
    ) -> Result<Option<Column>> {
        let Self { form, cells, .. } = self;
        let column = |values, nan_row, format| {
            Ok(Some(Column::read(form.name.to_owned(), values, nan_row, format)))
        };
        let stray = |spellings: &Dictionary, level: usize| {
            form.misfit(&spellings.levels[level], places.of(spellings.first_row(level)))
        };
        let numbers = match cells {
            Cells::Dropped | Cells::Raw(_) => return Ok(None),
            Cells::Dates(DateCells { order, seconds, .. }) => {
                let values = Values::Date { seconds, order };
                return column(values, None, NumberFormat::default());
            }
            Cells::Numbers(numbers) => match numbers.stray() {
                Some((row, text)) => return Err(form.misfit(text, places.of(*row))),
                None => numbers,
            },
            Cells::Spellings(spellings) => match verdict {
                Verdict::Number(format) => NumberCells::of(&spellings, format, form.format),
                Verdict::Boolean => {
                    let values =
                        booleans(&spellings, form).map_err(|level| stray(&spellings, level))?;
                    return column(values, None, NumberFormat::default());
                }
                Verdict::Date(order) => {
                    let dates = DateCells::of(&spellings, order, form);
                    let seconds = dates.map_err(|level| stray(&spellings, level))?.seconds;
                    let values = Values::Date { seconds, order };
                    return column(values, None, NumberFormat::default());
                }
                Verdict::Stray(level) | Verdict::Ambiguous(level) => {
                    return Err(stray(&spellings, level));
                }
                Verdict::Text => {
                    if form.wanted == Wanted::Inferred {
                        Evidence::of(&spellings, form.format).note(form.name, places, notes);
                    }
                    let text = Values::Text(spellings.into_text());
                    return column(text, None, NumberFormat::default());
                }
            },
        };
        if let Some((_, example)) = numbers.example {
            let (column, format) = (form.name.to_owned(), numbers.format);
            notes.push(Note::SeparatedNumbers { column, example, format });
        }
        column(Values::Number(numbers.values), numbers.nan_row, numbers.format)
    }
}

/// Reads the cells as truth values; words for missing ones are missing. The error is a spelling
/// that does not fit.
fn booleans(spellings: &Dictionary, form: &Form<'_>) -> std::result::Result<Values, usize> {
    let mut meaning = Vec::with_capacity(spellings.levels.len());
    let mut seen: [Option<usize>; 2] = [None, None];
    for (level, text) in spellings.levels.iter().enumerate() {
        match (boolean_word(text), form.format.classify(text)) {
            (Some(word), _) => {
                let value = BOOLEAN_WORDS[word].1;
                seen[usize::from(value)].get_or_insert(word);
                meaning.push(Some(value));
            }
            (None, Cell::Missing | Cell::NotANumber) => meaning.push(None),
            (None, _) => return Err(level),
        }
    }
    // The word that does not occur is the opposite of the one that does, in the same case.
    let opposite = |word: usize| {
        let pair = word / BOOLEAN_PAIR * BOOLEAN_PAIR;
        pair + (word - pair + BOOLEAN_PAIR / 2) % BOOLEAN_PAIR
    };
    let no = seen[0].or(seen[1].map(opposite)).unwrap_or(0);
    let yes = seen[1].unwrap_or(opposite(no));
    let values = spellings.codes.iter();
    Ok(Values::Boolean {
        values: values.map(|&code| meaning.get(code as usize).copied().flatten()).collect(),
        spellings: [no, yes].map(|word| BOOLEAN_WORDS[word].0.to_owned()),
    })
}

/// Returns the cell without blanks around it.
pub(super) fn trimmed(field: &str) -> &str {
    let plain = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    let bytes = field.as_bytes();
    if plain(bytes.first()) && plain(bytes.last()) { field } else { field.trim() }
}
