//! What can be wrong with a model file.

use std::fmt;

/// Why bytes are not a model that chainrule reads, or a built graph is not a model that it writes.
///
/// Names that come out of a file are cut to 80 characters, so that an error is always small
/// enough to print.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum OnnxError {
    /// The file has no bytes.
    Empty,
    /// The bytes are not well-formed protobuf, or not that of an ONNX model.
    Wire {
        /// Where, in bytes from the start of the file.
        offset: usize,
        /// What is wrong there.
        fault: WireFault,
    },
    /// The bytes are refused by the protobuf decoder: text that is not UTF-8.
    Malformed {
        /// The decoder's own words, which name the field.
        reason: String,
    },
    /// The model holds no graph.
    MissingGraph,
    /// The version of the format is outside of what is read.
    IrVersion {
        /// The version that stands in the file.
        found: i64,
        /// Oldest version that is read.
        oldest: i64,
        /// Newest version that is read.
        newest: i64,
    },
    /// An operator set is absent.
    MissingOpset {
        /// Name of the set.
        domain: String,
    },
    /// The version of an operator set is outside of what is read.
    Opset {
        /// Name of the set.
        domain: String,
        /// The version that stands in the file.
        found: i64,
        /// Oldest version that is read.
        oldest: i64,
        /// Newest version that is read.
        newest: i64,
    },
    /// An operator, or an operator set, is neither a known one nor defined by a function above.
    UnknownOperator {
        /// Name of the operator set.
        domain: String,
        /// Name of the operator; empty when the whole set is unknown.
        operator: String,
    },
    /// A name that must be unique stands twice.
    DuplicateName {
        /// What kind of thing is named.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A name is empty that must not be.
    EmptyName {
        /// What kind of thing should be named.
        what: &'static str,
    },
    /// A value is used that nothing before it computes: a cycle, or a missing input.
    UndefinedName {
        /// Name of the value.
        name: String,
        /// What uses it.
        used_by: String,
    },
    /// Functions that call each other would unfold to more nodes than are allowed.
    TooManyNodes {
        /// The most nodes that are allowed.
        limit: u64,
    },
    /// A tensor's elements lie in another file, which is never opened.
    ExternalData {
        /// Name of the tensor.
        tensor: String,
    },
    /// The type of an input, output or tensor is none of those used here.
    ElementType {
        /// Name of the value.
        name: String,
        /// Number of the type in the file.
        code: i32,
    },
    /// An input or output does not say that it is a tensor of a shape.
    MissingShape {
        /// Name of the value.
        name: String,
    },
    /// The shape of an input, output or tensor has a bad size, too many sizes, or too large a
    /// product.
    Shape {
        /// Name of the value.
        name: String,
        /// What is wrong with the shape.
        fault: ShapeFault,
    },
    /// A tensor does not hold as many elements as its shape says.
    DataSize {
        /// Name of the tensor.
        tensor: String,
        /// Elements that the shape says, or bytes if they lie in `raw_data`.
        expected: u64,
        /// Elements or bytes that there are.
        found: u64,
    },
    /// A tensor holds its elements in two places, or in a place for another type.
    DataPlace {
        /// Name of the tensor.
        tensor: String,
    },
    /// A text inside a tensor or attribute is not UTF-8.
    NotText {
        /// Name of the tensor or attribute.
        name: String,
    },
    /// An attribute's value is missing, there twice, or of a kind that is not read (a graph, a
    /// sparse tensor, a type).
    Attribute {
        /// Operator of the node.
        operator: String,
        /// Name of the attribute.
        attribute: String,
        /// Number of the kind in the file.
        kind: i32,
    },
    /// No initializer has the name that is asked for.
    MissingInitializer {
        /// The name.
        name: String,
    },
    /// A tensor holds elements of another type than is asked for.
    WrongElementType {
        /// Name of the tensor.
        tensor: String,
        /// The type asked for.
        expected: &'static str,
        /// The type that it has.
        found: &'static str,
    },
}

/// What is wrong with the bytes at a place in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WireFault {
    /// The bytes end inside a number.
    Truncated,
    /// A number takes more than ten bytes, or more than 64 bits.
    LongNumber,
    /// A field's number is 0 or above 2²⁹ − 1, or its wire type does not exist.
    BadKey,
    /// A length reaches past the end of what contains it.
    LengthPastEnd {
        /// The length.
        length: u64,
        /// The bytes that are left.
        available: u64,
    },
    /// A known field has a wire type that cannot hold its value.
    WireType {
        /// Message that holds the field.
        message: &'static str,
        /// Number of the field.
        field: u32,
    },
    /// A field that holds one value stands twice, and readers would differ on which one counts.
    Repeated {
        /// Message that holds the field.
        message: &'static str,
        /// Number of the field.
        field: u32,
    },
    /// Decoding would take more memory than is allowed for a file of this size.
    TooMuchMemory {
        /// The most bytes that are allowed.
        limit: u64,
    },
}

