//! What an explanation says, checked: every formula that is printed is evaluated, link by link, and
//! the product of the links is the gradient of the whole graph.

use std::collections::BTreeMap;

use chainrule::data::{ReadOptions, Table};
use chainrule::derivative::gradient;
use chainrule::estimator::{Normalization, Plan, Recipe};
use chainrule::explanation::Explanation;
use chainrule::losses::Output;
use chainrule::{Criterion, Expr, Model, Network, Shape};
use chainrule_core::graph::Graph;
use chainrule_core::oracle::evaluate;
use chainrule_core::random::Stream;
use serde_json::json;

const ROWS: usize = 5;

/// What is explained: a network on rows of three numbers, a loss, what the output means, and the
/// columns of the target.
type Case = (Network, &'static str, Output, usize);

fn linear(network: Network, outputs: usize) -> Network {
    network.dense(outputs, "linear")
}

fn networks() -> Vec<Case> {
    let new = || Network::new(3);
    let no_bias = json!({ "units": 4, "activation": "linear", "bias": false });
    let of = |network, outputs| (linear(network, outputs), "mse", Output::Prediction, outputs);
    let mut cases = vec![
        of(new(), 1),
        of(new().named("dense", no_bias.clone()).batch_norm().activation("tanh"), 1),
        of(new().named("dense", no_bias.clone()), 2),
        of(new().dense(4, "linear").layer_norm().activation("tanh"), 1),
        of(new().batch_norm().layer_norm(), 1),
        of(new().embedding(1, 4, 2).dense(4, "tanh"), 1),
        of(new().embedding(2, 3, 2).embedding(0, 4, 1).dense(4, "tanh"), 1),
        of(new().dense(4, "x*sigmoid(1.5*x)").dense(3, "sin(x)^2 + sin(x)"), 1),
        of(new().dense(4, "x^2").dense(4, "x^2").dropout(0.5), 1),
        of(new().dense(1, "tanh").dense(1, "tanh"), 1),
        of(
            new()
                .residual(|block| block.dense(3, "tanh"))
                .residual(|block| block.dense(4, "silu"))
                .residual(|block| block.layer_norm().residual(|inner| inner.dense(4, "x^2"))),
            1,
        ),
        (new().named("dense", no_bias), "rmse", Output::Direction, 4),
        (new().dense(2, "tanh"), "mse", Output::Direction, 2),
        (
            new().dense(3, "linear").residual(|block| block.dense(3, "tanh")),
            "mae",
            Output::Direction,
            3,
        ),
    ];
    for activation in chainrule::activations::ACTIVATIONS {
        cases.push(of(new().dense(4, activation.name()).dense(3, activation.name()), 1));
    }
    cases
}

fn losses() -> Vec<Case> {
    let of = |loss, output, outputs, width| {
        (linear(Network::new(3).dense(4, "tanh"), outputs), loss, output, width)
    };
    use Output::{Direction, Logit, Logits, Normal, Prediction};
    let typed = ["log(cosh(y - p))", "where(y > p, 0.9*(y - p), 0.1*(p - y))", "abs(y - p)^1.5"];
    let two = ["-y*log(p) - (1 - y)*log(1 - p)", "(y - p)^2", "softplus(z) - y*z"];
    let more = ["-y*log(p)", "(y - p)^2", "y*(log_softmax(z) - z)"];
    let settings = ["huber:delta=0.5", "quantile:q=0.9"];
    let mut cases = vec![
        of("binary_cross_entropy:label_smoothing=0.1", Logit, 1, 1),
        of("categorical_cross_entropy:label_smoothing=0.1", Logits, 3, 1),
        of("focal:gamma=1.5,alpha=0.25", Logit, 1, 1),
    ];
    cases.extend(settings.map(|loss| of(loss, Prediction, 1, 1)));
    cases.extend(typed.map(|loss| of(loss, Prediction, 1, 1)));
    cases.extend(typed.map(|loss| of(loss, Direction, 2, 2)));
    cases.extend(two.map(|loss| of(loss, Logit, 1, 1)));
    cases.extend(two.map(|loss| of(loss, Logit, 2, 2)));
    cases.extend(more.map(|loss| of(loss, Logits, 3, 1)));
    for loss in chainrule::losses::LOSSES {
        for form in loss.forms {
            cases.extend(match form.output {
                Prediction | Output::Rate => {
                    vec![of(loss.name, Prediction, 1, 1), of(loss.name, Direction, 2, 2)]
                }
                Direction => vec![of(loss.name, Direction, 2, 2)],
                Normal => vec![of(loss.name, Prediction, 2, 1), of(loss.name, Direction, 4, 2)],
                Logit => vec![of(loss.name, Logit, 1, 1), of(loss.name, Logit, 2, 2)],
                Logits => vec![of(loss.name, Logits, 3, 1), of(loss.name, Logits, 3, 3)],
            });
        }
    }
    cases
}

/// Numbers for the inputs of some rows.
struct Given {
    values: BTreeMap<String, Vec<f64>>,
}

impl Given {
    fn new((network, loss, output, width): &Case, rows: usize) -> Self {
        let built = network.build(false).unwrap();
        let mut stream = Stream::new(5, 1);
        let mut values = BTreeMap::new();
        let mut row = || [stream.below(4) as f64, stream.below(4) as f64, stream.below(4) as f64];
        let x: Vec<f64> = (0..rows).flat_map(|_| row()).collect();
        let mut number = |from: f64| from + 0.7 * stream.normal();
        values.insert("x".to_owned(), x);
        for parameter in &built.parameters {
            let elements = parameter.dims.iter().product();
            values.insert(parameter.name.clone(), (0..elements).map(|_| number(0.1)).collect());
        }
        for state in &built.states {
            let from = 3.0 * state.initial;
            let elements = state.dims.iter().product();
            values.insert(
                state.name.clone(),
                (0..elements).map(|_| number(from).abs() + 0.1).collect(),
            );
        }
        let y = |place: usize| match (output, *width) {
            (Output::Logits, 1) => (place % 3) as f64,
            (Output::Logits, _) => [0.2, 0.3, 0.5][place % 3],
            // The formula of its entropy has no value at 0 and 1.
            (Output::Logit, _) if *loss == "kl_divergence" => [0.1, 0.9, 0.25][place % 3],
            (Output::Logit, _) => [0.0, 1.0, 0.25][place % 3],
            _ => [0.3, 2.0, 1.1, 0.7][place % 4],
        };
        values.insert("y".to_owned(), (0..rows * width).map(y).collect());
        values.insert("m".to_owned(), vec![rows as f64]);
        Self { values }
    }

    /// The value of an expression in a shape, of every row.
    fn value(&self, expr: &Expr, shape: &Shape) -> Vec<f64> {
        let expr = match expr.shape().broadcasts_to(shape) {
            true => expr.clone().broadcast(shape),
            false => expr.clone().reshape(&shape.dims),
        };
        // A row of its own would not know how many rows there are.
        let rows = Expr::input("x", Shape::rows(&[3])).sum(0) * 0.0;
        let expr = if shape.is_rows() { expr + 0.0 * spread(rows, shape) } else { expr };
        let given: Vec<(&str, &[f64])> =
            self.values.iter().map(|(name, values)| (name.as_str(), &values[..])).collect();
        let found = evaluate(std::slice::from_ref(&expr), &given);
        found.unwrap_or_else(|error| panic!("{expr}: {error}")).remove(0)
    }
}

fn spread(rows: Expr, shape: &Shape) -> Expr {
    rows.broadcast(shape)
}

#[track_caller]
fn near(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1e-3, |largest: f64, x| largest.max(x.abs()));
    for (found, expected) in found.iter().zip(expected) {
        let close = (found - expected).abs() <= 1e-9 * largest;
        assert!(close, "{what}: {found}, not {expected}");
    }
}

