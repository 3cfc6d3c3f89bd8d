//! Expression to LaTeX, for print: AMS mathematics, as MathJax and KaTeX read it too.
//!
//! What an expression means is written as a textbook would, not how it is computed: products by
//! juxtaposition, quotients as fractions, `where` as cases; a comparison that counts as 0 or 1
//! stands in brackets (Iverson's); a broadcast is not written. A per-row input has the index i,
//! and a sum over the rows is Σ from i = 1 to m.

mod line;
mod name;

use crate::error::Error;
use crate::expr::Expr;
use crate::op::{Binary, Op, Reduction, Unary};
use crate::text::{Layout, Scope};

/// The LaTeX of an expression, with every named function as `\operatorname{name}`.
///
/// Large expressions with shared parts, and deep ones, are written with names for their parts.
///
/// # Errors
/// The error that poisoned the expression, or one name declared with two shapes.
///
/// ```
/// use chainrule_core::{latex::latex, text::{Scope, parse}};
/// let formula = parse("2*a*x^2/(1 + exp(-x))", &Scope::free()).unwrap();
/// assert_eq!(latex(&formula).unwrap(), r"\frac{2 a x^{2}}{1 + e^{-x}}");
/// ```
pub fn latex(expr: &Expr) -> Result<String, Error> {
    latex_in(expr, &Scope::free())
}

/// The LaTeX of an expression whose named functions have the LaTeX names of a scope.
///
/// # Errors
/// Those of [`latex`].
pub fn latex_in(expr: &Expr, scope: &Scope) -> Result<String, Error> {
    let layout = Layout::new(expr)?;
    let writer = Writer::new(&layout, scope);
    let mut text = writer.text(layout.root());
    for (i, &part) in layout.named().iter().enumerate() {
        if let Some(number) = layout.number(part) {
            let before = if i == 0 { r" \quad \text{where} \quad " } else { r", \quad " };
            text.push_str(&format!("{before}{} = {}", name_of_part(number), writer.text(part)));
        }
    }
    Ok(text)
}

fn name_of_part(number: usize) -> String {
    format!("t_{{{number}}}")
}

/// How tightly what is written binds, from the loosest.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Binds {
    Sum,
    Sign,
    Product,
    Power,
    Atom,
}

struct Writer<'a> {
    layout: &'a Layout,
    scope: &'a Scope,
    /// What stands at the left end of each node, outside of any brackets.
    first: Vec<usize>,
    /// What stands at the right end of each node, outside of any brackets.
    last: Vec<usize>,
}

impl<'a> Writer<'a> {
    fn new(layout: &'a Layout, scope: &'a Scope) -> Self {
        let mut writer = Self { layout, scope, first: Vec::new(), last: Vec::new() };
        for position in 0..=layout.root() {
            let op = layout.op(position);
            let bare = |i: usize| {
                let operand = writer.operand(position, i);
                let is_part = layout.number(operand).is_some();
                (!is_part && !writer.needs_brackets(op, i, operand)).then_some(operand)
            };
            let (first, last) = match op {
                Op::Binary(Binary::Add | Binary::Sub | Binary::Mul) | Op::MatMul { .. } => {
                    (bare(0), bare(1))
                }
                Op::Binary(Binary::Pow) => (bare(0), None),
                Op::Binary(Binary::Div) => {
                    (writer.signed(writer.operand(position, 0)).map(|(signed, _)| signed), None)
                }
                Op::Unary(Unary::Neg) => (None, bare(0)),
                _ => (None, None),
            };
            let first = first.map_or(position, |operand| writer.first[operand]);
            let last = last.map_or(position, |operand| writer.last[operand]);
            writer.first.push(first);
            writer.last.push(last);
        }
        writer
    }

    fn text(&self, position: usize) -> String {
        self.layout.write(position, name_of_part, |part| line::pieces(self, part))
    }

    /// The operand `i` that is written: a broadcast stands for what it repeats.
    fn operand(&self, position: usize, i: usize) -> usize {
        let mut operand = self.layout.operands(position)[i];
        while let (Op::Broadcast(_), None) = (self.layout.op(operand), self.layout.number(operand))
        {
            operand = self.layout.operands(operand)[0];
        }
        operand
    }

    /// The operation at the left end of a node; none of a part that has a name.
    fn first_op(&self, position: usize) -> Option<&Op> {
        match self.layout.number(position) {
            Some(_) => None,
            None => Some(self.layout.op(self.first[position])),
        }
    }

