//! The known word nearest to a mistyped one, and mistyped words made safe to repeat.
//!
//! Never repeats text that may hold a password.

/// The known word nearest to `word`, if one is near enough that a typing slip explains it:
/// two slips, or one in three letters of a long word. Case, `-` and `_` don't count.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    let typed = plain(word);
    let allowed = (typed.chars().count() / 3).max(2);
    let distance = |candidate: &str| {
        let candidate = plain(candidate);
        // Two slips in a word of three letters would make any word near.
        let limit = allowed.min(candidate.chars().count().saturating_sub(1));
        let slips = strsim::osa_distance(&typed, &candidate);
        (slips <= limit || starts_it(&typed, &candidate)).then_some(slips)
    };
    known
        .into_iter()
        .filter_map(|candidate| distance(candidate).map(|slips| (slips, candidate)))
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

/// Whether one word is the beginning of the other, as `prod` is of `production`.
fn starts_it(typed: &str, candidate: &str) -> bool {
    typed.chars().count() >= 3 && (candidate.starts_with(typed) || typed.starts_with(candidate))
}

/// `Did you mean x?`, or the words to choose from where none is near.
pub(crate) fn suggestion(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("Did you mean {near}?"),
        None => format!("Known here: {}.", known.join(", ")),
    }
}

/// Text of a person's, in quotes, with control characters escaped; only dots when it looks like
/// an address that may hold a password, or is too long to be a slip of the finger.
pub(crate) fn shown(text: &str) -> String {
    let secretive = text.contains(['@', '=', ':']);
    if secretive || text.chars().count() > 80 { "\"…\"".to_owned() } else { format!("{text:?}") }
}

#[cfg(test)]
mod tests {
    use super::{nearest, shown};

    #[test]
    fn slips_are_seen_and_strangers_are_not() {
        let known = ["url", "protection", "read_only", "time_zone"];
        assert_eq!(nearest("protecton", known), Some("protection"));
        assert_eq!(nearest("readonly", known), Some("read_only"));
        assert_eq!(nearest("Time-Zone", known), Some("time_zone"));
        assert_eq!(nearest("prot", known), Some("protection"));
        assert_eq!(nearest("password", known), None);
        assert_eq!(nearest("xyz", known), None);
    }

    #[test]
    fn what_may_hold_a_password_is_not_repeated() {
        assert_eq!(shown("stagin"), "\"stagin\"");
        assert_eq!(shown("u:secret@host/db"), "\"…\"");
        assert_eq!(shown("a\u{1b}[2J"), "\"a\\u{1b}[2J\"");
    }
}
