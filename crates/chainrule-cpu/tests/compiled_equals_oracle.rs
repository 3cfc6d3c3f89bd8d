//! Random graphs with their gradients: compiled, in f64 and f32, against the oracle; and the same
//! bits for any number of threads, chunk, block and instruction set.

#[path = "../../chainrule-core/tests/random_graphs/mod.rs"]
mod random_graphs;

use chainrule_core::Expr;
use chainrule_core::compile::{Program, compile};
use chainrule_core::derivative::gradient;
use chainrule_core::graph::Graph;
use chainrule_core::oracle::{Setting, evaluate_graph};
use chainrule_cpu::{Data, Engine, Isa, Matrices, Matrix, Number, Options, Selection};
use random_graphs::{Given, RandomGraph, cases, random_graph};

/// The value, the last expression on the way and the gradient by every input.
fn roots(graph: &RandomGraph) -> Vec<Expr> {
    let variables: Vec<Expr> = graph.inputs.iter().map(|given| given.expr.clone()).collect();
    let mut roots = vec![graph.root.clone(), graph.last.clone()];
    roots.extend(gradient(&graph.root, &variables).unwrap());
    roots
}

/// Runs a program on given inputs; the outputs in order, as f64.
fn run<T: Number>(
    program: &Program,
    inputs: &[Given],
    rows: usize,
    options: Options,
) -> Vec<Vec<f64>> {
    let mut engine = Engine::<T>::new(program.clone(), options);
    let mut groups = Vec::new();
    for given in inputs {
        if given.expr.shape().is_rows() {
            let width = given.expr.shape().elements();
            groups.push((
                given.name.as_str(),
                Matrix::new(Data::F64(&given.values), rows, width).unwrap(),
            ));
        } else if let Some(input) = program.input(&given.name) {
            let values: Vec<T> = given.values.iter().map(|&x| T::from_f64(x)).collect();
            engine.set_input(input, &values).unwrap();
        }
    }
    let source = Matrices::new(&groups).unwrap();
    let shapes: Vec<_> = program.outputs().iter().map(|&value| program.values()[value]).collect();
    let mut of_rows: Vec<Vec<T>> = shapes
        .iter()
        .filter(|shape| shape.kind == chainrule_core::Kind::Rows)
        .map(|shape| vec![T::ZERO; shape.elements * rows])
        .collect();
    let mut slices: Vec<&mut [T]> = of_rows.iter_mut().map(Vec::as_mut_slice).collect();
    let selection = Selection::Range { start: 0, count: rows };
    engine.run(&source, selection, 7, 3, &mut slices).unwrap();
    let mut of_rows = of_rows.into_iter();
    shapes
        .iter()
        .enumerate()
        .map(|(output, shape)| {
            let values = match shape.kind {
                chainrule_core::Kind::Rows => of_rows.next().unwrap(),
                chainrule_core::Kind::Shared => engine.values().output(output).to_vec(),
            };
            values.into_iter().map(T::to_f64).collect()
        })
        .collect()
}

fn close(found: f64, expected: f64, tolerance: f64) -> bool {
    (found.is_nan() && expected.is_nan())
        || found == expected
        || (found - expected).abs() <= tolerance * (1.0 + expected.abs())
}

fn compare(seed: u64, smooth: bool, tolerance: f64, f32s: bool) {
    let graph = random_graph(seed, 1 + (seed % 23) as usize, smooth);
    let roots = roots(&graph);
    let listed = Graph::new(&roots).unwrap();
    let setting = Setting { rows: graph.rows, seed: 7, step: 3 };
    let expected = evaluate_graph(&listed, &graph.bindings(), setting).unwrap();
    // How much the answer moves when the inputs move by a few roundings of an f32.
    let mut nudged = graph.inputs.clone();
    nudged.iter_mut().flat_map(|given| &mut given.values).for_each(|x| *x *= 1.0 + 1e-6);
    let nudged: Vec<(&str, &[f64])> =
        nudged.iter().map(|given| (given.name.as_str(), given.values.as_slice())).collect();
    let nudged = match f32s {
        true => evaluate_graph(&listed, &nudged, setting).unwrap(),
        false => expected.clone(),
    };
    let program = compile(&roots, &[]).unwrap();
    let found = match f32s {
        true => run::<f32>(&program, &graph.inputs, graph.rows, Options::default()),
        false => run::<f64>(&program, &graph.inputs, graph.rows, Options::default()),
    };
    for (output, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert_eq!(found.len(), expected.len(), "seed {seed} output {output}");
        for (i, (&found, &expected)) in found.iter().zip(expected).enumerate() {
            let moves = (nudged[output][i] - expected).abs();
            assert!(
                close(found, expected, tolerance) || (found - expected).abs() <= 4.0 * moves,
                "seed {seed} output {output}[{i}]: {found} but the oracle says {expected}\n\
                 {listed}\n{program}"
            );
        }
    }
}

#[test]
fn f64_programs_equal_the_oracle() {
    for seed in 0..cases(400) {
        compare(seed, false, 1e-10, false);
    }
}

#[test]
fn f32_programs_equal_the_oracle() {
    // Smooth ones: at a kink or a step, a rounding may choose the other side.
    for seed in 0..cases(400) {
        compare(seed, true, 2e-4, true);
    }
}

#[test]
fn bits_depend_on_nothing_but_the_program() {
    for seed in 2_000_000..2_000_000 + cases(120) {
        let mut graph = random_graph(seed, 4 + (seed % 13) as usize, false);
        // Enough rows for several blocks, with a short last one.
        let rows = 70;
        for given in &mut graph.inputs {
            if given.expr.shape().is_rows() {
                let width = given.expr.shape().elements();
                let values = given.values.clone();
                given.values = (0..rows * width)
                    .map(|i| values[i % values.len()] + (i as f64 * 0.37).fract())
                    .collect();
            }
        }
        let program = compile(&roots(&graph), &[]).unwrap();
        let bits = |options: Options| -> Vec<Vec<u64>> {
            run::<f32>(&program, &graph.inputs, rows, options)
                .iter()
                // Which NaN it is depends on the instructions; that it is one does not.
                .map(|values| {
                    values.iter().map(|x| if x.is_nan() { 1 } else { x.to_bits() }).collect()
                })
                .collect()
        };
        let expected = bits(Options::default());
        for threads in [1, 2, 3, 8] {
            let options = Options {
                threads,
                thread_work: 1,
                chunk_bytes: if threads == 2 { 1 } else { 4096 },
                block_bytes: if threads == 3 { 1 } else { 8192 },
                ..Options::default()
            };
            assert!(bits(options) == expected, "seed {seed}, {threads} threads\n{program}");
        }
        for &isa in Isa::available() {
            let options = Options { isa, ..Options::default() };
            assert!(bits(options) == expected, "seed {seed}, {}\n{program}", isa.name());
        }
    }
}
