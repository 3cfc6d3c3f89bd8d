//! A linear map with a bias, then an activation.

use std::sync::Arc;

use chainrule_core::{Expr, Words};
use serde_json::{Value, json};

use super::{Builder, Layer, LayerKind, LayerSetting, activation};
use crate::activations::Choice;
use crate::error::Result;
use crate::initializers;

pub(super) const KIND: LayerKind = LayerKind {
    name: "dense",
    formula: "f(x*W + b)",
    about: Words {
        english: "Each output is a weighted sum of all inputs and a bias, then the activation. \
                  The layer that most networks of tables are made of.",
        korean: "출력마다 모든 입력의 가중합에 편향을 더하고 활성화 함수를 적용한다. 표를 다루는 \
                 신경망은 대부분 이 층으로 이루어진다.",
    },
    settings: &[
        LayerSetting {
            name: "units",
            default: None,
            about: Words { english: "The number of outputs.", korean: "출력의 수다." },
        },
        LayerSetting {
            name: "activation",
            default: None,
            about: Words {
                english: "An activation, or a formula of x.",
                korean: "활성화 함수의 이름이나 x의 식이다.",
            },
        },
        LayerSetting {
            name: "initializer",
            default: Some("by the activation"),
            about: Words {
                english: "How the weights start: he_uniform before relu and its relatives, \
                          lecun_normal before selu, glorot_uniform else, which keeps the variance \
                          from layer to layer. The bias starts at 0. PyTorch has kaiming_uniform \
                          with a = √5 before any activation, and its bias starts at random; Keras \
                          and scikit-learn have glorot_uniform.",
                korean: "가중치의 시작값이다. relu 계열 앞에서는 he_uniform, selu 앞에서는 \
                         lecun_normal, 그 밖에는 glorot_uniform이어서 층을 지나도 분산이 유지된다. \
                         편향은 0에서 시작한다. PyTorch는 활성화 함수와 상관없이 kaiming_uniform(a \
                         = √5)이고 편향도 난수에서 시작한다. Keras와 scikit-learn은 \
                         glorot_uniform이다.",
            },
        },
        LayerSetting {
            name: "bias",
            default: Some("true"),
            about: Words {
                english: "Whether there is a bias: a batch normalisation that follows would take \
                          it away again.",
                korean: "편향을 둘지 정한다. 바로 뒤에 배치 정규화가 오면 평균을 빼면서 편향이 \
                         사라져 쓸모가 없다.",
            },
        },
    ],
    make: |given| {
        let mut layer = Dense::new(given.count("units")?, given.text("activation")?)?;
        if given.has("initializer") {
            layer.initializer = initializers::Settings::parse(given.text("initializer")?)?;
        }
        layer.bias = !given.has("bias") || given.truth("bias")?;
        Ok(Arc::new(layer))
    },
};

/// A linear map with a bias, then an activation: f(x·W + b).
#[derive(Clone, Debug)]
pub struct Dense {
    /// The number of outputs.
    pub units: usize,
    /// What follows the linear map.
    pub activation: Choice,
    /// How the weights start; the bias starts at 0.
    pub initializer: initializers::Settings,
    /// Whether there is a bias.
    pub bias: bool,
}

impl Dense {
    /// A dense layer with a bias, whose weights start as [suits](Choice::initializer) the activation.
    ///
    /// # Errors
    /// [`UnknownName`](crate::ErrorKind::UnknownName) for an activation that is not known; what is
    /// wrong with a typed one.
    pub fn new(units: usize, activation: &str) -> Result<Self> {
        let activation = Choice::parse(activation)?;
        let initializer = initializers::Settings::parse(activation.initializer())?;
        Ok(Self { units, activation, initializer, bias: true })
    }
}

impl Layer for Dense {
    fn name(&self) -> &str {
        KIND.name
    }

    fn build(&self, builder: &mut Builder, input: &Expr) -> Expr {
        let inputs = input.shape().dims.last().copied().unwrap_or(1);
        let initializer = self.initializer.to_string();
        let weight = builder.parameter("weight", &[inputs, self.units], &initializer);
        let mut linear = input.clone().matmul(&weight);
        if self.bias {
            let bias = builder.parameter("bias", &[self.units], "zeros");
            linear = Expr::call("dense", linear + &bias, &[input.clone(), weight, bias]);
        }
        activation::applied(&self.activation, builder, &linear)
    }

    fn settings(&self) -> Value {
        json!({
            "units": self.units,
            "activation": self.activation.text(),
            "initializer": self.initializer.to_string(),
            "bias": self.bias,
        })
    }

    fn title(&self) -> String {
        format!("dense {} {}", self.units, self.activation.text())
    }
}
