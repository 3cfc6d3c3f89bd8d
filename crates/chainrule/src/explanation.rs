//! A network explained: its forward pass and its gradient as formulas, step by step, and with the
//! numbers of one row.
//!
//! The steps are cut out of the network's own graph: a named function (dense, an activation, a
//! normalisation) is one step, and so is what stands between two of them. The gradient of each is
//! [`pull_back`](chainrule_core::derivative::pull_back) of its definition, with names in the place
//! of the steps before it, so that what is read is what trains: the chain rule, one link a line.
//!
//! ```
//! use chainrule::explanation::Explanation;
//! use chainrule::losses::loss;
//! use chainrule::{Criterion, Network};
//! # fn main() -> Result<(), chainrule::Error> {
//! let network = Network::new(3).dense(4, "relu").dense(1, "linear");
//! let mse: Criterion = loss("mse")?.into();
//! let explanation = Explanation::of_network(&network, &mse, 1)?;
//! let lines: Vec<String> = explanation.forward.iter().map(|step| step.to_string()).collect();
//! assert_eq!(
//!     lines,
//!     ["z1 = x·W1 + b1", "a1 = relu(z1)", "p = a1·W2 + b2", "E = (y - p)^2", "L = (Σᵢ E)/m"]
//! );
//! let lines: Vec<String> = explanation.backward.iter().map(|slope| slope.to_string()).collect();
//! assert_eq!(
//!     lines,
//!     [
//!         "∂L/∂E = 1/m",
//!         "δ2 = ∂L/∂p = -2·∂L/∂E·(y - p)",
//!         "∂L/∂W2 = Σᵢ a1ᵀ·δ2",
//!         "∂L/∂b2 = Σᵢ δ2",
//!         "∂L/∂a1 = δ2·W2ᵀ",
//!         "δ1 = ∂L/∂z1 = ∂L/∂a1 ⊙ relu′(z1)",
//!         "∂L/∂W1 = Σᵢ xᵀ·δ1",
//!         "∂L/∂b1 = Σᵢ δ1",
//!     ]
//! );
//! assert_eq!(explanation.functions[0].derivative.text, "where(x > 0, 1, 0)");
//! # Ok(())
//! # }
//! ```

mod backward;
mod chain;
mod functions;
mod loss;
mod notation;
mod symbols;
mod trace;

use std::fmt;

use chainrule_core::graph::{Graph, substitute};
use chainrule_core::op::Op;
use chainrule_core::simplify::simplify;
use chainrule_core::{Expr, Shape};

use crate::criterion::Criterion;
use crate::error::Result;
use crate::losses::Output;
use crate::model::{Inputs, Model};
use crate::network::{Built, Network};
use functions::Functions;
pub(crate) use loss::criterion_of;
use symbols::Namer;

pub use functions::Function;
pub use notation::{Symbol, Written};
pub use trace::Trace;

/// The forward pass and the gradient of a network as formulas.
///
/// Every formula is of one row of the batch, but for what stands under a Σᵢ. The network is the one
/// that predicts: dropout is off, and batch normalisation uses its running values.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The name of the loss.
    pub loss: String,
    /// From the input to the loss, each step of those before it.
    pub forward: Vec<Step>,
    /// From the loss to every parameter, each of the slopes before it and the steps.
    pub backward: Vec<Slope>,
    /// The functions that steps apply to each element.
    pub functions: Vec<Function>,
    /// What training changes, with the symbols that the formulas have.
    pub parameters: Vec<Named>,
    /// What layers keep by themselves, as a running mean.
    pub states: Vec<Named>,
    /// Whether training drops units, which the formulas do not.
    pub has_dropout: bool,
    /// What is computed, for numbers.
    whole: Whole,
}

/// A step of the forward pass: `z1 = x·W1 + b1`.
#[derive(Clone, Debug)]
pub struct Step {
    /// The name, which is its input's in the formulas after it.
    pub name: String,
    /// How it is called.
    pub symbol: Symbol,
    /// What it is.
    pub formula: Written,
    /// What it is, as an expression of inputs with the names of steps, parameters and states, `x`,
    /// `y`, the number of rows `m`, and if rows count differently their weight `w`.
    pub definition: Expr,
    /// The place in [`Explanation::functions`] of the function that it applies to each element of
    /// another value, if it is no more than that.
    pub function: Option<usize>,
    /// Whether it is only told, as the probabilities are, and no part of the way to the loss.
    pub is_aside: bool,
}

