//! The end of the log, in memory: what was just committed is what every consumer wants next, and
//! reading it back from the database once per consumer would cost more than handling it.
//!
//! What comes in here is news, and news may come late, twice, in another order, or not at all: it is
//! put where its position says, and whatever is missing is read from the database.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Recorded;

/// The newest events this process has heard of, by position; there may be holes.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    events: BTreeMap<u64, Arc<Recorded>>,
}

impl Recent {
    /// Events kept at most.
    const CAPACITY: usize = 16_384;

    /// Takes in what was committed.
    pub(crate) fn push(&mut self, committed: &[Arc<Recorded>]) {
        let by_position = committed
            .iter()
            .map(|event| (event.position, event.clone()));
        self.events.extend(by_position);
        while self.events.len() > Self::CAPACITY {
            self.events.pop_first();
        }
    }

    /// Up to `limit` events after `position`, as far as they follow one another; `None` when what comes
    /// after `position` is not known here.
    pub(crate) fn after(&self, position: u64, limit: usize) -> Option<Vec<Arc<Recorded>>> {
        let newest = *self.events.last_key_value()?.0;
        if position == newest {
            return Some(Vec::new());
        }
        let run = (position + 1..)
            .zip(self.events.range(position + 1..))
            .take_while(|(expected, (found, _))| expected == *found)
            .map(|(_, (_, event))| event.clone());
        let run: Vec<_> = run.take(limit).collect();
        (!run.is_empty()).then_some(run)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::NewEvent;

    fn events(positions: impl IntoIterator<Item = u64>) -> Vec<Arc<Recorded>> {
        let event = |position| {
            let event = NewEvent::new("", "", "", "").recorded(Uuid::nil(), 0, "", None);
            Arc::new(Recorded { position, ..event })
        };
        positions.into_iter().map(event).collect()
    }

    fn positions(found: Option<Vec<Arc<Recorded>>>) -> Option<Vec<u64>> {
        found.map(|events| events.iter().map(|event| event.position).collect())
    }

    #[test]
    fn what_is_known_is_found_and_what_is_not_is_not_claimed() {
        let mut recent = Recent::default();
        assert_eq!(positions(recent.after(0, 9)), None);
        recent.push(&events(5..9));
        assert_eq!(positions(recent.after(3, 9)), None);
        assert_eq!(positions(recent.after(4, 2)), Some(vec![5, 6]));
        assert_eq!(positions(recent.after(6, 9)), Some(vec![7, 8]));
        assert_eq!(positions(recent.after(8, 9)), Some(vec![]));
        assert_eq!(positions(recent.after(9, 9)), None, "from the future");
    }

    #[test]
    fn news_may_come_twice_late_and_in_any_order() {
        let mut recent = Recent::default();
        recent.push(&events([7, 5, 5]));
        assert_eq!(
            positions(recent.after(4, 9)),
            Some(vec![5]),
            "up to the hole"
        );
        assert_eq!(positions(recent.after(5, 9)), None, "6 is not known");
        assert_eq!(positions(recent.after(6, 9)), Some(vec![7]));
        recent.push(&events([6, 7]));
        assert_eq!(positions(recent.after(4, 9)), Some(vec![5, 6, 7]));
    }

    #[test]
    fn the_oldest_are_forgotten_first() {
        let mut recent = Recent::default();
        recent.push(&events(1..2 * Recent::CAPACITY as u64));
        assert_eq!(recent.events.len(), Recent::CAPACITY);
        assert_eq!(positions(recent.after(1, 9)), None);
    }
}
