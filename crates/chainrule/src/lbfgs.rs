//! L-BFGS: a solver that takes all rows at once, for small tables and small networks.
//!
//! A direction is the gradient times an estimate of the inverse curvature from the last steps (the
//! two-loop recursion); a line search along it finds a point that fulfils the strong Wolfe
//! conditions. Nocedal and Wright, *Numerical Optimization*, 2006, algorithms 7.4, 3.5 and 3.6.
//! All of it is sequential double precision, so that nothing depends on the number of threads.

use std::collections::VecDeque;

use chainrule_core::Words;

use crate::error::Result;
use crate::optimizers::terms::WEIGHT_DECAY;
use crate::optimizers::{Optimizer, Range, Setting};

pub(crate) const ROWS: &[Optimizer] = &[Optimizer {
    name: "lbfgs",
    formula: "d = -H*g, w = w + s*d",
    about: Words {
        english: "A solver for small tables and small networks: all rows at once, in double \
                  precision, with a line search for the step s in place of a learning rate \
                  (PyTorch's takes steps of 1 unless told to search); H is the inverse curvature, \
                  estimated from the last steps and gradients. An iteration counts as an epoch. It \
                  reaches the optimum of linear models to the last digits. Liu and Nocedal, 1989.",
        korean: "작은 표와 작은 신경망을 위한 해법이다. 모든 행을 한꺼번에 배정밀도로 계산하고, \
                 학습률 대신 선 탐색으로 스텝 s를 찾는다(PyTorch는 따로 정하지 않으면 탐색 없이 \
                 1로 한다). H는 지난 스텝과 기울기로 추정한 곡률의 역이다. 한 번의 반복을 한 \
                 에포크로 센다. 선형 모델에서는 최적점을 끝자리까지 찾는다. Liu and Nocedal, \
                 1989.",
    },
    settings: &[
        Setting {
            name: "history",
            default: 10.0,
            range: Range::Count,
            needs: None,
            about: Words {
                english: "How many of the last steps stand for the curvature: 10 as in SciPy and \
                          scikit-learn, where PyTorch has 100; older steps help little, and each \
                          keeps two copies of all weights.",
                korean: "곡률을 대신할 지난 스텝의 수다. SciPy와 scikit-learn처럼 10이고 PyTorch는 \
                         100이다. 오래된 스텝은 별로 도움이 되지 않고, 스텝마다 모든 가중치의 \
                         사본이 둘씩 든다.",
            },
        },
        Setting {
            name: "tolerance",
            default: 1e-7,
            range: Range::NotNegative,
            needs: None,
            about: Words {
                english: "The largest entry of the gradient at which the optimum is reached: 1e-7 \
                          as in PyTorch, where scikit-learn has 1e-4 and SciPy 1e-5.",
                korean: "기울기의 성분이 모두 이 값 이하이면 최적점에 이른 것으로 본다. \
                         PyTorch처럼 1e-7이고 scikit-learn은 1e-4, SciPy는 1e-5다.",
            },
        },
        WEIGHT_DECAY,
    ],
    default_learning_rate: 1.0,
    states: |_| &[],
    update: None,
    points: &[],
}];

/// What gives a point's value and writes its gradient.
pub type Objective<'a> = dyn FnMut(&[f64], &mut [f64]) -> Result<f64> + 'a;

/// A point, and what is to be made small there.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The parameters.
    pub at: Vec<f64>,
    /// The value.
    pub value: f64,
    /// The gradient.
    pub gradient: Vec<f64>,
}

/// What an iteration brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A better point.
    Moved,
    /// The gradient is 0 within the tolerance.
    Converged,
    /// No better point can be told from this one in double precision.
    Stuck,
}

