//! What services of others send into the log. An event is known by its CloudEvents `source` and `id`, and taken once:
//! its row is written in the commit that appends it. All of a request is taken, or nothing.

use std::collections::HashMap;

use broker::{NewEvent, Recorded, Sender, Tx};
use db::Columns;
use serde::Serialize;
use types::{FieldError, Problem};
use uuid::Uuid;

use crate::cloud_event::{CloudEvent, wrong_fields};
use crate::event_schema::EventSchema;
use crate::events::{Refused, internal};
use crate::service_accounts::ServiceAccount;
use crate::shop::Shop;

/// Bytes of one event's content, at most.
pub const MAX_EVENT: usize = 64 * 1024;
/// Events of one request, at most.
pub const MAX_BATCH: usize = 1_000;

/// What became of an event that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Accepted {
    pub source: String,
    pub id: String,
    /// Where it stands in the log.
    pub position: u64,
    /// How the log calls it: what others name as its cause.
    pub logid: Uuid,
    /// It had been taken before: nothing was done.
    pub repeated: bool,
}

/// Ready to be appended.
#[derive(Debug, Clone)]
struct Ready {
    source: String,
    id: String,
    digest: String,
    event: NewEvent,
    cause: Option<Recorded>,
}

impl Shop {
    /// Takes what a service sends; answers in its order. `is_batch` says how wrong fields are named.
    ///
    /// # Errors
    /// 403 for a type that it may not send, 413 for too much, 422 with each field that is wrong, 409
    /// `other-content` where something else was sent under the same source and id. Then nothing is taken.
    pub async fn take_events(
        &self,
        account: &ServiceAccount,
        events: Vec<CloudEvent>,
        is_batch: bool,
    ) -> crate::Result<Vec<Accepted>> {
        let causes = self.causes(account, &events).await?;
        let ready = ready(account, events, &causes, is_batch)?;
        let service = account.name().to_owned();
        let of = service.clone();
        let taken: Result<Vec<_>, Refused> = self
            .writer()
            .run(move |tx| Box::pin(async move { append(tx, &of, ready).await }))
            .await;
        let taken = taken?;
        // What was sent again may have been appended in the very same commit: only now it has a position.
        let ids: Vec<Uuid> = taken.iter().map(|(_, _, id, _)| *id).collect();
        let found = self.log().read_ids(&ids).await.map_err(Refused::from)?;
        let positions: HashMap<Uuid, u64> = found
            .iter()
            .map(|event| (event.id, event.position))
            .collect();
        let accepted = |(source, id, logid, repeated)| {
            Ok(Accepted {
                source,
                id,
                // A damaged event has been taken all the same.
                position: positions.get(&logid).copied().unwrap_or_default(),
                logid,
                repeated,
            })
        };
        taken.into_iter().map(accepted).collect()
    }

    /// The events that are named as causes, by the ids that the log gave them.
    async fn causes(
        &self,
        account: &ServiceAccount,
        events: &[CloudEvent],
    ) -> crate::Result<HashMap<Uuid, Recorded>> {
        let ids: Vec<Uuid> = events
            .iter()
            .filter_map(|event| event.causation_id)
            .collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let found = self.log().read_ids(&ids).await.map_err(Refused::from)?;
        let own = found.into_iter().filter(|event| account.may_name(event));
        Ok(own.map(|event| (event.id, event)).collect())
    }
}

impl ServiceAccount {
    /// Whether it may name an event as a cause: one that it may know of.
    fn may_name(&self, event: &Recorded) -> bool {
        let sent = event.attribute(broker::SERVICE);
        self.may_read(event) || sent.as_deref() == Some(self.name())
    }
}

