//! Dates, scales, many categories and splits on the command line.

use std::fmt::Write;

use crate::{Folder, numbers};

/// Sales by day, which come in no order; every 17th day is missing.
fn sales(rows: usize) -> String {
    let mut text = String::from("day,shop,area,y\n");
    for row in 0..rows {
        let day = row * 37 % rows;
        let date = format!("{}/{}/2024", 1 + day % 28, 1 + day / 28 % 12);
        let date = if row % 17 == 3 { String::new() } else { date };
        let _ = writeln!(text, "{date},s{},{},{}", row % 7, row % 11, day as f64 / 10.0);
    }
    text
}

fn train(folder: &Folder, more: &[&str]) -> crate::Run {
    let words = ["train", "t.csv", "--target", "y", "--epochs", "3", "--layers", "4", "--force"];
    folder.run(&[&words[..], more].concat())
}

#[test]
fn dates_are_told_and_predicted_in_the_order_of_training() {
    let folder = Folder::with(&sales(120));
    let run = train(&folder, &[]).succeeded();
    assert!(run.err.contains("1 date (day)"), "{}", run.err);
    let run = folder.run(&["inspect", "model.onnx"]).succeeded();
    assert!(run.out.contains("sine and cosine of month, weekday, day of the year"), "{}", run.out);
    let run = folder.run(&["inspect", "model.onnx", "--json"]).succeeded();
    assert_eq!(run.json()[0]["columns"][0]["kind"], "date");
    // 5 April, as the training file has it, by either way to write it.
    folder.write("new.csv", "shop,area,day\ns1,3,5/4/2024\ns1,3,05/04/2024 00:00\n");
    let run = folder.run(&["predict", "model.onnx", "new.csv"]).succeeded();
    let lines: Vec<&str> = run.out.lines().collect();
    assert_eq!((lines.len(), lines[1]), (3, lines[2]));
    folder.write("new.csv", "shop,area,day\ns1,3,5/4/2024\ns1,3,4/25/2024\n");
    let run = folder.run(&["predict", "model.onnx", "new.csv"]);
    assert_eq!(run.code, Some(1));
    assert!(run.err.contains("line 3, column \"day\": found \"4/25/2024\""), "{}", run.err);
    assert!(run.err.contains("dates"), "{}", run.err);
}

#[test]
fn data_date_1_dates_of_no_clear_order_stay_text_with_a_note() {
    let folder =
        Folder::with("d,x,y\n05/04/2021,1,1\n07/04/2021,2,2\n06/05/2021,3,3\n01/02/2021,4,4\n");
    let run = train(&folder, &["--validation", "0"]).succeeded();
    assert!(run.err.contains("whether the day or the month"), "{}", run.err);
    assert!(run.err.contains("1 text (d)"), "{}", run.err);
}

#[test]
fn scales_are_chosen_for_all_columns_and_for_one() {
    let folder = Folder::with(&sales(60));
    train(&folder, &["--scale", "quantile,area=log"]).succeeded();
    let run = folder.run(&["inspect", "model.onnx"]).succeeded();
    assert!(run.out.contains("log(1 + x)"), "{}", run.out);
    assert!(run.out.contains("made normal by"), "{}", run.out);
    train(&folder, &["--scale", "area=aera"]).failed(2, &["no scale \"aera\"", "standard"]);
    train(&folder, &["--scale", "shop=log"]).failed(2, &["\"shop\", which holds text"]);
    train(&folder, &["--scale", "aera=log"]).failed(1, &["\"aera\"", "did you mean \"area\""]);
    folder.write("t.csv", "x,y\n1,1\n-2,2\n3,3.5\n4,4\n");
    let said = ["t.csv, line 3, column \"x\": the number is -2", "--scale x=standard"];
    train(&folder, &["--scale", "log", "--validation", "0"]).failed(1, &said);
}

#[test]
fn what_stands_in_for_a_missing_number() {
    let folder = Folder::with("x,y\n1,1\n2,2\n9,3.5\n,4\n");
    let shown = ["2.000 if missing", "4.000 if missing", "0 if missing"];
    for (fill, shown) in ["median", "mean", "zero"].into_iter().zip(shown) {
        train(&folder, &["--missing-fill", fill, "--validation", "0"]).succeeded();
        let run = folder.run(&["inspect", "model.onnx"]).succeeded();
        assert!(run.out.contains(shown), "{}", run.out);
    }
    train(&folder, &["--missing-fill", "mode"]).failed(2, &["mode", "median"]);
}

#[test]
fn many_categories_become_vectors_by_themselves() {
    let folder = Folder::with(&sales(120));
    let run = train(&folder, &["--one-hot", "6"]).succeeded();
    assert!(run.err.contains("embedding 4"), "{}", run.err);
    let run = train(&folder, &["--one-hot", "7"]).succeeded();
    assert!(!run.err.contains("embedding"), "{}", run.err);
    train(&folder, &["--rare", "1000"]).succeeded();
    let run = folder.run(&["inspect", "model.onnx"]).succeeded();
    assert!(run.out.contains("any other"), "{}", run.out);
}

