//! Points of a curve, close where it bends, with gaps where it has no value or jumps.

use super::scene::Point;

/// A point of a curve; y is NaN where there is a gap.
pub type Sample = Point;

/// How far the curve may be from the straight lines between its points, in places.
const DEVIATION: f64 = 0.1;

/// Times that an interval is halved where it must be.
const HALVINGS: usize = 24;

/// A curve that needs more points than this is a cloud.
const MOST: usize = 20_000;

/// A jump of fewer places than this is none.
const JUMP: f64 = 2.0;

/// Evenly spaced numbers, both ends included.
pub fn evenly(from: f64, to: f64, count: usize) -> Vec<f64> {
    let last = count.saturating_sub(1).max(1) as f64;
    // From the nearer end, so that a range about 0 has 0 in its middle.
    let at = |i: usize| match i as f64 / last {
        share if share < 0.5 => from + share * (to - from),
        share if share > 0.5 => to - (1.0 - share) * (to - from),
        _ => from / 2.0 + to / 2.0,
    };
    (0..count).map(at).collect()
}

/// How finely a curve is seen: what is shown of the vertical axis, and places a number.
#[derive(Clone, Copy, Debug)]
pub struct View {
    pub shown: [f64; 2],
    pub density: f64,
}

/// Adds points to a curve until straight lines between them are as good as the curve itself.
///
/// # Errors
/// What evaluating says.
pub fn refined<E>(
    start: Vec<Sample>,
    view: View,
    mut evaluate: impl FnMut(&[f64]) -> Result<Vec<f64>, E>,
) -> Result<Vec<Sample>, E> {
    let mut points = start;
    // Whether the interval that begins at each point is still to be halved.
    let mut open = vec![true; points.len()];
    for _ in 0..HALVINGS {
        let middles: Vec<f64> = (points.windows(2).zip(&open))
            .filter(|(pair, open)| **open && middle(pair).is_some())
            .filter_map(|(pair, _)| middle(pair))
            .collect();
        if middles.is_empty() || points.len() + middles.len() > MOST {
            break;
        }
        let mut values = evaluate(&middles)?.into_iter();
        let mut finer = Vec::with_capacity(points.len() + middles.len());
        let mut finer_open = Vec::with_capacity(points.len() + middles.len());
        for (i, &point) in points.iter().enumerate() {
            finer.push(point);
            let next = points.get(i + 1).filter(|_| open[i]);
            let between = next.and_then(|&next| Some((next, middle(&[point, next])?)));
            let Some((next, x)) = between else {
                finer_open.push(false);
                continue;
            };
            let half = [x, values.next().unwrap_or(f64::NAN)];
            let [left, right] = view.unfinished(point, half, next);
            finer.push(half);
            finer_open.extend([left, right]);
        }
        (points, open) = (finer, finer_open);
    }
    Ok(with_gaps(points, view))
}

/// The number between two points' x, if there is one.
fn middle(pair: &[Sample]) -> Option<f64> {
    let [[a, _], [b, _]] = pair else { return None };
    let middle = a / 2.0 + b / 2.0;
    (*a < middle && middle < *b).then_some(middle)
}

impl View {
    /// Whether the halves of an interval are still to be halved.
    fn unfinished(self, [_, a]: Sample, [_, m]: Sample, [_, b]: Sample) -> [bool; 2] {
        if !(a.is_finite() && m.is_finite() && b.is_finite()) {
            return [a.is_finite() != m.is_finite(), m.is_finite() != b.is_finite()];
        }
        let room = self.shown[1] - self.shown[0];
        let (above, below) = (self.shown[1] + room, self.shown[0] - room);
        if [a, m, b].iter().all(|&y| y > above) || [a, m, b].iter().all(|&y| y < below) {
            return [false; 2];
        }
        let apart = (m - (a / 2.0 + b / 2.0)).abs() * self.density > DEVIATION;
        [apart; 2]
    }
}

