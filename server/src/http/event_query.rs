//! What a program of others asks for in an address: which events, from where on, how many, and how long it waits.

use std::time::Duration;

use axum::http::Uri;
use domain::service_account::is_pattern;
use services::Asked;
use types::{FieldError, Problem};

/// Events of one answer, at most and unless it says otherwise.
const MAX_LIMIT: u64 = 1_000;
const LIMIT: u64 = 100;
/// How long a request waits, at most, in seconds.
const MAX_WAIT: u64 = 30;
/// Patterns, at most.
const MOST: usize = 50;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventQuery {
    pub asked: Asked,
    pub after: u64,
    pub limit: usize,
    pub wait: Duration,
}

impl EventQuery {
    /// Reads the part of an address behind the question mark, in which these names may stand.
    ///
    /// # Errors
    /// 422 with each part that is wrong, and what was expected.
    pub fn read(uri: &Uri, names: &[&str]) -> Result<Self, Problem> {
        let mut query = Self {
            asked: Asked::default(),
            after: 0,
            limit: usize::try_from(LIMIT).unwrap_or(usize::MAX),
            wait: Duration::ZERO,
        };
        let mut wrong = Vec::new();
        let mut complain = |name: &str, message: String| wrong.push(FieldError::new(name, message));
        let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        for (name, value) in pairs {
            let name = &*name;
            if !names.contains(&name) {
                let message = format!(
                    "There is no parameter {name:?}: expected {}.",
                    names.join(", ")
                );
                complain(name, message);
                continue;
            }
            let number = value.parse::<u64>();
            match name {
                "after" => match number {
                    Ok(after) if i64::try_from(after).is_ok() => query.after = after,
                    _ => complain(
                        name,
                        "after is to be a position: a whole number.".to_owned(),
                    ),
                },
                "limit" => match number {
                    Ok(limit @ 1..=MAX_LIMIT) => {
                        query.limit = usize::try_from(limit).unwrap_or(usize::MAX);
                    }
                    _ => complain(name, format!("limit is to be 1 to {MAX_LIMIT}.")),
                },
                "wait" => match number {
                    Ok(wait @ 0..=MAX_WAIT) => query.wait = Duration::from_secs(wait),
                    _ => complain(name, format!("wait is to be 0 to {MAX_WAIT} seconds.")),
                },
                _ => {
                    let patterns: Vec<String> = (value.split(','))
                        .map(|pattern| pattern.trim().to_owned())
                        .filter(|pattern| !pattern.is_empty())
                        .collect();
                    if let Some(bad) = patterns.iter().find(|pattern| !is_pattern(pattern)) {
                        let message = format!(
                            "{bad:?} is no pattern: expected such as order.placed or stock.*"
                        );
                        complain(name, message);
                    } else if patterns.len() > MOST {
                        complain(name, format!("{name} has more than {MOST} patterns."));
                    } else if name == "types" {
                        query.asked.types = patterns;
                    } else {
                        query.asked.topics = patterns;
                    }
                }
            }
        }
        match wrong.is_empty() {
            true => Ok(query),
            false => Err(Problem::invalid(wrong)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[&str] = &["after", "types", "topics", "limit", "wait"];

    fn read(query: &str) -> Result<EventQuery, Problem> {
        let uri = format!("/events?{query}").parse().expect("an address");
        EventQuery::read(&uri, NAMES)
    }

    #[test]
    fn what_is_asked_is_read_and_what_is_wrong_is_named() {
        let query = read("after=7&types=order.placed,stock.*&limit=5&wait=30").expect("a query");
        assert_eq!((query.after, query.limit), (7, 5));
        assert_eq!(query.asked.types, ["order.placed", "stock.*"]);
        assert_eq!(query.wait, Duration::from_secs(30));
        for (query, field) in [
            ("after=x", "after"),
            ("limit=0", "limit"),
            ("limit=1001", "limit"),
            ("wait=31", "wait"),
            ("types=a%20b", "types"),
            ("mood=1", "mood"),
        ] {
            let problem = read(query).expect_err(query);
            assert!(problem.field(field).is_some(), "{problem:?}");
        }
    }
}
