//! Arrays of numbers as NumPy saves them: one- and two-dimensional `.npy` files.
//!
//! The format is NEP 1 of NumPy, versions 1.0 to 3.0. The header is a literal of a Python
//! dictionary with three keys; it is read by a grammar of just that, never evaluated.

use std::fmt;
use std::io::Read;

use super::chunks::{Chunk, Chunks};
use super::columns::{Cells, Form};
use super::memory::Bytes;
use super::schema::Kind;
use crate::error::{Error, ErrorKind, Result};

/// About how many bytes are read at a time.
const CHUNK: usize = 1 << 20;

/// The longest header; NumPy itself writes some hundred bytes.
const LONGEST: usize = 1 << 16;

/// The most columns, each of which gets a name.
const WIDEST: usize = 1 << 20;

/// Why bytes are no array that can be a table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArrayFault {
    /// The version of the format is not known.
    Version(u8, u8),
    /// The header is not what the format says.
    Header,
    /// The elements are none of the types that are read.
    Type(String),
    /// The array has another number of dimensions than one or two.
    Dimensions(usize),
    /// The array is larger than a machine can hold, or has no columns.
    Shape(Vec<u64>),
    /// The file ends before the array does, or goes on behind it.
    Length {
        /// How many bytes the array has.
        expected: u64,
        /// How many there are; more than expected may be yet more.
        found: u64,
    },
}

impl fmt::Display for ArrayFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(major, minor) => {
                write!(
                    f,
                    "version {major}.{minor} of the format is not known; known are 1.0 to 3.0"
                )
            }
            Self::Header => f.write_str("the header is damaged"),
            Self::Type(name) => write!(
                f,
                "the elements are of type {name:?}; those that are read are f4, f8, i1 to i8, u1 \
                 to u8 and b1 (in NumPy: a.astype(\"f8\"))"
            ),
            Self::Dimensions(count) => write!(
                f,
                "the array has {count} dimensions; a table has two (in NumPy: \
                 a.reshape(len(a), -1))"
            ),
            Self::Shape(shape) => write!(f, "an array of shape {shape:?} is no table"),
            Self::Length { expected, found } if found < expected => write!(
                f,
                "the file ends too early: the array has {expected} bytes, and {found} are there"
            ),
            Self::Length { expected, .. } => {
                write!(f, "the file goes on behind the {expected} bytes of the array")
            }
        }
    }
}

/// A type of elements, stored in so many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Bool,
    Signed(usize),
    Unsigned(usize),
    Float(usize),
}

impl Type {
    /// Reads `<f8`, and whether the bytes stand in the order of this format's majority.
    fn read(text: &str) -> Option<(Self, bool)> {
        let (order, name) = text.split_at_checked(1)?;
        let little = match order {
            "<" | "|" => true,
            "=" => cfg!(target_endian = "little"),
            ">" => false,
            _ => return None,
        };
        let found = match name {
            "b1" => Self::Bool,
            "i1" | "i2" | "i4" | "i8" => Self::Signed(name[1..].parse().ok()?),
            "u1" | "u2" | "u4" | "u8" => Self::Unsigned(name[1..].parse().ok()?),
            "f4" | "f8" => Self::Float(name[1..].parse().ok()?),
            _ => return None,
        };
        (order != "|" || found.bytes() == 1).then_some((found, little))
    }

    fn bytes(self) -> usize {
        match self {
            Self::Bool => 1,
            Self::Signed(bytes) | Self::Unsigned(bytes) | Self::Float(bytes) => bytes,
        }
    }

