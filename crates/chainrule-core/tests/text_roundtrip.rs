//! What is printed is read back as it was, and no text makes the parser panic.

use chainrule_core::function::{ELEMENTARY, FunctionRow};
use chainrule_core::latex::latex;
use chainrule_core::op::{Along, Binary, Compare, Op, Precision, Reduction, Unary};
use chainrule_core::text::{Scope, parse};
use chainrule_core::{ErrorKind, Expr, Shape, Words};

/// A linear congruential generator: the same numbers for the same seed, everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) % limit as u64) as usize
    }

    fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }
}

const NAMED: &[FunctionRow] = &[
    FunctionRow {
        name: "twice_itself",
        parameters: &["x"],
        defaults: &[],
        build: |x| x[0].clone() * &x[0],
        doc: Words { english: "The number by itself.", korean: "" },
        formula: "x*x",
        domain: "",
        range: "",
        latex: None,
        points: &[],
    },
    FunctionRow {
        name: "두 배",
        parameters: &["x"],
        defaults: &[],
        build: |x| 2.0 * &x[0],
        doc: Words { english: "Twice the number; its name needs backticks.", korean: "" },
        formula: "2*x",
        domain: "",
        range: "",
        latex: None,
        points: &[],
    },
    FunctionRow {
        name: "exp",
        parameters: &["x", "y"],
        defaults: &[],
        build: |x| &x[0] - &x[1],
        doc: Words { english: "A function with the name of a primitive.", korean: "" },
        formula: "x - y",
        domain: "",
        range: "",
        latex: None,
        points: &[],
    },
    FunctionRow {
        name: "one",
        parameters: &[],
        defaults: &[],
        build: |_| Expr::constant(1.0) + 0.0,
        doc: Words { english: "A function of nothing.", korean: "" },
        formula: "1 + 0",
        domain: "",
        range: "",
        latex: None,
        points: &[],
    },
];

const NUMBERS: [f64; 22] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    2.0,
    -3.0,
    0.5,
    0.1,
    -2.5e-7,
    1e16,
    1e300,
    5e-324,
    f64::MAX,
    f64::MIN_POSITIVE,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    std::f64::consts::PI,
    -std::f64::consts::PI,
    std::f64::consts::E,
    -std::f64::consts::E,
    1.0 / 3.0,
];

const NAMES: [&str; 14] =
    ["x", "y", "w_1", "t1", "가격", "e", "pi", "inf", "rows", "axis", "sin", "a b", "c`d", ""];

fn scope() -> Scope {
    Scope::free().functions(NAMED).longest(usize::MAX)
}

fn assert_round_trip(expr: &Expr, scope: &Scope) {
    let text = expr.to_string();
    match parse(&text, scope) {
        Ok(read) => assert!(read == *expr, "{text}\nis read as\n{read}"),
        Err(error) => panic!("{error}"),
    }
}

/// Every brace and every `\left` is closed.
fn assert_balanced(expr: &Expr) {
    let text = latex(expr).unwrap();
    let braces = text.replace(r"\{", "").replace(r"\}", "");
    let mut open = 0i64;
    for c in braces.chars() {
        open += i64::from(c == '{') - i64::from(c == '}');
        assert!(open >= 0, "{text}");
    }
    assert_eq!(open, 0, "{text}");
    assert_eq!(text.matches(r"\left").count(), text.matches(r"\right").count(), "{text}");
}

/// A random expression of numbers; parts are used again and again.
fn scalar(random: &mut Random, steps: usize) -> Expr {
    let mut pool = vec![Expr::variable(random.pick(&NAMES)), Expr::constant(random.pick(&NUMBERS))];
    for _ in 0..steps {
        let late = pool.len().saturating_sub(8);
        let part = |random: &mut Random| {
            let first = if random.below(6) == 0 { 0 } else { late };
            pool[first + random.below(pool.len() - first)].clone()
        };
        let next = match random.below(12) {
            0 => Expr::variable(random.pick(&NAMES)),
            1 => Expr::constant(random.pick(&NUMBERS)),
            3 => part(random).unary(random.pick(&Unary::ALL)),
            4 => -part(random),
            5 => part(random).compare(random.pick(&Compare::ALL), part(random)),
            6 => part(random).select(part(random), part(random)),
            7 => {
                let row = random.pick(&[NAMED, ELEMENTARY].concat());
                let arguments: Vec<Expr> = row.parameters.iter().map(|_| part(random)).collect();
                row.call(&arguments)
            }
            _ => part(random).binary(random.pick(&Binary::ALL), part(random)),
        };
        pool.push(next);
    }
    pool.swap_remove(pool.len() - 1)
}

