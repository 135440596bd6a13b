//! The fields of a line as PostgreSQL's COPY writes it in its text format (manual, COPY, "Text
//! Format"): parted by tabs, NULL as `\N`, the rest escaped with backslashes. Nothing here knows
//! what a field means.

/// Takes the fields of lines apart, keeping its memory from one to the next.
#[derive(Debug, Default)]
pub(in crate::db) struct Fields {
    plain: Vec<u8>,
}

impl Fields {
    /// Calls `each` with the number and the value of every field of a line, `None` for NULL.
    pub(in crate::db) fn each(&mut self, line: &[u8], mut each: impl FnMut(usize, Option<&[u8]>)) {
        let mut rest = line;
        let mut number = 0;
        loop {
            let end = memchr::memchr2(b'\t', b'\\', rest);
            let (field, after) = match end {
                None => (rest, None),
                Some(at) if rest.get(at) == Some(&b'\t') => parted(rest, at),
                Some(_) => match memchr::memchr(b'\t', rest) {
                    None => (rest, None),
                    Some(at) => parted(rest, at),
                },
            };
            if field == b"\\N" {
                each(number, None);
            } else if memchr::memchr(b'\\', field).is_some() {
                self.plain.clear();
                unescape(field, &mut self.plain);
                each(number, Some(&self.plain));
            } else {
                each(number, Some(field));
            }
            let Some(after) = after else { return };
            rest = after;
            number += 1;
        }
    }
}

fn parted(line: &[u8], at: usize) -> (&[u8], Option<&[u8]>) {
    (line.get(..at).unwrap_or_default(), line.get(at + 1..))
}

/// Takes the backslashes away that COPY puts in, and those it understands: `\\101`, `\\x41`.
pub fn unescape(field: &[u8], out: &mut Vec<u8>) {
    let mut bytes = field.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'b') => out.push(8),
            Some(b'f') => out.push(12),
            Some(b'n') => out.push(b'\n'),
            Some(b'r') => out.push(b'\r'),
            Some(b't') => out.push(b'\t'),
            Some(b'v') => out.push(11),
            Some(first @ b'0'..=b'7') => {
                let mut code = u32::from(first - b'0');
                for _ in 0..2 {
                    let Some(digit) = bytes.next_if(|byte| matches!(byte, b'0'..=b'7')) else {
                        break;
                    };
                    code = code * 8 + u32::from(digit - b'0');
                }
                out.push((code & 0xff) as u8);
            }
            Some(b'x') if bytes.peek().is_some_and(u8::is_ascii_hexdigit) => {
                let mut code = 0;
                for _ in 0..2 {
                    let Some(digit) = bytes.next_if(u8::is_ascii_hexdigit) else { break };
                    code = code * 16 + char::from(digit).to_digit(16).unwrap_or(0);
                }
                out.push((code & 0xff) as u8);
            }
            Some(other) => out.push(other),
            None => out.push(b'\\'),
        }
    }
}

/// Writes a value so that [`Fields`] and PostgreSQL read it back.
pub(in crate::db) fn escape(value: &[u8], out: &mut Vec<u8>) {
    let special = |byte: u8| match byte {
        8 => Some(b'b'),
        12 => Some(b'f'),
        b'\n' => Some(b'n'),
        b'\r' => Some(b'r'),
        b'\t' => Some(b't'),
        11 => Some(b'v'),
        b'\\' => Some(b'\\'),
        _ => None,
    };
    let mut from = 0;
    for (at, byte) in value.iter().enumerate() {
        if let Some(letter) = special(*byte) {
            out.extend_from_slice(value.get(from..at).unwrap_or_default());
            out.extend_from_slice(&[b'\\', letter]);
            from = at + 1;
        }
    }
    out.extend_from_slice(value.get(from..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(line: &[u8]) -> Vec<Option<Vec<u8>>> {
        let mut found = Vec::new();
        Fields::default().each(line, |number, field| {
            assert_eq!(number, found.len());
            found.push(field.map(<[u8]>::to_vec));
        });
        found
    }

    #[test]
    fn null_the_empty_text_and_escapes_are_told_apart() {
        let found = fields(b"\\N\t\t\\\\N\ta\\tb\\\\");
        let text = |text: &[u8]| Some(text.to_vec());
        assert_eq!(found, [None, text(b""), text(b"\\N"), text(b"a\tb\\")]);
    }

    #[test]
    fn codes_are_read_as_postgresql_reads_them() {
        let found = fields(b"\\101\\x4a\\x4b4\tc\\.\\q\\");
        assert_eq!(found, [Some(b"AJK4".to_vec()), Some(b"c.q\\".to_vec())]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(values in prop::collection::vec(
            prop::option::of(prop::collection::vec(any::<u8>(), 0..12)), 1..5)) {
            let mut line = Vec::new();
            for (at, value) in values.iter().enumerate() {
                if at > 0 { line.push(b'\t'); }
                match value {
                    None => line.extend_from_slice(b"\\N"),
                    Some(value) => escape(value, &mut line),
                }
            }
            prop_assert_eq!(fields(&line), values);
        }
    }
}
