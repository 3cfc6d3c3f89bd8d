//! The solver lbfgs reaches optima to the last digits, and ends as training by steps does.

use std::ops::ControlFlow;

use chainrule::clipping::{By, Clipping};
use chainrule::schedules::{self, Warmup};
use chainrule::train::{Callback, Epoch, Settings, Trained};
use chainrule::{Error, ErrorKind, Network};

use crate::extensions::{Centre, KEPT};
use crate::optimum::{least_squares, plane};
use crate::sample::{Rows, assert_near, level, named, settings, targets};

fn lbfgs(given: &[(&str, f64)], epochs: usize) -> Settings {
    settings("lbfgs", given, 1.0, epochs)
}

fn exact() -> Settings {
    lbfgs(&[("tolerance", 1e-13)], 500)
}

#[test]
fn a_linear_network_reaches_the_least_squares_solution_to_the_last_digits() {
    let rows = plane();
    let network = Network::new(3).dense(1, "linear");
    let expected = least_squares(&rows);
    for loss in ["mse", "rmse", "r2"] {
        let trained: Trained<f64> = rows.train(&network, &named(loss), &exact()).unwrap();
        for (&found, &expected) in trained.parameters.concat().iter().zip(&expected) {
            assert_near(found, expected, 1e-12);
        }
        assert!(trained.converged && !trained.interrupted);
        assert!(trained.history.len() < 40, "{loss}: {}", trained.history.len());
        assert_eq!(trained.best_epoch, trained.history.len());
    }
    // In f32 they are the same, rounded.
    let trained: Trained<f32> = rows.train(&network, &named("mse"), &exact()).unwrap();
    for (found, expected) in trained.parameters.concat().iter().zip(&expected) {
        assert_eq!(*found, *expected as f32);
    }
}

/// Twelve rows of two classes that no line parts.
fn two_classes() -> Rows {
    let x = [
        0.5, 1.0, 1.5, -0.5, 2.0, 2.5, -1.0, 0.0, -0.5, -1.5, 3.0, 1.0, 0.0, 0.5, 1.0, 3.0, -2.0,
        1.0, 2.5, -1.0, 0.5, -2.0, -1.5, 2.0,
    ];
    Rows::new(2, &x, &[1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0])
}

/// scikit-learn 1.9.1: `LogisticRegression(penalty=None)`, and with C = 1/(12·0.05) on a column of
/// ones in place of the intercept; newton-cholesky, tol=1e-14.
#[test]
fn logistic_regression_reaches_the_optimum_of_scikit_learn() {
    let network = Network::new(2).dense(1, "linear");
    let loss = named("binary_cross_entropy");
    let plain = [0.723_111_669_835_928_5, 0.588_182_481_604_913_2, -0.595_258_069_514_554_8];
    let decayed = [0.603_001_296_067_064_8, 0.474_051_576_673_076_35, -0.398_240_540_384_983_4];
    for (decay, expected) in [(0.0, plain), (0.05, decayed)] {
        let given = lbfgs(&[("weight_decay", decay), ("tolerance", 1e-13)], 200);
        let trained: Trained<f64> = two_classes().train(&network, &loss, &given).unwrap();
        for (&found, &expected) in trained.parameters.concat().iter().zip(&expected) {
            assert_near(found, expected, 1e-11);
        }
        // The loss that is told is that of the rows, without what the decay adds.
        if decay == 0.0 {
            let last = trained.history.last().unwrap().training_loss;
            assert_near(last, 0.522_854_938_509_004_1, 1e-14);
        }
    }
}

/// As above, of three classes; refined by Newton steps to a gradient of 4e-17.
#[test]
fn softmax_regression_reaches_the_optimum_of_scikit_learn() {
    let y = [0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 0.0, 2.0, 0.0, 1.0, 1.0, 0.0];
    let rows = Rows { y: y.to_vec(), ..two_classes() };
    let network = Network::new(2).dense(3, "linear");
    let given = lbfgs(&[("weight_decay", 0.05), ("tolerance", 1e-13)], 200);
    let trained: Trained<f64> =
        rows.train(&network, &named("categorical_cross_entropy"), &given).unwrap();
    let expected = [
        [-0.934_788_402_461_760_1, 0.355_965_981_685_604_7, 0.578_822_420_776_154_1],
        [0.474_226_439_085_333_4, -1.376_435_468_046_005_8, 0.902_209_028_960_673_9],
        [0.711_122_875_443_497_1, 0.083_744_357_817_911_81, -0.794_867_233_261_408_2],
    ];
    for (&found, &expected) in trained.parameters.concat().iter().zip(&expected.concat()) {
        assert_near(found, expected, 1e-11);
    }
}

