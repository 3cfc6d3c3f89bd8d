//! Collects one column's cells while a file is read, and decides what kind they are.

use std::sync::Arc;

use super::cell::{
    BOOLEAN_PAIR, BOOLEAN_WORDS, Cell, NumberFormat, boolean_word, has_leading_zero,
    looks_separated,
};
use super::dictionary::Dictionary;
use super::evidence::{Evidence, Verdict};
use super::notes::Note;
use super::numbers::Numbers;
use super::schema::Kind;
use super::table::{Column, Values};
use crate::error::{Error, ErrorKind, Result};

/// After this many values, all of them numbers, a column is one of numbers.
const DECIDED: usize = 10_000;

/// How a column is to be read.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Wanted {
    /// As what its cells show.
    Inferred,
    /// As text, on request.
    Text,
    /// As numbers, on request.
    Number,
    /// As in training.
    Trained(Kind),
    /// Not at all.
    Nothing,
}

/// What is known of a column before its cells are read.
pub(super) struct Form<'a> {
    /// The file's name in errors.
    pub file: &'a str,
    pub name: &'a str,
    pub wanted: Wanted,
    pub format: NumberFormat,
    /// Words that are missing values in every kind of column.
    pub missing: &'a [String],
}

impl Form<'_> {
    fn is_missing(&self, text: &str) -> bool {
        text.is_empty() || self.missing.iter().any(|word| word == text)
    }

    /// Returns the error for a cell that does not fit the column's kind.
    pub(super) fn misfit(&self, text: &str, line: u64) -> Error {
        let (file, column, value) = (self.file.to_owned(), self.name.to_owned(), text.to_owned());
        let separated = || !matches!(self.wanted, Wanted::Trained(Kind::Boolean));
        match self.wanted {
            _ if separated() && looks_separated(text) => {
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
    values: Numbers,
    nan_row: Option<usize>,
    /// The first cell that looked like a code after the column had been taken for numbers.
    leading_zero: Option<(usize, String)>,
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
        // Nearly every number is a plain decimal, whose digits are soon read.
        let decimal = form.format.decimal(text);
        let cell = match decimal {
            Some(_) => None,
            None => Some(form.format.classify(text)),
        };
        if matches!(cell, None | Some(Cell::Number(_)))
            && self.leading_zero.is_none()
            && form.wanted == Wanted::Inferred
            && has_leading_zero(text)
        {
            self.leading_zero = Some((self.values.len(), text.to_owned()));
        }
        match cell {
            Some(Cell::Word) => return Err(Misfit),
            Some(cell) => self.push_cell(cell),
            None => decimal.into_iter().for_each(|decimal| self.values.push_decimal(decimal)),
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

    /// Puts the cells of the next rows behind these.
    fn append(&mut self, next: Self) {
        let rows = self.values.len();
        self.nan_row = self.nan_row.or(next.nan_row.map(|row| rows + row));
        if self.leading_zero.is_none() {
            self.leading_zero = next.leading_zero.map(|(row, text)| (rows + row, text));
        }
        self.values.append(next.values);
    }

    /// Reads the cells of a dictionary as numbers.
    fn of(spellings: &Dictionary, format: NumberFormat) -> Self {
        let meaning = |text: &Arc<str>| (format.decimal(text), format.classify(text));
        let meaning: Vec<_> = spellings.levels.iter().map(meaning).collect();
        let mut cells = Self::default();
        for &code in &spellings.codes {
            match meaning.get(code as usize) {
                Some(&(Some(decimal), _)) => cells.values.push_decimal(decimal),
                Some(&(None, cell)) => cells.push_cell(cell),
                None => cells.values.push_missing(),
            }
        }
        cells
    }
}

/// The cells of one column of some rows that follow each other, not yet told what they mean.
#[derive(Default)]
pub(super) struct RawCells {
    text: String,
    ends: Vec<usize>,
}

impl RawCells {
    fn push(&mut self, field: &str) {
        self.text.push_str(trimmed(field));
        self.ends.push(self.text.len());
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |&end| &self.text[std::mem::replace(&mut start, end)..end])
    }
}

/// How cells are collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    Dropped,
    Raw,
    Numbers,
    Spellings,
}

/// Cells of a column.
pub(super) enum Cells {
    Dropped,
    Raw(RawCells),
    Numbers(NumberCells),
    Spellings(Dictionary),
}

impl Cells {
    /// No cells, with room for those of so many rows.
    pub(super) fn new(manner: Manner, rows: usize) -> Self {
        match manner {
            Manner::Dropped => Self::Dropped,
            Manner::Raw => Self::Raw(RawCells::default()),
            Manner::Numbers => Self::Numbers(NumberCells {
                values: Numbers::with_capacity(rows),
                ..NumberCells::default()
            }),
            Manner::Spellings => Self::Spellings(Dictionary::default()),
        }
    }

    /// Takes the next row's field.
    pub(super) fn push(&mut self, field: &str, form: &Form<'_>) -> std::result::Result<(), Misfit> {
        match self {
            Self::Dropped => {}
            Self::Raw(raw) => raw.push(field),
            Self::Numbers(numbers) => numbers.push(field, form)?,
            Self::Spellings(spellings) => match trimmed(field) {
                text if form.is_missing(text) => spellings.push_missing(),
                text => spellings.push(text),
            },
        }
        Ok(())
    }
}

/// An error and the row at which it shows.
pub(super) type AtRow = (usize, Error);

/// A column being read, part after part.
pub(super) struct ColumnReader<'a> {
    form: &'a Form<'a>,
    cells: Cells,
}

