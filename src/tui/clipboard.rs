//! The clipboard of the person's own terminal, through OSC 52: it works over ssh.
//!
//! The terminal takes the text or not, and never answers; what can be known beforehand, that
//! the text is too long, is said.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::problem::{Problem, Result};
use crate::text::short_bytes;

/// The longest text in bytes. Terminals take a sequence of about 100,000 bytes, and base64
/// makes four of three.
pub const LIMIT: usize = 74_000;

/// GNU screen passes on device control strings of this many bytes at most.
const SCREEN_CHUNK: usize = 240;

/// The sequence that puts the text on the clipboard (xterm's control sequences, "Operating
/// System Commands", 52).
///
/// # Errors
/// When the text is longer than [`LIMIT`].
pub fn sequence(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Vec<u8>> {
    if text.len() > LIMIT {
        let size = |bytes: usize| short_bytes(u64::try_from(bytes).unwrap_or(u64::MAX));
        return Err(Problem::failed(
            "This is too long for the clipboard",
            format!("it is {}, and terminals take up to {}", size(text.len()), size(LIMIT)),
            "copy fewer rows or columns at a time",
        ));
    }
    let plain = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
    // tmux understands the sequence itself. GNU screen does not: it hands on what is wrapped.
    let holds = |name: &str| variable(name).unwrap_or_default();
    let in_screen = !holds("STY").is_empty() && holds("TMUX").is_empty();
    if !in_screen {
        return Ok(plain.into_bytes());
    }
    let mut wrapped = Vec::with_capacity(plain.len() + plain.len() / 32);
    for chunk in plain.as_bytes().chunks(SCREEN_CHUNK) {
        wrapped.extend_from_slice(b"\x1bP");
        wrapped.extend_from_slice(chunk);
        wrapped.extend_from_slice(b"\x1b\\");
    }
    Ok(wrapped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_sent_whole_or_refused() {
        let bytes = sequence("čaj\n", |_| None).unwrap();
        assert_eq!(bytes, b"\x1b]52;c;xI1hago=\x07");
        assert!(sequence(&"x".repeat(LIMIT), |_| None).unwrap().len() < 100_000);
        let problem = sequence(&"x".repeat(LIMIT + 1), |_| None).unwrap_err();
        assert!(problem.why.contains("72.3 kB"), "{problem}");
    }

    #[test]
    fn screen_gets_it_in_pieces_and_tmux_as_it_is() {
        let under = |name: &'static str| move |asked: &str| (asked == name).then(|| "1".to_owned());
        let text = "x".repeat(400);
        let wrapped = sequence(&text, under("STY")).unwrap();
        let inner: Vec<u8> = String::from_utf8(wrapped)
            .unwrap()
            .split("\x1bP")
            .flat_map(|piece| {
                piece.strip_suffix("\x1b\\").unwrap_or(piece).bytes().collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(inner, sequence(&text, under("TMUX")).unwrap());
    }
}
