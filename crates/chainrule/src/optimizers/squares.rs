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
        formula: "s = alpha*s + (1 - alpha)*g^2, b = momentum*b + g/(sqrt(s) + epsilon), \
                  w = w - lr*b; centered: s is the variance, s - (mean of g)^2",
        about: Words {
            english: "Each gradient divided by its usual size: for recurrent networks, and losses \
                      that change as one trains. Hinton, 2012; epsilon stands outside the root, as \
                      in PyTorch and Keras, and alpha is 0.99 as in PyTorch, where Keras has 0.9.",
            korean: "기울기를 그 평소 크기로 나눈다. 순환 망과, 학습하면서 바뀌는 손실에 쓴다. \
                     Hinton, 2012. epsilon은 PyTorch와 Keras처럼 근호 밖에 있고, alpha는 PyTorch처럼 \
                     0.99다(Keras는 0.9).",
        },
        settings: &[
            Setting { name: "alpha", default: 0.99, ..BETA2 },
            EPSILON,
            MOMENTUM,
            Setting {
                name: "centered",
                default: 0.0,
                range: Range::Flag,
                needs: None,
                about: Words {
                    english: "Whether to divide by the spread around the mean gradient. Graves, \
                              2013.",
                    korean: "평균 기울기를 중심으로 흩어진 정도로 나눌지 정한다. Graves, 2013.",
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
            english: "Steps that shrink with what each weight has seen: for sparse features. \
                      Duchi, Hazan and Singer, 2011. The sum starts at 0 as in PyTorch; Keras \
                      starts at 0.1.",
            korean: "가중치마다 겪은 만큼 스텝이 작아진다. 성긴 특성에 쓴다. Duchi, Hazan, Singer, \
                     2011. 합은 PyTorch처럼 0에서 시작하고 Keras는 0.1에서 시작한다.",
        },
        settings: &[
            Setting { default: 1e-10, ..EPSILON },
            Setting {
                name: "initial",
                default: 0.0,
                range: Range::NotNegative,
                needs: None,
                about: Words {
                    english: "What the sum of squares starts at.",
                    korean: "제곱의 합이 시작하는 값이다.",
                },
            },
            Setting {
                name: "learning_rate_decay",
                default: 0.0,
                range: Range::NotNegative,
                needs: None,
                about: Words {
                    english: "How fast the learning rate falls with the steps.",
                    korean: "스텝을 따라 학습률이 줄어드는 빠르기다.",
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
            korean: "가중치 자신의 단위로 움직여서 학습률을 찾을 필요가 없다. Zeiler, 2012. 학습률은 \
                     논문과 PyTorch처럼 1이고, Keras의 0.001로는 거의 움직이지 않는다.",
        },
        settings: &[
            Setting { name: "rho", default: 0.9, ..BETA2 },
            Setting {
                default: 1e-6,
                about: Words {
                    english: "What is added to both mean squares, inside the roots: it sets the \
                              size of the first steps. 1e-6 is PyTorch's; Keras has 1e-7.",
                    korean: "두 제곱 평균에, 근호 안에서 더하는 값이다. 첫 스텝들의 크기를 정한다. \
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
