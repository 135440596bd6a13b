//! Which files apply: the project's, found upwards from the working folder, and its folder.
//!
//! Nothing is read here.

use std::path::{Path, PathBuf};

use crate::problem::{Problem, Result};

/// The project file's name.
pub const PROJECT_FILE: &str = "dbstudio.toml";

/// The project file: the one asked for, else the nearest one upwards from the working folder.
///
/// # Errors
/// When the one asked for is not there.
pub fn project_file(asked: Option<&Path>, working_folder: &Path) -> Result<Option<PathBuf>> {
    let Some(asked) = asked else {
        let mut folders = working_folder.ancestors().map(|folder| folder.join(PROJECT_FILE));
        return Ok(folders.find(|file| file.is_file()));
    };
    let file = working_folder.join(asked);
    if file.is_dir() {
        // Naming the project's folder says as plainly which file is meant.
        let inside = file.join(PROJECT_FILE);
        if inside.is_file() {
            return Ok(Some(inside));
        }
    } else if file.exists() {
        return Ok(Some(file));
    }
    Err(Problem::usage(
        format!("There is no configuration file {}", file.display()),
        "--config names it",
        format!("Check the path, or leave --config out to have {PROJECT_FILE} looked for"),
    ))
}

#[cfg(test)]
mod tests {
    use super::project_file;
    use std::path::Path;

    #[test]
    fn the_nearest_project_file_upwards_is_found() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b/c");
        std::fs::create_dir_all(&deep).unwrap();
        assert_eq!(project_file(None, &deep).unwrap(), None);
        let outer = root.path().join("dbstudio.toml");
        std::fs::write(&outer, "").unwrap();
        assert_eq!(project_file(None, &deep).unwrap(), Some(outer.clone()));
        let inner = root.path().join("a/b/dbstudio.toml");
        std::fs::write(&inner, "").unwrap();
        assert_eq!(project_file(None, &deep).unwrap(), Some(inner));
        let asked = Path::new("../../../dbstudio.toml");
        assert_eq!(project_file(Some(asked), &deep).unwrap(), Some(deep.join(asked)));
        assert_eq!(project_file(Some(root.path()), &deep).unwrap(), Some(outer));
        let missing = project_file(Some(Path::new("no.toml")), &deep).unwrap_err();
        assert!(missing.what.ends_with("a/b/c/no.toml"), "{missing}");
    }
}