    fn value(self, bytes: &[u8], little: bool) -> f64 {
        let mut word = [0; 8];
        let own = &mut word[..bytes.len().min(8)];
        own.copy_from_slice(&bytes[..own.len()]);
        if !little {
            own.reverse();
        }
        let word = u64::from_le_bytes(word);
        // The highest bit of a narrow number is moved to where that of a wide one stands.
        let signed = |bytes: usize| {
            let unused = 64 - 8 * bytes as u32;
            ((word << unused) as i64) >> unused
        };
        match self {
            Self::Bool => f64::from(u8::from(word != 0)),
            Self::Signed(bytes) => signed(bytes) as f64,
            Self::Unsigned(_) => word as f64,
            Self::Float(4) => f64::from(f32::from_bits(word as u32)),
            Self::Float(_) => f64::from_bits(word),
        }
    }
}

/// What the header says.
#[derive(Debug, PartialEq)]
struct Header {
    kind: Type,
    little: bool,
    fortran: bool,
    rows: usize,
    columns: usize,
    bytes: u64,
}

impl Header {
    fn new(
        description: &str,
        fortran: bool,
        shape: &[u64],
    ) -> std::result::Result<Self, ArrayFault> {
        let Some((kind, little)) = Type::read(description) else {
            return Err(ArrayFault::Type(description.to_owned()));
        };
        let (rows, columns) = match *shape {
            [rows] => (rows, 1),
            [rows, columns] => (rows, columns),
            _ => return Err(ArrayFault::Dimensions(shape.len())),
        };
        let unfit = || ArrayFault::Shape(shape.to_vec());
        let bytes = rows.checked_mul(columns).and_then(|all| all.checked_mul(kind.bytes() as u64));
        let bytes = bytes.filter(|&bytes| bytes <= i64::MAX as u64).ok_or_else(unfit)?;
        let count = |count| usize::try_from(count).map_err(|_| unfit());
        let (rows, columns) = (count(rows)?, count(columns)?);
        match (1..=WIDEST).contains(&columns) && rows < u32::MAX as usize {
            true => Ok(Self { kind, little, fortran, rows, columns, bytes }),
            false => Err(unfit()),
        }
    }

    /// Reads `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }`.
    fn read(text: &str) -> std::result::Result<Self, ArrayFault> {
        let mut rest = text.trim();
        let (mut description, mut fortran, mut shape) = (None, None, None);
        eat(&mut rest, "{")?;
        while eat(&mut rest, "}").is_err() {
            let key = quoted(&mut rest)?;
            eat(&mut rest, ":")?;
            let fresh = match key {
                "descr" => {
                    let structured = rest.starts_with(['[', '(']);
                    if structured {
                        return Err(ArrayFault::Type("structured".to_owned()));
                    }
                    description.replace(quoted(&mut rest)?).is_none()
                }
                "fortran_order" => {
                    let value = match eat(&mut rest, "True") {
                        Ok(()) => true,
                        Err(_) => eat(&mut rest, "False").map(|()| false)?,
                    };
                    fortran.replace(value).is_none()
                }
                "shape" => shape.replace(tuple(&mut rest)?).is_none(),
                _ => false,
            };
            if !fresh {
                return Err(ArrayFault::Header);
            }
            if eat(&mut rest, ",").is_err() && !rest.starts_with('}') {
                return Err(ArrayFault::Header);
            }
        }
        match (description, fortran, shape, rest) {
            (Some(description), Some(fortran), Some(shape), "") => {
                Self::new(description, fortran, &shape)
            }
            _ => Err(ArrayFault::Header),
        }
    }
}

/// Takes a word off the front, and the blanks behind it.
fn eat(rest: &mut &str, word: &str) -> std::result::Result<(), ArrayFault> {
    *rest = rest.strip_prefix(word).ok_or(ArrayFault::Header)?.trim_start();
    Ok(())
}

fn quoted<'t>(rest: &mut &'t str) -> std::result::Result<&'t str, ArrayFault> {
    let quote = rest.chars().next().filter(|quote| matches!(quote, '\'' | '"'));
    let inner = &rest[quote.map_or(0, char::len_utf8)..];
    let (text, after) =
        quote.and_then(|quote| inner.split_once(quote)).ok_or(ArrayFault::Header)?;
    *rest = after.trim_start();
    Ok(text)
}

