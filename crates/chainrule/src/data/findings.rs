//! What is suspicious in a table before anything is trained on it.

use std::collections::HashMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::table::{Column, Table, Values};
use crate::error::Result;

/// Something about a column that a person should look at before training.
///
/// Printed with `Display`: one sentence, with what to do.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs)] // The fields are named after what they hold; the variants are documented.
pub enum Finding {
    /// A column has the same value in every row.
    Constant { column: String, value: String },
    /// A column has the same value as another in every row.
    Duplicate { column: String, of: String },
    /// A column names or numbers the rows.
    Identifier { column: String },
    /// Rows with the same value of the feature nearly always have the same target: of the rows
    /// whose value is not theirs alone, this share has the target that is the most frequent there.
    Determines { column: String, target: String, share: f64 },
    /// A feature and the target lie on a line, nearly.
    Correlated { column: String, target: String, correlation: f64 },
}

impl Finding {
    /// A short name of what was found, for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Constant { .. } => "constant",
            Self::Duplicate { .. } => "duplicate",
            Self::Identifier { .. } => "identifier",
            Self::Determines { .. } => "determines_target",
            Self::Correlated { .. } => "correlates_with_target",
        }
    }

    /// The column.
    pub fn column(&self) -> &str {
        match self {
            Self::Constant { column, .. }
            | Self::Duplicate { column, .. }
            | Self::Identifier { column }
            | Self::Determines { column, .. }
            | Self::Correlated { column, .. } => column,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant { column, value } => {
                write!(f, "column {column:?} is {value} in every row, and teaches nothing")
            }
            Self::Duplicate { column, of } => {
                write!(f, "column {column:?} is the same as {of:?} in every row; leave one out")
            }
            Self::Identifier { column } => write!(
                f,
                "column {column:?} has another value in each row, as a number or name of it has; it \
                 teaches nothing about new rows, and is better left out"
            ),
            Self::Determines { column, target, share } => write!(
                f,
                "column {column:?} gives the target {target:?} away: {:.2} % of the rows that share \
                 its value share the target; is it known before the target is?",
                100.0 * share
            ),
            Self::Correlated { column, target, correlation } => write!(
                f,
                "column {column:?} gives the target {target:?} away: their correlation is \
                 {correlation:.5}; is it known before the target is?"
            ),
        }
    }
}

/// Fewer rows show nothing that could not be chance.
const FEWEST_ROWS: usize = 20;

/// A feature that explains so much of the target is suspicious.
const SUSPICIOUS: f64 = 0.999;

/// Looks at every column, and at what each says of the targets.
///
/// The targets themselves are not looked at.
///
/// # Errors
/// A target that is no column.
pub fn findings<S: AsRef<str>>(table: &Table, targets: &[S]) -> Result<Vec<Finding>> {
    let is_target = |column: &Column| targets.iter().any(|name| name.as_ref() == column.name());
    let targets: Vec<&Column> =
        targets.iter().map(|name| table.require(name.as_ref())).collect::<Result<_>>()?;
    let target_codes: Vec<Codes> = targets.iter().map(|column| Codes::of(column)).collect();
    let mut found = Vec::new();
    let mut seen: Vec<(u64, &Column)> = Vec::new();
    for column in table.columns().iter().filter(|column| !is_target(column)) {
        let name = || column.name().to_owned();
        let codes = Codes::of(column);
        if codes.different == 0 {
            // It is left out anyway, and a note says so.
            continue;
        }
        if codes.different == 1 && !codes.of_rows.contains(&MISSING) {
            let value = text(column, 0);
            found.push(Finding::Constant { column: name(), value });
            continue;
        }
        let print = fingerprint(column);
        let twin = seen.iter().find(|(other, twin)| {
            *other == print && (0..table.rows()).all(|row| same(column, twin, row))
        });
        if let Some((_, twin)) = twin {
            found.push(Finding::Duplicate { column: name(), of: twin.name().to_owned() });
            continue;
        }
        seen.push((print, column));
        if table.rows() < FEWEST_ROWS {
            continue;
        }
        if codes.different == table.rows() && identifies(column) {
            found.push(Finding::Identifier { column: name() });
        }
        for (target, of_target) in targets.iter().zip(&target_codes) {
            let (column, target_name) = (name(), target.name().to_owned());
            let correlation = correlation(table, &column, &target_name);
            if correlation.abs() > SUSPICIOUS {
                found.push(Finding::Correlated { column, target: target_name, correlation });
            } else if let Some(share) = codes.determine(of_target) {
                found.push(Finding::Determines { column, target: target_name, share });
            }
        }
    }
    Ok(found)
}

/// The code of a missing value.
const MISSING: u32 = u32::MAX;

/// A column's values as codes, in the order of their first appearance.
struct Codes {
    of_rows: Vec<u32>,
    different: usize,
}

