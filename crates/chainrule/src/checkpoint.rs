//! Checkpoints: the state of a training, so that a run that was stopped goes on to the same bits.
//!
//! A checkpoint is one safetensors file. The tensors `now/…` are what the learner has (parameters,
//! states of layers, the optimizer's state), `best/…` are the parameters and states of the best
//! epoch, `progress` is a JSON text of everything else (what run it is, where it stands, its
//! history), and `sum`, the last sixteen bytes, is the XXH3 of all before. The bytes depend on data,
//! settings, seed and version alone.

mod file;
mod identity;
mod numbers;
mod tensor;

use std::path::Path;

use ::safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_128;

use crate::error::{ErrorKind, Result};
use crate::io::safetensors;
use crate::train::Epoch;
pub use file::{Disk, Storage, save};
pub(crate) use identity::Fingerprint;
pub use identity::{Difference, Identity};
use numbers::{EpochRecord, Exact};
pub(crate) use tensor::Tensor;

/// The version of the numbers: it is raised when the same data, settings and seed begin to give
/// other bits.
pub const NUMERICS: u32 = 1;

/// The version of what stands in a checkpoint.
const FORMAT: u32 = 1;

const PROGRESS: &str = "progress";
/// It has the last name of those of its type, so that it is the end of the file.
const SUM: &str = "sum";
const SUM_BYTES: usize = size_of::<u128>();
const NOW: &str = "now/";
const BEST: &str = "best/";

/// Where a training stands, with everything that it needs to go on.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// What run it is.
    pub identity: Identity,
    /// Every finished epoch.
    pub history: Vec<Epoch>,
    /// The number of the best epoch; 0 before one is finished.
    pub best_epoch: usize,
    /// Whether the run came to its end, so that there is nothing to go on with.
    pub over: bool,
    pub(crate) position: Position,
    pub(crate) now: Vec<Tensor>,
    pub(crate) best: Vec<Tensor>,
}

/// How far the steps are, and what the epoch that runs has added up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Position {
    /// Steps from the start of the run.
    pub steps: u64,
    /// Those among them that changed the parameters.
    pub updates: u64,
    /// Rows of the epoch that runs.
    pub rows: usize,
    /// The sum of its losses, each times the weight of its batch.
    pub loss: f64,
    /// The sum of these weights.
    pub weight: f64,
}

/// What stands in `progress`.
#[derive(Serialize, Deserialize)]
struct Progress {
    format: u32,
    identity: Identity,
    steps: u64,
    updates: u64,
    rows: usize,
    loss: Exact,
    weight: Exact,
    best_epoch: usize,
    over: bool,
    history: Vec<EpochRecord>,
}

