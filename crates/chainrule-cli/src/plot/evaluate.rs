//! Values of expressions at many places, by the engine that trains networks.

use chainrule::engine::{
    Data, Engine, Matrices, Matrix, Number, Options, Program, Selection, compile,
};
use chainrule::{Error, Expr, Kind};

/// A compiled expression of rows, in f64 or in the f32 of training.
pub enum Evaluator {
    Double(Box<Engine<f64>>),
    Single(Box<Engine<f32>>),
}

impl Evaluator {
    /// Compiles expressions.
    ///
    /// # Errors
    /// The error that poisoned one.
    pub fn new(values: &[Expr], single: bool) -> Result<Self, Error> {
        let program = compile(values, &[])?;
        Ok(match single {
            true => Self::Single(Box::new(Engine::new(program, Options::default()))),
            false => Self::Double(Box::new(Engine::new(program, Options::default()))),
        })
    }

    /// The values of each expression, from the values of each variable.
    ///
    /// # Errors
    /// A variable without values.
    pub fn values(&mut self, given: &[(&str, &[f64])]) -> Result<Vec<Vec<f64>>, Error> {
        match self {
            Self::Double(engine) => values(engine, given),
            Self::Single(engine) => values(engine, given),
        }
    }
}

fn values<T: Number>(
    engine: &mut Engine<T>,
    given: &[(&str, &[f64])],
) -> Result<Vec<Vec<f64>>, Error> {
    let rows = given.first().map_or(0, |(_, values)| values.len());
    let groups: Vec<(&str, Matrix<'_>)> = given
        .iter()
        .filter_map(|&(name, values)| Some((name, Matrix::new(Data::F64(values), rows, 1)?)))
        .collect();
    let outputs = kinds(engine.program());
    let mut of_rows: Vec<Vec<T>> =
        (outputs.iter()).filter(|kind| **kind == Kind::Rows).map(|_| vec![T::ZERO; rows]).collect();
    let mut slices: Vec<&mut [T]> = of_rows.iter_mut().map(Vec::as_mut_slice).collect();
    if let Some(source) = Matrices::new(&groups) {
        engine.run(&source, Selection::Range { start: 0, count: rows }, 0, 0, &mut slices)?;
    }
    let mut of_rows = of_rows.into_iter();
    let found = outputs.iter().enumerate().map(|(output, kind)| match kind {
        Kind::Rows => of_rows.next().unwrap_or_default(),
        // A value without a variable in it is the same in every row.
        Kind::Shared => {
            vec![engine.values().output(output).first().copied().unwrap_or(T::ZERO); rows]
        }
    });
    Ok(found.map(|values| values.into_iter().map(T::to_f64).collect()).collect())
}

fn kinds(program: &Program) -> Vec<Kind> {
    program.outputs().iter().map(|&value| program.values()[value].kind).collect()
}

#[cfg(test)]
mod tests {
    use chainrule::Shape;

    use super::*;

    #[test]
    fn values_are_those_of_each_row_in_either_precision() {
        let x = Expr::input("x", Shape::rows(&[]));
        let roots = [x.clone() * 0.1, Expr::constant(7.0)];
        let at = [("x", &[1.0, 3.0][..])];
        let mut double = Evaluator::new(&roots, false).unwrap();
        assert_eq!(double.values(&at).unwrap(), [[0.1, 3.0 * 0.1], [7.0, 7.0]]);
        let mut single = Evaluator::new(&roots, true).unwrap();
        assert_eq!(single.values(&at).unwrap()[0], [f64::from(0.1_f32), f64::from(0.3_f32)]);
    }
}
