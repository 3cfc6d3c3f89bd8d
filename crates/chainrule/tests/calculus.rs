//! Derivatives of typed formulas: exact values, kinks, what is not defined, and how each is found.

use chainrule::calculus::{Cause, Function, Point, Precision, Slope};

/// A formula, the variable, the point, and the value with the first and second derivative, from
/// mpmath in 80 digits.
#[allow(clippy::approx_constant, reason = "the table is as it was computed")]
const GOLDEN: &[(&str, &str, &str, [f64; 3])] = &[
    ("a*x^2 + b*x", "x", "x=3,a=2,b=1", [21.0, 13.0, 4.0]),
    ("a*x^2 + b*x", "a", "x=3,a=2,b=1", [21.0, 9.0, 0.0]),
    ("x^5 - 3*x^2 + 7", "x", "x=-1.25", [-0.7392578125, 19.70703125, -45.0625]),
    ("sqrt(x)", "x", "x=2", [1.4142135623730951, 0.3535533905932738, -0.08838834764831845]),
    ("1/x", "x", "x=-0.3", [-3.3333333333333335, -11.111111111111112, -74.07407407407408]),
    ("x^(1/3)", "x", "x=5", [1.709975946676697, 0.11399839644511313, -0.01519978619268175]),
    ("(2*x + 1)^3/(x - 1)", "x", "x=2.5", [144.0, 48.0, 32.0]),
    (
        "exp(-x^2/2)/sqrt(2*pi)",
        "x",
        "x=1.7",
        [0.09404907737688693, -0.15988343154070778, 0.1777527562423163],
    ),
    ("2^x", "x", "x=0.5", [1.4142135623730951, 0.9802581434685472, 0.6794631683661498]),
    ("a^x", "a", "x=2.5,a=3", [15.588457268119896, 12.99038105676658, 6.49519052838329]),
    ("a^x", "x", "x=2.5,a=3", [15.588457268119896, 17.125670716134227, 18.814472300428648]),
    ("x^x", "x", "x=1.5", [1.8371173070873836, 2.5820042746129492, 4.85366178834622]),
    ("log(x)", "x", "x=0.01", [-4.605170185988091, 100.0, -10000.0]),
    ("log_2(x^2 + 1)", "x", "x=3", [3.321928094887362, 0.8656170245333781, -0.23083120654223416]),
    ("log_a(x)", "x", "x=5,a=3", [1.464973520717927, 0.18204784532536747, -0.0364095690650735]),
    ("log_a(x)", "a", "x=5,a=0.5", [-2.321928094887362, -6.699668295589512, -25.262976311412988]),
    ("log10(x)*x", "x", "x=20", [26.020599913279625, 1.735324477567233, 0.02171472409516259]),
    ("sin(x)", "x", "x=1", [0.8414709848078965, 0.5403023058681398, -0.8414709848078965]),
    ("cos(3*x + 1)", "x", "x=-2", [0.28366218546322625, -2.8767728239894153, -2.552959669169036]),
    ("tan(x)", "x", "x=1.2", [2.5721516221263188, 7.615963967207052, 39.17882814461442]),
    ("x*sin(x)", "x", "x=2", [1.8185948536513634, 0.07700375373139692, -2.650888526745648]),
    (
        "sin(x^2)*exp(-x)",
        "x",
        "x=1.5",
        [0.17361159702880263, -0.594105040146235, -0.8282348520738446],
    ),
    (
        "exp(sin(cos(x)))",
        "x",
        "x=0.4",
        [2.2171973506641196, -0.5223464846687803, -1.380128255590812],
    ),
    (
        "sinh(x)/cosh(2*x)",
        "x",
        "x=0.6",
        [0.3516149584920953, 0.0684651663309488, -1.2831500808028817],
    ),
    ("atan(x^2)", "x", "x=1.1", [0.8801363314133201, 0.8928209082423602, -1.1173972304217874]),
    ("erf(x/2)", "x", "x=0.9", [0.47548171978692366, 0.46076600650611005, -0.20734470292774954]),
    ("sigmoid(x)", "x", "x=-3", [0.04742587317756678, 0.04517665973091213, 0.04089157466094348]),
    (
        "sigmoid(w*x + b)",
        "w",
        "x=2,w=-0.7,b=0.3",
        [0.24973989440488242, 0.3747397590950412, 0.37512964672725574],
    ),
    ("tanh(x)^2", "x", "x=0.8", [0.44094483226775605, 0.7424663759649397, -0.3609645875202113]),
    ("softplus(x)", "x", "x=-1.5", [0.2014132779827524, 0.18242552380635635, 0.14914645207033286]),
    ("log(1 + exp(x))", "x", "x=1", [1.3132616875182228, 0.7310585786300049, 0.19661193324148185]),
    ("log(cosh(x))", "x", "x=2.2", [1.5190554040477509, 0.9757431300314515, 0.04792534419642587]),
    ("relu(x)*x", "x", "x=1.3", [1.6900000000000002, 2.6, 2.0]),
    ("silu(x)", "x", "x=-1.1", [-0.27471388384537065, 0.04363302690260973, 0.27157910624504583]),
    ("gelu(x)", "x", "x=0.75", [0.5800294857173488, 0.9992257217392351, 0.43288505872253136]),
    (
        "gelu_tanh(x)",
        "x",
        "x=-0.6",
        [-0.16458480076918525, 0.07450846666751695, 0.5458127528049245],
    ),
    ("mish(x)", "x", "x=1.4", [1.2945586490158454, 1.0874810387591847, 0.023255958565817143]),
    ("elu(x)", "x", "x=-0.9", [-0.5934303402594009, 0.4065696597405991, 0.4065696597405991]),
    ("selu(x)", "x", "x=-0.2", [-0.3186893435295005, 1.4394099973178764, 1.4394099973178764]),
    ("softsign(x)", "x", "x=-2.5", [-0.7142857142857143, 0.08163265306122448, 0.04664723032069971]),
    (
        "log_sigmoid(x)",
        "x",
        "x=0.3",
        [-0.5543552444685271, 0.425557483188341, -0.24445831169074586],
    ),
    (
        "quadratic(sin(x), 2, -3, 1)",
        "x",
        "x=0.5",
        [0.02142107831925128, -0.9498057160553252, 3.599485839285168],
    ),
    ("abs(x^3 - 1)", "x", "x=0.5", [0.875, -0.75, -3.0]),
    ("max(x^2, sin(x))", "x", "x=0.5", [0.479425538604203, 0.8775825618903728, -0.479425538604203]),
    ("min(exp(x), 2)*x", "x", "x=0.3", [0.4049576422728009, 1.754816449848804, 3.104675257424807]),
    ("where(x > 1, x^2, 2*x - 1)", "x", "x=1.5", [2.25, 3.0, 2.0]),
    (
        "x*y^2 + sin(x*y)",
        "y",
        "x=1,y=2",
        [4.909297426825682, 3.5838531634528574, 1.0907025731743183],
    ),
    ("(y - p)^2", "p", "y=0.7,p=0.2", [0.24999999999999994, -0.9999999999999999, 2.0]),
    (
        "-(y*log(p) + (1 - y)*log(1 - p))",
        "p",
        "y=1,p=0.8",
        [0.2231435513142097, -1.25, 1.5624999999999998],
    ),
    ("sqrt(x^2 + y^2)", "x", "x=3,y=4", [5.0, 0.6, 0.128]),
    ("normal_cdf(x)", "x", "x=-1", [0.15865525393145705, 0.24197072451914334, 0.24197072451914334]),
    ("expm1(x)/x", "x", "x=0.25", [1.136101666750966, 0.5916949997471022, 0.40254166877414843]),
    ("log1p(x)*x", "x", "x=-0.5", [0.34657359027997264, -1.6931471805599454, 6.0]),
    ("e^x + pi*x", "x", "x=0.5", [3.2195175974950248, 4.790313924289921, 1.6487212707001282]),
];

