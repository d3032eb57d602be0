//! Asking a decider: an event that requests something is appended, and its answer is waited for.

use std::sync::Arc;
use std::time::Duration;

use broker::{Failure, Log};
use domain::Event;
use uuid::Uuid;

use crate::events::{Refused, decode, encode};
use crate::shop::Shop;

/// What was asked: the request's id, and the head of the log before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub id: Uuid,
    pub from: u64,
}

impl Shop {
    /// Appends a request. It is durable when this returns, and will be answered.
    pub(crate) async fn request(&self, event: Event) -> Result<Asked, Refused> {
        let from = self.log().head();
        let append = move |tx: &mut broker::Tx| Ok::<_, Refused>(tx.append(encode(event)?, None));
        let id = self
            .writer()
            .run(move |tx| Box::pin(async move { append(tx) }))
            .await?;
        Ok(Asked { id, from })
    }
}

/// Follows the log until a request is answered. Answers with what it led to first and that event's
/// position; `None` when `patience` has ended before: only whoever asked stops waiting.
pub(crate) async fn answer_to(
    log: &Log,
    asked: Asked,
    patience: Duration,
) -> Result<Option<(Arc<Event>, u64)>, Failure> {
    let answered = async {
        let mut tail = log.tail(asked.from);
        loop {
            for event in tail.next(256).await? {
                if event.causation_id == Some(asked.id) {
                    return decode(&event).map(|decoded| (decoded, event.position));
                }
            }
        }
    };
    match tokio::time::timeout(patience, answered).await {
        Ok(answer) => answer.map(Some),
        Err(_) => Ok(None),
    }
}
