//! The single-precision functions against double precision, and their loops for each instruction
//! set against one another. `examples/math_sweep.rs` tries every `f32`.
#![allow(unsafe_code)]

mod math_reference;

use chainrule_cpu::Isa;
use chainrule_cpu::math::{double, single};
use math_reference::{functions, ulp_error};

type Single = fn(f32) -> f32;

/// Every 1009th bit pattern, which meets every exponent of either sign with many mantissas.
fn sample() -> Vec<f32> {
    (0..=u32::MAX).step_by(1009).map(f32::from_bits).collect()
}

/// Both ends of the range, powers of two and their neighbours, and the places where the functions
/// change from one form to another.
fn corners() -> Vec<f32> {
    let places = [
        0.34657, 0.5, 0.66667, 0.75, 0.9277, 0.975, 1.0, 1.5, 2.0, 3.9, 9.02, 15.9, 17.3, 64.0,
        87.3, 88.7, 103.97, 3.0e38,
    ];
    let mut bits: Vec<u32> = places.iter().map(|place: &f32| place.to_bits()).collect();
    bits.extend((0..=255).map(|exponent| exponent << 23));
    let near =
        bits.iter().flat_map(|&bits| (bits.saturating_sub(40)..bits + 40).map(f32::from_bits));
    near.flat_map(|x| [x, -x]).collect()
}

fn fastest() -> Isa {
    Isa::detect()
}

#[test]
fn errors_stay_within_their_bounds() {
    let arguments = [sample(), corners()].concat();
    let mut results = vec![0.0; arguments.len()];
    for function in functions() {
        (function.apply)(fastest(), &arguments, &mut results);
        let (mut worst, mut at) = (0.0, 0.0);
        for (&x, &y) in arguments.iter().zip(&results) {
            let error = ulp_error(y, (function.exact)(f64::from(x)));
            if error > worst {
                (worst, at) = (error, x);
            }
        }
        let (name, bound) = (function.name, function.bound);
        assert!(worst <= bound, "{name}: {worst} ulp at {at:e}");
        assert!(worst > 0.25 * bound || bound < 0.6, "{name}: the bound {bound} means nothing");
    }
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    let arguments = [sample().into_iter().step_by(16).collect(), corners()].concat();
    let mut expected = vec![0.0; arguments.len()];
    let mut results = vec![0.0; arguments.len()];
    for function in functions() {
        for (&x, y) in arguments.iter().zip(&mut expected) {
            // One element at a time, so that nothing here is a vector.
            let mut one = [0.0];
            (function.apply)(Isa::available()[0], &[x], &mut one);
            *y = one[0];
        }
        for &isa in Isa::available() {
            (function.apply)(isa, &arguments, &mut results);
            for ((&x, &y), &expected) in arguments.iter().zip(&results).zip(&expected) {
                let same = y.to_bits() == expected.to_bits() || y.is_nan() && expected.is_nan();
                let (name, isa) = (function.name, isa.name());
                assert!(same, "{name} on {isa}: {y:e}, not {expected:e}, at {x:e}");
            }
        }
    }
}

#[test]
fn odd_functions_are_odd_and_rising_ones_rise() {
    let odd: [Single; 4] = [single::tanh, single::erf, single::atan, single::sin];
    for x in sample().into_iter().filter(|x| x.is_finite()) {
        for function in odd {
            assert_eq!(function(-x).to_bits(), (-function(x)).to_bits(), "{x:e}");
        }
        assert_eq!(single::cos(-x), single::cos(x));
    }
    // Steps much wider than the error, across every change of form.
    let rising: [(Single, f32, f32); 10] = [
        (single::exp, -80.0, 88.0),
        (single::expm1, -8.0, 88.0),
        (single::log, 0.01, 90.0),
        (single::log1p, -0.99, 90.0),
        (single::tanh, -5.0, 5.0),
        (single::sigmoid, -80.0, 10.0),
        (single::softplus, -80.0, 80.0),
        (single::erf, -2.5, 2.5),
        (single::normal_cdf, -13.0, 3.0),
        (single::atan, -50.0, 50.0),
    ];
    for (number, (function, from, to)) in rising.into_iter().enumerate() {
        let mut previous = f32::NEG_INFINITY;
        for step in 0..=10_000 {
            let value = function(from + (to - from) * (step as f32 / 10_000.0));
            assert!(value > previous, "function {number}, step {step}: {value} after {previous}");
            previous = value;
        }
    }
}

#[test]
fn powers_of_many_pairs() {
    let base = sample().into_iter().step_by(7);
    // Exponents of every size and sign, and small whole and half numbers.
    let mixed = sample().into_iter().rev().step_by(11).map(|y| y.rem_euclid(64.0) - 32.0);
    let simple = (0..).map(|i| (i % 41 - 20) as f32 * 0.5);
    for ((x, y), simple) in base.zip(mixed).zip(simple) {
        for (x, y) in [(x, y), (x, simple), (x.abs(), y), (x.abs().sqrt().sqrt().sqrt(), y)] {
            let exact = double::pow(f64::from(x), f64::from(y));
            let error = ulp_error(single::pow(x, y), exact);
            assert!(error <= 0.51, "pow({x:e}, {y:e}): {error} ulp");
        }
    }
}

#[test]
fn powers_at_the_edges() {
    let values = [
        0.0,
        -0.0,
        f32::from_bits(1),
        -f32::from_bits(1),
        0.5,
        -0.5,
        1.0,
        -1.0,
        1.5,
        -1.5,
        2.0,
        -2.0,
        3.0,
        -3.0,
        16_777_215.0,
        -16_777_215.0,
        16_777_216.0,
        f32::MAX,
        f32::MIN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
    ];
    for x in values {
        for y in values {
            let exact = double::pow(f64::from(x), f64::from(y)) as f32;
            let got = single::pow(x, y);
            let same = got.to_bits() == exact.to_bits() || got.is_nan() && exact.is_nan();
            assert!(same, "pow({x:e}, {y:e}) = {got:e}, not {exact:e}");
        }
    }
}
