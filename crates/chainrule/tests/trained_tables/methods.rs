//! How a recipe is trained: schedules, warm-up and clipping, and the solver.

use chainrule::clipping::{By, Clipping};
use chainrule::estimator::{Plan, Recipe};
use chainrule::schedules::Warmup;

use crate::tabular::{fit, houses_without, quick, table};

fn prices() -> String {
    houses_without(60, &["rent", "kind", "sold", "let"])
}

#[test]
fn what_is_done_to_the_steps_is_followed_and_told() {
    let table = table(&prices());
    let recipe = Recipe {
        schedule: Some("cosine:minimum=0.0001".to_owned()),
        warmup: Warmup::Epochs(1.0),
        clip: Some(Clipping::new(By::GlobalNorm, 0.5).unwrap()),
        ..quick()
    };
    let fitted = fit(&table, &["price"], &recipe).unwrap();
    let told = &fitted.model.summary.optimizer;
    assert!(
        told.ends_with("schedule cosine:minimum=0.0001, warm-up 1 epoch, clip global_norm=0.5"),
        "{told}"
    );
    let rates: Vec<f64> = fitted.history.iter().map(|epoch| epoch.learning_rate).collect();
    // The last step of the warm-up has the full rate, the last of all the minimum.
    assert_eq!((rates[0], rates[3]), (5e-4, 1e-4));
    assert!(rates.is_sorted_by(|a, b| a > b), "{rates:?}");
    let plain = fit(&table, &["price"], &quick()).unwrap();
    assert!(plain.history.iter().all(|epoch| epoch.learning_rate == 5e-4));
    assert_ne!(plain.model.parameters, fitted.model.parameters);
}

/// The solver takes all rows at once and no dropout, unless one asks for what it cannot do.
#[test]
fn the_solver_needs_nothing_but_its_name() {
    let table = table(&prices());
    let solver = Recipe { optimizer: Some("lbfgs".to_owned()), batch_size: None, ..quick() };
    let plan = Plan::new(&table, &["price"], &solver).unwrap();
    let rows = plan.rows().0;
    assert_eq!((plan.settings.batch_size, plan.settings.learning_rate), (rows, 1.0));
    let described = plan.network.describe().unwrap();
    assert!(described.iter().all(|layer| !layer.name.contains("dropout")), "{described:?}");
    // A linear model of the price comes to its optimum.
    let linear = Recipe { layers: vec![], epochs: 200, patience: 200, ..solver.clone() };
    let fitted = fit(&table, &["price"], &linear).unwrap();
    assert!(fitted.converged && fitted.history.len() < 200);
    let steps = Recipe { layers: vec![], epochs: 200, patience: 200, ..quick() };
    let last = |recipe: &Recipe| {
        let history = fit(&table, &["price"], recipe).unwrap().history;
        history.last().unwrap().training_loss
    };
    assert!(last(&linear) < last(&steps));
    for (word, recipe) in [
        ("dropout", Recipe { dropout: Some(0.1), ..solver.clone() }),
        ("batch size", Recipe { batch_size: Some(8), ..solver.clone() }),
        ("cosine", Recipe { schedule: Some("cosine".to_owned()), ..solver.clone() }),
        ("warm-up", Recipe { warmup: Warmup::Steps(3), ..solver.clone() }),
    ] {
        let error = fit(&table, &["price"], &recipe).unwrap_err().to_string();
        assert!(error.contains(word) && error.contains("lbfgs"), "{error}");
    }
}

#[test]
fn a_schedule_that_makes_no_sense_is_refused_before_training() {
    let table = table(&prices());
    for (text, word) in [
        ("cosin", "cosine"),
        ("cosine:minimum=1", "learning rate"),
        ("step:size=0", "1 or more"),
        ("plateau:factor=2", "below 1"),
    ] {
        let recipe = Recipe { schedule: Some(text.to_owned()), ..quick() };
        let error = Plan::new(&table, &["price"], &recipe).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}
