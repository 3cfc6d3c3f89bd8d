//! What may be asked for: followed to the end, or refused before training.

use chainrule::ErrorKind;
use chainrule::data::Task;
use chainrule::estimator::{Plan, Recipe, evaluate_rows};
use chainrule::losses::loss;

use crate::KINDS;
use crate::tabular::{bits, fit, houses, houses_without, quick, read, table, with_task};

#[test]
fn targets_of_mixed_kinds_are_refused() {
    let table = table(&houses(60));
    for targets in [["price", "kind"], ["kind", "sold"], ["let", "price"], ["kind", "let"]] {
        let error = Plan::new(&table, &targets, &quick()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::MixedTargets { .. }), "{targets:?}: {error}");
    }
    for (targets, task) in [
        (&["price", "rent"][..], Task::Multiclass),
        (&["price", "rent"], Task::Binary),
        (&["sold", "let"], Task::Regression),
        (&["sold", "let"], Task::Multiclass),
        (&["kind"], Task::Regression),
        (&["kind"], Task::Binary),
    ] {
        assert!(Plan::new(&table, targets, &with_task(task)).is_err(), "{targets:?} {task}");
    }
}

/// Every task that a plan accepts can be trained, measured, saved and used.
#[test]
fn a_task_that_is_asked_for_works_to_the_end() {
    let text = houses_without(60, &["price", "rent", "kind"]);
    for (target, task, outputs) in [
        ("sold", Task::Regression, 1),
        ("sold", Task::Binary, 2),
        ("sold", Task::Multiclass, 2),
        ("let", Task::Multiclass, 2),
    ] {
        let table = table(&text);
        let fitted = match fit(&table, &[target], &with_task(task)) {
            Ok(fitted) => fitted,
            Err(error) => panic!("{target} as {task}: {error}"),
        };
        assert_eq!(fitted.model.outputs(), outputs);
        assert!(!fitted.history[0].metrics.is_empty(), "{target} as {task}");
        let predictions = fitted.model.predict(&table, 1).unwrap();
        assert_eq!(predictions.len(), 60 * outputs);
        let bytes = fitted.model.to_bytes().unwrap();
        let again = chainrule::Model::load(&bytes).unwrap();
        assert_eq!(bits(&again.predict(&table, 1).unwrap()), bits(&predictions));
    }
}

#[test]
fn a_recipe_that_cannot_be_followed_is_refused_before_training() {
    let table = table(&houses_without(60, &["rent", "kind", "sold", "let"]));
    let usual = quick();
    let recipes = [
        Recipe { validation: 1.0, ..usual.clone() },
        Recipe { validation: -0.1, ..usual.clone() },
        Recipe { validation: f64::NAN, ..usual.clone() },
        Recipe { test: 1.5, ..usual.clone() },
        Recipe { test: f64::NAN, ..usual.clone() },
        Recipe { dropout: Some(1.0), ..usual.clone() },
        Recipe { dropout: Some(f64::NAN), ..usual.clone() },
        Recipe { dropout: Some(-0.5), ..usual.clone() },
        Recipe { learning_rate: Some(0.0), ..usual.clone() },
        Recipe { learning_rate: Some(f64::NAN), ..usual.clone() },
        Recipe { learning_rate: Some(f64::INFINITY), ..usual.clone() },
        Recipe { learning_rate: Some(-0.1), ..usual.clone() },
        Recipe { epochs: 0, ..usual.clone() },
        Recipe { patience: 0, ..usual.clone() },
        Recipe { batch_size: Some(0), ..usual.clone() },
        Recipe { layers: vec![0], ..usual.clone() },
        Recipe { layers: vec![4, 0, 4], ..usual.clone() },
        Recipe { layers: vec![usize::MAX], ..usual.clone() },
        Recipe { layers: vec![1 << 39, 1 << 39], ..usual.clone() },
        Recipe { activation: "rellu".to_owned(), ..usual.clone() },
        Recipe { loss: Some("msee".to_owned()), ..usual.clone() },
        Recipe { loss: Some("binary_cross_entropy".to_owned()), ..usual.clone() },
        Recipe { optimizer: Some("adma".to_owned()), ..usual.clone() },
        Recipe { optimizer: Some("sgd:momentun=0.9".to_owned()), ..usual.clone() },
        Recipe { optimizer: Some("sgd:momentum=1".to_owned()), ..usual },
    ];
    let accepted: Vec<&Recipe> =
        recipes.iter().filter(|recipe| Plan::new(&table, &["price"], recipe).is_ok()).collect();
    assert!(accepted.is_empty(), "{accepted:#?}");
}

