//! Trains a network on a table and writes the model: the README's example.

use chainrule::data::{ReadOptions, Table};
use chainrule::estimator::{Plan, Recipe};

fn main() -> Result<(), chainrule::Error> {
    let table = Table::read("datasets/penguins.csv".as_ref(), &ReadOptions::default())?;
    let recipe = Recipe { layers: vec![64, 64], seed: 7, ..Recipe::default() };
    let fitted = Plan::new(&table, &["species"], &recipe)?.train(&table, &mut ())?;
    std::fs::write("penguins.onnx", fitted.model.to_bytes()?).expect("a writable folder");
    println!("best epoch {}", fitted.model.summary.best_epoch);
    Ok(())
}
