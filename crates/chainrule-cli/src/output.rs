//! The only place that prints.
//!
//! Results are written to standard output, progress and notes to standard error. Control characters
//! that a file smuggles into a name are shown as escapes, never sent to the terminal.

mod json;
mod numbers;
mod table;

use std::fmt;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use console::{Style, Term, measure_text_width};

use crate::failure::Failure;

pub use json::Object;
pub use numbers::{bytes, count, of, seconds, short, whole_seconds};
pub use table::Align;
pub use table::table as aligned;
use table::table;

/// How much is said, and in which form.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// Results are lines of JSON.
    pub json: bool,
    /// Neither progress nor notes.
    pub quiet: bool,
}

/// The width of the labels at the left.
pub const LABELS: usize = 12;

/// The blanks before an explanation.
const GAP: usize = 3;

/// Lines longer than this are hard to read, however wide the terminal is.
const WIDEST: usize = 100;

/// Standard output and standard error.
pub struct Output {
    manner: Manner,
    results: BufWriter<Stdout>,
    /// Why results cannot be written any more. What follows is dropped, and the work goes on: a
    /// reader who has seen enough shall not cost a training.
    broken: Option<io::Error>,
}

impl Output {
    /// Nothing is printed yet.
    pub fn new(manner: Manner) -> Self {
        Self { manner, results: BufWriter::new(io::stdout()), broken: None }
    }

    /// Whether results are lines of JSON.
    pub fn json(&self) -> bool {
        self.manner.json
    }

    /// The width that results are wrapped at; none where nobody looks at a screen.
    pub fn width(&self) -> Option<usize> {
        width(&Term::stdout())
    }

    /// Whether the story of the work is told: not in JSON, and not when it is to be quiet.
    pub fn tells(&self) -> bool {
        !self.manner.json && !self.manner.quiet
    }

    /// Whether the story is told on a terminal that can show a moving bar.
    pub fn on_terminal(&self) -> bool {
        let able = std::env::var_os("TERM").is_none_or(|name| name != "dumb");
        self.tells() && able && io::stderr().is_terminal()
    }

    /// A line of the story: a label, and a text that is wrapped beside it.
    pub fn story(&mut self, label: &str, text: &str) {
        if !self.tells() {
            return;
        }
        self.results_first();
        let style = Style::new().for_stderr().dim();
        for (label, text) in labelled(label, text, width(&Term::stderr())) {
            let _ = writeln!(io::stderr(), "{}{text}", styled(&style, label));
        }
    }

    /// A line of the story as it is; an empty one separates.
    pub fn plain(&mut self, line: &str) {
        if self.tells() {
            self.results_first();
            let _ = writeln!(io::stderr(), "{}", visible(line));
        }
    }

    /// Something that the user should know although it is no error.
    pub fn note(&mut self, note: &dyn fmt::Display) {
        if !self.manner.quiet {
            let _ = writeln!(io::stderr(), "chainrule: note: {}", visible(&note.to_string()));
        }
    }

    /// What went wrong.
    pub fn error(&mut self, failure: &Failure) {
        self.results_first();
        if !matches!(failure, Failure::Interrupted | Failure::Terminated) {
            let text = failure.to_string();
            let lines: Vec<String> = match failure {
                // The lines below show the place in the formula.
                Failure::Formula(_) => text.split('\n').map(visible).collect(),
                _ => vec![visible(&text)],
            };
            let _ = writeln!(io::stderr(), "chainrule: error: {}", lines.join("\n"));
        }
    }

    /// What is wrong with the command line, in clap's words.
    pub fn usage(&mut self, start: &str, text: &str) {
        let _ = write!(io::stderr(), "{start}{text}");
    }

    /// A result beside its label.
    pub fn result(&mut self, label: &str, text: &str) {
        let style = Style::new().for_stdout().dim();
        for (label, text) in labelled(label, text, width(&Term::stdout())) {
            self.text(&format!("{}{text}\n", styled(&style, label)));
        }
    }

    /// A line of a result as it is.
    pub fn line(&mut self, line: &str) {
        self.text(&format!("{}\n", visible(line)));
    }

    /// A result in rows of cells.
    pub fn table(&mut self, rows: &[Vec<String>], columns: &[Align]) {
        for line in table(rows, columns) {
            self.line(&line);
        }
    }

