//! What is trained: a network, its loss, its optimizer and its batches.

use serde_json::json;

use crate::criterion::Criterion;
use crate::error::{ErrorKind, Result, unknown_name};
use crate::formula::Formula;
use crate::losses::Output;
use crate::model::{Inputs, Model, Summary};
use crate::network::Network;
use crate::optimizers;
use crate::schedules::{self, Warmup};
use crate::train;
use crate::{data::Link, data::ScaledTarget, data::TargetEncoder, losses};

/// A network with all that its training takes.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Its name: one of [`WORKLOADS`], or one's own.
    pub name: String,
    /// The numbers of a row and the units of each layer.
    pub sizes: Vec<usize>,
    /// The activation of the hidden layers.
    pub activation: String,
    /// What training makes small.
    pub criterion: Criterion,
    /// The update of the parameters.
    pub optimizer: optimizers::Settings,
    /// The size of a step.
    pub learning_rate: f64,
    /// Rows of a step.
    pub batch_size: usize,
    /// Rows of an epoch; what is left of the last whole batch is not used.
    pub rows: usize,
    /// Epochs that are not timed.
    pub warm_up: usize,
    /// Epochs that are.
    pub epochs: usize,
}

/// The names of the workloads.
///
/// | | network | rows | loss | batch | optimizer |
/// | --- | --- | --- | --- | --- | --- |
/// | W1 | 8-64-64-1 relu | 20,480 synthetic | mse | 32 | sgd 0.01 |
/// | W2 | 30-16-16-1 tanh | 9,088: breast_cancer × 16 | binary cross-entropy | 32 | sgd 0.01 |
/// | W3 | 64-128-64-10 relu | 19,712: digits × 11 | categorical cross-entropy | 64 | adam 0.001 |
/// | W4 | 784-512-256-10 relu | 19,968 synthetic images | categorical cross-entropy | 128 | sgd 0.01, momentum 0.9 |
/// | W5 | 1024-2048-2048-1 relu | 8,192 synthetic | mse | 512 | adam 0.0001 |
pub const WORKLOADS: [&str; 5] = ["W1", "W2", "W3", "W4", "W5"];

/// A row of the table of workloads.
struct Row {
    sizes: &'static [usize],
    activation: &'static str,
    loss: &'static str,
    optimizer: &'static str,
    learning_rate: f64,
    batch_size: usize,
    rows: usize,
    epochs: (usize, usize),
}

const TABLE: [Row; 5] = [
    Row {
        sizes: &[8, 64, 64, 1],
        activation: "relu",
        loss: "mse",
        optimizer: "sgd",
        learning_rate: 0.01,
        batch_size: 32,
        rows: 20_480,
        epochs: (5, 60),
    },
    Row {
        sizes: &[30, 16, 16, 1],
        activation: "tanh",
        loss: "binary_cross_entropy",
        optimizer: "sgd",
        learning_rate: 0.01,
        batch_size: 32,
        rows: 9_088,
        epochs: (5, 100),
    },
    Row {
        sizes: &[64, 128, 64, 10],
        activation: "relu",
        loss: "categorical_cross_entropy",
        optimizer: "adam",
        learning_rate: 1e-3,
        batch_size: 64,
        rows: 19_712,
        epochs: (5, 30),
    },
    Row {
        sizes: &[784, 512, 256, 10],
        activation: "relu",
        loss: "categorical_cross_entropy",
        optimizer: "sgd:momentum=0.9",
        learning_rate: 0.01,
        batch_size: 128,
        rows: 19_968,
        epochs: (2, 8),
    },
    Row {
        sizes: &[1024, 2048, 2048, 1],
        activation: "relu",
        loss: "mse",
        optimizer: "adam",
        learning_rate: 1e-4,
        batch_size: 512,
        rows: 8_192,
        epochs: (1, 3),
    },
];

