//! CSV as RFC 4180 and psql have it, with the place of every field: what stands between quotation
//! marks may hold commas, line ends and doubled marks; nothing at all is NULL, two marks with
//! nothing between them the empty text. Pure.

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// The text; `None` for nothing at all.
    pub(super) text: Option<String>,
    /// Its line, counted from 1.
    pub(super) line: usize,
    /// Its column, in characters, counted from 1.
    pub(super) column: usize,
}

/// Why a text is not CSV.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// The line.
    pub(super) line: usize,
    /// The column.
    pub(super) column: usize,
    /// Why.
    pub(super) why: &'static str,
}

/// The records of a text; empty lines are none.
pub(super) fn read(text: &str) -> Result<Vec<Vec<Field>>, Fault> {
    let mut reader = Reader { letters: text.chars().peekable(), line: 1, column: 1 };
    let mut records = Vec::new();
    while reader.letters.peek().is_some() {
        let record = reader.record()?;
        if !matches!(record.as_slice(), [only] if only.text.is_none()) {
            records.push(record);
        }
    }
    Ok(records)
}

struct Reader<'t> {
    letters: std::iter::Peekable<std::str::Chars<'t>>,
    line: usize,
    column: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let letter = self.letters.next()?;
        if letter == '\n' {
            (self.line, self.column) = (self.line + 1, 1);
        } else {
            self.column += 1;
        }
        Some(letter)
    }

    /// Passes over the end of a line, if it is here.
    fn ends(&mut self) -> bool {
        if self.letters.peek() == Some(&'\r') {
            self.next();
            if self.letters.peek() == Some(&'\n') {
                self.next();
            }
            return true;
        }
        match self.letters.peek() {
            None => true,
            Some('\n') => {
                self.next();
                true
            }
            Some(_) => false,
        }
    }

    fn record(&mut self) -> Result<Vec<Field>, Fault> {
        let mut record = Vec::new();
        loop {
            record.push(self.field()?);
            if self.letters.peek() == Some(&',') {
                self.next();
                continue;
            }
            if self.ends() {
                return Ok(record);
            }
            return Err(self.fault("after a closing quotation mark comes a comma or a line end"));
        }
    }

    fn field(&mut self) -> Result<Field, Fault> {
        let (line, column) = (self.line, self.column);
        let mut text = String::new();
        if self.letters.peek() != Some(&'"') {
            while let Some(letter) = self.letters.peek() {
                if matches!(letter, ',' | '\n' | '\r') {
                    break;
                }
                text.extend(self.next());
            }
            let text = (!text.is_empty()).then_some(text);
            return Ok(Field { text, line, column });
        }
        self.next();
        loop {
            match self.next() {
                None => {
                    let why = "the quotation mark is not closed";
                    return Err(Fault { line, column, why });
                }
                Some('"') if self.letters.peek() == Some(&'"') => {
                    text.extend(self.next());
                }
                Some('"') => return Ok(Field { text: Some(text), line, column }),
                Some(letter) => text.push(letter),
            }
        }
    }

    fn fault(&self, why: &'static str) -> Fault {
        Fault { line: self.line, column: self.column, why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_their_places_and_nothing_is_null() {
        let read = read("a,b\r\n\"x\"\"y\n\",\n,\"\"\n\n1,2").unwrap();
        let texts: Vec<Vec<Option<&str>>> =
            read.iter().map(|row| row.iter().map(|one| one.text.as_deref()).collect()).collect();
        assert_eq!(
            texts,
            [
                vec![Some("a"), Some("b")],
                vec![Some("x\"y\n"), None],
                vec![None, Some("")],
                vec![Some("1"), Some("2")],
            ]
        );
        assert_eq!((read[1][1].line, read[1][1].column), (3, 3));
        assert_eq!((read[3][1].line, read[3][1].column), (6, 3));
        assert_eq!(super::read("a,\"b").unwrap_err().column, 3);
        assert_eq!(super::read("\"a\"b").unwrap_err().column, 4);
    }
}
