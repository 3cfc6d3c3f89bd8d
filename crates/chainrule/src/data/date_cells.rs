//! The cells of a column of dates.

use super::calendar::{DateOrder, Written};
use super::cell::Cell;
use super::columns::{Form, Misfit, Wanted, trimmed};
use super::dictionary::Dictionary;
use super::numbers::{Decimal, Numbers};

/// The cells of a column that is one of dates, or has shown nothing else so far.
pub(super) struct DateCells {
    pub(super) order: DateOrder,
    pub(super) seconds: Numbers,
    /// Whether a cell was no date in this order, though the column had been taken for one of them.
    pub(super) odd: bool,
}

/// What a cell of a column of dates is.
enum Meaning {
    Date(Decimal),
    Missing,
    Word,
}

impl Meaning {
    fn of(text: &str, order: DateOrder, form: &Form<'_>) -> Self {
        match Written::read(text).and_then(|date| date.seconds(order)) {
            Some(seconds) => Self::Date(seconds),
            None => match form.format.classify(text) {
                Cell::Missing | Cell::NotANumber => Self::Missing,
                Cell::Number(_) | Cell::Word => Self::Word,
            },
        }
    }
}

impl DateCells {
    /// No cells, with room for those of so many rows.
    pub(super) fn new(order: DateOrder, rows: usize) -> Self {
        Self { order, seconds: Numbers::with_capacity(rows), odd: false }
    }

    /// Takes the next row's field.
    pub(super) fn push(&mut self, field: &str, form: &Form<'_>) -> Result<(), Misfit> {
        let text = trimmed(field);
        if form.is_missing(text) {
            self.seconds.push_missing();
            return Ok(());
        }
        match Meaning::of(text, self.order, form) {
            Meaning::Date(seconds) => self.seconds.push_decimal(seconds),
            Meaning::Missing => self.seconds.push_missing(),
            Meaning::Word if form.wanted == Wanted::Inferred => {
                self.odd = true;
                self.seconds.push_missing();
            }
            Meaning::Word => return Err(Misfit),
        }
        Ok(())
    }

    /// Puts the cells of the next rows behind these.
    pub(super) fn append(&mut self, next: Self) {
        self.odd |= next.odd;
        self.seconds.append(next.seconds);
    }

    /// Reads the cells of a dictionary. The error is a spelling that does not fit.
    pub(super) fn of(
        spellings: &Dictionary,
        order: DateOrder,
        form: &Form<'_>,
    ) -> Result<Self, usize> {
        let mut meaning = Vec::with_capacity(spellings.levels.len());
        for (level, text) in spellings.levels.iter().enumerate() {
            meaning.push(match Meaning::of(text, order, form) {
                Meaning::Date(seconds) => Some(seconds),
                Meaning::Missing => None,
                Meaning::Word => return Err(level),
            });
        }
        let mut cells = Self::new(order, spellings.codes.len());
        for &code in &spellings.codes {
            match meaning.get(code as usize).copied().flatten() {
                Some(seconds) => cells.seconds.push_decimal(seconds),
                None => cells.seconds.push_missing(),
            }
        }
        Ok(cells)
    }
}
