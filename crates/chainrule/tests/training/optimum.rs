//! Training reaches what algebra says it must reach.

use chainrule::Network;
use chainrule::engine::Number;
use chainrule::train::{Settings, Trained};
use chainrule_core::random::Stream;

use crate::sample::{Rows, assert_near, named, settings};

/// The least-squares solution of y ≈ x·w + b, by the normal equations: w, then b.
pub fn least_squares(rows: &Rows) -> Vec<f64> {
    let n = rows.width + 1;
    let with_one = |row: usize| {
        let mut x = rows.x[row * rows.width..][..rows.width].to_vec();
        x.push(1.0);
        x
    };
    let mut system = vec![vec![0.0; n + 1]; n];
    for row in 0..rows.count() {
        let x = with_one(row);
        for i in 0..n {
            for j in 0..n {
                system[i][j] += x[i] * x[j];
            }
            system[i][n] += x[i] * rows.y[row];
        }
    }
    for i in 0..n {
        let pivot = system[i].clone();
        for (k, other) in system.iter_mut().enumerate() {
            if k != i {
                let factor = other[i] / pivot[i];
                other.iter_mut().zip(&pivot).for_each(|(a, b)| *a -= factor * b);
            }
        }
    }
    (0..n).map(|i| system[i][n] / system[i][i]).collect()
}

/// A plane with a little noise.
pub fn plane() -> Rows {
    let mut stream = Stream::new(3, 0);
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for _ in 0..60 {
        let [a, b, c] = [stream.normal(), stream.normal(), stream.normal()];
        y.push(2.0 * a - 0.5 * b + c + 3.0 + 0.01 * stream.normal());
        x.extend([a, b, c]);
    }
    Rows::new(3, &x, &y)
}

/// 1 − SSE/SST of a plane's predictions.
fn r2<T: Number>(rows: &Rows, parameters: &[Vec<T>]) -> f64 {
    let [w, b] = parameters else { panic!("{} parameters", parameters.len()) };
    let mean = rows.y.iter().sum::<f64>() / rows.y.len() as f64;
    let (mut residual, mut total) = (0.0, 0.0);
    for (x, y) in rows.x.chunks(rows.width).zip(&rows.y) {
        let p: f64 = x.iter().zip(w).map(|(x, w)| x * w.to_f64()).sum::<f64>() + b[0].to_f64();
        residual += (y - p) * (y - p);
        total += (y - mean) * (y - mean);
    }
    1.0 - residual / total
}

#[test]
fn a_linear_network_reaches_the_least_squares_solution() {
    let rows = plane();
    let network = Network::new(3).dense(1, "linear");
    let expected = least_squares(&rows);
    let nesterov: &[(&str, f64)] = &[("momentum", 0.9), ("nesterov", 1.0)];
    for given in [&[][..], &[("momentum", 0.9)], nesterov] {
        let rate = if given.is_empty() { 0.2 } else { 0.05 };
        let settings = settings("sgd", given, rate, 600);
        let trained: Trained<f64> = rows.train(&network, &named("mse"), &settings).unwrap();
        let found: Vec<f64> = trained.parameters.concat();
        for (&found, &expected) in found.iter().zip(&expected) {
            assert_near(found, expected, 1e-6);
        }
        assert!(r2(&rows, &trained.parameters) > 0.999);
    }
}

#[test]
fn batches_in_single_precision_come_as_near_as_they_can() {
    let rows = plane();
    let network = Network::new(3).dense(1, "linear");
    for (optimizer, rate) in [("sgd", 0.05), ("adam", 0.05), ("adamw", 0.05)] {
        for loss in ["mse", "rmse", "mae", "r2"] {
            let given: &[(&str, f64)] = match optimizer {
                "adamw" => &[("weight_decay", 0.0)],
                _ => &[],
            };
            // A last batch of four.
            let settings = Settings { batch_size: 8, ..settings(optimizer, given, rate, 200) };
            let trained: Trained<f32> = rows.train(&network, &named(loss), &settings).unwrap();
            let found = r2(&rows, &trained.parameters);
            assert!(found > 0.999, "{optimizer} {loss}: {found}");
        }
    }
}

