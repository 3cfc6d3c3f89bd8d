//! Ctrl-C: the first asks for an orderly end, the second ends at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::SIGINT;
use signal_hook::flag;

use crate::failure::Failure;

/// Whether Ctrl-C has been pressed since this was made.
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Takes over Ctrl-C; until then it ends the process, as it does by itself.
    ///
    /// # Errors
    /// The system does not allow it.
    pub fn watch() -> Result<Self, Failure> {
        let asked = Arc::new(AtomicBool::new(false));
        // In this order: the first signal finds the flag down and raises it.
        flag::register_conditional_shutdown(SIGINT, 130, asked.clone())
            .and_then(|_| flag::register(SIGINT, asked.clone()))
            .map_err(|reason| Failure::NoInterrupt { reason })?;
        Ok(Self(asked))
    }

    /// Whether an orderly end is asked for.
    pub fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
