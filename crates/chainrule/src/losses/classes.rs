//! Losses of targets that are classes, or probabilities of classes.

use chainrule_core::op::{Along, Reduction};
use chainrule_core::{Expr, Words};

use super::{
    Finish, Form, Loss, Output, Point, Settings, TargetScale, aligned, mean_of_outputs, poisoned,
    refused,
};
use crate::settings::{Range, Setting};

/// What the rows have in common: a mean over the rows, of logits and classes, which have no units.
const ROW: Loss = Loss {
    name: "",
    about: Words { english: "", korean: "" },
    settings: &[],
    forms: &[],
    scales: &[TargetScale::None],
    finish: Finish::Mean,
    whole: None,
};

/// What the forms for two classes have in common.
const TWO: Form = Form {
    output: Output::Logit,
    formula: "",
    per_row: binary_cross_entropy,
    trained: None,
    without: &[],
    points: &[],
};

/// What the forms for more classes have in common.
const MORE: Form = Form { output: Output::Logits, ..TWO };

const fn point(target: &'static [f64], output: &'static [f64], value: f64) -> Point {
    Point { given: &[], target, output, value }
}

const LABEL_SMOOTHING: Setting = Setting {
    name: "label_smoothing",
    default: 0.0,
    range: Range::Fraction,
    needs: None,
    about: Words {
        english: "The share of each label that is spread evenly over all classes, its own too: \
                  (1 - s)*y + s/C, as in PyTorch. Szegedy et al., 2016.",
        korean: "레이블의 몫 가운데 자기 클래스를 포함한 모든 클래스에 고르게 나누어 줄 비율이다. \
                 PyTorch처럼 (1 - s)*y + s/C로 한다. Szegedy et al., 2016.",
    },
};

/// Beyond this cost the probability is nothing beside 1, in f64 too.
const CERTAINLY_WRONG: f64 = 60.0;

const LN_2: f64 = std::f64::consts::LN_2;

