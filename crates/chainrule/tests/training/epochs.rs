//! The loss of an epoch: of all its rows, never a mean of its batches.

use std::ops::ControlFlow;

use chainrule::Criterion;
use chainrule::engine::Number;
use chainrule::losses::Finish;
use chainrule::train::{Callback, Settings, Trained};
use chainrule_core::random;

use crate::sample::{Rows, assert_near, level, named, settings, targets};

/// The losses that steps report.
#[derive(Default)]
struct Steps(Vec<f64>);

impl Callback for Steps {
    fn step(&mut self, _: u64, loss: f64) -> ControlFlow<()> {
        self.0.push(loss);
        ControlFlow::Continue(())
    }
}

/// Nothing moves with a learning rate of 0, so that every step sees the same network.
fn still(batch_size: usize, epochs: usize) -> Settings {
    Settings { batch_size, ..settings("sgd", &[], 0.0, epochs) }
}

fn losses<T: Number>(rows: &Rows, criterion: &Criterion, batch: usize) -> (f64, f64, Vec<f64>) {
    let mut steps = Steps::default();
    let all = rows.all();
    let trained: Trained<T> =
        rows.train_parts(&level(1), criterion, &still(batch, 1), (&all, &all), &mut steps).unwrap();
    let epoch = &trained.history[0];
    (epoch.training_loss, epoch.validation_loss.unwrap(), steps.0)
}

/// Case train-lastbatch-1: means of 1, 2 and 9 over batches of 2, 2 and 1 are a mean of 3.
#[test]
fn a_short_last_batch_counts_by_its_rows() {
    let rows = targets(&[1.0, 1.0, 2.0, 2.0, 9.0]);
    let criterion = Criterion::new("y", Finish::Mean, |y, p| (y + 0.0 * p).sum(0));
    for batch in 1..=6 {
        let (training, validation, steps) = losses::<f64>(&rows, &criterion, batch);
        assert_near(training, 3.0, 1e-12);
        assert_near(validation, 3.0, 1e-12);
        assert_eq!(steps.len(), 5_usize.div_ceil(batch));
    }
    assert_near(losses::<f32>(&rows, &criterion, 2).0, 3.0, 1e-6);
}

/// Case train-rmse-epoch-3: squares of 1, 1, 1, 1 and 16 in batches of 4 are a root of 2.
#[test]
fn a_root_is_taken_once_of_the_whole_epoch() {
    let rows = targets(&[1.0, -1.0, 1.0, -1.0, 4.0]);
    for batch in 1..=5 {
        let (training, validation, _) = losses::<f64>(&rows, &named("rmse"), batch);
        assert_near(training, 2.0, 1e-12);
        assert_near(validation, 2.0, 1e-12);
    }
    let (training, validation, _) = losses::<f32>(&rows, &named("rmse"), 4);
    assert_near(training, 2.0, 1e-6);
    assert_near(validation, 2.0, 1e-6);
}

/// Each step reports the finished loss of its own rows, in the order of the epoch's shuffle.
#[test]
fn a_step_reports_the_loss_of_its_batch() {
    let y = [1.0, -2.0, 3.0, -4.0, 5.0];
    let rows = targets(&y);
    let order = random::shuffle(0, 1, 5);
    for name in ["mse", "rmse", "mae", "r2"] {
        let (_, _, steps) = losses::<f64>(&rows, &named(name), 2);
        let expected: Vec<f64> = order
            .chunks(2)
            .map(|batch| {
                let of_row = |&row: &u32| match name {
                    "mae" => y[row as usize].abs(),
                    _ => y[row as usize] * y[row as usize],
                };
                let mean = batch.iter().map(of_row).sum::<f64>() / batch.len() as f64;
                if name == "rmse" { mean.sqrt() } else { mean }
            })
            .collect();
        assert_eq!(steps.len(), expected.len());
        steps.iter().zip(expected).for_each(|(&found, e)| assert_near(found, e, 1e-14));
    }
}

/// The sum of 1e8, 1, −1e8, 1 … (case train-threads-1) is exact in f64, whatever the batches.
#[test]
fn the_mean_of_a_long_epoch_keeps_its_digits() {
    let y: Vec<f64> = [1e8, 1.0, -1e8, 1.0].repeat(250);
    let criterion = Criterion::new("y", Finish::Mean, |y, p| (y + 0.0 * p).sum(0));
    for batch in [1000, 128, 7] {
        let (training, validation, _) = losses::<f64>(&targets(&y), &criterion, batch);
        assert_near(training, 0.5, 1e-6);
        assert_near(validation, 0.5, 1e-6);
    }
}

/// The history has one entry for each epoch, and looking on adds none (case train-report-3).
#[test]
fn the_history_has_as_many_entries_as_epochs() {
    let rows = targets(&[1.0, 2.0, 3.0]);
    let trained: Trained<f64> = rows.train(&level(1), &named("mse"), &still(2, 3)).unwrap();
    assert_eq!(trained.history.len(), 3);
    assert!(trained.history.iter().all(|epoch| epoch.validation_loss.is_none()));
    assert!(trained.history.iter().all(|epoch| epoch.metrics.is_empty()));
    // Nothing moved: the three epochs have the same loss, and the first is the best.
    assert_eq!(trained.best_epoch, 1);
}

/// The epoch's losses are those of the parameters as they were at each step.
#[test]
fn the_training_loss_is_measured_as_training_goes() {
    let rows = targets(&[4.0, 4.0, 4.0]);
    let settings = Settings { batch_size: 1, ..settings("sgd", &[], 0.25, 2) };
    let trained: Trained<f64> = rows.train(&level(1), &named("mse"), &settings).unwrap();
    // w: 0, 2, 3, then 3.5, 3.75, 3.875; the errors squared: 16, 4, 1, then 1/4, 1/16, 1/64.
    let found: Vec<f64> = trained.history.iter().map(|epoch| epoch.training_loss).collect();
    assert_near(found[0], 7.0, 1e-14);
    assert_near(found[1], (0.25 + 0.0625 + 0.015625) / 3.0, 1e-14);
    assert_eq!(trained.parameters, [[3.9375]]);
}
