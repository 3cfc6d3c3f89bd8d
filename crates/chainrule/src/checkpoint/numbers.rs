//! Numbers and epochs as JSON that gives back every bit; what JSON lacks are texts.

use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::train::Epoch;

/// A number that may be NaN or infinite.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exact(pub f64);

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            value if value.is_finite() => serializer.serialize_f64(value),
            value if value.is_nan() => serializer.serialize_str("nan"),
            value => serializer.serialize_str(if value > 0.0 { "inf" } else { "-inf" }),
        }
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = Exact;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, nan, inf or -inf")
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Exact, E> {
                Ok(Exact(value))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Exact, E> {
                Ok(Exact(value as f64))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Exact, E> {
                Ok(Exact(value as f64))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Exact, E> {
                match text {
                    "nan" => Ok(Exact(f64::NAN)),
                    "inf" => Ok(Exact(f64::INFINITY)),
                    "-inf" => Ok(Exact(f64::NEG_INFINITY)),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_any(Number)
    }
}

/// An epoch; its number is its place.
#[derive(Serialize, Deserialize)]
pub(super) struct EpochRecord {
    training_loss: Exact,
    validation_loss: Option<Exact>,
    metrics: Vec<(String, Exact)>,
    learning_rate: Exact,
    best: bool,
}

impl From<&Epoch> for EpochRecord {
    fn from(epoch: &Epoch) -> Self {
        let metrics = epoch.metrics.iter();
        Self {
            training_loss: Exact(epoch.training_loss),
            validation_loss: epoch.validation_loss.map(Exact),
            metrics: metrics.map(|(name, value)| (name.to_string(), Exact(*value))).collect(),
            learning_rate: Exact(epoch.learning_rate),
            best: epoch.best,
        }
    }
}

impl EpochRecord {
    pub fn into_epoch(self, number: usize) -> Epoch {
        let metrics = self.metrics.into_iter();
        Epoch {
            number,
            training_loss: self.training_loss.0,
            validation_loss: self.validation_loss.map(|Exact(loss)| loss),
            metrics: metrics.map(|(name, Exact(value))| (name.into(), value)).collect(),
            learning_rate: self.learning_rate.0,
            best: self.best,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_of_a_number_comes_back() {
        let numbers = [0.0, -0.0, 0.1 + 0.2, 1e-300, -5e-324, f64::MAX, 3.0, 1.0 / 3.0, 1e22];
        for number in numbers.into_iter().chain([f64::INFINITY, f64::NEG_INFINITY]) {
            let text = serde_json::to_string(&Exact(number)).unwrap();
            let Exact(found) = serde_json::from_str(&text).unwrap();
            assert_eq!(found.to_bits(), number.to_bits(), "{text}");
        }
        let text = serde_json::to_string(&Exact(f64::NAN)).unwrap();
        let Exact(found) = serde_json::from_str(&text).unwrap();
        assert!(found.is_nan() && text == "\"nan\"");
        assert!(serde_json::from_str::<Exact>("\"much\"").is_err());
        assert!(serde_json::from_str::<Exact>("[]").is_err());
    }
}
