//! Tables: reading them, what their columns mean, and the numbers that a network sees.
//!
//! A file passes through one module after another: `blocks` cuts it where records end, `parts`
//! takes several blocks apart at the same time, `columns` decides what each column of the [`table`]
//! holds, [`schema`] gives the columns their roles, [`target`]
//! finds the task, [`mod@split`] sets rows aside, [`encode`] turns the features and [`labels`] the
//! target into numbers, fitted on the training part alone. [`notes`] are what a user should know
//! though it is no error, [`weights`] say how much each row counts.

mod blocks;
mod cell;
mod columns;
mod dictionary;
pub mod encode;
mod evidence;
pub mod labels;
mod lines;
pub mod notes;
mod numbers;
mod parts;
mod read;
mod records;
pub mod schema;
pub mod split;
pub mod table;
pub mod target;
pub mod weights;

pub use cell::{BOOLEAN_WORDS, MISSING_WORDS};
pub use encode::{Encoder, Encoders, Encoding};
pub use labels::{Link, ScaledTarget, Scaling, TargetEncoder, YesNoTarget};
pub use notes::Note;
pub use numbers::Numbers;
pub use schema::{ColumnSchema, Kind, Role, Schema};
pub use split::split;
pub use table::{Column, ReadOptions, Table, TextValues, Values};
pub use target::{Target, Task, rows_with_target};
pub use weights::{ClassWeight, row_weights};
