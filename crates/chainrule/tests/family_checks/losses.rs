//! The losses: every row of their table, and the mean over the rows with weights.

use chainrule::error::ErrorKind;
use chainrule::losses::{Finish, LOSSES, Loss, Output, Settings, TargetScale, loss, mean, share};
use chainrule_core::derivative::{derivatives, gradient, pull_back};
use chainrule_core::latex::latex;
use chainrule_core::text::{Scope, parse};
use chainrule_core::{Expr, Shape};
use serde_json::Value;

use crate::golden::{cases, number, numbers};
use crate::running::{By, Given, assert_close};
use crate::subject::Subject;

/// A target and an output of so many numbers, called y and x.
pub fn row(target: usize, output: usize) -> (Expr, Expr) {
    (Expr::input("y", Shape::rows(&[target])), Expr::input("x", Shape::rows(&[output])))
}

/// Each loss with targets that it must bear; the classes as numbers, then as probabilities.
fn subjects(loss: &'static Loss) -> Vec<Subject> {
    let (targets, width): (&[&[f64]], usize) = match loss.outputs[0] {
        Output::Prediction => (&[&[0.5], &[3.0, -0.25]], 0),
        Output::Logit => (&[&[0.0], &[1.0], &[0.3], &[1.0, 0.0]], 0),
        Output::Logits => (&[&[0.0], &[1.0], &[2.0], &[0.2, 0.3, 0.5], &[0.0, 1.0, 0.0]], 3),
    };
    let settings = Settings::from(loss);
    let subject = |(trained, above_minus_one): (bool, bool)| {
        let settings = settings.clone();
        let per_row = move |y: &Expr, x: &Expr| match trained {
            true => settings.trained_per_row(y, x),
            false => settings.per_row(y, x),
        };
        targets.iter().map(move |target| {
            let (y, x) = row(target.len(), width.max(target.len()));
            let numbers: &[f64] =
                if above_minus_one { &[-0.6, 0.2, 7.0] } else { &[-2.3, 0.4, 1.9] };
            Subject {
                name: format!("{} of {target:?}", loss.name),
                value: per_row(&y, &x),
                smooth: (numbers.iter())
                    .map(|p| (0..x.shape().elements()).map(|i| p + 0.7 * i as f64).collect())
                    .collect(),
                x,
                given: ("y", target.to_vec()),
                around: |x, width| [x, 0.0, 1.0][..width].to_vec(),
                domain: if above_minus_one { |x| x > -1.0 && x.is_finite() } else { |_| true },
                takes_infinity: loss.outputs[0] != Output::Logits && !above_minus_one,
            }
        })
    };
    let log = loss.scale == TargetScale::Log;
    subject((false, log)).chain(subject((true, false))).collect()
}

/// The finished loss of rows with weights, and its gradient by the outputs as training takes it:
/// each row seeded with its share, then the shared factor.
pub fn composed(
    finish: Finish,
    per_row: impl Fn(&Expr, &Expr) -> Expr,
    (target, output): (usize, usize),
) -> [Expr; 2] {
    let (y, x) = row(target, output);
    let weight = Expr::input("w", Shape::rows(&[]));
    let share = share(&weight, &Expr::variable("total"));
    let per_row = per_row(&y, &x);
    let mean = mean(&per_row, &share);
    let slope = pull_back(&per_row, &share, &[x]).unwrap().remove(0);
    [finish.value(&mean), slope * finish.factor(&mean)]
}

