//! Files as people have them: several, compressed, with words where numbers were, larger than they
//! look, and with a schema beside them.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use chainrule::data::{
    Bytes, Declarations, Kind, Note, NumberFormat, ReadOptions, Role, Schema, Table, Values,
};
use chainrule::error::{ErrorKind, Result};

use flate2::Compression;
use flate2::write::GzEncoder;

/// A folder of a test's own.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn options() -> ReadOptions {
    ReadOptions::default()
}

fn read(text: &str) -> Result<Table> {
    Table::from_reader(text.as_bytes(), "t.csv", &options())
}

/// The cells of a column as text, NaN for a missing one.
fn cells(table: &Table, name: &str) -> Vec<String> {
    let column = table.column(name).unwrap();
    let cell = |row: usize| match column.values() {
        Values::Number(numbers) => numbers.get(row).unwrap().to_string(),
        Values::Text(text) => text.get(row).unwrap_or("NaN").to_owned(),
        Values::Boolean { values, .. } => format!("{:?}", values[row]),
        other => panic!("{other:?}"),
    };
    (0..table.rows()).map(cell).collect()
}

fn table_of(rows: usize) -> String {
    let row = |i: usize| format!("{}.{},t{},{}\n", i / 10, i % 10, i % 40, i % 3);
    std::iter::once("number,text,y\n".to_owned()).chain((0..rows).map(row)).collect()
}

#[test]
fn compressed_files_are_known_by_their_bytes() {
    let folder = Folder::new("compressed");
    let text = table_of(60_000);
    let expected = Table::read(&folder.write("plain", &text), &options()).unwrap();
    for (name, pack) in [("a", gzip as fn(&[u8]) -> Vec<u8>), ("b.csv", zstd)] {
        let packed = pack(text.as_bytes());
        assert!(packed.len() < text.len() / 2);
        let path = folder.write(name, &packed);
        for threads in [1, 3] {
            let options = ReadOptions { threads: Some(threads), ..options() };
            let found = Table::read(&path, &options).unwrap();
            assert_eq!(found.columns(), expected.columns());
            assert_eq!(found.line(59_999), 60_001);
        }
        let found = Table::from_reader(&packed[..], "standard input", &options()).unwrap();
        assert_eq!(found.columns(), expected.columns());
        // What is cut off is told, with the file's name.
        let path = folder.write(name, &packed[..packed.len() - 9]);
        let error = Table::read(&path, &options()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::FileUnreadable { .. }), "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
    // Tabs stand in a file that is called so under its compression.
    let path = folder.write("t.tsv.gz", gzip(b"a,b\tc\n1\t2\n"));
    assert_eq!(Table::read(&path, &options()).unwrap().columns()[0].name(), "a,b");
}

#[test]
fn what_unpacks_to_more_than_the_memory_is_refused() {
    let bound = Bytes(20_000_000);
    let limited = ReadOptions { max_memory: Some(bound), ..options() };
    let refused = |bytes: Vec<u8>| {
        assert!(bytes.len() < 2_000_000, "{}", bytes.len());
        let error = Table::from_reader(&bytes[..], "bomb", &limited).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::TooLarge { bound: b, .. } if *b == bound));
        assert!(error.to_string().contains("20 MB") && error.to_string().contains("--max-memory"));
    };
    // Rows without end; a line without end; a header without end; all different texts.
    refused(gzip(format!("a,b\n{}", "1,2\n".repeat(20_000_000)).as_bytes()));
    refused(zstd(format!("a\n{}", "x".repeat(100_000_000)).as_bytes()));
    refused(gzip("x".repeat(100_000_000).as_bytes()));
    let texts: String = (0..1_000_000).map(|i| format!("{}\n", (i as u64) << 20 | 7)).collect();
    let text = format!("a\n{}", texts.replace('7', "x"));
    let error = Table::from_reader(text.as_bytes(), "t", &limited).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TooLarge { .. }), "{error}");
    // As much as fits is read.
    let text = format!("a,b\n{}", "1,2\n".repeat(1_000_000));
    let table = Table::from_reader(&gzip(text.as_bytes())[..], "fits", &limited).unwrap();
    assert_eq!(table.rows(), 1_000_000);
}

