//! Tables: reading them, what their columns mean, and the numbers that a network sees.
//!
//! A file passes through one module after another: `source` opens it and `compressed` unpacks it,
//! `header` finds its columns, `blocks` cuts its text where records end (of an array `npy`, and of
//! Parquet and Arrow `columnar`, give `chunks` of values), `parts` takes several of these apart at
//! the same time, `assembly` puts them together, `columns` decides what each column of the [`table`]
//! holds ([`Declarations`] say it in advance), [`mod@findings`] what is suspicious in it, [`schema`] gives the columns their roles, [`target`]
//! finds the task, [`division`] and [`mod@split`] set rows aside, [`encode`] turns the features and [`labels`] the
//! target into numbers, fitted on the training part alone. [`notes`] are what a user should know
//! though it is no error, [`weights`] say how much each row counts.

mod assembly;
mod blocks;
pub mod calendar;
mod cell;
mod chunks;
#[cfg(feature = "parquet")]
mod columnar;
mod columns;
mod compressed;
mod date_cells;
mod declaration;
mod dictionary;
pub mod division;
pub mod encode;
mod evidence;
pub mod findings;
mod header;
pub mod labels;
mod lines;
mod memory;
pub mod notes;
mod npy;
mod numbers;
mod parts;
mod places;
mod read;
mod records;
pub mod schema;
mod source;
pub mod split;
pub mod table;
pub mod target;
pub mod weights;

pub use calendar::DateOrder;
pub use cell::{BOOLEAN_WORDS, MISSING_WORDS, NumberFormat};
pub use declaration::{Declaration, Declarations};
pub use division::Division;
pub use encode::{
    BooleanEncoding, CodeEncoding, Curve, DateEncoding, DatePart, Encoder, EncoderOptions,
    Encoders, Encoding, Fill, NumberEncoding, Scale, Scales, SlotEncoding,
};
pub use findings::{Finding, findings};
pub use labels::{Link, ScaledTarget, Scaling, TargetEncoder, YesNoTarget};
pub use memory::Bytes;
pub use notes::Note;
pub use npy::ArrayFault;
pub use numbers::Numbers;
pub use schema::{ColumnSchema, Kind, Role, Schema};
pub use split::split;
pub use table::{Column, ReadOptions, Table, TextValues, Values};
pub use target::{Target, Task, rows_with_target};
pub use weights::{ClassWeight, row_weights};
