//! What of the log somebody asks to see: the filter of the staff's page about events.

use serde::{Deserialize, Serialize};

use crate::ids::InvalidId;

/// Characters of each part, at most.
pub const MAX_PART: usize = 100;
/// Stands between the parts on the wire: nobody types it.
const SEPARATOR: char = '\u{1f}';
const PARTS: usize = 6;

/// All that is given must be so of an event; what is empty is not asked. Where it says pattern, a star stands for
/// any run of characters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EventQuery {
    /// A pattern.
    pub topic: String,
    /// The type: a pattern.
    pub kind: String,
    /// The number of an order, or a pattern of the key.
    pub key: String,
    /// An attribute of the envelope and a pattern of its value: `source=inventory`.
    pub attribute: String,
    /// A field of the content and a pattern of its value: `sku=AS-VEG-*`, or only the field's name.
    pub field: String,
    /// Text anywhere in the content, whatever its case.
    pub text: String,
}

impl EventQuery {
    /// Each part with its name in the address, in one order.
    pub fn parts(&self) -> [(&'static str, &str); PARTS] {
        [
            ("topic", &self.topic),
            ("type", &self.kind),
            ("key", &self.key),
            ("attribute", &self.attribute),
            ("field", &self.field),
            ("text", &self.text),
        ]
    }

    /// What is asked under each of the names, without what nobody can mean.
    pub fn of(mut value: impl FnMut(&'static str) -> String) -> Self {
        let mut part = |name| {
            let value = value(name);
            let typed = value.trim().chars().filter(|c| !c.is_control());
            typed.take(MAX_PART).collect()
        };
        Self {
            topic: part("topic"),
            kind: part("type"),
            key: part("key"),
            attribute: part("attribute"),
            field: part("field"),
            text: part("text"),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.parts().iter().all(|(_, value)| value.is_empty())
    }

    /// As it stands in the name of a topic of the socket.
    pub(crate) fn wire(&self) -> String {
        let parts = self.parts().map(|(_, value)| value);
        parts.join(SEPARATOR.encode_utf8(&mut [0; 4]))
    }

    pub(crate) fn from_wire(text: &str) -> Result<Self, InvalidId> {
        let mut parts = text.split(SEPARATOR);
        let query = Self::of(|_| parts.next().unwrap_or_default().to_owned());
        // What is not written as we write it is of no page of ours.
        if query.wire() == text && !query.is_empty() {
            return Ok(query);
        }
        Err(InvalidId {
            expected: "six parts of a filter of events between U+001F, of up to 100 characters, one of them not empty",
            got: text.chars().take(60).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(parts: [&str; PARTS]) -> EventQuery {
        let mut parts = parts.into_iter();
        EventQuery::of(|_| parts.next().unwrap_or_default().to_owned())
    }

    #[test]
    fn a_filter_comes_back_from_the_wire_as_it_was() {
        let asked = query([
            " orders ",
            "order.*",
            "V-1",
            "source=shop",
            "sku=AS-*",
            "a b=c;d:e",
        ]);
        assert_eq!(asked.topic, "orders");
        assert_eq!(EventQuery::from_wire(&asked.wire()), Ok(asked));
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        let long = format!("{}\u{1f}\u{1f}\u{1f}\u{1f}\u{1f}", "x".repeat(MAX_PART + 1));
        for bad in ["", "orders", "\u{1f}\u{1f}\u{1f}\u{1f}\u{1f}", &long] {
            assert!(EventQuery::from_wire(bad).is_err(), "{bad:?}");
        }
        assert!(query(["", " ", "", "", "", ""]).is_empty());
    }
}
