//! The matrix product, for sizes known at run time.
//!
//! Every element of C is **one chain** of fused multiply-adds over k = 0, 1, …, from +0 or from what C
//! holds: `c = fma(A[i, k], B[k, j], c)`. No chain is ever split and no lanes are ever added up, so the
//! bits of a result depend neither on the instruction set, nor on how tiles or panels are cut, nor on
//! which rows a thread computes. (Which payload a NaN carries is the one thing left open.) What is free
//! to choose, and chosen here, is which chains run side by side.
//!
//! Nothing is allocated and no thread is started: callers split the rows of C among threads.

mod epilogue;
mod kernel;
mod peak;
mod transpose;

pub use epilogue::Epilogue;
pub use peak::multiply_add_rounds;
pub use transpose::transpose;

use std::mem::MaybeUninit;

use crate::simd::{Element, Isa, prefetch};
use epilogue::Finish;
use kernel::{Kernels, Tile};
use transpose::{Transposer, transposer};

/// The left operand, A: `data[i · row_stride + k · column_stride]`.
///
/// A transposed matrix is one whose strides are exchanged.
#[derive(Copy, Clone, Debug)]
pub struct Left<'a, T> {
    /// The elements.
    pub data: &'a [T],
    /// From A[i, k] to A[i + 1, k].
    pub row_stride: usize,
    /// From A[i, k] to A[i, k + 1].
    pub column_stride: usize,
}

/// The right operand, B: `data[k · row_stride + j]`.
#[derive(Copy, Clone, Debug)]
pub struct Right<'a, T> {
    /// The elements.
    pub data: &'a [T],
    /// From B[k, j] to B[k + 1, j].
    pub row_stride: usize,
}

/// The most terms that a tile takes before it goes on with the next panel of the depth: what a panel of
/// `right` then takes stays in the second cache beside what is read of the others.
const DEPTH: usize = 1024;
/// Bytes of a packed panel of B: `DEPTH` rows of three vectors of AVX-512.
const PANEL_BYTES: usize = DEPTH * 3 * 64;
/// B is packed when its rows lie over more bytes than this; below, they stay in the first-level cache.
const UNPACKED_BYTES: usize = 64 << 10;
/// B is packed when this many rows of C or more use each panel.
const PACKED_ROWS: usize = 64;
/// Bytes of a tile of A, and of one of C, when a product runs turned: half of a first-level cache.
const TURNED_BYTES: usize = 16 << 10;

/// The most columns of C when a product runs turned: with the widest row of a tile they fill `TURNED_BYTES`.
const TURNED_COLUMNS: usize = TURNED_BYTES / (4 * 64);

/// Computes C = A · B, or C = C + A · B if `accumulate`, for (m, n, k): A is m × k, B is k × n, C is m × n.
///
/// `C[i, j]` is `c[i · c_row_stride + j]`; it is fastest when the rows of B and C start on multiples of 64
/// bytes. What lies between the rows of C is not touched. With k = 0, C
/// becomes +0, or stays as it is.
///
/// # Panics
/// If a slice is too short for its matrix, or the rows of C overlap.
pub fn gemm<T: Element>(
    isa: Isa,
    (m, n, k): (usize, usize, usize),
    a: Left<'_, T>,
    b: Right<'_, T>,
    c: &mut [T],
    c_row_stride: usize,
    accumulate: bool,
) {
    gemm_with(isa, (m, n, k), a, b, c, c_row_stride, accumulate, Epilogue::Keep);
}