fn close(found: f64, expected: f64, relative: f64) -> bool {
    found == expected || (found - expected).abs() <= relative * expected.abs()
}

/// Whether two numbers are the same to 12 digits, or to 1e-12 if they are small.
fn near(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-12 * expected.abs().max(1.0)
}

/// A derivative by x at a point, of an order.
fn slope(formula: &str, at: &str, order: usize) -> Slope {
    let function = Function::read(formula).unwrap();
    let partials = function.partials(&["x"], order).unwrap();
    let point = Point::parse(&[at]).unwrap();
    function.at(&point).unwrap().slope(&partials[order - 1]).unwrap()
}

/// The value of a formula for the variables that it has.
fn value_of(text: &str, known: &[(String, f64)]) -> f64 {
    let function = Function::read(text).unwrap();
    let values: Vec<(&str, f64)> = (known.iter())
        .filter(|(name, _)| function.variables().contains(name))
        .map(|(name, value)| (name.as_str(), *value))
        .collect();
    function.at(&Point::new(&values)).unwrap().value()
}

/// The names of a point with their values.
fn known(point: &Point) -> Vec<(String, f64)> {
    point.names().map(|name| (name.to_owned(), point.value(name).unwrap())).collect()
}

#[test]
fn golden_values_and_derivatives() {
    assert!(GOLDEN.len() >= 50);
    for &(formula, by, at, expected) in GOLDEN {
        let function = Function::read(formula).unwrap();
        let point = Point::parse(&[at]).unwrap();
        let there = function.at(&point).unwrap();
        assert!(close(there.value(), expected[0], 1e-12), "{formula}: {}", there.value());
        let partials = function.partials(&[by], 2).unwrap();
        for (partial, &expected) in partials.iter().zip(&expected[1..]) {
            let (text, found) = (partial.text(), there.slope(partial).unwrap());
            assert!(close(found.value, expected, 1e-12), "{formula}, {text}: {found:?}");
            assert!(found.agrees() && found.sides.is_none(), "{formula}, {text}: {found:?}");
            let off = (found.numeric.value - expected).abs() / expected.abs().max(1.0);
            assert!(off < 1e-9, "{formula}, {text}: {found:?}");
        }
    }
}

