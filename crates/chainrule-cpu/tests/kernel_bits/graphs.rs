//! Random graphs with their gradients: many kernels of many kinds, one after the other.

use chainrule_core::Expr;
use chainrule_core::derivative::gradient;

use crate::case::{Case, Given};
use crate::random_graphs::{cases, random_graph};

#[test]
fn random_programs() {
    for seed in 5_000_000..5_000_000 + cases(150) {
        let graph = random_graph(seed, 4 + (seed % 17) as usize, false);
        let variables: Vec<Expr> = graph.inputs.iter().map(|given| given.expr.clone()).collect();
        let mut roots = vec![graph.root.clone(), graph.last.clone()];
        roots.extend(gradient(&graph.root, &variables).unwrap());
        Case::new(&roots, &[], [1, 5, 16, 40, 70][seed as usize % 5], Given::Plain)
            .check(seed as usize);
    }
}
