//! Tables to train on, as text, and models of them.

// Each test program uses some of these.
#![allow(dead_code)]

use chainrule::data::{ReadOptions, Table, Task};
use chainrule::estimator::{Fitted, Plan, Recipe};
use chainrule::{Error, Model};
use chainrule_core::random::Stream;

pub fn read(text: &str) -> Result<Table, Error> {
    Table::from_reader(text.as_bytes(), "t.csv", &ReadOptions::default())
}

pub fn table(text: &str) -> Table {
    read(text).unwrap()
}

/// A small network and a few epochs, on one thread.
pub fn quick() -> Recipe {
    Recipe { layers: vec![6], epochs: 4, batch_size: Some(16), threads: 1, ..Recipe::default() }
}

pub fn fit(table: &Table, targets: &[&str], recipe: &Recipe) -> Result<Fitted, Error> {
    Plan::new(table, targets, recipe)?.train(table, &mut ())
}

pub fn model(text: &str, targets: &[&str], recipe: &Recipe) -> Model {
    fit(&table(text), targets, recipe).unwrap().model
}

/// Numbers with gaps, a truth value, a category with gaps; then targets of every kind.
///
/// The columns are `size,old,town,price,rent,kind,sold,let`: two numbers to be predicted, one of
/// three classes, and two yes-or-no values.
pub fn houses(rows: usize) -> String {
    let mut stream = Stream::new(77, 3);
    let mut text = String::from("size,old,town,price,rent,kind,sold,let\n");
    for _ in 0..rows {
        let size = 20.0 + 180.0 * stream.uniform();
        let old = stream.below(2) == 1;
        let town = ["서울", "Köln", "", "Aix, en \"P\""][stream.below(4) as usize];
        let price = 3.0 * size - 80.0 * f64::from(u8::from(old)) + 20.0 * stream.normal();
        let kind = if price < 200.0 {
            "flat"
        } else if price < 400.0 {
            "house"
        } else {
            "성"
        };
        let shown = if stream.below(10) == 0 { String::new() } else { size.to_string() };
        let sold = f64::from(u8::from(price + 60.0 * stream.normal() > 300.0));
        let rented = if size + 30.0 * stream.normal() > 120.0 { "yes" } else { "no" };
        text += &format!(
            "{shown},{old},\"{}\",{price},{},{kind},{sold},{rented}\n",
            town.replace('"', "\"\""),
            price / 100.0 + stream.normal()
        );
    }
    text
}

/// A table of [`houses`] without some columns.
pub fn houses_without(rows: usize, dropped: &[&str]) -> String {
    without(&houses(rows), dropped)
}

/// A table without some columns.
pub fn without(text: &str, dropped: &[&str]) -> String {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let kept: Vec<usize> =
        (0..header.len()).filter(|&column| !dropped.contains(&&header[column])).collect();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(kept.iter().map(|&column| &header[column])).unwrap();
    for record in reader.records() {
        let record = record.unwrap();
        writer.write_record(kept.iter().map(|&column| &record[column])).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

/// One model of each kind, with the table that it came from and its name.
pub fn each_kind() -> Vec<(&'static str, Table, Model)> {
    let kinds: [(&str, &[&str], &[&str]); 5] = [
        ("number", &["price"], &["rent", "kind", "sold", "let"]),
        ("numbers", &["price", "rent"], &["kind", "sold", "let"]),
        ("two classes", &["sold"], &["price", "rent", "kind", "let"]),
        ("three classes", &["kind"], &["price", "rent", "sold", "let"]),
        ("yes or no", &["sold", "let"], &["price", "rent", "kind"]),
    ];
    let make = |(name, targets, dropped): (&'static str, &[&str], &[&str])| {
        let table = table(&houses_without(80, dropped));
        let model = fit(&table, targets, &quick()).unwrap().model;
        (name, table, model)
    };
    kinds.into_iter().map(make).collect()
}

pub fn with_task(task: Task) -> Recipe {
    Recipe { task: Some(task), ..quick() }
}

pub fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}
