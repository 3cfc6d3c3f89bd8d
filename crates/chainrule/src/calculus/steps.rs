//! The chain rule step by step: each inner function with a name, its local derivative, the product.
//!
//! Which parts get a name is decided here, for the eye; every derivative is
//! [`push_forward`](chainrule_core::derivative::push_forward) of the real graph, with the named
//! parts as variables.

mod chain;
mod rule;

use chainrule_core::Expr;
use chainrule_core::compile::stable;
use chainrule_core::derivative::push_forward;
use chainrule_core::graph::{Graph, substitute};
use chainrule_core::latex::latex_in;
use chainrule_core::op::{Binary, Op};
use chainrule_core::simplify::{simplify, simplify_derivative, written_derivatives};
use chainrule_core::text::Scope;

use super::evaluate::Evaluator;
use super::{Function, Point, scope};
use crate::error::Result;
use chain::Chain;
pub use rule::Rule;

/// One function of the chain, with its derivative by the variable.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its name: u, v …; the last is the whole function, f or [as it is called](Function::name).
    pub name: String,
    /// What it is, of the variable and the functions named before.
    pub text: String,
    /// The same in LaTeX.
    pub latex: String,
    /// The rule that its derivative follows.
    pub rule: Rule,
    /// Of a function of inner functions, its derivative by each of them.
    pub locals: Vec<Local>,
    /// The derivative made of those of its parts, such as `cos(u)*u'`; none if it has no
    /// parts, or too many to be read.
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

/// The most parts of which the derivatives are written side by side.
const MOST_PARTS: usize = 16;

/// The largest derivative in the variable alone that a person would read, in nodes.
const LARGEST_WRITTEN: usize = 200;

pub(super) fn steps(function: &Function, by: &str) -> Result<Vec<Step>> {
    steps_at(function, by, None)
}

/// The steps, with the values at a point if there is one.
pub(super) fn steps_at(function: &Function, by: &str, at: Option<&Point>) -> Result<Vec<Step>> {
    let graph = Graph::new(std::slice::from_ref(&function.paper))?;
    let chain = Chain::new(&graph, function.name(), by)?;
    let writer = Writer { scope: scope(), variable: Expr::variable(by), mark: chain.mark() };
    let last = graph.roots[0];
    let is_long = chain.steps().len() > MOST_WRITTEN;
    let mut steps = Vec::new();
    let mut numbers = Numbers::default();
    for &position in chain.steps() {
        let is_written = !is_long || position == last;
        steps.push(writer.step(&chain, position, is_written, &mut numbers)?);
    }
    if let Some(point) = at {
        numbers.fill(&mut steps, point)?;
    }
    Ok(steps)
}

/// What the numbers of the steps are computed from.
#[derive(Default)]
struct Numbers {
    values: Vec<Expr>,
    slopes: Vec<Derivative>,
    /// Of all steps, one after the other, in the names of the steps.
    locals: Vec<Derivative>,
}

/// A derivative in a form for numbers, and as it is written.
struct Derivative {
    computed: Expr,
    written: Expr,
}

impl Numbers {
    /// Writes the values at a point into the steps.
    fn fill(&self, steps: &mut [Step], point: &Point) -> Result<()> {
        let precision = point.precision();
        let values = Evaluator::new(&self.values, precision)?.values(point)?;
        let slopes = evaluated(&self.slopes, point)?;
        let mut known: Vec<(&str, f64)> =
            point.names().filter_map(|name| Some((name, point.value(name)?))).collect();
        for ((step, &value), &slope) in steps.iter_mut().zip(&values).zip(&slopes) {
            step.value = Some(value);
            step.slope = Some(slope);
        }
        let named = steps.iter().zip(&values);
        known.extend(named.map(|(step, &value)| (step.name.as_str(), value)));
        // With the names as variables the local derivatives are numbers too.
        let names = Point::new(&known).in_precision(precision);
        let mut locals = evaluated(&self.locals, &names)?.into_iter();
        for local in steps.iter_mut().flat_map(|step| &mut step.locals) {
            local.value = locals.next();
        }
        Ok(())
    }
}

/// The values of derivatives. Where training uses 0 for an infinite one, the reader sees that it
/// is infinite.
fn evaluated(slopes: &[Derivative], point: &Point) -> Result<Vec<f64>> {
    let of = |expr: fn(&Derivative) -> &Expr| {
        let roots: Vec<Expr> = slopes.iter().map(|slope| expr(slope).clone()).collect();
        Evaluator::new(&roots, point.precision())?.values(point)
    };
    if slopes.is_empty() {
        return Ok(Vec::new());
    }
    let (computed, written) = (of(|slope| &slope.computed)?, of(|slope| &slope.written)?);
    let seen = |(computed, written): (f64, f64)| match computed == 0.0 && written.is_infinite() {
        true => written,
        false => computed,
    };
    Ok(computed.into_iter().zip(written).map(seen).collect())
}

struct Writer<'a> {
    scope: Scope,
    variable: Expr,
    /// What the names of the derivatives of parts begin with, which no other name does.
    mark: &'a str,
}

