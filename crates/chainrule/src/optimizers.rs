//! Optimizers: how a step changes each parameter, given its gradient.
//!
//! An update rule is a graph from a parameter, its gradient and the optimizer's own state to the
//! new parameter and state, so it is compiled and fused like everything else. To add one, write
//! its row in [`OPTIMIZERS`]; the row gives it its name everywhere, its settings, its help and its
//! tests.

use chainrule_core::Expr;

use crate::error::{Result, by_name};
use crate::settings::{Chosen, Member};
pub use crate::settings::{Range, Setting};

/// A rule by which a step changes each parameter.
#[derive(Clone, Copy, Debug)]
pub struct Optimizer {
    /// The name on the command line and in files.
    pub name: &'static str,
    /// What a step does, with w the parameter, g its gradient, lr the learning rate, t the step.
    pub formula: &'static str,
    /// What it is and when to use it.
    pub about: &'static str,
    /// What can be set, besides the learning rate.
    pub settings: &'static [Setting],
    /// The learning rate unless another is given.
    pub default_learning_rate: f64,
    /// The names of what it keeps for each parameter: the parameter's shape, and 0 at first.
    pub states: fn(&Settings) -> &'static [&'static str],
    /// The new parameter and the new states, from those before.
    pub update: fn(&Update<'_>) -> (Expr, Vec<Expr>),
    /// Steps from a known start, exact to the last bits.
    pub points: [Steps; 2],
}

