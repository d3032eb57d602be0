//! Rebuilds a projection out of the log beside the one in use, and puts it in its place, while the
//! consumer goes on.
//!
//! First what is settled is folded into a fresh table, batch by batch, each in a transaction of its
//! own. The rest is folded in a last one that holds the consumer's position, so that nothing of the
//! consumer's can be committed meanwhile; then the tables change places. Nobody is asked anything and
//! nothing is emitted but the audit.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use db::Columns;
use serde::{Deserialize, Serialize};

use crate::decisions::{self, DISCARDED, Decision};
use crate::{Error, Failure, Log, Projection, Recorded, Tx, lane, parked};

/// A projection was built anew.
pub const REPLAYED: &str = "broker.replayed";

/// Events of one transaction. Large, since each costs the shop a commit; small, since the shop's own
/// writes wait for it.
const BATCH: usize = 2_048;
/// So few events are left for the last transaction. There are always some while the shop sells.
const NEAR: u64 = 256;

/// Where a replay begins. Folding begins earlier than asked where the consumer has not come so far, or
/// has parked an event before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// With an empty table and the first event.
    Nothing,
    /// With the rows of the table in use, and the events after a position. What those events do not
    /// touch stays as it is.
    Position(u64),
    /// As [`Beginning::Position`], with the first event at or after this time, unix microseconds.
    Time(i64),
}

/// What a replay has done. Also the content of [`REPLAYED`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replayed {
    pub consumer: String,
    pub table: String,
    /// Events after this position were folded…
    pub from: u64,
    /// … up to this one.
    pub to: u64,
    /// Events folded.
    pub events: u64,
    pub rows: u64,
    /// Rows of the old table that are not in the new one, and the other way round. 0: the projection
    /// was what the log says, byte for byte.
    pub differences: u64,
    /// Who asked for it.
    pub by: String,
}

impl Log {
    /// Builds the projection's table anew and puts it in use. `progress` hears how far it is: position
    /// and head. The last events are folded and the two tables compared while the consumer (with
    /// SQLite: every writer) waits.
    ///
    /// # Errors
    /// The log's and the database's, and for a position beyond the head; the old table then stays in
    /// use. Of two replays of one table the one that began later goes on, and the other one ends.
    pub async fn replay<P: Projection>(
        &self,
        projection: &P,
        beginning: Beginning,
        by: &str,
        progress: impl FnMut(u64, u64) + Send,
    ) -> Result<Replayed, Failure> {
        let asked = match beginning {
            Beginning::Nothing => None,
            Beginning::Position(position) => Some(position),
            Beginning::Time(time_us) => Some(self.position_before(time_us).await?),
        };
        let head = self.stored_head().await?;
        if let Some(beyond) = asked.filter(|asked| *asked > head) {
            return Err(Failure::Other(format!(
                "the log ends at position {head}: there is nothing after {beyond}"
            )));
        }
        let fresh = format!("{}_anew", P::TABLE);
        let mut replay = Replay {
            log: self,
            projection,
            fresh: &fresh,
            token: self.environment().new_id().to_string(),
            at: 0,
            apart: BTreeMap::new(),
            events: 0,
        };
        replay.begin(asked).await?;
        let replayed = replay.run(by, progress).await;
        if replayed.is_err() {
            replay.give_up().await?;
        }
        replayed
    }

    /// The position before the first event at or after a time.
    pub async fn position_before(&self, time_us: i64) -> Result<u64, Error> {
        let row = db::query("select min(position) from events where time_us >= $1")
            .bind(time_us)
            .fetch_one(self.db().reader())
            .await?;
        match row.try_get::<Option<i64>, _>(0)? {
            Some(position) => Ok(position.unsigned_abs() - 1),
            None => self.stored_head().await,
        }
    }
}

struct Replay<'a, P> {
    log: &'a Log,
    projection: &'a P,
    fresh: &'a str,
    /// Names this replay among those of the table.
    token: String,
    /// Folded up to here, but for what stands apart.
    at: u64,
    /// Keys of which an event is parked or not yet heard, each with the first position that is not
    /// folded: when it will be handled is not settled, and later events of its key build on it.
    apart: BTreeMap<String, u64>,
    events: u64,
}

