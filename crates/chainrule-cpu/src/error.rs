//! What can be wrong with a run: what was asked of an engine does not fit its program.

use std::fmt;

use crate::simd::ISA_VARIABLE;

/// An error of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
}

/// What is wrong, with what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The source has no group of columns of this name.
    MissingRows {
        /// The program's input.
        name: String,
    },
    /// A group of columns has another width than the program's input.
    Width {
        /// The program's input.
        name: String,
        /// Its elements for one row.
        expected: usize,
        /// The group's columns.
        found: usize,
    },
    /// A row was selected that the source does not have.
    NoSuchRow {
        /// The row, counted from 0.
        row: usize,
        /// How many rows the source has.
        rows: usize,
    },
    /// A slice has another length than what it is for.
    Length {
        /// What it is for.
        name: String,
        /// The length needed.
        expected: usize,
        /// The slice's length.
        found: usize,
    },
    /// The environment asks for an instruction set that this CPU does not have.
    InstructionSet {
        /// What it asks for.
        found: String,
        /// The names of what this CPU has.
        available: Vec<&'static str>,
    },
}

impl Error {
    /// What is wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self { kind }
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ErrorKind::MissingRows { name } => {
                write!(f, "the data has no columns for the input `{name}`")
            }
            ErrorKind::Width { name, expected, found } => {
                write!(f, "the input `{name}` takes {expected} columns, but the data has {found}")
            }
            ErrorKind::NoSuchRow { row, rows } => {
                write!(f, "row {row} is asked for, but the data has {rows} rows (from 0)")
            }
            ErrorKind::Length { name, expected, found } => {
                write!(f, "`{name}` takes {expected} elements, but {found} are given")
            }
            ErrorKind::InstructionSet { found, available } => {
                let (variable, available) = (ISA_VARIABLE, available.join(", "));
                write!(f, "{variable} is {found}, but this machine has {available}")
            }
        }
    }
}
