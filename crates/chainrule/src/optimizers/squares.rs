//! Optimizers that divide the gradient by a size of those before, and keep no mean of them.

use chainrule_core::{Expr, Words};

use super::terms::{BETA2, EPSILON, MOMENTUM, WEIGHT_DECAY, decayed, mixed, mixed_square};
use super::{Optimizer, Range, Setting, State, Steps, Update};

const SQUARE: State = State::of_each("square");
const VARIANCE: State = State::of_each("variance");
const MEAN: State = State::of_each("mean");
const DIRECTION: State = State::of_each("momentum");
const CHANGE: State = State::of_each("change");

pub(super) const ROWS: &[Optimizer] = &[
    Optimizer {
        name: "rmsprop",
        formula: "s = alpha*s + (1 - alpha)*g^2, b = momentum*b + g/(sqrt(s) + epsilon), w = w - \
                  lr*b; centered: c = alpha*c + (1 - alpha)*g, b = momentum*b + g/(sqrt(s - c^2) + \
                  epsilon), w = w - lr*b",
        about: Words {
            english: "Each gradient divided by its usual size: for recurrent networks, and losses \
                      that change as one trains. Hinton, 2012; epsilon stands outside the root, as \
                      in PyTorch, where Keras and TensorFlow have it inside. The learning rate is \
                      0.01 as in PyTorch (Keras has 0.001).",
            korean: "기울기를 평소의 크기로 나눈다. 순환 신경망이나, 학습하는 동안 바뀌는 손실에 \
                     쓴다. Hinton, 2012. epsilon은 PyTorch처럼 근호 밖에 있고 Keras와 \
                     TensorFlow에서는 근호 안에 있다. 학습률은 PyTorch처럼 0.01이다(Keras는 \
                     0.001).",
        },
        settings: &[
            Setting {
                name: "alpha",
                default: 0.99,
                about: Words {
                    english: "How much of the mean squared gradient is kept at each step: 0.99 as \
                              in PyTorch; Keras and optax have 0.9.",
                    korean: "스텝마다 기울기 제곱 평균을 얼마나 남기는지 정한다. PyTorch처럼 \
                             0.99이고 Keras와 optax는 0.9다.",
                },
                ..BETA2
            },
            Setting {
                about: Words {
                    english: "What is added to the root of the mean square, outside the root, so \
                              that nothing is divided by 0. 1e-8 is PyTorch's; Keras has 1e-7, \
                              inside the root.",
                    korean: "제곱 평균의 제곱근에 근호 밖에서 더하는 값이다. 0으로 나누지 않게 \
                             한다. 1e-8은 PyTorch의 값이고 Keras는 근호 안에서 1e-7을 더한다.",
                },
                ..EPSILON
            },
            MOMENTUM,
            Setting {
                name: "centered",
                default: 0.0,
                range: Range::Flag,
                needs: None,
                about: Words {
                    english: "Whether to divide by the spread around the mean gradient, the \
                              standard deviation. Graves, 2013.",
                    korean: "평균 기울기를 중심으로 흩어진 정도, 곧 표준편차로 나눌지 정한다. \
                             Graves, 2013.",
                },
            },
            WEIGHT_DECAY,
        ],
        default_learning_rate: 0.01,
        states: |settings| match [settings.value("momentum"), settings.value("centered")] {
            [0.0, 0.0] => &[SQUARE],
            [_, 0.0] => &[SQUARE, DIRECTION],
            [0.0, _] => &[VARIANCE, MEAN],
            _ => &[VARIANCE, MEAN, DIRECTION],
        },
        update: Some(rmsprop),
        points: &[
            Steps {
                given: &[("alpha", 0.75), ("epsilon", 1.0)],
                learning_rate: 0.5,
                start: 1.0,
                gradients: &[2.0, -1.0],
                after: &[0.5, 0.75],
            },
            Steps {
                given: &[("alpha", 0.5), ("epsilon", 1.0), ("momentum", 0.5), ("centered", 1.0)],
                learning_rate: 0.5,
                start: 1.0,
                gradients: &[4.0, 4.0],
                after: &[0.333_333_333_333_333_3, -0.732_050_807_568_877_3],
            },
        ],
    },
    Optimizer {
        name: "adagrad",
        formula: "s = s + g^2, w = w - lr/(1 + (t - 1)*learning_rate_decay)*g/(sqrt(s) + epsilon)",
        about: Words {
            english: "Steps that shrink with what each weight has seen: for sparse features. Duchi \
                      et al., 2011. The learning rate is 0.01 as in PyTorch (Keras has 0.001).",
            korean: "가중치마다 지금까지 받은 기울기가 클수록 스텝이 작아진다. 0이 많은 희소한 \
                     특성에 쓴다. Duchi et al., 2011. 학습률은 PyTorch처럼 0.01이다(Keras는 \
                     0.001).",
        },
        settings: &[
            Setting {
                default: 1e-10,
                about: Words {
                    english: "What is added to the root of the sum of squares, outside the root, \
                              so that nothing is divided by 0. 1e-10 is PyTorch's; Keras and optax \
                              have 1e-7, inside the root.",
                    korean: "제곱합의 제곱근에 근호 밖에서 더하는 값이다. 0으로 나누지 않게 한다. \
                             1e-10은 PyTorch의 값이고 Keras와 optax는 근호 안에서 1e-7을 더한다.",
                },
                ..EPSILON
            },
            Setting {
                name: "initial",
                default: 0.0,
                range: Range::NotNegative,
                needs: None,
                about: Words {
                    english: "What the sum of squares starts at: 0 as in PyTorch; Keras and optax \
                              have 0.1.",
                    korean: "제곱합의 시작값이다. PyTorch처럼 0이고 Keras와 optax는 0.1이다.",
                },
            },
            Setting {
                name: "learning_rate_decay",
                default: 0.0,
                range: Range::NotNegative,
                needs: None,
                about: Words {
                    english: "How fast the learning rate falls with the steps.",
                    korean: "스텝이 지날수록 학습률이 줄어드는 빠르기다.",
                },
            },
            WEIGHT_DECAY,
        ],
        default_learning_rate: 0.01,
        states: |_| &[SQUARE],
        update: Some(adagrad),
        points: &[
            Steps {
                given: &[("epsilon", 1.0)],
                learning_rate: 0.5,
                start: 1.0,
                gradients: &[3.0, 4.0],
                after: &[0.625, 0.291_666_666_666_666_7],
            },
            Steps {
                given: &[("epsilon", 1.0), ("initial", 16.0), ("learning_rate_decay", 1.0)],
                learning_rate: 1.0,
                start: 2.0,
                gradients: &[3.0, 0.0, 12.0],
                after: &[1.5, 1.5, 1.214_285_714_285_714_3],
            },
        ],
    },
    Optimizer {
        name: "adadelta",
        formula: "s = rho*s + (1 - rho)*g^2, d = g*sqrt(a + epsilon)/sqrt(s + epsilon), \
                  a = rho*a + (1 - rho)*d^2, w = w - lr*d",
        about: Words {
            english: "Steps in the units of the weights themselves, so that no learning rate has \
                      to be found. Zeiler, 2012. The learning rate is 1 as in the paper and in \
                      PyTorch; Keras has 0.001, which hardly moves.",
            korean: "가중치 자신의 단위로 움직여서 학습률을 찾을 필요가 없다. Zeiler, 2012. \
                     학습률은 논문과 PyTorch처럼 1이다. Keras의 0.001로는 거의 움직이지 않는다.",
        },
        settings: &[
            Setting {
                name: "rho",
                default: 0.9,
                about: Words {
                    english: "How much of each mean square is kept at each step: 0.9 as in \
                              PyTorch; Keras and the paper have 0.95.",
                    korean: "스텝마다 두 제곱 평균을 얼마나 남기는지 정한다. PyTorch처럼 0.9이고 \
                             Keras와 논문은 0.95다.",
                },
                ..BETA2
            },
            Setting {
                default: 1e-6,
                about: Words {
                    english: "What is added to both mean squares, inside the roots: it sets the \
                              size of the first steps. 1e-6 is PyTorch's; Keras has 1e-7.",
                    korean: "두 제곱 평균에 근호 안에서 더하는 값이다. 첫 스텝들의 크기를 정한다. \
                             1e-6은 PyTorch의 값이고 Keras는 1e-7이다.",
                },
                ..EPSILON
            },
            WEIGHT_DECAY,
        ],
        default_learning_rate: 1.0,
        states: |_| &[SQUARE, CHANGE],
        update: Some(adadelta),
        points: &[
            Steps {
                given: &[("rho", 0.75), ("epsilon", 1.0)],
                learning_rate: 0.5,
                start: 1.0,
                gradients: &[3.0, -1.0],
                after: &[0.167_949_705_662_156_3, 0.547_457_527_161_764],
            },
            Steps {
                given: &[],
                learning_rate: 1.0,
                start: 1.0,
                gradients: &[0.5, -1.0],
                after: &[0.996_837_785_583_487_5, 1.000_878_338_864_988_2],
            },
        ],
    },
];