#[test]
fn several_files_are_one_table_and_lines_stay_their_own() {
    let folder = Folder::new("several");
    let a = folder.write("a.csv", "x,c,y\n1,red,0\n2,blue,1\n");
    let b = folder.write("b.csv.gz", gzip(b"y;x;c\n\n1;3;red\n0;4;green\n"));
    let table = Table::read_files(&[&a, &b], &options()).unwrap();
    assert_eq!(cells(&table, "x"), ["1", "2", "3", "4"]);
    assert_eq!(cells(&table, "c"), ["red", "blue", "red", "green"]);
    assert_eq!((0..4).map(|row| table.line(row)).collect::<Vec<_>>(), [2, 3, 3, 4]);
    assert!(table.file_of(1).ends_with("a.csv") && table.file_of(2).ends_with("b.csv.gz"));
    assert!(table.file().contains("a.csv and ") && table.file().ends_with("b.csv.gz"));

    let refused = |text: &str| {
        let other = folder.write("c.csv", text);
        Table::read_files(&[&a, &other], &options()).unwrap_err()
    };
    for (text, column, extra) in [("x,y\n1,2\n", "c", false), ("x,c,y,z\n1,2,3,4\n", "z", true)] {
        let error = refused(text);
        assert!(
            matches!(error.kind(), ErrorKind::ColumnsDiffer { file, first, name, is_extra }
                if file.ends_with("c.csv") && first.ends_with("a.csv")
                    && name == column && *is_extra == extra),
            "{error}"
        );
    }
    let error = refused("x,c,y\n1,red,0\n2,red\n");
    assert!(
        matches!(error.kind(), ErrorKind::RaggedRow { file, line: 3, .. } if file.ends_with("c.csv")),
        "{error}"
    );
    // What contradicts the first file is told with the line of its own.
    let words = folder.write("w.csv", "x,c,y\n1,red,0\n?!,red,1\n");
    let error = Table::read_files(&[&a, &a, &words], &options()).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::StrayWord { file, line: 3, .. } if file.ends_with("w.csv")),
        "{error}"
    );
    // Under a model's schema a file may have more columns than another, and any order of them.
    let schema = Schema::infer(&table, &["y"]).unwrap();
    let c = folder.write("new.csv", "z,c,x\n9,red,7\n");
    let found = Table::read_as(&[&a, &c], &schema, &options());
    assert!(found.is_err(), "the second file has no y, which the first has");
    let d = folder.write("d.csv", "c,x\nblue,8\n");
    let found = Table::read_as(&[&d, &c], &schema, &options()).unwrap();
    assert_eq!(
        (cells(&found, "x"), cells(&found, "c")),
        (vec!["8".to_owned(), "7".to_owned()], vec!["blue".to_owned(), "red".to_owned()])
    );
}

/// Hands out a few bytes at a time, and cannot be read again.
struct Pipe<'a>(&'a [u8]);

impl Read for Pipe<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.0.by_ref().take(60_000).read(out)
    }
}

