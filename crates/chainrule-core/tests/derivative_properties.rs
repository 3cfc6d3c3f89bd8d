//! The chain rule against central differences on random graphs, and its conventions at kinks.

mod random_graphs;

use std::f64::consts::LN_2;

use chainrule_core::derivative::{derivatives, gradient, pull_back, push_forward};
use chainrule_core::graph::Graph;
use chainrule_core::op::{Along, Reduction, Unary};
use chainrule_core::oracle::{Setting, evaluate, evaluate_graph};
use chainrule_core::{Expr, Shape};
use random_graphs::{Dice, Given, cases, random_graph};

fn value_at(root: &Expr, inputs: &[Given], rows: usize) -> f64 {
    let graph = Graph::new(std::slice::from_ref(root)).unwrap();
    let bindings: Vec<(&str, &[f64])> =
        inputs.iter().map(|given| (given.name.as_str(), given.values.as_slice())).collect();
    evaluate_graph(&graph, &bindings, Setting { rows, seed: 0, step: 0 }).unwrap()[0][0]
}

/// Moves every input along a random direction.
fn moved(inputs: &[Given], direction: &[Vec<f64>], by: f64) -> Vec<Given> {
    inputs
        .iter()
        .zip(direction)
        .map(|(given, direction)| Given {
            values: given.values.iter().zip(direction).map(|(x, d)| x + by * d).collect(),
            ..given.clone()
        })
        .collect()
}

#[test]
fn reverse_and_forward_mode_equal_the_central_difference() {
    let mut informative = 0u64;
    for seed in 0..cases(300) {
        let graph = random_graph(seed, 1 + (seed as usize) % 14, true);
        let mut dice = Dice(seed ^ 0xABCD);
        let direction: Vec<Vec<f64>> = graph
            .inputs
            .iter()
            .map(|given| given.values.iter().map(|_| dice.number()).collect())
            .collect();
        let quotient = |h: f64| {
            let at = |by| value_at(&graph.root, &moved(&graph.inputs, &direction, by), graph.rows);
            (at(h) - at(-h)) / (2.0 * h)
        };
        let (coarse, numeric) = (quotient(2e-5), quotient(1e-5));

        let variables: Vec<Expr> = graph.inputs.iter().map(|given| given.expr.clone()).collect();
        let gradients = gradient(&graph.root, &variables).unwrap();
        let listed = Graph::new(&gradients).unwrap();
        let setting = Setting { rows: graph.rows, seed: 0, step: 0 };
        let values = evaluate_graph(&listed, &graph.bindings(), setting).unwrap();
        let reverse: f64 = values
            .iter()
            .zip(&direction)
            .flat_map(|(gradient, direction)| gradient.iter().zip(direction).map(|(g, d)| g * d))
            .sum();

        let tangents: Vec<(Expr, Expr)> = graph
            .inputs
            .iter()
            .map(|given| {
                let tangent = Expr::input(&format!("d{}", given.name), given.expr.shape());
                (given.expr.clone(), tangent)
            })
            .collect();
        let pushed = push_forward(&graph.root, &tangents).unwrap();
        let mut inputs = graph.inputs.clone();
        inputs.extend(graph.inputs.iter().zip(&direction).map(|(given, direction)| Given {
            name: format!("d{}", given.name),
            expr: given.expr.clone(),
            values: direction.clone(),
        }));
        let forward = value_at(&pushed, &inputs, graph.rows);

        let scale = 1.0 + numeric.abs();
        // Where the function bends much, the two quotients differ, and so may the derivative.
        let allowed = 2e-6 * scale + (coarse - numeric).abs();
        assert!((reverse - numeric).abs() < allowed, "seed {seed}: {reverse} {numeric}");
        assert!((forward - reverse).abs() < 1e-9 * scale, "seed {seed}: {forward} {reverse}");
        informative += u64::from(numeric.abs() > 1e-3);
    }
    assert!(informative > 2 * cases(300) / 3, "only {informative} graphs moved at all");
}

#[test]
fn second_order_equals_the_difference_of_first_order() {
    for seed in 1_000_000..1_000_000 + cases(60) {
        let graph = random_graph(seed, 1 + (seed as usize) % 8, true);
        let variables: Vec<Expr> = graph.inputs.iter().map(|given| given.expr.clone()).collect();
        let directions: Vec<(Expr, Expr)> = graph
            .inputs
            .iter()
            .map(|given| (given.expr.clone(), Expr::constant(0.7).broadcast(&given.expr.shape())))
            .collect();
        // The derivative of the directional derivative along the same direction, both ways.
        let first = push_forward(&graph.root, &directions).unwrap();
        let second = push_forward(&first, &directions).unwrap();
        let mixed = gradient(&first, &variables).unwrap();
        let direction: Vec<Vec<f64>> =
            graph.inputs.iter().map(|given| vec![0.7; given.values.len()]).collect();
        let h = 1e-5;
        let numeric = (value_at(&first, &moved(&graph.inputs, &direction, h), graph.rows)
            - value_at(&first, &moved(&graph.inputs, &direction, -h), graph.rows))
            / (2.0 * h);
        let forward = value_at(&second, &graph.inputs, graph.rows);
        let listed = Graph::new(&mixed).unwrap();
        let setting = Setting { rows: graph.rows, seed: 0, step: 0 };
        let values = evaluate_graph(&listed, &graph.bindings(), setting).unwrap();
        let reverse: f64 = values.iter().flatten().map(|g| 0.7 * g).sum();
        let scale = 1.0 + numeric.abs();
        assert!((forward - numeric).abs() < 1e-5 * scale, "seed {seed}: {forward} {numeric}");
        assert!((reverse - forward).abs() < 1e-8 * scale, "seed {seed}: {reverse} {forward}");
    }
}

