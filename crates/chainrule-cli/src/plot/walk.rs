//! The path of an optimizer on a function: the step that trains networks, on one small parameter.

use chainrule::derivative::gradient;
use chainrule::engine::{Engine, Matrices, Options, Selection, compile};
use chainrule::graph::substitute;
use chainrule::optimizers::{Settings, Update};
use chainrule::{Error, ErrorKind, Expr, Shape};

use super::function::Function;
use super::scale::rounded;
use super::typeset::{Run, number, plain, variable};
use crate::output::{of, short};

/// A path.
#[derive(Clone, Debug)]
pub struct Walk {
    /// The optimizer with its settings.
    pub optimizer: String,
    pub learning_rate: f64,
    /// Each place, the start first: the variables' values, then the function's.
    pub places: Vec<Vec<f64>>,
    /// Whether it ended before its steps were done, for a number was no more finite.
    pub diverged: bool,
}

impl Walk {
    /// `adam, learning rate 0.1: f = 0.0123 after 100 steps`, for the picture.
    pub fn label(&self) -> Vec<Run> {
        let (start, end) = self.words();
        let value = self
            .value()
            .map(|value| [variable("f"), plain(" = "), number(rounded(value))].concat());
        [plain(&start), value.unwrap_or_default(), plain(&end)].concat()
    }

    /// The same for the terminal.
    pub fn describe(&self) -> String {
        let (start, end) = self.words();
        let value = self.value().map_or_else(String::new, |value| format!("f = {}", short(value)));
        format!("{start}{value}{end}")
    }

    /// The function's value at the end of a path that has one.
    fn value(&self) -> Option<f64> {
        self.places.last()?.last().copied().filter(|_| !self.diverged)
    }

    /// What stands before and after the value.
    fn words(&self) -> (String, String) {
        let steps = of(self.places.len().saturating_sub(1), "step");
        let end = if self.diverged { "diverges" } else { "" };
        let optimizer = self.optimizer.replace([':', ','], ", ").replace('=', " ");
        let start = format!("{optimizer}, learning rate {}: ", self.learning_rate);
        (start, format!("{end} after {steps}"))
    }
}

/// Where a walk begins, and how it goes.
pub struct Walker<'a> {
    pub optimizer: Settings,
    pub learning_rate: f64,
    pub start: &'a [f64],
    pub steps: usize,
}

/// The name of the parameter: the variables side by side, as an optimizer sees a layer's weights.
const POINT: &str = "point";
const STEP: &str = "step";

impl Walker<'_> {
    /// Walks down a function of the variables `by`.
    ///
    /// # Errors
    /// What compiling says.
    pub fn walk(
        &self,
        function: &Function,
        by: &[&str],
        given: &[(String, f64)],
    ) -> Result<Walk, Error> {
        let shape = Shape::shared(&[by.len()]);
        let point = Expr::input(POINT, shape.clone());
        let at = |axis: usize| point.clone().slice(0, axis, 1).reshape(&[]);
        let variables = by.iter().enumerate().map(|(axis, name)| (Expr::variable(name), at(axis)));
        let values =
            given.iter().map(|(name, value)| (Expr::variable(name), Expr::constant(*value)));
        let replaced: Vec<(Expr, Expr)> = variables.chain(values).collect();
        let value = substitute(function.value(), &replaced)?;
        let slope = gradient(&value, std::slice::from_ref(&point))?.remove(0);

        let Some(update) = self.optimizer.optimizer().update else {
            let (option, value) = ("--descend", self.optimizer.to_string());
            let expected = "an optimizer that walks in steps; this is a solver".to_owned();
            return Err(ErrorKind::InvalidSetting { option, value, expected }.into());
        };
        let kept = self.optimizer.states();
        let states: Vec<Expr> =
            (kept.iter()).map(|kept| kept.input(&state(kept.name), &[by.len()])).collect();
        let (next, next_states) = update(&Update {
            parameter: &point,
            gradient: &slope,
            states: &states,
            learning_rate: &Expr::constant(self.learning_rate),
            step: &Expr::variable(STEP),
            settings: &self.optimizer,
        });
        let names: Vec<String> = kept.iter().map(|kept| state(kept.name)).collect();
        let mut updates = vec![(POINT, next)];
        updates.extend(names.iter().map(String::as_str).zip(next_states));
        let program = compile(&[value], &updates)?;
        let place = |name: &str| program.input(name);
        let (Some(point), step) = (place(POINT), place(STEP)) else {
            return Ok(self.still(function.value().as_const().unwrap_or(f64::NAN)));
        };
        let mut engine = Engine::<f64>::new(program, Options::default());
        engine.set_input(point, self.start)?;
        let mut walk = self.still(f64::NAN);
        walk.places.clear();
        // One run more than there are steps: a run gives the value before its step.
        for number in 0..=self.steps {
            if let Some(step) = step {
                engine.set_input(step, &[number as f64 + 1.0])?;
            }
            let mut here = engine.values().input(point).to_vec();
            let none = Selection::Range { start: 0, count: 0 };
            if let Some(source) = Matrices::new(&[]) {
                engine.run(&source, none, 0, 0, &mut [])?;
            }
            here.extend(engine.values().output(0));
            if !here.iter().all(|number| number.is_finite()) {
                walk.diverged = true;
                break;
            }
            walk.places.push(here);
        }
        Ok(walk)
    }

    /// The walk on a function that no variable moves.
    fn still(&self, value: f64) -> Walk {
        let place: Vec<f64> = self.start.iter().copied().chain([value]).collect();
        Walk {
            optimizer: self.optimizer.to_string(),
            learning_rate: self.learning_rate,
            places: vec![place; self.steps + 1],
            diverged: false,
        }
    }
}

