//! The reference: everything there is by family, read off the tables that the rest uses.

use std::borrow::Cow;

use chainrule_core::function::{ELEMENTARY, FunctionRow, PRIMITIVES};
use chainrule_core::latex::latex_in;
use chainrule_core::simplify::written_derivatives;
use chainrule_core::text::{Scope, parse};
use chainrule_core::{Expr, Words};

use crate::activations::ACTIVATIONS;
use crate::error::{Result, unknown_name};
use crate::formula::scope;
use crate::initializers::INITIALIZERS;
use crate::layers::LAYERS;
use crate::losses::LOSSES;
use crate::metrics::METRICS;
use crate::optimizers::OPTIMIZERS;
use crate::schedules::SCHEDULES;
use crate::settings::Setting;

/// What belongs together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Functions that every formula knows.
    Functions,
    /// What a layer ends with.
    Activations,
    /// What training makes small.
    Losses,
    /// What is measured on whole columns.
    Metrics,
    /// How a step changes the parameters.
    Optimizers,
    /// How the learning rate goes on.
    Schedules,
    /// How the weights start.
    Initializers,
    /// What networks are made of.
    Layers,
}

impl Family {
    /// Every family, in the order in which they are listed.
    pub const ALL: [Self; 8] = [
        Self::Functions,
        Self::Activations,
        Self::Losses,
        Self::Metrics,
        Self::Optimizers,
        Self::Schedules,
        Self::Initializers,
        Self::Layers,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Functions => "functions",
            Self::Activations => "activations",
            Self::Losses => "losses",
            Self::Metrics => "metrics",
            Self::Optimizers => "optimizers",
            Self::Schedules => "schedules",
            Self::Initializers => "initializers",
            Self::Layers => "layers",
        }
    }

    /// The heading.
    pub fn title(self) -> Words {
        let (english, korean) = match self {
            Self::Functions => ("Functions", "함수"),
            Self::Activations => ("Activations", "활성화 함수"),
            Self::Losses => ("Losses", "손실 함수"),
            Self::Metrics => ("Metrics", "평가 지표"),
            Self::Optimizers => ("Optimizers", "최적화 알고리즘"),
            Self::Schedules => ("Learning rate schedules", "학습률 스케줄"),
            Self::Initializers => ("Initializers", "초기화"),
            Self::Layers => ("Layers", "층"),
        };
        Words { english, korean }
    }
}

/// One member of a family.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The family.
    pub family: Family,
    /// The name on every surface.
    pub name: &'static str,
    /// The formula as text; a loss has one for each kind of output.
    pub formulas: Vec<Cow<'static, str>>,
    /// The formula in LaTeX, of what has one expression.
    pub latex: Option<String>,
    /// The derivative (by x, or by a loss's p or z) as a teacher writes it, and in LaTeX.
    pub derivative: Option<Derivative>,
    /// Where it has a value, and which values it has.
    pub domain: Option<&'static str>,
    /// Which values it takes.
    pub range: Option<&'static str>,
    /// What it is.
    pub about: Words,
    /// When to use it, if that is said apart.
    pub use_it: Option<Words>,
    /// What can be set.
    pub settings: Vec<Settable>,
}

/// A derivative for people.
#[derive(Clone, Debug, PartialEq)]
pub struct Derivative {
    /// The variable.
    pub by: &'static str,
    /// As a formula.
    pub text: String,
    /// In LaTeX.
    pub latex: String,
}

/// Something that can be set.
#[derive(Clone, Debug)]
pub struct Settable {
    /// The name.
    pub name: &'static str,
    /// The value unless another is given; `None` if it must be.
    pub default: Option<String>,
    /// The values that it may have, if they are numbers.
    pub range: Option<&'static str>,
    /// What it does.
    pub about: Words,
}

/// Everything there is, family after family.
///
/// ```
/// use chainrule::reference::{Family, entries};
/// let relu = entries().into_iter().find(|entry| entry.name == "relu").unwrap();
/// assert_eq!(relu.family, Family::Activations);
/// assert_eq!(relu.derivative.unwrap().text, "where(x > 0, 1, 0)");
/// ```
pub fn entries() -> Vec<Entry> {
    Family::ALL.into_iter().flat_map(members).collect()
}

