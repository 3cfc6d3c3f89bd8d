//! A predictor: shared by threads, and each row's answer its own.

mod tabular;

use chainrule::data::{Encoders, Link, ScaledTarget, TargetEncoder};
use chainrule::model::{Inputs, Model, Summary};
use chainrule::{ErrorKind, Network, Predictor};
use chainrule_core::random::Stream;
use tabular::{bits, each_kind};

/// A model of arrays of eight numbers with parameters drawn at random.
fn wide(outputs: usize) -> Model {
    let network =
        Network::new(8).dense(32, "relu").dense(32, "tanh").dropout(0.5).dense(outputs, "linear");
    let parameters = network.build(false).unwrap().initial_parameters(5);
    let single = |values: &Vec<f64>| values.iter().map(|&x| x as f32).collect();
    let output = |place: usize| ScaledTarget {
        column: place.to_string(),
        mean: 100.0,
        std: 7.5,
        link: if outputs == 2 { Link::Log } else { Link::Identity },
    };
    Model {
        inputs: Inputs::Array { width: 8 },
        network,
        target: TargetEncoder::Regression { outputs: (0..outputs).map(output).collect() },
        parameters: parameters.iter().map(single).collect(),
        states: Vec::new(),
        summary: Summary {
            version: String::new(),
            explanation: String::new(),
            loss: String::new(),
            optimizer: String::new(),
            learning_rate: 0.0,
            batch_size: 1,
            seed: 0,
            training_rows: 0,
            validation_rows: 0,
            epochs: 0,
            best_epoch: 0,
            validation: Vec::new(),
            ended: None,
        },
    }
}

fn rows(count: usize) -> Vec<f32> {
    let mut stream = Stream::new(1, 2);
    (0..8 * count).map(|_| stream.normal() as f32).collect()
}

fn predict(predictor: &Predictor, rows: &[f32], outputs: usize) -> Vec<f64> {
    let mut out = vec![f64::NAN; rows.len() / 8 * outputs];
    predictor.predict_into(rows, &mut out).unwrap();
    out
}

#[test]
fn a_predictor_can_be_shared_and_sent() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Predictor>();
    shared::<Model>();
}

#[test]
fn rows_alone_and_together_have_the_same_bits() {
    for outputs in [1, 3] {
        let model = wide(outputs);
        // More than are predicted in one go, and not a multiple of it.
        let rows = rows(9001);
        let one = model.predictor(1).unwrap();
        let all = predict(&one, &rows, outputs);
        for threads in [2, 3, 8] {
            let several = model.predictor(threads).unwrap();
            assert_eq!(bits(&predict(&several, &rows, outputs)), bits(&all), "{threads} threads");
        }
        for row in [0, 1, 7, 31, 4094, 4095, 4096, 4097, 8191, 8192, 9000] {
            let alone = predict(&one, &rows[8 * row..][..8], outputs);
            assert_eq!(bits(&alone), bits(&all[outputs * row..][..outputs]), "row {row}");
        }
        for (start, count) in [(0, 4096), (1, 4096), (4000, 200), (17, 8900), (8990, 11)] {
            let some = predict(&one, &rows[8 * start..][..8 * count], outputs);
            assert_eq!(bits(&some), bits(&all[outputs * start..][..outputs * count]));
        }
        assert!(predict(&one, &[], outputs).is_empty());
    }
}

/// The predictions are those of the network's formula, evaluated by the oracle in f64.
#[test]
fn predictions_are_those_of_the_formula() {
    for width in [1, 2] {
        follow(width);
    }
}

fn follow(width: usize) {
    let model = wide(width);
    let rows = rows(5);
    let found = predict(&model.predictor(1).unwrap(), &rows, width);
    let built = model.network.build(false).unwrap();
    let double = |values: &[f32]| values.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>();
    let parameters: Vec<Vec<f64>> = model.parameters.iter().map(|list| double(list)).collect();
    let x = double(&rows);
    let mut inputs = vec![("x", x.as_slice())];
    for (parameter, values) in built.parameters.iter().zip(&parameters) {
        inputs.push((parameter.name.as_str(), values));
    }
    let z = chainrule_core::oracle::evaluate(&[built.output], &inputs).unwrap().remove(0);
    for (&found, z) in found.iter().zip(z) {
        let scaled = z * 7.5 + 100.0;
        let expected = if width == 2 { libm::expm1(scaled) } else { scaled };
        // A deviation of z grows with the exponential.
        assert!((found / expected - 1.0).abs() < 1e-4, "{found} {expected}");
    }
}

