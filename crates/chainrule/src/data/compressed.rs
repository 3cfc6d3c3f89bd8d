//! Compressed input: gzip and zstd, known by their first bytes whatever the file is called.
//!
//! Both are streamed, so that the size of what comes out is bounded by who reads it, and both may
//! have several members or frames, as parallel tools and `cat` write them.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use flate2::bufread::GzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::lines::BUFFER;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// A frame of no content may come first: 0x184D2A50 to 0x184D2A5F.
const SKIPPED: &[u8] = &[0x2a, 0x4d, 0x18];

/// Most bytes that a zstd frame may refer back over; the zstd command has the same bound.
const WINDOW: u64 = 128 << 20;

/// How many bytes tell formats apart.
pub(super) const FIRST: usize = 8;

/// A stream whose first bytes have been looked at.
pub(super) type Looked<R> = Chain<Cursor<Vec<u8>>, R>;

/// Looks at the first bytes of a stream: [`FIRST`] of them, or all.
pub(super) fn look<R: Read>(mut input: R) -> io::Result<(Vec<u8>, Looked<R>)> {
    let mut first = Vec::with_capacity(FIRST);
    input.by_ref().take(FIRST as u64).read_to_end(&mut first)?;
    Ok((first.clone(), Cursor::new(first).chain(input)))
}

/// Returns a stream of the bytes, decompressed if they are compressed.
pub(super) fn decompressed<'a>(
    input: impl Read + Send + 'a,
) -> io::Result<Box<dyn Read + Send + 'a>> {
    let (first, input) = look(input)?;
    let buffered = |input| BufReader::with_capacity(BUFFER, input);
    let skipped = first.len() > 3 && first[0] & 0xf0 == 0x50 && first[1..].starts_with(SKIPPED);
    Ok(if first.starts_with(GZIP) {
        Box::new(Gzip { member: Some(GzDecoder::new(buffered(input))) })
    } else if first.starts_with(ZSTD) || skipped {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(WINDOW);
        Box::new(Zstd { decoder, input: buffered(input), within: false })
    } else {
        Box::new(input)
    })
}

/// The members of a gzip file, one after the other.
struct Gzip<R> {
    /// None at the end.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let count = member.read(out)?;
            if count > 0 || out.is_empty() {
                return Ok(count);
            }
            // What is no member behind the last one is padding, which gzip ignores, too.
            let input = member.get_mut();
            let more = loop {
                match input.fill_buf()? {
                    [0, ..] => input.consume(1),
                    rest => break rest.starts_with(&GZIP[..rest.len().min(1)]) && !rest.is_empty(),
                }
            };
            self.member = match more {
                true => self.member.take().map(|member| GzDecoder::new(member.into_inner())),
                false => None,
            };
        }
        Ok(0)
    }
}

/// The frames of a zstd file, one after the other.
struct Zstd<R> {
    decoder: FrameDecoder,
    input: R,
    /// Whether a frame is begun and not ended.
    within: bool,
}

impl<R: BufRead> Zstd<R> {
    /// Begins the next frame; false at the end of the file.
    fn begin(&mut self) -> io::Result<bool> {
        loop {
            if self.input.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.decoder.reset(&mut self.input) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    let skipped = io::copy(&mut self.input.by_ref().take(length), &mut io::sink())?;
                    if skipped < length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(invalid(error)),
            }
        }
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.within {
                if out.is_empty() || !self.begin()? {
                    return Ok(0);
                }
                self.within = true;
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder.decode_blocks(&mut self.input, one).map_err(invalid)?;
            }
            let count = self.decoder.read(out)?;
            if count > 0 || out.is_empty() {
                return Ok(count);
            }
            self.within = false;
            let sum = self.decoder.get_checksum_from_data();
            if sum.is_some() && sum != self.decoder.get_calculated_checksum() {
                return Err(invalid("the checksum is wrong"));
            }
        }
    }
}

fn invalid(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        compress_to_vec(bytes, CompressionLevel::Fastest)
    }

    fn read(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        decompressed(bytes)?.read_to_end(&mut out)?;
        Ok(out)
    }

    fn text() -> Vec<u8> {
        (0..40_000).flat_map(|i| format!("{i},{}\n", i * i).into_bytes()).collect()
    }

    #[test]
    fn members_and_frames_follow_each_other() {
        let text = text();
        let (one, two) = text.split_at(1234);
        for pack in [gzip, zstd] {
            assert_eq!(read(&pack(&text)).unwrap(), text);
            let both = [pack(one), pack(b""), pack(two)].concat();
            assert_eq!(read(&both).unwrap(), text);
        }
        // Padding behind gzip, and a frame to be skipped in front of zstd.
        assert_eq!(read(&[gzip(one), vec![0; 600]].concat()).unwrap(), one);
        let skipped = [&[0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3][..], &zstd(one)].concat();
        assert_eq!(read(&skipped).unwrap(), one);
        for plain in [&b""[..], b"a", b"\x1f", b"a,b\n1,2\n", b"\x28\xb5"] {
            assert_eq!(read(plain).unwrap(), plain);
        }
    }

    #[test]
    fn what_is_cut_off_or_changed_is_refused() {
        let text = text();
        for pack in [gzip, zstd] {
            let whole = pack(&text);
            for length in [4, 10, 20, whole.len() / 2, whole.len() - 1] {
                assert!(read(&whole[..length]).is_err(), "{length} of {}", whole.len());
            }
            for place in (4..whole.len()).step_by(whole.len() / 97) {
                let mut changed = whole.clone();
                changed[place] ^= 0x55;
                // No panic; what is read all the same is never taken for the whole.
                if let Ok(found) = read(&changed) {
                    assert!(found == text || place < 20, "a change at {place} is not seen");
                }
            }
        }
    }

    #[test]
    fn a_frame_that_asks_for_much_memory_is_refused() {
        // A window of 2^41 bytes, in a frame of some bytes.
        let frame = [0x28, 0xb5, 0x2f, 0xfd, 0, 0xf8, 1, 0, 0];
        assert!(read(&frame).is_err());
    }
}