fn tuple(rest: &mut &str) -> std::result::Result<Vec<u64>, ArrayFault> {
    eat(rest, "(")?;
    let mut numbers = Vec::new();
    while eat(rest, ")").is_err() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        if number.is_empty() || numbers.len() > 64 {
            return Err(ArrayFault::Header);
        }
        // A dimension that no u64 holds is none that a machine holds.
        numbers.push(number.parse().unwrap_or(u64::MAX));
        // Old versions of Python wrote 3L.
        *rest = after.strip_prefix('L').unwrap_or(after).trim_start();
        if eat(rest, ",").is_err() && !rest.starts_with(')') {
            return Err(ArrayFault::Header);
        }
    }
    Ok(numbers)
}

/// An array, read some rows at a time.
pub(super) struct Npy<R> {
    input: R,
    file: String,
    header: Header,
    names: Vec<String>,
    kinds: Vec<Kind>,
    /// The rows that were handed out.
    given: usize,
    /// All columns of an array that has them one after the other.
    columns: Option<std::sync::Arc<Vec<u8>>>,
}

impl<R: Read + Send> Npy<R> {
    /// Reads the header.
    pub(super) fn open(mut input: R, file: &str, bound: Bytes) -> Result<Self> {
        let fault = |reason| Error::from(ErrorKind::Array { file: file.to_owned(), reason });
        let header = text_of_header(&mut input, file)?;
        let header = Header::read(&header).map_err(fault)?;
        if header.rows == 0 {
            return Err(ErrorKind::HeaderOnly { file: file.to_owned() }.into());
        }
        // A table holds each number in four bytes at least.
        let held = header.rows.saturating_mul(header.columns).saturating_mul(size_of::<f32>());
        let all = usize::try_from(header.bytes).unwrap_or(usize::MAX);
        bound.hold(file, held.saturating_add(if header.fortran { all } else { 0 }))?;
        let names = (0..header.columns).map(|column| format!("x{column}")).collect();
        let kind = match header.kind {
            Type::Bool => Kind::Boolean,
            _ => Kind::Number,
        };
        let kinds = vec![kind; header.columns];
        let mut npy =
            Self { input, file: file.to_owned(), header, names, kinds, given: 0, columns: None };
        // One column is the same in either order.
        if npy.header.fortran && npy.header.columns > 1 {
            npy.columns = Some(std::sync::Arc::new(npy.read(all)?));
        }
        Ok(npy)
    }

    /// Reads so many bytes of the array, which grow with the file and not with what it promises.
    fn read(&mut self, count: usize) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(count.min(CHUNK));
        let read = self.input.by_ref().take(count as u64).read_to_end(&mut bytes);
        read.map_err(|reason| ErrorKind::FileUnreadable { file: self.file.clone(), reason })?;
        match bytes.len() == count {
            true => Ok(bytes),
            false => {
                let row = self.header.columns * self.header.kind.bytes();
                let found = (self.given * row + bytes.len()) as u64;
                Err(self.fault(ArrayFault::Length { expected: self.header.bytes, found }))
            }
        }
    }

    fn fault(&self, reason: ArrayFault) -> Error {
        ErrorKind::Array { file: self.file.clone(), reason }.into()
    }
}

/// Reads what stands in front of the numbers.
fn text_of_header(input: &mut impl Read, file: &str) -> Result<String> {
    let fault = |reason| Error::from(ErrorKind::Array { file: file.to_owned(), reason });
    let mut take = |count: usize| -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = input.by_ref().take(count as u64).read_to_end(&mut bytes);
        read.map_err(|reason| ErrorKind::FileUnreadable { file: file.to_owned(), reason })?;
        if bytes.len() == count { Ok(bytes) } else { Err(fault(ArrayFault::Header)) }
    };
    let start = take(8)?;
    let length = match (start[6], start[7]) {
        (1, 0) => 2,
        (2 | 3, 0) => 4,
        (major, minor) => return Err(fault(ArrayFault::Version(major, minor))),
    };
    let bytes = take(length)?;
    let length = bytes.iter().rev().fold(0, |length, &byte| length << 8 | usize::from(byte));
    if length > LONGEST {
        return Err(fault(ArrayFault::Header));
    }
    String::from_utf8(take(length)?).map_err(|_| fault(ArrayFault::Header))
}

