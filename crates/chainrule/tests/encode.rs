//! Features and targets in numbers: what is fitted, what is encoded, what is refused.

use chainrule::data::{
    Column, Curve, Encoder, Encoders, Encoding, Kind, NumberEncoding, ReadOptions, Scaling, Schema,
    Table, Target, TargetEncoder, Task, Values, split,
};
use chainrule::error::{Error, ErrorKind};

fn read(csv: &str) -> Table {
    Table::from_reader(csv.as_bytes(), "t.csv", &ReadOptions::default()).unwrap()
}

fn fitted(csv: &str, rows: &[usize]) -> (Table, Encoders) {
    let table = read(csv);
    let target = table.columns().last().unwrap().name().to_owned();
    let schema = Schema::infer(&table, &[target]).unwrap();
    let encoders = Encoders::fit(&table, &schema, rows).unwrap();
    (table, encoders)
}

fn infer(csv: &str, targets: &[&str], task: Option<Task>) -> Result<Target, Error> {
    let table = read(csv);
    let schema = Schema::infer(&table, targets)?;
    Target::infer(&table, &schema, task)
}

fn lines<T: ToString>(header: &str, values: impl IntoIterator<Item = T>) -> String {
    let mut csv = format!("x,{header}\n");
    for (row, value) in values.into_iter().enumerate() {
        csv.push_str(&format!("{row},{}\n", value.to_string()));
    }
    csv
}

#[test]
fn numbers_are_filled_with_the_median_and_standardised() {
    let (table, encoders) = fitted("x,y\n1,0\n2,1\n,2\n9,3\n100,4\n", &[0, 1, 2, 3]);
    // 1, 2, 9 have the median 2; 1, 2, 2, 9 have the mean 3.5 and the variance 41/4.
    let std = (41.0_f64 / 4.0).sqrt();
    assert_eq!(
        encoders.columns,
        [Encoder {
            name: "x".into(),
            encoding: Encoding::Number(NumberEncoding {
                fill: 2.0,
                mean: 3.5,
                std,
                missing: true,
                curve: Curve::Identity,
            })
        }]
    );
    let scaled = |x: f64| ((x - 3.5) / std) as f32;
    let expected = [
        [scaled(1.0), 0.0],
        [scaled(2.0), 0.0],
        [scaled(2.0), 1.0],
        [scaled(9.0), 0.0],
        [scaled(100.0), 0.0],
    ];
    assert_eq!(encoders.encode(&table).unwrap(), expected.concat());
    assert_eq!(encoders.encode_rows(&table, &[4, 2]).unwrap(), [expected[4], expected[2]].concat());
}

#[test]
fn a_missing_number_that_training_did_not_have_is_filled_without_a_flag() {
    let (table, encoders) = fitted("x,y\n1,0\n3,1\n,2\n", &[0, 1]);
    assert_eq!(encoders.width(), 1);
    assert_eq!(encoders.encode(&table).unwrap(), [-1.0, 1.0, 0.0]);
}

#[test]
fn an_even_count_has_the_mean_of_the_middle_two_as_median() {
    let (_, encoders) = fitted("x,y\n4,0\n1,1\n10,2\n2,3\n,4\n", &[0, 1, 2, 3, 4]);
    assert!(
        matches!(&encoders.columns[0].encoding, Encoding::Number(number) if number.fill == 3.0)
    );
}

#[test]
fn an_infinity_outside_the_training_rows_is_refused_when_encoded() {
    let (table, encoders) = fitted("x,y\n1,0\n2,1\n-inf,2\n", &[0, 1]);
    let error = encoders.encode(&table).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::NotFinite { line: 4, value, .. } if *value == f64::NEG_INFINITY),
        "{error}"
    );
    assert_eq!(encoders.encode_rows(&table, &[0]).unwrap(), [-1.0]);
}

#[test]
fn booleans_are_0_and_1_and_missing_ones_the_more_frequent() {
    let (table, encoders) = fitted("b,y\nyes,0\nyes,1\nno,2\n,3\n", &[0, 1, 2, 3]);
    assert_eq!(encoders.feature_names(), ["b", "b is missing"]);
    assert_eq!(encoders.encode(&table).unwrap(), [1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0]);
    let (table, encoders) = fitted("b,y\nyes,0\nno,1\n,2\n", &[0, 1]);
    assert_eq!(encoders.encode(&table).unwrap(), [1.0, 0.0, 0.0]);
}

