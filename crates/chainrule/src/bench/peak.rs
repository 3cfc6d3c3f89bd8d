//! What the processor could do at most.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::Instant;

use crate::engine::{Isa, multiply_add_rounds};

/// Rounds of multiply-adds of a try: some milliseconds.
const ROUNDS: usize = 1_000_000;

/// How often it is tried: what disturbs one try spares another.
const TRIES: usize = 7;

/// The floating-point operations a second of `threads` threads that do nothing but f32
/// multiply-adds in registers, two operations each: the best of several tries.
pub fn peak(threads: usize) -> f64 {
    let barrier = Barrier::new(threads.max(1));
    let one = || {
        let mut best: f64 = 0.0;
        for _ in 0..TRIES {
            barrier.wait();
            let start = Instant::now();
            let operations = black_box(multiply_add_rounds::<f32>(Isa::detect(), ROUNDS));
            best = best.max(operations as f64 / start.elapsed().as_secs_f64());
        }
        best
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.max(1)).map(|_| scope.spawn(one)).collect();
        let first = one();
        others.into_iter().fold(first, |sum, other| sum + other.join().unwrap_or(0.0))
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn there_is_one() {
        assert!(super::peak(2) > 0.0);
    }
}
