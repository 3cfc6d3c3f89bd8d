//! Layers, losses and callbacks of one's own.

use std::ops::ControlFlow;

use chainrule::data::{Link, ScaledTarget, TargetEncoder};
use chainrule::layers::{Builder, Layer};
use chainrule::losses::Finish;
use chainrule::model::{Inputs, Model, Summary};
use chainrule::train::{Callback, Epoch, Settings, Trained};
use chainrule::{Criterion, Expr, Network};
use chainrule_core::random;
use chainrule_core::random::Stream;

use crate::sample::{Rows, assert_near, bits, named, settings};

/// Subtracts a running mean of its input: of the batch in training too, so that the two agree.
#[derive(Debug)]
pub struct Centre;

pub const KEPT: f64 = 0.75;

impl Layer for Centre {
    fn name(&self) -> &str {
        "centre"
    }

    fn build(&self, builder: &mut Builder, input: &Expr) -> Expr {
        let mean = builder.state("mean", &input.shape().dims, 0.5);
        let of_batch = input.clone().mean_over_rows(&(input.clone().sum(0) * 0.0 + 1.0));
        builder.update("mean", KEPT * &mean + (1.0 - KEPT) * of_batch);
        input - mean
    }
}

/// What the state is after each step, for one column.
fn running(x: &[f64], settings: &Settings) -> Vec<f64> {
    let mut mean = 0.5;
    let mut after = Vec::new();
    for epoch in 1..=settings.epochs {
        let order = random::shuffle(settings.seed, epoch as u64, x.len() as u32);
        for batch in order.chunks(settings.batch_size) {
            let sum: f64 = batch.iter().map(|&row| x[row as usize]).sum();
            mean = KEPT * mean + (1.0 - KEPT) * sum / batch.len() as f64;
            after.push(mean);
        }
    }
    after
}

#[test]
fn a_state_is_updated_at_each_step_and_used_in_prediction() {
    let x = [4.0, -1.0, 2.5, 8.0, 0.25];
    let rows = Rows::new(1, &x, &[1.0; 5]);
    // The loss is the output itself, so that validation shows the state.
    let shown = Criterion::new("shown", Finish::Mean, |y, p| (y * p).sum(0));
    let settings = Settings { batch_size: 2, ..settings("sgd", &[], 0.1, 4) };
    let network = Network::new(1).layer(Centre);
    let all = rows.all();
    let trained: Trained<f64> =
        rows.train_parts(&network, &shown, &settings, (&all, &all), &mut ()).unwrap();
    let states = running(&x, &settings);
    assert_eq!(states.len(), 12);
    let mean = x.iter().sum::<f64>() / 5.0;
    for (epoch, states) in trained.history.iter().zip(states.chunks(3)) {
        assert_near(epoch.validation_loss.unwrap(), mean - states[2], 1e-14);
    }
    // What is kept is the state of the best epoch, not of the last.
    let kept = states[3 * trained.best_epoch - 1];
    assert!(trained.parameters.is_empty());
    assert_near(trained.states[0][0], kept, 1e-14);
}

#[test]
fn a_state_stands_between_layers_with_parameters_and_is_kept_with_them() {
    let rows = Rows::bent(2, 60, 0.5);
    let network = Network::new(2).dense(6, "tanh").layer(Centre).dense(1, "linear");
    let (training, validation) = rows.parts(40);
    let settings = Settings { batch_size: 8, patience: 5, ..settings("adam", &[], 0.03, 300) };
    let run = |epochs, threads| -> Trained<f32> {
        let settings = Settings { epochs, threads, ..settings.clone() };
        rows.train_parts(&network, &named("mse"), &settings, (&training, &validation), &mut ())
            .unwrap()
    };
    let trained = run(300, 1);
    assert!(trained.best_epoch < trained.history.len());
    assert_eq!((trained.states.len(), trained.states[0].len()), (1, 6));
    let short = run(trained.best_epoch, 3);
    assert_eq!(bits(&short.states), bits(&trained.states));
    assert_eq!(bits(&short.parameters), bits(&trained.parameters));

    // A model of it predicts with the state: its error is the history's.
    let model = array_model(network, &trained);
    let x: Vec<f32> = rows.x.iter().map(|&x| x as f32).collect();
    let mut predicted = vec![0.0; 60];
    model.predictor(1).unwrap().predict_into(&x, &mut predicted).unwrap();
    let error = |row: usize| (predicted[row] - rows.y[row]) * (predicted[row] - rows.y[row]);
    let loss = (40..60).map(error).sum::<f64>() / 20.0;
    let best = trained.history[trained.best_epoch - 1].validation_loss.unwrap();
    assert_near(loss, best, 1e-5);
}

