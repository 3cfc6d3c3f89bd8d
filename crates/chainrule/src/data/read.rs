//! Reading CSV into tables: blocks of it are taken apart on several threads and put together in
//! the file's order, so that the outcome does not depend on their number.

use std::io::Read;
use std::sync::{Mutex, PoisonError};

use csv::StringRecord;

use super::blocks::{Block, Blocks};
use super::columns::{ColumnReader, Form, Manner, Wanted};
use super::notes::Note;
use super::parts::{Fault, Part};
use super::records::Records;
use super::schema::{Role, Schema};
use super::table::{ReadOptions, Table};
use crate::engine::available_threads;
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::parallel::in_order;

/// How many bytes are read at a time, before the kinds of the columns are known and after.
pub(super) const BLOCK_SIZES: [usize; 2] = [1 << 18, 1 << 21];

/// A CSV file whose header is read.
pub(super) struct Opened<'a, R> {
    blocks: Blocks<R>,
    sizes: [usize; 2],
    header: Header<'a>,
    threads: usize,
}

/// What the header and the options say.
struct Header<'a> {
    file: &'a str,
    names: Vec<String>,
    wanted: Vec<Wanted>,
    options: &'a ReadOptions,
    missing: Vec<String>,
    /// Whether the columns are found out, not given.
    inferred: bool,
    delimiter: u8,
}

impl<'a, R: Read + Send> Opened<'a, R> {
    /// Reads the header, and decides for each column how it is to be read.
    pub(super) fn new(
        input: R,
        file: &'a str,
        options: &'a ReadOptions,
        schema: Option<&Schema>,
        sizes: [usize; 2],
    ) -> Result<Self> {
        options.check()?;
        let (blocks, first) = Blocks::new(input, file, options.delimiter, sizes[0])?;
        let mut records = Records::new(&first.bytes[..], file, Some(blocks.delimiter))?;
        let mut record = StringRecord::new();
        if !records.read(&mut record)? {
            return Err(ErrorKind::EmptyFile { file: file.into() }.into());
        }
        let names: Vec<String> = record.iter().map(|field| field.trim().to_owned()).collect();
        let given: Vec<&str> = names.iter().map(String::as_str).collect();
        check_names(file, records.line(), &given)?;
        for name in options.text.iter().chain(&options.numbers) {
            if !names.contains(name) {
                return Err(unknown_column(file, name, &given));
            }
        }
        let mut missing = schema.map_or_else(Vec::new, |schema| schema.missing.clone());
        for word in &options.missing {
            let word = word.trim().to_owned();
            if !word.is_empty() && !missing.contains(&word) {
                missing.push(word);
            }
        }
        let wanted = wanted_kinds(file, &given, options, schema)?;
        let delimiter = blocks.delimiter;
        let inferred = schema.is_none();
        let header = Header { file, names, wanted, options, missing, inferred, delimiter };
        let threads = options.threads.unwrap_or_else(available_threads);
        Ok(Self { blocks, sizes, header, threads })
    }

    /// Reads all rows into one table.
    pub(super) fn table(mut self) -> Result<Table> {
        let forms = self.header.forms();
        let mut assembly = Assembly::new(&forms);
        // What is known of the columns when a block is read; never more than when it is taken.
        let known = Mutex::new(assembly.manners());
        let (blocks, sizes) = (&mut self.blocks, self.sizes);
        in_order(
            self.threads,
            || {
                let manners = known.lock().unwrap_or_else(PoisonError::into_inner).clone();
                blocks.size = sizes[usize::from(!manners.contains(&Manner::Raw))];
                Ok(blocks.next()?.map(|block| (block, manners)))
            },
            |(block, manners): (Block, Vec<Manner>)| {
                Ok(Part::read(&block, &forms, &manners, self.header.delimiter))
            },
            |part| {
                assembly.take(part)?;
                *known.lock().unwrap_or_else(PoisonError::into_inner) = assembly.manners();
                Ok::<(), Error>(())
            },
        )?;
        match assembly.lines.is_empty() {
            true => Err(self.header.empty()),
            false => assembly.finish(&self.header),
        }
    }

