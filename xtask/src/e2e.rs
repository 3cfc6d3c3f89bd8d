//! `cargo xtask bench e2e`: a CSV of a million rows to a trained model, by stage, and to its
//! predictions; with `--peers`, beside pandas and scikit-learn.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use crate::bench::{Contest, answer, load, median, release};
use crate::python::environment;
use crate::workspace::Workspace;

const ROWS: usize = 1_000_000;
const NUMBERS: usize = 30;
const COLORS: u64 = 10;
const CITIES: u64 = 1000;

/// The stages in their order; those that a tool does not name it does not have.
const STAGES: [&str; 7] = ["import", "read", "prepare", "encode", "train", "evaluate", "write"];

/// Reads the words after `bench e2e`; `None` if one of them is not understood.
fn read(words: &[String]) -> Option<Contest> {
    let mut contest = Contest::of(5);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        contest.take(word, &mut words)?.then_some(())?;
    }
    Some(contest)
}

/// Does what the words after `bench e2e` ask for; `None` if they are not understood.
///
/// # Errors
/// A sentence: a command failed, or the table cannot be written.
pub fn bench(words: &[String]) -> Option<Result<(), String>> {
    let contest = read(words)?;
    Some(Workspace::find(false).and_then(|workspace| measure(&contest, &workspace)))
}

fn measure(contest: &Contest, workspace: &Workspace) -> Result<(), String> {
    let program = release(workspace)?;
    let python = contest.peers.then(|| environment(workspace, "e2e")).transpose()?;
    let folder = workspace.binaries.with_file_name("e2e");
    fs::create_dir_all(&folder).map_err(|reason| reason.to_string())?;
    let path = |name: &str| folder.join(name).display().to_string();
    let (table, model) = (path("table.csv"), path("model.onnx"));
    write_table(Path::new(&table)).map_err(|reason| format!("{table}: {reason}"))?;

    let threads = contest.threads.to_string();
    let mut tools = vec!["chainrule"];
    tools.extend(python.as_ref().map(|_| "pandas + scikit-learn"));
    let mut figures = Figures::default();
    println!("load of the machine before: {}", load());
    for round in 1..=contest.rounds {
        let mut train = workspace.command(&program);
        train.args(["train", &table, "--target", "y", "--layers", "64,64", "--dropout", "0"]);
        train.args(["--embed", "city:1", "--optimizer", "adam", "--learning-rate", "0.001"]);
        train.args(["--batch-size", "1024", "--epochs", "1", "--output", &model, "--force"]);
        train.args(["--json", "--quiet", "--profile", "--threads", &threads]);
        let mut said = vec![figures.add(0, &mut train)?];
        if let Some(python) = &python {
            let mut peer = workspace.command(python);
            peer.args(["bench/peers/pandas_sklearn.py", &table, &path("model.pickle")]);
            said.push(figures.add(1, peer.args(["--threads", &threads]))?);
        }
        let mut predict = workspace.command(&program);
        predict.args(["predict", &model, &table, "--output", &path("predictions.csv"), "--force"]);
        let since = Instant::now();
        answer(predict.args(["--quiet", "--threads", &threads]))?;
        figures.note(0, "predict", since.elapsed().as_secs_f64());
        println!("round {round}: {} s", said.join(", "));
    }
    println!("load of the machine after: {}\n", load());
    println!("{}", figures.table(&tools, contest.threads));
    fs::remove_dir_all(&folder).map_err(|reason| format!("{}: {reason}", folder.display()))
}

/// What was measured, by tool and name, once a round.
#[derive(Default)]
struct Figures(BTreeMap<(usize, String), Vec<f64>>);

impl Figures {
    fn note(&mut self, tool: usize, name: &str, value: f64) {
        self.0.entry((tool, name.to_owned())).or_default().push(value);
    }

    /// Runs a tool and notes its time, its stages and how good its model is; returns the time.
    fn add(&mut self, tool: usize, command: &mut std::process::Command) -> Result<String, String> {
        let since = Instant::now();
        let said = answer(command)?;
        let total = since.elapsed().as_secs_f64();
        self.note(tool, "total", total);
        let line = said.lines().find(|line| line.contains("\"stages\""));
        let line = line.ok_or_else(|| format!("no stages in: {said}"))?;
        let (before, stages) = line.split_once("\"stages\"").unwrap_or_default();
        for stage in STAGES.iter().chain(&["peak_bytes"]) {
            if let Some(value) = number(stages, stage) {
                self.note(tool, stage, value);
            }
        }
        for quality in ["accuracy", "log_loss"] {
            if let Some(value) = number(before, quality) {
                self.note(tool, quality, value);
            }
        }
        Ok(format!("{total:.2}"))
    }

