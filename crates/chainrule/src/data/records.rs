//! The records of a CSV file, read by the csv crate from lines that were looked at before.

use std::io::{self, Read};

use csv::{ReaderBuilder, StringRecord};

use super::lines::Lines;
use crate::error::Result;

/// A stream of records from bytes.
pub(super) struct Records<R> {
    reader: csv::Reader<Lines<R>>,
}

impl<R: Read> Records<R> {
    /// Opens a stream; without a delimiter it is found in the header line.
    pub(super) fn new(input: R, file: &str, delimiter: Option<u8>) -> Result<Self> {
        Ok(Self::of(Lines::new(input, file, delimiter)?))
    }

    /// Opens a stream at a record in the middle of a file, behind so many lines.
    pub(super) fn after(input: R, file: &str, delimiter: u8, lines: u64) -> Result<Self> {
        Ok(Self::of(Lines::after(input, file, delimiter, lines)?))
    }

    fn of(lines: Lines<R>) -> Self {
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).delimiter(lines.delimiter.unwrap_or(b','));
        Self { reader: builder.from_reader(lines) }
    }

    /// Reads the next record; false at the end of the file. Blank lines are skipped.
    ///
    /// Values come with the blanks around them; those around quotes are left inside of them.
    pub(super) fn read(&mut self, record: &mut StringRecord) -> Result<bool> {
        self.reader.read_record(record).map_err(|error| {
            let reason = match error.into_kind() {
                csv::ErrorKind::Io(reason) => reason,
                other => io::Error::other(format!("{other:?}")),
            };
            // What is wrong with a line has come through the csv crate in this form.
            reason.downcast().unwrap_or_else(|reason| self.reader.get_ref().unreadable(reason))
        })
    }

    /// Returns the line on which the record read last begins, from 1.
    pub(super) fn line(&self) -> u64 {
        self.reader.get_ref().record_line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::lines::BUFFER;
    use crate::error::ErrorKind;

    /// Hands out one byte at a time, so that every state meets the end of the buffer.
    struct Dripping<'a>(&'a [u8]);

    impl Read for Dripping<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.0.by_ref().take(1).read(out)
        }
    }

    type Row = (u64, Vec<String>);

    fn collect<R: Read>(input: R) -> Result<Vec<Row>> {
        let mut records = Records::new(input, "t.csv", None)?;
        let mut record = StringRecord::new();
        let mut rows = Vec::new();
        while records.read(&mut record)? {
            let fields = record.iter().map(|field| field.trim().to_owned()).collect();
            rows.push((records.line(), fields));
        }
        Ok(rows)
    }

    /// Reads from memory and byte by byte.
    fn read(bytes: &str) -> Result<Vec<Row>> {
        let whole = collect(bytes.as_bytes());
        let dripped = collect(Dripping(bytes.as_bytes()));
        assert_eq!(format!("{whole:?}"), format!("{dripped:?}"));
        whole
    }

    fn rows(bytes: &str) -> Vec<Row> {
        read(bytes).unwrap()
    }

    fn row(line: u64, fields: &[&str]) -> Row {
        (line, fields.iter().map(|&field| field.to_owned()).collect())
    }

    /// Returns the line and the field of the fault, and whether the quote was closed.
    fn quote_fault(bytes: &str) -> (u64, usize, bool) {
        match read(bytes).unwrap_err().kind() {
            &ErrorKind::UnclosedQuote { line, field, .. } => (line, field, false),
            &ErrorKind::TextAfterQuote { line, field, .. } => (line, field, true),
            other => panic!("{other:?}"),
        }
    }

    fn invalid_line(bytes: &[u8]) -> u64 {
        match collect(bytes).unwrap_err().kind() {
            &ErrorKind::InvalidUtf8 { line, .. } => line,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn lines_end_in_any_way_and_are_counted() {
        for end in ["\n", "\r\n", "\r"] {
            let text = format!("a,b{end}1,2{end}{end}3,\"x{end}y\"{end}5,6");
            let inner = format!("x{end}y");
            let expected = [
                row(1, &["a", "b"]),
                row(2, &["1", "2"]),
                row(4, &["3", &inner]),
                row(6, &["5", "6"]),
            ];
            assert_eq!(rows(&text), expected, "{end:?}");
        }
    }

    #[test]
    fn quotes_may_hold_delimiters_and_doubled_quotes() {
        assert_eq!(rows("a,\"b,c\",\"d \"\"e\"\" f\"\n"), [row(1, &["a", "b,c", "d \"e\" f"])]);
        assert_eq!(rows("1, \"x,y\" ,2\n"), [row(1, &["1", "x,y", "2"])]);
        assert_eq!(
            rows("h;i\n \"x\ny\"  ;\t\"z\"\"\"\n;")[1..],
            [row(2, &["x\ny", "z\""]), row(4, &["", ""])]
        );
        assert_eq!(
            rows("a\tb\n\t \"x\" \t\n\t\n")[1..],
            [row(2, &["", "x", ""]), row(3, &["", ""])]
        );
        assert_eq!(rows("5\" pipe,b\n"), [row(1, &["5\" pipe", "b"])]);
        assert_eq!(rows("\"\",\"\"\n"), [row(1, &["", ""])]);
    }

    #[test]
    fn empty_fields_and_blank_lines() {
        assert_eq!(rows(""), []);
        assert_eq!(rows("\n\r\n  \n"), []);
        assert_eq!(rows(",\n"), [row(1, &["", ""])]);
        assert_eq!(rows("a,"), [row(1, &["a", ""])]);
        assert_eq!(rows("\n\na\n\"\"\nb"), [row(3, &["a"]), row(4, &[""]), row(5, &["b"])]);
    }

    #[test]
    fn the_delimiter_is_found_in_the_header() {
        assert_eq!(rows("a;b\n1,5;2\n"), [row(1, &["a", "b"]), row(2, &["1,5", "2"])]);
        assert_eq!(rows("a\tb\n1\t2\n")[1], row(2, &["1", "2"]));
        assert_eq!(rows("\"a,b\";c\n")[0], row(1, &["a,b", "c"]));
        assert_eq!(rows("a;b,c\n")[0], row(1, &["a;b", "c"]));
        assert_eq!(rows("\n\na;b\n")[0], row(3, &["a", "b"]));
        assert_eq!(rows("\u{feff}a;b\n")[0], row(1, &["a", "b"]));
        assert_eq!(rows("a b\n")[0], row(1, &["a b"]));
    }

    #[test]
    fn a_quote_that_is_not_closed_is_found_where_it_opens() {
        assert_eq!(quote_fault("a,b\n1,x\n2,\"y\n3,z\n"), (3, 2, false));
        assert_eq!(quote_fault("a,b\n\"x\ny\",\"z\"\"\n"), (3, 2, false));
        // The next quoted value closes it: what follows gives it away.
        assert_eq!(quote_fault("a,b\n1,\"x\n2,\"y\"\n"), (3, 2, true));
        assert_eq!(quote_fault("a,b\n\"x,\ny\",5\" z,\"w\" v\n"), (3, 3, true));
        assert_eq!(quote_fault("\u{feff}\u{feff}\"a\" \"b\"\n"), (1, 1, true));
    }

    #[test]
    fn bytes_that_are_no_text_are_found_on_their_line() {
        assert_eq!(invalid_line(b"a,b\n1,\"x\ny\xff\"\n"), 3);
        // Halves of a character in two fields do not make a whole one.
        assert_eq!(invalid_line(b"a,b\n\xc3,\xa9\n"), 2);
    }

    /// A walk through numbers that is the same on every machine.
    fn numbers() -> impl FnMut(usize) -> usize {
        let mut state = 1_u64;
        move |below| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % below
        }
    }

    #[test]
    fn what_the_csv_crate_writes_is_read_back() {
        let mut next = numbers();
        let pieces = ["a", "한글", "\"", ",", "\n", "\r\n", "\r", ";", "7.5", "x y"];
        for _ in 0..3_000 {
            let columns = 2 + next(4);
            let mut writer = csv::Writer::from_writer(Vec::new());
            let mut expected = Vec::new();
            for _ in 0..1 + next(5) {
                let mut cell = || (0..next(5)).map(|_| pieces[next(pieces.len())]).collect();
                let row: Vec<String> = (0..columns).map(|_| cell()).collect();
                writer.write_record(&row).unwrap();
                expected.push(row);
            }
            let bytes = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let mut records = Records::new(bytes.as_bytes(), "t.csv", Some(b',')).unwrap();
            let mut record = StringRecord::new();
            for row in expected {
                assert!(records.read(&mut record).unwrap());
                assert_eq!(record, row, "{bytes:?}");
            }
            assert!(!records.read(&mut record).unwrap());
        }
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let mut next = numbers();
        let alphabet = b"a1,;\t\"\" \n\r.-\xef\xbb\xbf\xff\0";
        for _ in 0..20_000 {
            let bytes: Vec<u8> = (0..next(30)).map(|_| alphabet[next(alphabet.len())]).collect();
            let options = crate::data::ReadOptions::default();
            let _ = crate::data::Table::from_reader(&bytes[..], "t.csv", &options);
        }
    }

    #[test]
    fn an_error_of_the_system_comes_through() {
        struct Failing(Vec<io::ErrorKind>);
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(self.0.pop().unwrap().into())
            }
        }
        let failing = Failing(vec![io::ErrorKind::TimedOut, io::ErrorKind::Interrupted]);
        let error = collect(b"a\n1".chain(failing)).unwrap_err();
        assert!(
            error.to_string().starts_with("t.csv: the file cannot be read (timed out"),
            "{error}"
        );
    }

    #[test]
    fn fields_longer_than_the_buffer_are_whole() {
        let long = "한".repeat(BUFFER / 2);
        let text = format!("a,b\n{long},\"{long}\"\n");
        assert_eq!(collect(text.as_bytes()).unwrap()[1], row(2, &[&long, &long]));
    }
}
