//! The gradient, one link of the chain a line.

use std::collections::BTreeMap;

use chainrule_core::derivative::pull_back;
use chainrule_core::graph::{Graph, substitute};
use chainrule_core::op::Op;
use chainrule_core::simplify::{simplify, simplify_derivative};
use chainrule_core::{Expr, Shape};

use super::functions::Functions;
use super::notation::{Symbol, Symbols, seen};
use super::{Slope, inputs_of, name_of, symbol};
use crate::calculus;
use crate::error::Result;
use crate::network::Built;

/// What the slopes are made from.
pub(super) struct Backward<'a> {
    pub(super) steps: &'a [(String, Expr)],
    pub(super) linear: &'a [String],
    pub(super) heads: &'a [(Expr, Expr)],
    pub(super) built: &'a Built,
    pub(super) symbols: &'a mut Symbols,
    pub(super) functions: &'a mut Functions,
}

impl Backward<'_> {
    /// The slope of the loss by every step and parameter on which it depends, from the loss on.
    pub(super) fn slopes(mut self) -> Result<Vec<Slope>> {
        let mut uses = self.uses()?;
        let mut sums: BTreeMap<String, Expr> = BTreeMap::new();
        let mut slopes = Vec::new();
        for (place, (name, definition)) in self.steps.iter().enumerate().rev() {
            let is_loss = place + 1 == self.steps.len();
            if !is_loss {
                // What the loss does not depend on has no slope.
                let Some(sum) = sums.remove(name) else { continue };
                slopes.push(self.slope(name, sum));
            }
            let seed = match is_loss {
                true => Expr::constant(1.0),
                false => Expr::input(&format!("∂L/∂{name}"), definition.shape()),
            };
            let own = Expr::input(name, definition.shape());
            for operand in inputs_of(definition)? {
                let name = name_of(&operand).to_owned();
                let Some(left) = uses.get_mut(&name) else { continue };
                *left -= 1;
                let is_last = *left == 0;
                let part = self.link((&own, definition), &seed, &operand)?;
                if seen(&part).as_const() != Some(0.0) {
                    let sum = match sums.remove(&name) {
                        Some(sum) => joined(&sum, &part).unwrap_or(sum + part),
                        None => part,
                    };
                    sums.insert(name.clone(), sum);
                }
                let is_parameter = self.built.parameters.iter().any(|p| p.name == name);
                if is_last
                    && is_parameter
                    && let Some(sum) = sums.remove(&name)
                {
                    slopes.push(self.slope(&name, sum));
                }
            }
        }
        Ok(slopes)
    }

    /// How many steps use each step and parameter by which the loss is to be differentiated.
    fn uses(&self) -> Result<BTreeMap<String, usize>> {
        let mut uses: BTreeMap<String, usize> =
            self.built.parameters.iter().map(|p| (p.name.clone(), 0)).collect();
        for (name, definition) in self.steps {
            let mut moves = false;
            for operand in inputs_of(definition)? {
                if let Some(count) = uses.get_mut(name_of(&operand)) {
                    *count += 1;
                    moves = true;
                }
            }
            if moves {
                uses.insert(name.clone(), 0);
            }
        }
        Ok(uses)
    }

    /// What a step adds to the slope by one of its operands, from the slope by the step.
    fn link(
        &mut self,
        (own, definition): (&Expr, &Expr),
        seed: &Expr,
        operand: &Expr,
    ) -> Result<Expr> {
        if let Some((place, z)) = self.functions.find(definition)? {
            return Ok(seed * self.functions.all[place].slope_at(&z)?);
        }
        let is_number =
            definition.shape() == Shape::rows(&[]) || definition.shape() == Shape::shared(&[]);
        let by = std::slice::from_ref(operand);
        // The slope of a number is a factor, which stands in front.
        let first = if is_number { Expr::constant(1.0) } else { seed.clone() };
        let slope = match slope_of_number(definition, operand)? {
            Some(slope) => self.with_heads(&slope)?,
            None => {
                let raw = pull_back(definition, &first, by)?.remove(0);
                self.tidy(&raw, definition, &first)?
            }
        };
        let slope = with_value(&slope, own, definition)?;
        if !is_number || seed.as_const() == Some(1.0) {
            return Ok(slope);
        }
        let product = match seen(&slope).as_const() {
            Some(0.0) => return Ok(Expr::constant(0.0)),
            Some(1.0) => seed.clone(),
            _ => seed * &slope,
        };
        let shape = operand.shape();
        Ok(if product.shape() == shape { product } else { product.broadcast(&shape) })
    }

    /// The slope as a person writes it: without guards, and without the repeating and moving of
    /// numbers that an elementwise operation does by itself.
    fn tidy(&self, slope: &Expr, definition: &Expr, seed: &Expr) -> Result<Expr> {
        let slope = self.with_heads(&without_spreading(slope)?)?;
        // Factors come in the order in which they are met: the slope so far first.
        let simple = simplify_derivative(&slope, &(seed + definition));
        Ok(if simple.error().is_none() { simple } else { slope })
    }

    /// The slope with a name for what the network's output means.
    fn with_heads(&self, slope: &Expr) -> Result<Expr> {
        let mut slope = slope.clone();
        for (body, name) in self.heads {
            slope = substitute(&slope, &[(without_spreading(body)?, name.clone())])?;
        }
        Ok(slope)
    }

    fn slope(&mut self, name: &str, definition: Expr) -> Slope {
        let of = symbol(self.symbols, name);
        let derivative = Symbol {
            text: format!("∂L/∂{}", of.text),
            latex: format!(r"\frac{{\partial L}}{{\partial {}}}", of.latex),
        };
        let short = self.linear.iter().position(|linear| linear == name).map(|place| Symbol {
            text: format!("δ{}", place + 1),
            latex: format!(r"\delta_{{{}}}", place + 1),
        });
        let formula = self.symbols.write(&definition);
        let symbol = short.clone().unwrap_or_else(|| derivative.clone());
        self.symbols.set(&format!("∂L/∂{name}"), symbol);
        Slope { of: name.to_owned(), derivative, short, formula, definition }
    }
}

