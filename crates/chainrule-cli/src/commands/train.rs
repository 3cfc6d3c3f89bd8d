//! `chainrule train`: from a table to a model file, told as it goes.

use std::path::Path;
use std::time::Instant;

use chainrule::bench::peak;
use chainrule::data::{Kind, Role, Table};
use chainrule::engine::KernelTime;
use chainrule::estimator::{Evaluation, Fitted, Plan, evaluate_rows};
use chainrule::losses::{Output as Meaning, TargetScale};

use super::stages::Stages;
use super::{Named, answered, metrics, named, profile, unused};
use crate::args::{TestPart, Train};
use crate::failure::Failure;
use crate::files::Destination;
use crate::interrupt::Interrupt;
use crate::output::{Object, Output, bytes, count, of, seconds};
use crate::progress::Progress;

/// Where the model goes unless another file is named.
const MODEL: &str = "model.onnx";

/// Trains a network, writes it, and measures it.
pub fn run(args: &Train, output: &mut Output) -> Result<(), Failure> {
    let started = Instant::now();
    let mut stages = Stages::begin();
    let destination = destination(args)?;
    let table = Table::read(&args.data, &args.options())?;
    stages.end("read");
    let recipe = args.recipe();
    let plan = Plan::new(&table, &args.targets(&table), &recipe)?;
    let test = TestRows::find(args, &table, &plan, output)?;
    report(&table, &plan, test.as_ref(), output)?;
    let story = Story::of(&plan)?;
    let besides = plan.metrics.clone();
    stages.end("prepare");

    let interrupt = Interrupt::watch()?;
    let steps = plan.rows().0.div_ceil(plan.settings.batch_size);
    let progress = Progress::new(output, &interrupt, plan.settings.epochs, steps);
    let mut progress = progress.profiling(args.profile);
    let fitted = plan.train(&table, &mut progress);
    let (first_step, evaluated) = progress.times();
    let timed = progress.finish();
    let fitted = fitted?;
    stages.end_training(first_step, evaluated);

    // The file comes first: whatever fails after it does not cost the training.
    let model = fitted.model.to_bytes()?;
    destination.write(&model)?;
    stages.end("write");
    let tested = match &test {
        Some(test) => {
            let table = test.table.as_ref().unwrap_or(&table);
            Some(evaluate_rows(&fitted.model, table, &test.rows, &besides, recipe.threads)?)
        }
        None => None,
    };
    stages.end("evaluate");
    let done = Done {
        fitted: &fitted,
        tested: tested.as_ref(),
        story: &story,
        file: destination.name(),
        size: model.len(),
        seconds: started.elapsed().as_secs_f64(),
    };
    if output.json() {
        let event = done.event();
        output.object(match args.profile {
            true => event.object("stages", Some(stages.object())),
            false => event,
        });
    } else {
        done.print(output);
    }
    if args.profile && output.tells() {
        stages.tell(output);
        show(timed, recipe.threads, output);
    }
    match fitted.interrupted {
        true => Err(Failure::Interrupted),
        false => Ok(()),
    }
}

/// Shows where the time of the steps went.
fn show((steps, times): (u64, Vec<KernelTime>), threads: usize, output: &mut Output) {
    let lines = profile::lines(&times, steps, peak(threads), threads);
    output.plain("");
    lines.iter().for_each(|line| output.plain(line));
}

fn destination(args: &Train) -> Result<Destination, Failure> {
    match &args.output {
        Some(path) if path == Path::new("-") => {
            Err(Failure::setting("--output", "-", "a file: the model is not text"))
        }
        Some(path) => Destination::new(path, args.force),
        None => Destination::new(Path::new(MODEL), true),
    }
}

/// The rows that the model is measured on at the end, of the table itself or of another.
struct TestRows {
    table: Option<Table>,
    rows: Vec<usize>,
}

impl TestRows {
    /// Finds the rows, and whatever is wrong with them before the training is spent.
    fn find(
        args: &Train,
        table: &Table,
        plan: &Plan,
        output: &mut Output,
    ) -> Result<Option<Self>, Failure> {
        match &args.test {
            None => Ok(None),
            Some(TestPart::Share(_)) if plan.test.is_empty() => {
                Err(Failure::setting("--test", "a share without a single row", "larger, or a file"))
            }
            Some(TestPart::Share(_)) => {
                plan.encoded_target.encode(table, &plan.test)?;
                Ok(Some(Self { table: None, rows: plan.test.clone() }))
            }
            Some(TestPart::File(path)) => {
                let table = Table::read_as(path, &plan.schema, &args.format.options(args.threads))?;
                unused(&table, output);
                let rows = answered(&table, &plan.schema, output)?;
                plan.encoded_target.encode(&table, &rows)?;
                Ok(Some(Self { table: Some(table), rows }))
            }
        }
    }
}

