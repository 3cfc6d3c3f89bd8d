//! The inner loop of every product: a tile of the output that stays in registers over the whole depth.

use super::epilogue::Finish;
use crate::simd::{Element, Isa, Lanes, Level, prefetch};

/// One call of a kernel: `out[r, lane] ← … + left[r, k] · right[k, lane]`, one chain for each element.
///
/// `left` is broadcast, element by element; `right` and `out` are read and written in vectors.
#[derive(Copy, Clone)]
pub(super) struct Tile<T> {
    /// How many terms each chain takes.
    pub depth: usize,
    /// The first row's first term.
    pub left: *const T,
    /// From one row of `left` to the next.
    pub left_row: usize,
    /// From one term of `left` to the next.
    pub left_depth: usize,
    /// The first term of the first lane.
    pub right: *const T,
    /// From one term of `right` to the next.
    pub right_depth: usize,
    /// The first lane of the first row.
    pub out: *mut T,
    /// From one row of `out` to the next.
    pub out_row: usize,
    /// How many lanes of the last vector exist, from 1 to all.
    pub last: usize,
    /// Whether the chains go on from what `out` holds; else they start at +0.
    pub accumulate: bool,
    /// Where a packing kernel leaves what it reads of `right`, in whole vectors and without gaps.
    pub panel: *mut T,
    /// What is done to the finished chains.
    pub finish: Finish<T>,
}

/// Computes a [`Tile`] of a fixed number of rows and vectors.
///
/// # Safety
/// The CPU has the instruction set of the table in which the kernel stands, and the tile's pointers are
/// good for every row, term and lane that it names.
pub(super) type Kernel<T> = unsafe fn(&Tile<T>);

/// Rows of a tile from which on another one of its kind probably follows.
const TALL: usize = 4;

/// The most vectors in a row of a tile.
pub(super) const MOST_VECTORS: usize = 4;

/// The kernels of one instruction set.
pub(super) struct Kernels<T: 'static> {
    /// Lanes of a vector.
    pub lanes: usize,
    /// The vectors in a row of a tile of a product with many rows: the widest of `by_vectors` that
    /// takes enough rows to spread the cost of reading `right`.
    pub vectors: usize,
    /// `by_vectors[v - 1][r - 1]` takes `v` vectors in each of `r` rows. What is there is what fits
    /// the registers; tiles of few rows are wider, to have enough chains in flight.
    pub by_vectors: [&'static [Kernel<T>]; MOST_VECTORS],
    /// `packing[v - 1]` is the tallest of `by_vectors[v - 1]`, and packs.
    pub packing: &'static [Kernel<T>],
}

impl<T: Element> Kernels<T> {
    /// Returns the kernels of an instruction set.
    #[inline]
    pub fn of(isa: Isa) -> &'static Self {
        match isa.level() {
            Level::Portable => &Self::PORTABLE,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => &Self::AVX2,
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => &Self::AVX512,
        }
    }

    /// Returns how many vectors hold `count` elements; lanes are a power of two.
    #[inline]
    pub fn vectors_for(&self, count: usize) -> usize {
        (count + self.lanes - 1) >> self.lanes.trailing_zeros()
    }

    /// Returns the vectors in a row of the tiles of a product of `rows` rows.
    #[inline]
    pub fn widest(&self, rows: usize) -> usize {
        if rows <= self.by_vectors[MOST_VECTORS - 1].len() { MOST_VECTORS } else { self.vectors }
    }
}

