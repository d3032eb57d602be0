//! Cuts the power of a disk, or has it fail for a while, in tests: an SQLite VFS (<https://www.sqlite.org/vfs.html>) that records
//! what SQLite asks of the disk, and from the record builds what the disk would hold had the power
//! failed at a given moment. One recording serves any number of cuts.
//!
//! The disk is as bad as SQLite's own assumptions allow
//! (<https://www.sqlite.org/atomiccommit.html>, "Hardware Assumptions"):
//!
//! - **Durability.** What was written to a file before an `xSync` of that file *began* is there once
//!   the sync has *returned*. The disk does not lie about that; nothing else is promised.
//! - **Order.** Of the later writes and truncations any subset may be there, whatever their order, and
//!   those of one file without those of another.
//! - **Atomicity.** None. A write reaches the disk in sectors of 512 bytes, each for itself, or ends at
//!   any byte.
//! - **Length.** A file may have grown although what it grew by was not written: garbage stands there.
//! - **Overwriting.** A write changes no byte outside its range (`SQLITE_IOCAP_POWERSAFE_OVERWRITE`, in
//!   which SQLite trusts unless told otherwise).
//! - **Folder.** Files come and go in the order asked for, as in a file system with a journal, but not
//!   at once: a deleted file may be back and a new one missing. The first sync of a new journal or
//!   write-ahead log makes the folder durable, because SQLite's unix VFS then syncs the folder, too; so
//!   does a deletion that asks for it.
//!
//! The `-shm` file is an index in memory that SQLite rebuilds; it is not carried over.

mod cut;
mod record;
mod trouble;
#[expect(
    unsafe_code,
    reason = "SQLite calls a VFS through C function pointers and hands it C memory"
)]
mod vfs;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;

use crate::record::Record;
use crate::trouble::Trouble;

pub use crate::trouble::Fault;

pub use crate::cut::Unsynced;
pub use crate::vfs::Error;

/// A disk that remembers all that was asked of it; a handle that is cheap to clone. Each has a VFS of its own, which stays registered
/// for as long as the process lives: SQLite may hold files open behind it. Keep one folder per disk,
/// empty at first: files are known by their names.
#[derive(Debug, Clone)]
pub struct Disk {
    vfs: Arc<str>,
    record: Arc<Mutex<Record>>,
    trouble: Arc<Mutex<Trouble>>,
}

impl Disk {
    /// # Errors
    /// When SQLite has no VFS of its own or does not accept this one.
    pub fn new() -> Result<Self, Error> {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let vfs = format!("powercut-{number}");
        let record = Arc::<Mutex<Record>>::default();
        let trouble = Arc::<Mutex<Trouble>>::default();
        vfs::register(&vfs, record.clone(), trouble.clone())?;
        Ok(Self {
            vfs: vfs.into(),
            record,
            trouble,
        })
    }

    /// The name under which SQLite knows it: `?vfs=…` in a connection's URL.
    pub fn vfs(&self) -> &str {
        &self.vfs
    }

    /// How much was recorded so far. It grows with each thing done to the disk.
    pub fn moment(&self) -> usize {
        self.record.lock().operations.len()
    }

    /// From now on the disk fails: `spared` changes succeed, and the next `times` that the fault
    /// concerns do not.
    pub fn fail(&self, fault: Fault, spared: usize, times: usize) {
        self.trouble.lock().begin(fault, spared, times);
    }

    /// The disk is sound again. Answers with how many changes have failed.
    pub fn mend(&self) -> usize {
        let mut trouble = self.trouble.lock();
        trouble.end();
        trouble.failed()
    }

    /// The moments at which a file had just come or gone. They are few among many, and delicate.
    pub fn folder_changes(&self) -> Vec<usize> {
        self.record.lock().folder_changes()
    }

    /// How many syncs of the main database file were recorded: each checkpoint makes one.
    pub fn main_file_syncs(&self) -> usize {
        self.record.lock().main_file_syncs()
    }

    /// Writes into `folder` what the disk would hold had the power failed at `moment`.
    ///
    /// # Errors
    /// When `folder` cannot be written to.
    pub fn cut(&self, moment: usize, unsynced: Unsynced, folder: &Path) -> std::io::Result<()> {
        let record = self.record.lock();
        for (name, bytes) in cut::files_after(&record, moment, unsynced) {
            std::fs::write(folder.join(name), bytes)?;
        }
        Ok(())
    }
}