/// The loss of the network as training has it.
fn whole_loss((network, loss, output, width): &Case) -> (Expr, Vec<Expr>) {
    let criterion = Criterion::parse(loss, *output).unwrap();
    let built = network.build(false).unwrap();
    let y = Expr::input("y", Shape::rows(&[*width]));
    let rows = criterion.per_row(&y, &built.output).sum_over_rows();
    let mean = rows / Expr::variable("m");
    let is_root = ["rmse", "rmsle"].contains(loss);
    let whole = if is_root { mean.sqrt() } else { mean };
    (whole, built.parameters.iter().map(|p| p.expr.clone()).collect())
}

fn explained((network, loss, output, width): &Case) -> Explanation {
    let criterion = Criterion::parse(loss, *output).unwrap();
    Explanation::of_network(network, &criterion, *width)
        .unwrap_or_else(|error| panic!("{loss}: {error}"))
}

#[test]
fn the_product_of_the_printed_links_is_the_gradient_of_the_whole() {
    let mut links = 0;
    for case in networks().iter().chain(&losses()) {
        let explanation = explained(case);
        let mut given = Given::new(case, ROWS);
        let mut shapes = BTreeMap::new();
        for step in &explanation.forward {
            let shape = step.definition.shape();
            let value = given.value(&step.definition, &shape);
            given.values.insert(step.name.clone(), value);
            shapes.insert(step.name.clone(), shape);
        }
        let (whole, parameters) = whole_loss(case);
        let loss = given.value(&whole, &Shape::shared(&[]));
        near(&given.values["L"], &loss, &format!("{}: L", case.1));
        let gradients = gradient(&whole, &parameters).unwrap();
        let mut found = 0;
        for (parameter, gradient) in explanation.parameters.iter().zip(&gradients) {
            shapes.insert(parameter.name.clone(), gradient.shape());
        }
        for slope in &explanation.backward {
            let value = given.value(&slope.definition, &shapes[&slope.of]);
            let parameter = explanation.parameters.iter().position(|p| p.name == slope.of);
            if let Some(place) = parameter {
                let expected = given.value(&gradients[place], &gradients[place].shape());
                near(&value, &expected, &format!("{}: {slope}", case.1));
                found += 1;
            }
            given.values.insert(format!("∂L/∂{}", slope.of), value);
            links += 1;
        }
        // What the loss does not depend on has gradient 0.
        for (parameter, gradient) in explanation.parameters.iter().zip(&gradients) {
            if !explanation.backward.iter().any(|slope| slope.of == parameter.name) {
                let zeros = given.value(gradient, &gradient.shape());
                assert!(zeros.iter().all(|&x| x == 0.0), "{}: {}", case.1, parameter.name);
                found += 1;
            }
        }
        assert_eq!(found, explanation.parameters.len());
    }
    assert!(links > 500, "{links}");
}