    /// A result in rows of cells, each with a text that is wrapped at their right.
    pub fn explained(&mut self, rows: &[(Vec<String>, String)], columns: &[Align]) {
        let cells: Vec<Vec<String>> = rows.iter().map(|(cells, _)| cells.clone()).collect();
        let lines = table(&cells, columns);
        let left = lines.iter().map(|line| measure_text_width(line)).max().unwrap_or(0) + GAP;
        let width = width(&Term::stdout());
        let space = width.map_or(usize::MAX, |width| width.saturating_sub(left).max(20));
        for (line, (_, text)) in lines.iter().zip(rows) {
            let mut start = line.as_str();
            for text in wrapped(&visible(text), space) {
                let blanks = " ".repeat(left - measure_text_width(start));
                self.line(format!("{start}{blanks}{text}").trim_end());
                start = "";
            }
        }
    }

    /// A line of JSON, seen at once by who follows the work.
    pub fn object(&mut self, object: Object) {
        self.text(&format!("{object}\n"));
        self.results_first();
    }

    /// Text as it is.
    pub fn text(&mut self, text: &str) {
        let _ = self.write_all(text.as_bytes());
    }

    /// Writes what is still held back.
    ///
    /// # Errors
    /// Results could not be written, but for a reader who has closed the pipe.
    pub fn finish(&mut self) -> Result<(), Failure> {
        self.results_first();
        match self.broken.take() {
            Some(reason) if reason.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::Unwritable { file: "standard output".to_owned(), reason })
            }
            _ => Ok(()),
        }
    }

    /// Lets go of the results held back, so that they stand before what follows on a terminal.
    fn results_first(&mut self) {
        if self.broken.is_none() {
            let flushed = self.results.flush();
            self.keep(flushed);
        }
    }

    fn keep(&mut self, result: io::Result<()>) {
        if let Err(reason) = result {
            self.broken.get_or_insert(reason);
        }
    }
}

/// Results as bytes, such as CSV. After the first failure everything is dropped.
impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.broken.is_none() {
            let written = self.results.write_all(bytes);
            self.keep(written);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The width to wrap at: what COLUMNS says, or that of the screen; none where nobody looks at one.
fn width(terminal: &Term) -> Option<usize> {
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let seen = || terminal.size_checked().filter(|_| terminal.is_term());
    let columns = told.or_else(|| Some(usize::from(seen()?.1)))?;
    Some(columns.clamp(40, WIDEST))
}

/// A label and a text, wrapped into lines of (label, text).
fn labelled(label: &str, text: &str, width: Option<usize>) -> Vec<(String, String)> {
    let lines = wrapped(&visible(text), width.map_or(usize::MAX, |width| width - LABELS));
    let label = visible(label);
    let blanks = LABELS.saturating_sub(measure_text_width(&label));
    let first = format!("{label}{}", " ".repeat(blanks));
    let labels = std::iter::once(first).chain(std::iter::repeat(" ".repeat(LABELS)));
    labels.zip(lines).collect()
}

/// The label in a style; blanks need none.
fn styled(style: &Style, label: String) -> String {
    if label.trim().is_empty() { label } else { style.apply_to(label).to_string() }
}

/// A text cut between words into lines that fit, at least one.
fn wrapped(text: &str, space: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if measure_text_width(line) + 1 + measure_text_width(word) <= space => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The text with control characters as escapes.
pub fn visible(text: &str) -> String {
    let show = |letter: char| match letter.is_control() {
        true => letter.escape_default().to_string(),
        false => letter.to_string(),
    };
    text.chars().map(show).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_wrapped_beside_its_label() {
        let lines = labelled("target", "one two three", Some(LABELS + 7));
        let shown: Vec<String> =
            lines.iter().map(|(label, text)| format!("{label}{text}")).collect();
        assert_eq!(shown, ["target      one two", "            three"]);
        // A letter of Hangul is two columns wide.
        assert_eq!(labelled("", "가격 나이", Some(LABELS + 8)).len(), 2);
        assert_eq!(labelled("", "가격 나이", Some(LABELS + 9)).len(), 1);
        assert_eq!(labelled("", "never wrapped where nobody looks", None).len(), 1);
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(visible("a\u{1b}[31mb\rc\n한"), "a\\u{1b}[31mb\\rc\\n한");
    }
}
