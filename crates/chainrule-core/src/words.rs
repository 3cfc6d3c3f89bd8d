//! Words for people: every sentence of a table in English and in Korean.

/// A sentence in the languages that people are spoken to.
///
/// ```
/// use chainrule_core::words::{Language, Words};
/// const ABOUT: Words = Words::new("The square.", "제곱.");
/// assert_eq!(ABOUT.of(Language::Korean), "제곱.");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// In English.
    pub english: &'static str,
    /// In Korean.
    pub korean: &'static str,
}

/// A language that people are spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Korean.
    Korean,
}

impl Words {
    /// A sentence in both.
    pub const fn new(english: &'static str, korean: &'static str) -> Self {
        Self { english, korean }
    }

    /// The sentence in a language.
    pub const fn of(&self, language: Language) -> &'static str {
        match language {
            Language::English => self.english,
            Language::Korean => self.korean,
        }
    }
}
