//! What is said of a table's columns before it is read, in place of what its cells show.

use serde::{Deserialize, Deserializer, Serialize};

use super::calendar::DateOrder;
use super::cell::NumberFormat;
use super::schema::{Kind, Role, Schema};
use crate::error::{ErrorKind, Result};

/// What is said of one column; what is left out is found out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// The name in the header.
    pub name: String,
    /// What the values are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// What the column is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// How its numbers are written.
    #[serde(default, skip_serializing_if = "NumberFormat::is_plain")]
    pub format: NumberFormat,
    /// In which order its dates are written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dates: Option<DateOrder>,
    /// The words that are missing values in this column, besides the usual ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// The text of every cell in a file that does not have the column; empty for a missing value.
    #[serde(default, deserialize_with = "cell", skip_serializing_if = "Option::is_none")]
    pub fill: Option<String>,
}

/// A cell's text; JSON's numbers and truth values stand for theirs.
fn cell<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Cell {
        Text(String),
        Number(serde_json::Number),
        Truth(bool),
    }
    Ok(Option::<Cell>::deserialize(deserializer)?.map(|cell| match cell {
        Cell::Text(text) => text,
        Cell::Number(number) => number.to_string(),
        Cell::Truth(truth) => truth.to_string(),
    }))
}

/// What is said of a table: what the file of `--schema` holds.
///
/// ```
/// use chainrule::data::Declarations;
/// let text = r#"{"columns": [{"name": "zip", "kind": "text"}], "missing": ["-999"]}"#;
/// let declared = Declarations::read(text.as_bytes(), "schema.json").unwrap();
/// assert_eq!(declared.columns[0].name, "zip");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declarations {
    /// Some of the columns, or all.
    #[serde(default)]
    pub columns: Vec<Declaration>,
    /// The words that are missing values in every column, besides the usual ones.
    #[serde(default)]
    pub missing: Vec<String>,
}

/// The most bytes of a schema; one of a thousand columns has a hundredth of it.
const LONGEST: usize = 16 << 20;

impl Declarations {
    /// Reads JSON: the columns and words themselves, or what `chainrule check DATA --json` writes,
    /// which has them as its `schema`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidSchema`] says what is wrong and where.
    pub fn read(bytes: &[u8], file: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Report {
            schema: Declarations,
        }
        let invalid = |reason: String| ErrorKind::InvalidSchema { file: file.to_owned(), reason };
        if bytes.len() > LONGEST {
            return Err(invalid(format!("it is longer than {LONGEST} bytes")).into());
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let is_report = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(bytes)
            .is_ok_and(|object| object.contains_key("schema"));
        let read = match is_report {
            true => serde_json::from_slice::<Report>(bytes).map(|report| report.schema),
            false => serde_json::from_slice(bytes),
        };
        let mut declared: Self = read.map_err(|reason| invalid(reason.to_string()))?;
        let mut names: Vec<&str> = Vec::new();
        for column in &mut declared.columns {
            column.name = column.name.trim().to_owned();
            column.missing.iter_mut().for_each(|word| *word = word.trim().to_owned());
            if column.name.is_empty() || names.contains(&&*column.name) {
                let reason = format!("the column {:?} stands in it twice", column.name);
                return Err(invalid(reason).into());
            }
            column.format.check()?;
            names.push(&column.name);
        }
        Ok(declared)
    }

    /// The columns of a role.
    pub fn with_role(&self, role: Role) -> impl Iterator<Item = &Declaration> {
        self.columns.iter().filter(move |column| column.role == Some(role))
    }

    /// Says of each column of a schema what the schema does.
    pub fn of(schema: &Schema) -> Self {
        let columns = schema.columns.iter().map(|column| Declaration {
            name: column.name.clone(),
            kind: Some(column.kind),
            role: Some(column.role),
            format: column.format,
            dates: column.dates,
            missing: column.missing.clone(),
            fill: column.fill.clone(),
        });
        Self { columns: columns.collect(), missing: schema.missing.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_not_said() {
        let read = |text: &str| Declarations::read(text.as_bytes(), "s.json");
        assert_eq!(read("{}").unwrap(), Declarations::default());
        let text = r#"{"columns": [
            {"name": " a ", "kind": "number", "format": {"thousands": "."}, "fill": 3.50},
            {"name": "b", "role": "unused", "missing": [" - "]},
            {"name": "c", "fill": true}, {"name": "d", "fill": ""}, {"name": "e", "fill": null}
        ]}"#;
        let error = read(text).unwrap_err();
        assert!(error.to_string().contains("thousands"), "{error}");
        let found = read(&text.replace("\".\"", "\",\"")).unwrap();
        let fills: Vec<Option<&str>> = found.columns.iter().map(|c| c.fill.as_deref()).collect();
        assert_eq!(fills, [Some("3.5"), None, Some("true"), Some(""), None]);
        assert_eq!((&*found.columns[0].name, &*found.columns[1].missing[0]), ("a", "-"));
        assert_eq!(found.with_role(Role::Unused).count(), 1);
        // What check writes has more in it.
        let report = format!("{{\"rows\": 3, \"schema\": {}}}", text.replace("\".\"", "\",\""));
        assert_eq!(read(&report).unwrap(), found);
        for (wrong, said) in [
            ("", "EOF"),
            ("[1]", "line 1"),
            ("{\"columns\": [{\"name\": \"a\", \"kind\": \"numbers\"}]}", "numbers"),
            ("{\"columns\": [{\"name\": \"a\", \"knd\": \"number\"}]}", "knd"),
            ("{\"columns\": [{\"name\": \"a\"}, {\"name\": \"a\"}]}", "\"a\""),
            ("{\"schema\": {\"colums\": []}}", "colums"),
        ] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.contains("s.json") && error.contains(said), "{error}");
        }
    }
}
