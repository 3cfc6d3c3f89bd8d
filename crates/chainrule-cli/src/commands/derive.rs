//! `chainrule derive`: a formula, its derivatives, and how each is found.

mod object;
mod steps;
mod table;
mod words;

use chainrule::calculus::Precision;
use console::{Alignment, pad_str};

use chainrule::calculus::{Function, Limit, Partial, Point, Slope, Step, There};

use crate::args::Derive;
use crate::failure::Failure;
use crate::output::{Align, Output};
use words::{full, symbol};

/// Differentiates a formula.
pub fn run(args: &Derive, output: &mut Output) -> Result<(), Failure> {
    let function = Function::read(&args.formula).map_err(Failure::Formula)?;
    let by = variables(args, &function, output);
    let by: Vec<&str> = by.iter().map(String::as_str).collect();
    let partials = function.partials(&by, args.order)?;
    let point = point(args, &function)?;
    let there = point.as_ref().map(|point| function.at(point)).transpose()?;
    let findings = Findings::new(args, &function, &by, partials, there)?;
    if output.json() {
        output.object(object::object(&findings)?);
    } else {
        print(&findings, output)?;
    }
    match findings.there.as_ref().and_then(There::problem) {
        Some(problem) => Err(Failure::Undefined { problem: problem.to_string() }),
        None => Ok(()),
    }
}

/// Everything that is shown.
struct Findings<'a> {
    function: &'a Function,
    by: Vec<&'a str>,
    derivatives: Vec<Derivative>,
    there: Option<There<'a>>,
    /// How many steps there are that are shown only if asked for.
    untold_steps: usize,
}

/// A derivative with what is shown of it.
struct Derivative {
    partial: Partial,
    /// At the point, if there is one.
    slope: Option<Slope>,
    steps: Vec<Step>,
    limit: Option<Limit>,
}

/// The most steps that are shown unasked.
const FEW_STEPS: usize = 12;

impl<'a> Findings<'a> {
    fn new(
        args: &Derive,
        function: &'a Function,
        by: &[&'a str],
        partials: Vec<Partial>,
        there: Option<There<'a>>,
    ) -> Result<Self, Failure> {
        let is_one = by.len() == 1 && !args.brief;
        let mut untold_steps = 0;
        let mut derivatives = Vec::new();
        for partial in partials {
            let slope = there.as_ref().map(|there| there.slope(&partial)).transpose()?;
            let (mut steps, mut limit) = (Vec::new(), None);
            if let ([name], true) = (&partial.by[..], is_one || args.steps) {
                steps = match there.as_ref().filter(|there| there.problem().is_none()) {
                    Some(there) => there.steps(name)?,
                    None => function.steps(name)?,
                };
                if steps.len() > FEW_STEPS && !args.steps {
                    untold_steps = steps.len();
                    steps.clear();
                }
            }
            if let (Some(there), true) = (&there, is_one || args.limit) {
                limit = there.limit(&partial)?;
            }
            derivatives.push(Derivative { partial, slope, steps, limit });
        }
        Ok(Self { function, by: by.to_vec(), derivatives, there, untold_steps })
    }

    fn symbol(&self, partial: &Partial) -> String {
        symbol(self.function.name(), partial, self.function.variables().len() > 1)
    }

    fn precision(&self) -> Precision {
        self.there.as_ref().map_or(Precision::F64, |there| there.point().precision())
    }
}

/// What is differentiated by: what is asked for, or every variable.
fn variables(args: &Derive, function: &Function, output: &mut Output) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in &args.by {
        let name = name.trim().trim_matches('`').to_owned();
        if !function.variables().contains(&name) {
            output.note(&format!("{name} does not occur in the formula, so it changes nothing"));
        }
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() { function.variables().to_vec() } else { names }
}

/// The point, if there is one; a formula without variables is the same at every point.
fn point(args: &Derive, function: &Function) -> Result<Option<Point>, Failure> {
    if args.at.is_empty() && !function.variables().is_empty() {
        return Ok(None);
    }
    let precision = if args.f32 { Precision::F32 } else { Precision::F64 };
    let point = Point::parse(&args.at).map_err(Failure::Formula)?;
    Ok(Some(point.in_precision(precision)))
}

fn print(findings: &Findings<'_>, output: &mut Output) -> Result<(), Failure> {
    let mut rows =
        vec![(vec![label(findings.function.name())], findings.function.text().to_owned())];
    let simplified = findings.function.simplified().to_string();
    if simplified != findings.function.expr().to_string() {
        rows.push((vec![label("")], format!("= {simplified}")));
    }
    for Derivative { partial, .. } in &findings.derivatives {
        rows.push((vec![label(&findings.symbol(partial))], partial.text()));
    }
    output.explained(&rows, &[Align::Left]);
    if let Some(there) = &findings.there {
        print_values(findings, there, output);
    }
    for derivative in &findings.derivatives {
        let by = derivative.partial.by.join(",");
        if steps::tell_something(&derivative.steps) {
            steps::print(findings, &by, &derivative.steps, output);
        }
        if let Some(limit) = &derivative.limit {
            table::print(findings, &by, limit, output);
        }
    }
    if findings.untold_steps > 0 {
        output.line("");
        let text = format!("{} steps; --steps shows them", findings.untold_steps);
        output.result("chain rule", &text);
    } else if findings.by.len() > 1 && findings.derivatives.iter().all(|d| d.steps.is_empty()) {
        output.line("");
        let example = findings.by[0];
        output.result("chain rule", &format!("--by {example} shows it step by step"));
    }
    Ok(())
}

/// The values at the point, each with what the differences say.
fn print_values(findings: &Findings<'_>, there: &There<'_>, output: &mut Output) {
    output.line("");
    let precision = findings.precision();
    let single = if precision == Precision::F32 { ", in f32" } else { "" };
    if findings.function.variables().is_empty() {
        output.line(&format!("value{single}"));
    } else {
        output.line(&format!("at {}{single}", there.point()));
    }
    let mut rows = Vec::new();
    let value = full(there.value(), precision);
    let value = if there.value().is_nan() { "undefined".to_owned() } else { value };
    rows.push((vec![label(findings.function.name()), value], String::new()));
    for Derivative { partial, slope, .. } in &findings.derivatives {
        let Some(slope) = slope.as_ref().filter(|_| there.problem().is_none()) else { continue };
        let text = words::check(slope, precision);
        let value = match slope.exists() {
            true => full(slope.value, precision),
            false => "none".to_owned(),
        };
        rows.push((vec![label(&findings.symbol(partial)), value], text));
    }
    output.explained(&rows, &[Align::Left, Align::Left]);
}

/// A label as wide as every other.
fn label(text: &str) -> String {
    pad_str(text, 9, Alignment::Left, None).into_owned()
}
