//! The plan: where every value of a program lives, and how its kernels run on this machine.
//!
//! A value of rows lives in one of three places. What only its own phase's row kernels read is
//! *local*: each thread has one arena, shared out by lifetimes, for one chunk of rows. What a
//! reduction over rows reads lives in the *block*, written by all threads, read by all after a
//! barrier. What a later phase reads is kept for the whole *batch*.

mod ending;
mod map;

use chainrule_core::compile::Program;
use chainrule_core::compile::program::{
    Gemm, Kernel, Movement, Phase, Product, Random, Reduce, ValueId,
};
use chainrule_core::op::Reduction;
use chainrule_core::shape::Kind;

use crate::options::Options;
pub(crate) use ending::{Ending, FusedEnding};
pub(crate) use map::{Operation, Pattern, PlannedMap, Source, Target};

/// Chunks of rows are a multiple of this, so that products have full register tiles.
pub(crate) const ROW_UNIT: usize = 16;
/// The most rows of a block.
const MAX_BLOCK: usize = 2048;
/// Rows of a chunk and of a block, at least, where products read weights that the second cache does
/// not keep: each chunk reads them anew, and each block goes through their gradients.
const LARGE: usize = 512;

/// Where a value lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// At an offset of the shared memory.
    Shared(usize),
    /// At an offset of each thread's arena.
    Local(usize),
    /// At an offset of the block's memory.
    Block(usize),
    /// In the batch buffer of this number.
    Batch(usize),
}

/// A program with the places of its values.
pub(crate) struct Plan {
    pub(crate) program: Program,
    pub(crate) places: Vec<Place>,
    pub(crate) phases: Vec<PlannedPhase>,
    /// Rows of a chunk, at most.
    pub(crate) chunk: usize,
    /// Rows of a block, at most.
    pub(crate) block: usize,
    pub(crate) shared_length: usize,
    pub(crate) local_length: usize,
    pub(crate) block_length: usize,
    /// Elements per row of each batch buffer.
    pub(crate) batch_widths: Vec<usize>,
    /// Elements of all tiles that the hungriest map needs.
    pub(crate) tile_elements: usize,
    /// Values that a map reads and writes, at most.
    pub(crate) most_values: usize,
    /// Updates whose value was not computed in place: (from, to, elements) in shared memory.
    pub(crate) copies: Vec<(usize, usize, usize)>,
    /// Multiplications and additions of one row, and of the shared phases.
    pub(crate) row_work: usize,
    pub(crate) shared_work: usize,
}

pub(crate) enum PlannedPhase {
    Shared {
        steps: Vec<Step>,
    },
    Rows {
        /// Inputs to gather, by their place in the program's list.
        inputs: Vec<usize>,
        steps: Vec<Step>,
        reductions: Vec<Step>,
        /// Outputs of rows that this phase computes, by their place in the program's list.
        outputs: Vec<usize>,
    },
}

/// A kernel that is ready to run.
pub(crate) enum Step {
    Map(PlannedMap),
    Gemm { gemm: Gemm, ending: Ending },
    Reduce { reduce: Reduce, prologue: Option<PlannedMap>, companion: usize },
    Movement(Movement),
    Random { random: Random, elements: usize },
}

impl Plan {
    pub(crate) fn new(program: Program, element_bytes: usize, options: &Options) -> Self {
        let usage = Usage::of(&program);
        let mut plan = Self {
            places: vec![Place::Shared(0); program.values().len()],
            phases: Vec::new(),
            chunk: 0,
            block: 0,
            shared_length: 0,
            local_length: 0,
            block_length: 0,
            batch_widths: Vec::new(),
            tile_elements: 0,
            most_values: 0,
            copies: Vec::new(),
            row_work: 0,
            shared_work: 0,
            program,
        };
        plan.place_rows(&usage, element_bytes, options);
        plan.place_shared(&usage);
        plan.phases = plan.program.phases().iter().map(|phase| plan.phase(phase)).collect();
        plan.attach_updates();
        for phase in 0..plan.phases.len() {
            let companions = match &mut plan.phases[phase] {
                PlannedPhase::Shared { .. } => continue,
                PlannedPhase::Rows { reductions, .. } => reductions,
            };
            for step in companions {
                if let Step::Reduce { reduce, companion, .. } = step {
                    *companion = plan.shared_length;
                    plan.shared_length += padded(reduce.inner);
                }
            }
        }
        let maps = || plan.phases.iter().flat_map(steps_of).filter_map(map_of);
        let tile_elements = maps().map(|map| map.tiles * map.tile).max().unwrap_or(0);
        let most_values = maps().map(|map| map.values.len()).max().unwrap_or(0);
        (plan.tile_elements, plan.most_values) = (tile_elements, most_values);
        let (rows, shared): (Vec<_>, Vec<_>) =
            plan.phases.iter().partition(|phase| matches!(phase, PlannedPhase::Rows { .. }));
        let work = |phases: Vec<&PlannedPhase>| {
            phases.into_iter().flat_map(steps_of).map(work_of).sum::<usize>()
        };
        (plan.row_work, plan.shared_work) = (work(rows), work(shared));
        plan
    }

