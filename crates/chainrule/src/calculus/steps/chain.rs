//! Which parts of a function get a name, and of which parts each is made.

use std::collections::BTreeSet;

use chainrule_core::graph::{Graph, substitute};
use chainrule_core::op::{Binary, Op, Unary};
use chainrule_core::{Error, Expr};

use super::Rule;

/// A function of one variable as a chain of named functions, the innermost first.
pub(super) struct Chain<'a> {
    graph: &'a Graph,
    /// Which nodes have a derivative by the variable that is not 0 everywhere.
    moves: Vec<bool>,
    /// Which nodes are the variable, or a number times a function of it with a known derivative.
    simple: Vec<bool>,
    variable: Option<usize>,
    steps: Vec<usize>,
    names: Vec<Option<String>>,
    parts: Vec<Vec<usize>>,
    /// How many parts there are if one that occurs twice counts twice.
    counts: Vec<usize>,
    /// How often each node is an operand.
    uses: Vec<usize>,
    /// Each node in the names of the chain.
    definitions: Vec<Expr>,
    written: Vec<Expr>,
    mark: String,
}

impl<'a> Chain<'a> {
    pub(super) fn new(graph: &'a Graph, name: &str, by: &str) -> Result<Self, Error> {
        let count = graph.nodes.len();
        let variable = graph.inputs().find(|(_, name, _)| *name == by).map(|(place, _, _)| place);
        let mut chain = Self {
            graph,
            moves: vec![false; count],
            simple: vec![false; count],
            variable,
            steps: Vec::new(),
            names: vec![None; count],
            parts: vec![Vec::new(); count],
            counts: vec![0; count],
            uses: vec![0; count],
            definitions: Vec::with_capacity(count),
            written: Vec::with_capacity(count),
            mark: "′".to_owned(),
        };
        for position in 0..count {
            chain.moves[position] = chain.does_move(position);
            chain.simple[position] = chain.is_simple(position);
            for &operand in chain.operands(position) {
                chain.uses[operand] += 1;
            }
        }
        while graph.inputs().any(|(_, name, _)| name.starts_with(&chain.mark)) {
            chain.mark.push('′');
        }
        chain.choose(name);
        chain.define()?;
        Ok(chain)
    }

    // ----- what is known of a step

    /// The functions that have a name, the innermost first.
    pub(super) fn steps(&self) -> &[usize] {
        &self.steps
    }

    pub(super) fn mark(&self) -> &str {
        &self.mark
    }

    pub(super) fn name(&self, position: usize) -> &str {
        self.names[position].as_deref().unwrap_or_default()
    }

    pub(super) fn is_named(&self, position: usize) -> bool {
        self.names[position].is_some()
    }

    /// A function as the user wrote it.
    pub(super) fn original(&self, position: usize) -> &Expr {
        &self.graph.nodes[position].expr
    }

    /// A function of the names before it.
    pub(super) fn definition(&self, position: usize) -> &Expr {
        &self.definitions[position]
    }

    /// A function where it is used: its name, or its definition if it has none.
    pub(super) fn written(&self, position: usize) -> &Expr {
        &self.written[position]
    }

    /// What a function is made of, as far as it moves.
    pub(super) fn parts(&self, position: usize) -> &[usize] {
        &self.parts[position]
    }

    /// Whether the derivative by each part says something: not for sums and products.
    pub(super) fn has_locals(&self, position: usize) -> bool {
        let is_chain = matches!(self.rule(position), Rule::Chain | Rule::GeneralPower);
        is_chain && self.parts[position].iter().any(|&part| self.is_named(part))
    }

    pub(super) fn rule(&self, position: usize) -> Rule {
        if self.simple[position] {
            return self.rule_of_simple(position);
        }
        let node = &self.graph.nodes[position];
        match &node.op {
            _ if !self.moves[position] => match self.variable.is_some() && self.is_flat(position) {
                true => Rule::Flat,
                false => Rule::Constant,
            },
            Op::Binary(Binary::Add | Binary::Sub) => Rule::Sum,
            Op::Unary(Unary::Neg) if self.is_sum(position) => Rule::Sum,
            Op::Binary(Binary::Div) if self.moves[node.operands[1]] => Rule::Quotient,
            Op::Unary(Unary::Neg) | Op::Binary(Binary::Mul | Binary::Div) => {
                if self.counts[position] < 2 { Rule::Factor } else { Rule::Product }
            }
            Op::Binary(Binary::Pow) if node.operands.iter().all(|&i| self.moves[i]) => {
                Rule::GeneralPower
            }
            Op::Unary(Unary::Abs) | Op::Binary(Binary::Max | Binary::Min) | Op::Select => {
                Rule::Cases
            }
            _ => Rule::Chain,
        }
    }

