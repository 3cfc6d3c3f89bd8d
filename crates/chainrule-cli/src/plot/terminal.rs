//! A plot in a terminal: dots of Braille letters between axes of numbers.

use console::Style;

use super::field::{Field, Levels};
use super::sample::{Sample, pieces};
use super::scale::{Scale, label, ticks};
use super::scene::{Area, Point};
use super::typeset::text;

/// Dots of a letter, across and down.
const DOTS: [usize; 2] = [2, 4];

/// The colours of curves, by their order.
const COLORS: [fn(Style) -> Style; 6] =
    [Style::cyan, Style::yellow, Style::green, Style::magenta, Style::red, Style::blue];

/// Letters in a grid, each with the number of what it shows.
pub struct Canvas {
    columns: usize,
    rows: usize,
    x: Scale,
    y: Scale,
    dots: Vec<u8>,
    owners: Vec<Option<usize>>,
    letters: Vec<Option<char>>,
}

impl Canvas {
    /// An empty canvas of letters that shows a part of each axis.
    pub fn new(columns: usize, rows: usize, [across, upright]: [[f64; 2]; 2]) -> Self {
        let last = |letters: usize, dots: usize| (letters * dots) as f64 - 1.0;
        let x = Scale { from: across[0], to: across[1], places: [0.0, last(columns, DOTS[0])] };
        let y = Scale { from: upright[0], to: upright[1], places: [last(rows, DOTS[1]), 0.0] };
        let (dots, owners) = (vec![0; columns * rows], vec![None; columns * rows]);
        Self { columns, rows, x, y, dots, owners, letters: vec![None; columns * rows] }
    }

    /// Draws a curve; of a derivative every other pair of dots.
    pub fn curve(&mut self, points: &[Sample], owner: usize, is_dotted: bool) {
        for piece in pieces(points) {
            self.line(piece, owner, is_dotted);
        }
    }

    /// Draws lines between points.
    pub fn line(&mut self, points: &[Point], owner: usize, is_dotted: bool) {
        let area = self.area();
        let places: Vec<Point> =
            points.iter().map(|&[x, y]| [self.x.place(x), self.y.place(y)]).collect();
        for line in area.clip(&places) {
            for pair in line.windows(2) {
                let change = [pair[1][0] - pair[0][0], pair[1][1] - pair[0][1]];
                let steps = change[0].abs().max(change[1].abs()).ceil().max(1.0) as usize;
                for step in 0..=steps {
                    let share = step as f64 / steps as f64;
                    let at = [pair[0][0] + share * change[0], pair[0][1] + share * change[1]];
                    let [x, y] = at.map(|along| along.round().max(0.0) as usize);
                    if !is_dotted || (x + y) % 4 < 2 {
                        self.dot(x, y, owner);
                    }
                }
            }
        }
    }

    /// Puts a letter at a point.
    pub fn letter(&mut self, [x, y]: Point, letter: char, owner: usize) {
        let place = [self.x.place(x), self.y.place(y)];
        if self.area().holds(place) {
            let [x, y] = place.map(|along| along.round().max(0.0) as usize);
            let cell = y / DOTS[1] * self.columns + x / DOTS[0];
            if let (Some(shown), Some(own)) =
                (self.letters.get_mut(cell), self.owners.get_mut(cell))
            {
                *shown = Some(letter);
                *own = Some(owner);
            }
        }
    }

    fn area(&self) -> Area {
        let [right, bottom] = [self.x.places[1], self.y.places[0]];
        Area { left: 0.0, top: 0.0, right, bottom }
    }

    fn dot(&mut self, x: usize, y: usize, owner: usize) {
        // The bits of a Braille letter, by column and row.
        const BITS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
        let cell = y / DOTS[1] * self.columns + x / DOTS[0];
        if let (Some(dots), Some(own)) = (self.dots.get_mut(cell), self.owners.get_mut(cell)) {
            *dots |= BITS[x % DOTS[0]][y % DOTS[1]];
            *own = Some(owner);
        }
    }

    /// The lines of the plot with its axes; coloured where that is asked for.
    pub fn lines(&self, colored: bool) -> Vec<String> {
        let (values, step) = ticks(self.y.from, self.y.to, self.rows as f64 / 4.0);
        let mut numbers = vec![String::new(); self.rows];
        for value in values {
            let row = (self.y.place(value) / DOTS[1] as f64).floor().max(0.0) as usize;
            if let Some(number) = numbers.get_mut(row) {
                *number = plain_number(value, step);
            }
        }
        let widest = numbers.iter().map(|number| number.chars().count()).max().unwrap_or(0);
        let zero = |scale: &Scale, dots: usize| {
            let place = scale.holds(0.0).then(|| scale.place(0.0))?;
            Some((place / dots as f64).floor().max(0.0) as usize)
        };
        let (axis_row, axis_column) = (zero(&self.y, DOTS[1]), zero(&self.x, DOTS[0]));
        let mut lines = Vec::new();
        for (row, number) in numbers.iter().enumerate() {
            let tick = if number.is_empty() { '│' } else { '┤' };
            let mut line = format!("{number:>widest$} {tick}");
            for column in 0..self.columns {
                let background = match (axis_row == Some(row), axis_column == Some(column)) {
                    (true, true) => '┼',
                    (true, false) => '─',
                    (false, true) => '│',
                    (false, false) => ' ',
                };
                line.push_str(&self.cell(row * self.columns + column, background, colored));
            }
            lines.push(line.trim_end().to_owned());
        }
        lines.extend(self.bottom(widest));
        lines
    }

