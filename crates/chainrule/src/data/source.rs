//! Where a table's bytes come from: a file, standard input or a stream, compressed or not; opened
//! once, or once more where the texts of a column have to be seen again.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::chunks::Chunks;
use super::compressed::{decompressed, look};
use super::memory::Bytes;
use super::npy::Npy;
use crate::error::{Error, ErrorKind, Result};

/// Bytes of a file, decompressed.
pub(super) type Stream<'a> = Box<dyn Read + Send + 'a>;

/// What a file holds.
pub(super) enum Content<'a> {
    /// Lines of text.
    Lines(Stream<'a>),
    /// Columns of values, or rows of them.
    Values(Box<dyn Chunks + 'a>),
}

/// One file.
pub(super) struct Source<'a> {
    /// Its name in errors.
    pub file: String,
    /// Whether its name says that tabs stand between the fields.
    pub tabs: bool,
    origin: Origin<'a>,
}

enum Origin<'a> {
    Path(PathBuf),
    /// What can be read once alone; none once that is done.
    Stream(Option<Stream<'a>>, Arc<Mutex<Kept>>),
}

impl<'a> Source<'a> {
    /// A file by its path; `-` is standard input.
    pub(super) fn new(path: &Path, bound: Bytes) -> Self {
        if path == Path::new("-") {
            return Self::of_stream(io::stdin(), "standard input", bound);
        }
        let ends_in = |path: &Path, ends: &[&str]| {
            let extension = path.extension().map(|extension| extension.to_string_lossy());
            extension.is_some_and(|own| ends.iter().any(|end| own.eq_ignore_ascii_case(end)))
        };
        let inner = match ends_in(path, &["gz", "zst", "zstd"]) {
            true => Path::new(path.file_stem().unwrap_or_default()),
            false => path,
        };
        Self {
            file: path.display().to_string(),
            tabs: ends_in(inner, &["tsv"]),
            origin: Origin::Path(path.to_owned()),
        }
    }

    /// A stream, by the name that it has in errors.
    pub(super) fn of_stream(input: impl Read + Send + 'a, file: &str, bound: Bytes) -> Self {
        // What is kept of it stands beside the table.
        let most = usize::try_from(bound.0 / 4).unwrap_or(usize::MAX);
        let kept = Kept { bytes: Vec::new(), most, whole: true };
        let origin = Origin::Stream(Some(Box::new(input)), Arc::new(Mutex::new(kept)));
        Self { file: file.to_owned(), tabs: false, origin }
    }

    /// Opens it; `keep` says that it may have to be opened again.
    pub(super) fn open(&mut self, keep: bool, bound: Bytes) -> Result<Content<'a>> {
        let file = &self.file;
        let unreadable = |reason| Error::from(unreadable(file, reason));
        let mut path = None;
        let raw: Stream<'a> = match &mut self.origin {
            Origin::Path(from) => {
                path = Some(from.clone());
                Box::new(File::open(from).map_err(unreadable)?)
            }
            Origin::Stream(input, kept) => match input.take() {
                Some(input) if keep => Box::new(Keeping { input, kept: Arc::clone(kept) }),
                Some(input) => input,
                None => {
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    match kept.whole {
                        true => Box::new(Cursor::new(std::mem::take(&mut kept.bytes))),
                        false => return Err(ErrorKind::ReadOnce { file: file.clone() }.into()),
                    }
                }
            },
        };
        let (head, raw) = look(raw).map_err(unreadable)?;
        let plain = Format::of(&head);
        let input = decompressed(raw).map_err(unreadable)?;
        let (head, input) = look(input).map_err(unreadable)?;
        match Format::of(&head) {
            Format::Text => Ok(Content::Lines(Box::new(input))),
            Format::Npy => Ok(Content::Values(Box::new(Npy::open(input, file, bound)?))),
            format @ (Format::Parquet | Format::Arrow) => {
                // A columnar file is read from its end, and so as a file where it is one.
                let place = path.filter(|_| plain == format);
                columnar(format, place.as_deref(), Box::new(input), file, bound)
            }
        }
    }
}

#[cfg(feature = "parquet")]
fn columnar<'a>(
    format: Format,
    path: Option<&Path>,
    input: Stream<'a>,
    file: &str,
    bound: Bytes,
) -> Result<Content<'a>> {
    use super::columnar::{Columnar, Place};
    let place = match path {
        Some(path) => Place::File(File::open(path).map_err(|reason| unreadable(file, reason))?),
        None => Place::Stream(input),
    };
    Ok(Content::Values(Box::new(Columnar::open(format == Format::Parquet, place, file, bound)?)))
}

#[cfg(not(feature = "parquet"))]
fn columnar<'a>(
    format: Format,
    _path: Option<&Path>,
    _input: Stream<'a>,
    file: &str,
    _bound: Bytes,
) -> Result<Content<'a>> {
    let format = if format == Format::Parquet { "Parquet" } else { "Arrow" };
    Err(ErrorKind::FormatNotBuilt { file: file.to_owned(), format }.into())
}

/// The formats, known by their first bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Npy,
    Parquet,
    Arrow,
}

impl Format {
    fn of(head: &[u8]) -> Self {
        match head {
            [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Self::Npy,
            [b'P', b'A', b'R', b'1', ..] => Self::Parquet,
            // A file, and a stream.
            [b'A', b'R', b'R', b'O', b'W', b'1', ..] | [0xff, 0xff, 0xff, 0xff, ..] => Self::Arrow,
            _ => Self::Text,
        }
    }
}

fn unreadable(file: &str, reason: io::Error) -> ErrorKind {
    let file = file.to_owned();
    match reason.kind() {
        io::ErrorKind::NotFound => ErrorKind::FileNotFound { file },
        _ => ErrorKind::FileUnreadable { file, reason },
    }
}

/// What is kept of a stream that is read once.
struct Kept {
    bytes: Vec<u8>,
    most: usize,
    /// Whether all that was read is kept.
    whole: bool,
}

/// Keeps what is read, up to a bound.
struct Keeping<R> {
    input: R,
    kept: Arc<Mutex<Kept>>,
}

impl<R: Read> Read for Keeping<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(out)?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.whole && kept.bytes.len() + count <= kept.most {
            kept.bytes.extend_from_slice(&out[..count]);
        } else if count > 0 {
            kept.whole = false;
            kept.bytes = Vec::new();
        }
        Ok(count)
    }
}
