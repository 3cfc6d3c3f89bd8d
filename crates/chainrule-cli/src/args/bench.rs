//! What can be asked of `chainrule bench`.

use std::path::PathBuf;

use chainrule::bench::{WORKLOADS, Workload};
use chainrule::{Error, optimizers};
use clap::Args;

use super::{Threads, Voice, values};

/// `chainrule bench`.
#[derive(Debug, Args)]
pub struct Bench {
    /// What is measured: W1 to W5 are trainings, W6 predictions [default: all]
    #[arg(value_name = "WORKLOAD", value_parser = workload, conflicts_with = "layers")]
    pub workloads: Vec<String>,
    #[command(flatten)]
    pub threads: Threads,
    /// Epochs that are timed [default: the workload's own]
    #[arg(long, value_name = "COUNT", value_parser = values::at_least_one)]
    #[arg(allow_negative_numbers = true)]
    pub epochs: Option<usize>,
    /// Show where the time of a step goes: the first thread's, in each kernel
    #[arg(long)]
    pub profile: bool,
    /// Write the rows and the first parameters into a folder, and measure nothing
    #[arg(long, value_name = "FOLDER", hide = true)]
    pub export: Option<PathBuf>,
    #[command(flatten)]
    pub own: Own,
    #[command(flatten)]
    pub voice: Voice,
}

/// A net of the user's own, on synthetic rows.
#[derive(Debug, Args)]
#[command(next_help_heading = "A net of your own")]
pub struct Own {
    /// The numbers of a row and the units of each layer: 8,64,64,1
    #[arg(long, value_name = "SIZES", value_parser = sizes)]
    pub layers: Option<Sizes>,
    /// Activation of the hidden layers, or a formula of x [default: relu]
    #[arg(long, value_name = "NAME", value_parser = values::activation, requires = "layers")]
    pub activation: Option<String>,
    /// What training makes small, as `chainrule train` takes it [default: mse]
    #[arg(long, value_name = "NAME|FORMULA", value_parser = values::loss, requires = "layers")]
    pub loss: Option<String>,
    /// What moves the parameters, as `chainrule train` takes it [default: adam]
    #[arg(long, value_name = "OPTIMIZER", value_parser = optimizer, requires = "layers")]
    pub optimizer: Option<String>,
    /// The size of a step [default: the optimizer's own]
    #[arg(long, value_name = "NUMBER", value_parser = values::positive, requires = "layers")]
    #[arg(allow_negative_numbers = true)]
    pub learning_rate: Option<f64>,
    /// Rows of a step [default: 32]
    #[arg(long, value_name = "COUNT", value_parser = values::at_least_one, requires = "layers")]
    #[arg(allow_negative_numbers = true)]
    pub batch_size: Option<usize>,
    /// Rows of an epoch [default: 20480]
    #[arg(long, value_name = "COUNT", value_parser = values::at_least_one, requires = "layers")]
    #[arg(allow_negative_numbers = true)]
    pub rows: Option<usize>,
}

/// The numbers of a row and the units of each layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes(Vec<usize>);

impl Own {
    /// The net, if there is one.
    ///
    /// # Errors
    /// A loss that does not go with the last layer.
    pub fn workload(&self) -> Result<Option<Workload>, Error> {
        let Some(Sizes(sizes)) = &self.layers else { return Ok(None) };
        let given = |text: &Option<String>, default: &str| text.clone().unwrap_or(default.into());
        let activation = given(&self.activation, "relu");
        let (loss, optimizer) = (given(&self.loss, "mse"), given(&self.optimizer, "adam"));
        let own = Workload::own(sizes, &activation, &loss, &optimizer)?;
        let batch_size = self.batch_size.unwrap_or(own.batch_size);
        Ok(Some(Workload {
            learning_rate: self.learning_rate.unwrap_or(own.learning_rate),
            batch_size,
            rows: self.rows.unwrap_or(own.rows).max(batch_size),
            ..own
        }))
    }
}

/// The name that stands for the predictions.
pub const PREDICTIONS: &str = "W6";

fn workload(text: &str) -> Result<String, String> {
    let name = text.to_uppercase();
    match WORKLOADS.contains(&name.as_str()) || name == PREDICTIONS {
        true => Ok(name),
        false => Err(format!("there are {} and {PREDICTIONS}", WORKLOADS.join(", "))),
    }
}

fn sizes(text: &str) -> Result<Sizes, String> {
    let size = |part: &str| part.trim().parse().ok().filter(|&size: &usize| size > 0);
    let sizes: Option<Vec<usize>> = text.split(',').map(size).collect();
    sizes.filter(|sizes| sizes.len() > 1).map(Sizes).ok_or_else(|| {
        "it must be the numbers of a row and the units of each layer with commas between, such as \
         8,64,64,1"
            .to_owned()
    })
}

/// An optimizer that goes by steps: a solver has none to be timed.
fn optimizer(text: &str) -> Result<String, Error> {
    let settings = optimizers::Settings::parse(text)?;
    match settings.member().update {
        Some(_) => Ok(settings.to_string()),
        None => Err(chainrule::ErrorKind::InvalidSetting {
            option: "optimizer",
            value: settings.to_string(),
            expected: "one that goes by steps: a solver takes all rows at once".to_owned(),
        }
        .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_sizes() {
        assert_eq!(workload("w4").unwrap(), "W4");
        assert!(workload("W7").unwrap_err().contains("W5 and W6"));
        assert_eq!(sizes("8, 64,1").unwrap(), Sizes(vec![8, 64, 1]));
        for wrong in ["8", "", "8,0,1", "8,,1", "8,-1", "a,b", "99999999999999999999,1"] {
            assert!(sizes(wrong).is_err(), "{wrong}");
        }
        assert!(optimizer("adam").is_ok());
        assert!(optimizer("lbfgs").is_err());
    }
}
