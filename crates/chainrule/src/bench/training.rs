//! The time of a training step.

use std::ops::ControlFlow;
use std::time::Instant;

use chainrule_core::{Expr, Shape};

use super::{Rows, Workload, median, peak};
use crate::engine::{Engine, KernelTime, Options, RowSource, Selection, compile};
use crate::error::{ErrorKind, Result};
use crate::train::{Callback, Data, Epoch, step_program, train};

/// What training took.
#[derive(Clone, Debug)]
pub struct Training {
    /// The seconds of a step: the median of the timed epochs, by their steps.
    pub step: f64,
    /// The seconds of a step of the fastest epoch.
    pub best_step: f64,
    /// The floating-point operations a second of the matrix products.
    pub rate: f64,
    /// Those of nothing but multiply-adds, in the same run.
    pub peak: f64,
    /// The loss of all rows before.
    pub first_loss: f64,
    /// The loss of all rows after the best epoch.
    pub last_loss: f64,
    /// The seconds from the network to an engine that is ready to run.
    pub compile: f64,
    /// What the first thread spent in each kernel, in a run of its own, if it was asked for.
    pub profile: Vec<KernelTime>,
    /// The steps of the profile.
    pub profiled_steps: u64,
}

/// Epochs of the run that is profiled, and not timed.
const PROFILED_EPOCHS: usize = 3;

/// Trains a workload on at most so many threads, and measures it.
///
/// # Errors
/// What is wrong with the network, or [`ErrorKind::Diverged`].
pub fn measure_training(
    workload: &Workload,
    rows: &Rows,
    threads: usize,
    profile: bool,
) -> Result<Training> {
    let (network, criterion) = (workload.network(), &workload.criterion);
    let epochs = workload.warm_up + workload.epochs;
    let settings = workload.settings(threads, epochs)?;
    let Some(source) = rows.source(workload) else {
        let (option, value) = ("the rows", format!("{} numbers", rows.x.len()));
        let expected = format!("rows of {}", workload.describe());
        return Err(ErrorKind::InvalidSetting { option, value, expected }.into());
    };
    let training: Vec<u32> = (0..rows.count as u32).collect();
    let data = Data { source: &source, training: &training, validation: &[] };

    let peak_before = peak(threads);
    let start = Instant::now();
    let program = step_program(&network, criterion, &settings, workload.target_width())?;
    let engine = Engine::<f32>::new(program, Options { threads, ..Options::default() });
    let compile = start.elapsed().as_secs_f64();
    drop(engine);

    let mut clock = Clock::new(false);
    let trained = train::<f32>(&network, criterion, data, &settings, &mut clock)?;
    let steps = workload.steps() as f64;
    let timed: Vec<f64> =
        clock.epochs.iter().skip(workload.warm_up).map(|seconds| seconds / steps).collect();
    let step = median(&timed);
    let peak = peak(threads).max(peak_before);

    let mut profiler = Clock::new(profile);
    if profile {
        let settings = workload.settings(threads, PROFILED_EPOCHS)?;
        train::<f32>(&network, criterion, data, &settings, &mut profiler)?;
    }
    let first = workload.initial_parameters()?;
    Ok(Training {
        step,
        best_step: timed.iter().copied().fold(f64::INFINITY, f64::min),
        rate: workload.operations() / step,
        peak,
        first_loss: loss(workload, &source, &first)?,
        last_loss: loss(workload, &source, &trained.parameters)?,
        compile,
        profile: profiler.times,
        profiled_steps: profiler.steps,
    })
}