#[test]
fn odd_recipes_that_make_sense_are_followed() {
    let table = table(&houses_without(60, &["rent", "kind", "sold", "let"]));
    let usual = quick();
    let recipes = [
        // A line.
        Recipe { layers: vec![], ..usual.clone() },
        Recipe { validation: 0.0, test: 0.0, ..usual.clone() },
        Recipe { validation: 0.99, ..usual.clone() },
        Recipe { validation: 1e-9, ..usual.clone() },
        Recipe { threads: 0, ..usual.clone() },
        Recipe { threads: 100, ..usual.clone() },
        Recipe { batch_size: Some(1), ..usual.clone() },
        Recipe { batch_size: Some(usize::MAX), ..usual.clone() },
        Recipe { seed: u64::MAX, ..usual.clone() },
        Recipe { dropout: Some(0.0), ..usual.clone() },
        Recipe { dropout: Some(0.999), ..usual.clone() },
        Recipe { layers: vec![1; 30], dropout: Some(0.0), ..usual.clone() },
    ];
    for recipe in recipes {
        let fitted = fit(&table, &["price"], &recipe).unwrap();
        assert_eq!(fitted.history.len(), 4, "{recipe:?}");
        let values = fitted.model.parameters.iter().flatten();
        assert!(values.clone().all(|value| value.is_finite()));
        assert_eq!(
            fitted.history[0].validation_loss.is_some(),
            !fitted.model.summary.validation.is_empty()
        );
        fitted.model.to_bytes().unwrap();
    }
}

#[test]
fn losses_are_chosen_from_the_target_and_said() {
    for ((targets, dropped), name) in KINDS.into_iter().zip([
        "mse",
        "mse",
        "binary_cross_entropy",
        "categorical_cross_entropy",
        "binary_cross_entropy",
    ]) {
        let table = table(&houses_without(60, dropped));
        let plan = Plan::new(&table, targets, &quick()).unwrap();
        assert_eq!(plan.loss.name(), loss(name).unwrap().name);
        assert!(plan.explanation.contains(name), "{}", plan.explanation);
        assert!(!plan.explanation.contains('\n'));
    }
}

/// A plan is of one table; another one is answered with an error, or trained on, but no panic.
#[test]
fn a_plan_meets_another_table() {
    let text = houses_without(60, &["rent", "kind", "sold", "let"]);
    let first = table(&text);
    let plan = || Plan::new(&first, &["price"], &quick()).unwrap();
    for other in [
        houses_without(20, &["rent", "kind", "sold", "let"]),
        houses_without(60, &["price", "kind", "sold", "let"]),
        houses_without(60, &["size", "rent", "kind", "sold", "let"]),
        "size,old,town,price\n1,true,a,word\n2,false,b,other\n".to_owned(),
    ] {
        let other = read(&other).unwrap();
        let _ = plan().train(&other, &mut ()).map(|_| ());
    }
    let fitted = plan().train(&first, &mut ()).unwrap();
    for rows in [&[0, 60][..], &[usize::MAX], &[59, 1, 1]] {
        let result = evaluate_rows(&fitted.model, &first, rows, &[], 1);
        assert_eq!(result.is_ok(), rows[0] == 59, "{rows:?}");
    }
    assert!(evaluate_rows(&fitted.model, &first, &[], &[], 1).is_err());
}

/// Case train-nan-5 on a table: a clear error, or a model of finite numbers.
#[test]
fn a_learning_rate_too_large_leaves_no_broken_model() {
    for validation in [0.0, 0.2] {
        for rate in [1e6, 1e30, 1e38, 1e300] {
            for name in ["sgd", "adam", "adamw"] {
                let recipe = Recipe {
                    learning_rate: Some(rate),
                    optimizer: Some(name.to_owned()),
                    // Each epoch is one step, so that its loss is the one before the step.
                    batch_size: Some(1000),
                    validation,
                    dropout: Some(0.0),
                    epochs: 20,
                    ..quick()
                };
                let table = table(&houses_without(60, &["rent", "kind", "sold", "let"]));
                match fit(&table, &["price"], &recipe) {
                    Err(error) => {
                        assert!(matches!(error.kind(), ErrorKind::Diverged { .. }), "{error}")
                    }
                    Ok(fitted) => {
                        let values = fitted.model.parameters.iter().flatten();
                        let broken = values.filter(|value| !value.is_finite()).count();
                        assert_eq!(broken, 0, "{name} {rate} {validation}");
                        let predictions = fitted.model.predict(&table, 1).unwrap();
                        assert!(predictions.iter().all(|p| !p.is_nan()), "{name} {rate}");
                    }
                }
            }
        }
    }
}

/// Tables of two to seven rows are trained on, or refused, with every kind of target.
#[test]
fn tiny_tables_are_trained_on_or_refused() {
    let targets = |row: usize| {
        let yes = ["yes", "no"][row % 2];
        format!("{},{yes},{},{}", row as f64 + 0.5, ["a", "b", "c"][row % 3], row % 2)
    };
    for rows in 1..8 {
        let mut text = String::from("x,town,number,flag,class,bit\n");
        for row in 0..rows {
            text += &format!("{row},town {row},{}\n", targets(row));
        }
        for names in [&["number"][..], &["flag"], &["class"], &["bit"], &["flag", "bit"]] {
            for share in [0.0, 0.2, 0.5, 0.9] {
                let table = table(&text);
                let recipe = Recipe { validation: share, test: share, ..quick() };
                match fit(&table, names, &recipe) {
                    Ok(fitted) => {
                        let predictions = fitted.model.predict(&table, 1).unwrap();
                        assert!(predictions.iter().all(|p| p.is_finite()));
                        let bytes = fitted.model.to_bytes().unwrap();
                        assert!(chainrule::Model::load(&bytes).is_ok(), "{rows} {names:?}");
                    }
                    Err(error) => {
                        let few = error.to_string();
                        assert!(rows < 4 || share > 0.4, "{rows} rows, {names:?}, {share}: {few}");
                    }
                }
            }
        }
    }
}
