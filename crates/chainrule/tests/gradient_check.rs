//! Checking gradients: right ones pass, wrong ones are found and named, kinks are no failures.

use chainrule::activations::ACTIVATIONS;
use chainrule::data::{ReadOptions, Table};
use chainrule::engine::{Data as Numbers, Matrices, Matrix};
use chainrule::estimator::{Normalization, Plan, Recipe};
use chainrule::gradient_check::{GradientCheck, Settings, check, check_model};
use chainrule::losses::{Finish, LOSSES, Output, loss};
use chainrule::train::Data;
use chainrule::{Criterion, Expr, Network};
use chainrule_core::random::Stream;

/// Rows of three numbers, the second a code below 4, with targets of some width.
struct Rows {
    x: Vec<f64>,
    y: Vec<f64>,
    width: usize,
}

impl Rows {
    fn new(count: usize, output: Output, width: usize) -> Self {
        let mut stream = Stream::new(11, 0);
        let x = (0..count)
            .flat_map(|_| [stream.normal(), stream.below(4) as f64, stream.normal()])
            .collect();
        let y = |place: usize| match (output, width) {
            (Output::Logits, 1) => (place % 3) as f64,
            (Output::Logits, _) => [0.2, 0.3, 0.5][place % 3],
            (Output::Logit, _) => [0.0, 1.0, 0.25][place % 3],
            _ => [0.3, 2.0, 1.1, 0.7][place % 4],
        };
        Self { x, y: (0..count * width).map(y).collect(), width }
    }

    /// The check at random parameters, or at those given.
    fn check(
        &self,
        network: &Network,
        criterion: &Criterion,
        parameters: Option<&[Vec<f64>]>,
        settings: &Settings,
    ) -> GradientCheck {
        let count = self.x.len() / 3;
        let x = Matrix::new(Numbers::F64(&self.x), count, 3).unwrap();
        let y = Matrix::new(Numbers::F64(&self.y), count, self.width).unwrap();
        let source = Matrices::new(&[("x", x), ("y", y)]).unwrap();
        let rows: Vec<u32> = (0..count as u32).collect();
        let data = Data { source: &source, training: &rows, validation: &[] };
        let built = network.build(true).unwrap();
        let mut stream = Stream::new(2, 5);
        let mut own = built.initial_parameters(3);
        own.iter_mut().flatten().for_each(|w| *w += 0.3 * stream.normal());
        let states: Vec<Vec<f64>> =
            built.states.iter().map(|s| vec![s.initial; s.dims.iter().product()]).collect();
        let parameters = parameters.unwrap_or(&own);
        check(network, criterion, data, (parameters, &states), settings).unwrap()
    }
}

const ALL: Settings = Settings { most: None, tolerance: 1e-6, seed: 0, threads: 1 };

#[track_caller]
fn passes(found: &GradientCheck, what: &str) {
    let (parameter, worst) = found.worst().unwrap();
    assert!(found.passed(), "{what}: {} {worst:?}", parameter.name);
}

#[test]
fn every_layer_and_every_activation_passes() {
    let new = || Network::new(3);
    let mut networks = vec![
        new().dense(6, "linear").batch_norm().activation("tanh"),
        new().dense(6, "linear").layer_norm().activation("relu"),
        new().embedding(1, 4, 2).dense(5, "tanh"),
        new().residual(|block| block.dense(3, "silu")).residual(|block| block.dense(5, "relu")),
        new().dense(8, "relu").dropout(0.4).dense(5, "x*sigmoid(1.5*x)"),
    ];
    networks.extend(ACTIVATIONS.iter().map(|activation| new().dense(5, activation.name())));
    let rows = Rows::new(23, Output::Prediction, 1);
    let mse: Criterion = loss("mse").unwrap().into();
    for network in networks {
        let network = network.dense(1, "linear");
        let found = rows.check(&network, &mse, None, &ALL);
        passes(&found, &format!("{:?}", network.to_json().to_string()));
        assert!(found.parameters.iter().all(|p| p.looked_at == p.elements()));
        assert!(found.parameters.iter().any(|p| p.largest > 1e-3));
    }
}

