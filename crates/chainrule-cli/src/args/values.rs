//! The values of options: what each text means, and what is wrong with it otherwise.

use std::path::PathBuf;
use std::str::FromStr;

use chainrule::data::Declarations;
use chainrule::estimator::Embed;
use chainrule::formula::Formula;
use chainrule::{
    Error, ErrorKind, activations, initializers, losses, metrics, optimizers, schedules,
};

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

/// The rows that a model is judged by.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// A share of the rows.
    Share(f64),
    /// Another file.
    File(PathBuf),
}

/// A test part: some share of the rows, or a file.
pub fn test_part(text: &str) -> Result<Part, String> {
    match text.parse::<f64>() {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(Part::Share(share)),
        Ok(_) => Err("the test part is a share of the rows between 0 and 1, or a file \
                      (of a number as its name: ./2024)"
            .to_owned()),
        Err(_) => Ok(Part::File(PathBuf::from(text))),
    }
}

/// A validation part: a share of the rows, which may be none, or a file.
pub fn validation_part(text: &str) -> Result<Part, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..1.0).contains(&share) => Ok(Part::Share(share)),
        Ok(_) => Err("it must be a number from 0 to below 1, or a file \
                      (of a number as its name: ./2024)"
            .to_owned()),
        Err(_) => Ok(Part::File(PathBuf::from(text))),
    }
}

/// An activation that the library knows, or a formula of x.
pub fn activation(text: &str) -> Result<String, Error> {
    Ok(activations::Choice::parse(text)?.text().to_owned())
}

/// An initializer that the library knows, with its settings: `orthogonal:gain=1.4`.
pub fn initializer(text: &str) -> Result<String, Error> {
    Ok(initializers::Settings::parse(text)?.to_string())
}

/// A column to be embedded, with the length of its vectors behind the last colon, if it is there.
pub fn embed(text: &str) -> Result<Embed, String> {
    let (column, units) = match text.rsplit_once(':') {
        Some((column, units)) => match units.trim().parse::<usize>() {
            Ok(0) => return Err("the units of an embedding are 1 or more".to_owned()),
            Ok(units) => (column, Some(units)),
            // A colon of the column's own name.
            Err(_) => (text, None),
        },
        None => (text, None),
    };
    Ok(Embed { column: column.trim().to_owned(), units })
}

/// An optimizer that the library knows, with its settings: `sgd:momentum=0.9,nesterov=1`.
pub fn optimizer(text: &str) -> Result<String, Error> {
    Ok(optimizers::Settings::parse(text)?.to_string())
}

/// A schedule that the library knows, with its settings: `cosine:minimum=0.001`.
pub fn schedule(text: &str) -> Result<String, Error> {
    Ok(schedules::Settings::parse(text)?.to_string())
}

/// A loss that the library knows, with its settings, or a formula; which letters it may have
/// depends on the target.
pub fn loss(text: &str) -> Result<String, Error> {
    match Formula::is_one(text) {
        true => Ok(Formula::new(text, &["y", "p", "z"])?.text().to_owned()),
        false => Ok(losses::Settings::parse(text)?.to_string()),
    }
}

/// A metric that the library knows, or a formula of y and p.
pub fn metric(text: &str) -> Result<String, Error> {
    Ok(metrics::Choice::parse(text)?.name().to_owned())
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

/// A whole number from 2 on.
pub fn at_least_two(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if count > 1 => Ok(count),
        _ => Err("it must be a whole number, 2 or more".to_owned()),
    }
}

/// The file of a schema, read.
pub fn schema(path: &str) -> Result<Declarations, Error> {
    let file = path.to_owned();
    let bytes = std::fs::read(path).map_err(|reason| match reason.kind() {
        std::io::ErrorKind::NotFound => ErrorKind::FileNotFound { file },
        _ => ErrorKind::FileUnreadable { file, reason },
    })?;
    Declarations::read(&bytes, path)
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
        let read = |text: &str| optimizer(text).unwrap();
        assert_eq!(read("sgd:momentum=0.9, nesterov=1"), "sgd:momentum=0.9,nesterov=1");
        assert_eq!(read("adam"), "adam");
        let refusal = |text: &str| optimizer(text).unwrap_err().to_string();
        assert!(refusal("adma").contains("adam"));
        assert!(refusal("sgd:momentun=0.9").contains("momentum"));
        assert!(refusal("sgd:momentum=2").contains("below 1"));
        assert!(refusal("sgd:momentum").contains("a name and a number"));
    }

    #[test]
    fn an_embedding_has_units_behind_the_last_colon() {
        let read = |text: &str| embed(text).map(|embed| (embed.column, embed.units));
        assert_eq!(read("town:8"), Ok(("town".to_owned(), Some(8))));
        assert_eq!(read(" town "), Ok(("town".to_owned(), None)));
        assert_eq!(read("a:b:3"), Ok(("a:b".to_owned(), Some(3))));
        assert_eq!(read("a:b"), Ok(("a:b".to_owned(), None)));
        assert!(read("town:0").is_err());
    }

    #[test]
    fn a_schedule_with_settings() {
        assert_eq!(schedule("cosine: minimum=0.001").unwrap(), "cosine:minimum=0.001");
        assert!(schedule("cosin").unwrap_err().to_string().contains("cosine"));
        assert!(schedule("step:size=1.5").unwrap_err().to_string().contains("whole number"));
    }

    #[test]
    fn a_test_part_is_a_share_or_a_file() {
        assert_eq!(test_part("0.25"), Ok(Part::Share(0.25)));
        assert_eq!(test_part("t.csv"), Ok(Part::File("t.csv".into())));
        for wrong in ["0", "1", "-0.5", "nan", "inf"] {
            assert!(test_part(wrong).is_err(), "{wrong}");
        }
        // Without a validation part the training rows choose the best epoch.
        assert_eq!(validation_part("0"), Ok(Part::Share(0.0)));
        assert_eq!(validation_part("t.csv"), Ok(Part::File("t.csv".into())));
        for wrong in ["1", "-0.5", "nan", "inf"] {
            assert!(validation_part(wrong).is_err(), "{wrong}");
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
