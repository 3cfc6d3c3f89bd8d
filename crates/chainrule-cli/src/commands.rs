//! One file a command, and what several of them share.

pub mod bench;
pub mod check;
pub mod compare;
pub mod derive;
pub mod evaluate;
pub mod explain;
mod folds;
pub mod functions;
pub mod inspect;
pub mod lr_find;
pub mod plot;
pub mod predict;
mod profile;
pub mod shell;
mod stages;
pub mod train;

use std::path::Path;

use chainrule::data::{Encoders, Note, ReadOptions, Schema, Table, rows_with_target};
use chainrule::error::nearest;
use chainrule::metrics::{METRICS, Measured};
use chainrule::model::Inputs;
use chainrule::{ErrorKind, Model};

use crate::failure::Failure;
use crate::output::{Align, Output, short};

/// A value with its name.
type Named<'a> = (&'a str, f64);

/// A model of a table's columns, with the rows of another table that fits it.
struct Loaded {
    model: Model,
    table: Table,
}

impl Loaded {
    /// Opens a model, and reads a file under the columns that it was trained on.
    fn open(
        model: &Path,
        data: &[impl AsRef<Path>],
        options: &ReadOptions,
        output: &mut Output,
    ) -> Result<Self, Failure> {
        let file = model.display().to_string();
        let model = Model::open(model)?;
        let Inputs::Table { schema, encoders } = &model.inputs else {
            let detail = "it takes rows of numbers, no table".to_owned();
            return Err(ErrorKind::NotAModel { file, detail }.into());
        };
        let table = Table::read_as(data, schema, options)?;
        table.notes().iter().for_each(|note| output.note(note));
        unused(&table, output);
        unseen(&table, encoders, output)?;
        Ok(Self { model, table })
    }

    fn schema(&self) -> Result<&Schema, Failure> {
        match &self.model.inputs {
            Inputs::Table { schema, .. } => Ok(schema),
            Inputs::Array { .. } => {
                Err(ErrorKind::NoFeatures { file: self.table.file().to_owned() }.into())
            }
        }
    }
}

fn unused(table: &Table, output: &mut Output) {
    if !table.unused().is_empty() {
        output.note(&Note::UnusedColumns { columns: table.unused().to_vec() });
    }
}

fn unseen(table: &Table, encoders: &Encoders, output: &mut Output) -> Result<(), Failure> {
    encoders.notes(table)?.iter().for_each(|note| output.note(note));
    Ok(())
}

/// The rows that have every target, with notes about those that do not, and about weights that are
/// not there.
fn answered(table: &Table, schema: &Schema, output: &mut Output) -> Result<Vec<usize>, Failure> {
    for target in schema.targets() {
        if table.column(&target.name).is_none() {
            return Err(ErrorKind::ColumnMissing {
                file: table.file().to_owned(),
                name: target.name.clone(),
                nearest: nearest(&target.name, table.unused()).map(str::to_owned),
            }
            .into());
        }
    }
    let (rows, dropped) = rows_with_target(table, schema)?;
    dropped.iter().for_each(|note| output.note(note));
    if let Some(weight) = schema.weight().filter(|weight| table.column(&weight.name).is_none()) {
        output.note(&Note::WeightMissing { column: weight.name.clone() });
    }
    Ok(rows)
}

/// Measured values by their names.
fn named(metrics: &[Measured]) -> Vec<Named<'_>> {
    metrics.iter().map(|(name, value)| (name.as_ref(), *value)).collect()
}

/// Metrics of one or two parts of the rows side by side, each with what it means.
fn metrics(parts: &[(&str, &[Named<'_>])], loss: Option<&str>, output: &mut Output) {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in parts.iter().flat_map(|(_, values)| values.iter()) {
        if !names.contains(name) {
            names.push(name);
        }
    }
    let mut rows = Vec::new();
    if parts.len() > 1 || parts.iter().any(|(title, _)| !title.is_empty()) {
        let titles = parts.iter().map(|(title, _)| (*title).to_owned());
        rows.push((std::iter::once(String::new()).chain(titles).collect(), String::new()));
    }
    for name in names {
        let of_part = |(_, values): &(&str, &[Named<'_>])| {
            let found = values.iter().find(|(other, _)| *other == name);
            found.map_or_else(String::new, |(_, value)| short(*value))
        };
        let metric = METRICS.iter().find(|metric| metric.name == name);
        // The first sentence; the rest is for the page about the metric.
        let about = metric.map(|metric| metric.about.english);
        let about =
            about.map(|about| about.split_inclusive(". ").next().unwrap_or(about).trim_end());
        let about = if name == "loss" { loss } else { about };
        let label = format!("{name:<10}");
        let cells = std::iter::once(label).chain(parts.iter().map(of_part)).collect();
        rows.push((cells, about.unwrap_or_default().to_owned()));
    }
    let columns: Vec<Align> =
        std::iter::once(Align::Left).chain(parts.iter().map(|_| Align::Point)).collect();
    output.explained(&rows, &columns);
}
