//! Reading files into a table: pieces of them are taken apart on several threads and put together
//! in the files' order, so that the outcome does not depend on their number.

use std::sync::{Mutex, PoisonError};

use csv::StringRecord;

use super::assembly::Assembly;
use super::blocks::Blocks;
use super::chunks::Chunks;
use super::columns::{ColumnReader, Form, Manner};
use super::header::{Header, check_names};
use super::memory::Bytes;
use super::parts::{Part, Piece};
use super::records::Records;
use super::schema::{Kind, Schema};
use super::source::{Content, Source, Stream};
use super::table::{ReadOptions, Table};
use crate::engine::available_threads;
use crate::error::{Error, ErrorKind, Result};
use crate::parallel::in_order;

/// How many bytes are read at a time, before the kinds of the columns are known and after.
pub(super) const BLOCK_SIZES: [usize; 2] = [1 << 18, 1 << 21];

/// Files that are to become one table.
pub(super) struct Reading<'a> {
    sources: Vec<Source<'a>>,
    options: &'a ReadOptions,
    schema: Option<&'a Schema>,
    sizes: [usize; 2],
    bound: Bytes,
    threads: usize,
}

/// A file whose header is read.
struct Opened<'a> {
    input: Input<'a>,
    /// The columns' names, and the line on which they stand.
    names: Vec<String>,
    line: u64,
    /// What the columns hold, where the file says so.
    kinds: Option<Vec<Kind>>,
}

enum Input<'a> {
    Lines(Blocks<Stream<'a>>),
    /// With the number of rows that were handed out.
    Values(Box<dyn Chunks + 'a>, usize),
}

impl Input<'_> {
    fn next(&mut self) -> Result<Option<Piece>> {
        match self {
            Self::Lines(blocks) => {
                let delimiter = blocks.delimiter;
                Ok(blocks.next()?.map(|block| Piece::Lines(block, delimiter)))
            }
            Self::Values(chunks, given) => Ok(chunks.next()?.map(|chunk| {
                let before = *given;
                *given += chunk.rows();
                Piece::Values(chunk, before)
            })),
        }
    }
}

impl<'a> Opened<'a> {
    /// Opens a file, and reads its header.
    fn new(source: &mut Source<'a>, keep: bool, reading: &Plan<'_>) -> Result<Self> {
        let options = reading.options;
        let content = source.open(keep, reading.bound)?;
        let file = &*source.file;
        let opened = match content {
            Content::Values(chunks) => {
                let (names, kinds) = (chunks.names().to_vec(), Some(chunks.kinds().to_vec()));
                Self { input: Input::Values(chunks, 0), names, line: 1, kinds }
            }
            Content::Lines(input) => {
                let given = options.delimiter.or(source.tabs.then_some(b'\t'));
                let size = reading.sizes[0];
                let (blocks, first) = Blocks::new(input, file, given, size, reading.bound)?;
                let mut records = Records::new(&first.bytes[..], file, Some(blocks.delimiter))?;
                let mut record = StringRecord::new();
                if !records.read(&mut record)? {
                    return Err(ErrorKind::EmptyFile { file: file.into() }.into());
                }
                let names = record.iter().map(|field| field.trim().to_owned()).collect();
                let line = records.line();
                Self { input: Input::Lines(blocks), names, line, kinds: None }
            }
        };
        let given: Vec<&str> = opened.names.iter().map(String::as_str).collect();
        check_names(file, opened.line, &given)?;
        Ok(opened)
    }

    fn header<'h>(
        &self,
        file: &str,
        options: &'h ReadOptions,
        schema: Option<&'h Schema>,
    ) -> Result<Header<'h>> {
        Header::new(file, &self.names, self.kinds.as_deref(), options, schema)
    }
}

/// What holds for all files.
struct Plan<'a> {
    options: &'a ReadOptions,
    sizes: [usize; 2],
    bound: Bytes,
    threads: usize,
}

impl<'a> Reading<'a> {
    pub(super) fn new(
        sources: Vec<Source<'a>>,
        options: &'a ReadOptions,
        schema: Option<&'a Schema>,
        sizes: [usize; 2],
    ) -> Self {
        let bound = options.bound();
        let threads = options.threads.unwrap_or_else(available_threads);
        Self { sources, options, schema, sizes, bound, threads }
    }

    /// Reads all rows into one table.
    pub(super) fn table(mut self) -> Result<Table> {
        let plan = self.plan()?;
        let infers = self.schema.is_none();
        let Some(first) = self.sources.first_mut() else {
            return Err(ErrorKind::EmptyFile { file: String::new() }.into());
        };
        let opened = Opened::new(first, infers, &plan)?;
        let header = opened.header(&first.file, self.options, self.schema)?;
        let forms = header.forms();
        let mut assembly = Assembly::new(&forms, header.keep.len());
        plan.read_all(&mut self.sources, Some(opened), infers, &header, &mut assembly, 0)?;
        if assembly.places.lines.is_empty() {
            return Err(header.empty());
        }
        let again: Vec<bool> = assembly.columns.iter().map(ColumnReader::needs_rereading).collect();
        if !again.contains(&true) {
            return assembly.finish(&header);
        }
        let mut texts = Assembly::again(&forms, &again);
        let held = assembly.bytes();
        plan.read_all(&mut self.sources, None, false, &header, &mut texts, held)?;
        if texts.places != assembly.places {
            let changed = std::io::Error::other("it changed while it was read");
            let file = header.file.clone();
            return Err(ErrorKind::FileUnreadable { file, reason: changed }.into());
        }
        for ((column, text), again) in assembly.columns.iter_mut().zip(texts.columns).zip(again) {
            if again {
                *column = text;
            }
        }
        assembly.finish(&header)
    }

