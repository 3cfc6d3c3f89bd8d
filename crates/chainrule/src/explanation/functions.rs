//! Functions of one number that steps apply to each element, with their derivatives.

use chainrule_core::graph::{Graph, substitute};
use chainrule_core::latex::latex_in;
use chainrule_core::op::Op;
use chainrule_core::text::{Scope, parse};
use chainrule_core::{Expr, Kind};

use super::notation::{Written, function_latex};
use crate::activations::FUNCTIONS;
use crate::calculus;
use crate::error::Result;
use crate::formula::scope;

/// A function of one number x that steps apply to every element.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name: that of the activation, or f, g … of a typed one.
    pub name: String,
    /// Its name in LaTeX.
    pub latex: String,
    /// What it is, of x.
    pub definition: Written,
    /// Its derivative by x.
    pub derivative: Written,
    /// What the network computes, as an expression of the variable `x`.
    pub body: Expr,
    /// Its derivative as it is written, as an expression of the variable `x`.
    pub slope: Expr,
}

impl Function {
    /// The function of an expression, under its name: relu(z1).
    pub(super) fn of(&self, z: &Expr) -> Result<Expr> {
        named(&self.name, &self.body, z)
    }

    /// Its derivative at an expression: relu′(z1).
    pub(super) fn slope_at(&self, z: &Expr) -> Result<Expr> {
        named(&format!("{}′", self.name), &self.slope, z)
    }
}

fn named(name: &str, body: &Expr, z: &Expr) -> Result<Expr> {
    let body = substitute(body, &[(Expr::variable("x"), z.clone())])?;
    let body = if body.shape() == z.shape() { body } else { body.broadcast(&z.shape()) };
    Ok(Expr::call(name, body, std::slice::from_ref(z)))
}

/// The functions of a network, each once.
#[derive(Debug, Default)]
pub(super) struct Functions {
    pub(super) all: Vec<Function>,
    typed: usize,
}

impl Functions {
    /// The place of the function that a definition applies to each element of the one value of rows
    /// that it is made of, with that value; none if it is no such function.
    pub(super) fn find(&mut self, definition: &Expr) -> Result<Option<(usize, Expr)>> {
        let graph = Graph::new(std::slice::from_ref(definition))?;
        let mut inputs = graph.nodes.iter().filter(|node| matches!(node.op, Op::Input { .. }));
        let (Some(input), None) = (inputs.next(), inputs.next()) else { return Ok(None) };
        let is_elementwise = graph.nodes.iter().all(|node| match &node.op {
            Op::Input { .. } | Op::Const(_) => true,
            Op::Call(_) => node.shape == input.shape,
            Op::Broadcast(_) => false,
            op => op.is_elementwise(),
        });
        let is_value = graph.nodes.len() > 1 && input.shape.kind == Kind::Rows;
        if !is_value || !is_elementwise || definition.shape() != input.shape {
            return Ok(None);
        }
        let x = Expr::variable("x");
        let body = substitute(definition, &[(input.expr.clone(), x.clone())])?;
        let known = self.all.iter().position(|function| function.body == body);
        let place = match known {
            Some(place) => place,
            None => {
                let function = self.function(body)?;
                self.all.push(function);
                self.all.len() - 1
            }
        };
        Ok(Some((place, input.expr.clone())))
    }

    fn function(&mut self, body: Expr) -> Result<Function> {
        let node = body.node()?;
        let arguments = &node.operands()[usize::from(matches!(node.op(), Op::Call(_)))..];
        let row = FUNCTIONS
            .iter()
            .find(|row| row.name == node.op().name() && arguments == [Expr::variable("x")]);
        let latex = |expr: &Expr| latex_in(expr, &scope());
        let (name, definition) = match row {
            Some(row) => {
                let spelled = parse(row.formula, &Scope::free().functions(FUNCTIONS))?;
                let text = row.formula.to_owned();
                (row.name.to_owned(), Written { text, latex: latex(&spelled)? })
            }
            None => (self.letter(), Written { text: body.to_string(), latex: latex(&body)? }),
        };
        let slope = match calculus::Function::of(&body)?.partials(&["x"], 1)?.pop() {
            Some(partial) => partial.written,
            None => Expr::constant(0.0),
        };
        let derivative = Written { text: slope.to_string(), latex: latex(&slope)? };
        let latex = function_latex(&name);
        Ok(Function { name, latex, definition, derivative, body, slope })
    }

    /// f, g, h, then f4, f5 …
    fn letter(&mut self) -> String {
        self.typed += 1;
        match self.typed {
            typed @ 1..=3 => ["f", "g", "h"][typed - 1].to_owned(),
            typed => format!("f{typed}"),
        }
    }
}