    /// The rule of what the constant factors stand before.
    fn rule_of_simple(&self, position: usize) -> Rule {
        let mut inner = position;
        loop {
            let node = &self.graph.nodes[inner];
            let moving = node.operands.iter().copied().find(|&operand| self.moves[operand]);
            match (&node.op, moving) {
                (Op::Input { .. }, _) if inner == position => return Rule::Variable,
                (Op::Input { .. }, _) => return Rule::Factor,
                (Op::Binary(Binary::Div), Some(moving)) if moving != node.operands[0] => {
                    return Rule::Power;
                }
                (Op::Unary(Unary::Neg) | Op::Binary(Binary::Mul | Binary::Div), Some(moving)) => {
                    inner = moving;
                }
                (Op::Binary(Binary::Pow), Some(moving)) if moving == node.operands[0] => {
                    return Rule::Power;
                }
                (Op::Unary(Unary::Abs) | Op::Binary(Binary::Max | Binary::Min), _) => {
                    return Rule::Cases;
                }
                _ => return Rule::Known,
            }
        }
    }

    // ----- how a function is made

    /// The operands as they are written: of a named function its arguments.
    fn operands(&self, position: usize) -> &'a [usize] {
        let node = &self.graph.nodes[position];
        match node.op {
            Op::Call(_) => &node.operands[1..],
            _ => &node.operands,
        }
    }

    fn does_move(&self, position: usize) -> bool {
        let any = |operands: &[usize]| operands.iter().any(|&operand| self.moves[operand]);
        match &self.graph.nodes[position].op {
            Op::Input { .. } => Some(position) == self.variable,
            Op::Compare(_) | Op::Unary(Unary::Sign | Unary::Floor) | Op::StopGradient => false,
            Op::Select => any(&self.operands(position)[1..]),
            _ => any(self.operands(position)),
        }
    }

    /// Whether a function without a derivative has the variable in it.
    fn is_flat(&self, position: usize) -> bool {
        let mut has = vec![false; position + 1];
        for place in 0..=position {
            let operands = &self.graph.nodes[place].operands;
            has[place] = Some(place) == self.variable || operands.iter().any(|&i| has[i]);
        }
        has[position]
    }

    fn is_simple(&self, position: usize) -> bool {
        let is_variable = |place: usize| Some(place) == self.variable;
        let operands = self.operands(position);
        let is_direct = || operands.iter().all(|&place| is_variable(place) || !self.moves[place]);
        let scales = |inner: usize, factor: usize| self.simple[inner] && !self.moves[factor];
        if !self.moves[position] {
            return false;
        }
        match (&self.graph.nodes[position].op, operands) {
            (Op::Input { .. }, _) => true,
            (Op::Unary(Unary::Neg), &[x]) => self.simple[x],
            (Op::Binary(Binary::Mul), &[a, b]) => scales(a, b) || scales(b, a),
            (Op::Binary(Binary::Div), &[a, b]) => scales(a, b) || !self.moves[a] && is_variable(b),
            (Op::Binary(Binary::Pow), &[a, b]) => is_direct() && a != b,
            (Op::Binary(Binary::Max | Binary::Min) | Op::Unary(_) | Op::Call(_), _) => is_direct(),
            _ => false,
        }
    }

    /// Whether a function is a sum or a difference, with any number of signs before it.
    fn is_sum(&self, position: usize) -> bool {
        let mut place = position;
        loop {
            let node = &self.graph.nodes[place];
            match node.op {
                Op::Binary(Binary::Add | Binary::Sub) => return true,
                Op::Unary(Unary::Neg) => place = node.operands[0],
                _ => return false,
            }
            if !self.is_inside(place) {
                return false;
            }
        }
    }

    /// Whether a node belongs to the one function that uses it: it has no name, and says no more
    /// by itself.
    fn is_inside(&self, position: usize) -> bool {
        !self.is_named(position) && !self.simple[position] && self.uses[position] == 1
    }

    /// What a function is made of: the terms of a sum, the factors of a product, the arguments of
    /// anything else; one that occurs twice is listed twice.
    fn find_parts(&self, position: usize) -> Vec<usize> {
        if self.simple[position] || !self.moves[position] {
            return Vec::new();
        }
        let is_sum = self.is_sum(position);
        let mut parts = Vec::new();
        let mut pending = vec![position];
        while let Some(place) = pending.pop() {
            let operands = self.operands(place);
            let is_through = match &self.graph.nodes[place].op {
                Op::Binary(Binary::Add | Binary::Sub) => is_sum,
                Op::Unary(Unary::Neg) => true,
                Op::Binary(Binary::Mul) => !is_sum,
                Op::Binary(Binary::Div) => !is_sum && !self.moves[operands[1]],
                _ => false,
            };
            let condition = usize::from(self.graph.nodes[place].op == Op::Select);
            let moving = operands[condition..].iter().copied().filter(|&i| self.moves[i]);
            if place != position && !(is_through && self.is_inside(place)) {
                parts.push(place);
            } else if is_through {
                pending.extend(moving.rev());
            } else {
                parts.extend(moving);
            }
        }
        parts
    }

    /// Whether a part of a function of this kind is written in place if it is simple.
    fn writes_in_place(&self, position: usize) -> bool {
        !matches!(self.rule(position), Rule::Chain | Rule::GeneralPower)
    }

    fn set_parts(&mut self, position: usize) {
        let mut parts = self.find_parts(position);
        self.counts[position] = parts.len();
        let mut seen = BTreeSet::new();
        parts.retain(|&part| seen.insert(part));
        self.parts[position] = parts;
    }

    /// Gives names, that of the whole and then from the outside in, and then the parts, which depend on them.
    fn choose(&mut self, name: &str) {
        let root = self.graph.roots[0];
        let mut is_step = vec![false; root + 1];
        is_step[root] = true;
        for position in (0..=root).rev() {
            if !is_step[position] {
                continue;
            }
            self.set_parts(position);
            let in_place = self.writes_in_place(position);
            for &part in &self.parts[position] {
                is_step[part] |=
                    if in_place { !self.simple[part] } else { Some(part) != self.variable };
            }
        }
        self.steps = (0..=root).filter(|&position| is_step[position]).collect();
        let taken: Vec<String> = self.graph.inputs().map(|(_, name, _)| name.to_owned()).collect();
        let mut letters = names(&taken);
        for &position in &self.steps {
            self.names[position] = match position == root {
                true => Some(name.to_owned()),
                false => letters.next(),
            };
        }
        for position in self.steps.clone() {
            self.set_parts(position);
        }
    }

    /// Writes every node in the names of the chain.
    fn define(&mut self) -> Result<(), Error> {
        for (position, node) in self.graph.nodes.iter().enumerate() {
            let definition = match &node.op {
                _ if node.operands.is_empty() => node.expr.clone(),
                Op::Call(_) => {
                    let arguments = &node.operands[1..];
                    let replaced: Vec<(Expr, Expr)> = arguments
                        .iter()
                        .filter(|&&argument| self.moves[argument])
                        .map(|&i| (self.graph.nodes[i].expr.clone(), self.written[i].clone()))
                        .collect();
                    substitute(&node.expr, &replaced)?
                }
                op => {
                    let operands: Vec<Expr> =
                        node.operands.iter().map(|&i| self.written[i].clone()).collect();
                    Expr::new(op.clone(), &operands)
                }
            };
            self.written.push(match &self.names[position] {
                Some(name) => Expr::variable(name),
                None => definition.clone(),
            });
            self.definitions.push(definition);
        }
        Ok(())
    }
}

/// Names for inner functions, none of which is taken.
fn names(taken: &[String]) -> impl Iterator<Item = String> {
    const LETTERS: [&str; 8] = ["u", "v", "w", "p", "q", "r", "s", "t"];
    let numbered = (1..).flat_map(|number| ["u", "v", "w"].map(|name| format!("{name}{number}")));
    let all = LETTERS.iter().map(|letter| (*letter).to_owned()).chain(numbered);
    all.filter(move |name| !taken.contains(name))
}
