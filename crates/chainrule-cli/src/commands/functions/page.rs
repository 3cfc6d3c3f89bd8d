//! The reference page, in Markdown as GitHub shows it.

use std::fmt::Write;

use chainrule::reference::{
    DISAGREEMENTS, Derivative, Disagreement, Entry, Formula, Remark, Value, remarks,
};
use chainrule::{Language, Words};

use super::example::examples;
use super::labels;

const TITLE: Words = Words::new("Reference", "참고 문서");
const WRITTEN: Words = Words::new(
    "Written by `chainrule functions --markdown --lang en`, from the tables that the program \
     itself uses; a test compares the two. `chainrule functions NAME` tells one of it. \
     [한국어](reference.ko.md)",
    "프로그램이 쓰는 표에서 `chainrule functions --markdown --lang ko`로 만든 문서이며, 둘이 같은지 \
     테스트로 확인한다. 하나만 보려면 `chainrule functions NAME`을 쓴다. [English](reference.md)",
);
const TOOLS: Words = Words::new("Where tools disagree", "도구마다 다른 식과 기본값");
const OURS: Words = Words::new(
    "Where tools disagree on a default or a form, ours is PyTorch's, or there is a reason. These are \
     all such defaults, in our terms: of PyTorch 2, Keras 3 (and so TensorFlow) and, where they have \
     such a thing, scikit-learn, SciPy and the libraries of JAX.",
    "기본값이나 식이 도구마다 다르면 PyTorch를 따르고, 그러지 않은 곳에는 이유를 적었다. 도구마다 다른 \
     기본값은 다음이 전부이며, 값은 여기 표기로 적었다. PyTorch 2, Keras 3(TensorFlow도 같다)과, 해당 \
     기능이 있으면 scikit-learn, SciPy, JAX 계열 라이브러리를 견주었다.",
);
const FORMS: Words = Words::new(
    "What the texts below say of other tools, mostly of forms:",
    "아래 설명에서 다른 도구, 주로 그 식에 관해 적은 것은 다음과 같다.",
);
const MEMBER: Words = Words::new("name", "이름");
const OTHERS: Words = Words::new("others", "그 밖의 도구");
const WHY: Words = Words::new("why not PyTorch's", "PyTorch와 다른 이유");

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
        let is_shown = |row: &&Disagreement| entries.iter().any(|entry| row.family == entry.family);
        let disagreements: Vec<&Disagreement> = DISAGREEMENTS.iter().filter(is_shown).collect();
        let remarks = remarks(entries, self.language);
        if remarks.is_empty() || disagreements.is_empty() {
            return;
        }
        let [tools, ours, forms] = [TOOLS, OURS, FORMS].map(|words| self.of(words));
        self.block(&format!("## {tools}"));
        self.block(ours);
        self.disagreements(&disagreements, entries);
        self.block(forms);
        let is_in_the_table = |remark: &Remark| {
            let same = |row: &Disagreement| {
                remark.setting == Some(row.setting) && remark.names.contains(&row.names[0])
            };
            DISAGREEMENTS.iter().any(same)
        };
        let remarks = remarks.iter().filter(|remark| !is_in_the_table(remark));
        let line = |Remark { names, setting, text }: &Remark| {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            let setting = setting.map_or(String::new(), |setting| format!(" (`{setting}`)"));
            format!("- {}{setting}: {}", names.join(", "), escaped(text))
        };
        self.block(&remarks.map(line).collect::<Vec<_>>().join("\n"));
    }

    /// The defaults of other tools beside ours.
    fn disagreements(&mut self, rows: &[&Disagreement], entries: &[Entry]) {
        let heads = [MEMBER, labels::SETTING].map(|head| self.of(head));
        let others = [OTHERS, WHY].map(|head| self.of(head));
        let heads = [&heads[..], &["chainrule", "PyTorch", "Keras"], &others].concat();
        let mut lines = vec![format!("| {} |", heads.join(" | ")), "|---".repeat(7) + "|"];
        for row in rows {
            let names: Vec<String> = row.names.iter().map(|name| format!("`{name}`")).collect();
            let ours = row.ours(entries).map_or("–".to_owned(), |value| match value {
                Value::Number(_) => format!("`{value}`"),
                Value::Text(_) => labels::default(value, self.language),
            });
            let why = row.why.map_or("", |why| self.of(why));
            let theirs = [row.pytorch, row.keras, row.others, why].map(escaped);
            let lead = format!("{} | `{}` | {ours}", names.join(", "), row.setting);
            lines.push(format!("| {lead} | {} |", theirs.join(" | ")));
        }
        self.block(&lines.join("\n"));
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
            let of_a_row = labels::of_a_row(formula, "`", self.language);
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
