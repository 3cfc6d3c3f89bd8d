//! Each number normalised over the rows of a batch.

use std::sync::Arc;

use chainrule_core::{Expr, Shape, Words};
use serde_json::{Value, json};

use super::{Builder, Layer, LayerKind, LayerSetting, invalid};
use crate::error::Result;

pub(super) const KIND: LayerKind = LayerKind {
    name: "batch_norm",
    formula: "scale*(x - mean)/sqrt(variance + epsilon) + shift",
    about: Words {
        english: "Brings each number to mean 0 and variance 1 over the rows of the batch, then to \
                  a learned scale and shift; in prediction by running values. Lets deep networks \
                  learn with larger steps; not for batches of a few rows. The defaults are \
                  PyTorch's (Keras has momentum 0.01 in these terms, and epsilon 0.001). Ioffe \
                  and Szegedy, 2015.",
        korean: "배치의 행들에서 각 값의 평균을 0, 분산을 1로 맞춘 뒤 학습한 배율을 곱하고 \
                 이동값을 더한다. 예측할 때는 이동평균을 쓴다. 깊은 신경망을 더 큰 학습률로 학습할 \
                 수 있다. 배치가 몇 행뿐이면 맞지 않는다. 기본값은 PyTorch와 같다(Keras는 여기 \
                 표기로 momentum 0.01, epsilon 0.001). Ioffe and Szegedy, 2015.",
    },
    settings: &[
        LayerSetting {
            name: "momentum",
            default: Some("0.1"),
            about: Words {
                english: "How far the running values go towards the batch's in a step, from 0 to \
                          1.",
                korean: "한 스텝에서 이동평균이 배치의 값으로 다가가는 비율로, 0 이상 1 이하다.",
            },
        },
        LayerSetting {
            name: "epsilon",
            default: Some("0.00001"),
            about: Words {
                english: "Is added to the variance, so that a constant number is not divided by 0.",
                korean: "분산에 더하는 수다. 값이 일정해도 0으로 나누지 않게 한다.",
            },
        },
    ],
    make: |given| {
        let default = BatchNorm::default();
        let or = |name, default| if given.has(name) { given.number(name) } else { Ok(default) };
        let (momentum, epsilon) =
            (or("momentum", default.momentum)?, or("epsilon", default.epsilon)?);
        Ok(Arc::new(BatchNorm::new(momentum, epsilon)?))
    },
};

/// Each number of a row normalised over the rows of the batch, then scaled and shifted:
/// γ·(x − mean)/√(variance + ε) + β.
///
/// γ (at first 1) and β (at first 0) are learned, one for each number of a row. In training, mean
/// and variance are the batch's, the variance without Bessel's correction; running values of both,
/// the variance with it, move towards them by the share `momentum` in each step, and stand in for
/// them in prediction. All this is PyTorch's.
///
/// Where rows count differently, their weights count in mean and variance too, so that a row of
/// weight 0 changes nothing. A batch in which fewer than two rows count says nothing of a
/// variance: it is normalised by the running values, as in prediction, and leaves them as they
/// are. A training of batches of one row is refused.
///
/// Ioffe and Szegedy, *Batch Normalization: Accelerating Deep Network Training by Reducing Internal
/// Covariate Shift*, 2015.
#[derive(Clone, Copy, Debug)]
pub struct BatchNorm {
    momentum: f64,
    epsilon: f64,
}

impl Default for BatchNorm {
    /// Momentum 0.1, epsilon 1e-5.
    fn default() -> Self {
        Self { momentum: 0.1, epsilon: 1e-5 }
    }
}

impl BatchNorm {
    /// Batch normalisation with a momentum from 0 to 1 and an epsilon above 0.
    ///
    /// # Errors
    /// [`InvalidSetting`](crate::ErrorKind::InvalidSetting) for others.
    pub fn new(momentum: f64, epsilon: f64) -> Result<Self> {
        if !(0.0..=1.0).contains(&momentum) {
            return Err(invalid("momentum", momentum.to_string(), "from 0 to 1"));
        }
        super::check_epsilon(epsilon)?;
        Ok(Self { momentum, epsilon })
    }
}

impl Layer for BatchNorm {
    fn name(&self) -> &str {
        KIND.name
    }

    fn build(&self, builder: &mut Builder, input: &Expr) -> Expr {
        let dims = &input.shape().dims;
        let scale = builder.parameter("scale", dims, "ones");
        let shift = builder.parameter("shift", dims, "zeros");
        let mean = builder.state("mean", dims, 0.0);
        let variance = builder.state("variance", dims, 1.0);
        let arguments = [input, &scale, &shift, &mean, &variance].map(Expr::clone);
        // The factor and the summand of every row are computed once: a row costs a product.
        let factor = |variance: Expr| &scale / (variance + self.epsilon).sqrt();
        let output = if builder.training() {
            let batch = Batch::of(input, &mean, &variance, builder.row_weight());
            let running = |old: &Expr, new: Expr| {
                let moved = (1.0 - self.momentum) * old + self.momentum * new;
                batch.counts.clone().select(moved, old)
            };
            let new_mean = running(&mean, &batch.near + &batch.rest);
            let new_variance = running(&variance, &batch.variance * &batch.correction);
            builder.update("mean", new_mean);
            builder.update("variance", new_variance);
            let factor = factor(batch.variance);
            batch.centred * &factor + (shift - batch.rest * &factor)
        } else {
            (input - mean) * factor(variance) + shift
        };
        Expr::call(KIND.name, output, &arguments)
    }

    fn settings(&self) -> Value {
        json!({ "momentum": self.momentum, "epsilon": self.epsilon })
    }
}

/// What the rows of a batch say.
struct Batch {
    /// Whether two rows or more count.
    counts: Expr,
    /// The mean but for rounding: a number to subtract, of which no derivative is wanted.
    near: Expr,
    /// x − near.
    centred: Expr,
    /// mean − near.
    rest: Expr,
    /// The variance.
    variance: Expr,
    /// n/(n − 1), with n the number of rows that count.
    correction: Expr,
}

impl Batch {
    /// Mean and variance in two passes: the second sums what is left of x and its square once the
    /// first's mean is subtracted, so that neither loses digits to a large mean. What is
    /// subtracted changes no result, so that its derivative is 0.
    fn of(x: &Expr, mean: &Expr, variance: &Expr, weight: Option<&Expr>) -> Self {
        let sum = |x: Expr| match weight {
            Some(weight) => (x * weight).sum_over_rows(),
            None => x.sum_over_rows(),
        };
        let one = Expr::constant(1.0).broadcast(&Shape::rows(&[]));
        let total = sum(one.clone());
        let rows = match weight {
            Some(weight) => Expr::constant(0.0).less(weight).sum_over_rows(),
            None => total.clone(),
        };
        let share = total.clone().equals(0.0).select(0.0, 1.0 / total);
        let counts = Expr::constant(1.0).less(&rows);
        let first = (sum(x.clone()) * &share).stop_gradient();
        let near = counts.clone().select(first, mean);
        let centred = x - &near;
        let rest = sum(centred.clone()) * &share;
        let square = sum(centred.clone().powf(2.0)) * &share;
        // Rounding alone could make it negative.
        let found = Expr::constant(0.0).max(square - rest.clone().powf(2.0));
        let correction = &rows / Expr::constant(1.0).max(&rows - 1.0);
        Self {
            near,
            centred,
            rest: counts.clone().select(rest, 0.0),
            variance: counts.clone().select(found, variance),
            correction,
            counts,
        }
    }
}
