//! `chainrule plot`: pictures, plots in the terminal, their numbers, and what is refused.

use serde_json::Value;

use crate::{Folder, Run};

/// The elements of an SVG file by name, checked to be well-formed: every tag is closed in its
/// turn, and every attribute is quoted.
fn elements(bytes: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(bytes).unwrap();
    let (mut names, mut open) = (Vec::new(), Vec::new());
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').unwrap();
        assert!(!rest[..start].contains('>'), "{rest:.80}");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "{tag}");
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let name = tag.split_whitespace().next().unwrap().to_owned();
        if !tag.ends_with('/') {
            open.push(name.clone());
        }
        names.push(name);
    }
    assert!(open.is_empty(), "{open:?}");
    let entities = text.split('&').skip(1);
    entities.for_each(|after| {
        assert!(["lt;", "gt;", "amp;", "quot;"].iter().any(|known| after.starts_with(known)));
    });
    names
}

/// The texts of an SVG file without their looks.
fn texts(bytes: &[u8]) -> Vec<String> {
    let lines = std::str::from_utf8(bytes).unwrap().lines();
    let of_line = |line: &str| {
        let parts = line.split('<').filter_map(|part| part.split_once('>'));
        parts.map(|(_, text)| text).collect::<String>()
    };
    lines.filter(|line| line.starts_with("<text")).map(of_line).collect()
}

fn only(run: &Run) -> Value {
    let [object] = &run.json()[..] else { panic!("{}", run.out) };
    object.clone()
}

const ROSENBROCK: &str = "(1 - x)^2 + 100*(y - x^2)^2";

#[test]
fn a_picture_of_curves_is_well_formed_and_the_same_each_time() {
    let folder = Folder::new();
    let words = ["plot", "sigmoid", "relu", "--derivative", "--title", "a < b & c", "-o"];
    let run = folder.run(&[&words[..], &["plot.svg"]].concat()).succeeded();
    assert!(run.out.contains("plot.svg, 720 × 480"), "{}", run.out);
    folder.run(&[&words[..], &["again.svg"]].concat()).succeeded();
    let picture = folder.read("plot.svg");
    assert_eq!(picture, folder.read("again.svg"));
    let names = elements(&picture);
    assert_eq!(names[..3], ["svg", "title", "rect"]);
    assert!(names.iter().filter(|name| *name == "path").count() > 8);
    assert!(picture.len() < 20_000, "{}", picture.len());
    let texts = texts(&picture);
    for expected in ["a &lt; b &amp; c", "relu(x)", "sigmoid(x)", "−6", "x", "y"] {
        assert!(texts.iter().any(|text| text == expected), "{expected} is not in {texts:?}");
    }
    assert!(texts.iter().any(|text| text.starts_with("sigmoid′(x)")), "{texts:?}");
}

#[test]
fn a_picture_of_pixels_has_the_size_that_is_asked_for() {
    let folder = Folder::new();
    let size = |name: &str| {
        let bytes = folder.read(name);
        assert_eq!(bytes[..8], *b"\x89PNG\r\n\x1a\n");
        let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        [number(16), number(20)]
    };
    folder.run(&["plot", "relu", "-o", "a.PNG", "--width", "300", "--height", "200"]).succeeded();
    assert_eq!(size("a.PNG"), [300, 200]);
    folder.run(&["plot", "relu", "-o", "b.png"]).succeeded();
    folder.run(&["plot", "relu", "-o", "c.png"]).succeeded();
    assert_eq!(size("b.png"), [1440, 960]);
    assert_eq!(folder.read("b.png"), folder.read("c.png"));
    // Letters that the fonts do not have are said.
    let run = folder.run(&["plot", "가격^2", "-o", "d.png"]).succeeded();
    assert!(run.err.contains("lack 가격"), "{}", run.err);
    folder.run(&["plot", "relu", "tanh", "--panels", "-o", "e.svg"]).succeeded();
    elements(&folder.read("e.svg"));
}

