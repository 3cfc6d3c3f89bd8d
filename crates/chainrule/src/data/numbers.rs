//! A column's numbers: decimals of a few digits in four bytes each, any others in eight.
//!
//! 23.456789 is the whole number 23456789 over 10⁶. Both are exact in an f64, so that their
//! quotient is the number that reading the digits gives, correctly rounded: nothing is lost.

/// The numbers of a column; NaN is a missing one.
///
/// ```
/// use chainrule::data::Numbers;
/// let numbers: Numbers = vec![0.5, f64::NAN].into();
/// assert_eq!(numbers.get(0), Some(0.5));
/// assert!(numbers.get(1).is_some_and(f64::is_nan) && numbers.get(2).is_none());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers(Store);

#[derive(Clone, Debug, PartialEq)]
enum Store {
    /// Whole numbers over 10^places.
    Decimals {
        whole: Vec<i32>,
        places: u8,
    },
    Floats(Vec<f64>),
}

/// A missing number among whole numbers.
const MISSING: i32 = i32::MIN;

/// Most digits of a [`Decimal`]: as many are exact in an f64, and so is their power of ten.
const MOST_DIGITS: usize = 15;

/// The powers of ten that whole numbers are divided by.
const POWERS: [f64; MOST_DIGITS + 1] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// A number as it is written without an exponent: whole / 10^places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    pub whole: i64,
    pub places: u8,
}

impl Decimal {
    /// Reads a sign, digits and a point among them; `None` for anything else, more than 15 digits,
    /// and −0, which no whole number is.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let sign = text.first().copied();
        let digits = &text[usize::from(matches!(sign, Some(b'-' | b'+')))..];
        let (whole, places) = halves(digits).or_else(|| one_by_one(digits))?;
        let negative = sign == Some(b'-');
        let whole = if negative { -(whole as i64) } else { whole as i64 };
        (whole != 0 || !negative).then_some(Self { whole, places: places as u8 })
    }

    /// The decimal of four bytes that a number is, with so many places at least; `None` if it has
    /// more than eight, and for −0.
    pub(super) fn of(value: f64, places: u8) -> Option<Self> {
        let read = |places: u8| {
            let power = POWERS[usize::from(places)];
            let whole = libm::round(value * power) as i32;
            let same = whole != MISSING && float(whole, power).to_bits() == value.to_bits();
            same.then_some(Self { whole: i64::from(whole), places })
        };
        (places..=8).find_map(read)
    }

    /// So many millionths.
    pub(super) fn millionths(count: i64) -> Self {
        let (mut whole, mut places) = (count, 6);
        while places > 0 && whole % 10 == 0 {
            (whole, places) = (whole / 10, places - 1);
        }
        Self { whole, places }
    }

    /// A hundredth of it, if that has few places, too.
    pub(super) fn hundredth(self) -> Option<Self> {
        let places = self.places.checked_add(2)?;
        (usize::from(places) <= MOST_DIGITS).then_some(Self { places, ..self })
    }

    /// The number, correctly rounded.
    pub(super) fn value(self) -> f64 {
        self.whole as f64 / POWERS[usize::from(self.places)]
    }

    /// The whole number over 10^places, if it has four bytes.
    fn over(self, places: u8) -> Option<i32> {
        if places == self.places {
            return i32::try_from(self.whole).ok().filter(|&whole| whole != MISSING);
        }
        let factor = 10_i64.checked_pow(u32::from(places.checked_sub(self.places)?))?;
        Self { whole: self.whole.checked_mul(factor)?, places }.over(places)
    }
}

