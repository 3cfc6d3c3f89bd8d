//! A trained model: from raw columns, or rows of numbers, to predictions; one ONNX file.

use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::data::{Encoders, Link, Schema, Table, TargetEncoder};
use crate::engine::{Data, Engine, Matrix, Options, Selection, compile};
use crate::error::{Error, ErrorKind, Result};
use crate::io::{self, OnnxError};
use crate::network::Network;
use crate::parallel::in_parts;

/// What goes into a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Inputs {
    /// The columns of a table, as they stand in a file.
    Table {
        /// The columns with their kinds and roles.
        schema: Schema,
        /// How they become numbers.
        encoders: Encoders,
    },
    /// Rows of numbers.
    Array {
        /// How many numbers a row has.
        width: usize,
    },
}

/// How a model came about; of the data, the settings, the seed and the version alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The version of chainrule that trained it.
    pub version: String,
    /// Why this task, loss and last activation.
    pub explanation: String,
    /// The loss that was trained on.
    pub loss: String,
    /// The optimizer and its settings.
    pub optimizer: String,
    /// The size of a step.
    pub learning_rate: f64,
    /// Rows of a step.
    pub batch_size: usize,
    /// The seed.
    pub seed: u64,
    /// Rows that were trained on.
    pub training_rows: usize,
    /// Rows that chose the best epoch.
    pub validation_rows: usize,
    /// Epochs that ran.
    pub epochs: usize,
    /// The epoch whose parameters these are.
    pub best_epoch: usize,
    /// The loss and the metrics of the validation rows in that epoch.
    pub validation: Vec<(String, f64)>,
    /// What ended the training before its end, and after which epoch, if something did; such a
    /// model depends on the moment too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
}

/// A trained network with everything around it.
///
/// It is saved as one ONNX file that takes the raw columns and gives the prediction, and that any
/// ONNX runtime serves; [`Model::load`] reads it back.
#[derive(Clone, Debug)]
pub struct Model {
    /// What goes in.
    pub inputs: Inputs,
    /// The layers.
    pub network: Network,
    /// What comes out, in the target's own terms.
    pub target: TargetEncoder,
    /// The learned numbers, in the network's order.
    pub parameters: Vec<Vec<f32>>,
    /// What layers keep by themselves, in the network's order.
    pub states: Vec<Vec<f32>>,
    /// How it came about.
    pub summary: Summary,
}

impl Model {
    /// Reads a model file from its bytes.
    ///
    /// Nothing outside the bytes is touched; memory stays below 64 times their number and 16 MB.
    ///
    /// # Errors
    /// [`ErrorKind::Onnx`] if the bytes are no sound ONNX model, [`ErrorKind::NotAModel`] if it is
    /// not one that chainrule wrote.
    pub fn load(bytes: &[u8]) -> Result<Self> {
        io::onnx::read(bytes, "the model")
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// As [`Model::load`]; [`ErrorKind::FileNotFound`] or [`ErrorKind::FileUnreadable`].
    pub fn open(path: &std::path::Path) -> Result<Self> {
        let file = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|reason| match reason.kind() {
            std::io::ErrorKind::NotFound => ErrorKind::FileNotFound { file: file.clone() },
            _ => ErrorKind::FileUnreadable { file: file.clone(), reason },
        })?;
        io::onnx::read(&bytes, &file)
    }

