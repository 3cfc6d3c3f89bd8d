//! Whatever the bytes, reading a model returns: no panic, and no more memory than 64 × the length
//! + 16 MB.

mod held_memory;
mod onnx_sample;

use chainrule::io::error::WireFault;
use chainrule::io::protobuf::{ModelProto, decode, encode};
use chainrule::io::{OnnxError, wire};
use held_memory::most_held;
use onnx_sample::sample_model;

/// Decodes, and checks that memory stays below the limit and below what the walk foretold.
fn read(bytes: &[u8]) -> Result<ModelProto, OnnxError> {
    let foretold = wire::scan(bytes).map(|counts| counts.memory);
    let (result, peak) = most_held(|| decode(bytes));
    let limit = bytes.len() as u64 * wire::MEMORY_PER_BYTE + wire::MEMORY_FLOOR;
    assert!(peak <= limit, "{peak} bytes for a file of {}", bytes.len());
    match foretold {
        // Beside the count: the walk's frames, and an error's texts.
        Ok(foretold) => assert!(peak <= foretold + 4096, "{peak} bytes, {foretold} foretold"),
        Err(_) => assert!(peak <= 4096, "{peak} bytes for a file that is refused at once"),
    }
    if let Err(error) = &result {
        assert!(error.to_string().len() < 1000);
    }
    result
}