    /// The operation at the right end of a node; none of a part that has a name.
    fn last_op(&self, position: usize) -> Option<&Op> {
        match self.layout.number(position) {
            Some(_) => None,
            None => Some(self.layout.op(self.last[position])),
        }
    }

    /// The negative first factor of a product, and the products from the whole down to it.
    fn signed(&self, product: usize) -> Option<(usize, Vec<usize>)> {
        let (mut first, mut products) = (product, Vec::new());
        loop {
            match self.layout.op(first) {
                _ if self.layout.number(first).is_some() => return None,
                Op::Binary(Binary::Mul) => {
                    products.push(first);
                    let left = self.operand(first, 0);
                    if self.needs_brackets(self.layout.op(first), 0, left) {
                        return None;
                    }
                    first = left;
                }
                Op::Unary(Unary::Neg) => return Some((first, products)),
                Op::Const(value) if value.0.is_sign_negative() => return Some((first, products)),
                _ => return None,
            }
        }
    }

    fn begins_with_minus(&self, position: usize) -> bool {
        match self.first_op(position) {
            Some(Op::Unary(Unary::Neg)) => true,
            Some(Op::Const(value)) => value.0.is_sign_negative(),
            _ => false,
        }
    }

    fn binds(&self, position: usize) -> Binds {
        match self.layout.number(position) {
            Some(_) => Binds::Atom,
            None => binds(self.layout.op(position)),
        }
    }

    /// Whether the operand `i` would be read otherwise without brackets.
    fn needs_brackets(&self, op: &Op, i: usize, operand: usize) -> bool {
        let binds = self.binds(operand);
        let is_transposed = match op {
            Op::MatMul { transpose_left, transpose_right } => {
                [*transpose_left, *transpose_right][i]
            }
            Op::Permute(axes) => **axes == [1, 0],
            _ => false,
        };
        if is_transposed {
            return binds < Binds::Atom;
        }
        let is_open_sum = matches!(self.last_op(operand), Some(Op::Reduce(Reduction::Sum, _)));
        match (op, i) {
            (Op::Binary(Binary::Pow), 0) => binds < Binds::Atom,
            (Op::Binary(Binary::Sub), 1) => binds == Binds::Sum || self.begins_with_minus(operand),
            (Op::Binary(Binary::Mul) | Op::MatMul { .. }, 0) => binds < Binds::Sign || is_open_sum,
            (Op::Binary(Binary::Mul) | Op::MatMul { .. }, _) => {
                binds < Binds::Product || self.begins_with_minus(operand)
            }
            (Op::Unary(Unary::Neg), _) => binds < Binds::Product || self.begins_with_minus(operand),
            (Op::Reduce(Reduction::Sum, _), _) => binds < Binds::Product,
            _ => false,
        }
    }

    /// What stands between the two factors of a product.
    fn dot(&self, product: usize) -> &'static str {
        if self.needs_dot(product) { r" \cdot " } else { " " }
    }

    /// Whether two factors side by side would be read as one number or one word.
    fn needs_dot(&self, product: usize) -> bool {
        let (left, right) = (self.operand(product, 0), self.operand(product, 1));
        let is_open = |i, operand| !self.needs_brackets(self.layout.op(product), i, operand);
        let before = self.last_op(left).filter(|_| is_open(0, left));
        let after = self.first_op(right).filter(|_| is_open(1, right));
        let is_word = |op: Option<&Op>| match op {
            Some(Op::Input { name, .. }) => name::is_word(name),
            _ => false,
        };
        let is_number = |op: Option<&Op>| match op {
            Some(Op::Const(value)) => {
                line::number(value.0).starts_with(|c: char| c.is_ascii_digit())
            }
            _ => false,
        };
        let is_mixed_number = is_number(before) && matches!(after, Some(Op::Binary(Binary::Div)));
        is_number(after) || is_word(before) || is_word(after) || is_mixed_number
    }
}

