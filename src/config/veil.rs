//! An address as it is being typed, its password hidden.
//!
//! What is typed may be unfinished and may be no address at all, so this errs on the side of
//! hiding. It keeps every character's place: a cursor in the text is a cursor in what is shown.

/// What each hidden character is shown as.
const DOT: char = '•';

/// The text with whatever is, or may become, a password in it hidden: after the name in
/// `scheme://name:…@`, and after `password=` in a query or among keywords.
pub fn veiled(text: &str) -> String {
    let mut out: Vec<char> = text.chars().collect();
    if let Some((from, to)) = in_authority(text) {
        hide(&mut out, text, from, to);
    }
    let lower = text.to_ascii_lowercase();
    for word in ["password", "pgpassword", "sslpassword"] {
        for (at, _) in lower.match_indices(word) {
            let after = lower.get(at + word.len()..).unwrap_or("");
            let blanks = after.len() - after.trim_start().len();
            if after.trim_start().starts_with('=') {
                let from = at + word.len() + blanks + 1;
                let rest = text.get(from..).unwrap_or("");
                hide(&mut out, text, from, from + value_length(rest));
            }
        }
    }
    out.into_iter().collect()
}

/// The bytes between the colon after the user's name and the last `@`. While no `@` was typed,
/// what follows the colon may be a port: it is one for sure once a slash or a question mark
/// follows digits.
fn in_authority(text: &str) -> Option<(usize, usize)> {
    let start = text.find("://")? + 3;
    let rest = text.get(start..)?;
    let colon = rest.find(':')?;
    let from = start + colon + 1;
    let tail = text.get(from..)?;
    if let Some(at) = tail.rfind('@') {
        return Some((from, from + at));
    }
    let digits = tail.bytes().take_while(u8::is_ascii_digit).count();
    let port = matches!(tail.as_bytes().get(digits), Some(b'/' | b'?'));
    (!port).then_some((from, text.len()))
}

/// The length of a value: up to `&` in a query, the closing quote, or the next blank.
fn value_length(rest: &str) -> usize {
    let trimmed = rest.trim_start();
    let blanks = rest.len() - trimmed.len();
    let end = match trimmed.strip_prefix('\'') {
        Some(quoted) => {
            let mut escaped = false;
            let close = quoted.char_indices().find(|(_, letter)| {
                let ends = *letter == '\'' && !escaped;
                escaped = *letter == '\\' && !escaped;
                ends
            });
            close.map_or(trimmed.len(), |(at, _)| at + 2)
        }
        None => trimmed.find(['&', ' ']).unwrap_or(trimmed.len()),
    };
    blanks + end
}

fn hide(out: &mut [char], text: &str, from: usize, to: usize) {
    for (shown, (at, _)) in out.iter_mut().zip(text.char_indices()) {
        if (from..to).contains(&at) {
            *shown = DOT;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_hidden_while_it_is_typed() {
        for (typed, shown) in [
            ("postgres://ada:hunter2@db/shop", "postgres://ada:•••••••@db/shop"),
            ("postgres://ada:hun", "postgres://ada:•••"),
            ("postgres://ada:p@ss@db", "postgres://ada:••••@db"),
            ("postgres://localhost:5432/shop", "postgres://localhost:5432/shop"),
            ("postgres://localhost:54", "postgres://localhost:••"),
            ("host=db password=secret user=ada", "host=db password=•••••• user=ada"),
            ("host=db password = 'a b' user=ada", "host=db password =•••••• user=ada"),
            ("postgres:///shop?user=a&password=secret", "postgres:///shop?user=a&password=••••••"),
            ("shop.db", "shop.db"),
            ("größe://ä:ü@x", "größe://ä:•@x"),
        ] {
            assert_eq!(veiled(typed), shown);
            assert_eq!(veiled(typed).chars().count(), typed.chars().count());
        }
    }
}
