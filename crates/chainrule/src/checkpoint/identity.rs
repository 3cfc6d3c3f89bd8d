//! What run a checkpoint is of: its data and its settings, and in what two runs differ.

use std::fmt;

use serde::{Deserialize, Serialize};
use twox_hash::xxhash3_128::Hasher;

use super::tensor::push;
use crate::engine::{Number, RowSource, Selection};

/// What decides every bit of a run. Two runs of one identity give the same bits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The version of chainrule that began it; another one may go on.
    pub version: String,
    /// The version of the numbers: [`NUMERICS`](super::NUMERICS).
    pub numerics: u32,
    /// The fingerprint of the rows as the network sees them, with their parts: 32 hexadecimal
    /// digits.
    pub data: String,
    /// Every setting with its name, in a fixed order.
    pub settings: Vec<(String, String)>,
}

/// Something in which two runs differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is.
    pub name: String,
    /// What it was when the checkpoint was written.
    pub then: String,
    /// What it is now.
    pub now: String,
}

/// A value that is longer says no more than that it differs.
const SHOWN: usize = 60;

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, then, now } = self;
        if name == DATA {
            return f.write_str("the rows, or how they are encoded or divided, are others");
        }
        match then.chars().count().max(now.chars().count()) > SHOWN {
            true => write!(f, "{name} is another"),
            false => write!(f, "{name} was {then} and is {now}"),
        }
    }
}

/// The name of the difference of the data.
const DATA: &str = "data";

impl Identity {
    /// In what another run differs from this one; the version is no difference.
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut compare = |name: &str, then: Option<&str>, now: Option<&str>| {
            if then != now {
                let text = |value: Option<&str>| value.unwrap_or("not set").to_owned();
                found.push(Difference { name: name.to_owned(), then: text(then), now: text(now) });
            }
        };
        let numerics = [self, other].map(|run| run.numerics.to_string());
        compare("the version of the numbers", Some(&numerics[0]), Some(&numerics[1]));
        for (name, value) in &self.settings {
            compare(name, Some(value), other.setting(name));
        }
        for (name, value) in &other.settings {
            if self.setting(name).is_none() {
                compare(name, None, Some(value));
            }
        }
        compare(DATA, Some(&self.data), Some(&other.data));
        found
    }

    /// The value of a setting.
    pub fn setting(&self, name: &str) -> Option<&str> {
        let found = self.settings.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The XXH3 of what is shown to it.
#[derive(Default)]
pub(crate) struct Fingerprint(Hasher);

/// Rows that are gathered at a time.
const ROWS: usize = 4096;

impl Fingerprint {
    /// Adds a text, whose length stands before it.
    pub fn text(&mut self, text: &str) {
        self.0.write(&(text.len() as u64).to_le_bytes());
        self.0.write(text.as_bytes());
    }

    /// Adds numbers, whose count stands before them.
    pub fn numbers<T: Number>(&mut self, values: &[T]) {
        self.0.write(&(values.len() as u64).to_le_bytes());
        let mut bytes = Vec::new();
        push(values, &mut bytes);
        self.0.write(&bytes);
    }

    /// Adds what some rows have in each group, in the precision that they are trained in.
    pub fn rows<T: Number>(&mut self, source: &dyn RowSource, groups: &[&str], rows: &[u32]) {
        self.0.write(&(rows.len() as u64).to_le_bytes());
        for name in groups {
            let Some((group, width)) = source.find(name) else { continue };
            self.text(name);
            let mut values = vec![T::ZERO; width * ROWS.min(rows.len())];
            for rows in rows.chunks(ROWS) {
                let values = &mut values[..width * rows.len()];
                T::gather(source, group, Selection::Rows(rows), values);
                self.numbers(values);
            }
        }
    }

    /// The digits.
    pub fn finish(&self) -> String {
        format!("{:032x}", self.0.finish_128())
    }
}
