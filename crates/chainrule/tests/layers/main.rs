//! The layers: their values and gradients against numbers from elsewhere, what they learn, that
//! threads and blocks change no bit, and that they are saved and read back.

#[path = "../tabular/mod.rs"]
mod tabular;
// Each test program uses some of these.
#[allow(dead_code)]
#[path = "../family_checks/running.rs"]
mod running;
#[allow(dead_code)]
#[path = "../training/sample.rs"]
mod sample;

mod building;
mod codes;
mod gradients;
mod learning;
mod reproducible;
mod saving;
mod values;
