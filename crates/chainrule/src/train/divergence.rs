//! Where a training that diverged left the numbers: the first value that was NaN or infinite.
//!
//! The step is computed once more from the parameters as they stood before it, every value of its
//! graph an output. From what went wrong at the end the way leads down, to operands that are not
//! finite either, to the value all of whose operands still are. An infinity that a `where` does not
//! choose, as in the other branch of a stable formula, is not on that way.

use std::collections::BTreeSet;
use std::fmt;

use chainrule_core::graph::{Graph, GraphNode};
use chainrule_core::op::Op;
use chainrule_core::{Expr, Shape};

use super::program;
use crate::criterion::Criterion;
use crate::engine::{Engine, Number, Options, RowSource, Selection, compile};
use crate::error::Result;
use crate::network::{Built, Network};

/// What made a training diverge.
#[derive(Clone, Debug, PartialEq)]
pub struct Divergence {
    /// The number of the epoch, from 1; 0 if the loss was not finite before any.
    pub epoch: usize,
    /// The number of the step, from 1 for the first of the run, if one step alone was to blame.
    pub step: Option<u64>,
    /// The loss of that step, or else of the epoch. If it is finite, a gradient or a parameter is
    /// not.
    pub loss: f64,
    /// The first value that was not finite, if it was found.
    pub origin: Option<Origin>,
}

/// The first value of a step that is NaN or infinite, although what it is computed from is not.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// What it is: `exp` of layer 2 (dense 1 exp).
    pub node: String,
    /// NaN, or an infinity.
    pub value: f64,
    /// The row in which it arose, counted from 0; none for what belongs to no row.
    pub row: Option<usize>,
    /// The file of the row, and its line there.
    pub line: Option<(String, u64)>,
}

impl Divergence {
    /// One of which no more than the loss is known.
    pub(crate) fn of_loss(epoch: usize, loss: f64) -> Self {
        Self { epoch, step: None, loss, origin: None }
    }

    /// What may help.
    pub fn advice(&self) -> &'static str {
        match self.origin.as_ref().and_then(|origin| origin.row) {
            Some(_) => {
                "try a smaller --learning-rate, --clip 1 or another --target-scale, and look at \
                 that row"
            }
            None => "try a smaller --learning-rate, --clip 1 or another --target-scale",
        }
    }
}

impl fmt::Display for Divergence {
    /// What happened, without what may help.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { epoch, step, loss, origin } = self;
        match loss.is_finite() {
            true => write!(f, "a gradient or a parameter is no finite number")?,
            false => write!(f, "the loss is {loss}")?,
        }
        match (epoch, step) {
            (0, _) => write!(f, ": training diverged")?,
            (_, None) => write!(f, " in epoch {epoch}: training diverged")?,
            (_, Some(step)) => write!(f, " in step {step}, epoch {epoch}: training diverged")?,
        }
        match origin {
            Some(origin) => write!(f, ", where {origin}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} became {}", self.node, self.value)?;
        if let Some(row) = self.row {
            write!(f, " in row {}", row + 1)?;
        }
        match &self.line {
            Some((file, line)) => write!(f, " (line {line} of {file})"),
            None => Ok(()),
        }
    }
}

/// A part of a step, in the order in which they are computed.
pub(super) struct Section {
    /// What its values are said to be of.
    pub name: String,
    /// Its last value.
    pub end: Expr,
    /// How far it is on the way: what is wrong with an earlier stage makes all later ones wrong.
    pub stage: Stage,
}

/// What a section belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// The layers and the loss, down to the mean.
    Loss,
    /// The slopes by the parameters.
    Gradient,
    /// The parameters and states that the step leaves.
    Update,
}

/// The layers, the loss and the gradients of a step, and what the gradients are.
pub(super) fn sections(
    network: &Network,
    built: &Built,
    criterion: &Criterion,
    (width, weighted): (usize, bool),
) -> Result<(Vec<Section>, Vec<Expr>)> {
    let stage = Stage::Loss;
    let layers = network.outputs(weighted.then(program::row_weight))?.into_iter().enumerate();
    let mut sections: Vec<Section> = layers
        .map(|(number, (title, end))| Section {
            name: format!("layer {} ({title})", number + 1),
            end,
            stage,
        })
        .collect();
    let target = Expr::input("y", Shape::rows(&[width]));
    let per_row = criterion.per_row(&target, &built.output);
    let (mean, gradients) = program::mean_and_gradients(built, criterion, (width, weighted))?;
    sections.push(Section { name: format!("the loss {}", criterion.name()), end: per_row, stage });
    sections.push(Section { name: "the mean of the losses".to_owned(), end: mean, stage });
    // The slopes come to the last layer first.
    let slopes = built.parameters.iter().zip(&gradients).rev().map(|(parameter, gradient)| {
        let name = format!("the gradient of {}", parameter_in_words(&parameter.name));
        Section { name, end: gradient.clone(), stage: Stage::Gradient }
    });
    sections.extend(slopes);
    Ok((sections, gradients))
}

