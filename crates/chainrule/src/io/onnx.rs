//! A model as an ONNX file: raw columns in, prediction out, preprocessing inside.
//!
//! [`columns`] writes the preprocessing in double precision, [`network`] the network in single,
//! [`head`] what turns its outputs into predictions. What chainrule needs to go on stands in the
//! file's metadata under the key `chainrule`; the learned numbers are the file's initializers.

mod columns;
mod head;
mod network;

use chainrule_core::Expr;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::graph::{Dimension, GraphBuilder};
use super::initializer::Initializers;
use super::protobuf::{self, ElementType, ModelProto};
use crate::data::{Encoders, TargetEncoder};
use crate::error::{ErrorKind, Result};
use crate::model::{Inputs, Model, Summary, onnx_error};
use crate::network::Network;

/// The key of the metadata.
const KEY: &str = "chainrule";
/// The version of what stands there.
const FORMAT: u64 = 1;

/// Everything about a model but its learned numbers.
#[derive(Serialize, Deserialize)]
struct Description {
    format: u64,
    inputs: Inputs,
    target: TargetEncoder,
    network: Value,
    /// The names of the initializers that hold the parameters, then the states.
    initializers: Vec<String>,
    summary: Summary,
}

/// Writes a model.
pub(crate) fn write(model: &Model) -> Result<Vec<u8>> {
    model.check()?;
    let mut graph = GraphBuilder::new("chainrule");
    let x = match &model.inputs {
        Inputs::Table { encoders, .. } => columns::write(&mut graph, encoders),
        Inputs::Array { width } => {
            graph.input("x", ElementType::Float, &[Dimension::Rows, Dimension::Size(*width)]);
            "x".to_owned()
        }
    };
    let built = model.network.build(false)?;
    let named: Vec<(&str, &[usize], &[f32])> = built
        .parameters
        .iter()
        .map(|p| (p.name.as_str(), &*p.dims))
        .chain(built.states.iter().map(|s| (s.name.as_str(), &*s.dims)))
        .zip(model.parameters.iter().chain(&model.states))
        .map(|((name, dims), values)| (name, dims, values.as_slice()))
        .collect();
    // A column may have a parameter's name; the file then gives the parameter another.
    let names: Vec<String> = named
        .iter()
        .map(|(name, dims, values)| graph.initializer_f32(name, dims, values))
        .collect();
    let given: Vec<(&str, &str)> =
        named.iter().zip(&names).map(|((name, ..), written)| (*name, written.as_str())).collect();
    let z = network::write(&mut graph, &built.output, &x, &given)?;
    head::write(&mut graph, &model.target, &z);
    let description = Description {
        format: FORMAT,
        inputs: model.inputs.clone(),
        target: model.target.clone(),
        network: model.network.to_json(),
        initializers: names,
        summary: model.summary.clone(),
    };
    let text = serde_json::to_string(&description)
        .map_err(|error| not_a_model("the model", &error.to_string()))?;
    let proto = graph.finish(&[(KEY, &text)]).map_err(|error| onnx_error("the model", error))?;
    Ok(protobuf::encode(&proto))
}

/// Reads a model that [`write`] wrote.
pub(crate) fn read(bytes: &[u8], file: &str) -> Result<Model> {
    let proto = protobuf::decode(bytes).map_err(|error| onnx_error(file, error))?;
    let description = describe(&proto, file)?;
    let network = Network::from_json(&description.network)
        .ok_or_else(|| not_a_model(file, "its layers cannot be read"))?;
    let width = match &description.inputs {
        Inputs::Table { encoders, .. } if !encoders.are_sound() => {
            return Err(not_a_model(file, "its columns cannot be read"));
        }
        Inputs::Table { encoders, .. } => Encoders::width(encoders),
        Inputs::Array { width } => *width,
    };
    if width != network.inputs() {
        return Err(not_a_model(file, "its network does not fit its columns"));
    }
    let built = network.build(false)?;
    let graph = proto.graph.as_ref().ok_or_else(|| not_a_model(file, "it has no graph"))?;
    let initializers = Initializers::of(graph);
    let mut names = description.initializers.iter();
    let mut values = |expr: &Expr| -> Result<Vec<f32>> {
        let name = names.next().ok_or_else(|| not_a_model(file, "a parameter has no name"))?;
        let tensor = initializers.get(name).map_err(|error| onnx_error(file, error))?;
        let dims = expr.shape().dims;
        if tensor.dims() != *dims {
            let detail = format!("`{name}` has dimensions {:?}, not {dims:?}", tensor.dims());
            return Err(not_a_model(file, &detail));
        }
        tensor.f32_values().map_err(|error| onnx_error(file, error))
    };
    let parameters = built.parameters.iter().map(|p| values(&p.expr)).collect::<Result<_>>()?;
    let states = built.states.iter().map(|s| values(&s.expr)).collect::<Result<_>>()?;
    let model = Model {
        parameters,
        states,
        inputs: description.inputs,
        target: description.target,
        summary: description.summary,
        network,
    };
    let fits = built.output.shape().elements() == model.network_outputs();
    if !(fits && model.target.has_one_link()) {
        return Err(not_a_model(file, "its network does not fit its target"));
    }
    Ok(model)
}

fn describe(proto: &ModelProto, file: &str) -> Result<Description> {
    let entry = proto.metadata_props.iter().find(|entry| entry.key == KEY);
    let Some(entry) = entry else {
        return Err(not_a_model(file, "it has no description of chainrule's"));
    };
    // A parsed object takes some 700 bytes, which would break the bound on memory if the text held
    // little else.
    let objects = entry.value.bytes().filter(|&byte| byte == b'{').count();
    if objects * 700 > entry.value.len() * 16 + 4_000_000 {
        return Err(not_a_model(file, "its description nests too much"));
    }
    let description: Description = serde_json::from_str(&entry.value)
        .map_err(|error| not_a_model(file, &format!("its description: {error}")))?;
    if description.format != FORMAT {
        let detail = format!(
            "its format is {}, this version of chainrule reads {FORMAT}",
            description.format
        );
        return Err(not_a_model(file, &detail));
    }
    Ok(description)
}

fn not_a_model(file: &str, detail: &str) -> crate::error::Error {
    ErrorKind::NotAModel { file: file.to_owned(), detail: detail.to_owned() }.into()
}
