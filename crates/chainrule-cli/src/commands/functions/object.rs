//! An entry as a line of JSON.

use chainrule::Language;
use chainrule::metrics::Better;
use chainrule::reference::{Derivative, Entry, Formula, Settable, Value};

use super::example::examples;
use crate::output::Object;

/// Everything about an entry; texts in the language that was asked for.
pub fn object(entry: &Entry, language: Language) -> Object {
    let mut object = Object::new().text("family", entry.family.name()).text("name", entry.name);
    if let Some(call) = entry.call() {
        let parameters = entry.parameters.iter().map(|&(name, default)| {
            let object = Object::new().text("name", name);
            default.map_or(object.clone(), |default| object.number("default", default))
        });
        object = object.text("call", &call).objects("parameters", parameters);
    }
    object = object.objects("formulas", entry.formulas.iter().map(|f| formula(f, language)));
    let better = entry.better.map(|better| match better {
        Better::Higher => "higher",
        Better::Lower => "lower",
    });
    for (key, text) in [
        ("domain", entry.domain),
        ("range", entry.range),
        ("better", better),
        ("about", Some(entry.about.of(language))),
        ("use", entry.use_it.map(|words| words.of(language))),
    ] {
        if let Some(text) = text {
            object = object.text(key, text);
        }
    }
    if !entry.learned.is_empty() {
        object = object.object("learned", Some(Object::new().numbers(entry.learned)));
    }
    if let Some(rate) = entry.learning_rate {
        object = object.number("learning_rate", rate);
    }
    if !entry.settings.is_empty() {
        object = object.objects("settings", entry.settings.iter().map(|s| setting(s, language)));
    }
    object.texts("examples", &examples(entry))
}

fn formula(formula: &Formula, language: Language) -> Object {
    let mut object = Object::new().text("text", &formula.text);
    for (key, text) in [
        ("of_row", formula.of_row),
        ("latex", formula.latex.as_deref()),
        ("targets", formula.targets.map(|targets| targets.words().of(language))),
    ] {
        if let Some(text) = text {
            object = object.text(key, text);
        }
    }
    let derivative = |Derivative { by, text, latex }: &Derivative| {
        Object::new().text("by", by).text("text", text).text("latex", latex)
    };
    object.objects("derivatives", formula.derivatives.iter().map(derivative))
}

/// A setting; without a default it must be given.
fn setting(setting: &Settable, language: Language) -> Object {
    let mut object = Object::new().text("name", setting.name);
    match setting.default {
        Some(Value::Number(number)) => object = object.number("default", number),
        Some(Value::Text(text)) => object = object.text("default", text),
        None => {}
    }
    if let Some(range) = setting.range {
        object = object.text("range", range.of(language));
    }
    object.text("about", setting.about.of(language))
}
