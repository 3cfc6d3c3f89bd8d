//! The rows that a workload is trained on: the same bits on every machine.

use std::path::Path;

use chainrule_core::random::Stream;

use super::Workload;
use crate::data::{ReadOptions, Table, Values};
use crate::engine::{Data, Matrices, Matrix};
use crate::error::Result;
use crate::losses::Output;

/// Rows in memory, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// What goes in.
    pub x: Vec<f32>,
    /// What should come out: numbers, 0 or 1, or the number of a class.
    pub y: Vec<f32>,
    /// How many rows there are.
    pub count: usize,
    /// Where they come from.
    pub origin: Origin,
}

/// Where rows come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// They are made up, by a rule that can be learned.
    Synthetic,
    /// A file's rows, repeated.
    File(String),
    /// They are made up in place of this file, which is not there.
    Instead(String),
}

/// The streams of random numbers that rows are made of.
const INPUTS: u64 = 101;
const TEACHER: u64 = 102;
const NOISE: u64 = 103;

impl Rows {
    /// The rows of a workload. Those of W2 and W3 are read from `breast_cancer.csv` and
    /// `digits.csv` in a folder, if it has them.
    ///
    /// # Errors
    /// A file is there and is no table.
    pub fn of(workload: &Workload, datasets: Option<&Path>) -> Result<Self> {
        let count = workload.steps() * workload.batch_size;
        let file = match workload.name.as_str() {
            "W1" => return Ok(friendly(count)),
            "W2" => "breast_cancer.csv",
            "W3" => "digits.csv",
            _ => return Ok(made(workload, count, Origin::Synthetic)),
        };
        match datasets.map(|folder| folder.join(file)).filter(|path| path.is_file()) {
            Some(path) => read(&path, file, count),
            None => Ok(made(workload, count, Origin::Instead(file.to_owned()))),
        }
    }

    /// The rows as a source of training.
    pub(super) fn source(&self, workload: &Workload) -> Option<Matrices<'_>> {
        let inputs = workload.sizes.first().copied()?;
        let x = Matrix::new(Data::F32(&self.x), self.count, inputs)?;
        let y = Matrix::new(Data::F32(&self.y), self.count, workload.target_width())?;
        Matrices::new(&[("x", x), ("y", y)])
    }
}

/// Eight numbers in [−1, 1], and a smooth function of five of them with a little noise:
/// y = sin(3x₀) + x₁x₂ + exp(−x₃²) + x₄/2 + 0.05·noise.
fn friendly(count: usize) -> Rows {
    let (mut inputs, mut noise) = (Stream::new(0, INPUTS), Stream::new(0, NOISE));
    let x: Vec<f32> = (0..8 * count).map(|_| (2.0 * inputs.uniform() - 1.0) as f32).collect();
    let y = x.chunks_exact(8).map(|row| {
        let x: Vec<f64> = row.iter().map(|&x| f64::from(x)).collect();
        let smooth = libm::sin(3.0 * x[0]) + x[1] * x[2] + libm::exp(-x[3] * x[3]) + 0.5 * x[4];
        (smooth + 0.05 * noise.normal()) as f32
    });
    let y = y.collect();
    Rows { x, y, count, origin: Origin::Synthetic }
}

/// Rows that suit the loss of a workload.
fn made(workload: &Workload, count: usize, origin: Origin) -> Rows {
    let inputs = workload.sizes.first().copied().unwrap_or(0);
    let (x, y) = match workload.criterion.output() {
        Output::Logits => images(inputs, workload.sizes.last().copied().unwrap_or(1), count),
        output => numbers(inputs, workload.target_width(), count, output),
    };
    Rows { x, y, count, origin }
}

