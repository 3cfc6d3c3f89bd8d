//! How rows are kept apart: at random by class, by group, or by time; once, or in folds.

use std::collections::BTreeMap;

use chainrule_core::random::Stream;

use super::split::split;
use super::table::{Table, Values};
use super::target::Target;
use crate::error::{Error, ErrorKind, Result};

/// The stream of random numbers that folds draw from.
const STREAM: u64 = 0x0046_4f4c_4453;

/// What decides which rows may be apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Division(By);

/// One value for each row of the table.
#[derive(Clone, Debug, PartialEq)]
enum By {
    /// Chance, with the classes in proportion, if there are any.
    Chance(Option<Vec<u32>>),
    /// Chance, where rows of one group stay together.
    Group(Vec<u32>),
    /// Time: later rows are held out.
    Time(Vec<f64>),
}

/// Rows to train on and rows held out, both ascending.
pub type Parts = (Vec<usize>, Vec<usize>);

impl Division {
    /// Decides by the columns that are named, else by chance, with the classes of the target in
    /// proportion.
    ///
    /// Rows with one value in the column `group` are never on both sides; those without a value are
    /// each by themselves. With a column `time`, which holds dates or numbers, the last rows are
    /// held out, and rows of one time stay together.
    ///
    /// # Errors
    /// A column is absent; both are named; less than two groups or times; a row without a time.
    pub fn of(
        table: &Table,
        target: &Target,
        group: Option<&str>,
        time: Option<&str>,
    ) -> Result<Self> {
        Ok(Self(match (group, time) {
            (None, None) => By::Chance(match target.classes(table)? {
                None => None,
                Some(classes) => {
                    let mut of_rows = vec![0; table.rows()];
                    for (&row, class) in target.rows.iter().zip(classes) {
                        of_rows[row] = class;
                    }
                    Some(of_rows)
                }
            }),
            (Some(group), None) => By::Group(groups(table, group, &target.rows)?),
            (None, Some(time)) => By::Time(times(table, time, &target.rows)?),
            (Some(_), Some(time)) => {
                return Err(invalid("time", time, "left out where rows are kept apart by group"));
            }
        }))
    }

    /// Holds out about a share of some rows. By chance as [`split`] does; by group so many whole
    /// groups as come nearest to the share, drawn by the seed; by time the last rows.
    pub fn hold_out(&self, rows: &[usize], fraction: f64, seed: u64) -> Parts {
        let wanted = (fraction * rows.len() as f64).round() as usize;
        match &self.0 {
            By::Chance(classes) => {
                let strata = classes.as_ref().map(|classes| of_rows(classes, rows));
                split(rows, fraction, seed, strata.as_deref())
            }
            _ if wanted == 0 => (rows.to_vec(), Vec::new()),
            By::Group(groups) => {
                let mut members = members(groups, rows);
                shuffle(&mut members, &mut Stream::new(seed, STREAM));
                let (mut held, mut left) = (Vec::new(), members.len());
                for group in members {
                    let over = (held.len() + group.len()).saturating_sub(wanted);
                    if left > 1 && held.len() < wanted && over <= wanted - held.len() {
                        held.extend(group);
                        left -= 1;
                    }
                }
                apart(rows, held)
            }
            By::Time(times) => {
                let order = in_time(times, rows);
                let first = cut(times, &order, 0, order.len() - wanted.min(order.len()));
                apart(rows, order[first..].to_vec())
            }
        }
    }

    /// Deals rows into so many folds, each held out once.
    ///
    /// By chance the classes are dealt in turn, so that each fold has its share; by group the
    /// largest group goes to the fold with the fewest rows. By time the rows are cut into one part
    /// more than there are folds, and fold i holds out part i + 1 and trains on those before it.
    ///
    /// # Errors
    /// Fewer than two folds, or more than there are rows, groups, or times.
    pub fn folds(&self, rows: &[usize], count: usize, seed: u64) -> Result<Vec<Parts>> {
        let mut stream = Stream::new(seed, STREAM);
        let too_many = |most: usize, of: &str| {
            let expected = format!("from 2 to {most}, the number of {of}");
            Err(invalid("folds", &count.to_string(), &expected))
        };
        if count < 2 || count > rows.len() {
            return too_many(rows.len(), "rows");
        }
        let mut held = vec![Vec::new(); count];
        match &self.0 {
            By::Chance(classes) => {
                let strata = classes.as_ref().map_or(vec![0; rows.len()], |all| of_rows(all, rows));
                let mut next = 0;
                for mut class in members_by(&strata, rows) {
                    shuffle(&mut class, &mut stream);
                    for row in class {
                        held[next % count].push(row);
                        next += 1;
                    }
                }
            }
            By::Group(groups) => {
                let mut members = members(groups, rows);
                if count > members.len() {
                    return too_many(members.len(), "groups");
                }
                shuffle(&mut members, &mut stream);
                members.sort_by_key(|group| std::cmp::Reverse(group.len()));
                for group in members {
                    let smallest = held.iter_mut().min_by_key(|fold| fold.len());
                    smallest.into_iter().for_each(|fold| fold.extend_from_slice(&group));
                }
            }
            By::Time(times) => {
                let order = in_time(times, rows);
                let mut cuts = Vec::new();
                for part in 1..=count {
                    let before = cuts.last().copied().unwrap_or(0);
                    cuts.push(cut(times, &order, before, order.len() * part / (count + 1)));
                }
                cuts.push(order.len());
                if cuts.windows(2).any(|ends| ends[0] >= ends[1]) {
                    return Err(invalid(
                        "folds",
                        &count.to_string(),
                        "fewer: too few times differ",
                    ));
                }
                let fold = |ends: &[usize]| {
                    let sorted = |rows: &[usize]| {
                        let mut rows = rows.to_vec();
                        rows.sort_unstable();
                        rows
                    };
                    (sorted(&order[..ends[0]]), sorted(&order[ends[0]..ends[1]]))
                };
                return Ok(cuts.windows(2).map(fold).collect());
            }
        }
        Ok(held.into_iter().map(|held| apart(rows, held)).collect())
    }
}