pub fn with_weights(by: By, roots: &[Expr], [y, x, w]: [&[f64]; 3]) -> Vec<Vec<f64>> {
    let total = [w.iter().sum()];
    let given: [Given<'_>; 4] = [("y", y), ("x", x), ("w", w), ("total", &total)];
    by.values(roots, &given, w.len())
}

#[test]
fn each_passes_through_its_points_as_its_formula_does() {
    for loss in LOSSES {
        for (target, output, expected) in loss.points {
            let (y, x) = row(target.len(), output.len());
            let scope = Scope::closed()
                .variable("y", y.clone())
                .variable(loss.outputs[0].letter(), x.clone());
            let scope = Settings::from(loss).iter().fold(scope, |scope, (setting, value)| {
                scope.variable(setting.name, Expr::constant(value))
            });
            let formula = parse(loss.formula, &scope).unwrap();
            let outputs = formula.shape().elements();
            let average = formula.reshape(&[outputs]).sum(0) / outputs as f64;
            for by in By::ALL {
                let roots = [Settings::from(loss).per_row(&y, &x), average.clone()];
                for found in by.values(&roots, &[("y", target), ("x", output)], 1) {
                    let relative = if by == By::F32 { 2e-6 } else { 4.0 * f64::EPSILON };
                    assert_close(&found, &[expected], (relative, 0.0), &(loss.name, by));
                }
            }
        }
    }
}

/// What a golden case compares: the table's loss, targets, outputs, weights.
fn golden_case(case: &Value) -> (&'static Loss, Vec<f64>, Vec<f64>, Vec<f64>) {
    let name = match case["loss"].as_str().unwrap() {
        "bce_with_logits" => "binary_cross_entropy",
        "cce_with_logits" => "categorical_cross_entropy",
        name => name,
    };
    let output = case.get("p").unwrap_or(&case["z"]);
    let (output, weights) = (numbers(output), numbers(&case["w"]));
    let classes = output.len() / weights.len();
    let smoothing = case.get("label_smoothing").map_or(0.0, number);
    let mut target = numbers(&case["y"]);
    if smoothing > 0.0 {
        // Smoothed labels are probabilities: (1 − s)·[j = y] + s/C.
        target = (target.iter())
            .flat_map(|&class| (0..classes).map(move |j| f64::from(u8::from(class == j as f64))))
            .map(|one| (1.0 - smoothing) * one + smoothing / classes as f64)
            .collect();
    }
    (loss(name).unwrap(), target, output, weights)
}

#[test]
fn values_and_gradients_are_the_golden_ones() {
    let mut checked = std::collections::BTreeSet::new();
    for case in cases(include_str!("../golden/losses.json")) {
        let (loss, target, output, weights) = golden_case(&case);
        let total: f64 = weights.iter().sum();
        let rows = weights.len();
        let (mut value, mut slope) = (number(&case["value"]), numbers(&case["grad"]));
        if loss.name == "r2" {
            // The file has R² in the target's own units; trained is 1 − R² in units in which the
            // variance is 1.
            let of = |value: &dyn Fn(f64) -> f64| {
                target.iter().zip(&weights).map(|(&y, w)| w * value(y)).sum::<f64>() / total
            };
            let mean = of(&|y| y);
            let variance = of(&|y| (y - mean) * (y - mean));
            value = (1.0 - value) * variance;
            slope.iter_mut().for_each(|slope| *slope *= -variance);
        }
        let widths = (target.len() / rows, output.len() / rows);
        let roots = composed(loss.finish, |y, x| Settings::from(loss).per_row(y, x), widths);
        for by in [By::Oracle, By::F64] {
            let found = with_weights(by, &roots, [&target, &output, &weights]);
            let what = (loss.name, &case["case"], by);
            // Where R² is near 1, the file's digits are lost in 1 − R².
            let relative = if loss.name == "r2" { 1e-12 } else { 1e-13 };
            assert_close(&found[0], &[value], (relative, 1e-320), &what);
            let steepest = slope.iter().fold(0.0, |most: f64, slope| most.max(slope.abs()));
            assert_close(&found[1], &slope, (relative, 1e-16 * steepest), &what);
        }
        checked.insert(loss.name);
    }
    // Losses added since the file was made have their two points.
    assert_eq!(checked.len(), 7, "{checked:?}");
}

#[test]
fn rmsle_is_curved_where_target_and_prediction_are_equal() {
    let (y, p) = row(1, 1);
    let value = Settings::from(loss("rmsle").unwrap()).per_row(&y, &p);
    let orders = derivatives(&value, &p, 2).unwrap();
    for by in By::ALL {
        // 0, 0 and 2/(1 + p)²
        let found = by.values(&orders, &[("y", &[3.0]), ("x", &[3.0])], 1);
        assert_eq!(found, [[0.0], [0.0], [0.125]], "{by:?}");
    }
}

#[test]
fn rmsle_is_trained_on_logarithms_to_the_same_loss() {
    let loss = loss("rmsle").unwrap();
    let (y, p, w) = ([3.0, 0.0, 10.0], [2.5, 1.0, 14.0], [1.0, 2.0, 0.5]);
    let logs = |values: [f64; 3]| values.map(libm::log1p);
    let as_defined = composed(loss.finish, |y, x| Settings::from(loss).per_row(y, x), (1, 1));
    let as_trained =
        composed(loss.finish, |y, x| Settings::from(loss).trained_per_row(y, x), (1, 1));
    let expected = with_weights(By::F64, &as_defined, [&y, &p, &w]);
    let found = with_weights(By::F64, &as_trained, [&logs(y), &logs(p), &w]);
    assert_close(&found[0], &expected[0], (1e-14, 0.0), &"the loss");
    // By the output, which is log(1 + p).
    let slopes: Vec<f64> = expected[1].iter().zip(p).map(|(slope, p)| slope * (1.0 + p)).collect();
    assert_close(&found[1], &slopes, (1e-13, 0.0), &"its gradient");
}

#[test]
fn the_gradient_as_training_takes_it_is_the_gradient_of_the_whole() {
    for loss in LOSSES {
        let classes = if loss.outputs[0] == Output::Logits { 3 } else { 1 };
        let (y, x) = row(1, classes);
        let (weight, total) = (Expr::input("w", Shape::rows(&[])), Expr::variable("total"));
        let mean = mean(&Settings::from(loss).trained_per_row(&y, &x), &share(&weight, &total));
        let whole = gradient_by_rows(&loss.finish.value(&mean), &x);
        let [_, taken] =
            composed(loss.finish, |y, x| Settings::from(loss).trained_per_row(y, x), (1, classes));
        let outputs: Vec<f64> = (0..2 * classes).map(|i| 0.3 * i as f64 - 0.4).collect();
        let found = with_weights(By::F64, &[whole, taken], [&[0.0, 1.0], &outputs, &[0.5, 2.0]]);
        assert_close(&found[1], &found[0], (1e-13, 1e-17), &loss.name);
        // A mean of exactly 0 has gradient 0.
        let [_, taken] = composed(loss.finish, |_, x| x.clone().sum(0) * 0.0, (1, classes));
        let found = with_weights(By::F64, &[taken], [&[0.0, 1.0], &outputs, &[0.5, 2.0]]);
        assert!(found[0].iter().all(|&slope| slope == 0.0), "{}: {found:?}", loss.name);
        assert_eq!(loss.finish.number(0.25), if loss.finish == Finish::Root { 0.5 } else { 0.25 });
    }
}

/// The gradient of one shared number by an input of rows.
fn gradient_by_rows(value: &Expr, x: &Expr) -> Expr {
    gradient(value, std::slice::from_ref(x)).unwrap().remove(0)
}

#[test]
fn derivatives_are_central_differences_first_and_second() {
    for subject in LOSSES.iter().flat_map(subjects) {
        subject.moves();
        subject.equals_its_differences();
    }
}

#[test]
fn compiled_they_are_what_the_oracle_says() {
    for subject in LOSSES.iter().flat_map(subjects) {
        subject.compiles_to_what_the_oracle_says();
    }
}

#[test]
fn they_are_sound_at_every_size_at_infinity_and_at_nan() {
    for subject in LOSSES.iter().flat_map(subjects) {
        subject.is_sound_everywhere();
    }
}

#[test]
fn what_is_printed_is_read_back() {
    for loss in LOSSES {
        for widths in [(1, 3), (3, 3), (1, 1)] {
            if (loss.outputs[0] == Output::Logits) != (widths.1 > widths.0 || widths.0 == 3) {
                continue;
            }
            let (y, x) = row(widths.0, widths.1);
            let scope = Scope::closed().variable("y", y.clone()).variable("x", x.clone());
            let value = Settings::from(loss).per_row(&y, &x);
            let slope = pull_back(&value, &Expr::constant(1.0), &[x]).unwrap().remove(0);
            for expr in [value, slope] {
                let text = expr.to_string();
                assert_eq!(parse(&text, &scope).unwrap(), expr, "{text}");
            }
        }
    }
}

#[test]
fn each_has_its_latex() {
    let known = [
        ("mse", r"\left(y - p\right)^{2}"),
        ("mae", r"\left|y - p\right|"),
        ("rmsle", r"\left(\log\left(1 + p\right) - \log\left(1 + y\right)\right)^{2}"),
        ("binary_cross_entropy", r"\operatorname{softplus}\left(z\right) - y z"),
        (
            "categorical_cross_entropy",
            r"\operatorname{logsumexp}_{\mathrm{axis}\,0}\left(z\right) - \operatorname{gather}\left(z, y\right)",
        ),
    ];
    for loss in LOSSES {
        let (y, x) = match loss.outputs[0] {
            Output::Logits => (Expr::variable("y"), Expr::input("z", Shape::shared(&[3]))),
            _ => (Expr::variable("y"), Expr::variable(loss.outputs[0].letter())),
        };
        let scope = Scope::closed().variable("y", y).variable(loss.outputs[0].letter(), x);
        let scope = loss.settings.iter().fold(scope, |scope, setting| {
            scope.variable(setting.name, Expr::variable(setting.name))
        });
        let text = latex(&parse(loss.formula, &scope).unwrap()).unwrap();
        match known.iter().find(|(known, _)| *known == loss.name) {
            Some((_, known)) => assert_eq!(text, *known, "{}", loss.name),
            None => assert!(!text.is_empty()),
        }
    }
}

#[test]
fn a_target_of_another_width_is_refused_never_repeated() {
    for loss in LOSSES {
        let refused: &[(usize, usize)] = match loss.outputs[0] {
            Output::Logits => &[(2, 3), (4, 3)],
            _ => &[(1, 3), (3, 1), (2, 3)],
        };
        for &(target, output) in refused {
            let (y, x) = row(target, output);
            let error = Settings::from(loss).per_row(&y, &x).node().err().unwrap();
            assert!(error.to_string().contains(&format!("rows[{output}]")), "{error}");
        }
        let wrong = row(2, 2).0 + row(3, 3).0.reshape(&[3]);
        let error = wrong.node().err().unwrap();
        for (y, x) in [(wrong.clone(), row(1, 1).1), (row(1, 1).0, wrong)] {
            assert_eq!(
                Settings::from(loss).per_row(&y, &x).node().err().unwrap(),
                error,
                "{}",
                loss.name
            );
        }
    }
}

#[test]
fn a_misspelt_name_offers_the_nearest() {
    let error = loss("rsmle").unwrap_err();
    let offered = matches!(
        error.kind(),
        ErrorKind::UnknownName { nearest: Some(nearest), .. } if nearest == "rmsle"
    );
    assert!(offered, "{error}");
}
