//! Numbers as a person reads them.

/// Four digits: `0.9855`, `53.21`, `2903`; very small and very large ones as `1.235e-7`.
pub fn short(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value == 0.0 || value.is_infinite() {
        return value.to_string();
    }
    let scientific = format!("{value:.3e}");
    let exponent =
        scientific.split_once('e').and_then(|(_, exponent)| exponent.parse::<i32>().ok());
    match exponent {
        Some(exponent @ -4..=8) => format!("{value:.*}", (3 - exponent).max(0) as usize),
        _ => scientific,
    }
}

/// A whole number with its thousands apart: `5,187`.
pub fn count(value: usize) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things: `1 row`, `2 rows`.
pub fn of(value: usize, thing: &str) -> String {
    let plural = if value == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", count(value))
}

/// A duration: `0.42 s`, `12 s`, `3 min 05 s`, `2 h 07 min`.
pub fn seconds(value: f64) -> String {
    let whole = value.round() as u64;
    match whole {
        _ if value < 9.95 => format!("{} s", short_fraction(value)),
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

/// A duration that is shown while it changes, rounded up: `3 s`.
pub fn whole_seconds(value: f64) -> String {
    if value <= 9.0 { format!("{:.0} s", value.ceil().max(1.0)) } else { seconds(value.max(10.0)) }
}

fn short_fraction(value: f64) -> String {
    if value < 0.995 { format!("{value:.2}") } else { format!("{value:.1}") }
}

/// A size: `812 bytes`, `41 kB`, `3.4 MB`.
pub fn bytes(value: usize) -> String {
    let size = value as f64;
    match value {
        0..1_000 => format!("{value} bytes"),
        1_000..1_000_000 => format!("{:.0} kB", size / 1e3),
        _ => format!("{:.1} MB", size / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_digits() {
        let cases = [
            (0.0, "0"),
            (1.0, "1.000"),
            (0.98549, "0.9855"),
            (0.021337, "0.02134"),
            (53.2149, "53.21"),
            (2903.4, "2903"),
            (999.96, "1000"),
            (-12.5, "-12.50"),
            (123456.7, "123457"),
            (0.000012345, "1.234e-5"),
            (4.2e12, "4.200e12"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ];
        for (value, text) in cases {
            assert_eq!(short(value), text);
        }
    }

    #[test]
    fn counts_durations_and_sizes() {
        assert_eq!([0, 999, 1000, 1234567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([of(1, "row"), of(2000, "row")], ["1 row", "2,000 rows"]);
        let times = [0.004, 0.424, 0.999, 9.0, 12.3, 59.7, 185.0, 7620.0].map(seconds);
        assert_eq!(
            times,
            [
                "0.00 s",
                "0.42 s",
                "1.0 s",
                "9.0 s",
                "12 s",
                "1 min 00 s",
                "3 min 05 s",
                "2 h 07 min"
            ]
        );
        assert_eq!([0.0, 2.2, 9.94, 12.3].map(whole_seconds), ["1 s", "3 s", "10 s", "12 s"]);
        assert_eq!([812, 41_034, 3_400_000].map(bytes), ["812 bytes", "41 kB", "3.4 MB"]);
    }
}
