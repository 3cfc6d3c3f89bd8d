//! From a table to a trained model.

mod learning;
mod methods;
mod recipes;
#[path = "../tabular/mod.rs"]
mod tabular;

/// Targets of each kind in [`tabular::houses`], with the columns that must not tell them.
const KINDS: [(&[&str], &[&str]); 5] = [
    (&["price"], &["rent", "kind", "sold", "let"]),
    (&["price", "rent"], &["kind", "sold", "let"]),
    (&["sold"], &["price", "rent", "kind", "let"]),
    (&["kind"], &["price", "rent", "sold", "let"]),
    (&["sold", "let"], &["price", "rent", "kind"]),
];