/// The solver between two iterations.
///
/// ```
/// use chainrule::lbfgs::{Lbfgs, Outcome};
/// let mut bowl = |x: &[f64], slope: &mut [f64]| {
///     slope.copy_from_slice(&[2.0 * (x[0] - 3.0), 20.0 * x[1]]);
///     Ok((x[0] - 3.0) * (x[0] - 3.0) + 10.0 * x[1] * x[1])
/// };
/// let mut solver = Lbfgs::new(10, 1e-9, vec![0.0, 1.0], &mut bowl).unwrap();
/// while solver.iterate(1.0, &mut bowl).unwrap() == Outcome::Moved {}
/// assert!((solver.point().at[0] - 3.0).abs() < 1e-9);
/// ```
#[derive(Clone, Debug)]
pub struct Lbfgs {
    history: usize,
    tolerance: f64,
    point: Point,
    pairs: VecDeque<Pair>,
}

/// A step and the change of the gradient along it.
#[derive(Clone, Debug)]
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    /// step · change, which is above 0.
    product: f64,
}

impl Lbfgs {
    /// A solver that starts at a point, with so many steps for the curvature, and ends where no
    /// entry of the gradient is above `tolerance`.
    ///
    /// # Errors
    /// What the objective returns.
    pub fn new(
        history: usize,
        tolerance: f64,
        start: Vec<f64>,
        objective: &mut Objective<'_>,
    ) -> Result<Self> {
        let point = Point::evaluated(start, objective)?;
        Ok(Self { history, tolerance, point, pairs: VecDeque::new() })
    }

    /// The point that the iterations have come to.
    pub fn point(&self) -> &Point {
        &self.point
    }

    /// The steps that stand for the curvature, each with the change of the gradient along it, the
    /// oldest first.
    pub(crate) fn pairs(&self) -> Vec<(&[f64], &[f64])> {
        self.pairs.iter().map(|pair| (&*pair.step, &*pair.change)).collect()
    }

    /// Goes on from a point that another solver has come to, with its [`Lbfgs::pairs`].
    pub(crate) fn go_on(&mut self, point: Point, pairs: Vec<(Vec<f64>, Vec<f64>)>) {
        let pair = |(step, change): (Vec<f64>, Vec<f64>)| {
            let product = dot(&step, &change);
            Pair { step, change, product }
        };
        (self.point, self.pairs) = (point, pairs.into_iter().map(pair).collect());
    }

    /// Whether the gradient is 0 within the tolerance.
    pub fn is_converged(&self) -> bool {
        self.point.gradient.iter().all(|slope| slope.abs() <= self.tolerance)
    }

    /// Moves to a better point, trying `first` times the direction first.
    ///
    /// # Errors
    /// What the objective returns.
    pub fn iterate(&mut self, first: f64, objective: &mut Objective<'_>) -> Result<Outcome> {
        if self.is_converged() {
            return Ok(Outcome::Converged);
        }
        loop {
            let direction = self.direction();
            // Without a curvature the first trial must not be longer than 1 in all.
            let first = match self.pairs.is_empty() {
                true => first * (1.0 / sum(self.point.gradient.iter().map(|g| g.abs()))).min(1.0),
                false => first,
            };
            let mut line = Line { start: &self.point, direction: &direction, objective };
            if let Some(found) = line.search(first)? {
                self.remember(&found);
                self.point = found;
                return Ok(Outcome::Moved);
            }
            if self.pairs.is_empty() {
                return Ok(Outcome::Stuck);
            }
            // What was learned of the curvature may mislead: the gradient itself does not.
            self.pairs.clear();
        }
    }

    /// −H·g by the two-loop recursion.
    fn direction(&self) -> Vec<f64> {
        let mut direction: Vec<f64> = self.point.gradient.iter().map(|slope| -slope).collect();
        let mut shares = Vec::with_capacity(self.pairs.len());
        for pair in self.pairs.iter().rev() {
            let share = dot(&pair.step, &direction) / pair.product;
            add(&mut direction, -share, &pair.change);
            shares.push(share);
        }
        if let Some(last) = self.pairs.back() {
            let scale = last.product / dot(&last.change, &last.change);
            direction.iter_mut().for_each(|entry| *entry *= scale);
        }
        for (pair, share) in self.pairs.iter().zip(shares.into_iter().rev()) {
            let back = dot(&pair.change, &direction) / pair.product;
            add(&mut direction, share - back, &pair.step);
        }
        direction
    }