/// Reads digits with a point behind 1 to 7 of them and in front of 1 to 8.
///
/// The characters of each side are worked on at once, as bytes of a word: a loop over them would
/// guess wrong where it ends, since numbers have different lengths.
fn halves(digits: &[u8]) -> Option<(u64, usize)> {
    const EACH: u64 = u64::MAX / 0xff;
    const ZEROS: u64 = EACH * b'0' as u64;
    const HIGHEST: u64 = EACH << 7;
    let (first, last) = (digits.first_chunk()?, digits.last_chunk()?);
    let (first, last) = (u64::from_le_bytes(*first), u64::from_le_bytes(*last));
    // The lowest byte that is a point becomes 0x80, whatever the ones above it become.
    let differs = first ^ (EACH * u64::from(b'.'));
    let points = differs.wrapping_sub(EACH) & !differs & HIGHEST;
    let front = points.trailing_zeros() as usize / 8;
    let places = digits.len().checked_sub(front + 1)?;
    if !(1..8).contains(&front) || !(1..=8).contains(&places) {
        return None;
    }
    // What is left of either side stands in the highest bytes.
    let whole = (first ^ ZEROS) << (64 - 8 * front);
    let fraction = (last ^ ZEROS) & (u64::MAX << (64 - 8 * places));
    let beyond_nine = |bytes: u64| bytes.wrapping_add(EACH * 0x76) | bytes;
    if (beyond_nine(whole) | beyond_nine(fraction)) & HIGHEST != 0 {
        return None;
    }
    let power = POWERS[places] as u64;
    Some((eight_digits(whole) * power + eight_digits(fraction), places))
}

/// Reads at most 15 digits, with or without a point.
fn one_by_one(digits: &[u8]) -> Option<(u64, usize)> {
    let (mut whole, mut count, mut point) = (0, 0, None);
    for (place, &byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' if count < MOST_DIGITS => {
                (whole, count) = (10 * whole + u64::from(byte - b'0'), count + 1);
            }
            b'.' if point.is_none() => point = Some(place),
            _ => return None,
        }
    }
    let places = point.map_or(0, |point| digits.len() - point - 1);
    (count > 0).then_some((whole, places))
}

/// Returns the number of eight digits, each a byte of 0 to 9, the first one the lowest.
///
/// Neighbours are joined to pairs, pairs to fours and fours to eight by two products.
fn eight_digits(word: u64) -> u64 {
    const FOURS: u64 = 0x0000_00ff_0000_00ff;
    let pairs = word.wrapping_mul(10).wrapping_add(word >> 8);
    let odd = (pairs & FOURS).wrapping_mul(100 + (1_000_000 << 32));
    let even = ((pairs >> 16) & FOURS).wrapping_mul(1 + (10_000 << 32));
    odd.wrapping_add(even) >> 32
}

impl Default for Numbers {
    fn default() -> Self {
        Self(Store::Decimals { whole: Vec::new(), places: 0 })
    }
}

impl From<Vec<f64>> for Numbers {
    fn from(values: Vec<f64>) -> Self {
        Self(Store::Floats(values))
    }
}

impl FromIterator<f64> for Numbers {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self(Store::Floats(values.into_iter().collect()))
    }
}

impl Numbers {
    /// Returns how many there are, missing ones included.
    pub fn len(&self) -> usize {
        match &self.0 {
            Store::Decimals { whole, .. } => whole.len(),
            Store::Floats(values) => values.len(),
        }
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of a row: NaN if it is missing, `None` beyond the end.
    pub fn get(&self, row: usize) -> Option<f64> {
        match &self.0 {
            Store::Decimals { whole, places } => {
                whole.get(row).map(|&whole| float(whole, POWERS[usize::from(*places)]))
            }
            Store::Floats(values) => values.get(row).copied(),
        }
    }

    /// Returns all numbers in order.
    pub fn iter(&self) -> impl Iterator<Item = f64> {
        (0..self.len()).map(|row| self.get(row).unwrap_or(f64::NAN))
    }

    /// Tells whether the number of a row is missing; one beyond the end is.
    pub(super) fn is_missing(&self, row: usize) -> bool {
        match &self.0 {
            Store::Decimals { whole, .. } => whole.get(row).is_none_or(|&whole| whole == MISSING),
            Store::Floats(values) => values.get(row).is_none_or(|value| value.is_nan()),
        }
    }

    /// Adds a number, in as few bytes as the others if it can be.
    pub(super) fn push_float(&mut self, value: f64) {
        let decimal = match self.0 {
            Store::Decimals { places, .. } => Decimal::of(value, places),
            Store::Floats(_) => None,
        };
        match decimal {
            Some(decimal) => self.push_decimal(decimal),
            None => self.push(value),
        }
    }

    /// Returns how many are not missing.
    pub(super) fn present(&self) -> usize {
        match &self.0 {
            Store::Decimals { whole, .. } => whole.iter().filter(|&&w| w != MISSING).count(),
            Store::Floats(values) => values.iter().filter(|value| !value.is_nan()).count(),
        }
    }

    /// Tells whether none has digits behind the point, of those that are finite.
    pub(super) fn are_whole(&self) -> bool {
        if let Store::Decimals { places: 0, .. } = &self.0 {
            return true;
        }
        self.iter().all(|value| !value.is_finite() || libm::floor(value) == value)
    }

    /// How many bytes of memory they take.
    pub(super) fn bytes(&self) -> usize {
        match &self.0 {
            Store::Decimals { whole, .. } => whole.capacity() * size_of::<i32>(),
            Store::Floats(values) => values.capacity() * size_of::<f64>(),
        }
    }

    /// None, with room for some.
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self(Store::Decimals { whole: Vec::with_capacity(rows), places: 0 })
    }

