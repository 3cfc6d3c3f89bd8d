//! Parquet and Arrow files, read by the arrow crates.
//!
//! What these crates make of a damaged file is an error or a panic; either becomes an error here,
//! and nowhere else. Their types are brought down to those of a table.

mod zstd_pages;

use std::cell::Cell as Flag;
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use arrow_array::cast::AsArray;
use arrow_array::types as of;
use arrow_array::{Array, ArrowPrimitiveType, RecordBatch};
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, DataType, SchemaRef, TimeUnit};
use bytes::Bytes as Shared;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};
use parquet::basic::Compression;
use parquet::file::reader::ChunkReader;

use super::calendar::moment;
use super::chunks::{Chunk, Chunks};
use super::columns::{Cells, Form, Misfit};
use super::memory::Bytes;
use super::schema::Kind;
use super::source::Stream;
use crate::error::{ErrorKind, Result};

/// How many rows are read at a time.
const ROWS: usize = 1 << 14;

/// Where a file is read from.
pub(super) enum Place<'a> {
    /// From a place of it to another.
    File(File),
    /// From its beginning to its end.
    Stream(Stream<'a>),
}

/// A file of columns.
pub(super) struct Columnar<'a> {
    file: String,
    names: Vec<String>,
    kinds: Vec<Kind>,
    batches: Box<dyn Iterator<Item = std::result::Result<RecordBatch, ArrowError>> + Send + 'a>,
}

impl<'a> Columnar<'a> {
    /// Reads what the columns are.
    pub(super) fn open(
        is_parquet: bool,
        place: Place<'a>,
        file: &str,
        bound: Bytes,
    ) -> Result<Self> {
        let (schema, batches) = guarded(file, || match (is_parquet, place) {
            (true, Place::File(input)) => parquet(input, bound),
            (true, Place::Stream(input)) => parquet(whole(input, file, bound)?, bound),
            (false, Place::File(input)) => arrow(BufReader::new(input)),
            (false, Place::Stream(mut input)) => {
                // A stream is read as it comes; a file in Arrow's sense has its index at its end.
                let mut head = [0; 4];
                input.read_exact(&mut head).map_err(ArrowError::from)?;
                let is_stream = head == [0xff; 4];
                let input = Cursor::new(head).chain(input);
                match is_stream {
                    true => of_reader(StreamReader::try_new(input, None)?, |r| r.schema()),
                    false => arrow(Cursor::new(whole(Box::new(input), file, bound)?)),
                }
            }
        })?;
        let fields = schema.fields().iter();
        let kinds = fields.clone().map(|field| {
            kind(field.data_type()).ok_or_else(|| {
                let reason = format!(
                    "column {:?} holds values of type {}, which a table does not; save the data \
                     without it, or take it apart",
                    field.name(),
                    field.data_type()
                );
                ErrorKind::Columnar { file: file.to_owned(), reason }.into()
            })
        });
        let kinds = kinds.collect::<Result<_>>()?;
        let names = fields.map(|field| field.name().trim().to_owned()).collect();
        Ok(Self { file: file.to_owned(), names, kinds, batches })
    }
}

type Opened<'a> =
    (SchemaRef, Box<dyn Iterator<Item = std::result::Result<RecordBatch, ArrowError>> + Send + 'a>);

/// Why a file is not read.
enum Fault {
    Library(ArrowError),
    Ours(crate::error::Error),
}

impl From<ArrowError> for Fault {
    fn from(error: ArrowError) -> Self {
        Self::Library(error)
    }
}

impl From<crate::error::Error> for Fault {
    fn from(error: crate::error::Error) -> Self {
        Self::Ours(error)
    }
}

fn of_reader<'a, R>(
    reader: R,
    schema: impl Fn(&R) -> SchemaRef,
) -> std::result::Result<Opened<'a>, Fault>
where
    R: Iterator<Item = std::result::Result<RecordBatch, ArrowError>> + Send + 'a,
{
    Ok((schema(&reader), Box::new(reader)))
}

