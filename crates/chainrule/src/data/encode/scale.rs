//! How columns of numbers are scaled and filled, as asked for.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result, unknown_name};

/// How a number is scaled. A constant column becomes 0, whatever the scale, but for `none`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// (x − mean)/std.
    #[default]
    Standard,
    /// (x − median)/(interquartile range), which single large values do not move; by the standard
    /// deviation if the middle half of the values is all the same.
    Robust,
    /// To a standard normal distribution, by up to 1,000 quantiles with straight lines between; a
    /// value beyond those of the training part takes the nearest.
    Quantile,
    /// log(1 + x), then (… − mean)/std; for numbers of 0 or more. Of dates it is `Standard`.
    Log,
    /// As it is.
    None,
}

impl Scale {
    /// All scales.
    pub const ALL: [Self; 5] =
        [Self::Standard, Self::Robust, Self::Quantile, Self::Log, Self::None];

    /// Returns the name used on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Robust => "robust",
            Self::Quantile => "quantile",
            Self::Log => "log",
            Self::None => "none",
        }
    }
}

impl FromStr for Scale {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|scale| scale.name() == name);
        found.ok_or_else(|| unknown_name("scale", name, Self::ALL.map(Self::name).into_iter()))
    }
}

/// The scale of all columns, and those of some.
///
/// ```
/// use chainrule::data::{Scale, Scales};
/// let scales: Scales = "robust, income=log".parse().unwrap();
/// assert_eq!(scales.of("age"), Scale::Robust);
/// assert_eq!(scales.of("income"), Scale::Log);
/// assert_eq!(Scales::default().of("age"), Scale::Standard);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scales {
    /// The scale of columns that are not named.
    pub all: Scale,
    /// Columns with a scale of their own.
    pub named: Vec<(String, Scale)>,
}

impl Scales {
    /// Returns the scale of a column.
    pub fn of(&self, column: &str) -> Scale {
        let named = self.named.iter().find(|(name, _)| name == column);
        named.map_or(self.all, |&(_, scale)| scale)
    }
}

impl FromStr for Scales {
    type Err = Error;

    /// Reads a scale, or COLUMN=SCALE, or both, with commas between.
    fn from_str(text: &str) -> Result<Self> {
        let mut all = None;
        let mut named: Vec<(String, Scale)> = Vec::new();
        for part in text.split(',') {
            match part.rsplit_once('=') {
                None if all.is_some() => {
                    return Err(twice(&format!("{:?} besides another for all", part.trim())));
                }
                None => all = Some(part.trim().parse()?),
                Some((column, _)) if named.iter().any(|(known, _)| known == column.trim()) => {
                    return Err(twice(&format!("{:?} twice", column.trim())));
                }
                Some((column, scale)) => {
                    named.push((column.trim().to_owned(), scale.trim().parse()?));
                }
            }
        }
        Ok(Self { all: all.unwrap_or_default(), named })
    }
}

impl fmt::Display for Scales {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.all.name())?;
        self.named.iter().try_for_each(|(column, scale)| write!(f, ", {column}={}", scale.name()))
    }
}

fn twice(value: &str) -> Error {
    let (value, expected) = (value.to_owned(), "one for each column".to_owned());
    ErrorKind::InvalidSetting { option: "scale", value, expected }.into()
}

/// What stands in for a missing number; of dates, the median also for `zero`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fill {
    /// The median of the training part.
    #[default]
    Median,
    /// The mean of the training part.
    Mean,
    /// 0.
    Zero,
}

impl Fill {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Median, Self::Mean, Self::Zero];

    /// Returns the name used on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Median => "median",
            Self::Mean => "mean",
            Self::Zero => "zero",
        }
    }
}

impl FromStr for Fill {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|fill| fill.name() == name);
        found.ok_or_else(|| {
            unknown_name("missing fill", name, Self::ALL.map(Self::name).into_iter())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_read_or_refused() {
        let read = |text: &str| text.parse::<Scales>();
        let named = vec![("a=b".to_owned(), Scale::Log), ("c".to_owned(), Scale::None)];
        assert_eq!(read("a=b=log,c=none").unwrap(), Scales { all: Scale::Standard, named });
        assert_eq!(read("quantile").unwrap().of("x"), Scale::Quantile);
        assert_eq!(read("robust,x=log").unwrap().to_string(), "robust, x=log");
        for wrong in ["", "x", "x=", "x=lag", "log,robust", "x=log,x=none", "log,"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let error = read("x=robus").unwrap_err().to_string();
        assert!(error.contains("did you mean \"robust\""), "{error}");
    }
}
