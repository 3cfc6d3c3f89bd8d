//! Any expression of rows as standard operators, one or two for each primitive.
//!
//! A value of rows has the rows as its first dimension; functions that ONNX has by name (`dense`,
//! `relu`, `softmax`) are written by name, a gate as the product that it is without a guard
//! against infinity, the others by their bodies. Functions whose single precision kernels are known
//! to lose digits are computed in double.

use std::collections::HashMap;

use chainrule_core::graph::{Graph, GraphNode};
use chainrule_core::op::{Along, Binary, Compare, Op, Reduction, Unary};
use chainrule_core::{Expr, Shape};

use crate::activations;
use crate::error::{ErrorKind, Result};
use crate::io::attribute::Attribute;
use crate::io::graph::GraphBuilder;
use crate::io::protobuf::ElementType;

/// Writes a network's output; `x` names its input, `values` say which initializer holds each of
/// its parameters and states.
pub(super) fn write(
    builder: &mut GraphBuilder,
    output: &Expr,
    x: &str,
    values: &[(&str, &str)],
) -> Result<String> {
    let graph = Graph::new(std::slice::from_ref(output))?;
    let mut writer = Writer { builder, graph: &graph, names: HashMap::new() };
    for (position, name, _) in graph.inputs() {
        let given = values.iter().find(|(known, _)| *known == name);
        writer.names.insert(position, given.map_or(x, |(_, written)| written).to_owned());
    }
    writer.value(graph.roots[0])
}

struct Writer<'a> {
    builder: &'a mut GraphBuilder,
    graph: &'a Graph,
    names: HashMap<usize, String>,
}

