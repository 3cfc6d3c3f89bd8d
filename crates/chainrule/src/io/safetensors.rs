//! Safetensors files: the library's reader and writer, behind a walk that bounds them.
//!
//! The walk reads the header with types of its own and keeps nothing of it but names and sizes. It
//! refuses what readers of this format disagree about or spend memory on (two tensors of one name,
//! a header or data of another length than the file has, endless shapes), so that the library only
//! sees headers whose every entry has some fifty bytes.

use std::collections::BTreeSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ::safetensors::tensor::TensorView;
use ::safetensors::{Dtype, SafeTensors};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

/// Why bytes are no safetensors file that is read.
///
/// Names that come out of a file are cut to 80 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SafetensorsError {
    /// There are fewer bytes than say how long the header is.
    NoHeader {
        /// Bytes that there are.
        found: u64,
    },
    /// The header would end behind the file.
    HeaderLength {
        /// Bytes that the header is said to have.
        stated: u64,
        /// Bytes that there are.
        found: u64,
    },
    /// The header is longer than a header is read.
    LongHeader {
        /// Bytes that it has.
        stated: u64,
        /// The most that are read.
        limit: u64,
    },
    /// The header is not UTF-8, not JSON, or does not say what a header says.
    Header {
        /// What is wrong, and where.
        reason: String,
    },
    /// The file ends before the tensors do.
    Incomplete {
        /// Bytes of data that the header tells of.
        expected: u64,
        /// Bytes of data that there are.
        found: u64,
    },
    /// Something stands behind the last tensor.
    Excess {
        /// Bytes of data that the header tells of.
        expected: u64,
        /// Bytes of data that there are.
        found: u64,
    },
    /// The places, types or shapes of the tensors do not fit.
    Tensors {
        /// What is wrong.
        reason: String,
    },
}

impl fmt::Display for SafetensorsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHeader { found } => write!(f, "the file is incomplete: it has {found} bytes"),
            Self::HeaderLength { stated, found } => write!(
                f,
                "the file is incomplete or damaged: its header has {stated} bytes, and there are \
                 {found}"
            ),
            Self::LongHeader { stated, limit } => {
                write!(f, "the header has {stated} bytes; at most {limit} are read")
            }
            Self::Header { reason } => write!(f, "the header is damaged: {reason}"),
            Self::Incomplete { expected, found } => write!(
                f,
                "the file is incomplete: expected {expected} bytes of data, found {found}"
            ),
            Self::Excess { expected, found } => write!(
                f,
                "something stands behind the data: expected {expected} bytes, found {found}"
            ),
            Self::Tensors { reason } => write!(f, "the tensors do not fit: {reason}"),
        }
    }
}

impl std::error::Error for SafetensorsError {}

/// The longest header that is read; the library's own bound.
const LONGEST_HEADER: u64 = 100_000_000;
/// The most dimensions of a tensor.
const MOST_DIMENSIONS: usize = 16;
/// The most characters of a name or reason in an error.
const SHOWN: usize = 80;
/// The bytes that say how long the header is.
const LENGTH: usize = size_of::<u64>();

/// Checks the bytes of a file and finds its tensors in them.
///
/// Memory stays below some 20 times the header's length, and nothing is copied from the data.
///
/// # Errors
/// What is wrong with the bytes; a panic of the library underneath is one of them.
pub(crate) fn read(bytes: &[u8]) -> Result<SafeTensors<'_>, SafetensorsError> {
    let all = bytes.len() as u64;
    let Some((length, rest)) = bytes.split_first_chunk::<LENGTH>() else {
        return Err(SafetensorsError::NoHeader { found: all });
    };
    let stated = u64::from_le_bytes(*length);
    if stated > LONGEST_HEADER {
        return Err(SafetensorsError::LongHeader { stated, limit: LONGEST_HEADER });
    }
    let Some((header, data)) = rest.split_at_checked(stated as usize) else {
        return Err(SafetensorsError::HeaderLength { stated, found: rest.len() as u64 });
    };
    let header = std::str::from_utf8(header).map_err(|error| damaged(&error))?;
    let Walk { end } = serde_json::from_str(header).map_err(|error| damaged(&error))?;
    let found = data.len() as u64;
    match end {
        expected if expected > found => {
            return Err(SafetensorsError::Incomplete { expected, found });
        }
        expected if expected < found => return Err(SafetensorsError::Excess { expected, found }),
        _ => {}
    }
    let reason = match catch_unwind(AssertUnwindSafe(|| SafeTensors::deserialize(bytes))) {
        Ok(Ok(tensors)) => return Ok(tensors),
        Ok(Err(error)) => cut(&error.to_string()),
        Err(_) => "the safetensors library could not read them".to_owned(),
    };
    Err(SafetensorsError::Tensors { reason })
}

