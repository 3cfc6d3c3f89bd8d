//! What a column's numbers are like: their middle, their mean and their spread.

/// Returns the median, or 0 without values. The order of the values changes.
pub(super) fn median(values: &mut [f64]) -> f64 {
    let count = values.len();
    if count == 0 {
        return 0.0;
    }
    let (lower, &mut upper, _) = values.select_nth_unstable_by(count / 2, f64::total_cmp);
    if count % 2 == 1 {
        return upper;
    }
    let below = lower.iter().copied().max_by(f64::total_cmp);
    below.map_or(upper, |below| (below + upper) / 2.0)
}

/// Returns the mean and the population standard deviation; (0, 0) without values.
///
/// Two passes, the mean corrected by the mean deviation, and the squares scaled by the largest
/// deviation, so that neither 1e-200 nor 1e200 is lost. The standard deviation is 0 if all values
/// are equal, or differ by no more than the rounding of their mean.
pub(in crate::data) fn moments(values: &[f64]) -> (f64, f64) {
    let Some(&first) = values.first() else {
        return (0.0, 0.0);
    };
    if values.iter().all(|&value| value == first) {
        return (first, 0.0);
    }
    let count = values.len() as f64;
    let rough = values.iter().map(|value| value / count).sum::<f64>();
    let mean = rough + values.iter().map(|value| value - rough).sum::<f64>() / count;
    let deviations = || values.iter().map(|value| (value - mean).abs());
    let largest = deviations().fold(0.0, f64::max);
    let squares: f64 =
        deviations().map(|deviation| (deviation / largest) * (deviation / largest)).sum();
    let std = largest * (squares / count).sqrt();
    let rounding = 8.0 * f64::EPSILON * mean.abs();
    if std.is_normal() && std > rounding { (mean, std) } else { (mean, 0.0) }
}

/// Returns the quartiles, between two values by a straight line; 0 without values. The order of the
/// values changes.
pub(super) fn quartiles(values: &mut [f64]) -> [f64; 3] {
    values.sort_unstable_by(f64::total_cmp);
    [0.25, 0.5, 0.75].map(|share| {
        let Some(last) = values.len().checked_sub(1) else { return 0.0 };
        let place = share * last as f64;
        let below = place.floor();
        let (low, high) = (values[below as usize], values[(below as usize + 1).min(last)]);
        low + (place - below) * (high - low)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_as_numpy_has_them() {
        // numpy.percentile([1, 2, 4, 8, 16, 32], [25, 50, 75]).
        assert_eq!(quartiles(&mut [32.0, 1.0, 2.0, 16.0, 4.0, 8.0]), [2.5, 6.0, 14.0]);
        assert_eq!(quartiles(&mut [7.0]), [7.0; 3]);
        assert_eq!(quartiles(&mut []), [0.0; 3]);
    }
}
