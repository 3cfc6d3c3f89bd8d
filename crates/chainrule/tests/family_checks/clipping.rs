//! Clipping, by the oracle and compiled. The cases are of the collection "Public troubles of people
//! who train neural networks, as small checks".

use chainrule::clipping::{By as ClipBy, Clipping};
use chainrule_core::{Expr, Language, Shape};

use crate::running::{By, Given, assert_close};

/// The gradients, after clipping, of parameters with these.
fn clipped(by: By, kind: ClipBy, bound: f64, gradients: &[&[f64]]) -> Vec<Vec<f64>> {
    let names: Vec<String> = (0..gradients.len()).map(|place| format!("g{place}")).collect();
    let inputs: Vec<Expr> = (names.iter().zip(gradients))
        .map(|(name, values)| Expr::input(name, Shape::shared(&[values.len()])))
        .collect();
    let given: Vec<Given<'_>> =
        names.iter().zip(gradients).map(|(name, values)| (name.as_str(), *values)).collect();
    by.values(&Clipping::new(kind, bound).unwrap().apply(&inputs), &given, 1)
}

#[track_caller]
fn check(kind: ClipBy, bound: f64, gradients: &[&[f64]], expected: &[&[f64]]) {
    for by in By::ALL {
        let relative = if by == By::F32 { 3e-7 } else { 1e-15 };
        let found = clipped(by, kind, bound, gradients).concat();
        assert_close(&found, &expected.concat(), (relative, 0.0), &(kind, bound, gradients, by));
    }
}

#[test]
fn a_norm_is_of_each_parameter_or_of_all() {
    let gradients: [&[f64]; 2] = [&[3.0, -4.0], &[0.0, 12.0, 0.0]];
    check(ClipBy::Norm, 1.0, &gradients, &[&[0.6, -0.8], &[0.0, 1.0, 0.0]]);
    let all: [&[f64]; 2] = [&[3.0 / 13.0, -4.0 / 13.0], &[0.0, 12.0 / 13.0, 0.0]];
    check(ClipBy::GlobalNorm, 1.0, &gradients, &all);
    check(ClipBy::Value, 3.5, &gradients, &[&[3.0, -3.5], &[0.0, 3.5, 0.0]]);
    // One is within its bound and keeps its numbers, the other is not.
    check(ClipBy::Norm, 6.0, &gradients, &[&[3.0, -4.0], &[0.0, 6.0, 0.0]]);
}

#[test]
fn matrices_and_single_numbers_are_clipped_alike() {
    let clip = Clipping::new(ClipBy::GlobalNorm, 1.0).unwrap();
    let matrix = Expr::input("m", Shape::shared(&[2, 3]));
    let gradients = clip.apply(&[matrix, Expr::variable("b")]);
    let given: [Given<'_>; 2] = [("m", &[1.0, 0.0, 2.0, 2.0, 0.0, 0.0]), ("b", &[4.0])];
    for by in By::ALL {
        let found = by.values(&gradients, &given, 1);
        let expected = [0.2, 0.0, 0.4, 0.4, 0.0, 0.0, 0.8];
        assert_close(&found.concat(), &expected, (3e-7, 0.0), &by);
    }
}

#[test]
fn opt_clip_overflow_1() {
    let third = 1.0 / 3.0_f64.sqrt();
    check(ClipBy::GlobalNorm, 1.0, &[&[3e20; 3]], &[&[third; 3]]);
    check(ClipBy::GlobalNorm, 1.0, &[&[3e20], &[3e20, 3e20]], &[&[third], &[third; 2]]);
    check(ClipBy::Norm, 1.0, &[&[3e20; 3]], &[&[third; 3]]);
    // The norm of these is beyond f32, and squares of those are below it.
    let half = 0.5 * 2e38;
    check(ClipBy::GlobalNorm, 2e38, &[&[3e38; 4]], &[&[half; 4]]);
    check(ClipBy::GlobalNorm, 1e-15, &[&[3e38, 0.0]], &[&[1e-15, 0.0]]);
    check(ClipBy::GlobalNorm, 1e-15, &[&[3e-14, -4e-14]], &[&[6e-16, -8e-16]]);
    check(ClipBy::Value, 1.0, &[&[3e38, f64::NEG_INFINITY]], &[&[1.0, -1.0]]);
}

#[test]
fn opt_clip_zero_3() {
    for kind in ClipBy::ALL {
        check(kind, 1.0, &[&[0.0, 0.0]], &[&[0.0, 0.0]]);
        check(kind, 1.0, &[&[0.0, 0.0], &[0.0]], &[&[0.0, 0.0], &[0.0]]);
    }
    check(ClipBy::Norm, 1.0, &[&[0.0, 0.0], &[3.0]], &[&[0.0, 0.0], &[1.0]]);
}

#[test]
fn opt_clip_noop_5() {
    // Within the bound every bit stays, of a norm that is the bound too.
    let bits =
        |values: &[Vec<f64>]| values.concat().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    for kind in ClipBy::ALL {
        for by in By::ALL {
            let gradients: [&[f64]; 2] = [&[0.3, 0.4], &[-0.0, 1e-30, 0.1]];
            let expected = gradients.map(|values| match by {
                By::F32 => values.iter().map(|&x| f64::from(x as f32)).collect(),
                _ => values.to_vec(),
            });
            assert_eq!(bits(&clipped(by, kind, 1.0, &gradients)), bits(&expected), "{kind:?}");
            let exact = clipped(by, kind, 5.0, &[&[3.0, -4.0]]);
            assert_eq!(exact, [[3.0, -4.0]], "{kind:?} {by:?}");
        }
    }
}

#[test]
fn what_is_no_number_is_seen() {
    for kind in [ClipBy::Norm, ClipBy::GlobalNorm] {
        for by in By::ALL {
            for odd in [f64::NAN, f64::INFINITY] {
                let found = clipped(by, kind, 1.0, &[&[1.0, odd]]).concat();
                assert!(found.iter().any(|x| x.is_nan()), "{kind:?} {by:?}: {found:?}");
            }
        }
    }
    let found = clipped(By::F32, ClipBy::Value, 1.0, &[&[f64::NAN]]).concat();
    assert!(found[0].is_nan());
}

#[test]
fn a_bound_is_above_0_and_each_kind_is_told_in_two_languages() {
    for kind in ClipBy::ALL {
        for wrong in [0.0, -1.0, 1e-16, f64::NAN, f64::INFINITY] {
            assert!(Clipping::new(kind, wrong).unwrap_err().to_string().contains("clip"));
        }
        let text = Clipping::new(kind, 0.5).unwrap().to_string();
        assert_eq!(text.parse::<Clipping>().unwrap(), Clipping::new(kind, 0.5).unwrap());
        let about = kind.about();
        assert!(about.of(Language::English).ends_with('.'));
        assert!(about.of(Language::Korean).contains("다."));
    }
    for wrong in ["", "one", "norm", "norm=", "norm=x", "=1", "norm=1,value=2"] {
        assert!(wrong.parse::<Clipping>().is_err(), "{wrong}");
    }
}
