//! Every parameter's gradient against central differences, in double precision.
//!
//! The gradient is that of training: the same graph, with dropout on (the same units are dropped at
//! each look) and batch normalisation over the rows. The loss is computed by the same engine with
//! one parameter a little larger and a little smaller,
//!
//! ∂L/∂w ≈ (L(w + h) − L(w − h))/(2h),
//!
//! so that a rule that is wrong, or a `stop_gradient` that stops too much, shows as a number.
//!
//! Where the loss has a kink, as relu has at 0 and |x| too, there is no derivative to compare with.
//! A kink within the step is passed by with smaller steps; at one that is hit exactly, what training
//! uses must lie between the slopes of the two sides.
//!
//! ```
//! use chainrule::engine::{Data as Numbers, Matrices, Matrix};
//! use chainrule::gradient_check::{Settings, check};
//! use chainrule::losses::loss;
//! use chainrule::train::Data;
//! use chainrule::{Criterion, Network};
//! # fn main() -> Result<(), chainrule::Error> {
//! let (x, y) = ([0.5, -1.0, 2.0, 0.1, 1.5, -0.3], [1.0, 0.0, 2.0]);
//! let x = Matrix::new(Numbers::F64(&x), 3, 2).unwrap();
//! let y = Matrix::new(Numbers::F64(&y), 3, 1).unwrap();
//! let source = Matrices::new(&[("x", x), ("y", y)]).unwrap();
//! let data = Data { source: &source, training: &[0, 1, 2], validation: &[] };
//!
//! let network = Network::new(2).dense(4, "relu").dense(1, "linear");
//! let parameters = network.build(true)?.initial_parameters(7);
//! let settings = Settings::default();
//! let mse: Criterion = loss("mse")?.into();
//! assert!(check(&network, &mse, data, (&parameters, &[]), &settings)?.passed());
//!
//! // The derivative of a square, without the factor 2.
//! let wrong = Criterion::new("mine", chainrule::losses::Finish::Mean, |y, p| {
//!     let error = p - y;
//!     (error.clone().stop_gradient() * error).sum(0)
//! });
//! let found = check(&network, &wrong, data, (&parameters, &[]), &settings)?;
//! let (parameter, worst) = found.worst().unwrap();
//! assert!(!found.passed());
//! assert!((worst.numeric / worst.analytic - 2.0).abs() < 1e-6, "{}", parameter.name);
//! # Ok(())
//! # }
//! ```

use chainrule_core::{Expr, random};

use crate::criterion::Criterion;
use crate::data::{Table, row_weights};
use crate::engine::{
    Data as Numbers, Engine, Matrices, Matrix, Options, RowSource, Selection, compile,
};
use crate::error::{ErrorKind, Result};
use crate::explanation::criterion_of;
use crate::losses;
use crate::model::{Inputs, Model};
use crate::network::{Built, Network};
use crate::train::{Data, Divergence, program};

/// How gradients are checked.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The most elements of a parameter that are looked at, chosen by the seed; none for every one.
    pub most: Option<usize>,
    /// The largest relative error that is in order.
    pub tolerance: f64,
    /// What chooses the elements, and drops the units of dropout.
    pub seed: u64,
    /// The most threads; no result depends on it.
    pub threads: usize,
}

impl Default for Settings {
    /// 64 elements of a parameter, to 1e-6, seed 0, one thread.
    fn default() -> Self {
        Self { most: Some(64), tolerance: 1e-6, seed: 0, threads: 1 }
    }
}

/// What a check of gradients has found.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientCheck {
    /// The loss of the rows.
    pub loss: f64,
    /// How many rows there were.
    pub rows: usize,
    /// The largest relative error that is in order.
    pub tolerance: f64,
    /// What slopes may differ by because the loss is rounded, by a parameter of size 1 or less.
    pub rounding: f64,
    /// Every parameter.
    pub parameters: Vec<Checked>,
}

/// A parameter whose gradient was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// Its name in the network.
    pub name: String,
    /// Its dimensions.
    pub dims: Box<[usize]>,
    /// How many of its elements were looked at.
    pub looked_at: usize,
    /// Of these, how many agree with a smaller step alone: the loss has a kink within the step, or
    /// bends there.
    pub bent: usize,
    /// Of these, how many stand exactly at a kink, where the gradient is a slope between those of
    /// the two sides.
    pub at_kinks: usize,
    /// The largest slope by one of them, without its sign.
    pub largest: f64,
    /// The element with the largest error of those that do not stand at a kink.
    pub worst: Option<Element>,
}

