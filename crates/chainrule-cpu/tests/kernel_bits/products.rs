//! Products in programs: how they stack, what they contract, and what is done to their results.

use chainrule_core::{Expr, Shape};

use crate::case::{Case, Given, chosen};

/// Three times the units in which rows are cut.
const ROWS: usize = 3 * 16;
/// Three times the widest tile.
const COLUMNS: usize = 3 * 64;
/// Three times a few terms; `tiles` has the depths.
const DEPTH: usize = 3 * 8;

/// What is multiplied, and what is done then.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Plain,
    TransposedRight,
    Bias,
    BiasRelu,
    BiasTanh,
    Gate,
    Squares,
    Each,
    EachTransposed,
    Stack,
    StackOfRows,
    OverRows,
    OverRowsUpdate,
    Shared,
}

const KINDS: [Kind; 14] = [
    Kind::Plain,
    Kind::TransposedRight,
    Kind::Bias,
    Kind::BiasRelu,
    Kind::BiasTanh,
    Kind::Gate,
    Kind::Squares,
    Kind::Each,
    Kind::EachTransposed,
    Kind::Stack,
    Kind::StackOfRows,
    Kind::OverRows,
    Kind::OverRowsUpdate,
    Kind::Shared,
];

fn rows(name: &str, dims: &[usize]) -> Expr {
    Expr::input(name, Shape::rows(dims))
}

fn shared(name: &str, dims: &[usize]) -> Expr {
    Expr::input(name, Shape::shared(dims))
}

/// A product of this kind: m rows of the batch where those are the rows of the product.
fn check(kind: Kind, (m, n, k): (usize, usize, usize), number: usize) {
    let (x, w, b) = (rows("x", &[k]), shared("w", &[k, n]), shared("b", &[n]));
    let product = x.clone().matmul(&w);
    // Where each row has a matrix of its own: few rows, each of up to three tiles.
    let (few, m_of_row) = (1 + m % 3, 1 + m % 24);
    let (mut count, mut updates) = (m, Vec::new());
    let result = match kind {
        Kind::Plain => product,
        Kind::TransposedRight => rows("x", &[1, k]).matmul_with(false, shared("w", &[n, k]), true),
        Kind::Bias => product + b,
        Kind::BiasRelu => Expr::constant(0.0).max(product + b),
        Kind::BiasTanh => (b + product).tanh(),
        Kind::Gate => {
            let gate = rows("gate", &[n]);
            gate.less_or_equal(0.0).select(0.0, product)
        }
        Kind::Squares => (&product - rows("y", &[n])).powf(2.0).sum(0) + product.sum(0),
        Kind::Each => {
            count = few;
            rows("x", &[m_of_row, k]).matmul(rows("w", &[k, n]))
        }
        Kind::EachTransposed => {
            count = few;
            rows("x", &[k, m_of_row]).matmul_with(true, rows("w", &[n, k]), true)
        }
        Kind::Stack => {
            count = few;
            rows("x", &[3, m_of_row, k]).matmul(w)
        }
        Kind::StackOfRows => {
            count = few;
            rows("x", &[2, m_of_row, k]).matmul(shared("w", &[2, k, n]))
        }
        Kind::OverRows | Kind::OverRowsUpdate => {
            // Here n × k is the result, and the rows are the terms.
            let (left, right) = (rows("left", &[1, k]), rows("right", &[1, n]));
            let sum = left.matmul_with(true, right, false).sum_over_rows();
            if kind == Kind::OverRowsUpdate {
                let (p, v) = (shared("p", &[k, n]), shared("v", &[k, n]));
                let new = 0.9 * v + &sum;
                updates = vec![("p", p - 0.01 * &new), ("v", new)];
                rows("x", &[k]).matmul(shared("p", &[k, n])).sum(0)
            } else {
                sum
            }
        }
        Kind::Shared => shared("x", &[m, k]).matmul(w),
    };
    let given = if number.is_multiple_of(11) { Given::Special } else { Given::Plain };
    Case::new(&[result], &updates, count, given).check(number);
}

#[test]
fn every_kind_of_product() {
    let shapes = ROWS * COLUMNS * DEPTH;
    // Coprime to the number of shapes: steps of this length spread over all.
    let step = 7_919;
    // Of the depths that are cut nowhere, every tenth is enough even where all is tried.
    // `tiles` tries the product itself in every shape; here every kind meets every hundredth.
    for number in chosen(KINDS.len() * shapes / 100, 600, 31) {
        let (kind, place) = (KINDS[number % KINDS.len()], number / KINDS.len() * step % shapes);
        let (m, rest) = (1 + place % ROWS, place / ROWS);
        check(kind, (m, 1 + rest % COLUMNS, 1 + rest / COLUMNS), number);
    }
}

#[test]
fn products_that_are_packed_or_cut_in_their_depth() {
    let depths = [1023, 1024, 1025, 1400, 2049];
    for number in chosen(KINDS.len() * depths.len() * 30, 14, 32) {
        let (kind, rest) = (KINDS[number % KINDS.len()], number / KINDS.len());
        let (k, rest) = (depths[rest % depths.len()], rest / depths.len());
        check(kind, (60 + rest, 1 + rest * 37 % 70, k), number);
    }
}

#[test]
fn products_over_many_rows() {
    for number in chosen(2 * 3 * 90, 9, 33) {
        let (kind, rest) = ([Kind::OverRows, Kind::OverRowsUpdate][number % 2], number / 2);
        let (m, rest) = ([300, 2049, 4100][rest % 3], rest / 3);
        check(kind, (m, 1 + rest * 11 % 97, 1 + rest % 30), number);
    }
}
