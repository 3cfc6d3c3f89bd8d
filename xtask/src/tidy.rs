//! What the design promises about the sources, read off the files.

mod manifest;
mod rust_source;
mod unsafe_code;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::workspace::Workspace;
use rust_source::{has_word, lines};
use unsafe_code::Blocks;

/// The only crate with unsafe code.
const UNSAFE_CRATE: &str = "crates/chainrule-cpu/";

/// Tests outside it that count allocations, which takes an unsafe trait.
const COUNTING_ALLOCATORS: &[&str] = &[
    "crates/chainrule/tests/held_memory/mod.rs",
    "crates/chainrule/tests/predictor_allocation.rs",
];

/// The only file of the library that names the engine's crate.
const ENGINE: (&str, &str, &str) =
    ("crates/chainrule/src/", "crates/chainrule/src/engine.rs", "chainrule_cpu");

/// Macros that stand where code is missing.
const UNFINISHED_CODE: &[&str] = &["todo!", "unimplemented!"];

/// Words that stand where work is missing; it belongs in an issue.
const UNFINISHED_WORDS: &[&str] = &["TODO", "FIXME", "XXX"];

/// Names that say nothing of what is inside.
const EMPTY_NAMES: &[&str] =
    &["util", "utils", "helper", "helpers", "common", "misc", "manager", "managers"];

/// Sources above this length are listed: is each still one idea?
const LONG: usize = 600;

/// What each README tells a newcomer to type.
const COMMANDS: &[&str] =
    &["cargo run --release -- train datasets/penguins.csv --target species", "cargo xtask test"];

/// The example of each README is this program, which the build compiles, from its first `use` on.
const EXAMPLE: &str = "crates/chainrule/examples/penguins.rs";

/// What is wrong, and what is only worth a look.
#[derive(Debug, Default)]
struct Findings {
    errors: Vec<String>,
    warnings: Vec<String>,
    unsafe_blocks: Blocks,
}

/// Prints what is not as promised.
///
/// # Errors
/// How many errors there are.
pub fn check(workspace: &Workspace) -> Result<(), String> {
    let mut findings = Findings::default();
    let mut paths = BTreeSet::new();
    walk(&workspace.root, &workspace.root, &mut paths)?;
    let mut allocators: BTreeSet<&str> = COUNTING_ALLOCATORS.iter().copied().collect();
    for path in &paths {
        file_name(path, &mut findings);
        match path.rsplit('.').next() {
            Some("rs") => {
                rust(path, &workspace.text(path)?, &mut allocators, &mut findings);
            }
            Some("py" | "toml" | "sh" | "yml" | "js") => {
                for (place, line) in workspace.text(path)?.lines().enumerate() {
                    unfinished(path, place, line, &mut findings);
                }
            }
            _ => {}
        }
    }
    for path in allocators {
        findings.errors.push(format!("{path}: listed as an allocator, but has no unsafe code"));
    }
    for path in paths.iter().filter(|path| path.ends_with("/Cargo.toml")) {
        findings.errors.extend(manifest::check(path, &workspace.text(path)?));
    }
    let example = workspace.text(EXAMPLE)?;
    let example = example.find("use ").map_or("", |start| &example[start..]);
    for path in ["README.md", "README.ko.md"] {
        readme(path, workspace.text(path).ok().as_deref(), example, &mut findings);
    }
    for warning in &findings.warnings {
        println!("warning: {warning}");
    }
    for error in &findings.errors {
        println!("error: {error}");
    }
    let Blocks { count, lines } = findings.unsafe_blocks;
    println!("{lines} lines in {count} blocks of unsafe code in {UNSAFE_CRATE}src");
    println!("{} files read", paths.len());
    match findings.errors.len() {
        0 => Ok(()),
        count => Err(format!("{count} of the errors above")),
    }
}