/// A model on rows of numbers that predicts one number in its own units.
fn array_model(network: Network, trained: &Trained<f32>) -> Model {
    let output = ScaledTarget { column: "y".to_owned(), mean: 0.0, std: 1.0, link: Link::Identity };
    Model {
        inputs: Inputs::Array { width: network.inputs() },
        network,
        target: TargetEncoder::Regression { outputs: vec![output] },
        parameters: trained.parameters.clone(),
        states: trained.states.clone(),
        summary: Summary {
            version: "0".to_owned(),
            explanation: String::new(),
            loss: "mse".to_owned(),
            optimizer: "adam".to_owned(),
            learning_rate: 0.03,
            batch_size: 8,
            seed: 0,
            training_rows: 40,
            validation_rows: 20,
            epochs: trained.history.len(),
            best_epoch: trained.best_epoch,
            validation: Vec::new(),
            ended: None,
        },
    }
}

/// A layer with a parameter of two dimensions that is not the last's: a bilinear gate.
#[derive(Debug)]
struct Gate(usize);

impl Layer for Gate {
    fn name(&self) -> &str {
        "gate"
    }

    fn build(&self, builder: &mut Builder, input: &Expr) -> Expr {
        let width = input.shape().dims[0];
        let value = builder.parameter("value", &[width, self.0], "glorot_uniform");
        let gate = builder.parameter("gate", &[width, self.0], "glorot_normal");
        let noise = match builder.training() {
            true => builder.uniform(chainrule::Shape::rows(&[self.0])) - 0.5,
            false => Expr::constant(0.0),
        };
        input.clone().matmul(&value) * (input.clone().matmul(&gate) + 0.01 * noise).sigmoid()
    }
}

#[test]
fn a_layer_of_ones_own_learns_and_threads_change_nothing() {
    let mut stream = Stream::new(9, 1);
    let x: Vec<f64> = (0..800).map(|_| stream.normal()).collect();
    // x·sigmoid(2x): what one gate can be.
    let gated = |x: &[f64]| x[0] / (1.0 + libm::exp(-2.0 * x[0])) + 0.5 * x[1];
    let y: Vec<f64> = x.chunks(2).map(gated).collect();
    let rows = Rows::new(2, &x, &y);
    let network = Network::new(2).layer(Gate(8)).dense(1, "linear");
    let run = |threads| -> Trained<f32> {
        let settings = Settings { batch_size: 100, threads, ..settings("adam", &[], 0.03, 60) };
        rows.train(&network, &named("mse"), &settings).unwrap()
    };
    let trained = run(1);
    let (first, last) = (&trained.history[0], &trained.history[59]);
    assert!(last.training_loss < first.training_loss / 50.0, "{first:?} {last:?}");
    assert_eq!(bits(&run(4).parameters), bits(&trained.parameters));
    let described = network.describe().unwrap();
    assert_eq!((described[0].name.as_str(), described[0].parameters), ("gate", 32));
}

#[test]
fn a_loss_by_expression_is_as_good_as_a_named_one() {
    let rows = Rows::bent(3, 50, 0.1);
    let network = Network::new(3).dense(8, "relu").dense(1, "linear");
    let settings = Settings { batch_size: 16, ..settings("adam", &[], 0.01, 8) };
    let all = rows.all();
    let run = |criterion: &Criterion| -> Trained<f32> {
        rows.train_parts(&network, criterion, &settings, (&all, &all[..20]), &mut ()).unwrap()
    };
    let squares = |y: &Expr, p: &Expr| (p - y).powf(2.0).sum(0);
    for (name, finish) in [("mse", Finish::Mean), ("rmse", Finish::Root)] {
        let (own, built_in) = (run(&Criterion::new("own", finish, squares)), run(&named(name)));
        for (a, b) in own.history.iter().zip(&built_in.history) {
            assert_near(a.training_loss, b.training_loss, 1e-5);
            assert_near(a.validation_loss.unwrap(), b.validation_loss.unwrap(), 1e-5);
        }
    }
    // log cosh, far out where cosh itself overflows.
    let log_cosh = Criterion::new("log cosh", Finish::Mean, |y, p| {
        let error = (p - y).abs();
        (&error + (-2.0 * &error).exp().log1p() - std::f64::consts::LN_2).sum(0)
    });
    let far = Rows { y: rows.y.iter().map(|y| y + 1e6).collect(), ..rows.clone() };
    let trained: Trained<f32> = far.train(&network, &log_cosh, &settings).unwrap();
    assert!(trained.history.iter().all(|epoch| epoch.training_loss.is_finite()));
    assert_eq!(log_cosh.name(), "log cosh");
}

/// Writes down what it is told.
#[derive(Default)]
struct Diary {
    steps: Vec<(u64, f64)>,
    outputs: Vec<Vec<f64>>,
    epochs: Vec<Epoch>,
}

impl Callback for Diary {
    fn step(&mut self, step: u64, loss: f64) -> ControlFlow<()> {
        self.steps.push((step, loss));
        ControlFlow::Continue(())
    }

