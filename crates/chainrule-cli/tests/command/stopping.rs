//! Stopping and going on: whatever stops a training, it goes on to the bytes of one that was never
//! stopped, and nothing that was kept is lost.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::{Folder, numbers};

/// A net and an optimizer, on rows of `numbers`.
const KINDS: [&[&str]; 3] = [
    &["--layers", "24,16", "--dropout", "0", "--optimizer", "sgd:momentum=0.9,nesterov=1"],
    &["--layers", "16,8", "--dropout", "0.3", "--batch-norm", "--optimizer", "adam"],
    &[
        "--layers",
        "12",
        "--optimizer",
        "adamw:weight_decay=0.1",
        "--embed",
        "c:3",
        "--weight",
        "w",
        "--schedule",
        "plateau:patience=2",
        "--warmup",
        "40",
    ],
];

/// Rows of `numbers` with a column of weights.
fn weighted(rows: usize) -> String {
    let table = numbers(rows);
    let line = |(place, line): (usize, &str)| match place {
        0 => format!("{line},w\n"),
        _ => format!("{line},{}\n", place % 4),
    };
    table.lines().enumerate().map(line).collect()
}

/// The words of a training that takes so many epochs and keeps a checkpoint after each.
fn words<'a>(kind: &[&'a str], epochs: &'a str) -> Vec<&'a str> {
    let all = ["train", "t.csv", "--target", "y", "--checkpoint-every", "0", "--batch-size", "16"];
    let more = ["--learning-rate", "0.01", "--patience", "1000", "--json", "--epochs", epochs];
    [&all[..], &more, kind].concat()
}

/// Everything that must not depend on whether a run was stopped: the model, the epochs, and the last
/// checkpoint, which has the weights, the optimizer's state and the history.
fn result(folder: &Folder) -> [Vec<u8>; 3] {
    ["model.onnx", "model.run/history.csv", "model.run/checkpoint.safetensors"]
        .map(|name| folder.read(name))
}

#[track_caller]
fn assert_same(folder: &Folder, expected: &[Vec<u8>; 3], what: &str) {
    let found = result(folder);
    for (name, (found, expected)) in
        ["the model", "the history", "the checkpoint"].into_iter().zip(found.iter().zip(expected))
    {
        assert!(found == expected, "{name} differs: {what}");
    }
}

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
}

/// Numbers that look random, of a seed.
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound.max(1)
    }
}

/// How many instants are tried for each kind of net; as many times that as CHAINRULE_CASES says.
fn instants(usual: u64) -> u64 {
    let times = std::env::var("CHAINRULE_CASES").ok().and_then(|text| text.parse().ok());
    usual * times.unwrap_or(1)
}

/// Stops trainings at instants that a seed chooses, goes on with another number of threads, and
/// compares every byte.
fn stopped_at_random(signals: &[&str], usual: u64, seed: u64) {
    let mut draws = Draws(seed);
    let (mut tried, mut stopped, mut resumed) = (0, 0, 0);
    for kind in KINDS {
        let folder = Folder::with(&weighted(160));
        let words = words(kind, "40");
        let started = Instant::now();
        folder.run(&[&words[..], &["--threads", "1"]].concat()).succeeded();
        let time = started.elapsed().as_micros() as u64;
        let expected = result(&folder);
        for round in 0..instants(usual) {
            fs::remove_dir_all(folder.path("model.run")).unwrap();
            fs::remove_file(folder.path("model.onnx")).unwrap();
            // The second stop hits a run that went on.
            for stop in 0..2 {
                let threads = (1 + draws.below(3)).to_string();
                let more: &[&str] = match stop {
                    0 => &["--threads", &threads],
                    _ => &["--threads", &threads, "--resume"],
                };
                let mut command = folder.command(&[&words[..], more].concat());
                let command = command.stdout(Stdio::null()).stderr(Stdio::null());
                let mut child = command.spawn().unwrap();
                std::thread::sleep(Duration::from_micros(draws.below(time * 9 / 10)));
                let name = signals[draws.below(signals.len() as u64) as usize];
                // It may have ended by itself; then there is nobody to hear.
                let id = child.id().to_string();
                let words = ["-s", name, &id];
                let _ = std::process::Command::new("kill").args(words).status();
                let status = child.wait().unwrap();
                tried += 1;
                stopped += usize::from(!status.success());
                let last = folder.path("model.run/checkpoint.safetensors");
                if let Ok(bytes) = fs::read(last) {
                    let found = chainrule::checkpoint::Checkpoint::from_bytes(&bytes, "c");
                    assert!(found.is_ok(), "{name} in round {round}: {found:?}");
                    resumed += 1;
                }
            }
            let threads = (1 + draws.below(3)).to_string();
            let more = ["--threads", &threads, "--resume"];
            folder.run(&[&words[..], &more].concat()).succeeded();
            assert_same(&folder, &expected, &format!("{kind:?}, round {round}"));
        }
    }
    eprintln!("{tried} instants, {stopped} stopped the run, {resumed} left a checkpoint; 0 differ");
    assert!(stopped > 0 && resumed > 0, "{stopped} stopped, {resumed} went on, of {tried}");
}

