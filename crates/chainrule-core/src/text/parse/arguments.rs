//! The arguments of functions, and the attributes of tensor operations.

use std::ops::RangeInclusive;

use super::{Parser, Read, Stop};
use crate::error::FormulaProblem;
use crate::expr::Expr;
use crate::function::FunctionRow;
use crate::op::{Along, Arity, Binary, Compare, Op, Precision, Reduction, Unary};
use crate::shape::{Kind, MAX_ELEMENTS, Shape};
use crate::text::precedence::COMPARISON;
use crate::text::token::Token;

impl Parser<'_> {
    /// Expressions between commas, up to a closing bracket or the first attribute.
    fn arguments(&mut self, closing: &str) -> Read<Vec<Expr>> {
        let mut arguments = Vec::new();
        if self.is(closing) {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.nested(COMPARISON)?);
            if self.is(closing) {
                return Ok(arguments);
            }
            self.expect(",", "an operator, a comma or the closing bracket")?;
            if self.is_attribute() {
                return Ok(arguments);
            }
        }
    }

    /// A function of the scope at its first argument.
    pub(super) fn call(&mut self, row: &FunctionRow, position: usize) -> Read<Expr> {
        let arguments = self.arguments(")")?;
        let (least, most) = row.argument_counts();
        check_count(row.name, least..=most, arguments.len(), position)?;
        self.close()?;
        Ok(match self.scope.is_spelled {
            true => row.spelled(&arguments),
            false => row.call(&arguments),
        })
    }

    /// A primitive at its first argument.
    pub(super) fn primitive(&mut self, name: &str, position: usize) -> Read<Expr> {
        let expr = match name {
            "iota" => self.iota()?,
            "uniform" => {
                let [stream] = self.numbers(["`stream=`"])?;
                let Ok(stream) = u32::try_from(stream) else {
                    return Err(Stop(position, FormulaProblem::Expected("a stream below 2^32")));
                };
                self.comma()?;
                Expr::uniform(stream, self.shape()?)
            }
            "concat" => {
                self.expect("[", "`[` before the operands")?;
                let operands = self.arguments("]")?;
                self.expect("]", "`]` after the operands")?;
                self.comma()?;
                let [axis] = self.numbers(["`axis=`"])?;
                Expr::concat(&operands, axis)
            }
            "reshape" | "permute" | "broadcast" | "cast" => {
                let operand = self.nested(COMPARISON)?;
                self.comma()?;
                match name {
                    "reshape" => operand.reshape(&self.list()?),
                    "permute" => operand.permute(&self.list()?),
                    "broadcast" => operand.broadcast(&self.shape()?),
                    _ => operand.cast(self.precision()?),
                }
            }
            _ => self.operation(name, position)?,
        };
        self.close()?;
        Ok(expr)
    }

    /// A primitive whose attributes, if it has any, all have names.
    fn operation(&mut self, name: &str, position: usize) -> Read<Expr> {
        let operands = self.arguments(")")?;
        let reduction = Reduction::ALL.into_iter().find(|reduction| reduction.name() == name);
        let op = match (name, reduction, without_attributes(name)) {
            ("slice", ..) => {
                let [axis, start, length] = self.numbers(["`axis=`", "`start=`", "`length=`"])?;
                Op::Slice { axis, start, length }
            }
            ("pad", ..) => {
                let [axis, before, after] = self.numbers(["`axis=`", "`before=`", "`after=`"])?;
                Op::Pad { axis, before, after }
            }
            ("scatter_add", ..) => {
                let [length] = self.numbers(["`length=`"])?;
                Op::ScatterAdd { length }
            }
            (_, Some(reduction), None) => Op::Reduce(reduction, self.along()?),
            (_, Some(reduction), Some(_)) if self.is_attribute() => {
                Op::Reduce(reduction, self.along()?)
            }
            (_, _, Some(op)) => op,
            (_, None, None) => return Err(self.unknown_function(name, position)),
        };
        if let Arity::Exactly(count) = op.arity() {
            check_count(name, count..=count, operands.len(), position)?;
        }
        Ok(match operands.as_slice() {
            // This one knows that a rank-1 operand is a row or a column.
            [left, right] if name == "matmul" => left.clone().matmul(right),
            operands => Expr::new(op, operands),
        })
    }

    fn iota(&mut self) -> Read<Expr> {
        if *self.token() == Token::Name("rows") {
            self.advance();
            return Ok(Expr::row_number());
        }
        let dims = self.list()?;
        self.comma()?;
        let [axis] = self.numbers(["`axis=`"])?;
        Ok(Expr::iota(&dims, axis))
    }

    // ----- attributes

    fn comma(&mut self) -> Read<()> {
        self.expect(",", "an operator, or a comma and what follows it")
    }

    fn close(&mut self) -> Read<()> {
        self.expect(")", "`)`")
    }

    fn is_attribute(&self) -> bool {
        matches!((self.token(), self.token_after()), (Token::Name(_), Token::Symbol("=")))
    }

    /// The name of an attribute and its `=`, given as an error would show them.
    fn attribute(&mut self, what: &'static str) -> Read<()> {
        let is_it = *self.token() == Token::Name(what.trim_matches(['`', '=']));
        if !is_it || !self.is_attribute() {
            return Err(self.expected(what));
        }
        self.advance();
        self.advance();
        Ok(())
    }

    /// Attributes that are whole numbers, with commas between them.
    fn numbers<const COUNT: usize>(
        &mut self,
        names: [&'static str; COUNT],
    ) -> Read<[usize; COUNT]> {
        let mut numbers = [0; COUNT];
        for (i, (number, name)) in numbers.iter_mut().zip(names).enumerate() {
            if i > 0 {
                self.expect(",", "a comma and the next attribute")?;
            }
            self.attribute(name)?;
            *number = self.number()?;
        }
        Ok(numbers)
    }

    fn along(&mut self) -> Read<Along> {
        self.attribute("`axis=`")?;
        if *self.token() == Token::Name("rows") {
            self.advance();
            return Ok(Along::Rows);
        }
        Ok(Along::Axis(self.number()?))
    }

    fn number(&mut self) -> Read<usize> {
        match *self.token() {
            Token::Number(value) if value <= MAX_ELEMENTS as f64 && value.fract() == 0.0 => {
                self.advance();
                Ok(value as usize)
            }
            _ => Err(self.expected("a whole number")),
        }
    }

    fn list(&mut self) -> Read<Vec<usize>> {
        self.expect("[", "`[` before a list of numbers")?;
        let mut numbers = Vec::new();
        while !self.take("]") {
            if !numbers.is_empty() {
                self.expect(",", "a comma or `]`")?;
            }
            numbers.push(self.number()?);
        }
        Ok(numbers)
    }

    fn shape(&mut self) -> Read<Shape> {
        let kind = match *self.token() {
            Token::Name("rows") => Kind::Rows,
            Token::Name("shared") => Kind::Shared,
            _ => return Err(self.expected("`rows[` or `shared[`")),
        };
        self.advance();
        Ok(Shape { kind, dims: self.list()?.into() })
    }

    fn precision(&mut self) -> Read<Precision> {
        let precision = match *self.token() {
            Token::Name("f32") => Precision::F32,
            Token::Name("f64") => Precision::F64,
            _ => return Err(self.expected("`f32` or `f64`")),
        };
        self.advance();
        Ok(precision)
    }
}

