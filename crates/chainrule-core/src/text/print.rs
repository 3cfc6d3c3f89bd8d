//! Expression to formula text.

use std::borrow::Cow;
use std::f64::consts::E;
use std::fmt;

use super::precedence::{ATOM, COMPARISON, POWER, PRODUCT, SIGN, SUM};
use super::{CONSTANTS, Layout, Piece, primitives, token};
use crate::expr::Expr;
use crate::op::{Along, Binary, Compare, Op, Unary};

impl fmt::Display for Expr {
    /// The formula as a person would write it; [`super::parse`] reads it back.
    ///
    /// A poisoned expression shows its error.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layout = match Layout::new(self) {
            Ok(layout) => layout,
            Err(error) => return write!(f, "{error}"),
        };
        let printer = Printer { layout: &layout };
        for &part in layout.named() {
            if let Some(number) = layout.number(part) {
                write!(f, "{} = {}; ", name_of_part(number), printer.text(part))?;
            }
        }
        f.write_str(&printer.text(layout.root()))
    }
}

fn name_of_part(number: usize) -> String {
    format!("t{number}")
}

/// How an operation is written.
enum Form {
    /// A number or a name.
    Atom(String),
    /// −a
    Minus,
    /// The operator, with its spaces, between two operands.
    Infix(&'static str),
    /// What stands before and after the operands, which commas separate.
    Function(String, String),
}

fn form(op: &Op) -> Form {
    let with = |attributes: String| Form::Function(format!("{}(", op.name()), attributes);
    match op {
        Op::Input { name, .. } => Form::Atom(quoted_if(false, name).into_owned()),
        Op::Const(value) => Form::Atom(number(value.0)),
        Op::Iota { dims, along } => Form::Atom(match along {
            Along::Axis(axis) => format!("iota({}, axis={axis})", list(dims)),
            Along::Rows => "iota(rows)".into(),
        }),
        Op::Uniform { stream, shape } => Form::Atom(format!("uniform(stream={stream}, {shape})")),
        Op::Unary(Unary::Neg) => Form::Minus,
        Op::Binary(Binary::Add) => Form::Infix(" + "),
        Op::Binary(Binary::Sub) => Form::Infix(" - "),
        Op::Binary(Binary::Mul) => Form::Infix("*"),
        Op::Binary(Binary::Div) => Form::Infix("/"),
        Op::Binary(Binary::Pow) => Form::Infix("^"),
        Op::Compare(Compare::Lt) => Form::Infix(" < "),
        Op::Compare(Compare::Le) => Form::Infix(" <= "),
        Op::Compare(Compare::Eq) => Form::Infix(" == "),
        Op::MatMul { transpose_left, transpose_right } => {
            let name = match (transpose_left, transpose_right) {
                (false, false) => "matmul(",
                (true, false) => "matmul_tn(",
                (false, true) => "matmul_nt(",
                (true, true) => "matmul_tt(",
            };
            Form::Function(name.into(), ")".into())
        }
        Op::Reduce(_, along) => with(format!(", axis={along})")),
        Op::Reshape(numbers) | Op::Permute(numbers) => with(format!(", {})", list(numbers))),
        Op::Broadcast(shape) => with(format!(", {shape})")),
        Op::Slice { axis, start, length } => {
            with(format!(", axis={axis}, start={start}, length={length})"))
        }
        Op::Pad { axis, before, after } => {
            with(format!(", axis={axis}, before={before}, after={after})"))
        }
        Op::Concat { axis } => Form::Function("concat([".into(), format!("], axis={axis})")),
        Op::ScatterAdd { length } => with(format!(", length={length})")),
        Op::Cast(precision) => with(format!(", {precision})")),
        Op::Call(name) => {
            let is_primitive = primitives().any(|primitive| primitive == &**name);
            Form::Function(format!("{}(", quoted_if(is_primitive, name)), ")".into())
        }
        Op::Unary(_)
        | Op::Binary(Binary::Max | Binary::Min)
        | Op::Select
        | Op::Gather
        | Op::StopGradient => with(")".into()),
    }
}

/// A name as it stands, or in backticks if it must be or is no plain name.
fn quoted_if(must: bool, name: &str) -> Cow<'_, str> {
    if !must && token::is_plain_name(name) {
        return name.into();
    }
    format!("`{}`", name.replace('`', "``")).into()
}

