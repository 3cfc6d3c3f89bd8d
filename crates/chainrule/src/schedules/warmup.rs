//! The warm-up: a straight line up to the learning rate, before any schedule.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};

/// How long the learning rate rises, in a straight line, to what was asked for.
///
/// Of a warm-up of W steps the first has 1/W of the rate and the last all of it; one of more steps
/// than the run has lasts the whole run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Warmup {
    /// So many steps; 0 and 1 are none.
    Steps(u64),
    /// The steps of so many epochs, rounded.
    Epochs(f64),
}

impl Warmup {
    /// No warm-up.
    pub const NONE: Self = Self::Steps(0);

    /// The number of steps, of which an epoch has so many.
    pub(super) fn steps(self, per_epoch: u64) -> f64 {
        match self {
            Self::Steps(steps) => steps as f64,
            Self::Epochs(epochs) => (epochs * per_epoch as f64 + 0.5).floor().max(0.0),
        }
    }
}

/// `100 steps` or `1.5 epochs`.
impl fmt::Display for Warmup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steps(1) => write!(f, "1 step"),
            Self::Steps(steps) => write!(f, "{steps} steps"),
            Self::Epochs(1.0) => write!(f, "1 epoch"),
            Self::Epochs(epochs) => write!(f, "{epochs} epochs"),
        }
    }
}

/// `100`, `100 steps` or `1.5 epochs`, with or without the blank.
///
/// ```
/// use chainrule::schedules::Warmup;
/// assert_eq!("100".parse::<Warmup>().unwrap(), Warmup::Steps(100));
/// assert_eq!("1.5epochs".parse::<Warmup>().unwrap(), Warmup::Epochs(1.5));
/// assert!("-1".parse::<Warmup>().is_err());
/// ```
impl FromStr for Warmup {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let trimmed = text.trim();
        let (number, unit) = trimmed.split_at(
            trimmed.find(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(trimmed.len()),
        );
        let number = number.trim();
        let found = match unit.trim() {
            "" | "step" | "steps" => number.parse().ok().map(Self::Steps),
            "epoch" | "epochs" => number.parse().ok().map(Self::Epochs),
            _ => None,
        };
        match found {
            Some(Self::Epochs(epochs)) if !(epochs >= 0.0 && epochs.is_finite()) => None,
            found => found,
        }
        .ok_or_else(|| {
            let expected = "a number of steps or epochs, such as 500 or 2epochs".to_owned();
            ErrorKind::InvalidSetting { option: "warmup", value: text.to_owned(), expected }.into()
        })
    }
}
