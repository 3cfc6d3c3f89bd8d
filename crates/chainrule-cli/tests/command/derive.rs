//! `derive`: what a student sees, what a program reads, and what is wrong with a formula.

use serde_json::Value;

use super::{Folder, Run};

/// A formula, a point, and f, f′, f″ there: from SymPy, with 20 digits.
#[allow(clippy::approx_constant, reason = "the table is as it was computed")]
const GOLDEN: &[(&str, f64, [f64; 3])] = &[
    ("3*x^2 + 2*x - 5", 2.0, [11.0, 14.0, 6.0]),
    ("x^3", -1.5, [-3.375, 6.75, -9.0]),
    ("1/x", 0.25, [4.0, -16.0, 128.0]),
    ("sqrt(x)", 2.0, [1.4142135623730951, 0.3535533905932738, -0.08838834764831845]),
    ("exp(2*x)", 0.5, [2.718281828459045, 5.43656365691809, 10.87312731383618]),
    ("log(x)", 3.0, [1.0986122886681098, 0.3333333333333333, -0.1111111111111111]),
    ("log_2(x)", 3.0, [1.584962500721156, 0.4808983469629878, -0.1602994489876626]),
    ("sin(x^2)", 1.0, [0.8414709848078965, 1.0806046117362795, -2.2852793274953065]),
    ("x^2*sin(x)", 1.25, [1.4827884677431034, 2.865152739631573, 1.9917925829444123]),
    ("exp(-x^2/2)", 0.75, [0.7548396019890073, -0.5661297014917555, -0.3302423258701907]),
    ("sigmoid(x)", -2.0, [0.11920292202211756, 0.10499358540350652, 0.07996250105615306]),
    ("tanh(x)", 0.5, [0.46211715726000974, 0.7864477329659274, -0.7268619813835873]),
    ("softplus(x)", -1.0, [0.3132616875182228, 0.2689414213699951, 0.19661193324148185]),
    ("x/(1 + x)", 2.0, [0.6666666666666666, 0.1111111111111111, -0.07407407407407407]),
    ("x^x", 1.5, [1.8371173070873836, 2.5820042746129492, 4.85366178834622]),
    ("2^x", 3.0, [8.0, 5.545177444479562, 3.8436241113456115]),
    ("cos(x)/x", 2.0, [-0.2080734182735712, -0.35061200427605527, 0.5586854225496265]),
    ("log(sin(x))", 1.0, [-0.17260374626909167, 0.6420926159343308, -1.4122829274373918]),
    ("(3*x + 1)^5", 0.25, [16.4130859375, 140.68359375, 964.6875]),
    ("tan(x)", 0.5, [0.5463024898437905, 1.2984464104095248, 1.4186890138709114]),
    ("atan(x)", 2.0, [1.1071487177940904, 0.2, -0.16]),
    ("erf(x)", 0.5, [0.5204998778130465, 0.8787825789354448, -0.8787825789354448]),
    ("sinh(x)*cosh(x)", 0.5, [0.5876005968219007, 1.5430806348152437, 2.3504023872876028]),
    ("log(cosh(x))", 1.5, [0.8554401710137968, 0.9051482536448664, 0.18070663892364852]),
    ("gelu(x)", 1.0, [0.8413447460685429, 1.0833154705876864, 0.24197072451914334]),
    ("silu(x)", 1.0, [0.7310585786300049, 0.9276705118714867, 0.3023661188100153]),
    ("sqrt(1 + x^2)", 2.0, [2.23606797749979, 0.8944271909999159, 0.08944271909999159]),
    ("exp(sin(x))", 1.0, [2.319776824715853, 1.2533807674934467, -1.274820370420696]),
    ("1/(1 + exp(-3*x))", 0.5, [0.8175744761936437, 0.44743935621099856, -0.8525719150627741]),
    ("x*log(x)", 2.5, [2.2907268296853878, 1.916290731874155, 0.4]),
    ("log1p(x^2)", 0.5, [0.22314355131420976, 0.8, 0.96]),
    ("mish(x)", 0.5, [0.37524521130489513, 0.8864243753577272, 0.4680533778448866]),
];

fn derive(words: &[&str]) -> Run {
    let words: Vec<&str> = std::iter::once("derive").chain(words.iter().copied()).collect();
    Folder::new().run(&words)
}

