//! Each row normalised by itself.

use std::sync::Arc;

use chainrule_core::{Expr, Words};
use serde_json::{Value, json};

use super::{Builder, Layer, LayerKind, LayerSetting};
use crate::error::Result;

pub(super) const KIND: LayerKind = LayerKind {
    name: "layer_norm",
    formula: "scale*(x - mean(x))/sqrt(variance(x) + epsilon) + shift",
    about: Words {
        english: "Brings the numbers of each row to mean 0 and variance 1, then to a learned scale \
                  and shift; the same in training and prediction, whatever the batch. The default \
                  is PyTorch's (Keras has epsilon 0.001). Ba et al., 2016.",
        korean: "한 행 안의 값들을 평균 0, 분산 1로 맞춘 뒤 학습한 배율을 곱하고 이동값을 더한다. \
                 배치와 상관없이 학습과 예측에서 똑같다. 기본값은 PyTorch와 같다(Keras는 epsilon \
                 0.001). Ba et al., 2016.",
    },
    settings: &[LayerSetting {
        name: "epsilon",
        default: Some("0.00001"),
        about: Words {
            english: "Is added to the variance, so that a row of equal numbers is not divided by 0.",
            korean: "분산에 더하는 수다. 행의 값이 모두 같아도 0으로 나누지 않게 한다.",
        },
    }],
    make: |given| {
        Ok(Arc::new(match given.has("epsilon") {
            true => LayerNorm::new(given.number("epsilon")?)?,
            false => LayerNorm::default(),
        }))
    },
};

/// The numbers of each row normalised along its last axis, then scaled and shifted:
/// γ·(x − mean)/√(variance + ε) + β.
///
/// γ (at first 1) and β (at first 0) are learned, one for each place of the axis; the variance is
/// the mean square of the deviations. A row of one number becomes β.
///
/// Ba, Kiros and Hinton, *Layer Normalization*, 2016.
#[derive(Clone, Copy, Debug)]
pub struct LayerNorm {
    epsilon: f64,
}

impl Default for LayerNorm {
    /// Epsilon 1e-5.
    fn default() -> Self {
        Self { epsilon: 1e-5 }
    }
}

impl LayerNorm {
    /// Layer normalisation with an epsilon above 0.
    ///
    /// # Errors
    /// [`InvalidSetting`](crate::ErrorKind::InvalidSetting) for another.
    pub fn new(epsilon: f64) -> Result<Self> {
        super::check_epsilon(epsilon)?;
        Ok(Self { epsilon })
    }
}

impl Layer for LayerNorm {
    fn name(&self) -> &str {
        KIND.name
    }

    /// Two passes, as in batch normalisation: the first mean is subtracted before the sums are
    /// taken that decide, and its derivative is 0 since it changes no result.
    fn build(&self, builder: &mut Builder, input: &Expr) -> Expr {
        let dims = input.shape().dims;
        let axis = dims.len().saturating_sub(1);
        let width = dims.last().copied().unwrap_or(1);
        let scale = builder.parameter("scale", &[width], "ones");
        let shift = builder.parameter("shift", &[width], "zeros");
        let mean = |x: &Expr| {
            let sum = x.clone().sum(axis);
            let spread = [&*sum.shape().dims, &[1]].concat();
            sum.reshape(&spread) / width as f64
        };
        let centred = input - mean(input).stop_gradient();
        let rest = mean(&centred);
        let square = mean(&centred.clone().powf(2.0));
        let variance = Expr::constant(0.0).max(square - rest.clone().powf(2.0));
        let normal = (centred - rest) / (variance + self.epsilon).sqrt();
        Expr::call(KIND.name, normal * &scale + &shift, &[input.clone(), scale, shift])
    }

    fn settings(&self) -> Value {
        json!({ "epsilon": self.epsilon })
    }
}
