//! What training makes small: a loss of the table, or one of one's own.

use std::fmt;
use std::sync::Arc;

use chainrule_core::Expr;

use crate::error::{ErrorKind, Result};
use crate::losses::{self, Finish, Loss, Output, TargetScale};

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
    scale: TargetScale,
}

type PerRow = dyn Fn(&Expr, &Expr) -> Expr + Send + Sync;

impl Criterion {
    /// A loss of one's own: from the target and the network's output of a row to one number.
    pub fn new(
        name: &str,
        finish: Finish,
        per_row: impl Fn(&Expr, &Expr) -> Expr + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.to_owned(),
            per_row: Arc::new(per_row),
            finish,
            output: Output::Prediction,
            scale: TargetScale::Standard,
        }
    }

    /// A loss of the table for a network whose output means `output`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidSetting`] if the loss does not suit such an output.
    pub fn named(settings: losses::Settings, output: Output) -> Result<Self> {
        let loss = settings.member();
        if !loss.outputs.contains(&output) {
            let table = losses::LOSSES.iter().filter(|loss| loss.outputs.contains(&output));
            let suited: Vec<&str> = table.map(|loss| loss.name).collect();
            let (value, expected) = (loss.name.to_owned(), suited.join(", "));
            let expected = format!("one for {}: {expected}", output.describe());
            return Err(ErrorKind::InvalidSetting { option: "loss", value, expected }.into());
        }
        Ok(Self { output, ..Self::from(settings) })
    }

    /// The name, with the settings that are not the defaults.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the network's output means.
    pub fn output(&self) -> Output {
        self.output
    }

    /// The units in which it is trained.
    pub fn scale(&self) -> TargetScale {
        self.scale
    }

    /// The value of each row.
    pub(crate) fn per_row(&self, target: &Expr, output: &Expr) -> Expr {
        (self.per_row)(target, output)
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
        let loss = settings.member();
        let output = loss.outputs.first().copied().unwrap_or(Output::Prediction);
        let name = settings.to_string();
        let per_row = move |y: &Expr, output: &Expr| settings.trained_per_row(y, output);
        Self { output, scale: loss.scale, ..Self::new(&name, loss.finish, per_row) }
    }
}

impl fmt::Debug for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Criterion({})", self.name)
    }
}
