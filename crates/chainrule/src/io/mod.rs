//! Model files: ONNX, read with suspicion and written deterministically.
//!
//! - [`protobuf`]: the messages, [`encode`](protobuf::encode) and [`decode`](protobuf::decode);
//! - [`wire`]: the walk over undecoded bytes that bounds what decoding may take;
//! - [`check`]: what must hold in a decoded model;
//! - [`graph`]: building a model; [`attribute`], [`initializer`]: reading its parts;
//! - [`safetensors`]: the format of checkpoints.

pub mod attribute;
pub mod check;
pub mod error;
pub mod graph;
pub mod initializer;
pub(crate) mod onnx;
pub mod protobuf;
pub mod safetensors;
pub mod wire;

pub use attribute::Attribute;
pub use error::OnnxError;
pub use initializer::{InitializerView, Initializers};
pub use protobuf::ElementType;
pub use safetensors::SafetensorsError;
