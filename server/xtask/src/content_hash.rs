//! Names for content: the same bytes get the same name, on every machine and on every day.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use crate::workspace::files_below;

/// 64 bits are plenty to tell one build from the next, and keep the URLs short.
const LENGTH: usize = 16;

#[derive(Default)]
pub struct ContentHash(Sha256);

impl ContentHash {
    /// Adds a named piece. The lengths are part of the hash, so that moving a byte from one piece to
    /// its neighbour, or from a name to its content, changes the result.
    pub fn add(&mut self, name: &str, content: &[u8]) {
        for part in [name.as_bytes(), content] {
            self.0.update((part.len() as u64).to_le_bytes());
            self.0.update(part);
        }
    }

    /// Adds every file below a folder, by its path inside that folder.
    pub fn add_folder(&mut self, folder: &Path) -> Result<()> {
        for file in files_below(folder)? {
            let name = file
                .strip_prefix(folder)
                .context("a file outside its folder")?;
            let content = fs::read(&file).with_context(|| format!("read {}", file.display()))?;
            self.add(&name.to_string_lossy(), &content);
        }
        Ok(())
    }

    pub fn finish(self) -> String {
        let mut hex = self
            .0
            .finalize()
            .iter()
            .fold(String::new(), |mut hex, byte| {
                // Writing to a String cannot fail.
                let _ = write!(hex, "{byte:02x}");
                hex
            });
        hex.truncate(LENGTH);
        hex
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(pieces: &[(&str, &str)]) -> String {
        let mut hash = ContentHash::default();
        for (name, content) in pieces {
            hash.add(name, content.as_bytes());
        }
        hash.finish()
    }

    #[test]
    fn equal_content_has_an_equal_short_name() {
        let name = hash(&[("app.js", "1")]);
        assert_eq!(name, hash(&[("app.js", "1")]));
        assert_eq!(name.len(), LENGTH);
        assert!(name.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }

    #[test]
    fn every_difference_shows() {
        let one = hash(&[("app.js", "12"), ("b", "")]);
        assert_ne!(one, hash(&[("app.js", "13"), ("b", "")]), "content");
        assert_ne!(one, hash(&[("app2.js", "12"), ("b", "")]), "name");
        assert_ne!(
            one,
            hash(&[("app.js", "1"), ("b", "2")]),
            "where content ends"
        );
        assert_ne!(
            one,
            hash(&[("app.js1", "2"), ("b", "")]),
            "where a name ends"
        );
    }

    #[test]
    fn a_folder_is_hashed_by_paths_inside_it() -> Result<()> {
        let of = |content: &str| -> Result<String> {
            let folder = tempfile::tempdir()?;
            fs::create_dir(folder.path().join("sub"))?;
            fs::write(folder.path().join("sub/a.css"), content)?;
            let mut hash = ContentHash::default();
            hash.add_folder(folder.path())?;
            Ok(hash.finish())
        };
        assert_eq!(of("x")?, of("x")?, "the folder's own place must not count");
        assert_ne!(of("x")?, of("y")?);
        Ok(())
    }
}
