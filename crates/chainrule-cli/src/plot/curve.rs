//! Curves of functions of one variable, with their derivatives and tangents: the numbers.

use chainrule::derivative::pull_back;
use chainrule::{Error, Expr, Shape};

use super::evaluate::Evaluator;
use super::function::Function;
use super::label::Label;
use super::sample::{Sample, View, evenly, refined};
use super::scale::{range, roomy};

/// Points at which a curve is first looked at; an odd number has the middle among them.
const FIRST: usize = 481;

/// A function of one variable, or the derivative of one.
pub struct Curve {
    /// What it is called in the picture.
    pub label: Label,
    /// Its formula.
    pub formula: String,
    /// Which of the functions it belongs to.
    pub function: usize,
    pub is_derivative: bool,
    pub points: Vec<Sample>,
}

impl Curve {
    /// The least and the greatest point; none of a curve without points.
    pub fn extremes(&self) -> Option<[Sample; 2]> {
        let defined = || self.points.iter().copied().filter(|[_, y]| !y.is_nan());
        let first = defined().next()?;
        let least =
            defined().fold(first, |best, point| if point[1] < best[1] { point } else { best });
        let most =
            defined().fold(first, |best, point| if point[1] > best[1] { point } else { best });
        Some([least, most])
    }
}

/// The tangent of a curve at a place.
pub struct Tangent {
    /// Which of the functions it belongs to.
    pub function: usize,
    pub at: Sample,
    pub slope: f64,
}

impl Tangent {
    /// The tangent's value at a place.
    pub fn value(&self, x: f64) -> f64 {
        self.at[1] + self.slope * (x - self.at[0])
    }

    /// What it crosses the vertical axis at.
    pub fn intercept(&self) -> f64 {
        // Adding 0 turns −0 into 0.
        self.value(0.0) + 0.0
    }
}

/// What is asked of curves.
pub struct Request<'a> {
    /// The variable of the horizontal axis.
    pub by: &'a str,
    /// The values of the others.
    pub given: &'a [(String, f64)],
    /// What is shown of the horizontal axis.
    pub shown: [f64; 2],
    /// What is shown of the vertical one, where it is not to be chosen.
    pub heights: [Option<f64>; 2],
    pub derivative: bool,
    pub tangents: &'a [f64],
    /// Whether formulas have letters as names even if nothing else needs them.
    pub named: bool,
    /// Whether each function has a vertical axis of its own.
    pub apart: bool,
    /// Whether values are those of f32.
    pub single: bool,
    /// How many places high the picture is.
    pub places: f64,
}

/// Curves, and what is shown of the vertical axis.
pub struct Curves {
    pub curves: Vec<Curve>,
    pub tangents: Vec<Tangent>,
    /// For each function.
    heights: Vec<[f64; 2]>,
}

/// A function of one variable made ready: its value and its slope in rows.
struct Ready {
    evaluator: Evaluator,
    slope: Expr,
}

impl Ready {
    fn new(function: &Function, request: &Request<'_>) -> Result<Self, Error> {
        let value = Function::of_rows(function.value(), request.given)?;
        let x = Expr::input(request.by, Shape::rows(&[]));
        let slope = pull_back(&value, &Expr::constant(1.0), &[x])?.remove(0);
        let written = function.calculus.partials(&[request.by], 1)?;
        let written = written.into_iter().next().map(|partial| partial.written);
        let evaluator = Evaluator::new(&[value, slope], request.single)?;
        Ok(Self { evaluator, slope: written.unwrap_or_else(|| Expr::constant(f64::NAN)) })
    }

    /// The values of the function, or of its slope where there is a function.
    fn values(&mut self, by: &str, xs: &[f64], of_slope: bool) -> Result<Vec<f64>, Error> {
        let mut values = self.evaluator.values(&[(by, xs)])?.into_iter();
        let (value, slope) = (values.next().unwrap_or_default(), values.next().unwrap_or_default());
        if !of_slope {
            return Ok(value);
        }
        // The formula of a slope may go on where the function ends: 1/x for x < 0, of log(x).
        let defined = slope.into_iter().zip(value);
        Ok(defined.map(|(slope, value)| if value.is_nan() { f64::NAN } else { slope }).collect())
    }
}

