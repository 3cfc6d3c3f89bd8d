//! Rows and matrices of numbers, as much of them as fits.

use chainrule::Language;
use console::measure_text_width;

use super::words::{dims, number, numbers};
use crate::output::{Align, aligned};

/// A row of more numbers than this is shown by its first ones.
const WHOLE_ROW: usize = 16;

/// A matrix of more numbers than this is shown by its corner.
const WHOLE_MATRIX: usize = 128;

/// The rows of a corner.
const ROWS: usize = 3;

/// The blanks before the numbers.
const INDENT: usize = 4;

/// The numbers of a row or a matrix of some dimensions behind a label, in lines of a width at most;
/// of many the first ones, with how many there are and how large they are together.
pub fn lines(
    shape: &[usize],
    values: &[f64],
    label: &str,
    width: usize,
    language: Language,
) -> Vec<String> {
    let start = INDENT + measure_text_width(label);
    let columns = match shape {
        [_, columns] => *columns,
        _ => values.len(),
    };
    let is_matrix = columns < values.len();
    let space = width.saturating_sub(start);
    let (cells, is_whole) = match is_matrix {
        true => matrix(values, columns, space),
        false => row(values, space),
    };
    let most = cells.iter().map(Vec::len).max().unwrap_or(0);
    let mut before = format!("{}{label}", " ".repeat(INDENT));
    let mut found = Vec::new();
    for line in aligned(&cells, &vec![Align::Point; most]) {
        found.push(format!("{before}{line}"));
        before = " ".repeat(start);
    }
    if !is_whole {
        let told = [summary(shape, values, language), summary(&[], values, language)];
        let fits = |text: &&String| start + 2 + measure_text_width(text) <= width;
        let text = told.iter().find(fits).unwrap_or(&told[1]);
        found.push(format!("{before}… {text}"));
    }
    found
}

/// How many numbers there are, and their norm.
pub fn summary(shape: &[usize], values: &[f64], language: Language) -> String {
    let norm = number(values.iter().map(|value| value * value).sum::<f64>().sqrt());
    let size = numbers(values.len(), language);
    let size = match shape {
        [_, _] => format!("{} = {size}", dims(shape)),
        _ => size,
    };
    match language {
        Language::English => format!("{size}, norm {norm}"),
        Language::Korean => format!("{size}, 노름 {norm}"),
    }
}

/// A row in lines of about as many numbers each, or its first line; and whether that is all of it.
fn row(values: &[f64], space: usize) -> (Vec<Vec<String>>, bool) {
    let is_whole = values.len() <= WHOLE_ROW;
    let shown = &values[..values.len().min(WHOLE_ROW)];
    let cells: Vec<String> = shown.iter().map(|&value| number(value)).collect();
    let lines = |columns: usize| -> Vec<Vec<String>> {
        cells.chunks(columns.max(1)).map(<[String]>::to_vec).collect()
    };
    if !is_whole {
        let first = fitting(std::slice::from_ref(&cells), space);
        return (vec![cells[..first].to_vec()], false);
    }
    let mut count = 1;
    loop {
        let columns = cells.len().div_ceil(count).max(1);
        let lines = lines(columns);
        if columns == 1 || fitting(&lines, space) >= columns {
            return (lines, true);
        }
        count += 1;
    }
}

/// A matrix, or the corner of it that fits; and whether that is all of it.
fn matrix(values: &[f64], columns: usize, space: usize) -> (Vec<Vec<String>>, bool) {
    let is_small = values.len() <= WHOLE_MATRIX;
    let rows = values.chunks(columns.max(1)).take(if is_small { WHOLE_MATRIX } else { ROWS });
    let cells: Vec<Vec<String>> = rows
        .map(|row| row.iter().take(WHOLE_MATRIX).map(|&value| number(value)).collect())
        .collect();
    if fitting(&cells, space) >= columns {
        return (cells, is_small);
    }
    // The last column is an ellipsis, of three blanks and signs.
    let shown = fitting(&cells, space.saturating_sub(3));
    let corner = cells.into_iter().take(ROWS).map(|mut row| {
        row.truncate(shown);
        row.push("…".to_owned());
        row
    });
    (corner.collect(), false)
}

/// How many columns of some lines fit side by side, at least one.
fn fitting(lines: &[Vec<String>], space: usize) -> usize {
    let most = lines.iter().map(Vec::len).max().unwrap_or(0);
    let column = |place: usize| -> Vec<Vec<String>> {
        lines.iter().filter_map(|line| Some(vec![line.get(place)?.clone()])).collect()
    };
    let mut used = 0;
    for place in 0..most {
        let cells = aligned(&column(place), &[Align::Point]);
        let widest = cells.iter().map(|cell| measure_text_width(cell)).max().unwrap_or(0);
        used += widest + if place > 0 { 2 } else { 0 };
        if used > space {
            return place.max(1);
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGLISH: Language = Language::English;

    #[test]
    fn a_row_is_broken_into_even_lines() {
        let values: Vec<f64> = (1..=8).map(|value| f64::from(value) / 8.0).collect();
        assert_eq!(lines(&[8], &values, "= ", 31, ENGLISH).len(), 3);
        let found = lines(&[8], &values, "= ", 52, ENGLISH);
        assert_eq!(
            found,
            ["    = 0.12500  0.25000  0.37500  0.50000", "      0.62500  0.75000  0.87500  1"]
                .map(str::to_owned)
        );
        assert_eq!(lines(&[8], &values, "= ", 80, ENGLISH).len(), 1);
        assert_eq!(lines(&[], &[2.0], "= ", 10, ENGLISH), ["    = 2"]);
    }

    #[test]
    fn a_large_matrix_is_shown_by_its_corner() {
        let values = vec![1.0; 200 * 300];
        let found = lines(&[200, 300], &values, "", 16, ENGLISH);
        assert_eq!(found[0], "    1  1  1  …");
        assert_eq!(found[3], "    … 60,000 numbers, norm 244.95");
        assert_eq!(found.len(), 4);
        let found = lines(&[200, 300], &values, "", 80, ENGLISH);
        assert_eq!(found[3], "    … 200 × 300 = 60,000 numbers, norm 244.95");
        let small = lines(&[2, 3], &values[..6], "", 40, ENGLISH);
        assert_eq!(small, ["    1  1  1", "    1  1  1"]);
        // A width that holds nothing is no trouble.
        assert_eq!(lines(&[2, 3], &values[..6], "= ", 0, ENGLISH)[0], "    = 1  …");
    }

    #[test]
    fn a_long_row_is_shown_by_its_first_numbers() {
        let found = lines(&[256], &[3.0; 256], "= ", 12, ENGLISH);
        assert_eq!(found, ["    = 3  3", "      … 256 numbers, norm 48"]);
    }
}
