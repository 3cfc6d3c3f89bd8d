//! What is learned, from which rows, and what is told of it.

use std::ops::ControlFlow;

use chainrule::data::{Encoding, NumberEncoding, Table, Target, TargetEncoder, split};
use chainrule::estimator::{Plan, Recipe, evaluate, evaluate_rows};
use chainrule::model::Inputs;
use chainrule::train::{Callback, Epoch};

use crate::KINDS;
use crate::tabular::{each_kind, fit, houses_without, model, quick, table};

/// The training and the validation rows of a plan, which are those of a public split.
fn parts(table: &Table, target: &Target, recipe: &Recipe) -> (Vec<usize>, Vec<usize>) {
    let classes = target.classes(table).unwrap();
    split(&target.rows, recipe.validation, recipe.seed, classes.as_deref())
}

#[test]
fn the_bytes_of_a_model_are_of_the_table_the_settings_and_the_seed_alone() {
    for (targets, dropped) in KINDS {
        let text = houses_without(200, dropped);
        // Large enough that several threads would be used.
        let recipe = Recipe { layers: vec![64, 64], epochs: 2, batch_size: Some(128), ..quick() };
        let run = |threads, seed| {
            let recipe = Recipe { threads, seed, ..recipe.clone() };
            let fitted = fit(&table(&text), targets, &recipe).unwrap();
            (fitted.model.to_bytes().unwrap(), fitted.history)
        };
        let (bytes, history) = run(1, 0);
        for threads in [1, 2, 3, 8] {
            let again = run(threads, 0);
            assert!(again.0 == bytes, "{targets:?}, {threads} threads");
            assert_eq!(again.1, history);
        }
        let other = run(1, 1);
        assert!(other.0 != bytes);
        assert_ne!(other.1, history);
    }
}

/// Keeps what each epoch measured, and ends after one of them.
struct Until(usize, Vec<Epoch>);

