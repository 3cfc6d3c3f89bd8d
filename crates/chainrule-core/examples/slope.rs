//! Differentiates a formula: the README's example.

use chainrule_core::{Expr, derivative::gradient};

fn main() {
    let x = Expr::variable("x");
    let y = x.clone().powf(2.0) * 3.0 + x.clone().sigmoid();
    let slope = gradient(&y, &[x]).unwrap();
    println!("{}", slope[0]);
}
