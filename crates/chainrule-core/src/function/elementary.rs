//! The functions of a first course that are no primitives.

use super::FunctionRow;
use crate::expr::Expr;
use crate::op::Unary;
use crate::words::Words;

/// The functions of a first course that are no primitives; every formula knows them.
pub const ELEMENTARY: &[FunctionRow] = &[
    FunctionRow {
        name: "square",
        build: |x| x[0].clone().powf(2.0),
        doc: Words {
            english: "The square: x times itself.", korean: "제곱. x에 x를 곱한다."
        },
        formula: "x^2",
        range: "0 <= y < inf",
        points: &[(&[3.0], 9.0), (&[-0.5], 0.25)],
        ..FunctionRow::OF_A_NUMBER
    },
    FunctionRow {
        name: "quadratic",
        parameters: &["x", "a", "b", "c"],
        build: |x| &x[1] * x[0].clone().powf(2.0) + &x[2] * &x[0] + &x[3],
        doc: Words {
            english: "The quadratic function: a parabola, open upwards if a > 0 and downwards if a \
                      < 0.",
            korean: "이차함수. 그래프는 포물선이며 a > 0이면 아래로 볼록, a < 0이면 위로 \
                     볼록하다.",
        },
        formula: "a*x^2 + b*x + c",
        points: &[(&[2.0, 1.0, -3.0, 2.0], 0.0), (&[3.0, 2.0, 1.0, 0.5], 21.5)],
        ..FunctionRow::OF_A_NUMBER
    },
    FunctionRow {
        name: "power",
        parameters: &["x", "n"],
        build: |x| x[0].clone().powf(&x[1]),
        doc: Words {
            english: "The power function: x to a fixed exponent n.",
            korean: "거듭제곱 함수. 밑이 변수 x이고 지수 n은 상수다.",
        },
        formula: "x^n",
        domain: "x > 0 or (x = 0, n >= 0) or (x < 0, n = floor(n))",
        points: &[(&[2.0, 3.0], 8.0), (&[9.0, 0.5], 3.0), (&[-2.0, 3.0], -8.0)],
        ..FunctionRow::OF_A_NUMBER
    },
    FunctionRow {
        name: "exponential",
        parameters: &["x", "a"],
        build: |x| x[1].clone().powf(&x[0]),
        doc: Words {
            english: "The exponential function of base a: each step of 1 multiplies it by a.",
            korean: "밑이 a인 지수함수. x가 1 커질 때마다 a배가 된다.",
        },
        formula: "a^x",
        domain: "a > 0",
        range: "0 < y < inf",
        points: &[(&[3.0, 2.0], 8.0), (&[-1.0, 4.0], 0.25)],
        ..FunctionRow::OF_A_NUMBER
    },
    FunctionRow {
        name: "logarithm",
        parameters: &["x", "a"],
        build: |x| logarithm(&x[0], &x[1]),
        doc: Words {
            english: "The logarithm of base a, the inverse of a^x; log_a(x) and log_2(x) mean the \
                      same.",
            korean: "밑이 a인 로그. a^x의 역함수이며 log_a(x), log_2(x)처럼 써도 된다.",
        },
        formula: "log(x)/log(a)",
        domain: "x > 0, a > 0, a != 1",
        points: &[(&[8.0, 2.0], 3.0), (&[1.0, 10.0], 0.0), (&[0.25, 0.5], 2.0)],
        ..FunctionRow::OF_A_NUMBER
    },
    FunctionRow {
        name: "log2",
        build: |x| logarithm(&x[0], &Expr::constant(2.0)),
        doc: Words { english: "The logarithm of base 2.", korean: "밑이 2인 로그." },
        formula: "log(x)/log(2)",
        domain: "x > 0",
        latex: Some(r"\log_{2}"),
        points: &[(&[8.0], 3.0), (&[0.25], -2.0)],
        ..FunctionRow::OF_A_NUMBER
    },
    FunctionRow {
        name: "log10",
        build: |x| logarithm(&x[0], &Expr::constant(10.0)),
        doc: Words {
            english: "The logarithm of base 10.", korean: "밑이 10인 로그, 상용로그."
        },
        formula: "log(x)/log(10)",
        domain: "x > 0",
        latex: Some(r"\log_{10}"),
        points: &[(&[1000.0], 3.0), (&[0.01], -2.0)],
        ..FunctionRow::OF_A_NUMBER
    },
    FunctionRow {
        name: "xlogy",
        parameters: &["x", "y"],
        build: |x| x[0].clone().equals(0.0).select(0.0, &x[0] * x[1].clone().log()),
        doc: Words {
            english: "x·log(y), and 0 where x is 0, whatever y is: a term of an entropy.",
            korean: "x·log(y). x가 0이면 y와 상관없이 0이다. 엔트로피를 이루는 항이다.",
        },
        formula: "where(x == 0, 0, x*log(y))",
        domain: "y > 0 or x = 0",
        points: &[
            (&[0.0, 0.0], 0.0),
            (&[3.0, 1.0], 0.0),
            (&[2.0, 0.5], -2.0 * std::f64::consts::LN_2),
        ],
        ..FunctionRow::OF_A_NUMBER
    },
    FunctionRow {
        name: "tan",
        build: |x| x[0].clone().unary(Unary::Sin) / x[0].clone().unary(Unary::Cos),
        doc: Words {
            english: "The tangent, x in radians.", korean: "탄젠트. x는 라디안이다."
        },
        formula: "sin(x)/cos(x)",
        domain: "cos(x) != 0",
        latex: Some(r"\tan"),
        points: &[(&[0.0], 0.0), (&[std::f64::consts::FRAC_PI_4], 1.0)],
        ..FunctionRow::OF_A_NUMBER
    },
    FunctionRow {
        name: "sinh",
        // The two halves have opposite signs, so nothing cancels near 0.
        build: |x| (x[0].clone().expm1() - (-&x[0]).expm1()) / 2.0,
        doc: Words { english: "The hyperbolic sine.", korean: "쌍곡사인." },
        formula: "(exp(x) - exp(-x))/2",
        latex: Some(r"\sinh"),
        points: &[(&[0.0], 0.0), (&[std::f64::consts::LN_2], 0.75)],
        ..FunctionRow::OF_A_NUMBER
    },
    FunctionRow {
        name: "cosh",
        build: |x| (x[0].clone().exp() + (-&x[0]).exp()) / 2.0,
        doc: Words { english: "The hyperbolic cosine.", korean: "쌍곡코사인." },
        formula: "(exp(x) + exp(-x))/2",
        range: "1 <= y < inf",
        latex: Some(r"\cosh"),
        points: &[(&[0.0], 1.0), (&[std::f64::consts::LN_2], 1.25)],
        ..FunctionRow::OF_A_NUMBER
    },
];

fn logarithm(x: &Expr, base: &Expr) -> Expr {
    x.clone().log() / base.clone().log()
}
