//! The table as a whole, and the values of scikit-learn.

use super::*;
use crate::error::ErrorKind;
use serde_json::Value;

mod classes;
mod columns;
mod numbers;

type NumberMetric = fn(&Numbers<'_>) -> Result<Score, MetricError>;

/// Values of scikit-learn 1.9.1.
const GOLDEN: &str = include_str!("../../tests/golden/metrics.json");

fn close(found: f64, wanted: f64, relative: f64) -> bool {
    (found - wanted).abs() <= relative * wanted.abs()
}

#[track_caller]
fn assert_close(found: Result<Score, MetricError>, wanted: f64, relative: f64) {
    let found = found.unwrap().value;
    assert!(close(found, wanted, relative), "{found} where {wanted} is right");
}

fn golden(kind: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(GOLDEN).unwrap();
    all[kind].as_array().unwrap().clone()
}

/// The numbers of an array, and of the arrays in it, in order.
fn flat(value: &Value) -> Vec<f64> {
    match value.as_array() {
        Some(items) => items.iter().flat_map(flat).collect(),
        None => value.as_f64().into_iter().collect(),
    }
}

fn weights_of(case: &Value) -> Option<Vec<f64>> {
    (!case["w"].is_null()).then(|| flat(&case["w"]))
}

fn numbers_of<'a>(target: &'a [f64], prediction: &'a [f64]) -> Numbers<'a> {
    Numbers::new(target, prediction, 1, None).unwrap()
}

#[track_caller]
fn assert_numbers(metric: NumberMetric, columns: (&[f64], &[f64]), wanted: f64, relative: f64) {
    assert_close(metric(&numbers_of(columns.0, columns.1)), wanted, relative);
}

/// Two classes, from the probability of the second.
fn second(probabilities: &[f64]) -> Vec<f64> {
    probabilities.iter().flat_map(|&p| [1.0 - p, p]).collect()
}

/// Compares everything that the source says of a case's columns, and returns how many values that
/// were. A metric that the table lacks fails, so none is passed over.
fn compare(case: &Value, columns: &Columns<'_>, values: &Value, suffix: &str) -> usize {
    let mut compared = 0;
    for (key, wanted) in values.as_object().unwrap() {
        let name = match key.as_str() {
            "case" | "y" | "p" | "w" | "labels" | "proba" => continue,
            "macro" | "micro" | "weighted" => {
                compared += compare(case, columns, wanted, &format!("_{key}"));
                continue;
            }
            "roc_auc_ovr_macro" => "roc_auc".to_owned(),
            name => format!("{name}{suffix}"),
        };
        match (name.as_str(), wanted) {
            // The source refuses several outputs; max_error of them has its own test.
            ("max_error", Value::Null) => continue,
            // Its two logarithms cancel in the source; the exact value has its own test.
            ("rmsle", _) if case["case"] == "large offset" => continue,
            ("r2", Value::String(undefined)) => {
                assert!(undefined.starts_with("undefined"), "{undefined}");
                let found = metric("r2").unwrap().of(columns);
                assert_eq!(found, Err(MetricError::FewerThanTwoRows));
            }
            ("confusion_matrix", rows) => {
                let Columns::Classes(classes) = columns else { panic!("{case}") };
                assert_eq!(confusion_matrix(classes).concat(), flat(rows), "{case}");
            }
            (name, wanted) => {
                let found = metric(name).unwrap().of(columns).unwrap().value;
                let wanted = wanted.as_f64().unwrap();
                assert!(close(found, wanted, 1e-12), "{case}: {name} is {found}");
            }
        }
        compared += 1;
    }
    compared
}

#[test]
fn golden_regression() {
    let mut compared = 0;
    for case in golden("regression") {
        let (target, prediction) = (flat(&case["y"]), flat(&case["p"]));
        let outputs = case["y"][0].as_array().map_or(1, Vec::len);
        let weights = weights_of(&case);
        let numbers = Numbers::new(&target, &prediction, outputs, weights.as_deref()).unwrap();
        compared += compare(&case, &Columns::Numbers(numbers), &case, "");
    }
    assert_eq!(compared, 67);
}

#[test]
fn golden_classification() {
    let mut compared = 0;
    for case in golden("classification") {
        let labels = case["labels"].as_array().unwrap();
        let place = |label: &Value| labels.iter().position(|known| known == label).unwrap();
        let target: Vec<usize> = case["y"].as_array().unwrap().iter().map(place).collect();
        let (probabilities, weights) = (flat(&case["proba"]), weights_of(&case));
        let classes =
            Classes::new(&target, &probabilities, labels.len(), weights.as_deref()).unwrap();
        compared += compare(&case, &Columns::Classes(classes), &case, "");
    }
    assert_eq!(compared, 86);
}

fn columns_of(point: &Point) -> (Columns<'static>, f64) {
    match *point {
        Point::Numbers { target, prediction, value } => {
            (Columns::Numbers(numbers_of(target, prediction)), value)
        }
        Point::Classes { target, probabilities, value } => {
            let classes = probabilities.len() / target.len();
            let columns = Classes::new(target, probabilities, classes, None).unwrap();
            (Columns::Classes(columns), value)
        }
    }
}

#[test]
fn table_points_are_exact() {
    for metric in METRICS {
        for point in &metric.points {
            let (columns, value) = columns_of(point);
            assert!(metric.suits(&columns), "{}", metric.name);
            let found = metric.of(&columns).unwrap().value;
            assert!(close(found, value, 2e-16), "{}: {found} for {point:?}", metric.name);
        }
    }
}

#[test]
fn table_rows_are_said_in_words() {
    for (at, metric) in METRICS.iter().enumerate() {
        assert!(METRICS[..at].iter().all(|other| other.name != metric.name), "{}", metric.name);
        let Words { english, korean } = metric.about;
        for text in [metric.name, english, korean, metric.formula, metric.range] {
            assert!(!text.is_empty() && !text.contains("  "), "{}: {text:?}", metric.name);
        }
        assert!(english.ends_with('.') && korean.ends_with('.'), "{}", metric.name);
        assert!(korean.contains(|letter| ('가'..='힣').contains(&letter)), "{}", metric.name);
    }
}

/// A report shows a dozen numbers at most, and none that needs an explanation first.
#[test]
fn reports_show_a_few() {
    let reported = METRICS.iter().filter(|metric| metric.reported).map(|metric| metric.name);
    let numbers = ["mse", "rmse", "mae", "rmsle", "r2"];
    let classes = ["accuracy", "precision", "recall", "f1", "precision_macro", "recall_macro"];
    let probabilities = ["f1_macro", "log_loss", "roc_auc"];
    assert!(reported.eq(numbers.into_iter().chain(classes).chain(probabilities)));
}

#[test]
fn a_metric_has_a_name() {
    for known in METRICS {
        assert_eq!(metric(known.name).unwrap().name, known.name);
    }
    let error = metric("acuracy").unwrap_err();
    let ErrorKind::UnknownName { family: "metric", nearest, available, .. } = error.kind() else {
        panic!("{error}");
    };
    assert_eq!(nearest.as_deref(), Some("accuracy"));
    assert_eq!(available.len(), METRICS.len());
}

/// Every value lies in the range that the row names, whatever the columns.
#[test]
fn table_ranges_hold() {
    let numbers: [(&[f64], &[f64]); 6] = [
        (&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]),
        (&[0.0, 0.0], &[0.0, 0.0]),
        (&[0.0, 1e300], &[1e300, 0.0]),
        (&[5e-324, 0.0, 1.0], &[0.0, 5e-324, 1e-300]),
        (&[1e8, 1e8 + 1.0], &[-0.5, 1e9]),
        (&[-0.75, 2.0], &[100.0, 1e-8]),
    ];
    let classes: [(&[usize], &[f64]); 5] = [
        (&[0, 1], &[0.0, 1.0, 1.0, 0.0]),
        (&[1, 1], &[0.5, 0.5, 0.0, 1.0]),
        (&[0, 1, 2], &[0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0]),
        (&[0, 0], &[0.0, 0.0, 1.0, 0.0, 1.0, 0.0]),
        (&[1, 0, 1], &[1.0, 0.0, 0.5, 0.5, 0.25, 0.75]),
    ];
    let numbers = numbers.map(|(target, p)| Columns::Numbers(numbers_of(target, p)));
    let classes = classes.map(|(target, p)| {
        Columns::Classes(Classes::new(target, p, p.len() / target.len(), None).unwrap())
    });
    for metric in METRICS {
        let (low, high) = metric.range.rsplit(';').next().unwrap().split_once(" to ").unwrap();
        let end = |text: &str| match text.trim() {
            "∞" => f64::INFINITY,
            "−∞" => f64::NEG_INFINITY,
            text => text.split(' ').next().unwrap().replace('−', "-").parse().unwrap(),
        };
        let range = end(low)..=end(high) * (1.0 + f64::EPSILON);
        let mut measured = 0;
        for columns in numbers.iter().chain(&classes).filter(|columns| metric.suits(columns)) {
            if let Ok(Score { value, .. }) = metric.of(columns) {
                assert!(range.contains(&value), "{}: {value} of {columns:?}", metric.name);
                measured += 1;
            }
        }
        assert!(measured >= 2, "{}", metric.name);
    }
}

