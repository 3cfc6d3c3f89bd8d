//! Cross-validation: each row is predicted by a model that was trained without it.

use crate::data::{Division, Table, Target, row_weights};
use crate::error::Result;
use crate::estimator::{Evaluation, Plan, Recipe, objective};

/// One of several trainings, with the rows that it is measured on.
#[derive(Debug)]
pub struct Fold {
    /// What will be trained: the validation part is taken from the rows that are not held out.
    pub plan: Plan,
    /// The rows that are held out, ascending.
    pub held: Vec<usize>,
}

impl Fold {
    /// Plans so many trainings. Fold i, from 0, has the recipe's seed and i more; the test part of
    /// the recipe is in none.
    ///
    /// # Errors
    /// As [`Plan::new`]; fewer than two folds, or more than can be told apart.
    pub fn all<S: AsRef<str>>(
        table: &Table,
        targets: &[S],
        recipe: &Recipe,
        count: usize,
    ) -> Result<Vec<Self>> {
        let schema = recipe.schema(table, targets)?;
        let mut target = Target::infer(table, &schema, objective::task(&schema, recipe))?;
        row_weights(table, &schema, &target.rows)?;
        let division =
            Division::of(table, &target, recipe.group.as_deref(), recipe.time.as_deref())?;
        target.rows = recipe.test_part(&division, &target.rows)?.0;
        let parts = division.folds(&target.rows, count, recipe.seed)?;
        let fold = |(number, (training, held)): (usize, (Vec<usize>, Vec<usize>))| {
            let target = Target { rows: training, ..target.clone() };
            let seed = recipe.seed.wrapping_add(number as u64);
            let recipe = Recipe { seed, ..recipe.clone() };
            let plan =
                Plan::on(table, schema.clone(), target, &division, Vec::new(), None, &recipe)?;
            Ok(Self { plan, held })
        };
        parts.into_iter().enumerate().map(fold).collect()
    }
}

/// A metric over the folds.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// The metric's name.
    pub name: String,
    /// The mean over the folds in which it could be computed.
    pub mean: f64,
    /// The standard deviation between these folds (the root of the sum of squares over one less
    /// than their number); 0 of a single one.
    pub deviation: f64,
    /// How many folds these are.
    pub folds: usize,
}

impl Spread {
    /// The metrics of some evaluations, in the order in which they first appear.
    pub fn of(evaluations: &[Evaluation]) -> Vec<Self> {
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in evaluations.iter().flat_map(|evaluation| &evaluation.metrics) {
            if !names.contains(&name.as_ref()) {
                names.push(name.as_ref());
            }
        }
        let spread = |name: &str| {
            let metric = |evaluation: &Evaluation| {
                let found = evaluation.metrics.iter().find(|(known, _)| known == name);
                found.map(|(_, value)| *value)
            };
            let values: Vec<f64> = evaluations.iter().filter_map(metric).collect();
            let count = values.len() as f64;
            let mean = values.iter().sum::<f64>() / count;
            let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
            let deviation = if values.len() > 1 { (squares / (count - 1.0)).sqrt() } else { 0.0 };
            Self { name: name.to_owned(), mean, deviation, folds: values.len() }
        };
        names.into_iter().map(spread).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_spread_of_the_folds_that_have_a_metric() {
        let evaluation = |metrics: &[(&'static str, f64)]| Evaluation {
            rows: 3,
            metrics: metrics.iter().map(|&(name, value)| (name.into(), value)).collect(),
            confusion: Vec::new(),
        };
        let all = [
            evaluation(&[("mse", 1.0), ("r2", 0.5)]),
            evaluation(&[("mse", 3.0)]),
            evaluation(&[("mse", 5.0), ("r2", 0.5)]),
        ];
        let found = Spread::of(&all);
        let mse = Spread { name: "mse".to_owned(), mean: 3.0, deviation: 2.0, folds: 3 };
        let r2 = Spread { name: "r2".to_owned(), mean: 0.5, deviation: 0.0, folds: 2 };
        assert_eq!(found, [mse, r2]);
        assert_eq!(Spread::of(&all[1..2])[0].deviation, 0.0);
    }
}
