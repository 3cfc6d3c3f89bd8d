//! A small network and its training, for the tests of the engine.
#![allow(dead_code, reason = "each test that includes this file uses a part of it")]

use chainrule_core::compile::{Program, compile};
use chainrule_core::derivative::gradient;
use chainrule_core::{Expr, Shape};
use chainrule_cpu::{
    Batches, Data, Engine, Matrices, Matrix, Number, Options, RowSource, Selection, SharedValues,
    StepControl,
};

pub const SIZES: [usize; 4] = [8, 64, 64, 1];

/// An 8-64-64-1 network with ReLU, its parameters by name.
pub fn network() -> (Expr, Vec<(String, Expr)>) {
    let mut hidden = Expr::input("x", Shape::rows(&[SIZES[0]]));
    let mut parameters = Vec::new();
    for layer in 0..3 {
        let dims = [SIZES[layer], SIZES[layer + 1]];
        let weight = Expr::input(&format!("w{layer}"), Shape::shared(&dims));
        let bias = Expr::input(&format!("b{layer}"), Shape::shared(&dims[1..]));
        hidden = hidden.matmul(&weight) + &bias;
        if layer < 2 {
            hidden = Expr::constant(0.0).max(hidden);
        }
        parameters.push((format!("w{layer}"), weight));
        parameters.push((format!("b{layer}"), bias));
    }
    (hidden, parameters)
}

/// Mean squared error and gradient descent with momentum.
pub fn training_program() -> Program {
    let (output, parameters) = network();
    let y = Expr::input("y", Shape::rows(&[1]));
    let count = Expr::variable("count");
    let loss = (output - y).powf(2.0).sum(0).sum_over_rows() / &count;
    let variables: Vec<Expr> = parameters.iter().map(|(_, expr)| expr.clone()).collect();
    let gradients = gradient(&loss, &variables).unwrap();
    let mut updates = Vec::new();
    for ((name, parameter), gradient) in parameters.iter().zip(gradients) {
        let state = format!("momentum of {name}");
        let momentum = Expr::input(&state, parameter.shape());
        let momentum = 0.9 * momentum + gradient;
        updates.push((name.clone(), parameter - 0.01 * &momentum));
        updates.push((state, momentum));
    }
    let updates: Vec<(&str, Expr)> =
        updates.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    compile(&[loss], &updates).unwrap()
}

/// Numbers in [−1, 1) from a linear congruence.
pub fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    std::iter::repeat_with(next).take(count).collect()
}

pub fn set_parameters<T: Number>(engine: &mut Engine<T>) {
    for (seed, (name, expr)) in (1..).zip(network().1) {
        let values: Vec<T> = numbers(expr.shape().elements(), seed)
            .into_iter()
            .map(|x| T::from_f64(f64::from(x) * 0.3))
            .collect();
        let input = engine.program().input(&name).unwrap();
        engine.set_input(input, &values).unwrap();
    }
}

/// Tells the program how many rows a batch has, and keeps what the steps left.
pub struct Control {
    pub losses: Vec<f64>,
    pub allocations: Vec<usize>,
    count: fn() -> usize,
}

impl<T: Number> StepControl<T> for Control {
    fn before(&mut self, rows: Selection<'_>, values: &mut SharedValues<'_, T>) {
        let input = values.find("count").unwrap();
        values.input_mut(input).fill(T::from_f64(rows.count() as f64));
    }
    fn after(&mut self, _: Selection<'_>, values: &mut SharedValues<'_, T>) -> bool {
        self.allocations.push((self.count)());
        self.losses.push(values.output(0)[0].to_f64());
        true
    }
}

impl Control {
    fn new(steps: usize, count: fn() -> usize) -> Self {
        Self { losses: Vec::with_capacity(steps), allocations: Vec::with_capacity(steps), count }
    }
}

pub const ROWS: usize = 517;

/// Trains three epochs; the losses of the steps and the parameters at the end.
pub fn train<T: Number>(
    source: &dyn RowSource,
    options: Options,
    size: usize,
) -> (Control, Vec<T>) {
    train_counting(source, options, size, || 0)
}

/// As [`train`], keeping what `count` says after each step.
pub fn train_counting<T: Number>(
    source: &dyn RowSource,
    options: Options,
    size: usize,
    count: fn() -> usize,
) -> (Control, Vec<T>) {
    let mut engine = Engine::<T>::new(training_program(), options);
    set_parameters(&mut engine);
    let order: Vec<u32> = (0..ROWS as u32).map(|i| i * 101 % ROWS as u32).collect();
    let mut control = Control::new(3 * ROWS, count);
    for _ in 0..3 {
        let batches = Batches { rows: Selection::Rows(&order), size, seed: 0, first_step: 0 };
        engine.run_steps(source, batches, &mut control).unwrap();
    }
    let parameters = network()
        .1
        .iter()
        .flat_map(|(name, _)| engine.input(engine.program().input(name).unwrap()).to_vec())
        .collect();
    (control, parameters)
}

pub fn with_data<R>(run: impl FnOnce(&dyn RowSource) -> R) -> R {
    let x = numbers(ROWS * SIZES[0], 99);
    let y: Vec<f32> = x.chunks(8).map(|x| x[0] * 2.0 + x[1] * x[2] - x[3].abs()).collect();
    let source = Matrices::new(&[
        ("x", Matrix::new(Data::F32(&x), ROWS, 8).unwrap()),
        ("y", Matrix::new(Data::F32(&y), ROWS, 1).unwrap()),
    ]);
    run(&source.unwrap())
}