/// Declares the table of one instruction set: the entry compiled for it, its vector type, and the rows
/// for each number of vectors.
macro_rules! kernels {
    ($table:ident, $entry:ident $(enabling $features:literal)?, $vector:ident, $vectors:literal,
     [$([$($rows:literal)*] of $width:literal),*], packing [$($tallest:literal of $pack_width:literal),*]) => {
        impl<T: Element> Kernels<T> {
            const $table: Kernels<T> = Kernels {
                lanes: <T::$vector as Lanes>::COUNT,
                vectors: $vectors,
                by_vectors: [$(&[$($entry::<T, $rows, $width, false>),*]),*],
                packing: &[$($entry::<T, $tallest, $pack_width, true>),*],
            };
        }

        $(#[target_feature(enable = $features)])?
        unsafe fn $entry<T: Element, const R: usize, const V: usize, const PACK: bool>(tile: &Tile<T>) {
            // SAFETY: this function is compiled for the vector's instruction set, and its caller keeps
            // the contract of `Kernel`.
            unsafe {
                if tile.last == <T::$vector as Lanes>::COUNT {
                    run::<T::$vector, R, V, PACK, false>(tile)
                } else {
                    run::<T::$vector, R, V, PACK, true>(tile)
                }
            }
        }
    };
}

kernels!(PORTABLE, portable, Array, 2,
    [[1 2 3 4] of 1, [1 2 3 4] of 2, [1 2] of 3, [1 2] of 4], packing [4 of 1, 4 of 2]);
#[cfg(target_arch = "x86_64")]
kernels!(AVX2, avx2 enabling "avx2,fma", Avx2, 2,
    [[1 2 3 4 5 6 7 8] of 1, [1 2 3 4 5 6] of 2, [1 2] of 3, [1 2] of 4], packing [8 of 1, 6 of 2]);
#[cfg(target_arch = "x86_64")]
kernels!(AVX512, avx512 enabling "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma", Avx512, 3,
    [[1 2 3 4 5 6 7 8] of 1, [1 2 3 4 5 6 7 8] of 2, [1 2 3 4 5 6 7 8] of 3, [1 2 3] of 4],
    packing [8 of 1, 8 of 2, 8 of 3]);

/// Computes a tile of `R` rows and `V` vectors, the last of them masked if `TAIL`.
#[inline(always)]
unsafe fn run<L: Lanes, const R: usize, const V: usize, const PACK: bool, const TAIL: bool>(
    tile: &Tile<L::Element>,
) {
    // SAFETY: by the contract of `Kernel` the instruction set is there, and each pointer stays at a row,
    // term and lane of the tile; lanes that do not exist are masked.
    unsafe {
        let mask = L::first(tile.last);
        let mut chains = [[L::splat(L::Element::ZERO); V]; R];
        if tile.accumulate {
            for (r, row) in chains.iter_mut().enumerate() {
                *row = load::<L, V, TAIL>(tile.out.add(r * tile.out_row), mask);
            }
        }
        let mut left = [tile.left; R];
        for (r, row) in left.iter_mut().enumerate() {
            *row = row.add(r * tile.left_row);
        }
        let (mut term, mut right, mut panel) = (0, tile.right, tile.panel);
        // The rows of the next tile are asked for meanwhile, a row at each term in turn: what lies a
        // page apart no hardware foresees.
        let next = tile.left.wrapping_add(R * tile.left_row);
        let mut next_row = 0;
        for _ in 0..tile.depth {
            if R >= TALL {
                prefetch(next.wrapping_add(next_row * tile.left_row + term));
                next_row = (next_row + 1) % R;
            }
            let terms = load::<L, V, TAIL>(right, mask);
            if PACK {
                store::<L, V, false>(panel, &terms, mask);
                panel = panel.add(V * L::COUNT);
            }
            for (row, left) in chains.iter_mut().zip(&left) {
                let factor = L::splat(left.add(term).read());
                for (chain, &lanes) in row.iter_mut().zip(&terms) {
                    *chain = factor.mul_add(lanes, *chain);
                }
            }
            // Wrapping, since the step after the last term may leave the operand.
            right = right.wrapping_add(tile.right_depth);
            term = term.wrapping_add(tile.left_depth);
        }
        tile.finish.run::<L, R, V, TAIL>(&mut chains, mask);
        for (r, row) in chains.iter().enumerate() {
            store::<L, V, TAIL>(tile.out.add(r * tile.out_row), row, mask);
        }
    }
}

#[inline(always)]
pub(super) unsafe fn load<L: Lanes, const V: usize, const TAIL: bool>(
    from: *const L::Element,
    mask: L::Mask,
) -> [L; V] {
    // SAFETY: the caller's pointer is good for V vectors, the last of them as far as the mask if TAIL.
    unsafe {
        let mut vectors = [L::splat(L::Element::ZERO); V];
        for (v, vector) in vectors.iter_mut().enumerate() {
            let from = from.add(v * L::COUNT);
            *vector = if TAIL && v + 1 == V { L::load_masked(from, mask) } else { L::load(from) };
        }
        vectors
    }
}

#[inline(always)]
unsafe fn store<L: Lanes, const V: usize, const TAIL: bool>(
    to: *mut L::Element,
    vectors: &[L; V],
    mask: L::Mask,
) {
    // SAFETY: the caller's pointer is good for V vectors, the last of them as far as the mask if TAIL.
    unsafe {
        for (v, vector) in vectors.iter().enumerate() {
            let to = to.add(v * L::COUNT);
            if TAIL && v + 1 == V { vector.store_masked(to, mask) } else { vector.store(to) }
        }
    }
}
