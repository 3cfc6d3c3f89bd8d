//! What was found as JSON.

use chainrule::explanation::Explanation;
use chainrule::gradient_check::{Checked, Element, GradientCheck};

use super::gradients::symbol;
use crate::output::Object;

/// What was found of every parameter.
pub fn object(found: &GradientCheck, explanation: &Explanation) -> Object {
    let parameters = found.parameters.iter().map(|parameter| {
        named(parameter, explanation, "name")
            .counts("shape", &parameter.dims)
            .count("looked_at", parameter.looked_at as u64)
            .count("bent", parameter.bent as u64)
            .count("at_kinks", parameter.at_kinks as u64)
            .number("largest", parameter.largest)
            .object("worst", parameter.worst.as_ref().map(|worst| of(worst, Object::new())))
    });
    let worst = found.worst();
    let worst =
        worst.map(|(parameter, worst)| of(worst, named(parameter, explanation, "parameter")));
    Object::new()
        .count("rows", found.rows as u64)
        .number("loss", found.loss)
        .number("tolerance", found.tolerance)
        .number("rounding", found.rounding)
        .truth("passed", found.passed())
        .object("worst", worst)
        .objects("parameters", parameters)
}

/// A parameter by its name and its symbol.
fn named(parameter: &Checked, explanation: &Explanation, key: &str) -> Object {
    Object::new().text(key, &parameter.name).text("symbol", &symbol(parameter, explanation))
}

/// An element, added to what is told already.
fn of(element: &Element, object: Object) -> Object {
    object
        .counts("index", &element.index)
        .number("analytic", element.analytic)
        .number("numeric", element.numeric)
        .number("error", element.error)
}
