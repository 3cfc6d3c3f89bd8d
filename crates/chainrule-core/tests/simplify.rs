//! What a teacher would write: derivatives and formulas as text and as LaTeX, guards, large graphs.

use chainrule_core::derivative::{derivatives, gradient, push_forward};
use chainrule_core::function::FunctionRow;
use chainrule_core::graph::Graph;
use chainrule_core::latex::latex;
use chainrule_core::op::Unary;
use chainrule_core::simplify::{simplify, simplify_derivative, written_derivatives};
use chainrule_core::text::{Scope, parse};
use chainrule_core::{Expr, Shape};

fn read(text: &str) -> Expr {
    parse(text, &Scope::free()).unwrap_or_else(|error| panic!("{error}"))
}

/// The written derivative of a formula by x.
fn written(text: &str, order: usize) -> Expr {
    written_derivatives(&read(text), &Expr::variable("x"), order).unwrap().remove(order)
}

#[test]
fn first_derivatives_are_those_of_a_textbook() {
    for (formula, expected) in [
        // powers and polynomials
        ("3", "0"),
        ("x", "1"),
        ("x^3", "3*x^2"),
        ("a*x^2 + b*x", "2*a*x + b"),
        ("-x^2 + 4*x - 3", "-2*x + 4"),
        ("x^2/3 + x/2 + 1", "2*x/3 + 1/2"),
        ("x^5/5", "x^4"),
        ("0.1*x^3", "0.3*x^2"),
        ("1/x", "-1/x^2"),
        ("x^(-2)", "-2/x^3"),
        ("x^n", "n*x^(n - 1)"),
        ("1/x^n", "-n*x^(-n - 1)"),
        ("x^2*y^3", "2*x*y^3"),
        ("pi*x^2", "2*pi*x"),
        // roots
        ("sqrt(x)", "1/(2*sqrt(x))"),
        ("1/sqrt(x)", "-1/(2*x^(3/2))"),
        ("x*sqrt(x)", "3*sqrt(x)/2"),
        ("x^1.5", "1.5*x^0.5"),
        ("x^(1/3)", "1/(3*x^(2/3))"),
        ("sqrt(x^2 + 1)", "x/sqrt(x^2 + 1)"),
        ("sqrt(1 - x^2)", "-x/sqrt(1 - x^2)"),
        ("sqrt(x^2)", "x/abs(x)"),
        // the chain rule
        ("(3*x + 1)^5", "15*(3*x + 1)^4"),
        ("(a*x + b)^n", "a*n*(a*x + b)^(n - 1)"),
        ("sin(x^2)", "2*x*cos(x^2)"),
        ("sin(cos(x))", "-sin(x)*cos(cos(x))"),
        ("exp(2*x)", "2*exp(2*x)"),
        ("exp(-x^2/2)", "-x*exp(-x^2/2)"),
        ("exp(x^2 + x)", "(2*x + 1)*exp(x^2 + x)"),
        ("exp(exp(x))", "exp(x)*exp(exp(x))"),
        ("log(sin(x))", "cos(x)/sin(x)"),
        ("log(log(x))", "1/(x*log(x))"),
        // products
        ("x^2*sin(x)", "2*x*sin(x) + x^2*cos(x)"),
        ("sin(a*x)*b", "a*b*cos(a*x)"),
        ("sin(2*x)*cos(3*x)", "2*cos(2*x)*cos(3*x) - 3*sin(2*x)*sin(3*x)"),
        ("x*sin(x)*exp(x)", "sin(x)*exp(x) + x*cos(x)*exp(x) + x*sin(x)*exp(x)"),
        ("exp(a*x)*cos(b*x)", "a*exp(a*x)*cos(b*x) - b*exp(a*x)*sin(b*x)"),
        ("x*exp(x)", "(x + 1)*exp(x)"),
        ("x*exp(-x^2/2)", "(1 - x^2)*exp(-x^2/2)"),
        ("x*log(x)", "log(x) + 1"),
        ("x*log(x) - x", "log(x)"),
        ("x*(x + 1)^5", "(x + 1)^4*(6*x + 1)"),
        ("(x + 1)*(x + 2)*(x + 3)", "(x + 3)*(2*x + 3) + (x + 1)*(x + 2)"),
        // quotients
        ("x/(1 + x)", "1/(1 + x)^2"),
        ("x/(1 + x^2)", "(1 - x^2)/(1 + x^2)^2"),
        ("(x^2 - 1)/(x^2 + 1)", "4*x/(x^2 + 1)^2"),
        ("(2*x + 1)/(3*x - 2)", "-7/(3*x - 2)^2"),
        ("1/(a + b*x)", "-b/(a + b*x)^2"),
        ("log(x)/x", "(1 - log(x))/x^2"),
        ("sin(x)/x", "cos(x)/x - sin(x)/x^2"),
        ("exp(x)/x", "(x - 1)*exp(x)/x^2"),
        ("sin(x)/(1 + cos(x))", "1/(1 + cos(x))"),
        // exponentials and logarithms
        ("2^x", "2^x*log(2)"),
        ("a^x", "a^x*log(a)"),
        ("x^x", "x^x*(log(x) + 1)"),
        ("log(x)", "1/x"),
        ("log_2(x)", "1/(x*log(2))"),
        ("log_a(x)", "1/(x*log(a))"),
        ("log(x^2)", "2/x"),
        ("log(x)^2", "2*log(x)/x"),
        ("log1p(x)", "1/(1 + x)"),
        ("expm1(x)", "exp(x)"),
        // circle and hyperbola
        ("sin(x)", "cos(x)"),
        ("cos(x)", "-sin(x)"),
        ("tan(x)", "1/cos(x)^2"),
        ("sin(x)^2", "2*sin(x)*cos(x)"),
        ("atan(x)", "1/(1 + x^2)"),
        ("sinh(x)", "cosh(x)"),
        ("cosh(x)", "sinh(x)"),
        ("log(cosh(y - x))", "-tanh(y - x)"),
        ("tanh(x)", "1 - tanh(x)^2"),
        // networks
        ("sigmoid(x)", "sigmoid(x)*(1 - sigmoid(x))"),
        ("1/(1 + exp(-x))", "exp(-x)/(1 + exp(-x))^2"),
        ("sigmoid(a*x + b)", "a*sigmoid(a*x + b)*(1 - sigmoid(a*x + b))"),
        ("x*sigmoid(x)", "sigmoid(x) + x*sigmoid(x)*(1 - sigmoid(x))"),
        ("softplus(x)", "sigmoid(x)"),
        ("softplus(x) - y*x", "sigmoid(x) - y"),
        ("x/(1 + abs(x))", "1/(1 + abs(x))^2"),
        ("erf(x)", "2*exp(-x^2)/sqrt(pi)"),
        ("max(0, x)", "where(x > 0, 1, 0)"),
        ("max(0, x)^2", "where(x > 0, 2*max(0, x), 0)"),
        ("max(0, 1 - y*x)", "where(1 - y*x > 0, -y, 0)"),
        ("abs(x)", "sign(x)"),
        ("where(x > 0, x, 0.01*x)", "where(x > 0, 1, 0.01)"),
        ("where(x > 0, where(x > 1, x^2, x), -x)", "where(x > 0, where(x > 1, 2*x, 1), -1)"),
        ("where(y > x, 0.9*(y - x), 0.1*(x - y))", "where(x < y, -0.9, 0.1)"),
        ("(y - x)^2", "-2*(y - x)"),
        ("0.5*(y - x)^2", "-(y - x)"),
        ("-(y*log(x) + (1 - y)*log(1 - x))", "-y/x + (1 - y)/(1 - x)"),
        ("0.3989422804014327*exp(-x^2/2)", "-0.3989422804014327*x*exp(-x^2/2)"),
    ] {
        assert_eq!(written(formula, 1).to_string(), expected, "{formula}");
    }
}

