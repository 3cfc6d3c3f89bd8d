//! Building a model node by node.
//!
//! Values are known by name. Every name is made unique by the builder, so that a table's columns
//! may be called anything; what a method returns is the name to go on with. The same calls give
//! the same model.

use std::collections::{BTreeMap, BTreeSet};

use super::protobuf::{
    DimensionProto, FunctionProto, GraphProto, IR_VERSION, ML_DOMAIN, ML_OPSET, ModelProto,
    NodeProto, OPSET, OperatorSetIdProto, StringStringEntryProto, TensorProto, TensorShapeProto,
    TensorTypeProto, TypeProto, ValueInfoProto,
};
use super::{Attribute, ElementType, OnnxError};

/// Name of the one size that the caller decides: the number of rows.
pub const ROWS: &str = "N";

/// One size in the shape of an input or output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// The number of rows, written as the name `N`.
    Rows,
    /// A fixed size.
    Size(usize),
}

/// Builds a graph, and from it a model.
#[derive(Clone, Debug, Default)]
pub struct GraphBuilder {
    graph: GraphProto,
    functions: Vec<FunctionProto>,
    names: Names,
    /// Scalars by element type and bits; texts by themselves.
    scalars: BTreeMap<(ElementType, Vec<u8>), String>,
}

impl GraphBuilder {
    /// Starts an empty graph.
    pub fn new(name: &str) -> Self {
        let mut builder = Self::default();
        builder.graph.name = name.to_owned();
        builder
    }

    /// Adds an input. Inputs come first, since their names are kept as they are: a node or
    /// constant that would have the same name gets another.
    pub fn input(&mut self, name: &str, element_type: ElementType, dims: &[Dimension]) {
        self.names.take(name);
        self.graph.input.push(value_info(name, element_type, dims));
    }

    /// Declares a value that exists to be an output.
    pub fn output(&mut self, name: &str, element_type: ElementType, dims: &[Dimension]) {
        self.graph.output.push(value_info(name, element_type, dims));
    }

    /// Adds a constant and returns its name: the tensor's own, or one made from it if that is
    /// taken.
    pub fn initializer(&mut self, mut tensor: TensorProto) -> String {
        tensor.name = self.names.fresh(&tensor.name);
        let name = tensor.name.clone();
        self.graph.initializer.push(tensor);
        name
    }

    /// Adds a constant of 32-bit numbers in row-major order and returns its name.
    pub fn initializer_f32(&mut self, name: &str, dims: &[usize], values: &[f32]) -> String {
        self.initializer(tensor_f32(name, dims, values))
    }

    /// Adds a constant of 64-bit numbers in row-major order and returns its name.
    pub fn initializer_f64(&mut self, name: &str, dims: &[usize], values: &[f64]) -> String {
        self.initializer(tensor_f64(name, dims, values))
    }

    /// Adds a constant of integers in row-major order and returns its name.
    pub fn initializer_i64(&mut self, name: &str, dims: &[usize], values: &[i64]) -> String {
        self.initializer(tensor_i64(name, dims, values))
    }

    /// Adds a constant of texts in row-major order and returns its name.
    pub fn initializer_string<T: AsRef<str>>(
        &mut self,
        name: &str,
        dims: &[usize],
        texts: &[T],
    ) -> String {
        self.initializer(tensor_string(name, dims, texts))
    }

    /// Returns the name of a constant without dimensions; the same bits are the same constant.
    pub fn scalar_f32(&mut self, value: f32) -> String {
        self.scalar(ElementType::Float, value.to_le_bytes().to_vec(), |name| {
            tensor_f32(name, &[], &[value])
        })
    }

    /// Returns the name of a constant without dimensions; the same bits are the same constant.
    pub fn scalar_f64(&mut self, value: f64) -> String {
        self.scalar(ElementType::Double, value.to_le_bytes().to_vec(), |name| {
            tensor_f64(name, &[], &[value])
        })
    }

    /// Returns the name of a constant without dimensions; equal values are the same constant.
    pub fn scalar_i64(&mut self, value: i64) -> String {
        self.scalar(ElementType::Int64, value.to_le_bytes().to_vec(), |name| {
            tensor_i64(name, &[], &[value])
        })
    }

