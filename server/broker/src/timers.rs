//! Which deadlines of deciders' states have passed.
//!
//! A deadline is a column of the state it follows from, so that none is lost and none outlives its
//! state. What this process has written itself it also keeps in memory, against a clock that nobody
//! sets: a wall clock that jumps ahead ends nothing early, one that is set back delays nothing.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use crate::Environment;
use crate::states::Changed;

/// Deadlines told in one transaction, at most; also rows of one page of the look at the database.
pub(crate) const PAGE: usize = 256;

/// A deadline that has passed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Due {
    pub decider: &'static str,
    pub key: String,
    /// Unix microseconds.
    pub deadline_us: i64,
}

/// The deadlines that this process has written.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    /// Deadline, and when it is due on the clock that nobody sets.
    set: HashMap<(&'static str, String), (i64, i64)>,
    queue: BTreeSet<(i64, &'static str, String)>,
    /// Told, and ignored by their decider: not told again.
    spent: HashSet<Due>,
}

impl Timers {
    /// Takes note of states that were written.
    pub fn follow(&mut self, changes: &[Changed], environment: &Environment) {
        for (decider, _, change) in changes {
            if change.deadline_us == 0 {
                if !self.set.is_empty() {
                    self.remove(decider, &change.key);
                }
                continue;
            }
            let key = (*decider, change.key.clone());
            if (self.set.get(&key)).is_some_and(|(known, _)| *known == change.deadline_us) {
                continue;
            }
            self.remove(decider, &change.key);
            let wait = change.deadline_us.saturating_sub(environment.now_us());
            let due = environment.steady_us().saturating_add(wait.max(0));
            self.queue.insert((due, decider, change.key.clone()));
            self.set.insert(key, (change.deadline_us, due));
        }
    }

    fn remove(&mut self, decider: &'static str, key: &str) {
        let entry = (decider, key.to_owned());
        if let Some((_, due)) = self.set.remove(&entry) {
            self.queue.remove(&(due, decider, entry.1));
        }
    }

    /// Forgets a deadline that does not stand any more.
    pub fn forget(&mut self, due: &Due) {
        let entry = (due.decider, due.key.clone());
        if (self.set.get(&entry)).is_some_and(|(deadline, _)| *deadline == due.deadline_us) {
            self.remove(due.decider, &due.key);
        }
    }

    /// Does not tell a deadline again.
    pub fn spend(&mut self, due: Due) {
        self.forget(&due);
        self.spent.insert(due);
    }

    /// Up to a page of deadlines that have passed, the oldest first.
    pub fn passed(&self, steady_us: i64, can_tell: impl Fn(&str, &str) -> bool) -> Vec<Due> {
        let passed = (self.queue.iter()).take_while(|(due_us, ..)| *due_us <= steady_us);
        let due = passed.filter_map(|(_, decider, key)| {
            let (deadline_us, _) = self.set.get(&(*decider, key.clone()))?;
            can_tell(decider, key).then(|| Due {
                decider,
                key: key.clone(),
                deadline_us: *deadline_us,
            })
        });
        due.take(PAGE).collect()
    }

    /// Microseconds until the next one.
    pub fn next_in(&self, steady_us: i64) -> Option<Duration> {
        // What has passed and cannot be told waits for somebody.
        let (due_us, ..) = self
            .queue
            .range((steady_us + 1, "", String::new())..)
            .next()?;
        let wait = due_us.saturating_sub(steady_us).max(0);
        Some(Duration::from_micros(wait.unsigned_abs()))
    }

    /// Whether this process decides by itself when to tell it.
    pub fn knows(&self, due: &Due) -> bool {
        let entry = (due.decider, due.key.clone());
        let known = self.set.get(&entry);
        known.is_some_and(|(deadline, _)| *deadline == due.deadline_us) || self.spent.contains(due)
    }
}