impl Writer<'_> {
    /// A step; what its numbers are computed from is added to `numbers`.
    fn step(
        &self,
        chain: &Chain<'_>,
        position: usize,
        is_written: bool,
        numbers: &mut Numbers,
    ) -> Result<Step> {
        let definition = chain.definition(position);
        let one = Expr::constant(1.0);
        let mut locals = Vec::new();
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
                numbers.locals.push(Derivative { computed, written: local });
            }
        }
        let product = self.product(chain, position)?;
        let original = chain.original(position);
        let stable = stable(original)?;
        let computed = push_forward(&stable, &[(self.variable.clone(), one)])?;
        let derivative = match is_written {
            true => written_derivatives(original, &self.variable, 1)?.pop(),
            false => None,
        };
        let is_short = |expr: &Expr| {
            let graph = Graph::new(std::slice::from_ref(expr));
            graph.is_ok_and(|graph| graph.nodes.len() <= LARGEST_WRITTEN)
        };
        let derivative = derivative.filter(is_short);
        let written = derivative.clone().unwrap_or_else(|| computed.clone());
        numbers.slopes.push(Derivative { computed, written });
        numbers.values.push(stable);
        let derivative_latex = derivative.as_ref().map(|d| latex_in(d, &self.scope)).transpose()?;
        Ok(Step {
            name: chain.name(position).to_owned(),
            text: definition.to_string(),
            latex: latex_in(definition, &self.scope)?,
            rule: chain.rule(position),
            locals,
            product: product.as_ref().map(|(text, _)| text.clone()),
            product_latex: product.map(|(_, latex)| latex),
            derivative: derivative.map(|expr| expr.to_string()),
            derivative_latex,
            value: None,
            slope: None,
        })
    }

    /// The derivative made of those of the parts, as text and in LaTeX.
    fn product(&self, chain: &Chain<'_>, position: usize) -> Result<Option<(String, String)>> {
        let mut parts = Vec::new();
        let mut names: Vec<[String; 4]> = Vec::new();
        for &part in chain.parts(position) {
            let written = chain.written(part).clone();
            if written == self.variable {
                parts.push((written, Expr::constant(1.0)));
                continue;
            }
            let (text, latex) = (written.to_string(), latex_in(&written, &self.scope)?);
            let [text, latex] = match chain.is_named(part) {
                true => [format!("{text}'"), format!("{latex}'")],
                false => [format!("({text})'"), format!(r"\left({latex}\right)'")],
            };
            let mark = Expr::variable(&format!("{}{}", self.mark, names.len()));
            names.push([mark.to_string(), text, latex_in(&mark, &self.scope)?, latex]);
            parts.push((written, mark));
        }
        if names.is_empty() || parts.len() > MOST_PARTS {
            return Ok(None);
        }
        let product = combined(chain.definition(position), &parts, chain.rule(position))?;
        let mut text = product.to_string();
        let mut latex = latex_in(&product, &self.scope)?;
        for [text_mark, text_name, latex_mark, latex_name] in names.iter().rev() {
            text = text.replace(text_mark, text_name);
            latex = latex.replace(latex_mark, latex_name);
        }
        Ok(Some((text, latex)))
    }
}

/// The derivative of a function whose parts have these derivatives, as its rule arranges it.
fn combined(definition: &Expr, parts: &[(Expr, Expr)], rule: Rule) -> Result<Expr> {
    if rule == Rule::Cases {
        return Ok(simplify_derivative(&push_forward(definition, parts)?, definition));
    }
    let mut sum: Option<Expr> = None;
    for (i, (part, slope)) in parts.iter().enumerate() {
        // Only this part moves, also where another contains it.
        let alone = |slope: &Expr| {
            let still = |other: usize| if other == i { slope.clone() } else { 0.0.into() };
            let parts = parts.iter().enumerate();
            let directions: Vec<(Expr, Expr)> =
                parts.map(|(other, (part, _))| (part.clone(), still(other))).collect();
            push_forward(definition, &directions)
        };
        let term = match rule {
            // g'(u)*u'
            Rule::Chain | Rule::GeneralPower => {
                let local = simplify_derivative(&alone(&1.0.into())?, definition);
                match (local.as_const(), slope.as_const()) {
                    (_, Some(_)) => local,
                    (Some(1.0), _) => slope.clone(),
                    _ if is_quotient(&local) => simplify(&(slope * local)),
                    _ => local * slope,
                }
            }
            // The function with the part's derivative in its place has the order of its factors.
            _ => {
                let moved = (part.clone(), slope.clone());
                let order = match slope.as_const() {
                    Some(_) => definition.clone(),
                    None => substitute(definition, &[moved])?,
                };
                let term = alone(slope)?;
                let over = divisor(definition, rule).map(|divisor| &term * divisor.powf(2.0));
                simplify_derivative(&over.unwrap_or(term), &order)
            }
        };
        sum = Some(match sum {
            Some(sum) => sum + term,
            None => term,
        });
    }
    let sum = sum.unwrap_or_else(|| Expr::constant(0.0));
    let is_chain = matches!(rule, Rule::Chain | Rule::GeneralPower);
    let sum = if is_chain { sum } else { simplify(&sum) };
    Ok(match divisor(definition, rule) {
        Some(divisor) => sum / divisor.powf(2.0),
        None => sum,
    })
}

fn is_quotient(expr: &Expr) -> bool {
    expr.node().is_ok_and(|node| *node.op() == Op::Binary(Binary::Div))
}

/// v of u/v, by whose square the quotient rule divides.
fn divisor(definition: &Expr, rule: Rule) -> Option<Expr> {
    let quotient = definition.node().ok().filter(|_| rule == Rule::Quotient)?;
    quotient.operands().get(1).cloned()
}

#[cfg(test)]
mod tests;
