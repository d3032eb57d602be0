//! Which states this process builds anew at the moment, and what came to nothing.

use std::collections::{BTreeMap, BTreeSet};

use parking_lot::Mutex;

/// The rebuilds of this process.
#[derive(Debug, Default)]
pub(crate) struct Rebuilds(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    running: BTreeSet<String>,
    /// Why the last one of a decider came to nothing.
    failed: BTreeMap<String, String>,
}

impl Rebuilds {
    /// Says whether none of this decider was running.
    pub(crate) fn begin(&self, decider: &str) -> bool {
        let mut known = self.0.lock();
        known.failed.remove(decider);
        known.running.insert(decider.to_owned())
    }

    pub(crate) fn end(&self, decider: &str, failed: Option<String>) {
        let mut known = self.0.lock();
        known.running.remove(decider);
        known
            .failed
            .extend(failed.map(|why| (decider.to_owned(), why)));
    }

    pub(crate) fn failures(&self) -> BTreeMap<String, String> {
        self.0.lock().failed.clone()
    }
}
