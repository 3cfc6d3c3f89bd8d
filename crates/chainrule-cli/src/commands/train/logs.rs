//! What is written down of a run: `events.jsonl`, with everything of the machine and the hour that it
//! ran on, and `history.csv`, with nothing of it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use chainrule::checkpoint::{Disk, Identity, save};
use chainrule::engine::{Isa, available_threads};
use chainrule::train::Epoch;

use super::folder::RunFolder;
use crate::output::Object;

/// The two logs of a run. What cannot be written is told once and is no reason to end a training.
pub struct Logs {
    events: PathBuf,
    history: PathBuf,
    file: Option<File>,
    /// The columns of the history as it is written, and its epochs.
    columns: Vec<String>,
    epochs: Vec<Epoch>,
    /// Why something could not be written, until it is told.
    broken: Option<(PathBuf, io::Error)>,
}

impl Logs {
    /// Logs that nothing is written to yet.
    pub fn of(folder: &RunFolder) -> Self {
        Self {
            events: folder.events(),
            history: folder.history(),
            file: None,
            columns: Vec::new(),
            epochs: Vec::new(),
            broken: None,
        }
    }

    /// Begins with a run, or goes on after some epochs of it.
    pub fn begin(&mut self, identity: &Identity, epochs: &[Epoch], resumed: bool, about: &About) {
        let opened = open(&self.events, resumed);
        self.file = self.done(opened, true);
        self.event(about.event(identity, if resumed { "resume" } else { "start" }, epochs.len()));
        self.epochs = epochs.to_vec();
        self.rewrite();
    }

    /// Adds a line to the events.
    pub fn event(&mut self, event: Object) {
        let Some(file) = &mut self.file else { return };
        let written = writeln!(file, "{event}");
        self.done(written, true);
    }

    /// Adds an epoch to the history.
    pub fn epoch(&mut self, epoch: &Epoch) {
        self.epochs.push(epoch.clone());
        if columns(std::slice::from_ref(epoch)).iter().any(|name| !self.columns.contains(name)) {
            return self.rewrite();
        }
        let line = lines(std::slice::from_ref(epoch), &self.columns);
        let file = OpenOptions::new().append(true).open(&self.history);
        let written = file.and_then(|mut file| file.write_all(&line));
        self.done(written, false);
    }

    /// What could not be written, if that has not been told yet.
    pub fn fault(&mut self) -> Option<(PathBuf, io::Error)> {
        self.broken.take()
    }

    /// Writes the history anew.
    fn rewrite(&mut self) {
        self.columns = columns(&self.epochs);
        let mut table = lines_of([self.columns.iter().map(String::as_str)]);
        table.extend(lines(&self.epochs, &self.columns));
        let written = save(&mut Disk, &self.history, &table);
        self.done(written, false);
    }

    fn done<T>(&mut self, outcome: io::Result<T>, event: bool) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(reason) => {
                let file = if event { &self.events } else { &self.history };
                self.broken.get_or_insert((file.clone(), reason));
                None
            }
        }
    }
}

/// Opens the events: empty, or to go on with them behind the last whole line.
fn open(path: &Path, go_on: bool) -> io::Result<File> {
    if !go_on {
        return File::create(path);
    }
    let mut options = OpenOptions::new();
    let mut file = options.read(true).write(true).create(true).truncate(false).open(path)?;
    let mut last = [b'\n'];
    if file.metadata()?.len() > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    // A process that was killed may have left a part of a line.
    if last != *b"\n" {
        file.write_all(b"\n")?;
    }
    Ok(file)
}

/// What a run was asked and where it runs.
pub struct About {
    /// The words of the command.
    pub command: Vec<String>,
    /// The threads that may work.
    pub threads: usize,
    /// The layers in words.
    pub network: String,
    /// What the run is asked besides what decides its bits, by name.
    pub asked: Vec<(String, String)>,
}

impl About {
    fn event(&self, identity: &Identity, name: &str, epochs: usize) -> Object {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let settings = identity.settings.iter();
        // The layers are told in words; as the file has them they fill a page.
        let settings = settings.map(|(name, value)| match name == "network" {
            true => (name, &self.network),
            false => (name, value),
        });
        let settings = settings.chain(self.asked.iter().map(|(name, value)| (name, value)));
        let settings = settings.fold(Object::new(), |all, (name, value)| all.text(name, value));
        Object::new()
            .text("event", name)
            .text("version", &identity.version)
            .count("numerics", u64::from(identity.numerics))
            .count("seed", identity.setting("seed").and_then(|seed| seed.parse().ok()).unwrap_or(0))
            .text("data", &identity.data)
            .texts("command", &self.command)
            .object("settings", Some(settings))
            .count("epochs_before", epochs as u64)
            .count("threads", self.threads as u64)
            .count("host_cores", available_threads() as u64)
            .text("host_arch", std::env::consts::ARCH)
            .text("host_system", std::env::consts::OS)
            .texts("cpu", &cpu())
            .number("time", time.as_secs_f64())
    }
}

/// What of the instruction set is at hand, and first what is used of it.
fn cpu() -> Vec<String> {
    let used = Isa::requested().ok().flatten().unwrap_or_else(Isa::detect);
    let mut found = vec![format!("uses {}", used.name())];
    found.extend(Isa::available().iter().map(|isa| isa.name().to_owned()));
    found
}

/// The columns that some epochs need.
fn columns(epochs: &[Epoch]) -> Vec<String> {
    let mut columns = vec!["epoch".to_owned(), "training_loss".to_owned()];
    if epochs.iter().any(|epoch| epoch.validation_loss.is_some()) {
        columns.push("validation_loss".to_owned());
    }
    for (name, _) in epochs.iter().flat_map(|epoch| &epoch.metrics) {
        if !columns.iter().any(|known| known == name) {
            columns.push(name.to_string());
        }
    }
    columns.extend(["learning_rate".to_owned(), "best".to_owned()]);
    columns
}

/// Epochs as lines of CSV with some columns.
fn lines(epochs: &[Epoch], columns: &[String]) -> Vec<u8> {
    let cell = |epoch: &Epoch, column: &String| match column.as_str() {
        "epoch" => epoch.number.to_string(),
        "training_loss" => number(epoch.training_loss),
        "validation_loss" => epoch.validation_loss.map_or(String::new(), number),
        "learning_rate" => number(epoch.learning_rate),
        "best" => u8::from(epoch.best).to_string(),
        name => {
            let found = epoch.metrics.iter().find(|(known, _)| known == name);
            found.map_or(String::new(), |(_, value)| number(*value))
        }
    };
    lines_of(epochs.iter().map(|epoch| columns.iter().map(move |column| cell(epoch, column))))
}

fn lines_of<T: AsRef<[u8]>>(rows: impl IntoIterator<Item = impl Iterator<Item = T>>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        // Nothing fails that is written to memory, and every row is as long as the columns.
        let _ = writer.write_record(row);
    }
    writer.into_inner().unwrap_or_default()
}

/// A number in full precision.
fn number(value: f64) -> String {
    match value {
        value if value.is_nan() => "nan".to_owned(),
        value => format!("{value:?}"),
    }
}

/// The epochs and events of a run that is over or at work, read back.
pub fn events(folder: &Path) -> io::Result<Vec<serde_json::Value>> {
    let text = fs::read_to_string(folder.join("events.jsonl"))?;
    // What is no JSON is a line that was broken off.
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}