/// What a step knows of one parameter.
#[derive(Clone, Copy, Debug)]
pub struct Update<'a> {
    /// The parameter before the step.
    pub parameter: &'a Expr,
    /// The gradient of the loss by it.
    pub gradient: &'a Expr,
    /// The states, in the order of their names.
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

    /// The names of what the optimizer keeps for each parameter.
    pub fn states(&self) -> &'static [&'static str] {
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

/// Every optimizer.
pub const OPTIMIZERS: &[Optimizer] = &[
    Optimizer {
        name: "sgd",
        formula: "w = w - lr*g; with momentum: v = momentum*v + (1 - dampening)*g, w = w - lr*v",
        about: "Stochastic gradient descent: the plain rule; with a momentum of 0.9 and a learning \
                rate found by trying, often the best in the end.",
        settings: &[
            Setting {
                name: "momentum",
                default: 0.0,
                range: Range::Fraction,
                needs: None,
                about: "The share of the last step's direction that is kept.",
            },
            Setting {
                name: "dampening",
                default: 0.0,
                range: Range::Fraction,
                needs: Some("momentum"),
                about: "What is taken off the gradient before it joins the direction; not off the \
                        first, which is the direction.",
            },
            Setting {
                name: "nesterov",
                default: 0.0,
                range: Range::Flag,
                needs: Some("momentum"),
                about: "Whether to go one direction further ahead: w = w - lr*(g + momentum*v).",
            },
            WEIGHT_DECAY,
        ],
        default_learning_rate: 0.01,
        states: |settings| match settings.value("momentum") {
            0.0 => &[],
            _ => &["momentum"],
        },
        update: sgd,
        points: [
            Steps {
                given: &[],
                learning_rate: 0.5,
                start: 1.0,
                gradients: &[0.5, -2.0],
                after: &[0.75, 1.75],
            },
            Steps {
                given: &[("momentum", 0.5), ("dampening", 0.5), ("weight_decay", 1.0)],
                learning_rate: 0.25,
                start: 4.0,
                gradients: &[4.0, 2.0],
                after: &[2.0, 0.5],
            },
        ],
    },
    Optimizer {
        name: "adam",
        formula: "m = beta1*m + (1 - beta1)*g, v = beta2*v + (1 - beta2)*g^2, \
                  w = w - lr*(m/(1 - beta1^t))/(sqrt(v/(1 - beta2^t)) + epsilon)",
        about: "Adaptive moments: each parameter has a step of its own size, so that one learning \
                rate suits most networks. Kingma and Ba, 2015.",
        settings: &[BETA1, BETA2, EPSILON, WEIGHT_DECAY],
        default_learning_rate: 0.001,
        states: |_| &["mean", "square"],
        update: |given| {
            let settings = given.settings;
            let gradient = decayed(given.gradient, settings.value("weight_decay"), given.parameter);
            adaptive(given, &gradient, given.parameter.clone())
        },
        points: [
            // The first step is lr, whatever the gradient (but for epsilon).
            Steps {
                given: &[],
                learning_rate: 0.125,
                start: 1.0,
                gradients: &[-3.0, 0.0],
                after: &[1.124_999_999_583_333_3, 1.208_757_280_955_467],
            },
            Steps {
                given: &[("beta1", 0.5), ("beta2", 0.0), ("epsilon", 1.0)],
                learning_rate: 0.5,
                start: 1.0,
                gradients: &[3.0, -1.0],
                after: &[0.625, 0.541_666_666_666_666_7],
            },
        ],
    },
    Optimizer {
        name: "adamw",
        formula: "w = w - lr*weight_decay*w, then as adam",
        about: "Adam with the weights drawn to 0 apart from the gradient: the choice that needs \
                least tuning. Loshchilov and Hutter, 2019.",
        settings: &[BETA1, BETA2, EPSILON, Setting { default: 0.01, ..WEIGHT_DECAY }],
        default_learning_rate: 0.001,
        states: |_| &["mean", "square"],
        update: |given| {
            let decay = given.settings.value("weight_decay");
            let parameter = match decay {
                0.0 => given.parameter.clone(),
                _ => given.parameter * (1.0 - given.learning_rate * decay),
            };
            adaptive(given, given.gradient, parameter)
        },
        points: [
            Steps {
                given: &[("weight_decay", 0.5)],
                learning_rate: 0.5,
                start: 8.0,
                gradients: &[0.0, 0.0],
                after: &[6.0, 4.5],
            },
            Steps {
                given: &[("beta1", 0.0), ("beta2", 0.0), ("epsilon", 1.0), ("weight_decay", 0.25)],
                learning_rate: 0.5,
                start: 1.0,
                gradients: &[3.0, -1.0],
                after: &[0.5, 0.6875],
            },
        ],
    },
    Optimizer {
        name: "adagrad",
        formula: "s = s + g^2, w = w - lr*g/(sqrt(s) + epsilon)",
        about: "Steps that shrink with what each weight has seen: for sparse features. Duchi, Hazan \
                and Singer, 2011; as PyTorch has it.",
        settings: &[Setting { default: 1e-10, ..EPSILON }, WEIGHT_DECAY],
        default_learning_rate: 0.01,
        states: |_| &["square"],
        update: |given| {
            let [square] = given.states else { return (given.parameter.clone(), Vec::new()) };
            let decay = given.settings.value("weight_decay");
            let gradient = decayed(given.gradient, decay, given.parameter);
            let square = square + &gradient * &gradient;
            let size = square.clone().sqrt() + given.settings.value("epsilon");
            (given.parameter - given.learning_rate * gradient / size, vec![square])
        },
        points: [
            Steps {
                given: &[("epsilon", 1.0)],
                learning_rate: 0.5,
                start: 1.0,
                gradients: &[3.0, 4.0],
                after: &[0.625, 0.291_666_666_666_666_7],
            },
            Steps {
                given: &[("epsilon", 1.0), ("weight_decay", 0.5)],
                learning_rate: 1.0,
                start: 2.0,
                gradients: &[0.0],
                after: &[1.5],
            },
        ],
    },
];

const BETA1: Setting = Setting {
    name: "beta1",
    default: 0.9,
    range: Range::Fraction,
    needs: None,
    about: "How much of the mean gradient is kept at each step.",
};

const BETA2: Setting = Setting {
    name: "beta2",
    default: 0.999,
    range: Range::Fraction,
    needs: None,
    about: "How much of the mean squared gradient is kept at each step.",
};

const EPSILON: Setting = Setting {
    name: "epsilon",
    default: 1e-8,
    range: Range::Positive,
    needs: None,
    about: "What is added to the root of the mean square, so that a gradient of nearly 0 makes no \
            step.",
};

const WEIGHT_DECAY: Setting = Setting {
    name: "weight_decay",
    default: 0.0,
    range: Range::NotNegative,
    needs: None,
    about: "How strongly each weight is drawn to 0.",
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

/// PyTorch's rule: the first direction is the first gradient, which dampening leaves alone.
fn sgd(given: &Update<'_>) -> (Expr, Vec<Expr>) {
    let Update { parameter, gradient, states, learning_rate, step, settings } = *given;
    let momentum = settings.value("momentum");
    let dampening = settings.value("dampening");
    let gradient = decayed(gradient, settings.value("weight_decay"), parameter);
    let Some(before) = states.first() else {
        return (parameter - learning_rate * gradient, Vec::new());
    };
    let direction = match dampening {
        0.0 => momentum * before + &gradient,
        _ => {
            let later = momentum * before + (1.0 - dampening) * &gradient;
            step.clone().equals(1.0).select(&gradient, later)
        }
    };
    let along = match settings.value("nesterov") {
        0.0 => direction.clone(),
        _ => gradient + momentum * &direction,
    };
    (parameter - learning_rate * along, vec![direction])
}

/// The gradient of the loss with ½ · decay · w² added to it.
fn decayed(gradient: &Expr, decay: f64, parameter: &Expr) -> Expr {
    match decay {
        0.0 => gradient.clone(),
        _ => gradient + decay * parameter,
    }
}

/// Adam's step from `parameter`: both moments corrected for their start at 0, ε outside the root.
fn adaptive(given: &Update<'_>, gradient: &Expr, parameter: Expr) -> (Expr, Vec<Expr>) {
    let [mean, square] = given.states else { return (parameter, Vec::new()) };
    let [beta1, beta2] = ["beta1", "beta2"].map(|name| given.settings.value(name));
    let mean = mean + (1.0 - beta1) * (gradient - mean);
    let square = beta2 * square + (1.0 - beta2) * (gradient * gradient);
    // 1 − βᵗ with every digit, in f32 too, where β = 0.999 has lost the fifth digit of 1 − β.
    let kept = |beta: f64| -(given.step * libm::log(beta)).expm1();
    let rate = given.learning_rate / kept(beta1);
    let correction = 1.0 / kept(beta2).sqrt();
    let size = square.clone().sqrt() * correction + given.settings.value("epsilon");
    (parameter - rate * &mean / size, vec![mean, square])
}