fn parquet<'a>(
    input: impl ChunkReader + 'static,
    bound: Bytes,
) -> std::result::Result<Opened<'a>, Fault> {
    let refused = |reason: String| Fault::from(ArrowError::ParquetError(reason));
    let library = |error: parquet::errors::ParquetError| refused(error.to_string());
    let metadata = ArrowReaderMetadata::load(&input, Default::default()).map_err(library)?;
    for group in metadata.metadata().row_groups() {
        if let Some(codec) = group.columns().iter().find_map(|chunk| match chunk.compression() {
            Compression::BROTLI(_) => Some("brotli"),
            Compression::LZO => Some("lzo"),
            _ => None,
        }) {
            let reason = format!(
                "its columns are compressed by {codec}, which is not read inside of Parquet; save it \
                 with snappy, zstd or gzip (in pandas: df.to_parquet(…, compression=\"snappy\"))"
            );
            return Err(refused(reason));
        }
        let size = u64::try_from(group.total_byte_size()).unwrap_or(u64::MAX);
        if size > bound.0 {
            let reason = format!(
                "a group of its rows takes {} of memory, more than {bound}; --max-memory raises the \
                 bound",
                Bytes(size)
            );
            return Err(refused(reason));
        }
    }
    let mut chunks = metadata.metadata().row_groups().iter().flat_map(|group| group.columns());
    let reader = match chunks.any(|chunk| matches!(chunk.compression(), Compression::ZSTD(_))) {
        true => zstd_pages::reader(input, &metadata, ROWS, bound.0),
        false => ParquetRecordBatchReaderBuilder::new_with_metadata(input, metadata)
            .with_batch_size(ROWS)
            .build(),
    };
    let reader = reader.map_err(library)?;
    of_reader(reader, arrow_array::RecordBatchReader::schema)
}

fn arrow<'a>(input: impl Read + Seek + Send + 'a) -> std::result::Result<Opened<'a>, Fault> {
    let mut input = input;
    let mut head = [0; 4];
    input.read_exact(&mut head).map_err(ArrowError::from)?;
    input.rewind().map_err(ArrowError::from)?;
    match head == [0xff; 4] {
        true => of_reader(StreamReader::try_new(input, None)?, |reader| reader.schema()),
        false => of_reader(FileReader::try_new(input, None)?, |reader| reader.schema()),
    }
}

/// All bytes of a stream, up to the bound.
fn whole(input: Stream<'_>, file: &str, bound: Bytes) -> Result<Shared> {
    let mut bytes = Vec::new();
    let read = input.take(bound.0.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|reason| ErrorKind::FileUnreadable { file: file.to_owned(), reason })?;
    bound.hold(file, bytes.len())?;
    Ok(bytes.into())
}

thread_local! {
    /// Whether a panic of this thread is caught and told as an error.
    static CAUGHT: Flag<bool> = const { Flag::new(false) };
}

/// Does what a library does with untrusted bytes: a panic becomes an error, and is not printed.
fn guarded<T>(file: &str, work: impl FnOnce() -> std::result::Result<T, Fault>) -> Result<T> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !CAUGHT.get() {
                loud(panic);
            }
        }));
    });
    let before = CAUGHT.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    CAUGHT.set(before);
    let reason = match outcome {
        Ok(Ok(result)) => return Ok(result),
        Ok(Err(Fault::Ours(error))) => return Err(error),
        Ok(Err(Fault::Library(error))) => match error {
            ArrowError::ParquetError(reason) => reason,
            error => match error.to_string() {
                reason if reason.contains("requires the zstd feature") => {
                    "its columns are compressed by zstd, which is not read inside of Arrow files; \
                     save it with lz4, or as Parquet"
                        .to_owned()
                }
                reason => reason,
            },
        },
        Err(panic) => {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
            format!("the file is damaged ({})", said.unwrap_or("its reader gave up"))
        }
    };
    Err(ErrorKind::Columnar { file: file.to_owned(), reason }.into())
}

impl Chunks for Columnar<'_> {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    fn next(&mut self) -> Result<Option<Box<dyn Chunk>>> {
        let batches = &mut self.batches;
        let batch = guarded(&self.file, || Ok(batches.next().transpose()?))?;
        Ok(batch.map(|batch| Box::new(batch) as Box<dyn Chunk>))
    }
}