/// An element of a parameter, with the slope of the loss by it.
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    /// Its place, from 0 along each dimension.
    pub index: Vec<usize>,
    /// The slope by the chain rule.
    pub analytic: f64,
    /// The slope by differences.
    pub numeric: f64,
    /// What they differ by, relative to the larger of the two; or, if both are so small that
    /// [rounding](GradientCheck::rounding) is more than the tolerance of them, to the smallest slope
    /// of which it is not.
    pub error: f64,
}

impl GradientCheck {
    /// The worst element of all, with its parameter.
    pub fn worst(&self) -> Option<(&Checked, &Element)> {
        let worst = self.parameters.iter().filter_map(|p| Some((p, p.worst.as_ref()?)));
        worst.max_by(|(_, a), (_, b)| a.error.total_cmp(&b.error))
    }

    /// Whether every error is in order.
    pub fn passed(&self) -> bool {
        self.worst().is_none_or(|(_, worst)| worst.error <= self.tolerance)
    }
}

impl Checked {
    /// How many elements the parameter has.
    pub fn elements(&self) -> usize {
        self.dims.iter().product()
    }
}

/// Checks the gradients of a model on rows of a table, by the loss that it was trained on.
///
/// # Errors
/// A column or a target is absent, or holds something that the model does not take; the loss of
/// these rows is not a finite number.
pub fn check_model(
    model: &Model,
    table: &Table,
    rows: &[usize],
    settings: &Settings,
) -> Result<GradientCheck> {
    model.check()?;
    let Inputs::Table { encoders, schema } = &model.inputs else {
        let (file, detail) = ("the model".into(), "it takes rows of numbers, no table".into());
        return Err(ErrorKind::NotAModel { file, detail }.into());
    };
    let x = encoders.encode_rows(table, rows)?;
    let y = model.target.encode(table, rows)?;
    let weights = row_weights(table, schema, rows)?;
    let count = rows.len();
    let mut groups = vec![
        ("x", Matrix::new(Numbers::F32(&x), count, encoders.width())),
        ("y", Matrix::new(Numbers::F32(&y), count, model.target.width())),
    ];
    if let Some(weights) = &weights {
        groups.push(("weight", Matrix::new(Numbers::F64(weights), count, 1)));
    }
    let groups: Option<Vec<(&str, Matrix<'_>)>> =
        groups.into_iter().map(|(name, matrix)| Some((name, matrix?))).collect();
    let Some(source) = groups.and_then(|groups| Matrices::new(&groups)) else {
        return Err(ErrorKind::NoFeatures { file: table.file().to_owned() }.into());
    };
    let all: Vec<u32> = (0..rows.len() as u32).collect();
    let data = Data { source: &source, training: &all, validation: &[] };
    let double = |values: &[Vec<f32>]| -> Vec<Vec<f64>> {
        values.iter().map(|own| own.iter().map(|&w| f64::from(w)).collect()).collect()
    };
    let (parameters, states) = (double(&model.parameters), double(&model.states));
    check(&model.network, &criterion_of(model)?, data, (&parameters, &states), settings)
}

/// Checks the gradients of a network on the training rows of a source, at these parameters and
/// states, both in the network's order.
///
/// # Errors
/// What is wrong with the network or the loss; [`ErrorKind::Engine`] for a source or parameters that
/// do not fit; [`ErrorKind::Diverged`] if the loss of these rows is not a finite number.
pub fn check(
    network: &Network,
    criterion: &Criterion,
    data: Data<'_>,
    (parameters, states): (&[Vec<f64>], &[Vec<f64>]),
    settings: &Settings,
) -> Result<GradientCheck> {
    let (width, weighted) = data.shape();
    let built = match weighted {
        true => network.build_weighted(&program::row_weight())?,
        false => network.build(true)?,
    };
    let (mean, gradients) = program::mean_and_gradients(&built, criterion, (width, weighted))?;
    let size = size(&built, criterion, width);
    let values = Values { built: &built, parameters, states };
    let roots: Vec<Expr> = [mean.clone(), size].into_iter().chain(gradients).collect();
    let mut whole = Loss::new(&roots, &values, criterion, data, settings)?;
    let loss = whole.value()?;
    if !loss.is_finite() {
        return Err(ErrorKind::Diverged(Divergence::of_loss(0, loss)).into());
    }
    let found = whole.engine.values();
    let size = found.output(1).first().map_or(1.0, |size| criterion.finish(*size));
    let gradients: Vec<Vec<f64>> =
        (0..parameters.len()).map(|place| found.output(2 + place).to_vec()).collect();
    let mut differences = Differences {
        loss: Loss::new(&[mean], &values, criterion, data, settings)?,
        here: loss,
        noise: f64::EPSILON * size.max(loss.abs()) * (16.0 + (data.training.len() as f64).sqrt()),
        tolerance: settings.tolerance,
    };
    let mut checked = Vec::new();
    for (number, (parameter, gradient)) in built.parameters.iter().zip(&gradients).enumerate() {
        let chosen = chosen(gradient.len(), settings, number as u64);
        let mut of = Checked {
            name: parameter.name.clone(),
            dims: parameter.dims.clone(),
            looked_at: chosen.len(),
            bent: 0,
            at_kinks: 0,
            largest: 0.0,
            worst: None,
        };
        for element in chosen {
            let analytic = gradient[element];
            of.largest = of.largest.max(analytic.abs());
            let (found, place) = differences.look(&parameter.name, element, analytic)?;
            of.bent += usize::from(place == Place::Bend);
            if place == Place::Kink {
                of.at_kinks += 1;
                continue;
            }
            if of.worst.as_ref().is_none_or(|worst| found.error > worst.error) {
                of.worst = Some(Element { index: index(element, &parameter.dims), ..found });
            }
        }
        checked.push(of);
    }
    let (rows, tolerance) = (data.training.len(), settings.tolerance);
    let rounding = differences.noise / STEP;
    Ok(GradientCheck { loss, rows, tolerance, rounding, parameters: checked })
}

/// The mean size of the rows' losses: what rounding is relative to where they cancel.
fn size(built: &Built, criterion: &Criterion, width: usize) -> Expr {
    let target = Expr::input("y", chainrule_core::Shape::rows(&[width]));
    let rows = criterion.per_row(&target, &built.output).abs();
    let share = losses::share(&Expr::constant(1.0), &Expr::variable("total_rows"));
    losses::mean(&rows, &share)
}

/// The elements of a parameter that are looked at, ascending.
fn chosen(elements: usize, settings: &Settings, number: u64) -> Vec<usize> {
    match settings.most {
        Some(most) if most < elements => {
            let shuffled = random::shuffle(settings.seed, number, elements as u32);
            let mut chosen: Vec<usize> =
                shuffled.into_iter().take(most).map(|place| place as usize).collect();
            chosen.sort_unstable();
            chosen
        }
        _ => (0..elements).collect(),
    }
}

/// The index of a place in row-major order.
fn index(place: usize, dims: &[usize]) -> Vec<usize> {
    let mut index = vec![0; dims.len()];
    let mut rest = place;
    for (i, &dim) in index.iter_mut().zip(dims).rev() {
        *i = rest % dim;
        rest /= dim;
    }
    index
}

/// The numbers of a network.
struct Values<'a> {
    built: &'a Built,
    parameters: &'a [Vec<f64>],
    states: &'a [Vec<f64>],
}

