//! What the columns of a table are called, hold, and are for. Travels inside the model file.

use serde::{Deserialize, Serialize};

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
    /// Categories and other text.
    Text,
}

impl Kind {
    /// Returns what a column of this kind holds, for a sentence.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Number => "numbers",
            Self::Boolean => "yes/no values",
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
            (_, Kind::Boolean | Kind::Text) => {
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

    fn with_role(&self, role: Role) -> impl Iterator<Item = &ColumnSchema> {
        self.columns.iter().filter(move |column| column.role == role)
    }
}
