//! What must hold in a decoded model before anything is computed from it.
//!
//! Everything is linear in the size of the model, up to the logarithm of a sort, and nothing is
//! recursive.

use super::error::{ShapeFault, shown};
use super::initializer::{InitializerView, MAX_RANK, element_count};
use super::protobuf::{
    FunctionProto, GraphProto, ML_DOMAIN, ML_OPSET, ModelProto, NodeProto, OPSET,
    OperatorSetIdProto, ValueInfoProto,
};
use super::{Attribute, ElementType, OnnxError};

/// The versions of the format that are read. What newer ones added (small number types, names of
/// overloads, configurations of devices) is skipped or refused where it stands.
const IR_VERSIONS: (i64, i64) = (3, 13);
/// The versions of the operator sets that are read: `ai.onnx` since the one that gave `Softmax`
/// its present meaning, both up to the one that is written.
const OPSETS: [(&str, i64, i64); 2] = [("ai.onnx", 13, OPSET), (ML_DOMAIN, 2, ML_OPSET)];
/// The most nodes that a graph may have once its functions are unfolded.
const MAX_NODES: u64 = 1_000_000;

/// Checks a model: versions, unique names, values that are computed before they are used, known
/// operator sets, functions that call only functions above them, whole attributes, and tensors
/// whose data lie in the file and agree with their shapes.
///
/// # Errors
/// The first thing that does not hold.
pub fn check(model: &ModelProto) -> Result<(), OnnxError> {
    let graph = model.graph.as_ref().ok_or(OnnxError::MissingGraph)?;
    let (oldest, newest) = IR_VERSIONS;
    if !(oldest..=newest).contains(&model.ir_version) {
        return Err(OnnxError::IrVersion { found: model.ir_version, oldest, newest });
    }
    unique("metadata entries", model.metadata_props.iter().map(|entry| entry.key.as_str()))?;
    let functions = Functions::check(&model.functions)?;
    check_opsets(&model.opset_import, &functions)?;
    check_graph(graph, &functions)
}

/// Name of an operator set; the specification lets `ai.onnx` be written as the empty name.
fn domain_name(domain: &str) -> &str {
    if domain.is_empty() { "ai.onnx" } else { domain }
}

fn check_opsets(imports: &[OperatorSetIdProto], functions: &Functions) -> Result<(), OnnxError> {
    unique("operator sets", imports.iter().map(|import| domain_name(&import.domain)))?;
    for import in imports {
        let domain = domain_name(&import.domain);
        match OPSETS.iter().find(|(known, ..)| *known == domain) {
            Some(&(_, oldest, newest)) if !(oldest..=newest).contains(&import.version) => {
                let domain = domain.to_owned();
                return Err(OnnxError::Opset { domain, found: import.version, oldest, newest });
            }
            Some(_) => {}
            None if functions.define(domain) => {}
            None => {
                let domain = shown(domain);
                return Err(OnnxError::UnknownOperator { domain, operator: String::new() });
            }
        }
    }
    if !imports.iter().any(|import| domain_name(&import.domain) == OPSETS[0].0) {
        return Err(OnnxError::MissingOpset { domain: OPSETS[0].0.to_owned() });
    }
    Ok(())
}

/// The functions of a model, which take the place of their names in the checks of a node.
struct Functions<'a> {
    /// Operator set and name of each function, and the nodes that it unfolds to; sorted.
    known: Vec<(&'a str, &'a str, u64)>,
}

