//! What stops a training that leaves the numbers, and where it is said to have done so.

use std::ops::ControlFlow;

use chainrule::losses::Finish;
use chainrule::train::{Callback, Divergence, Settings, Start, Trained};
use chainrule::{Criterion, Error, ErrorKind, Network};

use super::sample::{Rows, named, settings};

fn divergence(result: Result<Trained<f32>, Error>) -> Divergence {
    match result {
        Ok(trained) => trained.diverged.expect("it diverged"),
        Err(error) => match error.kind() {
            ErrorKind::Diverged(divergence) => divergence.clone(),
            other => panic!("{other:?}"),
        },
    }
}

/// A linear network of one input that begins at w and b.
fn line(w: f32, b: f32) -> (Network, Start) {
    let values = Some((vec![vec![w], vec![b]], Vec::new()));
    (Network::new(1).dense(1, "linear"), Start { values, checkpoint: None })
}

/// Counts what it is told.
#[derive(Default)]
struct Count {
    steps: u64,
    epochs: usize,
}

impl Callback for Count {
    fn step(&mut self, step: u64, _: f64) -> ControlFlow<()> {
        self.steps = step;
        ControlFlow::Continue(())
    }

    fn epoch(&mut self, _: &chainrule::train::Epoch) -> ControlFlow<()> {
        self.epochs += 1;
        ControlFlow::Continue(())
    }
}

#[test]
fn the_first_value_and_its_row_are_named() {
    // e^100 is beyond single precision; the other rows are in order.
    let mut x = vec![0.5; 40];
    x[23] = 100.0;
    let rows = Rows::new(1, &x, &[1.0; 40]);
    let network = Network::new(1).dense(1, "exp(x)");
    let start = || Start { values: Some((vec![vec![1.0], vec![0.0]], vec![])), checkpoint: None };
    for threads in [1, 3] {
        let settings = Settings { batch_size: 8, threads, ..settings("sgd", &[], 1e-3, 3) };
        let mut count = Count::default();
        let parts = (&rows.all()[..], &[][..]);
        let result =
            rows.train_from(&network, &named("mse"), &settings, parts, (start(), &mut count));
        let found = divergence(result);
        let origin = found.origin.clone().unwrap();
        assert_eq!((origin.row, origin.value), (Some(23), f64::INFINITY), "{found}");
        assert!(origin.node.starts_with("`exp` "), "{found}");
        assert!(origin.node.contains("layer 1 (dense 1 exp(x))"), "{found}");
        assert_eq!((found.epoch, found.step), (1, Some(count.steps)), "{found}");
        assert!(found.loss == f64::INFINITY && found.advice().contains("row"), "{found}");
        // The run ends with that step.
        assert!(count.steps <= 5 && count.epochs == 0);
    }
}

#[test]
fn an_infinity_that_is_not_chosen_is_not_to_blame() {
    // In the branch that is not taken, log(0) is infinite in each row but one.
    let rows = Rows::new(1, &[0.0, 0.0, 0.0, -1.0], &[0.0; 4]);
    let (network, start) = line(1.0, 0.0);
    let loss = Criterion::new("guarded", Finish::Mean, |_, p| {
        let p = p.clone().sum(0);
        p.clone().less(0.0).select((p.clone() * 1e3).sqrt(), p.clone())
            + p.clone().less(1.0).select(p.clone(), (p * 0.0).log())
    });
    let parts = (&rows.all()[..], &[][..]);
    let settings = settings("sgd", &[], 0.1, 1);
    let found = divergence(rows.train_from(&network, &loss, &settings, parts, (start, &mut ())));
    let origin = found.origin.clone().unwrap();
    assert_eq!((origin.row, origin.node.as_str()), (Some(3), "`sqrt` of the loss guarded"));
    assert!(origin.value.is_nan() && found.loss.is_nan());
}

#[test]
fn a_gradient_without_a_finite_value_stops_the_run_though_the_loss_has_one() {
    // The slope of row 1 is 10/3 of its x, which is beyond single precision.
    let rows = Rows::new(1, &[1.0, 2e38, 3.0], &[0.0; 3]);
    let (network, start) = line(0.0, 0.0);
    let loss = Criterion::new("steep", Finish::Mean, |_, p| p.clone().sum(0) * 10.0);
    let settings = settings("sgd", &[], 1e-3, 5);
    let parts = (&rows.all()[..], &[][..]);
    let found = divergence(rows.train_from(&network, &loss, &settings, parts, (start, &mut ())));
    let origin = found.origin.clone().unwrap();
    assert!(origin.node.ends_with(" of the gradient of the weight of layer 1"), "{found}");
    assert_eq!((origin.row, origin.value), (Some(1), f64::INFINITY), "{found}");
    assert!(found.loss == 0.0 && found.to_string().contains("a gradient or a parameter"));
}

#[test]
fn the_best_epoch_is_kept_and_the_rate_or_the_start_is_named() {
    // Each epoch doubles the distance from the target, until its square is beyond the numbers.
    let rows = Rows::new(1, &[1.0], &[2.0]);
    let (network, start) = line(0.0, 0.0);
    let parts = (&[0][..], &[0][..]);
    let trained: Trained<f32> = rows
        .train_from(
            &network,
            &named("mse"),
            &settings("sgd", &[], 1.0, 400),
            parts,
            (start, &mut ()),
        )
        .unwrap();
    let found = trained.diverged.unwrap();
    assert_eq!(found.epoch, trained.history.len());
    assert!(found.step == Some(found.epoch as u64) && found.origin.is_some(), "{found}");
    assert_eq!(trained.best_epoch, 1);
    assert!(trained.parameters.concat().iter().all(|value| value.is_finite()));

    let (network, start) = line(f32::NAN, 0.0);
    let result: Result<Trained<f32>, Error> = rows.train_from(
        &network,
        &named("mse"),
        &settings("sgd", &[], 0.1, 5),
        parts,
        (start, &mut ()),
    );
    let found = divergence(result);
    assert_eq!(found.origin.unwrap().node, "the weight of layer 1");

    let (network, start) = line(0.0, 0.0);
    let rate = settings("sgd", &[], f64::INFINITY, 5);
    let result = rows.train_from(&network, &named("mse"), &rate, parts, (start, &mut ()));
    let found = divergence(result);
    assert!(found.loss.is_finite() && found.to_string().contains("gradient or a parameter"));
    assert_eq!(found.origin.unwrap().node, "the learning rate");
}

#[test]
fn a_solver_names_it_too() {
    let rows = Rows::new(1, &[1.0, 2.0, 3.0], &[1.0, 1e200, 1.0]);
    let (network, start) = line(1.0, 0.0);
    let parts = (&rows.all()[..], &[][..]);
    let result = rows.train_from(
        &network,
        &named("mse"),
        &settings("lbfgs", &[], 1.0, 5),
        parts,
        (start, &mut ()),
    );
    let found = divergence(result);
    assert_eq!(found.origin.unwrap().row, Some(1));
}
