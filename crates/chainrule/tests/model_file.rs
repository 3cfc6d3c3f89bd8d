//! A model written to a file and read back: the same bytes, the same predictions to the bit.

mod tabular;

use chainrule::data::{
    Column, Encoding, Link, ScaledTarget, Table, TargetEncoder, TextValues, Values,
};
use chainrule::estimator::{Recipe, evaluate};
use chainrule::model::{Inputs, Summary};
use chainrule::{ErrorKind, Model, Network};
use tabular::{bits, each_kind, fit, houses_without, model, quick, table};

/// Writes and reads a model, and asserts that nothing is lost; returns what was read.
#[track_caller]
fn read_back(model: &Model, table: &Table) -> Model {
    let bytes = model.to_bytes().unwrap();
    let again = Model::load(&bytes).unwrap();
    assert_eq!(again.inputs, model.inputs);
    assert_eq!(again.target, model.target);
    assert_eq!(again.summary, model.summary);
    assert_eq!(again.network.to_json(), model.network.to_json());
    assert!(again.to_bytes().unwrap() == bytes, "the bytes differ when written again");
    let expected = model.predict(table, 1).unwrap();
    for threads in [1, 3] {
        assert_eq!(bits(&again.predict(table, threads).unwrap()), bits(&expected));
    }
    assert!(expected.iter().all(|p| p.is_finite()));
    again
}

#[test]
fn each_kind_of_model_is_read_back_as_it_was() {
    for (name, table, model) in each_kind() {
        let again = read_back(&model, &table);
        assert_eq!(
            evaluate(&again, &table, 1).unwrap(),
            evaluate(&model, &table, 1).unwrap(),
            "{name}"
        );
        // Columns are found by name: in another order, and with others beside them, too.
        let text = houses_without(80, &[]);
        let wider = Table::from_reader(text.as_bytes(), "w.csv", &Default::default()).unwrap();
        let narrow = model.predict(&table, 1).unwrap();
        assert_eq!(bits(&again.predict(&wider, 1).unwrap()), bits(&narrow), "{name}");
    }
}

/// Names that mean something to ONNX, to JSON, to CSV, to a terminal, or to the writer itself.
fn awkward() -> Vec<String> {
    let names = [
        "x",
        "y",
        "N",
        "0.weight",
        "0.bias",
        "1.weight",
        "2.weight",
        "2.bias",
        "prediction",
        "probabilities",
        "features",
        "labels",
        "labels_yes",
        "labels_no",
        "target_std",
        "target_mean",
        "scalar_0",
        "scalar_1",
        "slots",
        "axes",
        "shape",
        "Gemm_3",
        "Cast_0",
        "LabelEncoder_2",
        "chainrule",
        "weight",
        "step",
        "learning_rate",
        "total_weight",
        "say \"hi\"",
        "line\nbreak",
        "tab\there",
        "한글 이름",
        "👩🏽‍🚀",
        "null",
        "NaN",
        "{\"a\":1}",
        "back\\slash",
        "\u{0}zero",
        "e\u{301}",
        "é",
        "a,b;c",
        "-",
        "$",
        "'",
        "\u{202e}right to left",
        "0.weight_1",
        "mean of 0.weight",
    ];
    let long = "long ".repeat(400) + "name";
    names.iter().map(|&name| name.to_owned()).chain([long]).collect()
}

#[test]
fn columns_may_be_called_anything() {
    let names = awkward();
    let rows = 30;
    let mut columns = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let value = |row: usize| ((row * (place + 3) + place * place) % 17) as f64;
        columns.push(match place % 3 {
            0 => Column::new(name.clone(), Values::Number((0..rows).map(value).collect())),
            1 => {
                let values = (0..rows).map(|row| Some(value(row) > 8.0)).collect();
                let spellings = ["no".to_owned(), "yes".to_owned()];
                Column::new(name.clone(), Values::Boolean { values, spellings })
            }
            // The categories are as awkward as the names.
            _ => {
                let cells = (0..rows).map(|row| Some(names[value(row) as usize].as_str()));
                Column::new(name.clone(), Values::Text(TextValues::from_cells(cells)))
            }
        });
    }
    let table = Table::from_columns("awkward", columns).unwrap();
    for target in ["x", "prediction", "line\nbreak", "한글 이름", "\u{0}zero", "labels"] {
        let fitted = fit(&table, &[target], &quick()).unwrap();
        read_back(&fitted.model, &table);
    }
}

