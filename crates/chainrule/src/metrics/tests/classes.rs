//! Metrics of classes and of their probabilities where their definitions have corners.

use super::*;

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
    let probabilities = sure(4, &predicted);
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

/// Values of scikit-learn 1.9.1 for three classes with weights, one of them never predicted.
#[test]
fn three_weighted_classes_are_scikit_learns() {
    let probabilities = [
        [0.7, 0.2, 0.1],
        [0.5, 0.4, 0.1],
        [0.3, 0.2, 0.5],
        [0.2, 0.3, 0.5],
        [0.6, 0.3, 0.1],
        [0.4, 0.35, 0.25],
    ];
    let (target, probabilities) = ([0, 1, 2, 2, 1, 0], probabilities.concat());
    let weights = [1.0, 2.0, 0.5, 1.0, 3.0, 0.25];
    let classes = Classes::new(&target, &probabilities, 3, Some(&weights)).unwrap();
    for (found, wanted) in [
        (brier(&classes), 0.6020967741935483),
        (average_precision(&classes), 0.9066666666666666),
        (roc_auc(&classes), 0.8941724941724942),
        (mcc(&classes), 0.46475800154489005),
        (cohen_kappa(&classes), 0.225),
        (balanced_accuracy(&classes), 2.0 / 3.0),
        (precision_macro(&classes), 0.4),
        (recall_macro(&classes), 2.0 / 3.0),
        (f1_macro(&classes), 4.0 / 9.0),
        (precision_micro(&classes), 0.3548387096774194),
        (precision_weighted(&classes), 0.22580645161290322),
        (recall_weighted(&classes), 0.3548387096774194),
        (f1_weighted(&classes), 0.24731182795698922),
    ] {
        assert_close(found, wanted, 1e-12);
    }
    let unweighted = Classes::new(&target, &probabilities, 3, None).unwrap();
    assert_close(brier(&unweighted), 0.4875, 1e-12);
    assert_close(average_precision(&unweighted), 0.8333333333333334, 1e-12);
}

/// Probabilities that are 1 for the class of each row and 0 for the others.
fn sure(classes: usize, predicted: &[usize]) -> Vec<f64> {
    let of_row =
        |&label: &usize| (0..classes).map(move |class| f64::from(u8::from(class == label)));
    predicted.iter().flat_map(of_row).collect()
}

/// The same holes as in the source, filled with the same values.
#[test]
fn absent_classes_are_said() {
    let probabilities = sure(4, &[0, 2, 1, 1]);
    let classes = Classes::new(&[0, 0, 1, 1], &probabilities, 4, None).unwrap();
    let warning = Some(Warning::AbsentClass { class: 2 });
    assert_eq!(balanced_accuracy(&classes), Ok(Score { value: 0.75, warning }));
    // A class without rows has no weight in a weighted mean, so its empty ratio changes nothing.
    assert_eq!(recall_weighted(&classes), Ok(0.75.into()));
    assert_close(f1_weighted(&classes), 5.0 / 6.0, 1e-15);
    let warning = Some(Warning::EmptyClass { class: 2 });
    assert_eq!(recall_macro(&classes), Ok(Score { value: 0.5, warning }));
}

#[test]
fn one_class_has_no_correlation() {
    let all = |predicted: &[usize]| sure(2, predicted);
    let (same, other) = (all(&[0, 0, 0]), all(&[0, 1, 0]));
    let (same, other) = (
        Classes::new(&[0, 0, 0], &same, 2, None).unwrap(),
        Classes::new(&[0, 0, 0], &other, 2, None).unwrap(),
    );
    let nothing = Ok(Score { value: 0.0, warning: Some(Warning::OneClass) });
    assert_eq!(mcc(&same), nothing);
    assert_eq!(mcc(&other), nothing);
    // The source gives NaN with a warning.
    assert_eq!(cohen_kappa(&same), Err(MetricError::OneClass));
    assert_eq!(cohen_kappa(&other), Ok(0.0.into()));
    // No weight is too small or too large.
    for weight in [1e-300, 1e300] {
        let probabilities = all(&[0, 1, 1, 0]);
        let weights = [weight; 4];
        let classes = Classes::new(&[0, 0, 1, 0], &probabilities, 2, Some(&weights)).unwrap();
        assert_close(mcc(&classes), 0.5773502691896258, 1e-15);
        assert_close(cohen_kappa(&classes), 0.5, 1e-15);
        assert_close(roc_auc(&classes), 5.0 / 6.0, 1e-15);
        assert_eq!(confusion_matrix(&classes)[0], [2.0 * weight, weight]);
    }
}

#[test]
fn average_precision_of_a_class_without_rows_is_zero_and_said() {
    let classes = Classes::new(&[0, 0], &[0.5, 0.5, 0.8, 0.2], 2, None).unwrap();
    let warning = Some(Warning::EmptyClass { class: 1 });
    assert_eq!(average_precision(&classes), Ok(Score { value: 0.0, warning }));
    // As the source has it for three columns of indicators.
    let probabilities = [0.2, 0.5, 0.3, 0.4, 0.3, 0.3];
    let classes = Classes::new(&[1, 2], &probabilities, 3, None).unwrap();
    let warning = Some(Warning::EmptyClass { class: 0 });
    assert_eq!(average_precision(&classes), Ok(Score { value: 0.5, warning }));
    // All rows are of the class: every threshold is precise.
    let classes = Classes::new(&[1, 1], &[0.5, 0.5, 0.8, 0.2], 2, None).unwrap();
    assert_eq!(average_precision(&classes), Ok(1.0.into()));
}

/// In the source ties go to the last class, so that its top 1 is not its accuracy.
#[test]
fn top_one_is_accuracy() {
    let probabilities = [0.25, 0.25, 0.25, 0.25, 0.125, 0.375, 0.125, 0.375];
    for (target, ranks) in [([0, 1], [1, 1]), ([1, 3], [2, 2]), ([3, 0], [4, 3]), ([2, 2], [3, 4])]
    {
        let classes = Classes::new(&target, &probabilities, 4, None).unwrap();
        assert_eq!(top_k_accuracy(&classes, 1), accuracy(&classes));
        for k in 0..4 {
            let hits = ranks.iter().filter(|&&rank| rank <= k).count();
            assert_eq!(top_k_accuracy(&classes, k), Ok((hits as f64 / 2.0).into()));
        }
        let warning = Some(Warning::EveryClass { k: 4, classes: 4 });
        assert_eq!(top_k_accuracy(&classes, 4), Ok(Score { value: 1.0, warning }));
    }
}