pub(super) const ROWS: &[Loss] = &[
    Loss {
        name: "binary_cross_entropy",
        about: Words {
            english: "Minus the logarithm of the probability given to what was true, of a target \
                      with two classes, or of several yes-or-no targets. From logits, as PyTorch's \
                      binary_cross_entropy_with_logits (Keras takes probabilities unless told).",
            korean: "실제 클래스에 준 확률의 로그에 음의 부호를 붙인 값. 목표가 두 클래스이거나 \
                     예/아니요 목표가 여럿일 때 쓴다. PyTorch의 \
                     binary_cross_entropy_with_logits처럼 로짓에서 계산한다(Keras는 따로 정하지 \
                     않으면 확률을 받는다).",
        },
        settings: &[LABEL_SMOOTHING],
        forms: &[Form {
            formula: "softplus(z) - ((1 - label_smoothing)*y + label_smoothing/2)*z",
            points: &[
                point(&[1.0], &[0.0], LN_2),
                point(&[0.0, 0.5], &[100.0, 0.0], 50.346_573_590_279_97),
                Point {
                    given: &[("label_smoothing", 0.5)],
                    ..point(&[1.0], &[1.0], 0.563_261_687_518_222_8)
                },
            ],
            ..TWO
        }],
        ..ROW
    },
    Loss {
        name: "categorical_cross_entropy",
        about: Words {
            english: "Minus the logarithm of the probability given to the true class, of a target \
                      with more than two classes. From logits, as PyTorch's cross_entropy.",
            korean: "실제 클래스에 준 확률의 로그에 음의 부호를 붙인 값. 목표가 세 클래스 이상일 때 \
                     쓴다. PyTorch의 cross_entropy처럼 로짓에서 계산한다.",
        },
        settings: &[LABEL_SMOOTHING],
        forms: &[Form {
            formula: "logsumexp(z, axis=0) - (1 - label_smoothing)*gather(z, y) \
                      - label_smoothing*sum(z, axis=0)/C",
            per_row: categorical_cross_entropy,
            points: &[
                point(&[2.0], &[7.0, 7.0, 7.0, 7.0], 2.0 * LN_2),
                point(&[0.0], &[0.0, 1.0], 1.313_261_687_518_222_8),
                Point {
                    given: &[("label_smoothing", 0.5)],
                    ..point(&[0.0], &[0.0, 1.0], 1.063_261_687_518_222_8)
                },
            ],
            ..MORE
        }],
        ..ROW
    },
    Loss {
        name: "hinge",
        about: Words {
            english: "The loss of support vector machines: 0 once the true class leads by a margin \
                      of 1, else what is missing. Of more than two classes the mean over the \
                      classes, as PyTorch's multi_margin_loss (Keras and scikit-learn take the \
                      strongest other class alone). Its outputs are margins: their sigmoid or \
                      softmax orders the rows, but is no calibrated probability.",
            korean: "서포트 벡터 머신의 손실. 실제 클래스가 1 이상 앞서면 0이고 아니면 모자란 \
                     만큼이다. 세 클래스 이상이면 PyTorch의 multi_margin_loss처럼 클래스에 대해 \
                     평균한다(Keras와 scikit-learn은 나머지 가운데 가장 강한 클래스만 본다). \
                     출력은 마진이므로 sigmoid나 softmax를 취해도 순위만 맞고 보정된 확률은 \
                     아니다.",
        },
        forms: &[
            Form {
                formula: "y*max(0, 1 - z) + (1 - y)*max(0, 1 + z)",
                per_row: hinge_of_two,
                points: &[point(&[1.0], &[0.25], 0.75), point(&[0.0, 1.0], &[0.5, 3.0], 0.75)],
                ..TWO
            },
            Form {
                formula: "(sum(max(0, 1 + z - gather(z, y)), axis=0) - 1)/C",
                per_row: hinge_of_more,
                points: &[
                    point(&[2.0], &[1.0, 0.5, 1.25, -4.0], 0.25),
                    point(&[0.0], &[3.0, 0.0], 0.0),
                ],
                ..MORE
            },
        ],
        ..ROW
    },
    Loss {
        name: "focal",
        about: Words {
            english: "Cross-entropy times (1 - p)^gamma, p being the probability given to the true \
                      class: rows that are already right count little, so that a rare class is not \
                      drowned. Lin et al., 2017; alpha is off unless given (torchvision has 0.25), \
                      for classes are not to be weighed unasked.",
            korean: "실제 클래스에 준 확률을 p라 할 때 교차 엔트로피에 (1 - p)^gamma를 곱한 값. \
                     이미 맞힌 행은 가볍게 세므로 드문 클래스가 묻히지 않는다. Lin et al., 2017. \
                     클래스에 저절로 가중치가 붙지 않도록 alpha는 주지 않으면 쓰지 \
                     않는다(torchvision은 0.25).",
        },
        settings: &[
            Setting {
                name: "gamma",
                default: 2.0,
                range: Range::NotNegative,
                needs: None,
                about: Words {
                    english: "How fast what is right loses its weight; 0 is cross-entropy.",
                    korean: "맞힌 행의 가중치가 줄어드는 빠르기다. 0이면 교차 엔트로피와 같다.",
                },
            },
            Setting {
                name: "alpha",
                default: 0.0,
                range: Range::Fraction,
                needs: None,
                about: Words {
                    english: "The weight of the second of two classes, 1 - alpha that of the \
                              first; 0 weighs them alike.",
                    korean: "두 클래스 가운데 둘째의 가중치다. 첫째는 1 - alpha다. 0이면 똑같이 \
                             센다.",
                },
            },
        ],
        forms: &[
            Form {
                formula: "where(alpha > 0, alpha, 1)*y*sigmoid(-z)^gamma*softplus(-z) \
                          + where(alpha > 0, 1 - alpha, 1)*(1 - y)*sigmoid(z)^gamma*softplus(z)",
                per_row: focal_of_two,
                points: &[
                    point(&[1.0], &[0.0], 0.25 * LN_2),
                    point(&[0.0, 1.0], &[0.0, 1e3], 0.125 * LN_2),
                    Point {
                        given: &[("gamma", 0.0), ("alpha", 0.25)],
                        ..point(&[1.0], &[0.0], 0.25 * LN_2)
                    },
                ],
                ..TWO
            },
            Form {
                formula: "(1 - exp(gather(z, y) - logsumexp(z, axis=0)))^gamma\
                          *(logsumexp(z, axis=0) - gather(z, y))",
                per_row: focal_of_more,
                without: &["alpha"],
                points: &[
                    point(&[1.0], &[3.0, 3.0, 3.0, 3.0], 1.125 * LN_2),
                    Point { given: &[("gamma", 1.0)], ..point(&[0.0], &[2.0, 2.0], 0.5 * LN_2) },
                ],
                ..MORE
            },
        ],
        ..ROW
    },
    Loss {
        name: "kl_divergence",
        about: Words {
            english: "The Kullback-Leibler divergence of the predicted probabilities from those of \
                      the target: cross-entropy less the target's own entropy, and so 0 where they \
                      agree. Of classes, which have no entropy, it is cross-entropy. Summed over \
                      the classes of a row, as in Keras and PyTorch's batchmean; PyTorch's \
                      default, mean, divides by their number too and is no divergence.",
            korean: "목표 확률과 예측 확률 사이의 쿨백-라이블러 발산. 교차 엔트로피에서 목표 \
                     자체의 엔트로피를 뺀 값이라 둘이 같으면 0이다. 목표가 클래스이면 엔트로피가 \
                     0이므로 교차 엔트로피와 같다. Keras와 PyTorch의 batchmean처럼 한 행의 \
                     클래스에 대해 더한다. PyTorch의 기본값 mean은 클래스 수로도 나누므로 발산이 \
                     아니다.",
        },
        forms: &[
            Form {
                formula: "softplus(z) - y*z + y*log(y) + (1 - y)*log(1 - y)",
                per_row: divergence_of_two,
                points: &[
                    point(&[0.25], &[3.0], 1.736_252_206_954_933_7),
                    point(&[0.5, 0.5], &[2.0, -2.0], 0.433_780_830_483_027_2),
                ],
                ..TWO
            },
            Form {
                formula: "sum(y*(log(y) + logsumexp(z, axis=0) - z), axis=0)",
                per_row: divergence_of_more,
                points: &[
                    point(&[0.25, 0.75], &[4.0, 0.0], 2.455_814_783_299_001_4),
                    point(&[0.5, 0.25, 0.25], &[3.0, 0.0, -1.0], 0.776_163_132_917_511_2),
                ],
                ..MORE
            },
        ],
        ..ROW
    },
];