#[test]
fn the_numbers_of_a_row_are_those_of_the_formulas() {
    for case in networks().iter().chain(&losses()) {
        let explanation = explained(case);
        let mut given = Given::new(case, 1);
        let take = |names: Vec<String>| -> Vec<Vec<f64>> {
            names.iter().map(|name| given.values[name].clone()).collect()
        };
        let parameters = take(explanation.parameters.iter().map(|p| p.name.clone()).collect());
        let states = take(explanation.states.iter().map(|s| s.name.clone()).collect());
        let (x, y) = (given.values["x"].clone(), given.values["y"].clone());
        let trace = explanation.numbers(x, y, parameters, states).unwrap();
        for (step, value) in explanation.forward.iter().zip(&trace.steps) {
            let shape = step.definition.shape();
            near(value, &given.value(&step.definition, &shape), &format!("{}: {step}", case.1));
            given.values.insert(step.name.clone(), value.clone());
        }
        for (slope, value) in explanation.backward.iter().zip(&trace.slopes) {
            let step = explanation.forward.iter().find(|step| step.name == slope.of);
            let parameter = explanation.parameters.iter().find(|p| p.name == slope.of);
            let shape = match (step, parameter) {
                (Some(step), _) => step.definition.shape(),
                (_, parameter) => Shape::shared(&parameter.unwrap().dims),
            };
            near(value, &given.value(&slope.definition, &shape), &format!("{}: {slope}", case.1));
            given.values.insert(format!("∂L/∂{}", slope.of), value.clone());
        }
        // The local slopes are those of the functions as they are written.
        for ((step, local), value) in
            explanation.forward.iter().zip(&trace.locals).zip(&trace.steps)
        {
            let Some(local) = local else { continue };
            let function = &explanation.functions[step.function.unwrap()];
            let graph = Graph::new(std::slice::from_ref(&step.definition)).unwrap();
            let z = graph.inputs().next().unwrap().1.to_owned();
            assert_eq!(local.len(), value.len());
            for (&z, &local) in given.values[&z].iter().zip(local) {
                let slope = function.slope.clone();
                let written = evaluate(&[slope], &[("x", &[z])]).unwrap()[0][0];
                near(&[local], &[written], &format!("{step} at {z}"));
            }
        }
    }
}

