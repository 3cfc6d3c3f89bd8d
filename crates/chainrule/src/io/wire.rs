//! A walk over the wire format of an ONNX file *before* it is decoded, so that decoding it cannot
//! take more memory than the file's size justifies.
//!
//! A repeated field of empty messages is the classic bomb: two bytes in the file, hundreds in
//! memory. The walk knows the messages of [`protobuf`](super::protobuf) and adds up what each
//! field will take once decoded; it needs no memory itself beyond one frame for each open
//! message, and the messages are not recursive, so there are at most seven.

use super::error::WireFault;
use super::{OnnxError, protobuf as onnx};

/// Bytes of memory that decoding may take for each byte of the file.
pub const MEMORY_PER_BYTE: u64 = 64;
/// Bytes of memory that decoding may take for any file on top of [`MEMORY_PER_BYTE`].
pub const MEMORY_FLOOR: u64 = 16_000_000;

/// What stands in a file, counted without decoding it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages of a known kind, the model itself included.
    pub messages: u64,
    /// Elements of repeated number fields, packed or not.
    pub numbers: u64,
    /// Text and byte fields.
    pub texts: u64,
    /// Fields that are not declared and will be skipped.
    pub skipped: u64,
    /// The deepest nesting of messages; 1 for the model itself.
    pub depth: usize,
    /// An upper bound of the bytes that decoding and checking will take.
    pub memory: u64,
}