fn binds(op: &Op) -> Binds {
    match op {
        Op::Binary(Binary::Add | Binary::Sub) | Op::Unary(Unary::Expm1) => Binds::Sum,
        Op::Const(value) if value.0.is_sign_negative() => Binds::Sign,
        Op::Unary(Unary::Neg) => Binds::Sign,
        Op::Const(value) if line::number(value.0).contains('^') => Binds::Product,
        Op::Binary(Binary::Mul | Binary::Div)
        | Op::MatMul { .. }
        | Op::Select
        | Op::Reduce(Reduction::Sum, _) => Binds::Product,
        Op::Binary(Binary::Pow) | Op::Unary(Unary::Exp) => Binds::Power,
        Op::Permute(axes) if **axes == [1, 0] => Binds::Power,
        Op::Input { .. }
        | Op::Const(_)
        | Op::Iota { .. }
        | Op::Uniform { .. }
        | Op::Unary(_)
        | Op::Binary(Binary::Max | Binary::Min)
        | Op::Compare(_)
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
        | Op::Call(_) => Binds::Atom,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::FunctionRow;
    use crate::shape::Shape;
    use crate::text::parse;
    use crate::words::Words;

    #[test]
    fn formulas_are_written_as_in_a_textbook() {
        for (text, expected) in [
            ("3*x^2 + 1", r"3 x^{2} + 1"),
            ("a*x^2 + b*x", r"a x^{2} + b x"),
            ("-(a*b)", r"-a b"),
            ("(a + b)*(c - d)", r"\left(a + b\right) \left(c - d\right)"),
            ("a - (b - c)", r"a - \left(b - c\right)"),
            ("a + (b - c)", r"a + b - c"),
            ("a + (-b)", r"a -b"),
            ("a - (-b)", r"a - \left(-b\right)"),
            ("a*(-b)", r"a \left(-b\right)"),
            ("2*3*x", r"2 \cdot 3 x"),
            ("x*2", r"x \cdot 2"),
            ("2*(1/2)", r"2 \cdot \frac{1}{2}"),
            ("2^x*3^y", r"2^{x} \cdot 3^{y}"),
            ("1/(1 + exp(-x))", r"\frac{1}{1 + e^{-x}}"),
            ("(a/b)^2", r"\left(\frac{a}{b}\right)^{2}"),
            ("-a*b/c", r"-\frac{a b}{c}"),
            ("-2*3/c", r"-\frac{2 \cdot 3}{c}"),
            ("-(a + b)/c", r"-\frac{a + b}{c}"),
            ("-(a + b)*c/2", r"-\frac{\left(a + b\right) c}{2}"),
            ("(-a + b)/c", r"\frac{-a + b}{c}"),
            ("(-a)/b + (-1)/x", r"-\frac{a}{b} -\frac{1}{x}"),
            ("x - (-a)/b", r"x - \left(-\frac{a}{b}\right)"),
            ("x*((-a)/b)", r"x \left(-\frac{a}{b}\right)"),
            ("-((-a)/b)", r"-\left(-\frac{a}{b}\right)"),
            ("a*(1 - b)*c", r"a \left(1 - b\right) c"),
            ("exp(x)^2", r"\left(e^{x}\right)^{2}"),
            ("(x^y)^z", r"\left(x^{y}\right)^{z}"),
            ("x^y^z", r"x^{y^{z}}"),
            ("sqrt(x^2 + 1)", r"\sqrt{x^{2} + 1}"),
            ("log_2(x)", r"\log_{2}\left(x\right)"),
            ("log_a(x + 1)", r"\log_{a}\left(x + 1\right)"),
            ("log(x)/log(a + b)", r"\frac{\log\left(x\right)}{\log\left(a + b\right)}"),
            ("sigmoid(x)*sigmoid(-x)", r"\sigma\left(x\right) \sigma\left(-x\right)"),
            ("abs(x) + sign(x)", r"\left|x\right| + \operatorname{sign}\left(x\right)"),
            ("floor(x)/2", r"\frac{\left\lfloor x\right\rfloor}{2}"),
            ("expm1(x)*x", r"\left(e^{x} - 1\right) x"),
            ("log1p(-x)", r"\log\left(1 -x\right)"),
            ("log1p(a + b)", r"\log\left(1 + a + b\right)"),
            ("atan(x)*erf(x)", r"\arctan\left(x\right) \operatorname{erf}\left(x\right)"),
            ("max(0, x)", r"\max\left(0, x\right)"),
            ("cosh(x)", r"\cosh\left(x\right)"),
            (
                "where(x > 0, x, 0.01*x)",
                r"\begin{cases} x & \text{if } x > 0 \\ 0.01 x & \text{otherwise} \end{cases}",
            ),
            (
                "where(x, 1, 2)",
                r"\begin{cases} 1 & \text{if } x \ne 0 \\ 2 & \text{otherwise} \end{cases}",
            ),
            ("(x <= y)*z", r"\left[x \le y\right] z"),
            ("2*pi*r - e", r"2 \pi r - e"),
            ("1.5e-7*x", r"1.5 \cdot 10^{-7} x"),
            ("(1e21)^2", r"\left(10^{21}\right)^{2}"),
            ("-inf + nan", r"-\infty + \mathrm{NaN}"),
            ("alpha*beta1 + λ", r"\alpha \beta_{1} + \lambda"),
            ("w_1*w2 + x_max", r"w_{1} w_{2} + x_{\mathrm{max}}"),
            ("price*tax_rate", r"\mathrm{price} \cdot \mathrm{tax}_{\mathrm{rate}}"),
            ("_x + layer1", r"\mathrm{\_x} + \mathrm{layer1}"),
            ("가격*2", r"\text{가격} \cdot 2"),
            ("`a{b}\\$%`", r"\text{a\{b\}\textbackslash{}\$\%}"),
            ("`}^~&#<`", r"\text{\}\textasciicircum{}\textasciitilde{}\&\#\textless{}}"),
        ] {
            let expr = parse(text, &Scope::free()).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(latex(&expr).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn tensors_have_sums_indices_and_transposes() {
        let scope = Scope::closed()
            .variable("y", Expr::input("y", Shape::rows(&[])))
            .variable("p", Expr::input("p_1", Shape::rows(&[])))
            .variable("w", Expr::input("w", Shape::rows(&[])))
            .variable("x", Expr::input("x", Shape::rows(&[1, 3])))
            .variable("A", Expr::input("A", Shape::shared(&[3, 3])));
        for (text, expected) in [
            (
                "sum(w*(y - p)^2, axis=rows)/sum(w, axis=rows)",
                r"\frac{\sum_{i=1}^{m} w_{i} \left(y_{i} - p_{1,i}\right)^{2}}{\sum_{i=1}^{m} w_{i}}",
            ),
            (
                "sum(y, axis=rows)*2 + 2*sum(y + 1, axis=rows)",
                r"\left(\sum_{i=1}^{m} y_{i}\right) \cdot 2 + 2 \sum_{i=1}^{m} \left(y_{i} + 1\right)",
            ),
            ("matmul_nt(x + 1, A)", r"\left(x_{i} + 1\right) A^{\top}"),
            ("matmul(x, permute(A, [1,0]))", r"x_{i} A^{\top}"),
            ("max(A, axis=1)", r"\max_{\mathrm{axis}\,1}\left(A\right)"),
            ("argmax(y, axis=rows)", r"\operatorname*{arg\,max}_{1 \le i \le m}\left(y_{i}\right)"),
            ("2*broadcast(sum(y, axis=rows), rows[])", r"2 \sum_{i=1}^{m} y_{i}"),
            ("reshape(A, [9])", r"\operatorname{reshape}_{9}\left(A\right)"),
        ] {
            let expr = parse(text, &scope).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(latex(&expr).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_scope_gives_functions_their_latex_names() {
        const TABLE: &[FunctionRow] = &[FunctionRow {
            name: "relu",
            parameters: &["x"],
            defaults: &[],
            build: |x| Expr::constant(0.0).max(&x[0]),
            doc: Words { english: "The positive part.", korean: "양의 부분." },
            formula: "max(0, x)",
            domain: "-inf < x < inf",
            range: "0 <= y < inf",
            latex: Some(r"\mathrm{ReLU}"),
            points: &[(&[-1.0], 0.0), (&[2.0], 2.0)],
        }];
        let scope = Scope::free().functions(TABLE);
        let relu = parse("relu(x)", &scope).unwrap();
        assert_eq!(latex_in(&relu, &scope).unwrap(), r"\mathrm{ReLU}\left(x\right)");
        assert_eq!(latex(&relu).unwrap(), r"\operatorname{relu}\left(x\right)");
        let odd = Expr::call("a}_b", Expr::variable("x"), &[]);
        assert_eq!(latex(&odd).unwrap(), r"\operatorname{\text{a\}\_b}}\left(\right)");
    }

    #[test]
    fn shared_and_deep_parts_have_names() {
        let mut doubled = -Expr::variable("x");
        for _ in 0..15 {
            doubled = &doubled * &doubled;
        }
        let text = latex(&doubled).unwrap();
        assert!(
            text.starts_with(r"t_{15} t_{15} \quad \text{where} \quad t_{1} = -x, \quad t_{2} =")
        );
        let mut deep = Expr::variable("x");
        for _ in 0..100_000 {
            deep = deep.exp();
        }
        assert!(latex(&deep).unwrap().starts_with("e^{"));
    }
}
