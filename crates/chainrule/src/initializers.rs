//! Initializers: how the parameters of a layer start.
//!
//! Weights start at random, so that no two units learn the same, and of a size that keeps the
//! spread of the values from layer to layer. To add one, write its row in [`INITIALIZERS`]; the row
//! gives it its name everywhere, its help and its tests.

use chainrule_core::random::Stream;

use crate::error::{Result, by_name};

/// A rule by which the elements of a parameter start.
#[derive(Clone, Copy, Debug)]
pub struct Initializer {
    /// The name in files.
    pub name: &'static str,
    /// The distribution, with `inputs` and `outputs` those of the layer.
    pub formula: &'static str,
    /// What it is and when to use it.
    pub about: &'static str,
    /// The distribution of the elements of a weight with so many inputs and outputs.
    pub distribution: fn(usize, usize) -> Distribution,
    /// Exact points ((inputs, outputs), distribution).
    pub points: [((usize, usize), Distribution); 2],
}

/// What the elements of a parameter are drawn from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distribution {
    /// The same number for all.
    Constant(f64),
    /// Each number from minus this limit to below it equally likely: variance limit²/3.
    Uniform {
        /// The limit.
        limit: f64,
    },
    /// The normal distribution around 0, not cut off.
    Normal {
        /// The standard deviation.
        deviation: f64,
    },
}

impl Distribution {
    /// The next element, drawn from a stream; a constant draws nothing.
    pub fn draw(self, stream: &mut Stream) -> f64 {
        match self {
            Self::Constant(value) => value,
            Self::Uniform { limit } => limit * (2.0 * stream.uniform() - 1.0),
            Self::Normal { deviation } => deviation * stream.normal(),
        }
    }
}

impl Initializer {
    /// The elements of a parameter in row-major order, drawn from a stream one after the other.
    ///
    /// The last dimension counts the outputs, those before it the inputs; a vector has as many
    /// inputs as outputs.
    ///
    /// ```
    /// use chainrule::initializers::initializer;
    /// use chainrule_core::random::Stream;
    /// let weights = initializer("he_uniform").unwrap().values(&[6, 2], &mut Stream::new(42, 0));
    /// assert_eq!(weights.len(), 12);
    /// assert!(weights.iter().all(|weight| weight.abs() <= 1.0));
    /// ```
    pub fn values(&self, dims: &[usize], stream: &mut Stream) -> Vec<f64> {
        let (inputs, outputs) = match dims {
            [] => (1, 1),
            [units] => (*units, *units),
            [inputs @ .., outputs] => (inputs.iter().product(), *outputs),
        };
        let distribution = (self.distribution)(inputs, outputs);
        (0..dims.iter().product()).map(|_| distribution.draw(stream)).collect()
    }
}

/// Every initializer.
pub const INITIALIZERS: &[Initializer] = &[
    Initializer {
        name: "glorot_uniform",
        formula: "uniform within ±sqrt(6/(inputs + outputs))",
        about: "Keeps the spread both forward and backward, for linear, sigmoid, tanh and softmax. \
                Glorot and Bengio, 2010.",
        distribution: |inputs, outputs| Distribution::Uniform {
            limit: (6.0 / (inputs as f64 + outputs as f64)).sqrt(),
        },
        points: [
            ((4, 2), Distribution::Uniform { limit: 1.0 }),
            ((16, 8), Distribution::Uniform { limit: 0.5 }),
        ],
    },
    Initializer {
        name: "glorot_normal",
        formula: "normal with deviation sqrt(2/(inputs + outputs))",
        about: "As glorot_uniform, with now and then a larger weight.",
        distribution: |inputs, outputs| Distribution::Normal {
            deviation: (2.0 / (inputs as f64 + outputs as f64)).sqrt(),
        },
        points: [
            ((1, 1), Distribution::Normal { deviation: 1.0 }),
            ((5, 3), Distribution::Normal { deviation: 0.5 }),
        ],
    },
    Initializer {
        name: "he_uniform",
        formula: "uniform within ±sqrt(6/inputs)",
        about: "Keeps the spread forward through relu, which halves it. He and others, 2015.",
        distribution: |inputs, _| Distribution::Uniform { limit: (6.0 / inputs as f64).sqrt() },
        points: [
            ((6, 100), Distribution::Uniform { limit: 1.0 }),
            ((24, 1), Distribution::Uniform { limit: 0.5 }),
        ],
    },
    Initializer {
        name: "he_normal",
        formula: "normal with deviation sqrt(2/inputs)",
        about: "As he_uniform, with now and then a larger weight.",
        distribution: |inputs, _| Distribution::Normal { deviation: (2.0 / inputs as f64).sqrt() },
        points: [
            ((2, 100), Distribution::Normal { deviation: 1.0 }),
            ((8, 1), Distribution::Normal { deviation: 0.5 }),
        ],
    },
    Initializer {
        name: "zeros",
        formula: "0",
        about: "For a bias.",
        distribution: |_, _| Distribution::Constant(0.0),
        points: [((1, 1), Distribution::Constant(0.0)), ((8, 3), Distribution::Constant(0.0))],
    },
    Initializer {
        name: "ones",
        formula: "1",
        about: "For a factor that starts by changing nothing.",
        distribution: |_, _| Distribution::Constant(1.0),
        points: [((1, 1), Distribution::Constant(1.0)), ((8, 3), Distribution::Constant(1.0))],
    },
];

