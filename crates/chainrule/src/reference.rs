//! The reference: everything there is by family, read off the tables that the rest uses.

mod defaults;
mod formula;
mod members;
mod tools;
mod words;

use std::fmt;

use chainrule_core::text::nearest;
use chainrule_core::{Language, Words};

use crate::error::{ErrorKind, Result};
use crate::metrics::Better;
pub use defaults::{DISAGREEMENTS, Disagreement};
pub use formula::{Derivative, Formula};
pub use tools::{Remark, remarks};
pub use words::{Family, Targets};

/// One member of a family.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The family.
    pub family: Family,
    /// The name on every surface.
    pub name: &'static str,
    /// What a call in a formula takes, each with its value where it may be left out; empty for
    /// what formulas do not know.
    pub parameters: Vec<(&'static str, Option<f64>)>,
    /// What it is; a loss has one for each kind of target that it suits.
    pub formulas: Vec<Formula>,
    /// Where it has a value.
    pub domain: Option<&'static str>,
    /// Which values it takes.
    pub range: Option<&'static str>,
    /// Which value is better, of a metric.
    pub better: Option<Better>,
    /// What it is; often also when to use it, who found it, and where tools differ.
    pub about: Words,
    /// When to use it, if that is said apart.
    pub use_it: Option<Words>,
    /// What it learns, with the first values.
    pub learned: &'static [(&'static str, f64)],
    /// The learning rate unless another is given, of an optimizer.
    pub learning_rate: Option<f64>,
    /// What can be set.
    pub settings: Vec<Settable>,
}

/// Something that can be set.
#[derive(Clone, Debug)]
pub struct Settable {
    /// The name.
    pub name: &'static str,
    /// The value unless another is given; `None` if it must be.
    pub default: Option<Value>,
    /// The values that it may have, if they are numbers.
    pub range: Option<Words>,
    /// What it does.
    pub about: Words,
}

/// The value of a setting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// A number.
    Number(f64),
    /// Something else, as text.
    Text(&'static str),
}

/// `0.9`, `1e-8`, `normal`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => {
                let text = format!("{number:?}");
                f.write_str(text.strip_suffix(".0").unwrap_or(&text))
            }
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl Entry {
    /// How a formula calls it, `leaky_relu(x, slope)`; none of what formulas do not know.
    pub fn call(&self) -> Option<String> {
        let names: Vec<&str> = self.parameters.iter().map(|(name, _)| *name).collect();
        (!names.is_empty()).then(|| format!("{}({})", self.name, names.join(", ")))
    }

    /// The first sentence of what it is, in a language.
    pub fn summary(&self, language: Language) -> &'static str {
        tools::sentences(self.about.of(language)).next().unwrap_or_default()
    }
}

/// Everything there is, family after family.
///
/// ```
/// use chainrule::reference::{Family, entries};
/// let relu = entries().into_iter().find(|entry| entry.name == "relu").unwrap();
/// assert_eq!(relu.family, Family::Activations);
/// assert_eq!(relu.formulas[0].derivatives[0].text, "where(x > 0, 1, 0)");
/// ```
pub fn entries() -> Vec<Entry> {
    Family::ALL.into_iter().flat_map(members::of).collect()
}

/// The entries of a name in the order of the families, or all of a family.
///
/// # Errors
/// [`UnknownName`](ErrorKind::UnknownName), with the entry that speaks of such a thing or has the
/// nearest name, and with the families.
///
/// ```
/// use chainrule::reference::find;
/// assert_eq!(find("mse").unwrap().len(), 2);
/// assert!(find("losses").unwrap().len() > 10);
/// assert!(find("sigmiod").unwrap_err().to_string().contains("sigmoid"));
/// assert!(find("swish").unwrap_err().to_string().contains("silu"));
/// ```
pub fn find(name: &str) -> Result<Vec<Entry>> {
    if let Some(family) = Family::ALL.into_iter().find(|family| family.name() == name) {
        return Ok(members::of(family));
    }
    let all = entries();
    if all.iter().any(|entry| entry.name == name) {
        return Ok(all.into_iter().filter(|entry| entry.name == name).collect());
    }
    let families = Family::ALL.map(Family::name);
    let names = all.iter().map(|entry| entry.name).chain(families);
    let same = names.clone().find(|other| other.eq_ignore_ascii_case(name));
    let told = || all.iter().find(|entry| speaks_of(entry, name)).map(|entry| entry.name);
    let meant = same.or_else(told).or_else(|| nearest(name, names));
    Err(ErrorKind::UnknownName {
        family: "member or family",
        name: name.to_owned(),
        nearest: meant.map(str::to_owned),
        available: families.map(str::to_owned).to_vec(),
    }
    .into())
}

