//! What the text of one cell means: the one grammar of numbers, missing values and booleans.

use serde::{Deserialize, Serialize};

use super::numbers::Decimal;

/// The words that stand for a missing value in a column of numbers or booleans.
///
/// In a column of text only the empty cell is missing: there `NA` may well be Namibia, so the word
/// stays a category of its own unless the reader is told otherwise (`ReadOptions::missing`).
pub const MISSING_WORDS: [&str; 18] = [
    "NA", "N/A", "n/a", "na", "<NA>", "#N/A", "#NA", "NaN", "nan", "NAN", "-nan", "null", "Null",
    "NULL", "None", "none", "?", ".",
];

/// The words that make a column boolean, each with its value.
///
/// A column is boolean if all its values are among the first six words, or all among the last six.
pub const BOOLEAN_WORDS: [(&str, bool); 12] = [
    ("false", false),
    ("False", false),
    ("FALSE", false),
    ("true", true),
    ("True", true),
    ("TRUE", true),
    ("no", false),
    ("No", false),
    ("NO", false),
    ("yes", true),
    ("Yes", true),
    ("YES", true),
];

/// How many of [`BOOLEAN_WORDS`] belong to one pair of opposites.
pub(super) const BOOLEAN_PAIR: usize = 6;

/// Returns where in [`BOOLEAN_WORDS`] the text stands.
pub(super) fn boolean_word(text: &str) -> Option<usize> {
    BOOLEAN_WORDS.iter().position(|(word, _)| *word == text)
}

/// What a cell that is not empty can be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell {
    /// A word for a missing value.
    Missing,
    /// A word for "not a number": missing as a feature, an error as a target.
    NotANumber,
    /// A number; infinite if it is spelled so or exceeds an f64.
    Number(f64),
    /// Anything else.
    Word,
}