/// What a column of a type holds, if it is one that a table has.
fn kind(of: &DataType) -> Option<Kind> {
    use DataType as T;
    Some(match of {
        T::Null
        | T::Int8
        | T::Int16
        | T::Int32
        | T::Int64
        | T::UInt8
        | T::UInt16
        | T::UInt32
        | T::UInt64
        | T::Float16
        | T::Float32
        | T::Float64
        | T::Decimal128(..)
        | T::Duration(_) => Kind::Number,
        T::Boolean => Kind::Boolean,
        T::Date32 | T::Date64 | T::Timestamp(..) => Kind::Date,
        T::Utf8 | T::LargeUtf8 | T::Utf8View => Kind::Text,
        T::Dictionary(_, values) => kind(values)?,
        _ => return None,
    })
}

impl Chunk for RecordBatch {
    fn rows(&self) -> usize {
        self.num_rows()
    }

    fn push(
        &self,
        column: usize,
        cells: &mut Cells,
        form: &Form<'_>,
    ) -> std::result::Result<(), (usize, String)> {
        if let Cells::Dropped = cells {
            return Ok(());
        }
        let rows: Vec<Option<usize>> = (0..self.num_rows()).map(Some).collect();
        push(self.column(column), &rows, &mut To { cells, form })
    }
}

/// Where values go.
struct To<'a, 'f> {
    cells: &'a mut Cells,
    form: &'a Form<'f>,
}

type Pushed = std::result::Result<(), (usize, String)>;

impl To<'_, '_> {
    fn text(&mut self, row: usize, text: &str) -> Pushed {
        self.cells.push(text, self.form).map_err(|Misfit| (row, text.to_owned()))
    }

    fn number(&mut self, row: usize, value: f64) -> Pushed {
        self.cells.push_number(value, self.form).map_err(|Misfit| (row, value.to_string()))
    }

    /// Pushes numbers.
    fn numbers<T: ArrowPrimitiveType>(
        &mut self,
        array: &dyn Array,
        rows: &[Option<usize>],
        value: impl Fn(T::Native) -> f64,
    ) -> Pushed {
        let array = array.as_primitive::<T>();
        for (row, &place) in rows.iter().enumerate() {
            match place.filter(|&place| array.is_valid(place)) {
                Some(place) => self.number(row, value(array.value(place)))?,
                None => self.number(row, f64::NAN)?,
            }
        }
        Ok(())
    }

    /// Pushes moments, which are so many to a second.
    fn moments<T: ArrowPrimitiveType>(
        &mut self,
        array: &dyn Array,
        rows: &[Option<usize>],
        seconds: impl Fn(T::Native) -> f64,
    ) -> Pushed {
        let array = array.as_primitive::<T>();
        for (row, &place) in rows.iter().enumerate() {
            match place.filter(|&place| array.is_valid(place)) {
                Some(place) => self.text(row, &moment(seconds(array.value(place))))?,
                None => self.text(row, "")?,
            }
        }
        Ok(())
    }

    fn texts<'t>(
        &mut self,
        rows: &[Option<usize>],
        text: impl Fn(usize) -> Option<&'t str>,
    ) -> Pushed {
        for (row, place) in rows.iter().enumerate() {
            self.text(row, place.and_then(&text).unwrap_or_default())?;
        }
        Ok(())
    }
}

