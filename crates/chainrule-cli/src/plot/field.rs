//! A function of two variables on a grid, and the lines on which it has one value.

use std::collections::BTreeMap;

use chainrule::Error;

use super::evaluate::Evaluator;
use super::function::Function;
use super::sample::evenly;
use super::scale::ticks;
use super::scene::Point;

/// Values of a function on a grid.
pub struct Field {
    xs: Vec<f64>,
    ys: Vec<f64>,
    /// Row after row, from the least y.
    values: Vec<f64>,
}

/// The values that lines are drawn at.
#[derive(Clone, Debug, PartialEq)]
pub struct Levels {
    pub values: Vec<f64>,
    /// Whether each is some times the one before.
    pub by_factors: bool,
}

/// About how many lines there are.
const LINES: f64 = 11.0;

impl Field {
    /// Evaluates a function of the two variables `by` on a grid.
    ///
    /// # Errors
    /// What compiling or evaluating says.
    pub fn new(
        function: &Function,
        by: [&str; 2],
        given: &[(String, f64)],
        shown: [[f64; 2]; 2],
        counts: [usize; 2],
        single: bool,
    ) -> Result<Self, Error> {
        let value = Function::of_rows(function.value(), given)?;
        let mut evaluator = Evaluator::new(&[value], single)?;
        let [xs, ys] = [0, 1].map(|axis| evenly(shown[axis][0], shown[axis][1], counts[axis]));
        let all_x: Vec<f64> = ys.iter().flat_map(|_| xs.iter().copied()).collect();
        let all_y: Vec<f64> = ys.iter().flat_map(|&y| xs.iter().map(move |_| y)).collect();
        let values = evaluator.values(&[(by[0], &all_x), (by[1], &all_y)])?;
        Ok(Self { xs, ys, values: values.into_iter().next().unwrap_or_default() })
    }

    /// The lowest and the highest point of the grid: x, y and the value.
    pub fn extremes(&self) -> Option<[[f64; 3]; 2]> {
        let points = || {
            let places = self.ys.iter().flat_map(|&y| self.xs.iter().map(move |&x| [x, y]));
            let points = places.zip(&self.values).map(|([x, y], &value)| [x, y, value]);
            points.filter(|[_, _, value]| value.is_finite())
        };
        let first = points().next()?;
        let lowest =
            points().fold(first, |best, point| if point[2] < best[2] { point } else { best });
        let highest =
            points().fold(first, |best, point| if point[2] > best[2] { point } else { best });
        Some([lowest, highest])
    }

    /// Values that show the function well: even steps, or factors where it spans many sizes.
    pub fn levels(&self) -> Levels {
        let mut sorted: Vec<f64> =
            self.values.iter().copied().filter(|value| value.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let (Some(&least), Some(&most)) = (sorted.first(), sorted.last()) else {
            return Levels { values: Vec::new(), by_factors: false };
        };
        let quantile = |share: f64| sorted[(share * (sorted.len() - 1) as f64) as usize];
        if least >= 0.0 && most > 40.0 * quantile(0.1) {
            let low = quantile(0.002).max(most * 1e-8);
            return Levels { values: factors(low, most), by_factors: true };
        }
        let inside = |value: &f64| least < *value && *value < most;
        let values = ticks(least, most, LINES).0.into_iter().filter(inside).collect();
        Levels { values, by_factors: false }
    }

    /// The lines on which the function has a value, in numbers of the axes.
    pub fn lines(&self, level: f64, by_factors: bool) -> Vec<Vec<Point>> {
        let mut ends: BTreeMap<Edge, [Option<Edge>; 2]> = BTreeMap::new();
        for row in 0..self.ys.len().saturating_sub(1) {
            for column in 0..self.xs.len().saturating_sub(1) {
                for (from, to) in self.crossings(level, column, row) {
                    join(&mut ends, from, to);
                    join(&mut ends, to, from);
                }
            }
        }
        let place = |edge: Edge| self.place(level, by_factors, edge);
        chains(&ends).into_iter().map(|chain| chain.into_iter().map(place).collect()).collect()
    }

    fn value(&self, column: usize, row: usize) -> f64 {
        self.values.get(row * self.xs.len() + column).copied().unwrap_or(f64::NAN)
    }

    /// The sides of a cell between which lines of a level cross it.
    fn crossings(&self, level: f64, column: usize, row: usize) -> Vec<(Edge, Edge)> {
        let corners = [(0, 0), (1, 0), (1, 1), (0, 1)];
        let values = corners.map(|(right, up)| self.value(column + right, row + up));
        if !values.iter().all(|value| value.is_finite()) {
            return Vec::new();
        }
        let sides = [
            Edge { row, column, upright: false },
            Edge { row, column: column + 1, upright: true },
            Edge { row: row + 1, column, upright: false },
            Edge { row, column, upright: true },
        ];
        let above = values.map(|value| value > level);
        let crossed: Vec<Edge> =
            (0..4).filter(|&i| above[i] != above[(i + 1) % 4]).map(|i| sides[i]).collect();
        match crossed[..] {
            [from, to] => vec![(from, to)],
            // A saddle: what its middle is decides which sides go together.
            [first, second, third, fourth] => {
                let middle = values.iter().map(|value| value / 4.0).sum::<f64>() > level;
                match middle == above[0] {
                    true => vec![(first, second), (third, fourth)],
                    false => vec![(first, fourth), (second, third)],
                }
            }
            _ => Vec::new(),
        }
    }

    /// Where a level crosses a side.
    fn place(&self, level: f64, by_factors: bool, edge: Edge) -> Point {
        let Edge { row, column, upright } = edge;
        let (next_column, next_row) = if upright { (column, row + 1) } else { (column + 1, row) };
        let (a, b) = (self.value(column, row), self.value(next_column, next_row));
        // Among factors the way from 1 to 100 is half done at 10.
        let height = |value: f64| match by_factors {
            true => libm::log(value.max(level * 1e-3)),
            false => value,
        };
        let share = (height(level) - height(a)) / (height(b) - height(a));
        let share = if share.is_nan() { 0.5 } else { share.clamp(0.0, 1.0) };
        let along =
            |numbers: &[f64], i: usize, j: usize| numbers[i] + share * (numbers[j] - numbers[i]);
        [along(&self.xs, column, next_column), along(&self.ys, row, next_row)]
    }
}

/// A side of a cell: from a point of the grid to the right, or upright.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    row: usize,
    column: usize,
    upright: bool,
}

