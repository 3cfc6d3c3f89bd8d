//! The chain rule, as one writes it on paper.

use console::measure_text_width;

use chainrule::Language;
use chainrule::calculus::{Local, Step};

use super::Findings;
use super::words::equals;
use crate::output::Output;

/// Where the names of the rules stand.
const RULES: usize = 50;

/// The width up to which a chain of equations stands on one line.
const LINE: usize = 76;

/// Whether there is more to see than the derivative.
pub fn tell_something(steps: &[Step]) -> bool {
    steps.len() > 1 || steps.iter().any(|step| step.product.is_some())
}

/// Prints the steps, from the inside out.
pub fn print(findings: &Findings<'_>, by: &str, steps: &[Step], output: &mut Output) {
    output.line("");
    let title = format!("by {by}, from the inside out; ' is the derivative by {by}");
    output.result("chain rule", &title);
    output.line("");
    let precision = findings.precision();
    let value = |value: Option<f64>| value.map(|value| equals(value, precision));
    for step in steps {
        let equation = joined(&step.name, &[Some(equal(&step.text)), value(step.value)], LINE);
        let blanks = " ".repeat(RULES.saturating_sub(2 + measure_text_width(&equation[0])).max(3));
        let rule = step.rule.name().of(Language::English);
        output.line(&format!("  {}{blanks}{rule}", equation[0]));
        for line in &equation[1..] {
            output.line(&format!("  {line}"));
        }
        let d = if findings.function.variables().len() > 1 { "∂" } else { "d" };
        for Local { by, text, value: at, .. } in &step.locals {
            let symbol = format!("{d}{}/{d}{by}", step.name);
            print_equation(&symbol, &[Some(equal(text)), value(*at)], output);
        }
        let product =
            step.product.as_deref().filter(|text| step.derivative.as_deref() != Some(text));
        let sides = [product.map(equal), step.derivative.as_deref().map(equal), value(step.slope)];
        print_equation(&format!("{}'", step.name), &sides, output);
    }
}

fn equal(text: &str) -> String {
    format!("= {text}")
}

fn print_equation(symbol: &str, sides: &[Option<String>], output: &mut Output) {
    for line in joined(symbol, sides, LINE - 6) {
        output.line(&format!("      {line}"));
    }
}

/// A symbol and what it is equal to, on one line if it fits.
fn joined(symbol: &str, sides: &[Option<String>], width: usize) -> Vec<String> {
    let mut sides: Vec<&str> = sides.iter().flatten().map(String::as_str).collect();
    // What comes out as a number says the same twice.
    sides.dedup();
    let line = format!("{symbol} {}", sides.join(" "));
    if measure_text_width(&line) <= width || sides.len() < 2 {
        return vec![line];
    }
    let blanks = " ".repeat(measure_text_width(symbol));
    let first = std::iter::once(format!("{symbol} {}", sides[0]));
    first.chain(sides[1..].iter().map(|side| format!("{blanks} {side}"))).collect()
}
