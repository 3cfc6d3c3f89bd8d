//! What each layer gives, against numbers computed in extended precision by other programs.

use chainrule::derivative::pull_back;
use chainrule::layers::{Builder, Layer};
use chainrule::network::Built;
use chainrule::{Expr, Network, Shape};

use crate::running::{By, Given, assert_close};

/// Five rows of three numbers, and a direction for their outputs.
pub const X: [f64; 15] =
    [0.5, -1.25, 3.0, 1.5, 2.0, -0.75, -0.25, 0.125, 10.0, 2.0, -3.5, 4.5, 0.75, 1.0, -2.0];
const DIRECTION: [f64; 15] =
    [1.0, -0.5, 0.25, 0.5, 2.0, -1.0, -1.5, 1.0, 0.75, 0.25, -0.25, 1.25, -0.75, 0.5, 2.0];
const SCALE: [f64; 3] = [1.5, -0.5, 2.0];
const SHIFT: [f64; 3] = [0.25, 1.0, -3.0];

/// The relative and absolute errors that are allowed.
fn tolerance(by: By) -> (f64, f64) {
    match by {
        By::Oracle | By::F64 => (1e-13, 1e-14),
        By::F32 => (2e-6, 2e-6),
    }
}

/// The output, what each state becomes, and the gradient of Σ direction·output by the input, the
/// scale and the shift.
fn normalised(network: &Network, weight: Option<&[f64]>, by: By) -> Vec<Vec<f64>> {
    let built = match weight {
        Some(_) => network.build_weighted(&Expr::input("weight", Shape::rows(&[]))).unwrap(),
        None => network.build(true).unwrap(),
    };
    let direction = Expr::input("direction", Shape::rows(&[3]));
    let of = |name: &str| built.parameters.iter().find(|p| p.name == name).unwrap().expr.clone();
    let variables = [built.input.clone(), of("0.scale"), of("0.shift")];
    let gradient = pull_back(&built.output, &direction, &variables).unwrap();
    let states = built.states.iter().map(|state| state.update.clone().unwrap());
    let roots: Vec<Expr> =
        std::iter::once(built.output.clone()).chain(states).chain(gradient).collect();
    let mut given: Vec<Given<'_>> = vec![
        ("x", &X),
        ("direction", &DIRECTION),
        ("0.scale", &SCALE),
        ("0.shift", &SHIFT),
        ("0.mean", &[0.0; 3]),
        ("0.variance", &[1.0; 3]),
    ];
    given.extend(weight.map(|weight| ("weight", weight)));
    by.values(&roots, &given, 5)
}

#[test]
fn batch_norm_and_its_gradient() {
    let expected: [&[f64]; 6] = [
        &[
            -0.5150858354912465,
            1.24175229247634,
            -2.976468966247931,
            1.3976287532368699,
            0.3923523459378483,
            -4.741296497653093,
            -1.9496217770373336,
            0.8823907766331319,
            0.3178757590417052,
            2.353986047600928,
            1.8297984093106803,
            -2.2705379536858663,
            -0.03690718830921744,
            0.6537061756419996,
            -5.329572341454814,
        ],
        &[0.09, -0.0325, 0.295],
        &[0.976875, 1.3575, 3.1575],
        &[
            2.6047048144262264,
            0.18170052300529316,
            -0.18851862919705797,
            0.3965506029989223,
            -0.14590757114890834,
            -0.7565175344607286,
            -1.23823396959663,
            -0.07250171073678208,
            0.00894142305260337,
            -0.7075265027147297,
            -0.10917549757117463,
            0.2739912704290986,
            -1.0554949451137887,
            0.14588425645157188,
            0.6621034701760846,
        ],
        &[2.566225406543556, 3.6687543844720234, 0.2441344751777141],
        &[-0.5, 2.75, 3.25],
    ];
    for by in By::ALL {
        let network = Network::new(3).batch_norm();
        for (place, (found, expected)) in
            normalised(&network, None, by).iter().zip(expected).enumerate()
        {
            assert_close(found, expected, tolerance(by), &(by, place));
        }
        // Rows that all count twice are rows that count once.
        for (place, (found, expected)) in
            normalised(&network, Some(&[2.0; 5]), by).iter().zip(expected).enumerate()
        {
            assert_close(found, expected, tolerance(by), &(by, "weighted", place));
        }
    }
}

