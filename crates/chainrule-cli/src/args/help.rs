//! The help: examples first, and what the library's own tables hold.

use chainrule::activations::ACTIVATIONS;
use chainrule::clipping::By;
use chainrule::data::Task;
use chainrule::estimator::Recipe;
use chainrule::initializers::{INITIALIZERS, Initializer};
use chainrule::losses::{LOSSES, Loss, TargetScale};
use chainrule::optimizers::{OPTIMIZERS, Optimizer};
use chainrule::schedules::{SCHEDULES, Schedule};

/// `chainrule --help`.
pub const COMMANDS: &str = "\
{about}

Examples:
  chainrule train houses.csv --target price       train, and write model.onnx
  chainrule predict model.onnx new.csv            predict each row
  chainrule evaluate model.onnx sold.csv          measure on rows with the answers
  chainrule inspect model.onnx                    see what is inside
  chainrule explain model.onnx                    its gradient, formula by formula
  chainrule derive \"x*sin(x)\" --at x=1            differentiate a formula, and see how
  chainrule plot sigmoid relu --derivative        draw functions and formulas

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
  chainrule train visits.csv --target visits --loss poisson --weight days
  chainrule train houses.csv --target price --optimizer sgd:momentum=0.9 --learning-rate 0.01
  chainrule train houses.csv --target price --schedule cosine --warmup 2epochs --clip 1
  chainrule train houses.csv --target price --layers none --optimizer lbfgs
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

/// `chainrule explain --help`.
pub const EXPLAIN: &str = "\
{about}

Examples:
  chainrule explain model.onnx
  chainrule explain model.onnx --latex > chain.tex
  chainrule explain model.onnx --row houses.csv:17
  chainrule explain model.onnx --row houses.csv:17 --learning-rate 0.1 --json

{usage-heading} {usage}

{all-args}

The formulas come from the network's own graph, link by link. With --row there are every value,
every slope down to each weight, and the weights after a step of gradient descent; of large layers
the first numbers are shown, and --json has all.
";

/// `chainrule check --help`.
pub const CHECK: &str = "\
{about}

Examples:
  chainrule check model.onnx houses.csv
  chainrule check model.onnx houses.csv --rows 100 --all
  chainrule check model.onnx houses.csv --tolerance 1e-7 --json

{usage-heading} {usage}

{all-args}

The loss is the model's own, the graph the one that is trained, and the arithmetic double. It ends
with 0 if every slope agrees and with 1 if one does not; a kink, where there is no slope to agree
with, is told and is no failure.
";

/// `chainrule plot --help`.
pub const PLOT: &str = "\
{about}

Examples:
  chainrule plot sigmoid relu tanh --derivative
  chainrule plot \"a*x^2 + b*x\" --at a=1,b=-2 --tangent 2 -o parabola.svg
  chainrule plot linear sigmoid relu tanh --derivative --panels -o activations.png
  chainrule plot mse mae huber --from -3 --to 3 -o losses.svg
  chainrule plot \"(1 - x)^2 + 100*(y - x^2)^2\" --from -2 --to 2 --y-from -1 --y-to 3 \\
      --descend adam --descend sgd:momentum=0.9 --learning-rate 0.1,0.0005 \\
      --start -1.2,1 --steps 500 -o paths.svg

{usage-heading} {usage}

{all-args}

A bare name is a function of x, or a loss: of the residual r = p - y, or of the logit z. One variable
without a value gives a curve, two give contours. Without -o the plot stands in the terminal; with
--json its numbers are one line.
";

/// `chainrule bench --help`.
pub const BENCH: &str = "\
{about}

Examples:
  chainrule bench
  chainrule bench W1 W4 --threads 1 --profile
  chainrule bench --layers 8,64,64,1 --batch-size 32 --optimizer adam --activation tanh
  chainrule bench --layers 30,128,10 --loss categorical_cross_entropy --json

{usage-heading} {usage}

{all-args}

A step is gather, forward, loss, backward and update, timed in `train` itself: the median of the
epochs after a few to warm up. GFLOP/s are those of the matrix products alone, the peak that of
nothing but multiply-adds in the same run. Quiet the machine first: other work makes figures worse.
The environment variable CHAINRULE_ISA (avx512, avx2 or portable) chooses the instruction set; the
default is the fastest that the machine has. No result depends on it, of this or of any command.
";

/// `chainrule derive --help`.
pub const DERIVE: &str = "\
{about}

Examples:
  chainrule derive \"a*x^2 + b*x\"
  chainrule derive \"a*x^2 + b*x\" --by x --at x=3,a=2,b=1
  chainrule derive \"sin(x^2)\" --at x=pi/4 --order 2
  chainrule derive \"log(1 + exp(x))\" --at x=0.5 --f32 --json

