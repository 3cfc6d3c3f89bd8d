//! Troubles that people reported in public about powers, roots, maxima and variances, as small
//! checks; the others of the area "math" stand in [`cases`](crate::cases).
//!
//! Each test is named after its case in the collection "Public troubles of people who train neural
//! networks, as small checks" and holds the case's input and tolerance.

use chainrule::activations::activation;
use chainrule::data::{Encoders, Encoding, ReadOptions, Schema, Table};
use chainrule_core::derivative::{gradient, pull_back};
use chainrule_core::op::{Along, Reduction};
use chainrule_core::text::{Scope, parse};
use chainrule_core::{Expr, Shape};

use crate::running::{By, Given, assert_close};

const DOUBLE: [By; 2] = [By::Oracle, By::F64];
const NAN: f64 = f64::NAN;

/// One number of each row.
fn number(name: &str) -> Expr {
    Expr::input(name, Shape::rows(&[]))
}

/// The derivative of each row's number by another.
fn slope(value: &Expr, by: &Expr) -> Expr {
    pull_back(value, &Expr::constant(1.0), std::slice::from_ref(by)).unwrap().remove(0)
}

/// The values of each row of an expression.
fn values(by: By, root: &Expr, given: &[Given<'_>]) -> Vec<f64> {
    by.values(std::slice::from_ref(root), given, given[0].1.len()).remove(0)
}

#[test]
fn math_max_nan_1() {
    // The policy here: a NaN is the largest, and its place the place of the largest.
    let x = Expr::input("x", Shape::rows(&[4]));
    let along = |reduction| x.clone().reduce(reduction, Along::Axis(0));
    let roots = [along(Reduction::Max), along(Reduction::ArgMax)];
    for by in By::ALL {
        let found = by.values(&roots, &[("x", &[4.0, NAN, -1.0, 6.0])], 1);
        assert_close(&found.concat(), &[NAN, 1.0], (0.0, 0.0), &by);
    }
}

#[test]
fn math_xlogx_zero_1() {
    let p = Expr::input("p", Shape::rows(&[3]));
    let scope = Scope::closed().variable("p", p);
    let entropy = parse("-sum(xlogy(p, p), axis=0)", &scope).unwrap();
    for by in DOUBLE {
        let found = by.values(std::slice::from_ref(&entropy), &[("p", &[0.0, 0.25, 0.75])], 1);
        assert_close(&found[0], &[0.562_335_144_618_808_4], (1e-12, 0.0), &by);
    }
}

#[test]
fn math_pow_grad_base0_1() {
    let (x, n) = (number("x"), number("n"));
    let power = x.clone().powf(&n);
    let roots = [power.clone(), slope(&power, &x)];
    for by in By::ALL {
        let given: [Given<'_>; 2] = [("x", &[0.0; 3]), ("n", &[0.0, 1.0, 2.0])];
        let found = by.values(&roots, &given, 3);
        assert_close(&found[0], &[1.0, 0.0, 0.0], (0.0, 0.0), &by);
        assert_close(&found[1], &[0.0, 1.0, 0.0], (0.0, 0.0), &by);
        // The same with the exponent in the formula.
        for (exponent, expected) in [(0.0, 0.0), (1.0, 1.0), (2.0, 0.0)] {
            let slope = slope(&x.clone().powf(exponent), &x).broadcast(&Shape::rows(&[]));
            assert_close(&values(by, &slope, &given[..1]), &[expected; 3], (0.0, 0.0), &by);
        }
    }
}

#[test]
fn math_pow_grad_negbase_2() {
    let (x, n) = (number("x"), number("n"));
    let power = x.clone().powf(&n);
    let roots = [power.clone(), slope(&power, &x)];
    for by in By::ALL {
        let found = by.values(&roots, &[("x", &[-3.0, -3.0]), ("n", &[2.0, 3.0])], 2);
        assert_close(&found.concat(), &[9.0, -27.0, -6.0, 27.0], (1e-14, 0.0), &by);
    }
}

#[test]
fn math_pow_grad_exponent_3() {
    let (a, b) = (number("a"), number("b"));
    let slope = slope(&a.powf(&b), &b);
    let expected = [0.0, 5.545_177_444_479_562, std::f64::consts::LN_2];
    for by in DOUBLE {
        let given: [Given<'_>; 2] = [("a", &[0.0, 2.0, 2.0]), ("b", &[3.0, 3.0, 0.0])];
        assert_close(&values(by, &slope, &given), &expected, (1e-13, 0.0), &by);
    }
}

#[test]
fn math_norm_grad_zero_1() {
    let x = Expr::input("x", Shape::rows(&[3]));
    let norm = x.clone().powf(2.0).sum(0).sqrt();
    let roots = [norm.clone(), slope(&norm, &x)];
    for by in By::ALL {
        let found = by.values(&roots, &[("x", &[0.0; 3])], 1);
        assert_close(&found.concat(), &[0.0; 4], (0.0, 0.0), &by);
    }
}

#[test]
fn math_max_ties_1() {
    // The convention here: the first of the tied entries receives all.
    let x = Expr::input("x", Shape::rows(&[4]));
    let slope = slope(&x.clone().reduce(Reduction::Max, Along::Axis(0)), &x);
    for by in By::ALL {
        let found = by.values(std::slice::from_ref(&slope), &[("x", &[2.0, 5.0, 5.0, 1.0])], 1);
        assert_close(&found[0], &[0.0, 1.0, 0.0, 0.0], (0.0, 0.0), &by);
    }
}

#[test]
fn math_prod_grad_1() {
    let x = Expr::input("x", Shape::rows(&[4]));
    let product = (0..4).map(|i| x.clone().slice(0, i, 1)).reduce(|a, b| a * b).unwrap().sum(0);
    let slope = slope(&product, &x);
    for by in By::ALL {
        let found = by.values(std::slice::from_ref(&slope), &[("x", &[3.0, 0.0, 5.0, -2.0])], 1);
        assert_close(&found[0], &[0.0, -30.0, 0.0, 0.0], (0.0, 0.0), &by);
    }
}

#[test]
fn math_gelu_variant_1() {
    let x = number("x");
    let erf = [
        -0.004_049_694_094_890_283_5,
        -0.158_655_253_931_457_05,
        0.345_731_230_637_006_56,
        1.954_499_736_103_641_6,
    ];
    let tanh = [
        -0.003_637_392_081_773_019,
        -0.158_808_009_391_723_3,
        0.345_714_009_825_143_94,
        1.954_597_694_087_775,
    ];
    for (name, expected) in [("gelu", erf), ("gelu_tanh", tanh)] {
        let value = activation(name).unwrap().apply(&x);
        for by in DOUBLE {
            let found = values(by, &value, &[("x", &[-3.0, -1.0, 0.5, 2.0])]);
            assert_close(&found, &expected, (1e-10, 0.0), &(name, by));
        }
    }
}

#[test]
fn math_variance_cancel_1() {
    // Two passes: the mean, then the mean of the squared differences from it.
    let (x, weight) = (number("x"), number("weight"));
    let spread = (&x - x.clone().mean_over_rows(&weight)).powf(2.0).mean_over_rows(&weight);
    for by in By::ALL {
        let given: [Given<'_>; 2] =
            [("x", &[10_000.0, 10_000.25, 10_000.5, 10_000.75]), ("weight", &[1.0; 4])];
        let found = by.values(std::slice::from_ref(&spread), &given, 4);
        assert_close(&found[0], &[0.078_125], (1e-5, 0.0), &by);
    }
    assert_close(&[variance("10000 10000.25 10000.5 10000.75", 4)], &[0.078_125], (1e-5, 0.0), &"");
}

#[test]
fn math_variance_f64_3() {
    // A column is held whole, so nothing is merged; rows in any order give the same.
    let found = variance("100000001 100000002 100000003 100000004", 4);
    assert_close(&[found], &[1.25], (1e-9, 0.0), &"the variance of a column");
}

/// The population variance by which a table's column is standardised.
fn variance(column: &str, rows: usize) -> f64 {
    let lines: Vec<String> = column.split(' ').map(|x| format!("{x},0\n")).collect();
    let csv = format!("x,y\n{}", lines.concat());
    let table = Table::from_reader(csv.as_bytes(), "x.csv", &ReadOptions::default()).unwrap();
    let schema = Schema::infer(&table, &["y"]).unwrap();
    let rows: Vec<usize> = (0..rows).collect();
    let encoders = Encoders::fit(&table, &schema, &rows).unwrap();
    match &encoders.columns[0].encoding {
        Encoding::Number(number) => number.std * number.std,
        other => panic!("{other:?}"),
    }
}

/// `log(sigmoid(x))`, its case in [`cases`](crate::cases), by its own name.
#[test]
fn math_logsigmoid_1_by_name() {
    let x = Expr::variable("x");
    let value = activation("log_sigmoid").unwrap().apply(&x);
    let slope = gradient(&value, &[x]).unwrap().remove(0);
    for (at, expected) in
        [(-104.5, -104.5), (-300.25, -300.25), (50.0, -1.928_749_847_963_917_8e-22)]
    {
        let found = By::F32.values(&[value.clone(), slope.clone()], &[("x", &[at])], 1);
        assert_close(&found[0], &[expected], (2e-6, 1e-37), &at);
        assert!((0.0..=1.0).contains(&found[1][0]), "{found:?}");
    }
}
