//! Formulas where names are accepted: losses, activations and metrics that no library has.

use super::Folder;

/// Rows of a line with a bend, and a class.
fn bent() -> String {
    let row = |i: usize| {
        let x = (i * 7 % 60) as f64 / 60.0;
        let class = if x > 0.4 { "high" } else { "low" };
        format!("{x},{},{class}\n", 3.0 + x * x)
    };
    std::iter::once("x,y,c\n".to_owned()).chain((0..60).map(row)).collect()
}

#[test]
fn a_typed_loss_activation_and_metric_train_are_kept_and_are_measured() {
    let folder = Folder::with(&bent());
    let words = ["train", "t.csv", "--target", "y", "--epochs", "5", "--layers", "8"];
    let typed = ["--loss", "log(cosh(y - p))", "--activation", "x*sigmoid(1.5*x)"];
    let metric = ["--metric", "mean(abs(y - p)/y)", "--metric", "mape"];
    let words: Vec<&str> = words.iter().chain(&typed).chain(&metric).copied().collect();
    let run = folder.run(&words).succeeded();
    let shown = |name: &str| {
        let line = run.out.lines().find(|line| line.starts_with(name));
        let line = line.unwrap_or_else(|| panic!("{name} is not in {}", run.out));
        line[name.len()..].split_whitespace().next().unwrap().to_owned()
    };
    // The one is the definition of the other.
    assert_eq!(shown("mean(abs(y - p)/y)"), shown("mape"));
    let inside = folder.run(&["inspect", "model.onnx"]).succeeded().out;
    assert!(inside.contains("x*sigmoid(1.5*x)") && inside.contains("log(cosh(y - p))"), "{inside}");
    let evaluate = ["evaluate", "model.onnx", "t.csv", "--metric", "-p + y", "--json"];
    let measured = &folder.run(&evaluate).succeeded().json()[0]["metrics"];
    assert!(measured["-p + y"].is_number(), "{measured}");
}

#[test]
fn a_formula_may_begin_with_a_minus() {
    let folder = Folder::with(&bent());
    let words = ["train", "t.csv", "--target", "c", "--epochs", "3", "--layers", "4"];
    let typed = ["--loss", "-y*log(p) - (1 - y)*log(1 - p)", "--activation", "-min(0, -x)"];
    let words: Vec<&str> = words.iter().chain(&typed).copied().collect();
    folder.run(&words).succeeded();
}

#[test]
fn what_is_wrong_with_a_formula_is_pointed_at() {
    let folder = Folder::with(&bent());
    for (words, said) in [
        (["--loss", "(y - q)^2"], "(y - q)^2\n       ^"),
        (["--activation", "x*sigmoid(y)"], "x*sigmoid(y)\n            ^"),
        (["--metric", "mean(abs(y - p)"], "mean(abs(y - p)\n                 ^"),
        (["--activation", "x - sum(x, axis=rows)"], "of one row alone"),
        (["--metric", "rsme"], "rmse"),
    ] {
        let words: Vec<&str> =
            ["train", "t.csv", "--target", "y"].iter().chain(&words).copied().collect();
        let run = folder.run(&words);
        assert_eq!(run.code, Some(2), "{}", run.err);
        assert!(run.err.contains(said), "{said:?} is not in {}", run.err);
    }
}