/// The one object of `--json`.
fn object(words: &[&str]) -> Value {
    let run = derive(&[words, &["--json"]].concat()).succeeded();
    let mut lines = run.json();
    assert_eq!(lines.len(), 1, "{}", run.out);
    lines.remove(0)
}

fn number(value: &Value) -> f64 {
    match value {
        Value::String(text) => text.parse().unwrap(),
        _ => value.as_f64().unwrap(),
    }
}

#[test]
fn values_are_those_of_a_computer_algebra_system() {
    for &(formula, x, expected) in GOLDEN {
        let at = format!("x={x}");
        let words = [formula, "--by", "x", "--order", "2", "--at", &at, "--json"];
        let found = derive(&words).succeeded().json().remove(0);
        let of_order = |order: usize| match order {
            0 => &found["value"],
            _ => &found["derivatives"][order - 1]["value"],
        };
        for (order, expected) in expected.into_iter().enumerate() {
            let found = number(of_order(order));
            let near = (found - expected).abs() <= 1e-12 * expected.abs().max(1e-3);
            assert!(near, "{formula}, order {order}: {found}, not {expected}");
        }
        // The numeric check is another way to the same.
        let first = &found["derivatives"][0];
        let apart = (number(&first["numeric"]) - expected[1]).abs();
        assert!(apart <= 1e-6 * expected[1].abs().max(1e-3), "{formula}: {first}");
    }
}

#[track_caller]
fn assert_shows(run: &Run, lines: &[&str]) {
    for line in lines {
        assert!(run.out.lines().any(|found| found == *line), "{line:?} is not in\n{}", run.out);
    }
}

#[test]
fn the_example_of_the_book_as_a_person_sees_it() {
    let run = derive(&["a*x^2 + b*x", "--by", "x", "--at", "x=3,a=2,b=1"]).succeeded();
    assert_shows(
        &run,
        &[
            "f       a*x^2 + b*x",
            "∂f/∂x   2*a*x + b",
            "at x = 3, a = 2, b = 1",
            "f          21",
            "∂f/∂x      13   differences give the same",
            "  f = a*x^2 + b*x = 21                            sum rule",
            "      f' = (a*x^2)' + (b*x)' = 2*a*x + b = 13",
            "            central = (f(x + Δx) - f(x - Δx))/(2*Δx)",
        ],
    );
    assert_eq!(run.err, "");
    let widest = run.out.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(90), "{}", run.out);
}

#[test]
fn the_object_has_the_keys_that_the_design_gives() {
    let found = object(&["a*x^2", "--by", "x", "--at", "x=3,a=3"]);
    assert_eq!(found["formula"], "a*x^2");
    assert_eq!(found["latex"], "a x^{2}");
    assert_eq!(found["value"], 27.0);
    assert_eq!(found["at"]["x"], 3.0);
    let derivative = &found["derivatives"][0];
    assert_eq!(derivative["by"], "x");
    assert_eq!(derivative["order"], 1);
    assert_eq!(derivative["text"], "2*a*x");
    assert_eq!(derivative["latex"], "2 a x");
    assert_eq!(derivative["value"], 18.0);
    assert!((derivative["numeric"].as_f64().unwrap() - 18.0).abs() < 1e-9);
    assert_eq!(derivative["agrees"], true);
}

#[test]
fn every_variable_is_differentiated_by_unless_one_is_named() {
    let found = object(&["a*x^2 + b*x"]);
    let texts: Vec<(&str, &str)> = (found["derivatives"].as_array().unwrap().iter())
        .map(|partial| (partial["by"].as_str().unwrap(), partial["text"].as_str().unwrap()))
        .collect();
    assert_eq!(texts, [("a", "x^2"), ("x", "2*a*x + b"), ("b", "x")]);
    assert!(found.get("value").is_none() && found.get("steps").is_none());
    let found = object(&["a*x^2", "--by", "a,x", "--order", "2"]);
    let orders: Vec<String> = (found["derivatives"].as_array().unwrap().iter())
        .map(|partial| format!("{} {} {}", partial["by"], partial["order"], partial["text"]))
        .collect();
    assert_eq!(
        orders,
        [
            r#""a" 1 "x^2""#,
            r#""a" 2 "0""#,
            r#""x" 1 "2*a*x""#,
            r#""x" 2 "2*a""#,
            r#""a,x" 2 "2*x""#
        ]
    );
}

