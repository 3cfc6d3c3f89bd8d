//! Truth values and categories: tables from texts to numbers.

use super::to_double;
use crate::data::{BooleanEncoding, CodeEncoding, SlotEncoding};
use crate::io::attribute::Attribute;
use crate::io::graph::GraphBuilder;
use crate::io::protobuf::ML_DOMAIN;

/// 1 for true and 0 for false, and the flag of a missing value.
pub(super) fn boolean(
    graph: &mut GraphBuilder,
    column: &str,
    encoding: &BooleanEncoding,
) -> Vec<String> {
    let fill = i64::from(encoding.fill);
    let words = boolean_words();
    let keys: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).chain([""]).collect();
    let truths: Vec<i64> = words.iter().map(|&(_, truth)| i64::from(truth)).chain([fill]).collect();
    let value = lookup(graph, column, &keys, &truths, fill);
    let mut parts = vec![to_double(graph, &value)];
    if encoding.missing {
        let known: Vec<i64> = keys.iter().map(|key| i64::from(key.is_empty())).collect();
        let absent = lookup(graph, column, &keys, &known, 1);
        parts.push(to_double(graph, &absent));
    }
    parts
}

/// 1 in the slot of the category and 0 in the others.
pub(super) fn slots(graph: &mut GraphBuilder, column: &str, encoding: &SlotEncoding) -> String {
    let levels = encoding.levels.len();
    let width = levels + usize::from(encoding.other) + usize::from(encoding.missing);
    // A category without a slot gets a number that no slot has.
    let unseen = if encoding.other { levels } else { width };
    let missing = encoding.slot(None).unwrap_or(unseen);
    let slot = place(graph, column, &encoding.levels, missing, unseen);
    let all: Vec<i64> = (0..width as i64).collect();
    let all = graph.initializer_i64("slots", &[1, width], &all);
    let equal = graph.node("Equal", "", &[&slot, &all], &[]);
    to_double(graph, &equal)
}

/// The code of the category.
pub(super) fn code(graph: &mut GraphBuilder, column: &str, encoding: &CodeEncoding) -> String {
    let unseen = encoding.codes();
    let missing = encoding.code(None).unwrap_or(unseen);
    let code = place(graph, column, &encoding.levels, missing, unseen);
    to_double(graph, &code)
}

/// The place of a category among its levels, or of the missing value, or of all others.
fn place(
    graph: &mut GraphBuilder,
    column: &str,
    levels: &[String],
    missing: usize,
    unseen: usize,
) -> String {
    let mut keys: Vec<&str> = levels.iter().map(String::as_str).collect();
    let mut places: Vec<i64> = (0..levels.len() as i64).collect();
    if !levels.iter().any(String::is_empty) {
        keys.push("");
        places.push(missing as i64);
    }
    lookup(graph, column, &keys, &places, unseen as i64)
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
