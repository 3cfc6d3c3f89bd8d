//! The rules of differentiation by name, as a student knows them.

use chainrule_core::Words;

/// The rule that a step follows. The numbers come from the graph, not from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The derivative of a constant.
    Constant,
    /// The derivative of the variable itself.
    Variable,
    /// A power of the variable.
    Power,
    /// A function of the variable whose derivative is known.
    Known,
    /// A constant factor.
    Factor,
    /// A sum or a difference.
    Sum,
    /// A product.
    Product,
    /// A quotient.
    Quotient,
    /// A function of an inner function.
    Chain,
    /// A power whose base and exponent both move.
    GeneralPower,
    /// A function that is given case by case.
    Cases,
    /// A function that is constant between its jumps.
    Flat,
}

impl Rule {
    /// What the rule is called.
    pub const fn name(self) -> Words {
        let (english, korean) = match self {
            Self::Constant => ("constant rule", "상수의 미분"),
            Self::Variable => ("derivative of the variable", "변수 자신의 미분"),
            Self::Power => ("power rule", "거듭제곱의 미분법"),
            Self::Known => ("known derivative", "기본 함수의 미분"),
            Self::Factor => ("constant factor rule", "상수배의 미분법"),
            Self::Sum => ("sum rule", "합의 미분법"),
            Self::Product => ("product rule", "곱의 미분법"),
            Self::Quotient => ("quotient rule", "몫의 미분법"),
            Self::Chain => ("chain rule", "연쇄법칙"),
            Self::GeneralPower => ("general power rule", "지수가 변하는 거듭제곱의 미분법"),
            Self::Cases => ("case by case", "경우를 나눈 미분"),
            Self::Flat => ("constant between jumps", "불연속점 사이에서 상수"),
        };
        Words { english, korean }
    }

    /// The rule as a formula, with ' for the derivative and c for a constant.
    pub const fn formula(self) -> &'static str {
        match self {
            Self::Constant | Self::Flat => "c' = 0",
            Self::Variable => "x' = 1",
            Self::Power => "(x^n)' = n*x^(n - 1)",
            Self::Known => "g(x)' = g'(x)",
            Self::Factor => "(c*u)' = c*u'",
            Self::Sum => "(u + v)' = u' + v'",
            Self::Product => "(u*v)' = u'*v + u*v'",
            Self::Quotient => "(u/v)' = (u'*v - u*v')/v^2",
            Self::Chain => "g(u)' = g'(u)*u'",
            Self::GeneralPower => "(u^v)' = u^v*(v'*log(u) + v*u'/u)",
            Self::Cases => "where(c, u, v)' = where(c, u', v')",
        }
    }
}
