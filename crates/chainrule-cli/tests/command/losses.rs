//! Losses, their units and the weights of rows and classes, as they are asked for and told.

use serde_json::Value;

use super::Folder;

/// A table with x, a weight w, a count and a yes-or-no target y.
fn counts(rows: usize) -> String {
    let row = |i: usize| {
        let x = (i * 7 % rows) as f64 / rows as f64;
        let count = (8.0 * x) as usize + i % 3;
        format!("{x},{},{count},{}\n", 1 + i % 2, if i.is_multiple_of(9) { "yes" } else { "no" })
    };
    std::iter::once("x,w,n,y\n".to_owned()).chain((0..rows).map(row)).collect()
}

const SMALL: [&str; 6] = ["--epochs", "4", "--layers", "4", "--dropout", "0"];

fn train(folder: &Folder, target: &str, more: &[&str]) -> super::Run {
    let words = ["train", "t.csv", "--target", target];
    let words: Vec<&str> = words.iter().chain(&SMALL).chain(more).copied().collect();
    folder.run(&words)
}

#[test]
fn the_loss_that_is_told_names_its_units() {
    let folder = Folder::with(&counts(60));
    for (words, said) in [
        (&["--loss", "quantile:q=0.9"][..], "quantile:q=0.9, in scaled units: of (target"),
        (&["--loss", "log_cosh", "--target-scale", "log"], "in scaled units: of log(1 + target)"),
        (&["--loss", "huber", "--target-scale", "none"], "huber, in the target's own units"),
        (&["--loss", "poisson"], "poisson, in the target's own units"),
        (&["--loss", "gaussian_nll"], "gaussian_nll, in the target's own units"),
    ] {
        let run = train(&folder, "n", words).succeeded();
        assert!(run.out.contains(said), "{said:?} is not in {}", run.out);
    }
}

#[test]
fn a_rate_is_above_0_and_a_normal_distribution_has_its_deviation() {
    let folder = Folder::with(&counts(60));
    train(&folder, "n", &["--loss", "poisson"]).succeeded();
    let lines = folder.run(&["predict", "model.onnx", "t.csv"]).succeeded().out;
    let rates = lines.lines().skip(1).map(|line| line.parse::<f64>().unwrap());
    assert!(lines.starts_with("prediction\n") && rates.clone().count() == 60, "{lines}");
    assert!(rates.clone().all(|rate| rate > 0.0));
    train(&folder, "n", &["--loss", "gaussian_nll"]).succeeded();
    let lines = folder.run(&["predict", "model.onnx", "t.csv"]).succeeded().out;
    assert!(lines.starts_with("prediction,deviation\n"), "{lines}");
    let deviation = |line: &str| line.split_once(',').unwrap().1.parse::<f64>().unwrap();
    assert!(lines.lines().skip(1).all(|line| deviation(line) > 0.0));
    let json = folder.run(&["predict", "model.onnx", "t.csv", "--json"]).succeeded().json();
    assert!(json[0]["deviation"].as_f64().unwrap() > 0.0, "{}", json[0]);
    let measured = folder.run(&["evaluate", "model.onnx", "t.csv", "--json"]).succeeded().json();
    assert!(measured[0]["metrics"]["rmse"].is_number(), "{}", measured[0]);
    // Of several targets each has its own.
    train(&folder, "n,w", &["--loss", "gaussian_nll"]).succeeded();
    let lines = folder.run(&["predict", "model.onnx", "t.csv"]).succeeded().out;
    assert!(lines.starts_with("prediction_w,prediction_n,deviation_w,deviation_n\n"), "{lines}");
    let inspected = folder.run(&["inspect", "model.onnx", "--json"]).succeeded().json();
    assert_eq!(inspected[0]["targets"][1]["link"], "normal");
}

#[test]
fn rows_and_classes_are_weighted_as_is_asked() {
    let folder = Folder::with(&counts(90));
    let more = ["--weight", "w", "--class-weight", "no=1,yes=5", "--json"];
    let events = train(&folder, "y", &more).succeeded().json();
    let said = events.last().unwrap()["explanation"].as_str().unwrap();
    assert!(said.ends_with("; rows weighted by \"w\"; classes weighted no 1, yes 5"), "{said}");
    let inspected = folder.run(&["inspect", "model.onnx", "--json"]).succeeded().json();
    assert_eq!(inspected[0]["training"]["weight"], "w");
    let columns: Vec<&Value> =
        inspected[0]["columns"].as_array().unwrap().iter().map(|column| &column["name"]).collect();
    assert_eq!(columns, ["x", "n"]);
    // The column is not needed: to predict, not at all, and to measure, with a note.
    let text = String::from_utf8(folder.read("t.csv")).unwrap();
    let without = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        format!("{},{},{}\n", cells[0], cells[2], cells[3])
    };
    folder.write("bare.csv", &text.lines().map(without).collect::<String>());
    let run = folder.run(&["predict", "model.onnx", "bare.csv"]).succeeded();
    assert_eq!(run.out.lines().count(), 91);
    assert!(!run.err.contains("\"w\""), "{}", run.err);
    let run = folder.run(&["evaluate", "model.onnx", "bare.csv"]).succeeded();
    assert!(run.err.contains("no column \"w\"") && run.err.contains("counts alike"), "{}", run.err);
    let weighted = folder.run(&["evaluate", "model.onnx", "t.csv"]).succeeded();
    assert!(!weighted.err.contains("\"w\""), "{}", weighted.err);
    assert_ne!(weighted.out, run.out);
}

#[test]
fn what_makes_no_sense_of_losses_and_weights_is_refused() {
    let folder = Folder::with(&counts(60));
    for (words, code, said) in [
        (&["--class-weight", "yes"][..], 2, "LABEL=WEIGHT"),
        (&["--class-weight", "yes=-1"], 2, "0 or more"),
        (&["--target-scale", "logs"], 2, "did you mean \"log\""),
        (&["--loss", "quantile:q=1"], 2, "below 1"),
        (&["--class-weight", "yess=2"], 2, "did you mean \"yes\""),
        (&["--loss", "cosine"], 2, "loss is cosine"),
        (&["--target-scale", "log"], 2, "classes are not scaled"),
        (&["--weight", "v"], 1, "no column \"v\""),
        (&["--weight", "y"], 2, "which is the target"),
    ] {
        let run = train(&folder, "y", words);
        run.failed(code, &[said]);
    }
    folder.write("t.csv", "x,w,y\n1,1,2.5\n2,-2,3.5\n3,1,4\n4,1,1.25\n");
    train(&folder, "y", &["--weight", "w"]).failed(1, &["line 3", "\"w\" is -2"]);
    folder.write("t.csv", "x,y\n1,1\n2,-2\n3,4\n4,1\n");
    train(&folder, "y", &["--loss", "poisson"]).failed(1, &["line 3", "poisson takes counts"]);
}
