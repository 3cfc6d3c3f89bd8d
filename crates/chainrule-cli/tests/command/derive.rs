//! `chainrule derive`: values against a computer algebra system, kinks, domains, what is shown.

use serde_json::Value;

use super::Folder;

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

fn derive(words: &[&str]) -> super::Run {
    let words: Vec<&str> = ["derive"].iter().chain(words).copied().collect();
    Folder::new().run(&words)
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

#[test]
fn the_issue_s_example_is_shown_as_a_teacher_writes_it() {
    let run = derive(&["a*x^2 + b*x", "--by", "x", "--at", "x=3,a=2,b=1"]).succeeded();
    for said in ["2*a*x + b", "sum rule", "13", "best"] {
        assert!(run.out.contains(said), "{said:?} is not in {}", run.out);
    }
    let all = derive(&["a*x^2 + b*x", "--json"]).succeeded().json().remove(0);
    let texts: Vec<&str> = all["derivatives"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["text"].as_str().unwrap())
        .collect();
    assert_eq!(texts, ["x^2", "2*a*x + b", "x"]);
    assert!(all["derivatives"][1]["latex"].as_str().unwrap().contains("2 a x + b"));
    assert!(all.get("value").is_none_or(Value::is_null));
    // A formula without the variable is a constant to it.
    let none = derive(&["x^2", "--by", "y", "--json"]).succeeded().json().remove(0);
    assert_eq!(none["derivatives"][0]["text"], "0");
}

#[test]
fn the_limit_gets_better_and_then_worse() {
    let found = derive(&["exp(x)", "--at", "x=1", "--json"]).succeeded().json().remove(0);
    let rows = found["limit"].as_array().unwrap();
    let error = |row: usize, name: &str| number(&rows[row][name]);
    assert!(error(0, "forward_error") > 1e5 * error(6, "forward_error"));
    assert!(error(11, "forward_error") > 10.0 * error(7, "forward_error"));
    assert!(error(0, "central_error") < error(0, "forward_error"));
    // In single precision it is over much sooner.
    let words = ["exp(x)", "--at", "x=1", "--f32", "--json"];
    let found = derive(&words).succeeded().json().remove(0);
    let best = |row: &&Value| row["best"].as_array().unwrap().iter().any(|b| b == "forward");
    let best = found["limit"].as_array().unwrap().iter().find(best).unwrap().clone();
    assert!((1e-5..=1e-2).contains(&number(&best["step"])), "{best}");
}

#[test]
fn a_kink_has_two_slopes_and_a_convention() {
    for (formula, said) in [
        ("abs(x)", "-1 from the left, 1 from the right; training uses 0"),
        ("relu(x)", "0 from the left, 1 from the right; training uses 0"),
        ("sqrt(x)", "from the right"),
    ] {
        let run = derive(&[formula, "--at", "x=0"]).succeeded();
        assert!(run.out.contains(said), "{said:?} is not in {}", run.out);
    }
}

#[test]
fn what_is_not_defined_is_named_with_its_part_and_place() {
    for (formula, at, said) in [
        ("2 + log(x - 5)", "x=3", "log(x - 5) is not defined at x = 3: its argument is -2"),
        ("1/x", "x=0", "division by 0"),
        ("(x - 1)/(x - 1)", "x=1", "0/0"),
        ("sqrt(x)", "x=-4", "-4"),
        ("log_a(x)", "a=1,x=2", "the base of a logarithm cannot be 1"),
        ("x^0.5", "x=-2", "-2"),
        ("exp(exp(x))", "x=10", "exp(exp(x))"),
    ] {
        let run = derive(&[formula, "--at", at]);
        assert_eq!(run.code, Some(1), "{formula}: {}{}", run.out, run.err);
        assert!(run.err.contains(said), "{said:?} is not in {}", run.err);
        let json = derive(&[formula, "--at", at, "--json"]);
        assert_eq!(json.code, Some(1), "{formula}");
    }
}

#[test]
fn a_wrong_command_line_says_what_to_correct() {
    for (words, said) in [
        (&["x^2 +", "--at", "x=1"][..], "x^2 +\n"),
        (&["a*x^2", "--at", "x=3"], "no value for a"),
        (&["sigmiod(x)"], "sigmoid"),
    ] {
        let run = derive(words);
        assert_eq!(run.code, Some(2), "{words:?}: {}{}", run.out, run.err);
        assert!(run.err.contains(said), "{said:?} is not in {}", run.err);
    }
}
