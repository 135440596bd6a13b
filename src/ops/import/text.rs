//! A file read piece by piece and made UTF-8, whatever its encoding. What is malformed is a
//! problem, never silently replaced.

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::problem::{Problem, Result};

/// The least and the most bytes that are read at once.
const LEAST: usize = 64 * 1024;
/// The longest a record may be: what is longer has a quote that is never closed.
const LONGEST: usize = 256 * 1024 * 1024;

/// Where the bytes come from.
pub type Bytes = Box<dyn AsyncRead + Send + Unpin>;

/// The text of a file, of which a part is here.
pub(super) struct Text {
    bytes: Bytes,
    /// Makes UTF-8 of another encoding.
    decoder: Option<Decoder>,
    encoding: &'static Encoding,
    name: String,
    here: Vec<u8>,
    /// How much of what is here was taken.
    taken: usize,
    ended: bool,
    begun: bool,
}

impl Text {
    /// The text of a file in an encoding, by a name such as `utf-8`, `latin1` or `utf-16`.
    ///
    /// # Errors
    /// There is no such encoding.
    pub(super) fn new(bytes: Bytes, encoding: &str, name: &str) -> Result<Self> {
        let encoding = Encoding::for_label(encoding.as_bytes()).ok_or_else(|| {
            Problem::usage(
                format!("There is no encoding {encoding}"),
                "it is not one of those the web knows",
                "write utf-8, latin1, utf-16, windows-1250, shift_jis or another one's name",
            )
        })?;
        // A mark at the beginning says which UTF-16 it is, and is not part of the text.
        let decoder = (encoding != UTF_8).then(|| encoding.new_decoder());
        let name = name.to_owned();
        let here = Vec::new();
        Ok(Self { bytes, decoder, encoding, name, here, taken: 0, ended: false, begun: false })
    }

    /// What is here and was not taken.
    pub(super) fn rest(&self) -> &[u8] {
        self.here.get(self.taken..).unwrap_or_default()
    }

    /// Whether nothing more will come.
    pub(super) fn is_ended(&self) -> bool {
        self.ended
    }

    /// Takes some of what is here.
    pub(super) fn take(&mut self, bytes: usize) {
        self.taken += bytes;
    }

    /// Reads more: about as much as is here already, so that a long record costs no more than
    /// many short ones.
    ///
    /// # Errors
    /// The file cannot be read, or is not in its encoding; `line` is where that is.
    pub(super) async fn fill(&mut self, line: u64) -> Result<()> {
        self.here.drain(..self.taken);
        self.taken = 0;
        if self.here.len() > LONGEST {
            return Err(Problem::failed(
                format!("{}, line {line}: the row does not end", self.name),
                "it is longer than 256 MiB: most likely a quote is opened and never closed",
                "look at that line, and at --delimiter",
            ));
        }
        let wanted = self.here.len().max(LEAST);
        let mut fresh = Vec::with_capacity(wanted);
        let read = (&mut self.bytes).take(wanted as u64).read_to_end(&mut fresh).await;
        let read = read.map_err(|why| {
            let what = format!("{} cannot be read", self.name);
            Problem::failed(what, why.to_string(), "check the file, and run the import again")
        })?;
        self.ended = read < wanted;
        if self.decoder.is_some() {
            return self.decode(&fresh, line);
        }
        self.here.append(&mut fresh);
        if !self.begun {
            self.begun = true;
            if self.here.starts_with(b"\xef\xbb\xbf") {
                self.taken = 3;
            }
        }
        Ok(())
    }

    fn decode(&mut self, fresh: &[u8], line: u64) -> Result<()> {
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        let room = decoder.max_utf8_buffer_length_without_replacement(fresh.len());
        let mut out = vec![0; room.unwrap_or(fresh.len().saturating_mul(3) + 16)];
        let (result, _, written) =
            decoder.decode_to_utf8_without_replacement(fresh, &mut out, self.ended);
        out.truncate(written);
        self.here.append(&mut out);
        let lines = memchr::memchr_iter(b'\n', &self.here).count();
        match result {
            DecoderResult::InputEmpty => Ok(()),
            DecoderResult::OutputFull | DecoderResult::Malformed(..) => {
                Err(malformed(&self.name, line + lines as u64, self.encoding.name()))
            }
        }
    }

    /// Refuses bytes that are no UTF-8.
    ///
    /// # Errors
    /// They are not.
    pub(super) fn check(&self, text: &[u8], line: u64) -> Result<()> {
        // What was decoded is.
        if self.decoder.is_some() || std::str::from_utf8(text).is_ok() {
            return Ok(());
        }
        Err(malformed(&self.name, line, "UTF-8"))
    }
}

fn malformed(name: &str, line: u64, encoding: &str) -> Problem {
    Problem::failed(
        format!("{name}, line {line}: this is not {encoding}"),
        "its bytes mean nothing in that encoding",
        "name the encoding of the file, as in --encoding latin1",
    )
}