/// The sum of two rows as one behind the other, if each has zeros where the other has none.
fn joined(second: &Expr, first: &Expr) -> Option<Expr> {
    let (behind, ahead) = (second.node().ok()?, first.node().ok()?);
    let (Op::Pad { axis, before, after: 0 }, Op::Pad { axis: other, before: 0, after }) =
        (behind.op(), ahead.op())
    else {
        return None;
    };
    let (behind, ahead) = (behind.operands().first()?, ahead.operands().first()?);
    let is_whole = axis == other
        && ahead.shape().dims.get(*axis) == Some(before)
        && behind.shape().dims.get(*axis) == Some(after);
    is_whole.then(|| Expr::concat(&[ahead.clone(), behind.clone()], *axis))
}

/// The slope of a step with the step's name for its value, where that arises in it.
fn with_value(slope: &Expr, own: &Expr, definition: &Expr) -> Result<Expr> {
    let node = definition.node()?;
    let body = match node.op() {
        Op::Call(_) => &node.operands()[0],
        _ => definition,
    };
    let value = without_spreading(&simplify(body))?;
    match value.shape() == own.shape() {
        true => Ok(substitute(slope, &[(value, own.clone())])?),
        false => Ok(slope.clone()),
    }
}

/// The derivative by one of its operands of a number that is a formula of numbers, as `derive` has
/// it; none of anything else.
fn slope_of_number(definition: &Expr, operand: &Expr) -> Result<Option<Expr>> {
    let definition = without_spreading(seen(definition))?;
    let graph = Graph::new(std::slice::from_ref(&definition))?;
    let is_of_numbers = graph.nodes.iter().all(|node| {
        let is_leaf = matches!(node.op, Op::Input { .. } | Op::Const(_) | Op::Call(_));
        node.shape.elements() == 1 && (is_leaf || node.op.is_elementwise())
    });
    if !is_of_numbers {
        return Ok(None);
    }
    let inputs = inputs_of(&definition)?;
    let numbers: Vec<Expr> = inputs.iter().map(|input| Expr::variable(name_of(input))).collect();
    let to: Vec<(Expr, Expr)> = inputs.iter().cloned().zip(numbers.iter().cloned()).collect();
    let number = substitute(&definition, &to)?;
    let slopes = calculus::Function::of(&number)?.partials(&[name_of(operand)], 1)?;
    let back: Vec<(Expr, Expr)> = numbers.into_iter().zip(inputs).collect();
    let back = slopes.first().map(|slope| substitute(&slope.written, &back));
    Ok(back.transpose()?)
}

/// The expression without what an elementwise operation would do to its operands by itself.
fn without_spreading(expr: &Expr) -> Result<Expr> {
    let graph = Graph::new(std::slice::from_ref(expr))?;
    Ok(graph.rebuild(|_, node, operands| {
        let own = node.on(operands);
        if !node.op.is_elementwise() || matches!(node.op, Op::Broadcast(_)) {
            return own;
        }
        let bare: Vec<Expr> = operands.iter().map(|operand| seen(operand).clone()).collect();
        let bare = node.on(&bare);
        if bare.error().is_none() && bare.shape() == node.shape { bare } else { own }
    }))
}