/// A gap between the points of a jump, found by halving it until nothing is between.
fn with_gaps(points: Vec<Sample>, view: View) -> Vec<Sample> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return points };
    let narrow = (last[0] - first[0]) * 1e-6;
    let [least, most] = view.shown;
    let mut gapped: Vec<Sample> = Vec::with_capacity(points.len());
    for &[x, y] in &points {
        if let Some(&[before, value]) = gapped.last()
            && y.is_finite()
            && x - before < narrow
            && (y.clamp(least, most) - value.clamp(least, most)).abs() * view.density > JUMP
        {
            gapped.push([before / 2.0 + x / 2.0, f64::NAN]);
        }
        gapped.push([x, if y.is_finite() { y } else { f64::NAN }]);
    }
    gapped
}

/// The lines of a curve between its gaps.
pub fn pieces(points: &[Sample]) -> Vec<&[Sample]> {
    points.split(|[_, y]| y.is_nan()).filter(|piece| piece.len() > 1).collect()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    const VIEW: View = View { shown: [-4.0, 4.0], density: 50.0 };

    fn curve(from: f64, to: f64, f: fn(f64) -> f64) -> Vec<Sample> {
        let values =
            |xs: &[f64]| -> Result<Vec<f64>, Infallible> { Ok(xs.iter().map(|&x| f(x)).collect()) };
        let start = evenly(from, to, 61).into_iter().map(|x| [x, f(x)]).collect();
        refined(start, VIEW, values).unwrap()
    }

    #[test]
    fn even_numbers_meet_both_ends_and_the_middle() {
        assert_eq!(evenly(-1.0, 1.0, 5), [-1.0, -0.5, 0.0, 0.5, 1.0]);
        let many = evenly(-6.0, 6.0, 481);
        assert_eq!((many[0], many[240], many[480]), (-6.0, 0.0, 6.0));
    }

    #[test]
    fn a_straight_line_needs_no_more_points_and_a_bend_does() {
        // Every interval is halved once to see that it is straight.
        assert_eq!(curve(-3.0, 3.0, |x| x).len(), 121);
        let bend = curve(-3.0, 3.1, |x| x.abs());
        let nearest = bend.iter().map(|[_, y]| *y).fold(f64::INFINITY, f64::min);
        assert!(nearest < 0.01, "{nearest}");
        assert!(bend.len() < 300, "{}", bend.len());
        assert_eq!(pieces(&bend).len(), 1);
    }

    #[test]
    fn a_pole_is_a_gap() {
        for (from, to) in [(-3.0, 3.0), (-3.0, 3.1)] {
            let points = curve(from, to, |x| 1.0 / x);
            let pieces = pieces(&points);
            assert_eq!(pieces.len(), 2, "{from} {to}");
            assert!(pieces[0].iter().all(|[x, y]| *x < 0.0 && *y < 0.0));
            assert!(pieces[1].iter().all(|[x, y]| *x > 0.0 && *y > 0.0));
        }
        assert_eq!(pieces(&curve(-4.0, 4.0, libm::tan)).len(), 3);
        // Both ends go up: the line leaves the picture and comes back.
        let square = curve(-3.0, 3.1, |x| 1.0 / (x * x));
        assert!(square.iter().any(|[_, y]| *y > 10.0));
    }

    #[test]
    fn a_jump_is_a_gap_at_its_place() {
        let points = curve(-3.0, 3.1, |x| if x > 0.5 { 1.0 } else { -1.0 });
        let pieces = pieces(&points);
        assert_eq!(pieces.len(), 2);
        let (end, start) = (pieces[0].last().unwrap()[0], pieces[1][0][0]);
        assert!((0.4999..=0.5).contains(&end) && (0.5..0.5001).contains(&start), "{end} {start}");
        // A steep curve is no jump.
        assert_eq!(super::pieces(&curve(-3.0, 3.1, |x| libm::tanh(1000.0 * x))).len(), 1);
    }

    #[test]
    fn where_there_is_no_value_there_is_no_line() {
        let points = curve(-3.0, 3.0, libm::log);
        let pieces = pieces(&points);
        assert_eq!(pieces.len(), 1);
        assert!(pieces[0][0][1] < -4.0, "{:?}", pieces[0][0]);
        let root = curve(-3.0, 3.1, f64::sqrt);
        assert!(super::pieces(&root)[0][0][0] < 1e-6);
        assert!(super::pieces(&curve(-3.0, 3.0, |_| f64::NAN)).is_empty());
    }

    #[test]
    fn a_cloud_ends() {
        assert!(curve(-1.0, 1.0, |x| libm::sin(1.0 / x)).len() <= MOST);
    }
}
