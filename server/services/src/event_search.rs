//! The events of the log of which something is so: for the staff's page, and for its socket, which is sent nothing
//! else.

use std::time::Duration;

use broker::{Log, REPLAYED, Reach, Recorded, Search, decisions, is_like};
use domain::Event;
use serde_json::Value;
use types::Problem;
use types::admin::EventRow;
use types::event_query::EventQuery;
use types::log::EventPage;
use types::staff::Right;

use crate::events::Refused;
use crate::look_back::order_id;
use crate::shop::Shop;
use crate::summary::event_row;
use crate::visitor::Staff;

/// What is done for one page; whoever wants more asks for what is further back.
const REACH: Reach = Reach {
    events: 50,
    positions: 1_000_000,
    time: Duration::from_millis(1_500),
};

/// Tells whether an event is one that was asked for.
#[derive(Debug, Clone)]
pub struct EventMatcher {
    topic: String,
    kind: String,
    key: String,
    attribute: Option<(String, String)>,
    /// The end of a path in the content, and the pattern of what stands there.
    field: Option<(Vec<String>, Option<String>)>,
    /// In small letters.
    text: String,
}

impl EventMatcher {
    /// # Errors
    /// 422 for a part that says nothing, with what was expected there; 404 is none of them: an order that there is
    /// not has no events.
    pub async fn of(log: &Log, query: &EventQuery) -> crate::Result<Self> {
        let key = match order_id(log, &query.key).await {
            Ok(Some(id)) => id.to_string(),
            Ok(None) => query.key.clone(),
            Err(Refused(problem)) if problem.status == 404 => {
                return Err(Problem::invalid_field("key", problem.detail));
            }
            Err(refused) => return Err(refused.into()),
        };
        Ok(Self {
            topic: query.topic.clone(),
            kind: query.kind.clone(),
            key,
            attribute: attribute(&query.attribute)?,
            field: field(&query.field)?,
            text: query.text.to_lowercase(),
        })
    }

    pub fn matches(&self, event: &Recorded) -> bool {
        let is_so = |pattern: &str, value: &str| pattern.is_empty() || is_like(pattern, value);
        is_so(&self.topic, &event.topic)
            && is_so(&self.kind, &event.kind)
            && is_so(&self.key, &event.key)
            && (self.attribute.as_ref()).is_none_or(|(name, pattern)| match event.attribute(name) {
                Some(value) => is_like(pattern, &value),
                None => pattern.is_empty(),
            })
            && (self.text.is_empty() || event.data.to_lowercase().contains(&self.text))
            && (self.field.as_ref())
                .is_none_or(|(path, pattern)| has_field(&event.data, path, pattern.as_deref()))
    }

    fn search(&self) -> Search {
        let mut texts = Vec::new();
        if !self.text.is_empty() {
            texts.push(self.text.clone());
        }
        if let Some(name) = self.field.as_ref().and_then(|(path, _)| path.last()) {
            texts.push(format!("\"{}\"", name.to_lowercase()));
        }
        Search {
            topic: self.topic.clone(),
            kind: self.kind.clone(),
            key: self.key.clone(),
            texts,
        }
    }
}

fn attribute(asked: &str) -> crate::Result<Option<(String, String)>> {
    if asked.is_empty() {
        return Ok(None);
    }
    let is_name = |name: &str| {
        let letters = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        !name.is_empty() && name.bytes().all(letters)
    };
    match asked.split_once('=') {
        Some((name, pattern)) if is_name(name.trim()) => {
            Ok(Some((name.trim().to_owned(), pattern.trim().to_owned())))
        }
        _ => Err(Problem::invalid_field(
            "attribute",
            "Enter an attribute and its value, such as source=inventory or origin=*.",
        )),
    }
}

fn field(asked: &str) -> crate::Result<Option<(Vec<String>, Option<String>)>> {
    if asked.is_empty() {
        return Ok(None);
    }
    let (path, pattern) = match asked.split_once('=') {
        Some((path, pattern)) => (path, Some(pattern.trim().to_owned())),
        None => (asked, None),
    };
    let path: Vec<String> = (path.trim().split('.'))
        .map(|name| name.trim().to_owned())
        .collect();
    if path.iter().any(String::is_empty) {
        return Err(Problem::invalid_field(
            "field",
            "Enter a field of the content and its value, such as sku=AS-VEG-* or amount.minor=4200.",
        ));
    }
    Ok(Some((path, pattern)))
}

