//! JSON documents in the box: laid out, put back on one line, and what is wrong with them.
//!
//! Nothing here changes more of a document than its blanks.

/// A document on several lines; `None` where it is none, or where that would change more than
/// its blanks (a key that is there twice, a letter written as an escape).
pub(super) fn formatted(text: &str) -> Option<String> {
    let document: serde_json::Value = serde_json::from_str(text).ok()?;
    let is_nested = document.is_object() || document.is_array();
    let flat = document.to_string();
    (is_nested && flat == without_blanks(text)).then(|| format!("{document:#}"))
}

/// A document without the blanks outside its strings.
pub(super) fn without_blanks(text: &str) -> String {
    let (mut out, mut quoted, mut escaped) = (String::with_capacity(text.len()), false, false);
    for letter in text.chars() {
        if quoted || !letter.is_ascii_whitespace() {
            out.push(letter);
        }
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
    }
    out
}

/// Why a text is no JSON document, with the line.
pub(super) fn not_json(text: &str) -> Option<String> {
    let error = serde_json::from_str::<serde::de::IgnoredAny>(text).err()?;
    let (line, column) = (error.line(), error.column());
    let words = error.to_string();
    let words = words.split(" at line ").next().unwrap_or_default().to_owned();
    Some(format!("line {line}, column {column}: {words}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_document_is_told_by_line() {
        assert_eq!(not_json("{\"a\": 1}"), None);
        let told = not_json("{\n  \"a\": oops\n}").unwrap_or_default();
        assert!(told.starts_with("line 2, column 8: "), "{told}");
        assert_eq!(
            formatted("{\"b\":1.50,\"a\":[]}").as_deref(),
            Some("{\n  \"b\": 1.50,\n  \"a\": []\n}")
        );
        assert_eq!(formatted("3"), None);
        assert_eq!(formatted("{\"a\": 1, \"a\": 2}"), None, "a key that is there twice");
        assert_eq!(without_blanks("{ \"a b\" : \"\\\" \" }"), "{\"a b\":\"\\\" \"}");
    }
}
