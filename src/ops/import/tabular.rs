//! One record of CSV or of tab-separated values out of the bytes at hand, with the line it stands
//! in. A field remembers whether it was quoted, since only an unquoted one can be NULL; a quote
//! that is never closed is a problem, not a very long field. Nothing here waits.

/// How the fields of a file are parted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parting {
    /// By this byte, with values in double quotes where they must be (RFC 4180).
    Quotes(u8),
    /// By tabs, with backslashes before what would part (PostgreSQL's COPY in text format).
    Backslashes,
}

/// A record: the text of its fields, one after the other.
#[derive(Debug, Default)]
pub(super) struct Record {
    text: Vec<u8>,
    /// Where each field ends, and whether it was quoted.
    fields: Vec<(usize, bool)>,
    /// The line it begins in.
    pub(super) line: u64,
}

/// What was found at the beginning of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A record of so many bytes, which ends so many lines.
    Record(usize, u64),
    /// The beginning of one: more bytes are needed.
    Part,
    /// Nothing at all.
    Nothing,
    /// Something else follows a closed quote, so many lines further.
    AfterQuote(u64),
    /// The end of the file within quotes.
    Open,
}

impl Record {
    /// How many fields there are.
    pub(super) fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is nothing on the line.
    pub(super) fn is_blank(&self) -> bool {
        self.fields.len() == 1 && self.text.is_empty() && self.fields.first() == Some(&(0, false))
    }

    /// The fields, and whether each was quoted.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&[u8], bool)> {
        let mut begin = 0;
        self.fields.iter().map(move |(end, quoted)| {
            let field = self.text.get(begin..*end).unwrap_or_default();
            begin = *end;
            (field, *quoted)
        })
    }

    /// Reads the record at the beginning of some bytes; `last` says that no more will come.
    pub(super) fn read(&mut self, bytes: &[u8], parting: Parting, last: bool) -> Found {
        self.text.clear();
        self.fields.clear();
        if bytes.is_empty() {
            return if last { Found::Nothing } else { Found::Part };
        }
        match parting {
            Parting::Quotes(delimiter) => Reading { record: self, bytes, delimiter, last }.read(),
            Parting::Backslashes => self.read_line(bytes, last),
        }
    }

    fn end_field(&mut self, quoted: bool) {
        self.fields.push((self.text.len(), quoted));
    }

    /// A line of tab-separated values, whose escapes stay for whoever tells NULL from text.
    fn read_line(&mut self, bytes: &[u8], last: bool) -> Found {
        let (line, whole) = match memchr::memchr(b'\n', bytes) {
            Some(at) => (bytes.get(..at).unwrap_or_default(), at + 1),
            None if last => (bytes, bytes.len()),
            None => return Found::Part,
        };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        for field in line.split(|byte| *byte == b'\t') {
            self.text.extend_from_slice(field);
            self.end_field(false);
        }
        Found::Record(whole, 1)
    }
}

struct Reading<'a> {
    record: &'a mut Record,
    bytes: &'a [u8],
    delimiter: u8,
    last: bool,
}

/// What ends a field.
enum End {
    Delimiter,
    Line(usize),
    File,
    Unknown,
    Else,
}

