//! When training ends, and which epoch's parameters it gives.

use std::ops::ControlFlow;

use chainrule::losses::Finish;
use chainrule::train::{Callback, Epoch, Settings, Trained};
use chainrule::{Criterion, Expr, Network};

use crate::sample::{Rows, assert_near, bits, level, named, settings, targets};

/// A level that rises by 1 each epoch, with a validation loss of its own choice for each level:
/// the training row (y = 0) has the loss −level, the validation row (y = 1) the k-th of `losses`.
fn scripted(losses: &[f64], settings: &Settings, callback: &mut dyn Callback) -> Trained<f64> {
    let losses = losses.to_vec();
    let criterion = Criterion::new("scripted", Finish::Mean, move |y, p| {
        let (y, p) = (y.clone().sum(0), p.clone().sum(0));
        let none = Expr::constant(0.0);
        let table = losses.iter().enumerate().fold(none, |rest, (epoch, &loss)| {
            p.clone().equals(epoch as f64 + 1.0).select(loss, rest)
        });
        y.equals(0.0).select(-&p, table)
    });
    let rows = targets(&[0.0, 1.0]);
    rows.train_parts(&level(1), &criterion, settings, (&[0], &[1]), callback).unwrap()
}

fn scripted_settings(epochs: usize, patience: usize) -> Settings {
    Settings { patience, ..settings("sgd", &[], 1.0, epochs) }
}

/// Case train-earlystop-1: also where the run ends before patience does.
#[test]
fn the_best_epoch_is_restored_though_nothing_stopped_early() {
    let losses = [0.9, 0.7, 0.6, 0.65, 0.62];
    let trained = scripted(&losses, &scripted_settings(5, 10), &mut ());
    assert_eq!((trained.best_epoch, trained.history.len()), (3, 5));
    assert_eq!(trained.parameters, [[3.0]]);
    assert!(!trained.interrupted);
    let found: Vec<_> = trained.history.iter().map(|epoch| epoch.validation_loss).collect();
    assert_eq!(found, losses.map(Some));
    let best: Vec<_> = trained.history.iter().map(|epoch| epoch.best).collect();
    assert_eq!(best, [true, true, true, false, false]);
    assert!(trained.history.iter().map(|epoch| epoch.number).eq(1..=5));
}

/// Case train-earlystop-alias-3: what is kept does not move on with the network.
#[test]
fn the_parameters_kept_are_those_of_the_best_epoch() {
    let trained = scripted(&[0.3, 0.1, 0.2], &scripted_settings(3, 9), &mut ());
    assert_eq!((trained.best_epoch, trained.parameters), (2, vec![vec![2.0]]));
}

#[test]
fn patience_counts_the_epochs_since_the_best() {
    let losses = [0.5, 0.4, 0.4, 0.45, 0.41, 0.39, 0.6, 0.6, 0.6, 0.1];
    for (patience, best, epochs) in [(1, 2, 3), (3, 2, 5), (4, 10, 10), (5, 10, 10)] {
        let trained = scripted(&losses, &scripted_settings(10, patience), &mut ());
        let found = (trained.best_epoch, trained.history.len());
        assert_eq!(found, (best, epochs), "patience {patience}");
        assert_eq!(trained.parameters, [[best as f64]], "patience {patience}");
        assert!(!trained.interrupted);
    }
}

/// Case train-nan-sort-6: of scores (higher is better) 0.7, NaN and 0.9 the last is the best.
#[test]
fn train_nan_sort_6() {
    let losses = [0.7, f64::NAN, 0.9].map(|score| -score);
    let trained = scripted(&losses, &scripted_settings(3, 10), &mut ());
    assert_eq!((trained.best_epoch, trained.parameters), (3, vec![vec![3.0]]));
}

#[test]
fn a_loss_that_is_no_number_is_never_the_best() {
    let losses = [0.5, f64::NAN, 0.4, f64::INFINITY, f64::NAN, 0.45];
    let trained = scripted(&losses, &scripted_settings(6, 10), &mut ());
    assert_eq!((trained.best_epoch, trained.parameters), (3, vec![vec![3.0]]));
    // −∞ is no number either: what gives it is not worth keeping.
    let trained = scripted(&[0.5, f64::NEG_INFINITY, 0.4], &scripted_settings(3, 10), &mut ());
    assert_eq!((trained.best_epoch, trained.parameters), (3, vec![vec![3.0]]));
}

/// Ends training after an epoch or a step.
struct End {
    epoch: usize,
    step: u64,
    steps: Vec<u64>,
    epochs: Vec<usize>,
}

impl End {
    fn at_epoch(epoch: usize) -> Self {
        Self { epoch, step: 0, steps: Vec::new(), epochs: Vec::new() }
    }