#[test]
fn another_file_chooses_the_epoch() {
    let folder = Folder::with(&numbers(40));
    folder.write("v.csv", "c,extra,y,x\nred,1,2,1\nviolet,1,4,2\nred,1,,3\n");
    let run = train(&folder, &["--validation", "v.csv"]).succeeded();
    assert!(run.err.contains("40 rows, 2 more to choose the best epoch"), "{}", run.err);
    assert!(run.err.contains("not used by the model: extra"), "{}", run.err);
    let run = train(&folder, &["--validation", "none.csv"]);
    run.failed(1, &["none.csv: no such file"]);
    folder.write("v.csv", "c,x\nred,1\n");
    let run = train(&folder, &["--validation", "v.csv"]);
    assert_eq!(run.code, Some(1));
    assert!(run.err.contains("\"y\""), "{}", run.err);
}

#[test]
fn groups_and_times_are_kept_apart() {
    let folder = Folder::with(&sales(140));
    let run = train(&folder, &["--group", "shop", "--test", "0.2"]).succeeded();
    assert!(run.err.contains("100 rows, 20 more"), "{}", run.err);
    assert!(run.err.contains("rows of one \"shop\" kept together"), "{}", run.err);
    let run = folder.run(&["inspect", "model.onnx"]).succeeded();
    assert!(!run.out.contains("\nshop "), "{}", run.out);
    let run = train(&folder, &["--time", "area", "--validation", "0.1"]).succeeded();
    assert!(run.err.contains("more to choose the best epoch"), "{}", run.err);
    train(&folder, &["--time", "day"]).failed(1, &["the time in \"day\" is missing"]);
    train(&folder, &["--time", "shop"]).failed(2, &["a column of dates or numbers"]);
    train(&folder, &["--time", "area", "--group", "shop"]).failed(2, &["--group", "--time"]);
}

#[test]
fn folds_have_a_mean_a_spread_and_predictions_in_order() {
    let folder = Folder::with(&numbers(50));
    let more = ["--folds", "5", "--out-of-fold", "oof.csv", "--json"];
    let run = train(&folder, &more).succeeded();
    let lines = run.json();
    let folds: Vec<&serde_json::Value> =
        lines.iter().filter(|line| line["event"] == "fold").collect();
    assert_eq!(folds.len(), 5);
    let mse = |fold: &serde_json::Value| fold["metrics"]["mse"].as_f64().unwrap();
    let mean = folds.iter().map(|fold| mse(fold)).sum::<f64>() / 5.0;
    let squares: f64 = folds.iter().map(|fold| (mse(fold) - mean) * (mse(fold) - mean)).sum();
    let done = &lines.last().unwrap()["folds"];
    assert_eq!(done["count"], 5);
    assert!((done["mean"]["mse"].as_f64().unwrap() - mean).abs() < 1e-12);
    assert!((done["deviation"]["mse"].as_f64().unwrap() - (squares / 4.0).sqrt()).abs() < 1e-12);
    let predictions = String::from_utf8(folder.read("oof.csv")).unwrap();
    let rows: Vec<Vec<&str>> = predictions.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!((rows.len(), rows[0].as_slice()), (51, &["fold", "prediction"][..]));
    for fold in 1..=5 {
        let count = rows.iter().filter(|row| row[0] == fold.to_string()).count();
        assert_eq!(count, 10);
    }
    assert!(rows[1..].iter().all(|row| row[1].parse::<f64>().is_ok()));
    // The model is the one that is trained without folds, whatever the number of threads.
    let model = folder.read("model.onnx");
    train(&folder, &["--threads", "1"]).succeeded();
    assert!(folder.read("model.onnx") == model);
    let more = ["--folds", "5", "--out-of-fold", "again.csv", "--threads", "1"];
    let run = train(&folder, &more).succeeded();
    assert!(folder.read("again.csv") == predictions.as_bytes());
    assert!(run.out.contains("± between folds"), "{}", run.out);
    assert!(run.err.contains("fold 5/5"), "{}", run.err);
}

#[test]
fn rows_of_no_fold_have_no_prediction() {
    let folder = Folder::with(&numbers(50));
    let more = ["--time", "x", "--folds", "4", "--test", "0.2", "--out-of-fold", "oof.csv"];
    train(&folder, &more).succeeded();
    let predictions = String::from_utf8(folder.read("oof.csv")).unwrap();
    let folds: Vec<&str> =
        predictions.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    // The first eighth is trained on by all, the last fifth is the test part.
    assert_eq!(folds.iter().filter(|fold| fold.is_empty()).count(), 8 + 10);
    assert!(folds[..8].iter().chain(&folds[40..]).all(|fold| fold.is_empty()));
}

#[test]
fn folds_that_cannot_be() {
    let folder = Folder::with(&numbers(20));
    for wrong in ["0", "1", "-3", "x"] {
        train(&folder, &["--folds", wrong]).failed(2, &["2 or more"]);
    }
    train(&folder, &["--folds", "21"]).failed(2, &["from 2 to 20"]);
    train(&folder, &["--out-of-fold", "o.csv"]).failed(2, &["--folds"]);
    folder.write("o.csv", "mine");
    let words = ["train", "t.csv", "--target", "y", "--folds", "2", "--out-of-fold", "o.csv"];
    folder.run(&words).failed(1, &["o.csv", "--force"]);
    assert_eq!(folder.read("o.csv"), b"mine");
}
