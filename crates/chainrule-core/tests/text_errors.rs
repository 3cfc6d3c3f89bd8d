//! What is wrong with a formula, and where.

use chainrule_core::error::FormulaProblem;
use chainrule_core::text::{DEEPEST, Scope, parse};
use chainrule_core::{ErrorKind, Expr, Shape};

#[test]
fn every_problem_is_shown_where_it_is() {
    use FormulaProblem::{Character, Expected, Number, TooDeep, TooLong};
    let unknown = |name: &str, nearest: Option<&str>| FormulaProblem::UnknownName {
        name: name.into(),
        nearest: nearest.map(Into::into),
    };
    let count = |name: &str, expected: &str, found| FormulaProblem::ArgumentCount {
        name: name.into(),
        expected: expected.into(),
        found,
    };
    let deep = "(".repeat(DEEPEST + 1);
    let scope = Scope::closed()
        .variable("price", Expr::variable("price"))
        .variable("x", Expr::input("x", Shape::rows(&[3])))
        .longest(300);
    for (text, position, problem) in [
        ("", 0, Expected("a number, a name or `(`")),
        ("x +", 3, Expected("a number, a name or `(`")),
        ("2x", 1, Expected("an operator or the end of the formula")),
        ("(x", 2, Expected("an operator or `)`")),
        ("x < 1 < 2", 6, Expected("parentheses around one of two comparisons")),
        ("x(2)", 1, Expected("an operator between a variable and `(`")),
        ("t = x", 5, Expected("an operator, or `;` after the named part")),
        ("t = x;", 6, Expected("a number, a name or `(`")),
        ("exp(x 2)", 6, Expected("an operator, a comma or the closing bracket")),
        ("exp(x, axis=0)", 7, Expected("`)`")),
        ("log_1(x)", 4, Expected("a base above 0 that is not 1")),
        ("`x", 0, Expected("a second backtick after this one")),
        ("sum(x)", 5, Expected("`axis=`")),
        ("sum(x, axis=1.5)", 12, Expected("a whole number")),
        ("sum(x, axis=-1)", 12, Expected("a whole number")),
        ("slice(x, axis=0, stop=2)", 17, Expected("`start=`")),
        ("reshape(x)", 9, Expected("an operator, or a comma and what follows it")),
        ("reshape(x, 3)", 11, Expected("`[` before a list of numbers")),
        ("reshape(x, [3 1])", 14, Expected("a comma or `]`")),
        ("broadcast(x, [3])", 13, Expected("`rows[` or `shared[`")),
        ("cast(x, f16)", 8, Expected("`f32` or `f64`")),
        ("concat(x, axis=0)", 7, Expected("`[` before the operands")),
        ("uniform(stream=4294967296, rows[])", 0, Expected("a stream below 2^32")),
        ("x $ 2", 2, Character('$')),
        ("x²", 1, Character('²')),
        ("가 + 1", 0, unknown("가", None)),
        ("1 + pricce", 4, unknown("pricce", Some("price"))),
        ("2*sigmoidd(x)", 2, unknown("sigmoidd", Some("sigmoid"))),
        ("csoh(x)", 0, unknown("csoh", Some("cosh"))),
        ("`exp`(x)", 0, unknown("exp", Some("exp"))),
        ("log_(x)", 0, unknown("log_", Some("log"))),
        ("1 + exp(x, x)", 4, count("exp", "1", 2)),
        ("max(x)", 0, count("max", "2", 1)),
        ("cosh()", 0, count("cosh", "1", 0)),
        ("where(x, x)", 0, count("where", "3", 2)),
        ("slice(x, x, axis=0, start=0, length=1)", 0, count("slice", "1", 2)),
        ("1.2.3", 0, Number),
        ("x*1e999", 2, Number),
        (&deep, DEEPEST + 1, TooDeep { limit: DEEPEST }),
        (&"가".repeat(200), 300, TooLong { limit: 300 }),
        (&format!("x{}", "가".repeat(200)), 298, TooLong { limit: 300 }),
    ] {
        let error = parse(text, &scope).unwrap_err();
        match error.kind() {
            ErrorKind::Formula { position: found, problem: what, .. } => {
                assert_eq!((*found, what), (position, &problem), "{text}");
            }
            other => panic!("{text}: {other}"),
        }
    }
}

#[test]
fn shapes_that_do_not_fit_are_the_callers_error() {
    let scope = Scope::closed().variable("x", Expr::input("x", Shape::rows(&[3])));
    let error = parse("sum(x, axis=1)", &scope).unwrap_err();
    let line = line!() - 1;
    assert!(matches!(error.kind(), ErrorKind::NoSuchAxis { axis: 1, .. }));
    assert_eq!((error.place().unwrap().file(), error.place().unwrap().line()), (file!(), line));
}
