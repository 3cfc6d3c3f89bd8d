//! Layers whose output is added to their input.

use std::sync::Arc;

use chainrule_core::{Expr, Words};
use serde_json::{Value, json};

use super::{Builder, Layer, LayerKind, LayerSetting, to_json};

pub(super) const KIND: LayerKind = LayerKind {
    name: "residual",
    formula: "x + F(x)",
    about: Words {
        english: "Adds the input of some layers to their output, so that deep networks learn: each \
                  block only learns what to change. Where F changes the width, a learned matrix P \
                  brings x to it: x*P + F(x). He et al., 2015.",
        korean: "몇 층을 지난 출력에 입력을 더한다. 블록마다 바꿀 것만 배우면 되므로 깊은 신경망도 \
                 잘 학습된다. F가 너비를 바꾸면 학습되는 행렬 P로 x의 너비를 맞춘다. x*P + F(x). \
                 He et al., 2015.",
    },
    settings: &[LayerSetting {
        name: "layers",
        default: None,
        about: Words {
            english: "The layers F, each with its settings.",
            korean: "안에 있는 층 F와 그 설정이다.",
        },
    }],
    make: |given| Ok(Arc::new(Residual::new(given.layers("layers")?))),
};

/// The sum of the input and what some layers make of it: x + F(x).
///
/// Where F changes the width, x is multiplied by a learned matrix of that width first, without a
/// bias: x·P + F(x).
///
/// He et al., *Deep Residual Learning for Image Recognition*, 2015.
#[derive(Clone, Debug)]
pub struct Residual {
    layers: Vec<Arc<dyn Layer>>,
}

impl Residual {
    /// A residual block of these layers; without any, it doubles its input.
    pub fn new(layers: Vec<Arc<dyn Layer>>) -> Self {
        Self { layers }
    }
}

impl Layer for Residual {
    fn name(&self) -> &str {
        KIND.name
    }

    fn build(&self, builder: &mut Builder, input: &Expr) -> Expr {
        let mut output = input.clone();
        for (number, layer) in self.layers.iter().enumerate() {
            output = builder.inner(number, layer.as_ref(), &output);
        }
        let (before, after) = (input.shape().dims, output.shape().dims);
        match (before.last(), after.last()) {
            (Some(&inputs), Some(&units)) if inputs != units => {
                let projection =
                    builder.parameter("projection", &[inputs, units], "glorot_uniform");
                input.clone().matmul(&projection) + output
            }
            _ => input + output,
        }
    }

    fn settings(&self) -> Value {
        let layers = self.layers.iter().map(|layer| to_json(layer.name(), layer.settings()));
        json!({ "layers": layers.collect::<Vec<_>>() })
    }

    fn title(&self) -> String {
        let inner: Vec<String> = self.layers.iter().map(|layer| layer.title()).collect();
        format!("x + ({})", inner.join(" → "))
    }
}
