//! From the network's outputs to predictions, in double: units, probabilities, labels.

use crate::data::{Link, TargetEncoder};
use crate::io::attribute::Attribute;
use crate::io::graph::{Dimension, GraphBuilder};
use crate::io::protobuf::ElementType;
use crate::losses::LEAST_VARIANCE;

/// Writes the outputs `prediction` and, for classes, `probabilities`, or `deviation` if the model
/// gives that.
pub(super) fn write(graph: &mut GraphBuilder, target: &TargetEncoder, outputs: &str) {
    let to_double = [("to", Attribute::cast_to(ElementType::Double))];
    let z = graph.node("Cast", "", &[outputs], &to_double);
    let columns = |count: usize| [Dimension::Rows, Dimension::Size(count)];
    match target {
        TargetEncoder::Regression { outputs } => {
            let stds: Vec<f64> = outputs.iter().map(|output| output.std).collect();
            let means: Vec<f64> = outputs.iter().map(|output| output.mean).collect();
            let width = outputs.len();
            let std = graph.initializer_f64("target_std", &[1, width], &stds);
            let mean = graph.initializer_f64("target_mean", &[1, width], &means);
            let link = target.link();
            let value = match link {
                Link::Normal => part(graph, &z, 0, width),
                Link::Identity | Link::Log | Link::Rate => z.clone(),
            };
            let scaled = graph.node("Mul", "", &[&value, &std], &[]);
            let prediction = match link {
                Link::Identity | Link::Normal => {
                    graph.named_node("prediction", "Add", "", &[&scaled, &mean], &[])
                }
                Link::Log => {
                    let logarithm = graph.node("Add", "", &[&scaled, &mean], &[]);
                    let exponential = graph.node("Exp", "", &[&logarithm], &[]);
                    let one = graph.scalar_f64(1.0);
                    graph.named_node("prediction", "Sub", "", &[&exponential, &one], &[])
                }
                Link::Rate => {
                    let logarithm = graph.node("Add", "", &[&scaled, &mean], &[]);
                    graph.named_node("prediction", "Exp", "", &[&logarithm], &[])
                }
            };
            graph.output(&prediction, ElementType::Double, &columns(width));
            if link == Link::Normal {
                let log_variance = part(graph, &z, width, width);
                let variance = graph.node("Exp", "", &[&log_variance], &[]);
                let least = graph.scalar_f64(LEAST_VARIANCE);
                let variance = graph.node("Add", "", &[&variance, &least], &[]);
                let deviation = graph.node("Sqrt", "", &[&variance], &[]);
                let deviation = graph.named_node("deviation", "Mul", "", &[&deviation, &std], &[]);
                graph.output(&deviation, ElementType::Double, &columns(width));
            }
        }
        TargetEncoder::Classes { labels, .. } => {
            let probabilities = if labels.len() == 2 {
                let negative = graph.node("Neg", "", &[&z], &[]);
                let no = graph.node("Sigmoid", "", &[&negative], &[]);
                let yes = graph.node("Sigmoid", "", &[&z], &[]);
                let across = [("axis", Attribute::Int(1))];
                graph.named_node("probabilities", "Concat", "", &[&no, &yes], &across)
            } else {
                let across = [("axis", Attribute::Int(-1))];
                graph.named_node("probabilities", "Softmax", "", &[&z], &across)
            };
            let first_of_row = [
                ("axis", Attribute::Int(1)),
                ("keepdims", Attribute::Int(1)),
                ("select_last_index", Attribute::Int(0)),
            ];
            let class = graph.node("ArgMax", "", &[&probabilities], &first_of_row);
            let names = graph.initializer_string("labels", &[labels.len()], labels);
            let axis = [("axis", Attribute::Int(0))];
            let prediction = graph.named_node("prediction", "Gather", "", &[&names, &class], &axis);
            graph.output(&prediction, ElementType::String, &columns(1));
            graph.output(&probabilities, ElementType::Double, &columns(labels.len()));
        }
        TargetEncoder::Multilabel { outputs } => {
            let probabilities = graph.named_node("probabilities", "Sigmoid", "", &[&z], &[]);
            let half = graph.scalar_f64(0.5);
            let above = graph.node("Greater", "", &[&probabilities, &half], &[]);
            let width = outputs.len();
            let words = |truth: usize| -> Vec<&str> {
                outputs.iter().map(|output| output.labels[truth].as_str()).collect()
            };
            let yes = graph.initializer_string("labels_yes", &[1, width], &words(1));
            let no = graph.initializer_string("labels_no", &[1, width], &words(0));
            let prediction = graph.named_node("prediction", "Where", "", &[&above, &yes, &no], &[]);
            graph.output(&prediction, ElementType::String, &columns(width));
            graph.output(&probabilities, ElementType::Double, &columns(width));
        }
    }
}

/// Columns of the network's outputs.
fn part(graph: &mut GraphBuilder, z: &str, start: usize, length: usize) -> String {
    let starts = graph.initializer_i64("starts", &[1], &[start as i64]);
    let ends = graph.initializer_i64("ends", &[1], &[(start + length) as i64]);
    let axes = graph.initializer_i64("axes", &[1], &[1]);
    graph.node("Slice", "", &[z, &starts, &ends, &axes], &[])
}
