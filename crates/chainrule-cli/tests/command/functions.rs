//! `chainrule functions`: what there is, in two languages, and the reference pages.

use std::fs;
use std::process::Command;

use console::measure_text_width;
use serde_json::Value;

use super::{Folder, Run};

fn functions(words: &[&str]) -> Run {
    let words: Vec<&str> = ["functions"].iter().chain(words).copied().collect();
    Folder::new().run(&words)
}

/// With some variables of the environment in place of those of the locale.
fn functions_in(environment: &[(&str, &str)], words: &[&str]) -> Run {
    let folder = Folder::new();
    let mut command: Command = folder.command(&["functions"]);
    command.args(words);
    for variable in ["LC_ALL", "LC_MESSAGES", "LANG"] {
        command.env_remove(variable);
    }
    Run::from(command.envs(environment.iter().copied()).output().unwrap())
}

fn entries(language: &str) -> Vec<Value> {
    functions(&["--json", "--lang", language]).succeeded().json()
}

fn text<'a>(entry: &'a Value, key: &str) -> &'a str {
    entry[key].as_str().unwrap_or_else(|| panic!("{key} of {entry}"))
}

#[test]
fn everything_is_listed_in_lines_of_80_columns() {
    let entries = entries("en");
    assert!(entries.len() > 140, "{}", entries.len());
    for language in ["en", "ko"] {
        let all = functions(&["--lang", language]).succeeded().out;
        let is_indented = |line: &&str| line.starts_with("  ");
        let listed: Vec<&str> = all.lines().filter(is_indented).collect();
        assert_eq!(listed.len(), entries.len());
        for (line, entry) in listed.iter().zip(&entries) {
            assert_eq!(line.split_whitespace().next(), Some(text(entry, "name")));
        }
        for line in all.lines() {
            assert!(measure_text_width(line) <= 80, "{line}");
        }
    }
    let all = functions(&["--lang", "en"]).succeeded().out;
    assert!(
        all.contains("  relu          max(0, x)                  x where it is positive, else 0\n")
    );
}

#[test]
fn a_name_is_told_whole_and_fits_the_width_that_is_told() {
    let gelu = functions(&["gelu", "--lang", "en"]).succeeded().out;
    for said in ["formula", "LaTeX", "derivative", "domain", "use it", "--activation gelu"] {
        assert!(gelu.contains(said), "{said:?} is not in {gelu}");
    }
    assert!(gelu.contains("d/dx = normal_cdf(x) + x*exp(-x^2/2)/sqrt(2*pi)\n"), "{gelu}");
    let both = functions(&["mse", "--lang", "en"]).succeeded().out;
    assert!(both.contains("mse  (loss)") && both.contains("mse  (metric)"), "{both}");
    for name in ["huber", "focal", "sgd", "adam", "batch_norm", "plateau", "leaky_relu", "mcc"] {
        for language in ["en", "ko"] {
            let narrow = functions_in(&[("COLUMNS", "80")], &[name, "--lang", language]);
            for line in narrow.succeeded().out.lines() {
                assert!(measure_text_width(line) <= 80, "{line}");
            }
        }
    }
    let family = functions(&["losses", "--lang", "en"]).succeeded().out;
    assert!(family.starts_with("Losses\n") && family.contains("huber"), "{family}");
    assert!(!family.contains("Metrics"));
}

#[test]
fn the_language_is_asked_for_or_that_of_the_locale() {
    let korean = functions(&["relu", "--lang", "ko"]).succeeded().out;
    assert!(korean.contains("활성화 함수") && korean.contains("도함수"), "{korean}");
    let of = |environment: &[(&str, &str)]| functions_in(environment, &["relu"]).succeeded().out;
    assert_eq!(of(&[("LANG", "ko_KR.UTF-8")]), korean);
    assert_eq!(of(&[("LC_ALL", "C"), ("LANG", "ko_KR.UTF-8")]), of(&[]));
    assert!(of(&[]).contains("derivative"));
    functions(&["relu", "--lang", "fr"]).failed(2, &["en or ko"]);
}

#[test]
fn json_has_everything_in_one_language() {
    let [english, korean] = ["en", "ko"].map(entries);
    assert_eq!(english.len(), korean.len());
    for (english, korean) in english.iter().zip(&korean) {
        assert_eq!(english["name"], korean["name"]);
        assert_ne!(english["about"], korean["about"]);
        assert_eq!(english["examples"], korean["examples"]);
        assert!(!english["formulas"][0]["text"].as_str().unwrap().is_empty());
    }
    let found = |family: &str, name: &str| {
        let mut entries = english.iter();
        entries.find(|entry| entry["family"] == family && entry["name"] == name).unwrap()
    };
    let huber = found("losses", "huber");
    assert_eq!(huber["settings"][0]["name"], "delta");
    assert_eq!(huber["settings"][0]["default"], 1.0);
    assert_eq!(huber["formulas"][0]["derivatives"][0]["by"], "p");
    assert_eq!(found("losses", "hinge")["formulas"].as_array().unwrap().len(), 2);
    assert_eq!(found("activations", "leaky_relu")["parameters"][1]["default"], 0.01);
    assert_eq!(found("activations", "prelu")["learned"]["a"], 0.25);
    assert_eq!(found("optimizers", "adam")["learning_rate"], 0.001);
    assert_eq!(found("metrics", "mcc")["better"], "higher");
}

#[test]
fn an_unknown_name_offers_the_one_that_is_meant() {
    functions(&["sigmiod"]).failed(2, &["sigmoid"]);
    functions(&["swish"]).failed(2, &["silu"]);
    functions(&["zzz"]).failed(2, &["known are", "\"activations\""]);
}

/// Each on the data set that it names: what one copies works.
#[test]
fn the_examples_run() {
    let folder = Folder::new();
    for entry in entries("en") {
        // What differs in an option's value alone is read by a test beside the examples.
        let family = text(&entry, "family");
        for example in entry["examples"].as_array().unwrap() {
            let example = example.as_str().unwrap();
            let is_training = !example.contains(" derive ");
            if is_training && !["losses", "layers", "clipping"].contains(&family) {
                continue;
            }
            let mut words: Vec<String> = example
                .split('"')
                .enumerate()
                .flat_map(|(number, part)| match number % 2 {
                    0 => part.split_whitespace().map(str::to_owned).collect(),
                    _ => vec![part.to_owned()],
                })
                .map(|word| {
                    word.replace(
                        "datasets/",
                        concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets/"),
                    )
                })
                .skip(1)
                .collect();
            if is_training {
                words.extend(["--epochs", "1"].map(str::to_owned));
            }
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            folder.run(&words).succeeded();
        }
    }
}

/// The pages of the repository are what the command writes.
#[test]
fn the_reference_pages_are_current() {
    for (language, name) in [("en", "reference.md"), ("ko", "reference.ko.md")] {
        let path = format!("{}/../../docs/{name}", env!("CARGO_MANIFEST_DIR"));
        let written = functions(&["--markdown", "--lang", language]).succeeded().out;
        let there = fs::read_to_string(&path).unwrap_or_default();
        let same = written.lines().zip(there.lines()).take_while(|(new, old)| new == old).count();
        assert!(
            written == there,
            "docs/{name} is not what the tables say (from line {} on); write it again: \
             cargo run -- functions --markdown --lang {language} > docs/{name}",
            same + 1
        );
        for said in ["PyTorch", "### gaussian_nll", "### leaky_relu", "### batch_norm"] {
            assert!(written.contains(said), "{said}");
        }
    }
}
