//! What can be asked of `chainrule functions`.

use chainrule::Language;
use clap::Args;

use super::Voice;

/// `chainrule functions`.
#[derive(Debug, Args)]
pub struct Functions {
    /// A name, such as gelu, or a family, such as losses [default: everything]
    pub name: Option<String>,
    /// The language, en or ko [default: that of the locale]
    #[arg(long, value_name = "LANGUAGE", value_parser = language)]
    pub lang: Option<Language>,
    /// Write the reference page, in Markdown
    #[arg(long, help_heading = "Output", conflicts_with = "json")]
    pub markdown: bool,
    #[command(flatten)]
    pub voice: Voice,
}

/// Reads the name of a language.
pub fn language(text: &str) -> Result<Language, String> {
    match text {
        "en" => Ok(Language::English),
        "ko" => Ok(Language::Korean),
        _ => Err("it must be en or ko".to_owned()),
    }
}
