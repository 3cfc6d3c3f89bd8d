//! The lines of a CSV file, each looked at before the csv crate reads it.
//!
//! The csv crate makes something of any bytes, where a person must hear of a quote that is never
//! closed (it swallows the rest of the file) or closed too early; and it counts line feeds, where
//! a line may end in a carriage return. So it is handed one line at a time, its quotes followed.

use std::io::{self, BufRead, BufReader, Read};

use crate::error::{Error, ErrorKind, Result};

pub(super) const BUFFER: usize = 1 << 18;
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Hands out bytes up to the end of a line, and the next line when they are used up.
pub(super) struct Lines<R> {
    input: BufReader<R>,
    /// The file's name in errors.
    file: String,
    /// Found in the first line that is not blank, unless it was given.
    pub delimiter: Option<u8>,
    line: Vec<u8>,
    /// How many bytes of the line are handed out.
    taken: usize,
    /// The line's number, from 1.
    number: u64,
    /// The number of the line on which the record begins.
    pub record_line: u64,
    /// The field of the record, from 1, in which the last quote stands.
    field: usize,
    /// The line and the field of the quote that is open at the line's end.
    open_quote: Option<(u64, usize)>,
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.line.len() {
            self.advance().map_err(io::Error::other)?;
        }
        let count = (&self.line[self.taken..]).read(out)?;
        self.taken += count;
        Ok(count)
    }
}

impl<R: Read> Lines<R> {
    /// Opens a stream at its first line that is not blank.
    pub(super) fn new(input: R, file: &str, delimiter: Option<u8>) -> Result<Self> {
        let mut lines = Self::before(input, file, delimiter);
        lines.advance()?;
        Ok(lines)
    }

    /// Opens a stream at a record in the middle of a file, behind so many lines.
    pub(super) fn after(input: R, file: &str, delimiter: u8, lines: u64) -> Result<Self> {
        let mut after = Self::before(input, file, Some(delimiter));
        (after.number, after.record_line) = (lines, lines);
        after.advance()?;
        // The csv crate would drop a mark in front of the first line that it sees, but no line end.
        after.line.insert(0, b'\n');
        Ok(after)
    }

    fn before(input: R, file: &str, delimiter: Option<u8>) -> Self {
        Self {
            input: BufReader::with_capacity(BUFFER, input),
            file: file.to_owned(),
            delimiter,
            line: Vec::new(),
            taken: 0,
            number: 0,
            record_line: 0,
            field: 1,
            open_quote: None,
        }
    }

    /// Goes on to the next line that is not blank; at the end of the file the line is empty.
    fn advance(&mut self) -> Result<()> {
        loop {
            self.read_line()?;
            let blank = |byte: &u8| byte.is_ascii_whitespace() && Some(*byte) != self.delimiter;
            if self.line.is_empty() || self.open_quote.is_some() || !self.line.iter().all(blank) {
                break;
            }
        }
        let file = || self.file.clone();
        match self.open_quote {
            Some((line, field)) if self.line.is_empty() => {
                return Err(ErrorKind::UnclosedQuote { file: file(), line, field }.into());
            }
            _ if std::str::from_utf8(&self.line).is_err() => {
                return Err(ErrorKind::InvalidUtf8 { file: file(), line: self.number }.into());
            }
            None if !self.line.is_empty() => (self.record_line, self.field) = (self.number, 1),
            _ => {}
        }
        self.follow_quotes()
    }

    /// Reads the next line with its end: a line feed, a carriage return, or both.
    fn read_line(&mut self) -> Result<()> {
        self.line.clear();
        self.taken = 0;
        self.number += 1;
        while !self.line.ends_with(b"\n") {
            let bytes = match self.input.fill_buf() {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(reason) => return Err(self.unreadable(reason)),
            };
            if bytes.is_empty() || (self.line.ends_with(b"\r") && bytes[0] != b'\n') {
                break;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let length = end.map_or(bytes.len(), |end| end + 1);
            self.line.extend_from_slice(&bytes[..length]);
            self.input.consume(length);
        }
        if self.record_line == 0 {
            // All in front of the text: the csv crate would drop one more, unseen by the rest here.
            let marks = self.line.chunks(3).take_while(|&bytes| bytes == BYTE_ORDER_MARK).count();
            self.line.drain(..3 * marks);
        }
        Ok(())
    }

    /// Finds where quotes open and close, and moves the blanks outside of them inside.
    ///
    /// The csv crate would take ` "a"` for a value of five characters.
    fn follow_quotes(&mut self) -> Result<()> {
        let delimiter = *self.delimiter.get_or_insert_with(|| delimiter_in(&self.line));
        let blank = |byte: &&u8| matches!(byte, b' ' | b'\t') && **byte != delimiter;
        // Few lines hold a quote, and this search is much faster than the one below.
        if !self.line.contains(&b'"') {
            return Ok(());
        }
        let mut start = 0;
        while let Some(distance) = self.line[start..].iter().position(|&byte| byte == b'"') {
            let quote = start + distance;
            let (before, after) = (&self.line[..quote], &self.line[quote + 1..]);
            if self.open_quote.is_none() {
                self.field += before[start..].iter().filter(|&&byte| byte == delimiter).count();
                let outer = quote - before.iter().rev().take_while(blank).count();
                start = quote + 1;
                if before[..outer].last().is_none_or(|&byte| byte == delimiter) {
                    self.open_quote = Some((self.number, self.field));
                    self.line.swap(outer, quote);
                }
            } else if after.first() == Some(&b'"') {
                start = quote + 2;
            } else {
                let blanks = after.iter().take_while(blank).count();
                let next = after.get(blanks);
                if next.is_some_and(|&byte| byte != delimiter && !matches!(byte, b'\n' | b'\r')) {
                    let (file, line, field) = (self.file.clone(), self.number, self.field);
                    return Err(ErrorKind::TextAfterQuote { file, line, field }.into());
                }
                self.open_quote = None;
                self.line.swap(quote, quote + blanks);
                start = quote + blanks + 1;
            }
        }
        Ok(())
    }

    pub(super) fn unreadable(&self, reason: io::Error) -> Error {
        ErrorKind::FileUnreadable { file: self.file.clone(), reason }.into()
    }
}

/// Finds the delimiter in the header line: a comma if there is one outside of quotes, else
/// whichever of semicolon and tab occurs more often, else a comma.
pub(super) fn delimiter_in(header: &[u8]) -> u8 {
    let mut quoted = false;
    let (mut commas, mut semicolons, mut tabs) = (0, 0, 0);
    for byte in header {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => commas += 1,
            b';' if !quoted => semicolons += 1,
            b'\t' if !quoted => tabs += 1,
            _ => {}
        }
    }
    match (commas, semicolons) {
        (0, _) if tabs > semicolons => b'\t',
        (0, 1..) => b';',
        _ => b',',
    }
}
