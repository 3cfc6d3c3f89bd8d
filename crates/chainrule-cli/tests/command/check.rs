//! `chainrule check`: every gradient against differences, and what is told of it.

use serde_json::Value;

use super::explain::trained;
use super::{Folder, dataset};

fn checked(folder: &Folder, data: &str, more: &[&str]) -> Value {
    let words: Vec<&str> =
        ["check", "m.onnx", data, "--json"].iter().chain(more).copied().collect();
    folder.run(&words).succeeded().json().remove(0)
}

#[test]
fn trained_networks_pass_on_their_own_rows() {
    for (data, target, more) in [
        ("penguins", "species", &["--layers", "6,4", "--batch-norm", "--dropout", "0.3"][..]),
        ("penguins", "species", &["--layers", "4", "--embed", "island:2", "--layer-norm"]),
        ("titanic", "survived", &["--layers", "5", "--class-weight", "balanced"]),
        ("diabetes", "target", &["--layers", "4", "--loss", "poisson", "--activation", "prelu"]),
        ("diabetes", "target,bmi", &["--layers", "4", "--loss", "gaussian_nll"]),
        ("diabetes", "target", &["--layers", "4", "--loss", "log(cosh(y - p))", "--weight", "age"]),
    ] {
        let (folder, data) = trained(data, target, more);
        let found = checked(&folder, &data, &[]);
        assert_eq!(found["passed"], true, "{more:?}: {found}");
        let parameters = found["parameters"].as_array().unwrap();
        let error = |parameter: &Value| parameter["worst"]["error"].as_f64().unwrap();
        let largest = parameters.iter().map(error).fold(0.0, f64::max);
        assert_eq!(found["worst"]["error"], largest);
        assert!(largest < 1e-6, "{more:?}: {largest}");
        // Slopes that are all 0 would agree, too.
        let slopes = parameters.iter().filter(|p| p["largest"].as_f64().unwrap() > 1e-4);
        assert!(slopes.count() * 4 > parameters.len() * 3, "{found}");
    }
}

/// Stairs: their derivative is 0 wherever there is one, and yet they rise.
const STAIRS: [&str; 6] =
    ["--layers", "2", "--dropout", "0", "--loss", "(y - p)^2 + 0.0001*floor(1000000*p)"];

#[test]
fn a_gradient_that_is_not_the_slope_is_named_and_ends_with_1() {
    let (folder, data) = trained("diabetes", "target", &STAIRS);
    let run = folder.run(&["check", "m.onnx", &data, "--json"]);
    assert_eq!(run.code, Some(1));
    let found = run.json().remove(0);
    assert_eq!(found["passed"], false);
    let worst = &found["worst"];
    let slope = |name: &str| worst[name].as_f64().unwrap();
    assert!((slope("analytic") - slope("numeric")).abs() > 0.1, "{worst}");
    let index: Vec<String> =
        worst["index"].as_array().unwrap().iter().map(Value::to_string).collect();
    let (symbol, name) = (&worst["symbol"].as_str().unwrap(), worst["parameter"].as_str().unwrap());
    let place = format!("{symbol}[{}] ({name})", index.join(", "));
    assert!(run.err.contains("the gradient is wrong"), "{}", run.err);
    assert!(run.err.contains(&place), "{place} is not in {}", run.err);
    let shown = folder.run(&["check", "m.onnx", &data, "--lang", "en"]);
    assert_eq!(shown.code, Some(1));
    assert!(shown.out.contains(&place) && shown.out.contains("not every slope agrees"));
}

#[test]
fn the_slopes_of_one_row_are_those_that_explain_has() {
    let (folder, data) = trained("diabetes", "target", &["--layers", "3", "--dropout", "0"]);
    let table = std::fs::read_to_string(&data).unwrap();
    let lines: Vec<&str> = table.lines().collect();
    folder.write("one.csv", &format!("{}\n{}\n", lines[0], lines[17]));
    let found = checked(&folder, "one.csv", &["--all"]);
    assert_eq!(found["rows"], 1);
    let row = format!("{data}:17");
    let explained =
        folder.run(&["explain", "m.onnx", "--row", &row, "--json"]).succeeded().json().remove(0);
    let backward = explained["backward"].as_array().unwrap();
    for parameter in found["parameters"].as_array().unwrap() {
        let worst = &parameter["worst"];
        let index: Vec<usize> = worst["index"]
            .as_array()
            .unwrap()
            .iter()
            .map(|i| i.as_u64().unwrap() as usize)
            .collect();
        let slope = backward.iter().find(|slope| slope["of"] == parameter["name"]).unwrap();
        let expected = match index[..] {
            [i, j] => &slope["values"][i][j],
            [i] => &slope["values"][0][i],
            _ => panic!("{worst}"),
        };
        let (found, expected) = (worst["analytic"].as_f64().unwrap(), expected.as_f64().unwrap());
        assert!((found - expected).abs() <= 1e-13 * expected.abs(), "{found} {expected}");
    }
}

#[test]
fn a_sample_is_chosen_by_the_seed_and_told() {
    let (folder, data) = trained("diabetes", "target", &["--layers", "40", "--dropout", "0"]);
    let few = checked(&folder, &data, &["--rows", "50"]);
    assert_eq!((&few["rows"], &few["parameters"][0]["looked_at"]), (&50.into(), &64.into()));
    assert_eq!(few, checked(&folder, &data, &["--rows", "50", "--threads", "1"]));
    assert_ne!(few, checked(&folder, &data, &["--rows", "50", "--seed", "1"]));
    let all = checked(&folder, &data, &["--rows", "50", "--all"]);
    assert_eq!(all["parameters"][0]["looked_at"], 400);
    let words = ["check", "m.onnx", &data, "--rows", "50"];
    let shown =
        |language| folder.run(&[&words[..], &["--lang", language]].concat()).succeeded().out;
    let english = shown("en");
    for part in ["50 of 442 rows, evenly spread", "chosen by seed 0", "64 of 400", "all 40"] {
        assert!(english.contains(part), "{part:?} is not in {english}");
    }
    let korean = shown("ko");
    for part in ["행 442개 가운데 고르게 50개", "연쇄법칙으로", "모든 기울기가"]
    {
        assert!(korean.contains(part), "{part:?} is not in {korean}");
    }
}

#[test]
fn what_cannot_be_checked_is_refused_in_words() {
    let (folder, data) = trained("diabetes", "target", &["--layers", "2"]);
    folder.write("broken.onnx", "age,target\n1,2\n");
    folder.run(&["check", "broken.onnx", &data]).failed(1, &["broken.onnx: not a model file"]);
    folder.run(&["check", "m.onnx", &dataset("iris")]).failed(1, &["\"age\""]);
    folder.run(&["check", "m.onnx", "none.csv"]).failed(1, &["none.csv"]);
    folder.run(&["check", "m.onnx", &data, "--rows", "0"]).failed(2, &["1 or more"]);
    let row = "59,2,32.1,101,157,93.2,38,4,4.8598,87,";
    folder.write("open.csv", &format!("age,sex,bmi,bp,s1,s2,s3,s4,s5,s6,target\n{row}\n"));
    folder.run(&["check", "m.onnx", "open.csv"]).failed(1, &["target", "missing"]);
    let table = std::fs::read_to_string(&data).unwrap();
    let run = folder.run_with_input(&["check", "m.onnx", "-", "--json"], &table).succeeded();
    assert_eq!(run.json()[0]["rows"], 442);
}