#[test]
fn what_is_written_has_the_value_of_what_is_computed() {
    for &(formula, by, at, expected) in GOLDEN {
        let function = Function::read(formula).unwrap();
        let known = known(&Point::parse(&[at]).unwrap());
        let partials = function.partials(&[by], 2).unwrap();
        for (partial, &expected) in partials.iter().zip(&expected[1..]) {
            let found = value_of(&partial.text(), &known);
            assert!(near(found, expected), "{formula}: {} is {found}", partial.text());
            assert!(!partial.latex().unwrap().is_empty());
        }
    }
}

#[test]
fn steps_can_be_followed_on_paper() {
    for &(formula, by, at, expected) in GOLDEN {
        let function = Function::read(formula).unwrap();
        let point = Point::parse(&[at]).unwrap();
        let steps = function.at(&point).unwrap().steps(by).unwrap();
        let mut known = known(&point);
        for step in &steps {
            let (value, slope) = (step.value.unwrap(), step.slope.unwrap());
            assert!(near(value_of(&step.text, &known), value), "{formula}: {step:?}");
            // The local derivatives times those of the inner functions.
            let inner = |name: &str| {
                let step = steps.iter().find(|step| step.name == name);
                step.map_or(1.0, |step| step.slope.unwrap())
            };
            let locals = step.locals.iter().map(|local| (local, value_of(&local.text, &known)));
            let locals: Vec<_> = locals.collect();
            for (local, found) in &locals {
                assert!(near(*found, local.value.unwrap()), "{formula}: {local:?}");
            }
            let product: f64 = locals.iter().map(|(local, value)| value * inner(&local.by)).sum();
            assert!(locals.is_empty() || near(product, slope), "{formula}: {product}, {step:?}");
            known.push((step.name.clone(), value));
        }
        let last = steps.last().unwrap();
        assert_eq!(last.name, function.name());
        assert!(close(last.value.unwrap(), expected[0], 1e-12), "{formula}: {last:?}");
        assert!(close(last.slope.unwrap(), expected[1], 1e-12), "{formula}: {last:?}");
    }
}

#[test]
fn mixed_derivatives_are_part_of_the_second_order() {
    let function = Function::read("x^2*y^3 + z").unwrap();
    let partials = function.partials(&["x", "y"], 2).unwrap();
    let texts: Vec<(String, String)> =
        partials.iter().map(|partial| (partial.by.join(","), partial.text())).collect();
    let expected = [
        ("x", "2*x*y^3"),
        ("x,x", "2*y^3"),
        ("y", "3*x^2*y^2"),
        ("y,y", "6*x^2*y"),
        ("x,y", "6*x*y^2"),
    ];
    assert_eq!(texts, expected.map(|(by, text)| (by.to_owned(), text.to_owned())));
    let point = Point::parse(&["x=2,y=3,z=0"]).unwrap();
    let mixed = function.at(&point).unwrap().slope(&partials[4]).unwrap();
    assert_eq!(mixed.value, 108.0);
    assert!(mixed.agrees());
}