    /// Reads the rows as tables of some that follow each other, which are worked on at the same
    /// time; `take` gets what comes of them in the files' order.
    pub(super) fn each<T: Send, E: Send + From<Error>>(
        mut self,
        work: impl Fn(Table) -> std::result::Result<T, E> + Sync,
        mut take: impl FnMut(T) -> std::result::Result<(), E> + Send,
    ) -> std::result::Result<(), E> {
        let plan = self.plan()?;
        let mut empty = None;
        for source in &mut self.sources {
            // Each file for itself: its columns may stand in another order.
            let mut opened = Opened::new(source, false, &plan)?;
            let header = opened.header(&source.file, self.options, self.schema)?;
            let forms = header.forms();
            let wiring = header.wiring(&source.file, &opened.names, &forms)?;
            let manners = Assembly::new(&forms, 0).manners();
            let mut found = false;
            in_order(
                plan.threads,
                || Ok(opened.input.next()?),
                |piece| {
                    let part = Part::read(&piece, &wiring, &manners);
                    let mut assembly = Assembly::new(&forms, header.keep.len());
                    assembly.places.begin(wiring.file);
                    assembly.take(part)?;
                    match assembly.places.lines.is_empty() {
                        true => Ok(None),
                        false => work(assembly.finish(&header)?).map(Some),
                    }
                },
                |result| match result {
                    Some(result) => {
                        found = true;
                        take(result)
                    }
                    None => Ok(()),
                },
            )?;
            empty = if found { Some(None) } else { empty.or(Some(Some(header.empty()))) };
        }
        match empty {
            Some(Some(error)) => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn plan(&self) -> Result<Plan<'a>> {
        self.options.check()?;
        let &Self { options, sizes, bound, threads, .. } = self;
        Ok(Plan { options, sizes, bound, threads })
    }
}

impl Plan<'_> {
    /// Reads all files one after the other; the first may be opened already. So many bytes are held
    /// besides.
    fn read_all<'a>(
        &self,
        sources: &mut [Source<'a>],
        mut opened: Option<Opened<'a>>,
        keep: bool,
        header: &Header<'_>,
        assembly: &mut Assembly<'_>,
        held: usize,
    ) -> Result<()> {
        let forms: Vec<Form<'_>> = assembly.columns.iter().map(|column| *column.form()).collect();
        for source in sources {
            let mut opened = match opened.take() {
                Some(opened) => opened,
                None => Opened::new(source, keep, self)?,
            };
            let file = &*source.file;
            let wiring = header.wiring(file, &opened.names, &forms)?;
            assembly.places.begin(file);
            // What is known of the columns when a piece is read; never more than when it is taken.
            let known = Mutex::new(assembly.manners());
            let input = &mut opened.input;
            in_order(
                self.threads,
                || {
                    let manners = known.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    if let Input::Lines(blocks) = input {
                        blocks.size = self.sizes[usize::from(!manners.contains(&Manner::Raw))];
                    }
                    Ok(input.next()?.map(|piece| (piece, manners)))
                },
                |(piece, manners): (Piece, Vec<Manner>)| Ok(Part::read(&piece, &wiring, &manners)),
                |part| {
                    assembly.take(part)?;
                    self.bound.hold(file, held + assembly.bytes())?;
                    *known.lock().unwrap_or_else(PoisonError::into_inner) = assembly.manners();
                    Ok::<(), Error>(())
                },
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading<'a>(
        bytes: &'a [u8],
        options: &'a ReadOptions,
        schema: Option<&'a Schema>,
        sizes: [usize; 2],
    ) -> Reading<'a> {
        let source = Source::of_stream(bytes, "t.csv", options.bound());
        Reading::new(vec![source], options, schema, sizes)
    }

    /// Reads in blocks of such a size; the outcome in full, an error with its line and words.
    fn outcome(bytes: &[u8], options: &ReadOptions, size: usize, threads: usize) -> String {
        let options = ReadOptions { threads: Some(threads), ..options.clone() };
        match reading(bytes, &options, None, [size; 2]).table() {
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
        // Where all texts have to be seen again: many words, a code among whole numbers, a format.
        let words = long(31_000, |row| if row > 15_000 && row % 20 == 0 { "x" } else { "" });
        assert_alike(words.as_bytes(), &options, &sizes);
        let row = |i: usize| match i {
            25_000 => "0017,1.5\n".to_owned(),
            29_000 => "3,\"1,234.5\"\n".to_owned(),
            i => format!("{i},{}.5\n", i % 90),
        };
        let codes: String = (0..31_000).map(row).collect();
        assert_alike(format!("a,b\n{codes}").as_bytes(), &options, &sizes);
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
            let reading = reading(file.as_bytes(), &options, Some(&schema), [size; 2]);
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
            reading.each(cells, take).unwrap();
            assert_eq!(found.len(), 5_000);
            for (row, (line, value)) in found.into_iter().enumerate() {
                assert_eq!(line, table.line(row));
                assert!(matches!(table.column("number").unwrap().values(),
                    super::super::table::Values::Number(all) if all.get(row) == Some(value)));
            }
        }
    }
}
