//! The definition of the derivative, as a table of shrinking Δx.

use chainrule::calculus::Precision;
use chainrule::calculus::{Limit, Quotient, Row};

use super::Findings;
use super::words::{digits, full};
use crate::output::{Align, Output};

/// Prints the table, and why smaller steps are not always better.
pub fn print(findings: &Findings<'_>, by: &str, limit: &Limit, output: &mut Output) {
    output.line("");
    let f = findings.function.name();
    let (right, left) = (format!("{f}({by} + Δ{by})"), format!("{f}({by} - Δ{by})"));
    output.result("limit", &format!("forward = ({right} - {f}({by}))/Δ{by} as Δ{by} → 0"));
    output.result("", &format!("central = ({right} - {left})/(2*Δ{by})"));
    output.line("");
    let precision = findings.precision();
    let count = match precision {
        Precision::F64 => 14,
        Precision::F32 => 8,
    };
    let quotient = |quotient: &Quotient, best: bool| {
        let value = match quotient.value.is_nan() {
            true => "–".to_owned(),
            false => fixed(quotient.value, count),
        };
        let error = match quotient.error.is_finite() {
            true if quotient.error == 0.0 => "0".to_owned(),
            true => format!("{:.1e}", quotient.error),
            false => String::new(),
        };
        [value, error, if best { "best" } else { "" }.to_owned()]
    };
    let head = [
        format!("  Δ{by}"),
        "forward".into(),
        "error".into(),
        String::new(),
        "central".into(),
        "error".into(),
    ];
    let mut rows = vec![head.to_vec()];
    for (i, row) in limit.rows.iter().enumerate() {
        let mut cells = vec![format!("  {:e}", row.step)];
        cells.extend(quotient(&row.forward, limit.best_forward == Some(i)));
        cells.extend(quotient(&row.central, limit.best_central == Some(i)));
        rows.push(cells);
    }
    use Align::{Left, Right};
    output.table(&rows, &[Left, Left, Right, Left, Left, Right, Left]);
    output.line("");
    for sentence in why(limit, f, by, precision) {
        output.result("", &sentence);
    }
}

/// A number in a fixed number of digits, so that those that settle stand below each other.
fn fixed(value: f64, digits: usize) -> String {
    let text = format!("{value:.*e}", digits - 1);
    let exponent = text.split_once('e').and_then(|(_, exponent)| exponent.parse::<i32>().ok());
    match exponent {
        _ if value == 0.0 => full(value, Precision::F64),
        Some(exponent @ -4..=8) => {
            format!("{value:.*}", (digits as i32 - 1 - exponent).max(0) as usize)
        }
        _ => text,
    }
}

/// Why the error falls and then rises again.
fn why(limit: &Limit, f: &str, by: &str, precision: Precision) -> Vec<String> {
    let has_central = limit.rows.iter().any(|row| row.central.value.is_finite());
    if limit.best_central.is_none() {
        let central = "the central one to the mean of both sides, which is no derivative";
        return match (limit.best_forward, has_central) {
            (Some(_), true) => vec![
                "The forward quotient tends to the derivative from the right,".to_owned(),
                format!("{central}."),
            ],
            (Some(_), false) => vec!["The function is defined on the right only.".to_owned()],
            (None, _) => vec!["The quotients tend to no number.".to_owned()],
        };
    }
    let rounding = match precision {
        Precision::F64 => 1e-12,
        Precision::F32 => 1e-5,
    };
    let is_exact = limit.best_forward.is_none_or(|row| {
        row == 0 && limit.rows[row].forward.error <= rounding * limit.rows[row].forward.value.abs()
    });
    if is_exact {
        return vec![
            format!("The curve is a straight line here, so every Δ{by} is exact but for rounding,"),
            format!("which a small Δ{by} makes worse: the rounding of {f} is divided by it."),
        ];
    }
    let (root, cube) = (digits(limit.expected.0, 1), digits(limit.expected.1, 1));
    let mut sentences = vec![
        format!("First the error falls with Δ{by} (central: Δ{by}²), as the curve bends less."),
        format!("Then it rises: the rounding of {f}, in {precision}, is divided by Δ{by}."),
        format!("The two balance near √ε ≈ {root} (central: near ∛ε ≈ {cube})."),
    ];
    if has_luck(limit, limit.best_forward, |row| row.forward.error)
        || has_luck(limit, limit.best_central, |row| row.central.error)
    {
        sentences.push("A smaller error further down is luck: two roundings cancelled.".to_owned());
    }
    sentences
}

/// Whether a step below the best one has the smaller error.
fn has_luck(limit: &Limit, best: Option<usize>, error: fn(&Row) -> f64) -> bool {
    best.is_some_and(|best| {
        limit.rows[best..].iter().any(|row| error(row) < error(&limit.rows[best]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_that_settle_stand_below_each_other() {
        assert_eq!(fixed(18.2, 8), "18.200000");
        assert_eq!(fixed(-0.5, 8), "-0.50000000");
        assert_eq!(fixed(0.0, 8), "0");
        assert_eq!(fixed(1.5e-9, 4), "1.500e-9");
    }
}