impl Reading<'_> {
    fn rest(&self, at: usize) -> &[u8] {
        self.bytes.get(at..).unwrap_or_default()
    }

    fn read(mut self) -> Found {
        let (mut at, mut lines) = (0, 0);
        loop {
            let quoted = self.bytes.get(at) == Some(&b'"');
            let after = if quoted { self.quoted(at + 1) } else { Some(self.plain(at)) };
            let Some(after) = after else {
                return if self.last { Found::Open } else { Found::Part };
            };
            let passed = self.bytes.get(at..after).unwrap_or_default();
            if quoted {
                lines += memchr::memchr_iter(b'\n', passed).count() as u64;
            }
            let end = self.end(after);
            if !matches!(end, End::Unknown | End::Else) {
                self.record.end_field(quoted);
            }
            match end {
                End::Delimiter => at = after + 1,
                End::Line(bytes) => return Found::Record(after + bytes, lines + 1),
                End::File => return Found::Record(after, lines + 1),
                End::Unknown => return Found::Part,
                End::Else => return Found::AfterQuote(lines),
            }
        }
    }

    /// Takes a field in quotes, and answers where it ends; `None` if it does not.
    fn quoted(&mut self, from: usize) -> Option<usize> {
        let mut at = from;
        loop {
            let rest = self.bytes.get(at..)?;
            let quote = memchr::memchr(b'"', rest)?;
            self.record.text.extend_from_slice(rest.get(..quote)?);
            at += quote + 1;
            match self.bytes.get(at) {
                Some(b'"') => {
                    self.record.text.push(b'"');
                    at += 1;
                }
                None if !self.last => return None,
                _ => return Some(at),
            }
        }
    }

    /// Takes a field without quotes, and answers where it ends.
    fn plain(&mut self, from: usize) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        let end = memchr::memchr3(self.delimiter, b'\n', b'\r', rest).unwrap_or(rest.len());
        self.record.text.extend_from_slice(rest.get(..end).unwrap_or_default());
        from + end
    }

    fn end(&self, at: usize) -> End {
        match self.rest(at) {
            [] if self.last => End::File,
            [] => End::Unknown,
            [byte, ..] if *byte == self.delimiter => End::Delimiter,
            [b'\n', ..] => End::Line(1),
            [b'\r', b'\n', ..] => End::Line(2),
            [b'\r'] if !self.last => End::Unknown,
            [b'\r', ..] => End::Line(1),
            _ => End::Else,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All records of a text, read with so many bytes at hand at first.
    fn records(text: &[u8], parting: Parting, chunk: usize) -> Vec<Vec<(String, bool)>> {
        let (mut found, mut at, mut here) = (Vec::new(), 0, chunk);
        let mut record = Record::default();
        loop {
            let end = (at + here).min(text.len());
            match record.read(&text[at..end], parting, end == text.len()) {
                Found::Record(bytes, _) => {
                    at += bytes;
                    here = chunk;
                    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                    found.push(record.fields().map(|(field, q)| (text(field), q)).collect());
                }
                Found::Part => here += chunk,
                Found::Nothing => return found,
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn quotes_lines_and_nothing_are_told_apart() {
        let text = b"a,\"b\"\"\nc\",\r\n,\"\"\n\nlast,1,2";
        for chunk in [1, 3, 100] {
            let found = records(text, Parting::Quotes(b','), chunk);
            let cell = |text: &str, quoted| (text.to_owned(), quoted);
            assert_eq!(found[0], [cell("a", false), cell("b\"\nc", true), cell("", false)]);
            assert_eq!(found[1], [cell("", false), cell("", true)]);
            assert_eq!(found[2], [cell("", false)]);
            assert_eq!(found[3].len(), 3);
        }
        let mut record = Record::default();
        assert_eq!(record.read(b"\"a\nb", Parting::Quotes(b','), true), Found::Open);
        assert_eq!(record.read(b"\"a\nb\"c\n", Parting::Quotes(b','), true), Found::AfterQuote(1));
        assert_eq!(record.read(b"\"a\nb\";\n", Parting::Quotes(b';'), true), Found::Record(7, 2));
    }

    proptest! {
        #[test]
        fn what_is_quoted_reads_back(
            rows in prop::collection::vec(prop::collection::vec("[a,\"\r\n\té]{0,6}", 2..4), 1..6),
            chunk in 1usize..20,
        ) {
            let quoted = |field: &String| format!("\"{}\"", field.replace('"', "\"\""));
            let line = |row: &Vec<String>| row.iter().map(quoted).collect::<Vec<_>>().join(",");
            let text = rows.iter().map(line).collect::<Vec<_>>().join("\n");
            let found = records(text.as_bytes(), Parting::Quotes(b','), chunk);
            let plain: Vec<Vec<String>> =
                found.into_iter().map(|row| row.into_iter().map(|(field, _)| field).collect()).collect();
            prop_assert_eq!(plain, rows);
        }
    }
}
