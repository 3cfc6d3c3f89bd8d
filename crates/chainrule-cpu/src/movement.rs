//! The `movement` and `random` templates: copies, gathers, scatters, counters, uniform numbers.

use chainrule_core::compile::program::{CopyPart, Movement, Random};
use chainrule_core::oracle::position;
use chainrule_core::random;

use crate::frame::Frame;
use crate::gemm::transpose;
use crate::lanes::Number;
use crate::plan::ROW_UNIT;
use crate::simd::Isa;
use crate::threads::share;

/// Moves data, for all rows of a frame (or once, for a shared result).
///
/// # Safety
/// The frame's rows of the result must be this thread's alone, and nobody may write what is read.
pub(crate) unsafe fn run<T: Number>(isa: Isa, movement: &Movement, frame: &Frame<'_, T>) {
    // SAFETY (all reads and writes below): passed on from the caller.
    match movement {
        Movement::Copy { output, parts } => {
            let elements = frame.values[*output].elements;
            // SAFETY: see above.
            let target = unsafe { frame.write(*output) };
            let copied: usize = parts.iter().map(|part| part.dims.iter().product::<usize>()).sum();
            if copied < elements {
                target.fill(T::ZERO);
            }
            for part in parts {
                // SAFETY: see above.
                let source = unsafe { frame.read(part.source) };
                let width = frame.values[part.source].elements;
                let rows = target.chunks_exact_mut(elements.max(1));
                for (row, target) in rows.enumerate() {
                    // A shared source serves every row.
                    let first = if source.len() == width { 0 } else { row * width };
                    copy(isa, part, &source[first..first + width], target);
                }
            }
        }
        Movement::Gather { output, table, index, length, width } => {
            // SAFETY: see above.
            let (target, table_values, index_values) =
                unsafe { (frame.write(*output), frame.read(*table), frame.read(*index)) };
            let indices = frame.values[*index].elements;
            let rows = target.chunks_exact_mut((indices * width).max(1));
            for (row, target) in rows.enumerate() {
                let table = of_row(frame, *table, table_values, row);
                let index = of_row(frame, *index, index_values, row);
                for (target, &at) in target.chunks_exact_mut((*width).max(1)).zip(index) {
                    match position(at.to_f64(), *length) {
                        Some(at) => target.copy_from_slice(&table[at * width..][..*width]),
                        None => target.fill(T::from_f64(f64::NAN)),
                    }
                }
            }
        }
        Movement::ScatterAdd { output, index, updates, length, width } => {
            // SAFETY: see above.
            let (target, index_values, update_values) =
                unsafe { (frame.write(*output), frame.read(*index), frame.read(*updates)) };
            target.fill(T::ZERO);
            let rows = target.chunks_exact_mut((length * width).max(1));
            for (row, target) in rows.enumerate() {
                let index = of_row(frame, *index, index_values, row);
                let updates = of_row(frame, *updates, update_values, row);
                for (&at, update) in index.iter().zip(updates.chunks_exact((*width).max(1))) {
                    let Some(at) = position(at.to_f64(), *length) else { continue };
                    for (sum, &x) in target[at * width..][..*width].iter_mut().zip(update) {
                        *sum = *sum + x;
                    }
                }
            }
        }
        Movement::Iota { output, length, inner, .. } => {
            // SAFETY: see above.
            let target = unsafe { frame.write(*output) };
            for (i, value) in target.iter_mut().enumerate() {
                *value = T::from_f64((i / inner % length) as f64);
            }
        }
        Movement::RowNumber { output } => {
            // SAFETY: see above.
            let target = unsafe { frame.write(*output) };
            for (row, value) in target.iter_mut().enumerate() {
                *value = T::from_f64((frame.row_in_batch + row) as f64);
            }
        }
    }
}

