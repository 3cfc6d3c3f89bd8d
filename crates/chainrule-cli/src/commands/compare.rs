//! `chainrule compare`: in which settings runs differ, and what came of them.

use std::path::Path;

use chainrule::ErrorKind;
use serde_json::Value;

use super::train::folder::RunFolder;
use super::train::logs::events;
use crate::args::Compare;
use crate::failure::Failure;
use crate::output::{Align, Object, Output, short};

/// Prints a table with a column for each run.
pub fn run(args: &Compare, output: &mut Output) -> Result<(), Failure> {
    let runs: Vec<Run> = args.runs.iter().map(|path| Run::read(path)).collect::<Result<_, _>>()?;
    let settings = rows(&runs, |run| &run.settings);
    let results = rows(&runs, |run| &run.results);
    let shown: Vec<&Row> =
        settings.iter().filter(|row| args.all || runs.len() == 1 || row.differs()).collect();
    if output.json() {
        let object = |rows: &mut dyn Iterator<Item = &Row>| {
            rows.fold(Object::new(), |all, row| {
                all.texts(&row.name, &row.values.iter().map(Cell::exact).collect::<Vec<_>>())
            })
        };
        let names: Vec<&str> = runs.iter().map(|run| run.name.as_str()).collect();
        output.object(
            Object::new()
                .texts("runs", &names)
                .object("settings", Some(object(&mut shown.into_iter())))
                .object("results", Some(object(&mut results.iter()))),
        );
        return Ok(());
    }
    let titles = runs.iter().map(|run| run.name.clone());
    let mut table = vec![std::iter::once(String::new()).chain(titles).collect()];
    let line = |row: &Row| {
        std::iter::once(row.name.clone()).chain(row.values.iter().map(Cell::shown)).collect()
    };
    table.extend(shown.iter().map(|row| line(row)));
    if shown.is_empty() {
        output.line("the settings are the same");
    }
    let columns: Vec<Align> = vec![Align::Left; runs.len() + 1];
    table.push(vec![String::new(); runs.len() + 1]);
    table.extend(results.iter().map(line));
    output.table(&table, &columns);
    Ok(())
}

/// What is known of a run.
struct Run {
    name: String,
    settings: Vec<(String, Cell)>,
    results: Vec<(String, Cell)>,
}

/// A value of a run; none if it has none.
#[derive(Clone, Debug, PartialEq)]
enum Cell {
    None,
    Text(String),
    Number(f64),
}

/// A value of every run.
struct Row {
    name: String,
    values: Vec<Cell>,
}

impl Row {
    fn differs(&self) -> bool {
        self.values.windows(2).any(|pair| pair[0] != pair[1])
    }
}

impl Cell {
    fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::None,
            Value::String(text) => Self::Text(text.clone()),
            Value::Number(number) => number.as_f64().map_or(Self::None, Self::Number),
            Value::Bool(true) => Self::Text("yes".to_owned()),
            Value::Bool(false) => Self::Text("no".to_owned()),
            other => Self::Text(other.to_string()),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::None => "-".to_owned(),
            Self::Text(text) => text.clone(),
            Self::Number(value) if value.fract() == 0.0 && value.abs() < 1e15 => value.to_string(),
            Self::Number(value) => short(*value),
        }
    }

    fn exact(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::Text(text) => text.clone(),
            Self::Number(value) => value.to_string(),
        }
    }
}

/// The values of all runs by name, in the order in which the runs have them.
fn rows(runs: &[Run], of: impl Fn(&Run) -> &Vec<(String, Cell)>) -> Vec<Row> {
    let mut names: Vec<&String> = Vec::new();
    for (name, _) in runs.iter().flat_map(&of) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let value = |run: &Run, name: &String| {
        let found = of(run).iter().find(|(known, _)| known == name);
        found.map_or(Cell::None, |(_, value)| value.clone())
    };
    let row = |name: &String| Row {
        name: name.clone(),
        values: runs.iter().map(|run| value(run, name)).collect(),
    };
    names.into_iter().map(row).collect()
}

impl Run {
    /// Reads a run's events.
    fn read(path: &Path) -> Result<Self, Failure> {
        let is_folder = path.is_dir() || path.extension().is_some_and(|name| name == "run");
        let folder = if is_folder { path.to_owned() } else { RunFolder::beside(path) };
        let file = folder.join("events.jsonl").display().to_string();
        let events = events(&folder).map_err(|reason| match reason.kind() {
            std::io::ErrorKind::NotFound => {
                Failure::from(ErrorKind::FileNotFound { file: file.clone() })
            }
            _ => Failure::from(ErrorKind::FileUnreadable { file: file.clone(), reason }),
        })?;
        let is = |event: &Value, names: &[&str]| {
            event["event"].as_str().is_some_and(|name| names.contains(&name))
        };
        let Some(start) = events.iter().rfind(|event| is(event, &["start", "resume"])) else {
            let detail = "it does not tell of the start of a run".to_owned();
            return Err(ErrorKind::NotAModel { file, detail }.into());
        };
        let fields = |value: &Value| -> Vec<(String, Cell)> {
            let object = value.as_object().into_iter().flatten();
            object.map(|(name, value)| (name.clone(), Cell::of(value))).collect()
        };
        let mut settings = fields(&start["settings"]);
        for name in ["data", "version"] {
            settings.push((name.to_owned(), Cell::of(&start[name])));
        }
        let mut results = Vec::new();
        let mut add = |name: &str, value: &Value| results.push((name.to_owned(), Cell::of(value)));
        let epochs: Vec<&Value> = events.iter().filter(|event| is(event, &["epoch"])).collect();
        // Only what stands behind the last start tells how it ended.
        let end = events.last().filter(|event| is(event, &["stop", "done", "error"]));
        let state = match end {
            Some(end) if is(end, &["done"]) => "finished".to_owned(),
            Some(end) if is(end, &["error"]) => end["error"].as_str().unwrap_or("error").to_owned(),
            Some(end) => format!("stopped by {}", end["ended"].as_str().unwrap_or("a callback")),
            None => "at work, or killed".to_owned(),
        };
        add("state", &Value::from(state));
        let ran = epochs.iter().filter_map(|epoch| epoch["epoch"].as_u64()).max();
        add("epochs", &ran.map_or(Value::Null, Value::from));
        let best = epochs.iter().rfind(|epoch| epoch["best"] == true);
        if let Some(best) = best {
            add("best epoch", &best["epoch"]);
            add("training loss", &best["train"]["loss"]);
            for (name, value) in best["validation"].as_object().into_iter().flatten() {
                add(&format!("validation {name}"), value);
            }
        }
        if let Some(end) = end {
            for (name, value) in end["test"].as_object().into_iter().flatten() {
                add(&format!("test {name}"), value);
            }
            add("seconds", &end["seconds"]);
            add("parameters", &end["parameters"]);
        }
        Ok(Self { name: path.display().to_string(), settings, results })
    }
}