impl Workload {
    /// The workload of a name.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownName`], with all that are known.
    ///
    /// ```
    /// use chainrule::bench::Workload;
    /// let workload = Workload::named("W1").unwrap();
    /// assert_eq!(workload.operations(), 32.0 * (6.0 * (8.0 * 64.0 + 64.0 * 64.0 + 64.0) - 2.0 * 8.0 * 64.0));
    /// assert!(Workload::named("W9").is_err());
    /// ```
    pub fn named(name: &str) -> Result<Self> {
        let place = WORKLOADS.iter().position(|known| *known == name);
        let Some(row) = place.map(|place| &TABLE[place]) else {
            return Err(unknown_name("workload", name, WORKLOADS.into_iter()));
        };
        let (warm_up, epochs) = row.epochs;
        Ok(Self {
            name: name.to_owned(),
            sizes: row.sizes.to_vec(),
            activation: row.activation.to_owned(),
            criterion: losses::Settings::parse(row.loss)?.into(),
            optimizer: optimizers::Settings::parse(row.optimizer)?,
            learning_rate: row.learning_rate,
            batch_size: row.batch_size,
            rows: row.rows,
            warm_up,
            epochs,
        })
    }

    /// A net of one's own on synthetic rows, with the learning rate that is the optimizer's own.
    ///
    /// `loss` and `optimizer` are written as on the command line.
    ///
    /// # Errors
    /// A name that is not known; [`ErrorKind::InvalidSetting`] without two sizes, or for a loss
    /// that does not go with the last one.
    ///
    /// ```
    /// use chainrule::bench::Workload;
    /// let own = Workload::own(&[4, 8, 3], "tanh", "categorical_cross_entropy", "adam").unwrap();
    /// assert_eq!(own.learning_rate, 0.001);
    /// assert!(Workload::own(&[4, 8, 3], "tanh", "categorical_cross_entropi", "adam").is_err());
    /// ```
    pub fn own(sizes: &[usize], activation: &str, loss: &str, optimizer: &str) -> Result<Self> {
        let optimizer = optimizers::Settings::parse(optimizer)?;
        let workload = Self {
            name: "own".to_owned(),
            sizes: sizes.to_vec(),
            activation: activation.to_owned(),
            criterion: criterion(loss, sizes.last().copied().unwrap_or(0))?,
            learning_rate: optimizer.member().default_learning_rate,
            optimizer,
            batch_size: 32,
            rows: 20_480,
            warm_up: 3,
            epochs: 10,
        };
        if sizes.len() < 2 || sizes.contains(&0) {
            let written: Vec<String> = sizes.iter().map(usize::to_string).collect();
            let expected = "the numbers of a row and the units of each layer, none of them 0";
            return Err(invalid("layers", &written.join(","), expected));
        }
        let (last, output) = (sizes[sizes.len() - 1], workload.criterion.output());
        let fits = match output {
            Output::Logits => last > 1,
            Output::Normal => last.is_multiple_of(2),
            Output::Prediction | Output::Direction | Output::Rate | Output::Logit => true,
        };
        if !fits {
            let expected = format!("one that fits {loss}: it is for {}", output.describe());
            return Err(invalid("last layer", &last.to_string(), &expected));
        }
        workload.network().build(true)?;
        Ok(workload)
    }

    /// The network: dense layers, the weights from `glorot_uniform` and the biases 0.
    pub fn network(&self) -> Network {
        let (inputs, layers) = self.sizes.split_first().unwrap_or((&0, &[]));
        let mut network = Network::new(*inputs);
        for (place, units) in layers.iter().enumerate() {
            let last = place + 1 == layers.len();
            let activation = if last { "linear" } else { &self.activation };
            let initializer = "glorot_uniform";
            let settings =
                json!({ "units": units, "activation": activation, "initializer": initializer });
            network = network.named("dense", settings);
        }
        network
    }

    /// The sizes and the activation in words: `8-64-64-1 relu`.
    pub fn describe(&self) -> String {
        let sizes: Vec<String> = self.sizes.iter().map(usize::to_string).collect();
        format!("{} {}", sizes.join("-"), self.activation)
    }