/// The shortest decimal that reads back to the same number, or its name.
fn number(value: f64) -> String {
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let is_it = |constant: f64| constant == value.abs() || constant.is_nan() && value.is_nan();
    if let Some((name, _)) = CONSTANTS.iter().find(|(_, constant)| is_it(*constant)) {
        return format!("{sign}{name}");
    }
    let text = format!("{value:?}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

fn list(numbers: &[usize]) -> String {
    let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
    format!("[{}]", numbers.join(","))
}

struct Printer<'a> {
    layout: &'a Layout,
}

impl Printer<'_> {
    fn text(&self, position: usize) -> String {
        self.layout.write(position, name_of_part, |part| self.pieces(part))
    }

    fn pieces(&self, position: usize) -> Vec<Piece> {
        let operands = self.layout.operands(position);
        let mut pieces = Vec::new();
        match (form(self.layout.op(position)), operands) {
            (Form::Minus, &[operand]) => {
                pieces.push("-".into());
                self.push_operand(&mut pieces, position, 0, operand);
            }
            // The number stands last: x > 0, which is read as 0 < x.
            (Form::Infix(operator @ (" < " | " <= ")), &[left, right])
                if self.is_number(left) && !self.is_number(right) =>
            {
                self.push_operand(&mut pieces, position, 1, right);
                pieces.push(operator.replace('<', ">").into());
                self.push_operand(&mut pieces, position, 0, left);
            }
            (Form::Infix(operator), &[left, right]) => {
                self.push_operand(&mut pieces, position, 0, left);
                pieces.push(operator.into());
                self.push_operand(&mut pieces, position, 1, right);
            }
            (Form::Atom(text), _) => pieces.push(text.into()),
            (Form::Function(before, after), _) => {
                pieces.push(before.into());
                for (i, &operand) in operands.iter().enumerate() {
                    if i > 0 {
                        pieces.push(", ".into());
                    }
                    pieces.push(Piece::Node(operand));
                }
                pieces.push(after.into());
            }
            // The shape rules give every sign one operand and every operator two.
            (Form::Minus | Form::Infix(_), _) => {}
        }
        pieces
    }

    fn push_operand(&self, pieces: &mut Vec<Piece>, parent: usize, i: usize, operand: usize) {
        if self.needs_parentheses(self.layout.op(parent), i, operand) {
            pieces.extend(["(".into(), Piece::Node(operand), ")".into()]);
        } else {
            pieces.push(Piece::Node(operand));
        }
    }

    /// Whether the operand `i` of a sign or an operator would be read otherwise without them, or
    /// would put a minus after the operator.
    fn needs_parentheses(&self, parent: &Op, i: usize, operand: usize) -> bool {
        let binds = self.precedence(operand);
        match (precedence_of(parent), i) {
            (COMPARISON, _) => binds < SUM,
            (SUM, 0) => binds < SUM,
            (SUM, _) => binds < PRODUCT || self.begins_with_minus(operand),
            (PRODUCT, 0) => binds < PRODUCT,
            (PRODUCT, _) => binds < POWER,
            // Without them the minus would belong to the number.
            (SIGN, _) => binds < POWER || self.is_number(operand),
            // Without them e^x would be exp(x).
            (POWER, 0) => binds < ATOM || self.is_euler(operand),
            (POWER, _) => binds < POWER,
            _ => false,
        }
    }

    fn precedence(&self, position: usize) -> u8 {
        match self.layout.number(position) {
            Some(_) => ATOM,
            None => precedence_of(self.layout.op(position)),
        }
    }

    fn is_number(&self, position: usize) -> bool {
        matches!(self.layout.op(position), Op::Const(_))
    }

    fn is_euler(&self, position: usize) -> bool {
        matches!(self.layout.op(position), Op::Const(value) if value.0 == E)
    }

    fn begins_with_minus(&self, mut position: usize) -> bool {
        loop {
            match self.precedence(position) {
                SIGN => return true,
                PRODUCT => match self.layout.operands(position) {
                    &[left, _] => position = left,
                    _ => return false,
                },
                _ => return false,
            }
        }
    }
}

