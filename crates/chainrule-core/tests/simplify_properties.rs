//! Simplified expressions against their originals, over random formulas and graphs.

mod bounded_values;
mod random_graphs;

use bounded_values::bounded_value;
use chainrule_core::Expr;
use chainrule_core::derivative::{derivatives, gradient, push_forward};
use chainrule_core::function::ELEMENTARY;
use chainrule_core::graph::Graph;
use chainrule_core::op::{Binary, Compare, Op, Unary};
use chainrule_core::oracle::{Setting, evaluate_graph};
use chainrule_core::simplify::{simplify, simplify_derivative, written_derivatives};
use chainrule_core::text::{LONGEST, Scope, parse};
use random_graphs::{Dice, cases, random_graph};

const VARIABLES: [&str; 3] = ["x", "y", "n"];

/// A formula of about `size` operations, whose parts are used more than once.
fn random_formula(dice: &mut Dice, size: usize) -> Expr {
    let constants =
        [0.0, 1.0, 2.0, 3.0, -1.0, -2.0, 0.5, 0.1, 1.5, 4.0, 10.0, 0.123_456_789_012_345_68];
    let mut parts: Vec<Expr> = VARIABLES.iter().map(|name| Expr::variable(name)).collect();
    let leaves = parts.len();
    while parts.len() < leaves + size {
        let count = parts.len();
        // The latest parts are used more often, so that formulas get deep.
        let mut any = || match dice.below(6) {
            0 => Expr::constant(constants[dice.below(constants.len())]),
            1 | 2 => parts[dice.below(count)].clone(),
            _ => parts[count - 1 - dice.below(count.min(4))].clone(),
        };
        let (a, b, c, d) = (any(), any(), any(), any());
        let part = match dice.below(24) {
            0..=3 => a + b,
            4..=6 => a - b,
            7..=11 => a * b,
            12 | 13 => a / b,
            14 => -a,
            15 => a.powf([2.0, 3.0, 0.5, -1.0, 4.0, 1.5][dice.below(6)]),
            16 => a.powf(b),
            17 => a.exp(),
            18 => a.sqrt(),
            19 => a.compare(Compare::ALL[dice.below(3)], b).select(c, d),
            20 => a.binary([Binary::Max, Binary::Min][dice.below(2)], b),
            21 => ELEMENTARY[dice.below(ELEMENTARY.len())].call(&[a]),
            _ => a.unary(Unary::ALL[dice.below(Unary::ALL.len())]),
        };
        if part.error().is_none() {
            parts.push(part);
        }
    }
    parts.swap_remove(parts.len() - 1)
}

