//! No bit depends on the number of threads, on the size of blocks, or on what stands beside a row.

use chainrule::engine::{Data, Engine, Matrices, Matrix, Options, Selection, compile};
use chainrule::train::{Settings, Trained};
use chainrule::{Expr, Network, Shape};
use chainrule_core::compile::program::Phase;

use crate::gradients::{networks, rows};
use crate::sample::{Rows, bits, named, settings};

const ROWS: usize = 700;

/// The network's outputs, what its states become, and its gradient, to the bit.
fn run(network: &Network, options: Options, training: bool) -> Vec<Vec<u32>> {
    let built = network.build(training).unwrap();
    let direction = Expr::input("y", Shape::rows(&[2]));
    let loss = (&built.output * direction).sum(0).sum_over_rows();
    let parameters: Vec<Expr> = built.parameters.iter().map(|p| p.expr.clone()).collect();
    let gradient = chainrule::derivative::gradient(&loss, &parameters).unwrap();
    let states = built.states.iter().filter_map(|state| state.update.clone());
    let roots: Vec<Expr> =
        std::iter::once(built.output.clone()).chain(gradient).chain(states).collect();
    let shared = roots.len() - 1;
    let mut engine = Engine::<f32>::new(compile(&roots, &[]).unwrap(), options);
    let mut set = |name: &str, values: &[f64]| {
        let Some(input) = engine.program().input(name) else { return };
        let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
        engine.set_input(input, &values).unwrap();
    };
    for (parameter, values) in built.parameters.iter().zip(built.initial_parameters(2)) {
        set(&parameter.name, &values);
    }
    for state in &built.states {
        set(&state.name, &vec![state.initial; state.dims.iter().product()]);
    }
    let x: Vec<f32> = rows(ROWS).iter().map(|&x| x as f32).collect();
    let y: Vec<f32> = x.iter().take(2 * ROWS).map(|x| x - 0.5).collect();
    let source = Matrices::new(&[
        ("x", Matrix::new(Data::F32(&x), ROWS, 5).unwrap()),
        ("y", Matrix::new(Data::F32(&y), ROWS, 2).unwrap()),
    ])
    .unwrap();
    let mut output = vec![0.0; 2 * ROWS];
    let all = Selection::Range { start: 0, count: ROWS };
    engine.run(&source, all, 0, 0, &mut [&mut output]).unwrap();
    let mut found = vec![output];
    found.extend((1..=shared).map(|at| engine.values().output(at).to_vec()));
    found.iter().map(|list| list.iter().map(|x| x.to_bits()).collect()).collect()
}

#[test]
fn threads_and_blocks_change_no_bit_of_a_step() {
    for (name, network) in networks() {
        for training in [true, false] {
            let usual = run(&network, Options::default(), training);
            for threads in [1, 2, 3] {
                // From one row unit a block to all rows in one.
                for bytes in [1, 20 << 10, 1 << 20, 64 << 20] {
                    let options = Options {
                        threads,
                        thread_work: 0,
                        chunk_bytes: bytes,
                        block_bytes: bytes,
                        ..Options::default()
                    };
                    let found = run(&network, options, training);
                    assert!(found == usual, "{name}, {training}: {threads} threads, {bytes} bytes");
                }
            }
        }
    }
}

#[test]
fn threads_change_no_bit_of_a_training() {
    let x = rows(ROWS);
    let y: Vec<f64> = x.iter().take(2 * ROWS).map(|x| x * x - 0.5).collect();
    let rows = Rows { x, y, width: 5, targets: 2, ..Rows::default() };
    let (training, validation) = rows.parts(600);
    for (name, network) in networks() {
        let run = |threads| -> Trained<f32> {
            let settings = Settings { threads, batch_size: 150, ..settings("adamw", &[], 0.01, 4) };
            let parts = (&training[..], &validation[..]);
            rows.train_parts(&network, &named("mse"), &settings, parts, &mut ()).unwrap()
        };
        let one = run(1);
        for threads in [2, 3] {
            let several = run(threads);
            assert_eq!(several.history, one.history, "{name}");
            assert_eq!(bits(&several.parameters), bits(&one.parameters), "{name}");
            assert_eq!(bits(&several.states), bits(&one.states), "{name}");
        }
    }
}

/// In prediction a row's output does not depend on the rows beside it, even where training
/// normalises over them.
#[test]
fn a_row_is_predicted_alike_alone_and_among_others() {
    for (name, network) in networks() {
        let all = run(&network, Options::default(), false);
        let built = network.build(false).unwrap();
        let x: Vec<f32> = rows(ROWS).iter().map(|&x| x as f32).collect();
        let program = compile(std::slice::from_ref(&built.output), &[]).unwrap();
        let mut engine = Engine::<f32>::new(program, Options::default());
        for (parameter, values) in built.parameters.iter().zip(built.initial_parameters(2)) {
            let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
            let input = engine.program().input(&parameter.name).unwrap();
            engine.set_input(input, &values).unwrap();
        }
        for state in &built.states {
            let values = vec![state.initial as f32; state.dims.iter().product()];
            let input = engine.program().input(&state.name).unwrap();
            engine.set_input(input, &values).unwrap();
        }
        for row in [0, 1, 17, 699] {
            let source = ("x", Matrix::new(Data::F32(&x), ROWS, 5).unwrap());
            let mut output = vec![0.0; 2];
            let one = Selection::Range { start: row, count: 1 };
            engine.run(&source, one, 0, 0, &mut [&mut output]).unwrap();
            let found: Vec<u32> = output.iter().map(|x| x.to_bits()).collect();
            assert_eq!(found, all[0][2 * row..2 * row + 2], "{name}, row {row}");
        }
    }
}

/// How often a step goes over the rows: once, unless a layer must know something of all rows
/// before any row can go on. A batch normalisation needs the mean, then the variance, and on the
/// way back the sums of the gradient.
#[test]
fn only_what_is_over_the_rows_makes_a_step_go_over_them_again() {
    for (name, passes) in [
        ("dense", 1),
        ("activation", 1),
        ("layer_norm", 1),
        ("embedding", 1),
        ("prelu", 1),
        ("residual", 1),
        ("batch_norm", 4),
    ] {
        let network = networks().into_iter().find(|(known, _)| *known == name).unwrap().1;
        let built = network.build(true).unwrap();
        let loss = built.output.clone().powf(2.0).sum(0).sum_over_rows();
        let parameters: Vec<Expr> = built.parameters.iter().map(|p| p.expr.clone()).collect();
        let gradient = chainrule::derivative::gradient(&loss, &parameters).unwrap();
        let states = built.states.iter().filter_map(|state| state.update.clone());
        let roots: Vec<Expr> = std::iter::once(loss).chain(gradient).chain(states).collect();
        let program = compile(&roots, &[]).unwrap();
        let rows = |phase: &&Phase| matches!(phase, Phase::Rows { .. });
        assert_eq!(program.phases().iter().filter(rows).count(), passes, "{name}\n{program}");
    }
}