/// Mean and variance count rows by their weights; Bessel's correction takes the four rows that
/// count at all.
#[test]
fn batch_norm_counts_rows_by_their_weights() {
    let expected: [&[f64]; 3] = [
        &[
            0.20208457445248515,
            1.1166116187966413,
            -4.413429279669399,
            1.9270398941630198,
            0.06710704962686964,
            -6.248169210009483,
            -1.0916319153304157,
            0.6725904549171225,
            -0.9885814097012401,
            2.7895175540182873,
            1.8431917051449447,
            -3.6795333075333647,
            0.6333234043801188,
            0.3900315324483378,
            -6.859749186789513,
        ],
        &[0.05277777777777778, -0.08888888888888889, 0.5888888888888889],
        &[1.0008230452674898, 1.2196502057613168, 3.12798353909465],
    ];
    for by in By::ALL {
        let weight = [1.0, 0.0, 2.0, 1.0, 0.5];
        let found = normalised(&Network::new(3).batch_norm(), Some(&weight), by);
        for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert_close(found, expected, tolerance(by), &(by, place));
        }
    }
}

/// Case train-bn-runvar-1 (from "Public troubles of people who train neural networks, as small
/// checks"): the batch is normalised by the biased variance, the running one is unbiased.
#[test]
fn one_step_of_the_running_values() {
    let built = Network::new(1).batch_norm().build(true).unwrap();
    let updates: Vec<Expr> = built.states.iter().map(|s| s.update.clone().unwrap()).collect();
    let roots = [std::slice::from_ref(&built.output), &updates].concat();
    let given: Vec<Given<'_>> = vec![
        ("x", &[1.0, 2.0, 3.0, 4.0]),
        ("0.scale", &[1.0]),
        ("0.shift", &[0.0]),
        ("0.mean", &[0.0]),
        ("0.variance", &[1.0]),
    ];
    for by in By::ALL {
        let found = by.values(&roots, &given, 4);
        assert_close(&found[0][..1], &[-1.3416354199689269], (1e-6, 0.0), &by);
        assert_close(&found[1], &[0.25], (1e-6, 0.0), &by);
        assert_close(&found[2], &[1.066_666_666_666_666_7], (1e-6, 0.0), &by);
    }
}

/// A batch that says nothing of a variance is normalised as in prediction, and leaves the running
/// values as they are: one row, one row that counts, none.
#[test]
fn a_batch_in_which_fewer_than_two_rows_count_is_normalised_by_the_running_values() {
    let network = Network::new(2).batch_norm();
    let weight = Expr::input("weight", Shape::rows(&[]));
    let rows = [1.5, -2.0, 1e3, 4.0, 0.25, -7.0];
    let expected: Vec<f64> = rows
        .chunks(2)
        .flat_map(|x| {
            let root = |variance: f64| (variance + 1e-5).sqrt();
            [(x[0] - 0.5) / root(4.0) * 1.5 + 0.25, (x[1] + 1.0) / root(0.25) * -0.5 + 1.0]
        })
        .collect();
    for by in By::ALL {
        for (count, weights) in
            [(1, None), (1, Some([3.0, 0.0, 0.0])), (3, Some([0.0, 0.3, 0.0])), (3, Some([0.0; 3]))]
        {
            let built = match weights {
                Some(_) => network.build_weighted(&weight).unwrap(),
                None => network.build(true).unwrap(),
            };
            let loss = built.output.clone().sum(0).sum_over_rows();
            let parameters: Vec<Expr> = built.parameters.iter().map(|p| p.expr.clone()).collect();
            let gradient = chainrule::derivative::gradient(&loss, &parameters).unwrap();
            let states = built.states.iter().map(|s| s.update.clone().unwrap());
            let roots: Vec<Expr> =
                std::iter::once(built.output.clone()).chain(states).chain(gradient).collect();
            let mut given: Vec<Given<'_>> = vec![
                ("x", &rows[..2 * count]),
                ("0.scale", &[1.5, -0.5]),
                ("0.shift", &[0.25, 1.0]),
                ("0.mean", &[0.5, -1.0]),
                ("0.variance", &[4.0, 0.25]),
            ];
            given.extend(weights.as_ref().map(|weights| ("weight", &weights[..count])));
            let found = by.values(&roots, &given, count);
            let what = (by, count, weights);
            assert_close(&found[0], &expected[..2 * count], tolerance(by), &what);
            assert_eq!(found[1], [0.5, -1.0], "{what:?}");
            assert_eq!(found[2], [4.0, 0.25], "{what:?}");
            assert!(found[3..].iter().flatten().all(|slope| slope.is_finite()), "{what:?}");
        }
    }
}

