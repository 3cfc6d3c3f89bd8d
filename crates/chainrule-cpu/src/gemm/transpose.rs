//! Transposing a matrix, in blocks that are turned round inside registers.

use crate::simd::{Element, Isa, Level};

/// Writes the transpose of a matrix: `to[j · to_stride + i] = from[i · from_stride + j]` for i < rows and
/// j < columns.
///
/// # Panics
/// If a slice is too short for its matrix, or `to_stride` is smaller than `rows`.
pub fn transpose<T: Element>(
    isa: Isa,
    (rows, columns): (usize, usize),
    from: &[T],
    from_stride: usize,
    to: &mut [T],
    to_stride: usize,
) {
    if rows == 0 || columns == 0 {
        return;
    }
    assert!(
        super::holds(from.len(), &[(rows, from_stride), (columns, 1)]),
        "transpose: source too short"
    );
    assert!(
        super::holds(to.len(), &[(columns, to_stride), (rows, 1)]),
        "transpose: target too short"
    );
    assert!(columns == 1 || to_stride >= rows, "transpose: target rows overlap");
    // SAFETY: both matrices lie in their slices, checked above; `isa` is the CPU's.
    unsafe {
        transposer(isa)(rows, columns, from.as_ptr(), from_stride, to.as_mut_ptr(), to_stride)
    }
}

/// Transposes as [`transpose`] does.
///
/// # Safety
/// The CPU has the instruction set that it was chosen for, and the pointers are good for both matrices.
pub(super) type Transposer<T> = unsafe fn(usize, usize, *const T, usize, *mut T, usize);

/// Returns the way to transpose with an instruction set.
#[inline]
pub(super) fn transposer<T: Element>(isa: Isa) -> Transposer<T> {
    match isa.level() {
        Level::Portable => transpose_portable,
        // Turning a block round takes shuffles, of which AVX-512 does no more elements in a cycle.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 | Level::Avx512 => transpose_avx2,
    }
}

unsafe fn transpose_portable<T: Element>(
    rows: usize,
    columns: usize,
    from: *const T,
    from_stride: usize,
    to: *mut T,
    to_stride: usize,
) {
    for i in 0..rows {
        for j in 0..columns {
            // SAFETY: row i and column j are inside both matrices, by the caller's contract.
            unsafe { to.add(j * to_stride + i).write(from.add(i * from_stride + j).read()) }
        }
    }
}

/// How many rows ahead the next ones are asked for.
#[cfg(target_arch = "x86_64")]
const AHEAD: usize = 32;

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn transpose_avx2<T: Element>(
    rows: usize,
    columns: usize,
    from: *const T,
    from_stride: usize,
    to: *mut T,
    to_stride: usize,
) {
    use crate::simd::{Square, prefetch};
    let side = T::Avx2::SIDE;
    let (whole_rows, whole_columns) = (rows - rows % side, columns - columns % side);
    // Two blocks of columns, the width of a cache line, all the way down: of the orders measured the one
    // that strides of a power of two hurt least.
    for j0 in (0..whole_columns).step_by(2 * side) {
        let end = (j0 + 2 * side).min(whole_columns);
        for i in (0..whole_rows).step_by(side) {
            // A row lies a page from the one before, so no hardware foresees it.
            for row in i + AHEAD..i + AHEAD + side {
                prefetch(from.wrapping_add(row * from_stride + j0));
            }
            for j in (j0..end).step_by(side) {
                // SAFETY: the block lies inside both matrices, and this function is compiled for AVX2.
                unsafe {
                    let (from, to) = (from.add(i * from_stride + j), to.add(j * to_stride + i));
                    T::Avx2::transpose(from, from_stride, to, to_stride);
                }
            }
        }
    }
    // SAFETY: the columns right of the blocks, then the rows below them, lie inside both matrices.
    unsafe {
        transpose_portable(
            whole_rows,
            columns - whole_columns,
            from.add(whole_columns),
            from_stride,
            to.add(whole_columns * to_stride),
            to_stride,
        );
        transpose_portable(
            rows - whole_rows,
            columns,
            from.add(whole_rows * from_stride),
            from_stride,
            to.add(whole_rows),
            to_stride,
        );
    }
}