    fn remember(&mut self, new: &Point) {
        let apart = |new: &[f64], old: &[f64]| -> Vec<f64> {
            new.iter().zip(old).map(|(new, old)| new - old).collect()
        };
        let step = apart(&new.at, &self.point.at);
        let change = apart(&new.gradient, &self.point.gradient);
        let product = dot(&step, &change);
        // A curvature that is not above 0 by its digits says nothing.
        if product > f64::EPSILON * dot(&change, &change) {
            if self.pairs.len() == self.history.max(1) {
                self.pairs.pop_front();
            }
            self.pairs.push_back(Pair { step, change, product });
        }
    }
}

impl Point {
    fn evaluated(at: Vec<f64>, objective: &mut Objective<'_>) -> Result<Self> {
        let mut gradient = vec![0.0; at.len()];
        let value = objective(&at, &mut gradient)?;
        Ok(Self { at, value, gradient })
    }

    fn is_finite(&self) -> bool {
        self.value.is_finite() && self.gradient.iter().all(|slope| slope.is_finite())
    }
}

/// A search from a point along a direction.
struct Line<'a, 'o> {
    start: &'a Point,
    direction: &'a [f64],
    objective: &'a mut Objective<'o>,
}

/// A place on the line: how far, the value, the slope along the direction, and the point there.
#[derive(Clone)]
struct Trial {
    far: f64,
    value: f64,
    slope: f64,
    point: Point,
}

/// The decrease that a step must bring, as a share of what the slope at the start promises.
const DECREASE: f64 = 1e-4;
/// How much of the slope may be left.
const CURVATURE: f64 = 0.9;
/// Two values are told apart if they differ by more than this share: at the optimum a value moves
/// with the square of the distance and ends in rounding long before the gradient does.
const SLACK: f64 = 64.0 * f64::EPSILON;
/// The most points that a search tries.
const TRIALS: usize = 30;

impl Line<'_, '_> {
    /// A point that fulfils the strong Wolfe conditions, or at least is better than the start.
    fn search(&mut self, first: f64) -> Result<Option<Point>> {
        let start = Trial {
            far: 0.0,
            value: self.start.value,
            slope: dot(&self.start.gradient, self.direction),
            point: self.start.clone(),
        };
        let downhill = start.slope < 0.0 && start.slope.is_finite();
        if !downhill || !first.is_finite() || first <= 0.0 {
            return Ok(None);
        }
        let slack = SLACK * start.value.abs();
        let (mut before, mut far, mut left) = (start.clone(), first, TRIALS);
        while left > 0 {
            left -= 1;
            let trial = self.trial(far)?;
            if !trial.falls(&start, slack) || trial.value > before.value + slack {
                return self.narrow(&start, (before, trial), left);
            }
            if trial.slope.abs() <= CURVATURE * start.slope.abs() {
                return Ok(trial.moved(&start));
            }
            if trial.slope >= 0.0 {
                return self.narrow(&start, (trial, before), left);
            }
            let apart = trial.far - before.far;
            if !(9.0 * apart + trial.far).is_finite() {
                return Ok(trial.lower(&start));
            }
            let (nearest, farthest) = (trial.far + 0.1 * apart, trial.far + 9.0 * apart);
            far = least(&before, &trial).unwrap_or(farthest).clamp(nearest, farthest);
            before = trial;
        }
        Ok(before.lower(&start))
    }

