//! What the cells of a column show of its kind.

use std::collections::HashMap;

use super::cell::{
    BOOLEAN_PAIR, Cell, NumberFormat, boolean_word, has_leading_zero, is_digits, looks_like_date,
    looks_separated,
};
use super::dictionary::Dictionary;
use super::notes::{Note, visible_form};

/// With more different numbers than this, a column is not one of codes.
const CODES: usize = 20;

/// What a column is taken for.
pub(super) enum Verdict {
    Number,
    Boolean,
    Text,
    /// Numbers, but for this spelling.
    Stray(usize),
}

/// What the cells of a column look like.
pub(super) struct Evidence<'a> {
    spellings: &'a Dictionary,
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
    pub(super) fn verdict(&self) -> Verdict {
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
    pub(super) fn note(&self, name: &str, notes: &mut Vec<Note>) {
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