#[test]
fn second_derivatives_stay_short() {
    for (formula, expected) in [
        ("x^3", "6*x"),
        ("x^2*sin(x)", "2*sin(x) + 4*x*cos(x) - x^2*sin(x)"),
        ("sqrt(x)", "-1/(4*x^(3/2))"),
        ("x^n", "n*(n - 1)*x^(n - 2)"),
        ("sqrt(x^2 + 1)", "1/(x^2 + 1)^(3/2)"),
        ("exp(-x^2/2)", "(x^2 - 1)*exp(-x^2/2)"),
        ("x^2*exp(x)", "(x^2 + 4*x + 2)*exp(x)"),
        ("x/(1 + x^2)", "2*x*(x^2 - 3)/(1 + x^2)^3"),
        ("log(x)/x", "(2*log(x) - 3)/x^3"),
        ("log(sin(x))", "-1/sin(x)^2"),
        ("tan(x)", "2*sin(x)/cos(x)^3"),
        ("tanh(x)", "-2*tanh(x)*(1 - tanh(x)^2)"),
        ("sigmoid(x)", "sigmoid(x)*(1 - sigmoid(x))*(1 - 2*sigmoid(x))"),
        ("log(cosh(x))", "1 - tanh(x)^2"),
        ("max(0, x)", "0"),
    ] {
        assert_eq!(written(formula, 2).to_string(), expected, "{formula}");
    }
}

