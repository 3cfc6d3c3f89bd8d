//! What the cells of a column show of its kind.

use std::collections::HashMap;

use super::calendar::{DateOrder, Order, odd};
use super::cell::{
    BOOLEAN_PAIR, Cell, NumberFormat, boolean_word, has_leading_zero, is_digits, looks_like_date,
    looks_separated,
};
use super::dictionary::Dictionary;
use super::notes::{Note, visible_form};
use super::places::Places;

/// With more different numbers than this, a column is not one of codes.
const CODES: usize = 20;

/// What a column is taken for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Verdict {
    /// Numbers, written so.
    Number(NumberFormat),
    Boolean,
    /// Dates, written in this order.
    Date(DateOrder),
    Text,
    /// Numbers, but for this spelling.
    Stray(usize),
    /// Numbers of a format that the column does not show, such as in this spelling.
    Ambiguous(usize),
}

/// Tells whether words among numbers are errors in a column of numbers.
///
/// So it is if there are at least three numbers and a single word or words in at most 1 % of the
/// cells, or if one word alone stands among more than 20 different numbers and less often than
/// they: a marker for a missing value that was not announced.
pub(super) fn are_stray(
    word_cells: usize,
    alike: bool,
    number_cells: usize,
    numbers: impl Iterator<Item = f64>,
) -> bool {
    let few = number_cells >= 3 && word_cells <= ((number_cells + word_cells) / 100).max(1);
    few || (alike && word_cells < number_cells && are_many(numbers))
}

/// Tells whether there are more than [`CODES`] different numbers.
fn are_many(numbers: impl Iterator<Item = f64>) -> bool {
    let mut different: Vec<u64> = Vec::with_capacity(CODES + 1);
    for number in numbers.filter(|number| !number.is_nan()) {
        if !different.contains(&number.to_bits()) {
            different.push(number.to_bits());
        }
        if different.len() > CODES {
            return true;
        }
    }
    false
}

/// What the cells of a column look like.
pub(super) struct Evidence<'a> {
    spellings: &'a Dictionary,
    format: NumberFormat,
    /// What each spelling is, and in how many cells it stands.
    levels: Vec<(Cell, usize)>,
}

impl<'a> Evidence<'a> {
    pub(super) fn of(spellings: &'a Dictionary, format: NumberFormat) -> Self {
        let classified = spellings.levels.iter().map(|text| (format.classify(text), 0));
        let mut levels: Vec<(Cell, usize)> = classified.collect();
        for &code in &spellings.codes {
            if let Some((_, count)) = levels.get_mut(code as usize) {
                *count += 1;
            }
        }
        Self { spellings, format, levels }
    }

    /// Returns the spellings that are words, with the number of their cells.
    fn words(&self) -> impl Iterator<Item = (usize, &str, usize)> + Clone {
        let levels = self.levels.iter().zip(&self.spellings.levels).enumerate();
        levels.filter_map(|(level, (&(cell, count), text))| {
            (cell == Cell::Word).then_some((level, &**text, count))
        })
    }

    /// Returns the spellings that are numbers, with the number of their cells.
    fn numbers(&self) -> impl Iterator<Item = (&str, usize)> + Clone {
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

    /// Returns in which order the words are dates.
    pub(super) fn date_order(&self) -> Order {
        Order::of(self.words().map(|(_, text, _)| text))
    }

    /// Decides the kind.
    ///
    /// Numbers if there are no words, or if all words are numbers with separators or a percent
    /// sign, and one format reads all cells: one of those `among`, if some are given. With words
    /// that [`are_stray`] it is a column of numbers with an error; with words that are numbers in
    /// different formats as well. Else text.
    pub(super) fn verdict(&self, among: Option<&[NumberFormat]>) -> Verdict {
        let word_cells: usize = self.words().map(|(_, _, count)| count).sum();
        let number_cells: usize = self.numbers().map(|(_, count)| count).sum();
        let Some((first_word, first_text, _)) = self.words().next() else {
            return match self.are_codes() {
                true => Verdict::Text,
                false => Verdict::Number(self.format),
            };
        };
        let pair = |text| boolean_word(text).map(|word| word / BOOLEAN_PAIR);
        let first_pair = pair(first_text);
        let boolean =
            first_pair.is_some() && self.words().all(|(_, text, _)| pair(text) == first_pair);
        if boolean && number_cells == 0 {
            return Verdict::Boolean;
        }
        if number_cells == 0
            && let Order::One(order) = self.date_order()
        {
            return Verdict::Date(order);
        }
        if self.are_codes() {
            return Verdict::Text;
        }
        let separated = self.words().all(|(_, text, _)| looks_separated(text));
        // A format that was asked for is not doubted.
        if separated && self.format.is_plain() {
            let words = self.words().map(|(_, text, _)| text);
            let cells = words.chain(self.numbers().map(|(text, _)| text));
            match NumberFormat::of_cells(cells, among) {
                Some(Some(format)) => return Verdict::Number(format),
                Some(None) => return Verdict::Ambiguous(first_word),
                None => {}
            }
        }
        let alike = self.words().count() == 1;
        let values = self.levels.iter().map(|(cell, _)| match cell {
            Cell::Number(value) => *value,
            _ => f64::NAN,
        });
        match separated || are_stray(word_cells, alike, number_cells, values) {
            true => Verdict::Stray(first_word),
            false => Verdict::Text,
        }
    }

    /// Says what a user should know about a column that is taken as text.
    pub(super) fn note(&self, name: &str, places: &Places, notes: &mut Vec<Note>) {
        let column = || name.to_owned();
        let first = |fits: fn(&str) -> bool| {
            let fitting = self.spellings.levels.iter().find(|text| fits(text));
            fitting.map_or_else(String::new, |text| text.to_string())
        };
        let words: usize = self.words().map(|(_, _, count)| count).sum();
        let numbers: usize = self.numbers().map(|(_, count)| count).sum();
        if self.are_codes() {
            notes.push(Note::CodesAsText { column: column(), example: first(has_leading_zero) });
        } else if self.date_order() == Order::Either {
            notes.push(Note::AmbiguousDates { column: column(), example: first(looks_like_date) });
        } else if let Some(odd) = odd(self.words().map(|(_, text, _)| text)) {
            notes.push(Note::DatesAsText { column: column(), example: odd.to_owned() });
        } else if let Some((level, word, _)) = self.words().next().filter(|_| numbers > words) {
            let (file, line) = places.of(self.spellings.first_row(level));
            notes.push(Note::NumbersAsText {
                column: column(),
                cells: numbers,
                word: word.to_owned(),
                file: file.to_owned(),
                line,
            });
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