    /// Places the values of rows, and chooses how many rows a chunk and a block have.
    fn place_rows(&mut self, usage: &Usage, element_bytes: usize, options: &Options) {
        let values = self.program.values().to_vec();
        // Lifetimes in each phase, in elements per row.
        let mut local = 0;
        let mut block = 0;
        let mut free: Vec<Lifetimes> = Vec::new();
        free.resize_with(usage.phases, Lifetimes::default);
        for (value, shape) in values.iter().enumerate() {
            if shape.kind != Kind::Rows {
                continue;
            }
            let width = padded_row(shape.elements);
            self.places[value] = match usage.home[value] {
                Home::Batch => {
                    self.batch_widths.push(shape.elements);
                    Place::Batch(self.batch_widths.len() - 1)
                }
                Home::Block => {
                    block += width;
                    Place::Block(block - width)
                }
                Home::Everywhere => {
                    // Inputs are gathered in each phase that reads them, at one place.
                    let at = free.iter().map(Lifetimes::end).max().unwrap_or(0);
                    for lifetimes in &mut free {
                        lifetimes.add(at, width, (0, usize::MAX));
                    }
                    Place::Local(at)
                }
                Home::Local { phase, lifetime } => {
                    let at = free[phase].first_fit(width, lifetime);
                    free[phase].add(at, width, lifetime);
                    Place::Local(at)
                }
            };
        }
        for lifetimes in &free {
            local = local.max(lifetimes.end());
        }
        let is_large = largest_weights(&self.program) * element_bytes > options.chunk_bytes;
        let least = if is_large { LARGE } else { ROW_UNIT };
        let rows = |budget: usize, width: usize| {
            let fits = budget / (width.max(1) * element_bytes);
            (fits / ROW_UNIT * ROW_UNIT).clamp(least, MAX_BLOCK)
        };
        self.chunk = rows(options.chunk_bytes, local);
        self.block = rows(options.block_bytes, block);
        self.local_length = local * self.chunk;
        self.block_length = block * self.block;
        // Offsets so far are per row; a place holds all its rows one after the other.
        for place in &mut self.places {
            match place {
                Place::Local(offset) => *offset *= self.chunk,
                Place::Block(offset) => *offset *= self.block,
                Place::Shared(_) | Place::Batch(_) => {}
            }
        }
    }

    /// Places the shared values: an update in its input's place where nothing reads it any more.
    fn place_shared(&mut self, usage: &Usage) {
        let mut alias: Vec<Option<ValueId>> = vec![None; self.places.len()];
        for update in self.program.updates() {
            let input = self.program.inputs()[update.input].value;
            if usage.may_replace(&self.program, update.value, input)
                && alias[update.value].is_none()
            {
                alias[update.value] = Some(input);
            }
        }
        for (value, shape) in self.program.values().iter().enumerate() {
            if shape.kind == Kind::Shared && alias[value].is_none() {
                self.places[value] = Place::Shared(self.shared_length);
                self.shared_length += padded(shape.elements);
            }
        }
        for (value, alias) in alias.iter().enumerate() {
            if let Some(input) = alias {
                self.places[value] = self.places[*input];
            }
        }
        for update in self.program.updates() {
            let input = self.program.inputs()[update.input].value;
            if let (Place::Shared(from), Place::Shared(to)) =
                (self.places[update.value], self.places[input])
                && from != to
            {
                self.copies.push((from, to, self.program.values()[input].elements));
            }
        }
    }

    /// Moves updates from their shared phase into the products that they are updates by.
    fn attach_updates(&mut self) {
        for phase in 1..self.phases.len() {
            let hosts = ending::updates(&self.program, phase, &self.places);
            let (before, after) = self.phases.split_at_mut(phase);
            let (Some(PlannedPhase::Rows { reductions, .. }), PlannedPhase::Shared { steps }) =
                (before.last_mut(), &mut after[0])
            else {
                continue;
            };
            let all = std::mem::take(steps);
            for (step, host) in all.into_iter().zip(hosts) {
                match (host.map(|host| &mut reductions[host]), step) {
                    (Some(Step::Gemm { ending, .. }), Step::Map(map)) => {
                        *ending = Ending::Update(map);
                    }
                    (_, step) => steps.push(step),
                }
            }
        }
    }

