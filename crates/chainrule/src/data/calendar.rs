//! Dates and times: the civil calendar, and how people write them.
//!
//! A moment is a number of seconds since 1970-01-01 00:00, of UTC where a zone is written, and
//! otherwise of the clock that the file goes by. Days are counted by Howard Hinnant's algorithms
//! ("chrono-Compatible Low-Level Date Algorithms"), which have whole numbers alone and count from
//! March, so that a leap day is the last of its year; leap seconds are not counted.

use serde::{Deserialize, Serialize};

use super::numbers::Decimal;

/// In which order a column writes its dates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DateOrder {
    /// Year, month, day: `2024-03-01`, `2024/3/1`, `2024.03.01`.
    #[default]
    Year,
    /// Day, month, year: `25/04/2021`, `25-04-2021`, `7.4.2021`.
    Day,
    /// Month, day, year: `04/25/2021`, `04-25-2021`.
    Month,
}

/// A date, with a time or without, as it is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Written {
    parts: [i64; 3],
    /// Whether the year comes first; else it is last.
    year_first: bool,
    /// Whether there are points between the parts, before which nobody writes the month first.
    points: bool,
    /// Millionths of a second after midnight, of UTC if there is a zone.
    clock: i64,
}

const MILLION: i64 = 1_000_000;

impl Written {
    /// Reads `2024-03-01`, with `-`, `/` or `.` between and the year of four digits first or last,
    /// and behind it, after `T` or a blank, `12:30`, `12:30:45` or `12:30:45.5`, and then `Z`,
    /// `+09:00`, `+0900` or `+09`. Whether there is such a day depends on the order.
    pub(super) fn read(text: &str) -> Option<Self> {
        let end = text.find(['T', ' ']);
        let (day, time) = text.split_at(end.unwrap_or(text.len()));
        let separator = day.chars().find(|letter| !letter.is_ascii_digit())?;
        if !matches!(separator, '-' | '/' | '.') {
            return None;
        }
        let mut texts = day.split(separator);
        let texts = match (texts.next(), texts.next(), texts.next(), texts.next()) {
            (Some(first), Some(second), Some(third), None) => [first, second, third],
            _ => return None,
        };
        let year_first = texts[0].len() == 4;
        let mut parts = [0; 3];
        for (place, (part, text)) in parts.iter_mut().zip(texts).enumerate() {
            let is_year = place == if year_first { 0 } else { 2 };
            let most = if is_year { 4 } else { 2 };
            *part = digits(text, if is_year { 4 } else { 1 }, most)?;
        }
        let clock = match end {
            Some(_) => clock(time[1..].trim_start())?,
            None => 0,
        };
        Some(Self { parts, year_first, points: separator == '.', clock })
    }

    /// Returns the seconds since 1970, if the date is written in this order and there is such a day.
    pub(super) fn seconds(&self, order: DateOrder) -> Option<Decimal> {
        let [first, second, third] = self.parts;
        let (year, month, day) = match (order, self.year_first) {
            (DateOrder::Year, true) => (first, second, third),
            (DateOrder::Day, false) => (third, second, first),
            (DateOrder::Month, false) if !self.points => (third, first, second),
            _ => return None,
        };
        let exists =
            year >= 1 && (1..=12).contains(&month) && (1..=month_days(year, month)).contains(&day);
        if !exists {
            return None;
        }
        let midnight = days(year, month, day) * SECONDS_A_DAY * MILLION;
        Some(Decimal::millionths(midnight + self.clock))
    }
}

