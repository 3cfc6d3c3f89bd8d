//! What training makes small: a loss of the table, or one of one's own.

use std::fmt;
use std::sync::Arc;

use chainrule_core::Expr;
use chainrule_core::graph::substitute;

use crate::activations;
use crate::error::{ErrorKind, Result};
use crate::formula::Formula;
use crate::losses::{self, Finish, Form, Loss, Output, TargetScale, Units};

/// A value of each row, what is done to its mean, and what it takes the network's output for.
///
/// ```
/// use chainrule::losses::{Finish, loss};
/// use chainrule::{Criterion, Expr};
/// let named: Criterion = loss("mse").unwrap().into();
/// let own = Criterion::new("quartic", Finish::Mean, |y, p| (p - y).powf(4.0).sum(0));
/// # let _ = (named, own);
/// ```
#[derive(Clone)]
pub struct Criterion {
    name: String,
    per_row: Arc<PerRow>,
    finish: Finish,
    output: Output,
    scales: &'static [TargetScale],
    scale: TargetScale,
    units: Units,
}

type PerRow = dyn Fn(&Expr, &Expr, &Units) -> Expr + Send + Sync;

impl Criterion {
    /// A loss of one's own: from the target and the network's output of a row to one number.
    pub fn new(
        name: &str,
        finish: Finish,
        per_row: impl Fn(&Expr, &Expr) -> Expr + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.to_owned(),
            per_row: Arc::new(move |y, output, _| per_row(y, output)),
            finish,
            output: Output::Prediction,
            scales: &TargetScale::ALL,
            scale: TargetScale::Standard,
            units: Units::default(),
        }
    }

    /// A loss of the table for a network whose output means `output`, or something else that suits
    /// the same targets.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidSetting`] if the loss does not suit such an output.
    pub fn named(settings: losses::Settings, output: Output) -> Result<Self> {
        let form = settings.form(output)?;
        Ok(Self::of(settings, form))
    }

    fn of(settings: losses::Settings, form: &'static Form) -> Self {
        let (name, loss) = (settings.to_string(), settings.member());
        let per_row =
            move |y: &Expr, output: &Expr, units: &Units| form.trained(y, output, &settings, units);
        Self {
            name,
            per_row: Arc::new(per_row),
            finish: loss.finish,
            output: form.output,
            scales: loss.scales,
            scale: loss.scales[0],
            units: Units::default(),
        }
    }

    /// A loss that is typed: a formula of the target `y` and the prediction `p`, for each output,
    /// of which the mean is taken; its units are those of mse.
    ///
    /// For two classes `y` is 0 or 1, `z` the logit and `p` its sigmoid. For more `y` is 1 for the
    /// row's class and 0 for the others (or the probabilities), `z` are the logits and `p` their
    /// softmax.
    ///
    /// # Errors
    /// [`chainrule_core::ErrorKind::Formula`], with the place in the text.
    ///
    /// ```
    /// use chainrule::{Criterion, losses::Output};
    /// let pinball = "where(y > p, 0.9*(y - p), 0.1*(p - y))";
    /// let typed = Criterion::formula(pinball, Output::Prediction).unwrap();
    /// assert_eq!(typed.name(), pinball);
    /// assert!(Criterion::formula("-y*log(p) - (1 - y)*log(1 - p)", Output::Logit).is_ok());
    /// assert!(Criterion::formula("(y - z)^2", Output::Prediction).is_err());
    /// ```
    pub fn formula(text: &str, output: Output) -> Result<Self> {
        let classes = matches!(output, Output::Logit | Output::Logits);
        let formula = Formula::new(text, if classes { &["y", "p", "z"] } else { &["y", "p"] })?;
        let name = formula.text().to_owned();
        let per_row = move |y: &Expr, z: &Expr| typed(&formula, output, y, z);
        let typed = Self::new(&name, Finish::Mean, per_row);
        Ok(match classes {
            true => {
                Self { output, scales: &[TargetScale::None], scale: TargetScale::None, ..typed }
            }
            false => typed,
        })
    }

    /// A loss of the table by its name and settings, or a typed one.
    ///
    /// # Errors
    /// As [`Criterion::named`] and [`Criterion::formula`];
    /// [`UnknownName`](ErrorKind::UnknownName), with the nearest name.
    pub fn parse(text: &str, output: Output) -> Result<Self> {
        match Formula::is_one(text) {
            true => Self::formula(text, output),
            false => Self::named(losses::Settings::parse(text)?, output),
        }
    }

    /// The name, with the settings that are not the defaults.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the network's output means.
    pub fn output(&self) -> Output {
        self.output
    }

    /// How the target is scaled for it.
    pub fn scale(&self) -> TargetScale {
        self.scale
    }

    /// The same with the target scaled otherwise.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidSetting`] for a scale that the loss does not have.
    ///
    /// ```
    /// use chainrule::{Criterion, losses::{TargetScale, loss}};
    /// let mse: Criterion = loss("mse").unwrap().into();
    /// assert!(mse.with_scale(TargetScale::None).is_ok());
    /// let rmsle: Criterion = loss("rmsle").unwrap().into();
    /// assert!(rmsle.with_scale(TargetScale::None).is_err());
    /// ```
    pub fn with_scale(self, scale: TargetScale) -> Result<Self> {
        if self.scales.contains(&scale) {
            return Ok(Self { scale, ..self });
        }
        let names: Vec<&str> = self.scales.iter().map(|scale| scale.name()).collect();
        let expected = match self.output {
            Output::Logit | Output::Logits => "left out: classes are not scaled".to_owned(),
            _ => format!("{} with {}", names.join(" or "), self.name),
        };
        let (option, value) = ("target scale", scale.name().to_owned());
        Err(ErrorKind::InvalidSetting { option, value, expected }.into())
    }

    /// The same for a target whose numbers lie there: losses in the target's own units need to
    /// know.
    #[must_use]
    pub fn in_units(self, units: Units) -> Self {
        Self { units, ..self }
    }

    /// Where the numbers of the target lie.
    pub(crate) fn units(&self) -> &Units {
        &self.units
    }

    /// The value of each row, from the target as it is scaled and the network's output.
    pub fn per_row(&self, target: &Expr, output: &Expr) -> Expr {
        (self.per_row)(target, output, &self.units)
    }

    /// Whether a target of one column is the number of a class.
    pub(crate) fn has_classes(&self) -> bool {
        self.output == Output::Logits
    }

    /// The loss of a mean.
    pub(crate) fn finish(&self, mean: f64) -> f64 {
        self.finish.number(mean)
    }

    /// What the gradient of the mean is multiplied by, if not by 1.
    pub(crate) fn slope(&self, mean: &Expr) -> Option<Expr> {
        match self.finish {
            Finish::Mean => None,
            Finish::Root => Some(self.finish.factor(mean)),
        }
    }
}

