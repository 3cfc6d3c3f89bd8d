//! Benchmarks: the workloads of the repository and nets of one's own, trained and timed.
//!
//! What is timed is [`train`](crate::train::train) itself, epoch by epoch: a new order of the rows,
//! gather, forward, loss, backward and update. The operations are those of the matrix products
//! alone, batch × (6·Σ multiply-adds − 2·multiply-adds of the first layer), and what they are
//! compared with is the fastest loop of multiply-adds of the same run ([`peak`]).

mod peak;
mod prediction;
mod rows;
mod training;
mod workload;

pub use peak::peak;
pub use prediction::{Prediction, measure_prediction};
pub use rows::{Origin, Rows};
pub use training::{Training, measure_training};
pub use workload::{WORKLOADS, Workload};

/// The middle of some figures, the upper one of two; NaN of none.
fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The smallest figure that at least a share of them does not exceed; NaN of none.
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (share * sorted.len() as f64) as usize;
    sorted.get(place.min(sorted.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles() {
        let figures = [5.0, 1.0, 4.0, 2.0, 3.0];
        assert_eq!(median(&figures), 3.0);
        assert_eq!(quantile(&figures, 0.99), 5.0);
        assert_eq!(quantile(&figures, 0.0), 1.0);
        assert!(median(&[]).is_nan());
    }
}
