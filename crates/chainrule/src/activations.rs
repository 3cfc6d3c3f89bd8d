//! Activations: what a layer does to each of its weighted sums, or to a row of them.
//!
//! To add one, write its row in [`ACTIVATIONS`]: the body as an expression, the formula, when to
//! use it, two exact points. The row gives it its name everywhere, its help and its tests.

mod choice;

use chainrule_core::function::FunctionRow;
use chainrule_core::op::{Along, Reduction};
use chainrule_core::{Expr, Words};
pub use choice::Choice;

use crate::error::{Result, by_name};

/// A named function that a layer may end with.
#[derive(Clone, Copy, Debug)]
pub struct Activation {
    /// Its name, formula, LaTeX and body; its points, if it is elementwise.
    pub function: FunctionRow,
    /// When to use it, in one sentence.
    pub use_it: Words,
    /// The numbers that it learns, after x: their names and first values, one each for a layer.
    pub learned: &'static [(&'static str, f64)],
    /// Whether each output depends on its own input alone.
    pub elementwise: bool,
    /// Points (x, f(x)) of a function of a whole row, exact to the last bits; none if elementwise.
    pub row_points: &'static [(&'static [f64], &'static [f64])],
}

impl Activation {
    /// The name in formulas, on the command line and in model files.
    pub fn name(&self) -> &'static str {
        self.function.name
    }

    /// The activation of `x`, under its name; of a row, along its last axis.
    ///
    /// A function of a whole row poisons the result if `x` is a single number, and one that
    /// learns does always: see [`apply_with`](Self::apply_with).
    #[track_caller]
    pub fn apply(&self, x: &Expr) -> Expr {
        self.apply_with(x, &[])
    }

    /// The activation of `x` with the numbers that it learns, as [`learned`](Self::learned) lists
    /// them.
    #[track_caller]
    pub fn apply_with(&self, x: &Expr, learned: &[Expr]) -> Expr {
        self.function.call(&[std::slice::from_ref(x), learned].concat())
    }
}

