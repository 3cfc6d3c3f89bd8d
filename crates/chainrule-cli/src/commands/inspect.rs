//! `chainrule inspect`: what a model expects, is made of, and came from.

use std::fs;

use chainrule::Model;
use chainrule::data::calendar::moment;
use chainrule::data::{Curve, Encoders, Encoding, Link, NumberEncoding, Schema, TargetEncoder};
use chainrule::model::Inputs;
use chainrule::network::Described;

use crate::args::Inspect;
use crate::failure::Failure;
use crate::output::{Align, Object, Output, bytes, count, of, short};

/// Shows a model.
pub fn run(args: &Inspect, output: &mut Output) -> Result<(), Failure> {
    let model = Model::open(&args.file)?;
    let layers = model.network.describe()?;
    let size = fs::metadata(&args.file).map_or(0, |metadata| metadata.len() as usize);
    let file = args.file.display().to_string();
    if output.json() {
        output.object(object(&model, &layers, &file, size));
        return Ok(());
    }
    output.result("model", &format!("{file}, {}", bytes(size)));
    output.result("predicts", &target(&model.target));
    output.line("");
    print_layers(&model, &layers, output);
    output.line("");
    if let Inputs::Table { schema, encoders } = &model.inputs {
        print_columns(schema, encoders, output);
        output.line("");
    }
    print_summary(&model, output);
    Ok(())
}

/// What comes out, in words.
fn target(target: &TargetEncoder) -> String {
    match target {
        TargetEncoder::Regression { outputs } => {
            let scaled = outputs.iter().map(|output| {
                let (mean, std) = (short(output.mean), short(output.std));
                let value = format!("output × {std} + {mean}");
                let value = match output.link {
                    Link::Identity => value,
                    Link::Normal => format!("{value}, and its deviation"),
                    Link::Log => format!("exp({value}) − 1"),
                    Link::Rate => format!("exp({value})"),
                };
                format!("{}, a number: {value}", output.column)
            });
            scaled.collect::<Vec<_>>().join("; ")
        }
        TargetEncoder::Classes { column, labels } => {
            format!("{column}, one of {} classes: {}", labels.len(), labels.join(", "))
        }
        TargetEncoder::Multilabel { outputs } => {
            let each = outputs.iter().map(|output| {
                let [no, yes] = &output.labels;
                format!("{} ({no} or {yes})", output.column)
            });
            each.collect::<Vec<_>>().join("; ")
        }
    }
}

fn print_layers(model: &Model, layers: &[Described], output: &mut Output) {
    let cells = |name: &str, shape: String, parameters: String| {
        vec![format!("{name:<10}"), shape, parameters]
    };
    let mut rows = vec![cells("layer", "output".to_owned(), "parameters".to_owned())];
    rows.push(cells("input", model.network.inputs().to_string(), "0".to_owned()));
    for layer in layers {
        rows.push(cells(&layer.name, shape(&layer.output), count(layer.parameters)));
    }
    rows.push(cells("total", String::new(), count(total(layers))));
    output.table(&rows, &[Align::Left, Align::Right, Align::Right]);
}

fn print_columns(schema: &Schema, encoders: &Encoders, output: &mut Output) {
    let head = ["column", "kind", "becomes"].map(str::to_owned);
    let mut rows = vec![(head[..2].to_vec(), head[2].clone())];
    for encoder in &encoders.columns {
        let kind = encoder.encoding.kind().plural().to_owned();
        rows.push((vec![format!("{:<10}", encoder.name), kind], becomes(&encoder.encoding)));
    }
    output.explained(&rows, &[Align::Left, Align::Left]);
    if !schema.missing.is_empty() {
        output.line("");
        output.result("missing", &schema.missing.join(", "));
    }
}

/// What the network sees of a column, in words.
fn becomes(encoding: &Encoding) -> String {
    let flag = |missing: bool| if missing { ", and whether it is missing" } else { "" };
    match encoding {
        Encoding::Number(number) => {
            format!("{}{}", scaled(number, short(number.fill)), flag(number.missing))
        }
        Encoding::Date(date) => {
            let fill = moment(date.seconds.fill);
            let names: Vec<&str> = date.parts.iter().map(|part| part.name()).collect();
            let parts = match names.is_empty() {
                true => String::new(),
                false => format!(", sine and cosine of {}", names.join(", ")),
            };
            let value = scaled(&date.seconds, fill);
            format!("x in seconds since 1970: {value}{parts}{}", flag(date.seconds.missing))
        }
        Encoding::Boolean(boolean) => {
            let fill = if boolean.fill { "yes" } else { "no" };
            format!("1 for yes, 0 for no, {fill} if missing{}", flag(boolean.missing))
        }
        Encoding::Text(text) => {
            format!("one of {}", listed(&text.levels, text.other, text.missing))
        }
        Encoding::Code(code) => {
            format!("a code: one of {}", listed(&code.levels, true, code.missing))
        }
    }
}