#[test]
fn batch_norm_predicts_with_the_running_values() {
    let built = Network::new(1).batch_norm().build(false).unwrap();
    let given: Vec<Given<'_>> = vec![
        ("x", &[3.0, -1.0]),
        ("0.scale", &[2.0]),
        ("0.shift", &[0.5]),
        ("0.mean", &[1.0]),
        ("0.variance", &[4.0]),
    ];
    // (x − 1)/√4.00001 · 2 + ½, whatever the other rows.
    let root = 4.000_01_f64.sqrt();
    for by in By::ALL {
        let found = by.values(std::slice::from_ref(&built.output), &given, 2);
        assert_close(&found[0], &[4.0 / root + 0.5, -4.0 / root + 0.5], tolerance(by), &by);
    }
}

#[test]
fn layer_norm_and_its_gradient() {
    let expected: [&[f64]; 4] = [
        &[
            0.034982036298522944,
            1.5733812365372721,
            -0.4197844355822753,
            0.9815671080770854,
            0.5471251235713281,
            -5.786922316484135,
            -0.8693686552849217,
            1.3336157560849178,
            -0.17304543528043306,
            0.6988790002578826,
            1.673318500386824,
            -0.9052313321298808,
            1.1697065197996364,
            0.6014605080868242,
            -5.820433327385552,
        ],
        &[
            0.43396318323483407,
            -0.25527257161359646,
            -0.1786906116212376,
            0.9487056661793772,
            -0.7762080153220647,
            -0.17249765085731253,
            -0.16967713521763095,
            0.17612038492415202,
            -0.006443249706521058,
            -0.263520936629784,
            0.08235000586673304,
            0.18117093076305096,
            -0.4895934480935522,
            0.44878221084195313,
            0.04081123725159905,
        ],
        &[0.8348389556527943, 2.4528479721887115, 1.2648931555973932],
        &[-0.5, 2.75, 3.25],
    ];
    for by in By::ALL {
        let network = Network::new(3).layer_norm();
        let found = normalised(&network, None, by);
        for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert_close(found, expected, tolerance(by), &(by, place));
        }
        let predicted = network.build(false).unwrap().output;
        let given: [Given<'_>; 3] = [("x", &X), ("0.scale", &SCALE), ("0.shift", &SHIFT)];
        assert_eq!(by.values(&[predicted], &given, 5)[0], found[0]);
    }
}

/// A large mean costs no digit of the deviations beyond those that x itself has lost: in single
/// precision the variance of numbers near 10,000 would be nothing but rounding as a difference of
/// squares.
#[test]
fn a_large_mean_leaves_the_normalised_values_as_they_are() {
    // Sums and differences of these are exact in single precision.
    let deviations = [0.5, -0.25, 1.0, -1.25, 0.75, -0.75, 0.125, -0.125];
    let far: Vec<f64> = deviations.iter().map(|d| d + 10_000.0).collect();
    let mean_square = deviations.iter().map(|d| d * d).sum::<f64>() / 8.0;
    let expected: Vec<f64> = deviations.iter().map(|d| d / (mean_square + 1e-5).sqrt()).collect();
    for (width, rows) in [(8, 1), (1, 8)] {
        let network = match width {
            1 => Network::new(1).batch_norm(),
            _ => Network::new(8).layer_norm(),
        };
        let built = network.build(true).unwrap();
        let (ones, zeros) = (vec![1.0; width], vec![0.0; width]);
        let given: Vec<Given<'_>> = vec![
            ("x", &far),
            ("0.scale", &ones),
            ("0.shift", &zeros),
            ("0.mean", &zeros),
            ("0.variance", &ones),
        ];
        let found = By::F32.values(std::slice::from_ref(&built.output), &given, rows);
        assert_close(&found[0], &expected, (1e-6, 1e-6), &(width, rows));
        // And equal numbers, however large, have no variance at all: only the shift is left.
        let same = [1e7; 8];
        let given: Vec<Given<'_>> = given
            .into_iter()
            .map(|(n, v)| if n == "x" { (n, &same[..]) } else { (n, v) })
            .collect();
        let found = By::F32.values(std::slice::from_ref(&built.output), &given, rows);
        assert_close(&found[0], &[0.0; 8], (0.0, 1e-6), &(width, rows));
    }
}