impl Checkpoint {
    /// The bytes of the file.
    ///
    /// # Errors
    /// [`ErrorKind::NotACheckpoint`] for what has no place in one.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let refused = |detail: String| not_one("the checkpoint", detail);
        let Position { steps, updates, rows, loss, weight } = self.position;
        let progress = Progress {
            format: FORMAT,
            identity: self.identity.clone(),
            steps,
            updates,
            rows,
            loss: Exact(loss),
            weight: Exact(weight),
            best_epoch: self.best_epoch,
            over: self.over,
            history: self.history.iter().map(EpochRecord::from).collect(),
        };
        let progress = serde_json::to_vec(&progress).map_err(|error| refused(error.to_string()))?;
        let (length, sum) = ([progress.len()], [0; SUM_BYTES]);
        let now = self.now.iter().map(|tensor| (format!("{NOW}{}", tensor.name), tensor));
        let best = self.best.iter().map(|tensor| (format!("{BEST}{}", tensor.name), tensor));
        let numbers = now
            .chain(best)
            .map(|(name, tensor)| (name, tensor.dtype, &*tensor.dims, &*tensor.bytes));
        let others = [
            (PROGRESS.to_owned(), Dtype::U8, &length[..], &progress[..]),
            (SUM.to_owned(), Dtype::U8, &[SUM_BYTES][..], &sum[..]),
        ];
        let mut bytes = safetensors::write(numbers.chain(others))
            .map_err(|error| refused(error.to_string()))?;
        let end = bytes.len().saturating_sub(SUM_BYTES);
        let sum = XxHash3_128::oneshot(&bytes[..end]);
        bytes[end..].copy_from_slice(&sum.to_le_bytes());
        Ok(bytes)
    }

    /// Reads a checkpoint from the bytes of a file, whose name is for the errors.
    ///
    /// Nothing outside the bytes is touched; memory stays below 64 times their number and 16 MB.
    ///
    /// # Errors
    /// [`ErrorKind::Safetensors`] if the bytes are no sound safetensors file,
    /// [`ErrorKind::NotACheckpoint`] if they are damaged or not what chainrule wrote.
    pub fn from_bytes(bytes: &[u8], file: &str) -> Result<Self> {
        let tensors = safetensors::read(bytes)
            .map_err(|reason| ErrorKind::Safetensors { file: file.to_owned(), reason })?;
        let refused = |detail: &str| not_one(file, detail.to_owned());
        let (Some(progress), Some(sum)) = (octets(&tensors, PROGRESS), octets(&tensors, SUM))
        else {
            return Err(refused("it has no progress"));
        };
        let (all, last) = bytes.split_at(bytes.len().saturating_sub(SUM_BYTES));
        if sum.len() != SUM_BYTES || last != XxHash3_128::oneshot(all).to_le_bytes() {
            return Err(refused("it is damaged: its sum is another"));
        }
        let progress: Progress = serde_json::from_slice(progress)
            .map_err(|error| refused(&error.to_string().chars().take(200).collect::<String>()))?;
        if progress.format != FORMAT {
            let format = progress.format;
            return Err(refused(&format!("its format is {format}, and {FORMAT} is read")));
        }
        if progress.best_epoch > progress.history.len() {
            return Err(refused("its best epoch is none of its epochs"));
        }
        let of = |prefix: &str| -> Result<Vec<Tensor>> {
            let mut found: Vec<(&str, _)> = (tensors.iter())
                .filter_map(|(name, view)| Some((name.strip_prefix(prefix)?, view)))
                .collect();
            found.sort_by_key(|(name, _)| *name);
            let tensor = |(name, view)| {
                Tensor::read(name, &view).ok_or_else(|| refused("a tensor is of another type"))
            };
            found.into_iter().map(tensor).collect()
        };
        let (now, best) = (of(NOW)?, of(BEST)?);
        if now.len() + best.len() + 2 != tensors.len() {
            return Err(refused("it has tensors that are none of a checkpoint"));
        }
        let Progress { identity, steps, updates, rows, best_epoch, over, .. } = progress;
        let position =
            Position { steps, updates, rows, loss: progress.loss.0, weight: progress.weight.0 };
        let history = progress.history.into_iter().enumerate();
        let history = history.map(|(place, record)| record.into_epoch(place + 1)).collect();
        Ok(Self { identity, history, best_epoch, over, position, now, best })
    }

    /// Reads a checkpoint from a file.
    ///
    /// # Errors
    /// As [`Checkpoint::from_bytes`]; [`ErrorKind::FileNotFound`] or [`ErrorKind::FileUnreadable`].
    pub fn open(path: &Path) -> Result<Self> {
        let file = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|reason| match reason.kind() {
            std::io::ErrorKind::NotFound => ErrorKind::FileNotFound { file: file.clone() },
            _ => ErrorKind::FileUnreadable { file: file.clone(), reason },
        })?;
        Self::from_bytes(&bytes, &file)
    }

    /// The same without its numbers: what tells that a run came to its end, and how.
    pub fn without_numbers(self) -> Self {
        Self { now: Vec::new(), best: Vec::new(), ..self }
    }

    /// The number of the epoch that runs next or goes on, and how many of its rows are done.
    pub fn place(&self) -> (usize, usize) {
        (self.history.len() + 1, self.position.rows)
    }

    /// Refuses to go on as another run.
    ///
    /// # Errors
    /// [`ErrorKind::OtherRun`], with everything that differs.
    pub(crate) fn check(&self, now: &Identity, file: &str) -> Result<()> {
        let differences = self.identity.differences(now);
        match differences.is_empty() {
            true => Ok(()),
            false => Err(ErrorKind::OtherRun { file: file.to_owned(), differences }.into()),
        }
    }
}

/// The bytes of a tensor of bytes.
fn octets<'a>(tensors: &SafeTensors<'a>, name: &str) -> Option<&'a [u8]> {
    let view = tensors.tensor(name).ok()?;
    (view.dtype() == Dtype::U8).then(|| view.data())
}

pub(crate) fn not_one(file: &str, detail: String) -> crate::error::Error {
    ErrorKind::NotACheckpoint { file: file.to_owned(), detail }.into()
}
