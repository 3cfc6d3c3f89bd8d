//! How derivatives, numbers and checks are worded.

use chainrule::calculus::Precision;
use chainrule::calculus::{Partial, Sides, Slope};

/// The symbol of a derivative of a function: `df/dx`, or `∂²f/∂x∂y` if there are several variables.
pub fn symbol(name: &str, partial: &Partial, is_partial: bool) -> String {
    let d = if is_partial { "∂" } else { "d" };
    let power = |order: usize| match order {
        0..=1 => String::new(),
        _ => order.to_string().chars().map(superscript).collect(),
    };
    let mut below = String::new();
    for names in partial.by.chunk_by(|a, b| a == b) {
        below.push_str(&format!("{d}{}{}", names[0], power(names.len())));
    }
    format!("{d}{}{name}/{below}", power(partial.order()))
}

fn superscript(digit: char) -> char {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    digit.to_digit(10).map_or(digit, |digit| DIGITS[digit as usize])
}

/// A number in as many digits as tell it from every other of its precision.
pub fn full(value: f64, precision: Precision) -> String {
    let text = match precision {
        Precision::F64 => format!("{value:?}"),
        Precision::F32 => format!("{:?}", value as f32),
    };
    text.strip_suffix(".0").unwrap_or(&text).replace("NaN", "nan")
}

/// A number with some significant digits, without zeros at the end: `0.778073`, `13`, `1.5e-9`.
pub fn digits(value: f64, count: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return full(value, Precision::F64);
    }
    let scientific = format!("{value:.*e}", count - 1);
    let rounded: f64 = scientific.parse().unwrap_or(value);
    full(rounded, Precision::F64)
}

/// `= 13` or `≈ 0.778073`: whether some digits are all of a number.
pub fn equals(value: f64, precision: Precision) -> String {
    let shown = digits(value, 6);
    let sign = if full(value, precision) == shown { '=' } else { '≈' };
    format!("{sign} {shown}")
}

/// What the values of the function say about a derivative.
pub fn check(slope: &Slope, precision: Precision) -> String {
    if let Some(sides) = &slope.sides {
        return kink(slope, sides, precision);
    }
    if slope.value.is_nan() {
        return "undefined".to_owned();
    }
    let numeric = slope.numeric.value;
    if numeric.is_nan() {
        return String::new();
    }
    let difference = (numeric - slope.value).abs();
    if !slope.agrees() {
        let (shown, difference) = (digits(numeric, 6), digits(difference, 2));
        return format!(
            "but differences give {shown}, off by {difference}: there may be a kink nearby"
        );
    }
    match difference / slope.value.abs() {
        _ if difference == 0.0 => "differences give the same".to_owned(),
        relative if relative < 0.1 => {
            let count = digits_that_agree(relative);
            let plural = if count == 1 { "" } else { "s" };
            format!("differences give the same to {count} digit{plural}")
        }
        _ => format!("differences give the same to within {}", digits(difference, 1)),
    }
}

/// How many decimal digits agree at a relative difference.
fn digits_that_agree(relative: f64) -> usize {
    let mut count = 0;
    let mut limit = 0.1;
    while relative <= limit && count < 17 {
        count += 1;
        limit /= 10.0;
    }
    count
}

fn kink(slope: &Slope, sides: &Sides, precision: Precision) -> String {
    let is_told = !slope.exists() || slope.convention != slope.value;
    let training = match is_told {
        true => format!("; training uses {}", full(slope.convention, precision)),
        false => String::new(),
    };
    let shown = |value: f64| full(value, Precision::F64);
    match (sides.left, sides.right) {
        _ if sides.jumps => format!("the function jumps here, so it has no slope{training}"),
        (Some(left), Some(right)) if sides.common().is_none() => format!(
            "no derivative: {} from the left, {} from the right{training}",
            shown(left),
            shown(right)
        ),
        (Some(_), Some(_)) => format!("the same from both sides{training}"),
        (None, Some(_)) => format!("from the right, where alone it is defined{training}"),
        (Some(_), None) => format!("from the left, where alone it is defined{training}"),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_count() {
        let shown = [13.0, 0.778_073_2, 1.5e-9, -2.0 / 3.0, 1e300, 0.0, f64::NAN, 1234567.8];
        assert_eq!(
            shown.map(|value| digits(value, 6)),
            ["13", "0.778073", "1.5e-9", "-0.666667", "1e300", "0", "nan", "1234570"]
        );
        assert_eq!(equals(0.5, Precision::F64), "= 0.5");
        assert_eq!(equals(1.0 / 3.0, Precision::F64), "≈ 0.333333");
        assert_eq!(equals(f64::from(0.1f32), Precision::F32), "= 0.1");
    }

    #[test]
    fn agreement_is_counted_in_digits() {
        assert_eq!([0.09, 1e-3, 0.9e-12].map(digits_that_agree), [1, 3, 12]);
    }
}
