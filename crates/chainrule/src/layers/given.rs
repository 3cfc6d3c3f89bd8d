//! The settings of a layer as they stand in a file, read one by one.

use std::sync::Arc;

use serde_json::Value;

use super::{Layer, LayerKind, invalid, made};
use crate::error::{Error, Result, unknown_name};

/// The most layers that stand one in the other.
const DEEPEST: usize = 16;

/// The settings of a layer of some kind; what is wrong with one names it.
#[derive(Debug)]
pub struct Given<'a> {
    kind: &'static LayerKind,
    settings: &'a Value,
    depth: usize,
}

impl<'a> Given<'a> {
    /// The settings of a layer inside `depth` others.
    ///
    /// # Errors
    /// A setting that the kind does not have; too many layers one in the other.
    pub(super) fn new(kind: &'static LayerKind, settings: &'a Value, depth: usize) -> Result<Self> {
        let known = kind.settings.iter().map(|setting| setting.name);
        for (name, _) in settings.as_object().into_iter().flatten() {
            if !known.clone().any(|known| known == name) {
                return Err(unknown_name("layer setting", &short(name), known));
            }
        }
        if depth > DEEPEST {
            let (value, expected) = (depth.to_string(), format!("{DEEPEST} or fewer"));
            return Err(invalid("the number of layers one in the other", value, &expected));
        }
        Ok(Self { kind, settings, depth })
    }

    /// Whether a setting was given.
    pub fn has(&self, name: &str) -> bool {
        !self.settings[name].is_null()
    }

    /// A whole number from 0 on.
    ///
    /// # Errors
    /// [`InvalidSetting`](crate::ErrorKind::InvalidSetting), as all of these.
    pub fn whole(&self, name: &'static str) -> Result<usize> {
        let found = self.settings[name].as_u64().and_then(|value| usize::try_from(value).ok());
        found.ok_or_else(|| self.wrong(name, "a whole number, 0 or more"))
    }

    /// A whole number from 1 on.
    ///
    /// # Errors
    /// See [`whole`](Self::whole).
    pub fn count(&self, name: &'static str) -> Result<usize> {
        let found = self.settings[name].as_u64().and_then(|value| usize::try_from(value).ok());
        let found = found.filter(|&count| count > 0);
        found.ok_or_else(|| self.wrong(name, "a whole number, 1 or more"))
    }

    /// A number.
    ///
    /// # Errors
    /// See [`whole`](Self::whole).
    pub fn number(&self, name: &'static str) -> Result<f64> {
        self.settings[name].as_f64().ok_or_else(|| self.wrong(name, "a number"))
    }

    /// Yes or no.
    ///
    /// # Errors
    /// See [`whole`](Self::whole).
    pub fn truth(&self, name: &'static str) -> Result<bool> {
        self.settings[name].as_bool().ok_or_else(|| self.wrong(name, "true or false"))
    }

    /// A text.
    ///
    /// # Errors
    /// See [`whole`](Self::whole).
    pub fn text(&self, name: &'static str) -> Result<&'a str> {
        self.settings[name].as_str().ok_or_else(|| self.wrong(name, "a text"))
    }

    /// Layers, which stand inside this one.
    ///
    /// # Errors
    /// See [`whole`](Self::whole); what is wrong with one of the layers.
    pub fn layers(&self, name: &'static str) -> Result<Vec<Arc<dyn Layer>>> {
        let expected = "a list of layers with their settings";
        let list = self.settings[name].as_array().ok_or_else(|| self.wrong(name, expected))?;
        let inner = |item: &Value| {
            let kind = item["layer"].as_str().ok_or_else(|| self.wrong(name, expected))?;
            made(kind, &item["settings"], self.depth + 1)
        };
        list.iter().map(inner).collect()
    }

    /// The error of a setting that is missing or wrong.
    fn wrong(&self, name: &'static str, expected: &str) -> Error {
        let value = match &self.settings[name] {
            Value::Null => "missing".to_owned(),
            value => short(&value.to_string()),
        };
        invalid(name, value, &format!("{expected}, in the layer {}", self.kind.name))
    }
}

/// The beginning of a text that a sentence can hold.
fn short(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
