//! An activation as a layer of its own, for where something stands before it.

use std::sync::Arc;

use chainrule_core::{Expr, Words};
use serde_json::{Value, json};

use super::{Builder, Layer, LayerKind, LayerSetting};
use crate::activations::Choice;
use crate::error::Result;

pub(super) const KIND: LayerKind = LayerKind {
    name: "activation",
    formula: "f(x)",
    about: Words {
        english: "An activation alone: after a normalisation, which stands between it and the \
                  linear map.",
        korean: "활성화 함수만 있는 층. 선형 변환과 활성화 함수 사이에 정규화를 둘 때 쓴다.",
    },
    settings: &[LayerSetting {
        name: "activation",
        default: None,
        about: Words {
            english: "An activation, or a formula of x.",
            korean: "활성화 함수의 이름이나 x의 식이다.",
        },
    }],
    make: |given| Ok(Arc::new(Activation::new(given.text("activation")?)?)),
};

/// An activation as a layer of its own: f(x).
#[derive(Clone, Debug)]
pub struct Activation {
    /// The activation.
    pub activation: Choice,
}

impl Activation {
    /// The activation of a name, or a formula of x.
    ///
    /// # Errors
    /// As [`Choice::parse`].
    pub fn new(text: &str) -> Result<Self> {
        Ok(Self { activation: Choice::parse(text)? })
    }
}

impl Layer for Activation {
    fn name(&self) -> &str {
        KIND.name
    }

    fn build(&self, builder: &mut Builder, input: &Expr) -> Expr {
        applied(&self.activation, builder, input)
    }

    fn settings(&self) -> Value {
        json!({ "activation": self.activation.text() })
    }

    fn title(&self) -> String {
        self.activation.text().to_owned()
    }
}

/// The activation of an expression, with the numbers that it learns as parameters of the layer.
pub(super) fn applied(activation: &Choice, builder: &mut Builder, x: &Expr) -> Expr {
    let learned: Vec<Expr> = activation
        .learned()
        .iter()
        .map(|(name, first)| builder.parameter(name, &[], &format!("constant:value={first}")))
        .collect();
    activation.apply_with(x, &learned)
}