#[test]
fn a_training_that_is_killed_at_any_instant_goes_on_to_the_same_bytes() {
    stopped_at_random(&["KILL"], 3, 1);
}

#[test]
fn a_training_that_is_told_to_end_at_any_instant_goes_on_to_the_same_bytes() {
    stopped_at_random(&["TERM", "INT"], 1, 2);
}

#[test]
fn a_training_of_a_step_at_a_time_comes_to_the_same_bytes() {
    for kind in KINDS {
        let folder = Folder::with(&weighted(60));
        let words = words(kind, "3");
        folder.run(&words).succeeded();
        let expected = result(&folder);
        fs::remove_dir_all(folder.path("model.run")).unwrap();
        fs::remove_file(folder.path("model.onnx")).unwrap();
        let mut runs = 0;
        // 48 rows are three steps.
        loop {
            let threads = (1 + runs % 3).to_string();
            let more = ["--resume", "--max-time", "0", "--threads", &threads];
            let done = folder.run(&[&words[..], &more].concat()).succeeded().json();
            let done = done.last().unwrap().clone();
            runs += 1;
            if done["interrupted"] == false {
                break;
            }
            assert_eq!(done["ended"], "time");
            let told = folder.run(&["inspect", "model.onnx", "--json"]).succeeded().json();
            let epochs = format!("ended by time after epoch {}", done["epochs"]);
            assert_eq!(told[0]["training"]["ended"], epochs);
        }
        assert_eq!(runs, 9);
        assert_same(&folder, &expected, &format!("{kind:?}"));
        let told = folder.run(&["inspect", "model.onnx", "--json"]).succeeded().json();
        assert!(told[0]["training"]["ended"].is_null());
    }
}

#[test]
fn a_solver_goes_on_to_the_same_bytes_too() {
    let folder = Folder::with(&numbers(60));
    let words = ["train", "t.csv", "--target", "y", "--optimizer", "lbfgs", "--layers", "6"];
    let more = ["--activation", "tanh", "--epochs", "12", "--json", "--checkpoint-every", "0"];
    let words = [&words[..], &more].concat();
    folder.run(&words).succeeded();
    let expected = result(&folder);
    fs::remove_dir_all(folder.path("model.run")).unwrap();
    let mut runs = 0;
    loop {
        let more = ["--resume", "--max-time", "0"];
        let done = folder.run(&[&words[..], &more].concat()).succeeded().json();
        runs += 1;
        if done.last().unwrap()["interrupted"] == false {
            break;
        }
    }
    assert!(runs > 3, "{runs}");
    assert_same(&folder, &expected, "lbfgs");
}

/// Starts a training that would never end, and waits for its first epoch.
fn endless(folder: &Folder, more: &[&str]) -> Child {
    let words = ["train", "t.csv", "--target", "y", "--json", "--layers", "16"];
    let endless = ["--epochs", "100000000", "--patience", "100000000"];
    let mut command = folder.command(&[&words[..], &endless, more].concat());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("\"epoch\":1"));
    drop(lines);
    // Nobody reads the rest, which must not keep the child waiting.
    let out = child.stdout.take().unwrap();
    std::thread::spawn(move || std::io::copy(&mut { out }, &mut std::io::sink()));
    child
}

