//! Events that a consumer could not handle yet. They stand beside the log, so that the consumer's
//! position can go on and other keys never wait for them; later events of the same key do.
//!
//! An event that failed is tried again, later each time, and after the last attempt it is dead: it
//! waits for a person, who redrives or discards it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use db::{Columns, Db};
use strum::{EnumString, IntoStaticStr};

use crate::event::{COLUMN_COUNT, COLUMNS};
use crate::{Environment, Failure, Recorded, Result};

/// What became of a parked event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum ParkedState {
    /// Failed, or begun and not yet finished; is tried again when it is due.
    Retrying,
    /// Behind an earlier event of its key.
    Held,
    /// Out of attempts.
    Dead,
}

/// A parked event as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedEvent {
    pub consumer: String,
    pub position: u64,
    pub key: String,
    /// `Err` says why the event cannot be read: damaged, or missing.
    pub event: std::result::Result<Recorded, String>,
    pub state: ParkedState,
    pub attempts: u32,
    /// What the last attempt failed with; empty for one that is held.
    pub error: String,
    /// Unix microseconds.
    pub parked_at_us: i64,
}

impl ParkedEvent {
    /// Reads the event's columns and those of its row.
    pub(crate) fn from_row(row: &db::Row) -> Result<Self> {
        let at = COLUMN_COUNT;
        let position = row.try_get::<i64, _>(at + 5)?.unsigned_abs();
        let event = match row.try_get::<Option<i64>, _>(0)? {
            Some(_) => Recorded::from_row(row).map_err(|error| error.to_string()),
            None => Err(format!("the event at position {position} is missing")),
        };
        Ok(Self {
            event,
            position,
            key: row.try_get(at + 6)?,
            consumer: row.try_get(at)?,
            state: row
                .try_get::<&str, _>(at + 1)?
                .parse()
                .unwrap_or(ParkedState::Dead),
            attempts: u32::try_from(row.try_get::<i64, _>(at + 2)?).unwrap_or(u32::MAX),
            error: row.try_get(at + 3)?,
            parked_at_us: row.try_get(at + 4)?,
        })
    }
}

/// One row, without its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub key: String,
    pub state: ParkedState,
    pub attempts: u32,
    /// When to try again, by the clock that nobody sets; 0 for at once. The table has it in unix
    /// microseconds, for the next process.
    pub due_us: i64,
    pub error: String,
}

/// The columns of [`Row::read`], of one consumer.
const ROWS: &str =
    "select position, key, state, attempts, due_us, error from parked where consumer = $1";

impl Row {
    /// However the clock was set meanwhile, it is due after `longest` at the latest.
    fn read(row: &db::Row, environment: &Environment, longest: Duration) -> Result<Self> {
        let longest = i64::try_from(longest.as_micros()).unwrap_or(i64::MAX);
        let due_us = match row.try_get(4)? {
            0 => 0,
            due_us => {
                let wait = i64::saturating_sub(due_us, environment.now_us());
                let wait = wait.clamp(0, longest);
                environment.steady_us().saturating_add(wait)
            }
        };
        Ok(Self {
            key: row.try_get(1)?,
            // An unknown word is of a newer version: leave it to a person.
            state: row
                .try_get::<&str, _>(2)?
                .parse()
                .unwrap_or(ParkedState::Dead),
            attempts: u32::try_from(row.try_get::<i64, _>(3)?).unwrap_or(u32::MAX),
            due_us,
            error: row.try_get(5)?,
        })
    }

    pub fn held(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            state: ParkedState::Held,
            attempts: 0,
            due_us: 0,
            error: String::new(),
        }
    }
}

/// The parked events of one consumer: the table's rows, mirrored in memory. Change the rows inside a
/// transaction and the mirror after its commit.
#[derive(Debug, Default)]
pub(crate) struct Parked {
    rows: BTreeMap<u64, Row>,
    keys: HashMap<String, BTreeSet<u64>>,
    /// When the first event of each key can be tried, and its position.
    runnable: BTreeSet<(i64, u64)>,
}

impl Parked {
    pub async fn load(
        db: &Db,
        environment: &Environment,
        consumer: &str,
        longest: Duration,
    ) -> Result<Self> {
        let rows = db::query(ROWS)
            .bind(consumer)
            .fetch_all(db.reader())
            .await?;
        let mut parked = Self::default();
        for row in rows {
            let position = row.try_get::<i64, _>(0)?.unsigned_abs();
            parked.put(position, Row::read(&row, environment, longest)?);
        }
        Ok(parked)
    }

