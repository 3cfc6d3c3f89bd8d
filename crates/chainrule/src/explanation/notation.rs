//! Formulas of rows and matrices as people write them, as text and in LaTeX.
//!
//! A matrix product is `a·W`, a product element by element `a ⊙ b`, a transpose `Wᵀ`; Σᵢ sums over
//! the rows of the batch and Σⱼ over the numbers of a row. What only adds or drops dimensions of
//! length 1, or repeats a value, is no mathematics and is not written.

mod arithmetic;
mod cases;
mod places;
mod seen;

use std::collections::BTreeMap;

use chainrule_core::Expr;
use chainrule_core::op::{Along, Binary, Op, Reduction, Unary};

use crate::activations::FUNCTIONS;
use arithmetic::unsigned;
pub(super) use seen::seen;
use seen::{elements, is_transpose};

/// How a value is called, as text and in LaTeX.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// As text: `z1`, `∂L/∂a1`.
    pub text: String,
    /// In LaTeX: `z_{1}`, `\frac{\partial L}{\partial a_{1}}`.
    pub latex: String,
}

/// A formula, as text and in LaTeX.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// As text.
    pub text: String,
    /// In LaTeX.
    pub latex: String,
}

/// The symbols of the inputs of formulas.
#[derive(Clone, Debug, Default)]
pub(super) struct Symbols(BTreeMap<String, Symbol>);

impl Symbols {
    /// Says how the input of a name is called.
    pub(super) fn set(&mut self, name: &str, symbol: Symbol) {
        self.0.insert(name.to_owned(), symbol);
    }

    pub(super) fn of(&self, name: &str) -> Option<&Symbol> {
        self.0.get(name)
    }

    /// Whether something is called so.
    pub(super) fn is_taken(&self, text: &str) -> bool {
        self.0.values().any(|symbol| symbol.text == text)
    }

    /// A formula of inputs with these symbols.
    pub(super) fn write(&self, expr: &Expr) -> Written {
        if let Some(error) = expr.error() {
            let text = error.to_string();
            return Written { text: text.clone(), latex: text };
        }
        if is_long(expr) {
            let latex = chainrule_core::latex::latex(expr).unwrap_or_default();
            return Written { text: expr.to_string(), latex };
        }
        let of = |is_latex| Writer { symbols: self, is_latex }.write(expr).text;
        Written { text: of(false), latex: of(true) }
    }
}

/// The longest formula that is written, in operations; a longer one is listed part by part.
const LONGEST: usize = 300;

/// Whether a formula written out would have too many operations; what it shares counts each time.
fn is_long(expr: &Expr) -> bool {
    let mut left = LONGEST;
    let mut pending = vec![expr];
    while let Some(expr) = pending.pop() {
        let Some(rest) = left.checked_sub(1) else { return true };
        left = rest;
        if let Ok(node) = expr.node() {
            let is_named = matches!(node.op(), Op::Call(_));
            pending.extend(&node.operands()[usize::from(is_named)..]);
        }
    }
    false
}

/// How tightly what is written binds, from the loosest.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Binds {
    Sum,
    /// A minus before what is open.
    OpenSign,
    /// A minus before a product.
    Sign,
    /// A sum sign with what it sums: nothing may follow it without brackets.
    Open,
    Product,
    Power,
    Atom,
}

struct Piece {
    text: String,
    binds: Binds,
}

struct Writer<'a> {
    symbols: &'a Symbols,
    is_latex: bool,
}

