//! Trainings that leave the numbers, and the search for a learning rate that does not.

use super::{Folder, numbers};

/// A table whose row of line 30 has a target that the loss of [`LOGARITHM`] cannot take.
fn with_an_outlier() -> String {
    let row = |i: usize| match i {
        28 => "1.5,-5000\n".to_owned(),
        _ => format!("{},{}\n", i as f64 / 7.0, i % 5),
    };
    std::iter::once("x,y\n".to_owned()).chain((0..60).map(row)).collect()
}

/// log(y + 10) is no number where y is below −10.
const LOGARITHM: [&str; 4] = ["--loss", "(y - p)^2 + log(y + 10)/1000", "--target-scale", "none"];

#[test]
fn the_node_and_the_line_are_named_where_the_numbers_end() {
    let folder = Folder::with(&with_an_outlier());
    // All rows but the outlier's may be set aside by chance: none is.
    let words = ["train", "t.csv", "-t", "y", "--validation", "0", "--batch-size", "8"];
    let run = folder.run(&[&words[..], &LOGARITHM].concat());
    run.failed(
        1,
        &[
            "the loss is NaN in step ",
            "epoch 1: training diverged",
            "`log` of the loss (y - p)^2",
            "became NaN in row 29 (line 30 of t.csv)",
            "--learning-rate",
            "--clip",
            "look at that row",
        ],
    );
    assert_eq!(folder.names(), ["model.run", "t.csv"]);
    // The folder of the run has it in parts.
    let events = String::from_utf8(folder.read("model.run/events.jsonl")).unwrap();
    let last: serde_json::Value = serde_json::from_str(events.lines().last().unwrap()).unwrap();
    let diverged = &last["diverged"];
    assert_eq!((&last["event"], &diverged["line"]), (&"error".into(), &30.into()), "{events}");
    assert_eq!((&diverged["row"], &diverged["file"]), (&29.into(), &"t.csv".into()));
    assert!(diverged["node"].as_str().unwrap().starts_with("`log` of the loss"));
    // Whatever the threads.
    let more = [&words[..], &LOGARITHM, &["--threads", "3"]].concat();
    assert_eq!(folder.run(&more).err, run.err);
}

#[test]
fn a_run_that_diverges_late_writes_the_best_model_and_says_why_it_ended() {
    let folder = Folder::with(&numbers(60));
    let words = [
        "train",
        "t.csv",
        "-t",
        "y",
        "--layers",
        "none",
        "--optimizer",
        "sgd",
        "--epochs",
        "500",
        "--patience",
        "500",
        "--batch-size",
        "100",
        "--learning-rate",
        "3",
    ];
    let run = folder.run(&words).succeeded();
    for part in [
        "best epoch",
        "training diverged, where ",
        "of the loss mse became inf in row ",
        "--learning-rate",
    ] {
        assert!(run.out.contains(part), "{part} is not in {}", run.out);
    }
    assert_eq!(folder.names(), ["model.onnx", "model.run", "t.csv"]);
    folder.run(&["predict", "model.onnx", "t.csv"]).succeeded();
    let run = folder.run(&[&words[..], &["--json"]].concat()).succeeded();
    let events = run.json();
    let done = events.last().unwrap();
    let diverged = &done["diverged"];
    assert_eq!(done["event"], "done");
    assert_eq!(diverged["epoch"], done["epochs"]);
    // An epoch is one step.
    assert_eq!(diverged["step"], done["epochs"]);
    assert!(diverged["node"].is_string() && diverged["line"].is_u64(), "{done}");
    assert!(done["best_epoch"].as_u64() < done["epochs"].as_u64());
    // A run that does not diverge does not say so.
    let run = folder.run(&["train", "t.csv", "-t", "y", "--epochs", "2", "--json"]).succeeded();
    assert!(run.json().last().unwrap()["diverged"].is_null());
}

#[test]
fn lr_find_suggests_a_rate_that_trains() {
    let folder = Folder::with(&numbers(400));
    let words = ["lr-find", "t.csv", "-t", "y", "--optimizer", "sgd", "--layers", "8"];
    let run = folder.run(&[&words[..], &["--json"]].concat()).succeeded();
    let [found] = &run.json()[..] else { panic!("{}", run.out) };
    let rate = found["suggestion"].as_f64().unwrap();
    assert!((1e-4..1.0).contains(&rate), "{rate}");
    assert!((rate * 10.0 / found["lowest_at"].as_f64().unwrap() - 1.0).abs() < 1e-12);
    assert!(found["steepest"].as_f64().unwrap() <= found["lowest_at"].as_f64().unwrap());
    assert!(["rose", "diverged"].contains(&found["ended"].as_str().unwrap()));
    let tried = found["tried"].as_array().unwrap();
    assert_eq!(found["steps"], tried.len());
    assert!((tried[0][0].as_f64().unwrap() / 1e-7 - 1.0).abs() < 1e-9);
    // Each time the same, for any number of threads.
    let again = folder.run(&[&words[..], &["--json", "--threads", "3"]].concat()).succeeded();
    assert_eq!(again.out, run.out);
    // No file is written, unless asked for.
    assert_eq!(folder.names(), ["t.csv"]);
    let run = folder.run(&[&words[..], &["--svg", "rates.svg"]].concat()).succeeded();
    for part in ["log10 of the learning rate", "steepest", "suggested", "--learning-rate "] {
        assert!(run.out.contains(part), "{part} is not in {}", run.out);
    }
    let picture = String::from_utf8(folder.read("rates.svg")).unwrap();
    assert!(picture.starts_with("<svg") && picture.contains("suggested"), "{picture}");
    folder.run(&[&words[..], &["--svg", "rates.svg"]].concat()).failed(1, &["--force"]);
    // What it says trains.
    let rate = rate.to_string();
    let train = ["train", "t.csv", "-t", "y", "--optimizer", "sgd", "--layers", "8", "--epochs"];
    folder.run(&[&train[..], &["20", "--learning-rate", &rate]].concat()).succeeded();
}

#[test]
fn lr_find_refuses_what_has_no_meaning_there() {
    let folder = Folder::with(&numbers(60));
    let words = ["lr-find", "t.csv", "-t", "y"];
    for (flags, said) in [
        (&["--learning-rate", "0.1"][..], "--learning-rate"),
        (&["--schedule", "cosine"], "--schedule"),
        (&["--output", "m.onnx"], "--output"),
        (&["--resume"], "--resume"),
        (&["--from", "1", "--to", "0.1"], "above the first rate"),
        (&["--steps", "3"], "20 or more"),
        (&["--optimizer", "lbfgs", "--layers", "none"], "lbfgs"),
    ] {
        folder.run(&[&words[..], flags].concat()).failed(2, &[said]);
    }
    assert_eq!(folder.names(), ["t.csv"]);
    // Nor does the help show it.
    let help = folder.run(&["lr-find", "--help"]).succeeded().out;
    assert!(help.contains("--optimizer") && help.contains("--steps"), "{help}");
    assert!(!help.contains("--patience") && !help.contains("--resume"), "{help}");
}