    /// The floating-point operations of the matrix products of a step.
    pub fn operations(&self) -> f64 {
        let products: Vec<f64> =
            self.sizes.windows(2).map(|size| size[0] as f64 * size[1] as f64).collect();
        let (all, first) = (products.iter().sum::<f64>(), products.first().unwrap_or(&0.0));
        self.batch_size as f64 * (6.0 * all - 2.0 * first)
    }

    /// The floating-point operations of the matrix products of a prediction of one row.
    pub fn operations_of_a_row(&self) -> f64 {
        self.sizes.windows(2).map(|size| 2.0 * size[0] as f64 * size[1] as f64).sum()
    }

    /// The steps of an epoch.
    pub fn steps(&self) -> usize {
        (self.rows / self.batch_size.max(1)).max(1)
    }

    /// How many columns the target has.
    pub fn target_width(&self) -> usize {
        let last = self.sizes.last().copied().unwrap_or(0);
        match self.criterion.output() {
            Output::Logits => 1,
            Output::Normal => last / 2,
            Output::Prediction | Output::Direction | Output::Rate | Output::Logit => last,
        }
    }

    /// How it is trained for so many epochs.
    pub(super) fn settings(&self, threads: usize, epochs: usize) -> Result<train::Settings> {
        Ok(train::Settings {
            epochs,
            batch_size: self.batch_size,
            optimizer: self.optimizer.clone(),
            learning_rate: self.learning_rate,
            schedule: schedules::Settings::parse("constant")?,
            warmup: Warmup::NONE,
            clip: None,
            patience: epochs,
            seed: SEED,
            threads,
        })
    }

    /// The first parameters, in the network's order: the weights and the bias of each layer.
    ///
    /// # Errors
    /// What is wrong with the network.
    pub fn initial_parameters(&self) -> Result<Vec<Vec<f32>>> {
        let parameters = self.network().build(true)?.initial_parameters(SEED);
        let single = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect();
        Ok(parameters.into_iter().map(single).collect())
    }

    /// The network as a model of rows of numbers, as it is before training.
    pub(super) fn model(&self) -> Result<Model> {
        let column = |place: usize| format!("y{place}");
        let last = self.sizes.last().copied().unwrap_or(0);
        let number = |place| ScaledTarget {
            column: column(place),
            mean: 0.0,
            std: 1.0,
            link: Link::Identity,
        };
        let labels = |count: usize| TargetEncoder::Classes {
            column: column(0),
            labels: (0..count).map(|class| class.to_string()).collect(),
        };
        let target = match self.criterion.output() {
            Output::Logits => labels(last),
            Output::Logit if last == 1 => labels(2),
            _ => TargetEncoder::Regression { outputs: (0..last).map(number).collect() },
        };
        Ok(Model {
            inputs: Inputs::Array { width: self.sizes.first().copied().unwrap_or(0) },
            network: self.network(),
            target,
            parameters: self.initial_parameters()?,
            states: Vec::new(),
            summary: Summary {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                explanation: String::new(),
                loss: self.criterion.name().to_owned(),
                optimizer: self.optimizer.to_string(),
                learning_rate: self.learning_rate,
                batch_size: self.batch_size,
                seed: SEED,
                training_rows: 0,
                validation_rows: 0,
                epochs: 0,
                best_epoch: 0,
                validation: Vec::new(),
                ended: None,
            },
        })
    }
}

/// What decides the first parameters and the order of the rows.
const SEED: u64 = 1;

/// A loss for a network with so many outputs: a formula is one of numbers.
fn criterion(loss: &str, outputs: usize) -> Result<Criterion> {
    match Formula::is_one(loss) {
        true if outputs > 1 => Criterion::formula(loss, Output::Direction),
        true => Criterion::formula(loss, Output::Prediction),
        false => Ok(losses::Settings::parse(loss)?.into()),
    }
}

fn invalid(option: &'static str, value: &str, expected: &str) -> crate::Error {
    let (value, expected) = (value.to_owned(), expected.to_owned());
    ErrorKind::InvalidSetting { option, value, expected }.into()
}
