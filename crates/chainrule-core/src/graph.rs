//! Expressions as a flat list: equal subexpressions merged, every node after its operands.

use std::collections::HashMap;
use std::fmt;

use crate::error::{Error, ErrorKind};
use crate::expr::{Expr, Node};
use crate::op::Op;
use crate::shape::Shape;

/// A list of nodes in which every node follows its operands, with the places of the roots.
///
/// The order is the depth-first order of the operands, so it depends on the expressions alone.
#[derive(Clone, Debug)]
pub struct Graph {
    /// The nodes.
    pub nodes: Vec<GraphNode>,
    /// The position of each root, in the order in which they were given.
    pub roots: Vec<usize>,
}

/// One node of a [`Graph`].
#[derive(Clone, Debug)]
pub struct GraphNode {
    /// The operation.
    pub op: Op,
    /// The positions of its operands.
    pub operands: Vec<usize>,
    /// The shape of its value.
    pub shape: Shape,
    /// The expression it comes from.
    pub expr: Expr,
}

impl Graph {
    /// Lists everything that the roots need; the first poisoned expression is the error.
    pub fn new(roots: &[Expr]) -> Result<Self, Error> {
        let mut list = Listing::default();
        let roots = roots.iter().map(|root| list.add(root)).collect::<Result<_, _>>()?;
        let mut declared: HashMap<&str, &Shape> = HashMap::new();
        for node in &list.nodes {
            if let Op::Input { name, shape } = &node.op
                && let Some(first) = declared.insert(name, shape)
            {
                let kind = ErrorKind::InputConflict {
                    name: name.to_string(),
                    first: first.clone(),
                    second: shape.clone(),
                };
                return Err(Error::new(kind, Some(node.expr.place())));
            }
        }
        Ok(Self { nodes: list.nodes, roots })
    }

    /// The first root made anew: `make` gets the position of each node, the node, and what was made
    /// of its operands. See [`GraphNode::on`].
    ///
    /// # Panics
    /// If the graph has no root.
    pub fn rebuild(&self, mut make: impl FnMut(usize, &GraphNode, &[Expr]) -> Expr) -> Expr {
        let mut made: Vec<Expr> = Vec::with_capacity(self.nodes.len());
        for (position, node) in self.nodes.iter().enumerate() {
            let operands: Vec<Expr> = node.operands.iter().map(|&i| made[i].clone()).collect();
            made.push(make(position, node, &operands));
        }
        made.swap_remove(self.roots[0])
    }

    /// The inputs, in the order in which they are first needed: (position, name, shape).
    pub fn inputs(&self) -> impl Iterator<Item = (usize, &str, &Shape)> {
        self.nodes.iter().enumerate().filter_map(|(position, node)| match &node.op {
            Op::Input { name, shape } => Some((position, name.as_ref(), shape)),
            _ => None,
        })
    }
}

impl GraphNode {
    /// The node's operation on other operands; without operands, the node as it is.
    pub fn on(&self, operands: &[Expr]) -> Expr {
        match operands {
            [] => self.expr.clone(),
            _ => Expr::new(self.op.clone(), operands),
        }
    }
}

/// The expression with others in the place of some of its parts: (part, what takes its place).
///
/// What takes a part's place must have its shape, or poisons the result where it no longer fits.
///
/// # Errors
/// The error that poisoned an expression.
///
/// ```
/// use chainrule_core::{Expr, graph::substitute};
/// let (x, y) = (Expr::variable("x"), Expr::variable("y"));
/// let square = substitute(&x.clone().powf(2.0), &[(x, 2.0 * y)]).unwrap();
/// assert_eq!(square.to_string(), "(2*y)^2");
/// ```
pub fn substitute(expr: &Expr, replaced: &[(Expr, Expr)]) -> Result<Expr, Error> {
    let mut roots = vec![expr.clone()];
    roots.extend(replaced.iter().map(|(part, _)| part.clone()));
    let graph = Graph::new(&roots)?;
    let result = graph.rebuild(|position, node, operands| {
        match graph.roots[1..].iter().position(|&part| part == position) {
            Some(part) => replaced[part].1.clone(),
            None => node.on(operands),
        }
    });
    result.node()?;
    Ok(result)
}

#[derive(Default)]
struct Listing {
    nodes: Vec<GraphNode>,
    by_address: HashMap<*const Node, usize>,
    by_structure: HashMap<(Op, Vec<usize>), usize>,
}