#[test]
fn the_signal_to_terminate_saves_and_says_how_to_go_on() {
    let folder = Folder::with(&numbers(60));
    let words = ["train", "t.csv", "--target", "y", "--layers", "16"];
    let endless = ["--epochs", "100000000", "--patience", "100000000"];
    let mut command = folder.command(&[&words[..], &endless].concat());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.starts_with("epoch ")));
    signal(&child, "TERM");
    let said: Vec<String> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(143), "{said:?}");
    assert!(said.iter().any(|line| line.starts_with("SIGTERM: ending")), "{said:?}");
    let how = "to go on    chainrule train t.csv --target y --layers 16 --epochs 100000000 \
               --patience 100000000 --resume";
    assert_eq!(said.last().unwrap(), how);
    // It goes on from there, and says so.
    let run = folder.run(&[&words[..], &endless, &["--resume", "--max-time", "0"]].concat());
    let run = run.succeeded();
    assert!(run.err.contains("going on    with epoch "), "{}", run.err);
    assert!(run.out.contains("ended by time"), "{}", run.out);
}

#[test]
fn a_second_ctrl_c_ends_at_once() {
    // A step of a few seconds.
    let folder = Folder::with(&numbers(12_000));
    let words = ["train", "t.csv", "--target", "y", "--layers", "2048,2048", "--quiet"];
    let mut child =
        folder.command(&[&words[..], &["--batch-size", "100000"]].concat()).spawn().unwrap();
    while !folder.path("model.run/events.jsonl").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    signal(&child, "INT");
    std::thread::sleep(Duration::from_millis(20));
    signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(!folder.path("model.onnx").exists());
    assert!(!folder.path("model.run/checkpoint.safetensors").exists());
}

#[test]
fn a_second_run_in_one_folder_is_refused() {
    let folder = Folder::with(&numbers(60));
    let mut first = endless(&folder, &[]);
    let second = folder.run(&["train", "t.csv", "--target", "y", "--epochs", "2"]);
    second.failed(1, &["model.run: another training is at work there", "--output"]);
    assert!(first.try_wait().unwrap().is_none());
    // Elsewhere there is room.
    folder.run(&["train", "t.csv", "--target", "y", "--epochs", "2", "-o", "b.onnx"]).succeeded();
    // The lock of a run that was killed is nobody's.
    first.kill().unwrap();
    first.wait().unwrap();
    folder.run(&["train", "t.csv", "--target", "y", "--epochs", "2"]).succeeded();
}