/// A name of a state that no other input has.
fn state(name: &str) -> String {
    format!("state {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(text: &str, optimizer: &str, learning_rate: f64, start: &[f64], steps: usize) -> Walk {
        let function = Function::read(text).unwrap();
        let by: Vec<&str> = ["x", "y"][..start.len()].to_vec();
        let optimizer = Settings::parse(optimizer).unwrap();
        Walker { optimizer, learning_rate, start, steps }.walk(&function, &by, &[]).unwrap()
    }

    #[test]
    fn gradient_descent_on_a_parabola_is_exact() {
        let found = walk("x^2", "sgd", 0.25, &[4.0], 3);
        assert_eq!(found.places, [[4.0, 16.0], [2.0, 4.0], [1.0, 1.0], [0.5, 0.25]]);
        assert!(!found.diverged);
    }

    #[test]
    fn momentum_and_adam_walk_as_they_train() {
        let found = walk("x^2 + 2*y^2", "sgd:momentum=0.5", 0.125, &[4.0, 1.0], 2);
        // v = 0.5 v + g, w = w − 0.125 v.
        let expected = [[4.0, 1.0, 18.0], [3.0, 0.5, 9.5], [1.75, 0.0, 3.0625]];
        assert_eq!(found.places, expected);
        let adam = walk("x^2 + 2*y^2", "adam", 0.1, &[4.0, 1.0], 1);
        // The first step is the learning rate in each direction.
        assert!((adam.places[1][0] - 3.9).abs() < 1e-8 && (adam.places[1][1] - 0.9).abs() < 1e-8);
    }

    #[test]
    fn every_optimizer_takes_a_step_down() {
        let all = chainrule::optimizers::OPTIMIZERS.iter();
        for optimizer in all.filter(|optimizer| optimizer.update.is_some()) {
            let found = walk("x^2 + y^2", optimizer.name, 0.01, &[1.0, -2.0], 10);
            assert_eq!(found.places.len(), 11, "{}", optimizer.name);
            assert!(found.places[10][2] < 5.0, "{}", optimizer.name);
        }
    }

    #[test]
    fn a_walk_that_diverges_ends_where_it_does() {
        let found = walk("x^4", "sgd", 1.0, &[10.0], 100);
        assert!(found.diverged);
        assert!(found.places.len() < 20);
        assert!(found.places.iter().flatten().all(|number| number.is_finite()));
        // A minimum at which nothing moves.
        let still = walk("3", "sgd", 1.0, &[10.0], 2);
        assert_eq!(still.places, [[10.0, 3.0]; 3]);
    }
}
