//! Columns of dates: how they are recognised, and what the network sees of them.

use chainrule::data::{
    DateOrder, DatePart, EncoderOptions, Encoders, Encoding, Kind, Note, ReadOptions, Schema,
    Table, Target, Values,
};
use chainrule::error::ErrorKind;
use chainrule::estimator::Recipe;
use chainrule::model::{Inputs, Model};

use crate::tabular::{bits, fit, quick, read, table};

fn kind(cells: &[&str]) -> Kind {
    let lines: Vec<String> = cells.iter().map(|cell| format!("{cell},1\n")).collect();
    table(&format!("d,y\n{}", lines.concat())).column("d").unwrap().values().kind()
}

#[test]
fn a_column_of_dates_is_recognised_by_all_its_cells() {
    assert_eq!(kind(&["2024-03-01", "2024-02-29"]), Kind::Date);
    assert_eq!(kind(&["2024-03-01 12:30", "NA", "", "2024-03-02T08:00:00Z"]), Kind::Date);
    assert_eq!(kind(&["2024/3/1", "2024.03.02"]), Kind::Date);
    assert_eq!(kind(&["25/04/2021", "07/04/2021"]), Kind::Date);
    assert_eq!(kind(&["1.2.2024", "3.4.2024"]), Kind::Date);
    // Neither order shows, or one cell is none.
    assert_eq!(kind(&["05/04/2021", "07/04/2021"]), Kind::Text);
    assert_eq!(kind(&["25/04/2021", "04/25/2021"]), Kind::Text);
    assert_eq!(kind(&["2024-03-01", "soon"]), Kind::Text);
    assert_eq!(kind(&["2023-02-29", "2023-03-01"]), Kind::Text);
    assert_eq!(kind(&["12:30", "13:30"]), Kind::Text);
    assert_eq!(kind(&["20240301", "20240302"]), Kind::Number);
    let options = ReadOptions { text: vec!["d".to_owned()], ..ReadOptions::default() };
    let asked = Table::from_reader(&b"d,y\n2024-03-01,1\n"[..], "t.csv", &options).unwrap();
    assert_eq!(asked.column("d").unwrap().values().kind(), Kind::Text);
}

#[test]
fn a_word_among_dates_is_told_and_can_be_missing() {
    let text = "d,y\n2024-03-01,1\n2024-03-02,2\nunknown,3\n2024-03-03,4\n";
    let notes = table(text).notes().to_vec();
    let expected = Note::DatesAsText { column: "d".into(), example: "unknown".into() };
    assert_eq!(notes, [expected]);
    let options = ReadOptions { missing: vec!["unknown".to_owned()], ..ReadOptions::default() };
    let told = Table::from_reader(text.as_bytes(), "t.csv", &options).unwrap();
    let values = told.column("d").unwrap().values();
    assert_eq!((values.kind(), values.missing()), (Kind::Date, 1));
}

#[test]
fn a_late_word_makes_text_of_dates_whatever_the_number_of_rows() {
    let mut text = String::from("d,y\n");
    for row in 0..20_500 {
        text += &format!("2024-{:02}-{:02},{row}\n", 1 + row % 12, 1 + row % 28);
    }
    let date = table(&text);
    assert_eq!(date.column("d").unwrap().values().kind(), Kind::Date);
    text += "later,1\n";
    assert_eq!(table(&text).column("d").unwrap().values().kind(), Kind::Text);
}

#[test]
fn what_the_network_sees_of_a_date() {
    // 2024-01-01 is a Monday; midnight and noon.
    let table = table("d,y\n2024-01-01 00:00,1\n2024-01-02 12:00,2\n,3\n2024-01-01 06:00,4\n");
    let encoders = crate::fit(&table, &EncoderOptions::default()).unwrap();
    let names = encoders.feature_names();
    assert_eq!(
        names,
        [
            "d",
            "d (weekday, sine)",
            "d (weekday, cosine)",
            "d (day of the year, sine)",
            "d (day of the year, cosine)",
            "d (time of day, sine)",
            "d (time of day, cosine)",
            "d is missing"
        ]
    );
    let rows = encoders.encode(&table).unwrap();
    let rows: Vec<&[f32]> = rows.chunks_exact(8).collect();
    let turn = |share: f64| {
        let angle = std::f64::consts::TAU * share;
        [libm::sin(angle) as f32, libm::cos(angle) as f32]
    };
    assert_eq!(
        rows[0][1..],
        [[0.0, 1.0], [0.0, 1.0], [0.0, 1.0]].concat()[..]
            .iter()
            .copied()
            .chain([0.0])
            .collect::<Vec<f32>>()[..]
    );
    let near = |found: &[f32], expected: [f32; 2]| {
        found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-6)
    };
    assert!(near(&rows[1][1..3], turn(1.0 / 7.0)), "{:?}", rows[1]);
    assert!(near(&rows[1][3..5], turn(1.0 / 366.0)), "{:?}", rows[1]);
    assert!(near(&rows[1][5..7], turn(0.5)), "{:?}", rows[1]);
    assert!(near(&rows[3][5..7], turn(0.25)), "{:?}", rows[3]);
    // A missing date stands in the middle of each circle, and at the median of the seconds.
    assert_eq!(rows[2][1..], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(rows[2][0], rows[3][0]);
    let Encoding::Date(date) = &encoders.columns[0].encoding else { panic!("a date") };
    assert_eq!(date.parts, [DatePart::Weekday, DatePart::Day, DatePart::Time]);
}