#[test]
fn formulas_are_simplified_in_the_users_order() {
    for (formula, expected) in [
        // like terms and like factors
        ("x + x", "2*x"),
        ("2*x - x", "x"),
        ("x - x", "0"),
        ("3*(x + x) - 2*x", "4*x"),
        ("b*x + a + x*b", "2*b*x + a"),
        ("x*3*x", "3*x^2"),
        ("b*2*a", "2*b*a"),
        ("x^2*x^3", "x^5"),
        ("x^n*x^m", "x^(n + m)"),
        ("x*x^n/x", "x^n"),
        ("(x + 1)*(1 + x)", "(x + 1)^2"),
        ("x*(-a)*(-b)", "x*a*b"),
        // nothing is multiplied out
        ("(x + 1)^50", "(x + 1)^50"),
        ("2*(x + 1)", "2*(x + 1)"),
        ("x*(x + 1)", "x*(x + 1)"),
        ("2*(x + 1) + 3*(x + 1)", "5*(x + 1)"),
        // signs
        ("(a + b) - (a - b)", "2*b"),
        ("x - (y - (z - x))", "-y + z"),
        ("-(y - p)", "-(y - p)"),
        ("-(-x)", "x"),
        ("1 - (1 - x)*(1 - y)", "1 - (1 - x)*(1 - y)"),
        // numbers: exact, or as they stand
        ("1/3 + x/3", "1/3 + x/3"),
        ("0.1 + 0.2", "0.3"),
        ("1/3*2", "2/3"),
        ("0.5*x + x/3", "5*x/6"),
        ("2^30", "2^30"),
        ("2^10", "1024"),
        ("sqrt(9/4)", "3/2"),
        ("sqrt(2)", "sqrt(2)"),
        ("sqrt(2)*sqrt(2)", "2"),
        ("2*0.3989422804014327", "2*0.3989422804014327"),
        ("1e300*1e300", "1e300^2"),
        ("1/0", "1/0"),
        ("-2*pi", "-2*pi"),
        // quotients
        ("x/x", "1"),
        ("x/y/z*y", "x/z"),
        ("1/(1/x)", "x"),
        ("(x*y)^2/x", "x*y^2"),
        ("x/sqrt(x)", "sqrt(x)"),
        // powers of powers
        ("sqrt(x^2)", "abs(x)"),
        ("sqrt(x^4)", "x^2"),
        ("sqrt(x)^2", "x"),
        ("(x^3)^(1/3)", "x"),
        ("(x^2)^y", "(x^2)^y"),
        ("(x^y)^2", "x^(2*y)"),
        ("sqrt(x*y)", "sqrt(x*y)"),
        ("sqrt(4*x)", "2*sqrt(x)"),
        ("x^0", "1"),
        ("0^x", "0^x"),
        ("1^x", "1"),
        ("abs(x)^2", "x^2"),
        ("x*sign(x)", "abs(x)"),
        // functions
        ("exp(log(x))", "x"),
        ("log(exp(x))", "x"),
        ("log(x^2)", "log(x^2)"),
        ("exp(x)*exp(x)", "exp(2*x)"),
        ("exp(x)*exp(-x)", "1"),
        ("exp(x)*exp(y)", "exp(x)*exp(y)"),
        ("1/exp(x)", "exp(-x)"),
        ("log(e)", "1"),
        ("sin(-x)*cos(-x)", "-sin(x)*cos(x)"),
        ("sin(x)^2 + y + cos(x)^2", "1 + y"),
        ("3*sin(x)^2 + 2*cos(x)^2", "3*sin(x)^2 + 2*cos(x)^2"),
        ("cosh(0)*x", "cosh(0)*x"),
        ("tan(x + x)", "tan(2*x)"),
        // cases
        ("max(x, x)", "x"),
        ("max(2, 3)*x", "3*x"),
        ("where(1 > 2, x, y)", "y"),
        ("where(x > 0, y, y)", "y"),
        ("where(x > 0, where(x > 0, a, b), c)", "where(x > 0, a, c)"),
        ("where(x <= 0, 0, x)", "where(x <= 0, 0, x)"),
        ("where(y == y, x, 0)", "where(y == y, x, 0)"),
    ] {
        let simple = simplify(&read(formula));
        assert_eq!(simple.to_string(), expected, "{formula}");
        assert_eq!(simplify(&simple), simple, "{formula}");
        assert_eq!(read(expected), simple, "{formula}");
    }
}

