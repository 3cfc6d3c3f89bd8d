//! Deep learning from the first derivative to the deployed model, in Rust.
//!
//! ```
//! use chainrule::data::{ReadOptions, Table};
//! use chainrule::estimator::{Plan, Recipe};
//!
//! # fn main() -> Result<(), chainrule::Error> {
//! let text = "x,y\n0,0\n1,2\n2,4\n3,6\n4,8\n5,10\n6,12\n7,14\n8,16\n9,18.5\n";
//! let table = Table::from_reader(text.as_bytes(), "line.csv", &ReadOptions::default())?;
//! let recipe = Recipe { epochs: 5, ..Recipe::default() };
//! let fitted = Plan::new(&table, &["y"], &recipe)?.train(&table, &mut ())?;
//! let predictions = fitted.model.predict(&table, 1)?;
//! assert_eq!(predictions.len(), 10);
//! # Ok(())
//! # }
//! ```

pub mod activations;
pub mod bench;
pub mod calculus;
pub mod checkpoint;
pub mod clipping;
pub mod criterion;
pub mod data;
pub mod engine;
pub mod error;
pub mod estimator;
pub mod explanation;
pub mod formula;
pub mod gradient_check;
pub mod initializers;
pub mod io;
pub mod layers;
pub mod lbfgs;
pub mod losses;
pub mod metrics;
pub mod model;
pub mod network;
pub mod optimizers;
mod parallel;
pub mod reference;
pub mod schedules;
pub mod settings;
pub mod train;

pub use chainrule_core::{Expr, Kind, Language, Shape, Words, derivative, graph, op};
pub use criterion::Criterion;
pub use error::{Error, ErrorKind};
pub use model::{Model, Predictor};
pub use network::Network;
