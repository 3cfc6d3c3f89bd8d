//! The engine that runs compiled programs: the only file that names `chainrule_cpu`.
//!
//! Another backend would enter here. Everything else in this crate builds expressions, compiles
//! them with `chainrule_core` and runs them through what this module exports.

pub use chainrule_core::compile::{Program, compile};
pub use chainrule_cpu::gemm::multiply_add_rounds;
pub use chainrule_cpu::{
    Batches, Data, Engine, Error as EngineError, Isa, KernelTime, Matrices, Matrix, Number,
    Options, RowSource, Selection, SharedValues, StepControl,
};

/// The number of threads that this machine runs at once.
pub fn available_threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
