//! Spans of time as they are written: `30`, `"30s"`, `"500ms"`, `"2min"`, `"1h"`.

use std::time::Duration;

/// The units, with their length in milliseconds.
const UNITS: [(&str, u64); 6] =
    [("ms", 1), ("s", 1_000), ("sec", 1_000), ("min", 60_000), ("m", 60_000), ("h", 3_600_000)];

/// The longest span that makes sense, in milliseconds: a day.
const LONGEST: u64 = 24 * 3_600_000;

/// Reads a span: a whole number with a unit, seconds where there is none. The error says what
/// may be written.
pub(super) fn read(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim();
    let unit = if unit.is_empty() { "s" } else { unit };
    let length = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, length)| *length);
    let span = number.parse::<u64>().ok().zip(length).and_then(|(n, each)| n.checked_mul(each));
    match span {
        Some(span) if span <= LONGEST => Ok(Duration::from_millis(span)),
        Some(_) => Err("a day is the longest".to_owned()),
        None => {
            Err("a span of time is seconds, as 30, or text, as \"30s\", \"500ms\", \"2min\""
                .to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use std::time::Duration;

    #[test]
    fn spans_are_read_in_every_unit() {
        let cases = [("30", 30_000), ("30s", 30_000), ("500ms", 500), ("2min", 120_000)];
        for (text, length) in cases.into_iter().chain([("1 h", 3_600_000), ("0", 0)]) {
            assert_eq!(read(text), Ok(Duration::from_millis(length)), "{text}");
        }
        for text in ["", "s", "-1", "1.5", "3 weeks", "99999999999999999999", "25h"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
