//! Dropout: in training only, its mean kept, another mask each step.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use chainrule::losses::Finish;
use chainrule::train::{Callback, Settings, Trained};
use chainrule::{Criterion, Network};

use crate::sample::{Rows, assert_near, bits, named, settings};

#[derive(Default)]
struct Losses(Vec<f64>);

impl Callback for Losses {
    fn step(&mut self, _: u64, loss: f64) -> ControlFlow<()> {
        self.0.push(loss);
        ControlFlow::Continue(())
    }
}

/// The network's output itself, weighted by 1, 1000, … so that one number shows every element.
fn shown() -> Criterion {
    Criterion::new("shown", Finish::Mean, |y, p| (y * p).sum(0))
}

/// What `network` puts out in training for one row, step by step, and in prediction.
fn outputs(network: &Network, row: &[f64], seed: u64, steps: usize) -> (Vec<f64>, f64) {
    let y = (0..row.len()).map(|place| libm::pow(1000.0, place as f64)).collect();
    let (width, targets) = (row.len(), row.len());
    let rows = Rows { x: row.to_vec(), y, width, targets, ..Rows::default() };
    let settings = Settings { seed, ..settings("sgd", &[], 0.0, steps) };
    let mut losses = Losses::default();
    let trained: Trained<f64> =
        rows.train_parts(network, &shown(), &settings, (&[0], &[0]), &mut losses).unwrap();
    (losses.0, trained.history[0].validation_loss.unwrap())
}

/// Case train-dropout-1: 10 is 0 or 10/0.7 in training, and 10 in prediction.
#[test]
fn what_is_kept_is_scaled_up_and_prediction_is_left_alone() {
    let (training, prediction) = outputs(&Network::new(1).dropout(0.3), &[10.0], 0, 4000);
    assert_eq!(prediction, 10.0);
    let kept = training.iter().filter(|&&value| value != 0.0);
    assert!(kept.clone().all(|&value| (value - 14.285_714_285_714_286).abs() < 1e-6));
    // 2,800 of 4,000 are expected, with a deviation of 29: five of them either side.
    let count = kept.count();
    assert!((2655..=2945).contains(&count), "{count}");
}

#[test]
fn masks_differ_from_step_to_step_and_from_element_to_element() {
    let (training, prediction) = outputs(&Network::new(2).dropout(0.5), &[1.0, 1.0], 3, 4000);
    assert_eq!(prediction, 1001.0);
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    training.iter().for_each(|&value| *counts.entry(value as u64).or_default() += 1);
    // Both elements, one of them, none: 1,000 each, with a deviation of 27.
    assert_eq!(counts.keys().copied().collect::<Vec<_>>(), [0, 2, 2000, 2002]);
    assert!(counts.values().all(|count| (863..=1137).contains(count)), "{counts:?}");
    // One step says nothing of the next, or of the one after.
    for distance in [1, 2, 3] {
        let pairs = training.iter().zip(&training[distance..]);
        let same = pairs.filter(|(a, b)| a == b).count();
        assert!((860..=1140).contains(&same), "{same} of 4,000 masks stay {distance} steps");
    }
    // Another seed has other masks.
    let other = outputs(&Network::new(2).dropout(0.5), &[1.0, 1.0], 4, 4000).0;
    let same = training.iter().zip(&other).filter(|(a, b)| a == b).count();
    assert!((860..=1140).contains(&same), "{same}");
}

/// Two layers drop independently: an element stays through both at the product of the rates.
#[test]
fn two_layers_have_masks_of_their_own() {
    let network = Network::new(1).dropout(0.5).dropout(0.5);
    let (training, prediction) = outputs(&network, &[1.0], 0, 4000);
    assert_eq!(prediction, 1.0);
    let kept = training.iter().filter(|&&value| value != 0.0);
    assert!(kept.clone().all(|&value| value == 4.0));
    assert!((863..=1137).contains(&kept.count()));
}

/// Rows of a batch have masks of their own, and those do not depend on how threads share them.
#[test]
fn rows_of_a_batch_differ_and_threads_change_nothing() {
    let count = 3000;
    let rows = Rows::new(1, &vec![1.0; count], &vec![1.0; count]);
    let network = Network::new(1).dropout(0.25);
    let epoch = |threads| {
        let settings = Settings { threads, ..settings("sgd", &[], 0.0, 2) };
        let mut losses = Losses::default();
        rows.train_parts::<f64>(&network, &shown(), &settings, (&rows.all(), &[]), &mut losses)
            .unwrap();
        losses.0
    };
    let first = epoch(1);
    // The mean of 3,000 masks: 1, with a deviation of √(1/3/3000).
    for &mean in &first {
        assert_near(mean, 1.0, 5.0 * 0.010_6);
        assert!(mean != 0.0 && mean != 4.0 / 3.0);
    }
    assert_ne!(first[0], first[1]);
    assert_eq!(epoch(4), first);
}

#[test]
fn a_trained_network_predicts_without_dropout() {
    let rows = Rows::bent(4, 64, 0.1);
    let network = Network::new(4).dropout(0.2).dense(8, "relu").dropout(0.5).dense(1, "linear");
    let settings = Settings { batch_size: 16, ..settings("adam", &[], 0.01, 6) };
    let all = rows.all();
    let parts = (&all[..], &all[..]);
    let run = |settings: &Settings| -> Trained<f32> {
        rows.train_parts(&network, &named("mse"), settings, parts, &mut ()).unwrap()
    };
    let trained = run(&settings);
    // The same parameters in the same layers without dropout have the same validation loss: a
    // network that starts from them and does not move shows it.
    let plain = Network::new(4).dense(8, "relu").dense(1, "linear");
    let loss = own_loss(&plain, &trained.parameters, &rows);
    let best = trained.history[trained.best_epoch - 1].validation_loss.unwrap();
    assert_near(loss, best, 1e-5);
    assert_eq!(bits(&run(&settings).parameters), bits(&trained.parameters));
}

/// The mean squared error of a network of two layers, by the oracle.
fn own_loss(network: &Network, parameters: &[Vec<f32>], rows: &Rows) -> f64 {
    let built = network.build(false).unwrap();
    let values: Vec<Vec<f64>> =
        parameters.iter().map(|list| list.iter().map(|&x| f64::from(x)).collect()).collect();
    let mut total = 0.0;
    for row in 0..rows.count() {
        let mut inputs = vec![("x", &rows.x[row * rows.width..][..rows.width])];
        for (parameter, values) in built.parameters.iter().zip(&values) {
            inputs.push((parameter.name.as_str(), values));
        }
        let roots = std::slice::from_ref(&built.output);
        let output = chainrule_core::oracle::evaluate(roots, &inputs).unwrap();
        total += (output[0][0] - rows.y[row]) * (output[0][0] - rows.y[row]);
    }
    total / rows.count() as f64
}