impl From<&'static Loss> for Criterion {
    fn from(loss: &'static Loss) -> Self {
        losses::Settings::from(loss).into()
    }
}

/// The loss for the first output that it suits.
impl From<losses::Settings> for Criterion {
    fn from(settings: losses::Settings) -> Self {
        let form = &settings.member().forms[0];
        Self::of(settings, form)
    }
}

/// The value of a row by a formula.
///
/// It is built on names first, so that its forms are made stable and the network's are left alone.
fn typed(formula: &Formula, output: Output, target: &Expr, z: &Expr) -> Expr {
    if let Some(poisoned) = [target, z].into_iter().find(|operand| operand.error().is_some()) {
        return poisoned.clone();
    }
    let (y_name, z_name) = (Expr::input("y", target.shape()), Expr::input("z", z.shape()));
    let logits = output == Output::Logits && target.shape().elements() == 1;
    let y = match logits {
        true => one_hot(&y_name, z.shape().elements()),
        false => losses::aligned(&y_name, &z_name),
    };
    let p = match output {
        Output::Prediction | Output::Direction | Output::Rate | Output::Normal => z_name.clone(),
        Output::Logit => z_name.clone().sigmoid(),
        Output::Logits => activations::softmax(&z_name),
    };
    let value = formula.of(&[("y", y), ("p", p), ("z", z_name.clone())]);
    let value = losses::mean_of_outputs(value);
    let (target, z) = (target.clone(), z.clone());
    substitute(&value, &[(y_name, target), (z_name, z)])
        .unwrap_or_else(|error| error.kind().clone().into())
}

/// 1 at the number of the class, 0 elsewhere.
fn one_hot(class: &Expr, classes: usize) -> Expr {
    Expr::iota(&[classes], 0).equals(class.clone().reshape(&[1]))
}

impl fmt::Debug for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Criterion({})", self.name)
    }
}
