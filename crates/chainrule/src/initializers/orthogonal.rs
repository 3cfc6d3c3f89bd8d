//! A random matrix whose rows, or columns, stand at right angles to each other.

use chainrule_core::random::Stream;

/// A matrix in row-major order whose rows (of a tall one, columns) are orthonormal.
///
/// It is the Q of a matrix of normal numbers, R having a positive diagonal, so that every such
/// matrix is equally likely. Each vector is cleared of those before it twice, after which nothing
/// of them is left but rounding.
pub(super) fn matrix(rows: usize, columns: usize, stream: &mut Stream) -> Vec<f64> {
    let (count, length) = (rows.min(columns), rows.max(columns));
    let mut found: Vec<Vec<f64>> = Vec::with_capacity(count);
    while found.len() < count {
        let mut vector: Vec<f64> = (0..length).map(|_| stream.normal()).collect();
        for _ in 0..2 {
            for other in &found {
                let along = dot(&vector, other);
                vector.iter_mut().zip(other).for_each(|(x, y)| *x -= along * y);
            }
        }
        let norm = dot(&vector, &vector).sqrt();
        // One that lies among those before it, which chance hardly ever gives, is drawn again.
        if norm > 1e-6 {
            vector.iter_mut().for_each(|x| *x /= norm);
            found.push(vector);
        }
    }
    match rows <= columns {
        true => found.concat(),
        false => (0..length).flat_map(|i| found.iter().map(move |vector| vector[i])).collect(),
    }
}

/// Σ xᵢ·yᵢ, in eight chains in a fixed order.
fn dot(x: &[f64], y: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    let (left, right) = (x.chunks_exact(LANES), y.chunks_exact(LANES));
    let rest: f64 = left.remainder().iter().zip(right.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in left.zip(right) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += x * y;
        }
    }
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest entry of M·Mᵀ − I, or of MᵀM − I if that is the smaller matrix.
    fn worst(matrix: &[f64], rows: usize, columns: usize) -> f64 {
        let at = |i: usize, k: usize| match rows <= columns {
            true => matrix[i * columns + k],
            false => matrix[k * columns + i],
        };
        let (count, length) = (rows.min(columns), rows.max(columns));
        let mut worst: f64 = 0.0;
        for i in 0..count {
            for j in 0..count {
                let product: f64 = (0..length).map(|k| at(i, k) * at(j, k)).sum();
                worst = worst.max((product - f64::from(u8::from(i == j))).abs());
            }
        }
        worst
    }

    #[test]
    fn wide_tall_and_square_ones_are_orthonormal() {
        for (rows, columns) in [(1, 1), (1, 9), (9, 1), (7, 7), (20, 33), (33, 20), (64, 64)] {
            for seed in 0..3 {
                let values = matrix(rows, columns, &mut Stream::new(seed, 1));
                assert_eq!(values.len(), rows * columns);
                let worst = worst(&values, rows, columns);
                assert!(worst < 1e-14 * (rows + columns) as f64, "{rows}×{columns}: {worst}");
            }
        }
    }

    /// The first vector is the first normal numbers, of length 1; the second has none of it.
    #[test]
    fn the_first_vector_keeps_its_direction_and_signs_do_not_flip() {
        let mut stream = Stream::new(5, 2);
        let normal: Vec<f64> = (0..6).map(|_| stream.normal()).collect();
        let q = matrix(2, 3, &mut Stream::new(5, 2));
        let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
        for (q, x) in q[..3].iter().zip(&normal[..3]) {
            assert!((q - x / norm(&normal[..3])).abs() < 1e-15);
        }
        // R's diagonal: the part of the second vector along its own direction is positive.
        let along: f64 = q[3..].iter().zip(&normal[3..]).map(|(q, x)| q * x).sum();
        assert!(along > 0.0);
    }
}
