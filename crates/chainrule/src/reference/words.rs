//! What the families and their parts are called.

use chainrule_core::Words;

use crate::losses::Output;
use crate::metrics::Measure;
use crate::settings::Range;

/// What belongs together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Functions that every formula knows.
    Functions,
    /// What a layer ends with.
    Activations,
    /// What training makes small.
    Losses,
    /// What is measured on whole columns.
    Metrics,
    /// How a step changes the parameters.
    Optimizers,
    /// How the learning rate goes on.
    Schedules,
    /// How gradients are bounded.
    Clipping,
    /// How the weights start.
    Initializers,
    /// What networks are made of.
    Layers,
}

impl Family {
    /// Every family, in the order in which they are listed.
    pub const ALL: [Self; 9] = [
        Self::Functions,
        Self::Activations,
        Self::Losses,
        Self::Metrics,
        Self::Optimizers,
        Self::Schedules,
        Self::Clipping,
        Self::Initializers,
        Self::Layers,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Functions => "functions",
            Self::Activations => "activations",
            Self::Losses => "losses",
            Self::Metrics => "metrics",
            Self::Optimizers => "optimizers",
            Self::Schedules => "schedules",
            Self::Clipping => "clipping",
            Self::Initializers => "initializers",
            Self::Layers => "layers",
        }
    }

    /// The heading.
    pub fn title(self) -> Words {
        let (english, korean) = match self {
            Self::Functions => ("Functions", "함수"),
            Self::Activations => ("Activations", "활성화 함수"),
            Self::Losses => ("Losses", "손실 함수"),
            Self::Metrics => ("Metrics", "평가 지표"),
            Self::Optimizers => ("Optimizers", "최적화 알고리즘"),
            Self::Schedules => ("Learning rate schedules", "학습률 스케줄"),
            Self::Clipping => ("Gradient clipping", "기울기 클리핑"),
            Self::Initializers => ("Initializers", "초기화"),
            Self::Layers => ("Layers", "층"),
        };
        Words { english, korean }
    }

    /// What one member is.
    pub fn member(self) -> Words {
        let english = match self {
            Self::Functions => "function",
            Self::Activations => "activation",
            Self::Losses => "loss",
            Self::Metrics => "metric",
            Self::Optimizers => "optimizer",
            Self::Schedules => "learning rate schedule",
            Self::Clipping => "gradient clipping",
            Self::Initializers => "initializer",
            Self::Layers => "layer",
        };
        Words { english, korean: self.title().korean }
    }

    /// What it is for, and what the letters of its formulas mean.
    pub fn about(self) -> Words {
        let (english, korean) = match self {
            Self::Functions => (
                "What every formula knows besides + - * / ^ and the activations: of a number, \
                 or of each number of a row.",
                "모든 식에서 + - * / ^와 활성화 함수 말고도 쓸 수 있는 함수다. 수 하나를 받으며, \
                 한 행에는 수마다 적용한다.",
            ),
            Self::Activations => (
                "What a layer does to each of its weighted sums x, or to a row of them. A formula \
                 of x may stand in place of a name.",
                "층이 가중합 x마다, 또는 한 행 전체에 적용하는 함수다. 이름 대신 x의 식을 써도 된다.",
            ),
            Self::Losses => (
                "What training makes small: y is the target, p the prediction, z the logit, C the \
                 number of classes; the mean is over the rows, by their weights. A formula of one \
                 row may stand in place of a name.",
                "학습이 줄이려는 값이다. y는 목표, p는 예측, z는 로짓, C는 클래스 수이고, mean은 행의 \
                 가중치에 따른 평균이다. 이름 대신 한 행의 식을 써도 된다.",
            ),
            Self::Metrics => (
                "What is measured on whole columns, in the target's own units: y is the target, p \
                 the prediction or the probabilities; mean and sum are over the m rows, by their \
                 weights. Of these, m_k are of class k, one of C: TP of them are predicted as k, \
                 FN are not; of the other rows FP are predicted as k, TN are not. Without k the \
                 second of two classes is meant. A formula of y and p may stand in place of a \
                 name.",
                "열 전체에서 목표의 원래 단위로 재는 값이다. y는 목표, p는 예측 또는 확률이고, \
                 mean과 sum은 가중치에 따라 m개의 행에 대해 구한다. C개의 클래스 가운데 k에 속하는 \
                 행은 m_k개다. 그 가운데 k로 예측한 행이 TP, 그렇지 않은 행이 FN이고, 다른 행 \
                 가운데 k로 예측한 행이 FP, 그렇지 않은 행이 TN이다. k가 없으면 두 클래스 가운데 \
                 둘째를 뜻한다. 이름 대신 y와 p의 식을 써도 된다.",
            ),
            Self::Optimizers => (
                "How a step changes each parameter w, given its gradient g: lr is the learning \
                 rate, t the number of the step, from 1. What is set from its own last value is \
                 kept from step to step, from 0 on.",
                "한 스텝에서 기울기 g로 매개변수 w를 바꾸는 규칙이다. lr는 학습률, t는 1부터 세는 \
                 스텝 번호다. 자신의 지난 값으로 정해지는 문자는 0에서 시작해 스텝마다 이어진다.",
            ),
            Self::Schedules => (
                "How the learning rate goes on: lr is the one that was asked for, n the steps or \
                 epochs before this one, N the last such number.",
                "학습률이 변해 가는 방식이다. lr는 정한 학습률, n은 지금까지 지난 스텝 또는 \
                 에포크의 수, N은 그 마지막 값이다.",
            ),
            Self::Clipping => (
                "How gradients that are too large are made smaller before a step: g is the \
                 gradient of one parameter, G are all of them; the norm is the root of the sum of \
                 squares.",
                "지나치게 큰 기울기를 스텝 전에 줄이는 방법이다. g는 매개변수 하나의 기울기, G는 \
                 모든 기울기이고, 노름은 제곱합의 제곱근이다.",
            ),
            Self::Initializers => (
                "How the weights of a layer start; inputs and outputs are the numbers of its \
                 inputs and outputs, U(-a, a) is the uniform distribution from -a to a, N(0, s^2) \
                 the normal one with standard deviation s.",
                "층의 가중치가 처음 갖는 값이다. inputs와 outputs는 층의 입력과 출력의 수다. U(-a, \
                 a)는 -a부터 a까지의 균등분포, N(0, s^2)는 표준편차가 s인 정규분포다.",
            ),
            Self::Layers => (
                "What networks are made of: x is the layer's input, of one row.",
                "신경망을 이루는 층이다. x는 한 행의 입력이다.",
            ),
        };
        Words { english, korean }
    }
}

