//! Losses: what training makes small.
//!
//! A loss is a value of each row, the mean of these over the rows, each counted by its weight, and
//! what is done to that mean at the end:
//!
//! L = finish(Σᵢ wᵢ lᵢ / Σᵢ wᵢ)
//!
//! One backward pass is enough: each row's lᵢ is seeded with its [`share`] wᵢ / Σ w, and the
//! finished gradient of the mean is multiplied by [`Finish::factor`]. To add a loss, write its row
//! in [`LOSSES`]; the row gives it its name everywhere, its help and its tests.

use chainrule_core::op::{Along, Reduction};
use chainrule_core::{ErrorKind as CoreErrorKind, Expr};

use crate::error::{Result, by_name};
use crate::settings::{Chosen, Member, Range, Setting};

/// What training makes small: a value of each row, averaged and finished.
#[derive(Clone, Copy, Debug)]
pub struct Loss {
    /// The name on the command line and in files.
    pub name: &'static str,
    /// The value of one row as a formula of the target `y` and the output `p` or `z`; of several
    /// outputs it is averaged.
    pub formula: &'static str,
    /// What it is and when to use it.
    pub about: &'static str,
    /// What the network's output may mean to it; the first unless the target says otherwise.
    pub outputs: &'static [Output],
    /// What can be set.
    pub settings: &'static [Setting],
    /// The value of each row from the target and the output, both as [`Output`] says.
    pub per_row: fn(&Expr, &Expr, &Settings) -> Expr,
    /// The value of each row in training, from a target scaled as [`Self::scale`] says and an
    /// output in the same units; but for rmsle, `per_row` itself.
    pub trained_per_row: fn(&Expr, &Expr, &Settings) -> Expr,
    /// What is done to the mean over the rows.
    pub finish: Finish,
    /// The units in which it is trained.
    pub scale: TargetScale,
    /// Rows (target, output, value of the row) at the default settings, exact to the last bits.
    pub points: [(&'static [f64], &'static [f64], f64); 2],
}

/// A loss with the values of its settings.
pub type Settings = Chosen<Loss>;

impl Settings {
    /// The value of each row from the target and the output, both as [`Output`] says.
    #[track_caller]
    pub fn per_row(&self, target: &Expr, output: &Expr) -> Expr {
        (self.member().per_row)(target, output, self)
    }

    /// The value of each row in training, in the units of [`Loss::scale`].
    #[track_caller]
    pub fn trained_per_row(&self, target: &Expr, output: &Expr) -> Expr {
        (self.member().trained_per_row)(target, output, self)
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

/// What the network's output means to a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// p: a number for each number of the target.
    Prediction,
    /// z: a number for each target that is 0 or 1 (or a probability); its sigmoid is the
    /// probability of 1.
    Logit,
    /// z: a row of one number for each class; its softmax is the probabilities. The target is the
    /// number of the class, from 0, or a row of probabilities.
    Logits,
}

impl Output {
    /// The letter of the output in formulas.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Prediction => "p",
            Self::Logit | Self::Logits => "z",
        }
    }

    /// The targets that it is for, in words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Prediction => "numbers",
            Self::Logit => "two classes",
            Self::Logits => "more than two classes",
        }
    }
}

/// The units in which a loss is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetScale {
    /// The target as it is: classes, and probabilities.
    None,
    /// (y − mean)/std, by the training part.
    Standard,
    /// log(1 + y), then as [`Self::Standard`]; y must be above −1.
    Log,
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

