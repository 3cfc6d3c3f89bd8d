//! Numbers scaled in every way, and what stands in for missing ones.

use chainrule::data::{
    Curve, EncoderOptions, Encoders, Encoding, Fill, NumberEncoding, Scale, Scales,
};
use chainrule::error::ErrorKind;
use chainrule::estimator::Recipe;
use chainrule::model::Model;

use crate::tabular::{bits, fit, quick, table};

fn scaled(text: &str) -> EncoderOptions {
    EncoderOptions { scales: text.parse().unwrap(), ..EncoderOptions::default() }
}

fn number(encoders: &Encoders, place: usize) -> &NumberEncoding {
    match &encoders.columns[place].encoding {
        Encoding::Number(number) => number,
        other => panic!("{other:?}"),
    }
}

/// What the first column becomes under a scale.
fn encoded(text: &str, scale: &str) -> Vec<f32> {
    let table = table(text);
    let encoders = crate::fit(&table, &scaled(scale)).unwrap();
    let width = encoders.width();
    encoders.encode(&table).unwrap().chunks(width).map(|row| row[0]).collect()
}

#[test]
fn robust_scaling_is_by_median_and_quartiles_of_what_is_there() {
    let text = "x,y\n1,1\n2,2\n3,3\n4,4\n1000,5\n,6\n";
    // The quartiles of 1, 2, 3, 4, 1000 are 2, 3, 4.
    assert_eq!(encoded(text, "robust"), [-1.0, -0.5, 0.0, 0.5, 498.5, 0.0]);
    // The middle half is all the same: by the standard deviation, sqrt(25/9 · …).
    let text = "x,y\n7,1\n7,2\n7,3\n7,4\n7,5\n9,6\n";
    let std = (5.0_f64 / 9.0).sqrt();
    let table = table(text);
    let encoders = crate::fit(&table, &scaled("robust")).unwrap();
    assert_eq!(number(&encoders, 0).mean, 7.0);
    assert!((number(&encoders, 0).std - std).abs() < 1e-15);
}

#[test]
fn logarithms_are_standardised_and_negative_numbers_named() {
    let text = "x,y\n0,1\n1.718281828459045,2\n,3\n";
    let found = encoded(text, "log");
    // log 1 and log e are 0 and 1, and the median of x in between.
    let middle = libm::log(1.0 + 1.718281828459045 / 2.0);
    let mean = (1.0 + middle) / 3.0;
    let deviations = [-mean, 1.0 - mean, middle - mean];
    let std = (deviations.iter().map(|d| d * d).sum::<f64>() / 3.0).sqrt();
    for (found, expected) in found.iter().zip(deviations) {
        assert!((f64::from(*found) - expected / std).abs() < 1e-6, "{found}");
    }
    let bad = table("x,y\n1,1\n2,2\n-0.5,3\n");
    let error = crate::fit(&bad, &scaled("x=log")).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::LogOfNegative { line: 4, value: -0.5, .. }),
        "{error}"
    );
    // Outside the training rows it is an error where it is encoded.
    let encoders = crate::fit_on(&bad, &[0, 1], &scaled("log")).unwrap();
    let error = encoders.encode(&bad).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::LogOfNegative { line: 4, .. }), "{error}");
}

#[test]
fn quantiles_make_any_distribution_normal() {
    let lines: Vec<String> = (0..5_000)
        .map(|row| format!("{},{row}\n", libm::exp2((row * 7919 % 5000) as f64 / 500.0)))
        .collect();
    let text = format!("x,y\n{}", lines.concat());
    let found = encoded(&text, "quantile");
    let count = found.len() as f64;
    let mean = found.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
    let square = found.iter().map(|&x| f64::from(x * x)).sum::<f64>() / count;
    assert!(mean.abs() < 1e-3 && (square - 1.0).abs() < 0.01, "{mean} {square}");
    let within = found.iter().filter(|x| x.abs() < 1.0).count() as f64 / count;
    assert!((within - 0.6827).abs() < 0.005, "{within}");
    // Beyond the training part it is that of the nearest.
    let table = table("x,y\n1,1\n2,2\n3,3\n-1e9,4\n1e9,5\n");
    let encoders = crate::fit_on(&table, &[0, 1, 2], &scaled("quantile")).unwrap();
    let x = encoders.encode(&table).unwrap();
    assert_eq!((x[3], x[4]), (x[0], x[2]));
    assert_eq!((x[1], x[0]), (0.0, -x[2]));
}

