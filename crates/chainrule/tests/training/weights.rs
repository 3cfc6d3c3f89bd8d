//! Rows that count differently: a group `weight` of the source.

use std::ops::ControlFlow;

use chainrule::engine::Number;
use chainrule::train::{Callback, Settings, Trained};
use chainrule::{ErrorKind, Network};
use chainrule_core::random;

use crate::sample::{Rows, assert_near, bits, level, named, settings, targets};

fn network() -> Network {
    Network::new(2).dense(5, "tanh").dense(1, "linear")
}

#[track_caller]
fn assert_same<T: Number>(found: &Trained<T>, expected: &Trained<T>, tolerance: f64) {
    let pairs = found.parameters.iter().flatten().zip(expected.parameters.iter().flatten());
    pairs.for_each(|(a, b)| assert_near(a.to_f64(), b.to_f64(), tolerance));
    for (a, b) in found.history.iter().zip(&expected.history) {
        assert_near(a.training_loss, b.training_loss, tolerance);
    }
}

#[test]
fn a_weight_of_two_is_the_row_twice() {
    let rows = Rows::bent(2, 9, 0.3);
    let weight = [2.0, 1.0, 3.0, 1.0, 1.0, 0.0, 2.0, 1.0, 1.0];
    let weighted = rows.weighted(&weight);
    let again: Vec<u32> = (0..9).flat_map(|row| vec![row as u32; weight[row] as usize]).collect();
    for name in ["mse", "rmse", "mae"] {
        for optimizer in ["sgd", "adam"] {
            let settings = settings(optimizer, &[], 0.01, 60);
            let once: Trained<f64> = weighted.train(&network(), &named(name), &settings).unwrap();
            let twice: Trained<f64> = rows
                .train_parts(&network(), &named(name), &settings, (&again, &[]), &mut ())
                .unwrap();
            assert_same(&once, &twice, 1e-9);
        }
    }
}

#[test]
fn weights_count_relative_to_each_other() {
    let rows = Rows::bent(2, 9, 0.3);
    let weight: Vec<f64> = (1..10).map(f64::from).collect();
    let settings = Settings { batch_size: 4, ..settings("adam", &[], 0.01, 20) };
    let run = |factor: f64| -> Trained<f32> {
        let weight: Vec<f64> = weight.iter().map(|w| w * factor).collect();
        rows.weighted(&weight).train(&network(), &named("mse"), &settings).unwrap()
    };
    let plain = run(1.0);
    // Powers of two change no digit.
    for factor in [4.0, 1.0 / 1024.0] {
        let scaled = run(factor);
        assert_eq!(bits(&scaled.parameters), bits(&plain.parameters));
        assert_eq!(scaled.history, plain.history);
    }
    assert_same(&run(10.0), &plain, 1e-4);
    // And weights of 1 are no weights.
    let ones = rows.weighted(&[1.0; 9]).train::<f32>(&network(), &named("mse"), &settings).unwrap();
    let none = rows.train::<f32>(&network(), &named("mse"), &settings).unwrap();
    assert_same(&ones, &none, 1e-5);
}

#[test]
fn the_loss_of_an_epoch_is_weighted_over_all_its_rows() {
    let rows = targets(&[1.0, 2.0, 3.0, 4.0, 5.0]).weighted(&[1.0, 0.0, 2.0, 0.5, 4.0]);
    let mean = (1.0 + 18.0 + 8.0 + 100.0) / 7.5;
    for batch_size in 1..=5 {
        let settings = Settings { batch_size, ..settings("sgd", &[], 0.0, 1) };
        let all = rows.all();
        let parts = (&all[..], &all[..]);
        for (name, expected) in [("mse", mean), ("rmse", f64::sqrt(mean))] {
            let trained: Trained<f64> =
                rows.train_parts(&level(1), &named(name), &settings, parts, &mut ()).unwrap();
            let epoch = &trained.history[0];
            assert_near(epoch.training_loss, expected, 1e-13);
            assert_near(epoch.validation_loss.unwrap(), expected, 1e-13);
        }
    }
}

/// Which optimizers keep a state, with every one of their settings in use.
const OPTIMIZERS: [(&str, &[(&str, f64)]); 5] = [
    ("sgd", &[("weight_decay", 0.1)]),
    ("sgd", &[("momentum", 0.9), ("nesterov", 1.0), ("weight_decay", 0.1)]),
    ("sgd", &[("momentum", 0.9), ("dampening", 0.5)]),
    ("adam", &[("weight_decay", 0.1)]),
    ("adamw", &[("weight_decay", 0.1)]),
];

