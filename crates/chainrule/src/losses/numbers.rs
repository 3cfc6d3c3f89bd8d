//! Losses of targets that are numbers.

use chainrule_core::op::{Along, Reduction};
use chainrule_core::{Expr, Words};

use super::{
    Finish, Form, Loss, Output, Point, Settings, TargetScale, aligned, mean_of_outputs, poisoned,
    refused,
};
use crate::settings::{Range, Setting};

/// What most rows have in common: a mean over the rows, of errors in scaled units.
const ROW: Loss = Loss {
    name: "",
    about: Words { english: "", korean: "" },
    settings: &[],
    forms: &[],
    scales: &[TargetScale::Standard, TargetScale::None, TargetScale::Log],
    finish: Finish::Mean,
    whole: None,
};

/// What most forms have in common: they compare a prediction with the target.
const FORM: Form = Form {
    output: Output::Prediction,
    formula: "",
    per_row: squared_error,
    trained: None,
    without: &[],
    points: &[],
};

const fn point(target: &'static [f64], output: &'static [f64], value: f64) -> Point {
    Point { given: &[], target, output, value }
}

/// The variance that is added to every predicted one, where that of the whole target is 1: with a
/// variance of nearly 0, one row that is met exactly would outweigh all others.
pub(crate) const LEAST_VARIANCE: f64 = 1e-6;

