//! `chainrule bench`: how long the steps of a training and the predictions take on this machine.

mod export;

use std::path::Path;

use chainrule::bench::{
    Origin, Prediction, Rows, Training, WORKLOADS, Workload, measure_prediction, measure_training,
};
use chainrule::engine::Isa;

use super::profile;
use crate::args::{Bench, PREDICTIONS};
use crate::failure::Failure;
use crate::output::{Align, Object, Output, of, short};

/// Where the repository has its data sets, from its root.
const DATASETS: &str = "datasets";

/// The workloads whose networks predict.
const PREDICTING: [&str; 2] = ["W1", "W4"];

/// Measures what is asked for, or everything.
pub fn run(args: &Bench, output: &mut Output) -> Result<(), Failure> {
    let own = args.own.workload()?;
    let all = WORKLOADS.into_iter().chain([PREDICTIONS]);
    let names: Vec<&str> = match (&own, args.workloads.is_empty()) {
        (Some(_), _) => Vec::new(),
        (None, true) => all.collect(),
        (None, false) => args.workloads.iter().map(String::as_str).collect(),
    };
    let mut trainings: Vec<Workload> = own.iter().cloned().collect();
    for name in names.iter().filter(|name| **name != PREDICTIONS) {
        trainings.push(Workload::named(name)?);
    }
    let mut predictions: Vec<Workload> = own.into_iter().collect();
    if names.contains(&PREDICTIONS) {
        for name in PREDICTING {
            predictions.push(Workload::named(name)?);
        }
    }
    if let Some(folder) = &args.export {
        for workload in trainings.iter().map(|workload| chosen(workload, args)) {
            export::write(folder, &workload, &rows(&workload, output)?)?;
        }
        return Ok(());
    }
    let threads = args.threads.count();
    output.story("running on", &format!("{}, {}", of(threads, "thread"), Isa::detect().name()));
    train(&trainings, threads, args, output)?;
    predict(&predictions, threads, !trainings.is_empty(), output)
}

/// A workload for the epochs that were asked for.
fn chosen(workload: &Workload, args: &Bench) -> Workload {
    match args.epochs {
        Some(epochs) => {
            Workload { epochs, warm_up: workload.warm_up.min(epochs), ..workload.clone() }
        }
        None => workload.clone(),
    }
}

fn rows(workload: &Workload, output: &mut Output) -> Result<Rows, Failure> {
    let rows = Rows::of(workload, Some(Path::new(DATASETS)))?;
    if let Origin::Instead(file) = &rows.origin {
        let name = &workload.name;
        output.note(&format!(
            "{name} runs on synthetic rows, which does not change its time: {DATASETS}/{file}, \
             whose rows it should have, is not here"
        ));
    }
    Ok(rows)
}

fn train(
    workloads: &[Workload],
    threads: usize,
    args: &Bench,
    output: &mut Output,
) -> Result<(), Failure> {
    let titles = ["", "network", "batch", "optimizer", "µs a step", "GFLOP/s", "of peak"];
    let titles = titles.into_iter().chain(["loss before", "after", "compile ms"]);
    let mut table = vec![titles.map(str::to_owned).collect::<Vec<_>>()];
    let mut profiles = Vec::new();
    let mut peak: f64 = 0.0;
    for workload in workloads {
        let workload = chosen(workload, args);
        let rows = rows(&workload, output)?;
        output.story("running", &format!("{}, {}", workload.name, workload.describe()));
        let training = measure_training(&workload, &rows, threads, args.profile)?;
        if output.json() {
            output.object(training_object(&workload, &rows, threads, &training));
            continue;
        }
        table.push(vec![
            workload.name.clone(),
            workload.describe(),
            workload.batch_size.to_string(),
            workload.optimizer.to_string(),
            short(training.step * 1e6),
            short(training.rate * 1e-9),
            percent(training.rate / training.peak),
            short(training.first_loss),
            short(training.last_loss),
            format!("{:.2}", training.compile * 1e3),
        ]);
        peak = peak.max(training.peak);
        if args.profile {
            profiles.push((workload, training));
        }
    }
    if output.json() || workloads.is_empty() {
        return Ok(());
    }
    let (left, right, point) = (Align::Left, Align::Right, Align::Point);
    output.line("");
    let columns = [left, left, right, left, point, point, right, point, point, point];
    output.table(&table, &columns);
    output.line("");
    output.result("peak", &format!("{} GFLOP/s of multiply-adds alone", short(peak * 1e-9)));
    for (workload, training) in &profiles {
        output.line("");
        output.result(&workload.name, &workload.describe());
        let lines =
            profile::lines(&training.profile, training.profiled_steps, training.peak, threads);
        lines.iter().for_each(|line| output.line(line));
    }
    Ok(())
}