#[test]
fn the_terminal_has_axes_a_line_and_its_name() {
    let folder = Folder::new();
    let words = ["plot", "x^2", "--from", "-2", "--to", "2", "--width", "50", "--height", "20"];
    let run = folder.run(&words).succeeded();
    let lines: Vec<&str> = run.out.lines().collect();
    assert_eq!(lines.len(), 16, "{}", run.out);
    assert!(lines[..12].iter().all(|line| line.contains(['│', '┤', '┼'])), "{}", run.out);
    assert!(lines[12].contains('└') && lines[13].trim_start().starts_with("-2"), "{}", run.out);
    assert_eq!(lines[15], "⠒⠒⠒⠒⠒ x^2");
    // Nobody looks at colours in a pipe.
    assert!(!run.out.contains('\u{1b}'));
    let run = folder.run(&["plot", ROSENBROCK, "--from", "-2", "--to", "2"]).succeeded();
    assert!(run.out.contains("levels") && run.out.contains("lowest"), "{}", run.out);
    assert!(folder.names().is_empty());
}

#[test]
fn a_pole_and_what_is_undefined_are_gaps() {
    let folder = Folder::new();
    let pole = only(&folder.run(&["plot", "1/x", "--json"]).succeeded());
    assert_eq!(pole["output"], Value::Null);
    let points = pole["curves"][0]["points"].as_array().unwrap();
    let gaps = points.iter().filter(|point| point[1] == "nan").count();
    assert_eq!(gaps, 1);
    let (left, right): (Vec<&Value>, Vec<&Value>) = points
        .iter()
        .filter(|point| point[1] != "nan")
        .partition(|point| point[0].as_f64().unwrap() < 0.0);
    assert!(left.iter().all(|point| point[1].as_f64().unwrap() < 0.0));
    assert!(right.iter().all(|point| point[1].as_f64().unwrap() > 0.0));
    // The window does not follow the pole, and no line crosses it.
    let window = pole["window"][1].as_array().unwrap();
    assert!(window[1].as_f64().unwrap() < 10.0, "{window:?}");
    folder.run(&["plot", "1/x", "-o", "pole.svg"]).succeeded();
    let picture = String::from_utf8(folder.read("pole.svg")).unwrap();
    let curve = picture.lines().find(|line| line.contains("#0072b2")).unwrap();
    assert_eq!(curve.matches('M').count(), 2, "{curve}");

    let log = only(&folder.run(&["plot", "log", "--derivative", "--json"]).succeeded());
    for key in ["points", "derivative_points"] {
        let points = log["curves"][0][key].as_array().unwrap();
        assert!(points.iter().all(|point| point[1] == "nan" || point[0].as_f64().unwrap() > 0.0));
    }
}

#[test]
fn the_numbers_of_curves() {
    let folder = Folder::new();
    let words = ["plot", "a*x^2 + b*x", "--at", "a=1,b=-2", "--derivative", "--tangent", "2"];
    let more = ["--from", "-1", "--to", "pi", "-o", "q.svg", "--json"];
    let run = folder.run(&[&words[..], &more].concat()).succeeded();
    let found = only(&run);
    assert_eq!((&found["output"], &found["by"]), (&"q.svg".into(), &"x".into()));
    assert_eq!(found["window"][0][1], std::f64::consts::PI);
    let curve = &found["curves"][0];
    assert_eq!(curve["formula"], "a*x^2 + b*x");
    assert_eq!(curve["derivative"], "2*a*x + b");
    assert!((curve["minimum"].as_f64().unwrap() + 1.0).abs() < 1e-4);
    let tangent = &curve["tangents"][0];
    assert_eq!([&tangent["slope"], &tangent["value"], &tangent["intercept"]], [2.0, 0.0, -4.0]);
    let texts = texts(&folder.read("q.svg"));
    for expected in ["slope 2", "f′(x) = 2ax + b", "tangent at x = 2: y = 2x − 4"] {
        assert!(texts.iter().any(|text| text == expected), "{expected} is not in {texts:?}");
    }
    // The functions of training, in their own precision.
    let single =
        only(&folder.run(&["plot", "x/3", "--f32", "--tangent", "1", "--json"]).succeeded());
    let third = &single["curves"][0]["tangents"][0]["value"];
    assert_eq!(third.as_f64(), Some(f64::from(1.0_f32 / 3.0)));
}