    /// Reads the rows as tables of some that follow each other, which are worked on at the same
    /// time; `take` gets what comes of them in the file's order.
    pub(super) fn each<T: Send, E: Send + From<Error>>(
        mut self,
        work: impl Fn(Table) -> std::result::Result<T, E> + Sync,
        mut take: impl FnMut(T) -> std::result::Result<(), E> + Send,
    ) -> std::result::Result<(), E> {
        let forms = self.header.forms();
        let manners = Assembly::new(&forms).manners();
        let mut empty = true;
        in_order(
            self.threads,
            || Ok(self.blocks.next()?),
            |block| {
                let part = Part::read(&block, &forms, &manners, self.header.delimiter);
                let mut assembly = Assembly::new(&forms);
                assembly.take(part)?;
                match assembly.lines.is_empty() {
                    true => Ok(None),
                    false => work(assembly.finish(&self.header)?).map(Some),
                }
            },
            |result| match result {
                Some(result) => {
                    empty = false;
                    take(result)
                }
                None => Ok(()),
            },
        )?;
        if empty { Err(self.header.empty().into()) } else { Ok(()) }
    }
}

impl Header<'_> {
    fn forms<'h>(&'h self) -> Vec<Form<'h>> {
        let columns = self.names.iter().zip(&self.wanted);
        let form = |(name, wanted): (&'h String, &Wanted)| Form {
            file: self.file,
            name,
            wanted: *wanted,
            format: self.options.number_format(),
            missing: &self.missing,
        };
        columns.map(form).collect()
    }

    fn empty(&self) -> Error {
        ErrorKind::HeaderOnly { file: self.file.into() }.into()
    }
}

/// The parts read so far, as one.
struct Assembly<'a> {
    lines: Vec<u32>,
    columns: Vec<ColumnReader<'a>>,
}

impl<'a> Assembly<'a> {
    fn new(forms: &'a [Form<'a>]) -> Self {
        Self { lines: Vec::new(), columns: forms.iter().map(ColumnReader::new).collect() }
    }

    /// How the cells of the next part are best collected.
    fn manners(&self) -> Vec<Manner> {
        self.columns.iter().map(ColumnReader::manner).collect()
    }

    /// Takes the next part; of several faults the first by row and column counts.
    fn take(&mut self, part: Part) -> Result<()> {
        let first_row = self.lines.len();
        self.lines.extend_from_slice(&part.lines);
        let mut fault = part.fault;
        for (column, (reader, cells)) in self.columns.iter_mut().zip(part.columns).enumerate() {
            if let Err((row, error)) = reader.take(cells, &self.lines, first_row) {
                let row = row - first_row;
                if fault.as_ref().is_none_or(|fault| (row, column) < (fault.row, fault.column)) {
                    fault = Some(Fault { row, column, error });
                }
            }
        }
        fault.map_or(Ok(()), |fault| Err(fault.error))
    }

    fn finish(self, header: &Header<'_>) -> Result<Table> {
        let Self { lines, columns } = self;
        let mut notes = Vec::new();
        let mut kept = Vec::new();
        let mut unused = Vec::new();
        for (column, name) in columns.into_iter().zip(&header.names) {
            match column.finish(&lines, &mut notes)? {
                Some(column) => {
                    let values = column.values();
                    if header.inferred && (0..lines.len()).all(|row| values.is_missing(row)) {
                        notes.push(Note::EmptyColumn { column: name.clone() });
                    }
                    kept.push(column);
                }
                None => unused.push(name.clone()),
            }
        }
        let missing = header.missing.clone();
        Ok(Table::read_from(header.file, kept, lines, missing, unused, notes))
    }
}

