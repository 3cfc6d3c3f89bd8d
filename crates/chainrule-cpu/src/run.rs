//! The executor: runs a planned program over batches of rows, on one thread or several.
//!
//! A rows phase takes the batch in blocks. Threads split a block's rows for what each row needs
//! for itself; at a barrier they turn to splitting the elements of the reductions over rows, each
//! of which goes on as one chain over the block's rows; at the next, the following block. The same
//! chains give the same bits for any number of threads and any size of block or chunk.

use std::sync::atomic::{AtomicBool, Ordering};

use chainrule_core::Kind;
use chainrule_core::compile::Program;
use chainrule_core::compile::program::{Gemm, GemmOperand, Product};

use crate::arena::Buffer;
use crate::control::{Batches, SharedValues, StepControl};
use crate::error::{Error, ErrorKind};
use crate::frame::Frame;
use crate::gemm::{Left, Right, gemm};
use crate::lanes::Number;
use crate::options::Options;
use crate::plan::{Place, Plan, PlannedMap, PlannedPhase, ROW_UNIT, Step, TILE, left_strides};
use crate::simd::Isa;
use crate::source::{RowSource, Selection};
use crate::threads::{Attendance, Barrier, share};
use crate::{map, movement, reduce};

/// A program in memory, ready to run: its parameters, its arenas, its threads' scratch.
///
/// Nothing is allocated by a run but when a batch is larger than every one before.
pub struct Engine<T> {
    plan: Plan,
    options: Options,
    shared: Buffer<T>,
    block: Buffer<T>,
    batch: Vec<Buffer<T>>,
    batch_pointers: Vec<*mut T>,
    output_pointers: Vec<*mut T>,
    workers: Vec<Worker<T>>,
    groups: Vec<usize>,
    /// Runs that will use one thread, since the last one found the machine's cores taken.
    alone: usize,
}

/// How many runs use one thread after one that found the cores taken.
const RUNS_ALONE: usize = 16;

struct Worker<T> {
    local: Buffer<T>,
    tiles: Buffer<T>,
}

// SAFETY: `batch_pointers` point into the engine's own `batch` buffers, and `output_pointers` are
// used only within the call that set them.
unsafe impl<T: Number> Send for Engine<T> {}
// SAFETY: a shared engine only reads; every method that runs borrows it uniquely.
unsafe impl<T: Number> Sync for Engine<T> {}

impl<T: Number> Engine<T> {
    /// An engine for a program.
    pub fn new(program: Program, options: Options) -> Self {
        let plan = Plan::new(program, size_of::<T>(), &options);
        Self {
            options,
            shared: Buffer::new(plan.shared_length),
            block: Buffer::new(plan.block_length),
            batch: plan.batch_widths.iter().map(|_| Buffer::new(0)).collect(),
            batch_pointers: vec![std::ptr::null_mut(); plan.batch_widths.len()],
            output_pointers: Vec::new(),
            workers: Vec::new(),
            groups: vec![0; plan.program.inputs().len()],
            alone: 0,
            plan,
        }
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.plan.program
    }