    /// Returns the name of a constant without dimensions; equal texts are the same constant.
    pub fn scalar_string(&mut self, text: &str) -> String {
        self.scalar(ElementType::String, text.as_bytes().to_vec(), |name| {
            tensor_string(name, &[], &[text])
        })
    }

    fn scalar(
        &mut self,
        element_type: ElementType,
        bytes: Vec<u8>,
        tensor: impl Fn(&str) -> TensorProto,
    ) -> String {
        let key = (element_type, bytes);
        if let Some(name) = self.scalars.get(&key) {
            return name.clone();
        }
        let name = self.initializer(tensor(&format!("scalar_{}", self.scalars.len())));
        self.scalars.insert(key, name.clone());
        name
    }

    /// Adds a node with one result and returns the result's name, such as `Add_12` for the
    /// twelfth node. An empty domain is `ai.onnx`; an empty input is an optional one left out.
    pub fn node(
        &mut self,
        op_type: &str,
        domain: &str,
        inputs: &[&str],
        attributes: &[(&str, Attribute<'_>)],
    ) -> String {
        let wanted = format!("{op_type}_{}", self.graph.node.len());
        self.named_node(&wanted, op_type, domain, inputs, attributes)
    }

    /// Adds a node like [`node`](Self::node) whose result has a given name, or one made from it
    /// if that is taken.
    pub fn named_node(
        &mut self,
        name: &str,
        op_type: &str,
        domain: &str,
        inputs: &[&str],
        attributes: &[(&str, Attribute<'_>)],
    ) -> String {
        let name = self.names.fresh(name);
        self.graph.node.push(node(&name, op_type, domain, inputs, attributes));
        name
    }

    /// Adds an operator that nodes after may use; functions that it uses come before it.
    pub fn function(&mut self, function: FunctionProto) {
        self.functions.push(function);
    }

    /// Ends the graph and returns the model: IR version 8, `ai.onnx` 17, `ai.onnx.ml` 3, each
    /// function's operator set in version 1, and the metadata in the order given.
    ///
    /// # Errors
    /// As [`check`](super::check::check): two inputs or two outputs of one name, a node that uses
    /// what no node before it computes, a tensor whose shape is not that of its values, a metadata
    /// key given twice.
    pub fn finish(self, metadata: &[(&str, &str)]) -> Result<ModelProto, OnnxError> {
        let domains: BTreeSet<&str> =
            self.functions.iter().map(|function| function.domain.as_str()).collect();
        let mut opset_import = written_opsets();
        opset_import.extend(domains.into_iter().map(|domain| opset(domain, 1)));
        let entry = |(key, value): &(&str, &str)| StringStringEntryProto {
            key: (*key).to_owned(),
            value: (*value).to_owned(),
        };
        let model = ModelProto {
            ir_version: IR_VERSION,
            producer_name: "chainrule".to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            opset_import,
            metadata_props: metadata.iter().map(entry).collect(),
            functions: self.functions,
            graph: Some(self.graph),
        };
        super::check::check(&model)?;
        Ok(model)
    }
}

/// Builds an operator that a model brings with it: a body of nodes, in which constants come from
/// `Constant` nodes.
#[derive(Clone, Debug)]
pub struct FunctionBuilder {
    function: FunctionProto,
    names: Names,
}

impl FunctionBuilder {
    /// Starts a function of an operator set with names for its operands and attributes. The
    /// operator set must not be one of the specification.
    pub fn new(domain: &str, name: &str, inputs: &[&str], attributes: &[&str]) -> Self {
        let mut names = Names::default();
        inputs.iter().for_each(|input| names.take(input));
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let function = FunctionProto {
            name: name.to_owned(),
            domain: domain.to_owned(),
            input: owned(inputs),
            attribute: owned(attributes),
            opset_import: written_opsets(),
            ..FunctionProto::default()
        };
        Self { function, names }
    }

    /// Declares that the body uses functions of an operator set, which stand before this one.
    pub fn uses(&mut self, domain: &str) {
        self.function.opset_import.push(opset(domain, 1));
    }

    /// Adds a node with one result and returns the result's name.
    pub fn node(
        &mut self,
        op_type: &str,
        domain: &str,
        inputs: &[&str],
        attributes: &[(&str, Attribute<'_>)],
    ) -> String {
        let name = self.names.fresh(&format!("{op_type}_{}", self.function.node.len()));
        self.function.node.push(node(&name, op_type, domain, inputs, attributes));
        name
    }

    /// Ends the body; the results are values that it computes.
    pub fn finish(mut self, outputs: &[&str]) -> FunctionProto {
        self.function.output = outputs.iter().map(|&output| output.to_owned()).collect();
        self.function
    }
}

/// The names that are taken.
#[derive(Clone, Debug, Default)]
struct Names(BTreeSet<String>);

impl Names {
    fn take(&mut self, name: &str) {
        self.0.insert(name.to_owned());
    }

    /// Takes and returns the wanted name, or the first of `wanted_1`, `wanted_2` … that is free.
    fn fresh(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        let mut count = 0u64;
        while !self.0.insert(name.clone()) {
            count += 1;
            name = format!("{wanted}_{count}");
        }
        name
    }
}

/// Returns a tensor of 32-bit numbers in row-major order.
pub fn tensor_f32(name: &str, dims: &[usize], values: &[f32]) -> TensorProto {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    raw_tensor(name, ElementType::Float, dims, bytes)
}

/// Returns a tensor of 64-bit numbers in row-major order.
pub fn tensor_f64(name: &str, dims: &[usize], values: &[f64]) -> TensorProto {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    raw_tensor(name, ElementType::Double, dims, bytes)
}

/// Returns a tensor of integers in row-major order.
pub fn tensor_i64(name: &str, dims: &[usize], values: &[i64]) -> TensorProto {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    raw_tensor(name, ElementType::Int64, dims, bytes)
}

/// Returns a tensor of texts in row-major order.
pub fn tensor_string<T: AsRef<str>>(name: &str, dims: &[usize], texts: &[T]) -> TensorProto {
    let bytes = |text: &T| text.as_ref().as_bytes().to_vec();
    TensorProto {
        string_data: texts.iter().map(bytes).collect(),
        ..raw_tensor(name, ElementType::String, dims, Vec::new())
    }
}

fn raw_tensor(
    name: &str,
    element_type: ElementType,
    dims: &[usize],
    raw_data: Vec<u8>,
) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        dims: dims.iter().map(|&size| size as i64).collect(),
        data_type: element_type.code(),
        raw_data,
        ..TensorProto::default()
    }
}

fn value_info(name: &str, element_type: ElementType, dims: &[Dimension]) -> ValueInfoProto {
    let dimension = |dim: &Dimension| match *dim {
        Dimension::Rows => DimensionProto { dim_value: None, dim_param: Some(ROWS.to_owned()) },
        Dimension::Size(size) => DimensionProto { dim_value: Some(size as i64), dim_param: None },
    };
    let tensor_type = TensorTypeProto {
        elem_type: element_type.code(),
        shape: Some(TensorShapeProto { dim: dims.iter().map(dimension).collect() }),
    };
    ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(TypeProto { tensor_type: Some(tensor_type) }),
    }
}

fn node(
    output: &str,
    op_type: &str,
    domain: &str,
    inputs: &[&str],
    attributes: &[(&str, Attribute<'_>)],
) -> NodeProto {
    NodeProto {
        input: inputs.iter().map(|&input| input.to_owned()).collect(),
        output: vec![output.to_owned()],
        name: output.to_owned(),
        op_type: op_type.to_owned(),
        attribute: attributes.iter().map(|(name, value)| value.to_proto(name)).collect(),
        domain: domain.to_owned(),
    }
}

fn opset(domain: &str, version: i64) -> OperatorSetIdProto {
    OperatorSetIdProto { domain: domain.to_owned(), version }
}

fn written_opsets() -> Vec<OperatorSetIdProto> {
    vec![opset("", OPSET), opset(ML_DOMAIN, ML_OPSET)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::protobuf::{decode, encode};
    use crate::io::{Initializers, OnnxError};

    const COLUMN: [Dimension; 2] = [Dimension::Rows, Dimension::Size(1)];

    #[test]
    fn names_are_unique_whatever_the_columns_are_called() {
        let mut graph = GraphBuilder::new("names");
        for column in ["Add_0", "scalar_0", "weight", "길이 (cm)", "a \"b\"\n"] {
            graph.input(column, ElementType::Double, &COLUMN);
        }
        assert_eq!(graph.scalar_f64(1.0), "scalar_0_1");
        assert_eq!(graph.initializer_f64("weight", &[1], &[2.0]), "weight_1");
        assert_eq!(graph.initializer_f64("weight", &[1], &[2.0]), "weight_2");
        let first = graph.node("Add", "", &["길이 (cm)", "scalar_0_1"], &[]);
        let second = graph.node("Add", "", &[&first, "a \"b\"\n"], &[]);
        assert_eq!((first.as_str(), second.as_str()), ("Add_0_1", "Add_1"));
        graph.output(&second, ElementType::Double, &COLUMN);
        let model = graph.finish(&[]).expect("a sound model");
        assert_eq!(decode(&encode(&model)), Ok(model));
    }

    #[test]
    fn scalars_of_the_same_bits_are_one_constant() {
        let mut graph = GraphBuilder::new("scalars");
        let one = graph.scalar_f32(1.0);
        assert_eq!(graph.scalar_f32(1.0), one);
        assert_ne!(graph.scalar_f64(1.0), one);
        assert_ne!(graph.scalar_f32(0.0), graph.scalar_f32(-0.0));
        assert_eq!(graph.scalar_f64(f64::NAN), graph.scalar_f64(f64::NAN));
        assert_eq!(graph.scalar_i64(-1), graph.scalar_i64(-1));
        assert_eq!(graph.scalar_string("남"), graph.scalar_string("남"));
        assert_ne!(graph.scalar_string("남"), graph.scalar_string("여"));
        let model = graph.finish(&[]).expect("a sound model");
        assert_eq!(model.graph.expect("a graph").initializer.len(), 8);
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let mut graph = GraphBuilder::new("constants");
        graph.initializer_f32("f32", &[2, 1], &[f32::MIN_POSITIVE, f32::NEG_INFINITY]);
        graph.initializer_f64("f64", &[], &[-0.1]);
        graph.initializer_i64("i64", &[3], &[i64::MIN, 0, i64::MAX]);
        graph.initializer_string("string", &[2], &["", "높음"]);
        graph.initializer_f32("none", &[0, 3], &[]);
        let model = graph.finish(&[("a", "1"), ("가", "")]).expect("a sound model");
        let read = decode(&encode(&model)).expect("the same");
        assert_eq!(read.ir_version, 8);
        assert_eq!(read.producer_name, "chainrule");
        assert_eq!(read.metadata_props[1].key, "가");
        let constants = Initializers::of(read.graph.as_ref().expect("a graph"));
        let get = |name| constants.get(name).expect("a constant");
        let expected = [f32::MIN_POSITIVE, f32::NEG_INFINITY];
        assert_eq!(get("f32").f32_values().expect("floats"), expected);
        assert_eq!(get("f32").dims(), [2, 1]);
        assert_eq!(get("f64").f64_values().expect("a double"), [-0.1]);
        let expected = [i64::MIN, 0, i64::MAX];
        assert_eq!(get("i64").i64_values().expect("integers"), expected);
        assert_eq!(get("string").strings().expect("texts"), ["", "높음"]);
        assert_eq!(get("none").f32_values().expect("floats"), Vec::<f32>::new());
    }

    #[test]
    fn a_builder_that_is_used_wrongly_says_so_at_the_end() {
        let column = |graph: &mut GraphBuilder| graph.input("x", ElementType::Double, &COLUMN);
        let mut twice = GraphBuilder::new("twice");
        column(&mut twice);
        column(&mut twice);
        assert!(matches!(twice.finish(&[]), Err(OnnxError::DuplicateName { .. })));
        let mut nowhere = GraphBuilder::new("nowhere");
        nowhere.node("Abs", "", &["x"], &[]);
        assert!(matches!(nowhere.finish(&[]), Err(OnnxError::UndefinedName { .. })));
        let mut short = GraphBuilder::new("short");
        short.initializer_f32("w", &[2, 2], &[1.0; 3]);
        assert!(matches!(short.finish(&[]), Err(OnnxError::DataSize { .. })));
        let keys = GraphBuilder::new("keys").finish(&[("a", "1"), ("a", "2")]);
        assert!(matches!(keys, Err(OnnxError::DuplicateName { .. })));
    }
}
