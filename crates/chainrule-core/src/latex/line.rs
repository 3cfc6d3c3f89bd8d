//! How each operation is written.

use std::f64::consts::{E, PI};

use super::{Writer, name};
use crate::op::{Along, Binary, Compare, Op, Precision, Reduction, Unary};
use crate::text::Piece;

/// The text of one node, with its operands as further nodes.
pub(super) fn pieces(writer: &Writer<'_>, position: usize) -> Vec<Piece> {
    let mut line = Line { writer, position, pieces: Vec::new() };
    let op = writer.layout.op(position);
    match op {
        Op::Input { name, shape } => line.text(name::variable(name, shape.is_rows())),
        Op::Const(value) => line.text(number(value.0)),
        Op::Iota { along: Along::Axis(axis), .. } => {
            line.text(format!(r"\operatorname{{iota}}_{{\mathrm{{axis}}\,{axis}}}"))
        }
        Op::Iota { along: Along::Rows, .. } => line.text(r"\operatorname{iota}_{i}"),
        Op::Uniform { stream, .. } => line.text(format!(r"\mathcal{{U}}_{{{stream}}}")),
        Op::Unary(unary) => line.unary(*unary),
        Op::Binary(binary) => line.binary(*binary),
        Op::Compare(_) => line.text(r"\left[").comparison(position).text(r"\right]"),
        Op::Select => line.cases(),
        Op::MatMul { transpose_left, transpose_right } => {
            let mark = |flag: bool| if flag { r"^{\top}" } else { "" };
            line.operand(0).text(mark(*transpose_left)).text(" ");
            line.operand(1).text(mark(*transpose_right))
        }
        Op::Reduce(Reduction::Sum, along) => {
            line.text(match along {
                Along::Rows => r"\sum_{i=1}^{m} ".into(),
                Along::Axis(axis) => format!(r"\sum_{{\mathrm{{axis}}\,{axis}}} "),
            });
            line.operand(0)
        }
        Op::Reduce(reduction, along) => {
            let name = match reduction {
                Reduction::Max => r"\max",
                Reduction::ArgMax => r"\operatorname*{arg\,max}",
                Reduction::Sum | Reduction::LogSumExp => r"\operatorname{logsumexp}",
            };
            line.function(match along {
                Along::Rows => format!(r"{name}_{{1 \le i \le m}}"),
                Along::Axis(axis) => format!(r"{name}_{{\mathrm{{axis}}\,{axis}}}"),
            })
        }
        Op::Permute(axes) if **axes == [1, 0] => line.operand(0).text(r"^{\top}"),
        Op::Permute(axes) => {
            line.function(format!(r"\operatorname{{permute}}_{{{}}}", list(axes, ",")))
        }
        Op::Reshape(dims) => {
            let dims = if dims.is_empty() { "1".into() } else { list(dims, r" \times ") };
            line.function(format!(r"\operatorname{{reshape}}_{{{dims}}}"))
        }
        Op::Broadcast(_) => line.operand(0),
        Op::Slice { axis, start, length } => {
            let positions = format!(r"{start} \dots {}", start + length - 1);
            line.function(format!(
                r"\operatorname{{slice}}_{{\mathrm{{axis}}\,{axis},\;{positions}}}"
            ))
        }
        Op::Pad { axis, before, after } => line.function(format!(
            r"\operatorname{{pad}}_{{\mathrm{{axis}}\,{axis},\;{before},{after}}}"
        )),
        Op::Concat { axis } => {
            line.function(format!(r"\operatorname{{concat}}_{{\mathrm{{axis}}\,{axis}}}"))
        }
        Op::Gather => line.function(r"\operatorname{gather}"),
        Op::ScatterAdd { length } => {
            line.function(format!(r"\operatorname{{scatter}}_{{{length}}}"))
        }
        Op::Cast(Precision::F32) => line.function(r"\operatorname{float32}"),
        Op::Cast(Precision::F64) => line.function(r"\operatorname{float64}"),
        Op::StopGradient => line.function(r"\operatorname{stop\_gradient}"),
        Op::Call(name) => match writer.scope.function(name).and_then(|row| row.latex) {
            Some(latex) => line.function(latex),
            None => line.function(name::function(name)),
        },
    };
    line.pieces
}

