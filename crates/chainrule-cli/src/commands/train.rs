//! `chainrule train`: from a table to a model file, told as it goes.

mod attended;
pub(super) mod folder;
pub(super) mod logs;
mod place;

use std::path::Path;
use std::time::Instant;

use chainrule::bench::peak;
use chainrule::data::{Kind, Role, Schema, Table};
use chainrule::engine::KernelTime;
use chainrule::estimator::{Evaluation, Fitted, Plan, evaluate_rows};
use chainrule::losses::{Output as Meaning, TargetScale};
use chainrule::train::{Divergence, Start};
use chainrule::{Error, ErrorKind, Model};

use self::attended::{Attended, Kept};
use self::folder::RunFolder;
use self::logs::About;
use self::place::Place;
use super::folds::{self, Folds};
use super::stages::Stages;
use super::{Named, answered, metrics, named, profile, unused};
use crate::args::{Part, Stopping, Train};
use crate::failure::Failure;
use crate::files::Destination;
use crate::interrupt::{Ending, Interrupt};
use crate::output::{Object, Output, bytes, count, of, seconds};
use crate::progress::Progress;

/// Where the model goes unless another file is named.
const MODEL: &str = "model.onnx";

/// Trains a network, writes it, and measures it.
pub fn run(args: &Train, output: &mut Output) -> Result<(), Failure> {
    let started = Instant::now();
    let mut stages = Stages::begin();
    let place = Place::find(args, model_file(args), output)?;
    let destination = destination(args, place.goes_on())?;
    let table = Table::read_files(&args.data, &args.options())?;
    stages.end("read");
    let recipe = args.recipe();
    let schema = recipe.schema(&table, &args.targets(&table))?;
    let validation = validation(args, &schema, output)?;
    let plan = Plan::with(&table, schema, validation, &recipe)?;
    let (plan, start) = match &args.stopping.start_from {
        Some(path) => plan.starting_from(&Model::open(path)?, &path.display().to_string())?,
        None => (plan, Start::default()),
    };
    let test = TestRows::find(args, &table, &plan, output)?;
    place.tell(output);
    report(&table, &plan, test.as_ref(), output)?;
    let story = Story::of(&plan)?;
    let besides = plan.metrics.clone();
    let about = about(args, &table, &plan)?;
    stages.end("prepare");

    let interrupt = Interrupt::watch(args.stopping.max_time.map(|time| started + time))?;
    let (folder, checkpoint) = place.open()?;
    let folds = folds::run(args, &table, &recipe, &interrupt, output)?;
    let steps = plan.rows().0.div_ceil(plan.settings.batch_size);
    let before = checkpoint.as_ref().map(|(state, _)| state.history.clone());
    let progress = Progress::new(output, &interrupt, plan.settings.epochs, steps);
    let progress = progress.after(before.as_ref().map_or(0, Vec::len));
    let mut progress = progress.profiling(args.profile);
    let every = args.stopping.checkpoint_every.unwrap_or(Stopping::CHECKPOINT_EVERY);
    let (fitted, Kept { unsaved, end, mut logs }) = std::thread::scope(|scope| {
        let folder = folder.as_ref();
        let mut attended =
            Attended::new(scope, &mut progress, folder, &about, before.as_deref(), every);
        let start = Start { checkpoint, ..start };
        let fitted = plan.train_from(&table, start, &mut attended);
        (fitted, attended.finish())
    });
    let ending = progress.ending();
    let (first_step, evaluated) = progress.times();
    let timed = progress.finish();
    let mut fitted = match fitted {
        Err(error) if matches!(error.kind(), ErrorKind::RunIsOver { .. }) => {
            already_over(&error, destination.name(), output);
            return Ok(());
        }
        Err(error) => {
            let event = Object::new().text("event", "error").text("error", &error.to_string());
            let event = match error.kind() {
                ErrorKind::Diverged(divergence) => {
                    event.object("diverged", Some(diverged(divergence)))
                }
                _ => event,
            };
            logs.iter_mut().for_each(|logs| logs.event(event.clone()));
            folder.into_iter().for_each(RunFolder::discard_if_unused);
            return Err(error.into());
        }
        Ok(fitted) => fitted,
    };
    stages.end_training(first_step, evaluated);

    let ending = ending.filter(|_| fitted.interrupted);
    fitted.model.summary.ended = ending
        .map(|ending| format!("ended by {} after epoch {}", ending.name(), fitted.history.len()));
    // The file comes first: whatever fails after it does not cost the training.
    let model = fitted.model.to_bytes()?;
    destination.write(&model)?;
    if let (Some(folder), Some(state)) = (&folder, end) {
        // With its numbers only if somebody cares: they are as large as three models.
        let kept = args.stopping.checkpoint_every.is_some();
        let saved = folder.save(&if kept { state } else { state.without_numbers() });
        saved.unwrap_or_else(|failure| output.note(&failure));
    }
    stages.end("write");
    let tested = match &test {
        Some(test) => {
            let table = test.table.as_ref().unwrap_or(&table);
            Some(evaluate_rows(&fitted.model, table, &test.rows, &besides, recipe.threads)?)
        }
        None => None,
    };
    stages.end("evaluate");
    let resumable = fitted.interrupted && folder.is_some() && unsaved.is_none();
    let done = Done {
        fitted: &fitted,
        tested: tested.as_ref(),
        folds: folds.as_ref(),
        story: &story,
        file: destination.name(),
        size: model.len(),
        seconds: started.elapsed().as_secs_f64(),
        ending,
        resume: resumable.then(place::command_to_go_on),
    };
    let event = if fitted.interrupted { "stop" } else { "done" };
    logs.iter_mut().for_each(|logs| logs.event(done.event(event)));
    if output.json() {
        let event = done.event("done");
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
    match (unsaved, ending.and_then(Ending::failure)) {
        // That the state is lost is worse than the end itself.
        (Some(failure), _) if fitted.interrupted => Err(failure),
        (_, Some(failure)) => Err(failure),
        _ => Ok(()),
    }
}

/// Says that there is nothing left to do.
fn already_over(error: &Error, model: &str, output: &mut Output) {
    let epochs = match error.kind() {
        ErrorKind::RunIsOver { epochs, .. } => *epochs,
        _ => 0,
    };
    if output.json() {
        let event = Object::new().text("event", "over").text("model", model);
        output.object(event.count("epochs", epochs as u64));
    } else {
        let text = format!("{model}, as it was: the run came to its end after epoch {epochs}");
        output.result("model", &text);
    }
}

/// Where a training left the numbers; rows and lines are counted from 1.
fn diverged(divergence: &Divergence) -> Object {
    let object = Object::new().count("epoch", divergence.epoch as u64);
    let object = match divergence.step {
        Some(step) => object.count("step", step),
        None => object,
    };
    let object = object.number("loss", divergence.loss).text("advice", divergence.advice());
    let Some(origin) = &divergence.origin else { return object };
    let object = object.text("node", &origin.node).text("value", &origin.value.to_string());
    let object = match origin.row {
        Some(row) => object.count("row", row as u64 + 1),
        None => object,
    };
    match &origin.line {
        Some((file, line)) => object.text("file", file).count("line", *line),
        None => object,
    }
}

/// What the events tell of a run besides its settings.
fn about(args: &Train, table: &Table, plan: &Plan) -> Result<About, Failure> {
    let targets = args.targets(table).join(",");
    Ok(About {
        command: place::words(),
        threads: args.threads.count(),
        network: network(plan)?,
        asked: vec![("table".to_owned(), table.file().to_owned()), ("target".to_owned(), targets)],
    })
}

/// Shows where the time of the steps went.
fn show((steps, times): (u64, Vec<KernelTime>), threads: usize, output: &mut Output) {
    let lines = profile::lines(&times, steps, peak(threads), threads);
    output.plain("");
    lines.iter().for_each(|line| output.plain(line));
}

/// The file that the model is written to.
fn model_file(args: &Train) -> &Path {
    args.output.as_deref().unwrap_or(Path::new(MODEL))
}

/// Where the model goes; a run that goes on writes over its own.
fn destination(args: &Train, goes_on: bool) -> Result<Destination, Failure> {
    match &args.output {
        Some(path) if path == Path::new("-") => {
            Err(Failure::setting("--output", "-", "a file: the model is not text"))
        }
        Some(path) => Destination::new(path, args.force || goes_on),
        None => Destination::new(Path::new(MODEL), true),
    }
}

/// The other table whose rows choose the best epoch, if one was named.
fn validation(
    args: &Train,
    schema: &Schema,
    output: &mut Output,
) -> Result<Option<Table>, Failure> {
    let Some(path) = args.splits.validation_file() else { return Ok(None) };
    let table = Table::read_as(&[path], schema, &args.reading.format.options(args.threads))?;
    unused(&table, output);
    Ok(Some(table))
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
        match &args.splits.test {
            None => Ok(None),
            Some(Part::Share(_)) if plan.test.is_empty() => {
                Err(Failure::setting("--test", "a share without a single row", "larger, or a file"))
            }
            Some(Part::Share(_)) => {
                plan.encoded_target.encode(table, &plan.test)?;
                Ok(Some(Self { table: None, rows: plan.test.clone() }))
            }
            Some(Part::File(path)) => {
                let table = Table::read_as(
                    &[path],
                    &plan.schema,
                    &args.reading.format.options(args.threads),
                )?;
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
    output.story("data", &size(table));
    for (label, text) in planned(plan, test.map(|test| test.rows.len()))? {
        output.story(label, &text);
    }
    for note in &plan.notes {
        match output.tells() {
            true => output.story("note", &note.to_string()),
            false => output.note(note),
        }
    }
    output.plain("");
    Ok(())
}

/// A table in one line: `houses.csv: 1,460 rows, 80 columns, nothing missing`.
pub(super) fn size(table: &Table) -> String {
    let missing: usize = table.columns().iter().map(|column| column.values().missing()).sum();
    let missing = match missing {
        0 => "nothing missing".to_owned(),
        count => format!("{} missing", of(count, "value")),
    };
    let (rows, columns) = (of(table.rows(), "row"), of(table.columns().len(), "column"));
    format!("{}: {rows}, {columns}, {missing}", table.file())
}

/// What will be done, in lines of a label and a text; so many rows are set aside to test.
pub(super) fn planned(
    plan: &Plan,
    test: Option<usize>,
) -> Result<Vec<(&'static str, String)>, Failure> {
    let (training, validation) = plan.rows();
    let mut parts = of(training, "row");
    if validation > 0 {
        parts.push_str(&format!(", {} more to choose the best epoch", count(validation)));
    }
    if let Some(test) = test {
        parts.push_str(&format!(", {} to test", count(test)));
    }
    let settings = &plan.settings;
    let mut steps = vec![
        settings.optimizer.optimizer().name.to_owned(),
        format!("learning rate {}", settings.learning_rate),
    ];
    steps.extend(settings.additions());
    let training = format!(
        "{parts}; {}, {} a step, seed {}",
        steps.join(", "),
        of(settings.batch_size.min(training), "row"),
        settings.seed
    );
    Ok(vec![
        ("inputs", inputs(plan)),
        ("task", plan.explanation.clone()),
        ("network", network(plan)?),
        ("training", training),
    ])
}

/// The features by kind: `5 numbers (age, …), 2 text (island, sex)`.
fn inputs(plan: &Plan) -> String {
    const SHOWN: usize = 6;
    let kinds = [
        (Kind::Number, "number"),
        (Kind::Boolean, "yes/no"),
        (Kind::Date, "date"),
        (Kind::Text, "text"),
    ];
    let of_kind = |(kind, word): (Kind, &str)| {
        let features = plan.schema.columns.iter().filter(|column| column.role == Role::Feature);
        let names: Vec<&str> = features
            .filter(|column| column.kind == kind)
            .map(|column| column.name.as_str())
            .collect();
        let shown = names[..names.len().min(SHOWN)].join(", ");
        let number = match kind {
            Kind::Number | Kind::Date => of(names.len(), word),
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
    folds: Option<&'a Folds>,
    story: &'a Story,
    file: &'a str,
    size: usize,
    seconds: f64,
    /// What ended the training before its end.
    ending: Option<Ending>,
    /// The command that goes on with it.
    resume: Option<String>,
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

    fn event(&self, name: &str) -> Object {
        let summary = &self.fitted.model.summary;
        let validation = self.validation();
        let values = |values: &[Named<'_>]| Object::new().numbers(values);
        let rows = Object::new()
            .count("training", summary.training_rows as u64)
            .count("validation", summary.validation_rows as u64)
            .count("test", self.tested.map_or(0, |tested| tested.rows as u64));
        let event = Object::new()
            .text("event", name)
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
            .text("explanation", &summary.explanation);
        let event = match self.folds {
            Some(folds) => event.object("folds", Some(folds.object())),
            None => event,
        };
        let event = match self.ending {
            Some(ending) => event.text("ended", ending.name()),
            None => event,
        };
        let event = match &self.fitted.diverged {
            Some(divergence) => event.object("diverged", Some(diverged(divergence))),
            None => event,
        };
        match &self.resume {
            Some(command) => event.text("resume", command),
            None => event,
        }
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
        self.folds.into_iter().for_each(|folds| folds.print(output));
        output.line("");
        output.result("model", &format!("{}, {}", self.file, bytes(self.size)));
        output.result("time", &seconds(self.seconds));
        match &self.resume {
            Some(command) => output.story("to go on", command),
            None => output.story("next", &format!("chainrule predict {} NEW.csv", self.file)),
        }
    }

    /// Which epoch was kept, and why no more were run.
    fn ending(&self) -> String {
        let summary = &self.fitted.model.summary;
        let (best, ran) = (summary.best_epoch, summary.epochs);
        let judge = if summary.validation_rows > 0 { "validation" } else { "training" };
        let why = if let Some(ending) = self.ending {
            let name = ending.name();
            match best {
                0 => format!("ended by {name} before the end of the first epoch"),
                _ => format!("ended by {name}"),
            }
        } else if let Some(divergence) = &self.fitted.diverged {
            format!("{divergence}; {}", divergence.advice())
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
