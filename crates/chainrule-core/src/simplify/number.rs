//! Exact numbers: the fractions and short decimals that a person writes.
//!
//! A constant stands for the decimal that is written: 0.1 is one tenth. Arithmetic on such numbers
//! is exact or is not done: `None` leaves what was written as it was written.

use std::cmp::Ordering;

/// The largest numerator and denominator: both, and their decimals, are exact in an `f64`.
const LARGEST: i128 = 1_000_000_000_000_000;

/// The most digits of a constant that is read as a number.
const MOST_DIGITS: usize = 15;

/// The largest numerator and denominator of a power that is multiplied out.
const LARGEST_POWER: i64 = 1_000_000;

/// A fraction in lowest terms, and whether it is written as a decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Number {
    numerator: i64,
    denominator: i64,
    is_decimal: bool,
}

impl Number {
    pub(super) const ZERO: Self = Self::integer(0);
    pub(super) const ONE: Self = Self::integer(1);
    pub(super) const MINUS_ONE: Self = Self::integer(-1);
    pub(super) const HALF: Self = Self { numerator: 1, denominator: 2, is_decimal: false };

    pub(super) const fn integer(numerator: i64) -> Self {
        Self { numerator, denominator: 1, is_decimal: false }
    }

    /// The number that a constant is written as, if that is short.
    pub(super) fn of(value: f64) -> Option<Self> {
        let (numerator, denominator) = decimal(value)?;
        Self::reduced(numerator, denominator, true)
    }

    /// The number, exact to the last bit if it is no fraction.
    pub(super) fn value(self) -> f64 {
        // Both are exact, so this is the nearest number to the quotient.
        self.numerator as f64 / self.denominator as f64
    }

    /// Numerator and denominator where it is written as a fraction; a decimal has denominator 1.
    pub(super) fn written(self) -> (f64, f64) {
        match self.is_decimal {
            true => (self.value(), 1.0),
            false => (self.numerator as f64, self.denominator as f64),
        }
    }

    fn reduced(numerator: i128, denominator: i128, is_decimal: bool) -> Option<Self> {
        let divisor = greatest_common_divisor(numerator, denominator).max(1);
        let sign = denominator.signum();
        let (numerator, denominator) = (sign * numerator / divisor, sign * denominator / divisor);
        if numerator.abs() > LARGEST || denominator > LARGEST || denominator == 0 {
            return None;
        }
        let (numerator, denominator) = (numerator as i64, denominator as i64);
        // What no short decimal can say is a fraction.
        let is_decimal = is_decimal
            && denominator != 1
            && decimal(numerator as f64 / denominator as f64)
                .is_some_and(|(n, d)| n * i128::from(denominator) == d * i128::from(numerator));
        Some(Self { numerator, denominator, is_decimal })
    }

    pub(super) fn plus(self, other: Self) -> Option<Self> {
        let (a, b) = (i128::from(self.numerator), i128::from(self.denominator));
        let (c, d) = (i128::from(other.numerator), i128::from(other.denominator));
        Self::reduced(a * d + c * b, b * d, self.is_decimal || other.is_decimal)
    }

    pub(super) fn times(self, other: Self) -> Option<Self> {
        let numerator = i128::from(self.numerator) * i128::from(other.numerator);
        let denominator = i128::from(self.denominator) * i128::from(other.denominator);
        Self::reduced(numerator, denominator, self.is_decimal || other.is_decimal)
    }

    /// One over the number; `None` of 0.
    pub(super) fn inverse(self) -> Option<Self> {
        Self::reduced(self.denominator.into(), self.numerator.into(), self.is_decimal)
    }

    pub(super) fn negated(self) -> Self {
        Self { numerator: -self.numerator, ..self }
    }

    pub(super) fn magnitude(self) -> Self {
        Self { numerator: self.numerator.abs(), ..self }
    }

    /// The power, if it is exact and short.
    pub(super) fn power(self, exponent: Self) -> Option<Self> {
        let root = match exponent.denominator {
            1 => self,
            _ if self.numerator <= 0 => return None,
            degree => Self {
                numerator: exact_root(self.numerator, degree)?,
                denominator: exact_root(self.denominator, degree)?,
                ..self
            },
        };
        let base = if exponent.numerator < 0 { root.inverse()? } else { root };
        let times = u32::try_from(exponent.numerator.unsigned_abs()).ok()?;
        let numerator = base.numerator.checked_pow(times)?;
        let denominator = base.denominator.checked_pow(times)?;
        if numerator.abs().max(denominator) > LARGEST_POWER && exponent.magnitude() != Self::ONE {
            return None;
        }
        Self::reduced(numerator.into(), denominator.into(), self.is_decimal)
    }

    /// The largest number of which all of these are whole multiples; none of one decimal.
    pub(super) fn content(numbers: impl Iterator<Item = Self>) -> Option<Self> {
        let (mut divisor, mut multiple) = (0i128, 1i128);
        let mut all_negative = true;
        for number in numbers {
            if number.is_decimal {
                return None;
            }
            divisor = greatest_common_divisor(divisor, number.numerator.into());
            let denominator = i128::from(number.denominator);
            multiple = multiple / greatest_common_divisor(multiple, denominator) * denominator;
            if multiple > LARGEST {
                return None;
            }
            all_negative &= number.numerator < 0;
        }
        Self::reduced(if all_negative { -divisor } else { divisor }, multiple, false)
    }

