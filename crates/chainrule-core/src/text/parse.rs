//! Formula text to expression.

mod arguments;

use std::collections::BTreeMap;
use std::f64::consts::E;

use super::precedence::{COMPARISON, POWER, PRODUCT, SIGN, SUM};
use super::token::{Token, tokens};
use super::{CONSTANTS, DEEPEST, Scope, nearest, primitives};
use crate::error::{Error, ErrorKind, FormulaProblem};
use crate::expr::Expr;
use crate::op::{Binary, Compare};

/// Reads a formula; the grammar stands at the top of [this module](super).
///
/// # Errors
/// [`ErrorKind::Formula`] with the byte at which reading stopped, or what the shapes of the
/// operands made wrong. Nothing panics, and the depth of recursion is bounded.
///
/// ```
/// use chainrule_core::text::{Scope, parse};
/// let formula = parse("log(cosh(y - p))", &Scope::free()).unwrap();
/// assert_eq!(formula.to_string(), "log(cosh(y - p))");
/// let error = parse("2*sigmiod(x)", &Scope::free()).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "`sigmiod` is not known: did you mean `sigmoid`? at character 3\n  2*sigmiod(x)\n    ^"
/// );
/// ```
#[track_caller]
pub fn parse(text: &str, scope: &Scope) -> Result<Expr, Error> {
    let place = std::panic::Location::caller();
    let read = &text[..text.floor_char_boundary(scope.longest)];
    let formula = if read.len() < text.len() {
        let limit = scope.longest;
        Err(Stop(read.len(), FormulaProblem::TooLong { limit }))
    } else {
        Parser::new(text, scope).formula()
    };
    let expr = formula.map_err(|Stop(position, problem)| ErrorKind::Formula {
        text: read.into(),
        position,
        problem,
    })?;
    match expr.error() {
        Some(error) => Err(Error::new(error.kind().clone(), Some(place))),
        None => Ok(expr.placed(place)),
    }
}

/// Where reading stopped, and why.
struct Stop(usize, FormulaProblem);

type Read<T> = Result<T, Stop>;

struct Parser<'a> {
    tokens: Vec<(usize, Token<'a>)>,
    next: usize,
    depth: usize,
    scope: &'a Scope,
    parts: BTreeMap<&'a str, Expr>,
}

/// An operator between two operands.
#[derive(Clone, Copy)]
enum Infix {
    Binary(Binary),
    Compare(Compare),
    /// The comparison with its operands exchanged.
    Exchanged(Compare),
    Unequal,
}

