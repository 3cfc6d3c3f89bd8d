//! Whatever the bytes, loading a model returns: no panic, a typed error or a model that works, and
//! no more memory than 64 × the length + 16 MB.

mod held_memory;
mod tabular;

use chainrule::data::Table;
use chainrule::io::protobuf::{ModelProto, decode, encode};
use chainrule::{Error, ErrorKind, Model};
use held_memory::most_held;
use serde_json::{Value, json};
use tabular::each_kind;

/// How many times its length, and 16 MB less, loading took at most.
fn load_measured(bytes: &[u8]) -> (Result<Model, Error>, f64) {
    let (result, peak) = most_held(|| Model::load(bytes));
    (result, (peak as f64 - 16e6) / bytes.len() as f64)
}

/// Loads, with the bound on memory and on an error's length.
#[track_caller]
fn load(bytes: &[u8]) -> Result<Model, Error> {
    let (result, times) = load_measured(bytes);
    assert!(times <= 64.0, "{times} times the {} bytes", bytes.len());
    if let Err(error) = &result {
        let known = matches!(
            error.kind(),
            ErrorKind::Onnx { .. }
                | ErrorKind::NotAModel { .. }
                | ErrorKind::UnknownName { .. }
                | ErrorKind::InvalidSetting { .. }
                | ErrorKind::Expression(_)
        );
        assert!(known, "{:?}", error.kind());
        let length = error.to_string().len();
        assert!(length < 2000, "{length} bytes: {}", &error.to_string()[..200]);
    }
    result
}

/// A model that was read from hostile bytes must be usable without a panic.
fn try_out(model: &Model, table: &Table) {
    let _ = model.predict(table, 1);
    let _ = chainrule::estimator::evaluate(model, table, 1);
    if let Ok(bytes) = model.to_bytes() {
        let _ = Model::load(&bytes);
    }
    let width = model.network.inputs();
    if let (true, Ok(predictor)) = (width < 10_000, model.predictor(1)) {
        let mut out = vec![0.0; 3 * model.outputs()];
        let _ = predictor.predict_into(&vec![0.5; 3 * width], &mut out);
    }
    let _ = model.label(0, &vec![0.5; model.outputs()]);
}

fn proto(model: &Model) -> ModelProto {
    decode(&model.to_bytes().unwrap()).unwrap()
}

fn description(proto: &ModelProto) -> Value {
    serde_json::from_str(&proto.metadata_props[0].value).unwrap()
}

fn with_description(proto: &ModelProto, description: &Value) -> Vec<u8> {
    let mut proto = proto.clone();
    proto.metadata_props[0].value = description.to_string();
    encode(&proto)
}

#[test]
fn a_file_that_ends_early_is_refused_everywhere() {
    for (name, _, model) in each_kind() {
        let bytes = model.to_bytes().unwrap();
        let ends = (0..bytes.len()).step_by(97).chain(bytes.len() - 3..bytes.len());
        for end in ends {
            let error = load(&bytes[..end]).expect_err(name);
            let kind = error.kind();
            assert!(
                matches!(kind, ErrorKind::Onnx { .. } | ErrorKind::NotAModel { .. }),
                "{error}"
            );
        }
        assert!(load(&bytes).is_ok());
    }
}

#[test]
fn flipped_bits_give_an_error_or_a_model_that_works() {
    for (_, table, model) in each_kind() {
        let bytes = model.to_bytes().unwrap();
        let mut loaded = 0;
        for place in (0..bytes.len()).step_by(7) {
            let mut bytes = bytes.clone();
            bytes[place] ^= 1 << (place / 7 % 8);
            if let Ok(model) = load(&bytes) {
                loaded += 1;
                if loaded % 5 == 0 {
                    try_out(&model, &table);
                }
            }
        }
    }
}

#[test]
fn what_is_no_model_of_ours_is_said_to_be_none() {
    let foreign = include_bytes!("onnx_foreign/foreign.pb");
    let error = load(foreign).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotAModel { .. }), "{error}");
    let texts: [&[u8]; 6] =
        [b"", b"x,y\n1,2\n", b"{}", b"PK\x03\x04rest of an archive", &[0; 300], &[0xff; 300]];
    for bytes in texts {
        let error = load(bytes).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Onnx { .. }), "{error}");
    }
    let folder = std::env::temp_dir();
    let error = Model::open(&folder).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::FileUnreadable { .. }), "{error}");
    let error = Model::open(&folder.join("no such folder").join("no model")).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::FileNotFound { .. }), "{error}");
    assert!(error.to_string().contains("no model"));
}

