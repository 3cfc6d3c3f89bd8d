//! The weights that short runs of the workloads end with, as a hash each: the same bits for every
//! instruction set of this machine, number of threads, and size of chunks and blocks, and the same
//! as when `trained_weights.txt` was written.
//!
//! A change that means to change results changes that file: a failure prints the line to write.

use chainrule::bench::{Rows, Workload};
use chainrule::engine::{
    Batches, Data, Engine, Isa, Matrices, Matrix, Options, RowSource, Selection, SharedValues,
    StepControl,
};
use chainrule::schedules::{self, Warmup};
use chainrule::train::{self, step_program, train};
use chainrule_core::random::shuffle;

const WRITTEN: &str = include_str!("trained_weights.txt");
const EPOCHS: usize = 2;
const SEED: u64 = 1;

/// A workload with the rows that it is trained on.
struct Run {
    workload: Workload,
    settings: train::Settings,
    rows: Rows,
    training: Vec<u32>,
}

impl Run {
    fn new(name: &str, count: usize) -> Self {
        let known = Workload::named(name).unwrap();
        let rows = count.next_multiple_of(known.batch_size);
        let workload = Workload { rows, ..known };
        let settings = train::Settings {
            epochs: EPOCHS,
            batch_size: workload.batch_size,
            optimizer: workload.optimizer.clone(),
            learning_rate: workload.learning_rate,
            schedule: schedules::Settings::parse("constant").unwrap(),
            warmup: Warmup::NONE,
            clip: None,
            patience: EPOCHS,
            seed: SEED,
            threads: 2,
        };
        let rows = Rows::of(&workload, None).unwrap();
        Self { workload, settings, rows, training: (0..count as u32).collect() }
    }

    fn with_source<R>(&self, body: impl FnOnce(&dyn RowSource) -> R) -> R {
        let (count, inputs) = (self.rows.count, self.workload.sizes[0]);
        let x = Matrix::new(Data::F32(&self.rows.x), count, inputs).unwrap();
        let width = self.workload.target_width();
        let y = Matrix::new(Data::F32(&self.rows.y), count, width).unwrap();
        body(&Matrices::new(&[("x", x), ("y", y)]).unwrap())
    }

    /// The weights that training ends with.
    fn train(&self) -> Vec<Vec<f32>> {
        self.with_source(|source| {
            let data = train::Data { source, training: &self.training, validation: &[] };
            let (network, criterion) = (self.workload.network(), &self.workload.criterion);
            let trained = train::<f32>(&network, criterion, data, &self.settings, &mut ()).unwrap();
            assert_eq!(trained.best_epoch, EPOCHS, "{}", self.workload.name);
            trained.parameters
        })
    }

    /// The weights after the same steps on an engine of one's own.
    fn run(&self, options: Options) -> Vec<Vec<f32>> {
        let (network, criterion) = (self.workload.network(), &self.workload.criterion);
        let width = self.workload.target_width();
        let program = step_program(&network, criterion, &self.settings, width).unwrap();
        let mut engine = Engine::<f32>::new(program, options);
        let parameters = network.build(true).unwrap().parameters;
        let place =
            |engine: &Engine<f32>, at: usize| engine.program().input(&parameters[at].name).unwrap();
        for (at, values) in self.workload.initial_parameters().unwrap().iter().enumerate() {
            let input = place(&engine, at);
            engine.set_input(input, values).unwrap();
        }
        let mut steps = Steps { learning_rate: self.settings.learning_rate as f32, step: 0 };
        self.with_source(|source| {
            for epoch in 1..=EPOCHS {
                let order = shuffle(SEED, epoch as u64, self.training.len() as u32);
                let batches = Batches {
                    rows: Selection::Rows(&order),
                    size: self.settings.batch_size,
                    seed: SEED,
                    first_step: u64::from(steps.step),
                };
                engine.run_steps(source, batches, &mut steps).unwrap();
            }
        });
        (0..parameters.len()).map(|at| engine.input(place(&engine, at)).to_vec()).collect()
    }
}

/// What changes from step to step.
struct Steps {
    learning_rate: f32,
    step: u32,
}

impl StepControl<f32> for Steps {
    fn before(&mut self, rows: Selection<'_>, values: &mut SharedValues<'_, f32>) {
        self.step += 1;
        let settings = [
            ("learning_rate", self.learning_rate),
            ("step", self.step as f32),
            ("total_weight", rows.count() as f32),
        ];
        for (name, value) in settings {
            if let Some(input) = values.find(name) {
                values.input_mut(input).fill(value);
            }
        }
    }

    fn after(&mut self, _: Selection<'_>, _: &mut SharedValues<'_, f32>) -> bool {
        true
    }
}

/// FNV-1a of 64 bits (G. Fowler, L. C. Noll and K.-P. Vo) over the weights, each least byte first.
fn hash(weights: &[Vec<f32>]) -> u64 {
    let bytes = weights.iter().flatten().flat_map(|weight| weight.to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// Every way in which an instruction set is to give these weights: on one thread and on two, with
/// chunks and blocks as the engine chooses them and smaller. Plain Rust takes the longest by far, and
/// is usually tried in two of the four ways.
fn ways(isa: Isa) -> Vec<Options> {
    let usual = Options { isa, thread_work: 1, ..Options::default() };
    let small = Options { chunk_bytes: 16 << 10, block_bytes: 64 << 10, ..usual };
    let [one, two] =
        [1, 2].map(|threads| [Options { threads, ..usual }, Options { threads, ..small }]);
    let is_slow = isa.name() == "portable" && std::env::var_os("CHAINRULE_CASES").is_none();
    if is_slow { vec![one[0], two[1]] } else { [one, two].concat() }
}

/// Trains a workload in every way on its first `rows` rows, the last batch being a short one.
fn check(name: &str, rows: usize) {
    let run = Run::new(name, rows);
    let found = hash(&run.train());
    for way in Isa::available().iter().flat_map(|&isa| ways(isa)) {
        let weights = hash(&run.run(way));
        assert_eq!(weights, found, "{name}, {way:?}");
    }
    let line = format!("{name} {rows} rows {EPOCHS} epochs {found:016x}");
    assert!(WRITTEN.lines().any(|written| written == line), "now {line}, was\n{WRITTEN}");
}

#[test]
fn the_weights_of_w1() {
    check("W1", 3_205);
}

#[test]
fn the_weights_of_w2() {
    check("W2", 6_413);
}

#[test]
fn the_weights_of_w3() {
    check("W3", 1_287);
}

#[test]
fn the_weights_of_w4() {
    check("W4", 133);
}
