//! Tries the single-precision functions on every `f32` and prints the largest error of each.
//!
//! `cargo run --release -p chainrule-cpu --example math_sweep [STEP] [NAME…]` takes every STEP-th
//! bit pattern (1 unless told, about a minute a function) of the functions whose names begin with
//! a NAME. Exits with 1 if an error exceeds its bound.
#![allow(unsafe_code)]

#[path = "../tests/math_reference/mod.rs"]
mod math_reference;

use std::process::ExitCode;

use chainrule_cpu::Isa;
use math_reference::{Function, functions, ulp_error};

/// The largest error in ulp, the argument that has it, and the share of results that are not the
/// nearest `f32`.
fn sweep(function: &Function, isa: Isa, step: usize) -> (f64, f32, f64) {
    let mut worst = (-1.0, 0.0);
    let (mut count, mut inexact) = (0_u64, 0_u64);
    let mut patterns = (0..=u32::MAX).step_by(step);
    let mut x: Vec<f32> = Vec::with_capacity(4096);
    let mut y = vec![0.0; 4096];
    loop {
        x.clear();
        x.extend(patterns.by_ref().take(4096).map(f32::from_bits));
        if x.is_empty() {
            return (worst.0, worst.1, inexact as f64 / count as f64);
        }
        (function.apply)(isa, &x, &mut y[..x.len()]);
        for (&x, &y) in x.iter().zip(&y) {
            let exact = (function.exact)(f64::from(x));
            let error = ulp_error(y, exact);
            if error > worst.0 {
                worst = (error, x);
            }
            count += 1;
            inexact += u64::from(!y.is_nan() && y != exact as f32);
        }
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    let step = arguments.peek().and_then(|step| step.parse().ok());
    if step.is_some() {
        arguments.next();
    }
    let names: Vec<String> = arguments.collect();
    println!("{:18} {:>8}  {:>15} {:>10}  not the nearest", "function", "max ulp", "at", "bits");
    let mut sound = true;
    for function in functions() {
        if !names.is_empty() && !names.iter().any(|name| function.name.starts_with(name.as_str())) {
            continue;
        }
        let (error, x, share) = sweep(&function, Isa::detect(), step.unwrap_or(1));
        let verdict = if error <= function.bound { "" } else { "  ABOVE THE BOUND" };
        sound &= error <= function.bound;
        println!(
            "{:18} {error:8.4}  {x:15e} {:#010x}  {:.3} %{verdict}",
            function.name,
            x.to_bits(),
            100.0 * share,
        );
    }
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
