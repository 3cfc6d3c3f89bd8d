//! `chainrule explain`: a network's forward pass and its gradient as formulas, and with the numbers
//! of one row.

mod latex;
mod numbers;
mod object;
mod row;
mod words;

use chainrule::explanation::Explanation;
use chainrule::{Language, Model};
use console::measure_text_width;

use super::Loaded;
use super::functions::of_environment;
use crate::args::{Explain, Threads};
use crate::failure::Failure;
use crate::output::{Output, of};
use row::OfRow;

pub use words::dims;

/// Explains a model.
pub fn run(args: &Explain, output: &mut Output) -> Result<(), Failure> {
    let language = args.lang.unwrap_or_else(of_environment);
    // The chain is all that there is to explain, so that --chain need not be given.
    let Some(asked) = &args.row else {
        let model = Model::open(&args.model)?;
        let explanation = Explanation::of(&model)?;
        if output.json() {
            output.object(object::object(&model, &explanation, None, language));
        } else if args.latex {
            latex::print(&explanation, output);
        } else {
            head(args, &model, &explanation, language, output);
            chain(&explanation, language, output);
        }
        return Ok(());
    };
    let options = args.format.options(Threads::default());
    let loaded = Loaded::open(&args.model, &[&asked.data], &options, output)?;
    let (model, table) = (&loaded.model, &loaded.table);
    let explanation = Explanation::of(model)?;
    let trace = explanation.row(model, table, asked.number - 1)?;
    let rate = args.learning_rate.unwrap_or(model.summary.learning_rate);
    let number = asked.number;
    let (explanation, trace) = (&explanation, &trace);
    let of_row = OfRow { model, table, explanation, trace, number, rate, language };
    if output.json() {
        output.object(object::object(model, explanation, Some(&of_row), language));
    } else {
        head(args, model, explanation, language, output);
        of_row.print(output);
    }
    Ok(())
}

fn head(
    args: &Explain,
    model: &Model,
    explanation: &Explanation,
    language: Language,
    output: &mut Output,
) {
    let file = args.model.display();
    let (inputs, outputs) = (model.network.inputs(), model.outputs());
    let title = match language {
        Language::English => format!("{file}, {} in, {outputs} out", of(inputs, "number")),
        Language::Korean => format!("{file}, 입력 {inputs}개, 출력 {outputs}개"),
    };
    output.result(words::MODEL.of(language), &title);
    output.result(words::LOSS.of(language), &explanation.loss);
    let notation = words::notation(explanation, language);
    notation.iter().for_each(|(label, text)| output.result(label, text));
    output.line("");
}

/// The formulas, with the size of what each gives.
fn chain(explanation: &Explanation, language: Language, output: &mut Output) {
    output.line(words::FORWARD.of(language));
    for step in &explanation.forward {
        line(&step.to_string(), &words::of_step(explanation, step, language), output);
    }
    output.line("");
    output.line(words::BACKWARD.of(language));
    for slope in &explanation.backward {
        line(&slope.to_string(), &words::of_slope(explanation, slope, language), output);
    }
    if !explanation.functions.is_empty() {
        output.line("");
        output.line(words::FUNCTIONS.of(language));
        for function in words::functions(explanation) {
            line(&function, "", output);
        }
    }
}

/// The width of lines where nobody looks at a screen.
const LINE: usize = 100;

/// The width of lines.
fn width(output: &Output) -> usize {
    output.width().unwrap_or(LINE)
}

/// A formula, and what is said of it: beside it, or below it if there is no room.
fn line(formula: &str, words: &str, output: &mut Output) {
    let width = width(output);
    let place = if width < 72 { 30 } else { 48 };
    let lines = broken(formula, width - 2);
    let used = lines.first().map_or(0, |line| measure_text_width(line)) + 2;
    let fits = lines.len() == 1 && used + 2 <= place;
    if fits && !words.is_empty() && place + measure_text_width(words) <= width {
        output.line(&format!("  {formula}{}{words}", " ".repeat(place - used)));
        return;
    }
    lines.iter().for_each(|line| output.line(&format!("  {line}")));
    if !words.is_empty() {
        let place = if place + measure_text_width(words) <= width { place } else { 6 };
        output.line(&format!("{}{words}", " ".repeat(place)));
    }
}

/// A formula in lines of at most a width, each after the first further in.
fn broken(formula: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in formula.split(' ') {
        let needed = measure_text_width(word) + 1;
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if measure_text_width(line) + needed <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("      {word}")),
        }
    }
    lines
}