impl<P: Projection> Replay<'_, P> {
    /// Makes the fresh table. From now on it is this replay's.
    async fn begin(&mut self, asked: Option<u64>) -> Result<(), Failure> {
        let mut tx = self.log.begin("replay").await?;
        db::query(
            "insert into replays (consumer, token) values ($1, $2) \
             on conflict (consumer) do update set token = excluded.token",
        )
        .bind(P::NAME)
        .bind(&self.token)
        .execute(tx.conn())
        .await?;
        tx.create_copy(P::TABLE, self.fresh).await?;
        if let Some(asked) = asked {
            // The copy is the table as of this moment. What changes it later comes after the consumer's
            // position, or was parked before it.
            lane::hold_position(&mut tx, P::NAME).await?;
            let standing = Standing::load::<P>(&mut tx).await?;
            let open = standing.unsettled.iter().map(|(_, position)| position - 1);
            self.at = open.fold(asked.min(standing.position), u64::min);
            tx.fill_copy(P::TABLE, self.fresh).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Makes sure, until `tx` ends, that no later replay has taken the fresh table over.
    async fn claim(&self, tx: &mut Tx) -> Result<(), Failure> {
        let claimed =
            db::query("update replays set token = token where consumer = $1 and token = $2")
                .bind(P::NAME)
                .bind(&self.token)
                .execute(tx.conn())
                .await?
                .rows_affected();
        match claimed {
            1 => Ok(()),
            _ => Err(Failure::Other(format!(
                "another replay of {} has begun, and goes on",
                P::NAME
            ))),
        }
    }

    /// Removes what was begun, unless it is another replay's by now.
    async fn give_up(&self) -> Result<(), Failure> {
        let mut tx = self.log.begin("replay").await?;
        if self.claim(&mut tx).await.is_ok() {
            tx.drop_table(self.fresh).await?;
            self.release(&mut tx).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn release(&self, tx: &mut Tx) -> Result<(), Failure> {
        db::query("delete from replays where consumer = $1")
            .bind(P::NAME)
            .execute(tx.conn())
            .await?;
        Ok(())
    }

    async fn run(
        &mut self,
        by: &str,
        mut progress: impl FnMut(u64, u64) + Send,
    ) -> Result<Replayed, Failure> {
        let from = self.at;
        loop {
            let is_far = self.fold_settled().await?;
            progress(self.at, self.log.stored_head().await?);
            if !is_far {
                break;
            }
        }
        let mut tx = self.log.begin("replay").await?;
        self.claim(&mut tx).await?;
        let head = self.fold_rest(&mut tx).await?;
        let replayed = Replayed {
            consumer: P::NAME.to_owned(),
            table: P::TABLE.to_owned(),
            from,
            to: head,
            events: self.events,
            rows: tx.count_rows(self.fresh).await?,
            differences: tx.count_differences(P::TABLE, self.fresh).await?,
            by: by.to_owned(),
        };
        tx.replace_table(P::TABLE, self.fresh).await?;
        self.release(&mut tx).await?;
        tx.append(decisions::event(REPLAYED, P::NAME, &replayed)?, None);
        tx.commit().await?;
        progress(head, head);
        Ok(replayed)
    }

    /// Folds the next batch, but for what is not settled; says whether the head is still far.
    async fn fold_settled(&mut self) -> Result<bool, Failure> {
        let mut batch = self.log.read_after(self.at, BATCH).await?;
        let Some(last) = batch.last().map(|event| event.position) else {
            return Ok(false);
        };
        let mut tx = self.log.begin("replay").await?;
        self.claim(&mut tx).await?;
        let standing = Standing::load::<P>(&mut tx).await?;
        for (key, position) in &standing.unsettled {
            let first = self.apart.entry(key.clone()).or_insert(*position);
            *first = (*first).min(*position);
        }
        for event in &batch {
            let is_open = P::HEARS.matches(event) && event.position > standing.position;
            if is_open && P::FOLDS.matches(event) {
                let first = self.apart.entry(event.key.clone());
                first.or_insert(event.position);
            }
        }
        batch.retain(|event| !self.is_apart(event));
        self.fold(&mut tx, &standing, batch).await?;
        tx.commit().await?;
        self.at = last;
        Ok(self.log.stored_head().await?.saturating_sub(last) > NEAR)
    }

    /// Folds what is left, up to the answer. From here to the commit the consumer stands still.
    async fn fold_rest(&mut self, tx: &mut Tx) -> Result<u64, Failure> {
        lane::hold_position(tx, P::NAME).await?;
        let standing = Standing::load::<P>(tx).await?;
        let head = db::query("select position from log_head where id = 1")
            .fetch_one(tx.conn())
            .await?
            .try_get::<i64, _>(0)?
            .unsigned_abs();
        self.log.saw_head(head);
        while self.at < head {
            let mut batch = self.log.read_after(self.at, BATCH).await?;
            batch.retain(|event| event.position <= head);
            let Some(last) = batch.last().map(|event| event.position) else {
                return Err(Error::Missing {
                    position: self.at + 1,
                    head,
                }
                .into());
            };
            batch.retain(|event| !self.is_apart(event));
            self.fold(tx, &standing, batch).await?;
            self.at = last;
        }
        for (key, first) in std::mem::take(&mut self.apart) {
            let mut events = self.log.read_key(&key).await?;
            events.retain(|event| (first..=head).contains(&event.position));
            let events = events.into_iter().map(Arc::new).collect();
            self.fold(tx, &standing, events).await?;
        }
        Ok(head)
    }

    fn is_apart(&self, event: &Recorded) -> bool {
        let first = self.apart.get(&event.key);
        first.is_some_and(|first| *first <= event.position)
    }

    async fn fold(
        &mut self,
        tx: &mut Tx,
        standing: &Standing,
        mut events: Vec<Arc<Recorded>>,
    ) -> Result<(), Failure> {
        events.retain(|event| {
            P::FOLDS.matches(event) && (!P::HEARS.matches(event) || standing.is_handled(event))
        });
        self.events += events.len() as u64;
        if events.is_empty() {
            return Ok(());
        }
        self.projection.fold(tx, self.fresh, &events).await
    }
}

/// How far the consumer has come, at one moment.
struct Standing {
    position: u64,
    parked: HashSet<u64>,
    /// Key and position of parked events that the projection folds.
    unsettled: Vec<(String, u64)>,
    discarded: HashSet<u64>,
}

impl Standing {
    /// In this order: an event before the position was handled, or is parked, or was discarded.
    async fn load<P: Projection>(tx: &mut Tx) -> Result<Self, Failure> {
        let position = db::query("select position from consumers where name = $1")
            .bind(P::NAME)
            .fetch_optional(tx.conn())
            .await?;
        let position = match position {
            Some(row) => row.try_get::<i64, _>(0)?.unsigned_abs(),
            None => 0,
        };
        let parked = parked::of_consumer(tx, P::NAME).await?;
        let unsettled = parked.iter().filter(|event| P::FOLDS.matches(event));
        Ok(Self {
            position,
            unsettled: unsettled.map(|e| (e.key.clone(), e.position)).collect(),
            parked: parked.iter().map(|event| event.position).collect(),
            discarded: discarded::<P>(tx).await?,
        })
    }

    fn is_handled(&self, event: &Recorded) -> bool {
        event.position <= self.position
            && !self.parked.contains(&event.position)
            && !self.discarded.contains(&event.position)
    }
}

/// Positions of the consumer's events that somebody gave up.
async fn discarded<P: Projection>(tx: &mut Tx) -> Result<HashSet<u64>, Failure> {
    let rows = db::query("select data from events where key = $1 and type = $2")
        .bind(P::NAME)
        .bind(DISCARDED)
        .fetch_all(tx.conn())
        .await?;
    let position = |row: &db::Row| {
        let decision: Decision = serde_json::from_str(row.try_get(0)?)
            .map_err(|error| Failure::Other(format!("{DISCARDED}: {error}")))?;
        Ok(decision.position)
    };
    rows.iter().map(position).collect()
}
