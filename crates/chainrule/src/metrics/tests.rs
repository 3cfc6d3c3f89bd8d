use super::*;
use serde_json::Value;

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

#[test]
fn golden_regression() {
    let mut compared = 0;
    for case in golden("regression") {
        let (target, prediction) = (flat(&case["y"]), flat(&case["p"]));
        let outputs = case["y"][0].as_array().map_or(1, Vec::len);
        let weights = weights_of(&case);
        let numbers = Numbers::new(&target, &prediction, outputs, weights.as_deref()).unwrap();
        for (name, metric) in [
            ("mse", mse as NumberMetric),
            ("rmse", rmse),
            ("mae", mae),
            ("rmsle", rmsle),
            ("r2", r2),
        ] {
            match &case[name] {
                Value::Null => continue,
                Value::String(_) => {
                    assert_eq!(metric(&numbers), Err(MetricError::FewerThanTwoRows))
                }
                // The two logarithms cancel in the source; the exact value has its own test below.
                Value::Number(_) if name == "rmsle" && case["case"] == "large offset" => continue,
                wanted => {
                    let (found, wanted) =
                        (metric(&numbers).unwrap().value, wanted.as_f64().unwrap());
                    assert!(close(found, wanted, 1e-12), "{case}: {name} is {found}");
                }
            }
            compared += 1;
        }
    }
    assert_eq!(compared, 36);
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

        let matrix = confusion_matrix(&classes);
        assert_eq!(matrix.concat(), flat(&case["confusion_matrix"]), "{case}");
        let auc = if labels.len() == 2 { "/roc_auc" } else { "/roc_auc_ovr_macro" };
        for (pointer, found) in [
            ("/accuracy", accuracy(&classes)),
            ("/log_loss", log_loss(&classes)),
            ("/macro/precision", precision_macro(&classes)),
            ("/macro/recall", recall_macro(&classes)),
            ("/macro/f1", f1_macro(&classes)),
            (auc, roc_auc(&classes)),
        ] {
            let wanted = case.pointer(pointer).unwrap().as_f64().unwrap();
            let found = found.unwrap().value;
            assert!(close(found, wanted, 1e-12), "{case}: {pointer} is {found}");
            compared += 1;
        }
    }
    assert_eq!(compared, 30);
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
fn table_names_are_unique_and_said_in_words() {
    for (at, metric) in METRICS.iter().enumerate() {
        assert!(METRICS[..at].iter().all(|other| other.name != metric.name), "{}", metric.name);
        assert!(!metric.about.is_empty() && !metric.formula.is_empty(), "{}", metric.name);
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
fn r2_of_special_targets() {
    // Case metric-r2-offset-1: sums of squares cancel for a large offset and a small spread.
    let target = [4096.0, 4096.25, 4096.5, 4096.75];
    assert_numbers(r2, (&target, &[4096.25; 4]), -0.2, 1e-15);
    // Case metric-r2-worse-4: worse than the mean is negative, and the arguments are not symmetric.
    assert_numbers(r2, (&[1.0, 2.0, 6.0], &[2.0; 3]), -3.0 / 14.0, 1e-12);
    // Case metric-r2-single-3: one row, or one that weighs anything.
    let undefined = Err(MetricError::FewerThanTwoRows);
    assert_eq!(r2(&numbers_of(&[5.0], &[4.0])), undefined);
    let one = Numbers::new(&[5.0, 6.0], &[4.0, 4.0], 1, Some(&[2.0, 0.0])).unwrap();
    assert_eq!(r2_ssr_over_sst(&one), undefined);
    // Case train-metric-epoch-4: over all rows at once.
    assert_numbers(r2, (&[0.0, 2.0, 10.0], &[1.0, 1.0, 8.0]), 1.0 - 6.0 / 56.0, 1e-12);
}

#[test]
fn r2_of_a_constant_target_warns() {
    // The mean of ten times 0.1 is not 0.1, so the sum of squares about it is not 0.
    let target = [0.1; 10];
    let mut prediction = target;
    let warning = Some(Warning::ConstantTarget { output: 0 });
    for metric in [r2, r2_ssr_over_sst] {
        prediction[3] = 0.1;
        let perfect = metric(&numbers_of(&target, &prediction)).unwrap();
        assert_eq!(perfect, Score { value: 1.0, warning });
        prediction[3] = 0.25;
        let imperfect = metric(&numbers_of(&target, &prediction)).unwrap();
        assert_eq!(imperfect, Score { value: 0.0, warning });
    }
    // One of two outputs is constant: (1 + 0.75) / 2.
    let target = [0.0, 5.0, 0.0, 5.0, 4.0, 5.0, 4.0, 5.0];
    let prediction = [0.0, 5.0, 0.0, 5.0, 4.0, 5.0, 2.0, 5.0];
    let score = r2(&Numbers::new(&target, &prediction, 2, None).unwrap()).unwrap();
    let warning = Some(Warning::ConstantTarget { output: 1 });
    assert_eq!(score, Score { value: 0.875, warning });
}

#[test]
fn r2_ssr_over_sst_is_the_chapters() {
    // Exact values of 60-digit arithmetic.
    let (target, prediction) = ([3.0, -0.5, 2.0, 7.0], [2.5, 0.0, 2.0, 8.0]);
    assert_numbers(r2_ssr_over_sst, (&target, &prediction), 1.214132762312634, 1e-15);
    let weights = Some(&[0.5, 2.0, 0.0, 1.5][..]);
    let weighted = Numbers::new(&target, &prediction, 1, weights).unwrap();
    assert_close(r2_ssr_over_sst(&weighted), 1.1709844559585492, 1e-15);
    let offset = [1e8, 1e8 + 1.0, 1e8 + 2.0, 1e8 + 3.0];
    let prediction = [1e8 + 0.5, 1e8 + 1.5, 1e8 + 1.5, 1e8 + 2.5];
    assert_numbers(r2_ssr_over_sst, (&offset, &prediction), 0.4, 1e-15);
    // The least-squares line of (0, 1), (1, 0), (2, 5) is 2x: both R² are 4/7.
    let (target, line) = ([1.0, 0.0, 5.0], [0.0, 2.0, 4.0]);
    assert_numbers(r2, (&target, &line), 4.0 / 7.0, 1e-15);
    assert_numbers(r2_ssr_over_sst, (&target, &line), 4.0 / 7.0, 1e-15);
}

#[test]
fn rmsle_keeps_its_precision() {
    // Case loss-rmsle-log1p-4: 1 + 1e-12 is rounded, so log(1 + x) would be wrong by 1e-4.
    assert_numbers(rmsle, (&[1e-12], &[2e-12]), 9.999999999985e-13, 1e-12);
    // Case loss-rmsle-log1p-3.
    let (y, p) = (f64::from(1e-8_f32), f64::from(3e-8_f32));
    assert_numbers(rmsle, (&[y], &[p]), 1.99999985902722e-08, 1e-12);
    // Values of 60-digit arithmetic, where the logarithms cancel and where they do not.
    let offset = [1e8, 1e8 + 1.0, 1e8 + 2.0, 1e8 + 3.0];
    let prediction = [1e8 + 0.5, 1e8 + 1.5, 1e8 + 1.5, 1e8 + 2.5];
    assert_numbers(rmsle, (&offset, &prediction), 4.999999875000004e-9, 1e-13);
    assert_numbers(rmsle, (&[7.3], &[-0.9999999999]), 25.142106362002643, 1e-14);
    for (target, prediction, wanted) in [
        ([-0.999999, 0.0, 5.0, 5.0], [-0.5, -0.999, 4.0, 4.0], 7.41586114187585),
        ([0.0, 3.0, 10.0, 1000.0], [0.5, 2.0, 14.0, 800.0], 0.31346477820808233),
        ([3.0, -0.5, 2.0, 7.0], [2.5, 0.0, 2.0, 8.0], 0.3578255476565636),
    ] {
        assert_numbers(rmsle, (&target, &prediction), wanted, 1e-13);
    }
}

/// Case loss-rmsle-domain-1, and its kind: either column, and −1 itself.
#[test]
fn rmsle_names_the_row_below_its_domain() {
    let (target, prediction) = ([4.0, 1.0, 0.5, 2.5], [4.0, -3.0, 0.5, 2.0]);
    let found = rmsle(&numbers_of(&target, &prediction));
    let (column, row, value) = ("prediction", 2, -3.0);
    assert_eq!(found, Err(MetricError::NotAboveMinusOne { column, row, value }));
    let text = found.unwrap_err().to_string();
    assert!(text.contains("row 2") && text.contains("-3"), "{text}");
    let found = rmsle(&Numbers::new(&[0.0, 0.0, 0.0, -1.0], &[0.0; 4], 2, None).unwrap());
    let (column, row, value) = ("target", 2, -1.0);
    assert_eq!(found, Err(MetricError::NotAboveMinusOne { column, row, value }));
}

/// Cases loss-rmse-zero-1, loss-rmse-mixed-3, train-rmse-epoch-3.
#[test]
fn rmse_is_one_root_over_all_rows() {
    assert_eq!(rmse(&numbers_of(&[1.0, -2.0, 0.5], &[1.0, -2.0, 0.5])).unwrap().value, 0.0);
    let found = rmse(&numbers_of(&[1.0, 2.0, 5.0], &[1.0, 2.0, 3.0]));
    assert_close(found, 1.1547005383792515, 1e-15);
    let found = rmse(&numbers_of(&[1.0, 1.0, 1.0, 1.0, 4.0], &[0.0; 5]));
    assert_close(found, 2.0, 0.0);
}

/// Cases loss-mse-broadcast-1, loss-mae-broadcast-2, loss-onerow-broadcast-3: rows are never
/// repeated to fit.
#[test]
fn lengths_must_fit() {
    assert_numbers(mse, (&[1.0, 2.0, 3.0, 6.0], &[1.0, 2.0, 3.0, 6.0]), 0.0, 0.0);
    assert_numbers(mae, (&[2.0, 5.0, 7.0], &[1.0, 5.0, 9.0]), 1.0, 0.0);
    let found = Numbers::new(&[0.0, 1.0, 0.0, 2.0, 1.0, 1.0], &[0.0, 1.0], 2, None).unwrap_err();
    let (target, prediction) = ((6, 2), (2, 2));
    assert_eq!(found, MetricError::Lengths { target, prediction });
    assert!(Numbers::new(&[0.0; 3], &[0.0; 3], 2, None).is_err());
    assert!(Numbers::new(&[0.0], &[0.0], 0, None).is_err());
    assert_eq!(Numbers::new(&[], &[], 1, None).unwrap_err(), MetricError::NoRows);
    assert_eq!(Classes::new(&[], &[], 2, None).unwrap_err(), MetricError::NoRows);
    let found = Classes::new(&[0, 1], &[0.5, 0.5], 2, None).unwrap_err();
    let (target, prediction) = ((2, 1), (2, 2));
    assert_eq!(found, MetricError::Lengths { target, prediction });
}

#[test]
fn values_must_be_finite() {
    for value in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        let found = Numbers::new(&[0.0; 4], &[0.0, 0.0, 0.0, value], 2, None).unwrap_err();
        assert!(matches!(found, MetricError::NotFinite { column: "prediction", row: 2, .. }));
        let found = Numbers::new(&[value, 0.0], &[0.0; 2], 1, None).unwrap_err();
        assert!(matches!(found, MetricError::NotFinite { column: "target", row: 1, .. }));
    }
}

/// Cases loss-weights-negative-5 and loss-weights-zero-3.
#[test]
fn weights_must_be_weights() {
    let with =
        |weights: &[f64]| Numbers::new(&[0.0; 2], &[1.0, 2.0], 1, Some(weights)).unwrap_err();
    assert_eq!(with(&[1.0, -1.0]), MetricError::Weight { row: 2, value: -1.0 });
    assert_eq!(with(&[-2.0, 1.0]), MetricError::Weight { row: 1, value: -2.0 });
    assert!(matches!(with(&[f64::NAN, 1.0]), MetricError::Weight { row: 1, .. }));
    assert_eq!(with(&[0.0, 0.0]), MetricError::TotalWeight { total: 0.0 });
    assert_eq!(with(&[1.0]), MetricError::WeightCount { weights: 1, rows: 2 });
    let total = f64::INFINITY;
    assert_eq!(with(&[f64::MAX, f64::MAX]), MetricError::TotalWeight { total });
}

#[test]
fn classes_must_be_probabilities_and_labels() {
    let with = |target: usize, probabilities: &[f64]| {
        Classes::new(&[target], probabilities, probabilities.len(), None).unwrap_err()
    };
    // Case loss-badlabel-3.
    let found = with(3, &[1.0, 0.0, 0.0]);
    assert_eq!(found, MetricError::Label { row: 1, label: 3, classes: 3 });
    assert_eq!(found.to_string(), "row 1: label 3 outside 0..2 of 3 classes");
    assert_eq!(with(0, &[1.5, -0.5]), MetricError::Probability { row: 1, class: 0, value: 1.5 });
    assert!(matches!(with(0, &[0.5, f64::NAN]), MetricError::Probability { class: 1, .. }));
    assert_eq!(with(0, &[0.5, 0.25]), MetricError::ProbabilitySum { row: 1, sum: 0.75 });
    assert!(matches!(with(0, &[1.0]), MetricError::ClassCount { classes: 1, .. }));
}

#[test]
fn log_loss_is_bounded_like_scikit_learns() {
    let of =
        |target: &[usize], p: &[f64]| log_loss(&Classes::new(target, &second(p), 2, None).unwrap());
    // Case metric-logloss-oneclass-1: the classes are the model's, not those of the rows at hand.
    assert_close(of(&[1, 1, 1], &[0.9, 0.8, 0.7]), 0.2283930036369228, 1e-12);
    // Case loss-bce-edge-1: certain and right is (almost) 0, never 0·log 0.
    assert!(of(&[0, 1], &[0.0, 1.0]).unwrap().value < 1e-15);
    // Case loss-bce-nearone-3: the largest f32 below 1 keeps its own value.
    let found = of(&[0], &[f64::from(1.0_f32 - f32::EPSILON / 2.0)]);
    assert_close(found, 24.0 * std::f64::consts::LN_2, 1e-12);
    // Certain and wrong is −log ε.
    assert_close(of(&[1], &[0.0]), 52.0 * std::f64::consts::LN_2, 1e-15);
}

#[test]
fn ties_go_to_the_first_class() {
    let classes = Classes::new(&[0, 1], &[0.5, 0.5, 0.5, 0.5], 2, None).unwrap();
    assert_eq!(confusion_matrix(&classes), [[1.0, 0.0], [1.0, 0.0]]);
    assert_close(accuracy(&classes), 0.5, 0.0);
}

/// Case metric-auc-ties-1.
#[test]
fn roc_auc_counts_ties_one_half_in_any_order() {
    let rows = [(0, 0.1), (0, 0.4), (1, 0.4), (1, 0.8)];
    for first in 0..4 {
        for reversed in [false, true] {
            let mut order: Vec<usize> = (0..4).map(|at| (at + first) % 4).collect();
            if reversed {
                order.reverse();
            }
            let target: Vec<usize> = order.iter().map(|&at| rows[at].0).collect();
            let scores: Vec<f64> = order.iter().map(|&at| rows[at].1).collect();
            let probabilities = second(&scores);
            let classes = Classes::new(&target, &probabilities, 2, None).unwrap();
            assert_close(roc_auc(&classes), 0.875, 0.0);
        }
    }
    let classes = Classes::new(&[0, 1, 0, 1], &[0.5; 8], 2, None).unwrap();
    assert_close(roc_auc(&classes), 0.5, 0.0);
}

#[test]
fn roc_auc_needs_both_sides() {
    let classes = Classes::new(&[1, 1], &[0.5; 4], 2, None).unwrap();
    assert_eq!(roc_auc(&classes), Err(MetricError::OneSided { class: 1 }));
    let third = [0.5, 0.25, 0.25, 0.25, 0.5, 0.25];
    let classes = Classes::new(&[0, 1], &third, 3, None).unwrap();
    assert_eq!(roc_auc(&classes), Err(MetricError::OneSided { class: 2 }));
}

/// Case metric-macrof1-1, and the classes that have no rows.
#[test]
fn macro_f1_is_the_mean_of_f1() {
    let predicted = [0, 0, 1, 1, 1, 0];
    let sure = |&label: &usize| (0..4).map(move |class| f64::from(u8::from(class == label)));
    let probabilities: Vec<f64> = predicted.iter().flat_map(sure).collect();
    // The fourth class is nowhere: it does not count.
    let classes = Classes::new(&[0, 0, 0, 1, 1, 2], &probabilities, 4, None).unwrap();
    assert_close(f1_macro(&classes), 0.48888888888888893, 1e-12);
    let warning = Some(Warning::EmptyClass { class: 2 });
    assert_eq!(precision_macro(&classes).unwrap().warning, warning);
    assert_eq!(recall_macro(&classes).unwrap().warning, None);
}

#[test]
fn empty_ratios_are_zero_and_said() {
    let classes = Classes::new(&[0, 0], &[1.0, 0.0, 1.0, 0.0], 2, None).unwrap();
    let empty = Score { value: 0.0, warning: Some(Warning::EmptyClass { class: 1 }) };
    for metric in [precision, recall, f1] {
        assert_eq!(metric(&classes), Ok(empty));
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
    let f1 = METRICS.iter().find(|metric| metric.name == "f1").unwrap();
    assert!(!f1.suits(&three));
    assert_eq!(f1.of(&three), Err(refused));
}