/// Lines of text, the steps and then the slopes.
fn lines(explanation: &Explanation) -> Vec<String> {
    let forward = explanation.forward.iter().map(|step| step.to_string());
    forward.chain(explanation.backward.iter().map(|slope| slope.to_string())).collect()
}

#[test]
fn a_classifier_is_explained_as_a_textbook_has_it() {
    let network = Network::new(4).dense(3, "x*sigmoid(1.5*x)").dense(3, "linear");
    let case = (network, "categorical_cross_entropy", Output::Logits, 1);
    let explanation = explained(&case);
    assert_eq!(
        lines(&explanation),
        [
            "z1 = x·W1 + b1",
            "a1 = f(z1)",
            "z2 = a1·W2 + b2",
            "p = softmax(z2)",
            "E = logsumexp(z2) - z2[y]",
            "L = (Σᵢ E)/m",
            "∂L/∂E = 1/m",
            "δ2 = ∂L/∂z2 = ∂L/∂E·(p - onehot(y))",
            "∂L/∂W2 = Σᵢ a1ᵀ·δ2",
            "∂L/∂b2 = Σᵢ δ2",
            "∂L/∂a1 = δ2·W2ᵀ",
            "δ1 = ∂L/∂z1 = ∂L/∂a1 ⊙ f′(z1)",
            "∂L/∂W1 = Σᵢ xᵀ·δ1",
            "∂L/∂b1 = Σᵢ δ1",
        ]
    );
    let f = &explanation.functions[0];
    assert_eq!(f.definition.text, "x*sigmoid(1.5*x)");
    let derivative = "sigmoid(1.5*x) + 1.5*x*sigmoid(1.5*x)*(1 - sigmoid(1.5*x))";
    assert_eq!(f.derivative.text, derivative);
    let latex: Vec<&str> =
        explanation.backward.iter().map(|slope| slope.formula.latex.as_str()).collect();
    assert_eq!(latex[2], r"\sum_{i=1}^{m} a_{1}^{\top}\, \delta_{2}");
    assert_eq!(latex[5], r"\frac{\partial L}{\partial a_{1}} \odot f'\left(z_{1}\right)");
}

#[test]
fn normalisations_blocks_and_codes_are_steps_of_their_own() {
    let no_bias = json!({ "units": 4, "activation": "linear", "bias": false });
    let network = Network::new(3)
        .embedding(1, 4, 2)
        .named("dense", no_bias)
        .batch_norm()
        .activation("relu")
        .residual(|block| block.dense(4, "relu"))
        .dense(1, "linear");
    let found = lines(&explained(&(network, "rmse", Output::Prediction, 1)));
    for line in [
        "k1 = where(x[1] ≥ 0 and x[1] < 4, x[1], 4)",
        "e1 = [x[0], [T1, u1][k1], x[2]]",
        "z1 = e1·W1",
        "n1 = (z1 - μ1) ⊙ γ1/sqrt(v1 + 1e-5) + β1",
        "a1 = relu(n1)",
        "h2 = a1 + a2",
        "M = (Σᵢ E)/m",
        "L = sqrt(M)",
        "∂L/∂M = 1/(2·L)",
        "∂L/∂E = ∂L/∂M/m",
        "∂L/∂a1 = ∂L/∂h2 + δ2·W2ᵀ",
        "∂L/∂γ1 = (Σᵢ ∂L/∂n1 ⊙ (z1 - μ1))/sqrt(v1 + 1e-5)",
        "δ1 = ∂L/∂z1 = ∂L/∂n1 ⊙ γ1/sqrt(v1 + 1e-5)",
        "∂L/∂T1 = (Σᵢ onehot(k1)ᵀ·(∂L/∂e1)[1..2])[0..3]",
    ] {
        assert!(found.iter().any(|found| found == line), "{line} is not in {found:#?}");
    }
}

