//! Columns of categories as codes for an embedding.

use chainrule::ErrorKind;
use chainrule::data::{
    CodeEncoding, EncoderOptions, Encoders, Encoding, Note, ReadOptions, Schema, Table,
};
use chainrule::estimator::{Embed, Plan, Recipe};
use chainrule::model::Inputs;

use crate::tabular::{fit, houses_without, quick, table};

fn options(embedded: &[&str]) -> EncoderOptions {
    let embedded = embedded.iter().map(|&name| name.to_owned()).collect();
    EncoderOptions { embedded, threads: 2, ..EncoderOptions::default() }
}

fn codes(text: &str, embedded: &[&str]) -> (Table, Encoders) {
    let table = table(text);
    let schema = Schema::infer(&table, &["y"]).unwrap();
    let rows: Vec<usize> = (0..table.rows()).collect();
    let encoders = Encoders::fit_with(&table, &schema, &rows, &options(embedded)).unwrap();
    (table, encoders)
}

#[test]
fn a_category_becomes_its_place_and_an_unknown_one_the_code_after_all() {
    let (table, encoders) = codes("town,n,y\nb,1,1\na,2,2\nc,3,3\na,4,4\n", &["town"]);
    let levels = ["a", "b", "c"].map(str::to_owned).to_vec();
    let expected = Encoding::Code(CodeEncoding { levels, other: false, missing: false });
    assert_eq!(encoders.columns[0].encoding, expected);
    assert_eq!((encoders.width(), expected.codes()), (2, Some(3)));
    assert_eq!(encoders.feature_names(), ["town", "n"]);
    let town = |encoded: Vec<f32>| encoded.chunks(2).map(|row| row[0]).collect::<Vec<_>>();
    assert_eq!(town(encoders.encode(&table).unwrap()), [1.0, 0.0, 2.0, 0.0]);
    let other = self::table("n,town\n1,c\n1,z\n1,\n");
    assert_eq!(town(encoders.encode(&other).unwrap()), [2.0, 3.0, 3.0]);
    let notes = encoders.notes(&other).unwrap();
    let unseen = |note: &Note| {
        matches!(note, Note::UnseenCategories { column, example, cells: 1 }
            if column == "town" && example == "z")
    };
    assert!(notes.iter().any(unseen), "{notes:?}");
}

#[test]
fn a_missing_value_has_a_code_of_its_own_if_training_had_one() {
    let (table, encoders) = codes("town,y\nb,1\n,2\na,3\n,4\n", &["town"]);
    assert_eq!(encoders.encode(&table).unwrap(), [1.0, 2.0, 0.0, 2.0]);
    assert_eq!(encoders.columns[0].encoding.codes(), Some(3));
    let other = self::table("town\nz\na\n\"\"\n");
    assert_eq!(encoders.encode(&other).unwrap(), [3.0, 0.0, 2.0]);
}

/// Of more than 4,096 categories the most frequent have codes, and the others share one.
#[test]
fn many_categories_leave_the_rare_ones_together() {
    let mut text = String::from("town,y\n");
    for i in 0..5000 {
        let twice = if i % 5 == 0 { 2 } else { 1 };
        (0..twice).for_each(|_| text += &format!("t{i:04},{i}\n"));
    }
    let (_, encoders) = codes(&text, &["town"]);
    let encoding = &encoders.columns[0].encoding;
    let Encoding::Code(CodeEncoding { levels, other: true, missing: false }) = encoding else {
        panic!("{encoding:?}")
    };
    assert_eq!((levels.len(), encoding.codes()), (4096, Some(4096)));
    // Every frequent one is there; of the rest those that come first.
    assert!((0..5000).step_by(5).all(|i| encoding.slot(Some(&format!("t{i:04}"))).is_some()));
    assert_eq!(encoding.slot(Some("t0001")), Some(1));
    assert_eq!(encoding.slot(Some("t4999")), Some(4096));
    assert_eq!(encoding.slot(Some("elsewhere")), Some(4096));
}

#[test]
fn what_is_no_category_of_a_feature_cannot_be_embedded() {
    let table = table("town,n,b,y\nb,1,yes,p\na,2,no,q\nc,3,yes,p\n");
    let schema = Schema::infer(&table, &["y"]).unwrap();
    for name in ["n", "b", "y"] {
        let error = Encoders::fit_with(&table, &schema, &[0, 1], &options(&[name])).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidSetting { .. }), "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
    let error = Encoders::fit_with(&table, &schema, &[0, 1], &options(&["twon"])).unwrap_err();
    assert!(error.to_string().contains("town"), "{error}");
}

#[test]
fn an_embedding_is_as_wide_as_asked_or_as_half_of_the_categories() {
    let text = houses_without(60, &["rent", "kind", "sold", "let"]);
    let first = |embed: Embed| {
        let recipe = Recipe { embed: vec![embed], ..quick() };
        let plan = Plan::new(&table(&text), &["price"], &recipe).unwrap();
        plan.network.describe().unwrap()[0].clone()
    };
    let column = "town".to_owned();
    // Three towns and the missing one.
    let usual = first(Embed { column: column.clone(), units: None });
    assert_eq!((usual.name.as_str(), usual.parameters), ("embedding 2 of 4", 10));
    let wide = first(Embed { column, units: Some(7) });
    assert_eq!((wide.name.as_str(), wide.parameters), ("embedding 7 of 4", 35));
    let units: Vec<usize> = [0, 1, 2, 3, 99, 1000].map(Embed::default_units).to_vec();
    assert_eq!(units, [1, 1, 1, 2, 50, 50]);
}

/// Two columns, not beside each other, one of them the last: each code meets its own table.
#[test]
fn several_columns_are_embedded_each_at_its_place() {
    let mut text = String::from("a,n,b,y\n");
    for i in 0..400_i32 {
        let (a, b) = (i * 7 % 12, i * 11 % 9);
        text += &format!(
            "a{a},{},b{b},{}\n",
            i % 5,
            (a * a % 7) as f64 + 2.5 * (b * b % 5) as f64 + 0.25
        );
    }
    let options = ReadOptions::default();
    let table = Table::from_reader(text.as_bytes(), "t.csv", &options).unwrap();
    let embed = |column: &str| Embed { column: column.to_owned(), units: Some(4) };
    let recipe = Recipe {
        embed: vec![embed("b"), embed("a")],
        dropout: Some(0.0),
        learning_rate: Some(0.01),
        layers: vec![16],
        epochs: 150,
        batch_size: Some(32),
        ..quick()
    };
    let fitted = fit(&table, &["y"], &recipe).unwrap();
    let Inputs::Table { encoders, .. } = &fitted.model.inputs else { panic!("a table") };
    assert_eq!(encoders.width(), 3);
    let names: Vec<&str> = (fitted.model.network.build(false).unwrap().parameters.iter())
        .map(|p| p.name.clone())
        .map(|name| ["0.table", "0.other", "1.table", "1.other"].into_iter().find(|n| *n == name))
        .map_while(|name| name)
        .collect();
    assert_eq!(names.len(), 4);
    let r2 = fitted.model.summary.validation.iter().find(|(name, _)| name == "r2").unwrap().1;
    assert!(r2 > 0.97, "{r2}");
    // The last column's embedding is the first layer.
    let sizes: Vec<usize> = fitted.model.parameters[..4].iter().map(Vec::len).collect();
    assert_eq!(sizes, [9 * 4, 4, 12 * 4, 4]);
}
