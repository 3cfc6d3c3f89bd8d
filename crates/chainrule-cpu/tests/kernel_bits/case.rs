//! A program with its numbers, run in every way and compared with the reference.

use chainrule_core::Expr;
use chainrule_core::compile::{Program, compile};
use chainrule_cpu::{Data, Engine, Isa, Matrices, Matrix, Number, Options, Selection};

use crate::random_graphs::{Dice, cases};
use crate::reference;

/// Which of `all` cases are tried: about `usual` of them, by a seed, or every one if there are to
/// be twenty times as many as usual.
pub fn chosen(all: usize, usual: usize, seed: u64) -> Vec<usize> {
    let times = cases(1) as usize;
    if times >= 20 || usual * times >= all {
        return (0..all).collect();
    }
    let mut dice = Dice(seed);
    (0..usual * times).map(|_| dice.below(all)).collect()
}

/// What the inputs of a case hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// Numbers whose sums and products round.
    Plain,
    /// Now and then 0 of both signs, an infinity, NaN, a whole, a huge or a tiny number.
    Special,
}

/// A program with what goes in.
pub struct Case {
    program: Program,
    /// In the program's order, the shared ones and those of rows.
    inputs: Vec<Vec<f64>>,
    rows: usize,
}

const SETTING: (u64, u64) = (7, 3);

impl Case {
    pub fn new(outputs: &[Expr], updates: &[(&str, Expr)], rows: usize, given: Given) -> Self {
        let program = compile(outputs, updates).unwrap();
        let mut dice = Dice(rows as u64);
        let mut number = || match (given, dice.below(12)) {
            (Given::Special, 0) => special(&mut dice),
            _ => dice.number(),
        };
        let length = |input: &chainrule_core::compile::program::Input| {
            input.shape.elements() * if input.shape.is_rows() { rows } else { 1 }
        };
        let inputs = program.inputs().iter();
        let inputs = inputs.map(|input| (0..length(input)).map(|_| number()).collect()).collect();
        Self { program, inputs, rows }
    }

    /// Compares in `f32` or `f64`, or in both, with every instruction set; the number of the case
    /// chooses the numbers of threads.
    pub fn check(&self, number: usize) {
        let both = cases(1) >= 20 || number.is_multiple_of(3);
        if both || number.is_multiple_of(2) {
            self.check_in::<f32>(number);
        }
        if both || !number.is_multiple_of(2) {
            self.check_in::<f64>(number);
        }
    }

    fn check_in<T: Number>(&self, number: usize) {
        let inputs: Vec<Vec<T>> = (self.inputs.iter())
            .map(|values| values.iter().map(|&x| T::from_f64(x)).collect())
            .collect();
        let values = reference::run(&self.program, &inputs, self.rows, SETTING);
        let outputs = self.program.outputs().iter().map(|&value| bits(&values[value]));
        let updates = self.program.updates().iter().map(|update| bits(&values[update.value]));
        let expected: Vec<Vec<u64>> = outputs.chain(updates).collect();
        for (place, &isa) in Isa::available().iter().enumerate() {
            for options in ways(isa, number + place) {
                let found = self.run::<T>(&inputs, options);
                for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
                    if found == expected {
                        continue;
                    }
                    let first = found.iter().zip(expected).position(|(a, b)| a != b);
                    let value = |bits: &[u64]| first.map(|i| f64::from_bits(bits[i]));
                    panic!(
                        "case {number}, {} rows, {options:?}: result {at} differs at {first:?}: \
                         {:?}, but the reference has {:?}\n{}",
                        self.rows,
                        value(found),
                        value(expected),
                        self.program
                    );
                }
            }
        }
    }

    /// The bits of the outputs and of the updated inputs.
    fn run<T: Number>(&self, inputs: &[Vec<T>], options: Options) -> Vec<Vec<u64>> {
        let mut engine = Engine::<T>::new(self.program.clone(), options);
        let mut groups = Vec::new();
        for (at, input) in self.program.inputs().iter().enumerate() {
            if input.shape.is_rows() {
                let (data, width) = (Data::F64(&self.inputs[at]), input.shape.elements());
                groups.push((input.name.as_str(), Matrix::new(data, self.rows, width).unwrap()));
            } else {
                engine.set_input(at, &inputs[at]).unwrap();
            }
        }
        // A program may read no rows at all and still run on some.
        let none = vec![0.0; self.rows];
        groups.push(("none", Matrix::new(Data::F64(&none), self.rows, 1).unwrap()));
        let source = Matrices::new(&groups).unwrap();
        let shapes: Vec<_> =
            self.program.outputs().iter().map(|&value| self.program.values()[value]).collect();
        let is_rows = |kind| kind == chainrule_core::Kind::Rows;
        let mut of_rows: Vec<Vec<T>> = shapes
            .iter()
            .filter(|shape| is_rows(shape.kind))
            .map(|shape| vec![T::ONE; shape.elements * self.rows])
            .collect();
        let mut slices: Vec<&mut [T]> = of_rows.iter_mut().map(Vec::as_mut_slice).collect();
        let rows = Selection::Range { start: 0, count: self.rows };
        engine.run(&source, rows, SETTING.0, SETTING.1, &mut slices).unwrap();
        let mut of_rows = of_rows.into_iter();
        let mut results = Vec::new();
        for (output, shape) in shapes.iter().enumerate() {
            results.push(match is_rows(shape.kind) {
                true => bits(&of_rows.next().unwrap()),
                false => bits(engine.values().output(output)),
            });
        }
        results
            .extend(self.program.updates().iter().map(|update| bits(engine.input(update.input))));
        results
    }
}

/// The ways in which an instruction set is tried: on one thread, and on some number of threads with
/// chunks and blocks as small as they can be.
fn ways(isa: Isa, number: usize) -> [Options; 2] {
    let usual = Options { isa, thread_work: 1, ..Options::default() };
    let threads = [1, 2, 3, 5][number % 4];
    [usual, Options { threads, chunk_bytes: 1, block_bytes: 1, ..usual }]
}

/// Bits, so that −0 differs from +0; which NaN it is is left open. Conversion to f64 is exact.
pub fn bits<T: Number>(values: &[T]) -> Vec<u64> {
    let value = |x: &T| if x.to_f64().is_nan() { f64::NAN } else { x.to_f64() };
    values.iter().map(|x| value(x).to_bits()).collect()
}

fn special(dice: &mut Dice) -> f64 {
    let all = [
        0.0,
        -0.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        1.0,
        -2.0,
        1e30,
        -1e30,
        1e-30,
        1e-42,
        90.0,
        -110.0,
    ];
    all[dice.below(all.len())]
}
