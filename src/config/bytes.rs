//! Amounts of memory as they are written: `"100 MB"`, `"1.5 GB"`, `"512kB"`. A unit is 1024 times
//! the one before it, as PostgreSQL has it.

/// The units, with how often 1024 is taken.
const UNITS: [(&str, u32); 6] = [("", 0), ("b", 0), ("kb", 1), ("mb", 2), ("gb", 3), ("tb", 4)];

/// Reads an amount. The error says what may be written.
pub(super) fn read(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let is_number = |letter: char| letter.is_ascii_digit() || letter == '.';
    let end = text.find(|letter| !is_number(letter)).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim().to_ascii_lowercase();
    let power = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, power)| *power);
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let wrong = || "an amount of memory is text, as \"100 MB\", \"512 kB\", \"1 GB\"".to_owned();
    let (Some(power), Ok(whole), Some(tenths)) = (power, whole.parse::<u64>(), tenths(part)) else {
        return Err(wrong());
    };
    let unit = 1_u64 << (10 * power);
    whole
        .checked_mul(unit)
        .and_then(|bytes| bytes.checked_add(unit / 10 * tenths))
        .ok_or_else(wrong)
}

/// The first digit after the point; none where there is something else.
fn tenths(text: &str) -> Option<u64> {
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.get(..1).filter(|_| is_digits)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn amounts_are_read_in_every_unit() {
        let mb = 1 << 20;
        for (text, bytes) in [("100 MB", 100 * mb), ("512kB", mb / 2), ("7", 7), ("2 GB", 2 << 30)]
        {
            assert_eq!(read(text), Ok(bytes), "{text}");
        }
        assert_eq!(read("1.5 MB"), Ok(mb + mb / 10 * 5));
        for text in ["", "MB", "-1 MB", "1 mile", "1.x MB", "99999999999999999999 TB"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
