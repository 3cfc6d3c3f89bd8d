//! What is gathered from a source: every type of data, any strides, rows in any order.

use chainrule_core::compile::compile;
use chainrule_core::{Expr, Shape};
use chainrule_cpu::{Data, Engine, Isa, Matrices, Matrix, Number, Options, RowSource, Selection};

use crate::case::{bits, chosen};
use crate::random_graphs::Dice;

/// Three times four vectors of columns.
const COLUMNS: usize = 3 * 64;
const ROWS: usize = 40;

/// The numbers of every type of data, as f64.
struct Numbers {
    f32s: Vec<f32>,
    f64s: Vec<f64>,
    bytes: Vec<u8>,
    codes: Vec<i64>,
}

impl Numbers {
    fn new(count: usize) -> Self {
        let mut dice = Dice(count as u64);
        // Some have more digits than an f32, and some are no number.
        let odd = [f64::NAN, -0.0, 1e300, 1e-300, 16_777_217.0, f64::NEG_INFINITY];
        let mut number = || match dice.below(9) {
            0 => odd[dice.below(odd.len())],
            _ => dice.number(),
        };
        let f64s: Vec<f64> = (0..count).map(|_| number()).collect();
        Self {
            f32s: f64s.iter().map(|&x| x as f32).collect(),
            bytes: (0..count).map(|i| (i * 37 % 256) as u8).collect(),
            codes: (0..count as i64).map(|i| (i - 3) * ((1 << 24) + 1)).collect(),
            f64s,
        }
    }

    fn data(&self, kind: usize) -> Data<'_> {
        match kind {
            0 => Data::F32(&self.f32s),
            1 => Data::F64(&self.f64s),
            2 => Data::U8(&self.bytes),
            _ => Data::I64(&self.codes),
        }
    }

    fn at<T: Number>(&self, kind: usize, place: usize) -> T {
        T::from_f64(match kind {
            0 => f64::from(self.f32s[place]),
            1 => self.f64s[place],
            2 => f64::from(self.bytes[place]),
            _ => self.codes[place] as f64,
        })
    }
}

fn check<T: Number>(kind: usize, columns: usize, number: usize) {
    // A matrix by rows, one by columns, and one upside down of which every other column is read.
    let length = ROWS * 2 * columns;
    let (width, last) = (columns as isize, (ROWS - 1) * 2 * columns);
    let (offset, (row, column)) =
        [(0, (width, 1)), (0, (1, ROWS as isize)), (last, (-2 * width, 2))][number % 3];
    let numbers = Numbers::new(length);
    let matrix = Matrix::strided(numbers.data(kind), offset, (ROWS, columns), (row, column));
    let source = Matrices::new(&[("x", matrix.unwrap())]).unwrap();
    let order: Vec<u32> = (0..90).map(|i| (i * 17 + number as u32) % ROWS as u32).collect();
    let start = number % 9;
    let selections = [Selection::Rows(&order), Selection::Range { start, count: ROWS - start }];
    let x = Expr::input("x", Shape::rows(&[columns]));
    let program = compile(&[x], &[]).unwrap();
    for selection in selections {
        let expected: Vec<T> = selection
            .iter()
            .flat_map(|i| (0..columns).map(move |j| i as isize * row + j as isize * column))
            .map(|place| numbers.at(kind, (offset as isize + place) as usize))
            .collect();
        let mut gathered = vec![T::ZERO; expected.len()];
        T::gather(&source as &dyn RowSource, 0, selection, &mut gathered);
        assert!(bits(&gathered) == bits(&expected), "{kind} {columns} {number}");
        let threads = [1, 2, 3, 5][number % 4];
        for &isa in Isa::available() {
            let options =
                Options { threads, thread_work: 1, isa, chunk_bytes: 1, ..Options::default() };
            let mut engine = Engine::<T>::new(program.clone(), options);
            gathered.fill(T::ZERO);
            engine.run(&source, selection, 0, 0, &mut [&mut gathered]).unwrap();
            assert!(bits(&gathered) == bits(&expected), "{kind} {columns} {number} {options:?}");
        }
    }
}

#[test]
fn rows_of_every_type_and_layout() {
    for number in chosen(4 * 3 * COLUMNS, 250, 51) {
        let (kind, rest) = (number % 4, number / 4);
        check::<f32>(kind, 1 + rest / 3, rest);
        check::<f64>(kind, 1 + rest / 3, rest);
    }
}