/// Form of a known field's value.
enum Form {
    /// One integer.
    Integer,
    /// One 32-bit number.
    Fixed32,
    /// Repeated integers that take so many bytes each in memory.
    Integers(u64),
    /// Repeated 32-bit numbers.
    Fixed32s,
    /// Repeated 64-bit numbers.
    Fixed64s,
    /// One text or byte string.
    Text,
    /// Repeated texts or byte strings.
    Texts,
    /// One message.
    Message(&'static Schema),
    /// Repeated messages.
    Messages(&'static Schema),
}

/// A known message: its fields by number, and its size in memory.
struct Schema {
    name: &'static str,
    size: usize,
    fields: &'static [(u32, Form)],
}

macro_rules! schema {
    ($name:ident: $message:ident, $($number:literal $form:expr),* $(,)?) => {
        static $name: Schema = Schema {
            name: stringify!($message),
            size: size_of::<onnx::$message>(),
            fields: &[$(($number, $form)),*],
        };
    };
}

use Form::{Fixed32, Fixed32s, Fixed64s, Integer, Integers, Message, Messages, Text, Texts};

schema!(MODEL: ModelProto, 1 Integer, 2 Text, 3 Text, 7 Message(&GRAPH), 8 Messages(&OPSET),
    14 Messages(&ENTRY), 25 Messages(&FUNCTION));
schema!(GRAPH: GraphProto, 1 Messages(&NODE), 2 Text, 5 Messages(&TENSOR), 11 Messages(&VALUE),
    12 Messages(&VALUE));
schema!(NODE: NodeProto, 1 Texts, 2 Texts, 3 Text, 4 Text, 5 Messages(&ATTRIBUTE), 7 Text);
schema!(ATTRIBUTE: AttributeProto, 1 Text, 2 Fixed32, 3 Integer, 4 Text, 5 Message(&TENSOR),
    7 Fixed32s, 8 Integers(8), 9 Texts, 20 Integer, 21 Text);
schema!(TENSOR: TensorProto, 1 Integers(8), 2 Integer, 4 Fixed32s, 5 Integers(4), 6 Texts,
    7 Integers(8), 8 Text, 9 Text, 10 Fixed64s, 13 Messages(&ENTRY), 14 Integer);
schema!(VALUE: ValueInfoProto, 1 Text, 2 Message(&TYPE));
schema!(TYPE: TypeProto, 1 Message(&TENSOR_TYPE));
schema!(TENSOR_TYPE: TensorTypeProto, 1 Integer, 2 Message(&SHAPE));
schema!(SHAPE: TensorShapeProto, 1 Messages(&DIMENSION));
schema!(DIMENSION: DimensionProto, 1 Integer, 2 Text);
schema!(OPSET: OperatorSetIdProto, 1 Text, 2 Integer);
schema!(ENTRY: StringStringEntryProto, 1 Text, 2 Text);
schema!(FUNCTION: FunctionProto, 1 Text, 4 Texts, 5 Texts, 6 Texts, 7 Messages(&NODE),
    9 Messages(&OPSET), 10 Text);

/// Bytes of memory for each byte of an element of a repeated field: a growing vector holds up to
/// twice its elements, the copy that it grows from up to once more, and the first allocation is
/// for four.
const GROWTH: u64 = 4;
/// Bytes that the check after decoding takes for each element of a repeated text or message: a
/// name and its place in a sorted list.
const CHECK: u64 = 32;

/// Length of a text in memory while it is decoded: the decoder's copy, the field's, and one again
/// for a vector that grows when the field stands twice.
fn text_memory(length: u64) -> u64 {
    8 + 3 * length
}

/// Walks the wire format of a model and counts what decoding it will build.
///
/// The walk is iterative, takes time linear in the length, and checks every length before it is
/// used.
///
/// # Errors
/// [`OnnxError::Wire`] for numbers and lengths that reach past what contains them or do not exist,
/// for a known field in a form that cannot hold it, for a second value of a field that holds one,
/// and as soon as the count of memory exceeds [`MEMORY_PER_BYTE`] × the length +
/// [`MEMORY_FLOOR`].
pub fn scan(bytes: &[u8]) -> Result<Counts, OnnxError> {
    let limit = (bytes.len() as u64).saturating_mul(MEMORY_PER_BYTE).saturating_add(MEMORY_FLOOR);
    let mut walk = Walk { bytes, position: 0 };
    let mut counts = Counts { messages: 1, depth: 1, ..Counts::default() };
    let mut open = vec![Frame { schema: &MODEL, end: bytes.len(), seen: 0 }];
    while let Some(frame) = open.last_mut() {
        if walk.position == frame.end {
            open.pop();
            continue;
        }
        let start = walk.position;
        let fail = |fault| Err(OnnxError::Wire { offset: start, fault });
        let (schema, end) = (frame.schema, frame.end);
        let (number, wire_type) = walk.key(end)?;
        let Some((_, form)) = schema.fields.iter().find(|(known, _)| *known == number) else {
            walk.skip(wire_type, end)?;
            counts.skipped += 1;
            continue;
        };
        let repeats = matches!(form, Integers(_) | Fixed32s | Fixed64s | Texts | Messages(_));
        if !repeats {
            let bit = 1u32 << number;
            if frame.seen & bit != 0 {
                return fail(WireFault::Repeated { message: schema.name, field: number });
            }
            frame.seen |= bit;
        }
        match (form, wire_type) {
            (Integer, VARINT) => drop(walk.number(end)?),
            (Fixed32, FIXED32) => walk.advance(4, end)?,
            (Integers(width), VARINT) => {
                walk.number(end)?;
                counts.numbers += 1;
                counts.memory += GROWTH * width;
            }
            (Integers(width), LENGTH) => {
                let inner = walk.length(end)?;
                while walk.position < inner {
                    walk.number(inner)?;
                    counts.numbers += 1;
                    counts.memory += GROWTH * width;
                }
            }
            (Fixed32s, FIXED32) | (Fixed64s, FIXED64) => {
                let width = if wire_type == FIXED32 { 4 } else { 8 };
                walk.advance(width, end)?;
                counts.numbers += 1;
                counts.memory += GROWTH * width;
            }
            (Fixed32s | Fixed64s, LENGTH) => {
                let width = if matches!(form, Fixed32s) { 4 } else { 8 };
                let inner = walk.length(end)?;
                let length = (inner - walk.position) as u64;
                if !length.is_multiple_of(width) {
                    return fail(WireFault::Truncated);
                }
                walk.position = inner;
                counts.numbers += length / width;
                counts.memory += GROWTH * length;
            }
            (Text | Texts, LENGTH) => {
                let inner = walk.length(end)?;
                counts.texts += 1;
                counts.memory += text_memory((inner - walk.position) as u64);
                if repeats {
                    counts.memory += GROWTH * size_of::<String>() as u64 + CHECK;
                }
                walk.position = inner;
            }
            (Message(inner_schema) | Messages(inner_schema), LENGTH) => {
                let inner = walk.length(end)?;
                counts.messages += 1;
                let size = inner_schema.size as u64;
                counts.memory += if repeats { GROWTH * size + CHECK } else { size };
                open.push(Frame { schema: inner_schema, end: inner, seen: 0 });
                counts.depth = counts.depth.max(open.len());
            }
            _ => {
                return fail(WireFault::WireType { message: schema.name, field: number });
            }
        }
        if counts.memory > limit {
            return fail(WireFault::TooMuchMemory { limit });
        }
    }
    Ok(counts)
}

/// A message that the walk is inside of.
struct Frame {
    schema: &'static Schema,
    end: usize,
    /// One bit for each field of a single value that has been met.
    seen: u32,
}

const VARINT: u8 = 0;
const FIXED64: u8 = 1;
const LENGTH: u8 = 2;
const FIXED32: u8 = 5;

struct Walk<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl Walk<'_> {
    fn fail<T>(&self, fault: WireFault) -> Result<T, OnnxError> {
        Err(OnnxError::Wire { offset: self.position, fault })
    }

    /// Reads an integer of seven bits a byte, at most ten bytes and 64 bits.
    fn number(&mut self, end: usize) -> Result<u64, OnnxError> {
        let available = &self.bytes[self.position..end];
        let mut value = 0u64;
        for (place, &byte) in available.iter().take(10).enumerate() {
            if place == 9 && byte > 1 {
                return self.fail(WireFault::LongNumber);
            }
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                self.position += place + 1;
                return Ok(value);
            }
        }
        self.fail(WireFault::Truncated)
    }

