//! The numbers of one row: every step, every slope, every parameter's gradient.

use chainrule_core::Expr;
use chainrule_core::derivative::{gradient, pull_back};
use chainrule_core::oracle::evaluate;

use super::{Explanation, Step, inputs_of, name_of};
use crate::data::Table;
use crate::engine::{Data, Engine, Matrices, Matrix, Options, Selection, compile};
use crate::error::{ErrorKind, Result};
use crate::model::{Inputs, Model};

/// The numbers of an explanation for one row, which is a batch of its own: m is 1.
///
/// In double precision, from the model's parameters, of the row as the network sees it.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The row as the network sees it: x.
    pub input: Vec<f64>,
    /// The target in the units of training: y.
    pub target: Vec<f64>,
    /// The values of [`Explanation::forward`].
    pub steps: Vec<Vec<f64>>,
    /// Of each step, the derivative of the function that it applies to each element, at its input;
    /// none of a step that does not.
    pub locals: Vec<Option<Vec<f64>>>,
    /// The values of [`Explanation::backward`], of the gradient of the whole graph.
    pub slopes: Vec<Vec<f64>>,
    /// The values of [`Explanation::parameters`].
    pub parameters: Vec<Vec<f64>>,
    /// The values of [`Explanation::states`].
    pub states: Vec<Vec<f64>>,
}

impl Explanation {
    /// The numbers for a row of a table, counted from 0, by a model that this is the explanation of.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidSetting`] for a row that is not there; a column or the target is absent, or
    /// holds something that the model does not take.
    ///
    /// ```
    /// # use chainrule::data::{ReadOptions, Table};
    /// # use chainrule::estimator::{Plan, Recipe};
    /// use chainrule::explanation::Explanation;
    /// # fn main() -> Result<(), chainrule::Error> {
    /// # let text = "x,y\n0,0\n1,2\n2,4\n3,6\n4,8\n5,10\n6,12\n7,14\n8,16\n9,18.5\n";
    /// # let table = Table::from_reader(text.as_bytes(), "line.csv", &ReadOptions::default())?;
    /// # let recipe = Recipe { epochs: 5, layers: vec![3], ..Recipe::default() };
    /// # let model = Plan::new(&table, &["y"], &recipe)?.train(&table, &mut ())?.model;
    /// let explanation = Explanation::of(&model)?;
    /// let trace = explanation.row(&model, &table, 4)?;
    /// let loss = explanation.forward.len() - 1;
    /// let (p, y) = (trace.steps[loss - 2][0], trace.target[0]);
    /// assert!((trace.steps[loss][0] - (y - p) * (y - p)).abs() < 1e-15);
    /// # Ok(())
    /// # }
    /// ```
    pub fn row(&self, model: &Model, table: &Table, row: usize) -> Result<Trace> {
        let Inputs::Table { encoders, .. } = &model.inputs else {
            let (file, detail) = ("the model".into(), "it takes rows of numbers, no table".into());
            return Err(ErrorKind::NotAModel { file, detail }.into());
        };
        if row >= table.rows() {
            let expected = format!("from 1 to {} of {}", table.rows(), table.file());
            let (option, value) = ("row", (row + 1).to_string());
            return Err(ErrorKind::InvalidSetting { option, value, expected }.into());
        }
        let double = |values: Vec<f32>| values.into_iter().map(f64::from).collect::<Vec<f64>>();
        let input = double(encoders.encode_rows(table, &[row])?);
        let target = double(model.target.encode(table, &[row])?);
        let kept = |values: &[Vec<f32>]| values.iter().cloned().map(double).collect();
        self.numbers(input, target, kept(&model.parameters), kept(&model.states))
    }

    /// The numbers for a row, from what the network sees of it and its target, with parameters and
    /// states in the network's order.
    ///
    /// # Errors
    /// [`ErrorKind::Engine`] if one of them has not as many numbers as the network wants.
    pub fn numbers(
        &self,
        input: Vec<f64>,
        target: Vec<f64>,
        parameters: Vec<Vec<f64>>,
        states: Vec<Vec<f64>>,
    ) -> Result<Trace> {
        let whole = &self.whole;
        let by: Vec<Expr> = self
            .backward
            .iter()
            .map(|slope| {
                let step = self.forward.iter().position(|step| step.name == slope.of);
                let parameter = || whole.built.parameters.iter().find(|p| p.name == slope.of);
                match step {
                    Some(step) => whole.steps[step].clone(),
                    None => parameter().map_or(Expr::constant(0.0), |p| p.expr.clone()),
                }
            })
            .collect();
        let slopes = gradient(&whole.loss, &by)?;
        let roots: Vec<Expr> = whole.steps.iter().chain(&slopes).cloned().collect();
        let mut engine = Engine::<f64>::new(compile(&roots, &[])?, Options::default());
        let built = &whole.built;
        let names =
            built.parameters.iter().map(|p| &p.name).chain(built.states.iter().map(|s| &s.name));
        for (name, values) in names.zip(parameters.iter().chain(&states)) {
            if let Some(place) = engine.program().input(name) {
                engine.set_input(place, values)?;
            }
        }
        if let Some(place) = engine.program().input("m") {
            engine.set_input(place, &[1.0])?;
        }
        let matrix = |values| Matrix::new(Data::F64(values), 1, values.len());
        let groups: Option<Vec<(&str, Matrix<'_>)>> =
            [("x", &input[..]), ("y", &target), ("w", &[1.0])]
                .into_iter()
                .map(|(name, values)| Some((name, matrix(values)?)))
                .collect();
        let unfit = || ErrorKind::InvalidSetting {
            option: "row",
            value: format!("{} and {} numbers", input.len(), target.len()),
            expected: format!(
                "{} of input and {} of target",
                built.input.shape().elements(),
                whole.width
            ),
        };
        let source = groups.and_then(|groups| Matrices::new(&groups)).ok_or_else(unfit)?;
        let mut rows: Vec<Vec<f64>> = roots
            .iter()
            .filter(|root| root.shape().is_rows())
            .map(|root| vec![0.0; root.shape().elements()])
            .collect();
        let mut slices: Vec<&mut [f64]> = rows.iter_mut().map(Vec::as_mut_slice).collect();
        engine.run(&source, Selection::Range { start: 0, count: 1 }, 0, 0, &mut slices)?;
        let mut rows = rows.into_iter();
        let values = engine.values();
        let mut found =
            roots.iter().enumerate().map(|(place, root)| match root.shape().is_rows() {
                true => rows.next().unwrap_or_default(),
                false => values.output(place).to_vec(),
            });
        let steps: Vec<Vec<f64>> = found.by_ref().take(whole.steps.len()).collect();
        let slopes: Vec<Vec<f64>> = found.collect();
        let locals = self.locals(&input, &steps)?;
        Ok(Trace { input, target, steps, locals, slopes, parameters, states })
    }

    /// The slope of each step's function at the value that it is applied to.
    fn locals(&self, input: &[f64], steps: &[Vec<f64>]) -> Result<Vec<Option<Vec<f64>>>> {
        let local = |step: &Step| {
            if step.function.is_none() {
                return Ok(None);
            }
            let one = Expr::constant(1.0).broadcast(&step.definition.shape());
            let z = inputs_of(&step.definition)?;
            let slope = pull_back(&step.definition, &one, &z)?;
            let name = z.first().map_or("x", |z| name_of(z));
            let place = self.forward.iter().position(|step| step.name == name);
            let values = place.map_or(input, |place| &steps[place]);
            Ok(evaluate(&slope, &[(name, values)])?.into_iter().next())
        };
        self.forward.iter().map(local).collect()
    }
}
