//! Rows to train on, and networks small enough to follow by hand.

use chainrule::engine::{Data as Numbers, Matrices, Matrix, Number};
use chainrule::layers::{Builder, Layer};
use chainrule::losses::loss;
use chainrule::optimizers::{self, optimizer};
use chainrule::schedules::{Warmup, schedule};
use chainrule::train::{Callback, Data, Settings, Start, Trained, train, train_from};
use chainrule::{Criterion, Error, Expr, Network};
use chainrule_core::random::Stream;

/// Rows of inputs and targets, with weights if there are any.
#[derive(Clone, Default)]
pub struct Rows {
    pub x: Vec<f64>,
    pub y: Vec<f64>,
    /// One for each row, or none at all.
    pub weight: Vec<f64>,
    pub width: usize,
    pub targets: usize,
}

impl Rows {
    /// Rows of `width` inputs and one target.
    pub fn new(width: usize, x: &[f64], y: &[f64]) -> Self {
        assert_eq!(x.len(), width * y.len());
        Self { x: x.to_vec(), y: y.to_vec(), weight: Vec::new(), width, targets: 1 }
    }

    /// The same rows, which count differently.
    pub fn weighted(&self, weight: &[f64]) -> Self {
        Self { weight: weight.to_vec(), ..self.clone() }
    }

    /// Normal inputs, and a target that is a bent function of them with some noise.
    pub fn bent(width: usize, count: usize, noise: f64) -> Self {
        let mut stream = Stream::new(11, 5);
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let row: Vec<f64> = (0..width).map(|_| stream.normal()).collect();
            let bend: f64 = row.iter().enumerate().map(|(i, v)| v * v / (i + 1) as f64 - v).sum();
            y.push(bend / 2.0 + noise * stream.normal());
            x.extend(row);
        }
        Self::new(width, &x, &y)
    }

    pub fn count(&self) -> usize {
        self.y.len() / self.targets
    }

    pub fn source(&self) -> Matrices<'_> {
        let matrix =
            |values, width| Matrix::new(Numbers::F64(values), self.count(), width).unwrap();
        let mut groups = vec![("x", matrix(&self.x, self.width))];
        groups.push(("y", matrix(&self.y, self.targets)));
        if !self.weight.is_empty() {
            groups.push(("weight", matrix(&self.weight, 1)));
        }
        Matrices::new(&groups).unwrap()
    }

    /// Every row, in order.
    pub fn all(&self) -> Vec<u32> {
        (0..self.count() as u32).collect()
    }

    /// The rows before `training`, and those from there on.
    pub fn parts(&self, training: usize) -> (Vec<u32>, Vec<u32>) {
        let all = self.all();
        let (training, validation) = all.split_at(training);
        (training.to_vec(), validation.to_vec())
    }

    /// Trains on every row.
    pub fn train<T: Number>(
        &self,
        network: &Network,
        criterion: &Criterion,
        settings: &Settings,
    ) -> Result<Trained<T>, Error> {
        self.train_parts(network, criterion, settings, (&self.all(), &[]), &mut ())
    }

    /// Trains on some rows, with others to validate on.
    pub fn train_parts<T: Number>(
        &self,
        network: &Network,
        criterion: &Criterion,
        settings: &Settings,
        (training, validation): (&[u32], &[u32]),
        callback: &mut dyn Callback,
    ) -> Result<Trained<T>, Error> {
        let source = self.source();
        let data = Data { source: &source, training, validation };
        train(network, criterion, data, settings, callback)
    }

    /// As [`Rows::train_parts`], from somewhere else than the beginning.
    pub fn train_from<T: Number>(
        &self,
        network: &Network,
        criterion: &Criterion,
        settings: &Settings,
        (training, validation): (&[u32], &[u32]),
        (start, callback): (Start, &mut dyn Callback),
    ) -> Result<Trained<T>, Error> {
        let source = self.source();
        let data = Data { source: &source, training, validation };
        train_from(network, criterion, data, settings, start, callback)
    }
}

/// Settings for batches of all rows, with no early end.
pub fn settings(name: &str, given: &[(&str, f64)], learning_rate: f64, epochs: usize) -> Settings {
    Settings {
        epochs,
        batch_size: 1 << 20,
        optimizer: optimizers::Settings::new(optimizer(name).unwrap(), given).unwrap(),
        learning_rate,
        schedule: schedule("constant").unwrap().into(),
        warmup: Warmup::NONE,
        clip: None,
        patience: 1 << 20,
        seed: 0,
        threads: 1,
    }
}

pub fn named(name: &str) -> Criterion {
    loss(name).unwrap().into()
}

/// Adds a learned number, at first 0, to each input: on inputs of 0 the output is that number.
#[derive(Debug)]
pub struct Level;

impl Layer for Level {
    fn name(&self) -> &str {
        "level"
    }

    fn build(&self, builder: &mut Builder, input: &Expr) -> Expr {
        let level = builder.parameter("level", &input.shape().dims, "zeros");
        input + level
    }
}

/// A network whose output is its `width` parameters, on rows of zeros.
pub fn level(width: usize) -> Network {
    Network::new(width).layer(Level)
}

/// Rows of zeros with one target each, for [`level`].
pub fn targets(y: &[f64]) -> Rows {
    Rows::new(1, &vec![0.0; y.len()], y)
}

#[track_caller]
pub fn assert_near(found: f64, expected: f64, tolerance: f64) {
    let near = (found - expected).abs() <= tolerance * expected.abs().max(1.0);
    assert!(near || found == expected, "found {found}, expected {expected}");
}

/// The bits of every number.
pub fn bits<T: Number>(values: &[Vec<T>]) -> Vec<Vec<u64>> {
    values.iter().map(|list| list.iter().map(|x| x.to_f64().to_bits()).collect()).collect()
}
