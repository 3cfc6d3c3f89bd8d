//! The checks that every member of a family goes through, over the families' tables: to add a
//! member, nothing here is to be changed.

mod activations;
mod autodiff_cases;
mod cases;
mod clipping;
mod exported;
mod golden;
mod loss_cases;
mod losses;
mod math_cases;
mod optimizers;
mod running;
mod schedules;
mod subject;
