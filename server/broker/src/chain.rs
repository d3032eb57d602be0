//! The chain over the log: each event is stored with a hash over itself and the hash of the event before it.
//! Whoever changes, removes or inserts one has to compute all hashes behind it anew, and then the last one is
//! not what was published before.
//!
//! It says that nothing was changed since a hash was seen by somebody else. It does not keep whoever can write
//! to the database from writing there.

use std::fmt;
use std::str::FromStr;

use db::Columns;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::{Recorded, Result};

/// SHA-256 over an event and the link before it. As text: 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Link([u8; 32]);

/// The text is no link.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected 64 hexadecimal digits")]
pub struct NoLink;

impl Link {
    /// What the first event follows.
    pub const START: Self = Self([0; 32]);

    /// The link of an event that follows this one. Each text goes in with its length before it, so that no
    /// two events have the same bytes.
    #[must_use]
    pub(crate) fn next(&self, event: &Recorded) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(event.position.to_be_bytes());
        hash.update(event.id.as_bytes());
        hash.update(event.time_us.to_be_bytes());
        hash.update(event.correlation_id.as_bytes());
        hash.update(event.causation_id.unwrap_or_default().as_bytes());
        let attributes = event.attributes_text();
        for text in [
            &event.source,
            &event.kind,
            &event.subject,
            &event.topic,
            &event.key,
            &event.data,
            &attributes,
        ] {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
        Self(hash.finalize().into())
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({self})")
    }
}

impl FromStr for Link {
    type Err = NoLink;

    fn from_str(text: &str) -> std::result::Result<Self, NoLink> {
        let digits = text.as_bytes();
        if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(NoLink);
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| NoLink)?;
        }
        Ok(Self(bytes))
    }
}

impl<'de> Deserialize<'de> for Link {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl Serialize for Link {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Of the event at a position.
pub(crate) const LINK_AT: &str = "select chain from events where position = $1";

pub(crate) fn bound(position: u64) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

/// The link that the next event after `position` follows, as this transaction sees it.
pub(crate) async fn before_next(tx: &mut db::Tx, position: u64) -> Result<Link> {
    let row = db::query(LINK_AT)
        .bind(bound(position))
        .fetch_optional(tx.conn())
        .await?;
    let text = row.map(|row| row.try_get::<String, _>(0)).transpose()?;
    // Events of before the chain have none, and the first one follows nothing.
    Ok(text.and_then(|text| text.parse().ok()).unwrap_or_default())
}

/// Follows the chain from the first event on.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    last: Link,
    /// Whether the link before is known to be right.
    is_sure: bool,
    has_begun: bool,
    /// Events at the beginning that are older than the chain.
    pub older: u64,
}

impl Walk {
    pub fn new() -> Self {
        Self {
            is_sure: true,
            ..Self::default()
        }
    }

    /// Events are missing, which is told by others: what follows them is taken as it stands.
    pub const fn missing(&mut self) {
        self.is_sure = false;
    }

    /// An event cannot be read, which is told by others: its link is taken as it stands.
    pub fn damaged(&mut self, stored: &str) {
        match stored.parse() {
            Ok(link) => {
                self.last = link;
                self.has_begun = true;
                self.is_sure = true;
            }
            Err(NoLink) if self.has_begun => self.is_sure = false,
            Err(NoLink) => self.older += 1,
        }
    }

    /// Whether an event is the one that its stored link was made of, behind those before it.
    pub fn step(&mut self, event: &Recorded, stored: &str) -> bool {
        if stored.is_empty() && !self.has_begun {
            self.older += 1;
            return true;
        }
        self.has_begun = true;
        let expected = self.last.next(event);
        let found = stored.parse::<Link>();
        let is_right = !self.is_sure || found.as_ref() == Ok(&expected);
        // One change is told once: from here on the chain is followed as it stands.
        self.last = found.unwrap_or(expected);
        self.is_sure = true;
        is_right
    }

    pub const fn last(&self) -> Option<Link> {
        match self.has_begun {
            true => Some(self.last),
            false => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::NewEvent;

    fn event(position: u64, data: &str) -> Recorded {
        let new = NewEvent::new("letter.sent", "letters", "ada", data).with("carrier", "pigeon");
        Recorded {
            position,
            ..new.recorded(Uuid::from_u128(position.into()), 7, "tests", None)
        }
    }

    fn chained(events: &[Recorded]) -> Vec<String> {
        let mut link = Link::START;
        let next = |event| {
            link = link.next(event);
            link.to_string()
        };
        events.iter().map(next).collect()
    }

    /// Positions at which the chain does not hold.
    fn breaks(events: &[Recorded], links: &[String]) -> Vec<u64> {
        let mut walk = Walk::new();
        let steps = events.iter().zip(links);
        let wrong = steps.filter(|(event, link)| !walk.step(event, link));
        wrong.map(|(event, _)| event.position).collect()
    }

    fn log(length: u64) -> Vec<Recorded> {
        (1..=length)
            .map(|at| event(at, &format!("{{\"n\":{at}}}")))
            .collect()
    }

    #[test]
    fn a_link_is_read_as_it_is_written() {
        let link = Link::START.next(&event(1, "{}"));
        assert_eq!(link.to_string().parse(), Ok(link));
        for wrong in ["", "0a", &"g".repeat(64), &"é".repeat(32), &"0".repeat(65)] {
            assert_eq!(wrong.parse::<Link>(), Err(NoLink), "{wrong}");
        }
    }

    #[test]
    fn events_of_before_the_chain_come_first_or_are_told() {
        let events = log(4);
        let mut links = vec![String::new(); 2];
        links.extend(chained(&events[2..]));
        assert_eq!(breaks(&events, &links), [0; 0]);
        links[3].clear();
        assert_eq!(breaks(&events, &links), [4]);
    }

    #[test]
    fn texts_that_run_together_are_not_the_same() {
        let one = event(1, "{}");
        let other = Recorded {
            source: "test".to_owned(),
            kind: "sletter.sent".to_owned(),
            ..one.clone()
        };
        assert_ne!(Link::START.next(&one), Link::START.next(&other));
    }

    proptest! {
        #[test]
        fn what_is_changed_is_told_where_it_was_changed(length in 1_u64..40, at in 0_u64..40) {
            let at = at % length;
            let mut events = log(length);
            let links = chained(&events);
            prop_assert_eq!(breaks(&events, &links), Vec::<u64>::new());
            events[at as usize].time_us += 1;
            prop_assert_eq!(breaks(&events, &links), vec![at + 1]);
        }

        #[test]
        fn who_makes_all_links_anew_gets_another_head(length in 1_u64..40, at in 0_u64..40) {
            let at = at % length;
            let mut events = log(length);
            let before = chained(&events);
            events[at as usize].data.push(' ');
            let after = chained(&events);
            prop_assert_eq!(&before[..at as usize], &after[..at as usize]);
            let differ = before.iter().zip(&after).skip(at as usize).all(|(one, other)| one != other);
            prop_assert!(differ);
        }
    }
}
