//! What the columns refuse.

use super::*;

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
