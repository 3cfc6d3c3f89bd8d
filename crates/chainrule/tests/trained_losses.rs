//! Every loss trained from a table to a model file: it learns, its numbers are in their units, and
//! the file gives them again; rows and classes count by their weights.

mod tabular;

use chainrule::data::{ClassWeight, Link, TargetEncoder};
use chainrule::estimator::{Fitted, Plan, Recipe, evaluate};
use chainrule::losses::{LOSSES, Loss, Output, TargetScale, loss};
use chainrule::model::Inputs;
use chainrule::{ErrorKind, Model};
use chainrule_core::random::Stream;
use tabular::{bits, fit, quick, read, table};

/// A table of x and u, with a target of every kind that x decides with some noise: number (large,
/// with a large offset), other (a number that goes the other way), count, two, three; and weight.
fn everything(rows: usize) -> String {
    let mut stream = Stream::new(11, 4);
    let mut text = String::from("x,u,number,other,count,two,three,weight\n");
    for _ in 0..rows {
        let (x, u) = (2.0 * stream.uniform() - 1.0, stream.uniform());
        let noise = stream.normal();
        let number = 5000.0 + 300.0 * x + 40.0 * (0.5 + u) * noise;
        let other = -2.0 * x + 1.0 + 0.1 * stream.normal();
        let count = poisson_draw(&mut stream, libm::exp(2.0 * x + 1.5));
        let two = if x + 0.2 * noise > 0.0 { "yes" } else { "no" };
        let three = ["low", "mid", "top"][((1.5 * (x + 1.0) + 0.2 * noise) as usize).min(2)];
        let weight = 0.5 + u;
        text += &format!("{x},{u},{number},{other},{count},{two},{three},{weight}\n");
    }
    text
}

/// How many waiting times of a process of this rate fit into 1.
fn poisson_draw(stream: &mut Stream, rate: f64) -> u32 {
    let (mut time, mut count) = (0.0, 0);
    loop {
        time -= libm::log1p(-stream.uniform()) / rate;
        if time > 1.0 {
            return count;
        }
        count += 1;
    }
}

const COLUMNS: [&str; 5] = ["number", "other", "count", "two", "three"];

/// The table with x, u, weight and some targets alone.
fn with(text: &str, targets: &[&str], more: &[&str]) -> String {
    let dropped: Vec<&str> = (COLUMNS.into_iter().chain(["weight"]))
        .filter(|column| !targets.contains(column) && !more.contains(column))
        .collect();
    tabular::without(text, &dropped)
}

/// The targets that a form of a loss is tried on.
fn targets(loss: &Loss, output: Output) -> &'static [&'static str] {
    match output {
        Output::Prediction if loss.name == "rmsle" => &["count"],
        Output::Prediction | Output::Normal => &["number"],
        Output::Direction => &["number", "other"],
        Output::Rate => &["count"],
        Output::Logit => &["two"],
        Output::Logits => &["three"],
    }
}

fn thorough() -> Recipe {
    Recipe {
        layers: vec![12],
        activation: "tanh".to_owned(),
        dropout: Some(0.0),
        learning_rate: Some(0.02),
        epochs: 25,
        batch_size: Some(32),
        ..quick()
    }
}

fn metric(fitted: &Fitted, name: &str) -> f64 {
    let best = &fitted.history[fitted.model.summary.best_epoch - 1];
    best.metrics.iter().find(|(known, _)| *known == name).unwrap().1
}

