//! The checks that every member of a family goes through, over the families' tables: to add a
//! member, nothing here is to be changed.

mod activations;
mod cases;
mod golden;
mod losses;
mod optimizers;
mod running;
mod subject;