fn join(ends: &mut BTreeMap<Edge, [Option<Edge>; 2]>, from: Edge, to: Edge) {
    let neighbours = ends.entry(from).or_default();
    let free = if neighbours[0].is_none() { 0 } else { 1 };
    neighbours[free] = Some(to);
}

/// Sides that follow one another, as lines: first those with two ends, then the closed ones.
fn chains(neighbours: &BTreeMap<Edge, [Option<Edge>; 2]>) -> Vec<Vec<Edge>> {
    let mut chains = Vec::new();
    let mut seen: BTreeMap<Edge, ()> = BTreeMap::new();
    let ends = neighbours.iter().filter(|(_, next)| next[1].is_none()).map(|(edge, _)| *edge);
    for start in ends.chain(neighbours.keys().copied()) {
        let mut chain = Vec::new();
        let mut here = Some(start);
        while let Some(edge) = here {
            if seen.insert(edge, ()).is_some() {
                break;
            }
            chain.push(edge);
            let next = neighbours.get(&edge).copied().unwrap_or_default();
            here = next.into_iter().flatten().find(|next| !seen.contains_key(next));
        }
        if chain.len() > 1 {
            let closes = neighbours[&chain[chain.len() - 1]].contains(&Some(start));
            if closes && chain.len() > 2 {
                chain.push(start);
            }
            chains.push(chain);
        }
    }
    chains
}

/// Powers of ten between two numbers, with round numbers between where there are few.
fn factors(low: f64, high: f64) -> Vec<f64> {
    let exponents = libm::floor(libm::log10(low)) as i32..=libm::ceil(libm::log10(high)) as i32;
    let digits: &[u32] = match exponents.clone().count() {
        0..=4 => &[1, 2, 5],
        5..=8 => &[1, 3],
        _ => &[1],
    };
    // The text of a round number gives the nearest to it.
    let number = |digit: &u32, exponent: i32| format!("{digit}e{exponent}").parse().unwrap_or(low);
    exponents
        .flat_map(|exponent| digits.iter().map(move |digit| number(digit, exponent)))
        .filter(|level| low <= *level && *level < high)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(text: &str, reach: f64) -> Field {
        let function = Function::read(text).unwrap();
        let shown = [[-reach, reach]; 2];
        Field::new(&function, ["x", "y"], &[], shown, [81, 81], false).unwrap()
    }

    #[test]
    fn the_lines_of_a_bowl_are_circles() {
        let field = field("x^2 + y^2", 2.0);
        let lines = field.lines(1.0, false);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].first(), lines[0].last());
        for [x, y] in &lines[0] {
            assert!((x * x + y * y - 1.0).abs() < 0.01, "{x} {y}");
        }
        assert_eq!(field.extremes().unwrap()[0], [0.0, 0.0, 0.0]);
        assert!(!field.levels().by_factors);
    }

    #[test]
    fn a_saddle_has_two_open_lines() {
        let field = field("x*y", 2.0);
        assert_eq!(field.lines(1.0, false).len(), 2);
        for line in field.lines(-1.0, false) {
            assert!(line.iter().all(|[x, y]| (x * y + 1.0).abs() < 0.01));
            assert_ne!(line.first(), line.last());
        }
    }

    #[test]
    fn a_function_of_many_sizes_has_levels_by_factors() {
        let levels = field("(1 - x)^2 + 100*(y - x^2)^2", 2.0).levels();
        assert!(levels.by_factors);
        assert!(levels.values.contains(&100.0) && levels.values.contains(&1000.0));
        assert!((6..=14).contains(&levels.values.len()), "{:?}", levels.values);
    }

    #[test]
    fn there_is_no_line_where_there_is_no_value() {
        let field = field("log(x) + y", 2.0);
        for line in field.lines(0.5, false) {
            assert!(line.iter().all(|[x, _]| *x > 0.0));
        }
        let nowhere = self::field("sqrt(-1 - x^2 - y^2)", 2.0);
        assert!(nowhere.extremes().is_none() && nowhere.levels().values.is_empty());
        assert!(self::field("0*x*y + 3", 2.0).levels().values.is_empty());
    }
}