/// A cost times the share that it has; a share of 0 costs nothing, even of an infinite cost.
fn shared(share: &Expr, cost: Expr) -> Expr {
    share.clone().equals(0.0).select(0.0, share * cost)
}

/// softplus(z) − y·z, written so that nothing cancels and nothing is ∞ − ∞.
///
/// With a = |z| it is softplus(−a), small where the sign of z is right for a y of 0 or 1, plus
/// a · (1 − y if z is positive, else y), which is then 0 even for an infinite z.
fn binary_cross_entropy(y: &Expr, z: &Expr, settings: &Settings) -> Expr {
    mean_of_outputs(entropy_of_two(&smoothed(&aligned(y, z), 2, settings), z))
}

fn entropy_of_two(y: &Expr, z: &Expr) -> Expr {
    let positive = Expr::constant(0.0).less(z);
    // Not abs, whose derivative at 0 would lose the slope ½ − y there.
    let size = positive.clone().select(z, -z);
    let wrong = positive.select(1.0 - y, y);
    (-&size).softplus() + shared(&wrong, size)
}

/// (1 − s)·y + s/C.
fn smoothed(y: &Expr, classes: usize, settings: &Settings) -> Expr {
    match settings.value("label_smoothing") {
        0.0 => y.clone(),
        s => (1.0 - s) * y + s / classes as f64,
    }
}

/// log Σ eᶻ − z_y of a class number y, or Σ yⱼ (log Σ eᶻ − zⱼ) of probabilities y.
fn categorical_cross_entropy(y: &Expr, z: &Expr, settings: &Settings) -> Expr {
    let smoothing = settings.value("label_smoothing");
    match Target::of("categorical_cross_entropy", y, z) {
        Target::Class(class) if smoothing == 0.0 => cost_of_class(&class, z),
        Target::Class(class) => {
            let spread = costs(z).sum(0) * (smoothing / z.shape().elements() as f64);
            (1.0 - smoothing) * cost_of_class(&class, z) + spread
        }
        Target::Shares(y) => {
            let y = smoothed(&y, z.shape().elements(), settings);
            shared(&y, costs(z)).sum(0)
        }
        Target::Refused(error) => error,
    }
}

/// The target of several classes.
enum Target {
    /// The number of the class.
    Class(Expr),
    /// A probability for each class.
    Shares(Expr),
    /// What neither fits the logits, as a poisoned expression.
    Refused(Expr),
}

impl Target {
    fn of(loss: &str, y: &Expr, z: &Expr) -> Self {
        if let Some(poisoned) = poisoned(y, z) {
            return Self::Refused(poisoned);
        }
        let (target, logits) = (y.shape(), z.shape());
        if logits.rank() == 1 && target.elements() == 1 {
            Self::Class(y.clone().reshape(&[]))
        } else if logits.rank() == 1 && target.dims == logits.dims {
            Self::Shares(y.clone())
        } else {
            Self::Refused(refused(loss, y, z))
        }
    }
}

