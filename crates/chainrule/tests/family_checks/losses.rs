//! The losses: every form of every row of their table, and the mean over the rows with weights.

use chainrule::error::ErrorKind;
use chainrule::losses::{
    Finish, Form, LOSSES, Loss, Output, Settings, TargetScale, Units, loss, mean, share,
};
use chainrule::metrics;
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

/// Every form of every loss.
fn forms() -> impl Iterator<Item = (&'static Loss, &'static Form)> {
    LOSSES.iter().flat_map(|loss| loss.forms.iter().map(move |form| (loss, form)))
}

/// The settings with which a form is checked: the defaults, and those of its points.
fn settings_of(loss: &'static Loss, form: &Form) -> Vec<Settings> {
    let mut all = vec![Settings::from(loss)];
    let given = form.points.iter().filter(|point| !point.given.is_empty());
    all.extend(given.map(|point| Settings::new(loss, point.given).unwrap()));
    all
}

/// Targets that a form must bear; the classes as numbers, then as probabilities.
fn targets(output: Output) -> &'static [&'static [f64]] {
    match output {
        Output::Prediction | Output::Normal => &[&[0.5], &[3.0, -0.25]],
        Output::Direction => &[&[3.0, -0.25], &[1.0, 0.5, -2.0]],
        Output::Rate => &[&[0.0], &[2.0], &[3.0, 0.5]],
        Output::Logit => &[&[0.0], &[1.0], &[0.9], &[1.0, 0.0]],
        Output::Logits => &[&[0.0], &[1.0], &[2.0], &[0.6, 0.3, 0.1], &[0.0, 1.0, 0.0]],
    }
}

/// How many outputs the network has for so many numbers of the target; three for classes.
fn width(output: Output, target: usize) -> usize {
    match output {
        Output::Prediction | Output::Direction | Output::Rate | Output::Logit => target,
        Output::Normal => 2 * target,
        Output::Logits => 3,
    }
}

/// Which outputs a value must have a meaning for.
fn domain(loss: &Loss, output: Output, trained: bool) -> fn(f64) -> bool {
    match output {
        Output::Prediction if loss.scales[0] == TargetScale::Log && !trained => {
            |x| x > -1.0 && x.is_finite()
        }
        // No direction is that of an infinite row.
        Output::Direction => f64::is_finite,
        // Beyond, the expected count leaves the range of f32.
        Output::Rate => |x| x < 88.0,
        Output::Prediction | Output::Normal | Output::Logit | Output::Logits => |_| true,
    }
}

/// The rows in which a given number stands: in the first place, and where an output has parts, in
/// the last too.
fn places(output: Output) -> &'static [fn(f64, usize) -> Vec<f64>] {
    match output {
        Output::Normal => &[
            |x, width| [x, 0.0, 1.0, -0.5][..width].to_vec(),
            |x, width| [&[0.5, 1.0, 0.0][..width - 1], &[x]].concat(),
        ],
        Output::Prediction | Output::Direction | Output::Rate | Output::Logit | Output::Logits => {
            &[|x, width| [x, 0.0, 1.0][..width].to_vec()]
        }
    }
}