/// For each class a picture of which most is dark; the rows are these pictures under noise, every
/// number in [0, 1].
fn images(inputs: usize, classes: usize, count: usize) -> (Vec<f32>, Vec<f32>) {
    let (mut teacher, mut noise) = (Stream::new(0, TEACHER), Stream::new(0, NOISE));
    let mut pixel = || if teacher.uniform() < 0.25 { teacher.uniform() as f32 } else { 0.0 };
    let pictures: Vec<f32> = (0..inputs * classes).map(|_| pixel()).collect();
    let (mut x, mut y) = (Vec::with_capacity(inputs * count), Vec::with_capacity(count));
    for row in 0..count {
        let class = row % classes;
        let picture = &pictures[inputs * class..inputs * (class + 1)];
        x.extend(
            picture.iter().map(|pixel| (pixel + noise.uniform() as f32 - 0.5).clamp(0.0, 1.0)),
        );
        y.push(class as f32);
    }
    (x, y)
}

/// Normal inputs; each number of the target is a sum of eight tanh of sums of all inputs, or
/// whether that is above 0.
fn numbers(inputs: usize, width: usize, count: usize, output: Output) -> (Vec<f32>, Vec<f32>) {
    const UNITS: usize = 8;
    let (mut given, mut teacher) = (Stream::new(0, INPUTS), Stream::new(0, TEACHER));
    let x: Vec<f32> = (0..inputs * count).map(|_| given.normal() as f32).collect();
    let scale = 1.0 / (inputs as f64).sqrt();
    let weights: Vec<f32> =
        (0..inputs * UNITS * width).map(|_| (scale * teacher.normal()) as f32).collect();
    let unit = |row: &[f32], weights: &[f32]| {
        let sum: f32 = row.iter().zip(weights).map(|(x, w)| x * w).sum();
        libm::tanh(f64::from(sum))
    };
    let mut y = Vec::with_capacity(width * count);
    for row in x.chunks_exact(inputs) {
        for weights in weights.chunks_exact(inputs * UNITS) {
            let value: f64 = weights.chunks_exact(inputs).map(|weights| unit(row, weights)).sum();
            y.push(match output {
                Output::Logit => f32::from(value > 0.0),
                // A count, or another number that is not negative.
                Output::Rate => (value.abs() + 0.5) as u32 as f32,
                _ => value as f32,
            });
        }
    }
    (x, y)
}

/// A table's rows, repeated: its numbers standardised if the target is text, over 16 (the largest
/// shade of the digits) if it is a number.
fn read(path: &Path, file: &str, count: usize) -> Result<Rows> {
    let table = Table::read(path, &ReadOptions::default())?;
    let (mut columns, mut target) = (Vec::new(), Vec::new());
    for (place, column) in table.columns().iter().enumerate() {
        let last = place + 1 == table.columns().len();
        match column.values() {
            Values::Number(values) if last => {
                target = values.iter().map(|value| value as f32).collect();
            }
            Values::Number(values) => columns.push(values.iter().collect::<Vec<f64>>()),
            Values::Text(text) if last => {
                let (levels, code) = (text.levels(), |row| text.code(row));
                let least = levels.iter().min();
                let is_first = |row| code(row).and_then(|code| levels.get(code)) == least;
                target = (0..table.rows()).map(|row| f32::from(!is_first(row))).collect();
                columns.iter_mut().for_each(|column| standardise(column));
            }
            Values::Text(_) | Values::Boolean { .. } | Values::Date { .. } => {}
        }
    }
    if !table.columns().last().is_some_and(|column| matches!(column.values(), Values::Text(_))) {
        columns.iter_mut().flatten().for_each(|value| *value /= 16.0);
    }
    let (mut x, mut y) = (Vec::with_capacity(columns.len() * count), Vec::with_capacity(count));
    for row in (0..table.rows()).cycle().take(count) {
        x.extend(columns.iter().map(|column| column[row] as f32));
        y.extend(target.get(row));
    }
    Ok(Rows { x, y, count, origin: Origin::File(file.to_owned()) })
}

fn standardise(values: &mut [f64]) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / count;
    let deviation = if variance > 0.0 { variance.sqrt() } else { 1.0 };
    values.iter_mut().for_each(|value| *value = (*value - mean) / deviation);
}