#[test]
fn the_paths_of_optimizers() {
    let folder = Folder::new();
    let window = ["plot", ROSENBROCK, "--from", "-2", "--to", "2", "--y-from", "-1", "--y-to", "3"];
    let paths = ["--descend", "adam", "--descend", "sgd:momentum=0.9", "--start", "-1.2,1"];
    let more = ["--learning-rate", "0.1,0.0005", "--steps", "50", "-o", "r.svg", "--json"];
    let found = only(&folder.run(&[&window[..], &paths, &more].concat()).succeeded());
    let [adam, sgd] = &found["paths"].as_array().unwrap()[..] else { panic!("{found}") };
    assert_eq!((&adam["optimizer"], &adam["learning_rate"]), (&"adam".into(), &0.1.into()));
    assert_eq!(sgd["optimizer"], "sgd:momentum=0.9");
    for path in [adam, sgd] {
        let places = path["path"].as_array().unwrap();
        assert_eq!(places.len(), 51);
        assert_eq!([&places[0][0], &places[0][1]], [-1.2, 1.0]);
        assert!(places[50][2].as_f64().unwrap() < 5.0 && path["diverged"] == false);
    }
    let levels: Vec<f64> = (found["contours"].as_array().unwrap().iter())
        .map(|contour| contour["level"].as_f64().unwrap())
        .collect();
    assert!(levels.contains(&1.0) && levels.contains(&1000.0), "{levels:?}");
    let names = elements(&folder.read("r.svg"));
    assert!(names.iter().filter(|name| *name == "circle").count() > 20);
    assert!(texts(&folder.read("r.svg")).iter().any(|text| text == "100"));

    // Down a curve, exactly.
    let words = ["plot", "x^2", "--descend", "sgd", "--learning-rate", "0.25", "--start", "4"];
    let found = only(&folder.run(&[&words[..], &["--steps", "2", "--json"]].concat()).succeeded());
    assert_eq!(found["paths"][0]["path"], serde_json::json!([[4.0, 16.0], [2.0, 4.0], [1.0, 1.0]]));
}

#[test]
fn a_path_that_diverges_or_leaves_is_told() {
    let folder = Folder::new();
    let words = ["plot", "x^4", "--descend", "sgd", "--start", "5", "--learning-rate"];
    let run = folder.run(&[&words[..], &["10", "-o", "d.svg"]].concat()).succeeded();
    assert!(run.err.contains("sgd diverges") && run.err.contains("--learning-rate"), "{}", run.err);
    elements(&folder.read("d.svg"));
    let words = ["plot", "-x^2 + y", "--descend", "sgd", "--start", "1,1", "--learning-rate", "1"];
    let run = folder.run(&[&words[..1], &words[2..], &["--steps", "9", "--", words[1]]].concat());
    assert!(run.succeeded().err.contains("outside the window at step"));
}

#[test]
fn losses_are_functions_of_the_residual() {
    let folder = Folder::new();
    let run = folder.run(&["plot", "mse", "huber:delta=2", "--json"]).succeeded();
    assert!(run.err.contains("residual r = p - y"), "{}", run.err);
    let found = only(&run);
    assert_eq!(found["by"], "r");
    assert_eq!([&found["curves"][0]["maximum"], &found["curves"][1]["maximum"]], [36.0, 10.0]);
    let words = ["plot", "binary_cross_entropy", "--at", "y=0", "--tangent", "0", "--json", "-q"];
    let run = folder.run(&words).succeeded();
    assert_eq!((run.err.as_str(), &only(&run)["by"]), ("", &"z".into()));
    assert_eq!(only(&run)["curves"][0]["tangents"][0]["slope"], 0.5);
}

#[test]
fn a_plot_is_not_written_over_unasked() {
    let folder = Folder::new();
    folder.write("mine.svg", "mine");
    let words = ["plot", "relu", "-o", "mine.svg"];
    folder.run(&words).failed(1, &["mine.svg", "--force"]);
    assert_eq!(folder.read("mine.svg"), b"mine");
    folder.run(&[&words[..], &["--force"]].concat()).succeeded();
    assert_ne!(folder.read("mine.svg"), b"mine");
    folder.run(&["plot", "relu", "-o", "nowhere/a.svg"]).failed(1, &["cannot be written"]);
    assert_eq!(folder.names(), ["mine.svg"]);
}