const TABLE: [f64; 6] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
const OTHER: [f64; 2] = [-1.0, -2.0];

fn embedded(training: bool, by: By, codes: &[f64]) -> Vec<f64> {
    let built = Network::new(3).embedding(1, 3, 2).build(training).unwrap();
    let x: Vec<f64> = codes.iter().flat_map(|&code| [7.0, code, -7.0]).collect();
    let given: [Given<'_>; 3] = [("x", &x), ("0.table", &TABLE), ("0.other", &OTHER)];
    by.values(&[built.output], &given, codes.len()).remove(0)
}

/// Whatever is no code has a vector of its own, and is never NaN.
#[test]
fn an_embedding_gives_each_code_its_vector() {
    let codes = [0.0, 2.0, 1.0, -0.0, 3.0, -1.0, -0.5, 1e30, f64::NAN, f64::INFINITY, 2.75];
    let vectors: [[f64; 2]; 11] = [
        [0.1, 0.2],
        [0.5, 0.6],
        [0.3, 0.4],
        [0.1, 0.2],
        OTHER,
        OTHER,
        OTHER,
        OTHER,
        OTHER,
        OTHER,
        [0.5, 0.6],
    ];
    let expected: Vec<f64> = vectors.iter().flat_map(|&[a, b]| [7.0, a, b, -7.0]).collect();
    for by in By::ALL {
        for training in [true, false] {
            let found = embedded(training, by, &codes);
            assert_close(&found, &expected, (1e-7, 0.0), &(by, training));
        }
        // The two forms are the same to the bit.
        assert_eq!(embedded(true, by, &codes), embedded(false, by, &codes));
    }
}

/// One place, the first, the last: what stands beside the code is kept in order.
#[test]
fn an_embedding_may_stand_anywhere_in_a_row() {
    for (width, column, expected) in
        [(1, 0, &[0.3, 0.4][..]), (3, 0, &[0.3, 0.4, 1.0, 1.0]), (3, 2, &[1.0, 1.0, 0.3, 0.4])]
    {
        for training in [true, false] {
            let built = Network::new(width).embedding(column, 3, 2).build(training).unwrap();
            let x = vec![1.0; width];
            let given: [Given<'_>; 3] = [("x", &x), ("0.table", &TABLE), ("0.other", &OTHER)];
            let found = By::F64.values(&[built.output], &given, 1);
            assert_close(&found[0], expected, (1e-15, 0.0), &(width, column));
        }
    }
    assert!(Network::new(3).embedding(3, 3, 2).build(true).is_err());
}

/// ∂/∂table is the sum of the rows' directions by their codes.
#[test]
fn the_gradient_of_a_table_is_summed_by_code() {
    for training in [true, false] {
        let built = Network::new(1).embedding(0, 3, 2).build(training).unwrap();
        let direction = Expr::input("direction", Shape::rows(&[2]));
        let variables: Vec<Expr> = built.parameters.iter().map(|p| p.expr.clone()).collect();
        let roots = pull_back(&built.output, &direction, &variables).unwrap();
        let given: [Given<'_>; 4] = [
            ("x", &[2.0, 0.0, 2.0, 9.0, f64::NAN]),
            ("direction", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 0.5, 0.25]),
            ("0.table", &TABLE),
            ("0.other", &OTHER),
        ];
        for by in By::ALL {
            let found = by.values(&roots, &given, 5);
            assert_eq!(found[0], [3.0, 4.0, 0.0, 0.0, 6.0, 8.0], "{by:?} {training}");
            assert_eq!(found[1], [7.5, 8.25], "{by:?} {training}");
        }
    }
}

#[test]
fn a_residual_block_adds_its_input() {
    // 3 → 3: x + relu(x·W + b)
    let built = Network::new(2).residual(|block| block.dense(2, "relu")).build(true).unwrap();
    let given: [Given<'_>; 3] =
        [("x", &[1.0, -2.0]), ("0.0.weight", &[0.5, 1.0, 1.0, 0.25]), ("0.0.bias", &[0.0, 1.0])];
    // (1, −2)·W = (−1.5, 0.5); with the bias (−1.5, 1.5); relu (0, 1.5).
    for by in By::ALL {
        let found = by.values(std::slice::from_ref(&built.output), &given, 1);
        assert_eq!(found[0], [1.0, -0.5], "{by:?}");
    }
    // 2 → 3: x·P + (x·W + b)
    let built = Network::new(2).residual(|block| block.dense(3, "linear")).build(true).unwrap();
    let names: Vec<&str> = built.parameters.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["0.0.weight", "0.0.bias", "0.projection"]);
    let given: [Given<'_>; 4] = [
        ("x", &[1.0, -2.0]),
        ("0.0.weight", &[0.0; 6]),
        ("0.0.bias", &[0.5, 0.25, 0.0]),
        ("0.projection", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
    ];
    for by in By::ALL {
        let found = by.values(std::slice::from_ref(&built.output), &given, 1);
        assert_eq!(found[0], [-6.5, -7.75, -9.0], "{by:?}");
    }
    // Without layers it doubles.
    let built = Network::new(1).residual(|block| block).build(true).unwrap();
    assert_eq!(By::F64.values(&[built.output], &[("x", &[3.0])], 1)[0], [6.0]);
}

/// An activation as a layer of its own is the one that a dense layer ends with; a typed one too.
#[test]
fn an_activation_stands_alone() {
    let x: Given<'_> = ("x", &[1.5, -0.5]);
    for text in ["tanh", "relu", "x*sigmoid(1.5*x)", "leaky_relu(x, 0.2)"] {
        let alone = Network::new(2).activation(text).build(false).unwrap().output;
        let typed = chainrule::activations::Choice::parse(text).unwrap();
        let expected = typed.apply(&Expr::input("x", Shape::rows(&[2])));
        for by in By::ALL {
            let values = |root: &Expr| by.values(std::slice::from_ref(root), &[x], 1);
            assert_eq!(values(&alone), values(&expected), "{text}");
        }
    }
    assert!(Network::new(2).activation("tahn").build(false).is_err());
    assert!(Network::new(2).activation("tanh(y)").build(false).is_err());
}

/// A slope that is learned is a parameter of the layer that it stands in.
#[test]
fn prelu_learns_its_slope() {
    let built = Network::new(2).dense(1, "prelu").activation("prelu").build(true).unwrap();
    let names: Vec<&str> = built.parameters.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["0.weight", "0.bias", "0.a", "1.a"]);
    let Built { parameters, output, .. } = &built;
    assert_eq!(built.initial_parameters(0)[2..], [[0.25], [0.25]]);
    assert!(parameters[2].dims.is_empty());
    let loss = output.clone().sum(0).sum_over_rows();
    let slopes = [parameters[2].expr.clone(), parameters[3].expr.clone()];
    let gradient = chainrule::derivative::gradient(&loss, &slopes).unwrap();
    let given: [Given<'_>; 5] = [
        ("x", &[1.0, 2.0]),
        ("0.weight", &[1.0, -2.0]),
        ("0.bias", &[0.0]),
        ("0.a", &[0.5]),
        ("1.a", &[0.25]),
    ];
    // 1 − 4 = −3, ·½ = −1.5, ·¼; by the first slope −3·¼, by the second −1.5.
    let roots = [std::slice::from_ref(output), &gradient].concat();
    for by in By::ALL {
        assert_eq!(by.values(&roots, &given, 1), [[-0.375], [-0.75], [-1.5]], "{by:?}");
    }
}

/// A layer that says what it was built with.
#[derive(Debug)]
struct Weighed;

impl Layer for Weighed {
    fn name(&self) -> &str {
        "weighed"
    }

    fn build(&self, builder: &mut Builder, input: &Expr) -> Expr {
        match builder.row_weight() {
            Some(weight) => input * weight,
            None => input.clone(),
        }
    }
}

#[test]
fn a_layer_of_ones_own_may_count_rows_by_their_weights() {
    let network = Network::new(1).layer(Weighed);
    let weight = Expr::input("weight", Shape::rows(&[]));
    let weighted = network.build_weighted(&weight).unwrap().output;
    let given: [Given<'_>; 2] = [("x", &[2.0, 3.0]), ("weight", &[0.5, 4.0])];
    assert_eq!(By::F64.values(&[weighted], &given, 2)[0], [1.0, 12.0]);
    for training in [true, false] {
        let plain = network.build(training).unwrap().output;
        assert_eq!(By::F64.values(&[plain], &given, 2)[0], [2.0, 3.0]);
    }
}