#[test]
fn derivatives_look_like_mathematics_in_latex() {
    for (formula, expected) in [
        ("a*x^2 + b*x", r"2 a x + b"),
        ("x^2*sin(x)", r"2 x \sin\left(x\right) + x^{2} \cos\left(x\right)"),
        ("1/x", r"-\frac{1}{x^{2}}"),
        ("sqrt(x)", r"\frac{1}{2 \sqrt{x}}"),
        ("x^(1/3)", r"\frac{1}{3 x^{\frac{2}{3}}}"),
        ("exp(-x^2/2)", r"-x e^{-\frac{x^{2}}{2}}"),
        ("sigmoid(x)", r"\sigma\left(x\right) \left(1 - \sigma\left(x\right)\right)"),
        ("tanh(x)", r"1 - \tanh\left(x\right)^{2}"),
        ("x/(1 + x)", r"\frac{1}{\left(1 + x\right)^{2}}"),
        ("x^x", r"x^{x} \left(\log\left(x\right) + 1\right)"),
        ("log_2(x)", r"\frac{1}{x \log\left(2\right)}"),
        ("x^n", r"n x^{n - 1}"),
        ("log(cosh(y - x))", r"-\tanh\left(y - x\right)"),
        ("max(0, x)", r"\begin{cases} 1 & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}"),
        (
            "exp(-(x - m)^2/(2*s^2))",
            r"-\frac{\left(x - m\right) e^{-\frac{\left(x - m\right)^{2}}{2 s^{2}}}}{s^{2}}",
        ),
    ] {
        assert_eq!(latex(&written(formula, 1)).unwrap(), expected, "{formula}");
    }
}