/// Computes as [`gemm`] does, and then the epilogue of each element.
///
/// # Panics
/// As [`gemm`], and if the epilogue's operand is too short.
#[allow(clippy::too_many_arguments, reason = "a product has that many")]
pub fn gemm_with<T: Element>(
    isa: Isa,
    (m, n, k): (usize, usize, usize),
    a: Left<'_, T>,
    b: Right<'_, T>,
    c: &mut [T],
    c_row_stride: usize,
    accumulate: bool,
    epilogue: Epilogue<'_, T>,
) {
    if m == 0 || n == 0 {
        return;
    }
    assert!(holds(c.len(), &[(m, c_row_stride), (n, 1)]), "gemm: C too short");
    assert!(m == 1 || c_row_stride >= n, "gemm: rows of C overlap");
    assert!(epilogue.fits(m, n, c_row_stride), "gemm: the epilogue's operand too short");
    if k == 0 {
        if !accumulate {
            c.chunks_mut(c_row_stride.max(n)).take(m).for_each(|row| row[..n].fill(T::ZERO));
        }
        epilogue.apply(c, (m, n, c_row_stride));
        return;
    }
    assert!(holds(a.data.len(), &[(m, a.row_stride), (k, a.column_stride)]), "gemm: A too short");
    assert!(holds(b.data.len(), &[(k, b.row_stride), (n, 1)]), "gemm: B too short");

    let product = Product {
        rows: m,
        columns: n,
        depth: k,
        left: a.data.as_ptr(),
        left_row: a.row_stride,
        left_depth: a.column_stride,
        right: b.data.as_ptr(),
        right_depth: b.row_stride,
        out: c.as_mut_ptr(),
        out_row: c_row_stride,
        accumulate,
        finish: Finish::Keep,
    };
    let kernels = Kernels::of(isa);
    // SAFETY: the three matrices lie in their slices, checked above, C's is borrowed alone, and `isa` is
    // the CPU's.
    unsafe {
        if product.is_better_turned(kernels) {
            if product.is_turned_in_place() {
                product.turned().run(kernels, None);
            } else {
                product.run_turned(kernels, transposer(isa));
            }
            epilogue.apply(c, (m, n, c_row_stride));
            return;
        }
        let product = Product { finish: epilogue.pointers(c_row_stride), ..product };
        if product.is_better_packed() {
            product.run_packed(kernels);
        } else {
            product.run(kernels, None);
        }
    }
}

/// Returns whether `length` elements hold every index `Σ i · stride` with each i below its count (≥ 1).
fn holds(length: usize, axes: &[(usize, usize)]) -> bool {
    let last = axes.iter().try_fold(0usize, |last, &(count, stride)| {
        last.checked_add((count - 1).checked_mul(stride)?)
    });
    last.is_some_and(|last| last < length)
}

/// Cuts `total` into portions of at most `most`: whole ones, and at the end two about equal ones rather
/// than a whole one and a rest, which could be too small to be worth its start. No division, which would
/// show in small products.
#[inline(always)]
fn portions(total: usize, most: usize) -> impl Iterator<Item = usize> {
    let mut left = total;
    std::iter::from_fn(move || {
        let portion = match left {
            0 => return None,
            _ if left >= 2 * most => most,
            _ if left > most => left.div_ceil(2),
            _ => left,
        };
        left -= portion;
        Some(portion)
    })
}

/// A product on bare pointers: `left` is read element by element, `right` and `out` along their rows.
///
/// # Safety
/// Its functions need pointers that are good for the whole of each matrix, `out` not to overlap another,
/// and the CPU to have the instruction set of the kernels.
#[derive(Copy, Clone)]
struct Product<T> {
    rows: usize,
    columns: usize,
    depth: usize,
    left: *const T,
    left_row: usize,
    left_depth: usize,
    right: *const T,
    right_depth: usize,
    out: *mut T,
    out_row: usize,
    accumulate: bool,
    finish: Finish<T>,
}

