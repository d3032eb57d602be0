//! An event as it is written and as it is read: a CloudEvents 1.0 envelope
//! (<https://github.com/cloudevents/spec>) with the log's own attributes.

use std::fmt;
use std::sync::Arc;

use db::{Columns, Row};
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{Error, Result};

/// Where time and ids come from; a parameter, so that tests decide them.
#[derive(Clone)]
pub struct Environment {
    now_us: Arc<dyn Fn() -> i64 + Send + Sync>,
    new_id: Arc<dyn Fn() -> Uuid + Send + Sync>,
}

impl Environment {
    pub fn new(
        now_us: impl Fn() -> i64 + Send + Sync + 'static,
        new_id: impl Fn() -> Uuid + Send + Sync + 'static,
    ) -> Self {
        Self {
            now_us: Arc::new(now_us),
            new_id: Arc::new(new_id),
        }
    }

    /// The machine's clock and random UUIDv7s.
    pub fn system() -> Self {
        let now_us = || {
            let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            since.map_or(0, |since| {
                i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
            })
        };
        Self::new(now_us, Uuid::now_v7)
    }

    /// Unix microseconds.
    pub fn now_us(&self) -> i64 {
        (self.now_us)()
    }

    pub fn new_id(&self) -> Uuid {
        (self.new_id)()
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}

/// An event to be appended. Its id, time and position come from the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// CloudEvents `type`.
    pub kind: &'static str,
    /// The stream it belongs to.
    pub topic: &'static str,
    /// Events of one key are handled in order.
    pub key: String,
    /// JSON.
    pub data: String,
}

/// An event of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Gapless, from 1, in commit order.
    pub position: u64,
    pub id: Uuid,
    /// Who appended it: a consumer's name, or what the command came through.
    pub source: String,
    /// CloudEvents `type`.
    pub kind: String,
    /// CloudEvents `subject`: the key.
    pub subject: String,
    /// Unix microseconds.
    pub time_us: i64,
    pub topic: String,
    pub key: String,
    /// The id of the event that began the story.
    pub correlation_id: Uuid,
    /// The id of the event that caused this one; `None` when a command did.
    pub causation_id: Option<Uuid>,
    /// JSON.
    pub data: String,
}

/// The columns of [`Recorded::from_row`], in its order.
pub(crate) const COLUMNS: &str = "position, id, source, type, subject, time_us, topic, key, \
     correlation_id, causation_id, data, checksum";
pub(crate) const COLUMN_COUNT: usize = 12;

impl Recorded {
    pub(crate) fn causation_text(&self) -> String {
        self.causation_id
            .map(|id| id.to_string())
            .unwrap_or_default()
    }

    /// CRC-32 over all that is stored, with a separator that no attribute holds.
    pub(crate) fn checksum(&self) -> i64 {
        let mut crc = crc32fast::Hasher::new();
        crc.update(&self.position.to_be_bytes());
        crc.update(self.id.as_bytes());
        crc.update(&self.time_us.to_be_bytes());
        crc.update(self.correlation_id.as_bytes());
        crc.update(self.causation_id.unwrap_or_default().as_bytes());
        for text in [
            &self.source,
            &self.kind,
            &self.subject,
            &self.topic,
            &self.key,
            &self.data,
        ] {
            crc.update(text.as_bytes());
            crc.update(&[0]);
        }
        i64::from(crc.finalize())
    }

    /// Reads a row of the log and verifies its checksum.
    pub(crate) fn from_row(row: &Row) -> Result<Self> {
        let id = |column: usize| -> Result<Uuid> {
            Ok(Uuid::try_parse(row.try_get::<&str, _>(column)?).unwrap_or_default())
        };
        let causation: &str = row.try_get(9)?;
        let event = Self {
            position: row.try_get::<i64, _>(0)?.unsigned_abs(),
            id: id(1)?,
            source: row.try_get(2)?,
            kind: row.try_get(3)?,
            subject: row.try_get(4)?,
            time_us: row.try_get(5)?,
            topic: row.try_get(6)?,
            key: row.try_get(7)?,
            correlation_id: id(8)?,
            causation_id: if causation.is_empty() {
                None
            } else {
                Some(id(9)?)
            },
            data: row.try_get(10)?,
        };
        let found = row.try_get(11)?;
        let expected = event.checksum();
        // An id that did not parse is nil here and fails the sum like any other damage.
        if found != expected {
            return Err(Error::Damaged {
                position: event.position,
                expected,
                found,
            });
        }
        Ok(event)
    }

    /// The event in the JSON format of CloudEvents 1.0. The log's own attributes are extensions,
    /// whose names may hold lower-case letters and digits only.
    ///
    /// # Errors
    /// When `data` is not JSON.
    pub fn to_cloud_event(&self) -> std::result::Result<String, serde_json::Error> {
        #[derive(Serialize)]
        struct CloudEvent<'a> {
            specversion: &'static str,
            id: Uuid,
            source: &'a str,
            r#type: &'a str,
            subject: &'a str,
            time: String,
            datacontenttype: &'static str,
            topic: &'a str,
            partitionkey: &'a str,
            correlationid: Uuid,
            #[serde(skip_serializing_if = "Option::is_none")]
            causationid: Option<Uuid>,
            // CloudEvents integers have 32 bits; a longer one travels as text.
            sequence: String,
            data: &'a RawValue,
        }
        let data = serde_json::from_str(&self.data)?;
        serde_json::to_string(&CloudEvent {
            specversion: "1.0",
            id: self.id,
            source: &self.source,
            r#type: &self.kind,
            subject: &self.subject,
            time: rfc3339(self.time_us),
            datacontenttype: "application/json",
            topic: &self.topic,
            partitionkey: &self.key,
            correlationid: self.correlation_id,
            causationid: self.causation_id,
            sequence: self.position.to_string(),
            data,
        })
    }
}

/// RFC 3339 in UTC with microseconds.
fn rfc3339(time_us: i64) -> String {
    jiff::Timestamp::from_microsecond(time_us)
        .unwrap_or_default()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_leaves_as_a_cloud_event() {
        let id = Uuid::from_u128(7);
        let event = Recorded {
            position: 5_000_000_000,
            id,
            source: "tests".into(),
            kind: "letter.sent".into(),
            subject: "ada".into(),
            time_us: 1_700_000_000_000_001,
            topic: "letters".into(),
            key: "ada".into(),
            correlation_id: id,
            causation_id: None,
            data: r#"{"pages":2}"#.into(),
        };
        let json = event.to_cloud_event().expect("JSON");
        let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        let expected = serde_json::json!({
            "specversion": "1.0", "id": id, "source": "tests", "type": "letter.sent",
            "subject": "ada", "time": "2023-11-14T22:13:20.000001Z",
            "datacontenttype": "application/json", "topic": "letters", "partitionkey": "ada",
            "correlationid": id, "sequence": "5000000000", "data": {"pages": 2},
        });
        assert_eq!(value, expected);
    }
}
