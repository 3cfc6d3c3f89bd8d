//! Where the time of a run goes: the first thread's time in each kernel, when it is asked for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use chainrule_core::compile::program::Product;

use crate::plan::{Ending, FusedEnding, Plan, PlannedPhase, Step, work_of};

/// What one thread has spent in a kernel, and what it did there.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelTime {
    /// The phase of the program, from 0.
    pub phase: usize,
    /// What ran: `gather`, a kernel with its sizes, or `wait` for the other threads.
    pub kernel: String,
    /// How often it was started.
    pub calls: u64,
    /// The seconds in it, those of the clock (some 40 ns a call) among them.
    pub seconds: f64,
    /// Multiplications and additions, roughly.
    pub operations: f64,
}

/// The clock of each thing that a thread does in a step.
pub(crate) struct Profile {
    entries: Vec<Entry>,
    /// Where each phase's entries start: gather, its kernels, its reductions, wait.
    starts: Vec<usize>,
}

struct Entry {
    phase: usize,
    kernel: String,
    /// Operations of a row, or of the whole if it is shared.
    work: usize,
    calls: AtomicU64,
    nanoseconds: AtomicU64,
    rows: AtomicU64,
}

impl Profile {
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut profile = Self { entries: Vec::new(), starts: Vec::new() };
        for (number, phase) in plan.phases.iter().enumerate() {
            profile.starts.push(profile.entries.len());
            profile.add(number, "gather".to_owned(), 0);
            let (steps, reductions): (&[Step], &[Step]) = match phase {
                PlannedPhase::Shared { steps } => (steps, &[]),
                PlannedPhase::Rows { steps, reductions, .. } => (steps, reductions),
            };
            for step in steps.iter().chain(reductions) {
                profile.add(number, describe(step), work_of(step));
            }
            profile.add(number, "wait".to_owned(), 0);
        }
        profile
    }

    fn add(&mut self, phase: usize, kernel: String, work: usize) {
        let zero = || AtomicU64::new(0);
        let (calls, nanoseconds, rows) = (zero(), zero(), zero());
        self.entries.push(Entry { phase, kernel, work, calls, nanoseconds, rows });
    }

    /// Runs something under the clock of a place in a phase, for so many rows.
    pub(crate) fn time<R>(
        &self,
        phase: usize,
        place: usize,
        rows: usize,
        run: impl FnOnce() -> R,
    ) -> R {
        let entry = &self.entries[self.starts[phase] + place];
        let start = Instant::now();
        let result = run();
        let passed = start.elapsed().as_nanos() as u64;
        for (sum, more) in
            [(&entry.calls, 1), (&entry.nanoseconds, passed), (&entry.rows, rows as u64)]
        {
            sum.fetch_add(more, Ordering::Relaxed);
        }
        result
    }

    /// What has been measured so far; nothing of what never ran.
    pub(crate) fn times(&self) -> Vec<KernelTime> {
        let read = |sum: &AtomicU64| sum.load(Ordering::Relaxed);
        let ran = self.entries.iter().filter(|entry| read(&entry.calls) > 0);
        ran.map(|entry| KernelTime {
            phase: entry.phase,
            kernel: entry.kernel.clone(),
            calls: read(&entry.calls),
            seconds: read(&entry.nanoseconds) as f64 * 1e-9,
            operations: entry.work as f64 * read(&entry.rows) as f64,
        })
        .collect()
    }
}

fn describe(step: &Step) -> String {
    match step {
        Step::Map(map) => format!("map {} × {} instructions", map.elements, map.code.len()),
        Step::Gemm { gemm, ending } => {
            let rows = if gemm.product == Product::OverRows { " over rows" } else { "" };
            let with = match ending {
                Ending::Plain => String::new(),
                Ending::Map(map) => format!(" + {} instructions", map.code.len()),
                Ending::Update(map) => format!(" + update of {} instructions", map.code.len()),
                Ending::Fused { ending: FusedEnding::Bias(_), .. } => " + bias".to_owned(),
                Ending::Fused { ending: FusedEnding::BiasFloor(..), .. } => {
                    " + bias, relu".to_owned()
                }
                Ending::Fused { ending: FusedEnding::Gate(_), .. } => " · relu′".to_owned(),
            };
            format!("product{rows} {}×{}×{}{with}", gemm.m, gemm.n, gemm.k)
        }
        Step::Reduce { reduce, .. } => {
            let along = if reduce.over_rows { "over rows" } else { "along axis" };
            format!("{} {along} {}×{}", reduce.reduction.name(), reduce.length, reduce.inner)
        }
        Step::Movement(_) => "movement".to_owned(),
        Step::Random { elements, .. } => format!("random {elements}"),
    }
}