#[test]
fn hidden_units_learn_exclusive_or_in_a_few_iterations() {
    let x = [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0];
    let rows = Rows::new(2, &x, &[0.0, 1.0, 1.0, 0.0]);
    for activation in ["tanh", "sigmoid"] {
        let network = Network::new(2).dense(16, activation).dense(1, "linear");
        let trained: Trained<f32> =
            rows.train(&network, &named("binary_cross_entropy"), &lbfgs(&[], 100)).unwrap();
        let losses: Vec<f64> = trained.history.iter().map(|epoch| epoch.training_loss).collect();
        assert!(losses.is_sorted_by(|a, b| a >= b), "{losses:?}");
        assert!(losses.last().unwrap() < &1e-5, "{activation}: {losses:?}");
    }
}

#[test]
fn a_row_of_weight_2_counts_as_two_rows() {
    let rows = Rows::new(1, &[1.0, 2.0, 4.0], &[1.0, 3.0, 2.0]);
    let twice = Rows::new(1, &[1.0, 2.0, 4.0, 4.0], &[1.0, 3.0, 2.0, 2.0]);
    let network = Network::new(1).dense(1, "linear");
    let train = |rows: &Rows| -> Vec<f64> {
        let trained: Trained<f64> = rows.train(&network, &named("mse"), &exact()).unwrap();
        trained.parameters.concat()
    };
    for (a, b) in train(&rows.weighted(&[1.0, 1.0, 2.0])).iter().zip(train(&twice)) {
        assert_near(*a, b, 1e-12);
    }
}

#[test]
fn the_best_epoch_is_that_of_the_least_validation_loss() {
    let rows = Rows::bent(3, 40, 0.8);
    let network = Network::new(3).dense(16, "tanh").dense(1, "linear");
    let (training, validation) = rows.parts(20);
    let run = |epochs| -> Trained<f64> {
        let settings = Settings { patience: 10, ..lbfgs(&[], epochs) };
        let parts = (&training[..], &validation[..]);
        rows.train_parts(&network, &named("mse"), &settings, parts, &mut ()).unwrap()
    };
    let trained = run(300);
    let losses: Vec<f64> = trained.history.iter().map(|e| e.validation_loss.unwrap()).collect();
    let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(losses[trained.best_epoch - 1], least);
    assert_eq!(losses.len(), trained.best_epoch + 10, "{losses:?}");
    // A run that ends with that epoch has the same parameters.
    let short = run(trained.best_epoch);
    assert_eq!(short.parameters, trained.parameters);
    assert_eq!(short.history[..], trained.history[..trained.best_epoch]);
}

#[derive(Default)]
struct Seen {
    steps: Vec<u64>,
    epochs: Vec<usize>,
    end: usize,
}

impl Callback for Seen {
    fn step(&mut self, step: u64, loss: f64) -> ControlFlow<()> {
        assert!(loss.is_finite());
        self.steps.push(step);
        ControlFlow::Continue(())
    }

