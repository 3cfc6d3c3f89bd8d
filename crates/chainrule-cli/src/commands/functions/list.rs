//! A line for each entry: its name, its formula, and what it is.

use chainrule::Language;
use chainrule::reference::Entry;
use console::{Alignment, measure_text_width, pad_str, truncate_str};

use crate::output::{Align, Output};

/// The width where nobody looks at a screen.
const WIDTH: usize = 80;

/// A line for each entry, under the heading of its family.
pub fn list(entries: &[Entry], language: Language, output: &mut Output) {
    let width = output.width().unwrap_or(WIDTH);
    let families: Vec<&[Entry]> = entries.chunk_by(|a, b| a.family == b.family).collect();
    for (number, entries) in families.iter().enumerate() {
        let family = entries[0].family;
        if number > 0 {
            output.line("");
        }
        output.line(family.title().of(language));
        if families.len() == 1 {
            let about = family.about().of(language).to_owned();
            output.explained(&[(vec![String::new()], about)], &[Align::Left]);
            output.line("");
        }
        for line in lines(entries, language, width) {
            output.line(&line);
        }
    }
}

/// The lines of a family, of at most this many columns.
///
/// What a thing is has the larger part of a line; a formula that does not fit into the rest is cut.
fn lines(entries: &[Entry], language: Language, width: usize) -> Vec<String> {
    const LEAST: usize = 18;
    let formulas: Vec<&str> = entries.iter().map(|entry| &*entry.formulas[0].text).collect();
    let names = entries.iter().map(|entry| measure_text_width(entry.name)).max().unwrap_or(0);
    let space = width.saturating_sub(names + 6);
    let widths = formulas.iter().map(|formula| measure_text_width(formula));
    let fitting = widths.clone().filter(|width| width * 20 <= space * 9).max().unwrap_or(0);
    let column = widths.max().unwrap_or(0).min(fitting.max(LEAST));
    let line = |(entry, formula): (&Entry, &str)| {
        let name = pad_str(entry.name, names, Alignment::Left, None);
        let formula = truncate_str(formula, column, "…");
        let formula = pad_str(&formula, column, Alignment::Left, None);
        let summary = start(entry.summary(language), space.saturating_sub(column));
        format!("  {name}  {formula}  {summary}")
    };
    entries.iter().zip(formulas).map(line).collect()
}

/// As much of a sentence as fits: all of it, or up to a colon within it, or else what fits.
fn start(sentence: &str, space: usize) -> String {
    let fits = |text: &str| measure_text_width(text) <= space;
    let sentence = sentence.trim_end_matches('.');
    let ends = sentence.match_indices([':', ';']).map(|(end, _)| &sentence[..end]);
    let mut parts = ends.chain([sentence]).filter(|part| fits(part));
    match parts.next_back() {
        Some(part) => part.to_owned(),
        None => truncate_str(sentence, space, "…").into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule::reference::{Family, entries, find};

    #[test]
    fn a_line_for_each_entry_fits_the_width_in_both_languages() {
        for family in Family::ALL {
            let entries = find(family.name()).unwrap();
            for (language, width) in
                [(Language::English, 80), (Language::Korean, 80), (Language::Korean, 100)]
            {
                let lines = lines(&entries, language, width);
                assert_eq!(lines.len(), entries.len());
                for (line, entry) in lines.iter().zip(&entries) {
                    assert!(measure_text_width(line) <= width, "{line}");
                    assert!(line.trim_start().starts_with(entry.name), "{line}");
                }
            }
        }
        // At the narrowest that output knows, too.
        assert!(!lines(&entries(), Language::Korean, 40).is_empty());
    }

    #[test]
    fn a_sentence_is_cut_where_it_stops() {
        assert_eq!(start("The square.", 20), "The square");
        assert_eq!(start("Mean squared error: the usual loss.", 20), "Mean squared error");
        assert_eq!(start("Steps that shrink with what each has seen.", 20), "Steps that shrink w…");
        // A letter of Hangul is two columns wide.
        assert_eq!(start("부호를 바꾼 수.", 15), "부호를 바꾼 수");
        assert_eq!(start("부호를 바꾼 수.", 14), "부호를 바꾼 수");
        assert_eq!(start("부호를 바꾼 수.", 13), "부호를 바꾼 …");
    }
}
