//! What a step does to the parameters, against sums on paper.

use chainrule::Criterion;
use chainrule::losses::Finish;
use chainrule::train::{Settings, Trained};
use chainrule_core::random;

use crate::sample::{Rows, assert_near, level, named, settings, targets};

/// A loss whose gradient by the output is the target.
fn slope() -> Criterion {
    Criterion::new("slope", Finish::Mean, |y, p| (y * p).sum(0))
}

/// The level after each step with these gradients, one row a step; the rows come in the order of
/// the epoch's shuffle, so that the seed is one which leaves it.
fn after(gradients: &[f64], of: &Settings) -> Vec<f64> {
    let rows = gradients.len() as u32;
    let seed = (0..100_000).find(|&seed| random::shuffle(seed, 1, rows).is_sorted()).unwrap();
    let settings = Settings { batch_size: 1, seed, epochs: 1, ..of.clone() };
    (1..=gradients.len())
        .map(|steps| {
            // The rows after the last step are left out by a break.
            let mut count = Breaking(steps as u64);
            let rows = targets(gradients);
            let trained: Trained<f64> = rows
                .train_parts(&level(1), &slope(), &settings, (&rows.all(), &[]), &mut count)
                .unwrap();
            trained.parameters[0][0]
        })
        .collect()
}

struct Breaking(u64);

impl chainrule::train::Callback for Breaking {
    fn step(&mut self, step: u64, _: f64) -> std::ops::ControlFlow<()> {
        if step == self.0 {
            std::ops::ControlFlow::Break(())
        } else {
            std::ops::ControlFlow::Continue(())
        }
    }
}

#[track_caller]
fn assert_steps(name: &str, given: &[(&str, f64)], rate: f64, gradients: &[f64], expected: &[f64]) {
    let found = after(gradients, &settings(name, given, rate, 1));
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).for_each(|(&found, &expected)| {
        let near = (found - expected).abs() <= 1e-9 * expected.abs();
        assert!(near, "{name} {given:?}: found {found}, expected {expected}");
    });
}

/// Cases opt-dampening-1, opt-nesterov-1, opt-adam-eps-1 and opt-adam-bias-1, through training.
#[test]
fn published_steps_come_out_of_training() {
    let dampened = [("momentum", 0.9), ("dampening", 0.5)];
    assert_steps("sgd", &dampened, 0.1, &[1.0; 3], &[-0.1, -0.24, -0.416]);
    let nesterov = [("momentum", 0.9), ("nesterov", 1.0)];
    assert_steps("sgd", &nesterov, 0.1, &[1.0, 0.5], &[-0.19, -0.366]);
    assert_steps("adam", &[("epsilon", 1e-3)], 0.1, &[1e-4], &[-0.009_090_909_090_909_09]);
    assert_steps("adam", &[], 0.1, &[0.01; 2], &[-0.099_999_900_000_1, -0.199_999_800_000_2]);
    assert_steps("adam", &[], 0.1, &[1.0; 3], &[-0.099_999_999, -0.199_999_998, -0.299_999_997]);
}

/// (w − target)² from 0, by PyTorch's rule written out.
fn quadratic(target: f64, rate: f64, [momentum, decay]: [f64; 2], nesterov: bool, n: usize) -> f64 {
    let (mut w, mut v) = (0.0, 0.0);
    for _ in 0..n {
        let g = 2.0 * (w - target) + decay * w;
        v = momentum * v + g;
        w -= rate * if nesterov { g + momentum * v } else { v };
    }
    w
}

