//! Cases of the collection "Public troubles of people who train neural networks, as small checks",
//! as far as they are about the rows that training takes.

use std::collections::BTreeMap;

use chainrule::data::split;
use chainrule_core::random;

/// Of a file sorted by class a quarter for validation has two rows of each, not the last class.
#[test]
fn train_split_1() {
    let classes: Vec<u32> = (0..32).map(|row| row / 8).collect();
    let rows: Vec<usize> = (0..32).collect();
    for seed in 0..20 {
        let (training, validation) = split(&rows, 0.25, seed, Some(&classes));
        let mut counts = [0; 4];
        validation.iter().for_each(|&row| counts[classes[row] as usize] += 1);
        assert_eq!(counts, [2; 4], "{validation:?}");
        let mut all = [training, validation].concat();
        all.sort_unstable();
        assert_eq!(all, rows);
        // Without classes it is shuffled all the same.
        let (_, validation) = split(&rows, 0.25, seed, None);
        assert_eq!(validation.len(), 8);
        assert!(validation.iter().any(|&row| row < 24), "{validation:?}");
    }
}

/// Every order of three rows comes equally often.
#[test]
fn train_seed_3() {
    let mut counts: BTreeMap<Vec<u32>, u32> = BTreeMap::new();
    for seed in 0..60_000 {
        *counts.entry(random::shuffle(seed, 1, 3)).or_default() += 1;
    }
    assert_eq!(counts.len(), 6);
    assert!(counts.values().all(|count| (9540..=10_460).contains(count)), "{counts:?}");
    // The orders of the epochs of one run too.
    let mut counts: BTreeMap<Vec<u32>, u32> = BTreeMap::new();
    for epoch in 1..=60_000 {
        *counts.entry(random::shuffle(7, epoch, 3)).or_default() += 1;
    }
    assert!(counts.values().all(|count| (9540..=10_460).contains(count)), "{counts:?}");
}
