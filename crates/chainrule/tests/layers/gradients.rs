//! The gradient of a network's loss by every parameter against central differences, in double.

use chainrule::{Expr, Network, Shape};
use chainrule_core::random::Stream;

use crate::running::{By, Given, rounded};

/// Networks of every layer, on rows of five numbers of which the third is a code below 4.
pub fn networks() -> Vec<(&'static str, Network)> {
    let new = || Network::new(5);
    let smooth = "x*sigmoid(1.5*x)";
    vec![
        ("dense", new().dense(6, "tanh").dense(2, "linear")),
        ("activation", new().dense(6, "linear").activation(smooth).dense(2, "linear")),
        ("batch_norm", new().dense(6, "linear").batch_norm().activation("tanh").dense(2, "linear")),
        ("layer_norm", new().dense(6, "linear").layer_norm().activation("tanh").dense(2, "linear")),
        ("embedding", new().embedding(2, 4, 3).dense(6, "tanh").dense(2, "linear")),
        ("prelu", new().dense(6, "prelu").dense(2, "linear")),
        (
            "residual",
            new()
                .residual(|block| block.dense(6, "tanh"))
                .residual(|block| block.dense(4, "tanh").dense(6, "linear"))
                .dense(2, "linear"),
        ),
        (
            "all",
            new()
                .embedding(2, 4, 3)
                .residual(|block| block.dense(8, "linear").batch_norm().activation("silu"))
                .residual(|block| {
                    block.layer_norm().residual(|inner| inner.dense(8, "tanh")).batch_norm()
                })
                .dense(2, "linear"),
        ),
    ]
}

/// Rows for [`networks`].
pub fn rows(count: usize) -> Vec<f64> {
    let mut stream = Stream::new(21, 4);
    let mut x = Vec::new();
    for _ in 0..count {
        x.extend([stream.normal(), stream.normal(), stream.below(5) as f64]);
        x.extend([3.0 * stream.normal() + 1.0, stream.uniform()]);
    }
    x
}

/// A loss of the network's two outputs that bends everywhere, weighted row by row.
fn loss(output: &Expr) -> Expr {
    let weight = Expr::input("weight", Shape::rows(&[]));
    let target = Expr::input("y", Shape::rows(&[2]));
    let per_row = (output - target).tanh().powf(2.0).sum(0);
    (per_row * &weight).sum_over_rows() / weight.sum_over_rows()
}

#[test]
fn every_gradient_agrees_with_central_differences() {
    const ROWS: usize = 7;
    let mut stream = Stream::new(3, 9);
    let (x, weight) = (rows(ROWS), [1.0, 0.5, 0.0, 2.0, 1.0, 0.25, 1.5]);
    let y: Vec<f64> = (0..2 * ROWS).map(|_| stream.normal()).collect();
    for (name, network) in networks() {
        for weighted in [false, true] {
            let built = match weighted {
                true => network.build_weighted(&Expr::input("weight", Shape::rows(&[]))).unwrap(),
                false => network.build(true).unwrap(),
            };
            let loss = loss(&built.output);
            let parameters: Vec<Expr> = built.parameters.iter().map(|p| p.expr.clone()).collect();
            let gradient = chainrule::derivative::gradient(&loss, &parameters).unwrap();
            // Away from where they start: zeros and ones would hide a factor.
            let mut values: Vec<Vec<f64>> = built.initial_parameters(1);
            values.iter_mut().flatten().for_each(|w| *w += 0.3 * stream.normal());
            let states: Vec<Vec<f64>> =
                built.states.iter().map(|s| vec![s.initial; s.dims.iter().product()]).collect();
            let run = |by: By, roots: &[Expr], values: &[Vec<f64>]| {
                let mut given: Vec<Given<'_>> = vec![("x", &x), ("y", &y), ("weight", &weight)];
                let names = built.parameters.iter().map(|p| p.name.as_str());
                given.extend(names.zip(values.iter().map(Vec::as_slice)));
                let names = built.states.iter().map(|s| s.name.as_str());
                given.extend(names.zip(states.iter().map(Vec::as_slice)));
                by.values(roots, &given, ROWS)
            };
            let exact = run(By::Oracle, &gradient, &values);
            let compiled = run(By::F64, &gradient, &values);
            let mut largest: f64 = 0.0;
            for place in 0..values.len() {
                for element in 0..values[place].len() {
                    let at = |step: f64| {
                        let mut moved = values.clone();
                        moved[place][element] += step;
                        run(By::Oracle, std::slice::from_ref(&loss), &moved)[0][0]
                    };
                    // Four points: the error is of the step's fourth order.
                    let h = 1e-4;
                    let numeric =
                        (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
                    let (slope, by_engine) = (exact[place][element], compiled[place][element]);
                    let what = &built.parameters[place].name;
                    let error = (slope - numeric).abs();
                    assert!(error < 1e-8, "{name} {weighted} {what}[{element}]: {slope} {numeric}");
                    let error = (slope - by_engine).abs();
                    assert!(error < 1e-12, "{name} {weighted} {what}[{element}]: {by_engine}");
                    largest = largest.max(slope.abs());
                }
            }
            assert!(largest > 0.01, "{name}: nothing was tested");
        }
    }
}

/// The gradient is computed in single precision as well, to its digits.
#[test]
fn single_precision_follows() {
    let x = rows(64);
    let y = vec![0.5; 128];
    let ones = vec![1.0; 64];
    for (name, network) in networks() {
        let built = network.build(true).unwrap();
        let loss = loss(&built.output);
        let parameters: Vec<Expr> = built.parameters.iter().map(|p| p.expr.clone()).collect();
        let gradient = chainrule::derivative::gradient(&loss, &parameters).unwrap();
        let values: Vec<Vec<f64>> = built
            .initial_parameters(1)
            .into_iter()
            .map(|list| list.into_iter().map(rounded).collect())
            .collect();
        let x: Vec<f64> = x.iter().copied().map(rounded).collect();
        let mut given: Vec<Given<'_>> = vec![("x", &x), ("y", &y), ("weight", &ones)];
        given.extend(
            built.parameters.iter().map(|p| p.name.as_str()).zip(values.iter().map(Vec::as_slice)),
        );
        let states: Vec<Vec<f64>> =
            built.states.iter().map(|s| vec![s.initial; s.dims.iter().product()]).collect();
        given.extend(
            built.states.iter().map(|s| s.name.as_str()).zip(states.iter().map(Vec::as_slice)),
        );
        let double = By::F64.values(&gradient, &given, 64);
        let single = By::F32.values(&gradient, &given, 64);
        for ((double, single), parameter) in double.iter().zip(&single).zip(&built.parameters) {
            let size = double.iter().fold(1e-2, |size: f64, slope| size.max(slope.abs()));
            for (a, b) in double.iter().zip(single) {
                assert!((a - b).abs() < 2e-5 * size, "{name} {}: {a} {b}", parameter.name);
            }
        }
    }
}
