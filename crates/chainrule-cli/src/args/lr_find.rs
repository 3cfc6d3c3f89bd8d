//! What can be asked of `chainrule lr-find`.

use std::path::PathBuf;

use clap::{Arg, Args};

use chainrule::estimator::RateRange;

use super::train::Train;
use super::values;

/// `chainrule lr-find`.
#[derive(Debug, Args)]
pub struct LrFind {
    /// The learning rate of the first step [default: 1e-7]
    #[arg(long, value_name = "NUMBER", help_heading = "Rates")]
    #[arg(value_parser = values::positive, allow_negative_numbers = true)]
    pub from: Option<f64>,
    /// The learning rate of the last step [default: 10]
    #[arg(long, value_name = "NUMBER", help_heading = "Rates")]
    #[arg(value_parser = values::positive, allow_negative_numbers = true)]
    pub to: Option<f64>,
    /// How many steps are taken from the first rate to the last [default: 200]
    #[arg(long, value_name = "COUNT", help_heading = "Rates")]
    #[arg(value_parser = values::at_least_one, allow_negative_numbers = true)]
    pub steps: Option<usize>,
    /// Draw the losses into an SVG file too
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub svg: Option<PathBuf>,
    #[command(flatten)]
    pub train: Train,
}

impl LrFind {
    /// The rates that are tried.
    pub fn range(&self) -> RateRange {
        let default = RateRange::default();
        RateRange {
            from: self.from.unwrap_or(default.from),
            to: self.to.unwrap_or(default.to),
            steps: self.steps.unwrap_or(default.steps),
        }
    }

    /// An argument of `train` as the help shows it here: not one that is refused.
    pub fn shown(arg: Arg) -> Arg {
        match arg.get_long().is_some_and(|long| REFUSED.iter().any(|flag| &flag[2..] == long)) {
            true => arg.hide(true),
            false => arg,
        }
    }

    /// A flag of `train` that was given and has no meaning here.
    pub fn refused(&self) -> Option<&'static str> {
        let train = &self.train;
        let given = [
            train.learning_rate.is_some(),
            train.schedule.is_some(),
            train.warmup.is_some(),
            train.epochs.is_some(),
            train.patience.is_some(),
            !train.metric.is_empty(),
            train.splits.folds.is_some(),
            train.splits.out_of_fold.is_some(),
            train.output.is_some(),
            train.profile,
            train.stopping.resume,
            train.stopping.start_from.is_some(),
            train.stopping.checkpoint_every.is_some(),
        ];
        REFUSED.iter().zip(given).find(|(_, given)| *given).map(|(name, _)| *name)
    }
}

/// The flags of `train` that have no meaning here.
const REFUSED: [&str; 13] = [
    "--learning-rate",
    "--schedule",
    "--warmup",
    "--epochs",
    "--patience",
    "--metric",
    "--folds",
    "--out-of-fold",
    "--output",
    "--profile",
    "--resume",
    "--start-from",
    "--checkpoint-every",
];
