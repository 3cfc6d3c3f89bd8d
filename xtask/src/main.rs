//! The tasks of the workspace: `cargo xtask test` checks everything, as CI does, and
//! `cargo xtask bench` measures.
//!
//! It needs Rust with rustfmt and clippy, Python 3.11 or later, and the package registries of
//! both; it installs the rest below the build folder. There is one list of steps ([`steps`]);
//! names after `test` choose among them, `--full` adds those that take long.

mod bench;
mod e2e;
mod python;
mod steps;
mod tidy;
mod workspace;

use std::process::ExitCode;

use steps::Step;
use workspace::Workspace;

const USAGE: &str = "\
usage: cargo xtask test [--full] [STEP…]

Runs the steps in this order and stops at the first that fails; with names, only those.
--full adds the steps that take long and, in the tests, more random graphs.
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let task = arguments.next().unwrap_or_default();
    let arguments: Vec<String> = arguments.collect();
    if task == "bench" {
        return match bench::bench(&arguments) {
            Some(Ok(())) => ExitCode::SUCCESS,
            Some(Err(reason)) => {
                eprintln!("{reason}");
                ExitCode::FAILURE
            }
            None => {
                eprint!("{}", bench::USAGE);
                ExitCode::from(2)
            }
        };
    }
    let (options, names): (Vec<_>, Vec<_>) =
        arguments.iter().map(String::as_str).partition(|word| word.starts_with('-'));
    let unknown = options
        .iter()
        .find(|&&option| option != "--full")
        .or_else(|| names.iter().find(|&&name| !steps::STEPS.iter().any(|step| step.name == name)));
    if task != "test" || unknown.is_some() {
        if let Some(word) = unknown {
            eprintln!("there is no {word}\n");
        }
        eprint!("{USAGE}");
        for step in steps::STEPS {
            eprintln!(
                "  {:10} {}{}",
                step.name,
                if step.long { "--full: " } else { "" },
                step.about
            );
        }
        return ExitCode::from(2);
    }
    let full = !options.is_empty();
    let chosen: Vec<&Step> = steps::STEPS
        .iter()
        .filter(
            |step| if names.is_empty() { full || !step.long } else { names.contains(&step.name) },
        )
        .collect();
    match Workspace::find(full) {
        Ok(workspace) => steps::run(&chosen, &workspace),
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}