#[test]
fn four_threads_use_one_predictor_at_once() {
    let model = wide(2);
    let rows = rows(5000);
    for threads in [1, 2] {
        let predictor = model.predictor(threads).unwrap();
        let expected = bits(&predict(&predictor, &rows, 2));
        std::thread::scope(|scope| {
            for caller in 0..4 {
                let (predictor, rows, expected) = (&predictor, &rows, &expected);
                scope.spawn(move || {
                    for call in 0..12 {
                        let start = (caller * 997 + call * 131) % 4000;
                        let count = if call % 3 == 0 { 1 } else { 1000 };
                        let found = predict(predictor, &rows[8 * start..][..8 * count], 2);
                        assert_eq!(bits(&found), expected[2 * start..][..2 * count]);
                    }
                });
            }
        });
    }
}

#[test]
fn slices_of_other_lengths_are_refused_and_do_no_harm() {
    let model = wide(2);
    let predictor = model.predictor(1).unwrap();
    let rows = rows(3);
    let expected = bits(&predict(&predictor, &rows, 2));
    for (given, wanted) in [
        (24, 5),
        (24, 7),
        (24, 0),
        (24, 8),
        (23, 6),
        (25, 6),
        (7, 0),
        (7, 2),
        (0, 2),
        (1, 0),
        (0, 1),
    ] {
        let mut out = vec![f64::NAN; wanted];
        let long = [rows.as_slice(), &rows].concat();
        let error = predictor.predict_into(&long[..given], &mut out).expect_err("wrong lengths");
        let kind = error.kind();
        let typed = matches!(kind, ErrorKind::InvalidSetting { .. } | ErrorKind::Engine(_));
        assert!(typed, "{given} {wanted}: {error}");
        assert!(out.iter().all(|value| value.is_nan()), "{given} {wanted}: {out:?}");
        assert_eq!(bits(&predict(&predictor, &rows, 2)), expected);
    }
}

/// What is no number in a row stays in that row.
#[test]
fn a_row_of_nan_or_infinity_spoils_no_other() {
    let predictor = wide(1).predictor(2).unwrap();
    let mut rows = rows(600);
    let clean = predict(&predictor, &rows, 1);
    for (row, value) in [(0, f32::NAN), (64, f32::INFINITY), (599, f32::NEG_INFINITY), (300, 1e38)]
    {
        rows[8 * row + 3] = value;
    }
    let found = predict(&predictor, &rows, 1);
    assert!(found[0].is_nan());
    for row in (0..600).filter(|row| ![0, 64, 300, 599].contains(row)) {
        assert_eq!(found[row].to_bits(), clean[row].to_bits(), "row {row}");
    }
}

/// A table's predictions are those of its encoded rows.
#[test]
fn encoded_rows_give_what_the_table_gives() {
    for (name, table, model) in each_kind() {
        let Inputs::Table { encoders, .. } = &model.inputs else { panic!("{name}: a table") };
        let encoded = Encoders::encode(encoders, &table).unwrap();
        let whole = model.predict(&table, 1).unwrap();
        let predictor = model.predictor(1).unwrap();
        let (width, outputs) = (encoders.width(), model.outputs());
        for (row, expected) in encoded.chunks(width).zip(whole.chunks(outputs)) {
            let mut out = vec![0.0; outputs];
            predictor.predict_into(row, &mut out).unwrap();
            assert_eq!(bits(&out), bits(expected), "{name}");
        }
        assert_eq!(bits(&model.predict(&table, 4).unwrap()), bits(&whole), "{name}");
    }
}
