//! The columns of a table that is read: what the header of the first file and the options say of
//! them, and where they stand in each file.

use super::calendar::DateOrder;
use super::cell::NumberFormat;
use super::columns::{Form, Wanted};
use super::declaration::Declaration;
use super::parts::Wiring;
use super::schema::{Kind, Role, Schema};
use super::table::ReadOptions;
use crate::error::{Error, ErrorKind, Result, nearest};

/// What the header of the first file and the options say.
pub(super) struct Header<'a> {
    /// The first file's name.
    pub file: String,
    /// The columns of the first file, and behind them those that it does not have.
    pub names: Vec<String>,
    wanted: Vec<Wanted>,
    formats: Vec<NumberFormat>,
    dates: Vec<Option<DateOrder>>,
    /// The words of each column that are missing values.
    pub missing: Vec<&'a [String]>,
    /// The words that are missing values in every column.
    pub everywhere: Vec<String>,
    /// The text of each column's cells in a file that does not have it.
    pub fills: Vec<Option<&'a str>>,
    pub keep: &'a [String],
    /// Whether the columns are found out, not given.
    pub inferred: bool,
}

impl<'a> Header<'a> {
    /// Decides for each column of the first file how it is to be read; `kinds` is what the file
    /// itself says of them.
    pub(super) fn new(
        file: &str,
        names: &[String],
        kinds: Option<&[Kind]>,
        options: &'a ReadOptions,
        schema: Option<&'a Schema>,
    ) -> Result<Self> {
        let given: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut everywhere = schema.map_or_else(Vec::new, |schema| schema.missing.clone());
        for word in options.missing.iter().chain(&options.declared.missing) {
            let word = word.trim().to_owned();
            if !word.is_empty() && !everywhere.contains(&word) {
                everywhere.push(word);
            }
        }
        let mut header = Self {
            file: file.to_owned(),
            names: Vec::new(),
            wanted: Vec::new(),
            formats: Vec::new(),
            dates: Vec::new(),
            missing: Vec::new(),
            everywhere,
            fills: Vec::new(),
            keep: &options.keep,
            inferred: schema.is_none(),
        };
        match schema {
            None => header.declare(&given, kinds, options)?,
            Some(schema) => header.train(&given, options, schema)?,
        }
        header.names.splice(0..0, names.iter().cloned());
        for name in options.keep.iter() {
            if !given.contains(&&**name) {
                return Err(unknown_column(&header.file, name, &given));
            }
        }
        Ok(header)
    }

    /// Columns as they show, or as they were asked to be read.
    fn declare(
        &mut self,
        given: &[&str],
        kinds: Option<&[Kind]>,
        options: &'a ReadOptions,
    ) -> Result<()> {
        let declared = &options.declared.columns;
        let names = declared.iter().filter(|column| column.fill.is_none());
        let names = names.map(|column| &column.name);
        for name in options.text.iter().chain(&options.numbers).chain(names) {
            if !given.contains(&&**name) {
                return Err(unknown_column(&self.file, name, given));
            }
        }
        let asked = options.number_format();
        let absent = declared.iter().filter(|column| !given.contains(&&*column.name));
        let absent: Vec<&str> = absent.map(|column| &*column.name).collect();
        for (place, name) in given.iter().copied().chain(absent).enumerate() {
            let own = declared.iter().find(|column| column.name == name);
            let listed = |list: &[String]| list.iter().any(|listed| listed == name);
            let kind = if listed(&options.text) {
                Some(Kind::Text)
            } else if listed(&options.numbers) {
                Some(Kind::Number)
            } else {
                let typed = kinds.and_then(|kinds| kinds.get(place)).copied();
                own.and_then(|column| column.kind).or(typed)
            };
            self.wanted.push(match (kind, own) {
                (_, Some(Declaration { role: Some(Role::Unused), .. })) => Wanted::Nothing,
                (Some(kind), _) => Wanted::Asked(kind),
                (None, _) => Wanted::Inferred,
            });
            let format = own.map(|column| column.format).filter(|format| !format.is_plain());
            self.formats.push(format.unwrap_or(asked));
            self.dates.push(own.and_then(|column| column.dates));
            self.missing.push(own.map_or(&[], |column| &column.missing));
            self.fills.push(own.and_then(|column| column.fill.as_deref()));
            if place >= given.len() {
                self.names.push(name.to_owned());
            }
        }
        Ok(())
    }

