//! How much memory reading may take.

use std::fmt;
use std::str::FromStr;

use crate::error::{ErrorKind, Result};

/// A number of bytes, as people write it: `500MB`, `2 GB`, `1.5GiB`.
///
/// ```
/// use chainrule::data::Bytes;
/// assert_eq!("1.5 GB".parse(), Ok(Bytes(1_500_000_000)));
/// assert_eq!(Bytes(1_500_000_000).to_string(), "1.5 GB");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

/// The units by their ends, which are looked for in this order.
const UNITS: [(&str, u64); 13] = [
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("k", 1_000),
    ("m", 1_000_000),
    ("g", 1_000_000_000),
    ("t", 1_000_000_000_000),
    ("b", 1),
];

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let lower = text.trim().to_ascii_lowercase();
        let unit = UNITS.iter().find_map(|&(end, unit)| Some((lower.strip_suffix(end)?, unit)));
        let (number, unit) = unit.unwrap_or((&lower, 1));
        let number = number.trim();
        let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let bytes = number.parse::<f64>().ok().filter(|_| plain).map(|value| value * unit as f64);
        match bytes {
            Some(bytes) if bytes >= 1.0 && bytes < u64::MAX as f64 => Ok(Self(bytes as u64)),
            _ => Err("it must be a number of bytes, such as 500MB or 2GB".to_owned()),
        }
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
        match named.into_iter().find(|&(unit, _)| self.0 >= unit) {
            Some((unit, name)) => {
                let tenths = self.0 / (unit / 10);
                match tenths % 10 {
                    0 => write!(f, "{} {name}", tenths / 10),
                    rest => write!(f, "{}.{rest} {name}", tenths / 10),
                }
            }
            None => write!(f, "{} bytes", self.0),
        }
    }
}

impl Bytes {
    /// Half of the memory that this process may have, by what the system says: of the machine, or of
    /// the container that it runs in; 4 GB where nothing is said.
    pub fn half_of_the_machine() -> Self {
        let number = |text: &str| text.trim().parse::<u64>().ok();
        let of_machine = || {
            let said = std::fs::read_to_string("/proc/meminfo").ok()?;
            let line = said.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
            number(line.trim().strip_suffix("kB")?)?.checked_mul(1024)
        };
        let of_container = |file: &str| number(&std::fs::read_to_string(file).ok()?);
        let bounds = [
            of_machine(),
            of_container("/sys/fs/cgroup/memory.max"),
            of_container("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        ];
        Self(bounds.into_iter().flatten().min().map_or(4_000_000_000, |all| all / 2))
    }

    /// Refuses a file that takes more than this.
    pub(super) fn hold(self, file: &str, taken: usize) -> Result<()> {
        match taken as u64 > self.0 {
            true => Err(ErrorKind::TooLarge { file: file.to_owned(), bound: self }.into()),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_and_read_as_people_do() {
        let read = |text: &str| text.parse::<Bytes>().map(|bytes| bytes.0);
        for (text, bytes) in [
            ("500MB", 500_000_000),
            ("500 mb", 500_000_000),
            ("2G", 2_000_000_000),
            ("1.5GiB", 1_610_612_736),
            ("64k", 64_000),
            ("1", 1),
            ("12b", 12),
        ] {
            assert_eq!(read(text), Ok(bytes), "{text}");
        }
        for wrong in ["", "MB", "-1MB", "0", "many", "1e9", "1.2.3k", "99999999999TB", "inf", "nan"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let shown = |bytes| Bytes(bytes).to_string();
        assert_eq!(
            [7, 64_000, 12_345_678, 2_000_000_000].map(shown),
            ["7 bytes", "64 kB", "12.3 MB", "2 GB"]
        );
    }

    #[test]
    fn half_of_the_machine_is_some_memory() {
        assert!(Bytes::half_of_the_machine() > Bytes(1 << 20));
    }
}
