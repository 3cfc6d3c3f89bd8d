//! The chain rule step by step: each inner function with a name, its local derivative, the product.
//!
//! Which parts get a name is decided here, for the eye; every derivative is
//! [`push_forward`](chainrule_core::derivative::push_forward) of the real graph, with the named
//! parts as variables.

mod chain;
mod rule;

use chainrule_core::compile::stable;
use chainrule_core::derivative::push_forward;
use chainrule_core::graph::Graph;
use chainrule_core::latex::latex_in;
use chainrule_core::simplify::{simplify, simplify_derivative, written_derivatives};
use chainrule_core::text::Scope;
use chainrule_core::{Error, Expr};

use super::evaluate::Evaluator;
use super::{Function, Point, scope};
use crate::error::Result;
use chain::Chain;
pub use rule::Rule;

/// One function of the chain, with its derivative by the variable.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its name: u, v …; the last is the whole function, f.
    pub name: String,
    /// What it is, of the variable and the functions named before.
    pub text: String,
    /// The same in LaTeX.
    pub latex: String,
    /// The rule that its derivative follows.
    pub rule: Rule,
    /// Of a function of inner functions, its derivative by each of them.
    pub locals: Vec<Local>,
    /// The derivative made of those of its parts, such as `cos(u)*u'`; none if it has no parts.
    pub product: Option<String>,
    /// The same in LaTeX.
    pub product_latex: Option<String>,
    /// The derivative in the variable alone; none where it would be too long to be read.
    pub derivative: Option<String>,
    /// The same in LaTeX.
    pub derivative_latex: Option<String>,
    /// Its value at the point, if there is one.
    pub value: Option<f64>,
    /// Its derivative's value at the point, if there is one.
    pub slope: Option<f64>,
}

/// The derivative of a function by an inner one.
#[derive(Clone, Debug)]
pub struct Local {
    /// The name of the inner function, or the variable where it stands itself.
    pub by: String,
    /// The derivative.
    pub text: String,
    /// The same in LaTeX.
    pub latex: String,
    /// Its value at the point, if there is one.
    pub value: Option<f64>,
}

/// The most steps of which each shows its derivative in the variable alone.
const MOST_WRITTEN: usize = 64;

/// The largest derivative in the variable alone that a person would read, in nodes.
const LARGEST_WRITTEN: usize = 200;

pub(super) fn steps(function: &Function, by: &str) -> Result<Vec<Step>> {
    steps_at(function, by, None)
}

/// The steps, with the values at a point if there is one.
pub(super) fn steps_at(function: &Function, by: &str, at: Option<&Point>) -> Result<Vec<Step>> {
    let graph = Graph::new(std::slice::from_ref(function.expr()))?;
    let chain = Chain::new(&graph, by)?;
    let writer = Writer { scope: scope(), variable: Expr::variable(by), mark: chain.mark() };
    let last = graph.roots[0];
    let is_long = chain.steps().len() > MOST_WRITTEN;
    let mut steps = Vec::new();
    let mut locals: Vec<Expr> = Vec::new();
    for &position in chain.steps() {
        let (step, exprs) = writer.step(&chain, position, !is_long || position == last)?;
        steps.push(step);
        locals.extend(exprs);
    }
    if let Some(point) = at {
        let exprs = chain.steps().iter().map(|&position| graph.nodes[position].expr.clone());
        fill(&mut steps, &exprs.collect::<Vec<_>>(), &locals, by, point)?;
    }
    Ok(steps)
}

/// Writes the values at a point into the steps.
fn fill(
    steps: &mut [Step],
    exprs: &[Expr],
    locals: &[Expr],
    by: &str,
    point: &Point,
) -> Result<()> {
    let one = (Expr::variable(by), Expr::constant(1.0));
    let mut roots = exprs.iter().map(stable).collect::<Result<Vec<Expr>, Error>>()?;
    for i in 0..exprs.len() {
        roots.push(push_forward(&roots[i], std::slice::from_ref(&one))?);
    }
    let found = Evaluator::new(&roots, point.precision())?.values(point)?;
    let (values, slopes) = found.split_at(steps.len());
    let mut known: Vec<(&str, f64)> =
        point.names().filter_map(|name| Some((name, point.value(name)?))).collect();
    for ((step, &value), &slope) in steps.iter_mut().zip(values).zip(slopes) {
        step.value = Some(value);
        step.slope = Some(slope);
    }
    known.extend(steps.iter().filter_map(|step| Some((step.name.as_str(), step.value?))));
    // With the names as variables the local derivatives are numbers too.
    let names = Point::new(&known).in_precision(point.precision());
    let found = Evaluator::new(locals, point.precision())?.values(&names)?;
    let mut found = found.into_iter();
    for local in steps.iter_mut().flat_map(|step| &mut step.locals) {
        local.value = found.next();
    }
    Ok(())
}

