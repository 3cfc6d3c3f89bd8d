//! The units in which a loss sees its target, and what it needs to know of the target's own.

use std::str::FromStr;

use chainrule_core::Expr;

use crate::error::{Error, Result, unknown_name};

/// How a target of numbers is scaled for training; classes and probabilities are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetScale {
    /// (y − mean)/std, by the training part.
    Standard,
    /// Not at all.
    None,
    /// log(1 + y), then as [`Self::Standard`]; y must be above −1.
    Log,
}

impl TargetScale {
    /// All scales.
    pub const ALL: [Self; 3] = [Self::Standard, Self::None, Self::Log];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::None => "none",
            Self::Log => "log",
        }
    }
}

impl FromStr for TargetScale {
    type Err = Error;

    /// The scale of a name.
    ///
    /// ```
    /// use chainrule::losses::TargetScale;
    /// assert_eq!("log".parse::<TargetScale>().unwrap(), TargetScale::Log);
    /// assert!("logarithm".parse::<TargetScale>().is_err());
    /// ```
    fn from_str(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|scale| scale.name() == name);
        found.ok_or_else(|| {
            unknown_name("target scale", name, Self::ALL.map(Self::name).into_iter())
        })
    }
}

/// Where the numbers of a target lie: value = mean + std · scaled, for each output. Without any,
/// what is scaled is the value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Units {
    /// The mean of each output, in the terms that are scaled (of a rate its logarithm).
    pub means: Vec<f64>,
    /// The standard deviation of each output.
    pub stds: Vec<f64>,
}

impl Units {
    /// The means as an expression that broadcasts over a row's outputs.
    pub(crate) fn means(&self) -> Expr {
        match self.means.as_slice() {
            [] => Expr::constant(0.0),
            [mean] => Expr::constant(*mean),
            means => {
                let number = |&mean: &f64| Expr::constant(mean).reshape(&[1]);
                Expr::concat(&means.iter().map(number).collect::<Vec<_>>(), 0)
            }
        }
    }

    /// The mean over the outputs of the logarithm of their standard deviation.
    pub(crate) fn log_std(&self) -> f64 {
        let sum: f64 = self.stds.iter().map(|&std| libm::log(std)).sum();
        sum / self.stds.len().max(1) as f64
    }
}