#[test]
fn every_loss_learns_and_its_model_is_read_back() {
    let text = everything(400);
    for (loss, form) in LOSSES.iter().flat_map(|loss| loss.forms.iter().map(move |f| (loss, f))) {
        let names = targets(loss, form.output);
        let table = table(&with(&text, names, &[]));
        let recipe = Recipe { loss: Some(loss.name.to_owned()), ..thorough() };
        let fitted = fit(&table, names, &recipe).unwrap();
        let first = fitted.history[0].validation_loss.unwrap();
        let least = fitted.history.iter().filter_map(|epoch| epoch.validation_loss);
        let least = least.fold(f64::INFINITY, f64::min);
        assert!(least < first, "{}: {least} after {first}", loss.name);
        match form.output {
            // A constant is wrong in half of the rows, or in two thirds.
            Output::Logit | Output::Logits => {
                let accuracy = metric(&fitted, "accuracy");
                assert!(accuracy > 0.8, "{} {accuracy}", loss.name);
            }
            Output::Prediction | Output::Normal if loss.name != "rmsle" => {
                let r2 = metric(&fitted, "r2");
                assert!(r2 > 0.85, "{} {r2}", loss.name);
            }
            Output::Prediction | Output::Normal => {
                let found = metric(&fitted, "rmsle");
                assert!(found < 0.55, "{} {found}", loss.name);
            }
            Output::Rate => assert!(metric(&fitted, "r2") > 0.5, "{}", loss.name),
            Output::Direction => assert!(least < 0.01, "{} {least}", loss.name),
        }
        assert_eq!(fitted.model.summary.loss, loss.name);
        assert!(fitted.model.summary.explanation.contains(loss.name));
        let bytes = fitted.model.to_bytes().unwrap();
        let again = Model::load(&bytes).unwrap();
        assert_eq!(again.target, fitted.model.target, "{}", loss.name);
        assert!(again.to_bytes().unwrap() == bytes, "{}", loss.name);
        let expected = fitted.model.predict(&table, 1).unwrap();
        assert_eq!(bits(&again.predict(&table, 2).unwrap()), bits(&expected), "{}", loss.name);
    }
}

#[test]
fn a_quantile_has_its_share_of_the_targets_below() {
    let text = with(&everything(800), &["number"], &[]);
    let table = table(&text);
    let below = |q: f64| {
        let recipe = Recipe { loss: Some(format!("quantile:q={q}")), ..thorough() };
        let model = fit(&table, &["number"], &recipe).unwrap().model;
        let predictions = model.predict(&table, 1).unwrap();
        let targets = numbers(&table, "number");
        let below = targets.iter().zip(&predictions).filter(|(y, p)| y < p).count();
        below as f64 / predictions.len() as f64
    };
    for q in [0.1, 0.5, 0.9] {
        let share = below(q);
        assert!((share - q).abs() < 0.08, "{q}: {share}");
    }
}

fn numbers(table: &chainrule::data::Table, column: &str) -> Vec<f64> {
    match table.column(column).unwrap().values() {
        chainrule::data::Values::Number(values) => values.iter().collect(),
        _ => panic!("numbers"),
    }
}

#[test]
fn a_normal_distribution_has_a_deviation_in_the_targets_units() {
    let table = table(&with(&everything(800), &["number"], &[]));
    let recipe = Recipe { loss: Some("gaussian_nll".to_owned()), epochs: 60, ..thorough() };
    let fitted = fit(&table, &["number"], &recipe).unwrap();
    let model = &fitted.model;
    assert!(model.has_deviations());
    assert_eq!(model.outputs(), 2);
    let predictions = model.predict(&table, 1).unwrap();
    let (y, x, u) = (numbers(&table, "number"), numbers(&table, "x"), numbers(&table, "u"));
    let (mut apart, mut ratio) = (0.0, 0.0);
    for (row, prediction) in predictions.chunks(2).enumerate() {
        let truth = [5000.0 + 300.0 * x[row], 40.0 * (0.5 + u[row])];
        apart += (prediction[0] - truth[0]).abs() / y.len() as f64;
        ratio += prediction[1] / truth[1] / y.len() as f64;
    }
    assert!(apart < 15.0, "{apart}");
    assert!((ratio - 1.0).abs() < 0.2, "{ratio}");
    // The loss is that of the distribution in the target's own units.
    let recipe = Recipe { validation: 0.0, ..recipe };
    let plan = Plan::new(&table, &["number"], &Recipe { epochs: 1, ..recipe.clone() }).unwrap();
    let loss = plan.loss.clone();
    assert_eq!((loss.output(), loss.scale()), (Output::Normal, TargetScale::Standard));
    let best = &fitted.history[model.summary.best_epoch - 1];
    let of_row = |p: &[f64], y: f64| {
        let apart = (y - p[0]) / p[1];
        0.5 * (2.0 * libm::log(p[1]) + apart * apart)
    };
    let own = predictions.chunks(2).zip(&y).map(|(p, &y)| of_row(p, y)).sum::<f64>();
    let own = own / y.len() as f64;
    let found = best.validation_loss.unwrap();
    assert!((found - own).abs() < 0.3, "{found} {own}");
    assert!(own > 3.0, "in scaled units it would be about −1.5: {own}");
}

