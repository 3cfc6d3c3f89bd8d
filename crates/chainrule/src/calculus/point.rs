//! Where a function is looked at: a value for each variable.

use chainrule_core::op::Precision;
use chainrule_core::oracle::evaluate;
use chainrule_core::text::{Scope, parse};

use crate::error::{ErrorKind, Result};
use crate::formula;

/// A value for each of some variables, and the precision that is computed in.
///
/// ```
/// use chainrule::calculus::Point;
/// let point = Point::parse(&["x=3, a=pi/2"]).unwrap();
/// assert_eq!(point.value("x"), Some(3.0));
/// assert_eq!(point.to_string(), "x = 3, a = 1.5707963267948966");
/// assert!(Point::parse(&["x=3, x=4"]).is_err());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    values: Vec<(String, f64)>,
    precision: Precision,
}

impl Point {
    /// A point in double precision.
    pub fn new(values: &[(&str, f64)]) -> Self {
        let values = values.iter().map(|&(name, value)| (name.to_owned(), value)).collect();
        Self { values, precision: Precision::F64 }
    }

    /// Reads names with values: `x=3, a=-1/2`. A value is a formula without variables.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidSetting`] for what is no name with a finite value, or names one twice;
    /// the place in a value that cannot be read.
    pub fn parse(texts: &[impl AsRef<str>]) -> Result<Self> {
        let mut values: Vec<(String, f64)> = Vec::new();
        for part in texts.iter().flat_map(|text| parts(text.as_ref())) {
            let Some((name, text)) = part.split_once('=') else {
                return Err(refused(part, "a name and its value, as in x=3"));
            };
            let name = name.trim();
            let name = name.strip_prefix('`').and_then(|n| n.strip_suffix('`')).unwrap_or(name);
            if name.is_empty() {
                return Err(refused(part, "a name and its value, as in x=3"));
            }
            if values.iter().any(|(other, _)| other == name) {
                return Err(refused(part, &format!("one value for {name}, which has one already")));
            }
            let value = number(text.trim())?;
            if !value.is_finite() {
                return Err(refused(part, "a finite value"));
            }
            values.push((name.to_owned(), value));
        }
        Ok(Self { values, precision: Precision::F64 })
    }

    /// The point in a precision: in single precision every value is the nearest `f32`.
    #[must_use]
    pub fn in_precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        for (_, value) in &mut self.values {
            *value = rounded(*value, precision);
        }
        self
    }

    /// The precision that values at the point are computed in.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The names, in the order in which they were given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|(name, _)| name.as_str())
    }

    /// The value of a name, if it has one.
    pub fn value(&self, name: &str) -> Option<f64> {
        self.values.iter().find(|(other, _)| other == name).map(|&(_, value)| value)
    }

    /// The same point but for one value.
    pub(super) fn with(&self, name: &str, value: f64) -> Self {
        let mut moved = self.clone();
        for (other, old) in &mut moved.values {
            if other == name {
                *old = value;
            }
        }
        moved
    }
}

impl std::fmt::Display for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, (name, value)) in self.values.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            write!(f, "{comma}{name} = {}", Written(*value, self.precision))?;
        }
        Ok(())
    }
}

/// A number in as many digits as its precision needs.
pub(super) struct Written(pub(super) f64, pub(super) Precision);

impl std::fmt::Display for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(value, precision) = *self;
        let text = match precision {
            Precision::F64 => format!("{value:?}"),
            Precision::F32 => format!("{:?}", value as f32),
        };
        f.write_str(text.strip_suffix(".0").unwrap_or(&text))
    }
}

/// The nearest number of a precision.
pub(super) fn rounded(value: f64, precision: Precision) -> f64 {
    match precision {
        Precision::F64 => value,
        Precision::F32 => f64::from(value as f32),
    }
}

/// The parts of a list between its commas, those within parentheses and names left alone.
fn parts(text: &str) -> Vec<&str> {
    let (mut depth, mut quoted, mut start) = (0i32, false, 0);
    let mut parts = Vec::new();
    for (place, letter) in text.char_indices() {
        match letter {
            '`' => quoted = !quoted,
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 && !quoted => {
                parts.push(&text[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// The value of a formula without variables.
fn number(text: &str) -> Result<f64> {
    let scope: Scope = formula::scope();
    let value = parse(text, &scope)?;
    let found = evaluate(std::slice::from_ref(&value), &[])?;
    match found[0][..] {
        [value] => Ok(value),
        _ => Err(refused(text, "one number")),
    }
}

fn refused(value: &str, expected: &str) -> crate::Error {
    let (value, expected) = (value.trim().to_owned(), expected.to_owned());
    ErrorKind::InvalidSetting { option: "--at", value, expected }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_formulas_of_numbers() {
        let point = Point::parse(&["x = 1e-3,a=max(1, 2)", "가격=-1/4,`a b`=log(e)"]).unwrap();
        let found: Vec<_> = point.names().map(|name| (name, point.value(name).unwrap())).collect();
        assert_eq!(found, [("x", 1e-3), ("a", 2.0), ("가격", -0.25), ("a b", 1.0)]);
        assert_eq!(point.value("y"), None);
    }

    #[test]
    fn single_precision_rounds_the_values() {
        let point = Point::new(&[("x", 0.1)]).in_precision(Precision::F32);
        assert_eq!(point.value("x"), Some(f64::from(0.1f32)));
        assert_eq!(point.to_string(), "x = 0.1");
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for wrong in ["", "x", "x=", "=3", "x=3,", "x=3,x=3", "x=1/0", "x=log(-1)", "x=y", "x=3)"] {
            assert!(Point::parse(&[wrong]).is_err(), "{wrong}");
        }
    }
}