/// Moves one thread's part of shared data: of a transposed matrix its rows, of all else the first
/// thread everything.
///
/// # Safety
/// As [`run`], for this thread's rows of the result.
pub(crate) unsafe fn run_shared<T: Number>(
    isa: Isa,
    movement: &Movement,
    frame: &Frame<'_, T>,
    thread: usize,
    threads: usize,
) {
    if let Movement::Copy { output, parts } = movement
        && let [part] = &**parts
        && let Some(matrix) = Transposed::of(part)
        && (part.target_offset, matrix.to_stride) == (0, matrix.columns)
    {
        let mine = share(matrix.rows, ROW_UNIT, thread, threads);
        let start = mine.start * matrix.columns;
        // SAFETY: the result is the whole matrix, row after row, of which these are this thread's;
        // for the rest the caller's contract.
        let (source, target) = unsafe {
            let target = frame.pointer(*output).add(start);
            let target = std::slice::from_raw_parts_mut(target, mine.len() * matrix.columns);
            (frame.read(part.source), target)
        };
        if !mine.is_empty() {
            let from = &source[part.source_offset + mine.start..];
            let sizes = (matrix.columns, mine.len());
            transpose(isa, sizes, from, matrix.from_stride, target, matrix.columns);
        }
    } else if thread == 0 {
        // SAFETY: passed on from the caller.
        unsafe { run(isa, movement, frame) };
    }
}

/// A copied rectangle that is the transpose of what it is copied from.
struct Transposed {
    rows: usize,
    columns: usize,
    from_stride: usize,
    to_stride: usize,
}

impl Transposed {
    fn of(part: &CopyPart) -> Option<Self> {
        match (&*part.dims, &*part.source_strides, &*part.target_strides) {
            (&[rows, columns], &[1, from_stride], &[to_stride, 1]) => {
                Some(Self { rows, columns, from_stride, to_stride })
            }
            _ => None,
        }
    }
}

/// The elements of one row; of a shared value, all.
fn of_row<'a, T: Number>(
    frame: &Frame<'_, T>,
    value: usize,
    values: &'a [T],
    row: usize,
) -> &'a [T] {
    let shape = frame.values[value];
    match shape.kind {
        chainrule_core::Kind::Shared => values,
        chainrule_core::Kind::Rows => &values[row * shape.elements..][..shape.elements],
    }
}

/// Copies a rectangle, dimension by dimension; a transposed matrix block by block.
fn copy<T: Number>(isa: Isa, part: &CopyPart, source: &[T], target: &mut [T]) {
    if let Some(Transposed { rows, columns, from_stride, to_stride }) = Transposed::of(part) {
        let from = &source[part.source_offset..];
        let to = &mut target[part.target_offset..];
        transpose(isa, (columns, rows), from, from_stride, to, to_stride);
        return;
    }
    let Some((&last, outer)) = part.dims.split_last() else {
        target[part.target_offset] = source[part.source_offset];
        return;
    };
    let (from_stride, to_stride) =
        (part.source_strides[outer.len()], part.target_strides[outer.len()]);
    for number in 0..outer.iter().product() {
        let (mut from, mut to, mut rest) = (part.source_offset, part.target_offset, number);
        for axis in (0..outer.len()).rev() {
            let i = rest % outer[axis];
            rest /= outer[axis];
            from += i * part.source_strides[axis];
            to += i * part.target_strides[axis];
        }
        if from_stride == 1 && to_stride == 1 {
            target[to..to + last].copy_from_slice(&source[from..from + last]);
        } else {
            for i in 0..last {
                target[to + i * to_stride] = source[from + i * from_stride];
            }
        }
    }
}

/// Fills a value with uniform numbers, each keyed by its own row and element.
///
/// # Safety
/// As [`run`].
pub(crate) unsafe fn uniform<T: Number>(draw: &Random, frame: &Frame<'_, T>) {
    // SAFETY: passed on from the caller.
    let target = unsafe { frame.write(draw.output) };
    let elements = frame.values[draw.output].elements;
    let stream = random::Uniform::new(frame.seed, frame.step, draw.stream);
    for (row, target) in target.chunks_exact_mut(elements.max(1)).enumerate() {
        let row = match frame.values[draw.output].kind {
            chainrule_core::Kind::Shared => 0,
            chainrule_core::Kind::Rows => (frame.row_in_batch + row) as u64,
        };
        stream.fill(row, 0, target);
    }
}
