//! Times the training step of an 8-64-64-1 network (ReLU, mean squared error, SGD, batch 32):
//! gather, forward, backward and update. `cargo run --release --example step [threads] [profile]`
use std::time::Instant;

use chainrule_core::compile::compile;
use chainrule_core::derivative::gradient;
use chainrule_core::{Expr, Shape};
use chainrule_cpu::{
    Batches, Data, Engine, Matrices, Matrix, Options, Selection, SharedValues, StepControl,
};

struct Losses(f64);

impl StepControl<f32> for Losses {
    fn before(&mut self, _: Selection<'_>, _: &mut SharedValues<'_, f32>) {}
    fn after(&mut self, _: Selection<'_>, values: &mut SharedValues<'_, f32>) -> bool {
        self.0 += f64::from(values.output(0)[0]);
        true
    }
}

fn main() {
    let threads = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1);
    let profile = std::env::args().nth(2).is_some();
    let sizes = [8, 64, 64, 1];
    let x = Expr::input("x", Shape::rows(&[8]));
    let y = Expr::input("y", Shape::rows(&[1]));
    let mut hidden = x;
    let mut parameters = Vec::new();
    for layer in 0..3 {
        let w = Expr::input(&format!("w{layer}"), Shape::shared(&[sizes[layer], sizes[layer + 1]]));
        let b = Expr::input(&format!("b{layer}"), Shape::shared(&[sizes[layer + 1]]));
        hidden = hidden.matmul(&w) + &b;
        if layer < 2 {
            hidden = Expr::constant(0.0).max(hidden);
        }
        parameters.push((format!("w{layer}"), w));
        parameters.push((format!("b{layer}"), b));
    }
    let loss = ((hidden - y).powf(2.0).sum(0) * (1.0 / 32.0)).sum_over_rows();
    let variables: Vec<Expr> = parameters.iter().map(|(_, expr)| expr.clone()).collect();
    let gradients = gradient(&loss, &variables).unwrap();
    let updates: Vec<(&str, Expr)> = parameters
        .iter()
        .zip(gradients)
        .map(|((name, parameter), gradient)| (name.as_str(), parameter - 0.01 * gradient))
        .collect();
    let start = Instant::now();
    let program = compile(&[loss], &updates).unwrap();
    println!("{program}");
    println!("compiled in {:?}", start.elapsed());
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
    let rows = 20_480;
    let x: Vec<f32> = (0..rows * 8).map(|_| number()).collect();
    let y: Vec<f32> = x.chunks(8).map(|x| x[0] * 3.0 + x[1] * x[2] + x[4] / 2.0).collect();
    let source = Matrices::new(&[
        ("x", Matrix::new(Data::F32(&x), rows, 8).unwrap()),
        ("y", Matrix::new(Data::F32(&y), rows, 1).unwrap()),
    ])
    .unwrap();
    let order: Vec<u32> = (0..rows as u32).map(|i| i * 7919 % rows as u32).collect();
    for epoch in 0..20 {
        let mut losses = Losses(0.0);
        let batches = Batches { rows: Selection::Rows(&order), size: 32, seed: 0, first_step: 0 };
        let start = Instant::now();
        engine.run_steps(&source, batches, &mut losses).unwrap();
        let step = start.elapsed().as_secs_f64() * 1e6 / 640.0;
        if epoch % 5 == 4 {
            println!("epoch {epoch}: {step:.2} µs a step, loss {:.5}", losses.0 / 640.0);
        }
    }
    for time in engine.profile() {
        let calls = time.calls.max(1) as f64;
        let (nanoseconds, rate) =
            (time.seconds * 1e9 / calls, time.operations / time.seconds / 1e9);
        println!("{}  {:<45} {nanoseconds:>8.0} ns {rate:>8.1} G/s", time.phase, time.kernel);
    }
}
