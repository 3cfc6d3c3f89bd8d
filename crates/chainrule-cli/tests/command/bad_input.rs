//! What is wrong with a table or a command line is said, and nothing is left behind.

use crate::{Folder, Run, dataset, numbers};

/// Trains on a table that cannot be trained on, and checks that no file appears.
#[track_caller]
fn refuses(table: &str, words: &[&str], code: i32, said: &[&str]) {
    let folder = Folder::with(table);
    let words: Vec<&str> = ["train", "t.csv"].iter().chain(words).copied().collect();
    folder.run(&words).failed(code, said);
    assert_eq!(folder.names(), ["t.csv"]);
}

const Y: [&str; 2] = ["--target", "y"];

#[test]
fn no_such_file() {
    let folder = Folder::new();
    folder.run(&["train", "houses.csv", "--target", "price"]).failed(1, &["houses.csv: no such"]);
    assert!(folder.names().is_empty());
}

#[test]
fn a_folder_is_no_table() {
    Folder::new().run(&["train", ".", "--target", "y"]).failed(1, &[".: the file cannot be read"]);
}

#[test]
fn empty_file() {
    refuses("", &Y, 1, &["t.csv: the file is empty"]);
}

#[test]
fn header_only() {
    refuses("x,y\n", &Y, 1, &["t.csv", "no rows"]);
}

#[test]
fn data_ragged_1_a_row_with_too_few_fields() {
    refuses("x,z,y\n1,2,3\n4,5\n", &Y, 1, &["t.csv, line 3: 2 fields", "header has 3"]);
}

#[test]
fn data_labelcol_3_an_absent_target_offers_the_nearest() {
    let said = ["no column \"speceis\"", "did you mean \"species\"?"];
    let folder = Folder::new();
    folder.run(&["train", &dataset("penguins"), "--target", "speceis"]).failed(1, &said);
    assert!(folder.names().is_empty());
    refuses("x,y\n1,2\n3,4\n", &[], 2, &["--target"]);
}

#[test]
fn a_constant_target() {
    refuses("x,y\n1,7\n2,7\n3,7\n", &Y, 1, &["target \"y\" is 7 in every row"]);
}

#[test]
fn a_target_without_a_value() {
    refuses("x,y\n1,\n2,NA\n3,\n", &Y, 1, &["every value of the target \"y\" is missing"]);
}

#[test]
fn data_oneclass_1_a_target_of_one_class() {
    refuses("x,y\n1,ok\n2,ok\n3,ok\n", &Y, 1, &["\"y\" has one class only, \"ok\""]);
}

#[test]
fn a_stray_word_among_numbers() {
    let table = numbers(40).replace("\n1,", "\none,");
    assert!(table.contains("one"));
    refuses(&table, &Y, 1, &["t.csv, line 9, column \"x\": \"one\" is not a number", "--missing"]);
    // What the message advises works.
    let folder = Folder::with(&table);
    folder.train("t.csv", &["--missing", "one"]);
    folder.train("t.csv", &["--text", "x"]);
}

#[test]
fn a_target_that_is_not_finite() {
    for word in ["nan", "NaN", "inf", "-Infinity", "1e400"] {
        let table = format!("{}9,red,{word}\n", numbers(40));
        refuses(&table, &Y, 1, &["t.csv, line 42, column \"y\"", "finite"]);
    }
}

#[test]
fn a_name_that_is_not_known_offers_the_nearest() {
    let table = numbers(20);
    let cases: [(&[&str], &[&str]); 6] = [
        (&["--activation", "rellu"], &["no activation \"rellu\"", "\"relu\""]),
        (&["--loss", "mea"], &["no loss \"mea\"", "\"mae\""]),
        (&["--optimizer", "adamm"], &["no optimizer \"adamm\"", "\"adam\""]),
        (&["--optimizer", "sgd:momentun=0.9"], &["\"momentun\"", "\"momentum\""]),
        (&["--task", "regresion"], &["no task \"regresion\"", "\"regression\""]),
        (&["--learning-rte", "0.1"], &["'--learning-rte'", "'--learning-rate'"]),
    ];
    for (words, said) in cases {
        refuses(&table, &[&Y, words].concat(), 2, said);
    }
    let folder = Folder::new();
    folder.run(&["trian"]).failed(2, &["'trian'", "'train'"]);
    folder.run(&["train"]).failed(2, &["--target"]);
}

