//! Troubles that people reported in public about reading and encoding tables, as small checks.
//!
//! Each test is named after its case in the collection "Public troubles of people who train neural
//! networks, as small checks" and holds the case's input. Cases about cells alone are tested beside
//! the code, in `src/data/cell.rs` and `src/data/split.rs`.

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use chainrule::data::calendar::moment;
use chainrule::data::{
    Column, Encoders, Kind, Note, NumberFormat, ReadOptions, Scaling, Schema, Table, Target,
    TargetEncoder, Task, TextValues, Values,
};
use chainrule::error::{Error, ErrorKind, Result};

fn read_with(csv: &str, options: &ReadOptions) -> Result<Table> {
    Table::from_reader(csv.as_bytes(), "t.csv", options)
}

fn read(csv: &str) -> Table {
    read_with(csv, &ReadOptions::default()).unwrap()
}

fn refused(csv: &str) -> Error {
    read_with(csv, &ReadOptions::default()).unwrap_err()
}

fn numbers(table: &Table, name: &str) -> Vec<f64> {
    match table.require(name).unwrap().values() {
        Values::Number(values) => values.iter().collect(),
        other => panic!("{name} is {other:?}"),
    }
}

fn text(table: &Table, name: &str) -> TextValues {
    match table.require(name).unwrap().values() {
        Values::Text(text) => text.clone(),
        other => panic!("{name} is {other:?}"),
    }
}

fn sorted_levels(table: &Table, name: &str) -> Vec<String> {
    let mut levels = text(table, name).levels().to_vec();
    levels.sort();
    levels
}

/// Standardises one column, fitted on the given rows.
fn standardised(values: &[f64], training: &[usize]) -> Vec<f32> {
    let y: Vec<f64> = (0..values.len()).map(|row| row as f64).collect();
    let columns = vec![
        Column::new("x", Values::Number(values.to_vec().into())),
        Column::new("y", Values::Number(y.into())),
    ];
    let table = Table::from_columns("memory", columns).unwrap();
    let schema = Schema::infer(&table, &["y"]).unwrap();
    let encoders = Encoders::fit(&table, &schema, training).unwrap();
    encoders.encode(&table).unwrap()
}

fn assert_near(found: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (&found, &expected) in found.iter().zip(expected) {
        assert!((f64::from(found) - expected).abs() <= tolerance, "{found} is not {expected}");
    }
}

#[test]
fn data_bom_1() {
    let table = read("\u{feff}age,y\r\n41,1\r\n7,0\r\n");
    let names: Vec<&str> = table.columns().iter().map(Column::name).collect();
    assert_eq!(names, ["age", "y"]);
    assert_eq!(numbers(&table, "age"), [41.0, 7.0]);
    assert_eq!(numbers(&table, "y"), [1.0, 0.0]);
}

#[test]
fn data_newline_1() {
    let table = read("id,text,y\n1,\"line1\nline2\",0\n2,\"a \"\"b\"\" c\",1\n");
    assert_eq!(table.rows(), 2);
    assert_eq!(text(&table, "text").levels(), ["line1\nline2", "a \"b\" c"]);
    assert_eq!(numbers(&table, "y"), [0.0, 1.0]);
    assert_eq!((table.line(0), table.line(1)), (2, 4));
}

#[test]
fn data_missing_1() {
    let table = read("code,x,y\n\"NA\",1,0\nMZ,NA,1\nNP,,0\nNL,4,1\n");
    assert_eq!(sorted_levels(&table, "code"), ["MZ", "NA", "NL", "NP"]);
    let x = numbers(&table, "x");
    assert_eq!(x.iter().map(|v| v.is_nan()).collect::<Vec<_>>(), [false, true, true, false]);
    assert_eq!(table.require("x").unwrap().values().missing(), 2);
    assert_eq!(
        table.notes(),
        [Note::WordAsCategory { column: "code".into(), word: "NA".into(), cells: 1 }]
    );
    // A bare NA is a category too, until the reader is told otherwise.
    let bare = "code,y\nNA,0\nMZ,1\n";
    assert_eq!(sorted_levels(&read(bare), "code"), ["MZ", "NA"]);
    let options = ReadOptions { missing: vec!["NA".into()], ..ReadOptions::default() };
    let table = read_with(bare, &options).unwrap();
    assert_eq!(text(&table, "code").get(0), None);
    assert_eq!(sorted_levels(&table, "code"), ["MZ"]);
}

