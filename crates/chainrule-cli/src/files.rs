//! Writing a file whole or not at all: under a temporary name beside it, then renamed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Where a result is to be written, known to be writable before the work begins.
pub struct Destination {
    path: PathBuf,
    name: String,
    /// A device or a pipe: it is written to as it is, and nothing is lost by it.
    stream: bool,
}

impl Destination {
    /// Checks that the file can be written, and that it is not there or may be overwritten.
    ///
    /// # Errors
    /// It may not be overwritten; it is a folder; its folder is not there or not writable.
    pub fn new(path: &Path, overwrite: bool) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let mut destination = Self { path: path.to_owned(), name, stream: false };
        if let Ok(metadata) = fs::metadata(path) {
            if metadata.is_dir() {
                return Err(destination.failed(io::ErrorKind::IsADirectory.into()));
            }
            destination.stream = !metadata.is_file();
            if !destination.stream && !overwrite {
                return Err(Failure::FileExists { file: destination.name });
            }
            // A link stays a link: what it points to is replaced.
            destination.path =
                fs::canonicalize(path).map_err(|reason| destination.failed(reason))?;
        }
        drop(destination.begin()?);
        Ok(destination)
    }

    /// The file's name, as the user gave it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Starts to write; nothing is seen of it before [`Writing::commit`].
    ///
    /// # Errors
    /// The temporary file cannot be made.
    pub fn begin(&self) -> Result<Writing<'_>, Failure> {
        let failed = |reason| self.failed(reason);
        if self.stream {
            let file = OpenOptions::new().write(true).open(&self.path).map_err(failed)?;
            return Ok(Writing { file: BufWriter::new(file), temporary: None, destination: self });
        }
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = self.path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
        let file = File::create_new(&temporary).map_err(failed)?;
        let file = BufWriter::new(file);
        Ok(Writing { file, temporary: Some(temporary), destination: self })
    }

    /// Writes all at once.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut writing = self.begin()?;
        writing.write_all(bytes).map_err(|reason| self.failed(reason))?;
        writing.commit()
    }

    /// What became of writing.
    pub fn failed(&self, reason: io::Error) -> Failure {
        Failure::Unwritable { file: self.name.clone(), reason }
    }
}

/// A file that is being written; dropped before it is committed, it leaves nothing.
pub struct Writing<'a> {
    file: BufWriter<File>,
    temporary: Option<PathBuf>,
    destination: &'a Destination,
}

impl Writing<'_> {
    /// Puts the file in its place once it is safe on the disk.
    ///
    /// # Errors
    /// What the system says; the temporary file is removed.
    pub fn commit(mut self) -> Result<(), Failure> {
        let failed = |reason| self.destination.failed(reason);
        self.file.flush().map_err(failed)?;
        if let Some(temporary) = &self.temporary {
            self.file.get_ref().sync_all().map_err(failed)?;
            fs::rename(temporary, &self.destination.path).map_err(failed)?;
            self.temporary = None;
        }
        Ok(())
    }
}

impl Write for Writing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            let _ = fs::remove_file(temporary);
        }
    }
}
