//! Deadlines of deciders' states: told when they have passed, once, and in the same transaction that
//! moves the state on.
//!
//! A deadline is a column of the state it follows from, so that none is lost and none outlives its
//! state. What this process has written itself it also keeps in memory, against a clock that nobody
//! sets: a wall clock that jumps ahead ends nothing early, one that is set back delays nothing.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use db::Columns;
use tokio::sync::watch;

use crate::turn::Changed;
use crate::{Environment, Log, Result};

/// How often the database is looked at, for deadlines that other processes have written or an earlier
/// run of this one has.
const LOOK: Duration = Duration::from_secs(1);
/// Deadlines told in one transaction, at most; also rows of one page of the look.
const PAGE: usize = 256;

/// A deadline that has passed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Due {
    pub decider: &'static str,
    pub key: String,
    /// Unix microseconds.
    pub deadline_us: i64,
}

/// The deadlines that this process has written.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    /// Deadline, and when it is due on the clock that nobody sets.
    set: HashMap<(&'static str, String), (i64, i64)>,
    queue: BTreeSet<(i64, &'static str, String)>,
    /// Told, and ignored by their decider: not told again.
    spent: HashSet<Due>,
}

impl Timers {
    /// Takes note of states that were written.
    pub fn follow(&mut self, changes: &[Changed], environment: &Environment) {
        for (decider, _, change) in changes {
            if change.deadline_us == 0 {
                if !self.set.is_empty() {
                    self.remove(decider, &change.key);
                }
                continue;
            }
            let key = (*decider, change.key.clone());
            if (self.set.get(&key)).is_some_and(|(known, _)| *known == change.deadline_us) {
                continue;
            }
            self.remove(decider, &change.key);
            let wait = change.deadline_us.saturating_sub(environment.now_us());
            let due = environment.steady_us().saturating_add(wait.max(0));
            self.queue.insert((due, decider, change.key.clone()));
            self.set.insert(key, (change.deadline_us, due));
        }
    }

    fn remove(&mut self, decider: &'static str, key: &str) {
        let entry = (decider, key.to_owned());
        if let Some((_, due)) = self.set.remove(&entry) {
            self.queue.remove(&(due, decider, entry.1));
        }
    }

    /// Forgets a deadline that does not stand any more.
    pub fn forget(&mut self, due: &Due) {
        let entry = (due.decider, due.key.clone());
        if (self.set.get(&entry)).is_some_and(|(deadline, _)| *deadline == due.deadline_us) {
            self.remove(due.decider, &due.key);
        }
    }

    /// Does not tell a deadline again.
    pub fn spend(&mut self, due: Due) {
        self.forget(&due);
        self.spent.insert(due);
    }

    /// Up to a page of deadlines that have passed, the oldest first.
    fn passed(&self, steady_us: i64, can_tell: impl Fn(&str, &str) -> bool) -> Vec<Due> {
        let passed = (self.queue.iter()).take_while(|(due_us, ..)| *due_us <= steady_us);
        let due = passed.filter_map(|(_, decider, key)| {
            let (deadline_us, _) = self.set.get(&(*decider, key.clone()))?;
            can_tell(decider, key).then(|| Due {
                decider,
                key: key.clone(),
                deadline_us: *deadline_us,
            })
        });
        due.take(PAGE).collect()
    }

    /// Microseconds until the next one.
    fn next_in(&self, steady_us: i64) -> Option<Duration> {
        // What has passed and cannot be told waits for somebody.
        let (due_us, ..) = self
            .queue
            .range((steady_us + 1, "", String::new())..)
            .next()?;
        let wait = due_us.saturating_sub(steady_us).max(0);
        Some(Duration::from_micros(wait.unsigned_abs()))
    }

    /// Whether this process decides by itself when to tell it.
    fn knows(&self, due: &Due) -> bool {
        let entry = (due.decider, due.key.clone());
        let known = self.set.get(&entry);
        known.is_some_and(|(deadline, _)| *deadline == due.deadline_us) || self.spent.contains(due)
    }
}

/// Tells deadlines until it is stopped. `deciders` are those of this process.
pub(crate) async fn run(log: Log, deciders: Vec<&'static str>, mut stop: watch::Receiver<bool>) {
    loop {
        let wait = {
            let turn = log.turn().await;
            let next = turn.timers.next_in(log.environment().steady_us());
            next.map_or(LOOK, |next| next.clamp(Duration::from_millis(1), LOOK))
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        if let Err(error) = tell(&log, &deciders).await {
            tracing::warn!(%error, "deadlines cannot be told now");
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }
}

/// Tells every deadline that has passed.
async fn tell(log: &Log, deciders: &[&'static str]) -> Result<()> {
    loop {
        let of_this_process = {
            let turn = log.turn().await;
            let can_tell = |decider: &str, key: &str| turn.can_tell(decider, key);
            turn.timers.passed(log.environment().steady_us(), can_tell)
        };
        let is_last = of_this_process.len() < PAGE;
        append(log, of_this_process).await?;
        if is_last {
            break;
        }
    }
    let mut after = (0, String::new());
    loop {
        let (page, last) = stored(log, deciders, &after).await?;
        let due = {
            let turn = log.turn().await;
            let is_ours =
                |due: &Due| turn.can_tell(due.decider, &due.key) && !turn.timers.knows(due);
            page.into_iter().filter(is_ours).collect()
        };
        append(log, due).await?;
        let Some(last) = last else { return Ok(()) };
        after = last;
    }
}

async fn append(log: &Log, due: Vec<Due>) -> Result<()> {
    if due.is_empty() {
        return Ok(());
    }
    let mut tx = log.begin("timers").await?;
    tx.hold_head().await?;
    tx.tell_deadlines(due);
    tx.commit().await?;
    Ok(())
}

/// A page of deadlines that the database holds and the wall clock has passed, and where it ends;
/// `None` when it is the last one. Keys that stand in line do not keep others from being told.
async fn stored(
    log: &Log,
    deciders: &[&'static str],
    after: &(i64, String),
) -> Result<(Vec<Due>, Option<(i64, String)>)> {
    let rows = db::query(
        "select s.decider, s.key, s.deadline_us from decider_states s join consumers c \
         on c.name = s.decider and c.generation = s.generation \
         where s.deadline_us > 0 and s.deadline_us <= $1 \
         and (s.deadline_us > $2 or (s.deadline_us = $3 and s.key > $4)) \
         order by s.deadline_us, s.key limit $5",
    )
    .bind(log.environment().now_us())
    .bind(after.0)
    .bind(after.0)
    .bind(&after.1)
    .bind(i64::try_from(PAGE).unwrap_or(i64::MAX))
    .fetch_all(log.db().reader())
    .await?;
    let mut due = Vec::with_capacity(rows.len());
    let mut last = None;
    for row in &rows {
        let (name, key): (&str, String) = (row.try_get(0)?, row.try_get(1)?);
        let deadline_us: i64 = row.try_get(2)?;
        last = Some((deadline_us, key.clone()));
        if let Some(decider) = deciders.iter().find(|decider| **decider == name) {
            due.push(Due {
                decider,
                key,
                deadline_us,
            });
        }
    }
    Ok((due, last.filter(|_| rows.len() == PAGE)))
}