/// The initializer of a name.
///
/// # Errors
/// [`UnknownName`](crate::ErrorKind::UnknownName), with the nearest name.
pub fn initializer(name: &str) -> Result<&'static Initializer> {
    by_name("initializer", INITIALIZERS, |initializer| initializer.name, name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn every_rule_passes_through_its_points() {
        for row in INITIALIZERS {
            for ((inputs, outputs), expected) in row.points {
                assert_eq!((row.distribution)(inputs, outputs), expected, "{}", row.name);
                let found = row.values(&[inputs, outputs], &mut Stream::new(1, 2));
                assert_eq!(found.len(), inputs * outputs, "{}", row.name);
            }
        }
    }

    #[test]
    fn values_have_the_mean_variance_and_bounds_of_their_distribution() {
        for row in INITIALIZERS {
            let (inputs, outputs) = (300, 100);
            let values = row.values(&[inputs, outputs], &mut Stream::new(42, 0));
            let count = values.len() as f64;
            let mean = values.iter().sum::<f64>() / count;
            let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
            let (center, expected) = match (row.distribution)(inputs, outputs) {
                Distribution::Constant(value) => (value, 0.0),
                Distribution::Uniform { limit } => {
                    assert!(values.iter().all(|x| (-limit..limit).contains(x)), "{}", row.name);
                    // The farthest of so many lies close to the limit.
                    let largest = values.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
                    assert!(largest > 0.999 * limit, "{}", row.name);
                    (0.0, limit * limit / 3.0)
                }
                Distribution::Normal { deviation } => {
                    let beyond = values.iter().filter(|x| x.abs() > 2.0 * deviation).count();
                    let share = beyond as f64 / count;
                    assert!((0.04..0.051).contains(&share), "{}: {share}", row.name);
                    (0.0, deviation * deviation)
                }
            };
            // Five standard errors of the mean and, at kurtosis 3, of the variance.
            let error = 5.0 * (expected / count).sqrt();
            assert!((mean - center).abs() <= error, "{}: mean {mean}", row.name);
            let error = 5.0 * expected * (2.0 / count).sqrt();
            assert!((variance - expected).abs() <= error, "{}: {variance}", row.name);
        }
    }

    #[test]
    fn a_stream_decides_every_value_and_streams_differ() {
        for row in INITIALIZERS {
            let values = |seed, stream| row.values(&[5, 7], &mut Stream::new(seed, stream));
            assert_eq!(values(3, 4), values(3, 4), "{}", row.name);
            if !matches!((row.distribution)(5, 7), Distribution::Constant(_)) {
                assert_ne!(values(3, 4), values(3, 5), "{}", row.name);
                assert_ne!(values(3, 4), values(4, 4), "{}", row.name);
            }
        }
    }

    /// Computed by another program (Python's integers and mpmath) from the definition of the
    /// generator and of the distributions.
    #[test]
    fn golden_first_values() {
        let first = |name: &str| {
            let row = INITIALIZERS.iter().find(|row| row.name == name).unwrap();
            row.values(&[3, 5], &mut Stream::new(42, 7))[..3].to_vec()
        };
        assert_eq!(
            first("glorot_uniform"),
            [-0.3729860665951069, -0.7819458960935792, 0.6309604558750607]
        );
        assert_eq!(
            first("he_uniform"),
            [-0.609083696217172, -1.276912301261749, 1.030354109845173]
        );
        let close = |found: Vec<f64>, expected: [f64; 3]| {
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() <= 4.0 * f64::EPSILON, "{found} {expected}");
            }
        };
        close(
            first("glorot_normal"),
            [-0.37712515946658987, -0.1414574617350579, 0.31323239901135075],
        );
        close(first("he_normal"), [-0.6158428065725882, -0.23099906770677883, 0.5115063656571143]);
    }

    #[test]
    fn a_vector_has_as_many_inputs_as_outputs_and_a_stack_all_but_its_last() {
        let row = initializer("glorot_uniform").unwrap();
        let values = |dims: &[usize]| row.values(dims, &mut Stream::new(5, 6));
        assert_eq!(values(&[12])[..12], values(&[12, 12])[..12]);
        assert_eq!(values(&[2, 3, 4]), values(&[6, 4]));
    }

    #[test]
    fn every_shape_has_its_elements() {
        let row = initializer("he_normal").unwrap();
        for (dims, elements) in [(&[][..], 1), (&[4], 4), (&[0, 3], 0), (&[2, 3, 4], 24)] {
            let values = row.values(dims, &mut Stream::new(0, 0));
            assert_eq!(values.len(), elements);
            assert!(values.iter().all(|value| value.is_finite()));
        }
    }

    #[test]
    fn a_misspelt_name_offers_the_nearest() {
        let error = initializer("he_unifrom").unwrap_err();
        let offered = matches!(
            error.kind(),
            ErrorKind::UnknownName { nearest: Some(nearest), .. } if nearest == "he_uniform"
        );
        assert!(offered, "{error}");
    }
}