/// Says what was read and what will be done with it.
fn report(
    table: &Table,
    plan: &Plan,
    test: Option<&TestRows>,
    output: &mut Output,
) -> Result<(), Failure> {
    let missing: usize = table.columns().iter().map(|column| column.values().missing()).sum();
    let missing = match missing {
        0 => "nothing missing".to_owned(),
        count => format!("{} missing", of(count, "value")),
    };
    let size =
        format!("{}, {}, {missing}", of(table.rows(), "row"), of(table.columns().len(), "column"));
    output.story("data", &format!("{}: {size}", table.file()));
    output.story("inputs", &inputs(plan));
    output.story("task", &plan.explanation);
    output.story("network", &network(plan)?);
    let (training, validation) = plan.rows();
    let mut parts = of(training, "row");
    if validation > 0 {
        parts.push_str(&format!(", {} more to choose the best epoch", count(validation)));
    }
    if let Some(test) = test {
        parts.push_str(&format!(", {} to test", count(test.rows.len())));
    }
    let settings = &plan.settings;
    let mut steps = vec![
        settings.optimizer.optimizer().name.to_owned(),
        format!("learning rate {}", settings.learning_rate),
    ];
    steps.extend(settings.additions());
    output.story(
        "training",
        &format!(
            "{parts}; {}, {} a step, seed {}",
            steps.join(", "),
            of(settings.batch_size.min(training), "row"),
            settings.seed
        ),
    );
    for note in &plan.notes {
        match output.tells() {
            true => output.story("note", &note.to_string()),
            false => output.note(note),
        }
    }
    output.plain("");
    Ok(())
}

/// The features by kind: `5 numbers (age, …), 2 text (island, sex)`.
fn inputs(plan: &Plan) -> String {
    const SHOWN: usize = 6;
    let kinds = [(Kind::Number, "number"), (Kind::Boolean, "yes/no"), (Kind::Text, "text")];
    let of_kind = |(kind, word): (Kind, &str)| {
        let features = plan.schema.columns.iter().filter(|column| column.role == Role::Feature);
        let names: Vec<&str> = features
            .filter(|column| column.kind == kind)
            .map(|column| column.name.as_str())
            .collect();
        let shown = names[..names.len().min(SHOWN)].join(", ");
        let number = match kind {
            Kind::Number => of(names.len(), word),
            Kind::Boolean | Kind::Text => format!("{} {word}", names.len()),
        };
        match names.len() {
            0 => None,
            1..=SHOWN => Some(format!("{number} ({shown})")),
            all => Some(format!("{number} ({shown} and {} more)", all - SHOWN)),
        }
    };
    kinds.into_iter().filter_map(of_kind).collect::<Vec<_>>().join(", ")
}

/// The layers in one line: `12 → 64 relu → 3 linear, 1,027 parameters`.
fn network(plan: &Plan) -> Result<String, Failure> {
    let layers = plan.network.describe()?;
    let mut line = plan.network.inputs().to_string();
    for layer in &layers {
        line.push_str(" → ");
        line.push_str(layer.name.strip_prefix("dense ").unwrap_or(&layer.name));
    }
    let parameters: usize = layers.iter().map(|layer| layer.parameters).sum();
    Ok(format!("{line}, {}", of(parameters, "parameter")))
}

/// What is told at the end of what was known before the training.
struct Story {
    task: &'static str,
    loss: String,
    epochs: usize,
    patience: usize,
    parameters: usize,
}

