//! The mathematics of chainrule: expressions over rows, the chain rule, and the compiler.
//!
//! Every tensor is per-row or shared ([`shape`]); expressions are built from a closed set of
//! primitives ([`op`], [`expr`]), differentiated by one file ([`derivative`]), evaluated slowly
//! and obviously by the [`oracle`], and compiled to a backend-neutral [`compile::Program`].
//!
//! ```
//! use chainrule_core::{Expr, derivative::gradient, oracle::evaluate};
//! let x = Expr::variable("x");
//! let loss = (&x - 3.0).powf(2.0);
//! let slope = gradient(&loss, &[x]).unwrap();
//! let value = evaluate(&slope, &[("x", &[5.0])]).unwrap();
//! assert_eq!(value[0], [4.0]);
//! ```

pub mod compile;
pub mod derivative;
pub mod error;
pub mod expr;
pub mod function;
pub mod graph;
pub mod latex;
pub mod op;
pub mod oracle;
pub mod random;
pub mod shape;
pub mod simplify;
pub mod text;
pub mod words;

pub use error::{Error, ErrorKind};
pub use expr::Expr;
pub use shape::{Kind, Shape};
pub use words::{Language, Words};
