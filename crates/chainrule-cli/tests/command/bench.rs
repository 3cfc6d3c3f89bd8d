//! `chainrule bench`, on few epochs; no time is asserted.

use serde_json::Value;

use super::Folder;

/// The lines of a run that must succeed, as JSON.
fn lines(folder: &Folder, words: &[&str]) -> Vec<Value> {
    folder.run(words).succeeded().json()
}

fn number(line: &Value, key: &str) -> f64 {
    line[key].as_f64().unwrap_or_else(|| panic!("{key} in {line}"))
}

#[test]
fn a_line_of_json_for_each_workload() {
    let folder = Folder::new();
    let words = ["bench", "W1", "w2", "--epochs", "1", "--threads", "1", "--json"];
    let lines = lines(&folder, &words);
    assert_eq!(lines.len(), 2);
    for (line, name) in lines.iter().zip(["W1", "W2"]) {
        assert_eq!((line["workload"].as_str(), line["threads"].as_u64()), (Some(name), Some(1)));
        assert_eq!(line["rows"], "synthetic");
        for key in ["step_us", "gflops", "peak_gflops", "share_of_peak", "compile_ms"] {
            assert!(number(line, key) > 0.0, "{key} in {line}");
        }
        assert!(number(line, "loss") < number(line, "first_loss"), "{line}");
        assert!(line.get("profile").is_none());
    }
}

#[test]
fn a_file_that_is_not_here_is_said() {
    let folder = Folder::new();
    let run = folder.run(&["bench", "W2", "--epochs", "1"]).succeeded();
    assert!(run.err.contains("datasets/breast_cancer.csv"), "{}", run.err);
    assert!(run.out.contains("30-16-16-1 tanh"), "{}", run.out);
}

#[test]
fn a_net_of_ones_own_is_trained_and_predicts() {
    let folder = Folder::new();
    let net = ["bench", "--layers", "6,16,3", "--loss", "categorical_cross_entropy"];
    let more = ["--activation", "tanh", "--optimizer", "adam", "--batch-size", "16"];
    let few = ["--rows", "1000", "--epochs", "4", "--profile", "--json"];
    let lines = lines(&folder, &[&net[..], &more, &few].concat());
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["network"], "6-16-3 tanh");
    assert!(number(&lines[0], "loss") < 0.9 * number(&lines[0], "first_loss"));
    let profile = lines[0]["profile"].as_array().unwrap();
    let shares: f64 = profile.iter().map(|kernel| number(kernel, "share")).sum();
    assert!((shares - 1.0).abs() < 1e-6, "{shares}");
    assert!(profile.iter().any(|kernel| kernel["kernel"].as_str().unwrap().contains("product")));
    for key in ["row_us", "row_p99_us", "rows_4096_us"] {
        assert!(number(&lines[1], key) > 0.0, "{}", lines[1]);
    }
}

#[test]
fn a_wrong_question_is_for_the_user_to_correct() {
    let folder = Folder::new();
    let wrong: [&[&str]; 9] = [
        &["W7"],
        &["--layers", "8"],
        &["--layers", "8,0,1"],
        &["W1", "--layers", "8,4,1"],
        &["--loss", "mse"],
        &["--layers", "8,4,1", "--loss", "mze"],
        &["--layers", "8,4,1", "--loss", "categorical_cross_entropy"],
        &["--layers", "8,4,1", "--optimizer", "lbfgs"],
        &["--threads", "0"],
    ];
    for words in wrong {
        let run = folder.run(&[&["bench"], words].concat());
        assert_eq!(run.code, Some(2), "{words:?}: {}", run.err);
        assert!(run.out.is_empty() && !run.err.is_empty(), "{words:?}");
    }
}

#[test]
fn a_workload_is_written_for_others() {
    let folder = Folder::new();
    folder.run(&["bench", "W2", "--export", "out"]).succeeded();
    let workload: Value = serde_json::from_slice(&folder.read("out/W2/workload.json")).unwrap();
    assert_eq!(workload["loss"], "binary_cross_entropy");
    let weights = folder.read("out/W2/0.weight.npy");
    assert_eq!(weights.len(), 128 + 30 * 16 * 4);
}

#[test]
fn a_training_shows_where_its_time_went() {
    let folder = Folder::new();
    let words = ["train", &super::dataset("iris"), "-t", "species", "--epochs", "3", "--profile"];
    let run = folder.run(&words).succeeded();
    assert!(run.err.contains("µs a step") && run.err.contains("product"), "{}", run.err);
    assert!(!run.out.contains("µs a step"));
    for stage in ["read", "prepare", "encode", "train", "evaluate", "write"] {
        assert!(run.err.lines().any(|line| line.starts_with(stage)), "{stage}: {}", run.err);
    }
    let told = folder.run(&[&words[..], &["--json", "--quiet"]].concat()).succeeded().json();
    assert!(told.last().unwrap()["stages"]["read"].as_f64().unwrap() > 0.0);
}