/// What is wrong with a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShapeFault {
    /// A size is negative.
    Negative(i64),
    /// There are more sizes than are allowed.
    Rank {
        /// How many there are.
        found: usize,
        /// The most that are allowed.
        limit: usize,
    },
    /// The product of the sizes, in bytes, does not fit the address space.
    Overflow,
    /// A size is neither a number nor a name, or both.
    Dimension,
}

impl fmt::Display for OnnxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "the model file is empty"),
            Self::Wire { offset, fault } => {
                write!(f, "not an ONNX model, or a damaged one: at byte {offset}, {fault}")
            }
            Self::Malformed { reason } => {
                write!(f, "not an ONNX model, or a damaged one: {reason}")
            }
            Self::MissingGraph => write!(f, "the model file holds no graph"),
            Self::IrVersion { found, oldest, newest } => write!(
                f,
                "the model file has IR version {found}; versions {oldest} to {newest} are read"
            ),
            Self::MissingOpset { domain } => {
                write!(
                    f,
                    "the model file does not say which version of the operator set {domain} it uses"
                )
            }
            Self::Opset { domain, found, oldest, newest } => write!(
                f,
                "the model file uses version {found} of the operator set {domain}; versions {oldest} to {newest} are read"
            ),
            Self::UnknownOperator { domain, operator } if operator.is_empty() => {
                write!(f, "the model file uses the unknown operator set `{domain}`")
            }
            Self::UnknownOperator { domain, operator } => write!(
                f,
                "no function above defines the operator `{operator}` of the operator set `{domain}`"
            ),
            Self::DuplicateName { what, name } => write!(f, "two {what} have the name `{name}`"),
            Self::EmptyName { what } => write!(f, "{what} has no name"),
            Self::UndefinedName { name, used_by } => {
                write!(f, "{used_by} uses `{name}`, which nothing before it computes")
            }
            Self::TooManyNodes { limit } => {
                write!(f, "the functions of the model unfold to more than {limit} nodes")
            }
            Self::ExternalData { tensor } => write!(
                f,
                "the elements of `{tensor}` lie in another file, which is never opened: save the model as one file"
            ),
            Self::ElementType { name, code } => write!(
                f,
                "`{name}` has element type {code}; float, double, int32, int64, bool and string are read"
            ),
            Self::MissingShape { name } => {
                write!(f, "`{name}` does not say that it is a tensor of some shape")
            }
            Self::Shape { name, fault } => write!(f, "the shape of `{name}` {fault}"),
            Self::DataSize { tensor, expected, found } => {
                write!(f, "`{tensor}` should hold {expected} elements or bytes but holds {found}")
            }
            Self::DataPlace { tensor } => write!(
                f,
                "`{tensor}` holds its elements in two places, or in a place for another type"
            ),
            Self::NotText { name } => write!(f, "a text in `{name}` is not UTF-8"),
            Self::Attribute { operator, attribute, kind } => write!(
                f,
                "attribute `{attribute}` of an operator `{operator}` is not exactly one value of kind {kind}, or not of a kind that is read"
            ),
            Self::MissingInitializer { name } => {
                write!(f, "the model file holds no tensor with the name `{name}`")
            }
            Self::WrongElementType { tensor, expected, found } => {
                write!(f, "`{tensor}` holds {found} elements where {expected} ones are expected")
            }
        }
    }
}

impl fmt::Display for WireFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => write!(f, "the file ends inside a number"),
            Self::LongNumber => write!(f, "a number has more than 64 bits"),
            Self::BadKey => write!(f, "there is no field of a known form"),
            Self::LengthPastEnd { length, available } => {
                write!(f, "a part claims {length} bytes where {available} are left")
            }
            Self::WireType { message, field } => {
                write!(f, "field {field} of {message} has the wrong wire type")
            }
            Self::Repeated { message, field } => {
                write!(f, "field {field} of {message} stands twice")
            }
            Self::TooMuchMemory { limit } => {
                write!(f, "reading on would take more than {limit} bytes of memory")
            }
        }
    }
}

impl fmt::Display for ShapeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Negative(size) => write!(f, "has the negative size {size}"),
            Self::Rank { found, limit } => {
                write!(f, "has {found} dimensions; at most {limit} are read")
            }
            Self::Overflow => write!(f, "has a product that no memory holds"),
            Self::Dimension => write!(f, "has a size that is neither a number nor a name"),
        }
    }
}

impl std::error::Error for OnnxError {}

/// Cuts a name to what an error shows of it.
pub(super) fn shown(name: &str) -> String {
    match name.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}
