//! Parquet and Arrow files: the same table as from CSV, and nothing worse than an error from damaged
//! ones.

#![cfg(feature = "parquet")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::types::Int8Type;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float32Array,
    Float64Array, Int64Array, LargeStringArray, ListArray, NullArray, RecordBatch, StringArray,
    StringViewArray, TimestampMicrosecondArray,
};
use chainrule::data::{Bytes, Kind, ReadOptions, Schema, Table};
use chainrule::error::ErrorKind;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, GzipLevel};
use parquet::file::properties::WriterProperties;

fn options() -> ReadOptions {
    ReadOptions::default()
}

fn parquet(batch: &RecordBatch, compression: Compression) -> Vec<u8> {
    let settings = WriterProperties::builder()
        .set_compression(compression)
        .set_max_row_group_row_count(Some(700))
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(settings)).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

fn arrow(batch: &RecordBatch, is_stream: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    if is_stream {
        let mut writer =
            arrow_ipc::writer::StreamWriter::try_new(&mut bytes, &batch.schema()).unwrap();
        writer.write(batch).unwrap();
        writer.finish().unwrap();
    } else {
        let mut writer =
            arrow_ipc::writer::FileWriter::try_new(&mut bytes, &batch.schema()).unwrap();
        writer.write(batch).unwrap();
        writer.finish().unwrap();
    }
    bytes
}

const ROWS: usize = 2_000;

/// A table and the same as CSV.
fn sample() -> (RecordBatch, String) {
    let rows = 0..ROWS;
    let number = |i: usize| (!i.is_multiple_of(7)).then(|| i as f64 / 4.0);
    let whole = |i: usize| (!i.is_multiple_of(11)).then(|| i as i64 * 3 - 900);
    let text = |i: usize| (!i.is_multiple_of(13)).then(|| ["red", "green", "blue"][i % 3]);
    let truth = |i: usize| (!i.is_multiple_of(17)).then_some(i.is_multiple_of(2));
    let day = |i: usize| 18_000 + i as i32 % 400;
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("number", Arc::new(rows.clone().map(number).collect::<Float64Array>())),
        ("whole", Arc::new(rows.clone().map(whole).collect::<Int64Array>())),
        ("text", Arc::new(rows.clone().map(text).collect::<StringArray>())),
        ("truth", Arc::new(rows.clone().map(truth).collect::<BooleanArray>())),
        ("day", Arc::new(Date32Array::from_iter_values(rows.clone().map(day)))),
        ("level", Arc::new(rows.clone().map(text).collect::<DictionaryArray<Int8Type>>())),
        ("y", Arc::new(Float64Array::from_iter_values(rows.clone().map(|i| (i % 5) as f64)))),
    ];
    let show = |value: Option<String>| value.unwrap_or_default();
    let row = |i: usize| {
        let day = chainrule::data::calendar::moment(f64::from(day(i)) * 86_400.0);
        format!(
            "{},{},{},{},{day},{},{}\n",
            show(number(i).map(|v| v.to_string())),
            show(whole(i).map(|v| v.to_string())),
            text(i).unwrap_or_default(),
            show(truth(i).map(|v| v.to_string())),
            text(i).unwrap_or_default(),
            i % 5
        )
    };
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let csv = std::iter::once(format!("{}\n", names.join(","))).chain(rows.map(row)).collect();
    (
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true)))
            .unwrap(),
        csv,
    )
}

