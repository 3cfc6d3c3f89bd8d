//! Every parameter's gradient against central differences, on the rows of a table.

use std::path::{Path, PathBuf};

use chainrule::explanation::Explanation;
use chainrule::gradient_check::{Checked, Element, GradientCheck, Settings, check_model};
use chainrule::{Language, Model};

use super::extent::{Extent, spread};
use super::{object, words};
use crate::args::Check;
use crate::commands::explain::dims;
use crate::commands::functions::of_environment;
use crate::commands::{Loaded, answered};
use crate::failure::Failure;
use crate::output::{Align, Output, short};

/// The largest relative error that is in order.
const TOLERANCE: f64 = 1e-6;

/// Checks the gradients of a model on the rows of a table.
pub fn run(
    args: &Check,
    model: &Path,
    data: &[PathBuf],
    output: &mut Output,
) -> Result<(), Failure> {
    let language = args.lang.unwrap_or_else(of_environment);
    let loaded = Loaded::open(model, data, &args.reading.format.options(args.threads), output)?;
    let model = &loaded.model;
    let rows = answered(&loaded.table, loaded.schema()?, output)?;
    let extent = extent(args, model, rows.len());
    let settings = Settings {
        most: extent.elements,
        tolerance: args.tolerance.unwrap_or(TOLERANCE),
        seed: args.seed.unwrap_or(0),
        threads: args.threads.count(),
    };
    let found = check_model(model, &loaded.table, &spread(&rows, extent.rows), &settings)?;
    let explanation = Explanation::of(model)?;
    if output.json() {
        output.object(object::object(&found, &explanation));
    } else {
        let shown = Shown { args, found: &found, explanation: &explanation, language };
        let data = words::rows(loaded.table.file(), found.rows, rows.len(), language);
        shown.print(&data, output);
    }
    match found.worst() {
        Some((parameter, worst)) if !found.passed() => Err(Failure::WrongGradient {
            problem: format!(
                "the gradient is wrong: the slope by {} is {:?} by the chain rule, but {:?} by \
                 differences",
                place(parameter, worst, &explanation),
                worst.analytic,
                worst.numeric,
            ),
        }),
        _ => Ok(()),
    }
}

/// What is looked at of the rows with a target.
fn extent(args: &Check, model: &Model, rows: usize) -> Extent {
    let parameters: Vec<usize> = model.parameters.iter().map(Vec::len).collect();
    let whole = Extent { rows, elements: if args.all { None } else { Settings::default().most } };
    match args.rows {
        Some(most) => Extent { rows: rows.min(most), ..whole },
        None => whole.bounded(&parameters),
    }
}

/// What was found, as people read it.
struct Shown<'a> {
    args: &'a Check,
    found: &'a GradientCheck,
    explanation: &'a Explanation,
    language: Language,
}

impl Shown<'_> {
    fn print(&self, data: &str, output: &mut Output) {
        let (found, language) = (self.found, self.language);
        output.result(words::DATA.of(language), data);
        let loss = format!("{} {}", self.explanation.loss, short(found.loss));
        output.result(words::LOSS.of(language), &loss);
        output.result(words::METHOD_LABEL.of(language), words::METHOD.of(language));
        if let Some(mode) = words::mode(self.explanation, language) {
            output.result("", mode);
        }
        if found.parameters.iter().any(|p| p.looked_at < p.elements()) {
            let text = words::sample(self.args.seed.unwrap_or(0), language);
            output.result(words::SAMPLE.of(language), &text);
        }
        output.line("");
        self.print_table(output);
        output.line("");
        if let Some((parameter, worst)) = found.worst() {
            let named = place(parameter, worst, self.explanation);
            output.result(words::WORST.of(language), &named);
            for (value, by) in [(worst.analytic, words::ANALYTIC), (worst.numeric, words::NUMERIC)]
            {
                output.result("", &format!("{value:?} {}", by.of(language)));
            }
        }
        let sum = |of: fn(&Checked) -> usize| found.parameters.iter().map(of).sum();
        let (at_kinks, bent) = (sum(|p| p.at_kinks), sum(|p| p.bent));
        if at_kinks > 0 {
            output.result(words::KINKS.of(language), &words::at_kinks(at_kinks, language));
        }
        if bent > 0 {
            output.result(words::BENDS.of(language), &words::bent(bent, language));
        }
        output.result(words::RESULT.of(language), &words::result(found, language));
    }

    fn print_table(&self, output: &mut Output) {
        let mut rows = vec![words::HEAD.map(|head| head.of(self.language).to_owned()).to_vec()];
        for parameter in &self.found.parameters {
            let error = match (&parameter.worst, parameter.at_kinks) {
                (Some(worst), _) => format!("{:.1e}", worst.error),
                (None, 0) => "–".to_owned(),
                (None, _) => words::AT_KINKS.of(self.language).to_owned(),
            };
            rows.push(vec![
                symbol(parameter, self.explanation),
                parameter.name.clone(),
                dims(&parameter.dims),
                words::looked_at(parameter, self.language),
                short(parameter.largest),
                error,
            ]);
        }
        use Align::{Left, Right};
        output.table(&rows, &[Left, Left, Right, Right, Right, Right]);
    }
}

/// An element: `W1[0, 3]`, by the network's name in brackets.
fn place(parameter: &Checked, element: &Element, explanation: &Explanation) -> String {
    let index: Vec<String> = element.index.iter().map(usize::to_string).collect();
    let symbol = symbol(parameter, explanation);
    let index = if index.is_empty() { String::new() } else { format!("[{}]", index.join(", ")) };
    format!("{symbol}{index} ({})", parameter.name)
}

/// How `explain` calls a parameter.
pub(super) fn symbol(parameter: &Checked, explanation: &Explanation) -> String {
    let mut named = explanation.parameters.iter();
    let found = named.find(|named| named.name == parameter.name);
    found.map_or_else(String::new, |named| named.symbol.text.clone())
}
