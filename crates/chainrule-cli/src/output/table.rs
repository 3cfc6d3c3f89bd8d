//! Cells in columns that line up, whatever script they are written in.

use console::measure_text_width;

/// How the cells of a column line up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// At the left.
    Left,
    /// At the right.
    Right,
    /// At the decimal point; cells without digits at the right.
    Point,
}

/// Lays out rows of cells, two blanks between the columns, no blanks at the ends of lines.
pub fn table(rows: &[Vec<String>], columns: &[Align]) -> Vec<String> {
    let fitted: Vec<Vec<String>> = columns
        .iter()
        .enumerate()
        .map(|(column, &align)| {
            let cell = |row: &Vec<String>| row.get(column).cloned().unwrap_or_default();
            let cells: Vec<String> = rows.iter().map(cell).collect();
            let fraction = cells.iter().map(|cell| fraction(cell)).max().unwrap_or(0);
            let pointed = |cell: &String| match align {
                Align::Point if cell.ends_with(|end: char| end.is_ascii_digit()) => {
                    format!("{cell}{}", " ".repeat(fraction - self::fraction(cell)))
                }
                _ => cell.clone(),
            };
            let cells: Vec<String> = cells.iter().map(pointed).collect();
            let width = cells.iter().map(|cell| measure_text_width(cell)).max().unwrap_or(0);
            let padded = |cell: &String| {
                let blanks = " ".repeat(width - measure_text_width(cell));
                match align {
                    Align::Left => format!("{cell}{blanks}"),
                    Align::Right | Align::Point => format!("{blanks}{cell}"),
                }
            };
            cells.iter().map(padded).collect()
        })
        .collect();
    let line = |row: usize| {
        let cells: Vec<&str> =
            fitted.iter().filter_map(|column| column.get(row)).map(String::as_str).collect();
        cells.join("  ").trim_end().to_owned()
    };
    (0..rows.len()).map(line).collect()
}

/// The width of a number's decimal point and what follows it.
fn fraction(cell: &str) -> usize {
    let number = cell.ends_with(|end: char| end.is_ascii_digit());
    cell.find('.').filter(|_| number).map_or(0, |point| cell.len() - point)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_by_width_and_by_point() {
        let rows = [["", "wert"], ["나이", "0.02134"], ["x", "53.21"], ["y", "nan"], ["z", "12"]];
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|&cell| cell.to_owned()).collect()).collect();
        assert_eq!(
            table(&rows, &[Align::Left, Align::Point]),
            ["          wert", "나이   0.02134", "x     53.21", "y          nan", "z     12"]
                .map(|line| line.to_owned())
        );
        assert_eq!(table(&[], &[Align::Left]), Vec::<String>::new());
    }
}
