//! What is measured: a metric of the table, or a typed one.

use chainrule_core::function::FunctionRow;
use chainrule_core::{Expr, Kind, Shape, Words};

use super::{Columns, Metric, MetricError, metric};
use crate::engine::{Data, Engine, Matrices, Matrix, Options, Selection, compile};
use crate::error::{ErrorKind, Result};
use crate::formula::Formula;

/// A metric of the table, or a formula of the target `y` and the prediction `p`.
///
/// A typed metric is in the target's own units; of classes `y` is 1 for the row's class and 0 for
/// the others, and `p` are the probabilities. What has a value for each row is averaged over the
/// outputs and over the rows by their weights; `mean(…)` does that inside of a formula, and
/// `sum(…, axis=rows)`, `max(…, axis=rows)` go over the rows without weights.
///
/// ```
/// use chainrule::metrics::{Choice, Columns, Numbers};
/// let columns = Columns::Numbers(Numbers::new(&[1.0, 2.0], &[1.0, 4.0], 1, None).unwrap());
/// let of = |text: &str| Choice::parse(text).unwrap().of(&columns).unwrap();
/// assert_eq!(of("mse"), 2.0);
/// assert_eq!(of("abs(y - p)/y"), 0.5);
/// assert_eq!(of("sqrt(mean((y - p)^2))"), 2f64.sqrt());
/// assert_eq!(of("max(abs(y - p), axis=rows)"), 2.0);
/// ```
#[derive(Clone, Debug)]
pub enum Choice {
    /// One of the table.
    Named(&'static Metric),
    /// A typed one.
    Typed(Formula),
}

impl Choice {
    /// Reads a name of the table or a formula.
    ///
    /// # Errors
    /// [`UnknownName`](ErrorKind::UnknownName), with the nearest name;
    /// [`chainrule_core::ErrorKind::Formula`], with the place in the text.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(match Formula::is_one(text) {
            true => Self::Typed(Formula::of_columns(text, &["y", "p"], MEAN)?),
            false => Self::Named(metric(text.trim())?),
        })
    }

    /// The name, or the formula as it was typed.
    pub fn name(&self) -> &str {
        match self {
            Self::Named(metric) => metric.name,
            Self::Typed(formula) => formula.text(),
        }
    }

    /// Measures the columns.
    ///
    /// # Errors
    /// Columns of another kind; those of the metric; [`ErrorKind::Expression`] if a formula does not
    /// fit the columns or gives more than one number.
    pub fn of(&self, columns: &Columns<'_>) -> Result<f64> {
        match self {
            Self::Named(metric) => Ok(metric.of(columns)?.value),
            Self::Typed(formula) => measure(formula, columns),
        }
    }
}

/// The value of a formula of whole columns.
fn measure(formula: &Formula, columns: &Columns<'_>) -> Result<f64> {
    let Rows { y, p, share, width } = Rows::of(columns);
    let input = |name: &str| Expr::input(name, Shape::rows(&[width]));
    let value = formula.of_with(&[("y", input("y")), ("p", input("p"))], MEAN);
    let value = match value.node()?.shape().kind {
        Kind::Rows => mean(&value),
        Kind::Shared => value,
    };
    let shape = value.node()?.shape().clone();
    if shape.elements() != 1 {
        let error: Expr = chainrule_core::ErrorKind::NotANumber { shape }.into();
        error.node()?;
    }
    let mut engine = Engine::<f64>::new(compile(&[value], &[])?, Options::default());
    let matrix = |values, width| Matrix::new(Data::F64(values), share.len(), width);
    let groups = [("y", matrix(&y, width)), ("p", matrix(&p, width)), ("share", matrix(&share, 1))];
    let groups: Vec<_> =
        groups.into_iter().filter_map(|(name, rows)| Some((name, rows?))).collect();
    let Some(source) = Matrices::new(&groups) else {
        return Err(ErrorKind::Metric(MetricError::NoRows).into());
    };
    let all = Selection::Range { start: 0, count: share.len() };
    engine.run(&source, all, 0, 0, &mut [])?;
    Ok(engine.values().output(0).first().copied().unwrap_or(f64::NAN))
}

/// Columns as a formula reads them: rows of `width` numbers, and each row's share of the weight.
struct Rows {
    y: Vec<f64>,
    p: Vec<f64>,
    share: Vec<f64>,
    width: usize,
}