#[test]
fn random_formulas_are_read_as_they_are_printed() {
    let mut random = Random(1);
    for round in 0..20_000 {
        let expr = scalar(&mut random, 1 + round % 40);
        assert_round_trip(&expr, &scope());
        assert_balanced(&expr);
    }
}

#[test]
fn large_shared_formulas_are_read_as_they_are_printed() {
    let mut random = Random(2);
    let mut with_parts = 0;
    for _ in 0..50 {
        let expr = scalar(&mut random, 2000);
        with_parts += usize::from(expr.to_string().contains(" = "));
        assert_round_trip(&expr, &scope());
        assert_balanced(&expr);
    }
    assert!(with_parts > 20, "{with_parts}");
}

fn declared() -> Vec<(&'static str, Expr)> {
    [
        ("x", Shape::rows(&[2, 3])),
        ("w", Shape::shared(&[3, 2])),
        ("v", Shape::rows(&[3])),
        ("s", Shape::rows(&[])),
        ("table", Shape::shared(&[3])),
        ("a", Shape::shared(&[])),
    ]
    .map(|(name, shape)| (name, Expr::input(name, shape)))
    .into()
}

fn tensor_op(random: &mut Random, shape: &Shape) -> Op {
    let mut small = |limit: usize| random.below(limit);
    match small(16) {
        0 => Op::Iota { dims: [2, 3].into(), along: Along::Axis(small(2)) },
        1 => Op::Iota { dims: [].into(), along: Along::Rows },
        2 => Op::Uniform { stream: small(9) as u32, shape: shape.clone() },
        3 => Op::MatMul { transpose_left: small(2) == 0, transpose_right: small(2) == 0 },
        4 => Op::Reduce(Reduction::ALL[small(4)], Along::Axis(small(2))),
        5 => Op::Reduce(Reduction::ALL[small(4)], Along::Rows),
        6 => Op::Reshape(shape.dims.iter().rev().copied().collect()),
        7 => Op::Permute((0..shape.rank()).rev().collect()),
        8 => Op::Broadcast(Shape::rows(&[&[2], &*shape.dims].concat())),
        9 => Op::Slice { axis: small(2), start: small(2), length: 1 + small(2) },
        10 => Op::Pad { axis: small(2), before: small(3), after: small(3) },
        11 => Op::Concat { axis: small(2) },
        12 => Op::Gather,
        13 => Op::ScatterAdd { length: small(4) },
        14 => Op::Cast([Precision::F32, Precision::F64][small(2)]),
        _ => Op::StopGradient,
    }
}

#[test]
fn random_tensors_are_read_as_they_are_printed() {
    let mut random = Random(3);
    let scope = (declared().into_iter())
        .fold(Scope::closed(), |scope, (name, expr)| scope.variable(name, expr))
        .longest(usize::MAX);
    let mut kinds = std::collections::BTreeSet::new();
    for _ in 0..3000 {
        let mut pool: Vec<Expr> = declared().into_iter().map(|(_, expr)| expr).collect();
        for _ in 0..40 {
            let first = random.pick(&pool);
            let op = match random.below(4) {
                0 => Op::Binary(random.pick(&Binary::ALL)),
                _ => tensor_op(&mut random, &first.shape()),
            };
            let operands: Vec<Expr> = match op.arity() {
                chainrule_core::op::Arity::Exactly(count) => (0..count)
                    .map(|i| if i == 0 { first.clone() } else { random.pick(&pool) })
                    .collect(),
                chainrule_core::op::Arity::AtLeastOne => vec![first; 1 + random.below(3)],
            };
            let next = Expr::new(op.clone(), &operands);
            if next.error().is_none() && next.shape().elements() < 1000 {
                kinds.insert(op.name().to_owned());
                pool.push(next);
            }
        }
        let last = &pool[pool.len() - 1];
        assert_round_trip(last, &scope);
        assert_balanced(last);
    }
    assert!(kinds.len() > 22, "{kinds:?}");
}

