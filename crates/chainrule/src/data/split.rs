//! Sets rows aside, by seed and with the classes in proportion.

use chainrule_core::random::Stream;

/// The stream of random numbers that splits draw from; a number of its own, so that a split and
/// another use of the same seed are independent.
const STREAM: u64 = 0x0053_504c_4954;

/// Splits rows into those to train on and those held out, both in ascending order.
///
/// About `fraction` of the rows is held out: their number is rounded to the nearest, and at least
/// one row is left to train on. With `strata` (one class a row, in the order of `rows`) each class
/// gives its share: the whole part of fraction × size, and one more where the remainder is
/// largest, until the total is reached; equal remainders go to the larger class, then to the lower
/// number. At least one row of each class is left to train on, so that with many classes of one
/// row fewer rows may be held out. A fraction outside [0, 1], or NaN, is taken as the nearest end,
/// or 0.
///
/// The result depends on the seed, the rows and the strata alone.
pub fn split(
    rows: &[usize],
    fraction: f64,
    seed: u64,
    strata: Option<&[u32]>,
) -> (Vec<usize>, Vec<usize>) {
    let fraction = if fraction > 0.0 { fraction.min(1.0) } else { 0.0 };
    let classes = grouped(rows.len(), strata);
    let mut stream = Stream::new(seed, STREAM);
    let mut held = vec![false; rows.len()];
    for (mut members, count) in classes.iter().cloned().zip(shares(&classes, rows.len(), fraction))
    {
        // The first `count` places of a Fisher-Yates shuffle are a sample without repetition.
        for place in 0..count {
            let other = place + stream.below((members.len() - place) as u64) as usize;
            members.swap(place, other);
            held[members[place]] = true;
        }
    }
    let (mut train, mut held_out) = (Vec::new(), Vec::new());
    for (&row, held) in rows.iter().zip(held) {
        if held {
            held_out.push(row);
        } else {
            train.push(row);
        }
    }
    train.sort_unstable();
    held_out.sort_unstable();
    (train, held_out)
}

/// Returns the positions of each class, classes in ascending order.
fn grouped(rows: usize, strata: Option<&[u32]>) -> Vec<Vec<usize>> {
    let class = |position: usize| strata.and_then(|strata| strata.get(position)).copied();
    let mut positions: Vec<usize> = (0..rows).collect();
    positions.sort_by_key(|&position| class(position));
    let groups = positions.chunk_by(|&a, &b| class(a) == class(b));
    groups.map(<[usize]>::to_vec).collect()
}

/// Returns how many rows of each class are held out.
fn shares(classes: &[Vec<usize>], rows: usize, fraction: f64) -> Vec<usize> {
    let exact = |class: usize| fraction * classes[class].len() as f64;
    let most = |class: usize| classes[class].len() - 1;
    let mut counts: Vec<usize> =
        (0..classes.len()).map(|class| (exact(class).floor() as usize).min(most(class))).collect();
    let mut order: Vec<usize> = (0..classes.len()).collect();
    order.sort_by(|&a, &b| {
        let remainder = |class: usize| exact(class) - exact(class).floor();
        remainder(b).total_cmp(&remainder(a)).then(classes[b].len().cmp(&classes[a].len()))
    });
    let total = (fraction * rows as f64).round() as usize;
    let mut left = total.saturating_sub(counts.iter().sum());
    for class in order {
        if left > 0 && counts[class] < most(class) {
            counts[class] += 1;
            left -= 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: usize) -> Vec<usize> {
        (0..count).collect()
    }

    #[test]
    fn both_parts_are_ascending_and_together_all_rows() {
        let all = [3, 5, 8, 9, 20, 21, 22];
        let (train, held) = split(&all, 0.3, 7, None);
        assert_eq!((train.len(), held.len()), (5, 2));
        assert!(train.is_sorted() && held.is_sorted());
        let mut both = [train, held].concat();
        both.sort_unstable();
        assert_eq!(both, all);
    }

    #[test]
    fn the_seed_decides() {
        let all = rows(200);
        let first = split(&all, 0.2, 0, None);
        assert_eq!(first, split(&all, 0.2, 0, None));
        assert_ne!(first, split(&all, 0.2, 1, None));
        assert_eq!(first.1.len(), 40);
    }

    #[test]
    fn train_split_1_a_file_sorted_by_class_gives_each_class_its_share() {
        let strata: Vec<u32> = (0..32).map(|row| row / 8).collect();
        for seed in 0..50 {
            let (_, held) = split(&rows(32), 0.25, seed, Some(&strata));
            for class in 0..4 {
                let count = held.iter().filter(|&&row| strata[row] == class).count();
                assert_eq!(count, 2, "seed {seed}");
            }
        }
    }

    #[test]
    fn remainders_reach_the_rounded_total_and_each_class_stays_in_training() {
        // 7, 5, 4, 1 rows at 0.3: exact 2.1, 1.5, 1.2, 0.3; the total is round(5.1) = 5.
        let strata: Vec<u32> = [vec![0; 7], vec![1; 5], vec![2; 4], vec![9; 1]].concat();
        let (train, held) = split(&rows(17), 0.3, 3, Some(&strata));
        let counts = |part: &[usize]| {
            [0, 1, 2, 9].map(|class| part.iter().filter(|&&row| strata[row] == class).count())
        };
        assert_eq!(counts(&held), [2, 2, 1, 0]);
        assert_eq!(counts(&train), [5, 3, 3, 1]);
        // Classes of a single row all stay.
        let single: Vec<u32> = (0..10).collect();
        assert_eq!(split(&rows(10), 0.5, 0, Some(&single)).1, Vec::<usize>::new());
    }

    #[test]
    fn the_ends_of_the_fraction() {
        for fraction in [0.0, -1.0, f64::NAN] {
            assert_eq!(split(&rows(9), fraction, 0, None), (rows(9), vec![]));
        }
        for fraction in [1.0, 7.0, 0.99] {
            assert_eq!(split(&rows(9), fraction, 0, None).0.len(), 1);
        }
        assert_eq!(split(&[], 0.5, 0, None), (vec![], vec![]));
    }

    #[test]
    fn every_row_is_held_out_equally_often() {
        let mut counts = [0; 10];
        for seed in 0..20_000 {
            for row in split(&rows(10), 0.3, seed, None).1 {
                counts[row] += 1;
            }
        }
        // 6,000 expected, standard deviation 65: five of them either side.
        assert!(counts.iter().all(|count| (5_675..=6_325).contains(count)), "{counts:?}");
    }
}
