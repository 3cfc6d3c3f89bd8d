//! What ends a command early, and the exit code that says so.

use std::fmt;
use std::io;

use chainrule::ErrorKind;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub enum Failure {
    /// The library refused the data, a model or a setting.
    Library(chainrule::Error),
    /// The library refused the text of a formula; what it says has lines that show the place.
    Formula(chainrule::Error),
    /// A formula has no finite value at the point that was asked for.
    Undefined { problem: String },
    /// A gradient is not what differences of the loss say.
    WrongGradient { problem: String },
    /// The file to be written is there already.
    FileExists { file: String },
    /// A file cannot be written.
    Unwritable { file: String, reason: io::Error },
    /// The system does not let Ctrl-C be caught.
    NoInterrupt { reason: io::Error },
    /// Ctrl-C; what was to be said about it has been said.
    Interrupted,
    /// SIGTERM, likewise.
    Terminated,
    /// Another run is at work in the folder.
    RunIsBusy { folder: String },
}

impl Failure {
    /// The exit code for a command line that is to be corrected.
    pub const USAGE: u8 = 2;

    /// 2 if the command line is to be corrected, 130 after Ctrl-C, 143 after SIGTERM, 1 for
    /// everything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Library(error) => match error.kind() {
                ErrorKind::UnknownName { .. }
                | ErrorKind::InvalidSetting { .. }
                | ErrorKind::MixesRows { .. }
                | ErrorKind::MissingValues { .. }
                | ErrorKind::UnknownVariable { .. }
                | ErrorKind::TargetKind { .. } => Self::USAGE,
                _ => 1,
            },
            Self::Formula(_) => Self::USAGE,
            Self::Undefined { .. }
            | Self::WrongGradient { .. }
            | Self::FileExists { .. }
            | Self::Unwritable { .. }
            | Self::NoInterrupt { .. }
            | Self::RunIsBusy { .. } => 1,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// A setting that the command line may not have, said as the library says it.
    pub fn setting(option: &'static str, value: &str, expected: &str) -> Self {
        let (value, expected) = (value.to_owned(), expected.to_owned());
        Self::from(ErrorKind::InvalidSetting { option, value, expected })
    }
}

impl From<chainrule::Error> for Failure {
    fn from(error: chainrule::Error) -> Self {
        Self::Library(error)
    }
}

impl From<ErrorKind> for Failure {
    fn from(kind: ErrorKind) -> Self {
        Self::Library(kind.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Library(error) | Self::Formula(error) => error.fmt(f),
            Self::Undefined { problem } | Self::WrongGradient { problem } => f.write_str(problem),
            Self::FileExists { file } => {
                write!(f, "{file}: the file is there already; --force writes over it")
            }
            Self::Unwritable { file, reason } => {
                write!(f, "{file}: cannot be written ({reason})")
            }
            Self::NoInterrupt { reason } => write!(f, "Ctrl-C cannot be caught ({reason})"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Terminated => f.write_str("terminated"),
            Self::RunIsBusy { folder } => write!(
                f,
                "{folder}: another training is at work there; wait for its end, or write to \
                 another file with --output"
            ),
        }
    }
}
