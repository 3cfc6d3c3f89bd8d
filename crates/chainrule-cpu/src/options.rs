//! How an engine runs on this machine.

use crate::simd::Isa;

/// How an engine runs; no result depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The most threads that work on one batch.
    pub threads: usize,
    /// The instruction set.
    pub isa: Isa,
    /// Operations of a step below which another thread costs more than it brings, without a try.
    pub thread_work: usize,
    /// What the local values of a chunk of rows may take, in bytes: a part of the second cache.
    pub chunk_bytes: usize,
    /// What a block's values may take, in bytes, whatever the batch.
    pub block_bytes: usize,
    /// Whether the first thread's time in each kernel is measured.
    pub profile: bool,
}

impl Default for Options {
    /// One thread, the best instruction set of this machine.
    fn default() -> Self {
        Self {
            threads: 1,
            isa: Isa::detect(),
            thread_work: 200_000,
            chunk_bytes: 256 << 10,
            block_bytes: 1 << 20,
            profile: false,
        }
    }
}