pub(super) const ROWS: &[Loss] = &[
    Loss {
        name: "mse",
        about: Words {
            english: "Mean squared error: the usual loss of a target that is a number; large \
                      errors count most. In the target's units squared.",
            korean: "평균제곱오차. 목표가 수일 때 흔히 쓰는 손실이며 큰 오차를 가장 무겁게 센다. \
                     단위는 목표 단위의 제곱이다.",
        },
        forms: &[Form {
            formula: "(y - p)^2",
            points: &[point(&[3.0], &[2.5], 0.25), point(&[1.0, -2.0], &[4.0, -1.0], 5.0)],
            ..FORM
        }],
        ..ROW
    },
    Loss {
        name: "rmse",
        about: Words {
            english: "Root mean squared error: as mse, in the target's units.",
            korean: "평균제곱근오차. mse와 같으나 단위가 목표와 같다.",
        },
        forms: &[Form {
            formula: "(y - p)^2",
            points: &[point(&[7.0], &[8.0], 1.0), point(&[-0.5, 0.5], &[0.0, 2.0], 1.25)],
            ..FORM
        }],
        finish: Finish::Root,
        ..ROW
    },
    Loss {
        name: "mae",
        about: Words {
            english: "Mean absolute error: leads to the median, so that a few outliers hardly \
                      count. In the target's units.",
            korean: "평균절대오차. 중앙값을 맞히게 되므로 이상값 몇 개에 거의 흔들리지 않는다. \
                     단위는 목표와 같다.",
        },
        forms: &[Form {
            formula: "abs(y - p)",
            per_row: absolute_error,
            points: &[point(&[3.0], &[2.5], 0.5), point(&[1.0, -2.0], &[4.0, -1.0], 2.0)],
            ..FORM
        }],
        ..ROW
    },
    Loss {
        name: "huber",
        about: Words {
            english: "As mse/2 for errors up to delta (in standard deviations of a scaled target), \
                      a straight line as mae beyond: a few outliers do not rule. Huber, 1964; \
                      PyTorch's smooth_l1 is this divided by its beta.",
            korean: "오차가 delta 이하이면 mse의 반이고, 넘으면 mae처럼 직선으로 커진다(delta의 \
                     단위는 표준화한 목표의 표준편차). 이상값 몇 개에 휘둘리지 않는다. Huber, \
                     1964. PyTorch의 smooth_l1은 이를 beta로 나눈 것이다.",
        },
        settings: &[Setting {
            name: "delta",
            default: 1.0,
            range: Range::Positive,
            needs: None,
            about: Words {
                english: "The error from which on the loss is a straight line: 1 as in PyTorch and \
                          Keras (scikit-learn has 1.35).",
                korean: "손실이 직선이 되기 시작하는 오차다. PyTorch와 Keras처럼 \
                         1이다(scikit-learn은 1.35).",
            },
        }],
        forms: &[Form {
            formula: "where(abs(y - p) > delta, delta*(abs(y - p) - 0.5*delta), 0.5*(y - p)^2)",
            per_row: huber,
            points: &[
                point(&[3.0], &[2.5], 0.125),
                point(&[1.0, -2.0], &[4.0, -2.5], 1.3125),
                Point { given: &[("delta", 2.0)], ..point(&[0.0], &[5.0], 8.0) },
            ],
            ..FORM
        }],
        ..ROW
    },
    Loss {
        name: "log_cosh",
        about: Words {
            english: "The logarithm of the error's hyperbolic cosine: as mse/2 for small errors, \
                      as mae - log 2 for large ones, and smooth between.",
            korean: "오차의 쌍곡코사인에 로그를 취한 값. 작은 오차에는 mse의 반, 큰 오차에는 mae - \
                     log 2에 가깝고 그 사이도 매끄럽다.",
        },
        forms: &[Form {
            formula: "log(cosh(y - p))",
            per_row: log_cosh,
            points: &[
                point(&[3.0], &[2.0], 0.433_780_830_483_027_2),
                point(&[1.0, -2.0], &[1.0, 0.0], 0.662_501_373_678_932_2),
            ],
            ..FORM
        }],
        ..ROW
    },
    Loss {
        name: "quantile",
        about: Words {
            english: "Pinball loss: leads to the value that a share q of the targets lies below; \
                      q = 0.5 is mae/2 and leads to the median. Koenker and Bassett, 1978.",
            korean: "핀볼 손실. 목표 가운데 q의 비율이 그 아래에 놓이는 값, 곧 분위수를 맞힌다. q \
                     = 0.5이면 mae의 반이고 중앙값을 맞힌다. Koenker and Bassett, 1978.",
        },
        settings: &[Setting {
            name: "q",
            default: 0.5,
            range: Range::Inside,
            needs: None,
            about: Words {
                english: "The share of the targets that is to lie below the prediction.",
                korean: "예측보다 아래에 놓일 목표의 비율이다.",
            },
        }],
        forms: &[Form {
            formula: "where(y > p, q, 1 - q)*abs(y - p)",
            per_row: quantile,
            points: &[
                point(&[3.0], &[2.5], 0.25),
                Point { given: &[("q", 0.75)], ..point(&[1.0, -2.0], &[-1.0, -1.0], 0.875) },
            ],
            ..FORM
        }],
        ..ROW
    },
    Loss {
        name: "rmsle",
        about: Words {
            english: "Root mean squared logarithmic error: counts ratios instead of differences, \
                      for a positive target with a wide spread; y and p must be above -1.",
            korean: "평균제곱근로그오차. 차이가 아니라 비율을 재므로, 값의 폭이 넓은 양수 목표에 \
                     쓴다. y와 p는 -1보다 커야 한다.",
        },
        forms: &[Form {
            formula: "(log1p(p) - log1p(y))^2",
            per_row: squared_logarithmic_error,
            trained: Some(|y, p, settings, _| squared_error(y, p, settings)),
            points: &[
                point(&[0.0], &[1.0], 0.480_453_013_918_201_4),
                point(&[3.0, 1.0], &[3.0, 1.0], 0.0),
            ],
            ..FORM
        }],
        scales: &[TargetScale::Log],
        finish: Finish::Root,
        ..ROW
    },
    Loss {
        name: "r2",
        about: Words {
            english: "1 - R^2, with the target's variance fixed by the training part: mse as a \
                      share of what predicting the mean would leave.",
            korean: "1 - R^2. 목표의 분산은 학습 데이터에서 구해 고정한다. mse가 평균으로만 예측할 \
                     때 남는 오차에서 차지하는 비율이다.",
        },
        forms: &[Form {
            formula: "(y - p)^2",
            points: &[point(&[0.0], &[0.5], 0.25), point(&[1.0, -1.0], &[1.0, -1.0], 0.0)],
            ..FORM
        }],
        scales: &[TargetScale::Standard],
        whole: Some("mean((y - p)^2)/var(y)"),
        ..ROW
    },
    Loss {
        name: "poisson",
        about: Words {
            english: "For counts: minus the logarithm of their probability, but for what does not \
                      depend on the network, whose output z is the logarithm of the expected \
                      count, as in PyTorch with log_input (Keras takes the count itself). In the \
                      target's own units; it may be negative.",
            korean: "개수를 예측할 때 쓴다. 확률의 로그에 음의 부호를 붙이고 신경망과 무관한 항을 \
                     뺀 값이다. 출력 z는 log_input을 켠 PyTorch처럼 기대 개수의 로그다(Keras는 \
                     기대 개수 자체). 목표의 원래 단위로 재며 음수일 수 있다.",
        },
        forms: &[Form {
            output: Output::Rate,
            formula: "exp(z) - y*z",
            per_row: poisson,
            // In training the rate starts at the mean of the target.
            trained: Some(|y, z, settings, units| poisson(y, &(z + units.means()), settings)),
            points: &[
                point(&[3.0], &[0.0], 1.0),
                point(&[2.0, 0.0], &[std::f64::consts::LN_2, -1e3], 0.306_852_819_440_054_7),
            ],
            ..FORM
        }],
        scales: &[TargetScale::Standard, TargetScale::None],
        ..ROW
    },
    Loss {
        name: "gaussian_nll",
        about: Words {
            english: "For predictions that say how sure they are: minus the logarithm of a normal \
                      distribution's density, but for its constant, of which the network gives the \
                      mean m and the logarithm of the variance s. 1e-6 is added to the variance \
                      (of a scaled target); PyTorch cuts it off there instead, and its gradient is \
                      then not the loss's. In the target's own units; it may be negative. Nix and \
                      Weigend, 1994.",
            korean: "예측이 얼마나 확실한지도 함께 학습하는 손실. 정규분포의 밀도에 로그를 취하고 \
                     음의 부호를 붙인 값에서 상수항을 뺀 것이다. 신경망은 평균 m과 분산의 로그 s를 \
                     낸다. 분산에는 1e-6을 더하는데(표준화한 목표 기준), PyTorch는 더하는 대신 그 \
                     값에서 자르며 그때의 기울기는 손실의 도함수와 다르다. 목표의 원래 단위로 재며 \
                     음수일 수 있다. Nix and Weigend, 1994.",
        },
        forms: &[Form {
            output: Output::Normal,
            formula: "(log(exp(s) + 1e-6) + (y - m)^2/(exp(s) + 1e-6))/2",
            per_row: gaussian_nll,
            // In scaled units, where y − m keeps its digits; the units only add a constant.
            trained: Some(|y, output, settings, units| {
                gaussian_nll(y, output, settings) + units.log_std()
            }),
            points: &[
                point(&[1.0], &[3.0, 0.0], 1.999_998_500_001_75),
                point(
                    &[2.0, 0.0],
                    &[1.0, 0.0, std::f64::consts::LN_2, -1e3],
                    -3.155_590_781_851_082,
                ),
            ],
            ..FORM
        }],
        scales: &[TargetScale::Standard, TargetScale::None],
        ..ROW
    },
    Loss {
        name: "cosine",
        about: Words {
            english: "1 minus the cosine of the angle between target and prediction, as in PyTorch \
                      (Keras has minus the cosine): for targets of several numbers of which the \
                      direction alone counts. 1 if either is 0. From 0 to 2.",
            korean: "1에서 목표와 예측이 이루는 각의 코사인을 뺀 값으로, PyTorch와 같다(Keras는 \
                     코사인에 음의 부호만 붙인다). 여러 수로 된 목표에서 방향만 중요할 때 쓴다. \
                     어느 한쪽이 0이면 1이다. 값은 0부터 2까지다.",
        },
        forms: &[Form {
            output: Output::Direction,
            formula: "1 - sum(y*p, axis=0)/sqrt(sum(y^2, axis=0)*sum(p^2, axis=0))",
            per_row: cosine,
            points: &[
                point(&[3.0, 4.0], &[4.0, 3.0], 0.04),
                point(&[1.0, 0.0, 0.0], &[0.0, 0.0, 7.0], 1.0),
            ],
            ..FORM
        }],
        scales: &[TargetScale::None, TargetScale::Standard],
        ..ROW
    },
];