#[test]
fn data_missing_target_3() {
    let table = read("x,y\n1,0\n2,\n3,1\n4,\n");
    let schema = Schema::infer(&table, &["y"]).unwrap();
    let target = Target::infer(&table, &schema, None).unwrap();
    assert_eq!(target.labels, ["0", "1"]);
    assert_eq!(target.rows, [0, 2]);
    assert_eq!(target.dropped, Some(Note::TargetMissing { rows: 2, first_line: 3 }));
}

#[test]
fn data_missing_allcol_4() {
    let table = read("e,z,y\n,0,1\n,,2\n,0,3\n");
    assert!(table.notes().contains(&Note::EmptyColumn { column: "e".into() }));
    let schema = Schema::infer(&table, &["y"]).unwrap();
    let encoders = Encoders::fit(&table, &schema, &[0, 1, 2]).unwrap();
    assert_eq!(encoders.feature_names(), ["z", "z is missing"]);
    assert_eq!(encoders.encode(&table).unwrap(), [0.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    // Empty in the training part alone: constant, and finite where there is a value.
    let table = read("e,y\n,1\n,2\n5,3\n");
    let schema = Schema::infer(&table, &["y"]).unwrap();
    let encoders = Encoders::fit(&table, &schema, &[0, 1]).unwrap();
    assert_eq!(encoders.encode(&table).unwrap(), [0.0; 3]);
}

#[test]
fn data_thousands_1() {
    let csv = "amount,y\n\"1,234.50\",1\n\"12,000.00\",0\n";
    let format = NumberFormat { thousands: Some(','), ..NumberFormat::default() };
    let table = read(csv);
    assert_eq!(numbers(&table, "amount"), [1234.5, 12000.0]);
    assert_eq!(table.column("amount").unwrap().number_format(), format);
    let note =
        Note::SeparatedNumbers { column: "amount".into(), example: "1,234.50".into(), format };
    assert_eq!(table.notes(), [note]);
    let options = ReadOptions { thousands: Some(','), ..ReadOptions::default() };
    let table = read_with(csv, &options).unwrap();
    assert_eq!(numbers(&table, "amount"), [1234.5, 12000.0]);
    // The same trouble with a decimal comma, as spreadsheets write it in half of Europe.
    let csv = "preis;y\n1,5;0\n2,25;1\n";
    assert_eq!(numbers(&read(csv), "preis"), [1.5, 2.25]);
    let options = ReadOptions { decimal_comma: true, ..ReadOptions::default() };
    assert_eq!(numbers(&read_with(csv, &options).unwrap(), "preis"), [1.5, 2.25]);
    // What may mean two things is asked for.
    let csv = "amount;y\n1,234;1\n12,000;0\n";
    let error = refused(csv);
    assert!(
        matches!(error.kind(), ErrorKind::SeparatedNumber { line: 2, column, .. } if column == "amount"),
        "{error}"
    );
    assert_eq!(numbers(&read_with(csv, &options).unwrap(), "amount"), [1.234, 12.0]);
}

#[test]
fn data_spaces_3() {
    let table = read("id, num ,y\n1, 6.5 ,0\n2,\t7.75,1\n");
    assert_eq!(numbers(&table, "num"), [6.5, 7.75]);
}

#[test]
fn data_dupheader_1() {
    let error = refused("u,v,u\n10,20,30\n40,50,60\n");
    assert!(
        matches!(
            error.kind(),
            ErrorKind::DuplicateColumnName { name, first: 1, second: 3, .. } if name == "u"
        ),
        "{error}"
    );
}

#[test]
fn data_constcol_1() {
    assert_eq!(standardised(&[0.1; 10], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), [0.0; 10]);
    // A value off by a rounding is no spread either.
    let mut almost = [0.1; 10];
    almost[3] = 0.1_f64.next_up();
    assert_eq!(standardised(&almost, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), [0.0; 10]);
}

#[test]
fn data_tinycol_3() {
    let expected = [-1.224744871391589, 0.0, 1.224744871391589];
    assert_near(&standardised(&[1e-10, 2e-10, 3e-10], &[0, 1, 2]), &expected, 1e-6);
    // The whole range of f64, where squares would vanish or overflow.
    for scale in [1e-300, 1e-200, 1e200, 1e299] {
        let values = [scale, 2.0 * scale, 3.0 * scale];
        assert_near(&standardised(&values, &[0, 1, 2]), &expected, 1e-6);
    }
}

#[test]
fn data_nearconst_4() {
    let expected = [-FRAC_1_SQRT_2, -FRAC_1_SQRT_2, SQRT_2];
    let found = standardised(&[1e9, 1e9, 1e9 + 1.0], &[0, 1, 2]);
    assert_near(&found, &expected, 7e-6);
}

#[test]
fn train_leak_3() {
    assert_eq!(standardised(&[0.0, 2.0, 10.0], &[0, 1]), [-1.0, 1.0, 9.0]);
}

#[test]
fn data_unseen_1() {
    let table = read("c,y\nred,0\ngreen,1\n");
    let schema = Schema::infer(&table, &["y"]).unwrap();
    let encoders = Encoders::fit(&table, &schema, &[0, 1]).unwrap();
    assert_eq!(encoders.feature_names(), ["c=green", "c=red"]);
    let options = ReadOptions::default();
    let new = Table::from_reader_as(&b"c\nred\nblue\n"[..], "new.csv", &schema, &options).unwrap();
    assert_eq!(encoders.encode(&new).unwrap(), [0.0, 1.0, 0.0, 0.0]);
    assert_eq!(
        encoders.notes(&new).unwrap(),
        [Note::UnseenCategories { column: "c".into(), cells: 1, example: "blue".into() }]
    );
}

#[test]
fn data_intlabels_1() {
    let classes = [10, 2, 1, 11, 3, 4, 5, 6, 7, 8, 9];
    let rows = classes.iter().chain(&classes);
    let lines: Vec<String> = rows.map(|class| format!("0.{class},{class}")).collect();
    let table = read(&format!("x,y\n{}\n", lines.join("\n")));
    let schema = Schema::infer(&table, &["y"]).unwrap();
    let target = Target::infer(&table, &schema, None).unwrap();
    let expected: Vec<String> = (1..=11).map(|class| class.to_string()).collect();
    assert_eq!((target.task, &target.labels), (Task::Multiclass, &expected));
    let encoder = TargetEncoder::fit(&table, &target, &target.rows, Scaling::STANDARD).unwrap();
    assert_eq!(encoder.encode(&table, &[0, 1, 2, 3]).unwrap(), [9.0, 1.0, 0.0, 10.0]);
    assert_eq!(encoder.label(0, 9), Some("10"));
}

#[test]
fn data_bool_1() {
    let table = read("x,y\n1,human\n2,bot\n3,human\n4,bot\n");
    let schema = Schema::infer(&table, &["y"]).unwrap();
    let target = Target::infer(&table, &schema, None).unwrap();
    assert_eq!(target.task, Task::Binary);
    assert_eq!(target.labels, ["bot", "human"]);
    assert_eq!(target.classes(&table).unwrap().unwrap(), [1, 0, 1, 0]);
    assert!(target.explanation.contains("bot, human"), "{}", target.explanation);
}

#[test]
fn data_oneclass_1() {
    let table = read("x,y\n1,ok\n2,ok\n3,ok\n");
    let schema = Schema::infer(&table, &["y"]).unwrap();
    let error = Target::infer(&table, &schema, None).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::OneClass { label, .. } if label == "ok"), "{error}");
}

