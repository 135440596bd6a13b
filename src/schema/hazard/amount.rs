//! Amounts in words: counts, sizes and times as a person reads them.

use std::time::Duration;

/// A number with its thousands set apart: `12,431`.
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 row`, `12,431 rows`.
pub fn counted(amount: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(amount), if amount == 1 { one } else { many })
}

/// A size: `8.2 kB`, `3.1 MB`, in powers of 1024 as PostgreSQL prints them.
pub fn bytes(size: u64) -> String {
    let mut unit = 0u32;
    while unit < 4 && size >> (10 * (unit + 1)) > 0 {
        unit += 1;
    }
    let name = ["bytes", "kB", "MB", "GB", "TB"].get(unit as usize).copied().unwrap_or("TB");
    if unit == 0 {
        return format!("{size} {name}");
    }
    let tenths = (u128::from(size) * 10) >> (10 * unit);
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

/// A time: `40 ms`, `3 s`, `12 min`.
pub(super) fn lasting(time: Duration) -> String {
    match time.as_millis() {
        0 => "less than 1 ms".to_owned(),
        millis @ 1..1_000 => format!("{millis} ms"),
        millis @ 1_000..120_000 => format!("{} s", millis / 1_000),
        millis => format!("{} min", millis / 60_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_at_a_glance() {
        assert_eq!(number(12_431), "12,431");
        assert_eq!((number(7), number(1_000_000)), ("7".into(), "1,000,000".into()));
        assert_eq!(counted(1, "row", "rows"), "1 row");
        assert_eq!(bytes(8_192 + 200), "8.1 kB");
        assert_eq!((bytes(12), bytes(3 << 30)), ("12 bytes".into(), "3.0 GB".into()));
        assert_eq!(lasting(Duration::from_millis(40)), "40 ms");
        assert_eq!(lasting(Duration::from_secs(720)), "12 min");
    }
}
