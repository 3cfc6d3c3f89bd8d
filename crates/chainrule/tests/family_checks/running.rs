//! Runs expressions three ways: by the oracle, and compiled in f64 and in f32.

use chainrule_core::compile::compile;
use chainrule_core::graph::Graph;
use chainrule_core::oracle::{Setting, evaluate_graph};
use chainrule_core::{Expr, Kind};
use chainrule_cpu::{Data, Engine, Matrices, Matrix, Number, Options, Selection};

/// The name and the values of an input, row after row.
pub type Given<'a> = (&'a str, &'a [f64]);

/// What runs an expression.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum By {
    Oracle,
    F64,
    F32,
}

impl By {
    pub const ALL: [Self; 3] = [Self::Oracle, Self::F64, Self::F32];

    /// The values of expressions over a number of rows.
    pub fn values(self, roots: &[Expr], given: &[Given<'_>], rows: usize) -> Vec<Vec<f64>> {
        match self {
            Self::Oracle => {
                let setting = Setting { rows, seed: 0, step: 0 };
                evaluate_graph(&Graph::new(roots).unwrap(), given, setting).unwrap()
            }
            Self::F64 => compiled::<f64>(roots, given, rows),
            Self::F32 => compiled::<f32>(roots, given, rows),
        }
    }
}

fn compiled<T: Number>(roots: &[Expr], given: &[Given<'_>], rows: usize) -> Vec<Vec<f64>> {
    let program = compile(roots, &[]).unwrap();
    let values: Vec<_> = program.outputs().iter().map(|&value| program.values()[value]).collect();
    let inputs = program.inputs().to_vec();
    let mut engine = Engine::<T>::new(program, Options::default());
    // A group that no input reads, so that there are rows even if every input is shared.
    let ones = vec![1.0; rows];
    let mut groups = vec![("", Matrix::new(Data::F64(&ones), rows, 1).unwrap())];
    for &(name, elements) in given {
        let Some(place) = inputs.iter().position(|input| input.name == name) else { continue };
        if inputs[place].shape.is_rows() {
            let width = inputs[place].shape.elements();
            groups.push((name, Matrix::new(Data::F64(elements), rows, width).unwrap()));
        } else {
            let elements: Vec<T> = elements.iter().map(|&x| T::from_f64(x)).collect();
            engine.set_input(place, &elements).unwrap();
        }
    }
    let mut of_rows: Vec<Vec<T>> = (values.iter())
        .filter(|value| value.kind == Kind::Rows)
        .map(|value| vec![T::ZERO; value.elements * rows])
        .collect();
    let mut slices: Vec<&mut [T]> = of_rows.iter_mut().map(Vec::as_mut_slice).collect();
    let source = Matrices::new(&groups).unwrap();
    let all = Selection::Range { start: 0, count: rows };
    engine.run(&source, all, 0, 0, &mut slices).unwrap();
    let mut of_rows = of_rows.into_iter();
    let found = values.iter().enumerate().map(|(output, value)| match value.kind {
        Kind::Rows => of_rows.next().unwrap(),
        Kind::Shared => engine.values().output(output).to_vec(),
    });
    found.map(|values| values.into_iter().map(T::to_f64).collect()).collect()
}

/// The nearest f32.
pub fn rounded(x: f64) -> f64 {
    f64::from(x as f32)
}

/// Whether a value is as expected: |found − expected| ≤ max(absolute, relative·|expected|), NaN for
/// NaN, and infinities exactly.
pub fn close(found: f64, expected: f64, relative: f64, absolute: f64) -> bool {
    found == expected
        || (found.is_nan() && expected.is_nan())
        || (found - expected).abs() <= absolute.max(relative * expected.abs())
            && expected.is_finite()
}

/// Asserts that every value is as expected.
#[track_caller]
pub fn assert_close(
    found: &[f64],
    expected: &[f64],
    (relative, absolute): (f64, f64),
    what: &dyn std::fmt::Debug,
) {
    let agree = found.len() == expected.len()
        && (found.iter().zip(expected)).all(|(&f, &e)| close(f, e, relative, absolute));
    assert!(agree, "{what:?}: found {found:?}, expected {expected:?}");
}
