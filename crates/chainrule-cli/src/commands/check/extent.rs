//! How much is looked at, so that a check ends in seconds however large the network is.

/// The rows and the elements of each parameter that are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    pub rows: usize,
    /// Of each parameter; none for all of them.
    pub elements: Option<usize>,
}

/// The most rows that are looked at unasked.
const MOST_ROWS: usize = 10_000;

/// Fewer elements are looked at rather than fewer rows than this.
const FEW_ROWS: usize = 64;

/// Fewer rows are looked at rather than fewer elements of a parameter than this.
const FEW_ELEMENTS: usize = 8;

/// About so many multiplications are made, which takes some seconds. It is no time, so that the same
/// is looked at on every machine.
const WORK: usize = 20_000_000_000;

impl Extent {
    /// No more than can be looked at in the time, for parameters of these sizes.
    ///
    /// The loss is computed twice for each element, with about one multiplication for each parameter
    /// and row.
    pub fn bounded(self, parameters: &[usize]) -> Self {
        let all: usize = parameters.iter().sum();
        let affordable = |elements: Option<usize>| {
            let own = |&size: &usize| elements.map_or(size, |most| size.min(most));
            let looks = 2 * parameters.iter().map(own).sum::<usize>();
            WORK / looks.saturating_mul(all).max(1)
        };
        let rows = self.rows.min(MOST_ROWS);
        let mut elements = self.elements;
        while let Some(most) = elements
            && most > FEW_ELEMENTS
            && affordable(elements) < rows.min(FEW_ROWS)
        {
            elements = Some((most / 2).max(FEW_ELEMENTS));
        }
        Self { rows: rows.min(affordable(elements).max(1)), elements }
    }
}

/// So many of some rows, evenly spread over them: a table may be sorted.
pub fn spread(rows: &[usize], count: usize) -> Vec<usize> {
    let count = count.min(rows.len());
    let place = |number: usize| (number as u128 * rows.len() as u128 / count as u128) as usize;
    (0..count).filter_map(|number| rows.get(place(number)).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_network_is_checked_on_everything() {
        let whole = Extent { rows: 344, elements: Some(64) };
        assert_eq!(whole.bounded(&[120, 8, 24, 3]), whole);
        let all = Extent { rows: 20_000, elements: None };
        assert_eq!(all.bounded(&[4, 1]), Extent { rows: MOST_ROWS, ..all });
    }

    #[test]
    fn a_large_one_is_checked_on_fewer_rows_and_then_fewer_elements() {
        let whole = Extent { rows: 10_000, elements: Some(64) };
        let middle = whole.bounded(&[64 * 256, 256, 256 * 256, 256, 2560, 10]);
        assert_eq!(middle.elements, Some(64));
        assert!((100..1000).contains(&middle.rows), "{middle:?}");
        let large = whole.bounded(&[1 << 20; 4]);
        assert!(large.elements < Some(64) && large.rows >= FEW_ROWS, "{large:?}");
        let huge = whole.bounded(&[1 << 28; 8]);
        assert_eq!(huge, Extent { rows: 1, elements: Some(FEW_ELEMENTS) });
        // A network without parameters has nothing to look at.
        assert_eq!(whole.bounded(&[]), whole);
    }

    #[test]
    fn rows_are_spread_over_the_table() {
        let rows: Vec<usize> = (10..20).collect();
        assert_eq!(spread(&rows, 3), [10, 13, 16]);
        assert_eq!(spread(&rows, 99), rows);
        assert_eq!(spread(&[], 3), Vec::<usize>::new());
    }
}
