//! `chainrule completions` and `chainrule man`: what a shell and a manual need, from the one table
//! of flags that also parses them.

use clap::CommandFactory;

use crate::args::{Arguments, Completions, Manual};
use crate::failure::Failure;
use crate::output::Output;

/// Prints the script that completes the command's words in a shell.
pub fn completions(args: &Completions, output: &mut Output) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Arguments::command(), "chainrule", &mut script);
    output.text(&String::from_utf8_lossy(&script));
    Ok(())
}

/// Prints a page of the manual, in roff.
pub fn manual(args: &Manual, output: &mut Output) -> Result<(), Failure> {
    let mut command = Arguments::command();
    command.build();
    let page = match &args.of {
        None => command,
        Some(name) => {
            let found = command.find_subcommand(name).cloned().ok_or_else(|| {
                let names: Vec<&str> =
                    command.get_subcommands().map(|one| one.get_name()).collect();
                Failure::setting("command", name, &format!("one of {}", names.join(", ")))
            })?;
            let name = format!("chainrule-{name}");
            found.name(name.clone()).display_name(name)
        }
    };
    let mut text = Vec::new();
    match clap_mangen::Man::new(page).render(&mut text) {
        Ok(()) => output.text(&String::from_utf8_lossy(&text)),
        Err(reason) => return Err(Failure::Unwritable { file: "the page".to_owned(), reason }),
    }
    Ok(())
}