impl Rows {
    /// The rows that count; a row of weight 0 has no part in a maximum either.
    fn of(columns: &Columns<'_>) -> Self {
        let (mut rows, width) = match columns {
            Columns::Numbers(numbers) => {
                let width = numbers.outputs;
                let mut outputs: Vec<_> = (0..width).map(|output| numbers.rows(output)).collect();
                let mut rows = Self { y: Vec::new(), p: Vec::new(), share: Vec::new(), width };
                'rows: loop {
                    for (output, of_output) in outputs.iter_mut().enumerate() {
                        let Some((w, y, p)) = of_output.next() else { break 'rows };
                        rows.y.push(y);
                        rows.p.push(p);
                        if output == 0 {
                            rows.share.push(w);
                        }
                    }
                }
                (rows, width)
            }
            Columns::Classes(classes) => {
                let width = classes.classes;
                let mut rows = Self { y: Vec::new(), p: Vec::new(), share: Vec::new(), width };
                for (w, y, of_row) in classes.rows() {
                    rows.y.extend((0..width).map(|class| f64::from(u8::from(class == y))));
                    rows.p.extend_from_slice(of_row);
                    rows.share.push(w);
                }
                (rows, width)
            }
        };
        let total: f64 = rows.share.iter().sum();
        rows.share.iter_mut().for_each(|share| *share /= total);
        rows.width = width;
        rows
    }
}

/// The weighted mean over the rows, and over the elements of a row.
fn mean(x: &Expr) -> Expr {
    let elements = x.shape().elements().max(1);
    let share = Expr::input("share", Shape::rows(&[]));
    let of_row = x.clone().reshape(&[elements]).sum(0) * (1.0 / elements as f64);
    (of_row * share).sum_over_rows()
}

/// What a formula of columns knows besides.
const MEAN: &[FunctionRow] = &[FunctionRow {
    name: "mean",
    parameters: &["x"],
    defaults: &[],
    build: |x| mean(&x[0]),
    doc: Words {
        english: "The mean over the rows, by their weights, and over the elements of a row.",
        korean: "행의 가중치에 따른 모든 행의 평균이며, 한 행의 원소에 대해서도 평균을 낸다.",
    },
    formula: "sum(w*x, axis=rows)/sum(w, axis=rows)",
    domain: "-inf < x < inf",
    range: "-inf < y < inf",
    latex: None,
    points: &[],
}];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Classes, Numbers};

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-14 * expected.abs(), "{found}, not {expected}");
    }

    #[test]
    fn a_typed_metric_is_the_one_of_the_table() {
        let (y, p) = ([3.0, -0.5, 2.0, 7.0, 1.0, 0.0], [2.5, 0.0, 2.0, 8.0, 1.5, -1.0]);
        let weights = [0.5, 2.0, 0.0];
        for (outputs, weights) in [(1, None), (2, None), (2, Some(&weights[..]))] {
            let columns = Columns::Numbers(Numbers::new(&y, &p, outputs, weights).unwrap());
            for (name, text) in [("mse", "(y - p)^2"), ("mae", "mean(abs(y - p))")] {
                let of = |text: &str| Choice::parse(text).unwrap().of(&columns).unwrap();
                close(of(text), of(name));
            }
        }
        let probabilities = [0.9, 0.1, 0.25, 0.75, 0.5, 0.5];
        let columns = Columns::Classes(Classes::new(&[0, 1, 0], &probabilities, 2, None).unwrap());
        let of = |text: &str| Choice::parse(text).unwrap().of(&columns).unwrap();
        // The mean over two classes is half of the sum over them.
        close(2.0 * of("-y*log(p)"), of("log_loss"));
        close(of("(y - p)^2"), of("brier"));
    }

    #[test]
    fn what_is_no_metric_says_so() {
        let columns = Columns::Numbers(Numbers::new(&[1.0, 2.0], &[1.0, 4.0], 2, None).unwrap());
        assert!(Choice::parse("mea").is_err());
        assert!(Choice::parse("y - q").is_err());
        assert!(Choice::parse("y + uniform(stream=0, rows[])").is_err());
        assert!(Choice::parse("sum(y, axis=rows)").unwrap().of(&columns).is_err());
        assert!(Choice::parse("log_loss").unwrap().of(&columns).is_err());
        // A row without weight has no part.
        let columns =
            Columns::Numbers(Numbers::new(&[1.0, 2.0], &[1.0, 9.0], 1, Some(&[1.0, 0.0])).unwrap());
        assert_eq!(Choice::parse("max(p, axis=rows)").unwrap().of(&columns).unwrap(), 1.0);
    }
}
