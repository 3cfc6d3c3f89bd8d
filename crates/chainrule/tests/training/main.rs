//! Training a network on rows of numbers: against what can be computed by hand, and against every
//! promise that [`chainrule::train`] makes.

mod cases;
mod divergence;
mod dropout;
mod epochs;
mod errors;
mod extensions;
mod optimum;
mod rates;
mod reproducible;
mod resume;
mod sample;
mod solver;
mod steps;
mod stopping;
mod weights;