fn of_rows(values: &[u32], rows: &[usize]) -> Vec<u32> {
    rows.iter().map(|&row| values.get(row).copied().unwrap_or_default()).collect()
}

/// The rows of each group, groups ascending.
fn members(groups: &[u32], rows: &[usize]) -> Vec<Vec<usize>> {
    members_by(&of_rows(groups, rows), rows)
}

fn members_by(values: &[u32], rows: &[usize]) -> Vec<Vec<usize>> {
    let mut members: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (&value, &row) in values.iter().zip(rows) {
        members.entry(value).or_default().push(row);
    }
    members.into_values().collect()
}

/// A Fisher-Yates shuffle.
fn shuffle<T>(items: &mut [T], stream: &mut Stream) {
    for place in 0..items.len() {
        let other = place + stream.below((items.len() - place) as u64) as usize;
        items.swap(place, other);
    }
}

/// Rows without those that are held out, and these.
fn apart(rows: &[usize], mut held: Vec<usize>) -> Parts {
    held.sort_unstable();
    let training = rows.iter().copied().filter(|row| held.binary_search(row).is_err());
    let mut training: Vec<usize> = training.collect();
    training.sort_unstable();
    (training, held)
}

/// Rows by time, those of one time in their order.
fn in_time(times: &[f64], rows: &[usize]) -> Vec<usize> {
    let time = |row: usize| times.get(row).copied().unwrap_or(f64::NAN);
    let mut order = rows.to_vec();
    order.sort_unstable_by(|&a, &b| time(a).total_cmp(&time(b)).then(a.cmp(&b)));
    order
}

/// Moves a cut through rows in order of time to where the time changes: back, or if that would be
/// at an earlier cut, ahead.
fn cut(times: &[f64], order: &[usize], before: usize, at: usize) -> usize {
    let changes =
        |&place: &usize| place == order.len() || times[order[place]] != times[order[place - 1]];
    let back = (before + 1..=at).rev().find(changes);
    back.or_else(|| (at.max(before + 1)..=order.len()).find(changes)).unwrap_or(order.len())
}

/// A number for each group; a row without a value has one of its own.
fn groups(table: &Table, name: &str, rows: &[usize]) -> Result<Vec<u32>> {
    let column = table.require(name)?;
    let value = |row: usize| match column.values() {
        values if values.is_missing(row) => None,
        Values::Number(numbers) => numbers.get(row).map(|number| (number + 0.0).to_bits()),
        Values::Date { seconds, .. } => seconds.get(row).map(|number| (number + 0.0).to_bits()),
        Values::Boolean { values, .. } => values.get(row).copied().flatten().map(u64::from),
        Values::Text(text) => text.code(row).map(|code| code as u64),
    };
    let mut known: BTreeMap<u64, u32> = BTreeMap::new();
    let mut next = 0;
    let mut number = |row: usize| match value(row) {
        Some(value) => *known.entry(value).or_insert_with(|| fresh(&mut next)),
        None => fresh(&mut next),
    };
    let groups: Vec<u32> = (0..table.rows()).map(&mut number).collect();
    let found = members(&groups, rows).len();
    if found < 2 {
        let value = format!("{name:?}, which has {found} group");
        return Err(invalid("group", &value, "a column with two groups or more"));
    }
    Ok(groups)
}

fn fresh(next: &mut u32) -> u32 {
    *next += 1;
    *next - 1
}

/// The time of each row.
fn times(table: &Table, name: &str, rows: &[usize]) -> Result<Vec<f64>> {
    let column = table.require(name)?;
    let (Values::Number(values) | Values::Date { seconds: values, .. }) = column.values() else {
        let value = format!("{name:?}, which holds {}", column.values().kind().plural());
        return Err(invalid("time", &value, "a column of dates or numbers"));
    };
    if let Some(&row) = rows.iter().find(|&&row| values.is_missing(row)) {
        return Err(ErrorKind::MissingTime {
            file: table.file_of(row).to_owned(),
            line: table.line(row),
            column: name.to_owned(),
        }
        .into());
    }
    let times: Vec<f64> = values.iter().collect();
    let mut of_rows = rows.iter().map(|&row| times[row]);
    let first = of_rows.next();
    if of_rows.all(|time| Some(time) == first) {
        let value = format!("{name:?}, which is the same in all rows");
        return Err(invalid("time", &value, "a column of two times or more"));
    }
    Ok(times)
}

