//! Dates, scales, many categories and splits: what columns become, what is kept apart, and that
//! models of them are saved and read back.

#[path = "../tabular/mod.rs"]
mod tabular;

mod categories;
mod dates;
mod scales;
mod splits;

use chainrule::data::{EncoderOptions, Encoders, Schema, Table};
use chainrule::error::Error;

/// Encoders of a table whose target is `y`, fitted on some rows.
fn fit_on(table: &Table, rows: &[usize], options: &EncoderOptions) -> Result<Encoders, Error> {
    Encoders::fit_with(table, &Schema::infer(table, &["y"])?, rows, options)
}

fn fit(table: &Table, options: &EncoderOptions) -> Result<Encoders, Error> {
    fit_on(table, &(0..table.rows()).collect::<Vec<_>>(), options)
}
