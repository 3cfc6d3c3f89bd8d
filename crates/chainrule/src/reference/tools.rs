//! Where tools disagree: what the texts of the tables say of other tools.

use chainrule_core::{Language, Words};

use super::Entry;

/// The tools that the texts name.
const TOOLS: [&str; 8] =
    ["PyTorch", "Keras", "torchvision", "scikit-learn", "SciPy", "TensorFlow", "JAX", "optax"];

/// What a text says of tools, and of which members it says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The members.
    pub names: Vec<&'static str>,
    /// The setting that it is about; none if it is about the member.
    pub setting: Option<&'static str>,
    /// The sentences, one after the other.
    pub text: String,
}

/// Everything that the entries say of tools; what several say alike stands once.
///
/// ```
/// use chainrule::Language;
/// use chainrule::reference::{entries, remarks};
/// let remarks = remarks(&entries(), Language::English);
/// let slope = remarks.iter().find(|remark| remark.names == ["leaky_relu"]).unwrap();
/// assert!(slope.text.contains("0.01, as in PyTorch"));
/// ```
pub fn remarks(entries: &[Entry], language: Language) -> Vec<Remark> {
    let mut all: Vec<Remark> = Vec::new();
    for entry in entries {
        let texts = [Some(entry.about), entry.use_it].into_iter().flatten();
        let of_member = said(texts, language);
        let of_settings = (entry.settings.iter())
            .map(|setting| (Some(setting.name), said([setting.about].into_iter(), language)));
        for (setting, text) in std::iter::once((None, of_member)).chain(of_settings) {
            match all.iter_mut().find(|other| other.setting == setting && other.text == text) {
                _ if text.is_empty() => {}
                Some(other) => other.names.push(entry.name),
                None => all.push(Remark { names: vec![entry.name], setting, text }),
            }
        }
    }
    all
}

/// The sentences of texts that name a tool.
fn said(texts: impl Iterator<Item = Words>, language: Language) -> String {
    let sentences = texts.flat_map(|words| sentences(words.of(language)));
    let about_tools = sentences.filter(|text| TOOLS.iter().any(|tool| text.contains(tool)));
    about_tools.collect::<Vec<_>>().join(" ")
}

/// The sentences of a text; each ends with a stop before a blank.
pub(super) fn sentences(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split_inclusive(". ").map(str::trim_end)
}
