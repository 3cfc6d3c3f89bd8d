//! Where rows come from: a spool of records, or a borrowed matrix without a copy.

use crate::simd::Element;

/// Rows that a program reads by number, as groups of columns with names (`x`, `y`, `weight`).
///
/// The engine gathers the shuffled rows of each block straight from here; a batch is never made.
pub trait RowSource: Sync {
    /// How many rows there are.
    fn rows(&self) -> usize;

    /// The number of a group of columns and its width, if there is one of this name.
    fn find(&self, name: &str) -> Option<(usize, usize)>;

    /// Copies a group's columns of the selected rows, row after row.
    ///
    /// The engine asks only for rows below [`RowSource::rows`] and for groups that
    /// [`RowSource::find`] has named; `out` has room for exactly the rows times the width.
    fn gather_f32(&self, group: usize, rows: Selection<'_>, out: &mut [f32]);

    /// As [`RowSource::gather_f32`], in f64.
    fn gather_f64(&self, group: usize, rows: Selection<'_>, out: &mut [f64]);
}

/// Which rows of a source are meant, in order.
#[derive(Clone, Copy, Debug)]
pub enum Selection<'a> {
    /// `count` rows from `start` on.
    Range {
        /// The first row.
        start: usize,
        /// How many.
        count: usize,
    },
    /// These rows.
    Rows(&'a [u32]),
}

impl<'a> Selection<'a> {
    /// How many rows are selected.
    pub fn count(&self) -> usize {
        match self {
            Self::Range { count, .. } => *count,
            Self::Rows(rows) => rows.len(),
        }
    }

    /// A part of the selection.
    ///
    /// # Panics
    /// If the part reaches beyond the selection.
    pub fn part(&self, start: usize, count: usize) -> Selection<'a> {
        assert!(start + count <= self.count(), "a part of {count} rows from {start}");
        match self {
            Self::Range { start: first, .. } => Selection::Range { start: first + start, count },
            Self::Rows(rows) => Selection::Rows(&rows[start..start + count]),
        }
    }

    /// The selected row numbers.
    pub fn iter(self) -> impl Iterator<Item = usize> + 'a {
        let rows = match self {
            Self::Range { .. } => &[][..],
            Self::Rows(rows) => rows,
        };
        let range = match self {
            Self::Range { start, count } => start..start + count,
            Self::Rows(_) => 0..0,
        };
        range.chain(rows.iter().map(|&row| row as usize))
    }

    /// The largest selected row number, if any row is selected.
    pub fn last(&self) -> Option<usize> {
        self.iter().max()
    }
}

/// A borrowed matrix of numbers with any strides, read as it comes from NumPy.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    data: Data<'a>,
    offset: usize,
    rows: usize,
    columns: usize,
    row_stride: isize,
    column_stride: isize,
}