    /// The shared inputs and outputs.
    pub fn values(&mut self) -> SharedValues<'_, T> {
        let shared = self.shared.pointer();
        // SAFETY: the pointer is to this engine's own memory, which is borrowed uniquely.
        unsafe { SharedValues::new(&self.plan, shared) }
    }

    /// A shared input's elements; none for an input of rows.
    pub fn input(&self, input: usize) -> &[T] {
        match self.plan.places[self.plan.program.inputs()[input].value] {
            Place::Shared(offset) => {
                let elements = self.plan.program.inputs()[input].shape.elements();
                &self.shared.slice()[offset..offset + elements]
            }
            Place::Local(_) | Place::Block(_) | Place::Batch(_) => &[],
        }
    }

    /// Sets a shared input.
    ///
    /// # Errors
    /// [`ErrorKind::Length`] if the input has another number of elements, or is one of rows.
    pub fn set_input(&mut self, input: usize, elements: &[T]) -> Result<(), Error> {
        let name = self.plan.program.inputs()[input].name.clone();
        let mut values = self.values();
        let target = values.input_mut(input);
        if target.len() != elements.len() {
            let (expected, found) = (target.len(), elements.len());
            return Err(ErrorKind::Length { name, expected, found }.into());
        }
        target.copy_from_slice(elements);
        Ok(())
    }

    /// Runs the program once over a batch, and writes each output of rows to its slice.
    ///
    /// `outputs` has one slice for each output of rows, in order, with room for every row.
    ///
    /// # Errors
    /// [`ErrorKind::MissingRows`] or [`ErrorKind::Width`] if the source does not have what the
    /// program reads, [`ErrorKind::NoSuchRow`], [`ErrorKind::Length`] if a slice does not fit.
    pub fn run(
        &mut self,
        source: &dyn RowSource,
        rows: Selection<'_>,
        seed: u64,
        step: u64,
        outputs: &mut [&mut [T]],
    ) -> Result<(), Error> {
        self.bind(source, rows)?;
        let elements = self.row_outputs(rows.count()).fold(0, usize::saturating_add);
        let fits = self.row_outputs(rows.count()).eq(outputs.iter().map(|output| output.len()));
        if !fits {
            let found = outputs.iter().map(|output| output.len()).sum();
            let name = "the outputs".into();
            return Err(ErrorKind::Length { name, expected: elements, found }.into());
        }
        self.output_pointers.clear();
        self.output_pointers.extend(outputs.iter_mut().map(|output| output.as_mut_ptr()));
        let batches = Batches { rows, size: rows.count().max(1), seed, first_step: step };
        // A batch without rows is one step too: its sums are 0.
        self.start(source, batches, 1, &mut Once);
        Ok(())
    }

    /// Runs the program for each batch in turn: an epoch is one call.
    ///
    /// # Errors
    /// As [`Engine::run`]; a program with outputs of rows cannot be run by steps.
    pub fn run_steps(
        &mut self,
        source: &dyn RowSource,
        batches: Batches<'_>,
        control: &mut dyn StepControl<T>,
    ) -> Result<(), Error> {
        self.bind(source, batches.rows)?;
        let found = self.row_outputs(1).count();
        if found > 0 {
            let name = "the outputs".into();
            return Err(ErrorKind::Length { name, expected: 0, found }.into());
        }
        let batches = Batches { size: batches.size.max(1), ..batches };
        let steps = batches.rows.count().div_ceil(batches.size);
        self.start(source, batches, steps, control);
        Ok(())
    }

    /// The number of elements of each output of rows.
    fn row_outputs(&self, rows: usize) -> impl Iterator<Item = usize> {
        let values = self.plan.program.values();
        let outputs = self.plan.program.outputs().iter().map(|&value| values[value]);
        // A product that wrapped could equal the length of a slice that has no such room.
        outputs.filter(|v| v.kind == Kind::Rows).map(move |v| v.elements.saturating_mul(rows))
    }

    /// Finds each input of rows in the source.
    fn bind(&mut self, source: &dyn RowSource, rows: Selection<'_>) -> Result<(), Error> {
        for (input, group) in self.plan.program.inputs().iter().zip(&mut self.groups) {
            if !input.shape.is_rows() {
                continue;
            }
            let name = || input.name.clone();
            let Some((found, width)) = source.find(&input.name) else {
                return Err(ErrorKind::MissingRows { name: name() }.into());
            };
            let expected = input.shape.elements();
            if width != expected {
                return Err(ErrorKind::Width { name: name(), expected, found: width }.into());
            }
            *group = found;
        }
        let last = match rows {
            Selection::Range { start, count } => {
                count.checked_sub(1).map(|more| start.saturating_add(more))
            }
            Selection::Rows(_) => rows.last(),
        };
        match last {
            Some(row) if row >= source.rows() => {
                Err(ErrorKind::NoSuchRow { row, rows: source.rows() }.into())
            }
            _ => Ok(()),
        }
    }

    fn start(
        &mut self,
        source: &dyn RowSource,
        batches: Batches<'_>,
        steps: usize,
        control: &mut dyn StepControl<T>,
    ) {
        let largest = batches.size.min(batches.rows.count());
        let work = self.plan.row_work.saturating_mul(largest).saturating_add(self.plan.shared_work);
        let useful = (work / self.options.thread_work.max(1)).saturating_add(1);
        let mut threads = self.options.threads.clamp(1, useful);
        if self.alone > 0 {
            self.alone -= 1;
            threads = 1;
        }
        let plan = &self.plan;
        while self.workers.len() < threads {
            self.workers.push(Worker {
                local: Buffer::new(plan.local_length),
                tiles: Buffer::new(plan.tiles * TILE),
            });
        }
        for (width, (buffer, pointer)) in
            plan.batch_widths.iter().zip(self.batch.iter_mut().zip(&mut self.batch_pointers))
        {
            // A length beyond all memory must not wrap: the allocation refuses it.
            buffer.ensure(width.saturating_mul(largest));
            *pointer = buffer.pointer();
        }
        let run = Run {
            plan,
            isa: self.options.isa,
            threads,
            together: threads > 1 && self.plan.shared_work >= self.options.thread_work,
            shared: self.shared.pointer(),
            block: self.block.pointer(),
            batch: &self.batch_pointers,
            source,
            groups: &self.groups,
            outputs: &self.output_pointers,
            barrier: Barrier::new(threads),
            stop: AtomicBool::new(false),
            batches,
            steps,
        };
        let mut scratch = self.workers[..threads]
            .iter_mut()
            .map(|worker| Scratch { local: worker.local.pointer(), tiles: worker.tiles.pointer() });
        let Some(first) = scratch.next() else { return };
        if threads == 1 {
            run.lead(first, control);
            return;
        }
        std::thread::scope(|scope| {
            // If a thread cannot be started, those that were must not wait for it.
            let _attendance = Attendance(&run.barrier);
            for (thread, scratch) in scratch.enumerate() {
                let run = &run;
                scope.spawn(move || run.follow(thread + 1, scratch));
            }
            run.lead(first, control);
        });
        // Where other work holds the cores, threads that meet often are slower than one. Which it
        // is changes no result.
        if run.barrier.yields() > steps / 4 + 1 {
            self.alone = RUNS_ALONE;
        }
    }
}

