//! The rows of one block of a CSV file, taken apart into columns.

use csv::StringRecord;
use memchr::{memchr, memchr3_iter};

use super::blocks::Block;
use super::columns::{Cells, Form, Manner};
use super::records::Records;
use crate::error::{Error, ErrorKind};

/// Some rows that follow each other, by column.
pub(super) struct Part {
    /// The line on which each row begins.
    pub lines: Vec<u32>,
    pub columns: Vec<Cells>,
    pub fault: Option<Fault>,
}

/// What is wrong in a file, and the row and the column at which it shows.
pub(super) struct Fault {
    pub row: usize,
    pub column: usize,
    pub error: Error,
}

impl Part {
    /// Takes a block apart, up to the first fault.
    pub(super) fn read(
        block: &Block,
        forms: &[Form<'_>],
        manners: &[Manner],
        delimiter: u8,
    ) -> Self {
        let columns = manners.iter().map(|&manner| Cells::new(manner, block.count));
        let (lines, columns) = (Vec::with_capacity(block.count), columns.collect());
        let mut part = Self { lines, columns, fault: None };
        let read = match std::str::from_utf8(&block.bytes) {
            Ok(text) if memchr(b'"', text.as_bytes()).is_none() => {
                part.read_plain(text, block.lines, forms, delimiter)
            }
            _ => part.read_records(block, forms, delimiter),
        };
        part.fault = read.err();
        part
    }

    /// Without a quote every delimiter and every end of a line is one.
    fn read_plain(
        &mut self,
        text: &str,
        lines: u64,
        forms: &[Form<'_>],
        delimiter: u8,
    ) -> Result<(), Fault> {
        let bytes = text.as_bytes();
        let mut line = lines + 1;
        let mut fields: Vec<&str> = Vec::with_capacity(forms.len());
        let mut start = 0;
        let ends = memchr3_iter(delimiter, b'\n', b'\r', bytes);
        for end in ends.chain((!bytes.ends_with(b"\n")).then_some(bytes.len())) {
            let byte = bytes.get(end).copied().unwrap_or(b'\n');
            if byte == b'\n' && start == end && end > 0 && bytes[end - 1] == b'\r' {
                // The second half of an end.
                start = end + 1;
                continue;
            }
            fields.push(&text[start..end]);
            start = end + 1;
            if byte == delimiter {
                continue;
            }
            let blank = |field: &&str| field.bytes().all(|byte| byte.is_ascii_whitespace());
            if fields.len() > 1 || !fields.iter().all(blank) {
                self.push(line, fields.len(), fields.iter().copied(), forms)?;
            }
            fields.clear();
            line += 1;
        }
        Ok(())
    }

    /// The csv crate knows what quotes mean, and what is wrong with lines is found on its way.
    fn read_records(
        &mut self,
        block: &Block,
        forms: &[Form<'_>],
        delimiter: u8,
    ) -> Result<(), Fault> {
        let file = forms.first().map_or("", |form| form.file);
        let mut record = StringRecord::new();
        let records = Records::after(&block.bytes[..], file, delimiter, block.lines);
        let mut records = records.map_err(|error| self.fault(error))?;
        while records.read(&mut record).map_err(|error| self.fault(error))? {
            self.push(records.line(), record.len(), record.iter(), forms)?;
        }
        Ok(())
    }

    fn push<'f>(
        &mut self,
        line: u64,
        count: usize,
        fields: impl Iterator<Item = &'f str>,
        forms: &[Form<'_>],
    ) -> Result<(), Fault> {
        let expected = self.columns.len();
        if count != expected {
            let file = forms.first().map_or("", |form| form.file).to_owned();
            let ragged = ErrorKind::RaggedRow { file, line, expected, found: count };
            return Err(self.fault(ragged.into()));
        }
        let row = self.lines.len();
        // A file of more lines than a u32 counts would not fit into memory.
        self.lines.push(u32::try_from(line).unwrap_or(u32::MAX));
        let cells = self.columns.iter_mut().zip(fields).zip(forms).enumerate();
        for (column, ((cells, field), form)) in cells {
            if cells.push(field, form).is_err() {
                let error = form.misfit(field.trim(), line);
                return Err(Fault { row, column, error });
            }
        }
        Ok(())
    }

    /// A fault that shows before the next row is a row.
    fn fault(&self, error: Error) -> Fault {
        Fault { row: self.lines.len(), column: 0, error }
    }
}
