//! Monotone curves that a number passes before it is standardised.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// What becomes of a number before its mean is subtracted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "form")]
pub enum Curve {
    /// Nothing.
    #[default]
    Identity,
    /// log(1 + x), as a sum and a logarithm in f64; for x of 0 or more.
    Log,
    /// Straight lines between points; outside them the value of the nearest.
    Lines {
        /// Each point, x and its value, x ascending; two at least.
        points: Vec<(f64, f64)>,
    },
}

/// Most points of a curve through quantiles.
const MOST_POINTS: usize = 1000;

impl Curve {
    pub(super) fn is_identity(&self) -> bool {
        *self == Self::Identity
    }

    /// Whether there is a line, if there are lines, and the points ascend.
    pub(super) fn is_sound(&self) -> bool {
        match self {
            Self::Identity | Self::Log => true,
            Self::Lines { points } => points.len() > 1 && points.is_sorted_by(|a, b| a.0 < b.0),
        }
    }

    /// The curve that makes ascending values normal: quantile j of q, from 0, becomes
    /// Φ⁻¹((j + ½)/q), and equal quantiles the middle between the first and the last of them.
    /// `None` if all values are equal.
    pub(super) fn to_normal(ascending: &[f64]) -> Option<Self> {
        let (first, last) = (ascending.first()?, ascending.last()?);
        if first == last {
            return None;
        }
        let count = ascending.len().min(MOST_POINTS);
        let quantile = |j: usize| {
            let place = (j * (ascending.len() - 1)) as f64 / (count - 1) as f64;
            let below = place.floor();
            let at = |place: usize| ascending[place.min(ascending.len() - 1)];
            let (low, high) = (at(below as usize), at(below as usize + 1));
            low + (place - below) * (high - low)
        };
        let quantiles: Vec<(f64, f64)> =
            (0..count).map(|j| (quantile(j), normal_score(j, count))).collect();
        let equal = quantiles.chunk_by(|a, b| a.0 >= b.0);
        let middle = |chunk: &[(f64, f64)]| {
            let [first, .., last] = chunk else { return chunk[0] };
            (first.0, (first.1 + last.1) / 2.0)
        };
        let points: Vec<(f64, f64)> = equal.map(middle).collect();
        (points.len() > 1).then_some(Self::Lines { points })
    }

    /// Returns the pieces of straight lines.
    pub fn lines(&self) -> Lines {
        let points: &[(f64, f64)] = match self {
            Self::Lines { points } => points,
            Self::Identity | Self::Log => &[],
        };
        let slope = |pair: &[(f64, f64)]| {
            let slope = (pair[1].1 - pair[0].1) / (pair[1].0 - pair[0].0);
            if slope.is_finite() { slope } else { 0.0 }
        };
        Lines {
            start: points.iter().map(|point| point.0).collect(),
            value: points.iter().map(|point| point.1).collect(),
            slope: points.windows(2).map(slope).collect(),
        }
    }
}

/// The straight lines of a curve, taken apart: line i goes from `start[i]` to `start[i + 1]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    /// Where each line begins, and where the last one ends.
    pub start: Vec<f64>,
    /// The value there.
    pub value: Vec<f64>,
    /// How steep each line is.
    pub slope: Vec<f64>,
}

impl Lines {
    /// Returns the value of the curve; 0 without a line. The model file computes it so, too.
    pub(super) fn at(&self, x: f64) -> f64 {
        let lines = self.slope.len();
        let Some(inner) = self.start.get(1..lines) else { return 0.0 };
        let x = x.max(self.start[0]).min(self.start[lines]);
        let line = inner.iter().filter(|&&start| x >= start).count();
        self.value[line] + (x - self.start[line]) * self.slope[line]
    }
}

/// Φ⁻¹((place + ½)/count), the same on both sides of the middle.
fn normal_score(place: usize, count: usize) -> f64 {
    let share = |place: usize| (place as f64 + 0.5) / count as f64;
    let mirrored = count - 1 - place;
    match place.cmp(&mirrored) {
        Ordering::Less => normal_quantile(share(place)),
        Ordering::Equal => 0.0,
        Ordering::Greater => -normal_quantile(share(mirrored)),
    }
}

/// Returns x where the standard normal distribution reaches p, 0 < p ≤ ½, by halving.
fn normal_quantile(p: f64) -> f64 {
    let below = |x: f64| 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2) < p;
    let (mut low, mut high) = (-40.0, 0.0);
    for _ in 0..64 {
        let middle = (low + high) / 2.0;
        (low, high) = if below(middle) { (middle, high) } else { (low, middle) };
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_the_normal_distribution() {
        // Tables of the normal distribution, as SciPy 1.14 prints them.
        let known = [
            (0.5, 0.0),
            (0.025, -1.959963984540054),
            (0.0005, -3.2905267314918945),
            (1e-10, -6.361340902404056),
        ];
        for (p, x) in known {
            assert!((normal_quantile(p) - x).abs() < 1e-12, "{p}: {}", normal_quantile(p));
        }
    }

    #[test]
    fn a_curve_through_quantiles() {
        let curve = Curve::to_normal(&[1.0, 2.0, 2.0, 2.0, 9.0]).unwrap();
        let lines = curve.lines();
        let end = -normal_quantile(0.1);
        assert_eq!(lines.start, [1.0, 2.0, 9.0]);
        assert_eq!([lines.at(-5.0), lines.at(1.0), lines.at(2.0)], [-end, -end, 0.0]);
        assert!((lines.at(5.5) - end / 2.0).abs() < 1e-15);
        assert!((lines.at(1e9) - end).abs() < 1e-15);
        assert_eq!(Curve::to_normal(&[3.0, 3.0]), None);
        assert_eq!(Curve::to_normal(&[]), None);
        // Many values: at most a thousand points, and the middle in the middle.
        let many: Vec<f64> = (0..5_001).map(f64::from).collect();
        let lines = Curve::to_normal(&many).unwrap().lines();
        assert_eq!(lines.start.len(), 1000);
        assert!(lines.at(2_500.0).abs() < 1e-9);
        assert!(lines.value.is_sorted() && lines.slope.iter().all(|&slope| slope > 0.0));
    }

    #[test]
    fn numbers_next_to_each_other_make_no_line_infinitely_steep() {
        let lines = Curve::to_normal(&[0.0, 5e-324, 1.0]).unwrap().lines();
        assert!(lines.slope.iter().all(|slope| slope.is_finite()));
        let nothing = Curve::Lines { points: vec![(1.0, 2.0)] };
        assert_eq!(nothing.lines().at(3.0), 0.0);
    }
}
