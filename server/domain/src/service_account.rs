//! Programs of others that take part in the log by HTTP: what such a service may send and read.
//!
//! A service sends types and topics of its own, never the shop's: those are what the shop's deciders have decided, and
//! whoever wants something of them gives a command. The names are kept apart for good: a type of others has three
//! parts or more (`com.example.parcel.weighed`), the shop's have two; a topic of others has two or more, the shop's one.

pub mod events;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Event;

/// Letters of a name, a pattern, and of a schema.
const MAX_NAME: usize = 40;
const MAX_PATTERN: usize = 120;
/// Types that one service may send, and patterns that say what it may read.
const MOST: usize = 100;
/// The topic and the first part of the broker's own types.
const BROKER: &str = "broker";

/// What a service may do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grants {
    pub sends: Vec<Sends>,
    /// Patterns over types and topics: it may read what any of either matches.
    #[serde(default)]
    pub types: Vec<String>,
    #[serde(default)]
    pub topics: Vec<String>,
}

/// A type that a service may send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sends {
    #[serde(rename = "type")]
    pub kind: String,
    /// The stream that its events go to.
    pub topic: String,
    /// The JSON Schema that their content follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
}

/// Why something cannot be granted; what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotGranted {
    #[error(
        "{0:?} is no name of a service: expected 2 to 40 small letters, digits and hyphens, a letter first"
    )]
    Name(String),
    #[error(
        "{0:?} is no type that others may send: expected at least three parts of letters, digits, _ and - with \
         dots between, such as com.example.parcel.weighed"
    )]
    Type(String),
    #[error(
        "the type {0:?} begins as types of the shop do, which only the shop sends: begin with a name of your own"
    )]
    OfTheShop(String),
    #[error("the type {0:?} is named twice")]
    Twice(String),
    #[error(
        "{0:?} is no topic that others may send to: expected at least two parts of small letters, digits, _ and - \
         with a dot between, such as example.parcels"
    )]
    Topic(String),
    #[error("{0:?} is no pattern: expected letters, digits, dots, _, - and stars, such as stock.*")]
    Pattern(String),
    #[error(
        "a service that may neither send nor read is of no use: name a type to send, or what it reads"
    )]
    Nothing,
    #[error("a service may send 100 types and be given 100 patterns to read, at most")]
    TooMany,
}

fn are_parts(text: &str, at_least: usize, is_letter: impl Fn(u8) -> bool) -> bool {
    text.len() <= MAX_PATTERN
        && text.split('.').count() >= at_least
        && text
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(&is_letter))
}

/// Whether a pattern is one of types or topics.
pub fn is_pattern(text: &str) -> bool {
    let is_letter = |b: u8| b.is_ascii_alphanumeric() || b"._-*".contains(&b);
    !text.is_empty() && text.len() <= MAX_PATTERN && text.bytes().all(is_letter)
}

/// Whether a service, or one of its subscriptions, may have this name.
pub fn is_name(text: &str) -> bool {
    let is_letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (2..=MAX_NAME).contains(&text.len())
        && text.bytes().all(is_letter)
        && text.as_bytes()[0].is_ascii_lowercase()
}

/// Whether a service may be registered so.
///
/// # Errors
/// Says what was expected.
pub fn check(name: &str, grants: &Grants) -> Result<(), NotGranted> {
    if !is_name(name) {
        return Err(NotGranted::Name(name.to_owned()));
    }
    let patterns = || grants.types.iter().chain(&grants.topics);
    if grants.sends.is_empty() && patterns().next().is_none() {
        return Err(NotGranted::Nothing);
    }
    if grants.sends.len() > MOST || patterns().count() > MOST {
        return Err(NotGranted::TooMany);
    }
    let is_of_type = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    let is_of_topic = |b: u8| is_of_type(b) && !b.is_ascii_uppercase();
    for (at, sends) in grants.sends.iter().enumerate() {
        if !are_parts(&sends.kind, 3, is_of_type) {
            return Err(NotGranted::Type(sends.kind.clone()));
        }
        if is_of_the_shop(&sends.kind) {
            return Err(NotGranted::OfTheShop(sends.kind.clone()));
        }
        if !are_parts(&sends.topic, 2, is_of_topic) {
            return Err(NotGranted::Topic(sends.topic.clone()));
        }
        if grants.sends[..at]
            .iter()
            .any(|other| other.kind == sends.kind)
        {
            return Err(NotGranted::Twice(sends.kind.clone()));
        }
    }
    match patterns().find(|pattern| !is_pattern(pattern)) {
        Some(pattern) => Err(NotGranted::Pattern(pattern.clone())),
        None => Ok(()),
    }
}

/// Whether a type begins as one of the shop's.
fn is_of_the_shop(kind: &str) -> bool {
    let noun = |kind: &'static str| kind.split('.').next();
    let first = kind.split('.').next();
    first == Some(BROKER) || Event::KINDS.iter().any(|own| noun(own) == first)
}

impl Grants {
    /// What is granted of a type to be sent.
    pub fn sends(&self, kind: &str) -> Option<&Sends> {
        self.sends.iter().find(|sends| sends.kind == kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sends(kind: &str, topic: &str) -> Grants {
        let sends = Sends {
            kind: kind.to_owned(),
            topic: topic.to_owned(),
            schema: None,
        };
        Grants {
            sends: vec![sends],
            ..Grants::default()
        }
    }

    /// What keeps the names of others and of the shop apart, also of a later version.
    #[test]
    fn types_of_the_shop_have_two_parts_and_its_topics_one() {
        for kind in Event::KINDS {
            assert_eq!(kind.split('.').count(), 2, "{kind}");
        }
        for topic in Event::TOPICS {
            assert!(!topic.contains('.'), "{topic}");
        }
    }

    #[test]
    fn others_send_what_is_theirs() {
        let good = sends("com.example.parcel.weighed", "example.parcels");
        assert_eq!(check("scales", &good), Ok(()));
        for kind in [
            "weighed",
            "parcel.weighed",
            "com.example.",
            "com..weighed",
            "com.example.a b",
        ] {
            let grants = sends(kind, "example.parcels");
            assert_eq!(
                check("scales", &grants),
                Err(NotGranted::Type(kind.to_owned()))
            );
        }
        for kind in ["stock.example.moved", "order.placed.again", "broker.a.b"] {
            let grants = sends(kind, "example.parcels");
            let refused = check("scales", &grants).expect_err("refused");
            assert_eq!(refused, NotGranted::OfTheShop(kind.to_owned()));
        }
        for topic in ["orders", "Example.parcels", "example."] {
            let grants = sends("com.example.weighed", topic);
            assert_eq!(
                check("scales", &grants),
                Err(NotGranted::Topic(topic.to_owned()))
            );
        }
        for name in ["", "a", "Scales", "9scales", "sca/les"] {
            assert_eq!(check(name, &good), Err(NotGranted::Name(name.to_owned())));
        }
        let mut twice = good.clone();
        twice.sends.extend(good.sends);
        assert!(matches!(check("scales", &twice), Err(NotGranted::Twice(_))));
    }

    #[test]
    fn what_is_read_is_said_by_patterns() {
        let reads = |pattern: &str| Grants {
            types: vec![pattern.to_owned()],
            ..Grants::default()
        };
        for pattern in ["*", "stock.*", "order.placed"] {
            assert_eq!(check("books", &reads(pattern)), Ok(()), "{pattern}");
        }
        for pattern in ["", "stock %", "a,b"] {
            assert!(check("books", &reads(pattern)).is_err(), "{pattern}");
        }
        assert_eq!(check("books", &Grants::default()), Err(NotGranted::Nothing));
    }
}