/// A number as the network sees it, in words.
fn scaled(number: &NumberEncoding, fill: String) -> String {
    let (mean, std) = (short(number.mean), short(number.std));
    let curve = match &number.curve {
        Curve::Identity => "x".to_owned(),
        Curve::Log => "log(1 + x)".to_owned(),
        Curve::Lines { points } => format!("made normal by {}", of(points.len(), "quantile")),
    };
    let value = match (number.mean, number.std) {
        (_, 0.0) => "0, a constant".to_owned(),
        (0.0, 1.0) => curve,
        _ => format!("({curve} − {mean}) / {std}"),
    };
    format!("{value}, {fill} if missing")
}

/// The first of some categories, how many more there are, and what else there is.
fn listed(levels: &[String], other: bool, missing: bool) -> String {
    const SHOWN: usize = 6;
    let shown = levels[..levels.len().min(SHOWN)].join(", ");
    let more = match levels.len() {
        0..=SHOWN => String::new(),
        all => format!(" and {} more", all - SHOWN),
    };
    let other = if other { ", any other" } else { "" };
    let missing = if missing { ", missing" } else { "" };
    format!("{shown}{more}{other}{missing}")
}

fn print_summary(model: &Model, output: &mut Output) {
    let summary = &model.summary;
    output.result("made by", &format!("chainrule {}", summary.version));
    output.result("task", &summary.explanation);
    output.result(
        "training",
        &format!(
            "{}, {} more to choose the best epoch; {} of learning rate {}, {} a step, seed {}",
            of(summary.training_rows, "row"),
            count(summary.validation_rows),
            summary.optimizer,
            summary.learning_rate,
            of(summary.batch_size, "row"),
            summary.seed,
        ),
    );
    let values: Vec<String> = summary
        .validation
        .iter()
        .map(|(name, value)| format!("{name} {}", short(*value)))
        .collect();
    let ended = summary.ended.iter().map(|ended| format!(": the training was {ended}"));
    let ended: String = ended.collect();
    let best = format!("{} of {}{ended}", summary.best_epoch, summary.epochs);
    output.result("best epoch", &best);
    if !values.is_empty() {
        output.result("validation", &values.join(", "));
    }
}

fn object(model: &Model, layers: &[Described], file: &str, size: usize) -> Object {
    let summary = &model.summary;
    let layer = |layer: &Described| {
        Object::new()
            .text("name", &layer.name)
            .text("output", &shape(&layer.output))
            .count("parameters", layer.parameters as u64)
    };
    let columns = match &model.inputs {
        Inputs::Table { schema, .. } => schema
            .features()
            .map(|column| Object::new().text("name", &column.name).text("kind", kind(column.kind)))
            .collect(),
        Inputs::Array { .. } => Vec::new(),
    };
    let targets = match &model.target {
        TargetEncoder::Regression { outputs } => outputs
            .iter()
            .map(|output| {
                Object::new()
                    .text("name", &output.column)
                    .number("mean", output.mean)
                    .number("std", output.std)
                    .truth("log", output.link == Link::Log)
                    .text("link", link(output.link))
            })
            .collect(),
        TargetEncoder::Classes { column, labels } => {
            vec![Object::new().text("name", column).texts("labels", labels)]
        }
        TargetEncoder::Multilabel { outputs } => outputs
            .iter()
            .map(|output| {
                Object::new().text("name", &output.column).texts("labels", &output.labels)
            })
            .collect(),
    };
    let training = Object::new()
        .text("explanation", &summary.explanation)
        .text("loss", &summary.loss)
        .text("optimizer", &summary.optimizer)
        .number("learning_rate", summary.learning_rate)
        .count("batch_size", summary.batch_size as u64)
        .count("seed", summary.seed)
        .count("training_rows", summary.training_rows as u64)
        .count("validation_rows", summary.validation_rows as u64)
        .count("epochs", summary.epochs as u64)
        .count("best_epoch", summary.best_epoch as u64)
        .object("validation", Some(Object::new().numbers(&summary.validation)));
    let training =
        (summary.ended.iter()).fold(training, |training, ended| training.text("ended", ended));
    let training = match &model.inputs {
        Inputs::Table { schema, .. } => (schema.weight().into_iter())
            .fold(training, |training, weight| training.text("weight", &weight.name)),
        Inputs::Array { .. } => training,
    };
    Object::new()
        .text("model", file)
        .count("bytes", size as u64)
        .text("version", &summary.version)
        .count("inputs", model.network.inputs() as u64)
        .objects("columns", columns)
        .objects("targets", targets)
        .objects("layers", layers.iter().map(layer))
        .count("parameters", total(layers) as u64)
        .object("training", Some(training))
}

fn link(link: Link) -> &'static str {
    match link {
        Link::Identity => "identity",
        Link::Log => "log",
        Link::Rate => "rate",
        Link::Normal => "normal",
    }
}

fn kind(kind: chainrule::data::Kind) -> &'static str {
    match kind {
        chainrule::data::Kind::Number => "number",
        chainrule::data::Kind::Boolean => "boolean",
        chainrule::data::Kind::Date => "date",
        chainrule::data::Kind::Text => "text",
    }
}

fn shape(dims: &[usize]) -> String {
    let dims: Vec<String> = dims.iter().map(usize::to_string).collect();
    dims.join(" × ")
}

fn total(layers: &[Described]) -> usize {
    layers.iter().map(|layer| layer.parameters).sum()
}