/// The loss of all rows under these parameters.
fn loss(workload: &Workload, source: &dyn RowSource, parameters: &[Vec<f32>]) -> Result<f64> {
    let built = workload.network().build(false)?;
    let target = Expr::input("y", Shape::rows(&[workload.target_width()]));
    let per_row = workload.criterion.per_row(&target, &built.output);
    let mut engine = Engine::<f32>::new(compile(&[per_row], &[])?, Options::default());
    for (parameter, values) in built.parameters.iter().zip(parameters) {
        if let Some(input) = engine.program().input(&parameter.name) {
            engine.set_input(input, values)?;
        }
    }
    let count = source.rows();
    let mut losses = vec![0.0; count];
    engine.run(source, Selection::Range { start: 0, count }, 0, 0, &mut [&mut losses])?;
    let mean = losses.iter().map(|&loss| f64::from(loss)).sum::<f64>() / count as f64;
    Ok(workload.criterion.finish(mean))
}

/// Notes how long each epoch takes.
struct Clock {
    last: Instant,
    epochs: Vec<f64>,
    profiles: bool,
    steps: u64,
    times: Vec<KernelTime>,
}

impl Clock {
    fn new(profiles: bool) -> Self {
        let (epochs, times) = (Vec::new(), Vec::new());
        Self { last: Instant::now(), epochs, profiles, steps: 0, times }
    }
}

impl Callback for Clock {
    fn epoch(&mut self, _: &Epoch) -> ControlFlow<()> {
        let now = Instant::now();
        self.epochs.push((now - self.last).as_secs_f64());
        self.last = now;
        ControlFlow::Continue(())
    }

    fn profiles(&self) -> bool {
        self.profiles
    }

    fn profile(&mut self, steps: u64, times: &[KernelTime]) {
        (self.steps, self.times) = (steps, times.to_vec());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Origin;

    /// A workload of few epochs.
    fn short(name: &str, epochs: usize) -> Workload {
        Workload { warm_up: 1, epochs, ..Workload::named(name).unwrap() }
    }

    #[test]
    fn the_small_workloads_learn() {
        for (name, at_most) in [("W1", 0.1), ("W2", 0.5), ("W3", 0.1)] {
            let workload = short(name, 2);
            let rows = Rows::of(&workload, None).unwrap();
            assert_ne!(rows.origin, Origin::File(String::new()));
            let training = measure_training(&workload, &rows, 1, name == "W1").unwrap();
            let share = training.last_loss / training.first_loss;
            assert!(share < at_most, "{name}: {share}");
            assert!(training.step > 0.0 && training.compile > 0.0, "{name}");
            assert_eq!(training.profile.is_empty(), name != "W1");
        }
    }

    #[test]
    fn the_data_sets_are_read_where_they_are() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets");
        for (name, file, width) in [("W2", "breast_cancer.csv", 30), ("W3", "digits.csv", 64)] {
            let workload = short(name, 2);
            let rows = Rows::of(&workload, Some(&folder)).unwrap();
            // A packed crate stands alone.
            let instead = Origin::Instead(file.to_owned());
            assert!(rows.origin == Origin::File(file.to_owned()) || rows.origin == instead);
            assert_eq!((rows.x.len(), rows.y.len()), (width * rows.count, rows.count));
            let training = measure_training(&workload, &rows, 1, false).unwrap();
            assert!(training.last_loss < 0.6 * training.first_loss, "{name}");
        }
    }

    #[test]
    fn nets_of_ones_own_learn() {
        let nets: [(&[usize], &str); 4] = [
            (&[6, 16, 1], "mse"),
            (&[6, 16, 2], "mae"),
            (&[6, 16, 1], "binary_cross_entropy"),
            (&[6, 16, 3], "categorical_cross_entropy"),
        ];
        for (sizes, loss) in nets {
            let own = Workload::own(sizes, "tanh", loss, "adam").unwrap();
            let own = Workload { rows: 2_000, warm_up: 1, epochs: 4, ..own };
            let rows = Rows::of(&own, None).unwrap();
            let training = measure_training(&own, &rows, 2, false).unwrap();
            assert!(training.last_loss < 0.9 * training.first_loss, "{loss}: {training:?}");
        }
    }
}