#[test]
fn categories_have_slots_by_code_point_and_missing_its_own() {
    let (table, encoders) = fitted("c,y\nb,0\n한글,1\n,2\nB,3\nz,4\n", &[0, 1, 2, 3]);
    assert_eq!(encoders.feature_names(), ["c=B", "c=b", "c=한글", "c is missing"]);
    let slots: Vec<Option<usize>> = encoders
        .encode(&table)
        .unwrap()
        .chunks(4)
        .map(|row| row.iter().position(|&value| value == 1.0))
        .collect();
    assert_eq!(slots, [Some(1), Some(2), Some(3), Some(0), None]);
}

#[test]
fn a_missing_category_is_the_word_for_it_if_training_wrote_one() {
    let (table, encoders) = fitted("c,y\nmale,0\nNA,1\nfemale,2\n,3\n", &[0, 1, 2]);
    assert_eq!(encoders.feature_names(), ["c=NA", "c=female", "c=male"]);
    assert_eq!(encoders.encode_rows(&table, &[3]).unwrap(), [1.0, 0.0, 0.0]);
}

#[test]
fn beyond_64_categories_the_rarest_share_a_slot() {
    // k00 … k64 twice each but k10 and k20, which occur once, and so once more k00.
    let category = |row: usize| match row {
        75 | 85 => "k00".to_owned(),
        _ => format!("k{:02}", row % 65),
    };
    let cells: Vec<String> = (0..130).map(|row| format!("{},{row}", category(row))).collect();
    let csv = format!("c,y\n{}\nnew,130\n,131\n", cells.join("\n"));
    let rows: Vec<usize> = (0..130).collect();
    let (table, encoders) = fitted(&csv, &rows);
    let names = encoders.feature_names();
    assert_eq!((names.len(), names[63].as_str()), (64, "c is another"));
    assert!(!names.contains(&"c=k10".to_owned()) && !names.contains(&"c=k20".to_owned()));
    let last = |row| encoders.encode_rows(&table, &[row]).unwrap()[63];
    assert_eq!([last(9), last(10), last(20), last(130), last(131)], [0.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(encoders.notes(&table).unwrap(), []);
    // Exactly 64 all keep their slot.
    let cells: Vec<String> = (0..64).map(|row| format!("k{row},{row}")).collect();
    let (_, encoders) =
        fitted(&format!("c,y\n{}\n", cells.join("\n")), &(0..64).collect::<Vec<_>>());
    assert_eq!(encoders.width(), 64);
    assert!(matches!(&encoders.columns[0].encoding, Encoding::Text(text) if !text.other));
}

#[test]
fn only_the_training_rows_count() {
    let csv = "n,b,c,y\n1,no,a,0\n3,no,b,1\n1000,yes,z,2\n,,,3\n";
    let (_, encoders) = fitted(csv, &[0, 1]);
    let (_, again) = fitted("n,b,c,y\n1,no,a,0\n3,no,b,1\n", &[0, 1]);
    assert_eq!(encoders, again);
}

#[test]
fn encoders_survive_json_to_the_bit() {
    let mut bits = 7_u64;
    let mut next = || {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        ((bits >> 11) as f64) * 1e-12
    };
    for _ in 0..300 {
        let values: Vec<f64> = (0..20).map(|_| next()).collect();
        let y = Values::Number((0..20).map(f64::from).collect());
        let columns = vec![Column::new("x", Values::Number(values.into())), Column::new("y", y)];
        let table = Table::from_columns("memory", columns).unwrap();
        let schema = Schema::infer(&table, &["y"]).unwrap();
        let encoders = Encoders::fit(&table, &schema, &[0, 1, 2, 3, 4, 5, 6]).unwrap();
        let json = serde_json::to_string(&encoders).unwrap();
        assert_eq!(serde_json::from_str::<Encoders>(&json).unwrap(), encoders, "{json}");
    }
}

#[test]
fn more_rows_than_a_block() {
    let cells: Vec<String> =
        (0..1000).map(|row| format!("{row},{},{row}", ["a", "b"][row % 2])).collect();
    let csv = format!("n,c,y\n{}\n", cells.join("\n"));
    let (table, encoders) = fitted(&csv, &(0..1000).collect::<Vec<_>>());
    let all = encoders.encode(&table).unwrap();
    for row in [0, 255, 256, 999] {
        assert_eq!(all[row * 3..row * 3 + 3], encoders.encode_rows(&table, &[row]).unwrap());
    }
}

#[test]
fn the_task_is_read_from_the_target() {
    let task = |values: &[&str]| {
        let target = infer(&lines("y", values.iter()), &["y"], None).unwrap();
        (target.task, target.labels)
    };
    let labels = |labels: &[&str]| labels.iter().map(|&label| label.to_owned()).collect::<Vec<_>>();
    assert_eq!(task(&["a", "b", "a"]), (Task::Binary, labels(&["a", "b"])));
    assert_eq!(task(&["나", "가", "다"]), (Task::Multiclass, labels(&["가", "나", "다"])));
    assert_eq!(task(&["True", "False"]), (Task::Binary, labels(&["False", "True"])));
    assert_eq!(task(&["1", "0"]), (Task::Binary, labels(&["0", "1"])));
    assert_eq!(task(&["2", "1", "0", "0", "1", "2"]), (Task::Multiclass, labels(&["0", "1", "2"])));
    assert_eq!(task(&["1", "-1", "-1", "1"]), (Task::Binary, labels(&["-1", "1"])));
    assert_eq!(task(&["1", "2", "3", "4"]), (Task::Regression, vec![]));
    assert_eq!(task(&["0.5", "1.5", "0.5", "1.5"]), (Task::Regression, vec![]));
    assert_eq!(task(&["5", "6", "7", "5", "6", "7"]), (Task::Regression, vec![]));
    assert_eq!(task(&["-2", "0", "2", "-2", "0", "2"]), (Task::Regression, vec![]));
    assert_eq!(task(&["0", "1", "500", "0", "1", "500"]), (Task::Regression, vec![]));
    assert_eq!(task(&["-0", "0", "1", "0.0"]), (Task::Binary, labels(&["0", "1"])));
    let many: Vec<String> = (0..63).map(|row| (row % 21).to_string()).collect();
    assert_eq!(infer(&lines("y", many), &["y"], None).unwrap().task, Task::Regression);
}

#[test]
fn the_task_can_be_asked_for() {
    let csv = lines("y", [0, 1, 2, 0, 1, 2]);
    let asked = |task| infer(&csv, &["y"], Some(task));
    assert_eq!(asked(Task::Regression).unwrap().labels, Vec::<String>::new());
    assert_eq!(asked(Task::Multiclass).unwrap().labels, ["0", "1", "2"]);
    let error = asked(Task::Binary).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidSetting { option: "task", .. }), "{error}");
    let error = infer(&lines("y", ["a", "b"]), &["y"], Some(Task::Regression)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TargetKind { kind: Kind::Text, .. }), "{error}");
    assert_eq!("binary".parse::<Task>().unwrap(), Task::Binary);
    let error = "regresion".parse::<Task>().unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::UnknownName { nearest: Some(name), .. } if name == "regression"),
        "{error}"
    );
}

