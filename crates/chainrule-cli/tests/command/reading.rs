//! Tables as people have them: several files, compressed, arrays, with a schema; and what `check`
//! says of them.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::{Folder, Run, dataset, numbers};

impl Folder {
    fn write_bytes(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// Runs the command with bytes as its standard input.
    fn run_with_bytes(&self, words: &[&str], input: &[u8]) -> Run {
        let mut command = self.command(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // Who has seen enough closes the pipe.
        let _ = child.stdin.take().unwrap().write_all(input);
        Run::from(child.wait_with_output().unwrap())
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An array of f8, written as NumPy does.
fn npy(columns: usize, values: &[f64], fortran: bool) -> Vec<u8> {
    let rows = values.len() / columns;
    let order = if fortran { "True" } else { "False" };
    let header =
        format!("{{'descr': '<f8', 'fortran_order': {order}, 'shape': ({rows}, {columns}), }}");
    let header = format!("{header:<117}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    let place = |i: usize| if fortran { i % rows * columns + i / rows } else { i };
    bytes.extend((0..values.len()).flat_map(|i| values[place(i)].to_le_bytes()));
    bytes
}

const SMALL: [&str; 6] = ["--target", "y", "--epochs", "3", "--layers", "4"];

fn train(folder: &Folder, data: &[&str], more: &[&str]) -> Vec<u8> {
    let words: Vec<&str> = [&["train"], data, &SMALL, more].concat();
    folder.run(&words).succeeded();
    folder.read("model.onnx")
}

#[test]
fn a_table_gives_the_same_model_whole_in_parts_packed_and_piped() {
    let folder = Folder::with(&numbers(90));
    let table = numbers(90);
    let lines: Vec<&str> = table.lines().collect();
    folder.write("a.csv", &format!("{}\n", lines[..41].join("\n")));
    // The second file has its columns in another order.
    let turned = |line: &&str| {
        let fields: Vec<&str> = line.split(',').collect();
        format!("{},{},{}\n", fields[2], fields[0], fields[1])
    };
    let second: String = [lines[0]].iter().chain(&lines[41..]).map(turned).collect();
    folder.write_bytes("b.csv.gz", &gzip(second.as_bytes()));
    folder.write_bytes("packed", &gzip(table.as_bytes()));
    let whole = train(&folder, &["t.csv"], &[]);
    assert_eq!(train(&folder, &["a.csv", "b.csv.gz"], &[]), whole);
    assert_eq!(train(&folder, &["packed"], &["--threads", "1"]), whole);
    let words: Vec<&str> = [&["train", "-"], &SMALL[..]].concat();
    folder.run_with_bytes(&words, &gzip(table.as_bytes())).succeeded();
    assert_eq!(folder.read("model.onnx"), whole);

    // Predictions of several files stand in their order.
    let predict =
        |data: &[&str]| folder.run(&[&["predict", "model.onnx"], data].concat()).succeeded().out;
    assert_eq!(predict(&["a.csv", "b.csv.gz"]), predict(&["t.csv"]));
    let evaluated = |data: &[&str]| {
        folder.run(&[&["evaluate", "model.onnx", "--json"], data].concat()).succeeded().json()
    };
    assert_eq!(evaluated(&["a.csv", "b.csv.gz"]), evaluated(&["packed"]));
}

#[test]
fn files_that_do_not_go_together_are_told_apart() {
    let folder = Folder::with(&numbers(40));
    folder.write("other.csv", "x,colour,y\n1,red,2\n");
    let words = [&["train", "t.csv", "other.csv"], &SMALL[..]].concat();
    folder.run(&words).failed(1, &["other.csv", "\"colour\"", "t.csv does not have"]);
    folder.write("other.csv", "x,y\n1,2\n");
    folder.run(&words).failed(1, &["other.csv", "no column \"c\"", "which t.csv has"]);
    folder.write("other.csv", "x,c,y\n1,red,2\n\n1,red\n");
    folder.run(&words).failed(1, &["other.csv, line 4: 2 fields"]);
    assert_eq!(folder.names(), ["other.csv", "t.csv"]);
}

#[test]
fn a_bomb_is_refused_within_its_memory() {
    let folder = Folder::new();
    folder
        .write_bytes("bomb.csv.gz", &gzip(format!("x,y\n{}", "1,2\n".repeat(9 << 20)).as_bytes()));
    let words = ["train", "bomb.csv.gz", "--target", "y", "--max-memory", "32MB"];
    folder.run(&words).failed(1, &["bomb.csv.gz", "more than 32 MB of memory", "--max-memory"]);
    folder.write_bytes("cut.csv.gz", &gzip(numbers(4_000).as_bytes())[..4_000]);
    folder
        .run(&["train", "cut.csv.gz", "--target", "y"])
        .failed(1, &["cut.csv.gz: the file cannot"]);
    let wrong = ["train", "cut.csv.gz", "--target", "y", "--max-memory", "lots"];
    folder.run(&wrong).failed_in_use(&["--max-memory", "500MB"]);
}

impl Run {
    /// The command line was refused, with some things said.
    #[track_caller]
    fn failed_in_use(&self, said: &[&str]) {
        assert_eq!(self.code, Some(2), "{}", self.err);
        for part in said {
            assert!(self.err.contains(part), "{part:?} is not in {}", self.err);
        }
    }
}

#[test]
fn a_late_word_makes_text_of_numbers_and_says_so() {
    let row = |i: usize| {
        let code = if i > 12_000 && i.is_multiple_of(3) {
            format!("k{}", i % 4)
        } else {
            (i % 50).to_string()
        };
        format!("{code},{}\n", i % 2)
    };
    let table: String =
        std::iter::once("code,y\n".to_owned()).chain((0..15_000).map(row)).collect();
    let folder = Folder::with(&table);
    let words = ["train", "t.csv", "--target", "y", "--epochs", "1", "--layers", "2"];
    let told = folder.run(&words).succeeded();
    let note = "column \"code\" holds numbers in 14001 cells, but is taken as text";
    let one_line = told.err.replace("\n            ", " ");
    assert!(one_line.contains(note), "{}", told.err);
    assert!(one_line.contains("the first is \"k3\", t.csv, line 12005"), "{}", told.err);
    let whole = folder.read("model.onnx");
    let piped = [&["train", "-"], &words[2..]].concat();
    folder.run_with_input(&piped, &table).succeeded();
    assert_eq!(folder.read("model.onnx"), whole);
}

#[test]
fn numbers_with_separators_are_read_and_travel_with_the_model() {
    let row = |i: usize| format!("1.{:03},{};{},5 %;{}\n", i * 37 % 1000, i % 10, i % 90, i % 7);
    let table: String = std::iter::once("a;b;y\n".to_owned()).chain((0..60).map(row)).collect();
    let folder = Folder::with(&table);
    let run = folder.run(&[&["train", "t.csv"], &SMALL[..]].concat()).succeeded();
    assert!(run.err.contains("\"1.000,0\" is 1000"), "{}", run.err);
    // The same numbers written plainly give the same predictions.
    let answer = |table: &str| {
        folder.write("n.csv", table);
        folder.run(&["predict", "model.onnx", "n.csv"]).succeeded().out
    };
    assert_eq!(answer("a;b\n1.234,5;12 %\n"), answer("a;b\n1234,5;12,0%\n"));
    assert_ne!(answer("a;b\n1.234,5;12 %\n"), answer("a;b\n1.234,5;90 %\n"));
    folder.write("n.csv", "a;b\n1,234.5;12 %\n");
    folder.run(&["predict", "model.onnx", "n.csv"]).failed(1, &["column \"a\"", "1,234.5"]);
}

#[test]
fn a_schema_is_written_corrected_and_taken_back() {
    let folder = Folder::new();
    let row = |i: usize| {
        format!(
            "{},{},{},{}\n",
            100 + i % 9,
            i % 4,
            if i.is_multiple_of(5) { -1 } else { 3 },
            i % 3
        )
    };
    let table: String =
        std::iter::once("zip,level,age,y\n".to_owned()).chain((0..60).map(row)).collect();
    folder.write("t.csv", &table);
    let found = folder.run(&["check", "t.csv", "--json"]).succeeded();
    folder.write("schema.json", &found.out);
    let plain = train(&folder, &["t.csv"], &[]);
    // As it is it changes nothing.
    assert_eq!(train(&folder, &["t.csv"], &["--schema", "schema.json"]), plain);
    let mut document: Value = serde_json::from_str(&found.out).unwrap();
    let columns = document["schema"]["columns"].as_array_mut().unwrap();
    for column in columns.iter_mut() {
        match column["name"].as_str().unwrap() {
            "zip" => column["kind"] = "text".into(),
            "level" => column["fill"] = 2.into(),
            "age" => column["missing"] = vec!["-1"].into(),
            _ => column["role"] = "target".into(),
        }
    }
    folder.write("schema.json", &document["schema"].to_string());
    let words = ["train", "t.csv", "--schema", "schema.json", "--epochs", "2", "--layers", "4"];
    let told = folder.run(&words).succeeded();
    assert!(told.err.contains("2 numbers (level, age), 1 text (zip)"), "{}", told.err);
    assert!(told.err.contains("12 values missing"), "{}", told.err);
    // A file without the column has its fill; and the model still knows what is missing.
    let answer = |table: &str| {
        folder.write("n.csv", table);
        folder.run(&["predict", "model.onnx", "n.csv"]).succeeded().out
    };
    assert_eq!(answer("zip,age\n103,-1\n"), answer("zip,level,age\n103,2,\n"));
    folder.write("n.csv", "level,age\n1,3\n");
    folder.run(&["predict", "model.onnx", "n.csv"]).failed(1, &["\"zip\", which is not there"]);

    // Without a target anywhere, and with what is no schema.
    folder.write("schema.json", "{\"columns\": [{\"name\": \"zip\", \"kind\": \"txt\"}]}");
    folder.run(&words).failed_in_use(&["schema.json: not a schema", "txt"]);
    folder.write("schema.json", "{\"columns\": [{\"name\": \"zpi\"}]}");
    let words = ["train", "t.csv", "--schema", "schema.json"];
    folder.run(&words).failed(1, &["no column \"zpi\"", "\"zip\""]);
    folder.write("schema.json", "{}");
    folder.run(&words).failed(1, &["no target was named"]);
}

#[test]
fn check_tells_what_is_in_a_table_and_what_train_would_do() {
    let folder = Folder::new();
    let class = |i: usize| ["no", "yes"][usize::from(i * i % 11 == 4)];
    let row = |i: usize| {
        let x = i * 7919 % 1009;
        let gap = if i.is_multiple_of(9) { String::new() } else { x.to_string() };
        format!("{i},{gap},{x},{x},7,{}s,{}\n", class(i), class(i))
    };
    let head = std::iter::once("id,x,twin,again,seven,outcome,y\n".to_owned());
    folder.write("t.csv", &head.chain((0..220).map(row)).collect::<String>());
    let run = folder.run(&["check", "t.csv", "--target", "y"]).succeeded();
    assert_eq!(run.err, "");
    for part in [
        "t.csv: 220 rows, 7 columns, 25 values missing",
        "column \"id\" has another value in each row",
        "column \"again\" is the same as \"twin\"",
        "column \"seven\" is 7.0 in every row",
        "column \"outcome\" gives the target \"y\" away",
        "What train would do:",
        "a sigmoid output",
        "→ 256 relu →",
    ] {
        assert!(run.out.contains(part), "{part:?} is not in {}", run.out);
    }
    let found = folder.run(&["check", "t.csv", "--target", "y", "--json"]).succeeded().json();
    let [found] = &found[..] else { panic!("{found:?}") };
    let names: Vec<&str> = found["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["finding"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["identifier", "duplicate", "constant", "determines_target"]);
    assert_eq!(found["columns"][1]["missing"], 25);
    assert_eq!(
        found["classes"]["no"].as_u64().unwrap() + found["classes"]["yes"].as_u64().unwrap(),
        220
    );
    assert_eq!(found["schema"]["columns"][6]["role"], "target");
    // What train would refuse ends it, once all else is told.
    let run = folder.run(&["check", "t.csv", "--target", "seven"]);
    assert_eq!(run.code, Some(1));
    assert!(run.out.contains("220 rows") && run.err.contains("7 in every row"), "{}", run.err);
    folder.run(&["check", "t.csv", "--target", "z"]).failed(1, &["no column \"z\""]);
    // The data sets have nothing to find.
    for (name, target) in [
        ("penguins", "species"),
        ("titanic", "survived"),
        ("diabetes", "target"),
        ("iris", "species"),
        ("wine", "class"),
    ] {
        let table = dataset(name);
        let head = fs::read_to_string(&table).unwrap();
        let target = if head.lines().next().unwrap().split(',').any(|c| c == target) {
            target
        } else {
            continue;
        };
        let found = folder.run(&["check", &table, "-t", target, "--json"]).succeeded().json();
        assert_eq!(
            found[0]["findings"].as_array().unwrap().len(),
            0,
            "{name}: {}",
            found[0]["findings"]
        );
    }
}

#[test]
fn check_knows_a_model_from_a_table() {
    let folder = Folder::with(&numbers(60));
    folder.train("t.csv", &[]);
    fs::rename(folder.path("model.onnx"), folder.path("renamed")).unwrap();
    let run = folder.run(&["check", "renamed", "t.csv", "--json"]).succeeded();
    assert_eq!(run.json()[0]["passed"], true);
    folder.run(&["check", "renamed"]).failed(2, &["DATA", "a table"]);
    folder.run(&["check", "renamed", "t.csv", "--target", "y"]).failed(2, &["--target"]);
    folder.run(&["check", "t.csv", "--rows", "5"]).failed(2, &["--rows", "a model"]);
    folder.run(&["check", "none.onnx", "t.csv"]).failed(1, &["none.onnx: no such file"]);
    folder.run(&["check"]).failed_in_use(&["DATA"]);
    let run = folder.run_with_input(&["check", "-", "--target", "y"], &numbers(60)).succeeded();
    assert!(run.out.contains("standard input: 60 rows"), "{}", run.out);
}

#[test]
fn columns_are_copied_beside_the_predictions() {
    let row = |i: usize| format!("00{i},\"a, {i}\",{}.50,{}\n", i % 7, i % 2);
    let head = std::iter::once("id,\"name, first\",x,y\n".to_owned());
    let table: String = head.chain((0..40).map(row)).collect();
    let folder = Folder::with(&table);
    folder.train("t.csv", &[]);
    let plain = folder.run(&["predict", "model.onnx", "t.csv"]).succeeded().out;
    let keep = "id,\"name, first\",x";
    let run = folder.run(&["predict", "model.onnx", "t.csv", "--keep", keep]).succeeded();
    let lines: Vec<&str> = run.out.lines().collect();
    let before: Vec<&str> = plain.lines().collect();
    assert_eq!(lines[0], format!("id,\"name, first\",x,{}", before[0]));
    assert_eq!(lines[12], format!("0011,\"a, 11\",4.50,{}", before[12]));
    assert_eq!(lines.len(), before.len());
    let words = ["predict", "model.onnx", "t.csv", "--keep", "id", "--keep", "y", "--json"];
    let found = folder.run(&words).succeeded().json();
    assert_eq!((&found[3]["id"], &found[3]["y"]), (&"003".into(), &"1".into()));
    assert!(found[3]["prediction"].is_string() || found[3]["prediction"].is_number());
    let keep = |names| folder.run(&["predict", "model.onnx", "t.csv", "--keep", names]);
    keep("di").failed(1, &["no column \"di\"", "\"id\""]);
    keep("id,id").failed(2, &["--keep", "once"]);
    folder.write("p.csv", &table.replace("id,", "prediction,"));
    let words = ["predict", "model.onnx", "p.csv", "--keep", "prediction"];
    folder.run(&words).failed(2, &["--keep", "prediction"]);
}

#[test]
fn arrays_of_numpy_train_and_predict() {
    let folder = Folder::new();
    let values: Vec<f64> = (0..60)
        .flat_map(|i| {
            let x = i as f64 / 7.0;
            [x, (i % 4) as f64, 2.0 * x - 1.0]
        })
        .collect();
    let csv: String =
        values.chunks(3).map(|r| format!("{:?},{:?},{:?}\n", r[0], r[1], r[2])).collect();
    folder.write("t.csv", &format!("x0,x1,x2\n{csv}"));
    folder.write_bytes("c.npy", &npy(3, &values, false));
    folder.write_bytes("f.npy", &npy(3, &values, true));
    folder.write_bytes("c.npy.gz", &gzip(&npy(3, &values, false)));
    let model = |data: &str| {
        let words = ["train", data, "--target", "x2", "--epochs", "3", "--layers", "4"];
        folder.run(&words).succeeded();
        folder.read("model.onnx")
    };
    let expected = model("t.csv");
    for data in ["c.npy", "f.npy", "c.npy.gz"] {
        assert_eq!(model(data), expected, "{data}");
    }
    let predict = |data: &str| folder.run(&["predict", "model.onnx", data]).succeeded().out;
    assert_eq!(predict("f.npy"), predict("t.csv"));
    let array = npy(3, &values, false);
    folder.write_bytes("cut.npy", &array[..array.len() - 3]);
    folder.run(&["check", "cut.npy"]).failed(1, &["cut.npy", "ends too early"]);
    folder.write_bytes("o.npy", &[&array[..20], &b"|O8"[..], &array[23..]].concat());
    folder.run(&["check", "o.npy"]).failed(1, &["o.npy"]);
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_parquet_file_says_how_to_read_it() {
    let folder = Folder::new();
    folder.write_bytes("t.parquet", b"PAR1\x15\x04");
    let said = ["t.parquet: this is a Parquet file", "--features parquet"];
    folder.run(&["train", "t.parquet", "--target", "y"]).failed(1, &said);
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_trains_and_predicts_as_csv_does() {
    let file = |name: &str| {
        format!("{}/../chainrule/tests/columnar_files/{name}", env!("CARGO_MANIFEST_DIR"))
    };
    let folder = Folder::new();
    let model = |data: &str| {
        let words = ["train", data, "--target", "level", "--epochs", "2", "--layers", "4"];
        folder.run(&words).succeeded();
        folder.read("model.onnx")
    };
    let expected = model(&file("table.csv"));
    for name in ["zstd_v1.parquet", "zstd_v2.parquet", "lz4.arrow"] {
        assert_eq!(model(&file(name)), expected, "{name}");
    }
    let predict = |data: &str| {
        let words = ["predict", "model.onnx", &file(data), "--keep", "day"];
        folder.run(&words).succeeded().out
    };
    assert_eq!(predict("zstd_v2.parquet"), predict("table.csv"));
    folder.write_bytes("cut.parquet", &fs::read(file("zstd_v1.parquet")).unwrap()[..4_000]);
    folder.run(&["check", "cut.parquet"]).failed(1, &["cut.parquet: it cannot be read"]);
}
