//! What training makes small: the loss that suits the target, its units, and how much rows count.

use super::recipe::Recipe;
use crate::criterion::Criterion;
use crate::data::{Kind, Link, Scaling, Schema, Table, Target, TargetEncoder, Task, row_weights};
use crate::error::{ErrorKind, Result};
use crate::formula::Formula;
use crate::losses::{self, Output, TargetScale};

/// The task that was asked for, or that the loss asks for: one that only numbers have takes a
/// column of numbers for numbers, however few they are.
pub(super) fn task(schema: &Schema, recipe: &Recipe) -> Option<Task> {
    let of_loss = || {
        let text = recipe.loss.as_deref().filter(|text| !Formula::is_one(text))?;
        let loss = losses::Settings::parse(text).ok()?.member();
        let numbers = loss.form(Output::Direction).is_some()
            && schema.targets().all(|target| target.kind == Kind::Number);
        numbers.then_some(Task::Regression)
    };
    recipe.task.or_else(of_loss)
}

/// The loss that suits a target, or the one that was asked for if it can be trained on it.
pub(super) fn loss(target: &Target, recipe: &Recipe) -> Result<Criterion> {
    let (output, default) = match target.task {
        Task::Regression if target.columns.len() > 1 => (Output::Direction, "mse"),
        Task::Regression => (Output::Prediction, "mse"),
        Task::Binary => (Output::Logit, "binary_cross_entropy"),
        Task::Multiclass => (Output::Logits, "categorical_cross_entropy"),
    };
    let loss = Criterion::parse(recipe.loss.as_deref().unwrap_or(default), output)?;
    match recipe.target_scale {
        Some(scale) => loss.with_scale(scale),
        None => Ok(loss),
    }
}

/// How the target is scaled for a loss.
pub(super) fn scaling(loss: &Criterion) -> Scaling {
    let link = match (loss.output(), loss.scale()) {
        (Output::Rate, _) => Link::Rate,
        (Output::Normal, _) => Link::Normal,
        (_, TargetScale::Log) => Link::Log,
        (_, TargetScale::Standard | TargetScale::None) => Link::Identity,
    };
    Scaling { link, standard: loss.scale() != TargetScale::None }
}

/// How many outputs the network has for a loss.
pub(super) fn outputs(loss: &Criterion, target: &TargetEncoder) -> usize {
    match (loss.output(), target) {
        (Output::Logits, TargetEncoder::Classes { labels, .. }) => labels.len(),
        (Output::Normal, target) => 2 * target.width(),
        (_, target) => target.width(),
    }
}

/// The last step of the network, in words.
pub(super) fn last_step(loss: &Criterion) -> &'static str {
    match (loss.output(), loss.scale()) {
        (Output::Prediction, TargetScale::Log) => "an exponential output",
        (Output::Prediction | Output::Direction, _) => "a linear output",
        (Output::Rate, _) => "an exponential output",
        (Output::Normal, _) => "a linear output and one for its variance",
        (Output::Logit, _) => "a sigmoid output",
        (Output::Logits, _) => "a softmax output",
    }
}

/// How much the rows of a target count.
pub(super) struct Weights {
    /// The weight of each row of the target; none if all count alike.
    pub(super) of_rows: Option<Vec<f64>>,
    /// The weight of each class; none if all count alike.
    of_class: Option<Vec<f64>>,
    /// What is said of them: `; rows weighted by "w"`.
    pub(super) words: String,
}

impl Weights {
    /// The weights of the rows that the target has after the test part was set aside, whose classes
    /// are these.
    pub(super) fn of(
        table: &Table,
        schema: &Schema,
        target: &Target,
        classes: Option<&[u32]>,
        [training, validation]: [&[usize]; 2],
        recipe: &Recipe,
    ) -> Result<Self> {
        let mut of_rows = row_weights(table, schema, &target.rows)?;
        let mut words = String::new();
        if let Some(weight) = schema.weight() {
            words = format!("; rows weighted by {:?}", weight.name);
        }
        let places = |part: &[usize]| -> Vec<usize> {
            part.iter().filter_map(|row| target.rows.binary_search(row).ok()).collect()
        };
        let training = places(training);
        let mut weights_of_class = None;
        if let Some(class_weight) = &recipe.class_weight {
            let Some(classes) = classes else {
                let expected = "left out: the target is not one column of classes".to_owned();
                let (option, value) = ("class weight", "given".to_owned());
                return Err(ErrorKind::InvalidSetting { option, value, expected }.into());
            };
            let trained: Vec<u32> = training.iter().map(|&place| classes[place]).collect();
            let own: Option<Vec<f64>> =
                of_rows.as_ref().map(|all| training.iter().map(|&place| all[place]).collect());
            let of_class = class_weight.of(&target.labels, &trained, own.as_deref())?;
            let each: Vec<String> = (target.labels.iter().zip(&of_class))
                .map(|(label, weight)| format!("{label} {}", (weight * 1e4).round() / 1e4))
                .collect();
            words.push_str(&format!("; classes weighted {}", each.join(", ")));
            let own = of_rows.unwrap_or_else(|| vec![1.0; target.rows.len()]);
            let pairs = own.into_iter().zip(classes);
            of_rows = Some(pairs.map(|(own, &class)| own * of_class[class as usize]).collect());
            weights_of_class = Some(of_class);
        }
        if let Some(all) = &of_rows {
            for (part, places) in [("to train on", training), ("to validate", places(validation))] {
                if !places.is_empty() && places.iter().all(|&place| all[place] == 0.0) {
                    let column = schema.weight().map_or("the classes", |weight| &weight.name);
                    let (file, column) = (table.file().to_owned(), column.to_owned());
                    return Err(ErrorKind::NoWeight { file, column, part }.into());
                }
            }
        }
        Ok(Self { of_rows, of_class: weights_of_class, words })
    }

    /// Adds those of the rows of another table.
    pub(super) fn extend(
        &mut self,
        table: &Table,
        schema: &Schema,
        target: &TargetEncoder,
        rows: &[usize],
    ) -> Result<()> {
        let Some(all) = &mut self.of_rows else { return Ok(()) };
        let own = row_weights(table, schema, rows)?.unwrap_or_else(|| vec![1.0; rows.len()]);
        let first = all.len();
        match &self.of_class {
            None => all.extend(own),
            Some(of_class) => {
                let classes = target.encode(table, rows)?;
                let pairs = own.into_iter().zip(classes);
                all.extend(pairs.map(|(own, class)| own * of_class[class as usize]));
            }
        }
        if all[first..].iter().all(|&weight| weight == 0.0) {
            let column = schema.weight().map_or("the classes", |weight| &weight.name);
            let (file, column) = (table.file().to_owned(), column.to_owned());
            return Err(ErrorKind::NoWeight { file, column, part: "to validate" }.into());
        }
        Ok(())
    }
}