/// The entries of a name, or all of a family.
///
/// # Errors
/// [`UnknownName`](crate::ErrorKind::UnknownName), with the nearest name.
pub fn find(name: &str) -> Result<Vec<Entry>> {
    let all = entries();
    if let Some(family) = Family::ALL.into_iter().find(|family| family.name() == name) {
        return Ok(members(family));
    }
    let names: Vec<&'static str> = all.iter().map(|entry| entry.name).collect();
    let found: Vec<Entry> = all.into_iter().filter(|entry| entry.name == name).collect();
    match found.is_empty() {
        true => {
            Err(unknown_name("function, loss, metric or other member", name, names.into_iter()))
        }
        false => Ok(found),
    }
}

/// The members of a family, in the order of its table.
fn members(family: Family) -> Vec<Entry> {
    match family {
        Family::Functions => {
            PRIMITIVES.iter().chain(ELEMENTARY).map(|row| function(family, row)).collect()
        }
        Family::Activations => ACTIVATIONS
            .iter()
            .map(|row| Entry { use_it: Some(row.use_it), ..function(family, &row.function) })
            .collect(),
        Family::Losses => LOSSES
            .iter()
            .map(|loss| {
                let form = loss.forms.first();
                let by = form.and_then(|form| form.output.letters().first().copied());
                let formula = form.map_or("", |form| form.formula);
                Entry {
                    formulas: loss.forms.iter().map(|form| form.formula.into()).collect(),
                    latex: expression(formula).and_then(|expr| latex_in(&expr, &scope()).ok()),
                    derivative: by.and_then(|by| derivative(formula, by)),
                    settings: loss.settings.iter().map(settable).collect(),
                    ..entry(family, loss.name, loss.about)
                }
            })
            .collect(),
        Family::Metrics => METRICS
            .iter()
            .map(|metric| Entry {
                formulas: vec![metric.formula.into()],
                range: Some(metric.range),
                ..entry(family, metric.name, metric.about)
            })
            .collect(),
        Family::Optimizers => OPTIMIZERS
            .iter()
            .map(|row| with_settings(family, (row.name, row.formula, row.about), row.settings))
            .collect(),
        Family::Schedules => SCHEDULES
            .iter()
            .map(|row| with_settings(family, (row.name, row.formula, row.about), row.settings))
            .collect(),
        Family::Initializers => INITIALIZERS
            .iter()
            .map(|row| with_settings(family, (row.name, row.formula, row.about), row.settings))
            .collect(),
        Family::Layers => LAYERS
            .iter()
            .map(|kind| Entry {
                formulas: vec![kind.formula.into()],
                settings: (kind.settings.iter())
                    .map(|setting| Settable {
                        name: setting.name,
                        default: setting.default.map(str::to_owned),
                        range: None,
                        about: setting.about,
                    })
                    .collect(),
                ..entry(family, kind.name, kind.about)
            })
            .collect(),
    }
}

/// An entry with a name and words alone.
fn entry(family: Family, name: &'static str, about: Words) -> Entry {
    Entry {
        family,
        name,
        formulas: Vec::new(),
        latex: None,
        derivative: None,
        domain: None,
        range: None,
        about,
        use_it: None,
        settings: Vec::new(),
    }
}

fn with_settings(
    family: Family,
    (name, formula, about): (&'static str, &'static str, Words),
    settings: &'static [Setting],
) -> Entry {
    let settings = settings.iter().map(settable).collect();
    Entry { formulas: vec![formula.into()], settings, ..entry(family, name, about) }
}

fn settable(setting: &Setting) -> Settable {
    Settable {
        name: setting.name,
        default: Some(setting.default.to_string()),
        range: Some(setting.range.describe()),
        about: setting.about,
    }
}

fn function(family: Family, row: &'static FunctionRow) -> Entry {
    let is_one_number = !row.formula.contains("axis=");
    let derivative = row.parameters.first().filter(|_| is_one_number);
    Entry {
        formulas: vec![row.formula.into()],
        latex: expression(row.formula).and_then(|expr| latex_in(&expr, &scope()).ok()),
        derivative: derivative.and_then(|by| self::derivative(row.formula, by)),
        domain: Some(row.domain),
        range: Some(row.range),
        ..entry(family, row.name, row.doc)
    }
}

