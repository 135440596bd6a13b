//! Days and seconds as texts, and back, in UTC and the calendar of ISO 8601. Pure.

/// The seconds of a day.
pub(super) const DAY: i64 = 86_400;

/// The first second of a year, since 1970.
pub(super) fn of_year(year: i64) -> i64 {
    days(year, 1, 1) * DAY
}

/// The days from 1970-01-01 to a date of the Gregorian calendar (H. Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms", days_from_civil).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date so many days after 1970-01-01 (the same source, civil_from_days).
pub(super) fn date(days: i64) -> String {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days - era * 146_097;
    let years = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * years + years / 4 - years / 100);
    let place = (5 * of_year + 2) / 153;
    let day = of_year - (153 * place + 2) / 5 + 1;
    let month = if place < 10 { place + 3 } else { place - 9 };
    let year = years + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The time of day so many seconds after midnight.
pub(super) fn time(seconds: i64) -> String {
    let seconds = seconds.rem_euclid(DAY);
    format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// The moment so many seconds after 1970.
pub(in crate::ops) fn moment(seconds: i64) -> String {
    format!("{} {}", date(seconds.div_euclid(DAY)), time(seconds))
}

/// The seconds of a moment or date as it is written, its zone left out of account.
pub(super) fn read(text: &str) -> Option<i64> {
    let (date, time) = text.trim().split_once([' ', 'T']).unwrap_or((text.trim(), ""));
    let mut parts = date.splitn(3, '-').map(str::parse::<i64>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let mut parts = time.splitn(3, ':').map(|part| {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<i64>().unwrap_or(0)
    });
    let mut next = || parts.next().unwrap_or(0);
    Some(days(year, month, day) * DAY + next() * 3_600 + next() * 60 + next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_and_read() {
        for text in ["1970-01-01 00:00:00", "2024-02-29 23:59:58", "1899-12-31 12:00:01"] {
            assert_eq!(moment(read(text).unwrap()), text);
        }
        assert_eq!(moment(of_year(2020)), "2020-01-01 00:00:00");
        assert_eq!(read("2020-01-02"), Some(of_year(2020) + DAY));
        assert_eq!(read("soon"), None);
    }
}