/// The element types that are read without a copy of the whole.
#[derive(Clone, Copy, Debug)]
pub enum Data<'a> {
    /// IEEE binary32.
    F32(&'a [f32]),
    /// IEEE binary64.
    F64(&'a [f64]),
    /// Bytes, such as pixels or flags.
    U8(&'a [u8]),
    /// Integers, such as class numbers.
    I64(&'a [i64]),
}

impl Data<'_> {
    fn len(&self) -> usize {
        match self {
            Self::F32(data) => data.len(),
            Self::F64(data) => data.len(),
            Self::U8(data) => data.len(),
            Self::I64(data) => data.len(),
        }
    }
}

impl<'a> Matrix<'a> {
    /// A row-major matrix; `None` unless the data has `rows × columns` elements.
    pub fn new(data: Data<'a>, rows: usize, columns: usize) -> Option<Self> {
        (rows.checked_mul(columns)? == data.len())
            .then(|| Self::strided(data, 0, (rows, columns), (columns as isize, 1)))?
    }

    /// A matrix whose element (i, j) is `data[offset + i·row_stride + j·column_stride]`; `None`
    /// if any element lies outside the data. Strides may be negative or 0.
    pub fn strided(
        data: Data<'a>,
        offset: usize,
        (rows, columns): (usize, usize),
        (row_stride, column_stride): (isize, isize),
    ) -> Option<Self> {
        let matrix = Self { data, offset, rows, columns, row_stride, column_stride };
        if rows == 0 || columns == 0 {
            return Some(matrix);
        }
        // The elements farthest from the offset are at corners.
        let reach = |count: usize, stride: isize| {
            i128::try_from(count - 1).ok().map(|steps| steps * stride as i128)
        };
        let (down, across) = (reach(rows, row_stride)?, reach(columns, column_stride)?);
        let lowest = offset as i128 + down.min(0) + across.min(0);
        let highest = offset as i128 + down.max(0) + across.max(0);
        (lowest >= 0 && highest < data.len() as i128).then_some(matrix)
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns there are.
    pub fn columns(&self) -> usize {
        self.columns
    }

    fn gather<T: Element>(&self, rows: Selection<'_>, out: &mut [T]) {
        match self.data {
            Data::F32(data) => self.copy(data, rows, out, |x| T::from_f64(f64::from(x))),
            Data::F64(data) => self.copy(data, rows, out, T::from_f64),
            Data::U8(data) => self.copy(data, rows, out, |x| T::from_f64(f64::from(x))),
            Data::I64(data) => self.copy(data, rows, out, |x| T::from_f64(x as f64)),
        }
    }

    fn copy<S: Copy, T>(
        &self,
        data: &[S],
        rows: Selection<'_>,
        out: &mut [T],
        convert: impl Fn(S) -> T,
    ) {
        if self.columns == 0 {
            return;
        }
        for (row, target) in rows.iter().zip(out.chunks_exact_mut(self.columns)) {
            let first = self.offset as isize + row as isize * self.row_stride;
            if self.column_stride == 1 {
                let source = &data[first as usize..first as usize + self.columns];
                for (value, &x) in target.iter_mut().zip(source) {
                    *value = convert(x);
                }
            } else {
                for (column, value) in target.iter_mut().enumerate() {
                    *value = convert(data[(first + column as isize * self.column_stride) as usize]);
                }
            }
        }
    }
}

impl RowSource for (&str, Matrix<'_>) {
    fn rows(&self) -> usize {
        self.1.rows
    }

    fn find(&self, name: &str) -> Option<(usize, usize)> {
        (name == self.0).then_some((0, self.1.columns))
    }

    fn gather_f32(&self, _: usize, rows: Selection<'_>, out: &mut [f32]) {
        self.1.gather(rows, out);
    }

    fn gather_f64(&self, _: usize, rows: Selection<'_>, out: &mut [f64]) {
        self.1.gather(rows, out);
    }
}

/// Named matrices with the same number of rows, as a source.
#[derive(Clone, Debug)]
pub struct Matrices<'a> {
    rows: usize,
    groups: Vec<(&'a str, Matrix<'a>)>,
}

impl<'a> Matrices<'a> {
    /// A source of these groups; `None` if their numbers of rows differ.
    pub fn new(groups: &[(&'a str, Matrix<'a>)]) -> Option<Self> {
        let rows = groups.first().map_or(0, |(_, matrix)| matrix.rows);
        groups
            .iter()
            .all(|(_, matrix)| matrix.rows == rows)
            .then(|| Self { rows, groups: groups.to_vec() })
    }
}

impl RowSource for Matrices<'_> {
    fn rows(&self) -> usize {
        self.rows
    }

    fn find(&self, name: &str) -> Option<(usize, usize)> {
        let group = self.groups.iter().position(|(known, _)| *known == name)?;
        Some((group, self.groups[group].1.columns))
    }

    fn gather_f32(&self, group: usize, rows: Selection<'_>, out: &mut [f32]) {
        self.groups[group].1.gather(rows, out);
    }

    fn gather_f64(&self, group: usize, rows: Selection<'_>, out: &mut [f64]) {
        self.groups[group].1.gather(rows, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_outside_its_data_is_refused() {
        let data = [0.0f32; 12];
        let view = |offset, dims, strides| {
            Matrix::strided(Data::F32(&data), offset, dims, strides).is_some()
        };
        assert!(view(0, (3, 4), (4, 1)));
        assert!(view(11, (3, 4), (-4, -1)));
        assert!(!view(0, (3, 5), (4, 1)));
        assert!(!view(10, (3, 4), (-4, -1)));
        assert!(!view(0, (usize::MAX, 2), (isize::MAX, 1)));
        assert!(Matrix::new(Data::F32(&data), 5, 3).is_none());
    }

    #[test]
    fn reversed_and_transposed_views_are_read_in_place() {
        let data = [1i64, 2, 3, 4, 5, 6];
        // Columns of the transpose, last row first.
        let matrix = Matrix::strided(Data::I64(&data), 2, (3, 2), (-1, 3)).unwrap();
        let source = Matrices::new(&[("x", matrix)]).unwrap();
        let mut out = [0.0; 4];
        source.gather_f64(0, Selection::Rows(&[2, 0]), &mut out);
        assert_eq!(out, [1.0, 4.0, 3.0, 6.0]);
    }
}