/// A perfect answer is at least as good as each point's, and better than one of them.
#[test]
fn table_directions_are_right() {
    for metric in METRICS {
        let ahead = metric.points.iter().filter(|point| {
            let (columns, value) = columns_of(point);
            let perfect = match point {
                Point::Numbers { target, .. } => {
                    metric.of(&Columns::Numbers(numbers_of(target, target)))
                }
                Point::Classes { target, probabilities, .. } => {
                    let classes = probabilities.len() / target.len();
                    let sure = |&y: &usize| (0..classes).map(move |c| f64::from(u8::from(c == y)));
                    let probabilities: Vec<f64> = target.iter().flat_map(sure).collect();
                    let columns = Classes::new(target, &probabilities, classes, None).unwrap();
                    metric.of(&Columns::Classes(columns))
                }
            };
            let perfect = perfect.unwrap().value;
            let (lower, higher) = match metric.better {
                Better::Higher => (value, perfect),
                Better::Lower => (perfect, value),
            };
            assert!(lower <= higher, "{}: {columns:?}", metric.name);
            lower < higher
        });
        assert!(ahead.count() > 0, "{}", metric.name);
    }
}

/// A row of weight 3 is three rows, and a row of weight 0 is none.
#[test]
fn weights_count_rows() {
    let target = [1.0, 4.0, 2.0, 8.0];
    let prediction = [1.5, 3.0, 2.0, 5.0];
    let weighted = Numbers::new(&target, &prediction, 1, Some(&[1.0, 3.0, 0.0, 1.0])).unwrap();
    let target = [1.0, 4.0, 4.0, 4.0, 8.0];
    let prediction = [1.5, 3.0, 3.0, 3.0, 5.0];
    let repeated = numbers_of(&target, &prediction);

    let labels = [0, 1, 2, 1, 0];
    let probabilities =
        [[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.2, 0.3, 0.5], [0.4, 0.3, 0.3], [0.2, 0.5, 0.3]];
    let all = probabilities.concat();
    let some = Classes::new(&labels, &all, 3, Some(&[1.0, 3.0, 1.0, 1.0, 0.0])).unwrap();
    let [a, b, c, d, _] = probabilities;
    let (rows, all) = ([0, 1, 1, 1, 2, 1], [a, b, b, b, c, d].concat());
    let same = Classes::new(&rows, &all, 3, None).unwrap();

    for metric in METRICS {
        for (one, other) in [
            (Columns::Numbers(weighted), Columns::Numbers(repeated)),
            (Columns::Classes(some), Columns::Classes(same)),
        ] {
            if metric.suits(&one) {
                let wanted = metric.of(&other).unwrap().value;
                assert_close(metric.of(&one), wanted, 1e-15);
            }
        }
    }
}

#[test]
fn a_metric_refuses_the_other_kind() {
    let numbers = Columns::Numbers(numbers_of(&[1.0], &[1.0]));
    let three = Columns::Classes(Classes::new(&[0], &[0.5, 0.25, 0.25], 3, None).unwrap());
    for metric in METRICS {
        let columns = if metric.suits(&numbers) { three } else { numbers };
        assert!(!metric.suits(&columns), "{}", metric.name);
        let refused = MetricError::OtherColumns { metric: metric.name };
        assert_eq!(metric.of(&columns), Err(refused));
    }
    let refused = MetricError::ClassCount { classes: 3, wanted: "two" };
    let f1 = metric("f1").unwrap();
    assert!(!f1.suits(&three));
    assert_eq!(f1.of(&three), Err(refused));
}
