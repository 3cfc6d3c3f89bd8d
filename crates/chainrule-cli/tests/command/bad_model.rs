//! A model file that is not sound, and a table that does not fit a model.

use std::fs;

use crate::{Folder, dataset, numbers};

const ALL: [&[&str]; 3] = [&["inspect"], &["predict"], &["evaluate"]];

#[track_caller]
fn every_command_refuses(folder: &Folder, model: &str, said: &[&str]) {
    for command in ALL {
        let data: &[&str] = if command == ["inspect"] { &[] } else { &["t.csv"] };
        folder.run(&[command, &[model], data].concat()).failed(1, said);
    }
}

#[test]
fn ser_trunc_1_a_truncated_model() {
    let folder = Folder::with(&numbers(30));
    folder.train("t.csv", &[]);
    let whole = folder.read("model.onnx");
    for length in [0, 1, 7, whole.len() / 2, whole.len() - 3, whole.len() - 1] {
        fs::write(folder.path("cut.onnx"), &whole[..length]).unwrap();
        every_command_refuses(&folder, "cut.onnx", &["cut.onnx"]);
    }
}

#[test]
fn a_file_that_is_no_model() {
    let folder = Folder::with(&numbers(30));
    every_command_refuses(&folder, "t.csv", &["t.csv: not a model file"]);
    every_command_refuses(&folder, "absent.onnx", &["absent.onnx: no such file"]);
    // Sound ONNX that another program wrote.
    let foreign = "../chainrule/tests/onnx_foreign/foreign.pb";
    let foreign = format!("{}/{foreign}", env!("CARGO_MANIFEST_DIR"));
    every_command_refuses(&folder, &foreign, &["not a model that chainrule wrote"]);
}

#[test]
fn predicting_without_a_column() {
    let folder = Folder::with(&numbers(30));
    folder.train("t.csv", &[]);
    folder.write("new.csv", "c\nred\n");
    let run = folder.run(&["predict", "model.onnx", "new.csv", "-o", "p.csv"]);
    run.failed(1, &["new.csv", "a column \"x\", which is not there"]);
    assert!(!folder.path("p.csv").exists());
}

#[test]
fn predicting_with_a_renamed_column_names_the_nearest() {
    let folder = Folder::new();
    let penguins = fs::read_to_string(dataset("penguins")).unwrap();
    folder.write("new.csv", &penguins.replace("bill_depth_mm", "bill_depth"));
    let words = ["train", &dataset("penguins"), "--target", "species", "--epochs", "1"];
    folder.run(&words).succeeded();
    let run = folder.run(&["predict", "model.onnx", "new.csv"]);
    run.failed(1, &["\"bill_depth_mm\", which is not there", "did you mean \"bill_depth\"?"]);
}

#[test]
fn predicting_with_a_column_of_another_type() {
    let folder = Folder::with(&numbers(30));
    folder.train("t.csv", &[]);
    folder.write("new.csv", "x,c\n1,red\nmany,red\n");
    let run = folder.run(&["predict", "model.onnx", "new.csv", "-o", "p.csv"]);
    run.failed(1, &["new.csv, line 3, column \"x\"", "\"many\"", "numbers"]);
    assert_eq!(folder.names(), ["model.onnx", "model.run", "new.csv", "t.csv"]);
}

#[test]
fn evaluating_without_the_answers() {
    let folder = Folder::with(&numbers(30));
    folder.train("t.csv", &[]);
    folder.write("new.csv", "x,c,Y\n1,red,2\n");
    let run = folder.run(&["evaluate", "model.onnx", "new.csv"]);
    run.failed(1, &["a column \"y\", which is not there", "did you mean \"Y\"?"]);
    folder.write("new.csv", "x,c,y\n1,red,\n");
    let run = folder.run(&["evaluate", "model.onnx", "new.csv"]);
    run.failed(1, &["every value of the target \"y\" is missing"]);
}

#[test]
fn evaluating_with_a_class_that_the_model_does_not_know() {
    let folder = Folder::with("x,y\n1,cat\n2,dog\n3,cat\n4,dog\n5,cat\n6,dog\n");
    folder.train("t.csv", &[]);
    folder.write("new.csv", "x,y\n1,cat\n2,dogs\n");
    let run = folder.run(&["evaluate", "model.onnx", "new.csv"]);
    run.failed(1, &["new.csv, line 3, column \"y\"", "no class \"dogs\"", "\"dog\""]);
}

#[test]
fn a_test_file_that_does_not_fit_is_refused_before_the_training() {
    let folder = Folder::with("x,y\n1,cat\n2,dog\n3,cat\n4,dog\n5,cat\n6,dog\n");
    for (text, said) in [("x\n1\n", "\"y\""), ("x,y\n1,cow\n", "\"cow\""), ("y\ncat\n", "\"x\"")] {
        folder.write("test.csv", text);
        let run = folder.run(&["train", "t.csv", "--target", "y", "--test", "test.csv"]);
        run.failed(1, &["test.csv", said]);
        assert!(!run.err.contains("epoch"), "{}", run.err);
    }
    assert_eq!(folder.names(), ["t.csv", "test.csv"]);
}
