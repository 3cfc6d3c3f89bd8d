//! `chainrule predict`: a line for each row.
//!
//! The file is read in blocks of rows. Several are read, encoded, predicted and made into lines at
//! the same time, and written in their order; nothing is kept, however long the file is.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chainrule::data::{
    Encoders, Link, Note, ReadOptions, ScaledTarget, Schema, Table, TargetEncoder,
};
use chainrule::model::{Inputs, Predictor};
use chainrule::{ErrorKind, Model};

use crate::args::Predict;
use crate::failure::Failure;
use crate::files::Destination;
use crate::interrupt::{Ending, Interrupt};
use crate::output::{Object, Output};

/// Predicts each row of a table, in its order.
pub fn run(args: &Predict, output: &mut Output) -> Result<(), Failure> {
    let destination = match &args.output {
        Some(path) if path != Path::new("-") => Some(Destination::new(path, args.force)?),
        _ => None,
    };
    let model = Model::open(&args.model)?;
    let answers = Answers::of(&model, &args.model, Form::of(output), args.kept())?;
    let keep = answers.keep.clone();
    let options = ReadOptions { keep, ..args.format.options(args.threads) };
    let notes = match destination {
        None => {
            let failed = |reason| Failure::Unwritable { file: "standard output".into(), reason };
            answers.write(&args.data, &options, output, || Ok(()), failed)?
        }
        Some(destination) => {
            // From here on Ctrl-C must not leave a part of a file.
            let interrupt = Interrupt::watch(None)?;
            let go_on = || match interrupt.asked().and_then(Ending::failure) {
                Some(failure) => Err(failure),
                None => Ok(()),
            };
            let mut file = destination.begin()?;
            let failed = |reason| destination.failed(reason);
            let notes = answers.write(&args.data, &options, &mut file, go_on, failed)?;
            go_on()?;
            file.commit()?;
            notes
        }
    };
    notes.iter().for_each(|note| output.note(note));
    Ok(())
}

/// Adds a note of some rows to those of the rows before.
fn add(notes: &mut Vec<Note>, note: Note) {
    if let Note::UnseenCategories { column, cells, .. } = &note {
        for known in notes.iter_mut() {
            if let Note::UnseenCategories { column: other, cells: sum, .. } = known
                && other == column
            {
                *sum += cells;
                return;
            }
        }
    }
    if !notes.contains(&note) {
        notes.push(note);
    }
}

#[derive(Clone, Copy)]
enum Form {
    Csv,
    Json,
}

impl Form {
    fn of(output: &Output) -> Self {
        if output.json() { Self::Json } else { Self::Csv }
    }
}

/// A column of the answers.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) holds: Holds,
}

/// What a column of the answers holds of a row's values.
pub(super) enum Holds {
    /// The label of an output.
    Label(usize),
    /// A value: a number in the target's units, or its deviation, or a probability.
    Value(usize),
}

/// The columns of the answers of a model for such targets.
pub(super) fn columns(target: &TargetEncoder) -> Vec<Column> {
    let label = |name: String, output| Column { name, holds: Holds::Label(output) };
    let value = |name: String, place| Column { name, holds: Holds::Value(place) };
    match target {
        TargetEncoder::Regression { outputs } => {
            let names: &[&str] = match target.link() {
                Link::Normal => &["prediction", "deviation"],
                Link::Identity | Link::Log | Link::Rate => &["prediction"],
            };
            let of_output = |name: &str, output: &ScaledTarget| match outputs.len() {
                1 => name.to_owned(),
                _ => format!("{name}_{}", output.column),
            };
            let all = names
                .iter()
                .flat_map(|name| outputs.iter().map(move |output| of_output(name, output)));
            all.enumerate().map(|(place, name)| value(name, place)).collect()
        }
        TargetEncoder::Classes { labels, .. } => {
            let probabilities = labels
                .iter()
                .enumerate()
                .map(|(place, name)| value(format!("probability_{name}"), place));
            std::iter::once(label("prediction".to_owned(), 0)).chain(probabilities).collect()
        }
        TargetEncoder::Multilabel { outputs } => outputs
            .iter()
            .enumerate()
            .flat_map(|(place, output)| {
                [
                    label(format!("prediction_{}", output.column), place),
                    value(format!("probability_{}", output.column), place),
                ]
            })
            .collect(),
    }
}

/// What makes rows into lines.
struct Answers<'a> {
    model: &'a Model,
    schema: &'a Schema,
    encoders: &'a Encoders,
    /// Shared by the threads, each of which predicts rows of its own.
    predictor: Predictor,
    columns: Vec<Column>,
    /// The columns of the data that are copied in front of these.
    keep: Vec<String>,
    form: Form,
}

