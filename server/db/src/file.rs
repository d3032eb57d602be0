//! The file of an SQLite database: private, made once, and noticed when it is gone.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::{Error, Result};

/// Only the owner reads and writes: names, addresses and password hashes stand in these files.
const PRIVATE: u32 = 0o600;
/// What would end the path of a URL, or be taken for a code.
const IN_PATH: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');

/// Where the database is, if it is a file.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseFile {
    /// `None` for a server's.
    path: Option<PathBuf>,
}

/// A database file that was opened.
#[derive(Debug, Clone)]
pub(crate) struct OpenedFile {
    /// Path, device and number of the file.
    opened: Option<(PathBuf, u64, u64)>,
}

impl DatabaseFile {
    pub fn of(url: &str) -> Self {
        let path = url.strip_prefix("sqlite:").map(|path| {
            let path = path.strip_prefix("//").unwrap_or(path);
            let path = path.split_once('?').map_or(path, |(path, _)| path);
            PathBuf::from(&*percent_decode_str(path).decode_utf8_lossy())
        });
        Self { path }
    }

    /// Of a server there is none.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The URL of the file at `path`.
    pub fn url(path: &Path) -> String {
        let path = path.display().to_string();
        format!("sqlite:{}", utf8_percent_encode(&path, IN_PATH))
    }

    /// Of a server it is not known.
    pub fn exists(&self) -> bool {
        self.path.as_deref().is_none_or(Path::is_file)
    }

    /// Makes an empty file when there is none and never was one, and sees to it that nobody else reads
    /// it or what stands beside it.
    pub fn prepare(&self) -> Result<()> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            let mut made = DirBuilder::new();
            made.recursive(true).mode(0o700);
            made.create(folder).map_err(|error| {
                Error::Setting(format!("cannot create {}: {error}", folder.display()))
            })?;
        }
        if !path.exists() {
            self.expect_first_start(path)?;
            let made = private().create_new(true).open(path);
            match made {
                Ok(_) => {}
                // Another process was faster.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => {
                    let path = path.display();
                    return Err(Error::Setting(format!("cannot create {path}: {error}")));
                }
            }
        }
        for suffix in ["", "-wal", "-shm"] {
            make_private(&beside(path, suffix));
        }
        Ok(())
    }

    /// A shop that stood here is not replaced by a new one.
    fn expect_first_start(&self, path: &Path) -> Result<()> {
        for suffix in [MARKER, "-wal"] {
            let left = beside(path, suffix);
            if left.exists() {
                let (path, left) = (path.display(), left.display());
                return Err(Error::Setting(format!(
                    "the database {path} is gone, but {left} shows that there was one: put the \
                     database back, from a backup if need be. To begin a new shop instead, remove \
                     {left}"
                )));
            }
        }
        Ok(())
    }

    /// The file as it is now.
    pub fn opened(&self) -> Result<OpenedFile> {
        let Some(path) = &self.path else {
            return Ok(OpenedFile { opened: None });
        };
        let unreadable = |error| Error::Setting(format!("cannot read {}: {error}", path.display()));
        let metadata = fs::metadata(path).map_err(unreadable)?;
        Ok(OpenedFile {
            opened: Some((path.clone(), metadata.dev(), metadata.ino())),
        })
    }

    /// Notes beside the database that there is one, which, and how far its log goes.
    pub fn note(&self, noted: &Noted) {
        let Some(path) = &self.path else {
            return;
        };
        let (marker, draft) = (beside(path, MARKER), beside(path, "-exists-draft"));
        let text = noted.text();
        // At once whole: half a note is none.
        let written = private()
            .create(true)
            .truncate(true)
            .open(&draft)
            .and_then(|mut file: File| file.write_all(text.as_bytes()))
            .and_then(|()| fs::rename(&draft, &marker));
        if let Err(error) = written {
            tracing::warn!(%error, "cannot write {}", marker.display());
        }
    }

    /// Whether the database that was here last is not this one, or had more in its log. Of a server's
    /// nothing is noted here.
    pub fn was_restored(&self, identity: &str, head: u64) -> bool {
        let Some(path) = &self.path else {
            return false;
        };
        let text = fs::read_to_string(beside(path, MARKER)).unwrap_or_default();
        Noted::read(&text).is_none_or(|noted| noted.identity != identity || noted.head > head)
    }
}

/// Stands beside a database as long as there is to be one.
const MARKER: &str = "-exists";
const MARKER_TEXT: &str = "There is a database beside this file. As long as this file is here, a \
missing database is an error, and no new shop is begun in its place.";

/// What the mark beside the database says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Noted {
    pub identity: String,
    pub head: u64,
}

impl Noted {
    fn text(&self) -> String {
        let Self { identity, head } = self;
        format!("{MARKER_TEXT}\nlog {identity} up to {head}\n")
    }

    fn read(text: &str) -> Option<Self> {
        let line = text.lines().last()?;
        let (identity, head) = line.strip_prefix("log ")?.split_once(" up to ")?;
        Some(Self {
            identity: identity.to_owned(),
            head: head.parse().ok()?,
        })
    }
}

impl OpenedFile {
    /// Whether the file is still the one that was opened. What is written to a file that was removed
    /// or replaced is seen by nobody after a restart.
    pub fn check(&self) -> Result<()> {
        let Some((path, device, number)) = &self.opened else {
            return Ok(());
        };
        let lost = |what: String| Error::FileLost(format!("{} {what}", path.display()));
        let found = fs::metadata(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => lost("was removed; put it back and restart the shop".into()),
            _ => lost(format!("cannot be looked at: {error}")),
        })?;
        if (found.dev(), found.ino()) == (*device, *number) {
            Ok(())
        } else {
            Err(lost("was replaced by another; restart the shop".into()))
        }
    }

    /// Of a server there is none.
    pub fn path(&self) -> Option<&Path> {
        self.opened.as_ref().map(|(path, ..)| path.as_path())
    }

    /// Bytes of the write-ahead log's file.
    pub fn wal_bytes(&self) -> u64 {
        let Some((path, ..)) = &self.opened else {
            return 0;
        };
        fs::metadata(beside(path, "-wal")).map_or(0, |log| log.len())
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(PRIVATE);
    options
}

fn make_private(path: &Path) {
    let Ok(metadata) = fs::metadata(path) else {
        return;
    };
    if metadata.mode() & 0o777 & !PRIVATE != 0
        && let Err(error) = fs::set_permissions(path, Permissions::from_mode(PRIVATE))
    {
        tracing::warn!(%error, "others on this machine may read {}", path.display());
    }
}

pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_as_it_was_written() {
        let noted = Noted {
            identity: "00ff".to_owned(),
            head: 17,
        };
        assert_eq!(Noted::read(&noted.text()), Some(noted));
        assert_eq!(Noted::read(MARKER_TEXT), None);
    }

    #[test]
    fn a_path_stands_in_a_url_and_comes_back() {
        let path = Path::new("/a folder/100%?/shop#1.db");
        assert_eq!(
            DatabaseFile::of(&DatabaseFile::url(path)).path.as_deref(),
            Some(path)
        );
        let with_vfs = DatabaseFile::of("sqlite:///data/shop.db?vfs=cut");
        assert_eq!(with_vfs.path.as_deref(), Some(Path::new("/data/shop.db")));
        assert!(DatabaseFile::of("postgres://a@b/c").path.is_none());
    }
}
