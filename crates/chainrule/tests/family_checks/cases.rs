//! Troubles that people reported in public about activations and losses, as small checks.
//!
//! Each test is named after its case in the collection "Public troubles of people who train neural
//! networks, as small checks" and holds the case's input and tolerance. Cases in f32 are run in
//! f32, the others in f64 and by the oracle.

use chainrule::activations::activation;
use chainrule::losses::{self, loss};
use chainrule::optimizers::{Settings, Update, optimizer};
use chainrule_core::derivative::{pull_back, push_forward};
use chainrule_core::{Expr, Shape};
use chainrule_cpu::{Data, Matrices, Matrix};

use crate::losses::{composed, row, with_weights};
use crate::running::{By, assert_close};

const INFINITY: f64 = f64::INFINITY;
const DOUBLE: [By; 2] = [By::Oracle, By::F64];
const SINGLE: [By; 1] = [By::F32];

/// A function of one number, and its derivative, at some points.
#[track_caller]
fn function(
    by: &[By],
    f: impl Fn(&Expr) -> Expr,
    x: &[f64],
    (values, slopes): (&[f64], &[f64]),
    tolerance: (f64, f64),
) {
    let input = Expr::input("x", Shape::rows(&[]));
    let value = f(&input);
    let slope = push_forward(&value, &[(input, Expr::constant(1.0))]).unwrap();
    for &by in by {
        let found = by.values(&[value.clone(), slope.clone()], &[("x", x)], x.len());
        assert_close(&found[0], values, tolerance, &(by, "values"));
        if !slopes.is_empty() {
            assert_close(&found[1], slopes, tolerance, &(by, "slopes"));
        }
    }
}

/// A loss of rows with weights and its gradient by the outputs; an empty gradient is not compared.
struct Case<'a> {
    loss: &'a str,
    y: &'a [f64],
    output: &'a [f64],
    weights: &'a [f64],
    value: f64,
    slopes: &'a [f64],
}

impl Case<'_> {
    #[track_caller]
    fn check(&self, by: &[By], tolerance: (f64, f64)) {
        let loss = loss(self.loss).unwrap();
        let rows = self.weights.len();
        let roots = composed(
            loss.finish,
            |y, x| losses::Settings::from(loss).per_row(y, x),
            (self.y.len() / rows, self.output.len() / rows),
        );
        for &by in by {
            let found = with_weights(by, &roots, [self.y, self.output, self.weights]);
            assert_close(&found[0], &[self.value], tolerance, &(self.loss, by, "value"));
            if !self.slopes.is_empty() {
                assert_close(&found[1], self.slopes, tolerance, &(self.loss, by, "gradient"));
            }
        }
    }
}

/// The value of each row of a loss.
#[track_caller]
fn per_row(name: &str, by: &[By], y: &[f64], z: &[f64], expected: &[f64], tolerance: (f64, f64)) {
    let rows = expected.len();
    let (target, output) = row(y.len() / rows, z.len() / rows);
    let value = losses::Settings::from(loss(name).unwrap()).per_row(&target, &output);
    for &by in by {
        let found = by.values(std::slice::from_ref(&value), &[("y", y), ("x", z)], rows);
        assert_close(&found[0], expected, tolerance, &(name, by));
    }
}

#[test]
fn math_softplus_overflow_1() {
    let values = [12.000_006_144_193_478, 88.5, 89.5, 500.0];
    let slopes = [0.999_993_855_825_397_8, 1.0, 1.0, 1.0];
    let softplus = |x: &Expr| x.clone().softplus();
    function(&SINGLE, softplus, &[12.0, 88.5, 89.5, 500.0], (&values, &slopes), (2e-6, 1e-37));
}

#[test]
fn math_softplus_tail_1() {
    let values = [1.522_997_962_873_648_8e-8, 9.357_622_968_839_737e-14];
    function(&SINGLE, |x| x.clone().softplus(), &[-18.0, -30.0], (&values, &[]), (2e-6, 1e-37));
}