#[test]
fn a_single_day_is_a_constant_and_not_divided_by() {
    let table = table("d,y\n2024-01-01,1\n2024-01-01,2\n");
    let encoders = crate::fit(&table, &EncoderOptions::default()).unwrap();
    assert_eq!(encoders.encode(&table).unwrap(), [0.0, 0.0]);
    let json = serde_json::to_string(&encoders).unwrap();
    assert_eq!(serde_json::from_str::<Encoders>(&json).unwrap(), encoders);
}

/// Sales that rise in time and fall on weekends.
fn sales(rows: usize) -> String {
    let mut text = String::from("day,shop,y\n");
    for row in 0..rows {
        let (day, month) = (1 + row % 28, 1 + row / 28 % 12);
        let weekend = if row % 7 > 4 { -3.0 } else { 0.0 };
        let day = if row % 40 == 39 { String::new() } else { format!("{day}/{month}/2023") };
        text += &format!("{day},{},{}\n", row % 3, row as f64 / 20.0 + weekend);
    }
    text
}

#[test]
fn a_model_of_dates_is_saved_and_reads_dates_as_in_training() {
    let table = table(&sales(160));
    let fitted = fit(&table, &["y"], &quick()).unwrap();
    let model = Model::load(&fitted.model.to_bytes().unwrap()).unwrap();
    let Inputs::Table { schema, encoders } = &model.inputs else { panic!("a table") };
    assert_eq!(schema.column("day").unwrap().dates, Some(DateOrder::Day));
    assert!(encoders.feature_names().contains(&"day (month, sine)".to_owned()));
    let before = fitted.model.predict(&table, 1).unwrap();
    assert_eq!(bits(&model.predict(&table, 1).unwrap()), bits(&before));
    // A cell that shows no order by itself has that of training.
    let read_as = |cell: &str| {
        let text = format!("shop,day\n1,{cell}\n");
        let options = ReadOptions::default();
        Table::from_reader_as(text.as_bytes(), "new.csv", schema, &options)
    };
    let new = read_as("5/4/2023").unwrap();
    assert!(matches!(new.column("day").unwrap().values(),
        Values::Date { seconds, .. } if seconds.get(0) == Some(1_680_652_800.0)));
    let error = read_as("4/25/2023").unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::WrongKind { line: 2, expected: Kind::Date, .. }),
        "{error}"
    );
    let empty = read_as("").unwrap();
    assert_eq!(model.predict(&empty, 1).unwrap().len(), 1);
}

#[test]
fn dates_are_no_target_and_no_weight() {
    let table = table("x,y\n1,2024-01-01\n2,2024-01-02\n");
    let schema = Schema::infer(&table, &["y"]).unwrap();
    let error = Target::infer(&table, &schema, None).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TargetKind { kind: Kind::Date, .. }), "{error}");
    let schema = Schema::infer(&table, &["x"]).unwrap();
    assert!(schema.with_weight(&table, "y").is_err());
}

#[test]
fn a_model_whose_circles_are_not_those_of_a_date_is_refused() {
    let table = table(&sales(60));
    let mut model = fit(&table, &["y"], &Recipe { epochs: 1, ..quick() }).unwrap().model;
    let Inputs::Table { encoders, .. } = &mut model.inputs else { panic!("a table") };
    let Encoding::Date(date) = &mut encoders.columns[0].encoding else { panic!("a date") };
    date.parts.reverse();
    let bytes = model.to_bytes().unwrap();
    let error = Model::load(&bytes).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotAModel { .. }), "{error}");
    assert!(read("x,y\n1,2\n").is_ok());
}