/// Looks at everything before anything is written.
fn ready(
    account: &ServiceAccount,
    events: Vec<CloudEvent>,
    causes: &HashMap<Uuid, Recorded>,
    is_batch: bool,
) -> crate::Result<Vec<Ready>> {
    let mut schemas: HashMap<String, EventSchema> = HashMap::new();
    let mut wrong = Vec::new();
    let mut ready = Vec::with_capacity(events.len());
    for (number, event) in events.into_iter().enumerate() {
        let at = match is_batch {
            true => format!("/{number}"),
            false => String::new(),
        };
        let granted = account.may_send(&event.kind);
        let granted = granted.map_err(|problem| {
            problem.about(vec![FieldError::new(
                &format!("{at}/type"),
                "may not be sent",
            )])
        })?;
        if event
            .topic
            .as_ref()
            .is_some_and(|topic| *topic != granted.topic)
        {
            let message = format!("is to be {:?}, or left out", granted.topic);
            wrong.push(FieldError::new(&format!("{at}/topic"), message));
        }
        if let Some(schema) = &granted.schema {
            if !schemas.contains_key(&event.kind) {
                let read = EventSchema::read(schema).map_err(internal)?;
                schemas.insert(event.kind.clone(), read);
            }
            if let Some(schema) = schemas.get(&event.kind) {
                wrong.extend(schema.complaints(&event.data, &format!("{at}/data")));
            }
        }
        let cause = event.causation_id.and_then(|id| causes.get(&id)).cloned();
        if event.causation_id.is_some() && cause.is_none() {
            let message = "is to be the id of an event of the log that this service may read";
            wrong.push(FieldError::new(&format!("{at}/causationid"), message));
        }
        let data = serde_json::to_string(&event.data).map_err(internal)?;
        if data.len() > MAX_EVENT {
            return Err(too_large(
                format!("Expected at most {MAX_EVENT} bytes in the data of an event."),
                &format!("{at}/data"),
            ));
        }
        let mut new = NewEvent::new(
            event.kind.clone(),
            granted.topic.clone(),
            event.key(account.name()),
            data,
        );
        for (name, value) in &event.extensions {
            new = new.with(name, value);
        }
        if let Some(story) = event.correlation_id {
            new = new.in_story(story);
        }
        let digest = event.digest();
        new = new.sent_by(Sender {
            service: account.name().to_owned(),
            id: event.id.clone(),
            source: event.source.clone(),
            subject: event.subject,
            time: event.time,
        });
        ready.push(Ready {
            source: event.source,
            id: event.id,
            digest,
            event: new,
            cause,
        });
    }
    match wrong.is_empty() {
        true => Ok(ready),
        false => Err(wrong_fields(wrong)),
    }
}

/// 413 about a field.
pub(crate) fn too_large(detail: String, field: &str) -> Problem {
    let errors = vec![FieldError::new(field, "is too large")];
    Problem {
        kind: "/problems/too-large".to_owned(),
        title: "The request is too large".to_owned(),
        status: 413,
        ..Problem::malformed(detail)
    }
    .about(errors)
}

/// What was taken under a source and an id: the digest of its content, and how the log calls it.
type Known = HashMap<(String, String), (String, Uuid)>;

/// Appends what is new. Answers with source, id, the log's id, and whether it was known.
async fn append(
    tx: &mut Tx,
    service: &str,
    ready: Vec<Ready>,
) -> Result<Vec<(String, String, Uuid, bool)>, Refused> {
    let mut known = known(tx, service, &ready).await?;
    let mut taken = Vec::with_capacity(ready.len());
    let mut new = Vec::new();
    for sent in ready {
        let name = (sent.source.clone(), sent.id.clone());
        if let Some((digest, logid)) = known.get(&name) {
            if *digest != sent.digest {
                return Err(other_content(&sent).into());
            }
            taken.push((sent.source, sent.id, *logid, true));
            continue;
        }
        let logid = tx.append(sent.event, sent.cause.as_ref());
        known.insert(name, (sent.digest.clone(), logid));
        taken.push((sent.source.clone(), sent.id.clone(), logid, false));
        new.push((sent.source, sent.id, sent.digest, logid));
    }
    for (tuples, chunk) in tx.place_rows(&new, 5) {
        let sql = format!(
            "insert into sent_events (service, source, id, digest, event_id) values {tuples} \
             on conflict (service, source, id) do nothing"
        );
        let mut insert = db::query(db::trusted_sql(sql));
        for (source, id, digest, logid) in chunk {
            let logid = logid.to_string();
            insert = insert.bind(service).bind(source).bind(id);
            insert = insert.bind(digest).bind(logid);
        }
        let inserted = insert.execute(tx.conn()).await?.rows_affected();
        if inserted < chunk.len() as u64 {
            // Another process was faster in this very moment. Nothing of this is kept.
            let detail = "The same was sent twice at once. Send it again.";
            return Err(Problem::unavailable(detail).into());
        }
    }
    Ok(taken)
}

/// What of these was taken before.
async fn known(tx: &mut Tx, service: &str, ready: &[Ready]) -> Result<Known, Refused> {
    let mut known = Known::new();
    for (tuples, chunk) in tx.place_rows(ready, 3) {
        let sql = format!(
            "select source, id, digest, event_id from sent_events \
             where (service, source, id) in (values {tuples})"
        );
        let mut query = db::query(db::trusted_sql(sql));
        for sent in chunk {
            query = query.bind(service).bind(&sent.source).bind(&sent.id);
        }
        for row in query.fetch_all(tx.conn()).await? {
            let logid = row.try_get::<&str, _>(3)?.parse();
            let logid = logid.map_err(|_| Refused(internal("an id of an event is none")))?;
            let name = (row.try_get(0)?, row.try_get(1)?);
            known.insert(name, (row.try_get(2)?, logid));
        }
    }
    Ok(known)
}

fn other_content(sent: &Ready) -> Problem {
    let detail = format!(
        "Another event was taken with the source {:?} and the id {:?} before. An id is used for one event; \
         nothing was taken.",
        sent.source, sent.id
    );
    let title = "Another event has this id";
    Problem::conflict("other-content", title, detail)
}