#[test]
fn math_sigmoid_extremes_1() {
    let tail = 4.969_919_882_522_614e-40;
    let values = [1.383_896_526_736_737_6e-87, tail, 0.5, 1.0, 1.0];
    let slopes = [1.383_896_526_736_737_6e-87, tail, 0.25, tail, 0.0];
    let sigmoid = |x: &Expr| activation("sigmoid").unwrap().apply(x);
    let x = [-200.0, -90.5, 0.0, 90.5, 200.0];
    function(&SINGLE, sigmoid, &x, (&values, &slopes), (2e-6, 1e-37));
}

#[test]
fn math_sigmoid_grad_3() {
    let steep = |x: &Expr| activation("sigmoid").unwrap().apply(&(25.0 * x));
    let x = Expr::input("x", Shape::rows(&[]));
    let slope = pull_back(&steep(&x), &Expr::constant(1.0), &[x]).unwrap();
    let found = By::F32.values(&slope, &[("x", &[-6.0, 0.1])], 2);
    assert_close(&found[0], &[0.0, 1.752_592_858_243_966_7], (5e-6, 1e-30), &"slope");
}

#[test]
fn math_logsigmoid_1() {
    let values = [-104.5, -300.25, -1.928_749_847_963_917_8e-22];
    let log_sigmoid = |x: &Expr| activation("sigmoid").unwrap().apply(x).log();
    function(&SINGLE, log_sigmoid, &[-104.5, -300.25, 50.0], (&values, &[]), (2e-6, 1e-37));
}

#[test]
fn math_tanh_1() {
    let tanh = |x: &Expr| activation("tanh").unwrap().apply(x);
    let values = [-1.0, 1.0, 0.999_999_988_794_407_2];
    function(&SINGLE, tanh, &[-95.0, 45.5, 9.5], (&values, &[]), (2e-6, 1e-37));
}

#[test]
fn math_relu_nan_1() {
    let relu = |x: &Expr| activation("relu").unwrap().apply(x);
    let (x, values) = ([f64::NAN, -1.0, 2.0, 0.0], [f64::NAN, 0.0, 2.0, 0.0]);
    function(&By::ALL, relu, &x, (&values, &[]), (0.0, 0.0));
}

#[test]
fn math_abs_grad_1() {
    // As the loss mae has it: the mean over three rows.
    let third = 1.0 / 3.0;
    let case = Case {
        loss: "mae",
        y: &[0.0, 0.0, 0.0],
        output: &[-2.0, 0.0, 3.0],
        weights: &[1.0, 1.0, 1.0],
        value: 5.0 / 3.0,
        slopes: &[-third, 0.0, third],
    };
    case.check(&DOUBLE, (1e-15, 0.0));
}

/// The shares of rows of logits.
fn softmax(by: By, z: &[f64], rows: usize) -> Vec<f64> {
    let x = row(1, z.len() / rows).1;
    by.values(&[activation("softmax").unwrap().apply(&x)], &[("x", z)], rows).remove(0)
}

#[test]
fn math_softmax_rowmax_1() {
    let (low, high) = (0.268_941_421_369_995_1, 0.731_058_578_630_004_9);
    let found = softmax(By::F32, &[0.0, 1.0, -1000.0, -1001.0, 300.0, 300.0], 3);
    assert_close(&found, &[low, high, high, low, 0.5, 0.5], (2e-6, 1e-37), &"shares");
}