impl<'a> Answers<'a> {
    fn of(model: &'a Model, file: &Path, form: Form, keep: Vec<String>) -> Result<Self, Failure> {
        let Inputs::Table { schema, encoders } = &model.inputs else {
            let detail = "it takes rows of numbers, no table".to_owned();
            return Err(ErrorKind::NotAModel { file: file.display().to_string(), detail }.into());
        };
        let (predictor, columns) = (model.predictor(1)?, columns(&model.target));
        for (place, name) in keep.iter().enumerate() {
            if columns.iter().any(|column| column.name == *name) || keep[..place].contains(name) {
                let expected = "columns that are called otherwise than the answer's, each once";
                return Err(Failure::setting("--keep", name, expected));
            }
        }
        Ok(Self { model, schema, encoders, predictor, columns, keep, form })
    }

    /// Writes a line for each row of a file, and returns what there is to note of it.
    fn write(
        &self,
        data: &[PathBuf],
        options: &ReadOptions,
        to: &mut (impl Write + Send),
        go_on: impl Fn() -> Result<(), Failure> + Sync,
        failed: impl Fn(io::Error) -> Failure + Sync,
    ) -> Result<Vec<Note>, Failure> {
        let mut notes = Vec::new();
        let mut begun = false;
        let work = |part: Table| -> Result<_, Failure> {
            let mut notes = part.notes().to_vec();
            notes.extend(self.encoders.notes(&part)?);
            let values = self.values(&part)?;
            Ok((self.lines(&part, &values).map_err(&failed)?, notes))
        };
        let take = |(lines, of_part): (Vec<u8>, Vec<Note>)| {
            go_on()?;
            if !std::mem::replace(&mut begun, true) {
                let head = self.head().map_err(&failed)?;
                to.write_all(&head).map_err(&failed)?;
            }
            to.write_all(&lines).map_err(&failed)?;
            of_part.into_iter().for_each(|note| add(&mut notes, note));
            Ok(())
        };
        Table::read_parts_as(data, self.schema, options, work, take)?;
        Ok(notes)
    }

    /// The line above all others.
    fn head(&self) -> io::Result<Vec<u8>> {
        let mut head = csv::Writer::from_writer(Vec::new());
        if let Form::Csv = self.form {
            head.write_record(self.keep.iter().chain(self.columns.iter().map(|c| &c.name)))?;
        }
        head.into_inner().map_err(|error| error.into_error())
    }

    /// The predictions of some rows.
    fn values(&self, part: &Table) -> Result<Vec<f64>, Failure> {
        let mut values = vec![0.0; part.rows() * self.model.outputs()];
        self.predictor.predict_into(&self.encoders.encode(part)?, &mut values)?;
        Ok(values)
    }

    /// A line for each row of predictions.
    fn lines(&self, part: &Table, values: &[f64]) -> io::Result<Vec<u8>> {
        let mut rows = values.chunks_exact(self.model.outputs()).enumerate();
        let kept = |name: &String, row| part.kept(name, row).unwrap_or_default();
        if let Form::Json = self.form {
            let mut lines = Vec::new();
            rows.try_for_each(|(number, row)| {
                let of_data = self
                    .keep
                    .iter()
                    .fold(Object::new(), |object, name| object.text(name, kept(name, number)));
                writeln!(lines, "{}", self.object(of_data, row))
            })?;
            return Ok(lines);
        }
        let mut lines = csv::Writer::from_writer(Vec::new());
        let mut digits = Vec::new();
        for (number, row) in rows {
            for name in &self.keep {
                lines.write_field(kept(name, number))?;
            }
            for column in &self.columns {
                match column.holds {
                    Holds::Label(output) => lines.write_field(self.label(output, row))?,
                    // The shortest digits that read back as the same number.
                    Holds::Value(place) => {
                        digits.clear();
                        write!(digits, "{:?}", row[place])?;
                        lines.write_field(&digits)?;
                    }
                }
            }
            lines.write_record(None::<&[u8]>)?;
        }
        lines.into_inner().map_err(|error| error.into_error())
    }

    /// The answers for a row, added to what is copied of it.
    fn object(&self, of_data: Object, row: &[f64]) -> Object {
        self.columns.iter().fold(of_data, |object, column| match column.holds {
            Holds::Label(output) => object.text(&column.name, self.label(output, row)),
            Holds::Value(place) => object.number(&column.name, row[place]),
        })
    }

    fn label(&self, output: usize, row: &[f64]) -> &str {
        self.model.label(output, row).unwrap_or_default()
    }
}
