//! Whatever the bytes, reading a checkpoint returns: no panic, a typed error or a state that training
//! takes or refuses, and no more memory than 64 × the length + 16 MB.

mod held_memory;

use std::ops::ControlFlow;

use chainrule::checkpoint::Checkpoint;
use chainrule::engine::{Data as Numbers, Matrices, Matrix};
use chainrule::losses::loss;
use chainrule::optimizers::optimizer;
use chainrule::schedules::{Warmup, schedule};
use chainrule::train::{Callback, Data, Keeper, Settings, Start, Trained, train_from};
use chainrule::{Error, ErrorKind, Network};
use held_memory::most_held;
use serde_json::{Value, json};

/// Reads, with the bound on memory and on an error's length.
#[track_caller]
fn read(bytes: &[u8]) -> Result<Checkpoint, Error> {
    let (result, peak) = most_held(|| Checkpoint::from_bytes(bytes, "c"));
    let peak = peak as f64;
    let bound = 16e6 + 64.0 * bytes.len() as f64;
    assert!(peak <= bound, "{peak} bytes for {}", bytes.len());
    if let Err(error) = &result {
        let known = matches!(
            error.kind(),
            ErrorKind::Safetensors { .. } | ErrorKind::NotACheckpoint { .. }
        );
        let text = error.to_string();
        assert!(known && text.len() < 600 && text.starts_with("c: "), "{text}");
    }
    result
}

/// Keeps the last state, and ends after a step.
struct Stop(u64, Option<Checkpoint>);

impl Callback for Stop {
    fn step(&mut self, step: u64, _: f64) -> ControlFlow<()> {
        if step >= self.0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn keeper(&mut self) -> Option<&mut dyn Keeper> {
        Some(self)
    }
}

impl Keeper for Stop {
    fn wants(&mut self, _: bool) -> bool {
        false
    }

    fn keep(&mut self, state: Checkpoint) {
        self.1 = Some(state);
    }
}

fn run(start: Start, stop: &mut Stop) -> Result<Trained<f32>, Error> {
    let x: Vec<f64> = (0..24).map(|i| f64::from(i * i % 7)).collect();
    let y: Vec<f64> = (0..12).map(|i| f64::from(i % 3)).collect();
    let groups = [
        ("x", Matrix::new(Numbers::F64(&x), 12, 2).unwrap()),
        ("y", Matrix::new(Numbers::F64(&y), 12, 1).unwrap()),
    ];
    let source = Matrices::new(&groups).unwrap();
    let (training, validation) = ([0, 1, 2, 3, 4, 5, 6, 7], [8, 9, 10, 11]);
    let data = Data { source: &source, training: &training, validation: &validation };
    let network = Network::new(2).dense(3, "linear").batch_norm().dense(1, "linear");
    let settings = Settings {
        epochs: 6,
        batch_size: 3,
        optimizer: optimizer("adam").unwrap().into(),
        learning_rate: 0.01,
        schedule: schedule("constant").unwrap().into(),
        warmup: Warmup::NONE,
        clip: None,
        patience: 9,
        seed: 4,
        threads: 1,
    };
    train_from(&network, &loss("mse").unwrap().into(), data, &settings, start, stop)
}

/// A checkpoint in the middle of the third epoch.
fn sound() -> Vec<u8> {
    let mut stop = Stop(8, None);
    assert!(run(Start::default(), &mut stop).unwrap().interrupted);
    stop.1.unwrap().to_bytes().unwrap()
}

/// Goes on from a state, which must not panic.
fn go_on(state: Checkpoint) -> Result<Trained<f32>, Error> {
    let start = Start { checkpoint: Some((state, "c".to_owned())), values: None };
    run(start, &mut Stop(u64::MAX, None))
}

#[test]
fn a_checkpoint_cut_short_anywhere_is_refused() {
    let bytes = sound();
    assert!(go_on(read(&bytes).unwrap()).is_ok());
    for end in 0..bytes.len() {
        assert!(read(&bytes[..end]).is_err(), "{end} of {} bytes", bytes.len());
    }
    for more in [&b"\0"[..], b"PK\x05\x06", &bytes] {
        assert!(read(&[&bytes, more].concat()).is_err());
    }
}

#[test]
fn a_checkpoint_with_any_bit_turned_is_refused() {
    let mut bytes = sound();
    for place in 0..bytes.len() {
        for bit in 0..8 {
            bytes[place] ^= 1 << bit;
            assert!(read(&bytes).is_err(), "bit {bit} of byte {place}");
            bytes[place] ^= 1 << bit;
        }
    }
    assert!(read(&bytes).is_ok());
}

/// A part of a checkpoint: its type, its shape and its bytes.
type Part = (String, String, Vec<u64>, Vec<u8>);

/// The parts of a checkpoint, in the order in which they stand in the file.
fn parts(bytes: &[u8]) -> Vec<Part> {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let mut parts: Vec<(u64, Part)> = (header.as_object().unwrap().iter())
        .map(|(name, entry)| {
            let offsets = [0, 1].map(|side| entry["data_offsets"][side].as_u64().unwrap());
            let [from, to] = offsets.map(|offset| 8 + length + offset as usize);
            let shape = entry["shape"].as_array().unwrap().iter();
            let shape = shape.map(|size| size.as_u64().unwrap()).collect();
            let dtype = entry["dtype"].as_str().unwrap().to_owned();
            (offsets[0], (name.clone(), dtype, shape, bytes[from..to].to_vec()))
        })
        .collect();
    parts.sort_by_key(|(from, part)| (*from, part.3.len()));
    parts.into_iter().map(|(_, part)| part).collect()
}

/// A file of parts whose sum is right.
fn file(parts: &[Part]) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut data: Vec<u8> = Vec::new();
    for (name, dtype, shape, bytes) in parts {
        let from = data.len();
        data.extend(bytes);
        let offsets = [from, data.len()];
        let entry = json!({ "dtype": dtype, "shape": shape, "data_offsets": offsets });
        header.insert(name.clone(), entry);
    }
    let header = Value::from(header).to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    let end = bytes.len() - 16;
    let sum = twox_hash::XxHash3_128::oneshot(&bytes[..end]).to_le_bytes();
    bytes[end..].copy_from_slice(&sum);
    bytes
}