impl Writer<'_> {
    /// The name of a node's value, written with what it needs if it is not there yet.
    fn value(&mut self, root: usize) -> Result<String> {
        let mut pending = vec![root];
        while let Some(&position) = pending.last() {
            if self.names.contains_key(&position) {
                pending.pop();
                continue;
            }
            let node = &self.graph.nodes[position];
            let missing: Vec<usize> = needed(self.graph, node)
                .iter()
                .copied()
                .filter(|operand| !self.names.contains_key(operand))
                .collect();
            if missing.is_empty() {
                let name = self.node(node)?;
                self.names.insert(position, name);
            } else {
                pending.extend(missing);
            }
        }
        Ok(self.names[&root].clone())
    }

    fn name(&self, position: usize) -> String {
        self.names.get(&position).cloned().unwrap_or_default()
    }

    fn shape(&self, position: usize) -> &Shape {
        &self.graph.nodes[position].shape
    }

    /// Writes one node whose operands are there.
    fn node(&mut self, node: &GraphNode) -> Result<String> {
        let unsupported =
            || ErrorKind::NotExportable { operation: node.op.name().to_owned() }.into();
        let operand = |i: usize| node.operands[i];
        Ok(match &node.op {
            Op::Const(value) => self.builder.scalar_f32(value.0 as f32),
            Op::Unary(unary) => {
                let x = self.name(operand(0));
                self.unary(*unary, &x)
            }
            Op::Binary(binary) => {
                let [a, b] = [self.aligned(operand(0), node), self.aligned(operand(1), node)];
                let name = match binary {
                    Binary::Add => "Add",
                    Binary::Sub => "Sub",
                    Binary::Mul => "Mul",
                    Binary::Div => "Div",
                    Binary::Pow => "Pow",
                    Binary::Max => "Max",
                    Binary::Min => "Min",
                };
                self.builder.node(name, "", &[&a, &b], &[])
            }
            Op::Compare(compare) => {
                let [a, b] = [self.aligned(operand(0), node), self.aligned(operand(1), node)];
                let name = match compare {
                    Compare::Lt => "Less",
                    Compare::Le => "LessOrEqual",
                    Compare::Eq => "Equal",
                };
                let holds = self.builder.node(name, "", &[&a, &b], &[]);
                self.cast(&holds, ElementType::Float)
            }
            Op::Select => {
                let [c, a, b] = [0, 1, 2].map(|i| self.aligned(operand(i), node));
                let condition = self.cast(&c, ElementType::Bool);
                self.builder.node("Where", "", &[&condition, &a, &b], &[])
            }
            Op::MatMul { transpose_left, transpose_right } => {
                let a = self.matrix(operand(0), *transpose_left);
                let b = self.matrix(operand(1), *transpose_right);
                self.builder.node("MatMul", "", &[&a, &b], &[])
            }
            Op::Reduce(reduction, Along::Axis(axis)) => {
                let axis = self.axis(operand(0), *axis);
                let x = self.name(operand(0));
                self.reduce(*reduction, &x, axis)
            }
            Op::Reshape(dims) => {
                let rows = node.shape.is_rows().then_some(-1);
                let dims = rows.into_iter().chain(dims.iter().map(|&dim| dim as i64)).collect();
                let x = self.name(operand(0));
                self.reshape(&x, dims)
            }
            Op::Permute(axes) => {
                let rows = usize::from(node.shape.is_rows());
                let axes: Vec<i64> = (0..rows)
                    .chain(axes.iter().map(|axis| axis + rows))
                    .map(|axis| axis as i64)
                    .collect();
                let x = self.name(operand(0));
                self.builder.node("Transpose", "", &[&x], &[("perm", Attribute::Ints(&axes))])
            }
            Op::Broadcast(target) => {
                let x = self.aligned(operand(0), node);
                if target.is_rows() && !self.shape(operand(0)).is_rows() {
                    // What reads it broadcasts over the rows by itself.
                    return Ok(x);
                }
                let rows = target.is_rows().then_some(1);
                let dims: Vec<i64> =
                    rows.into_iter().chain(target.dims.iter().map(|&dim| dim as i64)).collect();
                let shape = self.builder.initializer_i64("shape", &[dims.len()], &dims);
                self.builder.node("Expand", "", &[&x, &shape], &[])
            }
            Op::Slice { axis, start, length } => {
                let axis = self.axis(operand(0), *axis);
                let bounds = [*start as i64, (start + length) as i64, axis];
                let [start, end, axis] =
                    bounds.map(|bound| self.builder.initializer_i64("bound", &[1], &[bound]));
                let x = self.name(operand(0));
                self.builder.node("Slice", "", &[&x, &start, &end, &axis], &[])
            }
            Op::Pad { axis, before, after } => {
                let axis = self.axis(operand(0), *axis) as usize;
                let rank = node.shape.rank() + usize::from(node.shape.is_rows());
                let mut pads = vec![0i64; 2 * rank];
                (pads[axis], pads[rank + axis]) = (*before as i64, *after as i64);
                let pads = self.builder.initializer_i64("pads", &[pads.len()], &pads);
                let x = self.name(operand(0));
                self.builder.node("Pad", "", &[&x, &pads], &[])
            }
            Op::Concat { axis } => {
                let mixed = node.operands.iter().any(|&i| !self.shape(i).is_rows());
                if node.shape.is_rows() && mixed {
                    return Err(unsupported());
                }
                let axis = self.axis(operand(0), *axis);
                let names: Vec<String> = node.operands.iter().map(|&i| self.name(i)).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                self.builder.node("Concat", "", &names, &[("axis", Attribute::Int(axis))])
            }
            Op::Gather if !self.shape(operand(0)).is_rows() => {
                let index = self.name(operand(1));
                let index = self.cast(&index, ElementType::Int64);
                let table = self.name(operand(0));
                self.builder.node("Gather", "", &[&table, &index], &[("axis", Attribute::Int(0))])
            }
            Op::Iota { along: Along::Axis(axis), dims } => {
                let inner: usize = dims[axis + 1..].iter().product();
                let values: Vec<f32> = (0..dims.iter().product())
                    .map(|i: usize| (i / inner % dims[*axis]) as f32)
                    .collect();
                self.builder.initializer_f32("iota", dims, &values)
            }
            Op::Cast(_) | Op::StopGradient => self.name(operand(0)),
            Op::Call(_) => match named(self.graph, node) {
                Some(form) => self.named(form, &node.operands[1..]),
                None => self.name(operand(0)),
            },
            Op::Input { .. }
            | Op::Iota { along: Along::Rows, .. }
            | Op::Uniform { .. }
            | Op::Reduce(_, Along::Rows)
            | Op::Gather
            | Op::ScatterAdd { .. } => return Err(unsupported()),
        })
    }

    fn named(&mut self, form: Named, arguments: &[usize]) -> String {
        let names: Vec<String> = arguments.iter().map(|&argument| self.name(argument)).collect();
        let inputs: Vec<&str> = names.iter().map(String::as_str).collect();
        match form {
            Named::Operator(operator, setting) => {
                let setting = setting.map(|(name, value)| (name, Attribute::Float(value as f32)));
                self.builder.node(operator, "", &inputs, setting.as_slice())
            }
            Named::AlongRow(operator) => {
                self.in_double(operator, inputs[0], &[("axis", Attribute::Int(-1))])
            }
            Named::Gate(operators) => {
                let x = names[0].clone();
                let gate =
                    operators.iter().fold(x.clone(), |gate, &unary| self.unary(unary, &gate));
                self.builder.node("Mul", "", &[&x, &gate], &[])
            }
        }
    }

    fn unary(&mut self, unary: Unary, x: &str) -> String {
        let plain = |name: &'static str| (name, false);
        let (name, double) = match unary {
            Unary::Neg => plain("Neg"),
            Unary::Abs => plain("Abs"),
            Unary::Sign => plain("Sign"),
            Unary::Sqrt => plain("Sqrt"),
            Unary::Floor => plain("Floor"),
            // These have no kernels in double.
            Unary::Softplus => plain("Softplus"),
            Unary::Erf => plain("Erf"),
            Unary::Atan => plain("Atan"),
            // ½(1 + erf(x/√2)): opset 17 has no function that keeps the left tail.
            Unary::NormalCdf => {
                let [root, one, half] = [std::f32::consts::FRAC_1_SQRT_2, 1.0, 0.5]
                    .map(|value| self.builder.scalar_f32(value));
                let scaled = self.builder.node("Mul", "", &[x, &root], &[]);
                let erf = self.builder.node("Erf", "", &[&scaled], &[]);
                let sum = self.builder.node("Add", "", &[&erf, &one], &[]);
                return self.builder.node("Mul", "", &[&sum, &half], &[]);
            }
            Unary::Exp => ("Exp", true),
            Unary::Log => ("Log", true),
            Unary::Sin => ("Sin", true),
            Unary::Cos => ("Cos", true),
            Unary::Tanh => ("Tanh", true),
            Unary::Sigmoid => ("Sigmoid", true),
            // Opset 17 has neither; in double the digits lost do not reach single precision.
            Unary::Expm1 => {
                let double = self.cast(x, ElementType::Double);
                let exp = self.builder.node("Exp", "", &[&double], &[]);
                let one = self.builder.scalar_f64(1.0);
                let difference = self.builder.node("Sub", "", &[&exp, &one], &[]);
                return self.cast(&difference, ElementType::Float);
            }
            Unary::Log1p => {
                let double = self.cast(x, ElementType::Double);
                let one = self.builder.scalar_f64(1.0);
                let sum = self.builder.node("Add", "", &[&double, &one], &[]);
                let log = self.builder.node("Log", "", &[&sum], &[]);
                return self.cast(&log, ElementType::Float);
            }
        };
        match double {
            true => self.in_double(name, x, &[]),
            false => self.builder.node(name, "", &[x], &[]),
        }
    }

    fn in_double(&mut self, name: &str, x: &str, attributes: &[(&str, Attribute<'_>)]) -> String {
        let double = self.cast(x, ElementType::Double);
        let value = self.builder.node(name, "", &[&double], attributes);
        self.cast(&value, ElementType::Float)
    }

    fn cast(&mut self, x: &str, to: ElementType) -> String {
        self.builder.node("Cast", "", &[x], &[("to", Attribute::cast_to(to))])
    }

    fn reduce(&mut self, reduction: Reduction, x: &str, axis: i64) -> String {
        let flat = ("keepdims", Attribute::Int(0));
        match reduction {
            Reduction::Sum => {
                let axes = self.builder.initializer_i64("axes", &[1], &[axis]);
                self.builder.node("ReduceSum", "", &[x, &axes], &[flat])
            }
            Reduction::Max => {
                let axes = [axis];
                let attributes = [("axes", Attribute::Ints(&axes)), flat];
                self.builder.node("ReduceMax", "", &[x], &attributes)
            }
            Reduction::LogSumExp => {
                let axes = [axis];
                let attributes = [("axes", Attribute::Ints(&axes)), flat];
                self.in_double("ReduceLogSumExp", x, &attributes)
            }
            Reduction::ArgMax => {
                let attributes = [("axis", Attribute::Int(axis)), flat];
                let position = self.builder.node("ArgMax", "", &[x], &attributes);
                self.cast(&position, ElementType::Float)
            }
        }
    }

    /// An axis of a row as an axis of the tensor, whose first dimension may be the rows.
    fn axis(&self, operand: usize, axis: usize) -> i64 {
        (axis + usize::from(self.shape(operand).is_rows())) as i64
    }

    fn reshape(&mut self, x: &str, dims: Vec<i64>) -> String {
        let shape = self.builder.initializer_i64("shape", &[dims.len()], &dims);
        self.builder.node("Reshape", "", &[x, &shape], &[])
    }

    /// An operand whose dimensions stand behind the rows as broadcasting wants them: rows of a
    /// lower rank get ones between the rows and their own dimensions.
    fn aligned(&mut self, operand: usize, node: &GraphNode) -> String {
        let shape = self.shape(operand).clone();
        let name = self.name(operand);
        if !shape.is_rows() || shape.rank() == node.shape.rank() {
            return name;
        }
        let ones = vec![1; node.shape.rank() - shape.rank()];
        let dims = std::iter::once(-1)
            .chain(ones)
            .chain(shape.dims.iter().map(|&dim| dim as i64))
            .collect();
        self.reshape(&name, dims)
    }

    /// A matrix operand, transposed if its flag says so.
    fn matrix(&mut self, operand: usize, transpose: bool) -> String {
        let name = self.name(operand);
        if !transpose {
            return name;
        }
        let shape = self.shape(operand);
        let rank = shape.rank() + usize::from(shape.is_rows());
        let mut axes: Vec<i64> = (0..rank as i64).collect();
        axes.swap(rank - 2, rank - 1);
        self.builder.node("Transpose", "", &[&name], &[("perm", Attribute::Ints(&axes))])
    }
}

/// The operands that must be written before a node: of a function that is written by name, its
/// arguments; of another, its body.
fn needed<'a>(graph: &Graph, node: &'a GraphNode) -> &'a [usize] {
    match &node.op {
        Op::Call(_) if named(graph, node).is_some() => &node.operands[1..],
        Op::Call(_) => &node.operands[..1],
        _ => &node.operands,
    }
}

