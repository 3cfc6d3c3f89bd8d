//! Formulas as a line of mathematics: italic letters, raised powers, lowered indices.

mod letter;

use chainrule::Expr;
use chainrule::op::{Along, Binary, Compare, Op, Precision, Reduction, Unary};

use crate::output::visible;
use letter::{greek, is_letter};

/// A piece of text of one look.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    pub text: String,
    /// A letter that stands for a number.
    pub italic: bool,
    /// How far it stands above the base line, in sizes of the text.
    pub raise: f64,
    /// Its size, of that of the text.
    pub scale: f64,
}

/// Words and numbers as they are.
pub fn plain(text: &str) -> Vec<Run> {
    let text = visible(text);
    if text.is_empty() {
        Vec::new()
    } else {
        vec![Run { text, italic: false, raise: 0.0, scale: 1.0 }]
    }
}

/// A variable's name: `x`, `x_1`, `beta2`.
pub fn variable(name: &str) -> Vec<Run> {
    let mut writer = Writer::default();
    writer.name(name);
    writer.runs
}

/// A number, a power of ten raised where it has one.
pub fn number(value: f64) -> Vec<Run> {
    let mut writer = Writer::default();
    writer.number(value);
    writer.runs
}

/// A number as digits and a power of ten: 2·10⁵.
pub fn scientific(digits: &str, exponent: &str) -> Vec<Run> {
    let mut writer = Writer::default();
    writer.scientific(digits, exponent);
    writer.runs
}

/// An expression in one line; none where it would be too long to read.
pub fn formula(expr: &Expr) -> Option<Vec<Run>> {
    let mut writer = Writer::default();
    writer.expr(expr, Binds::Condition)?;
    Some(writer.runs)
}

/// The text without its looks.
pub fn text(runs: &[Run]) -> String {
    runs.iter().map(|run| run.text.as_str()).collect()
}

/// More characters than this are no label.
const LONGEST: usize = 120;

/// Nesting that nobody reads, and that a stack need not bear.
const DEEPEST: usize = 200;

/// The size of what is raised, of what it is raised from.
const SMALLER: f64 = 0.7;

/// How far a power is raised and an index lowered, in sizes of what they belong to.
const RAISED: f64 = 0.36;
const LOWERED: f64 = -0.16;

/// How tightly what is written binds, from the loosest.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Binds {
    Condition,
    Sum,
    Sign,
    Product,
    Power,
    Atom,
}

struct Writer {
    runs: Vec<Run>,
    scale: f64,
    raise: f64,
    length: usize,
    depth: usize,
}

impl Default for Writer {
    fn default() -> Self {
        Self { runs: Vec::new(), scale: 1.0, raise: 0.0, length: 0, depth: 0 }
    }
}

impl Writer {
    fn push(&mut self, text: &str, italic: bool) {
        self.length += text.chars().count();
        let (raise, scale) = (self.raise, self.scale);
        match self.runs.last_mut() {
            Some(run) if (run.italic, run.raise, run.scale) == (italic, raise, scale) => {
                run.text.push_str(text);
            }
            _ => self.runs.push(Run { text: text.to_owned(), italic, raise, scale }),
        }
    }

    fn text(&mut self, text: &str) {
        self.push(text, false);
    }

    /// Writes smaller, above or below what stands before.
    fn shifted<T>(&mut self, by: f64, write: impl FnOnce(&mut Self) -> T) -> T {
        let (raise, scale) = (self.raise, self.scale);
        self.raise += by * scale;
        self.scale *= SMALLER;
        let written = write(self);
        (self.raise, self.scale) = (raise, scale);
        written
    }

    /// A name: one letter stands in italics, digits and what follows `_` below it.
    fn name(&mut self, name: &str) {
        let (base, index) = match name.split_once('_') {
            Some((base, index)) if !base.is_empty() && !index.is_empty() => (base, index),
            _ => {
                let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
                match is_letter(letters) {
                    true => name.split_at(letters.len()),
                    false => (name, ""),
                }
            }
        };
        match greek(base) {
            Some(letter) => self.push(letter, true),
            None => self.push(&visible(base), base.chars().count() == 1),
        }
        if !index.is_empty() {
            self.shifted(LOWERED, |writer| {
                let index = visible(index);
                let italic = is_letter(&index);
                writer.push(greek(&index).unwrap_or(&index), italic);
            });
        }
    }