/// A formula of numbers as an expression, every function spelled out; none of rows.
fn expression(formula: &str) -> Option<Expr> {
    let scope = Scope::free().functions(crate::activations::FUNCTIONS).spelled();
    parse(formula, &scope).ok()
}

fn derivative(formula: &str, by: &'static str) -> Option<Derivative> {
    let expr = expression(formula)?;
    let slope = written_derivatives(&expr, &Expr::variable(by), 1).ok()?.pop()?;
    let latex = latex_in(&slope, &scope()).ok()?;
    Some(Derivative { by, text: slope.to_string(), latex })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_core::oracle::evaluate;

    #[test]
    fn every_entry_says_what_it_is_in_both_languages() {
        let all = entries();
        assert!(all.len() > 130, "{}", all.len());
        let is_hangul = |letter: char| ('가'..='힣').contains(&letter);
        for entry in all {
            let texts = [Some(entry.about), entry.use_it].into_iter().flatten();
            for words in texts.chain(entry.settings.iter().map(|setting| setting.about)) {
                assert!(!words.english.is_empty(), "{}", entry.name);
                assert!(words.korean.contains(is_hangul), "{}: {}", entry.name, words.korean);
                assert!(!words.english.contains(is_hangul), "{}", entry.name);
            }
            assert!(!entry.formulas.is_empty(), "{}", entry.name);
        }
    }

    #[test]
    fn each_elementwise_activation_and_most_losses_have_their_derivative() {
        let with = |family: Family| {
            let of_family = entries().into_iter().filter(move |entry| entry.family == family);
            of_family.filter(|entry| entry.derivative.is_some()).count()
        };
        let elementwise = ACTIVATIONS.iter().filter(|activation| activation.elementwise).count();
        assert_eq!(with(Family::Activations), elementwise);
        assert!(with(Family::Losses) >= 10, "{}", with(Family::Losses));
    }

    /// What is shown is the derivative: it equals the central difference of the formula.
    #[test]
    fn derivatives_are_those_of_the_formulas() {
        let mut checked = 0;
        for entry in entries() {
            let Some(shown) = &entry.derivative else { continue };
            let formula = expression(&entry.formulas[0]).unwrap();
            let slope = parse(&shown.text, &Scope::free().functions(crate::activations::FUNCTIONS));
            let slope = slope.unwrap_or_else(|error| panic!("{}: {error}", entry.name));
            for at in [0.3, 0.7] {
                let value = |expr: &Expr, x: f64| {
                    let others = ["x", "y", "p", "z", "m", "s", "a", "b", "c", "n", "delta", "q"];
                    let more = ["slope", "alpha", "gamma", "scale", "label_smoothing", "t"];
                    let given: Vec<(&str, [f64; 1])> = others
                        .into_iter()
                        .chain(more)
                        .map(|name| (name, [if name == shown.by { x } else { 0.45 }]))
                        .collect();
                    let given: Vec<(&str, &[f64])> =
                        given.iter().map(|(name, value)| (*name, &value[..])).collect();
                    evaluate(std::slice::from_ref(expr), &given).map(|found| found[0][0])
                };
                let h = 1e-6;
                let (Ok(up), Ok(down), Ok(exact)) =
                    (value(&formula, at + h), value(&formula, at - h), value(&slope, at))
                else {
                    continue;
                };
                let numeric = (up - down) / (2.0 * h);
                let near = (exact - numeric).abs() <= 1e-6 * numeric.abs().max(1.0);
                assert!(near, "{} at {at}: {} is {exact}, not {numeric}", entry.name, shown.text);
                checked += 1;
            }
        }
        assert!(checked > 80, "{checked}");
    }

    #[test]
    fn a_name_finds_every_family_that_has_it() {
        let families = |name: &str| -> Vec<Family> {
            find(name).unwrap().iter().map(|entry| entry.family).collect()
        };
        assert_eq!(families("mse"), [Family::Losses, Family::Metrics]);
        assert_eq!(find("losses").unwrap().len(), LOSSES.len());
        assert!(find("sigmiod").unwrap_err().to_string().contains("sigmoid"));
    }
}