/// Every activation.
pub const ACTIVATIONS: &[Activation] = &[
    Activation {
        function: FunctionRow {
            name: "linear",
            parameters: &["x"],
            defaults: &[],
            build: |x| x[0].clone(),
            doc: Words {
                english: "The number as it is, from −∞ to ∞.",
                korean: "수를 그대로 둔다. −∞부터 ∞까지다.",
            },
            formula: "x",
            domain: "-inf < x < inf",
            range: "-inf < y < inf",
            latex: None,
            points: &[(&[-2.5], -2.5), (&[1e6], 1e6)],
        },
        use_it: Words {
            english: "For the output layer when the target is a number.",
            korean: "목표가 수일 때 출력층에 쓴다.",
        },
        learned: &[],
        elementwise: true,
        row_points: &[],
    },
    Activation {
        function: FunctionRow {
            name: "sigmoid",
            parameters: &["x"],
            defaults: &[],
            build: |x| x[0].clone().sigmoid(),
            doc: Words {
                english: "1/(1 + e⁻ˣ), from 0 to 1.",
                korean: "1/(1 + e⁻ˣ). 0부터 1까지다.",
            },
            formula: "1/(1 + exp(-x))",
            domain: "-inf < x < inf",
            range: "0 < y < 1",
            latex: Some(r"\sigma"),
            points: &[(&[0.0], 0.5), (&[1.0], 0.731_058_578_630_004_9)],
        },
        use_it: Words {
            english: "For the output layer when the target has two classes: the probability of the \
                 second.",
            korean: "목표가 두 클래스일 때 출력층에 쓴다. 두 번째 클래스의 확률이다.",
        },
        learned: &[],
        elementwise: true,
        row_points: &[],
    },
    Activation {
        function: FunctionRow {
            name: "relu",
            parameters: &["x"],
            defaults: &[],
            // The tie at 0 goes to the first operand, so that relu′(0) = 0.
            build: |x| Expr::constant(0.0).max(&x[0]),
            doc: Words {
                english: "x where it is positive, else 0; its derivative at 0 is 0.",
                korean: "x가 양수이면 x, 아니면 0이다. 0에서의 미분은 0이다.",
            },
            formula: "max(0, x)",
            domain: "-inf < x < inf",
            range: "0 <= y < inf",
            latex: None,
            points: &[(&[-3.0], 0.0), (&[2.5], 2.5)],
        },
        use_it: Words {
            english: "For hidden layers: the fastest, and the usual choice.",
            korean: "은닉층에 쓴다. 가장 빠르고 흔한 선택이다.",
        },
        learned: &[],
        elementwise: true,
        row_points: &[],
    },
    Activation {
        function: FunctionRow {
            name: "tanh",
            parameters: &["x"],
            defaults: &[],
            build: |x| x[0].clone().tanh(),
            doc: Words {
                english: "The hyperbolic tangent, from −1 to 1.",
                korean: "쌍곡탄젠트. −1부터 1까지다.",
            },
            formula: "tanh(x)",
            domain: "-inf < x < inf",
            range: "-1 < y < 1",
            latex: Some(r"\tanh"),
            points: &[(&[0.0], 0.0), (&[0.5], 0.462_117_157_260_009_8)],
        },
        use_it: Words {
            english: "For hidden layers of small or recurrent networks: smooth, and centred on 0.",
            korean: "작은 망이나 순환 망의 은닉층에 쓴다. 매끄럽고 0이 중심이다.",
        },
        learned: &[],
        elementwise: true,
        row_points: &[],
    },
    Activation {
        function: FunctionRow {
            name: "softplus",
            parameters: &["x"],
            defaults: &[],
            build: |x| x[0].clone().softplus(),
            doc: Words {
                english: "log(1 + eˣ): relu with a smooth bend, above 0 everywhere.",
                korean: "log(1 + eˣ). 매끄럽게 꺾이는 relu로, 어디서나 0보다 크다.",
            },
            formula: "log(1 + exp(x))",
            domain: "-inf < x < inf",
            range: "0 < y < inf",
            latex: None,
            points: &[(&[0.0], std::f64::consts::LN_2), (&[1.0], 1.313_261_687_518_222_8)],
        },
        use_it: Words {
            english: "For hidden layers that must be smooth, and for outputs that must be positive.",
            korean: "매끄러워야 하는 은닉층과, 양수여야 하는 출력에 쓴다.",
        },
        learned: &[],
        elementwise: true,
        row_points: &[],
    },
    Activation {
        function: FunctionRow {
            name: "softmax",
            parameters: &["x"],
            defaults: &[],
            build: |x| softmax(&x[0]),
            doc: Words {
                english: "A row's shares eˣ/Σeˣ: from 0 to 1, with sum 1. An entry −∞ has share 0; a row \
                  of nothing else, or with +∞, is NaN.",
                korean: "행에서 차지하는 비율 eˣ/Σeˣ. 0부터 1까지이고 합은 1이다. −∞의 비율은 0이고, −∞뿐이거나 +∞가 있는 행은 NaN이다.",
            },
            formula: "exp(x - logsumexp(x, axis=0))",
            domain: "-inf < x < inf",
            range: "0 < y < 1",
            latex: None,
            points: &[],
        },
        use_it: Words {
            english: "For the output layer when the target has more than two classes: the probability \
                 of each.",
            korean: "목표가 세 클래스 이상일 때 출력층에 쓴다. 각 클래스의 확률이다.",
        },
        learned: &[],
        elementwise: false,
        row_points: &[
            (&[0.0, 0.0, 0.0, 0.0], &[0.25, 0.25, 0.25, 0.25]),
            (&[0.0, 1.0], &[0.268_941_421_369_995_1, 0.731_058_578_630_004_9]),
        ],
    },
];

/// The functions of [`ACTIVATIONS`], for the scope of a formula.
pub const FUNCTIONS: &[FunctionRow] = &{
    let mut functions = [ACTIVATIONS[0].function; ACTIVATIONS.len()];
    let mut i = 1;
    while i < functions.len() {
        functions[i] = ACTIVATIONS[i].function;
        i += 1;
    }
    functions
};

/// The activation of a name.
///
/// # Errors
/// [`UnknownName`](crate::ErrorKind::UnknownName), with the nearest name.
///
/// ```
/// use chainrule::activations::activation;
/// use chainrule_core::Expr;
/// let relu = activation("relu").unwrap();
/// assert_eq!(relu.apply(&Expr::variable("z")).to_string(), "relu(z)");
/// let error = activation("Relu").unwrap_err();
/// assert!(error.to_string().contains("relu"));
/// ```
pub fn activation(name: &str) -> Result<&'static Activation> {
    by_name("activation", ACTIVATIONS, Activation::name, name)
}

/// exp(x − log Σ eˣ) along the last axis.
///
/// Shifted first: log Σ eˣ of a row of thousands has no digits left for the shares. The shift
/// changes no share, so its derivative need not be followed.
pub(crate) fn softmax(x: &Expr) -> Expr {
    let last = Along::Axis(x.shape().rank().saturating_sub(1));
    let shifted = x - spread(x.clone().reduce(Reduction::Max, last).stop_gradient());
    let total = spread(shifted.clone().reduce(Reduction::LogSumExp, last));
    (shifted - total).exp()
}

/// A value reduced along the last axis, to be combined with what it was reduced from.
fn spread(reduced: Expr) -> Expr {
    let dims = reduced.shape().dims;
    if dims.is_empty() { reduced } else { reduced.reshape(&[&dims[..], &[1]].concat()) }
}
