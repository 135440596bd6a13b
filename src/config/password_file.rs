//! The password file, `~/.pgpass` (PostgreSQL manual, section 34.16 "The Password File").
//!
//! A file that others may read is not read, as libpq has it.

use std::path::{Path, PathBuf};

use super::{Secret, Variables, disk, places};

/// What is looked up.
pub(super) struct Wanted<'a> {
    /// The host as libpq compares it: `localhost` for the usual socket folders.
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) database: &'a str,
    pub(super) user: &'a str,
}

/// The file that applies: the one named, or `~/.pgpass`.
pub(super) fn path(named: Option<&str>, variables: &Variables) -> Option<PathBuf> {
    match named {
        Some(named) => Some(PathBuf::from(named)),
        None => places::home(variables).map(|home| home.join(".pgpass")),
    }
}

/// The password in the file, and what is wrong with the file, if anything.
pub(super) fn look_up(path: &Path, wanted: &Wanted<'_>) -> (Option<Secret>, Option<String>) {
    let ignored = |why: &str, fix: &str| {
        (None, Some(format!("The password file {} was ignored: {why}; {fix}", path.display())))
    };
    if !path.exists() {
        return (None, None);
    }
    if !path.is_file() {
        return ignored("it is not a plain file", "make it one, or name another in PGPASSFILE");
    }
    if disk::others_can_read(path) {
        let fix = format!("run chmod 0600 {}", path.display());
        return ignored("others can read it", &fix);
    }
    match disk::read_if_there(path) {
        Ok(text) => (text.as_deref().and_then(|text| find(text, wanted)), None),
        Err(problem) => ignored(&problem.why, &problem.fix),
    }
}

/// The password of the first line that fits.
fn find(text: &str, wanted: &Wanted<'_>) -> Option<Secret> {
    let port = wanted.port.to_string();
    let wanted = [wanted.host, &port, wanted.database, wanted.user];
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = fields(line).into_iter();
        let fits = wanted.iter().all(|wanted| {
            // A star stands for anything, unless it is escaped and so a name.
            fields.next().is_some_and(|field| field.raw == "*" || field.text == **wanted)
        });
        if let (true, Some(password)) = (fits, fields.next()) {
            return Some(Secret::new(password.text));
        }
    }
    None
}

struct Field<'a> {
    raw: &'a str,
    text: String,
}

/// The fields of a line: parted by colons, `\:` and `\\` being a colon and a backslash.
fn fields(line: &str) -> Vec<Field<'_>> {
    let mut fields = Vec::new();
    let (mut start, mut text) = (0, String::new());
    let mut letters = line.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => text.extend(letters.next().map(|(_, letter)| letter)),
            ':' => {
                let raw = line.get(start..at).unwrap_or_default();
                fields.push(Field { raw, text: std::mem::take(&mut text) });
                start = at + 1;
            }
            letter => text.push(letter),
        }
    }
    fields.push(Field { raw: line.get(start..).unwrap_or_default(), text });
    fields
}

#[cfg(test)]
mod tests {
    use super::{Wanted, find};

    #[test]
    fn the_first_line_that_fits_gives_the_password() {
        let wanted = Wanted { host: "db.example.com", port: 5432, database: "shop", user: "ada" };
        let cases = [
            ("db.example.com:5432:shop:ada:one", Some("one")),
            ("*:*:*:*:any", Some("any")),
            ("*:5433:*:*:no\n*:*:shop:*:yes\n*:*:*:*:late", Some("yes")),
            ("# *:*:*:*:no", None),
            ("db.example.com:5432:shop:ada:a\\:b\\\\c", Some("a:b\\c")),
            ("db.example.com:5432:shop:ada:a:b", Some("a")),
            ("\\*:*:*:*:no", None),
            ("db.example.com:5432:shop", None),
            ("", None),
            ("db.example.com:5432:shop:ada:crlf\r\n", Some("crlf")),
        ];
        for (text, password) in cases {
            let found = find(text, &wanted);
            assert_eq!(found.as_ref().map(super::Secret::reveal), password, "{text}");
        }
        let star = Wanted { host: "*", port: 1, database: "a:b", user: "u" };
        assert!(find("\\*:1:a\\:b:u:p", &star).is_some());
    }
}