#[test]
fn every_loss_passes() {
    for loss in LOSSES {
        for form in loss.forms {
            let (outputs, width) = match form.output {
                Output::Prediction | Output::Rate | Output::Logit => (1, 1),
                Output::Direction => (2, 2),
                Output::Normal => (2, 1),
                Output::Logits => (3, if loss.name == "kl_divergence" { 3 } else { 1 }),
            };
            let network = Network::new(3).dense(5, "tanh").dense(outputs, "linear");
            let criterion = Criterion::parse(loss.name, form.output).unwrap();
            let found = Rows::new(17, form.output, width).check(&network, &criterion, None, &ALL);
            passes(&found, loss.name);
        }
    }
}

/// (y − p)² with a share of it that no gradient sees.
fn with_a_stop(share: f64) -> Criterion {
    Criterion::new("mine", Finish::Mean, move |y, p| {
        let square = (p - y).powf(2.0).sum(0);
        (1.0 - share) * &square + share * square.stop_gradient()
    })
}

#[test]
fn a_wrong_gradient_is_found_however_little_it_is_wrong() {
    let network = Network::new(3).dense(5, "relu").dense(1, "linear");
    let rows = Rows::new(20, Output::Prediction, 1);
    for share in [0.5, 1e-2, 1e-5] {
        let found = rows.check(&network, &with_a_stop(share), None, &ALL);
        assert!(!found.passed(), "{share}");
        let (_, worst) = found.worst().unwrap();
        let missing = 1.0 - worst.analytic / worst.numeric;
        assert!((missing / share - 1.0).abs() < 0.1, "{share}: {worst:?}");
    }
    passes(&rows.check(&network, &with_a_stop(0.0), None, &ALL), "right");
}

#[test]
fn the_parameter_and_the_element_that_are_wrong_are_named() {
    /// Multiplies by a factor, whose second element no gradient sees.
    #[derive(Debug)]
    struct Scale;
    impl chainrule::layers::Layer for Scale {
        fn name(&self) -> &str {
            "scale"
        }
        fn build(&self, builder: &mut chainrule::layers::Builder, input: &Expr) -> Expr {
            let factor = builder.parameter("factor", &[3], "ones");
            let second = Expr::iota(&[3], 0).equals(1.0);
            let factor = second.select(factor.clone().stop_gradient(), factor);
            input * factor
        }
    }
    let network = Network::new(3).layer(Scale).dense(4, "tanh").dense(1, "linear");
    let mse: Criterion = loss("mse").unwrap().into();
    let found = Rows::new(20, Output::Prediction, 1).check(&network, &mse, None, &ALL);
    let (parameter, worst) = found.worst().unwrap();
    assert_eq!((parameter.name.as_str(), worst.index.as_slice()), ("0.factor", &[1][..]));
    assert_eq!(worst.analytic, 0.0);
    assert!((worst.error - 1.0).abs() < 1e-12, "{worst:?}");
    let others = found.parameters.iter().filter(|other| other.name != parameter.name);
    assert!(others.flat_map(|other| &other.worst).all(|worst| worst.error < 1e-6));
}

/// A row of zeros, at which z1 is the bias.
fn zeros() -> Rows {
    Rows { x: vec![0.0; 3], y: vec![1.0], width: 1 }
}

#[test]
fn a_kink_that_is_hit_is_no_failure_if_the_slope_is_one_of_the_two_sides() {
    let network = Network::new(3).dense(2, "relu").dense(1, "linear");
    let weights = vec![vec![0.5; 6], vec![0.0, 0.25], vec![2.0, -1.0], vec![0.5]];
    let mse: Criterion = loss("mse").unwrap().into();
    let found = zeros().check(&network, &mse, Some(&weights), &ALL);
    passes(&found, "relu at 0");
    let bias = &found.parameters[1];
    assert_eq!((bias.name.as_str(), bias.at_kinks, bias.looked_at), ("0.bias", 1, 2));
    // A kink within the step, but not at the point: a smaller step tells.
    let near = vec![weights[0].clone(), vec![2e-6, 0.25], weights[2].clone(), weights[3].clone()];
    let found = zeros().check(&network, &mse, Some(&near), &ALL);
    passes(&found, "relu near 0");
    assert_eq!((found.parameters[1].at_kinks, found.parameters[1].bent), (0, 1));
}

