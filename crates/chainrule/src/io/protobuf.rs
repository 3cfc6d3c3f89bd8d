//! The protobuf messages of an ONNX file, with the field numbers of the ONNX specification
//! (`onnx.proto`, IR version 8), as far as chainrule writes or reads them.
//!
//! A field that is not declared here is skipped when a file is read: graphs inside attributes,
//! sparse tensors, sequences and maps are therefore never built, and the messages nest at most
//! seven deep. Fields whose presence means something (`dim_value: 0` is not an absent dimension)
//! are `Option`; everywhere else an absent field and its zero are the same.

use prost::Message;

/// The IR version that [`GraphBuilder`](super::graph::GraphBuilder) writes: 8, of 2021.
pub const IR_VERSION: i64 = 8;
/// The version of the operator set `ai.onnx` that is written: 17.
pub const OPSET: i64 = 17;
/// The version of the operator set `ai.onnx.ml` that is written: 3.
pub const ML_OPSET: i64 = 3;
/// The domain of the operators for classical machine learning, such as `LabelEncoder`.
pub const ML_DOMAIN: &str = "ai.onnx.ml";

/// Type of a tensor's elements, of those that ONNX has the ones used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ElementType {
    /// 32-bit IEEE numbers.
    Float,
    /// 64-bit IEEE numbers.
    Double,
    /// 32-bit signed integers.
    Int32,
    /// 64-bit signed integers.
    Int64,
    /// Truth values, one byte each.
    Bool,
    /// UTF-8 text.
    String,
}

impl ElementType {
    /// Returns the number that stands for the type in a file (`TensorProto.DataType`); the
    /// attribute `to` of a `Cast` takes it too.
    pub const fn code(self) -> i32 {
        match self {
            Self::Float => 1,
            Self::Int32 => 6,
            Self::Int64 => 7,
            Self::String => 8,
            Self::Bool => 9,
            Self::Double => 11,
        }
    }

    /// Returns the type that a number stands for, or `None` for one that is not used here.
    pub const fn from_code(code: i32) -> Option<Self> {
        match code {
            1 => Some(Self::Float),
            6 => Some(Self::Int32),
            7 => Some(Self::Int64),
            8 => Some(Self::String),
            9 => Some(Self::Bool),
            11 => Some(Self::Double),
            _ => None,
        }
    }

    /// Returns the bytes of one element in `raw_data`, or `None` for text, which has none.
    pub const fn width(self) -> Option<usize> {
        match self {
            Self::Bool => Some(1),
            Self::Float | Self::Int32 => Some(4),
            Self::Double | Self::Int64 => Some(8),
            Self::String => None,
        }
    }

    /// Returns the name that the specification gives the type, such as `double`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Float => "float",
            Self::Double => "double",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Bool => "bool",
            Self::String => "string",
        }
    }
}

/// The whole file: one graph, the operator sets it is written in, and metadata.
#[derive(Clone, PartialEq, Message)]
pub struct ModelProto {
    /// Version of the format itself.
    #[prost(int64, tag = "1")]
    pub ir_version: i64,
    /// Program that wrote the file.
    #[prost(string, tag = "2")]
    pub producer_name: String,
    /// Version of that program.
    #[prost(string, tag = "3")]
    pub producer_version: String,
    /// What is computed.
    #[prost(message, optional, tag = "7")]
    pub graph: Option<GraphProto>,
    /// Operator sets that the graph's nodes are taken from.
    #[prost(message, repeated, tag = "8")]
    pub opset_import: Vec<OperatorSetIdProto>,
    /// Keys and values that mean nothing to a runtime.
    #[prost(message, repeated, tag = "14")]
    pub metadata_props: Vec<StringStringEntryProto>,
    /// Operators that the file itself defines.
    #[prost(message, repeated, tag = "25")]
    pub functions: Vec<FunctionProto>,
}

