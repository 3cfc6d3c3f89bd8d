//! What ends the work before its end: Ctrl-C, SIGTERM, or the time that it was given. The first
//! signal asks for an orderly end, the second ends at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::failure::Failure;

/// What asks for an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Ctrl-C.
    Interrupt,
    /// The signal SIGTERM, which a system sends before it ends a process.
    Terminate,
    /// The time that was given is over.
    Time,
}

impl Ending {
    /// What a person knows it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "Ctrl-C",
            Self::Terminate => "SIGTERM",
            Self::Time => "time",
        }
    }

    /// What the command ends with; an end that was ordered beforehand is none of failure.
    pub fn failure(self) -> Option<Failure> {
        match self {
            Self::Interrupt => Some(Failure::Interrupted),
            Self::Terminate => Some(Failure::Terminated),
            Self::Time => None,
        }
    }
}

/// Whether an end has been asked for since this was made.
pub struct Interrupt {
    /// The signal that came, or 0.
    signal: Arc<AtomicUsize>,
    deadline: Option<Instant>,
}

impl Interrupt {
    /// Takes over Ctrl-C and SIGTERM; until then they end the process, as they do by themselves.
    /// A deadline asks for an end too.
    ///
    /// # Errors
    /// The system does not allow it.
    pub fn watch(deadline: Option<Instant>) -> Result<Self, Failure> {
        let (asked, which) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        for (signal, code) in [(SIGINT, 130), (SIGTERM, 143)] {
            // In this order: the first signal finds the flag down and raises it.
            flag::register_conditional_shutdown(signal, code, asked.clone())
                .and_then(|_| flag::register_usize(signal, which.clone(), signal as usize))
                .and_then(|_| flag::register(signal, asked.clone()))
                .map_err(|reason| Failure::NoInterrupt { reason })?;
        }
        Ok(Self { signal: which, deadline })
    }

    /// What asks for an orderly end, if anything does.
    pub fn asked(&self) -> Option<Ending> {
        match self.signal.load(Ordering::Relaxed) as i32 {
            SIGINT => Some(Ending::Interrupt),
            SIGTERM => Some(Ending::Terminate),
            _ => self.deadline.filter(|end| Instant::now() >= *end).map(|_| Ending::Time),
        }
    }
}
