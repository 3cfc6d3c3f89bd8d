//! The activations: every row of their table.

use chainrule::activations::{ACTIVATIONS, Activation, FUNCTIONS, activation};
use chainrule::error::ErrorKind;
use chainrule_core::derivative::{gradient, push_forward};
use chainrule_core::function::FunctionRow;
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

/// The activation of `x`, with the first values of what it learns.
fn applied(activation: &Activation, x: &Expr) -> Expr {
    let learned: Vec<Expr> = activation.learned.iter().map(|&(_, value)| value.into()).collect();
    activation.apply_with(x, &learned)
}

/// A number made of the activation's results, each with a factor of its own.
fn subject(activation: &Activation) -> Subject {
    let width = if activation.elementwise { 1 } else { 3 };
    let x = row(width);
    let factors = Expr::input("factors", Shape::rows(&[width]));
    let value = (applied(activation, &x) * factors).sum(0);
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

/// A point: a row, the arguments after x, and the result.
type Point = (Vec<f64>, Vec<f64>, Vec<f64>);

/// Every point of an activation.
fn points(activation: &Activation) -> Vec<Point> {
    let numbers = activation.function.points.iter();
    let numbers = numbers.map(|&(x, y)| (vec![x[0]], x[1..].to_vec(), vec![y]));
    let rows = activation.row_points.iter();
    let rows = rows.map(|&(x, y)| (x.to_vec(), Vec::new(), y.to_vec()));
    numbers.chain(rows).collect()
}

#[test]
fn each_passes_through_its_points_as_its_formula_does() {
    for activation in ACTIVATIONS {
        let points = points(activation);
        assert!(points.len() >= 2, "{} needs two points", activation.name());
        assert_eq!(activation.elementwise, activation.row_points.is_empty());
        let FunctionRow { parameters, defaults, formula, .. } = activation.function;
        for (input, others, expected) in points {
            let x = row(input.len());
            let others: Vec<Expr> = others.into_iter().map(Expr::constant).collect();
            let value = activation.function.call(&[std::slice::from_ref(&x), &others].concat());
            let missing = parameters.len() - 1 - others.len();
            let defaults = defaults[defaults.len() - missing..].iter().map(|&x| Expr::constant(x));
            let arguments = std::iter::once(x).chain(others.clone()).chain(defaults);
            let scope = (parameters.iter().zip(arguments))
                .fold(Scope::closed(), |scope, (name, value)| scope.variable(name, value));
            let formula = parse(formula, &scope).unwrap();
            for by in By::ALL {
                let roots = [value.clone(), formula.clone()];
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
    let x = Expr::input("x", Shape::rows(&[]));
    let scope = Scope::closed().variable("x", x.clone()).functions(FUNCTIONS);
    let mut checked = 0;
    for case in cases(include_str!("../golden/functions.json")) {
        let name = case["f"].as_str().unwrap();
        let value = parse(&format!("{name}(x)"), &scope).unwrap();
        let slope = push_forward(&value, &[(x.clone(), Expr::constant(1.0))]).unwrap();
        let slope = slope.broadcast(&Shape::rows(&[]));
        let at = number(&case["x"]);
        let mut expected = vec![number(&case["y"])];
        expected.extend(case.get("dy").map(number));
        for by in [By::Oracle, By::F64] {
            let found = by.values(&[value.clone(), slope.clone()], &[("x", &[at])], 1);
            let found = &found.concat()[..expected.len()];
            assert_close(found, &expected, (1e-13, 1e-320), &(name, by, at));
        }
        // In f32 where rounding moves neither x nor the result much.
        if rounded(at) == at && at.abs() < 80.0 {
            let found = By::F32.values(&[value, slope], &[("x", &[at])], 1);
            let found = &found.concat()[..expected.len()];
            assert_close(found, &expected, (1e-6, 1e-37), &(name, "f32", at));
        }
        checked += 1;
    }
    assert_eq!(checked, 743);
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
        let value = applied(activation, &(2.0 * &x - 1.0));
        let slope = push_forward(&value, &[(x.clone(), Expr::constant(1.0))]).unwrap();
        let body = value.node().unwrap().operands()[0].clone();
        for expr in [value, body, slope] {
            let text = expr.to_string();
            assert_eq!(parse(&text, &scope).unwrap(), expr, "{text}");
        }
        let learned = activation.learned.iter().map(|(_, value)| format!(", {value}"));
        let text = applied(activation, &row(3)).to_string();
        assert_eq!(text, format!("{}(x{})", activation.name(), learned.collect::<String>()));
    }
}

#[test]
fn what_is_left_out_of_a_formula_has_its_default() {
    let x = row(1);
    let scope = Scope::closed().variable("x", x.clone()).functions(FUNCTIONS);
    for (text, expected) in [
        ("leaky_relu(x)", -0.02),
        ("leaky_relu(x, 0.2)", -0.4),
        ("elu(x)", -0.864_664_716_763_387_3),
        ("elu(x, x*x)", -3.458_658_867_053_549),
        ("linear(x, 3)", -6.0),
        ("linear(x, 3, 1)", -5.0),
        ("prelu(x, 0.5)", -1.0),
    ] {
        let value = parse(text, &scope).unwrap();
        assert_eq!(value.to_string(), text);
        let found = By::F64.values(&[value], &[("x", &[-2.0])], 1);
        assert_close(&found[0], &[expected], (1e-15, 0.0), &text);
    }
    for (text, counts) in
        [("leaky_relu()", "1 to 2"), ("elu(x, 1, 2)", "1 to 2"), ("prelu(x)", "2")]
    {
        let error = parse(text, &scope).unwrap_err().to_string();
        assert!(error.contains(&format!("takes {counts} argument")), "{error}");
    }
}

#[test]
fn what_is_learned_has_the_derivative_of_its_difference() {
    for activation in ACTIVATIONS.iter().filter(|activation| activation.elementwise) {
        let learned: Vec<Expr> =
            activation.learned.iter().map(|(name, _)| Expr::variable(name)).collect();
        let x = Expr::variable("x");
        let value = activation.apply_with(&x, &learned);
        let slopes = gradient(&value, &learned).unwrap();
        for (slope, &(name, first)) in slopes.into_iter().zip(activation.learned) {
            for at in [-2.0, 3.0] {
                let of = |root: &Expr, learned: f64| {
                    let given: [(&str, &[f64]); 2] = [("x", &[at]), (name, &[learned])];
                    By::Oracle.values(std::slice::from_ref(root), &given, 1)[0][0]
                };
                let difference = (of(&value, first + 0.5) - of(&value, first - 0.5)) / 1.0;
                assert_close(&[of(&slope, first)], &[difference], (1e-12, 0.0), &(name, at));
            }
        }
    }
}

#[test]
fn each_says_what_it_is_and_when_to_use_it_in_both_languages() {
    let is_hangul = |letter: char| ('가'..='힣').contains(&letter);
    for activation in ACTIVATIONS {
        for words in [activation.function.doc, activation.use_it] {
            assert!(words.english.ends_with('.'), "{}", activation.name());
            assert!(
                words.korean.ends_with('.') && words.korean.contains(is_hangul)
                    || words.korean.contains("Misra"),
                "{}",
                words.korean
            );
        }
    }
}

/// The values stay inside of what the row says, and come near both ends.
#[test]
fn each_takes_the_values_that_it_says() {
    let near_zero = (-4000..4000).map(|i| f64::from(i) / 400.0);
    let numbers: Vec<f64> = near_zero.chain([-1e4, 1e4]).collect();
    for activation in ACTIVATIONS {
        let FunctionRow { domain, range, .. } = activation.function;
        assert_eq!(domain, "-inf < x < inf");
        let ends: Vec<f64> =
            (range.split_whitespace().step_by(4)).map(|end| end.parse().unwrap()).collect();
        let [low, high] = ends[..] else { panic!("{range}") };
        let x = row(1);
        let x = if activation.elementwise { x } else { Expr::concat(&[x, row(1) * 0.0], 0) };
        let value = applied(activation, &x).slice(0, 0, 1);
        let found = By::F64.values(&[value], &[("x", &numbers)], numbers.len()).remove(0);
        let least = found.iter().copied().fold(f64::INFINITY, f64::min);
        let most = found.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let name = activation.name();
        assert!(least >= low && most <= high, "{name}: {least} to {most}, not {range}");
        let near = |found: f64, end: f64| match end.is_finite() {
            true => (found - end).abs() < 0.1,
            false => found.abs() >= 100.0,
        };
        assert!(near(least, low) && near(most, high), "{name}: {least} to {most}, not {range}");
    }
}

/// The spacing of the f32 numbers at a number.
fn spacing(at: f64) -> f64 {
    let exponent = (at.abs().to_bits() >> 52).clamp(1023 - 126, 1023 + 127);
    f64::from_bits((exponent - 23) << 52)
}

/// A value is off by at most 3 units in its last place, or by less than the rounding of x: in
/// the tail of a function like x·Φ(x), where it is tiny, digits of the factor are lost.
///
/// `-- --nocapture` shows the worst of each, in units in the last place of the value.
#[test]
fn in_f32_the_values_have_nearly_all_their_digits() {
    // Numbers of every size, and many of those that a network meets.
    let every_size = (0..=u32::MAX).step_by(200_003).map(f32::from_bits);
    let usual = (-8000..8000).map(|i| i as f32 * (1.0 / 400.0));
    let numbers: Vec<f64> =
        every_size.chain(usual).filter(|x| x.is_finite()).map(f64::from).collect();
    for activation in ACTIVATIONS.iter().filter(|activation| activation.elementwise) {
        let name = activation.name();
        let value = applied(activation, &row(1));
        let [found, exact] = [By::F32, By::Oracle].map(|by| {
            by.values(std::slice::from_ref(&value), &[("x", &numbers)], numbers.len()).remove(0)
        });
        let [mut everywhere, mut not_tiny] = [(0.0, 0.0); 2];
        for ((&found, &exact), &x) in found.iter().zip(&exact).zip(&numbers) {
            let error = match found == f64::from(exact as f32) {
                true => 0.0,
                false => (found - exact).abs(),
            };
            let units = error / spacing(exact);
            assert!(units <= 3.0 || error <= 0.5 * spacing(x), "{name}({x:e}): {units} ulp");
            if units > everywhere.0 {
                everywhere = (units, x);
            }
            if units > not_tiny.0 && exact.abs() >= 1e-3 {
                not_tiny = (units, x);
            }
        }
        let [(most, at), (usual, usual_at)] = [everywhere, not_tiny];
        println!("{name:13} {most:7.2} at {at:.3e}; {usual:5.2} at {usual_at:.3e} if above 0.001");
    }
}

#[test]
fn each_has_its_latex() {
    let known = [
        ("linear", r"\operatorname{linear}\left(x\right)", r"a x + b"),
        ("sigmoid", r"\sigma\left(x\right)", r"\frac{1}{1 + e^{-x}}"),
        ("relu", r"\operatorname{relu}\left(x\right)", r"\max\left(0, x\right)"),
        ("tanh", r"\tanh\left(x\right)", r"\tanh\left(x\right)"),
        (
            "softmax",
            r"\operatorname{softmax}\left(x_{i}\right)",
            r"e^{x_{i} - \operatorname{logsumexp}_{\mathrm{axis}\,0}\left(x_{i}\right)}",
        ),
        ("gelu", r"\operatorname{gelu}\left(x\right)", r"x \Phi\left(x\right)"),
        (
            "prelu",
            r"\operatorname{prelu}\left(x, 0.25\right)",
            r"\begin{cases} x & \text{if } x > 0 \\ a x & \text{otherwise} \end{cases}",
        ),
        (
            "log_sigmoid",
            r"\operatorname{log\_sigmoid}\left(x\right)",
            r"-\log\left(1 + e^{-x}\right)",
        ),
    ];
    for activation in ACTIVATIONS {
        let x = if activation.elementwise { Expr::variable("x") } else { row(3) };
        let scope = Scope::closed().variable("x", x.clone()).functions(FUNCTIONS);
        let name = latex_in(&applied(activation, &x), &scope).unwrap();
        let scope = (activation.function.parameters[1..].iter())
            .fold(scope, |scope, name| scope.variable(name, Expr::variable(name)));
        let formula = latex(&parse(activation.function.formula, &scope).unwrap()).unwrap();
        let escaped = activation.name().replace('_', r"\_");
        assert!(name.contains(activation.function.latex.unwrap_or(&escaped)), "{name}");
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