#[test]
fn a_million_levels_are_printed_and_read() {
    let mut deep = Expr::variable("x");
    for i in 0..1_000_000 {
        deep = match i % 3 {
            0 => deep.exp(),
            1 => -deep,
            _ => 2.0 - deep,
        };
    }
    assert_round_trip(&deep, &scope());
}

#[test]
fn chains_of_every_operator_are_read_as_they_are_printed() {
    for binary in Binary::ALL {
        let x = || Expr::variable("x");
        let left = (0..3000).fold(x(), |chain, _| chain.binary(binary, x()));
        let right = (0..3000).fold(x(), |chain, _| x().binary(binary, chain));
        assert_round_trip(&left, &scope());
        assert_round_trip(&right, &scope());
        let signed = (0..3000).fold(x(), |chain, _| x().binary(binary, -chain));
        assert_round_trip(&signed, &scope());
    }
    let signs = (0..3000).fold(Expr::variable("x"), |chain, _| -chain);
    assert_round_trip(&signs, &scope());
}

/// Whatever the text, there is an expression that round-trips or an error that can be shown.
fn assert_read_or_refused(text: &str) {
    match parse(text, &Scope::free().functions(NAMED)) {
        Ok(expr) => assert_round_trip(&expr, &scope()),
        Err(error) => {
            if let ErrorKind::Formula { text, position, .. } = error.kind() {
                assert!(text.is_char_boundary(*position));
            }
            assert!(!error.to_string().is_empty());
        }
    }
}

#[test]
fn no_text_makes_the_parser_panic() {
    let mut random = Random(4);
    for _ in 0..50_000 {
        let bytes: Vec<u8> = (0..random.below(40)).map(|_| random.below(256) as u8).collect();
        assert_read_or_refused(&String::from_utf8_lossy(&bytes));
    }
    let words = [
        "x",
        "1",
        "2.5",
        "e",
        "-",
        "+",
        "*",
        "/",
        "^",
        "<",
        "==",
        "(",
        ")",
        "(",
        ")",
        "[",
        "]",
        ",",
        ";",
        "=",
        "t1",
        "exp",
        "max",
        "sum",
        "axis",
        "rows",
        "shared",
        "reshape",
        "concat",
        "slice",
        "start",
        "length",
        "iota",
        "uniform",
        "stream",
        "matmul",
        "cast",
        "f32",
        "log_",
        "log_2",
        "where",
        "`",
        "가",
        "²",
        " ",
        "\n",
        "1e999",
        "square",
        "inf",
        "nan",
        "broadcast",
        "pad",
    ];
    for _ in 0..50_000 {
        let text: String = (0..random.below(25)).map(|_| random.pick(&words)).collect();
        assert_read_or_refused(&text);
    }
}

#[test]
fn every_truncation_and_many_changes_of_a_formula_are_read_or_refused() {
    let formula = "t1 = sum(reshape(iota([3,1], axis=0), [3]), axis=0); \
                   where(`a b` >= -2.5e-3, log_10(가격)^2, e^x) + 두*t1 - cast(x, f32) \
                   + argmax(concat([iota([2], axis=0), iota([2], axis=0)], axis=0), axis=0)";
    assert!(parse(formula, &Scope::free()).is_ok());
    let ends: Vec<usize> = formula.char_indices().map(|(i, _)| i).collect();
    for &end in &ends {
        assert_read_or_refused(&formula[..end]);
        assert_read_or_refused(&formula[end..]);
    }
    let mut random = Random(5);
    for _ in 0..20_000 {
        let mut changed = formula.as_bytes().to_vec();
        for _ in 0..1 + random.below(3) {
            let place = random.below(changed.len());
            match random.below(3) {
                0 => changed[place] = random.below(128) as u8,
                1 => {
                    changed.remove(place);
                }
                _ => changed.insert(place, random.pick(b"()[],;=+-*/^<>`.eE019x")),
            }
        }
        assert_read_or_refused(&String::from_utf8_lossy(&changed));
    }
}
