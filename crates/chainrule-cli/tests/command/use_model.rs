//! Predicting with a model, measuring it and looking into it.

use std::fs;

use serde_json::{Value, json};

use crate::{Folder, dataset, numbers};

#[test]
fn penguins_from_the_table_to_the_matrix() {
    let folder = Folder::new();
    let penguins = dataset("penguins");
    let words = ["train", &penguins, "--target", "species", "--epochs", "40"];
    folder.run(&words).succeeded();

    let predictions = folder.run(&["predict", "model.onnx", &penguins]).succeeded();
    assert_eq!(predictions.err, "");
    let mut lines = predictions.out.lines();
    let header = "prediction,probability_Adelie,probability_Chinstrap,probability_Gentoo";
    assert_eq!(lines.next(), Some(header));
    let mut right = 0;
    let table = fs::read_to_string(&penguins).unwrap();
    let truth = table.lines().skip(1).map(|line| line.rsplit(',').next().unwrap());
    for (line, truth) in lines.zip(truth) {
        let fields: Vec<&str> = line.split(',').collect();
        let shares: Vec<f64> = fields[1..].iter().map(|field| field.parse().unwrap()).collect();
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{line}");
        right += usize::from(fields[0] == truth);
    }

    let run = folder.run(&["evaluate", "model.onnx", &penguins, "--json"]).succeeded();
    let told = &run.json()[0];
    assert_eq!(told["rows"], 344);
    assert_eq!(told["metrics"]["accuracy"].as_f64(), Some(right as f64 / 344.0));
    assert!(told["metrics"]["accuracy"].as_f64().unwrap() > 0.95, "{told}");
    assert!(told["metrics"]["log_loss"].as_f64().unwrap() < 0.2, "{told}");

    let run = folder.run(&["evaluate", "model.onnx", &penguins]).succeeded();
    assert!(run.out.contains("share of the rows whose most probable class"), "{}", run.out);
    assert!(run.out.contains("\nspecies    Adelie  Chinstrap  Gentoo\n"), "{}", run.out);

    let run = folder.run(&["inspect", "model.onnx"]).succeeded();
    for part in ["Adelie, Chinstrap, Gentoo", "dense", "total", "bill_length_mm", "one of Biscoe"] {
        assert!(run.out.contains(part), "{part:?} is not in {}", run.out);
    }
    let told = &folder.run(&["inspect", "model.onnx", "--json"]).succeeded().json()[0];
    assert_eq!(told["inputs"], 15);
    assert_eq!(told["columns"][0], json!({ "name": "island", "kind": "text" }));
    assert_eq!(
        told["targets"],
        json!([{ "name": "species", "labels": ["Adelie", "Chinstrap", "Gentoo"] }])
    );
    let parameters = |layer: &Value| layer["parameters"].as_u64().unwrap();
    let layers = told["layers"].as_array().unwrap();
    assert_eq!(told["parameters"], layers.iter().map(parameters).sum::<u64>());
}

#[test]
fn data_colorder_1_columns_are_found_by_name() {
    let folder = Folder::with(&numbers(30));
    folder.train("t.csv", &[]);
    folder.write("same.csv", "x,c\n1.5,red\n-2,blue\n");
    folder.write("other.csv", "c,extra,x\nred,1,1.5\nblue,2,-2\n");
    let same = folder.run(&["predict", "model.onnx", "same.csv"]).succeeded();
    let other = folder.run(&["predict", "model.onnx", "other.csv"]).succeeded();
    assert_eq!(same.out, other.out);
    assert_eq!((same.err.as_str(), same.out.lines().count()), ("", 3));
    assert!(other.err.contains("chainrule: note: not used by the model: extra"), "{}", other.err);
    let quiet = folder.run(&["predict", "model.onnx", "other.csv", "-q"]).succeeded();
    assert_eq!((quiet.err.as_str(), quiet.out), ("", same.out));
}

