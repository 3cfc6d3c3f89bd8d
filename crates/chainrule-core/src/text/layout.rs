//! Which parts of an expression are written in place, and which get a name first.
//!
//! The text of a graph with shared parts can be exponential in its size, and a deep one could not
//! be read back. Both are then written as a list of named parts, each of bounded depth.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::error::Error;
use crate::expr::Expr;
use crate::graph::Graph;
use crate::op::{Binary, Op, Unary};

/// The number of nodes up to which shared parts are written out each time.
const LARGEST: usize = 4096;

/// The depth from which a part gets a name, so that the parser can read the text back.
const DEEPEST: usize = 200;

/// A graph of one root, with a number for each part that gets a name.
pub(crate) struct Layout {
    graph: Graph,
    numbers: Vec<Option<usize>>,
    named: Vec<usize>,
}

/// What the text of a node is made of.
pub(crate) enum Piece {
    /// The text of another node, or its name.
    Node(usize),
    /// These characters.
    Text(Cow<'static, str>),
}

impl From<&'static str> for Piece {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Piece {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl Layout {
    /// Decides which parts of an expression get a name.
    pub(crate) fn new(expr: &Expr) -> Result<Self, Error> {
        let graph = Graph::new(std::slice::from_ref(expr))?;
        let count = graph.nodes.len();
        let mut layout = Self { graph, numbers: vec![None; count], named: Vec::new() };
        let mut extents: Vec<Extent> = Vec::with_capacity(count);
        for position in 0..count {
            let extent = layout.extent(position, &extents);
            extents.push(extent);
        }
        let root = layout.root();
        let is_large = extents[root].nodes > LARGEST;
        if is_large || extents[root].depth >= DEEPEST {
            layout.name_parts(is_large);
        }
        Ok(layout)
    }

    fn name_parts(&mut self, is_large: bool) {
        let root = self.root();
        let mut uses = vec![0usize; root + 1];
        uses[root] = 1;
        for position in (0..=root).rev() {
            if uses[position] > 0 {
                for &operand in self.operands(position) {
                    uses[operand] += 1;
                }
            }
        }
        let taken: BTreeSet<String> =
            self.graph.inputs().map(|(_, name, _)| name.replace('_', "")).collect();
        let mut number = 0;
        let mut extents: Vec<Extent> = Vec::with_capacity(root);
        for (position, &uses) in uses.iter().enumerate().take(root) {
            let mut extent = self.extent(position, &extents);
            let is_shared = uses > 1 && extent.nodes > 1;
            if uses > 0 && (is_large && is_shared || extent.depth >= DEEPEST) {
                number += 1;
                while taken.contains(&format!("t{number}")) {
                    number += 1;
                }
                self.numbers[position] = Some(number);
                self.named.push(position);
                extent = Extent { nodes: 1, depth: 0 };
            }
            extents.push(extent);
        }
    }

    fn extent(&self, position: usize, extents: &[Extent]) -> Extent {
        let mut extent = Extent { nodes: 1, depth: 0 };
        for (i, &operand) in self.operands(position).iter().enumerate() {
            let levels = levels(self.op(position), i, self.op(operand));
            extent.nodes = extent.nodes.saturating_add(extents[operand].nodes);
            extent.depth = extent.depth.max(extents[operand].depth.saturating_add(levels));
        }
        extent
    }

    /// The position of the whole expression.
    pub(crate) fn root(&self) -> usize {
        self.graph.roots[0]
    }

    /// The operation of a node.
    pub(crate) fn op(&self, position: usize) -> &Op {
        &self.graph.nodes[position].op
    }

    /// The operands that are written: of a call the arguments, not the body.
    pub(crate) fn operands(&self, position: usize) -> &[usize] {
        let node = &self.graph.nodes[position];
        match node.op {
            Op::Call(_) => &node.operands[1..],
            _ => &node.operands,
        }
    }

    /// The number in the name of a node that is written apart.
    pub(crate) fn number(&self, position: usize) -> Option<usize> {
        self.numbers[position]
    }

    /// The nodes that are written apart, each after those it is made of.
    pub(crate) fn named(&self) -> &[usize] {
        &self.named
    }

    /// Writes one node in full: every part in place but those that have a name.
    pub(crate) fn write(
        &self,
        position: usize,
        name: impl Fn(usize) -> String,
        pieces: impl Fn(usize) -> Vec<Piece>,
    ) -> String {
        let mut text = String::new();
        let mut pending = pieces(position);
        pending.reverse();
        while let Some(piece) = pending.pop() {
            match piece {
                Piece::Text(piece) => text.push_str(&piece),
                Piece::Node(part) => match self.number(part) {
                    Some(number) => text.push_str(&name(number)),
                    None => pending.extend(pieces(part).into_iter().rev()),
                },
            }
        }
        text
    }
}

/// How large and how deep the text of a node is.
#[derive(Clone, Copy)]
struct Extent {
    nodes: usize,
    depth: usize,
}

/// At most how many levels deeper the operand `i` stands, counted as the parser does.
fn levels(op: &Op, i: usize, operand: &Op) -> usize {
    use Binary::{Add, Mul, Pow, Sub};
    match (op, operand) {
        // Sums and products from the left are read by a loop, however long.
        (Op::Binary(Add | Sub), Op::Binary(Add | Sub)) | (Op::Binary(Mul), Op::Binary(Mul))
            if i == 0 =>
        {
            0
        }
        // A sign or a power, and the parentheses of what it applies to.
        (Op::Unary(Unary::Neg) | Op::Binary(Pow), _) => 2,
        _ => 1,
    }
}
