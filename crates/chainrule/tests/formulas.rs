//! What is typed where a name is accepted: the same numbers as the built-in of the same formula,
//! right far out, trained, kept in the model file.

mod tabular;

use chainrule::engine::{
    Data as Numbers, Engine, Matrices, Matrix, Number, Options, Selection, compile,
};
use chainrule::estimator::{Plan, Recipe};
use chainrule::losses::{Output, loss};
use chainrule::{Criterion, ErrorKind, Expr, Model, Network, Shape};
use chainrule_core::derivative::pull_back;
use tabular::{bits, fit, houses_without, quick, table};

/// The value of each row, and its slope by the network's output.
fn run<T: Number>(
    criterion: &dyn Fn(&Expr, &Expr) -> Expr,
    y: &[f64],
    z: &[f64],
    rows: usize,
) -> [Vec<f64>; 2] {
    let width = |values: &[f64]| values.len() / rows;
    let y_input = Expr::input("y", Shape::rows(&[width(y)]));
    let z_input = Expr::input("z", Shape::rows(&[width(z)]));
    let value = criterion(&y_input, &z_input);
    let slope = pull_back(&value, &Expr::constant(1.0), &[z_input]).unwrap().remove(0);
    let mut engine = Engine::<T>::new(compile(&[value, slope], &[]).unwrap(), Options::default());
    let matrix = |values, width| Matrix::new(Numbers::F64(values), rows, width).unwrap();
    let source = Matrices::new(&[("y", matrix(y, width(y))), ("z", matrix(z, width(z)))]).unwrap();
    let (mut values, mut slopes) = (vec![T::ZERO; rows], vec![T::ZERO; z.len()]);
    let outputs = &mut [&mut values[..], &mut slopes[..]];
    engine.run(&source, Selection::Range { start: 0, count: rows }, 0, 0, outputs).unwrap();
    [values, slopes].map(|values| values.iter().map(|value| value.to_f64()).collect())
}

fn typed<T: Number>(
    text: &str,
    output: Output,
    y: &[f64],
    z: &[f64],
    rows: usize,
) -> [Vec<f64>; 2] {
    let criterion = Criterion::formula(text, output).unwrap();
    run::<T>(&|y, z| criterion.per_row(y, z), y, z, rows)
}

fn built_in<T: Number>(name: &str, y: &[f64], z: &[f64], rows: usize) -> [Vec<f64>; 2] {
    let criterion: Criterion = loss(name).unwrap().into();
    run::<T>(&|y, z| criterion.per_row(y, z), y, z, rows)
}

#[track_caller]
fn assert_near(found: &[f64], expected: &[f64], relative: f64) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        let near = (found - expected).abs() <= relative * expected.abs() + 1e-30;
        assert!(near, "found {found}, expected {expected}");
    }
}

#[test]
fn a_typed_loss_is_the_built_in_of_the_same_formula() {
    let y = [0.5, -1.25, 3.0, 100.0, 0.0, -2.0];
    let p = [0.5, 1.0, -3.0, 99.0, 1e-3, 2.5];
    for (name, text) in [("mse", "(y - p)^2"), ("mae", "abs(y - p)"), ("mse", "(y-p)**2")] {
        for rows in [6, 3] {
            let found = typed::<f32>(text, Output::Prediction, &y, &p, rows);
            let expected = built_in::<f32>(name, &y, &p, rows);
            assert_eq!(found, expected, "{text}");
        }
    }
    let (y, z) = ([0.0, 1.0, 1.0, 0.25], [-3.0, 0.5, -20.0, 8.0]);
    let text = "-y*log(p) - (1 - y)*log(1 - p)";
    let expected = built_in::<f64>("binary_cross_entropy", &y, &z, 4);
    for (found, expected) in typed::<f64>(text, Output::Logit, &y, &z, 4).iter().zip(&expected) {
        assert_near(found, expected, 1e-14);
    }
    let found = typed::<f64>("softplus(z) - y*z", Output::Logit, &y, &z, 4);
    assert_near(&found[0], &expected[0], 1e-9);
}

#[test]
fn for_classes_y_is_one_hot_and_the_mean_is_taken_over_the_classes() {
    let z = [0.3, -2.0, 4.0, 1e4, -1e4, 0.0];
    let expected = built_in::<f64>("categorical_cross_entropy", &[2.0, 1.0], &z, 2);
    let third = |values: &[f64]| values.iter().map(|value| value / 3.0).collect::<Vec<f64>>();
    for y in [&[2.0, 1.0][..], &[0.0, 0.0, 1.0, 0.0, 1.0, 0.0]] {
        let found = typed::<f64>("-y*log(p)", Output::Logits, y, &z, 2);
        assert_near(&found[0], &third(&expected[0]), 1e-14);
        assert_near(&found[1], &third(&expected[1]), 1e-14);
    }
}

