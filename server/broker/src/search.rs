//! Looking for events through the log, backwards or on, within bounds: an answer says how far it looked, so that
//! whoever asks goes on from there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::event::COLUMNS;
use crate::{Log, Recorded, Result};

/// Positions of one statement: those of the first, and the most. Each reaches twice as far as the one before.
const STEPS: (u64, u64) = (1_024, 65_536);
/// Events of one statement, at most.
const ROWS: usize = 1_024;

/// Events that are read at once, looking on.
const PAGE: usize = 512;

/// What is looked for. Patterns are those of a [`Rule`](crate::Rule); an empty one asks nothing.
#[derive(Debug, Clone, Default)]
pub struct Search {
    pub topic: String,
    pub kind: String,
    pub key: String,
    /// What stands somewhere in the content, in lower case.
    pub texts: Vec<String>,
}

/// How much is done for one answer.
#[derive(Debug, Clone, Copy)]
pub struct Reach {
    /// Events that are answered.
    pub events: usize,
    /// Positions that are looked through.
    pub positions: u64,
    /// A statement that begins later than this is not made.
    pub time: Duration,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundBack {
    /// The newest first.
    pub events: Vec<Recorded>,
    /// Everything from here on was looked at.
    pub back_to: u64,
}

impl Search {
    /// The condition and its values, the first of which is `$3`. The database tells more apart than a pattern
    /// does in letters of another case: what it finds is looked at again.
    fn condition(&self) -> (String, Vec<String>) {
        let mut condition = String::new();
        let mut values = Vec::new();
        for (column, pattern) in [
            ("topic", &self.topic),
            ("type", &self.kind),
            ("key", &self.key),
        ] {
            if pattern.is_empty() {
                continue;
            }
            let place = values.len() + 3;
            if pattern.contains('*') {
                condition.push_str(&format!(" and {column} like ${place} escape '!'"));
                values.push(escaped(pattern).replace('*', "%"));
            } else {
                condition.push_str(&format!(" and {column} = ${place}"));
                values.push(pattern.clone());
            }
        }
        for text in &self.texts {
            // The databases agree about small letters only where there are no others than those of ASCII.
            if text.is_ascii() {
                let place = values.len() + 3;
                condition.push_str(&format!(" and lower(data) like ${place} escape '!'"));
                values.push(format!("%{}%", escaped(text)));
            }
        }
        (condition, values)
    }
}

/// Without what `like` takes for more than a letter.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '!' | '%' | '_') {
            escaped.push('!');
        }
        escaped.push(letter);
    }
    escaped
}

impl Log {
    /// The events after `position` that `is_it`, oldest first, and how far it looked: the position to go on from. It
    /// looks no further than it may, or than the log goes.
    ///
    /// # Errors
    /// As [`Log::read_after`], when the damage comes first: what stands before it is still good.
    pub async fn search_on(
        &self,
        position: u64,
        reach: Reach,
        is_it: impl Fn(&Recorded) -> bool,
    ) -> Result<(Vec<Arc<Recorded>>, u64)> {
        let begun = Instant::now();
        let mut found = Vec::new();
        let mut at = position;
        let end = position.saturating_add(reach.positions);
        while at < end && (begun.elapsed() < reach.time || at == position) {
            let events = match self.read_after(at, PAGE).await {
                Ok(events) => events,
                Err(_) if at > position => break,
                Err(error) => return Err(error),
            };
            if events.is_empty() {
                break;
            }
            for event in events {
                at = event.position;
                if is_it(&event) {
                    found.push(event);
                    if found.len() >= reach.events {
                        return Ok((found, at));
                    }
                }
            }
        }
        Ok((found, at))
    }

    /// The newest events at or before `from` and after `after` that `is_it`. Damaged ones are left out: they are
    /// told of elsewhere.
    pub async fn search_back(
        &self,
        search: &Search,
        (after, from): (u64, u64),
        reach: Reach,
        is_it: impl Fn(&Recorded) -> bool,
    ) -> Result<FoundBack> {
        let begun = Instant::now();
        let (condition, values) = search.condition();
        let sql = format!(
            "select {COLUMNS} from events where position <= $1 and position > $2{condition} \
             order by position desc limit {ROWS}"
        );
        let (mut step, longest) = STEPS;
        let mut at = from.min(self.stored_head().await?);
        let end = after.max(at.saturating_sub(reach.positions));
        let mut events = Vec::new();
        while at > end && (begun.elapsed() < reach.time || step == STEPS.0) {
            let down_to = at.saturating_sub(step).max(end);
            let mut query = db::query(db::trusted_sql(sql.clone()))
                .bind(i64::try_from(at).unwrap_or(i64::MAX))
                .bind(i64::try_from(down_to).unwrap_or(i64::MAX));
            for value in &values {
                query = query.bind(value);
            }
            let rows = query.fetch_all(self.db().reader()).await?;
            let mut last = at;
            for row in &rows {
                let event = match Recorded::from_row(row) {
                    Ok(event) => event,
                    Err(error) if error.is_damage() => continue,
                    Err(error) => return Err(error),
                };
                last = event.position;
                if is_it(&event) {
                    events.push(event);
                    if events.len() >= reach.events {
                        return Ok(FoundBack {
                            events,
                            back_to: last,
                        });
                    }
                }
            }
            at = match rows.len() < ROWS {
                true => down_to,
                // There may be more of them between.
                false => last.saturating_sub(1).max(down_to),
            };
            step = (step * 2).min(longest);
        }
        Ok(FoundBack {
            events,
            back_to: at + 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_becomes_one_of_the_database() {
        let search = Search {
            topic: "orders".to_owned(),
            kind: "order_100%.*".to_owned(),
            texts: vec!["a_b".to_owned(), "ß".to_owned()],
            ..Search::default()
        };
        let (condition, values) = search.condition();
        assert_eq!(
            condition,
            " and topic = $3 and type like $4 escape '!' and lower(data) like $5 escape '!'"
        );
        assert_eq!(values, ["orders", "order!_100!%.%", "%a!_b%"]);
    }
}
