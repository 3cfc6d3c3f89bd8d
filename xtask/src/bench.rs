//! `cargo xtask bench`: the workloads, timed; with `--peers`, beside other tools on the same rows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::slice::Iter;

use crate::e2e;
use crate::python::environment;
use crate::workspace::{Workspace, run};

/// How to call it.
pub const USAGE: &str = "\
usage: cargo xtask bench [W1 … W6] [--threads N] [--epochs N] [--profile] [--json]
       cargo xtask bench [W1 … W6] [--threads N] --peers [--rounds N]
       cargo xtask bench e2e [--threads N] [--rounds N] [--peers]

Builds chainrule for release and times the workloads. --peers installs other tools below the build
folder, trains the same networks from the same parameters on the same rows with them, in turn with
chainrule, and prints the medians of the rounds [default: 7] and their ratios as a table.
e2e writes a CSV of a million rows (320 MB) below the build folder, trains a network on it for one
epoch and predicts it, prints the medians of the rounds [default: 5] by stage, and removes it.
";

/// Trainings, by their names in `chainrule bench`.
const TRAININGS: [&str; 5] = ["W1", "W2", "W3", "W4", "W5"];

/// The name of the predictions, and the workloads whose networks predict.
const PREDICTIONS: (&str, [&str; 2]) = ("W6", ["W1", "W4"]);

/// A tool that is measured beside chainrule, and the script that measures it.
type Peer = (&'static str, &'static str);

const TRAINING_PEERS: [Peer; 3] = [
    ("JAX scan", "jax_scan.py"),
    ("PyTorch compiled", "torch_compiled.py"),
    ("PyTorch eager", "torch_eager.py"),
];
const PREDICTION_PEERS: [Peer; 2] =
    [("ONNX Runtime", "onnx_runtime.py"), ("JAX jit", "jax_scan.py")];

/// How chainrule is measured, and whether others beside it.
pub struct Contest {
    pub threads: usize,
    pub rounds: usize,
    pub peers: bool,
}

impl Contest {
    /// All threads of the machine, and chainrule alone.
    pub fn of(rounds: usize) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { threads, rounds, peers: false }
    }

    /// Takes a word, with the count behind it, if it is one of a contest's; `None` if the count is
    /// none.
    pub fn take(&mut self, word: &str, rest: &mut Iter<'_, String>) -> Option<bool> {
        match word {
            "--peers" => self.peers = true,
            "--rounds" => self.rounds = count(rest)?,
            "--threads" => self.threads = count(rest)?,
            _ => return Some(false),
        }
        Some(true)
    }
}

/// The next word, if it is a number from 1 on.
fn count(words: &mut Iter<'_, String>) -> Option<usize> {
    words.next()?.parse().ok().filter(|&count| count > 0)
}

/// What is asked for.
struct Request {
    /// Names and options for `chainrule bench` itself.
    words: Vec<String>,
    names: Vec<String>,
    contest: Contest,
}

impl Request {
    /// Reads the words after `bench`; `None` if one of them is not understood.
    fn read(words: &[String]) -> Option<Self> {
        let mut request = Self { words: Vec::new(), names: Vec::new(), contest: Contest::of(7) };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                word if request.contest.take(word, &mut words)? => {}
                "--epochs" => {
                    request.words.extend([word.clone(), count(&mut words)?.to_string()]);
                }
                "--json" | "--profile" => request.words.push(word.clone()),
                name => {
                    let name = name.to_uppercase();
                    let known = name == PREDICTIONS.0 || TRAININGS.contains(&name.as_str());
                    request.names.push(known.then_some(name)?);
                }
            }
        }
        request.words.extend(["--threads".to_owned(), request.contest.threads.to_string()]);
        Some(request)
    }
}

/// Builds the command for release; returns its path.
///
/// # Errors
/// A sentence: it cannot be built.
pub fn release(workspace: &Workspace) -> Result<PathBuf, String> {
    run(&mut workspace.cargo("build --release --package chainrule-cli"))?;
    let name = format!("chainrule{}", std::env::consts::EXE_SUFFIX);
    Ok(workspace.binaries.with_file_name("release").join(name))
}