impl Codes {
    fn of(column: &Column) -> Self {
        let mut codes: HashMap<u64, u32> = HashMap::new();
        let values = column.values();
        let code = |row: usize| {
            let key = key(values, row)?;
            let next = codes.len() as u32;
            Some(*codes.entry(key).or_insert(next))
        };
        let of_rows = (0..values.len()).map(code).map(|code| code.unwrap_or(MISSING)).collect();
        Self { different: codes.len(), of_rows }
    }

    /// The share of rows whose target is that of most rows with the same value, if it is so large
    /// that these values give the target away.
    ///
    /// Values that stand in one row alone say nothing, and if most do, nothing is said. A target
    /// that is nearly always the same is guessed well without the feature: nineteen of twenty such
    /// errors have to be avoided.
    fn determine(&self, target: &Self) -> Option<f64> {
        let pairs = || {
            let both = self.of_rows.iter().zip(&target.of_rows);
            both.filter(|&(&value, &target)| value != MISSING && target != MISSING)
        };
        let mut rows_of = vec![0_u32; self.different];
        pairs().for_each(|(&value, _)| rows_of[value as usize] += 1);
        let mut together: HashMap<(u32, u32), u32> = HashMap::new();
        let mut of_target = vec![0_usize; target.different];
        let mut shared = 0;
        for (&value, &target) in pairs().filter(|&(&value, _)| rows_of[value as usize] > 1) {
            *together.entry((value, target)).or_default() += 1;
            of_target[target as usize] += 1;
            shared += 1;
        }
        // Numbers of which each is rare are not given away by being alike.
        if 2 * shared < self.of_rows.len() || shared < FEWEST_ROWS || 2 * target.different > shared
        {
            return None;
        }
        let mut most = vec![0_u32; self.different];
        for (&(value, _), &count) in &together {
            let most = &mut most[value as usize];
            *most = count.max(*most);
        }
        let right: usize = most.iter().map(|&count| count as usize).sum();
        let errors = shared - right;
        let guessed_errors = shared - of_target.iter().copied().max().unwrap_or(0);
        let share = right as f64 / shared as f64;
        (share >= SUSPICIOUS && errors * 20 <= guessed_errors && guessed_errors > 0)
            .then_some(share)
    }
}

/// A number that is the same for the same value of a column alone.
fn key(values: &Values, row: usize) -> Option<u64> {
    match values {
        Values::Number(numbers) => number_key(numbers.get(row)?),
        Values::Boolean { values, .. } => values.get(row).copied().flatten().map(u64::from),
        Values::Date { seconds, .. } => number_key(seconds.get(row)?),
        Values::Text(text) => text.code(row).map(|code| code as u64),
    }
}

fn number_key(value: f64) -> Option<u64> {
    // Adding 0 makes one of both zeros.
    (!value.is_nan()).then(|| (value + 0.0).to_bits())
}

/// A value in words.
fn text(column: &Column, row: usize) -> String {
    match column.values() {
        Values::Number(numbers) => format!("{:?}", numbers.get(row).unwrap_or(f64::NAN)),
        Values::Boolean { values, spellings } => {
            let value = values.get(row).copied().flatten().unwrap_or_default();
            format!("{:?}", spellings[usize::from(value)])
        }
        Values::Date { seconds, .. } => {
            super::calendar::moment(seconds.get(row).unwrap_or(f64::NAN))
        }
        Values::Text(text) => format!("{:?}", text.get(row).unwrap_or_default()),
    }
}

/// A number that is the same for columns with the same values.
fn fingerprint(column: &Column) -> u64 {
    let mut hasher = DefaultHasher::new();
    let values = column.values();
    match values {
        Values::Text(text) => {
            (0..values.len()).for_each(|row| text.get(row).hash(&mut hasher));
        }
        _ => (0..values.len()).for_each(|row| key(values, row).hash(&mut hasher)),
    }
    hasher.finish()
}

fn same(one: &Column, other: &Column, row: usize) -> bool {
    match (one.values(), other.values()) {
        (Values::Text(one), Values::Text(other)) => one.get(row) == other.get(row),
        (one, other) if one.kind() == other.kind() => key(one, row) == key(other, row),
        _ => false,
    }
}

/// Tells whether values that all differ are names, or whole numbers that count.
fn identifies(column: &Column) -> bool {
    match column.values() {
        Values::Text(_) => true,
        Values::Number(numbers) => {
            let mut values: Vec<f64> = numbers.iter().collect();
            if values.iter().any(|&value| libm::floor(value) != value) {
                return false;
            }
            let rises = values.windows(2).all(|pair| pair[0] < pair[1]);
            let falls = values.windows(2).all(|pair| pair[0] > pair[1]);
            values.sort_by(f64::total_cmp);
            rises || falls || values.windows(2).all(|pair| pair[1] - pair[0] == 1.0)
        }
        Values::Boolean { .. } | Values::Date { .. } => false,
    }
}

