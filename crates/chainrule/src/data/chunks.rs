//! Files that hold values as such and no text: what is read of them, some rows at a time.

use super::columns::{Cells, Form};
use super::schema::Kind;
use crate::error::Result;

/// A file of columns of values, read some rows at a time.
pub(super) trait Chunks: Send {
    /// The columns' names.
    fn names(&self) -> &[String];

    /// What each column holds, by its type in the file.
    fn kinds(&self) -> &[Kind];

    /// The next rows; `None` at the end.
    fn next(&mut self) -> Result<Option<Box<dyn Chunk>>>;
}

/// Some rows that follow each other.
pub(super) trait Chunk: Send {
    /// How many rows there are.
    fn rows(&self) -> usize;

    /// Hands all cells of a column over.
    ///
    /// # Errors
    /// The row of a value that the column cannot have, and its text.
    fn push(
        &self,
        column: usize,
        cells: &mut Cells,
        form: &Form<'_>,
    ) -> std::result::Result<(), (usize, String)>;
}