    /// Narrows an interval whose lower end falls from the start and which holds a good point.
    fn narrow(
        &mut self,
        start: &Trial,
        (mut low, mut high): (Trial, Trial),
        trials: usize,
    ) -> Result<Option<Point>> {
        let slack = SLACK * start.value.abs();
        for _ in 0..trials {
            let (from, to) = (low.far.min(high.far), low.far.max(high.far));
            let (inner, outer) = (from + 0.1 * (to - from), to - 0.1 * (to - from));
            // Between neighbours there is nothing left, and between infinities nothing at all.
            if !(from < inner && inner < outer && outer < to) {
                break;
            }
            let far = match high.point.is_finite() {
                true => least(&low, &high).unwrap_or(0.5 * (from + to)).clamp(inner, outer),
                false => inner,
            };
            let trial = self.trial(far)?;
            if !trial.falls(start, slack) || trial.value > low.value + slack {
                high = trial;
                continue;
            }
            if trial.slope.abs() <= CURVATURE * start.slope.abs() {
                return Ok(trial.moved(start));
            }
            if trial.slope * (high.far - low.far) >= 0.0 {
                high = low;
            }
            low = trial;
        }
        Ok(low.lower(start))
    }

    fn trial(&mut self, far: f64) -> Result<Trial> {
        let mut at = self.start.at.clone();
        add(&mut at, far, self.direction);
        let point = Point::evaluated(at, self.objective)?;
        let slope = dot(&point.gradient, self.direction);
        Ok(Trial { far, value: point.value, slope, point })
    }
}

impl Trial {
    /// Whether the value has fallen as far as the slope at the start promises.
    fn falls(&self, start: &Self, slack: f64) -> bool {
        let promised = DECREASE * self.far * start.slope;
        self.point.is_finite() && self.value <= start.value + promised + slack
    }

    /// The point, unless it is the start.
    fn moved(self, start: &Self) -> Option<Point> {
        (self.point.at != start.point.at).then_some(self.point)
    }

    /// The point, if its value is below that at the start.
    fn lower(self, start: &Self) -> Option<Point> {
        (self.value < start.value).then_some(self.point)
    }
}

/// Where the cubic through two values and slopes is least, if it has such a place.
fn least(a: &Trial, b: &Trial) -> Option<f64> {
    let apart = b.far - a.far;
    let d = a.slope + b.slope - 3.0 * (b.value - a.value) / apart;
    let root = (d * d - a.slope * b.slope).sqrt() * if apart < 0.0 { -1.0 } else { 1.0 };
    let far = b.far - apart * ((b.slope + root - d) / (b.slope - a.slope + 2.0 * root));
    far.is_finite().then_some(far)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    sum(a.iter().zip(b).map(|(a, b)| a * b))
}

fn sum(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |sum, value| sum + value)
}

