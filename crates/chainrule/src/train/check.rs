//! What is wrong with the numbers of the rows, before training is spent on them.

use chainrule_core::compile::is_over_rows;
use chainrule_core::graph::Graph;

use crate::engine::Selection;
use crate::error::{ErrorKind, Result};
use crate::network::Built;

use super::Data;

/// Refuses weights that are negative or no numbers, and training rows none of which counts.
pub(super) fn check_weights(data: Data<'_>) -> Result<()> {
    let expected = "a finite number from 0 on, and above 0 for some row";
    let weights =
        check_column(data, "weight", expected, |weight| weight >= 0.0 && weight.is_finite())?;
    match weights.split_at_checked(data.training.len()) {
        Some((training, _)) if training.iter().all(|&weight| weight == 0.0) => {
            Err(invalid("weight", "0 in every row".to_owned(), expected))
        }
        _ => Ok(()),
    }
}

/// Refuses targets that are no class of a network with this many outputs.
pub(super) fn check_classes(data: Data<'_>, classes: usize) -> Result<()> {
    let expected = format!("a whole number from 0 to {}", classes.saturating_sub(1));
    let is_class = |y: f64| y >= 0.0 && y < classes as f64 && y.floor() == y;
    check_column(data, "y", &expected, is_class).map(|_| ())
}

/// Refuses batches of one row for a network that looks over the rows of a batch: their mean would
/// be the row itself, and nothing would be left of it.
pub(super) fn check_batches(built: &Built, rows: usize) -> Result<()> {
    let graph = Graph::new(std::slice::from_ref(&built.output))?;
    if rows > 1 || !graph.nodes.iter().any(|node| is_over_rows(&node.op)) {
        return Ok(());
    }
    let expected = "2 or more rows for a network that normalises over the rows of a batch; \
                    layer_norm does without";
    Err(invalid("batch size", rows.to_string(), expected))
}

/// The values of a group of one column in all rows that are used, each of which must be valid;
/// none of a group of another width, or with rows that are not there: the engine refuses those.
fn check_column(
    data: Data<'_>,
    name: &'static str,
    expected: &str,
    is_valid: impl Fn(f64) -> bool,
) -> Result<Vec<f64>> {
    let Some((group, 1)) = data.source.find(name) else { return Ok(Vec::new()) };
    let rows = [data.training, data.validation].concat();
    if rows.iter().any(|&row| row as usize >= data.source.rows()) {
        return Ok(Vec::new());
    }
    let mut values = vec![0.0; rows.len()];
    data.source.gather_f64(group, Selection::Rows(&rows), &mut values);
    match values.iter().zip(&rows).find(|(value, _)| !is_valid(**value)) {
        Some((value, row)) => Err(invalid(name, format!("{value} in row {row}"), expected)),
        None => Ok(values),
    }
}

pub(super) fn invalid(option: &'static str, value: String, expected: &str) -> crate::error::Error {
    ErrorKind::InvalidSetting { option, value, expected: expected.to_owned() }.into()
}
