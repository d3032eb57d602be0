//! Whether the log is whole, and whether the states that deciders keep are what follows from it: looked
//! at as of one moment, while others write. Nothing is changed.

use std::collections::{BTreeSet, HashMap, HashSet};

use db::{Columns, Snapshot};
use futures::TryStreamExt as _;

use crate::chain::{Link, Walk};
use crate::decider::AnyDecider;
use crate::decisions::{self, DISCARDED, Decision};
use crate::event::{COLUMN_COUNT, COLUMNS};
use crate::{Error, Failure, Log, Recorded, Result, Roster};

/// Events that are read at once.
const PAGE: usize = 1_000;
/// Faults that are told, at most: of a damaged disk there may be very many.
const MOST_FAULTS: usize = 100;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Where the log ended at that moment.
    pub head: u64,
    /// The link of its last event; `None` for a log without events, or with none but old ones.
    pub head_link: Option<Link>,
    /// Events at the beginning that are older than the chain.
    pub unchained: u64,
    /// By decider, how many states it keeps.
    pub states: Vec<(&'static str, u64)>,
    /// Damaged records that somebody has decided to step over.
    pub quarantined: u64,
    /// What is wrong, in words; empty when nothing is. The first hundred.
    pub faults: Vec<String>,
}

impl Log {
    /// Reads every event and compares every state of the roster's deciders with what the events lead
    /// to. `progress` hears the position and the head. What the deciders keep is held in memory for it.
    ///
    /// # Errors
    /// The database's. What is wrong with the log is no error, but the answer.
    pub async fn check(
        &self,
        roster: &Roster,
        mut progress: impl FnMut(u64, u64),
    ) -> std::result::Result<Checked, Failure> {
        let mut snapshot = self.db().snapshot().await?;
        let head = number(&mut snapshot, "select position from log_head where id = 1").await?;
        let mut checked = Checked {
            head,
            head_link: None,
            unchained: 0,
            states: Vec::new(),
            quarantined: 0,
            faults: Vec::new(),
        };
        let mut followed = Vec::new();
        for name in roster.deciders() {
            if let Some(decider) = roster.known(name) {
                followed.push(Followed::new(&mut snapshot, decider).await?);
            }
        }
        let mut at = 0;
        let mut walk = Walk::new();
        loop {
            let page = page(&mut snapshot, at).await?;
            let Some((last, ..)) = page.last() else { break };
            let last = *last;
            for (position, event, link) in page {
                at += 1;
                if position != at {
                    walk.missing();
                    checked.fault(format!(
                        "the events from {at} to {} are missing",
                        position - 1
                    ));
                    at = position;
                }
                match event {
                    Ok(event) => {
                        if !walk.step(&event, &link) {
                            checked.fault(format!(
                                "the chain breaks at {position}: this event is not the one that was \
                                 appended there, or another one stood before it"
                            ));
                        }
                        for one in &mut followed {
                            one.take_note(&event);
                        }
                    }
                    Err(damage) => {
                        walk.damaged(&link);
                        match self.is_quarantined(position).await? {
                            true => checked.quarantined += 1,
                            false => checked.fault(damage.to_string()),
                        }
                    }
                }
            }
            progress(last, head);
        }
        checked.head_link = walk.last();
        checked.unchained = walk.older;
        if at != head {
            checked.fault(format!("the log ends at {at} and its head is {head}"));
        }
        // What is damaged or missing would differ again in every state that follows from it.
        let is_whole = checked.faults.is_empty();
        for one in followed {
            let name = one.decider.name();
            let (count, faults) = one.compare(&mut snapshot).await?;
            checked.states.push((name, count));
            for fault in faults.into_iter().filter(|_| is_whole) {
                checked.fault(fault);
            }
        }
        if !is_whole {
            checked.fault("states were not compared, since the log is not whole".to_owned());
        }
        snapshot.close().await?;
        Ok(checked)
    }
}

impl Checked {
    fn fault(&mut self, fault: String) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(fault);
        }
    }
}

async fn number(snapshot: &mut Snapshot, sql: &'static str) -> Result<u64> {
    let row = db::query(sql).fetch_one(snapshot.conn()).await?;
    Ok(row.try_get::<i64, _>(0)?.unsigned_abs())
}

/// An event with the position at which it stands, and its stored link.
type Stored = (u64, std::result::Result<Recorded, Error>, String);

