//! Some rows of a file, taken apart into columns.

use csv::StringRecord;
use memchr::{memchr, memchr3_iter};

use super::blocks::Block;
use super::chunks::Chunk;
use super::columns::{Cells, Form, Manner, RawCells};
use super::records::Records;
use crate::error::{Error, ErrorKind};

/// What is taken apart in one go.
pub(super) enum Piece {
    /// Lines of text, with the delimiter between their fields.
    Lines(Block, u8),
    /// Values, and the number of rows in front of them.
    Values(Box<dyn Chunk>, usize),
}

/// Which columns of a file become which of the table.
pub(super) struct Wiring<'a> {
    /// The file's name in errors.
    pub file: &'a str,
    /// For each field of a row the column that it belongs to, if it is read.
    pub columns: Vec<Option<usize>>,
    /// For each field what is known of it.
    pub forms: Vec<Form<'a>>,
    /// Columns that the file does not have, with the text of all of their cells.
    pub filled: Vec<(usize, Form<'a>, &'a str)>,
    /// Fields that are kept as they stand.
    pub kept: Vec<usize>,
}

/// Some rows that follow each other, by column.
pub(super) struct Part {
    /// The line on which each row begins.
    pub lines: Vec<u32>,
    pub columns: Vec<Cells>,
    /// The fields that are kept as they stand.
    pub kept: Vec<RawCells>,
    pub fault: Option<Fault>,
}

/// What is wrong in a file, and the row and the column at which it shows.
pub(super) struct Fault {
    pub row: usize,
    pub column: usize,
    pub error: Error,
}

impl Part {
    /// Takes rows apart, up to the first fault; the columns come in the table's order.
    pub(super) fn read(piece: &Piece, wiring: &Wiring<'_>, manners: &[Manner]) -> Self {
        let rows = match piece {
            Piece::Lines(block, _) => block.count,
            Piece::Values(chunk, _) => chunk.rows(),
        };
        let manner = |column: &Option<usize>| column.map_or(Manner::Dropped, |c| manners[c]);
        let cells = wiring.columns.iter().map(|column| Cells::new(manner(column), rows));
        let mut part = Self {
            lines: Vec::with_capacity(rows),
            columns: cells.collect(),
            kept: wiring.kept.iter().map(|_| RawCells::default()).collect(),
            fault: None,
        };
        let read = match piece {
            Piece::Lines(block, delimiter) => match std::str::from_utf8(&block.bytes) {
                Ok(text) if memchr(b'"', text.as_bytes()).is_none() => {
                    part.read_plain(text, block.lines, wiring, *delimiter)
                }
                _ => part.read_records(block, wiring, *delimiter),
            },
            Piece::Values(chunk, before) => part.read_values(&**chunk, *before, wiring),
        };
        part.fault = read.err();
        part.arrange(wiring, manners);
        part
    }

    /// Without a quote every delimiter and every end of a line is one.
    fn read_plain(
        &mut self,
        text: &str,
        lines: u64,
        wiring: &Wiring<'_>,
        delimiter: u8,
    ) -> Result<(), Fault> {
        let bytes = text.as_bytes();
        let mut line = lines + 1;
        let mut fields: Vec<&str> = Vec::with_capacity(wiring.forms.len());
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
                self.push(line, &fields, wiring)?;
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
        wiring: &Wiring<'_>,
        delimiter: u8,
    ) -> Result<(), Fault> {
        let mut record = StringRecord::new();
        let records = Records::after(&block.bytes[..], wiring.file, delimiter, block.lines);
        let mut records = records.map_err(|error| self.fault(error))?;
        while records.read(&mut record).map_err(|error| self.fault(error))? {
            let fields: Vec<&str> = record.iter().collect();
            self.push(records.line(), &fields, wiring)?;
        }
        Ok(())
    }

    fn push(&mut self, line: u64, fields: &[&str], wiring: &Wiring<'_>) -> Result<(), Fault> {
        let (expected, found) = (self.columns.len(), fields.len());
        if found != expected {
            let file = wiring.file.to_owned();
            let ragged = ErrorKind::RaggedRow { file, line, expected, found };
            return Err(self.fault(ragged.into()));
        }
        let row = self.lines.len();
        // A file of more lines than a u32 counts would not fit into memory.
        self.lines.push(u32::try_from(line).unwrap_or(u32::MAX));
        let cells = self.columns.iter_mut().zip(fields).zip(&wiring.forms).enumerate();
        for (column, ((cells, field), form)) in cells {
            if cells.push(field, form).is_err() {
                let error = form.misfit(field.trim(), (wiring.file, line));
                return Err(Fault { row, column, error });
            }
        }
        for (kept, &field) in self.kept.iter_mut().zip(&wiring.kept) {
            kept.push(fields[field]);
        }
        Ok(())
    }

    /// Values have no lines: rows are counted in their place.
    fn read_values(
        &mut self,
        chunk: &dyn Chunk,
        before: usize,
        wiring: &Wiring<'_>,
    ) -> Result<(), Fault> {
        let number = |row: usize| u32::try_from(before + row + 1).unwrap_or(u32::MAX);
        self.lines.extend((0..chunk.rows()).map(number));
        let fields = self.columns.iter_mut().zip(&wiring.forms).enumerate();
        let mut first: Option<Fault> = None;
        for (column, (cells, form)) in fields {
            if let Err((row, text)) = chunk.push(column, cells, form)
                && first.as_ref().is_none_or(|fault| row < fault.row)
            {
                let place = (wiring.file, u64::from(number(row)));
                first = Some(Fault { row, column, error: form.misfit(&text, place) });
            }
        }
        for (kept, &field) in self.kept.iter_mut().zip(&wiring.kept) {
            let mut cells = Cells::Raw(std::mem::take(kept));
            let pushed = chunk.push(field, &mut cells, &Form::NOTHING);
            if let (Cells::Raw(cells), Ok(())) = (cells, pushed) {
                *kept = cells;
            }
        }
        first.map_or(Ok(()), Err)
    }

    /// Puts the columns into the table's order, with those that the file does not have.
    fn arrange(&mut self, wiring: &Wiring<'_>, manners: &[Manner]) {
        if let Some(fault) = &mut self.fault {
            let column = wiring.columns.get(fault.column).copied().flatten();
            fault.column = column.unwrap_or(fault.column);
        }
        if wiring.columns.iter().copied().eq((0..manners.len()).map(Some)) {
            return;
        }
        let read = std::mem::take(&mut self.columns);
        self.columns = manners.iter().map(|_| Cells::Dropped).collect();
        for (cells, column) in read.into_iter().zip(&wiring.columns) {
            if let Some(column) = *column {
                self.columns[column] = cells;
            }
        }
        for &(column, form, text) in &wiring.filled {
            let mut cells = Cells::new(manners[column], self.lines.len());
            for (row, &line) in self.lines.iter().enumerate() {
                if cells.push(text, &form).is_err() {
                    let error = form.misfit(text, (wiring.file, u64::from(line)));
                    self.fault.get_or_insert(Fault { row, column, error });
                    break;
                }
            }
            self.columns[column] = cells;
        }
    }

    /// A fault that shows before the next row is a row.
    fn fault(&self, error: Error) -> Fault {
        Fault { row: self.lines.len(), column: 0, error }
    }
}
