//! Losses: what training makes small.
//!
//! A loss is a value of each row, the mean of these over the rows, each counted by its weight, and
//! what is done to that mean at the end:
//!
//! L = finish(Σᵢ wᵢ lᵢ / Σᵢ wᵢ)
//!
//! One backward pass is enough: each row's lᵢ is seeded with its [`share`] wᵢ / Σ w, and the
//! finished gradient of the mean is multiplied by [`Finish::factor`]. To add a loss, write its row
//! in the file of its kind; the row gives it its name everywhere, its settings, its help and its
//! tests. Where tools disagree on a form or a default, it is PyTorch's, and the row says so.

mod classes;
mod numbers;
mod units;

use chainrule_core::{ErrorKind as CoreErrorKind, Expr, Words};

use crate::error::{ErrorKind, Result, by_name};
use crate::settings::{Chosen, Member, Setting};
pub(crate) use numbers::LEAST_VARIANCE;
pub use units::{TargetScale, Units};

/// Every loss.
pub const LOSSES: &[Loss] = &ALL;

const COUNT: usize = numbers::ROWS.len() + classes::ROWS.len();

/// The rows of both kinds, one after the other.
const ALL: [Loss; COUNT] = {
    let mut all = [numbers::ROWS[0]; COUNT];
    let mut place = 0;
    while place < COUNT {
        let number = place < numbers::ROWS.len();
        all[place] = match number {
            true => numbers::ROWS[place],
            false => classes::ROWS[place - numbers::ROWS.len()],
        };
        place += 1;
    }
    all
};

/// The loss of a name.
///
/// # Errors
/// [`UnknownName`](crate::ErrorKind::UnknownName), with the nearest name.
///
/// ```
/// use chainrule::losses::loss;
/// assert_eq!(loss("rmse").unwrap().definition(), "sqrt(mean((y - p)^2))");
/// assert_eq!(loss("r2").unwrap().definition(), "mean((y - p)^2)/var(y)");
/// assert!(loss("rsme").unwrap_err().to_string().contains("rmse"));
/// ```
pub fn loss(name: &str) -> Result<&'static Loss> {
    by_name("loss", LOSSES, |loss| loss.name, name)
}

/// What training makes small: a value of each row, averaged and finished.
#[derive(Clone, Copy, Debug)]
pub struct Loss {
    /// The name on the command line and in files.
    pub name: &'static str,
    /// What it is and when to use it.
    pub about: Words,
    /// What can be set.
    pub settings: &'static [Setting],
    /// What it is of each kind of output that it suits; the first unless the target says otherwise.
    pub forms: &'static [Form],
    /// The scales that a target of numbers may have; the first unless another is asked for.
    pub scales: &'static [TargetScale],
    /// What is done to the mean over the rows.
    pub finish: Finish,
    /// The whole as people know it, where that is not the finished mean of the rows' values: in
    /// training the units of the target say the same.
    pub whole: Option<&'static str>,
}

/// A loss for one meaning of the network's output.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// What the network's output means.
    pub output: Output,
    /// The value of one row as a formula of the target `y`, the output's [letters](Output::letters),
    /// the settings and, of several classes, their number `C`; of several outputs it is averaged.
    pub formula: &'static str,
    /// The value of each row from the target and the output, both as [`Output`] says.
    pub per_row: fn(&Expr, &Expr, &Settings) -> Expr,
    /// The value of each row in training, from a target that is scaled, an output in the same
    /// units, and these units; without it, `per_row` itself.
    pub trained: Option<Trained>,
    /// Settings that mean nothing to this form.
    pub without: &'static [&'static str],
    /// Rows whose value is known, exact to the last bits.
    pub points: &'static [Point],
}

/// The value of each row in training: from the target, the output, the settings and the units.
pub type Trained = fn(&Expr, &Expr, &Settings, &Units) -> Expr;

