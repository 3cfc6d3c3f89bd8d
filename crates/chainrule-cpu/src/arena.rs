//! Memory of kernels: aligned buffers, made once and reused by every step.

use crate::simd::Element;

/// Bytes of a cache line.
const LINE: usize = 64;
/// Bytes from which memory is asked for in large pages: of small ones the processor could not hold
/// all addresses. Below, they are of no use, and lie so evenly in the caches that some lines clash.
const LARGE: usize = 32 << 20;

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
        let mut bytes = vec![0; size];
        if size >= LARGE {
            advise_large_pages(&mut bytes);
        }
        Self { bytes, length, element: std::marker::PhantomData }
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

/// Tells the system that large pages are welcome here; where it has none, nothing changes.
#[cfg(target_os = "linux")]
fn advise_large_pages(bytes: &mut [u8]) {
    use std::ffi::{c_int, c_void};
    unsafe extern "C" {
        fn madvise(address: *mut c_void, length: usize, advice: c_int) -> c_int;
    }
    /// `MADV_HUGEPAGE` of Linux.
    const LARGE_PAGES: c_int = 14;
    /// A multiple of every size of small pages.
    const PAGE: usize = 64 << 10;
    let start = bytes.as_mut_ptr();
    let skipped = start.align_offset(PAGE).min(bytes.len());
    let length = (bytes.len() - skipped) / PAGE * PAGE;
    // SAFETY: the range lies within the slice, on whole pages, and the advice changes no byte. A
    // refusal leaves all as it was.
    unsafe { madvise(start.wrapping_add(skipped).cast(), length, LARGE_PAGES) };
}

#[cfg(not(target_os = "linux"))]
fn advise_large_pages(_: &mut [u8]) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_zero_and_aligned_whatever_its_length() {
        for length in [0, 1, 15, 16, 17, LARGE] {
            let mut buffer = Buffer::<f32>::new(length);
            assert!(buffer.pointer().addr().is_multiple_of(LINE));
            assert_eq!(buffer.slice(), vec![0.0; length]);
        }
    }
}