#[test]
fn math_softmax_masked_1() {
    let z = [0.0, 1.0, f64::NEG_INFINITY];
    let slope = 0.196_611_933_241_481_85;
    let x = row(1, 3).1;
    let first = activation("softmax").unwrap().apply(&x).slice(0, 0, 1);
    let gradient = pull_back(&first, &Expr::constant(1.0), &[x]).unwrap();
    for by in DOUBLE {
        let shares = [0.268_941_421_369_995_1, 0.731_058_578_630_004_9, 0.0];
        assert_close(&softmax(by, &z, 1), &shares, (1e-12, 1e-15), &by);
        let found = by.values(&gradient, &[("x", &z)], 1);
        assert_close(&found[0], &[slope, -slope, 0.0], (1e-12, 1e-15), &by);
    }
}

#[test]
fn math_softmax_allmasked_3() {
    // The convention here: a row of −∞ alone has no shares, it is NaN; no other row is touched.
    let (least, nan) = (f64::NEG_INFINITY, f64::NAN);
    for by in DOUBLE {
        let found = softmax(by, &[least, least, 0.0, 0.0, least, nan], 3);
        assert_close(&found, &[nan, nan, 0.5, 0.5, nan, nan], (0.0, 0.0), &by);
    }
}

#[test]
fn math_ce_offset_1() {
    let case = Case {
        loss: "categorical_cross_entropy",
        y: &[0.0],
        output: &[3e7, 3e7, 3e7],
        weights: &[1.0],
        value: 1.098_612_288_668_109_8,
        slopes: &[-2.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0],
    };
    case.check(&SINGLE, (2e-6, 1e-37));
}

#[test]
fn math_ce_small_3() {
    let expected = [2.061_153_620_314_381e-9];
    per_row("categorical_cross_entropy", &SINGLE, &[0.0], &[20.0, 0.0], &expected, (1e-5, 0.0));
}

#[test]
fn loss_mse_broadcast_1() {
    // A target that is a number and an output of one number are compared number by number.
    let (y, p) = (Expr::input("y", Shape::rows(&[])), row(1, 1).1);
    let value = losses::Settings::from(loss("mse").unwrap()).per_row(&y, &p);
    let numbers = [1.0, 2.0, 3.0, 6.0];
    let found = By::F64.values(&[value], &[("y", &numbers), ("x", &numbers)], 4);
    assert_eq!(found[0], [0.0; 4]);
}

#[test]
fn loss_mae_broadcast_2() {
    let (y, p) = (Expr::input("y", Shape::rows(&[])), row(1, 1).1);
    let value = losses::Settings::from(loss("mae").unwrap()).per_row(&y, &p);
    let found = By::F64.values(&[value], &[("y", &[2.0, 5.0, 7.0]), ("x", &[1.0, 5.0, 9.0])], 3);
    assert_eq!(found[0], [1.0, 0.0, 2.0]);
}

#[test]
fn loss_onerow_broadcast_3() {
    // Rows are never repeated: columns with another number of rows make no source.
    let (one, three) = ([0.0, 1.0], [0.0, 1.0, 0.0, 2.0, 1.0, 1.0]);
    let groups = [
        ("x", Matrix::new(Data::F64(&one), 1, 2).unwrap()),
        ("y", Matrix::new(Data::F64(&three), 3, 2).unwrap()),
    ];
    assert!(Matrices::new(&groups).is_none());
}

#[test]
fn loss_rmse_zero_1() {
    let case = Case {
        loss: "rmse",
        y: &[1.0, -2.0, 0.5],
        output: &[1.0, -2.0, 0.5],
        weights: &[1.0; 3],
        value: 0.0,
        slopes: &[0.0; 3],
    };
    case.check(&By::ALL, (0.0, 0.0));
}

#[test]
fn loss_rmse_mixed_3() {
    let case = Case {
        loss: "rmse",
        y: &[1.0, 2.0, 5.0],
        output: &[1.0, 2.0, 3.0],
        weights: &[1.0; 3],
        value: 1.154_700_538_379_251_5,
        slopes: &[0.0, 0.0, -0.577_350_269_189_625_7],
    };
    case.check(&DOUBLE, (1e-12, 0.0));
}