#[test]
fn a_late_word_gives_what_the_whole_file_shows_wherever_it_comes_from() {
    let folder = Folder::new("late");
    let rows = 40_000;
    // Of two columns of numbers one goes on with words, the other with a code.
    let text = |words: usize| {
        let row = |i: usize| match i {
            30_000.. if i < 30_000 + words => format!("{i}.50,w{},{}\n", i % 7, i % 5),
            35_000 => format!("{i}.50,{i},00{}\n", i % 5),
            _ => format!("{i}.50,{i},{}\n", i % 5),
        };
        std::iter::once("z,a,b\n".to_owned()).chain((0..rows).map(row)).collect::<String>()
    };
    let many = text(2_000);
    let path = folder.write("late.csv", &many);
    let packed = folder.write("late.csv.gz", gzip(many.as_bytes()));
    let expected = Table::read(&path, &options()).unwrap();
    assert_eq!(expected.column("a").unwrap().values().kind(), Kind::Text);
    assert_eq!(expected.column("b").unwrap().values().kind(), Kind::Text);
    assert_eq!(expected.column("z").unwrap().values().kind(), Kind::Number);
    assert_eq!(cells(&expected, "a")[30_001], "w6");
    assert_eq!(cells(&expected, "b")[35_000], "000");
    let told = expected.notes().iter().any(|note| {
        matches!(note, Note::NumbersAsText { column, word, line: 30_002, .. }
            if column == "a" && word == "w5")
    });
    assert!(told, "{:?}", expected.notes());
    for threads in [1, 2, 5] {
        let options = ReadOptions { threads: Some(threads), ..options() };
        for file in [&path, &packed] {
            assert_eq!(Table::read(file, &options).unwrap().columns(), expected.columns());
        }
        let piped = Table::from_reader(Pipe(many.as_bytes()), "-", &options).unwrap();
        assert_eq!(piped.columns(), expected.columns());
        let twice = Table::read_files(&[&path, &packed], &options).unwrap();
        assert_eq!(cells(&twice, "a")[rows..], cells(&expected, "a"));
    }
    // A few are an error at the first.
    let error = read(&text(3).replace(",00", ",")).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::StrayWord { line: 30_002, column, .. } if column == "a"),
        "{error}"
    );
    // A stream too long to be kept says what to do, where it would have to be.
    let small = ReadOptions { max_memory: Some(Bytes(16_000_000)), ..options() };
    let long = |words: usize| {
        let row = |i: usize| if i < 250_000 { format!("{i}\n0\n7\n") } else { "w\n".into() };
        let rows = (0..250_000 + words).map(row);
        std::iter::once("a\n".to_owned()).chain(rows).collect::<String>().replace('\n', "    \n")
    };
    let found = Table::from_reader(Pipe(long(0).as_bytes()), "standard input", &small).unwrap();
    assert_eq!(found.rows(), 750_000);
    let error = Table::from_reader(Pipe(long(9_000).as_bytes()), "standard input", &small);
    let error = error.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::StrayWord { line: 750_002, .. }), "{error}");
    let words = long(9_000).replace("w", "w1").replacen("w1", "w2", 1);
    let error = Table::from_reader(Pipe(words.as_bytes()), "standard input", &small).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::ReadOnce { .. }), "{error}");
}

#[test]
fn numbers_are_read_as_people_write_them_when_the_file_shows_how() {
    let text = "a;b;c;d\n1.234,5;12 %;1,234;7\n0,25;7%;2,500;1e5\n";
    let table = read(text).unwrap();
    assert_eq!(cells(&table, "a"), ["1234.5", "0.25"]);
    assert_eq!(cells(&table, "b"), ["0.12", "0.07"]);
    // What alone may mean either means what the file shows.
    assert_eq!(cells(&table, "c"), ["1.234", "2.5"]);
    assert_eq!(cells(&table, "d"), ["7", "100000"]);
    let german = NumberFormat { thousands: Some('.'), decimal_comma: true, percent: false };
    assert_eq!(table.column("a").unwrap().number_format(), german);
    assert_eq!(table.notes().len(), 3, "{:?}", table.notes());

    // A table with both has an error in it; so have prices with their currency.
    for text in ["a;b\n1,5;2.5\n2,5;1.5\n", "a;b\n1,5;1,234.5\n2,5;7\n"] {
        let error = read(text).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::SeparatedNumber { line: 2, column, .. } if column == "a"),
            "{error}"
        );
    }
    let priced = read("a,b\n$5,1\n$7,2\n$9,3\n").unwrap();
    assert_eq!(priced.column("a").unwrap().values().kind(), Kind::Text);

    // Late in a long file as at once.
    for rows in [50, 30_000] {
        let plain = (0..rows).map(|i| format!("{i};{i}\n"));
        let late = format!("a;b\n{}\"1,234.5\";1\n", plain.collect::<String>());
        let table = read(&late).unwrap();
        assert_eq!(cells(&table, "a")[rows], "1234.5", "{rows}");
        let all: String = (0..rows).map(|i| format!("{i},5;{i}\n")).collect();
        let table = read(&format!("a;b\n{all}")).unwrap();
        assert_eq!(cells(&table, "a")[rows - 1], format!("{}.5", rows - 1));
        // And what contradicts all before it leaves no format.
        let error = read(&format!("a;b\n{all}7.5;1\n")).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::SeparatedNumber { line: 2, .. }), "{error}");
    }

    // The schema has it, so that the next file is read in the same way.
    let schema = Schema::infer(&table, &["d"]).unwrap();
    let json = serde_json::to_string(&schema).unwrap();
    let schema: Schema = serde_json::from_str(&json).unwrap();
    let next = "a;b;c\n1;1 %;1,234\n";
    let next = Table::from_reader_as(next.as_bytes(), "n.csv", &schema, &options()).unwrap();
    assert_eq!((&*cells(&next, "a")[0], &*cells(&next, "b")[0]), ("1", "0.01"));
    assert_eq!(cells(&next, "c"), ["1.234"]);
    // Numbers without signs leave no trace in it.
    let plain = Schema::infer(&read("a,y\n1,2\n").unwrap(), &["y"]).unwrap();
    assert!(!serde_json::to_string(&plain).unwrap().contains("format"));
}