/// A row whose loss is known.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// The settings that are not the defaults.
    pub given: &'static [(&'static str, f64)],
    /// The row's target.
    pub target: &'static [f64],
    /// The network's output for it.
    pub output: &'static [f64],
    /// The value of the row.
    pub value: f64,
}

/// A loss with the values of its settings.
pub type Settings = Chosen<Loss>;

impl Settings {
    /// The value of each row from the target and the output, both as the first of
    /// [`Loss::forms`] says.
    #[track_caller]
    pub fn per_row(&self, target: &Expr, output: &Expr) -> Expr {
        (self.member().forms[0].per_row)(target, output, self)
    }

    /// What the loss is of an output that means this, or something that suits the same targets.
    ///
    /// # Errors
    /// [`InvalidSetting`](ErrorKind::InvalidSetting) if it suits no such output, with the losses
    /// that do, or if a setting is given that means nothing to it.
    pub fn form(&self, output: Output) -> Result<&'static Form> {
        let loss = self.member();
        let Some(form) = loss.form(output) else {
            let table = LOSSES.iter().filter(|loss| loss.form(output).is_some());
            let suited: Vec<&str> = table.map(|loss| loss.name).collect();
            let (value, expected) = (loss.name.to_owned(), suited.join(", "));
            let expected = format!("one for {}: {expected}", output.describe());
            return Err(ErrorKind::InvalidSetting { option: "loss", value, expected }.into());
        };
        let meaningless = |&(setting, value): &(&'static Setting, f64)| {
            value != setting.default && form.without.contains(&setting.name)
        };
        match self.iter().find(meaningless) {
            None => Ok(form),
            Some((setting, value)) => {
                let expected = format!("left out for {}", output.describe());
                let (option, value) = (setting.name, value.to_string());
                Err(ErrorKind::InvalidSetting { option, value, expected }.into())
            }
        }
    }
}

impl Form {
    /// The value of each row in training: from a target that is scaled to these units, and an
    /// output that is.
    #[track_caller]
    pub fn trained(
        &self,
        target: &Expr,
        output: &Expr,
        settings: &Settings,
        units: &Units,
    ) -> Expr {
        match self.trained {
            Some(trained) => trained(target, output, settings, units),
            None => (self.per_row)(target, output, settings),
        }
    }
}

impl Member for Loss {
    const FAMILY: &'static str = "loss";
    const SETTING: &'static str = "loss setting";

    fn table() -> &'static [Self] {
        LOSSES
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn settings(&self) -> &'static [Setting] {
        self.settings
    }
}

impl Loss {
    /// The whole loss as a formula for people, in its first form: `sqrt(mean((y - p)^2))`.
    pub fn definition(&self) -> String {
        self.whole_of(&self.forms[0])
    }

    /// The whole loss as a formula for people, in one of its forms.
    pub(crate) fn whole_of(&self, form: &Form) -> String {
        match (self.whole, self.finish) {
            (Some(whole), _) => whole.to_owned(),
            (None, Finish::Mean) => format!("mean({})", form.formula),
            (None, Finish::Root) => format!("sqrt(mean({}))", form.formula),
        }
    }

    /// What it is of an output that means this, or something that suits the same targets.
    pub fn form(&self, output: Output) -> Option<&'static Form> {
        let exact = self.forms.iter().find(|form| form.output == output);
        exact.or_else(|| self.forms.iter().find(|form| form.output.suits(output)))
    }
}

/// What the network's output means to a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// p: a number for each number of the target.
    Prediction,
    /// p: a row of several numbers, of which the direction alone counts.
    Direction,
    /// z: the logarithm of the number that is expected, for each number of the target, which is
    /// not negative.
    Rate,
    /// m and s: for each number of the target its mean, then, behind all means, the logarithm of
    /// its variance.
    Normal,
    /// z: a number for each target that is 0 or 1 (or a probability); its sigmoid is the
    /// probability of 1.
    Logit,
    /// z: a row of one number for each class; its softmax is the probabilities. The target is the
    /// number of the class, from 0, or a row of probabilities.
    Logits,
}

