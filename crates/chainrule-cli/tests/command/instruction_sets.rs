//! CHAINRULE_ISA: the same model from each instruction set, and no other value.

use super::{Folder, Run, dataset};
use chainrule::engine::Isa;

/// Runs the command with a value of the variable.
fn run(folder: &Folder, value: &str, words: &[&str]) -> Run {
    Run::from(folder.command(words).env("CHAINRULE_ISA", value).output().unwrap())
}

#[test]
fn every_instruction_set_writes_the_same_model() {
    let folder = Folder::new();
    let table = dataset("penguins");
    let train = ["train", &table, "-t", "species", "--epochs", "4", "--layers", "20,20", "-o"];
    let mut models = Vec::new();
    for isa in Isa::available() {
        let file = format!("{}.onnx", isa.name());
        run(&folder, isa.name(), &[&train[..], &[&file]].concat()).succeeded();
        models.push(folder.read(&file));
    }
    // And so does the one that is chosen where nothing is asked for.
    run(&folder, "", &[&train[..], &["usual.onnx"]].concat()).succeeded();
    models.push(folder.read("usual.onnx"));
    assert!(models.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn bench_says_which_instruction_set_ran() {
    let folder = Folder::new();
    let small = ["bench", "--layers", "2,3,1", "--rows", "64", "--epochs", "1", "--threads", "1"];
    for isa in Isa::available() {
        let told = run(&folder, isa.name(), &small).succeeded();
        assert!(told.err.contains(&format!("1 thread, {}", isa.name())), "{}", told.err);
        let lines =
            run(&folder, isa.name(), &[&small[..], &["--json"]].concat()).succeeded().json();
        assert!(lines.iter().all(|line| line["isa"] == isa.name()), "{lines:?}");
    }
}

#[test]
fn what_the_machine_does_not_have_is_refused() {
    let folder = Folder::new();
    let names: Vec<&str> = Isa::available().iter().map(|isa| isa.name()).collect();
    for value in ["avx1024", "AVX2", "neon", " "] {
        for words in [&["bench", "W1"][..], &["inspect", "none.onnx"], &["functions"]] {
            let said = [&format!("CHAINRULE_ISA is {value}, but"), names.join(", ").as_str()]
                .map(|part| part.to_owned());
            run(&folder, value, words).failed(2, &[&said[0], &said[1]]);
        }
    }
}
