//! Units that are left out at random, in training alone.

use std::sync::Arc;

use chainrule_core::{Expr, Words};
use serde_json::{Value, json};

use super::{Builder, Layer, LayerKind, LayerSetting, invalid};
use crate::error::Result;

pub(super) const KIND: LayerKind = LayerKind {
    name: "dropout",
    formula: "where(u < rate, 0, x/(1 - rate)), u = U(0, 1)",
    about: Words {
        english: "In training drops each number with a probability and scales up the others, so \
                  that no unit relies on another; in prediction it does nothing. Srivastava et \
                  al., 2014.",
        korean: "학습할 때 각 값을 정한 확률로 0으로 만들고 나머지를 키워, 한 뉴런이 다른 뉴런에 \
                 의존하지 않게 한다. 예측할 때는 아무것도 하지 않는다. Srivastava et al., 2014.",
    },
    settings: &[LayerSetting {
        name: "rate",
        default: None,
        about: Words {
            english: "The probability, from 0 to below 1: to be given, for none suits most tables \
                      (PyTorch has 0.5).",
            korean: "값을 버릴 확률로, 0 이상 1 미만이다. 대부분의 표에 맞는 값이 없으므로 꼭 \
                     정해야 한다(PyTorch의 기본값은 0.5).",
        },
    }],
    make: |given| Ok(Arc::new(Dropout::new(given.number("rate")?)?)),
};

/// In training, each element is 0 with probability `rate` and else divided by 1 − rate; in
/// prediction nothing happens.
///
/// Srivastava et al., *Dropout: A Simple Way to Prevent Neural Networks from Overfitting*, 2014.
#[derive(Clone, Copy, Debug)]
pub struct Dropout {
    rate: f64,
}

impl Dropout {
    /// Dropout of a rate in [0, 1).
    ///
    /// # Errors
    /// [`InvalidSetting`](crate::ErrorKind::InvalidSetting) for another rate.
    pub fn new(rate: f64) -> Result<Self> {
        if (0.0..1.0).contains(&rate) {
            return Ok(Self { rate });
        }
        Err(invalid("dropout", rate.to_string(), "a rate from 0 to below 1"))
    }
}

impl Layer for Dropout {
    fn name(&self) -> &str {
        KIND.name
    }

    fn build(&self, builder: &mut Builder, input: &Expr) -> Expr {
        if !builder.training() || self.rate == 0.0 {
            return input.clone();
        }
        let dropped = builder.uniform(input.shape()).less(self.rate);
        dropped.select(0.0, input / (1.0 - self.rate))
    }

    fn settings(&self) -> Value {
        json!({ "rate": self.rate })
    }

    fn title(&self) -> String {
        format!("dropout {}", self.rate)
    }
}