#[test]
fn each_embedding_is_a_step_that_the_next_is_made_from() {
    let network = Network::new(3).embedding(2, 3, 2).embedding(0, 4, 1).dense(1, "linear");
    let found = lines(&explained(&(network, "mse", Output::Prediction, 1)));
    assert_eq!(
        found[..5],
        [
            "k1 = where(x[2] ≥ 0 and x[2] < 3, x[2], 3)",
            "e1 = [x[0..1], [T1, u1][k1]]",
            "k2 = where(e1[0] ≥ 0 and e1[0] < 4, e1[0], 4)",
            "e2 = [[T2, u2][k2], e1[1..3]]",
            "p = e2·W1 + b1",
        ]
    );
    // A place in a table has no slope.
    assert!(!found.iter().any(|line| line.starts_with("∂L/∂k")), "{found:#?}");
    assert!(found.contains(&"∂L/∂e1 = [0, (∂L/∂e2)[1..3]]".to_owned()), "{found:#?}");
}

#[test]
fn losses_are_written_as_the_reference_has_them() {
    let found = |case: Case| {
        let explanation = explained(&case);
        let error = explanation.forward.iter().find(|step| step.name == "E").unwrap().to_string();
        let of_output = explanation.backward.iter().find(|slope| slope.short.is_some());
        (error, of_output.unwrap().formula.text.clone())
    };
    for (loss, output, outputs, error, slope) in [
        ("mse", Output::Prediction, 1, "E = (y - p)^2", "-2·∂L/∂E·(y - p)"),
        ("binary_cross_entropy", Output::Logit, 1, "E = softplus(z1) - y·z1", "∂L/∂E·(p - y)"),
        ("poisson", Output::Prediction, 1, "E = p - y·z1", "∂L/∂E·(p - y)"),
        ("rmsle", Output::Prediction, 1, "E = (y - p)^2", "-2·∂L/∂E·(y - p)"),
        (
            "gaussian_nll",
            Output::Prediction,
            2,
            "E = (log(exp(s) + 1e-6) + (y - p)^2/(exp(s) + 1e-6))/2",
            "[∂L/∂p, ∂L/∂s]",
        ),
        ("log(cosh(y - p))", Output::Prediction, 1, "E = log(cosh(y - p))", "-∂L/∂E·tanh(y - p)"),
        (
            "-y*log(p) - (1 - y)*log(1 - p)",
            Output::Logit,
            1,
            "E = -y·log(p) - (1 - y)·log(1 - p)",
            "∂L/∂E·((1 - y)·p - y·(1 - p))",
        ),
        ("kl_divergence", Output::Logits, 3, "E = logsumexp(z1) - z1[y]", "∂L/∂E·(p - onehot(y))"),
    ] {
        let case = (linear(Network::new(3), outputs), loss, output, 1);
        assert_eq!(found(case), (error.to_owned(), slope.to_owned()), "{loss}");
    }
}

fn table() -> Table {
    let row = |i: usize| {
        let (x, c) = (i as f64 / 7.0, ["red", "green", "blue"][i % 3]);
        format!("{x},{c},{}\n", 2.0 * x + (i * i % 5) as f64 / 10.0)
    };
    let text: String = std::iter::once("x,c,y\n".to_owned()).chain((0..40).map(row)).collect();
    Table::from_reader(text.as_bytes(), "t.csv", &ReadOptions::default()).unwrap()
}