/// What a step is computed on.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    pub source: &'a dyn RowSource,
    pub rows: &'a [u32],
    pub seed: u64,
    /// The number that the step's random numbers are drawn by.
    pub step: u64,
    pub threads: usize,
}

/// What is looked at of one value, and of all of them, at most; what is more is passed through.
const MOST_BYTES: usize = 64 << 20;
const MOST_BYTES_TOGETHER: usize = 512 << 20;

/// The most rows of a batch of which each is followed down.
const MOST_ROWS: usize = 64;

/// Finds the first value of a step that is not finite; `inputs` are its shared inputs by name.
pub(super) fn origin<T: Number>(
    sections: &[Section],
    inputs: &[(String, Vec<T>)],
    setting: Setting<'_>,
) -> Result<Option<Origin>> {
    let ends: Vec<Expr> = sections.iter().map(|section| section.end.clone()).collect();
    let graph = Graph::new(&ends)?;
    let values = Values::compute(&graph, inputs, setting)?;
    let search = Search { graph: &graph, values: &values };
    for stage in [Stage::Loss, Stage::Gradient, Stage::Update] {
        let mut ends =
            sections.iter().zip(&graph.roots).filter(|(section, _)| section.stage == stage);
        let start: Vec<Place> = match stage {
            // The mean is the last of its stage, and the only one that counts.
            Stage::Loss => {
                ends.next_back().into_iter().flat_map(|(_, &end)| search.bad(end)).collect()
            }
            _ => ends.flat_map(|(_, &end)| search.bad(end)).collect(),
        };
        let Some((node, row)) = search.descend(start) else { continue };
        let value = values.first_bad((node, row)).unwrap_or(f64::NAN);
        let row = row.and_then(|row| setting.rows.get(row)).map(|&row| row as usize);
        let node = described(&graph, sections, node);
        return Ok(Some(Origin { node, value, row, line: None }));
    }
    Ok(None)
}

/// A node, and a row of the batch if it has rows.
type Place = (usize, Option<usize>);

/// The values of a graph's nodes, if they are known.
struct Values<T> {
    of: Vec<Option<Vec<T>>>,
    /// How many elements a row of each has; none if its elements belong to no row.
    row: Vec<Option<usize>>,
}

