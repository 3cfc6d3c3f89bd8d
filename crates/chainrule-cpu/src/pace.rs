//! How many threads are worth their meetings, found by timing one and all of them.
//!
//! Threads that meet several times a step are faster than one where the cores are free, and slower
//! where other work holds them. No rule knows which it is, so a run is cut into stretches: short
//! ones that try, long ones that go on with what was faster. No result depends on it.

use std::time::Duration;

/// How long a trial lasts at least.
const TRIAL: Duration = Duration::from_millis(2);
/// How much longer than a trial of the other the faster one goes on, at first and at most; it
/// doubles each time that the trial finds nothing new.
const STRETCH: (u32, u32) = (64, 1024);

/// Chooses between one thread and all of them, by the time that a row took lately.
pub(crate) struct Pace {
    /// Seconds a row: with one thread, with all.
    seconds: [f64; 2],
    together: bool,
    /// Whether a step has been done this way since the other: it brings what is in the other
    /// cores' caches, or in no memory yet, and tells nothing of the next.
    warm: bool,
    trial: bool,
    /// What is left of the trial or stretch.
    left: Duration,
    /// Rows and time of it so far.
    rows: usize,
    spent: Duration,
    longer: u32,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self {
            seconds: [f64::INFINITY; 2],
            together: true,
            warm: false,
            trial: true,
            left: TRIAL,
            rows: 0,
            spent: Duration::ZERO,
            longer: STRETCH.0,
        }
    }

    /// Whether all threads are to work now, and for how long before it is asked again.
    pub(crate) fn choose(&self) -> (bool, Duration) {
        (self.together, if self.warm { self.left } else { Duration::ZERO })
    }

    /// Takes down what the choice brought.
    pub(crate) fn record(&mut self, rows: usize, time: Duration) {
        if !std::mem::replace(&mut self.warm, true) {
            return;
        }
        self.rows += rows;
        self.spent += time;
        self.left = self.left.saturating_sub(time);
        if !self.left.is_zero() || self.rows == 0 {
            return;
        }
        let seconds = self.spent.as_secs_f64() / self.rows as f64;
        self.seconds[usize::from(self.together)] = seconds;
        let trial = std::mem::take(&mut self.spent);
        self.rows = 0;
        if !self.trial || self.seconds[usize::from(!self.together)] == f64::INFINITY {
            // After a stretch, or the very first trial: it is the other's turn.
            (self.together, self.warm) = (!self.together, false);
            (self.trial, self.left) = (true, TRIAL);
            return;
        }
        let other_is_faster = self.seconds[usize::from(!self.together)] <= seconds;
        self.longer = match other_is_faster {
            true => (2 * self.longer).min(STRETCH.1),
            false => STRETCH.0,
        };
        self.together ^= other_is_faster;
        self.warm = !other_is_faster;
        (self.trial, self.left) = (false, trial * self.longer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Works through `steps` at so many microseconds a step, with one thread and with all, and
    /// returns the time it took.
    fn run(pace: &mut Pace, steps: usize, one: u64, all: u64) -> Duration {
        let mut total = Duration::ZERO;
        let mut done = 0;
        while done < steps {
            let (together, budget) = pace.choose();
            let step = Duration::from_micros(if together { all } else { one });
            let (mut time, mut rows) = (Duration::ZERO, 0);
            loop {
                time += step;
                rows += 64;
                done += 1;
                if time >= budget || done == steps {
                    break;
                }
            }
            pace.record(rows, time);
            total += time;
        }
        total
    }

    #[test]
    fn most_of_the_time_goes_to_the_faster() {
        for (one, all) in [(10, 6), (10, 17), (3000, 1600), (3000, 90_000), (200_000, 110_000)] {
            let steps = 4000;
            let time = run(&mut Pace::new(), steps, one, all);
            let best = Duration::from_micros(one.min(all) * steps as u64);
            // Two trials with their first steps, and 1/32 at most of what follows at the slower one's
            // speed.
            let trials = 2 * (TRIAL + Duration::from_micros(2 * one.max(all)));
            let limit = best.mul_f64(1.04) + trials;
            assert!(time <= limit, "{one} and {all}: {time:?}, {best:?} at best");
        }
    }

    #[test]
    fn a_neighbour_that_comes_and_goes_is_noticed() {
        let mut pace = Pace::new();
        for round in 0..4 {
            let (one, all) = if round % 2 == 0 { (100, 60) } else { (100, 5000) };
            // Long enough for the longest stretch to end.
            run(&mut pace, 100_000, one, all);
            let time = run(&mut pace, 10_000, one, all);
            assert!(
                time <= Duration::from_micros(10_000 * 60.max(one.min(all)) * 5 / 4),
                "{round}: {time:?}"
            );
        }
    }
}