    /// Reads a field's number and wire type. Groups, which protobuf has given up and ONNX never
    /// used, are refused: they alone could nest without a length.
    fn key(&mut self, end: usize) -> Result<(u32, u8), OnnxError> {
        let start = self.position;
        let key = self.number(end)?;
        let wire_type = (key & 7) as u8;
        match u32::try_from(key) {
            Ok(key) if key >> 3 > 0 && matches!(wire_type, VARINT | FIXED64 | LENGTH | FIXED32) => {
                Ok((key >> 3, wire_type))
            }
            _ => {
                self.position = start;
                self.fail(WireFault::BadKey)
            }
        }
    }

    /// Reads a length and returns where what it measures ends.
    fn length(&mut self, end: usize) -> Result<usize, OnnxError> {
        let length = self.number(end)?;
        let available = (end - self.position) as u64;
        if length > available {
            return self.fail(WireFault::LengthPastEnd { length, available });
        }
        Ok(self.position + length as usize)
    }

    fn advance(&mut self, length: u64, end: usize) -> Result<(), OnnxError> {
        let available = (end - self.position) as u64;
        if length > available {
            return self.fail(WireFault::LengthPastEnd { length, available });
        }
        self.position += length as usize;
        Ok(())
    }

    fn skip(&mut self, wire_type: u8, end: usize) -> Result<(), OnnxError> {
        match wire_type {
            VARINT => drop(self.number(end)?),
            FIXED64 => self.advance(8, end)?,
            FIXED32 => self.advance(4, end)?,
            _ => self.position = self.length(end)?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onnx::*;
    use prost::Message as _;

    fn depth(schema: &Schema) -> usize {
        let inner = schema.fields.iter().map(|(_, form)| match form {
            Message(schema) | Messages(schema) => depth(schema),
            _ => 0,
        });
        1 + inner.max().unwrap_or(0)
    }

    #[test]
    fn messages_nest_at_most_seven_deep_and_field_numbers_fit_the_mask() {
        assert_eq!(depth(&MODEL), 7);
        for schema in [&MODEL, &GRAPH, &NODE, &ATTRIBUTE, &TENSOR, &FUNCTION] {
            assert!(schema.fields.iter().all(|(number, _)| *number < 32));
        }
    }

    /// A model in which every declared field of every message stands. No field is left to a
    /// default, so that a new one must be added here.
    fn full_model() -> ModelProto {
        let text = || "text".to_owned();
        let entry = || StringStringEntryProto { key: text(), value: text() };
        let opset = || OperatorSetIdProto { domain: text(), version: 1 };
        let tensor = || TensorProto {
            dims: vec![1],
            data_type: 1,
            float_data: vec![1.0],
            int32_data: vec![1],
            string_data: vec![vec![1]],
            int64_data: vec![1],
            name: text(),
            raw_data: vec![1],
            double_data: vec![1.0],
            external_data: vec![entry()],
            data_location: 1,
        };
        let attribute = AttributeProto {
            name: text(),
            f: Some(1.0),
            i: Some(1),
            s: Some(vec![1]),
            t: Some(Box::new(tensor())),
            floats: vec![1.0],
            ints: vec![1],
            strings: vec![vec![1]],
            r#type: 1,
            ref_attr_name: text(),
        };
        let node = NodeProto {
            input: vec![text()],
            output: vec![text()],
            name: text(),
            op_type: text(),
            attribute: vec![attribute],
            domain: text(),
        };
        let dimension = DimensionProto { dim_value: Some(1), dim_param: Some(text()) };
        let tensor_type = TensorTypeProto {
            elem_type: 1,
            shape: Some(TensorShapeProto { dim: vec![dimension] }),
        };
        let value = ValueInfoProto {
            name: text(),
            r#type: Some(TypeProto { tensor_type: Some(tensor_type) }),
        };
        let function = FunctionProto {
            name: text(),
            input: vec![text()],
            output: vec![text()],
            attribute: vec![text()],
            node: vec![node.clone()],
            opset_import: vec![opset()],
            domain: text(),
        };
        let graph = GraphProto {
            node: vec![node],
            name: text(),
            initializer: vec![tensor()],
            input: vec![value.clone()],
            output: vec![value],
        };
        ModelProto {
            ir_version: 1,
            producer_name: text(),
            producer_version: text(),
            graph: Some(graph),
            opset_import: vec![opset()],
            metadata_props: vec![entry()],
            functions: vec![function],
        }
    }

    #[test]
    fn every_declared_field_is_known_to_the_walk() {
        let model = full_model();
        let bytes = model.encode_to_vec();
        let counts = scan(&bytes).expect("well-formed");
        assert_eq!(counts.skipped, 0);
        assert_eq!(counts.depth, 7);
        assert_eq!(counts.messages, 26);
        assert_eq!(counts.numbers, 19);
        assert_eq!(ModelProto::decode(bytes.as_slice()), Ok(model));
    }

    #[test]
    fn an_unknown_field_is_skipped_whatever_its_wire_type() {
        let bytes = [
            &[0x98, 0x06, 0x05][..],
            &[0x99, 0x06, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0x9a, 0x06, 2, 0xff, 0xff],
            &[0x9d, 0x06, 0, 0, 0, 0],
        ];
        let counts = scan(&bytes.concat()).expect("well-formed");
        assert_eq!((counts.skipped, counts.messages), (4, 1));
    }
}
