//! How much unsafe code there is. That each block says why it is sound is checked by clippy.

use super::rust_source::Line;

/// Blocks of unsafe code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Blocks {
    /// How many there are.
    pub count: usize,
    /// The lines that they stand on.
    pub lines: usize,
}

impl Blocks {
    /// Adds those of a source.
    pub fn add(&mut self, source: &[Line]) {
        // The braces that are open in a block of unsafe code, and whether one is about to begin.
        let (mut open, mut begins) = (0, false);
        for line in source {
            let mut is_inside = open > 0;
            for token in tokens(&line.code) {
                match token {
                    "unsafe" => begins = open == 0,
                    "{" if begins || open > 0 => {
                        self.count += usize::from(begins);
                        (open, begins, is_inside) = (open + 1, false, true);
                    }
                    "}" if open > 0 => open -= 1,
                    _ => begins = false,
                }
            }
            self.lines += usize::from(is_inside);
        }
    }
}

/// Words and single signs.
fn tokens(code: &str) -> impl Iterator<Item = &str> {
    let mut rest = code.trim_start();
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let is_word = |c: char| c == '_' || c.is_alphanumeric();
        let length = match is_word(first) {
            true => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        rest = after.trim_start();
        Some(token)
    })
}

#[cfg(test)]
mod tests {
    use super::super::rust_source::lines;
    use super::*;

    fn blocks(text: &str) -> (usize, usize) {
        let mut blocks = Blocks::default();
        blocks.add(&lines(text));
        (blocks.count, blocks.lines)
    }

    #[test]
    fn blocks_are_counted_with_their_lines() {
        assert_eq!(blocks("unsafe { a() }\n"), (1, 1));
        assert_eq!(blocks("let a = unsafe {\n if b { c() }\n d()\n};\ne();\n"), (1, 4));
        assert_eq!(blocks("f(unsafe { a() }, unsafe { b() });\n"), (2, 1));
        assert_eq!(blocks("match a {\n B => unsafe\n { c() }\n}\n"), (1, 1));
    }

    #[test]
    fn what_only_promises_is_none() {
        let text =
            "unsafe fn a() {\n b()\n}\nunsafe impl Send for C {}\n// unsafe { }\n\"unsafe {\"";
        assert_eq!(blocks(text), (0, 0));
        assert_eq!(blocks("type A = unsafe fn(usize);\nstruct B {\n c: usize,\n}\n"), (0, 0));
    }
}