#[test]
fn a_rate_starts_at_the_mean_and_its_loss_is_in_counts() {
    let table = table(&with(&everything(300), &["count"], &[]));
    // Without a step that counts, the prediction is near the mean of the training part.
    let recipe = Recipe {
        loss: Some("poisson".to_owned()),
        learning_rate: Some(1e-9),
        epochs: 1,
        layers: vec![],
        validation: 0.0,
        ..quick()
    };
    let fitted = fit(&table, &["count"], &recipe).unwrap();
    let TargetEncoder::Regression { outputs } = &fitted.model.target else { panic!("numbers") };
    assert_eq!((outputs[0].link, outputs[0].std), (Link::Rate, 1.0));
    let y = numbers(&table, "count");
    let mean = y.iter().sum::<f64>() / y.len() as f64;
    assert!((libm::exp(outputs[0].mean) - mean).abs() < 1e-12 * mean);
    let p = fitted.model.predict(&table, 1).unwrap();
    assert!(p.iter().all(|&p| p > 0.0));
    // Σ(eᶻ − yz)/m with the rate that is predicted, up to f32.
    let own = p.iter().zip(&y).map(|(p, y)| p - y * libm::log(*p)).sum::<f64>() / y.len() as f64;
    let found = fitted.history[0].training_loss;
    assert!((found - own).abs() < 1e-4 * own.abs(), "{found} {own}");
    // Not scaled, it starts at a rate of about 1.
    let recipe = Recipe { target_scale: Some(TargetScale::None), ..recipe };
    let fitted = fit(&table, &["count"], &recipe).unwrap();
    let TargetEncoder::Regression { outputs } = &fitted.model.target else { panic!("numbers") };
    assert_eq!((outputs[0].mean, outputs[0].std, outputs[0].link), (0.0, 1.0, Link::Rate));
}

#[test]
fn counts_are_numbers_to_a_loss_of_numbers_and_not_negative() {
    // Few different whole numbers from 0 on: classes, unless the loss says otherwise.
    let text = with(&everything(200), &["count"], &[]);
    assert!(Plan::new(&table(&text), &["count"], &quick()).is_ok());
    let recipe = Recipe { loss: Some("poisson".to_owned()), ..quick() };
    let plan = Plan::new(&table(&text), &["count"], &recipe).unwrap();
    assert_eq!(plan.loss.output(), Output::Rate);
    assert!(
        plan.explanation.contains("an exponential output with poisson"),
        "{}",
        plan.explanation
    );
    let bad = "x,y\n1,0\n2,3\n3,-1\n4,2\n5,7\n6,1\n";
    let error = Plan::new(&table(bad), &["y"], &Recipe { validation: 0.0, ..recipe }).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::NegativeCount { line: 4, value: -1.0, .. }),
        "{error}"
    );
    // No direction in one number.
    let recipe = Recipe { loss: Some("cosine".to_owned()), ..quick() };
    assert!(Plan::new(&table(&text), &["count"], &recipe).is_err());
}

