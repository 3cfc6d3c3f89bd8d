//! JSON whose fields keep their order. NaN and the infinities, which JSON lacks, are strings.

use std::fmt;

/// A JSON object on one line.
#[derive(Clone, Debug, Default)]
pub struct Object(String);

impl Object {
    /// An object without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text.
    pub fn text(self, name: &str, value: &str) -> Self {
        self.raw(name, &quoted(value))
    }

    /// Adds a number in full precision; `"nan"`, `"inf"` or `"-inf"` if it is none.
    pub fn number(self, name: &str, value: f64) -> Self {
        self.raw(name, &number(value))
    }

    /// Adds a whole number.
    pub fn count(self, name: &str, value: u64) -> Self {
        self.raw(name, &value.to_string())
    }

    /// Adds a list of whole numbers.
    pub fn counts(self, name: &str, values: &[usize]) -> Self {
        let values: Vec<String> = values.iter().map(usize::to_string).collect();
        self.raw(name, &format!("[{}]", values.join(",")))
    }

    /// Adds a truth value.
    pub fn truth(self, name: &str, value: bool) -> Self {
        self.raw(name, if value { "true" } else { "false" })
    }

    /// Adds an object, or null.
    pub fn object(self, name: &str, value: Option<Object>) -> Self {
        match value {
            Some(object) => self.raw(name, &object.to_string()),
            None => self.raw(name, "null"),
        }
    }

    /// Adds a list of objects.
    pub fn objects(self, name: &str, values: impl IntoIterator<Item = Object>) -> Self {
        let values: Vec<String> = values.into_iter().map(|object| object.to_string()).collect();
        self.raw(name, &format!("[{}]", values.join(",")))
    }

    /// Adds what is JSON already.
    pub fn json(self, name: &str, value: &str) -> Self {
        self.raw(name, value)
    }

    /// Adds a list of texts.
    pub fn texts<S: AsRef<str>>(self, name: &str, values: &[S]) -> Self {
        let values: Vec<String> = values.iter().map(|text| quoted(text.as_ref())).collect();
        self.raw(name, &format!("[{}]", values.join(",")))
    }

    /// Adds a list of lists of numbers, each as [`Self::number`] has it.
    pub fn lists(
        self,
        name: &str,
        lists: impl IntoIterator<Item = impl IntoIterator<Item = f64>>,
    ) -> Self {
        let list = |numbers: Vec<String>| format!("[{}]", numbers.join(","));
        let lists =
            lists.into_iter().map(|numbers| list(numbers.into_iter().map(number).collect()));
        self.raw(name, &list(lists.collect()))
    }

    /// Adds every pair as a number.
    pub fn numbers<'a, S: AsRef<str> + 'a>(
        self,
        pairs: impl IntoIterator<Item = &'a (S, f64)>,
    ) -> Self {
        pairs.into_iter().fold(self, |object, (name, value)| object.number(name.as_ref(), *value))
    }

    fn raw(mut self, name: &str, value: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(&quoted(name));
        self.0.push(':');
        self.0.push_str(value);
        self
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}}", self.0)
    }
}

/// A number, or the word for what is none.
fn number(value: f64) -> String {
    match value {
        value if value.is_nan() => quoted("nan"),
        f64::INFINITY => quoted("inf"),
        f64::NEG_INFINITY => quoted("-inf"),
        value => serde_json::Value::from(value).to_string(),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ser_json_1_numbers_that_json_lacks_are_strings() {
        let history = Object::new()
            .number("a", 0.5)
            .number("b", f64::NAN)
            .number("c", f64::INFINITY)
            .number("d", f64::NEG_INFINITY)
            .number("e", 0.1 + 0.2)
            .number("f", 1e-300);
        let text = history.to_string();
        assert_eq!(
            text,
            r#"{"a":0.5,"b":"nan","c":"inf","d":"-inf","e":0.30000000000000004,"f":1e-300}"#
        );
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }

    #[test]
    fn fields_keep_their_order_and_texts_are_escaped() {
        let inner = Object::new().count("rows", 3).truth("best", true);
        let object = Object::new()
            .text("z", "\"한\"\n\u{1b}")
            .object("inner", Some(inner))
            .object("none", None)
            .texts("list", &["a", "b"])
            .objects("objects", [Object::new(), Object::new().count("n", 1)]);
        assert_eq!(
            object.to_string(),
            r#"{"z":"\"한\"\n\u001b","inner":{"rows":3,"best":true},"none":null,"list":["a","b"],"objects":[{},{"n":1}]}"#
        );
    }
}