/// A whole number of so many digits at least and at most.
fn digits(text: &str, fewest: usize, most: usize) -> Option<i64> {
    let fits = (fewest..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

/// Millionths of a second after midnight; digits beyond these are left out.
fn clock(text: &str) -> Option<i64> {
    let zone_at = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let (time, zone) = text.split_at(zone_at);
    let mut parts = time.trim_end().split(':');
    let hour = digits(parts.next()?, 1, 2)?;
    let minute = digits(parts.next()?, 2, 2)?;
    let (second, fraction) = match parts.next() {
        None => (0, 0),
        Some(seconds) => {
            let (whole, fraction) = seconds.split_once(['.', ',']).unwrap_or((seconds, "0"));
            let known = fraction.get(..6).unwrap_or(fraction);
            digits(fraction, 1, 18)?;
            let scale = 10_i64.pow(6 - known.len() as u32);
            (digits(whole, 2, 2)?, digits(known, 1, 6)? * scale)
        }
    };
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = hour * 3600 + minute * 60 + second - offset(zone)?;
    Some(seconds * MILLION + fraction)
}

/// The seconds by which a zone is ahead of UTC.
fn offset(zone: &str) -> Option<i64> {
    let (sign, text) = match zone.as_bytes().first() {
        None => return Some(0),
        Some(b'Z' | b'z') => return (zone.len() == 1).then_some(0),
        Some(b'+') => (1, &zone[1..]),
        Some(_) => (-1, &zone[1..]),
    };
    let (hours, minutes) = match (text.len(), text.split_once(':')) {
        (_, Some((hours, minutes))) => (hours, minutes),
        (4, None) if text.is_ascii() => text.split_at(2),
        _ => (text, "00"),
    };
    let (hours, minutes) = (digits(hours, 2, 2)?, digits(minutes, 2, 2)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// In which order all of some dates are written, if one alone is possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// In this one.
    One(DateOrder),
    /// Day and month may each be first, and no date shows which.
    Either,
    /// Not all are dates in one order.
    None,
}

impl Order {
    /// The order of some texts.
    pub(super) fn of<'t>(texts: impl Iterator<Item = &'t str> + Clone) -> Self {
        let all = |order| {
            let mut texts = texts.clone();
            texts.all(|text| Written::read(text).and_then(|date| date.seconds(order)).is_some())
        };
        // Most columns of text are none of dates, which their first text shows.
        if texts.clone().next().is_none_or(|text| Written::read(text).is_none()) {
            return Self::None;
        }
        match (all(DateOrder::Year), all(DateOrder::Day), all(DateOrder::Month)) {
            (true, ..) => Self::One(DateOrder::Year),
            (_, true, true) => Self::Either,
            (_, true, false) => Self::One(DateOrder::Day),
            (_, false, true) => Self::One(DateOrder::Month),
            (false, false, false) => Self::None,
        }
    }
}

/// The first of some texts that keeps the others from being dates, if most are.
pub(super) fn odd<'t>(texts: impl Iterator<Item = &'t str> + Clone) -> Option<&'t str> {
    let in_order =
        |text: &str, order| Written::read(text).and_then(|date| date.seconds(order)).is_some();
    let orders = [DateOrder::Year, DateOrder::Day, DateOrder::Month];
    let dates = |order: &DateOrder| texts.clone().filter(|text| in_order(text, *order)).count();
    let order = orders.into_iter().max_by_key(dates)?;
    let odd = texts.clone().find(|text| !in_order(text, order))?;
    (2 * dates(&order) > texts.clone().count()).then_some(odd)
}

const SECONDS_A_DAY: i64 = 86_400;
/// Days of 400 years, after which the calendar repeats itself.
const DAYS_OF_ERA: i64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
pub const DAYS_TO_1970: i64 = 719_468;
/// The first second of the year 1, before which the calendar's parts are those of that day.
pub const EARLIEST: f64 = -62_135_596_800.0;
/// The last second of the year 9999.
pub const LATEST: f64 = 253_402_300_799.0;

/// Days from 1970-01-01 to a day of the calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let from_march = (month + 9) % 12;
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_OF_ERA + day_of_era - DAYS_TO_1970
}

fn month_days(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Where a moment stands in its year, its week and its day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// 0 for March to 11 for February.
    pub month: usize,
    /// 0 for Monday.
    pub weekday: usize,
    /// 0 for 1 March to 365 for 29 February.
    pub day: usize,
    /// Whole minutes since midnight.
    pub minute: usize,
}