    /// Whether events of this key must wait.
    pub fn blocks(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    /// Keys of which events must wait.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }

    pub fn get(&self, position: u64) -> Option<&Row> {
        self.rows.get(&position)
    }

    /// The next event to try: the one that has been due for longest.
    pub fn due(&self, steady_us: i64) -> Option<u64> {
        self.runnable
            .first()
            .filter(|(due_us, _)| *due_us <= steady_us)
            .map(|(_, position)| *position)
    }

    /// The next event to try after `position`, in a circle, due or not.
    pub fn next_after(&self, position: u64) -> Option<u64> {
        let first = |ahead: bool| {
            let runnable = self
                .runnable
                .iter()
                .filter(|(due_us, _)| *due_us < i64::MAX);
            let places = runnable.map(|(_, place)| *place);
            places.filter(|place| (*place > position) == ahead).min()
        };
        first(true).or_else(|| first(false))
    }

    /// Sets when an event is due, in memory alone.
    pub fn set_due(&mut self, position: u64, due_us: i64) {
        if let Some(row) = self.rows.get(&position).cloned() {
            self.put(position, Row { due_us, ..row });
        }
    }

    /// When the next event is due.
    pub fn next_due_us(&self) -> Option<i64> {
        self.runnable.first().map(|(due_us, _)| *due_us)
    }

    pub fn put(&mut self, position: u64, row: Row) {
        let key = row.key.clone();
        self.unschedule(&key);
        self.keys.entry(key.clone()).or_default().insert(position);
        self.rows.insert(position, row);
        self.schedule(&key);
    }

    pub fn remove(&mut self, position: u64) {
        let Some(row) = self.rows.get(&position) else {
            return;
        };
        let key = row.key.clone();
        self.unschedule(&key);
        self.rows.remove(&position);
        if let Some(positions) = self.keys.get_mut(&key) {
            positions.remove(&position);
            if positions.is_empty() {
                self.keys.remove(&key);
            }
        }
        self.schedule(&key);
    }

    /// The first event of a key decides for the key: held ones run when it is gone.
    fn first(&self, key: &str) -> Option<(u64, &Row)> {
        let position = *self.keys.get(key)?.first()?;
        Some((position, self.rows.get(&position)?))
    }

    fn schedule(&mut self, key: &str) {
        if let Some((position, row)) = self.first(key)
            && row.state != ParkedState::Dead
        {
            self.runnable.insert((row.due_us, position));
        }
    }

    fn unschedule(&mut self, key: &str) {
        if let Some((position, row)) = self.first(key) {
            let scheduled = (row.due_us, position);
            self.runnable.remove(&scheduled);
        }
    }
}

/// Key and position of the events of a consumer that are parked.
pub(crate) async fn of_consumer(
    tx: &mut db::Tx,
    consumer: &str,
) -> std::result::Result<Vec<(String, u64)>, Failure> {
    let rows = db::query("select key, position from parked where consumer = $1")
        .bind(consumer)
        .fetch_all(tx.conn())
        .await?;
    let read = |row: &db::Row| {
        let position: i64 = row.try_get(1)?;
        Ok((row.try_get(0)?, position.unsigned_abs()))
    };
    rows.iter().map(read).collect()
}

/// The columns of [`Recorded::from_row`] in a query that calls the log `e`.
pub(crate) fn event_columns() -> String {
    let columns = COLUMNS.split(", ").map(|column| format!("e.{column}"));
    columns.collect::<Vec<_>>().join(", ")
}

/// The row of one event, as the database has it now.
pub(crate) async fn load_one(
    tx: &mut db::Tx,
    consumer: &str,
    position: u64,
    environment: &Environment,
) -> std::result::Result<Option<Row>, Failure> {
    let row = db::query(db::trusted_sql(format!("{ROWS} and position = $2")))
        .bind(consumer)
        .bind(i64::try_from(position).unwrap_or(i64::MAX))
        .fetch_optional(tx.conn())
        .await?;
    let read = |row| Row::read(row, environment, Duration::ZERO);
    Ok(row.as_ref().map(read).transpose()?)
}

/// Makes sure, until `tx` ends, that a row stands as this process knows it: another one that runs the
/// same consumer may have tried the event meanwhile, without moving the consumer's position.
pub(crate) async fn claim(
    tx: &mut db::Tx,
    consumer: &str,
    position: u64,
    known: &Row,
) -> std::result::Result<(), Failure> {
    let claimed = db::query(
        "update parked set attempts = attempts \
         where consumer = $1 and position = $2 and state = $3 and attempts = $4",
    )
    .bind(consumer)
    .bind(i64::try_from(position).unwrap_or(i64::MAX))
    .bind(known.state.into_str())
    .bind(i64::from(known.attempts))
    .execute(tx.conn())
    .await?
    .rows_affected();
    if claimed == 1 {
        Ok(())
    } else {
        Err(Failure::Moved)
    }
}

/// Writes rows, over those that stand there already.
pub(crate) async fn store(
    tx: &mut db::Tx,
    consumer: &str,
    rows: &[(u64, Row)],
    environment: &Environment,
) -> std::result::Result<(), Failure> {
    let (now_us, steady_us) = (environment.now_us(), environment.steady_us());
    for (tuples, chunk) in tx.place_rows(rows, 8) {
        let sql = format!(
            "insert into parked (consumer, position, key, state, attempts, due_us, error, \
             parked_at_us) values {tuples} on conflict (consumer, position) do update \
             set state = excluded.state, attempts = excluded.attempts, due_us = excluded.due_us, \
             error = excluded.error"
        );
        let mut insert = db::query(db::trusted_sql(sql));
        for (position, row) in chunk {
            let due_us = match row.due_us {
                0 => 0,
                due_us => now_us.saturating_add(due_us.saturating_sub(steady_us).max(0)),
            };
            insert = insert
                .bind(consumer)
                .bind(i64::try_from(*position).unwrap_or(i64::MAX))
                .bind(&row.key)
                .bind(row.state.into_str())
                .bind(i64::from(row.attempts))
                .bind(due_us)
                .bind(&row.error)
                .bind(now_us);
        }
        insert.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Takes away all that a consumer has parked, which will not come again.
pub(crate) async fn delete_all(
    tx: &mut db::Tx,
    consumer: &str,
) -> std::result::Result<(), Failure> {
    db::query("delete from parked where consumer = $1")
        .bind(consumer)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Takes a row away: its event is handled or discarded.
pub(crate) async fn delete(
    tx: &mut db::Tx,
    consumer: &str,
    position: u64,
) -> std::result::Result<(), Failure> {
    db::query("delete from parked where consumer = $1 and position = $2")
        .bind(consumer)
        .bind(i64::try_from(position).unwrap_or(i64::MAX))
        .execute(tx.conn())
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, state: ParkedState, due_us: i64) -> Row {
        Row {
            key: key.to_owned(),
            state,
            attempts: 1,
            due_us,
            error: String::new(),
        }
    }

    #[test]
    fn the_first_event_of_a_key_decides_for_the_key() {
        let mut parked = Parked::default();
        parked.put(5, row("a", ParkedState::Retrying, 100));
        parked.put(6, row("a", ParkedState::Held, 0));
        parked.put(7, row("b", ParkedState::Retrying, 50));
        assert!(parked.blocks("a") && parked.blocks("b") && !parked.blocks("c"));
        assert_eq!(
            (parked.due(49), parked.due(50), parked.due(100)),
            (None, Some(7), Some(7))
        );
        parked.remove(7);
        assert_eq!((parked.due(99), parked.due(100)), (None, Some(5)));
        parked.remove(5);
        assert_eq!(
            parked.due(0),
            Some(6),
            "what was held runs when the first one is gone"
        );
        parked.remove(6);
        assert!(!parked.blocks("a"));
        assert_eq!(parked.next_due_us(), None);
    }

    #[test]
    fn a_dead_event_holds_its_key_until_somebody_decides() {
        let mut parked = Parked::default();
        parked.put(6, row("a", ParkedState::Held, 0));
        parked.put(5, row("a", ParkedState::Dead, 0));
        assert_eq!(parked.due(i64::MAX), None);
        parked.put(5, row("a", ParkedState::Retrying, 0));
        assert_eq!(parked.due(0), Some(5));
        parked.put(5, row("a", ParkedState::Dead, 0));
        parked.remove(5);
        assert_eq!(parked.due(0), Some(6));
    }
}