fn at(expr: &Expr, inputs: &[(&str, &[f64])]) -> Vec<f64> {
    evaluate(std::slice::from_ref(expr), inputs).unwrap().remove(0)
}

/// The derivative of a function of one number at some points.
fn slope(function: impl Fn(Expr) -> Expr, points: &[f64]) -> Vec<f64> {
    let x = Expr::input("x", Shape::rows(&[]));
    let total = function(x.clone()).sum_over_rows();
    at(&gradient(&total, &[x]).unwrap()[0], &[("x", points)])
}

#[test]
fn conventions_at_kinks() {
    let relu = |x: Expr| Expr::constant(0.0).max(x);
    assert_eq!(slope(relu, &[-1.0, 0.0, 2.0]), [0.0, 0.0, 1.0]);
    let first_of_a_tie = |x: Expr| x.clone().max(x * 3.0);
    assert_eq!(slope(first_of_a_tie, &[0.0, 1.0, -1.0]), [1.0, 3.0, 1.0]);
    assert_eq!(slope(Expr::abs, &[-2.0, 0.0, 3.0]), [-1.0, 0.0, 1.0]);
    assert_eq!(slope(Expr::sqrt, &[0.0, 4.0]), [0.0, 0.25]);
    assert_eq!(slope(|x| x.unary(Unary::Floor), &[0.5]), [0.0]);
}

