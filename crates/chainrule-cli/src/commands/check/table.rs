//! What is in a table, what is suspicious in it, and what `train` would do with it.

use chainrule::data::{
    Column, Declarations, Finding, Kind, Note, NumberFormat, Role, Schema, Table, Target, Values,
    findings,
};
use chainrule::estimator::{Plan, Recipe};

use crate::args::Check;
use crate::commands::train::{planned, size};
use crate::failure::Failure;
use crate::output::{Align, Object, Output, count, short};

/// Checks a table.
pub fn run(args: &Check, output: &mut Output) -> Result<(), Failure> {
    let options = args.reading.options(args.threads);
    let table = Table::read_files(&args.files, &options)?;
    let targets = args.targets(&table);
    let found = findings(&table, &targets)?;
    let recipe = Recipe {
        weight: args.reading.weight(),
        threads: args.threads.count(),
        ..Recipe::default()
    };
    let plan = match targets.is_empty() {
        true => None,
        false => Some(Plan::new(&table, &targets, &recipe)),
    };
    let checked = Checked { table: &table, targets: &targets, found: &found };
    match output.json() {
        true => output.object(checked.object(args, plan.as_ref())?),
        false => checked.print(plan.as_ref(), output)?,
    }
    // What would keep `train` from starting comes last, as there.
    plan.map_or(Ok(()), |plan| plan.map(drop).map_err(Failure::from))
}

struct Checked<'a> {
    table: &'a Table,
    targets: &'a [String],
    found: &'a [Finding],
}

impl Checked<'_> {
    fn print(
        &self,
        plan: Option<&Result<Plan, chainrule::Error>>,
        output: &mut Output,
    ) -> Result<(), Failure> {
        output.result("data", &size(self.table));
        output.line("");
        let head = ["column", "kind", "missing"].map(str::to_owned).to_vec();
        let mut rows = vec![(head, "values".to_owned())];
        for column in self.table.columns() {
            let missing = match column.values().missing() {
                0 => String::new(),
                missing => count(missing),
            };
            let cells = vec![format!("{:<10}", column.name()), kind(column).to_owned(), missing];
            rows.push((cells, values(column)));
        }
        for name in self.table.unused() {
            let cells = vec![format!("{name:<10}"), "not used".to_owned(), String::new()];
            rows.push((cells, String::new()));
        }
        output.explained(&rows, &[Align::Left, Align::Left, Align::Right]);
        output.line("");
        if let Some(classes) = self.classes() {
            output.result("classes", &balance(&classes));
        }
        for finding in self.found {
            output.result("look at", &finding.to_string());
        }
        for note in self.notes(plan) {
            output.result("note", &note.to_string());
        }
        match plan {
            None => {
                let say = "with --target COLUMN it says what may give the target away, and what \
                           `train` would do";
                output.result("next", say);
            }
            Some(Ok(plan)) => {
                output.line("");
                output.line("What train would do:");
                for (label, text) in planned(plan, None)? {
                    output.result(label, &text);
                }
            }
            Some(Err(_)) => {}
        }
        Ok(())
    }

    /// The notes of the table, and those of the plan.
    fn notes(&self, plan: Option<&Result<Plan, chainrule::Error>>) -> Vec<Note> {
        match plan {
            Some(Ok(plan)) => plan.notes.clone(),
            _ => self.table.notes().to_vec(),
        }
    }

    /// How many rows have each class of the target, if it has classes.
    fn classes(&self) -> Option<Vec<(String, usize)>> {
        let schema = Schema::infer(self.table, self.targets).ok()?;
        let target = Target::infer(self.table, &schema, None).ok()?;
        let classes = target.classes(self.table).ok()??;
        let mut counts = vec![0; target.labels.len()];
        classes.iter().for_each(|&class| counts[class as usize] += 1);
        Some(target.labels.into_iter().zip(counts).collect())
    }

    fn object(
        &self,
        args: &Check,
        plan: Option<&Result<Plan, chainrule::Error>>,
    ) -> Result<Object, Failure> {
        let columns = self.table.columns().iter().map(|column| {
            let object = Object::new()
                .text("name", column.name())
                .text("kind", name_of(column.values().kind()))
                .count("missing", column.values().missing() as u64);
            match range(column) {
                Some((smallest, largest)) => {
                    object.number("smallest", smallest).number("largest", largest)
                }
                None => object.count("different", different(column) as u64),
            }
        });
        let found = self.found.iter().map(|finding| {
            Object::new()
                .text("finding", finding.name())
                .text("column", finding.column())
                .text("text", &finding.to_string())
        });
        let notes: Vec<String> = self.notes(plan).iter().map(Note::to_string).collect();
        let classes = self.classes().map(|classes| {
            classes
                .iter()
                .fold(Object::new(), |object, (label, rows)| object.count(label, *rows as u64))
        });
        let plan_object = match plan {
            Some(Ok(plan)) => {
                let lines = planned(plan, None)?;
                let told = lines.iter().fold(Object::new(), |o, (name, text)| o.text(name, text));
                Some(told)
            }
            Some(Err(error)) => Some(Object::new().text("error", &error.to_string())),
            None => None,
        };
        Ok(Object::new()
            .text("file", self.table.file())
            .count("rows", self.table.rows() as u64)
            .objects("columns", columns)
            .object("classes", classes)
            .objects("findings", found)
            .texts("notes", &notes)
            .object("train", plan_object)
            .json("schema", &serde_json::to_string(&self.schema(args)).unwrap_or_default()))
    }

    /// What `--schema` takes back: what the columns are, and what was declared of them.
    fn schema(&self, args: &Check) -> Declarations {
        let declared = args.reading.schema.clone().unwrap_or_default();
        let role = |name: &str| {
            let own = declared.columns.iter().find(|column| column.name == name);
            match self.targets.iter().any(|target| target == name) {
                true => Some(Role::Target),
                false => own.and_then(|column| column.role).or(Some(Role::Feature)),
            }
        };
        let columns = self.table.columns().iter().map(|column| chainrule::data::Declaration {
            name: column.name().to_owned(),
            kind: Some(column.values().kind()),
            role: role(column.name()),
            format: column.number_format(),
            dates: column.values().date_order(),
            missing: column.missing_words().to_vec(),
            fill: column.fill().map(str::to_owned),
        });
        let unused = declared.with_role(Role::Unused).cloned();
        Declarations {
            columns: columns.chain(unused).collect(),
            missing: self.table.missing_words().to_vec(),
        }
    }
}