/// Decides for each column of the header how it is to be read.
fn wanted_kinds(
    file: &str,
    names: &[&str],
    options: &ReadOptions,
    schema: Option<&Schema>,
) -> Result<Vec<Wanted>> {
    let Some(schema) = schema else {
        let named = |list: &[String], name: &str| list.iter().any(|listed| listed == name);
        let wanted = names.iter().map(|name| {
            if named(&options.text, name) {
                Wanted::Text
            } else if named(&options.numbers, name) {
                Wanted::Number
            } else {
                Wanted::Inferred
            }
        });
        return Ok(wanted.collect());
    };
    let mut wanted = vec![Wanted::Nothing; names.len()];
    for column in &schema.columns {
        let position = names.iter().position(|name| *name == column.name);
        match (position, column.role) {
            (_, Role::Unused) => {}
            (Some(position), _) => wanted[position] = Wanted::Trained(column.kind),
            (None, Role::Target | Role::Weight) => {}
            (None, Role::Feature) => {
                let others = names.iter().filter(|name| schema.column(name).is_none());
                return Err(ErrorKind::ColumnMissing {
                    file: file.into(),
                    name: column.name.clone(),
                    nearest: nearest(&column.name, others.copied()).map(str::to_owned),
                }
                .into());
            }
        }
    }
    Ok(wanted)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads in blocks of such a size; the outcome in full, an error with its line and words.
    fn outcome(bytes: &[u8], options: &ReadOptions, size: usize, threads: usize) -> String {
        let options = ReadOptions { threads: Some(threads), ..options.clone() };
        let opened = Opened::new(bytes, "t.csv", &options, None, [size; 2]);
        match opened.and_then(Opened::table) {
            Ok(table) => format!("{table:?}"),
            Err(error) => format!("{error}: {:?}", error.kind()),
        }
    }

    /// A walk through numbers that is the same on every machine.
    fn numbers() -> impl FnMut(usize) -> usize {
        let mut state = 1_u64;
        move |below| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % below
        }
    }

    fn assert_alike(bytes: &[u8], options: &ReadOptions, sizes: &[usize]) {
        let expected = outcome(bytes, options, 1 << 22, 1);
        for &size in sizes {
            for threads in [1, 3] {
                let found = outcome(bytes, options, size, threads);
                let text = String::from_utf8_lossy(bytes);
                assert_eq!(found, expected, "{size} bytes, {threads} threads: {text:?}");
            }
        }
    }

    #[test]
    fn a_table_is_the_same_for_every_size_of_block_and_number_of_threads() {
        let files = [
            "a,b\n1,2\n3,4\n",
            "a,b\r\n1,\"x\r\ny\"\r\n\r\n2,\"p,q\"\r\n3,한글\r\n4,\"\"\"\"",
            "\u{feff}\n\u{feff}\"a\r\n1\";\tb\r1;2\r\r\"3\";\"\"\r \"4\" ;5",
            "a,b\n1,5\" pipe\n2,\"x\"\"\n\"\"\"\n3,\"\n\n\"\n",
            "a,b\n1,\u{1f600}\u{1f600}\n2,\"\u{1f600}\"\n",
            "a\n1\n2\n",
            "a,b\n1,2\n3,\"4\n5,6\n",
            "a,b\n1,\"2\n3,\"4\"\n5,6\n",
            "a,b\n1,2,3\n4,\"5\n",
            "a,b\n1,x\n2,y\n3\n",
            "a,b\n\n \n",
            "",
            "a,b",
            "a,b\n,\n,\n",
        ];
        for file in files {
            assert_alike(file.as_bytes(), &ReadOptions::default(), &[1, 2, 3, 4, 7, 11, 16]);
        }
        assert_alike(b"a,b\n1,2\n\xff,3\n4\n", &ReadOptions::default(), &[1, 5, 9]);
        assert_alike(b"a,b\n1,2\n3\n\xff,3\n", &ReadOptions::default(), &[1, 5, 9]);
    }

    #[test]
    fn any_bytes_read_alike_in_any_blocks() {
        let mut next = numbers();
        let pieces = [
            "1", "-2.5", "x", "한", "\"", "\"", "\"\"", ",", ",", ",", "\n", "\n", "\r\n", "\r",
            " ", "\t", ";", "NA", "yes", "\u{feff}",
        ];
        for _ in 0..4_000 {
            let mut file: String = ["a,b\n", "a\n", "\"a\",b\r\n", ""][next(4)].to_owned();
            (0..next(40)).for_each(|_| file.push_str(pieces[next(pieces.len())]));
            let size = 1 + next(20);
            assert_alike(file.as_bytes(), &ReadOptions::default(), &[size]);
        }
    }

    /// A file of columns that turn out in every way, with faults where they are asked for.
    fn long(rows: usize, fault: impl Fn(usize) -> &'static str) -> String {
        let mut next = numbers();
        let mut file = "number,sparse,text,truth,late,code,float\n".to_owned();
        for row in 0..rows {
            let sparse = if row % 3 == 0 { (row * 7).to_string() } else { String::new() };
            let truth = ["true", "False", ""][next(3)];
            let text = format!("t{}", next(50));
            let code = if row == rows - 2 { "007".to_owned() } else { row.to_string() };
            let float = format!("{}e{}", next(1000), next(9));
            let number = -(next(1_000_000) as f64) / 1000.0;
            file.push_str(&format!("{number},{sparse},{text},{truth},"));
            file.push_str(&format!("{}{},{code},{float}\n", row % 100, fault(row)));
        }
        file
    }

    #[test]
    fn kinds_and_faults_do_not_depend_on_blocks() {
        let options = ReadOptions::default();
        let sizes = [700, 30_011, 200_000];
        assert_alike(long(31_000, |_| "").as_bytes(), &options, &sizes);
        for at in [9_000, 9_999, 10_000, 10_001, 30_500] {
            let word = long(31_000, |row| if row == at { "x" } else { "" });
            assert_alike(word.as_bytes(), &options, &sizes);
            let ragged = long(31_000, |row| if row == at + 3 { ",1" } else { "" });
            assert_alike(ragged.as_bytes(), &options, &sizes);
            let both = long(31_000, |row| {
                if row == at {
                    "x"
                } else if row == at - 5 {
                    ",1"
                } else {
                    ""
                }
            });
            assert_alike(both.as_bytes(), &options, &sizes);
        }
        let quoted = long(12_000, |_| "").replace("t4", "\"t\n4\"");
        assert_alike(quoted.as_bytes(), &options, &sizes);
        let german = ReadOptions { decimal_comma: true, delimiter: Some(b';'), ..options };
        let file = long(12_000, |_| "").replace(',', ";").replace('.', ",");
        assert_alike(file.as_bytes(), &german, &sizes);
    }

    #[test]
    fn parts_are_the_table_in_pieces() {
        let file = long(5_000, |_| "");
        let table = Table::from_reader(file.as_bytes(), "t.csv", &ReadOptions::default()).unwrap();
        let schema = Schema::infer(&table, &["text"]).unwrap();
        for (threads, size) in [(1, 500), (3, 500), (3, 40_000), (2, 1 << 20)] {
            let options = ReadOptions { threads: Some(threads), ..ReadOptions::default() };
            let opened =
                Opened::new(file.as_bytes(), "t.csv", &options, Some(&schema), [size; 2]).unwrap();
            let mut found = Vec::new();
            let cells = |part: Table| {
                let values = part.column("number").unwrap().values();
                let value = |row| match values {
                    super::super::table::Values::Number(numbers) => numbers.get(row).unwrap(),
                    _ => f64::NAN,
                };
                Ok((0..part.rows()).map(|row| (part.line(row), value(row))).collect::<Vec<_>>())
            };
            let take = |part: Vec<_>| {
                found.extend(part);
                Ok::<(), Error>(())
            };
            opened.each(cells, take).unwrap();
            assert_eq!(found.len(), 5_000);
            for (row, (line, value)) in found.into_iter().enumerate() {
                assert_eq!(line, table.line(row));
                assert!(matches!(table.column("number").unwrap().values(),
                    super::super::table::Values::Number(all) if all.get(row) == Some(value)));
            }
        }
    }
}
