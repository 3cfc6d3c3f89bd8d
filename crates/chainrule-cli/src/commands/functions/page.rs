//! The reference page, in Markdown as GitHub shows it.

use std::fmt::Write;

use chainrule::reference::{Derivative, Entry, Formula, Remark, Value, remarks};
use chainrule::{Language, Words};

use super::example::examples;
use super::labels;

const fn words(english: &'static str, korean: &'static str) -> Words {
    Words { english, korean }
}

const TITLE: Words = words("Reference", "참고 문서");
const WRITTEN: Words = words(
    "Written by `chainrule functions --markdown --lang en`, from the tables that the program \
     itself uses; a test compares the two. `chainrule functions NAME` tells one of it. \
     [한국어](reference.ko.md)",
    "프로그램이 쓰는 표에서 `chainrule functions --markdown --lang ko`로 만든 문서이며, 둘이 같은지 \
     테스트로 확인한다. 하나만 보려면 `chainrule functions NAME`을 쓴다. [English](reference.md)",
);
const TOOLS: Words = words("Where tools disagree", "도구마다 다른 곳");
const OURS: Words = words(
    "Where tools disagree on a form or a default, ours is PyTorch's. Each text below says so at its \
     place, and says where it is otherwise; these are all such places.",
    "식이나 기본값이 도구마다 다르면 PyTorch를 따른다. 아래 각 항목의 설명에 그렇다고 적혀 있고, 다르게 \
     한 곳도 적혀 있다. 그런 곳은 다음이 전부다.",
);

/// The page of some entries.
pub fn page(entries: &[Entry], language: Language) -> String {
    let mut page = Page { text: String::new(), language };
    page.head(entries);
    for family in entries.chunk_by(|a, b| a.family == b.family) {
        page.family(family);
    }
    page.text
}

struct Page {
    text: String,
    language: Language,
}

impl Page {
    fn of(&self, words: Words) -> &'static str {
        words.of(self.language)
    }

    /// A block with an empty line behind it.
    fn block(&mut self, text: &str) {
        // Writing to a text does not fail.
        let _ = writeln!(self.text, "{text}\n");
    }

    fn head(&mut self, entries: &[Entry]) {
        let [title, written] = [TITLE, WRITTEN].map(|words| self.of(words));
        self.block(&format!("# {title}"));
        self.block(written);
        let families = entries.chunk_by(|a, b| a.family == b.family);
        let links: Vec<String> = families
            .map(|family| {
                let title = self.of(family[0].family.title());
                let anchor = title.to_lowercase().replace(' ', "-");
                format!("- [{title}](#{anchor}), {}", family.len())
            })
            .collect();
        self.block(&links.join("\n"));
        let remarks = remarks(entries, self.language);
        if remarks.is_empty() {
            return;
        }
        let [tools, ours] = [TOOLS, OURS].map(|words| self.of(words));
        self.block(&format!("## {tools}"));
        self.block(ours);
        let line = |Remark { names, setting, text }: &Remark| {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            let setting = setting.map_or(String::new(), |setting| format!(" (`{setting}`)"));
            format!("- {}{setting}: {}", names.join(", "), escaped(text))
        };
        self.block(&remarks.iter().map(line).collect::<Vec<_>>().join("\n"));
    }

    fn family(&mut self, entries: &[Entry]) {
        let family = entries[0].family;
        let [title, about] = [family.title(), family.about()].map(|words| self.of(words));
        self.block(&format!("## {title}"));
        self.block(&escaped(about));
        entries.iter().for_each(|entry| self.entry(entry));
    }

    fn entry(&mut self, entry: &Entry) {
        self.block(&format!("### {}", entry.name));
        let texts = [Some(entry.about), entry.use_it].into_iter().flatten();
        let texts: Vec<&str> = texts.map(|words| self.of(words)).collect();
        self.block(&escaped(&texts.join(" ")));
        for formula in &entry.formulas {
            self.formula(formula, entry.formulas.len() > 1);
        }
        let facts = self.facts(entry);
        if !facts.is_empty() {
            self.block(&facts.join("\n"));
        }
        if !entry.settings.is_empty() {
            self.settings(entry);
        }
        self.block(&format!("```sh\n{}\n```", examples(entry).join("\n")));
    }

    fn formula(&mut self, formula: &Formula, is_one_of_several: bool) {
        let targets = formula.targets.filter(|_| is_one_of_several);
        let targets = targets.map_or("", |targets| self.of(targets.words()));
        let lead = if targets.is_empty() { String::new() } else { format!("{targets}: ") };
        self.block(&format!("{lead}`{}`", formula.text));
        if let Some(latex) = &formula.latex {
            self.block(&math(latex));
        }
        for derivative in &formula.derivatives {
            let of_a_row = formula.of_row.map_or("", |_| self.of(labels::OF_A_ROW));
            let label = self.of(labels::DERIVATIVE);
            self.block(&format!("{label}: {of_a_row}`d/d{} = {}`", derivative.by, derivative.text));
            let Derivative { by, latex, .. } = derivative;
            self.block(&math(&format!(r"\frac{{\partial f}}{{\partial {by}}} = {latex}")));
        }
    }

    /// What is said in a line each.
    fn facts(&self, entry: &Entry) -> Vec<String> {
        let mut facts = Vec::new();
        let code = |text: &str| format!("`{text}`");
        let mut fact = |label: Words, text: String| {
            facts.push(format!("- {}: {text}", self.of(label)));
        };
        if let Some(domain) = entry.domain {
            fact(labels::DOMAIN, code(&labels::values(domain, self.language)));
        }
        if let Some(range) = entry.range {
            fact(labels::RANGE, code(&labels::values(range, self.language)));
        }
        if let Some(better) = entry.better {
            fact(labels::BETTER, self.of(labels::better(better)).to_owned());
        }
        let left_out = entry.parameters.iter().filter_map(|(name, value)| Some((name, (*value)?)));
        for (name, value) in left_out {
            fact(labels::DEFAULT, code(&format!("{name} = {value}")));
        }
        for &learned in entry.learned {
            fact(labels::LEARNS, labels::learned(learned, self.language));
        }
        if let Some(rate) = entry.learning_rate {
            fact(labels::RATE, labels::learning_rate(rate, self.language));
        }
        facts
    }

    fn settings(&mut self, entry: &Entry) {
        let heads = [labels::SETTING, labels::DEFAULT, labels::VALUES, labels::ABOUT];
        let heads = heads.map(|head| self.of(head));
        let mut lines = vec![format!("| {} |", heads.join(" | ")), "|---|---|---|---|".to_owned()];
        for setting in &entry.settings {
            let default = match setting.default {
                Some(value @ Value::Number(_)) => format!("`{value}`"),
                Some(value) => labels::default(value, self.language),
                None => "–".to_owned(),
            };
            let range = setting.range.map_or("", |range| self.of(range));
            let about = escaped(self.of(setting.about));
            lines.push(format!("| `{}` | {default} | {range} | {about} |", setting.name));
        }
        self.block(&lines.join("\n"));
    }
}

/// LaTeX as GitHub shows it, which knows no `\operatorname`.
fn math(latex: &str) -> String {
    format!("```math\n{}\n```", latex.replace(r"\operatorname{", r"\mathrm{"))
}

/// A text in which no sign means anything to Markdown.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        if matches!(letter, '*' | '_' | '[' | ']' | '<' | '>' | '|' | '\\' | '~') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}