/// A run that was stopped after its first step, in a folder of its own.
fn stopped(more: &[&'static str]) -> (Folder, Vec<&'static str>) {
    let folder = Folder::with(&weighted(60));
    let words = [&words(KINDS[1], "3")[..], more].concat();
    folder.run(&[&words[..], &["--max-time", "0"]].concat()).succeeded();
    (folder, words)
}

#[test]
fn a_run_of_other_data_or_settings_is_not_gone_on_with() {
    let (folder, words) = stopped(&[]);
    let before = result(&folder);
    let run = folder.run(&[&words[..], &["--resume", "--seed", "7"]].concat());
    run.failed(1, &["of another run", "seed was 0 and is 7", "leave out --resume"]);
    let run = folder.run(&[&words[..], &["--resume", "--learning-rate", "0.5"]].concat());
    run.failed(1, &["learning rate was 0.01 and is 0.5"]);
    let table = weighted(60);
    folder.write("t.csv", &table.replacen("\n1,green", "\n2,green", 1));
    folder.run(&[&words[..], &["--resume"]].concat()).failed(1, &["the rows, or how they are"]);
    assert_same(&folder, &before, "refused");
    folder.write("t.csv", &table);
    folder.run(&[&words[..], &["--resume"]].concat()).succeeded();
}

#[test]
fn what_is_over_stays_as_it_is_and_what_is_begun_anew_is_told() {
    let (folder, words) = stopped(&[]);
    // Without --resume the run begins anew, and says what it replaces.
    let run = folder.run(&words).succeeded();
    assert!(run.err.contains("stopped in epoch 1; this run replaces it"), "{}", run.err);
    let over = result(&folder);
    let run = folder.run(&[&words[..], &["--resume"]].concat()).succeeded();
    assert_eq!(run.json()[0]["event"], "over");
    assert_same(&folder, &over, "over");
    // A default run keeps no numbers of a run that is over, but knows that it is.
    let plain: Vec<&str> = (words.iter().copied())
        .filter(|word| !["--checkpoint-every", "--json"].contains(word) && *word != "0")
        .collect();
    folder.run(&plain).succeeded();
    let small = folder.read("model.run/checkpoint.safetensors");
    assert!(small.len() < over[2].len() / 2, "{} {}", small.len(), over[2].len());
    let run = folder.run(&[&plain[..], &["--resume"]].concat()).succeeded();
    assert!(run.out.contains("the run came to its end after epoch 3"), "{}", run.out);
    // If its model is gone, it is made again.
    let model = folder.read("model.onnx");
    fs::remove_file(folder.path("model.onnx")).unwrap();
    let run = folder.run(&[&plain[..], &["--resume"]].concat()).succeeded();
    assert!(run.err.contains("its model is gone"), "{}", run.err);
    assert!(folder.read("model.onnx") == model);
    fs::remove_dir_all(folder.path("model.run")).unwrap();
    let run = folder.run(&[&plain[..], &["--resume"]].concat()).succeeded();
    assert!(run.err.contains("has no checkpoint: the training begins anew"), "{}", run.err);
}

#[test]
fn a_damaged_checkpoint_is_refused_with_what_to_do() {
    let (folder, words) = stopped(&[]);
    let resume = [&words[..], &["--resume"]].concat();
    let sound = folder.read("model.run/checkpoint.safetensors");
    let path = folder.path("model.run/checkpoint.safetensors");
    for end in [0, 7, 8, 100, sound.len() - 1] {
        fs::write(&path, &sound[..end]).unwrap();
        folder.run(&resume).failed(1, &["checkpoint.safetensors: not a checkpoint", "remove it"]);
    }
    for place in [sound.len() - 1, sound.len() - 40, sound.len() / 2] {
        let mut turned = sound.clone();
        turned[place] ^= 4;
        fs::write(&path, &turned).unwrap();
        folder.run(&resume).failed(1, &["its sum is another", "remove it"]);
    }
    // Another run than the one that goes on does not mind.
    folder.run(&words).succeeded();
}

#[cfg(target_os = "linux")]
#[test]
fn a_checkpoint_that_cannot_be_written_leaves_the_last_good_one() {
    let (folder, words) = stopped(&["--layers", "64,32"]);
    let before = folder.read("model.run/checkpoint.safetensors");
    assert!(before.len() > 20_000, "{}", before.len());
    // No file may grow above 4 kB: a disk that is nearly full.
    let command = folder.command(&[&words[..], &["--resume", "--max-time", "0"]].concat());
    let quoted: Vec<String> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| format!("'{}'", word.to_str().unwrap()))
        .collect();
    let script = format!("trap '' XFSZ; ulimit -f 8; exec {}", quoted.join(" "));
    let mut shell = std::process::Command::new("sh");
    let output = shell.args(["-c", &script]).current_dir(&folder.0).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("checkpoint.safetensors: cannot be written"), "{said}");
    assert!(folder.read("model.run/checkpoint.safetensors") == before);
    let names = fs::read_dir(folder.path("model.run")).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_str().unwrap().ends_with(".tmp")), "{names:?}");
    // With room again it goes on to what it would have been.
    folder.run(&[&words[..], &["--resume"]].concat()).succeeded();
    let resumed = result(&folder);
    fs::remove_dir_all(folder.path("model.run")).unwrap();
    folder.run(&words).succeeded();
    assert_same(&folder, &resumed, "after a full disk");
}