#[test]
fn predictions_are_the_same_in_a_file_from_standard_input_and_on_any_threads() {
    let folder = Folder::with(&numbers(30));
    folder.train("t.csv", &[]);
    let run = folder.run(&["predict", "model.onnx", "t.csv", "--threads", "1"]).succeeded();
    let input = folder.run_with_input(&["predict", "model.onnx", "-"], &numbers(30)).succeeded();
    let file = folder.run(&["predict", "model.onnx", "t.csv", "-o", "p.csv", "--threads", "2"]);
    assert_eq!(file.succeeded().out, "");
    assert_eq!(input.out, run.out);
    assert_eq!(folder.read("p.csv"), run.out.as_bytes());
    // One row alone is predicted as it is among others.
    let second: String = numbers(30).lines().take(3).map(|line| format!("{line}\n")).collect();
    let two = folder.run_with_input(&["predict", "model.onnx", "-"], &second).succeeded();
    assert_eq!(run.out.lines().take(3).collect::<Vec<_>>(), two.out.lines().collect::<Vec<_>>());
    assert_eq!(folder.names(), ["model.onnx", "model.run", "p.csv", "t.csv"]);
}

#[test]
fn json_has_an_object_for_each_row_with_the_numbers_of_the_csv() {
    let folder = Folder::with("x,y\n1,no\n2,yes\n3,no\n4,yes\n5,no\n6,yes\n7,no\n8,yes\n");
    folder.train("t.csv", &[]);
    let csv = folder.run(&["predict", "model.onnx", "t.csv"]).succeeded();
    let rows = folder.run(&["predict", "model.onnx", "t.csv", "--json"]).succeeded().json();
    let mut lines = csv.out.lines();
    assert_eq!(lines.next(), Some("prediction,probability_no,probability_yes"));
    for (row, line) in rows.iter().zip(lines) {
        let fields: Vec<&str> = line.split(',').collect();
        assert_eq!(row["prediction"], fields[0]);
        assert_eq!(row["probability_no"].as_f64().unwrap(), fields[1].parse::<f64>().unwrap());
        assert_eq!(row["probability_yes"].as_f64().unwrap(), fields[2].parse::<f64>().unwrap());
    }
    assert_eq!(rows.len(), 8);
}

#[test]
fn several_targets_have_a_column_each() {
    let row = |i: usize| format!("{i},{},{}\n", i * 2, 100 - i);
    let table: String = std::iter::once("x,a,b c\n".to_owned()).chain((0..30).map(row)).collect();
    let folder = Folder::with(&table);
    let words = ["train", "t.csv", "--target", "a,b c", "--epochs", "2"];
    folder.run(&words).succeeded();
    let run = folder.run(&["predict", "model.onnx", "t.csv"]).succeeded();
    assert!(run.out.starts_with("prediction_a,prediction_b c\n"), "{}", run.out);
    let run = folder.run(&["evaluate", "model.onnx", "t.csv", "--json"]).succeeded();
    assert!(run.json()[0]["metrics"]["rmse"].is_number());

    let row = |i: usize| format!("{i},{},{}\n", i % 2, ["no", "yes"][i % 3 / 2]);
    let table: String = std::iter::once("x,a,b\n".to_owned()).chain((0..30).map(row)).collect();
    folder.write("t.csv", &table);
    folder.run(&["train", "t.csv", "-t", "a", "-t", "b", "--epochs", "2"]).succeeded();
    let run = folder.run(&["predict", "model.onnx", "t.csv"]).succeeded();
    let mut lines = run.out.lines();
    let header = "prediction_a,probability_a,prediction_b,probability_b";
    assert_eq!(lines.next(), Some(header));
    let first: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert!(["0", "1"].contains(&first[0]) && ["no", "yes"].contains(&first[2]), "{first:?}");
    folder.run(&["evaluate", "model.onnx", "t.csv"]).succeeded();
    folder.run(&["inspect", "model.onnx"]).succeeded();
}

#[test]
fn names_and_labels_of_any_script() {
    let labels = ["맑음", "흐림", "비, 눈"];
    let row = |i: usize| format!("{},\"{}\"\n", i * 31 % 17, labels[i % 3]);
    let table: String = std::iter::once("기온,날씨\n".to_owned()).chain((0..45).map(row)).collect();
    let folder = Folder::with(&table);
    let words = ["train", "t.csv", "--target", "날씨", "--epochs", "2", "-o", "날씨.onnx"];
    folder.run(&words).succeeded();
    let run = folder.run(&["predict", "날씨.onnx", "t.csv"]).succeeded();
    let header = "prediction,probability_맑음,\"probability_비, 눈\",probability_흐림\n";
    assert!(run.out.starts_with(header), "{}", run.out);
    let run = folder.run(&["evaluate", "날씨.onnx", "t.csv"]).succeeded();
    // A syllable is two columns wide, and the numbers below stand under its right edge.
    let matrix: Vec<&str> = run.out.lines().skip_while(|line| !line.starts_with("날씨")).collect();
    assert_eq!(matrix[0], "날씨    맑음  비, 눈  흐림");
    assert!(matrix[1].starts_with("맑음   "), "{}", matrix[1]);
    let target = &folder.run(&["inspect", "날씨.onnx", "--json"]).succeeded().json()[0]["targets"];
    assert_eq!(target[0]["labels"][0], "맑음");
    // A slip in a name is found in any script.
    let run = folder.run(&["train", "t.csv", "--target", "날쎄"]);
    run.failed(1, &["did you mean \"날씨\"?"]);
}