#[test]
fn the_target_is_scaled_as_is_asked() {
    let text = with(&everything(200), &["number"], &[]);
    let encoder = |scale, loss: &str| {
        let recipe = Recipe { target_scale: scale, loss: Some(loss.to_owned()), ..quick() };
        Plan::new(&table(&text), &["number"], &recipe).map(|plan| match plan.encoded_target {
            TargetEncoder::Regression { outputs } => outputs[0].clone(),
            _ => panic!("numbers"),
        })
    };
    let plain = encoder(None, "mse").unwrap();
    assert!((4900.0..5100.0).contains(&plain.mean) && plain.link == Link::Identity, "{plain:?}");
    assert_eq!(encoder(Some(TargetScale::Standard), "mse").unwrap(), plain);
    let none = encoder(Some(TargetScale::None), "log_cosh").unwrap();
    assert_eq!((none.mean, none.std, none.link), (0.0, 1.0, Link::Identity));
    let log = encoder(Some(TargetScale::Log), "quantile").unwrap();
    assert!((8.4..8.6).contains(&log.mean) && log.link == Link::Log, "{log:?}");
    assert_eq!(encoder(None, "rmsle").unwrap(), log);
    for (scale, loss) in [
        (TargetScale::None, "rmsle"),
        (TargetScale::None, "r2"),
        (TargetScale::Log, "poisson"),
        (TargetScale::Log, "gaussian_nll"),
    ] {
        let error = encoder(Some(scale), loss).unwrap_err();
        assert!(error.to_string().contains("target scale"), "{error}");
    }
    let classes = table(&with(&everything(60), &["three"], &[]));
    let recipe = Recipe { target_scale: Some(TargetScale::Log), ..quick() };
    let error = Plan::new(&classes, &["three"], &recipe).unwrap_err();
    assert!(error.to_string().contains("classes are not scaled"), "{error}");
    // Typed losses are scaled too.
    let typed = encoder(Some(TargetScale::None), "(y - p)^2").unwrap();
    assert_eq!(typed, none);
}

/// A line y = 2x in the rows of weight 1, and nonsense in those of weight 0.
fn half_nonsense() -> String {
    let mut text = String::from("x,w,y\n");
    for row in 0..120 {
        let x = (row * 37 % 120) as f64 / 60.0;
        let (w, y) = if row % 3 == 0 { (0.0, -9.0) } else { (1.0 + (row % 2) as f64, 2.0 * x) };
        text += &format!("{x},{w},{y}\n");
    }
    text
}

#[test]
fn rows_count_by_the_column_of_their_weights() {
    let table = table(&half_nonsense());
    let recipe = Recipe { weight: Some("w".to_owned()), epochs: 80, ..thorough() };
    let fitted = fit(&table, &["y"], &recipe).unwrap();
    assert!(fitted.model.summary.explanation.ends_with("; rows weighted by \"w\""));
    let Inputs::Table { schema, encoders } = &fitted.model.inputs else { panic!("a table") };
    assert_eq!(schema.weight().map(|column| column.name.as_str()), Some("w"));
    assert_eq!(encoders.feature_names(), ["x"]);
    // The nonsense is neither learned nor measured.
    assert!(metric(&fitted, "r2") > 0.98, "{}", metric(&fitted, "r2"));
    let again = Model::load(&fitted.model.to_bytes().unwrap()).unwrap();
    assert_eq!(again.inputs, fitted.model.inputs);
    let weighted = evaluate(&again, &table, 1).unwrap();
    // Without the column the same rows count alike, and it is not needed to predict.
    let bare = tabular::table(&tabular::without(&half_nonsense(), &["w"]));
    let alike = evaluate(&again, &bare, 1).unwrap();
    let r2 = |evaluation: &chainrule::estimator::Evaluation| {
        evaluation.metrics.iter().find(|(name, _)| *name == "r2").unwrap().1
    };
    assert!(r2(&weighted) > 0.98 && r2(&alike) < 0.5, "{} {}", r2(&weighted), r2(&alike));
    assert_eq!(bits(&again.predict(&bare, 1).unwrap()), bits(&again.predict(&table, 1).unwrap()));
    // As a feature it would be one.
    let plain = fit(&table, &["y"], &thorough()).unwrap();
    let Inputs::Table { encoders, .. } = &plain.model.inputs else { panic!("a table") };
    assert_eq!(encoders.feature_names(), ["x", "w"]);
}

