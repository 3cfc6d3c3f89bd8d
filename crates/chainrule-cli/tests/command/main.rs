//! The built command, run as a user runs it. Tests are named after the case or the bad input that
//! they stand for.

mod bad_input;
mod bad_model;
mod bench;
mod check;
mod derive;
mod diverging;
mod encoders;
mod explain;
mod formulas;
mod functions;
mod instruction_sets;
mod layers;
mod losses;
mod pipes;
mod plot;
mod reading;
mod shell;
mod stopping;
mod train;
mod use_model;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A data set of the repository.
fn dataset(name: &str) -> String {
    format!("{}/../../datasets/{name}.csv", env!("CARGO_MANIFEST_DIR"))
}

/// A folder of a test's own, in which the command runs.
struct Folder(PathBuf);

static FOLDERS: AtomicUsize = AtomicUsize::new(0);

impl Folder {
    fn new() -> Self {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{number}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A folder with one table, `t.csv`.
    fn with(table: &str) -> Self {
        let folder = Self::new();
        folder.write("t.csv", table);
        folder
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The names of everything in the folder, hidden files too.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chainrule"));
        command.current_dir(&self.0).args(words).stdin(Stdio::null()).env_remove("COLUMNS");
        command
    }

    /// Runs the command to its end; each word is one argument.
    fn run(&self, words: &[&str]) -> Run {
        Run::from(self.command(words).output().unwrap())
    }

    /// Runs the command with a text as its standard input.
    fn run_with_input(&self, words: &[&str], input: &str) -> Run {
        let mut command = self.command(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Run::from(child.wait_with_output().unwrap())
    }

    /// Trains a small model of a table's column `y`.
    fn train(&self, table: &str, more: &[&str]) {
        let words = ["train", table, "--target", "y", "--epochs", "3", "--layers", "4"];
        let words: Vec<&str> = words.iter().chain(more).copied().collect();
        self.run(&words).succeeded();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a run of the command left.
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let run = Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        for text in [&run.out, &run.err] {
            assert!(!text.contains("panicked"), "{text}");
            let control = |letter: char| letter.is_control() && letter != '\n';
            assert!(!text.contains(control), "control characters in {text:?}");
        }
        run
    }
}

impl Run {
    fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.err);
        self
    }

    /// It ended with a code, and said each of some things on standard error and nothing elsewhere.
    #[track_caller]
    fn failed(&self, code: i32, said: &[&str]) {
        assert_eq!(self.code, Some(code), "{}", self.err);
        assert_eq!(self.out, "");
        assert!(self.err.contains("chainrule: error: "), "{}", self.err);
        for part in said {
            assert!(self.err.contains(part), "{part:?} is not in {}", self.err);
        }
    }

    /// The lines of standard output as JSON.
    fn json(&self) -> Vec<serde_json::Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A table with a column x of numbers, c of categories, and a target y = 2x + noise.
fn numbers(rows: usize) -> String {
    let row = |i: usize| {
        let (x, c) = (i as f64 / 7.0, ["red", "green", "blue"][i % 3]);
        format!("{x},{c},{}\n", 2.0 * x + (i * i % 5) as f64 / 10.0)
    };
    std::iter::once("x,c,y\n".to_owned()).chain((0..rows).map(row)).collect()
}