/// Whether the text of an entry has a word: `ln` and `swish` are names, too.
fn speaks_of(entry: &Entry, word: &str) -> bool {
    let is_word = |text: &str| {
        let mut words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        words.any(|other| other.eq_ignore_ascii_case(word))
    };
    let is_hangul = word.chars().all(|letter| ('가'..='힣').contains(&letter));
    match is_hangul {
        _ if word.is_empty() => false,
        true => entry.about.korean.contains(word),
        false => is_word(entry.about.english),
    }
}

#[cfg(test)]
mod tests {
    use super::formula::expression;
    use super::*;
    use crate::activations::{ACTIVATIONS, FUNCTIONS};
    use chainrule_core::Expr;
    use chainrule_core::function::{ELEMENTARY, PRIMITIVES};
    use chainrule_core::oracle::evaluate;
    use chainrule_core::text::{Scope, parse};

    fn of(family: Family) -> Vec<Entry> {
        find(family.name()).unwrap()
    }

    #[test]
    fn every_row_of_every_table_is_an_entry() {
        let tables: [(Family, Vec<&str>); 9] = [
            (Family::Functions, [PRIMITIVES, ELEMENTARY].concat().iter().map(|f| f.name).collect()),
            (Family::Activations, ACTIVATIONS.iter().map(|row| row.name()).collect()),
            (Family::Losses, crate::losses::LOSSES.iter().map(|row| row.name).collect()),
            (Family::Metrics, crate::metrics::METRICS.iter().map(|row| row.name).collect()),
            (
                Family::Optimizers,
                crate::optimizers::OPTIMIZERS.iter().map(|row| row.name).collect(),
            ),
            (Family::Schedules, crate::schedules::SCHEDULES.iter().map(|row| row.name).collect()),
            (Family::Clipping, crate::clipping::By::ALL.iter().map(|by| by.name()).collect()),
            (
                Family::Initializers,
                crate::initializers::INITIALIZERS.iter().map(|row| row.name).collect(),
            ),
            (Family::Layers, crate::layers::LAYERS.iter().map(|row| row.name).collect()),
        ];
        assert_eq!(tables.each_ref().map(|(family, _)| *family), Family::ALL);
        for (family, names) in tables {
            let listed: Vec<&str> = of(family).iter().map(|entry| entry.name).collect();
            assert_eq!(listed, names);
        }
    }

    /// Both languages say something, and not the same.
    #[test]
    fn every_text_is_english_and_korean() {
        let is_hangul = |letter: char| ('가'..='힣').contains(&letter);
        let families = Family::ALL.map(|family| (family.name(), family.about())).into_iter();
        let of_entries = entries().into_iter().flat_map(|entry| {
            let settings = entry
                .settings
                .iter()
                .flat_map(|setting| [Some(setting.about), setting.range].into_iter().flatten());
            let targets = entry.formulas.iter().filter_map(|formula| formula.targets);
            let texts = [Some(entry.about), entry.use_it].into_iter().flatten();
            let texts = texts.chain(settings).chain(targets.map(Targets::words));
            texts.map(|words| (entry.name, words)).collect::<Vec<_>>()
        });
        for (name, words) in families.chain(of_entries) {
            assert!(!words.english.is_empty(), "{name}");
            assert!(!words.english.contains(is_hangul), "{name}: {}", words.english);
            assert!(words.korean.contains(is_hangul), "{name}: {}", words.korean);
        }
    }

    /// Of functions of numbers only those are left out that take a row.
    #[test]
    fn functions_activations_and_losses_have_their_mathematics() {
        for family in [Family::Functions, Family::Activations, Family::Losses] {
            for entry in of(family) {
                for formula in &entry.formulas {
                    let name = (entry.name, &formula.text);
                    assert!(formula.latex.is_some(), "{name:?}");
                    let is_of_a_row = formula.text.contains("axis=");
                    assert_eq!(formula.derivatives.is_empty(), is_of_a_row, "{name:?}");
                }
            }
        }
        for entry in entries() {
            for formula in entry.formulas {
                let latex = formula.latex.unwrap_or_default();
                for left in ["axis", "gather", "logsumexp", r"\operatorname{mean}"] {
                    assert!(!latex.contains(left), "{}: {latex}", entry.name);
                }
            }
        }
    }

