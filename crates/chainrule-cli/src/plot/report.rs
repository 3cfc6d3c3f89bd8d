//! The numbers of a plot as JSON.

use super::curve::{Curve, Curves, Tangent};
use super::field::{Field, Levels};
use super::function::Function;
use super::walk::Walk;
use crate::output::Object;

/// What a plot of curves shows.
pub fn curves(
    file: Option<&str>,
    by: &str,
    shown: [f64; 2],
    curves: &Curves,
    walks: &[Walk],
) -> Object {
    let functions = curves.curves.iter().filter(|curve| !curve.is_derivative);
    let objects: Vec<Object> = functions.map(|curve| function(curve, curves)).collect();
    begin(file)
        .text("by", by)
        .lists("window", [shown, curves.all_heights()])
        .objects("curves", objects)
        .objects("paths", walks.iter().map(path))
}

fn function(curve: &Curve, curves: &Curves) -> Object {
    let own = curve.function;
    let derivative =
        curves.curves.iter().find(|other| other.is_derivative && other.function == own);
    let tangents = curves.tangents.iter().filter(|tangent| tangent.function == own);
    let mut object = Object::new().text("formula", &curve.formula);
    if let Some(derivative) = derivative {
        object = object.text("derivative", &derivative.formula);
    }
    if let Some([least, most]) = curve.extremes() {
        object = object
            .number("minimum", least[1])
            .number("minimum_at", least[0])
            .number("maximum", most[1])
            .number("maximum_at", most[0]);
    }
    object = object
        .objects("tangents", tangents.map(tangent))
        .lists("points", curve.points.iter().copied());
    match derivative {
        Some(derivative) => object.lists("derivative_points", derivative.points.iter().copied()),
        None => object,
    }
}

fn tangent(tangent: &Tangent) -> Object {
    Object::new()
        .number("at", tangent.at[0])
        .number("value", tangent.at[1])
        .number("slope", tangent.slope)
        .number("intercept", tangent.intercept())
}

/// What a plot of contours shows.
pub fn contours(
    file: Option<&str>,
    by: [&str; 2],
    shown: [[f64; 2]; 2],
    function: &Function,
    field: &Field,
    levels: &Levels,
    walks: &[Walk],
) -> Object {
    let contour = |&level: &f64| {
        let lines = field.lines(level, levels.by_factors);
        Object::new().number("level", level).count("lines", lines.len() as u64)
    };
    let mut object = begin(file)
        .texts("by", &by)
        .lists("window", shown)
        .text("formula", &function.value().to_string())
        .objects("contours", levels.values.iter().map(contour));
    if let Some([lowest, highest]) = field.extremes() {
        object = object.lists("minimum", [lowest]).lists("maximum", [highest]);
    }
    object.objects("paths", walks.iter().map(path))
}

fn path(walk: &Walk) -> Object {
    Object::new()
        .text("optimizer", &walk.optimizer)
        .number("learning_rate", walk.learning_rate)
        .truth("diverged", walk.diverged)
        .lists("path", walk.places.iter().map(|place| place.iter().copied()))
}

fn begin(file: Option<&str>) -> Object {
    match file {
        Some(file) => Object::new().text("output", file),
        None => Object::new().object("output", None),
    }
}