/// Does what the words after `bench` ask for; `None` if they are not understood.
///
/// # Errors
/// A sentence: a command failed.
pub fn bench(words: &[String]) -> Option<Result<(), String>> {
    if let Some((_, words)) = words.split_first().filter(|(first, _)| *first == "e2e") {
        return e2e::bench(words);
    }
    let request = Request::read(words)?;
    Some(Workspace::find(false).and_then(|workspace| measure(&request, &workspace)))
}

fn measure(request: &Request, workspace: &Workspace) -> Result<(), String> {
    let program = release(workspace)?;
    if !request.contest.peers {
        let mut bench = workspace.command(program);
        return run(bench.arg("bench").args(&request.names).args(&request.words));
    }
    let python = environment(workspace, "peers")?;
    let folder = workspace.binaries.with_file_name("peers");
    let asked = |name: &str| request.names.is_empty() || request.names.iter().any(|n| n == name);
    let side = SideBySide { request, workspace, program, python, folder };

    println!("load of the machine before: {}", load());
    let trainings: Vec<&str> = TRAININGS.into_iter().filter(|name| asked(name)).collect();
    if !trainings.is_empty() {
        let mut lines = vec![heading("µs a step", &TRAINING_PEERS)];
        for name in trainings {
            lines.push(side.training(name)?);
        }
        println!("\n{}\n", lines.join("\n"));
    }
    if asked(PREDICTIONS.0) {
        let mut lines = vec![heading("µs", &PREDICTION_PEERS)];
        for name in PREDICTIONS.1 {
            lines.extend(side.prediction(name)?);
        }
        println!("\n{}\n", lines.join("\n"));
    }
    println!("load of the machine after: {}", load());
    Ok(())
}

/// Chainrule and its peers in turn.
struct SideBySide<'a> {
    request: &'a Request,
    workspace: &'a Workspace,
    program: PathBuf,
    python: PathBuf,
    folder: PathBuf,
}