impl Writer<'_> {
    /// The text that stands for one thing in the two notations.
    fn either(&self, text: &str, latex: &str) -> String {
        if self.is_latex { latex } else { text }.to_owned()
    }

    fn write(&self, expr: &Expr) -> Piece {
        let expr = seen(expr);
        let Ok(node) = expr.node() else { return atom(String::new()) };
        let operands = node.operands();
        match node.op() {
            Op::Input { name, .. } => atom(self.symbol(name)),
            Op::Const(value) => self.number(value.0),
            Op::Unary(Unary::Neg) | Op::Binary(Binary::Mul | Binary::Div) => self.product(expr),
            Op::Unary(Unary::Exp) if self.is_latex => {
                let text = format!("e^{{{}}}", self.write(&operands[0]).text);
                Piece { text, binds: Binds::Power }
            }
            Op::Unary(Unary::Sqrt) if self.is_latex => {
                atom(format!(r"\sqrt{{{}}}", self.write(&operands[0]).text))
            }
            Op::Unary(Unary::Abs) if self.is_latex => {
                atom(format!(r"\left|{}\right|", self.write(&operands[0]).text))
            }
            Op::Unary(unary) => self.function(unary.name(), operands),
            Op::Binary(Binary::Add | Binary::Sub) => self.sum(expr),
            Op::Binary(Binary::Pow) => {
                let base = self.bracketed(&operands[0], Binds::Atom);
                let exponent = self.write(&operands[1]);
                let text = match (self.is_latex, exponent.binds) {
                    (true, _) => format!("{base}^{{{}}}", exponent.text),
                    (false, Binds::Atom) => format!("{base}^{}", exponent.text),
                    (false, _) => format!("{base}^({})", exponent.text),
                };
                Piece { text, binds: Binds::Power }
            }
            Op::Binary(binary @ (Binary::Max | Binary::Min)) => {
                self.function(binary.name(), operands)
            }
            Op::Compare(_) => self.indicator(expr),
            Op::Select => self.cases(operands),
            Op::MatMul { transpose_left, transpose_right } => {
                let left = self.factor(&operands[0], *transpose_left);
                let right = self.factor(&operands[1], *transpose_right);
                let dot = self.either("·", r"\, ");
                Piece { text: format!("{left}{dot}{right}"), binds: Binds::Product }
            }
            Op::Reduce(Reduction::Sum, along) => {
                let sign = match along {
                    Along::Rows => self.either("Σᵢ ", r"\sum_{i=1}^{m} "),
                    Along::Axis(_) => self.either("Σⱼ ", r"\sum_{j} "),
                };
                let (is_negative, piece) = unsigned(self.write(&operands[0]));
                let is_bare = piece.binds >= Binds::Open;
                let summed = if is_bare { piece.text } else { self.brackets(&piece.text) };
                match is_negative {
                    true => Piece { text: format!("-{sign}{summed}"), binds: Binds::OpenSign },
                    false => Piece { text: format!("{sign}{summed}"), binds: Binds::Open },
                }
            }
            Op::Reduce(reduction, _) => self.function(reduction.name(), operands),
            Op::Permute(axes) if **axes == [1, 0] => {
                Piece { text: self.factor(&operands[0], true), binds: Binds::Power }
            }
            Op::Reshape(_) if is_transpose(&operands[0].shape(), node.shape()) => {
                Piece { text: self.factor(&operands[0], true), binds: Binds::Power }
            }
            Op::Slice { start, length, .. } => {
                let last = start + length - 1;
                let range =
                    if *length == 1 { start.to_string() } else { format!("{start}..{last}") };
                self.element(&operands[0], &range)
            }
            Op::Gather => {
                let index = self.write(&operands[1]).text;
                self.element(&operands[0], &index)
            }
            Op::Pad { before, after, .. } => {
                let zeros = |count: &usize| (*count > 0).then(|| "0".to_owned());
                let parts = [zeros(before), Some(self.write(&operands[0]).text), zeros(after)];
                self.list(parts.into_iter().flatten().collect())
            }
            Op::Concat { .. } => {
                self.list(operands.iter().map(|operand| self.write(operand).text).collect())
            }
            Op::ScatterAdd { .. } => self.scattered(operands),
            Op::Iota { along: Along::Rows, .. } => atom("i".to_owned()),
            Op::Iota { dims, along: Along::Axis(axis) } => {
                atom(if axis + 1 == dims.len() { "j" } else { "k" }.to_owned())
            }
            Op::StopGradient => self.function("constant", operands),
            Op::Call(name) => self.function(name, &operands[1..]),
            Op::Reshape(_) | Op::Permute(_) => self.function(node.op().name(), operands),
            // Broadcast and Cast are never seen.
            Op::Uniform { .. } | Op::Broadcast(_) | Op::Cast(_) => {
                self.function(node.op().name(), operands)
            }
        }
    }

    fn symbol(&self, name: &str) -> String {
        match self.symbols.of(name) {
            Some(symbol) => self.either(&symbol.text, &symbol.latex),
            None => self.either(name, &format!(r"\mathrm{{{name}}}")),
        }
    }

    /// The expression, in brackets unless it binds at least so tightly.
    fn bracketed(&self, expr: &Expr, least: Binds) -> String {
        let piece = self.write(expr);
        if piece.binds >= least { piece.text } else { self.brackets(&piece.text) }
    }

    fn brackets(&self, text: &str) -> String {
        match self.is_latex {
            true => format!(r"\left({text}\right)"),
            false => format!("({text})"),
        }
    }

    /// A factor of a matrix product.
    fn factor(&self, expr: &Expr, is_transposed: bool) -> String {
        let piece = self.write(expr);
        let least = if is_transposed { Binds::Atom } else { Binds::Product };
        let text = if piece.binds >= least { piece.text } else { self.brackets(&piece.text) };
        match is_transposed && elements(expr) > 1 {
            true => format!("{text}{}", self.either("ᵀ", r"^{\top}")),
            false => text,
        }
    }

    fn function(&self, name: &str, arguments: &[Expr]) -> Piece {
        let arguments: Vec<String> = arguments.iter().map(|x| self.write(x).text).collect();
        let name = match self.is_latex {
            true => function_latex(name),
            false => name.to_owned(),
        };
        atom(format!("{name}{}", self.brackets(&arguments.join(", "))))
    }
}

