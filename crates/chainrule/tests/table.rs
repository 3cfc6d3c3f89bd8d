//! Reading tables: every way in which a file can be wrong, and what columns turn out to be.

use std::path::Path;

use chainrule::data::{
    Column, Encoders, Kind, Note, ReadOptions, Role, Schema, Table, TextValues, Values,
};
use chainrule::error::{Error, ErrorKind, Result};

fn options() -> ReadOptions {
    ReadOptions::default()
}

fn read_bytes(bytes: &[u8]) -> Result<Table> {
    Table::from_reader(bytes, "t.csv", &options())
}

fn read(csv: &str) -> Table {
    read_bytes(csv.as_bytes()).unwrap()
}

fn refused(csv: &str) -> Error {
    read_bytes(csv.as_bytes()).unwrap_err()
}

/// A file of one column with the given cells.
fn column_of(cells: impl IntoIterator<Item = String>) -> String {
    let mut csv = "value\n".to_owned();
    for cell in cells {
        csv.push_str(&cell);
        csv.push('\n');
    }
    csv
}

fn kind_of(cells: &[&str]) -> Kind {
    let csv = column_of(cells.iter().map(|&cell| cell.to_owned()));
    read(&csv).columns()[0].values().kind()
}

fn stray(error: &Error) -> Option<(u64, &str, &str)> {
    match error.kind() {
        ErrorKind::StrayWord { line, column, value, .. } => Some((*line, column, value)),
        _ => None,
    }
}

#[test]
fn no_such_file() {
    let error = Table::read(Path::new("no/such/houses.csv"), &options()).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::FileNotFound { file } if file == "no/such/houses.csv"),
        "{error}"
    );
    let error = Table::read(Path::new("."), &options()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::FileUnreadable { .. }), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn nothing_in_it() {
    for text in ["", "\n\n", "\u{feff}", "   \r\n"] {
        assert!(matches!(refused(text).kind(), ErrorKind::EmptyFile { .. }), "{text:?}");
    }
    for text in ["a,b", "a,b\n", "a,b\n\n  \n"] {
        assert!(matches!(refused(text).kind(), ErrorKind::HeaderOnly { .. }), "{text:?}");
    }
}

#[test]
fn text_that_is_not_utf_8() {
    // "가격" in code page 949, and a file in UTF-16.
    let error = read_bytes(b"price,y\n1,2\n\xb0\xa1\xb0\xdd,3\n").unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidUtf8 { line: 3, .. }), "{error}");
    let error = read_bytes(b"\xff\xfea\0,\0b\0\n\0").unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidUtf8 { line: 1, .. }), "{error}");
}

#[test]
fn header_without_a_name() {
    let error = refused("a,,c\n1,2,3\n");
    assert!(matches!(error.kind(), ErrorKind::EmptyColumnName { position: 2, .. }), "{error}");
    let error = refused("\n\na, \n1,2\n");
    assert!(
        matches!(error.kind(), ErrorKind::EmptyColumnName { line: 3, position: 2, .. }),
        "{error}"
    );
    // Names are compared as trimmed.
    assert!(matches!(refused("a, a\n1,2\n").kind(), ErrorKind::DuplicateColumnName { .. }));
}

#[test]
fn an_unclosed_quote() {
    let error = refused("a,b\n1,2\n3,\"x\n5,6\n");
    assert!(matches!(error.kind(), ErrorKind::UnclosedQuote { line: 3, field: 2, .. }), "{error}");
}

#[test]
fn options_that_do_not_fit() {
    let read = |options: ReadOptions| {
        Table::from_reader(&b"age,sex\n1,m\n"[..], "t.csv", &options).unwrap_err()
    };
    let error = read(ReadOptions { text: vec!["sx".into()], ..options() });
    assert!(
        matches!(error.kind(), ErrorKind::UnknownColumn { nearest: Some(name), .. } if name == "sex"),
        "{error}"
    );
    let error = read(ReadOptions { numbers: vec!["sex".into()], ..options() });
    assert_eq!(stray(&error), Some((2, "sex", "m")), "{error}");
    for delimiter in [b'"', b'\n', 0xff] {
        let error = read(ReadOptions { delimiter: Some(delimiter), ..options() });
        assert!(
            matches!(error.kind(), ErrorKind::InvalidSetting { option: "delimiter", .. }),
            "{error}"
        );
    }
    let error = read(ReadOptions { thousands: Some('.'), ..options() });
    assert!(
        matches!(error.kind(), ErrorKind::InvalidSetting { option: "thousands", .. }),
        "{error}"
    );
}