impl<T: Element> Product<T> {
    /// Runs panel by panel of the depth and of the columns, tile by tile of the rows. With room for a
    /// panel of `right`, the first tile of each leaves it there, packed, for the others.
    unsafe fn run(&self, kernels: &Kernels<T>, panel: Option<*mut T>) {
        let lanes = kernels.lanes;
        let vectors = kernels.vectors_for(self.columns);
        let mut from_term = 0;
        for depth in portions(self.depth, DEPTH) {
            let mut from_column = 0;
            for width in portions(vectors, kernels.widest(self.rows)) {
                let exist = (self.columns - from_column).min(width * lanes);
                // SAFETY: rows, columns and terms below are counted out of those of the product.
                let mut tile = unsafe {
                    Tile {
                        depth,
                        left: self.left.add(from_term * self.left_depth),
                        left_row: self.left_row,
                        left_depth: self.left_depth,
                        right: self.right.add(from_term * self.right_depth + from_column),
                        right_depth: self.right_depth,
                        out: self.out.add(from_column),
                        out_row: self.out_row,
                        last: exist - (width - 1) * lanes,
                        accumulate: self.accumulate || from_term > 0,
                        panel: panel.unwrap_or(std::ptr::null_mut()),
                        finish: match from_term + depth == self.depth {
                            true => self.finish.to_the_right(from_column),
                            false => Finish::Keep,
                        },
                    }
                };
                let by_rows = kernels.by_vectors[width - 1];
                let source = tile.right;
                let mut rows_left = self.rows;
                if panel.is_some() && self.rows > by_rows.len() {
                    rows_left -= by_rows.len();
                    // SAFETY: the caller's contract; the panel has room for DEPTH rows of whole vectors.
                    unsafe { kernels.packing[width - 1](&tile) };
                    tile.right = tile.panel;
                    tile.right_depth = width * lanes;
                    tile.left = tile.left.wrapping_add(by_rows.len() * self.left_row);
                    tile.out = tile.out.wrapping_add(by_rows.len() * self.out_row);
                    tile.finish = tile.finish.below(by_rows.len());
                }
                // What the next panel is packed from lies all over the operand; each tile asks for
                // a share of it.
                let next_panel = panel.map(|_| {
                    let share = depth.div_ceil(rows_left.div_ceil(by_rows.len()).max(1));
                    (source.wrapping_add(width * lanes), share)
                });
                let mut ahead = 0..depth;
                for rows in portions(rows_left, by_rows.len()) {
                    if let Some((next, share)) = next_panel {
                        for term in ahead.by_ref().take(share) {
                            let row = next.wrapping_add(term * self.right_depth);
                            (0..width).for_each(|v| prefetch(row.wrapping_add(v * lanes)));
                        }
                    }
                    // SAFETY: the caller's contract.
                    unsafe { by_rows[rows - 1](&tile) };
                    // Wrapping, since the step after the last tile may leave the operands.
                    tile.left = tile.left.wrapping_add(rows * self.left_row);
                    tile.out = tile.out.wrapping_add(rows * self.out_row);
                    tile.finish = tile.finish.below(rows);
                }
                from_column += width * lanes;
            }
            from_term += depth;
        }
    }

    /// Returns whether panels of `right` are better packed: read by many rows, and from so many places
    /// that caches and address translation could not hold on to them.
    fn is_better_packed(&self) -> bool {
        let elements = self.depth.saturating_mul(self.right_depth);
        self.rows >= PACKED_ROWS && elements > UNPACKED_BYTES / size_of::<T>()
    }

    /// Runs with packed panels of `right`.
    #[inline(never)]
    unsafe fn run_packed(&self, kernels: &Kernels<T>) {
        let mut panel = Scratch::<PANEL_BYTES>::new();
        // SAFETY: the caller's contract.
        unsafe { self.run(kernels, Some(panel.start())) }
    }