/// The loss of all rows as a function of the parameters.
struct Loss<'a> {
    engine: Engine<f64>,
    source: &'a dyn RowSource,
    rows: &'a [u32],
    criterion: &'a Criterion,
    seed: u64,
}

impl<'a> Loss<'a> {
    /// The loss as a program, the first output of which is the mean of the rows' losses.
    fn new(
        roots: &[Expr],
        values: &Values<'_>,
        criterion: &'a Criterion,
        data: Data<'a>,
        settings: &Settings,
    ) -> Result<Self> {
        let options = Options { threads: settings.threads, ..Options::default() };
        let mut engine = Engine::new(compile(roots, &[])?, options);
        let built = values.built;
        let parameters = built.parameters.iter().map(|p| &p.name).zip(values.parameters);
        let states = built.states.iter().map(|s| &s.name).zip(values.states);
        for (name, values) in parameters.chain(states) {
            if let Some(input) = engine.program().input(name) {
                engine.set_input(input, values)?;
            }
        }
        let mut weights = vec![1.0; data.training.len()];
        if let Some((group, 1)) = data.source.find("weight") {
            data.source.gather_f64(group, Selection::Rows(data.training), &mut weights);
        }
        let counts =
            [("total_weight", weights.iter().sum()), ("total_rows", data.training.len() as f64)];
        for (name, count) in counts {
            if let Some(input) = engine.program().input(name) {
                engine.set_input(input, &[count])?;
            }
        }
        let Data { source, training: rows, .. } = data;
        Ok(Self { engine, source, rows, criterion, seed: settings.seed })
    }

