//! Reductions along an axis and over the rows, and the maps that run before them.

use chainrule_core::op::{Along, Reduction};
use chainrule_core::{Expr, Shape};

use crate::case::{Case, Given, chosen};

const REDUCTIONS: [Reduction; 4] =
    [Reduction::Sum, Reduction::Max, Reduction::ArgMax, Reduction::LogSumExp];

/// Three times four vectors of neighbouring results.
const INNER: usize = 3 * 64;
/// Three times a few terms: a chain has no tile of its own.
const LENGTH: usize = 3 * 8;
/// Three times the rows that threads and chunks are cut in.
const ROWS: usize = 3 * 16;

/// What is reduced: an input, or what a map makes of it right before.
fn operand(shape: Shape, number: usize) -> Expr {
    let x = Expr::input("x", shape);
    match number % 3 {
        0 => x,
        1 => x * 1.25,
        _ => x.clone() * x + Expr::variable("c"),
    }
}

fn given(number: usize) -> Given {
    if number.is_multiple_of(2) { Given::Plain } else { Given::Special }
}

#[test]
fn along_an_axis() {
    for number in chosen(REDUCTIONS.len() * LENGTH * INNER, 500, 11) {
        let (reduction, rest) = (REDUCTIONS[number % 4], number / 4);
        let (length, inner) = (1 + rest % LENGTH, 1 + rest / LENGTH);
        let (outer, rows) = (1 + rest % 2, 1 + rest % 5);
        let dims = [outer, length, inner];
        let shape = if rest.is_multiple_of(4) { Shape::shared(&dims) } else { Shape::rows(&dims) };
        let result = operand(shape, rest).reduce(reduction, Along::Axis(1));
        Case::new(&[result], &[], rows, given(rest / 3)).check(number);
    }
}

#[test]
fn along_the_last_axis() {
    // One result for each chain, none beside it.
    for number in chosen(REDUCTIONS.len() * INNER, 200, 12) {
        let (reduction, length) = (REDUCTIONS[number % 4], 1 + number / 4);
        let result = operand(Shape::rows(&[3, length]), length).reduce(reduction, Along::Axis(1));
        Case::new(&[result], &[], 1 + length % 5, given(length / 3)).check(number);
    }
}

#[test]
fn over_the_rows() {
    for number in chosen(REDUCTIONS.len() * (ROWS + 1) * INNER, 500, 13) {
        let (reduction, rest) = (REDUCTIONS[number % 4], number / 4);
        let (rows, width) = (rest % (ROWS + 1), 1 + rest / (ROWS + 1));
        let result = operand(Shape::rows(&[width]), rest).reduce(reduction, Along::Rows);
        Case::new(&[result], &[], rows, given(rest / 3)).check(number);
    }
}

#[test]
fn over_more_rows_than_a_block() {
    // A block has at most 2048 rows.
    for number in chosen(REDUCTIONS.len() * 6 * 35, 12, 14) {
        let (reduction, rest) = (REDUCTIONS[number % 4], number / 4);
        let rows = [2047, 2048, 2049, 4095, 4097, 6144][rest % 6];
        let result = operand(Shape::rows(&[1 + rest / 6]), rest).reduce(reduction, Along::Rows);
        Case::new(&[result], &[], rows, given(rest)).check(number);
    }
}

#[test]
fn all_reductions_of_one_value() {
    for number in chosen(ROWS * 24, 60, 15) {
        let (rows, width) = (1 + number % ROWS, 1 + number / ROWS);
        let x = operand(Shape::rows(&[width]), number);
        let over = |along| REDUCTIONS.map(|reduction| x.clone().reduce(reduction, along));
        let results = [over(Along::Rows), over(Along::Axis(0))].concat();
        // What comes back to the rows is another phase.
        let centred = &x - &results[0];
        let results = [results, vec![centred]].concat();
        Case::new(&results, &[], rows, given(number)).check(number);
    }
}
