//! What can be asked of `chainrule completions` and `chainrule man`.

use clap::Args;
use clap_complete::Shell;

/// `chainrule completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell whose words are completed
    #[arg(value_enum)]
    pub shell: Shell,
}

/// `chainrule man`.
#[derive(Debug, Args)]
pub struct Manual {
    /// The command whose page it is [default: the page of chainrule itself]
    #[arg(value_name = "COMMAND")]
    pub of: Option<String>,
}
