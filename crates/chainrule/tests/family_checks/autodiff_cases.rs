//! Troubles that people reported in public about automatic differentiation, as small checks.
//!
//! Each test is named after its case in the collection "Public troubles of people who train neural
//! networks, as small checks" and holds the case's input and tolerance. Here a derivative is an
//! expression like any other: nothing is accumulated, and nothing refers to a variable's memory.

use chainrule_core::compile::compile;
use chainrule_core::derivative::{derivatives, gradient, pull_back};
use chainrule_core::{ErrorKind, Expr, Shape};
use chainrule_cpu::{Data, Engine, Matrices, Matrix, Options, Selection};

use crate::running::{By, Given, assert_close};

/// Checks the values of shared expressions, every way that they can be run.
#[track_caller]
fn check(roots: &[Expr], given: &[Given<'_>], rows: usize, expected: &[&[f64]]) {
    for by in By::ALL {
        let found = by.values(roots, given, rows);
        let relative = if by == By::F32 { 1e-7 } else { 1e-12 };
        for (found, expected) in found.iter().zip(expected) {
            assert_close(found, expected, (relative, 0.0), &by);
        }
    }
}

#[test]
fn ad_reuse_1() {
    let x = Expr::variable("x");
    let y = &x * &x;
    let f = &y * &y + y;
    check(&gradient(&f, &[x]).unwrap(), &[("x", &[2.0])], 1, &[&[36.0]]);
}

#[test]
fn ad_backward_twice_3() {
    // The convention here: a gradient replaces, it is never added to another.
    let x = Expr::variable("x");
    let f = 3.0 * (&x * &x);
    let first = gradient(&f, std::slice::from_ref(&x)).unwrap();
    let second = gradient(&f, &[x]).unwrap();
    assert_eq!(first, second);
    check(&[first, second].concat(), &[("x", &[2.0])], 1, &[&[12.0], &[12.0]]);
}

#[test]
fn ad_backward_twice_4() {
    let (a, b) = (Expr::variable("a"), Expr::variable("b"));
    let s = &a + &b;
    let q = s * &a;
    let slopes = gradient(&q, &[a, b]).unwrap();
    check(&slopes, &[("a", &[2.0]), ("b", &[5.0])], 1, &[&[9.0], &[2.0]]);
}

#[test]
fn ad_broadcast_1() {
    let (x, b) = (Expr::input("x", Shape::rows(&[3])), Expr::input("b", Shape::shared(&[3])));
    let total = (x + &b).powf(2.0).sum(0).sum_over_rows();
    let slope = gradient(&total, &[b]).unwrap();
    let given: [Given<'_>; 2] = [("x", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), ("b", &[1.0, 0.0, -1.0])];
    check(&slope, &given, 2, &[&[14.0, 14.0, 14.0]]);
}

#[test]
fn ad_broadcast_ones_3() {
    let (x, b) = (Expr::input("x", Shape::rows(&[3])), Expr::input("b", Shape::shared(&[3])));
    let total = (&x + &b).powf(2.0).sum(0).sum_over_rows();
    let slopes = gradient(&total, &[b, x]).unwrap();
    assert_eq!(slopes[0].shape(), Shape::shared(&[3]));
    assert_eq!(slopes[1].shape(), Shape::rows(&[3]));
    let given: [Given<'_>; 2] = [("x", &[1.0, 2.0, 3.0]), ("b", &[1.0; 3])];
    check(&slopes, &given, 1, &[&[4.0, 6.0, 8.0], &[4.0, 6.0, 8.0]]);
}

#[test]
fn ad_broadcast_div_4() {
    let (x, s) = (Expr::input("x", Shape::rows(&[2])), Expr::input("s", Shape::rows(&[1])));
    let total = (x / &s).sum(0).sum_over_rows();
    let slope = gradient(&total, &[s]).unwrap();
    let given: [Given<'_>; 2] = [("x", &[2.0, 4.0, 9.0, 3.0]), ("s", &[2.0, 3.0])];
    check(&slope, &given, 2, &[&[-1.5, -4.0 / 3.0]]);
}

#[test]
fn ad_where_1() {
    let x = Expr::input("x", Shape::rows(&[]));
    let guarded = Expr::constant(0.0).less(&x).select(x.clone().sqrt(), 0.0);
    let slope = gradient(&guarded.sum_over_rows(), &[x]).unwrap();
    check(&slope, &[("x", &[0.0, 4.0])], 2, &[&[0.0, 0.25]]);
}

#[test]
fn ad_maskedmse_3() {
    let [p, y] = ["p", "y"].map(|name| Expr::input(name, Shape::rows(&[])));
    let known = y.clone().equals(&y);
    let squares = known.clone().select((&p - &y).powf(2.0), 0.0);
    let loss = squares.sum_over_rows() / known.sum_over_rows();
    let slope = gradient(&loss, &[p]).unwrap().remove(0);
    let given: [Given<'_>; 2] = [("p", &[1.0, 2.0, 3.0]), ("y", &[0.0, f64::NAN, 5.0])];
    check(&[loss, slope], &given, 3, &[&[2.5], &[1.0, 0.0, -2.0]]);
}

#[test]
fn ad_unused_inf_4() {
    let [w, d] = ["w", "d"].map(|name| Expr::input(name, Shape::shared(&[3])));
    let quotient = &w / d;
    let picked = |i: usize| quotient.clone().slice(0, i, 1).sum(0);
    let slope = gradient(&(picked(0) + picked(2)), &[w]).unwrap();
    check(&slope, &[("w", &[1.0; 3]), ("d", &[1.0, 0.0, 2.0])], 1, &[&[1.0, 0.0, 0.5]]);
}

#[test]
fn ad_second_order_1() {
    let x = Expr::variable("x");
    let cube = derivatives(&(&x * &x * &x), &x, 2).unwrap().remove(2);
    check(&[cube], &[("x", &[-2.0])], 1, &[&[-12.0]]);
    let softplus = derivatives(&x.clone().softplus(), &x, 2).unwrap().remove(2);
    check(&[softplus], &[("x", &[0.0])], 1, &[&[0.25]]);
    // By two passes backwards too.
    let first = gradient(&(&x * &x * &x), std::slice::from_ref(&x)).unwrap().remove(0);
    check(&gradient(&first, &[x]).unwrap(), &[("x", &[-2.0])], 1, &[&[-12.0]]);
}

#[test]
fn ad_nonscalar_1() {
    let x = Expr::input("x", Shape::shared(&[3]));
    let square = x.clone().powf(2.0);
    let error = gradient(&square, std::slice::from_ref(&x)).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::NotANumber { shape: Shape::shared(&[3]) });
    assert!(error.to_string().contains("[3]"), "{error}");
    let seed = Expr::input("seed", Shape::shared(&[3]));
    let slope = pull_back(&square, &seed, &[x]).unwrap();
    let given: [Given<'_>; 2] = [("x", &[1.0, 2.0, 3.0]), ("seed", &[1.0, 0.0, 2.0])];
    check(&slope, &given, 1, &[&[2.0, 0.0, 12.0]]);
}

#[test]
fn ad_alias_1() {
    let (w, x) = (Expr::variable("w"), Expr::variable("x"));
    let f = &w * &x;
    let slope = gradient(&f, &[x]).unwrap().remove(0);
    let program = compile(&[f, slope], &[]).unwrap();
    let place = |name| program.inputs().iter().position(|input| input.name == name).unwrap();
    let (w, x) = (place("w"), place("x"));
    let mut engine = Engine::<f64>::new(program, Options::default());
    engine.set_input(w, &[2.0]).unwrap();
    engine.set_input(x, &[3.0]).unwrap();
    let ones = [1.0];
    let groups = [("", Matrix::new(Data::F64(&ones), 1, 1).unwrap())];
    let source = Matrices::new(&groups).unwrap();
    engine.run(&source, Selection::Range { start: 0, count: 1 }, 0, 0, &mut []).unwrap();
    // Value and slope are those of the w that was given, whatever w becomes.
    engine.set_input(w, &[100.0]).unwrap();
    let found = [0, 1].map(|output| engine.values().output(output)[0]);
    assert_eq!(found, [6.0, 2.0]);
}
