//! The blocks of a CSV file: many bytes at a time, cut where a record ends.
//!
//! A record ends at the end of a line unless a quote is open there. So quotes are followed here,
//! by the rules of `lines`, which names what is wrong with them once the block is read.

use std::io::{self, Read};

use memchr::{memchr, memchr_iter, memchr2, memrchr2};

use super::lines::{BYTE_ORDER_MARK, delimiter_in};
use super::memory::Bytes;
use crate::error::{ErrorKind, Result};

/// Whole records.
pub(super) struct Block {
    pub bytes: Vec<u8>,
    /// The number of lines in front of it.
    pub lines: u64,
    /// The number of its own lines that end in it.
    pub count: usize,
}

/// Cuts a stream into blocks.
pub(super) struct Blocks<R> {
    input: R,
    /// The file's name in errors.
    file: String,
    /// About how many bytes a block has; one of a longer record has more.
    pub size: usize,
    /// The most bytes that a record may have.
    bound: Bytes,
    /// Found in the header line, unless it was given.
    pub delimiter: u8,
    /// What was read and not handed out; a record begins with it.
    waiting: Vec<u8>,
    /// How far quotes have been followed, and whether one is open there.
    followed: usize,
    open: bool,
    /// The end of the last record that is known to be whole.
    cut: usize,
    lines: u64,
    /// Whether the stream is at its end.
    ended: bool,
}

impl<R: Read> Blocks<R> {
    /// Opens a stream, and cuts off its first record: the header, and all that is in front of it.
    pub(super) fn new(
        input: R,
        file: &str,
        delimiter: Option<u8>,
        size: usize,
        bound: Bytes,
    ) -> Result<(Self, Block)> {
        let mut blocks = Self {
            input,
            file: file.to_owned(),
            size,
            bound,
            delimiter: delimiter.unwrap_or_default(),
            waiting: Vec::new(),
            followed: 0,
            open: false,
            cut: 0,
            lines: 0,
            ended: false,
        };
        let header = blocks.header(delimiter)?;
        Ok((blocks, header))
    }

    fn header(&mut self, delimiter: Option<u8>) -> Result<Block> {
        let blank = |byte: &u8| byte.is_ascii_whitespace() && Some(*byte) != delimiter;
        let mut begun = false;
        let mut start = 0;
        loop {
            let Some(mut end) = self.line_end(start) else {
                self.fill(self.waiting.len() + self.size)?;
                continue;
            };
            if !begun {
                let marks = self.waiting[start..end].chunks(3);
                let marks = 3 * marks.take_while(|&bytes| bytes == BYTE_ORDER_MARK).count();
                self.waiting.drain(start..start + marks);
                end -= marks;
                let line = &self.waiting[start..end];
                begun = !line.iter().all(blank);
                if begun {
                    self.delimiter = delimiter.unwrap_or_else(|| delimiter_in(line));
                    self.followed = start;
                }
            }
            if begun {
                self.follow(end);
            }
            start = end;
            if (begun && !self.open) || (self.ended && end == self.waiting.len()) {
                self.cut = end;
                return Ok(self.hand_out());
            }
        }
    }

    /// Returns where the line that begins here ends, its end included; `None` if more must be read.
    fn line_end(&self, start: usize) -> Option<usize> {
        let bytes = &self.waiting;
        let Some(distance) = memchr2(b'\n', b'\r', &bytes[start..]) else {
            return self.ended.then_some(bytes.len());
        };
        let end = start + distance + 1;
        match (bytes[end - 1], bytes.get(end)) {
            (b'\r', Some(b'\n')) => Some(end + 1),
            (b'\r', None) => self.ended.then_some(end),
            _ => Some(end),
        }
    }

