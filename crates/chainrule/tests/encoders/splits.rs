//! Which rows are trained on and which judge: by file, group and time, and in folds.

use chainrule::data::Table;
use chainrule::error::ErrorKind;
use chainrule::estimator::{Fold, Plan, Recipe, Spread, evaluate_rows};

use crate::tabular::{bits, houses_without, quick, read, table};

/// Visits of customers over days, in no order of time.
fn visits(rows: usize) -> String {
    let mut text = String::from("customer,day,x,y\n");
    for row in 0..rows {
        let day = row * 37 % rows;
        let month = 1 + day / 28;
        text += &format!(
            "c{},2024-{month:02}-{:02},{},{}\n",
            row % 9,
            1 + day % 28,
            row % 5,
            row as f64 * 0.5
        );
    }
    text
}

#[test]
fn no_customer_is_on_both_sides_and_none_is_a_feature() {
    let table = table(&visits(180));
    let recipe = Recipe { group: Some("customer".to_owned()), test: 0.2, ..quick() };
    let plan = Plan::new(&table, &["y"], &recipe).unwrap();
    assert!(plan.schema.features().all(|feature| feature.name != "customer"));
    let (training, validation) = plan.rows();
    assert_eq!(training + validation + plan.test.len(), 180);
    assert_eq!((plan.test.len(), validation), (40, 20));
    let customer = |row: &usize| row % 9;
    let tested: Vec<usize> = plan.test.iter().map(customer).collect();
    let others = (0..180).filter(|row| !plan.test.contains(row));
    assert!(others.clone().all(|row| !tested.contains(&customer(&row))));
    // A customer may be absent later.
    let model = plan.train(&table, &mut ()).unwrap().model;
    let schema = match &model.inputs {
        chainrule::model::Inputs::Table { schema, .. } => schema,
        other => panic!("{other:?}"),
    };
    let new = b"x,day\n1,2024-05-05\n";
    let new = Table::from_reader_as(&new[..], "new.csv", schema, &Default::default()).unwrap();
    assert_eq!(model.predict(&new, 1).unwrap().len(), 1);
}

#[test]
fn the_latest_rows_judge() {
    let table = table(&visits(180));
    let recipe = Recipe { time: Some("day".to_owned()), test: 0.1, ..quick() };
    let plan = Plan::new(&table, &["y"], &recipe).unwrap();
    let day = |row: usize| row * 37 % 180;
    assert_eq!(plan.test.len(), 18);
    assert!(plan.test.iter().all(|&row| day(row) >= 162));
    assert_eq!(plan.rows(), (130, 32));
    // The seed draws nothing.
    let again = Plan::new(&table, &["y"], &Recipe { seed: 9, ..recipe }).unwrap();
    assert_eq!(again.test, plan.test);
}

#[test]
fn what_cannot_be_kept_apart_is_refused() {
    let table = table("g,t,c,x,y\na,1,p,1,1.5\na,1,q,2,2.5\na,,p,3,3.5\na,2,q,4,4.5\n");
    let refused = |group: Option<&str>, time: Option<&str>| {
        let recipe =
            Recipe { group: group.map(str::to_owned), time: time.map(str::to_owned), ..quick() };
        Plan::new(&table, &["y"], &recipe).unwrap_err()
    };
    for (group, time) in
        [(Some("g"), None), (None, Some("c")), (Some("c"), Some("x")), (Some("y"), None)]
    {
        let error = refused(group, time);
        assert!(matches!(error.kind(), ErrorKind::InvalidSetting { .. }), "{error}");
    }
    let error = refused(None, Some("t"));
    assert!(matches!(error.kind(), ErrorKind::MissingTime { line: 4, .. }), "{error}");
    let error = refused(None, Some("tt"));
    assert!(matches!(error.kind(), ErrorKind::UnknownColumn { .. }), "{error}");
}