/// to += factor · values
fn add(to: &mut [f64], factor: f64, values: &[f64]) {
    for (to, value) in to.iter_mut().zip(values) {
        *to += factor * value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Function = fn(&[f64], &mut [f64]) -> f64;

    /// Where a function is least, from a start, and how often it was evaluated.
    fn least_of(function: Function, start: &[f64], tolerance: f64) -> (Lbfgs, usize, Outcome) {
        let mut count = 0;
        let mut objective = |at: &[f64], gradient: &mut [f64]| {
            count += 1;
            Ok(function(at, gradient))
        };
        let mut solver = Lbfgs::new(10, tolerance, start.to_vec(), &mut objective).unwrap();
        for _ in 0..400 {
            let before = solver.point().value;
            let outcome = solver.iterate(1.0, &mut objective).unwrap();
            if outcome != Outcome::Moved {
                return (solver, count, outcome);
            }
            assert!(solver.point().value <= before + SLACK * before.abs());
        }
        (solver, count, Outcome::Moved)
    }

    /// Σ 100(x₂ − x₁²)² + (1 − x₁)² over neighbours.
    fn rosenbrock(x: &[f64], gradient: &mut [f64]) -> f64 {
        gradient.fill(0.0);
        let mut value = 0.0;
        for i in 1..x.len() {
            let (valley, rest) = (x[i] - x[i - 1] * x[i - 1], 1.0 - x[i - 1]);
            value += 100.0 * valley * valley + rest * rest;
            gradient[i] += 200.0 * valley;
            gradient[i - 1] -= 400.0 * valley * x[i - 1] + 2.0 * rest;
        }
        value
    }

    #[test]
    fn the_least_of_rosenbrocks_function_is_found() {
        for (start, most) in [(&[-1.2, 1.0][..], 60), (&[-1.2, 1.0, -0.5, 2.0, 0.3, 0.7][..], 160)]
        {
            let (solver, count, outcome) = least_of(rosenbrock, start, 1e-11);
            assert_eq!(outcome, Outcome::Converged);
            assert!(solver.point().at.iter().all(|x| (x - 1.0).abs() < 1e-10), "{solver:?}");
            assert!(count < most, "{count} evaluations");
        }
    }

    #[test]
    fn a_bowl_a_billion_times_longer_than_wide_is_no_obstacle() {
        let bowl = |x: &[f64], gradient: &mut [f64]| {
            let scales = [1e-4, 1.0, 1e5];
            let parts = x.iter().zip(scales).zip(gradient);
            parts.fold(3.0, |sum, ((x, scale), slope)| {
                *slope = scale * (x - 1.0);
                sum + 0.5 * scale * (x - 1.0) * (x - 1.0)
            })
        };
        // The value ends in rounding when the distance is 1e-6: the gradient leads on.
        let (solver, ..) = least_of(bowl, &[50.0, -3.0, 0.1], 1e-14);
        assert!(solver.point().at.iter().all(|x| (x - 1.0).abs() < 1e-9), "{solver:?}");
    }

    #[test]
    fn a_step_into_what_is_no_number_is_taken_back() {
        // x − log x, which has no value at x ≤ 0: the first step from 1e-3 is far too long.
        let barrier = |x: &[f64], gradient: &mut [f64]| {
            gradient[0] = 1.0 - 1.0 / x[0];
            if x[0] > 0.0 { x[0] - libm::log(x[0]) } else { f64::NAN }
        };
        for start in [1e-3, 40.0, 1e6] {
            let (solver, _, outcome) = least_of(barrier, &[start], 1e-10);
            assert_eq!(outcome, Outcome::Converged);
            assert!((solver.point().at[0] - 1.0).abs() < 1e-9, "{solver:?}");
        }
    }

    #[test]
    fn what_has_no_least_ends_all_the_same() {
        let slope = |x: &[f64], gradient: &mut [f64]| {
            gradient[0] = 1.0;
            x[0]
        };
        let (solver, ..) = least_of(slope, &[0.0], 1e-7);
        assert!(solver.point().at[0] < -1e6);
        let nothing = |_: &[f64], gradient: &mut [f64]| {
            gradient[0] = f64::NAN;
            f64::NAN
        };
        let (_, count, outcome) = least_of(nothing, &[0.0], 1e-7);
        assert_eq!((count, outcome), (1, Outcome::Stuck));
        // A gradient that is wrong by its sign leads nowhere.
        let wrong = |x: &[f64], gradient: &mut [f64]| {
            gradient[0] = -2.0 * x[0];
            x[0] * x[0]
        };
        let (_, _, outcome) = least_of(wrong, &[1.0], 1e-7);
        assert_eq!(outcome, Outcome::Stuck);
    }

    #[test]
    fn every_step_fulfils_the_strong_wolfe_conditions() {
        let mut objective = |at: &[f64], gradient: &mut [f64]| Ok(rosenbrock(at, gradient));
        let mut solver = Lbfgs::new(3, 1e-6, vec![-1.2, 1.0], &mut objective).unwrap();
        for _ in 0..15 {
            let (before, direction) = (solver.point().clone(), solver.direction());
            let _ = solver.iterate(1.0, &mut objective).unwrap();
            let after = solver.point();
            let far = (after.at[0] - before.at[0]) / direction[0];
            let slopes = [&before, after].map(|point| dot(&point.gradient, &direction));
            assert!(after.value <= before.value + DECREASE * far * slopes[0]);
            assert!(slopes[1].abs() <= CURVATURE * slopes[0].abs());
            assert!(solver.pairs.len() <= 3);
        }
    }
}
