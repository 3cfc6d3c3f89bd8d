//! The code and the comments of a Rust source, apart.

/// One line of a source.
#[derive(Debug, Default, PartialEq)]
pub struct Line {
    /// The code, without what stands inside quotes.
    pub code: String,
    /// The comments, documentation too.
    pub comment: String,
}

/// Takes a source apart, line by line.
pub fn lines(text: &str) -> Vec<Line> {
    let mut scanner = Scanner { rest: text, previous: ' ', lines: vec![Line::default()] };
    while let Some(first) = scanner.rest.chars().next() {
        scanner.token(first);
    }
    scanner.lines
}

/// Whether a word stands in a text by itself, not as a part of a longer name.
pub fn has_word(text: &str, word: &str) -> bool {
    let part = |c: Option<char>| c.is_some_and(|c| c == '_' || c.is_alphanumeric());
    text.match_indices(word).any(|(start, _)| {
        let after = &text[start + word.len()..];
        !part(text[..start].chars().next_back()) && !part(after.chars().next())
    })
}

struct Scanner<'a> {
    rest: &'a str,
    /// The last character of the code: after a letter, `r"` ends a name and begins no literal.
    previous: char,
    lines: Vec<Line>,
}

impl Scanner<'_> {
    fn token(&mut self, first: char) {
        let named = self.previous == '_' || self.previous.is_alphanumeric();
        if self.rest.starts_with("//") {
            let length = self.rest.find('\n').unwrap_or(self.rest.len());
            self.take(length, |line| Some(&mut line.comment));
        } else if self.rest.starts_with("/*") {
            self.take(block_comment(self.rest), |line| Some(&mut line.comment));
        } else if let Some(length) = raw_string(self.rest).filter(|_| !named) {
            self.take(length, |_| None);
        } else if let Some(length) = quoted(self.rest) {
            self.take(length, |_| None);
        } else {
            self.previous = first;
            self.take(first.len_utf8(), |line| Some(&mut line.code));
        }
    }

    /// Moves some bytes into one part of the lines, or into none.
    fn take(&mut self, length: usize, part: fn(&mut Line) -> Option<&mut String>) {
        let (taken, rest) = self.rest.split_at(length);
        for (place, text) in taken.split('\n').enumerate() {
            if place > 0 {
                self.lines.push(Line::default());
            }
            if let Some(part) = self.lines.last_mut().and_then(part) {
                part.push_str(text);
            }
        }
        self.rest = rest;
    }
}

/// The length of a block comment, with those inside it.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// The length of a raw string, if the text begins with one.
fn raw_string(text: &str) -> Option<usize> {
    let after = text.strip_prefix("br").or_else(|| text.strip_prefix("cr"));
    let after = after.or_else(|| text.strip_prefix('r'))?;
    let inside = after.trim_start_matches('#').strip_prefix('"')?;
    let hashes = after.len() - inside.len() - 1;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = inside.find(&end).map_or(inside.len(), |found| found + end.len());
    Some(text.len() - inside.len() + length)
}

/// The length of a string or a character in quotes, if the text begins with one; a lifetime is
/// none.
fn quoted(text: &str) -> Option<usize> {
    let mut characters = text.char_indices();
    let (_, quote) = characters.next().filter(|&(_, c)| c == '"' || c == '\'')?;
    if quote == '\'' {
        let second = text[1..].chars().next()?;
        if second != '\\' && !text[1 + second.len_utf8()..].starts_with('\'') {
            return None;
        }
    }
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            _ if character == quote => return Some(at + 1),
            _ => {}
        }
    }
    Some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code and the comments of a source of one line.
    fn apart(text: &str) -> (String, String) {
        let mut lines = lines(text);
        assert_eq!(lines.len(), 1, "{text}");
        let line = lines.remove(0);
        (line.code, line.comment)
    }

    #[test]
    fn code_is_parted_from_comments_and_quotes() {
        let cases = [
            ("let a = 1; // b", "let a = 1; ", "// b"),
            ("a /* b /* c */ d */ e", "a  e", "/* b /* c */ d */"),
            (r#"f("a // b", c) // d"#, "f(, c) ", "// d"),
            (r#"f("a \" b", 'c', '"', '\'', 'é')"#, "f(, , , , )", ""),
            (r###"f(r#"a " b"#, br"\", cr##"c"# "##)"###, "f(, , )", ""),
            ("for<'a> &'a T + 'static", "for<'a> &'a T + 'static", ""),
            (r#"var"a" r#type"#, "var r#type", ""),
            ("/// a `b`", "", "/// a `b`"),
            (r#"b"a" b'c'"#, "b b", ""),
        ];
        for (text, code, comment) in cases {
            assert_eq!(apart(text), (code.to_owned(), comment.to_owned()), "{text}");
        }
    }

    #[test]
    fn lines_keep_their_places() {
        let text = "a\n\"b\nc\" d\n/* e\n*/ f\n";
        let found: Vec<_> = lines(text).into_iter().map(|line| (line.code, line.comment)).collect();
        let expected = [("a", ""), ("", ""), (" d", ""), ("", "/* e"), (" f", "*/"), ("", "")];
        assert_eq!(found, expected.map(|(code, comment)| (code.to_owned(), comment.to_owned())));
    }

    #[test]
    fn a_word_is_no_part_of_a_name() {
        assert!(has_word("an apple.", "apple") && has_word("apple", "apple"));
        assert!(!has_word("pineapple apples apple_pie", "apple"));
        assert!(has_word("apples apple", "apple"));
    }
}
