//! Completions and manual pages.

use std::process::{Command, Stdio};

use super::Folder;

#[test]
fn completions_know_every_command_and_flag() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = folder.run(&["completions", shell]).succeeded().out;
        for word in ["train", "predict", "explain", "derive", "learning-rate", "class-weight"] {
            assert!(script.contains(word), "{shell} does not know {word}");
        }
    }
    let refused = folder.run(&["completions", "csh"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("bash"), "{}", refused.err);
}

#[test]
fn bash_completes_the_words() {
    let folder = Folder::new();
    let script = folder.run(&["completions", "bash"]).succeeded().out;
    let asked = format!(
        "{script}\nCOMP_WORDS=(chainrule tr); COMP_CWORD=1; _chainrule chainrule tr chainrule\n\
         echo \"${{COMPREPLY[@]}}\"\n"
    );
    let Ok(shell) =
        Command::new("bash").args(["--norc", "-c", &asked]).stdin(Stdio::null()).output()
    else {
        return; // There is no bash here.
    };
    assert_eq!(String::from_utf8_lossy(&shell.stdout).trim(), "train");
}

#[test]
fn manual_pages_are_of_the_command_that_is_named() {
    let folder = Folder::new();
    let page = folder.run(&["man"]).succeeded().out;
    assert!(page.contains(".TH chainrule 1"), "{page}");
    let page = folder.run(&["man", "train"]).succeeded().out;
    assert!(page.contains(".TH chainrule-train 1"), "{page}");
    for flag in ["\\-\\-learning\\-rate", "\\-\\-dropout", "\\-\\-target"] {
        assert!(page.contains(flag), "no {flag} in the page of train");
    }
    let refused = folder.run(&["man", "trian"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("train"), "{}", refused.err);
}
