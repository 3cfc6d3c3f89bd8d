//! A seed decides everything, and the number of threads nothing.

use std::ops::ControlFlow;

use chainrule::clipping::{By, Clipping};
use chainrule::losses::Finish;
use chainrule::schedules::{self, Warmup};
use chainrule::train::{Callback, Settings, Trained};
use chainrule::{Criterion, Network};

use crate::sample::{Rows, assert_near, bits, level, named, settings, targets};

/// Large enough that an engine would use several threads for a batch.
fn wide() -> (Rows, Network, Settings) {
    let rows = Rows::bent(8, 700, 0.2);
    let network =
        Network::new(8).dense(64, "relu").dropout(0.25).dense(64, "tanh").dense(1, "linear");
    (rows, network, Settings { batch_size: 256, ..settings("adam", &[], 1e-3, 3) })
}

fn run(rows: &Rows, network: &Network, settings: &Settings) -> Trained<f32> {
    let (training, validation) = rows.parts(600);
    let parts = (&training[..], &validation[..]);
    rows.train_parts(network, &named("mse"), settings, parts, &mut ()).unwrap()
}

/// Case train-threads-1.
#[test]
fn the_same_bits_for_any_number_of_threads_and_a_second_run() {
    let (rows, network, one) = wide();
    let first = run(&rows, &network, &one);
    for threads in [1, 2, 3, 4, 7, 8] {
        let again = run(&rows, &network, &Settings { threads, ..one.clone() });
        assert_eq!(bits(&again.parameters), bits(&first.parameters), "{threads} threads");
        assert_eq!(again.history, first.history, "{threads} threads");
    }
    // f64 goes through the same templates.
    let in_f64 = |threads| -> Trained<f64> {
        let settings = Settings { threads, ..one.clone() };
        rows.train(&network, &named("rmse"), &settings).unwrap()
    };
    let first = in_f64(1);
    assert_eq!(bits(&first.parameters), bits(&in_f64(3).parameters));
}

/// Schedules, clipping and the solver change nothing of that.
#[test]
fn the_same_bits_with_schedules_clipping_and_the_solver() {
    let (rows, network, plain) = wide();
    let undropped = Network::new(8).dense(64, "tanh").dense(1, "linear");
    let schedule = |text| schedules::Settings::parse(text).unwrap();
    let warmup = Warmup::Steps(2);
    let by_norm = Clipping::new(By::GlobalNorm, 0.05).unwrap();
    let by_each = Clipping::new(By::Norm, 0.05).unwrap();
    let solver = settings("lbfgs", &[("history", 4.0)], 1.0, 6);
    let runs = [
        (&network, Settings { schedule: schedule("cosine"), warmup, ..plain.clone() }),
        (&network, Settings { clip: Some(by_norm), ..plain.clone() }),
        (&network, Settings { clip: Some(by_each), schedule: schedule("one_cycle"), ..plain }),
        (&undropped, solver),
    ];
    for (network, one) in runs {
        let first = run(&rows, network, &one);
        for threads in [1, 2, 3, 8] {
            let again = run(&rows, network, &Settings { threads, ..one.clone() });
            assert_eq!(bits(&again.parameters), bits(&first.parameters), "{one:?} {threads}");
            assert_eq!(again.history, first.history, "{one:?} {threads}");
        }
    }
}

/// A batch that no cache holds is taken in blocks; the chains of its sums go on through them.
#[test]
fn the_same_bits_for_batches_of_many_blocks() {
    let rows = Rows::bent(8, 12_000, 0.2);
    let network = Network::new(8).dense(48, "relu").dropout(0.25).dense(1, "linear");
    let one = Settings { batch_size: 7000, ..settings("sgd", &[], 0.01, 2) };
    let run = |threads| -> Trained<f32> {
        let settings = Settings { threads, ..one.clone() };
        let (training, validation) = rows.parts(11_000);
        rows.train_parts(&network, &named("mse"), &settings, (&training, &validation), &mut ())
            .unwrap()
    };
    let first = run(1);
    for threads in [2, 3, 8] {
        let again = run(threads);
        assert_eq!(bits(&again.parameters), bits(&first.parameters), "{threads} threads");
        assert_eq!(again.history, first.history, "{threads} threads");
    }
}