    /// What is shown is the derivative: it equals the central difference of the formula.
    #[test]
    fn derivatives_are_those_of_the_formulas() {
        let scope = Scope::free().functions(FUNCTIONS);
        for entry in entries() {
            for formula in &entry.formulas {
                let text = formula.of_row.unwrap_or(&formula.text);
                for shown in &formula.derivatives {
                    let slope = parse(&shown.text, &scope).unwrap();
                    let function = expression(text).unwrap();
                    // Where a function has no value or a kink it has no difference.
                    let checked = [-1.7, -0.4, 0.3, 0.7, 2.2]
                        .into_iter()
                        .filter(|&at| agrees(&function, &slope, shown.by, at, entry.name))
                        .count();
                    assert!(checked >= 2, "{} by {}: {checked}", entry.name, shown.by);
                }
            }
        }
    }

    /// Whether both have a value at a point; there the slope must be the difference's.
    fn agrees(function: &Expr, slope: &Expr, by: &str, at: f64, name: &str) -> bool {
        let value = |expr: &Expr, x: f64| {
            let letters = "x y p z m s a b c n q delta slope alpha gamma label_smoothing";
            let given: Vec<(&str, [f64; 1])> = letters
                .split(' ')
                .map(|name| (name, [if name == by { x } else { 0.45 }]))
                .collect();
            let given: Vec<(&str, &[f64])> =
                given.iter().map(|(name, value)| (*name, &value[..])).collect();
            evaluate(std::slice::from_ref(expr), &given).unwrap()[0][0]
        };
        let h = 1e-6;
        let (up, down, exact) =
            (value(function, at + h), value(function, at - h), value(slope, at));
        let numeric = (up - down) / (2.0 * h);
        let near = (exact - numeric).abs() <= 1e-7 * numeric.abs().max(1.0);
        assert!(near || numeric.is_nan(), "{name} at {at}: {slope} is {exact}, not {numeric}");
        !numeric.is_nan()
    }

    #[test]
    fn a_name_finds_every_family_that_has_it() {
        let families = |name: &str| -> Vec<Family> {
            find(name).unwrap().iter().map(|entry| entry.family).collect()
        };
        assert_eq!(families("mse"), [Family::Losses, Family::Metrics]);
        assert_eq!(families("linear"), [Family::Activations, Family::Schedules]);
        assert_eq!(families("exponential"), [Family::Functions, Family::Schedules]);
    }

    #[test]
    fn what_is_not_there_may_be_spoken_of() {
        for (name, meant) in [
            ("ln", "\"log\""),
            ("Xavier", "\"glorot_uniform\""),
            ("pinball", "\"quantile\""),
            ("정밀도", "\"precision\""),
            ("lossses", "\"losses\""),
            ("Relu", "\"relu\""),
        ] {
            let refusal = find(name).unwrap_err().to_string();
            assert!(refusal.contains(&format!("did you mean {meant}?")), "{refusal}");
        }
        let refusal = find("zzz").unwrap_err().to_string();
        assert!(refusal.contains("known are \"functions\", \"activations\""), "{refusal}");
        assert!(find("").is_err());
    }

    #[test]
    fn what_tools_do_otherwise_is_gathered_in_both_languages() {
        let all = entries();
        let english = remarks(&all, Language::English);
        let korean = remarks(&all, Language::Korean);
        let places = |remarks: &[Remark]| -> Vec<(Vec<&str>, Option<&str>)> {
            remarks.iter().map(|remark| (remark.names.clone(), remark.setting)).collect()
        };
        assert_eq!(places(&english), places(&korean));
        for (name, setting) in [
            ("leaky_relu", None),
            ("adam", Some("epsilon")),
            ("rmsprop", None),
            ("batch_norm", None),
            ("gaussian_nll", None),
            ("focal", None),
            ("lbfgs", Some("history")),
        ] {
            let found = english
                .iter()
                .any(|remark| remark.names.contains(&name) && remark.setting == setting);
            assert!(found, "{name} {setting:?}");
        }
    }
}
