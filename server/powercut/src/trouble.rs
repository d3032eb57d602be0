//! A disk that fails for a while: full, or with errors.

use std::ffi::c_int;

use libsqlite3_sys::{SQLITE_FULL, SQLITE_IOERR_FSYNC, SQLITE_IOERR_TRUNCATE, SQLITE_IOERR_WRITE};

/// How a disk fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing more can be written. What is there can be read, cut off and synced.
    Full,
    /// Whatever changes the disk ends with an error.
    Error,
}

/// What is asked of a disk that may be in trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Write,
    Truncate,
    Sync,
}

#[derive(Debug, Default)]
pub(crate) struct Trouble {
    fault: Option<Fault>,
    /// Changes that still succeed, and then those that fail.
    spared: usize,
    left: usize,
    failed: usize,
}

impl Trouble {
    pub fn begin(&mut self, fault: Fault, spared: usize, times: usize) {
        *self = Self {
            fault: Some(fault),
            spared,
            left: times,
            failed: 0,
        };
    }

    pub fn end(&mut self) {
        self.fault = None;
    }

    pub fn failed(&self) -> usize {
        self.failed
    }

    /// The result code with which this change fails, if it does.
    pub fn strikes(&mut self, change: Change) -> Option<c_int> {
        let fault = self.fault?;
        let code = match (fault, change) {
            (Fault::Full, Change::Write) => SQLITE_FULL,
            (Fault::Full, Change::Truncate | Change::Sync) => return None,
            (Fault::Error, Change::Write) => SQLITE_IOERR_WRITE,
            (Fault::Error, Change::Truncate) => SQLITE_IOERR_TRUNCATE,
            (Fault::Error, Change::Sync) => SQLITE_IOERR_FSYNC,
        };
        if self.spared > 0 {
            self.spared -= 1;
            return None;
        }
        self.left = self.left.checked_sub(1)?;
        self.failed += 1;
        Some(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_strikes_as_often_as_it_was_told() {
        let mut trouble = Trouble::default();
        assert_eq!(trouble.strikes(Change::Write), None);
        trouble.begin(Fault::Full, 1, 2);
        assert_eq!(trouble.strikes(Change::Sync), None);
        let struck = [(); 4].map(|()| trouble.strikes(Change::Write));
        assert_eq!(struck, [None, Some(SQLITE_FULL), Some(SQLITE_FULL), None]);
        assert_eq!(trouble.failed(), 2);
    }
}
