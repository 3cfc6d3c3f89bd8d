//! Training: what it says, what it writes, and that nothing but data, settings and seed decides it.

use crate::{Folder, dataset, numbers};

fn train(folder: &Folder, more: &[&str]) -> crate::Run {
    let data = dataset("penguins");
    let words = ["train", &data, "--target", "species", "--epochs", "5"];
    folder.run(&[&words[..], more].concat()).succeeded()
}

#[test]
fn the_story_and_the_result() {
    let folder = Folder::new();
    let run = train(&folder, &["--layers", "16,8", "--dropout", "0"]);
    for part in [
        "344 rows, 8 columns, 19 values missing",
        "2 text (island, sex)",
        "Adelie, Chinstrap, Gentoo",
        "softmax",
        "categorical_cross_entropy",
        "15 → 16 relu → 8 relu → 3 linear, 419 parameters",
        "275 rows, 69 more to choose the best epoch",
        "seed 0",
    ] {
        assert!(run.err.contains(part), "{part:?} is not in {}", run.err);
    }
    // At doubling intervals.
    let epochs: Vec<&str> = run.err.lines().skip_while(|line| !line.starts_with("epoch")).collect();
    let epochs: Vec<&str> =
        epochs.iter().map_while(|line| line.split_whitespace().next()).collect();
    assert_eq!(epochs, ["epoch", "1", "2", "4"]);
    for part in ["best epoch", "of 5", "validation", "accuracy", "model.onnx", "time"] {
        assert!(run.out.contains(part), "{part:?} is not in {}", run.out);
    }
    assert_eq!(folder.names(), ["model.onnx", "model.run"]);
}

#[test]
fn train_threads_1_the_file_depends_on_data_settings_and_seed_alone() {
    let folder = Folder::new();
    for (file, threads) in [("a.onnx", "1"), ("b.onnx", "2"), ("c.onnx", "1")] {
        train(&folder, &["-o", file, "--threads", threads]);
    }
    train(&folder, &["-o", "d.onnx", "--seed", "1"]);
    train(&folder, &["-o", "e.onnx", "--json"]);
    let first = folder.read("a.onnx");
    for same in ["b.onnx", "c.onnx", "e.onnx"] {
        assert!(folder.read(same) == first, "{same}");
    }
    assert!(folder.read("d.onnx") != first);
}

#[test]
fn json_has_a_line_for_each_epoch_and_one_at_the_end() {
    let folder = Folder::new();
    let run = train(&folder, &["--json", "--test", "0.25"]);
    assert_eq!(run.err, "");
    let lines = run.json();
    let (done, epochs) = lines.split_last().unwrap();
    assert_eq!(epochs.len(), 5);
    for (place, epoch) in epochs.iter().enumerate() {
        assert_eq!(epoch["event"], "epoch");
        assert_eq!(epoch["epoch"], place + 1);
        assert!(epoch["train"]["loss"].is_f64());
        assert!(epoch["validation"]["loss"].is_f64());
        assert!(epoch["validation"]["accuracy"].is_number());
        assert!(epoch["seconds"].is_number());
    }
    assert_eq!(done["event"], "done");
    assert_eq!(done["task"], "multiclass");
    assert_eq!(done["model"], "model.onnx");
    assert_eq!(done["interrupted"], false);
    assert_eq!(done["rows"]["test"], 86);
    assert!(done["test"]["accuracy"].is_number());
    assert!(done["seconds"].is_number());
    // The epoch that is kept is the one with the lowest validation loss.
    let loss = |epoch: &serde_json::Value| epoch["validation"]["loss"].as_f64().unwrap();
    let best = epochs.iter().min_by(|a, b| loss(a).total_cmp(&loss(b))).unwrap();
    assert_eq!(done["best_epoch"], best["epoch"]);
    assert_eq!(done["validation"], best["validation"]);
}

#[test]
fn train_earlystop_1_the_model_is_the_best_epoch() {
    let folder = Folder::with(&numbers(60));
    let words = ["train", "t.csv", "--target", "y", "--json", "--learning-rate", "0.3"];
    let more = ["--epochs", "400", "--patience", "6", "--layers", "8", "--test", "t.csv"];
    let lines = folder.run(&[&words[..], &more].concat()).succeeded().json();
    let (done, epochs) = lines.split_last().unwrap();
    let best = done["best_epoch"].as_u64().unwrap() as usize;
    assert_eq!(epochs.len(), best + 6);
    // As many epochs as that, and no more, give the same model.
    let count = best.to_string();
    let more = ["--epochs", &count, "--patience", "6", "--layers", "8", "--test", "t.csv"];
    let lines = folder.run(&[&words[..], &more].concat()).succeeded().json();
    assert_eq!(lines.last().unwrap()["test"], done["test"]);
}

