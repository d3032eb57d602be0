//! How services of others read the log: from a position on, what they may read and have asked for, in the order of the
//! log and without a gap.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use broker::{Reach, Recorded, is_like};

use crate::events::{Refused, internal};
use crate::service_accounts::ServiceAccount;
use crate::shop::Shop;

/// What is looked through for one answer.
const POSITIONS: u64 = 50_000;
const TIME: Duration = Duration::from_secs(1);

/// Which events are asked for: patterns, any of which is enough; none for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    pub types: Vec<String>,
    pub topics: Vec<String>,
}

impl Asked {
    pub(crate) fn matches(&self, event: &Recorded) -> bool {
        let is_any = |patterns: &[String], text: &str| {
            patterns.is_empty() || patterns.iter().any(|pattern| is_like(pattern, text))
        };
        is_any(&self.types, &event.kind)
            && is_any(&self.topics, &event.topic)
            && !event.is_stand_in()
    }
}

/// Some events, and how far was looked.
#[derive(Debug, Clone)]
pub struct EventsRead {
    pub events: Vec<Arc<Recorded>>,
    /// Everything up to here was looked at: whoever goes on reads after it.
    pub at: u64,
}

impl Shop {
    /// The events after a position, `limit` at most. Where there are none yet it waits for one until `until` ends, and
    /// for that long only.
    ///
    /// # Errors
    /// 403 for what the service may not read; 500 where the next event is damaged.
    pub async fn read_events(
        &self,
        account: &ServiceAccount,
        asked: &Asked,
        after: u64,
        limit: usize,
        until: impl Future<Output = ()>,
    ) -> crate::Result<EventsRead> {
        account.may_ask_for(&asked.types, &asked.topics)?;
        let is_it = |event: &Recorded| asked.matches(event) && account.may_read(event);
        let reach = Reach {
            events: limit,
            positions: POSITIONS,
            time: TIME,
        };
        let log = self.log();
        // What other processes have appended counts from now on.
        log.stored_head().await.map_err(Refused::from)?;
        let (mut events, mut at) = log
            .search_on(after, reach, is_it)
            .await
            .map_err(unreadable)?;
        tokio::pin!(until);
        while events.is_empty() {
            let mut tail = log.tail(at);
            let next = tokio::select! {
                next = tail.next(limit) => next.map_err(unreadable)?,
                () = &mut until => break,
            };
            at = next.last().map_or(at, |event| event.position);
            events = next.into_iter().filter(|event| is_it(event)).collect();
        }
        Ok(EventsRead { events, at })
    }
}

/// What to say of a log that cannot be read on.
pub(crate) fn unreadable(error: broker::Error) -> types::Problem {
    if error.is_damage() {
        let mut problem = internal(&error);
        problem.detail =
            format!("{error}. Whoever reads waits there until staff have decided about it.");
        return problem;
    }
    Refused::from(error).into()
}