    fn phase(&self, phase: &Phase) -> PlannedPhase {
        match phase {
            Phase::Shared(kernels) => PlannedPhase::Shared { steps: self.steps(kernels) },
            Phase::Rows { kernels, reductions } => {
                let reads: Vec<ValueId> =
                    kernels.iter().chain(reductions).flat_map(Kernel::reads).collect();
                let writes: Vec<ValueId> = kernels.iter().flat_map(Kernel::writes).collect();
                let inputs = self.program.inputs();
                let outputs = self.program.outputs();
                let read_inputs: Vec<usize> = (0..inputs.len())
                    .filter(|&input| {
                        let value = inputs[input].value;
                        inputs[input].shape.is_rows() && reads.contains(&value)
                    })
                    .collect();
                // No output is an input: the compiler copies it.
                let outputs =
                    (0..outputs.len()).filter(|&at| writes.contains(&outputs[at])).collect();
                PlannedPhase::Rows {
                    inputs: read_inputs,
                    steps: self.steps(kernels),
                    reductions: self.steps(reductions),
                    outputs,
                }
            }
        }
    }

    fn steps(&self, kernels: &[Kernel]) -> Vec<Step> {
        kernels.iter().map(|kernel| self.step(kernel)).collect()
    }

    fn step(&self, kernel: &Kernel) -> Step {
        match kernel {
            Kernel::Map(map) => Step::Map(PlannedMap::new(map, &self.places)),
            Kernel::Gemm(gemm) => {
                let ending = match &gemm.epilogue {
                    None => Ending::Plain,
                    Some(map) => match ending::fused(&self.program, gemm, map) {
                        Some((ending, output)) => Ending::Fused { ending, output },
                        None => Ending::Map(PlannedMap::new(map, &self.places)),
                    },
                };
                Step::Gemm { gemm: gemm.clone(), ending }
            }
            Kernel::Reduce(reduce) => Step::Reduce {
                prologue: reduce.prologue.as_ref().map(|map| PlannedMap::new(map, &self.places)),
                reduce: reduce.clone(),
                companion: 0,
            },
            Kernel::Movement(movement) => Step::Movement(movement.clone()),
            Kernel::Random(random) => Step::Random {
                elements: self.program.values()[random.output].elements,
                random: random.clone(),
            },
        }
    }
}

/// Where values are read, from which follows where they may live.
struct Usage {
    phases: usize,
    home: Vec<Home>,
    /// The last (phase, kernel) that reads each value.
    last_read: Vec<Option<(usize, usize)>>,
    /// The (phase, kernel) that writes each value.
    written: Vec<Option<(usize, usize)>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Home {
    Batch,
    Block,
    Everywhere,
    Local { phase: usize, lifetime: (usize, usize) },
}

impl Usage {
    fn of(program: &Program) -> Self {
        let count = program.values().len();
        let mut written: Vec<Option<(usize, usize)>> = vec![None; count];
        let mut last_read: Vec<Option<(usize, usize)>> = vec![None; count];
        let mut crosses = vec![false; count];
        let mut reduced = vec![false; count];
        for (number, phase) in program.phases().iter().enumerate() {
            let (kernels, reductions): (&[Kernel], &[Kernel]) = match phase {
                Phase::Shared(kernels) => (kernels, &[]),
                Phase::Rows { kernels, reductions } => (kernels, reductions),
            };
            for (at, kernel) in kernels.iter().chain(reductions).enumerate() {
                for value in kernel.reads() {
                    last_read[value] = Some((number, at));
                    crosses[value] |= written[value].is_some_and(|(phase, _)| phase != number);
                    reduced[value] |= at >= kernels.len();
                }
                let prologue = match kernel {
                    Kernel::Reduce(reduce) if reduce.prologue.is_some() => Some(reduce.operand),
                    _ => None,
                };
                for value in kernel.writes().into_iter().chain(prologue) {
                    written[value] = Some((number, at));
                }
            }
        }
        let is_input = |value: ValueId| program.inputs().iter().any(|input| input.value == value);
        let is_output = |value: ValueId| program.outputs().contains(&value);
        let home = (0..count)
            .map(|value| match (written[value], last_read[value]) {
                _ if crosses[value] => Home::Batch,
                _ if reduced[value] => Home::Block,
                _ if is_input(value) => Home::Everywhere,
                (Some((phase, from)), read) => {
                    let to = match read {
                        _ if is_output(value) => usize::MAX,
                        Some((_, to)) => to,
                        None => from,
                    };
                    Home::Local { phase, lifetime: (from, to) }
                }
                (None, _) => Home::Everywhere,
            })
            .collect();
        Self { phases: program.phases().len(), home, last_read, written }
    }

