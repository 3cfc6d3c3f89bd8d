//! What training makes small: a loss of the table, or one of one's own.

use std::fmt;
use std::sync::Arc;

use chainrule_core::Expr;

use crate::losses::{Finish, Loss, Output};

/// A value of each row, and what is done to its mean.
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
    classes: bool,
}

type PerRow = dyn Fn(&Expr, &Expr) -> Expr + Send + Sync;

impl Criterion {
    /// A loss of one's own: from the target and the network's output of a row to one number.
    pub fn new(
        name: &str,
        finish: Finish,
        per_row: impl Fn(&Expr, &Expr) -> Expr + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.to_owned(), per_row: Arc::new(per_row), finish, classes: false }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value of each row.
    pub(crate) fn per_row(&self, target: &Expr, output: &Expr) -> Expr {
        (self.per_row)(target, output)
    }

    /// Whether a target of one column is the number of a class.
    pub(crate) fn has_classes(&self) -> bool {
        self.classes
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
        let classes = loss.output == Output::Logits;
        Self { classes, ..Self::new(loss.name, loss.finish, loss.trained_per_row) }
    }
}

impl fmt::Debug for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Criterion({})", self.name)
    }
}