/// The logits relative to the largest, and log Σ eᶻ of these.
///
/// So it keeps its digits however large they are. No loss depends on what they are relative to, so
/// no derivative follows it.
fn relative(z: &Expr) -> (Expr, Expr) {
    let along = Along::Axis(0);
    let relative = z - z.clone().reduce(Reduction::Max, along).stop_gradient();
    let total = relative.clone().reduce(Reduction::LogSumExp, along);
    (relative, total)
}

/// Minus the logarithm of each class's probability.
fn costs(z: &Expr) -> Expr {
    let (relative, total) = relative(z);
    total - relative
}

/// Minus the logarithm of a class's probability.
fn cost_of_class(class: &Expr, z: &Expr) -> Expr {
    let (relative, total) = relative(z);
    total - relative.gather(class)
}

fn hinge_of_two(y: &Expr, z: &Expr, _: &Settings) -> Expr {
    let y = aligned(y, z);
    let missing = |lead: Expr| Expr::constant(0.0).max(1.0 - lead);
    mean_of_outputs(shared(&y, missing(z.clone())) + shared(&(1.0 - &y), missing(-z)))
}

/// Σ max(0, 1 + zⱼ − z_y)/C over the other classes j.
fn hinge_of_more(y: &Expr, z: &Expr, _: &Settings) -> Expr {
    let classes = z.shape().elements();
    let missing = |lead: Expr| Expr::constant(0.0).max(1.0 - lead);
    let sum = match Target::of("hinge", y, z) {
        Target::Class(class) => {
            let own = Expr::iota(&[classes], 0).equals(class.clone().reshape(&[1]));
            own.select(0.0, missing(z.clone().gather(class) - z)).sum(0)
        }
        // A row of the matrix is a class that may be the true one, a column one beside it.
        Target::Shares(y) => {
            let [rows, columns] = [[classes, 1], [1, classes]].map(|dims| z.clone().reshape(&dims));
            let both = [classes, classes];
            let own = Expr::iota(&both, 0).equals(Expr::iota(&both, 1));
            shared(&y, own.select(0.0, missing(rows - columns)).sum(1)).sum(0)
        }
        Target::Refused(error) => return error,
    };
    sum * (1.0 / classes as f64)
}

/// (1 − p)^γ · (−log p) from the cost −log p.
fn focused(cost: Expr, settings: &Settings) -> Expr {
    let gamma = settings.value("gamma");
    // Far out the factor is 1; the derivative would be 0·∞ at an infinite cost.
    let wrong = Expr::constant(CERTAINLY_WRONG).less(&cost);
    let near = wrong.clone().select(0.0, &cost);
    let factor = (-(-&near).expm1()).powf(gamma);
    wrong.select(cost, factor * near)
}

fn focal_of_two(y: &Expr, z: &Expr, settings: &Settings) -> Expr {
    let y = aligned(y, z);
    let (second, first) = match settings.value("alpha") {
        0.0 => (1.0, 1.0),
        alpha => (alpha, 1.0 - alpha),
    };
    let [if_second, if_first] = [-z, z.clone()].map(|z| focused(z.softplus(), settings));
    let value = second * shared(&y, if_second) + first * shared(&(1.0 - &y), if_first);
    mean_of_outputs(value)
}

fn focal_of_more(y: &Expr, z: &Expr, settings: &Settings) -> Expr {
    match Target::of("focal", y, z) {
        Target::Class(class) => focused(cost_of_class(&class, z), settings),
        Target::Shares(y) => shared(&y, focused(costs(z), settings)).sum(0),
        Target::Refused(error) => error,
    }
}

/// y·log y, which is 0 at 0.
fn minus_entropy(y: &Expr) -> Expr {
    shared(y, y.clone().log())
}

fn divergence_of_two(y: &Expr, z: &Expr, _: &Settings) -> Expr {
    let y = aligned(y, z);
    let own = minus_entropy(&y) + minus_entropy(&(1.0 - &y));
    mean_of_outputs(entropy_of_two(&y, z) + own)
}

fn divergence_of_more(y: &Expr, z: &Expr, _: &Settings) -> Expr {
    match Target::of("kl_divergence", y, z) {
        Target::Class(class) => cost_of_class(&class, z),
        Target::Shares(y) => shared(&y, y.clone().log() + costs(z)).sum(0),
        Target::Refused(error) => error,
    }
}