/// A slope of the backward pass: `δ1 = ∂L/∂z1 = ∂L/∂a1 ⊙ relu′(z1)`.
#[derive(Clone, Debug)]
pub struct Slope {
    /// The name of the step or the parameter by which the loss is differentiated.
    pub of: String,
    /// ∂L/∂ of it.
    pub derivative: Symbol,
    /// How it is called, if that is shorter: δ1.
    pub short: Option<Symbol>,
    /// What it is.
    pub formula: Written,
    /// What it is, as an expression of inputs as those of [`Step::definition`], and of the slopes
    /// before it, each under the name `∂L/∂` and what it is by.
    pub definition: Expr,
}

/// A parameter or a state of the network with the symbol that formulas have for it.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its name in the network.
    pub name: String,
    /// How it is called.
    pub symbol: Symbol,
    /// Its dimensions.
    pub dims: Box<[usize]>,
}

/// The network's own graph, down to the loss.
#[derive(Clone, Debug)]
struct Whole {
    built: Built,
    /// The target's columns.
    width: usize,
    /// Of each step, its value.
    steps: Vec<Expr>,
    loss: Expr,
}

impl Explanation {
    /// The explanation of a model with the loss that it was trained on.
    ///
    /// # Errors
    /// A network or a loss that cannot be built any more.
    pub fn of(model: &Model) -> Result<Self> {
        model.check()?;
        let is_weighted = match &model.inputs {
            Inputs::Table { schema, .. } => schema.weight().is_some(),
            Inputs::Array { .. } => false,
        };
        let criterion = criterion_of(model)?;
        Self::new(&model.network, &criterion, model.target.width(), is_weighted)
    }

    /// The explanation of a network with a loss, for targets of `width` columns.
    ///
    /// # Errors
    /// What is wrong with the network, or with the loss of its output.
    pub fn of_network(network: &Network, criterion: &Criterion, width: usize) -> Result<Self> {
        Self::new(network, criterion, width, false)
    }

    fn new(
        network: &Network,
        criterion: &Criterion,
        width: usize,
        is_weighted: bool,
    ) -> Result<Self> {
        let built = network.build(false)?;
        let output = match criterion.output() {
            Output::Prediction | Output::Direction => Some("p"),
            Output::Rate | Output::Normal | Output::Logit | Output::Logits => None,
        };
        let mut namer = Namer::new(&built, output);
        let mut draft = Draft::default();
        for cut in chain::cuts(&built, &mut namer)? {
            draft.add(&cut.name, cut.definition, cut.real);
            if cut.is_linear {
                draft.linear.push(cut.name);
            }
        }
        let loss = draft.add_loss(criterion, &built, width, is_weighted)?;
        let mut functions = Functions::default();
        let gradient = backward::Backward {
            steps: &draft.steps,
            linear: &draft.linear,
            heads: &draft.heads,
            built: &built,
            symbols: &mut namer.symbols,
            functions: &mut functions,
        };
        let backward = gradient.slopes()?;
        let mut forward = Vec::new();
        for (name, definition) in draft.steps {
            let is_aside = draft.aside.contains(&name);
            // Under the name of its function, if it has one.
            let found = if is_aside { None } else { functions.find(&definition)? };
            let (shown, function) = match found {
                Some((place, z)) => (functions.all[place].of(&z)?, Some(place)),
                None if is_aside => (definition.clone(), None),
                None => (simplify(&substitute(&definition, &draft.heads)?), None),
            };
            forward.push(Step {
                symbol: symbol(&namer.symbols, &name),
                formula: namer.symbols.write(&shown),
                definition,
                function,
                is_aside,
                name,
            });
        }
        let named = |name: &str, dims: &[usize]| Named {
            name: name.to_owned(),
            symbol: symbol(&namer.symbols, name),
            dims: dims.into(),
        };
        let parameters = built.parameters.iter().map(|p| named(&p.name, &p.dims)).collect();
        let states = built.states.iter().map(|s| named(&s.name, &s.dims)).collect();
        let steps = draft.real;
        Ok(Self {
            loss: criterion.name().to_owned(),
            forward,
            backward,
            functions: functions.all,
            parameters,
            states,
            has_dropout: is_random(&network.build(true)?.output)?,
            whole: Whole { built, width, steps, loss },
        })
    }
}

