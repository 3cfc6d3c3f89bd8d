//! A training step allocates nothing, on any of its threads.
#![allow(unsafe_code, reason = "an allocator that counts")]

mod network;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use chainrule_cpu::Options;
use network::{ROWS, train_counting, with_data};

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: passed on from the caller.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: passed on from the caller.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// Without the harness of the tests, whose own thread allocates meanwhile.
fn main() {
    with_data(|source| {
        for threads in [1, 2] {
            let options = Options { threads, thread_work: 1, ..Options::default() };
            let count = || ALLOCATIONS.load(Ordering::Relaxed);
            let (control, _) = train_counting::<f32>(source, options, 32, count);
            // From the first step of an epoch to its last, the count stands still.
            for epoch in control.allocations.chunks(ROWS.div_ceil(32)) {
                assert_eq!(epoch[0], epoch[epoch.len() - 1], "{threads} threads: {epoch:?}");
            }
        }
    });
    println!("test a_step_allocates_nothing ... ok");
}
