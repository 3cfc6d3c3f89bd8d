//! What can be wrong with an expression: structured, with the place where it arose.

use std::fmt;
use std::panic::Location;

use crate::shape::Shape;

/// An error of an expression, its compilation or its evaluation.
///
/// Builders never fail: the first error poisons the expression and is returned once, by whatever
/// compiles or evaluates it, with the line of the caller that built the wrong node.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    kind: ErrorKind,
    place: Option<&'static Location<'static>>,
}

/// What is wrong, with the values that were found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Two operands have shapes that do not go together.
    ShapesDiffer {
        /// The operation.
        op: String,
        /// The left operand's shape.
        left: Shape,
        /// The right operand's shape.
        right: Shape,
    },
    /// An operation got another number of operands than it takes.
    OperandCount {
        /// The operation.
        op: String,
        /// How many it got.
        found: usize,
    },
    /// An operand has no such axis.
    NoSuchAxis {
        /// The operation.
        op: String,
        /// The axis asked for.
        axis: usize,
        /// The operand's shape.
        shape: Shape,
    },
    /// An operand's shape does not suit the operation's attributes.
    OperandShape {
        /// The operation.
        op: String,
        /// The operation with its attributes.
        attributes: String,
        /// The operand's shape.
        shape: Shape,
    },
    /// A reduction over rows was asked of a shared value.
    NeedsRows {
        /// The operation.
        op: String,
        /// The operand's shape.
        shape: Shape,
    },
    /// A value would have no elements.
    Empty {
        /// The operation.
        op: String,
        /// The shape.
        shape: Shape,
    },
    /// A shape has too many elements.
    TooLarge {
        /// The shape.
        shape: Shape,
    },
    /// A gradient was asked of something that is not one shared number.
    NotANumber {
        /// The shape of what was to be differentiated.
        shape: Shape,
    },
    /// No value was given for an input.
    MissingInput {
        /// The input's name.
        name: String,
        /// The shape it is declared with.
        shape: Shape,
    },
    /// An input was given with another number of elements than its shape has.
    InputLength {
        /// The input's name.
        name: String,
        /// How many elements its shape has.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// One name is declared with two shapes.
    InputConflict {
        /// The input's name.
        name: String,
        /// One declaration.
        first: Shape,
        /// Another.
        second: Shape,
    },
    /// A formula could not be read.
    Formula {
        /// The formula.
        text: String,
        /// The byte at which reading stopped.
        position: usize,
        /// What was wrong there.
        problem: FormulaProblem,
    },
}

/// What is wrong with the text of a formula.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormulaProblem {
    /// Something else was expected.
    Expected(&'static str),
    /// A character that no formula has.
    Character(char),
    /// A name that is neither a variable nor a function.
    UnknownName {
        /// The name.
        name: String,
        /// The nearest known name.
        nearest: Option<String>,
    },
    /// A function got another number of arguments than it takes.
    ArgumentCount {
        /// The function.
        name: String,
        /// How many it takes, in words.
        expected: String,
        /// How many it got.
        found: usize,
    },
    /// A number that cannot be read.
    Number,
    /// Parentheses nested deeper than the limit.
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// A formula longer than the limit.
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
}

impl Error {
    /// An error that arose at a place in the caller's program.
    pub fn new(kind: ErrorKind, place: Option<&'static Location<'static>>) -> Self {
        Self { kind, place }
    }

    /// What is wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// The line of the program that built the wrong node.
    pub fn place(&self) -> Option<&'static Location<'static>> {
        self.place
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self { kind, place: None }
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if let Some(place) = self.place {
            write!(f, " (built at {}:{})", place.file(), place.line())?;
        }
        Ok(())
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShapesDiffer { op, left, right } => {
                write!(f, "`{op}` cannot combine {left} and {right}")
            }
            Self::OperandCount { op, found } => {
                write!(f, "`{op}` does not take {found} operand(s)")
            }
            Self::NoSuchAxis { op, axis, shape } => {
                write!(f, "`{op}` along axis {axis}, but the operand is {shape}")
            }
            Self::OperandShape { attributes, shape, .. } => {
                write!(f, "`{attributes}` does not suit an operand of shape {shape}")
            }
            Self::NeedsRows { op, shape } => write!(
                f,
                "`{op}` over the rows needs one value per row, but the operand is {shape}"
            ),
            Self::Empty { op, shape } => {
                write!(f, "`{op}` would give {shape}, which has no elements")
            }
            Self::TooLarge { shape } => write!(f, "{shape} has too many elements"),
            Self::NotANumber { shape } => write!(
                f,
                "a gradient is taken of one number, but the value is {shape}: \
                 reduce it first (a sum or a mean), or give a seed of the same shape"
            ),
            Self::MissingInput { name, shape } => {
                write!(f, "no value is given for the input `{name}` of shape {shape}")
            }
            Self::InputLength { name, expected, found } => {
                write!(f, "the input `{name}` takes {expected} elements, but {found} are given")
            }
            Self::InputConflict { name, first, second } => {
                write!(f, "the input `{name}` is declared both as {first} and as {second}")
            }
            Self::Formula { text, position, problem } => {
                let before = text.get(..*position).unwrap_or(text);
                write!(f, "{problem} at character {}", before.chars().count() + 1)?;
                // The line of the formula that holds the place, with a caret under the place.
                let start = before.rfind('\n').map_or(0, |end| end + 1);
                let line = text[start..].lines().next().unwrap_or_default();
                let column: usize = before[start..].chars().map(columns).sum();
                write!(f, "\n  {line}\n  {:column$}^", "")
            }
        }
    }
}

/// How many columns of a terminal a character takes: two for Hangul, kana and Chinese.
fn columns(character: char) -> usize {
    match u32::from(character) {
        0x1100..=0x115F | 0x2E80..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF => 2,
        0xFF00..=0xFF60 | 0x2_0000..=0x3_FFFD => 2,
        _ => 1,
    }
}

impl fmt::Display for FormulaProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expected(what) => write!(f, "expected {what}"),
            Self::Character(character) => write!(f, "`{character}` has no meaning in a formula"),
            Self::UnknownName { name, nearest: Some(nearest) } => {
                write!(f, "`{name}` is not known: did you mean `{nearest}`?")
            }
            Self::UnknownName { name, nearest: None } => write!(f, "`{name}` is not known"),
            Self::ArgumentCount { name, expected, found } => {
                write!(f, "`{name}` takes {expected} argument(s), but {found} are given")
            }
            Self::Number => write!(f, "this number cannot be read"),
            Self::TooDeep { limit } => write!(f, "more than {limit} nested parentheses"),
            Self::TooLong { limit } => write!(f, "the formula is longer than {limit} bytes"),
        }
    }
}