#[test]
fn loss_rmsle_log1p_3() {
    let case = Case {
        loss: "rmsle",
        y: &[1e-8],
        output: &[3e-8],
        weights: &[1.0],
        value: 1.999_999_859_027_22e-8,
        slopes: &[],
    };
    case.check(&SINGLE, (1e-5, 0.0));
}

#[test]
fn loss_rmsle_log1p_4() {
    let case = Case {
        loss: "rmsle",
        y: &[1e-12],
        output: &[2e-12],
        weights: &[1.0],
        value: 9.999_999_999_985e-13,
        slopes: &[],
    };
    case.check(&DOUBLE, (1e-9, 0.0));
}

const BCE: &str = "binary_cross_entropy";

/// The logit of a probability.
fn logit(p: f64) -> f64 {
    libm::log(p) - libm::log1p(-p)
}

#[test]
fn loss_bce_edge_1() {
    let z = [logit(0.0), logit(1.0)];
    let case = Case {
        loss: BCE,
        y: &[0.0, 1.0],
        output: &z,
        weights: &[1.0; 2],
        value: 0.0,
        slopes: &[0.0, 0.0],
    };
    case.check(&By::ALL, (0.0, 1e-6));
}

#[test]
fn loss_bce_nearone_3() {
    let z = [logit(0.999_999_940_395_355_2)];
    per_row(BCE, &SINGLE, &[0.0], &z, &[16.635_532_333_438_686], (1e-6, 0.0));
}

#[test]
fn loss_bce_tiny_4() {
    per_row(BCE, &SINGLE, &[1.0], &[-60.0], &[60.0], (1e-5, 0.0));
    // By way of the probability, as a formula would say it.
    let (y, z) = row(1, 1);
    let p = activation("sigmoid").unwrap().apply(&z);
    let value = -(&y * p.clone().log() + (1.0 - &y) * (1.0 - p).log());
    let found = By::F32.values(&[value], &[("y", &[1.0]), ("x", &[-60.0])], 1);
    assert_close(&found[0], &[60.0], (1e-5, 0.0), &"by the probability");
}

#[test]
fn loss_bcelogits_overflow_1() {
    let (z, y) = ([-95.0, -95.0, 1000.0], [0.0, 1.0, 0.0]);
    per_row(BCE, &SINGLE, &y, &z, &[0.0, 95.0, 1000.0], (1e-6, 1e-30));
}

#[test]
fn loss_bcelogits_grad0_3() {
    let case = Case {
        loss: BCE,
        y: &[0.0, 1.0],
        output: &[0.0, 0.0],
        weights: &[1.0; 2],
        value: std::f64::consts::LN_2,
        slopes: &[0.25, -0.25],
    };
    case.check(&DOUBLE, (1e-12, 0.0));
}

#[test]
fn loss_bcelogits_inf_4() {
    let (z, y) = ([f64::NEG_INFINITY, INFINITY, INFINITY], [0.0, 1.0, 0.0]);
    per_row(BCE, &By::ALL, &y, &z, &[0.0, 0.0, INFINITY], (0.0, 0.0));
}

#[test]
fn loss_bcelogits_moderate_5() {
    let case = Case {
        loss: BCE,
        y: &[1.0, 1.0],
        output: &[-50.0, 0.0],
        weights: &[1.0; 2],
        value: 25.346_573_590_279_973,
        slopes: &[-0.5, -0.25],
    };
    case.check(&SINGLE, (2e-6, 0.0));
}

const CCE: &str = "categorical_cross_entropy";

/// Smoothed labels: (1 − s)·[j = class] + s/C.
fn smoothed(class: usize, classes: usize, smoothing: f64) -> Vec<f64> {
    let one = |j| if j == class { 1.0 - smoothing } else { 0.0 };
    (0..classes).map(|j| one(j) + smoothing / classes as f64).collect()
}

