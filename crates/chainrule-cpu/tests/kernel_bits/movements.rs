//! Copies, gathers, scatters, counters and random numbers.

use chainrule_core::op::Unary;
use chainrule_core::{Expr, Shape};

use crate::case::{Case, Given, chosen};
use crate::random_graphs::Dice;

/// Three times the squares that are turned round in registers, two of them side by side.
const SIDE: usize = 3 * 16;
/// Three times the fractions that are drawn side by side.
const FRACTIONS: usize = 3 * 64;

/// What moves, and a map of its operand: a program that only moves runs on one thread.
fn check(moved: Expr, operand: Expr, rows: usize, number: usize) {
    Case::new(&[moved, operand * 1.5], &[], rows, Given::Special).check(number);
}

fn rows_or_shared(rows: bool, dims: &[usize]) -> Shape {
    if rows { Shape::rows(dims) } else { Shape::shared(dims) }
}

#[test]
fn transposes() {
    for number in chosen(2 * SIDE * SIDE, 300, 21) {
        let (rows, rest) = (number % 2 == 0, number / 2);
        let x = Expr::input("x", rows_or_shared(rows, &[1 + rest % SIDE, 1 + rest / SIDE]));
        check(x.clone().permute(&[1, 0]), x, 1 + rest % 37, number);
    }
}

#[test]
fn permutations_of_three_axes() {
    let orders = [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for number in chosen(orders.len() * 9 * 9 * 20, 150, 22) {
        let (order, rest) = (orders[number % 5], number / 5);
        let dims = [1 + rest % 9, 1 + rest / 9 % 9, 1 + rest / 81];
        let x = Expr::input("x", Shape::rows(&dims));
        check(x.clone().permute(&order), x, 1 + rest % 37, number);
    }
}

#[test]
fn slices_pads_and_concatenations() {
    for number in chosen(20_000, 250, 23) {
        let mut dice = Dice(number as u64);
        let axis = dice.below(2);
        let dims = [1 + dice.below(12), 1 + dice.below(SIDE)];
        let x = Expr::input("x", rows_or_shared(dice.below(4) > 0, &dims));
        let start = dice.below(dims[axis]);
        let part = x.clone().slice(axis, start, 1 + dice.below(dims[axis] - start));
        let padded = x.clone().pad(axis, dice.below(20), dice.below(20));
        let y = Expr::input("y", Shape::rows(&dims));
        let joined = Expr::concat(&[part.clone(), y, padded.clone()], axis);
        let turned = joined.clone().permute(&[1, 0]);
        Case::new(&[part, padded, joined, turned], &[], 1 + dice.below(20), Given::Special)
            .check(number);
    }
}

/// Positions of a table, a few of them none.
fn index(shape: Shape, length: usize) -> Expr {
    (Expr::input("at", shape) * (length as f64) + (0.4 * length as f64)).unary(Unary::Floor)
}

#[test]
fn gathers_and_scatters() {
    for number in chosen(2 * SIDE * 12 * 4, 250, 24) {
        let (width, rest) = (1 + number % SIDE, number / SIDE);
        let (length, rest) = (1 + rest % 12, rest / 12);
        let (table_of_rows, index_of_rows) = (rest % 2 == 0, rest / 2 % 2 == 0);
        let indices = 1 + rest / 4 * 4;
        let table = Expr::input("table", rows_or_shared(table_of_rows, &[length, width]));
        let at = index(rows_or_shared(index_of_rows, &[indices]), length);
        let updates = Expr::input("updates", rows_or_shared(table_of_rows, &[indices, width]));
        let results = [table.gather(&at), at.scatter_add(updates, length)];
        Case::new(&results, &[], 1 + number % 19, Given::Plain).check(number);
    }
}

#[test]
fn counters() {
    for number in chosen(SIDE * SIDE, 80, 25) {
        let dims = [1 + number % 7, 1 + number / 7 % 7, 1 + number / 49];
        let iota = Expr::iota(&dims, number % 3);
        let numbers = Expr::row_number() + Expr::input("x", Shape::rows(&[1]));
        let rows = [1, 2, 16, 33, 100][number % 5];
        Case::new(&[iota, Expr::row_number(), numbers], &[], rows, Given::Plain).check(number);
    }
}

#[test]
fn uniform_numbers() {
    for number in chosen(2 * FRACTIONS, 120, 26) {
        let (rows, elements) = (number % 2 == 0, 1 + number / 2);
        let shape = rows_or_shared(rows, &[elements]);
        let drawn = Expr::uniform(number as u32 % 3, shape.clone());
        let kept = drawn.clone().less(0.7).select(Expr::input("x", shape), 0.0);
        Case::new(&[drawn, kept], &[], 1 + number % 40, Given::Special).check(number);
    }
}
