//! The help: examples first, and what the library's own tables hold.

use chainrule::activations::ACTIVATIONS;
use chainrule::data::Task;
use chainrule::estimator::Recipe;
use chainrule::losses::LOSSES;
use chainrule::optimizers::{OPTIMIZERS, Optimizer};

/// `chainrule --help`.
pub const COMMANDS: &str = "\
{about}

Examples:
  chainrule train houses.csv --target price       train, and write model.onnx
  chainrule predict model.onnx new.csv            predict each row
  chainrule evaluate model.onnx sold.csv          measure on rows with the answers
  chainrule inspect model.onnx                    see what is inside

{usage-heading} {usage}

Commands:
{subcommands}

Options:
{options}

The model is an ONNX file that takes the table's raw columns: any ONNX runtime serves it as it is.
`chainrule train --help` shows the options of a command.
";

/// `chainrule train --help`.
pub const TRAIN: &str = "\
{about}

Examples:
  chainrule train penguins.csv --target species
  chainrule train houses.csv --target price --test 0.2 -o houses.onnx
  chainrule train houses.csv --target price --layers 128,128 --activation tanh --seed 7
  chainrule train houses.csv --target price --optimizer sgd:momentum=0.9 --learning-rate 0.01
  chainrule train - --target label --json < table.csv

{usage-heading} {usage}

{all-args}

What the target column holds decides the task, the last activation and the loss; the first lines
say what was chosen and why. Ctrl-C ends the training with the best epoch so far saved (exit 130).
With --json each epoch is a line, and the last line is {\"event\":\"done\",…}.
";

/// `chainrule predict --help`.
pub const PREDICT: &str = "\
{about}

Examples:
  chainrule predict model.onnx new.csv
  chainrule predict model.onnx new.csv -o predictions.csv
  cat new.csv | chainrule predict model.onnx - | head

{usage-heading} {usage}

{all-args}

Columns are found by name, in any order. The answer is CSV: a column `prediction`, and for classes
`probability_LABEL` for each label; of several targets `prediction_NAME` and `probability_NAME`.
";

/// `chainrule evaluate --help`.
pub const EVALUATE: &str = "\
{about}

Examples:
  chainrule evaluate model.onnx sold.csv
  chainrule evaluate model.onnx sold.csv --json

{usage-heading} {usage}

{all-args}
";

/// `chainrule inspect --help`.
pub const INSPECT: &str = "\
{about}

Examples:
  chainrule inspect model.onnx
  chainrule inspect model.onnx --json

{usage-heading} {usage}

{all-args}
";

/// Help for `--task`.
pub fn task() -> String {
    let names = Task::ALL.map(Task::name).join(", ");
    format!("What is predicted: {names}\n[default: from the target]")
}

/// Help for `--layers`.
pub fn layers() -> String {
    let units: Vec<String> = Recipe::default().layers.iter().map(usize::to_string).collect();
    format!("Units of the hidden layers; none makes a linear model [default: {}]", units.join(","))
}

/// Help for `--activation`.
pub fn activation() -> String {
    let names: Vec<&str> = ACTIVATIONS.iter().map(|activation| activation.name()).collect();
    let default = Recipe::default().activation;
    format!("Activation of the hidden layers: {}\n[default: {default}]", in_lines(&names))
}

/// Help for `--dropout`.
pub fn dropout() -> String {
    let default = Recipe::default().dropout;
    format!("Share of the hidden units that is dropped in training [default: {default}]")
}

/// Help for `--loss`.
pub fn loss() -> String {
    let names: Vec<&str> = LOSSES.iter().map(|loss| loss.name).collect();
    format!("What training makes small: {}\n[default: from the target]", in_lines(&names))
}

/// Help for `--optimizer`.
pub fn optimizer() -> String {
    let settings = |optimizer: &Optimizer| {
        let names: Vec<&str> = optimizer.settings.iter().map(|setting| setting.name).collect();
        format!("{} ({})", optimizer.name, names.join(", "))
    };
    let names: Vec<String> = OPTIMIZERS.iter().map(settings).collect();
    format!(
        "What moves the parameters, as NAME or NAME:SETTING=VALUE,…\n{}\n\
         [default: adamw with strong weight decay]",
        names.join("\n")
    )
}

/// Help for `--epochs`.
pub fn epochs() -> String {
    format!("The most passes over the rows [default: {}]", Recipe::default().epochs)
}

/// Help for `--patience`.
pub fn patience() -> String {
    let default = Recipe::default().patience;
    format!("Epochs without a lower validation loss that end it [default: {default}]")
}

/// Help for `--validation`.
pub fn validation() -> String {
    let default = Recipe::default().validation;
    format!("Share of the rows that chooses the best epoch [default: {default}]")
}

/// Help for `--test`.
pub const TEST: &str = "\
Rows to measure the model on at the end: a share, set aside by the
seed before anything is fitted, or another file [default: none]";

/// Names with commas between, a few to a line.
fn in_lines(names: &[&str]) -> String {
    let lines: Vec<String> = names.chunks(4).map(|names| names.join(", ")).collect();
    lines.join(",\n")
}
