//! Asking a decider: an event that requests something is appended, and its answer is waited for.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use broker::{Failure, Log};
use domain::Event;
use uuid::Uuid;

use crate::events::{Refused, decode, encode};
use crate::marks::Marks;
use crate::shop::Shop;

/// What was asked: the request's id, and the head of the log before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub id: Uuid,
    pub from: u64,
}

/// How long what was decided is waited for; what was asked is answered all the same.
const PATIENCE: Duration = Duration::from_secs(8);

impl Shop {
    /// Appends a request. It is durable when this returns, and will be answered.
    pub(crate) async fn request(&self, event: Event) -> Result<Asked, Refused> {
        self.request_marked(event, Marks::default()).await
    }

    /// The same; its envelope says who asks.
    pub(crate) async fn request_marked(
        &self,
        event: Event,
        marks: Marks,
    ) -> Result<Asked, Refused> {
        if let Some(seen) = self.seen_order() {
            let still = async {
                let still = seen.is_as_it_was(self.log(), self.staff_names()).await;
                still.map(|()| event)
            };
            return self.request_of_now(marks, still).await;
        }
        let from = self.log().head();
        let append = move |tx: &mut broker::Tx| {
            Ok::<_, Refused>(tx.append(marks.put_on(encode(event)?), None))
        };
        let id = self
            .writer()
            .run(move |tx| Box::pin(async move { append(tx) }))
            .await?;
        Ok(Asked { id, from })
    }

    /// Appends the request that `decide` comes to, in this process and all others the only one that appends
    /// meanwhile: what it finds in the log and in states is so at that moment. It may read and nothing else, and
    /// briefly.
    pub(crate) async fn request_of_now(
        &self,
        marks: Marks,
        decide: impl Future<Output = Result<Event, Refused>>,
    ) -> Result<Asked, Refused> {
        let mut tx = self.log().begin("shop").await?;
        let from = tx.hold_head().await?;
        let event = decide.await?;
        let id = tx.append(marks.put_on(encode(event)?), None);
        tx.commit().await?;
        Ok(Asked { id, from })
    }

    /// The same as [`Shop::request_of_now`]; answers as [`Shop::answered_at`].
    pub(crate) async fn answered_of_now(
        &self,
        decide: impl Future<Output = Result<Event, Refused>>,
    ) -> Result<Option<(Arc<Event>, u64)>, Refused> {
        let asked = self.request_of_now(Marks::default(), decide).await?;
        Ok(answer_to(self.log(), asked, PATIENCE).await?)
    }

    /// What was decided about a request; `None` when that takes too long.
    pub(crate) async fn answered(&self, asked: Event) -> Result<Option<Event>, Refused> {
        let answer = self.answered_at(asked).await?;
        Ok(answer.map(|(event, _)| (*event).clone()))
    }

    /// Appends several requests in one commit and waits for what is decided about each. What takes too long is
    /// left out; it will be decided all the same.
    pub(crate) async fn all_answered(
        &self,
        asked: Vec<Event>,
    ) -> Result<Vec<(Arc<Event>, u64)>, Refused> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let from = self.log().head();
        let append = move |tx: &mut broker::Tx| {
            let append = |event| Ok::<_, Refused>(tx.append(encode(event)?, None));
            asked
                .into_iter()
                .map(append)
                .collect::<Result<HashSet<Uuid>, _>>()
        };
        let mut open = self
            .writer()
            .run(move |tx| Box::pin(async move { append(tx) }))
            .await?;
        let mut answers = Vec::with_capacity(open.len());
        let answered = async {
            let mut tail = self.log().tail(from);
            while !open.is_empty() {
                for event in tail.next(256).await? {
                    // A service outside may name a request as a cause, and answers none.
                    if event.is_from_outside() {
                        continue;
                    }
                    if event.causation_id.is_some_and(|cause| open.remove(&cause)) {
                        answers.push((decode(&event)?, event.position));
                    }
                }
            }
            Ok::<_, Failure>(())
        };
        if let Ok(answered) = tokio::time::timeout(PATIENCE, answered).await {
            answered?;
        }
        Ok(answers)
    }

    /// The same, of a request whose envelope says who asks.
    pub(crate) async fn answered_marked(
        &self,
        asked: Event,
        marks: Marks,
    ) -> Result<Option<(Arc<Event>, u64)>, Refused> {
        let asked = self.request_marked(asked, marks).await?;
        Ok(answer_to(self.log(), asked, PATIENCE).await?)
    }

    /// The same, with the position of what was decided.
    pub(crate) async fn answered_at(
        &self,
        asked: Event,
    ) -> Result<Option<(Arc<Event>, u64)>, Refused> {
        self.answered_marked(asked, Marks::default()).await
    }

    /// The same, of a request that is handed from one decider to another: what `ends` it, and its position.
    pub(crate) async fn concluded(
        &self,
        asked: Event,
        ends: impl Fn(&Event) -> bool,
    ) -> Result<Option<(Arc<Event>, u64)>, Refused> {
        let asked = self.request(asked).await?;
        let concluded = async {
            let mut tail = self.log().tail(asked.from);
            loop {
                for event in tail.next(256).await? {
                    let is_own = event.id != asked.id && !event.is_from_outside();
                    if event.correlation_id == asked.id && is_own {
                        let answer = decode(&event)?;
                        if ends(&answer) {
                            return Ok::<_, Failure>((answer, event.position));
                        }
                    }
                }
            }
        };
        match tokio::time::timeout(PATIENCE, concluded).await {
            Ok(answer) => Ok(Some(answer?)),
            Err(_) => Ok(None),
        }
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
                if event.causation_id == Some(asked.id) && !event.is_from_outside() {
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
