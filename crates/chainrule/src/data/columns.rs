//! Collects one column's cells while a file is read, and decides what kind they are.

use std::collections::HashMap;
use std::rc::Rc;

use super::cell::{
    BOOLEAN_PAIR, BOOLEAN_WORDS, Cell, NumberFormat, boolean_word, has_leading_zero, is_digits,
    looks_like_date, looks_separated,
};
use super::notes::{Note, visible_form};
use super::schema::Kind;
use super::table::{Column, TextValues, Values};
use crate::error::{Error, ErrorKind, Result};

/// After this many values, all of them numbers, a column is one of numbers.
const DECIDED: usize = 10_000;
/// With more different numbers than this, a column is not one of codes.
const CODES: usize = 20;

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

/// Where a table comes from, for errors.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub file: &'a str,
    /// The line on which each row so far begins.
    pub lines: &'a [u32],
}

impl Place<'_> {
    fn line(self, row: usize) -> u64 {
        self.lines.get(row).copied().map_or(0, u64::from)
    }
}

/// A column being read.
pub(super) struct ColumnReader<'a> {
    name: &'a str,
    wanted: Wanted,
    format: NumberFormat,
    /// Words that are missing values in every kind of column.
    missing: &'a [String],
    cells: Cells,
    nan_row: Option<usize>,
    /// The first cell that looked like a code after the column had been taken for numbers.
    leading_zero: Option<(usize, String)>,
}

enum Cells {
    Numbers(Vec<f64>),
    Spellings(Dictionary),
    Dropped,
}

impl<'a> ColumnReader<'a> {
    pub(super) fn new(
        name: &'a str,
        wanted: Wanted,
        format: NumberFormat,
        missing: &'a [String],
    ) -> Self {
        let cells = match wanted {
            Wanted::Number | Wanted::Trained(Kind::Number) => Cells::Numbers(Vec::new()),
            Wanted::Nothing => Cells::Dropped,
            _ => Cells::Spellings(Dictionary::default()),
        };
        Self { name, wanted, format, missing, cells, nan_row: None, leading_zero: None }
    }

    /// Takes the next row's field; its line is the last of `place`.
    pub(super) fn push(&mut self, field: &str, place: Place<'_>) -> Result<()> {
        let text = trimmed(field);
        let missing = text.is_empty() || self.missing.iter().any(|word| word == text);
        match &mut self.cells {
            Cells::Dropped => {}
            Cells::Numbers(values) if missing => values.push(f64::NAN),
            Cells::Numbers(values) => match self.format.classify(text) {
                Cell::Number(value) => {
                    if self.leading_zero.is_none()
                        && self.wanted == Wanted::Inferred
                        && has_leading_zero(text)
                    {
                        self.leading_zero = Some((values.len(), text.to_owned()));
                    }
                    values.push(value);
                }
                Cell::NotANumber => {
                    self.nan_row.get_or_insert(values.len());
                    values.push(f64::NAN);
                }
                Cell::Missing => values.push(f64::NAN),
                Cell::Word => {
                    let row = values.len();
                    return Err(self.misfit(text, row, place));
                }
            },
            Cells::Spellings(spellings) if missing => spellings.push_missing(),
            Cells::Spellings(spellings) => {
                spellings.push(text);
                if spellings.values == DECIDED && self.wanted == Wanted::Inferred {
                    self.decide_early(place)?;
                }
            }
        }
        Ok(())
    }

