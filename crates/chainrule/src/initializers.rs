//! Initializers: how the parameters of a layer start.
//!
//! Weights start at random, so that no two units learn the same, and of a size that keeps the
//! spread of the values from layer to layer. To add one, write its row in [`INITIALIZERS`]; the row
//! gives it its name everywhere, its help and its tests.
//!
//! Unless another is asked for, a dense layer's weights start by He's rule before relu and its
//! relatives, by LeCun's before selu, by Glorot's before all else, and its biases at 0. PyTorch's
//! `nn.Linear` is narrower, whatever follows it: uniform within ±1/√inputs, biases included; for
//! the weights that is `he_uniform:slope=2.23606797749979` (its `kaiming_uniform_` with a = √5).

mod orthogonal;

use chainrule_core::Words;
use chainrule_core::random::Stream;

use crate::error::{Result, by_name};
use crate::settings::{Chosen, Member, Range, Setting};

/// A rule by which the elements of a parameter start.
#[derive(Clone, Copy, Debug)]
pub struct Initializer {
    /// The name on the command line and in files.
    pub name: &'static str,
    /// The distribution, with `inputs` and `outputs` those of the layer.
    pub formula: &'static str,
    /// What it is and when to use it.
    pub about: Words,
    /// What can be set.
    pub settings: &'static [Setting],
    /// The distribution of the elements of a weight with so many inputs and outputs.
    pub distribution: fn(&Settings, usize, usize) -> Distribution,
    /// Exact points ((inputs, outputs), distribution) at the default settings.
    pub points: [((usize, usize), Distribution); 2],
}

/// An initializer with the values of its settings.
pub type Settings = Chosen<Initializer>;

impl Member for Initializer {
    const FAMILY: &'static str = "initializer";
    const SETTING: &'static str = "initializer setting";

    fn table() -> &'static [Self] {
        INITIALIZERS
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn settings(&self) -> &'static [Setting] {
        self.settings
    }
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
    /// Every matrix whose rows (of one with more inputs than outputs, columns) are at right angles
    /// equally likely.
    Orthogonal {
        /// The length of each row or column.
        gain: f64,
    },
}

impl Distribution {
    /// The elements of a matrix in row-major order, drawn from a stream one after the other; a
    /// constant draws nothing.
    pub fn values(self, rows: usize, columns: usize, stream: &mut Stream) -> Vec<f64> {
        let elements = rows * columns;
        match self {
            Self::Constant(value) => vec![value; elements],
            Self::Uniform { limit } => {
                (0..elements).map(|_| limit * (2.0 * stream.uniform() - 1.0)).collect()
            }
            Self::Normal { deviation } => {
                (0..elements).map(|_| deviation * stream.normal()).collect()
            }
            Self::Orthogonal { gain } => {
                let matrix = orthogonal::matrix(rows, columns, stream);
                matrix.into_iter().map(|element| gain * element).collect()
            }
        }
    }
}

impl Settings {
    /// The elements of a parameter in row-major order, drawn from a stream one after the other.
    ///
    /// The last dimension counts the outputs, those before it the inputs; a vector has as many
    /// inputs as outputs.
    ///
    /// ```
    /// use chainrule::initializers::Settings;
    /// use chainrule_core::random::Stream;
    /// let he = Settings::parse("he_uniform").unwrap();
    /// let weights = he.values(&[6, 2], &mut Stream::new(42, 0));
    /// assert_eq!(weights.len(), 12);
    /// assert!(weights.iter().all(|weight| weight.abs() <= 1.0));
    /// ```
    pub fn values(&self, dims: &[usize], stream: &mut Stream) -> Vec<f64> {
        let (inputs, outputs) = match dims {
            [] => (1, 1),
            [units] => (*units, *units),
            [inputs @ .., outputs] => (inputs.iter().product(), *outputs),
        };
        let rows = if dims.len() == 1 { 1 } else { inputs };
        (self.member().distribution)(self, inputs, outputs).values(rows, outputs, stream)
    }
}

/// The setting of He's rules.
const SLOPE: Setting = Setting {
    name: "slope",
    default: 0.0,
    range: Range::NotNegative,
    needs: None,
    about: Words {
        english: "The slope below 0 of the leaky relu that follows.",
        korean: "뒤따르는 leaky relu에서 0보다 작은 쪽의 기울기다.",
    },
};

/// 2/(1 + slope²): what makes up for the half that a relu takes away.
fn gain(settings: &Settings) -> f64 {
    let slope = settings.value("slope");
    2.0 / (1.0 + slope * slope)
}