/// The next events.
async fn page(snapshot: &mut Snapshot, after: u64) -> Result<Vec<Stored>> {
    let sql = format!(
        "select {COLUMNS}, chain from events where position > $1 order by position limit $2"
    );
    let rows = db::query(db::trusted_sql(sql))
        .bind(i64::try_from(after).unwrap_or(i64::MAX))
        .bind(i64::try_from(PAGE).unwrap_or(i64::MAX))
        .fetch_all(snapshot.conn())
        .await?;
    let read = |row: &db::Row| {
        let position = row.try_get::<i64, _>(0)?.unsigned_abs();
        let link = row.try_get(COLUMN_COUNT)?;
        Ok((position, Recorded::from_row(row), link))
    };
    rows.iter().map(read).collect()
}

/// A decider that takes note of the log from its first event on.
struct Followed {
    decider: Box<dyn AnyDecider>,
    generation: i64,
    /// Up to here it has handled what it hears, but for these events: parked, or given up.
    position: u64,
    unhandled: HashSet<u64>,
    faults: Vec<String>,
}

impl Followed {
    async fn new(
        snapshot: &mut Snapshot,
        decider: Box<dyn AnyDecider>,
    ) -> std::result::Result<Self, Failure> {
        let name = decider.name();
        let row = db::query("select position, generation from consumers where name = $1")
            .bind(name)
            .fetch_optional(snapshot.conn())
            .await?;
        let (position, generation) = match row {
            Some(row) => (row.try_get::<i64, _>(0)?.unsigned_abs(), row.try_get(1)?),
            None => (0, 0),
        };
        let mut unhandled = HashSet::new();
        let parked = db::query("select position from parked where consumer = $1")
            .bind(name)
            .fetch_all(snapshot.conn())
            .await?;
        for row in parked {
            unhandled.insert(row.try_get::<i64, _>(0)?.unsigned_abs());
        }
        let discarded = db::query("select data from events where key = $1 and type = $2")
            .bind(name)
            .bind(DISCARDED)
            .fetch_all(snapshot.conn())
            .await?;
        for row in discarded {
            // One that cannot be read is found when the log is.
            if let Ok(decision) = serde_json::from_str::<Decision>(row.try_get(0)?) {
                unhandled.insert(decision.position);
            }
        }
        Ok(Self {
            decider,
            generation,
            position,
            unhandled,
            faults: Vec::new(),
        })
    }

    fn take_note(&mut self, event: &Recorded) {
        let is_own = event.source == self.decider.name() && event.topic != decisions::TOPIC;
        let is_handled =
            event.position <= self.position && !self.unhandled.contains(&event.position);
        if !is_own && (!is_handled || !self.decider.hears(event)) {
            return;
        }
        if let Err(failure) = self.evolve(event) {
            let (name, position) = (self.decider.name(), event.position);
            self.faults.push(format!(
                "{name} cannot take note of the event at {position}: {failure}"
            ));
        }
    }

    fn evolve(&mut self, event: &Recorded) -> std::result::Result<(), Failure> {
        let mut keys = BTreeSet::new();
        self.decider.missing(event, &mut keys)?;
        for key in keys {
            self.decider.fill(key, None)?;
        }
        self.decider.evolve(event)
    }

    /// How many states are kept, and which are not those that follow from the log.
    async fn compare(
        mut self,
        snapshot: &mut Snapshot,
    ) -> std::result::Result<(u64, Vec<String>), Failure> {
        let name = self.decider.name();
        let changes = self.decider.changes()?.into_iter();
        // One that says nothing has no row.
        let mut expected: HashMap<String, (String, i64)> = changes
            .filter_map(|change| Some((change.key, (change.state?, change.deadline_us))))
            .collect();
        let mut faults = self.faults;
        let mut count = 0;
        let mut rows = db::query(
            "select key, state, deadline_us from decider_states \
             where decider = $1 and generation = $2 order by key",
        )
        .bind(name)
        .bind(self.generation)
        .fetch(snapshot.conn());
        while let Some(row) = rows.try_next().await? {
            count += 1;
            let key: String = row.try_get(0)?;
            let kept = (row.try_get(1)?, row.try_get(2)?);
            match expected.remove(&key) {
                Some(expected) if expected == kept => {}
                Some(_) => faults.push(format!(
                    "the state of {name} for {key} is another one than the log leads to"
                )),
                None => faults.push(format!(
                    "the state of {name} for {key} follows from no event"
                )),
            }
        }
        let mut missing: Vec<String> = expected.into_keys().collect();
        missing.sort_unstable();
        faults.extend((missing.into_iter()).map(|key| format!("{name} keeps no state for {key}")));
        Ok((count, faults))
    }
}
