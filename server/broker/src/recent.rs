//! The end of the log, in memory: what was just committed is what every consumer wants next, and
//! reading it back from the database once per consumer would cost more than handling it.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::Recorded;

/// A run of events without a gap that ends at the newest commit this process knows.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    events: VecDeque<Arc<Recorded>>,
}

impl Recent {
    /// Events kept at most.
    const CAPACITY: usize = 16_384;

    /// Takes in what was just committed. Commits may be told in another order than they happened:
    /// then the run begins anew, and readers that need what is before it go to the database.
    pub(crate) fn push(&mut self, committed: &[Arc<Recorded>]) {
        let Some(first) = committed.first() else {
            return;
        };
        if self
            .events
            .back()
            .is_some_and(|last| last.position + 1 != first.position)
        {
            self.events.clear();
        }
        self.events.extend(committed.iter().cloned());
        let excess = self.events.len().saturating_sub(Self::CAPACITY);
        self.events.drain(..excess);
    }

    /// Up to `limit` events after `position`; `None` when the run does not reach back that far.
    pub(crate) fn after(&self, position: u64, limit: usize) -> Option<Vec<Arc<Recorded>>> {
        let first = self.events.front()?.position;
        let skip = (position + 1).checked_sub(first)?;
        let skip = usize::try_from(skip).ok()?;
        Some(self.events.iter().skip(skip).take(limit).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn events(positions: std::ops::Range<u64>) -> Vec<Arc<Recorded>> {
        let event = |position| {
            Arc::new(Recorded {
                position,
                id: Uuid::nil(),
                source: String::new(),
                kind: String::new(),
                subject: String::new(),
                time_us: 0,
                topic: String::new(),
                key: String::new(),
                correlation_id: Uuid::nil(),
                causation_id: None,
                data: String::new(),
            })
        };
        positions.map(event).collect()
    }

    fn positions(found: Option<Vec<Arc<Recorded>>>) -> Option<Vec<u64>> {
        found.map(|events| events.iter().map(|event| event.position).collect())
    }

    #[test]
    fn what_is_in_the_run_is_found_and_what_is_before_it_is_not_claimed() {
        let mut recent = Recent::default();
        assert_eq!(positions(recent.after(0, 9)), None);
        recent.push(&events(5..8));
        assert_eq!(positions(recent.after(3, 9)), None, "4 is unknown here");
        assert_eq!(positions(recent.after(4, 2)), Some(vec![5, 6]));
        assert_eq!(positions(recent.after(7, 9)), Some(vec![]));
        assert_eq!(positions(recent.after(99, 9)), Some(vec![]));
    }

    #[test]
    fn a_gap_begins_the_run_anew_and_the_run_is_bounded() {
        let mut recent = Recent::default();
        recent.push(&events(1..3));
        recent.push(&events(5..6));
        assert_eq!(positions(recent.after(2, 9)), None);
        assert_eq!(positions(recent.after(4, 9)), Some(vec![5]));
        recent.push(&events(6..6 + 2 * Recent::CAPACITY as u64));
        assert_eq!(recent.events.len(), Recent::CAPACITY);
    }
}