#[test]
fn nothing_is_divided_by_zero() {
    for scale in Scale::ALL {
        let expected = if scale == Scale::None { 5.0 } else { 0.0 };
        let options = scaled(scale.name());
        let table = table("x,y\n5,1\n5,2\n5,3\n8,4\n");
        let encoders = crate::fit_on(&table, &[0, 1, 2], &options).unwrap();
        let found = encoders.encode(&table).unwrap();
        assert_eq!(found[..3], [expected; 3], "{}", scale.name());
        assert!(found[3].is_finite());
        // All missing.
        let table = crate::tabular::table("x,z,y\n,1,1\n,2,2\n5,3,3\n");
        let encoders = crate::fit_on(&table, &[0, 1], &scaled(scale.name())).unwrap();
        assert!(encoders.encode(&table).unwrap().iter().all(|x| x.is_finite()), "{}", scale.name());
    }
}

#[test]
fn a_missing_number_is_the_median_the_mean_or_zero() {
    let table = table("x,y\n1,1\n2,2\n9,3\n,4\n");
    let fill = |fill| {
        let options = EncoderOptions { fill, ..EncoderOptions::default() };
        number(&crate::fit(&table, &options).unwrap(), 0).fill
    };
    assert_eq!([Fill::Median, Fill::Mean, Fill::Zero].map(fill), [2.0, 4.0, 0.0]);
    let dates = crate::tabular::table("d,y\n2024-01-01,1\n2024-01-03,2\n,3\n");
    let options = EncoderOptions { fill: Fill::Zero, ..EncoderOptions::default() };
    let encoders = crate::fit(&dates, &options).unwrap();
    let Encoding::Date(date) = &encoders.columns[0].encoding else { panic!("a date") };
    assert_eq!(date.seconds.fill, 1_704_153_600.0);
}

#[test]
fn a_scale_is_of_a_column_of_numbers() {
    let table = table("x,c,b,d,y\n1,a,yes,1950-01-01,1.5\n2,b,no,1960-02-02,2.5\n");
    assert!(crate::fit(&table, &scaled("log")).is_ok());
    for wrong in ["c=log", "b=robust", "y=log", "d=log"] {
        let error = crate::fit(&table, &scaled(wrong)).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::InvalidSetting { option: "scale", .. }),
            "{error}"
        );
    }
    let error = crate::fit(&table, &scaled("z=log")).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::UnknownColumn { .. }), "{error}");
}

#[test]
fn models_of_every_scale_are_saved_and_read_back() {
    let mut text = String::from("a,b,day,y\n");
    for row in 0..120 {
        let a = if row % 11 == 0 { String::new() } else { (row * row % 97).to_string() };
        text += &format!("{a},{},2024-01-{:02},{}\n", row % 13, 1 + row % 28, row as f64 * 0.5);
    }
    let table = table(&text);
    for scale in Scale::ALL {
        let scales = Scales { all: scale, ..Scales::default() };
        let fitted = fit(&table, &["y"], &Recipe { scales, ..quick() }).unwrap();
        let before = fitted.model.predict(&table, 1).unwrap();
        let model = Model::load(&fitted.model.to_bytes().unwrap()).unwrap();
        assert_eq!(bits(&model.predict(&table, 1).unwrap()), bits(&before), "{}", scale.name());
    }
}

#[test]
fn standard_scaling_is_written_as_it_always_was() {
    let table = table("x,y\n1,0\n3,1\n");
    let encoders = crate::fit(&table, &EncoderOptions::default()).unwrap();
    let json = serde_json::to_string(&encoders).unwrap();
    let expected = r#"{"columns":[{"name":"x","encoding":{"kind":"number","fill":2.0,"mean":2.0,"std":1.0,"missing":false}}]}"#;
    assert_eq!(json, expected);
    assert_eq!(number(&serde_json::from_str(expected).unwrap(), 0).curve, Curve::Identity);
}
