//! `chainrule functions`: what there is, in two languages.

use super::Folder;

fn functions(words: &[&str]) -> super::Run {
    let words: Vec<&str> = ["functions"].iter().chain(words).copied().collect();
    Folder::new().run(&words)
}

#[test]
fn everything_is_listed_and_a_name_is_told_whole() {
    let all = functions(&["--lang", "en"]).succeeded().out;
    for name in ["Losses", "gelu", "gaussian_nll", "mcc", "lbfgs", "one_cycle", "orthogonal"] {
        assert!(all.contains(name), "{name} is not in {all}");
    }
    let gelu = functions(&["gelu", "--lang", "en"]).succeeded().out;
    for said in ["formula", "LaTeX", "derivative", "--activation gelu"] {
        assert!(gelu.contains(said), "{said:?} is not in {gelu}");
    }
    let both = functions(&["mse", "--lang", "en"]).succeeded().out;
    assert!(both.contains("Losses") && both.contains("Metrics"), "{both}");
    let losses = functions(&["losses", "--json"]).succeeded().json();
    let huber = losses.iter().find(|entry| entry["name"] == "huber").unwrap();
    assert_eq!(huber["settings"]["delta"], "1");
}

#[test]
fn it_speaks_korean_and_offers_the_nearest_name() {
    let korean = functions(&["relu", "--lang", "ko"]).succeeded().out;
    assert!(korean.contains("활성화 함수") && korean.contains("도함수"), "{korean}");
    functions(&["sigmiod"]).failed(2, &["sigmoid"]);
}
