//! Sums, products and numbers.

use chainrule_core::Expr;
use chainrule_core::op::{Binary, Op, Unary};

use super::seen::{elements, seen};
use super::{Binds, Piece, Writer, atom};

/// The factors of a product: the numbers, and whatever else, with whether it is a row or a matrix
/// and whether it is a product of these.
#[derive(Default)]
struct Factors {
    numbers: Vec<f64>,
    others: Vec<(Piece, bool, bool)>,
}

/// What is written without its sign, and whether it had one.
pub(super) fn unsigned(piece: Piece) -> (bool, Piece) {
    let binds = match piece.binds {
        Binds::Sign => Binds::Product,
        Binds::OpenSign => Binds::Open,
        _ => return (false, piece),
    };
    match piece.text.strip_prefix('-') {
        Some(text) => (true, Piece { text: text.to_owned(), binds }),
        None => (false, piece),
    }
}

impl Writer<'_> {
    /// The terms of a sum, one that is added first.
    pub(super) fn sum(&self, expr: &Expr) -> Piece {
        let mut terms: Vec<(bool, Piece)> = Vec::new();
        let mut pending = vec![(expr, false)];
        while let Some((part, is_negative)) = pending.pop() {
            let part = seen(part);
            match part.node().map(|node| (node.op(), node.operands())) {
                Ok((Op::Binary(Binary::Add), [left, right])) if !is_negative => {
                    pending.extend([(right, false), (left, false)]);
                }
                Ok((Op::Binary(Binary::Sub), [left, right])) if !is_negative => {
                    pending.extend([(right, true), (left, false)]);
                }
                _ => {
                    let (has_sign, piece) = unsigned(self.write(part));
                    terms.push((has_sign != is_negative, piece));
                }
            }
        }
        if let Some(first) = terms.iter().position(|(is_negative, _)| !is_negative) {
            terms[..=first].rotate_right(1);
        }
        let last = terms.len() - 1;
        let mut text = String::new();
        for (place, (is_negative, piece)) in terms.into_iter().enumerate() {
            text.push_str(match (place, is_negative) {
                (0, false) => "",
                (0, true) => "-",
                (_, false) => " + ",
                (_, true) => " - ",
            });
            let least = match (is_negative, place == last) {
                (_, false) => Binds::Product,
                (true, true) => Binds::Open,
                (false, true) => Binds::Sum,
            };
            let is_bare = piece.binds >= least;
            text.push_str(&if is_bare { piece.text } else { self.brackets(&piece.text) });
        }
        Piece { text, binds: Binds::Sum }
    }

    /// The factors of a product, its numbers and its sign first, over those of its divisor.
    pub(super) fn product(&self, expr: &Expr) -> Piece {
        let (mut above, mut below) = (Factors::default(), Factors::default());
        let mut is_negative = false;
        let mut pending = vec![(expr, false)];
        while let Some((part, is_below)) = pending.pop() {
            let part = seen(part);
            let factors = if is_below { &mut below } else { &mut above };
            match part.node().map(|node| (node.op(), node.operands())) {
                Ok((Op::Binary(Binary::Mul), [left, right])) => {
                    pending.extend([(right, is_below), (left, is_below)]);
                }
                Ok((Op::Binary(Binary::Div), [left, right])) => {
                    pending.extend([(right, !is_below), (left, is_below)]);
                }
                Ok((Op::Unary(Unary::Neg), [operand])) => {
                    is_negative = !is_negative;
                    pending.push((operand, is_below));
                }
                Ok((Op::Const(value), _)) => {
                    is_negative ^= value.0 < 0.0;
                    match inverse(value.0.abs()) {
                        Some(whole) if is_below => above.numbers.push(whole),
                        Some(whole) => below.numbers.push(whole),
                        None => factors.numbers.push(value.0.abs()),
                    }
                }
                _ => {
                    let (has_sign, piece) = unsigned(self.write(part));
                    is_negative ^= has_sign;
                    let is_matrix = matches!(part.node().map(|n| n.op()), Ok(Op::MatMul { .. }));
                    factors.others.push((piece, elements(part) > 1, is_matrix));
                }
            }
        }
        let piece = match (self.factors(above), self.factors(below)) {
            (above, None) => above.unwrap_or_else(|| atom("1".to_owned())),
            (above, Some(below)) => {
                self.quotient(above.unwrap_or_else(|| atom("1".to_owned())), below)
            }
        };
        match is_negative {
            false => piece,
            true => {
                let is_bare = piece.binds >= Binds::Open;
                let is_open = piece.binds == Binds::Open;
                let text = if is_bare { piece.text } else { self.brackets(&piece.text) };
                let binds = if is_open { Binds::OpenSign } else { Binds::Sign };
                Piece { text: format!("-{text}"), binds }
            }
        }
    }

    /// Factors side by side, with a dot between numbers and ⊙ between rows; none without any.
    fn factors(&self, factors: Factors) -> Option<Piece> {
        let numbers = factors.numbers.into_iter().filter(|&number| number != 1.0);
        let numbers = numbers.map(|number| (self.number(number), false, false));
        let mut all: Vec<(Piece, bool, bool)> = numbers.chain(factors.others).collect();
        if all.len() < 2 {
            return all.pop().map(|(piece, _, _)| piece);
        }
        let last = all.len() - 1;
        let mut text = String::new();
        let (mut was_wide, mut ends_open) = (false, false);
        for (place, (piece, is_wide, is_matrix)) in all.into_iter().enumerate() {
            if place > 0 {
                text.push_str(&match was_wide && is_wide {
                    true => self.either(" ⊙ ", r" \odot "),
                    false => self.either("·", r" \cdot "),
                });
            }
            // A sum sign may end a product.
            ends_open = place == last && piece.binds == Binds::Open;
            let is_bare = !is_matrix && (piece.binds >= Binds::Product || ends_open);
            text.push_str(&if is_bare { piece.text } else { self.brackets(&piece.text) });
            was_wide = is_wide;
        }
        Some(Piece { text, binds: if ends_open { Binds::Open } else { Binds::Product } })
    }

    fn quotient(&self, above: Piece, below: Piece) -> Piece {
        if self.is_latex {
            let text = format!(r"\frac{{{}}}{{{}}}", above.text, below.text);
            return Piece { text, binds: Binds::Product };
        }
        let bracketed = |piece: Piece, least| match piece.binds >= least {
            true => piece.text,
            false => self.brackets(&piece.text),
        };
        let text =
            format!("{}/{}", bracketed(above, Binds::Product), bracketed(below, Binds::Power));
        Piece { text, binds: Binds::Product }
    }

    /// A number in few digits; the inverse of a whole number as a fraction.
    pub(super) fn number(&self, value: f64) -> Piece {
        if !value.is_finite() || value == 0.0 {
            return atom(value.to_string());
        }
        let shortest = shortest(value.abs());
        let (text, binds) = match inverse(value.abs()) {
            Some(whole) if self.is_latex => (format!(r"\frac{{1}}{{{whole}}}"), Binds::Product),
            Some(whole) => (format!("1/{whole}"), Binds::Product),
            None if shortest.len() <= LONGEST_NUMBER => (shortest, Binds::Atom),
            None => {
                let rounded: f64 = format!("{value:.5e}").parse().unwrap_or(value);
                (self::shortest(rounded.abs()), Binds::Atom)
            }
        };
        let (text, binds) = match text.split_once('e') {
            Some(("1", exponent)) if self.is_latex => (format!("10^{{{exponent}}}"), Binds::Power),
            Some((digits, exponent)) if self.is_latex => {
                (format!(r"{digits} \cdot 10^{{{exponent}}}"), Binds::Product)
            }
            _ => (text, binds),
        };
        match value < 0.0 {
            true => Piece { text: format!("-{text}"), binds: Binds::Sign },
            false => Piece { text, binds },
        }
    }
}

/// The most letters of a number that is written in full.
const LONGEST_NUMBER: usize = 8;

/// The whole number of which this is the inverse, if that is shorter than its decimals.
fn inverse(value: f64) -> Option<f64> {
    let whole = (1.0 / value).round();
    let is_short = shortest(value).len() <= LONGEST_NUMBER;
    (!is_short && 1.0 / whole == value && whole < 1e6).then_some(whole)
}

fn shortest(value: f64) -> String {
    let text = format!("{value:?}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}
