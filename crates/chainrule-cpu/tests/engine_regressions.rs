//! Faults that the engine once had, each by the smallest program that shows it.

use std::time::Duration;

use chainrule_core::compile::{Program, compile};
use chainrule_core::{Expr, Shape};
use chainrule_cpu::{
    Data, Engine, ErrorKind, Matrices, Matrix, Number, Options, RowSource, Selection,
};

const ROWS: usize = 3;

fn x() -> Expr {
    Expr::input("x", Shape::rows(&[6]))
}

fn with_rows<R>(body: impl FnOnce(&dyn RowSource, &[f64]) -> R) -> R {
    let values: Vec<f64> = (0..ROWS * 6).map(|i| i as f64).collect();
    let matrix = Matrix::new(Data::F64(&values), ROWS, 6).unwrap();
    body(&Matrices::new(&[("x", matrix)]).unwrap(), &values)
}

/// Runs a program of one output of rows over all rows.
fn of_rows(program: Program, source: &dyn RowSource, options: Options, width: usize) -> Vec<f64> {
    let mut engine = Engine::<f64>::new(program, options);
    let mut out = vec![-1.0; source.rows() * width];
    let rows = Selection::Range { start: 0, count: source.rows() };
    engine.run(source, rows, 0, 0, &mut [&mut out]).unwrap();
    out
}

/// One run of shared values alone: the output, then `a` and `b`, which start at 1 and 2.
fn of_shared(output: Expr, updates: &[(&str, Expr)]) -> [f64; 3] {
    let read = Expr::variable("a") * Expr::variable("b");
    let program = compile(&[output, read], updates).unwrap();
    let mut engine = Engine::<f64>::new(program, Options::default());
    let place = |engine: &Engine<f64>, name| engine.program().input(name).unwrap();
    let (a, b) = (place(&engine, "a"), place(&engine, "b"));
    engine.set_input(a, &[1.0]).unwrap();
    engine.set_input(b, &[2.0]).unwrap();
    with_rows(|source, _| {
        let one = Selection::Range { start: 0, count: 1 };
        engine.run(source, one, 0, 0, &mut []).unwrap();
    });
    [engine.values().output(0)[0], engine.input(a)[0], engine.input(b)[0]]
}

/// Numbers by row, of which row 31 takes its time.
struct Slow(usize);

impl RowSource for Slow {
    fn rows(&self) -> usize {
        self.0
    }

    fn find(&self, _: &str) -> Option<(usize, usize)> {
        Some((0, 1))
    }

    fn gather_f32(&self, _: usize, rows: Selection<'_>, out: &mut [f32]) {
        for (value, row) in out.iter_mut().zip(rows.iter()) {
            *value = row as f32;
        }
    }

    fn gather_f64(&self, _: usize, rows: Selection<'_>, out: &mut [f64]) {
        for (value, row) in out.iter_mut().zip(rows.iter()) {
            *value = row as f64;
            if row == 31 {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

#[test]
fn threads_do_not_overtake_each_other_by_a_block() {
    // The mean is subtracted in a phase without reductions, of an input that an earlier phase
    // reduced: it lies in the block, and the last block is split at another row.
    let x = Expr::input("x", Shape::rows(&[]));
    let program = compile(&[&x - x.clone().sum_over_rows()], &[]).unwrap();
    let rows = 64 + 48;
    let sum = (rows * (rows - 1) / 2) as f64;
    let expected: Vec<f64> = (0..rows).map(|row| row as f64 - sum).collect();
    let options = Options { threads: 2, thread_work: 1, block_bytes: 64 * 8, ..Options::default() };
    assert_eq!(of_rows(program, &Slow(rows), options, 1), expected);
}

#[test]
fn a_size_that_overflows_fits_no_slice() {
    let program = compile(&[Expr::uniform(0, Shape::rows(&[2]))], &[]).unwrap();
    let mut engine = Engine::<f64>::new(program, Options::default());
    let rows = Selection::Range { start: 0, count: 1 << (usize::BITS - 1) };
    let error = engine.run(&Slow(usize::MAX), rows, 0, 0, &mut [&mut []]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Length { .. }), "{error}");
}

#[test]
fn a_range_that_overflows_has_no_such_row() {
    let program = compile(&[x().sum_over_rows()], &[]).unwrap();
    let mut engine = Engine::<f64>::new(program, Options::default());
    let rows = Selection::Range { start: usize::MAX, count: 2 };
    let error = with_rows(|source, _| engine.run(source, rows, 0, 0, &mut [])).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NoSuchRow { .. }), "{error}");
}

#[test]
fn a_result_may_be_a_reshaped_view() {
    with_rows(|source, values| {
        let alone = compile(&[x().reshape(&[2, 3])], &[]).unwrap();
        assert_eq!(of_rows(alone, source, Options::default(), 6), values);
        // Two readers of the view: the sum must not keep the value to itself.
        let view = (x() + 1.0).reshape(&[2, 3]);
        let program = compile(&[view.clone(), view.sum(0).sum(0).sum_over_rows()], &[]).unwrap();
        let expected: Vec<f64> = values.iter().map(|x| x + 1.0).collect();
        assert_eq!(of_rows(program, source, Options::default(), 6), expected);
        let view = (x() + 1.0).reshape(&[6, 1]);
        let turned = view.clone().permute(&[1, 0]);
        let program = compile(&[turned + view.sum(0)], &[]).unwrap();
        let sum = |row: &[f64]| row.iter().fold(0.0, |sum, x| sum + x);
        let expected: Vec<f64> = expected
            .chunks(6)
            .flat_map(|row| row.iter().map(|x| x + sum(row)).collect::<Vec<_>>())
            .collect();
        assert_eq!(of_rows(program, source, Options::default(), 6), expected);
    });
}

#[test]
fn every_result_and_update_is_of_the_values_before_the_run() {
    let (a, b) = (Expr::variable("a"), Expr::variable("b"));
    let swap = [("a", b.clone()), ("b", a.clone())];
    assert_eq!(of_shared(&a + 10.0 * &b, &swap), [21.0, 2.0, 1.0]);
    let last = [("a", &a + 5.0), ("b", a.clone())];
    assert_eq!(of_shared(a.clone(), &last), [1.0, 6.0, 1.0]);
    assert_eq!(of_shared(b.clone().reshape(&[1]), &[("b", &b * &a + 1.0)]), [2.0, 1.0, 3.0]);
}

#[test]
fn an_input_has_one_update() {
    let a = Expr::variable("a");
    assert!(compile(&[], &[("a", &a + 1.0), ("a", &a * 2.0)]).is_err());
}

#[test]
fn sums_over_no_rows_are_empty() {
    fn check<T: Number>(threads: usize) {
        // Also a product whose rows are contracted, of which the second thread has a part.
        let wide = Expr::input("x", Shape::rows(&[1, 40]));
        let product = wide.clone().matmul_with(true, wide.clone(), false).sum_over_rows();
        let program = compile(&[wide.sum_over_rows(), product], &[]).unwrap();
        let options = Options { threads, thread_work: 1, ..Options::default() };
        let mut engine = Engine::<T>::new(program, options);
        let values = [1.0; 40];
        let source = ("x", Matrix::new(Data::F64(&values), 1, 40).unwrap());
        for count in [1, 0] {
            engine.run(&source, Selection::Range { start: 0, count }, 0, 0, &mut []).unwrap();
            for output in 0..2 {
                let all = engine.values().output(output).iter().all(|x| x.to_f64() == count as f64);
                assert!(all, "{count} rows, output {output}");
            }
        }
    }
    check::<f32>(1);
    check::<f64>(2);
}