impl SideBySide<'_> {
    /// A row of the table: the medians of a training.
    fn training(&self, name: &str) -> Result<String, String> {
        let figures = self.rounds(name, name, &TRAINING_PEERS, &["step_us", "loss"], &[])?;
        let losses: Vec<String> = (0..=TRAINING_PEERS.len())
            .map(|tool| format!("{:.3e}", figures[&(tool, "loss")]))
            .collect();
        let losses = losses.join(", ");
        Ok(row(
            name,
            self.request.contest.threads,
            &figures,
            "step_us",
            TRAINING_PEERS.len(),
            &losses,
        ))
    }

    /// Rows of the table: one row at a time, and many.
    fn prediction(&self, network: &str) -> Result<Vec<String>, String> {
        let keys = ["row_us", "rows_4096_us"];
        let given = ["--predict"];
        let figures = self.rounds(PREDICTIONS.0, network, &PREDICTION_PEERS, &keys, &given)?;
        let titles = ["one row", "4,096 rows"].map(|what| format!("{what}, {network} net"));
        let line = |(title, key): (&String, &'static str)| {
            row(title, self.request.contest.threads, &figures, key, PREDICTION_PEERS.len(), "")
        };
        Ok(titles.iter().zip(keys).map(line).collect())
    }

    /// The median over the rounds of each figure of each tool, chainrule's first.
    fn rounds(
        &self,
        name: &str,
        network: &str,
        peers: &[Peer],
        keys: &[&'static str],
        given: &[&str],
    ) -> Result<BTreeMap<(usize, &'static str), f64>, String> {
        let mut export = self.workspace.command(&self.program);
        run(export.args(["bench", network, "--export"]).arg(&self.folder))?;
        let folder = self.folder.join(network);
        let threads = self.request.contest.threads.to_string();
        let mut all: BTreeMap<(usize, &'static str), Vec<f64>> = BTreeMap::new();
        for round in 1..=self.request.contest.rounds {
            let mut said = Vec::new();
            let mut note = |tool: usize, lines: &str| -> Result<(), String> {
                for &key in keys {
                    let figure = figure(lines, network, key);
                    let figure = figure.ok_or_else(|| format!("no {key} in: {lines}"))?;
                    all.entry((tool, key)).or_default().push(figure);
                    if key == keys[0] {
                        said.push(format!("{figure:.2}"));
                    }
                }
                Ok(())
            };
            let mut ours = self.workspace.command(&self.program);
            ours.args(["bench", name, "--json", "--quiet", "--threads", &threads]);
            note(0, &answer(&mut ours)?)?;
            for (tool, (_, script)) in peers.iter().enumerate() {
                let mut peer = self.workspace.command(&self.python);
                peer.arg(Path::new("bench/peers").join(script)).arg(&folder);
                note(tool + 1, &answer(peer.args(given).args(["--threads", &threads]))?)?;
            }
            println!("{name} {network} round {round}: {} µs", said.join(", "));
        }
        Ok(all.into_iter().map(|(key, figures)| (key, median(figures))).collect())
    }
}

/// The head of a table of chainrule and its peers.
fn heading(unit: &str, peers: &[Peer]) -> String {
    let mut line = format!("| | threads | chainrule, {unit} |");
    for (peer, _) in peers {
        line.push_str(&format!(" {peer} | chainrule / {peer} |"));
    }
    format!("{line} losses |\n| --- | ---: | ---: |{} --- |", " ---: | ---: |".repeat(peers.len()))
}

/// A line of such a table; above 1.03 chainrule is the slower one, and the ratio is bold.
fn row(
    title: &str,
    threads: usize,
    figures: &BTreeMap<(usize, &'static str), f64>,
    key: &'static str,
    peers: usize,
    losses: &str,
) -> String {
    let ours = figures[&(0, key)];
    let mut line = format!("| {title} | {threads} | {} |", digits(ours));
    for peer in 1..=peers {
        let (theirs, ratio) = (figures[&(peer, key)], ours / figures[&(peer, key)]);
        let ratio = if ratio > 1.03 { format!("**{ratio:.2}**") } else { format!("{ratio:.2}") };
        line.push_str(&format!(" {} | {ratio} |", digits(theirs)));
    }
    format!("{line} {losses} |")
}

/// Three digits or all before the point.
fn digits(value: f64) -> String {
    let places = if value < 1.0 {
        3
    } else if value < 10.0 {
        2
    } else {
        usize::from(value < 100.0)
    };
    format!("{value:.places$}")
}

/// The figure in the middle.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The number of a key in the line that names a network, among lines of JSON.
fn figure(lines: &str, network: &str, key: &str) -> Option<f64> {
    let named = format!("\"{network}\"");
    let line = lines.lines().find(|line| line.contains(&named))?;
    let (_, rest) = line.split_once(&format!("\"{key}\":"))?;
    rest.split([',', '}']).next()?.trim().parse().ok()
}

/// What a command prints on standard output.
pub fn answer(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|reason| reason.to_string())?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// What Linux says of the work that waits for the processors.
pub fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Option<Request> {
        Request::read(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn words_are_understood() {
        let request = read(&["w1", "W6", "--threads", "1", "--peers", "--rounds", "3"]).unwrap();
        assert_eq!(request.names, ["W1", "W6"]);
        let Contest { threads, rounds, peers } = request.contest;
        assert_eq!((threads, rounds, peers), (1, 3, true));
        assert_eq!(read(&["--json"]).unwrap().words[0], "--json");
        for wrong in [&["W7"][..], &["--threads"], &["--threads", "0"], &["--fast"]] {
            assert!(read(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn figures_are_found_in_their_line() {
        let ours = "{\"workload\":\"W6\",\"of\":\"W1\",\"row_us\":0.5}\n\
                    {\"workload\":\"W6\",\"of\":\"W4\",\"row_us\":26.5}";
        assert_eq!(figure(ours, "W1", "row_us"), Some(0.5));
        assert_eq!(figure(ours, "W4", "row_us"), Some(26.5));
        let peer = "{\"workload\": \"W4\", \"peer\": \"JAX\", \"step_us\": 3100.5}";
        assert_eq!(figure(peer, "W4", "step_us"), Some(3100.5));
        assert_eq!(figure(peer, "W4", "loss"), None);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
    }

    #[test]
    fn a_slower_figure_is_bold() {
        let figures = BTreeMap::from([((0, "step_us"), 110.0), ((1, "step_us"), 100.0)]);
        let line = row("W1", 1, &figures, "step_us", 1, "");
        assert_eq!(line, "| W1 | 1 | 110 | 100 | **1.10** |  |");
    }
}
