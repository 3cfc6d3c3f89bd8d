//! Random numbers that depend on what they are for, never on who draws them first.
//!
//! All come from one named generator, [`philox4x32`], a function of a counter and a key: the same
//! place gives the same number on any machine, with any number of threads, after any restart. The
//! transforms to fractions, normal numbers and permutations stand here too, so that no other
//! library's update changes a result; the tests hold golden values of each.

/// Philox4x32-10: encrypts a counter of 128 bits under a key of 64 bits into 128 random bits.
///
/// J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random numbers: as easy as
/// 1, 2, 3", SC 2011. Words are least significant first, as in their library Random123, whose
/// known answers the tests repeat.
pub fn philox4x32(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    philox(counter.map(|word| [u64::from(word)]), key).map(|[word]| word as u32)
}

/// [`philox4x32`] of several counters at once, word by word, in loops that become vectors.
///
/// Each word is the lower half of its number, because vectors multiply lower halves into wholes;
/// what the upper halves hold means nothing.
#[inline(always)]
fn philox<const COUNT: usize>(
    mut counters: [[u64; COUNT]; 4],
    [mut left, mut right]: [u32; 2],
) -> [[u64; COUNT]; 4] {
    for _ in 0..10 {
        let [a, b, c, d] = &mut counters;
        for i in 0..COUNT {
            let first = 0xd251_1f53 * (a[i] & 0xffff_ffff);
            let second = 0xcd9e_8d57 * (c[i] & 0xffff_ffff);
            a[i] = second >> 32 ^ b[i] ^ u64::from(left);
            b[i] = second;
            c[i] = first >> 32 ^ d[i] ^ u64::from(right);
            d[i] = first;
        }
        left = left.wrapping_add(0x9e37_79b9);
        right = right.wrapping_add(0xbb67_ae85);
    }
    counters
}

/// What a family of numbers is for: families of one seed never share a number.
#[derive(Clone, Copy)]
enum Purpose {
    Uniform = 1,
    Stream = 2,
    Shuffle = 3,
}

/// The seed and what names a family, mixed by the generator itself into a key and half a counter.
#[derive(Clone, Copy, Debug)]
struct Family {
    key: [u32; 2],
    half: [u32; 2],
}

impl Family {
    fn new(seed: u64, name: [u32; 3], purpose: Purpose) -> Self {
        let [a, b, c] = name;
        let [k0, k1, h0, h1] = philox4x32([a, b, c, purpose as u32], words(seed));
        Self { key: [k0, k1], half: [h0, h1] }
    }
}

/// The lower and the upper half.
fn words(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}