/// A value of x, y and n: some whole, some small, some not.
fn random_point(dice: &mut Dice, with_edges: bool) -> [(&'static str, f64); 3] {
    let edges = [0.0, 1.0, -1.0, 2.0, 0.5, -2.0];
    VARIABLES.map(|name| {
        let is_edge = with_edges && dice.below(3) == 0;
        (name, if is_edge { edges[dice.below(edges.len())] } else { dice.number() })
    })
}

/// Whether a guard of the derivative holds at the point, which a derivative on paper lacks.
fn is_guarded(expr: &Expr, point: &[(&str, f64)]) -> bool {
    let graph = Graph::new(std::slice::from_ref(expr)).unwrap();
    graph.nodes.iter().any(|node| {
        node.op == Op::Compare(Compare::Eq) && bounded_value(&node.expr, point).value != 0.0
    })
}

/// Compares at a point; whether that told anything.
fn same_value(original: &Expr, simple: &Expr, point: &[(&str, f64)], what: &str) -> bool {
    let before = bounded_value(original, point);
    if !before.is_defined || !before.is_sure || before.error > 1e-3 * (1.0 + before.value.abs()) {
        return false;
    }
    let after = bounded_value(simple, point);
    let allowed = 1e-9 * before.value.abs() + 64.0 * (before.error + after.error);
    assert!(
        after.value.is_finite() && (before.value - after.value).abs() <= allowed,
        "{what} at {point:?}: {} and not {}, allowed {allowed:e}\n{original}\n{simple}",
        after.value,
        before.value,
    );
    true
}

fn reads_back(expr: &Expr, what: &str) {
    let text = expr.to_string();
    if text.len() <= 64 * LONGEST {
        let scope = Scope::free().longest(text.len());
        assert_eq!(parse(&text, &scope).unwrap(), *expr, "{what}: {text}");
    }
}

#[test]
fn a_formula_keeps_its_value_wherever_it_is_defined() {
    let (mut points, mut informative) = (0, 0);
    for seed in 0..cases(4000) {
        let mut dice = Dice(seed);
        let size = 1 + dice.below(14);
        let formula = random_formula(&mut dice, size);
        let simple = simplify(&formula);
        let what = format!("seed {seed}");
        assert_eq!(simplify(&simple), simple, "{what}: not done at once\n{formula}\n{simple}");
        reads_back(&simple, &what);
        for _ in 0..8 {
            let point = random_point(&mut dice, true);
            points += 1;
            informative += u32::from(same_value(&formula, &simple, &point, &what));
        }
    }
    assert!(informative > points / 4, "only {informative} of {points} points told anything");
}

#[test]
fn derivatives_keep_their_values_with_and_without_guards() {
    let x = Expr::variable("x");
    let (mut points, mut informative) = (0, 0);
    for seed in 0..cases(1500) {
        let mut dice = Dice(seed ^ 0x5EED_0000);
        let size = 1 + dice.below(8);
        let formula = random_formula(&mut dice, size);
        let computed = derivatives(&formula, &x, 2).unwrap();
        let written = written_derivatives(&formula, &x, 2).unwrap();
        for order in 1..=2 {
            let what = format!("seed {seed}, order {order}, of {formula}");
            let guarded = simplify(&computed[order]);
            assert_eq!(simplify(&guarded), guarded, "{what}: not done at once");
            let plain = simplify_derivative(&computed[order], &formula);
            let again = simplify_derivative(&written[order], &written[order - 1]);
            assert_eq!(again, written[order], "{what}: not done at once");
            reads_back(&guarded, &what);
            reads_back(&written[order], &what);
            for _ in 0..6 {
                let point = random_point(&mut dice, true);
                points += 1;
                informative += u32::from(same_value(&computed[order], &guarded, &point, &what));
                if (1..=order).all(|order| !is_guarded(&computed[order], &point)) {
                    same_value(&computed[order], &plain, &point, &what);
                    same_value(&computed[order], &written[order], &point, &what);
                }
            }
        }
    }
    assert!(informative > points / 4, "only {informative} of {points} points told anything");
}

fn values_of(root: &Expr, bindings: &[(&str, &[f64])], rows: usize) -> Vec<f64> {
    let graph = Graph::new(std::slice::from_ref(root)).unwrap();
    evaluate_graph(&graph, bindings, Setting { rows, seed: 3, step: 4 }).unwrap().remove(0)
}

/// Whether every value on the way is finite.
fn is_defined_throughout(root: &Expr, bindings: &[(&str, &[f64])], rows: usize) -> bool {
    let nodes = Graph::new(std::slice::from_ref(root)).unwrap().nodes;
    let all: Vec<Expr> = nodes.into_iter().map(|node| node.expr).collect();
    let graph = Graph::new(&all).unwrap();
    let values = evaluate_graph(&graph, bindings, Setting { rows, seed: 3, step: 4 }).unwrap();
    values.iter().flatten().all(|value| value.is_finite())
}

#[test]
fn rows_and_matrices_keep_their_shapes_and_values() {
    let mut informative = 0;
    for seed in 0..cases(400) {
        let graph = random_graph(seed, 1 + (seed as usize) % 14, false);
        let variables: Vec<Expr> = graph.inputs.iter().map(|given| given.expr.clone()).collect();
        let directions: Vec<(Expr, Expr)> = variables
            .iter()
            .map(|variable| (variable.clone(), Expr::constant(0.7).broadcast(&variable.shape())))
            .collect();
        let mut originals = vec![graph.last.clone(), graph.root.clone()];
        originals.extend(gradient(&graph.root, &variables).unwrap());
        originals.push(push_forward(&graph.last, &directions).unwrap());
        for (i, original) in originals.iter().enumerate() {
            if !is_defined_throughout(original, &graph.bindings(), graph.rows) {
                continue;
            }
            let derivative = simplify_derivative(original, &graph.last);
            for simple in [simplify(original), derivative] {
                assert_eq!(simple.shape(), original.shape(), "seed {seed}, {i}");
                let before = values_of(original, &graph.bindings(), graph.rows);
                let after = values_of(&simple, &graph.bindings(), graph.rows);
                assert_eq!(before.len(), after.len());
                for (a, b) in before.iter().zip(&after) {
                    // Steps and ties of random values are not near, so rounding is all there is.
                    let close = (a - b).abs() <= 1e-9 * (1.0 + a.abs());
                    assert!(close, "seed {seed}, {i}: {a} {b}\n{original}\n{simple}");
                    informative += 1;
                }
            }
        }
    }
    assert!(informative > 5000, "only {informative} values");
}

#[test]
fn simplifying_a_tensor_twice_changes_nothing_more() {
    for seed in 0..cases(300) {
        let graph = random_graph(seed, 1 + (seed as usize) % 14, false);
        let simple = simplify(&graph.root);
        assert_eq!(simplify(&simple), simple, "seed {seed}");
        let variable = graph.inputs[0].expr.clone();
        let slope = gradient(&graph.root, &[variable]).unwrap().remove(0);
        let simple = simplify(&slope);
        assert_eq!(simplify(&simple), simple, "seed {seed}");
    }
}
