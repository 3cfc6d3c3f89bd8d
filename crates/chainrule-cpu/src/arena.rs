//! Memory of kernels: aligned buffers, made once and reused by every step.

use crate::simd::Element;

/// Bytes of a cache line.
const LINE: usize = 64;

/// Zeroed memory aligned to a cache line, so that vectors never straddle two.
///
/// Pages that are never touched take no memory: room for the largest chunk of rows costs a small
/// batch nothing.
pub(crate) struct Buffer<T> {
    // Bytes, not lines: only of numbers does `vec!` ask the system for memory that is zero already.
    bytes: Vec<u8>,
    length: usize,
    element: std::marker::PhantomData<T>,
}

impl<T: Element> Buffer<T> {
    /// Room for `length` elements, all +0.
    pub(crate) fn new(length: usize) -> Self {
        let size = length.saturating_mul(size_of::<T>()).saturating_add(LINE);
        Self { bytes: vec![0; size], length, element: std::marker::PhantomData }
    }

    /// Makes room for at least `length` elements; what was there is lost if it grows.
    pub(crate) fn ensure(&mut self, length: usize) {
        if length > self.length {
            *self = Self::new(length);
        }
    }

    /// The first element.
    pub(crate) fn pointer(&mut self) -> *mut T {
        let start = self.bytes.as_mut_ptr();
        start.wrapping_add(start.align_offset(LINE)).cast()
    }

    /// The elements.
    pub(crate) fn slice(&self) -> &[T] {
        let start = self.bytes.as_ptr();
        let start = start.wrapping_add(start.align_offset(LINE)).cast();
        // SAFETY: from the first whole line on, the bytes hold `length` elements (`new` asked for
        // one line more), all bits of which are numbers, and a line is aligned for every element.
        unsafe { std::slice::from_raw_parts(start, self.length) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_zero_and_aligned_whatever_its_length() {
        for length in [0, 1, 15, 16, 17, 100_000] {
            let mut buffer = Buffer::<f32>::new(length);
            assert!(buffer.pointer().addr().is_multiple_of(LINE));
            assert_eq!(buffer.slice(), vec![0.0; length]);
        }
    }
}