fn atom(text: String) -> Piece {
    Piece { text, binds: Binds::Atom }
}

/// The LaTeX of a function's name; a derivative has a prime.
pub(super) fn function_latex(name: &str) -> String {
    let (base, prime) = match name.strip_suffix('′') {
        Some(base) => (base, "'"),
        None => (name, ""),
    };
    let known = FUNCTIONS.iter().find(|row| row.name == base).and_then(|row| row.latex);
    let latex = match (known, base) {
        (Some(latex), _) => latex.to_owned(),
        (None, "max" | "min" | "log" | "exp" | "sin" | "cos") => format!(r"\{base}"),
        (None, "atan") => r"\arctan".to_owned(),
        (None, "normal_cdf") => r"\Phi".to_owned(),
        (None, _) if base.chars().count() == 1 => base.to_owned(),
        (None, _) => format!(r"\operatorname{{{}}}", base.replace('_', r"\_")),
    };
    format!("{latex}{prime}")
}

#[cfg(test)]
mod tests {
    use chainrule_core::Shape;
    use chainrule_core::derivative::pull_back;

    use super::*;

    fn symbols() -> Symbols {
        let mut symbols = Symbols::default();
        let mut set = |name: &str, text: &str, latex: &str| {
            symbols.set(name, Symbol { text: text.into(), latex: latex.into() });
        };
        set("0.weight", "W1", "W_{1}");
        set("d", "δ1", r"\delta_{1}");
        symbols
    }

    #[track_caller]
    fn check(expr: &Expr, text: &str, latex: &str) {
        let written = symbols().write(expr);
        assert_eq!((written.text.as_str(), written.latex.as_str()), (text, latex));
    }

    #[test]
    fn products_of_matrices_and_their_gradients_have_no_reshapes() {
        let x = Expr::input("x", Shape::rows(&[3]));
        let weight = Expr::input("0.weight", Shape::shared(&[3, 2]));
        let seed = Expr::input("d", Shape::rows(&[2]));
        let product = x.clone().matmul(&weight);
        check(&product, "x·W1", r"\mathrm{x}\, W_{1}");
        let gradients = pull_back(&product, &seed, &[x, weight]).unwrap();
        check(&gradients[0], "δ1·W1ᵀ", r"\delta_{1}\, W_{1}^{\top}");
        let latex = r"\sum_{i=1}^{m} \mathrm{x}^{\top}\, \delta_{1}";
        check(&gradients[1], "Σᵢ xᵀ·δ1", latex);
    }