/// The line of JSON of a training; the seconds are those of a step, in µs.
fn training_object(
    workload: &Workload,
    rows: &Rows,
    threads: usize,
    training: &Training,
) -> Object {
    let object = Object::new()
        .text("workload", &workload.name)
        .text("network", &workload.describe())
        .text("rows", origin(&rows.origin))
        .count("threads", threads as u64)
        .text("isa", Isa::detect().name())
        .number("step_us", training.step * 1e6)
        .number("best_step_us", training.best_step * 1e6)
        .number("gflops", training.rate * 1e-9)
        .number("peak_gflops", training.peak * 1e-9)
        .number("share_of_peak", training.rate / training.peak)
        .number("first_loss", training.first_loss)
        .number("loss", training.last_loss)
        .number("compile_ms", training.compile * 1e3);
    match training.profile.is_empty() {
        true => object,
        false => {
            let (steps, peak) = (training.profiled_steps, training.peak / threads as f64);
            object.objects("profile", profile::objects(&training.profile, steps, peak))
        }
    }
}

fn origin(origin: &Origin) -> &str {
    match origin {
        Origin::Synthetic | Origin::Instead(_) => "synthetic",
        Origin::File(file) => file,
    }
}

fn predict(
    workloads: &[Workload],
    threads: usize,
    after: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let many = format!("µs, {} rows", Prediction::ROWS);
    let titles = ["", "network", "µs, one row", "99 of 100", &many, "GFLOP/s", "of peak"];
    let mut table = vec![titles.map(str::to_owned).to_vec()];
    for workload in workloads {
        // As many rows as are predicted: making all of an epoch would take longer than predicting.
        let few = Workload { rows: Prediction::ROWS, ..workload.clone() };
        let rows = rows(&few, output)?;
        let prediction = measure_prediction(&few, &rows, threads)?;
        let name = if workload.name == "own" { "own" } else { PREDICTIONS };
        if output.json() {
            output.object(prediction_object(name, workload, threads, &prediction));
            continue;
        }
        table.push(vec![
            name.to_owned(),
            workload.describe(),
            short(prediction.row_median * 1e6),
            short(prediction.row_p99 * 1e6),
            short(prediction.rows * 1e6),
            short(prediction.rate * 1e-9),
            percent(prediction.rate / prediction.peak),
        ]);
    }
    if !output.json() && !workloads.is_empty() {
        if after {
            output.line("");
        }
        let (left, right, point) = (Align::Left, Align::Right, Align::Point);
        output.table(&table, &[left, left, point, point, point, point, right]);
    }
    Ok(())
}

fn prediction_object(
    name: &str,
    workload: &Workload,
    threads: usize,
    prediction: &Prediction,
) -> Object {
    Object::new()
        .text("workload", name)
        .text("of", &workload.name)
        .text("network", &workload.describe())
        .count("threads", threads as u64)
        .text("isa", Isa::detect().name())
        .number("row_us", prediction.row_median * 1e6)
        .number("row_p99_us", prediction.row_p99 * 1e6)
        .number(&format!("rows_{}_us", Prediction::ROWS), prediction.rows * 1e6)
        .number("gflops", prediction.rate * 1e-9)
        .number("peak_gflops", prediction.peak * 1e-9)
        .number("share_of_peak", prediction.rate / prediction.peak)
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}