fn joined(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

/// Fractions for a graph's rows and elements: the same for a given (seed, step, stream).
///
/// Each is a multiple of 2⁻²⁴ in [0, 1), so that it is the same number in `f32` and in `f64`.
#[derive(Clone, Copy, Debug)]
pub struct Uniform {
    family: Family,
}

impl Uniform {
    /// Chooses the fractions of one step and one stream.
    pub fn new(seed: u64, step: u64, stream: u32) -> Self {
        let [low, high] = words(step);
        Self { family: Family::new(seed, [low, high, stream], Purpose::Uniform) }
    }

    /// Returns the fraction of one element of one row.
    pub fn at(&self, row: u64, element: u32) -> f64 {
        f64::from(self.fraction_at(row, element))
    }

    /// Writes the fractions of one row's elements from `first` on, as [`Uniform::at`] gives them.
    /// Elements are counted modulo 2³².
    ///
    /// One call of the generator makes four of them, and several calls run side by side. A kernel
    /// that is compiled for wider vectors has them here too, which is why this is always inlined.
    #[inline(always)]
    pub fn fill<T: From<f32>>(&self, row: u64, first: u32, out: &mut [T]) {
        let before = ((4 - first as usize % 4) % 4).min(out.len());
        let (start, rest) = out.split_at_mut(before);
        let mut element = first;
        for value in start {
            *value = T::from(self.fraction_at(row, element));
            element = element.wrapping_add(1);
        }
        let mut wide = rest.chunks_exact_mut(64);
        for values in &mut wide {
            self.write::<16, T>(row, element, values);
            element = element.wrapping_add(64);
        }
        for values in wide.into_remainder().chunks_mut(16) {
            self.write::<4, T>(row, element, values);
            element = element.wrapping_add(16);
        }
    }

    /// Writes at most 4 · COUNT fractions from the start of a block on.
    #[inline(always)]
    fn write<const COUNT: usize, T: From<f32>>(&self, row: u64, first: u32, values: &mut [T]) {
        let blocks = self.blocks::<COUNT>(row, first / 4);
        if values.len() == 4 * COUNT {
            // The compiler knows the length here and writes whole vectors.
            for block in 0..COUNT {
                for lane in 0..4 {
                    values[4 * block + lane] = T::from(fraction(blocks[lane][block] as u32));
                }
            }
        } else {
            for (place, value) in values.iter_mut().enumerate() {
                *value = T::from(fraction(blocks[place % 4][place / 4] as u32));
            }
        }
    }

    fn fraction_at(&self, row: u64, element: u32) -> f32 {
        let block = self.blocks::<1>(row, element / 4);
        fraction(block[element as usize % 4][0] as u32)
    }

    /// The blocks from `first` on, modulo 2³⁰, word by word.
    #[inline(always)]
    fn blocks<const COUNT: usize>(&self, row: u64, first: u32) -> [[u64; COUNT]; 4] {
        let mut numbers = [0; COUNT];
        for (place, number) in numbers.iter_mut().enumerate() {
            *number = (u64::from(first) + place as u64) % (1 << 30);
        }
        let [low, high] = words(row);
        let [b, c, d] = [low, high, self.family.half[0]].map(|word| [u64::from(word); COUNT]);
        philox([numbers, b, c, d], self.family.key)
    }
}

/// The upper 24 bits as a multiple of 2⁻²⁴.
fn fraction(word: u32) -> f32 {
    (word >> 8) as f32 * (1.0 / 16_777_216.0)
}

/// Returns the fraction in [0, 1) that belongs to one element of one row: [`Uniform::at`].
pub fn uniform(seed: u64, step: u64, stream: u32, row: u64, element: u32) -> f64 {
    Uniform::new(seed, step, stream).at(row, element)
}

/// A sequence of random numbers for work that is done once and in order.
///
/// Each draw takes one value of the counter, whatever it is for (`below` now and then more), so a
/// sequence can be taken up at any [`position`](Self::position).
#[derive(Clone, Debug)]
pub struct Stream {
    family: Family,
    position: u64,
}

impl Stream {
    /// Opens the sequence that a seed and the number of a use name.
    pub fn new(seed: u64, stream: u64) -> Self {
        let [low, high] = words(stream);
        Self { family: Family::new(seed, [low, high, 0], Purpose::Stream), position: 0 }
    }

    /// Returns how many values of the counter have been used.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Goes to a position, back or forth.
    pub fn seek(&mut self, position: u64) {
        self.position = position;
    }

    fn next_block(&mut self) -> [u32; 4] {
        let [low, high] = words(self.position);
        let [h0, h1] = self.family.half;
        self.position = self.position.wrapping_add(1);
        philox4x32([low, high, h0, h1], self.family.key)
    }

    /// Returns 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        self.next_block()[0]
    }

    /// Returns 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        let [low, high, ..] = self.next_block();
        joined(low, high)
    }

    /// Returns a whole number in 0 .. `limit`, each equally likely; 0 if `limit` is 0.
    ///
    /// The upper half of bits × limit, drawn again where that would favour a number (D. Lemire,
    /// "Fast random integer generation in an interval", 2019).
    pub fn below(&mut self, limit: u64) -> u64 {
        if limit == 0 {
            return 0;
        }
        loop {
            let product = u128::from(self.next_u64()) * u128::from(limit);
            let low = product as u64;
            // 2⁶⁴ mod limit of the lower halves are one too many; a lower half of at least
            // `limit` is never one of them, which saves the division.
            if low >= limit || low >= limit.wrapping_neg() % limit {
                return (product >> 64) as u64;
            }
        }
    }

    /// Returns a multiple of 2⁻⁵³ in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        fraction53(self.next_u64())
    }

    /// Returns a number from the normal distribution with mean 0 and standard deviation 1.
    ///
    /// √(−2 log u) cos(2πv) with u in (0, 1] and v in [0, 1) (G. E. P. Box and M. E. Muller, 1958);
    /// the sine is not used, so that each draw stands alone. |result| ≤ 8.6.
    pub fn normal(&mut self) -> f64 {
        let [a, b, c, d] = self.next_block();
        let radius = (-2.0 * libm::log(1.0 - fraction53(joined(a, b)))).sqrt();
        radius * libm::cos(core::f64::consts::TAU * fraction53(joined(c, d)))
    }
}