#[test]
fn what_is_not_defined_names_its_first_part() {
    for (formula, at, expected) in [
        ("1 + log(x - 5)", "x=3", "log(x - 5) is not defined at x = 3: its argument is -2"),
        ("log(x)", "x=0", "log(x) is not defined at x = 0: its argument is 0"),
        ("log1p(x)", "x=-3", "log1p(x) is not defined at x = -3: its argument is -3"),
        ("a*sqrt(x)", "a=1,x=-4", "sqrt(x) is not defined at x = -4: its argument is -4"),
        ("1/x", "x=0", "1/x is not defined at x = 0: it is a division by 0, 1/0"),
        ("(x - 1)/(x - 1)", "x=1", "(x - 1)/(x - 1) is not defined at x = 1: it is 0/0"),
        ("1/(1/x)", "x=0", "1/x is not defined at x = 0: it is a division by 0, 1/0"),
        (
            "log_a(x)",
            "x=8,a=1",
            "log(x)/log(a) is not defined at x = 8, a = 1: the base of a logarithm cannot be 1, of \
             which every power is 1",
        ),
        (
            "log_a(x)",
            "x=8,a=-2",
            "log(x)/log(a) is not defined at x = 8, a = -2: the base of a logarithm must be above \
             0, and it is -2",
        ),
        ("log_a(x)", "x=-8,a=2", "log(x) is not defined at x = -8: its argument is -8"),
        (
            "x^(1/2)",
            "x=-4",
            "x^(1/2) is not defined at x = -4: -4 is negative, and 0.5 is not a whole number",
        ),
        (
            "x^(-2)",
            "x=0",
            "x^(-2) is not defined at x = 0: 0 to the power of -2 is a division by 0",
        ),
        (
            "exp(x)",
            "x=1e3",
            "exp(x) is too large at x = 1000: 1.8e308 is the largest number of f64",
        ),
        (
            "exp(x) - exp(x)",
            "x=1e3",
            "exp(x) is too large at x = 1000: 1.8e308 is the largest number of f64",
        ),
        ("x + nan", "x=1", "nan is not defined: it gives NaN"),
    ] {
        let function = Function::read(formula).unwrap();
        let point = Point::parse(&[at]).unwrap();
        let there = function.at(&point).unwrap();
        let problem = there.problem().unwrap_or_else(|| panic!("{formula} at {at}"));
        assert_eq!(problem.to_string(), expected);
        let is_overflow = matches!(problem.cause, Cause::Overflow { .. });
        assert!(there.value().is_nan() || is_overflow, "{formula}");
        let partial = function.partials(&["x"], 1).unwrap().remove(0);
        assert!(there.slope(&partial).unwrap().value.is_nan(), "{formula}");
        assert_eq!(there.limit(&partial).unwrap(), None, "{formula}");
    }
}

#[test]
fn what_is_not_used_does_not_count() {
    for (formula, x, expected) in [
        ("where(x > 0, log(x), x)", -1.0, -1.0),
        ("where(x == 0, 1, sin(x)/x)", 0.0, 1.0),
        ("log(1 + exp(x))", 1000.0, 1000.0),
        ("log(sigmoid(x))", -1000.0, -1000.0),
        ("1/(1 + exp(x))", 1000.0, 0.0),
        ("log(cosh(x))", -1e4, 1e4 - std::f64::consts::LN_2),
    ] {
        let function = Function::read(formula).unwrap();
        let point = Point::new(&[("x", x)]);
        let there = function.at(&point).unwrap();
        assert_eq!((there.value(), there.problem()), (expected, None), "{formula}");
    }
}

#[test]
fn kinks_have_the_convention_of_training_and_both_sides() {
    for (formula, at, convention, left, right) in [
        ("abs(x)", "x=0", 0.0, -1.0, 1.0),
        ("relu(x)", "x=0", 0.0, 0.0, 1.0),
        ("leaky_relu(x)", "x=0", 0.01, 0.01, 1.0),
        ("max(x^2, x)", "x=1", 2.0, 1.0, 2.0),
        ("hard_sigmoid(x)", "x=3", 0.0, 1.0 / 6.0, 0.0),
    ] {
        let found = slope(formula, at, 1);
        assert_eq!((found.value, found.convention), (convention, convention), "{formula}");
        let sides = found.sides.unwrap();
        let close = |found: Option<f64>, expected: f64| (found.unwrap() - expected).abs() < 1e-15;
        assert!(close(sides.left, left) && close(sides.right, right), "{formula}: {sides:?}");
        assert!(!found.exists() && found.numeric.value.is_nan());
    }
}

#[test]
fn a_root_at_0_has_its_limit_from_the_right_though_training_uses_0() {
    let found = slope("sqrt(x)", "x=0", 1);
    assert_eq!((found.value, found.convention), (f64::INFINITY, 0.0));
    let sides = found.sides.unwrap();
    assert_eq!((sides.left, sides.right), (None, Some(f64::INFINITY)));
    // The one that exists is the one that is true, whatever training uses.
    let found = slope("relu(x) - relu(-x)", "x=0", 1);
    assert_eq!((found.value, found.convention), (1.0, 0.0));
    assert!(found.exists() && found.agrees());
}

