//! The help: examples first, and what the library's own tables hold.

use chainrule::activations::ACTIVATIONS;
use chainrule::clipping::By;
use chainrule::data::{Fill, Scale, Task};
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
  chainrule check houses.csv --target price       see what is in a table
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

/// `chainrule lr-find --help`.
pub const LR_FIND: &str = "\
{about}

Examples:
  chainrule lr-find houses.csv --target price
  chainrule lr-find houses.csv --target price --optimizer sgd --clip 1 --svg rates.svg
  chainrule lr-find houses.csv --target price --from 1e-5 --to 1 --steps 300 --json

{usage-heading} {usage}

{all-args}

The learning-rate range test (Smith, 2015): one short training from the first parameters while the
rate rises by the same factor each step. Losses are smoothed as they come, each with 9/10 of the
weight of the next; the test ends early where the smoothed loss is over 4 times its lowest, or where
a number is not finite. What is suggested is a tenth of the rate with the lowest smoothed loss; the
rate at which it fell fastest is told beside it. The flags are those of `train`, which should be
given the same ones; those of the rate itself, of epochs and of the model's file are refused. The
seed decides every number. With --json there is one object, with every step.
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
  chainrule train houses.csv --target price --folds 5 --scale robust,area=log
  chainrule train sales.csv --target sold --time day --test 0.2
  chainrule train 2023.csv.gz 2024.csv.gz --target price
  chainrule train - --target label --json < table.csv
  chainrule train houses.csv --target price --max-time 2h
  chainrule train houses.csv --target price --resume

{usage-heading} {usage}

{all-args}

What the target column holds decides the task, the last activation and the loss; the first lines
say what was chosen and why. Ctrl-C (exit 130) and SIGTERM (143) end the training after the step at
hand, with the best epoch saved as the model and the state in the folder of the run, model.run; the
same command with --resume goes on from there, and after a kill or a power cut from the last
checkpoint. What comes out is the same to the bit as without the break, for any --threads. There are
also events.jsonl (each epoch, and where it ran) and history.csv (each epoch in full precision).
With --json each epoch is a line, and the last line is {\"event\":\"done\",…}.
";

/// `chainrule predict --help`.
pub const PREDICT: &str = "\
{about}

Examples:
  chainrule predict model.onnx new.csv
  chainrule predict model.onnx new.csv -o predictions.csv
  chainrule predict model.onnx new.csv --keep id,name
  cat new.csv | chainrule predict model.onnx - | head

{usage-heading} {usage}

{all-args}

Columns are found by name, in any order. A name with a comma stands in quotes in --keep, whose cells
are copied as they stand. The answer is CSV: a column `prediction`, and for classes
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

/// `chainrule compare --help`.
pub const COMPARE: &str = "\
{about}

Examples:
  chainrule compare small.run large.run
  chainrule compare runs/*.onnx --json

{usage-heading} {usage}

{all-args}

A run is the folder that `train` writes beside its model, or the model itself. What is compared
stands in its events.jsonl.
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
  chainrule check houses.csv --target price       look at a table before training on it
  chainrule check houses.csv --json > schema.json
  chainrule train houses.csv --schema schema.json --target price
  chainrule check model.onnx houses.csv           check a model's gradients on it
  chainrule check model.onnx houses.csv --rows 100 --all --tolerance 1e-7

{usage-heading} {usage}

{all-args}

Of a table it tells what each column holds, what is missing, constant, or there twice, what may
give the target away, and what `train` would do; nothing found is a failure. With --json the one
object has the schema, which --schema takes back, as it is or corrected.

If the first file is a model, every slope of its own loss is checked against central differences in
double precision, on the graph that is trained. It ends with 0 if all agree and with 1 if one does
not; a kink, where there is no slope to agree with, is told and is no failure.
";

/// Help for the files of `check`.
pub const CHECKED: &str = "\
The table, in any form that train reads; several files are read as one;
- is standard input. With a model file before it, which `train` wrote,
the model's gradients are checked on the rows of the table";

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

/// Help for the tables of a command.
pub const DATA: &str = "\
The table: CSV with a header line, NPY, Parquet or Arrow, compressed or
not; several files are read as one; - is standard input";

/// Help for tables that have the target column.
pub const ANSWERED: &str = "\
Rows with the target column, in any form that train reads; several
files are read as one; - is standard input";

/// Help for `--schema`.
pub const SCHEMA: &str = "\
What columns are, in JSON as `check DATA --json` writes it:
each one's kind, role, format, missing words and fill";

/// Help for `--embed`.
pub const EMBED: &str = "\
Give each category of a column a learned vector; may be given again
[default units: half of the categories, at most 50]";

/// Help for `--scale`.
pub fn scale() -> String {
    let names = Scale::ALL.map(Scale::name).join(", ");
    format!(
        "How numbers and dates are scaled, as SCALE, COLUMN=SCALE or both\n\
         with commas between: {names}\n[default: {}]",
        Scale::default().name()
    )
}

/// Help for `--missing-fill`.
pub fn missing_fill() -> String {
    let names = Fill::ALL.map(Fill::name).join(", ");
    format!("What stands in for a missing number: {names}\n[default: {}]", Fill::default().name())
}

/// Help for `--one-hot`.
pub fn one_hot() -> String {
    let default = Recipe::default().one_hot;
    format!(
        "The most categories of a column that have a slot each; columns\n\
         with more become learned vectors [default: {default}]"
    )
}

/// Help for `--rare`.
pub const RARE: &str = "\
Take categories in fewer rows than this for others, as unseen ones
[default: 2 in columns of too many categories for slots, else 1]";

/// Help for `--folds`.
pub const FOLDS: &str = "\
Train so many models besides, each without its share of the
rows, and measure it on these: each metric's mean and spread";

/// Help for `--group`.
pub const GROUP: &str = "\
Keep rows of one value in this column, such as a customer, on
one side of each split; it is no input";

/// Help for `--time`.
pub const TIME: &str = "\
Hold out the latest rows by this column of dates or numbers,
in place of random ones";

/// Help for `--out-of-fold`.
pub const OUT_OF_FOLD: &str = "\
Write the prediction of each row by the fold that was not
trained on it, as CSV";

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
    format!(
        "Rows that choose the best epoch: a share, drawn by the seed\n\
         with the classes in proportion, or another file\n[default: {default}]"
    )
}

/// Help for `--test`.
pub const TEST: &str = "\
Rows to measure the model on at the end: a share, set aside by
the seed before anything is fitted, or another file
[default: none]";

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
