//! Settings: the numbers that a member of a family may be given, by name.
//!
//! A member that has settings is chosen with their values, `sgd:momentum=0.9,nesterov=1`; the
//! values are checked once, here, for every family and every surface.

use std::fmt;

use chainrule_core::Words;

use crate::error::{ErrorKind, Result, by_name, unknown_name};

/// Something that can be set.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name on the command line and in files.
    pub name: &'static str,
    /// Its value unless another is given.
    pub default: f64,
    /// The values that it may have.
    pub range: Range,
    /// The setting without which, at 0, this one would do nothing.
    pub needs: Option<&'static str>,
    /// What it does.
    pub about: Words,
}

/// The values that a setting may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// 0 (no) or 1 (yes).
    Flag,
    /// Any number but an infinity.
    Finite,
    /// From 0 to below 1.
    Fraction,
    /// From 0 on, finite.
    NotNegative,
    /// Above 0, finite.
    Positive,
    /// Above 0 and below 1.
    Inside,
    /// A whole number from 0 on.
    Whole,
    /// A whole number from 1 on.
    Count,
}

impl Range {
    /// Whether a value lies in the range; NaN lies in none.
    pub fn holds(self, value: f64) -> bool {
        match self {
            Self::Flag => value == 0.0 || value == 1.0,
            Self::Finite => value.is_finite(),
            Self::Fraction => (0.0..1.0).contains(&value),
            Self::NotNegative => value >= 0.0 && value.is_finite(),
            Self::Positive => value > 0.0 && value.is_finite(),
            Self::Inside => value > 0.0 && value < 1.0,
            Self::Whole => (0.0..=LARGEST).contains(&value) && value.floor() == value,
            Self::Count => (1.0..=LARGEST).contains(&value) && value.floor() == value,
        }
    }

    /// The range in words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Flag => "0 or 1",
            Self::Finite => "a finite number",
            Self::Fraction => "from 0 to below 1",
            Self::NotNegative => "0 or above, and finite",
            Self::Positive => "above 0, and finite",
            Self::Inside => "above 0 and below 1",
            Self::Whole => "a whole number, 0 or more",
            Self::Count => "a whole number, 1 or more",
        }
    }
}

/// The largest whole number that is asked for: every one up to it is exact.
const LARGEST: f64 = (1_u64 << 53) as f64;

/// A member of a family whose table gives it settings.
pub trait Member: fmt::Debug + Sized + 'static {
    /// What the family's members are called: `optimizer`.
    const FAMILY: &'static str;
    /// What a setting of a member is called: `optimizer setting`.
    const SETTING: &'static str;

    /// Every member.
    fn table() -> &'static [Self];

    /// The name on the command line and in files.
    fn name(&self) -> &'static str;

    /// What can be set.
    fn settings(&self) -> &'static [Setting];
}

/// A member of a family with the values of its settings, checked.
#[derive(Debug)]
pub struct Chosen<M: 'static> {
    member: &'static M,
    values: Vec<f64>,
}

impl<M> Clone for Chosen<M> {
    fn clone(&self) -> Self {
        Self { member: self.member, values: self.values.clone() }
    }
}

impl<M: Member> From<&'static M> for Chosen<M> {
    /// The member with the defaults of its settings.
    fn from(member: &'static M) -> Self {
        let values = member.settings().iter().map(|setting| setting.default).collect();
        Self { member, values }
    }
}

impl<M: Member> Chosen<M> {
    /// A member with some values given by name and the defaults else; the last of a name counts.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownName`], with the nearest name, for a setting that the member does not
    /// have; [`ErrorKind::InvalidSetting`] for a value out of its range, or one that would do
    /// nothing because of another setting.
    ///
    /// ```
    /// use chainrule::optimizers::{Settings, optimizer};
    /// let sgd = optimizer("sgd").unwrap();
    /// let settings = Settings::new(sgd, &[("momentum", 0.9), ("nesterov", 1.0)]).unwrap();
    /// assert_eq!(settings.value("momentum"), 0.9);
    /// assert_eq!(settings.states()[0].name, "momentum");
    /// assert!(Settings::new(sgd, &[("momentum", 1.5)]).is_err());
    /// assert!(Settings::new(sgd, &[("nesterov", 1.0)]).is_err());
    /// ```
    pub fn new(member: &'static M, given: &[(&str, f64)]) -> Result<Self> {
        let table = member.settings();
        let mut settings = Self::from(member);
        for &(name, value) in given {
            let Some(place) = table.iter().position(|setting| setting.name == name) else {
                return Err(unknown_name(M::SETTING, name, table.iter().map(|s| s.name)));
            };
            if !table[place].range.holds(value) {
                return Err(invalid(&table[place], value, table[place].range.describe().into()));
            }
            settings.values[place] = value;
        }
        for setting in table {
            let value = settings.value(setting.name);
            match setting.needs {
                Some(other) if value != setting.default && settings.value(other) == 0.0 => {
                    let expected = format!("{} unless {other} is above 0", setting.default);
                    return Err(invalid(setting, value, expected));
                }
                _ => {}
            }
        }
        Ok(settings)
    }

    /// Reads `NAME` or `NAME:SETTING=VALUE,…`.
    ///
    /// # Errors
    /// As [`Chosen::new`], and [`ErrorKind::InvalidSetting`] for what is no name and number.
    ///
    /// ```
    /// use chainrule::optimizers::Settings;
    /// let settings = Settings::parse("sgd:momentum=0.9, nesterov=1").unwrap();
    /// assert_eq!(settings.to_string(), "sgd:momentum=0.9,nesterov=1");
    /// assert!(Settings::parse("sgd:momentum").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        let member = by_name(M::FAMILY, M::table(), M::name, name.trim())?;
        let mut given = Vec::new();
        for part in rest.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let pair = part.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
            let number = pair.and_then(|(name, value)| Some((name, value.parse::<f64>().ok()?)));
            given.push(number.ok_or_else(|| {
                let expected = "a name and a number, such as momentum=0.9".to_owned();
                ErrorKind::InvalidSetting { option: M::SETTING, value: part.to_owned(), expected }
            })?);
        }
        Self::new(member, &given)
    }

    /// The member whose settings these are.
    pub fn member(&self) -> &'static M {
        self.member
    }

    /// The value of a setting; NaN if the member has none of this name.
    pub fn value(&self, name: &str) -> f64 {
        let found = self.iter().find(|(setting, _)| setting.name == name);
        found.map_or(f64::NAN, |(_, value)| value)
    }

    /// Every setting with its value, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Setting, f64)> {
        self.member.settings().iter().zip(self.values.iter().copied())
    }
}

/// The name and the values that are not the defaults, as [`Chosen::parse`] reads them.
impl<M: Member> fmt::Display for Chosen<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.member.name())?;
        let others = self.iter().filter(|(setting, value)| setting.default != *value);
        for (i, (setting, value)) in others.enumerate() {
            write!(f, "{}{}={value}", if i == 0 { ':' } else { ',' }, setting.name)?;
        }
        Ok(())
    }
}

fn invalid(setting: &Setting, value: f64, expected: String) -> crate::error::Error {
    let (option, value) = (setting.name, value.to_string());
    ErrorKind::InvalidSetting { option, value, expected }.into()
}
