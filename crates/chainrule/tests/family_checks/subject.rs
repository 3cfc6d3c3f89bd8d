//! What activations and losses are both put through: a number made from a row, its first and its
//! second derivative.

use chainrule_core::derivative::pull_back;
use chainrule_core::{Expr, Shape};

use crate::running::{By, Given, assert_close, close, rounded};

/// A number made from a row `x`.
pub struct Subject {
    /// What it is called in messages.
    pub name: String,
    /// The row that it is made from: rows\[n\].
    pub x: Expr,
    /// The number: rows\[\].
    pub value: Expr,
    /// Another input of each row, the same for all: its name and values.
    pub given: (&'static str, Vec<f64>),
    /// Rows at which it is smooth.
    pub smooth: Vec<Vec<f64>>,
    /// The row in which a given number stands.
    pub around: fn(f64, usize) -> Vec<f64>,
    /// Whether a number belongs to the domain.
    pub domain: fn(f64) -> bool,
    /// Whether +∞ has a value.
    pub takes_infinity: bool,
}

/// The numbers at which a value and its derivative must be finite.
const FINITE: [f64; 11] = [0.0, 1e-30, -1e-30, 1.0, -1.0, 20.0, -20.0, 100.0, -100.0, 1e4, -1e4];

impl Subject {
    fn width(&self) -> usize {
        self.x.shape().elements()
    }

    /// The value, its gradient by the row, and the gradient of a fixed sum of that.
    fn derivatives(&self) -> [Expr; 3] {
        let along = |value: &Expr| {
            let seed = Expr::constant(1.0);
            pull_back(value, &seed, std::slice::from_ref(&self.x)).unwrap().remove(0)
        };
        let first = along(&self.value);
        let direction = Expr::input("direction", Shape::shared(&[self.width()]));
        let second = along(&(&first * direction).sum(0));
        [self.value.clone(), first, second]
    }

    fn direction(&self) -> Vec<f64> {
        (0..self.width()).map(|i| 1.0 - 1.5 * i as f64).collect()
    }

    /// The values of expressions at some rows.
    fn at(&self, by: By, roots: &[Expr], rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let (name, values) = (self.given.0, self.given.1.repeat(rows.len()));
        let (x, direction) = (rows.concat(), self.direction());
        let given: [Given<'_>; 3] = [("x", &x), (name, &values), ("direction", &direction)];
        by.values(roots, &given, rows.len())
    }

    /// The derivatives, first and second, are the central differences.
    pub fn equals_its_differences(&self) {
        let [value, first, second] = self.derivatives();
        let h = 1e-5;
        let direction = self.direction();
        for row in &self.smooth {
            for i in 0..row.len() {
                let moved = |by: f64| {
                    let mut row = row.clone();
                    row[i] += by;
                    row
                };
                let roots = [value.clone(), first.clone()];
                let found = self.at(By::Oracle, &roots, &[moved(h), moved(-h)]);
                let change = |values: &[f64]| (values[0] - values[1]) / (2.0 * h);
                let [along, ahead] =
                    [found[1][..row.len()].to_vec(), found[1][row.len()..].to_vec()]
                        .map(|slope| slope.iter().zip(&direction).map(|(s, d)| s * d).sum::<f64>());
                let numeric = [change(&found[0]), change(&[along, ahead])];
                let roots = [first.clone(), second.clone()];
                let exact = self.at(By::Oracle, &roots, std::slice::from_ref(row));
                for (order, (exact, numeric)) in exact.iter().zip(numeric).enumerate() {
                    assert!(
                        close(exact[i], numeric, 1e-7, 1e-8),
                        "{}, derivative {} by x[{i}] at {row:?}: {} but the difference is {numeric}",
                        self.name,
                        order + 1,
                        exact[i],
                    );
                }
            }
        }
    }

    /// Compiled in f64 and in f32, values and derivatives are the oracle's.
    pub fn compiles_to_what_the_oracle_says(&self) {
        let roots = self.derivatives();
        let rounded_rows: Vec<Vec<f64>> =
            self.smooth.iter().map(|row| row.iter().map(|&x| rounded(x)).collect()).collect();
        let expected = self.at(By::Oracle, &roots, &rounded_rows);
        for (by, tolerance) in [(By::F64, (1e-13, 1e-15)), (By::F32, (1e-5, 1e-6))] {
            let found = self.at(by, &roots, &rounded_rows);
            for (order, (found, expected)) in found.iter().zip(&expected).enumerate() {
                assert_close(found, expected, tolerance, &(&self.name, by, order));
            }
        }
    }

    /// At 0, ±1e-30, ±1, ±20, ±100, ±1e4 values and derivatives are finite, compiled too; at ±∞
    /// they are not NaN; at NaN the value is NaN, and no derivative hides it with a 0.
    pub fn is_sound_everywhere(&self) {
        let [value, first, _] = self.derivatives();
        let roots = [value, first];
        let rows = |numbers: &[f64]| -> Vec<Vec<f64>> {
            let inside = numbers.iter().filter(|&&x| (self.domain)(x));
            inside.map(|&x| (self.around)(rounded(x), self.width())).collect()
        };
        let mut infinite = vec![f64::NEG_INFINITY];
        infinite.extend(self.takes_infinity.then_some(f64::INFINITY));
        let (finite, infinite) = (rows(&FINITE), rows(&infinite));
        let nan = [(self.around)(f64::NAN, self.width())];
        for by in By::ALL {
            let expected = self.at(By::Oracle, &roots, &finite);
            let found = self.at(by, &roots, &finite);
            let (relative, least): (f64, f64) =
                if by == By::F32 { (4e-6, 1e-37) } else { (1e-13, 1e-300) };
            for (order, (found, expected)) in found.iter().zip(&expected).enumerate() {
                // In a row, a slope may be what the other slopes leave of 1.
                let whole = if order == 1 && self.width() > 1 { 0.1 } else { 0.0 };
                let tolerance = (relative, least.max(whole * relative));
                assert!(found.iter().all(|x| x.is_finite()), "{} {by:?}: {found:?}", self.name);
                assert_close(found, expected, tolerance, &(&self.name, by, order, &finite));
            }
            for found in self.at(by, &roots, &infinite) {
                assert!(!found.iter().any(|x| x.is_nan()), "{} {by:?}: {found:?}", self.name);
            }
            let found = self.at(by, &roots, &nan);
            assert!(found[0].iter().all(|x| x.is_nan()), "{} {by:?}: {found:?}", self.name);
            assert!(found[1][0] != 0.0, "{} {by:?}: {found:?}", self.name);
        }
    }

    /// The value is not the same at all of its rows: a check of the checks.
    pub fn moves(&self) {
        let found = self.at(By::Oracle, std::slice::from_ref(&self.value), &self.smooth);
        assert!(found[0].iter().any(|&y| y != found[0][0]), "{}", self.name);
    }
}