    /// Turns a column that has shown nothing but numbers so far into one of numbers.
    fn decide_early(&mut self, place: Place<'_>) -> Result<()> {
        if let Cells::Spellings(spellings) = &self.cells {
            match Evidence::of(spellings, self.format).verdict() {
                Verdict::Number => {
                    let (values, nan_row) = numbers(spellings, self.format);
                    self.nan_row = nan_row;
                    self.cells = Cells::Numbers(values);
                }
                Verdict::Stray(level) => {
                    let row = spellings.first_row(level);
                    return Err(self.misfit(&spellings.levels[level], row, place));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Returns the error for a cell that does not fit the column's kind.
    fn misfit(&self, text: &str, row: usize, place: Place<'_>) -> Error {
        let (file, line) = (place.file.to_owned(), place.line(row));
        let (column, value) = (self.name.to_owned(), text.to_owned());
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

    /// Ends the column; `None` if it was not to be kept.
    pub(super) fn finish(
        mut self,
        place: Place<'_>,
        notes: &mut Vec<Note>,
    ) -> Result<Option<Column>> {
        let values = match std::mem::replace(&mut self.cells, Cells::Dropped) {
            Cells::Dropped => return Ok(None),
            Cells::Numbers(values) => {
                if let Some((row, value)) = self.leading_zero.take() {
                    notes.push(Note::LeadingZeroRead {
                        column: self.name.to_owned(),
                        line: place.line(row),
                        value,
                    });
                }
                Values::Number(values)
            }
            Cells::Spellings(spellings) => match self.wanted {
                Wanted::Inferred => self.infer(spellings, place, notes)?,
                Wanted::Trained(Kind::Boolean) => self.booleans(&spellings, place)?,
                _ => Values::Text(spellings.into_text()),
            },
        };
        Ok(Some(Column::read(self.name.to_owned(), values, self.nan_row)))
    }

    /// Decides from all cells what the column holds.
    fn infer(
        &mut self,
        spellings: Dictionary,
        place: Place<'_>,
        notes: &mut Vec<Note>,
    ) -> Result<Values> {
        let evidence = Evidence::of(&spellings, self.format);
        match evidence.verdict() {
            Verdict::Number => {
                let (values, nan_row) = numbers(&spellings, self.format);
                self.nan_row = nan_row;
                Ok(Values::Number(values))
            }
            Verdict::Boolean => self.booleans(&spellings, place),
            Verdict::Stray(level) => {
                let row = spellings.first_row(level);
                Err(self.misfit(&spellings.levels[level], row, place))
            }
            Verdict::Text => {
                evidence.note(self.name, notes);
                Ok(Values::Text(spellings.into_text()))
            }
        }
    }

    /// Reads the cells as truth values; words for missing ones are missing.
    fn booleans(&self, spellings: &Dictionary, place: Place<'_>) -> Result<Values> {
        let mut meaning = Vec::with_capacity(spellings.levels.len());
        let mut seen: [Option<usize>; 2] = [None, None];
        for (level, text) in spellings.levels.iter().enumerate() {
            match (boolean_word(text), self.format.classify(text)) {
                (Some(word), _) => {
                    let value = BOOLEAN_WORDS[word].1;
                    seen[usize::from(value)].get_or_insert(word);
                    meaning.push(Some(value));
                }
                (None, Cell::Missing | Cell::NotANumber) => meaning.push(None),
                (None, _) => {
                    return Err(self.misfit(text, spellings.first_row(level), place));
                }
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
}

/// Returns the cell without blanks around it.
fn trimmed(field: &str) -> &str {
    let plain = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    let bytes = field.as_bytes();
    if plain(bytes.first()) && plain(bytes.last()) { field } else { field.trim() }
}

/// Reads the cells of a dictionary as numbers, and finds the first that is spelled NaN.
fn numbers(spellings: &Dictionary, format: NumberFormat) -> (Vec<f64>, Option<usize>) {
    let mut nan_row = None;
    let mut meaning = Vec::with_capacity(spellings.levels.len());
    for (level, text) in spellings.levels.iter().enumerate() {
        let cell = format.classify(text);
        if cell == Cell::NotANumber {
            let row = spellings.first_row(level);
            nan_row = Some(nan_row.map_or(row, |first: usize| first.min(row)));
        }
        meaning.push(match cell {
            Cell::Number(value) => value,
            _ => f64::NAN,
        });
    }
    let values = spellings.codes.iter();
    let values = values.map(|&code| meaning.get(code as usize).copied().unwrap_or(f64::NAN));
    (values.collect(), nan_row)
}

/// The distinct spellings of a column, in the order of their first appearance, and a code a row.
#[derive(Default)]
pub(super) struct Dictionary {
    codes: Vec<u32>,
    levels: Vec<Rc<str>>,
    index: HashMap<Rc<str>, u32>,
    /// How many cells are not missing.
    values: usize,
}

const MISSING: u32 = u32::MAX;

impl Dictionary {
    pub(super) fn push(&mut self, text: &str) {
        let code = match self.index.get(text) {
            Some(&code) => code,
            None => {
                // Four thousand million distinct texts would not fit into memory.
                let code = self.levels.len() as u32;
                let text: Rc<str> = text.into();
                self.levels.push(Rc::clone(&text));
                self.index.insert(text, code);
                code
            }
        };
        self.codes.push(code);
        self.values += 1;
    }

    pub(super) fn push_missing(&mut self) {
        self.codes.push(MISSING);
    }

    pub(super) fn into_text(self) -> TextValues {
        let levels = self.levels.iter().map(|text| text.to_string());
        TextValues::new(self.codes, levels.collect())
    }

    fn first_row(&self, level: usize) -> usize {
        let found = self.codes.iter().position(|&code| code as usize == level);
        found.unwrap_or(0)
    }
}

enum Verdict {
    Number,
    Boolean,
    Text,
    /// Numbers, but for this spelling.
    Stray(usize),
}

/// What the cells of a column look like.
struct Evidence<'a> {
    spellings: &'a Dictionary,
    /// What each spelling is, and in how many cells it stands.
    levels: Vec<(Cell, usize)>,
}

impl<'a> Evidence<'a> {
    fn of(spellings: &'a Dictionary, format: NumberFormat) -> Self {
        let classified = spellings.levels.iter().map(|text| (format.classify(text), 0));
        let mut levels: Vec<(Cell, usize)> = classified.collect();
        for &code in &spellings.codes {
            if let Some((_, count)) = levels.get_mut(code as usize) {
                *count += 1;
            }
        }
        Self { spellings, levels }
    }

    /// Returns the spellings that are words, with the number of their cells.
    fn words(&self) -> impl Iterator<Item = (usize, &str, usize)> {
        let levels = self.levels.iter().zip(&self.spellings.levels).enumerate();
        levels.filter_map(|(level, (&(cell, count), text))| {
            (cell == Cell::Word).then_some((level, &**text, count))
        })
    }

    /// Returns the spellings that are numbers, with the number of their cells.
    fn numbers(&self) -> impl Iterator<Item = (&str, usize)> {
        let levels = self.levels.iter().zip(&self.spellings.levels);
        levels.filter_map(|(&(cell, count), text)| {
            matches!(cell, Cell::Number(_)).then_some((&**text, count))
        })
    }

    /// Tells whether the numbers are codes: whole, and some with zeros in front, as postal codes.
    fn are_codes(&self) -> bool {
        self.numbers().all(|(text, _)| is_digits(text))
            && self.numbers().any(|(text, _)| has_leading_zero(text))
    }

    /// Decides the kind.
    ///
    /// Numbers if there are no words. With words among them, it is a column of numbers with an
    /// error if there are at least three numbers and a single word or words in at most 1 % of the
    /// cells, or if one word alone stands among more than 20 different numbers and less often
    /// than they: a marker for a missing value that was not announced. All words like numbers with
    /// separators: an error too. Else text.
    fn verdict(&self) -> Verdict {
        let word_cells: usize = self.words().map(|(_, _, count)| count).sum();
        let number_cells: usize = self.numbers().map(|(_, count)| count).sum();
        let Some((first_word, ..)) = self.words().next() else {
            return if self.are_codes() { Verdict::Text } else { Verdict::Number };
        };
        let pair = |text| boolean_word(text).map(|word| word / BOOLEAN_PAIR);
        let first_pair = self.words().next().and_then(|(_, text, _)| pair(text));
        let boolean =
            first_pair.is_some() && self.words().all(|(_, text, _)| pair(text) == first_pair);
        if boolean && number_cells == 0 {
            return Verdict::Boolean;
        }
        if self.are_codes() {
            return Verdict::Text;
        }
        let few = number_cells >= 3 && word_cells <= ((number_cells + word_cells) / 100).max(1);
        let one_marker = self.words().count() == 1
            && word_cells < number_cells
            && self.numbers().count() > CODES;
        if few || one_marker || self.words().all(|(_, text, _)| looks_separated(text)) {
            Verdict::Stray(first_word)
        } else {
            Verdict::Text
        }
    }

    /// Says what a user should know about a column that is taken as text.
    fn note(&self, name: &str, notes: &mut Vec<Note>) {
        let column = || name.to_owned();
        let first = |fits: fn(&str) -> bool| {
            let fitting = self.spellings.levels.iter().find(|text| fits(text));
            fitting.map_or_else(String::new, |text| text.to_string())
        };
        if self.are_codes() {
            notes.push(Note::CodesAsText { column: column(), example: first(has_leading_zero) });
        } else if self.spellings.levels.iter().all(|text| looks_like_date(text)) {
            notes.push(Note::DatesAsText { column: column(), example: first(looks_like_date) });
        } else if self.levels.len() > CODES && self.levels.len() * 10 > self.spellings.values * 9 {
            notes.push(Note::ManyCategories {
                column: column(),
                categories: self.levels.len(),
                cells: self.spellings.values,
            });
        }
        for (&(cell, cells), text) in self.levels.iter().zip(&self.spellings.levels) {
            if matches!(cell, Cell::Missing | Cell::NotANumber) {
                notes.push(Note::WordAsCategory {
                    column: column(),
                    word: text.to_string(),
                    cells,
                });
            }
        }
        let mut seen: HashMap<String, &str> = HashMap::new();
        for text in &self.spellings.levels {
            if !text.is_ascii()
                && let Some(other) = seen.insert(visible_form(text), text)
            {
                notes.push(Note::LookAlike {
                    column: column(),
                    first: other.to_owned(),
                    second: text.to_string(),
                });
            }
        }
    }
}
