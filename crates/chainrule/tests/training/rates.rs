//! Learning rates that change, and gradients that are clipped, seen from the steps they lead to.

use chainrule::clipping::{By, Clipping};
use chainrule::losses::Finish;
use chainrule::schedules::{self, Course, Warmup};
use chainrule::train::{Settings, Trained};
use chainrule::{Criterion, ErrorKind};

use crate::sample::{Rows, assert_near, level, named, settings, targets};

/// A loss whose gradient by the output is the target: with targets of 1 each step of sgd is the
/// learning rate.
fn slope() -> Criterion {
    Criterion::new("slope", Finish::Mean, |y, p| (y * p).sum(0))
}

fn scheduled(text: &str, warmup: Warmup, rate: f64, epochs: usize, batch_size: usize) -> Settings {
    let schedule = schedules::Settings::parse(text).unwrap();
    Settings { schedule, warmup, batch_size, ..settings("sgd", &[], rate, epochs) }
}

#[test]
fn each_step_has_the_rate_of_its_schedule() {
    let rows = targets(&[1.0; 10]);
    let warmups = [Warmup::NONE, Warmup::Steps(5), Warmup::Epochs(2.0)];
    for text in ["constant", "cosine:minimum=0.01", "linear", "one_cycle", "step:size=2"] {
        for warmup in warmups {
            // Three steps an epoch, the last of two rows.
            let settings = scheduled(text, warmup, 0.5, 6, 4);
            let course = Course::new(&settings.schedule, warmup, 0.5, 6, 3).unwrap();
            let trained: Trained<f64> = rows.train(&level(1), &slope(), &settings).unwrap();
            let total: f64 = (0..18).map(|step| course.rate(step, &[])).sum();
            assert_eq!(trained.best_epoch, 6, "{text}");
            assert_near(trained.parameters[0][0], -total, 1e-14);
            for epoch in &trained.history {
                let last = course.rate(3 * epoch.number as u64 - 1, &[]);
                assert_eq!(epoch.learning_rate, last, "{text}");
            }
        }
    }
}

#[test]
fn a_plateau_lowers_the_rate_by_the_validation_loss() {
    // The validation loss is what training makes worse: it never falls after the first epoch.
    let rows = targets(&[1.0, -1.0]);
    let settings = scheduled("plateau:factor=0.5,patience=1", Warmup::NONE, 1.0, 7, 1);
    let trained: Trained<f64> =
        rows.train_parts(&level(1), &slope(), &settings, (&[0], &[1]), &mut ()).unwrap();
    let rates: Vec<f64> = trained.history.iter().map(|epoch| epoch.learning_rate).collect();
    assert_eq!(rates, [1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25]);
    // Without validation it is the training loss, which keeps falling.
    let trained: Trained<f64> =
        rows.train_parts(&level(1), &slope(), &settings, (&[0], &[]), &mut ()).unwrap();
    assert!(trained.history.iter().all(|epoch| epoch.learning_rate == 1.0));
}

#[test]
fn a_minimum_above_the_learning_rate_is_refused() {
    let rows = targets(&[1.0]);
    let settings = scheduled("cosine:minimum=0.5", Warmup::NONE, 0.1, 3, 1);
    let error = rows.train::<f32>(&level(1), &slope(), &settings).unwrap_err();
    let says = matches!(error.kind(), ErrorKind::InvalidSetting { option: "minimum", .. });
    assert!(says, "{error}");
}

/// The level after one step of sgd of rate 1 from 0: the clipped gradient, negative.
fn clipped(kind: By, bound: f64, y: &[f64], loss: &Criterion) -> Vec<f32> {
    let rows = Rows {
        y: y.to_vec(),
        x: vec![0.0; y.len()],
        width: y.len(),
        targets: y.len(),
        ..Rows::default()
    };
    let clip = Some(Clipping::new(kind, bound).unwrap());
    let settings = Settings { clip, ..settings("sgd", &[], 1.0, 1) };
    rows.train::<f32>(&level(y.len()), loss, &settings).unwrap().parameters.remove(0)
}

#[test]
fn gradients_are_clipped_before_the_step() {
    let found = clipped(By::GlobalNorm, 1.0, &[3.0, 4.0], &slope());
    assert_eq!(found, [-0.6, -0.8]);
    assert_eq!(clipped(By::GlobalNorm, 10.0, &[3.0, 4.0], &slope()), [-3.0, -4.0]);
    assert_eq!(clipped(By::Value, 3.5, &[3.0, -4.0], &slope()), [-3.0, 3.5]);
    assert_eq!(clipped(By::Norm, 2.5, &[3.0, 4.0], &slope()), [-1.5, -2.0]);
    // Case opt-clip-overflow-1, through training in f32.
    for found in clipped(By::GlobalNorm, 1.0, &[3e20; 3], &slope()) {
        assert_near(f64::from(found), -1.0 / 3.0_f64.sqrt(), 1e-6);
    }
}

/// What is clipped is the gradient of the root, not of the mean under it.
#[test]
fn the_gradient_of_rmse_is_clipped_when_it_is_finished() {
    // Of one row rmse is |p − y|, whose gradient is −1; that of (p − y)² is −200.
    assert_eq!(clipped(By::GlobalNorm, 2.0, &[100.0], &named("rmse")), [1.0]);
    assert_eq!(clipped(By::GlobalNorm, 0.5, &[100.0], &named("rmse")), [0.5]);
    assert_eq!(clipped(By::GlobalNorm, 2.0, &[100.0], &named("mse")), [2.0]);
    // Nothing is wrong, and nothing is clipped to what is no number.
    assert_eq!(clipped(By::GlobalNorm, 2.0, &[0.0], &named("rmse")), [0.0]);
}

/// A batch in which no row counts is a step of the schedule, but moves nothing.
#[test]
fn clipping_leaves_a_batch_without_weight_alone() {
    let rows = targets(&[3.0, 4.0]).weighted(&[1.0, 0.0]);
    let clip = Some(Clipping::new(By::GlobalNorm, 0.5).unwrap());
    let settings = Settings { clip, batch_size: 1, ..settings("adam", &[], 0.1, 1) };
    let trained: Trained<f32> = rows.train(&level(1), &named("mse"), &settings).unwrap();
    assert_near(f64::from(trained.parameters[0][0]), 0.1, 1e-6);
}
