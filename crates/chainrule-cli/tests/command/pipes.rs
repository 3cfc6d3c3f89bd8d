//! Broken pipes, full disks, Ctrl-C and kills. They are told of by signals, so on Unix alone.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::{Folder, numbers};

/// Many rows, so that their predictions fill a pipe.
fn many_rows() -> Folder {
    let folder = Folder::with(&numbers(30));
    folder.train("t.csv", &[]);
    folder.write("many.csv", &numbers(20_000));
    folder
}

#[test]
fn cli_pipe_1_a_reader_who_has_seen_enough_is_no_failure() {
    let folder = many_rows();
    for words in [&["predict", "model.onnx", "many.csv"][..], &["train", "t.csv", "--target", "y"]]
    {
        let mut command = folder.command(words);
        if words[0] == "train" {
            command.args(["--json", "--epochs", "2000", "--patience", "2000", "--layers", "2"]);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(!line.is_empty());
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
        assert_eq!(output.status.code(), Some(0));
    }
    // The training was not lost with its reader.
    let told = &folder.run(&["inspect", "model.onnx", "--json"]).succeeded().json()[0];
    assert_eq!(told["training"]["epochs"], 2000);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_a_failure() {
    let folder = many_rows();
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    for words in [&["predict", "model.onnx", "t.csv"][..], &["inspect", "model.onnx"], &["--help"]]
    {
        let output = folder.command(words).stdout(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("chainrule: error: standard output: cannot be written"), "{said}");
    }
    // A device is written to as it is, and never replaced by a file.
    let run = folder.run(&["predict", "model.onnx", "many.csv", "-o", "/dev/full", "--force"]);
    run.failed(1, &["/dev/full: cannot be written"]);
    folder.run(&["predict", "model.onnx", "t.csv", "-o", "/dev/null"]).succeeded();
}

fn signal(child: &Child, name: &str) {
    let words = ["-s", name, &child.id().to_string()];
    assert!(Command::new("kill").args(words).status().unwrap().success());
}

#[test]
fn cli_ctrlc_1_an_interrupted_training_keeps_its_best_epoch() {
    let folder = Folder::with(&numbers(60));
    let words = ["train", "t.csv", "--target", "y", "--json", "--layers", "16"];
    let endless = ["--epochs", "100000000", "--patience", "100000000"];
    let mut command = folder.command(&[&words[..], &endless].concat());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let third = lines.nth(2).unwrap().unwrap();
    assert!(third.contains("\"epoch\":3"), "{third}");
    signal(&child, "INT");
    let last = lines.map(Result::unwrap).last().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");

    let done: serde_json::Value = serde_json::from_str(&last).unwrap();
    assert_eq!(done["event"], "done");
    assert_eq!(done["interrupted"], true);
    assert_eq!(done["model"], "model.onnx");
    assert!(done["epochs"].as_u64().unwrap() >= 3);
    let told = &folder.run(&["inspect", "model.onnx", "--json"]).succeeded().json()[0];
    assert_eq!(told["training"]["best_epoch"], done["best_epoch"]);
    folder.run(&["evaluate", "model.onnx", "t.csv"]).succeeded();
    assert_eq!(
        told["training"]["ended"],
        format!("ended by Ctrl-C after epoch {}", done["epochs"])
    );
    assert_eq!(folder.names(), ["model.onnx", "model.run", "t.csv"]);
    // The same command goes on where it was.
    assert_eq!(done["ended"], "Ctrl-C");
    let resume = done["resume"].as_str().unwrap();
    assert!(resume.starts_with("chainrule train t.csv") && resume.ends_with(" --resume"));
}

#[test]
fn ser_atomic_1_a_kill_at_any_moment_leaves_the_old_file_or_the_new() {
    let folder = many_rows();
    let words = ["predict", "model.onnx", "t.csv", "-o", "p.csv", "--force"];
    folder.run(&words).succeeded();
    let old = folder.read("p.csv");
    let words = ["predict", "model.onnx", "many.csv", "-o", "p.csv", "--force"];
    folder.run(&words).succeeded();
    let new = folder.read("p.csv");
    let mut killed = 0;
    for round in 0..40 {
        let mut child = folder.command(&words).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(2 * round));
        child.kill().unwrap();
        killed += usize::from(!child.wait().unwrap().success());
        let found = folder.read("p.csv");
        assert!(found == old || found == new, "{} bytes after round {round}", found.len());
        std::fs::write(folder.path("p.csv"), &old).unwrap();
    }
    assert!(killed > 0);
}
