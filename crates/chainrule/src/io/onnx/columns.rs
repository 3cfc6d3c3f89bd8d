//! Preprocessing as standard operators: each column is an input, all arithmetic is in double.

mod category;
mod date;
mod number;

use crate::data::{Encoder, Encoders, Encoding};
use crate::io::attribute::Attribute;
use crate::io::graph::{Dimension, GraphBuilder};
use crate::io::protobuf::ElementType;

const COLUMN: [Dimension; 2] = [Dimension::Rows, Dimension::Size(1)];

/// Declares the columns and encodes them; returns the name of the rows of floats.
pub(super) fn write(graph: &mut GraphBuilder, encoders: &Encoders) -> String {
    for encoder in &encoders.columns {
        let element_type = match encoder.encoding {
            Encoding::Number(_) | Encoding::Date(_) => ElementType::Double,
            Encoding::Boolean(_) | Encoding::Text(_) | Encoding::Code(_) => ElementType::String,
        };
        graph.input(&encoder.name, element_type, &COLUMN);
    }
    let encoded: Vec<String> =
        encoders.columns.iter().flat_map(|encoder| encode(graph, encoder)).collect();
    let parts: Vec<&str> = encoded.iter().map(String::as_str).collect();
    let features = graph.node("Concat", "", &parts, &[("axis", Attribute::Int(1))]);
    graph.named_node("features", "Cast", "", &[&features], &[to(ElementType::Float)])
}

fn to(element_type: ElementType) -> (&'static str, Attribute<'static>) {
    ("to", Attribute::cast_to(element_type))
}

fn to_double(graph: &mut GraphBuilder, value: &str) -> String {
    graph.node("Cast", "", &[value], &[to(ElementType::Double)])
}

/// The parts of one column: its value, and a flag for a missing one.
fn encode(graph: &mut GraphBuilder, encoder: &Encoder) -> Vec<String> {
    let column = encoder.name.as_str();
    match &encoder.encoding {
        Encoding::Number(encoding) => number::write(graph, column, encoding).parts(),
        Encoding::Date(encoding) => date::write(graph, column, encoding),
        Encoding::Boolean(encoding) => category::boolean(graph, column, encoding),
        Encoding::Text(encoding) => vec![category::slots(graph, column, encoding)],
        Encoding::Code(encoding) => vec![category::code(graph, column, encoding)],
    }
}