#[test]
fn data_unicode_1() {
    let labels = ["caf\u{e9}", "cafe\u{301}", "naïve", "日本", "😀", "한글"];
    let table = read(&format!("이름,y\n{}\n", labels.map(|label| format!("{label},1")).join("\n")));
    let names = text(&table, "이름");
    for (row, label) in labels.iter().enumerate() {
        assert_eq!(names.get(row).map(str::as_bytes), Some(label.as_bytes()));
    }
    assert_eq!(
        table.notes(),
        [Note::LookAlike {
            column: "이름".into(),
            first: "caf\u{e9}".into(),
            second: "cafe\u{301}".into()
        }]
    );
}

#[test]
fn data_huge_1() {
    let table = read("x,y\n0,0\n1e39,1\n");
    let schema = Schema::infer(&table, &["y"]).unwrap();
    let encoders = Encoders::fit(&table, &schema, &[0, 1]).unwrap();
    assert_eq!(encoders.encode(&table).unwrap(), [-1.0, 1.0]);
    // What leaves the range of an f32 after scaling is refused by name and line.
    let options = ReadOptions::default();
    let far = Table::from_reader_as(&b"x\n1\n1e90\n"[..], "far.csv", &schema, &options).unwrap();
    let error = encoders.encode(&far).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::TooFar { line: 3, column, .. } if column == "x"),
        "{error}"
    );
}