fn write(name: &str, bytes: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn read(bytes: &[u8]) -> chainrule::error::Result<Table> {
    Table::from_reader(bytes, "file", &options())
}

#[test]
fn every_form_is_the_table_of_the_csv() {
    let (batch, csv) = sample();
    let expected = Table::from_reader(csv.as_bytes(), "t.csv", &options()).unwrap();
    let kinds: Vec<Kind> = expected.columns().iter().map(|c| c.values().kind()).collect();
    use Kind::{Boolean, Date, Number, Text};
    assert_eq!(kinds, [Number, Number, Text, Boolean, Date, Text, Number]);
    let gzip = Compression::GZIP(GzipLevel::default());
    let forms = [
        ("plain.parquet", parquet(&batch, Compression::UNCOMPRESSED)),
        ("snappy.parquet", parquet(&batch, Compression::SNAPPY)),
        ("lz4.parquet", parquet(&batch, Compression::LZ4_RAW)),
        ("gzip.parquet", parquet(&batch, gzip)),
        ("file.arrow", arrow(&batch, false)),
        ("stream.arrow", arrow(&batch, true)),
    ];
    let schema = Schema::infer(&expected, &["y"]).unwrap();
    for (name, bytes) in &forms {
        let path = write(name, bytes);
        for threads in [1, 3] {
            let options = ReadOptions { threads: Some(threads), ..options() };
            let found = Table::read(&path, &options).unwrap();
            assert_eq!(found.columns(), expected.columns(), "{name}");
            assert_eq!((found.rows(), found.line(1_999)), (ROWS, 2_000));
            let found = Table::read_as(&[&path], &schema, &options).unwrap();
            assert_eq!(found.columns(), expected.columns(), "{name} as trained");
        }
        // From a stream, and compressed once more.
        assert_eq!(read(bytes).unwrap().columns(), expected.columns(), "{name}");
        let packed = ruzstd::encoding::compress_to_vec(
            &bytes[..],
            ruzstd::encoding::CompressionLevel::Fastest,
        );
        assert_eq!(read(&packed).unwrap().columns(), expected.columns(), "{name}");
        // Beside another form of the same columns.
        let both = Table::read_files(&[&path, &write("t.csv", csv.as_bytes())], &options());
        assert_eq!(both.unwrap().rows(), 2 * ROWS, "{name}");
        let keep = ReadOptions { keep: vec!["whole".into()], ..options() };
        let kept = Table::read_as(&[&path], &schema, &keep).unwrap();
        assert_eq!((kept.kept("whole", 0), kept.kept("whole", 1)), (Some(""), Some("-897")));
    }
}

fn one(name: &str, array: ArrayRef) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable([(name, array, true)]).unwrap()
}

#[test]
fn types_come_down_to_those_of_a_table() {
    use chainrule::data::Values;
    let shown = |array: ArrayRef| {
        let table = read(&arrow(&one("a", array), false)).unwrap();
        let values = table.columns()[0].values().clone();
        let cell = |row: usize| match &values {
            Values::Number(numbers) => format!("{:?}", numbers.get(row).unwrap()),
            Values::Text(text) => format!("{:?}", text.get(row)),
            Values::Boolean { values, .. } => format!("{:?}", values[row]),
            Values::Date { seconds, .. } => {
                chainrule::data::calendar::moment(seconds.get(row).unwrap())
            }
        };
        (0..table.rows()).map(cell).collect::<Vec<String>>()
    };
    let decimal = Decimal128Array::from(vec![12_345, -5]).with_precision_and_scale(9, 2).unwrap();
    assert_eq!(shown(Arc::new(decimal)), ["123.45", "-0.05"]);
    assert_eq!(shown(Arc::new(Float32Array::from(vec![0.5, f32::NAN]))), ["0.5", "NaN"]);
    assert_eq!(shown(Arc::new(NullArray::new(2))), ["NaN", "NaN"]);
    assert_eq!(
        shown(Arc::new(LargeStringArray::from(vec!["12", "007"]))),
        ["Some(\"12\")", "Some(\"007\")"]
    );
    assert_eq!(
        shown(Arc::new(StringViewArray::from(vec![Some("a"), None]))),
        ["Some(\"a\")", "None"]
    );
    let times = TimestampMicrosecondArray::from(vec![0, 1_709_294_445_000_000]);
    assert_eq!(shown(Arc::new(times)), ["1970-01-01", "2024-03-01 12:00:45"]);
    // A column of text is read as what it was in training.
    let schema = read(b"a,y\n1,2\n3,4\n").and_then(|table| Schema::infer(&table, &["y"])).unwrap();
    let text: ArrayRef = Arc::new(StringArray::from(vec![Some("1.5"), None]));
    let table =
        Table::from_reader_as(&arrow(&one("a", text), true)[..], "t", &schema, &options()).unwrap();
    assert_eq!(table.columns()[0].values().kind(), Kind::Number);
    let text: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    let wrong = Table::from_reader_as(&arrow(&one("a", text), true)[..], "t", &schema, &options());
    assert!(matches!(wrong.unwrap_err().kind(), ErrorKind::WrongKind { line: 1, .. }));
    // What a table does not have is told by name.
    let lists = ListArray::from_iter_primitive::<Int8Type, _, _>([Some([Some(1_i8)])]);
    let error = read(&arrow(&one("lists", Arc::new(lists)), false)).unwrap_err();
    assert!(error.to_string().contains("\"lists\" holds values of type List"), "{error}");
}

