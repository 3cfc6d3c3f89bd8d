//! Where a network is cut into steps: at its named functions and at what these are given.
//!
//! A step's definition is the graph between it and the steps before, with a name in the place of
//! each of those. Functions of few operations, and all activations, are one step; a larger one is
//! cut inside too, where a value is used more than once, and at roots.

use std::collections::HashSet;

use chainrule_core::Expr;
use chainrule_core::graph::Graph;
use chainrule_core::op::{Op, Unary};

use super::notation::seen;
use super::symbols::{Letter, Namer};
use crate::activations::FUNCTIONS;
use crate::error::Result;
use crate::network::Built;

/// A value of the network that has a name.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    /// The name, as an input of the definitions after it.
    pub(super) name: String,
    /// The value in the network's own graph.
    pub(super) real: Expr,
    /// The value in the names of what stands before it.
    pub(super) definition: Expr,
    /// Whether it is a linear map's output.
    pub(super) is_linear: bool,
}

/// The most operations of a function that is not looked into.
const SMALL: usize = 16;

/// Cuts a network into steps, from its input to its output, which is the last.
pub(super) fn cuts(built: &Built, namer: &mut Namer<'_>) -> Result<Vec<Cut>> {
    let graph = Graph::new(std::slice::from_ref(&built.output))?;
    let plan = Plan::new(&graph, built);
    let mut cuts: Vec<Cut> = Vec::new();
    // What stands for each node in the definitions after it.
    let mut made: Vec<Expr> = Vec::with_capacity(graph.nodes.len());
    for (position, node) in graph.nodes.iter().enumerate() {
        let operands: Vec<Expr> = node.operands.iter().map(|&i| made[i].clone()).collect();
        let own = node.on(&operands);
        if !plan.is_cut[position] {
            made.push(own);
            continue;
        }
        let definition = match &node.op {
            // A function that is looked into, or has no name of its own in a formula.
            Op::Call(name) if plan.is_entered[position] || !is_function(name) => {
                operands[0].clone()
            }
            Op::Call(name) => spelled(name, &operands[1..]).unwrap_or(own),
            _ => own,
        };
        let letter = plan.letter(position, &definition);
        let name = namer.step(letter, &definition, position == plan.root);
        made.push(Expr::input(&name, node.shape.clone()));
        let is_linear = letter == Letter::Linear;
        cuts.push(Cut { name, real: node.expr.clone(), definition, is_linear });
    }
    Ok(cuts)
}

/// Whether a named function is one of formulas, so that a person knows it by its name.
pub(super) fn is_function(name: &str) -> bool {
    FUNCTIONS.iter().any(|row| row.name == name)
}

/// A function of a whole row, or one that learns, by its formula; the numbers are its body's.
fn spelled(name: &str, arguments: &[Expr]) -> Option<Expr> {
    let row = FUNCTIONS.iter().find(|row| row.name == name)?;
    let spelled = row.spelled(arguments);
    let is_of_row = arguments.len() > 1 || row.formula.contains("axis=");
    (is_of_row && spelled.error().is_none()).then_some(spelled)
}

/// The value without a function around it that changes nothing, as `linear`.
fn named(mut expr: &Expr) -> &Expr {
    while let Ok(node) = expr.node()
        && let (Op::Call(_), [body, argument, ..]) = (node.op(), node.operands())
        && body == argument
    {
        expr = body;
    }
    expr
}

/// Which nodes are cut.
struct Plan<'a> {
    graph: &'a Graph,
    root: usize,
    is_cut: Vec<bool>,
    /// Functions that are looked into.
    is_entered: Vec<bool>,
    is_inside: Vec<bool>,
    /// Places in tables.
    is_code: Vec<bool>,
}

impl<'a> Plan<'a> {
    fn new(graph: &'a Graph, built: &Built) -> Self {
        let count = graph.nodes.len();
        let place = |expr: &Expr| graph.nodes.iter().position(|node| node.expr == *expr);
        let root = place(named(&built.output)).unwrap_or(graph.roots[0]);
        let mut plan = Self {
            graph,
            root,
            is_cut: vec![false; count],
            is_entered: vec![false; count],
            is_inside: vec![false; count],
            is_code: vec![false; count],
        };
        let parameters: HashSet<&str> = built.parameters.iter().map(|p| p.name.as_str()).collect();
        let mut moves = vec![false; count];
        for (position, node) in graph.nodes.iter().enumerate() {
            moves[position] = match &node.op {
                Op::Input { name, .. } => parameters.contains(&**name),
                _ => node.operands.iter().any(|&operand| moves[operand]),
            };
        }
        plan.look(&moves);
        plan.is_cut[plan.root] = true;
        plan
    }