fn model(recipe: Recipe) -> (Table, Model) {
    let recipe = Recipe { epochs: 3, layers: vec![3], ..recipe };
    let table = table();
    let fitted = Plan::new(&table, &["y"], &recipe).unwrap().train(&table, &mut ()).unwrap();
    (table, fitted.model)
}

#[test]
fn a_model_s_row_is_what_it_predicts() {
    let recipes = [
        Recipe::default(),
        Recipe { normalization: Some(Normalization::Batch), ..Recipe::default() },
        Recipe { loss: Some("poisson".into()), ..Recipe::default() },
        Recipe { loss: Some("rmsle".into()), activation: "tanh".into(), ..Recipe::default() },
        Recipe { loss: Some("gaussian_nll".into()), ..Recipe::default() },
        Recipe { loss: Some("huber:delta=0.5".into()), ..Recipe::default() },
    ];
    for recipe in recipes {
        let (table, model) = model(recipe);
        let explanation = Explanation::of(&model).unwrap();
        assert_eq!(explanation.loss, model.summary.loss);
        let predictions = model.predict(&table, 1).unwrap();
        for row in [0, 16, 39] {
            let trace = explanation.row(&model, &table, row).unwrap();
            let p = explanation.forward.iter().position(|step| step.name == "p").unwrap();
            let value = match model.target.link() {
                chainrule::data::Link::Rate => trace.steps[p][0],
                _ => model.target.decode(0, trace.steps[p][0]),
            };
            let predicted = predictions[row * model.outputs()];
            assert!(
                (value - predicted).abs() < 1e-5 * predicted.abs().max(1.0),
                "{value} {predicted}"
            );
        }
    }
}

#[test]
fn a_row_that_is_not_there_is_refused() {
    let (table, model) = model(Recipe::default());
    let explanation = Explanation::of(&model).unwrap();
    let error = explanation.row(&model, &table, 40).unwrap_err().to_string();
    assert!(error.contains("41") && error.contains("1 to 40"), "{error}");
    let wrong = explanation.numbers(vec![1.0], vec![1.0], Vec::new(), Vec::new());
    assert!(wrong.is_err());
}

#[test]
fn rows_that_count_differently_have_a_weight() {
    let text = "x,w,y\n0,1,0\n1,2,2\n2,1,4\n3,3,6\n4,1,8\n5,2,10\n6,1,12\n7,1,14\n8,1,16\n9,1,18\n";
    let table = Table::from_reader(text.as_bytes(), "t.csv", &ReadOptions::default()).unwrap();
    let recipe = Recipe {
        epochs: 2,
        layers: vec![2],
        weight: Some("w".into()),
        loss: Some("rmse".into()),
        ..Recipe::default()
    };
    let fitted = Plan::new(&table, &["y"], &recipe).unwrap().train(&table, &mut ()).unwrap();
    let explanation = Explanation::of(&fitted.model).unwrap();
    let found = lines(&explanation);
    assert!(found.contains(&"M = (Σᵢ w·E)/(Σᵢ w)".to_owned()), "{found:#?}");
    assert!(found.contains(&"∂L/∂E = ∂L/∂M·w/(Σᵢ w)".to_owned()), "{found:#?}");
    let trace = explanation.row(&fitted.model, &table, 3).unwrap();
    let e = explanation.forward.iter().position(|step| step.name == "E").unwrap();
    assert!((trace.steps[e + 2][0] - trace.steps[e][0].sqrt()).abs() < 1e-15);
}

#[test]
fn a_network_of_a_thousand_layers_is_explained_in_time() {
    let deep = (0..1000).fold(Network::new(3), |network, _| network.dense(3, "tanh"));
    let case = (linear(deep, 1), "mse", Output::Prediction, 1);
    let explanation = explained(&case);
    assert_eq!(explanation.forward.len(), 2003);
    assert_eq!(explanation.functions.len(), 1);
}
