//! Rebuilds the states of a decider out of the log beside those in use, and puts them in their place,
//! while the decider goes on.
//!
//! First what is settled is folded into a new generation of rows, batch by batch, each in a short
//! transaction of its own; then what both generations hold is compared, page by page, and what was
//! appended meanwhile is folded and compared again. The rest is
//! folded in a last transaction that holds the head, so that nothing of the decider's can be committed
//! meanwhile; one update of the decider's row then puts the new generation in use. Nobody is asked
//! anything and nothing is emitted but the audit.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use db::{Columns, in_list};
use serde::{Deserialize, Serialize};

use crate::decider::AnyDecider;
use crate::decisions::{self, DISCARDED, Decision};
use crate::{Beginning, Error, Failure, Log, Recorded, Roster, Tx, parked, positions, states};

/// The states of a decider were built anew.
pub const REPLAYED: &str = "broker.replayed";

/// Events of one transaction, and rows read or removed at once, at most.
const BATCH: usize = 512;
/// Events of the first transactions, and the fewest.
const FEWEST: usize = 16;
/// How long a transaction is to take: the shop's own writes wait for it, where there is one writer.
const HELD: Duration = Duration::from_millis(15);
/// So few events are left for the last transaction. There are always some while the shop sells.
const NEAR: u64 = 64;

/// What a replay has done. Also the content of [`REPLAYED`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replayed {
    pub consumer: String,
    /// Events after this position were folded…
    pub from: u64,
    /// … up to this one.
    pub to: u64,
    /// Events folded.
    pub events: u64,
    /// Rows of the new generation.
    pub rows: u64,
    /// Rows that were in use and are not in the new generation, and the other way round. 0: the states
    /// were what the log says, byte for byte.
    pub differences: u64,
    /// Who asked for it.
    pub by: String,
}

impl Log {
    /// Builds the states of a decider anew and puts them in use. `progress` hears how far it is:
    /// position and head. The last events are folded while nobody can append.
    ///
    /// # Errors
    /// For what is no decider of the roster and for a position beyond the head; the log's and the
    /// database's. The states in use then stay. Of two replays of one decider the one that began later
    /// goes on, and the other one ends.
    pub async fn replay(
        &self,
        roster: &Roster,
        consumer: &str,
        beginning: Beginning,
        by: &str,
        progress: impl FnMut(u64, u64) + Send,
    ) -> Result<Replayed, Failure> {
        let decider = roster.known(consumer).ok_or_else(|| {
            let deciders: Vec<&str> = roster.deciders().collect();
            Failure::Other(format!(
                "{consumer:?} keeps no states that could be built anew; expected one of {}",
                deciders.join(", ")
            ))
        })?;
        self.rebuild(decider, beginning, by, progress).await
    }

    pub(crate) async fn rebuild(
        &self,
        decider: Box<dyn AnyDecider>,
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
        let mut replay = Replay {
            log: self,
            name: decider.name(),
            decider,
            token: self.environment().new_id().to_string(),
            generation: 0,
            at: 0,
            apart: BTreeMap::new(),
            events: 0,
            rows: 0,
            batch: FEWEST,
            gap: u64::MAX,
        };
        replay.begin(asked).await?;
        let replayed = replay.run(by, progress).await;
        if replayed.is_err() {
            replay.give_up().await?;
        }
        replayed
    }
}

type Events = Vec<Arc<Recorded>>;

struct Replay<'a> {
    log: &'a Log,
    name: &'static str,
    decider: Box<dyn AnyDecider>,
    /// Names this replay among those of the decider.
    token: String,
    /// What it writes.
    generation: i64,
    /// Folded up to here, but for what stands apart.
    at: u64,
    /// Keys of which an event is parked or not yet heard, each with the first position that is not
    /// folded: when it will be handled is not settled, and later events of its key build on it.
    apart: BTreeMap<String, u64>,
    events: u64,
    /// Rows of the generation.
    rows: u64,
    /// Events of the next transaction.
    batch: usize,
    /// Events that were left after the last one.
    gap: u64,
}