/// The upper 53 bits as a multiple of 2⁻⁵³.
fn fraction53(bits: u64) -> f64 {
    (bits >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
}

/// The order in which an epoch visits the rows, window by window.
///
/// It depends on the seed, the epoch and the number of rows alone. Up to 2²⁰ rows there is one
/// window, a full permutation. Above, blocks of 4,096 neighbouring rows are permuted, and the rows
/// of each 256 blocks that come together are permuted within their window, so that neither the
/// order nor the rows that it names need more than a window in memory.
#[derive(Clone, Debug)]
pub struct Shuffle {
    seed: u64,
    epoch: u64,
    rows: u32,
    /// The permuted blocks; a single one, of all the rows, where a full permutation is made.
    blocks: Vec<u32>,
    block_rows: u32,
}

impl Shuffle {
    /// The largest number of rows that are permuted as a whole.
    const WHOLE: u32 = 1 << 20;
    const BLOCK_ROWS: u32 = 4096;
    const WINDOW_BLOCKS: usize = 256;
    /// The number that names the permutation of the blocks, where windows have their own.
    const BLOCKS: u32 = u32::MAX;

    /// Plans the order of one epoch.
    pub fn new(seed: u64, epoch: u64, rows: u32) -> Self {
        let block_rows = if rows > Self::WHOLE { Self::BLOCK_ROWS } else { Self::WHOLE };
        let mut blocks: Vec<u32> = (0..rows.div_ceil(block_rows)).collect();
        permute(&mut blocks, seed, epoch, Self::BLOCKS);
        Self { seed, epoch, rows, blocks, block_rows }
    }

    /// Returns the number of windows; 0 if there are no rows.
    pub fn windows(&self) -> usize {
        self.blocks.len().div_ceil(Self::WINDOW_BLOCKS)
    }

    /// Appends the rows of one window in their order; none if there is no such window.
    pub fn window_into(&self, window: usize, order: &mut Vec<u32>) {
        let Some(blocks) = self.blocks.chunks(Self::WINDOW_BLOCKS).nth(window) else {
            return;
        };
        let start = order.len();
        for block in blocks {
            let first = block * self.block_rows;
            order.extend(first..first + self.block_rows.min(self.rows - first));
        }
        permute(&mut order[start..], self.seed, self.epoch, window as u32);
    }
}

/// Permutes in place, every order equally likely (R. A. Fisher and F. Yates; R. Durstenfeld 1964).
fn permute(values: &mut [u32], seed: u64, epoch: u64, part: u32) {
    let [low, high] = words(epoch);
    let mut stream =
        Stream { family: Family::new(seed, [low, high, part], Purpose::Shuffle), position: 0 };
    for last in (1..values.len()).rev() {
        values.swap(last, stream.below(last as u64 + 1) as usize);
    }
}

/// Returns the order in which an epoch visits all rows: the windows of [`Shuffle`], one after the
/// other.
pub fn shuffle(seed: u64, epoch: u64, rows: u32) -> Vec<u32> {
    let mut order = Vec::new();
    shuffle_into(seed, epoch, rows, &mut order);
    order
}

/// As [`shuffle`], into a vector that is emptied first and keeps its memory.
pub fn shuffle_into(seed: u64, epoch: u64, rows: u32, order: &mut Vec<u32>) {
    let plan = Shuffle::new(seed, epoch, rows);
    order.clear();
    order.reserve(rows as usize);
    for window in 0..plan.windows() {
        plan.window_into(window, order);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors `philox4x32 10` of the file kat_vectors of Random123.
    #[test]
    fn philox_gives_the_published_answers() {
        let ones = u32::MAX;
        assert_eq!(
            philox4x32([0; 4], [0; 2]),
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        );
        assert_eq!(
            philox4x32([ones; 4], [ones; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox4x32(
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    /// Σ (count − expected)² / expected over equally likely cells.
    fn chi_square(counts: &[u32]) -> f64 {
        let total: u32 = counts.iter().sum();
        let expected = f64::from(total) / counts.len() as f64;
        let excess = |count: &u32| f64::from(*count) - expected;
        counts.iter().map(|count| excess(count) * excess(count) / expected).sum()
    }

    /// Whether a chi-square lies within five standard deviations of its mean.
    fn plausible(counts: &[u32]) -> bool {
        let degrees = counts.len() as f64 - 1.0;
        (chi_square(counts) - degrees).abs() < 5.0 * (2.0 * degrees).sqrt()
    }

    /// Found alike by a second program, in Python and mpmath, from the definitions above (the normal
    /// number to its last place but one).
    #[test]
    fn golden_values() {
        assert_eq!(uniform(0, 0, 0, 0, 0), 0.834_486_663_341_522_2);
        assert_eq!(uniform(42, 3, 1, 5, 6), 0.096_307_992_935_180_66);
        let mut stream = Stream::new(42, 7);
        assert_eq!(stream.next_u32(), 0x07d5_0e64);
        assert_eq!(stream.next_u64(), 0x0c6d_55df_523d_78ad);
        assert_eq!(stream.below(1000), 864);
        assert_eq!(stream.uniform(), 0.185_856_950_089_920_43);
        assert_eq!(stream.normal(), 1.022_502_135_982_517_7);
        assert_eq!(shuffle(42, 3, 12), [2, 11, 1, 10, 4, 7, 6, 8, 3, 5, 0, 9]);
        let large = shuffle(42, 3, (1 << 20) + 1);
        assert_eq!(large[..4], [370_822, 478_918, 773_893, 888_798]);
    }

    #[test]
    fn a_run_of_elements_equals_its_elements() {
        let numbers = Uniform::new(9, 1 << 40, 2);
        for first in 0..6 {
            for length in (0..11).chain([60, 64, 65, 67, 128, 131, 200]) {
                let mut single = vec![0.0_f32; length];
                let mut double = vec![0.0_f64; length];
                numbers.fill(77, first, &mut single);
                numbers.fill(77, first, &mut double);
                for (place, element) in (first..).take(length).enumerate() {
                    let expected = uniform(9, 1 << 40, 2, 77, element);
                    assert_eq!(double[place], expected);
                    assert_eq!(f64::from(single[place]), expected);
                }
            }
        }
        for before in 0..20 {
            let mut wrapped = [0.0_f64; 100];
            numbers.fill(0, u32::MAX - before, &mut wrapped);
            for (place, &value) in wrapped.iter().enumerate() {
                let element = (u32::MAX - before).wrapping_add(place as u32);
                assert_eq!(value, numbers.at(0, element));
            }
        }
    }

    #[test]
    fn every_argument_of_uniform_counts() {
        let base = (1, 2, 3, 4, 5);
        let all = [
            base,
            (2, 2, 3, 4, 5),
            (1 | 1 << 32, 2, 3, 4, 5),
            (1, 3, 3, 4, 5),
            (1, 2 | 1 << 32, 3, 4, 5),
            (1, 2, 4, 4, 5),
            (1, 2, 3, 5, 5),
            (1, 2, 3, 4 | 1 << 32, 5),
            (1, 2, 3, 4, 6),
            (1, 2, 3, 4, 9),
        ];
        let mut values: Vec<u64> = all
            .iter()
            .map(|&(seed, step, stream, row, element)| {
                uniform(seed, step, stream, row, element).to_bits()
            })
            .collect();
        values.sort_unstable();
        values.dedup();
        assert_eq!(values.len(), all.len());
    }

    #[test]
    fn uniform_numbers_are_spread_evenly_along_rows_elements_and_steps() {
        let draws: [fn(u32) -> f64; 4] = [
            |i| uniform(0, 0, 0, u64::from(i), 0),
            |i| uniform(0, 0, 0, 0, i),
            |i| uniform(0, u64::from(i), 0, 0, 0),
            |i| uniform(u64::from(i), 0, 0, 0, 0),
        ];
        for draw in draws {
            let mut cells = [0; 64];
            let mut pairs = [0; 64];
            let mut previous = draw(u32::MAX);
            for i in 0..20_000 {
                let value = draw(i);
                assert!((0.0..1.0).contains(&value));
                assert_eq!(value * 16_777_216.0, f64::from((value * 16_777_216.0) as u32));
                cells[(value * 64.0) as usize] += 1;
                pairs[(previous * 8.0) as usize * 8 + (value * 8.0) as usize] += 1;
                previous = value;
            }
            assert!(plausible(&cells), "{cells:?}");
            assert!(plausible(&pairs), "{pairs:?}");
        }
    }

    #[test]
    fn below_is_even_and_within_its_limit() {
        let mut stream = Stream::new(5, 0);
        let mut counts = [0; 10];
        for _ in 0..20_000 {
            counts[stream.below(10) as usize] += 1;
        }
        assert!(plausible(&counts), "{counts:?}");
        assert_eq!(stream.below(0), 0);
        assert_eq!(stream.below(1), 0);
        assert!((0..100).all(|_| stream.below(u64::MAX) < u64::MAX));
        // Without drawing again, multiples of three would come twice as often here.
        let mut residues = [0; 3];
        for _ in 0..20_000 {
            residues[(stream.below(3 << 62) % 3) as usize] += 1;
        }
        assert!(plausible(&residues), "{residues:?}");
    }

    #[test]
    fn normal_numbers_have_the_moments_of_the_normal_distribution() {
        let mut stream = Stream::new(11, 3);
        let count = 100_000;
        let mut powers = [0.0; 4];
        for _ in 0..count {
            let x = stream.normal();
            let mut power = 1.0;
            for sum in &mut powers {
                power *= x;
                *sum += power / f64::from(count);
            }
        }
        // Five standard errors each: √(1, 2, 15, 96) / √100,000.
        let bounds = [0.016, 0.023, 0.062, 0.16];
        for ((power, expected), bound) in powers.iter().zip([0.0, 1.0, 0.0, 3.0]).zip(bounds) {
            assert!((power - expected).abs() < bound, "{powers:?}");
        }
    }

    #[test]
    fn a_stream_can_be_taken_up_anywhere() {
        let mut stream = Stream::new(1, 2);
        let draws: Vec<f64> = (0..10).map(|_| stream.normal()).collect();
        assert_eq!(stream.position(), 10);
        let mut again = Stream::new(1, 2);
        again.seek(7);
        assert_eq!(again.normal(), draws[7]);
        assert_ne!(Stream::new(1, 3).normal(), draws[0]);
        assert_ne!(Stream::new(2, 2).normal(), draws[0]);
    }

    fn is_permutation(order: &[u32]) -> bool {
        let mut seen = vec![false; order.len()];
        order.iter().all(|&row| {
            seen.get_mut(row as usize).is_some_and(|seen| !std::mem::replace(seen, true))
        })
    }

    #[test]
    fn a_shuffle_is_a_permutation_keyed_by_seed_epoch_and_rows() {
        for rows in [0, 1, 2, 3, 100, 4096, 4097, 1 << 20] {
            let order = shuffle(3, 4, rows);
            assert_eq!(order.len(), rows as usize);
            assert!(is_permutation(&order));
            assert_eq!(order, shuffle(3, 4, rows));
            if rows >= 100 {
                assert_ne!(order, shuffle(4, 4, rows));
                assert_ne!(order, shuffle(3, 5, rows));
                assert_ne!(order[..99], shuffle(3, 4, rows - 1)[..99]);
            }
        }
        let mut reused = vec![9; 50];
        shuffle_into(3, 4, 100, &mut reused);
        assert_eq!(reused, shuffle(3, 4, 100));
    }

    #[test]
    fn every_order_of_four_rows_is_equally_likely() {
        let mut counts = [0; 24];
        for epoch in 0..24_000 {
            let order = shuffle(0, epoch, 4);
            // The order's number in the factorial system.
            let smaller = |i: usize| order[i + 1..].iter().filter(|&&x| x < order[i]).count();
            counts[smaller(0) * 6 + smaller(1) * 2 + smaller(2)] += 1;
        }
        assert!(plausible(&counts), "{counts:?}");
    }

    #[test]
    fn many_rows_are_shuffled_in_windows_of_permuted_blocks() {
        let rows = (1 << 21) + 5000;
        let plan = Shuffle::new(1, 2, rows);
        // 512 whole blocks and two more, the last of 904 rows.
        assert_eq!(plan.windows(), 3);
        let order = shuffle(1, 2, rows);
        assert!(is_permutation(&order));
        let mut start = 0;
        for index in 0..plan.windows() {
            let mut window = Vec::new();
            plan.window_into(index, &mut window);
            assert_eq!(window, order[start..start + window.len()]);
            start += window.len();
            let mut blocks: Vec<u32> = window.iter().map(|row| row / 4096).collect();
            assert!(!blocks.is_sorted(), "rows of a window are mixed");
            blocks.sort_unstable();
            blocks.dedup();
            assert_eq!(blocks.len(), [256, 256, 2][index]);
            assert!(blocks.windows(2).any(|pair| pair[1] != pair[0] + 1), "blocks are mixed");
        }
        assert_eq!(start, rows as usize);
        let mut none = Vec::new();
        plan.window_into(3, &mut none);
        assert!(none.is_empty());
    }
}