#[test]
fn momentum_on_a_quadratic_is_the_sum_on_paper() {
    let rows = targets(&[3.0]);
    for nesterov in [false, true] {
        let (momentum, decay) = (0.9, 0.05);
        let flag = f64::from(u8::from(nesterov));
        let given = [("momentum", momentum), ("weight_decay", decay), ("nesterov", flag)];
        for epochs in [1, 2, 3, 10, 200] {
            let settings = settings("sgd", &given, 0.02, epochs);
            // Without validation the epoch before the last has the last loss that is known; the
            // level itself is what the next epoch would start from.
            let level: Trained<f64> = rows
                .train_parts(&level(1), &named("mse"), &settings, (&[0], &[]), &mut ())
                .unwrap();
            let expected = quadratic(3.0, 0.02, [momentum, decay], nesterov, level.best_epoch);
            assert_near(level.parameters[0][0], expected, 1e-13);
        }
    }
    let found: Trained<f64> =
        rows.train(&level(1), &named("mse"), &settings("sgd", &[], 0.25, 3)).unwrap();
    // 3 − 3·(1 − 2·0.25)³, exactly.
    assert_eq!(found.parameters, [[2.625]]);
}

/// Adam and AdamW on a quadratic, written out from the paper.
#[test]
fn adam_on_a_quadratic_is_the_sum_on_paper() {
    let rows = targets(&[3.0]);
    for (name, decay) in [("adam", 0.0), ("adam", 0.1), ("adamw", 0.1)] {
        let settings = settings(name, &[("weight_decay", decay)], 0.05, 40);
        let trained: Trained<f64> = rows.train(&level(1), &named("mse"), &settings).unwrap();
        let (mut w, mut m, mut v) = (0.0_f64, 0.0, 0.0);
        for t in 1..=trained.best_epoch as i32 {
            let mut g = 2.0 * (w - 3.0);
            if name == "adam" {
                g += decay * w;
            } else {
                w -= 0.05 * decay * w;
            }
            m = 0.9 * m + 0.1 * g;
            v = 0.999 * v + 0.001 * g * g;
            let [first, second] = [0.9, 0.999].map(|beta: f64| 1.0 - libm::pow(beta, t.into()));
            w -= 0.05 * (m / first) / ((v / second).sqrt() + 1e-8);
        }
        assert_near(trained.parameters[0][0], w, 1e-11);
    }
}

/// Case train-multioutput-1: the loss is a mean over the outputs, and so is its gradient.
#[test]
fn the_gradient_of_several_outputs_fits_the_loss() {
    let rows =
        Rows { x: vec![1.0, 3.0], y: vec![0.0, 0.0], width: 2, targets: 2, ..Rows::default() };
    let trained: Trained<f64> =
        rows.train(&level(2), &named("mse"), &settings("sgd", &[], 0.5, 1)).unwrap();
    assert_eq!(trained.history[0].training_loss, 5.0);
    assert_eq!(trained.parameters, [[-0.5, -1.5]]);
}

/// Cases loss-rmse-zero-1 and loss-rmse-mixed-3, through training.
#[test]
fn a_root_passes_its_slope_and_none_where_nothing_is_wrong() {
    let rmse = named("rmse");
    let step = settings("sgd", &[], 0.5, 1);
    let perfect: Trained<f32> = targets(&[0.0, 0.0]).train(&level(1), &rmse, &step).unwrap();
    assert_eq!(perfect.parameters, [[0.0]]);
    assert_eq!(perfect.history[0].training_loss, 0.0);
    // √(4/3), with the slope −2/3/√(4/3).
    let mixed: Trained<f64> = targets(&[0.0, 0.0, 2.0]).train(&level(1), &rmse, &step).unwrap();
    let root = (4.0_f64 / 3.0).sqrt();
    assert_near(mixed.history[0].training_loss, root, 1e-14);
    assert_near(mixed.parameters[0][0], 0.5 * 2.0 / 3.0 / root, 1e-14);
}

/// Case train-accum-1: the gradient of a batch is the mean over its rows.
#[test]
fn the_gradient_of_a_batch_is_the_mean_over_its_rows() {
    let trained: Trained<f64> = targets(&[1.0, 2.0, 6.0])
        .train(&level(1), &slope(), &settings("sgd", &[], 1.0, 1))
        .unwrap();
    assert_near(trained.parameters[0][0], -3.0, 1e-14);
}
