//! Optimizers whose step does not depend on the size of the gradients before.

use chainrule_core::{Expr, Words};

use super::terms::{BETA1, DECOUPLED_DECAY, MOMENTUM, WEIGHT_DECAY, decayed, mixed, shrunk};
use super::{Optimizer, Range, Setting, State, Steps, Update};

const DIRECTION: State = State::of_each("momentum");
const MEAN: State = State::of_each("mean");

pub(super) const ROWS: &[Optimizer] = &[
    Optimizer {
        name: "sgd",
        formula: "w = w - lr*g; momentum: v = momentum*v + (1 - dampening)*g, w = w - lr*v",
        about: Words {
            english: "Stochastic gradient descent: the plain rule; with a momentum of 0.9 and a \
                      learning rate found by trying, often the best in the end. The learning rate \
                      is 0.01 as in Keras, where PyTorch has 0.001: columns are scaled here, so \
                      that larger steps are safe and fewer epochs do. It stands outside the \
                      direction, as in PyTorch; Keras has it inside, which differs where the rate \
                      changes.",
            korean: "확률적 경사 하강법, 가장 단순한 규칙이다. 모멘텀을 0.9로 하고 학습률을 잘 \
                     찾아 맞추면 끝에는 가장 좋을 때가 많다. 학습률은 Keras처럼 0.01이고 PyTorch는 \
                     0.001인데, 여기서는 열을 표준화하므로 스텝이 커도 안전하고 에포크가 적게 \
                     든다. 학습률은 PyTorch처럼 방향에 포함하지 않고 나중에 곱한다. Keras는 방향에 \
                     포함하므로, 학습률이 바뀌면 결과가 다르다.",
        },
        settings: &[
            MOMENTUM,
            Setting {
                name: "dampening",
                default: 0.0,
                range: Range::Fraction,
                needs: Some("momentum"),
                about: Words {
                    english: "The share that is taken off the gradient before it joins the \
                              direction; not off the first, which is the direction, as in \
                              PyTorch.",
                    korean: "기울기를 방향에 더하기 전에 덜어 내는 비율이다. PyTorch처럼 첫 \
                             기울기는 덜어 내지 않고 그대로 방향으로 삼는다.",
                },
            },
            Setting {
                name: "nesterov",
                default: 0.0,
                range: Range::Flag,
                needs: Some("momentum"),
                about: Words {
                    english: "Whether to go one direction further ahead: \
                              w = w - lr*(g + momentum*v).",
                    korean: "방향으로 한 걸음 더 앞서갈지 정한다. w = w - lr*(g + momentum*v).",
                },
            },
            WEIGHT_DECAY,
        ],
        default_learning_rate: 0.01,
        states: |settings| match settings.value("momentum") {
            0.0 => &[],
            _ => &[DIRECTION],
        },
        update: Some(sgd),
        points: &[
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
        name: "lion",
        formula: "w = w - lr*weight_decay*w - lr*sign(beta1*m + (1 - beta1)*g), \
                  m = beta2*m + (1 - beta2)*g",
        about: Words {
            english: "Every weight moves by lr, only the sign is learned: half of Adam's memory. \
                      Its learning rate is 3 to 10 times smaller than Adam's, its weight decay as \
                      many times larger. Chen et al., 2023. The defaults are the paper's; Keras \
                      has a learning rate of 0.001, PyTorch has no lion.",
            korean: "모든 가중치가 lr만큼 움직이고 부호만 정해진다. 메모리는 Adam의 절반이다. \
                     학습률은 Adam보다 3~10배 작게, 가중치 감쇠는 그만큼 크게 잡는다. Chen et al., \
                     2023. 기본값은 논문과 같다. Keras의 학습률은 0.001이고 PyTorch에는 lion이 \
                     없다.",
        },
        settings: &[
            Setting {
                about: Words {
                    english: "How much of the mean gradient counts for the direction.",
                    korean: "방향을 정할 때 기울기 평균이 차지하는 비율이다.",
                },
                ..BETA1
            },
            Setting { name: "beta2", default: 0.99, ..BETA1 },
            DECOUPLED_DECAY,
        ],
        default_learning_rate: 0.0001,
        states: |_| &[MEAN],
        update: Some(lion),
        points: &[
            Steps {
                given: &[],
                learning_rate: 0.25,
                start: 1.0,
                gradients: &[0.5, -0.01, -3.0, 0.0],
                after: &[0.75, 0.5, 0.75, 1.0],
            },
            Steps {
                given: &[("beta1", 0.5), ("beta2", 0.5), ("weight_decay", 0.5)],
                learning_rate: 0.5,
                start: 1.0,
                gradients: &[-2.0, 1.0],
                after: &[1.25, 0.9375],
            },
        ],
    },
];

/// PyTorch's rule: the first direction is the first gradient, which dampening leaves alone.
fn sgd(given: &Update<'_>) -> (Expr, Vec<Expr>) {
    let Update { parameter, states, learning_rate, step, settings, .. } = *given;
    let momentum = settings.value("momentum");
    let dampening = settings.value("dampening");
    let gradient = decayed(given);
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

fn lion(given: &Update<'_>) -> (Expr, Vec<Expr>) {
    let [mean] = given.states else { return (given.parameter.clone(), Vec::new()) };
    let [beta1, beta2] = ["beta1", "beta2"].map(|name| given.settings.value(name));
    let direction = mixed(beta1, mean, given.gradient).sign();
    let new = shrunk(given) - given.learning_rate * direction;
    (new, vec![mixed(beta2, mean, given.gradient)])
}