/// Every place in a value, as keys and positions from its root.
fn places(value: &Value) -> Vec<Vec<Value>> {
    let mut found = Vec::new();
    let mut open: Vec<(Vec<Value>, &Value)> = vec![(Vec::new(), value)];
    while let Some((path, value)) = open.pop() {
        match value {
            Value::Object(map) => open.extend(
                map.iter().map(|(key, value)| ([&path[..], &[json!(key)]].concat(), value)),
            ),
            Value::Array(list) => open.extend(
                // The first and the last speak for all.
                list.iter()
                    .enumerate()
                    .filter(|(place, _)| *place == 0 || place + 1 == list.len())
                    .map(|(place, value)| ([&path[..], &[json!(place)]].concat(), value)),
            ),
            _ => {}
        }
        found.push(path);
    }
    found
}

fn at<'a>(value: &'a mut Value, path: &[Value]) -> &'a mut Value {
    path.iter().fold(value, |value, step| match step.as_u64() {
        Some(place) => &mut value[place as usize],
        None => &mut value[step.as_str().unwrap()],
    })
}

/// Each value of the description in turn is replaced by each of a list of odd ones, or left out.
#[test]
fn a_description_changed_anywhere_gives_an_error_or_a_model_that_works() {
    let odd = [
        json!(null),
        json!(0),
        json!(-1),
        json!(1),
        json!(3),
        json!(1_000_000_000_000_u64),
        json!(u64::MAX),
        json!(1e308),
        json!(5e-324),
        json!(""),
        json!("relu"),
        json!([]),
        json!([[]]),
        json!({}),
        json!(true),
    ];
    for (_, table, model) in each_kind() {
        let proto = proto(&model);
        let description = description(&proto);
        for path in places(&description) {
            let mut changed: Vec<Value> = Vec::new();
            for odd in &odd {
                let mut description = description.clone();
                *at(&mut description, &path) = odd.clone();
                changed.push(description);
            }
            if let Some((last, parent)) = path.split_last() {
                let mut less = description.clone();
                let mut more = description.clone();
                match (at(&mut less, parent), at(&mut more, parent), last) {
                    (Value::Object(map), ..) => drop(map.remove(last.as_str().unwrap())),
                    (Value::Array(less), Value::Array(more), _) => {
                        let place = last.as_u64().unwrap() as usize;
                        more.push(less.remove(place));
                    }
                    _ => unreachable!("a parent holds its children"),
                }
                changed.extend([less, more]);
            }
            for description in changed {
                if let Ok(model) = load(&with_description(&proto, &description)) {
                    try_out(&model, &table);
                }
            }
        }
    }
}

