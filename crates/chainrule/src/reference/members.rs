//! The rows of each table as entries.

use chainrule_core::Words;
use chainrule_core::function::{ELEMENTARY, FunctionRow, PRIMITIVES};

use super::words::of_range;
use super::{Entry, Family, Formula, Settable, Value};
use crate::activations::ACTIVATIONS;
use crate::clipping::By;
use crate::initializers::INITIALIZERS;
use crate::layers::{LAYERS, LayerSetting};
use crate::losses::{LOSSES, Loss};
use crate::metrics::METRICS;
use crate::optimizers::OPTIMIZERS;
use crate::schedules::SCHEDULES;
use crate::settings::Setting;

/// The members of a family, in the order of its table.
pub(super) fn of(family: Family) -> Vec<Entry> {
    match family {
        Family::Functions => {
            PRIMITIVES.iter().chain(ELEMENTARY).map(|row| function(family, row)).collect()
        }
        Family::Activations => ACTIVATIONS
            .iter()
            .map(|row| Entry {
                use_it: Some(row.use_it),
                learned: row.learned,
                ..function(family, &row.function)
            })
            .collect(),
        Family::Losses => LOSSES
            .iter()
            .map(|loss| Entry {
                formulas: of_loss(loss),
                settings: settings(loss.settings),
                ..entry(family, loss.name, loss.about)
            })
            .collect(),
        Family::Metrics => METRICS
            .iter()
            .map(|metric| Entry {
                formulas: vec![Formula::of_metric(metric.formula, metric.measure.into())],
                range: Some(metric.range),
                better: Some(metric.better),
                ..entry(family, metric.name, metric.about)
            })
            .collect(),
        Family::Optimizers => OPTIMIZERS
            .iter()
            .map(|row| Entry {
                formulas: vec![Formula::of_rule(row.formula)],
                learning_rate: Some(row.default_learning_rate),
                settings: settings(row.settings),
                ..entry(family, row.name, row.about)
            })
            .collect(),
        Family::Schedules => SCHEDULES
            .iter()
            .map(|row| Entry {
                formulas: vec![Formula::of_rule(row.formula)],
                settings: settings(row.settings),
                ..entry(family, row.name, row.about)
            })
            .collect(),
        Family::Clipping => By::ALL
            .iter()
            .map(|by| Entry {
                formulas: vec![Formula::of_rule(by.formula())],
                ..entry(family, by.name(), by.about())
            })
            .collect(),
        Family::Initializers => INITIALIZERS
            .iter()
            .map(|row| Entry {
                formulas: vec![Formula::of(row.formula)],
                settings: settings(row.settings),
                ..entry(family, row.name, row.about)
            })
            .collect(),
        Family::Layers => LAYERS
            .iter()
            .map(|kind| Entry {
                formulas: vec![Formula::of_rule(kind.formula)],
                settings: kind.settings.iter().map(of_layer).collect(),
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
        parameters: Vec::new(),
        formulas: Vec::new(),
        domain: None,
        range: None,
        better: None,
        about,
        use_it: None,
        learned: &[],
        learning_rate: None,
        settings: Vec::new(),
    }
}

fn function(family: Family, row: &'static FunctionRow) -> Entry {
    let given = row.argument_counts().0;
    let defaults = row.defaults.iter().map(|&value| Some(value));
    let values = std::iter::repeat_n(None, given).chain(defaults);
    Entry {
        parameters: row.parameters.iter().copied().zip(values).collect(),
        formulas: vec![Formula::of_function(row)],
        domain: Some(row.domain),
        range: Some(row.range),
        ..entry(family, row.name, row.doc)
    }
}

/// A formula for each kind of output.
fn of_loss(loss: &Loss) -> Vec<Formula> {
    let forms = loss.forms.iter();
    forms
        .map(|form| {
            let whole = loss.whole_of(form);
            Formula::of_loss(whole, form.formula, form.output.letters(), form.output.into())
        })
        .collect()
}

fn settings(settings: &[Setting]) -> Vec<Settable> {
    settings
        .iter()
        .map(|setting| Settable {
            name: setting.name,
            default: Some(Value::Number(setting.default)),
            range: Some(of_range(setting.range)),
            about: setting.about,
        })
        .collect()
}

fn of_layer(setting: &LayerSetting) -> Settable {
    let value = |text: &'static str| match text.parse() {
        Ok(number) => Value::Number(number),
        Err(_) => Value::Text(text),
    };
    Settable {
        name: setting.name,
        default: setting.default.map(value),
        range: None,
        about: setting.about,
    }
}