/// Cases of the public collection, by their ids.
#[test]
fn public_troubles_with_gradients() {
    // ad-where-1
    let guarded = |x: Expr| Expr::constant(0.0).less(x.clone()).select(x.sqrt(), 0.0);
    assert_eq!(slope(guarded, &[0.0, 4.0]), [0.0, 0.25]);
    // the same with a branch whose derivative is infinite in every form
    let logarithm = |x: Expr| Expr::constant(0.0).less(x.clone()).select(x.log(), 0.0);
    assert_eq!(slope(logarithm, &[0.0, 4.0]), [0.0, 0.25]);
    // math-pow-grad-base0-1
    for (exponent, expected) in [(0.0, 0.0), (1.0, 1.0), (2.0, 0.0)] {
        assert_eq!(slope(|x| x.powf(exponent), &[0.0]), [expected]);
        let n = Expr::input("n", Shape::rows(&[]));
        let x = Expr::input("x", Shape::rows(&[]));
        let power = x.clone().powf(&n).sum_over_rows();
        let d = gradient(&power, &[x]).unwrap();
        assert_eq!(at(&d[0], &[("x", &[0.0]), ("n", &[exponent])]), [expected]);
    }
    // math-pow-grad-negbase-2
    assert_eq!(slope(|x| x.powf(2.0), &[-3.0]), [-6.0]);
    assert_eq!(slope(|x| x.powf(3.0), &[-3.0]), [27.0]);
    // math-pow-grad-exponent-3
    let (a, b) = (Expr::input("a", Shape::rows(&[])), Expr::input("b", Shape::rows(&[])));
    let d = gradient(&a.powf(&b).sum_over_rows(), &[b]).unwrap();
    let values = at(&d[0], &[("a", &[0.0, 2.0, 2.0]), ("b", &[3.0, 3.0, 0.0])]);
    for (value, expected) in values.iter().zip([0.0, 8.0 * LN_2, LN_2]) {
        assert!((value - expected).abs() <= 1e-13 * expected, "{value}");
    }
    // ad-maskedmse-3: a NaN target under the mask stays outside the gradient
    let (p, y) = (Expr::input("p", Shape::rows(&[])), Expr::input("y", Shape::rows(&[])));
    let known = y.clone().equals(&y);
    let squared = known.clone().select((&p - &y).powf(2.0), 0.0);
    let loss = squared.sum_over_rows() / known.sum_over_rows();
    let given: [(&str, &[f64]); 2] = [("p", &[1.0, 2.0, 3.0]), ("y", &[0.0, f64::NAN, 5.0])];
    assert_eq!(at(&loss, &given), [2.5]);
    assert_eq!(at(&gradient(&loss, &[p]).unwrap()[0], &given), [1.0, 0.0, -2.0]);
    // ad-unused-inf-4
    let (w, d) = (Expr::input("w", Shape::shared(&[3])), Expr::input("d", Shape::shared(&[3])));
    let picked = |i: f64| (&w / &d).gather(Expr::constant(i));
    let g = gradient(&(picked(0.0) + picked(2.0)), std::slice::from_ref(&w)).unwrap();
    let given: [(&str, &[f64]); 2] = [("w", &[1.0; 3]), ("d", &[1.0, 0.0, 2.0])];
    assert_eq!(at(&g[0], &given), [1.0, 0.0, 0.5]);
    // math-prod-grad-1
    let x = Expr::input("x", Shape::shared(&[4]));
    let part = |i: f64| x.clone().gather(Expr::constant(i));
    let product = part(0.0) * part(1.0) * part(2.0) * part(3.0);
    let g = gradient(&product, std::slice::from_ref(&x)).unwrap();
    assert_eq!(at(&g[0], &[("x", &[3.0, 0.0, 5.0, -2.0])]), [0.0, -30.0, 0.0, 0.0]);
    // math-max-ties-1: the first of the tied receives all
    let x = Expr::input("x", Shape::shared(&[4]));
    let top = x.clone().reduce(Reduction::Max, Along::Axis(0));
    let g = gradient(&top, &[x]).unwrap();
    assert_eq!(at(&g[0], &[("x", &[2.0, 5.0, 5.0, 1.0])]), [0.0, 1.0, 0.0, 0.0]);
    // math-norm-grad-zero-1
    let x = Expr::input("x", Shape::shared(&[3]));
    let norm = x.clone().powf(2.0).sum(0).sqrt();
    assert_eq!(at(&gradient(&norm, &[x]).unwrap()[0], &[("x", &[0.0; 3])]), [0.0; 3]);
    // ad-second-order-1
    let x = Expr::variable("x");
    let cube = derivatives(&(&x * &x * &x), &x, 2).unwrap();
    assert_eq!(at(&cube[2], &[("x", &[-2.0])]), [-12.0]);
    let softplus = derivatives(&x.clone().softplus(), &x, 2).unwrap();
    assert_eq!(at(&softplus[2], &[("x", &[0.0])]), [0.25]);
    // the second derivative where the first is 0: (log x)² at 1, in reverse over reverse
    let x = Expr::variable("x");
    let first = gradient(&x.clone().log().powf(2.0), std::slice::from_ref(&x)).unwrap();
    let second = gradient(&first[0], &[x]).unwrap();
    assert_eq!(at(&second[0], &[("x", &[1.0])]), [2.0]);
    // ad-nonscalar-1
    let x = Expr::input("x", Shape::shared(&[3]));
    let square = x.clone().powf(2.0);
    assert!(gradient(&square, std::slice::from_ref(&x)).is_err());
    let seed = Expr::input("seed", Shape::shared(&[3]));
    let g = pull_back(&square, &seed, &[x]).unwrap();
    let given: [(&str, &[f64]); 2] = [("x", &[1.0, 2.0, 3.0]), ("seed", &[1.0, 0.0, 2.0])];
    assert_eq!(at(&g[0], &given), [2.0, 0.0, 12.0]);
    // math-softmax-masked-1
    let z = Expr::input("z", Shape::shared(&[3]));
    let lse = z.clone().reduce(Reduction::LogSumExp, Along::Axis(0));
    let p = (&z - lse).exp();
    let g = gradient(&p.clone().gather(Expr::constant(0.0)), &[z]).unwrap();
    let given: [(&str, &[f64]); 1] = [("z", &[0.0, 1.0, f64::NEG_INFINITY])];
    let values = [at(&p, &given), at(&g[0], &given)].concat();
    let expected = [
        0.2689414213699951,
        0.7310585786300049,
        0.0,
        0.19661193324148185,
        -0.19661193324148185,
        0.0,
    ];
    for (value, expected) in values.iter().zip(expected) {
        assert!((value - expected).abs() <= 1e-15, "{values:?}");
    }
}

#[test]
fn broadcast_operands_collect_every_repetition() {
    // ad-broadcast-1, -3, -4 and a shared scalar
    let x = Expr::input("x", Shape::rows(&[3]));
    let b = Expr::input("b", Shape::shared(&[3]));
    let s = Expr::input("s", Shape::rows(&[1]));
    let c = Expr::variable("c");
    let total = ((&x + &b).powf(2.0) * &c / &s).sum(0).sum_over_rows();
    let g = gradient(&total, &[b, s, c]).unwrap();
    let given: [(&str, &[f64]); 4] = [
        ("x", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        ("b", &[1.0, 0.0, -1.0]),
        ("s", &[1.0, 2.0]),
        ("c", &[3.0]),
    ];
    assert_eq!(at(&g[0], &given), [27.0, 27.0, 27.0]);
    assert_eq!(at(&g[1], &given), [-36.0, -56.25]);
    assert_eq!(at(&g[2], &given), [49.5]);
}
