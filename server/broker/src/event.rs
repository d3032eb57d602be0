//! An event as it is written and as it is read: a CloudEvents 1.0 envelope
//! (<https://github.com/cloudevents/spec>) with the log's own attributes.

use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use db::{Columns, Row};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

use crate::{Error, Result};

/// The topic of the broker's own events.
pub(crate) const BROKER: &str = "broker";

/// Attributes that say who began a story. What follows has them, too, unless it says otherwise, so that
/// a reader of any of its events need not look for the first.
pub const HANDED_DOWN: [&str; 2] = [ORIGIN, PERSON];
/// The attribute with where a command came from.
pub const ORIGIN: &str = "origin";
/// The attribute with whom it is of.
pub const PERSON: &str = "person";

/// The attribute with the name of the service outside that sent an event. What the shop appends itself has none.
pub const SERVICE: &str = "service";
/// How the sender called its event: the log gives it an id of its own.
const SENT_ID: &str = "sentid";
const SENT_SOURCE: &str = "sentsource";
const SENT_TIME: &str = "senttime";
/// Of the log, for an event that leaves under the id that its sender gave it.
const LOG_ID: &str = "logid";

/// Names that no sender may give to an extension attribute: the log uses them.
pub const RESERVED: &[&str] = &[
    ORIGIN,
    PERSON,
    SERVICE,
    SENT_ID,
    SENT_SOURCE,
    SENT_TIME,
    LOG_ID,
    "sequence",
];

/// An event to be appended. Its id, time and position come from the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    kind: Cow<'static, str>,
    topic: Cow<'static, str>,
    key: String,
    data: String,
    attributes: Attributes,
    sender: Option<Sender>,
    correlation_id: Option<Uuid>,
    decoded: Decoded,
}

/// What an event that comes from outside says of itself. It leaves the log as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// Who is known to have sent it.
    pub service: String,
    /// Its CloudEvents `id`, `source`, `subject` and `time`.
    pub id: String,
    pub source: String,
    pub subject: Option<String>,
    pub time: Option<String>,
}

/// What the content of an event means to those who read it, so that it is decoded once. No part of the
/// event.
#[derive(Clone, Default)]
pub(crate) struct Decoded(OnceLock<Arc<dyn Any + Send + Sync>>);

impl fmt::Debug for Decoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decoded")
    }
}

impl PartialEq for Decoded {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Decoded {}

/// What an event says about itself beyond the common attributes, for those who route it: CloudEvents
/// extension attributes.
pub type Attributes = BTreeMap<String, String>;

impl NewEvent {
    /// `kind` is the CloudEvents `type`, `topic` the stream it belongs to. Events of one `key` are
    /// handled in order. `data` is JSON.
    pub fn new(
        kind: impl Into<Cow<'static, str>>,
        topic: impl Into<Cow<'static, str>>,
        key: impl Into<String>,
        data: impl Into<String>,
    ) -> Self {
        Self {
            kind: kind.into(),
            topic: topic.into(),
            key: key.into(),
            data: data.into(),
            attributes: Attributes::new(),
            sender: None,
            correlation_id: None,
            decoded: Decoded::default(),
        }
    }

    /// Says that it comes from outside.
    #[must_use]
    pub fn sent_by(self, sender: Sender) -> Self {
        Self {
            sender: Some(sender),
            ..self
        }
    }

    /// Has it belong to a story that it does not say the cause in. A cause says more.
    #[must_use]
    pub fn in_story(self, correlation_id: Uuid) -> Self {
        Self {
            correlation_id: Some(correlation_id),
            ..self
        }
    }

    /// Remembers what the content means; see [`Recorded::decoded`].
    #[must_use]
    pub fn meaning<T: Any + Send + Sync>(self, content: Arc<T>) -> Self {
        Self {
            decoded: Decoded(OnceLock::from(content as Arc<dyn Any + Send + Sync>)),
            ..self
        }
    }