impl Listing {
    fn add(&mut self, root: &Expr) -> Result<usize, Error> {
        let mut pending = vec![(root, false)];
        while let Some((expr, operands_done)) = pending.pop() {
            let node = expr.node()?;
            let address = std::ptr::from_ref(node);
            if self.by_address.contains_key(&address) {
                continue;
            }
            if !operands_done {
                pending.push((expr, true));
                pending.extend(node.operands().iter().rev().map(|operand| (operand, false)));
                continue;
            }
            let operands: Vec<usize> = node
                .operands()
                .iter()
                .filter_map(|operand| self.by_address.get(&operand.address()?).copied())
                .collect();
            let key = (node.op().clone(), operands);
            let position = match self.by_structure.get(&key) {
                Some(&position) => position,
                None => {
                    let position = self.nodes.len();
                    self.nodes.push(GraphNode {
                        op: key.0.clone(),
                        operands: key.1.clone(),
                        shape: node.shape().clone(),
                        expr: expr.clone(),
                    });
                    self.by_structure.insert(key, position);
                    position
                }
            };
            self.by_address.insert(address, position);
        }
        let address = std::ptr::from_ref(root.node()?);
        Ok(self.by_address[&address])
    }
}

impl fmt::Display for Graph {
    /// One line a node: `%3 = add(%1, %2) : rows[4]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, node) in self.nodes.iter().enumerate() {
            writeln!(f, "{}", Line(position, &node.op, &node.operands, &node.shape))?;
        }
        write!(f, "roots:")?;
        for root in &self.roots {
            write!(f, " %{root}")?;
        }
        writeln!(f)
    }
}

/// One node as listings show it: `%3 = add(%1, %2) : rows[4]`.
pub(crate) struct Line<'a>(
    pub(crate) usize,
    pub(crate) &'a Op,
    pub(crate) &'a [usize],
    pub(crate) &'a Shape,
);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(position, op, operands, shape) = self;
        write!(f, "%{position} = {}", Attributes(op))?;
        if !operands.is_empty() {
            let operands: Vec<String> = operands.iter().map(|i| format!("%{i}")).collect();
            write!(f, "({})", operands.join(", "))?;
        }
        write!(f, " : {shape}")
    }
}

/// An operation as listings show it: its name and its attributes in braces.
struct Attributes<'a>(&'a Op);

impl fmt::Display for Attributes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.name();
        match self.0 {
            Op::Input { .. } => write!(f, "input `{name}`"),
            Op::Const(value) => write!(f, "const {:?}", value.0),
            Op::Iota { along, .. } => write!(f, "iota{{{along}}}"),
            Op::Uniform { stream, .. } => write!(f, "uniform{{stream {stream}}}"),
            Op::MatMul { transpose_left, transpose_right } => {
                let mark = |flag: bool| if flag { "T" } else { "N" };
                write!(f, "matmul{{{}{}}}", mark(*transpose_left), mark(*transpose_right))
            }
            Op::Reduce(_, along) => write!(f, "{name}{{{along}}}"),
            Op::Permute(axes) => write!(f, "permute{{{axes:?}}}"),
            Op::Slice { axis, start, length } => {
                write!(f, "slice{{{axis}: {start}..{}}}", start + length)
            }
            Op::Pad { axis, before, after } => write!(f, "pad{{{axis}: {before}, {after}}}"),
            Op::Concat { axis } => write!(f, "concat{{{axis}}}"),
            Op::Cast(precision) => write!(f, "cast{{{precision}}}"),
            Op::Call(_) => write!(f, "call `{name}`"),
            Op::Unary(_)
            | Op::Binary(_)
            | Op::Compare(_)
            | Op::Select
            | Op::Reshape(_)
            | Op::Broadcast(_)
            | Op::Gather
            | Op::ScatterAdd { .. }
            | Op::StopGradient => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_subexpressions_are_listed_once() {
        let x = || Expr::variable("x").exp();
        let graph = Graph::new(&[x() + x(), x()]).unwrap();
        assert_eq!(graph.nodes.len(), 3);
        assert_eq!(graph.roots, [2, 1]);
        assert_eq!(
            graph.to_string(),
            "%0 = input `x` : shared[]\n%1 = exp(%0) : shared[]\n\
             %2 = add(%1, %1) : shared[]\nroots: %2 %1\n"
        );
    }

    #[test]
    fn one_name_with_two_shapes_is_an_error() {
        let both = Expr::variable("x") + Expr::input("x", Shape::rows(&[]));
        let error = Graph::new(&[both]).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InputConflict { .. }));
    }
}
