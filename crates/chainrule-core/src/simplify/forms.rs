//! The normal form: sums of products of powers, each equal form held once.
//!
//! A form knows nothing of the shape that its value is spread to: every identity holds element by
//! element, and [`super::walk`] restores a shape where an operation asks for it.

use std::collections::HashMap;
use std::f64::consts::E;
use std::sync::Arc;

use super::number::Number;
use crate::expr::Expr;
use crate::op::{self, Op, Unary};
use crate::shape::{self, Shape};

/// The most terms or factors that an operation looks into one by one, so that work stays linear.
pub(super) const LONGEST: usize = 64;

/// The functions that the chain rule takes apart, and that are put together again.
const HYPERBOLIC: [&str; 2] = ["sinh", "cosh"];

/// The place of a form in the list; what a form is made of stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Id(usize);

/// A number times a form that is no number and no sum of one term; `ONE` stands for the number alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Term {
    pub(super) coefficient: Number,
    pub(super) form: Id,
}

/// A power of a form that is no product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Factor {
    pub(super) base: Id,
    pub(super) exponent: Id,
}

/// An expression in normal form.
#[derive(Clone, Debug)]
pub(super) enum Form {
    Number(Number),
    /// At least two terms, or one whose coefficient is not 1, in the order of first appearance.
    Sum(Vec<Term>),
    /// At least two factors, or one whose exponent is not 1, in the order of first appearance.
    Product(Vec<Factor>),
    /// Any other operation.
    Other(Op, Vec<Id>),
    /// A named function of these arguments, with its body.
    Call(Arc<str>, Expr, Vec<Id>),
}

/// What makes two forms equal: the order of terms and of factors does not matter.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Key {
    Number(Number),
    Sum(Vec<Term>),
    Product(Vec<Factor>),
    Other(Op, Vec<Id>),
    Call(Arc<str>, u64, Vec<Id>),
}

/// What is simplified for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// What the user wrote, with its guards and its own grouping.
    Formula,
    /// What the chain rule made, grouped as a textbook does.
    Derivative,
}

/// All forms of some expressions.
#[derive(Debug)]
pub(super) struct Forms {
    pub(super) style: Style,
    forms: Vec<Form>,
    shapes: Vec<Shape>,
    known: HashMap<Key, Id>,
    written: Vec<Option<Expr>>,
    /// The calls of sinh and cosh by their arguments.
    hyperbolic: HashMap<(&'static str, Id), Id>,
    /// How many forms there were when the user's own function was read.
    own: usize,
}

impl Forms {
    pub(super) const ONE: Id = Id(0);

    pub(super) fn new() -> Self {
        let mut forms = Self {
            style: Style::Formula,
            forms: Vec::new(),
            shapes: Vec::new(),
            known: HashMap::new(),
            written: Vec::new(),
            hyperbolic: HashMap::new(),
            own: 0,
        };
        forms.number(Number::ONE);
        forms
    }

    /// From here on, what is read is a derivative of what was read.
    pub(super) fn begin_derivative(&mut self) {
        self.style = Style::Derivative;
        self.own = self.forms.len();
    }

    /// Whether the user's own function contains the form.
    pub(super) fn is_own(&self, id: Id) -> bool {
        id.0 < self.own
    }

    /// Whether the user's own function contains this operation.
    pub(super) fn has_own(&self, op: Op, operands: Vec<Id>) -> bool {
        self.known.get(&Key::Other(op, operands)).is_some_and(|&id| self.is_own(id))
    }

    pub(super) fn form(&self, id: Id) -> &Form {
        &self.forms[id.0]
    }

    pub(super) fn shape(&self, id: Id) -> &Shape {
        &self.shapes[id.0]
    }

    /// When the form was met first; a cosine that the function lacks stands for its sine, and a
    /// sine for its cosine.
    pub(super) fn place(&self, id: Id) -> usize {
        let other = match self.form(id) {
            Form::Other(Op::Unary(Unary::Cos), operands) => Some((Unary::Sin, operands)),
            Form::Other(Op::Unary(Unary::Sin), operands) => Some((Unary::Cos, operands)),
            _ => None,
        };
        other
            .filter(|_| !self.is_own(id))
            .and_then(|(unary, operands)| {
                self.known.get(&Key::Other(Op::Unary(unary), operands.clone()))
            })
            .map_or(id.0, |other| other.0)
    }

    /// The expression that was written for the form, if one was.
    pub(super) fn written(&self, id: Id) -> Option<&Expr> {
        self.written[id.0].as_ref()
    }

    pub(super) fn set_written(&mut self, id: Id, expr: Expr) {
        self.written[id.0] = Some(expr);
    }

    // ----- making

    pub(super) fn number(&mut self, number: Number) -> Id {
        self.add(Key::Number(number), Form::Number(number))
    }

    /// A constant: a number if it is short, else an operation that stays as it is.
    pub(super) fn constant(&mut self, value: f64) -> Id {
        match Number::of(value) {
            Some(number) => self.number(number),
            None if value < 0.0 => {
                let magnitude = self.other(Op::Const(op::Number(-value)), vec![]);
                self.scaled(Number::MINUS_ONE, magnitude)
            }
            None => self.other(Op::Const(op::Number(value)), vec![]),
        }
    }

    pub(super) fn euler(&mut self) -> Id {
        self.constant(E)
    }