/// The pieces of one node as they are put together.
struct Line<'a> {
    writer: &'a Writer<'a>,
    position: usize,
    pieces: Vec<Piece>,
}

impl Line<'_> {
    fn text(&mut self, text: impl Into<Piece>) -> &mut Self {
        self.pieces.push(text.into());
        self
    }

    /// The operand `i`, in brackets if it needs them.
    fn operand(&mut self, i: usize) -> &mut Self {
        let operand = self.writer.operand(self.position, i);
        let op = self.writer.layout.op(self.position);
        if self.writer.needs_brackets(op, i, operand) {
            self.text(r"\left(").bare(i).text(r"\right)")
        } else {
            self.bare(i)
        }
    }

    /// The operand `i` where something else encloses it.
    fn bare(&mut self, i: usize) -> &mut Self {
        let operand = self.writer.operand(self.position, i);
        self.pieces.push(Piece::Node(operand));
        self
    }

    /// A name and all operands in parentheses.
    fn function(&mut self, name: impl Into<Piece>) -> &mut Self {
        self.text(name).text(r"\left(");
        for i in 0..self.writer.layout.operands(self.position).len() {
            if i > 0 {
                self.text(", ");
            }
            self.bare(i);
        }
        self.text(r"\right)")
    }

    fn unary(&mut self, unary: Unary) -> &mut Self {
        match unary {
            Unary::Neg => self.text("-").operand(0),
            Unary::Abs => self.text(r"\left|").bare(0).text(r"\right|"),
            Unary::Sign => self.function(r"\operatorname{sign}"),
            Unary::Exp => self.text("e^{").bare(0).text("}"),
            Unary::Expm1 => self.text("e^{").bare(0).text("} - 1"),
            Unary::Log => self.function(r"\log"),
            Unary::Log1p => self.text(r"\log\left(1").added(0).text(r"\right)"),
            Unary::Sqrt => self.text(r"\sqrt{").bare(0).text("}"),
            Unary::Sin => self.function(r"\sin"),
            Unary::Cos => self.function(r"\cos"),
            Unary::Atan => self.function(r"\arctan"),
            Unary::Tanh => self.function(r"\tanh"),
            Unary::Sigmoid => self.function(r"\sigma"),
            Unary::Softplus => self.function(r"\operatorname{softplus}"),
            Unary::Erf => self.function(r"\operatorname{erf}"),
            Unary::NormalCdf => self.function(r"\Phi"),
            Unary::Floor => self.text(r"\left\lfloor ").bare(0).text(r"\right\rfloor"),
        }
    }

    /// The operand `i` as it is added to what stands before: + x, or −x.
    fn added(&mut self, i: usize) -> &mut Self {
        let operand = self.writer.operand(self.position, i);
        self.text(if self.writer.begins_with_minus(operand) { " " } else { " + " }).bare(i)
    }

    fn binary(&mut self, binary: Binary) -> &mut Self {
        match binary {
            Binary::Add => self.operand(0).added(1),
            Binary::Sub => self.operand(0).text(" - ").operand(1),
            Binary::Mul => {
                let dot = self.writer.dot(self.position);
                self.operand(0).text(dot).operand(1)
            }
            Binary::Div if self.is_logarithm_of_any_base() => {
                let part = |i| self.writer.operand(self.writer.operand(self.position, i), 0);
                let (x, base) = (Piece::Node(part(0)), Piece::Node(part(1)));
                self.pieces.extend([
                    r"\log_{".into(),
                    base,
                    r"}\left(".into(),
                    x,
                    r"\right)".into(),
                ]);
                self
            }
            Binary::Div => self.fraction(),
            Binary::Pow => self.operand(0).text("^{").bare(1).text("}"),
            Binary::Max => self.function(r"\max"),
            Binary::Min => self.function(r"\min"),
        }
    }

    /// A fraction, with the sign of its numerator in front.
    fn fraction(&mut self) -> &mut Self {
        let writer = self.writer;
        let Some((signed, mut products)) = writer.signed(writer.operand(self.position, 0)) else {
            return self.text(r"\frac{").bare(0).text("}{").bare(1).text("}");
        };
        self.text(r"-\frac{");
        let mut line = Line { writer, position: signed, pieces: Vec::new() };
        match writer.layout.op(signed) {
            Op::Const(value) => line.text(number(-value.0)),
            // Alone above the line a sum needs no brackets.
            _ if products.is_empty() => line.bare(0),
            _ => line.operand(0),
        };
        self.pieces.extend(line.pieces);
        while let Some(position) = products.pop() {
            let mut line = Line { writer, position, pieces: Vec::new() };
            line.text(writer.dot(position)).operand(1);
            self.pieces.extend(line.pieces);
        }
        self.text("}{").bare(1).text("}")
    }

    /// Whether this is log(x) / log(a) of a number or a variable a.
    fn is_logarithm_of_any_base(&self) -> bool {
        let (writer, layout) = (self.writer, self.writer.layout);
        let is_log = |operand| {
            matches!(layout.op(operand), Op::Unary(Unary::Log)) && layout.number(operand).is_none()
        };
        let (x, base) = (writer.operand(self.position, 0), writer.operand(self.position, 1));
        is_log(x)
            && is_log(base)
            && matches!(layout.op(writer.operand(base, 0)), Op::Const(_) | Op::Input { .. })
    }

    /// A comparison without brackets around it.
    fn comparison(&mut self, comparison: usize) -> &mut Self {
        let operand = |i| Piece::Node(self.writer.operand(comparison, i));
        let (left, right) = (operand(0), operand(1));
        let is_number = |i| {
            let operand = self.writer.operand(comparison, i);
            matches!(self.writer.layout.op(operand), Op::Const(_))
        };
        // The number stands last: x > 0.
        let is_exchanged = is_number(0) && !is_number(1);
        let sign = match self.writer.layout.op(comparison) {
            Op::Compare(Compare::Lt) if is_exchanged => " > ",
            Op::Compare(Compare::Le) if is_exchanged => r" \ge ",
            Op::Compare(Compare::Lt) => " < ",
            Op::Compare(Compare::Le) => r" \le ",
            _ => " = ",
        };
        let (first, second) = if is_exchanged { (right, left) } else { (left, right) };
        self.pieces.extend([first, sign.into(), second]);
        self
    }

    fn cases(&mut self) -> &mut Self {
        let condition = self.writer.operand(self.position, 0);
        self.text(r"\begin{cases} ").bare(1).text(r" & \text{if } ");
        match (self.writer.layout.op(condition), self.writer.layout.number(condition)) {
            (Op::Compare(_), None) => self.comparison(condition),
            _ => self.bare(0).text(r" \ne 0"),
        };
        self.text(r" \\ ").bare(2).text(r" & \text{otherwise} \end{cases}")
    }
}

/// The shortest decimal of a number, with a power of ten where it has an exponent, or its name.
pub(super) fn number(value: f64) -> String {
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let magnitude = value.abs();
    if magnitude.is_nan() {
        return r"\mathrm{NaN}".into();
    }
    let named = [(f64::INFINITY, r"\infty"), (PI, r"\pi"), (E, "e")];
    if let Some((_, name)) = named.iter().find(|(constant, _)| *constant == magnitude) {
        return format!("{sign}{name}");
    }
    let text = format!("{magnitude:?}");
    match text.split_once('e') {
        Some(("1", exponent)) => format!("{sign}10^{{{exponent}}}"),
        Some((digits, exponent)) => format!(r"{sign}{digits} \cdot 10^{{{exponent}}}"),
        None => format!("{sign}{}", text.strip_suffix(".0").unwrap_or(&text)),
    }
}

fn list(numbers: &[usize], between: &str) -> String {
    let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
    numbers.join(between)
}
