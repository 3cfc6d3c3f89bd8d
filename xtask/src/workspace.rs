//! Where things are, and how a command is started in the workspace.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folders of the workspace.
pub struct Workspace {
    /// The repository's root.
    pub root: PathBuf,
    /// The folder of the build that this program belongs to: `target/debug`.
    pub binaries: PathBuf,
    /// Whether the steps that have a long form take it.
    pub full: bool,
}

impl Workspace {
    /// Finds the folders: the root from this crate's own, the build from this program's file.
    ///
    /// # Errors
    /// A sentence, if this program does not stand in a build of the workspace.
    pub fn find(full: bool) -> Result<Self, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        let program = std::env::current_exe().map_err(|reason| reason.to_string())?;
        match (root, program.parent()) {
            (Some(root), Some(binaries)) if root.join("Cargo.toml").is_file() => {
                Ok(Self { root: root.to_owned(), binaries: binaries.to_owned(), full })
            }
            _ => Err(format!("{} is not in a build of the workspace", program.display())),
        }
    }

    /// A command that starts in the root.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    /// The cargo that runs this program, with arguments divided by blanks.
    pub fn cargo(&self, arguments: &str) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = self.command(cargo);
        command.args(arguments.split_whitespace());
        command
    }

    /// The text of a file, by its path from the root.
    ///
    /// # Errors
    /// A sentence with the path.
    pub fn text(&self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(self.root.join(path)).map_err(|reason| format!("{path}: {reason}"))
    }
}

/// Prints a command and runs it; its output is not captured.
///
/// # Errors
/// A sentence: it cannot be started, or it failed.
pub fn run(command: &mut Command) -> Result<(), String> {
    let line = line(command);
    println!("$ {line}");
    // What this program printed stands before what the command prints, in a log too.
    std::io::stdout().flush().map_err(|reason| reason.to_string())?;
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{line}: {status}")),
        Err(reason) => Err(format!("{line}: {reason}")),
    }
}

/// A command as one would type it, programs by their file's name.
fn line(command: &Command) -> String {
    let set = command.get_envs().filter_map(|(name, value)| {
        Some(format!("{}={:?}", name.to_string_lossy(), value?.to_string_lossy()))
    });
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    let words = words.map(|word| word.to_string_lossy().into_owned());
    set.chain(words).collect::<Vec<_>>().join(" ")
}