    fn epoch(&mut self, epoch: &Epoch) -> ControlFlow<()> {
        self.epochs.push(epoch.clone());
        ControlFlow::Continue(())
    }

    fn metrics(&mut self, outputs: &[f64]) -> Vec<chainrule::metrics::Measured> {
        self.outputs.push(outputs.to_vec());
        let largest = outputs.iter().copied().fold(f64::MIN, f64::max);
        vec![("largest".into(), largest), ("calls".into(), 1.0)]
    }
}

#[test]
fn a_callback_sees_steps_epochs_and_the_outputs_of_the_validation_rows() {
    let mut rows = Rows::bent(2, 12, 0.0);
    rows.targets = 2;
    rows.y = rows.y.iter().flat_map(|&y| [y, 2.0 * y]).collect();
    let network = Network::new(2).dense(4, "tanh").dense(2, "linear");
    let settings = Settings { batch_size: 4, ..settings("sgd", &[], 0.05, 3) };
    // Rows are given out of order, and one of them twice.
    let (training, validation) = ([0, 5, 2, 7, 4, 6], [11, 8, 8, 10]);
    let mut diary = Diary::default();
    let parts = (&training[..], &validation[..]);
    let trained: Trained<f64> =
        rows.train_parts(&network, &named("mse"), &settings, parts, &mut diary).unwrap();
    assert!(diary.steps.iter().map(|(step, _)| *step).eq(1..=6));
    assert_eq!(diary.epochs, trained.history);
    assert_eq!(diary.outputs.len(), 3);
    for (epoch, outputs) in trained.history.iter().zip(&diary.outputs) {
        assert_eq!(outputs.len(), 8);
        let largest = outputs.iter().copied().fold(f64::MIN, f64::max);
        assert_eq!(epoch.metrics, [("largest".into(), largest), ("calls".into(), 1.0)]);
        // The outputs are those of the rows in the order given.
        let squares = validation.iter().zip(outputs.chunks(2)).map(|(&row, p)| {
            let y = &rows.y[2 * row as usize..][..2];
            ((p[0] - y[0]) * (p[0] - y[0]) + (p[1] - y[1]) * (p[1] - y[1])) / 2.0
        });
        assert_near(squares.sum::<f64>() / 4.0, epoch.validation_loss.unwrap(), 1e-13);
        assert_eq!(outputs[2..4], outputs[4..6]);
    }
    // Without validation rows there is nothing to measure.
    let mut diary = Diary::default();
    rows.train_parts::<f64>(&network, &named("mse"), &settings, (&training, &[]), &mut diary)
        .unwrap();
    assert_eq!((diary.outputs.len(), diary.epochs.len()), (0, 3));
}

/// Adds in prediction what training never looks at.
#[derive(Debug)]
struct Late;

impl Layer for Late {
    fn name(&self) -> &str {
        "late"
    }

    fn build(&self, builder: &mut Builder, input: &Expr) -> Expr {
        let shift = builder.state("shift", &input.shape().dims, 2.5);
        if builder.training() { input.clone() } else { input + shift }
    }
}

#[test]
fn a_state_that_only_prediction_reads_has_its_first_value() {
    let rows = Rows::new(1, &[4.0, -1.0], &[1.0; 2]);
    let shown = Criterion::new("shown", Finish::Mean, |y, p| (y * p).sum(0));
    let network = Network::new(1).layer(Late);
    let still = settings("sgd", &[], 0.0, 1);
    let parts = (&[0, 1][..], &[0, 1][..]);
    let trained: Trained<f32> = rows.train_parts(&network, &shown, &still, parts, &mut ()).unwrap();
    assert_eq!(trained.history[0].training_loss, 1.5);
    assert_eq!(trained.history[0].validation_loss, Some(4.0));
    assert_eq!(trained.states, [[2.5]]);
    let mut predicted = [0.0; 2];
    let predictor = array_model(network, &trained).predictor(1).unwrap();
    predictor.predict_into(&[4.0, -1.0], &mut predicted).unwrap();
    assert_eq!(predicted, [6.5, 1.5]);
}

/// What needs a name of its own in a network has one: two layers of a kind do not share.
#[test]
fn two_layers_of_a_kind_have_parameters_and_states_of_their_own() {
    let network = Network::new(2).layer(Centre).dense(2, "linear").layer(Centre).dense(2, "relu");
    let built = network.build(true).unwrap();
    let parameters: Vec<&str> = built.parameters.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(parameters, ["1.weight", "1.bias", "3.weight", "3.bias"]);
    let states: Vec<&str> = built.states.iter().map(|state| state.name.as_str()).collect();
    assert_eq!(states, ["0.mean", "2.mean"]);
    let initial = built.initial_parameters(0);
    assert_ne!(initial[0], initial[2]);
    assert_eq!(initial, network.build(false).unwrap().initial_parameters(0));
    assert_ne!(initial, built.initial_parameters(1));
}