impl<'a> ColumnReader<'a> {
    pub(super) fn new(form: &'a Form<'a>) -> Self {
        let cells = Cells::new(
            match form.wanted {
                Wanted::Number | Wanted::Trained(Kind::Number) => Manner::Numbers,
                Wanted::Nothing => Manner::Dropped,
                _ => Manner::Spellings,
            },
            0,
        );
        Self { form, cells }
    }

    /// How the cells of the next rows are best collected. Whatever is done, the column ends alike.
    pub(super) fn manner(&self) -> Manner {
        match &self.cells {
            Cells::Dropped => Manner::Dropped,
            Cells::Numbers(_) => Manner::Numbers,
            Cells::Spellings(spellings) if self.is_undecided(spellings) => Manner::Raw,
            Cells::Raw(_) | Cells::Spellings(_) => Manner::Spellings,
        }
    }

    fn is_undecided(&self, spellings: &Dictionary) -> bool {
        self.form.wanted == Wanted::Inferred && spellings.values < DECIDED
    }

    /// Takes the cells of the next rows; `lines` are those on which all rows so far begin.
    pub(super) fn take(
        &mut self,
        cells: Cells,
        lines: &[u32],
        first_row: usize,
    ) -> std::result::Result<(), AtRow> {
        match (&mut self.cells, cells) {
            (Cells::Numbers(numbers), Cells::Numbers(next)) => numbers.append(next),
            (Cells::Spellings(spellings), Cells::Spellings(next)) => spellings.append(&next),
            (_, Cells::Raw(raw)) => {
                for (row, text) in raw.iter().enumerate() {
                    let row = first_row + row;
                    self.push(text, row, lines).map_err(|error| (row, error))?;
                }
            }
            // What is dropped is dropped everywhere, and nothing is known of a column less well
            // when its cells are collected than it was before.
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, text: &str, row: usize, lines: &[u32]) -> Result<()> {
        if self.cells.push(text, self.form).is_err() {
            return Err(self.form.misfit(text, line(lines, row)));
        }
        let Cells::Spellings(spellings) = &self.cells else { return Ok(()) };
        if spellings.values != DECIDED
            || self.form.wanted != Wanted::Inferred
            || self.form.is_missing(text)
        {
            return Ok(());
        }
        // A column that has shown nothing but numbers so far becomes one of numbers.
        match Evidence::of(spellings, self.form.format).verdict() {
            Verdict::Number => {
                self.cells = Cells::Numbers(NumberCells::of(spellings, self.form.format))
            }
            Verdict::Stray(level) => return Err(stray(spellings, level, self.form, lines)),
            Verdict::Boolean | Verdict::Text => {}
        }
        Ok(())
    }

    /// Ends the column; `None` if it was not to be kept.
    pub(super) fn finish(self, lines: &[u32], notes: &mut Vec<Note>) -> Result<Option<Column>> {
        let Self { form, cells } = self;
        let numbers = |cells: NumberCells| (Values::Number(cells.values), cells.nan_row);
        let (values, nan_row) = match cells {
            Cells::Dropped | Cells::Raw(_) => return Ok(None),
            Cells::Numbers(cells) => {
                if let Some((row, value)) = &cells.leading_zero {
                    notes.push(Note::LeadingZeroRead {
                        column: form.name.to_owned(),
                        line: line(lines, *row),
                        value: value.clone(),
                    });
                }
                numbers(cells)
            }
            Cells::Spellings(spellings) => {
                let evidence = || Evidence::of(&spellings, form.format);
                let verdict = match form.wanted {
                    Wanted::Inferred => evidence().verdict(),
                    Wanted::Trained(Kind::Boolean) => Verdict::Boolean,
                    _ => Verdict::Text,
                };
                match verdict {
                    Verdict::Number => numbers(NumberCells::of(&spellings, form.format)),
                    Verdict::Boolean => (booleans(&spellings, form, lines)?, None),
                    Verdict::Stray(level) => return Err(stray(&spellings, level, form, lines)),
                    Verdict::Text => {
                        if form.wanted == Wanted::Inferred {
                            evidence().note(form.name, notes);
                        }
                        (Values::Text(spellings.into_text()), None)
                    }
                }
            }
        };
        Ok(Some(Column::read(form.name.to_owned(), values, nan_row)))
    }
}

/// The error for a spelling that does not fit, where it first occurs.
fn stray(spellings: &Dictionary, level: usize, form: &Form<'_>, lines: &[u32]) -> Error {
    form.misfit(&spellings.levels[level], line(lines, spellings.first_row(level)))
}

/// Reads the cells as truth values; words for missing ones are missing.
fn booleans(spellings: &Dictionary, form: &Form<'_>, lines: &[u32]) -> Result<Values> {
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
            (None, _) => return Err(stray(spellings, level, form, lines)),
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

fn line(lines: &[u32], row: usize) -> u64 {
    lines.get(row).copied().map_or(0, u64::from)
}

/// Returns the cell without blanks around it.
fn trimmed(field: &str) -> &str {
    let plain = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    let bytes = field.as_bytes();
    if plain(bytes.first()) && plain(bytes.last()) { field } else { field.trim() }
}