impl Callback for Until {
    fn epoch(&mut self, epoch: &Epoch) -> ControlFlow<()> {
        self.1.push(epoch.clone());
        if epoch.number == self.0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

#[test]
fn the_metrics_of_the_history_are_those_of_the_model_on_the_validation_rows() {
    for (targets, dropped) in KINDS {
        let table = table(&houses_without(150, dropped));
        let recipe = Recipe { epochs: 8, learning_rate: Some(0.01), ..quick() };
        for epochs in [1, 3, 8] {
            let plan = Plan::new(&table, targets, &recipe).unwrap();
            let (training, validation) = parts(&table, &plan.target, &recipe);
            assert_eq!(plan.rows(), (training.len(), validation.len()));
            let mut until = Until(epochs, Vec::new());
            let fitted = plan.train(&table, &mut until).unwrap();
            assert_eq!(fitted.history, until.1);
            // The last epoch would have been the end anyway.
            assert_eq!(fitted.interrupted, epochs < 8);
            let best = &fitted.history[fitted.model.summary.best_epoch - 1];
            let measured = evaluate_rows(&fitted.model, &table, &validation, &[], 1).unwrap();
            assert_eq!(measured.rows, validation.len());
            assert!(!measured.metrics.is_empty());
            for ((name, found), (known, expected)) in measured.metrics.iter().zip(&best.metrics) {
                assert_eq!(name, known);
                let near = (found - expected).abs() <= 1e-12 * expected.abs();
                assert!(near, "{targets:?} {name}: {found} {expected}");
            }
            assert_eq!(measured.metrics.len(), best.metrics.len());
            let least = fitted.history.iter().map(|epoch| epoch.validation_loss.unwrap());
            let least = least.fold(f64::INFINITY, f64::min);
            assert_eq!(best.validation_loss, Some(least));
            let summary = &fitted.model.summary;
            assert_eq!(summary.validation[0], ("loss".to_owned(), least));
            assert_eq!(summary.validation.len(), best.metrics.len() + 1);
            assert_eq!((summary.epochs, summary.training_rows), (epochs, training.len()));
        }
    }
}

/// The validation loss is the metric of the same name where the units agree.
#[test]
fn the_validation_loss_agrees_with_a_metric_of_the_model() {
    let of = |targets: &[&str], dropped: &[&str], name: &str| {
        let table = table(&houses_without(150, dropped));
        let fitted = fit(&table, targets, &Recipe { loss: Some(name.to_owned()), ..quick() });
        let fitted = fitted.unwrap();
        let epoch = fitted.history.last().unwrap().clone();
        let metric = |name: &str| {
            let found = epoch.metrics.iter().find(|(known, _)| *known == name);
            found.unwrap_or_else(|| panic!("{name} in {:?}", epoch.metrics)).1
        };
        let std = match &fitted.model.target {
            TargetEncoder::Regression { outputs } => outputs[0].std,
            _ => 1.0,
        };
        let loss = epoch.validation_loss.unwrap();
        let expected = match name {
            "mse" | "r2" => metric("mse") / (std * std),
            "rmse" | "mae" => metric(name) / std,
            // Of logarithms, scaled.
            "rmsle" => metric("rmsle") / std,
            _ => metric("log_loss"),
        };
        assert!((loss - expected).abs() < 1e-5 * expected, "{name}: {loss} {expected}");
    };
    for name in ["mse", "rmse", "mae", "r2"] {
        of(&["price"], &["rent", "kind", "sold", "let"], name);
    }
    of(&["sold"], &["price", "rent", "kind", "let"], "binary_cross_entropy");
    of(&["kind"], &["price", "rent", "sold", "let"], "categorical_cross_entropy");
    of(&["sold", "let"], &["price", "rent", "kind"], "binary_cross_entropy");
    // All prices are above −1 here.
    let cheap = houses_without(150, &["rent", "kind", "sold", "let"]);
    let table = table(&cheap);
    let lowest = match table.column("price").unwrap().values() {
        chainrule::data::Values::Number(values) => values.iter().fold(1e9, f64::min),
        _ => panic!("numbers"),
    };
    if lowest > -1.0 {
        of(&["price"], &["rent", "kind", "sold", "let"], "rmsle");
    }
}

/// Case train-leak-3: what the validation rows (or the test rows) hold changes no encoder.
#[test]
fn encoders_are_fitted_on_the_training_part_alone() {
    // 40 rows: a number with gaps, a category, a target.
    let rows = |odd: &dyn Fn(usize) -> bool| {
        let mut text = String::from("x,town,flag,y\n");
        for row in 0..40 {
            if odd(row) {
                text += &format!(
                    "{}1e6,town {row},,{}\n",
                    if row % 2 == 0 { "-" } else { "" },
                    row * row
                );
            } else {
                let town = ["a", "b", "c"][row % 3];
                let x = if row % 7 == 0 { String::new() } else { (row % 10).to_string() };
                text += &format!("{x},{town},{},{}\n", row % 2 == 0, row * row);
            }
        }
        text
    };
    let recipe = Recipe { test: 0.2, ..quick() };
    let plain = table(&rows(&|_| false));
    let plan = Plan::new(&plain, &["y"], &recipe).unwrap();
    let held = plan.test.clone();
    let (training, validation) = parts(&plain, &plan.target, &recipe);
    assert_eq!((training.len(), validation.len(), held.len()), (26, 6, 8));
    let plain = plan.train(&plain, &mut ()).unwrap();
    // The test rows change nothing at all.
    let other = table(&rows(&|row| held.contains(&row)));
    let tested = fit(&other, &["y"], &recipe).unwrap();
    assert!(tested.model.to_bytes().unwrap() == plain.model.to_bytes().unwrap());
    assert_eq!(tested.history, plain.history);
    // The validation rows choose the epoch and nothing else.
    let other = table(&rows(&|row| validation.contains(&row)));
    let validated = fit(&other, &["y"], &recipe).unwrap();
    assert_eq!(validated.model.inputs, plain.model.inputs);
    assert_eq!(validated.model.target, plain.model.target);
    let training = |history: &[Epoch]| history.iter().map(|e| e.training_loss).collect::<Vec<_>>();
    assert_eq!(training(&validated.history), training(&plain.history));
    assert_ne!(validated.history, plain.history);
}

#[test]
fn the_encoders_hold_the_training_parts_figures() {
    // Case train-leak-3 itself: 0 and 2 are trained on, 10 is held out.
    for seed in 0..40 {
        let text = "x,y\n0,1\n2,2\n10,30\n";
        let recipe = Recipe { seed, validation: 0.34, epochs: 1, ..quick() };
        let model = model(text, &["y"], &recipe);
        let Inputs::Table { encoders, .. } = &model.inputs else { panic!("a table") };
        let Encoding::Number(NumberEncoding { mean, std, .. }) = encoders.columns[0].encoding
        else {
            panic!("a number")
        };
        if mean == 1.0 {
            assert_eq!(std, 1.0);
            let x = encoders.encode(&table("x,y\n10,0\n")).unwrap();
            assert_eq!(x, [9.0]);
            return;
        }
    }
    panic!("no seed of forty holds out the third row");
}

#[test]
fn several_targets_are_learned_and_predicted_together() {
    for (name, table, model) in each_kind() {
        let predictions = model.predict(&table, 1).unwrap();
        let outputs = match name {
            "number" => 1,
            "three classes" => 3,
            _ => 2,
        };
        assert_eq!(model.outputs(), outputs, "{name}");
        assert_eq!(predictions.len(), 80 * outputs);
        assert!(predictions.iter().all(|p| p.is_finite()));
        for row in predictions.chunks(outputs) {
            match name {
                "number" | "numbers" => assert!(model.label(0, row).is_none()),
                "yes or no" => {
                    assert!(row.iter().all(|p| (0.0..=1.0).contains(p)));
                    let word = model.label(1, row).unwrap();
                    assert_eq!(word, if row[1] > 0.5 { "yes" } else { "no" });
                }
                _ => {
                    assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                    let label = model.label(0, row).unwrap();
                    assert!(["0", "1", "flat", "house", "성"].contains(&label));
                }
            }
        }
        let evaluation = evaluate(&model, &table, 2).unwrap();
        assert_eq!(evaluation.rows, 80);
        assert_eq!(evaluation.confusion.is_empty(), !name.contains("classes"));
    }
}

#[test]
fn each_of_several_targets_is_learned_as_well_as_alone() {
    let recipe = Recipe {
        layers: vec![16],
        dropout: Some(0.0),
        learning_rate: Some(0.01),
        epochs: 60,
        ..quick()
    };
    let table = table(&houses_without(300, &["kind", "sold", "let"]));
    let fitted = fit(&table, &["price", "rent"], &recipe).unwrap();
    let evaluation = evaluate(&fitted.model, &table, 1).unwrap();
    let r2 = evaluation.metrics.iter().find(|(name, _)| *name == "r2").unwrap().1;
    assert!(r2 > 0.7, "{evaluation:?}");
    let table = crate::tabular::table(&houses_without(300, &["price", "rent", "kind"]));
    let fitted = fit(&table, &["sold", "let"], &recipe).unwrap();
    let evaluation = evaluate(&fitted.model, &table, 1).unwrap();
    let accuracy = evaluation.metrics.iter().find(|(name, _)| *name == "accuracy").unwrap().1;
    assert!(accuracy > 0.75, "{evaluation:?}");
}

/// Rows without a target take no part, and the note says where the first one is.
#[test]
fn rows_without_a_target_take_no_part() {
    let text = houses_without(60, &["rent", "kind", "sold", "let"]);
    let mut lines: Vec<&str> = text.lines().collect();
    let whole = model(&text, &["price"], &quick());
    lines.insert(5, "1e9,true,elsewhere,");
    lines.insert(30, ",,,");
    let gaps = table(&(lines.join("\n") + "\n"));
    let plan = Plan::new(&gaps, &["price"], &quick()).unwrap();
    assert!(plan.notes.iter().any(|note| note.to_string().contains('6')), "{:?}", plan.notes);
    let fitted = plan.train(&gaps, &mut ()).unwrap();
    assert!(fitted.model.to_bytes().unwrap() == whole.to_bytes().unwrap());
    assert_eq!(evaluate(&fitted.model, &gaps, 1).unwrap().rows, 60);
}

/// A callback's own metrics stand in the history behind those of the task.
#[test]
fn a_callback_may_measure_too() {
    struct Mine(usize);
    impl Callback for Mine {
        fn metrics(&mut self, outputs: &[f64]) -> Vec<chainrule::metrics::Measured> {
            self.0 += 1;
            vec![("outputs".into(), outputs.len() as f64)]
        }
    }
    let table = table(&houses_without(60, &["rent", "kind", "sold", "let"]));
    let plan = Plan::new(&table, &["price"], &quick()).unwrap();
    let (_, validation) = plan.rows();
    let mut mine = Mine(0);
    let fitted = plan.train(&table, &mut mine).unwrap();
    assert_eq!(mine.0, fitted.history.len());
    for epoch in &fitted.history {
        assert!(epoch.metrics.contains(&("outputs".into(), validation as f64)), "{epoch:?}");
        assert!(epoch.metrics.iter().any(|(name, _)| *name == "rmse"), "{epoch:?}");
    }
}