/// How a function is written that has another form than its body.
enum Named {
    /// The operator of its arguments, with its setting.
    Operator(&'static str, Option<(&'static str, f64)>),
    /// The operator of its argument along the last axis, in double.
    AlongRow(&'static str),
    /// x times operators of x, the first of them first.
    Gate(&'static [Unary]),
}

/// The form of a call of a function that has one: `dense`, and an activation whose body is that of
/// the table.
fn named(graph: &Graph, node: &GraphNode) -> Option<Named> {
    let Op::Call(name) = &node.op else { return None };
    let arguments: Vec<&GraphNode> =
        node.operands[1..].iter().map(|&operand| &graph.nodes[operand]).collect();
    if &**name == "dense" && arguments.len() == 3 {
        return Some(Named::Operator("Gemm", None));
    }
    let row = activations::FUNCTIONS.iter().find(|row| row.name == &**name)?;
    let given: Vec<Expr> = arguments.iter().map(|argument| argument.expr.clone()).collect();
    if row.call(&given) != node.expr {
        return None;
    }
    let setting = |default: f64| match arguments.get(1) {
        Some(argument) => argument.expr.as_const(),
        None => Some(default),
    };
    Some(match row.name {
        "relu" => Named::Operator("Relu", None),
        "softsign" => Named::Operator("Softsign", None),
        "hard_swish" => Named::Operator("HardSwish", None),
        "hard_sigmoid" => Named::Operator("HardSigmoid", Some(("alpha", 1.0 / 6.0))),
        "leaky_relu" => Named::Operator("LeakyRelu", Some(("alpha", setting(row.defaults[0])?))),
        "elu" => Named::Operator("Elu", Some(("alpha", setting(row.defaults[0])?))),
        "selu" => Named::Operator("Selu", None),
        "prelu" if !arguments[1].shape.is_rows() => Named::Operator("PRelu", None),
        "softmax" => Named::AlongRow("Softmax"),
        "log_softmax" => Named::AlongRow("LogSoftmax"),
        "gelu" => Named::Gate(&[Unary::NormalCdf]),
        "silu" => Named::Gate(&[Unary::Sigmoid]),
        "mish" => Named::Gate(&[Unary::Softplus, Unary::Tanh]),
        _ => return None,
    })
}