/// Pushes the values at some places of an array; one without a place is missing.
fn push(array: &dyn Array, rows: &[Option<usize>], to: &mut To<'_, '_>) -> Pushed {
    use DataType as T;
    const DAY: f64 = 86_400.0;
    match array.data_type() {
        T::Int8 => to.numbers::<of::Int8Type>(array, rows, f64::from),
        T::Int16 => to.numbers::<of::Int16Type>(array, rows, f64::from),
        T::Int32 => to.numbers::<of::Int32Type>(array, rows, f64::from),
        T::Int64 => to.numbers::<of::Int64Type>(array, rows, |value| value as f64),
        T::UInt8 => to.numbers::<of::UInt8Type>(array, rows, f64::from),
        T::UInt16 => to.numbers::<of::UInt16Type>(array, rows, f64::from),
        T::UInt32 => to.numbers::<of::UInt32Type>(array, rows, f64::from),
        T::UInt64 => to.numbers::<of::UInt64Type>(array, rows, |value| value as f64),
        T::Float16 => to.numbers::<of::Float16Type>(array, rows, |value| value.to_f64()),
        T::Float32 => to.numbers::<of::Float32Type>(array, rows, f64::from),
        T::Float64 => to.numbers::<of::Float64Type>(array, rows, |value| value),
        T::Decimal128(_, scale) => {
            // The digits are those of the file, and so is the number that they mean.
            let scale = i32::from(*scale);
            let value = |digits: i128| format!("{digits}e{}", -scale).parse().unwrap_or(f64::NAN);
            to.numbers::<of::Decimal128Type>(array, rows, value)
        }
        T::Duration(unit) => {
            let each = each(*unit);
            match unit {
                TimeUnit::Second => to.numbers::<of::DurationSecondType>(array, rows, |v| v as f64),
                TimeUnit::Millisecond => {
                    to.numbers::<of::DurationMillisecondType>(array, rows, |v| v as f64 / each)
                }
                TimeUnit::Microsecond => {
                    to.numbers::<of::DurationMicrosecondType>(array, rows, |v| v as f64 / each)
                }
                TimeUnit::Nanosecond => {
                    to.numbers::<of::DurationNanosecondType>(array, rows, |v| v as f64 / each)
                }
            }
        }
        T::Date32 => to.moments::<of::Date32Type>(array, rows, |days| f64::from(days) * DAY),
        T::Date64 => to.moments::<of::Date64Type>(array, rows, |v| v as f64 / 1e3),
        T::Timestamp(unit, _) => {
            let each = each(*unit);
            match unit {
                TimeUnit::Second => {
                    to.moments::<of::TimestampSecondType>(array, rows, |v| v as f64)
                }
                TimeUnit::Millisecond => {
                    to.moments::<of::TimestampMillisecondType>(array, rows, |v| v as f64 / each)
                }
                TimeUnit::Microsecond => {
                    to.moments::<of::TimestampMicrosecondType>(array, rows, |v| v as f64 / each)
                }
                TimeUnit::Nanosecond => {
                    to.moments::<of::TimestampNanosecondType>(array, rows, |v| v as f64 / each)
                }
            }
        }
        T::Boolean => {
            let array = array.as_boolean();
            let text = |value: bool| if value { "true" } else { "false" };
            to.texts(rows, |place| array.is_valid(place).then(|| text(array.value(place))))
        }
        T::Utf8 => {
            let array = array.as_string::<i32>();
            to.texts(rows, |place| array.is_valid(place).then(|| array.value(place)))
        }
        T::LargeUtf8 => {
            let array = array.as_string::<i64>();
            to.texts(rows, |place| array.is_valid(place).then(|| array.value(place)))
        }
        T::Utf8View => {
            let array = array.as_string_view();
            to.texts(rows, |place| array.is_valid(place).then(|| array.value(place)))
        }
        T::Dictionary(..) => {
            let array = array.as_any_dictionary();
            if array.values().is_empty() {
                return rows.iter().enumerate().try_for_each(|(row, _)| to.text(row, ""));
            }
            let (keys, valid) = (array.normalized_keys(), array.keys());
            let place = |place: usize| valid.is_valid(place).then(|| keys[place]);
            let places: Vec<Option<usize>> = rows.iter().map(|&row| row.and_then(place)).collect();
            push(array.values(), &places, to)
        }
        // Columns of other types have been refused.
        _ => rows.iter().enumerate().try_for_each(|(row, _)| to.text(row, "")),
    }
}

/// How many of a unit a second has.
fn each(unit: TimeUnit) -> f64 {
    match unit {
        TimeUnit::Second => 1.0,
        TimeUnit::Millisecond => 1e3,
        TimeUnit::Microsecond => 1e6,
        TimeUnit::Nanosecond => 1e9,
    }
}