#[test]
fn labels_may_be_anything() {
    let labels = awkward();
    let rows = 4 * labels.len();
    let x: Vec<f64> = (0..rows).map(|row| (row * row % 23) as f64).collect();
    let cells = (0..rows).map(|row| Some(labels[row % labels.len()].as_str()));
    let table = Table::from_columns(
        "labels",
        vec![
            Column::new("x", Values::Number(x.into())),
            Column::new("y", Values::Text(TextValues::from_cells(cells))),
        ],
    )
    .unwrap();
    let fitted = fit(&table, &["y"], &quick()).unwrap();
    let again = read_back(&fitted.model, &table);
    let mut sorted = labels.clone();
    sorted.sort_unstable();
    for (class, label) in sorted.iter().enumerate() {
        let mut row = vec![0.0; labels.len()];
        row[class] = 1.0;
        assert_eq!(again.label(0, &row), Some(label.as_str()));
    }
}

#[test]
fn columns_that_say_nothing_do_no_harm() {
    let mut text = String::from("x,same,none,word,flag,all,y\n");
    for row in 0..50 {
        // `all` is missing in most rows: the training part may not have it at all.
        let all = if row == 17 { "5" } else { "" };
        text += &format!("{},7.5,,always,true,{all},{}\n", row % 9, row % 9 + row % 2);
    }
    let table = table(&text);
    let fitted = fit(&table, &["y"], &quick()).unwrap();
    let again = read_back(&fitted.model, &table);
    // Other values in them, or none at all, are no trouble either.
    let others = tabular::table(
        "x,same,none,word,flag,all\n1,8,3,never,false,1e9\n,,,,,\n2,-1e300,x,always,true,7\n",
    );
    let expected = fitted.model.predict(&others, 1).unwrap();
    assert!(expected.iter().all(|p| p.is_finite()));
    assert_eq!(bits(&again.predict(&others, 1).unwrap()), bits(&expected));
}

#[test]
fn three_hundred_categories_share_the_other_slot() {
    let mut text = String::from("town,y\n");
    for row in 0..900 {
        // Town 0 is the most frequent, and so on.
        let town = (row * row % 997) % 300;
        text += &format!("town {town},{}\n", (town % 7) as f64 + (row % 3) as f64 + 0.5);
    }
    let table = table(&text);
    let fitted = fit(&table, &["y"], &Recipe { epochs: 2, ..quick() }).unwrap();
    let again = read_back(&fitted.model, &table);
    let Inputs::Table { encoders, .. } = &again.inputs else { panic!("a table") };
    // Too many for slots: each that occurs twice in the training part has a vector.
    let Encoding::Code(code) = &encoders.columns[0].encoding else { panic!("{encoders:?}") };
    let levels = &code.levels;
    assert!(code.other && encoders.width() == 1 && levels.len() > 64, "{}", levels.len());
    // Every town without one is the same to the model, an unseen one too.
    let outside = (0..300).map(|town| format!("town {town}")).find(|town| !levels.contains(town));
    let some = tabular::table(&format!("town\n{}\nnever seen\n한글\n", outside.unwrap()));
    let predictions = again.predict(&some, 1).unwrap();
    assert!(predictions[0] == predictions[1] && predictions[1] == predictions[2]);
}

/// Case ser-json-1: figures that JSON has no numbers for.
#[test]
fn a_model_whose_figures_left_the_range_of_numbers_can_be_read() {
    // The squares of such errors are infinite in f64.
    for scale in [1e200, 1e-200, 1e300, 1e-308, 1e-320] {
        let mut text = String::from("x,y\n");
        for row in 0..40 {
            text += &format!("{},{:e}\n", row, (row as f64 - 18.5) * scale / 40.0);
        }
        let table = table(&text);
        let fitted = match fit(&table, &["y"], &quick()) {
            Ok(fitted) => fitted,
            Err(error) => panic!("{scale:e}: {error}"),
        };
        let bytes = fitted.model.to_bytes().unwrap();
        let again = match Model::load(&bytes) {
            Ok(again) => again,
            Err(error) => panic!("{scale:e}: {error}; {:?}", fitted.model.summary.validation),
        };
        assert!(again.to_bytes().unwrap() == bytes, "{scale:e}");
        let expected = fitted.model.predict(&table, 1).unwrap();
        assert_eq!(bits(&again.predict(&table, 1).unwrap()), bits(&expected), "{scale:e}");
    }
}

fn summary() -> Summary {
    Summary {
        version: "0.0.0".to_owned(),
        explanation: "made by \"hand\"\n한글".to_owned(),
        loss: "mse".to_owned(),
        optimizer: "none".to_owned(),
        learning_rate: 0.1 + 0.2,
        batch_size: usize::MAX,
        seed: u64::MAX,
        training_rows: 0,
        validation_rows: 0,
        epochs: 0,
        best_epoch: 0,
        validation: vec![("loss".to_owned(), 1.0 / 3.0), ("tiny".to_owned(), 5e-324)],
        ended: None,
    }
}

