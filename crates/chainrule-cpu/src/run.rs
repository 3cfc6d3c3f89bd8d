//! The executor: runs a planned program over batches of rows, on one thread or several.
//!
//! A rows phase takes the batch in blocks. Threads split a block's rows for what each row needs
//! for itself; at a barrier they turn to splitting the elements of the reductions over rows, each
//! of which goes on as one chain over the block's rows; at the next, the following block. The same
//! chains give the same bits for any number of threads and any size of block or chunk.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chainrule_core::Kind;
use chainrule_core::compile::program::{Gemm, GemmOperand, Product, ValueId};

use crate::control::{Batches, SharedValues, StepControl};
use crate::frame::Frame;
use crate::gemm::{Epilogue, Left, Right, gemm, gemm_with};
use crate::lanes::Number;
use crate::plan::{
    Ending, FusedEnding, Plan, PlannedMap, PlannedPhase, ROW_UNIT, Step, left_strides,
};
use crate::profile::Profile;
use crate::simd::Isa;
use crate::source::{RowSource, Selection};
use crate::threads::{Attendance, Barrier, share};
use crate::{map, movement, reduce};

/// One thread's own memory.
pub(crate) struct Scratch<T> {
    pub(crate) local: *mut T,
    pub(crate) tiles: *mut T,
    pub(crate) table: *mut *mut T,
}

// SAFETY: the pointers are a worker's own buffers, each of which one thread at a time uses.
unsafe impl<T: Number> Send for Scratch<T> {}
// SAFETY: as above.
unsafe impl<T: Number> Sync for Scratch<T> {}

/// What the threads of a run share.
pub(crate) struct Run<'a, T> {
    pub(crate) plan: &'a Plan,
    pub(crate) isa: Isa,
    pub(crate) threads: usize,
    /// Whether the shared phases are long enough to be split.
    pub(crate) together: bool,
    pub(crate) shared: *mut T,
    pub(crate) block: *mut T,
    pub(crate) batch: &'a [*mut T],
    pub(crate) source: &'a dyn RowSource,
    pub(crate) groups: &'a [usize],
    pub(crate) outputs: &'a [*mut T],
    pub(crate) barrier: Barrier,
    pub(crate) stop: AtomicBool,
    pub(crate) batches: Batches<'a>,
    pub(crate) steps: usize,
    /// The clocks of the first thread, if they are to run.
    pub(crate) profile: Option<&'a Profile>,
}

// SAFETY: see `Frame`: between two barriers no element is written by one thread and touched by
// another; everything else here is read only or atomic.
unsafe impl<T: Number> Sync for Run<'_, T> {}