/// Whether a content has a value at a path that ends so. Lists have no names: what is in them counts for them.
fn has_field(data: &str, path: &[String], pattern: Option<&str>) -> bool {
    let Ok(content) = serde_json::from_str::<Value>(data) else {
        return false;
    };
    let mut left: Vec<(Vec<&str>, &Value)> = vec![(Vec::new(), &content)];
    while let Some((names, value)) = left.pop() {
        let is_there = names.len() >= path.len()
            && names[names.len() - path.len()..]
                .iter()
                .zip(path)
                .all(|(name, asked)| name == asked);
        if is_there && pattern.is_none_or(|pattern| is_value(value, pattern)) {
            return true;
        }
        match value {
            Value::Array(values) => left.extend(values.iter().map(|value| (names.clone(), value))),
            Value::Object(fields) => left.extend(fields.iter().map(|(name, value)| {
                let mut names = names.clone();
                names.push(name);
                (names, value)
            })),
            _ => {}
        }
    }
    false
}

fn is_value(value: &Value, pattern: &str) -> bool {
    match value {
        Value::String(text) => is_like(pattern, text),
        Value::Number(number) => is_like(pattern, &number.to_string()),
        Value::Bool(is) => is_like(pattern, if *is { "true" } else { "false" }),
        Value::Null => pattern == "null",
        Value::Array(_) | Value::Object(_) => false,
    }
}

/// The topics and the types that there are, each in order: what a filter may name.
pub fn event_kinds() -> (Vec<&'static str>, Vec<&'static str>) {
    let mut topics = Event::TOPICS.to_vec();
    topics.push(decisions::TOPIC);
    let mut kinds = Event::KINDS.to_vec();
    kinds.push(REPLAYED);
    for names in [&mut topics, &mut kinds] {
        names.sort_unstable();
        names.dedup();
    }
    (topics, kinds)
}

impl Shop {
    /// The newest events before a position that a filter lets through; of all when there is none.
    ///
    /// # Errors
    /// Those of [`EventMatcher::of`].
    pub async fn event_page(
        &self,
        staff: &Staff,
        query: &EventQuery,
        before: Option<u64>,
    ) -> crate::Result<EventPage> {
        staff.may(Right::See)?;
        let matcher = EventMatcher::of(self.log(), query).await?;
        let head = self.log().stored_head().await.map_err(Refused::from)?;
        let from = before.map_or(head, |before| before.saturating_sub(1).min(head));
        self.staff_names().refresh(self.log()).await?;
        let (events, back_to) = self.found(&matcher, (0, from), REACH.events).await?;
        Ok(EventPage {
            events,
            head,
            back_to,
        })
    }

    /// The events after `position` that a filter lets through, oldest first; of many only the last `limit`. Also
    /// the position at which that is true.
    ///
    /// # Errors
    /// Those of [`EventMatcher::of`].
    pub async fn events_matching_after(
        &self,
        query: &EventQuery,
        position: u64,
        limit: usize,
    ) -> crate::Result<(Vec<EventRow>, u64)> {
        let matcher = EventMatcher::of(self.log(), query).await?;
        let head = self.log().stored_head().await.map_err(Refused::from)?;
        let (mut events, _) = self.found(&matcher, (position, head), limit).await?;
        events.reverse();
        Ok((events, head))
    }

    async fn found(
        &self,
        matcher: &EventMatcher,
        between: (u64, u64),
        limit: usize,
    ) -> crate::Result<(Vec<EventRow>, u64)> {
        let reach = Reach {
            events: limit,
            ..REACH
        };
        let found = self
            .log()
            .search_back(&matcher.search(), between, reach, |event| {
                matcher.matches(event)
            })
            .await
            .map_err(Refused::from)?;
        let rows = found.events.iter();
        let rows = rows.map(|event| event_row(event, self.staff_names()));
        Ok((rows.collect(), found.back_to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &str =
        r#"{"lines":[{"sku":"AS-VEG-WG-50","quantity":2}],"amount":{"minor":4200},"by":null}"#;

    fn has(asked: &str) -> bool {
        let (path, pattern) = field(asked).expect("a field").expect("something asked");
        has_field(DATA, &path, pattern.as_deref())
    }

    #[test]
    fn a_field_is_found_by_the_end_of_its_path_and_a_pattern() {
        for there in [
            "sku=AS-VEG-*",
            "lines.sku=*-50",
            "amount.minor=4200",
            "minor=42*",
            "amount",
            "by=null",
            "quantity = 2",
        ] {
            assert!(has(there), "{there}");
        }
        for not in [
            "sku=AS-LUM-*",
            "amount.sku",
            "amount=4200",
            "minor=420",
            "inor=4200",
        ] {
            assert!(!has(not), "{not}");
        }
        assert!(field("a..b=1").is_err() && field("=1").is_err());
        assert!(!has_field("no JSON", &["sku".to_owned()], None));
    }

    #[test]
    fn an_attribute_has_a_name_and_a_value() {
        let known = attribute("source = inventory").expect("an attribute");
        assert_eq!(known, Some(("source".to_owned(), "inventory".to_owned())));
        for bad in ["source", "=x", "Source=x", "a b=c"] {
            assert!(attribute(bad).is_err(), "{bad}");
        }
    }
}
