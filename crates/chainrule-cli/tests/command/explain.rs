//! `chainrule explain`: formulas from the graph, and the numbers of a row.

use std::fs;

use serde_json::Value;

use super::{Folder, dataset};

/// Trains `m.onnx` on a data set of the repository.
pub fn trained(data: &str, target: &str, more: &[&str]) -> (Folder, String) {
    let (folder, data) = (Folder::new(), dataset(data));
    let words = ["train", &data, "--target", target, "--epochs", "3", "-q", "-o", "m.onnx"];
    let words: Vec<&str> = words.iter().chain(more).copied().collect();
    folder.run(&words).succeeded();
    (folder, data)
}

fn explained(folder: &Folder, row: &str) -> Value {
    folder.run(&["explain", "m.onnx", "--row", row, "--json"]).succeeded().json().remove(0)
}

/// The rows of a matrix.
fn rows(value: &Value) -> Vec<Vec<f64>> {
    let row = |row: &Value| row.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    value.as_array().unwrap().iter().map(row).collect()
}

/// What is listed under a key with a value.
fn one<'a>(list: &'a Value, key: &str, value: &str) -> &'a Value {
    let mut all = list.as_array().unwrap().iter();
    all.find(|each| each[key] == value).unwrap_or_else(|| panic!("no {value} in {list}"))
}

/// What `predict` says of a row, counted from 1.
fn predicted(folder: &Folder, data: &str, row: usize) -> Value {
    folder.run(&["predict", "m.onnx", data, "--json"]).succeeded().json().remove(row - 1)
}

/// The loss of one row by a network with one hidden layer, in plain arithmetic.
fn loss(x: &[f64], y: f64, [w1, b1, w2, b2]: &[Vec<Vec<f64>>; 4]) -> (f64, f64) {
    let hidden = |unit: usize| {
        let z: f64 = x.iter().zip(w1).map(|(x, row)| x * row[unit]).sum::<f64>() + b1[0][unit];
        z / (1.0 + z * z)
    };
    let p: f64 = w2.iter().enumerate().map(|(unit, row)| hidden(unit) * row[0]).sum();
    let p = p + b2[0][0];
    (p, (y - p) * (y - p))
}

#[test]
fn every_slope_is_the_difference_quotient_of_the_loss_and_the_update_follows_it() {
    let more = ["--layers", "3", "--activation", "x/(1 + x^2)", "--target-scale", "none"];
    let more = [&more[..], &["--dropout", "0", "--learning-rate", "0.01"]].concat();
    let (folder, data) = trained("diabetes", "target", &more);
    let explained = explained(&folder, &format!("{data}:17"));
    let names = ["0.weight", "0.bias", "1.weight", "1.bias"];
    let weights = names.map(|name| {
        let values = rows(&one(&explained["parameters"], "name", name)["values"]);
        assert!(!values.is_empty());
        values
    });
    let (x, y) = (&rows(&explained["x"])[0], rows(&explained["y"])[0][0]);
    assert_eq!((x.len(), weights[0].len(), weights[0][0].len()), (10, 10, 3));
    let (p, here) = loss(x, y, &weights);
    let told = |symbol| rows(&one(&explained["forward"], "symbol", symbol)["values"])[0][0];
    assert!((told("p") - p).abs() < 1e-12 * p.abs().max(1.0), "{} {p}", told("p"));
    assert!((told("L") - here).abs() < 1e-12 * here, "{} {here}", told("L"));
    let predicted = predicted(&folder, &data, 17)["prediction"].as_f64().unwrap();
    assert!((predicted - p).abs() < 1e-5 * p.abs().max(1.0), "{predicted} {p}");

    let mut seen = 0;
    for (number, name) in names.iter().enumerate() {
        let slopes = rows(&one(&explained["backward"], "of", name)["values"]);
        let updated = rows(&one(&explained["parameters"], "name", name)["updated"]);
        for (i, row) in weights[number].iter().enumerate() {
            for (j, &w) in row.iter().enumerate() {
                let at = |moved: f64| {
                    let mut weights = weights.clone();
                    weights[number][i][j] = moved;
                    loss(x, y, &weights).1
                };
                let slope = (at(w + 1e-4) - at(w - 1e-4)) / 2e-4;
                let near = (slopes[i][j] - slope).abs() < 1e-6 * slope.abs().max(1.0);
                assert!(near, "{name} {i} {j}: {} {slope}", slopes[i][j]);
                assert_eq!(updated[i][j], w - 0.01 * slopes[i][j]);
                seen += usize::from(slope.abs() > 1e-3);
            }
        }
    }
    assert!(seen > 30, "{seen} slopes that are not 0");
}

#[test]
fn the_probabilities_of_a_row_are_those_of_predict() {
    for more in [
        &["--layers", "6,5", "--batch-norm", "--dropout", "0.4", "--activation", "tanh"][..],
        &["--layers", "6", "--layer-norm", "--residual", "--activation", "prelu"],
        &["--layers", "4", "--embed", "island:2", "--embed", "sex:1", "--loss", "hinge"],
    ] {
        let (folder, data) = trained("penguins", "species", more);
        for row in [1, 200] {
            let explained = explained(&folder, &format!("{data}:{row}"));
            let p = rows(&one(&explained["forward"], "symbol", "p")["values"]).remove(0);
            let predicted = predicted(&folder, &data, row);
            for (name, p) in ["Adelie", "Chinstrap", "Gentoo"].iter().zip(p) {
                let told = predicted[format!("probability_{name}")].as_f64().unwrap();
                assert!((told - p).abs() < 1e-6, "{more:?} {name}: {told} {p}");
            }
        }
    }
}