/// A control that runs one step.
struct Once;

impl<T> StepControl<T> for Once {
    fn before(&mut self, _: Selection<'_>, _: &mut SharedValues<'_, T>) {}
    fn after(&mut self, _: Selection<'_>, _: &mut SharedValues<'_, T>) -> bool {
        true
    }
}

/// One thread's own memory.
struct Scratch<T> {
    local: *mut T,
    tiles: *mut T,
}

// SAFETY: the pointers are a worker's own buffers, handed to exactly one thread.
unsafe impl<T: Number> Send for Scratch<T> {}

/// What the threads of a run share.
struct Run<'a, T> {
    plan: &'a Plan,
    isa: Isa,
    threads: usize,
    /// Whether the shared phases are long enough to be split.
    together: bool,
    shared: *mut T,
    block: *mut T,
    batch: &'a [*mut T],
    source: &'a dyn RowSource,
    groups: &'a [usize],
    outputs: &'a [*mut T],
    barrier: Barrier,
    stop: AtomicBool,
    batches: Batches<'a>,
    steps: usize,
}

// SAFETY: see `Frame`: between two barriers no element is written by one thread and touched by
// another; everything else here is read only or atomic.
unsafe impl<T: Number> Sync for Run<'_, T> {}

impl<T: Number> Run<'_, T> {
    /// The thread that also controls the steps.
    fn lead(&self, scratch: Scratch<T>, control: &mut dyn StepControl<T>) {
        let _attendance = Attendance(&self.barrier);
        // SAFETY: the run has the engine's memory to itself, and the control uses the values only
        // while the other threads wait at the barrier.
        let mut values = unsafe { SharedValues::new(self.plan, self.shared) };
        for step in 0..self.steps {
            let rows = self.rows_of(step);
            control.before(rows, &mut values);
            self.barrier.wait();
            self.step(0, &scratch, step, rows);
            if !control.after(rows, &mut values) {
                break;
            }
        }
        self.stop.store(true, Ordering::Relaxed);
        self.barrier.wait();
    }

    /// The other threads.
    fn follow(&self, thread: usize, scratch: Scratch<T>) {
        let _attendance = Attendance(&self.barrier);
        for step in 0.. {
            self.barrier.wait();
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            self.step(thread, &scratch, step, self.rows_of(step));
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
            row_in_block: 0,
            row_in_batch: 0,
            row_in_local: 0,
            rows: 1,
            seed: self.batches.seed,
            step: self.batches.first_step.wrapping_add(step as u64),
        };
        for phase in &self.plan.phases {
            match phase {
                PlannedPhase::Shared { steps } => self.shared_phase(thread, steps, &frame),
                PlannedPhase::Rows { inputs, steps, reductions, outputs } => {
                    // Without rows there is one empty block, whose reductions begin and end.
                    let blocks = rows.count().div_ceil(self.plan.block).max(1);
                    for block in 0..blocks {
                        let start = block * self.plan.block;
                        let count = self.plan.block.min(rows.count() - start);
                        let part = Frame { row_in_batch: start, rows: count, ..frame };
                        self.row_kernels(thread, (inputs, steps, outputs), &part, rows);
                        // Even without reductions: an input that another phase reduces lies in
                        // the block, whose rows the next block may give to another thread.
                        self.barrier.wait();
                        if !reductions.is_empty() {
                            self.reductions(thread, reductions, &part, block + 1 == blocks);
                            self.barrier.wait();
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
    fn shared_phase(&self, thread: usize, steps: &[Step], frame: &Frame<'_, T>) {
        for step in steps {
            match step {
                Step::Map(map) => {
                    let part = match (self.together, thread) {
                        (true, _) => share(map.elements, TILE, thread, self.threads),
                        (false, 0) => 0..map.elements,
                        (false, _) => 0..0,
                    };
                    // SAFETY: the parts of the threads are disjoint, and the barrier below keeps
                    // the next kernel from reading what is not yet written.
                    unsafe { map::run_shared(self.isa, map, frame, part.start, part.end) };
                }
                step if thread == 0 => {
                    // SAFETY: the first thread runs it alone, between two barriers.
                    unsafe { self.row_kernel(step, frame) };
                }
                _ => {}
            }
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
        thread: usize,
        (inputs, steps, outputs): (&[usize], &[Step], &[usize]),
        block: &Frame<'_, T>,
        rows: Selection<'_>,
    ) {
        let mine = share(block.rows, ROW_UNIT, thread, self.threads);
        let mut start = mine.start;
        while start < mine.end {
            let count = self.plan.chunk.min(mine.end - start);
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
                T::gather(self.source, self.groups[input], selected, target);
            }
            for step in steps {
                // SAFETY: row kernels read and write rows of the frame, which are this thread's
                // alone until the barrier, and read shared values, which nobody writes till then.
                unsafe { self.row_kernel(step, &frame) };
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
                Step::Gemm { gemm, epilogue } => self.product(gemm, epilogue.as_ref(), frame),
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
    unsafe fn product(&self, step: &Gemm, epilogue: Option<&PlannedMap>, frame: &Frame<'_, T>) {
        let Some(epilogue) = epilogue else {
            // SAFETY: passed on from the caller.
            unsafe { self.plain_product(step, frame) };
            return;
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
    fn reductions(&self, thread: usize, steps: &[Step], block: &Frame<'_, T>, last: bool) {
        let first = block.row_in_batch == 0;
        for step in steps {
            match step {
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
                Step::Gemm { gemm: step, .. } => {
                    let mine = share(step.m, ROW_UNIT, thread, self.threads);
                    if mine.is_empty() {
                        continue;
                    }
                    // SAFETY: as above; the product is shared, and these are its rows
                    // `mine.start .. mine.end`.
                    unsafe {
                        let left = block.read(step.left.value);
                        let right = block.read(step.right.value);
                        let output = std::slice::from_raw_parts_mut(
                            block.pointer(step.output).add(mine.start * step.n),
                            mine.len() * step.n,
                        );
                        let (row_stride, column_stride) = left_strides(step);
                        gemm(
                            self.isa,
                            (mine.len(), step.n, block.rows * step.k),
                            Left {
                                data: left.get(mine.start..).unwrap_or(&[]),
                                row_stride,
                                column_stride,
                            },
                            Right { data: right, row_stride: step.n },
                            output,
                            step.n,
                            !first,
                        );
                    }
                }
                // The compiler puts nothing else here: only reductions cross rows.
                Step::Map(_) | Step::Movement(_) | Step::Random { .. } => {}
            }
        }
    }
}
