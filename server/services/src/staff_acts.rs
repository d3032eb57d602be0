//! Keeps what staff have done, and who failed to sign in: a row per event of the log that somebody asked for.

use std::sync::Arc;

use broker::{Consumer, Failure, Filter, QUARANTINED, REPLAYED, Recorded, Rule, Tx, decisions};
use domain::staff::acts;
use serde::Deserialize;

use crate::events::decode;

/// What is decided about the log itself.
const OF_THE_LOG: &[&str] = &[
    decisions::REDRIVE_REQUESTED,
    decisions::DISCARD_REQUESTED,
    QUARANTINED,
    REPLAYED,
];

/// What all of these say.
#[derive(Debug, Deserialize)]
struct Decided {
    by: String,
}

#[derive(Debug)]
pub(crate) struct StaffActs;

impl Consumer for StaffActs {
    const NAME: &'static str = "staff_acts";
    const HEARS: Filter<'static> = Filter(&[
        Rule::kinds(acts::KINDS),
        Rule::topic(decisions::TOPIC).of(OF_THE_LOG),
    ]);

    async fn handle(&self, tx: &mut Tx, batch: &[Arc<Recorded>]) -> Result<(), Failure> {
        let mut rows = Vec::new();
        for event in batch {
            if let Some(author) = author_of(event) {
                rows.push((event, author));
            }
        }
        for (list, chunk) in tx.place_rows(&rows, 6) {
            let sql = format!(
                "insert into staff_acts (position, event_id, at_us, kind, noun, author) \
                 values {list} on conflict (position) do nothing"
            );
            let mut insert = db::query(db::trusted_sql(sql));
            for (event, author) in chunk {
                let noun = event.kind.split('.').next().unwrap_or_default();
                insert = insert
                    .bind(event.position.cast_signed())
                    .bind(event.id.to_string())
                    .bind(event.time_us)
                    .bind(&event.kind)
                    .bind(noun)
                    .bind(author);
            }
            insert.execute(tx.conn()).await?;
        }
        Ok(())
    }
}

/// Who has done that, if it is an act of somebody. What cannot be read is for others to be concerned about, and is
/// nobody's.
fn author_of(event: &Recorded) -> Option<String> {
    if event.topic == decisions::TOPIC {
        let decided: Decided = serde_json::from_str(&event.data).ok()?;
        return Some(decided.by);
    }
    let event = decode(event).ok()?;
    acts::author(&event).map(str::to_owned)
}

/// Whether an event is one, for whoever tells pages of it.
pub fn is_act(event: &Recorded) -> bool {
    let is_decision = event.topic == decisions::TOPIC && OF_THE_LOG.contains(&event.kind.as_str());
    is_decision || acts::KINDS.contains(&event.kind.as_str())
}
