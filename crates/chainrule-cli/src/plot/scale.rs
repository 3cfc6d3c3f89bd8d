//! From numbers to places: the part of an axis that is shown, and its ticks.

use super::typeset::{Run, plain, scientific};

/// The part of an axis that is shown, and where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    pub from: f64,
    pub to: f64,
    /// Where `from` and `to` stand in the picture.
    pub places: [f64; 2],
}

/// No place is farther out than this, so that lines to it can still be cut.
const FARTHEST: f64 = 1e6;

impl Scale {
    /// Where a number stands.
    pub fn place(&self, value: f64) -> f64 {
        // Halves first: the whole range may be more than the largest number.
        let share = (value / 2.0 - self.from / 2.0) / (self.to / 2.0 - self.from / 2.0);
        let [start, end] = self.places;
        (start + share * (end - start)).clamp(-FARTHEST, FARTHEST)
    }

    /// Whether a number is shown.
    pub fn holds(&self, value: f64) -> bool {
        (self.from..=self.to).contains(&value)
    }
}

/// Round numbers from one number to another, about `count` of them, with the step between them.
pub fn ticks(from: f64, to: f64, count: f64) -> (Vec<f64>, f64) {
    let rough = (to - from) / count.max(1.0);
    if !(rough > 0.0 && rough.is_finite()) {
        return (Vec::new(), 1.0);
    }
    let power = libm::floor(libm::log10(rough));
    let size = libm::pow(10.0, power);
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * size >= rough * 0.999);
    let factor = factor.unwrap_or(10.0);
    // Dividing by 10, 100, … gives the nearest number to 0.3, where 3 · 0.1 does not.
    let round = |i: f64| match power < 0.0 {
        true => i * factor / libm::pow(10.0, -power),
        false => i * factor * size,
    };
    let step = round(1.0);
    let (first, last) = ((from / step - 1e-9).ceil(), (to / step + 1e-9).floor());
    let ticks = (0..=1000).map(|i| first + f64::from(i)).take_while(|&i| i <= last);
    (ticks.map(|i| round(i) + 0.0).collect(), step)
}

/// A tick's number, with as many decimals as its step needs.
pub fn label(value: f64, step: f64) -> Vec<Run> {
    let largest = value.abs().max(step);
    if value != 0.0 && (largest >= 1e5 || step < 1e-4) {
        let digits = libm::ceil(libm::log10(largest / step)).clamp(0.0, 15.0) as usize;
        let text = format!("{value:.digits$e}");
        if let Some((digits, exponent)) = text.split_once('e') {
            let digits = digits.trim_end_matches('0').trim_end_matches('.');
            return scientific(digits, exponent);
        }
    }
    let step = if value == 0.0 { step.clamp(1e-4, 1.0) } else { step };
    let decimals = (-libm::floor(libm::log10(step) + 1e-9)).clamp(0.0, 15.0) as usize;
    plain(&format!("{value:.decimals$}").replace('-', "−"))
}

/// A number to four digits, for a label.
pub fn rounded(value: f64) -> f64 {
    // Adding 0 turns −0 into 0.
    format!("{value:.3e}").parse().unwrap_or(value) + 0.0
}

/// The part of the vertical axis that shows some values well.
///
/// All of them, unless a few, near a pole, are far from the rest: then the middle 90 %.
pub fn range(values: &[f64]) -> Option<[f64; 2]> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let (&least, &most) = (sorted.first()?, sorted.last()?);
    let quantile = |share: f64| {
        let place = (share * (sorted.len() - 1) as f64).round() as usize;
        sorted.get(place).copied().unwrap_or(least)
    };
    let middle = [quantile(0.05), quantile(0.95)];
    let inner = quantile(0.98) - quantile(0.02);
    Some(match most - least > 5.0 * inner && inner > 0.0 {
        true => middle,
        false => [least, most],
    })
}

/// A range with room around it, and with 0 where that is near.
pub fn roomy([least, most]: [f64; 2]) -> [f64; 2] {
    let mut range = [least, most];
    if least == most {
        let room = if least == 0.0 { 1.0 } else { least.abs() / 2.0 };
        range = [least - room, most + room];
    }
    let span = range[1] - range[0];
    if range[0] > 0.0 && range[0] < 0.35 * span {
        range[0] = 0.0;
    } else if range[1] < 0.0 && -range[1] < 0.35 * span {
        range[1] = 0.0;
    }
    let room = 0.06 * (range[1] - range[0]);
    [range[0] - room, range[1] + room]
}

#[cfg(test)]
mod tests {
    use super::super::typeset::text;
    use super::*;

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(ticks(-6.0, 6.0, 7.0).0, [-6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0]);
        assert_eq!(ticks(-0.06, 1.06, 6.0).0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
        assert_eq!(ticks(0.0, 0.7, 7.0).0, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]);
        assert_eq!(ticks(1e6, 3e6, 2.0), (vec![1e6, 2e6, 3e6], 1e6));
        assert!(ticks(1.0, 1.0, 5.0).0.is_empty());
        assert!(ticks(f64::MIN, f64::MAX, 5.0).0.is_empty());
    }

    #[test]
    fn labels_have_the_decimals_of_the_step() {
        let label = |value, step| text(&label(value, step));
        assert_eq!(label(0.5, 0.2), "0.5");
        assert_eq!(label(-2.0, 1.0), "−2");
        assert_eq!(label(0.0, 0.2), "0.0");
        assert_eq!(label(300000.0, 100000.0), "3·105");
        assert_eq!(label(100000.0, 100000.0), "105");
        assert_eq!(label(2e-6, 1e-6), "2·10−6");
        assert_eq!(label(-2e20, 1e20), "−2·1020");
        assert_eq!(label(0.0, 1e6), "0");
    }

    #[test]
    fn a_pole_does_not_decide_the_range() {
        let xs = (-240..=240).map(|i| f64::from(i) / 40.0);
        let poles: Vec<f64> = xs.clone().map(|x| 1.0 / x).collect();
        let [least, most] = range(&poles).unwrap();
        assert!(least == -most && (1.0..5.0).contains(&most), "{most}");
        let all: Vec<f64> = xs.map(libm::exp).collect();
        assert_eq!(range(&all).unwrap(), [libm::exp(-6.0), libm::exp(6.0)]);
        assert_eq!(range(&[f64::NAN, f64::INFINITY]), None);
    }

    #[test]
    fn a_range_has_room_and_its_zero() {
        assert_eq!(roomy([0.0, 1.0]), [-0.06, 1.06]);
        assert_eq!(roomy([0.1, 1.0]), [-0.06, 1.06]);
        assert_eq!(roomy([2.0, 2.0]), [0.88, 3.12]);
        assert_eq!(roomy([0.0, 0.0]), [-1.12, 1.12]);
        let scale = Scale { from: f64::MIN, to: f64::MAX, places: [0.0, 100.0] };
        assert_eq!(scale.place(0.0), 50.0);
    }
}