    /// Returns whether lanes are better over rows than over columns, by the vectors to be multiplied.
    fn is_better_turned(&self, kernels: &Kernels<T>) -> bool {
        let lanes = kernels.lanes;
        let can_turn = self.left_row == 1 || self.left_depth == 1;
        if self.rows == 1 || self.columns > TURNED_COLUMNS.min(2 * lanes) || !can_turn {
            return false;
        }
        // In eighths of one fused multiply-add of vectors.
        let straight = 8 * self.rows * kernels.vectors_for(self.columns) * self.depth;
        let turned = 8 * self.columns * kernels.vectors_for(self.rows) * self.depth;
        let transposing = if self.left_row == 1 { 0 } else { 3 * self.rows * self.depth };
        let moving = if self.is_out_a_vector() { 0 } else { 8 * self.rows * self.columns };
        turned + transposing + moving < straight
    }

    /// Returns whether `out` is one column without gaps, which is its own transpose.
    fn is_out_a_vector(&self) -> bool {
        self.columns == 1 && self.out_row == 1
    }

    /// Returns whether [`Product::turned`] reads and writes in vectors what lies side by side.
    fn is_turned_in_place(&self) -> bool {
        self.left_row == 1 && self.is_out_a_vector()
    }

    /// Returns outᵀ = rightᵀ · leftᵀ.
    fn turned(&self) -> Product<T> {
        Product {
            rows: self.columns,
            columns: self.rows,
            left: self.right,
            left_row: 1,
            left_depth: self.right_depth,
            right: self.left,
            right_depth: self.left_depth,
            ..*self
        }
    }

    /// Runs turned, block by block of the rows, each with what must be transposed in tiles of its own.
    #[inline(never)]
    unsafe fn run_turned(&self, kernels: &Kernels<T>, transpose: Transposer<T>) {
        let mut left_tile = Scratch::<TURNED_BYTES>::new();
        let mut out_tile = Scratch::<TURNED_BYTES>::new();
        let (in_lanes, in_place) = (self.left_row == 1, self.is_out_a_vector());
        let mut from_row = 0;
        for vectors in portions(kernels.vectors_for(self.rows), kernels.widest(self.columns)) {
            let width = vectors * kernels.lanes;
            let rows = (self.rows - from_row).min(width);
            // SAFETY: rows, columns and terms below are counted out of those of the product, and the
            // tiles have room for `width` rows of `depth` terms and of `columns` results.
            unsafe {
                let out = self.out.add(from_row * self.out_row);
                let turned_out = if in_place { out } else { out_tile.start() };
                if self.accumulate && !in_place {
                    transpose(rows, self.columns, out, self.out_row, turned_out, width);
                }
                let most =
                    if in_lanes { self.depth } else { TURNED_BYTES / (width * size_of::<T>()) };
                let mut from_term = 0;
                for depth in portions(self.depth, most) {
                    let left =
                        self.left.add(from_row * self.left_row + from_term * self.left_depth);
                    let (right, right_depth) = if in_lanes {
                        (left, self.left_depth)
                    } else {
                        transpose(rows, depth, left, self.left_row, left_tile.start(), width);
                        (left_tile.start::<T>().cast_const(), width)
                    };
                    let block = Product {
                        columns: rows,
                        depth,
                        left: self.right.add(from_term * self.right_depth),
                        right,
                        right_depth,
                        out: turned_out,
                        out_row: width,
                        accumulate: self.accumulate || from_term > 0,
                        ..self.turned()
                    };
                    block.run(kernels, None);
                    from_term += depth;
                }
                if !in_place {
                    transpose(self.columns, rows, turned_out, width, out, self.out_row);
                }
            }
            from_row += rows;
        }
    }
}

/// Room on the stack, where a cache line starts.
#[repr(align(64))]
struct Scratch<const BYTES: usize>([MaybeUninit<u8>; BYTES]);

impl<const BYTES: usize> Scratch<BYTES> {
    #[inline(always)]
    fn new() -> Self {
        Scratch([MaybeUninit::uninit(); BYTES])
    }

    #[inline(always)]
    fn start<T>(&mut self) -> *mut T {
        self.0.as_mut_ptr().cast()
    }
}

#[cfg(test)]
mod tests;