#[test]
fn only_the_guards_of_the_chain_rule_go_and_only_for_people() {
    let x = Expr::variable("x");
    let slope = |text: &str| derivatives(&read(text), &x, 1).unwrap().remove(1);
    for (formula, kept, dropped) in [
        ("sqrt(x)", "where(x == 0, 0, 0.5/sqrt(x))", "1/(2*sqrt(x))"),
        ("x^n", "where(n == 0, 0, n*x^(n - 1))", "n*x^(n - 1)"),
        ("n^x", "where(n == 0, 0, n^x*log(n))", "n^x*log(n)"),
        ("exp(sqrt(x))", "where(x == 0, 0, 0.5*exp(sqrt(x))/sqrt(x))", "exp(sqrt(x))/(2*sqrt(x))"),
        ("tanh(x)", "4*sigmoid(2*x)*sigmoid(-2*x)", "1 - tanh(x)^2"),
        ("sigmoid(x)", "sigmoid(x)*sigmoid(-x)", "sigmoid(x)*(1 - sigmoid(x))"),
        // The user's own.
        (
            "where(x == 0, 1, sin(x)/x)",
            "where(x == 0, 0, cos(x)/x - sin(x)/x^2)",
            "where(x == 0, 0, cos(x)/x - sin(x)/x^2)",
        ),
        (
            "where(x == 0, 0, sqrt(x))",
            "where(x == 0, 0, 0.5/sqrt(x))",
            "where(x == 0, 0, 1/(2*sqrt(x)))",
        ),
    ] {
        assert_eq!(simplify(&slope(formula)).to_string(), kept, "{formula}");
        let function = read(formula);
        let plain = simplify_derivative(&slope(formula), &function);
        assert_eq!(plain.to_string(), dropped, "{formula}");
    }
    // Reverse mode guards what an adjoint of 0 meets.
    let formula = read("log(x)^2 + sqrt(x)");
    let slope = gradient(&formula, std::slice::from_ref(&x)).unwrap().remove(0);
    let plain = simplify_derivative(&slope, &formula);
    assert_eq!(plain.to_string(), "1/(2*sqrt(x)) + 2*log(x)/x");
}

#[test]
fn named_functions_keep_their_names_and_bodies() {
    const TABLE: &[FunctionRow] = &[FunctionRow {
        name: "silu",
        parameters: &["x"],
        build: |x| &x[0] * x[0].clone().sigmoid(),
        formula: "x*sigmoid(x)",
        ..FunctionRow::OF_A_NUMBER
    }];
    let scope = Scope::free().functions(TABLE);
    let read = |text: &str| parse(text, &scope).unwrap();
    // The call within the argument of the call is simplified too, and so is the body.
    let simple = simplify(&read("silu(silu(x + x) + 0)*1"));
    assert_eq!(simple, read("silu(silu(2*x))"));
    let formula = read("exp(silu(x))");
    let slope = written_derivatives(&formula, &Expr::variable("x"), 1).unwrap().remove(1);
    let expected = "exp(silu(x))*(sigmoid(x) + x*sigmoid(x)*(1 - sigmoid(x)))";
    assert_eq!(slope.to_string(), expected);
}

#[test]
fn values_of_rows_keep_their_shape() {
    let x = Expr::input("x", Shape::rows(&[3]));
    let w = Expr::input("w", Shape::shared(&[3]));
    // 0, and a number, of a whole row.
    assert_eq!(simplify(&(&x - &x)), Expr::constant(0.0).broadcast(&Shape::rows(&[3])));
    assert_eq!(simplify(&(&x / &x * &w / &w)).shape(), Shape::rows(&[3]));
    // Within a sum the other term has the shape.
    assert_eq!(simplify(&(&x * &w + (&x - &x))), &x * &w);
    // A sum over what was repeated counts every repetition.
    let sum = (Expr::variable("c").broadcast(&Shape::rows(&[3])) * 1.0).sum(0);
    assert_eq!(simplify(&sum), Expr::variable("c").broadcast(&Shape::rows(&[3])).sum(0));
    let slope = push_forward(&(&x * &x).sum(0), &[(x.clone(), w.clone())]).unwrap();
    assert_eq!(simplify(&slope), (2.0 * &w * &x).sum(0));
}

