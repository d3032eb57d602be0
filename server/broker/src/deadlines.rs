//! Tells deadlines of deciders' states: when they have passed, once, and in the same transaction that
//! moves the state on.

use std::time::Duration;

use db::Columns;
use tokio::sync::watch;

use crate::timers::{Due, PAGE};
use crate::{Log, Result};

/// How often the database is looked at, for deadlines that other processes have written or an earlier
/// run of this one has.
const LOOK: Duration = Duration::from_secs(1);

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
