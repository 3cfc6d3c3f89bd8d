//! What takes part in a training: its story is told, its logs are written, its state is kept.

use std::ops::ControlFlow;
use std::thread::{Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use chainrule::checkpoint::{Checkpoint, Identity};
use chainrule::engine::KernelTime;
use chainrule::metrics::Measured;
use chainrule::train::{Callback, Epoch, Keeper};

use super::folder::RunFolder;
use super::logs::{About, Logs};
use crate::failure::Failure;
use crate::progress::Progress;

/// What is left at the end.
pub struct Kept {
    /// Why the last save failed.
    pub unsaved: Option<Failure>,
    /// The state of a run that came to its end.
    pub end: Option<Checkpoint>,
    /// The logs, to be finished.
    pub logs: Option<Logs>,
}

/// A run's folder, logs and checkpoints.
pub struct Attended<'scope, 'env, 'a, 'p> {
    scope: &'scope Scope<'scope, 'env>,
    progress: &'a mut Progress<'p>,
    folder: Option<&'env RunFolder>,
    logs: Option<Logs>,
    about: &'a About,
    /// The epochs that were finished before, if the run goes on.
    before: Option<&'a [Epoch]>,
    every: Duration,
    last: Instant,
    /// The save that is under way.
    saving: Option<ScopedJoinHandle<'scope, Result<(), Failure>>>,
    /// Why the last save failed.
    failed: Option<Failure>,
    /// The state at the end of a run that came to its end.
    end: Option<Checkpoint>,
}

impl<'scope, 'env, 'a, 'p> Attended<'scope, 'env, 'a, 'p> {
    /// A training of which nothing is kept without a folder.
    pub fn new(
        scope: &'scope Scope<'scope, 'env>,
        progress: &'a mut Progress<'p>,
        folder: Option<&'env RunFolder>,
        about: &'a About,
        before: Option<&'a [Epoch]>,
        every: Duration,
    ) -> Self {
        Self {
            scope,
            progress,
            folder,
            logs: folder.map(Logs::of),
            about,
            before,
            every,
            last: Instant::now(),
            saving: None,
            failed: None,
            end: None,
        }
    }

    /// Waits for the last save.
    pub fn finish(mut self) -> Kept {
        self.join();
        Kept { unsaved: self.failed, end: self.end, logs: self.logs }
    }

    /// Waits for the save that is under way.
    fn join(&mut self) {
        let Some(saving) = self.saving.take() else { return };
        let failed = match saving.join() {
            Ok(outcome) => outcome.err(),
            // What panics in a thread is said by the thread itself.
            Err(_) => Some(Failure::Unwritable {
                file: "the checkpoint".to_owned(),
                reason: std::io::ErrorKind::Other.into(),
            }),
        };
        if let Some(failure) = &failed {
            self.progress.note(&format!("{failure}; the training goes on without it"));
        }
        self.failed = failed;
    }
}

impl Callback for Attended<'_, '_, '_, '_> {
    fn step(&mut self, step: u64, loss: f64) -> ControlFlow<()> {
        self.progress.step(step, loss)
    }

    fn epoch(&mut self, epoch: &Epoch) -> ControlFlow<()> {
        if let Some(logs) = &mut self.logs {
            logs.event(self.progress.event(epoch));
            logs.epoch(epoch);
            if let Some((file, reason)) = logs.fault() {
                let file = file.display();
                self.progress.note(&format!("{file}: cannot be written ({reason})"));
            }
        }
        self.progress.epoch(epoch)
    }

    fn metrics(&mut self, outputs: &[f64]) -> Vec<Measured> {
        self.progress.metrics(outputs)
    }

    fn profiles(&self) -> bool {
        self.progress.profiles()
    }

    fn profile(&mut self, steps: u64, times: &[KernelTime]) {
        self.progress.profile(steps, times);
    }

    fn keeper(&mut self) -> Option<&mut dyn Keeper> {
        self.folder.is_some().then_some(self as &mut dyn Keeper)
    }
}

impl Keeper for Attended<'_, '_, '_, '_> {
    fn begin(&mut self, identity: &Identity) {
        if let Some(logs) = &mut self.logs {
            let epochs = self.before.unwrap_or(&[]);
            logs.begin(identity, epochs, self.before.is_some(), self.about);
        }
    }

    fn wants(&mut self, within_epoch: bool) -> bool {
        if self.every.is_zero() {
            return !within_epoch;
        }
        let busy = self.saving.as_ref().is_some_and(|saving| !saving.is_finished());
        self.last.elapsed() >= self.every && !busy
    }

    fn keep(&mut self, state: Checkpoint) {
        let Some(folder) = self.folder else { return };
        self.join();
        // A run that came to its end has its model written first.
        if state.over {
            self.end = Some(state);
            return;
        }
        self.last = Instant::now();
        self.saving = Some(self.scope.spawn(move || folder.save(&state)));
    }
}
