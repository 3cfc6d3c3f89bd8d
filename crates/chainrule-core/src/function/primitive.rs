//! The primitives that formulas know by name, for help and listings.

use std::f64::consts::{E, FRAC_PI_2, FRAC_PI_3, FRAC_PI_4, LN_2, LN_10, PI};

use super::FunctionRow;
use crate::expr::Expr;
use crate::op::{Binary, Compare, Unary};
use crate::words::Words;

/// A function of one number.
const ONE: FunctionRow = FunctionRow::OF_A_NUMBER;

/// A function of two numbers.
const TWO: FunctionRow = FunctionRow {
    parameters: &["a", "b"],
    domain: "-inf < a, b < inf",
    ..FunctionRow::OF_A_NUMBER
};

/// A comparison.
const TEST: FunctionRow = FunctionRow { range: "y = 0, 1", ..TWO };

/// The operations on numbers as functions, in the order of [`op`](crate::op); tanh, sigmoid and
/// softplus have their rows among the activations.
///
/// In a formula these names always mean the operations: no table of a scope can change that.
pub const PRIMITIVES: &[FunctionRow] = &[
    FunctionRow {
        name: "neg",
        build: |x| -&x[0],
        doc: Words { english: "The number with the other sign.", korean: "부호를 바꾼 수." },
        formula: "-x",
        points: &[(&[2.0], -2.0), (&[-0.5], 0.5)],
        ..ONE
    },
    FunctionRow {
        name: "abs",
        build: |x| unary(x, Unary::Abs),
        doc: Words {
            english: "The absolute value; its derivative at 0 counts as 0.",
            korean: "절댓값. 0에서의 미분계수는 0으로 한다.",
        },
        formula: "max(x, -x)",
        range: "0 <= y < inf",
        points: &[(&[-3.0], 3.0), (&[0.5], 0.5)],
        ..ONE
    },
    FunctionRow {
        name: "sign",
        build: |x| unary(x, Unary::Sign),
        doc: Words {
            english: "The sign: −1 for negative numbers, 0 for 0, 1 for positive ones; its \
                      derivative counts as 0.",
            korean: "부호. 음수면 −1, 0이면 0, 양수면 1이다. 도함수는 0으로 한다.",
        },
        formula: "(x > 0) - (x < 0)",
        range: "y = -1, 0, 1",
        points: &[(&[-3.0], -1.0), (&[0.0], 0.0), (&[0.5], 1.0)],
        ..ONE
    },
    FunctionRow {
        name: "exp",
        build: |x| unary(x, Unary::Exp),
        doc: Words {
            english: "The exponential function e^x: it is its own derivative.",
            korean: "지수함수 e^x. 도함수가 자기 자신이다.",
        },
        formula: "e^x",
        range: "0 < y < inf",
        points: &[(&[0.0], 1.0), (&[1.0], E)],
        ..ONE
    },
    FunctionRow {
        name: "expm1",
        build: |x| unary(x, Unary::Expm1),
        doc: Words {
            english: "e^x − 1, with all digits near 0.",
            korean: "e^x − 1. 0 근처에서도 자릿수를 잃지 않는다.",
        },
        formula: "exp(x) - 1",
        range: "-1 < y < inf",
        points: &[(&[0.0], 0.0), (&[LN_2], 1.0)],
        ..ONE
    },
    FunctionRow {
        name: "log",
        build: |x| unary(x, Unary::Log),
        doc: Words {
            english: "The natural logarithm, the inverse of e^x; ln is the same.",
            korean: "자연로그. e^x의 역함수이며 ln으로도 쓴다.",
        },
        formula: "log(x)",
        domain: "x > 0",
        points: &[(&[1.0], 0.0), (&[2.0], LN_2), (&[10.0], LN_10)],
        ..ONE
    },
    FunctionRow {
        name: "log1p",
        build: |x| unary(x, Unary::Log1p),
        doc: Words {
            english: "log(1 + x), with all digits near 0.",
            korean: "log(1 + x). 0 근처에서도 자릿수를 잃지 않는다.",
        },
        formula: "log(1 + x)",
        domain: "x > -1",
        points: &[(&[0.0], 0.0), (&[1.0], LN_2), (&[9.0], LN_10)],
        ..ONE
    },
    FunctionRow {
        name: "sqrt",
        build: |x| unary(x, Unary::Sqrt),
        doc: Words {
            english: "The square root; its derivative at 0 counts as 0 in a gradient.",
            korean: "제곱근. 기울기를 구할 때 0에서의 미분계수는 0으로 한다.",
        },
        formula: "x^0.5",
        domain: "x >= 0",
        range: "0 <= y < inf",
        points: &[(&[9.0], 3.0), (&[2.25], 1.5)],
        ..ONE
    },
    FunctionRow {
        name: "sin",
        build: |x| unary(x, Unary::Sin),
        doc: Words { english: "The sine, x in radians.", korean: "사인. x는 라디안이다." },
        formula: "sin(x)",
        range: "-1 <= y <= 1",
        points: &[(&[0.0], 0.0), (&[FRAC_PI_2], 1.0)],
        ..ONE
    },
    FunctionRow {
        name: "cos",
        build: |x| unary(x, Unary::Cos),
        doc: Words {
            english: "The cosine, x in radians.", korean: "코사인. x는 라디안이다."
        },
        formula: "cos(x)",
        range: "-1 <= y <= 1",
        points: &[(&[0.0], 1.0), (&[FRAC_PI_3], 0.5), (&[PI], -1.0)],
        ..ONE
    },
    FunctionRow {
        name: "atan",
        build: |x| unary(x, Unary::Atan),
        doc: Words {
            english: "The arc tangent, in radians: the inverse of the tangent.",
            korean: "아크탄젠트. 탄젠트의 역함수이며 값은 라디안이다.",
        },
        formula: "atan(x)",
        range: "-pi/2 < y < pi/2",
        points: &[(&[1.0], FRAC_PI_4), (&[0.0], 0.0)],
        ..ONE
    },
    FunctionRow {
        name: "erf",
        build: |x| unary(x, Unary::Erf),
        doc: Words {
            english: "The error function 2/√π ∫₀ˣ e^(−t²) dt.",
            korean: "오차 함수 2/√π ∫₀ˣ e^(−t²) dt.",
        },
        formula: "erf(x)",
        range: "-1 < y < 1",
        points: &[(&[0.0], 0.0), (&[1.0], 0.842_700_792_949_714_9)],
        ..ONE
    },
    FunctionRow {
        name: "normal_cdf",
        build: |x| unary(x, Unary::NormalCdf),
        doc: Words {
            english: "Φ, the share of the standard normal distribution that lies below x.",
            korean: "Φ. 표준정규분포를 따르는 값이 x보다 작을 확률.",
        },
        formula: "(1 + erf(x/sqrt(2)))/2",
        range: "0 < y < 1",
        points: &[(&[0.0], 0.5), (&[1.0], 0.841_344_746_068_542_9)],
        ..ONE
    },
    FunctionRow {
        name: "floor",
        build: |x| unary(x, Unary::Floor),
        doc: Words {
            english: "The largest whole number that is at most x; its derivative counts as 0.",
            korean: "x보다 크지 않은 가장 큰 정수. 도함수는 0으로 한다.",
        },
        formula: "floor(x)",
        range: "y = floor(y)",
        points: &[(&[2.7], 2.0), (&[-0.5], -1.0)],
        ..ONE
    },
    FunctionRow {
        name: "add",
        build: |x| binary(x, Binary::Add),
        doc: Words { english: "The sum of two numbers.", korean: "두 수의 합." },
        formula: "a + b",
        points: &[(&[2.0, 3.0], 5.0), (&[0.5, -1.0], -0.5)],
        ..TWO
    },
    FunctionRow {
        name: "sub",
        build: |x| binary(x, Binary::Sub),
        doc: Words { english: "The difference of two numbers.", korean: "두 수의 차." },
        formula: "a - b",
        points: &[(&[2.0, 3.0], -1.0), (&[0.5, -1.0], 1.5)],
        ..TWO
    },
    FunctionRow {
        name: "mul",
        build: |x| binary(x, Binary::Mul),
        doc: Words { english: "The product of two numbers.", korean: "두 수의 곱." },
        formula: "a*b",
        points: &[(&[2.0, 3.0], 6.0), (&[0.5, -1.0], -0.5)],
        ..TWO
    },
    FunctionRow {
        name: "div",
        build: |x| binary(x, Binary::Div),
        doc: Words { english: "The quotient: a divided by b.", korean: "a를 b로 나눈 몫." },
        formula: "a/b",
        domain: "b != 0",
        points: &[(&[3.0, 2.0], 1.5), (&[1.0, -4.0], -0.25)],
        ..TWO
    },
    FunctionRow {
        name: "pow",
        build: |x| binary(x, Binary::Pow),
        doc: Words {
            english: "The power: a to the exponent b; 0 to the exponent 0 is 1.",
            korean: "거듭제곱. a의 b제곱이며 0의 0제곱은 1로 한다.",
        },
        formula: "a^b",
        domain: "a > 0 or (a = 0, b >= 0) or (a < 0, b = floor(b))",
        points: &[(&[2.0, 10.0], 1024.0), (&[0.0, 0.0], 1.0), (&[-2.0, 3.0], -8.0)],
        ..TWO
    },
    FunctionRow {
        name: "max",
        build: |x| binary(x, Binary::Max),
        doc: Words {
            english: "The larger of the two; where they are equal the derivative goes to the first.",
            korean: "둘 중 큰 수. 두 수가 같으면 첫째를 고른 것으로 보고 미분한다.",
        },
        formula: "where(a >= b, a, b)",
        points: &[(&[2.0, 3.0], 3.0), (&[-1.0, -4.0], -1.0)],
        ..TWO
    },
    FunctionRow {
        name: "min",
        build: |x| binary(x, Binary::Min),
        doc: Words {
            english: "The smaller of the two; where they are equal the derivative goes to the first.",
            korean: "둘 중 작은 수. 두 수가 같으면 첫째를 고른 것으로 보고 미분한다.",
        },
        formula: "where(a <= b, a, b)",
        points: &[(&[2.0, 3.0], 2.0), (&[-1.0, -4.0], -4.0)],
        ..TWO
    },
    FunctionRow {
        name: "lt",
        build: |x| compare(x, Compare::Lt),
        doc: Words {
            english: "1 where a is below b, else 0.",
            korean: "a가 b보다 작으면 1, 아니면 0.",
        },
        formula: "a < b",
        points: &[(&[2.0, 3.0], 1.0), (&[3.0, 3.0], 0.0)],
        ..TEST
    },
    FunctionRow {
        name: "le",
        build: |x| compare(x, Compare::Le),
        doc: Words {
            english: "1 where a is at most b, else 0.",
            korean: "a가 b보다 크지 않으면 1, 아니면 0.",
        },
        formula: "a <= b",
        points: &[(&[3.0, 3.0], 1.0), (&[4.0, 3.0], 0.0)],
        ..TEST
    },
    FunctionRow {
        name: "eq",
        build: |x| compare(x, Compare::Eq),
        doc: Words {
            english: "1 where a equals b, else 0.",
            korean: "a와 b가 같으면 1, 아니면 0.",
        },
        formula: "a == b",
        points: &[(&[3.0, 3.0], 1.0), (&[2.0, 3.0], 0.0)],
        ..TEST
    },
    FunctionRow {
        name: "where",
        parameters: &["c", "a", "b"],
        build: |x| x[0].clone().select(&x[1], &x[2]),
        doc: Words {
            english: "a where the condition c holds, else b; the derivative is that of the one taken.",
            korean: "조건 c가 참이면 a, 아니면 b. 도함수도 고른 쪽을 따른다.",
        },
        formula: "where(c != 0, a, b)",
        domain: "-inf < a, b < inf",
        points: &[(&[1.0, 2.0, 3.0], 2.0), (&[0.0, 2.0, 3.0], 3.0)],
        ..ONE
    },
];

fn unary(x: &[Expr], unary: Unary) -> Expr {
    x[0].clone().unary(unary)
}

fn binary(x: &[Expr], binary: Binary) -> Expr {
    x[0].clone().binary(binary, &x[1])
}

fn compare(x: &[Expr], compare: Compare) -> Expr {
    x[0].clone().compare(compare, &x[1])
}
