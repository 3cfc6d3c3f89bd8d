//! A model written by the ONNX project's own Python package reads as what was put into it.

use chainrule::io::protobuf::{DimensionProto, ElementType, ModelProto, decode};
use chainrule::io::{Attribute, Initializers, OnnxError, wire};

const FOREIGN: &[u8] = include_bytes!("onnx_foreign/foreign.pb");

fn model() -> ModelProto {
    decode(FOREIGN).expect("a sound model")
}

#[test]
fn header_inputs_metadata_and_functions() {
    let model = model();
    assert_eq!((model.ir_version, model.producer_name.as_str()), (8, "onnx.helper"));
    let opsets: Vec<_> =
        model.opset_import.iter().map(|set| (set.domain.as_str(), set.version)).collect();
    assert_eq!(opsets, [("", 17), ("ai.onnx.ml", 3), ("local", 1)]);
    let entry = &model.metadata_props[0];
    assert_eq!((entry.key.as_str(), entry.value.as_str()), ("key", "값"));

    let graph = model.graph.as_ref().expect("a graph");
    let x = graph.input[0].r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
    let x = x.expect("a tensor");
    assert_eq!(ElementType::from_code(x.elem_type), Some(ElementType::Float));
    let batch = DimensionProto { dim_value: None, dim_param: Some("batch".to_owned()) };
    let two = DimensionProto { dim_value: Some(2), dim_param: None };
    assert_eq!(x.shape.as_ref().expect("a shape").dim, [batch, two]);

    let function = &model.functions[0];
    assert_eq!((function.domain.as_str(), function.name.as_str()), ("local", "twice"));
    assert_eq!(
        (function.input.as_slice(), function.output.as_slice()),
        (["a".to_owned()].as_slice(), ["b".to_owned()].as_slice(),)
    );
    assert_eq!(function.attribute, ["k"]);
    assert_eq!(function.node[0].input, ["a", "a"]);
}

#[test]
fn attributes_of_every_kind() -> Result<(), OnnxError> {
    let model = model();
    let nodes = &model.graph.as_ref().expect("a graph").node;
    assert_eq!(
        (nodes[0].domain.as_str(), nodes[0].op_type.as_str()),
        ("ai.onnx.ml", "LabelEncoder")
    );
    assert_eq!(nodes[0].attribute("keys_strings")?, Some(Attribute::Strings(vec!["a", "b"])));
    assert_eq!(nodes[0].attribute("values_floats")?, Some(Attribute::Floats(&[0.5, 1.5])));
    assert_eq!(nodes[0].attribute("default_float")?, Some(Attribute::Float(-1.0)));
    assert_eq!(nodes[1].attribute("transB")?, Some(Attribute::Int(1)));
    assert_eq!(nodes[1].attribute("beta")?, None);
    assert_eq!(nodes[1].name, "g");
    assert_eq!(nodes[3].attribute("axes")?, Some(Attribute::Ints(&[-1])));
    assert_eq!(nodes[4].attribute("direction")?, Some(Attribute::String("forward")));
    assert_eq!(nodes[4].input, ["x", "", "float_data"]);
    assert_eq!(nodes[4].output, ["", "z"]);
    match nodes[2].attribute("value")? {
        Some(Attribute::Tensor(tensor)) => {
            let view = chainrule::io::InitializerView::new(tensor)?;
            assert_eq!((view.dims(), view.f64_values()?), (vec![1], vec![2.0]));
        }
        other => panic!("{other:?}"),
    }
    Ok(())
}

#[test]
fn constants_from_raw_and_from_typed_data() -> Result<(), OnnxError> {
    let model = model();
    let constants = Initializers::of(model.graph.as_ref().expect("a graph"));
    let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect::<Vec<_>>();
    let floats = constants.get("float_data")?;
    assert_eq!((floats.dims(), floats.count()), (vec![2, 2], 4));
    assert_eq!(bits(floats.f32_values()?), bits(vec![1.5, -0.0, f32::INFINITY, 3e-45]));
    assert_eq!(constants.get("raw_float")?.f32_values()?, [1.5, -2.5]);
    assert_eq!(constants.get("double_data")?.f64_values()?, [0.1, -2.5, 1e300]);
    assert_eq!(constants.get("int64_data")?.i64_values()?, [-1, 1 << 62]);
    assert_eq!(constants.get("string_data")?.strings()?, ["남", ""]);
    assert_eq!(constants.get("bool_data")?.element_type(), ElementType::Bool);
    let empty = constants.get("empty")?;
    assert_eq!((empty.dims(), empty.f32_values()?), (vec![0, 4], vec![]));
    let scalar = constants.get("scalar")?;
    assert_eq!((scalar.dims(), scalar.i64_values()?), (vec![], vec![7]));
    assert_eq!(
        constants.get("scalar")?.f32_values(),
        Err(OnnxError::WrongElementType {
            tensor: "scalar".to_owned(),
            expected: "float",
            found: "int64"
        })
    );
    assert_eq!(
        constants.get("absent").map(|view| view.count()),
        Err(OnnxError::MissingInitializer { name: "absent".to_owned() })
    );
    Ok(())
}

#[test]
fn undeclared_fields_are_skipped() {
    let counts = wire::scan(FOREIGN).expect("well-formed");
    // Documentation of the model, the graph and a node, and one value_info.
    assert_eq!(counts.skipped, 4);
}