struct Writer<'a> {
    scope: Scope,
    variable: Expr,
    /// What the names of the derivatives of parts begin with, which no other name does.
    mark: &'a str,
}

impl Writer<'_> {
    /// A step, and its local derivatives for numbers.
    fn step(
        &self,
        chain: &Chain<'_>,
        position: usize,
        is_written: bool,
    ) -> Result<(Step, Vec<Expr>)> {
        let definition = chain.definition(position);
        let one = Expr::constant(1.0);
        let (mut locals, mut exprs) = (Vec::new(), Vec::new());
        if chain.has_locals(position) {
            for &part in chain.parts(position) {
                let by = chain.written(part).clone();
                let computed = push_forward(definition, &[(by.clone(), one.clone())])?;
                let local = simplify_derivative(&computed, definition);
                locals.push(Local {
                    by: by.to_string(),
                    text: local.to_string(),
                    latex: latex_in(&local, &self.scope)?,
                    value: None,
                });
                exprs.push(computed);
            }
        }
        let product = self.product(chain, position)?;
        let original = chain.original(position);
        let derivative = match is_written {
            true => written_derivatives(original, &self.variable, 1)?.pop(),
            false => None,
        };
        let derivative = match derivative {
            Some(expr)
                if Graph::new(std::slice::from_ref(&expr))?.nodes.len() <= LARGEST_WRITTEN =>
            {
                Some(expr)
            }
            _ => None,
        };
        let derivative_latex = derivative.as_ref().map(|d| latex_in(d, &self.scope)).transpose()?;
        let shown = simplify(definition);
        let step = Step {
            name: chain.name(position).to_owned(),
            text: shown.to_string(),
            latex: latex_in(&shown, &self.scope)?,
            rule: chain.rule(position),
            locals,
            product: product.as_ref().map(|(text, _)| text.clone()),
            product_latex: product.map(|(_, latex)| latex),
            derivative: derivative.map(|expr| expr.to_string()),
            derivative_latex,
            value: None,
            slope: None,
        };
        Ok((step, exprs))
    }

    /// The derivative made of those of the parts, as text and in LaTeX.
    fn product(&self, chain: &Chain<'_>, position: usize) -> Result<Option<(String, String)>> {
        let mut directions = Vec::new();
        let mut names: Vec<[String; 4]> = Vec::new();
        for &part in chain.parts(position) {
            let written = chain.written(part).clone();
            if written == self.variable {
                directions.push((written, Expr::constant(1.0)));
                continue;
            }
            let (text, latex) = (written.to_string(), latex_in(&written, &self.scope)?);
            let [text, latex] = match chain.is_named(part) {
                true => [format!("{text}'"), format!("{latex}'")],
                false => [format!("({text})'"), format!(r"\left({latex}\right)'")],
            };
            let mark = Expr::variable(&format!("{}{}", self.mark, names.len()));
            names.push([mark.to_string(), text, latex_in(&mark, &self.scope)?, latex]);
            directions.push((written, mark));
        }
        if names.is_empty() {
            return Ok(None);
        }
        let definition = chain.definition(position);
        let product = simplify_derivative(&push_forward(definition, &directions)?, definition);
        let mut text = product.to_string();
        let mut latex = latex_in(&product, &self.scope)?;
        for [text_mark, text_name, latex_mark, latex_name] in names.iter().rev() {
            text = text.replace(text_mark, text_name);
            latex = latex.replace(latex_mark, latex_name);
        }
        Ok(Some((text, latex)))
    }
}