#[test]
fn kinds_are_inferred_from_all_cells() {
    assert_eq!(kind_of(&["1", "2.5", "-3e2"]), Kind::Number);
    assert_eq!(kind_of(&["1", "NA", "?", ".", "null", "2"]), Kind::Number);
    assert_eq!(kind_of(&["0", "1", "1"]), Kind::Number);
    assert_eq!(kind_of(&["true", "False", "TRUE", "NA"]), Kind::Boolean);
    assert_eq!(kind_of(&["yes", "no"]), Kind::Boolean);
    assert_eq!(kind_of(&["yes", "true"]), Kind::Text);
    assert_eq!(kind_of(&["yes", "no", "maybe"]), Kind::Text);
    assert_eq!(kind_of(&["1", "true"]), Kind::Text);
    assert_eq!(kind_of(&["a1", "b2", "3"]), Kind::Text);
    assert_eq!(kind_of(&["1", "2", "C3", "C4"]), Kind::Text);
    assert_eq!(kind_of(&["001", "A17", "003", "004"]), Kind::Text);
    assert_eq!(kind_of(&["NA", "?", "\"\""]), Kind::Number);
}

#[test]
fn booleans_keep_how_they_are_written() {
    let spellings = |csv: &str| match read(csv).columns()[0].values() {
        Values::Boolean { spellings, .. } => spellings.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(spellings("b\nTRUE\nFALSE\ntrue\n"), ["FALSE", "TRUE"]);
    assert_eq!(spellings("b\nno\nNA\n"), ["no", "yes"]);
    assert_eq!(spellings("b\nYes\n"), ["No", "Yes"]);
}

#[test]
fn a_stray_word_among_numbers() {
    let error = refused("id,price\na,1\nb,2\nc,n.a.\nd,4\n");
    assert_eq!(stray(&error), Some((4, "price", "n.a.")), "{error}");
    // 1 % of the cells.
    let cells = |words: usize| {
        let cell = move |i: usize| {
            if i % 20 == 7 && i / 20 < words { format!("w{i}") } else { format!("{i}") }
        };
        column_of((0..200).map(cell))
    };
    assert_eq!(stray(&refused(&cells(2))), Some((9, "value", "w7")));
    assert_eq!(read(&cells(3)).columns()[0].values().kind(), Kind::Text);
    // One word again and again among many numbers: a marker for missing values.
    let marked =
        column_of((0..100).map(|i| if i % 3 == 0 { "unknown".into() } else { i.to_string() }));
    assert_eq!(stray(&refused(&marked)), Some((2, "value", "unknown")));
    let options = ReadOptions { missing: vec!["unknown".into()], ..options() };
    let table = Table::from_reader(marked.as_bytes(), "t.csv", &options).unwrap();
    assert_eq!(table.columns()[0].values().missing(), 34);
    // Where the word is as frequent as the numbers, it says something of its own.
    let half =
        column_of((0..100).map(|i| if i % 2 == 0 { "none given".into() } else { i.to_string() }));
    assert_eq!(read(&half).columns()[0].values().kind(), Kind::Text);
    // A few codes and a word are categories.
    let codes =
        column_of((0..100).map(|i| if i % 4 == 0 { "crew".into() } else { (i % 4).to_string() }));
    assert_eq!(read(&codes).columns()[0].values().kind(), Kind::Text);
}

#[test]
fn words_after_ten_thousand_numbers_count_as_those_before() {
    let cells = |words: usize| {
        let numbers = (0..10_000).map(|i| i.to_string());
        column_of(numbers.chain((0..words).map(|i| format!("w{i}"))))
    };
    // Up to 1 % of the cells they are errors.
    for words in [1, 101] {
        assert_eq!(stray(&refused(&cells(words))), Some((10_002, "value", "w0")));
    }
    // More make it text, of the spellings in the file.
    let csv = cells(5_000).replace("\n17\n", "\n17.0\n");
    let table = read(&csv);
    let Values::Text(text) = table.columns()[0].values() else { panic!("no text") };
    assert_eq!((text.get(17), text.get(10_001)), (Some("17.0"), Some("w1")));
    let words = |cells, word: &str, line| Note::NumbersAsText {
        column: "value".into(),
        cells,
        word: word.into(),
        file: "t.csv".into(),
        line,
    };
    assert_eq!(table.notes(), [words(10_000, "w0", 10_002)]);
    let options = ReadOptions { text: vec!["value".into()], ..options() };
    let table = Table::from_reader(cells(2).as_bytes(), "t.csv", &options).unwrap();
    assert_eq!(table.columns()[0].values().kind(), Kind::Text);
    // Late in the file a missing value is one, and a code makes codes of all.
    let late = column_of((1..=10_000).map(|i| i.to_string()).chain(["NA".into(), "00123".into()]));
    let table = read(&late);
    let Values::Text(text) = table.columns()[0].values() else { panic!("no text") };
    assert_eq!((text.get(0), text.get(10_001)), (Some("1"), Some("00123")));
    assert!(matches!(&table.notes()[0], Note::CodesAsText { example, .. } if example == "00123"));
    // Not where numbers are none.
    let broken = column_of((1..=10_000).map(|i| format!("{i}.5")).chain(["00123".into()]));
    assert_eq!(read(&broken).columns()[0].values().kind(), Kind::Number);
}

#[test]
fn missing_values_early_and_late_are_the_same() {
    let cells = (0..25_000).map(|i| match i % 5 {
        0 => "\"\"".to_owned(),
        1 => "NA".to_owned(),
        2 => "-999".to_owned(),
        _ => format!("{i}.5"),
    });
    let options = ReadOptions { missing: vec!["-999".into()], ..options() };
    let csv = column_of(cells);
    let table = Table::from_reader(csv.as_bytes(), "t.csv", &options).unwrap();
    let values = table.columns()[0].values();
    assert_eq!(values.kind(), Kind::Number);
    for row in 0..25_000 {
        assert_eq!(values.is_missing(row), row % 5 < 3, "{row}");
    }
}

#[test]
fn a_tsv_file_has_tabs() {
    let folder = std::env::temp_dir().join(format!("chainrule-table-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("t.TSV");
    std::fs::write(&path, "a,b\tc\n1\t2\n").unwrap();
    let table = Table::read(&path, &options());
    std::fs::remove_dir_all(&folder).unwrap();
    let table = table.unwrap();
    assert_eq!(table.columns()[0].name(), "a,b");
    assert!(table.file().ends_with("t.TSV"));
}

#[test]
fn columns_that_name_each_row_are_told() {
    let table = read(&column_of((0..50).map(|i| format!("Mr. {i}"))));
    assert!(matches!(table.notes(), [Note::ManyCategories { categories: 50, cells: 50, .. }]));
}

const TRAINING: &str = "age,member,town,score\n1,yes,A,0.5\n2,no,12,1.5\n4,,B,2.5\n";

fn trained() -> (Schema, Encoders) {
    let table = read(TRAINING);
    let schema = Schema::infer(&table, &["score"]).unwrap();
    let encoders = Encoders::fit(&table, &schema, &[0, 1, 2]).unwrap();
    (schema, encoders)
}

fn read_as(csv: &str) -> Result<Table> {
    Table::from_reader_as(csv.as_bytes(), "new.csv", &trained().0, &options())
}

#[test]
fn predicting_reads_under_the_kinds_of_training() {
    // The town's cells all look like numbers now, with a spelling that a number would lose.
    let table = read_as("town,age,extra,member\n12,2,x,TRUE\n012,3,y,NA\n").unwrap();
    let kinds: Vec<Kind> = table.columns().iter().map(|c| c.values().kind()).collect();
    assert_eq!(kinds, [Kind::Text, Kind::Number, Kind::Boolean]);
    assert_eq!(table.unused(), ["extra"]);
    let (_, encoders) = trained();
    assert_eq!(
        encoders.feature_names(),
        ["age", "member", "member is missing", "town=12", "town=A", "town=B"]
    );
    let rows = encoders.encode(&table).unwrap();
    assert_eq!(rows[1..6], [1.0, 0.0, 1.0, 0.0, 0.0]);
    assert_eq!(rows[7..12], [0.0, 1.0, 0.0, 0.0, 0.0]);
    assert_eq!(
        encoders.notes(&table).unwrap(),
        [
            Note::UnusedColumns { columns: vec!["extra".into()] },
            Note::UnseenCategories { column: "town".into(), cells: 1, example: "012".into() }
        ]
    );
}

#[test]
fn predicting_with_a_column_missing_or_renamed() {
    let error = read_as("Age ,member,twon\n1,yes,A\n").unwrap_err();
    assert!(
        matches!(
            error.kind(),
            ErrorKind::ColumnMissing { name, nearest: Some(near), .. } if name == "age" && near == "Age"
        ),
        "{error}"
    );
    let error = read_as("age,member\n1,yes\n").unwrap_err();
    assert!(
        matches!(
            error.kind(),
            ErrorKind::ColumnMissing { name, nearest: None, .. } if name == "town"
        ),
        "{error}"
    );
}

#[test]
fn predicting_with_a_column_of_another_kind() {
    let error = read_as("age,member,town\n1,yes,A\nold,no,A\n").unwrap_err();
    assert!(
        matches!(
            error.kind(),
            ErrorKind::WrongKind { line: 3, column, value, expected: Kind::Number, .. }
                if column == "age" && value == "old"
        ),
        "{error}"
    );
    let error = read_as("age,member,town\n1,yes,A\n2,0,A\n3,maybe,A\n").unwrap_err();
    assert!(
        matches!(
            error.kind(),
            ErrorKind::WrongKind { line: 3, value, expected: Kind::Boolean, .. } if value == "0"
        ),
        "{error}"
    );
}

#[test]
fn a_column_without_values_fits_every_kind() {
    let table = read_as("age,member,town\n,,\nNA,NA,\n").unwrap();
    let (_, encoders) = trained();
    let rows = encoders.encode(&table).unwrap();
    // The median, 2, is below the mean, 7/3; the missing town is a category that did not occur.
    assert!(rows[0] < 0.0 && rows[1..6] == [0.0, 1.0, 0.0, 0.0, 0.0], "{rows:?}");
    let read_without_schema = read("age,member,town\n,,\n");
    assert_eq!(encoders.encode(&read_without_schema).unwrap(), rows[..6]);
}

#[test]
fn a_table_read_without_the_schema_is_checked_when_encoded() {
    let (_, encoders) = trained();
    let table = read("age,member,town\n1,yes,A\nx,no,A\ny,no,A\n");
    let error = encoders.encode(&table).unwrap_err();
    assert!(
        matches!(
            error.kind(),
            ErrorKind::WrongKind { line: 3, value, expected: Kind::Number, .. } if value == "x"
        ),
        "{error}"
    );
    let error = encoders.encode(&read("age,member\n1,yes\n")).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::ColumnMissing { .. }), "{error}");
    let error = encoders.encode(&read("age,member,town\n1,yes,7\n")).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::WrongKind { expected: Kind::Text, .. }), "{error}");
}

