//! Categories: a slot each, or a code each for an embedding.

use serde::{Deserialize, Serialize};

use super::flag_name;
use crate::data::cell::MISSING_WORDS;
use crate::data::table::{Column, TextValues, Values};

/// A category: 1 in its slot and 0 in the others. The slots are the levels; then, if `other`, one
/// for all other categories; then, if `missing`, one for the missing value.
///
/// Without the slot `other`, a category that did not occur in training is 0 everywhere. Without the
/// slot `missing`, a missing value takes the slot of a level that is a word for it (`NA`), and if
/// there is none, it is a category that did not occur.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlotEncoding {
    /// The categories of the training part, by code point; of more than 64 the 63 most frequent
    /// ones (ties by code point), and none that occurs in fewer rows than asked for.
    pub levels: Vec<String>,
    /// Whether there were further categories.
    pub other: bool,
    /// Whether a value was missing in the training part.
    pub missing: bool,
}

/// A category as one number, its code, for an embedding. The codes are the places of the levels;
/// then, if `missing`, one for the missing value; then one for every other category, which is no
/// level of the embedding and has a vector of its own there.
///
/// Without the code of `missing`, a missing value takes that of a level that is a word for it
/// (`NA`), and if there is none, it is another category.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CodeEncoding {
    /// The categories of the training part, by code point; of more than 4,096 the most frequent
    /// ones (ties by code point), and none that occurs in fewer rows than asked for.
    pub levels: Vec<String>,
    /// Whether there were further categories.
    pub other: bool,
    /// Whether a value was missing in the training part.
    pub missing: bool,
}

/// Most slots for the categories of a column, unless another bound is asked for.
pub const MOST_LEVELS: usize = 64;

/// Most categories of a column with a code of their own.
pub const MOST_CODES: usize = 4096;

impl SlotEncoding {
    /// One-hot in at most so many slots, with that of all other categories, for those in at least
    /// `fewest` rows.
    pub(super) fn fit(column: &Column, rows: &[usize], most: usize, fewest: usize) -> Self {
        let counts = counts(column, rows);
        let (levels, other) = frequent(counts, most, most.saturating_sub(1), fewest);
        Self { levels, other, missing: any_missing(column, rows) }
    }

    /// How many slots there are.
    pub(super) fn width(&self) -> usize {
        self.levels.len() + usize::from(self.other) + usize::from(self.missing)
    }

    pub(super) fn names(&self, column: &str) -> Vec<String> {
        let slots = self.levels.iter().map(|level| format!("{column}={level}"));
        let other = self.other.then(|| format!("{column} is another"));
        slots.chain(other).chain(flag_name(column, self.missing)).collect()
    }

    /// Returns the slot of a category, or of a missing value (`None`); no slot means 0 everywhere.
    pub fn slot(&self, category: Option<&str>) -> Option<usize> {
        let others = self.other.then_some(self.levels.len());
        match category {
            Some(text) => place(&self.levels, text).or(others),
            None if self.missing => Some(self.levels.len() + usize::from(self.other)),
            None => missing_word(&self.levels).or(others),
        }
    }
}

impl CodeEncoding {
    /// Codes for the categories in at least `fewest` rows.
    pub(super) fn fit(column: &Column, rows: &[usize], fewest: usize) -> Self {
        let (levels, other) = frequent(counts(column, rows), MOST_CODES, MOST_CODES, fewest);
        Self { levels, other, missing: any_missing(column, rows) }
    }

    /// Returns how many codes an embedding has a vector for, besides that of all other categories.
    pub fn codes(&self) -> usize {
        self.levels.len() + usize::from(self.missing)
    }

    /// Returns the code of a category, or of a missing value (`None`), if training had it or one
    /// that shares its code; the others take the code [`codes`](Self::codes).
    pub fn code(&self, category: Option<&str>) -> Option<usize> {
        let others = self.other.then_some(self.codes());
        match category {
            Some(text) => place(&self.levels, text).or(others),
            None if self.missing => Some(self.levels.len()),
            None => missing_word(&self.levels).or(others),
        }
    }
}

/// Where a category stands among levels by code point.
fn place(levels: &[String], text: &str) -> Option<usize> {
    levels.binary_search_by(|level| level.as_str().cmp(text)).ok()
}

/// Where the first word for a missing value stands.
fn missing_word(levels: &[String]) -> Option<usize> {
    MISSING_WORDS.iter().find_map(|word| place(levels, word))
}

fn any_missing(column: &Column, rows: &[usize]) -> bool {
    rows.iter().any(|&row| column.values().is_missing(row))
}

/// The categories of some rows, each with the number of its rows.
fn counts<'a>(column: &'a Column, rows: &[usize]) -> Vec<(usize, &'a String)> {
    let Values::Text(text) = column.values() else { return Vec::new() };
    let mut counts: Vec<(usize, &String)> = text.levels().iter().map(|level| (0, level)).collect();
    for code in rows.iter().filter_map(|&row| text.code(row)) {
        counts[code].0 += 1;
    }
    counts.retain(|(count, _)| *count > 0);
    counts
}

/// How many different categories some rows have.
pub(super) fn categories(text: &TextValues, rows: &[usize]) -> usize {
    let mut seen = vec![false; text.levels().len()];
    for code in rows.iter().filter_map(|&row| text.code(row)) {
        seen[code] = true;
    }
    seen.into_iter().filter(|&seen| seen).count()
}

/// The categories by code point, and whether some were left out: those in fewer rows than `fewest`,
/// and if then more than `most` are left, all but the `kept` most frequent ones (ties by code
/// point).
fn frequent(
    mut counts: Vec<(usize, &String)>,
    most: usize,
    kept: usize,
    fewest: usize,
) -> (Vec<String>, bool) {
    let all = counts.len();
    counts.retain(|(count, _)| *count >= fewest);
    // The slot of those left out is one of them.
    let room = if counts.len() < all { kept } else { most };
    if counts.len() > room {
        counts.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
        counts.truncate(kept);
    }
    let other = counts.len() < all;
    let mut levels: Vec<String> = counts.into_iter().map(|(_, level)| level.clone()).collect();
    levels.sort_unstable();
    (levels, other)
}
