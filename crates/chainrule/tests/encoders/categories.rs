//! Columns of many categories, and of rare ones.

use chainrule::data::{EncoderOptions, Encoding};
use chainrule::estimator::{Plan, Recipe};
use chainrule::model::{Inputs, Model};

use crate::tabular::{bits, fit, quick, table};

/// So many towns in turn, of which the last occurs once, and a number that they decide.
fn towns(count: usize) -> String {
    let mut text = String::from("town,y\n");
    for row in 0..6 * (count - 1) {
        let town = row % (count - 1);
        text += &format!("t{town},{}\n", (town * 7 % 10) as f64 + (row % 2) as f64 / 10.0);
    }
    text + &format!("t{},3.5\n", count - 1)
}

#[test]
fn more_categories_than_slots_become_vectors() {
    let recipe = Recipe { one_hot: 10, validation: 0.0, ..quick() };
    let network = |count: usize, recipe: &Recipe| {
        let plan = Plan::new(&table(&towns(count)), &["y"], recipe).unwrap();
        let layers = plan.network.describe().unwrap();
        (plan.network.inputs(), layers[0].name.clone(), layers[0].parameters)
    };
    let (inputs, first, _) = network(10, &recipe);
    assert_eq!((inputs, first.starts_with("dense")), (10, true), "{first}");
    // Eleven, of which one is rare: vectors of half of ten for ten, and one for all others.
    let (inputs, first, parameters) = network(11, &recipe);
    assert_eq!((inputs, first.starts_with("embedding"), parameters), (1, true, 55), "{first}");
    let (.., parameters) = network(11, &Recipe { rare: Some(1), ..recipe });
    assert_eq!(parameters, 12 * 6);
}

#[test]
fn rare_categories_share_the_place_of_unseen_ones() {
    let table = table("c,y\na,1\na,2\nb,3\nb,4\nc,5\nd,6\n");
    let fit = |fewest| {
        let options = EncoderOptions { fewest_rows: Some(fewest), ..EncoderOptions::default() };
        crate::fit(&table, &options).unwrap()
    };
    assert_eq!(fit(1).feature_names(), ["c=a", "c=b", "c=c", "c=d"]);
    assert_eq!(fit(2).feature_names(), ["c=a", "c=b", "c is another"]);
    assert_eq!(fit(3).feature_names(), ["c is another"]);
    let new = crate::tabular::table("c\nc\nnever seen\n");
    assert_eq!(fit(2).encode(&new).unwrap(), [0.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
    // The slot of the others is one of the bound.
    let options = EncoderOptions { most_levels: 2, ..EncoderOptions::default() };
    assert_eq!(crate::fit(&table, &options).unwrap().feature_names(), ["c=a", "c is another"]);
}

#[test]
fn a_column_that_names_each_row_is_all_rare() {
    let mut text = String::from("name,x,y\n");
    (0..90).for_each(|row| text += &format!("n{row},{},{row}\n", row % 9));
    let table = table(&text);
    let fitted = fit(&table, &["y"], &quick()).unwrap();
    let Inputs::Table { encoders, .. } = &fitted.model.inputs else { panic!("a table") };
    let Encoding::Code(code) = &encoders.columns[0].encoding else { panic!("{encoders:?}") };
    assert_eq!((code.levels.len(), code.other), (0, true));
    let model = Model::load(&fitted.model.to_bytes().unwrap()).unwrap();
    let before = fitted.model.predict(&table, 1).unwrap();
    assert_eq!(bits(&model.predict(&table, 1).unwrap()), bits(&before));
    // Every name is the same to it.
    assert_eq!(before[0].to_bits(), before[9].to_bits());
}
