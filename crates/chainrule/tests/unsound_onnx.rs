//! Well-formed files that hold an unsound model are refused, each for its reason.

mod onnx_sample;

use chainrule::io::error::ShapeFault;
use chainrule::io::protobuf::{
    AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, StringStringEntryProto,
    TensorProto, decode, encode,
};
use chainrule::io::{InitializerView, OnnxError};
use onnx_sample::sample_model;

/// The sample model after a change.
fn changed(change: impl FnOnce(&mut ModelProto)) -> Result<ModelProto, OnnxError> {
    let mut model = sample_model();
    change(&mut model);
    decode(&encode(&model))
}

/// The sample model with one more constant.
fn with_tensor(tensor: TensorProto) -> Result<ModelProto, OnnxError> {
    changed(|model| graph(model).initializer.push(tensor))
}

fn graph(model: &mut ModelProto) -> &mut GraphProto {
    model.graph.as_mut().expect("the sample has a graph")
}

fn floats(name: &str, dims: &[i64], values: usize) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        dims: dims.to_vec(),
        data_type: 1,
        raw_data: vec![0; 4 * values],
        ..TensorProto::default()
    }
}

#[test]
fn shapes_that_no_memory_holds() {
    let shape = |dims: &[i64]| match with_tensor(floats("t", dims, 1)) {
        Err(OnnxError::Shape { fault, .. }) => fault,
        other => panic!("{other:?}"),
    };
    assert_eq!(shape(&[-1]), ShapeFault::Negative(-1));
    assert_eq!(shape(&[1, i64::MIN]), ShapeFault::Negative(i64::MIN));
    assert_eq!(shape(&[1 << 32, 1 << 32]), ShapeFault::Overflow);
    assert_eq!(shape(&[i64::MAX]), ShapeFault::Overflow);
    assert_eq!(shape(&[0, 1 << 40, 1 << 40]), ShapeFault::Overflow);
    assert_eq!(shape(&[1; 9]), ShapeFault::Rank { found: 9, limit: 8 });
    assert!(matches!(shape(&[1; 100_000]), ShapeFault::Rank { found: 100_000, .. }));

    let size = |dims: &[i64], values| match with_tensor(floats("t", dims, values)) {
        Err(OnnxError::DataSize { expected, found, .. }) => (expected, found),
        other => panic!("{other:?}"),
    };
    assert_eq!(size(&[1 << 40], 1), (1 << 42, 4));
    assert_eq!(size(&[2, 3], 5), (24, 20));
    assert_eq!(size(&[0], 1), (0, 4));
    assert_eq!(size(&[], 2), (4, 8));
    assert_eq!(size(&[1], 0), (1, 0));
    assert!(with_tensor(floats("t", &[0, 5], 0)).is_ok());
    assert!(with_tensor(floats("t", &[], 1)).is_ok());

    let input = |value, name: Option<&str>| {
        changed(|model| {
            let kind = graph(model).input[0].r#type.as_mut().expect("a type");
            let tensor = kind.tensor_type.as_mut().expect("a tensor");
            let dim = &mut tensor.shape.as_mut().expect("a shape").dim[0];
            (dim.dim_value, dim.dim_param) = (value, name.map(str::to_owned));
        })
    };
    assert!(input(Some(4), None).is_ok());
    for (value, name) in [(None, None), (None, Some("")), (Some(4), Some("N")), (Some(-4), None)] {
        assert!(matches!(input(value, name), Err(OnnxError::Shape { .. })));
    }
    assert!(matches!(
        changed(|model| graph(model).input[0].r#type = None),
        Err(OnnxError::MissingShape { .. })
    ));
}

#[test]
fn elements_in_the_wrong_place() {
    let mut both = floats("t", &[1], 1);
    both.float_data = vec![1.0];
    assert!(matches!(with_tensor(both), Err(OnnxError::DataPlace { .. })));
    let mut other = floats("t", &[1], 0);
    other.double_data = vec![1.0];
    assert!(matches!(with_tensor(other), Err(OnnxError::DataPlace { .. })));
    let mut text = floats("t", &[1], 1);
    text.data_type = 8;
    assert!(matches!(with_tensor(text), Err(OnnxError::DataPlace { .. })));
    for code in [-1, 0, 2, 10, 16, 99] {
        let mut unknown = floats("t", &[1], 1);
        unknown.data_type = code;
        let name = "t".to_owned();
        assert_eq!(with_tensor(unknown), Err(OnnxError::ElementType { name, code }));
    }
    let mut garbled = floats("t", &[1], 0);
    (garbled.data_type, garbled.string_data) = (8, vec![vec![0xff]]);
    let view = InitializerView::new(&garbled).expect("a tensor of one text");
    assert!(matches!(view.strings(), Err(OnnxError::NotText { .. })));
}

#[test]
fn elements_in_another_file() {
    let mut external = floats("t", &[1], 1);
    external.data_location = 1;
    assert!(matches!(with_tensor(external), Err(OnnxError::ExternalData { .. })));
    for location in ["weights.bin", "a/../../b", "/dev/zero", ""] {
        let mut external = floats("t", &[1], 0);
        external.external_data =
            vec![StringStringEntryProto { key: "location".to_owned(), value: location.to_owned() }];
        assert!(matches!(with_tensor(external.clone()), Err(OnnxError::ExternalData { .. })));
        // The same inside an attribute.
        let attribute = AttributeProto {
            name: "value".to_owned(),
            r#type: 4,
            t: Some(Box::new(external)),
            ..AttributeProto::default()
        };
        let result = changed(|model| graph(model).node[0].attribute.push(attribute));
        assert!(matches!(result, Err(OnnxError::ExternalData { .. })));
    }
}

#[test]
fn names_twice_or_nowhere() {
    let duplicate = |change: fn(&mut ModelProto)| match changed(change) {
        Err(OnnxError::DuplicateName { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    let values = "values";
    assert_eq!(duplicate(|m| graph(m).input[1].name = "age".to_owned()), values);
    assert_eq!(duplicate(|m| graph(m).initializer[1].name = "weight".to_owned()), values);
    assert_eq!(duplicate(|m| graph(m).initializer[0].name = "age".to_owned()), values);
    assert_eq!(duplicate(|m| graph(m).node[1].output[0] = "age".to_owned()), values);
    assert_eq!(duplicate(|m| graph(m).node[1].output[0] = "IsNaN_0".to_owned()), values);
    assert_eq!(
        duplicate(|m| {
            let first = graph(m).output[0].clone();
            graph(m).output.push(first);
        }),
        "outputs"
    );
    assert_eq!(
        duplicate(|m| m.metadata_props.push(m.metadata_props[0].clone())),
        "metadata entries"
    );
    assert_eq!(
        duplicate(|m| {
            let node = &mut graph(m).node[5].attribute;
            node.push(node[0].clone());
        }),
        "attributes of a node"
    );
    assert_eq!(duplicate(|m| m.functions.push(m.functions[0].clone())), "functions");
    assert_eq!(duplicate(|m| m.opset_import[1].domain = "ai.onnx".to_owned()), "operator sets");

    let undefined = |change: fn(&mut ModelProto)| match changed(change) {
        Err(OnnxError::UndefinedName { name, .. }) => name,
        other => panic!("{other:?}"),
    };
    assert_eq!(undefined(|m| graph(m).node[0].input[0] = "nowhere".to_owned()), "nowhere");
    assert_eq!(undefined(|m| graph(m).output[0].name = "nowhere".to_owned()), "nowhere");
    assert_eq!(undefined(|m| drop(graph(m).input.remove(0))), "age");
    // A cycle: the first node uses its own result, or that of a node after it.
    assert_eq!(undefined(|m| graph(m).node[0].input[0] = "IsNaN_0".to_owned()), "IsNaN_0");
    assert_eq!(undefined(|m| graph(m).node[0].input[0] = "Sub_2".to_owned()), "Sub_2");
    assert_eq!(undefined(|m| m.functions[0].output[0] = "nowhere".to_owned()), "nowhere");
    let empty = changed(|model| graph(model).input[0].name.clear());
    assert!(matches!(empty, Err(OnnxError::EmptyName { .. })));
}

#[test]
fn versions_and_operator_sets() {
    for version in [i64::MIN, 0, 2, 14, i64::MAX] {
        let result = changed(|model| model.ir_version = version);
        assert!(matches!(result, Err(OnnxError::IrVersion { found, .. }) if found == version));
    }
    for version in [i64::MIN, 12, 18, i64::MAX] {
        let result = changed(|model| model.opset_import[0].version = version);
        assert!(matches!(result, Err(OnnxError::Opset { found, .. }) if found == version));
    }
    let none = changed(|model| drop(model.opset_import.remove(0)));
    assert!(matches!(none, Err(OnnxError::MissingOpset { .. })));
    let set = changed(|model| model.opset_import[2].domain = "com.microsoft".to_owned());
    assert!(matches!(set, Err(OnnxError::UnknownOperator { .. })));
    let operator = changed(|model| graph(model).node[0].domain = "com.microsoft".to_owned());
    assert!(matches!(operator, Err(OnnxError::UnknownOperator { .. })));
    let graph = changed(|model| model.graph = None);
    assert_eq!(graph, Err(OnnxError::MissingGraph));
}

#[test]
fn functions_that_unfold_without_end() {
    let function = |name: &str, calls: &[&str]| FunctionProto {
        name: name.to_owned(),
        domain: "chainrule".to_owned(),
        opset_import: sample_model().opset_import,
        node: calls
            .iter()
            .map(|call| NodeProto {
                op_type: (*call).to_owned(),
                domain: "chainrule".to_owned(),
                ..NodeProto::default()
            })
            .collect(),
        ..FunctionProto::default()
    };
    // Calls itself; calls one below it.
    let own = changed(|model| model.functions.push(function("f", &["f"])));
    assert!(matches!(own, Err(OnnxError::UnknownOperator { .. })));
    let below = changed(|model| {
        model.functions.push(function("f", &["g"]));
        model.functions.push(function("g", &["swish"]));
    });
    assert!(matches!(below, Err(OnnxError::UnknownOperator { .. })));
    // Each calls the one above twice: 2^60 nodes in 60 functions.
    let doubling = changed(|model| {
        model.functions.push(function("f0", &["swish"]));
        for level in 1..60 {
            let call = format!("f{}", level - 1);
            model.functions.push(function(&format!("f{level}"), &[&call, &call]));
        }
    });
    assert!(matches!(doubling, Err(OnnxError::TooManyNodes { .. })));
    // In a set of the specification.
    let mut stolen = function("Relu", &[]);
    stolen.domain = String::new();
    let stolen = changed(|model| model.functions.push(stolen));
    assert!(matches!(stolen, Err(OnnxError::UnknownOperator { .. })));
}

#[test]
fn attributes_without_their_value() {
    let attribute =
        |attribute: AttributeProto| changed(|model| graph(model).node[0].attribute.push(attribute));
    let named =
        |kind| AttributeProto { name: "a".to_owned(), r#type: kind, ..AttributeProto::default() };
    // No value, or of a graph (5), a sparse tensor (11), a type (13).
    for kind in [i32::MIN, 0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 13, 14, i32::MAX] {
        assert!(matches!(attribute(named(kind)), Err(OnnxError::Attribute { .. })), "{kind}");
    }
    // An empty list is a value.
    for kind in [6, 7, 8] {
        assert!(attribute(named(kind)).is_ok(), "{kind}");
    }
    let two = AttributeProto { f: Some(1.0), i: Some(1), ..named(2) };
    assert!(matches!(attribute(two), Err(OnnxError::Attribute { .. })));
    let other = AttributeProto { ints: vec![1], ..named(6) };
    assert!(matches!(attribute(other), Err(OnnxError::Attribute { .. })));
    let text = AttributeProto { s: Some(vec![0xff]), ..named(3) };
    assert!(matches!(attribute(text), Err(OnnxError::NotText { .. })));
    let reference = AttributeProto { ref_attr_name: "outer".to_owned(), ..named(2) };
    assert!(matches!(attribute(reference), Err(OnnxError::UndefinedName { .. })));
}
