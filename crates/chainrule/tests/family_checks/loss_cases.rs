//! Troubles that people reported in public about losses, as small checks: those about settings.
//!
//! Each test is named after its case in the collection "Public troubles of people who train neural
//! networks, as small checks" and holds the case's input and tolerance. Where a case leaves rows
//! out by a label (`ignore_index`), there is none here: a row whose target is missing is dropped
//! when the table is read, and a row of weight 0 changes nothing, which is what these check.

use chainrule::losses::Settings;
use chainrule_core::derivative::pull_back;
use chainrule_core::{Expr, Shape};

use crate::losses::{composed, row, with_weights};
use crate::running::{By, assert_close};

const DOUBLE: [By; 2] = [By::Oracle, By::F64];

/// The finished loss of rows with weights, and its gradient by the outputs.
#[track_caller]
fn check(
    text: &str,
    [y, output, weights]: [&[f64]; 3],
    (value, slopes): (f64, &[f64]),
    tolerance: (f64, f64),
) {
    let settings = Settings::parse(text).unwrap();
    let rows = weights.len();
    let widths = (y.len() / rows, output.len() / rows);
    let per_row = |y: &Expr, x: &Expr| settings.per_row(y, x);
    let roots = composed(settings.member().finish, per_row, widths);
    for by in DOUBLE {
        let found = with_weights(by, &roots, [y, output, weights]);
        assert_close(&found[0], &[value], tolerance, &(text, by, "value"));
        if !slopes.is_empty() {
            assert_close(&found[1], slopes, tolerance, &(text, by, "gradient"));
        }
    }
}

#[test]
fn loss_huber_1() {
    let errors = [1.0, 5.0, -1e3];
    let (y, p) = (Expr::input("y", Shape::rows(&[])), row(1, 1).1);
    let huber = Settings::parse("huber:delta=2").unwrap().per_row(&y, &p);
    // PyTorch's smooth_l1 with beta = delta, as the table says it is to be had.
    let smooth = huber.clone() / 2.0;
    let slope = |value: &Expr| {
        pull_back(value, &Expr::constant(1.0), std::slice::from_ref(&p)).unwrap().remove(0)
    };
    let roots = [huber.clone(), smooth.clone(), slope(&huber), slope(&smooth)];
    for by in DOUBLE {
        let found = by.values(&roots, &[("y", &[0.0; 3]), ("x", &errors)], 3);
        assert_close(&found[0], &[0.5, 8.0, 1998.0], (1e-14, 0.0), &"huber");
        assert_close(&found[1], &[0.25, 4.0, 999.0], (1e-14, 0.0), &"smooth_l1");
        // Far out the slopes are ±delta and ±1.
        assert_close(&found[2], &[1.0, 2.0, -2.0], (1e-14, 0.0), &"huber's slope");
        assert_close(&found[3], &[0.5, 1.0, -1.0], (1e-14, 0.0), &"smooth_l1's slope");
    }
}

const SMOOTHED: &str = "categorical_cross_entropy:label_smoothing=0.1";

#[test]
fn loss_smoothing_1() {
    let expected = (0.391_311_296_657_157_1, &[][..]);
    check(SMOOTHED, [&[0.0], &[2.0, -1.0, 0.5], &[1.0]], expected, (1e-12, 0.0));
}

#[test]
fn loss_smoothing_weights_3() {
    // Of the two readings this is the weight of the row's own class (as with any other loss); the
    // sum is divided by the weights of the rows that are kept. The row that is left out weighs 0.
    let output = [2.0, -1.0, 0.5, 9.0, -9.0, 0.0, 0.0, 0.0, 1.0];
    let expected = (0.557_631_358_214_301_5, &[][..]);
    check(SMOOTHED, [&[0.0, 0.0, 2.0], &output, &[0.4, 0.0, 1.1]], expected, (1e-10, 0.0));
}

#[test]
fn loss_smoothing_grad_4() {
    let output = [0.0, 0.0, 3.0, 1.0];
    let expected = (std::f64::consts::LN_2, &[-0.45, 0.45, 0.0, 0.0][..]);
    check(SMOOTHED, [&[0.0, 1.0], &output, &[1.0, 0.0]], expected, (1e-12, 1e-15));
    // Two classes by one logit are smoothed alike.
    let two = "binary_cross_entropy:label_smoothing=0.1";
    let expected = (std::f64::consts::LN_2, &[0.45, 0.0][..]);
    check(two, [&[0.0, 1.0], &[0.0, -2.0], &[1.0, 0.0]], expected, (1e-12, 1e-15));
}

#[test]
fn loss_ignore_all_1() {
    for text in [SMOOTHED, "hinge", "focal", "kl_divergence"] {
        let form = Settings::parse(text).unwrap();
        let form = (form.member().form(chainrule::losses::Output::Logits).unwrap(), form);
        let per_row = |y: &Expr, x: &Expr| (form.0.per_row)(y, x, &form.1);
        let roots = composed(form.1.member().finish, per_row, (1, 2));
        for by in By::ALL {
            let found = with_weights(by, &roots, [&[0.0; 2], &[0.3, -0.7, 2.0, 1.0], &[0.0; 2]]);
            assert_eq!(found, [vec![0.0], vec![0.0; 4]], "{text} {by:?}");
        }
    }
}
