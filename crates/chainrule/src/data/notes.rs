//! What a user should know about a table although it is no error.

use std::fmt;

use super::cell::NumberFormat;

/// Something that was decided or found about a table, worth a line of output.
///
/// Printed with `Display`: one sentence, with what to do where something can be done.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs)] // The fields are named after what they hold; the variants are documented.
pub enum Note {
    /// A column of whole numbers with zeros in front was taken as text.
    CodesAsText { column: String, example: String },
    /// The numbers of a column are written with separators or percent signs, and read so.
    SeparatedNumbers { column: String, example: String, format: NumberFormat },
    /// A column that is mostly numbers is taken as text, because of words among them.
    NumbersAsText { column: String, cells: usize, word: String, file: String, line: u64 },
    /// A word that often means "missing" stays a category in a column of text.
    WordAsCategory { column: String, word: String, cells: usize },
    /// A column of dates was taken as text, because of a cell that is none, or not written so.
    DatesAsText { column: String, example: String },
    /// A column of dates was taken as text, since either day or month may be first in each.
    AmbiguousDates { column: String, example: String },
    /// Nearly every row has a category of its own, as in a column of names or numbers of persons.
    ManyCategories { column: String, categories: usize, cells: usize },
    /// Two categories look the same but are written with different characters.
    LookAlike { column: String, first: String, second: String },
    /// A column without a single value is left out.
    EmptyColumn { column: String },
    /// Rows without a target are left out.
    TargetMissing { rows: usize, first_line: u64 },
    /// Cells hold categories that did not occur in training.
    UnseenCategories { column: String, cells: usize, example: String },
    /// The table has no column of weights, so that every row counts alike.
    WeightMissing { column: String },
    /// Columns that the model does not use.
    UnusedColumns { columns: Vec<String> },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CodesAsText { column, example } => write!(
                f,
                "column {column:?} holds codes with zeros in front ({example}) and is taken as \
                 text; --number {column:?} takes it as numbers"
            ),
            Self::SeparatedNumbers { column, example, format } => {
                let value = format.number(example).unwrap_or(f64::NAN);
                write!(
                    f,
                    "column {column:?} is read as numbers: {example:?} is {value}; --text \
                     {column:?} takes it as text"
                )
            }
            Self::NumbersAsText { column, cells, word, file, line } => write!(
                f,
                "column {column:?} holds numbers in {cells} cells, but is taken as text because of \
                 words among them: the first is {word:?}, {file}, line {line}; --number {column:?} \
                 insists on numbers"
            ),
            Self::WordAsCategory { column, word, cells } => write!(
                f,
                "column {column:?} holds {word:?} in {cells} cells, kept as a category; \
                 --missing {word:?} takes it as missing"
            ),
            Self::DatesAsText { column, example } => {
                write!(
                    f,
                    "column {column:?} holds dates, but is taken as text because of {example:?}; \
                     write all as 2024-03-01, or take the word as missing (--missing {example:?})"
                )
            }
            Self::AmbiguousDates { column, example } => write!(
                f,
                "column {column:?} holds dates of which none shows whether the day or the month \
                 comes first ({example}), which are taken as text; write them as 2024-03-01"
            ),
            Self::ManyCategories { column, categories, cells } => write!(
                f,
                "column {column:?} has {categories} categories in {cells} cells; a column that \
                 names each row teaches nothing and is better left out"
            ),
            Self::LookAlike { column, first, second } => write!(
                f,
                "column {column:?}: the categories {first:?} and {second:?} look alike but are \
                 written with different characters, and stay two categories"
            ),
            Self::EmptyColumn { column } => {
                write!(f, "column {column:?} has no values and is left out")
            }
            Self::TargetMissing { rows, first_line } => write!(
                f,
                "{rows} rows without a target are left out (the first on line {first_line})"
            ),
            Self::UnseenCategories { column, cells, example } => write!(
                f,
                "column {column:?}: {cells} cells hold categories that did not occur in training, \
                 such as {example:?}"
            ),
            Self::WeightMissing { column } => write!(
                f,
                "there is no column {column:?}, by which rows were weighted in training: here every \
                 row counts alike"
            ),
            Self::UnusedColumns { columns } => {
                write!(f, "not used by the model: {}", columns.join(", "))
            }
        }
    }
}

/// Returns a form of the text in which texts that look alike are equal.
///
/// Letters with a mark, whether one character or letter and combining mark, become one
/// placeholder, and Hangul letters are joined to syllables. The text itself is never changed.
pub(super) fn visible_form(text: &str) -> String {
    const MARKED: char = '\u{fffd}';
    let mut form: Vec<char> = Vec::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\u{300}'..='\u{36f}' => {
                form.pop();
                form.push(MARKED);
            }
            '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => form.push(MARKED),
            _ => match form.last().and_then(|&last| joined_hangul(last, letter)) {
                Some(syllable) => {
                    form.pop();
                    form.push(syllable);
                }
                None => form.push(letter),
            },
        }
    }
    form.into_iter().collect()
}

/// Joins a leading consonant and a vowel, or an open syllable and a trailing consonant, by the
/// arithmetic of the Unicode standard, section 3.12.
fn joined_hangul(first: char, second: char) -> Option<char> {
    const SYLLABLES: u32 = 0xac00;
    let (first, second) = (first as u32, second as u32);
    let code = match (first, second) {
        (0x1100..=0x1112, 0x1161..=0x1175) => {
            SYLLABLES + ((first - 0x1100) * 21 + (second - 0x1161)) * 28
        }
        (SYLLABLES..=0xd7a3, 0x11a8..=0x11c2) if (first - SYLLABLES).is_multiple_of(28) => {
            first + (second - 0x11a7)
        }
        _ => return None,
    };
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_unicode_1_composed_and_decomposed_look_alike() {
        assert_eq!(visible_form("caf\u{e9}"), visible_form("cafe\u{301}"));
        assert_ne!(visible_form("cafe"), visible_form("cafe\u{301}"));
        // 한 and 각 from their letters, and an open syllable that stays open.
        assert_eq!(visible_form("\u{1112}\u{1161}\u{11ab}"), "한");
        assert_eq!(visible_form("\u{1100}\u{1161}\u{11a8}나"), "각나");
        assert_eq!(visible_form("日本 😀 가나"), "日本 😀 가나");
    }

    #[test]
    fn a_note_is_one_sentence() {
        let note = Note::TargetMissing { rows: 2, first_line: 3 };
        assert_eq!(note.to_string(), "2 rows without a target are left out (the first on line 3)");
    }
}
