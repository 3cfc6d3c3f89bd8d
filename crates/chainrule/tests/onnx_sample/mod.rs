//! A small model of the kind that the exporter writes: raw columns in, labels and probabilities
//! out, with a function of its own.

use chainrule::io::attribute::Attribute;
use chainrule::io::graph::{Dimension, FunctionBuilder, GraphBuilder};
use chainrule::io::protobuf::{ElementType, ML_DOMAIN, ModelProto};

/// `age` (number, NaN for missing) and `성별` (text, "" for missing) to one of three labels.
pub fn sample_model() -> ModelProto {
    const COLUMN: [Dimension; 2] = [Dimension::Rows, Dimension::Size(1)];
    let mut graph = GraphBuilder::new("sample");
    graph.input("age", ElementType::Double, &COLUMN);
    graph.input("성별", ElementType::String, &COLUMN);

    let missing = graph.node("IsNaN", "", &["age"], &[]);
    let fill = graph.scalar_f64(29.7);
    let filled = graph.node("Where", "", &[&missing, &fill, "age"], &[]);
    let mean = graph.scalar_f64(29.7);
    let centred = graph.node("Sub", "", &[&filled, &mean], &[]);
    let deviation = graph.scalar_f64(14.5);
    let age = graph.node("Div", "", &[&centred, &deviation], &[]);
    let to_double = [("to", Attribute::cast_to(ElementType::Double))];
    let flag = graph.node("Cast", "", &[&missing], &to_double);

    let encoder = [
        ("keys_strings", Attribute::Strings(vec!["male", "여성", ""])),
        ("values_int64s", Attribute::Ints(&[0, 1, 2])),
        ("default_int64", Attribute::Int(3)),
    ];
    let code = graph.node("LabelEncoder", ML_DOMAIN, &["성별"], &encoder);
    let codes = graph.initializer_i64("codes", &[1, 4], &[0, 1, 2, 3]);
    let equal = graph.node("Equal", "", &[&code, &codes], &[]);
    let one_hot = graph.node("Cast", "", &[&equal], &to_double);

    let row = [("axis", Attribute::Int(1))];
    let features = graph.node("Concat", "", &[&age, &flag, &one_hot], &row);
    let to_float = [("to", Attribute::cast_to(ElementType::Float))];
    let x = graph.node("Cast", "", &[&features], &to_float);

    graph.function(swish());
    let (w, b) = parameters(&mut graph, 6, 8);
    let hidden = graph.node("Gemm", "", &[&x, &w, &b], &[]);
    let hidden = graph.node("Relu", "", &[&hidden], &[]);
    let (w, b) = parameters(&mut graph, 8, 8);
    let hidden = graph.node("Gemm", "", &[&hidden, &w, &b], &[]);
    let hidden = graph.node("swish", "chainrule", &[&hidden], &[]);
    let (w, b) = parameters(&mut graph, 8, 3);
    let logits = graph.node("Gemm", "", &[&hidden, &w, &b], &[]);
    let last = [("axis", Attribute::Int(-1))];
    let probabilities = graph.named_node("probabilities", "Softmax", "", &[&logits], &last);
    let first_of_row = [
        ("axis", Attribute::Int(1)),
        ("keepdims", Attribute::Int(0)),
        ("select_last_index", Attribute::Int(0)),
    ];
    let class = graph.node("ArgMax", "", &[&probabilities], &first_of_row);
    let labels = graph.initializer_string("labels", &[3], &["low", "mid, \"quoted\"", "높음"]);
    let axis = [("axis", Attribute::Int(0))];
    let prediction = graph.named_node("prediction", "Gather", "", &[&labels, &class], &axis);

    let rows = [Dimension::Rows];
    let table = [Dimension::Rows, Dimension::Size(3)];
    graph.output(&prediction, ElementType::String, &rows);
    graph.output(&probabilities, ElementType::Float, &table);
    graph.finish(&[("chainrule.task", "multiclass")]).expect("the sample model is sound")
}

/// x · sigmoid(x), as an operator of the file.
fn swish() -> chainrule::io::protobuf::FunctionProto {
    let mut body = FunctionBuilder::new("chainrule", "swish", &["x"], &[]);
    let gate = body.node("Sigmoid", "", &["x"], &[]);
    let y = body.node("Mul", "", &["x", &gate], &[]);
    body.finish(&[&y])
}

/// Weights and bias with values that depend on their place only.
fn parameters(graph: &mut GraphBuilder, inputs: usize, outputs: usize) -> (String, String) {
    let value = |place: usize| ((place * 37 + inputs * 11) % 101) as f32 / 50.0 - 1.0;
    let weight: Vec<f32> = (0..inputs * outputs).map(value).collect();
    let bias: Vec<f32> = (0..outputs).map(|place| value(place + 5) / 4.0).collect();
    let weight = graph.initializer_f32("weight", &[inputs, outputs], &weight);
    let bias = graph.initializer_f32("bias", &[outputs], &bias);
    (weight, bias)
}