impl Story {
    fn of(plan: &Plan) -> Result<Self, Failure> {
        let loss = &plan.loss;
        let units = match (loss.output(), loss.scale()) {
            (Meaning::Logit | Meaning::Logits | Meaning::Direction, _) => "",
            (Meaning::Rate | Meaning::Normal, _) | (Meaning::Prediction, TargetScale::None) => {
                ", in the target's own units"
            }
            (Meaning::Prediction, TargetScale::Standard) => {
                ", in scaled units: of (target − mean) / standard deviation"
            }
            (Meaning::Prediction, TargetScale::Log) => {
                ", in scaled units: of log(1 + target), standardised"
            }
        };
        Ok(Self {
            task: plan.target.task.name(),
            loss: format!("{}{units}", loss.name()),
            epochs: plan.settings.epochs,
            patience: plan.settings.patience,
            parameters: plan.network.describe()?.iter().map(|layer| layer.parameters).sum(),
        })
    }
}

/// What is told at the end.
struct Done<'a> {
    fitted: &'a Fitted,
    tested: Option<&'a Evaluation>,
    story: &'a Story,
    file: &'a str,
    size: usize,
    seconds: f64,
}

impl Done<'_> {
    /// The loss and the metrics of the validation rows in the best epoch; none without such rows.
    fn validation(&self) -> Vec<Named<'_>> {
        let values = &self.fitted.model.summary.validation;
        values.iter().map(|(name, value)| (name.as_str(), *value)).collect()
    }

    fn training_loss(&self) -> f64 {
        let best = self.fitted.model.summary.best_epoch.checked_sub(1);
        let epoch = best.and_then(|place| self.fitted.history.get(place));
        epoch.map_or(f64::NAN, |epoch| epoch.training_loss)
    }

    fn event(&self) -> Object {
        let summary = &self.fitted.model.summary;
        let validation = self.validation();
        let values = |values: &[Named<'_>]| Object::new().numbers(values);
        let rows = Object::new()
            .count("training", summary.training_rows as u64)
            .count("validation", summary.validation_rows as u64)
            .count("test", self.tested.map_or(0, |tested| tested.rows as u64));
        Object::new()
            .text("event", "done")
            .text("task", self.story.task)
            .text("model", self.file)
            .count("best_epoch", summary.best_epoch as u64)
            .object("train", Some(values(&[("loss", self.training_loss())])))
            .object("validation", (!validation.is_empty()).then(|| values(&validation)))
            .object("test", self.tested.map(|tested| values(&named(&tested.metrics))))
            .number("seconds", self.seconds)
            .count("epochs", summary.epochs as u64)
            .truth("interrupted", self.fitted.interrupted)
            .object("rows", Some(rows))
            .count("parameters", self.story.parameters as u64)
            .text("loss", &summary.loss)
            .text("explanation", &summary.explanation)
    }

    fn print(&self, output: &mut Output) {
        output.plain("");
        output.result("best epoch", &self.ending());
        let validation = self.validation();
        let training = [("loss", self.training_loss())];
        let mut parts: Vec<(&str, &[Named<'_>])> = match validation.is_empty() {
            true => vec![("training", &training)],
            false => vec![("validation", &validation)],
        };
        let tested = self.tested.map(|tested| named(&tested.metrics));
        parts.extend(tested.as_ref().map(|tested| ("test", tested.as_slice())));
        output.line("");
        metrics(&parts, Some(&self.story.loss), output);
        output.line("");
        output.result("model", &format!("{}, {}", self.file, bytes(self.size)));
        output.result("time", &seconds(self.seconds));
        output.story("next", &format!("chainrule predict {} NEW.csv", self.file));
    }

    /// Which epoch was kept, and why no more were run.
    fn ending(&self) -> String {
        let summary = &self.fitted.model.summary;
        let (best, ran) = (summary.best_epoch, summary.epochs);
        let judge = if summary.validation_rows > 0 { "validation" } else { "training" };
        let last = self.fitted.history.last();
        let lost = last.filter(|epoch| !epoch.training_loss.is_finite());
        let why = if self.fitted.interrupted {
            "ended by Ctrl-C".to_owned()
        } else if let Some(epoch) = lost {
            format!(
                "the loss became {}, and a smaller --learning-rate may help",
                epoch.training_loss
            )
        } else if self.fitted.converged {
            "the solver came to the optimum of the training rows".to_owned()
        } else if ran - best >= self.story.patience {
            format!("{} after it brought no lower {judge} loss", of(ran - best, "epoch"))
        } else if ran == self.story.epochs && best == ran {
            format!("the {judge} loss was still falling, and more --epochs may help")
        } else {
            "all epochs were run".to_owned()
        };
        format!("{best} of {ran}: {why}")
    }
}