/// Collects the files below a folder by their paths from the root, but for hidden folders, build
/// folders (cargo marks its own with a file), Python's environments and caches, and links.
fn walk(root: &Path, folder: &Path, paths: &mut BTreeSet<String>) -> Result<(), String> {
    let failed = |reason| format!("{}: {reason}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if kind.is_dir() {
            let built = ["CACHEDIR.TAG", "pyvenv.cfg"].iter().any(|tag| path.join(tag).exists());
            if !name.starts_with('.') && name != "__pycache__" && !built {
                walk(root, &path, paths)?;
            }
        } else if let (true, Ok(path)) = (kind.is_file(), path.strip_prefix(root)) {
            paths.insert(path.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(())
}

fn file_name(path: &str, findings: &mut Findings) {
    let empty = |part: &&str| EMPTY_NAMES.contains(&part.split('.').next().unwrap_or_default());
    if let Some(part) = path.split('/').find(empty) {
        findings.errors.push(format!("{path}: {part} says nothing of what is inside"));
    }
}

fn rust(path: &str, text: &str, allocators: &mut BTreeSet<&str>, findings: &mut Findings) {
    let lines = lines(text);
    if path.strip_prefix(UNSAFE_CRATE).is_some_and(|rest| rest.starts_with("src/")) {
        findings.unsafe_blocks.add(&lines);
    }
    let unsafe_is_allowed = path.starts_with(UNSAFE_CRATE) || COUNTING_ALLOCATORS.contains(&path);
    let (library, engine, engine_crate) = ENGINE;
    for (place, line) in lines.iter().enumerate() {
        let mut error = |what: &str| findings.errors.push(format!("{path}:{}: {what}", place + 1));
        if has_word(&line.code, "unsafe") {
            allocators.remove(path);
            if !unsafe_is_allowed {
                error(&format!("unsafe code belongs in {UNSAFE_CRATE}"));
            }
        }
        if path.starts_with(library) && path != engine && has_word(&line.code, engine_crate) {
            error(&format!("only {engine} names {engine_crate}"));
        }
        for unfinished in UNFINISHED_CODE {
            if has_word(&line.code, unfinished) {
                error(&format!("{unfinished} is left"));
            }
        }
        unfinished(path, place, &line.comment, findings);
    }
    let length = text.lines().count();
    if length > LONG {
        findings.warnings.push(format!("{path}: {length} lines, more than {LONG}"));
    }
}

fn unfinished(path: &str, place: usize, line: &str, findings: &mut Findings) {
    for word in UNFINISHED_WORDS.iter().filter(|word| has_word(line, word)) {
        findings.errors.push(format!("{path}:{}: {word} is left", place + 1));
    }
}

fn readme(path: &str, text: Option<&str>, example: &str, findings: &mut Findings) {
    let Some(text) = text else {
        findings.errors.push(format!("{path}: there is none"));
        return;
    };
    for command in COMMANDS.iter().filter(|command| !text.contains(**command)) {
        findings.errors.push(format!("{path}: does not say `{command}`"));
    }
    if !text.contains(example) {
        findings.errors.push(format!("{path}: its example is not {EXAMPLE}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The errors of a Rust source at a path.
    fn errors(path: &str, text: &str) -> Vec<String> {
        let mut findings = Findings::default();
        rust(path, text, &mut BTreeSet::new(), &mut findings);
        findings.errors
    }

    #[test]
    fn unsafe_code_stays_in_its_crate() {
        let text = "// unsafe\nlet a = \"unsafe\";\n#![allow(unsafe_code)]\nunsafe { a() }\n";
        let found = errors("crates/chainrule/src/model.rs", text);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("crates/chainrule/src/model.rs:4: "), "{}", found[0]);
        assert!(errors("crates/chainrule-cpu/src/run.rs", text).is_empty());
        assert!(errors(COUNTING_ALLOCATORS[0], text).is_empty());
    }

    #[test]
    fn an_allocator_is_crossed_off_its_list() {
        let path = COUNTING_ALLOCATORS[0];
        let mut listed = BTreeSet::from([path]);
        rust(path, "fn a() {}", &mut listed, &mut Findings::default());
        assert_eq!(listed.len(), 1);
        rust(path, "unsafe impl A for B {}", &mut listed, &mut Findings::default());
        assert!(listed.is_empty());
    }

    #[test]
    fn only_one_file_names_the_engine() {
        let text = "use chainrule_cpu::Engine;";
        assert_eq!(errors("crates/chainrule/src/train.rs", text).len(), 1);
        assert!(errors("crates/chainrule/src/engine.rs", text).is_empty());
        assert!(errors("crates/chainrule/tests/family_checks/running.rs", text).is_empty());
    }

    #[test]
    fn what_is_left_undone_is_found() {
        assert_eq!(errors("a.rs", "fn a() { todo!() }\nfn b() { unimplemented!() }").len(), 2);
        assert_eq!(errors("a.rs", "// TODO: a\n/* b\n FIXME */\n/// XXX").len(), 3);
        assert!(errors("a.rs", "let a = \"TODO\"; // a todo list, Todos, XXXL").is_empty());
    }

    #[test]
    fn long_sources_are_listed_and_pass() {
        let mut findings = Findings::default();
        rust("a.rs", &"a\n".repeat(LONG), &mut BTreeSet::new(), &mut findings);
        assert!(findings.warnings.is_empty());
        rust("a.rs", &"a\n".repeat(LONG + 1), &mut BTreeSet::new(), &mut findings);
        assert!(findings.errors.is_empty());
        assert_eq!(findings.warnings, ["a.rs: 601 lines, more than 600"]);
    }

    #[test]
    fn names_that_say_nothing_are_errors() {
        let mut findings = Findings::default();
        for path in ["a/utils.rs", "helpers/a.py", "common/mod.rs", "a/commons.rs", "a/useful.rs"] {
            file_name(path, &mut findings);
        }
        assert_eq!(findings.errors.len(), 3);
    }

    #[test]
    fn a_readme_says_both_commands_and_the_example() {
        let mut findings = Findings::default();
        let example = "fn main() {}";
        let whole = format!("{}\n{example}", COMMANDS.join("\n"));
        readme("README.md", Some(&whole), example, &mut findings);
        assert!(findings.errors.is_empty());
        readme("README.md", Some(COMMANDS[0]), example, &mut findings);
        readme("README.md", None, example, &mut findings);
        assert_eq!(findings.errors.len(), 3);
    }
}
