//! The CPU engine of chainrule: runs compiled programs, bit-identical for any number of threads.
//!
//! A [`chainrule_core::compile::Program`] is planned once for this machine ([`Engine::new`]) and
//! then run over batches of rows that are gathered straight from a [`RowSource`].
//!
//! ```
//! use chainrule_core::{Expr, Shape, compile::compile};
//! use chainrule_cpu::{Data, Engine, Matrices, Matrix, Options, Selection};
//! let x = Expr::input("x", Shape::rows(&[2]));
//! let program = compile(&[x.powf(2.0).sum(0)], &[]).unwrap();
//! let mut engine = Engine::<f32>::new(program, Options::default());
//! let data = [1.0, 2.0, 3.0, 4.0];
//! let matrix = Matrix::new(Data::F32(&data), 2, 2).unwrap();
//! let source = Matrices::new(&[("x", matrix)]).unwrap();
//! let mut squares = [0.0; 2];
//! let rows = Selection::Range { start: 0, count: 2 };
//! engine.run(&source, rows, 0, 0, &mut [&mut squares]).unwrap();
//! assert_eq!(squares, [5.0, 25.0]);
//! ```
#![allow(unsafe_code)]

mod arena;
mod control;
mod engine;
mod error;
mod frame;
pub mod gemm;
mod lanes;
mod map;
pub mod math;
mod movement;
mod options;
mod pace;
mod pair;
mod plan;
mod profile;
mod reduce;
mod run;
pub mod simd;
mod source;
mod team;
mod threads;

pub use control::{Batches, SharedValues, StepControl};
pub use engine::Engine;
pub use error::{Error, ErrorKind};
pub use lanes::Number;
pub use options::Options;
pub use profile::KernelTime;
pub use simd::Isa;
pub use source::{Data, Matrices, Matrix, RowSource, Selection};