#[test]
fn a_row_of_weight_two_is_the_row_twice_to_the_metrics_too() {
    let once = table("x,w,y\n0,1,0.5\n1,2,1\n2,0,9\n3,1,3.25\n4,3,3\n5,1,4.5\n");
    let twice = table("x,w,y\n0,1,0.5\n1,1,1\n1,1,1\n3,1,3.25\n4,1,3\n4,1,3\n4,1,3\n5,1,4.5\n");
    let recipe = Recipe { weight: Some("w".to_owned()), validation: 0.0, ..quick() };
    let model = fit(&once, &["y"], &recipe).unwrap().model;
    let [once, twice] = [&once, &twice].map(|table| evaluate(&model, table, 1).unwrap().metrics);
    assert_eq!(once.len(), twice.len());
    for ((name, once), (_, twice)) in once.iter().zip(&twice) {
        assert!((once - twice).abs() <= 1e-13 * twice.abs(), "{name}: {once} {twice}");
    }
}

/// Case loss-weights-negative-5, in a table.
#[test]
fn a_weight_that_is_negative_or_missing_is_refused_with_its_row() {
    for (cell, said) in [
        ("-1", "line 3: the weight in \"w\" is -1"),
        ("", "line 3: the weight in \"w\" is missing"),
        ("-1e-9", "a finite number of 0 or more"),
    ] {
        let text = format!("x,w,y\n0,1,0.5\n1,{cell},1.5\n2,2,2\n3,1,3\n");
        let recipe = Recipe { weight: Some("w".to_owned()), ..quick() };
        let error = fit(&table(&text), &["y"], &recipe).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidWeight { line: 3, .. }), "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }
    let recipe = |weight: &str| Recipe { weight: Some(weight.to_owned()), ..quick() };
    let text = "x,w,c,y\n0,0,a,0.5\n1,0,b,1.5\n2,0,a,2\n3,0,b,3\n";
    let error = fit(&table(text), &["y"], &recipe("w")).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NoWeight { .. }), "{error}");
    for wrong in ["y", "c", "v"] {
        assert!(Plan::new(&table(text), &["y"], &recipe(wrong)).is_err(), "{wrong}");
    }
    let error = Plan::new(&table("w,y\n1,2\n2,3.5\n"), &["y"], &recipe("w")).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NoFeatures { .. }), "{error}");
    // To predict, no weight is needed, and a wrong one is no matter.
    let model = fit(&table("x,w,y\n0,1,0.5\n1,2,1.5\n2,2,2\n3,1,3\n"), &["y"], &recipe("w"));
    let model = model.unwrap().model;
    assert!(model.predict(&read("x,w\n1,-1\n2,\n").unwrap(), 1).is_ok());
    assert!(evaluate(&model, &read("x,w,y\n1,-1,2\n2,1,3\n").unwrap(), 1).is_err());
}

/// One row in ten is of the class b, and x hardly tells.
fn rare() -> String {
    let mut stream = Stream::new(3, 9);
    let mut text = String::from("x,w,y\n");
    for row in 0..300 {
        let rare = row % 10 == 0;
        let x = stream.normal() + if rare { 1.5 } else { 0.0 };
        text += &format!("{x},{},{}\n", 1 + row % 2, if rare { "b" } else { "a" });
    }
    text
}