impl<R: Read + Send> Chunks for Npy<R> {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    fn next(&mut self) -> Result<Option<Box<dyn Chunk>>> {
        let &Header { kind, little, rows, columns, bytes, .. } = &self.header;
        if self.given == rows {
            let mut rest = [0];
            let more = self.input.read(&mut rest);
            let more = more
                .map_err(|reason| ErrorKind::FileUnreadable { file: self.file.clone(), reason })?;
            return match more {
                0 => Ok(None),
                _ => Err(self.fault(ArrayFault::Length { expected: bytes, found: bytes + 1 })),
            };
        }
        let width = columns * kind.bytes();
        let count = (CHUNK / width).max(1).min(rows - self.given);
        let first = self.given;
        let (bytes, step, next) = match &self.columns {
            Some(all) => (std::sync::Arc::clone(all), kind.bytes(), rows * kind.bytes()),
            None => (std::sync::Arc::new(self.read(count * width)?), width, kind.bytes()),
        };
        let start = if self.columns.is_some() { first * kind.bytes() } else { 0 };
        self.given += count;
        Ok(Some(Box::new(Rows { bytes, kind, little, rows: count, start, step, next })))
    }
}

/// Some rows: the bytes of an element stand at start + row · step + column · next.
struct Rows {
    bytes: std::sync::Arc<Vec<u8>>,
    kind: Type,
    little: bool,
    rows: usize,
    start: usize,
    step: usize,
    next: usize,
}

impl Chunk for Rows {
    fn rows(&self) -> usize {
        self.rows
    }

