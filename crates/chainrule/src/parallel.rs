//! Work on the parts of a stream, several at once, with the results in the stream's order.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Takes one item after another from `next`, works on as many at once as there are threads, and
/// hands the results to `take` in the items' order.
///
/// The first error in that order ends it and is returned, wherever it arises; so the outcome does
/// not depend on the number of threads. At most two items a thread are held at any time. A stream
/// of one item starts no thread.
///
/// # Errors
/// Whatever `next`, `work` or `take` returns first.
pub(crate) fn in_order<I: Send, T: Send, E: Send>(
    threads: usize,
    mut next: impl FnMut() -> Result<Option<I>, E> + Send,
    work: impl Fn(I) -> Result<T, E> + Sync,
    mut take: impl FnMut(T) -> Result<(), E> + Send,
) -> Result<(), E> {
    let Some(first) = next()? else { return Ok(()) };
    take(work(first)?)?;
    if threads < 2 {
        while let Some(item) = next()? {
            take(work(item)?)?;
        }
        return Ok(());
    }
    let source = Mutex::new(Source { next, given: 0, ended: false });
    let sink = Mutex::new(Sink {
        take,
        waiting: BTreeMap::new(),
        taken: 0,
        outcome: Ok(()),
        abandoned: false,
    });
    let moved = Condvar::new();
    let worker = || {
        let _alarm = Alarm(|| {
            lock(&sink).abandoned = true;
            moved.notify_all();
        });
        loop {
            let (number, item) = {
                let mut source = lock(&source);
                if source.ended {
                    return;
                }
                let item = (source.next)();
                source.ended = !matches!(item, Ok(Some(_)));
                source.given += 1;
                (source.given - 1, item)
            };
            let result = match item {
                Ok(Some(item)) => work(item),
                Ok(None) => return,
                Err(error) => Err(error),
            };
            let mut sink = lock(&sink);
            // Results are held back no further than the slowest worker needs.
            while number > sink.taken + threads && sink.goes_on() {
                sink = moved.wait(sink).unwrap_or_else(PoisonError::into_inner);
            }
            if sink.add(number, result) {
                moved.notify_all();
            }
            if !sink.goes_on() {
                lock(&source).ended = true;
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(worker);
        }
        worker();
    });
    sink.into_inner().unwrap_or_else(PoisonError::into_inner).outcome
}

/// Where the items come from.
struct Source<N> {
    next: N,
    given: usize,
    ended: bool,
}

/// Where the results go.
struct Sink<F, T, E> {
    take: F,
    /// Results whose turn has not come.
    waiting: BTreeMap<usize, Result<T, E>>,
    taken: usize,
    outcome: Result<(), E>,
    /// Whether a worker panicked, so that a result will never come.
    abandoned: bool,
}

impl<T, E, F: FnMut(T) -> Result<(), E>> Sink<F, T, E> {
    fn goes_on(&self) -> bool {
        self.outcome.is_ok() && !self.abandoned
    }

    /// Adds a result, and takes all whose turn it is. Returns whether there was one.
    fn add(&mut self, number: usize, result: Result<T, E>) -> bool {
        self.waiting.insert(number, result);
        let mut moved = false;
        while self.outcome.is_ok()
            && let Some(result) = self.waiting.remove(&self.taken)
        {
            self.outcome = result.and_then(&mut self.take);
            self.taken += 1;
            moved = true;
        }
        moved
    }
}

/// Calls a function when a panic unwinds through it, so that nobody waits for who panicked.
struct Alarm<F: Fn()>(F);

impl<F: Fn()> Drop for Alarm<F> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            (self.0)();
        }
    }
}

/// A poisoned lock is one that a panic of another thread left, which ends the whole anyway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Works on parts of a slice, each with the number of its first element, on several threads.
///
/// # Errors
/// The error of the first part that has one, whatever the number of threads.
pub(crate) fn in_parts<T: Send, E: Send>(
    threads: usize,
    slice: &mut [T],
    part: usize,
    work: impl Fn(usize, &mut [T]) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let part = part.max(1);
    let mut parts = slice.chunks_mut(part).enumerate();
    in_order(
        threads,
        || Ok(parts.next()),
        |(number, part_of_slice)| work(number * part, part_of_slice),
        Ok,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_the_first_error_ends_it() {
        for threads in [1, 2, 3, 8] {
            for (wrong, end) in [(usize::MAX, 1000), (500, 1000), (0, 1), (3, 3), (7, 9)] {
                let mut item = 0;
                let mut taken = Vec::new();
                let outcome = in_order(
                    threads,
                    || {
                        item += 1;
                        if item > end && wrong == end {
                            Err(end)
                        } else {
                            Ok((item <= end).then_some(item - 1))
                        }
                    },
                    |item| {
                        // Items take different times.
                        (0..item % 7 * 50).for_each(|_| std::hint::spin_loop());
                        if item >= wrong { Err(item) } else { Ok(item) }
                    },
                    |item| {
                        taken.push(item);
                        Ok(())
                    },
                );
                let good = wrong.min(end);
                assert_eq!(outcome, if wrong <= end { Err(wrong) } else { Ok(()) });
                assert_eq!(taken, (0..good).collect::<Vec<_>>(), "{threads} threads");
            }
        }
    }

    #[test]
    fn an_error_of_the_taker_ends_it_too() {
        for threads in [1, 4] {
            let mut items = 0..100;
            let mut taken = 0;
            let outcome = in_order(
                threads,
                || Ok(items.next()),
                Ok,
                |item| {
                    taken += 1;
                    if item == 40 { Err(item) } else { Ok(()) }
                },
            );
            assert_eq!((outcome, taken), (Err(40), 41));
        }
    }

    #[test]
    fn a_panic_of_a_worker_reaches_the_caller() {
        for threads in [1, 3] {
            let mut items = 0..1000;
            let run = || {
                in_order(
                    threads,
                    || Ok(items.next()),
                    |item| if item == 20 { panic!("at 20") } else { Ok::<i32, ()>(item) },
                    |_| Ok(()),
                )
            };
            assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err());
        }
    }

    #[test]
    fn parts_of_a_slice_know_where_they_begin() {
        for threads in [1, 3] {
            let mut values = vec![0; 1001];
            let outcome: Result<(), ()> = in_parts(threads, &mut values, 10, |first, part| {
                part.iter_mut().zip(first..).for_each(|(value, place)| *value = place);
                Ok(())
            });
            assert_eq!(outcome, Ok(()));
            assert_eq!(values, (0..1001).collect::<Vec<_>>());
        }
    }
}
