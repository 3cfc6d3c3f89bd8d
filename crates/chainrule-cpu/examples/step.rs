//! Times one training step (gather, forward, backward and update) of the workloads of the bench, on
//! random rows: `cargo run --release --example step [W1|W2|W3|W4|W5] [threads] [profile|program]`
use std::time::Instant;

use chainrule_core::compile::compile;
use chainrule_core::derivative::gradient;
use chainrule_core::op::{Along, Reduction};
use chainrule_core::{Expr, Shape};
use chainrule_cpu::{
    Batches, Data, Engine, Matrices, Matrix, Options, Selection, SharedValues, StepControl,
};

struct Workload {
    sizes: &'static [usize],
    rows: usize,
    batch: usize,
    tanh: bool,
    /// The loss of the outputs of a row.
    loss: fn(&Expr, &Expr) -> Expr,
    /// From a parameter, its gradient and its states to the new parameter and the new states.
    update: fn(&Expr, &Expr, &[Expr]) -> Vec<Expr>,
    states: usize,
}

fn workload(name: &str) -> Workload {
    let squared = |y: &Expr, p: &Expr| (p - y).powf(2.0).sum(0);
    let logistic = |y: &Expr, z: &Expr| (z.clone().softplus() - y * z).sum(0);
    let softmax = |y: &Expr, z: &Expr| {
        let shifted = z - z.clone().reduce(Reduction::Max, Along::Axis(0)).stop_gradient();
        let total = shifted.clone().reduce(Reduction::LogSumExp, Along::Axis(0));
        total - shifted.gather(y.clone().reshape(&[]))
    };
    let sgd = |w: &Expr, g: &Expr, _: &[Expr]| vec![w - 0.01 * g];
    let (w1, w3): (&[usize], &[usize]) = (&[8, 64, 64, 1], &[64, 128, 64, 10]);
    let usual = Workload {
        sizes: w1,
        rows: 20_480,
        batch: 32,
        tanh: false,
        loss: squared,
        update: sgd,
        states: 0,
    };
    match name {
        "W2" => {
            Workload { sizes: &[30, 16, 16, 1], rows: 9_088, tanh: true, loss: logistic, ..usual }
        }
        "W3" => Workload {
            sizes: w3,
            rows: 19_712,
            batch: 64,
            loss: softmax,
            update: adam,
            states: 2,
            ..usual
        },
        "W4" => Workload {
            sizes: &[784, 512, 256, 10],
            rows: 19_968,
            batch: 128,
            loss: softmax,
            update: |w, g, states| {
                let speed = 0.9 * &states[0] + g;
                vec![w - 0.01 * &speed, speed]
            },
            states: 1,
            ..usual
        },
        "W5" => Workload {
            sizes: &[1024, 2048, 2048, 1],
            rows: 8_192,
            batch: 512,
            update: adam,
            states: 2,
            ..usual
        },
        _ => usual,
    }
}

fn adam(w: &Expr, g: &Expr, states: &[Expr]) -> Vec<Expr> {
    let step = Expr::variable("step");
    let kept = |beta: f64| -(&step * libm::log(beta)).expm1();
    let mean = &states[0] + 0.1 * (g - &states[0]);
    let square = 0.999 * &states[1] + 0.001 * (g * g);
    let (rate, correction) = (1e-3 / kept(0.9), 1.0 / kept(0.999).sqrt());
    vec![w - rate * &mean / (square.clone().sqrt() * correction + 1e-8), mean, square]
}

struct Losses {
    sum: f64,
    step: Option<usize>,
    number: f32,
}

