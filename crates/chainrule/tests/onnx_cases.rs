//! Troubles that people reported in public about ONNX files, as small checks, named after their
//! cases in the collection "Public troubles of people who train neural networks, as small checks".

use chainrule::Model;
use chainrule::data::{ReadOptions, Table};
use chainrule::error::ErrorKind;
use chainrule::estimator::{Plan, Recipe};
use chainrule::io::Attribute;
use chainrule::io::protobuf::{ModelProto, NodeProto, decode, encode};

/// A model of three classes, as its file has it.
fn three_classes() -> (Model, Table, ModelProto) {
    let row = |i: usize| format!("{},{},{}\n", i % 7, i * i % 11, ["a", "b", "c"][i % 7 % 3]);
    let text: String = std::iter::once("x,z,y\n".to_owned()).chain((0..60).map(row)).collect();
    let table = Table::from_reader(text.as_bytes(), "t.csv", &ReadOptions::default()).unwrap();
    let recipe = Recipe { epochs: 3, layers: vec![4], ..Recipe::default() };
    let fitted = Plan::new(&table, &["y"], &recipe).unwrap().train(&table, &mut ()).unwrap();
    let file = decode(&fitted.model.to_bytes().unwrap()).unwrap();
    (fitted.model, table, file)
}

fn nodes<'a>(file: &'a ModelProto, operator: &str) -> Vec<&'a NodeProto> {
    let graph = file.graph.as_ref().unwrap();
    graph.node.iter().filter(|node| node.op_type == operator).collect()
}

#[test]
fn ser_onnx_softmax_3_the_axis_stands_in_the_file() {
    let (model, table, file) = three_classes();
    let softmax = nodes(&file, "Softmax");
    assert_eq!(softmax.len(), 1);
    for node in softmax {
        let axis = node.attribute("axis").unwrap();
        assert!(matches!(axis, Some(Attribute::Int(1 | -1))), "{axis:?}");
    }
    // By the rules of version 13 and later, in which there is no flattening.
    let opset = file.opset_import.iter().find(|set| set.domain.is_empty()).unwrap();
    assert_eq!(opset.version, 17);
    // Each row for itself: its probabilities sum to one, whatever rows stand beside it.
    let all = model.predict(&table, 1).unwrap();
    let alone = model.predict_rows(&table, &[7], 1).unwrap();
    assert_eq!(all[21..24], alone[..]);
    assert!(all.chunks(3).all(|row| (row.iter().sum::<f64>() - 1.0).abs() < 1e-12));
}

#[test]
fn ser_onnx_softmax_1_the_old_meaning_is_refused_and_not_misread() {
    let (_, _, mut file) = three_classes();
    file.opset_import.iter_mut().filter(|set| set.domain.is_empty()).for_each(|s| s.version = 11);
    let error = Model::load(&encode(&file)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Onnx { .. }), "{error}");
    assert!(error.to_string().contains("11"), "{error}");
}

#[test]
fn ser_onnx_gemm_1_the_settings_are_those_that_every_reader_has_as_defaults() {
    let (model, table, file) = three_classes();
    // alpha and beta are 1 and nothing is transposed, so that no reader can differ.
    let products = nodes(&file, "Gemm");
    assert!(!products.is_empty());
    for node in products {
        for (name, default) in [("alpha", 1.0), ("beta", 1.0)] {
            let found = node.attribute(name).unwrap();
            assert!(found.is_none() || found == Some(Attribute::Float(default)), "{found:?}");
        }
        for name in ["transA", "transB"] {
            let found = node.attribute(name).unwrap();
            assert!(found.is_none() || found == Some(Attribute::Int(0)), "{found:?}");
        }
    }
    // A file is what chainrule wrote, or refused: nodes of others are not interpreted by halves.
    let mut foreign = file;
    foreign.metadata_props.clear();
    let error = Model::load(&encode(&foreign)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotAModel { .. }), "{error}");
    assert_eq!(model.predict(&table, 1).unwrap().len(), 180);
}
