//! The steps of a check and the order in which they run.

use std::fs;
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::workspace::{Workspace, run as command};
use crate::{python, tidy};

/// One thing that is checked.
pub struct Step {
    /// The name, on the command line and in the summary.
    pub name: &'static str,
    /// What it checks.
    pub about: &'static str,
    /// Whether it runs with `--full` alone.
    pub long: bool,
    check: fn(&Workspace) -> Result<(), String>,
}

/// Every step; what is quick and often wrong comes first.
pub const STEPS: &[Step] = &[
    Step {
        name: "tidy",
        about: "the layout: dependencies, unsafe code, names, what is left undone, the READMEs",
        long: false,
        check: tidy::check,
    },
    Step {
        name: "format",
        about: "the sources are as rustfmt writes them",
        long: false,
        check: |workspace| command(&mut workspace.cargo("fmt --all -- --check")),
    },
    Step {
        name: "clippy",
        about: "no lint of the compiler or of clippy",
        long: false,
        check: |workspace| {
            let words = "clippy --workspace --all-targets --all-features -- -D warnings";
            command(&mut workspace.cargo(words))
        },
    },
    Step { name: "test", about: "every test of every crate", long: false, check: test },
    Step {
        name: "doc",
        about: "the documentation, without a warning",
        long: false,
        check: |workspace| {
            let mut doc = workspace.cargo("doc --workspace --no-deps");
            command(doc.env("RUSTDOCFLAGS", "-D warnings"))
        },
    },
    Step {
        name: "package",
        about: "each crate builds from what would be published",
        long: false,
        check: package,
    },
    Step {
        name: "serve",
        about: "ONNX Runtime answers as chainrule predict does, on every row",
        long: false,
        check: python::serve,
    },
    Step {
        name: "sweep",
        about: "the f32 functions on every f32",
        long: true,
        check: |workspace| {
            command(&mut workspace.cargo("run --release -p chainrule-cpu --example math_sweep"))
        },
    },
    Step {
        name: "accuracy",
        about: "the default model is as good as scikit-learn's on every data set",
        long: true,
        check: python::accuracy,
    },
];

fn test(workspace: &Workspace) -> Result<(), String> {
    let mut test = workspace.cargo("test --workspace --all-features");
    if workspace.full {
        test.env("CHAINRULE_CASES", "20");
    }
    command(&mut test)
}

/// Packs every crate, as it stands, and builds each from what was packed.
///
/// Cargo holds a packed crate to be the same for ever, here as in the registry, so a folder that
/// was used before would build against the crates of that time: each run has one of its own.
fn package(workspace: &Workspace) -> Result<(), String> {
    let packages = workspace.binaries.with_file_name("packages");
    if packages.exists() {
        fs::remove_dir_all(&packages)
            .map_err(|reason| format!("{}: {reason}", packages.display()))?;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let mut package = workspace.cargo("package --workspace --exclude xtask --allow-dirty");
    command(package.arg("--target-dir").arg(packages.join(now.to_string())))
}

/// Runs steps one after the other up to the first that fails, and sums up at the end.
pub fn run(steps: &[&Step], workspace: &Workspace) -> ExitCode {
    let mut done = Vec::new();
    for (place, step) in steps.iter().enumerate() {
        println!("\n== {} of {}, {}: {}", place + 1, steps.len(), step.name, step.about);
        let start = Instant::now();
        let outcome = (step.check)(workspace);
        done.push((step.name, start.elapsed().as_secs_f64()));
        if let Err(reason) = outcome {
            summary(&done);
            println!("{} failed: {reason}", step.name);
            println!("{place} passed, 1 failed, {} not run", steps.len() - done.len());
            return ExitCode::FAILURE;
        }
    }
    summary(&done);
    println!("{} passed, 0 failed", steps.len());
    ExitCode::SUCCESS
}

fn summary(done: &[(&str, f64)]) {
    println!();
    for (name, seconds) in done {
        println!("{name:10} {seconds:6.1} s");
    }
}
