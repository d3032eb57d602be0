//! Routing by metadata: what a consumer hears is said by patterns over an event's attributes, so that
//! whoever appends an event need not know who cares.

use crate::Recorded;

/// What is heard: an event that any of the rules lets through.
#[derive(Debug, Clone, Copy)]
pub struct Filter<'a>(pub &'a [Rule<'a>]);

/// What must be so of an event, all of it. Patterns are whole (`letter.sent`) or hold stars, each for
/// any run of characters (`letter.*`, `*.sent`).
#[derive(Debug, Clone, Copy, Default)]
pub struct Rule<'a> {
    topic: Option<&'a str>,
    kinds: Option<&'a [&'a str]>,
    attributes: &'a [(&'a str, &'a str)],
}

impl<'a> Filter<'a> {
    /// Every event there is.
    pub const ALL: Filter<'static> = Filter(&[Rule::ANY]);

    pub fn matches(&self, event: &Recorded) -> bool {
        self.0.iter().any(|rule| rule.matches(event))
    }
}

impl<'a> Rule<'a> {
    /// Lets everything through.
    pub const ANY: Self = Self {
        topic: None,
        kinds: None,
        attributes: &[],
    };

    /// Events of a topic.
    pub const fn topic(topic: &'a str) -> Self {
        Self {
            topic: Some(topic),
            ..Self::ANY
        }
    }

    /// Events of any of these types, of whatever topic.
    pub const fn kinds(kinds: &'a [&'a str]) -> Self {
        Self::ANY.of(kinds)
    }

    /// And of any of these types.
    #[must_use]
    pub const fn of(self, kinds: &'a [&'a str]) -> Self {
        Self {
            kinds: Some(kinds),
            ..self
        }
    }

    /// And with these attributes, by their CloudEvents names; see [`Recorded::attribute`]. An event
    /// without the attribute is matched by the empty pattern alone, which is how one hears what older
    /// versions, that did not know the attribute, have written.
    #[must_use]
    pub const fn with(self, attributes: &'a [(&'a str, &'a str)]) -> Self {
        Self { attributes, ..self }
    }

    fn matches(&self, event: &Recorded) -> bool {
        self.topic.is_none_or(|topic| is_like(topic, &event.topic))
            && (self.kinds).is_none_or(|kinds| kinds.iter().any(|kind| is_like(kind, &event.kind)))
            && self.attributes.iter().all(|(name, pattern)| {
                let value = event.attribute(name);
                match value {
                    Some(value) => is_like(pattern, &value),
                    None => pattern.is_empty(),
                }
            })
    }
}

/// Whether the whole text is what the pattern says.
pub fn is_like(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(start) else {
        return false;
    };
    let mut parts = rest.split('*');
    // The end must stand at the end; what is between two stars, at its first place.
    let end = parts.next_back().unwrap_or_default();
    for part in parts {
        match text.find(part) {
            Some(at) => text = &text[at + part.len()..],
            None => return false,
        }
    }
    text.ends_with(end)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::NewEvent;

    fn event(topic: &'static str, kind: &'static str) -> Recorded {
        NewEvent::new(kind, topic, "ada", "{}")
            .with("carrier", "pigeon")
            .recorded(Uuid::nil(), 0, "tests", None)
    }

    #[test]
    fn a_pattern_is_whole_or_holds_stars() {
        for (pattern, text, expected) in [
            ("letter.sent", "letter.sent", true),
            ("letter.sent", "letter.sent_again", false),
            ("letter.*", "letter.sent", true),
            ("letter.*", "parcel.sent", false),
            ("*.sent", "letter.sent", true),
            ("*.sent", "letter.sent.back", false),
            ("l*r.*t", "letter.sent", true),
            ("l*r.*t", "later.set", true),
            ("*tt*tt*", "letter", false),
            ("*", "", true),
            ("", "", true),
            ("", "letter", false),
            ("aba*ba", "aba", false),
        ] {
            assert_eq!(is_like(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_rule_wants_all_it_names_and_a_filter_any_of_its_rules() {
        let letter = event("letters", "letter.sent");
        let parcel = event("parcels", "parcel.sent");
        let by_topic = Filter(&[Rule::topic("letters").of(&["*.sent"])]);
        assert!(by_topic.matches(&letter) && !by_topic.matches(&parcel));
        let either = Filter(&[Rule::topic("letters"), Rule::kinds(&["parcel.*"])]);
        assert!(either.matches(&letter) && either.matches(&parcel));
        let by_attribute = Filter(&[Rule::ANY.with(&[("carrier", "pig*"), ("source", "tests")])]);
        assert!(by_attribute.matches(&letter));
        let other = Filter(&[Rule::ANY.with(&[("carrier", "pig*"), ("source", "shop")])]);
        assert!(!other.matches(&letter));
        assert!(Filter::ALL.matches(&letter) && !Filter(&[]).matches(&letter));
    }

    #[test]
    fn the_empty_pattern_hears_an_event_without_the_attribute() {
        let letter = event("letters", "letter.sent");
        let unweighed = Filter(&[Rule::ANY.with(&[("weight", "")])]);
        let weighed = Filter(&[Rule::ANY.with(&[("weight", "*")])]);
        let without_carrier = Filter(&[Rule::ANY.with(&[("carrier", "")])]);
        assert!(unweighed.matches(&letter));
        assert!(!weighed.matches(&letter) && !without_carrier.matches(&letter));
    }
}
