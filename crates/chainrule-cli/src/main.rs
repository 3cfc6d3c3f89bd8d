//! The chainrule command: train, predict, evaluate and inspect networks from a table.
//!
//! [`args`] says what can be asked, each file of [`commands`] answers one question, and everything
//! that is printed goes through [`output`]. Results go to standard output, progress and notes to
//! standard error. It exits with 0; 1 for a failure; 2 if the command line is to be corrected; 130
//! after Ctrl-C and 143 after SIGTERM. A reader who closes the pipe early (`| head`) is no failure.

mod args;
mod commands;
mod failure;
mod files;
mod interrupt;
mod output;
mod plot;
mod progress;

use std::process::ExitCode;

use chainrule::engine::Isa;
use clap::Parser;
use clap::error::ErrorKind;

use args::{Arguments, Command};
use failure::Failure;
use output::Output;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(refusal) => return refused(&refusal),
    };
    let mut output = Output::new(arguments.command.manner());
    if let Err(refused) = Isa::requested() {
        output.error(&Failure::Library(refused.into()));
        return ExitCode::from(Failure::USAGE);
    }
    let result = match &arguments.command {
        Command::Train(args) => commands::train::run(args, &mut output),
        Command::LrFind(args) => commands::lr_find::run(args, &mut output),
        Command::Predict(args) => commands::predict::run(args, &mut output),
        Command::Evaluate(args) => commands::evaluate::run(args, &mut output),
        Command::Inspect(args) => commands::inspect::run(args, &mut output),
        Command::Functions(args) => commands::functions::run(args, &mut output),
        Command::Derive(args) => commands::derive::run(args, &mut output),
        Command::Explain(args) => commands::explain::run(args, &mut output),
        Command::Check(args) => commands::check::run(args, &mut output),
        Command::Compare(args) => commands::compare::run(args, &mut output),
        Command::Bench(args) => commands::bench::run(args, &mut output),
        Command::Plot(args) => commands::plot::run(args, &mut output),
        Command::Completions(args) => commands::shell::completions(args, &mut output),
        Command::Man(args) => commands::shell::manual(args, &mut output),
    };
    match result.and_then(|()| output.finish()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.error(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Prints what clap has to say: help and the version on standard output, the rest as an error.
fn refused(refusal: &clap::Error) -> ExitCode {
    let mut output = Output::new(output::Manner::default());
    let text = refusal.render().to_string();
    if refusal.use_stderr() {
        let asked = refusal.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
        output.usage(if asked { "" } else { "chainrule: " }, &text);
        return ExitCode::from(Failure::USAGE);
    }
    output.text(&text);
    match output.finish() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.error(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}