    fn push(
        &self,
        column: usize,
        cells: &mut Cells,
        form: &Form<'_>,
    ) -> std::result::Result<(), (usize, String)> {
        for row in 0..self.rows {
            let place = self.start + row * self.step + column * self.next;
            let bytes = self.bytes.get(place..place + self.kind.bytes()).unwrap_or_default();
            let value = self.kind.value(bytes, self.little);
            match self.kind {
                Type::Bool => {
                    let text = if value == 0.0 { "false" } else { "true" };
                    cells.push(text, form).map_err(|_| (row, text.to_owned()))?;
                }
                _ => cells.push_number(value, form).map_err(|_| (row, value.to_string()))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{ReadOptions, Table, Values};

    fn header(text: &str) -> std::result::Result<Header, ArrayFault> {
        Header::read(text)
    }

    /// An array file with this header and these bytes.
    fn file(text: &str, version: u8, bytes: &[u8]) -> Vec<u8> {
        let mut file = [b"\x93NUMPY", &[version, 0][..]].concat();
        match version {
            1 => file.extend((text.len() as u16).to_le_bytes()),
            _ => file.extend((text.len() as u32).to_le_bytes()),
        }
        [file, text.as_bytes().to_vec(), bytes.to_vec()].concat()
    }

    fn read(bytes: &[u8]) -> Result<Table> {
        Table::from_reader(bytes, "a.npy", &ReadOptions::default())
    }

    fn fault(bytes: &[u8]) -> ArrayFault {
        match read(bytes).unwrap_err().kind() {
            ErrorKind::Array { reason, .. } => reason.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn values(table: &Table) -> Vec<Vec<f64>> {
        let column = |column: &crate::data::Column| match column.values() {
            Values::Number(numbers) => numbers.iter().collect(),
            Values::Boolean { values, .. } => {
                values.iter().map(|value| f64::from(u8::from(*value == Some(true)))).collect()
            }
            other => panic!("{other:?}"),
        };
        table.columns().iter().map(column).collect()
    }

    #[test]
    fn headers_of_numpy_in_all_its_versions() {
        let plain = "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }          \n";
        let found = header(plain).unwrap();
        assert_eq!((found.rows, found.columns, found.fortran, found.bytes), (3, 2, false, 48));
        for same in [
            "{\"descr\": \"<f8\", \"shape\": (3L, 2L), \"fortran_order\": False}",
            "{'shape':(3,2,),'fortran_order':False,'descr':'<f8'}",
        ] {
            assert_eq!(header(same), Ok(header(plain).unwrap()), "{same}");
        }
        assert_eq!(header(&plain.replace("(3, 2)", "(3,)")).unwrap().columns, 1);
        let wrong = [
            "",
            "{}",
            "{'descr': '<f8', 'fortran_order': False}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2)",
            "{'descr': '<f8', 'fortran_order': 0, 'shape': (3, 2)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (-3, 2)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2)} + 1",
            "{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (3, 2)}",
            "{'descr': __import__('os'), 'fortran_order': False, 'shape': (3, 2)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), 'more': 1}",
            "{'descr' '<f8'}",
            "{'descr': '<f8",
            "{é",
        ];
        for text in wrong {
            assert_eq!(header(text), Err(ArrayFault::Header), "{text}");
        }
        for name in ["|O", "<c16", "<U8", "<f2", "<f16", "<i3", "", "f8", "|f8", "<M8[ns]", "é8"] {
            let text = plain.replace("<f8", name);
            assert_eq!(header(&text), Err(ArrayFault::Type(name.to_owned())), "{name}");
        }
        let structured = plain.replace("'<f8'", "[('a', '<f8')]");
        assert_eq!(header(&structured), Err(ArrayFault::Type("structured".to_owned())));
        for (shape, count) in [("()", 0), ("(2, 2, 2)", 3)] {
            let text = plain.replace("(3, 2)", shape);
            assert_eq!(header(&text), Err(ArrayFault::Dimensions(count)), "{shape}");
        }
        for shape in [
            "(4294967296, 4294967296)",
            "(2305843009213693953, 1)",
            "(99999999999999999999999999,)",
            "(3, 0)",
            "(1, 2000000)",
            "(8589934592, 1)",
        ] {
            let text = plain.replace("(3, 2)", shape);
            assert!(matches!(header(&text), Err(ArrayFault::Shape(_))), "{shape}");
        }
    }

    #[test]
    fn types_orders_and_majorities_mean_the_same_numbers() {
        let rows: [[i64; 2]; 3] = [[1, -2], [3, 127], [-128, 0]];
        type Bytes = fn(i64) -> Vec<u8>;
        let cases: [(&str, Bytes); 9] = [
            ("|i1", |v| (v as i8).to_le_bytes().to_vec()),
            ("<i2", |v| (v as i16).to_le_bytes().to_vec()),
            (">i2", |v| (v as i16).to_be_bytes().to_vec()),
            ("<i4", |v| (v as i32).to_le_bytes().to_vec()),
            ("<i8", |v| v.to_le_bytes().to_vec()),
            ("<f4", |v| (v as f32).to_le_bytes().to_vec()),
            (">f4", |v| (v as f32).to_be_bytes().to_vec()),
            ("<f8", |v| (v as f64).to_le_bytes().to_vec()),
            (">f8", |v| (v as f64).to_be_bytes().to_vec()),
        ];
        for (name, bytes) in cases {
            for (fortran, version) in [(false, 1), (true, 2), (false, 3)] {
                let order = if fortran { "True" } else { "False" };
                let text =
                    format!("{{'descr': '{name}', 'fortran_order': {order}, 'shape': (3, 2)}}");
                let places: Vec<(usize, usize)> = match fortran {
                    false => (0..6).map(|i| (i / 2, i % 2)).collect(),
                    true => (0..6).map(|i| (i % 3, i / 3)).collect(),
                };
                let data: Vec<u8> =
                    places.iter().flat_map(|&(row, column)| bytes(rows[row][column])).collect();
                let table = read(&file(&text, version, &data)).unwrap();
                let expected: Vec<Vec<f64>> =
                    (0..2).map(|c| rows.iter().map(|row| row[c] as f64).collect()).collect();
                assert_eq!(values(&table), expected, "{name} {order}");
                assert_eq!((table.columns()[1].name(), table.line(2)), ("x1", 3));
            }
        }
        let text = "{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}";
        assert_eq!(values(&read(&file(text, 1, &[255, 0])).unwrap()), [[255.0, 0.0]]);
        let table = read(&file(&text.replace("u1", "b1"), 1, &[1, 0])).unwrap();
        assert_eq!(values(&table), [[1.0, 0.0]]);
        let text = "{'descr': '<u8', 'fortran_order': False, 'shape': (1,)}";
        let table = read(&file(text, 1, &u64::MAX.to_le_bytes())).unwrap();
        assert_eq!(values(&table), [[u64::MAX as f64]]);
        // NaN is missing, an infinity stays one.
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}";
        let data = [f32::NAN.to_le_bytes(), f32::INFINITY.to_le_bytes()].concat();
        let table = read(&file(text, 1, &data)).unwrap();
        assert!(table.columns()[0].values().is_missing(0));
        assert_eq!(values(&table)[0][1], f64::INFINITY);
    }

    #[test]
    fn many_rows_come_in_their_order() {
        let (rows, columns) = (70_000, 3);
        let value = |row: usize, column: usize| (row * columns + column) as f64 / 8.0;
        for fortran in [false, true] {
            let order = if fortran { "True" } else { "False" };
            let text = format!(
                "{{'descr': '<f8', 'fortran_order': {order}, 'shape': ({rows}, {columns})}}"
            );
            let all = 0..rows * columns;
            let data: Vec<u8> = match fortran {
                false => all.flat_map(|i| value(i / columns, i % columns).to_le_bytes()).collect(),
                true => all.flat_map(|i| value(i % rows, i / rows).to_le_bytes()).collect(),
            };
            let table = read(&file(&text, 1, &data)).unwrap();
            for (column, found) in values(&table).iter().enumerate() {
                assert!(found.iter().enumerate().all(|(row, &v)| v == value(row, column)));
            }
        }
    }

    #[test]
    fn a_file_that_is_cut_or_goes_on_is_refused() {
        for order in ["False", "True"] {
            let text = format!("{{'descr': '<f8', 'fortran_order': {order}, 'shape': (3, 2)}}");
            let whole = file(&text, 1, &[0; 48]);
            assert!(read(&whole).is_ok());
            let length = |found| ArrayFault::Length { expected: 48, found };
            assert_eq!(fault(&whole[..whole.len() - 1]), length(47));
            assert_eq!(fault(&[&whole[..], b"x"].concat()), length(49));
            for end in 8..whole.len() - 48 {
                assert_eq!(fault(&whole[..end]), ArrayFault::Header, "{end}");
            }
        }
        assert_eq!(fault(&file("{}", 4, b"")), ArrayFault::Version(4, 0));
        // What promises much takes no memory.
        let text = "{'descr': '<f8', 'fortran_order': True, 'shape': (100000000, 2)}";
        let limited = ReadOptions { max_memory: Some(Bytes(100_000_000)), ..Default::default() };
        let error = Table::from_reader(&file(text, 1, &[0; 99])[..], "a.npy", &limited);
        assert!(matches!(error.unwrap_err().kind(), ErrorKind::TooLarge { .. }));
        let text = "{'descr': '<f8', 'fortran_order': True, 'shape': (1000000, 2)}";
        assert!(matches!(fault(&file(text, 1, &[0; 99])), ArrayFault::Length { found: 99, .. }));
        let none = "{'descr': '<f8', 'fortran_order': False, 'shape': (0, 2)}";
        assert!(matches!(
            read(&file(none, 1, b"")).unwrap_err().kind(),
            ErrorKind::HeaderOnly { .. }
        ));
    }
}
