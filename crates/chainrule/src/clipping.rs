//! Clipping: gradients are made smaller before a step where they are larger than a bound.
//!
//! It is part of the step's program, on the finished gradients: of rmse, those of the root.

use std::fmt;
use std::str::FromStr;

use chainrule_core::op::{Along, Reduction};
use chainrule_core::{Expr, Words};

use crate::error::{Error, ErrorKind, Result, unknown_name};

/// A bound on gradients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clipping {
    by: By,
    bound: f64,
}

/// What a bound is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Each number of a gradient: min(max(g, −bound), bound).
    Value,
    /// The norm √Σg² of each parameter's gradient: g·min(1, bound/norm).
    Norm,
    /// The norm of all gradients together: every direction stays as it is.
    GlobalNorm,
}

impl By {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::GlobalNorm, Self::Norm, Self::Value];

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Norm => "norm",
            Self::GlobalNorm => "global_norm",
        }
    }

    /// What is done, as a formula.
    pub fn formula(self) -> &'static str {
        match self {
            Self::Value => "g = min(max(g, -bound), bound)",
            Self::Norm => "g = g*min(1, bound/norm(g))",
            Self::GlobalNorm => "g = g*min(1, bound/norm(G))",
        }
    }

    /// What it is and when to use it.
    pub fn about(self) -> Words {
        match self {
            Self::Value => Words {
                english: "Bounds each number of a gradient; changes its direction.",
                korean: "기울기의 성분마다 크기를 제한한다. 방향이 바뀐다.",
            },
            Self::Norm => Words {
                english: "Bounds the norm of each parameter's gradient, each on its own.",
                korean: "매개변수마다 따로 기울기의 노름을 제한한다.",
            },
            Self::GlobalNorm => Words {
                english: "Bounds the norm of all gradients together: the step keeps its direction. \
                          The usual choice where single batches throw training off its way. \
                          Pascanu et al., 2013. The norm then is the bound exactly; PyTorch's is a \
                          little less, since it adds 1e-6 before it divides.",
                korean: "모든 기울기를 합친 노름을 제한한다. 스텝의 방향은 그대로다. 어쩌다 한 \
                         배치가 학습을 어긋나게 할 때 흔히 쓴다. Pascanu et al., 2013. 제한한 \
                         노름은 한계값과 정확히 같다. PyTorch는 나누기 전에 노름에 1e-6을 더하므로 \
                         조금 작아진다.",
            },
        }
    }
}

/// Bounds below this would need squares that single precision does not have.
const LEAST: f64 = 1e-15;

impl Clipping {
    /// A bound of a kind.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidSetting`] for a bound that is not finite or below 1e-15.
    pub fn new(by: By, bound: f64) -> Result<Self> {
        match bound.is_finite() && bound >= LEAST {
            true => Ok(Self { by, bound }),
            false => Err(invalid(bound.to_string())),
        }
    }

    /// What the bound is on.
    pub fn by(&self) -> By {
        self.by
    }

    /// The bound.
    pub fn bound(&self) -> f64 {
        self.bound
    }

    /// The gradients within the bound; one that is within it already keeps its bits.
    ///
    /// Whatever fits the precision is clipped right, however large: squares are taken of what has
    /// been divided by the largest. A gradient that is not finite makes all not numbers, so that
    /// it is seen.
    pub fn apply(&self, gradients: &[Expr]) -> Vec<Expr> {
        match self.by {
            By::Value => gradients
                .iter()
                .map(|gradient| gradient.clone().min(self.bound).max(-self.bound))
                .collect(),
            By::Norm => gradients
                .iter()
                .flat_map(|gradient| self.by_norm(std::slice::from_ref(gradient)))
                .collect(),
            By::GlobalNorm => self.by_norm(gradients),
        }
    }

    fn by_norm(&self, gradients: &[Expr]) -> Vec<Expr> {
        let largest =
            gradients.iter().map(|gradient| reduced(gradient.clone().abs(), Reduction::Max));
        let Some(largest) = largest.reduce(|most, largest| most.max(largest)) else {
            return Vec::new();
        };
        // Its inverse is finite; below it no bound is reached.
        let inverse = 1.0 / largest.max(LEAST * LEAST);
        let squares = gradients.iter().map(|gradient| {
            let part = gradient * &inverse;
            reduced(&part * &part, Reduction::Sum)
        });
        let square = squares.reduce(|sum, square| sum + square).unwrap_or(Expr::constant(0.0));
        // The norm divided by the largest: the norm itself may be beyond all numbers.
        let norm = square.sqrt();
        let within = norm.clone().less_or_equal(self.bound * &inverse);
        let factor = self.bound / norm;
        gradients
            .iter()
            .map(|gradient| within.clone().select(gradient, gradient * &inverse * &factor))
            .collect()
    }
}

/// Reduces a gradient to one number, axis by axis: short sums of sums keep more digits than one
/// long chain.
fn reduced(gradient: Expr, reduction: Reduction) -> Expr {
    let rank = gradient.shape().rank();
    (0..rank).fold(gradient, |values, _| values.reduce(reduction, Along::Axis(0)))
}

/// `global_norm=1`, as [`FromStr`] reads it.
impl fmt::Display for Clipping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.by.name(), self.bound)
    }
}

/// `1` or `global_norm=1`, `norm=1`, `value=0.5`.
///
/// ```
/// use chainrule::clipping::Clipping;
/// let read = |text: &str| text.parse::<Clipping>().map(|clipping| clipping.to_string());
/// assert_eq!(read("1").unwrap(), "global_norm=1");
/// assert_eq!(read("value = 0.5").unwrap(), "value=0.5");
/// assert!(read("valu=0.5").unwrap_err().to_string().contains("value"));
/// ```
impl FromStr for Clipping {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, bound) = text.split_once('=').unwrap_or(("global_norm", text));
        let found = By::ALL.into_iter().find(|by| by.name() == name.trim());
        let Some(by) = found else {
            return Err(unknown_name("clipping", name.trim(), By::ALL.iter().map(|by| by.name())));
        };
        Self::new(by, bound.trim().parse().map_err(|_| invalid(bound.trim().to_owned()))?)
    }
}

fn invalid(value: String) -> Error {
    let expected = "a bound from 1e-15 on, and finite, such as 1 or value=0.5".to_owned();
    ErrorKind::InvalidSetting { option: "clip", value, expected }.into()
}
