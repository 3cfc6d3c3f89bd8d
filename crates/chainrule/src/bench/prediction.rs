//! The time of a prediction.

use std::hint::black_box;
use std::time::Instant;

use super::{Rows, Workload, median, peak, quantile};
use crate::error::Result;

/// What predicting took.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// The seconds of one row, in the middle of many; those of the clock, some 25 ns, among them.
    pub row_median: f64,
    /// The seconds that 99 of 100 rows do not exceed.
    pub row_p99: f64,
    /// The seconds of [`Prediction::ROWS`] rows in one call, the median of several.
    pub rows: f64,
    /// The floating-point operations a second of the matrix products, of the many rows.
    pub rate: f64,
    /// Those of nothing but multiply-adds, in the same run.
    pub peak: f64,
}

impl Prediction {
    /// How many rows are predicted in one call.
    pub const ROWS: usize = 4_096;
}

/// Different rows that are predicted one at a time, in turn.
const IN_TURN: usize = 256;

/// Predicts with a workload's network on at most so many threads, and measures it.
///
/// # Errors
/// What is wrong with the network.
pub fn measure_prediction(workload: &Workload, rows: &Rows, threads: usize) -> Result<Prediction> {
    let model = workload.model()?;
    let predictor = model.predictor(threads)?;
    let (inputs, outputs) = (workload.network().inputs(), model.outputs());
    let many: Vec<f32> = rows.x.iter().copied().cycle().take(Prediction::ROWS * inputs).collect();
    let mut out = vec![0.0; Prediction::ROWS * outputs];

    let (one, calls) = (workload.operations_of_a_row(), |cost: f64| 2e9 / cost.max(1.0));
    let few = calls(one).clamp(2_000.0, 20_000.0) as usize;
    let mut times = Vec::with_capacity(few);
    let warm_up = IN_TURN;
    for (call, row) in
        many.chunks_exact(inputs).take(IN_TURN).cycle().take(warm_up + few).enumerate()
    {
        let start = Instant::now();
        predictor.predict_into(row, &mut out[..outputs])?;
        let passed = start.elapsed().as_secs_f64();
        black_box(&out);
        if call >= warm_up {
            times.push(passed);
        }
    }

    let whole = calls(one * Prediction::ROWS as f64).clamp(7.0, 500.0) as usize;
    let mut whole_times = Vec::with_capacity(whole);
    for call in 0..=whole {
        let start = Instant::now();
        predictor.predict_into(&many, &mut out)?;
        let passed = start.elapsed().as_secs_f64();
        black_box(&out);
        if call > 0 {
            whole_times.push(passed);
        }
    }
    let rows = median(&whole_times);
    Ok(Prediction {
        row_median: median(&times),
        row_p99: quantile(&times, 0.99),
        rows,
        rate: one * Prediction::ROWS as f64 / rows,
        peak: peak(threads),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prediction_is_timed() {
        let workload = Workload::named("W1").unwrap();
        let rows = Rows::of(&workload, None).unwrap();
        let prediction = measure_prediction(&workload, &rows, 1).unwrap();
        assert!(prediction.row_median > 0.0 && prediction.row_median <= prediction.row_p99);
        assert!(prediction.rows > prediction.row_median);
    }
}