/// Descriptions that agree with themselves, and are absurd.
#[test]
fn absurd_descriptions_are_refused_or_work() {
    for (_, table, model) in each_kind() {
        let proto = proto(&model);
        let description = description(&proto);
        let mut absurd: Vec<Value> = Vec::new();
        let mut change = |change: &dyn Fn(&mut Value)| {
            let mut description = description.clone();
            change(&mut description);
            absurd.push(description);
        };
        let units = |d: &mut Value, layer: usize, units: u64| {
            d["network"]["layers"][layer]["settings"]["units"] = json!(units);
        };
        for size in [0, 1, 7, 1 << 20, 1 << 39, 1 << 40, 1 << 62, u64::MAX] {
            change(&|d| units(d, 0, size));
            change(&|d| units(d, 2, size));
            change(&|d| (units(d, 0, size), units(d, 2, size)).1);
            change(&|d| d["network"]["inputs"] = json!(size));
            change(&|d| {
                d["network"]["inputs"] = json!(size);
                d["inputs"] = json!({ "array": { "width": size } });
            });
        }
        // Nothing to predict, and a network that predicts it.
        for target in [
            json!({ "regression": { "outputs": [] } }),
            json!({ "classes": { "column": "price", "labels": [] } }),
            json!({ "classes": { "column": "sold", "labels": ["only"] } }),
            json!({ "classes": { "column": "sold", "labels": ["a", "a", "a"] } }),
            json!({ "multilabel": { "outputs": [] } }),
        ] {
            change(&|d| d["target"] = target.clone());
            change(&|d| {
                d["target"] = target.clone();
                units(d, 2, 0);
            });
            change(&|d| {
                d["target"] = target.clone();
                d["network"]["layers"] = json!([]);
                d["network"]["inputs"] = json!(0);
                d["inputs"] = json!({ "array": { "width": 0 } });
            });
        }
        // Units that the network was not trained in, of all outputs, or of one alone.
        for link in ["identity", "log", "rate", "normal"] {
            let outputs = description["target"]["regression"]["outputs"].as_array();
            for several in [false, true] {
                for wide in [false, true] {
                    change(&|d| {
                        let count = outputs.map_or(0, Vec::len);
                        for place in 0..if several { count } else { count.min(1) } {
                            d["target"]["regression"]["outputs"][place]["link"] = json!(link);
                        }
                        if wide {
                            units(d, 2, 2 * count as u64);
                        }
                    });
                }
            }
        }
        change(&|d| d["network"]["layers"] = json!([]));
        change(&|d| d["inputs"]["table"]["encoders"]["columns"] = json!([]));
        change(&|d| d["inputs"]["table"]["schema"]["columns"] = json!([]));
        change(&|d| d["initializers"] = json!(["0.weight"].repeat(4)));
        change(&|d| d["initializers"] = json!(["prediction"].repeat(4)));
        change(&|d| d["format"] = json!(2));
        for description in absurd {
            if let Ok(model) = load(&with_description(&proto, &description)) {
                try_out(&model, &table);
            }
        }
    }
}

/// The learned numbers do not fit the description.
#[test]
fn learned_numbers_that_do_not_fit_are_refused() {
    for (name, _, model) in each_kind() {
        let whole = proto(&model);
        let weight =
            |proto: &mut ModelProto, change: &dyn Fn(&mut chainrule::io::protobuf::TensorProto)| {
                let graph = proto.graph.as_mut().unwrap();
                change(
                    graph.initializer.iter_mut().find(|tensor| tensor.name == "0.weight").unwrap(),
                );
            };
        let mut broken = vec![whole.clone(); 6];
        weight(&mut broken[0], &|tensor| tensor.dims.reverse());
        weight(&mut broken[1], &|tensor| tensor.dims = vec![tensor.dims.iter().product()]);
        weight(&mut broken[2], &|tensor| tensor.dims[0] = i64::MAX);
        weight(&mut broken[3], &|tensor| tensor.dims[0] = -1);
        weight(&mut broken[4], &|tensor| tensor.data_type = 11);
        weight(&mut broken[5], &|tensor| tensor.name = "other".to_owned());
        for (number, proto) in broken.iter().enumerate() {
            let error = load(&encode(proto)).map(|_| ()).expect_err(name);
            let kind = error.kind();
            let typed = matches!(kind, ErrorKind::Onnx { .. } | ErrorKind::NotAModel { .. });
            assert!(typed, "{number}: {error}");
        }
        // Without the description, with two, with another key, with text that is no JSON.
        let mut none = whole.clone();
        none.metadata_props.clear();
        let mut twice = whole.clone();
        twice.metadata_props.push(twice.metadata_props[0].clone());
        let mut other = whole.clone();
        other.metadata_props[0].key = "Chainrule".to_owned();
        let mut cut = whole.clone();
        let text = &mut cut.metadata_props[0].value;
        let middle = (text.len() / 2..).find(|&place| text.is_char_boundary(place)).unwrap();
        text.truncate(middle);
        for proto in [none, twice, other, cut] {
            assert!(load(&encode(&proto)).is_err());
        }
    }
}