#[test]
fn times_that_are_none_are_refused() {
    let folder = Folder::with(&numbers(30));
    for (flag, value) in [("--max-time", "soon"), ("--max-time", "-3"), ("--checkpoint-every", "x")]
    {
        let run = folder.run(&["train", "t.csv", "--target", "y", flag, value]);
        assert_eq!(run.code, Some(2));
        assert!(run.err.contains("30s, 10m, 2h"), "{}", run.err);
    }
    let run = folder.run(&["train", "t.csv", "--target", "y", "-o", "/dev/null", "--resume"]);
    run.failed(2, &["--resume", "a model that is a file"]);
    folder
        .run(&["train", "t.csv", "--target", "y", "-o", "/dev/null", "--epochs", "1"])
        .succeeded();
    assert_eq!(folder.names(), ["t.csv"]);
}

/// The events of a run.
fn events(folder: &Folder, run: &str) -> Vec<serde_json::Value> {
    let text = String::from_utf8(folder.read(&format!("{run}/events.jsonl"))).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_events_tell_where_it_ran_and_the_history_nothing_of_it() {
    let (folder, words) = stopped(&["--seed", "3"]);
    folder.run(&[&words[..], &["--resume"]].concat()).succeeded();
    let events = events(&folder, "model.run");
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["start", "stop", "resume", "epoch", "epoch", "epoch", "done"]);
    let (start, again) = (&events[0], &events[2]);
    assert_eq!(start["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!((&start["seed"], &start["settings"]["seed"]), (&3.into(), &"3".into()));
    assert_eq!(start["settings"]["optimizer"], "adam");
    assert_eq!(start["data"].as_str().unwrap().len(), 32);
    assert_eq!(start["data"], again["data"]);
    assert_eq!(start["settings"], again["settings"]);
    assert_eq!(start["command"][1], "train");
    assert!(again["command"].as_array().unwrap().contains(&"--resume".into()));
    for number in ["threads", "host_cores", "time"] {
        assert!(start[number].as_f64().unwrap() > 0.0, "{number}");
    }
    assert!(!start["cpu"].as_array().unwrap().is_empty());
    assert_eq!(events[1]["ended"], "time");
    assert!(events[3]["seconds"].is_number());
    let history = String::from_utf8(folder.read("model.run/history.csv")).unwrap();
    let lines: Vec<Vec<&str>> = history.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(lines[0][..4], ["epoch", "training_loss", "validation_loss", "mse"]);
    assert_eq!(lines[0][lines[0].len() - 2..], ["learning_rate", "best"]);
    assert_eq!(lines.len(), 4);
    for (line, epoch) in lines[1..].iter().zip(&events[3..]) {
        assert_eq!(line.len(), lines[0].len());
        assert_eq!(line[0].parse::<u64>().unwrap(), epoch["epoch"].as_u64().unwrap());
        assert_eq!(line[1].parse::<f64>().unwrap(), epoch["train"]["loss"].as_f64().unwrap());
        let loss = epoch["validation"]["loss"].as_f64().unwrap();
        assert_eq!(line[2].parse::<f64>().unwrap(), loss);
    }
}

#[test]
fn runs_are_compared_by_what_differs() {
    let folder = Folder::with(&numbers(60));
    let words = ["train", "t.csv", "--target", "y", "--epochs", "4", "--layers", "8"];
    folder.run(&[&words[..], &["-o", "a.onnx"]].concat()).succeeded();
    let more = ["-o", "b.onnx", "--learning-rate", "0.01", "--seed", "5", "--test", "0.2"];
    folder.run(&[&words[..], &more].concat()).succeeded();
    let run = folder.run(&["compare", "a.run", "b.onnx"]).succeeded();
    let row = |name: &str| -> Vec<String> {
        let line = run.out.lines().find(|line| line.starts_with(name));
        let line = line.unwrap_or_else(|| panic!("no {name} in {}", run.out));
        line[name.len()..].split_whitespace().map(str::to_owned).collect()
    };
    assert_eq!(row("learning rate"), ["0.0005", "0.01"]);
    assert_eq!(row("seed"), ["0", "5"]);
    assert_eq!(row("state"), ["finished", "finished"]);
    assert_eq!(row("epochs"), ["4", "4"]);
    assert_eq!(row("test rmse").len(), 2);
    assert!(!run.out.contains("optimizer"), "{}", run.out);
    assert!(
        folder.run(&["compare", "a.run", "b.run", "--all"]).succeeded().out.contains("optimizer")
    );
    let found = &folder.run(&["compare", "a.run", "b.run", "--json"]).succeeded().json()[0];
    assert_eq!(found["runs"], serde_json::json!(["a.run", "b.run"]));
    assert_eq!(found["settings"]["seed"], serde_json::json!(["0", "5"]));
    assert_eq!(found["results"]["epochs"], serde_json::json!(["4", "4"]));
    folder.run(&["compare", "c.run"]).failed(1, &["c.run/events.jsonl", "no such file"]);
    assert_eq!(folder.run(&["compare"]).code, Some(2));
}

#[test]
fn a_finished_model_is_where_another_training_begins() {
    let folder = Folder::with(&numbers(80));
    let words = ["train", "t.csv", "--target", "y", "--layers", "8", "--dropout", "0", "--json"];
    let rate = ["--learning-rate", "0.01"];
    let words = [&words[..], &rate].concat();
    folder.run(&[&words[..], &["--epochs", "30", "-o", "a.onnx"]].concat()).succeeded();
    let more = ["--epochs", "3", "-o", "b.onnx", "--start-from", "a.onnx"];
    let first = |run: crate::Run| run.succeeded().json()[0]["train"]["loss"].as_f64().unwrap();
    let began = first(folder.run(&[&words[..], &more].concat()));
    let anew = first(folder.run(&[&words[..], &["--epochs", "3", "-o", "c.onnx"]].concat()));
    assert!(began < anew / 2.0, "{began} {anew}");
    // On other rows of the same columns it goes on too, encoded as the model has it.
    folder.write("more.csv", &numbers(200).replace("blue", "purple"));
    let more = ["train", "more.csv", "--start-from", "a.onnx", "--epochs", "2", "-o", "d.onnx"];
    folder.run(&[&more[..], &words[2..]].concat()).succeeded();
    // It stops and goes on like any other.
    let more = ["--epochs", "3", "-o", "e.onnx", "--start-from", "a.onnx"];
    let words = [&words[..], &more].concat();
    folder.run(&[&words[..], &["--max-time", "0"]].concat()).succeeded();
    let other = folder.run(&[&words[..8], &rate, &more[..4], &["--json", "--resume"]].concat());
    other.failed(1, &["first parameters was ", " and is the network's own"]);
    folder.run(&[&words[..], &["--resume"]].concat()).succeeded();
    assert!(folder.read("e.onnx") == folder.read("b.onnx"));
}

#[test]
fn a_model_of_other_columns_or_layers_is_no_beginning() {
    let folder = Folder::with(&numbers(60));
    let words = ["train", "t.csv", "--target", "y", "--epochs", "2"];
    folder.run(&[&words[..], &["--layers", "8", "-o", "a.onnx"]].concat()).succeeded();
    let refused = |more: &[&str], said: &[&str]| {
        let all = [&words[..], &["-o", "b.onnx", "--start-from", "a.onnx"], more].concat();
        let run = folder.run(&all);
        run.failed(1, said);
        assert!(!folder.path("b.run").exists());
    };
    refused(&["--layers", "9"], &["a.onnx: training cannot begin", "layers are", "units\":9"]);
    refused(&["--layers", "8", "--text", "x"], &["column \"x\" holds numbers, and now"]);
    folder.write("t.csv", &numbers(60).replace("x,c,y", "z,c,y"));
    refused(&["--layers", "8"], &["the column \"x\" is not in the table"]);
    folder.write("t.csv", &numbers(60).replace("x,c,y", "x,y,c"));
    let run = folder.run(&[&words[..], &["--layers", "8", "--start-from", "a.onnx"]].concat());
    run.failed(1, &["training cannot begin"]);
}
