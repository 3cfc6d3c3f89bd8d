//! Training steps on the engine: the same bits for any number of threads, a short last batch, rows
//! alone or together, and a borrowed strided matrix.

mod network;

use chainrule_core::compile::compile;
use chainrule_cpu::{Data, Engine, Matrices, Matrix, Options, Selection};
use network::{ROWS, network, set_parameters, train, training_program, with_data};

#[test]
fn training_falls_and_has_the_same_bits_for_any_number_of_threads() {
    with_data(|source| {
        // Batches of several blocks and chunks, with a short last batch of 517 = 2·200 + 117.
        for size in [32, 200] {
            let (control, expected) = train::<f32>(source, Options::default(), size);
            let (first, last) = (control.losses[0], control.losses[control.losses.len() - 1]);
            assert!(last < 0.7 * first, "loss {first} to {last}");
            for threads in [1, 2, 3, 8] {
                let options = Options {
                    threads,
                    thread_work: 1,
                    chunk_bytes: 1 << (12 + threads),
                    block_bytes: 1 << 15,
                    ..Options::default()
                };
                let (_, parameters) = train::<f32>(source, options, size);
                assert!(parameters == expected, "{threads} threads, batch {size}");
            }
        }
    });
}

#[test]
fn f32_and_f64_train_alike() {
    with_data(|source| {
        let (single, _) = train::<f32>(source, Options::default(), 32);
        let (double, _) = train::<f64>(source, Options::default(), 32);
        for (step, (a, b)) in single.losses.iter().zip(&double.losses).enumerate() {
            assert!((a - b).abs() <= 1e-3 * (1.0 + b.abs()), "step {step}: {a} and {b}");
        }
    });
}

#[test]
fn rows_alone_and_together_are_predicted_with_the_same_bits() {
    let mut engine = Engine::<f32>::new(compile(&[network().0], &[]).unwrap(), Options::default());
    set_parameters(&mut engine);
    with_data(|source| {
        let mut predict = |start, count| {
            let mut out = vec![0.0; count];
            let rows = Selection::Range { start, count };
            engine.run(source, rows, 0, 0, &mut [&mut out]).unwrap();
            out
        };
        let together = predict(0, ROWS);
        for part in [1, 7, 100] {
            let parts: Vec<f32> = (0..ROWS)
                .step_by(part)
                .flat_map(|start| predict(start, part.min(ROWS - start)))
                .collect();
            assert!(parts == together, "parts of {part} rows");
        }
    });
}

#[test]
fn a_strided_matrix_is_read_where_it_is() {
    with_data(|plain| {
        let (_, expected) = train::<f32>(plain, Options::default(), 32);
        // The same rows as f64 columns of a transposed matrix, last column first.
        let mut x = vec![0.0; ROWS * 8];
        plain.gather_f64(0, Selection::Range { start: 0, count: ROWS }, &mut x);
        let mut y = vec![0.0; ROWS];
        plain.gather_f64(1, Selection::Range { start: 0, count: ROWS }, &mut y);
        let mut turned = vec![0.0; ROWS * 8];
        for row in 0..ROWS {
            for column in 0..8 {
                turned[(7 - column) * ROWS + row] = x[row * 8 + column];
            }
        }
        let strides = (1, -(ROWS as isize));
        let x = Matrix::strided(Data::F64(&turned), 7 * ROWS, (ROWS, 8), strides).unwrap();
        let y = Matrix::new(Data::F64(&y), ROWS, 1).unwrap();
        let source = Matrices::new(&[("x", x), ("y", y)]).unwrap();
        let (_, parameters) = train::<f32>(&source, Options::default(), 32);
        assert!(parameters == expected);
    });
}

#[test]
fn what_does_not_fit_is_an_error() {
    let mut engine = Engine::<f32>::new(training_program(), Options::default());
    let x = [0.0f32; 16];
    let narrow = Matrices::new(&[
        ("x", Matrix::new(Data::F32(&x), 4, 4).unwrap()),
        ("y", Matrix::new(Data::F32(&x[..4]), 4, 1).unwrap()),
    ]);
    let rows = Selection::Range { start: 0, count: 4 };
    let message = |error: Option<chainrule_cpu::Error>| error.unwrap().to_string();
    let narrow = message(engine.run(&narrow.unwrap(), rows, 0, 0, &mut []).err());
    assert_eq!(narrow, "the input `x` takes 8 columns, but the data has 4");
    let no_target = ("x", Matrix::new(Data::F32(&x), 2, 8).unwrap());
    let missing = message(engine.run(&no_target, rows, 0, 0, &mut []).err());
    assert_eq!(missing, "the data has no columns for the input `y`");
    with_data(|source| {
        let beyond = Selection::Rows(&[3, ROWS as u32]);
        let beyond = message(engine.run(source, beyond, 0, 0, &mut []).err());
        assert_eq!(beyond, "row 517 is asked for, but the data has 517 rows (from 0)");
    });
    let long = message(engine.set_input(engine.program().input("b2").unwrap(), &[0.0; 2]).err());
    assert_eq!(long, "`b2` takes 1 elements, but 2 are given");
}