#[test]
fn another_seed_is_another_run() {
    let (rows, network, settings) = wide();
    let settings = Settings { batch_size: 64, epochs: 1, ..settings };
    let first = run(&rows, &network, &settings);
    for seed in [1, 2, u64::MAX] {
        let other = run(&rows, &network, &Settings { seed, ..settings.clone() });
        assert_ne!(bits(&other.parameters), bits(&first.parameters));
        assert_ne!(other.history, first.history);
    }
    // The parameters before any step are the seed's too, each with numbers of its own.
    let before = |seed| run(&rows, &network, &Settings { seed, epochs: 0, ..settings.clone() });
    let (zero, one) = (before(0), before(1));
    assert_eq!(bits(&zero.parameters), bits(&before(0).parameters));
    for (weights, other) in zero.parameters.iter().zip(&one.parameters).step_by(2) {
        assert!(weights.iter().zip(other).all(|(a, b)| a != b));
    }
}

/// Steps of one row, whose loss is the row's number.
#[derive(Default)]
struct Order(Vec<u32>);

impl Callback for Order {
    fn step(&mut self, _: u64, loss: f64) -> ControlFlow<()> {
        self.0.push(loss as u32);
        ControlFlow::Continue(())
    }
}

fn orders(seed: u64, rows: u32, epochs: usize) -> Vec<Vec<u32>> {
    let y: Vec<f64> = (0..rows).map(f64::from).collect();
    let criterion = Criterion::new("number", Finish::Mean, |y, p| (y + 0.0 * p).sum(0));
    let settings = Settings { batch_size: 1, seed, ..settings("sgd", &[], 0.0, epochs) };
    let rows = targets(&y);
    let mut order = Order::default();
    rows.train_parts::<f32>(&level(1), &criterion, &settings, (&rows.all(), &[]), &mut order)
        .unwrap();
    order.0.chunks(y.len()).map(<[u32]>::to_vec).collect()
}

/// Case train-seed-1: the order of an epoch is of the seed and the epoch's number alone.
#[test]
fn each_epoch_takes_every_row_once_in_an_order_of_its_own() {
    let all = orders(7, 20, 3);
    for order in &all {
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..20));
    }
    assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
    assert_eq!(all, orders(7, 20, 3));
    assert_eq!(all[..2], orders(7, 20, 2));
    assert_ne!(all[0], orders(8, 20, 1)[0]);
    // With the loss of an order being the same each epoch, only the first is the best; the orders
    // went on all the same.
    assert_eq!(all.len(), 3);
}

/// The rows enter training only by their place in the shuffle: in batches of all rows their order
/// changes rounding and nothing else.
#[test]
fn the_order_of_the_rows_matters_through_the_shuffle_alone() {
    let rows = Rows::bent(3, 50, 0.1);
    let network = Network::new(3).dense(8, "tanh").dense(1, "linear");
    let (training, validation) = rows.parts(40);
    let reversed: Vec<u32> = training.iter().rev().copied().collect();
    let settings = settings("sgd", &[("momentum", 0.9)], 0.02, 30);
    let run = |training: &[u32]| -> Trained<f64> {
        rows.train_parts(&network, &named("mse"), &settings, (training, &validation), &mut ())
            .unwrap()
    };
    let (forward, backward) = (run(&training), run(&reversed));
    for (a, b) in forward.history.iter().zip(&backward.history) {
        assert_near(a.training_loss, b.training_loss, 1e-11);
        assert_near(a.validation_loss.unwrap(), b.validation_loss.unwrap(), 1e-11);
    }
}

/// Validation takes no part: other rows, or none, leave every step as it is.
#[test]
fn validation_changes_no_parameter() {
    let rows = Rows::bent(3, 60, 0.1);
    let network = Network::new(3).dense(8, "relu").dropout(0.5).dense(1, "linear");
    let (training, validation) = rows.parts(40);
    let settings = Settings { batch_size: 16, ..settings("adam", &[], 0.01, 4) };
    let losses = |validation: &[u32]| -> Vec<f64> {
        let trained: Trained<f32> = rows
            .train_parts(&network, &named("mse"), &settings, (&training, validation), &mut ())
            .unwrap();
        trained.history.iter().map(|epoch| epoch.training_loss).collect()
    };
    let without = losses(&[]);
    assert_eq!(without.len(), 4);
    assert_eq!(losses(&validation), without);
    assert_eq!(losses(&validation[..3]), without);
}