/// The correlation of two columns of numbers or truth values, over the rows that have both; 0 of
/// others, and of fewer rows than show something.
fn correlation(table: &Table, one: &str, other: &str) -> f64 {
    let value = |name: &str, row: usize| match table.column(name)?.values() {
        Values::Number(numbers) => numbers.get(row).filter(|value| value.is_finite()),
        Values::Boolean { values, .. } => {
            values.get(row).copied().flatten().map(|truth| f64::from(u8::from(truth)))
        }
        Values::Date { seconds, .. } => seconds.get(row).filter(|value| value.is_finite()),
        Values::Text(_) => None,
    };
    let pairs = || (0..table.rows()).filter_map(|row| Some((value(one, row)?, value(other, row)?)));
    let count = pairs().count();
    if count < FEWEST_ROWS {
        return 0.0;
    }
    let largest =
        pairs().fold((0.0_f64, 0.0_f64), |(a, b), (x, y)| (a.max(x.abs()), b.max(y.abs())));
    // Scaled, so that no square leaves the range.
    let scaled = || pairs().map(|(x, y)| (x / largest.0, y / largest.1));
    let sum = scaled().fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
    let mean = (sum.0 / count as f64, sum.1 / count as f64);
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in scaled() {
        let (x, y) = (x - mean.0, y - mean.1);
        (xx, xy, yy) = (xx + x * x, xy + x * y, yy + y * y);
    }
    let found = xy / (xx * yy).sqrt();
    if found.is_finite() { found } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ReadOptions;

    fn found(
        header: &str,
        rows: usize,
        row: impl Fn(usize) -> String,
        target: &str,
    ) -> Vec<String> {
        let lines: String = (0..rows).map(|i| format!("{}\n", row(i))).collect();
        let text = format!("{header}\n{lines}");
        let table = Table::from_reader(text.as_bytes(), "t.csv", &ReadOptions::default()).unwrap();
        let found = findings(&table, &[target]).unwrap();
        found.iter().map(|f| format!("{} {}", f.column(), f.name())).collect()
    }

    #[test]
    fn a_sound_table_has_nothing_to_find() {
        let row = |i: usize| {
            format!(
                "{},{},{},{}",
                (i * 7919) % 1009,
                i % 7,
                "abc".chars().nth(i % 3).unwrap(),
                i * i % 5 % 2
            )
        };
        assert_eq!(found("x,y2,c,y", 500, row, "y"), Vec::<String>::new());
    }

    #[test]
    fn constants_twins_and_names_of_rows() {
        let row = |i: usize| {
            let x = (i * 7919 % 1009) as f64 / 8.0;
            format!("{i},5,{x},{x},p{i},yes,{},{}", 1_000 - 3 * i, i * i % 7)
        };
        assert_eq!(
            found("id,five,x,twin,name,flag,down,y", 100, row, "y"),
            [
                "id identifier",
                "five constant",
                "twin duplicate",
                "name identifier",
                "flag constant",
                "down correlates_with_target",
                "down identifier"
            ]
            .into_iter()
            .filter(|f| *f != "down correlates_with_target")
            .collect::<Vec<_>>()
        );
        // Of a few rows nothing is said but what holds in each.
        assert_eq!(found("id,five,y", 5, |i| format!("{i},5,{}", i % 2), "y"), ["five constant"]);
    }

    #[test]
    fn what_gives_the_target_away() {
        // A code of the class, the class with an error in a thousand rows, and a scaled number.
        let class = |i: usize| i * i % 7 % 3;
        let row = |i: usize| {
            let wrong = if i == 77 { 1 } else { 0 };
            format!(
                "{},c{},{},{}",
                i % 13,
                class(i),
                (class(i) + wrong) % 3,
                ["a", "b", "c"][class(i)]
            )
        };
        assert_eq!(
            found("x,code,nearly,y", 2_000, row, "y"),
            ["code determines_target", "nearly determines_target"]
        );
        let row = |i: usize| {
            let y = (i * 7919 % 1009) as f64;
            format!("{},{},{y}", 2.5 * y - 3.0, i % 11)
        };
        assert_eq!(found("double,x,y", 400, row, "y"), ["double correlates_with_target"]);
        // A rare class that nothing knows of is not given away by being rare.
        let row = |i: usize| format!("{},{}", i % 5, u8::from(i % 1500 == 3));
        assert_eq!(found("x,y", 3_000, row, "y"), Vec::<String>::new());
        // Numbers that are each their own row's.
        let row = |i: usize| format!("{}.5,{}", i * 7919 % 10_007, i % 2);
        assert_eq!(found("x,y", 1_000, row, "y"), Vec::<String>::new());
    }
}
