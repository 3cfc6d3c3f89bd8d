//! Where a run is kept, and what is there of one before it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use chainrule::checkpoint::Checkpoint;

use super::folder::RunFolder;
use crate::args::Train;
use crate::failure::Failure;
use crate::output::{Output, of};

/// A checkpoint with the name of its file, if there is one.
pub type Found = Option<(Checkpoint, String)>;

/// The folder of a run, which may have to be made yet, and where it goes on.
pub struct Place {
    path: Option<PathBuf>,
    folder: Option<RunFolder>,
    checkpoint: Found,
}

impl Place {
    /// Looks at what is there, and says what becomes of it.
    ///
    /// # Errors
    /// Another run is at work there; its checkpoint is to be gone on from and cannot be read.
    pub fn find(args: &Train, model: &Path, output: &mut Output) -> Result<Self, Failure> {
        let resume = args.stopping.resume;
        // What goes to a device or a pipe has no place for a folder; a folder itself is refused.
        let is_place = model.file_name().is_some()
            && fs::metadata(model).map_or(true, |found| found.is_file());
        if !is_place {
            return match resume {
                true => {
                    let expected = "given with a model that is a file: its folder has the state";
                    Err(Failure::setting("--resume", &model.display().to_string(), expected))
                }
                false => Ok(Self { path: None, folder: None, checkpoint: None }),
            };
        }
        let path = RunFolder::beside(model);
        let folder = RunFolder::find(&path)?;
        let found = folder.as_ref().map_or(Ok(None), RunFolder::checkpoint);
        let shown = path.display();
        let checkpoint = match (resume, found) {
            (true, found) => found?,
            (false, Ok(Some((state, _)))) if !state.over => {
                let (epoch, _) = state.place();
                output.note(&format!(
                    "{shown} has the checkpoint of a run that was stopped in epoch {epoch}; this \
                     run replaces it, where --resume would have gone on"
                ));
                None
            }
            (false, _) => None,
        };
        let gone = |state: &Checkpoint| state.over && !model.exists();
        let checkpoint = match checkpoint {
            Some((state, _)) if gone(&state) => {
                output.note(&format!("{shown}: the run came to its end, but its model is gone"));
                None
            }
            None if resume => {
                output.note(&format!("{shown} has no checkpoint: the training begins anew"));
                None
            }
            found => found,
        };
        Ok(Self { path: Some(path), folder, checkpoint })
    }

    /// Whether the run goes on from a checkpoint: then the model file is its own.
    pub fn goes_on(&self) -> bool {
        self.checkpoint.is_some()
    }

    /// Says where it goes on.
    pub fn tell(&self, output: &mut Output) {
        let Some((state, file)) = self.checkpoint.as_ref().filter(|(state, _)| !state.over) else {
            return;
        };
        let (epoch, rows) = state.place();
        let rows = if rows > 0 { format!(", after {}", of(rows, "row")) } else { String::new() };
        output.story("going on", &format!("with epoch {epoch}{rows}, from {file}"));
    }

    /// Takes the folder, and makes it if it is not there; nothing without a place for one.
    ///
    /// # Errors
    /// Another run is at work there; it cannot be made.
    pub fn open(self) -> Result<(Option<RunFolder>, Found), Failure> {
        let folder = match (self.folder, &self.path) {
            (Some(folder), _) => Some(folder),
            (None, Some(path)) => Some(RunFolder::open(path)?),
            (None, None) => None,
        };
        Ok((folder, self.checkpoint))
    }
}

/// The words of the command that runs.
pub fn words() -> Vec<String> {
    let word = |word: OsString| word.to_string_lossy().into_owned();
    std::iter::once("chainrule".to_owned()).chain(std::env::args_os().skip(1).map(word)).collect()
}

/// The command that goes on with the run of the one that runs.
pub fn command_to_go_on() -> String {
    let mut words = words();
    if !words.iter().any(|word| word == "--resume") {
        words.push("--resume".to_owned());
    }
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./=:,@%+".contains(letter);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_as_a_shell_needs_it() {
        for (word, shown) in [
            ("--layers", "--layers"),
            ("64,64", "64,64"),
            ("(y - p)^2", "'(y - p)^2'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
            ("가격.csv", "가격.csv"),
        ] {
            assert_eq!(quoted(word), shown);
        }
    }
}