    fn number(&mut self, value: f64) {
        if value.is_sign_negative() && !value.is_nan() {
            self.text("−");
        }
        let size = value.abs();
        let named = [(f64::INFINITY, "∞"), (std::f64::consts::PI, "π"), (std::f64::consts::E, "e")];
        if let Some(&(_, name)) = named.iter().find(|(known, _)| *known == size) {
            return self.push(name, size.is_finite());
        }
        if value.is_nan() {
            return self.text("nan");
        }
        let text = format!("{size:?}");
        match text.split_once('e') {
            None => self.text(text.strip_suffix(".0").unwrap_or(&text)),
            Some((digits, exponent)) => self.scientific(digits, exponent),
        }
    }

    fn scientific(&mut self, digits: &str, exponent: &str) {
        let digits = digits.replace('-', "−");
        match digits.as_str() {
            "1" => {}
            "−1" => self.text("−"),
            _ => {
                self.text(&digits);
                self.text("·");
            }
        }
        self.text("10");
        self.shifted(RAISED, |writer| writer.text(&exponent.replace('-', "−")));
    }

    /// Writes an expression, in parentheses if it binds more loosely than asked.
    fn expr(&mut self, expr: &Expr, least: Binds) -> Option<()> {
        if self.length > LONGEST || self.depth > DEEPEST {
            return None;
        }
        self.depth += 1;
        let is_loose = binds(expr)? < least;
        if is_loose {
            self.text("(");
        }
        self.bare(expr)?;
        if is_loose {
            self.text(")");
        }
        self.depth -= 1;
        (self.length <= LONGEST).then_some(())
    }

    fn bare(&mut self, expr: &Expr) -> Option<()> {
        let node = expr.node().ok()?;
        let operands = node.operands();
        match (node.op(), operands) {
            (Op::Input { name, .. }, _) => self.name(name),
            (Op::Const(value), _) => self.number(value.0),
            (Op::Unary(unary), [x]) => self.unary(*unary, x)?,
            (Op::Binary(binary), [a, b]) => self.binary(*binary, a, b)?,
            (Op::Compare(_), [_, _]) => {
                self.text("[");
                self.condition(expr)?;
                self.text("]");
            }
            (Op::Select, [condition, yes, no]) => {
                self.expr(yes, Binds::Sum)?;
                self.text(" if ");
                self.condition(condition)?;
                self.text(", else ");
                self.expr(no, Binds::Sum)?;
            }
            (Op::Call(name), [_, arguments @ ..]) => self.function(name, arguments)?,
            (Op::Broadcast(_) | Op::StopGradient | Op::Cast(Precision::F64), [x]) => {
                self.bare(x)?
            }
            (
                Op::Iota { along: Along::Axis(_) | Along::Rows, .. }
                | Op::Uniform { .. }
                | Op::MatMul { .. }
                | Op::Reduce(
                    Reduction::Sum | Reduction::Max | Reduction::LogSumExp | Reduction::ArgMax,
                    _,
                )
                | Op::Reshape(_)
                | Op::Permute(_)
                | Op::Slice { .. }
                | Op::Pad { .. }
                | Op::Concat { .. }
                | Op::Gather
                | Op::ScatterAdd { .. }
                | Op::Cast(_)
                | Op::Unary(_)
                | Op::Binary(_)
                | Op::Compare(_)
                | Op::Select
                | Op::Call(_)
                | Op::Broadcast(_)
                | Op::StopGradient,
                _,
            ) => return None,
        }
        Some(())
    }

    fn function(&mut self, name: &str, arguments: &[Expr]) -> Option<()> {
        self.text(&visible(name));
        self.text("(");
        for (i, argument) in arguments.iter().enumerate() {
            if i > 0 {
                self.text(", ");
            }
            self.expr(argument, Binds::Condition)?;
        }
        self.text(")");
        Some(())
    }

