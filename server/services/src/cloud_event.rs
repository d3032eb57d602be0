//! CloudEvents 1.0 as others send them: read, with what is wrong named by its place.

use std::collections::BTreeMap;

use broker::{RESERVED, Recorded};
use jiff::Timestamp;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use types::{FieldError, Problem};
use uuid::Uuid;

use crate::event_schema::escaped;
use crate::marks::PLACE;

/// Letters of an attribute, at most.
const MAX_TEXT: usize = 1_024;
/// Letters of the name of an extension attribute, and how many there may be.
const MAX_NAME: usize = 20;
const MAX_EXTENSIONS: usize = 20;

/// What others are not told: keyed hashes that say who began a story.
const HIDDEN: &[&str] = &[broker::ORIGIN, broker::PERSON, PLACE];

/// An event that somebody sends.
#[derive(Debug, Clone, PartialEq)]
pub struct CloudEvent {
    pub(crate) id: String,
    pub(crate) source: String,
    pub(crate) kind: String,
    pub(crate) subject: Option<String>,
    pub(crate) time: Option<String>,
    /// The stream that it is meant for; the one of its type when it names none.
    pub(crate) topic: Option<String>,
    pub(crate) partition_key: Option<String>,
    pub(crate) correlation_id: Option<Uuid>,
    pub(crate) causation_id: Option<Uuid>,
    /// Extension attributes that mean nothing here, and are kept: `traceparent`, `dataschema`, whatever there is.
    pub(crate) extensions: BTreeMap<String, String>,
    pub(crate) data: Value,
}

/// Collects what is wrong.
struct Reader<'a> {
    /// Where the event stands: empty, or `/3` in a batch.
    at: &'a str,
    wrong: Vec<FieldError>,
}

impl Reader<'_> {
    fn complain(&mut self, name: &str, message: impl Into<String>) {
        let place = format!("{}/{}", self.at, escaped(name));
        self.wrong.push(FieldError::new(&place, message));
    }

    /// A text that is there and says something; `None` where it is missing or wrong, which is told.
    fn text(&mut self, event: &mut Map<String, Value>, name: &str) -> Option<String> {
        let text = match event.remove(name)? {
            // In CloudEvents an attribute that is null is one that is not there.
            Value::Null => return None,
            Value::String(text) => text,
            _ => {
                self.complain(name, "is to be a text");
                return None;
            }
        };
        if text.is_empty() || text.len() > MAX_TEXT {
            let message = format!("is to have 1 to {MAX_TEXT} letters");
            self.complain(name, message);
            return None;
        }
        if text.chars().any(char::is_control) {
            self.complain(name, "is to hold no control characters");
            return None;
        }
        Some(text)
    }

    fn needed(&mut self, event: &mut Map<String, Value>, name: &str) -> String {
        let is_there = event.get(name).is_some_and(|value| !value.is_null());
        if !is_there {
            self.complain(name, "is missing");
        }
        self.text(event, name).unwrap_or_default()
    }

    fn uuid(&mut self, event: &mut Map<String, Value>, name: &str) -> Option<Uuid> {
        let text = self.text(event, name)?;
        let id = text.parse().ok();
        if id.is_none() {
            self.complain(name, "is to be a UUID, as events of the log have it");
        }
        id
    }

    fn extension(&mut self, name: &str, value: Value) -> Option<String> {
        let is_letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(is_letter) {
            let message = format!(
                "is no attribute: their names have 1 to {MAX_NAME} small letters and digits"
            );
            self.complain(name, message);
            return None;
        }
        if RESERVED.contains(&name) || HIDDEN.contains(&name) {
            self.complain(name, "is an attribute of the log itself");
            return None;
        }
        match value {
            Value::Null => None,
            Value::Bool(is) => Some(is.to_string()),
            Value::Number(number) if number.is_i64() => Some(number.to_string()),
            Value::String(text) if text.len() <= MAX_TEXT => Some(text),
            _ => {
                let message = format!(
                    "is to be a text of at most {MAX_TEXT} letters, a whole number, true or false"
                );
                self.complain(name, message);
                None
            }
        }
    }
}

