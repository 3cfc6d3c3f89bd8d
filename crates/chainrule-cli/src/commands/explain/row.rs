//! The numbers of one row, to be followed with a calculator.

use chainrule::data::{Table, TargetEncoder};
use chainrule::explanation::{Explanation, Named, Slope, Step, Trace};
use chainrule::model::Inputs;
use chainrule::{Language, Model};

use super::numbers::{lines, summary};
use super::words::{BACKWARD, FORWARD, ROW, UNITS, UPDATE, dims, functions, number, units, uses};
use super::{broken, width};
use crate::output::{Align, Output, aligned, count};

/// A row with everything that is computed from it.
pub struct OfRow<'a> {
    pub model: &'a Model,
    pub table: &'a Table,
    pub explanation: &'a Explanation,
    pub trace: &'a Trace,
    /// The number of the row, from 1.
    pub number: usize,
    /// α
    pub rate: f64,
    pub language: Language,
}

/// Of more inputs than this the first ones are shown.
const INPUTS: usize = 32;
/// So many of them.
const FIRST_INPUTS: usize = 16;

impl OfRow<'_> {
    /// Prints the row, the values, the slopes and the updates.
    pub fn print(&self, output: &mut Output) {
        let line = self.table.line(self.number - 1);
        let (number, file, rate) = (count(self.number), self.table.file(), self.rate);
        let trained = self.model.summary.optimizer.split(' ').next().unwrap_or_default();
        let (row, update) = match self.language {
            Language::English => (
                format!("{number} of {file}, in line {line}; a batch of its own, so that m = 1"),
                format!(
                    "w becomes w - α ∂L/∂w, a step of plain gradient descent; α = {rate} (trained \
                     by {trained})"
                ),
            ),
            Language::Korean => (
                format!(
                    "{file}의 {number}번째 행, 파일의 {line}행. 혼자서 한 배치이므로 m = 1이다"
                ),
                format!(
                    "w를 w - α ∂L/∂w로 바꾼다. 단순한 경사 하강법의 한 단계다. α = {rate}(학습은 \
                     {trained})"
                ),
            ),
        };
        output.result(ROW.of(self.language), &row);
        output.result(UNITS.of(self.language), &units(self.model, self.language));
        output.result(UPDATE.of(self.language), &update);
        output.line("");
        self.print_input(output);
        output.line("");
        output.line(FORWARD.of(self.language));
        let mut told: Vec<&str> = Vec::new();
        for (step, value) in self.explanation.forward.iter().zip(&self.trace.steps) {
            self.print_parameters(step, &mut told, output);
            equation(&step.to_string(), output);
            self.print_numbers(&[], value, "= ", output);
        }
        output.line("");
        output.line(BACKWARD.of(self.language));
        for (slope, value) in self.explanation.backward.iter().zip(&self.trace.slopes) {
            self.print_slope(slope, value, output);
        }
        if !self.explanation.functions.is_empty() {
            output.line("");
            functions(self.explanation).iter().for_each(|function| equation(function, output));
        }
    }

    fn print_numbers(&self, shape: &[usize], values: &[f64], label: &str, output: &mut Output) {
        let width = width(output);
        let lines = lines(shape, values, label, width, self.language);
        lines.iter().for_each(|line| output.line(line));
    }

    /// What the network sees of the row, and its target.
    fn print_input(&self, output: &mut Output) {
        let names = match &self.model.inputs {
            Inputs::Table { encoders, .. } => encoders.feature_names(),
            Inputs::Array { .. } => Vec::new(),
        };
        let x = &self.trace.input;
        let cells: Vec<Vec<String>> = names
            .iter()
            .zip(x)
            .take(if x.len() > INPUTS { FIRST_INPUTS } else { x.len() })
            .map(|(name, &value)| vec![name.clone(), number(value)])
            .collect();
        for line in aligned(&cells, &[Align::Left, Align::Point]) {
            output.line(&format!("  x  {line}"));
        }
        if cells.len() < x.len() {
            output.line(&format!("  x  … {}", summary(&[], x, self.language)));
        }
        let y: Vec<String> = self.trace.target.iter().map(|&value| number(value)).collect();
        let label = match &self.model.target {
            TargetEncoder::Classes { labels, .. } => {
                let class = self.trace.target.first().map_or(0, |&class| class as usize);
                labels.get(class).map_or(String::new(), |label| format!(" ({label})"))
            }
            TargetEncoder::Regression { .. } | TargetEncoder::Multilabel { .. } => String::new(),
        };
        output.line(&format!("  y = {}{label}", y.join("  ")));
    }

    /// The parameters and states that a step is the first to use.
    fn print_parameters<'a>(&'a self, step: &Step, told: &mut Vec<&'a str>, output: &mut Output) {
        let parameters = self.explanation.parameters.iter().zip(&self.trace.parameters);
        let states = self.explanation.states.iter().zip(&self.trace.states);
        for (named, values) in parameters.chain(states) {
            if told.contains(&named.name.as_str()) || !uses(step, &named.symbol.text) {
                continue;
            }
            told.push(&named.name);
            output.line(&format!("  {}, {}", named.symbol.text, dims(&named.dims)));
            self.print_numbers(&named.dims, values, "", output);
        }
    }

    fn print_slope(&self, slope: &Slope, value: &[f64], output: &mut Output) {
        equation(&slope.to_string(), output);
        let mut steps = self.explanation.forward.iter().zip(&self.trace.locals);
        // The slope by what a function is applied to has the function's own slope in it.
        let local = steps.find_map(|(step, local)| {
            let function = self.explanation.functions.get(step.function?)?;
            let argument = step.formula.text.strip_prefix(&format!("{}(", function.name))?;
            let of = argument.strip_suffix(')')?;
            let is_it = self.symbol(&slope.of).is_some_and(|symbol| symbol == of);
            is_it.then_some((format!("{}′({of})", function.name), local.as_ref()?))
        });
        if let Some((name, local)) = local {
            self.print_numbers(&[], local, &format!("{name} = "), output);
        }
        let parameter = self.parameter(&slope.of);
        let shape = parameter.map_or(&[][..], |(named, _)| &named.dims);
        self.print_numbers(shape, value, "= ", output);
        if let Some((named, old)) = parameter {
            let symbol = &named.symbol.text;
            output.line(&format!("  {symbol} - α ∂L/∂{symbol}"));
            self.print_numbers(&named.dims, &self.updated(old, value), "= ", output);
        }
    }

    fn symbol(&self, name: &str) -> Option<&str> {
        let step = self.explanation.forward.iter().find(|step| step.name == name);
        step.map(|step| step.symbol.text.as_str())
    }

    /// A parameter with its values.
    pub fn parameter(&self, name: &str) -> Option<(&Named, &[f64])> {
        let parameters = self.explanation.parameters.iter().zip(&self.trace.parameters);
        let mut found = parameters.filter(|(named, _)| named.name == name);
        found.next().map(|(named, values)| (named, values.as_slice()))
    }

    /// w - α ∂L/∂w
    pub fn updated(&self, old: &[f64], slope: &[f64]) -> Vec<f64> {
        old.iter().zip(slope).map(|(w, slope)| w - self.rate * slope).collect()
    }
}

fn equation(text: &str, output: &mut Output) {
    let lines = broken(text, width(output) - 2);
    lines.iter().for_each(|line| output.line(&format!("  {line}")));
}