    /// Returns the next block; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Block>> {
        loop {
            match self.ended {
                true => self.cut = self.waiting.len(),
                false => self.follow(self.waiting.len()),
            }
            let enough = self.waiting.len() >= self.size;
            if self.cut > 0 && (enough || self.ended) {
                return Ok(Some(self.hand_out()));
            }
            if self.ended {
                return Ok(None);
            }
            self.fill(if enough { 2 * self.waiting.len() } else { self.size })?;
        }
    }

    /// Reads until so many bytes are waiting, or all.
    fn fill(&mut self, wanted: usize) -> Result<()> {
        self.bound.hold(&self.file, self.waiting.len())?;
        let count = wanted.saturating_sub(self.waiting.len());
        self.waiting.reserve(count);
        let read = self.input.by_ref().take(count as u64).read_to_end(&mut self.waiting);
        let read = read.map_err(|reason| self.unreadable(reason))?;
        self.ended = read < count;
        Ok(())
    }

    fn unreadable(&self, reason: io::Error) -> crate::error::Error {
        ErrorKind::FileUnreadable { file: self.file.clone(), reason }.into()
    }

    /// Cuts off the whole records.
    fn hand_out(&mut self) -> Block {
        let rest = self.waiting[self.cut..].to_vec();
        let mut bytes = std::mem::replace(&mut self.waiting, rest);
        bytes.truncate(self.cut);
        self.followed = self.followed.saturating_sub(self.cut);
        self.cut = 0;
        let count = ends_of_lines(&bytes);
        let lines = self.lines;
        self.lines += count as u64;
        Block { bytes, lines, count }
    }

    /// Follows quotes up to a place, and finds the last end of a record before it.
    fn follow(&mut self, to: usize) {
        let bytes = &self.waiting[..to];
        let mut at = self.followed;
        while let Some(distance) = memchr(b'"', &bytes[at..]) {
            let quote = at + distance;
            if !self.open {
                self.cut = last_end(bytes, at, quote, self.ended).unwrap_or(self.cut);
                self.open = opens(&bytes[..quote], self.delimiter);
                at = quote + 1;
            } else {
                at = match bytes.get(quote + 1) {
                    // Whether it is doubled is seen when more is read.
                    None if !self.ended => {
                        self.followed = quote;
                        return;
                    }
                    Some(b'"') => quote + 2,
                    _ => {
                        self.open = false;
                        quote + 1
                    }
                };
            }
        }
        self.followed = bytes.len();
        if !self.open {
            self.cut = last_end(bytes, at, bytes.len(), self.ended).unwrap_or(self.cut);
            // Whether a line feed follows it is seen when more is read.
            if at < bytes.len() && bytes.ends_with(b"\r") {
                self.followed -= 1;
            }
        }
    }
}

/// Returns the place behind the last end of a line between two places, if there is one.
fn last_end(bytes: &[u8], from: usize, to: usize, ended: bool) -> Option<usize> {
    let end = from + memrchr2(b'\n', b'\r', &bytes[from..to])?;
    // A carriage return that is the last of what was read may be half of an end.
    match bytes[end] == b'\r' && end + 1 == bytes.len() && !ended {
        true => memrchr2(b'\n', b'\r', &bytes[from..end]).map(|end| from + end + 1),
        false => Some(end + 1),
    }
}

/// Tells whether a quote behind these bytes begins a field: only blanks may stand before it.
fn opens(before: &[u8], delimiter: u8) -> bool {
    let blank = |byte: &&u8| matches!(byte, b' ' | b'\t') && **byte != delimiter;
    let byte = before.iter().rev().find(|byte| !blank(byte));
    byte.is_none_or(|&byte| byte == delimiter || matches!(byte, b'\n' | b'\r'))
}

/// Returns how many lines end in these bytes: by a line feed, a carriage return, or both.
fn ends_of_lines(bytes: &[u8]) -> usize {
    let lone = memchr_iter(b'\r', bytes).filter(|&place| bytes.get(place + 1) != Some(&b'\n'));
    memchr_iter(b'\n', bytes).count() + lone.count()
}
