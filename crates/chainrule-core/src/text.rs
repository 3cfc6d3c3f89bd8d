//! Formula text to expression and back.
//!
//! ```text
//! text       = { name "=" expression ";" } expression
//! expression = comparison of sums: a < b, a <= b, a == b, a > b, a >= b, a != b (1 or 0)
//! sum        = a + b, a - b                from the left
//! product    = a*b, a/b                    from the left
//! sign       = -a                          so that -x^2 is -(x^2)
//! power      = a^b                         from the right
//! atom       = number | name | name(arguments) | (expression)
//! ```
//! What a person may paste is read too: `**`, − · × ÷ ≤ ≥ ≠.
//!
//! Names are letters of any script, digits and `_`; any other name stands in backticks, and so
//! does a variable with the name of a constant. The constants are `pi`, `inf`, `nan` and `e`,
//! and `e^x` means `exp(x)`. Functions are the primitives by their names, `ln`, those of
//! [`ELEMENTARY`], what the [`Scope`] adds, and logarithms of any base: `log_2(x)`, `log_a(x)`. The
//! last arguments of some have defaults and may be left out.
//!
//! What follows the operands of a tensor operation are its attributes: `sum(x, axis=0)`,
//! `sum(x, axis=rows)`, `matmul_tn(a, b)` (the left operand transposed), `reshape(x, [2,3])`,
//! `permute(x, [1,0])`, `broadcast(x, rows[3])`, `slice(x, axis=0, start=1, length=2)`,
//! `pad(x, axis=0, before=1, after=2)`, `concat([a, b], axis=0)`, `gather(t, i)`,
//! `scatter_add(i, u, length=5)`, `cast(x, f32)`, `stop_gradient(x)`, `iota([3], axis=0)`,
//! `iota(rows)`, `uniform(stream=3, rows[4])`.
//!
//! What [`Expr`]'s `Display` prints, [`parse`] reads back to an equal expression, given a scope
//! that knows its inputs and functions (the payload of a NaN is not kept). Large expressions with
//! shared parts, and deep ones, print with names for their parts: `t1 = exp(x); t1*t1 + t1`.

mod layout;
mod parse;
mod print;
mod token;

use std::collections::BTreeMap;
use std::f64::consts::{E, PI};

use crate::expr::Expr;
use crate::function::{ELEMENTARY, FunctionRow};
use crate::op::{Binary, Compare, Reduction, Unary};

pub(crate) use layout::{Layout, Piece};
pub use parse::parse;

/// The length in bytes that a formula may have unless its scope says otherwise.
pub const LONGEST: usize = 4096;

/// The depth of parentheses, arguments, signs and powers that a formula may have.
pub const DEEPEST: usize = 256;

/// What the names in a formula mean.
///
/// ```
/// use chainrule_core::{Expr, Shape, text::{Scope, parse}};
/// let scope = Scope::closed().variable("y", Expr::input("y", Shape::rows(&[])));
/// assert!(parse("log(y)/2", &scope).is_ok());
/// assert!(parse("log(z)/2", &scope).is_err());
/// assert_eq!(parse("2*z + 1", &Scope::free()).unwrap(), 2.0 * Expr::variable("z") + 1.0);
/// ```
#[derive(Clone, Debug)]
pub struct Scope {
    variables: BTreeMap<String, Expr>,
    functions: Vec<&'static [FunctionRow]>,
    is_free: bool,
    is_spelled: bool,
    longest: usize,
}

impl Scope {
    /// A scope in which a name that is not declared is a variable: a shared number.
    pub fn free() -> Self {
        let functions = vec![ELEMENTARY];
        let (variables, longest) = (BTreeMap::new(), LONGEST);
        Self { variables, functions, is_free: true, is_spelled: false, longest }
    }

    /// A scope in which a name that is not declared is an error.
    pub fn closed() -> Self {
        Self { is_free: false, ..Self::free() }
    }

    /// Declares what a name stands for.
    #[must_use]
    pub fn variable(mut self, name: &str, meaning: Expr) -> Self {
        self.variables.insert(name.into(), meaning);
        self
    }