#[test]
fn loss_smoothing_1() {
    let expected = [0.391_311_296_657_157_1];
    per_row(CCE, &DOUBLE, &smoothed(0, 3, 0.1), &[2.0, -1.0, 0.5], &expected, (1e-12, 0.0));
}

#[test]
fn loss_smoothing_weights_3() {
    // The convention here: a row weighs as its class; one that is left out has weight 0.
    let case = Case {
        loss: CCE,
        y: &[smoothed(0, 3, 0.1), smoothed(0, 3, 0.1), smoothed(2, 3, 0.1)].concat(),
        output: &[2.0, -1.0, 0.5, 9.0, -9.0, 0.0, 0.0, 0.0, 1.0],
        weights: &[0.4, 0.0, 1.1],
        value: 0.557_631_358_214_301_5,
        slopes: &[],
    };
    case.check(&DOUBLE, (1e-10, 0.0));
}

#[test]
fn loss_smoothing_grad_4() {
    let case = Case {
        loss: CCE,
        y: &[smoothed(0, 2, 0.1), smoothed(1, 2, 0.1)].concat(),
        output: &[0.0, 0.0, 3.0, 1.0],
        weights: &[1.0, 0.0],
        value: std::f64::consts::LN_2,
        slopes: &[-0.45, 0.45, 0.0, 0.0],
    };
    case.check(&DOUBLE, (1e-12, 1e-15));
}

#[test]
fn loss_ignore_all_1() {
    let case = Case {
        loss: CCE,
        y: &[0.0, 0.0],
        output: &[0.3, -0.7, 2.0, 1.0],
        weights: &[0.0, 0.0],
        value: 0.0,
        slopes: &[0.0; 4],
    };
    case.check(&By::ALL, (0.0, 0.0));
}

#[test]
fn loss_classweight_1() {
    for scale in [1.0, 10.0] {
        let case = Case {
            loss: CCE,
            y: &[1.0, 0.0, 2.0],
            output: &[0.0, 1.0, -1.0, 2.0, 0.0, 0.0, 0.5, 0.5, 0.5],
            weights: &[0.5 * scale, 1.5 * scale, 4.0 * scale],
            value: 0.826_261_547_704_575_9,
            slopes: &[],
        };
        case.check(&DOUBLE, (1e-12, 0.0));
    }
}

#[test]
fn loss_weights_zero_3() {
    // A network of one weight: p = w·1 and p = w·2, so that both predictions are w's.
    let [w, total] = ["w", "total"].map(Expr::variable);
    let [input, weight] = ["input", "weight"].map(|name| Expr::input(name, Shape::rows(&[])));
    let target = Expr::constant(0.0).broadcast(&Shape::rows(&[]));
    let per_row = losses::Settings::from(loss("mse").unwrap()).per_row(&target, &(input * &w));
    let share = chainrule::losses::share(&weight, &total);
    let gradient = pull_back(&per_row, &share, std::slice::from_ref(&w)).unwrap().remove(0);
    let settings = Settings::new(optimizer("sgd").unwrap(), &[]).unwrap();
    let (new, _) = (settings.optimizer().update.unwrap())(&Update {
        parameter: &w,
        gradient: &gradient,
        states: &[],
        learning_rate: &Expr::constant(0.1),
        step: &Expr::constant(1.0),
        settings: &settings,
    });
    let mean = chainrule::losses::mean(&per_row, &share);
    for by in By::ALL {
        let given: [(&str, &[f64]); 4] =
            [("w", &[1.0]), ("total", &[0.0]), ("input", &[1.0, 2.0]), ("weight", &[0.0, 0.0])];
        let found = by.values(&[mean.clone(), new.clone()], &given, 2);
        assert_eq!(found, [[0.0], [1.0]], "{by:?}");
    }
}

#[test]
fn loss_softlabel_1() {
    per_row(CCE, &SINGLE, &[0.25, 0.75], &[-3000.0, 2500.0], &[1375.0], (1e-6, 0.0));
}