/// The primitive of a name whose operands are all that it takes.
fn without_attributes(name: &str) -> Option<Op> {
    let unary = Unary::ALL.into_iter().find(|unary| unary.name() == name);
    let binary = Binary::ALL.into_iter().find(|binary| binary.name() == name);
    let compare = Compare::ALL.into_iter().find(|compare| compare.name() == name);
    let product = |transpose_left, transpose_right| Op::MatMul { transpose_left, transpose_right };
    (unary.map(Op::Unary)).or(binary.map(Op::Binary)).or(compare.map(Op::Compare)).or(match name {
        "ln" => Some(Op::Unary(Unary::Log)),
        "where" => Some(Op::Select),
        "matmul" => Some(product(false, false)),
        "matmul_tn" => Some(product(true, false)),
        "matmul_nt" => Some(product(false, true)),
        "matmul_tt" => Some(product(true, true)),
        "gather" => Some(Op::Gather),
        "stop_gradient" => Some(Op::StopGradient),
        _ => None,
    })
}

fn check_count(
    name: &str,
    expected: RangeInclusive<usize>,
    found: usize,
    position: usize,
) -> Read<()> {
    if expected.contains(&found) {
        return Ok(());
    }
    let (least, most) = (expected.start(), expected.end());
    let expected = if least == most { most.to_string() } else { format!("{least} to {most}") };
    Err(Stop(position, FormulaProblem::ArgumentCount { name: name.into(), expected, found }))
}