    fn unary(&mut self, unary: Unary, x: &Expr) -> Option<()> {
        match unary {
            Unary::Neg => {
                self.text("−");
                self.expr(x, Binds::Product)
            }
            Unary::Abs => {
                self.text("|");
                self.expr(x, Binds::Condition)?;
                self.text("|");
                Some(())
            }
            Unary::Floor => {
                self.text("⌊");
                self.expr(x, Binds::Condition)?;
                self.text("⌋");
                Some(())
            }
            Unary::Exp => self.exponential(x),
            Unary::Expm1 => {
                self.exponential(x)?;
                self.text(" − 1");
                Some(())
            }
            Unary::Log1p => {
                self.text("log(1");
                self.added(x)?;
                self.text(")");
                Some(())
            }
            Unary::Sqrt => {
                self.text("√");
                self.expr(x, Binds::Atom)
            }
            Unary::Sign
            | Unary::Log
            | Unary::Sin
            | Unary::Cos
            | Unary::Atan
            | Unary::Tanh
            | Unary::Sigmoid
            | Unary::Softplus
            | Unary::Erf
            | Unary::NormalCdf => self.function(unary.name(), std::slice::from_ref(x)),
        }
    }

    fn exponential(&mut self, x: &Expr) -> Option<()> {
        self.push("e", true);
        self.shifted(RAISED, |writer| writer.expr(x, Binds::Condition))
    }

    /// What is added to what stands before: ` + x`, or ` − x` of a negative.
    fn added(&mut self, x: &Expr) -> Option<()> {
        let node = x.node().ok()?;
        match (node.op(), node.operands()) {
            (Op::Unary(Unary::Neg), [x]) => {
                self.text(" − ");
                self.expr(x, Binds::Product)
            }
            (Op::Const(value), _) if value.0.is_sign_negative() && !value.0.is_nan() => {
                self.text(" − ");
                self.number(-value.0);
                Some(())
            }
            _ => {
                self.text(" + ");
                self.expr(x, Binds::Sum)
            }
        }
    }

    fn binary(&mut self, binary: Binary, a: &Expr, b: &Expr) -> Option<()> {
        match binary {
            Binary::Add => {
                self.expr(a, Binds::Sum)?;
                self.added(b)
            }
            Binary::Sub => {
                self.expr(a, Binds::Sum)?;
                self.text(" − ");
                self.expr(b, Binds::Product)
            }
            Binary::Mul => {
                self.expr(a, Binds::Sign)?;
                self.text(between(a, b));
                self.expr(b, Binds::Product)
            }
            Binary::Div => match logarithm(a, b) {
                Some((x, base)) => {
                    self.text("log");
                    self.shifted(LOWERED, |writer| writer.expr(base, Binds::Atom))?;
                    self.text("(");
                    self.expr(x, Binds::Condition)?;
                    self.text(")");
                    Some(())
                }
                None => {
                    self.expr(a, Binds::Sign)?;
                    self.text("/");
                    self.expr(b, Binds::Power)
                }
            },
            Binary::Pow => {
                self.expr(a, Binds::Atom)?;
                self.shifted(RAISED, |writer| writer.expr(b, Binds::Condition))
            }
            Binary::Max | Binary::Min => self.function(binary.name(), &[a.clone(), b.clone()]),
        }
    }

    /// A condition as it is said: `x > 0`; of a number, whether it is 0.
    fn condition(&mut self, condition: &Expr) -> Option<()> {
        let node = condition.node().ok()?;
        let (Op::Compare(compare), [a, b]) = (node.op(), node.operands()) else {
            self.expr(condition, Binds::Sum)?;
            self.text(" ≠ 0");
            return Some(());
        };
        // The number stands last: x > 0.
        let is_exchanged = a.as_const().is_some() && b.as_const().is_none();
        let (first, second) = if is_exchanged { (b, a) } else { (a, b) };
        self.expr(first, Binds::Sum)?;
        self.text(match (compare, is_exchanged) {
            (Compare::Lt, false) => " < ",
            (Compare::Lt, true) => " > ",
            (Compare::Le, false) => " ≤ ",
            (Compare::Le, true) => " ≥ ",
            (Compare::Eq, _) => " = ",
        });
        self.expr(second, Binds::Sum)
    }
}

