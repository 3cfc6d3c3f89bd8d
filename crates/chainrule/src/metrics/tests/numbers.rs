//! Metrics of numbers where their definitions have corners.

use super::*;

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
    // Of one row the error does not vary either, so all of nothing is explained, as in the source.
    let warning = Some(Warning::ConstantTarget { output: 0 });
    assert_eq!(explained_variance(&one), Ok(Score { value: 1.0, warning }));
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

/// The spread is a few steps of the offset's last digit: Σy² − m·ȳ² has no correct digit here, and
/// the rounding of ȳ alone would show.
#[test]
fn shares_of_variance_keep_their_digits_at_a_large_offset() {
    let at = |steps: f64| 1e8 + steps / 67_108_864.0;
    let (target, prediction) = ([at(0.0), at(1.0), at(3.0)], [at(1.0), at(1.0), at(4.0)]);
    // In steps ȳ is 4/3, Σ(y − ȳ)² 14/3, Σ(y − p)² 2, Σ(p − ȳ)² 22/3; the errors' is 2/3.
    assert_numbers(r2, (&target, &prediction), 4.0 / 7.0, 1e-14);
    assert_numbers(r2_ssr_over_sst, (&target, &prediction), 11.0 / 7.0, 1e-14);
    assert_numbers(explained_variance, (&target, &prediction), 6.0 / 7.0, 1e-14);
}

/// Numbers whose squares overflow or vanish: only mse itself, which is such a square, does.
#[test]
fn numbers_of_any_size_are_measured() {
    for size in [1e-200, 1.0, 1e200, 1e300] {
        let target = [0.0, size, 3.0 * size, 4.0 * size];
        let prediction = [0.0, size, 3.0 * size, 2.0 * size];
        assert_numbers(rmse, (&target, &prediction), size, 1e-15);
        assert_numbers(r2, (&target, &prediction), 0.6, 1e-15);
        assert_numbers(r2_ssr_over_sst, (&target, &prediction), 0.6, 1e-15);
        assert_numbers(explained_variance, (&target, &prediction), 0.7, 1e-15);
    }
    assert_eq!(mse(&numbers_of(&[0.0], &[1e200])), Ok(f64::INFINITY.into()));
}

/// An error that is the same in every row costs no explained variance, however it is rounded.
#[test]
fn explained_variance_forgives_a_shift() {
    let (target, prediction) = ([0.1; 10], [0.4; 10]);
    let score = explained_variance(&numbers_of(&target, &prediction)).unwrap();
    let warning = Some(Warning::ConstantTarget { output: 0 });
    assert_eq!(score, Score { value: 1.0, warning });
    assert_numbers(r2, (&target, &prediction), 0.0, 0.0);
    // And with a weight, where the source rounds its way to 0.
    let one = Numbers::new(&[0.1], &[0.7], 1, Some(&[0.3])).unwrap();
    assert_eq!(explained_variance(&one), Ok(Score { value: 1.0, warning }));
    let prediction = [0.25, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4];
    let score = explained_variance(&numbers_of(&target, &prediction)).unwrap();
    assert_eq!(score, Score { value: 0.0, warning });
}

#[test]
fn median_absolute_error_weighs_as_scikit_learn_does() {
    let of = |errors: &[f64], weights: &[f64]| {
        let target = vec![0.0; errors.len()];
        median_absolute_error(&Numbers::new(&target, errors, 1, Some(weights)).unwrap())
    };
    // Just half of the weight lies up to 2: the mean of it and the next row that weighs anything.
    assert_close(of(&[2.0, 4.0, 1.0, 3.0], &[1.0, 2.0, 1.0, 0.0]), 3.0, 0.0);
    assert_close(of(&[2.0, 4.0, 1.0, 3.0], &[1.0, 2.0, 1.5, 0.0]), 2.0, 0.0);
    assert_close(of(&[7.0, 1.0], &[1e-3, 0.0]), 7.0, 0.0);
    // Half of 0.3 + 0.1 + 0.2 is 0.3, but for rounding, which decides in the source: there it is 2.
    assert_close(of(&[1.0, 2.0, 3.0], &[0.3, 0.1, 0.2]), 1.5, 0.0);
    assert_close(of(&[3.0, 2.0, 1.0], &[0.3, 0.1, 0.2]), 2.5, 0.0);
    // The size of the weights is no matter; in the source all below 2⁻⁵² are halves.
    assert_close(of(&[1.0, 2.0, 3.0], &[1e-30, 4e-30, 2e-30]), 2.0, 0.0);
}

/// The source refuses several outputs.
#[test]
fn max_error_is_the_largest_of_all_outputs() {
    let (target, prediction) = ([0.5, 1.0, -1.0, 1.0, 7.0, -6.0], [0.0, 2.0, -1.0, 2.0, 8.0, -2.0]);
    let numbers = Numbers::new(&target, &prediction, 2, None).unwrap();
    assert_close(max_error(&numbers), 4.0, 0.0);
    let numbers = Numbers::new(&target, &prediction, 2, Some(&[1.0, 2.0, 0.0])).unwrap();
    assert_close(max_error(&numbers), 1.0, 0.0);
}

/// Case loss-mape-negative-1, and targets of 0.
#[test]
fn mape_divides_by_the_size_of_the_target() {
    assert_numbers(mape, (&[-4.0, 4.0], &[-2.0, 6.0]), 0.5, 1e-12);
    // As in the source, a target of 0 counts as 2⁻⁵²; that it does is said.
    let score = mape(&numbers_of(&[0.0], &[1e-3])).unwrap();
    assert!(close(score.value, 4503599627370.496, 1e-15), "{score:?}");
    assert_eq!(score.warning, Some(Warning::ZeroTarget { output: 0 }));
    let score = mape(&numbers_of(&[0.0, 2.0], &[0.0, 1.0])).unwrap();
    assert_eq!(score, Score { value: 0.25, warning: None });
}

#[test]
fn smape_is_finite() {
    let opposite = [1.0, -1e300, 5e-324, 0.0];
    assert_numbers(smape, (&opposite, &[0.0, 1e300, 0.0, 0.0]), 1.5, 1e-15);
    assert_numbers(smape, (&[0.0], &[0.0]), 0.0, 0.0);
}
