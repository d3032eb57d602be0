//! Events that nobody hears: whoever appended one expects something to follow, and nothing will.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::event::BROKER;
use crate::{Filter, Recorded};

/// Topics and types that are counted; there are never so many but by a defect.
const MAX_KINDS: usize = 1_000;

/// Events of a type that nobody has heard since the process began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unheard {
    pub topic: String,
    pub kind: String,
    pub events: u64,
    pub last_position: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Hearers {
    filters: Vec<Filter<'static>>,
    unheard: BTreeMap<(String, String), (u64, u64)>,
}

impl Hearers {
    pub fn add(&mut self, filter: Filter<'static>) {
        self.filters.push(filter);
    }

    /// Counts what nobody hears. A process that runs no consumers, as a command does, does not know.
    pub fn look_at(&mut self, events: &[Arc<Recorded>]) {
        if self.filters.is_empty() {
            return;
        }
        for event in events {
            let is_heard =
                event.topic == BROKER || self.filters.iter().any(|filter| filter.matches(event));
            if is_heard {
                continue;
            }
            let kind = (event.topic.clone(), event.kind.clone());
            if self.unheard.len() >= MAX_KINDS && !self.unheard.contains_key(&kind) {
                continue;
            }
            let (count, last) = self.unheard.entry(kind).or_insert((0, 0));
            if *count == 0 {
                let (kind, position) = (&event.kind, event.position);
                tracing::warn!(kind, position, "nobody hears events of this type");
            }
            *count += 1;
            *last = event.position;
        }
    }

    pub fn unheard(&self) -> Vec<Unheard> {
        let unheard = self.unheard.iter();
        let unheard = unheard.map(|((topic, kind), (events, last))| Unheard {
            topic: topic.clone(),
            kind: kind.clone(),
            events: *events,
            last_position: *last,
        });
        unheard.collect()
    }
}