#[test]
fn poisoned_expressions_and_conflicting_inputs_stay_as_they_are() {
    let poisoned = Expr::variable("x").sum(2);
    assert_eq!(simplify(&poisoned), poisoned);
    assert!(written_derivatives(&poisoned, &Expr::variable("x"), 1).is_err());
    let both = Expr::variable("x") + Expr::input("x", Shape::rows(&[])) * 1.0;
    assert_eq!(simplify(&both), both);
    assert_eq!(simplify_derivative(&both, &Expr::variable("x")), both);
}

fn count(expr: &Expr) -> usize {
    Graph::new(std::slice::from_ref(expr)).unwrap().nodes.len()
}

#[test]
fn deep_expressions_need_no_stack() {
    let work = || {
        let x = || Expr::variable("x");
        let steps: [fn(Expr) -> Expr; 12] = [
            |e| e.unary(Unary::Sin),
            |e| -e.exp(),
            |e| 1.0 / (e + 1.0),
            |e| e.powf(2.0) + Expr::variable("y"),
            |e| e.abs().powf(3.0),
            |e| Expr::variable("y").powf(e),
            |e| (e + Expr::variable("y")) * 2.0,
            |e| Expr::constant(0.0).less(Expr::variable("y")).select(0.0, -e),
            |e| Expr::variable("z").less(e.clone()).select(e, 0.0) * Expr::variable("y"),
            |e| e.clone() * e.sqrt(),
            |e| -(Expr::variable("y") - e),
            |e| FunctionRow { name: "same", ..FunctionRow::OF_A_NUMBER }.call(&[e + 0.0]),
        ];
        for (i, step) in steps.iter().enumerate() {
            let mut deep = x();
            // Far more than the stack could hold, and for some the full depth.
            let depth = if i < 2 { 100_000 } else { 10_000 };
            for _ in 0..depth {
                deep = step(deep);
            }
            let simple = simplify(&deep);
            assert!(count(&simple) <= count(&deep) + 8, "step {i}: {}", count(&simple));
            simplify_derivative(&deep, &x());
        }
        let mut sum = x();
        let mut product = x();
        for i in 0..100_000 {
            let name = format!("x{}", i % 1000);
            sum = sum + Expr::variable(&name);
            product = product * Expr::variable(&name);
        }
        assert!(count(&simplify(&sum)) < 4100);
        assert!(count(&simplify(&product)) < 4100);
        let slope = written_derivatives(&sum, &x(), 1).unwrap().remove(1);
        assert_eq!(slope.to_string(), "1");
    };
    std::thread::Builder::new().stack_size(1 << 17).spawn(work).unwrap().join().unwrap();
}

#[test]
fn shared_parts_stay_shared() {
    let mut doubled = Expr::variable("x");
    for i in 0..200 {
        let part = Expr::variable(&format!("x{i}"));
        doubled = &doubled * &doubled.clone().sigmoid() + (&doubled + part).unary(Unary::Sin);
    }
    let before = count(&doubled);
    assert!(count(&simplify(&doubled)) <= 2 * before);
    let slope = derivatives(&doubled, &Expr::variable("x"), 1).unwrap().remove(1);
    let simple = simplify_derivative(&slope, &doubled);
    assert!(count(&simple) <= 4 * count(&slope), "{} {}", count(&simple), count(&slope));
    // Squares of sums of squares: never multiplied out.
    let mut nested = Expr::variable("x") + 1.0;
    for _ in 0..60 {
        nested = (&nested * &nested + 1.0) * (&nested + 2.0);
    }
    assert!(count(&simplify(&nested)) <= 2 * count(&nested));
}
