//! What stands in the log, as text: topics, positions, dead letters. For people, and for tests that
//! compare it with what it was.

use std::fmt;

use db::Columns;

use crate::{Lag, Log, ParkedEvent, Result};

/// Parked events that are listed, at most.
const PARKED: usize = 1_000;

/// A look at the whole of the log. Its text holds no times and no ids, so that two runs of the same
/// story read the same.
#[derive(Debug)]
pub struct Dump {
    head: u64,
    kinds: Vec<Kind>,
    lags: Vec<Lag>,
    parked: Vec<ParkedEvent>,
}

/// Events of a topic and type.
#[derive(Debug)]
struct Kind {
    topic: String,
    kind: String,
    count: i64,
    first: i64,
    last: i64,
}

impl Log {
    /// Reads what [`Dump`] shows. Counts every event of the log.
    pub async fn dump(&self) -> Result<Dump> {
        let rows = db::query(
            "select topic, type, count(*), min(position), max(position) from events \
             group by topic, type order by topic, type",
        )
        .fetch_all(self.db().reports())
        .await?;
        let kind = |row: &db::Row| {
            Ok(Kind {
                topic: row.try_get(0)?,
                kind: row.try_get(1)?,
                count: row.try_get(2)?,
                first: row.try_get(3)?,
                last: row.try_get(4)?,
            })
        };
        Ok(Dump {
            head: self.stored_head().await?,
            kinds: rows.iter().map(kind).collect::<Result<_>>()?,
            lags: self.lags().await?,
            parked: self.parked(false, PARKED).await?,
        })
    }
}

impl fmt::Display for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "head {}", self.head)?;
        let mut topic = "";
        for kind in &self.kinds {
            if kind.topic != topic {
                topic = &kind.topic;
                writeln!(f, "topic {topic}")?;
            }
            let Kind {
                kind,
                count,
                first,
                last,
                ..
            } = kind;
            writeln!(f, "  {kind}: {count}, from {first} to {last}")?;
        }
        for lag in &self.lags {
            let Lag {
                consumer,
                position,
                behind,
                ..
            } = lag;
            writeln!(f, "consumer {consumer}: at {position}, {behind} behind")?;
            for parked in self.parked.iter().filter(|p| p.consumer == *consumer) {
                let (state, position) = (parked.state.into_str(), parked.position);
                let kind = parked.event.as_ref().map_or("damaged", |event| &event.kind);
                write!(f, "  {state} {position} {kind} of {}", parked.key)?;
                write!(f, ", {} attempts", parked.attempts)?;
                match parked.error.lines().next() {
                    Some(error) => writeln!(f, ": {error}")?,
                    None => writeln!(f)?,
                }
            }
        }
        Ok(())
    }
}