{usage-heading} {usage}

{all-args}

A formula has + - * / ^ and functions such as sqrt, exp, log, log_2(x), sin, abs, max, sigmoid and
where(x > 0, x, 0); every other name is a variable. Where it has no value the answer says which
part has none, and why (exit 1).
";

/// `chainrule functions --help`.
pub const FUNCTIONS: &str = "\
{about}

Examples:
  chainrule functions
  chainrule functions losses
  chainrule functions gelu
  chainrule functions adam --lang ko
  chainrule functions --markdown > reference.md

{usage-heading} {usage}

{all-args}

Families: functions, activations, losses, metrics, optimizers, schedules, clipping, initializers,
layers. Where tools disagree on a default, it is PyTorch's, and the text says so.
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
    format!(
        "Activation of the hidden layers, as NAME or a formula of x:\n{}\n[default: {default}]",
        in_lines(&names)
    )
}

/// Help for `--dropout`.
pub fn dropout() -> String {
    let default = Recipe::DROPOUT;
    format!("Share of the hidden units that is dropped in training [default: {default}]")
}

/// Help for `--initializer`.
pub fn initializer() -> String {
    let settings = |initializer: &Initializer| {
        let names: Vec<&str> = initializer.settings.iter().map(|setting| setting.name).collect();
        match names.is_empty() {
            true => initializer.name.to_owned(),
            false => format!("{} ({})", initializer.name, names.join(", ")),
        }
    };
    let names: Vec<String> = INITIALIZERS.iter().map(settings).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    format!(
        "How the weights start, as NAME or NAME:SETTING=VALUE:\n{}\n\
         [default: he_uniform before relu and its kind,\n\
         lecun_normal before selu, else glorot_uniform]",
        in_lines(&names)
    )
}

/// Help for `--embed`.
pub const EMBED: &str = "\
Give each category of a column a learned vector; may be given again
[default units: half of the categories, at most 50]";

/// Help for `--metric`.
pub const METRIC: &str = "\
A metric to report besides the usual ones: a name of `chainrule
functions metrics`, or a formula of y and p such as
\"mean(abs(y - p)/y)\"; may be given again";

/// Help for `--loss`.
pub fn loss() -> String {
    let settings = |loss: &Loss| {
        let names: Vec<&str> = loss.settings.iter().map(|setting| setting.name).collect();
        match names.is_empty() {
            true => loss.name.to_owned(),
            false => format!("{} ({})", loss.name, names.join(", ")),
        }
    };
    let names: Vec<String> = LOSSES.iter().map(settings).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    format!(
        "What training makes small, as NAME, NAME:SETTING=VALUE,… or a\n\
         formula of the target y and the prediction p:\n{}\n[default: from the target]",
        in_lines(&names)
    )
}

/// Help for `--target-scale`.
pub fn target_scale() -> String {
    let names = TargetScale::ALL.map(TargetScale::name).join(", ");
    format!("How a target of numbers is scaled for training: {names}\n[default: from the loss]")
}

/// Help for `--class-weight`.
pub const CLASS_WEIGHT: &str = "\
How much the rows of each class count, besides --weight: balanced,
or LABEL=WEIGHT with commas between [default: 1 each]";

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

/// Help for `--schedule`.
pub fn schedule() -> String {
    let settings = |schedule: &Schedule| {
        let names: Vec<&str> = schedule.settings.iter().map(|setting| setting.name).collect();
        match names.is_empty() {
            true => schedule.name.to_owned(),
            false => format!("{} ({})", schedule.name, names.join(", ")),
        }
    };
    let names: Vec<String> = SCHEDULES.iter().map(settings).collect();
    format!(
        "How the learning rate goes on, as NAME or NAME:SETTING=VALUE,…\n{}\n[default: constant]",
        names.join("\n")
    )
}

/// Help for `--clip`.
pub fn clip() -> String {
    let names: Vec<&str> = By::ALL.iter().map(|by| by.name()).collect();
    format!(
        "Make larger gradients smaller, as NAME=BOUND\n{}; a bound alone is of global_norm",
        names.join(", ")
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

/// Names with commas between, as many to a line as the help has room for.
fn in_lines(names: &[&str]) -> String {
    const WIDEST: usize = 62;
    let mut lines: Vec<String> = Vec::new();
    for name in names {
        match lines.last_mut() {
            Some(line) if line.len() + name.len() < WIDEST => line.push_str(&format!(", {name}")),
            _ => lines.push((*name).to_owned()),
        }
    }
    lines.join(",\n")
}
