//! What is wrong is said: no panic, and no parameter that is not a number.

use chainrule::engine::{Data as Numbers, Matrix};
use chainrule::layers::{Builder, Layer};
use chainrule::losses::Finish;
use chainrule::train::{Data, Settings, Trained, train};
use chainrule::{Criterion, Error, ErrorKind, Expr, Network};

use crate::sample::{Rows, level, named, settings, targets};

fn linear() -> Network {
    Network::new(1).dense(1, "linear")
}

fn finite(trained: &Trained<f32>) -> bool {
    trained.parameters.iter().chain(&trained.states).flatten().all(|value| value.is_finite())
}

/// Case train-nan-5: whatever diverges ends with an error or with the best so far, and what is
/// given back can be used.
#[test]
fn a_step_too_large_never_leaves_parameters_that_are_no_numbers() {
    let numbers = Rows::new(1, &[1.0, 2.0, 3.0, 4.0, 5.0], &[2.0, 4.0, 6.0, 8.0, 10.0]);
    let shares = Rows { y: vec![0.0, 0.1, 0.5, 1.0, 1.0], ..numbers.clone() };
    let all = numbers.all();
    let networks = [
        ("linear", linear()),
        ("tanh", Network::new(1).dense(4, "tanh").dense(1, "linear")),
        ("relu", Network::new(1).dense(4, "relu").dense(1, "linear")),
        ("sigmoid", Network::new(1).dense(4, "sigmoid").dense(4, "sigmoid").dense(1, "tanh")),
    ];
    let mut bad = Vec::new();
    for (name, network) in &networks {
        for loss in ["mse", "rmse", "mae", "binary_cross_entropy"] {
            let rows = if loss == "binary_cross_entropy" { &shares } else { &numbers };
            for rate in [1e3, 1e6, 1e20, 1e38, 3e38, 1e200, f64::INFINITY, f64::NAN] {
                for (optimizer, batch_size) in [("sgd", 1), ("sgd", 3), ("sgd", 5), ("adamw", 5)] {
                    for validation in [&[][..], &all] {
                        let settings =
                            Settings { batch_size, ..settings(optimizer, &[], rate, 30) };
                        let result = rows.train_parts::<f32>(
                            network,
                            &named(loss),
                            &settings,
                            (&all, validation),
                            &mut (),
                        );
                        let held = validation.len();
                        let case = (*name, loss, rate, optimizer, batch_size, held);
                        match result {
                            Ok(trained) if finite(&trained) && trained.best_epoch > 0 => {}
                            Ok(_) => bad.push(case),
                            Err(error) => {
                                assert!(
                                    matches!(error.kind(), ErrorKind::Diverged { .. }),
                                    "{error}"
                                );
                                assert!(error.to_string().contains("learning-rate"), "{error}");
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(bad.is_empty(), "{} cases, such as {:?}", bad.len(), &bad[..bad.len().min(40)]);
}

#[test]
fn a_run_that_diverges_late_gives_the_best_so_far() {
    // Each epoch doubles the distance from the target: −1 to 2 is 3, then 6, 12 …
    let rows = targets(&[2.0]);
    let settings = settings("sgd", &[], 1.5, 400);
    let trained: Trained<f32> =
        rows.train_parts(&level(1), &named("mse"), &settings, (&[0], &[0]), &mut ()).unwrap();
    assert_eq!(trained.best_epoch, 1);
    assert!(finite(&trained));
    // It ends when the loss is no number any more, not after 400 epochs.
    assert!(trained.history.len() < 100, "{}", trained.history.len());
}

#[track_caller]
fn fails(result: Result<Trained<f32>, Error>) -> Error {
    match result {
        Ok(trained) => panic!("trained: {trained:?}"),
        Err(error) => error,
    }
}

#[test]
fn what_a_source_lacks_is_named() {
    let x = [1.0, 2.0];
    let y = [1.0, 2.0];
    let matrix = |data, width| Matrix::new(Numbers::F64(data), data.len() / width, width).unwrap();
    let run = |groups: &[(&str, Matrix<'_>)], training: &[u32], validation: &[u32]| {
        let source = chainrule::engine::Matrices::new(groups).unwrap();
        let data = Data { source: &source, training, validation };
        let settings = settings("sgd", &[], 0.1, 2);
        train::<f32>(&linear(), &named("mse"), data, &settings, &mut ())
    };
    let (x1, y1) = (matrix(&x, 1), matrix(&y, 1));
    assert!(run(&[("x", x1), ("y", y1)], &[0, 1], &[]).is_ok());
    assert!(fails(run(&[("x", x1)], &[0, 1], &[])).to_string().contains("`y`"));
    assert!(fails(run(&[("y", y1)], &[0, 1], &[])).to_string().contains("`x`"));
    let wide = matrix(&x, 2);
    assert!(fails(run(&[("x", wide), ("y", wide)], &[0], &[])).to_string().contains("1"));
    fails(run(&[("x", x1), ("y", y1)], &[0, 2], &[]));
    fails(run(&[("x", x1), ("y", y1)], &[0], &[2]));
    fails(run(&[("x", x1), ("y", y1)], &[0], &[u32::MAX]));
    let error = fails(run(&[("x", x1), ("y", y1)], &[], &[0]));
    assert!(matches!(error.kind(), ErrorKind::TooFewRows { found: 0, .. }), "{error}");
    // A weight of two columns is no weight.
    let two = [1.0; 4];
    let error = fails(run(&[("x", x1), ("y", y1), ("weight", matrix(&two, 2))], &[0, 1], &[]));
    assert!(error.to_string().contains("weight"), "{error}");
    // Nor is it one of rows that the training part does not have.
    fails(run(&[("x", x1), ("y", y1), ("weight", matrix(&two, 2))], &[0], &[1]));
}

#[derive(Debug)]
struct Odd(fn(&mut Builder, &Expr) -> Expr);

impl Layer for Odd {
    fn name(&self) -> &str {
        "odd"
    }

    fn build(&self, builder: &mut Builder, input: &Expr) -> Expr {
        (self.0)(builder, input)
    }
}

fn parameter(builder: &mut Builder, name: &str) -> Expr {
    builder.parameter(name, &[1], "ones")
}

#[test]
fn wrong_networks_are_refused_when_they_are_built() {
    let rows = targets(&[1.0, 2.0]);
    let settings = settings("sgd", &[], 0.1, 1);
    let networks = [
        ("relu", Network::new(1).dense(2, "rellu").dense(1, "linear")),
        ("dropout", Network::new(1).dropout(1.0).dense(1, "linear")),
        ("dropout", Network::new(1).dropout(f64::NAN).dense(1, "linear")),
        ("dropout", Network::new(1).dropout(-0.1).dense(1, "linear")),
        ("dense", Network::new(1).named("danse", serde_json::json!({})).dense(1, "linear")),
        ("units", Network::new(1).named("dense", serde_json::json!({ "units": -1 }))),
        ("zeroes", Network::new(1).layer(Odd(|b, x| x + b.parameter("w", &[1], "zeroes")))),
        ("", Network::new(1).dense(usize::MAX, "relu").dense(1, "linear")),
        ("", Network::new(1).dense(1 << 30, "relu").dense(1 << 30, "linear")),
        ("", Network::new(usize::MAX).dense(1, "linear")),
        ("", Network::new(1).layer(Odd(|_, x| x + Expr::input("z", x.shape())))),
        ("", Network::new(1).layer(Odd(|_, x| x.clone().reshape(&[3])))),
        // One name for two things.
        ("w", Network::new(1).layer(Odd(|b, x| x * parameter(b, "w") + parameter(b, "w")))),
        ("w", Network::new(1).layer(Odd(|b, x| x * parameter(b, "w") + b.state("w", &[1], 5.0)))),
        // An output of two numbers for a target of one.
        ("", Network::new(1).dense(2, "linear")),
    ];
    for (word, network) in networks {
        let error = fails(rows.train(&network, &named("mse"), &settings));
        assert!(error.to_string().contains(word), "{network:?}: {error}");
    }
    // No layers, and no units.
    assert!(rows.train::<f32>(&Network::new(1), &named("mse"), &settings).is_ok());
    fails(rows.train(
        &Network::new(1).dense(0, "relu").dense(1, "linear"),
        &named("mse"),
        &settings,
    ));
}

#[test]
fn wrong_losses_are_refused() {
    let rows = targets(&[1.0, 2.0]);
    let settings = settings("sgd", &[], 0.1, 1);
    let losses: [fn(&Expr, &Expr) -> Expr; 4] = [
        |y, p| Expr::concat(&[y.clone(), p.clone()], 0),
        |_, p| p.clone().sum_over_rows(),
        |y, p| y.clone().reshape(&[7]) + p,
        |y, p| (y - p) * Expr::variable("unknown"),
    ];
    for (number, per_row) in losses.into_iter().enumerate() {
        let criterion = Criterion::new("wrong", Finish::Mean, per_row);
        let result = rows.train(&level(1), &criterion, &settings);
        assert!(result.is_err(), "{number}: {result:?}");
        let _ = fails(result);
    }
}

/// Case loss-badlabel-3.
#[test]
fn a_class_that_the_network_does_not_have_is_refused() {
    for bad in [3.0, -1.0, f64::NAN] {
        let rows = Rows::new(1, &[0.0; 3], &[1.0, 2.0, bad]);
        let network = Network::new(1).dense(3, "linear");
        let settings = settings("sgd", &[], 0.1, 3);
        let cross_entropy = named("categorical_cross_entropy");
        let result = rows.train::<f32>(&network, &cross_entropy, &settings);
        assert!(result.is_err(), "{bad}: {:?}", result.map(|trained| trained.history));
    }
}

/// Settings that make no sense, given past the table's own checks.
#[test]
fn settings_of_nothing_do_no_harm() {
    let rows = targets(&[1.0, 2.0, 3.0]);
    let usual = settings("sgd", &[], 0.1, 2);
    let run = |settings: &Settings| rows.train::<f32>(&level(1), &named("mse"), settings);
    let none = run(&Settings { epochs: 0, ..usual.clone() }).unwrap();
    assert_eq!((none.best_epoch, none.history.len()), (0, 0));
    assert_eq!(none.parameters, [[0.0]]);
    for odd in [
        Settings { batch_size: 0, ..usual.clone() },
        Settings { threads: 0, ..usual.clone() },
        Settings { patience: 0, ..usual.clone() },
        Settings { batch_size: usize::MAX, threads: usize::MAX, ..usual.clone() },
    ] {
        if let Ok(trained) = run(&odd) {
            assert!(finite(&trained) && !trained.history.is_empty());
        }
    }
}

/// Case loss-badlabel-3: a class beyond the outputs, or none at all, is named with its row.
#[test]
fn a_target_that_is_no_class_is_named_with_its_row() {
    let network = Network::new(1).dense(3, "linear");
    let settings = settings("sgd", &[], 0.1, 2);
    for (wrong, text) in [(3.0, "3 in row 2"), (-1.0, "-1 in row 2"), (0.5, "0.5 in row 2")] {
        let rows = Rows::new(1, &[1.0, 2.0, 3.0], &[0.0, 2.0, wrong]);
        let loss = named("categorical_cross_entropy");
        let error = rows.train::<f32>(&network, &loss, &settings).unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
        assert!(error.to_string().contains("from 0 to 2"), "{error}");
    }
}
