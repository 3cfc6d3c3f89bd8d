//! Numbers: filled, brought into shape, scaled.

use super::to_double;
use crate::data::{Curve, NumberEncoding};
use crate::io::attribute::Attribute;
use crate::io::graph::GraphBuilder;

/// What is written of a column of numbers.
pub(super) struct Written {
    /// Where a number is missing.
    pub absent: String,
    /// The number, a missing one filled; none of a constant column.
    pub filled: Option<String>,
    value: String,
    pub flag: Option<String>,
}

impl Written {
    pub(super) fn parts(self) -> Vec<String> {
        std::iter::once(self.value).chain(self.flag).collect()
    }

    pub(super) fn value(&self) -> String {
        self.value.clone()
    }
}

/// (curve(x) − mean)/std of the filled x, and the flag of a missing one.
pub(super) fn write(graph: &mut GraphBuilder, column: &str, encoding: &NumberEncoding) -> Written {
    let absent = graph.node("IsNaN", "", &[column], &[]);
    let (filled, value) = if encoding.std == 0.0 {
        // A constant column is 0 for every row, whatever stands in it.
        let zero = graph.scalar_f64(0.0);
        (None, graph.node("Where", "", &[&absent, &zero, &zero], &[]))
    } else {
        let filled = fill(graph, column, &absent, encoding.fill);
        let shaped = shape(graph, &filled, &encoding.curve);
        let mean = graph.scalar_f64(encoding.mean);
        let centred = graph.node("Sub", "", &[&shaped, &mean], &[]);
        let std = graph.scalar_f64(encoding.std);
        (Some(filled), graph.node("Div", "", &[&centred, &std], &[]))
    };
    let flag = encoding.missing.then(|| to_double(graph, &absent));
    Written { absent, filled, value, flag }
}

pub(super) fn fill(graph: &mut GraphBuilder, column: &str, absent: &str, fill: f64) -> String {
    let fill = graph.scalar_f64(fill);
    graph.node("Where", "", &[absent, &fill, column], &[])
}

/// A number that has passed a curve.
fn shape(graph: &mut GraphBuilder, x: &str, curve: &Curve) -> String {
    match curve {
        Curve::Identity => x.to_owned(),
        Curve::Log => {
            let one = graph.scalar_f64(1.0);
            let sum = graph.node("Add", "", &[&one, x], &[]);
            graph.node("Log", "", &[&sum], &[])
        }
        Curve::Lines { .. } => {
            let lines = curve.lines();
            let (Some(&first), Some(&last), [_, inner @ .., _]) =
                (lines.start.first(), lines.start.last(), lines.start.as_slice())
            else {
                let zero = graph.scalar_f64(0.0);
                return graph.node("Mul", "", &[x, &zero], &[]);
            };
            let (low, high) = (graph.scalar_f64(first), graph.scalar_f64(last));
            let x = graph.node("Max", "", &[x, &low], &[]);
            let x = graph.node("Min", "", &[&x, &high], &[]);
            let line = match inner.is_empty() {
                // Of one line there is no number to find out.
                true => {
                    let zero = graph.scalar_f64(0.0);
                    let zero = graph.node("Mul", "", &[&x, &zero], &[]);
                    to_index(graph, &zero)
                }
                false => {
                    let inner = graph.initializer_f64("line_starts", &[1, inner.len()], inner);
                    let passed = graph.node("GreaterOrEqual", "", &[&x, &inner], &[]);
                    let passed = to_index(graph, &passed);
                    let axis = graph.initializer_i64("axis", &[1], &[1]);
                    let keep = [("keepdims", Attribute::Int(1))];
                    graph.node("ReduceSum", "", &[&passed, &axis], &keep)
                }
            };
            let mut of_line = |name: &str, values: &[f64]| {
                let table = graph.initializer_f64(name, &[values.len()], values);
                graph.node("Gather", "", &[&table, &line], &[("axis", Attribute::Int(0))])
            };
            let start = of_line("line_start", &lines.start);
            let value = of_line("line_value", &lines.value);
            let slope = of_line("line_slope", &lines.slope);
            let along = graph.node("Sub", "", &[&x, &start], &[]);
            let rise = graph.node("Mul", "", &[&along, &slope], &[]);
            graph.node("Add", "", &[&value, &rise], &[])
        }
    }
}

pub(super) fn to_index(graph: &mut GraphBuilder, value: &str) -> String {
    use crate::io::protobuf::ElementType;
    graph.node("Cast", "", &[value], &[super::to(ElementType::Int64)])
}
