//! Optimizers: how a step changes each parameter, given its gradient.
//!
//! An update rule is a graph from a parameter, its gradient and the optimizer's own state to the
//! new parameter and state, so it is compiled and fused like everything else. To add one, write
//! its row in the file of its kind; the row gives it its name everywhere, its settings, its help
//! and its tests. Where tools disagree on a form or a default, it is PyTorch's, and the row says so.

mod descent;
mod moments;
mod squares;
pub(crate) mod terms;

use chainrule_core::{Expr, Shape, Words};

use crate::error::{Result, by_name};
use crate::lbfgs;
use crate::settings::{Chosen, Member};
pub use crate::settings::{Range, Setting};

/// Every optimizer.
pub const OPTIMIZERS: &[Optimizer] = &ALL;

const KINDS: [&[Optimizer]; 4] = [descent::ROWS, moments::ROWS, squares::ROWS, lbfgs::ROWS];

const COUNT: usize = KINDS[0].len() + KINDS[1].len() + KINDS[2].len() + KINDS[3].len();

/// The rows of every kind, one after the other.
const ALL: [Optimizer; COUNT] = {
    let mut all = [KINDS[0][0]; COUNT];
    let (mut kind, mut row, mut place) = (0, 0, 0);
    while kind < KINDS.len() {
        while row < KINDS[kind].len() {
            all[place] = KINDS[kind][row];
            row += 1;
            place += 1;
        }
        row = 0;
        kind += 1;
    }
    all
};

/// The optimizer of a name.
///
/// # Errors
/// [`UnknownName`](crate::ErrorKind::UnknownName), with the nearest name.
///
/// ```
/// use chainrule::optimizers::optimizer;
/// assert_eq!(optimizer("adamw").unwrap().default_learning_rate, 0.001);
/// assert!(optimizer("adma").unwrap_err().to_string().contains("adam"));
/// ```
pub fn optimizer(name: &str) -> Result<&'static Optimizer> {
    by_name("optimizer", OPTIMIZERS, |optimizer| optimizer.name, name)
}

/// A rule by which training changes each parameter.
#[derive(Clone, Copy, Debug)]
pub struct Optimizer {
    /// The name on the command line and in files.
    pub name: &'static str,
    /// What a step does, with w the parameter, g its gradient, lr the learning rate, t the step.
    pub formula: &'static str,
    /// What it is and when to use it.
    pub about: Words,
    /// What can be set, besides the learning rate.
    pub settings: &'static [Setting],
    /// The learning rate unless another is given.
    pub default_learning_rate: f64,
    /// What it keeps of each parameter from step to step.
    pub states: fn(&Settings) -> &'static [State],
    /// The new parameter and the new states, from those before; none for a solver, which looks at
    /// all parameters and all rows at once: [`crate::lbfgs`].
    pub update: Option<Rule>,
    /// Steps from a known start, exact to the last bits; none for a solver.
    pub points: &'static [Steps],
}

/// The new parameter and the new states of a step, as expressions.
pub type Rule = fn(&Update<'_>) -> (Expr, Vec<Expr>);

/// What an optimizer keeps of a parameter from step to step; it starts at 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Its name.
    pub name: &'static str,
    /// Whether it is one number for the whole parameter, or one for each element.
    pub single: bool,
}

impl State {
    /// One number for each element of the parameter.
    pub(super) const fn of_each(name: &'static str) -> Self {
        Self { name, single: false }
    }

    /// The expression that stands for it, of a parameter of these dimensions.
    pub fn input(&self, name: &str, dims: &[usize]) -> Expr {
        Expr::input(name, Shape::shared(if self.single { &[] } else { dims }))
    }
}

/// What a step knows of one parameter.
#[derive(Clone, Copy, Debug)]
pub struct Update<'a> {
    /// The parameter before the step.
    pub parameter: &'a Expr,
    /// The gradient of the loss by it.
    pub gradient: &'a Expr,
    /// The states, in the order of [`Settings::states`].
    pub states: &'a [Expr],
    /// The learning rate: one shared number.
    pub learning_rate: &'a Expr,
    /// The number of the step, one shared number: 1 for the first.
    pub step: &'a Expr,
    /// The values of the settings.
    pub settings: &'a Settings,
}

/// Steps of one number from a known start: what the tests of the family go through.
#[derive(Clone, Copy, Debug)]
pub struct Steps {
    /// The settings that are given, by name.
    pub given: &'static [(&'static str, f64)],
    /// The learning rate.
    pub learning_rate: f64,
    /// The parameter before the first step.
    pub start: f64,
    /// The gradient at each step.
    pub gradients: &'static [f64],
    /// The parameter after each step.
    pub after: &'static [f64],
}

/// An optimizer with the values of its settings.
pub type Settings = Chosen<Optimizer>;

impl Settings {
    /// The optimizer whose settings these are.
    pub fn optimizer(&self) -> &'static Optimizer {
        self.member()
    }

    /// What the optimizer keeps of each parameter.
    pub fn states(&self) -> &'static [State] {
        (self.optimizer().states)(self)
    }
}

impl Member for Optimizer {
    const FAMILY: &'static str = "optimizer";
    const SETTING: &'static str = "optimizer setting";

    fn table() -> &'static [Self] {
        OPTIMIZERS
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn settings(&self) -> &'static [Setting] {
        self.settings
    }
}