impl Loss {
    /// The whole loss as a formula for people: `sqrt(mean((y - p)^2))`.
    pub fn definition(&self) -> String {
        match self.finish {
            Finish::Mean => format!("mean({})", self.formula),
            Finish::Root => format!("sqrt(mean({}))", self.formula),
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

/// Every loss.
pub const LOSSES: &[Loss] = &[
    Loss {
        name: "mse",
        formula: "(y - p)^2",
        about: "Mean squared error: the usual loss of a target that is a number; large errors \
                count most.",
        outputs: &[Output::Prediction],
        settings: &[],
        per_row: squared_error,
        trained_per_row: squared_error,
        finish: Finish::Mean,
        scale: TargetScale::Standard,
        points: [(&[3.0], &[2.5], 0.25), (&[1.0, -2.0], &[4.0, -1.0], 5.0)],
    },
    Loss {
        name: "rmse",
        formula: "(y - p)^2",
        about: "Root mean squared error: as mse, in the target's own units.",
        outputs: &[Output::Prediction],
        settings: &[],
        per_row: squared_error,
        trained_per_row: squared_error,
        finish: Finish::Root,
        scale: TargetScale::Standard,
        points: [(&[7.0], &[8.0], 1.0), (&[-0.5, 0.5], &[0.0, 2.0], 1.25)],
    },
    Loss {
        name: "mae",
        formula: "abs(y - p)",
        about: "Mean absolute error: leads to the median, so that a few wild targets hardly count.",
        outputs: &[Output::Prediction],
        settings: &[],
        per_row: absolute_error,
        trained_per_row: absolute_error,
        finish: Finish::Mean,
        scale: TargetScale::Standard,
        points: [(&[3.0], &[2.5], 0.5), (&[1.0, -2.0], &[4.0, -1.0], 2.0)],
    },
    Loss {
        name: "huber",
        formula: "where(abs(y - p) > delta, delta*(abs(y - p) - 0.5*delta), 0.5*(y - p)^2)",
        about: "As mse for errors up to delta (in standard deviations of a scaled target), as mae \
                beyond: a few wild targets do not rule. Huber, 1964.",
        outputs: &[Output::Prediction],
        settings: &[Setting {
            name: "delta",
            default: 1.0,
            range: Range::Positive,
            needs: None,
            about: "The error from which on the loss is a straight line.",
        }],
        per_row: huber,
        trained_per_row: huber,
        finish: Finish::Mean,
        scale: TargetScale::Standard,
        points: [(&[3.0], &[2.5], 0.125), (&[1.0, -2.0], &[4.0, -2.5], 1.3125)],
    },
    Loss {
        name: "rmsle",
        formula: "(log1p(p) - log1p(y))^2",
        about: "Root mean squared logarithmic error: counts ratios instead of differences, for a \
                positive target of a wide spread; y and p must be above -1.",
        outputs: &[Output::Prediction],
        settings: &[],
        per_row: squared_logarithmic_error,
        trained_per_row: squared_error,
        finish: Finish::Root,
        scale: TargetScale::Log,
        points: [(&[0.0], &[1.0], 0.480_453_013_918_201_4), (&[3.0, 1.0], &[3.0, 1.0], 0.0)],
    },
    Loss {
        name: "r2",
        formula: "(y - p)^2",
        about: "1 - R^2, with the target's variance fixed by the training part: as mse, as a share \
                of what predicting the mean would leave.",
        outputs: &[Output::Prediction],
        settings: &[],
        per_row: squared_error,
        trained_per_row: squared_error,
        finish: Finish::Mean,
        scale: TargetScale::Standard,
        points: [(&[0.0], &[0.5], 0.25), (&[1.0, -1.0], &[1.0, -1.0], 0.0)],
    },
    Loss {
        name: "binary_cross_entropy",
        formula: "softplus(z) - y*z",
        about: "Minus the logarithm of the probability given to what was true, of a target with \
                two classes, or of several yes-or-no targets.",
        outputs: &[Output::Logit],
        settings: &[],
        per_row: binary_cross_entropy,
        trained_per_row: binary_cross_entropy,
        finish: Finish::Mean,
        scale: TargetScale::None,
        points: [
            (&[1.0], &[0.0], std::f64::consts::LN_2),
            (&[0.0, 0.5], &[100.0, 0.0], 50.346_573_590_279_97),
        ],
    },
    Loss {
        name: "categorical_cross_entropy",
        formula: "logsumexp(z, axis=0) - gather(z, y)",
        about: "Minus the logarithm of the probability given to the true class, of a target with \
                more than two classes.",
        outputs: &[Output::Logits],
        settings: &[],
        per_row: categorical_cross_entropy,
        trained_per_row: categorical_cross_entropy,
        finish: Finish::Mean,
        scale: TargetScale::None,
        points: [
            (&[2.0], &[7.0, 7.0, 7.0, 7.0], 2.0 * std::f64::consts::LN_2),
            (&[0.0], &[0.0, 1.0], 1.313_261_687_518_222_8),
        ],
    },
];

/// The loss of a name.
///
/// # Errors
/// [`UnknownName`](crate::ErrorKind::UnknownName), with the nearest name.
///
/// ```
/// use chainrule::losses::loss;
/// assert_eq!(loss("rmse").unwrap().definition(), "sqrt(mean((y - p)^2))");
/// assert!(loss("rsme").unwrap_err().to_string().contains("rmse"));
/// ```
pub fn loss(name: &str) -> Result<&'static Loss> {
    by_name("loss", LOSSES, |loss| loss.name, name)
}

fn squared_error(y: &Expr, p: &Expr, _: &Settings) -> Expr {
    mean_of_outputs((p - aligned(y, p)).powf(2.0))
}

fn absolute_error(y: &Expr, p: &Expr, _: &Settings) -> Expr {
    mean_of_outputs((p - aligned(y, p)).abs())
}

/// ½e² where |e| ≤ δ, and δ(|e| − ½δ) beyond.
fn huber(y: &Expr, p: &Expr, settings: &Settings) -> Expr {
    let delta = settings.value("delta");
    let error = p - aligned(y, p);
    let size = error.clone().abs();
    let small = 0.5 * error.powf(2.0);
    let large = delta * (size.clone() - 0.5 * delta);
    mean_of_outputs(Expr::constant(delta).less(&size).select(large, small))
}

/// (log(1 + p) − log(1 + y))² as log(1 + |p − y|/(1 + min(p, y)))², where nothing cancels.
fn squared_logarithmic_error(y: &Expr, p: &Expr, _: &Settings) -> Expr {
    let y = aligned(y, p);
    let below = p.clone().less(&y);
    // Not abs, whose derivative at 0 would lose the curvature there.
    let apart = below.clone().select(&y - p, p - &y);
    let smaller = below.select(p, y);
    mean_of_outputs((apart / (1.0 + smaller)).log1p().powf(2.0))
}

/// softplus(z) − y·z, written so that nothing cancels and nothing is ∞ − ∞.
///
/// With a = |z| it is softplus(−a), small where the sign of z is right for a y of 0 or 1, plus
/// a · (1 − y if z is positive, else y), which is then 0 even for an infinite z.
fn binary_cross_entropy(y: &Expr, z: &Expr, _: &Settings) -> Expr {
    let y = aligned(y, z);
    let positive = Expr::constant(0.0).less(z);
    // Not abs, whose derivative at 0 would lose the slope ½ − y there.
    let size = positive.clone().select(z, -z);
    let wrong = positive.select(1.0 - &y, &y);
    let cost = wrong.clone().equals(0.0).select(0.0, wrong * &size);
    mean_of_outputs((-size).softplus() + cost)
}

/// log Σ eᶻ − z_y of a class number y, or Σ yⱼ (log Σ eᶻ − zⱼ) of probabilities y.
fn categorical_cross_entropy(y: &Expr, z: &Expr, _: &Settings) -> Expr {
    let (target, logits) = (y.shape(), z.shape());
    let poisoned = [y, z].into_iter().find(|operand| operand.error().is_some());
    if let Some(poisoned) = poisoned {
        return poisoned.clone();
    }
    let is_class = target.elements() == 1;
    if logits.rank() != 1 || !(is_class || target.dims == logits.dims) {
        return refused("categorical_cross_entropy", y, z);
    }
    // Relative to the largest logit, log Σ eᶻ keeps its digits however large they are. The loss
    // does not depend on what they are relative to, so no derivative follows it.
    let along = Along::Axis(0);
    let relative = z - z.clone().reduce(Reduction::Max, along).stop_gradient();
    let total = relative.clone().reduce(Reduction::LogSumExp, along);
    if is_class {
        return total - relative.gather(y.clone().reshape(&[]));
    }
    // A class of probability 0 costs nothing, even where its logit is −∞.
    y.clone().equals(0.0).select(0.0, y * (total - relative)).sum(0)
}

/// The target with the output's dimensions; one of another width is refused, never repeated.
pub(crate) fn aligned(y: &Expr, output: &Expr) -> Expr {
    let (target, wanted) = (y.shape(), output.shape());
    if target.dims == wanted.dims {
        return y.clone();
    }
    match (y.error(), output.error()) {
        (None, None) if target.elements() == 1 && wanted.elements() == 1 => {
            y.clone().reshape(&wanted.dims)
        }
        (None, None) => refused("loss", y, output),
        (Some(_), _) => y.clone(),
        (None, Some(_)) => output.clone(),
    }
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