fn binds(expr: &Expr) -> Option<Binds> {
    let node = expr.node().ok()?;
    Some(match node.op() {
        Op::Select => Binds::Condition,
        Op::Binary(Binary::Add | Binary::Sub) | Op::Unary(Unary::Expm1) => Binds::Sum,
        Op::Unary(Unary::Neg) => Binds::Sign,
        Op::Const(value) if value.0.is_sign_negative() => Binds::Sign,
        Op::Const(value) if format!("{:?}", value.0).contains('e') => Binds::Product,
        Op::Binary(Binary::Div) => match node.operands() {
            [a, b] if logarithm(a, b).is_some() => Binds::Atom,
            _ => Binds::Product,
        },
        Op::Binary(Binary::Mul) => Binds::Product,
        Op::Binary(Binary::Pow) | Op::Unary(Unary::Exp | Unary::Sqrt) => Binds::Power,
        Op::Broadcast(_) | Op::StopGradient => binds(node.operands().first()?)?,
        Op::Input { .. }
        | Op::Const(_)
        | Op::Iota { .. }
        | Op::Uniform { .. }
        | Op::Unary(_)
        | Op::Binary(Binary::Max | Binary::Min)
        | Op::Compare(_)
        | Op::MatMul { .. }
        | Op::Reduce(..)
        | Op::Reshape(_)
        | Op::Permute(_)
        | Op::Slice { .. }
        | Op::Pad { .. }
        | Op::Concat { .. }
        | Op::Gather
        | Op::ScatterAdd { .. }
        | Op::Cast(_)
        | Op::Call(_) => Binds::Atom,
    })
}

/// x and a of log(x) / log(a), where a is a number or a letter.
fn logarithm<'a>(a: &'a Expr, b: &'a Expr) -> Option<(&'a Expr, &'a Expr)> {
    let inside = |expr: &'a Expr| {
        let node = expr.node().ok()?;
        matches!(node.op(), Op::Unary(Unary::Log)).then(|| node.operands().first())?
    };
    let (x, base) = (inside(a)?, inside(b)?);
    matches!(base.node().ok()?.op(), Op::Const(_) | Op::Input { .. }).then_some((x, base))
}

/// What stands between two factors: nothing between letters, a dot before a number.
fn between(a: &Expr, b: &Expr) -> &'static str {
    let (before, after) = (ending(a), beginning(b));
    match (before, after) {
        (_, Mark::Number) => "·",
        (Mark::Number | Mark::Letter, Mark::Letter) => "",
        (Mark::Number | Mark::Letter, Mark::Bracket) => "",
        _ => " ",
    }
}

/// What a factor begins or ends with.
#[derive(Clone, Copy)]
enum Mark {
    Number,
    Letter,
    Bracket,
    Word,
}

fn beginning(expr: &Expr) -> Mark {
    let Ok(node) = expr.node() else { return Mark::Word };
    match (node.op(), node.operands()) {
        (Op::Const(value), _) => number_or_letter(value.0),
        (Op::Input { name, .. }, _) => letter_or_word(name),
        (Op::Unary(Unary::Exp), _) => Mark::Letter,
        (Op::Binary(Binary::Add | Binary::Sub), _) | (Op::Select, _) => Mark::Bracket,
        (Op::Binary(Binary::Div), [a, b]) if logarithm(a, b).is_none() => match beginning(a) {
            // 2 x/3 would be read as (2 x)/3, which it is; 2 1/3 as a number.
            Mark::Number => Mark::Number,
            _ => Mark::Word,
        },
        (Op::Binary(Binary::Mul | Binary::Pow), [a, _]) => match binds(a) {
            Some(Binds::Condition | Binds::Sum) => Mark::Bracket,
            _ => beginning(a),
        },
        _ => Mark::Word,
    }
}

fn ending(expr: &Expr) -> Mark {
    let Ok(node) = expr.node() else { return Mark::Word };
    match (node.op(), node.operands()) {
        (Op::Const(value), _) => number_or_letter(value.0),
        (Op::Input { name, .. }, _) => letter_or_word(name),
        (Op::Unary(Unary::Exp), _) | (Op::Binary(Binary::Pow), _) => Mark::Word,
        (Op::Binary(Binary::Add | Binary::Sub), _) | (Op::Select, _) => Mark::Bracket,
        (Op::Binary(Binary::Mul), [_, b]) => ending(b),
        (Op::Unary(Unary::Neg), [x]) => ending(x),
        _ => Mark::Word,
    }
}