/// Nodes in an order in which they can be computed, with inputs, outputs and constants.
#[derive(Clone, PartialEq, Message)]
pub struct GraphProto {
    /// The computations; each uses only what stands before it.
    #[prost(message, repeated, tag = "1")]
    pub node: Vec<NodeProto>,
    /// Name of the graph.
    #[prost(string, tag = "2")]
    pub name: String,
    /// Named constants: the trained parameters among them.
    #[prost(message, repeated, tag = "5")]
    pub initializer: Vec<TensorProto>,
    /// What a caller gives.
    #[prost(message, repeated, tag = "11")]
    pub input: Vec<ValueInfoProto>,
    /// What a caller gets.
    #[prost(message, repeated, tag = "12")]
    pub output: Vec<ValueInfoProto>,
}

/// One application of an operator.
#[derive(Clone, PartialEq, Message)]
pub struct NodeProto {
    /// Names of the operands; an empty one stands for an optional operand left out.
    #[prost(string, repeated, tag = "1")]
    pub input: Vec<String>,
    /// Names given to the results.
    #[prost(string, repeated, tag = "2")]
    pub output: Vec<String>,
    /// Name of the node, for people only.
    #[prost(string, tag = "3")]
    pub name: String,
    /// Name of the operator.
    #[prost(string, tag = "4")]
    pub op_type: String,
    /// Settings of the operator.
    #[prost(message, repeated, tag = "5")]
    pub attribute: Vec<AttributeProto>,
    /// Operator set of the operator; empty for `ai.onnx`.
    #[prost(string, tag = "7")]
    pub domain: String,
}

/// One setting of an operator: a name and one value of the kind that `type` names.
#[derive(Clone, PartialEq, Message)]
pub struct AttributeProto {
    /// Name of the setting.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Value of kind FLOAT.
    #[prost(float, optional, tag = "2")]
    pub f: Option<f32>,
    /// Value of kind INT.
    #[prost(int64, optional, tag = "3")]
    pub i: Option<i64>,
    /// Value of kind STRING.
    #[prost(bytes = "vec", optional, tag = "4")]
    pub s: Option<Vec<u8>>,
    /// Value of kind TENSOR.
    #[prost(message, optional, boxed, tag = "5")]
    pub t: Option<Box<TensorProto>>,
    /// Value of kind FLOATS.
    #[prost(float, repeated, packed = "false", tag = "7")]
    pub floats: Vec<f32>,
    /// Value of kind INTS.
    #[prost(int64, repeated, packed = "false", tag = "8")]
    pub ints: Vec<i64>,
    /// Value of kind STRINGS.
    #[prost(bytes = "vec", repeated, tag = "9")]
    pub strings: Vec<Vec<u8>>,
    /// Kind of the value: 1 FLOAT, 2 INT, 3 STRING, 4 TENSOR, 6 FLOATS, 7 INTS, 8 STRINGS.
    #[prost(int32, tag = "20")]
    pub r#type: i32,
    /// In a function's body: the function's attribute that gives the value.
    #[prost(string, tag = "21")]
    pub ref_attr_name: String,
}

/// A constant: shape, element type, and the elements in row-major order.
#[derive(Clone, PartialEq, Message)]
pub struct TensorProto {
    /// Sizes; none for a scalar.
    #[prost(int64, repeated, packed = "false", tag = "1")]
    pub dims: Vec<i64>,
    /// [`ElementType::code`] of the elements.
    #[prost(int32, tag = "2")]
    pub data_type: i32,
    /// Elements of type float, if not in `raw_data`.
    #[prost(float, repeated, tag = "4")]
    pub float_data: Vec<f32>,
    /// Elements of type int32 and bool, if not in `raw_data`.
    #[prost(int32, repeated, tag = "5")]
    pub int32_data: Vec<i32>,
    /// Elements of type string.
    #[prost(bytes = "vec", repeated, tag = "6")]
    pub string_data: Vec<Vec<u8>>,
    /// Elements of type int64, if not in `raw_data`.
    #[prost(int64, repeated, tag = "7")]
    pub int64_data: Vec<i64>,
    /// Name of the constant.
    #[prost(string, tag = "8")]
    pub name: String,
    /// Elements of any type but string, little-endian.
    #[prost(bytes = "vec", tag = "9")]
    pub raw_data: Vec<u8>,
    /// Elements of type double, if not in `raw_data`.
    #[prost(double, repeated, tag = "10")]
    pub double_data: Vec<f64>,
    /// Where the elements lie in another file; declared only to be refused.
    #[prost(message, repeated, tag = "13")]
    pub external_data: Vec<StringStringEntryProto>,
    /// 1 if the elements lie in another file; declared only to be refused.
    #[prost(int32, tag = "14")]
    pub data_location: i32,
}

