//! The folder of a run, `model.run` beside `model.onnx`: its lock, its checkpoint, its logs.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use chainrule::checkpoint::{Checkpoint, Disk, save};

use crate::failure::Failure;

/// A folder that this process alone writes to.
pub struct RunFolder {
    path: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

/// The names in the folder.
const LOCK: &str = "lock";
const CHECKPOINT: &str = "checkpoint.safetensors";
const EVENTS: &str = "events.jsonl";
const HISTORY: &str = "history.csv";

impl RunFolder {
    /// The folder that belongs to a model file.
    pub fn beside(model: &Path) -> PathBuf {
        // A model that is itself called so must not be where its folder is to be.
        match model.extension() {
            Some(extension) if extension == "run" => model.with_extension("run.run"),
            _ => model.with_extension("run"),
        }
    }

    /// Takes the folder for this process if it is there.
    ///
    /// # Errors
    /// Another run has it; it cannot be written to.
    pub fn find(path: &Path) -> Result<Option<Self>, Failure> {
        if path.is_dir() { Self::open(path).map(Some) } else { Ok(None) }
    }

    /// Takes the folder for this process, and makes it if it is not there.
    ///
    /// # Errors
    /// Another run has it; it cannot be made, or written to.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let failed =
            |path: &Path, reason| Failure::Unwritable { file: path.display().to_string(), reason };
        fs::create_dir_all(path).map_err(|reason| failed(path, reason))?;
        let name = path.join(LOCK);
        let mut options = OpenOptions::new();
        let lock = options.create(true).truncate(false).write(true).open(&name);
        let lock = lock.map_err(|reason| failed(&name, reason))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::RunIsBusy { folder: path.display().to_string() });
            }
            // A file system that has no locks shall not keep anybody from training.
            Err(TryLockError::Error(reason)) if reason.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(reason)) => return Err(failed(&name, reason)),
        }
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Takes the folder away again if a training was refused before anything was written to it.
    pub fn discard_if_unused(self) {
        if !self.events().exists() {
            let _ = fs::remove_file(self.path.join(LOCK));
            // Not if it has anything else.
            let _ = fs::remove_dir(&self.path);
        }
    }

    /// The file of the events.
    pub fn events(&self) -> PathBuf {
        self.path.join(EVENTS)
    }

    /// The file of the epochs.
    pub fn history(&self) -> PathBuf {
        self.path.join(HISTORY)
    }

    /// The checkpoint, with the name of its file, if there is one.
    ///
    /// # Errors
    /// It is damaged, or cannot be read.
    pub fn checkpoint(&self) -> Result<Option<(Checkpoint, String)>, Failure> {
        let path = self.path.join(CHECKPOINT);
        if !path.exists() {
            return Ok(None);
        }
        Ok(Some((Checkpoint::open(&path)?, path.display().to_string())))
    }

    /// Writes a checkpoint in the place of the one before, which stays if this fails.
    ///
    /// # Errors
    /// What the system says.
    pub fn save(&self, state: &Checkpoint) -> Result<(), Failure> {
        let path = self.path.join(CHECKPOINT);
        let bytes = state.to_bytes()?;
        save(&mut Disk, &path, &bytes)
            .map_err(|reason| Failure::Unwritable { file: path.display().to_string(), reason })
    }
}
