//! What the values of a network are called: z1 = x·W1 + b1, a1 = relu(z1) …

use std::collections::BTreeMap;

use chainrule_core::graph::Graph;
use chainrule_core::op::Op;
use chainrule_core::{Expr, Kind};

use super::notation::{Symbol, Symbols};
use crate::network::Built;

/// What a step is, which decides its letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Letter {
    /// A linear map: z.
    Linear,
    /// An activation: a.
    Activation,
    /// Another named function of a layer, such as a normalisation: n.
    Normal,
    /// A row with vectors in the place of codes: e.
    Embedding,
    /// A place in a table: k.
    Code,
    /// A product with a matrix that is no layer's weight: q.
    Projection,
    /// Anything else, such as the sum of a residual block: h.
    Other,
    /// A value inside of a named function: t.
    Part,
}

impl Letter {
    /// The letter of a step that is no named function.
    pub(super) fn of(definition: &Expr) -> Self {
        let Ok(graph) = Graph::new(std::slice::from_ref(definition)) else { return Self::Other };
        let has = |is: fn(&Op) -> bool| graph.nodes.iter().any(|node| is(&node.op));
        let mut rows = graph.inputs().filter(|(_, _, shape)| shape.kind == Kind::Rows);
        let is_of_one = rows.next().is_some() && rows.next().is_none();
        let is_weight = |name: &str| role(name) == "weight";
        if has(|op| matches!(op, Op::Gather)) {
            Self::Embedding
        } else if has(|op| matches!(op, Op::MatMul { .. })) {
            match graph.inputs().any(|(_, name, _)| is_weight(name)) {
                true => Self::Linear,
                false => Self::Projection,
            }
        } else if is_of_one && !has(|op| matches!(op, Op::Concat { .. })) {
            Self::Activation
        } else {
            Self::Other
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Linear => "z",
            Self::Activation => "a",
            Self::Normal => "n",
            Self::Embedding => "e",
            Self::Code => "k",
            Self::Projection => "q",
            Self::Other => "h",
            Self::Part => "t",
        }
    }
}

/// The part of a parameter's name behind the last dot.
fn role(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The symbol of a parameter or a state of a layer.
fn letter_of(role: &str) -> (&str, &str) {
    match role {
        "weight" => ("W", "W"),
        "bias" => ("b", "b"),
        "scale" => ("γ", r"\gamma"),
        "shift" => ("β", r"\beta"),
        "mean" => ("μ", r"\mu"),
        "variance" => ("v", "v"),
        "table" => ("T", "T"),
        "other" => ("u", "u"),
        "projection" => ("P", "P"),
        // Of prelu; a is what comes out of an activation.
        "a" => ("c", "c"),
        other => (other, other),
    }
}

/// Gives names as the steps come, from the input on.
pub(super) struct Namer<'a> {
    built: &'a Built,
    /// What the network's output is called, if not as its step would be.
    output: Option<&'static str>,
    /// The symbols so far.
    pub(super) symbols: Symbols,
    /// The number of linear maps so far.
    layer: usize,
    counts: BTreeMap<&'static str, usize>,
}

impl<'a> Namer<'a> {
    /// A namer for a network whose output has this name, if it is given.
    pub(super) fn new(built: &'a Built, output: Option<&'static str>) -> Self {
        let mut symbols = Symbols::default();
        for name in ["x", "y", "p", "s", "w", "m", "E", "M", "L"] {
            symbols.set(name, Symbol { text: name.into(), latex: name.into() });
        }
        Self { built, output, symbols, layer: 0, counts: BTreeMap::new() }
    }

    /// The name of the next step, which is also its symbol; so are its parameters called from here on.
    pub(super) fn step(&mut self, letter: Letter, definition: &Expr, is_output: bool) -> String {
        let number = match letter {
            Letter::Linear => {
                self.layer += 1;
                self.layer
            }
            Letter::Embedding | Letter::Code | Letter::Part => {
                let count = self.counts.entry(letter.text()).or_insert(0);
                *count += 1;
                *count
            }
            _ => self.layer,
        };
        self.parameters(definition, number);
        match self.output.filter(|_| is_output) {
            Some(name) => name.to_owned(),
            None => self.free(letter.text(), letter.text(), number, None),
        }
    }

    fn parameters(&mut self, definition: &Expr, number: usize) {
        let Ok(graph) = Graph::new(std::slice::from_ref(definition)) else { return };
        let is_own = |name: &str| {
            let mut parameters = self.built.parameters.iter();
            let mut states = self.built.states.iter();
            parameters.any(|p| p.name == name) || states.any(|s| s.name == name)
        };
        let names = graph.inputs().map(|(_, name, _)| name);
        let own: Vec<&str> = names.filter(|name| is_own(name)).collect();
        for name in own {
            if self.symbols.of(name).is_none() {
                let (text, latex) = letter_of(role(name));
                self.free(text, latex, number, Some(name));
            }
        }
    }

    /// Takes a letter with a number that nothing else has, for an input of that name or of its own.
    fn free(&mut self, text: &str, latex: &str, number: usize, input: Option<&str>) -> String {
        let mut marks = ('b'..='z').map(String::from);
        let mut index = number.to_string();
        while self.symbols.is_taken(&format!("{text}{index}")) {
            index = format!("{number}{}", marks.next().unwrap_or_else(|| format!("_{index}")));
        }
        let latex = match latex.chars().count() == 1 || latex.starts_with('\\') {
            true => format!("{latex}_{{{index}}}"),
            false => format!(r"\mathrm{{{}}}_{{{index}}}", latex.replace('_', r"\_")),
        };
        let name = format!("{text}{index}");
        let input = input.unwrap_or(&name).to_owned();
        self.symbols.set(&input, Symbol { text: name.clone(), latex });
        name
    }
}