/// Each form with targets that it must bear, as it is defined, and as it is trained in units.
fn subjects() -> Vec<Subject> {
    let mut all = Vec::new();
    for (loss, form) in forms() {
        let in_units = form.trained.is_some().then_some([false, true]);
        for settings in settings_of(loss, form) {
            for target in targets(form.output) {
                let (y, x) = row(target.len(), width(form.output, target.len()));
                let as_defined = [(false, (form.per_row)(&y, &x, &settings))];
                let trained = in_units.into_iter().flatten().map(|known| {
                    let units = match known {
                        false => Units::default(),
                        true => Units {
                            means: (0..target.len()).map(|i| 0.5 - i as f64).collect(),
                            stds: (0..target.len()).map(|i| 2.0 + i as f64).collect(),
                        },
                    };
                    (true, form.trained(&y, &x, &settings, &units))
                });
                for (trained, value) in as_defined.into_iter().chain(trained) {
                    let domain = domain(loss, form.output, trained);
                    let bounded = !domain(-2.0);
                    let numbers = if bounded { [-0.6, 0.2, 7.0] } else { [-2.3, 0.4, 1.9] };
                    // Logits that only shift together leave the probabilities as they are.
                    let step = |p: f64| match form.output {
                        Output::Logits => 0.7 + 0.3 * p,
                        _ => 0.7,
                    };
                    let smooth = numbers.map(|p| {
                        let outputs = 0..x.shape().elements();
                        outputs.map(|i| p + step(p) * i as f64).collect()
                    });
                    for &around in places(form.output) {
                        all.push(Subject {
                            name: format!("{settings} ({:?}) of {target:?}", form.output),
                            x: x.clone(),
                            value: value.clone(),
                            given: ("y", target.to_vec()),
                            smooth: smooth.to_vec(),
                            around,
                            domain,
                            takes_infinity: form.output != Output::Logits && domain(1e300),
                        });
                    }
                }
            }
        }
    }
    all
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

/// What the names in a form's formula mean: the target, the parts of the output, the settings, and
/// the number of classes.
fn scope(form: &Form, settings: &Settings, y: &Expr, x: &Expr) -> Scope {
    let letters = form.output.letters();
    let elements = x.shape().elements();
    let length = elements / letters.len();
    let part = |i: usize| match letters.len() {
        1 => x.clone(),
        _ => x.clone().slice(0, i * length, length),
    };
    let scope = Scope::closed().variable("y", y.clone()).variable("C", (elements as f64).into());
    let scope = letters
        .iter()
        .enumerate()
        .fold(scope, |scope, (i, letter)| scope.variable(letter, part(i)));
    settings
        .iter()
        .fold(scope, |scope, (setting, value)| scope.variable(setting.name, Expr::constant(value)))
}

#[test]
fn each_passes_through_its_points_as_its_formula_does() {
    for (loss, form) in forms() {
        assert!(form.points.len() >= 2, "{} needs two points", loss.name);
        for point in form.points {
            let settings = Settings::new(loss, point.given).unwrap();
            let (y, x) = row(point.target.len(), point.output.len());
            let formula = parse(form.formula, &scope(form, &settings, &y, &x)).unwrap();
            let outputs = formula.shape().elements();
            let average = formula.reshape(&[outputs]).sum(0) / outputs as f64;
            let roots = [(form.per_row)(&y, &x, &settings), average];
            for by in By::ALL {
                let given: [Given<'_>; 2] = [("y", point.target), ("x", point.output)];
                for found in by.values(&roots, &given, 1) {
                    let relative = if by == By::F32 { 2e-6 } else { 4.0 * f64::EPSILON };
                    assert_close(&found, &[point.value], (relative, 0.0), &(loss.name, by, point));
                }
            }
        }
    }
}

#[test]
fn every_loss_says_what_it_is_in_both_languages() {
    let is_hangul = |letter: char| ('가'..='힣').contains(&letter);
    for loss in LOSSES {
        for about in
            std::iter::once(loss.about).chain(loss.settings.iter().map(|setting| setting.about))
        {
            assert!(about.english.ends_with('.'), "{}", loss.name);
            assert!(about.korean.ends_with('.') && about.korean.contains(is_hangul));
        }
        assert!(!loss.forms.is_empty() && !loss.scales.is_empty(), "{}", loss.name);
        for form in loss.forms {
            let without = |name| loss.settings.iter().any(|setting| setting.name == name);
            assert!(form.without.iter().copied().all(without), "{}", loss.name);
            // A loss of classes has no units to be trained in.
            let classes = matches!(form.output, Output::Logit | Output::Logits);
            assert_eq!(classes, loss.scales == [TargetScale::None], "{}", loss.name);
        }
    }
}

/// The loss of the table that a golden case is of, with its settings.
fn golden_loss(case: &Value) -> Settings {
    let (name, given) = match case["loss"].as_str().unwrap() {
        "bce_with_logits" => ("binary_cross_entropy", vec![]),
        "cce_with_logits" => {
            let smoothing = case.get("label_smoothing").map_or(0.0, number);
            ("categorical_cross_entropy", vec![("label_smoothing", smoothing)])
        }
        "huber_delta1" => ("huber", vec![("delta", 1.0)]),
        name => (name, vec![]),
    };
    Settings::new(loss(name).unwrap(), &given).unwrap()
}

#[test]
fn values_and_gradients_are_the_golden_ones() {
    let (mut checked, mut metric) = (0, 0);
    for case in cases(include_str!("../golden/losses.json")) {
        let output = case.get("p").unwrap_or(&case["z"]);
        let [target, output, weights] = [&case["y"], output, &case["w"]].map(numbers);
        let value = number(&case["value"]);
        // Of the losses in the file only these are measured on whole columns.
        if let "r2" | "r2_ssr_over_sst" = case["loss"].as_str().unwrap() {
            let columns = metrics::Numbers::new(&target, &output, 1, Some(&weights)).unwrap();
            let found = match case["loss"].as_str().unwrap() {
                "r2" => metrics::r2(&columns),
                _ => metrics::r2_ssr_over_sst(&columns),
            };
            let found = [found.unwrap().value];
            assert_close(&found, &[value], (1e-13, 0.0), &(&case["loss"], &case["case"]));
            metric += 1;
        }
        let Some(slope) = case.get("grad").map(numbers) else { continue };
        let (roots, scale) = match case["loss"].as_str().unwrap() {
            "r2" => (r2_of_the_column(), 1.0),
            _ => {
                let settings = golden_loss(&case);
                let widths = (target.len() / weights.len(), output.len() / weights.len());
                let per_row = |y: &Expr, x: &Expr| settings.per_row(y, x);
                (composed(settings.member().finish, per_row, widths), 0.0)
            }
        };
        for by in [By::Oracle, By::F64] {
            let found = with_weights(by, &roots, [&target, &output, &weights]);
            let what = (&case["loss"], &case["case"], by);
            assert_close(&found[0], &[value], (1e-13, 1e-320), &what);
            let steepest = slope.iter().fold(scale, |most: f64, slope| most.max(slope.abs()));
            assert_close(&found[1], &slope, (1e-13, 1e-16 * steepest), &what);
        }
        checked += 1;
    }
    assert_eq!((checked, metric), (65, 12));
}

/// R² = 1 − Σw(y − p)²/Σw(y − ȳ)² as a function of the whole column, and its gradient by p.
fn r2_of_the_column() -> [Expr; 2] {
    let (y, x) = row(1, 1);
    let weight = Expr::input("w", Shape::rows(&[]));
    let share = share(&weight, &Expr::variable("total"));
    let mean = |value: Expr| (value.reshape(&[]) * &share).sum_over_rows();
    let centre = mean(y.clone());
    let spread = mean((&y - centre).powf(2.0));
    let r2 = 1.0 - mean((&y - &x).powf(2.0)) / spread;
    let slope = gradient_by_rows(&r2, &x);
    [r2, slope]
}

#[test]
fn trained_r2_is_what_r2_leaves_of_1() {
    // Of a target that is standardised: weights as training has them.
    let (y, p, w) = ([-1.5, 0.5, 1.0], [-1.0, 0.25, 1.25], [1.0, 3.0, 0.0]);
    let total = 4.0;
    let centre = (-1.5 + 1.5) / total;
    let spread = (2.25 + 0.75) / total - centre * centre;
    let found = with_weights(By::F64, &r2_of_the_column(), [&y, &p, &w])[0][0];
    let r2 = loss("r2").unwrap();
    let roots = composed(r2.finish, |y, x| Settings::from(r2).per_row(y, x), (1, 1));
    let trained = with_weights(By::F64, &roots, [&y, &p, &w])[0][0];
    assert_close(&[trained / spread], &[1.0 - found], (1e-14, 0.0), &"1 - R²");
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
    let trained =
        |y: &Expr, x: &Expr| loss.forms[0].trained(y, x, &Settings::from(loss), &Units::default());
    let as_trained = composed(loss.finish, trained, (1, 1));
    let expected = with_weights(By::F64, &as_defined, [&y, &p, &w]);
    let found = with_weights(By::F64, &as_trained, [&logs(y), &logs(p), &w]);
    assert_close(&found[0], &expected[0], (1e-14, 0.0), &"the loss");
    // By the output, which is log(1 + p).
    let slopes: Vec<f64> = expected[1].iter().zip(p).map(|(slope, p)| slope * (1.0 + p)).collect();
    assert_close(&found[1], &slopes, (1e-13, 0.0), &"its gradient");
}

#[test]
fn the_gradient_as_training_takes_it_is_the_gradient_of_the_whole() {
    for (loss, form) in forms() {
        let target = targets(form.output)[0];
        let widths = (target.len(), width(form.output, target.len()));
        let per_row =
            |y: &Expr, x: &Expr| form.trained(y, x, &Settings::from(loss), &Units::default());
        let (y, x) = row(widths.0, widths.1);
        let (weight, total) = (Expr::input("w", Shape::rows(&[])), Expr::variable("total"));
        let mean = mean(&per_row(&y, &x), &share(&weight, &total));
        let whole = gradient_by_rows(&loss.finish.value(&mean), &x);
        let [_, taken] = composed(loss.finish, per_row, widths);
        let outputs: Vec<f64> = (0..2 * widths.1).map(|i| 0.3 * i as f64 - 0.4).collect();
        let mut y = [target, target].concat();
        y[0] = 1.0;
        let found = with_weights(By::F64, &[whole, taken], [&y, &outputs, &[0.5, 2.0]]);
        assert_close(&found[1], &found[0], (1e-13, 1e-17), &(loss.name, form.output));
        // A mean of exactly 0 has gradient 0.
        let [_, taken] = composed(loss.finish, |_, x| x.clone().sum(0) * 0.0, widths);
        let found = with_weights(By::F64, &[taken], [&y, &outputs, &[0.5, 2.0]]);
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
    for subject in subjects() {
        subject.moves();
        subject.equals_its_differences();
    }
}

#[test]
fn compiled_they_are_what_the_oracle_says() {
    for subject in subjects() {
        subject.compiles_to_what_the_oracle_says();
    }
}

#[test]
fn they_are_sound_at_every_size_at_infinity_and_at_nan() {
    for subject in subjects() {
        subject.is_sound_everywhere();
    }
}

#[test]
fn a_divergence_is_what_cross_entropy_has_above_the_targets_entropy() {
    let divergence = loss("kl_divergence").unwrap();
    let logs = |shares: &[f64]| shares.iter().map(|&p| libm::log(p)).collect::<Vec<_>>();
    // Probabilities that agree: of two classes, and of three.
    let cases: [(Output, &[f64], Vec<f64>); 2] = [
        (Output::Logit, &[0.3], vec![libm::log(0.3 / 0.7)]),
        (Output::Logits, &[0.2, 0.3, 0.5], logs(&[0.2, 0.3, 0.5])),
    ];
    for (output, target, z) in cases {
        let form = divergence.form(output).unwrap();
        let (y, x) = row(target.len(), z.len());
        let value = (form.per_row)(&y, &x, &Settings::from(divergence));
        let slope = pull_back(&value, &Expr::constant(1.0), &[x]).unwrap().remove(0);
        for by in By::ALL {
            let least = if by == By::F32 { 2e-7 } else { 4e-16 };
            let roots = [value.clone(), slope.clone()];
            let found = by.values(&roots, &[("y", target), ("x", &z)], 1);
            let zeros = vec![0.0; found.concat().len()];
            assert_close(&found.concat(), &zeros, (0.0, least), &(output, by));
        }
    }
}

#[test]
fn a_rate_that_leaves_the_numbers_costs_infinity_and_never_nan() {
    let poisson = loss("poisson").unwrap();
    let (y, z) = row(1, 1);
    let value = Settings::from(poisson).per_row(&y, &z);
    let slope = pull_back(&value, &Expr::constant(1.0), std::slice::from_ref(&z)).unwrap();
    let roots = [value, slope[0].clone()];
    for by in By::ALL {
        for target in [0.0, 3.0] {
            let found = by.values(&roots, &[("y", &[target]), ("x", &[1e4])], 1);
            assert_eq!(found, [[f64::INFINITY], [f64::INFINITY]], "{by:?} {target}");
            let found = by.values(&roots, &[("y", &[target]), ("x", &[-1e4])], 1);
            assert_eq!(found, [[1e4 * target], [-target]], "{by:?} {target}");
        }
    }
}

#[test]
fn a_row_without_a_direction_costs_1_and_pulls_nowhere() {
    let (y, p) = row(2, 2);
    let value = Settings::from(loss("cosine").unwrap()).per_row(&y, &p);
    let slope = pull_back(&value, &Expr::constant(1.0), std::slice::from_ref(&p)).unwrap();
    let roots = [value, slope[0].clone()];
    for by in By::ALL {
        for (target, output) in [([0.0, 0.0], [3.0, 4.0]), ([3.0, 4.0], [0.0, 0.0])] {
            let found = by.values(&roots, &[("y", &target), ("x", &output)], 1);
            assert_eq!(found, [vec![1.0], vec![0.0, 0.0]], "{by:?} {target:?}");
        }
        // However long or short the rows are.
        let found = by.values(&roots, &[("y", &[3e30, 0.0]), ("x", &[-1e-30, 0.0])], 1);
        assert_eq!(found[0], [2.0], "{by:?}");
    }
}

#[test]
fn where_a_loss_bends_its_slope_is_by_convention() {
    // (loss, target, output, the slope there): 0 where a prediction is met, and where a margin is.
    let bends = [
        ("mae", &[2.0][..], &[2.0][..], &[0.0][..]),
        ("quantile:q=0.9", &[2.0], &[2.0], &[0.0]),
        ("huber", &[2.0], &[3.0], &[1.0]),
        ("log_cosh", &[2.0], &[2.0], &[0.0]),
        ("hinge", &[1.0], &[1.0], &[0.0]),
        ("hinge", &[0.0, 1.0], &[-1.0, 0.0], &[0.0, -0.5]),
    ];
    for (text, target, output, slope) in bends {
        let (y, x) = row(target.len(), output.len());
        let value = Settings::parse(text).unwrap().per_row(&y, &x);
        let slopes = pull_back(&value, &Expr::constant(1.0), &[x]).unwrap();
        for by in By::ALL {
            let found = by.values(&slopes, &[("y", target), ("x", output)], 1);
            assert_eq!(found[0], slope, "{text} {by:?}");
        }
    }
}

#[test]
fn what_is_printed_is_read_back() {
    for (loss, form) in forms() {
        for target in targets(form.output) {
            let (y, x) = row(target.len(), width(form.output, target.len()));
            let scope = Scope::closed().longest(1 << 20);
            let scope = scope.variable("y", y.clone()).variable("x", x.clone());
            let value = (form.per_row)(&y, &x, &Settings::from(loss));
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
        ("poisson", r"e^{z} - y z"),
    ];
    for (loss, form) in forms() {
        let number = |name: &str| match form.output {
            Output::Logits | Output::Direction => Expr::input(name, Shape::shared(&[3])),
            _ => Expr::variable(name),
        };
        let y = if form.output == Output::Direction { number("y") } else { Expr::variable("y") };
        let scope = Scope::closed().variable("y", y).variable("C", Expr::variable("C"));
        let letters = form.output.letters().iter();
        let scope = letters.fold(scope, |scope, name| scope.variable(name, number(name)));
        let scope = loss.settings.iter().fold(scope, |scope, setting| {
            scope.variable(setting.name, Expr::variable(setting.name))
        });
        let text = latex(&parse(form.formula, &scope).unwrap()).unwrap();
        match known.iter().find(|(known, _)| *known == loss.name) {
            Some((_, known)) => assert_eq!(text, *known, "{}", loss.name),
            None => assert!(!text.is_empty()),
        }
    }
}

#[test]
fn a_target_of_another_width_is_refused_never_repeated() {
    for (loss, form) in forms() {
        let refused: &[(usize, usize)] = match form.output {
            Output::Logits => &[(2, 3), (4, 3)],
            Output::Normal => &[(1, 1), (1, 3), (2, 2), (2, 3), (4, 2)],
            Output::Prediction | Output::Direction | Output::Rate | Output::Logit => {
                &[(1, 3), (3, 1), (2, 3)]
            }
        };
        let settings = Settings::from(loss);
        for &(target, output) in refused {
            let (y, x) = row(target, output);
            let error = (form.per_row)(&y, &x, &settings).node().err().unwrap();
            assert!(error.to_string().contains(&format!("rows[{output}]")), "{error}");
        }
        let wrong = row(2, 2).0 + row(3, 3).0.reshape(&[3]);
        let error = wrong.node().err().unwrap();
        for (y, x) in [(wrong.clone(), row(1, 1).1), (row(1, 1).0, wrong)] {
            let found = (form.per_row)(&y, &x, &settings).node().err().unwrap();
            assert_eq!(found, error, "{}", loss.name);
        }
    }
}

#[test]
fn a_loss_is_refused_for_targets_that_it_does_not_suit() {
    let refused = |text: &str, output| {
        let error = Settings::parse(text).unwrap().form(output).err().unwrap();
        assert!(matches!(error.kind(), ErrorKind::InvalidSetting { .. }), "{error}");
        error.to_string()
    };
    let all = refused("mse", Output::Logits);
    for name in ["categorical_cross_entropy", "hinge", "focal", "kl_divergence"] {
        assert!(all.contains(name), "{all}");
    }
    assert!(!all.contains("binary_cross_entropy"), "{all}");
    assert!(refused("cosine", Output::Prediction).contains("poisson"));
    assert!(refused("hinge", Output::Direction).contains("cosine"));
    // The weight of one of two classes says nothing of three.
    assert!(refused("focal:alpha=0.25", Output::Logits).contains("alpha is 0.25"));
    let two = Settings::parse("focal:alpha=0.25").unwrap();
    assert_eq!(two.form(Output::Logit).unwrap().output, Output::Logit);
    // A count is a number, and so is each of several.
    let poisson = Settings::parse("poisson").unwrap();
    for output in [Output::Prediction, Output::Direction] {
        assert_eq!(poisson.form(output).unwrap().output, Output::Rate);
    }
    for wrong in ["quantile:q=0", "quantile:q=1", "huber:delta=0", "focal:gamma=-1", "focal:b=1"] {
        assert!(Settings::parse(wrong).is_err(), "{wrong}");
    }
    for wrong in ["binary_cross_entropy:label_smoothing=1", "focal:alpha=1"] {
        assert!(Settings::parse(wrong).is_err(), "{wrong}");
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
