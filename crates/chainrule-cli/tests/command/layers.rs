//! What a network is made of, asked for by options.

use crate::{Folder, dataset};

fn train(folder: &Folder, more: &[&str]) -> crate::Run {
    let data = dataset("penguins");
    let words = ["train", &data, "--target", "species", "--epochs", "3", "--layers", "8,8"];
    folder.run(&[&words[..], more].concat())
}

/// Each option shows in the story, and the model that it gives predicts.
#[test]
fn options_make_the_network_that_they_name() {
    for (options, network) in [
        (&["--batch-norm"][..], "15 → 8 linear → batch_norm → relu → dropout 0.3 → 8 linear"),
        (&["--layer-norm", "--dropout", "0"], "15 → 8 linear → layer_norm → relu → 8 linear"),
        (
            &["--residual", "--dropout", "0.1"],
            "15 → x + (dense 8 relu → dropout 0.1) → x + (dense 8 relu → dropout 0.1) → 3 linear",
        ),
        (&["--embed", "island:4", "--dropout", "0"], "13 → embedding 4 of 3 → 8 relu"),
        (&["--embed", "island", "--embed", "sex"], "11 → embedding 2 of 3 → embedding 2 of 3 → 8"),
        // A number that is a category: as text.
        (&["--embed", "year"], "embedding 2 of 3"),
        (
            &["--batch-norm", "--activation", "x*sigmoid(1.5*x)", "--dropout", "0"],
            "8 linear → batch_norm → x*sigmoid(1.5*x) → 8 linear",
        ),
        (&["--initializer", "orthogonal:gain=1.4", "--activation", "prelu"], "15 → 8 prelu"),
    ] {
        let folder = Folder::new();
        let run = train(&folder, options).succeeded();
        assert!(run.err.contains(network), "{network:?} is not in {}", run.err);
        let predicted = folder.run(&["predict", "model.onnx", &dataset("penguins")]).succeeded();
        assert_eq!(predicted.out.lines().count(), 345, "{options:?}");
        assert!(!predicted.out.contains("NaN"), "{options:?}");
        folder.run(&["inspect", "model.onnx"]).succeeded();
    }
}

#[test]
fn an_initializer_changes_where_training_starts() {
    let folder = Folder::new();
    train(&folder, &["-o", "usual.onnx"]).succeeded();
    train(&folder, &["-o", "other.onnx", "--initializer", "lecun_normal"]).succeeded();
    assert!(folder.read("usual.onnx") != folder.read("other.onnx"));
}

#[test]
fn what_cannot_be_is_refused_before_training() {
    for (options, code, said) in [
        (&["--batch-norm", "--layer-norm"][..], 2, &["--batch-norm", "--layer-norm"][..]),
        (&["--initializer", "orthogonol"], 2, &["orthogonal"]),
        (&["--initializer", "orthogonal:gain=0"], 2, &["gain", "above 0"]),
        (&["--embed", "island:0"], 2, &["1 or more"]),
        (&["--embed", "iland"], 1, &["iland", "island"]),
        (
            &["--batch-norm", "--batch-size", "1"],
            2,
            &["batch size", "2 or more rows", "layer_norm"],
        ),
    ] {
        let folder = Folder::new();
        train(&folder, options).failed(code, said);
        assert!(folder.names().is_empty(), "{options:?}");
    }
}
