//! The activations: every row of their table.

use chainrule::activations::{ACTIVATIONS, Activation, FUNCTIONS, activation};
use chainrule::error::ErrorKind;
use chainrule_core::derivative::push_forward;
use chainrule_core::latex::{latex, latex_in};
use chainrule_core::text::{Scope, parse};
use chainrule_core::{Expr, Shape};

use crate::golden::{cases, number};
use crate::running::{By, assert_close, rounded};
use crate::subject::Subject;

/// A row of so many numbers, called x.
fn row(width: usize) -> Expr {
    Expr::input("x", Shape::rows(&[width]))
}

/// A number made of the activation's results, each with a factor of its own.
fn subject(activation: &Activation) -> Subject {
    let width = if activation.elementwise { 1 } else { 3 };
    let x = row(width);
    let factors = Expr::input("factors", Shape::rows(&[width]));
    let value = (activation.apply(&x) * factors).sum(0);
    let numbers = [-2.3, -0.7, 0.4, 1.9, 3.1];
    Subject {
        name: activation.name().to_owned(),
        x,
        value,
        given: ("factors", [1.0, -2.0, 0.5][..width].to_vec()),
        smooth: (numbers.iter())
            .map(|x| (0..width).map(|i| x / (1.0 + i as f64) - 0.3 * i as f64).collect())
            .collect(),
        around: |x, width| [x, 0.0, 1.0][..width].to_vec(),
        domain: |_| true,
        takes_infinity: activation.elementwise,
    }
}

/// Every point of an activation as a row and its result.
fn points(activation: &Activation) -> Vec<(Vec<f64>, Vec<f64>)> {
    let numbers = activation.function.points.iter().map(|&(x, y)| (x.to_vec(), vec![y]));
    let rows = activation.row_points.iter().map(|&(x, y)| (x.to_vec(), y.to_vec()));
    numbers.chain(rows).collect()
}

#[test]
fn each_passes_through_its_points_as_its_formula_does() {
    for activation in ACTIVATIONS {
        let points = points(activation);
        assert!(points.len() >= 2, "{} needs two points", activation.name());
        assert_eq!(activation.elementwise, activation.row_points.is_empty());
        for (input, expected) in points {
            let x = row(input.len());
            let scope = Scope::closed().variable("x", x.clone());
            let formula = parse(activation.function.formula, &scope).unwrap();
            for by in By::ALL {
                let roots = [activation.apply(&x), formula.clone()];
                for found in by.values(&roots, &[("x", &input)], 1) {
                    let relative = if by == By::F32 { 2e-6 } else { 4.0 * f64::EPSILON };
                    assert_close(&found, &expected, (relative, 0.0), &(activation.name(), by));
                }
            }
        }
    }
}

#[test]
fn values_and_derivatives_are_the_golden_ones() {
    let mut checked = 0;
    for case in cases(include_str!("../golden/functions.json")) {
        let activation = activation(case["f"].as_str().unwrap()).unwrap();
        let x = Expr::input("x", Shape::rows(&[]));
        let value = activation.apply(&x);
        let slope = push_forward(&value, &[(x, Expr::constant(1.0))]).unwrap();
        let slope = slope.broadcast(&Shape::rows(&[]));
        let at = number(&case["x"]);
        let mut expected = vec![number(&case["y"])];
        expected.extend(case.get("dy").map(number));
        for by in [By::Oracle, By::F64] {
            let found = by.values(&[value.clone(), slope.clone()], &[("x", &[at])], 1);
            let found = &found.concat()[..expected.len()];
            assert_close(found, &expected, (1e-13, 1e-320), &(activation.name(), by, at));
        }
        // In f32 where rounding moves neither x nor the result much.
        if rounded(at) == at && at.abs() < 80.0 {
            let found = By::F32.values(&[value, slope], &[("x", &[at])], 1);
            let found = &found.concat()[..expected.len()];
            assert_close(found, &expected, (1e-6, 1e-37), &(activation.name(), "f32", at));
        }
        checked += 1;
    }
    assert!(checked > 180, "only {checked} golden values");
}

#[test]
fn derivatives_are_central_differences_first_and_second() {
    for activation in ACTIVATIONS {
        subject(activation).moves();
        subject(activation).equals_its_differences();
    }
}

#[test]
fn compiled_they_are_what_the_oracle_says() {
    for activation in ACTIVATIONS {
        subject(activation).compiles_to_what_the_oracle_says();
    }
}

#[test]
fn they_are_sound_at_every_size_at_infinity_and_at_nan() {
    for activation in ACTIVATIONS {
        subject(activation).is_sound_everywhere();
    }
}

#[test]
fn what_is_printed_is_read_back() {
    for activation in ACTIVATIONS {
        let x = row(3);
        let scope = Scope::closed().variable("x", x.clone()).functions(FUNCTIONS);
        let applied = activation.apply(&(2.0 * &x - 1.0));
        let slope = push_forward(&applied, &[(x.clone(), Expr::constant(1.0))]).unwrap();
        for expr in [applied, (activation.function.build)(&[x]), slope] {
            let text = expr.to_string();
            assert_eq!(parse(&text, &scope).unwrap(), expr, "{text}");
        }
        let text = activation.apply(&row(3)).to_string();
        assert_eq!(text, format!("{}(x)", activation.name()));
    }
}

#[test]
fn each_has_its_latex() {
    let known = [
        ("linear", r"\operatorname{linear}\left(x\right)", r"x"),
        ("sigmoid", r"\sigma\left(x\right)", r"\frac{1}{1 + e^{-x}}"),
        ("relu", r"\operatorname{relu}\left(x\right)", r"\max\left(0, x\right)"),
        ("tanh", r"\tanh\left(x\right)", r"\tanh\left(x\right)"),
        (
            "softmax",
            r"\operatorname{softmax}\left(x_{i}\right)",
            r"e^{x_{i} - \operatorname{logsumexp}_{\mathrm{axis}\,0}\left(x_{i}\right)}",
        ),
    ];
    for activation in ACTIVATIONS {
        let x = if activation.elementwise { Expr::variable("x") } else { row(3) };
        let scope = Scope::closed().variable("x", x.clone()).functions(FUNCTIONS);
        let name = latex_in(&activation.apply(&x), &scope).unwrap();
        let formula = latex(&parse(activation.function.formula, &scope).unwrap()).unwrap();
        assert!(name.contains(activation.function.latex.unwrap_or(activation.name())), "{name}");
        match known.iter().find(|(known, ..)| *known == activation.name()) {
            Some((_, known_name, known_formula)) => {
                assert_eq!((&*name, &*formula), (*known_name, *known_formula));
            }
            None => assert!(!formula.is_empty()),
        }
    }
}

#[test]
fn a_misspelt_name_offers_the_nearest() {
    let error = activation("sigmiod").unwrap_err();
    let offered = matches!(
        error.kind(),
        ErrorKind::UnknownName { nearest: Some(nearest), available, .. }
            if nearest == "sigmoid" && available.len() == ACTIVATIONS.len()
    );
    assert!(offered, "{error}");
    assert!(activation("").is_err());
}

#[test]
fn a_function_of_a_row_refuses_a_single_number() {
    let softmax = activation("softmax").unwrap();
    assert!(softmax.apply(&Expr::variable("x")).node().is_err());
    // Along the last of two axes it is a softmax of each.
    let x = Expr::input("x", Shape::rows(&[2, 2]));
    let found = By::F64.values(&[softmax.apply(&x)], &[("x", &[0.0, 0.0, 1.0, 1.0])], 1);
    assert_close(&found[0], &[0.5; 4], (1e-15, 0.0), &"softmax of two rows");
}