/// What training says to a checkpoint after a change of its parts, whose sum is right.
fn changed(change: impl FnOnce(&mut Vec<Part>)) -> Result<Trained<f32>, Error> {
    let mut parts = parts(&sound());
    change(&mut parts);
    read(&file(&parts)).and_then(go_on)
}

/// What training says after a change of what stands in `progress`.
fn told(change: impl FnOnce(&mut Value)) -> Result<Trained<f32>, Error> {
    changed(|parts| {
        let part = parts.iter_mut().find(|part| part.0 == "progress").unwrap();
        let mut progress: Value = serde_json::from_slice(&part.3).unwrap();
        change(&mut progress);
        part.3 = progress.to_string().into_bytes();
        part.2 = vec![part.3.len() as u64];
    })
}

#[test]
fn a_right_sum_does_not_make_wrong_numbers_right() {
    assert!(changed(|_| {}).is_ok());
    let first = |parts: &[Part], start: &str| -> usize {
        parts.iter().position(|part| part.0.starts_with(start)).unwrap()
    };
    for start in ["now/", "best/", "progress"] {
        let missing = changed(|parts| {
            let place = first(parts, start);
            parts.remove(place);
        });
        assert!(missing.is_err(), "without {start}");
        let renamed = changed(|parts| {
            let place = first(parts, start);
            parts[place].0.push('x');
        });
        assert!(renamed.is_err(), "{start} renamed");
    }
    for start in ["now/", "best/"] {
        let flat = changed(|parts| {
            let place = first(parts, start);
            let size = parts[place].2.iter().product::<u64>();
            parts[place].2 = vec![1, size, 1];
        });
        assert!(flat.is_err(), "{start} of another shape");
        let double = changed(|parts| {
            let place = first(parts, start);
            parts[place].1 = "F64".to_owned();
            let bytes = parts[place].3.clone();
            parts[place].3.extend(bytes);
        });
        assert!(double.is_err(), "{start} of another type");
    }
    let more = changed(|parts| {
        let part = (format!("now/{}", "m".repeat(10_000)), "F32".to_owned(), vec![], vec![0; 4]);
        parts.insert(0, part);
    });
    assert!(more.is_err());
    // NaN is a number like others: what comes of it is training's to say.
    let _ = changed(|parts| {
        let place = first(parts, "now/");
        parts[place].3.fill(0xff);
    });
}

