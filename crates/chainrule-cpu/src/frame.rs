//! Where a thread's kernels find their values while they run.

use chainrule_core::compile::program::{Value, ValueId};

use crate::plan::Place;
use crate::simd::Element;

/// The memory that one thread's kernels see, and the rows they work on.
///
/// Threads share the pointers; that no two of them touch one element at a time unless both read is
/// what the executor keeps: row kernels write the rows of their own frame, reductions the elements
/// of their own share, shared kernels the elements of their own share, with a barrier between.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a, T> {
    pub(crate) values: &'a [Value],
    pub(crate) places: &'a [Place],
    pub(crate) shared: *mut T,
    pub(crate) block: *mut T,
    pub(crate) batch: &'a [*mut T],
    pub(crate) local: *mut T,
    pub(crate) tiles: *mut T,
    /// Room for a pointer to each value of the map that runs.
    pub(crate) table: *mut *mut T,
    /// The frame's first row, counted in the block, in the batch and in the thread's chunk.
    pub(crate) row_in_block: usize,
    pub(crate) row_in_batch: usize,
    pub(crate) row_in_local: usize,
    /// How many rows the frame has.
    pub(crate) rows: usize,
    /// The seed and the step of random numbers.
    pub(crate) seed: u64,
    pub(crate) step: u64,
}

impl<T: Element> Frame<'_, T> {
    /// The first element of a value in this frame.
    pub(crate) fn pointer(&self, value: ValueId) -> *mut T {
        let elements = self.values[value].elements;
        // SAFETY: the plan reserved, at each of these offsets, room for the whole value and for
        // as many rows as a chunk, a block or the batch may have; the executor keeps the frame's
        // rows within them.
        unsafe {
            match self.places[value] {
                Place::Shared(offset) => self.shared.add(offset),
                Place::Local(offset) => self.local.add(offset + self.row_in_local * elements),
                Place::Block(offset) => self.block.add(offset + self.row_in_block * elements),
                Place::Batch(buffer) => self.batch[buffer].add(self.row_in_batch * elements),
            }
        }
    }

    /// How many elements a value has in this frame.
    pub(crate) fn length(&self, value: ValueId) -> usize {
        let shape = self.values[value];
        match shape.kind {
            chainrule_core::Kind::Shared => shape.elements,
            chainrule_core::Kind::Rows => shape.elements * self.rows,
        }
    }

    /// A value's elements in this frame.
    ///
    /// # Safety
    /// While the slice lives, nobody may write these elements.
    pub(crate) unsafe fn read(&self, value: ValueId) -> &[T] {
        // SAFETY: `pointer` is good for `length` elements; the caller keeps writers away.
        unsafe { std::slice::from_raw_parts(self.pointer(value), self.length(value)) }
    }

    /// A value's elements in this frame, to be written.
    ///
    /// # Safety
    /// While the slice lives, nobody else may read or write these elements.
    #[allow(clippy::mut_from_ref, reason = "the memory belongs to the executor, not the frame")]
    pub(crate) unsafe fn write(&self, value: ValueId) -> &mut [T] {
        // SAFETY: as in `read`; the caller keeps everybody else away.
        unsafe { std::slice::from_raw_parts_mut(self.pointer(value), self.length(value)) }
    }
}
