//! Truth values: 1 and 0.

use serde::{Deserialize, Serialize};

use super::{flag, flag_name};
use crate::data::table::{Column, Values};

/// A truth value: 1 for true and 0 for false, where a missing one is `fill`; then, if `missing`, 1
/// where it is missing and 0 elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BooleanEncoding {
    /// The more frequent value of the training part; false if both are.
    pub fill: bool,
    /// Whether a value was missing in the training part.
    pub missing: bool,
}

impl BooleanEncoding {
    pub(super) fn fit(column: &Column, rows: &[usize]) -> Self {
        let value = |&row: &usize| match column.values() {
            Values::Boolean { values, .. } => values.get(row).copied().flatten(),
            _ => None,
        };
        let excess: i64 =
            rows.iter().filter_map(value).map(|value| if value { 1 } else { -1 }).sum();
        let missing = rows.iter().any(|&row| column.values().is_missing(row));
        Self { fill: excess > 0, missing }
    }

    pub(super) fn names(&self, column: &str) -> Vec<String> {
        let value = std::iter::once(column.to_owned());
        value.chain(flag_name(column, self.missing)).collect()
    }

    pub(super) fn encode<'o>(&self, cells: impl Iterator<Item = (Option<bool>, &'o mut [f32])>) {
        for (value, out) in cells {
            out[0] = f32::from(u8::from(value.unwrap_or(self.fill)));
            flag(self.missing, value.is_none(), out);
        }
    }
}