impl Curves {
    /// Finds the points of every curve.
    ///
    /// # Errors
    /// What compiling or evaluating says.
    pub fn new(functions: &[Function], request: &Request<'_>) -> Result<Self, Error> {
        let [from, to] = request.shown;
        let first = evenly(from, to, FIRST);
        let orders: &[bool] = if request.derivative { &[false, true] } else { &[false] };
        let mut ready = Vec::new();
        let mut starts: Vec<(usize, bool, Vec<Sample>)> = Vec::new();
        for (number, function) in functions.iter().enumerate() {
            let mut function = Ready::new(function, request)?;
            for &of_slope in orders {
                let values = function.values(request.by, &first, of_slope)?;
                let points = first.iter().zip(values).map(|(&x, y)| [x, y]).collect();
                starts.push((number, of_slope, points));
            }
            ready.push(function);
        }
        let mut tangents = Vec::new();
        for (function, ready) in ready.iter_mut().enumerate() {
            for &x in request.tangents {
                let value = ready.values(request.by, &[x], false)?;
                let slope = ready.values(request.by, &[x], true)?;
                if let ([y], [slope]) = (&value[..], &slope[..]) {
                    tangents.push(Tangent { function, at: [x, *y], slope: *slope });
                }
            }
        }
        let of_all = heights(&starts, &tangents, request, &|_| true);
        let heights: Vec<[f64; 2]> = (0..functions.len())
            .map(|function| match request.apart {
                true => heights(&starts, &tangents, request, &|other| other == function),
                false => of_all,
            })
            .collect();
        let labels = Label::of_functions(functions, request);
        let mut curves = Vec::new();
        for (number, is_derivative, start) in starts {
            let Some((ready, &shown)) = ready.get_mut(number).zip(heights.get(number)) else {
                continue;
            };
            let view = View { shown, density: request.places / (shown[1] - shown[0]) };
            let points = refined(start, view, |xs| ready.values(request.by, xs, is_derivative))?;
            let Some((function, label)) = functions.get(number).zip(labels.get(number)) else {
                continue;
            };
            curves.push(match is_derivative {
                true => Curve {
                    label: label.derivative(&ready.slope, request.by),
                    formula: ready.slope.to_string(),
                    function: number,
                    is_derivative,
                    points,
                },
                false => Curve {
                    label: label.clone(),
                    formula: function.value().to_string(),
                    function: number,
                    is_derivative,
                    points,
                },
            });
        }
        Ok(Self { curves, tangents, heights })
    }

    /// What is shown of the vertical axis for some of the functions.
    pub fn heights(&self, functions: &[usize]) -> [f64; 2] {
        let own = functions.iter().filter_map(|&function| self.heights.get(function));
        let joined = own
            .copied()
            .reduce(|[low, high], [least, most]| [f64::min(low, least), f64::max(high, most)]);
        joined.unwrap_or([0.0, 1.0])
    }

    /// What is shown of the vertical axis if all functions share it.
    pub fn all_heights(&self) -> [f64; 2] {
        let all: Vec<usize> = (0..self.heights.len()).collect();
        self.heights(&all)
    }

    /// Whether no curve has a line in the picture.
    pub fn is_empty(&self) -> bool {
        self.curves.iter().all(|curve| super::sample::pieces(&curve.points).is_empty())
    }
}

/// What is shown of the vertical axis: what was asked for, else what shows some functions' curves
/// well.
fn heights(
    starts: &[(usize, bool, Vec<Sample>)],
    tangents: &[Tangent],
    request: &Request<'_>,
    is_own: &dyn Fn(usize) -> bool,
) -> [f64; 2] {
    let mut chosen: Option<[f64; 2]> = None;
    let tangents = tangents.iter().filter(|tangent| is_own(tangent.function));
    let points = tangents.map(|tangent| [tangent.at[1]; 2]);
    let starts = starts.iter().filter(|(function, _, _)| is_own(*function));
    let of_curves = starts.filter_map(|(_, _, points)| {
        let values: Vec<f64> = points.iter().map(|[_, y]| *y).collect();
        range(&values)
    });
    for [least, most] in of_curves.chain(points).filter(|range| range[0].is_finite()) {
        let [low, high] = chosen.unwrap_or([least, most]);
        chosen = Some([f64::min(low, least), f64::max(high, most)]);
    }
    let [low, high] = roomy(chosen.unwrap_or([0.0, 0.0]));
    let [from, to] = request.heights;
    match (from, to) {
        (Some(from), None) if from >= high => [from, from + 1.0],
        (None, Some(to)) if to <= low => [to - 1.0, to],
        _ => [from.unwrap_or(low), to.unwrap_or(high)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curves(text: &str, tangents: &[f64], single: bool) -> Curves {
        let given = [("a".to_owned(), 2.0)];
        let request = Request {
            by: "x",
            given: &given,
            shown: [-3.0, 3.0],
            heights: [None, None],
            derivative: true,
            tangents,
            named: false,
            apart: false,
            single,
            places: 400.0,
        };
        Curves::new(&[Function::read(text).unwrap()], &request).unwrap()
    }

    #[test]
    fn a_curve_and_its_derivative_are_as_long_as_the_axis() {
        let found = curves("a*x^2 - 1", &[1.0], false);
        assert_eq!(found.curves.len(), 2);
        let [function, slope] = [&found.curves[0], &found.curves[1]];
        assert_eq!(function.extremes(), Some([[0.0, -1.0], [-3.0, 17.0]]));
        assert_eq!(slope.extremes(), Some([[-3.0, -12.0], [3.0, 12.0]]));
        assert!(function.points.iter().any(|[x, y]| *x == 1.5 && *y == 3.5));
        let [low, high] = found.all_heights();
        assert!(low < -12.0 && high > 17.0);
        let [tangent] = &found.tangents[..] else { panic!() };
        assert_eq!((tangent.at, tangent.slope, tangent.intercept()), ([1.0, 1.0], 4.0, -3.0));
    }

    #[test]
    fn what_is_nowhere_defined_is_empty() {
        assert!(!curves("log(x)", &[], false).is_empty());
        assert!(curves("log(-1 - x^2)", &[], false).is_empty());
        let slope = &curves("log(x)", &[], false).curves[1];
        assert!(slope.points.iter().all(|[x, y]| *x > 0.0 || y.is_nan()));
    }

    #[test]
    fn values_of_f32_are_those_of_f32() {
        let found = curves("x/3", &[1.0], true);
        assert_eq!(found.tangents[0].at[1], f64::from(1.0_f32 / 3.0));
    }
}