/// The bytes of a file with these tensors: the header, then the data by type, the widest first, and
/// by name.
///
/// # Errors
/// [`SafetensorsError::Tensors`] if a tensor has another size than its shape says.
pub(crate) fn write<'a>(
    tensors: impl IntoIterator<Item = (String, Dtype, &'a [usize], &'a [u8])>,
) -> Result<Vec<u8>, SafetensorsError> {
    let refused = |error: ::safetensors::SafeTensorError| SafetensorsError::Tensors {
        reason: cut(&error.to_string()),
    };
    let mut views = Vec::new();
    for (name, dtype, dims, bytes) in tensors {
        views.push((name, TensorView::new(dtype, dims.to_vec(), bytes).map_err(refused)?));
    }
    ::safetensors::serialize(views, None).map_err(refused)
}

fn damaged(error: &dyn fmt::Display) -> SafetensorsError {
    SafetensorsError::Header { reason: cut(&error.to_string()) }
}

fn cut(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

/// A header that has been walked through.
struct Walk {
    /// Where the data ends that it tells of.
    end: u64,
}

impl<'de> Deserialize<'de> for Walk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Header;
        impl<'de> Visitor<'de> for Header {
            type Value = Walk;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Walk, A::Error> {
                let mut names = BTreeSet::new();
                let mut end = 0;
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        map.next_value::<Texts>()?;
                    } else {
                        end = map.next_value::<Entry>()?.data_offsets.1.max(end);
                    }
                    if names.contains(&name) {
                        return Err(de::Error::custom(format!("two of the name {:?}", cut(&name))));
                    }
                    names.insert(name);
                }
                Ok(Walk { end })
            }
        }
        deserializer.deserialize_map(Header)
    }
}

/// What the header says of a tensor; the library reads the type.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(rename = "dtype")]
    _dtype: String,
    #[serde(rename = "shape")]
    _shape: Dimensions,
    data_offsets: (u64, u64),
}

/// A shape that is counted, not kept.
struct Dimensions;

impl<'de> Deserialize<'de> for Dimensions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;
        impl<'de> Visitor<'de> for Shape {
            type Value = Dimensions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of at most {MOST_DIMENSIONS} whole numbers")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Dimensions, A::Error> {
                let mut count = 0;
                while list.next_element::<u64>()?.is_some() {
                    count += 1;
                    if count > MOST_DIMENSIONS {
                        return Err(de::Error::invalid_length(count, &self));
                    }
                }
                Ok(Dimensions)
            }
        }
        deserializer.deserialize_seq(Shape)
    }
}