#[test]
fn a_right_sum_does_not_make_a_wrong_progress_right() {
    assert!(told(|_| {}).is_ok());
    let wrong: [fn(&mut Value); 16] = [
        |p| p["format"] = json!(2),
        |p| p["format"] = json!("1"),
        |p| p["rows"] = json!(4),
        |p| p["rows"] = json!(9),
        |p| p["rows"] = json!(u64::MAX),
        |p| p["rows"] = json!(-3),
        |p| p["best_epoch"] = json!(3),
        |p| p["best_epoch"] = json!(0),
        |p| p["history"][1]["best"] = json!("yes"),
        |p| p["history"][0]["metrics"] = json!([["a"]]),
        |p| p["loss"] = json!([]),
        |p| p["over"] = json!(true),
        |p| p["identity"]["seed"] = json!(null),
        |p| p["identity"]["data"] = json!("00"),
        |p| p["identity"]["settings"] = json!([]),
        |p| *p = json!([]),
    ];
    for (place, change) in wrong.into_iter().enumerate() {
        let outcome = told(change);
        // A field that is not known is passed over, as one of a later version would be.
        assert_eq!(outcome.is_err(), place != 12, "{place}");
    }
    // Steps only count on: the end of a count is no panic.
    let _ = told(|p| p["steps"] = json!(u64::MAX - 100));
    let _ = told(|p| p["updates"] = json!(u64::MAX - 100));
    let _ = told(|p| p["weight"] = json!("nan"));
}

#[test]
fn bombs_in_the_progress_take_no_more_memory_than_they_may() {
    let sound = parts(&sound());
    let with = |progress: Vec<u8>| -> Result<Checkpoint, Error> {
        let mut parts = sound.clone();
        let part = parts.iter_mut().find(|part| part.0 == "progress").unwrap();
        part.2 = vec![progress.len() as u64];
        part.3 = progress;
        read(&file(&parts))
    };
    let text = String::from_utf8(sound[sound.len() - 2].3.clone()).unwrap();
    let before = |list: &str| text.split_once(&format!("\"{list}\":[")).unwrap();
    for (list, item) in [
        ("history", "[0,null,[],0,true],"),
        (
            "history",
            "{\"training_loss\":0,\"validation_loss\":null,\"metrics\":[],\"learning_rate\":0,\"best\":true},",
        ),
        ("history", "[],"),
        ("metrics", "[\"\",0],"),
        ("settings", "[\"\",\"\"],"),
        ("settings", "[[[[[[[["),
    ] {
        let (start, end) = before(list);
        let bomb = format!("{start}\"{list}\":[{}{end}", item.repeat(2_000_000 / item.len()));
        let _ = with(bomb.into_bytes());
    }
    assert!(with(vec![b'['; 1_000_000]).is_err());
    assert!(with(b"{\"format\":".repeat(100_000)).is_err());
    assert!(with([b"{\"format\":1", &[b'0'; 1_000_000][..]].concat()).is_err());
    assert!(with(Vec::new()).is_err());
}

#[test]
fn a_header_of_many_tensors_takes_no_more_memory_than_it_may() {
    let many = |entry: fn(usize) -> String| {
        let entries: Vec<String> = (0..40_000).map(entry).collect();
        let header = format!("{{{}}}", entries.join(","));
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes
    };
    const EMPTY: &str = r#"{"dtype":"F32","shape":[0],"data_offsets":[0,0]}"#;
    assert!(read(&many(|place| format!("\"{place}\":{{}}"))).is_err());
    assert!(read(&many(|place| format!("\"{place}\":{EMPTY}"))).is_err());
    assert!(read(&many(|_| format!("\"same\":{EMPTY}"))).is_err());
    for length in [0, 1, 7, 8, 9, 1 << 31, u64::MAX] {
        assert!(read(&length.to_le_bytes()).is_err());
    }
}