impl<'a> Functions<'a> {
    /// Checks the functions in their order; each may call those above it, so that none is
    /// recursive.
    fn check(functions: &'a [FunctionProto]) -> Result<Self, OnnxError> {
        let mut all = Self { known: Vec::with_capacity(functions.len()) };
        let mut order: Vec<(&str, &str, usize)> = Vec::with_capacity(functions.len());
        for (place, function) in functions.iter().enumerate() {
            order.push((domain_name(&function.domain), &function.name, place));
        }
        order.sort_unstable();
        if let Some(twice) =
            order.windows(2).find(|pair| (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1))
        {
            return Err(OnnxError::DuplicateName { what: "functions", name: shown(twice[0].1) });
        }
        // The sizes are filled in as the functions are checked; 0 marks one not reached yet.
        all.known.extend(order.iter().map(|(domain, name, _)| (*domain, *name, 0)));
        let mut slots = vec![0; functions.len()];
        for (slot, (_, _, place)) in order.iter().enumerate() {
            slots[*place] = slot;
        }
        for (function, slot) in functions.iter().zip(slots) {
            all.known[slot].2 = all.check_function(function)?.max(1);
        }
        Ok(all)
    }

    fn check_function(&self, function: &FunctionProto) -> Result<u64, OnnxError> {
        let domain = domain_name(&function.domain);
        if function.name.is_empty() {
            return Err(OnnxError::EmptyName { what: "a function" });
        }
        if OPSETS.iter().any(|(known, ..)| *known == domain) {
            let (domain, operator) = (domain.to_owned(), shown(&function.name));
            return Err(OnnxError::UnknownOperator { domain, operator });
        }
        check_opsets(&function.opset_import, self)?;
        let names = function.attribute.iter().map(String::as_str);
        let attributes = unique("attributes of a function", names)?;
        let given = function.input.iter().map(String::as_str);
        let defined = Defined::collect(given, &function.node)?;
        for output in &function.output {
            defined
                .require(output, usize::MAX, || format!("function {}", shown(&function.name)))?;
        }
        self.check_nodes(&function.node, &defined, &attributes)
    }

    /// Whether a function of an operator set is known.
    fn define(&self, domain: &str) -> bool {
        let slot = self.known.partition_point(|(known, ..)| *known < domain);
        self.known.get(slot).is_some_and(|(known, ..)| *known == domain)
    }

    /// Checks nodes in their order and returns how many they unfold to.
    fn check_nodes(
        &self,
        nodes: &[NodeProto],
        defined: &Defined,
        attributes: &[&str],
    ) -> Result<u64, OnnxError> {
        let mut unfolded = 0u64;
        for (place, node) in nodes.iter().enumerate() {
            let domain = domain_name(&node.domain);
            if node.op_type.is_empty() {
                return Err(OnnxError::EmptyName { what: "an operator" });
            }
            let size = if OPSETS.iter().any(|(known, ..)| *known == domain) {
                1
            } else {
                let key = (domain, node.op_type.as_str());
                let found = self.known.binary_search_by(|(d, name, _)| (*d, *name).cmp(&key));
                match found.map(|slot| self.known[slot].2) {
                    Ok(size) if size > 0 => size,
                    _ => {
                        let (domain, operator) = (shown(domain), shown(&node.op_type));
                        return Err(OnnxError::UnknownOperator { domain, operator });
                    }
                }
            };
            unfolded = unfolded.saturating_add(size);
            if unfolded > MAX_NODES {
                return Err(OnnxError::TooManyNodes { limit: MAX_NODES });
            }
            for input in node.input.iter().filter(|input| !input.is_empty()) {
                defined.require(input, place, || format!("a node {}", shown(&node.op_type)))?;
            }
            check_attributes(node, attributes)?;
        }
        Ok(unfolded)
    }
}

