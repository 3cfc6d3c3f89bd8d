//! Where threads meet: a barrier that spins briefly and then lets others run.
//!
//! A spin barrier costs about 40 ns; waking a parked thread costs over 20 µs. So a thread that
//! waits at the barrier spins for about as long as a wake would take, and from then on yields the
//! core, so that an oversubscribed machine goes on.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// How often a waiting thread looks before it starts to yield.
const SPINS: usize = 1_000;

/// A meeting point of a fixed number of threads.
pub(crate) struct Barrier {
    threads: usize,
    arrived: AtomicUsize,
    meeting: AtomicUsize,
    broken: AtomicBool,
}

impl Barrier {
    /// A meeting point for this many threads.
    pub(crate) fn new(threads: usize) -> Self {
        Self {
            threads,
            arrived: AtomicUsize::new(0),
            meeting: AtomicUsize::new(0),
            broken: AtomicBool::new(false),
        }
    }

    /// Returns when every thread has called it; what was written before is seen after.
    ///
    /// # Panics
    /// If another thread panicked, so that it will never come.
    pub(crate) fn wait(&self) {
        if self.threads == 1 {
            return;
        }
        let meeting = self.meeting.load(Ordering::Relaxed);
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.threads {
            self.arrived.store(0, Ordering::Relaxed);
            self.meeting.store(meeting.wrapping_add(1), Ordering::Release);
            return;
        }
        let mut spins = 0;
        while self.meeting.load(Ordering::Acquire) == meeting {
            assert!(!self.broken.load(Ordering::Relaxed), "another thread of this run panicked");
            if spins < SPINS {
                spins += 1;
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
        }
    }
}

/// Tells the others at a barrier if its own thread panics, so that they do not wait for ever.
pub(crate) struct Attendance<'a>(pub(crate) &'a Barrier);

impl Drop for Attendance<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.broken.store(true, Ordering::Relaxed);
        }
    }
}

/// The part of `count` things that falls to one of several threads, in steps of `unit`.
pub(crate) fn share(
    count: usize,
    unit: usize,
    thread: usize,
    threads: usize,
) -> std::ops::Range<usize> {
    let units = count.div_ceil(unit);
    let bound = |thread: usize| (units * thread / threads * unit).min(count);
    bound(thread)..bound(thread + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_cover_everything_once() {
        for count in [0, 1, 7, 32, 33] {
            for threads in 1..9 {
                let parts: Vec<usize> =
                    (0..threads).flat_map(|thread| share(count, 4, thread, threads)).collect();
                assert_eq!(parts, (0..count).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn all_threads_pass_together() {
        let barrier = Barrier::new(3);
        let count = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for round in 1..=100 {
                        count.fetch_add(1, Ordering::Relaxed);
                        barrier.wait();
                        assert_eq!(count.load(Ordering::Relaxed), 3 * round);
                        barrier.wait();
                    }
                });
            }
        });
    }
}
