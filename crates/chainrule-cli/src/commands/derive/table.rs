//! The definition of the derivative, as a table of shrinking Δx.

use chainrule::calculus::Precision;
use chainrule::calculus::{Limit, Quotient};

use super::Findings;
use super::words::full;
use crate::output::{Align, Output};

/// Prints the table, and why smaller steps are not always better.
pub fn print(findings: &Findings<'_>, by: &str, limit: &Limit, output: &mut Output) {
    output.line("");
    let title = format!(
        "by {by}, with Δ{by} → 0: forward is (f({by} + Δ{by}) - f({by}))/Δ{by}, central is \
         (f({by} + Δ{by}) - f({by} - Δ{by}))/(2Δ{by})"
    );
    output.result("limit", &title);
    output.line("");
    let precision = findings.precision();
    let digits = match precision {
        Precision::F64 => 14,
        Precision::F32 => 8,
    };
    let quotient = |quotient: &Quotient, best: bool| {
        let value = match quotient.value.is_nan() {
            true => "–".to_owned(),
            false => fixed(quotient.value, digits),
        };
        let error = match quotient.error.is_finite() {
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
    if let Some(why) = why(limit, by, precision) {
        output.line("");
        output.result("", &why);
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
fn why(limit: &Limit, by: &str, precision: Precision) -> Option<String> {
    let (forward, central) = (limit.best_forward, limit.best_central);
    let best = forward.or(central)?;
    let exact = |row: Option<usize>, error: fn(&chainrule::calculus::Row) -> f64| {
        row.is_none_or(|row| error(&limit.rows[row]) == 0.0)
    };
    if best == 0 && exact(forward, |row| row.forward.error) {
        return Some(format!(
            "The curve is a straight line here, so every Δ{by} is exact but for rounding, which a \
             small Δ{by} makes worse: the error of f is divided by it."
        ));
    }
    let (root, cube) = limit.expected;
    Some(format!(
        "At first the error falls with the curve's bend, like Δ{by} (central: like Δ{by}²). Then it \
         rises: f is rounded to {precision}, and the rounding is divided by Δ{by}. The two balance \
         near √ε = {root:.0e} (central: near ∛ε = {cube:.0e})."
    ))
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
