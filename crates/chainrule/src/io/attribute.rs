//! The settings of an operator, as the builder takes them and as a reader finds them.

use super::error::shown;
use super::protobuf::{AttributeProto, NodeProto, TensorProto};
use super::{ElementType, OnnxError};

/// Value of one attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute<'a> {
    /// One 32-bit number.
    Float(f32),
    /// One integer.
    Int(i64),
    /// One text.
    String(&'a str),
    /// One tensor.
    Tensor(&'a TensorProto),
    /// Several 32-bit numbers.
    Floats(&'a [f32]),
    /// Several integers.
    Ints(&'a [i64]),
    /// Several texts.
    Strings(Vec<&'a str>),
    /// In a function's body: the value of the function's attribute of this name, which has the
    /// kind of the number given.
    Reference(&'a str, i32),
}

const FLOAT: i32 = 1;
const INT: i32 = 2;
const STRING: i32 = 3;
const TENSOR: i32 = 4;
const FLOATS: i32 = 6;
const INTS: i32 = 7;
const STRINGS: i32 = 8;

impl<'a> Attribute<'a> {
    /// Returns the attribute `to` of a `Cast` to a type.
    pub fn cast_to(element_type: ElementType) -> Self {
        Self::Int(element_type.code().into())
    }

    /// Returns the message that stands for a name and this value in a file.
    pub fn to_proto(&self, name: &str) -> AttributeProto {
        let mut proto = AttributeProto { name: name.to_owned(), ..AttributeProto::default() };
        proto.r#type = match self {
            Self::Float(value) => {
                proto.f = Some(*value);
                FLOAT
            }
            Self::Int(value) => {
                proto.i = Some(*value);
                INT
            }
            Self::String(text) => {
                proto.s = Some(text.as_bytes().to_vec());
                STRING
            }
            Self::Tensor(tensor) => {
                proto.t = Some(Box::new((*tensor).clone()));
                TENSOR
            }
            Self::Floats(values) => {
                proto.floats = values.to_vec();
                FLOATS
            }
            Self::Ints(values) => {
                proto.ints = values.to_vec();
                INTS
            }
            Self::Strings(texts) => {
                proto.strings = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
                STRINGS
            }
            Self::Reference(name, kind) => {
                proto.ref_attr_name = (*name).to_owned();
                *kind
            }
        };
        proto
    }

    /// Reads the value of an attribute of an operator.
    ///
    /// # Errors
    /// [`OnnxError::Attribute`] if there is not exactly one value, of the kind that the attribute
    /// says; [`OnnxError::NotText`] if a text is not UTF-8.
    pub fn from_proto(operator: &str, proto: &'a AttributeProto) -> Result<Self, OnnxError> {
        let error = || OnnxError::Attribute {
            operator: shown(operator),
            attribute: shown(&proto.name),
            kind: proto.r#type,
        };
        let text = |bytes: &'a [u8]| {
            str::from_utf8(bytes).map_err(|_| OnnxError::NotText { name: shown(&proto.name) })
        };
        let values = [
            (FLOAT, proto.f.is_some()),
            (INT, proto.i.is_some()),
            (STRING, proto.s.is_some()),
            (TENSOR, proto.t.is_some()),
            (FLOATS, !proto.floats.is_empty()),
            (INTS, !proto.ints.is_empty()),
            (STRINGS, !proto.strings.is_empty()),
        ];
        let refers = !proto.ref_attr_name.is_empty();
        let known = values.iter().any(|(kind, _)| *kind == proto.r#type);
        let stray = |(kind, there): &(i32, bool)| *there && (refers || *kind != proto.r#type);
        if !known || values.iter().any(stray) {
            return Err(error());
        }
        if refers {
            return Ok(Self::Reference(&proto.ref_attr_name, proto.r#type));
        }
        let value = match proto.r#type {
            FLOAT => proto.f.map(Self::Float),
            INT => proto.i.map(Self::Int),
            STRING => proto.s.as_deref().map(text).transpose()?.map(Self::String),
            TENSOR => proto.t.as_deref().map(Self::Tensor),
            FLOATS => Some(Self::Floats(&proto.floats)),
            INTS => Some(Self::Ints(&proto.ints)),
            _ => {
                let texts = proto.strings.iter().map(|bytes| text(bytes));
                Some(Self::Strings(texts.collect::<Result<_, _>>()?))
            }
        };
        value.ok_or_else(error)
    }
}

impl NodeProto {
    /// Reads the value of the attribute of a name, or `None` if the node has none.
    ///
    /// # Errors
    /// As [`Attribute::from_proto`].
    pub fn attribute(&self, name: &str) -> Result<Option<Attribute<'_>>, OnnxError> {
        let found = self.attribute.iter().find(|attribute| attribute.name == name);
        found.map(|attribute| Attribute::from_proto(&self.op_type, attribute)).transpose()
    }
}
