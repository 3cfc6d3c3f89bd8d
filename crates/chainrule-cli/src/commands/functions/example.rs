//! Commands that use an entry, on the data sets of the repository.

use chainrule::reference::{Entry, Family, Settable, Targets, Value};

/// Values that are worth trying, of settings whose defaults change nothing or say nothing.
const WORTH_TRYING: [(&str, f64); 11] = [
    ("delta", 2.0),
    ("q", 0.9),
    ("label_smoothing", 0.1),
    ("momentum", 0.9),
    ("weight_decay", 0.01),
    ("minimum", 1e-5),
    ("end", 0.1),
    ("slope", 0.01),
    ("gain", 1.4),
    ("deviation", 0.05),
    ("value", 0.1),
];

/// Commands that use an entry.
pub fn examples(entry: &Entry) -> Vec<String> {
    let train = |options: &str| format!("{} {options}", on(entry.formulas[0].targets));
    let set = with_a_setting(entry);
    match entry.family {
        Family::Functions => derive(entry).into_iter().collect(),
        Family::Activations => {
            let named = train(&format!("--activation {}", entry.name));
            [Some(named), typed(entry), derive(entry)].into_iter().flatten().collect()
        }
        Family::Losses => (entry.formulas.iter())
            .map(|formula| format!("{} --loss {set}", on(formula.targets)))
            .collect(),
        Family::Metrics => vec![train(&format!("--metric {}", entry.name))],
        Family::Optimizers => vec![train(&format!("--optimizer {set}"))],
        Family::Schedules => vec![train(&format!("--schedule {set}"))],
        Family::Clipping => vec![train(&format!("--clip {}=1", entry.name))],
        Family::Initializers => vec![train(&format!("--initializer {set}"))],
        Family::Layers => vec![of_layer(entry.name)],
    }
}

/// A training on targets of a kind.
fn on(targets: Option<Targets>) -> &'static str {
    match targets {
        Some(Targets::Numbers) | None => "chainrule train datasets/diabetes.csv --target target",
        Some(Targets::SeveralNumbers) => "chainrule train datasets/diabetes.csv --target s1,s2",
        Some(Targets::TwoClasses) => {
            "chainrule train datasets/breast_cancer.csv --target diagnosis"
        }
        Some(Targets::MoreClasses | Targets::Classes) => {
            "chainrule train datasets/penguins.csv --target species"
        }
    }
}

/// The options of a layer.
fn of_layer(name: &str) -> String {
    let train = on(None);
    match name {
        "dense" => format!("{train} --layers 64,64"),
        "activation" => format!("{train} --batch-norm --activation silu"),
        "dropout" => format!("{train} --dropout 0.1"),
        "batch_norm" => format!("{train} --batch-norm"),
        "layer_norm" => format!("{train} --layer-norm"),
        "residual" => format!("{train} --layers 64,64 --residual"),
        "embedding" => {
            "chainrule train datasets/titanic.csv --target survived --embed embarked".to_owned()
        }
        // A layer that no option makes stands in programs.
        _ => format!("{train} --layers 64,64"),
    }
}

/// `NAME:SETTING=VALUE`, or the name of what has no settings.
fn with_a_setting(entry: &Entry) -> String {
    let worth_trying = |setting: &Settable| {
        let found = WORTH_TRYING.iter().find(|(name, _)| *name == setting.name);
        Some((setting.name, Value::Number(found?.1)))
    };
    let default = entry.settings.first().and_then(|setting| Some((setting.name, setting.default?)));
    match entry.settings.iter().find_map(worth_trying).or(default) {
        Some((name, value)) => format!("{}:{name}={value}", entry.name),
        None => entry.name.to_owned(),
    }
}

/// A training with other values than the defaults, typed as a formula.
fn typed(entry: &Entry) -> Option<String> {
    let value = |&(name, default): &(&str, Option<f64>)| match (default, name) {
        (None, name) => name.to_owned(),
        (Some(0.0), _) => "0.5".to_owned(),
        (Some(default), _) => (2.0 * default).to_string(),
    };
    entry.parameters.iter().find(|(_, default)| default.is_some())?;
    let values: Vec<String> = entry.parameters.iter().map(value).collect();
    Some(format!("{} --activation \"{}({})\"", on(None), entry.name, values.join(", ")))
}

/// The derivative at a point within the domain, of a function of numbers.
fn derive(entry: &Entry) -> Option<String> {
    if entry.formulas[0].derivatives.is_empty() {
        return None;
    }
    let required = entry.parameters.iter().filter(|(_, default)| default.is_none());
    let names: Vec<&str> = required.map(|(name, _)| *name).collect();
    let first = |name: &str| Some(entry.learned.iter().find(|(other, _)| *other == name)?.1);
    let given = names.iter().zip([2.0, 3.0, 1.0, 0.5]);
    let at: Vec<String> =
        given.map(|(name, value)| format!("{name}={}", first(name).unwrap_or(value))).collect();
    let (call, at) = (format!("{}({})", entry.name, names.join(", ")), at.join(","));
    Some(format!("chainrule derive \"{call}\" --at {at}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Arguments;
    use chainrule::reference::entries;
    use clap::Parser;

    /// The words of a command; quotes hold blanks together.
    fn words(command: &str) -> Vec<String> {
        let parts = command.split('"').enumerate();
        let cut = |(number, part): (usize, &str)| -> Vec<String> {
            match number % 2 {
                0 => part.split_whitespace().map(str::to_owned).collect(),
                _ => vec![part.to_owned()],
            }
        };
        parts.flat_map(cut).collect()
    }

    /// The values of options are read by the library, so what is refused is seen here.
    #[test]
    fn every_example_is_a_command_line_that_is_read() {
        for entry in entries() {
            let examples = examples(&entry);
            assert!(!examples.is_empty(), "{}", entry.name);
            for example in examples {
                let read = Arguments::try_parse_from(words(&example));
                assert!(read.is_ok(), "{example}: {}", read.unwrap_err());
                assert!(example.contains(entry.name) || entry.family == Family::Layers);
            }
        }
    }

    #[test]
    fn an_example_sets_what_is_worth_setting() {
        let of = |name: &str| {
            let found = entries().into_iter().find(|entry| entry.name == name);
            examples(&found.unwrap()).remove(0)
        };
        assert!(of("silu").ends_with("--activation silu"));
        assert!(of("huber").ends_with("--loss huber:delta=2"));
        assert!(of("sgd").ends_with("--optimizer sgd:momentum=0.9"));
        assert!(of("rmsprop").ends_with("--optimizer rmsprop:momentum=0.9"));
        assert!(of("one_cycle").ends_with("--schedule one_cycle:rise=0.3"));
        assert_eq!(of("log1p"), "chainrule derive \"log1p(x)\" --at x=2");
        let leaky = entries().into_iter().find(|entry| entry.name == "leaky_relu").unwrap();
        assert!(examples(&leaky)[1].ends_with("--activation \"leaky_relu(x, 0.02)\""));
        assert_eq!(examples(&leaky)[2], "chainrule derive \"leaky_relu(x)\" --at x=2");
    }
}
