//! `chainrule predict`: a line for each row.

use std::io::{self, Write};
use std::path::Path;

use chainrule::Model;
use chainrule::data::{Link, ScaledTarget, TargetEncoder};
use chainrule::engine::available_threads;

use super::Loaded;
use crate::args::Predict;
use crate::failure::Failure;
use crate::files::Destination;
use crate::interrupt::Interrupt;
use crate::output::{Object, Output};

/// Predicts each row of a table, in its order.
pub fn run(args: &Predict, output: &mut Output) -> Result<(), Failure> {
    let destination = match &args.output {
        Some(path) if path != Path::new("-") => Some(Destination::new(path, args.force)?),
        _ => None,
    };
    let loaded = Loaded::open(&args.model, &args.data, &args.format.options(), output)?;
    let threads = args.threads.unwrap_or_else(available_threads);
    let values = loaded.model.predict(&loaded.table, threads)?;
    let answers = Answers { model: &loaded.model, columns: columns(&loaded.model.target) };
    let Some(destination) = destination else {
        let form = Form::of(output);
        return answers
            .write(&values, form, output, || false)
            .map_err(|reason| Failure::Unwritable { file: "standard output".to_owned(), reason });
    };
    // From here on Ctrl-C must not leave a part of a file.
    let interrupt = Interrupt::watch()?;
    let mut file = destination.begin()?;
    let written = answers.write(&values, Form::of(output), &mut file, || interrupt.asked());
    if interrupt.asked() {
        return Err(Failure::Interrupted);
    }
    written.map_err(|reason| destination.failed(reason))?;
    file.commit()
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
struct Column {
    name: String,
    holds: Holds,
}

/// What a column of the answers holds of a row's values.
enum Holds {
    /// The label of an output.
    Label(usize),
    /// A value: a number in the target's units, or its deviation, or a probability.
    Value(usize),
}

/// The columns of the answers of a model for such targets.
fn columns(target: &TargetEncoder) -> Vec<Column> {
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

struct Answers<'a> {
    model: &'a Model,
    columns: Vec<Column>,
}

impl Answers<'_> {
    fn write(
        &self,
        values: &[f64],
        form: Form,
        to: &mut dyn Write,
        stop: impl Fn() -> bool,
    ) -> io::Result<()> {
        let mut rows = values.chunks_exact(self.model.outputs()).take_while(|_| !stop());
        match form {
            Form::Json => rows.try_for_each(|row| writeln!(to, "{}", self.object(row))),
            Form::Csv => {
                let mut csv = csv::Writer::from_writer(to);
                csv.write_record(self.columns.iter().map(|column| &column.name))?;
                for row in rows {
                    for column in &self.columns {
                        match column.holds {
                            Holds::Label(output) => csv.write_field(self.label(output, row))?,
                            // The shortest digits that read back as the same number.
                            Holds::Value(place) => csv.write_field(format!("{:?}", row[place]))?,
                        }
                    }
                    csv.write_record(None::<&[u8]>)?;
                }
                csv.flush()
            }
        }
    }

    fn object(&self, row: &[f64]) -> Object {
        self.columns.iter().fold(Object::new(), |object, column| match column.holds {
            Holds::Label(output) => object.text(&column.name, self.label(output, row)),
            Holds::Value(place) => object.number(&column.name, row[place]),
        })
    }

    fn label(&self, output: usize, row: &[f64]) -> &str {
        self.model.label(output, row).unwrap_or_default()
    }
}
