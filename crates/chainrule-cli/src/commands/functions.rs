//! `chainrule functions`: everything there is by family, and all about one of it.

use chainrule::reference::{Entry, Family, entries, find};
use chainrule::{Language, Words};

use crate::args::Functions;
use crate::failure::Failure;
use crate::output::{Align, Object, Output};

/// Lists everything, a family, or one name.
pub fn run(args: &Functions, output: &mut Output) -> Result<(), Failure> {
    let language = args.lang.unwrap_or_else(of_locale);
    let (found, whole) = match &args.name {
        None => (entries(), false),
        Some(name) => {
            let is_family = Family::ALL.iter().any(|family| family.name() == name);
            (find(name)?, !is_family)
        }
    };
    if output.json() {
        found.iter().for_each(|entry| output.object(object(entry, language)));
    } else if whole {
        for (number, entry) in found.iter().enumerate() {
            if number > 0 {
                output.line("");
            }
            show(entry, language, output);
        }
    } else {
        list(&found, language, output);
    }
    Ok(())
}

/// The language of the messages, as POSIX orders the variables.
fn of_locale() -> Language {
    let given = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(std::env::var_os);
    let locale = given.map(|value| value.to_string_lossy().into_owned());
    match locale.into_iter().find(|locale| !locale.is_empty()) {
        Some(locale) if locale == "ko" || locale.starts_with("ko_") => Language::Korean,
        _ => Language::English,
    }
}

/// A line for each entry, under the heading of its family.
fn list(entries: &[Entry], language: Language, output: &mut Output) {
    for (number, family) in entries.chunk_by(|a, b| a.family == b.family).enumerate() {
        if number > 0 {
            output.line("");
        }
        output.line(family[0].family.title().of(language));
        let rows: Vec<(Vec<String>, String)> = family
            .iter()
            .map(|entry| (vec![format!("  {}", entry.name)], first_sentence(entry, language)))
            .collect();
        output.explained(&rows, &[Align::Left]);
    }
}

/// What an entry is, up to the first stop.
fn first_sentence(entry: &Entry, language: Language) -> String {
    let text = entry.about.of(language);
    let end = text.find(". ").map_or(text.len(), |end| end + 1);
    text[..end].to_owned()
}

/// Everything about an entry.
fn show(entry: &Entry, language: Language, output: &mut Output) {
    let word = |english, korean| Words { english, korean }.of(language);
    output.line(&format!("{}  ({})", entry.name, entry.family.title().of(language)));
    for formula in &entry.formulas {
        output.result(word("formula", "식"), formula);
    }
    if let Some(latex) = &entry.latex {
        output.result("LaTeX", latex);
    }
    if let Some(derivative) = &entry.derivative {
        let label = word("derivative", "도함수");
        output.result(label, &format!("d/d{} = {}", derivative.by, derivative.text));
    }
    for (label, text) in
        [(word("domain", "정의역"), entry.domain), (word("range", "값의 범위"), entry.range)]
    {
        if let Some(text) = text {
            output.result(label, text);
        }
    }
    output.result(word("about", "설명"), entry.about.of(language));
    if let Some(words) = entry.use_it {
        output.result(word("use it", "쓰임"), words.of(language));
    }
    for (number, setting) in entry.settings.iter().enumerate() {
        let default = setting.default.as_deref();
        let default = default.map_or(String::new(), |default| format!(" = {default}"));
        let range = setting.range.map_or(String::new(), |range| format!(" ({range})"));
        let label = if number == 0 { word("settings", "설정") } else { "" };
        let about = setting.about.of(language);
        output.result(label, &format!("{}{default}{range}: {about}", setting.name));
    }
    if let Some(example) = example(entry) {
        output.result(word("example", "예"), &example);
    }
}

/// A command that uses an entry.
fn example(entry: &Entry) -> Option<String> {
    let name = entry.name;
    let set = match entry.settings.first() {
        Some(setting) => format!("{name}:{}={}", setting.name, setting.default.as_deref()?),
        None => name.to_owned(),
    };
    Some(match entry.family {
        Family::Functions => return None,
        Family::Activations => format!("chainrule train DATA --target y --activation {name}"),
        Family::Losses => format!("chainrule train DATA --target y --loss {set}"),
        Family::Metrics => format!("chainrule evaluate MODEL DATA --metric {name}"),
        Family::Optimizers => format!("chainrule train DATA --target y --optimizer {set}"),
        Family::Schedules => format!("chainrule train DATA --target y --schedule {set}"),
        Family::Initializers => format!("chainrule train DATA --target y --initializer {set}"),
        Family::Layers => return None,
    })
}

/// An entry as JSON.
fn object(entry: &Entry, language: Language) -> Object {
    let mut object = Object::new().text("family", entry.family.name()).text("name", entry.name);
    if let Some(formula) = entry.formulas.first() {
        object = object.text("formula", formula);
    }
    let derivative = entry.derivative.as_ref();
    for (key, text) in [
        ("latex", entry.latex.as_deref()),
        ("derivative", derivative.map(|derivative| &*derivative.text)),
        ("derivative_latex", derivative.map(|derivative| &*derivative.latex)),
        ("domain", entry.domain),
        ("range", entry.range),
        ("about", Some(entry.about.of(language))),
        ("use", entry.use_it.map(|words| words.of(language))),
    ] {
        if let Some(text) = text {
            object = object.text(key, text);
        }
    }
    let settings = entry.settings.iter().fold(Object::new(), |settings, setting| {
        settings.text(setting.name, setting.default.as_deref().unwrap_or("required"))
    });
    object.object("settings", (!entry.settings.is_empty()).then_some(settings))
}
