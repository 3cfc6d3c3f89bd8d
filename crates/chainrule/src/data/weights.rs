//! How much each row counts: a column of weights, and weights of classes.

use std::str::FromStr;

use super::schema::Schema;
use super::table::{Table, Values};
use crate::error::{Error, ErrorKind, Result, nearest};

/// Returns the weight of each row; `None` if the schema has no column of weights, or the table does
/// not have it.
///
/// # Errors
/// A weight that is missing, negative, or no finite number; a column that does not hold numbers.
pub fn row_weights(table: &Table, schema: &Schema, rows: &[usize]) -> Result<Option<Vec<f64>>> {
    let found = schema.weight().and_then(|weight| table.column(&weight.name));
    let Some(column) = found else { return Ok(None) };
    let weight = |&row: &usize| {
        let value = match column.values() {
            Values::Number(values) => values.get(row).unwrap_or(f64::NAN),
            Values::Boolean { .. } | Values::Date { .. } | Values::Text(_) => f64::NAN,
        };
        match value >= 0.0 && value.is_finite() {
            true => Ok(value),
            false => Err(ErrorKind::InvalidWeight {
                file: table.file_of(row).to_owned(),
                line: table.line(row),
                column: column.name().to_owned(),
                value,
            }
            .into()),
        }
    };
    rows.iter().map(weight).collect::<Result<_>>().map(Some)
}

/// How much the rows of each class count, besides their own weights.
///
/// ```
/// use chainrule::data::ClassWeight;
/// let given: ClassWeight = "yes=5, no=0.5".parse().unwrap();
/// let labels = ["no", "maybe", "yes"].map(str::to_owned);
/// assert_eq!(given.of(&labels, &[0, 2], None).unwrap(), [0.5, 1.0, 5.0]);
/// let balanced: ClassWeight = "balanced".parse().unwrap();
/// // m/(C·m_c), as scikit-learn has it.
/// assert_eq!(balanced.of(&labels[..2], &[0, 1, 1, 1], None).unwrap(), [2.0, 2.0 / 3.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum ClassWeight {
    /// Σw/(C·Σw of the class) over the training rows, so that every class counts alike.
    Balanced,
    /// Labels with their weights; the others have weight 1.
    Given(Vec<(String, f64)>),
}

impl ClassWeight {
    /// Returns the weight of each class, from the classes of the training rows and their own
    /// weights (without any they weigh 1). A class without rows has weight 1.
    ///
    /// # Errors
    /// A weight for a label that there is not, or that is negative or no finite number.
    pub fn of(
        &self,
        labels: &[String],
        classes: &[u32],
        weights: Option<&[f64]>,
    ) -> Result<Vec<f64>> {
        let given = match self {
            Self::Given(given) => given,
            Self::Balanced => {
                let mut sums = vec![0.0; labels.len()];
                for (row, &class) in classes.iter().enumerate() {
                    if let Some(sum) = sums.get_mut(class as usize) {
                        *sum += weights.map_or(1.0, |weights| weights[row]);
                    }
                }
                let total: f64 = sums.iter().sum();
                let present = sums.iter().filter(|&&sum| sum > 0.0).count() as f64;
                let balanced = |sum: f64| if sum > 0.0 { total / (present * sum) } else { 1.0 };
                return Ok(sums.into_iter().map(balanced).collect());
            }
        };
        let mut of_class = vec![1.0; labels.len()];
        for (label, weight) in given {
            let Some(class) = labels.iter().position(|known| known == label) else {
                return Err(ErrorKind::UnknownName {
                    family: "class",
                    name: label.clone(),
                    nearest: nearest(label, labels).map(str::to_owned),
                    available: labels.to_vec(),
                }
                .into());
            };
            of_class[class] = check(label, *weight)?;
        }
        Ok(of_class)
    }
}

impl FromStr for ClassWeight {
    type Err = Error;

    /// Reads `balanced`, or `LABEL=WEIGHT` with commas between.
    fn from_str(text: &str) -> Result<Self> {
        if text.trim() == "balanced" {
            return Ok(Self::Balanced);
        }
        let mut given: Vec<(String, f64)> = Vec::new();
        for part in text.split(',') {
            let pair = part.rsplit_once('=').map(|(label, weight)| (label.trim(), weight.trim()));
            let Some((label, Ok(weight))) = pair.map(|(label, w)| (label, w.parse::<f64>())) else {
                return Err(invalid(part.trim(), "balanced, or LABEL=WEIGHT with commas between"));
            };
            if given.iter().any(|(known, _)| known == label) {
                return Err(invalid(&format!("{label:?} twice"), "one for each class"));
            }
            given.push((label.to_owned(), check(label, weight)?));
        }
        Ok(Self::Given(given))
    }
}

fn check(label: &str, weight: f64) -> Result<f64> {
    match weight >= 0.0 && weight.is_finite() {
        true => Ok(weight),
        false => Err(invalid(&format!("{weight} for {label:?}"), "a finite number of 0 or more")),
    }
}

fn invalid(value: &str, expected: &str) -> Error {
    let (value, expected) = (value.to_owned(), expected.to_owned());
    ErrorKind::InvalidSetting { option: "class weight", value, expected }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_of_classes_are_read_or_refused() {
        let read = |text: &str| text.parse::<ClassWeight>();
        assert_eq!(read(" balanced ").unwrap(), ClassWeight::Balanced);
        let given = vec![("a=b".to_owned(), 2.0), ("".to_owned(), 0.0)];
        assert_eq!(read("a=b=2,=0").unwrap(), ClassWeight::Given(given));
        for wrong in ["", "a", "a=", "a=x", "a=-1", "a=nan", "a=inf", "a=1,", "a=1,a=2"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_label_that_there_is_not_is_named_with_the_nearest() {
        let labels = ["yes", "no"].map(str::to_owned);
        let error = "yess=2".parse::<ClassWeight>().unwrap().of(&labels, &[], None).unwrap_err();
        assert!(error.to_string().contains("did you mean \"yes\""), "{error}");
    }

    #[test]
    fn balanced_counts_rows_by_their_weights() {
        let labels = ["a", "b", "c"].map(str::to_owned);
        // b has weight 0 and c no row: neither can be made to count.
        let weights = [1.0, 0.0, 2.0];
        let found = ClassWeight::Balanced.of(&labels, &[0, 1, 0], Some(&weights)).unwrap();
        assert_eq!(found, [1.0, 1.0, 1.0]);
        let found = ClassWeight::Balanced.of(&labels, &[0, 1, 1], Some(&[3.0, 0.5, 0.5])).unwrap();
        assert_eq!(found, [4.0 / 6.0, 2.0, 1.0]);
    }
}