    pub(super) fn is_zero(self) -> bool {
        self.numerator == 0
    }

    pub(super) fn is_negative(self) -> bool {
        self.numerator < 0
    }

    /// Whether it is 1 or −1.
    pub(super) fn is_unit(self) -> bool {
        self.magnitude() == Self::ONE
    }

    /// The whole number, if it is one.
    pub(super) fn whole(self) -> Option<i64> {
        (self.denominator == 1).then_some(self.numerator)
    }

    pub(super) fn is_even(self) -> bool {
        self.whole().is_some_and(|whole| whole % 2 == 0)
    }

    pub(super) fn compare(self, other: Self) -> Ordering {
        let left = i128::from(self.numerator) * i128::from(other.denominator);
        left.cmp(&(i128::from(other.numerator) * i128::from(self.denominator)))
    }

    pub(super) fn floor(self) -> Self {
        Self::integer(self.numerator.div_euclid(self.denominator))
    }

    pub(super) fn sign(self) -> Self {
        Self::integer(self.numerator.signum())
    }
}

/// The shortest decimal of a constant as a fraction, if it is short.
fn decimal(value: f64) -> Option<(i128, i128)> {
    if !value.is_finite() {
        return None;
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    let after_point = digits.split_once('.').map_or(0, |(_, after)| after.len());
    if digits.bytes().filter(u8::is_ascii_digit).count() > MOST_DIGITS {
        return None;
    }
    let numerator: i128 = digits.replace('.', "").parse().ok()?;
    let shift = exponent - i32::try_from(after_point).ok()?;
    let scale = 10i128.checked_pow(shift.unsigned_abs()).filter(|scale| *scale <= LARGEST)?;
    Some(if shift < 0 { (numerator, scale) } else { (numerator * scale, 1) })
}

fn greatest_common_divisor(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.abs(), b.abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// The whole number whose power of this degree is `value` > 0.
fn exact_root(value: i64, degree: i64) -> Option<i64> {
    let degree = u32::try_from(degree).ok()?;
    let near = libm::round(libm::pow(value as f64, 1.0 / f64::from(degree))) as i64;
    (near.checked_pow(degree) == Some(value)).then_some(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(value: f64) -> Number {
        Number::of(value).unwrap()
    }

    #[test]
    fn constants_are_the_decimals_that_are_written() {
        assert_eq!(number(0.1).plus(number(0.2)), Some(number(0.3)));
        assert_eq!(number(0.1).times(Number::integer(3)), Some(number(0.3)));
        assert_eq!(number(0.5).times(Number::integer(2)), Some(Number::ONE));
        assert_eq!(number(-2.5e-3).written(), (-0.0025, 1.0));
        assert_eq!(number(-0.0), Number::ZERO);
        for none in [f64::NAN, f64::INFINITY, std::f64::consts::E, 1e300, 1e-300, 1.0 / 3.0] {
            assert_eq!(Number::of(none), None);
        }
    }

    #[test]
    fn what_no_short_decimal_can_say_is_a_fraction() {
        let third = Number::integer(3).inverse().unwrap();
        assert_eq!(number(0.5).times(third).unwrap().written(), (1.0, 6.0));
        assert_eq!(number(0.9).times(third).unwrap().written(), (0.3, 1.0));
        assert_eq!(Number::HALF.written(), (1.0, 2.0));
        assert_eq!(number(0.5).written(), (0.5, 1.0));
    }

    #[test]
    fn arithmetic_is_exact_or_is_not_done() {
        let large = number(999_999_999_999_999.0);
        assert_eq!(large.times(large), None);
        assert_eq!(large.plus(large), None);
        assert_eq!(large.plus(large.negated()), Some(Number::ZERO));
        assert_eq!(Number::ZERO.inverse(), None);
    }

    #[test]
    fn powers_and_roots_are_exact_and_short() {
        let (two, eight) = (Number::integer(2), Number::integer(8));
        let third = Number::integer(3).inverse().unwrap();
        assert_eq!(eight.power(third), Some(two));
        assert_eq!(eight.power(third.negated()), Some(Number::HALF));
        assert_eq!(eight.power(Number::HALF), None);
        assert_eq!(eight.negated().power(third), None);
        assert_eq!(two.power(Number::integer(10)), Some(Number::integer(1024)));
        assert_eq!(two.power(Number::integer(60)), None);
        assert_eq!(number(0.9).power(two), Some(number(0.81)));
        assert_eq!(Number::ZERO.power(Number::MINUS_ONE), None);
    }

    #[test]
    fn the_content_divides_every_number() {
        let content = |values: &[f64]| Number::content(values.iter().map(|&v| number(v)));
        assert_eq!(content(&[6.0, -9.0]), Some(Number::integer(3)));
        assert_eq!(content(&[-6.0, -9.0]), Some(Number::integer(-3)));
        assert_eq!(content(&[0.5, 1.0]), None);
    }
}