#[test]
fn smooth_seams_are_no_kinks() {
    for (formula, at) in [
        ("elu(x)", "x=0"),
        ("softsign(x)", "x=0"),
        ("gelu(x)", "x=0"),
        ("mish(x)", "x=0"),
        ("x*abs(x)", "x=0"),
        ("where(x < 1, x^2, 2*x - 1)", "x=1"),
        ("x", "x=0"),
    ] {
        let found = slope(formula, at, 1);
        assert!(found.sides.is_none() && found.agrees(), "{formula}: {found:?}");
    }
}

#[test]
fn second_derivatives_have_kinks_of_their_own() {
    let found = slope("x*abs(x)", "x=0", 2);
    let sides = found.sides.unwrap();
    assert_eq!((sides.left, sides.right, found.value), (Some(-2.0), Some(2.0), 0.0));
    // Where there is no slope there is no bend either.
    assert!(!slope("relu(x)", "x=0", 2).exists());
}

#[test]
fn the_limit_is_best_where_theory_says() {
    for formula in ["exp(x)", "sin(x)", "log(x + 2)", "sigmoid(x)", "x^4 + x", "tanh(x)*x"] {
        for x in [0.3, 1.0, 2.7] {
            let function = Function::read(formula).unwrap();
            let partial = function.partials(&["x"], 1).unwrap().remove(0);
            let best_steps = |precision: Precision| {
                let point = Point::new(&[("x", x)]).in_precision(precision);
                let limit = function.at(&point).unwrap().limit(&partial).unwrap().unwrap();
                let forward = &limit.rows[limit.best_forward.unwrap()];
                let central = &limit.rows[limit.best_central.unwrap()];
                [forward.step, central.step]
            };
            let [forward, central] = best_steps(Precision::F64);
            assert!((1e-9..=1e-7).contains(&forward), "{formula} at {x}: {forward}");
            assert!((1e-6..=1e-4).contains(&central), "{formula} at {x}: {central}");
            let [forward, central] = best_steps(Precision::F32);
            assert!((1e-5..=1e-2).contains(&forward), "{formula} at {x}: {forward}");
            assert!((1e-4..=1e-1).contains(&central), "{formula} at {x}: {central}");
        }
    }
}

#[test]
fn single_precision_is_that_of_the_training_engine() {
    for &(formula, by, at, expected) in GOLDEN {
        let function = Function::read(formula).unwrap();
        let point = Point::parse(&[at]).unwrap().in_precision(Precision::F32);
        let there = function.at(&point).unwrap();
        let value = there.value();
        assert_eq!(value, f64::from(value as f32), "{formula}");
        assert!((value - expected[0]).abs() <= 1e-5 * expected[0].abs().max(1.0), "{formula}");
        let partial = function.partials(&[by], 1).unwrap().remove(0);
        let slope = there.slope(&partial).unwrap();
        assert_eq!(slope.value, f64::from(slope.value as f32), "{formula}");
        let within = (slope.value - expected[1]).abs() <= 1e-5 * expected[1].abs().max(1.0);
        assert!(within && slope.agrees(), "{formula}: {slope:?}");
    }
    // What double precision still holds is too large here.
    let function = Function::read("exp(x)").unwrap();
    let point = Point::new(&[("x", 100.0)]).in_precision(Precision::F32);
    let there = function.at(&point).unwrap();
    let problem = there.problem().unwrap().to_string();
    assert_eq!(problem, "exp(x) is too large at x = 100: 3.4e38 is the largest number of f32");
    assert_eq!(there.value(), f64::INFINITY);
}

#[test]
fn a_point_must_have_each_variable_and_no_other() {
    let function = Function::read("a*x + b").unwrap();
    let refused = |at: &str| {
        let point = Point::parse(&[at]).unwrap();
        function.at(&point).unwrap_err().to_string()
    };
    assert_eq!(refused("x=3"), "the point has no value for a, b; give each variable one");
    assert!(refused("x=3,a=1,b=2,A=1").contains("did you mean \"a\"?"));
}

#[test]
fn only_formulas_of_one_number_are_read() {
    let refused = |text: &str| Function::read(text).unwrap_err().to_string();
    assert!(refused("softmax(x)").contains("a whole row of numbers"));
    assert!(refused("iota([3], axis=0)*x").contains("but it is shared[3]"));
    assert!(refused("iota(rows)").contains("rows[]"));
    assert!(refused("2*(x").contains("at character 5"));
}