impl<T: Number> Values<T> {
    fn compute(graph: &Graph, inputs: &[(String, Vec<T>)], setting: Setting<'_>) -> Result<Self> {
        let rows = setting.rows.len();
        let size = |node: &GraphNode| {
            let rows = if node.shape.is_rows() { rows } else { 1 };
            node.shape.elements().saturating_mul(rows)
        };
        let mut of: Vec<Option<Vec<T>>> = vec![None; graph.nodes.len()];
        let mut wanted: Vec<usize> = Vec::new();
        let mut bytes = 0_usize;
        for (place, node) in graph.nodes.iter().enumerate() {
            match &node.op {
                Op::Input { name, shape } if shape.is_rows() => {
                    let Some((group, _)) = setting.source.find(name) else { continue };
                    let mut own = vec![0.0; size(node)];
                    setting.source.gather_f64(group, Selection::Rows(setting.rows), &mut own);
                    of[place] = Some(own.into_iter().map(T::from_f64).collect());
                }
                Op::Input { name, .. } => {
                    let found = inputs.iter().find(|(known, _)| **known == **name);
                    of[place] = found.map(|(_, values)| values.clone());
                }
                Op::Const(value) => of[place] = Some(vec![T::from_f64(value.0)]),
                _ => {
                    let own = size(node).saturating_mul(size_of::<T>());
                    if own <= MOST_BYTES && bytes + own <= MOST_BYTES_TOGETHER {
                        bytes += own;
                        wanted.push(place);
                    }
                }
            }
        }
        let roots: Vec<Expr> = wanted.iter().map(|&i| graph.nodes[i].expr.clone()).collect();
        let options = Options { threads: setting.threads, ..Options::default() };
        let mut engine = Engine::<T>::new(compile(&roots, &[])?, options);
        for (name, values) in inputs {
            if let Some(input) = engine.program().input(name) {
                engine.set_input(input, values)?;
            }
        }
        let mut of_rows: Vec<Vec<T>> = wanted
            .iter()
            .filter(|&&place| graph.nodes[place].shape.is_rows())
            .map(|&place| vec![T::ZERO; size(&graph.nodes[place])])
            .collect();
        let mut slices: Vec<&mut [T]> = of_rows.iter_mut().map(Vec::as_mut_slice).collect();
        let (source, rows) = (setting.source, Selection::Rows(setting.rows));
        engine.run(source, rows, setting.seed, setting.step, &mut slices)?;
        let mut of_rows = of_rows.into_iter();
        let shared = engine.values();
        for (output, &place) in wanted.iter().enumerate() {
            of[place] = match graph.nodes[place].shape.is_rows() {
                true => of_rows.next(),
                false => Some(shared.output(output).to_vec()),
            };
        }
        let row = graph.nodes.iter().map(|node| {
            let elements = node.shape.elements();
            node.shape.is_rows().then_some(elements)
        });
        Ok(Self { of, row: row.collect() })
    }

    /// The elements of a node in a row; `None` if they are not known.
    fn at(&self, (node, row): Place) -> Option<&[T]> {
        let values = self.of[node].as_ref()?;
        match (self.row[node], row) {
            (Some(elements), Some(row)) => values.get(row * elements..(row + 1) * elements),
            _ => Some(values),
        }
    }

    fn first_bad(&self, place: Place) -> Option<f64> {
        let mut values = self.at(place)?.iter().map(|value| value.to_f64());
        values.find(|value| !value.is_finite())
    }
}

/// The way down from what is not finite.
struct Search<'a, T> {
    graph: &'a Graph,
    values: &'a Values<T>,
}

impl<T: Number> Search<'_, T> {
    /// The places of a node that are not finite.
    fn bad(&self, node: usize) -> Vec<Place> {
        self.bad_in(node, None)
    }

    /// The places of a node that are not finite in a row, or in any if there is none; of a node that
    /// is not known, those below it.
    fn bad_in(&self, node: usize, row: Option<usize>) -> Vec<Place> {
        let (mut found, mut seen, mut pending) = (Vec::new(), BTreeSet::from([node]), vec![node]);
        while let Some(node) = pending.pop() {
            if self.values.of[node].is_some() {
                found.extend(self.known_bad(node, row));
                continue;
            }
            let operands = self.graph.nodes[node].operands.iter().copied();
            pending.extend(operands.filter(|&operand| seen.insert(operand)));
        }
        found
    }

    fn known_bad(&self, node: usize, row: Option<usize>) -> Vec<Place> {
        let is_bad = |place: &Place| self.values.first_bad(*place).is_some();
        match (self.values.row[node], row) {
            (None, _) => Some((node, None)).filter(is_bad).into_iter().collect(),
            (Some(_), Some(row)) => Some((node, Some(row))).filter(is_bad).into_iter().collect(),
            (Some(elements), None) => {
                let values = self.values.of[node].as_ref().map_or(0, Vec::len);
                let rows = (0..values / elements.max(1)).map(|row| (node, Some(row)));
                rows.filter(is_bad).take(MOST_ROWS).collect()
            }
        }
    }

    /// The first place, in the graph's order and that of the rows, that is not finite although its
    /// operands are.
    fn descend(&self, start: Vec<Place>) -> Option<Place> {
        let mut seen: BTreeSet<Place> = start.iter().copied().collect();
        let mut pending = start;
        let mut first: Option<Place> = None;
        while let Some(place) = pending.pop() {
            let below = self.below(place);
            if below.is_empty() {
                first = Some(first.map_or(place, |first| first.min(place)));
            }
            pending.extend(below.into_iter().filter(|&place| seen.insert(place)));
        }
        first
    }

    /// The operands that are not finite where this place takes something from them.
    fn below(&self, (node, row): Place) -> Vec<Place> {
        let own = &self.graph.nodes[node];
        let operands: Vec<usize> = match &own.op {
            Op::Select => self.chosen(own, (node, row)),
            // A named function has the value of its body.
            Op::Call(_) => own.operands[..1].to_vec(),
            _ => own.operands.clone(),
        };
        let bad = operands.into_iter().flat_map(|operand| self.bad_in(operand, row));
        bad.collect()
    }

    /// The operands from which a `where` takes an element that is not finite.
    fn chosen(&self, select: &GraphNode, place: Place) -> Vec<usize> {
        let [condition, yes, no] = select.operands[..] else { return Vec::new() };
        let (Some(values), Some(conditions)) =
            (self.values.at(place), self.values.at((condition, place.1)))
        else {
            return vec![yes, no];
        };
        let from = &self.graph.nodes[condition].shape.dims;
        let bad = values.iter().enumerate().filter(|(_, value)| !value.to_f64().is_finite());
        let chosen: BTreeSet<usize> = bad
            .filter_map(|(element, _)| {
                let condition =
                    conditions.get(operand_element(element, &select.shape.dims, from))?;
                Some(if condition.to_f64() != 0.0 { yes } else { no })
            })
            .collect();
        chosen.into_iter().collect()
    }
}

