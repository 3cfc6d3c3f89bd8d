//! `chainrule check`: of a table what is in it, of a model its gradients on a table.

mod extent;
mod gradients;
mod object;
mod table;
mod words;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::args::Check;
use crate::failure::Failure;
use crate::output::Output;

/// Checks a table; or a model, if the first file is one.
pub fn run(args: &Check, output: &mut Output) -> Result<(), Failure> {
    let (first, rest) = match args.files.split_first() {
        Some((first, rest)) if is_model(first) => (Some(first), rest),
        _ => (None, &args.files[..]),
    };
    let of_gradients = [
        ("--rows", args.rows.is_some()),
        ("--all", args.all),
        ("--seed", args.seed.is_some()),
        ("--tolerance", args.tolerance.is_some()),
    ];
    let of_tables = [
        ("--target", !args.target.is_empty()),
        ("--schema", args.reading.schema.is_some()),
        ("--missing", !args.reading.missing.is_empty()),
        ("--text", !args.reading.text.is_empty()),
        ("--number", !args.reading.number.is_empty()),
    ];
    let given = |options: &[(&'static str, bool)]| {
        options.iter().find(|(_, given)| *given).map(|(name, _)| *name)
    };
    match first {
        Some(_) if rest.is_empty() => {
            Err(Failure::setting("DATA", "missing", "a table to check the model on"))
        }
        Some(model) => match given(&of_tables) {
            Some(option) => Err(Failure::setting(
                option,
                "given",
                "left out: the model says what its columns are",
            )),
            None => gradients::run(args, model, rest, output),
        },
        None => match given(&of_gradients) {
            Some(option) => Err(Failure::setting(
                option,
                "given",
                "left out of the check of a table; with it, the first file must be a model",
            )),
            None => table::run(args, output),
        },
    }
}

/// Tells whether a file is a model: ONNX begins with the version of its format, where no table does.
/// Of a file that cannot be read its name tells.
fn is_model(path: &Path) -> bool {
    let named_so = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("onnx"));
    let mut first = [0];
    // Standard input cannot be looked into.
    let read = path != Path::new("-") && path.is_file();
    let mut begins = || File::open(path).and_then(|mut file| file.read_exact(&mut first)).is_ok();
    match read && begins() {
        true => first == [0x08] || named_so,
        false => named_so,
    }
}