    #[test]
    fn numbers_and_rows_are_multiplied_with_different_signs() {
        let a = Expr::input("a", Shape::rows(&[3]));
        let b = Expr::input("b", Shape::rows(&[3]));
        let c = Expr::input("c", Shape::rows(&[1]));
        check(&(&a * &b), "a ⊙ b", r"\mathrm{a} \odot \mathrm{b}");
        let latex = r"\mathrm{c} \cdot \left(\mathrm{a} - \mathrm{b}\right)";
        check(&(&c * (&a - &b)), "c·(a - b)", latex);
        let mean = (&a * &b).sum(0) * (1.0 / 3.0);
        let latex = r"\frac{\sum_{j} \mathrm{a} \odot \mathrm{b}}{3}";
        check(&mean, "(Σⱼ a ⊙ b)/3", latex);
        check(&(&a - (&b - 1.0)), "a - (b - 1)", r"\mathrm{a} - \left(\mathrm{b} - 1\right)");
        check(&(&a + (-&b)), "a - b", r"\mathrm{a} - \mathrm{b}");
        check(&(-&a + &b), "b - a", r"\mathrm{b} - \mathrm{a}");
        check(&(&a * (-&b) / &c), "-a ⊙ b/c", r"-\frac{\mathrm{a} \odot \mathrm{b}}{\mathrm{c}}");
        check(&(-(&a + &b)), "-(a + b)", r"-\left(\mathrm{a} + \mathrm{b}\right)");
    }

    #[test]
    fn classes_are_places_in_a_row() {
        let z = Expr::input("z", Shape::rows(&[4]));
        let y = Expr::input("y", Shape::rows(&[1]));
        let class = y.reshape(&[]);
        check(&z.clone().gather(&class), "z[y]", r"\mathrm{z}\left[\mathrm{y}\right]");
        let places = Expr::constant(1.0).broadcast(&Shape::rows(&[]));
        let onehot = class.scatter_add(places, 4);
        let latex = r"\operatorname{onehot}\left(\mathrm{y}\right)";
        check(&onehot, "onehot(y)", latex);
        check(&z.slice(0, 1, 2), "z[1..2]", r"\mathrm{z}\left[1..2\right]");
    }

    #[test]
    fn conditions_stand_in_brackets_or_cases() {
        let x = Expr::input("x", Shape::rows(&[2]));
        let positive = Expr::constant(0.0).less(&x);
        check(&positive, "[x > 0]", r"\left[\mathrm{x} > 0\right]");
        let cases = positive.select(&x, 0.01 * &x);
        let latex = r"\begin{cases} \mathrm{x} & \text{if } \mathrm{x} > 0 \\ 0.01 \cdot \mathrm{x} & \text{otherwise} \end{cases}";
        check(&cases, "where(x > 0, x, 0.01·x)", latex);
    }

    #[test]
    fn numbers_have_few_digits() {
        let x = Expr::variable("x");
        check(&(&x * 0.1), "0.1·x", r"0.1 \cdot \mathrm{x}");
        check(&(&x + 1.0 / 3.0), "x + 1/3", r"\mathrm{x} + \frac{1}{3}");
        check(&(&x + 1e-5), "x + 1e-5", r"\mathrm{x} + 10^{-5}");
        check(&(&x - std::f64::consts::PI), "x - 3.14159", r"\mathrm{x} - 3.14159");
        check(&(&x * -2.5), "-2.5·x", r"-2.5 \cdot \mathrm{x}");
        check(&(&x * (1.0 / 7.0)), "x/7", r"\frac{\mathrm{x}}{7}");
    }
}