/// The element of an operand of dimensions `own` that broadcasting puts at an element of `dims`.
fn operand_element(element: usize, dims: &[usize], own: &[usize]) -> usize {
    let (mut rest, mut found, mut stride) = (element, 0, 1);
    for (back, &dim) in dims.iter().rev().enumerate() {
        let index = rest % dim.max(1);
        rest /= dim.max(1);
        let Some(&own) = own.len().checked_sub(back + 1).and_then(|axis| own.get(axis)) else {
            break;
        };
        if own != 1 {
            found += index * stride;
        }
        stride *= own;
    }
    found
}

/// A node in words: `exp` in softmax of layer 2 (dense 3 softmax).
fn described(graph: &Graph, sections: &[Section], node: usize) -> String {
    let op = &graph.nodes[node].op;
    if let Op::Input { name, .. } = op {
        return input_in_words(name);
    }
    let mut end = 0;
    let of = sections.iter().zip(&graph.roots).find_map(|(section, &root)| {
        end = end.max(root);
        (node <= end).then_some(section.name.as_str())
    });
    let within = function(graph, node).map(|name| format!(" in {name}")).unwrap_or_default();
    format!("`{}`{within} of {}", op.name(), of.unwrap_or("the step"))
}

/// An input in words: the weight of layer 1.
pub(super) fn input_in_words(name: &str) -> String {
    match name {
        "x" => "the input".to_owned(),
        "y" => "the target".to_owned(),
        "weight" => "the weight".to_owned(),
        "learning_rate" => "the learning rate".to_owned(),
        "step" => "the number of the step".to_owned(),
        "total_weight" => "the sum of the weights".to_owned(),
        name => match name.rsplit_once(" of ") {
            Some((state, parameter)) => format!("{state} of {}", parameter_in_words(parameter)),
            None => parameter_in_words(name),
        },
    }
}

/// A parameter in words, its layer counted from 1: the weight of layer 1.
pub(super) fn parameter_in_words(name: &str) -> String {
    let Some((place, role)) = name.rsplit_once('.') else { return format!("`{name}`") };
    let number = |part: &str| part.parse::<usize>().map(|number| (number + 1).to_string());
    match place.split('.').map(number).collect::<Result<Vec<String>, _>>() {
        Ok(numbers) => format!("the {role} of layer {}", numbers.join(".")),
        Err(_) => format!("`{name}`"),
    }
}

/// The innermost named function in whose body a node is.
fn function(graph: &Graph, node: usize) -> Option<&str> {
    let later = graph.nodes.iter().skip(node);
    later.filter(|call| matches!(call.op, Op::Call(_))).find_map(|call| {
        let (body, arguments) = call.operands.split_first()?;
        let mut seen = vec![false; *body + 1];
        let mut pending = vec![*body];
        while let Some(place) = pending.pop() {
            // Operands come first, so that nothing below the node leads to it.
            if place < node
                || arguments.contains(&place)
                || std::mem::replace(&mut seen[place], true)
            {
                continue;
            }
            if place == node {
                return Some(call.op.name());
            }
            pending.extend_from_slice(&graph.nodes[place].operands);
        }
        None
    })
}
