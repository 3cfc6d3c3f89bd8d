//! What curves are called in a picture.

use chainrule::Expr;

use super::curve::Request;
use super::function::Function;
use super::typeset::{Run, formula, number, plain, text, variable};

/// The letters of functions that have no name.
const LETTERS: [&str; 10] = ["f", "g", "h", "p", "q", "r", "s", "u", "v", "w"];

/// A derivative's formula longer than this is not written out.
const LONGEST: usize = 44;

/// A formula that cannot be set as mathematics is cut to this many letters.
const CUT: usize = 60;

/// What a curve is called: `f(x) = x²`.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// `f(x)`, if that is not all of it.
    call: Option<Call>,
    /// What follows.
    body: Vec<Run>,
}

/// A function's name on its variable.
#[derive(Clone, Debug, PartialEq)]
struct Call {
    name: Vec<Run>,
    variable: Vec<Run>,
    /// How often it was differentiated.
    primes: usize,
}

impl Call {
    fn runs(&self) -> Vec<Run> {
        let primes = plain(&"′".repeat(self.primes));
        [&self.name[..], &primes, &plain("("), &self.variable, &plain(")")].concat()
    }
}

impl Label {
    /// The names of functions: their own, or letters where a derivative or a tangent needs one.
    pub fn of_functions(functions: &[Function], request: &Request<'_>) -> Vec<Self> {
        let needs_name = request.named || request.derivative || !request.tangents.is_empty();
        let taken = |letter: &str| {
            functions.iter().any(|function| function.variables.iter().any(|name| name == letter))
        };
        let mut letters = LETTERS.iter().filter(|letter| !taken(letter)).cycle();
        let label = |function: &Function| {
            let values = given(function, request.given);
            let call = |name| Call { name, variable: variable(request.by), primes: 0 };
            match (function.name(), needs_name) {
                (Some(name), _) => Self { call: Some(call(plain(name))), body: values },
                (None, true) => {
                    let letter = letters.next().copied().unwrap_or("f");
                    let equals = [plain(" = "), whole(function), values].concat();
                    Self { call: Some(call(variable(letter))), body: equals }
                }
                (None, false) => Self { call: None, body: [whole(function), values].concat() },
            }
        };
        functions.iter().map(label).collect()
    }

    /// What contours are called: `f(x, y) = x² + y²`, or by the function's name.
    pub fn of_contours(function: &Function, by: [&str; 2], values: &[(String, f64)]) -> Self {
        let letter = LETTERS.iter().find(|letter| !function.variables.iter().any(|v| v == *letter));
        let call = [
            variable(letter.copied().unwrap_or("f")),
            plain("("),
            variable(by[0]),
            plain(", "),
            variable(by[1]),
            plain(") = "),
        ];
        let body = [call.concat(), whole(function), given(function, values)].concat();
        Self { call: None, body }
    }

    /// The label of a derivative, with its formula if that is short.
    pub fn derivative(&self, slope: &Expr, by: &str) -> Self {
        let call = match &self.call {
            Some(call) => Call { primes: call.primes + 1, ..call.clone() },
            None => Call { name: variable("f"), variable: variable(by), primes: 1 },
        };
        let body = match formula(slope) {
            Some(formula) if text(&formula).chars().count() <= LONGEST => {
                [plain(" = "), formula].concat()
            }
            _ => Vec::new(),
        };
        Self { call: Some(call), body }
    }

    /// Its runs.
    pub fn runs(&self) -> Vec<Run> {
        match &self.call {
            Some(call) => [call.runs(), self.body.clone()].concat(),
            None => self.body.clone(),
        }
    }

    /// Its letters without their looks; what is raised has `^` before it.
    pub fn text(&self) -> String {
        let mut line = String::new();
        let mut raise = 0.0;
        for run in self.runs() {
            if run.raise > raise {
                line.push('^');
            } else if run.raise < raise && run.raise < 0.0 {
                line.push('_');
            }
            raise = run.raise;
            line.push_str(&run.text);
        }
        line
    }
}

fn whole(function: &Function) -> Vec<Run> {
    formula(function.value()).unwrap_or_else(|| {
        let text = &function.text;
        match text.char_indices().nth(CUT) {
            Some((end, _)) => plain(&format!("{} …", text[..end].trim_end())),
            None => plain(text),
        }
    })
}

/// The values of a function's other variables: `, a = 2, b = 1`.
fn given(function: &Function, given: &[(String, f64)]) -> Vec<Run> {
    // That a loss is seen where y = 0 goes without saying: it is then one of the residual.
    let silent = |name: &str, value: f64| value == 0.0 && function.defaults.contains(&(name, 0.0));
    let own = given
        .iter()
        .filter(|(name, value)| function.variables.contains(name) && !silent(name, *value));
    own.flat_map(|(name, value)| [plain(", "), variable(name), plain(" = "), number(*value)])
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(texts: &[&str], derivative: bool) -> Vec<Label> {
        let functions: Vec<Function> =
            texts.iter().map(|text| Function::read(text).unwrap()).collect();
        let given = [("a".to_owned(), 2.0), ("f".to_owned(), -0.5)];
        let request = Request {
            by: "x",
            given: &given,
            shown: [-3.0, 3.0],
            heights: [None, None],
            derivative,
            tangents: &[],
            named: false,
            apart: false,
            single: false,
            places: 400.0,
        };
        Label::of_functions(&functions, &request)
    }

    fn texts(labels: &[Label]) -> Vec<String> {
        labels.iter().map(Label::text).collect()
    }

    #[test]
    fn a_function_with_a_name_keeps_it_and_a_formula_gets_a_letter() {
        assert_eq!(texts(&labels(&["a*x^2", "relu"], false)), ["ax^2, a = 2", "relu(x)"]);
        let named = labels(&["a*x^2", "relu", "f*x"], true);
        assert_eq!(texts(&named), ["g(x) = ax^2, a = 2", "relu(x)", "h(x) = fx, f = −0.5"]);
        let slope = 2.0 * Expr::variable("a") * Expr::variable("x");
        assert_eq!(named[0].derivative(&slope, "x").text(), "g′(x) = 2ax");
        assert_eq!(named[1].derivative(&slope, "x").text(), "relu′(x) = 2ax");
    }

    #[test]
    fn a_long_derivative_is_not_written_out() {
        let mut slope = Expr::variable("x");
        for _ in 0..20 {
            slope = slope + Expr::variable("x");
        }
        let named = labels(&["relu"], true);
        assert_eq!(named[0].derivative(&slope, "x").text(), "relu′(x)");
    }
}