/// A model of arrays with parameters of one's own.
fn array_model(network: Network, outputs: usize, parameters: Vec<Vec<f32>>) -> Model {
    let output = |place: usize| ScaledTarget {
        column: format!("y{place}"),
        mean: -1.0 / 3.0,
        std: 0.1,
        link: Link::Identity,
    };
    Model {
        inputs: Inputs::Array { width: network.inputs() },
        network,
        target: TargetEncoder::Regression { outputs: (0..outputs).map(output).collect() },
        parameters,
        states: Vec::new(),
        summary: summary(),
    }
}

#[test]
fn a_model_of_arrays_keeps_every_bit() {
    let odd = [
        f32::MIN_POSITIVE,
        f32::from_bits(1),
        -0.0,
        0.1,
        f32::MAX,
        -f32::MAX,
        1.0 + f32::EPSILON,
        -1e-40,
    ];
    let network = Network::new(4).dense(2, "tanh").dropout(0.5).dense(1, "linear");
    let parameters = vec![odd.to_vec(), vec![-0.0, 1e-45], vec![0.5, -0.25], vec![3.0]];
    let model = array_model(network, 1, parameters);
    let bytes = model.to_bytes().unwrap();
    let again = Model::load(&bytes).unwrap();
    assert_eq!(again.summary, model.summary);
    for (found, expected) in again.parameters.iter().zip(&model.parameters) {
        let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(found), bits(expected));
    }
    assert!(again.to_bytes().unwrap() == bytes);
    let rows = [0.5, 1.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    let predict = |model: &Model| {
        let mut out = [0.0; 2];
        model.predictor(1).unwrap().predict_into(&rows, &mut out).unwrap();
        out
    };
    assert_eq!(bits(&predict(&again)), bits(&predict(&model)));
    // It takes no table.
    let error = again.predict(&table("a\n1\n"), 1).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotAModel { .. }));
    assert!(evaluate(&again, &table("a\n1\n"), 1).is_err());
}

/// Fields that do not belong together, put together by a program: an error, not a wrong answer.
#[test]
fn a_model_put_together_wrongly_is_refused() {
    let network = || Network::new(2).dense(3, "relu").dense(1, "linear");
    let good = vec![vec![0.5; 6], vec![0.0; 3], vec![1.0; 3], vec![0.0]];
    assert!(array_model(network(), 1, good.clone()).predictor(1).is_ok());
    let mut bad = vec![
        ("a parameter too few", array_model(network(), 1, good[..3].to_vec())),
        ("no parameters", array_model(network(), 1, Vec::new())),
        ("a parameter too many", array_model(network(), 1, [good.clone(), good.clone()].concat())),
        ("two outputs for one", array_model(network(), 2, good.clone())),
    ];
    let mut short = good.clone();
    short[0].pop();
    bad.push(("an element too few", array_model(network(), 1, short)));
    let mut states = array_model(network(), 1, good.clone());
    states.states.push(vec![1.0]);
    bad.push(("a state too many", states));
    bad.push(("no outputs", array_model(network(), 0, good)));
    let mut accepted = Vec::new();
    for (what, model) in bad {
        let rows = [1.0, 2.0, 3.0, 4.0];
        let predicted = model.predictor(1).and_then(|predictor| {
            let mut out = vec![0.0; 2 * model.outputs()];
            predictor.predict_into(&rows, &mut out)
        });
        if predicted.is_ok() {
            accepted.push((what, "predicts"));
        }
        if model.to_bytes().is_ok_and(|bytes| Model::load(&bytes).is_err()) {
            accepted.push((what, "is written, and cannot be read"));
        }
    }
    assert!(accepted.is_empty(), "{accepted:?}");
}

#[test]
fn every_activation_and_depth_is_read_back() {
    let text = houses_without(60, &["rent", "kind", "sold", "let"]);
    for activation in ["linear", "sigmoid", "relu", "tanh", "softmax"] {
        for layers in [vec![], vec![3], vec![5, 4, 3, 2]] {
            let recipe = Recipe { activation: activation.to_owned(), layers, epochs: 2, ..quick() };
            read_back(&model(&text, &["price"], &recipe), &table(&text));
        }
    }
    // Logarithms of the target travel too.
    let text = "x,y\n1,0\n2,3\n3,1e6\n4,2\n5,77\n6,0\n7,9\n8,1e4\n9,5\n10,6\n";
    let recipe = Recipe { loss: Some("rmsle".to_owned()), ..quick() };
    let again = read_back(&model(text, &["y"], &recipe), &table(text));
    assert!(again.predict(&table(text), 1).unwrap().iter().all(|&p| p > -1.0));
}
