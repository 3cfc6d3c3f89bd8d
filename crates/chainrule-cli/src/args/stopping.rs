//! What can be asked of `chainrule train` about stopping and going on, and of `chainrule compare`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

/// How a training stops, and what it goes on from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Stopping and going on")]
pub struct Stopping {
    /// Go on where the same command was stopped: its checkpoint
    /// is in the folder model.run beside model.onnx
    #[arg(long, verbatim_doc_comment)]
    pub resume: bool,
    /// Keep checkpoints not more often than this; 0 is after each
    /// epoch. The last one then stays [default: 10, while it runs]
    #[arg(long, value_name = "SECONDS", value_parser = duration, allow_negative_numbers = true)]
    #[arg(verbatim_doc_comment)]
    pub checkpoint_every: Option<Duration>,
    /// End after so much time, 30s, 10m or 2h, with the best epoch
    /// so far
    #[arg(long, value_name = "DURATION", value_parser = duration, allow_negative_numbers = true)]
    #[arg(verbatim_doc_comment)]
    pub max_time: Option<Duration>,
    /// Begin with the weights of a model of the same columns and layers
    #[arg(long, value_name = "MODEL", conflicts_with = "folds")]
    pub start_from: Option<PathBuf>,
}

impl Stopping {
    /// How far apart checkpoints are unless another distance is asked for.
    pub const CHECKPOINT_EVERY: Duration = Duration::from_secs(10);
}

/// `chainrule compare`.
#[derive(Debug, Args)]
pub struct Compare {
    /// The folders of runs, model.run, or the model files beside them
    #[arg(value_name = "RUN", required = true, num_args = 1..)]
    pub runs: Vec<PathBuf>,
    /// Show the settings that are the same, too
    #[arg(long)]
    pub all: bool,
    /// Write one JSON object
    #[arg(long)]
    pub json: bool,
}

/// A time: seconds, or a number with s, m, h or d behind it, or several of these, 1h30m.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong =
        || "a time is a number of seconds, or of s, m, h or d: 30s, 10m, 2h, 1h30m".to_owned();
    let mut rest = text.trim();
    let mut sum = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|letter: char| letter != '.' && !letter.is_ascii_digit());
        let (number, after) = rest.split_at(end.unwrap_or(rest.len()));
        let number: f64 = number.parse().map_err(|_| wrong())?;
        let mut letters = after.chars();
        let unit = match letters.next() {
            None if sum == 0.0 => 1.0,
            Some('s') => 1.0,
            Some('m') => 60.0,
            Some('h') => 3600.0,
            Some('d') => 86400.0,
            _ => return Err(wrong()),
        };
        sum += number * unit;
        rest = letters.as_str();
    }
    match text.trim().is_empty() {
        true => Err(wrong()),
        false => Duration::try_from_secs_f64(sum).map_err(|_| wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, seconds) in
            [("30", 30.0), ("0", 0.0), ("0.5", 0.5), ("30s", 30.0), ("10m", 600.0), ("2h", 7200.0)]
        {
            assert_eq!(duration(text).unwrap().as_secs_f64(), seconds, "{text}");
        }
        assert_eq!(duration("1h30m").unwrap().as_secs(), 5400);
        assert_eq!(duration("1d").unwrap().as_secs(), 86400);
        for text in ["", "s", "-1", "10x", "1h30", "1..2", "ten", "1e3", "99999999999999999999999d"]
        {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