    /// Adds an extension attribute. As CloudEvents has it, its name is lower-case letters and digits.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        debug_assert!(
            name.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()),
            "{name} is no name of a CloudEvents attribute"
        );
        self.attributes.insert(name.to_owned(), value.into());
        self
    }

    /// The event as `source` appends it. It gets its position at the commit.
    pub(crate) fn recorded(
        mut self,
        id: Uuid,
        time_us: i64,
        source: &str,
        cause: Option<&Recorded>,
    ) -> Recorded {
        for name in HANDED_DOWN {
            let value = cause.and_then(|cause| cause.attributes.get(name));
            if let Some(value) = value.filter(|_| !self.attributes.contains_key(name)) {
                self.attributes.insert(name.to_owned(), value.clone());
            }
        }
        let mut source = source.to_owned();
        let mut subject = self.key.clone();
        if let Some(sender) = self.sender {
            source = format!("{SERVICE}/{}", sender.service);
            subject = sender.subject.unwrap_or_default();
            let said = [
                (SERVICE, Some(sender.service)),
                (SENT_ID, Some(sender.id)),
                (SENT_SOURCE, Some(sender.source)),
                (SENT_TIME, sender.time),
            ];
            for (name, value) in said {
                (self.attributes).extend(value.map(|value| (name.to_owned(), value)));
            }
        }
        let story = self.correlation_id.unwrap_or(id);
        Recorded {
            position: 0,
            id,
            source,
            kind: self.kind.into_owned(),
            subject,
            time_us,
            topic: self.topic.into_owned(),
            key: self.key,
            correlation_id: cause.map_or(story, |cause| cause.correlation_id),
            causation_id: cause.map(|cause| cause.id),
            attributes: self.attributes,
            data: self.data,
            decoded: self.decoded,
        }
    }
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
    /// CloudEvents `subject`: the key, or what a sender outside says; empty when it says none.
    pub subject: String,
    /// Unix microseconds.
    pub time_us: i64,
    pub topic: String,
    pub key: String,
    /// The id of the event that began the story.
    pub correlation_id: Uuid,
    /// The id of the event that caused this one; `None` when a command did.
    pub causation_id: Option<Uuid>,
    /// CloudEvents extension attributes of its own.
    pub attributes: Attributes,
    /// JSON.
    pub data: String,
    pub(crate) decoded: Decoded,
}

/// The columns of [`Recorded::from_row`], in its order.
pub(crate) const COLUMNS: &str = "position, id, source, type, subject, time_us, topic, key, \
     correlation_id, causation_id, attributes, data, checksum";
pub(crate) const COLUMN_COUNT: usize = 13;

impl Recorded {
    /// The content as `decode` reads it. Whoever asks first decodes; the others get the same.
    ///
    /// # Errors
    /// Those of `decode`.
    pub fn decoded<T: Any + Send + Sync, E>(
        &self,
        decode: impl FnOnce(&Self) -> std::result::Result<T, E>,
    ) -> std::result::Result<Arc<T>, E> {
        if let Some(known) = self.decoded.0.get()
            && let Ok(content) = known.clone().downcast::<T>()
        {
            return Ok(content);
        }
        let content = Arc::new(decode(self)?);
        // Somebody else may have been faster, or reads it as something else.
        let _ = self.decoded.0.set(content.clone());
        Ok(content)
    }

    /// Whether a service outside has sent it.
    pub fn is_from_outside(&self) -> bool {
        self.attributes.contains_key(SERVICE)
    }

    pub(crate) fn causation_text(&self) -> String {
        self.causation_id
            .map(|id| id.to_string())
            .unwrap_or_default()
    }

    /// JSON; empty when there are none.
    pub(crate) fn attributes_text(&self) -> String {
        if self.attributes.is_empty() {
            return String::new();
        }
        serde_json::to_string(&self.attributes).unwrap_or_default()
    }

