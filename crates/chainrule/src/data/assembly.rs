//! What was read of files so far, as one table in the making.

use super::cell::NumberFormat;
use super::columns::{ColumnReader, Form, Manner, RawCells, Wanted};
use super::evidence::Verdict;
use super::header::Header;
use super::notes::Note;
use super::parts::{Fault, Part};
use super::places::Places;
use super::table::Table;
use crate::error::Result;

/// The parts read so far, as one.
pub(super) struct Assembly<'a> {
    pub places: Places,
    pub columns: Vec<ColumnReader<'a>>,
    kept: Vec<RawCells>,
}

impl<'a> Assembly<'a> {
    /// No rows yet, of such columns, with so many kept as they stand.
    pub(super) fn new(forms: &'a [Form<'a>], kept: usize) -> Self {
        let columns = forms.iter().map(ColumnReader::new).collect();
        Self { places: Places::default(), columns, kept: vec![RawCells::default(); kept] }
    }

    /// The texts of some columns alone.
    pub(super) fn again(forms: &'a [Form<'a>], again: &[bool]) -> Self {
        let columns = forms.iter().zip(again).map(|(form, again)| match again {
            true => ColumnReader::again(form),
            false => ColumnReader::new(&Form::NOTHING),
        });
        Self { places: Places::default(), columns: columns.collect(), kept: Vec::new() }
    }

    /// How the cells of the next part are best collected.
    pub(super) fn manners(&self) -> Vec<Manner> {
        self.columns.iter().map(ColumnReader::manner).collect()
    }

    /// About how many bytes of memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let columns: usize = self.columns.iter().map(ColumnReader::bytes).sum();
        let kept: usize = self.kept.iter().map(RawCells::bytes).sum();
        columns + kept + self.places.lines.capacity() * size_of::<u32>()
    }

    /// Takes the next part; of several faults the first by row and column counts.
    pub(super) fn take(&mut self, part: Part) -> Result<()> {
        let first_row = self.places.lines.len();
        self.places.lines.extend_from_slice(&part.lines);
        let mut fault = part.fault;
        for (column, (reader, cells)) in self.columns.iter_mut().zip(part.columns).enumerate() {
            if let Err((row, error)) = reader.take(cells, &self.places, first_row) {
                let row = row - first_row;
                if fault.as_ref().is_none_or(|fault| (row, column) < (fault.row, fault.column)) {
                    fault = Some(Fault { row, column, error });
                }
            }
        }
        for (kept, cells) in self.kept.iter_mut().zip(&part.kept) {
            kept.append(cells);
        }
        fault.map_or(Ok(()), |fault| Err(fault.error))
    }

    /// Ends it, as what all cells show.
    pub(super) fn finish(self, header: &Header<'_>) -> Result<Table> {
        let verdicts = self.verdicts()?;
        let Self { places, columns, kept } = self;
        let mut notes = Vec::new();
        let mut read = Vec::new();
        let mut unused = Vec::new();
        for ((column, name), verdict) in columns.into_iter().zip(&header.names).zip(verdicts) {
            match column.finish(verdict, &places, &mut notes)? {
                Some(column) => {
                    let values = column.values();
                    if header.inferred && (0..places.lines.len()).all(|row| values.is_missing(row))
                    {
                        notes.push(Note::EmptyColumn { column: name.clone() });
                    }
                    let place = read.len() + unused.len();
                    read.push(column.declared(header.missing[place], header.fills[place]));
                }
                None => unused.push(name.clone()),
            }
        }
        let kept = header.keep.iter().cloned().zip(kept).collect();
        let missing = header.everywhere.clone();
        Ok(Table::read_from(read, places, missing, unused, notes, kept))
    }

    /// Decides what each column is. How numbers are written in one column says how they are in
    /// others of the same table.
    fn verdicts(&self) -> Result<Vec<Verdict>> {
        let mut verdicts: Vec<Verdict> =
            self.columns.iter().map(|column| column.verdict(None)).collect();
        let found_out = |(column, verdict): (&ColumnReader<'_>, &Verdict)| match *verdict {
            Verdict::Number(format) if format != column.form().format => Some(format),
            _ => None,
        };
        let mut formats: Vec<NumberFormat> =
            self.columns.iter().zip(&verdicts).filter_map(found_out).collect();
        if formats.is_empty() {
            return Ok(verdicts);
        }
        for percent in [false, true] {
            formats.extend(formats.clone().into_iter().map(|f| NumberFormat { percent, ..f }));
        }
        for (column, verdict) in self.columns.iter().zip(&mut verdicts) {
            if let Verdict::Ambiguous(_) = verdict {
                *verdict = match column.verdict(Some(&formats)) {
                    Verdict::Number(format) => Verdict::Number(format),
                    _ => *verdict,
                };
            }
        }
        // A comma in front of the fraction here and a point there is no way to write a table.
        let mut points = self.columns.iter().zip(&verdicts).filter(|(column, verdict)| {
            let Verdict::Number(format) = **verdict else { return false };
            let pointed = !format.decimal_comma && column.form().wanted == Wanted::Inferred;
            pointed && !format.percent && column.has_fractions(format)
        });
        let comma =
            self.columns.iter().zip(&verdicts).find(|pair| {
                found_out((pair.0, pair.1)).is_some_and(|format| format.decimal_comma)
            });
        match comma.and_then(|(column, _)| column.separated(&self.places)) {
            Some(error) if points.next().is_some() => Err(error),
            _ => Ok(verdicts),
        }
    }
}