    pub(super) fn push_missing(&mut self) {
        match &mut self.0 {
            Store::Decimals { whole, .. } => whole.push(MISSING),
            Store::Floats(values) => values.push(f64::NAN),
        }
    }

    pub(super) fn push(&mut self, value: f64) {
        self.widen();
        if let Store::Floats(values) = &mut self.0 {
            values.push(value);
        }
    }

    /// Adds a decimal; most have as many places as those before.
    #[inline]
    pub(super) fn push_decimal(&mut self, decimal: Decimal) {
        match &mut self.0 {
            Store::Decimals { whole, places } if *places == decimal.places => {
                match decimal.over(*places) {
                    Some(value) => whole.push(value),
                    None => self.push(decimal.value()),
                }
            }
            _ => self.push_other(decimal),
        }
    }

    fn push_other(&mut self, decimal: Decimal) {
        self.reach(decimal.places);
        match &mut self.0 {
            Store::Decimals { whole, places } => match decimal.over(*places) {
                Some(value) => whole.push(value),
                None => self.push(decimal.value()),
            },
            Store::Floats(values) => values.push(decimal.value()),
        }
    }

    /// Puts the numbers of the next rows behind these.
    pub(super) fn append(&mut self, mut next: Self) {
        if let Store::Decimals { places, .. } = next.0 {
            self.reach(places);
        }
        if let Store::Decimals { places, .. } = self.0 {
            next.reach(places);
        }
        if let Store::Floats(_) = next.0 {
            self.widen();
        }
        match (&mut self.0, &next.0) {
            (Store::Decimals { whole, .. }, Store::Decimals { whole: next, .. }) => {
                whole.extend_from_slice(next);
            }
            (Store::Floats(values), _) => values.extend(next.iter()),
            (Store::Decimals { .. }, Store::Floats(_)) => {}
        }
    }

    /// Sees to it that decimals have so many places at least, as floats if need be.
    fn reach(&mut self, wanted: u8) {
        let Store::Decimals { whole, places } = &mut self.0 else { return };
        if *places >= wanted {
            return;
        }
        let scaled = |&whole: &i32| match whole {
            MISSING => Some(MISSING),
            whole => Decimal { whole: i64::from(whole), places: *places }.over(wanted),
        };
        match whole.iter().map(scaled).collect::<Option<Vec<i32>>>() {
            Some(scaled) => (*whole, *places) = (scaled, wanted),
            None => self.widen(),
        }
    }

    /// Makes them floats.
    fn widen(&mut self) {
        if let Store::Decimals { .. } = self.0 {
            *self = self.iter().collect();
        }
    }
}

