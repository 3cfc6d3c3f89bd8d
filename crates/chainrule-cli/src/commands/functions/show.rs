//! Everything about an entry.

use chainrule::reference::{Entry, Formula};
use chainrule::{Language, Words};

use super::{example, labels};
use crate::output::{LABELS, Output};

/// Everything about each entry.
pub fn show(entries: &[Entry], language: Language, output: &mut Output) {
    for (number, entry) in entries.iter().enumerate() {
        if number > 0 {
            output.line("");
        }
        output.line(&format!("{}  ({})", entry.name, entry.family.member().of(language)));
        whole(entry, language, output);
    }
}

fn whole(entry: &Entry, language: Language, output: &mut Output) {
    let mut say = |label: Words, text: &str| output.result(label.of(language), text);
    say(labels::ABOUT, entry.about.of(language));
    if let Some(words) = entry.use_it {
        say(labels::USE_IT, words.of(language));
    }
    for formula in &entry.formulas {
        mathematics(formula, entry.formulas.len() > 1, language, &mut say);
    }
    if let Some(call) = entry.call() {
        let left_out = entry.parameters.iter().filter_map(|(name, value)| Some((name, (*value)?)));
        let defaults: Vec<String> =
            left_out.map(|(name, value)| format!("{name} = {value}")).collect();
        let separator = if defaults.is_empty() { "" } else { ", " };
        say(labels::CALL, &format!("{call}{separator}{}", defaults.join(", ")));
    }
    for &learned in entry.learned {
        say(labels::LEARNS, &labels::learned(learned, language));
    }
    for (label, text) in [(labels::DOMAIN, entry.domain), (labels::RANGE, entry.range)] {
        if let Some(text) = text {
            say(label, &labels::values(text, language));
        }
    }
    if let Some(better) = entry.better {
        say(labels::BETTER, labels::better(better).of(language));
    }
    if let Some(rate) = entry.learning_rate {
        say(labels::RATE, &labels::learning_rate(rate, language));
    }
    let no_label = Words { english: "", korean: "" };
    for (number, setting) in entry.settings.iter().enumerate() {
        let default = match setting.default {
            Some(value) => format!(" = {}", labels::default(value, language)),
            None => String::new(),
        };
        let range = setting.range.map_or("", |range| range.of(language));
        let range = if range.is_empty() { String::new() } else { format!(" ({range})") };
        let about = setting.about.of(language);
        let label = if number == 0 { labels::SETTINGS } else { no_label };
        say(label, &format!("{}{default}{range}: {about}", setting.name));
    }
    let space = output.width().map_or(usize::MAX, |width| width - LABELS);
    let lines = example::examples(entry);
    let lines = lines.iter().flat_map(|example| lines_of_command(example, space));
    for (number, line) in lines.enumerate() {
        let label = if number == 0 { labels::EXAMPLE } else { no_label };
        output.result(label.of(language), &line);
    }
}

/// A command in lines that a shell takes as one.
fn lines_of_command(command: &str, space: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in command.split(' ') {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() + 3 <= space => *line = format!("{line} {word}"),
            Some(line) => {
                line.push_str(" \\");
                lines.push(word.to_owned());
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A formula, which names its targets if there are several formulas.
fn mathematics(
    formula: &Formula,
    is_one_of_several: bool,
    language: Language,
    say: &mut impl FnMut(Words, &str),
) {
    let targets = formula.targets.filter(|_| is_one_of_several);
    let targets =
        targets.map_or(String::new(), |targets| format!("{}: ", targets.words().of(language)));
    say(labels::FORMULA, &format!("{targets}{}", formula.text));
    if let Some(latex) = &formula.latex {
        say(labels::LATEX, latex);
    }
    for derivative in &formula.derivatives {
        let of_a_row = labels::of_a_row(formula, "", language);
        say(labels::DERIVATIVE, &format!("{of_a_row}d/d{} = {}", derivative.by, derivative.text));
        say(labels::LATEX, &derivative.latex);
    }
}
