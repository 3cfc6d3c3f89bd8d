//! The steps that need Python: its packages go into an environment below the build folder.

use std::fs;
use std::path::PathBuf;

use crate::workspace::{Workspace, run};

/// Trains models with the command line and compares what ONNX Runtime makes of them.
pub fn serve(workspace: &Workspace) -> Result<(), String> {
    run(&mut workspace.cargo("build --package chainrule-cli --all-features"))?;
    let python = environment(workspace, "onnx_runtime")?;
    let mut check = workspace.command(python);
    check.arg("tests/onnx_runtime.py").arg(program(workspace));
    run(check.arg(workspace.binaries.with_file_name("onnx_runtime")))
}

/// Compares the default model with scikit-learn's, five seeds a data set.
pub fn accuracy(workspace: &Workspace) -> Result<(), String> {
    run(&mut workspace.cargo("build --package chainrule-cli --all-features"))?;
    let python = environment(workspace, "accuracy")?;
    let mut accuracy = workspace.command(python);
    run(accuracy.arg("bench/accuracy.py").arg("--binary").arg(program(workspace)))
}

/// The command line of this build.
fn program(workspace: &Workspace) -> PathBuf {
    workspace.binaries.join(format!("chainrule{}", std::env::consts::EXE_SUFFIX))
}

/// The interpreter of an environment with the packages of a list in `xtask/requirements`; it is
/// made where it is not there, and kept as long as the list stays the same.
pub fn environment(workspace: &Workspace, name: &str) -> Result<PathBuf, String> {
    let list = format!("xtask/requirements/{name}.txt");
    let wanted = workspace.text(&list)?;
    let folder = workspace.binaries.with_file_name("venv").join(name);
    let python = folder.join("bin/python");
    // Written once all is installed, so that an installation that was cut off is begun again.
    let installed = folder.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        println!("{} has what {list} asks for", folder.display());
        return Ok(python);
    }
    run(workspace.command("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut install = workspace.command(&python);
    install.args("-m pip install --quiet --disable-pip-version-check --requirement".split(' '));
    run(install.arg(list))?;
    fs::write(&installed, wanted).map_err(|reason| format!("{}: {reason}", installed.display()))?;
    Ok(python)
}