/// With one input that is 0 or 1, the best probabilities are the shares of each group.
#[test]
fn logistic_regression_reaches_the_shares_of_the_groups() {
    // Of five zeros one is yes, of eight ones six are.
    let x = [[0.0; 5].as_slice(), &[1.0; 8]].concat();
    let yes = [0, 5, 6, 7, 8, 9, 10];
    let y: Vec<f64> = (0..13).map(|row| f64::from(u8::from(yes.contains(&row)))).collect();
    let rows = Rows::new(1, &x, &y);
    let network = Network::new(1).dense(1, "linear");
    let settings = settings("sgd", &[("momentum", 0.9)], 0.5, 800);
    let trained: Trained<f64> =
        rows.train(&network, &named("binary_cross_entropy"), &settings).unwrap();
    let [w, b] = &trained.parameters[..] else { panic!("two parameters") };
    assert_near(b[0], libm::log(0.25), 1e-6);
    assert_near(w[0] + b[0], libm::log(3.0), 1e-6);
    // The least loss is the entropy of the groups.
    let entropy = |p: f64| -(p * libm::log(p) + (1.0 - p) * libm::log(1.0 - p));
    let least = (5.0 * entropy(0.2) + 8.0 * entropy(0.75)) / 13.0;
    assert_near(trained.history[trained.best_epoch - 1].training_loss, least, 1e-9);
}

#[test]
fn softmax_regression_reaches_the_shares_of_the_classes() {
    let y = [0.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0];
    let network = Network::new(1).dense(4, "linear");
    let settings = settings("sgd", &[("momentum", 0.9)], 0.3, 600);
    let share = |z: &[f64]| {
        let sum: f64 = z.iter().map(|&z| libm::exp(z)).sum();
        z.iter().map(|&z| libm::exp(z) / sum).collect::<Vec<f64>>()
    };
    let classes = Rows::new(1, &[0.0; 10], &y);
    let trained: Trained<f64> =
        classes.train(&network, &named("categorical_cross_entropy"), &settings).unwrap();
    let expected = [0.1, 0.2, 0.4, 0.3];
    for (&found, &expected) in share(&trained.parameters[1]).iter().zip(&expected) {
        assert_near(found, expected, 1e-6);
    }
    // One row of probabilities says the same.
    let soft = Rows { x: vec![0.0], y: expected.to_vec(), width: 1, targets: 4, ..Rows::default() };
    let trained: Trained<f64> =
        soft.train(&network, &named("categorical_cross_entropy"), &settings).unwrap();
    for (&found, &expected) in share(&trained.parameters[1]).iter().zip(&expected) {
        assert_near(found, expected, 1e-6);
    }
}

/// Several outputs are learned side by side, each as if it were alone: the mean over them only
/// makes each gradient smaller.
#[test]
fn outputs_are_learned_side_by_side() {
    let rows = plane();
    let both: Vec<f64> = rows.y.iter().flat_map(|&y| [y, -3.0 * y + 1.0]).collect();
    let two = Rows { y: both, targets: 2, ..rows.clone() };
    let network = Network::new(3).dense(2, "linear");
    let settings = settings("sgd", &[], 0.4, 600);
    let trained: Trained<f64> = two.train(&network, &named("mse"), &settings).unwrap();
    let expected = least_squares(&rows);
    let [w, b] = &trained.parameters[..] else { panic!("two parameters") };
    for i in 0..3 {
        assert_near(w[2 * i], expected[i], 1e-6);
        assert_near(w[2 * i + 1], -3.0 * expected[i], 1e-6);
    }
    assert_near(b[0], expected[3], 1e-6);
    assert_near(b[1], -3.0 * expected[3] + 1.0, 1e-6);
}

/// f32 follows f64 as far as its digits go.
#[test]
fn single_precision_follows_double() {
    let rows = Rows::bent(3, 64, 0.1);
    let network = Network::new(3).dense(8, "tanh").dense(1, "linear");
    let settings = Settings { batch_size: 16, ..settings("sgd", &[("momentum", 0.5)], 0.05, 10) };
    let single: Trained<f32> = rows.train(&network, &named("mse"), &settings).unwrap();
    let double: Trained<f64> = rows.train(&network, &named("mse"), &settings).unwrap();
    for (a, b) in single.history.iter().zip(&double.history) {
        assert_near(a.training_loss, b.training_loss, 1e-5);
    }
    for (a, b) in single.parameters.concat().iter().zip(double.parameters.concat()) {
        assert_near(f64::from(*a), b, 1e-4);
    }
}

/// A network of one hidden layer learns what no line can.
#[test]
fn hidden_units_learn_exclusive_or() {
    let x = [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0];
    let rows = Rows::new(2, &x, &[0.0, 1.0, 1.0, 0.0]);
    for activation in ["tanh", "relu", "sigmoid"] {
        let network = Network::new(2).dense(16, activation).dense(1, "linear");
        let settings = settings("adam", &[], 0.05, 600);
        let trained: Trained<f32> =
            rows.train(&network, &named("binary_cross_entropy"), &settings).unwrap();
        let loss = trained.history[trained.best_epoch - 1].training_loss;
        assert!(loss < 0.02, "{activation}: {loss}");
    }
}