#[test]
fn data_inf_3() {
    for field in ["inf", "-Infinity", "1e400"] {
        let table = read(&format!("x,y\n1,1\n{field},2\n2,3\n"));
        let schema = Schema::infer(&table, &["y"]).unwrap();
        let error = Encoders::fit(&table, &schema, &[0, 1, 2]).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::NotFinite { line: 3, column, .. } if column == "x"),
            "{error}"
        );
    }
}

#[test]
fn data_colorder_1() {
    let table = read("a,b,y\n1,2,0.5\n3,5,1.5\n4,4,7.5\n");
    let schema = Schema::infer(&table, &["y"]).unwrap();
    let encoders = Encoders::fit(&table, &schema, &[0, 1, 2]).unwrap();
    let options = ReadOptions::default();
    let read_as = |csv: &str| {
        let table = Table::from_reader_as(csv.as_bytes(), "p.csv", &schema, &options).unwrap();
        encoders.encode(&table).unwrap()
    };
    let swapped = read_as("b,a\n1,5\n");
    assert_eq!(swapped, read_as("a,b\n5,1\n"));
    assert_ne!(swapped, read_as("a,b\n1,5\n"));
}

#[test]
fn data_labelcol_3() {
    let table = read("id,x,y\n1,2,3\n");
    let error = Schema::infer::<&str>(&table, &[]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NoTarget { .. }), "{error}");
    assert!(error.to_string().contains("\"id\", \"x\", \"y\""), "{error}");
    let error = Schema::infer(&table, &["Y"]).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::UnknownColumn { nearest: Some(name), .. } if name == "y"),
        "{error}"
    );
}

#[test]
fn data_date_1() {
    let table = read("d,y\n25/04/2021,1\n07/04/2021,0\n");
    // One order of day and month for all, decided by all.
    let dates = |table: &Table| match table.column("d").unwrap().values() {
        Values::Date { seconds, .. } => seconds.iter().map(moment).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(dates(&table), ["2021-04-25", "2021-04-07"]);
    // Without a date that shows it they stay text.
    let table = read("d,y\n05/04/2021,1\n07/04/2021,0\n");
    assert_eq!(text(&table, "d").levels(), ["05/04/2021", "07/04/2021"]);
    assert!(matches!(&table.notes()[0], Note::AmbiguousDates { column, .. } if column == "d"));
    let table = read("d,y\n2021-04-05,1\n2021-04-31,0\n2021-04-06,1\n");
    assert!(
        matches!(&table.notes()[0], Note::DatesAsText { example, .. } if example == "2021-04-31")
    );
}

#[test]
fn data_infer_1() {
    for count in [1000, 30_000] {
        let whole = (1..=count).map(|i| i.to_string());
        let lines: Vec<String> = whole.chain(["7.25".to_owned()]).collect();
        let table = read(&format!("b\n{}\n", lines.join("\n")));
        let b = numbers(&table, "b");
        assert_eq!((b[0], b[count - 1], b[count]), (1.0, count as f64, 7.25));
    }
}

#[test]
fn data_zeros_1() {
    let csv = "zip,y\n04109,1\n00802,0\n";
    let table = read(csv);
    assert_eq!(text(&table, "zip").levels(), ["04109", "00802"]);
    assert!(matches!(&table.notes()[0], Note::CodesAsText { column, .. } if column == "zip"));
    let options = ReadOptions { numbers: vec!["zip".into()], ..ReadOptions::default() };
    assert_eq!(numbers(&read_with(csv, &options).unwrap(), "zip"), [4109.0, 802.0]);
    let plain = read("a,b,c\n0,0.5,-007\n10,00.5,3\n");
    assert!(plain.columns().iter().all(|column| column.values().kind() == Kind::Number));
}

#[test]
fn data_ragged_1() {
    let error = refused("a,b,y\n1,2,0\n3,4\n5,6,1\n");
    assert!(
        matches!(error.kind(), ErrorKind::RaggedRow { line: 3, expected: 3, found: 2, .. }),
        "{error}"
    );
    assert!(matches!(refused("a,b\n1,2,3\n").kind(), ErrorKind::RaggedRow { found: 3, .. }));
}