    fn at_step(step: u64) -> Self {
        Self { epoch: 0, step, steps: Vec::new(), epochs: Vec::new() }
    }
}

fn flow(end: bool) -> ControlFlow<()> {
    if end { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

impl Callback for End {
    fn step(&mut self, step: u64, _: f64) -> ControlFlow<()> {
        self.steps.push(step);
        flow(step == self.step)
    }

    fn epoch(&mut self, epoch: &Epoch) -> ControlFlow<()> {
        self.epochs.push(epoch.number);
        flow(epoch.number == self.epoch)
    }
}

#[test]
fn a_break_after_an_epoch_keeps_the_best_so_far() {
    let mut end = End::at_epoch(4);
    let trained = scripted(&[0.9, 0.2, 0.6, 0.7, 0.1], &scripted_settings(5, 10), &mut end);
    assert!(trained.interrupted);
    assert_eq!((trained.best_epoch, trained.history.len()), (2, 4));
    assert_eq!(trained.parameters, [[2.0]]);
    assert_eq!(end.epochs, [1, 2, 3, 4]);
}

#[test]
fn steps_count_on_from_epoch_to_epoch_and_a_break_ends_them_at_once() {
    let rows = Rows::bent(2, 10, 0.1);
    let network = Network::new(2).dense(3, "tanh").dense(1, "linear");
    let (training, validation) = rows.parts(7);
    let settings = Settings { batch_size: 3, ..settings("sgd", &[], 0.05, 9) };
    let run = |end: &mut End, epochs| {
        let settings = Settings { epochs, ..settings.clone() };
        let parts = (&training[..], &validation[..]);
        rows.train_parts::<f32>(&network, &named("mse"), &settings, parts, end).unwrap()
    };
    // Seven rows in batches of three are three steps.
    let mut never = End::at_step(0);
    assert!(!run(&mut never, 2).interrupted);
    assert_eq!(never.steps, [1, 2, 3, 4, 5, 6]);
    let mut end = End::at_step(5);
    let trained = run(&mut end, 9);
    assert!(trained.interrupted);
    assert_eq!(end.steps, [1, 2, 3, 4, 5]);
    // The second epoch is none: it was not finished.
    assert_eq!((trained.history.len(), trained.best_epoch), (1, 1));
    let finished = run(&mut End::at_step(0), 1);
    assert_eq!(trained.history, finished.history);
    assert_eq!(trained.parameters, finished.parameters);
    // Before there is any epoch, what there is is kept.
    let trained = run(&mut End::at_step(2), 9);
    assert_eq!((trained.history.len(), trained.best_epoch), (0, 0));
    assert!(trained.interrupted && trained.parameters != finished.parameters);
}

/// The output of a network of one hidden layer of tanh for one row.
fn forward(parameters: &[Vec<f64>], x: &[f64]) -> f64 {
    let [w1, b1, w2, b2] = parameters else { panic!("{} parameters", parameters.len()) };
    let units = b1.len();
    let hidden = (0..units).map(|unit| {
        let sum: f64 = x.iter().enumerate().map(|(i, x)| x * w1[i * units + unit]).sum();
        libm::tanh(sum + b1[unit])
    });
    hidden.zip(w2).map(|(h, w)| h * w).sum::<f64>() + b2[0]
}

#[test]
fn the_parameters_give_the_least_validation_loss_of_the_history() {
    let rows = Rows::bent(3, 40, 0.8);
    let network = Network::new(3).dense(16, "tanh").dense(1, "linear");
    let (training, validation) = rows.parts(20);
    let parts = (&training[..], &validation[..]);
    let settings = Settings { batch_size: 4, patience: 15, ..settings("adam", &[], 0.02, 400) };
    let trained: Trained<f64> =
        rows.train_parts(&network, &named("mse"), &settings, parts, &mut ()).unwrap();
    let losses: Vec<f64> = trained.history.iter().map(|e| e.validation_loss.unwrap()).collect();
    let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(losses[trained.best_epoch - 1], least);
    // It overfits: the best epoch is neither the first nor the last.
    assert!(trained.best_epoch > 1 && losses.len() == trained.best_epoch + 15, "{losses:?}");
    let error = |&row: &u32| {
        let row = row as usize;
        let error = forward(&trained.parameters, &rows.x[3 * row..][..3]) - rows.y[row];
        error * error
    };
    let loss = validation.iter().map(error).sum::<f64>() / validation.len() as f64;
    assert_near(loss, least, 1e-12);
    // A run that ends with that epoch has the same parameters.
    let settings = Settings { epochs: trained.best_epoch, ..settings };
    let short: Trained<f64> =
        rows.train_parts(&network, &named("mse"), &settings, parts, &mut ()).unwrap();
    assert_eq!(bits(&short.parameters), bits(&trained.parameters));
    assert_eq!(short.history[..], trained.history[..trained.best_epoch]);
}