/// The targets that a loss or a metric is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Targets {
    /// Numbers.
    Numbers,
    /// Several numbers a row.
    SeveralNumbers,
    /// Two classes.
    TwoClasses,
    /// More than two classes.
    MoreClasses,
    /// Two classes or more.
    Classes,
}

impl Targets {
    /// The targets in words.
    pub fn words(self) -> Words {
        let (english, korean) = match self {
            Self::Numbers => ("numbers", "수"),
            Self::SeveralNumbers => ("several numbers", "여러 수"),
            Self::TwoClasses => ("two classes", "두 클래스"),
            Self::MoreClasses => ("more than two classes", "세 클래스 이상"),
            Self::Classes => ("two or more classes", "두 클래스 이상"),
        };
        Words { english, korean }
    }
}

impl From<Output> for Targets {
    fn from(output: Output) -> Self {
        match output {
            Output::Prediction | Output::Rate | Output::Normal => Self::Numbers,
            Output::Direction => Self::SeveralNumbers,
            Output::Logit => Self::TwoClasses,
            Output::Logits => Self::MoreClasses,
        }
    }
}

impl From<Measure> for Targets {
    fn from(measure: Measure) -> Self {
        match measure {
            Measure::Numbers(_) => Self::Numbers,
            Measure::TwoClasses(_) => Self::TwoClasses,
            Measure::Classes(_) => Self::Classes,
        }
    }
}

/// The values that a setting may have, in words.
pub(super) fn of_range(range: Range) -> Words {
    let korean = match range {
        Range::Flag => "0 또는 1",
        Range::Finite => "유한한 수",
        Range::Fraction => "0 이상 1 미만",
        Range::NotNegative => "0 이상의 유한한 수",
        Range::Positive => "0보다 큰 유한한 수",
        Range::Inside => "0 초과 1 미만",
        Range::Whole => "0 이상의 정수",
        Range::Count => "1 이상의 정수",
    };
    Words { english: range.describe(), korean }
}
