//! Numbers: filled, brought into shape, scaled.

use serde::{Deserialize, Serialize};

use super::curve::{Curve, Lines};
use super::scale::{Fill, Scale};
use super::statistics::{median, moments, quartiles};
use super::{Place, check_finite, flag, flag_name};
use crate::data::numbers::Numbers;
use crate::error::Result;

/// A number: (curve(x) − mean)/std, where a missing x is `fill`; then, if `missing`, 1 where x is
/// missing and 0 elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NumberEncoding {
    /// What a missing x is taken for: the median of the training part, unless another is asked for.
    pub fill: f64,
    /// The mean over the training part, filled, or what is asked for in its place.
    pub mean: f64,
    /// The population standard deviation over the training part, filled, or what is asked for in
    /// its place. 0 says that the column is constant: every x is then encoded as 0.
    pub std: f64,
    /// Whether a value, and not every value, was missing in the training part.
    pub missing: bool,
    /// What becomes of x first.
    #[serde(default, skip_serializing_if = "Curve::is_identity")]
    pub curve: Curve,
}

impl NumberEncoding {
    pub(super) fn fit(
        place: &Place<'_>,
        values: &Numbers,
        rows: &[usize],
        scale: Scale,
        fill: Fill,
    ) -> Result<Self> {
        let mut present = Vec::with_capacity(rows.len());
        for &row in rows {
            let value = values.get(row).unwrap_or(f64::NAN);
            check_finite(place.table, place.column, row, value)?;
            if scale == Scale::Log {
                place.check_log(row, value)?;
            }
            if !value.is_nan() {
                present.push(value);
            }
        }
        // A flag that is always up would be a second bias, and fall where a value comes.
        let missing = present.len() < rows.len() && !present.is_empty();
        let fill = match fill {
            Fill::Median => median(&mut present),
            Fill::Mean => moments(&present).0,
            Fill::Zero => 0.0,
        };
        let mut curve = Curve::Identity;
        let (mean, std) = match scale {
            Scale::Standard => {
                present.resize(rows.len(), fill);
                moments(&present)
            }
            Scale::Log => {
                curve = Curve::Log;
                present.resize(rows.len(), fill);
                moments(&present.into_iter().map(log).collect::<Vec<_>>())
            }
            Scale::Robust => {
                let spread = moments(&present).1;
                let [lower, middle, upper] = quartiles(&mut present);
                let range = upper - lower;
                (middle, if range > 0.0 && spread > 0.0 { range } else { spread })
            }
            Scale::Quantile => {
                present.sort_unstable_by(f64::total_cmp);
                match Curve::to_normal(&present) {
                    Some(found) => {
                        curve = found;
                        (0.0, 1.0)
                    }
                    None => (fill, 0.0),
                }
            }
            Scale::None => (0.0, 1.0),
        };
        Ok(Self { fill, mean, std, missing, curve })
    }

    pub(super) fn width(&self) -> usize {
        1 + usize::from(self.missing)
    }

    pub(super) fn names(&self, column: &str) -> Vec<String> {
        let value = std::iter::once(column.to_owned());
        value.chain(flag_name(column, self.missing)).collect()
    }

    /// Encodes cells; `lines` are those of the curve. Each output has the encoding's width at least.
    pub(super) fn encode<'o>(
        &self,
        place: &Place<'_>,
        lines: &Lines,
        cells: impl Iterator<Item = (usize, f64, &'o mut [f32])>,
    ) -> Result<()> {
        for (row, value, out) in cells {
            check_finite(place.table, place.column, row, value)?;
            let missing = value.is_nan();
            let filled = if missing { self.fill } else { value };
            if self.std != 0.0 {
                let shaped = match self.curve {
                    Curve::Identity => filled,
                    Curve::Log => {
                        place.check_log(row, value)?;
                        log(filled)
                    }
                    Curve::Lines { .. } => lines.at(filled),
                };
                out[0] = ((shaped - self.mean) / self.std) as f32;
                if !out[0].is_finite() {
                    return Err(place.too_far(row, value));
                }
            }
            flag(self.missing, missing, out);
        }
        Ok(())
    }
}

/// log(1 + x) as the model file computes it, which has no operator for both in one.
fn log(x: f64) -> f64 {
    libm::log(1.0 + x)
}