#[test]
fn it_says_that_dropout_is_off_and_which_means_normalise() {
    let more = ["--layers", "4", "--batch-norm", "--dropout", "0.2"];
    let (folder, _) = trained("penguins", "species", &more);
    let shown = folder.run(&["explain", "m.onnx", "--chain", "--lang", "en"]).succeeded().out;
    for part in ["dropout is off", "running mean μ", "n1 = (z1 - μ1) ⊙ γ1/sqrt(v1 + 1e-5) + β1"]
    {
        assert!(shown.contains(part), "{part:?} is not in {shown}");
    }
    let shown = folder.run(&["explain", "m.onnx", "--lang", "ko"]).succeeded().out;
    for part in ["순전파", "역전파", "드롭아웃은 꺼져", "δ2 = ∂L/∂z2 = ∂L/∂E·(p - onehot(y))"]
    {
        assert!(shown.contains(part), "{part:?} is not in {shown}");
    }
    let (folder, _) = trained("penguins", "species", &["--layers", "4", "--dropout", "0"]);
    let shown = folder.run(&["explain", "m.onnx", "--lang", "en"]).succeeded().out;
    assert!(!shown.contains("dropout") && !shown.contains("running"), "{shown}");
}

#[test]
fn latex_is_aligned_equations() {
    let (folder, _) = trained("diabetes", "target", &["--layers", "2", "--loss", "rmse"]);
    let shown = folder.run(&["explain", "m.onnx", "--latex"]).succeeded().out;
    assert_eq!(shown.matches(r"\begin{align*}").count(), 3);
    assert_eq!(shown.matches(r"\end{align*}").count(), 3);
    assert_eq!(shown.matches('{').count(), shown.matches('}').count());
    for line in [
        r"  L &= \sqrt{M}",
        r"  \delta_{2} = \frac{\partial L}{\partial p} &= -2 \cdot \frac{\partial L}{\partial E} \cdot \left(y - p\right) \\",
        r"  \frac{\partial L}{\partial W_{1}} &= \sum_{i=1}^{m} x^{\top}\, \delta_{1} \\",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line} is not in {shown}");
    }
}

#[test]
fn wide_layers_are_shown_by_their_first_numbers_and_json_has_all() {
    let (folder, data) = trained("diabetes", "target", &["--layers", "300", "--dropout", "0"]);
    let row = format!("{data}:2");
    let words = ["explain", "m.onnx", "--row", &row, "--lang", "en"];
    let shown = folder.run(&words).succeeded().out;
    assert!(shown.contains("… 10 × 300 = 3,000 numbers, norm "), "{shown}");
    assert!(shown.contains("  W1 - α ∂L/∂W1\n"), "{shown}");
    assert!(shown.lines().count() < 120, "{} lines", shown.lines().count());
    let explained = explained(&folder, &row);
    assert_eq!(rows(&one(&explained["backward"], "of", "0.weight")["values"]).len(), 10);
    assert_eq!(rows(&one(&explained["forward"], "symbol", "a1")["values"])[0].len(), 300);

    let mut narrow = folder.command(&words);
    let shown = String::from_utf8(narrow.env("COLUMNS", "44").output().unwrap().stdout).unwrap();
    let numbers = shown.lines().skip_while(|line| !line.starts_with("forward"));
    for line in numbers.filter(|line| !line.contains("relu′(x)")) {
        assert!(line.chars().count() <= 44, "{line}");
    }
}

#[test]
fn a_file_may_have_a_colon_and_be_standard_input() {
    let (folder, data) = trained("diabetes", "target", &["--layers", "2"]);
    let table = fs::read_to_string(&data).unwrap();
    let expected = explained(&folder, &format!("{data}:3"));
    assert_eq!((&expected["row"], &expected["line"]), (&3.into(), &4.into()));
    folder.write("a:b.csv", &table);
    assert_eq!(explained(&folder, "a:b.csv:3"), expected);
    let words = ["explain", "m.onnx", "--row", "-:3", "--json"];
    assert_eq!(folder.run_with_input(&words, &table).succeeded().json(), [expected]);
}

#[test]
fn a_row_that_cannot_be_explained_is_refused_in_words() {
    let (folder, data) = trained("diabetes", "target", &["--layers", "2"]);
    let fails = |row: &str, code, said: &[&str]| {
        folder.run(&["explain", "m.onnx", "--row", row]).failed(code, said);
    };
    fails(&format!("{data}:443"), 2, &["443", "1 to 442"]);
    fails(&format!("{data}:0"), 2, &["from 1 on"]);
    fails(&data, 2, &["data.csv:17"]);
    fails(&format!("{}:1", dataset("iris")), 1, &["\"age\""]);
    let header = "age,sex,bmi,bp,s1,s2,s3,s4,s5,s6";
    let row = "59,2,32.1,101,157,93.2,38,4,4.8598,87";
    folder.write("open.csv", &format!("{header},target\n{row},\n"));
    fails("open.csv:1", 1, &["open.csv, line 2", "target"]);
    folder.write("without.csv", &format!("{header}\n{row}\n"));
    fails("without.csv:1", 1, &["without.csv", "\"target\""]);
    folder.run(&["explain", &data]).failed(1, &["not a model file"]);
}
