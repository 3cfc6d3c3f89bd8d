//! What happens between the steps of a run, and what it sees of the engine.

use std::marker::PhantomData;

use crate::lanes::Number;
use crate::plan::{Place, Plan};
use crate::source::Selection;

/// What a training loop does before and after each step of
/// [`Engine::run_steps`](crate::Engine::run_steps).
pub trait StepControl<T> {
    /// Sets what changes from step to step: the learning rate, the weight of the batch.
    fn before(&mut self, rows: Selection<'_>, values: &mut SharedValues<'_, T>);

    /// Looks at the results of the step; `false` ends the run.
    fn after(&mut self, rows: Selection<'_>, values: &mut SharedValues<'_, T>) -> bool;
}

/// The shared inputs and outputs of an engine, between two steps.
pub struct SharedValues<'a, T> {
    plan: &'a Plan,
    shared: *mut T,
    borrow: PhantomData<&'a mut T>,
}

impl<'a, T: Number> SharedValues<'a, T> {
    /// The values of a plan in its shared memory.
    ///
    /// # Safety
    /// `shared` is good for the plan's shared length, and while a method of the result runs or a
    /// slice from it lives, nobody else touches that memory.
    pub(crate) unsafe fn new(plan: &'a Plan, shared: *mut T) -> Self {
        Self { plan, shared, borrow: PhantomData }
    }

    fn elements(&self, value: usize) -> Option<(usize, usize)> {
        match self.plan.places[value] {
            Place::Shared(offset) => Some((offset, self.plan.program.values()[value].elements)),
            Place::Local(_) | Place::Block(_) | Place::Batch(_) => None,
        }
    }

    fn slice(&self, value: usize) -> &[T] {
        let Some((offset, elements)) = self.elements(value) else { return &[] };
        // SAFETY: the plan placed the value in the shared memory; `new` keeps others away.
        unsafe { std::slice::from_raw_parts(self.shared.add(offset), elements) }
    }

    /// The place of the input of this name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.plan.program.input(name)
    }

    /// A shared input's elements; none for an input of rows.
    pub fn input(&self, input: usize) -> &[T] {
        self.slice(self.plan.program.inputs()[input].value)
    }

    /// A shared input's elements, to be set.
    pub fn input_mut(&mut self, input: usize) -> &mut [T] {
        let value = self.plan.program.inputs()[input].value;
        let Some((offset, elements)) = self.elements(value) else { return &mut [] };
        // SAFETY: as in `slice`, and the borrow is unique.
        unsafe { std::slice::from_raw_parts_mut(self.shared.add(offset), elements) }
    }

    /// A shared output's elements; none for an output of rows.
    pub fn output(&self, output: usize) -> &[T] {
        self.slice(self.plan.program.outputs()[output])
    }
}

/// How the batches of a run are made and keyed.
#[derive(Clone, Copy, Debug)]
pub struct Batches<'a> {
    /// The rows in the order in which they are taken.
    pub rows: Selection<'a>,
    /// Rows of a batch; the last one may be shorter.
    pub size: usize,
    /// The seed of random numbers.
    pub seed: u64,
    /// The number of the first step, which counts on from there.
    pub first_step: u64,
}