fn number_or_letter(value: f64) -> Mark {
    let is_letter = [std::f64::consts::PI, std::f64::consts::E].contains(&value);
    if is_letter { Mark::Letter } else { Mark::Number }
}

fn letter_or_word(name: &str) -> Mark {
    let base = name.split('_').next().unwrap_or_default();
    let base = base.trim_end_matches(|c: char| c.is_ascii_digit());
    if is_letter(base) { Mark::Letter } else { Mark::Word }
}

#[cfg(test)]
mod tests {
    use chainrule::calculus::Function;

    use super::*;

    fn read(text: &str) -> Expr {
        Function::read(text).unwrap_or_else(|error| panic!("{text}: {error}")).expr().clone()
    }

    /// The runs with `^{…}` around what is raised and `_{…}` around what is lowered.
    fn marked(text: &str) -> String {
        let runs = formula(&read(text)).unwrap();
        let mark = |run: &Run| match run.raise {
            raise if raise > 0.0 => format!("^{{{}}}", run.text),
            raise if raise < 0.0 => format!("_{{{}}}", run.text),
            _ => run.text.clone(),
        };
        let marked: String = runs.iter().map(mark).collect();
        marked.replace("}^{", "").replace("}_{", "")
    }

    #[test]
    fn formulas_are_written_as_in_a_textbook() {
        for (text, expected) in [
            ("a*x^2 + b*x", "ax^{2} + bx"),
            ("2*a*x + b", "2ax + b"),
            ("x^2*sin(x)", "x^{2} sin(x)"),
            ("-x^2", "−x^{2}"),
            ("x + -2*y", "x + −2y"),
            ("x + (-2)", "x − 2"),
            ("a - (b - c)", "a − (b − c)"),
            ("(a + b)*(a - b)", "(a + b) (a − b)"),
            ("2*(x - 1)^2", "2(x − 1)^{2}"),
            ("1/(1 + exp(-x))", "1/(1 + e^{−x})"),
            ("x/(2*y)", "x/(2y)"),
            ("2*3*x", "2·3x"),
            ("log_2(x) + log_a(x)", "log_{2}(x) + log_{a}(x)"),
            ("log1p(exp(x))", "log(1 + e^{x})"),
            ("abs(x) + floor(x)", "|x| + ⌊x⌋"),
            ("sqrt(x^2 + 1)", "√(x^{2} + 1)"),
            ("where(x > 0, x, 0.01*x)", "x if x > 0, else 0.01x"),
            ("2*where(x <= y, 1, 0)", "2(1 if x ≤ y, else 0)"),
            ("(x > 0)*x", "[x > 0] x"),
            ("x^y^z", "x^{yz}"),
            ("alpha*beta1*w_max", "αβ_{1}w_{max}"),
            ("price*0.1", "price·0.1"),
            ("1.5e-7*x", "1.5·10^{−7}x"),
            ("2*pi*r", "2πr"),
            ("cosh(y - p)", "cosh(y − p)"),
        ] {
            assert_eq!(marked(text), expected, "{text}");
        }
    }

    #[test]
    fn what_nobody_would_read_is_no_label() {
        let long = vec!["x"; 200].join(" + ");
        assert_eq!(formula(&read(&long)), None);
        let mut doubled = Expr::variable("x");
        for _ in 0..200 {
            doubled = &doubled * &doubled;
        }
        assert_eq!(formula(&doubled), None);
        assert_eq!(formula(&read("sum(iota([3], axis=0), axis=0)")), None);
    }

    #[test]
    fn letters_are_italic_and_words_are_not() {
        let looks =
            |name: &str| -> Vec<bool> { variable(name).iter().map(|run| run.italic).collect() };
        assert_eq!(looks("x"), [true]);
        assert_eq!(looks("price"), [false]);
        assert_eq!(looks("x_1"), [true, false]);
        assert_eq!(text(&variable("`\u{1b}")), "`\\u{1b}");
    }
}