    fn value(&mut self) -> Result<f64> {
        self.engine.run(self.source, Selection::Rows(self.rows), self.seed, 0, &mut [])?;
        let mean = self.engine.values().output(0).first().copied().unwrap_or(f64::NAN);
        Ok(self.criterion.finish(mean))
    }

    /// The loss with an element of a parameter moved; that of no parameter that anything reads is
    /// the loss as it is.
    fn at(&mut self, input: Option<usize>, element: usize, w: f64) -> Result<f64> {
        let mut set = |w: f64| -> Option<f64> {
            let mut values = self.engine.values();
            let slot = values.input_mut(input?).get_mut(element)?;
            Some(std::mem::replace(slot, w))
        };
        let before = set(w);
        let value = self.value();
        if let (Some(before), Some(input)) = (before, input) {
            self.engine.values().input_mut(input)[element] = before;
        }
        value
    }
}

/// What the loss does near an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// It is smooth.
    Smooth,
    /// There is a kink within the first step, or it bends there.
    Bend,
    /// There is a kink exactly here.
    Kink,
}

struct Differences<'a> {
    loss: Loss<'a>,
    /// The loss here.
    here: f64,
    /// What a value of the loss may be off by.
    noise: f64,
    tolerance: f64,
}

/// The first step, relative to a parameter of size 1 or more: ∛ε, where the error of a central
/// difference is least.
const STEP: f64 = 6e-6;

/// The steps after it, as shares of it.
const SMALLER: [f64; 2] = [1.0 / 8.0, 1.0 / 64.0];

impl Differences<'_> {
    /// The slope by an element, and what the loss does there.
    fn look(&mut self, name: &str, element: usize, analytic: f64) -> Result<(Element, Place)> {
        let input = self.loss.engine.program().input(name);
        let w = input.map_or(0.0, |input| {
            self.loss.engine.input(input).get(element).copied().unwrap_or(0.0)
        });
        let step = STEP * w.abs().max(1.0);
        let first = self.sides(input, element, w, step)?;
        let mut best = self.compared(analytic, first.central, step);
        if best.error <= self.tolerance {
            return Ok((best, Place::Smooth));
        }
        let mut last = first;
        for share in SMALLER {
            last = self.sides(input, element, w, step * share)?;
            let found = self.compared(analytic, last.central, step * share);
            if found.error <= self.tolerance {
                return Ok((found, Place::Bend));
            }
            if found.error < best.error {
                best = found;
            }
        }
        // Where the loss is smooth the sides come together with the step; at a kink they stay apart.
        let slack = self.tolerance * last.left.abs().max(last.right.abs())
            + self.noise / (step * SMALLER[1]);
        let is_kink = last.jump() > first.jump() / 4.0 && last.jump() > 4.0 * slack;
        let (low, high) = (last.left.min(last.right), last.left.max(last.right));
        match is_kink && (low - slack..=high + slack).contains(&analytic) {
            true => Ok((best, Place::Kink)),
            false => Ok((best, Place::Smooth)),
        }
    }

    fn sides(&mut self, input: Option<usize>, element: usize, w: f64, step: f64) -> Result<Sides> {
        let (above, below) = (w + step, w - step);
        let up = self.loss.at(input, element, above)?;
        let down = self.loss.at(input, element, below)?;
        Ok(Sides {
            left: (self.here - down) / (w - below),
            right: (up - self.here) / (above - w),
            central: (up - down) / (above - below),
        })
    }

    fn compared(&self, analytic: f64, numeric: f64, step: f64) -> Element {
        let hidden = self.noise / step / self.tolerance;
        let relative = (analytic - numeric).abs() / analytic.abs().max(numeric.abs()).max(hidden);
        let error = match analytic == numeric {
            true => 0.0,
            false if relative.is_nan() => f64::INFINITY,
            false => relative,
        };
        Element { index: Vec::new(), analytic, numeric, error }
    }
}

/// The slopes of the loss around an element.
#[derive(Clone, Copy)]
struct Sides {
    left: f64,
    right: f64,
    central: f64,
}

impl Sides {
    /// How far the slopes of the two sides are apart.
    fn jump(self) -> f64 {
        (self.right - self.left).abs()
    }
}