/// Case loss-classweight-1, in a table: weights count relative to each other, Σw·l/Σw.
#[test]
fn classes_count_by_their_weights() {
    let table = table(&rare());
    let run = |class_weight: Option<&str>, weight: Option<&str>| {
        let recipe = Recipe {
            class_weight: class_weight.map(|text| text.parse().unwrap()),
            weight: weight.map(str::to_owned),
            ..thorough()
        };
        fit(&tabular::table(&rare()), &["y"], &recipe).unwrap()
    };
    let share_of_b = |fitted: &Fitted| {
        let predictions = fitted.model.predict(&table, 1).unwrap();
        predictions.chunks(2).filter(|p| p[1] > 0.5).count()
    };
    let plain = run(None, None);
    let balanced = run(Some("balanced"), None);
    assert!(share_of_b(&balanced) > 2 * share_of_b(&plain));
    let said = &balanced.model.summary.explanation;
    assert!(said.contains("; classes weighted a 0.5556, b 5"), "{said}");
    // m/(C·m_c) of 216 + 24 training rows, or any multiple: only the last bits may differ.
    let given = run(Some("a=1,b=9"), None);
    for (a, b) in given.history.iter().zip(&balanced.history) {
        assert!((a.training_loss - b.training_loss).abs() < 1e-3, "{a:?} {b:?}");
    }
    assert!(run(Some("a=1"), None).history == plain.history);
    // Metrics count rows, not classes.
    let accuracy = |fitted: &Fitted| metric(fitted, "accuracy");
    assert!(accuracy(&balanced) < accuracy(&plain));
    // Both kinds of weights multiply.
    let both = run(Some("b=4"), Some("w"));
    let said = &both.model.summary.explanation;
    assert!(said.ends_with("; rows weighted by \"w\"; classes weighted a 1, b 4"), "{said}");
    assert!(share_of_b(&both) > share_of_b(&plain));
}

#[test]
fn weights_of_classes_are_refused_where_there_are_none() {
    let weight = |text: &str| Some(text.parse::<ClassWeight>().unwrap());
    let classes = table(&rare());
    let recipe = Recipe { class_weight: weight("c=2"), ..quick() };
    let error = Plan::new(&classes, &["y"], &recipe).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::UnknownName { family: "class", .. }), "{error}");
    let recipe = Recipe { class_weight: weight("a=0,b=0"), ..quick() };
    let error = Plan::new(&classes, &["y"], &recipe).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NoWeight { .. }), "{error}");
    let numbers = table(&with(&everything(60), &["number"], &[]));
    let recipe = Recipe { class_weight: Some(ClassWeight::Balanced), ..quick() };
    let error = Plan::new(&numbers, &["number"], &recipe).unwrap_err();
    assert!(error.to_string().contains("class weight"), "{error}");
}

/// Case loss-badlabel-3, in a table: labels 1 to 3 are classes, and come back as they were.
#[test]
fn loss_badlabel_3_labels_come_back_as_they_were() {
    let mut text = String::from("x,y\n");
    for row in 0..60 {
        text += &format!("{},{}\n", row % 3, row % 3 + 1);
    }
    let table = table(&text);
    for name in ["categorical_cross_entropy:label_smoothing=0.1", "hinge", "focal:gamma=1"] {
        let recipe = Recipe { loss: Some(name.to_owned()), ..thorough() };
        let recipe = Recipe { task: Some(chainrule::data::Task::Multiclass), ..recipe };
        let model = fit(&table, &["y"], &recipe).unwrap().model;
        let predictions = model.predict(&table, 1).unwrap();
        for (row, p) in predictions.chunks(3).enumerate() {
            assert_eq!(model.label(0, p), Some(["1", "2", "3"][row % 3]), "{name}");
        }
    }
}

#[test]
fn a_loss_that_does_not_suit_the_target_is_refused_before_training() {
    let text = everything(60);
    for (target, name) in [
        ("number", "hinge"),
        ("number", "cosine"),
        ("two", "poisson"),
        ("three", "binary_cross_entropy"),
        ("three", "focal:alpha=0.5"),
        ("two", "mse"),
    ] {
        assert!(loss(name.split(':').next().unwrap()).is_ok());
        let table = table(&with(&text, &[target], &[]));
        let recipe = Recipe { loss: Some(name.to_owned()), ..quick() };
        let error = Plan::new(&table, &[target], &recipe).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::InvalidSetting { .. }),
            "{target} {name}: {error}"
        );
    }
}
