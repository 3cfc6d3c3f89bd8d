//! Every kernel against a scalar reference, bit for bit: for each instruction set of this machine,
//! for several numbers of threads and sizes of chunks and blocks, over shapes up to three times the
//! tile of each kernel.
//!
//! Usually a sample of the shapes is tried, chosen by a seed; with CHAINRULE_CASES at 20 or more
//! (`cargo xtask test --full`) every one is.

#[path = "../../../chainrule-core/tests/random_graphs/mod.rs"]
mod random_graphs;

mod case;
mod graphs;
mod maps;
mod movements;
mod products;
mod reductions;
mod reference;
mod sources;
mod tiles;