/// Centered, the state is the variance itself, s − m² = α(s − m² + (1 − α)(g − m)²) step by step:
/// the difference of s and m² rounds to below 0, whose root is no number.
fn rmsprop(given: &Update<'_>) -> (Expr, Vec<Expr>) {
    let Update { parameter, states, learning_rate, settings, .. } = *given;
    let [alpha, momentum] = ["alpha", "momentum"].map(|name| settings.value(name));
    let gradient = decayed(given);
    let mut new = Vec::new();
    let mut before = states.iter();
    let square = match (before.next(), settings.value("centered")) {
        (Some(square), 0.0) => mixed_square(alpha, square, &gradient),
        (Some(variance), _) => {
            let Some(mean) = before.next() else { return (parameter.clone(), Vec::new()) };
            let apart = &gradient - mean;
            new.push(mixed(alpha, mean, &gradient));
            alpha * (variance + (1.0 - alpha) * (&apart * &apart))
        }
        (None, _) => return (parameter.clone(), Vec::new()),
    };
    new.insert(0, square.clone());
    let mut along = gradient / (square.sqrt() + settings.value("epsilon"));
    if let Some(direction) = before.next() {
        along = momentum * direction + along;
        new.push(along.clone());
    }
    (parameter - learning_rate * along, new)
}

fn adagrad(given: &Update<'_>) -> (Expr, Vec<Expr>) {
    let [square] = given.states else { return (given.parameter.clone(), Vec::new()) };
    let gradient = decayed(given);
    let square = square + &gradient * &gradient;
    let total = match given.settings.value("initial") {
        0.0 => square.clone(),
        initial => &square + initial,
    };
    let rate = match given.settings.value("learning_rate_decay") {
        0.0 => given.learning_rate.clone(),
        decay => given.learning_rate / (1.0 + (given.step - 1.0) * decay),
    };
    let size = total.sqrt() + given.settings.value("epsilon");
    (given.parameter - rate * gradient / size, vec![square])
}

fn adadelta(given: &Update<'_>) -> (Expr, Vec<Expr>) {
    let [square, change] = given.states else { return (given.parameter.clone(), Vec::new()) };
    let [rho, epsilon] = ["rho", "epsilon"].map(|name| given.settings.value(name));
    let gradient = decayed(given);
    let square = mixed_square(rho, square, &gradient);
    let along = (change + epsilon).sqrt() / (&square + epsilon).sqrt() * gradient;
    let change = mixed_square(rho, change, &along);
    (given.parameter - given.learning_rate * along, vec![square, change])
}