    fn of(&self, tool: usize, name: &str) -> Option<f64> {
        self.0.get(&(tool, name.to_owned())).map(|figures| median(figures.clone()))
    }

    /// The medians in lines of stages and columns of tools, as Markdown.
    fn table(&self, tools: &[&str], threads: usize) -> String {
        let mut lines = vec![format!("| {threads} threads | {} |", tools.join(" | "))];
        lines.push(format!("| --- |{}", " ---: |".repeat(tools.len())));
        let mut line = |title: &str, name: &str, shown: &dyn Fn(f64) -> String| {
            let cell = |tool| self.of(tool, name).map_or_else(String::new, shown);
            let cells: Vec<String> = (0..tools.len()).map(cell).collect();
            if cells.iter().any(|cell| !cell.is_empty()) {
                lines.push(format!("| {title} | {} |", cells.join(" | ")));
            }
        };
        let seconds = |value: f64| format!("{value:.3}");
        for stage in STAGES {
            line(&format!("{stage}, s"), stage, &seconds);
        }
        line("all, s", "total", &seconds);
        line("rows a second read", "read", &|value| {
            format!("{:.2} million", ROWS as f64 / value / 1e6)
        });
        line("most memory, MB", "peak_bytes", &|value| format!("{:.0}", value / 1e6));
        line("accuracy", "accuracy", &|value| format!("{value:.4}"));
        line("log loss", "log_loss", &|value| format!("{value:.4}"));
        line("predicting the file, s", "predict", &seconds);
        lines.join("\n")
    }
}

/// The first number of a key in JSON.
fn number(text: &str, key: &str) -> Option<f64> {
    let (_, rest) = text.split_once(&format!("\"{key}\":"))?;
    rest.split([',', '}']).next()?.trim().parse().ok()
}

/// Writes the table: 30 numbers with 6 decimals, a colour, a city, and a target of 0 and 1.
fn write_table(path: &Path) -> io::Result<()> {
    let mut walk = Walk(7);
    let units: Vec<(f64, f64)> =
        (0..NUMBERS).map(|_| (walk.between(0.5, 50.0), walk.between(-9.0, 9.0))).collect();
    let cities: Vec<f64> = (0..CITIES).map(|_| walk.between(-0.5, 0.5)).collect();
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    for column in 0..NUMBERS {
        write!(file, "x{column},")?;
    }
    writeln!(file, "color,city,y")?;
    let mut z = [0.0; NUMBERS];
    for _ in 0..ROWS {
        for (z, (scale, shift)) in z.iter_mut().zip(&units) {
            *z = walk.normal();
            write!(file, "{:.6},", *z * scale + shift)?;
        }
        let (color, city) = (walk.next() % COLORS, walk.next() % CITIES);
        let signal = z[0] + z[1] * z[2] + 0.3 * (color as f64 - 4.5) + cities[city as usize];
        let y = u8::from(signal > walk.normal());
        writeln!(file, "c{color},city_{city:04},{y}")?;
    }
    file.flush()
}

/// A walk through numbers that is the same on every machine: SplitMix64.
struct Walk(u64);

impl Walk {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Nearly normal, of mean 0 and variance 1: the sum of twelve uniform numbers, less its mean.
    fn normal(&mut self) -> f64 {
        let mut sum = 0;
        for _ in 0..3 {
            let bits = self.next();
            sum += (0..4).map(|part| (bits >> (16 * part)) & 0xffff).sum::<u64>();
        }
        (sum as f64 + 6.0) / 65_536.0 - 6.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_understood() {
        let read = |words: &[&str]| {
            super::read(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
        };
        let request = read(&["--threads", "1", "--peers", "--rounds", "3"]).unwrap();
        assert_eq!((request.threads, request.rounds, request.peers), (1, 3, true));
        assert!(read(&["W1"]).is_none() && read(&["--rounds", "0"]).is_none());
    }

    #[test]
    fn medians_stand_in_their_place() {
        let mut figures = Figures::default();
        for value in [3.0, 1.0, 2.0] {
            figures.note(0, "read", value);
            figures.note(1, "import", value / 2.0);
        }
        let table = figures.table(&["a", "b"], 2);
        assert!(table.contains("| import, s |  | 1.000 |\n| read, s | 2.000 |  |"), "{table}");
        assert_eq!(number("{\"read\": 0.25,\"write\":1}", "read"), Some(0.25));
    }
}