#[test]
fn the_schema_gives_each_column_its_role_and_keeps_the_missing_words() {
    let options = ReadOptions { missing: vec![" none ".into()], ..options() };
    let csv = "a,empty,y\nnone,,1\nx,,2\n";
    let table = Table::from_reader(csv.as_bytes(), "t.csv", &options).unwrap();
    let schema = Schema::infer(&table, &["y"]).unwrap();
    let roles: Vec<Role> = schema.columns.iter().map(|column| column.role).collect();
    assert_eq!(roles, [Role::Feature, Role::Unused, Role::Target]);
    let json = serde_json::to_string(&schema).unwrap();
    assert_eq!(serde_json::from_str::<Schema>(&json).unwrap(), schema);
    let table = Table::from_reader_as(&b"a\nnone\n"[..], "p.csv", &schema, &ReadOptions::default())
        .unwrap();
    assert!(table.columns()[0].values().is_missing(0));

    let error = Schema::infer(&table, &["a"]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NoFeatures { .. }), "{error}");
    let two = read("a,b\n1,2\n");
    let error = Schema::infer(&two, &["a", "a"]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidSetting { option: "target", .. }), "{error}");
}

#[test]
fn tables_in_memory_are_checked() {
    let number =
        |name: &str, values: &[f64]| Column::new(name, Values::Number(values.to_vec().into()));
    let refused = |columns| Table::from_columns("memory", columns).unwrap_err();
    let error = refused(vec![number("a", &[1.0]), number("b", &[])]);
    assert!(
        matches!(error.kind(), ErrorKind::UnequalColumns { expected: 1, found: 0, .. }),
        "{error}"
    );
    assert!(matches!(refused(vec![]).kind(), ErrorKind::EmptyFile { .. }));
    assert!(matches!(refused(vec![number("a", &[])]).kind(), ErrorKind::HeaderOnly { .. }));
    let twice = vec![number("a", &[1.0]), number("a", &[1.0])];
    assert!(matches!(refused(twice).kind(), ErrorKind::DuplicateColumnName { .. }));

    let text = TextValues::from_cells([Some("b"), None, Some(" b "), Some(""), Some("a")]);
    assert_eq!(text.levels(), ["b", "a"]);
    let codes: Vec<Option<usize>> = (0..6).map(|row| text.code(row)).collect();
    assert_eq!(codes, [Some(0), None, Some(0), None, Some(1), None]);
}