#[test]
fn the_chain_rule_is_told_step_by_step() {
    let found = object(&["sin(x^2)", "--at", "x=2"]);
    let steps = found["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 2);
    assert_eq!(steps[0]["name"], "u");
    assert_eq!(steps[0]["text"], "x^2");
    assert_eq!(steps[0]["rule"], "power rule");
    assert_eq!(steps[0]["derivative"], "2*x");
    assert_eq!(steps[0]["derivative_value"], 4.0);
    assert_eq!(steps[1]["text"], "sin(u)");
    assert_eq!(steps[1]["locals"][0]["by"], "u");
    assert_eq!(steps[1]["locals"][0]["text"], "cos(u)");
    assert_eq!(steps[1]["locals"][0]["latex"], r"\cos\left(u\right)");
    assert_eq!(steps[1]["product"], "cos(u)*u'");
    assert_eq!(steps[1]["product_latex"], r"\cos\left(u\right) \cdot u'");
    assert_eq!(steps[1]["derivative"], "2*x*cos(x^2)");
    // Long chains are told if they are asked for.
    let long = format!("{}x{}", "sin(".repeat(20), ")".repeat(20));
    let run = derive(&[&long]).succeeded();
    assert!(run.out.contains("20 steps; --steps shows them"), "{}", run.out);
    let told = object(&[&long, "--steps"]);
    assert_eq!(told["steps"].as_array().unwrap().len(), 20);
    assert!(object(&["sin(x^2)", "--brief"]).get("steps").is_none());
}

#[test]
fn the_limit_is_a_table_with_its_best_step() {
    let best = |words: &[&str], which: &str| {
        let found = object(words);
        let rows = found["limit"].as_array().unwrap().clone();
        let is_best = |row: &&Value| row["best"].as_array().unwrap().iter().any(|b| b == which);
        let row = rows.iter().find(is_best).unwrap().clone();
        assert!(row[format!("{which}_error")].as_f64().unwrap() < 1e-2);
        (rows.len(), row["step"].as_f64().unwrap())
    };
    let (count, step) = best(&["exp(x)*x", "--at", "x=0.7"], "forward");
    assert_eq!(count, 12);
    assert!((1e-9..=1e-7).contains(&step), "{step}");
    let (_, step) = best(&["exp(x)*x", "--at", "x=0.7"], "central");
    assert!((1e-6..=1e-4).contains(&step), "{step}");
    let (count, step) = best(&["exp(x)", "--at", "x=1", "--f32"], "forward");
    assert_eq!(count, 7);
    assert!((1e-4..=1e-2).contains(&step), "{step}");
    let run = derive(&["sin(x)", "--at", "x=1"]).succeeded();
    assert_eq!(run.out.matches("best").count(), 2);
    assert!(run.out.contains("The two balance near √ε ≈ 1e-8 (central: near ∛ε ≈ 6e-6)."));
}

#[test]
fn a_kink_has_two_slopes_and_the_convention_of_training() {
    let found = object(&["abs(x)", "--at", "x=0"]);
    let slope = &found["derivatives"][0];
    assert_eq!((&slope["left"], &slope["right"]), (&(-1.0).into(), &1.0.into()));
    assert_eq!((&slope["value"], &slope["training"]), (&0.0.into(), &0.0.into()));
    assert_eq!(slope["note"], "no derivative: -1 from the left, 1 from the right; training uses 0");
    let found = object(&["sqrt(x)", "--at", "x=0"]);
    let slope = &found["derivatives"][0];
    assert_eq!((&slope["value"], &slope["left"]), (&"inf".into(), &"nan".into()));
    assert_eq!(slope["training"], 0.0);
    let run = derive(&["relu(x)", "--at", "x=0"]).succeeded();
    assert!(run.out.contains("0 from the left, 1 from the right; training uses 0"));
}

#[test]
fn what_is_not_defined_says_so_and_fails() {
    for (formula, at, problem) in [
        ("log(x - 5)", "x=3", "log(x - 5) is not defined at x = 3: its argument is -2"),
        ("log(x)", "x=0", "log(x) is not defined at x = 0: its argument is 0"),
        ("log_a(x)", "x=2,a=1", "the base of a logarithm cannot be 1"),
        ("x/x", "x=0", "x/x is not defined at x = 0: it is 0/0"),
        ("exp(x)", "x=1000", "exp(x) is too large at x = 1000"),
        ("log(-1)", "", "log(-1) is not defined: its argument is -1"),
    ] {
        let words = if at.is_empty() { vec![formula] } else { vec![formula, "--at", at] };
        let run = derive(&words);
        assert_eq!(run.code, Some(1), "{formula}");
        assert!(run.err.starts_with("chainrule: error: "), "{}", run.err);
        assert!(run.err.contains(problem), "{}", run.err);
        let run = derive(&[&words[..], &["--json"]].concat());
        assert_eq!(run.code, Some(1), "{formula}");
        let found = run.json().remove(0);
        let value = if formula == "exp(x)" { "inf" } else { "nan" };
        assert_eq!(found["value"], value, "{formula}");
        assert!(found["problem"].as_str().unwrap().contains(problem), "{found}");
    }
}

#[test]
fn a_parse_error_points_at_the_character_also_below_hangul() {
    let run = derive(&["2*sigmiod(x)"]);
    run.failed(2, &["did you mean `sigmoid`? at character 3\n  2*sigmiod(x)\n    ^\n"]);
    derive(&["가격*2 + )"]).failed(2, &["at character 8\n  가격*2 + )\n           ^\n"]);
    derive(&[""]).failed(2, &["at character 1"]);
    derive(&["x", "--at", "x=2*(1"]).failed(2, &["at character 5"]);
    // Nothing that a formula holds reaches the terminal.
    derive(&["x + \u{1b}[31m"]).failed(2, &["\\u{1b}"]);
}

#[test]
fn a_point_that_does_not_fit_is_refused() {
    derive(&["a*x + b", "--at", "x=3"]).failed(2, &["no value for a, b"]);
    derive(&["alpha*x", "--at", "x=3,alpha=1,alhpa=2"]).failed(2, &["did you mean \"alpha\"?"]);
    derive(&["x", "--at", "x"]).failed(2, &["--at is x", "as in x=3"]);
    derive(&["x", "--at", "x=1/0"]).failed(2, &["a finite value"]);
    derive(&["softmax(x)"]).failed(2, &["a whole row of numbers"]);
    derive(&["iota([3], axis=0)*x"]).failed(2, &["must be one number, but it is shared[3]"]);
    let run = derive(&["x", "--order", "0"]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("a whole number from 1 to 6"), "{}", run.err);
}

#[test]
fn names_signs_and_values_are_taken_as_people_write_them() {
    let found = object(&["-가격^2", "--at", "가격=-1/2"]);
    assert_eq!(found["value"], -0.25);
    assert_eq!(found["derivatives"][0]["by"], "가격");
    assert_eq!(found["derivatives"][0]["value"], 1.0);
    let found = object(&["a*sin(x)", "--at", "x=pi/2", "--at", "a=2"]);
    assert_eq!(found["value"], 2.0);
    // A formula without variables has its value at once.
    assert_eq!(object(&["2^10"])["value"], 1024.0);
    let run = derive(&["x^2", "--by", "y", "--json"]).succeeded();
    assert_eq!(run.json()[0]["derivatives"][0]["text"], "0");
    assert!(run.err.contains("y does not occur in the formula"), "{}", run.err);
}

#[test]
fn single_precision_shows_what_training_computes() {
    let found = object(&["exp(x)", "--at", "x=1", "--f32"]);
    assert_eq!(found["precision"], "f32");
    assert_eq!(found["value"], f64::from(std::f32::consts::E));
    let run = derive(&["exp(x)", "--at", "x=1", "--f32"]).succeeded();
    assert_shows(&run, &["at x = 1, in f32"]);
    let run = derive(&["exp(x)", "--at", "x=100", "--f32"]);
    run_failed_with(&run, "3.4e38 is the largest number of f32");
}

#[track_caller]
fn run_failed_with(run: &Run, said: &str) {
    assert_eq!(run.code, Some(1));
    assert!(run.err.contains(said), "{}", run.err);
}
