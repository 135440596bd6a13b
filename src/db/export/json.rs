//! JSON written piece by piece into bytes: strings, numbers as they were printed, documents on
//! one line. Nothing here parses a document or changes a digit.

/// Writes text as a JSON string; bytes that are no UTF-8 become replacement signs.
pub(super) fn string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut from = 0;
    let valid = String::from_utf8_lossy(text);
    let text = valid.as_bytes();
    for (at, byte) in text.iter().enumerate() {
        let escaped: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0x00..=0x1f | 0x7f => &[],
            _ => continue,
        };
        out.extend_from_slice(text.get(from..at).unwrap_or_default());
        if escaped.is_empty() {
            out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
        } else {
            out.extend_from_slice(escaped);
        }
        from = at + 1;
    }
    out.extend_from_slice(text.get(from..).unwrap_or_default());
    out.push(b'"');
}

/// Whether text is a number as JSON writes one (RFC 8259, section 6).
pub(super) fn is_number(text: &[u8]) -> bool {
    let rest = text.strip_prefix(b"-").unwrap_or(text);
    let (whole, rest) = digits(rest);
    if whole == 0 || (whole > 1 && text.strip_prefix(b"-").unwrap_or(text).first() == Some(&b'0')) {
        return false;
    }
    let rest = match rest.strip_prefix(b".") {
        Some(after) => match digits(after) {
            (0, _) => return false,
            (_, rest) => rest,
        },
        None => rest,
    };
    let Some((b'e' | b'E', exponent)) = rest.split_first() else { return rest.is_empty() };
    let exponent = match exponent.split_first() {
        Some((b'+' | b'-', after)) => after,
        _ => exponent,
    };
    matches!(digits(exponent), (1.., []))
}

fn digits(text: &[u8]) -> (usize, &[u8]) {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (count, text.get(count..).unwrap_or_default())
}

/// Writes a document as it is, on one line: a line break can only stand between its parts.
pub(super) fn document(text: &[u8], out: &mut Vec<u8>) {
    out.extend(text.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_as_json_wants() {
        let mut out = Vec::new();
        string("a\"\\\n\u{1}\u{7f}é".as_bytes(), &mut out);
        assert_eq!(String::from_utf8(out.clone()).unwrap(), "\"a\\\"\\\\\\n\\u0001\\u007fé\"");
        let read: String = serde_json::from_slice(&out).unwrap();
        assert_eq!(read, "a\"\\\n\u{1}\u{7f}é");
    }

    #[test]
    fn only_json_numbers_stay_numbers() {
        for number in ["0", "-1", "10.50", "1e+20", "-0.0E-7", "99999999999999999999999999"] {
            assert!(is_number(number.as_bytes()), "{number}");
        }
        for text in ["", "-", "01", "1.", ".5", "NaN", "Infinity", "1e", "+1", "1 "] {
            assert!(!is_number(text.as_bytes()), "{text}");
        }
    }
}