    /// Columns as they were in training.
    fn train(
        &mut self,
        given: &[&str],
        options: &'a ReadOptions,
        schema: &'a Schema,
    ) -> Result<()> {
        let asked = options.number_format();
        self.wanted = vec![Wanted::Nothing; given.len()];
        self.formats = vec![asked; given.len()];
        self.dates = vec![None; given.len()];
        self.missing = vec![&[]; given.len()];
        self.fills = vec![None; given.len()];
        for column in &schema.columns {
            if column.role == Role::Unused {
                continue;
            }
            let place = match given.iter().position(|name| *name == column.name) {
                Some(place) => place,
                None if column.role != Role::Feature => continue,
                None if column.fill.is_some() => {
                    self.names.push(column.name.clone());
                    self.wanted.push(Wanted::Nothing);
                    self.formats.push(asked);
                    self.dates.push(None);
                    self.missing.push(&[]);
                    self.fills.push(None);
                    self.wanted.len() - 1
                }
                None => {
                    let others = given.iter().filter(|name| schema.column(name).is_none());
                    return Err(ErrorKind::ColumnMissing {
                        file: self.file.clone(),
                        name: column.name.clone(),
                        nearest: nearest(&column.name, others.copied()).map(str::to_owned),
                    }
                    .into());
                }
            };
            self.wanted[place] = Wanted::Trained(column.kind);
            if asked.is_plain() {
                self.formats[place] = column.format;
            }
            self.dates[place] = column.dates;
            self.missing[place] = &column.missing;
            self.fills[place] = column.fill.as_deref();
        }
        Ok(())
    }

    /// What is known of each column.
    pub(super) fn forms(&self) -> Vec<Form<'_>> {
        let form = |column: usize| Form {
            name: &self.names[column],
            wanted: self.wanted[column],
            format: self.formats[column],
            dates: self.dates[column],
            missing: [&self.everywhere, self.missing[column]],
        };
        (0..self.names.len()).map(form).collect()
    }

    /// Finds the columns in a file, by name.
    pub(super) fn wiring<'w>(
        &'w self,
        file: &'w str,
        names: &[String],
        forms: &[Form<'w>],
    ) -> Result<Wiring<'w>> {
        let differs = |name: &str, is_extra| {
            let (first, name) = (self.file.clone(), name.to_owned());
            Error::from(ErrorKind::ColumnsDiffer { file: file.to_owned(), first, name, is_extra })
        };
        let place = |name: &String| self.names.iter().position(|known| known == name);
        let columns: Vec<Option<usize>> = names.iter().map(place).collect();
        if let Some(extra) = columns.iter().position(Option::is_none)
            && self.inferred
        {
            return Err(differs(&names[extra], true));
        }
        let mut filled = Vec::new();
        for (column, form) in forms.iter().enumerate() {
            if columns.contains(&Some(column)) {
                continue;
            }
            match self.fills[column] {
                Some(text) if form.wanted != Wanted::Nothing => filled.push((column, *form, text)),
                _ if self.wanted[column] == Wanted::Nothing => {}
                _ => return Err(differs(&self.names[column], false)),
            }
        }
        let kept = self.keep.iter().map(|name| {
            let field = names.iter().position(|known| known == name);
            field.ok_or_else(|| differs(name, false))
        });
        let kept = kept.collect::<Result<_>>()?;
        let form = |column: &Option<usize>| column.map_or(Form::NOTHING, |column| forms[column]);
        let forms = columns.iter().map(form).collect();
        Ok(Wiring { file, columns, forms, filled, kept })
    }

    pub(super) fn empty(&self) -> Error {
        ErrorKind::HeaderOnly { file: self.file.clone() }.into()
    }
}

/// Refuses columns without a name, or two of one name.
pub(super) fn check_names(file: &str, line: u64, names: &[&str]) -> Result<()> {
    for (position, name) in names.iter().enumerate() {
        if name.is_empty() {
            return Err(ErrorKind::EmptyColumnName {
                file: file.into(),
                line,
                position: position + 1,
            }
            .into());
        }
    }
    let mut sorted: Vec<usize> = (0..names.len()).collect();
    sorted.sort_by_key(|&position| names[position]);
    for pair in sorted.windows(2) {
        if names[pair[0]] == names[pair[1]] {
            return Err(ErrorKind::DuplicateColumnName {
                file: file.into(),
                line,
                name: names[pair[0]].to_owned(),
                first: pair[0] + 1,
                second: pair[1] + 1,
            }
            .into());
        }
    }
    Ok(())
}

/// The error for a name that is no column.
pub(super) fn unknown_column(file: &str, name: &str, names: &[&str]) -> crate::error::Error {
    ErrorKind::UnknownColumn {
        file: file.into(),
        name: name.to_owned(),
        nearest: nearest(name, names.iter().copied()).map(str::to_owned),
        available: names.iter().map(|&name| name.to_owned()).collect(),
    }
    .into()
}
