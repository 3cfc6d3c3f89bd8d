//! The findings as one JSON object.

use chainrule::Language;
use chainrule::calculus::{Limit, Local, Quotient, Slope, Step, There};

use super::words::check;
use super::{Derivative, Findings};
use crate::failure::Failure;
use crate::output::Object;

/// Everything that was found.
pub fn object(findings: &Findings<'_>) -> Result<Object, Failure> {
    let function = findings.function;
    let simplified = function.simplified().to_string();
    let mut object = Object::new()
        .text("formula", function.text())
        .text("latex", &function.latex()?)
        .text("simplified", &simplified)
        .texts("variables", function.variables());
    if let Some(there) = &findings.there {
        let point = there.point();
        let values: Vec<(&str, f64)> =
            point.names().filter_map(|name| Some((name, point.value(name)?))).collect();
        object = object
            .object("at", Some(Object::new().numbers(&values)))
            .text("precision", &point.precision().to_string())
            .number("value", there.value());
    }
    let mut derivatives = Vec::new();
    for derivative in &findings.derivatives {
        derivatives.push(self::derivative(findings, derivative)?);
    }
    object = object.objects("derivatives", derivatives);
    let steps = findings.derivatives.iter().flat_map(|derivative| {
        derivative.steps.iter().map(|step| self::step(&derivative.partial.by.join(","), step))
    });
    let rows = findings.derivatives.iter().flat_map(|derivative| {
        let by = derivative.partial.by.join(",");
        derivative.limit.iter().flat_map(move |limit| rows(&by, limit))
    });
    if findings.derivatives.iter().any(|derivative| !derivative.steps.is_empty()) {
        object = object.objects("steps", steps);
    }
    if findings.derivatives.iter().any(|derivative| derivative.limit.is_some()) {
        object = object.objects("limit", rows);
    }
    Ok(match findings.there.as_ref().and_then(There::problem) {
        Some(problem) => object.text("problem", &problem.to_string()),
        None => object,
    })
}

fn derivative(findings: &Findings<'_>, derivative: &Derivative) -> Result<Object, Failure> {
    let Derivative { partial, slope, .. } = derivative;
    let object = Object::new()
        .text(
            "by",
            &partial.by.iter().fold(String::new(), |by, name| match by.is_empty() {
                true => name.clone(),
                false if by.split(',').next_back() == Some(name) => by,
                false => format!("{by},{name}"),
            }),
        )
        .count("order", partial.order() as u64)
        .text("text", &partial.text())
        .text("latex", &partial.latex()?);
    let Some(slope) = slope else { return Ok(object) };
    let object = object.number("value", slope.value).number("numeric", slope.numeric.value);
    Ok(match slope {
        Slope { sides: Some(sides), .. } => {
            let side = |side: Option<f64>| side.unwrap_or(f64::NAN);
            object
                .number("left", side(sides.left))
                .number("right", side(sides.right))
                .number("training", slope.convention)
                .text("note", &check(slope, findings.precision()))
        }
        slope if slope.value.is_nan() => object,
        slope => object.truth("agrees", slope.agrees()),
    })
}

fn step(by: &str, step: &Step) -> Object {
    let optional = |object: Object, name: &str, text: &Option<String>| match text {
        Some(text) => object.text(name, text),
        None => object,
    };
    let locals = step.locals.iter().map(|Local { by, text, latex, value }| {
        let local = Object::new().text("by", by).text("text", text).text("latex", latex);
        value.map_or(local.clone(), |value| local.number("value", value))
    });
    let object = Object::new()
        .text("by", by)
        .text("name", &step.name)
        .text("text", &step.text)
        .text("latex", &step.latex)
        .text("rule", step.rule.name().of(Language::English))
        .objects("locals", locals);
    let object = optional(object, "product", &step.product);
    let object = optional(object, "product_latex", &step.product_latex);
    let object = optional(object, "derivative", &step.derivative);
    let object = optional(object, "derivative_latex", &step.derivative_latex);
    match (step.value, step.slope) {
        (Some(value), Some(slope)) => {
            object.number("value", value).number("derivative_value", slope)
        }
        _ => object,
    }
}

fn rows(by: &str, limit: &Limit) -> Vec<Object> {
    let rows = limit.rows.iter().enumerate().map(|(i, row)| {
        let quotient = |object: Object, name: &str, quotient: &Quotient| {
            let error = format!("{name}_error");
            object.number(name, quotient.value).number(&error, quotient.error)
        };
        let object = Object::new().text("by", by).number("step", row.step);
        let object = quotient(object, "forward", &row.forward);
        let object = quotient(object, "central", &row.central);
        let best = [("forward", limit.best_forward), ("central", limit.best_central)];
        let best: Vec<&str> =
            best.iter().filter(|(_, row)| *row == Some(i)).map(|(name, _)| *name).collect();
        object.texts("best", &best)
    });
    rows.collect()
}