impl Parts {
    /// The parts of so many seconds since 1970; of a moment outside the years 1 to 9999 those of the
    /// nearest inside. The model file has the same arithmetic.
    pub fn of(seconds: f64) -> Self {
        let seconds = seconds.clamp(EARLIEST, LATEST);
        let day = (seconds / SECONDS_A_DAY as f64).floor();
        // The quotient may have been rounded up to the next day.
        let minute = ((seconds - day * SECONDS_A_DAY as f64) / 60.0).floor();
        let minute = minute.clamp(0.0, 1439.0) as usize;
        let days = day as i64 + DAYS_TO_1970;
        let of_era = days % DAYS_OF_ERA;
        let leaps = of_era / 1460 - of_era / 36_524 + of_era / 146_096;
        let year = (of_era - leaps) / 365;
        let day = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let weekday = (days + 2) % 7;
        Self { month: month as usize, weekday: weekday as usize, day: day as usize, minute }
    }
}

/// Returns a moment as it is written: `2024-03-01`, or `2024-03-01 12:30:45` unless it is midnight.
///
/// A moment outside the years 1 to 9999 is written as the nearest inside.
pub fn moment(seconds: f64) -> String {
    let seconds = seconds.clamp(EARLIEST, LATEST).floor() as i64;
    let (day, clock) = (seconds.div_euclid(SECONDS_A_DAY), seconds.rem_euclid(SECONDS_A_DAY));
    let parts = Parts::of((day * SECONDS_A_DAY) as f64);
    let (era, of_era) = ((day + DAYS_TO_1970) / DAYS_OF_ERA, (day + DAYS_TO_1970) % DAYS_OF_ERA);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let month = (parts.month as i64 + 2) % 12 + 1;
    let day_of_month = parts.day as i64 - (153 * parts.month as i64 + 2) / 5 + 1;
    let year = era * 400 + year + i64::from(month <= 2);
    let date = format!("{year:04}-{month:02}-{day_of_month:02}");
    match clock {
        0 => date,
        _ => format!("{date} {:02}:{:02}:{:02}", clock / 3600, clock / 60 % 60, clock % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str, order: DateOrder) -> Option<f64> {
        Written::read(text)?.seconds(order).map(Decimal::value)
    }

    #[test]
    fn every_day_of_the_calendar_is_the_next_one() {
        let mut expected = -719_162;
        let mut weekday = 0;
        // 1 January is day 306 from March.
        let mut day_of_year = 306;
        for year in 1..=9999 {
            for month in 1..=12 {
                for day in 1..=month_days(year, month) {
                    assert_eq!(days(year, month, day), expected);
                    let parts = Parts::of((expected * SECONDS_A_DAY) as f64 + 60.0 * 754.0);
                    assert_eq!(parts.weekday, weekday, "{year}-{month}-{day}");
                    assert_eq!(parts.month as i64, (month + 9) % 12, "{year}-{month}-{day}");
                    if (month, day) == (3, 1) {
                        day_of_year = 0;
                    }
                    assert_eq!(parts.day, day_of_year, "{year}-{month}-{day}");
                    assert_eq!(parts.minute, 754);
                    (expected, weekday, day_of_year) =
                        (expected + 1, (weekday + 1) % 7, day_of_year + 1);
                }
            }
        }
        assert_eq!((expected * SECONDS_A_DAY) as f64 - 1.0, LATEST);
        assert_eq!((-719_162 * SECONDS_A_DAY) as f64, EARLIEST);
    }

    #[test]
    fn dates_and_times_as_people_write_them() {
        use DateOrder::{Day, Month, Year};
        let known = [
            ("1970-01-01", Year, 0.0),
            ("2024-03-01", Year, 1_709_251_200.0),
            ("2024/3/1", Year, 1_709_251_200.0),
            ("2024.03.01", Year, 1_709_251_200.0),
            ("2024-03-01 12:30", Year, 1_709_296_200.0),
            ("2024-03-01T12:30:45", Year, 1_709_296_245.0),
            ("2024-03-01  12:30:45.5", Year, 1_709_296_245.5),
            ("2024-03-01T12:30:45.123456789Z", Year, 1_709_296_245.123456),
            ("2024-03-01 12:30 +09:00", Year, 1_709_263_800.0),
            ("2024-03-01T12:30:00+0900", Year, 1_709_263_800.0),
            ("2024-03-01T12:30-05", Year, 1_709_314_200.0),
            ("1969-12-31 23:59:59.75", Year, -0.25),
            ("0001-01-01", Year, EARLIEST),
            ("9999-12-31T23:59:59", Year, LATEST),
            ("2000-02-29", Year, 951_782_400.0),
            ("25/04/2021", Day, 1_619_308_800.0),
            ("7.4.2021 9:05", Day, 1_617_786_300.0),
            ("04-25-2021", Month, 1_619_308_800.0),
        ];
        for (text, order, expected) in known {
            assert_eq!(seconds(text, order), Some(expected), "{text}");
        }
        let unknown = [
            ("2023-02-29", Year),
            ("1900-02-29", Year),
            ("2024-00-01", Year),
            ("2024-13-01", Year),
            ("2024-04-31", Year),
            ("0000-01-01", Year),
            ("24-03-01", Year),
            ("2024-03", Year),
            ("2024-03-01-02", Year),
            ("2024-03/01", Year),
            ("2024-03-01 ", Year),
            ("2024-03-01T", Year),
            ("2024-03-01 12", Year),
            ("2024-03-01 24:00", Year),
            ("2024-03-01 12:60", Year),
            ("2024-03-01 12:30:61", Year),
            ("2024-03-01 12:30:45.", Year),
            ("2024-03-01 12:30 UTC", Year),
            ("2024-03-01 12:30Z+09", Year),
            ("2024-03-01 12:30+9", Year),
            ("２０２４-03-01", Year),
            ("25/04/21", Day),
            ("25/04/2021", Month),
            ("25/04/2021", Year),
            ("04.25.2021", Month),
            ("12:30", Year),
            ("", Year),
            ("2024-03-01 12:30+한글", Year),
        ];
        for (text, order) in unknown {
            assert_eq!(seconds(text, order), None, "{text}");
        }
    }

    #[test]
    fn data_date_1_day_and_month_are_told_apart_by_all_dates_or_not_at_all() {
        let order = |texts: &[&'static str]| Order::of(texts.iter().copied());
        assert_eq!(order(&["25/04/2021", "07/04/2021"]), Order::One(DateOrder::Day));
        assert_eq!(order(&["07/04/2021", "04/25/2021"]), Order::One(DateOrder::Month));
        assert_eq!(order(&["07/04/2021", "04/05/2021"]), Order::Either);
        assert_eq!(order(&["25/04/2021", "04/25/2021"]), Order::None);
        assert_eq!(order(&["07.04.2021", "04.05.2021"]), Order::One(DateOrder::Day));
        assert_eq!(order(&["2021-04-07", "2021-04-31"]), Order::None);
        assert_eq!(order(&["2021-04-07", "07/04/2021"]), Order::None);
        assert_eq!(order(&["2021-04-07", "2021/04/08 10:00"]), Order::One(DateOrder::Year));
        assert_eq!(order(&[]), Order::None);
    }

    #[test]
    fn a_moment_is_written_as_it_is_read() {
        for text in ["2024-03-01", "1969-12-31 23:59:59", "2000-02-29 00:00:01", "0001-01-01"] {
            assert_eq!(moment(seconds(text, DateOrder::Year).unwrap()), text);
        }
        assert_eq!(moment(f64::INFINITY), "9999-12-31 23:59:59");
    }

    #[test]
    fn next_to_midnight_a_moment_has_a_minute_of_the_day() {
        for day in [-700_000.0, -1.0, 0.0, 19_783.0, 2_900_000.0] {
            let midnight: f64 = day * 86_400.0;
            for seconds in [midnight.next_down(), midnight, midnight.next_up()] {
                assert!(Parts::of(seconds).minute < 1440);
            }
        }
        for wild in [f64::NAN, f64::NEG_INFINITY, -1e300, 1e300] {
            let parts = Parts::of(wild);
            assert!(
                parts.day < 366 && parts.month < 12 && parts.weekday < 7 && parts.minute < 1440
            );
        }
    }
}