impl CloudEvent {
    /// Reads an event in the JSON format. `at` says where it stands in what was sent.
    ///
    /// # Errors
    /// Each field that is wrong, and what was expected there.
    pub fn read(value: Value, at: &str) -> Result<Self, Vec<FieldError>> {
        let Value::Object(mut event) = value else {
            let message = "is to be a CloudEvent: an object in JSON";
            return Err(vec![FieldError::new(at, message)]);
        };
        let mut reader = Reader {
            at,
            wrong: Vec::new(),
        };
        match event.remove("specversion") {
            Some(Value::String(version)) if version == "1.0" => {}
            None => reader.complain("specversion", "is missing"),
            Some(_) => reader.complain("specversion", "is to be \"1.0\""),
        }
        let id = reader.needed(&mut event, "id");
        let source = reader.needed(&mut event, "source");
        if source.contains(char::is_whitespace) {
            reader.complain("source", "is to be a URI or a part of one, without spaces");
        }
        let kind = reader.needed(&mut event, "type");
        let subject = reader.text(&mut event, "subject");
        let time = reader.text(&mut event, "time");
        if time
            .as_ref()
            .is_some_and(|time| time.parse::<Timestamp>().is_err())
        {
            let message = "is to be a time of RFC 3339, such as 2026-12-01T10:00:00Z";
            reader.complain("time", message);
        }
        if let Some(content) = reader.text(&mut event, "datacontenttype") {
            let content = content.split(';').next().unwrap_or_default().trim();
            if !content.eq_ignore_ascii_case("application/json") {
                reader.complain("datacontenttype", "is to be application/json");
            }
        }
        if event.remove("data_base64").is_some() {
            reader.complain("data_base64", "is not taken: send JSON in data");
        }
        let data = event.remove("data").unwrap_or_default();
        let topic = reader.text(&mut event, "topic");
        let partition_key = reader.text(&mut event, "partitionkey");
        let correlation_id = reader.uuid(&mut event, "correlationid");
        let causation_id = reader.uuid(&mut event, "causationid");
        if event.len() > MAX_EXTENSIONS {
            let message = format!("has more than {MAX_EXTENSIONS} extension attributes");
            reader.wrong.push(FieldError::new(at, message));
            return Err(reader.wrong);
        }
        let mut extensions = BTreeMap::new();
        for (name, value) in event {
            if let Some(value) = reader.extension(&name, value) {
                extensions.insert(name, value);
            }
        }
        match reader.wrong.is_empty() {
            true => Ok(Self {
                id,
                source,
                kind,
                subject,
                time,
                topic,
                partition_key,
                correlation_id,
                causation_id,
                extensions,
                data,
            }),
            false => Err(reader.wrong),
        }
    }

    /// What is ordered together: what the sender says, or else what it is about, or else nothing but itself. Under the
    /// service's name, so that nobody takes it for something of the shop's.
    pub(crate) fn key(&self, service: &str) -> String {
        let said = (self.partition_key.as_ref()).or(self.subject.as_ref());
        format!("{service}/{}", said.unwrap_or(&self.id))
    }

    /// Tells whether the same was sent: what JSON leaves open, spaces and the order of names, does not count.
    pub(crate) fn digest(&self) -> String {
        let said = serde_json::json!([
            self.kind,
            self.subject,
            self.time,
            self.topic,
            self.partition_key,
            self.correlation_id,
            self.causation_id,
            self.extensions,
            self.data,
        ]);
        let hash = Sha256::digest(said.to_string());
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// An event of the log as others get it.
///
/// # Errors
/// Never, as far as known.
pub fn outside_form(event: &Recorded) -> crate::Result<String> {
    let form = event.to_cloud_event_without(HIDDEN);
    form.map_err(crate::events::internal)
}

/// 422 with the fields that are wrong.
pub fn wrong_fields(errors: Vec<FieldError>) -> Problem {
    let detail = match errors.first() {
        Some(first) => format!(
            "Nothing was taken. {} {}. Each field that is wrong is named under errors, by its JSON pointer.",
            if first.field.is_empty() {
                "The event"
            } else {
                &first.field
            },
            first.message
        ),
        None => "Nothing was taken.".to_owned(),
    };
    Problem {
        kind: "/problems/invalid-event".to_owned(),
        title: "This is not an event that is expected here".to_owned(),
        detail,
        ..Problem::invalid(errors)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event() -> Value {
        json!({
            "specversion": "1.0", "id": "1", "source": "/scales/1",
            "type": "com.example.parcel.weighed", "data": {"grams": 7},
        })
    }

    #[test]
    fn what_is_wrong_is_named_by_its_place() {
        let good = CloudEvent::read(event(), "").expect("an event");
        assert_eq!(good.key("scales"), "scales/1");
        for (name, value, place) in [
            ("specversion", json!("0.3"), "/3/specversion"),
            ("id", json!(""), "/3/id"),
            ("id", json!(7), "/3/id"),
            ("source", json!("a b"), "/3/source"),
            ("type", Value::Null, "/3/type"),
            ("time", json!("yesterday"), "/3/time"),
            ("datacontenttype", json!("text/xml"), "/3/datacontenttype"),
            ("data_base64", json!("AA=="), "/3/data_base64"),
            ("causationid", json!("seven"), "/3/causationid"),
            ("service", json!("somebody-else"), "/3/service"),
            ("person", json!("f00"), "/3/person"),
            ("Mood", json!("calm"), "/3/Mood"),
            ("mood", json!({"is": "calm"}), "/3/mood"),
        ] {
            let mut event = event();
            event[name] = value;
            let wrong = CloudEvent::read(event, "/3").expect_err(place);
            let places: Vec<&str> = wrong.iter().map(|it| &*it.field).collect();
            assert_eq!(places, [place]);
        }
        let wrong = CloudEvent::read(json!([]), "/3").expect_err("no event");
        assert_eq!(wrong[0].field, "/3");
    }

    #[test]
    fn the_same_is_the_same_in_whatever_order() {
        let text = r#"{"data": {"grams":7}, "type":"com.example.parcel.weighed","id":"1",
            "source":"/scales/1","specversion":"1.0"}"#;
        let same = serde_json::from_str(text).expect("JSON");
        let digest = |value| CloudEvent::read(value, "").expect("an event").digest();
        assert_eq!(digest(event()), digest(same));
        let mut other = event();
        other["data"] = json!({"grams": 8});
        assert_ne!(digest(event()), digest(other));
    }
}
