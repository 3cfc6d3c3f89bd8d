//! What several rules have in common: their settings, weight decay, and the moments of Adam.

use chainrule_core::{Expr, Words};

use super::Update;
use crate::settings::{Range, Setting};

pub(super) const BETA1: Setting = Setting {
    name: "beta1",
    default: 0.9,
    range: Range::Fraction,
    needs: None,
    about: Words {
        english: "How much of the mean gradient is kept at each step.",
        korean: "스텝마다 기울기 평균을 얼마나 남기는지 정한다.",
    },
};

pub(super) const BETA2: Setting = Setting {
    name: "beta2",
    default: 0.999,
    range: Range::Fraction,
    needs: None,
    about: Words {
        english: "How much of the mean squared gradient is kept at each step.",
        korean: "스텝마다 기울기 제곱 평균을 얼마나 남기는지 정한다.",
    },
};

pub(super) const EPSILON: Setting = Setting {
    name: "epsilon",
    default: 1e-8,
    range: Range::Positive,
    needs: None,
    about: Words {
        english: "What is added to the root of the mean square, outside the root, so that nothing \
                  is divided by 0. 1e-8 is PyTorch's; Keras has 1e-7.",
        korean: "제곱 평균의 제곱근에 근호 밖에서 더하는 값이다. 0으로 나누지 않게 한다. 1e-8은 \
                 PyTorch의 값이고 Keras는 1e-7이다.",
    },
};

pub(crate) const WEIGHT_DECAY: Setting = Setting {
    name: "weight_decay",
    default: 0.0,
    range: Range::NotNegative,
    needs: None,
    about: Words {
        english: "How strongly each weight is drawn to 0: the gradient of weight_decay/2*w^2 \
                  joins that of the loss.",
        korean: "가중치를 0으로 당기는 세기다. weight_decay/2*w^2의 기울기를 손실의 기울기에 더한다.",
    },
};

pub(super) const DECOUPLED_DECAY: Setting = Setting {
    about: Words {
        english: "How strongly each weight is drawn to 0, apart from the gradient: \
                  w = w - lr*weight_decay*w.",
        korean: "기울기와는 따로 가중치를 0으로 당기는 세기다. w = w - lr*weight_decay*w.",
    },
    ..WEIGHT_DECAY
};

pub(super) const MOMENTUM: Setting = Setting {
    name: "momentum",
    default: 0.0,
    range: Range::Fraction,
    needs: None,
    about: Words {
        english: "The share of the last step's direction that is kept.",
        korean: "지난 스텝의 방향을 얼마나 남기는지 정한다.",
    },
};

pub(super) const AMSGRAD: Setting = Setting {
    name: "amsgrad",
    default: 0.0,
    range: Range::Flag,
    needs: None,
    about: Words {
        english: "Whether to divide by the largest mean square so far, so that no step grows \
                  again. Reddi et al., 2018.",
        korean: "지금까지 가장 컸던 제곱 평균으로 나눌지 정한다. 그러면 스텝이 다시 커지지 않는다. \
                 Reddi et al., 2018.",
    },
};

/// The gradient of the loss with that of ½ · `weight_decay` · w² added to it.
pub(super) fn decayed(given: &Update<'_>) -> Expr {
    match given.settings.value("weight_decay") {
        0.0 => given.gradient.clone(),
        decay => given.gradient + decay * given.parameter,
    }
}

/// The parameter, drawn to 0 apart from the gradient.
pub(super) fn shrunk(given: &Update<'_>) -> Expr {
    match given.settings.value("weight_decay") {
        0.0 => given.parameter.clone(),
        decay => given.parameter * (1.0 - given.learning_rate * decay),
    }
}

/// `kept` · before + (1 − `kept`) · new.
pub(super) fn mixed(kept: f64, before: &Expr, new: &Expr) -> Expr {
    before + (1.0 - kept) * (new - before)
}

/// `kept` · before + (1 − `kept`) · new², without the difference of two squares.
pub(super) fn mixed_square(kept: f64, before: &Expr, new: &Expr) -> Expr {
    kept * before + (1.0 - kept) * (new * new)
}

/// 1 − βᵗ with every digit, in f32 too, where β = 0.999 has lost the fifth digit of 1 − β.
pub(super) fn risen(beta: f64, step: &Expr) -> Expr {
    -(step * libm::log(beta)).expm1()
}

/// Adam's step from `parameter`: both moments corrected for their start at 0, ε outside the root.
pub(super) fn adaptive(given: &Update<'_>, gradient: &Expr, parameter: Expr) -> (Expr, Vec<Expr>) {
    let [mean, square, rest @ ..] = given.states else { return (parameter, Vec::new()) };
    let [beta1, beta2] = ["beta1", "beta2"].map(|name| given.settings.value(name));
    let mean = mixed(beta1, mean, gradient);
    let square = mixed_square(beta2, square, gradient);
    let largest = rest.first().map(|largest| largest.clone().max(&square));
    let rate = given.learning_rate / risen(beta1, given.step);
    let correction = 1.0 / risen(beta2, given.step).sqrt();
    let size = largest.as_ref().unwrap_or(&square).clone().sqrt() * correction;
    let new = parameter - rate * &mean / (size + given.settings.value("epsilon"));
    (new, [mean, square].into_iter().chain(largest).collect())
}