/// How the numbers of a column are written.
///
/// With all of it unset a number has a sign, digits with or without a point, and an exponent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberFormat {
    /// The separator between groups of three digits, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thousands: Option<char>,
    /// Whether a comma stands before the fraction, in place of the point.
    #[serde(default, skip_serializing_if = "is_false")]
    pub decimal_comma: bool,
    /// Whether a percent sign stands behind each number: `12 %` is 0.12.
    #[serde(default, skip_serializing_if = "is_false")]
    pub percent: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl NumberFormat {
    /// Tells whether numbers are written without any separators and signs of their own.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Refuses a separator that cannot be told from the number around it.
    pub(super) fn check(&self) -> crate::error::Result<()> {
        let point = if self.decimal_comma { ',' } else { '.' };
        let unfit = |&separator: &char| {
            separator == point || separator.is_alphanumeric() || "+-%".contains(separator)
        };
        match self.thousands.filter(unfit) {
            Some(separator) => Err(crate::error::ErrorKind::InvalidSetting {
                option: "thousands",
                value: format!("{separator:?}"),
                expected: "a separator other than the decimal point".to_owned(),
            }
            .into()),
            None => Ok(()),
        }
    }

    /// Returns the number that a trimmed cell is, if it is a decimal of few digits.
    pub(super) fn decimal(self, text: &str) -> Option<Decimal> {
        if self.thousands.is_some() || self.decimal_comma {
            return None;
        }
        match self.percent {
            false => Decimal::read(text.as_bytes()),
            true => Decimal::read(of_hundred(text)?.as_bytes())?.hundredth(),
        }
    }

    /// Returns what a trimmed cell that is not empty means.
    pub(super) fn classify(self, text: &str) -> Cell {
        match self.number(text) {
            Some(number) if number.is_nan() => Cell::NotANumber,
            Some(number) => Cell::Number(number),
            None if MISSING_WORDS.contains(&text) => Cell::Missing,
            None => Cell::Word,
        }
    }

    /// Reads a number: sign, digits with or without a point, exponent; `inf` and `nan` in words.
    ///
    /// Correctly rounded. A number beyond the range of an f64 comes back infinite.
    pub(super) fn number(self, text: &str) -> Option<f64> {
        if self.percent {
            let whole = Self { percent: false, ..self };
            let hundredth = self.decimal(text).map(Decimal::value);
            return hundredth.or_else(|| Some(whole.number(of_hundred(text)?)? / 100.0));
        }
        if self.thousands.is_none() && !self.decimal_comma {
            // Most cells that are no numbers can be told by their first byte.
            let first = *text.as_bytes().first()?;
            let possible = first.is_ascii_digit()
                || matches!(first, b'+' | b'-' | b'.' | b'i' | b'I' | b'n' | b'N');
            return if possible { parse(text) } else { None };
        }
        let point = if self.decimal_comma { ',' } else { '.' };
        let mut plain = match self.thousands {
            Some(separator) if text.contains(separator) => ungrouped(text, separator, point)?,
            _ => text.to_owned(),
        };
        if self.decimal_comma {
            if plain.contains('.') {
                return None;
            }
            plain = plain.replace(',', ".");
        }
        parse(&plain)
    }

    /// The ways in which numbers are written, as people around the world do.
    ///
    /// A comma before the fraction goes with points between thousands: whoever writes 1,5 does not
    /// write 1.5 for it elsewhere.
    fn customary() -> impl Iterator<Item = Self> {
        const SEPARATORS: [char; 7] = [',', '.', ' ', '\'', '_', '\u{a0}', '\u{202f}'];
        let thousands = [None].into_iter().chain(SEPARATORS.map(Some));
        let both = thousands.flat_map(|thousands| {
            [false, true].map(|decimal_comma| Self { thousands, decimal_comma, percent: false })
        });
        let sound = both.filter(|format| format.check().is_ok());
        sound.flat_map(|format| [false, true].map(|percent| Self { percent, ..format }))
    }

    /// Finds the format in which all of some cells are numbers.
    ///
    /// `Some(None)` if there are several that do not mean the same: 1,234 may be more than a
    /// thousand or a little above one. Of several that do, it is the first with a separator between
    /// thousands, so that larger numbers of the same kind are read as well.
    pub(super) fn of_cells<'t>(
        cells: impl Iterator<Item = &'t str> + Clone,
        among: Option<&[Self]>,
    ) -> Option<Option<Self>> {
        let fits = |format: &Self| cells.clone().all(|text| format.number(text).is_some());
        let known = |format: &Self| among.is_none_or(|among| among.contains(format));
        let mut fitting: Vec<Self> = Self::customary().filter(known).filter(fits).collect();
        fitting.sort_by_key(|format| match (format.thousands, format.decimal_comma) {
            (Some('.'), true) | (None, false) => 0,
            (Some(','), false) => 1,
            (Some(_), _) => 2,
            (None, true) => 3,
        });
        let first = *fitting.first()?;
        let bits = |format: Self, text| format.number(text).map(f64::to_bits);
        let agrees =
            |format: &Self| cells.clone().all(|text| bits(first, text) == bits(*format, text));
        Some(fitting.iter().all(agrees).then_some(first))
    }
}

/// Takes the percent sign off.
fn of_hundred(text: &str) -> Option<&str> {
    text.strip_suffix('%').map(str::trim_end)
}

fn parse(text: &str) -> Option<f64> {
    fast_float2::parse(text).ok()
}

/// Takes the separators out of a number whose whole part is grouped in threes.
fn ungrouped(text: &str, separator: char, point: char) -> Option<String> {
    let end = text.find(point).unwrap_or(text.len());
    let (whole, fraction) = text.split_at(end);
    let digits = whole.strip_prefix(['+', '-']).unwrap_or(whole);
    let mut groups = digits.split(separator);
    let first = groups.next()?;
    let grouped = (1..=3).contains(&first.len())
        && is_digits(first)
        && groups.all(|group| group.len() == 3 && is_digits(group))
        && !fraction.contains(separator);
    grouped.then(|| format!("{}{fraction}", whole.replace(separator, "")))
}

pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Tells whether the text is a whole number written with a zero in front, as codes are.
pub(super) fn has_leading_zero(text: &str) -> bool {
    text.len() > 1 && text.starts_with('0') && is_digits(text)
}

/// Tells whether a word is a number but for separators, grouped in threes, a decimal comma, or a
/// percent sign.
pub(super) fn looks_separated(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
        && NumberFormat::customary().any(|format| format.number(text).is_some())
}

/// Tells whether a word has the form of a date: three numbers joined by `-`, `/` or `.`.
pub(super) fn looks_like_date(text: &str) -> bool {
    let day = text.split(['T', ' ']).next().unwrap_or(text);
    ['-', '/', '.'].iter().any(|&separator| {
        let parts: Vec<&str> = day.split(separator).collect();
        parts.len() == 3
            && parts.iter().all(|part| is_digits(part) && part.len() <= 4)
            && parts.iter().filter(|part| part.len() > 2).count() <= 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: NumberFormat =
        NumberFormat { thousands: None, decimal_comma: false, percent: false };

    #[test]
    fn data_spaces_3_and_data_exponent_4_one_grammar_of_numbers() {
        let numbers = [
            ("6.5", 6.5),
            ("+3", 3.0),
            ("1e3", 1000.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("0E7", 0.0),
            ("3E2", 300.0),
            ("-0.0", -0.0),
            ("1e-400", 0.0),
        ];
        for (text, value) in numbers {
            assert_eq!(PLAIN.classify(text), Cell::Number(value), "{text}");
        }
        let words = [
            "1 000", "0x10", "1_000", "--1", "2e-", "-.", "+-3", "e9", "+", "1.2.3", "1,5", "infi",
            "١", "½",
        ];
        for text in words {
            assert_eq!(PLAIN.classify(text), Cell::Word, "{text}");
        }
    }

    #[test]
    fn data_float_1_numbers_are_correctly_rounded() {
        let bits = [
            ("0.30000000000000004", 0x3fd3333333333334),
            ("2.2250738585072014e-308", 0x0010000000000000),
            ("1.7976931348623157e308", 0x7fefffffffffffff),
            ("0.1", 0x3fb999999999999a_u64),
        ];
        for (text, bits) in bits {
            assert_eq!(PLAIN.number(text).map(f64::to_bits), Some(bits), "{text}");
        }
        // Every finite value survives being written and read; a multiplicative walk over the bits.
        let mut bits = 1_u64;
        for _ in 0..100_000 {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let value = f64::from_bits(bits);
            if value.is_finite() {
                let read = PLAIN.number(&format!("{value:e}"));
                assert_eq!(read.map(f64::to_bits), Some(bits));
            }
        }
    }

    #[test]
    fn data_inf_3_infinities_are_seen_whatever_their_spelling() {
        for text in ["inf", "Infinity", "1e400", "+inf"] {
            assert_eq!(PLAIN.classify(text), Cell::Number(f64::INFINITY), "{text}");
        }
        for text in ["-inf", "-Infinity", "-1e400"] {
            assert_eq!(PLAIN.classify(text), Cell::Number(f64::NEG_INFINITY));
        }
    }

    #[test]
    fn missing_words_are_missing_and_spelled_nan_is_told_apart() {
        for word in MISSING_WORDS {
            let expected =
                if word.to_lowercase().contains("nan") { Cell::NotANumber } else { Cell::Missing };
            assert_eq!(PLAIN.classify(word), expected, "{word}");
        }
    }

    #[test]
    fn data_thousands_1_separators_count_only_between_groups_of_three() {
        let english = NumberFormat { thousands: Some(','), ..PLAIN };
        assert_eq!(english.classify("1,234.50"), Cell::Number(1234.5));
        assert_eq!(english.classify("-12,000"), Cell::Number(-12000.0));
        assert_eq!(english.classify("7"), Cell::Number(7.0));
        for text in ["1,23", "12,34,567", ",123", "1,234.567,8", "1234,567"] {
            assert_eq!(english.classify(text), Cell::Word, "{text}");
        }
        let german = NumberFormat { thousands: Some('.'), decimal_comma: true, percent: false };
        assert_eq!(german.classify("1.234.567,5"), Cell::Number(1_234_567.5));
        assert_eq!(german.classify("2,5e3"), Cell::Number(2500.0));
        assert_eq!(german.classify("1.5"), Cell::Word);

        for text in ["1,234.50", "12 000", "1'000", "3,5", "1.234,5", "1\u{202f}000", "12 %"] {
            assert!(looks_separated(text), "{text}");
        }
        for text in ["red", "1,2,3", "12 34", "192.168.0.1", "555-123"] {
            assert!(!looks_separated(text), "{text}");
        }
    }

    #[test]
    fn a_percent_is_a_hundredth() {
        let percent = NumberFormat { percent: true, ..PLAIN };
        for (text, value) in
            [("12 %", 0.12), ("7%", 0.07), ("-0.29%", -0.0029), ("1e5 %", 1000.0), ("0%", 0.0)]
        {
            assert_eq!(percent.number(text), Some(value), "{text}");
        }
        // The bits are those of the number that a person means.
        for hundredths in 0..20_000 {
            let (text, plain) = (format!("{hundredths}%"), format!("{hundredths}e-2"));
            assert_eq!(percent.number(&text), plain.parse().ok(), "{text}");
        }
        for text in ["12", "%", "12 % %", "a %", "$12 %"] {
            assert_eq!(percent.classify(text), Cell::Word, "{text}");
        }
        let german = NumberFormat { thousands: Some('.'), decimal_comma: true, percent: true };
        assert_eq!(german.number("1.234,5 %"), Some(12.345));
    }

    #[test]
    fn the_format_is_the_one_in_which_all_cells_are_numbers() {
        let found = |cells: &[&str]| NumberFormat::of_cells(cells.iter().copied(), None);
        let format = |thousands, decimal_comma, percent| {
            Some(Some(NumberFormat { thousands, decimal_comma, percent }))
        };
        assert_eq!(found(&["1", "2.5"]), format(None, false, false));
        assert_eq!(found(&["1,234.5", "7"]), format(Some(','), false, false));
        assert_eq!(found(&["1,234", "1,234,567"]), format(Some(','), false, false));
        assert_eq!(found(&["1,5", "2,25"]), format(Some('.'), true, false));
        assert_eq!(found(&["1.234,5", "2"]), format(Some('.'), true, false));
        assert_eq!(found(&["1 234,5", "2"]), format(Some(' '), true, false));
        assert_eq!(found(&["12 000", "1.5"]), format(Some(' '), false, false));
        assert_eq!(found(&["12 %", "3%"]), format(None, false, true));
        assert_eq!(found(&["12,5 %", "3%"]), format(Some('.'), true, true));
        // It may be either, or is neither.
        assert_eq!(found(&["12 000"]), format(Some(' '), false, false));
        assert_eq!(found(&["1,234", "5,678"]), Some(None));
        for cells in [&["12 %", "3"][..], &["1,5", "2.5"], &["$5"], &["1,234.5", "1,5"]] {
            assert_eq!(found(cells), None, "{cells:?}");
        }
        let among = [NumberFormat { thousands: Some('.'), decimal_comma: true, percent: false }];
        assert_eq!(
            NumberFormat::of_cells(["1,234"].into_iter(), Some(&among)),
            Some(Some(among[0]))
        );
    }

    #[test]
    fn dates_and_codes_are_recognised_by_their_form() {
        for text in ["25/04/2021", "2021-04-07", "7.4.21", "2021-04-07T10:00:00", "2021-04-07 9:30"]
        {
            assert!(looks_like_date(text), "{text}");
        }
        for text in ["12-34", "1.2.3.4", "2021-04-xx", "12345-1-1", "2021-2022-1"] {
            assert!(!looks_like_date(text), "{text}");
        }
        assert!(has_leading_zero("04109") && has_leading_zero("00"));
        assert!(!has_leading_zero("0") && !has_leading_zero("0.5") && !has_leading_zero("10"));
    }
}