#[test]
fn damaged_files_are_errors_and_never_more() {
    let (batch, _) = sample();
    let batch = batch.slice(0, 300);
    let mut refused = 0;
    for bytes in [parquet(&batch, Compression::SNAPPY), arrow(&batch, false), arrow(&batch, true)] {
        let mut state = 7_u64;
        let mut next = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % below
        };
        for round in 0..400 {
            let mut damaged = bytes.clone();
            match round % 4 {
                0 => damaged.truncate(next(bytes.len())),
                1 => {
                    let place = next(bytes.len());
                    damaged[place] = next(256) as u8;
                }
                2 => (0..20).for_each(|_| {
                    let place = next(bytes.len());
                    damaged[place] ^= 1 << next(8);
                }),
                // At the end, where the index is.
                _ => {
                    let place = bytes.len() - 1 - next(bytes.len().min(600));
                    damaged[place] = next(256) as u8;
                }
            }
            let limited = ReadOptions { max_memory: Some(Bytes(64_000_000)), ..options() };
            refused += usize::from(Table::from_reader(&damaged[..], "f", &limited).is_err());
        }
    }
    assert!(refused > 300, "{refused}");
    let cut = read(b"PAR1").unwrap_err();
    assert!(matches!(cut.kind(), ErrorKind::Columnar { .. }), "{cut}");
}

#[test]
fn what_does_not_fit_into_memory_is_refused() {
    let (batch, _) = sample();
    let bytes = parquet(&batch, Compression::SNAPPY);
    let limited = ReadOptions { max_memory: Some(Bytes(20_000)), ..options() };
    let error = Table::read(&write("large.parquet", &bytes), &limited).unwrap_err();
    assert!(error.to_string().contains("20 kB"), "{error}");
    let error = Table::from_reader(&bytes[..], "large", &limited).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TooLarge { .. }), "{error}");
}

/// Files that pyarrow wrote, of a table that stands beside them as CSV.
fn foreign(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/columnar_files").join(name)
}

#[test]
fn files_of_pyarrow_are_read_whatever_packs_them() {
    let expected = Table::read(&foreign("table.csv"), &options()).unwrap();
    for name in ["zstd_v1.parquet", "zstd_v2.parquet", "lz4.arrow"] {
        let found = Table::read(&foreign(name), &options()).unwrap();
        assert_eq!(found.columns(), expected.columns(), "{name}");
        let bytes = fs::read(foreign(name)).unwrap();
        assert_eq!(read(&bytes).unwrap().columns(), expected.columns(), "{name}, streamed");
    }
    for (name, packed) in [("brotli.parquet", "brotli"), ("zstd.arrow", "zstd")] {
        let error = Table::read(&foreign(name), &options()).unwrap_err();
        assert!(error.to_string().contains(&format!("compressed by {packed}")), "{error}");
    }
    // Damage to what is unpacked here is an error, too.
    let bytes = fs::read(foreign("zstd_v1.parquet")).unwrap();
    let mut refused = 0;
    for place in (4..bytes.len()).step_by(13) {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x41;
        refused += usize::from(read(&damaged).is_err());
    }
    assert!(refused > 50, "{refused}");
    let limited = ReadOptions { max_memory: Some(Bytes(3_000)), ..options() };
    assert!(Table::read(&foreign("zstd_v1.parquet"), &limited).is_err());
}