#[test]
fn far_out_a_typed_loss_and_its_slope_are_right_in_f32_too() {
    let text = "log(cosh(y - p))";
    let [values, slopes] =
        typed::<f32>(text, Output::Prediction, &[0.0; 4], &[1e4, -1e4, 1e-4, 0.0], 4);
    assert_near(
        &values,
        &[1e4 - std::f64::consts::LN_2, 1e4 - std::f64::consts::LN_2, 5e-9, 0.0],
        1e-6,
    );
    assert_near(&slopes, &[1.0, -1.0, 1e-4, 0.0], 1e-6);
    let text = "-y*log(p) - (1 - y)*log(1 - p)";
    let [values, slopes] = typed::<f32>(text, Output::Logit, &[0.0, 1.0], &[1e4, -1e4], 2);
    assert_eq!((values, slopes), (vec![1e4, 1e4], vec![1.0, -1.0]));
}

#[test]
fn a_network_trained_on_a_typed_loss_has_the_bits_of_the_built_in() {
    let table = table(&houses_without(80, &["rent", "kind", "sold", "let"]));
    let with = |loss: &str, activation: &str| {
        let recipe = Recipe {
            loss: Some(loss.to_owned()),
            activation: activation.to_owned(),
            dropout: Some(0.0),
            ..quick()
        };
        fit(&table, &["price"], &recipe).unwrap().model
    };
    let named = with("mse", "tanh");
    let typed = with("(y - p)^2", "tanh");
    assert_eq!(named.parameters, typed.parameters);
    assert_eq!(typed.summary.loss, "(y - p)^2");
    // The weights of a typed activation start as Glorot's, so those of tanh are compared.
    let typed = with("mse", "tanh(x)");
    assert_eq!(named.parameters, typed.parameters);
    let bytes = typed.to_bytes().unwrap();
    let again = Model::load(&bytes).unwrap();
    assert_eq!(bits(&again.predict(&table, 1).unwrap()), bits(&typed.predict(&table, 1).unwrap()));
    assert!(again.network.to_json().to_string().contains("tanh(x)"));
}

#[test]
fn an_activation_that_no_library_has_trains_and_is_kept() {
    let table = table(&houses_without(80, &["rent", "price", "sold", "let"]));
    for activation in
        ["x*sigmoid(1.5*x)", "where(x > 0, x, expm1(x)/2)", "log(1 + exp(x)) - 0.5", "sin(x)^2"]
    {
        let recipe = Recipe { activation: activation.to_owned(), ..quick() };
        let model = fit(&table, &["kind"], &recipe).unwrap().model;
        let again = Model::load(&model.to_bytes().unwrap()).unwrap();
        let expected = model.predict(&table, 1).unwrap();
        assert!(expected.iter().all(|p| p.is_finite()), "{activation}");
        assert_eq!(bits(&again.predict(&table, 3).unwrap()), bits(&expected), "{activation}");
    }
}

#[test]
fn a_pinball_loss_leads_to_the_quantile() {
    // Without features that say anything the best answer is the quantile of the target.
    let mut text = String::from("x,y\n");
    for i in 0..200 {
        text += &format!("{},{}\n", i % 2, i);
    }
    let table = table(&text);
    let recipe = Recipe {
        loss: Some("where(y > p, 0.9*(y - p), 0.1*(p - y))".to_owned()),
        layers: Vec::new(),
        epochs: 200,
        learning_rate: Some(0.02),
        optimizer: Some("adam".to_owned()),
        ..quick()
    };
    let model = fit(&table, &["y"], &recipe).unwrap().model;
    for prediction in model.predict(&table, 1).unwrap() {
        assert!((165.0..195.0).contains(&prediction), "{prediction}");
    }
}

#[test]
fn what_is_wrong_with_a_formula_is_said_where_it_is() {
    let table = table(&houses_without(80, &["rent", "kind", "sold", "let"]));
    let refused = |recipe: Recipe| Plan::new(&table, &["price"], &recipe).unwrap_err();
    let loss = |text: &str| refused(Recipe { loss: Some(text.to_owned()), ..quick() });
    for (text, part) in
        [("(y - q)^2", "q"), ("(y - z)^2", "z"), ("(y - p", "("), ("huber(y, p) + 1", "huber")]
    {
        let error = loss(text);
        assert!(matches!(error.kind(), ErrorKind::Expression(_)), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    let long = format!("(y - p)^2{}", " + 0*p".repeat(1000));
    assert!(matches!(loss(&long).kind(), ErrorKind::Expression(_)));
    assert!(matches!(loss("msee").kind(), ErrorKind::UnknownName { .. }));
    for activation in ["x - sum(x, axis=rows)", "x*uniform(stream=0, rows[])"] {
        let error = refused(Recipe { activation: activation.to_owned(), ..quick() });
        assert!(matches!(error.kind(), ErrorKind::MixesRows { .. }), "{activation}: {error}");
    }
    for activation in ["x + y", "concat([x, x], axis=0)"] {
        let error = refused(Recipe { activation: activation.to_owned(), ..quick() });
        assert!(matches!(error.kind(), ErrorKind::Expression(_)), "{activation}: {error}");
    }
    assert!(Network::new(3).dense(2, "x*").describe().is_err());
}