fn infix(token: &Token<'_>) -> Option<(Infix, u8)> {
    let Token::Symbol(symbol) = token else {
        return None;
    };
    Some(match *symbol {
        "+" => (Infix::Binary(Binary::Add), SUM),
        "-" => (Infix::Binary(Binary::Sub), SUM),
        "*" => (Infix::Binary(Binary::Mul), PRODUCT),
        "/" => (Infix::Binary(Binary::Div), PRODUCT),
        "^" => (Infix::Binary(Binary::Pow), POWER),
        "<" => (Infix::Compare(Compare::Lt), COMPARISON),
        "<=" => (Infix::Compare(Compare::Le), COMPARISON),
        "==" => (Infix::Compare(Compare::Eq), COMPARISON),
        ">" => (Infix::Exchanged(Compare::Lt), COMPARISON),
        ">=" => (Infix::Exchanged(Compare::Le), COMPARISON),
        "!=" => (Infix::Unequal, COMPARISON),
        _ => return None,
    })
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, scope: &'a Scope) -> Self {
        let (tokens, parts) = (tokens(text), BTreeMap::new());
        Self { tokens, next: 0, depth: 0, scope, parts }
    }

    // ----- words

    fn position(&self) -> usize {
        self.tokens[self.next].0
    }

    fn token(&self) -> &Token<'a> {
        &self.tokens[self.next].1
    }

    fn token_after(&self) -> &Token<'a> {
        // Every list of words ends with a last one that is never passed.
        &self.tokens[(self.next + 1).min(self.tokens.len() - 1)].1
    }

    fn advance(&mut self) {
        self.next = (self.next + 1).min(self.tokens.len() - 1);
    }

    fn is(&self, symbol: &str) -> bool {
        matches!(self.token(), Token::Symbol(found) if *found == symbol)
    }

    /// Passes a symbol if it stands here.
    fn take(&mut self, symbol: &str) -> bool {
        let found = self.is(symbol);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, symbol: &str, what: &'static str) -> Read<()> {
        if self.take(symbol) { Ok(()) } else { Err(self.expected(what)) }
    }

    fn expected(&self, what: &'static str) -> Stop {
        match self.token() {
            Token::Wrong(problem) => Stop(self.position(), problem.clone()),
            _ => Stop(self.position(), FormulaProblem::Expected(what)),
        }
    }

    // ----- expressions

    fn formula(mut self) -> Read<Expr> {
        while let (&Token::Name(name), Token::Symbol("=")) = (self.token(), self.token_after()) {
            self.advance();
            self.advance();
            let part = self.expression(COMPARISON)?;
            self.expect(";", "an operator, or `;` after the named part")?;
            self.parts.insert(name, part);
        }
        let formula = self.expression(COMPARISON)?;
        match self.token() {
            Token::End => Ok(formula),
            _ => Err(self.expected("an operator or the end of the formula")),
        }
    }

    /// An expression one level deeper.
    fn nested(&mut self, loosest: u8) -> Read<Expr> {
        if self.depth == DEEPEST {
            return Err(Stop(self.position(), FormulaProblem::TooDeep { limit: DEEPEST }));
        }
        self.depth += 1;
        let expr = self.expression(loosest)?;
        self.depth -= 1;
        Ok(expr)
    }

    /// An operand and all operators after it that bind at least as tightly as `loosest`.
    ///
    /// It calls itself with a tighter bound, or through `nested`: so the depth is bounded.
    fn expression(&mut self, loosest: u8) -> Read<Expr> {
        let mut left = self.operand()?;
        while let Some((operator, precedence)) = infix(self.token()) {
            if precedence < loosest {
                break;
            }
            self.advance();
            let right = match precedence {
                POWER => self.nested(SIGN)?,
                _ => self.expression(precedence + 1)?,
            };
            left = match operator {
                Infix::Binary(binary) => left.binary(binary, right),
                Infix::Compare(compare) => left.compare(compare, right),
                Infix::Exchanged(compare) => right.compare(compare, left),
                Infix::Unequal => 1.0 - left.equals(right),
            };
            if precedence == COMPARISON && matches!(infix(self.token()), Some((_, COMPARISON))) {
                return Err(self.expected("parentheses around one of two comparisons"));
            }
        }
        Ok(left)
    }

    fn operand(&mut self) -> Read<Expr> {
        let position = self.position();
        match self.token().clone() {
            Token::Number(value) => {
                self.advance();
                if value == E && self.take("^") {
                    return Ok(self.nested(SIGN)?.exp());
                }
                Ok(Expr::constant(value))
            }
            Token::Name(name) => {
                self.advance();
                if self.is("(") {
                    return self.function(name, false, position);
                }
                self.variable(name, position)
            }
            Token::Quoted(name) => {
                self.advance();
                if self.is("(") {
                    return self.function(&name, true, position);
                }
                self.variable(&name, position)
            }
            Token::Symbol("(") => {
                self.advance();
                let inner = self.nested(COMPARISON)?;
                self.expect(")", "an operator or `)`")?;
                Ok(inner)
            }
            Token::Symbol("-") => {
                self.advance();
                // A minus belongs to the number after it, but −3² is −(3²).
                if let Token::Number(value) = *self.token()
                    && *self.token_after() != Token::Symbol("^")
                {
                    self.advance();
                    return Ok(Expr::constant(-value));
                }
                Ok(-self.nested(POWER)?)
            }
            Token::Symbol("+") => {
                self.advance();
                self.nested(POWER)
            }
            _ => Err(self.expected("a number, a name or `(`")),
        }
    }

    // ----- names

    fn declared(&self, name: &str) -> Option<&Expr> {
        self.parts.get(name).or_else(|| self.scope.variables.get(name))
    }

    /// What a name stands for: a part, a declared variable, a free variable.
    fn variable(&self, name: &str, position: usize) -> Read<Expr> {
        if let Some(expr) = self.declared(name) {
            return Ok(expr.clone());
        }
        if self.scope.is_free {
            return Ok(Expr::variable(name));
        }
        let known = (self.parts.keys().copied())
            .chain(self.scope.variables.keys().map(String::as_str))
            .chain(CONSTANTS.iter().map(|(constant, _)| *constant));
        let nearest = nearest(name, known).map(str::to_owned);
        Err(Stop(position, FormulaProblem::UnknownName { name: name.into(), nearest }))
    }

    /// A function at its opening parenthesis; a name in backticks is never a primitive.
    fn function(&mut self, name: &str, is_quoted: bool, position: usize) -> Read<Expr> {
        if !is_quoted && primitives().any(|primitive| primitive == name) {
            self.advance();
            return self.primitive(name, position);
        }
        if let Some(row) = self.scope.function(name) {
            self.advance();
            return self.call(row, position);
        }
        if !is_quoted
            && let Some(base) = name.strip_prefix("log_")
            && let Some(base) = self.base(base, position + "log_".len())?
        {
            self.advance();
            let operand = self.nested(COMPARISON)?;
            self.expect(")", "an operator or `)`")?;
            return Ok(operand.log() / base.log());
        }
        let is_letter = self.scope.is_free && name.chars().count() == 1;
        if is_letter || self.declared(name).is_some() {
            return Err(self.expected("an operator between a variable and `(`"));
        }
        Err(self.unknown_function(name, position))
    }

    fn unknown_function(&self, name: &str, position: usize) -> Stop {
        let known = primitives().chain(self.scope.rows().map(|row| row.name));
        let nearest = nearest(name, known).map(str::to_owned);
        Stop(position, FormulaProblem::UnknownName { name: name.into(), nearest })
    }

    /// The base of a logarithm: a whole number, a constant, a declared variable, a free letter.
    fn base(&self, base: &str, position: usize) -> Read<Option<Expr>> {
        if base.bytes().all(|byte| byte.is_ascii_digit())
            && let Ok(value) = base.parse::<f64>()
        {
            return match value > 0.0 && value != 1.0 {
                true => Ok(Some(Expr::constant(value))),
                false => {
                    let expected = "a base above 0 that is not 1";
                    Err(Stop(position, FormulaProblem::Expected(expected)))
                }
            };
        }
        if let Some((_, value)) = CONSTANTS.iter().find(|(constant, _)| *constant == base) {
            return Ok(Some(Expr::constant(*value)));
        }
        let is_letter = self.scope.is_free && base.chars().count() == 1;
        if is_letter || self.declared(base).is_some() {
            return self.variable(base, position).map(Some);
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Shape;

    fn read(text: &str) -> Expr {
        parse(text, &Scope::free()).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn operators_bind_as_in_mathematics() {
        for (text, meaning) in [
            ("a + b - c", "(a + b) - c"),
            ("a - b + c", "(a - b) + c"),
            ("a + b*c", "a + (b*c)"),
            ("a/b*c", "(a/b)*c"),
            ("a*b/c", "(a*b)/c"),
            ("a^b^c", "a^(b^c)"),
            ("-a^b", "-(a^b)"),
            ("-a*b", "(-a)*b"),
            ("a*-b", "a*(-b)"),
            ("a^-b^c", "a^(-(b^c))"),
            ("a^-b*c", "(a^(-b))*c"),
            ("-a + b", "(-a) + b"),
            ("a + b < c*d", "(a + b) < (c*d)"),
            ("a > b", "b < a"),
            ("a >= b", "b <= a"),
            ("a != b", "1 - (a == b)"),
            ("a**b", "a^b"),
            ("a·b − c×d÷b", "a*b - c*d/b"),
            ("a ≤ b", "a <= b"),
            ("a ≥ b", "a >= b"),
            ("a ≠ b", "a != b"),
            ("+a - +b", "a - b"),
            ("e^-a^b", "exp(-(a^b))"),
            ("ln(a)", "log(a)"),
            ("log_2(a)", "log(a)/log(2)"),
            ("log_b(a)", "log(a)/log(b)"),
            ("log_e(a)", "log(a)/log(e)"),
            ("pow(a, add(b, c))", "a^(b + c)"),
            ("neg(lt(a, b))", "-(a < b)"),
            ("s = a + b; s*s", "(a + b)*(a + b)"),
            ("a\n+\tb", "a + b"),
        ] {
            assert_eq!(read(text), read(meaning), "{text}");
        }
    }

    #[test]
    fn a_minus_belongs_to_a_number_but_not_to_a_power() {
        let three = || Expr::constant(3.0);
        assert_eq!(read("-3"), Expr::constant(-3.0));
        assert_eq!(read("- 3"), Expr::constant(-3.0));
        assert_eq!(read("-(3)"), -three());
        assert_eq!(read("-3^2"), -three().powf(2.0));
        assert_eq!(read("(-3)^2"), Expr::constant(-3.0).powf(2.0));
        assert_eq!(read("--3"), -Expr::constant(-3.0));
        assert_eq!(read("-0"), Expr::constant(-0.0));
        assert_eq!(read("-inf"), Expr::constant(f64::NEG_INFINITY));
        assert_eq!(read("-pi"), Expr::constant(-std::f64::consts::PI));
        assert_eq!(read("a-3"), Expr::variable("a") - 3.0);
    }

    #[test]
    fn names_mean_what_the_scope_says() {
        let y = Expr::input("y", Shape::rows(&[]));
        let scope = Scope::closed().variable("y", y.clone()).variable("가격", y.clone() * 2.0);
        assert_eq!(parse("y + 가격", &scope).unwrap(), &y + &y * 2.0);
        assert_eq!(parse("log_y(2)", &scope).unwrap(), Expr::constant(2.0).log() / y.clone().log());
        let scope = scope.variable("e", y.clone());
        assert_eq!(parse("`e`", &scope).unwrap(), y);
        assert_eq!(parse("e", &scope).unwrap(), Expr::constant(E));
        assert_eq!(read("`a b` + `c``d`"), Expr::variable("a b") + Expr::variable("c`d"));
    }

    #[test]
    fn the_depth_of_each_kind_of_nesting_is_bounded() {
        let limit = FormulaProblem::TooDeep { limit: DEEPEST };
        for (before, after) in
            [("(", ")"), ("exp(", ")"), ("-", ""), ("+", ""), ("2^", ""), ("e^", "")]
        {
            let text = |depth| format!("{}x{}", before.repeat(depth), after.repeat(depth));
            assert!(parse(&text(DEEPEST), &Scope::free()).is_ok(), "{before}");
            let error = parse(&text(DEEPEST + 1), &Scope::free()).unwrap_err();
            match error.kind() {
                ErrorKind::Formula { problem, .. } => assert_eq!(*problem, limit, "{before}"),
                other => panic!("{other}"),
            }
        }
        let sum = vec!["x"; 1000].join("+");
        assert!(parse(&sum, &Scope::free()).is_ok());
    }

    #[test]
    fn the_deepest_formula_needs_little_stack() {
        let level = "x<x+x*x^max(x,";
        let text = format!("{}x{}", level.repeat(DEEPEST / 2), ")".repeat(DEEPEST / 2));
        let thread = std::thread::Builder::new().stack_size(1 << 19);
        let read = thread.spawn(move || parse(&text, &Scope::free()).map(|_| ())).unwrap();
        read.join().unwrap().unwrap();
    }
}