#[test]
fn several_targets() {
    let infer = |csv: &str, task| infer(csv, &["a", "b"], task);
    let numbers = "x,a,b\n1,0.5,7\n2,1,8\n3,0,8\n";
    assert_eq!(infer(numbers, None).unwrap().task, Task::Regression);
    let both = infer("x,a,b\n1,0,yes\n2,1,no\n3,,no\n", None).unwrap();
    assert_eq!((both.task, both.rows), (Task::Binary, vec![0, 1]));
    for (csv, odd) in [
        ("x,a,b\n1,0.5,yes\n2,1,no\n", "b"),
        ("x,a,b\n1,0.5,p\n2,1,q\n", "b"),
        ("x,a,b\n1,yes,2\n2,no,3\n", "a"),
    ] {
        let error = infer(csv, None).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::MixedTargets { column, .. } if column == odd),
            "{error}"
        );
    }
    for task in [Task::Binary, Task::Multiclass] {
        let error = infer(numbers, Some(task)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::TargetKind { .. }), "{error}");
    }
}

#[test]
fn targets_that_cannot_be_learned() {
    let refused = |csv: &str| infer(csv, &["y"], None).unwrap_err();
    let error = refused("x,y\n1,5\n2,5\n3,\n");
    assert!(
        matches!(error.kind(), ErrorKind::ConstantTarget { value, .. } if value == "5"),
        "{error}"
    );
    let error = refused("x,y\n1,true\n2,true\n");
    assert!(
        matches!(error.kind(), ErrorKind::OneClass { label, .. } if label == "true"),
        "{error}"
    );
    let error = refused("x,y\n1,\n2,NA\n");
    assert!(
        matches!(error.kind(), ErrorKind::TargetMissing { column, .. } if column == "y"),
        "{error}"
    );
    let error = refused("x,y\n1,2\n2,\n");
    assert!(matches!(error.kind(), ErrorKind::TooFewRows { found: 1, needed: 2, .. }), "{error}");
    for (field, line) in
        [("NaN", 4), ("nan", 4), ("inf", 4), ("-inf", 4), ("1e400", 4), ("1e301", 4)]
    {
        let error = refused(&format!("x,y\n1,2.5\n2,3.5\n3,{field}\n4,1.5\n"));
        assert!(
            matches!(error.kind(), ErrorKind::NotFinite { line: found, column, .. } if *found == line && column == "y"),
            "{field}: {error}"
        );
    }
    // Late in a long file too.
    let long = (0..12_000).map(|row| if row == 11_000 { "NaN".into() } else { format!("{row}.5") });
    let error = refused(&lines("y", long));
    assert!(matches!(error.kind(), ErrorKind::NotFinite { line: 11_002, .. }), "{error}");
}

