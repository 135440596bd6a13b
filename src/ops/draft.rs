//! A value on its way through the person's own editor: a file only its owner may read, in a folder
//! of its own, gone once it was read back.
//!
//! Nothing here starts an editor, or removes what could not be read back.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::config::make_folder;
use crate::problem::{Problem, Result};

/// The largest file that is read back, in bytes.
const LARGEST: u64 = 16 << 20;

/// A file that is edited.
#[derive(Debug)]
pub struct DraftFile {
    folder: PathBuf,
    path: PathBuf,
}

impl DraftFile {
    /// Writes a text to a new file with this name. It may block.
    ///
    /// # Errors
    /// The state folder cannot be written to; then nothing is left.
    pub fn write(state: &Path, name: &str, text: &str) -> Result<Self> {
        let drafts = state.join("drafts");
        let failed = |error: std::io::Error| {
            Problem::failed(
                "The value could not be given to your editor",
                format!("{}: {error}", drafts.display()),
                "check the free space and who may write to that folder",
            )
        };
        make_folder(&drafts).map_err(failed)?;
        let number = (0..10_000).find_map(|number| {
            let folder = drafts.join(format!("{}-{number}", std::process::id()));
            fs::create_dir(&folder).ok().map(|()| folder)
        });
        let folder = number
            .ok_or_else(|| failed(std::io::Error::other("no folder for it could be made")))?;
        let draft = Self { path: folder.join(name), folder };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written =
            options.open(&draft.path).and_then(|mut file| file.write_all(text.as_bytes()));
        if let Err(error) = written {
            draft.remove();
            return Err(failed(error));
        }
        Ok(draft)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it back, and removes it once that is done. It may block.
    ///
    /// # Errors
    /// It is gone, too large, or no text; what is there is kept, and the problem says where.
    pub fn read_back(self) -> Result<String> {
        let kept = |why: String| {
            Problem::failed(
                "What the editor wrote was not taken",
                why,
                format!("it is kept as {}", self.path.display()),
            )
        };
        let found = fs::metadata(&self.path).map_err(|error| kept(error.to_string()))?;
        if found.len() > LARGEST {
            return Err(kept(format!("it is longer than {} MiB", LARGEST >> 20)));
        }
        let bytes = fs::read(&self.path).map_err(|error| kept(error.to_string()))?;
        let text = String::from_utf8(bytes);
        let text = text.map_err(|error| {
            kept(format!("byte {} is no UTF-8 text", error.utf8_error().valid_up_to() + 1))
        })?;
        self.remove();
        Ok(text)
    }

    /// Removes it, and what an editor left beside it.
    fn remove(&self) {
        // What stays is private, and in nobody's way.
        drop(fs::remove_dir_all(&self.folder));
    }
}
