//! Optimizers that keep a mean of the gradients and a size of them: Adam and its kin.

use chainrule_core::{Expr, Words};

use super::terms::{
    AMSGRAD, BETA1, BETA2, DECOUPLED_DECAY, EPSILON, WEIGHT_DECAY, adaptive, decayed, mixed,
    mixed_square, risen, shrunk,
};
use super::{Optimizer, Range, Setting, Settings, State, Steps, Update};

const MEAN: State = State::of_each("mean");
const SQUARE: State = State::of_each("square");
const LARGEST: State = State::of_each("largest");

pub(super) const ROWS: &[Optimizer] = &[
    Optimizer {
        name: "adam",
        formula: "m = beta1*m + (1 - beta1)*g, v = beta2*v + (1 - beta2)*g^2, \
                  w = w - lr*(m/(1 - beta1^t))/(sqrt(v/(1 - beta2^t)) + epsilon)",
        about: Words {
            english: "Adaptive moments: each parameter has a step of its own size, so that one \
                      learning rate suits most networks. Its weight_decay joins the gradient (L2); \
                      adamw keeps it apart. Kingma and Ba, 2015.",
            korean: "적응적 모멘트. 매개변수마다 스텝의 크기가 달라서 학습률 하나가 대부분의 \
                     신경망에 맞는다. weight_decay는 기울기에 더해진다(L2). 기울기와 따로 두는 \
                     것은 adamw다. Kingma and Ba, 2015.",
        },
        settings: &[BETA1, BETA2, EPSILON, AMSGRAD, WEIGHT_DECAY],
        default_learning_rate: 0.001,
        states: moments,
        update: Some(|given| adaptive(given, &decayed(given), given.parameter.clone())),
        points: &[
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
        formula: "w = w - lr*weight_decay*w, m = beta1*m + (1 - beta1)*g, v = beta2*v + (1 - \
                  beta2)*g^2, w = w - lr*(m/(1 - beta1^t))/(sqrt(v/(1 - beta2^t)) + epsilon)",
        about: Words {
            english: "Adam with the weights drawn to 0 apart from the gradient: the choice that \
                      needs least tuning. The decay is 0.01 unless another is given, as in \
                      PyTorch; Keras has 0.004. Loshchilov and Hutter, 2019.",
            korean: "가중치를 기울기와 따로 0으로 당기는 Adam이다. 조정할 것이 가장 적다. 감쇠의 \
                     기본값은 PyTorch처럼 0.01이고 Keras는 0.004다. Loshchilov and Hutter, 2019.",
        },
        settings: &[BETA1, BETA2, EPSILON, AMSGRAD, Setting { default: 0.01, ..DECOUPLED_DECAY }],
        default_learning_rate: 0.001,
        states: moments,
        update: Some(|given| adaptive(given, given.gradient, shrunk(given))),
        points: &[
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
        name: "adamax",
        formula: "m = beta1*m + (1 - beta1)*g, u = max(beta2*u, abs(g) + epsilon), \
                  w = w - lr/(1 - beta1^t)*m/u",
        about: Words {
            english: "Adam with the largest gradient in place of the mean square: steady where \
                      gradients come in bursts, as with embeddings. Kingma and Ba, 2015. The \
                      learning rate is 0.002 as in PyTorch (Keras has 0.001).",
            korean: "제곱 평균 대신 가장 큰 기울기를 쓰는 Adam이다. 임베딩처럼 기울기가 드문드문 \
                     몰려올 때 안정적이다. Kingma and Ba, 2015. 학습률은 PyTorch처럼 \
                     0.002다(Keras는 0.001).",
        },
        settings: &[
            BETA1,
            Setting {
                about: Words {
                    english: "How much of the largest gradient is kept at each step.",
                    korean: "스텝마다 가장 큰 기울기를 얼마나 남기는지 정한다.",
                },
                ..BETA2
            },
            Setting {
                about: Words {
                    english: "What is added to each gradient's size, so that a gradient of 0 \
                              makes no division by 0. 1e-8 is PyTorch's; Keras has 1e-7.",
                    korean: "기울기의 크기에 더하는 값이다. 기울기가 0이어도 0으로 나누지 않게 \
                             한다. 1e-8은 PyTorch의 값이고 Keras는 1e-7이다.",
                },
                ..EPSILON
            },
            WEIGHT_DECAY,
        ],
        default_learning_rate: 0.002,
        states: |_| &[MEAN, LARGEST],
        update: Some(adamax),
        points: &[
            Steps {
                given: &[("beta1", 0.5), ("beta2", 0.5), ("epsilon", 1.0)],
                learning_rate: 0.5,
                start: 1.0,
                gradients: &[3.0, -1.0],
                after: &[0.625, 0.541_666_666_666_666_7],
            },
            Steps {
                given: &[],
                learning_rate: 0.125,
                start: 1.0,
                gradients: &[-3.0, 0.0],
                after: &[1.124_999_999_583_333_3, 1.184_269_795_497_668_7],
            },
        ],
    },
    Optimizer {
        name: "nadam",
        formula: "m = beta1*m + (1 - beta1)*g, v = beta2*v + (1 - beta2)*g^2, a = beta1*(1 - \
                  0.96^(t*momentum_decay)/2), b = beta1*(1 - 0.96^((t + 1)*momentum_decay)/2), P = \
                  P*a, w = w - lr*((1 - a)*g/(1 - P) + b*m/(1 - b*P))/(sqrt(v/(1 - beta2^t)) + \
                  epsilon)",
        about: Words {
            english: "Adam that looks one step ahead, as Nesterov's momentum does. Dozat, 2016; \
                      the momentum rises with the steps, as in PyTorch. P is the product of the \
                      momenta a so far, 1 at first. The learning rate is 0.002 as in PyTorch \
                      (Keras has 0.001).",
            korean: "네스테로프 모멘텀처럼 한 스텝 앞을 내다보는 Adam이다. Dozat, 2016. 모멘텀은 \
                     PyTorch처럼 스텝이 지날수록 커진다. P는 지금까지의 모멘텀 a를 모두 곱한 \
                     값으로, 처음에는 1이다. 학습률은 PyTorch처럼 0.002다(Keras는 0.001).",
        },
        settings: &[
            BETA1,
            BETA2,
            EPSILON,
            Setting {
                name: "momentum_decay",
                default: 0.004,
                range: Range::NotNegative,
                needs: None,
                about: Words {
                    english: "How fast the momentum rises to beta1 from half of it: 0.004 as in \
                              PyTorch; Keras has 1, fixed.",
                    korean: "모멘텀이 beta1의 절반에서 beta1까지 커지는 빠르기다. PyTorch처럼 \
                             0.004이고 Keras는 1로 고정한다.",
                },
            },
            WEIGHT_DECAY,
        ],
        default_learning_rate: 0.002,
        states: |_| &[MEAN, SQUARE, State { name: "rise", single: true }],
        update: Some(nadam),
        points: &[
            Steps {
                given: &[("beta1", 0.5), ("beta2", 0.0), ("epsilon", 1.0), ("momentum_decay", 0.0)],
                learning_rate: 0.5,
                start: 1.0,
                gradients: &[3.0, -1.0],
                after: &[0.575, 0.759_126_984_126_984_1],
            },
            Steps {
                given: &[],
                learning_rate: 0.002,
                start: 1.0,
                gradients: &[3.0, -1.0],
                after: &[0.997_887_096_450_332_2, 0.998_428_634_881_324_4],
            },
        ],
    },
    Optimizer {
        name: "radam",
        formula: "m = beta1*m + (1 - beta1)*g, v = beta2*v + (1 - beta2)*g^2, q = 2/(1 - beta2) - \
                  1, p = q - 2*t*beta2^t/(1 - beta2^t), r = sqrt((p - 4)*(p - 2)*q/((q - 4)*(q - \
                  2)*p)), w = w - lr*m/(1 - beta1^t)*where(p > 5, r*sqrt(1 - beta2^t)/(sqrt(v) + \
                  epsilon), 1)",
        about: Words {
            english: "Adam that trusts the mean square only as far as enough steps support it: a \
                      warm-up of its own. Liu et al., 2020. The first five steps are the \
                      gradient's own size, so a large gradient there is a large step; epsilon \
                      stands as in PyTorch, not corrected.",
            korean: "제곱 평균을 지금까지의 스텝이 뒷받침하는 만큼만 믿는 Adam으로, 워밍업이 들어 \
                     있는 셈이다. Liu et al., 2020. 처음 다섯 스텝은 기울기의 크기 그대로여서 \
                     기울기가 크면 스텝도 크다. epsilon은 PyTorch처럼 보정하지 않고 더한다.",
        },
        settings: &[BETA1, BETA2, EPSILON, WEIGHT_DECAY],
        default_learning_rate: 0.001,
        states: |_| &[MEAN, SQUARE],
        update: Some(radam),
        points: &[
            Steps {
                given: &[("beta1", 0.5)],
                learning_rate: 0.5,
                start: 1.0,
                gradients: &[1.0, -0.5],
                after: &[0.5, 0.5],
            },
            Steps {
                given: &[],
                learning_rate: 0.125,
                start: 1.0,
                gradients: &[1.0; 6],
                after: &[0.875, 0.75, 0.625, 0.5, 0.375, 0.371_772_361_316_974_35],
            },
        ],
    },
];

fn moments(settings: &Settings) -> &'static [State] {
    match settings.value("amsgrad") {
        0.0 => &[MEAN, SQUARE],
        _ => &[MEAN, SQUARE, LARGEST],
    }
}

fn adamax(given: &Update<'_>) -> (Expr, Vec<Expr>) {
    let [mean, largest] = given.states else { return (given.parameter.clone(), Vec::new()) };
    let [beta1, beta2] = ["beta1", "beta2"].map(|name| given.settings.value(name));
    let gradient = decayed(given);
    let mean = mixed(beta1, mean, &gradient);
    let size = gradient.abs() + given.settings.value("epsilon");
    let largest = (beta2 * largest).max(size);
    let rate = given.learning_rate / risen(beta1, given.step);
    (given.parameter - rate * &mean / &largest, vec![mean, largest])
}

/// PyTorch's form. The state is 1 − n₁n₂…nₜ, which starts at 0 and is a sum of what is not
/// negative, so that no digit cancels.
fn nadam(given: &Update<'_>) -> (Expr, Vec<Expr>) {
    let [mean, square, rise] = given.states else { return (given.parameter.clone(), Vec::new()) };
    let [beta1, beta2] = ["beta1", "beta2"].map(|name| given.settings.value(name));
    let speed = libm::log(0.96) * given.settings.value("momentum_decay");
    // 1 − β₁(1 − ½·0.96ᵗᵠ).
    let lost = |step: &Expr| (1.0 - beta1) + 0.5 * beta1 * (step * speed).exp();
    let (now, next) = (lost(given.step), lost(&(given.step + 1.0)));
    let gradient = decayed(given);
    let mean = mixed(beta1, mean, &gradient);
    let square = mixed_square(beta2, square, &gradient);
    let rise = rise + (1.0 - rise) * &now;
    let correction = 1.0 / risen(beta2, given.step).sqrt();
    let size = square.clone().sqrt() * correction + given.settings.value("epsilon");
    let of_gradient = given.learning_rate * now / &rise;
    let of_mean = given.learning_rate * (1.0 - &next) / (&rise + (1.0 - &rise) * &next);
    let along = of_gradient * gradient + of_mean * &mean;
    (given.parameter - along / size, vec![mean, square, rise])
}

/// PyTorch's form.
fn radam(given: &Update<'_>) -> (Expr, Vec<Expr>) {
    let [mean, square] = given.states else { return (given.parameter.clone(), Vec::new()) };
    let [beta1, beta2] = ["beta1", "beta2"].map(|name| given.settings.value(name));
    let gradient = decayed(given);
    let mean = mixed(beta1, mean, &gradient);
    let square = mixed_square(beta2, square, &gradient);
    let rate = given.learning_rate / risen(beta1, given.step);
    let limit = 2.0 / (1.0 - beta2) - 1.0;
    if limit <= 5.0 {
        return (given.parameter - rate * &mean, vec![mean, square]);
    }
    // p = 1 + 2(t·h(a·t) − h(a)) with a = −log β₂: the paper's p is the difference of two numbers
    // near q and has no digits left for the first steps in f32.
    let fall = -libm::log(beta2);
    let first = mean_age(&Expr::constant(fall));
    let length = 1.0 + 2.0 * (given.step * mean_age(&(given.step * fall)) - first);
    let trust = (&length - 4.0) * (&length - 2.0) / &length;
    let trust = trust * (limit / ((limit - 4.0) * (limit - 2.0)));
    let trusted = (trust.max(0.0) * risen(beta2, given.step)).sqrt();
    let size = square.clone().sqrt() + given.settings.value("epsilon");
    let factor = Expr::constant(5.0).less(length).select(trusted / size, 1.0);
    (given.parameter - rate * &mean * factor, vec![mean, square])
}

/// h(x) = (1 − x/(eˣ − 1))/x, from ½ at 0 down to 0: by its series where the difference cancels.
fn mean_age(x: &Expr) -> Expr {
    const BERNOULLI: [f64; 7] = [
        1.0 / 12.0,
        -1.0 / 720.0,
        1.0 / 30_240.0,
        -1.0 / 1_209_600.0,
        1.0 / 47_900_160.0,
        -691.0 / 1_307_674_368_000.0,
        1.0 / 74_724_249_600.0,
    ];
    let square = x * x;
    let series = BERNOULLI.iter().rev().fold(Expr::constant(0.0), |sum, &b| sum * &square + b);
    let near = 0.5 - x * series;
    let far = (1.0 - x / x.clone().expm1()) / x;
    x.clone().less(0.75).select(near, far)
}