impl Output {
    /// The letters of the output in formulas: parts of the same length, one after the other.
    pub fn letters(self) -> &'static [&'static str] {
        match self {
            Self::Prediction | Self::Direction => &["p"],
            Self::Normal => &["m", "s"],
            Self::Rate | Self::Logit | Self::Logits => &["z"],
        }
    }

    /// The targets that it is for, in words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Prediction | Self::Rate | Self::Normal => "numbers",
            Self::Direction => "several numbers",
            Self::Logit => "two classes",
            Self::Logits => "more than two classes",
        }
    }

    /// Whether the targets of another output may be this one's: a number can be a count.
    fn suits(self, other: Self) -> bool {
        match self {
            Self::Prediction => other == Self::Direction,
            Self::Rate | Self::Normal => {
                matches!(other, Self::Prediction | Self::Direction)
            }
            Self::Direction | Self::Logit | Self::Logits => false,
        }
    }
}

/// What is done to the mean over the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// Nothing.
    Mean,
    /// Its square root.
    Root,
}

impl Finish {
    /// The loss of a mean.
    #[track_caller]
    pub fn value(self, mean: &Expr) -> Expr {
        match self {
            Self::Mean => mean.clone(),
            Self::Root => mean.clone().sqrt(),
        }
    }

    /// The loss of a mean that is already a number.
    pub fn number(self, mean: f64) -> f64 {
        match self {
            Self::Mean => mean,
            Self::Root => mean.sqrt(),
        }
    }

    /// The derivative by the mean, by which the gradient of the mean is multiplied.
    ///
    /// Of a root at mean 0 it is 0, never NaN: where nothing is wrong, nothing is to be changed.
    #[track_caller]
    pub fn factor(self, mean: &Expr) -> Expr {
        match self {
            Self::Mean => Expr::constant(1.0),
            Self::Root => mean.clone().equals(0.0).select(0.0, 0.5 / mean.clone().sqrt()),
        }
    }
}

/// Each row's share of the mean, w / Σw, from its weight and the sum of the batch's weights.
///
/// Where that sum is 0 every share is 0, so that the batch's loss and gradient are 0.
#[track_caller]
pub fn share(weight: &Expr, total_weight: &Expr) -> Expr {
    weight * total_weight.clone().equals(0.0).select(0.0, 1.0 / total_weight)
}

/// The mean of a value of each row, from each row's [`share`].
#[track_caller]
pub fn mean(per_row: &Expr, share: &Expr) -> Expr {
    (per_row * share).sum_over_rows()
}

/// The target with the output's dimensions; one of another width is refused, never repeated.
pub(crate) fn aligned(y: &Expr, output: &Expr) -> Expr {
    let (target, wanted) = (y.shape(), output.shape());
    if target.dims == wanted.dims {
        return y.clone();
    }
    match poisoned(y, output) {
        None if target.elements() == 1 && wanted.elements() == 1 => y.clone().reshape(&wanted.dims),
        None => refused("loss", y, output),
        Some(poisoned) => poisoned,
    }
}

/// The first of two expressions that is poisoned.
fn poisoned(y: &Expr, output: &Expr) -> Option<Expr> {
    [y, output].into_iter().find(|operand| operand.error().is_some()).cloned()
}

fn refused(op: &str, y: &Expr, output: &Expr) -> Expr {
    CoreErrorKind::ShapesDiffer { op: op.into(), left: y.shape(), right: output.shape() }.into()
}

/// The mean over the outputs of each row.
pub(crate) fn mean_of_outputs(values: Expr) -> Expr {
    let outputs = values.shape().elements();
    if outputs == 1 {
        return values.reshape(&[]);
    }
    // A product, for its derivative is simpler than a quotient's.
    values.reshape(&[outputs]).sum(0) * (1.0 / outputs as f64)
}