fn invalid(option: &'static str, value: &str, expected: &str) -> Error {
    let (value, expected) = (value.to_owned(), expected.to_owned());
    ErrorKind::InvalidSetting { option, value, expected }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: usize) -> Vec<usize> {
        (0..count).collect()
    }

    /// That the parts are ascending and together the rows, and each fold's rows are held out once.
    fn check(folds: &[Parts], count: usize) {
        let mut held: Vec<usize> = folds.iter().flat_map(|fold| fold.1.clone()).collect();
        held.sort_unstable();
        assert_eq!(held, rows(count));
        for (training, held) in folds {
            assert!(training.is_sorted() && held.is_sorted());
            let mut both = [training.clone(), held.clone()].concat();
            both.sort_unstable();
            assert_eq!(both, rows(count));
        }
    }

    #[test]
    fn by_chance_it_is_the_split() {
        let classes: Vec<u32> = (0..40).map(|row| u32::from(row % 4 == 0)).collect();
        let division = Division(By::Chance(Some(classes.clone())));
        assert_eq!(division.hold_out(&rows(40), 0.2, 7), split(&rows(40), 0.2, 7, Some(&classes)));
        let division = Division(By::Chance(None));
        assert_eq!(division.hold_out(&rows(40), 0.2, 7), split(&rows(40), 0.2, 7, None));
    }

    #[test]
    fn folds_have_their_share_of_each_class() {
        let classes: Vec<u32> = (0..53).map(|row| u32::from(row % 5 == 0)).collect();
        let folds = Division(By::Chance(Some(classes.clone()))).folds(&rows(53), 5, 3).unwrap();
        check(&folds, 53);
        for (_, held) in &folds {
            assert!(matches!(held.len(), 10 | 11), "{held:?}");
            let rare = held.iter().filter(|&&row| classes[row] == 1).count();
            assert!(matches!(rare, 2 | 3), "{held:?}");
        }
        let division = Division(By::Chance(None));
        let folds = |seed| division.folds(&rows(90), 3, seed).unwrap();
        assert_eq!(folds(1), folds(1));
        assert_ne!(folds(1), folds(2));
        for wrong in [0, 1, 10] {
            assert!(division.folds(&rows(9), wrong, 0).is_err());
        }
        assert_eq!(division.folds(&rows(9), 9, 0).unwrap()[0].1.len(), 1);
    }

    #[test]
    fn no_group_is_on_both_sides() {
        let groups: Vec<u32> = (0..100).map(|row| (row * row % 17) as u32).collect();
        let division = Division(By::Group(groups.clone()));
        let sides = |(training, held): &Parts| {
            let of = |part: &[usize]| part.iter().map(|&row| groups[row]).collect::<Vec<_>>();
            let (training, held) = (of(training), of(held));
            assert!(!held.is_empty() && !training.is_empty());
            assert!(training.iter().all(|group| !held.contains(group)));
            held.len()
        };
        for seed in 0..50 {
            let parts = division.hold_out(&rows(100), 0.3, seed);
            assert!((20..=40).contains(&sides(&parts)), "{parts:?}");
        }
        let folds = division.folds(&rows(100), 4, 0).unwrap();
        check(&folds, 100);
        folds.iter().for_each(|fold| assert!((20..=30).contains(&sides(fold))));
        assert!(division.folds(&rows(100), 10, 0).is_err(), "nine groups");
        // One large group and one small: the smaller error, and something to train on.
        let division = Division(By::Group([vec![0; 9], vec![1]].concat()));
        for seed in 0..9 {
            assert_eq!(division.hold_out(&rows(10), 0.2, seed).1, [9]);
        }
    }

    #[test]
    fn by_time_the_last_rows_are_held_out_and_equal_times_stay_together() {
        let times = vec![5.0, 1.0, 4.0, 4.0, 2.0, 3.0, 4.0, 0.0];
        let division = Division(By::Time(times));
        let held = |fraction| division.hold_out(&rows(8), fraction, 0).1;
        assert_eq!(held(0.125), [0]);
        // The second to last has the time of two others.
        assert_eq!(held(0.25), [0, 2, 3, 6]);
        assert_eq!(held(0.5), [0, 2, 3, 6]);
        assert_eq!(held(0.0), Vec::<usize>::new());
        assert_eq!(held(0.99), [0, 1, 2, 3, 4, 5, 6]);
        let folds = division.folds(&rows(8), 3, 0).unwrap();
        assert_eq!(folds[0], (vec![1, 7], vec![4, 5]));
        assert_eq!(folds[1], (vec![1, 4, 5, 7], vec![2, 3, 6]));
        assert_eq!(folds[2], (vec![1, 2, 3, 4, 5, 6, 7], vec![0]));
        assert!(division.folds(&rows(8), 7, 0).is_err());
    }
}
