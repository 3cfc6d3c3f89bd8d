//! After its first call a predictor of one thread allocates nothing.

// A counting allocator is the only way to see it.
#![allow(unsafe_code, reason = "a global allocator is an unsafe trait")]

mod tabular;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

use chainrule::estimator::Recipe;
use chainrule::model::Inputs;
use tabular::{each_kind, fit, houses_without, quick, table};

/// The system's allocator, which counts the calls of all threads.
struct Counting;

static CALLS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call is passed on to the system's allocator unchanged; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One test alone in its program, so that no other test's allocations are counted.
#[test]
fn predictions_after_the_first_allocate_nothing() {
    let mut allocated = Vec::new();
    let mut models = each_kind();
    let table = table(&houses_without(60, &["rent", "kind", "sold", "let"]));
    let recipe = Recipe { layers: vec![64, 64], epochs: 1, ..quick() };
    let large = fit(&table, &["price"], &recipe).unwrap().model;
    models.push(("large", table, large));
    for (name, table, model) in models {
        let Inputs::Table { encoders, .. } = &model.inputs else { panic!("a table") };
        let encoded = encoders.encode(&table).unwrap();
        let (width, outputs) = (encoders.width(), model.outputs());
        // More rows than are predicted in one go.
        let rows = encoded.repeat(140);
        let mut out = vec![0.0; rows.len() / width * outputs];
        let predictor = model.predictor(1).unwrap();
        // The first call: of one row, so that a larger batch later finds its room too.
        predictor.predict_into(&rows[..width], &mut out[..outputs]).unwrap();
        for count in [1, 2, 33, 4096, 8000, 1] {
            let (rows, out) = (&rows[..count * width], &mut out[..count * outputs]);
            let before = CALLS.load(Ordering::Relaxed);
            predictor.predict_into(rows, out).unwrap();
            let calls = CALLS.load(Ordering::Relaxed) - before;
            if calls > 0 {
                allocated.push((name, count, calls));
            }
        }
    }
    assert!(allocated.is_empty(), "kind, rows, calls: {allocated:?}");
}