    /// The model as the bytes of an ONNX file; they depend on the model alone.
    ///
    /// # Errors
    /// [`ErrorKind::NotExportable`] if a layer of one's own has no form in ONNX.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        io::onnx::write(self)
    }

    /// What predicts with this model, on at most `threads` threads.
    ///
    /// # Errors
    /// What is wrong with the network.
    pub fn predictor(&self, threads: usize) -> Result<Predictor> {
        Predictor::new(self, threads)
    }

    /// How many numbers a prediction has for each row: the values (and, behind all of them, their
    /// standard deviations, if the model gives these), or a probability per class.
    pub fn outputs(&self) -> usize {
        match &self.target {
            TargetEncoder::Regression { outputs } if self.has_deviations() => 2 * outputs.len(),
            TargetEncoder::Regression { outputs } => outputs.len(),
            TargetEncoder::Classes { labels, .. } => labels.len(),
            TargetEncoder::Multilabel { outputs } => outputs.len(),
        }
    }

    /// Whether a prediction says how sure it is: by a normal distribution's standard deviation.
    pub fn has_deviations(&self) -> bool {
        self.target.link() == Link::Normal
    }

    /// Predicts every row of a table: [rows × outputs], values or probabilities.
    ///
    /// # Errors
    /// A column is absent or of another kind; the model takes arrays, not tables.
    pub fn predict(&self, table: &Table, threads: usize) -> Result<Vec<f64>> {
        let rows: Vec<usize> = (0..table.rows()).collect();
        self.predict_rows(table, &rows, threads)
    }

    /// Predicts some rows of a table, in their order: [rows × outputs], values or probabilities.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn predict_rows(&self, table: &Table, rows: &[usize], threads: usize) -> Result<Vec<f64>> {
        let Inputs::Table { encoders, .. } = &self.inputs else {
            let (file, detail) = ("the model".into(), "it takes rows of numbers, no table".into());
            return Err(ErrorKind::NotAModel { file, detail }.into());
        };
        let predictor = self.predictor(1)?;
        let outputs = self.outputs();
        let mut out = vec![0.0; rows.len() * outputs];
        // A few thousand rows at a time, so that the encoded rows never stand beside the table;
        // each thread encodes and predicts rows of its own.
        in_parts(threads, &mut out, ROWS_AT_ONCE * outputs, |first, out| {
            let rows = &rows[first / outputs..][..out.len() / outputs];
            predictor.predict_into(&encoders.encode_rows(table, rows)?, out)
        })?;
        Ok(out)
    }

    /// Refuses fields that do not belong together.
    pub(crate) fn check(&self) -> Result<()> {
        let built = self.network.build(false)?;
        let lengths = |dims: &[usize]| dims.iter().product::<usize>();
        let wanted = built.parameters.iter().map(|p| lengths(&p.dims));
        let states = built.states.iter().map(|s| lengths(&s.dims));
        let sound = self.parameters.iter().map(Vec::len).eq(wanted)
            && self.states.iter().map(Vec::len).eq(states)
            && built.output.shape().elements() == self.network_outputs()
            && self.target.has_one_link();
        if sound {
            return Ok(());
        }
        let detail = "its learned numbers, its network and its target do not fit".into();
        Err(ErrorKind::NotAModel { file: "the model".into(), detail }.into())
    }

    /// How many outputs the network itself has for each row.
    pub(crate) fn network_outputs(&self) -> usize {
        match &self.target {
            TargetEncoder::Classes { labels, .. } if labels.len() == 2 => 1,
            _ => self.outputs(),
        }
    }

    /// The predictions of several rows of the network's outputs.
    pub(crate) fn decode_all(&self, outputs: &[f64]) -> Vec<f64> {
        let width = self.network_outputs();
        let mut predictions = vec![0.0; outputs.len() / width * self.outputs()];
        let z: Vec<f32> = outputs.iter().map(|&z| z as f32).collect();
        let rows = z.chunks_exact(width).zip(predictions.chunks_exact_mut(self.outputs()));
        rows.for_each(|(z, prediction)| self.decode(z, prediction));
        predictions
    }

    /// Turns the network's outputs for one row into the prediction: numbers in their own units,
    /// probabilities from logits. In f64, as the model file does.
    fn decode(&self, outputs: &[f32], prediction: &mut [f64]) {
        match &self.target {
            TargetEncoder::Regression { outputs: targets } => {
                let (values, deviations) =
                    prediction.split_at_mut(targets.len().min(prediction.len()));
                let mut z = outputs.iter().map(|&z| f64::from(z));
                for (i, (value, z)) in values.iter_mut().zip(z.by_ref()).enumerate() {
                    *value = self.target.decode(i, z);
                }
                for ((deviation, target), z) in deviations.iter_mut().zip(targets).zip(z) {
                    *deviation = target.deviation(z);
                }
            }
            TargetEncoder::Classes { labels, .. } if labels.len() == 2 => {
                let z = outputs.first().copied().map_or(f64::NAN, f64::from);
                if let [no, yes] = prediction {
                    (*no, *yes) = (sigmoid(-z), sigmoid(z));
                }
            }
            TargetEncoder::Classes { .. } => {
                let largest = outputs.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                for (value, &z) in prediction.iter_mut().zip(outputs) {
                    *value = libm::exp(f64::from(z) - f64::from(largest));
                }
                let sum: f64 = prediction.iter().sum();
                prediction.iter_mut().for_each(|value| *value /= sum);
            }
            TargetEncoder::Multilabel { .. } => {
                for (value, &z) in prediction.iter_mut().zip(outputs) {
                    *value = sigmoid(f64::from(z));
                }
            }
        }
    }

    /// The label that a row's probabilities choose for an output; ties go to the first class.
    /// `None` for regression.
    pub fn label(&self, output: usize, prediction: &[f64]) -> Option<&str> {
        let class = match &self.target {
            TargetEncoder::Regression { .. } => return None,
            TargetEncoder::Classes { .. } => {
                let mut best = 0;
                for (class, &probability) in prediction.iter().enumerate() {
                    if probability > prediction[best] {
                        best = class;
                    }
                }
                best
            }
            TargetEncoder::Multilabel { .. } => {
                usize::from(prediction.get(output).is_some_and(|&p| p > 0.5))
            }
        };
        self.target.label(output, class)
    }
}

