//! The words of a formula.

use super::CONSTANTS;
use crate::error::FormulaProblem;

/// One word of a formula.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// A number without a sign, or the name of one.
    Number(f64),
    /// A name as it stands.
    Name(&'a str),
    /// A name in backticks.
    Quoted(String),
    /// An operator or a bracket, in its ASCII form.
    Symbol(&'static str),
    /// What is no word; nothing after it is read.
    Wrong(FormulaProblem),
    /// The end of the text.
    End,
}

/// Every operator and bracket as it may be written, and its ASCII form; longer ones first.
const SYMBOLS: [(&str, &str); 26] = [
    ("**", "^"),
    ("<=", "<="),
    (">=", ">="),
    ("==", "=="),
    ("!=", "!="),
    ("\u{2264}", "<="),
    ("\u{2265}", ">="),
    ("\u{2260}", "!="),
    ("\u{2212}", "-"),
    ("\u{b7}", "*"),
    ("\u{d7}", "*"),
    ("\u{f7}", "/"),
    ("+", "+"),
    ("-", "-"),
    ("*", "*"),
    ("/", "/"),
    ("^", "^"),
    ("<", "<"),
    (">", ">"),
    ("=", "="),
    ("(", "("),
    (")", ")"),
    ("[", "["),
    ("]", "]"),
    (",", ","),
    (";", ";"),
];

/// The words of a text with the byte at which each begins; the last is the end or a wrong one.
pub(super) fn tokens(text: &str) -> Vec<(usize, Token<'_>)> {
    let mut tokens = Vec::new();
    let mut position = 0;
    loop {
        let rest = &text[position..];
        let trimmed = rest.trim_start();
        position += rest.len() - trimmed.len();
        let (length, token) = word(trimmed);
        let is_last = matches!(token, Token::Wrong(_) | Token::End);
        tokens.push((position, token));
        if is_last {
            return tokens;
        }
        position += length;
    }
}

/// The first word of a text that does not begin with a space, and its length in bytes.
fn word(text: &str) -> (usize, Token<'_>) {
    let Some(first) = text.chars().next() else {
        return (0, Token::End);
    };
    let digit_follows = text[first.len_utf8()..].starts_with(|next: char| next.is_ascii_digit());
    if first.is_ascii_digit() || first == '.' && digit_follows {
        return number(text);
    }
    if is_first_of_name(first) {
        let name = &text[..text.find(|c| !is_within_name(c)).unwrap_or(text.len())];
        let token = match CONSTANTS.iter().find(|(known, _)| *known == name) {
            Some(&(_, value)) => Token::Number(value),
            None => Token::Name(name),
        };
        return (name.len(), token);
    }
    if first == '`' {
        return quoted(text);
    }
    match SYMBOLS.iter().find(|(written, _)| text.starts_with(written)) {
        Some((written, symbol)) => (written.len(), Token::Symbol(symbol)),
        None => (0, Token::Wrong(FormulaProblem::Character(first))),
    }
}

fn number(text: &str) -> (usize, Token<'_>) {
    let digits = |from: usize| {
        let rest = &text[from..];
        from + rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())
    };
    let mut end = digits(0);
    if text[end..].starts_with('.') {
        end = digits(end + 1);
    }
    if text[end..].starts_with(['e', 'E']) {
        let sign = usize::from(text[end + 1..].starts_with(['+', '-']));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    match text[..end].parse::<f64>() {
        Ok(value) if value.is_finite() && !text[end..].starts_with('.') => {
            (end, Token::Number(value))
        }
        _ => (0, Token::Wrong(FormulaProblem::Number)),
    }
}

/// A name in backticks, in which two backticks stand for one.
fn quoted(text: &str) -> (usize, Token<'_>) {
    let mut name = String::new();
    let mut position = 1;
    while let Some(length) = text[position..].find('`') {
        name.push_str(&text[position..position + length]);
        position += length + 1;
        if !text[position..].starts_with('`') {
            return (position, Token::Quoted(name));
        }
        name.push('`');
        position += 1;
    }
    (0, Token::Wrong(FormulaProblem::Expected("a second backtick after this one")))
}

/// Whether a name may stand without backticks.
pub(super) fn is_plain_name(name: &str) -> bool {
    name.starts_with(is_first_of_name)
        && name.chars().all(is_within_name)
        && !CONSTANTS.iter().any(|(constant, _)| *constant == name)
}

fn is_first_of_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

/// Raised digits are none of a name's letters: `x²` would silently be a name, not a square.
fn is_within_name(c: char) -> bool {
    let is_raised = matches!(c, '²' | '³' | '¹' | '⁰'..='⁹');
    c == '_' || c.is_alphanumeric() && !is_raised
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_begin_where_they_begin() {
        let found = tokens(" 2.5e-3*가격 <= `a``b`");
        let expected = [
            (1, Token::Number(0.0025)),
            (7, Token::Symbol("*")),
            (8, Token::Name("가격")),
            (15, Token::Symbol("<=")),
            (18, Token::Quoted("a`b".into())),
            (24, Token::End),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn an_exponent_needs_digits() {
        assert_eq!(tokens("2e")[1], (1, Token::Number(std::f64::consts::E)));
        assert_eq!(tokens("2e+")[2], (2, Token::Symbol("+")));
        assert_eq!(tokens("2e+1")[0], (0, Token::Number(20.0)));
        assert_eq!(tokens(".5")[0], (0, Token::Number(0.5)));
        assert_eq!(tokens("5.")[0], (0, Token::Number(5.0)));
        for wrong in ["1.2.3", "1..2", "1e999"] {
            assert_eq!(tokens(wrong), [(0, Token::Wrong(FormulaProblem::Number))]);
        }
    }
}