    /// Whether an update may be computed in the place of the input that it replaces: by a map
    /// that reads the input element by element, after which nothing reads it.
    fn may_replace(&self, program: &Program, value: ValueId, input: ValueId) -> bool {
        let Some((phase, at)) = self.written[value] else { return false };
        let Phase::Shared(kernels) = &program.phases()[phase] else { return false };
        let Kernel::Map(map) = &kernels[at] else { return false };
        let elementwise = map
            .operands
            .iter()
            .filter(|operand| operand.value == input)
            .all(|operand| operand.dims == map.dims);
        let later = self.last_read[input].is_some_and(|read| read > (phase, at));
        // A later reader of the new value finds it there; no output or update *is* an input.
        elementwise && !later
    }
}

/// Places of an arena over the life of a phase.
#[derive(Default)]
struct Lifetimes {
    taken: Vec<(usize, usize, (usize, usize))>,
}

impl Lifetimes {
    fn end(&self) -> usize {
        self.taken.iter().map(|&(at, width, _)| at + width).max().unwrap_or(0)
    }

    /// The lowest offset that is free during a lifetime.
    fn first_fit(&self, width: usize, lifetime: (usize, usize)) -> usize {
        let mut clashes: Vec<(usize, usize)> = self
            .taken
            .iter()
            .filter(|(_, _, other)| other.0 <= lifetime.1 && lifetime.0 <= other.1)
            .map(|&(at, width, _)| (at, at + width))
            .collect();
        clashes.sort_unstable();
        let mut at = 0;
        for (start, end) in clashes {
            if at + width <= start {
                break;
            }
            at = at.max(end);
        }
        at
    }

    fn add(&mut self, at: usize, width: usize, lifetime: (usize, usize)) {
        self.taken.push((at, width, lifetime));
    }
}

/// A shared value's room: whole cache lines, so that threads never write one line together.
fn padded(elements: usize) -> usize {
    elements.next_multiple_of(16)
}

/// A row value's room for each row; rows lie one after the other without gaps.
fn padded_row(elements: usize) -> usize {
    elements.max(1)
}

/// Elements of the largest shared matrix that a product on rows reads.
fn largest_weights(program: &Program) -> usize {
    let products = program.phases().iter().flat_map(|phase| match phase {
        Phase::Shared(_) => &[][..],
        Phase::Rows { kernels, .. } => kernels,
    });
    let weights = products.filter_map(|kernel| match kernel {
        Kernel::Gemm(gemm) if gemm.right.kind == Kind::Shared => Some(gemm.k * gemm.n),
        _ => None,
    });
    weights.max().unwrap_or(0)
}

fn steps_of(phase: &PlannedPhase) -> impl Iterator<Item = &Step> {
    match phase {
        PlannedPhase::Shared { steps } => steps.iter().chain([].iter()),
        PlannedPhase::Rows { steps, reductions, .. } => steps.iter().chain(reductions.iter()),
    }
}

/// The map of a kernel, if it has one.
fn map_of(step: &Step) -> Option<&PlannedMap> {
    match step {
        Step::Map(map) | Step::Gemm { ending: Ending::Map(map) | Ending::Update(map), .. } => {
            Some(map)
        }
        Step::Reduce { prologue, .. } => prologue.as_ref(),
        Step::Gemm { .. } | Step::Movement(_) | Step::Random { .. } => None,
    }
}

/// A rough count of operations and of copied elements, for one row of a rows phase or all of a
/// shared one.
pub(crate) fn work_of(step: &Step) -> usize {
    match step {
        Step::Map(map) => map.work(),
        Step::Gemm { gemm, ending } => {
            let after = if let Ending::Map(map) = ending { map.work() } else { 0 };
            2 * gemm.m * gemm.n * gemm.k * gemm.stack + after
        }
        Step::Reduce { reduce, prologue, .. } => {
            let cost = match reduce.reduction {
                Reduction::Sum | Reduction::Max | Reduction::ArgMax => 1,
                Reduction::LogSumExp => 20,
            };
            cost * reduce.outer * reduce.length * reduce.inner
                + prologue.as_ref().map_or(0, PlannedMap::work)
        }
        Step::Movement(Movement::Copy { parts, .. }) => {
            parts.iter().map(|part| part.dims.iter().product::<usize>()).sum()
        }
        Step::Movement(_) => 0,
        Step::Random { elements, .. } => 10 * elements,
    }
}

/// How the left operand of a product is laid out: (row stride, column stride) of one matrix.
pub(crate) fn left_strides(gemm: &Gemm) -> (usize, usize) {
    match gemm.product {
        Product::OverRows => (1, gemm.m),
        Product::Stacked | Product::Each if gemm.left.transposed => (1, gemm.m),
        Product::Stacked | Product::Each => (gemm.k, 1),
    }
}