    /// The value of an attribute of the envelope, by its CloudEvents name; `None` when the event does
    /// not have it.
    pub fn attribute(&self, name: &str) -> Option<Cow<'_, str>> {
        let text = match name {
            "source" => &self.source,
            "type" => &self.kind,
            "subject" => &self.subject,
            "topic" => &self.topic,
            "partitionkey" => &self.key,
            "id" => return Some(self.id.to_string().into()),
            "correlationid" => return Some(self.correlation_id.to_string().into()),
            "causationid" => return self.causation_id.map(|id| id.to_string().into()),
            "sequence" => return Some(self.position.to_string().into()),
            "time" => return Some(rfc3339(self.time_us).into()),
            own => self.attributes.get(own)?,
        };
        Some(text.into())
    }

    /// CRC-32 over all that is stored, with a separator that no attribute holds. Attributes of its own
    /// came later: an event without them has the sum it always had.
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
        if !self.attributes.is_empty() {
            crc.update(self.attributes_text().as_bytes());
        }
        i64::from(crc.finalize())
    }

    /// Reads a row of the log and verifies its checksum.
    pub(crate) fn from_row(row: &Row) -> Result<Self> {
        let position = row.try_get::<i64, _>(0)?.unsigned_abs();
        let id = |column: usize, what| -> Result<Uuid> {
            let text = row.try_get::<&str, _>(column)?;
            Uuid::try_parse(text).map_err(|_| Error::Unreadable { position, what })
        };
        let causation: &str = row.try_get(9)?;
        let attributes: &str = row.try_get(10)?;
        let event = Self {
            position,
            id: id(1, "id")?,
            source: row.try_get(2)?,
            kind: row.try_get(3)?,
            subject: row.try_get(4)?,
            time_us: row.try_get(5)?,
            topic: row.try_get(6)?,
            key: row.try_get(7)?,
            correlation_id: id(8, "correlation id")?,
            causation_id: match causation {
                "" => None,
                _ => Some(id(9, "causation id")?),
            },
            attributes: match attributes {
                "" => Attributes::new(),
                json => serde_json::from_str(json).map_err(|_| Error::Unreadable {
                    position,
                    what: "list of attributes",
                })?,
            },
            data: row.try_get(11)?,
            decoded: Decoded::default(),
        };
        let found = row.try_get(12)?;
        let expected = event.checksum();
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
    /// whose names may hold lower-case letters and digits only. Content that is not JSON travels as text.
    ///
    /// # Errors
    /// Never, as far as known: all of it can be written as JSON.
    pub fn to_cloud_event(&self) -> std::result::Result<String, serde_json::Error> {
        self.to_cloud_event_without(&[])
    }

    /// The same without some of its extension attributes.
    ///
    /// # Errors
    /// As [`Recorded::to_cloud_event`].
    pub fn to_cloud_event_without(
        &self,
        hidden: &[&str],
    ) -> std::result::Result<String, serde_json::Error> {
        #[derive(Serialize)]
        struct CloudEvent<'a> {
            specversion: &'static str,
            id: Cow<'a, str>,
            source: &'a str,
            r#type: &'a str,
            #[serde(skip_serializing_if = "str::is_empty")]
            subject: &'a str,
            time: Cow<'a, str>,
            datacontenttype: &'static str,
            topic: &'a str,
            partitionkey: &'a str,
            correlationid: Uuid,
            #[serde(skip_serializing_if = "Option::is_none")]
            causationid: Option<Uuid>,
            // CloudEvents integers have 32 bits; a longer one travels as text.
            sequence: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            logid: Option<Uuid>,
            #[serde(flatten)]
            attributes: BTreeMap<&'a str, &'a str>,
            data: Cow<'a, RawValue>,
        }
        let (datacontenttype, data) = match serde_json::from_str::<&RawValue>(&self.data) {
            Ok(data) => ("application/json", Cow::Borrowed(data)),
            Err(_) => ("text/plain", Cow::Owned(to_raw_value(&self.data)?)),
        };
        let own = self.attributes.iter();
        let mut attributes: BTreeMap<&str, &str> =
            own.map(|(name, value)| (&**name, &**value)).collect();
        attributes.retain(|name, _| !hidden.contains(name));
        // What came from outside leaves as it came.
        let sent_id = attributes.remove(SENT_ID);
        let sent_source = attributes.remove(SENT_SOURCE);
        let sent_time = attributes.remove(SENT_TIME);
        serde_json::to_string(&CloudEvent {
            specversion: "1.0",
            id: sent_id.map_or_else(|| self.id.to_string().into(), Cow::Borrowed),
            source: sent_source.unwrap_or(&self.source),
            r#type: &self.kind,
            subject: &self.subject,
            time: sent_time.map_or_else(|| rfc3339(self.time_us).into(), Cow::Borrowed),
            datacontenttype,
            topic: &self.topic,
            partitionkey: &self.key,
            correlationid: self.correlation_id,
            causationid: self.causation_id,
            sequence: self.position.to_string(),
            logid: sent_id.map(|_| self.id),
            attributes,
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

    fn letter() -> Recorded {
        let id = Uuid::from_u128(7);
        NewEvent::new("letter.sent", "letters", "ada", r#"{"pages":2}"#)
            .with("carrier", "pigeon")
            .recorded(id, 1_700_000_000_000_001, "tests", None)
    }

    #[test]
    fn an_event_leaves_as_a_cloud_event() {
        let event = Recorded {
            position: 5_000_000_000,
            ..letter()
        };
        let json = event.to_cloud_event().expect("JSON");
        let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        let expected = serde_json::json!({
            "specversion": "1.0", "id": event.id, "source": "tests", "type": "letter.sent",
            "subject": "ada", "time": "2023-11-14T22:13:20.000001Z",
            "datacontenttype": "application/json", "topic": "letters", "partitionkey": "ada",
            "correlationid": event.id, "sequence": "5000000000", "carrier": "pigeon",
            "data": {"pages": 2},
        });
        assert_eq!(value, expected);
    }

    /// Read by the public SDK, which knows nothing of us: the form is the standard's, not ours.
    #[test]
    fn the_public_sdk_reads_the_cloud_event() {
        use cloudevents::AttributesReader;

        let cause = letter();
        let event = NewEvent::new("letter.read", "letters", "ada", r#"{"pages":2}"#)
            .with("carrier", "pigeon")
            .recorded(
                Uuid::from_u128(8),
                1_700_000_000_000_001,
                "tests",
                Some(&cause),
            );
        let json = event.to_cloud_event().expect("JSON");
        let read: cloudevents::Event = serde_json::from_str(&json).expect("a CloudEvent");
        assert_eq!(read.specversion().to_string(), "1.0");
        assert_eq!(
            (read.id(), read.ty()),
            (event.id.to_string().as_str(), "letter.read")
        );
        assert_eq!(
            (read.source().as_str(), read.subject()),
            ("tests", Some("ada"))
        );
        let time = read.time().expect("a time");
        assert_eq!(time.timestamp_micros(), event.time_us);
        let extension = |name: &str| read.extension(name).map(ToString::to_string);
        assert_eq!(extension("causationid"), Some(cause.id.to_string()));
        assert_eq!(extension("correlationid"), Some(cause.id.to_string()));
        assert_eq!(extension("carrier").as_deref(), Some("pigeon"));
        let data: serde_json::Value = match read.data().expect("content") {
            cloudevents::Data::Json(value) => value.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(data, serde_json::json!({"pages": 2}));
    }

    #[test]
    fn what_came_from_outside_leaves_as_it_came() {
        let sender = Sender {
            service: "till".to_owned(),
            id: "42".to_owned(),
            source: "/tills/1".to_owned(),
            subject: None,
            time: Some("2026-12-01T10:00:00Z".to_owned()),
        };
        let event = NewEvent::new("till.drawer.opened", "till.drawers", "till/42", "null")
            .with("mood", "calm")
            .with(ORIGIN, "a")
            .sent_by(sender)
            .recorded(Uuid::from_u128(7), 1, "tests", None);
        assert!(event.is_from_outside() && !letter().is_from_outside());
        assert_eq!(event.source, "service/till");
        let json = event.to_cloud_event_without(&[ORIGIN]).expect("JSON");
        let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        let expected = serde_json::json!({
            "specversion": "1.0", "id": "42", "source": "/tills/1", "type": "till.drawer.opened",
            "time": "2026-12-01T10:00:00Z", "datacontenttype": "application/json",
            "topic": "till.drawers", "partitionkey": "till/42", "correlationid": event.id,
            "sequence": "0", "logid": event.id, "service": "till", "mood": "calm", "data": null,
        });
        assert_eq!(value, expected);
        let _: cloudevents::Event = serde_json::from_str(&json).expect("a CloudEvent");
    }

    #[test]
    fn what_follows_has_the_origin_of_what_it_follows() {
        let id = Uuid::from_u128(9);
        let new = || NewEvent::new("letter.read", "letters", "ada", "{}");
        let sent = new().with(ORIGIN, "a").with("carrier", "pigeon");
        let sent = sent.recorded(id, 1, "tests", None);
        let read = new().recorded(id, 2, "tests", Some(&sent));
        assert_eq!(read.attribute(ORIGIN).as_deref(), Some("a"));
        assert_eq!(read.attribute("carrier"), None);
        let own = new().with(ORIGIN, "b");
        let own = own.recorded(id, 3, "tests", Some(&read));
        assert_eq!(own.attribute(ORIGIN).as_deref(), Some("b"));
    }

    #[test]
    fn content_that_is_not_json_travels_as_text() {
        let event = NewEvent::new("letter.sent", "letters", "ada", "{torn").recorded(
            Uuid::nil(),
            0,
            "tests",
            None,
        );
        let json = event.to_cloud_event().expect("JSON");
        let read: cloudevents::Event = serde_json::from_str(&json).expect("a CloudEvent");
        assert!(
            json.contains(r#""datacontenttype":"text/plain","#),
            "{json}"
        );
        assert!(
            read.data()
                .is_some_and(|data| data.to_string().contains("{torn"))
        );
    }

    #[test]
    fn attributes_are_found_by_their_cloud_events_names() {
        let event = letter();
        for (name, expected) in [
            ("type", "letter.sent"),
            ("source", "tests"),
            ("topic", "letters"),
            ("partitionkey", "ada"),
            ("carrier", "pigeon"),
            ("time", "2023-11-14T22:13:20.000001Z"),
        ] {
            assert_eq!(event.attribute(name).as_deref(), Some(expected), "{name}");
        }
        assert_eq!(event.attribute("causationid"), None);
        assert_eq!(event.attribute("weight"), None);
    }
}