impl<T: Number> Run<'_, T> {
    /// Runs steps as the thread that also controls them, from one step on until the time is over;
    /// returns the step after them, and whether the control wants it.
    pub(crate) fn lead(
        &self,
        first: usize,
        scratch: &Scratch<T>,
        control: &mut dyn StepControl<T>,
        time: Duration,
    ) -> (usize, bool) {
        let _attendance = Attendance(&self.barrier);
        // SAFETY: the run has the engine's memory to itself, and the control uses the values only
        // while the other threads wait at the barrier.
        let mut values = unsafe { SharedValues::new(self.plan, self.shared) };
        let start = (time < Duration::MAX).then(Instant::now);
        self.stop.store(false, Ordering::Relaxed);
        let (mut step, mut goes_on) = (first, true);
        while goes_on && step < self.steps {
            let rows = self.rows_of(step);
            control.before(rows, &mut values);
            self.barrier.wait();
            self.step(0, scratch, step, rows);
            goes_on = control.after(rows, &mut values);
            step += 1;
            if start.is_some_and(|start| start.elapsed() >= time) {
                break;
            }
        }
        self.stop.store(true, Ordering::Relaxed);
        self.barrier.wait();
        (step, goes_on)
    }

    /// Runs steps as one of the other threads, from one step on until the leading one stops.
    pub(crate) fn follow(&self, thread: usize, first: usize, scratch: &Scratch<T>) {
        let _attendance = Attendance(&self.barrier);
        for step in first.. {
            self.barrier.wait();
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            self.step(thread, scratch, step, self.rows_of(step));
        }
    }

    /// Runs something under the clock of a place in a phase, if the clocks of this thread run.
    #[inline(always)]
    fn timed<R>(
        &self,
        thread: usize,
        (phase, place): (usize, usize),
        rows: usize,
        run: impl FnOnce() -> R,
    ) -> R {
        match self.profile {
            Some(profile) if thread == 0 => profile.time(phase, place, rows, run),
            _ => run(),
        }
    }

    fn rows_of(&self, step: usize) -> Selection<'_> {
        let start = step * self.batches.size;
        let count = self.batches.size.min(self.batches.rows.count() - start);
        self.batches.rows.part(start, count)
    }

    /// One thread's part of one step.
    fn step(&self, thread: usize, scratch: &Scratch<T>, step: usize, rows: Selection<'_>) {
        let frame = Frame {
            values: self.plan.program.values(),
            places: &self.plan.places,
            shared: self.shared,
            block: self.block,
            batch: self.batch,
            local: scratch.local,
            tiles: scratch.tiles,
            table: scratch.table,
            row_in_block: 0,
            row_in_batch: 0,
            row_in_local: 0,
            rows: 1,
            seed: self.batches.seed,
            step: self.batches.first_step.wrapping_add(step as u64),
        };
        for (number, phase) in self.plan.phases.iter().enumerate() {
            match phase {
                PlannedPhase::Shared { steps } => {
                    self.shared_phase((thread, number), steps, &frame)
                }
                PlannedPhase::Rows { inputs, steps, reductions, outputs } => {
                    // Without rows there is one empty block, whose reductions begin and end.
                    let blocks = rows.count().div_ceil(self.plan.block).max(1);
                    let most = even_part(rows.count(), self.plan.block);
                    for block in 0..blocks {
                        let start = block * most;
                        let count = most.min(rows.count() - start);
                        let part = Frame { row_in_batch: start, rows: count, ..frame };
                        self.row_kernels((thread, number), (inputs, steps, outputs), &part, rows);
                        // Even without reductions: an input that another phase reduces lies in
                        // the block, whose rows the next block may give to another thread.
                        let waiting = (number, 1 + steps.len() + reductions.len());
                        self.timed(thread, waiting, 0, || self.barrier.wait());
                        if !reductions.is_empty() {
                            let first = (number, 1 + steps.len());
                            let last = block + 1 == blocks;
                            self.reductions((thread, first), reductions, &part, last);
                            self.timed(thread, waiting, 0, || self.barrier.wait());
                        }
                    }
                }
            }
        }
        if thread == 0 {
            for &(from, to, elements) in &self.plan.copies {
                // SAFETY: both lie in the shared memory, at places of two different values.
                unsafe {
                    self.shared.add(to).copy_from_nonoverlapping(self.shared.add(from), elements)
                };
            }
        }
    }

    /// Kernels on shared values: maps are split by elements if the phase is long enough.
    fn shared_phase(&self, (thread, phase): (usize, usize), steps: &[Step], frame: &Frame<'_, T>) {
        for (at, step) in steps.iter().enumerate() {
            self.timed(thread, (phase, 1 + at), 1, || match step {
                Step::Map(map) => {
                    let part = match (self.together, thread) {
                        (true, _) => share(map.elements, map.tile, thread, self.threads),
                        (false, 0) => 0..map.elements,
                        (false, _) => 0..0,
                    };
                    // SAFETY: the parts of the threads are disjoint, and the barrier below keeps
                    // the next kernel from reading what is not yet written.
                    unsafe { map::run_shared(self.isa, map, frame, part.start, part.end) };
                }
                Step::Movement(movement) if self.together => {
                    // SAFETY: as above.
                    unsafe {
                        movement::run_shared(self.isa, movement, frame, thread, self.threads);
                    }
                }
                step if thread == 0 => {
                    // SAFETY: the first thread runs it alone, between two barriers.
                    unsafe { self.row_kernel(step, frame) };
                }
                _ => {}
            });
            if self.together {
                self.barrier.wait();
            }
        }
        if !self.together {
            self.barrier.wait();
        }
    }

    /// What each row needs for itself, for this thread's rows of a block, chunk by chunk.
    fn row_kernels(
        &self,
        (thread, phase): (usize, usize),
        (inputs, steps, outputs): (&[usize], &[Step], &[usize]),
        block: &Frame<'_, T>,
        rows: Selection<'_>,
    ) {
        let mine = share(block.rows, ROW_UNIT, thread, self.threads);
        let most = even_part(mine.len(), self.plan.chunk);
        let mut start = mine.start;
        while start < mine.end {
            let count = most.min(mine.end - start);
            let frame = Frame {
                row_in_block: start,
                row_in_batch: block.row_in_batch + start,
                rows: count,
                ..*block
            };
            for &input in inputs {
                // SAFETY: these rows of the input are this thread's alone until the barrier.
                let target = unsafe { frame.write(self.plan.program.inputs()[input].value) };
                let selected = rows.part(frame.row_in_batch, count);
                self.timed(thread, (phase, 0), count, || {
                    T::gather(self.source, self.groups[input], selected, target);
                });
            }
            for (at, step) in steps.iter().enumerate() {
                // SAFETY: row kernels read and write rows of the frame, which are this thread's
                // alone until the barrier, and read shared values, which nobody writes till then.
                let run = || unsafe { self.row_kernel(step, &frame) };
                self.timed(thread, (phase, 1 + at), count, run);
            }
            for &output in outputs {
                let value = self.plan.program.outputs()[output];
                let place = self.plan.program.outputs()[..output]
                    .iter()
                    .filter(|&&value| frame.values[value].kind == Kind::Rows)
                    .count();
                let elements = frame.values[value].elements;
                // SAFETY: `run` checked that the slice has room for every row; these rows of it
                // are this thread's.
                unsafe {
                    self.outputs[place]
                        .add(frame.row_in_batch * elements)
                        .copy_from_nonoverlapping(frame.pointer(value), elements * count);
                }
            }
            start += count;
        }
    }

    /// Runs a kernel on the rows of a frame (or once, on shared values).
    ///
    /// # Safety
    /// What it writes must be this thread's alone, and nobody may write what it reads.
    unsafe fn row_kernel(&self, step: &Step, frame: &Frame<'_, T>) {
        // SAFETY: passed on from the caller.
        unsafe {
            match step {
                Step::Map(map) => self.run_map(map, frame),
                Step::Gemm { gemm, ending } => self.product(gemm, ending, frame),
                Step::Reduce { reduce, prologue, .. } => {
                    if let Some(map) = prologue {
                        self.run_map(map, frame);
                    }
                    reduce::run_axis(self.isa, reduce, frame);
                }
                Step::Movement(step) => movement::run(self.isa, step, frame),
                Step::Random { random, .. } => movement::uniform(random, frame),
            }
        }
    }

    /// # Safety
    /// As [`Run::row_kernel`].
    unsafe fn run_map(&self, map: &PlannedMap, frame: &Frame<'_, T>) {
        // SAFETY: passed on from the caller.
        unsafe {
            match map.rows {
                true => map::run_rows(self.isa, map, frame),
                false => map::run_shared(self.isa, map, frame, 0, map.elements),
            }
        }
    }

    /// A product, a few rows at a time if a map then works on them while they are in cache.
    ///
    /// # Safety
    /// As [`Run::row_kernel`].
    unsafe fn product(&self, step: &Gemm, ending: &Ending, frame: &Frame<'_, T>) {
        let epilogue = match ending {
            // SAFETY: passed on from the caller.
            Ending::Plain => return unsafe { self.plain_product(step, frame) },
            Ending::Fused { ending, output } => {
                // SAFETY: passed on from the caller.
                return unsafe { self.fused_product(step, *ending, *output, frame) };
            }
            Ending::Map(map) | Ending::Update(map) => map,
        };
        let bytes = step.stack * step.m * step.n * size_of::<T>();
        let rows = ((32 << 10) / bytes.max(1)).clamp(1, 64).next_multiple_of(ROW_UNIT);
        let mut start = 0;
        while start < frame.rows {
            let count = rows.min(frame.rows - start);
            let part = Frame {
                row_in_block: frame.row_in_block + start,
                row_in_batch: frame.row_in_batch + start,
                row_in_local: frame.row_in_local + start,
                rows: count,
                ..*frame
            };
            // SAFETY: passed on from the caller; the part's rows are rows of the frame.
            unsafe {
                self.plain_product(step, &part);
                map::run_rows(self.isa, epilogue, &part);
            }
            start += count;
        }
    }

    /// A stacked product with what is done to it while it is in registers.
    ///
    /// # Safety
    /// As [`Run::row_kernel`].
    unsafe fn fused_product(
        &self,
        step: &Gemm,
        ending: FusedEnding,
        output: ValueId,
        frame: &Frame<'_, T>,
    ) {
        let (row_stride, column_stride) = left_strides(step);
        // SAFETY: passed on from the caller.
        let (left, right, output, epilogue) = unsafe {
            let epilogue = match ending {
                FusedEnding::Bias(bias) => Epilogue::Bias(frame.read(bias)),
                FusedEnding::BiasFloor(bias, floor) => {
                    Epilogue::BiasFloor(frame.read(bias), T::from_f64(floor))
                }
                FusedEnding::Gate(gate) => Epilogue::Gate(frame.read(gate)),
            };
            let (left, right) = (frame.read(step.left.value), frame.read(step.right.value));
            (left, right, frame.write(output), epilogue)
        };
        let left = Left { data: left, row_stride, column_stride };
        let right = Right { data: right, row_stride: step.n };
        let rows = frame.rows * step.stack * step.m;
        let sizes = (rows, step.n, step.k);
        gemm_with(self.isa, sizes, left, right, output, step.n, false, epilogue);
    }

    /// # Safety
    /// As [`Run::row_kernel`].
    unsafe fn plain_product(&self, step: &Gemm, frame: &Frame<'_, T>) {
        // SAFETY: passed on from the caller.
        let (left, right, output) = unsafe {
            (frame.read(step.left.value), frame.read(step.right.value), frame.write(step.output))
        };
        let (m, n, k) = (step.m, step.n, step.k);
        let (row_stride, column_stride) = left_strides(step);
        let multiply = |m: usize, left: &[T], right: &[T], output: &mut [T]| {
            let left = Left { data: left, row_stride, column_stride };
            let right = Right { data: right, row_stride: n };
            gemm(self.isa, (m, n, k), left, right, output, n, false);
        };
        if step.product == Product::Stacked {
            multiply(frame.rows * step.stack * m, left, right, output);
            return;
        }
        let offset = |operand: &GemmOperand, row: usize, matrix: usize, size: usize| {
            let of_row = match operand.kind {
                Kind::Shared => 0,
                Kind::Rows => row * frame.values[operand.value].elements,
            };
            of_row + if operand.stacked { matrix * size } else { 0 }
        };
        for (number, output) in output.chunks_exact_mut((m * n).max(1)).enumerate() {
            let (row, matrix) = (number / step.stack, number % step.stack);
            let left = &left[offset(&step.left, row, matrix, m * k)..];
            let right = &right[offset(&step.right, row, matrix, k * n)..];
            multiply(m, left, right, output);
        }
    }

    /// This thread's elements of the reductions over the rows of a block.
    fn reductions(
        &self,
        (thread, (phase, from)): (usize, (usize, usize)),
        steps: &[Step],
        block: &Frame<'_, T>,
        last: bool,
    ) {
        let first = block.row_in_batch == 0;
        for (at, step) in steps.iter().enumerate() {
            self.timed(thread, (phase, from + at), block.rows, || match step {
                Step::Reduce { reduce, companion, .. } => {
                    let mine = share(reduce.inner, ROW_UNIT, thread, self.threads);
                    let mine = (mine.start, mine.end);
                    // SAFETY: the threads' elements are disjoint; the operand was written before
                    // the barrier and is not written till the next.
                    unsafe {
                        reduce::run_over_rows(self.isa, reduce, block, *companion, mine, first);
                        if last {
                            reduce::finish(reduce, block, *companion, mine);
                        }
                    }
                }
                Step::Gemm { gemm: step, ending } => {
                    let mine = share(step.m, ROW_UNIT, thread, self.threads);
                    let strip = match ending {
                        Ending::Update(_) if last => {
                            rows_of_strip(step, block.rows, size_of::<T>())
                        }
                        _ => mine.len(),
                    };
                    let mut from = mine.start;
                    while from < mine.end {
                        let to = mine.end.min(from + strip);
                        // SAFETY: as above; the product is shared, and these are rows of it that
                        // are this thread's.
                        unsafe { self.product_over_rows(step, from..to, block, first) };
                        if let (Ending::Update(map), true) = (ending, last) {
                            // SAFETY: these elements are this thread's, and the plan saw that
                            // nobody else reads what the map writes before the next phase.
                            unsafe {
                                map::run_shared(self.isa, map, block, from * step.n, to * step.n);
                            }
                        }
                        from = to;
                    }
                }
                // The compiler puts nothing else here: only reductions cross rows.
                Step::Map(_) | Step::Movement(_) | Step::Random { .. } => {}
            });
        }
    }

    /// Goes on with the chains of some rows of a product over rows.
    ///
    /// # Safety
    /// These rows of the result must be this thread's alone, and nobody may write the operands.
    unsafe fn product_over_rows(
        &self,
        step: &Gemm,
        rows: Range<usize>,
        block: &Frame<'_, T>,
        first: bool,
    ) {
        // SAFETY: passed on from the caller.
        let (left, right, output) = unsafe {
            let output = block.pointer(step.output).add(rows.start * step.n);
            let output = std::slice::from_raw_parts_mut(output, rows.len() * step.n);
            (block.read(step.left.value), block.read(step.right.value), output)
        };
        let (row_stride, column_stride) = left_strides(step);
        let left = left.get(rows.start..).unwrap_or(&[]);
        let sizes = (rows.len(), step.n, block.rows * step.k);
        let left = Left { data: left, row_stride, column_stride };
        let right = Right { data: right, row_stride: step.n };
        gemm(self.isa, sizes, left, right, output, step.n, !first);
    }
}

/// The size of as few parts as `most` rows in one allow, about equal ones: a small rest would be
/// worked on at the price of a whole part.
fn even_part(rows: usize, most: usize) -> usize {
    let parts = rows.div_ceil(most).max(1);
    rows.div_ceil(parts).next_multiple_of(ROW_UNIT)
}

/// Rows of a product over rows after which its update runs, on what is still in cache: in the first
/// one if the right operand stays there too, else enough rows to make its packing worth while.
fn rows_of_strip(step: &Gemm, rows: usize, bytes: usize) -> usize {
    let right = rows * step.k * step.n * bytes;
    let strip = if right <= 64 << 10 { (8 << 10) / (step.n * bytes).max(1) } else { 128 };
    strip.max(ROW_UNIT / 2).next_multiple_of(ROW_UNIT / 2)
}
