//! `chainrule evaluate`: how good a model is on rows whose answers are known.

use chainrule::data::TargetEncoder;
use chainrule::estimator::{Evaluation, evaluate_rows};
use chainrule::metrics::Choice;

use super::{Loaded, answered, metrics, named};
use crate::args::Evaluate;
use crate::failure::Failure;
use crate::output::{Align, Object, Output, count, of};

/// A matrix with more classes than this is no longer seen at a glance.
const MOST_CLASSES: usize = 10;

/// Measures a model on a table.
pub fn run(args: &Evaluate, output: &mut Output) -> Result<(), Failure> {
    let loaded = Loaded::open(&args.model, &args.data, &args.format.options(args.threads), output)?;
    let rows = answered(&loaded.table, loaded.schema()?, output)?;
    let threads = args.threads.count();
    let besides: Vec<Choice> =
        args.metric.iter().map(|text| Choice::parse(text)).collect::<Result<_, _>>()?;
    let evaluation = evaluate_rows(&loaded.model, &loaded.table, &rows, &besides, threads)?;
    if output.json() {
        output.object(
            Object::new()
                .count("rows", evaluation.rows as u64)
                .object("metrics", Some(Object::new().numbers(&evaluation.metrics))),
        );
        return Ok(());
    }
    let title = format!("{}, {}", loaded.table.file(), of(evaluation.rows, "row"));
    output.result("data", &title);
    output.line("");
    metrics(&[("", &named(&evaluation.metrics))], None, output);
    if let TargetEncoder::Classes { column, labels } = &loaded.model.target {
        confusion(column, labels, &evaluation, output);
    }
    Ok(())
}

/// The rows by class and by predicted class.
fn confusion(column: &str, labels: &[String], evaluation: &Evaluation, output: &mut Output) {
    if labels.len() > MOST_CLASSES {
        return;
    }
    let head = std::iter::once(column.to_owned()).chain(labels.iter().cloned()).collect();
    let mut rows = vec![head];
    for (label, counts) in labels.iter().zip(&evaluation.confusion) {
        let counts = counts.iter().map(|&rows| count(rows as usize));
        rows.push(std::iter::once(label.clone()).chain(counts).collect());
    }
    let columns: Vec<Align> =
        std::iter::once(Align::Left).chain(labels.iter().map(|_| Align::Right)).collect();
    output.line("");
    output.line("Rows by class, and the class that was predicted for them:");
    output.table(&rows, &columns);
}