/// The classes of a target with their shares, the most frequent first.
fn balance(classes: &[(String, usize)]) -> String {
    const SHOWN: usize = 8;
    let rows: usize = classes.iter().map(|(_, rows)| rows).sum();
    let mut sorted: Vec<&(String, usize)> = classes.iter().collect();
    sorted.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
    let share = |(label, own): &&(String, usize)| {
        format!("{label} {} ({:.1} %)", count(*own), 100.0 * *own as f64 / rows as f64)
    };
    let shown: Vec<String> = sorted.iter().take(SHOWN).map(share).collect();
    let mut line = shown.join(", ");
    if classes.len() > SHOWN {
        line.push_str(&format!(" and {} more", classes.len() - SHOWN));
    }
    let largest = sorted.first().map_or(0, |(_, rows)| *rows);
    let smallest = sorted.last().map_or(0, |(_, rows)| *rows);
    if largest > 10 * smallest {
        line.push_str("; far from even, --class-weight balanced counts each class alike");
    }
    line
}

/// What a column holds, with how its numbers are written where that is not plain.
fn kind(column: &Column) -> &'static str {
    let format = column.number_format();
    match (column.values().kind(), format) {
        (Kind::Number, NumberFormat { percent: true, .. }) => "percent",
        (kind, _) => kind.plural(),
    }
}

fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Number => "number",
        Kind::Boolean => "boolean",
        Kind::Date => "date",
        Kind::Text => "text",
    }
}

/// The smallest and the largest number of a column, if it holds any.
fn range(column: &Column) -> Option<(f64, f64)> {
    let numbers = match column.values() {
        Values::Number(numbers) => numbers,
        Values::Date { seconds, .. } => seconds,
        Values::Boolean { .. } | Values::Text(_) => return None,
    };
    let present = numbers.iter().filter(|number| !number.is_nan());
    present.fold(None, |range, number| match range {
        None => Some((number, number)),
        Some((smallest, largest)) => Some((number.min(smallest), number.max(largest))),
    })
}

/// How many categories or truth values occur.
fn different(column: &Column) -> usize {
    match column.values() {
        Values::Text(text) => text.levels().len(),
        Values::Boolean { values, .. } => {
            [true, false].into_iter().filter(|truth| values.contains(&Some(*truth))).count()
        }
        Values::Number(_) | Values::Date { .. } => 0,
    }
}

/// The values of a column in short: a range, or the first categories.
fn values(column: &Column) -> String {
    const SHOWN: usize = 5;
    const LONGEST: usize = 40;
    match (column.values(), range(column)) {
        (Values::Date { .. }, Some((first, last))) => {
            let moment = chainrule::data::calendar::moment;
            format!("{} to {}", moment(first), moment(last))
        }
        (_, Some((smallest, largest))) if smallest == largest => short(smallest),
        (_, Some((smallest, largest))) => format!("{} to {}", short(smallest), short(largest)),
        (Values::Boolean { values, spellings }, _) => {
            let rows = |truth| values.iter().filter(|&&value| value == Some(truth)).count();
            let [no, yes] = spellings;
            format!("{yes} {}, {no} {}", count(rows(true)), count(rows(false)))
        }
        (Values::Text(text), _) => {
            let levels = text.levels();
            let cut = |level: &String| match level.chars().count() > LONGEST {
                true => level.chars().take(LONGEST).chain(['…']).collect(),
                false => level.clone(),
            };
            let shown: Vec<String> = levels.iter().take(SHOWN).map(cut).collect();
            match levels.len() {
                0..=SHOWN => shown.join(", "),
                all => format!("{} categories: {} …", count(all), shown.join(", ")),
            }
        }
        (Values::Number(_) | Values::Date { .. }, None) => "none".to_owned(),
    }
}
