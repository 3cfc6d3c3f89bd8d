//! What the columns of a table are called, hold, and are for. Travels inside the model file.

use serde::{Deserialize, Serialize};

use super::calendar::DateOrder;
use super::cell::NumberFormat;
use super::table::Table;
use crate::error::{ErrorKind, Result};

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Numbers.
    Number,
    /// Truth values: true and false, or yes and no.
    Boolean,
    /// Dates, with times or without.
    Date,
    /// Categories and other text.
    Text,
}

impl Kind {
    /// Returns what a column of this kind holds, for a sentence.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Number => "numbers",
            Self::Boolean => "yes/no values",
            Self::Date => "dates",
            Self::Text => "text",
        }
    }
}

/// What a column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The prediction is made from it.
    Feature,
    /// It is to be predicted.
    Target,
    /// It says how much each row counts.
    Weight,
    /// Neither.
    Unused,
}

/// One column of a [`Schema`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnSchema {
    /// The name in the header, trimmed.
    pub name: String,
    /// What the values are.
    pub kind: Kind,
    /// What the column is for.
    pub role: Role,
    /// In which order dates are written, in a column of dates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dates: Option<DateOrder>,
    /// How its numbers are written.
    #[serde(default, skip_serializing_if = "NumberFormat::is_plain")]
    pub format: NumberFormat,
    /// The words that are missing values in this column, besides the usual ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// The text of every cell in a file that does not have the column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<String>,
}

/// The columns of a table in the order of the training file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// The columns.
    pub columns: Vec<ColumnSchema>,
    /// The words that are missing values besides the usual ones, in columns of every kind.
    pub missing: Vec<String>,
}

impl Schema {
    /// Makes the schema of a table: the named columns are the targets, columns without any value
    /// are unused, all others are features.
    ///
    /// # Errors
    /// No target named, or one that is no column or named twice; no feature left.
    pub fn infer<S: AsRef<str>>(table: &Table, targets: &[S]) -> Result<Self> {
        if targets.is_empty() {
            let names = table.columns().iter().map(|column| column.name().to_owned());
            return Err(ErrorKind::NoTarget {
                file: table.file().to_owned(),
                available: names.collect(),
            }
            .into());
        }
        for (position, target) in targets.iter().enumerate() {
            let name = target.as_ref();
            table.require(name)?;
            if targets[..position].iter().any(|other| other.as_ref() == name) {
                return Err(ErrorKind::InvalidSetting {
                    option: "target",
                    value: format!("{name:?} twice"),
                    expected: "a list of different columns".to_owned(),
                }
                .into());
            }
        }
        let role = |name: &str, empty: bool| {
            if targets.iter().any(|target| target.as_ref() == name) {
                Role::Target
            } else if empty {
                Role::Unused
            } else {
                Role::Feature
            }
        };
        let columns = table.columns().iter().map(|column| {
            let empty = (0..table.rows()).all(|row| column.values().is_missing(row));
            ColumnSchema {
                name: column.name().to_owned(),
                kind: column.values().kind(),
                role: role(column.name(), empty),
                format: column.number_format(),
                missing: column.missing_words().to_vec(),
                fill: column.fill().map(str::to_owned),
                dates: column.values().date_order(),
            }
        });
        let schema = Self { columns: columns.collect(), missing: table.missing_words().to_vec() };
        if schema.features().next().is_none() {
            let file = table.file().to_owned();
            return Err(ErrorKind::NoFeatures { file }.into());
        }
        Ok(schema)
    }

    /// Returns the column of this name, if there is one.
    pub fn column(&self, name: &str) -> Option<&ColumnSchema> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Returns the columns that predictions are made from.
    pub fn features(&self) -> impl Iterator<Item = &ColumnSchema> {
        self.with_role(Role::Feature)
    }

    /// Returns the columns that are to be predicted.
    pub fn targets(&self) -> impl Iterator<Item = &ColumnSchema> {
        self.with_role(Role::Target)
    }

    /// Returns the column that says how much each row counts, if there is one.
    pub fn weight(&self) -> Option<&ColumnSchema> {
        self.with_role(Role::Weight).next()
    }

    /// The same schema with a feature as the column that says how much each row counts.
    ///
    /// # Errors
    /// The table has no such column; it is a target, or does not hold numbers; no feature is left.
    pub fn with_weight(mut self, table: &Table, name: &str) -> Result<Self> {
        table.require(name)?;
        let Some(column) = self.columns.iter_mut().find(|column| column.name == name) else {
            return Ok(self);
        };
        let refused = match (column.role, column.kind) {
            (Role::Target, _) => Some("which is the target".to_owned()),
            (_, Kind::Boolean | Kind::Date | Kind::Text) => {
                Some(format!("which holds {}", column.kind.plural()))
            }
            (Role::Feature | Role::Weight | Role::Unused, Kind::Number) => None,
        };
        if let Some(reason) = refused {
            let (option, value) = ("weight column", format!("{name:?}, {reason}"));
            let expected = "a column of numbers besides the target".to_owned();
            return Err(ErrorKind::InvalidSetting { option, value, expected }.into());
        }
        column.role = Role::Weight;
        if self.features().next().is_none() {
            let file = table.file().to_owned();
            return Err(ErrorKind::NoFeatures { file }.into());
        }
        Ok(self)
    }

    /// The same schema with a feature as the column whose values are kept together in splits; nothing
    /// is learned from it, and it may be absent later.
    ///
    /// # Errors
    /// The table has no such column; it is a target or the weight; no feature is left.
    pub fn with_group(mut self, table: &Table, name: &str) -> Result<Self> {
        table.require(name)?;
        let found = self.columns.iter_mut().find(|column| column.name == name);
        let Some(column) = found else { return Ok(self) };
        if matches!(column.role, Role::Target | Role::Weight) {
            let value = format!("{name:?}, which is the target or the weight");
            let expected = "a column besides these".to_owned();
            return Err(ErrorKind::InvalidSetting { option: "group", value, expected }.into());
        }
        column.role = Role::Unused;
        if self.features().next().is_none() {
            let file = table.file().to_owned();
            return Err(ErrorKind::NoFeatures { file }.into());
        }
        Ok(self)
    }

    fn with_role(&self, role: Role) -> impl Iterator<Item = &ColumnSchema> {
        self.columns.iter().filter(move |column| column.role == role)
    }
}