#[test]
fn a_slope_that_is_of_neither_side_of_a_kink_is_a_failure() {
    let network = Network::new(3).dense(1, "linear");
    let weights = vec![vec![0.5; 3], vec![0.0]];
    let of = |claimed: f64| {
        Criterion::new("mine", Finish::Mean, move |_, p| {
            let p = p.clone().reshape(&[]);
            let bend = Expr::constant(0.0).max(&p);
            claimed * &p + (bend - claimed * p).stop_gradient()
        })
    };
    let check = |claimed| zeros().check(&network, &of(claimed), Some(&weights), &ALL);
    passes(&check(0.25), "between the sides");
    assert_eq!(check(0.25).parameters[1].at_kinks, 1);
    for claimed in [-0.1, 1.1] {
        let found = check(claimed);
        assert!(!found.passed(), "{claimed}");
        assert_eq!(found.worst().unwrap().0.name, "0.bias");
    }
}

#[test]
fn a_large_parameter_is_sampled_by_the_seed() {
    let network = Network::new(3).dense(300, "tanh").dense(1, "linear");
    let rows = Rows::new(9, Output::Prediction, 1);
    let mse: Criterion = loss("mse").unwrap().into();
    let few = |seed| Settings { most: Some(10), seed, ..ALL };
    let found = rows.check(&network, &mse, None, &few(1));
    passes(&found, "a sample");
    let looked_at: Vec<usize> = found.parameters.iter().map(|p| p.looked_at).collect();
    assert_eq!(looked_at, [10, 10, 10, 1]);
    assert_eq!(found, rows.check(&network, &mse, None, &few(1)));
    assert_eq!(found, rows.check(&network, &mse, None, &Settings { threads: 2, ..few(1) }));
    assert_ne!(found, rows.check(&network, &mse, None, &few(2)));
}

#[test]
fn a_loss_that_is_no_number_is_an_error() {
    let network = Network::new(3).dense(1, "linear");
    let weights = vec![vec![f64::NAN; 3], vec![0.0]];
    let rows = Rows::new(3, Output::Prediction, 1);
    let x = Matrix::new(Numbers::F64(&rows.x), 3, 3).unwrap();
    let y = Matrix::new(Numbers::F64(&rows.y), 3, 1).unwrap();
    let source = Matrices::new(&[("x", x), ("y", y)]).unwrap();
    let data = Data { source: &source, training: &[0, 1, 2], validation: &[] };
    let mse: Criterion = loss("mse").unwrap().into();
    assert!(check(&network, &mse, data, (&weights, &[]), &ALL).is_err());
}

#[test]
fn a_trained_model_passes_on_the_user_s_rows() {
    let row = |i: usize| {
        let (x, c) = (i as f64 / 7.0, ["red", "green", "blue"][i % 3]);
        format!("{x},{c},{},{}\n", 1 + i % 4, 2.0 * x + (i * i % 5) as f64 / 10.0)
    };
    let text: String = std::iter::once("x,c,w,y\n".to_owned()).chain((0..40).map(row)).collect();
    let table = Table::from_reader(text.as_bytes(), "t.csv", &ReadOptions::default()).unwrap();
    for recipe in [
        Recipe::default(),
        Recipe { weight: Some("w".into()), ..Recipe::default() },
        Recipe { normalization: Some(Normalization::Batch), ..Recipe::default() },
        Recipe { loss: Some("rmsle".into()), dropout: Some(0.5), ..Recipe::default() },
        Recipe { loss: Some("poisson".into()), ..Recipe::default() },
        Recipe { loss: Some("abs(y - p)".into()), ..Recipe::default() },
    ] {
        let recipe = Recipe { epochs: 3, layers: vec![5], ..recipe };
        let fitted = Plan::new(&table, &["y"], &recipe).unwrap().train(&table, &mut ()).unwrap();
        let rows: Vec<usize> = (0..40).collect();
        let found = check_model(&fitted.model, &table, &rows, &ALL).unwrap();
        passes(&found, &fitted.model.summary.loss);
        assert_eq!(found.rows, 40);
    }
}
