//! Damaged records that somebody has looked at and decided to step over: every reader gets a stand-in
//! in their place, which concerns nobody.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::decisions::TOPIC;
use crate::event::Recorded;
use crate::{Error, Log, NewEvent, Result};

/// A damaged record is stepped over from now on.
pub const QUARANTINED: &str = "broker.quarantined";
/// Stands in for a quarantined record. It is never written.
const STAND_IN: &str = "broker.stand_in";

/// Content of [`QUARANTINED`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    pub position: u64,
    /// What was wrong with it.
    pub damage: String,
    /// Who decided.
    pub by: String,
}

impl Recorded {
    pub(crate) fn stand_in(position: u64) -> Self {
        let id = Uuid::from_u128(position.into());
        let event = NewEvent::new(STAND_IN, TOPIC, "", "{}").recorded(id, 0, TOPIC, None);
        Self { position, ..event }
    }

    /// Whether this stands in for a record that was quarantined.
    pub fn is_stand_in(&self) -> bool {
        self.topic == TOPIC && self.kind == STAND_IN
    }
}

impl Log {
    /// Has a damaged record stepped over by everybody, in this process and all others. Answers with the
    /// damage.
    ///
    /// # Errors
    /// [`Error::NotDamaged`] for one that can be read, [`Error::NoSuchEvent`] for one that the log has
    /// not come to.
    pub async fn quarantine(&self, position: u64, by: &str) -> Result<String> {
        if position == 0 || position > self.stored_head().await? {
            return Err(Error::NoSuchEvent(position));
        }
        let damage = match self.read_stored(position - 1, 1).await {
            Ok(read) if read.is_empty() => format!("the event at position {position} is missing"),
            Ok(_) => return Err(Error::NotDamaged(position)),
            Err(error) if error.is_damage() => error.to_string(),
            Err(error) => return Err(error),
        };
        let content = Quarantined {
            position,
            damage: damage.clone(),
            by: by.to_owned(),
        };
        let data = serde_json::to_string(&content)
            .map_err(|error| db::Error::Setting(error.to_string()))?;
        let mut tx = self.begin("quarantine").await?;
        db::query(
            "insert into quarantined (position, damage, by_whom, at_us) values ($1, $2, $3, $4) \
             on conflict (position) do nothing",
        )
        .bind(i64::try_from(position).unwrap_or(i64::MAX))
        .bind(&damage)
        .bind(by)
        .bind(self.environment().now_us())
        .execute(tx.conn())
        .await?;
        tx.append(
            NewEvent::new(QUARANTINED, TOPIC, position.to_string(), data),
            None,
        );
        tx.commit().await?;
        Ok(damage)
    }

    pub(crate) async fn is_quarantined(&self, position: u64) -> Result<bool> {
        let row = db::query("select position from quarantined where position = $1")
            .bind(i64::try_from(position).unwrap_or(i64::MAX))
            .fetch_optional(self.db().reader())
            .await?;
        Ok(row.is_some())
    }

    /// The event of a row; `None` when it is damaged and quarantined.
    pub(crate) async fn sound(&self, row: &db::Row) -> Result<Option<Recorded>> {
        let error = match Recorded::from_row(row) {
            Ok(event) => return Ok(Some(event)),
            Err(error) => error,
        };
        match &error {
            Error::Damaged { position, .. } | Error::Unreadable { position, .. }
                if self.is_quarantined(*position).await? =>
            {
                Ok(None)
            }
            _ => Err(error),
        }
    }

    /// The events of rows, without those that are quarantined.
    pub(crate) async fn all_sound(&self, rows: &[db::Row]) -> Result<Vec<Recorded>> {
        let mut events = Vec::with_capacity(rows.len());
        for row in rows {
            events.extend(self.sound(row).await?);
        }
        Ok(events)
    }
}