fn symbol(symbols: &notation::Symbols, name: &str) -> Symbol {
    let own = || Symbol { text: name.to_owned(), latex: name.to_owned() };
    symbols.of(name).cloned().unwrap_or_else(own)
}

/// The steps as they are found.
#[derive(Default)]
struct Draft {
    /// The names and definitions.
    steps: Vec<(String, Expr)>,
    /// The values in the network's own graph.
    real: Vec<Expr>,
    /// The outputs of linear maps.
    linear: Vec<String>,
    /// Steps that are only told.
    aside: Vec<String>,
    /// What stands for an expression where that arises in a slope: (expression, name).
    heads: Vec<(Expr, Expr)>,
}

impl Draft {
    fn add(&mut self, name: &str, definition: Expr, real: Expr) -> Expr {
        let variable = Expr::input(name, definition.shape());
        self.steps.push((name.to_owned(), definition));
        self.real.push(real);
        variable
    }

    /// The steps from the network's output to the loss, whose value in the real graph is returned.
    fn add_loss(
        &mut self,
        criterion: &Criterion,
        built: &Built,
        width: usize,
        is_weighted: bool,
    ) -> Result<Expr> {
        let y = Expr::input("y", Shape::rows(&[width]));
        let name = self.steps.last().map_or("x", |(name, _)| name.as_str()).to_owned();
        let output = Expr::input(&name, built.output.shape());
        let parts = self.add_output(criterion, &output, built, width);
        let written = loss::written(criterion, &y, &output, &parts)?;
        let real = criterion.per_row(&y, &built.output);
        real.node()?;
        let row = self.add("E", written, real.clone());
        let (count, weight) = (Expr::variable("m"), Expr::input("w", Shape::rows(&[])));
        let mean = |row: &Expr| match is_weighted {
            true => (&weight * row).sum_over_rows() / weight.clone().sum_over_rows(),
            false => row.clone().sum_over_rows() / &count,
        };
        let whole = mean(&real);
        // A slope of the mean says that it is not the loss itself, but its square.
        match criterion.slope(&whole) {
            None => {
                self.add("L", mean(&row), whole.clone());
                Ok(whole)
            }
            Some(_) => {
                let mean = self.add("M", mean(&row), whole.clone());
                self.add("L", mean.sqrt(), whole.clone().sqrt());
                Ok(whole.sqrt())
            }
        }
    }

    /// What the output means: probabilities, a rate, or the parts m and s, which are returned with
    /// what they are.
    fn add_output(
        &mut self,
        criterion: &Criterion,
        z: &Expr,
        built: &Built,
        width: usize,
    ) -> Vec<(Expr, Expr)> {
        if criterion.output() == Output::Normal {
            let names = ["p", "s"].into_iter().enumerate();
            let part = |(part, name): (usize, &str)| {
                let of = |z: &Expr| z.clone().slice(0, part * width, width);
                (self.add(name, of(z), of(&built.output)), of(z))
            };
            return names.map(part).collect();
        }
        let real = loss::probabilities(criterion, &built.output);
        if let (Some(body), Some(real)) = (loss::probabilities(criterion, z), real) {
            let shown = match criterion.output() {
                Output::Logits => Expr::call("softmax", body.clone(), std::slice::from_ref(z)),
                _ => body.clone(),
            };
            let p = self.add("p", shown, real);
            self.aside.push("p".to_owned());
            self.heads.push((body, p));
        }
        Vec::new()
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.symbol.text, self.formula.text)
    }
}

impl fmt::Display for Slope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(short) = &self.short {
            write!(f, "{} = ", short.text)?;
        }
        write!(f, "{} = {}", self.derivative.text, self.formula.text)
    }
}

/// Whether an expression draws random numbers, as dropout does.
fn is_random(expr: &Expr) -> Result<bool> {
    let graph = Graph::new(std::slice::from_ref(expr))?;
    Ok(graph.nodes.iter().any(|node| matches!(node.op, Op::Uniform { .. })))
}

/// The inputs of an expression.
fn inputs_of(expr: &Expr) -> Result<Vec<Expr>> {
    let graph = Graph::new(std::slice::from_ref(expr))?;
    let inputs = graph.nodes.iter().filter(|node| matches!(node.op, Op::Input { .. }));
    Ok(inputs.map(|node| node.expr.clone()).collect())
}

/// The name of an input.
fn name_of(input: &Expr) -> &str {
    input.node().map_or("", |node| node.op().name())
}
