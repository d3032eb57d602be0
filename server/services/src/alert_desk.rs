//! Lists the alerts for staff: a table of how each stands, folded from the events about it.

use std::collections::BTreeMap;
use std::sync::Arc;

use broker::{Consumer, Failure, Filter, Recorded, Rule, Tx};
use db::Columns;
use domain::Event;
use domain::alert::Alert;
use domain::event::AlertRaised;
use types::AlertId;
use types::alert::{AlertStatus, Severity};

use crate::events::decode;
use crate::rows_in::select_in;

#[derive(Debug)]
pub(crate) struct AlertDesk;

/// Places of the list; as the migration has them.
pub(crate) const OPEN: i64 = 0;
pub(crate) const ACKNOWLEDGED: i64 = 1;
pub(crate) const MUTED: i64 = 2;
pub(crate) const RESOLVED: i64 = 3;

/// Where in the list an alert stands.
pub(crate) const fn place(alert: &Alert) -> i64 {
    match alert.status {
        AlertStatus::Resolved => RESOLVED,
        _ if alert.muted_until_us.is_some() => MUTED,
        AlertStatus::Acknowledged => ACKNOWLEDGED,
        AlertStatus::Open => OPEN,
    }
}

/// How much an alert matters; as the migration has it.
const fn rank(severity: Severity) -> i64 {
    match severity {
        Severity::Notice => 0,
        Severity::Warning => 1,
        Severity::Critical => 2,
    }
}

/// Since when an alert is resolved, unix microseconds; 0 while it is not. One that an older version has resolved
/// was reported for the last time before.
fn resolved_at(alert: &Alert) -> i64 {
    match alert.status {
        AlertStatus::Resolved => alert.resolved_at_us.unwrap_or(alert.last_at_us),
        AlertStatus::Open | AlertStatus::Acknowledged => 0,
    }
}

/// Deletes some alerts that were resolved before a moment.
pub(crate) const SWEEP: &str = "delete from alerts where id in \
     (select id from alerts where place = 3 and resolved_at_us < $1 limit 500)";

/// An alert as the table has it, or will have it.
struct Row {
    alert: Option<Alert>,
    position: u64,
    is_changed: bool,
}

type Rows = BTreeMap<String, Row>;

impl Consumer for AlertDesk {
    const NAME: &'static str = "alert_desk";
    const HEARS: Filter<'static> = Filter(&[Rule::topic(AlertRaised::TOPIC)]);

    async fn handle(&self, tx: &mut Tx, batch: &[Arc<Recorded>]) -> Result<(), Failure> {
        let mut rows = load(tx, batch).await?;
        for event in batch {
            fold(&mut rows, event)?;
        }
        rows.retain(|_, row| row.is_changed);
        store(tx, &rows.into_iter().collect::<Vec<_>>()).await
    }
}

/// The alert that an event has changed.
fn changed_by(event: &Event) -> Option<AlertId> {
    match event {
        Event::AlertRaised(it) => Some(it.alert_id),
        Event::AlertRepeated(it) => Some(it.alert_id),
        Event::AlertChanged(it) => Some(it.alert_id),
        Event::AlertMuteElapsed(it) => Some(it.alert_id),
        Event::AlertMailed(it) => Some(it.alert_id),
        _ => None,
    }
}

fn fold(rows: &mut Rows, event: &Recorded) -> Result<(), Failure> {
    let content = decode(event)?;
    let Some(id) = changed_by(&content) else {
        return Ok(());
    };
    let row = rows.entry(id.to_string()).or_insert(Row {
        alert: None,
        position: 0,
        is_changed: false,
    });
    // Handled before.
    if row.position >= event.position {
        return Ok(());
    }
    row.alert = Alert::evolve(row.alert.take(), &content, event.time_us);
    row.position = event.position;
    row.is_changed = true;
    Ok(())
}

async fn load(tx: &mut Tx, batch: &[Arc<Recorded>]) -> Result<Rows, Failure> {
    let mut ids = Vec::new();
    for event in batch {
        ids.extend(changed_by(&*decode(event)?).map(|id| id.to_string()));
    }
    let question = "select id, state, position from alerts where id in";
    let mut rows = Rows::new();
    for row in select_in(tx, question, ids.iter().map(String::as_str)).await? {
        let id: String = row.try_get(0)?;
        let alert = serde_json::from_str(row.try_get::<&str, _>(1)?);
        let alert = alert.map_err(|error| Failure::Other(format!("alert {id}: {error}")))?;
        let known = Row {
            alert: Some(alert),
            position: row.try_get::<i64, _>(2)?.unsigned_abs(),
            is_changed: false,
        };
        rows.insert(id, known);
    }
    Ok(rows)
}

async fn store(tx: &mut Tx, rows: &[(String, Row)]) -> Result<(), Failure> {
    let rows: Vec<(&String, &Alert, u64)> = rows
        .iter()
        .filter_map(|(id, row)| Some((id, row.alert.as_ref()?, row.position)))
        .collect();
    for (list, chunk) in tx.place_rows(&rows, 9) {
        let sql = format!(
            "insert into alerts (id, kind, subject, place, severity, raised_at_us, resolved_at_us, \
             state, position) \
             values {list} on conflict (id) do update set place = excluded.place, \
             severity = excluded.severity, resolved_at_us = excluded.resolved_at_us, \
             state = excluded.state, position = excluded.position"
        );
        let mut upsert = db::query(db::trusted_sql(sql));
        for (id, alert, position) in chunk {
            let state = serde_json::to_string(alert);
            let state = state.map_err(|error| Failure::Other(format!("alert {id}: {error}")))?;
            upsert = upsert
                .bind(*id)
                .bind(alert.kind.into_str())
                .bind(&alert.subject)
                .bind(place(alert))
                .bind(rank(alert.severity))
                .bind(alert.raised_at_us)
                .bind(resolved_at(alert))
                .bind(state)
                .bind(position.cast_signed());
        }
        upsert.execute(tx.conn()).await?;
    }
    Ok(())
}
