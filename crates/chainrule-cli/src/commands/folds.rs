//! Cross-validation: what training is worth on rows that it has not seen, several times over.

use std::io::Write;
use std::ops::ControlFlow;

use chainrule::data::Table;
use chainrule::estimator::{Evaluation, Fold, Recipe, Spread, evaluate_rows};
use chainrule::train::Callback;

use super::named;
use super::predict::{Column, Holds, columns};
use crate::args::Train;
use crate::failure::Failure;
use crate::files::Destination;
use crate::interrupt::{Ending, Interrupt};
use crate::output::{Align, Object, Output, of, short};

/// What the folds showed.
pub(super) struct Folds {
    count: usize,
    spreads: Vec<Spread>,
}

/// Trains and measures the folds that were asked for; none without.
///
/// # Errors
/// What is wrong with a fold; Ctrl-C, before anything is written.
pub(super) fn run(
    args: &Train,
    table: &Table,
    recipe: &Recipe,
    interrupt: &Interrupt,
    output: &mut Output,
) -> Result<Option<Folds>, Failure> {
    let Some(count) = args.splits.folds else { return Ok(None) };
    let destination = match &args.splits.out_of_fold {
        Some(path) => Some(Destination::new(path, args.force)?),
        None => None,
    };
    let folds = Fold::all(table, &args.targets(table), recipe, count)?;
    let mut predicted = OutOfFold { columns: Vec::new(), lines: vec![None; table.rows()] };
    let mut evaluations: Vec<Evaluation> = Vec::new();
    for (place, Fold { plan, held }) in folds.into_iter().enumerate() {
        let metrics = plan.metrics.clone();
        let fitted = plan.train(table, &mut Listening(interrupt))?;
        if fitted.interrupted {
            let ended = interrupt.asked().and_then(Ending::failure);
            let expected = "long enough for the folds";
            return Err(
                ended.unwrap_or_else(|| Failure::setting("--max-time", "so short", expected))
            );
        }
        let model = &fitted.model;
        let evaluation = evaluate_rows(model, table, &held, &metrics, recipe.threads)?;
        tell(place + 1, count, &evaluation, model.summary.best_epoch, output);
        if destination.is_some() {
            predicted.columns = columns(&model.target);
            let values = model.predict_rows(table, &held, recipe.threads)?;
            for (&row, values) in held.iter().zip(values.chunks_exact(model.outputs())) {
                let cell = |column: &Column| match column.holds {
                    Holds::Label(at) => model.label(at, values).unwrap_or_default().to_owned(),
                    Holds::Value(at) => format!("{:?}", values[at]),
                };
                let cells = predicted.columns.iter().map(cell).collect();
                predicted.lines[row] = Some((place + 1, cells));
            }
        }
        evaluations.push(evaluation);
    }
    if let Some(destination) = destination {
        let csv = predicted.csv().map_err(|reason| destination.failed(reason))?;
        destination.write(&csv)?;
    }
    Ok(Some(Folds { count, spreads: Spread::of(&evaluations) }))
}

/// Says what a fold was worth.
fn tell(fold: usize, count: usize, evaluation: &Evaluation, epoch: usize, output: &mut Output) {
    if output.json() {
        let metrics = Object::new().numbers(&evaluation.metrics);
        output.object(
            Object::new()
                .text("event", "fold")
                .count("fold", fold as u64)
                .count("rows", evaluation.rows as u64)
                .count("best_epoch", epoch as u64)
                .object("metrics", Some(metrics)),
        );
        return;
    }
    let metrics = named(&evaluation.metrics);
    let shown: Vec<String> =
        metrics.iter().take(3).map(|(name, value)| format!("{name} {}", short(*value))).collect();
    let rows = of(evaluation.rows, "row");
    output.story(&format!("fold {fold}/{count}"), &format!("{rows}: {}", shown.join(", ")));
}

impl Folds {
    pub(super) fn object(&self) -> Object {
        let pairs = |value: fn(&Spread) -> f64| -> Vec<(&str, f64)> {
            self.spreads.iter().map(|spread| (spread.name.as_str(), value(spread))).collect()
        };
        Object::new()
            .count("count", self.count as u64)
            .object("mean", Some(Object::new().numbers(&pairs(|spread| spread.mean))))
            .object("deviation", Some(Object::new().numbers(&pairs(|spread| spread.deviation))))
    }

    pub(super) fn print(&self, output: &mut Output) {
        let mut rows = vec![vec![String::new(), "mean".to_owned(), "± between folds".to_owned()]];
        for spread in &self.spreads {
            let name = match spread.folds == self.count {
                true => format!("{:<10}", spread.name),
                false => format!("{} (of {})", spread.name, of(spread.folds, "fold")),
            };
            rows.push(vec![name, short(spread.mean), short(spread.deviation)]);
        }
        output.line("");
        output.line(&format!("Rows that were not trained on, {}:", of(self.count, "fold")));
        output.table(&rows, &[Align::Left, Align::Point, Align::Point]);
    }
}

/// The prediction of each row by the model that did not train on it.
struct OutOfFold {
    columns: Vec<Column>,
    /// The number of the fold, and the cells; none of a row that no fold held out.
    lines: Vec<Option<(usize, Vec<String>)>>,
}

impl OutOfFold {
    fn csv(&self) -> std::io::Result<Vec<u8>> {
        let mut csv = csv::Writer::from_writer(Vec::new());
        let names = self.columns.iter().map(|column| column.name.as_str());
        csv.write_record(std::iter::once("fold").chain(names))?;
        for line in &self.lines {
            match line {
                Some((fold, cells)) => {
                    let cells = cells.iter().map(String::as_str);
                    csv.write_record(std::iter::once(fold.to_string().as_str()).chain(cells))?;
                }
                None => csv.write_record(std::iter::repeat_n("", 1 + self.columns.len()))?,
            }
        }
        let mut bytes = csv.into_inner().map_err(|error| error.into_error())?;
        bytes.flush()?;
        Ok(bytes)
    }
}

/// Ends a fold when Ctrl-C is pressed.
pub(super) struct Listening<'a>(pub(super) &'a Interrupt);

impl Callback for Listening<'_> {
    fn step(&mut self, _step: u64, _loss: f64) -> ControlFlow<()> {
        match self.0.asked() {
            Some(_) => ControlFlow::Break(()),
            None => ControlFlow::Continue(()),
        }
    }
}