fn squared_error(y: &Expr, p: &Expr, _: &Settings) -> Expr {
    mean_of_outputs((p - aligned(y, p)).powf(2.0))
}

fn absolute_error(y: &Expr, p: &Expr, _: &Settings) -> Expr {
    mean_of_outputs((p - aligned(y, p)).abs())
}

/// ½e² where |e| ≤ δ, and δ(|e| − ½δ) beyond.
fn huber(y: &Expr, p: &Expr, settings: &Settings) -> Expr {
    let delta = settings.value("delta");
    let error = p - aligned(y, p);
    let size = error.clone().abs();
    let small = 0.5 * error.powf(2.0);
    let large = delta * (size.clone() - 0.5 * delta);
    mean_of_outputs(Expr::constant(delta).less(&size).select(large, small))
}

/// log(cosh(e)): near 0 as log(1 + 2 sinh²(e/2)), which keeps its digits; from 20 on |e| − log 2.
fn log_cosh(y: &Expr, p: &Expr, _: &Settings) -> Expr {
    let error = p - aligned(y, p);
    let size = error.clone().abs();
    let near = size.clone().less(20.0);
    let half = 0.5 * near.clone().select(error, 0.0);
    let sine = half.clone().expm1() - (-half).expm1();
    let bend = (0.5 * sine.powf(2.0)).log1p();
    mean_of_outputs(near.select(bend, size - std::f64::consts::LN_2))
}

