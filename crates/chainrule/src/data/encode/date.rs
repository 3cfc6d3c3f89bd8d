//! Dates: how far they are along, and where they stand in what comes round again.

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use super::number::NumberEncoding;
use super::scale::{Fill, Scale};
use super::{Lines, Place, flag_name};
use crate::data::calendar::Parts;
use crate::data::numbers::Numbers;
use crate::error::Result;

/// A date or a time: its seconds since 1970 as a number; then for each part of the calendar that
/// differs within the training part the sine and the cosine of its place on a circle, both 0 where
/// the date is missing; then whether it is missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DateEncoding {
    /// The seconds.
    pub seconds: NumberEncoding,
    /// The parts.
    pub parts: Vec<DatePart>,
}

/// A part of the calendar that comes round again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DatePart {
    /// The month of the year, January at the start of the circle.
    Month,
    /// The day of the week, Monday at the start.
    Weekday,
    /// The day of the year, 1 January at the start; 29 February has a place of its own.
    Day,
    /// The minute of the day, midnight at the start.
    Time,
}

impl DatePart {
    /// All parts.
    pub const ALL: [Self; 4] = [Self::Month, Self::Weekday, Self::Day, Self::Time];

    /// Returns what it is called in the name of a feature.
    pub fn name(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Weekday => "weekday",
            Self::Day => "day of the year",
            Self::Time => "time of day",
        }
    }

    /// Returns the place of a moment in the [`circle`](Self::circle).
    pub fn place(self, parts: Parts) -> usize {
        match self {
            Self::Month => parts.month,
            Self::Weekday => parts.weekday,
            Self::Day => parts.day,
            Self::Time => parts.minute,
        }
    }

    /// Returns sine and cosine for each place, which the model file looks up, too.
    pub fn circle(self) -> Vec<[f64; 2]> {
        // Months and days are counted from March.
        let (places, start) = match self {
            Self::Month => (12, 2),
            Self::Weekday => (7, 0),
            Self::Day => (366, 60),
            Self::Time => (1440, 0),
        };
        let angle = |place: usize| TAU * ((place + start) % places) as f64 / places as f64;
        (0..places).map(|place| [libm::sin(angle(place)), libm::cos(angle(place))]).collect()
    }
}

impl DateEncoding {
    pub(super) fn fit(
        place: &Place<'_>,
        values: &Numbers,
        rows: &[usize],
        scale: Scale,
        fill: Fill,
    ) -> Result<Self> {
        // 1970 would be an answer that nobody gave.
        let fill = if fill == Fill::Zero { Fill::Median } else { fill };
        let seconds = NumberEncoding::fit(place, values, rows, scale, fill)?;
        let moments = rows.iter().filter_map(|&row| values.get(row)).filter(|t| !t.is_nan());
        let parts: Vec<Parts> = moments.map(Parts::of).collect();
        let differs = |part: &DatePart| {
            parts.windows(2).any(|pair| part.place(pair[0]) != part.place(pair[1]))
        };
        Ok(Self { seconds, parts: DatePart::ALL.into_iter().filter(differs).collect() })
    }

    /// Whether each part is there at most once, in their order.
    pub(super) fn is_sound(&self) -> bool {
        let order = |part: &DatePart| DatePart::ALL.iter().position(|known| known == part);
        self.parts.is_sorted_by(|a, b| order(a) < order(b)) && self.seconds.curve.is_sound()
    }

    pub(super) fn width(&self) -> usize {
        self.seconds.width() + 2 * self.parts.len()
    }

    pub(super) fn names(&self, column: &str) -> Vec<String> {
        let of_part = |part: &DatePart| {
            ["sine", "cosine"].map(|wave| format!("{column} ({}, {wave})", part.name()))
        };
        let names = std::iter::once(column.to_owned());
        let names = names.chain(self.parts.iter().flat_map(of_part));
        names.chain(flag_name(column, self.seconds.missing)).collect()
    }

    /// Encodes cells; `lines` are those of the seconds' curve, `circles` those of the parts.
    pub(super) fn encode<'o>(
        &self,
        place: &Place<'_>,
        lines: &Lines,
        circles: &[Vec<[f64; 2]>],
        cells: impl Iterator<Item = (usize, f64, &'o mut [f32])>,
    ) -> Result<()> {
        let with_parts = cells.map(|(row, value, out)| {
            if !value.is_nan() {
                let parts = Parts::of(value);
                let pairs = out[1..].chunks_exact_mut(2);
                for ((part, circle), pair) in self.parts.iter().zip(circles).zip(pairs) {
                    pair.copy_from_slice(&circle[part.place(parts)].map(|wave| wave as f32));
                }
            }
            (row, value, out)
        });
        self.seconds.encode(place, lines, with_parts)
    }
}
