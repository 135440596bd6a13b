//! Percent-encoding (RFC 3986, section 2.1), both ways.

use super::fault::Fault;

/// Text with `%XX` replaced by the bytes they stand for.
///
/// As in libpq, an escape that is not two hexadecimal digits is refused, and so is `%00`.
pub(super) fn decode(text: &str) -> Result<String, Fault> {
    let broken = || {
        Fault::new(
            "a % in it is not followed by two hexadecimal digits",
            "Write %25 for a percent sign; in a password, encode every character but letters and digits",
        )
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte.unwrap_or(b' ')).to_digit(16);
        let (high, low) = (digit(rest.next()), digit(rest.next()));
        let (Some(high), Some(low)) = (high, low) else { return Err(broken()) };
        match u8::try_from(high * 16 + low) {
            Ok(0) => {
                return Err(Fault::new("%00 stands in it", "Leave it out: no name may hold it"));
            }
            Ok(byte) => bytes.push(byte),
            Err(_) => return Err(broken()),
        }
    }
    String::from_utf8(bytes).map_err(|_| {
        Fault::new("what its percent signs stand for is not UTF-8", "Encode it as UTF-8")
    })
}

/// Text with everything percent-encoded but letters, digits, `-`, `.`, `_`, `~` and `also`.
pub(super) fn encode(text: &str, also: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let letter = char::from(byte);
        let plain = byte.is_ascii_alphanumeric() || "-._~".contains(letter);
        if plain || (byte.is_ascii() && also.contains(letter)) {
            out.push(letter);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
