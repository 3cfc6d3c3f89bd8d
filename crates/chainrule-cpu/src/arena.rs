//! Memory of kernels: aligned buffers, made once and reused by every step.

use crate::simd::Element;

/// Zeroed memory aligned to a cache line, so that vectors never straddle two.
pub(crate) struct Buffer<T> {
    lines: Vec<Line>,
    length: usize,
    element: std::marker::PhantomData<T>,
}

#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line(#[allow(dead_code, reason = "only the size and alignment matter")] [u8; 64]);

impl<T: Element> Buffer<T> {
    /// Room for `length` elements, all +0.
    pub(crate) fn new(length: usize) -> Self {
        let per_line = size_of::<Line>() / size_of::<T>();
        let lines = vec![Line([0; 64]); length.div_ceil(per_line)];
        Self { lines, length, element: std::marker::PhantomData }
    }

    /// Makes room for at least `length` elements; what was there is lost if it grows.
    pub(crate) fn ensure(&mut self, length: usize) {
        if length > self.length {
            *self = Self::new(length);
        }
    }

    /// The first element.
    pub(crate) fn pointer(&mut self) -> *mut T {
        self.lines.as_mut_ptr().cast()
    }

    /// The elements.
    pub(crate) fn slice(&self) -> &[T] {
        // SAFETY: the lines hold at least `length` elements (`new`), all bits of which are
        // numbers, and a line is aligned for every element.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.length) }
    }
}
