//! What is done to a product's elements while they are still in registers.

use crate::simd::{Element, Lanes};

/// What becomes of each element of C when its chain is finished.
#[derive(Clone, Copy, Debug)]
pub enum Epilogue<'a, T> {
    /// Nothing.
    Keep,
    /// c + bias\[j\].
    Bias(&'a [T]),
    /// max(floor, c + bias\[j\]): the floor if they are equal, NaN if the sum is. The floor is a
    /// number.
    BiasFloor(&'a [T], T),
    /// 0 where the gate is 0 or less, c elsewhere; the gate is laid out as C.
    Gate(&'a [T]),
}

impl<T: Element> Epilogue<'_, T> {
    /// Whether it has what a C of so many rows and columns needs.
    pub(super) fn fits(&self, rows: usize, columns: usize, row_stride: usize) -> bool {
        match self {
            Self::Keep => true,
            Self::Bias(bias) | Self::BiasFloor(bias, _) => bias.len() >= columns,
            Self::Gate(gate) => super::holds(gate.len(), &[(rows, row_stride), (columns, 1)]),
        }
    }

    /// Applies it to elements that have been written: the same operations, one at a time.
    pub(super) fn apply(&self, c: &mut [T], (rows, columns, row_stride): (usize, usize, usize)) {
        if matches!(self, Self::Keep) {
            return;
        }
        let stride = row_stride.max(columns);
        for (i, row) in c.chunks_mut(stride).take(rows).enumerate() {
            for (j, c) in row[..columns].iter_mut().enumerate() {
                *c = match self {
                    Self::Keep => *c,
                    Self::Bias(bias) => *c + bias[j],
                    Self::BiasFloor(bias, floor) => {
                        let sum = *c + bias[j];
                        if *floor >= sum { *floor } else { sum }
                    }
                    Self::Gate(gate) if T::ZERO >= gate[i * row_stride + j] => T::ZERO,
                    Self::Gate(_) => *c,
                };
            }
        }
    }

    /// The same on bare pointers.
    pub(super) fn pointers(&self, row_stride: usize) -> Finish<T> {
        match *self {
            Self::Keep => Finish::Keep,
            Self::Bias(bias) => Finish::Bias { bias: bias.as_ptr() },
            Self::BiasFloor(bias, floor) => Finish::BiasFloor { bias: bias.as_ptr(), floor },
            Self::Gate(gate) => Finish::Gate { gate: gate.as_ptr(), row: row_stride },
        }
    }
}

/// An [`Epilogue`] of a tile: what it reads starts where the tile does.
#[derive(Clone, Copy)]
pub(super) enum Finish<T> {
    Keep,
    Bias { bias: *const T },
    BiasFloor { bias: *const T, floor: T },
    Gate { gate: *const T, row: usize },
}

impl<T: Element> Finish<T> {
    /// The epilogue of a tile so many columns to the right.
    pub(super) fn to_the_right(self, columns: usize) -> Self {
        // Wrapping: a step after the last tile may leave the operand.
        match self {
            Self::Keep => Self::Keep,
            Self::Bias { bias } => Self::Bias { bias: bias.wrapping_add(columns) },
            Self::BiasFloor { bias, floor } => {
                Self::BiasFloor { bias: bias.wrapping_add(columns), floor }
            }
            Self::Gate { gate, row } => Self::Gate { gate: gate.wrapping_add(columns), row },
        }
    }

    /// The epilogue of a tile so many rows below.
    pub(super) fn below(self, rows: usize) -> Self {
        match self {
            Self::Keep | Self::Bias { .. } | Self::BiasFloor { .. } => self,
            Self::Gate { gate, row } => Self::Gate { gate: gate.wrapping_add(rows * row), row },
        }
    }

    /// Applies it to the finished chains of a tile.
    ///
    /// # Safety
    /// The CPU has the vector's instruction set, and what is read is good for every row and lane of
    /// the tile, of the last vector as far as the mask if `TAIL`.
    #[inline(always)]
    pub(super) unsafe fn run<
        L: Lanes<Element = T>,
        const R: usize,
        const V: usize,
        const TAIL: bool,
    >(
        self,
        chains: &mut [[L; V]; R],
        mask: L::Mask,
    ) {
        // SAFETY: the caller's contract.
        unsafe {
            match self {
                Self::Keep => {}
                Self::Bias { bias } => {
                    let bias = super::kernel::load::<L, V, TAIL>(bias, mask);
                    for row in chains.iter_mut() {
                        for (chain, &bias) in row.iter_mut().zip(&bias) {
                            *chain = chain.add(bias);
                        }
                    }
                }
                Self::BiasFloor { bias, floor } => {
                    let bias = super::kernel::load::<L, V, TAIL>(bias, mask);
                    let floor = L::splat(floor);
                    for row in chains.iter_mut() {
                        for (chain, &bias) in row.iter_mut().zip(&bias) {
                            let sum = chain.add(bias);
                            *chain = floor.if_at_least(sum, floor, sum);
                        }
                    }
                }
                Self::Gate { gate, row: stride } => {
                    let zero = L::splat(T::ZERO);
                    for (r, row) in chains.iter_mut().enumerate() {
                        let gate = super::kernel::load::<L, V, TAIL>(gate.add(r * stride), mask);
                        for (chain, &gate) in row.iter_mut().zip(&gate) {
                            *chain = zero.if_at_least(gate, zero, *chain);
                        }
                    }
                }
            }
        }
    }
}
