//! What was asked of a disk, in order.

use std::collections::HashMap;

/// A file from its creation to its deletion; one that is created anew is another file.
pub(crate) type FileId = usize;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Main,
    /// A rollback journal or write-ahead log: its first sync is the folder's, too.
    Journal,
}

#[derive(Debug)]
pub(crate) struct File {
    /// Within the folder.
    pub name: String,
    pub kind: Kind,
}

#[derive(Debug)]
pub(crate) struct Operation {
    pub file: FileId,
    pub what: What,
}

#[derive(Debug)]
pub(crate) enum What {
    Create,
    Write {
        offset: usize,
        bytes: Box<[u8]>,
    },
    /// To this length.
    Truncate(usize),
    Sync {
        /// The operations before this one were complete when the sync began. What others did while it
        /// was under way may have missed it.
        covers: usize,
    },
    Delete {
        /// Whether the folder was synced before it returned.
        synced: bool,
    },
}

/// Each operation is noted when it is complete, so that whoever is told of it afterwards finds it in
/// the record.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub files: Vec<File>,
    pub operations: Vec<Operation>,
    /// What the folder holds now.
    folder: HashMap<String, FileId>,
}

impl Record {
    fn note(&mut self, file: FileId, what: What) {
        self.operations.push(Operation { file, what });
    }

    /// The file of that name, which is a new one if the folder has none.
    pub fn open(&mut self, name: &str, kind: Kind) -> FileId {
        if let Some(&file) = self.folder.get(name) {
            return file;
        }
        let file = self.files.len();
        let name = name.to_owned();
        self.folder.insert(name.clone(), file);
        self.files.push(File { name, kind });
        self.note(file, What::Create);
        file
    }

    pub fn write(&mut self, file: FileId, offset: usize, bytes: &[u8]) {
        let bytes = bytes.into();
        self.note(file, What::Write { offset, bytes });
    }

    pub fn truncate(&mut self, file: FileId, length: usize) {
        self.note(file, What::Truncate(length));
    }

    pub fn sync(&mut self, file: FileId, covers: usize) {
        self.note(file, What::Sync { covers });
    }

    pub fn delete(&mut self, name: &str, synced: bool) {
        if let Some(file) = self.folder.remove(name) {
            self.note(file, What::Delete { synced });
        }
    }

    pub fn folder_changes(&self) -> Vec<usize> {
        let numbered = (1..).zip(&self.operations);
        numbered
            .filter(|(_, operation)| matches!(operation.what, What::Create | What::Delete { .. }))
            .map(|(moment, _)| moment)
            .collect()
    }

    pub fn main_file_syncs(&self) -> usize {
        let is_one = |operation: &&Operation| {
            matches!(operation.what, What::Sync { .. })
                && self.files[operation.file].kind == Kind::Main
        };
        self.operations.iter().filter(is_one).count()
    }
}