#[test]
fn cli_progress_1_a_log_has_few_lines_and_no_control_characters() {
    // That there are no control characters is checked of every run.
    let folder = Folder::with(&numbers(40));
    let words = ["train", "t.csv", "--target", "y", "--epochs", "300", "--patience", "300"];
    let run = folder.run(&words).succeeded();
    assert!(run.err.lines().count() < 25, "{}", run.err);
}

#[test]
fn quiet_leaves_only_the_result() {
    let folder = Folder::new();
    let run = train(&folder, &["--quiet"]);
    assert_eq!(run.err, "");
    assert!(run.out.contains("best epoch"));
    let run = train(&folder, &["-q", "--json"]);
    assert_eq!((run.err.as_str(), run.out.lines().count()), ("", 6));
}

#[test]
fn a_number_is_predicted_in_its_own_units_and_the_loss_names_its_units() {
    let folder = Folder::with(&numbers(60));
    let words = ["train", "t.csv", "--target", "y", "--epochs", "3", "--test", "0.2"];
    let run = folder.run(&words).succeeded();
    assert!(run.err.contains("regression: a linear output with mse"), "{}", run.err);
    let title = run.out.lines().any(|line| line.split_whitespace().eq(["validation", "test"]));
    assert!(title, "{}", run.out);
    assert!(run.out.contains("mse, in scaled units"), "{}", run.out);
    assert!(run.out.contains("in the target's units"), "{}", run.out);
    folder.run(&[&words[..], &["--loss", "rmsle"]].concat()).succeeded();
}

#[test]
fn settings_reach_the_training() {
    let folder = Folder::with(&numbers(60));
    let words = ["train", "t.csv", "--target", "y", "--epochs", "2", "--layers", "none"];
    let more = [
        "--optimizer",
        "sgd:momentum=0.9,nesterov=1",
        "--learning-rate",
        "0.02",
        "--batch-size",
        "7",
        "--seed",
        "5",
        "--validation",
        "0",
        "--loss",
        "mae",
    ];
    let run = folder.run(&[&words[..], &more].concat()).succeeded();
    for part in ["4 → 1 linear, 5 parameters", "60 rows;", "sgd", "0.02", "7 rows a step", "seed 5"]
    {
        assert!(run.err.contains(part), "{part:?} is not in {}", run.err);
    }
    let told = &folder.run(&["inspect", "model.onnx", "--json"]).succeeded().json()[0];
    let training = &told["training"];
    assert!(training["optimizer"].as_str().unwrap().contains("momentum 0.9"));
    assert_eq!(training["loss"], "mae");
    assert_eq!(training["batch_size"], 7);
    assert_eq!(training["validation_rows"], 0);
    assert_eq!(told["parameters"], 5);
    let more = ["--layers", "4,3", "--activation", "tanh", "--dropout", "0.25"];
    let run = folder.run(&[&words[..6], &more].concat()).succeeded();
    let line = "4 → 4 tanh → dropout 0.25 → 3 tanh → dropout 0.25 → 1 linear";
    assert!(run.err.contains(line), "{}", run.err);
}

#[test]
fn standard_input_is_a_table() {
    let folder = Folder::new();
    let words = ["train", "-", "--target", "y", "--epochs", "1"];
    let run = folder.run_with_input(&words, &numbers(30)).succeeded();
    assert!(run.err.contains("standard input: 30 rows"), "{}", run.err);
    folder.run_with_input(&words, "").failed(1, &["standard input: the file is empty"]);
}

#[test]
fn notes_are_told_and_are_no_errors() {
    let table = numbers(40).replace("x,c,y", "x,c,y,empty").replace("\n", ",\n");
    let table = table.replacen("empty,", "empty", 1) + "1,red,,\n";
    let folder = Folder::with(&table);
    let words = ["train", "t.csv", "--target", "y", "--epochs", "1"];
    let run = folder.run(&words).succeeded();
    for part in ["note        column \"empty\" has no values", "without a target are left out"] {
        assert!(run.err.contains(part), "{part:?} is not in {}", run.err);
    }
    let run = folder.run(&[&words[..], &["--json"]].concat()).succeeded();
    assert!(run.err.contains("chainrule: note: column \"empty\""), "{}", run.err);
}

#[test]
fn help_leads_with_examples() {
    let folder = Folder::new();
    for words in [&["--help"][..], &["train", "--help"], &["predict", "-h"], &["inspect", "-h"]] {
        let run = folder.run(words).succeeded();
        let examples = run.out.find("Examples:\n  chainrule ").unwrap();
        assert!(examples < run.out.find("Usage: chainrule").unwrap());
        let widest = run.out.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= 100, "a line of {widest} columns in {}", run.out);
    }
    let run = folder.run(&["--version"]).succeeded();
    assert_eq!(run.out, format!("chainrule {}\n", env!("CARGO_PKG_VERSION")));
}
