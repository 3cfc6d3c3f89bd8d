//! The engine: a program in memory, and what one asks of it.

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use chainrule_core::Kind;
use chainrule_core::compile::Program;

use crate::arena::Buffer;
use crate::control::{Batches, SharedValues, StepControl};
use crate::error::{Error, ErrorKind};
use crate::lanes::Number;
use crate::options::Options;
use crate::pace::Pace;
use crate::plan::{Place, Plan};
use crate::profile::{KernelTime, Profile};
use crate::run::{Run, Scratch};
use crate::source::{RowSource, Selection};
use crate::team::Team;
use crate::threads::Barrier;

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
    team: Team,
    groups: Vec<usize>,
    profile: Option<Profile>,
    pace: Pace,
}

/// What a thread works in.
struct Worker<T> {
    scratch: Scratch<T>,
    /// What the scratch points to.
    _memory: (Buffer<T>, Buffer<T>, Vec<*mut T>),
}

// SAFETY: a shared worker gives its scratch alone, and nothing else of it is touched.
unsafe impl<T: Number> Sync for Worker<T> {}

impl<T: Number> Worker<T> {
    fn new(plan: &Plan) -> Self {
        let mut local = Buffer::new(plan.local_length);
        let mut tiles = Buffer::new(plan.tile_elements);
        // Where the values of the map that runs are.
        let mut table = vec![std::ptr::null_mut(); plan.most_values];
        let scratch =
            Scratch { local: local.pointer(), tiles: tiles.pointer(), table: table.as_mut_ptr() };
        Self { scratch, _memory: (local, tiles, table) }
    }
}

// SAFETY: `batch_pointers` point into the engine's own `batch` buffers, and `output_pointers` and the
// workers' tables are used only within the call that set them.
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
            team: Team::new(),
            groups: vec![0; plan.program.inputs().len()],
            profile: options.profile.then(|| Profile::new(&plan)),
            pace: Pace::new(),
            plan,
        }
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.plan.program
    }

    /// What the first thread has spent in each kernel, if [`Options::profile`] asked for it.
    pub fn profile(&self) -> Vec<KernelTime> {
        self.profile.as_ref().map_or(Vec::new(), Profile::times)
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
        let thread_work = self.options.thread_work.max(1);
        let useful = self.options.threads.clamp(1, (work / thread_work).saturating_add(1));
        // The system may refuse to start as many.
        let threads = if useful > 1 { 1 + self.team.grow(useful - 1) } else { 1 };
        let plan = &self.plan;
        while self.workers.len() < threads {
            self.workers.push(Worker::new(plan));
        }
        for (width, (buffer, pointer)) in
            plan.batch_widths.iter().zip(self.batch.iter_mut().zip(&mut self.batch_pointers))
        {
            // A length beyond all memory must not wrap: the allocation refuses it.
            buffer.ensure(width.saturating_mul(largest));
            *pointer = buffer.pointer();
        }
        let (shared, block) = (self.shared.pointer(), self.block.pointer());
        let run = |threads: usize| Run {
            plan,
            isa: self.options.isa,
            threads,
            together: threads > 1 && self.plan.shared_work >= thread_work,
            shared,
            block,
            batch: &self.batch_pointers,
            source,
            groups: &self.groups,
            outputs: &self.output_pointers,
            barrier: Barrier::new(threads),
            stop: AtomicBool::new(false),
            batches,
            steps,
            profile: self.profile.as_ref(),
        };
        let alone = run(1);
        let scratch = |thread: usize| &self.workers[thread].scratch;
        if threads == 1 {
            alone.lead(0, scratch(0), control, Duration::MAX);
            return;
        }
        let all = run(threads);
        let (mut step, mut goes_on) = (0, true);
        while goes_on && step < steps {
            let (together, time) = self.pace.choose();
            let (from, start) = (step, Instant::now());
            (step, goes_on) = if together {
                let follow = |thread| all.follow(thread, from, scratch(thread));
                let lead = || all.lead(from, scratch(0), control, time);
                self.team.run(threads - 1, &follow, lead)
            } else {
                alone.lead(from, scratch(0), control, time)
            };
            self.pace.record((step - from) * largest, start.elapsed());
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