    fn epoch(&mut self, epoch: &Epoch) -> ControlFlow<()> {
        self.epochs.push(epoch.number);
        match epoch.number == self.end {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

#[test]
fn an_iteration_is_an_epoch_and_a_callback_may_end_it() {
    let rows = plane();
    let network = Network::new(3).dense(8, "tanh").dense(1, "linear");
    let mut seen = Seen { end: 4, ..Seen::default() };
    let parts = (&rows.all()[..], &[][..]);
    let trained: Trained<f64> =
        rows.train_parts(&network, &named("mse"), &lbfgs(&[], 50), parts, &mut seen).unwrap();
    assert_eq!((seen.steps, seen.epochs), (vec![1, 2, 3, 4], vec![1, 2, 3, 4]));
    assert!(trained.interrupted && !trained.converged);
    assert_eq!((trained.best_epoch, trained.history.len()), (4, 4));
}

#[test]
fn it_ends_where_there_is_nothing_to_gain() {
    // At the optimum from the start.
    let rows = targets(&[-1.0, 1.0]);
    let trained: Trained<f64> = rows.train(&level(1), &named("mse"), &lbfgs(&[], 9)).unwrap();
    assert!(trained.converged);
    assert_eq!((trained.history.len(), &trained.parameters[..]), (1, &[vec![0.0]][..]));
    // Without a tolerance it ends where no better point can be told, and long before that.
    let rows = plane();
    let network = Network::new(3).dense(1, "linear");
    let none = lbfgs(&[("tolerance", 0.0)], 2000);
    let trained: Trained<f64> = rows.train(&network, &named("mse"), &none).unwrap();
    for (&found, &expected) in trained.parameters.concat().iter().zip(&least_squares(&rows)) {
        assert_near(found, expected, 1e-12);
    }
    let nothing: Trained<f64> = rows.train(&network, &named("mse"), &lbfgs(&[], 0)).unwrap();
    assert_eq!((nothing.best_epoch, nothing.history.len()), (0, 0));
    // A loss with a kink, where no gradient is 0.
    let rows = targets(&[1.0, 2.0, 7.0]);
    let trained: Trained<f64> = rows.train(&level(1), &named("mae"), &lbfgs(&[], 500)).unwrap();
    assert_near(trained.parameters[0][0], 2.0, 1e-6);
}

#[test]
fn what_is_no_number_is_said() {
    let rows = targets(&[1e200, 0.0]);
    let error = rows.train::<f64>(&level(1), &named("mse"), &lbfgs(&[], 5)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Diverged(found) if found.epoch == 1), "{error}");
    for rate in [f64::NAN, 0.0, -1.0, f64::INFINITY, 1e300, 1e-300] {
        let settings = Settings { learning_rate: rate, ..lbfgs(&[], 50) };
        let rows = targets(&[1.0, 2.0]);
        let trained: Trained<f64> = rows.train(&level(1), &named("mse"), &settings).unwrap();
        assert!(trained.parameters.concat().iter().all(|w| w.is_finite()), "{rate}");
    }
}

#[track_caller]
fn refused(network: &Network, settings: &Settings) -> Error {
    plane().train::<f32>(network, &named("mse"), settings).unwrap_err()
}

#[test]
fn what_it_cannot_take_into_account_is_refused() {
    let network = Network::new(3).dense(4, "tanh").dropout(0.1).dense(1, "linear");
    let error = refused(&network, &lbfgs(&[], 5));
    assert!(
        error.to_string().contains("lbfgs") && error.to_string().contains("dropout"),
        "{error}"
    );
    let network = Network::new(3).dense(4, "tanh").dropout(0.0).dense(1, "linear");
    let plain = lbfgs(&[], 5);
    assert!(plane().train::<f32>(&network, &named("mse"), &plain).is_ok());
    let schedule = schedules::Settings::parse("cosine").unwrap();
    let clip = Some(Clipping::new(By::Value, 1.0).unwrap());
    for (word, settings) in [
        ("cosine", Settings { schedule, ..plain.clone() }),
        ("3 steps", Settings { warmup: Warmup::Steps(3), ..plain.clone() }),
        ("value=1", Settings { clip, ..plain.clone() }),
    ] {
        let error = refused(&network, &settings);
        assert!(error.to_string().contains(word) && error.to_string().contains("lbfgs"), "{error}");
    }
}

#[test]
fn a_state_is_updated_once_an_iteration() {
    let x = [4.0, -1.0, 2.5, 8.0, 0.25];
    let rows = Rows::new(1, &x, &[1.0, 2.0, 0.0, 3.0, 1.0]);
    let network = Network::new(1).layer(Centre).dense(1, "linear");
    let trained: Trained<f64> = rows.train(&network, &named("mse"), &lbfgs(&[], 3)).unwrap();
    let mean = x.iter().sum::<f64>() / 5.0;
    let expected = (0..trained.best_epoch).fold(0.5, |state, _| KEPT * state + (1.0 - KEPT) * mean);
    assert_near(trained.states[0][0], expected, 1e-14);
}