fn sigmoid(z: f64) -> f64 {
    chainrule_core::oracle::unary(chainrule_core::op::Unary::Sigmoid, z)
}

/// Rows that are predicted in one go.
const ROWS_AT_ONCE: usize = 4096;

/// Predicts rows of encoded numbers; shared by any number of threads.
///
/// After the first call a predictor of one thread allocates nothing: each caller takes a workspace
/// from a list and gives it back. With several, a call on many rows starts threads.
///
/// ```
/// # use chainrule::*;
/// # fn predict(model: &Model) -> Result<(), chainrule::Error> {
/// let predictor = model.predictor(1)?;
/// let mut prediction = [0.0];
/// predictor.predict_into(&[0.5, -1.0, 2.0], &mut prediction)?;
/// # Ok(())
/// # }
/// ```
pub struct Predictor {
    model: Model,
    width: usize,
    threads: usize,
    workspaces: Mutex<Vec<Workspace>>,
}

struct Workspace {
    engine: Engine<f32>,
    outputs: Vec<f32>,
}

impl Predictor {
    fn new(model: &Model, threads: usize) -> Result<Self> {
        model.check()?;
        let predictor = Self {
            width: model.network.inputs(),
            model: model.clone(),
            threads,
            workspaces: Mutex::new(Vec::new()),
        };
        let first = predictor.workspace()?;
        predictor.give_back(first);
        Ok(predictor)
    }

    fn workspace(&self) -> Result<Workspace> {
        let waiting = match self.workspaces.lock() {
            Ok(mut list) => list.pop(),
            Err(poisoned) => poisoned.into_inner().pop(),
        };
        if let Some(workspace) = waiting {
            return Ok(workspace);
        }
        let built = self.model.network.build(false)?;
        let program = compile(std::slice::from_ref(&built.output), &[])?;
        let options = Options { threads: self.threads, ..Options::default() };
        let mut engine = Engine::new(program, options);
        let parameters = built.parameters.iter().map(|p| &p.name).zip(&self.model.parameters);
        let states = built.states.iter().map(|s| &s.name).zip(&self.model.states);
        for (name, values) in parameters.chain(states) {
            if let Some(input) = engine.program().input(name) {
                engine.set_input(input, values)?;
            }
        }
        let outputs = vec![0.0; ROWS_AT_ONCE * self.model.network_outputs()];
        Ok(Workspace { engine, outputs })
    }

    fn give_back(&self, workspace: Workspace) {
        if let Ok(mut list) = self.workspaces.lock() {
            list.push(workspace);
        }
    }

    /// Predicts encoded rows, row-major, into [rows × outputs] values or probabilities.
    ///
    /// # Errors
    /// [`ErrorKind::Engine`] if the two slices do not have the same number of whole rows.
    pub fn predict_into(&self, rows: &[f32], out: &mut [f64]) -> Result<()> {
        let outputs = self.model.outputs();
        let count = rows.len().checked_div(self.width).unwrap_or(0);
        let Some(matrix) = Matrix::new(Data::F32(rows), count, self.width) else {
            return Err(unequal("rows", self.width * (count + 1), rows.len()));
        };
        if out.len() != count * outputs {
            return Err(unequal("out", count * outputs, out.len()));
        }
        let mut workspace = self.workspace()?;
        let result = self.run(&mut workspace, matrix, out);
        self.give_back(workspace);
        result
    }

    fn run(&self, workspace: &mut Workspace, rows: Matrix<'_>, out: &mut [f64]) -> Result<()> {
        let (outputs, width) = (self.model.outputs(), self.model.network_outputs());
        let source = ("x", rows);
        for (part, out) in out.chunks_mut(ROWS_AT_ONCE * outputs).enumerate() {
            let count = out.len() / outputs;
            let z = &mut workspace.outputs[..count * width];
            let selection = Selection::Range { start: part * ROWS_AT_ONCE, count };
            workspace.engine.run(&source, selection, 0, 0, &mut [&mut *z])?;
            for (z, prediction) in z.chunks_exact(width).zip(out.chunks_exact_mut(outputs)) {
                self.model.decode(z, prediction);
            }
        }
        Ok(())
    }
}

fn unequal(name: &str, expected: usize, found: usize) -> Error {
    ErrorKind::InvalidSetting {
        option: "the number of elements",
        value: format!("{found} in `{name}`"),
        expected: format!("{expected}, whole rows"),
    }
    .into()
}

/// What went wrong with a file's bytes, as an error that names the file.
pub(crate) fn onnx_error(file: &str, reason: OnnxError) -> Error {
    ErrorKind::Onnx { file: file.to_owned(), reason }.into()
}