    /// Adds the functions of a table; the names of primitives keep their meaning.
    #[must_use]
    pub fn functions(mut self, table: &'static [FunctionRow]) -> Self {
        self.functions.push(table);
        self
    }

    /// Gives named functions their formulas as bodies: see [`FunctionRow::spelled`].
    #[must_use]
    pub fn spelled(mut self) -> Self {
        self.is_spelled = true;
        self
    }

    /// Sets the length in bytes that a formula may have ([`LONGEST`] unless set).
    #[must_use]
    pub fn longest(mut self, bytes: usize) -> Self {
        self.longest = bytes;
        self
    }

    /// The function of a name, if a table has one.
    pub fn function(&self, name: &str) -> Option<&'static FunctionRow> {
        self.rows().find(|row| row.name == name)
    }

    fn rows(&self) -> impl Iterator<Item = &'static FunctionRow> {
        self.functions.iter().flat_map(|table| table.iter())
    }
}

/// How tightly each kind of expression binds, from the loosest.
mod precedence {
    pub const COMPARISON: u8 = 0;
    pub const SUM: u8 = 1;
    pub const PRODUCT: u8 = 2;
    pub const SIGN: u8 = 3;
    pub const POWER: u8 = 4;
    pub const ATOM: u8 = 5;
}

/// The names that are numbers; a variable with such a name stands in backticks.
const CONSTANTS: [(&str, f64); 4] =
    [("pi", PI), ("e", E), ("inf", f64::INFINITY), ("nan", f64::NAN)];

/// The functions with a meaning of their own beside the unary, binary, comparing and reducing.
const OTHER_FUNCTIONS: [&str; 18] = [
    "ln",
    "where",
    "matmul",
    "matmul_tn",
    "matmul_nt",
    "matmul_tt",
    "reshape",
    "permute",
    "broadcast",
    "slice",
    "pad",
    "concat",
    "gather",
    "scatter_add",
    "cast",
    "stop_gradient",
    "iota",
    "uniform",
];

/// The names of the functions that every formula knows as operations.
fn primitives() -> impl Iterator<Item = &'static str> {
    (Unary::ALL.iter().map(|unary| unary.name()))
        .chain(Binary::ALL.iter().map(|binary| binary.name()))
        .chain(Compare::ALL.iter().map(|compare| compare.name()))
        .chain(Reduction::ALL.iter().map(|reduction| reduction.name()))
        .chain(OTHER_FUNCTIONS)
}

/// The known name that is most likely meant by a misspelt one, if any is near enough.
///
/// The distance counts changed, missing, extra and swapped letters, whatever their case; at most
/// a third of the longer name's letters, rounded, may differ. The first of equally near names is taken.
///
/// ```
/// use chainrule_core::text::nearest;
/// assert_eq!(nearest("sigmiod", ["relu", "sigmoid", "tanh"].into_iter()), Some("sigmoid"));
/// assert_eq!(nearest("linear", ["relu", "sigmoid", "tanh"].into_iter()), None);
/// ```
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let letters = |name: &str| name.to_lowercase().chars().collect::<Vec<char>>();
    let wanted = letters(name.trim());
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        let found = letters(candidate);
        let allowed = (wanted.len().max(found.len()) + 1) / 3;
        if wanted.len().abs_diff(found.len()) > allowed {
            continue;
        }
        let distance = edit_distance(&wanted, &found);
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// How many letters must be changed, added, dropped or swapped with their neighbour.
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = changed.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before_last[j - 2] + 1);
            }
            row.push(least);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_changes_gaps_and_swaps() {
        let distance = |a: &str, b: &str| {
            let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
            edit_distance(&a, &b)
        };
        assert_eq!(distance("tahn", "tanh"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("", ""), 0);
        assert_eq!(distance("가격", "가역"), 1);
    }

    #[test]
    fn the_nearest_name_is_near_and_the_first_of_equals() {
        let near = |name, known: &[&'static str]| nearest(name, known.iter().copied());
        assert_eq!(near("Species", &["island", "species"]), Some("species"));
        assert_eq!(near("bat", &["cat", "hat"]), Some("cat"));
        assert_eq!(near("x", &["y"]), None);
        assert_eq!(near("", &["", "a"]), Some(""));
        assert_eq!(near("relu", &[]), None);
    }
}