#[test]
fn a_declared_schema_comes_before_what_cells_show() {
    let declare = |json: &str| ReadOptions {
        declared: Declarations::read(json.as_bytes(), "s.json").unwrap(),
        ..options()
    };
    let text = "zip,amount,flag,note,y\n123,\"1,234\",yes,-,1\n456,\"5,678\",no,b,2\n";
    let declared = declare(
        r#"{"columns": [
            {"name": "zip", "kind": "text"},
            {"name": "amount", "format": {"thousands": ","}},
            {"name": "flag", "kind": "boolean"},
            {"name": "note", "missing": ["-"]},
            {"name": "y", "role": "unused"},
            {"name": "level", "kind": "number", "fill": 4}
        ]}"#,
    );
    let table = Table::from_reader(text.as_bytes(), "t.csv", &declared).unwrap();
    assert_eq!(cells(&table, "zip"), ["123", "456"]);
    assert_eq!(cells(&table, "amount"), ["1234", "5678"]);
    assert_eq!(cells(&table, "note"), ["NaN", "b"]);
    assert_eq!(cells(&table, "level"), ["4", "4"]);
    assert!(table.column("y").is_none() && table.unused() == ["y"]);
    let schema = Schema::infer(&table, &["flag"]).unwrap();
    let next = "zip,amount,note\n007,\"9,000\",-\n";
    let next = Table::from_reader_as(next.as_bytes(), "n.csv", &schema, &options()).unwrap();
    assert_eq!(cells(&next, "level"), ["4"]);
    assert_eq!((&*cells(&next, "zip")[0], &*cells(&next, "amount")[0]), ("007", "9000"));
    assert_eq!(cells(&next, "note"), ["NaN"]);
    // Declared of a schema, it says the same again.
    let mut again = ReadOptions { declared: Declarations::of(&schema), ..options() };
    again.declared.columns.extend(declared.declared.with_role(Role::Unused).cloned());
    let read_again = Table::from_reader(text.as_bytes(), "t.csv", &again).unwrap();
    assert_eq!(read_again.columns(), table.columns());

    let plain = text.replace("\"1,234\"", "1234").replace("\"5,678\"", "5678");
    let refused =
        |json: &str| Table::from_reader(plain.as_bytes(), "t.csv", &declare(json)).unwrap_err();
    let error = refused(r#"{"columns": [{"name": "zp", "kind": "text"}]}"#);
    assert!(
        matches!(error.kind(), ErrorKind::UnknownColumn { nearest: Some(name), .. } if name == "zip"),
        "{error}"
    );
    let error = refused(r#"{"columns": [{"name": "note", "kind": "boolean"}]}"#);
    assert!(
        matches!(error.kind(), ErrorKind::NotAsDeclared { line: 2, expected: Kind::Boolean, .. }),
        "{error}"
    );
    let error = refused(r#"{"columns": [{"name": "note", "kind": "number"}]}"#);
    assert!(matches!(error.kind(), ErrorKind::StrayWord { line: 2, .. }), "{error}");
}

#[test]
fn cells_that_are_kept_stand_as_in_the_file() {
    let text = "id,x,y\n007,1.50,a\n8,NA,\"b,c\"\n";
    let table = read(text).unwrap();
    let schema = Schema::infer(&table, &["y"]).unwrap();
    let options = ReadOptions { keep: vec!["x".into(), "id".into()], ..options() };
    let table = Table::from_reader_as(text.as_bytes(), "t.csv", &schema, &options).unwrap();
    let kept = |name: &str, row| table.kept(name, row).unwrap().to_owned();
    assert_eq!([kept("id", 0), kept("x", 0), kept("x", 1)], ["007", "1.50", "NA"]);
    assert_eq!((table.kept("y", 0), table.kept("x", 2)), (None, None));
    let options = ReadOptions { keep: vec!["ix".into()], ..options };
    let error = Table::from_reader_as(text.as_bytes(), "t.csv", &schema, &options).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::UnknownColumn { .. }), "{error}");
}
