//! The explanation as one JSON object.

use chainrule::explanation::{Explanation, Named, Slope, Step};
use chainrule::{Language, Model};

use super::row::OfRow;
use super::words::units;
use crate::output::Object;

/// Everything that is explained, with the numbers of a row if there is one.
pub fn object(
    model: &Model,
    explanation: &Explanation,
    row: Option<&OfRow<'_>>,
    language: Language,
) -> Object {
    let forward = explanation.forward.iter().enumerate().map(|(place, step)| {
        let object = self::step(explanation, step);
        let Some(row) = row else { return object };
        let object = object.lists("values", [row.trace.steps[place].iter().copied()]);
        match &row.trace.locals[place] {
            Some(local) => object.lists("slopes", [local.iter().copied()]),
            None => object,
        }
    });
    let backward = explanation.backward.iter().enumerate().map(|(place, slope)| {
        let object = self::slope(slope);
        let Some(row) = row else { return object };
        let width = row.parameter(&slope.of).map_or(1, |(named, _)| width(named));
        object.lists("values", rows(&row.trace.slopes[place], width))
    });
    let functions = explanation.functions.iter().map(|function| {
        Object::new()
            .text("name", &function.name)
            .text("text", &function.definition.text)
            .text("latex", &function.definition.latex)
            .text("derivative", &function.derivative.text)
            .text("derivative_latex", &function.derivative.latex)
    });
    let parameters = explanation.parameters.iter().map(|named| {
        let object = self::named(named);
        let Some((row, (_, values))) = row.and_then(|row| Some((row, row.parameter(&named.name)?)))
        else {
            return object;
        };
        let object = object.lists("values", rows(values, width(named)));
        let slope = explanation.backward.iter().position(|slope| slope.of == named.name);
        match slope {
            Some(place) => {
                let updated = row.updated(values, &row.trace.slopes[place]);
                object.lists("updated", rows(&updated, width(named)))
            }
            None => object,
        }
    });
    let states = explanation.states.iter().enumerate().map(|(place, named)| match row {
        Some(row) => {
            self::named(named).lists("values", rows(&row.trace.states[place], width(named)))
        }
        None => self::named(named),
    });
    let object = Object::new()
        .text("loss", &explanation.loss)
        .text("units", &units(model, language))
        .truth("dropout_is_off", explanation.has_dropout)
        .truth("running_values", !explanation.states.is_empty());
    let object = match row {
        Some(row) => object
            .count("row", row.number as u64)
            .count("line", row.table.line(row.number - 1))
            .number("learning_rate", row.rate)
            .lists("x", [row.trace.input.iter().copied()])
            .lists("y", [row.trace.target.iter().copied()]),
        None => object,
    };
    object
        .objects("forward", forward)
        .objects("backward", backward)
        .objects("functions", functions)
        .objects("parameters", parameters)
        .objects("states", states)
}

fn step(explanation: &Explanation, step: &Step) -> Object {
    let object = Object::new()
        .text("symbol", &step.symbol.text)
        .text("text", &step.formula.text)
        .text("latex", &step.formula.latex)
        .text("symbol_latex", &step.symbol.latex)
        .counts("shape", &step.definition.shape().dims)
        .truth("aside", step.is_aside);
    match step.function {
        Some(place) => object.text("function", &explanation.functions[place].name),
        None => object,
    }
}

fn slope(slope: &Slope) -> Object {
    let object = Object::new()
        .text("of", &slope.of)
        .text("symbol", &slope.derivative.text)
        .text("symbol_latex", &slope.derivative.latex);
    let object = match &slope.short {
        Some(short) => object.text("short", &short.text).text("short_latex", &short.latex),
        None => object,
    };
    object.text("text", &slope.formula.text).text("latex", &slope.formula.latex)
}

fn named(named: &Named) -> Object {
    Object::new()
        .text("name", &named.name)
        .text("symbol", &named.symbol.text)
        .text("symbol_latex", &named.symbol.latex)
        .counts("shape", &named.dims)
}

/// The columns of a matrix; of a row, all of it.
fn width(named: &Named) -> usize {
    named.dims.last().copied().unwrap_or(1).max(1)
}

/// Numbers as the rows of a matrix.
fn rows(values: &[f64], width: usize) -> impl Iterator<Item = impl Iterator<Item = f64>> {
    values.chunks(width.max(1)).map(|row| row.iter().copied())
}