fn check_attributes(node: &NodeProto, given: &[&str]) -> Result<(), OnnxError> {
    unique("attributes of a node", node.attribute.iter().map(|attribute| attribute.name.as_str()))?;
    for attribute in &node.attribute {
        match Attribute::from_proto(&node.op_type, attribute)? {
            Attribute::Tensor(tensor) => drop(InitializerView::new(tensor)?),
            Attribute::Reference(name, _) if given.binary_search(&name).is_err() => {
                let used_by = format!("a node {}", shown(&node.op_type));
                return Err(OnnxError::UndefinedName { name: shown(name), used_by });
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_graph(graph: &GraphProto, functions: &Functions) -> Result<(), OnnxError> {
    for value in graph.input.iter().chain(&graph.output) {
        check_value(value)?;
    }
    for tensor in &graph.initializer {
        InitializerView::new(tensor)?;
    }
    let inputs = graph.input.iter().map(|value| value.name.as_str());
    let constants = graph.initializer.iter().map(|tensor| tensor.name.as_str());
    let defined = Defined::collect(inputs.chain(constants), &graph.node)?;
    unique("outputs", graph.output.iter().map(|value| value.name.as_str()))?;
    for output in &graph.output {
        defined.require(&output.name, usize::MAX, || "the list of outputs".to_owned())?;
    }
    functions.check_nodes(&graph.node, &defined, &[])?;
    Ok(())
}

fn check_value(value: &ValueInfoProto) -> Result<(), OnnxError> {
    let name = || shown(&value.name);
    let tensor = value.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
    let Some((tensor, shape)) = tensor.and_then(|tensor| Some((tensor, tensor.shape.as_ref()?)))
    else {
        return Err(OnnxError::MissingShape { name: name() });
    };
    if ElementType::from_code(tensor.elem_type).is_none() {
        return Err(OnnxError::ElementType { name: name(), code: tensor.elem_type });
    }
    let fail = |fault| OnnxError::Shape { name: name(), fault };
    if shape.dim.len() > MAX_RANK {
        return Err(fail(ShapeFault::Rank { found: shape.dim.len(), limit: MAX_RANK }));
    }
    let mut known = Vec::with_capacity(shape.dim.len());
    for dimension in &shape.dim {
        match (dimension.dim_value, &dimension.dim_param) {
            (Some(size), None) => known.push(size),
            (None, Some(name)) if !name.is_empty() => {}
            _ => return Err(fail(ShapeFault::Dimension)),
        }
    }
    element_count(&known).map_err(fail)?;
    Ok(())
}

/// The values of a graph or function body by name, each with the place from which it may be used.
struct Defined<'a>(Vec<(&'a str, usize)>);

impl<'a> Defined<'a> {
    /// Collects what is given from outside, usable by every node, and what the nodes compute,
    /// usable by the nodes after.
    ///
    /// # Errors
    /// Two values of one name, or a given value without a name. A node may leave the name of an
    /// optional result empty.
    fn collect(
        given: impl Iterator<Item = &'a str>,
        nodes: &'a [NodeProto],
    ) -> Result<Self, OnnxError> {
        let computed = nodes.iter().map(|node| node.output.len()).sum::<usize>();
        let mut all = Vec::with_capacity(given.size_hint().0 + computed);
        all.extend(given.map(|name| (name, 0)));
        for (place, node) in nodes.iter().enumerate() {
            let named = node.output.iter().filter(|name| !name.is_empty());
            all.extend(named.map(|name| (name.as_str(), place + 1)));
        }
        all.sort_unstable();
        if let Some(("", _)) = all.first() {
            return Err(OnnxError::EmptyName { what: "an input or constant" });
        }
        match all.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(OnnxError::DuplicateName { what: "values", name: shown(pair[0].0) }),
            None => Ok(Self(all)),
        }
    }

    fn require(
        &self,
        name: &str,
        place: usize,
        used_by: impl Fn() -> String,
    ) -> Result<(), OnnxError> {
        match self.0.binary_search_by_key(&name, |(known, _)| known) {
            Ok(found) if self.0[found].1 <= place => Ok(()),
            _ => Err(OnnxError::UndefinedName { name: shown(name), used_by: used_by() }),
        }
    }
}

/// Sorts names, and refuses them if two are equal.
fn unique<'a>(
    what: &'static str,
    names: impl Iterator<Item = &'a str>,
) -> Result<Vec<&'a str>, OnnxError> {
    let mut sorted: Vec<&str> = names.collect();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(OnnxError::DuplicateName { what, name: shown(pair[0]) }),
        None => Ok(sorted),
    }
}
