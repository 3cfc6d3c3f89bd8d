//! Preprocessing as standard operators: each column is an input, all arithmetic is in double.

use crate::data::{Encoder, Encoders, Encoding};
use crate::io::attribute::Attribute;
use crate::io::graph::{Dimension, GraphBuilder};
use crate::io::protobuf::{ElementType, ML_DOMAIN};

const COLUMN: [Dimension; 2] = [Dimension::Rows, Dimension::Size(1)];

/// Declares the columns and encodes them; returns the name of the rows of floats.
pub(super) fn write(graph: &mut GraphBuilder, encoders: &Encoders) -> String {
    for encoder in &encoders.columns {
        let element_type = match encoder.encoding {
            Encoding::Number { .. } => ElementType::Double,
            Encoding::Boolean { .. } | Encoding::Text { .. } | Encoding::Code { .. } => {
                ElementType::String
            }
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

/// The parts of one column: its value, and a flag for a missing one.
fn encode(graph: &mut GraphBuilder, encoder: &Encoder) -> Vec<String> {
    let column = encoder.name.as_str();
    match &encoder.encoding {
        Encoding::Number { fill, mean, std, missing } => {
            let absent = graph.node("IsNaN", "", &[column], &[]);
            let mut parts = Vec::new();
            if *std == 0.0 {
                // A constant column is 0 for every row, whatever stands in it.
                let zero = graph.scalar_f64(0.0);
                parts.push(graph.node("Where", "", &[&absent, &zero, &zero], &[]));
            } else {
                let fill = graph.scalar_f64(*fill);
                let filled = graph.node("Where", "", &[&absent, &fill, column], &[]);
                let mean = graph.scalar_f64(*mean);
                let centred = graph.node("Sub", "", &[&filled, &mean], &[]);
                let std = graph.scalar_f64(*std);
                parts.push(graph.node("Div", "", &[&centred, &std], &[]));
            }
            if *missing {
                parts.push(graph.node("Cast", "", &[&absent], &[to(ElementType::Double)]));
            }
            parts
        }
        Encoding::Boolean { fill, missing } => {
            let words = boolean_words();
            let keys: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).chain([""]).collect();
            let truths: Vec<i64> = words
                .iter()
                .map(|&(_, truth)| i64::from(truth))
                .chain([i64::from(*fill)])
                .collect();
            let value = lookup(graph, column, &keys, &truths, i64::from(*fill));
            let mut parts = vec![graph.node("Cast", "", &[&value], &[to(ElementType::Double)])];
            if *missing {
                let known: Vec<i64> = keys.iter().map(|key| i64::from(key.is_empty())).collect();
                let absent = lookup(graph, column, &keys, &known, 1);
                parts.push(graph.node("Cast", "", &[&absent], &[to(ElementType::Double)]));
            }
            parts
        }
        Encoding::Text { levels, .. } => {
            let width = encoder.encoding.width();
            // A category without a slot gets a number that no slot has.
            let unseen = unseen_slot(&encoder.encoding).unwrap_or(width);
            let slot = slot(graph, encoder, levels, unseen);
            let all: Vec<i64> = (0..width as i64).collect();
            let all = graph.initializer_i64("slots", &[1, width], &all);
            let equal = graph.node("Equal", "", &[&slot, &all], &[]);
            vec![graph.node("Cast", "", &[&equal], &[to(ElementType::Double)])]
        }
        Encoding::Code { levels, .. } => {
            let unseen = encoder.encoding.codes().unwrap_or(levels.len());
            let code = slot(graph, encoder, levels, unseen);
            vec![graph.node("Cast", "", &[&code], &[to(ElementType::Double)])]
        }
    }
}

/// The slot of a category, or of the missing value, where those without one have `unseen`.
fn slot(graph: &mut GraphBuilder, encoder: &Encoder, levels: &[String], unseen: usize) -> String {
    let mut keys: Vec<&str> = levels.iter().map(String::as_str).collect();
    let mut slots: Vec<i64> = (0..levels.len() as i64).collect();
    if !levels.iter().any(String::is_empty) {
        keys.push("");
        slots.push(encoder.encoding.slot(None).unwrap_or(unseen) as i64);
    }
    lookup(graph, &encoder.name, &keys, &slots, unseen as i64)
}

/// The slot of a category that training did not have.
fn unseen_slot(encoding: &Encoding) -> Option<usize> {
    match encoding {
        Encoding::Text { levels, other: true, .. } => Some(levels.len()),
        Encoding::Text { other: false, .. }
        | Encoding::Number { .. }
        | Encoding::Boolean { .. }
        | Encoding::Code { .. } => None,
    }
}

/// The words for truth and falsehood in the spellings that people use.
fn boolean_words() -> Vec<(String, bool)> {
    let mut words: Vec<(String, bool)> = Vec::new();
    for (word, truth) in crate::data::BOOLEAN_WORDS {
        let mut capital = word.to_owned();
        if let Some(first) = capital.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        for spelling in [word.to_owned(), capital, word.to_ascii_uppercase()] {
            if !words.iter().any(|(known, _)| *known == spelling) {
                words.push((spelling, truth));
            }
        }
    }
    words
}

/// A table from texts to integers.
fn lookup(
    graph: &mut GraphBuilder,
    column: &str,
    keys: &[&str],
    values: &[i64],
    default: i64,
) -> String {
    let table = [
        ("keys_strings", Attribute::Strings(keys.to_vec())),
        ("values_int64s", Attribute::Ints(values)),
        ("default_int64", Attribute::Int(default)),
    ];
    graph.node("LabelEncoder", ML_DOMAIN, &[column], &table)
}