impl StepControl<f32> for Losses {
    fn before(&mut self, _: Selection<'_>, values: &mut SharedValues<'_, f32>) {
        self.number += 1.0;
        if let Some(step) = self.step {
            values.input_mut(step).fill(self.number);
        }
    }
    fn after(&mut self, _: Selection<'_>, values: &mut SharedValues<'_, f32>) -> bool {
        self.sum += f64::from(values.output(0)[0]);
        true
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |at: usize| arguments.get(at).map_or("", String::as_str);
    let threads = argument(1).parse().unwrap_or(1);
    let work = workload(argument(0));
    let (inputs, outputs) = (work.sizes[0], work.sizes[work.sizes.len() - 1]);
    let y = Expr::input("y", Shape::rows(&[1]));
    let mut hidden = Expr::input("x", Shape::rows(&[inputs]));
    let mut parameters = Vec::new();
    for (layer, size) in work.sizes.windows(2).enumerate() {
        let w = Expr::input(&format!("w{layer}"), Shape::shared(size));
        let b = Expr::input(&format!("b{layer}"), Shape::shared(&size[1..]));
        hidden = hidden.matmul(&w) + &b;
        if layer + 2 < work.sizes.len() {
            hidden = if work.tanh { hidden.tanh() } else { Expr::constant(0.0).max(hidden) };
        }
        parameters.push((format!("w{layer}"), w));
        parameters.push((format!("b{layer}"), b));
    }
    let loss = ((work.loss)(&y, &hidden) * (1.0 / work.batch as f64)).sum_over_rows();
    let variables: Vec<Expr> = parameters.iter().map(|(_, expr)| expr.clone()).collect();
    let mut updates: Vec<(String, Expr)> = Vec::new();
    for ((name, parameter), gradient) in parameters.iter().zip(gradient(&loss, &variables).unwrap())
    {
        let names: Vec<String> = (0..work.states).map(|state| format!("{name}.{state}")).collect();
        let states: Vec<Expr> =
            names.iter().map(|name| Expr::input(name, parameter.shape())).collect();
        let new = (work.update)(parameter, &gradient, &states);
        updates.extend(std::iter::once(name.clone()).chain(names).zip(new));
    }
    let updates: Vec<(&str, Expr)> =
        updates.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    let start = Instant::now();
    let program = compile(&[loss], &updates).unwrap();
    println!("compiled in {:?}", start.elapsed());
    if argument(2) == "program" {
        println!("{program}");
    }
    let step = program.input("step");
    let profile = argument(2) == "profile";
    let mut engine =
        Engine::<f32>::new(program, Options { threads, profile, ..Options::default() });
    let mut state = 1u64;
    let mut number = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    for (name, expr) in &parameters {
        let dims = expr.shape().dims;
        if dims.len() == 2 {
            let limit = (6.0 / (dims[0] + dims[1]) as f32).sqrt();
            let values: Vec<f32> = (0..dims[0] * dims[1]).map(|_| number() * limit).collect();
            let input = engine.program().input(name).unwrap();
            engine.set_input(input, &values).unwrap();
        }
    }
    let x: Vec<f32> = (0..work.rows * inputs).map(|_| number()).collect();
    let target = |x: &[f32]| x[0] * 3.0 + x[1] * x[2] + x[4] / 2.0;
    let y: Vec<f32> = x
        .chunks(inputs)
        .map(|x| match outputs {
            1 if work.tanh => f32::from(target(x) > 0.0),
            1 => target(x),
            classes => (target(x) + 4.0).clamp(0.0, 7.9) / 8.0 * classes as f32,
        })
        .map(|y| if outputs > 1 { y.floor() } else { y })
        .collect();
    let source = Matrices::new(&[
        ("x", Matrix::new(Data::F32(&x), work.rows, inputs).unwrap()),
        ("y", Matrix::new(Data::F32(&y), work.rows, 1).unwrap()),
    ])
    .unwrap();
    let order: Vec<u32> = (0..work.rows as u32).map(|i| i * 7919 % work.rows as u32).collect();
    let steps = work.rows / work.batch;
    let macs: usize = work.sizes.windows(2).map(|size| size[0] * size[1]).sum();
    let operations = work.batch * (6 * macs - 2 * work.sizes[0] * work.sizes[1]);
    let epochs = (200_000_000_000 / (operations * steps)).clamp(3, 40);
    let mut losses = Losses { sum: 0.0, step, number: 0.0 };
    let mut times = Vec::new();
    for _ in 0..epochs {
        losses.sum = 0.0;
        let rows = Selection::Rows(&order[..steps * work.batch]);
        let batches = Batches { rows, size: work.batch, seed: 0, first_step: 0 };
        let start = Instant::now();
        engine.run_steps(&source, batches, &mut losses).unwrap();
        times.push(start.elapsed().as_secs_f64() * 1e6 / steps as f64);
    }
    times.sort_by(f64::total_cmp);
    let (best, median) = (times[0], times[times.len() / 2]);
    let rate = operations as f64 / median / 1e3;
    let loss = losses.sum / steps as f64;
    println!("{median:.2} µs a step (best {best:.2}), {rate:.1} GFLOP/s, loss {loss:.5}");
    for time in engine.profile() {
        let calls = time.calls.max(1) as f64;
        let (nanoseconds, rate) =
            (time.seconds * 1e9 / calls, time.operations / time.seconds / 1e9);
        println!("{}  {:<55} {nanoseconds:>8.0} ns {rate:>8.1} G/s", time.phase, time.kernel);
    }
}