    /// Walks down from the output over everything that is not inside of a named step.
    fn look(&mut self, moves: &[bool]) {
        let graph = self.graph;
        let mut is_visible = vec![false; graph.nodes.len()];
        let mut uses = vec![0; graph.nodes.len()];
        let mut pending = vec![self.root];
        while let Some(position) = pending.pop() {
            if std::mem::replace(&mut is_visible[position], true) {
                continue;
            }
            let node = &graph.nodes[position];
            let next: Vec<usize> = match &node.op {
                Op::Call(_) if node.operands.get(1) == Some(&node.operands[0]) => {
                    vec![node.operands[0]]
                }
                Op::Call(name) => {
                    self.is_cut[position] = true;
                    self.cut_arguments(position, moves);
                    let inside = self.inside(position);
                    if is_function(name) || inside.len() <= SMALL {
                        node.operands[1..].to_vec()
                    } else {
                        self.is_entered[position] = true;
                        inside.into_iter().for_each(|inner| self.is_inside[inner] = true);
                        vec![node.operands[0]]
                    }
                }
                Op::MatMul { .. } => {
                    let whole = self.whole(position, &is_visible);
                    let is_parameter = |&operand: &usize| {
                        moves[operand] && matches!(graph.nodes[operand].op, Op::Input { .. })
                    };
                    if node.operands.iter().any(is_parameter) {
                        self.is_cut[whole] = true;
                        node.operands.iter().for_each(|&operand| self.cut_value(operand, moves));
                    }
                    node.operands.clone()
                }
                Op::Gather => {
                    let index = node.operands[1];
                    self.is_code[index] = !graph.nodes[index].operands.is_empty();
                    self.is_cut[index] |= self.is_code[index];
                    node.operands.clone()
                }
                Op::Concat { .. } => {
                    // A row with a vector in the place of a code, which the next may be taken from.
                    self.is_cut[position] |= node
                        .operands
                        .iter()
                        .any(|&part| matches!(graph.nodes[self.meant(part)].op, Op::Gather));
                    node.operands.clone()
                }
                _ => node.operands.clone(),
            };
            next.iter().for_each(|&operand| uses[operand] += 1);
            pending.extend(next);
        }
        for (position, node) in graph.nodes.iter().enumerate() {
            let is_value = !node.operands.is_empty() && !self.is_alias(position);
            let is_root = node.op == Op::Unary(Unary::Sqrt);
            if self.is_inside[position] && (uses[position] > 1 || is_root) && is_value {
                self.is_cut[position] = true;
            }
        }
    }

    /// Gives names to what a named function is given.
    fn cut_arguments(&mut self, call: usize, moves: &[bool]) {
        let graph = self.graph;
        graph.nodes[call].operands[1..].iter().for_each(|&value| self.cut_value(value, moves));
    }

    /// Gives a name to what a node stands for, if it is a value of rows or learned.
    fn cut_value(&mut self, value: usize, moves: &[bool]) {
        let value = self.meant(value);
        let node = &self.graph.nodes[value];
        let is_bare_product = matches!(node.op, Op::MatMul { .. });
        let is_value = !node.operands.is_empty() && !is_bare_product;
        self.is_cut[value] |= is_value && (node.shape.is_rows() || moves[value]);
    }

    /// The nodes of a function's body, without what it is given.
    fn inside(&self, call: usize) -> Vec<usize> {
        let operands = &self.graph.nodes[call].operands;
        let mut seen: HashSet<usize> = operands[1..].iter().copied().collect();
        let mut inside = Vec::new();
        let mut pending = vec![operands[0]];
        while let Some(position) = pending.pop() {
            let node = &self.graph.nodes[position];
            if seen.insert(position) && !node.operands.is_empty() {
                inside.push(position);
                pending.extend(&node.operands);
            }
        }
        inside
    }

    /// The last of the nodes that only give a product other dimensions.
    fn whole(&self, product: usize, is_visible: &[bool]) -> usize {
        let mut whole = product;
        for (position, node) in self.graph.nodes.iter().enumerate().skip(product) {
            if is_visible[position] && node.operands == [whole] && self.is_alias(position) {
                whole = position;
            }
        }
        whole
    }

    /// The node that a node stands for, itself if it is a value of its own.
    fn meant(&self, mut position: usize) -> usize {
        while self.is_alias(position) {
            position = self.graph.nodes[position].operands[0];
        }
        position
    }

    /// Whether a node stands for its operand.
    fn is_alias(&self, position: usize) -> bool {
        let expr = &self.graph.nodes[position].expr;
        !std::ptr::eq(seen(expr), expr)
    }

    fn letter(&self, position: usize, definition: &Expr) -> Letter {
        let op = &self.graph.nodes[position].op;
        if self.is_code[position] {
            return Letter::Code;
        }
        if self.is_inside[position] {
            return Letter::Part;
        }
        match op {
            Op::Call(name) if &**name == "dense" => Letter::Linear,
            Op::Call(name) if !is_function(name) => Letter::Normal,
            Op::Call(_) => Letter::Activation,
            _ => Letter::of(definition),
        }
    }
}