#[test]
fn cli_exit_1_a_value_that_an_option_cannot_have() {
    let table = numbers(20);
    let cases: [&[&str]; 17] = [
        &["--epochs", "-3"],
        &["--epochs", "0"],
        &["--learning-rate", "nan"],
        &["--learning-rate", "-1"],
        &["--batch-size", "0"],
        &["--patience", "1.5"],
        &["--layers", "64,,64"],
        &["--layers", "many"],
        &["--dropout", "1"],
        &["--validation", "1"],
        &["--test", "1.5"],
        &["--threads", "0"],
        &["--seed", "-1"],
        &["--optimizer", "sgd:momentum=2"],
        &["--delimiter", "ab"],
        &["--loss", "binary_cross_entropy"],
        &["-o", "-"],
    ];
    for words in cases {
        refuses(&table, &[&Y, words].concat(), 2, &[]);
    }
    refuses("x,y\n1,a\n2,b\n3,a\n", &[&Y[..], &["--task", "regression"]].concat(), 2, &["text"]);
    // Without a command there is help, and still no success.
    let run = Folder::new().run(&[]);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""));
    assert!(run.err.starts_with("Trains neural networks"), "{}", run.err);
}

#[test]
fn data_thousands_1_numbers_with_separators_that_may_mean_two_things() {
    let row = |i: usize| format!("\"{},{:03}\",{}\n", i + 1, i * 7, i * i);
    let table: String = std::iter::once("amount,y\n".to_owned()).chain((0..30).map(row)).collect();
    refuses(&table, &Y, 1, &["column \"amount\"", "--thousands ,", "--decimal-comma"]);
    Folder::with(&table).train("t.csv", &["--thousands", ","]);
    Folder::with(&table).train("t.csv", &["--decimal-comma"]);
    let table = "a;y\n1,234;2.5\n2,500;1.5\n3,500;0.5\n4,000;0.25\n";
    refuses(table, &Y, 1, &["column \"a\"", "--decimal-comma"]);
    Folder::with(table).train("t.csv", &["--thousands", ","]);
}

#[test]
fn train_nan_5_a_training_that_diverges_leaves_no_model() {
    let folder = Folder::with(&numbers(40));
    let words = ["train", "t.csv", "--target", "y", "--optimizer", "sgd", "--learning-rate"];
    let run = folder.run(&[&words[..], &["1e30"]].concat());
    run.failed(1, &["diverged", "--learning-rate"]);
    // What happened is kept, and no model.
    assert_eq!(folder.names(), ["model.run", "t.csv"]);
}

#[test]
fn a_file_is_not_written_over_unasked() {
    let folder = Folder::with(&numbers(40));
    folder.write("mine.onnx", "mine");
    let words = ["train", "t.csv", "--target", "y", "--epochs", "2", "-o", "mine.onnx"];
    folder.run(&words).failed(1, &["mine.onnx", "--force"]);
    assert_eq!(folder.read("mine.onnx"), b"mine");
    folder.run(&[&words[..], &["--force"]].concat()).succeeded();
    assert_ne!(folder.read("mine.onnx"), b"mine");
    // The default name is for the taking; predictions are not.
    folder.train("t.csv", &[]);
    folder.train("t.csv", &[]);
    folder.write("p.csv", "mine");
    let words = ["predict", "model.onnx", "t.csv", "-o", "p.csv"];
    folder.run(&words).failed(1, &["p.csv", "--force"]);
    folder.run(&[&words[..], &["--force"]].concat()).succeeded();
    assert_eq!(
        folder.names(),
        ["mine.onnx", "mine.run", "model.onnx", "model.run", "p.csv", "t.csv"]
    );
}

#[test]
fn a_place_that_cannot_be_written_is_refused_before_the_training() {
    let folder = Folder::with(&numbers(40));
    let to = |place: &str| -> Run { folder.run(&["train", "t.csv", "--target", "y", "-o", place]) };
    for place in ["nowhere/m.onnx", "."] {
        let run = to(place);
        run.failed(1, &[place, "cannot be written"]);
        assert!(!run.err.contains("epoch"), "{}", run.err);
    }
    assert_eq!(folder.names(), ["t.csv"]);
}
