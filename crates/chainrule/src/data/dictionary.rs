//! The spellings of a column's cells, each kept once.

use std::collections::HashMap;
use std::sync::Arc;

use super::table::TextValues;

/// The distinct spellings of a column, in the order of their first appearance, and a code a row.
#[derive(Default)]
pub(super) struct Dictionary {
    pub codes: Vec<u32>,
    pub levels: Vec<Arc<str>>,
    index: HashMap<Arc<str>, u32>,
    /// How many cells are not missing.
    pub values: usize,
    /// How many bytes the spellings have.
    text: usize,
}

/// The code of a missing cell.
const MISSING: u32 = u32::MAX;

impl Dictionary {
    pub(super) fn push(&mut self, text: &str) {
        let code = self.code(text);
        self.codes.push(code);
        self.values += 1;
    }

    fn code(&mut self, text: &str) -> u32 {
        if let Some(&code) = self.index.get(text) {
            return code;
        }
        // Four thousand million distinct texts would not fit into memory.
        let code = self.levels.len() as u32;
        self.text += text.len();
        let text: Arc<str> = text.into();
        self.levels.push(Arc::clone(&text));
        self.index.insert(text, code);
        code
    }

    pub(super) fn push_missing(&mut self) {
        self.codes.push(MISSING);
    }

    /// Puts the cells of the next rows behind these.
    pub(super) fn append(&mut self, next: &Self) {
        let codes: Vec<u32> = next.levels.iter().map(|text| self.code(text)).collect();
        let code = |&code: &u32| codes.get(code as usize).copied().unwrap_or(MISSING);
        self.codes.extend(next.codes.iter().map(code));
        self.values += next.values;
    }

    /// About how many bytes of memory it takes: a spelling stands behind two counts, and is named
    /// in the list and in the index.
    pub(super) fn bytes(&self) -> usize {
        const EACH: usize = 80;
        self.codes.capacity() * size_of::<u32>() + self.text + self.levels.len() * EACH
    }

    pub(super) fn into_text(self) -> TextValues {
        let levels = self.levels.iter().map(|text| text.to_string());
        TextValues::new(self.codes, levels.collect())
    }

    /// Returns the first row of a spelling.
    pub(super) fn first_row(&self, level: usize) -> usize {
        let found = self.codes.iter().position(|&code| code as usize == level);
        found.unwrap_or(0)
    }
}