#[test]
fn numbers_are_scaled_by_the_training_part_and_back() {
    let table = read("x,y\n1,10\n2,14\n3,100\n");
    let schema = Schema::infer(&table, &["y"]).unwrap();
    let target = Target::infer(&table, &schema, None).unwrap();
    let encoder = TargetEncoder::fit(&table, &target, &[0, 1], Scaling::STANDARD).unwrap();
    assert_eq!(encoder.encode(&table, &[0, 1, 2]).unwrap(), [-1.0, 1.0, 44.0]);
    assert_eq!(encoder.decode(0, 44.0), 100.0);
    assert_eq!(encoder.label(0, 0), None);
    let json = serde_json::to_string(&encoder).unwrap();
    assert_eq!(serde_json::from_str::<TargetEncoder>(&json).unwrap(), encoder);
    // Constant in the training part: not divided by zero.
    let table = read("x,y\n1,5\n2,5\n3,8\n");
    let encoder = TargetEncoder::fit(&table, &target, &[0, 1], Scaling::STANDARD).unwrap();
    assert_eq!(encoder.encode(&table, &[0, 2]).unwrap(), [0.0, 3.0]);
}

#[test]
fn several_targets_are_encoded_side_by_side() {
    let table = read("x,a,b\n1,0,yes\n2,1,no\n3,1,yes\n");
    let schema = Schema::infer(&table, &["a", "b"]).unwrap();
    let target = Target::infer(&table, &schema, None).unwrap();
    assert_eq!(target.classes(&table).unwrap(), None);
    let encoder = TargetEncoder::fit(&table, &target, &target.rows, Scaling::STANDARD).unwrap();
    assert_eq!(encoder.encode(&table, &[0, 1, 2]).unwrap(), [0.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
    assert_eq!((encoder.label(0, 1), encoder.label(1, 0)), (Some("1"), Some("no")));
}

#[test]
fn evaluating_with_labels_that_the_model_lacks() {
    let table = read("x,y\n1,setosa\n2,virginica\n");
    let schema = Schema::infer(&table, &["y"]).unwrap();
    let target = Target::infer(&table, &schema, None).unwrap();
    let encoder = TargetEncoder::fit(&table, &target, &target.rows, Scaling::STANDARD).unwrap();
    let new = read("x,y\n1,virginica\n2,Setosa\n3,\n4,setosa\n");
    assert_eq!(encoder.encode(&new, &[0, 3]).unwrap(), [1.0, 0.0]);
    let error = encoder.encode(&new, &[1]).unwrap_err();
    assert!(
        matches!(
            error.kind(),
            ErrorKind::UnknownLabel { line: 3, nearest: Some(label), .. } if label == "setosa"
        ),
        "{error}"
    );
    let error = encoder.encode(&new, &[2]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::MissingLabel { line: 4, .. }), "{error}");
    // Numbers are compared as numbers, truth values as truth values.
    let table = read("x,y\n1,0\n2,1\n");
    let target = Target::infer(&table, &Schema::infer(&table, &["y"]).unwrap(), None).unwrap();
    let encoder = TargetEncoder::fit(&table, &target, &target.rows, Scaling::STANDARD).unwrap();
    assert_eq!(encoder.encode(&read("x,y\n1,1.0\n2,-0\n"), &[0, 1]).unwrap(), [1.0, 0.0]);
    let table = read("x,y\n1,yes\n2,no\n");
    let target = Target::infer(&table, &Schema::infer(&table, &["y"]).unwrap(), None).unwrap();
    let encoder = TargetEncoder::fit(&table, &target, &target.rows, Scaling::STANDARD).unwrap();
    assert_eq!(encoder.encode(&read("x,y\n1,TRUE\n2,FALSE\n"), &[0, 1]).unwrap(), [1.0, 0.0]);
}

#[test]
fn a_split_by_class_leaves_every_class_to_train_on() {
    let labels = (0..40).map(|row| ["a", "b", "b", "b"][row % 4]).chain(["rare"]);
    let table = read(&lines("y", labels));
    let schema = Schema::infer(&table, &["y"]).unwrap();
    let target = Target::infer(&table, &schema, None).unwrap();
    let classes = target.classes(&table).unwrap().unwrap();
    for seed in 0..20 {
        let (train, held) = split(&target.rows, 0.2, seed, Some(&classes));
        assert_eq!((train.len(), held.len()), (33, 8));
        assert!(train.contains(&40));
    }
}
