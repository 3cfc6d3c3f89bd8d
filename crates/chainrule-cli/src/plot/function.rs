//! What is plotted: a formula, or a function or a loss by its name.

use chainrule::activations::FUNCTIONS;
use chainrule::calculus::{self, Point};
use chainrule::error::nearest;
use chainrule::formula::{self, Formula};
use chainrule::graph::{Graph, substitute};
use chainrule::losses::{self, LOSSES, Output};
use chainrule::op::{Op, Unary};
use chainrule::{Error, ErrorKind, Expr, Shape};

/// A function of some numbers.
#[derive(Clone, Debug)]
pub struct Function {
    /// As it was typed.
    pub text: String,
    /// What is known of it; each variable is one shared number.
    pub calculus: calculus::Function,
    /// Its variables, by the alphabet.
    pub variables: Vec<String>,
    /// The values of variables that are not given any.
    pub defaults: Vec<(&'static str, f64)>,
    /// The loss that it is, if it is one.
    pub loss: Option<&'static str>,
}

impl Function {
    /// Reads a formula, or the name of a function or a loss.
    ///
    /// # Errors
    /// What is wrong with the formula, with its place; a name that is not known, with the nearest;
    /// what has no curve, with what to do.
    pub fn read(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let name = text.split_once(':').map_or(text, |(name, _)| name).trim();
        if let Some(loss) = LOSSES.iter().find(|loss| loss.name == name) {
            return Self::of_loss(text, loss);
        }
        let formula = if Formula::is_one(text) { text.to_owned() } else { applied(text)? };
        Ok(Self::new(text, calculus::Function::read(&formula)?))
    }

    /// The value of a formula of numbers alone; none of any other.
    pub fn constant(text: &str) -> Option<f64> {
        let function = calculus::Function::read(text).ok()?;
        Some(function.at(&Point::new(&[])).ok()?.value())
    }

    fn new(text: &str, calculus: calculus::Function) -> Self {
        let mut variables = calculus.variables().to_vec();
        variables.sort();
        Self { text: text.to_owned(), calculus, variables, defaults: Vec::new(), loss: None }
    }

    /// Its value as an expression.
    pub fn value(&self) -> &Expr {
        self.calculus.expr()
    }

    /// The value of one row: of the residual r = p − y, or of the logit z.
    fn of_loss(text: &str, loss: &'static losses::Loss) -> Result<Self, Error> {
        let settings = losses::Settings::parse(text)?;
        let name = settings.to_string();
        let y = Expr::variable("y");
        let (argument, value, default) = match loss.forms.first().map(|form| form.output) {
            Some(Output::Prediction) => {
                let r = Expr::variable("r");
                let value = settings.per_row(&y, &(&y + &r));
                (r, value, 0.0)
            }
            Some(Output::Logit | Output::Rate) => {
                let z = Expr::variable("z");
                let value = settings.per_row(&y, &z);
                (z, value, 1.0)
            }
            Some(Output::Logits) | None => {
                return Err(no_curve(text, "it is a function of a whole row of logits"));
            }
            Some(Output::Direction | Output::Normal) => {
                return Err(no_curve(text, "it is a function of several outputs"));
            }
        };
        let value = calculus::Function::of(&Expr::call(&name, value, &[argument]))?;
        let defaults = vec![("y", default)];
        Ok(Self { defaults, loss: Some(loss.name), ..Self::new(text, value) })
    }

    /// The value as a number of each row, of variables of rows, with the others' values.
    ///
    /// # Errors
    /// None that [`Self::read`] would not have said.
    pub fn of_rows(value: &Expr, given: &[(String, f64)]) -> Result<Expr, Error> {
        let graph = Graph::new(std::slice::from_ref(value))?;
        let meaning = |name: &str| match given.iter().find(|(other, _)| other == name) {
            Some(&(_, value)) => Expr::constant(value),
            None => Expr::input(name, Shape::rows(&[])),
        };
        let replaced: Vec<(Expr, Expr)> =
            graph.inputs().map(|(_, name, _)| (Expr::variable(name), meaning(name))).collect();
        Ok(substitute(value, &replaced)?)
    }