impl Replay<'_> {
    /// After a transaction that was open for `held`: sees to it that the next one is shorter if it was
    /// too long, and lets those have their turn whom somebody waits for. SQLite promises no order among
    /// processes that want to write: one that is always there again at once would keep the others out.
    async fn breathe(&mut self, held: Duration) {
        if held > HELD {
            self.batch = (self.batch / 2).max(FEWEST);
        } else if held < HELD / 2 {
            self.batch = (self.batch * 2).min(BATCH);
        }
        self.make_room(held).await;
    }

    async fn make_room(&self, held: Duration) {
        if self.log.db().dialect().parallel_commits() == 1 {
            tokio::time::sleep(held.min(HELD * 4)).await;
        }
    }

    /// Takes a new generation. From now on it is this replay's.
    async fn begin(&mut self, asked: Option<u64>) -> Result<(), Failure> {
        // What a replay that was killed has left.
        self.remove_unused().await?;
        let mut tx = self.log.begin("replay").await?;
        // The rows below are locked after it, as in a turn.
        tx.hold_head().await?;
        positions::hold(&mut tx, self.name).await?;
        let in_use = states::generation(&mut tx, self.name).await?;
        // Also no generation of a replay that still runs and has written nothing yet.
        let newest = db::query(
            "select max(generation) from (\
             select generation from decider_states where decider = $1 \
             union all select generation from replays where consumer = $2) as known",
        )
        .bind(self.name)
        .bind(self.name)
        .fetch_one(tx.conn())
        .await?
        .try_get::<Option<i64>, _>(0)?;
        self.generation = in_use.max(newest.unwrap_or(0)) + 1;
        db::query(
            "insert into replays (consumer, token, generation) values ($1, $2, $3) \
             on conflict (consumer) do update set token = excluded.token, \
             generation = excluded.generation, folded_to = 0",
        )
        .bind(self.name)
        .bind(&self.token)
        .bind(self.generation)
        .execute(tx.conn())
        .await?;
        if let Some(asked) = asked {
            // The copy is the states as of this moment. What changes them later comes after the
            // decider's position, or was parked before it.
            let standing = self.standing(&mut tx).await?;
            let open = standing.unsettled.iter().map(|(_, position)| position - 1);
            self.at = open.fold(asked.min(standing.position), u64::min);
            self.rows = states::copy(&mut tx, self.name, in_use, self.generation).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Makes sure, until `tx` ends, that no later replay has begun.
    async fn claim(&self, tx: &mut Tx) -> Result<(), Failure> {
        let claimed =
            db::query("update replays set folded_to = $1 where consumer = $2 and token = $3")
                .bind(i64::try_from(self.at).unwrap_or(i64::MAX))
                .bind(self.name)
                .bind(&self.token)
                .execute(tx.conn())
                .await?
                .rows_affected();
        match claimed {
            1 => Ok(()),
            _ => Err(Failure::Other(format!(
                "another replay of {} has begun, and goes on",
                self.name
            ))),
        }
    }

    /// Removes what was begun, as long as it is this replay's: it may have been put in use after all,
    /// by a commit that only seemed to fail, or another one may have taken its number.
    async fn give_up(&self) -> Result<(), Failure> {
        loop {
            let mut tx = self.log.begin("replay").await?;
            let begun = Instant::now();
            if self.claim(&mut tx).await.is_err() {
                return Ok(());
            }
            let removed = states::remove(&mut tx, self.name, self.generation, BATCH).await?;
            if removed < BATCH {
                self.release(&mut tx).await?;
                tx.commit().await?;
                return Ok(());
            }
            tx.commit().await?;
            self.make_room(begun.elapsed()).await;
        }
    }

    async fn release(&self, tx: &mut Tx) -> Result<(), Failure> {
        db::query("delete from replays where consumer = $1")
            .bind(self.name)
            .execute(tx.conn())
            .await?;
        Ok(())
    }

    /// Removes the generations that are neither in use nor being written.
    async fn remove_unused(&self) -> Result<(), Failure> {
        let rows = db::query(
            "select distinct generation from decider_states where decider = $1 \
             and generation <> (select generation from consumers where name = $2) \
             and not exists (select 1 from replays where consumer = $3)",
        )
        .bind(self.name)
        .bind(self.name)
        .bind(self.name)
        .fetch_all(self.log.db().reader())
        .await?;
        for row in rows {
            self.remove(row.try_get(0)?).await?;
        }
        Ok(())
    }

    /// Removes the rows of a generation, a batch at a time.
    async fn remove(&self, generation: i64) -> Result<(), Failure> {
        loop {
            let mut tx = self.log.begin("replay").await?;
            let begun = Instant::now();
            let removed = states::remove(&mut tx, self.name, generation, BATCH).await?;
            tx.commit().await?;
            if removed < BATCH {
                return Ok(());
            }
            self.make_room(begun.elapsed()).await;
        }
    }

    async fn run(
        &mut self,
        by: &str,
        mut progress: impl FnMut(u64, u64) + Send,
    ) -> Result<Replayed, Failure> {
        let from = self.at;
        while self.fold_settled(&mut BTreeSet::new()).await? {
            progress(self.at, self.log.stored_head().await?);
        }
        let mut suspects = self.compare().await?;
        // What was appended meanwhile.
        while self.fold_settled(&mut suspects).await? {}
        let mut tx = self.log.begin("replay").await?;
        let head = tx.hold_head().await?;
        self.claim(&mut tx).await?;
        positions::hold(&mut tx, self.name).await?;
        suspects.extend(self.fold_rest(&mut tx, head).await?);
        let in_use = states::generation(&mut tx, self.name).await?;
        let replayed = Replayed {
            consumer: self.name.to_owned(),
            from,
            to: head,
            events: self.events,
            rows: self.rows,
            differences: self.differences(&mut tx, in_use, &suspects).await?,
            by: by.to_owned(),
        };
        positions::use_generation(&mut tx, self.name, self.generation).await?;
        self.release(&mut tx).await?;
        tx.append(decisions::event(REPLAYED, self.name, &replayed)?, None);
        tx.release(self.name);
        tx.commit().await?;
        progress(head, head);
        if let Err(failure) = self.remove(in_use).await {
            // They are in nobody's way, and go with the next replay.
            tracing::warn!(consumer = self.name, %failure, "old states cannot be removed now");
        }
        Ok(replayed)
    }

    /// Folds the next batch, but for what is not settled, and adds the keys of the states that this
    /// changed; says whether the head is still far.
    async fn fold_settled(&mut self, changed: &mut BTreeSet<String>) -> Result<bool, Failure> {
        let batch = self.log.read_after(self.at, self.batch).await?;
        let Some(last) = batch.last().map(|event| event.position) else {
            return Ok(false);
        };
        let mut tx = self.log.begin("replay").await?;
        let begun = Instant::now();
        self.claim(&mut tx).await?;
        let standing = self.standing(&mut tx).await?;
        for (key, position) in &standing.unsettled {
            let first = self.apart.entry(key.clone()).or_insert(*position);
            *first = (*first).min(*position);
        }
        for event in &batch {
            if self.decider.hears(event) && event.position > standing.position {
                let first = self.apart.entry(event.key.clone());
                first.or_insert(event.position);
            }
        }
        let (_, batch) = self.parted(batch, |event| self.is_apart(event))?;
        changed.extend(self.fold(&mut tx, &standing, batch).await?);
        tx.commit().await?;
        self.at = last;
        let held = begun.elapsed();
        let gap = self.log.stored_head().await?.saturating_sub(last);
        if gap > self.gap {
            // More was appended than folded: it would never get there.
            self.batch = BATCH;
        } else {
            self.breathe(held).await;
        }
        self.gap = gap;
        Ok(gap > NEAR)
    }

    /// Folds what is left, up to the head. From here to the commit nobody appends.
    /// Answers with the keys of the states that this changed.
    async fn fold_rest(&mut self, tx: &mut Tx, head: u64) -> Result<Vec<String>, Failure> {
        let mut changed = Vec::new();
        let standing = self.standing(tx).await?;
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
            let (_, batch) = self.parted(batch, |event| self.is_apart(event))?;
            changed.extend(self.fold(tx, &standing, batch).await?);
            self.at = last;
        }
        for (key, first) in std::mem::take(&mut self.apart) {
            let mut events = self.log.read_key(&key).await?;
            events.retain(|event| (first..=head).contains(&event.position));
            let events = events.into_iter().map(Arc::new).collect();
            let (left, _) = self.parted(events, |_| true)?;
            changed.extend(self.fold(tx, &standing, left).await?);
        }
        Ok(changed)
    }

    /// Whether the decider has said it. What the broker says of it is not.
    fn is_own(&self, event: &Recorded) -> bool {
        event.source == self.name && event.topic != decisions::TOPIC
    }

    /// Whether an event of its key stands apart, at it or before it.
    fn is_apart(&self, event: &Recorded) -> bool {
        let first = self.apart.get(&event.key);
        first.is_some_and(|first| *first <= event.position)
    }

    /// Parts the events that are left for the end from those that are folded at their place. What the
    /// decider has said about states of other keys is folded at its place: those states wait for
    /// nobody. About its own key it is left, too, since it may follow what stands apart.
    fn parted(
        &self,
        events: Vec<Arc<Recorded>>,
        is_apart: impl Fn(&Recorded) -> bool,
    ) -> Result<(Events, Events), Failure> {
        let (mut left, mut folded) = (Vec::new(), Vec::with_capacity(events.len()));
        for event in events {
            let waits =
                is_apart(&event) && (!self.is_own(&event) || self.decider.is_of_its_key(&event)?);
            if waits {
                left.push(event);
            } else {
                folded.push(event);
            }
        }
        Ok((left, folded))
    }

    /// Answers with the keys of the states that changed.
    async fn fold(
        &mut self,
        tx: &mut Tx,
        standing: &Standing,
        mut events: Vec<Arc<Recorded>>,
    ) -> Result<Vec<String>, Failure> {
        events.retain(|event| {
            self.is_own(event) || (self.decider.hears(event) && standing.is_handled(event))
        });
        if events.is_empty() {
            return Ok(Vec::new());
        }
        self.events += events.len() as u64;
        let mut keys = BTreeSet::new();
        for event in &events {
            self.decider.missing(event, &mut keys)?;
        }
        states::load(tx, &mut *self.decider, self.generation, &keys).await?;
        for event in &events {
            self.decider.evolve(event)?;
        }
        let changes = self.decider.changes()?.into_iter();
        let changes: Vec<_> = changes
            .map(|change| (self.name, self.generation, change))
            .collect();
        let changed: BTreeSet<String> = (changes.iter())
            .map(|(.., change)| change.key.clone())
            .collect();
        let before = states::count(tx, self.name, self.generation, &changed).await?;
        states::store(tx, &changes).await?;
        let after = states::count(tx, self.name, self.generation, &changed).await?;
        self.rows = self.rows + after - before;
        self.decider.trim();
        Ok(changed.into_iter().collect())
    }

    /// How far the decider has come, at one moment. In this order: an event before the position was
    /// handled, or is parked, or was discarded.
    async fn standing(&self, tx: &mut Tx) -> Result<Standing, Failure> {
        let position = db::query("select position from consumers where name = $1")
            .bind(self.name)
            .fetch_optional(tx.conn())
            .await?;
        let position = match position {
            Some(row) => row.try_get::<i64, _>(0)?.unsigned_abs(),
            None => 0,
        };
        let parked = parked::of_consumer(tx, self.name).await?;
        Ok(Standing {
            position,
            parked: parked.iter().map(|(_, position)| *position).collect(),
            unsettled: parked,
            discarded: discarded(tx, self.name).await?,
        })
    }

    /// The keys of which the generations do not hold the same, page by page. Those that changed while
    /// this reads are among them, and are looked at again at the end.
    async fn compare(&self) -> Result<BTreeSet<String>, Failure> {
        let mut suspects = BTreeSet::new();
        let mut after = None;
        loop {
            let rows = db::query(
                "select s.key, s.generation, s.state, s.deadline_us from decider_states s \
                 where s.decider = $1 and s.key > $2 and (s.generation = $3 or s.generation = \
                 (select c.generation from consumers c where c.name = $4)) \
                 order by s.key, s.generation limit $5",
            )
            .bind(self.name)
            .bind(after.as_deref().unwrap_or_default())
            .bind(self.generation)
            .bind(self.name)
            .bind(2 * BATCH as i64)
            .fetch_all(self.log.db().reader())
            .await?;
            // In the order of the database, which need not be ours.
            let mut held: Vec<(String, Vec<(String, i64)>)> = Vec::new();
            for row in &rows {
                let (key, what) = (row.try_get(0)?, (row.try_get(2)?, row.try_get(3)?));
                match held.last_mut() {
                    Some((last, states)) if *last == key => states.push(what),
                    _ => held.push((key, vec![what])),
                }
            }
            let is_last = rows.len() < 2 * BATCH;
            if !is_last {
                // Of the last key there may be another row.
                held.pop();
            }
            for (key, states) in &held {
                if states.len() != 2 || states[0] != states[1] {
                    suspects.insert(key.clone());
                }
            }
            if is_last {
                return Ok(suspects);
            }
            after = held.pop().map(|(key, _)| key);
        }
    }

    /// How many rows of one generation the other one does not hold, of these keys.
    async fn differences(
        &self,
        tx: &mut Tx,
        in_use: i64,
        suspects: &BTreeSet<String>,
    ) -> Result<u64, Failure> {
        let suspects: Vec<&String> = suspects.iter().collect();
        let mut differences = 0;
        for chunk in suspects.chunks(256) {
            let (list, listed) = in_list(chunk, 4);
            let sql = format!(
                "select key, state, deadline_us from decider_states where decider = $1 \
                 and generation in ($2, $3) and key in ({list}) order by key"
            );
            let mut select = db::query(db::trusted_sql(sql))
                .bind(self.name)
                .bind(in_use)
                .bind(self.generation);
            for key in listed {
                select = select.bind(key.as_str());
            }
            let rows = select.fetch_all(tx.conn()).await?;
            let mut seen: BTreeMap<(String, String, i64), u64> = BTreeMap::new();
            for row in &rows {
                let what = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
                *seen.entry(what).or_default() += 1;
            }
            differences += seen.values().filter(|times| **times == 1).count() as u64;
        }
        Ok(differences)
    }
}

/// How far a decider has come, at one moment.
struct Standing {
    position: u64,
    parked: HashSet<u64>,
    /// Key and position of parked events.
    unsettled: Vec<(String, u64)>,
    discarded: HashSet<u64>,
}

impl Standing {
    fn is_handled(&self, event: &Recorded) -> bool {
        event.position <= self.position
            && !self.parked.contains(&event.position)
            && !self.discarded.contains(&event.position)
    }
}

/// Positions of the decider's events that somebody gave up.
async fn discarded(tx: &mut Tx, decider: &str) -> Result<HashSet<u64>, Failure> {
    let rows = db::query("select data from events where key = $1 and type = $2")
        .bind(decider)
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