/// q(y − p) where y is above, (1 − q)(p − y) where it is below, and slope 0 where they meet.
fn quantile(y: &Expr, p: &Expr, settings: &Settings) -> Expr {
    let q = settings.value("q");
    let error = p - aligned(y, p);
    let share = error.clone().less(0.0).select(q, 1.0 - q);
    mean_of_outputs(share * error.abs())
}

/// (log(1 + p) − log(1 + y))² as log(1 + |p − y|/(1 + min(p, y)))², where nothing cancels.
fn squared_logarithmic_error(y: &Expr, p: &Expr, _: &Settings) -> Expr {
    let y = aligned(y, p);
    let below = p.clone().less(&y);
    // Not abs, whose derivative at 0 would lose the curvature there.
    let apart = below.clone().select(&y - p, p - &y);
    let smaller = below.select(p, y);
    mean_of_outputs((apart / (1.0 + smaller)).log1p().powf(2.0))
}

/// eᶻ − y·z, where a count of 0 costs eᶻ alone, even for z = −∞.
fn poisson(y: &Expr, z: &Expr, _: &Settings) -> Expr {
    let y = aligned(y, z);
    let gain = y.clone().equals(0.0).select(0.0, y * z);
    mean_of_outputs(z.clone().exp() - gain)
}

/// ½(log v + (y − m)²/v) with the variance v = eˢ + ε, by way of its logarithm.
fn gaussian_nll(y: &Expr, output: &Expr, _: &Settings) -> Expr {
    if let Some(poisoned) = poisoned(y, output) {
        return poisoned;
    }
    let (targets, shape) = (y.shape().elements(), output.shape());
    if shape.rank() != 1 || shape.elements() != 2 * targets {
        return refused("gaussian_nll", y, output);
    }
    let mean = output.clone().slice(0, 0, targets);
    let raw = output.clone().slice(0, targets, targets);
    let least = libm::log(LEAST_VARIANCE);
    // log(eˢ + ε): near 0 it keeps its digits, far out it neither overflows nor becomes log 0.
    let near = raw.clone().abs().less(1.0);
    let bend = (raw.clone().expm1() + LEAST_VARIANCE).log1p();
    let log_variance = near.select(bend, (raw - least).softplus() + least);
    let squares = (&mean - aligned(y, &mean)).powf(2.0) * (-&log_variance).exp();
    mean_of_outputs(0.5 * (log_variance + squares))
}

/// ½|u − v|² of the two directions, which is 1 − u·v with all its digits; 1 where one has none.
fn cosine(y: &Expr, p: &Expr, _: &Settings) -> Expr {
    let y = aligned(y, p);
    if y.error().is_some() {
        return y;
    }
    let [(y, y_zero), (p, p_zero)] = [&y, p].map(direction);
    let apart = 0.5 * (p - y).powf(2.0).sum(0);
    y_zero.max(p_zero).select(1.0, apart)
}

/// A row divided by its length, and whether that is 0.
fn direction(row: &Expr) -> (Expr, Expr) {
    let row = row.clone().reshape(&[row.shape().elements()]);
    // Relative to the largest entry no square overflows or is lost. The direction does not depend
    // on what the row is relative to, so no derivative follows it.
    let largest = row.clone().abs().reduce(Reduction::Max, Along::Axis(0)).stop_gradient();
    let zero = largest.clone().equals(0.0);
    let row = row / zero.clone().select(1.0, largest);
    let length = row.clone().powf(2.0).sum(0).sqrt();
    (row / zero.clone().select(1.0, length), zero)
}