#[test]
fn another_file_chooses_the_best_epoch() {
    let dropped = ["rent", "kind", "sold", "let"];
    let all = houses_without(120, &dropped);
    let table = table(&all);
    let recipe = Recipe { epochs: 6, ..quick() };
    let schema = recipe.schema(&table, &["price"]).unwrap();
    // Rows of the table itself, as another file has them.
    let other = |text: &str| {
        Table::from_reader_as(text.as_bytes(), "v.csv", &schema, &Default::default()).unwrap()
    };
    let plan = Plan::with(&table, schema.clone(), Some(other(&all)), &recipe).unwrap();
    assert_eq!(plan.rows(), (120, 120));
    let fitted = plan.train(&table, &mut ()).unwrap();
    let best = fitted.model.summary.best_epoch;
    let rows: Vec<usize> = (0..120).collect();
    let evaluation = evaluate_rows(&fitted.model, &table, &rows, &[], 1).unwrap();
    for (name, value) in &evaluation.metrics {
        let kept = fitted.model.summary.validation.iter().find(|(known, _)| known == name);
        let (_, kept) = kept.unwrap();
        assert!((kept - value).abs() <= 1e-6 * value.abs(), "{name}: {kept}, {value}");
    }
    assert!(best >= 1);
    // The same parameters as with no validation rows after as many epochs: they are not trained on.
    let alone = Recipe { epochs: best, validation: 0.0, ..recipe.clone() };
    let alone = Plan::new(&table, &["price"], &alone).unwrap().train(&table, &mut ()).unwrap();
    assert_eq!(alone.history[best - 1].training_loss, fitted.history[best - 1].training_loss);
    // Without a single answer it cannot judge.
    let none = read("size,old,town,price\n100,true,Köln,\n");
    let error = Plan::with(&table, schema, Some(none.unwrap()), &recipe).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TargetMissing { .. }), "{error}");
}

#[test]
fn each_row_is_held_out_once_and_measured_by_a_model_that_did_not_see_it() {
    let table = table(&houses_without(100, &["price", "rent", "sold", "let"]));
    let recipe = Recipe { test: 0.1, ..quick() };
    let folds = Fold::all(&table, &["kind"], &recipe, 4).unwrap();
    let mut held: Vec<usize> = folds.iter().flat_map(|fold| fold.held.clone()).collect();
    held.sort_unstable();
    let plan = Plan::new(&table, &["kind"], &recipe).unwrap();
    let kept: Vec<usize> = (0..100).filter(|row| !plan.test.contains(row)).collect();
    assert_eq!(held, kept);
    for fold in &folds {
        let rows = &fold.plan.target.rows;
        assert!(rows.iter().all(|row| !fold.held.contains(row) && !plan.test.contains(row)));
        assert_eq!(rows.len() + fold.held.len(), 90);
    }
    let measure = || {
        let folds = Fold::all(&table, &["kind"], &recipe, 4).unwrap();
        let evaluations: Vec<_> = folds
            .into_iter()
            .map(|Fold { plan, held }| {
                let model = plan.train(&table, &mut ()).unwrap().model;
                evaluate_rows(&model, &table, &held, &[], 1).unwrap()
            })
            .collect();
        Spread::of(&evaluations)
    };
    let (first, again) = (measure(), measure());
    let means = |spreads: &[Spread]| spreads.iter().map(|spread| spread.mean).collect::<Vec<_>>();
    assert_eq!(bits(&means(&first)), bits(&means(&again)));
    let error = Fold::all(&table, &["kind"], &recipe, 91).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidSetting { option: "folds", .. }), "{error}");
}

#[test]
fn folds_by_time_train_on_the_past_alone() {
    let table = table(&visits(120));
    let recipe = Recipe { time: Some("day".to_owned()), ..quick() };
    let folds = Fold::all(&table, &["y"], &recipe, 3).unwrap();
    let day = |row: &usize| row * 37 % 120;
    for (place, fold) in folds.iter().enumerate() {
        assert_eq!(fold.plan.target.rows.len(), 30 * (place + 1));
        let last = fold.plan.target.rows.iter().map(day).max();
        assert!(fold.held.iter().all(|row| Some(day(row)) > last));
    }
}

#[test]
fn rows_of_another_file_count_by_their_weights() {
    let mut text = String::from("w,x,y\n");
    (0..60).for_each(|row| text += &format!("{},{},{}\n", row % 3, row, ["a", "b"][row % 2]));
    let table = table(&text);
    let recipe = Recipe {
        weight: Some("w".to_owned()),
        class_weight: Some("balanced".parse().unwrap()),
        ..quick()
    };
    let schema = recipe.schema(&table, &["y"]).unwrap();
    let train = |other: &str| {
        let other = Table::from_reader_as(other.as_bytes(), "v.csv", &schema, &Default::default());
        let plan = Plan::with(&table, schema.clone(), Some(other.unwrap()), &recipe)?;
        plan.train(&table, &mut ())
    };
    // A row of weight 0 changes nothing.
    let loss = |other: &str| {
        let model = train(other).unwrap().model;
        (model.summary.validation[0].1, model.summary.best_epoch)
    };
    let with = loss("w,x,y\n1,5,a\n2,6,b\n0,7,a\n");
    let without = loss("w,x,y\n1,5,a\n2,6,b\n");
    assert_eq!(with.1, without.1);
    assert!((with.0 - without.0).abs() < 1e-6, "{with:?} {without:?}");
    let error = train("w,x,y\n0,5,a\n0,6,b\n").unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NoWeight { part: "to validate", .. }), "{error}");
}
