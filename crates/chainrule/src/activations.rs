//! Activations: what a layer does to each of its weighted sums, or to a row of them.
//!
//! To add one, write its row in [`ACTIVATIONS`]: the body as an expression, the formula, when to
//! use it, two exact points. The row gives it its name everywhere, its help and its tests.

mod choice;

use chainrule_core::function::FunctionRow;
use chainrule_core::op::{Along, Reduction, Unary};
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

/// What most rows have in common: they are elementwise and learn nothing.
const ROW: Activation = Activation {
    function: FunctionRow::OF_A_NUMBER,
    use_it: Words { english: "", korean: "" },
    learned: &[],
    elementwise: true,
    row_points: &[],
};

/// Every activation.
pub const ACTIVATIONS: &[Activation] = &[
    Activation {
        function: FunctionRow {
            name: "linear",
            parameters: &["x", "a", "b"],
            defaults: &[1.0, 0.0],
            build: linear,
            doc: Words {
                english: "The linear function a·x + b; by default x as it is.",
                korean: "일차함수 a·x + b. 따로 정하지 않으면 x 그대로다.",
            },
            formula: "a*x + b",
            points: &[(&[-2.5], -2.5), (&[1e6], 1e6), (&[3.0, 2.0, 0.5], 6.5)],
            ..FunctionRow::OF_A_NUMBER
        },
        use_it: Words {
            english: "For the output layer when the target is a number.",
            korean: "목표가 수일 때 출력층에 쓴다.",
        },
        ..ROW
    },
    Activation {
        function: FunctionRow {
            name: "sigmoid",
            build: |x| x[0].clone().sigmoid(),
            doc: Words {
                english: "1/(1 + e⁻ˣ), from 0 to 1.",
                korean: "1/(1 + e⁻ˣ). 0과 1 사이의 값이다.",
            },
            formula: "1/(1 + exp(-x))",
            range: "0 < y < 1",
            latex: Some(r"\sigma"),
            points: &[(&[0.0], 0.5), (&[1.0], 0.731_058_578_630_004_9)],
            ..FunctionRow::OF_A_NUMBER
        },
        use_it: Words {
            english: "For the output layer when the target has two classes: the probability of \
                      the second.",
            korean: "목표가 두 클래스일 때 출력층에 쓴다. 둘째 클래스의 확률이 된다.",
        },
        ..ROW
    },
    Activation {
        function: FunctionRow {
            name: "relu",
            // The tie at 0 goes to the first operand, so that relu′(0) = 0.
            build: |x| Expr::constant(0.0).max(&x[0]),
            doc: Words {
                english: "x where it is positive, else 0; its derivative at 0 counts as 0.",
                korean: "양수면 x, 아니면 0이다. 0에서의 미분계수는 0으로 한다.",
            },
            formula: "max(0, x)",
            range: "0 <= y < inf",
            points: &[(&[-3.0], 0.0), (&[2.5], 2.5)],
            ..FunctionRow::OF_A_NUMBER
        },
        use_it: Words {
            english: "For hidden layers: the fastest, and the usual choice.",
            korean: "은닉층에 쓴다. 계산이 가장 빠르고 가장 흔히 쓴다.",
        },
        ..ROW
    },
    Activation {
        function: FunctionRow {
            name: "tanh",
            build: |x| x[0].clone().tanh(),
            doc: Words {
                english: "The hyperbolic tangent, from −1 to 1.",
                korean: "쌍곡탄젠트. −1과 1 사이의 값이다.",
            },
            formula: "tanh(x)",
            range: "-1 < y < 1",
            latex: Some(r"\tanh"),
            points: &[(&[0.0], 0.0), (&[0.5], 0.462_117_157_260_009_8)],
            ..FunctionRow::OF_A_NUMBER
        },
        use_it: Words {
            english: "For hidden layers of small or recurrent networks: smooth, and centred on 0.",
            korean: "작은 신경망이나 순환 신경망의 은닉층에 쓴다. 매끄럽고 값이 0을 중심으로 \
                     대칭이다.",
        },
        ..ROW
    },
    Activation {
        function: FunctionRow {
            name: "softplus",
            build: |x| x[0].clone().softplus(),
            doc: Words {
                english: "log(1 + eˣ): relu with a smooth bend, above 0 everywhere.",
                korean: "log(1 + eˣ). 부드럽게 꺾이는 relu이며 항상 0보다 크다.",
            },
            formula: "log(1 + exp(x))",
            range: "0 < y < inf",
            points: &[(&[0.0], std::f64::consts::LN_2), (&[1.0], 1.313_261_687_518_222_8)],
            ..FunctionRow::OF_A_NUMBER
        },
        use_it: Words {
            english: "For hidden layers that must be smooth, and for outputs that must be positive.",
            korean: "매끄러워야 하는 은닉층이나 양수여야 하는 출력에 쓴다.",
        },
        ..ROW
    },
    Activation {
        function: FunctionRow {
            name: "softmax",
            build: |x| softmax(&x[0]),
            doc: Words {
                english: "A row's shares eˣ/Σeˣ: from 0 to 1, with sum 1. An entry −∞ has share \
                          0; a row of nothing else, or with +∞, is NaN.",
                korean: "각 원소가 한 행에서 차지하는 비율 eˣ/Σeˣ. 0과 1 사이이고 합은 1이다. −∞인 \
                         원소의 비율은 0이고, 행이 모두 −∞이거나 +∞가 있으면 NaN이다.",
            },
            formula: "exp(x - logsumexp(x, axis=0))",
            range: "0 < y < 1",
            ..FunctionRow::OF_A_NUMBER
        },
        use_it: Words {
            english: "For the output layer when the target has more than two classes: the \
                      probability of each.",
            korean: "목표가 세 클래스 이상일 때 출력층에 쓴다. 각 클래스의 확률이 된다.",
        },
        elementwise: false,
        row_points: &[
            (&[0.0, 0.0, 0.0, 0.0], &[0.25, 0.25, 0.25, 0.25]),
            (&[0.0, 1.0], &[0.268_941_421_369_995_1, 0.731_058_578_630_004_9]),
        ],
        ..ROW
    },
    Activation {
        function: FunctionRow {
            name: "log_softmax",
            build: |x| log_softmax(&x[0]),
            doc: Words {
                english: "The logarithm of softmax, exact where a share is nearly 0 or 1.",
                korean: "softmax의 로그. 비율이 0이나 1에 아주 가까워도 정확하다.",
            },
            formula: "x - logsumexp(x, axis=0)",
            range: "-inf < y < 0",
            ..FunctionRow::OF_A_NUMBER
        },
        use_it: Words {
            english: "For outputs that are to be log-probabilities.",
            korean: "출력이 로그 확률이어야 할 때 쓴다.",
        },
        elementwise: false,
        row_points: &[
            (&[0.0, 0.0], &[-std::f64::consts::LN_2, -std::f64::consts::LN_2]),
            (&[1.0, 0.0], &[-0.313_261_687_518_222_86, -1.313_261_687_518_222_8]),
        ],
        ..ROW
    },
    Activation {
        function: FunctionRow {
            name: "leaky_relu",
            parameters: &["x", "slope"],
            defaults: &[0.01],
            build: |x| positive(&x[0]).select(&x[0], &x[1] * &x[0]),
            doc: Words {
                english: "relu that keeps a small slope below 0: 0.01, as in PyTorch and JAX \
                          (Keras has 0.2, in its layer 0.3). Its derivative at 0 is the slope.",
                korean: "0보다 작을 때도 작은 기울기를 남기는 relu. 기울기는 PyTorch와 JAX처럼 \
                         0.01이다(Keras의 함수는 0.2, 층은 0.3). 0에서의 미분계수는 이 기울기다.",
            },
            formula: "where(x > 0, x, slope*x)",
            points: &[(&[-3.0], -0.03), (&[2.5], 2.5), (&[-3.0, 0.5], -1.5)],
            ..FunctionRow::OF_A_NUMBER
        },
        use_it: Words {
            english: "For hidden layers, where relu leaves too many units dead.",
            korean: "relu를 쓰면 죽은 뉴런이 많아질 때 은닉층에 쓴다.",
        },
        ..ROW
    },
    Activation {
        function: FunctionRow {
            name: "prelu",
            parameters: &["x", "a"],
            build: |x| positive(&x[0]).select(&x[0], &x[1] * &x[0]),
            doc: Words {
                english: "relu with a slope a below 0 that is learned: one for the layer, 0.25 at \
                          first, as in PyTorch (Keras has one for each unit, 0 at first). He et \
                          al., 2015.",
                korean: "0보다 작을 때의 기울기 a를 학습하는 relu. PyTorch처럼 층마다 하나이고 \
                         0.25에서 시작한다(Keras는 뉴런마다 하나이고 0에서 시작한다). He et al., \
                         2015.",
            },
            formula: "where(x > 0, x, a*x)",
            points: &[(&[-3.0, 0.25], -0.75), (&[2.5, 0.25], 2.5)],
            ..FunctionRow::OF_A_NUMBER
        },
        use_it: Words {
            english: "For hidden layers of deep networks: each finds its own slope.",
            korean: "깊은 신경망의 은닉층에 쓴다. 층마다 알맞은 기울기를 스스로 찾는다.",
        },
        learned: &[("a", 0.25)],
        ..ROW
    },
    Activation {
        function: FunctionRow {
            name: "elu",
            parameters: &["x", "alpha"],
            defaults: &[1.0],
            build: |x| positive(&x[0]).select(&x[0], &x[1] * x[0].clone().expm1()),
            doc: Words {
                english: "x where it is positive, else α(eˣ − 1), which levels off at −α. Clevert \
                          et al., 2015.",
                korean: "양수면 x, 아니면 α(eˣ − 1)이며 x가 작아지면 −α로 수렴한다. Clevert et \
                         al., 2015.",
            },
            formula: "where(x > 0, x, alpha*(exp(x) - 1))",
            range: "-1 < y < inf",
            points: &[
                (&[-1.0], -0.632_120_558_828_557_7),
                (&[2.5], 2.5),
                (&[-1.0, 2.0], -1.264_241_117_657_115_4),
            ],
            ..FunctionRow::OF_A_NUMBER
        },
        use_it: Words {
            english: "For hidden layers that should be smooth and centred near 0.",
            korean: "매끄럽고 평균이 0에 가까워야 하는 은닉층에 쓴다.",
        },
        ..ROW
    },
    Activation {
        function: FunctionRow {
            name: "selu",
            build: |x| {
                let bent = SELU_SCALE_ALPHA * x[0].clone().expm1();
                positive(&x[0]).select(SELU_SCALE * &x[0], bent)
            },
            doc: Words {
                english: "λ·elu(x, α) with λ ≈ 1.0507 and α ≈ 1.6733, which keep mean 0 and \
                          variance 1 from layer to layer. Klambauer et al., 2017.",
                korean: "λ ≈ 1.0507, α ≈ 1.6733인 λ·elu(x, α). 여러 층을 지나도 평균 0, 분산 1이 \
                         유지된다. Klambauer et al., 2017.",
            },
            formula: "1.0507009873554805*where(x > 0, x, 1.6732632423543772*(exp(x) - 1))",
            range: "-1.7580993408473769 < y < inf",
            points: &[(&[1.0], SELU_SCALE), (&[-1.0], -1.111_330_737_812_562_8)],
            ..FunctionRow::OF_A_NUMBER
        },
        use_it: Words {
            english: "For deep networks of dense layers alone, with LeCun's initial weights.",
            korean: "완전연결층만 쌓은 깊은 신경망에 LeCun 초기화와 함께 쓴다.",
        },
        ..ROW
    },
    Activation {
        function: FunctionRow {
            name: "gelu",
            build: |x| gated(&x[0], |x| x.clone().unary(Unary::NormalCdf)),
            doc: Words {
                english: "x·Φ(x), with Φ the share of the standard normal distribution below x: \
                          the exact form, by erf, as in PyTorch and Keras (JAX has gelu_tanh). \
                          Hendrycks and Gimpel, 2016.",
                korean: "x·Φ(x). Φ는 표준정규분포를 따르는 값이 x보다 작을 확률이다. PyTorch와 \
                         Keras처럼 erf로 계산하는 정확한 식이다(JAX는 gelu_tanh). Hendrycks and \
                         Gimpel, 2016.",
            },
            formula: "x*normal_cdf(x)",
            range: "-0.17 < y < inf",
            points: &[(&[1.0], 0.841_344_746_068_542_9), (&[-2.0], -0.045_500_263_896_358_41)],
            ..FunctionRow::OF_A_NUMBER
        },
        use_it: Words {
            english: "For hidden layers: smooth, and usual in transformers.",
            korean: "은닉층에 쓴다. 매끄러우며 트랜스포머에서 흔히 쓴다.",
        },
        ..ROW
    },
    Activation {
        function: FunctionRow {
            name: "gelu_tanh",
            // ½(1 + tanh u) = σ(2u), with its digits in the left tail.
            build: |x| {
                gated(&x[0], |x| (GELU_TANH_SCALE * (x + 0.044_715 * (x * x * x))).sigmoid())
            },
            doc: Words {
                english: "gelu with Φ approximated by tanh, as models from GPT-2 on have it; it \
                          differs from gelu by up to 0.0005.",
                korean: "Φ를 tanh로 근사한 gelu. GPT-2와 그 뒤의 여러 모델이 쓴다. gelu와의 차이는 \
                         최대 0.0005다.",
            },
            formula: "x*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x^3)))/2",
            range: "-0.1701 < y < inf",
            points: &[(&[1.0], 0.841_191_990_608_276_7), (&[2.0], 1.954_597_694_087_775)],
            ..FunctionRow::OF_A_NUMBER
        },
        use_it: Words {
            english: "For a model that was trained with this form, so that its answers stay the \
                      same.",
            korean: "이 식으로 학습한 모델의 답을 그대로 내야 할 때 쓴다.",
        },
        ..ROW
    },
    Activation {
        function: FunctionRow {
            name: "silu",
            build: |x| gated(&x[0], |x| x.clone().sigmoid()),
            doc: Words {
                english: "x·sigmoid(x), also called swish. Elfwing et al., 2017.",
                korean: "x·sigmoid(x). swish라고도 한다. Elfwing et al., 2017.",
            },
            formula: "x*sigmoid(x)",
            range: "-0.2785 < y < inf",
            points: &[(&[1.0], 0.731_058_578_630_004_9), (&[-2.0], -0.238_405_844_044_235_1)],
            ..FunctionRow::OF_A_NUMBER
        },
        use_it: Words {
            english: "For hidden layers: like gelu, at less cost.",
            korean: "은닉층에 쓴다. gelu와 비슷하면서 계산이 가볍다.",
        },
        ..ROW
    },
    Activation {
        function: FunctionRow {
            name: "mish",
            build: |x| gated(&x[0], |x| x.clone().softplus().tanh()),
            doc: Words {
                english: "x·tanh(softplus(x)). Misra, 2019.",
                korean: "매끄러운 곡선 x·tanh(softplus(x)). Misra, 2019.",
            },
            formula: "x*tanh(softplus(x))",
            range: "-0.3089 < y < inf",
            points: &[(&[1.0], 0.865_098_388_267_310_3), (&[-2.0], -0.252_501_482_695_708_9)],
            ..FunctionRow::OF_A_NUMBER
        },
        use_it: Words {
            english: "For hidden layers, as silu; it bends a little more.",
            korean: "silu처럼 은닉층에 쓴다. silu보다 조금 더 굽는다.",
        },
        ..ROW
    },
    Activation {
        function: FunctionRow {
            name: "softsign",
            build: |x| softsign(&x[0]),
            doc: Words {
                english: "x/(1 + |x|), from −1 to 1: like tanh, but it levels off slowly.",
                korean: "x/(1 + |x|). −1과 1 사이이며 tanh보다 천천히 수렴한다.",
            },
            formula: "x/(1 + abs(x))",
            range: "-1 < y < 1",
            points: &[(&[3.0], 0.75), (&[-0.25], -0.2)],
            ..FunctionRow::OF_A_NUMBER
        },
        use_it: Words {
            english: "For hidden layers in place of tanh, where units get stuck at −1 or 1.",
            korean: "뉴런이 −1이나 1에 붙어 버릴 때 tanh 대신 은닉층에 쓴다.",
        },
        ..ROW
    },
    Activation {
        function: FunctionRow {
            name: "hard_sigmoid",
            build: |x| clipped_line(&x[0]),
            doc: Words {
                english: "The line (x + 3)/6, cut off at 0 and 1, as in PyTorch and Keras 3 (Keras \
                          2 has slope 0.2); its derivative at ±3 counts as 0.",
                korean: "직선 (x + 3)/6을 0과 1에서 자른 것으로, PyTorch, Keras 3과 같다(Keras 2는 \
                         기울기가 0.2다). ±3에서의 미분계수는 0으로 한다.",
            },
            formula: "min(6, max(0, x + 3))/6",
            range: "0 <= y <= 1",
            points: &[(&[1.5], 0.75), (&[-6.0], 0.0), (&[3.0], 1.0)],
            ..FunctionRow::OF_A_NUMBER
        },
        use_it: Words {
            english: "For gates that must be cheap, where sigmoid would be used.",
            korean: "계산이 가벼워야 하는 게이트에 sigmoid 대신 쓴다.",
        },
        ..ROW
    },
    Activation {
        function: FunctionRow {
            name: "hard_swish",
            build: |x| gated(&x[0], clipped_line),
            doc: Words {
                english: "x·hard_sigmoid(x): silu made of pieces of a line and a parabola. Howard \
                          et al., 2019.",
                korean: "x·hard_sigmoid(x). silu를 직선과 포물선 조각으로 나타낸 것이다. Howard et \
                         al., 2019.",
            },
            formula: "x*min(6, max(0, x + 3))/6",
            range: "-0.375 <= y < inf",
            points: &[(&[-1.5], -0.375), (&[4.0], 4.0)],
            ..FunctionRow::OF_A_NUMBER
        },
        use_it: Words {
            english: "For hidden layers on small devices, in place of silu.",
            korean: "성능이 낮은 기기에서 silu 대신 은닉층에 쓴다.",
        },
        ..ROW
    },
    Activation {
        function: FunctionRow {
            name: "log_sigmoid",
            build: |x| -(-&x[0]).softplus(),
            doc: Words {
                english: "log(sigmoid(x)) = −log(1 + e⁻ˣ), below 0 everywhere.",
                korean: "log(sigmoid(x)) = −log(1 + e⁻ˣ). 항상 0보다 작다.",
            },
            formula: "-log(1 + exp(-x))",
            range: "-inf < y < 0",
            points: &[(&[0.0], -std::f64::consts::LN_2), (&[-1.0], -1.313_261_687_518_222_8)],
            ..FunctionRow::OF_A_NUMBER
        },
        use_it: Words {
            english: "For outputs that are to be the logarithm of a probability.",
            korean: "출력이 확률의 로그여야 할 때 쓴다.",
        },
        ..ROW
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

/// a·x + b.
fn linear(x: &[Expr]) -> Expr {
    match (x[1].as_const(), x[2].as_const()) {
        (Some(1.0), Some(0.0)) => x[0].clone(),
        _ => &x[1] * &x[0] + &x[2],
    }
}

/// x > 0
fn positive(x: &Expr) -> Expr {
    Expr::constant(0.0).less(x)
}

/// selu's λ, and its λ·α.
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
const SELU_SCALE_ALPHA: f64 = 1.758_099_340_847_376_8;

/// 2√(2/π)
const GELU_TANH_SCALE: f64 = 1.595_769_121_605_730_7;

/// x times a gate that is 0 from −1000 down and 1 from 1000 up, in both precisions.
///
/// There the product is not formed, since ∞·0 would be NaN, in the value and in its derivative.
fn gated(x: &Expr, gate: impl Fn(&Expr) -> Expr) -> Expr {
    const FAR: f64 = 1000.0;
    let near = Expr::constant(-FAR).max(x);
    Expr::constant(FAR).less(x).select(x, &near * gate(&near))
}

/// The line (x + 3)/6 from −3 to 3, before it 0, after it 1.
fn clipped_line(x: &Expr) -> Expr {
    // x + 3 is exact near −3, where x/6 + ½ would lose its digits.
    let rising = Expr::constant(0.0).max(x + 3.0);
    Expr::constant(6.0).min(rising) / 6.0
}

/// x/(1 + |x|), from 1 on as ±(1 − 1/(1 + |x|)): the slope of the quotient is a difference that
/// loses all digits far out.
fn softsign(x: &Expr) -> Expr {
    let size = x.clone().abs();
    let divisor = 1.0 + &size;
    let far = x.clone().sign() * (1.0 - 1.0 / &divisor);
    size.less(1.0).select(x / divisor, far)
}

/// exp(x − log Σ eˣ) along the last axis.
pub(crate) fn softmax(x: &Expr) -> Expr {
    log_softmax(x).exp()
}

/// x − log Σ eˣ along the last axis.
///
/// Shifted first: log Σ eˣ of a row of thousands has no digits left for the shares. The shift
/// changes no share, so its derivative need not be followed.
fn log_softmax(x: &Expr) -> Expr {
    let last = Along::Axis(x.shape().rank().saturating_sub(1));
    let shifted = x - spread(x.clone().reduce(Reduction::Max, last).stop_gradient());
    let total = spread(shifted.clone().reduce(Reduction::LogSumExp, last));
    shifted - total
}

/// A value reduced along the last axis, to be combined with what it was reduced from.
fn spread(reduced: Expr) -> Expr {
    let dims = reduced.shape().dims;
    if dims.is_empty() { reduced } else { reduced.reshape(&[&dims[..], &[1]].concat()) }
}
