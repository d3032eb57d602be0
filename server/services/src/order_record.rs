//! An order's record: each of its steps with the hash that chains it to all events before it. Whoever keeps it
//! can find out later whether the shop's log still has these steps as they were.
//!
//! It holds no content: neither names nor amounts, only what happened when, and hashes.

use broker::{Link, Log};
use serde::{Deserialize, Serialize};
use types::order::order_number;
use types::{OrderId, ShopperId};

use crate::events::{Refused, internal};
use crate::shop::Shop;

/// A place of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogHead {
    pub position: u64,
    pub hash: Link,
}

/// What happened at a place of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedStep {
    /// The CloudEvents type.
    #[serde(rename = "type")]
    pub kind: String,
    /// RFC 3339.
    pub time: String,
    #[serde(flatten)]
    pub at: LogHead,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRecord {
    pub order: String,
    pub steps: Vec<RecordedStep>,
    /// The newest event of the log when the record was made: it stands for all before it.
    pub head: LogHead,
}

/// What staff say among themselves of an order is no step of it.
const TOPICS: [&str; 3] = ["orders", "payments", "fulfilment"];

impl Shop {
    /// The record of an order, for whoever may see it; `None` while the log has no hashes.
    ///
    /// # Errors
    /// 404 for an order that this shopper may not see.
    pub async fn order_record(
        &self,
        shopper: ShopperId,
        id: OrderId,
    ) -> crate::Result<Option<OrderRecord>> {
        self.order(shopper, id).await?;
        Ok(record(self.log(), id).await?)
    }

    /// The newest event of the log, or the one at a position, and its hash; `None` when there is none.
    ///
    /// # Errors
    /// The database's.
    pub async fn log_head(&self, position: Option<u64>) -> crate::Result<Option<LogHead>> {
        Ok(head(self.log(), position).await?)
    }
}

async fn head(log: &Log, position: Option<u64>) -> Result<Option<LogHead>, Refused> {
    let found = match position {
        Some(position) => log.link_at(position).await?.map(|link| (position, link)),
        None => log.last_link().await?,
    };
    Ok(found.map(|(position, hash)| LogHead { position, hash }))
}

async fn record(log: &Log, id: OrderId) -> Result<Option<OrderRecord>, Refused> {
    let key = id.to_string();
    let events = log.read_key(&key).await?;
    let links = log.links_of_key(&key).await?;
    let Some(head) = head(log, None).await? else {
        return Ok(None);
    };
    let mut steps = Vec::new();
    for event in events {
        let is_told = TOPICS.contains(&event.topic.as_str());
        let Some(hash) = links.get(&event.position).filter(|_| is_told) else {
            continue;
        };
        let time = jiff::Timestamp::from_microsecond(event.time_us).map_err(internal)?;
        steps.push(RecordedStep {
            kind: event.kind,
            time: time.to_string(),
            at: LogHead {
                position: event.position,
                hash: *hash,
            },
        });
    }
    Ok(Some(OrderRecord {
        order: order_number(id),
        steps,
        head,
    }))
}

/// What of a record the log does not have any more as it says; empty when it has all of it.
///
/// # Errors
/// The database's.
pub async fn differences(log: &Log, record: &OrderRecord) -> broker::Result<Vec<String>> {
    let mut differences = Vec::new();
    for step in &record.steps {
        let place = format!("step {} at {}", step.kind, step.at.position);
        differences.extend(difference(log, &place, &step.at).await?);
    }
    let place = format!("the head at {}", record.head.position);
    differences.extend(difference(log, &place, &record.head).await?);
    Ok(differences)
}

/// Why a place of the log is not as it was published, if it is not.
///
/// # Errors
/// The database's.
pub async fn difference(
    log: &Log,
    place: &str,
    published: &LogHead,
) -> broker::Result<Option<String>> {
    let found = log.link_at(published.position).await?;
    Ok(match found {
        Some(hash) if hash == published.hash => None,
        Some(hash) => Some(format!(
            "{place}: published as {}, is {hash}",
            published.hash
        )),
        None => Some(format!(
            "{place}: published as {}, is not there",
            published.hash
        )),
    })
}