    fn cell(&self, cell: usize, background: char, colored: bool) -> String {
        let dots = self.dots.get(cell).copied().unwrap_or(0);
        let letter = self.letters.get(cell).copied().flatten();
        let shown = match (letter, dots) {
            (Some(letter), _) => letter,
            (None, 0) => return background.to_string(),
            (None, dots) => char::from_u32(0x2800 + u32::from(dots)).unwrap_or(' '),
        };
        match self.owners.get(cell).copied().flatten() {
            Some(owner) => painted(&shown.to_string(), owner, colored),
            None => shown.to_string(),
        }
    }

    /// The axis below, and the numbers at its ticks.
    fn bottom(&self, widest: usize) -> [String; 2] {
        let (values, step) = ticks(self.x.from, self.x.to, self.columns as f64 / 12.0);
        let mut axis: Vec<char> = vec!['─'; self.columns];
        let mut numbers: Vec<char> = vec![' '; self.columns + widest + 2];
        let mut free = 0;
        for value in values {
            let column = (self.x.place(value) / DOTS[0] as f64).floor().max(0.0) as usize;
            if let Some(tick) = axis.get_mut(column) {
                *tick = '┬';
            }
            let number: Vec<char> = plain_number(value, step).chars().collect();
            let start = (column + widest + 2).saturating_sub(number.len() / 2);
            let end = start + number.len();
            if start >= free && end <= numbers.len() {
                numbers[start..end].copy_from_slice(&number);
                free = end + 1;
            }
        }
        let axis: String = axis.into_iter().collect();
        let numbers: String = numbers.into_iter().collect();
        [format!("{} └{axis}", " ".repeat(widest)), numbers.trim_end().to_owned()]
    }
}

/// A tick's number in letters alone: a power of ten as 2e6.
fn plain_number(value: f64, step: f64) -> String {
    let runs = label(value, step);
    match runs.iter().any(|run| run.raise != 0.0) {
        true => format!("{:e}", super::scale::rounded(value)),
        false => text(&runs).replace('−', "-"),
    }
}

/// A text in the colour of a curve.
pub fn painted(text: &str, owner: usize, colored: bool) -> String {
    match colored {
        true => COLORS[owner % COLORS.len()](Style::new().force_styling(true))
            .apply_to(text)
            .to_string(),
        false => text.to_owned(),
    }
}

/// What stands before a curve's name below the plot.
pub fn sample(owner: usize, is_dotted: bool, colored: bool) -> String {
    painted(if is_dotted { "⠒ ⠒ ⠒" } else { "⠒⠒⠒⠒⠒" }, owner, colored)
}

/// Draws contours.
pub fn contours(canvas: &mut Canvas, field: &Field, levels: &Levels) {
    for (owner, &level) in levels.values.iter().enumerate() {
        for line in field.lines(level, levels.by_factors) {
            canvas.line(&line, owner, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stands_between_its_axes() {
        let mut canvas = Canvas::new(12, 4, [[0.0, 1.0], [0.0, 1.0]]);
        canvas.line(&[[0.0, 0.0], [1.0, 1.0]], 0, false);
        let lines = canvas.lines(false);
        assert_eq!(lines.len(), 6);
        assert!(lines[0].starts_with("1 ┤"), "{lines:?}");
        assert!(lines[4].starts_with("  └"), "{lines:?}");
        assert!(lines[5].trim_start().starts_with("0 "), "{lines:?}");
        let dots =
            |line: &str| line.chars().filter(|c| ('\u{2801}'..='\u{28ff}').contains(c)).count();
        assert!(lines[..4].iter().all(|line| (3..=4).contains(&dots(line))), "{lines:?}");
    }

    #[test]
    fn colours_are_only_where_they_are_asked_for() {
        let mut canvas = Canvas::new(4, 2, [[-1.0, 1.0], [-1.0, 1.0]]);
        canvas.letter([0.9, 0.9], 'o', 1);
        canvas.letter([9.0, 9.0], 'x', 1);
        assert!(canvas.lines(false).concat().contains('o'));
        assert!(!canvas.lines(false).concat().contains('\u{1b}'));
        assert!(canvas.lines(true).concat().contains("\u{1b}["));
        assert!(!canvas.lines(true).concat().contains('x'));
    }
}
