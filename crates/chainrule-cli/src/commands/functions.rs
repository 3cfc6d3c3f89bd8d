//! `chainrule functions`: everything there is by family, and all about one of it.

mod example;
mod labels;
mod list;
mod object;
mod page;
mod show;

use chainrule::Language;
use chainrule::reference::{Family, entries, find};

use crate::args::Functions;
use crate::failure::Failure;
use crate::output::Output;

/// Lists everything or a family, or tells all about a name.
pub fn run(args: &Functions, output: &mut Output) -> Result<(), Failure> {
    let language = args.lang.unwrap_or_else(of_environment);
    let found = args.name.as_deref().map_or_else(|| Ok(entries()), find)?;
    let family = Family::ALL.into_iter().find(|family| Some(family.name()) == args.name.as_deref());
    if args.markdown {
        output.text(&page::page(&found, language));
    } else if output.json() {
        found.iter().for_each(|entry| output.object(object::object(entry, language)));
    } else if args.name.is_some() && family.is_none() {
        show::show(&found, language, output);
    } else {
        list::list(&found, language, output);
    }
    Ok(())
}

/// The language of the messages, by the variables in the order of POSIX.
pub fn of_environment() -> Language {
    of_locale(|name| Some(std::env::var_os(name)?.to_string_lossy().into_owned()))
}

/// The language of the first variable that says one.
fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Language {
    let given = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(variable);
    let locale = given.into_iter().find(|locale| !locale.is_empty()).unwrap_or_default();
    match locale.split(|letter: char| !letter.is_ascii_alphabetic()).next() {
        Some("ko") => Language::Korean,
        _ => Language::English,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_that_of_the_first_variable_that_is_set() {
        let of = |given: &[(&str, &str)]| {
            of_locale(|name| {
                let found = given.iter().find(|(other, _)| *other == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(of(&[]), Language::English);
        for locale in ["ko", "ko_KR", "ko_KR.UTF-8", "ko_KR@dict", "ko-KR"] {
            assert_eq!(of(&[("LANG", locale)]), Language::Korean, "{locale}");
        }
        for locale in ["C", "en_US.UTF-8", "kok_IN", "C.UTF-8", "POSIX"] {
            assert_eq!(of(&[("LANG", locale)]), Language::English, "{locale}");
        }
        assert_eq!(of(&[("LC_ALL", ""), ("LANG", "ko_KR")]), Language::Korean);
        assert_eq!(of(&[("LC_ALL", "C"), ("LC_MESSAGES", "ko_KR")]), Language::English);
        assert_eq!(of(&[("LC_MESSAGES", "ko_KR"), ("LANG", "en_US")]), Language::Korean);
    }
}