/// Cases loss-weights-zero-3 and loss-ignore-all-1: a batch in which no row counts changes nothing:
/// no parameter, no state of the optimizer, not the number of its steps.
#[test]
fn a_batch_in_which_no_row_counts_changes_nothing() {
    // Rows that count are all alike, so that their order among the others does not matter.
    let (x, y) = ([[0.5, -1.0]; 4].concat(), [2.0; 4]);
    let alone = Rows::new(2, &x, &y).weighted(&[3.0; 4]);
    let x = [x, [[9.0, 7.0]; 5].concat()].concat();
    let y = [&y[..], &[-50.0; 5]].concat();
    let among = Rows::new(2, &x, &y).weighted(&[[3.0; 4].as_slice(), &[0.0; 5]].concat());
    // The first batch of all is one of those in which no row counts.
    let seed = (0..).find(|&seed| random::shuffle(seed, 1, 9)[0] >= 4).unwrap();
    let mut changed = Vec::new();
    for (name, given) in OPTIMIZERS {
        let settings = Settings { batch_size: 1, seed, ..settings(name, given, 0.05, 3) };
        let alone: Trained<f64> = alone.train(&network(), &named("mse"), &settings).unwrap();
        let among: Trained<f64> = among.train(&network(), &named("mse"), &settings).unwrap();
        if bits(&alone.parameters) != bits(&among.parameters) {
            changed.push((name, given));
        }
        let losses = alone.history.iter().zip(&among.history);
        if losses.clone().any(|(a, b)| (a.training_loss - b.training_loss).abs() > 1e-12) {
            changed.push((name, given));
        }
    }
    assert!(changed.is_empty(), "{changed:?}");
}

#[test]
fn rows_that_do_not_count_do_not_matter() {
    let rows = Rows::bent(2, 8, 0.3);
    let counted: Vec<u32> = (0..6).collect();
    let weight = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0];
    let mut other = rows.weighted(&weight);
    other.x[12..].fill(1e6);
    other.y[6..].fill(-1e9);
    for (name, given) in OPTIMIZERS {
        let settings = settings(name, given, 0.02, 40);
        let parts = (&counted[..], &counted[..]);
        let alone: Trained<f64> =
            rows.train_parts(&network(), &named("mse"), &settings, parts, &mut ()).unwrap();
        let all = other.all();
        let among: Trained<f64> =
            other.train_parts(&network(), &named("mse"), &settings, (&all, &all), &mut ()).unwrap();
        assert_same(&among, &alone, 1e-9);
        for (a, b) in among.history.iter().zip(&alone.history) {
            assert_near(a.validation_loss.unwrap(), b.validation_loss.unwrap(), 1e-9);
        }
    }
}

/// Case loss-weights-negative-5.
#[test]
fn a_weight_that_is_negative_or_no_number_is_refused() {
    for bad in [-1.0, f64::NAN, f64::INFINITY, -0.5] {
        for row in 0..3 {
            let mut weight = [1.0, 1.0, 1.0];
            weight[row] = bad;
            let rows = targets(&[1.0, 2.0, 3.0]).weighted(&weight);
            let settings = Settings { batch_size: 2, ..settings("sgd", &[], 0.1, 2) };
            let result = rows.train_parts::<f32>(
                &level(1),
                &named("mse"),
                &settings,
                (&[0, 1], &[2]),
                &mut (),
            );
            let error = result.map(|trained| trained.history).unwrap_err();
            assert!(!matches!(error.kind(), ErrorKind::Diverged { .. }), "{error}");
            assert!(error.to_string().contains("weight"), "{error}");
        }
    }
}

#[test]
fn weights_that_are_all_zero_end_with_an_error_or_the_network_as_it_was() {
    struct Watching(bool);
    impl Callback for Watching {
        fn step(&mut self, _: u64, loss: f64) -> ControlFlow<()> {
            self.0 |= loss.is_nan();
            ControlFlow::Continue(())
        }
    }
    let rows = targets(&[1.0, 2.0]).weighted(&[0.0, 0.0]);
    let mut watching = Watching(false);
    let settings = settings("adam", &[], 0.1, 2);
    let parts = (&[0, 1][..], &[][..]);
    let result = rows.train_parts::<f32>(&level(1), &named("mse"), &settings, parts, &mut watching);
    assert!(!watching.0);
    match result {
        Ok(trained) => assert_eq!(trained.parameters, [[0.0]]),
        // No learning rate is to blame.
        Err(error) => assert!(!matches!(error.kind(), ErrorKind::Diverged { .. }), "{error}"),
    }
}