/// Descriptions that are small in a file and large in memory.
#[test]
fn bombs_in_the_description_do_not_go_off() {
    let (_, _, model) = each_kind().swap_remove(0);
    let proto = proto(&model);
    let description = description(&proto);
    const SIZE: usize = 2_000_000;
    let repeated = |text: &str| {
        let list = vec![text; SIZE / text.len()].join(",");
        format!("[{list}]")
    };
    let nested = |text: &str, depth: usize| {
        let inner = vec![text; SIZE / (text.len() + 2 * depth)].join(",");
        "[".repeat(depth) + &inner + &"]".repeat(depth)
    };
    let dense = r#"{"layer":"dense","settings":{"units":1,"activation":"relu"}}"#;
    let softmax = r#"{"layer":"dense","settings":{"units":1,"activation":"softmax"}}"#;
    let dropout = r#"{"layer":"dropout","settings":{"rate":0}}"#;
    let half = r#"{"layer":"dropout","settings":{"rate":0.5}}"#;
    let norm = r#"{"layer":"batch_norm","settings":{}}"#;
    // Long enough that the parsed text alone is within bounds.
    let padded = |layer: &str| format!("{layer}{}", " ".repeat(120));
    let inner = format!(r#"{{"layer":"residual","settings":{{"layers":[{norm}]}}}}"#);
    let codes = r#"{"layer":"embedding","settings":{"column":0,"levels":1,"units":1}}"#;
    let level = r#"{"kind":"text","levels":[],"other":false,"missing":false}"#;
    let column = format!(r#"{{"name":"","encoding":{level}}}"#);
    let bombs: Vec<(&str, String)> = vec![
        ("network", repeated("0")),
        ("network", repeated("[]")),
        ("network", repeated("[0]")),
        ("network", repeated("{}")),
        ("network", repeated(r#"{"":0}"#)),
        ("network", repeated(r#"{"":{"":0}}"#)),
        ("network", repeated("[[[[[[[[0]]]]]]]]")),
        ("network", nested("0", 100)),
        ("network", "[".repeat(SIZE)),
        ("network", format!(r#"{{"inputs":1,"layers":{}}}"#, repeated(r#"{"":0}"#))),
        ("network", format!(r#"{{"inputs":1,"layers":{}}}"#, repeated(dense))),
        ("network", format!(r#"{{"inputs":1,"layers":{}}}"#, repeated(softmax))),
        ("network", format!(r#"{{"inputs":1,"layers":{}}}"#, repeated(dropout))),
        ("network", format!(r#"{{"inputs":1,"layers":{}}}"#, repeated(half))),
        ("network", format!(r#"{{"inputs":1,"layers":{}}}"#, repeated(norm))),
        ("network", format!(r#"{{"inputs":1,"layers":{}}}"#, repeated(&padded(norm)))),
        ("network", format!(r#"{{"inputs":1,"layers":{}}}"#, repeated(&padded(&inner)))),
        ("network", format!(r#"{{"inputs":1,"layers":{}}}"#, repeated(&padded(codes)))),
        ("initializers", repeated(r#""""#)),
        ("initializers", repeated(r#""0.weight""#)),
        ("target", format!(r#"{{"classes":{{"column":"","labels":{}}}}}"#, repeated(r#""""#))),
        (
            "inputs",
            format!(r#"{{"table":{{"schema":{{"columns":[],"missing":{}}}}}}}"#, repeated(r#""""#)),
        ),
        (
            "inputs",
            format!(
                r#"{{"table":{{"schema":{{"columns":[],"missing":[]}},"encoders":{{"columns":{}}}}}}}"#,
                repeated(&column)
            ),
        ),
        (
            "inputs",
            format!(
                r#"{{"table":{{"schema":{{"columns":[],"missing":[]}},"encoders":{{"columns":[{{"name":"","encoding":{{"kind":"text","levels":{},"other":false,"missing":false}}}}]}}}}}}"#,
                repeated(r#""""#)
            ),
        ),
        (
            "inputs",
            format!(
                r#"{{"table":{{"schema":{{"columns":[],"missing":[]}},"encoders":{{"columns":[{{"name":"","encoding":{{"a":{},"kind":"text"}}}}]}}}}}}"#,
                repeated("[[0]]")
            ),
        ),
        ("summary", repeated("[]")),
        ("unknown", repeated(r#"{"":0}"#)),
    ];
    let mut heavy = Vec::new();
    for (key, bomb) in bombs {
        let mut description = description.clone();
        description[key] = json!("BOMB");
        let mut proto = proto.clone();
        let text = description.to_string().replace("\"BOMB\"", &bomb);
        proto.metadata_props[0].value = text;
        let bytes = encode(&proto);
        let (result, times) = load_measured(&bytes);
        if times > 64.0 {
            let shown: String = bomb.chars().take(90).collect();
            heavy.push(format!("{times:.0} times: {key} {shown}"));
        }
        assert!(result.is_err() || key == "unknown", "{key}");
    }
    assert!(heavy.is_empty(), "{heavy:#?}");
}