/// Every initializer.
pub const INITIALIZERS: &[Initializer] = &[
    Initializer {
        name: "glorot_uniform",
        formula: "U(-a, a), a = sqrt(6/(inputs + outputs))",
        about: Words {
            english: "Keeps the variance of the values forward and that of the gradients backward, \
                      for linear, sigmoid, tanh and softmax. Also called Xavier. Glorot and \
                      Bengio, 2010.",
            korean: "순전파에서는 값의 분산을, 역전파에서는 기울기의 분산을 유지한다. linear, \
                     sigmoid, tanh, softmax에 알맞다. Xavier라고도 한다. Glorot and Bengio, 2010.",
        },
        settings: &[],
        distribution: |_, inputs, outputs| Distribution::Uniform {
            limit: (6.0 / (inputs as f64 + outputs as f64)).sqrt(),
        },
        points: [
            ((4, 2), Distribution::Uniform { limit: 1.0 }),
            ((16, 8), Distribution::Uniform { limit: 0.5 }),
        ],
    },
    Initializer {
        name: "glorot_normal",
        formula: "N(0, s^2), s = sqrt(2/(inputs + outputs))",
        about: Words {
            english: "As glorot_uniform, with now and then a larger weight; not cut off, as in \
                      PyTorch (Keras cuts it off at two deviations). Glorot and Bengio, 2010.",
            korean: "glorot_uniform과 같되 가끔 더 큰 가중치가 나온다. PyTorch처럼 꼬리를 자르지 \
                     않는다(Keras는 표준편차의 두 배에서 자른다). Glorot and Bengio, 2010.",
        },
        settings: &[],
        distribution: |_, inputs, outputs| Distribution::Normal {
            deviation: (2.0 / (inputs as f64 + outputs as f64)).sqrt(),
        },
        points: [
            ((1, 1), Distribution::Normal { deviation: 1.0 }),
            ((5, 3), Distribution::Normal { deviation: 0.5 }),
        ],
    },
    Initializer {
        name: "he_uniform",
        formula: "U(-a, a), a = sqrt(6/((1 + slope^2)*inputs))",
        about: Words {
            english: "Keeps the variance of the values forward through relu, which halves it. Also \
                      called Kaiming. He et al., 2015. PyTorch's own start of a linear layer, \
                      kaiming_uniform with a = √5, is this with slope = √5: weights so small that \
                      the variance falls to a sixth in each layer with relu.",
            korean: "순전파에서 분산을 절반으로 줄이는 relu를 지나도 값의 분산을 유지한다. \
                     Kaiming이라고도 한다. He et al., 2015. PyTorch 선형층의 기본 초기화인 \
                     kaiming_uniform(a = √5)은 여기서 slope = √5로 한 것인데, 가중치가 너무 작아 \
                     relu 층을 지날 때마다 분산이 6분의 1로 줄어든다.",
        },
        settings: &[SLOPE],
        distribution: |settings, inputs, _| Distribution::Uniform {
            limit: (3.0 * gain(settings) / inputs as f64).sqrt(),
        },
        points: [
            ((6, 100), Distribution::Uniform { limit: 1.0 }),
            ((24, 1), Distribution::Uniform { limit: 0.5 }),
        ],
    },
    Initializer {
        name: "he_normal",
        formula: "N(0, s^2), s = sqrt(2/((1 + slope^2)*inputs))",
        about: Words {
            english: "As he_uniform, with now and then a larger weight. He et al., 2015.",
            korean: "he_uniform과 같되 가끔 더 큰 가중치가 나온다. He et al., 2015.",
        },
        settings: &[SLOPE],
        distribution: |settings, inputs, _| Distribution::Normal {
            deviation: (gain(settings) / inputs as f64).sqrt(),
        },
        points: [
            ((2, 100), Distribution::Normal { deviation: 1.0 }),
            ((8, 1), Distribution::Normal { deviation: 0.5 }),
        ],
    },
    Initializer {
        name: "lecun_uniform",
        formula: "U(-a, a), a = sqrt(3/inputs)",
        about: Words {
            english: "Keeps the variance of the values forward where the activation keeps it. \
                      LeCun et al., 1998.",
            korean: "활성화 함수가 분산을 바꾸지 않으면 순전파에서 값의 분산을 유지한다. LeCun et \
                     al., 1998.",
        },
        settings: &[],
        distribution: |_, inputs, _| Distribution::Uniform { limit: (3.0 / inputs as f64).sqrt() },
        points: [
            ((3, 100), Distribution::Uniform { limit: 1.0 }),
            ((12, 1), Distribution::Uniform { limit: 0.5 }),
        ],
    },
    Initializer {
        name: "lecun_normal",
        formula: "N(0, s^2), s = sqrt(1/inputs)",
        about: Words {
            english: "As lecun_uniform, with now and then a larger weight; what selu is made for. \
                      LeCun et al., 1998; Klambauer et al., 2017.",
            korean: "lecun_uniform과 같되 가끔 더 큰 가중치가 나온다. selu와 함께 쓰는 \
                     초기화다. LeCun et al., 1998; Klambauer et al., 2017.",
        },
        settings: &[],
        distribution: |_, inputs, _| Distribution::Normal {
            deviation: (1.0 / inputs as f64).sqrt(),
        },
        points: [
            ((1, 100), Distribution::Normal { deviation: 1.0 }),
            ((4, 1), Distribution::Normal { deviation: 0.5 }),
        ],
    },
    Initializer {
        name: "orthogonal",
        formula: "gain*Q, Q*R = A, A = N(0, 1)",
        about: Words {
            english: "Rows (or columns, if there are fewer) of the same length at right angles, \
                      which keeps every length through many linear layers: Q of a matrix A of \
                      normal numbers. Saxe et al., 2013.",
            korean: "길이가 같고 서로 직교하는 행으로 시작한다(열이 더 적으면 열). 선형층을 여러 \
                     번 지나도 길이가 그대로다. Q는 정규분포 난수 행렬 A를 QR 분해해 얻는다. Saxe \
                     et al., 2013.",
        },
        settings: &[Setting {
            name: "gain",
            default: 1.0,
            range: Range::Positive,
            needs: None,
            about: Words {
                english: "The length of each row or column: √2 before relu.",
                korean: "각 행 또는 열의 길이다. relu 앞에서는 √2가 알맞다.",
            },
        }],
        distribution: |settings, _, _| Distribution::Orthogonal { gain: settings.value("gain") },
        points: [
            ((2, 2), Distribution::Orthogonal { gain: 1.0 }),
            ((5, 3), Distribution::Orthogonal { gain: 1.0 }),
        ],
    },
    Initializer {
        name: "normal",
        formula: "N(0, deviation^2)",
        about: Words {
            english: "The same variance whatever the sizes: for the vectors of an embedding, as in \
                      PyTorch.",
            korean: "층의 크기와 상관없이 분산이 같다. PyTorch처럼 임베딩 벡터에 쓴다.",
        },
        settings: &[Setting {
            name: "deviation",
            default: 1.0,
            range: Range::Positive,
            needs: None,
            about: Words {
                english: "The standard deviation: 1 as in PyTorch; Keras has 0.05, JAX \
                                     0.01.",
                korean: "표준편차다. PyTorch처럼 1이고 Keras는 0.05, \
                                                      JAX는 0.01이다.",
            },
        }],
        distribution: |settings, _, _| Distribution::Normal {
            deviation: settings.value("deviation"),
        },
        points: [
            ((1, 1), Distribution::Normal { deviation: 1.0 }),
            ((8, 3), Distribution::Normal { deviation: 1.0 }),
        ],
    },
    Initializer {
        name: "constant",
        formula: "value",
        about: Words {
            english: "The same number everywhere. As weights it leaves all units of a layer \
                      alike, so that they learn the same.",
            korean: "모두 같은 수다. 가중치에 쓰면 한 층의 뉴런이 모두 똑같아져 같은 것만 배운다.",
        },
        settings: &[Setting {
            name: "value",
            default: 0.0,
            range: Range::Finite,
            needs: None,
            about: Words { english: "The number.", korean: "가중치가 되는 수다." },
        }],
        distribution: |settings, _, _| Distribution::Constant(settings.value("value")),
        points: [((1, 1), Distribution::Constant(0.0)), ((8, 3), Distribution::Constant(0.0))],
    },
    Initializer {
        name: "zeros",
        formula: "0",
        about: Words { english: "For a bias.", korean: "편향에 쓴다." },
        settings: &[],
        distribution: |_, _, _| Distribution::Constant(0.0),
        points: [((1, 1), Distribution::Constant(0.0)), ((8, 3), Distribution::Constant(0.0))],
    },
    Initializer {
        name: "ones",
        formula: "1",
        about: Words {
            english: "For a factor that starts by changing nothing.",
            korean: "처음에는 아무것도 바꾸지 않는 배율에 쓴다.",
        },
        settings: &[],
        distribution: |_, _, _| Distribution::Constant(1.0),
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

    /// With the default settings.
    fn values(row: &'static Initializer, dims: &[usize], seed: u64, stream: u64) -> Vec<f64> {
        Settings::from(row).values(dims, &mut Stream::new(seed, stream))
    }

    #[test]
    fn every_rule_passes_through_its_points() {
        for row in INITIALIZERS {
            for ((inputs, outputs), expected) in row.points {
                let found = (row.distribution)(&row.into(), inputs, outputs);
                assert_eq!(found, expected, "{}", row.name);
                let found = values(row, &[inputs, outputs], 1, 2);
                assert_eq!(found.len(), inputs * outputs, "{}", row.name);
            }
        }
    }

    #[test]
    fn values_have_the_mean_variance_and_bounds_of_their_distribution() {
        for row in INITIALIZERS {
            let (inputs, outputs) = (300, 100);
            let values = values(row, &[inputs, outputs], 42, 0);
            let count = values.len() as f64;
            let mean = values.iter().sum::<f64>() / count;
            let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
            let (center, expected) = match (row.distribution)(&row.into(), inputs, outputs) {
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
                // Each of so many columns has length 1.
                Distribution::Orthogonal { gain } => (0.0, gain * gain / inputs as f64),
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
            let values = |seed, stream| values(row, &[5, 7], seed, stream);
            assert_eq!(values(3, 4), values(3, 4), "{}", row.name);
            if !matches!((row.distribution)(&row.into(), 5, 7), Distribution::Constant(_)) {
                assert_ne!(values(3, 4), values(3, 5), "{}", row.name);
                assert_ne!(values(3, 4), values(4, 4), "{}", row.name);
            }
        }
    }

    /// Computed by another program (Python's integers and mpmath) from the definition of the
    /// generator and of the distributions.
    #[test]
    fn golden_first_values() {
        let first = |name: &str| values(initializer(name).unwrap(), &[3, 5], 42, 7)[..3].to_vec();
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
        let values = |dims: &[usize]| values(row, dims, 5, 6);
        assert_eq!(values(&[12])[..12], values(&[12, 12])[..12]);
        assert_eq!(values(&[2, 3, 4]), values(&[6, 4]));
    }

    #[test]
    fn every_shape_has_its_elements() {
        let row = initializer("he_normal").unwrap();
        for (dims, elements) in [(&[][..], 1), (&[4], 4), (&[0, 3], 0), (&[2, 3, 4], 24)] {
            let values = values(row, dims, 0, 0);
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

    /// PyTorch's `kaiming_uniform_(a=√5)`, with which it starts a linear layer, is ±1/√inputs.
    #[test]
    fn settings_are_followed() {
        let found = |text: &str, dims: &[usize]| {
            let settings = Settings::parse(text).unwrap();
            (settings.member().distribution)(&settings, dims[0], dims[1])
        };
        assert_eq!(found("constant:value=-0.25", &[2, 3]), Distribution::Constant(-0.25));
        assert_eq!(found("orthogonal:gain=1.5", &[2, 3]), Distribution::Orthogonal { gain: 1.5 });
        assert_eq!(
            found("normal:deviation=0.01", &[2, 3]),
            Distribution::Normal { deviation: 0.01 }
        );
        let Distribution::Uniform { limit } = found("he_uniform:slope=2.23606797749979", &[16, 8])
        else {
            panic!("he_uniform is uniform");
        };
        assert!((limit - 0.25).abs() < 1e-15, "{limit}");
        for wrong in
            ["constant:value=inf", "orthogonal:gain=0", "he_uniform:gain=2", "ones:value=2"]
        {
            assert!(Settings::parse(wrong).is_err(), "{wrong}");
        }
        let text = "orthogonal:gain=1.5";
        assert_eq!(Settings::parse(text).unwrap().to_string(), text);
    }

    /// A matrix of 2·Q has lengths 2; a vector is a row of it.
    #[test]
    fn an_orthogonal_start_has_its_gain() {
        let settings = Settings::parse("orthogonal:gain=2").unwrap();
        for dims in [&[3, 8][..], &[8], &[2, 4, 5]] {
            let values = settings.values(dims, &mut Stream::new(1, 1));
            let squares: f64 = values.iter().map(|x| x * x).sum();
            let vectors = if dims.len() == 1 { 1 } else { dims.iter().product::<usize>() / 8 };
            let vectors = if dims.len() == 3 { 5 } else { vectors };
            assert!((squares - 4.0 * vectors as f64).abs() < 1e-12, "{dims:?}: {squares}");
        }
    }
}