#[test]
fn what_cannot_be_plotted_is_said() {
    let folder = Folder::new();
    let cases: [(&[&str], &[&str]); 26] = [
        (&[], &["FORMULA|NAME"]),
        (&["x^^2"], &["at character 3", "\n  x^^2\n    ^"]),
        (&["sigmiod"], &["no function \"sigmiod\"", "\"sigmoid\""]),
        (&["softmax"], &["softmax", "whole row", "sigmoid(x - y)"]),
        (&["categorical_cross_entropy"], &["whole row of logits"]),
        (&["a*x + b*y + c"], &["--at", "a and b and c and x and y", "two (contours)"]),
        (&["a*x + b*y + c", "--by", "x,y"], &["missing for a and b and c", "a=1,b=1,c=1"]),
        (&["x*y", "--derivative"], &["--at", "every variable but one"]),
        (&["x^2", "t^2"], &["--at", "the same in every formula"]),
        (&["x^2", "--at", "a=1"], &["no variable \"a\""]),
        (&["x^2", "--at", "x"], &["--at", "x=3"]),
        (&["x*y", "--at", "x=2", "--by", "x"], &["for other variables"]),
        (&["x^2", "--by", "y"], &["no variable \"y\""]),
        (&["x^2", "--from", "3", "--to", "2"], &["--to is 2", "above --from, which is 3"]),
        (&["x^2", "--y-from", "3", "--y-to", "3"], &["--y-to is 3"]),
        (&["x^2", "--from", "inf"], &["a finite number"]),
        (&["x^2", "-o", "plot.jpg"], &["plot.jpg", ".svg or .png"]),
        (&["x^2", "-o", "-"], &[".svg or .png"]),
        (&["x^2", "-o", "a.svg", "--width", "5"], &["--width is 5"]),
        (&["log(-1 - x^2)"], &["defined somewhere from x = -6 to 6"]),
        (&["sqrt(-1 - x^2 - y^2)"], &["defined somewhere"]),
        (&["log", "--tangent", "-1"], &["--tangent is -1", "has a slope"]),
        (&["x^2", "--descend", "sgd"], &["--start"]),
        (&["x^2", "--descend", "sdg", "--start", "1"], &["no optimizer \"sdg\"", "\"sgd\""]),
        (&["x^2", "--descend", "sgd", "--start", "1,2"], &["--start is 1,2", "each of x"]),
        (&["x^2", "--derivativ"], &["'--derivativ'", "'--derivative'"]),
    ];
    for (words, said) in cases {
        folder.run(&[&["plot"], words].concat()).failed(2, said);
    }
    let solver = ["plot", "x^2", "--descend", "lbfgs", "--start", "1"];
    folder.run(&solver).failed(2, &["lbfgs", "solver"]);
    assert!(folder.names().is_empty());
}

/// The words of a line of a shell, with the few quotes that the examples have.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for letter in line.chars() {
        match (letter, words.last_mut()) {
            ('"', _) => is_quoted = !is_quoted,
            (' ', Some(word)) if !is_quoted && !word.is_empty() => words.push(String::new()),
            (' ', _) if !is_quoted => {}
            (letter, Some(word)) => word.push(letter),
            (_, None) => {}
        }
    }
    words
}

#[test]
fn the_pictures_of_the_documentation_are_what_their_commands_draw() {
    let pictures = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/plots");
    let page = std::fs::read_to_string(format!("{pictures}/README.md")).unwrap();
    let page = page.replace("\\\n", " ");
    let folder = Folder::new();
    let mut drawn = Vec::new();
    for line in page.lines().filter(|line| line.starts_with("chainrule plot")) {
        let words = words(line);
        let words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
        folder.run(&words).succeeded();
        let name = *words.last().unwrap();
        assert!(page.contains(&format!("]({name})")), "{name} is not shown");
        elements(&folder.read(name));
        let place = format!("{pictures}/{name}");
        if std::env::var_os("CHAINRULE_DRAW").is_some() {
            std::fs::write(&place, folder.read(name)).unwrap();
        }
        let is_same = std::fs::read(&place).is_ok_and(|kept| kept == folder.read(name));
        assert!(
            is_same,
            "docs/plots/{name} is not what `{line}` draws; README.md there says how \
                          to draw it anew, and then it is to be looked at"
        );
        drawn.push(name.to_owned());
    }
    drawn.sort();
    assert_eq!(drawn, folder.names());
    assert!(drawn.len() >= 9, "{drawn:?}");
}