fn number(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// A field of wire type 2: its key, the length, the contents.
fn field(tag: u64, contents: &[u8]) -> Vec<u8> {
    [number(tag << 3 | 2), number(contents.len() as u64), contents.to_vec()].concat()
}

/// Offset and fault of an error in the wire format.
fn fault(bytes: &[u8]) -> (usize, WireFault) {
    match read(bytes) {
        Err(OnnxError::Wire { offset, fault }) => (offset, fault),
        other => panic!("{other:?}"),
    }
}

/// The sample model after a change.
fn changed(change: impl FnOnce(&mut ModelProto)) -> Result<ModelProto, OnnxError> {
    let mut model = sample_model();
    change(&mut model);
    read(&encode(&model))
}

fn graph(model: &mut ModelProto) -> &mut chainrule::io::protobuf::GraphProto {
    model.graph.as_mut().expect("the sample has a graph")
}

/// A fixed sequence of numbers (splitmix64).
struct Sequence(u64);

impl Sequence {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

#[test]
fn the_sample_reads_back_as_it_was_written() {
    let model = sample_model();
    let bytes = encode(&model);
    assert_eq!(read(&bytes), Ok(model));
    assert_eq!(encode(&sample_model()), bytes);
}

#[test]
fn nothing_and_a_few_bytes() {
    assert_eq!(read(&[]), Err(OnnxError::Empty));
    for length in 1..8 {
        for byte in 0..=255 {
            assert!(read(&vec![byte; length]).is_err());
        }
    }
    // A file of another kind.
    assert!(read(b"PK\x03\x04 a zip archive, not a model").is_err());
    assert!(read(b"{\"format\": \"json\"}").is_err());
}

#[test]
fn cut_at_every_offset() {
    let bytes = encode(&sample_model());
    for end in 0..bytes.len() {
        assert!(read(&bytes[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn every_byte_changed() {
    let mut bytes = encode(&sample_model());
    for place in 0..bytes.len() {
        let kept = bytes[place];
        for mask in [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff] {
            bytes[place] = kept ^ mask;
            if let Ok(model) = read(&bytes) {
                assert_eq!(read(&encode(&model)), Ok(model));
            }
        }
        bytes[place] = kept;
    }
}

#[test]
fn spliced_and_random_bytes() {
    let sample = encode(&sample_model());
    let mut sequence = Sequence(7);
    for _ in 0..20_000 {
        let mut bytes = sample.clone();
        for _ in 0..=sequence.below(3) {
            let from = sequence.below(bytes.len());
            let length = sequence.below(40).min(bytes.len() - from);
            let piece: Vec<u8> = bytes[from..from + length].to_vec();
            let to = sequence.below(bytes.len());
            match sequence.below(3) {
                0 => drop(bytes.splice(to..to, piece)),
                1 => drop(bytes.drain(from..from + length)),
                _ => bytes[to] = sequence.next() as u8,
            }
            if bytes.is_empty() {
                break;
            }
        }
        let _ = read(&bytes);
    }
    for _ in 0..20_000 {
        let length = 1 + sequence.below(200);
        let bytes: Vec<u8> = (0..length).map(|_| sequence.next() as u8).collect();
        let _ = read(&bytes);
        // The same bytes where a graph is expected.
        let _ = read(&field(7, &bytes));
    }
}

#[test]
fn numbers_of_more_than_64_bits() {
    let eleven = [vec![0x08], vec![0xff; 10], vec![0x01]].concat();
    assert_eq!(fault(&eleven), (1, WireFault::LongNumber));
    let large_tenth = [vec![0x08], vec![0xff; 9], vec![0x02]].concat();
    assert_eq!(fault(&large_tenth), (1, WireFault::LongNumber));
    let unfinished = [vec![0x08], vec![0xff; 5]].concat();
    assert_eq!(fault(&unfinished), (1, WireFault::Truncated));
    // Ten bytes that stay within 64 bits are a number: here the IR version −1.
    let minus_one = [vec![0x08], vec![0xff; 9], vec![0x01], field(7, &[])].concat();
    assert!(matches!(read(&minus_one), Err(OnnxError::IrVersion { found: -1, .. })));
}

#[test]
fn lengths_past_the_end() {
    for length in [4, 1 << 31, 1 << 32, 1 << 63, u64::MAX] {
        // A graph that claims more than the three bytes that follow.
        let bytes = [vec![0x3a], number(length), vec![0; 3]].concat();
        let (_, fault) = fault(&bytes);
        assert_eq!(fault, WireFault::LengthPastEnd { length, available: 3 });
    }
    // A node that ends inside the file but outside the graph that holds it.
    let bytes = [field(7, &[0x0a, 5, 0, 0]), vec![0; 10]].concat();
    let (offset, fault) = fault(&bytes);
    assert_eq!((offset, fault), (4, WireFault::LengthPastEnd { length: 5, available: 2 }));
}

#[test]
fn keys_of_no_field() {
    for key in [0x00, 0x0b, 0x0c, 0x0e, 0x0f] {
        assert_eq!(fault(&[key, 0]), (0, WireFault::BadKey));
    }
    assert_eq!(fault(&[number(1 << 32), vec![0]].concat()), (0, WireFault::BadKey));
    // A known field of a wire type that cannot hold it: the IR version as text.
    let (_, found) = fault(&field(1, b"8"));
    assert_eq!(found, WireFault::WireType { message: "ModelProto", field: 1 });
}

#[test]
fn a_second_value_where_one_belongs() {
    let twice = [vec![0x08, 8], vec![0x08, 9]].concat();
    assert_eq!(fault(&twice), (2, WireFault::Repeated { message: "ModelProto", field: 1 }));
    let sample = encode(&sample_model());
    let two_graphs = [sample.clone(), field(7, &[])].concat();
    let expected = WireFault::Repeated { message: "ModelProto", field: 7 };
    assert_eq!(fault(&two_graphs), (sample.len(), expected));
}

#[test]
fn deep_nesting() {
    // Groups, which have no length, 10,000 deep.
    assert_eq!(fault(&[0x0b; 10_000]), (0, WireFault::BadKey));
    // Graphs inside attributes of nodes of graphs (fields 1, 5 and 6), 10,000 deep: what is not
    // declared is not entered.
    let mut bytes = Vec::new();
    for _ in 0..10_000 {
        bytes = field(1, &field(5, &field(6, &bytes)));
    }
    let mut model = encode(&sample_model());
    let start = model.len();
    model.extend(field(2000, &bytes));
    assert!(read(&model).is_ok());
    model.truncate(start);
    let counts = wire::scan(&field(7, &bytes)).expect("well-formed");
    assert_eq!((counts.depth, counts.skipped), (4, 1));
    assert_eq!(
        read(&field(7, &bytes)),
        Err(OnnxError::IrVersion { found: 0, oldest: 3, newest: 13 })
    );
}

#[test]
fn bombs_of_empty_messages() {
    // Path of field numbers from the model, and what is repeated at its end: nodes, initializers,
    // inputs, names in a node, attributes, dimensions, metadata, functions, external data.
    let paths: [&[u64]; 9] = [
        &[7, 1],
        &[7, 5],
        &[7, 11],
        &[7, 1, 1],
        &[7, 1, 5],
        &[7, 11, 2, 1, 2, 1],
        &[14],
        &[25],
        &[7, 5, 13],
    ];
    for path in paths {
        let (&last, outer) = path.split_last().expect("a path");
        for count in [100, 3_000_000] {
            let mut bytes = field(last, &[]).repeat(count);
            for &tag in outer.iter().rev() {
                bytes = field(tag, &bytes);
            }
            let result = read(&bytes);
            assert!(result.is_err());
            if count > 100 {
                let refused = matches!(
                    result,
                    Err(OnnxError::Wire { fault: WireFault::TooMuchMemory { .. }, .. })
                );
                assert!(refused, "{path:?}: {result:?}");
            }
        }
    }
}

#[test]
fn numbers_packed_and_not() {
    // A model by hand: IR version 8, a graph of one float tensor, the operator set in version 17.
    let tensor = |dims: Vec<u8>, data: Vec<u8>| {
        let contents = [dims, vec![0x10, 1], data, field(8, b"mixed")].concat();
        let graph = field(7, &field(5, &contents));
        read(&[vec![0x08, 8], graph, field(8, &[0x10, 17])].concat())
    };
    let one = 1.0f32.to_le_bytes();
    let packed = field(4, &[one, one].concat());
    let unpacked = [vec![0x25], one.to_vec()].concat();
    // The sizes 1 and 3, one unpacked and one packed, and three numbers.
    let dims = [vec![0x08, 1], field(1, &[3])].concat();
    assert!(tensor(dims.clone(), [packed.clone(), unpacked.clone()].concat()).is_ok());
    assert!(tensor(dims.clone(), [unpacked.clone(), packed.clone()].concat()).is_ok());
    let size = tensor(dims, packed);
    assert!(matches!(size, Err(OnnxError::DataSize { expected: 3, found: 2, .. })));
    // Packed numbers whose bytes are no whole number of them.
    let torn = field(7, &field(5, &field(4, &[0; 6])));
    assert_eq!(fault(&torn).1, WireFault::Truncated);
    let torn = field(7, &field(5, &field(1, &[0xff, 0xff])));
    assert_eq!(fault(&torn).1, WireFault::Truncated);
}

#[test]
fn many_inputs_and_long_names_stay_linear() {
    // A node with 300,000 inputs, and a name of a million characters that nothing computes.
    let result = changed(|model| {
        let wide = &mut graph(model).node[8].input;
        *wide = vec!["age".to_owned(); 300_000];
    });
    assert!(result.is_ok());
    let long = changed(|model| graph(model).node[0].input[0] = "길".repeat(1_000_000));
    match long {
        Err(OnnxError::UndefinedName { name, .. }) => assert_eq!(name.chars().count(), 81),
        other => panic!("{other:?}"),
    }
    let text = field(7, &field(2, &[0xff, 0xfe]));
    assert!(matches!(read(&text), Err(OnnxError::Malformed { .. })));
}

#[test]
fn large_honest_models_are_not_refused() {
    use chainrule::io::Attribute;
    use chainrule::io::graph::{Dimension, GraphBuilder};
    use chainrule::io::protobuf::{ElementType, ML_DOMAIN};

    const COLUMN: [Dimension; 2] = [Dimension::Rows, Dimension::Size(1)];
    let mut graph = GraphBuilder::new("large");
    graph.input("word", ElementType::String, &COLUMN);
    let words: Vec<String> = (0..200_000).map(|word| format!("{word:x}")).collect();
    let codes: Vec<i64> = (0..200_000).collect();
    let encoder = [
        ("keys_strings", Attribute::Strings(words.iter().map(String::as_str).collect())),
        ("values_int64s", Attribute::Ints(&codes)),
    ];
    let code = graph.node("LabelEncoder", ML_DOMAIN, &["word"], &encoder);
    let mut value = graph.node("Cast", "", &[&code], &[("to", Attribute::Int(1))]);
    graph.initializer_f32("weight", &[1000, 2000], &vec![0.5; 2_000_000]);
    for step in 0..50_000 {
        let scalar = graph.scalar_f32(step as f32);
        value = graph.node("Add", "", &[&value, &scalar], &[]);
    }
    graph.output(&value, ElementType::Float, &COLUMN);
    let model = graph.finish(&[]).expect("a sound model");
    assert_eq!(read(&encode(&model)), Ok(model));
}