#[test]
fn control_characters_in_a_table_do_not_reach_the_terminal() {
    let folder = Folder::with(&numbers(30));
    folder.train("t.csv", &[]);
    folder.write("new.csv", "x,c,\u{1b}[31mred\n1,red,2\n2,\u{7}bell,3\n");
    // That none is printed is checked of every run.
    let run = folder.run(&["predict", "model.onnx", "new.csv"]).succeeded();
    assert!(run.err.contains("\\u{1b}[31mred"), "{}", run.err);
}

#[test]
fn data_unseen_1_unseen_categories_are_told_and_missing_values_predicted() {
    let folder = Folder::with(&numbers(30));
    folder.train("t.csv", &[]);
    folder.write("new.csv", "x,c\n1,violet\n,red\n2,\n");
    let run = folder.run(&["predict", "model.onnx", "new.csv"]).succeeded();
    assert!(run.err.contains("column \"c\": 1 cells hold categories"), "{}", run.err);
    let numbers: Vec<f64> = run.out.lines().skip(1).map(|line| line.parse().unwrap()).collect();
    assert!(numbers.len() == 3 && numbers.iter().all(|number| number.is_finite()), "{}", run.out);
}

#[test]
fn rows_without_an_answer_are_left_out_of_the_measure() {
    let folder = Folder::with(&numbers(30));
    folder.train("t.csv", &[]);
    folder.write("new.csv", "x,c,y\n1,red,2\n2,red,\n3,blue,6\n");
    let run = folder.run(&["evaluate", "model.onnx", "new.csv", "--json"]).succeeded();
    assert_eq!(run.json()[0]["rows"], 2);
    assert!(run.err.contains("1 rows without a target"), "{}", run.err);
}

#[test]
fn a_long_file_is_predicted_in_blocks_in_its_order() {
    let folder = Folder::with(&numbers(30));
    folder.train("t.csv", &[]);
    // More than a megabyte, with quotes over several lines and a category that training lacks.
    let mut long = numbers(60_000).replace(",blue,", ",\"bl\nue\",");
    long.push_str("1.5,\"red\",0\n");
    folder.write("long.csv", &long);
    let run = folder.run(&["predict", "model.onnx", "long.csv", "--threads", "1"]).succeeded();
    assert_eq!(run.out.lines().count(), 60_002);
    assert!(run.err.contains("\"c\": 20000 cells hold categories"), "{}", run.err);
    for threads in ["2", "5"] {
        let words = ["predict", "model.onnx", "long.csv", "--threads", threads, "--json"];
        let rows = folder.run(&words).succeeded().json();
        for (row, line) in rows.iter().zip(run.out.lines().skip(1)) {
            assert_eq!(row["prediction"].as_f64().unwrap(), line.parse::<f64>().unwrap());
        }
        let mut command = folder.command(&["predict", "model.onnx", "-", "--threads", threads]);
        command.stdin(fs::File::open(folder.path("long.csv")).unwrap());
        let output = command.output().unwrap();
        assert!(output.stdout == run.out.as_bytes(), "{threads} threads");
    }
    // What is wrong near the end is told with its line, and nothing is left of the file.
    let lines = long.lines().count();
    folder.write("long.csv", &format!("{long}x,red,1\n"));
    let words = ["predict", "model.onnx", "long.csv", "-o", "p.csv"];
    folder.run(&words).failed(1, &[&format!("line {}", lines + 1), "\"x\""]);
    assert_eq!(folder.names(), ["long.csv", "model.onnx", "model.run", "t.csv"]);
}