/// Texts by name, none of which stands twice.
struct Texts;

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map;
        impl<'de> Visitor<'de> for Map {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
                let mut names = BTreeSet::new();
                while let Some((name, _)) = map.next_entry::<String, String>()? {
                    if !names.insert(name) {
                        return Err(de::Error::custom("two texts of one name"));
                    }
                }
                Ok(Texts)
            }
        }
        deserializer.deserialize_map(Map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with a header and so many bytes of data.
    fn file(header: &str, data: usize) -> Vec<u8> {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend(std::iter::repeat_n(0, data));
        bytes
    }

    fn refused(header: &str, data: usize) -> SafetensorsError {
        read(&file(header, data)).map(|_| ()).expect_err(header)
    }

    const TWO: &str = r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;

    #[test]
    fn what_is_written_is_read() {
        let (a, b) = ([1_u8, 2, 3], 1.5_f64.to_le_bytes());
        let tensors = [
            ("a".to_owned(), Dtype::U8, &[3][..], &a[..]),
            ("b".to_owned(), Dtype::F64, &[][..], &b[..]),
        ];
        let bytes = write(tensors).unwrap();
        let found = read(&bytes).unwrap();
        assert_eq!(found.tensor("a").unwrap().data(), a);
        assert_eq!(found.tensor("b").unwrap().data(), b);
        assert_eq!(found.len(), 2);
        // The bytes have the last place, whatever they are called.
        assert!(bytes.ends_with(&a));
        let wrong = [("a".to_owned(), Dtype::U8, &[4][..], &a[..])];
        assert!(matches!(write(wrong), Err(SafetensorsError::Tensors { .. })));
    }

    #[test]
    fn ser_trunc_1_a_file_cut_short_says_what_it_should_have() {
        let whole = file(TWO, 8);
        assert!(read(&whole).is_ok());
        let error = read(&whole[..whole.len() - 3]).unwrap_err();
        assert_eq!(error, SafetensorsError::Incomplete { expected: 8, found: 5 });
        assert!(error.to_string().contains("expected 8 bytes of data, found 5"));
        for end in 0..whole.len() {
            assert!(read(&whole[..end]).is_err(), "{end} bytes");
        }
        assert_eq!(refused(TWO, 9), SafetensorsError::Excess { expected: 8, found: 9 });
    }

    #[test]
    fn a_header_of_another_length_than_it_says_is_refused() {
        let all = file(TWO, 8);
        let rest = (all.len() - LENGTH) as u64;
        let wrong = [0, 7, rest - 7, rest + 1, 1 << 31, 1 << 32, 1 << 63, u64::MAX];
        for stated in wrong {
            let mut bytes = all.clone();
            bytes[..LENGTH].copy_from_slice(&stated.to_le_bytes());
            assert!(read(&bytes).is_err(), "{stated}");
        }
    }

    #[test]
    fn headers_that_are_no_header_are_refused() {
        let deep = "[".repeat(100_000);
        let shape = format!(r#"{{"w":{{"dtype":"F32","shape":{deep},"data_offsets":[0,8]}}}}"#);
        let rank = format!(
            r#"{{"w":{{"dtype":"F32","shape":[{}1],"data_offsets":[0,4]}}}}"#,
            "1,".repeat(1_000_000)
        );
        let entry = r#"{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#;
        let escaped = format!(r#"{{"w":{entry},"\u0077":{entry}}}"#);
        for header in [
            "",
            "[]",
            "null",
            "{",
            &deep,
            &shape,
            &rank,
            &escaped,
            &format!(" \u{feff}{TWO}"),
            r#"{"w":0}"#,
            r#"{"w":{"dtype":"F32","shape":[2]}}"#,
            r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"dtype":"F32"}}"#,
            r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":1}}"#,
            r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8,9]}}"#,
            r#"{"w":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#,
            r#"{"w":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}"#,
            r#"{"w":{"dtype":"F32","shape":[02],"data_offsets":[0,8]}}"#,
            r#"{"w":{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,8]}}"#,
            r#"{"w":{"dtype":"F32","shape":[NaN],"data_offsets":[0,8]}}"#,
            r#"{"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
            r#"{"__metadata__":{"a":"1","a":"2"},"w":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#,
            r#"{"__metadata__":{},"__metadata__":{},"w":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#,
        ] {
            let error = refused(header, 8);
            assert!(matches!(error, SafetensorsError::Header { .. }), "{error:?}");
            assert!(error.to_string().len() < 400);
        }
    }

    #[test]
    fn tensors_that_do_not_fill_the_data_once_are_refused() {
        let of = |parts: &[(&str, &str, u64, u64)]| -> String {
            let entry = |(place, (dtype, shape, from, to)): (usize, &(&str, &str, u64, u64))| {
                format!(
                    r#""t{place}":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{from},{to}]}}"#
                )
            };
            let entries: Vec<String> = parts.iter().enumerate().map(entry).collect();
            format!("{{{}}}", entries.join(","))
        };
        for header in [
            of(&[("F32", "[1]", 4, 8)]),
            of(&[("F32", "[1]", 0, 4), ("F32", "[1]", 0, 4), ("F32", "[1]", 4, 8)]),
            of(&[("F32", "[1]", 0, 4), ("F32", "[2]", 4, 8)]),
            of(&[("F32", "[4294967296,4294967296,4294967296]", 0, 8)]),
            of(&[("F32", "[0,18446744073709551615,2]", 0, 8)]),
            of(&[("F32", "[2]", 8, 0), ("F32", "[2]", 0, 8)]),
            of(&[("Q3", "[2]", 0, 8)]),
            of(&[("F4", "[3]", 0, 8)]),
        ] {
            let error = refused(&header, 8);
            assert!(matches!(error, SafetensorsError::Tensors { .. }), "{header}: {error:?}");
        }
    }

    // The following are of "Public troubles of people who train neural networks, as small checks".

    #[test]
    fn ser_st_hugeheader_1_a_length_near_the_end_of_all_numbers_is_refused() {
        let found = read(b"\xff\xff\xff\xff\xff\xff\xff\xff{}").map(|_| ()).unwrap_err();
        let limit = LONGEST_HEADER;
        assert_eq!(found, SafetensorsError::LongHeader { stated: u64::MAX, limit });
    }

    #[test]
    fn ser_st_offsets_1_a_shape_that_needs_more_than_its_bytes_is_refused() {
        let header = r#"{"t":{"dtype":"F32","shape":[512,300],"data_offsets":[0,8]}}"#;
        assert!(matches!(refused(header, 8), SafetensorsError::Tensors { .. }));
    }

    #[test]
    fn ser_st_shapewrap_3_a_shape_whose_product_wraps_is_refused() {
        let header = r#"{"t":{"dtype":"U8","shape":[4611686018427387905,4],"data_offsets":[0,4]}}"#;
        assert!(matches!(refused(header, 4), SafetensorsError::Tensors { .. }));
    }

    #[test]
    fn ser_st_dtype_4_unknown_types_and_overlaps_are_refused() {
        let unknown = r#"{"t":{"dtype":"Q7","shape":[1],"data_offsets":[1000,2000]}}"#;
        assert_eq!(refused(unknown, 4), SafetensorsError::Incomplete { expected: 2000, found: 4 });
        let within = refused(&unknown.replace("1000,2000", "0,4"), 4);
        assert!(within.to_string().contains("Q7"), "{within}");
        let overlap = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
        assert!(matches!(refused(overlap, 4), SafetensorsError::Tensors { .. }));
    }
}