fn float(whole: i32, power: f64) -> f64 {
    if whole == MISSING { f64::NAN } else { f64::from(whole) / power }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Decimal> {
        Decimal::read(text.as_bytes())
    }

    fn store(texts: &[&str]) -> Numbers {
        let mut numbers = Numbers::default();
        for text in texts {
            match (read(text), *text) {
                (Some(decimal), _) => numbers.push_decimal(decimal),
                (None, "") => numbers.push_missing(),
                (None, text) => numbers.push(text.parse().unwrap()),
            }
        }
        numbers
    }

    fn bits(numbers: &Numbers) -> Vec<u64> {
        numbers.iter().map(f64::to_bits).collect()
    }

    fn is_small(numbers: &Numbers) -> bool {
        matches!(numbers.0, Store::Decimals { .. })
    }

    #[test]
    fn only_plain_decimals_are_read() {
        let decimals =
            [("0", 0, 0), ("-12.50", -1250, 2), ("+.5", 5, 1), ("5.", 5, 0), ("007", 7, 0)];
        for (text, whole, places) in decimals {
            assert_eq!(read(text), Some(Decimal { whole, places }), "{text}");
        }
        let others = [
            "",
            "+",
            "-",
            ".",
            "-.",
            "1.2.3",
            "1e3",
            "-0",
            "-0.00",
            "1 ",
            "inf",
            "--1",
            "1-",
            "1:",
            "1/2",
            "0x10",
            "1,5",
            "١",
            "12345678.1.",
            "\u{80}1",
            "12.34567x",
            "1x.345678",
            "12.345.78",
            "1234567é",
        ];
        let long = ["1234567890123456", "0.123456789012345"];
        for text in others.iter().chain(&long) {
            assert_eq!(read(text), None, "{text}");
        }
        assert!(read("12345678901234.").is_some() && read("-123456789012345").is_some());
    }

    #[test]
    fn a_decimal_has_the_bits_that_std_reads() {
        let mut state = 1_u64;
        for _ in 0..200_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let digits = format!("{}", (state >> 8) % 10_u64.pow(1 + (state % 14) as u32));
            let point = (state >> 40) as usize % (digits.len() + 1);
            let text = format!("-{}.{}", &digits[..point], &digits[point..]);
            let Some(decimal) = read(&text) else { continue };
            let expected: f64 = text.parse().unwrap();
            assert_eq!(decimal.value().to_bits(), expected.to_bits(), "{text}");
            if let Some(whole) = decimal.over(decimal.places) {
                let power = POWERS[usize::from(decimal.places)];
                assert_eq!(float(whole, power).to_bits(), expected.to_bits(), "{text}");
            }
        }
    }

    #[test]
    fn floats_that_are_short_decimals_take_four_bytes() {
        let mut numbers = Numbers::default();
        let values = [1.0, -2.5, 0.125, 1e4, 0.1, 123.456];
        values.iter().for_each(|&value| numbers.push_float(value));
        assert!(is_small(&numbers));
        assert_eq!(bits(&numbers), values.map(f64::to_bits));
        for other in [-0.0, 1e10, 1.0 / 3.0, 0.1 + 0.2, f64::INFINITY, 1e-9, f64::MIN_POSITIVE] {
            let mut more = numbers.clone();
            more.push_float(other);
            more.push_float(1.0);
            assert!(!is_small(&more));
            assert_eq!(more.get(6).map(f64::to_bits), Some(other.to_bits()), "{other}");
        }
    }

    #[test]
    fn numbers_stay_themselves_however_they_are_kept() {
        let cases: [(&[&str], bool); 7] = [
            (&["1", "2.5", "", "-3.125"], true),
            (&["2147483647", "-2147483647"], true),
            (&["2147483648"], false),
            (&["-2147483648"], false),
            (&["2147483.647", "0.1", "0.0001"], false),
            (&["1.5", "1e3", "", "2.5"], false),
            (&["0", "-0.0"], false),
        ];
        for (texts, small) in cases {
            let numbers = store(texts);
            assert_eq!(is_small(&numbers), small, "{texts:?}");
            for (text, value) in texts.iter().zip(numbers.iter()) {
                match text.parse::<f64>() {
                    Ok(expected) => assert_eq!(value.to_bits(), expected.to_bits(), "{texts:?}"),
                    Err(_) => assert!(value.is_nan()),
                }
            }
            // Parts put together are the whole, in the same form.
            for cut in 0..=texts.len() {
                let mut parts = store(&texts[..cut]);
                parts.append(store(&texts[cut..]));
                assert_eq!(bits(&parts), bits(&numbers), "{texts:?} at {cut}");
                assert_eq!(is_small(&parts), small, "{texts:?} at {cut}");
            }
        }
    }
}
