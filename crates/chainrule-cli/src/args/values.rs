//! The values of options: what each text means, and what is wrong with it otherwise.

use std::path::PathBuf;
use std::str::FromStr;

use chainrule::{Error, activations, losses, optimizers};

/// The units of the hidden layers; none for a linear model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layers(pub Vec<usize>);

impl FromStr for Layers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if matches!(text.trim(), "none" | "0") {
            return Ok(Self(Vec::new()));
        }
        let units = |part: &str| part.trim().parse().ok().filter(|&units: &usize| units > 0);
        let layers: Option<Vec<usize>> = text.split(',').map(units).collect();
        layers.map(Self).ok_or_else(|| {
            "layers are units with commas between, such as 64,64; none makes a linear model"
                .to_owned()
        })
    }
}

/// An optimizer with settings: `sgd:momentum=0.9,nesterov=1`.
#[derive(Clone, Debug, PartialEq)]
pub struct OptimizerChoice {
    /// Its name.
    pub name: String,
    /// Its settings, by name.
    pub settings: Vec<(String, f64)>,
}

impl FromStr for OptimizerChoice {
    type Err = Box<dyn std::error::Error + Send + Sync>;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        let optimizer = optimizers::optimizer(name.trim())?;
        let mut settings = Vec::new();
        for part in rest.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let pair = part.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
            let number = pair.and_then(|(name, value)| Some((name, value.parse::<f64>().ok()?)));
            let Some((name, value)) = number else {
                return Err(format!(
                    "a setting is a name and a number, such as sgd:momentum=0.9, not {part:?}"
                )
                .into());
            };
            settings.push((name.to_owned(), value));
        }
        let given: Vec<(&str, f64)> =
            settings.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        optimizers::Settings::new(optimizer, &given)?;
        Ok(Self { name: optimizer.name.to_owned(), settings })
    }
}

/// What a model is tested on.
#[derive(Clone, Debug, PartialEq)]
pub enum TestPart {
    /// A share of the rows.
    Share(f64),
    /// Another file.
    File(PathBuf),
}

impl FromStr for TestPart {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<f64>() {
            Ok(share) if share > 0.0 && share < 1.0 => Ok(Self::Share(share)),
            Ok(_) => Err("the test part is a share of the rows between 0 and 1, or a file \
                          (of a number as its name: ./2024)"
                .to_owned()),
            Err(_) => Ok(Self::File(PathBuf::from(text))),
        }
    }
}

/// An activation that the library knows.
pub fn activation(name: &str) -> Result<String, Error> {
    Ok(activations::activation(name)?.name().to_owned())
}

/// A loss that the library knows.
pub fn loss(name: &str) -> Result<String, Error> {
    Ok(losses::loss(name)?.name.to_owned())
}

/// A share of a whole, which is not all of it.
pub fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..1.0).contains(&share) => Ok(share),
        _ => Err("it must be a number from 0 to below 1".to_owned()),
    }
}

/// A number above 0.
pub fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value.is_finite() => Ok(value),
        _ => Err("it must be a number above 0".to_owned()),
    }
}

/// A whole number from 1 on.
pub fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err("it must be a whole number, 1 or more".to_owned()),
    }
}

/// One ASCII character, or the word tab.
pub fn delimiter(text: &str) -> Result<u8, String> {
    match (text, text.as_bytes()) {
        ("tab" | "\\t", _) => Ok(b'\t'),
        (_, &[byte]) if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(byte),
        _ => Err("it must be one character, such as \";\", or tab".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers() {
        assert_eq!("64, 32".parse(), Ok(Layers(vec![64, 32])));
        for linear in ["none", "0"] {
            assert_eq!(linear.parse(), Ok(Layers(vec![])));
        }
        for wrong in ["", "64,", "64,0", "-1", "1.5", "a", "99999999999999999999"] {
            assert!(wrong.parse::<Layers>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_optimizer_with_settings() {
        let choice: OptimizerChoice = "sgd:momentum=0.9, nesterov=1".parse().unwrap();
        let settings = [("momentum".to_owned(), 0.9), ("nesterov".to_owned(), 1.0)];
        assert_eq!((choice.name.as_str(), &choice.settings[..]), ("sgd", &settings[..]));
        assert_eq!("adam".parse::<OptimizerChoice>().unwrap().settings, []);
        let refusal = |text: &str| text.parse::<OptimizerChoice>().unwrap_err().to_string();
        assert!(refusal("adma").contains("adam"));
        assert!(refusal("sgd:momentun=0.9").contains("momentum"));
        assert!(refusal("sgd:momentum=2").contains("below 1"));
        assert!(refusal("sgd:momentum").contains("a name and a number"));
    }

    #[test]
    fn a_test_part_is_a_share_or_a_file() {
        assert_eq!("0.25".parse(), Ok(TestPart::Share(0.25)));
        assert_eq!("t.csv".parse(), Ok(TestPart::File("t.csv".into())));
        for wrong in ["0", "1", "-0.5", "nan", "inf"] {
            assert!(wrong.parse::<TestPart>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn delimiters() {
        assert_eq!([";", "tab", "\\t", "\t"].map(delimiter), [Ok(b';'), Ok(9), Ok(9), Ok(9)]);
        for wrong in ["", ";;", "\"", "·"] {
            assert!(delimiter(wrong).is_err(), "{wrong}");
        }
    }
}