    /// The name of a function that is applied to nothing but its variable.
    pub fn name(&self) -> Option<&str> {
        let node = self.value().node().ok()?;
        let arguments = match (node.op(), node.operands()) {
            (Op::Call(_), [_, arguments @ ..]) => arguments,
            (Op::Unary(unary), arguments) if !shown_by_a_sign(*unary) => arguments,
            _ => return None,
        };
        match arguments {
            [argument] => match argument.node().ok()?.op() {
                Op::Input { .. } => Some(node.op().name()),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Whether a function is written by signs and not by its name: −x, |x|, eˣ.
fn shown_by_a_sign(unary: Unary) -> bool {
    match unary {
        Unary::Neg
        | Unary::Abs
        | Unary::Exp
        | Unary::Expm1
        | Unary::Log1p
        | Unary::Sqrt
        | Unary::Floor => true,
        Unary::Sign
        | Unary::Log
        | Unary::Sin
        | Unary::Cos
        | Unary::Atan
        | Unary::Tanh
        | Unary::Sigmoid
        | Unary::Softplus
        | Unary::Erf
        | Unary::NormalCdf => false,
    }
}

/// What a bare name means: a function of its parameters, else a variable.
fn applied(name: &str) -> Result<String, Error> {
    let of_table = formula::scope().function(name).map(|row| {
        let needed = row.parameters.iter().take(row.argument_counts().0);
        needed.copied().collect::<Vec<_>>().join(", ")
    });
    if let Some(parameters) = of_table {
        return Ok(format!("{name}({parameters})"));
    }
    let primitives = Unary::ALL.iter().map(|unary| unary.name()).chain(["ln"]);
    if primitives.clone().any(|known| known == name) {
        return Ok(format!("{name}(x)"));
    }
    let losses = LOSSES.iter().map(|loss| loss.name);
    let known: Vec<&str> =
        FUNCTIONS.iter().map(|row| row.name).chain(primitives).chain(losses).collect();
    // A longer name may be a variable, but hardly one that is nearly a function's.
    match nearest(name, known.iter().copied()) {
        Some(near) if name.chars().count() > 2 => Err(ErrorKind::UnknownName {
            family: "function",
            name: name.to_owned(),
            nearest: Some(near.to_owned()),
            available: known.into_iter().map(str::to_owned).collect(),
        }
        .into()),
        _ => Ok(name.to_owned()),
    }
}

fn no_curve(text: &str, why: &str) -> Error {
    let (option, value) = ("the formula", format!("{text}: {why}"));
    ErrorKind::InvalidSetting { option, value, expected: "a function of numbers".to_owned() }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Function {
        Function::read(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn formulas_have_their_free_variables() {
        let function = read("a*x^2 + b*x");
        assert_eq!(function.variables, ["a", "b", "x"]);
        assert_eq!(function.name(), None);
        assert_eq!(read("3").variables, Vec::<String>::new());
    }

    #[test]
    fn a_bare_name_is_a_function() {
        for (text, value, name) in [
            ("relu", "relu(x)", Some("relu")),
            ("tanh", "tanh(x)", Some("tanh")),
            ("exp", "exp(x)", None),
            ("sigmoid(t)", "sigmoid(t)", Some("sigmoid")),
            ("sigmoid(2*t)", "sigmoid(2*t)", None),
            ("x", "x", None),
            ("huber:delta=2", "`huber:delta=2`(r)", Some("huber:delta=2")),
        ] {
            let function = read(text);
            assert_eq!((function.value().to_string().as_str(), function.name()), (value, name));
        }
    }

    #[test]
    fn a_loss_is_a_function_of_the_residual_or_the_logit() {
        let mse = read("mse");
        assert_eq!((mse.variables, mse.defaults), (vec!["r".into(), "y".into()], vec![("y", 0.0)]));
        let cross_entropy = read("binary_cross_entropy");
        assert_eq!(cross_entropy.variables, ["y", "z"]);
        assert_eq!(cross_entropy.defaults, [("y", 1.0)]);
    }

    #[test]
    fn what_has_no_curve_is_said() {
        let refused = |text: &str| Function::read(text).unwrap_err().to_string();
        assert!(refused("softmax").contains("a whole row"), "{}", refused("softmax"));
        assert!(refused("2*softmax(x)").contains("sigmoid(x - y)"));
        assert!(refused("categorical_cross_entropy").contains("a whole row of logits"));
        assert!(refused("sigmiod").contains("\"sigmoid\""));
        assert!(refused("x^^2").contains("at character 3\n  x^^2\n    ^"), "{}", refused("x^^2"));
        assert!(refused("iota([3], axis=0)").contains("one number"));
    }

    #[test]
    fn a_formula_of_numbers_is_a_number() {
        assert_eq!(Function::constant("2*pi"), Some(std::f64::consts::TAU));
        assert_eq!([Function::constant("x"), Function::constant("2*")], [None, None]);
    }
}
