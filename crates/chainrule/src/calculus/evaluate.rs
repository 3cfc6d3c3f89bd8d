//! Numbers for expressions: in f64 by the oracle, in f32 by the engine that trains.

use chainrule_core::Expr;
use chainrule_core::graph::Graph;
use chainrule_core::op::Precision;
use chainrule_core::oracle::{Setting, evaluate_graph};

use super::Point;
use crate::engine::{Data, Engine, Matrices, Matrix, Options, Selection, compile};
use crate::error::Result;

/// Expressions that are one number each, to be evaluated at many points.
pub(super) enum Evaluator {
    Double(Graph),
    Single(Box<Engine<f32>>),
}

impl Evaluator {
    pub(super) fn new(roots: &[Expr], precision: Precision) -> Result<Self> {
        Ok(match precision {
            Precision::F64 => Self::Double(Graph::new(roots)?),
            Precision::F32 => {
                let options = Options::default();
                Self::Single(Box::new(Engine::new(compile(roots, &[])?, options)))
            }
        })
    }

    /// The value of each expression.
    ///
    /// # Errors
    /// A variable has no value.
    pub(super) fn values(&mut self, point: &Point) -> Result<Vec<f64>> {
        match self {
            Self::Double(graph) => double(graph, point),
            Self::Single(engine) => single(engine, point),
        }
    }
}

fn double(graph: &Graph, point: &Point) -> Result<Vec<f64>> {
    let values: Vec<(&str, f64)> =
        point.names().filter_map(|name| Some((name, point.value(name)?))).collect();
    let inputs: Vec<(&str, &[f64])> =
        values.iter().map(|(name, value)| (*name, std::slice::from_ref(value))).collect();
    let found = evaluate_graph(graph, &inputs, Setting { rows: 1, seed: 0, step: 0 })?;
    Ok(found.into_iter().map(only).collect())
}

fn single(engine: &mut Engine<f32>, point: &Point) -> Result<Vec<f64>> {
    for input in 0..engine.program().inputs().len() {
        let name = engine.program().inputs()[input].name.clone();
        let value = point.value(&name).unwrap_or(f64::NAN);
        engine.set_input(input, &[value as f32])?;
    }
    // Everything is shared; a row that nothing reads makes the program run.
    let row = [1.0];
    let groups: Vec<_> =
        Matrix::new(Data::F64(&row), 1, 1).map(|matrix| ("", matrix)).into_iter().collect();
    if let Some(source) = Matrices::new(&groups) {
        engine.run(&source, Selection::Range { start: 0, count: 1 }, 0, 0, &mut [])?;
    }
    let outputs = engine.program().outputs().len();
    let values = engine.values();
    Ok((0..outputs).map(|output| f64::from(only(values.output(output).to_vec()))).collect())
}

/// The one element of a number.
fn only<T: Copy + From<f32>>(values: Vec<T>) -> T {
    values.first().copied().unwrap_or(T::from(f32::NAN))
}

/// The value of every node of a graph in double precision, each of which is one number.
pub(super) fn nodes(graph: &Graph, point: &Point) -> Result<Vec<f64>> {
    let mut graph = graph.clone();
    graph.roots = (0..graph.nodes.len()).collect();
    double(&graph, point)
}