fn precedence_of(op: &Op) -> u8 {
    match op {
        Op::Const(value) if value.0.is_sign_negative() => SIGN,
        Op::Unary(Unary::Neg) => SIGN,
        Op::Compare(_) => COMPARISON,
        Op::Binary(Binary::Add | Binary::Sub) => SUM,
        Op::Binary(Binary::Mul | Binary::Div) => PRODUCT,
        Op::Binary(Binary::Pow) => POWER,
        Op::Binary(Binary::Max | Binary::Min)
        | Op::Input { .. }
        | Op::Const(_)
        | Op::Iota { .. }
        | Op::Uniform { .. }
        | Op::Unary(_)
        | Op::Select
        | Op::MatMul { .. }
        | Op::Reduce(..)
        | Op::Reshape(_)
        | Op::Permute(_)
        | Op::Broadcast(_)
        | Op::Slice { .. }
        | Op::Pad { .. }
        | Op::Concat { .. }
        | Op::Gather
        | Op::ScatterAdd { .. }
        | Op::Cast(_)
        | Op::StopGradient
        | Op::Call(_) => ATOM,
    }
}

#[cfg(test)]
mod tests {
    use crate::expr::Expr;
    use crate::text::{Scope, parse};

    /// Formulas as they should be printed: each is read and printed unchanged.
    #[test]
    fn formulas_print_with_the_fewest_parentheses() {
        for text in [
            "3*x^2 + 1",
            "a*x^2 + b*x",
            "sigmoid(x)*sigmoid(-x)",
            "a - (b - c)",
            "a - b - c",
            "a + (b + c)",
            "a/(b*c)",
            "a/b/c",
            "a*(b/c)",
            "(a + b)*(a - b)",
            "(a^b)^c",
            "a^b^c",
            "a^(b*c)",
            "a^(-2)",
            "(-a)^2",
            "(-3)^2",
            "-a^2",
            "-(3)",
            "-3",
            "-0",
            "-(-a)",
            "-(-3)",
            "-(a*b)",
            "-a*b",
            "-3*x",
            "2*(-x)",
            "a - (-3)",
            "a + (-b*c)",
            "a < -3",
            "x > 0",
            "0 < 1",
            "(a < b) == (c <= d)",
            "(a == b)*c",
            "where(x > 0, x, 0.01*x)",
            "max(a, b) + min(a, -b)",
            "log(cosh(y - p))",
            "inf - (-inf)",
            "nan*(-nan)",
            "2*pi*r",
            "e + 1",
            "(e)^x",
            "`e`^x + `a b` + `pi`",
            "가격*0.1",
            "1e300 + 1e-7 + 0.0001 + 1e16",
            "123456789012345.67",
        ] {
            let expr = parse(text, &Scope::free()).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(expr.to_string(), text);
        }
    }

    #[test]
    fn a_shared_part_is_named_only_where_the_text_would_be_long() {
        let mut doubled = Expr::variable("x").exp();
        doubled = &doubled * &doubled + &doubled;
        assert_eq!(doubled.to_string(), "exp(x)*exp(x) + exp(x)");
        for _ in 0..100 {
            doubled = &doubled + &doubled;
        }
        let text = doubled.to_string();
        assert!(text.starts_with("t1 = exp(x); t2 = t1*t1 + t1; t3 = t2 + t2; t4 = "), "{text}");
        assert!(text.ends_with("; t101 + t101"), "{text}");
    }

    #[test]
    fn the_names_of_parts_avoid_the_names_of_inputs() {
        let mut doubled = Expr::variable("t1") + Expr::variable("t_2");
        for _ in 0..20 {
            doubled = &doubled + &doubled;
        }
        assert!(doubled.to_string().starts_with("t3 = t1 + t_2; t4 = t3 + t3; "));
    }

    #[test]
    fn a_long_sum_is_written_in_place() {
        let mut sum = Expr::variable("x");
        for _ in 0..10_000 {
            sum = sum + 1.0;
        }
        assert!(sum.to_string().starts_with("x + 1 + 1 + 1"));
    }

    #[test]
    fn a_poisoned_expression_shows_its_error() {
        let wrong = Expr::variable("x").sum(2);
        assert!(wrong.to_string().starts_with("`sum` along axis 2"));
    }
}