/// Name, element type and shape of an input or output.
#[derive(Clone, PartialEq, Message)]
pub struct ValueInfoProto {
    /// Name of the value.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Type of the value.
    #[prost(message, optional, tag = "2")]
    pub r#type: Option<TypeProto>,
}

/// Type of a value; of the specification's kinds the tensor alone.
#[derive(Clone, PartialEq, Message)]
pub struct TypeProto {
    /// Present if the value is a tensor.
    #[prost(message, optional, tag = "1")]
    pub tensor_type: Option<TensorTypeProto>,
}

/// Element type and shape of a tensor (`TypeProto.Tensor`).
#[derive(Clone, PartialEq, Message)]
pub struct TensorTypeProto {
    /// [`ElementType::code`] of the elements.
    #[prost(int32, tag = "1")]
    pub elem_type: i32,
    /// Shape, if known.
    #[prost(message, optional, tag = "2")]
    pub shape: Option<TensorShapeProto>,
}

/// Shape of a tensor, with sizes that may be known only by name.
#[derive(Clone, PartialEq, Message)]
pub struct TensorShapeProto {
    /// The dimensions, outermost first.
    #[prost(message, repeated, tag = "1")]
    pub dim: Vec<DimensionProto>,
}

/// One size: a number, or a name (`TensorShapeProto.Dimension`).
#[derive(Clone, PartialEq, Message)]
pub struct DimensionProto {
    /// The size.
    #[prost(int64, optional, tag = "1")]
    pub dim_value: Option<i64>,
    /// The name of a size that the caller decides.
    #[prost(string, optional, tag = "2")]
    pub dim_param: Option<String>,
}

/// An operator set and its version.
#[derive(Clone, PartialEq, Message)]
pub struct OperatorSetIdProto {
    /// Name of the set; empty for `ai.onnx`.
    #[prost(string, tag = "1")]
    pub domain: String,
    /// Version of the set.
    #[prost(int64, tag = "2")]
    pub version: i64,
}

/// A key and a value.
#[derive(Clone, PartialEq, Message)]
pub struct StringStringEntryProto {
    /// The key.
    #[prost(string, tag = "1")]
    pub key: String,
    /// The value.
    #[prost(string, tag = "2")]
    pub value: String,
}

/// An operator defined by the file itself, as a sequence of nodes.
#[derive(Clone, PartialEq, Message)]
pub struct FunctionProto {
    /// Name of the operator.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Names of the operands inside the body.
    #[prost(string, repeated, tag = "4")]
    pub input: Vec<String>,
    /// Names of the results inside the body.
    #[prost(string, repeated, tag = "5")]
    pub output: Vec<String>,
    /// Names of the attributes that a caller gives.
    #[prost(string, repeated, tag = "6")]
    pub attribute: Vec<String>,
    /// The body.
    #[prost(message, repeated, tag = "7")]
    pub node: Vec<NodeProto>,
    /// Operator sets that the body's nodes are taken from.
    #[prost(message, repeated, tag = "9")]
    pub opset_import: Vec<OperatorSetIdProto>,
    /// Operator set that the operator belongs to.
    #[prost(string, tag = "10")]
    pub domain: String,
}

/// Returns the bytes of a model; the same model gives the same bytes.
pub fn encode(model: &ModelProto) -> Vec<u8> {
    model.encode_to_vec()
}

/// Reads a model from the bytes of a file, whoever wrote it, without panicking and in at most
/// 64 × the file's size + 16 MB of memory.
///
/// # Errors
/// What [`scan`](super::wire::scan) refuses before anything is built, then what
/// [`check`](super::check::check) refuses in the decoded model.
pub fn decode(bytes: &[u8]) -> Result<ModelProto, super::OnnxError> {
    if bytes.is_empty() {
        return Err(super::OnnxError::Empty);
    }
    super::wire::scan(bytes)?;
    let model = ModelProto::decode(bytes)
        .map_err(|error| super::OnnxError::Malformed { reason: error.to_string() })?;
    super::check::check(&model)?;
    Ok(model)
}
