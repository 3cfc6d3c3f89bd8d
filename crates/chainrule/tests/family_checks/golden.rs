//! Reads golden values: JSON with numbers, or with strings of more digits and "inf", "nan".

use serde_json::Value;

/// The list of cases of a file.
pub fn cases(text: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(text).unwrap();
    file["cases"].as_array().unwrap().clone()
}

/// A number, written as one or as a string.
pub fn number(value: &Value) -> f64 {
    match value {
        Value::String(text) => text.parse().unwrap(),
        _ => value.as_f64().unwrap(),
    }
}

/// The numbers of a list, of lists in it one after the other.
pub fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(list) => list.iter().flat_map(numbers).collect(),
        _ => vec![number(value)],
    }
}