    /// The sum of terms of different forms; terms of 0 vanish.
    pub(super) fn sum_of(&mut self, mut terms: Vec<Term>) -> Id {
        terms.retain(|term| !term.coefficient.is_zero());
        match terms[..] {
            [] => self.number(Number::ZERO),
            [Term { coefficient, form: Self::ONE }] => self.number(coefficient),
            [Term { coefficient: Number::ONE, form }] => form,
            _ => {
                let mut sorted = terms.clone();
                sorted.sort_unstable_by_key(|term| (term.form, term.coefficient));
                self.add(Key::Sum(sorted), Form::Sum(terms))
            }
        }
    }

    /// The product of powers of different bases.
    pub(super) fn product_of(&mut self, factors: Vec<Factor>) -> Id {
        match factors[..] {
            [] => Self::ONE,
            [Factor { base, exponent: Self::ONE }] => base,
            _ => {
                let mut sorted = factors.clone();
                sorted.sort_unstable();
                self.add(Key::Product(sorted), Form::Product(factors))
            }
        }
    }

    pub(super) fn other(&mut self, op: Op, operands: Vec<Id>) -> Id {
        self.add(Key::Other(op.clone(), operands.clone()), Form::Other(op, operands))
    }

    pub(super) fn call(&mut self, name: &Arc<str>, body: Expr, arguments: Vec<Id>) -> Id {
        let hash = body.node().map_or(0, |node| node.hash());
        let key = Key::Call(name.clone(), hash, arguments.clone());
        let id = self.add(key, Form::Call(name.clone(), body, arguments.clone()));
        let known = HYPERBOLIC.into_iter().find(|known| *known == &**name);
        if let (Some(name), &[argument]) = (known, &arguments[..]) {
            self.hyperbolic.entry((name, argument)).or_insert(id);
        }
        id
    }

    fn add(&mut self, key: Key, form: Form) -> Id {
        if let Some(&id) = self.known.get(&key) {
            return id;
        }
        let id = Id(self.forms.len());
        let shape = self.shape_of(&form);
        self.known.insert(key, id);
        self.forms.push(form);
        self.shapes.push(shape);
        self.written.push(None);
        id
    }

    fn shape_of(&self, form: &Form) -> Shape {
        let joined = |parts: &mut dyn Iterator<Item = Id>| {
            // The parts come from one elementwise expression, whose shapes go together.
            parts.fold(Shape::shared(&[]), |shape, part| {
                shape.broadcast(self.shape(part)).unwrap_or(shape)
            })
        };
        match form {
            Form::Number(_) => Shape::shared(&[]),
            Form::Sum(terms) => joined(&mut terms.iter().map(|term| term.form)),
            Form::Product(factors) => {
                joined(&mut factors.iter().flat_map(|factor| [factor.base, factor.exponent]))
            }
            Form::Other(op, operands) => {
                let shapes: Vec<&Shape> = operands.iter().map(|&id| self.shape(id)).collect();
                shape::infer(op, &shapes).unwrap_or_else(|_| Shape::shared(&[]))
            }
            Form::Call(_, body, _) => body.shape(),
        }
    }

    // ----- looking into

    pub(super) fn as_number(&self, id: Id) -> Option<Number> {
        match self.form(id) {
            Form::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The operand of a function of one number.
    pub(super) fn operand_of(&self, unary: Unary, id: Id) -> Option<Id> {
        match self.form(id) {
            Form::Other(Op::Unary(found), operands) if *found == unary => Some(operands[0]),
            _ => None,
        }
    }

    /// The number and the form of which this is the product: (1, form) of most.
    pub(super) fn as_term(&self, id: Id) -> Term {
        match self.form(id) {
            Form::Number(number) => Term { coefficient: *number, form: Self::ONE },
            Form::Sum(terms) if terms.len() == 1 => terms[0],
            _ => Term { coefficient: Number::ONE, form: id },
        }
    }

    /// The terms of a sum of at least two, if they are few enough to be looked into.
    pub(super) fn as_sum(&self, id: Id) -> Option<&[Term]> {
        match self.form(id) {
            Form::Sum(terms) if (2..=LONGEST).contains(&terms.len()) => Some(terms),
            _ => None,
        }
    }

    /// The factors of which this is the product: of anything but a product, itself.
    pub(super) fn factors(&self, id: Id) -> Vec<Factor> {
        match self.form(id) {
            Form::Product(factors) if factors.len() <= LONGEST => factors.clone(),
            Form::Number(Number::ONE) => Vec::new(),
            _ => vec![Factor { base: id, exponent: Self::ONE }],
        }
    }

    /// u of eᵘ, e itself left out.
    pub(super) fn as_exponential(&self, id: Id) -> Option<Id> {
        match self.form(id) {
            Form::Product(factors) => match factors[..] {
                [Factor { base, exponent }] if self.is_euler(base) => Some(exponent),
                _ => None,
            },
            _ => None,
        }
    }

    /// The argument of a named function of one.
    pub(super) fn argument_of(&self, name: &str, id: Id) -> Option<Id> {
        match self.form(id) {
            Form::Call(found, _, arguments) if **found == *name && arguments.len() == 1 => {
                Some(arguments[0])
            }
            _ => None,
        }
    }

    /// sinh or cosh of a form, if that was met.
    pub(super) fn hyperbolic(&self, name: &'static str, argument: Id) -> Option<Id> {
        self.hyperbolic.get(&(name, argument)).copied()
    }

    /// Whether sinh or cosh of the form was met.
    pub(super) fn is_hyperbolic_argument(&self, id: Id) -> bool {
        HYPERBOLIC.into_iter().any(|name| self.hyperbolic(name, id).is_some())
    }

    pub(super) fn is_euler(&self, id: Id) -> bool {
        matches!(self.form(id), Form::Other(Op::Const(value), _) if value.0 == E)
    }
}
